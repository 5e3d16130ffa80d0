"""Read the network in an ONNX file: its operators are executed on descriptions of what each tensor is.

The steps: parse the file into nodes and constants; say what each tensor is if the graph is a multilayer perceptron
(rows, a layer's weighted sums, an activation, probabilities); name what the graph computes.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._data.activations import traits_of_activation
from cmlp._data.disk import open_regular
from cmlp._data.json_texts import load_names, parsed
from cmlp._data.labels import Labels
from cmlp._data.scale import InputScale, composed
from cmlp._export.onnx_functions import BODIES, DOMAIN, OPERATORS, WITH_PARAMETER, function_text
from cmlp._export.onnx_write import CLASS_KEY, LOSS_KEY, NAMES_KEY, NEEDS
from cmlp._model.from_layers import Layer, classifier_of, network_of, original_scale
from cmlp._model.model import CLASS_NAMES
from cmlp._train.constraints import MAX_LAYERS
from cmlp.exceptions import optional

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from cmlp._model.model import NetworkModel


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


# ----- what the tensors of an ONNX graph are, if the graph is a multilayer perceptron; layers from Gemm, MatMul and Add


# States that are activations, with cmlp's names. "identity" are the weighted sums.
ACTIVATIONS = ("identity", *OPERATORS, "silu", "gelu")


class Inputs(NamedTuple):
    """The inputs of the graph, scaled and in another shape or dtype."""

    dtype: np.dtype[Any]
    shape: tuple[int | None, ...]
    scale: float | None = None  # the number by which all inputs are multiplied
    rounded: bool = False  # whether a conversion to float32 may have rounded
    # Instead of it shift and factor: one number or one for each column.
    columns: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None

    def input_scale(self, n_inputs: int) -> float | InputScale:
        """Return the scale as a network has it."""
        if self.columns is None:
            return 1.0 if self.scale is None else self.scale
        return InputScale(*(np.broadcast_to(values, n_inputs) for values in self.columns))


class InputRows(NamedTuple):
    """Part of the inputs' shape: "shape" for all of it, "rows" for the number of rows, or a target of Reshape."""

    form: str | tuple[int, ...]


