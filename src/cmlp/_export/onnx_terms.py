"""What operators compute from a layer: activations, probabilities, labels, and the weighted sums of the next layer.

A function of weighted sums is known by the name of its state, and the table `_STATES` lists which operator leads to
which state.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._export.onnx_functions import DOMAIN, OPERATORS
from cmlp._export.onnx_graph import Constant, Node
from cmlp._export.onnx_values import ACTIVATIONS, Term, Value, layer, with_biases

if TYPE_CHECKING:
    from collections.abc import Callable

# Operator and operands lead to a state. The operands of Add and Mul are in alphabetic order.
_STATES = {
    **{f"{operator}(identity)": name for name, operator in OPERATORS.items()},
    "Gelu(identity)": "gelu",
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
    if node.operator in _LABEL_RULES:
        return _LABEL_RULES[node.operator](attributes, arguments)
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


# ----------------------------------------------------------------------------------------------------------- labels


def _reshaped_term(attributes: dict[str, Any], arguments: list[Any]) -> Term | None:
    """Return a term whose column of outputs or labels becomes a vector, or a vector that becomes a column."""
    if not isinstance(arguments[0], Term) or len(arguments) != 2 or not isinstance(arguments[1], Constant):
        return None
    term, target = arguments[0], arguments[1].integers()
    n_out, last = term.sums.n_out, term.state.removeprefix("flat ")
    if target == [-1] and term.state in _VECTORS:
        return term._replace(state=_VECTORS[term.state])
    if last not in ACTIVATIONS:
        return None
    if n_out == 1 and target == [-1]:
        return term._replace(state=f"flat {last}")
    copied = [[0, n_out], [0, -1]] if last == term.state and not attributes["allowzero"] else []
    return (
        term._replace(state=last) if target in [[-1, n_out], *copied] and (n_out == 1 or last == term.state) else None
    )


def _squeezed(attributes: dict[str, Any], arguments: list[Any]) -> Term | None:
    axes = arguments[1].integers() if len(arguments) == 2 and isinstance(arguments[1], Constant) else attributes["axes"]
    term = arguments[0]
    if not isinstance(term, Term) or axes not in ([1], [-1]) or len(arguments) > 2:
        return None
    if term.state in ("index column", "label column"):
        return term._replace(state=_VECTORS[term.state])
    return term._replace(state=f"flat {term.state}") if term.sums.n_out == 1 and term.state in ACTIVATIONS else None


def _largest(attributes: dict[str, Any], arguments: list[Any]) -> Term | None:
    (term,) = arguments
    form = "index column" if attributes["keepdims"] else "index"
    if term.sums.n_out > 1 and term.state in ACTIVATIONS:
        return Term(term.sums, form, source=term.state)
    return Term(term.sums, form, source="pair") if term.sums.n_out == 1 and term.state == "pair" else None


def _looked_up(attributes: dict[str, Any], arguments: list[Any]) -> Term | None:
    """Return the label of a class index."""
    classes, term = arguments
    if not isinstance(classes, Constant) or len(classes.shape) != 1 or term.state not in ("index", "index column"):
        return None
    state = term.state.replace("index", "label") if attributes else "label row"
    return Term(term.sums, state, source=term.source, classes=classes)


def _converted_term(attributes: dict[str, Any], arguments: list[Any]) -> Term | None:
    (term,), to = arguments, attributes["to"]
    if isinstance(term.classes, Constant):
        classes = term.classes.cast(to)
        return None if classes is None else term._replace(classes=classes)
    if term.state in _CAST_STATES:
        state, source = _CAST_STATES[term.state]
        return term._replace(state=state, source=source or term.source) if to in (np.int32, np.int64) else None
    same = to == term.sums.weights.dtype and term.state.removeprefix("flat ") in (*ACTIVATIONS, "pair", "normalized")
    return term if same else None


def _mapped(attributes: dict[str, Any], arguments: list[Any]) -> Term | None:
    (term,) = arguments
    labels = [values for values in attributes.values() if values is not None]
    if len(labels) != 1 or term.state not in ("softmax", "logistic", "pair"):
        return None
    return Term(term.sums, "map", source=term.state, classes=labels[0])


_VECTORS = {"index column": "index", "label column": "label", "label row": "label"}
# State after a conversion to an integer dtype, and from what a class index was computed.
_CAST_STATES = {
    "is second": ("index", "pair"),
    "is never": ("index", "single"),
    "is present": ("multilabel", "logistic"),
    "multilabel": ("multilabel", ""),
    "index": ("index", ""),
    "index column": ("index column", ""),
}
_LABEL_RULES: dict[str, Callable[[dict[str, Any], list[Any]], Term | None]] = {
    "ArgMax": _largest,
    "Cast": _converted_term,
    "Gather": _looked_up,
    "Reshape": _reshaped_term,
    "Squeeze": _squeezed,
    "ai.onnx.ml.ArrayFeatureExtractor": _looked_up,
    "ai.onnx.ml.ZipMap": _mapped,
}
