"""Hostile calls: each must give a clean exception or the right result, and may never crash the interpreter.

Every test here has crashed, read foreign memory or given wrong numbers, or belongs to the family of one that did.
"""

import pickle
import signal
import threading
import warnings

import numpy as np
import pytest
from helpers import assert_same_bits, inputs, labels, net_and_params, run_python
from internals import fitted_of, model_of, put_result

from cmlp import MLPClassifier, MLPRegressor, Network
from cmlp._bridge import _core

X, Y = inputs(1, 6, 3, np.float32), labels(2, 6, 2)
DENSE = np.eye(2, dtype=np.float32)[Y]
# What bad arguments may raise. Divergence and inputs that are not finite are ValueErrors too.
CLEAN = (ValueError, TypeError, OverflowError, MemoryError, NotImplementedError)


def bridge(kind="adam"):
    net, params = net_and_params((3, 4, 2), ["tanh", "softmax"], "log_loss", np.float32)
    return net, params, _core.Optimizer(net, kind, learning_rate=0.1, momentum=0.5)


# ---------------------------------------------------------------- objects of the bridge


def test_objects_created_without_init_do_not_crash():
    net, params, _ = bridge()
    optimizer = _core.Optimizer.__new__(_core.Optimizer)
    with pytest.raises(ValueError):
        net.train_epoch(params, X, Y, optimizer, batch_size=2)
    with pytest.raises(ValueError):
        _core.step(net, params, params, optimizer)
    with pytest.raises(TypeError):
        _core.Net.__new__(_core.Net)
    assert _core.Random.__new__(_core.Random).random_sample((3,)).shape == (3,)


# ---------------------------------------------------------------- arrays with false attributes


class FalseShape(np.ndarray):
    """An array whose Python attributes differ from its C fields."""

    shape = property(lambda self: (6, 2))
    ndim = property(lambda self: 2)
    size = property(lambda self: 12)
    dtype = property(lambda self: np.dtype(np.float32))
    strides = property(lambda self: (8, 4))

    def __repr__(self):
        return "FalseShape"


def test_false_shape_of_array_subclass_is_ignored():
    memory = np.zeros(100, np.float32)
    false = memory[:3].view(FalseShape)
    assert false.shape == (6, 2)
    net, params, optimizer = bridge()
    shared = Network([3, 4, 2], random_state=0)
    for call in (
        lambda: shared.forward(X, out=false),
        lambda: net.forward(params, X, out=false),
        lambda: net.forward(false, X),
        lambda: net.train_epoch(false, X, Y, optimizer, batch_size=2),
        lambda: _core.step(net, params, false, optimizer),
        lambda: shared.forward(false),
        lambda: shared.cost(X, false),
    ):
        with pytest.raises((ValueError, TypeError)):
            call()
    assert not memory.any()


def test_array_subclasses_work():
    class Plain(np.ndarray):
        pass

    net = Network([3, 4, 2], random_state=0)
    out = np.empty((6, 2), np.float32).view(Plain)
    assert net.forward(X.view(Plain), out=out) is out
    assert_same_bits(np.asarray(out), net.forward(X))


class FalseArray:
    """An object whose __array__ returns any given value."""

    def __init__(self, value):
        self.value = value

    def __array__(self, dtype=None, copy=None):
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


@pytest.mark.parametrize(
    "value",
    [None, "array", 3, [X], np.float32(1), X[0], np.full((6, 3), None), ZeroDivisionError()],
)
def test_failing_array_conversions_raise(value, net):
    for call in (net.forward, net.activations, lambda a: net.cost(a, Y), lambda a: net.cost(X, a)):
        with pytest.raises((*CLEAN, ZeroDivisionError)):
            call(FalseArray(value))


def test_argument_conversion_that_modifies_other_arguments():
    """Converting Y runs Python code after the shape and address of X have been read; X must stay valid."""
    net, params, optimizer = bridge()
    rows = X.copy()

    class Changer:
        def __array__(self, dtype=None, copy=None):
            for change in (
                lambda: rows.resize((1, 1)),
                lambda: params.resize(1),
                lambda: optimizer.state.resize(1),
            ):
                with pytest.raises(ValueError):
                    change()
                    raise ValueError  # where an array may be resized, its memory must not be used any more
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore", DeprecationWarning
                )  # NumPy 2.5 deprecates the assignment
                rows.shape = (18, 1)
            return Y

    expected, twin = params.copy(), _core.Optimizer(net, "adam", learning_rate=0.1, momentum=0.5)
    net.train_epoch(expected, X, Y, twin, batch_size=2)
    try:
        net.train_epoch(params, rows, Changer(), optimizer, batch_size=2)
    except ValueError:
        return
    assert_same_bits(params, expected)


