"""exp, log, tanh and the logistic function are within 2 units in the last place of a 200-bit result.

Activations composed of them are within 4.

Each is called through the public interface: a network of one unit with weight 1 and bias 0.
"""

import math_coefficients
import mpmath
import numpy as np
import pytest
from c_build import in_source_tree
from helpers import DTYPES, assert_same_bits, net_and_params, uniform

from cmlp._bridge import _core
from cmlp._data.activations import traits_of_activation
from cmlp._data.losses import FOR_PREDICTION, losses_of

mp = mpmath.mp.clone()
mp.prec = 200

FUNCTIONS = {
    "exp": mp.exp,
    "logistic": lambda x: 1 / (1 + mp.exp(-x)),
    "tanh": mp.tanh,
}
COMPOSED = {
    "leaky_relu": lambda x: x * mp.mpf("0.25") if x < 0 else x,
    "elu": lambda x: mp.expm1(x) if x < 0 else x,
    "silu": lambda x: x / (1 + mp.exp(-x)) if abs(x) < 1e4 else max(x, mp.mpf(0)),
    "gelu": lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2 if abs(x) < 1e3 else max(x, mp.mpf(0)),
    "softplus": lambda x: (
        (mp.log1p(mp.exp(x)) if x < 100 else x + mp.exp(-x)) if abs(x) < 1e4 else max(x, mp.mpf(0))
    ),
    "softsign": lambda x: x / (1 + abs(x)),
}


def neuron(activation, dtype):
    """Return a function that applies the activation: one unit of weight 1, with an identity output if it is hidden."""
    if not _core.ACTIVATIONS[activation].output or activation == "tanh":
        parameters = [0.25 if activation == "leaky_relu" else 0, 0]
        net = _core.Net((1, 1, 1), [activation, "identity"], "squared_error", dtype, parameters)
        params = np.empty(net.n_params, dtype)
    else:
        net, params = net_and_params((1, 1), [activation], "squared_error", dtype)
    weights, biases = net.views(params)
    for w, b in zip(weights, biases, strict=True):
        w[...], b[...] = 1, 0
    return lambda x: net.activations_of(params, np.reshape(x, (-1, 1)))[0][:, 0]


def random_bits(seed, dtype, n):
    """Return finite numbers of random bits: every exponent, subnormal numbers included."""
    size = np.dtype(dtype).itemsize
    raw = (uniform(seed, n, size, low=0, high=256)).astype(np.uint8)
    values = raw.view(dtype)[:, 0]
    return values[np.isfinite(values)]


def around(values, dtype):
    """Return the values and their three nearest neighbours on both sides, with both signs."""
    row = [np.asarray(values, dtype)]
    for direction in (-np.inf, np.inf):
        near = row[0]
        for _ in range(3):
            near = np.nextafter(near, dtype(direction))
            row.append(near)
    both = np.concatenate(row)
    return np.concatenate([both, -both])


def points(dtype):
    """Return arguments near every limit of the algorithms, in the usual range, and of random bits."""
    info = np.finfo(dtype)
    log_tiny, log_max = np.log(float(info.tiny)), np.log(float(info.max))
    multiples = np.log(2) * np.arange(-20, 21) / 2  # where the power of two in exp changes
    special = [0, info.tiny, info.smallest_subnormal, info.eps, 1, 2, 9.01, 10, 18.7, 20, 40]
    special += [log_tiny, log_max, log_tiny / 2, log_max / 2, info.max / 2, info.eps / 2]
    return np.concatenate(
        [
            [info.max, -info.max],
            around(special, dtype),
            around(multiples, dtype),
            uniform(0, 1000, low=-3, high=3).astype(dtype),
            uniform(1, 1000, low=1.1 * log_tiny, high=1.1 * log_max).astype(dtype),
            (uniform(2, 300) * np.logspace(0, -30, 300)).astype(dtype),
            random_bits(3, dtype, 1000),
        ]
    )


