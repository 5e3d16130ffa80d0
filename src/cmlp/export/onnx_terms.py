"""What operators compute from a layer: activations, probabilities, and the weighted sums of the next layer.

A function of weighted sums is known by the name of its state, and the table `_STATES` lists which operator leads to
which state.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cmlp.export.onnx_functions import DOMAIN
from cmlp.export.onnx_graph import Constant, Node
from cmlp.export.onnx_labels import LABEL_RULES
from cmlp.export.onnx_layers import layer, with_biases
from cmlp.export.onnx_values import ACTIVATIONS, Term, Value

# Operator and operands lead to a state. The operands of Add and Mul are in alphabetic order.
_STATES = {
    "Sigmoid(identity)": "logistic",
    "Tanh(identity)": "tanh",
    "Relu(identity)": "relu",
    "LeakyRelu(identity)": "leaky_relu",
    "Elu(identity)": "elu",
    "Softplus(identity)": "softplus",
    "Softsign(identity)": "softsign",
    "Gelu(identity)": "gelu",
    "Exp(identity)": "exp",
    "Softmax(identity)": "softmax",
    "Mul(identity, logistic)": "silu",
    # softsign and gelu by arithmetic
    "Abs(identity)": "size",
    "Add(1, size)": "1 + size",
    "Div(identity, 1 + size)": "softsign",
    "Mul(identity, sqrt(1/2))": "argument of erf",
    "Div(identity, sqrt(2))": "argument of erf",
    "Erf(argument of erf)": "erf",
    "Add(1, erf)": "1 + erf",
    "Mul(0.5, identity)": "half",
    "Mul(1 + erf, half)": "gelu",
    "Mul(1 + erf, identity)": "twice gelu",
    "Mul(0.5, twice gelu)": "gelu",
    "Mul(0.5, 1 + erf)": "Phi",
    "Mul(Phi, identity)": "gelu",
    # torch's softplus, which returns large arguments; the difference is below exp(-20)
    "Greater(identity, large)": "is large",
    "Where(is large, identity, softplus)": "softplus",
    # the functions that to_onnx writes for float64
    f"{DOMAIN}.leaky_relu(identity, number)": "leaky_relu",
    f"{DOMAIN}.elu(identity, number)": "elu",
    **{f"{DOMAIN}.{name}(identity)": name for name in ("gelu", "softplus", "softsign")},
    # probabilities of two classes; each row divided by its sum, or equal probabilities
    "Sub(1, logistic)": "complement",
    "Concat(complement, logistic)": "pair",
    "ReduceSum(logistic, [1])": "sum",
    "Equal(sum, 0)": "is zero",
    "Where(is zero, 1, logistic)": "numerator",
    "Where(is zero, n, sum)": "denominator",
    "Div(numerator, denominator)": "normalized",
    # labels
    "Sigmoid(flat identity)": "flat logistic",
    "Greater(flat logistic, 0.5)": "is second",
    "Greater(flat logistic, 2)": "is never",
    "Greater(logistic, 0.5)": "is present",
    "ai.onnx.ml.Binarizer(logistic)": "is present",
}
_NUMBERS = {0.0: "0", 0.5: "0.5", 1.0: "1", 2.0: "2"}
_LARGE = 20.0
_ROOTS = {math.sqrt(0.5): "sqrt(1/2)", math.sqrt(2): "sqrt(2)"}  # may be rounded to float32
_CLOSE = 1e-6


def from_terms(node: Node, attributes: dict[str, Any], arguments: list[Any]) -> Value:
    """Return a layer, or a function of a layer's weighted sums."""
    first = arguments[0]
    term: Term = next(argument for argument in arguments if isinstance(argument, Term))
    if node.operator in ("Gemm", "MatMul"):
        usable = first is term and term.state in ACTIVATIONS
        return layer(node, attributes, term, arguments[1:]) if usable else None
    if node.operator == "Add" and len(arguments) == 2 and term.state == "identity" and term.sums.biases is None:
        biases = arguments[1 if first is term else 0]
        return with_biases(node, term.sums, biases, 1.0) if isinstance(biases, Constant) else None
    if node.operator == "TopK":
        return _sorted(term, arguments)
    if node.operator in LABEL_RULES:
        return LABEL_RULES[node.operator](attributes, arguments)
    return _state(node, attributes, arguments, term)


def _sorted(term: Term, arguments: list[Any]) -> Term | None:
    """Return the outputs of each row in ascending order, as several quantiles are."""
    number = arguments[1].integers() if len(arguments) == 2 and isinstance(arguments[1], Constant) else None
    ascending = arguments[0] is term and term.state in ACTIVATIONS and number == [term.sums.n_out]
    return term._replace(state=f"sorted {term.state}") if ascending else None


def _state(node: Node, attributes: dict[str, Any], arguments: list[Any], term: Term) -> Term | None:
    """Look up an operator in the table of states."""
    if node.operator.startswith(f"{DOMAIN}.") and term.sums.weights.dtype != np.float64:
        return None
    operands = [_operand(argument, term, node.operator) for argument in arguments]
    if node.operator in ("Add", "Mul"):
        operands.sort()
    if node.operator == "Concat" and attributes["axis"] not in (1, -1):
        return None
    if node.operator in (f"{DOMAIN}.leaky_relu", f"{DOMAIN}.elu") and len(arguments) == 2:
        number = arguments[1]
        same = isinstance(number, Constant) and number.dtype == term.sums.weights.dtype
        attributes = {"alpha": number.number() if same else None}
        operands[1] = "number"
    state = _STATES.get(f"{node.operator}({', '.join(operands)})")
    if state not in ("leaky_relu", "elu"):
        return None if state is None else Term(term.sums, state)
    alpha = attributes["alpha"]
    if alpha is None or not 0 <= alpha < math.inf:
        raise ValueError(f"{node} must have a parameter of at least 0, got {alpha!r}")
    if node.operator in ("LeakyRelu", "Elu"):
        alpha = float(np.float32(alpha).astype(str))  # the shortest decimal number of a float32 attribute
    return Term(term.sums, state, alpha) if alpha else Term(term.sums, "relu")


def _operand(argument: Any, term: Term, operator: str) -> str:
    """Return the name of an argument in the table of states; "" for arguments that the table does not have."""
    if isinstance(argument, Term):
        return argument.state if argument.sums is term.sums else ""
    if not isinstance(argument, Constant):
        return ""
    number = argument.number()
    if number is None:
        return str(argument.integers())
    if argument.dtype != term.sums.weights.dtype:
        return ""
    if operator == "Where" and number == term.sums.n_out > 1:
        return "n"
    if number >= _LARGE:
        return "large"
    roots = [name for root, name in _ROOTS.items() if math.isclose(number, root, rel_tol=_CLOSE)]
    return roots[0] if roots else _NUMBERS.get(number, "")