def test_resized_optimizer_state_raises():
    """The array owns its memory, so NumPy allows the program to resize it."""
    net, params, optimizer = bridge()
    net.train_epoch(params, X, Y, optimizer, batch_size=2)
    try:
        optimizer.state.resize(1)
    except ValueError:
        return
    before = params.copy()
    with pytest.raises(ValueError, match="must have 52 values"):
        net.train_epoch(params, X, Y, optimizer, batch_size=2)
    assert_same_bits(params, before)


def test_an_optimizer_cannot_be_initialized_twice():
    """Another thread could be training with it."""
    net, _, optimizer = bridge()
    with pytest.raises(TypeError, match="initialized twice"):
        optimizer.__init__(net, "sgd", learning_rate=0.1)


def strided(values, shape, strides):
    return np.lib.stride_tricks.as_strided(values, shape, strides)


LINE = np.linspace(-1, 1, 40, dtype=np.float32)
ROWS = {
    "negative strides": LINE[:18].reshape(6, 3)[::-1, ::-1],
    "overlapping rows": strided(LINE, (6, 3), (4, 4)),
    "one row": np.broadcast_to(LINE[:3], (6, 3)),
    "one number": np.broadcast_to(np.float32(0.5), (6, 3)),
    "transposed": LINE[:18].reshape(3, 6).T,
    "large strides": np.zeros((60, 300), np.float32)[::10, ::100],
    "read-only bytes": np.frombuffer(bytes(range(18)), np.uint8).reshape(6, 3),
    "odd address": np.frombuffer(bytes(range(73)), np.uint8)[1:].view(np.float32).reshape(6, 3),
    "big-endian": LINE[:18].reshape(6, 3).astype(">f4"),
    "bool": LINE[:18].reshape(6, 3) > 0,
    "no rows": LINE[:0].reshape(0, 3),
    "huge integers": np.full((6, 3), 2**63 - 1),
    "huge unsigned": np.full((6, 3), 2**64 - 1, np.uint64),
    "record": np.zeros((6, 3), np.float32).view(np.recarray),
}


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("n_threads", [1, 3])
def test_rows_of_any_layout_give_the_same_bits_as_a_copy(rows, n_threads):
    net = Network([3, 4, 2], random_state=0, n_threads=n_threads)
    copy = np.array(
        rows, np.float64 if rows.dtype.kind in "iu" and rows.dtype.itemsize > 1 else None, order="C"
    )
    copy = copy.astype(copy.dtype.newbyteorder("=")).view(np.ndarray)
    assert_same_bits(net.forward(rows), net.forward(copy))
    if len(rows):
        assert_same_bits(net.gradient(rows, Y).flat, net.gradient(copy, Y).flat)


@pytest.mark.parametrize("rows", [2**40, 2**61])
def test_more_rows_than_fit_into_memory(rows, net):
    """Arrays with a stride of 0 can have any number of rows; products of sizes must not overflow."""
    huge = strided(np.zeros(1, np.uint8), (rows, 3), (0, 0))
    with pytest.raises((MemoryError, ValueError)):
        net.forward(huge)
    assert model_of(net).net.forward_small(net.params, huge, 1.0) is None


# ---------------------------------------------------------------- pickles


def test_pickles_of_a_network():
    net = Network([3, 4, 2], random_state=0)
    twin = pickle.loads(pickle.dumps(net))
    assert_same_bits(twin.forward(X), net.forward(X))
    state = net.__getstate__()
    swapped = {**state, "_params": net.params.astype(">f4")}
    twin.__setstate__(swapped)
    assert_same_bits(twin.params, net.params)
    twin.train_epoch(X, Y, 2, 0.1)
    for wrong in (
        {k: v for k, v in state.items() if k != "version"},
        {**state, "version": 0},
        {**state, "_net": None},
        {**state, "_params": None},
        {**state, "_params": net.params[:-1]},
        {**state, "_params": net.params.astype(np.float64)},
        {**state, "_params": np.full(net.n_params, None)},
    ):
        with pytest.raises(ValueError):
            Network.__new__(Network).__setstate__(wrong)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 0},
        {"sizes": (3,)},
        {"sizes": None},
        {"activations": ["tanh"]},
        {"loss": 5},
        {"dtype": "O"},
    ],
)
def test_damaged_pickle_of_net_raises(changes):
    net, _, _ = bridge()
    twin = pickle.loads(pickle.dumps(net))
    assert (twin.sizes, twin.activations, twin.loss, twin.dtype) == (
        net.sizes,
        net.activations,
        net.loss,
        net.dtype,
    )
    with pytest.raises(ValueError):
        _core.restored_net({**net.get_state(), **changes})


