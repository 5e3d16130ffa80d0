"""What operators compute from the input of an ONNX graph: a conversion, a scale, or a matrix with the same rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._export.onnx_graph import Constant, Node
from cmlp._export.onnx_values import Inputs, Rows, Value, layer
from cmlp._inputs.scale import composed

if TYPE_CHECKING:
    from numpy.typing import NDArray


def from_inputs(node: Node, attributes: dict[str, Any], arguments: list[Any]) -> Value:
    """Return what a node computes from the inputs; None if no rule matches."""
    x, others = arguments[0], arguments[1:]
    if node.operator in ("Mul", "Div", "Add", "Sub", "ai.onnx.ml.Scaler"):
        return _scaled(node, attributes, arguments)
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


def _scaled(node: Node, attributes: dict[str, Any], arguments: list[Any]) -> Inputs:
    """Return the inputs after arithmetic with constants; raises ValueError for other arithmetic on them."""
    x = next(argument for argument in arguments if isinstance(argument, Inputs))
    if node.operator == "ai.onnx.ml.Scaler":
        return _scaler(node, attributes, x, arguments)
    others = [argument for argument in arguments if argument is not x]
    in_order = x is arguments[0] or node.operator in ("Mul", "Add")
    if len(arguments) != 2 or len(others) != 1 or not isinstance(others[0], Constant) or not in_order:
        raise ValueError(f"{node} is not supported: inputs can only be shifted and scaled by constants")
    if x.dtype not in (np.float32, np.float64) or others[0].dtype != x.dtype:
        raise ValueError(f"{node} is not supported: inputs must be scaled as float32 or float64")
    number = others[0].number()
    if number is not None and node.operator in ("Mul", "Div") and x.scale is None and x.columns is None:
        scale = number if node.operator == "Mul" else 1 / number if number else 0.0
        if 0 < scale <= _largest(x):
            return x._replace(scale=scale, rounded=x.rounded or x.dtype == np.float32)
    values = _values(node, others[0], x)
    with np.errstate(all="ignore"):
        if node.operator in ("Mul", "Div"):
            return _folded(node, x, np.zeros(1), values if node.operator == "Mul" else 1 / values)
        return _folded(node, x, values if node.operator == "Sub" else -values, np.ones(1))


def _scaler(node: Node, attributes: dict[str, Any], x: Inputs, arguments: list[Any]) -> Inputs:
    """Return the inputs after ``(x - offset) * scale``, of which ai.onnx.ml computes the result in float32."""
    numbers = []
    for name in ("offset", "scale"):
        given = attributes[name] or []
        if len(given) not in (1, x.shape[1] if len(x.shape) == 2 else 1):
            raise ValueError(f"{node} must have one {name}, or one for each of {x.shape} inputs, got {len(given)}")
        numbers.append(np.array(given, np.float64))
    if x.dtype.kind not in "uif":
        raise ValueError(f"{node} is not supported: its input must be numbers, got {x.dtype}")
    return _folded(node, x, *numbers)._replace(dtype=np.dtype(np.float32), rounded=True)


def _values(node: Node, constant: Constant, x: Inputs) -> NDArray[np.float64]:
    """Return a constant that has one number, or one for each column of the inputs."""
    n = x.shape[1] if len(x.shape) == 2 else None
    per_column = n is not None and constant.shape in ((n,), (1, n))
    if not per_column and constant.shape not in ((), (1,), (1, 1)[: len(x.shape)]):
        raise ValueError(
            f"{node} must have a constant number or one for each of the inputs of shape {x.shape}, got the shape "
            f"{constant.shape}"
        )
    return constant.value.reshape(-1).astype(np.float64)


def _folded(node: Node, x: Inputs, offset: NDArray[np.float64], by: NDArray[np.float64]) -> Inputs:
    """Return the inputs after another shift and factor, ``(x - offset) * by``."""
    before = (np.zeros(1), np.full(1, 1.0 if x.scale is None else x.scale)) if x.columns is None else x.columns
    try:
        shift, factor = composed(before, (offset, by))
    except ValueError as error:
        raise ValueError(f"{node} is not supported: {error}") from None
    if not all((np.abs(values) <= _largest(x)).all() for values in (shift, by, factor)) or not factor.all():
        kind = "float64" if x.dtype == np.float64 else "float32"
        raise ValueError(f"{node} must scale the inputs by numbers other than 0 in the range of {kind}")
    return x._replace(scale=None, columns=(shift, factor), rounded=x.rounded or x.dtype == np.float32)


def _largest(x: Inputs) -> float:
    """Return the largest number of the type in which the inputs are scaled."""
    return float(np.finfo(np.float64 if x.dtype == np.float64 else np.float32).max)


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
