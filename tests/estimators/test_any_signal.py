"""An exception from a handler of any signal, before any bytecode of a call that trains.

Afterwards no estimator is locked, all handlers are in force, the model is the old or the new one, and the next call
works. Only after a KeyboardInterrupt is there a third: the model of the complete epochs.
"""

import copy
import pickle
import random
import signal
import threading
import time
import warnings

import numpy as np
import pytest
from estimator_cases import blobs, flat, small
from internals import fitted_of
from signal_points import (
    CRITICAL,
    FOLLOWED,
    MEASURING,
    NAMES,
    TRAINING,
    Stop,
    handled,
    no_threads_left,
    raise_stop,
    signal_at,
)

import cmlp
from cmlp import (
    MLPRegressor,
    Network,
    TabularClassifier,
    TabularRegressor,
    Trainer,
    find_learning_rate,
    fit_many,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.usefixtures("no_lost_signals"),
    pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs the signals of POSIX"),
]

X, Y = blobs(n_rows=24)
TWO = Y % 2
ENDLESS = {"tol": 0, "n_iter_no_change": float("inf")}


def network(**parameters):
    return small(
        **{"hidden_layer_sizes": (2,), "max_iter": 3, "batch_size": 12, **ENDLESS, **parameters}
    )


def table(kind=TabularClassifier, **parameters):
    settings = {
        "n_estimators": 2,
        "hidden_layer_sizes": (4,),
        "n_epochs": 3,
        "random_state": 0,
        "n_threads": 2,
    }
    return kind(**{**settings, **parameters})


class Ends:
    """A callback that ends a fit after its first epoch, as Ctrl-C does."""

    def on_epoch_end(self, trainer):
        raise KeyboardInterrupt


class Follows:
    """A callback that does nothing."""

    def on_epoch_end(self, trainer):
        pass


def interrupted(model):
    """Return an estimator whose fit has ended in the middle, unpickled."""
    with pytest.raises(KeyboardInterrupt):
        model.set_params(callbacks=[Ends()]).fit(X, Y)
    return pickle.loads(pickle.dumps(model.set_params(callbacks=None)))


def blocks(model):
    model.fit_batches([(X[:15], Y[:15]), (X[15:], Y[15:])], classes=[0, 1, 2], n_rows=24)


# Functions that make an estimator, and train it.
CASES = {
    "fit": (lambda: network().fit(X, Y[::-1]), lambda model: model.fit(X, Y)),
    "first fit": (network, lambda model: model.fit(X, Y)),
    "warm start": (lambda: network(warm_start=True).fit(X, Y), lambda model: model.fit(X, Y)),
    "early stopping": (
        lambda: network(early_stopping=True, provenance=True),
        lambda model: model.fit(X, Y),
    ),
    "callbacks": (
        lambda: network(verbose=True, callbacks=[Follows()]),
        lambda model: model.fit(X, Y),
    ),
    "lbfgs": (lambda: network(solver="lbfgs"), lambda model: model.fit(X, Y)),
    "resume": (lambda: interrupted(network()), lambda model: model.fit(X, Y, resume=True)),
    "partial_fit": (lambda: network().fit(X, Y), lambda model: model.partial_fit(X, Y)),
    "fit_batches": (lambda: network().fit(X, Y), blocks),
    "regressor": (
        lambda: MLPRegressor(
            hidden_layer_sizes=(2,), max_iter=3, y_scale="standard", random_state=0
        ).fit(X, X[:, 1]),
        lambda model: model.fit(X, X[:, 0]),
    ),
    "table": (lambda: table().fit(X, TWO), lambda model: model.fit(X, 1 - TWO)),
    "table in step": (
        lambda: table(TabularRegressor, callbacks=[Follows()]),
        lambda model: model.fit(X, X[:, 0]),
    ),
    "calibrate": (
        lambda: table().fit(X, TWO),
        lambda model: model.calibrate(X, TWO, probabilities=True),
    ),
    "calibrate intervals": (
        lambda: table(TabularRegressor).fit(X, X[:, 0]),
        lambda model: model.calibrate(X, X[:, 0]),
    ),
    "choose_threshold": (
        lambda: table().fit(X, TWO),
        lambda model: model.choose_threshold(X, TWO, recall=0.7),
    ),
    "threshold_": (lambda: table().fit(X, TWO), lambda model: setattr(model, "threshold_", 0.25)),
    "n_iter_": (lambda: network().fit(X, Y), lambda model: setattr(model, "n_iter_", 7)),
    "fit_many": (
        lambda: network().fit(X, Y[::-1]),
        lambda model: fit_many([model, network()], X, Y, n_threads=2),
    ),
    "find_learning_rate": (
        lambda: network().fit(X, Y),
        lambda model: find_learning_rate(model, X, Y, n_steps=4),
    ),
    "verify": (lambda: network(provenance=True).fit(X, Y), lambda model: cmlp.verify(model, X, Y)),
}