class WeightedSums:
    """The weighted sums of a layer."""

    def __init__(
        self,
        before: Inputs | Term,
        weights: Constant,
        alpha: float = 1.0,
        biases: Constant | None = None,
        beta: float = 1.0,
    ) -> None:
        self.before, self.weights, self.alpha, self.biases, self.beta = before, weights, alpha, biases, beta
        self.n_out = weights.shape[1]

    def arrays(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the weights (n_in, n_out) and the biases (n_out,)."""
        kind = self.weights.dtype.type
        alpha, beta = kind(self.alpha), kind(self.beta)
        biases = np.zeros(1, kind) if self.biases is None else self.biases.value.reshape(-1) * beta
        with np.errstate(over="ignore", invalid="ignore"):
            weights = self.weights.value if alpha == 1 else self.weights.value * alpha
        return weights, np.broadcast_to(biases, (self.n_out,))


class Term(NamedTuple):
    """A function of a layer's weighted sums."""

    sums: WeightedSums
    state: str  # which function it is
    parameter: float = 0.0  # of the activation
    source: str = ""  # the state from which labels are computed
    classes: Any = None  # labels by index: a Constant, a list or None


Value = Constant | Inputs | InputRows | Term | None


def layer(node: Node, attributes: dict[str, Any], x: Inputs | Term, others: list[Any]) -> Term:
    """Return the weighted sums of a new layer."""
    weights = others[0] if len(others) in (1, 2) else None
    dtype = x.dtype if isinstance(x, Inputs) else x.sums.weights.dtype
    n_in = x.shape[1] if isinstance(x, Inputs) else x.sums.n_out
    if not isinstance(weights, Constant) or len(weights.shape) != 2 or not all(weights.shape):
        raise ValueError(f"{node} must multiply by a constant matrix of weights")
    if dtype not in (np.float32, np.float64) or weights.dtype != dtype:
        raise ValueError(f"{node}: all weights must be float32, or all float64, got {weights.dtype} after {dtype}")
    if node.operator == "MatMul":
        attributes = {"alpha": 1.0, "beta": 1.0, "transB": 0}
    weights = weights.transpose() if attributes["transB"] else weights
    if n_in not in (None, weights.shape[0]):
        raise ValueError(f"{node} must have weights of shape ({n_in}, n_outputs), got {weights.shape}")
    biases = others[1] if len(others) > 1 else None
    return with_biases(node, WeightedSums(x, weights, attributes["alpha"]), biases, attributes["beta"])


def with_biases(node: Node, sums: WeightedSums, biases: Any, beta: float) -> Term:
    """Return weighted sums with biases."""
    if biases is not None:
        n_out = sums.n_out
        shapes = ((), (1,), (1, 1), (n_out,), (1, n_out))
        if not isinstance(biases, Constant) or biases.dtype != sums.weights.dtype or biases.shape not in shapes:
            got = f"{biases.dtype} of shape {biases.shape}" if isinstance(biases, Constant) else "a computed tensor"
            raise ValueError(f"{node} must have {n_out} constant biases of {sums.weights.dtype}, got {got}")
    return Term(WeightedSums(sums.before, sums.weights, sums.alpha, biases, beta), "identity")


# --------------------------------------------------------------- what operators compute from the input of an ONNX graph


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
        return InputRows("shape" if attributes["end"] is None else (0,))
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
    target = shape.integers() if isinstance(shape, Constant) else shape.form if isinstance(shape, InputRows) else None
    if not isinstance(target, list | tuple) or len(target) != 2 or len(x.shape) < 2:
        return None
    (n, *features), (rows, columns) = x.shape, target
    n_features = _product(features)
    copied = rows == 0 and (isinstance(shape, InputRows) or not attributes["allowzero"])
    if copied or rows == n:
        return x._replace(shape=(n, n_features)) if columns in (-1, n_features) else None
    return x._replace(shape=(n, columns)) if rows == -1 and columns == n_features else None


def _product(sizes: Any) -> int | None:
    return None if None in sizes else math.prod(sizes)


def from_rows(node: Node, attributes: dict[str, Any], arguments: list[Any]) -> InputRows | None:
    """Return a part of the inputs' shape, from which a graph computes the target of Reshape. Its 0 is the rows."""
    first, others = arguments[0], arguments[1:]
    form = first.form if isinstance(first, InputRows) else None
    axes = others[0].integers() if others and isinstance(others[0], Constant) else attributes.get("axes")
    if node.operator == "Gather" and form == "shape" and len(others) == 1 and axes == [0]:
        return InputRows("rows" if others[0].shape == () else (0,))
    if node.operator == "Unsqueeze" and form == "rows" and axes == [0]:
        return InputRows((0,))
    if node.operator == "Concat" and form == (0,) and attributes["axis"] == 0 and len(others) == 1 and axes:
        return InputRows((0, *axes)) if others[0].shape == (1,) and axes[0] else None
    return None


# ---------------------------------------------------------------------------------- what operators compute from a layer


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
    **{f"{DOMAIN}.{name}(identity)": name for name in BODIES if name not in WITH_PARAMETER},
    **{f"{DOMAIN}.{name}(identity, number)": name for name in WITH_PARAMETER},
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
_ROUNDED = 1e-6


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
    if node.operator.removeprefix(f"{DOMAIN}.") in WITH_PARAMETER and len(arguments) == 2:
        number = arguments[1]
        same = isinstance(number, Constant) and number.dtype == term.sums.weights.dtype
        attributes = {"alpha": number.number() if same else None}
        operands[1] = "number"
    state = _STATES.get(f"{node.operator}({', '.join(operands)})")
    if state not in WITH_PARAMETER:
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
    roots = [name for root, name in _ROOTS.items() if math.isclose(number, root, rel_tol=_ROUNDED)]
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


def _arg_max(attributes: dict[str, Any], arguments: list[Any]) -> Term | None:
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
    "ArgMax": _arg_max,
    "Cast": _converted_term,
    "Gather": _looked_up,
    "Reshape": _reshaped_term,
    "Squeeze": _squeezed,
    "ai.onnx.ml.ArrayFeatureExtractor": _looked_up,
    "ai.onnx.ml.ZipMap": _mapped,
}