def test_a_network_can_be_pickled_while_attributes_are_added():
    net, stop = Network([3, 4, 2], random_state=0), threading.Event()

    def add():
        while not stop.is_set():
            for i in range(50):
                setattr(net, f"name{i}", i)
            for i in range(50):
                delattr(net, f"name{i}")

    thread = threading.Thread(target=add)
    thread.start()
    try:
        for _ in range(100):
            pickle.loads(pickle.dumps(net))
    finally:
        stop.set()
        thread.join()


# ---------------------------------------------------------------- threads and stacks


def test_one_row_prediction_needs_little_stack():
    program = """
import threading
import numpy as np
from cmlp import MLPClassifier, Network

X = np.random.RandomState(0).random_sample((60, 784)).astype(np.float32)
model = MLPClassifier((64, 64), max_iter=1, batch_size=60, solver="sgd", n_iter_no_change=1)
import warnings
warnings.simplefilter("ignore")
model.fit(X, np.arange(60) % 10)
net, results = Network([784, 16, 16, 10], random_state=0), []
expected = net.forward(X[:1]), model.predict(X[:1])

def predict():
    results.append((net.forward(X[:1]), model.predict(X[:1])))

threading.stack_size(48 * 1024)
threads = [threading.Thread(target=predict) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert len(results) == 4 and all((a == expected[0]).all() and b == expected[1] for a, b in results)
"""
    run_python(program)