def worst_ulp(actual, exact, subnormal=False):
    """Return the largest error in units in the last place. Results below the smallest normal number must be +0.

    With `subnormal` they may also be rounded.
    """
    info = np.finfo(actual.dtype)
    worst = 0
    assert not np.isnan(actual).any()
    for y, z in zip(actual.tolist(), exact, strict=True):
        if abs(z) < info.tiny and subnormal:
            assert y == 0 or abs(y - z) <= info.smallest_subnormal, (y, z)
        elif abs(z) < info.tiny:
            # A result just below may still round to the smallest normal number.
            assert y == 0 or abs(y) == info.tiny, (y, z)
        elif mp.isinf(z) or abs(z) > float(info.max):
            assert y == float(z) or (np.isinf(y) and y * z > 0), (y, z)
        else:
            unit = mp.ldexp(1, mp.frexp(z)[1] - info.nmant - 1)
            worst = max(worst, abs(mp.mpf(y) - z) / unit)
    return float(worst)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_is_within_two_units_in_the_last_place(name, dtype):
    x = points(dtype)
    assert len(x) > 3500
    y = neuron(name, dtype)(x)
    assert worst_ulp(y, [FUNCTIONS[name](mp.mpf(float(v))) for v in x]) <= 2
    assert not np.signbit(y[y == 0]).any()


