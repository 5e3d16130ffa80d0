"""Extreme sizes and unusual arrays: no rows, one row, many classes, every memory layout."""

from decimal import Decimal

import numpy as np
import pytest
import reference
from helpers import (
    DTYPES,
    assert_close,
    assert_same_bits,
    inputs,
    labels,
    layers,
    net_and_params,
    peak_memory,
    targets,
    uniform,
)

from cmlp import Network
from cmlp._bridge import _core
from cmlp._data.losses import traits_of
from cmlp.exceptions import StatusError

# ---------------------------------------------------------------- rows


def test_forward_of_no_rows_is_empty():
    net = Network([3, 4, 2], random_state=0)
    empty = np.empty((0, 3), np.float32)
    assert net.forward(empty).shape == (0, 2)
    assert net.forward(empty, np.empty((0, 2), np.float32)).shape == (0, 2)
    assert [a.shape for a in net.activations(empty)] == [(0, 3), (0, 4), (0, 2)]


@pytest.mark.parametrize("Y", [np.empty(0, int), np.empty((0, 2))], ids=["classes", "dense"])
def test_cost_and_training_need_at_least_one_row(Y):
    net = Network([3, 4, 2], random_state=0)
    before, empty = net.params.copy(), np.empty((0, 3))
    for call in (
        lambda: net.cost(empty, Y),
        lambda: net.gradient(empty, Y),
        lambda: net.input_gradient(empty, Y),
        lambda: net.step(empty, Y, 0.1),
        lambda: net.train_epoch(empty, Y, 10, 0.1),
    ):
        with pytest.raises(ValueError, match=r"X must have at least one row, got .*\(0, 3\)"):
            call()
    with pytest.raises(ValueError, match="order must contain at least one row"):
        net.train_epoch(np.ones((2, 3)), [0, 1], 10, 0.1, order=[])
    assert_same_bits(net.params, before)


@pytest.mark.parametrize("dtype", DTYPES)
def test_gradient_of_one_row_matches_numpy(dtype):
    net, params = net_and_params((3, 4, 2), ["tanh", "softmax"], "log_loss", dtype)
    twin = reference.Network(net.sizes, net.activations, net.loss)
    X, Y = inputs(1, 1, 3, dtype), [1]
    exact = params.astype(np.float64)
    assert_close(net.gradient(params, X, Y)[0], twin.gradient(exact, X, Y), dtype)


@pytest.mark.parametrize("batch_size", [7, 8, 1000, 2**62])
def test_batch_size_above_the_number_of_rows_means_one_batch(batch_size):
    X, Y = inputs(1, 7, 3, np.float32), labels(2, 7, 2)
    ours, theirs = (Network([3, 4, 2], random_state=0) for _ in range(2))
    assert ours.train_epoch(X, Y, batch_size, 0.1).loss == theirs.step(X, Y, 0.1)
    assert_same_bits(ours.params, theirs.params)


# ---------------------------------------------------------------- shapes

