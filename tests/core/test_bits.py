"""The same data, parameters and options give the same bits on every machine, in every way of calling.

exact.py repeats the arithmetic that docs/arithmetic.md specifies, with every rounding. golden.json pins
complete training runs, which include the polynomials of exp, log, tanh and the logistic function.
"""

import ctypes
import ctypes.util
import json
import platform

import exact
import golden
import numpy as np
import pytest
from helpers import (
    DTYPES,
    ISAS,
    assert_same_bits,
    inputs,
    json_from_python,
    labels,
    net_and_params,
    run_python,
    skip_unless_available,
    uniform,
)
from internals import model_of

import cmlp
from cmlp import Network
from cmlp._bridge import _core

PINNED = json.loads(golden.TABLE.read_text(encoding="ascii"))

TUNINGS = ["plain", "avx2", "zen5", "intel"]


def changed(digests):
    return sorted(
        name for name in PINNED.keys() | digests.keys() if PINNED.get(name) != digests.get(name)
    )


# ---------------------------------------------------------------- the specified arithmetic


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [3, 130])
def test_gradient_and_cost_have_the_bits_that_the_header_specifies(n, dtype):
    """Sums over 130 inputs, 129 units and 130 rows need a second chunk of 128.

    Exact arithmetic is slow in Python: with 130 rows only the objective with all its terms is computed.
    """
    sizes = (130, 2, 2) if n == 130 else (3, 129, 2)
    net, params = net_and_params(sizes, ["relu", "identity"], "squared_error", dtype)
    X, Y, weight = inputs(1, n, sizes[0], dtype), inputs(2, n, 2, dtype), uniform(3, n, low=0.0)
    model = exact.Network(sizes, params)
    assert_same_bits(net.forward(params, X), np.array([model.forward(x)[-1] for x in X]))
    for objective in ({"alpha": 0.3, "loss_scale": 0.5, "sample_weight": weight}, {})[
        : 2 if n == 3 else 1
    ]:
        gradient, cost = net.gradient(params, X, Y, **objective)
        expected, expected_cost = model.gradient(X, Y, **objective)
        assert_same_bits(gradient, expected)
        assert cost == expected_cost


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["sgd", "momentum", "nesterov", "adam"])
def test_optimizer_steps_have_the_bits_that_the_header_specifies(kind, dtype):
    sizes, keywords = (5, 4, 3), {"learning_rate": 0.03}
    if kind in ("momentum", "nesterov"):
        keywords["momentum"] = 0.9
    net, params = net_and_params(sizes, ["relu", "identity"], "squared_error", dtype)
    X, Y = inputs(1, 12, 5, dtype), inputs(2, 12, 3, dtype)
    expected = params.copy()
    model = exact.Network(sizes, expected)
    ours = _core.Optimizer(net, kind, **keywords)
    theirs = exact.Optimizer(kind, net.n_params, dtype, **keywords)
    for _ in range(3):
        net.train_epoch(params, X, Y, ours, batch_size=5, alpha=0.1)
        for i in (0, 5, 10):
            gradient, _ = model.gradient(X[i : i + 5], Y[i : i + 5], alpha=0.1)
            theirs.step(expected, gradient)
        assert_same_bits(params, expected)


# ---------------------------------------------------------------- instruction sets and threads


def test_golden_digests():
    assert changed(golden.digests()) == []


@pytest.mark.parametrize("isa", ISAS)
def test_every_instruction_set_gives_the_golden_digests(isa):
    skip_unless_available(isa)
    code = "import cmlp, golden, json; print(json.dumps([cmlp.cpu_info(), golden.digests()]))"
    info, digests = json_from_python(code, isa=isa)
    assert info["used"] == isa
    assert changed(digests) == []


@pytest.mark.sampled(2)
@pytest.mark.parametrize("tuning", TUNINGS)
@pytest.mark.parametrize("isa", [isa for isa in ISAS if isa != "generic"])
def test_every_tuning_gives_the_golden_digests(isa, tuning):
    """tests/c/test_tunings.c has the tunings with the generic kernels too, which are slow."""
    skip_unless_available(isa)
    code = "import cmlp, golden, json; print(json.dumps([cmlp.cpu_info(), golden.digests()]))"
    info, digests = json_from_python(code, isa=isa, tuning=tuning)
    assert (info["used"], info["tuning"]) == (isa, tuning)
    assert changed(digests) == []


