"""The content of an ONNX file: its nodes, constants, inputs and outputs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._data.regular import open_regular
from cmlp._export.onnx_functions import DOMAIN, function_text

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

_OLDEST_OPSET = 7  # before, operators had attributes for broadcasting
_CLOSE = 1e-12  # relative tolerance for constants in cmlp's functions: NumPy's versions differ in the last bits


class Constant:
    """A constant tensor. Its elements are read when `value` is used, because most of a graph's may be unused."""

    def __init__(self, onnx: Any, tensor: Any, dtype: np.dtype[Any] | None = None, transposed: bool = False) -> None:
        self._onnx, self._tensor, self._transposed = onnx, tensor, transposed
        self._stored = dtype_of(onnx, tensor.data_type)
        self._value: NDArray[Any] | None = None
        self.shape = tuple(tensor.dims)[:: -1 if transposed else 1]
        self.dtype = dtype or self._stored
        if any(size < 0 for size in self.shape):
            raise ValueError(f"the constant {tensor.name!r} has the shape {self.shape}")

    @property
    def value(self) -> NDArray[Any]:
        """The elements."""
        if self._value is None:
            value = self._elements()
            self._value = value.T if self._transposed else value
        return self._value

    def _elements(self) -> NDArray[Any]:
        if self._stored.kind != "O":
            value: NDArray[Any] = self._onnx.numpy_helper.to_array(self._tensor).astype(self.dtype, copy=False)
            return value
        # to_array makes a text array, which drops NUL characters and can be far larger than the file.
        return np.array([text.decode() for text in self._tensor.string_data], object).reshape(tuple(self._tensor.dims))

    def number(self) -> float | None:
        """Return the value of a floating-point constant with one element and at most one dimension, else None."""
        return float(self.value.reshape(-1)[0]) if self.shape in ((), (1,)) and self.dtype.kind == "f" else None

    def integers(self) -> list[int] | None:
        """Return the elements of an int64 constant with at most one dimension and 8 elements, else None."""
        small = len(self.shape) < 2 and self.dtype == np.int64 and (not self.shape or self.shape[0] <= 8)
        return [int(value) for value in self.value.reshape(-1)] if small else None

    def transpose(self) -> Constant:
        """Return the transposed matrix."""
        return Constant(self._onnx, self._tensor, self.dtype, not self._transposed)

    def cast(self, dtype: np.dtype[Any]) -> Constant | None:
        """Return the constant in another dtype; None if more than the precision of floating-point numbers changes."""
        stored = self._stored
        if dtype == self.dtype:
            return self
        wider = stored.kind in "biu" and dtype.kind in "iu" and np.can_cast(stored, dtype, "safe")
        known = wider or {stored, dtype} == {np.dtype(np.float32), np.dtype(np.float64)}
        return Constant(self._onnx, self._tensor, dtype, self._transposed) if known and self.dtype == stored else None


class Node(NamedTuple):
    """A node of a graph. The operator has its domain as a prefix if that is not ONNX's."""

    operator: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]

    def __str__(self) -> str:
        place = f"node {self.name!r}" if self.name else f"output {self.outputs[0] if self.outputs else ''!r}"
        return f"the operator {self.operator!r} ({place})"


class Graph(NamedTuple):
    """The content of a file; the type and the shape, with None for an open size, are those of its only input."""

    onnx: Any
    input: str
    dtype: np.dtype[Any]
    shape: tuple[int | None, ...]
    constants: dict[str, Constant]
    nodes: list[Node]
    outputs: list[str]
    metadata: dict[str, str]


def read_graph(onnx: Any, path: str | os.PathLike[str]) -> Graph:
    """Read an ONNX file; raises ValueError if it is not one, OSError if it cannot be read."""
    with open_regular(path):
        pass  # a missing file or a named pipe is an OSError, not a file in another format
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model)
        return _graph(onnx, model)
    except MemoryError:
        raise
    except Exception as error:  # protobuf's and onnx's errors for damaged files have no common class
        raise ValueError(f"{path} is not a valid ONNX file: {error!r}") from error


