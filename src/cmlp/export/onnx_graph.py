"""The graph of an ONNX file as expressions: each tensor is an input, a constant or the result of an operator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray


class Expression:
    """A tensor: an input or the result of an operator, or a constant if it has a `value`.

    Attributes
    ----------
    operator : str
        Name of the operator, with its domain if that is not ONNX's; "Input" or "Constant".
    arguments : tuple of Expression or None
        None stands for an optional argument that is left out.
    attributes : dict of str to object
    name : str
        Name of the tensor.
    value : ndarray or None
        The elements of a constant.
    """

    def __init__(
        self,
        operator: str,
        name: str,
        arguments: tuple[Expression | None, ...] = (),
        attributes: dict[str, Any] | None = None,
        value: NDArray[Any] | None = None,
    ) -> None:
        self.operator, self.name, self.arguments = operator, name, arguments
        self.attributes, self.value = attributes or {}, value

    def argument(self, index: int) -> Expression:
        """Return an argument; raises ValueError if it is left out."""
        found = self.arguments[index] if index < len(self.arguments) else None
        if found is None:
            raise ValueError(f"{self} lacks its argument {index + 1}")
        return found

    def number(self) -> float | None:
        """Return the value of a constant with one element; None for other tensors."""
        if self.value is None or self.value.size != 1 or self.value.dtype.kind not in "buif":
            return None
        return float(self.value.reshape(-1)[0])

    def __str__(self) -> str:
        return f"the operator {self.operator!r} (output {self.name!r})"


class Graph(NamedTuple):
    """The outputs of a graph by name, and the metadata of the file."""

    outputs: dict[str, Expression]
    metadata: dict[str, str]


def read_graph(onnx: Any, path: str | os.PathLike[str]) -> Graph:
    """Read an ONNX file; raises ValueError if it is not one, OSError if it cannot be read."""
    with open(path, "rb"):
        pass  # a missing file is an OSError, not a file in another format
    try:
        return _graph(onnx, onnx.load(path))
    except MemoryError:
        raise
    except Exception as error:  # protobuf's and onnx's errors for damaged files have no common class
        raise ValueError(f"{path} is not a valid ONNX file: {error!r}") from error


def _graph(onnx: Any, model: Any) -> Graph:
    graph = model.graph
    tensors: dict[str, Expression] = {}
    for tensor in graph.initializer:
        tensors[tensor.name] = _constant(onnx, tensor.name, tensor)
    for entry in graph.input:
        tensors.setdefault(entry.name, Expression("Input", entry.name))
    for node in graph.node:
        _add(onnx, node, tensors)
    outputs = {entry.name: _known(tensors, entry.name) for entry in graph.output}
    return Graph(outputs, {entry.key: entry.value for entry in model.metadata_props})


def _known(tensors: dict[str, Expression], name: str) -> Expression:
    if name not in tensors:
        raise ValueError(f"the graph uses the undefined tensor {name!r}")
    return tensors[name]


def _constant(onnx: Any, name: str, tensor: Any) -> Expression:
    return Expression("Constant", name, value=onnx.numpy_helper.to_array(tensor))


def _add(onnx: Any, node: Any, tensors: dict[str, Expression]) -> None:
    """Add the outputs of a node."""
    arguments = tuple(_known(tensors, name) if name else None for name in node.input)
    attributes = {entry.name: onnx.helper.get_attribute_value(entry) for entry in node.attribute}
    operator = node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"
    for i, name in enumerate(node.output):
        if operator == "Constant":
            tensors[name] = _constant_of(onnx, name, attributes)
        elif operator == "Identity" and arguments and arguments[0] is not None:
            tensors[name] = arguments[0]
        else:
            expression = Expression(operator if i == 0 else f"{operator}[{i}]", name, arguments, attributes)
            tensors[name] = _folded(onnx, expression) or expression


def _constant_of(onnx: Any, name: str, attributes: dict[str, Any]) -> Expression:
    if "value" in attributes:
        return _constant(onnx, name, attributes["value"])
    for key, dtype in (("value_float", np.float32), ("value_floats", np.float32), ("value_int", np.int64)):
        if key in attributes:
            return Expression("Constant", name, value=np.asarray(attributes[key], dtype))
    return Expression("Constant", name, attributes=attributes)


def _folded(onnx: Any, expression: Expression) -> Expression | None:
    """Return the result of an operator that only changes shape or type of a constant; None in other cases."""
    first = expression.arguments[0] if expression.arguments else None
    if first is None or first.value is None:
        return None
    value = first.value
    if expression.operator == "Transpose" and value.ndim == 2 and expression.attributes.get("perm", [1, 0]) == [1, 0]:
        return Expression("Constant", expression.name, value=value.T)
    if expression.operator == "Cast" and value.dtype.kind in "buif":
        dtype = onnx.helper.tensor_dtype_to_np_dtype(expression.attributes.get("to", 0))
        return Expression("Constant", expression.name, value=value.astype(dtype))
    return None


def product(expression: Expression) -> tuple[float, list[Expression]]:
    """Return a product as a number and the other factors; divisions by numbers are included."""
    factor, rest, open_ = 1.0, [], [expression]
    while open_:
        part = open_.pop()
        number = part.number()
        if number is not None:
            factor *= number
        elif part.operator == "Mul":
            open_ += [part.argument(0), part.argument(1)]
        elif part.operator == "Div" and part.argument(1).number():
            factor /= part.argument(1).number() or 1.0
            open_.append(part.argument(0))
        else:
            rest.append(part)
    return factor, rest


def parts_of(expression: Expression) -> Iterator[Expression]:
    """Yield an expression and everything it is computed from, each once."""
    open_, seen = [expression], {id(expression)}
    while open_:
        part = open_.pop()
        yield part
        for argument in part.arguments:
            if argument is not None and id(argument) not in seen:
                seen.add(id(argument))
                open_.append(argument)