@pytest.mark.parametrize("name", ["zen6", "Intel", "avx2,zen5"])
def test_unknown_tuning_raises_import_error(name):
    done = run_python("import cmlp", tuning=name, check=False)
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert (
        last
        == f"ImportError: CMLP_TUNING={name!r} is not a tuning of the kernels; available: {', '.join(TUNINGS)}"
    )


def test_cpu_info_lists_available_and_used_instruction_sets():
    info = cmlp.cpu_info()
    assert "generic" in info["available"] and set(info["available"]) <= set(ISAS)
    assert info["used"] in info["available"]
    assert info["threads"] >= 1


@pytest.mark.parametrize("name", ["sse9", "AVX2", "generic,avx2"])
def test_unknown_instruction_set_raises_import_error(name):
    """A silent fallback would make every comparison of instruction sets meaningless."""
    done = run_python("import cmlp", isa=name, check=False)
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError") and repr(name) in last
    assert ", ".join(cmlp.cpu_info()["available"]) in last


def test_unavailable_instruction_set_raises_import_error():
    missing = [isa for isa in ISAS if isa not in cmlp.cpu_info()["available"]]
    assert missing, "no processor has all instruction sets"
    for isa in missing:
        assert "ImportError" in run_python("import cmlp", isa=isa, check=False).stderr


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch_size", [40, 300, 700])
@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_number_of_threads_does_not_change_the_bits(kind, batch_size, dtype):
    net, start = net_and_params((301, 65, 40, 7), ["relu", "tanh", "softmax"], "log_loss", dtype)
    X, Y = inputs(1, 700, 301, dtype), labels(2, 700, 7)
    weight = uniform(3, 700, low=0.0)
    results = []
    for n_threads in (1, 2, 3, 7):
        params = start * dtype(0.25)
        optimizer = _core.Optimizer(net, kind, learning_rate=0.01)
        cost, penalty, norm, _ = net.train_epoch(
            params,
            X,
            Y,
            optimizer,
            batch_size=batch_size,
            sample_weight=weight,
            alpha=0.01,
            wants_norm=True,
            n_threads=n_threads,
        )
        gradient, _ = net.gradient(params, X, Y, n_threads=n_threads)
        back = net.input_gradient(params, X, Y, n_threads=n_threads)
        forward = net.forward(params, X, n_threads=n_threads)
        numbers = np.array([cost, penalty, norm, net.cost(params, X, Y, n_threads=n_threads)])
        results.append((params, optimizer.state, gradient, back, forward, numbers))
    for other in results[1:]:
        for ours, theirs in zip(results[0], other, strict=True):
            assert_same_bits(ours, theirs)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("hidden", [12, 60])
@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_threads_share_rows_of_any_kind(kind, hidden, dtype):
    net, start = net_and_params((784, hidden, 10), ["relu", "softmax"], "log_loss", dtype)
    images = np.where(uniform(1, 700, 784) > 0.3, uniform(2, 700, 784, low=0.0), 0) * 255
    order, Y = np.random.RandomState(0).permutation(700), labels(3, 700, 10)
    for X in (
        images.astype(np.uint8),
        np.asfortranarray(images),
        images.astype(np.float32),
        images[::-1],
    ):
        expected = None
        for n_threads in (1, 2, 3):
            params, optimizer = start * dtype(0.25), _core.Optimizer(net, kind, learning_rate=0.01)
            net.train_epoch(
                params,
                X,
                Y,
                optimizer,
                batch_size=200,
                order=order,
                scale=1 / 255,
                n_threads=n_threads,
            )
            expected = params if n_threads == 1 else expected
            assert_same_bits(params, expected)


def test_rounding_mode_of_the_caller_is_ignored_and_restored():
    libm = ctypes.CDLL(ctypes.util.find_library("m"))
    upward = {"x86_64": 0x800, "AMD64": 0x800, "aarch64": 0x400000}.get(platform.machine())
    if upward is None or not hasattr(libm, "fesetround"):
        pytest.skip("no known way to set the rounding mode here")
    X, Y = inputs(1, 400, 20, np.float32), labels(2, 400, 5)
    ours, theirs = (Network([20, 30, 5], "tanh", random_state=0) for _ in range(2))
    theirs.train_epoch(X, Y, 30, 0.1)
    expected = theirs.gradient(X, Y).flat
    assert libm.fesetround(upward) == 0
    try:
        ours.train_epoch(X, Y, 30, 0.1)
        gradient = model_of(ours).net.gradient(ours.params, X, Y)[0]
        kept = libm.fegetround()
    finally:
        libm.fesetround(0)
    assert kept == upward
    assert_same_bits(ours.params, theirs.params)
    assert_same_bits(gradient, expected)


