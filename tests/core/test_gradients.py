"""Backpropagation compared with central differences of the cost."""

import numpy as np
import pytest
from helpers import DTYPES, HIDDEN, OUTPUTS, inputs, layers, net_and_params, targets, uniform

from cmlp._bridge import _core

# STEP (h) balances the truncation error of the differences, h^2, with the rounding error of the
# cost, 1e-16 / h.
STEP, TOLERANCE = 1e-5, 2e-9


def differences(cost, at):
    """Return the derivative of `cost` for each element of `at`, by central differences."""
    slopes = np.empty_like(at)
    for i in range(at.size):
        index = np.unravel_index(i, at.shape)
        value = at[index]
        at[index] = value + STEP
        above = cost()
        at[index] = value - STEP
        slopes[index] = (above - cost()) / (2 * STEP)
        at[index] = value
    return slopes


def assert_slopes(actual, expected, dtype):
    tolerance = 2e-5 if dtype == np.float32 else TOLERANCE
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


def problem(sizes, hidden, output, loss, dtype, n):
    """Return a network of `dtype`, the same network in float64, and data for both."""
    activations = layers(len(sizes), hidden, output)
    net, params = net_and_params(sizes, activations, loss, dtype)
    twin = _core.Net(sizes, activations, loss, np.float64)
    X = inputs(1, n, sizes[0], dtype)
    Y = targets(2, n, sizes[-1], output, loss, dtype)
    return net, params, twin, params.astype(np.float64), X, Y


OBJECTIVES = {
    "plain": lambda n: {},
    "penalty": lambda n: {"alpha": 0.7},
    "weights": lambda n: {"sample_weight": uniform(5, n, low=0.0, high=3.0)},
    "all": lambda n: {
        "alpha": 0.7,
        "loss_scale": 0.5,
        "sample_weight": np.floor(uniform(5, n, low=0.0, high=3.0)),
    },
}


@pytest.mark.sampled(8)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "objective",
    [  # "all" has the other terms too; each alone is a slow test
        pytest.param(
            terms, id=name, marks=[pytest.mark.slow] if name in ("penalty", "weights") else []
        )
        for name, terms in OBJECTIVES.items()
    ],
)
@pytest.mark.parametrize(("output", "loss"), OUTPUTS)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_gradient_equals_differences_of_the_cost(hidden, output, loss, objective, dtype):
    net, params, twin, exact, X, Y = problem((3, 5, 4, 3), hidden, output, loss, dtype, n=7)
    keywords = objective(7)
    gradient, _ = net.gradient(params, X, Y, **keywords)
    assert_slopes(gradient, differences(lambda: twin.cost(exact, X, Y, **keywords), exact), dtype)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [129, 300, 600])
@pytest.mark.parametrize(("output", "loss"), OUTPUTS)
def test_gradient_over_several_chunks_of_rows(output, loss, n, dtype):
    net, params, twin, exact, X, Y = problem((3, 2, 2), "logistic", output, loss, dtype, n)
    keywords = OBJECTIVES["all"](n)
    gradient, _ = net.gradient(params, X, Y, **keywords)
    assert_slopes(gradient, differences(lambda: twin.cost(exact, X, Y, **keywords), exact), dtype)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("output", "loss"), OUTPUTS)
def test_gradient_of_wide_layers(output, loss, dtype):
    """With more than 128 inputs, units and outputs, every sum has a second chunk."""
    net, params, twin, exact, X, Y = problem((131, 133, 130), "tanh", output, loss, dtype, n=3)
    params *= dtype(0.25)
    exact *= 0.25
    gradient, _ = net.gradient(params, X, Y)
    # Compare along random directions: there are too many parameters to check one by one.
    for seed in range(4):
        direction = uniform(seed, exact.size)
        above, below = (twin.cost(exact + h * direction, X, Y) for h in (STEP, -STEP))
        slope = (above - below) / (2 * STEP)
        tolerance = 1e-4 if dtype == np.float32 else 1e-6
        assert direction @ gradient == pytest.approx(slope, rel=tolerance, abs=tolerance)


@pytest.mark.sampled(8)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("output", "loss"), OUTPUTS)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_input_gradient_equals_differences_of_each_rows_cost(hidden, output, loss, dtype):
    """Row i holds the derivatives of the cost of row i for its inputs before scaling."""
    net, params, twin, exact, X, Y = problem((3, 5, 4, 3), hidden, output, loss, dtype, n=4)
    keywords = {"scale": 0.75, "loss_scale": 0.5}
    gradient = net.input_gradient(params, X, Y, **keywords)
    moved = X.astype(np.float64)
    for i in range(len(X)):
        row, y = moved[i : i + 1], Y[i : i + 1]
        expected = differences(lambda row=row, y=y: twin.cost(exact, row, y, **keywords), row)
        assert_slopes(gradient[i : i + 1], expected, dtype)


def test_input_gradient_of_a_row_does_not_depend_on_other_rows():
    net, params, _, _, X, Y = problem((3, 4, 2), "tanh", "softmax", "log_loss", np.float64, n=300)
    whole = net.input_gradient(params, X, Y)
    for i in (0, 127, 128, 255, 256, 299):
        alone = net.input_gradient(params, X[i : i + 1], Y[i : i + 1])
        np.testing.assert_array_equal(alone, whole[i : i + 1])


def test_class_indices_equal_one_hot_targets():
    net, params, _, _, X, _ = problem((3, 4, 5), "tanh", "softmax", "log_loss", np.float32, n=9)
    Y = np.arange(9) % 5
    for loss in ("log_loss", "squared_error"):
        net = _core.Net(net.sizes, net.activations, loss, np.float32)
        ours, cost = net.gradient(params, X, Y)
        theirs, same_cost = net.gradient(params, X, np.eye(5)[Y])
        np.testing.assert_array_equal(ours, theirs)
        assert cost == same_cost


@pytest.mark.slow  # 300 MB, which a product in pieces needs
def test_gradient_of_a_wide_input_with_a_last_row_of_zeros():
    """The rows of a tile share one mask of nonzero columns."""
    sizes = (203000, 47, 2)
    net, params = net_and_params(sizes, ["relu", "softmax"], "log_loss", np.float32)
    X, Y = inputs(1, 113, sizes[0], np.float32), np.arange(113) % 2
    X[-1] = 0
    gradient, _ = net.gradient(params, X, Y, n_threads=1)
    deltas = net.deltas(params, X, Y, n_threads=1)[0]
    first = gradient[: sizes[0] * sizes[1]].reshape(sizes[:2])
    np.testing.assert_allclose(first[::500], X[:, ::500].T @ deltas / 113, rtol=1e-3, atol=1e-7)
