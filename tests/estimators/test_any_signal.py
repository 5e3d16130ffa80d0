"""An exception from a handler of any signal, before any bytecode of a call that trains.

Afterwards no estimator is locked, all handlers are in force, the model is the old or the new one, and the next call
works. Only after Ctrl-C is there a third: the model of the complete epochs.
"""

import random
import signal
import time

import numpy as np
import pytest
from estimator_cases import blobs, flat, small
from signal_points import NAMES, handled, no_threads_left, signal_at

from cmlp import MLPRegressor, Network, TabularClassifier, TabularRegressor, Trainer, find_learning_rate, fit_many

pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.usefixtures("no_lost_signals"),
    pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="needs signals of POSIX"),
]

X, Y = blobs(n_rows=24)
TWO = Y % 2
ENDLESS = {"tol": 0, "n_iter_no_change": float("inf")}


def network(**parameters):
    return small(**{"hidden_layer_sizes": (2,), "max_iter": 3, "batch_size": 12, **ENDLESS, **parameters})


def table(kind=TabularClassifier, **parameters):
    settings = {"n_estimators": 2, "hidden_layer_sizes": (4,), "n_epochs": 3, "random_state": 0, "n_threads": 2}
    return kind(**{**settings, **parameters})


def interrupted(model, **arguments):
    """Return an estimator whose fit ended in the middle, as Ctrl-C leaves it."""

    class Ends:
        def on_epoch_end(self, trainer):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.set_params(callbacks=[Ends()]).fit(X, Y, **arguments)
    return model.set_params(callbacks=None)


class Case:
    """A call that trains: `make` returns its estimators, `call` is what is interrupted, and then called again."""

    def __init__(self, make, call, n_models=1):
        self.make, self.call, self.n_models = make, call, n_models


def blocks(model):
    model.fit_batches([(X[:15], Y[:15]), (X[15:], Y[15:])], classes=[0, 1, 2], n_rows=24)


CASES = {
    "fit": Case(lambda: network().fit(X, Y[::-1]), lambda model: model.fit(X, Y)),
    "first fit": Case(network, lambda model: model.fit(X, Y)),
    "warm start": Case(lambda: network(warm_start=True).fit(X, Y), lambda model: model.fit(X, Y)),
    "early stopping": Case(lambda: network(early_stopping=True, provenance=True), lambda model: model.fit(X, Y)),
    "verbose": Case(lambda: network(verbose=True), lambda model: model.fit(X, Y)),
    "lbfgs": Case(lambda: network(solver="lbfgs"), lambda model: model.fit(X, Y)),
    "resume": Case(lambda: interrupted(network()), lambda model: model.fit(X, Y, resume=True)),
    "partial_fit": Case(lambda: network().fit(X, Y), lambda model: model.partial_fit(X, Y)),
    "fit_batches": Case(lambda: network().fit(X, Y), blocks),
    "regressor": Case(
        lambda: MLPRegressor(hidden_layer_sizes=(2,), max_iter=3, y_scale="standard", random_state=0).fit(X, X[:, 1]),
        lambda model: model.fit(X, X[:, 0]),
    ),
    "table": Case(lambda: table().fit(X, TWO), lambda model: model.fit(X, 1 - TWO)),
    "table with callbacks": Case(
        lambda: table(TabularRegressor, callbacks=[object()]), lambda model: model.fit(X, X[:, 0])
    ),
    "calibrate": Case(lambda: table().fit(X, TWO), lambda model: model.calibrate(X, TWO, probabilities=True)),
    "calibrate by held-out rows": Case(lambda: table().fit(X, TWO), lambda model: model.calibrate(probabilities=True)),
    "calibrate intervals": Case(
        lambda: table(TabularRegressor).fit(X, X[:, 0]), lambda model: model.calibrate(X, X[:, 0])
    ),
    "choose_threshold": Case(lambda: table().fit(X, TWO), lambda model: model.choose_threshold(X, TWO, recall=0.7)),
    "threshold_": Case(lambda: table().fit(X, TWO), lambda model: setattr(model, "threshold_", 0.25)),
    "n_iter_": Case(lambda: network().fit(X, Y), lambda model: setattr(model, "n_iter_", 7)),
    "find_learning_rate": Case(lambda: network().fit(X, Y), lambda model: find_learning_rate(model, X, Y, n_steps=4)),
}
FAST = {name: 12 for name in CASES}  # points of each signal


def content(model):
    """Return everything that a fit has learned, as comparable values; None before any fit."""
    fitted = vars(model).get("_fitted")
    if fitted is None:
        return None
    networks = [params.tobytes() for _, params in fitted.model.networks]
    curves = [(state.epoch, state.history.t, list(state.history.loss_curve)) for state in fitted.states]
    other = getattr(model, "threshold_", None), repr(getattr(model, "classes_", None)), held(fitted)
    return networks, curves, other


def held(fitted):
    calibration = getattr(fitted.model, "calibration", None)
    return None if calibration is None else repr(calibration)


def is_between(fitted):
    """Return whether what Ctrl-C has left is whole: the counters and curves of complete epochs."""
    for state in fitted.states:
        n_epochs, n_rows = len(state.history.loss_curve), state.history.t  # of all calls
        if state.batch is None and (n_epochs < state.epoch or (n_epochs and n_rows % n_epochs)):
            return False
    return True


def check(case, name, step, new):
    """Interrupt a call at a step; return its number of bytecodes, or None if it ended before."""
    model = case.make()
    before, old = vars(model).get("_fitted"), content(model)
    with handled(name), no_threads_left():
        seen, error = signal_at([step], lambda: case.call(model), name)
    where = f"{name} at bytecode {step}"
    assert "_fitting" not in vars(model), where
    now = vars(model).get("_fitted")
    if error is None:
        assert content(model) == new, where  # the signal came too late to matter
    elif now is not before and content(model) != new:
        assert name == "SIGINT", where
        assert is_between(now), where
    else:
        assert content(model) in (old, new), where
    if now is not before:
        assert "_assigned" not in vars(model), where
        assert "_interrupted" not in vars(model), where
    case.call(model)
    return seen if error is None else None


def check_all(case, name, steps):
    model = case.make()
    n_points = signal_at([], lambda: case.call(model), name)[0]
    new = content(model)
    for step in steps(n_points):
        check(case, name, step, new)
    return n_points


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", CASES)
def test_exception_of_a_handler_at_some_bytecodes(case, name):
    rng = random.Random(f"{case} {name}")
    check_all(CASES[case], name, lambda n: sorted(rng.sample(range(1, n + 1), min(n, FAST[case]))))