@pytest.mark.sampled(2)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", COMPOSED)
def test_composed_activations_within_four_units_in_the_last_place(name, dtype):
    x = points(dtype)
    y = neuron(name, dtype)(x)
    exact = [COMPOSED[name](mp.mpf(float(v))) for v in x]
    assert worst_ulp(y, exact, subnormal=name in ("leaky_relu", "elu")) <= 4


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", COMPOSED)
def test_composed_activations_at_infinity(name, dtype):
    limits = {"elu": -1, "leaky_relu": -np.inf, "softsign": -1}
    low, high = neuron(name, dtype)(np.array([-200000, 200000], dtype))
    assert low == (-50000 if name == "leaky_relu" else pytest.approx(limits.get(name, 0), abs=1e-5))
    assert high == pytest.approx(1 if name == "softsign" else 200000, rel=1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
def test_log_within_two_units_in_the_last_place(dtype):
    """The clipped log loss of one logistic output with target 1 is -log p."""
    net, params = net_and_params((1, 1), ["logistic"], "log_loss", dtype)
    params[:] = [1, 0]
    info = np.finfo(dtype)
    x = np.concatenate(
        [uniform(0, 800, low=np.log(float(info.tiny)) + 0.1, high=4), np.logspace(-6, 1, 700)]
    ).astype(dtype)[:, None]
    p = net.forward(params, x)[:, 0]
    yes = np.ones((1, 1))
    clip = float(info.tiny)
    cost = np.array([net.cost(params, row[None], yes, clip=clip) for row in x])
    assert_same_bits(cost, cost.astype(dtype).astype(np.float64))
    assert p.min() < 1e-30 and p.max() > 0.9999
    assert worst_ulp(cost.astype(dtype), [-mp.log(mp.mpf(float(v))) for v in p]) <= 2


@pytest.mark.parametrize("dtype", DTYPES)
def test_log_of_numbers_above_one(dtype):
    """With all parameters 0, n classes are equally probable and the exact log loss is log n."""
    n_classes = [*range(1, 200), 255, 256, 257, 1000, 4095, 4096, 4097, 65537]
    cost = []
    for n in n_classes:
        net, params = net_and_params((1, n), ["softmax"], "log_loss", dtype)
        cost.append(net.cost(np.zeros_like(params), np.ones((1, 1)), [n // 2]))
    assert cost[0] == 0
    assert worst_ulp(np.array(cost[1:], dtype), [mp.log(n) for n in n_classes[1:]]) <= 2


@pytest.mark.parametrize("dtype", DTYPES)
def test_exact_log_loss_of_a_correct_prediction(dtype):
    """log(1 + exp(-z)) applies exp and log1p in turn; the errors of both add up."""
    net, params = net_and_params((1, 1), ["logistic"], "log_loss", dtype)
    params[:] = [1, 0]
    x = np.concatenate([uniform(0, 1000, low=0, high=12), np.logspace(-8, 1.9, 500)]).astype(dtype)
    yes = np.ones((1, 1))
    cost = np.array([net.cost(params, v.reshape(1, 1), yes) for v in x]).astype(dtype)
    assert worst_ulp(cost, [mp.log1p(mp.exp(-mp.mpf(float(v)))) for v in x]) <= 3


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_is_within_four_units_in_the_last_place(dtype):
    net, params = net_and_params((1, 5), ["softmax"], "log_loss", dtype)
    # The differences to the largest input are exact, so only exp, the sum and the quotient round.
    steps = np.floor(uniform(0, 300, 5, low=0, high=2000)) / 64
    for z in steps:
        params[:5], params[5:] = z, 0
        exact = [mp.exp(mp.mpf(float(v)) - z.max()) for v in z]
        exact = [e / sum(exact) for e in exact]
        assert worst_ulp(net.forward(params, np.ones((1, 1)))[0], exact) <= 4


@pytest.mark.parametrize("dtype", DTYPES)
def test_relu_is_exact(dtype):
    x = points(dtype)
    assert_same_bits(neuron("relu", dtype)(x), np.where(x > 0, x, dtype(0)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_tanh_is_odd(dtype):
    x = points(dtype)
    tanh = neuron("tanh", dtype)
    np.testing.assert_array_equal(tanh(-x), -tanh(x))


@pytest.mark.slow
@pytest.mark.full
@in_source_tree
def test_coefficients_in_the_header_are_minimax_coefficients():
    """math_coefficients.py derives each coefficient again by Remez's algorithm."""
    assert math_coefficients.missing_from_header() == []


LIMITS = {  # at +infinity and -infinity
    "identity": (np.inf, -np.inf),
    "exp": (np.inf, 0.0),
    "logistic": (1.0, 0.0),
    "tanh": (1.0, -1.0),
    "relu": (np.inf, 0.0),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "limits"), LIMITS.items(), ids=LIMITS)
def test_activations_of_infinite_and_nan_sums(name, limits, dtype):
    """A weighted sum that overflows gives the limit of the function; NaN parameters give NaN."""
    hidden = name in ("tanh", "relu")
    net, params = net_and_params(
        (1, 1, 1) if hidden else (1, 1),
        [name, "identity"] if hidden else [name],
        "squared_error",
        dtype,
    )
    params[:2] = np.finfo(dtype).max, 0
    X = np.array([[2.0], [-2.0]])
    y = net.activations_of(params, X)[0][:, 0]
    assert_same_bits(y, np.array(limits, dtype))
    params[0] = np.nan
    assert np.isnan(net.activations_of(params, X)[0]).all()


def test_the_package_has_a_row_for_each_activation_and_loss_of_the_core():
    assert losses_of() == sorted(_core.LOSSES)
    for name, activation in _core.ACTIVATIONS.items():
        usual = traits_of_activation(name).usual_loss
        assert bool(usual) == activation.output
        assert not usual or name in _core.LOSSES[usual].outputs
        assert not activation.output or name in _core.LOSSES[FOR_PREDICTION].outputs


@pytest.mark.parametrize("name", [name for name in _core.ACTIVATIONS if name != "softmax"])
def test_bounds_of_an_activation_are_those_of_its_values(name):
    traits = traits_of_activation(name)
    values = neuron(name, np.float64)(np.linspace(-500, 500, 100001))
    assert traits.lowest <= values.min() < max(traits.lowest + 0.01, -0.9)
    assert min(traits.highest - 0.01, 400) < values.max() <= traits.highest
