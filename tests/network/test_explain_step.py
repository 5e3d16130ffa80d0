"""`Network.explain_step`: the wanted changes are the parts of the gradient, compared with plain NumPy."""

import doctest
from itertools import pairwise

import numpy as np
import pytest
import reference

from cmlp import Network, StepExplanation
from cmlp.datasets import load_digits28

NUMBERS = ("squared_error", "absolute_error", "huber", "quantile")
LOSSES = {
    "softmax": ("log_loss", "squared_error", "focal", "label_smoothing"),
    "logistic": ("log_loss", *NUMBERS, "focal", "label_smoothing"),
    "identity": NUMBERS,
    "exp": (*NUMBERS, "poisson", "gamma", "tweedie"),
    "tanh": NUMBERS,
}
PAIRS = [(output, loss) for output, losses in LOSSES.items() for loss in losses]
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
DTYPES = tuple(TOLERANCE)


def targets_for(output, loss, n=12, classes=4):
    rng = np.random.default_rng(2)
    if output in ("softmax", "logistic") and loss in ("log_loss", "focal", "label_smoothing"):
        return np.eye(classes)[rng.integers(classes, size=n)]
    return rng.uniform(0.1, 2, (n, classes))


def small(output, loss, dtype="float64"):
    net = Network([6, 5, 3, 4], "tanh", output=output, loss=loss, dtype=dtype, random_state=1)
    return net, np.random.default_rng(0).standard_normal((12, 6)), targets_for(output, loss)


def assert_close(ours, expected, tolerance):
    """Compare relative to the largest element."""
    assert np.abs(np.asarray(ours) - expected).max() <= tolerance * np.abs(expected).max()


@pytest.fixture(scope="module")
def digits():
    X, y, *_ = load_digits28()
    return X[:100], y[:100]


def story_network(dtype):
    """The network of the story after one epoch."""
    net = Network(
        [784, 16, 16, 10],
        "logistic",
        output="logistic",
        loss="squared_error",
        dtype=dtype,
        input_scale=1 / 255,
        random_state=0,
    )
    X, y, *_ = load_digits28()
    net.train_epoch(X, y, 10, 1.5)
    return net


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_average_is_minus_the_gradient(output, loss, dtype):
    net, X, Y = small(output, loss, dtype)
    step = net.explain_step(X, Y)
    gradient = net.gradient(X, Y)
    assert_close(step.average.flat, -gradient.flat, TOLERANCE[dtype])
    assert step.average.norm == pytest.approx(gradient.norm, rel=TOLERANCE[dtype])
    for mine, its in zip(
        step.average[0] + step.average[1], gradient.weights + gradient.biases, strict=True
    ):
        assert mine.shape == its.shape and mine.dtype == net.params.dtype
        assert np.shares_memory(mine, step.average.flat)


@pytest.mark.parametrize("dtype", DTYPES)
def test_average_over_digits_is_minus_the_gradient(dtype, digits):
    net = story_network(dtype)
    step = net.explain_step(*digits)
    assert_close(step.average.flat, -net.gradient(*digits).flat, TOLERANCE[dtype])
    for layer, weights, biases in zip(
        step.layers, step.average.weights, step.average.biases, strict=True
    ):
        assert_close(layer.weight_changes.mean(axis=0), weights, TOLERANCE[dtype])
        assert_close(layer.bias_changes.mean(axis=0), biases, TOLERANCE[dtype])


def test_average_over_many_rows_adds_no_rounding_error_of_its_own():
    X, y, *_ = load_digits28()
    net = story_network("float32")
    step, gradient = net.explain_step(X, y), net.gradient(X, y)
    assert_close(step.average.flat, -gradient.flat, 5e-7)


