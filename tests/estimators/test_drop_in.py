"""Inputs and attributes that programs written for scikit-learn's MLP use."""

import numpy as np
import pytest
import scipy.sparse
from sklearn.metrics import accuracy_score

from cmlp import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

X = np.random.RandomState(0).standard_normal((40, 3))
LABELS = np.array(["no", "yes"])[(X[:, 0] > 0).astype(int)]
PAIRS = np.stack([X[:, 0] > 0, X[:, 1] > 0], axis=1).astype(int)
NUMBERS = X[:, 0]
PARAMS = {"hidden_layer_sizes": (4,), "max_iter": 5, "random_state": 0}


# Targets


@pytest.mark.parametrize("container", ["csr_matrix", "csr_array", "csc_array", "coo_array", "lil_array", "dia_array"])
def test_sparse_multilabel_targets_train_like_dense_ones(container):
    sparse = getattr(scipy.sparse, container)(PAIRS)
    model, same = MLPClassifier(**PARAMS).fit(X, sparse), MLPClassifier(**PARAMS).fit(X, PAIRS)
    np.testing.assert_array_equal(model.predict_proba(X), same.predict_proba(X))
    assert model.score(X, sparse) == same.score(X, PAIRS) == accuracy_score(sparse.tocsr(), model.predict(X))
    model.partial_fit(X, sparse)
    np.testing.assert_array_equal(model.predict_proba(X), same.partial_fit(X, PAIRS).predict_proba(X))


def test_sparse_targets_that_are_broken_are_refused():
    sparse = scipy.sparse.csr_array(PAIRS)
    sparse.indices[3] = 70
    with pytest.raises(ValueError, match="y is a broken sparse container"):
        MLPClassifier(**PARAMS).fit(X, sparse)


def test_sparse_targets_of_a_regressor_are_refused():
    with pytest.raises(TypeError, match="Sparse data was passed for y"):
        MLPRegressor(**PARAMS).fit(X, scipy.sparse.csr_array(PAIRS))


def test_score_takes_a_column_vector_without_a_warning():
    model = MLPClassifier(**PARAMS).fit(X, LABELS)
    assert model.score(X, LABELS[:, None]) == model.score(X, LABELS)
    model = MLPRegressor(**PARAMS).fit(X, NUMBERS)
    assert model.score(X, NUMBERS[:, None]) == model.score(X, NUMBERS)


# Errors


def test_early_stopping_names_classes_that_are_too_rare():
    with pytest.raises(ValueError, match=r"only 1 member.*Classes with too few members are: \['rare'\]"):
        MLPClassifier(early_stopping=True).fit(X[:4], ["common", "common", "rare", "common"])


# Attributes


@pytest.mark.parametrize("estimator, kind", [(MLPClassifier, "classifier"), (MLPRegressor, "regressor")])
def test_estimator_type(estimator, kind):
    assert estimator._estimator_type == estimator()._estimator_type == kind
