"""learning_rate="one_cycle": its learning rates, bit for bit, and fit and partial_fit with the schedule."""

import copy
import pickle
import re
import warnings
from itertools import pairwise

import numpy as np
import pytest
from estimator_cases import blobs, flat
from helpers import digest, labels, uniform

from cmlp import MLPClassifier, MLPRegressor, Network
from cmlp.exceptions import DivergenceError, UnusedParameterWarning

SIZES, N_EPOCHS, BATCH, PEAK = (4, 8, 3), 3, 32, 0.2
SGD = {"solver": "sgd", "momentum": 0.9}
SOLVERS = {"nesterov": SGD, "sgd": {**SGD, "momentum": 0.0}, "adam": {"solver": "adam"}}


def classifier(**params):
    defaults = {
        **SGD,
        "learning_rate": "one_cycle",
        "learning_rate_init": PEAK,
        "max_iter": N_EPOCHS,
        "batch_size": BATCH,
        "random_state": 1,
    }
    return MLPClassifier((8,), **{**defaults, **params})


def rates_of_steps(peak, n_steps):
    """Return the learning rates of a cycle: of an estimator with one batch per epoch."""
    X, y = blobs()
    model = classifier(batch_size=len(X), max_iter=n_steps, learning_rate_init=peak)
    return model.fit(X, y).history_["learning_rate"]


def one_cycle_rates(peak, *, epoch, n_epochs, n_batches):
    """Return the learning rates of an epoch by the formula."""
    total, rates = float(n_epochs * n_batches), []
    rising = 0.3 * total
    for batch in range(epoch * n_batches, (epoch + 1) * n_batches):
        middle = batch + 0.5
        rates.append(
            (middle / rising if middle < rising else (total - middle) / (total - rising)) * peak
        )
    return rates


def trained_by_network(X, y, orders, rates, kind="nesterov", params=None):
    """Train epochs with the given learning rates and return the parameters."""
    net = Network(SIZES, "relu", dtype="float64", random_state=1)
    if params is not None:
        net.params[:] = params
    optimizer = net.optimizer(kind, learning_rate=7.0)  # 7.0 is not used
    for order, epoch in zip(orders, rates, strict=True):
        net.train_epoch(X, y, BATCH, optimizer, order=order, learning_rates=epoch, alpha=1e-4)
    return net.params


def shuffles(n_rows, n_epochs):
    """Yield the row order of each epoch of a fit. The random numbers follow those of the initial parameters."""
    rng, order = np.random.RandomState(1), np.arange(n_rows)
    rng.random_sample(sum(a * b + b for a, b in pairwise(SIZES)))
    for _ in range(n_epochs):
        positions = np.arange(n_rows)
        rng.shuffle(positions)
        order = order[positions]
        yield order


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.filterwarnings("ignore:.* has no effect with this")  # settings of all schedules
def test_every_schedule_is_a_parameter_value():
    X, y = blobs()
    with pytest.raises(ValueError, match="a str among") as error:
        classifier(learning_rate="none").fit(X, y)
    curves = {}
    for name in (
        *re.findall(r"'(\w+)'", str(error.value).partition("among")[2].partition("}")[0]),
        lambda *_: 0.3,
    ):
        curves[name] = classifier(learning_rate=name).fit(X, y).history_["learning_rate"]
    assert len(curves) >= 6 and all(len(rates) == N_EPOCHS for rates in curves.values())


# The learning rates


def test_learning_rates_of_ten_batches_worked_by_hand():
    """Ten batches with midpoints 0.5 to 9.5. The learning rate rises until 3 and falls until 10."""
    rates = rates_of_steps(1.0, 10)
    assert rates[:5] == [0.5 / 3, 1.5 / 3, 2.5 / 3, 6.5 / 7, 5.5 / 7]
    assert rates[5:] == [4.5 / 7, 3.5 / 7, 2.5 / 7, 1.5 / 7, 0.5 / 7]
    assert rates_of_steps(0.2, 10)[5] == 4.5 / 7 * 0.2


def test_single_batch_has_a_learning_rate():
    assert rates_of_steps(1.0, 1) == [0.5 / (1 - 0.3)]


@pytest.mark.parametrize("n_steps", [2, 3, 21, 200, 1876])
def test_learning_rates_have_the_bits_of_the_formula(n_steps):
    rates = np.array(rates_of_steps(PEAK, n_steps))
    assert rates.tolist() == one_cycle_rates(PEAK, epoch=0, n_epochs=1, n_batches=n_steps)
    assert 0 < rates.min() and rates.max() <= PEAK
    top = rates.argmax()
    assert (np.diff(rates[: top + 1]) > 0).all() and (np.diff(rates[top:]) <= 0).all()


def test_bits_of_learning_rates_and_of_a_fit_are_pinned():
    assert digest(np.array(rates_of_steps(0.2, 4 * 469))) == "67fc4970948f57bf"
    X, y = uniform(2, 120, 4), labels(3, 120, 3)  # the same numbers on every machine
    digests = [digest(flat(classifier(n_threads=n).fit(X, y))) for n in (1, 2)]
    assert digests == ["acd419aabdf8c09d"] * 2


# fit


@pytest.mark.parametrize("kind", SOLVERS)
def test_fit_trains_epochs_with_the_learning_rates_of_the_schedule(kind):
    X, y = blobs(n_rows=120)  # batches of 32, 32, 32 and 24
    model = classifier(**SOLVERS[kind]).fit(X, y)
    rates = [one_cycle_rates(PEAK, epoch=e, n_epochs=3, n_batches=4) for e in range(3)]
    expected = trained_by_network(X, y, shuffles(120, 3), rates, kind)
    np.testing.assert_array_equal(flat(model), expected)
    constant = classifier(**SOLVERS[kind], learning_rate="constant")
    with pytest.warns(match="Maximum iterations"):
        assert (flat(constant.fit(X, y)) != expected).any()


