"""Ctrl-C while code of the caller runs in a fit, and other handlers than Python's."""

import asyncio
import pickle
import signal
import threading
import time

import numpy as np
import pytest
from estimator_cases import blobs, interrupted_at, small
from signal_points import no_threads_left

from cmlp import MLPClassifier, MLPRegressor, Network, TabularRegressor, Trainer

pytestmark = [
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer"),
    pytest.mark.usefixtures("no_lost_signals"),
]

X, Y = blobs()


@pytest.fixture(autouse=True)
def handler_stays():
    """After every outcome, the caller's handler is in force."""
    before = signal.getsignal(signal.SIGINT)
    yield
    assert signal.getsignal(signal.SIGINT) is before


WHOLE_SLEEPS = []  # those that Ctrl-C has not ended


def sleep_with_ctrl_c():
    """Sleep until Ctrl-C, which comes after 0.05 s, for five seconds at most."""
    timer = threading.Timer(0.05, signal.raise_signal, [signal.SIGINT])
    timer.start()
    try:
        for _ in range(250):  # a signal of another thread does not end a sleep
            time.sleep(0.02)
        WHOLE_SLEEPS.append(True)
    finally:
        timer.join()


class Sleeper:
    def __init__(self, hook):
        setattr(self, hook, lambda trainer: sleep_with_ctrl_c())


def in_callback(hook):
    return lambda: small(callbacks=[Sleeper(hook)]).fit(X, Y)


def in_score():
    def score(model, X, y):
        sleep_with_ctrl_c()

    small(early_stopping=True, scoring=score).fit(X, Y)


def in_loss():
    def loss(y, output):
        sleep_with_ctrl_c()

    MLPRegressor(loss=loss, hidden_layer_sizes=(3,), max_iter=2).fit(X, X[:, 0])


def in_blocks():
    def blocks():
        yield X, Y
        sleep_for_main.wait()
        yield X, Y

    sleep_for_main = threading.Event()
    timer = threading.Timer(0.2, signal.raise_signal, [signal.SIGINT])
    release = threading.Timer(0.4, sleep_for_main.set)
    timer.start(), release.start()
    small().fit_batches(blocks, classes=[0, 1, 2], n_rows=240)


def in_print():
    class Slow:
        def write(self, text):
            sleep_with_ctrl_c()

        def flush(self):
            pass

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", Slow())
        small(verbose=True).fit(X, Y)


def in_an_epoch_of_the_caller():
    net = Network([4, 3, 3], random_state=0)
    for _ in Trainer(net).epochs(X, Y):
        sleep_with_ctrl_c()


@pytest.mark.parametrize(
    "fit",
    [
        *(
            pytest.param(in_callback(hook), id=hook)
            for hook in ("on_fit_begin", "on_epoch_end", "on_fit_end")
        ),
        in_score,
        in_loss,
        in_blocks,
        in_print,
        in_an_epoch_of_the_caller,
    ],
)
def test_ctrl_c_takes_effect_at_once_in_code_of_the_caller(fit):
    WHOLE_SLEEPS.clear()
    with pytest.raises(KeyboardInterrupt):
        fit()
    assert not WHOLE_SLEEPS


def test_own_handler_is_called_once_and_training_goes_on():
    calls = []
    before = signal.signal(signal.SIGINT, lambda number, frame: calls.append(number))
    try:
        model = small(callbacks=[Signal()]).fit(X, Y)
    finally:
        signal.signal(signal.SIGINT, before)
    assert calls == [signal.SIGINT] and model.n_iter_ == 15


class Signal:
    """A callback that raises a signal after the first epoch."""

    def __init__(self):
        self.sent = False

    def on_epoch_end(self, trainer):
        if not self.sent:
            self.sent = True
            signal.raise_signal(signal.SIGINT)


def test_ignored_ctrl_c_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert small(callbacks=[Signal()]).fit(X, Y).n_iter_ == 15
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_handler_that_a_callback_sets_stays_and_is_used():
    calls = []

    def handler(number, frame):
        calls.append(number)

    class Sets(Signal):
        def on_fit_begin(self, trainer):
            signal.signal(signal.SIGINT, handler)

    before = signal.getsignal(signal.SIGINT)
    try:
        small(callbacks=[Sets()]).fit(X, Y)
        assert signal.getsignal(signal.SIGINT) is handler and calls == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)


