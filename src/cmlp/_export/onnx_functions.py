"""The activations as ONNX nodes.

ONNX Runtime implements some activations for float32 only. For float64, functions in the file itself
(domain ``cmlp``) define them with arithmetic that ONNX Runtime has for both types.
"""

from __future__ import annotations

import math

import numpy as np

DOMAIN = "cmlp"

# Operators whose name differs from cmlp's name of the activation, or that need more than one node,
# are not listed.
OPERATORS = {
    "logistic": "Sigmoid",
    "tanh": "Tanh",
    "relu": "Relu",
    "leaky_relu": "LeakyRelu",
    "elu": "Elu",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "exp": "Exp",
    "softmax": "Softmax",
}
# The parameter of a float32 activation is an attribute; that of a float64 function is an input.
WITH_PARAMETER = ("leaky_relu", "elu")

_N_POINTS = 24


def _doubles(values: np.ndarray) -> str:
    """Return a list of numbers in ONNX's text format."""
    return "{" + ", ".join(repr(float(value)) for value in values) + "}"


def _gelu() -> str:
    """Return the body of z * Phi(z), with the error function as an integral.

    erf(x) = 2 / sqrt(pi) * x * integral of exp(-(x t)**2) for t from 0 to 1. A Gauss-Legendre rule
    with 24 points has an error below 1e-14 for abs(x) <= 6; beyond, erf(x) is 1 or -1 to double
    precision.
    """
    points, weights = np.polynomial.legendre.leggauss(_N_POINTS)
    points = (points + 1) / 2
    weights = weights / math.sqrt(math.pi)
    return f"""
    c = Constant <value = double {{{math.sqrt(0.5)!r}}}> ()
    low = Constant <value = double {{-6.0}}> ()
    high = Constant <value = double {{6.0}}> ()
    one = Constant <value = double {{1.0}}> ()
    half = Constant <value = double {{0.5}}> ()
    last = Constant <value = int64[1] {{-1}}> ()
    points = Constant <value = double[{_N_POINTS}] {_doubles(points)}> ()
    weights = Constant <value = double[{_N_POINTS}, 1] {_doubles(weights)}> ()
    scaled = Mul (z, c)
    above = Max (scaled, low)
    x = Min (above, high)
    column = Unsqueeze (x, last)
    t = Mul (column, points)
    square = Mul (t, t)
    minus = Neg (square)
    e = Exp (minus)
    sums = MatMul (e, weights)
    integral = Squeeze (sums, last)
    erf = Mul (x, integral)
    more = Add (erf, one)
    phi = Mul (more, half)
    a = Mul (z, phi)
"""


_ZERO = "zero = Constant <value = double {0.0}> ()\n"
_ONE = "one = Constant <value = double {1.0}> ()\n"


# The activations that are functions in float64. The reader knows these functions by their names.
BODIES = {
    "leaky_relu": (
        f"{_ZERO} high = Max (z, zero)\n"
        " low = Min (z, zero)\n"
        " s = Mul (low, p)\n"
        " a = Add (high, s)\n"
    ),
    "elu": (
        f"{_ZERO}{_ONE} high = Max (z, zero)\n"
        " low = Min (z, zero)\n"
        " e = Exp (low)\n"
        " d = Sub (e, one)\n"
        " s = Mul (d, p)\n"
        " a = Add (high, s)\n"
    ),
    "softplus": (
        f"{_ZERO}{_ONE} high = Max (z, zero)\n"
        " size = Abs (z)\n"
        " minus = Neg (size)\n"
        " e = Exp (minus)\n"
        " sum = Add (one, e)\n"
        " l = Log (sum)\n"
        " a = Add (high, l)\n"
    ),
    "softsign": f"{_ONE} size = Abs (z)\n sum = Add (one, size)\n a = Div (z, sum)\n",
    "gelu": _gelu(),
}


def function_text(activation: str, opset: int) -> str | None:
    """Return the float64 function of an activation in ONNX's text format.

    It is None if an operator supports float64.
    """
    if activation not in BODIES:
        return None
    if activation in WITH_PARAMETER:
        inputs = "z, p"
    else:
        inputs = "z"
    head = f'<domain: "{DOMAIN}", opset_import: ["" : {opset}]>\n{activation} ({inputs}) => (a)\n'
    return head + "{\n" + BODIES[activation] + "}\n"
