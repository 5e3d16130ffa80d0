"""Calls that train, ended at random bytecodes by a signal whose handler raises KeyboardInterrupt, and then continued.

The results must be bit-identical to those of calls that nothing ended.
`python tests/support/interrupted_fits.py 10000` tries this number of points, and prints the wrong
ones; tests/training/test_interrupted_fits.py tries some.
"""

import pickle
import random
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from estimator_cases import blobs, small
from helpers import SEED
from internals import fitted_of
from signal_points import FOLLOWED, handled, signal_at

from cmlp import MLPRegressor, Network, TabularRegressor, Trainer

X, Y = blobs(n_rows=24)
BLOCKS = [(X[:15], Y[:15]), (X[15:], Y[15:])]
SMALL = {"max_iter": 3, "batch_size": 8, "tol": 0, "n_iter_no_change": float("inf")}
MODULES = {"all modules": FOLLOWED, "cmlp._train": ("cmlp._train",)}
SIGNALS = ("SIGINT", "SIGTERM")
_AT_ONCE = 50


class Follows:
    """A callback that does nothing, so that no two epochs are one call of the core."""

    def on_epoch_end(self, trainer):
        pass


def network(**parameters):
    return small(hidden_layer_sizes=(2,), **{**SMALL, **parameters})


def trainer(**parameters):
    return Trainer(Network([4, 2, 3], random_state=0), random_state=3, **SMALL, **parameters)


def fit(model, **resume):
    model.fit(X, Y, **resume)


def fit_numbers(model, **resume):
    model.fit(X, X[:, 0], **resume)


def fit_batches(model, **resume):
    model.fit_batches(BLOCKS, n_rows=24, **({"classes": [0, 1, 2]} | resume))


def fit_with_numpy(model, **resume):
    """Use a generator of the program, which a fit that has kept nothing begins again."""
    if not resume:
        model.set_params(random_state=np.random.RandomState(3))
    model.fit(X, Y, **resume)


def content(model):
    """Return what the calls of an estimator have left, as values to compare; None before the first one."""
    result = fitted_of(model)
    if result is None:
        return None
    networks = [params.tobytes() for _, params in result.model.networks]
    curves = [(each.epoch, list(each.history.loss_curve), each.history.t) for each in result.states]
    return networks, curves


def content_of_trainer(one):
    return one.network.params.tobytes(), one.loss_curve


class Case(NamedTuple):
    """What is trained, the call, and what it leaves, as values to compare.

    `resume=True` is passed to the call if the interrupted one has kept something, unless it may keep what calls of
    these other objects leave.
    """

    new: Callable
    train: Callable = fit
    content: Callable = content
    shorter: Sequence[Callable] = ()


def case_of_trainer(**parameters):
    return Case(lambda: trainer(**parameters), lambda one: one.run(X, Y), content_of_trainer)


CASES = {
    "plain": Case(network),
    "early stopping": Case(lambda: network(early_stopping=True, validation_fraction=0.25)),
    "callbacks": Case(lambda: network(callbacks=[Follows()])),
    "sgd adaptive": Case(
        lambda: network(
            solver="sgd", learning_rate="adaptive", tol=10.0, n_iter_no_change=1, max_iter=6
        )
    ),
    "sgd invscaling": Case(lambda: network(solver="sgd", learning_rate="invscaling")),
    "blocks": Case(lambda: network(shuffle="blocks", block_size=3)),
    "one_cycle dropout": Case(lambda: network(learning_rate="one_cycle", dropout=0.2)),
    "generator of the program": Case(network, fit_with_numpy),
    "warm start": Case(lambda: network(warm_start=True).fit(X, Y)),
    "y_scale": Case(
        lambda: MLPRegressor(hidden_layer_sizes=(2,), y_scale="standard", random_state=0, **SMALL),
        fit_numbers,
    ),
    "fit_batches": Case(network, fit_batches),
    "partial_fit": Case(
        lambda: network().partial_fit(X, Y, classes=[0, 1, 2]),
        lambda model: model.partial_fit(X, Y),
    ),
    "lbfgs": Case(
        lambda: network(solver="lbfgs"),
        shorter=[lambda n=n: network(solver="lbfgs", max_iter=n) for n in (1, 2)],
    ),
    "table": Case(
        lambda: TabularRegressor(
            n_estimators=2, hidden_layer_sizes=(4,), n_epochs=3, random_state=0, n_threads=2
        ),
        fit_numbers,
    ),
    "trainer": case_of_trainer(),
    "trainer early stopping": case_of_trainer(early_stopping=True),
}


def left(case, model):
    """Return what the call of a case leaves of an object."""
    case.train(model)
    return case.content(model)


def wrong_points(name, n, seed=SEED):
    """End the call of a case n times, anywhere, and continue it; return what is wrong."""
    case, rng = CASES[name], random.Random(f"{seed} {name}")
    left(case, case.new())  # which imports what a first call imports
    whole, shorter = left(case, case.new()), [left(case, each()) for each in case.shorter]
    models = {where: case.new() for where in MODULES}
    n_points = {
        where: signal_at(0, lambda where=where: case.train(models[where]), "SIGINT", modules)[0]
        for where, modules in MODULES.items()
    }
    problems = []
    for _ in range(n):
        where, signal = rng.choice(list(MODULES)), rng.choice(SIGNALS)
        step, is_pickled = rng.randint(1, n_points[where]), rng.random() < 0.5
        problem = _problem(case, whole, shorter, step, signal, MODULES[where], is_pickled)
        if problem:
            point = f"{signal} before bytecode {step} of {n_points[where]} in {where}"
            problems.append(f"CMLP_SEED={seed}, {name}, {point}: {problem}")
    return problems


def _problem(case, whole, shorter, step, signal, modules, is_pickled):
    model = case.new()
    before = fitted_of(model)
    with handled(signal):
        signal_at(step, lambda: case.train(model), signal, modules)
    if "_fitting" in vars(model):
        return "the estimator is locked"
    is_kept = "_interrupted" in vars(model) or fitted_of(model) is not before
    if is_pickled:
        model = pickle.loads(pickle.dumps(model))
    if case.content(model) == whole or (is_kept and case.content(model) in shorter):
        return ""
    try:
        case.train(model, **({"resume": True} if is_kept else {}))
    except Exception as error:
        return f"kept: {is_kept}, {error!r}"
    return "" if case.content(model) == whole else f"kept: {is_kept}, other bits"


def main(n):
    """Try n points, some of each case in turn, and print the wrong ones."""
    warnings.simplefilter("ignore")
    n_tried = n_wrong = 0
    while n_tried < n:
        for name in CASES:
            problems = wrong_points(name, _AT_ONCE, f"{SEED} {n_tried}")
            n_tried, n_wrong = n_tried + _AT_ONCE, n_wrong + len(problems)
            print(*problems, f"{n_tried} points, {n_wrong} wrong", sep="\n", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
