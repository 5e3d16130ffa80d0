"""Estimators from arrays of weights and biases: outputs by NumPy's formulas, checked arguments."""

import itertools
import pickle

import numpy as np
import pytest

import cmlp
from cmlp import MLPClassifier, MLPRegressor

RNG = np.random.default_rng(3)
X = RNG.normal(size=(7, 4))


def layers(*sizes, dtype="float64"):
    coefs = [RNG.normal(size=pair).astype(dtype) for pair in itertools.pairwise(sizes)]
    return coefs, [RNG.normal(size=size).astype(dtype) for size in sizes[1:]]


def logits(coefs, intercepts, hidden, rows=X):
    for weights, biases in zip(coefs[:-1], intercepts[:-1], strict=True):
        rows = hidden(rows @ weights + biases)
    return rows @ coefs[-1] + intercepts[-1]


def softmax(z):
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def logistic(z):
    return 1 / (1 + np.exp(-z))


def relu(z):
    return np.maximum(z, 0)


def test_multiclass_probabilities_are_the_softmax_of_the_outputs():
    coefs, intercepts = layers(4, 6, 5, 3)
    model = MLPClassifier.from_arrays(coefs, intercepts, ["a", "b", "c"], activation="tanh")
    expected = softmax(logits(coefs, intercepts, np.tanh))
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=0, atol=1e-12)
    assert model.predict(X).tolist() == np.array(["a", "b", "c"])[expected.argmax(axis=1)].tolist()
    assert model.hidden_layer_sizes == (6, 5) and model.activation == "tanh"


def test_classes_are_in_the_order_of_the_outputs():
    coefs, intercepts = layers(4, 6, 3)
    model = MLPClassifier.from_arrays(coefs, intercepts, ["c", "a", "b"])
    expected = softmax(logits(coefs, intercepts, relu))[:, [1, 2, 0]]
    assert model.classes_.tolist() == ["a", "b", "c"]
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("classes", [None, ["no", "yes"], ["yes", "no"]])
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_two_classes_have_one_or_two_outputs(n_outputs, classes):
    coefs, intercepts = layers(4, 6, n_outputs)
    model = MLPClassifier.from_arrays(coefs, intercepts, classes)
    z = logits(coefs, intercepts, relu)
    expected = np.hstack([1 - logistic(z), logistic(z)]) if n_outputs == 1 else softmax(z)
    names = [0, 1] if classes is None else classes
    assert model.classes_.tolist() == sorted(names)
    np.testing.assert_allclose(
        model.predict_proba(X), expected[:, np.argsort(names)], rtol=0, atol=1e-12
    )


def test_multilabel_outputs_are_independent():
    coefs, intercepts = layers(4, 6, 3)
    model = MLPClassifier.from_arrays(coefs, intercepts, multilabel=True)
    expected = logistic(logits(coefs, intercepts, relu))
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=0, atol=1e-12)
    assert (model.predict(X) == (expected > 0.5)).all()


def test_squared_error_has_logistic_outputs():
    coefs, intercepts = layers(4, 6, 3)
    model = MLPClassifier.from_arrays(coefs, intercepts, loss="squared_error")
    expected = logistic(logits(coefs, intercepts, relu))
    np.testing.assert_allclose(
        model.predict_proba(X), expected / expected.sum(axis=1, keepdims=True), atol=1e-12
    )
    with pytest.raises(
        ValueError, match="coefs must end in one output for two classes with loss='squared_error'"
    ):
        MLPClassifier.from_arrays(*layers(4, 2), loss="squared_error")


@pytest.mark.parametrize(("loss", "output"), [("squared_error", np.asarray), ("poisson", np.exp)])
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_regressors(loss, output, n_outputs):
    coefs, intercepts = layers(4, 3, n_outputs)
    model = MLPRegressor.from_arrays(
        coefs, intercepts, loss=loss, activation="logistic", input_scale=0.5
    )
    expected = output(logits(coefs, intercepts, logistic, X * 0.5))
    np.testing.assert_allclose(
        model.predict(X), expected if n_outputs == 2 else expected[:, 0], rtol=1e-12
    )


def test_no_hidden_layer_and_lists_of_integers():
    model = MLPRegressor.from_arrays([[[2], [3]]], [[1]])
    assert model.predict([[1.0, 1.0]]).tolist() == [6.0]
    assert model.coefs_[0].dtype == np.float64


