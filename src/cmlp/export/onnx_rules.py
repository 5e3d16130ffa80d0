"""Reads the outputs of an ONNX graph that is a multilayer perceptron.

The nodes are matched in their order, each once. A tensor is a `Constant`, the `Inputs`, a part of their shape (`Rows`)
or a `Term`, which is a function of one layer's weighted sums. An operator without a rule for its arguments is refused,
so every node of a graph that is read has been matched exactly.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cmlp.export.onnx_graph import Constant, Graph, Node, dtype_of
from cmlp.export.onnx_inputs import from_inputs, from_rows
from cmlp.export.onnx_terms import from_terms
from cmlp.export.onnx_values import Inputs, Rows, Term, Value

# Each attribute's default and the supported values; None for all values. Other attributes are refused.
_ATTRIBUTES: dict[str, dict[str, tuple[Any, Any]]] = {
    "ArgMax": {"axis": (0, (1, -1)), "keepdims": (1, (0, 1)), "select_last_index": (0, (0,))},
    "Cast": {"to": (0, None), "saturate": (1, (0, 1))},
    "Concat": {"axis": (0, None)},
    "Constant": {"value": (None, None)}
    | {f"value_{kind}": (None, None) for kind in ("float", "int", "ints", "floats")},
    "Dropout": {"ratio": (0.5, None), "seed": (0, None)},
    "Elu": {"alpha": (1.0, None)},
    "Flatten": {"axis": (1, (1,))},
    "Gather": {"axis": (0, (0,))},
    "Gelu": {"approximate": (b"none", (b"none",))},
    "Gemm": {"alpha": (1.0, None), "beta": (1.0, None), "transA": (0, (0,)), "transB": (0, (0, 1))},
    "LeakyRelu": {"alpha": (0.01, None)},
    "ReduceSum": {"keepdims": (1, (1,)), "noop_with_empty_axes": (0, (0, 1))},
    "Reshape": {"allowzero": (0, (0, 1))},
    "Shape": {"start": (0, (0,)), "end": (None, (None, 1))},
    "Softmax": {"axis": (-1, (1, -1))},
    "TopK": {"axis": (-1, (1, -1)), "largest": (1, (0,)), "sorted": (1, (1,))},
    "Squeeze": {"axes": (None, ([1], [-1]))},
    "Transpose": {"perm": ([1, 0], ([1, 0],))},
    "Unsqueeze": {"axes": (None, ([0],))},
    "ai.onnx.ml.Binarizer": {"threshold": (0.0, (0.5,))},
    "ai.onnx.ml.Scaler": {"offset": (None, None), "scale": (None, None)},
    "ai.onnx.ml.ZipMap": {"classlabels_int64s": (None, None), "classlabels_strings": (None, None)},
}


def outputs_of(graph: Graph) -> list[Term]:
    """Return the outputs of a graph; raises ValueError with the operator and the node that is not supported."""
    values: dict[str, Value] = {**graph.constants, graph.input: Inputs(graph.dtype, graph.shape)}
    used = set(graph.outputs)
    for node in graph.nodes:
        result = _result(graph, node, [_known(values, name) for name in node.inputs])
        if result is None:
            raise ValueError(f"{node} is not supported here")
        values.update(dict.fromkeys(node.outputs[1:], Rows("other output")))
        values[node.outputs[0]] = result
        used.update(node.inputs)
    for node in graph.nodes:
        if used.isdisjoint(node.outputs) and not isinstance(values[node.outputs[0]], Constant):
            raise ValueError(f"{node} is not supported: its result is not used")
    found = [_known(values, name) for name in graph.outputs]
    terms = [value for value in found if isinstance(value, Term)]
    if len(terms) != len(found):
        raise ValueError(f"the outputs {graph.outputs} must be computed by a network")
    return terms


def _known(values: dict[str, Value], name: str) -> Value:
    """Return a tensor; None for an argument that is left out."""
    if name and name not in values:
        raise ValueError(f"the graph uses the undefined tensor {name!r}")
    return values[name] if name else None


def _result(graph: Graph, node: Node, arguments: list[Value]) -> Value:
    """Return the first output of a node; None if no rule matches."""
    if not node.outputs or (node.attributes and node.operator not in _ATTRIBUTES):
        return None
    attributes = _attributes(node)
    if node.operator == "Constant":
        return _constant(graph, node)
    if not arguments or arguments[0] is None:
        return None
    if node.operator == "Identity" or (node.operator == "Dropout" and _is_inactive(arguments)):
        return arguments[0]
    if node.operator == "Cast":
        attributes["to"] = dtype_of(graph.onnx, attributes["to"])
    for kind, rule in ((Term, from_terms), (Inputs, from_inputs), (Rows, from_rows)):
        if any(isinstance(argument, kind) for argument in arguments):
            return rule(node, attributes, arguments)
    return _from_constants(node, attributes, arguments)


def _attributes(node: Node) -> dict[str, Any]:
    """Return the attributes of a node with defaults; raises ValueError for values that are not supported."""
    known = _ATTRIBUTES.get(node.operator, {})
    for name, value in node.attributes.items():
        if name not in known:
            raise ValueError(f"{node} has the attribute {name!r}, which is not supported")
        allowed = known[name][1]
        if allowed is not None and value not in allowed:
            raise ValueError(f"{node} must have {name}={' or '.join(map(repr, allowed))}, got {value!r}")
    for name, (default, allowed) in known.items():
        if name not in node.attributes and allowed is not None and default is not None and default not in allowed:
            raise ValueError(f"{node} must have {name}={' or '.join(map(repr, allowed))}, got the default {default!r}")
    return {name: node.attributes.get(name, default) for name, (default, _) in known.items()}


def _is_inactive(arguments: list[Value]) -> bool:
    """Return whether a Dropout has no effect: it is not in training mode."""
    mode = arguments[2] if len(arguments) > 2 else None
    return mode is None or (isinstance(mode, Constant) and mode.shape == () and not mode.value)


def _constant(graph: Graph, node: Node) -> Constant | None:
    if len(node.attributes) != 1:
        return None
    onnx, (name, value) = graph.onnx, *node.attributes.items()
    if name != "value":
        dtype = np.float32 if "float" in name else np.int64
        value = onnx.numpy_helper.from_array(np.asarray(value, dtype))
    return Constant(onnx, value)


def _from_constants(node: Node, attributes: dict[str, Any], arguments: list[Any]) -> Value:
    if len(arguments) == 1 and node.operator == "Transpose" and len(arguments[0].shape) == 2:
        return arguments[0].transpose()  # type: ignore[no-any-return]
    if len(arguments) == 1 and node.operator == "Cast":
        return arguments[0].cast(attributes["to"])  # type: ignore[no-any-return]
    return None