def dtype_of(onnx: Any, code: int) -> np.dtype[Any]:
    """Return the dtype for ONNX's number of an element type; raises ValueError if there is none."""
    try:
        dtype: np.dtype[Any] = onnx.helper.tensor_dtype_to_np_dtype(code)
    except KeyError:
        raise ValueError(f"the element type {code} does not exist") from None
    return dtype


def _graph(onnx: Any, model: Any) -> Graph:
    graph = model.graph
    nodes = [_node(onnx, node) for node in graph.node]
    constants = [tensor.name for tensor in graph.initializer]
    inputs = [entry for entry in graph.input if entry.name not in set(constants)]
    if len(inputs) != 1 or not inputs[0].type.HasField("tensor_type"):
        raise ValueError(f"the graph must have one input, a tensor, got {[entry.name for entry in inputs]}")
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    if not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError("the metadata must be UTF-8")
    if len(graph.sparse_initializer):
        raise ValueError("sparse constants are not supported")
    _require_unique([inputs[0].name, *constants, *(name for node in nodes for name in node.outputs if name)])
    versions = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    if len(versions) != 1 or versions[0] < _OLDEST_OPSET:
        raise ValueError(
            f"the file must have one version of ONNX's operators, at least {_OLDEST_OPSET}, got {versions}"
        )
    for function in model.functions:
        _require_own(onnx, function)
    _require_defined(nodes, {function.name for function in model.functions})
    tensor = inputs[0].type.tensor_type
    sizes = tensor.shape.dim
    return Graph(
        onnx,
        inputs[0].name,
        dtype_of(onnx, tensor.elem_type),
        tuple(size.dim_value if size.HasField("dim_value") and size.dim_value >= 0 else None for size in sizes),
        {entry.name: Constant(onnx, entry) for entry in graph.initializer},
        nodes,
        [entry.name for entry in graph.output],
        metadata,
    )


def _node(onnx: Any, node: Any) -> Node:
    _require_unique([entry.name for entry in node.attribute])
    operator = node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}{_overload(node)}"
    attributes = {entry.name: onnx.helper.get_attribute_value(entry) for entry in node.attribute}
    return Node(operator, node.name, tuple(node.input), tuple(node.output), attributes)


def _overload(proto: Any) -> str:
    """Return the name of an overloaded function with a colon before; ONNX has them since version 1.16."""
    name = getattr(proto, "overload", "")
    return f":{name}" if name else ""


def _require_unique(names: list[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"the name {twice[0]!r} is used twice")


def _require_own(onnx: Any, function: Any) -> None:
    """Raise ValueError if a function in a file is not the one that `to_onnx` writes."""
    own = function.domain == DOMAIN and not _overload(function)
    text = function_text(function.name) if own else None
    if text is None or not _same_function(onnx, function, onnx.parser.parse_function(text)):
        raise ValueError(f"the function {function.domain}.{function.name} is not supported")


def _require_defined(nodes: list[Node], functions: set[str]) -> None:
    """Raise ValueError if a node calls a function of `to_onnx` that is not in the file."""
    for node in nodes:
        domain, _, name = node.operator.rpartition(".")
        if domain == DOMAIN and name not in functions:
            raise ValueError(f"{node} is not defined in the file")


def _same_function(onnx: Any, a: Any, b: Any) -> bool:
    fields = ("input", "output", "attribute")
    same = len(a.node) == len(b.node) and all(list(getattr(a, name)) == list(getattr(b, name)) for name in fields)
    return same and all(_same_node(onnx, _node(onnx, x), _node(onnx, y)) for x, y in zip(a.node, b.node, strict=True))


def _same_node(onnx: Any, a: Node, b: Node) -> bool:
    to_array = onnx.numpy_helper.to_array
    tensors = [node.attributes.get("value") for node in (a, b)]
    if a._replace(name="", attributes={}) != b._replace(name="", attributes={}) or {*a.attributes} != {*b.attributes}:
        return False
    if None in tensors:
        return a.attributes == b.attributes
    x, y = map(to_array, tensors)
    return x.dtype == y.dtype and x.shape == y.shape and bool(np.allclose(x, y, _CLOSE, 0))
