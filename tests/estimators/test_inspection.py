"""Activations, logits and gradients of fitted estimators."""

import numpy as np
import pytest
from helpers import assert_same_bits
from internals import model_of
from scipy import sparse
from scipy.special import expit, softmax

import cmlp
from cmlp import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
RNG = np.random.default_rng(0)
X = RNG.standard_normal((60, 4))
CLASSES = np.array(["a", "b", "c"])[(X @ RNG.standard_normal((4, 3))).argmax(axis=1)]
TARGETS = {
    "multiclass": CLASSES,
    "binary": np.where(X[:, 0] > 0, "yes", "no"),
    "multilabel": (X[:, :3] > 0).astype(int),
}


def classifier(y, **parameters):
    return MLPClassifier(
        (5,), "tanh", max_iter=20, random_state=0, n_iter_no_change=100, **parameters
    ).fit(X, y)


@pytest.fixture(params=TARGETS)
def fitted(request):
    y = TARGETS[request.param]
    return request.param, classifier(y), y


def test_decision_function_gives_the_logits_of_predict_proba(fitted):
    kind, model, _ = fitted
    logits, probabilities = model.decision_function(X), model.predict_proba(X)
    if kind == "binary":
        assert logits.shape == (60,)
        np.testing.assert_allclose(expit(logits), probabilities[:, 1], rtol=1e-12)
        np.testing.assert_array_equal(model.classes_[(logits > 0).astype(int)], model.predict(X))
    else:
        function = expit if kind == "multilabel" else lambda z: softmax(z, axis=1)
        np.testing.assert_allclose(function(logits), probabilities, rtol=1e-12)


def test_activations_are_those_of_a_forward_pass_in_numpy(fitted):
    kind, model, _ = fitted
    inputs, hidden, outputs = model.activations(X)
    np.testing.assert_array_equal(inputs, X)
    np.testing.assert_allclose(
        hidden, np.tanh(X @ model.coefs_[0] + model.intercepts_[0]), rtol=1e-12
    )
    expected = model.predict_proba(X)[:, 1:] if kind == "binary" else model.predict_proba(X)
    assert_same_bits(outputs, np.ascontiguousarray(expected))


def test_gradients_match_differences_of_the_loss(fitted):
    _, model, y = fitted
    gradient = model.gradients(X, y)
    encoded = model._encoded(model_of(model), y, len(X))
    for layer, index in ((0, (2, 3)), (1, (4, 0))):
        costs = []
        for step in (1e-6, -1e-6):
            model.coefs_[layer][index] += step
            costs.append(model.network_.cost(X, encoded))
            model.coefs_[layer][index] -= step
        assert gradient.weights[layer][index] == pytest.approx(
            (costs[0] - costs[1]) / 2e-6, rel=1e-5, abs=1e-9
        )


def test_input_gradient_matches_differences_of_a_row(fitted):
    _, model, y = fitted
    gradient = model.input_gradient(X[:1], y[:1])
    encoded = model._encoded(model_of(model), y[:1], 1)
    for column in range(4):
        shift = np.zeros((1, 4))
        shift[0, column] = 1e-6
        above, below = (model.network_.cost(X[:1] + sign * shift, encoded) for sign in (1, -1))
        assert gradient[0, column] == pytest.approx((above - below) / 2e-6, rel=1e-5, abs=1e-9)


def test_regressor_has_activations_and_gradients():
    y = X @ [1.0, 2.0, 0.0, -1.0]
    model = MLPRegressor("squared_error", (5,), "tanh", max_iter=20, random_state=0).fit(X, y)
    assert model.n_params_ == 4 * 5 + 5 + 5 + 1
    np.testing.assert_array_equal(model.activations(X)[-1][:, 0], model.predict(X))
    residual = 2 * (model.predict(X) - y)
    np.testing.assert_allclose(
        model.gradients(X, y).biases[-1], residual.mean(keepdims=True), rtol=1e-12
    )
    assert model.input_gradient(X, y).shape == X.shape
    weighted = model.gradients(X, y, sample_weight=np.arange(60.0)).biases[-1]
    np.testing.assert_allclose(
        weighted, np.average(residual, weights=np.arange(60.0), keepdims=True), rtol=1e-12
    )
    assert not hasattr(model, "decision_function")


def test_sparse_rows_give_the_same_bits(fitted):
    _, model, y = fitted
    rows = sparse.csr_array(np.where(np.abs(X) > 1, X, 0))
    for ours, dense in zip(model.activations(rows), model.activations(rows.toarray()), strict=True):
        assert_same_bits(ours, dense)
    assert_same_bits(model.decision_function(rows), model.decision_function(rows.toarray()))
    assert_same_bits(model.gradients(rows, y).flat, model.gradients(rows.toarray(), y).flat)


def test_invalid_arguments_are_named(fitted):
    kind, model, y = fitted
    with pytest.raises(ValueError, match="X has 3 features"):
        model.activations(X[:, :3])
    bad = X.copy()
    bad[3, 1] = np.nan
    for call in (model.activations, model.decision_function, lambda rows: model.gradients(rows, y)):
        with pytest.raises(cmlp.exceptions.NonFiniteInputError, match="row 3, column 1"):
            call(bad)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.gradients(X, y[:-1])
    if kind != "multilabel":
        with pytest.raises(ValueError, match="new"):
            model.input_gradient(X, ["new"] * 60)
    for name in ("activations", "decision_function"):
        with pytest.raises(ValueError, match="not fitted yet"):
            getattr(MLPClassifier(), name)(X)
