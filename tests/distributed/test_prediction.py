"""Lazy predictions for the collections of Dask: values, types without computing, empty blocks."""

import numpy as np
import pytest
from helpers import assert_same_bits
from optional import package

import cmlp

package("distributed")
da, dask = package("dask.array"), package("dask")

X = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
LABELS = np.array(["north", "south", "west"])[np.argmax(X[:, :3], axis=1)]
CLASSIFIER = cmlp.MLPClassifier(
    (6,), max_iter=3, tol=0, n_iter_no_change=float("inf"), random_state=0
)
TWO = cmlp.MLPRegressor(
    hidden_layer_sizes=(6,), max_iter=3, tol=0, n_iter_no_change=float("inf"), random_state=0
)


@pytest.fixture(scope="module")
def classifier():
    return CLASSIFIER.fit(X, LABELS)


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_blocks_have_the_bits_of_all_rows_at_once(classifier, method, threads):
    lazy = cmlp.distributed.predict(classifier, da.from_array(X, chunks=(33, 3)), method=method)
    expected = getattr(classifier, method)(X)
    assert (lazy.shape, lazy.dtype, lazy.chunks[0][0]) == (expected.shape, expected.dtype, 33)
    with dask.config.set(scheduler="synchronous"):
        result = lazy.compute()
    assert result.dtype == expected.dtype and (result == expected).all()
    assert (lazy.compute(scheduler=threads) == expected).all()


def test_nothing_is_computed_before_the_result_is(classifier):
    def fails(block):
        raise AssertionError("computed")

    rows = da.from_array(X, chunks=50).map_blocks(fails, dtype=X.dtype, meta=X[:0])
    lazy = cmlp.distributed.predict(classifier, rows)
    assert lazy.dtype == LABELS.dtype
    with pytest.raises(AssertionError, match="computed"), dask.config.set(scheduler="synchronous"):
        lazy.compute()


def test_several_outputs_and_empty_blocks():
    model = TWO.fit(X, X[:, :2])
    rows = da.from_array(X, chunks=50)
    rows = rows[rows[:, 0] > np.sort(X[:, 0])[-3]]  # blocks of unknown sizes, some of them empty
    lazy = cmlp.distributed.predict(model, rows)
    assert lazy.shape[1] == 2 and lazy.dtype == np.float32
    with dask.config.set(scheduler="synchronous"):
        assert_same_bits(lazy.compute(), model.predict(rows.compute()))


def test_data_frames_keep_their_index():
    dd, pandas = package("dask.dataframe"), package("pandas")
    frame = pandas.DataFrame(X, columns=list("abcd"), index=np.arange(200) + 1000)
    model = cmlp.MLPClassifier(**CLASSIFIER.get_params()).fit(frame, LABELS)
    lazy = dd.from_pandas(frame, npartitions=4)
    labels, shares = (
        cmlp.distributed.predict(model, lazy, method=name) for name in ("predict", "predict_proba")
    )
    assert (
        shares.columns.tolist() == ["north", "south", "west"]
        and (shares.dtypes == np.float32).all()
    )
    with dask.config.set(scheduler="synchronous"):
        computed = labels.compute()
        assert computed.index.equals(frame.index) and computed.dtype == labels.dtype
        assert (computed == model.predict(frame)).all()
        assert_same_bits(shares.compute().to_numpy(), model.predict_proba(frame))
    with pytest.raises(ValueError, match="feature names should match"):
        cmlp.distributed.predict(model, lazy.rename(columns={"a": "z"}))


def test_bad_arguments_are_named(classifier):
    rows = da.from_array(X, chunks=50)
    with pytest.raises(
        ValueError, match=r"method must be one of 'predict', .* for MLPClassifier, got 'fit'"
    ) as caught:
        cmlp.distributed.predict(classifier, rows, method="fit")
    assert (caught.value.parameter, caught.value.value) == ("method", "fit")
    with pytest.raises(ValueError, match=r"X must have shape \(n, 4\), got \(200, 3\)"):
        cmlp.distributed.predict(classifier, rows[:, :3])
    with pytest.raises(TypeError, match="X must be a Dask array or a Dask data frame, got ndarray"):
        cmlp.distributed.predict(classifier, X)
    with pytest.raises(
        TypeError, match="model must be an MLPClassifier or MLPRegressor, got Network"
    ):
        cmlp.distributed.predict(cmlp.Network([4, 2]), rows)
    with pytest.raises(AttributeError, match="is not fitted yet"):
        cmlp.distributed.predict(cmlp.MLPClassifier(), rows)