# ---------------------------------------------------------------- rows and batches


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sizes", [(300, 65, 40, 7), (5, 1, 200), (129, 3)])
def test_row_has_the_same_bits_alone_and_in_a_batch(sizes, dtype):
    net = Network(sizes, "tanh", dtype=dtype, random_state=0)
    X = inputs(1, 400, sizes[0], dtype)
    whole = net.activations(X)
    for pieces in ([1] * 40, [2, 3, 5, 7, 11, 13], [127, 1, 129], [128, 128, 144], [399, 1]):
        start = 0
        for n in pieces:
            part = X[start : start + n]
            assert_same_bits(net.forward(part), whole[-1][start : start + n])
            for ours, all_rows in zip(net.activations(part), whole, strict=True):
                assert_same_bits(ours, all_rows[start : start + n])
            start += n


def test_scaled_uint8_equals_division_for_all_256_values():
    pixels = np.arange(256, dtype=np.uint8).reshape(-1, 1)
    net = Network([1, 1], output="identity", loss="squared_error", input_scale=1 / 255)
    net.params[:] = [1, 0]
    expected = pixels / np.float32(255)
    assert expected.dtype == np.float32
    assert_same_bits(net.forward(pixels), expected)
    assert_same_bits(net.activations(pixels)[0], expected)


SCALE = 1 / 255
PIXELS = uniform(0, 140, 30, low=0, high=256).astype(np.uint8)
DIVIDED = PIXELS / np.float32(255)


def with_gaps(a):
    """Return a strided view of the same values, with other numbers between rows and columns."""
    wide = np.full((2 * a.shape[0], 3 * a.shape[1]), 77, a.dtype)
    wide[::2, ::3] = a
    return wide[::2, ::3]


# The same values in every accepted form: (rows, input_scale).
FORMS = {
    "uint8": (PIXELS, SCALE),
    "uint8 strided": (with_gaps(PIXELS), SCALE),
    "float32": (DIVIDED, 1),
    "float32 strided": (with_gaps(DIVIDED), 1),
    "float32 by columns": (np.asfortranarray(DIVIDED), 1),
    "float32 backwards": (DIVIDED[::-1, ::-1].copy()[::-1, ::-1], 1),
    "float32 with a factor": (PIXELS.astype(np.float32), SCALE),
    "float64": (DIVIDED.astype(np.float64), 1),
    "float64 with a factor": (PIXELS.astype(np.float64), SCALE),
    "float64 to be rounded": (PIXELS / 255, 1),
    "float16": (PIXELS.astype(np.float16), SCALE),
    "big-endian": (DIVIDED.astype(">f4"), 1),
    "list": (PIXELS.tolist(), SCALE),
    "int64": (PIXELS.astype(np.int64), SCALE),
}


@pytest.mark.parametrize(("rows", "scale"), FORMS.values(), ids=FORMS.keys())
def test_equal_values_in_any_form_give_equal_bits(rows, scale):
    Y = labels(1, len(PIXELS), 4)
    ours = Network([30, 6, 4], "tanh", input_scale=scale, random_state=0)
    theirs = Network([30, 6, 4], "tanh", random_state=0)
    assert_same_bits(ours.forward(rows), theirs.forward(DIVIDED))
    order = labels(2, 200, len(PIXELS))
    cost = ours.train_epoch(rows, Y, 30, 0.1, order=order).loss
    assert cost == theirs.train_epoch(DIVIDED, Y, 30, 0.1, order=order).loss
    assert_same_bits(ours.params, theirs.params)


def test_equal_targets_in_any_form_give_equal_bits():
    Y = labels(1, len(PIXELS), 4)
    dense = np.eye(4)[Y]
    forms = [Y, Y.astype(np.int32), Y.astype(np.uint8), Y.tolist(), with_gaps(Y[:, None])[:, 0]]
    forms += [dense, dense.astype(np.float32), dense.astype(bool), dense.astype(np.uint8)]
    forms += [np.asfortranarray(dense), with_gaps(dense), dense.tolist()]
    results = []
    for form in forms:
        net = Network([30, 6, 4], "tanh", random_state=0)
        results.append((net.train_epoch(DIVIDED, form, 30, 0.1).loss, net.params))
    for cost, params in results[1:]:
        assert cost == results[0][0]
        assert_same_bits(params, results[0][1])
