"""Ctrl-C, forks and threads while the core computes without the GIL."""

import operator
import os
import signal
import threading
import time
from _thread import interrupt_main
from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest
from helpers import assert_same_bits, inputs, labels, net_and_params, run_python

from cmlp import Network
from cmlp._bridge import _core

# ---------------------------------------------------------------- Ctrl-C

# Several seconds of work with little memory: one row, repeated by broadcasting.
SIZES, ROWS, BATCH = (784, 512, 1), 1_000_000, 100
MANY = np.broadcast_to(inputs(1, 1, 784, np.float32), (ROWS, 784))
ONES = np.broadcast_to(np.uint8(1), (ROWS, 1))


pytestmark = pytest.mark.usefixtures("no_lost_signals")


class Stop(Exception):
    pass


@contextmanager
def ctrl_c(handler=signal.default_int_handler):
    """Raise SIGINT after 0.1 s. After the block, a late signal is ignored."""
    before = signal.signal(signal.SIGINT, handler)
    timer = threading.Timer(0.1, signal.raise_signal, [signal.SIGINT])
    timer.start()
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        timer.cancel()
        timer.join()
        signal.signal(signal.SIGINT, before)


def training(kind="sgd"):
    net, params = net_and_params(SIZES, ["tanh", "logistic"], "log_loss", np.float32)
    params *= np.float32(0.1)
    return net, params, _core.Optimizer(net, kind, learning_rate=0.01)


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_ctrl_c_stops_an_epoch_after_a_whole_batch(kind, n_threads):
    """Parameters and optimizer match the completed batches, and the epoch can be resumed at the next one."""
    net, params, optimizer = training(kind)
    with pytest.raises(KeyboardInterrupt), ctrl_c():
        net.train_epoch(params, MANY, ONES, optimizer, batch_size=BATCH, n_threads=n_threads)
    done = optimizer.n_steps
    assert 0 < done < ROWS // BATCH // 2
    _, expected, twin = training(kind)
    n = done * BATCH
    net.train_epoch(expected, MANY[:n], ONES[:n], twin, batch_size=BATCH)
    assert_same_bits(params, expected)
    assert_same_bits(optimizer.state, twin.state)
    rest = slice(n, n + 500)
    net.train_epoch(params, MANY, ONES, optimizer, batch_size=BATCH, order=np.arange(n, n + 500))
    net.train_epoch(expected, MANY[rest], ONES[rest], twin, batch_size=BATCH)
    assert_same_bits(params, expected)


def test_ctrl_c_within_a_long_batch_keeps_the_parameters():
    net, params, optimizer = training()
    before = params.copy()
    with pytest.raises(KeyboardInterrupt), ctrl_c():
        net.train_epoch(params, MANY, ONES, optimizer, batch_size=ROWS)
    assert_same_bits(params, before)
    assert optimizer.n_steps == 0


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize(
    "call",
    [
        lambda net, n: net.forward(MANY),
        lambda net, n: net.cost(MANY, ONES),
        lambda net, n: net.gradient(MANY, ONES),
    ],
    ids=["forward", "cost", "gradient"],
)
def test_ctrl_c_stops_passes(call, n_threads):
    net = Network(SIZES, "tanh", output="logistic", n_threads=n_threads, random_state=0)
    with pytest.raises(KeyboardInterrupt), ctrl_c():
        call(net, n_threads)
    assert np.isfinite(net.forward(MANY[:1])).all()


def test_deferred_ctrl_c_takes_effect_at_the_end():
    done = []

    def act():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        done.append(True)

    with pytest.raises(KeyboardInterrupt):
        _core.run_deferred(None, act)
    assert done


def test_ctrl_c_that_has_waited_for_a_second_lets_another_one_take_effect():
    done = []

    def act():
        signal.raise_signal(signal.SIGINT)
        time.sleep(1.05)
        signal.raise_signal(signal.SIGINT)
        done.append(True)

    with pytest.raises(KeyboardInterrupt):
        _core.run_deferred(None, act)
    assert not done