# ------------------------------------------------------------------------------------- read the network in an ONNX file


_LONG_TEXTS = 2**20  # characters


def read_onnx(path: str | os.PathLike[str], classes: ArrayLike | None = None) -> NetworkModel:
    """Return the model in an ONNX file; see `cmlp.from_onnx`."""
    onnx = optional("onnx", f"from_onnx{NEEDS}")
    graph = read_graph(onnx, path)
    try:
        return _model(graph, classes)
    except ValueError as error:
        raise ValueError(f"{path} cannot be converted: {error}") from error


def _model(graph: Graph, classes: ArrayLike | None) -> NetworkModel:
    outputs = _terms_of(graph)
    labels = [term for term in outputs if term.state in ("label", "multilabel")]
    numbers = [term for term in outputs if term.state not in ("label", "multilabel")]
    if len(numbers) != 1 or len(labels) > 1:
        raise ValueError(f"the outputs {graph.outputs} are not one of numbers and at most one of labels")
    label = labels[0] if labels else None
    loss, parameter = _loss(graph)
    last, form = _last(numbers[0], label)
    if (form == "sorted") != isinstance(parameter, tuple):
        raise ValueError("the outputs must be sorted if and only if they are several quantiles")
    if form not in _forms(last, label, loss, classes is not None):
        raise ValueError(f"the outputs {graph.outputs} are not computed as a model of cmlp computes them")
    layers, scale = _layers(last)
    if classes is not None:
        return classifier_of(layers, scale, classes)
    if label is not None and label.state == "label" and loss is None:
        return classifier_of(layers, scale, _classes(label))
    model = network_of(layers, scale, loss, parameter)
    if label is not None:
        model = model.replace(kind="classifier", labels=_labels(label))
    elif graph.metadata.get(CLASS_KEY) == CLASS_NAMES["regressor"]:
        if traits_of_activation(model.net.activations[-1]).is_probability:
            raise ValueError(f"the metadata {CLASS_KEY!r} name a regressor, but the outputs are probabilities")
        model = model.replace(kind="regressor")
    if NAMES_KEY in graph.metadata:
        model = model.replace(names=load_names(graph.metadata[NAMES_KEY], len(layers[0].weights)))
    return model


def _loss(graph: Graph) -> tuple[str | None, float | tuple[float, ...]]:
    """Return the loss in the metadata of a file of cmlp and its parameter; None if there is none."""
    if LOSS_KEY not in graph.metadata:
        return None, 0.0
    stored = parsed(graph.metadata[LOSS_KEY], LOSS_KEY)
    if type(stored) is list and len(stored) == 2 and stored[0] == "quantile" and type(stored[1]) is list:
        if stored[1] and all(type(number) is float for number in stored[1]):
            return stored[0], tuple(stored[1])
        raise ValueError(f"the metadata {LOSS_KEY!r} are damaged")
    if type(stored) is list and [type(value) for value in stored] in ([str, float], [str, int], [str, type(None)]):
        name, parameter = stored[0], stored[1] or 0
        if 0 <= parameter <= sys.float_info.max:  # not NaN, and not an integer that float() refuses
            return name, float(parameter)
    raise ValueError(f"the metadata {LOSS_KEY!r} are damaged")


# ---------------------------------------------------------------------------------------------------- the outputs


def _last(numbers: Term, label: Term | None) -> tuple[Term, str]:
    """Return the output activations, and the form in which the graph returns them."""
    state = numbers.state
    if state == "map":  # from labels to probabilities
        labels = [] if label is None else _classes(label).tolist()
        if numbers.classes != [text.encode() if isinstance(text, str) else text for text in labels]:
            raise ValueError("the labels of the probabilities are not those of the output of labels")
        state = numbers.source
    if state in ("pair", "normalized"):
        return numbers._replace(state="logistic"), state
    if state.startswith("sorted "):
        return numbers._replace(state=state.removeprefix("sorted ")), "sorted"
    form = "vector" if state.startswith("flat ") else "matrix"
    return numbers._replace(state=state.removeprefix("flat ")), form