def test_regressor_follows_the_schedule():
    X, _ = blobs()
    params = {"hidden_layer_sizes": (8,), "random_state": 1, "batch_size": 32, "max_iter": 3}
    model = MLPRegressor(
        **params, alpha=0.0, learning_rate="one_cycle", solver="sgd", momentum=0.0
    ).fit(X, X[:, 0])
    net = Network(
        (4, 8, 1), "relu", output="identity", loss="squared_error", dtype="float64", random_state=1
    )
    rng = np.random.RandomState(1)
    rng.random_sample(net.n_params)
    order = np.arange(len(X))
    for e in range(3):
        rng.shuffle(positions := np.arange(len(X)))
        order = order[positions]
        # The regressor halves its squared errors.
        rates = np.array(one_cycle_rates(0.001, epoch=e, n_epochs=3, n_batches=4)) / 2
        net.train_epoch(X, X[:, :1], 32, 1.0, order=order, learning_rates=rates)
    np.testing.assert_array_equal(model.coefs_[0], net.weights[0])


@pytest.mark.filterwarnings("ignore:.* has no effect with this")  # settings of all schedules
def test_training_runs_to_the_end_of_the_schedule_without_a_warning(capsys):
    X, y = blobs()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter(
            "ignore", UnusedParameterWarning
        )  # of the parameters that would stop training
        model = classifier(tol=1e9, n_iter_no_change=1, max_iter=7, verbose=True).fit(X, y)
    assert model.n_iter_ == 7 == len(model.loss_curve_)
    assert capsys.readouterr().out.count("\n") == 7


@pytest.mark.filterwarnings("ignore:.* has no effect with this")  # settings of all schedules
def test_early_stopping_keeps_the_best_weights_but_finishes_the_schedule():
    X, y = blobs(n_rows=66)  # split into 59, two batches an epoch, and 7
    y = np.where(np.random.RandomState(0).random_sample(66) < 0.4, (y + 1) % 3, y)
    model = classifier(early_stopping=True, tol=1e9, n_iter_no_change=1, max_iter=9).fit(X, y)
    assert len(model.validation_scores_) == 9
    assert max(model.validation_scores_) == model.best_validation_score_
    assert model.t_ == 9 * 59


def test_warm_start_begins_a_new_cycle():
    X, y = blobs()
    model = classifier(shuffle=False, warm_start=True).fit(X, y)
    once = flat(model)
    twice = flat(model.fit(X, y))
    rates = [one_cycle_rates(PEAK, epoch=e, n_epochs=3, n_batches=4) for e in range(3)]
    block = classifier(shuffle=False).fit(X, y).coefs_[0].base.copy()
    np.testing.assert_array_equal(trained_by_network(X, y, [None] * 3, rates), once)
    np.testing.assert_array_equal(trained_by_network(X, y, [None] * 3, rates, params=block), twice)


def test_divergence_error_states_the_largest_learning_rate():
    X, y = blobs()
    with pytest.raises(DivergenceError, match="a learning rate of up to 1e\\+200;"):
        classifier(learning_rate_init=1e200, activation="identity").fit(X, y)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("power_t", [0.5, 1.0])
def test_invscaling_divides_by_a_power_of_the_rows_so_far(power_t):
    X, y = blobs(n_rows=120)
    rates = (
        classifier(learning_rate="invscaling", power_t=power_t).fit(X, y).history_["learning_rate"]
    )
    assert rates == [PEAK / float(rows + 1) ** power_t for rows in (0, 120, 240)]


# partial_fit


def test_each_partial_fit_is_one_epoch_of_the_schedule():
    X, y = blobs()
    model = classifier(shuffle=False)
    for _ in range(N_EPOCHS):
        model.partial_fit(X, y, classes=[0, 1, 2])
        model = pickle.loads(pickle.dumps(copy.deepcopy(model)))
    np.testing.assert_array_equal(flat(model), flat(classifier(shuffle=False).fit(X, y)))


def test_partial_fits_can_have_different_numbers_of_batches():
    X, y = blobs()
    model = classifier(shuffle=False)
    parts = [np.arange(40), np.arange(70), np.arange(120)]  # 2, 3 and 4 batches
    for rows in parts:
        model.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
    rates = [
        one_cycle_rates(PEAK, epoch=e, n_epochs=3, n_batches=n) for e, n in enumerate((2, 3, 4))
    ]
    np.testing.assert_array_equal(flat(model), trained_by_network(X, y, parts, rates))


def test_partial_fit_after_the_end_of_the_schedule_raises():
    X, y = blobs()
    rng = np.random.RandomState(1)
    model = classifier(random_state=rng).fit(X, y)
    before, used = flat(model), rng.get_state()[2]
    model.set_params(max_iter=9)  # the schedule keeps the max_iter of its first epoch
    with pytest.raises(ValueError, match=r"learning_rate='one_cycle' .* after max_iter=3 epochs"):
        model.partial_fit(X, y)
    np.testing.assert_array_equal(flat(model), before)
    assert model.n_iter_ == 3 and rng.get_state()[2] == used


def test_failed_partial_fit_and_partial_fit_of_a_copy_do_not_count_as_epochs():
    X, y = blobs()
    model = classifier(shuffle=False).partial_fit(X, y, classes=[0, 1, 2])
    bad = X.copy()
    bad[-1, 0] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        model.partial_fit(bad, y)
    copy.copy(model).partial_fit(X, y)  # a shallow copy counts its own epochs
    model.partial_fit(X, y).partial_fit(X, y)
    np.testing.assert_array_equal(flat(model), flat(classifier(shuffle=False).fit(X, y)))