def test_ctrl_c_just_before_it_is_deferred_waits_too():
    """No bytecode is between the signal and the call."""
    done = []
    calls = (interrupt_main, partial(_core.run_deferred, None, lambda: done.append(True)))
    with pytest.raises(KeyboardInterrupt):
        list(map(operator.call, calls))
    assert done


def test_signal_handler_of_the_user_is_called():
    def stop(*_):
        raise Stop

    net = Network(SIZES, "tanh", output="logistic", random_state=0)
    with pytest.raises(Stop), ctrl_c(stop):
        net.train_epoch(MANY, ONES, BATCH, 0.01)


def test_training_continues_if_the_signal_handler_returns():
    calls = []
    ours, theirs = (Network(SIZES, "tanh", output="logistic", random_state=0) for _ in range(2))
    n, epochs = 10_000, 0
    with ctrl_c(lambda *_: calls.append(True)):
        while not calls:  # a fast machine may finish an epoch before the signal comes
            ours.train_epoch(MANY[:n], ONES[:n], BATCH, 0.01)
            epochs += 1
    for _ in range(epochs):
        theirs.train_epoch(MANY[:n], ONES[:n], BATCH, 0.01)
    assert_same_bits(ours.params, theirs.params)


# ---------------------------------------------------------------- time between two checks for Ctrl-C

# Seconds. cmlp.h documents 0.1 for networks of up to 10^7 parameters; larger ones and longer rows
# take longer. The networks here are smaller and have many rows: without the checks, each call would
# take several times as long as this.
LONGEST_GAP = 0.1


def longest_gap(call):
    """Return the longest time between two runs of a signal handler during a call.

    The time is that of the thread's processor, so that other programs on the machine do not count.
    """
    times = []
    before = signal.signal(signal.SIGALRM, lambda *_: times.append(time.thread_time()))
    times.append(time.thread_time())
    signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
    try:
        call()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        times.append(time.thread_time())
        signal.signal(signal.SIGALRM, before)
    return max(np.diff(times))


def is_noticed_in_time(call):
    """Whether one of five calls has no longer gap: a machine that does something else may add to some of them."""
    return any(longest_gap(call) < LONGEST_GAP for _ in range(5))


needs_timer = pytest.mark.skipif(
    not hasattr(signal, "setitimer"), reason="this system has no interval timer"
)


LONG_CALLS = {
    "train_epoch": lambda net, X, Y, out: net.train_epoch(X, Y, len(X), 0.01),
    "gradient": lambda net, X, Y, out: net.gradient(X, Y),
    "input_gradient": lambda net, X, Y, out: net.input_gradient(X, Y),
    "cost": lambda net, X, Y, out: net.cost(X, Y),
    "forward": lambda net, X, Y, out: net.forward(X, out),
}


@needs_timer
@pytest.mark.slow
@pytest.mark.parametrize(
    ("sizes", "n"), [((50, 1500, 1500, 3), 3000), ((2, 2, 10_000), 5000)], ids=["deep", "wide"]
)
@pytest.mark.parametrize("call", LONG_CALLS)
def test_ctrl_c_is_noticed_in_time(sizes, n, call):
    net = Network(sizes, "tanh", random_state=0, n_threads=1)
    X = inputs(1, n, sizes[0], np.float32)
    Y = np.broadcast_to(
        np.arange(sizes[-1]) == 0, (n, sizes[-1])
    )  # all rows are of the first class
    # Allocating a large result and freeing it would be a gap too, but none of the core's.
    out = np.ones((n, sizes[-1]), np.float32)
    assert is_noticed_in_time(lambda: LONG_CALLS[call](net, X, Y, out))


@needs_timer
@pytest.mark.slow
@pytest.mark.parametrize("random_state", [0, np.random.RandomState(0)], ids=["int", "RandomState"])
def test_ctrl_c_is_noticed_in_time_while_weights_are_drawn(random_state):
    assert is_noticed_in_time(lambda: Network([8000, 8000], random_state=random_state))