def content(model):
    """Return everything that a fit has learned, as comparable values; None before any fit."""
    fitted = vars(model).get("_result")
    if fitted is None:
        return None
    networks = [params.tobytes() for _, params in fitted.model.networks]
    curves = [
        (state.epoch, state.history.t, list(state.history.loss_curve)) for state in fitted.states
    ]
    other = [getattr(fitted.model, name, None) for name in ("threshold", "calibration")]
    return networks, curves, repr(other)


def is_complete(fitted):
    """Return whether what Ctrl-C has left is whole: the counters and curves of complete epochs."""
    for state in fitted.states:
        if state.optimizer is None:  # L-BFGS has no curve
            continue
        n_epochs, n_rows = len(state.history.loss_curve), state.history.t  # of all calls
        if state.batch is None and (n_epochs < state.epoch or (n_epochs and n_rows % n_epochs)):
            return False
    return True


@pytest.fixture(scope="module")
def known():
    """Return a function that returns a fresh estimator of a case, what its call leaves, and the number of bytecodes."""
    cases = {}

    def get(case, modules):
        make, call = CASES[case]
        if case not in cases:
            cases[case] = model = make()
            call(make())  # which imports what a first call imports
            cases[case] = pickle.dumps(model), None
        if (case, modules) not in cases:
            model = fresh(cases[case][0])
            n_points = signal_at(0, lambda: call(model), "SIGALRM", modules)[0]
            cases[case, modules] = content(model), n_points
        return fresh(cases[case][0]), *cases[case, modules]

    return get


def fresh(pickled):
    return pickle.loads(pickled)


def check(case, name, step, model, new, modules):
    """Interrupt the call of a case before a bytecode, and look at what it leaves."""
    _, call = CASES[case]
    before, old = vars(model).get("_result"), content(model)
    with handled(name), no_threads_left():
        _, error = signal_at(step, lambda: call(model), name, modules)
    where = f"{name} before bytecode {step} of {case}"
    assert "_fitting" not in vars(model), where
    now = vars(model).get("_result")
    if error is None:
        assert content(model) == new, where  # it came after the last change
    elif now is before:
        assert content(model) == old, where  # the old model, unchanged
    elif content(model) != new:
        assert error is KeyboardInterrupt and is_complete(now), where
    if now is not before:
        assert "_assigned" not in vars(model), where
        assert "_interrupted" not in vars(model), where
    if case != "resume" or error is not None:
        call(model)


def check_some(known, case, name, modules, n):
    rng = random.Random(f"{case} {name}")
    model, new, n_points = known(case, modules)
    for step in sorted(rng.sample(range(1, n_points + 1), min(n, n_points))):
        check(case, name, step, model, new, modules)
        model = known(case, modules)[0]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", CASES)
def test_exception_of_a_handler_at_some_bytecodes(known, case, name):
    check_some(known, case, name, CRITICAL, 5)


@pytest.mark.sampled(3)
@pytest.mark.slow
@pytest.mark.parametrize("n", [15, pytest.param(200, marks=pytest.mark.full)])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", CASES)
def test_exception_of_a_handler_at_many_bytecodes(known, case, name, n):
    check_some(known, case, name, CRITICAL, n)
    check_some(known, case, name, FOLLOWED, n)