@pytest.mark.parametrize("dtype", DTYPES)
def test_shares_of_one_example_match_plain_numpy(dtype, digits):
    """Backpropagation for one digit, written out; the gradient of one row is minus the row's shares."""
    net, image, digit = story_network(dtype), digits[0][4], digits[1][4]
    step = net.explain_step(image[None], [digit])
    a = [image / 255]
    for W, b in zip(net.weights, net.biases, strict=True):
        a.append(1 / (1 + np.exp(-(a[-1] @ W.astype(float) + b))))
    wish = 2 * (np.eye(10)[digit] - a[-1])
    for n in (2, 1, 0):
        layer, push = step.layers[n], wish * a[n + 1] * (1 - a[n + 1])
        for ours, expected in [
            (layer.output_changes[0], wish),
            (layer.bias_changes[0], push),
            (layer.weight_changes[0], np.outer(a[n], push)),
            (layer.input_changes[0], net.weights[n] * push),
            (layer.inputs[0], a[n]),
            (layer.outputs[0], a[n + 1]),
        ]:
            assert_close(ours, expected, TOLERANCE[dtype])
        wish = net.weights[n] @ push


@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_wanted_change_of_each_output_leads_to_the_deltas(output, loss):
    """The chain rule from the outputs to the weighted sums, with the derivatives of the NumPy reference."""
    net, X, Y = small(output, loss)
    last = net.explain_step(X, Y).layers[-1]
    if output == "softmax":
        a = last.outputs
        pushes = a * (last.output_changes - (a * last.output_changes).sum(axis=1, keepdims=True))
    else:
        pushes = last.output_changes * reference.DERIVATIVES[output](net.weighted_sums(X)[-1])
    assert_close(pushes, -net.deltas(X, Y)[-1], 1e-12)


def test_wishes_of_a_layer_add_up_from_the_next_layer():
    net, X, Y = small("softmax", "log_loss")
    layers = net.explain_step(X, Y).layers
    for before, after in pairwise(layers):
        assert_close(after.input_changes.sum(axis=2), before.output_changes, 1e-14)
    assert_close(layers[0].input_changes.sum(axis=2), -net.input_gradient(X, Y), 1e-13)


def test_explanation_does_not_change_with_the_network():
    net, X, Y = small("logistic", "squared_error")
    step = net.explain_step(X, Y)
    before = [
        share.copy()
        for layer in step.layers
        for share in (*layer, layer.weight_changes, layer.input_changes)
    ]
    net.step(X, Y, 0.5)
    after = [
        share
        for layer in step.layers
        for share in (*layer, layer.weight_changes, layer.input_changes)
    ]
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)


def test_class_indices_and_targets_give_the_same_explanation(digits):
    net, (X, y) = story_network("float32"), digits
    by_class, by_value = net.explain_step(X, y), net.explain_step(X, np.eye(10)[y])
    np.testing.assert_array_equal(by_class.targets, np.eye(10)[y])
    np.testing.assert_array_equal(by_class.average.flat, by_value.average.flat)


def test_network_without_hidden_layers_and_sparse_rows():
    sparse = pytest.importorskip("scipy.sparse")
    net = Network([6, 1], output="identity", loss="squared_error", dtype="float64", random_state=0)
    X, Y = np.eye(6)[:3], np.ones((3, 1))
    (layer,) = net.explain_step(sparse.csr_array(X), Y).layers
    np.testing.assert_array_equal(
        layer.weight_changes, net.explain_step(X, Y).layers[0].weight_changes
    )
    np.testing.assert_array_equal(np.nonzero(layer.weight_changes[:, :, 0]), [[0, 1, 2], [0, 1, 2]])


@pytest.mark.parametrize(
    ("X", "Y", "message"),
    [
        (np.zeros((2, 3)), [0, 1], "X must have"),
        (np.zeros((0, 6)), [], "at least one row"),
        (np.zeros((2, 6)), [0, 4], "class indices from 0 to 3"),
        (np.zeros((2, 6)), [0, 1, 2], "same number of rows"),
        (np.full((1, 6), np.nan), [0], "NaN"),
    ],
)
def test_invalid_arguments_raise_as_for_cost(X, Y, message):
    net, *_ = small("softmax", "log_loss")
    with pytest.raises(ValueError, match=message):
        net.explain_step(X, Y)


def test_examples_in_the_docstrings():
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner()
    for part in (StepExplanation, Network.explain_step):
        for test in finder.find(part, globs={"Network": Network}):
            runner.run(test)
    assert runner.summarize() == (0, runner.tries)
    assert runner.tries > 5
