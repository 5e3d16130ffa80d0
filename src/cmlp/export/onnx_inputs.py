"""What operators compute from the input of an ONNX graph: a conversion, a scale, or a matrix with the same rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cmlp.export.onnx_graph import Constant, Node
from cmlp.export.onnx_layers import layer
from cmlp.export.onnx_values import Inputs, Rows, Value


def from_inputs(node: Node, attributes: dict[str, Any], arguments: list[Any]) -> Value:
    """Return what a node computes from the inputs; None if no rule matches."""
    x, others = arguments[0], arguments[1:]
    if node.operator in ("Mul", "Div", "Add", "Sub", "ai.onnx.ml.Scaler"):
        return _scaled(node, arguments)
    if not isinstance(x, Inputs):
        return None
    if node.operator in ("Gemm", "MatMul"):
        return layer(node, attributes, x, others) if len(x.shape) == 2 else None
    if node.operator == "Reshape" and len(others) == 1:
        return _reshaped(node, attributes, x, others[0])
    if others:
        return None
    if node.operator == "Cast":
        return _converted(x, attributes["to"])
    if node.operator == "Flatten" and len(x.shape) > 1:
        return x._replace(shape=(x.shape[0], _product(x.shape[1:])))
    if node.operator == "Shape" and x.shape:
        return Rows("shape" if attributes["end"] is None else (0,))
    return None


def _scaled(node: Node, arguments: list[Any]) -> Inputs:
    """Return the inputs multiplied by a number; raises ValueError for other arithmetic on them."""
    x = next(argument for argument in arguments if isinstance(argument, Inputs))
    others = [argument for argument in arguments if argument is not x]
    number = others[0].number() if len(arguments) == 2 and others and isinstance(others[0], Constant) else None
    if number is None or node.operator not in ("Mul", "Div") or (node.operator == "Div" and x is not arguments[0]):
        raise ValueError(
            f"{node} is not supported: a network multiplies all inputs by one number; convert the model without its "
            "scaler (such as StandardScaler), and scale the rows before"
        )
    if x.dtype not in (np.float32, np.float64) or others[0].dtype != x.dtype or x.scale is not None:
        raise ValueError(f"{node} is not supported: inputs must be scaled once, as float32 or float64")
    scale = number if node.operator == "Mul" else 1 / number if number else 0.0
    if not 0 < scale <= float(np.finfo(x.dtype).max):
        raise ValueError(f"{node} must scale the inputs by a positive number in the range of {x.dtype}, got {number}")
    return x._replace(scale=scale, rounded=x.rounded or x.dtype == np.float32)


def _converted(x: Inputs, to: np.dtype[Any]) -> Inputs | None:
    """Return the inputs in another dtype; None if this changes more than the precision of the network requires."""
    exact = x.dtype.kind in "uif" and np.can_cast(x.dtype, to, "safe")
    if x.dtype.kind not in "uif" or not (exact or to in (np.float32, np.float64)) or (x.rounded and to != x.dtype):
        return None
    return x._replace(dtype=to, rounded=x.rounded or not exact)


def _reshaped(node: Node, attributes: dict[str, Any], x: Inputs, shape: Any) -> Inputs | None:
    """Return the inputs as a matrix with the same rows; None if the rows may be others."""
    target = shape.integers() if isinstance(shape, Constant) else shape.form if isinstance(shape, Rows) else None
    if not isinstance(target, list | tuple) or len(target) != 2 or len(x.shape) < 2:
        return None
    (n, *features), (rows, columns) = x.shape, target
    n_features = _product(features)
    copied = rows == 0 and (isinstance(shape, Rows) or not attributes["allowzero"])
    if copied or rows == n:
        return x._replace(shape=(n, n_features)) if columns in (-1, n_features) else None
    return x._replace(shape=(n, columns)) if rows == -1 and columns == n_features else None


def _product(sizes: Any) -> int | None:
    return None if None in sizes else math.prod(sizes)


def from_rows(node: Node, attributes: dict[str, Any], arguments: list[Any]) -> Rows | None:
    """Return a part of the inputs' shape, from which a graph computes the target of Reshape. Its 0 is the rows."""
    first, others = arguments[0], arguments[1:]
    form = first.form if isinstance(first, Rows) else None
    axes = others[0].integers() if others and isinstance(others[0], Constant) else attributes.get("axes")
    if node.operator == "Gather" and form == "shape" and len(others) == 1 and axes == [0]:
        return Rows("rows" if others[0].shape == () else (0,))
    if node.operator == "Unsqueeze" and form == "rows" and axes == [0]:
        return Rows((0,))
    if node.operator == "Concat" and form == (0,) and attributes["axis"] == 0 and len(others) == 1 and axes:
        return Rows((0, *axes)) if others[0].shape == (1,) and axes[0] else None
    return None