def test_threads_that_predict_one_row_do_not_share_a_workspace():
    net = Network([784, 64, 10], random_state=0)
    rows = inputs(3, 8, 784, np.float32)
    expected, wrong = net.forward(rows), []

    def predict(i):
        for _ in range(300):
            if not (net.forward(rows[i : i + 1]) == expected[i]).all():
                wrong.append(i)

    threads = [threading.Thread(target=predict, args=[i]) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_threads_that_share_a_generator():
    random, failures = _core.Random(0), []

    def draw():
        for _ in range(200):
            if (
                sorted(random.permutation(100)) != list(range(100))
                or not (random.random_sample((700,)) < 1).all()
            ):
                failures.append(True)

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


# ---------------------------------------------------------------- every argument, every value

HOSTILE = [
    None, True, False, 0, -1, 1.5, 2**31, 2**63, 2**64, -(2**63), 10**400, float("nan"), float("inf"), 1j, "", "1",
    b"1", [], [[]], [None], [[1, 2, 3]], [[1, 2], [3]], {}, object(), Exception, memoryview(X), range(6),
    X, X[0], X[:0], X[:, :2], X.T, X[None], Y, DENSE, X.astype(complex), X.astype(object), X.astype("U"),
    np.zeros((6, 3), "M8[D]"), np.zeros(6, [("a", "f4")]), np.ma.masked_array(X, X > 0), np.full((6, 3), np.nan),
    np.full((6, 3), 1e300), np.full((6, 3), 2**64 - 1, np.uint64), np.array(5), np.array(None), np.float32(3),
    np.int64(2), np.arange(6)[::-1], np.broadcast_to(1, 6), X[:1].view(FalseShape),
    FalseArray(X), FalseArray(None),
]  # fmt: skip


def attack(calls, unchanged):
    """Make all calls. Only expected exceptions are allowed, and after each of them `unchanged()` must be true."""
    for name, call in calls:
        for value in HOSTILE:
            try:
                call(value)
            except CLEAN:
                assert unchanged(), (name, value)


def without_warnings(test):
    for message in (
        "X has",
        "y has labels that fit did not have",
        "A column-vector",
        "Stochastic Opt",
        "Got `batch",
        "The largest input",
        "The truth value of an empty array",  # NumPy before 2.2, and the next one
        "Passing None into shape arguments",
        "overflow",
        "invalid",
    ):
        test = pytest.mark.filterwarnings(f"ignore:.*{message}")(test)
    return test


@without_warnings
def test_every_argument_of_a_network():
    net = Network([3, 4, 2], random_state=0)
    start = net.params.copy()

    def unchanged():
        same = np.array_equal(net.params, before[0])
        before[0] = net.params.copy()
        return same

    def epoch(**arguments):
        before[0] = net.params.copy()
        net.train_epoch(**{"X": X, "y": Y, "batch_size": 2, "optimizer": 0.1, **arguments})
        net.params = start

    before = [start.copy()]
    attack([
        ("forward", net.forward),
        ("forward out", lambda v: net.forward(X, out=v)),
        ("activations", net.activations),
        ("cost X", lambda v: net.cost(v, Y)),
        ("cost Y", lambda v: net.cost(X, v)),
        ("gradient X", lambda v: net.gradient(v, Y)),
        ("gradient Y", lambda v: net.gradient(X, v)),
        ("input_gradient", lambda v: net.input_gradient(X, v)),
        ("epoch X", lambda v: epoch(X=v)),
        ("epoch Y", lambda v: epoch(y=v)),
        ("epoch batch_size", lambda v: epoch(batch_size=v)),
        ("epoch order", lambda v: epoch(order=v)),
    ], unchanged)  # fmt: skip
    assert np.isfinite(net.forward(X)).all()


@without_warnings
def test_every_argument_of_the_bridge():
    net, params, optimizer = bridge()

    def epoch(**arguments):
        net.train_epoch(
            **{
                "params": params.copy(),
                "X": X,
                "Y": Y,
                "optimizer": optimizer,
                "batch_size": 2,
                **arguments,
            }
        )

    description = {
        "sizes": (3, 2),
        "activations": ["softmax"],
        "loss": "log_loss",
        "dtype": "float32",
    }
    few = {"params": params, "X": X, "scale": 1.0}

    def calls():
        for name in ("params", "X", "Y", "optimizer", "batch_size", "order", "scale", "rates", "sums",
                     "seconds", "wants_norm", "n_threads", "sample_weight", "alpha", "loss_scale", "clip",
                     "unknown"):  # fmt: skip
            yield name, lambda v, name=name: epoch(**{name: v})
        for name in description:
            yield name, lambda v, name=name: _core.Net(**{**description, name: v})
        for name in ("solver", "learning_rate", "momentum", "beta_1", "beta_2", "epsilon"):
            yield (
                name,
                lambda v, name=name: _core.Optimizer(
                    net, **{"solver": "adam", "learning_rate": 0.1, name: v}
                ),
            )
        for name in (*few, "out", "n_threads"):
            yield name, lambda v, name=name: net.forward_small(**{**few, name: v})
        for name in optimizer.get_state():
            yield name, lambda v, name=name: _core.restored({**optimizer.get_state(), name: v})
        for name in net.get_state():
            yield name, lambda v, name=name: _core.restored_net({**net.get_state(), name: v})
        yield "seed", _core.Random
        for draw in (_core.Random(0).permutation, _core.Random(0).random_sample):
            yield (
                "draw",
                lambda v, draw=draw: None if isinstance(v, int) and 10**6 < v < 2**40 else draw(v),
            )
        yield "step", lambda v: _core.step(net, params.copy(), v, optimizer)

    before = params.copy()
    attack(calls(), lambda: np.array_equal(params, before))


@without_warnings
@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_every_argument_of_an_estimator(estimator):
    def new(**parameters):
        return estimator(hidden_layer_sizes=4, max_iter=1, random_state=0, **parameters)

    model = new().fit(X, Y)
    trained, classes = fitted_of(model), {"classes": [0, 1]} if estimator is MLPClassifier else {}

    def fit(*arguments):
        model.fit(*arguments)
        put_result(model, trained)

    attack([
        ("fit X", lambda v: fit(v, Y)),
        ("fit y", lambda v: fit(X, v)),
        ("fit weight", lambda v: fit(X, Y, v)),
        ("partial_fit X", lambda v: new().partial_fit(v, Y, **classes)),
        ("predict", model.predict),
        ("score y", lambda v: model.score(X, v)),
        ("score weight", lambda v: model.score(X, Y, v)),
        ("coefs_", lambda v: setattr(model, "coefs_", v)),
        ("n_threads", lambda v: new(n_threads=v).fit(X, Y)),
        ("n_threads of predict", lambda v: model.set_params(n_threads=v).predict(X)),
        ("input_scale", lambda v: new(input_scale=v).fit(X, Y)),
    ], lambda: fitted_of(model) is trained)  # fmt: skip


def test_signal_handler_exception_ends_long_random_sample():
    """random_sample checks for signals and propagates the exception of a signal handler."""

    class Stop(Exception):
        pass

    def stop(*_):
        raise Stop

    before = signal.signal(signal.SIGINT, stop)
    timer = threading.Timer(0.02, signal.raise_signal, [signal.SIGINT])
    try:
        with pytest.raises(Stop):
            timer.start()
            for _ in range(100):
                _core.Random(0).random_sample((10**7,))
    finally:
        timer.join()
        signal.signal(signal.SIGINT, before)