def test_dtype_is_float32_if_all_arrays_are():
    coefs, intercepts = layers(4, 6, 3, dtype="float32")
    assert MLPClassifier.from_arrays(coefs, intercepts).coefs_[0].dtype == np.float32
    assert (
        MLPClassifier.from_arrays(coefs, intercepts, dtype="float64").coefs_[0].dtype == np.float64
    )
    intercepts[-1] = intercepts[-1].astype(float)
    assert MLPClassifier.from_arrays(coefs, intercepts).coefs_[0].dtype == np.float64


def test_arrays_are_copied():
    coefs, intercepts = layers(4, 3)
    model = MLPClassifier.from_arrays(coefs, intercepts)
    before = model.predict_proba(X)
    coefs[0][:], intercepts[0][:] = 0, 0
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_the_model_is_fitted_and_can_be_trained_and_saved(tmp_path):
    coefs, intercepts = layers(4, 6, 3)
    model = MLPClassifier.from_arrays(coefs, intercepts, learning_rate_init=0.01)
    model.save(tmp_path / "model.cmlp")
    for copy in (cmlp.load(tmp_path / "model.cmlp"), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
    y = np.arange(7) % 3
    before = model.gradients(X, y)
    model.partial_fit(X, y)
    assert model.t_ == 7 and before.weights[0].shape == (4, 6)


def test_pickles_contain_the_weights_once():
    model = MLPClassifier.from_arrays(*layers(100, 100, 3))
    assert len(pickle.dumps(model)) < 1.5 * 8 * model.n_params_


def test_subclasses_return_their_own_type():
    class Own(MLPRegressor):
        pass

    assert type(Own.from_arrays(*layers(4, 3))) is Own


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"coefs": 3}, TypeError, "coefs must be a list of arrays, one for each layer, got int"),
        ({"coefs": []}, ValueError, "coefs must have an array for each layer, got an empty list"),
        (
            {"intercepts": [[0.0] * 3]},
            ValueError,
            "intercepts must have one array for each of the 2 layers, got 1",
        ),
        (
            {"coefs": [np.zeros((4, 3)), np.zeros((2, 3))]},
            ValueError,
            r"coefs\[1\] must have 3 rows, as coefs\[0\]",
        ),
        (
            {"coefs": [np.zeros(4), np.zeros((3, 3))]},
            ValueError,
            r"coefs\[0\] must be an array of shape \(n_in, n_out",
        ),
        (
            {"intercepts": [[0.0] * 3, [0.0] * 4]},
            ValueError,
            r"intercepts\[1\] must have shape \(3,\), got \(4,\)",
        ),
        (
            {"intercepts": [[0.0] * 3, [np.nan] * 3]},
            ValueError,
            r"intercepts\[1\] must contain finite numbers",
        ),
        ({"intercepts": [[0.0] * 3, ["a"] * 3]}, ValueError, r"intercepts\[1\]"),
        ({"intercepts": [[0j] * 3, [0.0] * 3]}, ValueError, "Complex data not supported"),
        (
            {"classes": ["a", "b"]},
            ValueError,
            "classes must have one label for each of 3 classes, got 2",
        ),
        ({"classes": ["a", "b", "b"]}, ValueError, "classes must be distinct labels"),
        (
            {"classes": [0, 1, 2], "multilabel": True},
            ValueError,
            "multilabel must be False with classes",
        ),
        ({"hidden_layer_sizes": (3,)}, ValueError, "hidden_layer_sizes must not be passed"),
        ({"activation": "cubic"}, ValueError, "'activation' parameter of MLPClassifier"),
        ({"neurons": 3}, TypeError, "neurons"),
    ],
)
def test_invalid_arguments(change, error, message):
    arguments = {
        "coefs": [np.zeros((4, 3)), np.zeros((3, 3))],
        "intercepts": [[0.0] * 3, [0.0] * 3],
        **change,
    }
    with pytest.raises(error, match=message):
        MLPClassifier.from_arrays(**arguments)


def test_one_output_has_two_classes_not_labels():
    with pytest.raises(ValueError, match="multilabel must be False with one output"):
        MLPClassifier.from_arrays(*layers(4, 1), multilabel=True)