def test_ctrl_c_while_the_errors_of_a_judged_model_are_measured_keeps_the_judgement():
    rng = np.random.default_rng(0)
    X, labels = rng.normal(size=(300, 4)), rng.integers(0, 2, 300)
    table().fit(X, labels)  # which imports what a first call imports
    model = table()
    with handled("SIGINT"):
        _, error = signal_at(1, lambda: model.fit(X, labels), "SIGINT", MEASURING)
    assert error is KeyboardInterrupt
    assert "useless" in [finding.code for finding in model.report_]
    model.set_params(warm_start=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error", cmlp.exceptions.UselessModelWarning)
        model.fit(X, labels)  # the first fit has warned


# ------------------------------------------------------------------------------------------ signals at any time


def interrupt_by_timers(n):
    """Interrupt n fits by a timer, each a bit later than the one before, and from the beginning again after the end."""
    # If the clock of timers is coarser than a fit, most fits end before the signal.
    model, n_interrupted, delay, n_fits = network().fit(X, Y), 0, 0.0, 0
    began = time.perf_counter()
    expected = flat(model.fit(X, Y)).tobytes()
    step = (time.perf_counter() - began) / min(n, 1000)
    with handled("SIGALRM"):
        while n_interrupted < n and n_fits < 20 * n:
            n_fits += 1
            delay += step
            try:
                signal.setitimer(signal.ITIMER_REAL, delay)
                model.fit(X, Y)
                delay = 0.0
            except Stop:
                n_interrupted += 1
            finally:
                try:
                    signal.setitimer(signal.ITIMER_REAL, 0)
                except Stop:
                    n_interrupted += 1
            assert "_fitting" not in vars(model)
            assert flat(model).tobytes() == expected
    assert n_interrupted


def test_timers_leave_no_estimator_locked():
    interrupt_by_timers(100)


@pytest.mark.slow
def test_many_timers_leave_no_estimator_locked():
    interrupt_by_timers(5_000)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_keyboard_interrupt_keeps_the_epochs_wherever_it_comes(name):
    """Also if the handler of another signal than that of Ctrl-C raises it."""
    model = network(max_iter=2)
    whole = flat(copy.deepcopy(model).fit(X, Y))
    n_points, _ = signal_at(0, lambda: copy.deepcopy(model).fit(X, Y), name, TRAINING)
    has_begun = False
    for step in range(1, n_points + 1, max(1, n_points // 25)):
        twin = copy.deepcopy(model)
        with handled(name):
            _, error = signal_at(step, lambda twin=twin: twin.fit(X, Y), name, TRAINING)
        assert error is KeyboardInterrupt
        is_kept = bool(vars(twin).keys() & {"_result", "_interrupted"})
        assert is_kept or not has_begun, step
        has_begun = is_kept
        again = twin.fit(X, Y, resume=is_kept)
        np.testing.assert_array_equal(flat(again), whole, f"bytecode {step}")
    assert has_begun


def repeatedly_interrupted(fit, seconds, delay=0.5):
    """Call a function with Ctrl-C after a delay, and again every few milliseconds, as by a key that is held down.

    The delay is CPU time, in which a fit completes epochs on a loaded machine, too. Return what the function raises.
    """
    stop, error, has_ended = threading.Event(), None, False
    first = time.process_time() + delay

    def press():
        while time.process_time() < first and not stop.wait(0.01):
            pass
        while not stop.wait(seconds):
            signal.raise_signal(signal.SIGINT)

    def interrupt(number, frame):
        if not has_ended and frame.f_code is not own_code:  # where no exception could be caught
            raise KeyboardInterrupt

    own_code = repeatedly_interrupted.__code__
    thread, handler = threading.Thread(target=press), signal.signal(signal.SIGINT, interrupt)
    try:
        thread.start()
        fit()
    except BaseException as raised:
        error = raised
    has_ended = True  # the function that changes the handler has a frame, too
    signal.signal(signal.SIGINT, lambda number, frame: None)
    stop.set()
    thread.join()
    signal.signal(signal.SIGINT, handler)
    return error


@pytest.mark.parametrize("seconds", [0.001, 0.02])
def test_ctrl_c_that_is_pressed_repeatedly_keeps_the_epochs_of_a_network(seconds):
    model = network(max_iter=10**9)
    error = repeatedly_interrupted(lambda: model.fit(X, Y), seconds)
    assert type(error) is KeyboardInterrupt
    assert model.n_iter_ > 0 and is_complete(fitted_of(model))
    model.set_params(max_iter=1).fit(X, Y)


@pytest.mark.parametrize("seconds", [0.002, 0.02])
@pytest.mark.parametrize("n", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_ctrl_c_that_is_pressed_repeatedly_keeps_the_epochs_of_a_table(seconds, n):
    model = table(n_epochs=10**6)
    for _ in range(n):
        vars(model).pop("_result", None)
        with no_threads_left():
            error = repeatedly_interrupted(lambda: model.fit(X, TWO), seconds)
        assert type(error) is KeyboardInterrupt
        assert all(state.epoch for state in fitted_of(model).states)
    model.set_params(n_epochs=2).fit(X, TWO)


@pytest.mark.parametrize("method", ["run", "epochs"])
@pytest.mark.parametrize("name", NAMES)
def test_trainer_continues_after_an_exception_of_a_handler(method, name):
    def trained(trainer):
        if method == "run":
            trainer.run(X, Y)
        else:
            for _ in trainer.epochs(X, Y):
                pass

    def trainer():
        net = Network([4, 3, 3], random_state=0)
        return Trainer(
            net, max_iter=3, batch_size=12, random_state=0, tol=0, n_iter_no_change=10**6
        )

    whole = trainer()
    n_points, _ = signal_at(0, lambda: trained(whole), name)
    rng = random.Random(f"{method} {name}")
    for step in rng.sample(range(1, n_points + 1), 25):
        one = trainer()
        with handled(name):
            signal_at(step, lambda one=one: trained(one), name)
        trained(one)
        assert one.finished and np.isfinite(one.network.params).all()
        np.testing.assert_array_equal(one.network.params, whole.network.params, f"bytecode {step}")


def test_warnings_of_a_handled_signal_are_not_needed():
    """A fit in which a handler returns is a fit without a signal."""
    model = network()
    before = signal.signal(signal.SIGALRM, lambda number, frame: None)
    try:
        signal_at(500, lambda: model.fit(X, Y), "SIGALRM")
    finally:
        signal.signal(signal.SIGALRM, before)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.testing.assert_array_equal(flat(model), flat(network().fit(X, Y)))


def test_fit_many_keeps_nothing_of_a_fit_that_another_exception_has_ended():
    """Complete epochs are kept after Ctrl-C only."""
    models = [network(max_iter=10**9), network(max_iter=10**9, random_state=2)]
    before = signal.signal(signal.SIGALRM, raise_stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(Stop):
            fit_many(models, X, Y, n_threads=2)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert not any(hasattr(model, "coefs_") for model in models)
    for model in models:
        model.set_params(max_iter=1).fit(X, Y)
