"""What operators of an ONNX graph compute from the outputs of a network: class indices and labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cmlp.export.onnx_graph import Constant
from cmlp.export.onnx_values import ACTIVATIONS, Term


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
LABEL_RULES: dict[str, Callable[[dict[str, Any], list[Any]], Term | None]] = {
    "ArgMax": _largest,
    "Cast": _converted_term,
    "Gather": _looked_up,
    "Reshape": _reshaped_term,
    "Squeeze": _squeezed,
    "ai.onnx.ml.ArrayFeatureExtractor": _looked_up,
    "ai.onnx.ml.ZipMap": _mapped,
}
