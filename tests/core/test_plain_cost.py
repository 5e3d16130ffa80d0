"""The plain cost beside the cost: the same number as the cost of a loss without smoothing, focusing and penalty."""

import functools

import numpy as np
import pytest
import reference
from helpers import (
    DTYPES,
    ISAS,
    OUTPUTS,
    assert_close,
    inputs,
    json_from_python,
    labels,
    net_and_params,
    skip_unless_available,
    targets,
    uniform,
)
from optional import package

from cmlp import Network
from cmlp._bridge import _core

N_ROWS, WIDTH, N_OUT = 300, 6, 4
WEIGHT = np.where(uniform(5, N_ROWS) > 0.8, 0, uniform(6, N_ROWS, low=0.5, high=2.0))
ORDER = np.random.RandomState(7).permutation(N_ROWS)[:217]
ADDED = {"alpha": 0.3, "loss_scale": 0.5}
LIKELIHOODS = [
    (output, loss) for output in ("softmax", "logistic") for loss in ("focal", "label_smoothing")
]


def plain_name(loss):
    return "log_loss" if loss in ("focal", "label_smoothing") else loss


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("output", "loss"), OUTPUTS)
def test_plain_cost_matches_numpy(output, loss, dtype):
    net, params = net_and_params((WIDTH, 5, N_OUT), ["tanh", output], loss, dtype)
    twin = reference.Network((WIDTH, 5, N_OUT), net.activations, plain_name(loss))
    X, Y = inputs(1, N_ROWS, WIDTH, dtype), targets(2, N_ROWS, N_OUT, output, loss, dtype)
    cost, plain = net.cost_and_plain_cost(params, X, Y, sample_weight=WEIGHT, order=ORDER, **ADDED)
    rows = X[ORDER], Y[ORDER]
    assert_close(plain, twin.cost(params.astype(float), *rows, weight=WEIGHT[ORDER]), dtype)
    assert cost == net.cost(params, X, Y, sample_weight=WEIGHT, order=ORDER, **ADDED) != plain


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("output", "loss"), LIKELIHOODS)
def test_plain_cost_has_the_bits_of_the_log_loss(output, loss, dtype):
    """Also of class indices, sparse rows and any number of threads, and of more outputs than fit into one piece."""
    sparse = package("scipy.sparse")
    for n_out in (N_OUT, 20, 5000):
        net, params = net_and_params((WIDTH, 5, n_out), ["tanh", output], loss, dtype)
        log_loss = _core.Net((WIDTH, 5, n_out), ["tanh", output], "log_loss", dtype)
        X, y = np.maximum(inputs(1, N_ROWS, WIDTH, dtype), 0), labels(2, N_ROWS, n_out)
        for clip in (0.0, 1e-2):
            keywords = {"sample_weight": WEIGHT, "clip": clip}
            expected = log_loss.cost(params, X, y, **keywords)
            for rows in (X, sparse.csr_array(X)):
                for n_threads in (1, 2, 3):
                    found = net.cost_and_plain_cost(
                        params, rows, y, n_threads=n_threads, **keywords, **ADDED
                    )
                    assert found[1] == expected


@pytest.mark.parametrize(("output", "loss"), LIKELIHOODS)
def test_plain_cost_of_a_wrong_and_certain_network_is_exact_or_clipped(output, loss):
    net = _core.Net((2, 2), [output], loss, np.float32)
    params = np.array([800, -800, -800, 800, 0, 0], np.float32)
    assert net.cost_and_plain_cost(params, np.eye(2), [1, 0])[1] == 1600
    clipped = net.cost_and_plain_cost(params, np.eye(2), [1, 0], clip=1e-3)[1]
    assert clipped == pytest.approx(np.log(1e3) * (1 if output == "softmax" else 2), rel=1e-4)


BITS = """
import json
import numpy as np
from cmlp._bridge import _core
from helpers import inputs, labels
found = []
for loss in ("label_smoothing", "focal"):
    for output in ("softmax", "logistic"):
        for dtype in (np.float32, np.float64):
            net = _core.Net((6, 4), [output], loss, dtype)
            params = inputs(0, 1, net.n_params, dtype)[0]
            cost = net.cost_and_plain_cost(params, inputs(1, 300, 6, dtype), labels(2, 300, 4))
            found.append([number.hex() for number in cost])
print(json.dumps(found))
"""


@functools.cache
def bits_of(isa):
    return json_from_python(BITS, isa=isa)


@pytest.mark.parametrize("isa", [isa for isa in ISAS if isa != "generic"])
def test_instruction_set_does_not_change_the_bits(isa):
    skip_unless_available(isa)
    assert bits_of(isa) == bits_of("generic")


def test_plain_cost_of_a_function_is_the_function():
    def loss(y, output):
        return ((output - y) ** 4).sum(axis=1), 4 * (output - y) ** 3

    net = Network(
        [WIDTH, 5, N_OUT], "tanh", output="identity", loss=loss, dtype="float64", random_state=0
    )
    X, Y = inputs(1, N_ROWS, WIDTH, np.float64), uniform(2, N_ROWS, N_OUT)
    expected = np.average(loss(Y, net.forward(X))[0], weights=WEIGHT)
    assert net.cost(X, Y, sample_weight=WEIGHT, alpha=0.3, plain=True) == pytest.approx(
        expected, rel=1e-14
    )


@pytest.mark.parametrize("loss", ["label_smoothing", "focal", "log_loss", "squared_error"])
def test_network_returns_the_plain_cost(loss):
    net, twin = (
        Network([WIDTH, 5, N_OUT], loss=name, random_state=0) for name in (loss, plain_name(loss))
    )
    X, y = inputs(1, N_ROWS, WIDTH, np.float32), labels(2, N_ROWS, N_OUT)
    options = {"sample_weight": WEIGHT, "order": ORDER, "dropout": 0.2, "dropout_seed": 3}
    assert net.cost(X, y, plain=True, alpha=0.3, **options) == twin.cost(X, y, **options)
    assert net.cost(X, y, plain=False, alpha=0.3, **options) == net.cost(X, y, alpha=0.3, **options)


def test_plain_must_be_a_boolean():
    net = Network([2, 2], random_state=0)
    with pytest.raises(ValueError, match=r"plain must be an instance of 'bool'.*, got 'yes'"):
        net.cost(np.eye(2), [0, 1], plain="yes")
    with pytest.raises(ValueError, match="NaN"):
        net.cost([[np.nan, 0]], [0], plain=True)