class Ends:
    """A callback that ends a fit after its first epoch, as Ctrl-C does."""

    def on_epoch_end(self, trainer):
        raise KeyboardInterrupt


@pytest.mark.parametrize("function", ["_keep_interrupted", "store"])
def test_another_ctrl_c_waits_until_the_model_is_stored(function):
    for step in range(1, 30):
        model = small(callbacks=[Ends()])
        assert interrupted_at(
            step, lambda fit=model.fit: fit(X, Y), f"cmlp._fit.fit:{function}", anywhere=True
        )
        assert model.n_iter_ == 1


def test_trainer_that_a_key_held_down_has_ended_is_pickled_with_all_that_is_done(monkeypatch):
    """Ctrl-C comes before the state takes over what the core has done, and again before this is repeated."""

    def trainer():
        return Trainer(Network([4, 3, 3], random_state=0), max_iter=3, random_state=0)

    whole, one = trainer().run(X, Y), trainer()
    settle, interruptions = type(one.state).settle, [KeyboardInterrupt, KeyboardInterrupt]

    def interrupted(state, *step):
        if state.unsettled is not None and interruptions:
            raise interruptions.pop()
        settle(state, *step)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(type(one.state), "settle", interrupted)
        one.run(X, Y)
    assert not interruptions
    again = pickle.loads(pickle.dumps(one)).run(X, Y)
    np.testing.assert_array_equal(again.network.params, whole.network.params)


def test_ctrl_c_a_second_later_does_not_wait_for_a_thread_that_goes_on(monkeypatch):
    """The thread changes what would be stored, so the previous model stays."""
    main, released = threading.current_thread(), threading.Event()

    class Stdout:
        def write(self, text):
            if threading.current_thread() is not main:
                released.wait(30)

        def flush(self):
            pass

    model = TabularRegressor(hidden_layer_sizes=(4,), n_estimators=2, n_epochs=2, random_state=0)
    before = model.fit(X, X[:, 0]).predict(X)
    monkeypatch.setattr("sys.stdout", Stdout())
    model.set_params(n_epochs=10**6, n_threads=2, verbose=True)
    timers = [threading.Timer(t, signal.raise_signal, [signal.SIGINT]) for t in (0.5, 1.0, 1.7)]
    with no_threads_left():
        for timer in timers:
            timer.start()
        try:
            with pytest.raises(KeyboardInterrupt):
                model.fit(X, X[:, 0])
            assert not released.is_set()
            np.testing.assert_array_equal(model.predict(X), before)
        finally:
            released.set()


def test_fit_within_a_callback_and_in_a_thread():
    class Inner:
        def on_epoch_end(self, trainer):
            small(max_iter=1).fit(X, Y)
            thread = threading.Thread(target=lambda: small(max_iter=1).fit(X, Y))
            thread.start()
            thread.join()

    assert small(max_iter=3, callbacks=[Inner()]).fit(X, Y).n_iter_ == 3


def test_fit_in_a_coroutine():
    async def run():
        model = small(max_iter=10**9, max_time=30, tol=0, n_iter_no_change=np.inf)
        threading.Timer(0.2, signal.raise_signal, [signal.SIGINT]).start()
        # Where the machine is busy, two signals that follow at once count as one.
        threading.Timer(1.2, signal.raise_signal, [signal.SIGINT]).start()
        return model.fit(X, Y)

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(run())
    assert time.monotonic() - started < 10


def test_another_handler_that_raises_leaves_the_estimator_usable():
    class Stop(Exception):
        pass

    def stop(number, frame):
        raise Stop

    before = signal.signal(signal.SIGINT, stop)
    timer = threading.Timer(0.2, signal.raise_signal, [signal.SIGINT])
    model = MLPClassifier(
        (8,), max_iter=10**9, max_time=30, tol=0, n_iter_no_change=np.inf, random_state=0
    )
    timer.start()
    try:
        with pytest.raises(Stop):
            model.fit(X, Y)
    finally:
        timer.join()
        signal.signal(signal.SIGINT, before)
    assert not hasattr(model, "classes_") or model.n_iter_
    model.set_params(max_iter=1).fit(X, Y)