def test_long_draws_can_be_interrupted():
    with pytest.raises(KeyboardInterrupt), ctrl_c():
        for _ in range(1000):
            _core.Random(0).random_sample((2_000_000,))


# ---------------------------------------------------------------- forks

# Large enough that several threads train it and predict with it.
SETUP = """
import os, sys, threading, warnings
import numpy as np
from helpers import inputs, labels
from cmlp import Network

warnings.simplefilter("ignore")  # Python warns about forks in multi-threaded programs
X, Y = inputs(1, 600, 300, np.float32), labels(2, 600, 7)

def network():
    return Network([300, 65, 40, 7], random_state=0, n_threads=3)

def train(net, epochs=3):
    for _ in range(epochs):
        net.train_epoch(X, Y, 300, 0.1)
    return net

expected = train(network()).params.copy()

def works():
    return (train(network()).params == expected).all()

def child_works():
    pid = os.fork()
    if pid == 0:
        os._exit(0 if works() else 1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
"""

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@needs_fork
def test_fork_before_and_after_training():
    run_python(SETUP + "assert child_works() and works() and child_works() and works()")


@needs_fork
def test_fork_from_another_thread_during_training():
    """The child has a single thread, although other threads of the parent were training during the fork."""
    program = """
stop = threading.Event()

def train_on():
    while not stop.is_set():
        assert works()

threads = [threading.Thread(target=train_on) for _ in range(2)]
for thread in threads:
    thread.start()
results = [child_works() for _ in range(20)]
stop.set()
for thread in threads:
    thread.join()
assert all(results) and works()
"""
    run_python(SETUP + program)


@needs_fork
def test_multiprocessing_by_fork_during_training():
    program = """
import multiprocessing
context = multiprocessing.get_context("fork")
net = train(network())
expected_output = net.forward(X)
stop = threading.Event()

def train_on():
    while not stop.is_set():
        works()

def predict(rows):
    return net.forward(X[rows])

thread = threading.Thread(target=train_on)
thread.start()
with context.Pool(3) as pool:
    parts = pool.map(predict, [slice(i, i + 50) for i in range(0, 600, 50)])
stop.set()
thread.join()
assert (np.concatenate(parts) == expected_output).all()
"""
    run_python(SETUP + program)


# ---------------------------------------------------------------- threads


def test_other_threads_run_while_the_core_computes():
    net = Network(SIZES, "tanh", output="logistic", random_state=0)
    ticks, stop = [], threading.Event()

    def tick():
        while not stop.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.001)

    ticker = threading.Thread(target=tick)
    ticker.start()
    start = time.monotonic()
    net.forward(MANY[:30_000])
    end = time.monotonic()
    stop.set()
    ticker.join()
    assert sum(start < t < end for t in ticks) >= 3


def test_many_threads_predict_while_another_trains():
    X, Y = inputs(1, 600, 300, np.float32), labels(2, 600, 7)
    shared = Network([300, 65, 40, 7], random_state=0)
    expected = shared.forward(X)
    trained, twin = (Network([300, 65, 40, 7], random_state=1) for _ in range(2))
    failures, barrier = [], threading.Barrier(9)

    def predict(rows):
        barrier.wait()
        for _ in range(30):
            if not np.array_equal(shared.forward(X[rows]), expected[rows]):
                failures.append(rows)

    def train(net):
        for _ in range(10):
            net.train_epoch(X, Y, 300, 0.1)

    threads = [threading.Thread(target=predict, args=[slice(i, None, 8)]) for i in range(8)]
    for thread in threads:
        thread.start()
    barrier.wait()
    train(trained)
    for thread in threads:
        thread.join()
    assert failures == []
    train(twin)
    assert_same_bits(trained.params, twin.params)
    assert_same_bits(shared.forward(X), expected)
