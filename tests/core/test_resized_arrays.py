"""Python code that runs while the bridge converts arguments cannot make the core read freed memory."""

import signal

import numpy as np
import pytest
from helpers import digest, net_and_params

from cmlp._bridge import _core

N = 5000  # numbers, so that `resize` gives the memory back to the system


def resizing(array, value):
    """Return an object that equals `value`, and frees the memory of `array` when it becomes a number."""

    class Resizing(type(value)):
        def resize(self):
            array.resize(3, refcheck=False)
            return value

        def __lt__(self, other):
            return self.resize() < other

        def __float__(self):
            return float(self.resize())

    return Resizing(value)


def small():
    net, params = net_and_params((N, 40, 2), ["tanh", "softmax"], "log_loss", np.float64)
    params = params.copy()
    return net, params, np.ones((5, N)), np.eye(2)[[0, 1, 0, 1, 0]]


@pytest.mark.parametrize("which", ["params", "X"])
@pytest.mark.parametrize("keyword, value", [("n_threads", 1), ("scale", 1.0)])
def test_a_call_refuses_an_array_that_its_own_arguments_resize(which, keyword, value):
    net, params, X, Y = small()
    array = {"params": params, "X": X}[which]
    for call in (net.cost, net.gradient):
        with pytest.raises(ValueError, match="array"):
            call(params, X, Y, **{keyword: resizing(array, value)})
    net, params, X, Y = small()
    array = {"params": params, "X": X}[which]
    with pytest.raises(ValueError, match="array"):
        net.forward(params, X, **{keyword: resizing(array, value)})


@pytest.mark.parametrize("which", ["params", "X"])
@pytest.mark.parametrize("keyword, value", [("n_threads", 1), ("scale", 1.0)])
def test_the_call_of_small_batches_reads_no_array_that_was_resized(which, keyword, value):
    net, params, X, _ = small()
    array = {"params": params, "X": X}[which]
    options = {"scale": 1.0, keyword: resizing(array, value)}
    assert net.forward_small(params, X, **options) is None


def test_out_is_not_written_where_it_was():
    net, params, X, _ = small()
    out = np.empty((5, 2))
    with pytest.raises(ValueError, match="must keep its size"):
        net.forward(params, X, out=out, n_threads=resizing(out, 1))


def test_a_loss_that_resizes_the_rows_ends_the_call():
    X, Y = np.ones((5, N)), np.ones((5, 2))

    def loss(y, output):
        X.resize(3, refcheck=False)
        return np.zeros(len(y)), np.zeros_like(output)

    net, params = net_and_params((N, 40, 2), ["tanh", "identity"], loss, np.float64)
    with pytest.raises(ValueError, match="must keep its size"):
        net.cost(params, X, Y)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no timers of signals")
@pytest.mark.parametrize("call", ["cost", "forward", "train_epoch"])
def test_a_signal_handler_that_resizes_the_rows_ends_the_call(call):
    net, params = net_and_params((N, 400, 2), ["tanh", "softmax"], "log_loss", np.float32)
    params, X, Y = params.copy(), np.ones((3000, N), np.float32), np.zeros(3000, np.int32)

    optimizer = _core.Optimizer(net, "sgd", learning_rate=0.1)

    def resize(number, frame):
        X.resize(3, refcheck=False)

    calls = {
        "cost": lambda: net.cost(params, X, Y, n_threads=1),
        "forward": lambda: net.forward(params, X, n_threads=1),
        "train_epoch": lambda: net.train_epoch(
            params, X, Y, optimizer, batch_size=100, n_threads=1
        ),
    }
    before = signal.signal(signal.SIGALRM, resize)
    signal.setitimer(signal.ITIMER_REAL, 0.03)
    try:
        with pytest.raises(ValueError, match="array"):
            calls[call]()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_scale_is_read_once():
    """A tuple whose items change from one reading to the next would give the core an array that was never checked."""

    class Changing(tuple):
        def __getitem__(self, index):
            return np.ones(1)

    net, params, X, _ = small()
    pair = np.zeros(N), np.full(N, 0.5)
    expected = net.forward(params, X, scale=pair)
    assert digest(net.forward(params, X, scale=Changing(pair))) == digest(expected)


def test_the_writer_of_a_file_gets_memory_that_is_released():
    pieces = []
    _write(pieces.append)
    with pytest.raises(ValueError, match="released"):
        bytes(pieces[0])


def _write(write):
    net, params = net_and_params((3, 2), ["softmax"], "log_loss", np.float64)
    _core.write_model(net, params, scale=1.0, strings={}, arrays={}, write=write)
