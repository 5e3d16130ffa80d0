"""cmlp.find_learning_rate: the learning-rate range test."""

import numpy as np
import pytest
from estimator_cases import blobs, flat, small

import cmlp
from cmlp import MLPRegressor

X, Y = blobs()


def linear(**parameters):
    """A linear model without a penalty, trained by plain gradient descent on all rows."""
    defaults = {
        "hidden_layer_sizes": (),
        "solver": "sgd",
        "momentum": 0.0,
        "alpha": 0.0,
        "random_state": 0,
    }
    return MLPRegressor(**{**defaults, "batch_size": 120, "shuffle": False, **parameters})


def losses_in_numpy(rates):
    """Gradient descent on half the mean squared error, from the initial weights of the model."""
    first = linear(max_iter=1, learning_rate_init=1e-300).fit(X, X[:, 0])
    w, b, y = first.coefs_[0].copy(), first.intercepts_[0].copy(), X[:, :1]
    losses = []
    for rate in rates:
        error = X @ w + b - y
        losses.append((error**2).mean() / 2)
        w, b = w - rate * X.T @ error / len(X), b - rate * error.mean(axis=0)
    return np.array(losses)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_losses_are_those_of_gradient_descent_with_rising_rates():
    found = cmlp.find_learning_rate(linear(), X, X[:, 0], low=1e-4, high=100.0, n_steps=60)
    rates = 1e-4 * (100.0 / 1e-4) ** (np.arange(60) / 59)
    np.testing.assert_allclose(found.rates, rates[: len(found.rates)], rtol=1e-12)
    np.testing.assert_allclose(found.losses, losses_in_numpy(found.rates), rtol=1e-7)
    weights = [0.9 ** np.arange(k, -1, -1.0) for k in range(len(found.losses))]
    smoothed = [np.average(found.losses[: len(w)], weights=w) for w in weights]
    np.testing.assert_allclose(found.smoothed, smoothed, rtol=1e-9)
    assert found.suggestion == found.rates[np.argmin(smoothed)] / 10


def test_suggestion_is_below_the_limit_of_stable_descent():
    """Gradient descent on a quadratic function diverges if the rate exceeds 2 / the largest curvature."""
    rows = np.column_stack([X, np.ones(len(X))])
    limit = 2 / np.linalg.eigvalsh(rows.T @ rows / len(X)).max()
    found = cmlp.find_learning_rate(linear(), X, X[:, 0], high=1e6)
    assert limit / 100 < found.suggestion < limit
    assert found.smoothed[-1] > 4 * found.smoothed.min() and len(found.rates) < 100


def test_batches_without_weight_are_skipped():
    model = small(batch_size=10, shuffle=False)
    weight = np.where(np.arange(len(X)) % 60 < 30, 0.0, 2.0)  # three batches of every six
    found = cmlp.find_learning_rate(model, X, Y, weight, n_steps=30)
    used = weight > 0
    expected = cmlp.find_learning_rate(model, X[used], Y[used], weight[used], n_steps=30)
    np.testing.assert_array_equal(found.losses, expected.losses)
    assert len(found.rates) == 30 and found.suggestion == expected.suggestion


def test_estimator_does_not_change():
    model = small(callbacks=[], early_stopping=True, learning_rate="cosine", max_iter=2).fit(X, Y)
    before, parameters = flat(model), model.get_params()
    found = cmlp.find_learning_rate(model, X, Y, np.ones(len(X)), n_steps=20)
    np.testing.assert_array_equal(flat(model), before)
    assert model.get_params() == parameters and len(found.rates) == 20
    again = cmlp.find_learning_rate(small(early_stopping=False), X, Y, n_steps=20)
    np.testing.assert_array_equal(again.losses, found.losses)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"low": 0}, "low and high must be finite with 0 < low < high, got 0 and 10.0"),
        ({"low": 2.0, "high": 1.0}, "got 2.0 and 1.0"),
        ({"high": float("inf")}, "got 1e-06 and inf"),
        ({"n_steps": 1}, "n_steps must be an integer of at least 2, got 1"),
    ],
)
def test_invalid_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        cmlp.find_learning_rate(small(), X, Y, **arguments)


def test_estimators_without_learning_rates_are_refused():
    with pytest.raises(ValueError, match="solver='lbfgs' has none"):
        cmlp.find_learning_rate(small(solver="lbfgs"), X, Y)
    with pytest.raises(ValueError, match="'alpha' parameter of MLPClassifier"):
        cmlp.find_learning_rate(small(alpha=-1.0), X, Y)


@pytest.mark.parametrize(
    "other", [cmlp.TabularRegressor(), cmlp.TabularRegressor, cmlp.Network([3, 2]), None]
)
def test_other_estimators_are_refused_by_name(other):
    kind = getattr(other, "__name__", type(other).__name__)
    with pytest.raises(
        TypeError, match=f"needs an MLPClassifier or MLPRegressor as estimator, got {kind}"
    ):
        cmlp.find_learning_rate(other, X, Y)


def test_plot_shows_the_curve_and_the_suggestion():
    pytest.importorskip("matplotlib").use("agg")
    found = cmlp.find_learning_rate(small(), X, Y)
    display = found.plot()
    np.testing.assert_array_equal(display.line_.get_ydata(), found.smoothed)
    assert display.ax_.get_xscale() == "log" and len(display.ax_.get_lines()) == 3
    display.figure_.clear()