SHAPES = {
    "one input": (1, 5, 3),
    "one unit": (4, 1, 3),
    "one of everything": (1, 1, 1),
    "no hidden layer": (7, 3),
    "one weight": (1, 1),
    "twenty layers": (4,) + (5,) * 18 + (3,),
    "wide": (3, 4097, 2),
    "wide input": (4097, 3, 2),
    "wide output": (3, 2, 4097),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sizes", SHAPES.values(), ids=SHAPES.keys())
def test_networks_of_every_shape_match_numpy(sizes, dtype):
    activations = layers(len(sizes), "tanh", "identity")
    net, params = net_and_params(sizes, activations, "squared_error", dtype)
    # Scale the weights so that activations stay near 1 for any layer width.
    for w in net.views(params)[0]:
        w *= dtype(min(1, 3 / np.sqrt(len(w))))
    twin = reference.Network(sizes, activations, "squared_error")
    X, Y = inputs(1, 20, sizes[0], dtype), inputs(2, 20, sizes[-1], dtype)
    exact = params.astype(np.float64)
    assert_close(net.forward(params, X), twin.forward(exact, X)[-1], dtype)
    gradient, cost = net.gradient(params, X, Y)
    assert_close(gradient, twin.gradient(exact, X, Y), dtype, 1e-4 if dtype == np.float32 else None)
    assert_close(cost, twin.cost(exact, X, Y), dtype)


def test_64_layers_work_and_65_raise():
    net = Network([2] * 64, "tanh", random_state=0)
    assert len(net.weights) == 63
    X, Y = inputs(1, 9, 2, np.float32), labels(2, 9, 2)
    assert np.isfinite(net.train_epoch(X, Y, 3, 0.1).loss)
    assert len(net.activations(X)) == 64
    with pytest.raises(ValueError, match="sizes must be 2 to 64 positive integers"):
        Network([2] * 65)


@pytest.mark.parametrize("loss", ["log_loss", "squared_error"])
def test_single_softmax_output_is_always_one(loss):
    net, params = net_and_params((3, 4, 1), ["tanh", "softmax"], loss, np.float32)
    X, before = inputs(1, 5, 3, np.float32), params.copy()
    np.testing.assert_array_equal(net.forward(params, X), np.ones((5, 1)))
    assert net.cost(params, X, [0] * 5) == 0
    assert not net.gradient(params, X, [0] * 5)[0].any()
    net.train_epoch(
        params, X, [0] * 5, _core.Optimizer(net, "sgd", learning_rate=0.1), batch_size=2
    )
    assert_same_bits(params, before)


# ---------------------------------------------------------------- memory


def test_training_with_50000_classes_builds_no_one_hot_matrix():
    net = Network([4, 50_000], random_state=0)
    X, Y = inputs(1, 1000, 4, np.float32), labels(2, 1000, 50_000)
    one_hot = 1000 * 50_000
    assert (
        peak_memory(lambda: net.train_epoch(X, Y, 10, 0.1)) < one_hot
    )  # the size of a one-hot matrix of bytes
    assert np.isfinite(net.params).all()


@pytest.mark.parametrize("form", ["float32", "float64", "uint8", "strided"])
def test_dense_rows_are_not_copied(form):
    X = uniform(0, 20_000, 200, low=0, high=256).astype("uint8" if form == "uint8" else "float32")
    X = X.astype(np.float64) if form == "float64" else X
    X = X[::2, ::-1] if form == "strided" else X
    Y, order = labels(1, len(X), 3), np.arange(len(X))[::-1].copy()
    net = Network([200, 8, 3], input_scale=1 / 255, random_state=0, n_threads=2)
    allowed = 1_000_000
    assert X.nbytes > 2 * allowed
    assert peak_memory(lambda: net.train_epoch(X, Y, 100, 0.1)) < allowed
    assert peak_memory(lambda: net.train_epoch(X, Y, 100, 0.1, order=order)) < allowed
    assert peak_memory(lambda: net.forward(X)) < allowed
    assert peak_memory(lambda: net.gradient(X, Y)) < allowed


# ---------------------------------------------------------------- unusual arrays


def misaligned(a):
    raw = np.zeros(a.nbytes + 1, np.uint8)
    view = raw[1:].view(a.dtype).reshape(a.shape)
    view[...] = a
    assert not view.flags.aligned
    return view


def read_only(a):
    a = a.copy()
    a.flags.writeable = False
    return a


# The same small integers, held in different array types and memory layouts.
UNUSUAL = {
    "by columns": np.asfortranarray,
    "backwards": lambda a: a[::-1, ::-1].copy()[::-1, ::-1],
    "every other": lambda a: np.repeat(np.repeat(a, 2, axis=0), 3, axis=1)[::2, ::3],
    "read-only": read_only,
    "misaligned": misaligned,
    "misaligned float64": lambda a: misaligned(a.astype(np.float64)),
    "big-endian": lambda a: a.astype(">f4"),
    "big-endian float64": lambda a: a.astype(">f8"),
    "float16": lambda a: a.astype(np.float16),
    "int8": lambda a: a.astype(np.int8),
    "int32": lambda a: a.astype(np.int32),
    "uint64": lambda a: a.astype(np.uint64),
    "longdouble": lambda a: a.astype(np.longdouble),
    "uint8": lambda a: a.astype(np.uint8),
    "lists": lambda a: a.tolist(),
    "subclass": lambda a: a.view(np.recarray),
}


@pytest.mark.parametrize("convert", UNUSUAL.values(), ids=UNUSUAL.keys())
def test_result_depends_on_values_not_on_array_type(convert):
    X = np.floor(uniform(1, 40, 5, low=0, high=9)).astype(np.float32)
    Y = np.floor(uniform(2, 40, 3, low=0, high=2)).astype(np.float32)
    ours, theirs = (
        Network([5, 4, 3], output="identity", loss="squared_error", random_state=0)
        for _ in range(2)
    )
    assert_same_bits(ours.forward(convert(X)), theirs.forward(X))
    assert ours.cost(convert(X), convert(Y)) == theirs.cost(X, Y)
    assert_same_bits(ours.input_gradient(convert(X), convert(Y)), theirs.input_gradient(X, Y))
    assert (
        ours.train_epoch(convert(X), convert(Y), 7, 0.01).loss
        == theirs.train_epoch(X, Y, 7, 0.01).loss
    )
    assert_same_bits(ours.params, theirs.params)


def test_booleans_are_read_as_zeros_and_ones():
    bits = uniform(1, 40, 5) > 0
    net = Network([5, 4, 2], random_state=0)
    Y = bits[:, 0]
    assert_same_bits(net.forward(bits), net.forward(bits.astype(np.float32)))
    assert net.cost(bits, Y) == net.cost(bits.astype(float), Y.astype(int))


def test_broadcast_arrays_with_zero_strides_are_read():
    """One row repeated, and one value for all columns."""
    net = Network([5, 4, 2], random_state=0)
    row = inputs(1, 1, 5, np.float32)
    many = np.broadcast_to(row, (300, 5))
    assert many.strides[0] == 0
    assert_same_bits(net.forward(many), np.repeat(net.forward(row), 300, axis=0))
    alike = np.broadcast_to(row[:, :1], (1, 5))
    assert alike.strides[1] == 0
    assert_same_bits(net.forward(alike), net.forward(np.ascontiguousarray(alike)))
    Y = np.broadcast_to(np.int64(1), 300)
    assert net.cost(many, Y) == pytest.approx(net.cost(row, [1]), rel=1e-14)


def test_large_integers_are_rounded_to_float64_then_float32():
    X = np.array([[2**53 - 1, 2**24 + 1]])
    net = Network([2, 2], output="identity", loss="squared_error")
    net.params[:] = [1, 0, 0, 1, 0, 0]
    assert_same_bits(net.forward(X), X.astype(np.float64).astype(np.float32))


def test_calls_do_not_write_to_their_arguments():
    """Every call accepts read-only arrays and leaves their contents unchanged."""
    X, Y = read_only(inputs(1, 300, 5, np.float32)), read_only(labels(2, 300, 2))
    order, weight = read_only(np.arange(300)), read_only(np.ones(300))
    dense = read_only(targets(3, 300, 2, "softmax", "log_loss", np.float32))
    net, params = net_and_params((5, 4, 2), ["relu", "softmax"], "log_loss", np.float32)
    copies = [a.copy() for a in (X, Y, order, weight, dense)]
    for wanted in (Y, dense):
        keywords = {"order": order, "sample_weight": weight, "alpha": 0.1}
        net.gradient(read_only(params), X, wanted, **keywords)
        net.input_gradient(read_only(params), X, wanted)
        optimizer = _core.Optimizer(net, "adam", learning_rate=0.1)
        net.train_epoch(params, X, wanted, optimizer, batch_size=7, **keywords)
    for a, b in zip((X, Y, order, weight, dense), copies, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("first", [0, 1, 49])
def test_forward_refuses_an_out_that_overlaps_the_input(first):
    """Each thread would overwrite rows that another still reads."""
    net = Network([70, 70], output="logistic", random_state=0)
    memory = inputs(1, 100, 70, np.float32)
    X, before = memory[:50], memory.copy()
    with pytest.raises(ValueError, match="out must not overlap X or the parameters in memory"):
        net.forward(X, out=memory[first : first + 50])
    assert_same_bits(memory, before)
    assert_same_bits(net.forward(X, out=memory[50:]), net.forward(X))


OUTPUTS_OF_LOSSES = {
    "squared_error": "identity",
    "absolute_error": "identity",
    "huber": "identity",
    "quantile": "identity",
    "poisson": "exp",
    "gamma": "exp",
    "tweedie": "exp",
    "log_loss": "softmax",
    "focal": "logistic",
    "label_smoothing": "softmax",
}


@pytest.mark.parametrize("loss", OUTPUTS_OF_LOSSES)
def test_the_core_and_the_package_know_the_same_range_of_targets(loss):
    net = Network(
        [3, 2], output=OUTPUTS_OF_LOSSES[loss], loss=loss, dtype="float64", random_state=0
    )
    values = np.array([-1e10, -1, -1e-300, 0, 1e-300, 0.5, 1, 1 + 2.0**-52, 1e10])
    refused = []
    for value in values:
        try:
            net.cost(np.ones((6, 3)), np.full((6, 2), value))
            refused.append(False)
        except StatusError as error:
            assert error.status == "CMLP_ERROR_TARGET"
            refused.append(True)
    assert refused == traits_of(loss).outside(values).tolist()
    assert traits_of(loss).allows_all is not any(refused)


@pytest.mark.parametrize("p", [1 + 1e-6, 1.1, 1.9999])
@pytest.mark.parametrize("y", [0, 1e-30, 3, 1e20])
def test_tweedie_costs_keep_their_digits_near_both_limits_of_the_power(p, y):
    """a^r/r + y (y^q/r - a^q)/q, whose terms nearly cancel, would be negative or infinite in float32."""
    net = Network(
        [1, 1], output="exp", loss="tweedie", loss_parameter=p, dtype="float32", random_state=0
    )
    net.params[:] = 1, 0
    q, r, target = 1 - Decimal(p), 2 - Decimal(p), Decimal(float(np.float32(y)))
    for z in (-20, -1, 0, 5, 60):
        a = Decimal(z).exp()
        both = target * (target**q / r - a**q) / q if y else 0
        assert net.cost([[z]], [[y]]) == pytest.approx(float(a**r / r + both), rel=1e-5)
