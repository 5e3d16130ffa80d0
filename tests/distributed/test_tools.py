"""Other tools on a Dask cluster: joblib's backend under scikit-learn's searches, and the wrappers of dask-ml."""

import numpy as np
import pytest
from helpers import assert_same_bits
from optional import package

import cmlp

distributed = package("distributed")
da, dask = package("dask.array"), package("dask")

X = np.random.default_rng(0).normal(size=(120, 4)).astype(np.float32)
LABELS = (X[:, 0] > 0).astype(np.int64)


def model(**params):
    settings = {"tol": 0, "n_iter_no_change": float("inf"), "random_state": 0, **params}
    return cmlp.MLPClassifier((6,), max_iter=3, **settings)


@pytest.mark.slow
def test_grid_search_on_the_backend_of_joblib():
    joblib, search = package("joblib"), package("sklearn.model_selection").GridSearchCV
    grid = {"alpha": [1e-4, 1e-2], "solver": ["adam", "sgd"]}
    alone = search(model(), grid, cv=3).fit(X, LABELS)
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
    with distributed.Client(**options), joblib.parallel_config(backend="dask"):
        found = search(model(), grid, cv=3).fit(X, LABELS)
    assert found.best_params_ == alone.best_params_
    assert_same_bits(found.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])
    assert_same_bits(found.best_estimator_.coefs_[0], alone.best_estimator_.coefs_[0])


def test_parallel_post_fit_of_dask_ml():
    wrapper = package("dask_ml.wrappers").ParallelPostFit(model()).fit(X, LABELS)
    with dask.config.set(scheduler="synchronous"):
        predicted = wrapper.predict(da.from_array(X, chunks=(40, 4))).compute()
    assert (predicted == model().fit(X, LABELS).predict(X)).all()


def test_incremental_of_dask_ml():
    wrapper = package("dask_ml.wrappers").Incremental(
        model(), shuffle_blocks=False, assume_equal_chunks=True
    )
    rows, labels = da.from_array(X, chunks=(40, 4)), da.from_array(LABELS, chunks=40)
    with dask.config.set(scheduler="synchronous"):
        wrapper.fit(rows, labels, classes=[0, 1])
    expected = model()
    for start in range(0, 120, 40):
        expected.partial_fit(X[start : start + 40], LABELS[start : start + 40], classes=[0, 1])
    assert_same_bits(wrapper.estimator_.coefs_[0], expected.coefs_[0])