def _forms(last: Term, label: Term | None, loss: str | None, with_classes: bool) -> tuple[str, ...]:
    """Return the forms in which a graph can return the outputs of a network; none if the labels are others."""
    n_out, kind = last.sums.n_out, last.state
    if with_classes and label is None:
        return ("matrix", "vector", "pair") if n_out == 1 else ("matrix",)
    if label is None:
        return ("matrix", "vector", "sorted")
    if label.sums is not last.sums:
        return ()
    if label.state == "multilabel":  # skl2onnx returns 1 - p and p
        return ("matrix", "pair")[: 1 if n_out == 1 else 2] if kind == "logistic" else ()
    if n_out == 1:
        n_classes = {"pair": 2, "single": 1}[label.source]
        return ("pair",) if kind == "logistic" and label.classes.shape == (n_classes,) else ()
    logits = {kind, label.source} <= {"softmax", "identity"} and (kind == "softmax" or loss is None)
    if logits or (kind == label.source == "logistic" and loss is not None):
        return ("normalized",) if kind == "logistic" and loss != "log_loss" else ("matrix",)
    return ()


def _labels(label: Term) -> Labels:
    """Return the labels of a file; raises ValueError if a classifier cannot have them."""
    if label.state == "multilabel":
        return Labels(_classes(label), is_multilabel=True)
    labels = Labels(_classes(label))
    if labels.n_outputs != label.sums.n_out or not (labels.classes[:-1] < labels.classes[1:]).all():
        raise ValueError("the labels do not match the outputs")
    return labels


def _classes(label: Term) -> NDArray[Any]:
    """Return the labels of the outputs, in their order."""
    if label.state == "multilabel":
        return np.arange(label.sums.n_out)
    values: NDArray[Any] = label.classes.value
    if values.dtype.kind != "O":
        return values
    texts = values.tolist()
    # A text array has the longest label's size for each label, and drops NUL characters at the end of a label.
    long = len(texts) * max(map(len, texts), default=0) > _LONG_TEXTS + 4 * sum(map(len, texts))
    return np.array(texts, object if long or any(text.endswith("\0") for text in texts) else str)


def _layers(last: Term) -> tuple[list[Layer], float | InputScale]:
    """Return the layers from the first to the last, and the input scale."""
    layers: list[Layer] = []
    term: Term | Inputs = last
    while isinstance(term, Term):
        if term.state not in ACTIVATIONS:
            raise ValueError(f"the output is not an activation of cmlp, but {term.state!r}")
        if len(layers) == MAX_LAYERS - 1:  # layers can share weights, so each one can need more memory than its node
            raise ValueError(f"a network can have at most {MAX_LAYERS - 1} layers of weights")
        layers.append(Layer(*term.sums.arrays(), term.state, term.parameter))
        term = term.sums.before
    layers.reverse()
    return layers, original_scale(term.input_scale(len(layers[0].weights)), layers[0].weights.dtype)


# ------------------------------------------------------------------------------------------------------------ the nodes

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


def _terms_of(graph: Graph) -> list[Term]:
    """Return the outputs of a graph; raises ValueError with the operator and the node that is not supported."""
    values: dict[str, Value] = {**graph.constants, graph.input: Inputs(graph.dtype, graph.shape)}
    used = set(graph.outputs)
    for node in graph.nodes:
        result = _result(graph, node, [_known(values, name) for name in node.inputs])
        if result is None:
            raise ValueError(f"{node} is not supported here")
        values.update(dict.fromkeys(node.outputs[1:], InputRows("other output")))
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
    for kind, rule in ((Term, from_terms), (Inputs, from_inputs), (InputRows, from_rows)):
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
