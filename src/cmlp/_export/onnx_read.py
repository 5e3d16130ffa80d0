"""Read the network in an ONNX file.

Its operators are executed on descriptions of what each tensor is.

The steps: parse the file into nodes and constants; say what each tensor is if the graph is a
multilayer perceptron (rows, a layer's weighted sums, an activation, probabilities); name what the
graph computes.
"""

from __future__ import annotations

import math
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from cmlp._data.activations import traits_of_activation
from cmlp._data.array_types import AnyArray, ArrayLike, FloatType, NDArray
from cmlp._data.disk import open_regular
from cmlp._data.json_texts import load_names, parsed
from cmlp._data.labels import Labels
from cmlp._data.scale import InputScale, composed
from cmlp._export.onnx_functions import BODIES, DOMAIN, OPERATORS, WITH_PARAMETER, function_text
from cmlp._export.onnx_nodes import FUNCTIONS_OPSET, OLDEST_OPSET, Nodes
from cmlp._export.onnx_write import CLASS_KEY, LOSS_KEY, NAMES_KEY, NEEDS
from cmlp._model.from_layers import (
    Layer,
    Normalization,
    classifier_of,
    network_of,
    original_scale,
)
from cmlp._model.model import CLASS_NAMES, TABLE_CLASS_NAMES, NetworkModel
from cmlp._parameters.constraints import MAX_LAYERS
from cmlp.exceptions import optional

# Of an operator by name: numbers, texts, tensors and lists of them, as ONNX reads them.
Attributes: TypeAlias = dict[str, Any]
# Of an operator: each is a `Value`, whose kind the rule for the operator implies.
Arguments: TypeAlias = list[Any]


_OLDEST_OPSET = 7  # before, operators had attributes for broadcasting
# Relative tolerance for constants in cmlp's functions: NumPy's versions differ in the last bits.
_CLOSE = 1e-12


class Constant:
    """A constant tensor.

    Its elements are read when `value` is used, because most of a graph's may be unused.
    """

    def __init__(
        self,
        onnx: ModuleType,
        tensor: Any,
        dtype: np.dtype[Any] | None = None,
        transposed: bool = False,
    ) -> None:
        self._onnx = onnx
        self._tensor = tensor
        self._transposed = transposed
        self._stored = dtype_of(onnx, tensor.data_type)
        self._value: AnyArray | None = None
        self.shape = tuple(tensor.dims)
        if transposed:
            self.shape = self.shape[::-1]
        self.dtype = dtype or self._stored
        if any(size < 0 for size in self.shape):
            raise ValueError(f"the constant {tensor.name!r} has the shape {self.shape}")

    @property
    def value(self) -> AnyArray:
        """The elements."""
        if self._value is None:
            self._value = self._read_elements()
            if self._transposed:
                self._value = self._value.T
        return self._value

    def _read_elements(self) -> AnyArray:
        if self._stored.kind != "O":
            stored = self._onnx.numpy_helper.to_array(self._tensor)
            value: AnyArray = stored.astype(self.dtype, copy=False)
            return value
        # to_array makes a text array, which drops NUL characters and can be far larger than the
        # file.
        texts = [text.decode() for text in self._tensor.string_data]
        return np.array(texts, object).reshape(tuple(self._tensor.dims))

    def number(self) -> float | None:
        """Return the value of a floating-point constant with one element, else None.

        It has at most one dimension.
        """
        if self.shape in ((), (1,)) and self.dtype.kind == "f":
            return float(self.value.reshape(-1)[0])
        return None

    def integers(self) -> list[int] | None:
        """Return the elements of a short int64 constant, else None.

        It has at most one dimension and 8 elements.
        """
        is_short = not self.shape or (len(self.shape) == 1 and self.shape[0] <= 8)
        if is_short and self.dtype == np.int64:
            return [int(value) for value in self.value.reshape(-1)]
        return None

    def transpose(self) -> Constant:
        """Return the transposed matrix."""
        return Constant(self._onnx, self._tensor, self.dtype, not self._transposed)

    def cast(self, dtype: np.dtype[np.generic]) -> Constant | None:
        """Return the constant in another dtype.

        It is None if more than the precision of floating-point numbers changes.
        """
        stored = self._stored
        if dtype == self.dtype:
            return self
        wider = stored.kind in "biu" and dtype.kind in "iu" and np.can_cast(stored, dtype, "safe")
        known = wider or {stored, dtype} == {np.dtype(np.float32), np.dtype(np.float64)}
        if known and self.dtype == stored:
            return Constant(self._onnx, self._tensor, dtype, self._transposed)
        return None


class Node(NamedTuple):
    """A node of a graph. The operator has its domain as a prefix if that is not ONNX's."""

    operator: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Attributes

    def __str__(self) -> str:
        place = "output ''"
        if self.name:
            place = f"node {self.name!r}"
        elif self.outputs:
            place = f"output {self.outputs[0]!r}"
        return f"the operator {self.operator!r} ({place})"


class Graph(NamedTuple):
    """The content of a file.

    Type and shape, with None for an open size, are those of its only input.
    """

    onnx: ModuleType
    input: str
    dtype: np.dtype[np.generic]
    shape: tuple[int | None, ...]
    constants: dict[str, Constant]
    nodes: list[Node]
    outputs: list[str]
    metadata: dict[str, str]


def read_graph(onnx: ModuleType, path: str | os.PathLike[str]) -> Graph:
    """Read an ONNX file; raises ValueError if it is not one, OSError if it cannot be read."""
    with open_regular(path):
        pass  # a missing file or a named pipe is an OSError, not a file in another format
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model)
        metadata = {entry.key: entry.value for entry in model.metadata_props}
        table = metadata.get(CLASS_KEY)
        if table not in TABLE_CLASS_NAMES.values():
            return _convert_graph(onnx, model, metadata)
    except MemoryError:
        raise
    except Exception as error:
        # protobuf's and onnx's errors for damaged files have no common class.
        raise ValueError(f"{path} is not a valid ONNX file: {error!r}") from error
    raise ValueError(
        f"{path} cannot be converted: it is a {table} of cmlp, whose columns and categories ONNX "
        f"has as operators; load the file of `save` instead, with cmlp.load"
    )


def dtype_of(onnx: ModuleType, code: int) -> np.dtype[Any]:
    """Return the dtype for ONNX's number of an element type; raises ValueError if there is none."""
    try:
        dtype: np.dtype[Any] = onnx.helper.tensor_dtype_to_np_dtype(code)
    except KeyError:
        raise ValueError(f"the element type {code} does not exist") from None
    return dtype


def _convert_graph(onnx: ModuleType, model: Any, metadata: dict[str, str]) -> Graph:
    graph = model.graph
    nodes = [_read_node(onnx, node) for node in graph.node]
    constants = [tensor.name for tensor in graph.initializer]
    inputs = [entry for entry in graph.input if entry.name not in set(constants)]
    if len(inputs) != 1 or not inputs[0].type.HasField("tensor_type"):
        raise ValueError(
            f"the graph must have one input, a tensor, got {[entry.name for entry in inputs]}"
        )
    if not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError("the metadata must be UTF-8")
    if len(graph.sparse_initializer):
        raise ValueError("sparse constants are not supported")
    _require_unique(
        [inputs[0].name, *constants, *(name for node in nodes for name in node.outputs if name)]
    )
    # A file of skl2onnx can import the same domain twice.
    versions = {entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")}
    if len(versions) != 1 or min(versions) < _OLDEST_OPSET:
        raise ValueError(
            f"the file must have one version of ONNX's operators, at least {_OLDEST_OPSET}, got "
            f"{sorted(versions)}"
        )
    (opset,) = versions
    for function in model.functions:
        _require_own(onnx, function, opset)
    _require_defined(nodes, {function.name for function in model.functions})
    tensor = inputs[0].type.tensor_type
    tensors = {entry.name: Constant(onnx, entry) for entry in graph.initializer}
    if CLASS_KEY in metadata and OLDEST_OPSET <= opset < FUNCTIONS_OPSET:
        nodes = _call_functions(onnx, nodes, tensors, opset)
    return Graph(
        onnx,
        inputs[0].name,
        dtype_of(onnx, tensor.elem_type),
        tuple(_read_size(size) for size in tensor.shape.dim),
        tensors,
        nodes,
        [entry.name for entry in graph.output],
        metadata,
    )


def _read_size(size: Any) -> int | None:
    """Return a size of a shape; None if it is open."""
    if size.HasField("dim_value") and size.dim_value >= 0:
        return int(size.dim_value)
    return None


def _read_node(onnx: ModuleType, node: Any) -> Node:
    _require_unique([entry.name for entry in node.attribute])
    if node.domain in ("", "ai.onnx"):
        operator = node.op_type
    else:
        operator = f"{node.domain}.{node.op_type}{_overload(node)}"
    attributes = {entry.name: onnx.helper.get_attribute_value(entry) for entry in node.attribute}
    return Node(operator, node.name, tuple(node.input), tuple(node.output), attributes)


def _overload(proto: object) -> str:
    """Return the name of an overloaded function with a colon before.

    ONNX has them since version 1.16.
    """
    name = getattr(proto, "overload", "")
    if name:
        return f":{name}"
    return ""


def _require_unique(names: list[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"the name {twice[0]!r} is used twice")


def _require_own(onnx: ModuleType, function: Any, opset: int) -> None:
    """Raise ValueError if a function in a file is not the one that `to_onnx` writes."""
    text = None
    if function.domain == DOMAIN and not _overload(function):
        text = function_text(function.name, opset)
    if text is None or not _same_function(onnx, function, onnx.parser.parse_function(text)):
        raise ValueError(f"the function {function.domain}.{function.name} is not supported")


def _require_defined(nodes: list[Node], functions: set[str]) -> None:
    """Raise ValueError if a node calls a function of `to_onnx` that is not in the file."""
    for node in nodes:
        domain, _, name = node.operator.rpartition(".")
        if domain == DOMAIN and name not in functions:
            raise ValueError(f"{node} is not defined in the file")


def _same_function(onnx: ModuleType, a: Any, b: Any) -> bool:
    fields = ("input", "output", "attribute")
    same = len(a.node) == len(b.node) and all(
        list(getattr(a, name)) == list(getattr(b, name)) for name in fields
    )
    return same and all(
        _same_node(onnx, _read_node(onnx, x), _read_node(onnx, y))
        for x, y in zip(a.node, b.node, strict=True)
    )


def _same_node(onnx: ModuleType, a: Node, b: Node) -> bool:
    if a._replace(name="", attributes={}) != b._replace(name="", attributes={}):
        return False
    if a.attributes.keys() != b.attributes.keys():
        return False
    tensors = [node.attributes.get("value") for node in (a, b)]
    if None in tensors:
        return a.attributes == b.attributes
    return _same_values(*map(onnx.numpy_helper.to_array, tensors))


def _same_values(x: Any, y: Any) -> bool:
    return x.dtype == y.dtype and x.shape == y.shape and bool(np.allclose(x, y, _CLOSE, 0))


class _LinearModels:
    """The nodes of a graph, with linear models of ai.onnx.ml as a layer, its activation and the labels.

    The graph gets the constants of the new nodes.
    """

    def __init__(self, graph: Graph) -> None:
        self._onnx = graph.onnx
        self._constants = graph.constants
        self._names = {graph.input, *graph.constants}
        self._names.update(name for node in graph.nodes for name in node.inputs + node.outputs)
        self.expanded: list[Node] = []
        for node in graph.nodes:
            if node.operator in ("ai.onnx.ml.LinearClassifier", "ai.onnx.ml.LinearRegressor"):
                self._expand(node)
            else:
                self.expanded.append(node)

    def _expand(self, node: Node) -> None:
        given = node.attributes
        numbers = self._onnx.numpy_helper
        is_classifier = node.operator.endswith("Classifier")
        labels: Sequence[Any] = (
            given.get("classlabels_strings") or given.get("classlabels_ints") or ()
        )
        n = len(labels) if is_classifier else given.get("targets", 1)
        coefficients = np.asarray(given.get("coefficients", ()), np.float32)
        intercepts = given.get("intercepts")
        n_biases = n if intercepts is None else len(intercepts)
        if not 1 <= n <= len(coefficients) or len(coefficients) % n or n_biases != n:
            raise ValueError(
                f"{node} must have as many rows of coefficients and intercepts as answers"
            )
        weights: AnyArray = coefficients.reshape(n, -1)
        biases: AnyArray = np.asarray(intercepts or [0.0] * n, np.float32)
        transform = given.get("post_transform", b"NONE").decode()
        is_pair = transform == "LOGISTIC" and n == 2
        if is_pair:
            if not np.array_equal(weights[:1], -weights[1:]) or biases[0] != -biases[1]:
                raise ValueError(f"{node} must have opposite coefficients for its two classes")
            weights, biases = weights[1:], biases[1:]
        elif transform not in ("NONE", "SOFTMAX") or (transform != "NONE" and not is_classifier):
            raise ValueError(f"{node} is not supported with post_transform={transform!r}")
        before = self._add(node, "Cast", node.inputs[0], to=self._onnx.TensorProto.FLOAT)
        sums = self._add(
            node,
            "Gemm",
            before,
            self._constant("weights", numbers.from_array(weights)),
            self._constant("biases", numbers.from_array(biases)),
            transB=1,
        )
        if not is_classifier:
            self._add(node, "Identity", sums, output=node.outputs[0])
            return
        scores = self._name("scores") if len(node.outputs) < 2 else node.outputs[1]
        if is_pair:
            second = self._add(node, "Sigmoid", sums)
            one = self._constant("one", numbers.from_array(np.ones(1, np.float32)))
            first = self._add(node, "Sub", one, second)
            self._add(node, "Concat", first, second, output=scores, axis=1)
        elif transform == "SOFTMAX":
            self._add(node, "Softmax", sums, output=scores, axis=1)
        else:
            self._add(node, "Identity", sums, output=scores)
        index = self._add(node, "ArgMax", scores, axis=1, keepdims=0)
        kind = self._onnx.TensorProto
        element = kind.STRING if isinstance(labels[0], bytes) else kind.INT64
        tensor = self._onnx.helper.make_tensor("classes", element, [n], labels)
        self._add(node, "Gather", self._constant("classes", tensor), index, output=node.outputs[0])

    def _name(self, base: str) -> str:
        """Return a name that the graph does not have."""
        while base in self._names:
            base += "_"
        self._names.add(base)
        return base

    def _constant(self, base: str, tensor: object) -> str:
        name = self._name(base)
        self._constants[name] = Constant(self._onnx, tensor)
        return name

    def _add(
        self, node: Node, operator: str, *inputs: str, output: str = "", **attributes: int
    ) -> str:
        """Add a node that replaces a part of another node; return the name of its output."""
        output = output or self._name(operator)
        self.expanded.append(Node(operator, node.name, inputs, (output,), attributes))
        return output


class _Inlined(NamedTuple):
    """The nodes that `to_onnx` writes for a float64 activation in an opset without functions."""

    name: str
    inputs: list[str]  # z, and the parameter of the activation
    nodes: list[Node]
    constants: dict[str, AnyArray]

    def call(self, nodes: list[Node], constants: dict[str, Constant]) -> Node | None:
        """Return the call of the function whose nodes these are; None if they are others."""
        found: dict[str, str] = {}  # the names in the file
        for own, node in zip(self.nodes, nodes, strict=True):
            if (own.operator, own.attributes) != (node.operator, node.attributes):
                return None
            if len(own.inputs) != len(node.inputs) or len(node.outputs) != 1:
                return None
            for name, other in zip(own.inputs, node.inputs, strict=True):
                if found.setdefault(name, other) != other:
                    return None
            found[own.outputs[0]] = node.outputs[0]
        for name, values in self.constants.items():
            constant = constants.get(found[name])
            if constant is None or constant.shape != values.shape:
                return None
            if not _same_values(constant.value, values):
                return None
        inputs = tuple(found[name] for name in self.inputs)
        return Node(f"{DOMAIN}.{self.name}", nodes[0].name, inputs, nodes[-1].outputs, {})


def _inlined_activation(onnx: ModuleType, name: str, opset: int) -> _Inlined:
    function = onnx.parser.parse_function(function_text(name, opset))
    written = Nodes(onnx, np.dtype(np.float64), opset)
    written.inlined(function, function.input)
    nodes = [_read_node(onnx, node) for node in written.nodes]
    read = {name for node in nodes for name in node.inputs}
    to_array = onnx.numpy_helper.to_array
    constants = {
        name: to_array(tensor) for name, tensor in written.constants.items() if name in read
    }
    return _Inlined(name, list(function.input), nodes, constants)


def _call_functions(
    onnx: ModuleType, nodes: list[Node], constants: dict[str, Constant], opset: int
) -> list[Node]:
    """Return the nodes of a file of `to_onnx` with calls of its functions that are inlined."""
    activations = [_inlined_activation(onnx, name, opset) for name in BODIES]
    found: list[Node] = []
    at = 0
    while at < len(nodes):
        node = nodes[at]
        size = 1
        for activation in activations:
            part = nodes[at : at + len(activation.nodes)]
            call = None
            if len(part) == len(activation.nodes):
                call = activation.call(part, constants)
            if call is not None:
                node = call
                size = len(part)
        found.append(node)
        at += size
    return found


# ------------------------------------------ what the tensors of a multilayer perceptron's graph are


# States that are activations, with cmlp's names. "identity" are the weighted sums.
ACTIVATIONS = ("identity", *OPERATORS, "silu", "gelu")
_NORMALIZED = "normalized activation"
# Arithmetic that is a step to another activation, or else a factor of the layer's outputs.
_STEPS = ("half", "argument of erf", "complement")
_CARRYING = ("identity", "relu")  # activations beside which a layer can leave a value as it is


class Inputs(NamedTuple):
    """The inputs of the graph, scaled and in another shape or dtype."""

    dtype: np.dtype[np.generic]
    shape: tuple[int | None, ...]
    scale: float | None = None  # the number by which all inputs are multiplied
    rounded: bool = False  # whether a conversion to float32 may have rounded
    # Instead of it shift and factor: one number or one for each column.
    columns: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    normalization: Normalization | None = None  # of the scaled inputs, a part of the first layer

    def input_scale(self, n_inputs: int) -> float | InputScale:
        """Return the scale as a network has it."""
        if self.columns is None:
            return 1.0 if self.scale is None else self.scale
        return InputScale(*(np.broadcast_to(values, n_inputs) for values in self.columns))


class InputRows(NamedTuple):
    """Part of the inputs' shape.

    It is "shape" for all of it, "rows" for the number of rows, or a target of Reshape.
    """

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
        normalizations: tuple[Normalization, ...] = (),
    ) -> None:
        self.before: Inputs | Term = before
        self.weights = weights
        self.alpha = alpha
        self.biases = biases
        self.beta = beta
        self.normalizations = normalizations  # after the sums, in this order
        self.dtype = weights.dtype
        self.n_in, self.n_out = weights.shape
        self.n_layers = 1

    @property
    def is_bare(self) -> bool:
        """Whether neither biases nor normalizations follow the products."""
        return self.biases is None and not self.normalizations

    def normalized(self, normalization: Normalization) -> WeightedSums:
        """Return the sums after another normalization."""
        normalizations = (*self.normalizations, normalization)
        return WeightedSums(
            self.before, self.weights, self.alpha, self.biases, self.beta, normalizations
        )

    def layers(self) -> list[Layer]:
        """Return one layer without activation, with the normalizations in its parameters."""
        layer = Layer(*self._arrays(), "identity")
        for normalization in self.normalizations:
            layer = normalization.after(layer)
        if self.before.normalization is not None:
            layer = self.before.normalization.before(layer)
        return [layer]

    def _arrays(self) -> tuple[AnyArray, AnyArray]:
        """Return the weights (n_in, n_out) and the biases (n_out,), without normalizations."""
        scalar = self.weights.dtype.type
        alpha = scalar(self.alpha)
        beta = scalar(self.beta)
        if self.biases is None:
            biases = np.zeros(1, scalar)
        else:
            biases = self.biases.value.reshape(-1) * beta
        with np.errstate(over="ignore", invalid="ignore"):
            if alpha == 1:
                weights = self.weights.value
            else:
                weights = self.weights.value * alpha
        return weights, np.broadcast_to(biases, (self.n_out,))


class ResidualSums:
    """The weighted sums at the end of a path of layers, plus a value from before it or its sums.

    Layers can have both, because relu(v) - relu(-v) is v: they carry what is added as further
    activations.
    """

    def __init__(
        self,
        path: list[Term],
        shortcut: WeightedSums | None,
        normalizations: tuple[Normalization, ...] = (),
    ) -> None:
        self.path = path  # from the first layer to the last one, whose sums these are
        self.shortcut = shortcut  # None: the value itself is added
        self.normalizations = normalizations
        first, last = path[0].sums, path[-1].sums
        self.before: Inputs | Term = first.before
        self.dtype: FloatType = first.dtype
        self.n_in: int = first.n_in
        self.n_out: int = last.n_out
        self.n_layers: int = sum(term.sums.n_layers for term in path)

    def normalized(self, normalization: Normalization) -> ResidualSums:
        """Return the sums after another normalization."""
        return ResidualSums(self.path, self.shortcut, (*self.normalizations, normalization))

    def layers(self) -> list[Layer]:
        """Return the layers, of which the last one has no activation."""
        *inner, last = [layer for term in self.path for layer in layers_of(term)]
        carried = self._added()
        is_split = False
        for k, layer in enumerate(inner):
            weights = carried.weights
            biases = carried.biases
            if layer.activation == "relu" and not is_split:
                weights = np.hstack([weights, -weights])
                biases = np.concatenate([biases, -biases])
                is_split = True
            if k:
                over = np.zeros((len(layer.weights), weights.shape[1]), self.dtype)
                under = np.zeros((len(weights), layer.weights.shape[1]), self.dtype)
                both = np.block([[layer.weights, over], [under, weights]])
            else:
                both = np.hstack([layer.weights, weights])
            inner[k] = layer._replace(weights=both, biases=np.concatenate([layer.biases, biases]))
            carried = _unchanged(len(biases), self.dtype)
        if not inner:
            both = last.weights + carried.weights
            last = last._replace(weights=both, biases=last.biases + carried.biases)
        else:
            weights = carried.weights
            if is_split:
                weights = weights[:, : self.n_out] - weights[:, self.n_out :]
            last = last._replace(weights=np.vstack([last.weights, weights]))
        for normalization in self.normalizations:
            last = normalization.after(last)
        return [*inner, last]

    def _added(self) -> Layer:
        """Return the layer that computes what is added from the inputs of the path."""
        if self.shortcut is not None:
            (layer,) = self.shortcut.layers()
            return layer
        layer = _unchanged(self.n_out, self.dtype)
        if self.before.normalization is not None:
            layer = self.before.normalization.before(layer)
        return layer


def _unchanged(n: int, dtype: FloatType) -> Layer:
    """Return a layer whose outputs are its inputs."""
    return Layer(np.eye(n, dtype=dtype), np.zeros(n, dtype), "identity")


def layers_of(term: Term) -> list[Layer]:
    """Return the layers from what the term's sums are computed from to the term."""
    *inner, last = term.sums.layers()
    return [*inner, last._replace(activation=term.state, parameter=term.parameter)]


class Term(NamedTuple):
    """A function of a layer's weighted sums."""

    sums: WeightedSums | ResidualSums
    state: str  # which function it is
    parameter: float = 0.0  # of the activation
    source: str = ""  # the state from which labels are computed, or which is normalized
    classes: Any = None  # labels by index: a Constant, a list or None
    normalization: Normalization | None = None  # of the source, a part of the next layer
    # What the arithmetic computes that made a step of this term, if no activation follows: one
    # object, so that all who use it are seen to have the same sums.
    layer: Term | None = None

    @property
    def as_activation(self) -> Term:
        """The term as the input of a layer, which has the normalization in its parameters."""
        if self.state == _NORMALIZED:
            return self._replace(state=self.source)
        return self

    @property
    def as_layer(self) -> Term:
        """The term without a state that it has only as a step to an activation by arithmetic."""
        return self.layer or self

    def normalized(self, normalization: Normalization) -> Term | None:
        """Return the term after a normalization; None if the term is no layer."""
        if self.state == "identity":
            return Term(self.sums.normalized(normalization), "identity")
        before = self.normalization
        if self.state == _NORMALIZED and before is not None:
            return self._replace(normalization=before.then(normalization))
        if self.state not in ACTIVATIONS:
            return None
        return self._replace(state=_NORMALIZED, source=self.state, normalization=normalization)


Value = Constant | Inputs | InputRows | Term | None


def multiply_weights(
    node: Node, attributes: Attributes, x: Inputs | Term, others: list[Any]
) -> Term:
    """Return the weighted sums of a new layer."""
    weights = None
    if len(others) in (1, 2):
        weights = others[0]
    if isinstance(x, Inputs):
        dtype = x.dtype
        n_in = x.shape[1]
    else:
        dtype = x.sums.dtype
        n_in = x.sums.n_out
    if not isinstance(weights, Constant) or len(weights.shape) != 2 or not all(weights.shape):
        raise ValueError(f"{node} must multiply by a constant matrix of weights")
    if dtype not in (np.float32, np.float64) or weights.dtype != dtype:
        raise ValueError(
            f"{node}: all weights must be float32, or all float64, got {weights.dtype} after "
            f"{dtype}"
        )
    if node.operator == "MatMul":
        attributes = {"alpha": 1.0, "beta": 1.0, "transB": 0}
    if attributes["transB"]:
        weights = weights.transpose()
    if n_in not in (None, weights.shape[0]):
        raise ValueError(
            f"{node} must have weights of shape ({n_in}, n_outputs), got {weights.shape}"
        )
    sums = WeightedSums(x, weights, attributes["alpha"])
    biases = others[1] if len(others) > 1 else None
    return add_biases(node, sums, biases, attributes["beta"])


def add_biases(node: Node, sums: WeightedSums, biases: Any, beta: float) -> Term:
    """Return weighted sums with biases; those without any are left as they are."""
    if biases is None:
        return Term(sums, "identity")
    n_out = sums.n_out
    got = ""
    if not isinstance(biases, Constant):
        got = "a computed tensor"
    elif biases.dtype != sums.weights.dtype or biases.shape not in (
        (),
        (1,),
        (1, 1),
        (n_out,),
        (1, n_out),
    ):
        got = f"{biases.dtype} of shape {biases.shape}"
    if got:
        raise ValueError(
            f"{node} must have {n_out} constant biases of {sums.weights.dtype}, got {got}"
        )
    return Term(WeightedSums(sums.before, sums.weights, sums.alpha, biases, beta), "identity")


def read_normalization(
    node: Node, attributes: Attributes, arguments: Arguments, dtype: np.dtype[np.generic]
) -> Normalization:
    """Return what a BatchNormalization computes in prediction.

    Raises ValueError if it computes something else, or an argument is no constant of the dtype.
    """
    if len([name for name in node.outputs if name]) > 1:
        raise ValueError(f"{node} must have one output, as in prediction, got {node.outputs}")
    constants = arguments[1:]
    for constant in constants:
        known = isinstance(constant, Constant) and len(constant.shape) == 1
        if not known or constant.dtype != dtype or constant.shape != constants[0].shape:
            raise ValueError(f"{node} must have constants of {dtype} with a number for each column")
    scale, shift, mean, variance = (constant.value.astype(np.float64) for constant in constants)
    return Normalization.from_moments(mean, variance, attributes["epsilon"], scale, shift)


# ------------------------------------------- what operators compute from the input of an ONNX graph


def apply_to_inputs(node: Node, attributes: Attributes, arguments: Arguments) -> Value:
    """Return what a node computes from the inputs; None if no rule matches."""
    x = arguments[0]
    others = arguments[1:]
    inputs = next(argument for argument in arguments if isinstance(argument, Inputs))
    before = inputs.normalization
    if before is not None and node.operator not in ("Gemm", "MatMul"):
        n = len(before.factor)
        after = _arithmetic(node, arguments, inputs, n, inputs.dtype)
        if node.operator == "BatchNormalization" and inputs is x:
            after = read_normalization(node, attributes, arguments, inputs.dtype)
        if after is None or len(after.factor) != n:
            return None
        return inputs._replace(normalization=before.then(after))
    if node.operator in ("Mul", "Div", "Add", "Sub", "ai.onnx.ml.Scaler"):
        return _scale_inputs(node, attributes, arguments)
    if not isinstance(x, Inputs):
        return None
    if node.operator in ("Gemm", "MatMul"):
        if len(x.shape) == 2:
            return multiply_weights(node, attributes, x, others)
        return None
    if node.operator == "BatchNormalization":
        return _normalize_inputs(node, attributes, x, arguments)
    if node.operator == "Reshape" and len(others) == 1:
        return _reshape_inputs(node, attributes, x, others[0])
    if others:
        return None
    if node.operator == "Cast":
        return _cast_inputs(x, attributes["to"])
    if node.operator == "Flatten" and len(x.shape) > 1:
        return x._replace(shape=(x.shape[0], _product(x.shape[1:])))
    if node.operator == "Shape" and x.shape:
        if attributes["end"] is None:
            return InputRows("shape")
        return InputRows((0,))
    return None


def _normalize_inputs(
    node: Node, attributes: Attributes, x: Inputs, arguments: Arguments
) -> Inputs | None:
    """Return the inputs after a batch normalization; None if they are no matrix of its columns."""
    if len(x.shape) != 2:
        return None
    normalization = read_normalization(node, attributes, arguments, x.dtype)
    n = len(normalization.factor)
    if x.shape[1] not in (None, n):
        return None
    return x._replace(shape=(x.shape[0], n), normalization=normalization)


def _scale_inputs(node: Node, attributes: Attributes, arguments: Arguments) -> Inputs:
    """Return the inputs after arithmetic with constants.

    Raises ValueError for other arithmetic on them.
    """
    x = next(argument for argument in arguments if isinstance(argument, Inputs))
    if node.operator == "ai.onnx.ml.Scaler":
        return _apply_scaler(node, attributes, x, arguments)
    others = [argument for argument in arguments if argument is not x]
    in_order = x is arguments[0] or node.operator in ("Mul", "Add")
    is_pair = len(arguments) == 2 and len(others) == 1
    if not (is_pair and isinstance(others[0], Constant) and in_order):
        raise ValueError(
            f"{node} is not supported: inputs can only be shifted and scaled by constants"
        )
    if x.dtype not in (np.float32, np.float64) or others[0].dtype != x.dtype:
        raise ValueError(f"{node} is not supported: inputs must be scaled as float32 or float64")
    number = others[0].number()
    if number is not None and x.scale is None and x.columns is None:
        scale = 0.0
        if node.operator == "Mul":
            scale = number
        elif node.operator == "Div" and number:
            scale = 1 / number
        if 0 < scale <= _largest_number(x):
            return x._replace(scale=scale, rounded=x.rounded or x.dtype == np.float32)
    values = _read_numbers(node, others[0], x)
    with np.errstate(all="ignore"):
        if node.operator == "Mul":
            return _fold_scale(node, x, np.zeros(1), values)
        if node.operator == "Div":
            return _fold_scale(node, x, np.zeros(1), 1 / values)
        if node.operator == "Sub":
            return _fold_scale(node, x, values, np.ones(1))
        return _fold_scale(node, x, -values, np.ones(1))


def _apply_scaler(node: Node, attributes: Attributes, x: Inputs, arguments: Arguments) -> Inputs:
    """Return the inputs after ``(x - offset) * scale``.

    ai.onnx.ml computes the result in float32.
    """
    numbers = []
    sizes: list[int | None] = [1]
    if len(x.shape) == 2:
        sizes.append(x.shape[1])
    for name in ("offset", "scale"):
        given = attributes[name] or []
        if len(given) not in sizes:
            raise ValueError(
                f"{node} must have one {name}, or one for each of {x.shape} inputs, got "
                f"{len(given)}"
            )
        numbers.append(np.array(given, np.float64))
    if x.dtype.kind not in "uif":
        raise ValueError(f"{node} is not supported: its input must be numbers, got {x.dtype}")
    return _fold_scale(node, x, *numbers)._replace(dtype=np.dtype(np.float32), rounded=True)


def _read_numbers(node: Node, constant: Constant, x: Inputs) -> NDArray[np.float64]:
    """Return a constant that has one number, or one for each column of the inputs."""
    per_column = False
    if len(x.shape) == 2 and x.shape[1] is not None:
        n = x.shape[1]
        per_column = constant.shape in ((n,), (1, n))
    if not per_column and constant.shape not in ((), (1,), (1, 1)[: len(x.shape)]):
        raise ValueError(
            f"{node} must have a constant number or one for each of the inputs of shape "
            f"{x.shape}, got the shape {constant.shape}"
        )
    return constant.value.reshape(-1).astype(np.float64)


def _fold_scale(
    node: Node, x: Inputs, offset: NDArray[np.float64], by: NDArray[np.float64]
) -> Inputs:
    """Return the inputs after another shift and factor, ``(x - offset) * by``."""
    before = x.columns
    if before is None:
        scale = 1.0 if x.scale is None else x.scale
        before = (np.zeros(1), np.full(1, scale))
    try:
        shift, factor = composed(before, (offset, by))
    except ValueError as error:
        raise ValueError(f"{node} is not supported: {error}") from None
    in_range = all((np.abs(values) <= _largest_number(x)).all() for values in (shift, by, factor))
    if not in_range or not factor.all():
        dtype = _scaling_dtype(x)
        raise ValueError(
            f"{node} must scale the inputs by numbers other than 0 in the range of {dtype}"
        )
    rounded = x.rounded or x.dtype == np.float32
    return x._replace(scale=None, columns=(shift, factor), rounded=rounded)


def _scaling_dtype(x: Inputs) -> FloatType:
    """Return the type in which the inputs are scaled; a Scaler uses float32 for other types."""
    return np.dtype(np.float64 if x.dtype == np.float64 else np.float32)


def _largest_number(x: Inputs) -> float:
    """Return the largest number of the type in which the inputs are scaled."""
    return float(np.finfo(_scaling_dtype(x)).max)


def _cast_inputs(x: Inputs, to: np.dtype[np.generic]) -> Inputs | None:
    """Return the inputs in another dtype.

    It is None if this changes more than the precision of the network requires.
    """
    if x.dtype.kind not in "uif":
        return None
    exact = np.can_cast(x.dtype, to, "safe")
    if not exact and to not in (np.float32, np.float64):
        return None
    if x.rounded and to != x.dtype:
        return None
    return x._replace(dtype=to, rounded=x.rounded or not exact)


def _reshape_inputs(node: Node, attributes: Attributes, x: Inputs, shape: Any) -> Inputs | None:
    """Return the inputs as a matrix with the same rows; None if the rows may be others."""
    target: Any = None
    if isinstance(shape, Constant):
        target = shape.integers()
    elif isinstance(shape, InputRows):
        target = shape.form
    if not isinstance(target, list | tuple) or len(target) != 2 or len(x.shape) < 2:
        return None
    n, *features = x.shape
    rows, columns = target
    n_features = _product(features)
    copied = rows == 0 and (isinstance(shape, InputRows) or not attributes["allowzero"])
    if copied or rows == n:
        if columns in (-1, n_features):
            return x._replace(shape=(n, n_features))
        return None
    if rows == -1 and columns == n_features:
        return x._replace(shape=(n, columns))
    return None


def _product(sizes: Sequence[int | None]) -> int | None:
    known = [size for size in sizes if size is not None]
    return math.prod(known) if len(known) == len(sizes) else None


def apply_to_shape(node: Node, attributes: Attributes, arguments: Arguments) -> InputRows | None:
    """Return a part of the inputs' shape, from which a graph computes the target of Reshape.

    Its 0 is the rows.
    """
    first = arguments[0]
    others = arguments[1:]
    if not isinstance(first, InputRows):
        return None
    form = first.form
    if others and isinstance(others[0], Constant):
        axes = others[0].integers()
    else:
        axes = attributes.get("axes")
    if node.operator == "Gather" and form == "shape" and len(others) == 1 and axes == [0]:
        return InputRows("rows") if others[0].shape == () else InputRows((0,))
    if node.operator == "Unsqueeze" and form == "rows" and axes == [0]:
        return InputRows((0,))
    if node.operator != "Concat" or form != (0,) or attributes["axis"] != 0:
        return None
    if len(others) == 1 and axes and others[0].shape == (1,) and axes[0]:
        return InputRows((0, *axes))
    return None


# -------------------------------------------------------------- what operators compute from a layer


# Operator and operands lead to a state. The operands of Add and Mul are in alphabetic order.
_STATES = {
    **{f"{operator}(identity)": name for name, operator in OPERATORS.items()},
    "Gelu(identity)": "gelu",
    "Selu(identity)": "elu",  # times gamma
    "LogSoftmax(identity)": "log softmax",
    "Log(softmax)": "log softmax",
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
    "Neg(sum)": "-sum",
    "Sum(-sum, 0)": "-sum",
    "Not(has sum)": "is zero",
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


def apply_to_terms(node: Node, attributes: Attributes, arguments: Arguments) -> Value:
    """Return a layer, or a function of a layer's weighted sums; None if no rule matches."""
    found = _apply_rules(node, attributes, arguments)
    if found is None:
        layers = [each.as_layer if isinstance(each, Term) else each for each in arguments]
        if any(a is not b for a, b in zip(layers, arguments, strict=True)):
            found = _apply_rules(node, attributes, layers)
    return found


def _apply_rules(node: Node, attributes: Attributes, arguments: Arguments) -> Value:
    first = arguments[0]
    term: Term = next(argument for argument in arguments if isinstance(argument, Term))
    if node.operator in ("Gemm", "MatMul"):
        layer = term.as_activation
        if first is not term or layer.state not in ACTIVATIONS:
            return None
        return multiply_weights(node, attributes, layer, arguments[1:])
    if node.operator == "BatchNormalization":
        return _normalize_term(node, attributes, term, arguments)
    if node.operator == "Clip":
        return _limit_term(node, attributes, arguments)
    if node.operator == "Add" and len(arguments) == 2:
        other = arguments[1] if first is term else first
        if isinstance(other, Term | Inputs):
            return _add_shortcut(node, term, other) or _add_shortcut(node, other, term)
        if term.state == "identity" and isinstance(term.sums, WeightedSums) and term.sums.is_bare:
            return add_biases(node, term.sums, other, 1.0)
    if node.operator == "TopK":
        return _sort_outputs(term, arguments)
    if node.operator in _LABEL_RULES:
        return _LABEL_RULES[node.operator](attributes, arguments)
    found: Term | None = _look_up_state(node, attributes, arguments, term)
    normalization = _arithmetic(node, arguments, term, term.sums.n_out, term.sums.dtype)
    if normalization is None or (found is not None and found.state not in _STEPS):
        return found
    if found is not None:
        return found._replace(layer=term.normalized(normalization))
    return term.normalized(normalization)


def _arithmetic(
    node: Node, arguments: Arguments, value: Term | Inputs, n: int, dtype: np.dtype[np.generic]
) -> Normalization | None:
    """Return what arithmetic with a constant does with each of n columns; None if it is another node."""
    if node.operator not in ("Add", "Sub", "Mul", "Div") or len(arguments) != 2:
        return None
    is_first = arguments[0] is value
    constant = arguments[1] if is_first else arguments[0]
    shapes = ((), (1,), (1, 1), (n,), (1, n))
    if not isinstance(constant, Constant) or constant.shape not in shapes:
        return None
    if constant.dtype != dtype:
        return None
    numbers = np.broadcast_to(constant.value.reshape(-1), n).astype(np.float64)
    ones = np.ones(n)
    zeros = np.zeros(n)
    if node.operator == "Add":
        return Normalization(ones, numbers)
    if node.operator == "Mul":
        return Normalization(numbers, zeros)
    if node.operator == "Sub":
        return Normalization(ones, -numbers) if is_first else Normalization(-ones, numbers)
    with np.errstate(divide="ignore"):
        return Normalization(1 / numbers, zeros) if is_first else None


def _add_shortcut(node: Node, term: Term | Inputs, value: Term | Inputs) -> Term | None:
    """Return the sums at the end of a path of layers, plus a value from before it or its sums.

    It is None if the path does not come from the value.
    """
    if not isinstance(term, Term) or term.state != "identity":
        return None
    if isinstance(value, Term):
        value = value.as_activation
    path: list[Term] = [term]
    while len(path) < MAX_LAYERS:
        at = path[0].sums.before
        if _is_same(at, value):
            return _with_shortcut(node, path, None)
        if isinstance(value, Term) and value.state == "identity":
            sums = value.sums
            if isinstance(sums, WeightedSums) and _is_same(at, sums.before):
                return _with_shortcut(node, path, sums)
        if not isinstance(at, Term):
            return None
        path.insert(0, at)
    return None


def _is_same(a: Term | Inputs, b: Term | Inputs) -> bool:
    """Return whether two terms are the same activations, or both the same inputs."""
    if not isinstance(a, Term) or not isinstance(b, Term):
        return a is b
    same = a.sums is b.sums and a.normalization is b.normalization
    return same and (a.state, a.parameter) == (b.state, b.parameter)


def _with_shortcut(node: Node, path: list[Term], shortcut: WeightedSums | None) -> Term | None:
    sums = ResidualSums(path, shortcut)
    n_added = sums.n_in if shortcut is None else shortcut.n_out
    if n_added != sums.n_out:
        return None
    for term in path[:-1]:
        if term.state not in _CARRYING:
            raise ValueError(
                f"{node} adds a value from before {term.state}, but layers can carry a value only "
                f"past {' or '.join(_CARRYING)}"
            )
    return Term(sums, "identity")


def _normalize_term(
    node: Node, attributes: Attributes, term: Term, arguments: Arguments
) -> Term | None:
    """Return a layer whose sums or activations are normalized; None if the term is no layer."""
    if arguments[0] is not term:
        return None
    normalization = read_normalization(node, attributes, arguments, term.sums.dtype)
    found: Term | None = None
    if len(normalization.factor) == term.sums.n_out:
        found = term.normalized(normalization)
    return found


def _limit_term(node: Node, attributes: Attributes, arguments: Arguments) -> Term | None:
    """Return Clip as "relu", which has the limit 0 only; raises ValueError for other limits."""
    term = arguments[0]
    if not isinstance(term, Term):
        return None
    limits = [attributes["min"], attributes["max"]]
    for k, argument in enumerate(arguments[1:]):
        if isinstance(argument, Constant):
            limits[k] = argument.number()
        if argument is not None and limits[k] is None:
            return None
    low, high = limits
    is_open = high is None or high >= np.finfo(term.sums.dtype).max
    if low != 0 or not is_open:
        raise ValueError(
            f"{node} must have the lower limit 0 and no upper limit, as relu, because cmlp has no "
            f"activation with other limits, got {low} and {high}"
        )
    if term.state != "identity":
        return None
    return Term(term.sums, "relu")


def _sort_outputs(term: Term, arguments: Arguments) -> Term | None:
    """Return the outputs of each row in ascending order, as several quantiles are."""
    if len(arguments) != 2 or not isinstance(arguments[1], Constant):
        return None
    n = arguments[1].integers()
    ascending = arguments[0] is term and term.state in ACTIVATIONS and n == [term.sums.n_out]
    if ascending:
        return term._replace(state=f"sorted {term.state}")
    return None


def _look_up_state(
    node: Node, attributes: Attributes, arguments: Arguments, term: Term
) -> Term | None:
    """Look up an operator in the table of states."""
    if node.operator.startswith(f"{DOMAIN}.") and term.sums.dtype != np.float64:
        return None
    operands = [_name_operand(argument, term, node.operator) for argument in arguments]
    if attributes.get("axes"):  # an argument in newer opsets
        operands.append(str(attributes["axes"]))
    if node.operator in ("Add", "Mul"):
        operands.sort()
    if node.operator == "Concat" and attributes["axis"] not in (1, -1):
        return None
    if node.operator.removeprefix(f"{DOMAIN}.") in WITH_PARAMETER and len(arguments) == 2:
        number = arguments[1]
        attributes = {"alpha": None}
        if isinstance(number, Constant) and number.dtype == term.sums.dtype:
            attributes = {"alpha": number.number()}
        operands[1] = "number"
    state = _STATES.get(f"{node.operator}({', '.join(operands)})")
    if state is None:
        return None
    if state not in WITH_PARAMETER:
        return Term(term.sums, state)
    alpha = attributes["alpha"]
    if alpha is None or not 0 <= alpha < math.inf:
        raise ValueError(f"{node} must have a parameter of at least 0, got {alpha!r}")
    if node.operator in ("LeakyRelu", "Elu", "Selu"):
        # the shortest decimal number of a float32 attribute
        alpha = float(np.float32(alpha).astype(str))
    found = Term(term.sums, state, alpha) if alpha else Term(term.sums, "relu")
    if node.operator != "Selu":
        return found
    n = term.sums.n_out
    return found.normalized(Normalization(np.full(n, attributes["gamma"]), np.zeros(n)))


def _name_operand(argument: Any, term: Term, operator: str) -> str:
    """Return the name of an argument in the table of states.

    It is "" for arguments that the table does not have.
    """
    if isinstance(argument, Term):
        if argument.sums is term.sums:
            return argument.state
        return ""
    if not isinstance(argument, Constant):
        return ""
    number = argument.number()
    if number is None:
        return str(argument.integers())
    if argument.dtype != term.sums.dtype:
        return ""
    if operator == "Where" and number == term.sums.n_out > 1:
        return "n"
    if number >= _LARGE:
        return "large"
    roots = [name for root, name in _ROOTS.items() if math.isclose(number, root, rel_tol=_ROUNDED)]
    if roots:
        return roots[0]
    return _NUMBERS.get(number, "")


# ------------------------------------------------------------------------------------------- labels


def _reshape_term(attributes: Attributes, arguments: Arguments) -> Term | None:
    """Return a term whose column becomes a vector, or a vector that becomes a column.

    The term has outputs or labels.
    """
    if len(arguments) != 2:
        return None
    term, shape = arguments
    if not isinstance(term, Term) or not isinstance(shape, Constant):
        return None
    target = shape.integers()
    n_out = term.sums.n_out
    last = term.state.removeprefix("flat ")
    if target == [-1] and term.state in _VECTORS:
        return term._replace(state=_VECTORS[term.state])
    if last not in ACTIVATIONS:
        return None
    if n_out > 1 and target == [-1, 1]:  # as skl2onnx writes several targets
        return term._replace(state=f"column of {last}")
    if n_out == 1 and target == [-1]:
        return term._replace(state=f"flat {last}")
    matrices = [[-1, n_out]]
    if last == term.state and not attributes["allowzero"]:
        matrices += [[0, n_out], [0, -1]]
    if target in matrices and (n_out == 1 or last == term.state):
        return term._replace(state=last)
    return None


def _squeeze_term(attributes: Attributes, arguments: Arguments) -> Term | None:
    if len(arguments) == 2 and isinstance(arguments[1], Constant):
        axes = arguments[1].integers()
    else:
        axes = attributes["axes"]
    term = arguments[0]
    if not isinstance(term, Term) or axes not in ([1], [-1]) or len(arguments) > 2:
        return None
    if term.state in ("index column", "label column"):
        return term._replace(state=_VECTORS[term.state])
    if term.sums.n_out == 1 and term.state in ACTIVATIONS:
        return term._replace(state=f"flat {term.state}")
    return None


def _find_largest(attributes: Attributes, arguments: Arguments) -> Term | None:
    (term,) = arguments
    form = "index column" if attributes["keepdims"] else "index"
    if term.state == "log softmax":
        return Term(term.sums, form, source="softmax")
    if term.sums.n_out > 1 and term.state in ACTIVATIONS:
        return Term(term.sums, form, source=term.state)
    if term.sums.n_out == 1 and term.state == "pair":
        return Term(term.sums, form, source="pair")
    return None


def _look_up_labels(attributes: Attributes, arguments: Arguments) -> Term | None:
    """Return the label of a class index."""
    classes, term = arguments
    if not isinstance(classes, Constant) or len(classes.shape) != 1:
        return None
    if term.state not in ("index", "index column"):
        return None
    state = term.state.replace("index", "label") if attributes else "label row"
    return Term(term.sums, state, source=term.source, classes=classes)


def _cast_term(attributes: Attributes, arguments: Arguments) -> Term | None:
    term: Term = arguments[0]
    to = attributes["to"]
    if isinstance(term.classes, Constant):
        classes = term.classes.cast(to)
        if classes is None:
            return None
        return term._replace(classes=classes)
    if term.state in _CAST_STATES:
        state, source, dtypes = _CAST_STATES[term.state]
        if to in dtypes:
            return term._replace(state=state, source=source or term.source)
        return None
    is_number = term.state.removeprefix("flat ") in (*ACTIVATIONS, "pair", "normalized")
    if is_number and to == term.sums.dtype:
        return term
    return None


def _map_labels(attributes: Attributes, arguments: Arguments) -> Term | None:
    (term,) = arguments
    labels = [values for values in attributes.values() if values is not None]
    if len(labels) != 1 or term.state not in ("softmax", "logistic", "pair"):
        return None
    return Term(term.sums, "map", source=term.state, classes=labels[0])


def _divide_by_sum(attributes: Attributes, arguments: Arguments) -> Term | None:
    """Return probabilities, whose sum is 1 already."""
    (term,) = arguments
    return term if term.state in ("softmax", "pair") else None


_VECTORS = {"index column": "index", "label column": "label", "label row": "label"}
_INTEGERS = (np.int32, np.int64)
# State after a conversion to one of the dtypes, and from what a class index was computed.
_CAST_STATES: dict[str, tuple[str, str, tuple[type[np.generic], ...]]] = {
    "is second": ("index", "pair", _INTEGERS),
    "is never": ("index", "single", _INTEGERS),
    "is present": ("multilabel", "logistic", _INTEGERS),
    "multilabel": ("multilabel", "", _INTEGERS),
    "index": ("index", "", _INTEGERS),
    "index column": ("index column", "", _INTEGERS),
    "-sum": ("has sum", "", (np.bool_,)),
}
_LABEL_RULES: dict[str, Callable[[Attributes, Arguments], Term | None]] = {
    "ArgMax": _find_largest,
    "Cast": _cast_term,
    "Gather": _look_up_labels,
    "Reshape": _reshape_term,
    "Squeeze": _squeeze_term,
    "ai.onnx.ml.ArrayFeatureExtractor": _look_up_labels,
    "ai.onnx.ml.Normalizer": _divide_by_sum,
    "ai.onnx.ml.ZipMap": _map_labels,
}


# ----------------------------------------------------------------- read the network in an ONNX file


_LONG_TEXTS = 2**20  # characters


def read_onnx(path: str | os.PathLike[str], classes: ArrayLike | None = None) -> NetworkModel:
    """Return the model in an ONNX file; see `cmlp.from_onnx`."""
    onnx = optional("onnx", f"from_onnx{NEEDS}")
    graph = read_graph(onnx, path)
    try:
        return _build_model(graph, classes)
    except ValueError as error:
        raise ValueError(f"{path} cannot be converted: {error}") from error


def _build_model(graph: Graph, classes: ArrayLike | None) -> NetworkModel:
    graph = graph._replace(nodes=_LinearModels(graph).expanded)
    outputs = _execute(graph)
    labels = [term for term in outputs if term.state in ("label", "multilabel")]
    numbers = [term for term in outputs if term.state not in ("label", "multilabel")]
    if len(numbers) != 1 or len(labels) > 1:
        raise ValueError(
            f"the outputs {graph.outputs} are not one of numbers and at most one of labels"
        )
    label = labels[0] if labels else None
    loss, parameter = _read_loss(graph)
    last, form = _find_last_layer(numbers[0], label)
    if (form == "sorted") != isinstance(parameter, tuple):
        raise ValueError("the outputs must be sorted if and only if they are several quantiles")
    if form not in _allowed_forms(last, label, loss, classes is not None):
        raise ValueError(
            f"the outputs {graph.outputs} are not computed as a model of cmlp computes them"
        )
    layers, scale = _collect_layers(last)
    if classes is not None:
        return classifier_of(layers, scale, classes)
    if label is not None and label.state == "label" and loss is None:
        return classifier_of(layers, scale, _read_classes(label))
    model = network_of(layers, scale, loss, parameter)
    if label is not None:
        model = model.replace(kind="classifier", labels=_read_labels(label))
    elif graph.metadata.get(CLASS_KEY) == CLASS_NAMES["regressor"]:
        if traits_of_activation(model.net.activations[-1]).is_probability:
            raise ValueError(
                f"the metadata {CLASS_KEY!r} name a regressor, but the outputs are probabilities"
            )
        model = model.replace(kind="regressor")
    if NAMES_KEY in graph.metadata:
        model = model.replace(names=load_names(graph.metadata[NAMES_KEY], len(layers[0].weights)))
    return model


def _read_loss(graph: Graph) -> tuple[str | None, float | tuple[float, ...]]:
    """Return the loss in the metadata of a file of cmlp and its parameter.

    It is None if there is none.
    """
    if LOSS_KEY not in graph.metadata:
        return None, 0.0
    stored = parsed(graph.metadata[LOSS_KEY], LOSS_KEY)
    types = []
    if type(stored) is list:
        types = [type(value) for value in stored]
    if types == [str, list] and stored[0] == "quantile":
        levels = stored[1]
        if levels and all(type(number) is float for number in levels):
            return stored[0], tuple(levels)
    elif types in ([str, float], [str, int], [str, type(None)]):
        parameter = stored[1] or 0
        if 0 <= parameter <= sys.float_info.max:  # not NaN, and not an integer that float() refuses
            return stored[0], float(parameter)
    raise ValueError(f"the metadata {LOSS_KEY!r} are damaged")


# -------------------------------------------------------------------------------------- the outputs


def _find_last_layer(numbers: Term, label: Term | None) -> tuple[Term, str]:
    """Return the output activations, and the form in which the graph returns them."""
    state = numbers.state
    if state == "map":  # from labels to probabilities
        labels = []
        if label is not None:
            labels = _read_classes(label).tolist()
        if numbers.classes != [_as_stored(value) for value in labels]:
            raise ValueError(
                "the labels of the probabilities are not those of the output of labels"
            )
        state = numbers.source
    if state in ("pair", "normalized"):
        return numbers._replace(state="logistic"), state
    if state == "log softmax":
        return numbers._replace(state="softmax"), "matrix"
    if state.startswith("column of "):
        return numbers._replace(state=state.removeprefix("column of ")), "column"
    if state.startswith("sorted "):
        return numbers._replace(state=state.removeprefix("sorted ")), "sorted"
    form = "vector" if state.startswith("flat ") else "matrix"
    return numbers._replace(state=state.removeprefix("flat ")), form


def _as_stored(label: Any) -> Any:
    """Return a label as the list of a ZipMap has it."""
    return label.encode() if isinstance(label, str) else label


def _allowed_forms(
    last: Term, label: Term | None, loss: str | None, with_classes: bool
) -> tuple[str, ...]:
    """Return the forms in which a graph can return the outputs of a network.

    There are none if the labels are others.
    """
    n_out = last.sums.n_out
    state = last.state
    if with_classes and label is None:
        if n_out == 1:
            return ("matrix", "vector", "pair")
        return ("matrix",)
    if label is None:
        return ("matrix", "vector", "column", "sorted")
    if label.sums is not last.sums:
        return ()
    if label.state == "multilabel":  # skl2onnx returns 1 - p and p
        if state != "logistic":
            return ()
        return ("matrix",) if n_out == 1 else ("matrix", "pair")
    if n_out == 1:
        n_classes = {"pair": 2, "single": 1}[label.source]
        if state == "logistic" and label.classes.shape == (n_classes,):
            return ("pair",)
        return ()
    logits = {state, label.source} <= {"softmax", "identity"} and (
        state == "softmax" or loss is None
    )
    if logits or (state == label.source == "logistic" and loss is not None):
        if state == "logistic" and loss != "log_loss":
            return ("normalized",)
        return ("matrix",)
    return ()


def _read_labels(label: Term) -> Labels:
    """Return the labels of a file; raises ValueError if a classifier cannot have them."""
    if label.state == "multilabel":
        return Labels(_read_classes(label), is_multilabel=True)
    labels = Labels(_read_classes(label))
    if labels.n_outputs != label.sums.n_out or not (labels.classes[:-1] < labels.classes[1:]).all():
        raise ValueError("the labels do not match the outputs")
    return labels


def _read_classes(label: Term) -> AnyArray:
    """Return the labels of the outputs, in their order."""
    if label.state == "multilabel":
        return np.arange(label.sums.n_out)
    values: AnyArray = label.classes.value
    if values.dtype.kind != "O":
        return values
    texts = values.tolist()
    # A text array has the longest label's size for each label, and drops NUL characters at the end
    # of a label.
    long = len(texts) * max(map(len, texts), default=0) > _LONG_TEXTS + 4 * sum(map(len, texts))
    if long or any(text.endswith("\0") for text in texts):
        return np.array(texts, object)
    return np.array(texts, str)


def _collect_layers(last: Term) -> tuple[list[Layer], float | InputScale]:
    """Return the layers from the first to the last, and the input scale."""
    layers: list[Layer] = []
    term: Term | Inputs = last
    while isinstance(term, Term):
        if term.state not in ACTIVATIONS:
            state = repr(term.state)
            if term.state == _NORMALIZED:
                state = f"{term.source} times a factor or plus an offset, which a layer must follow"
            raise ValueError(f"the output is not an activation of cmlp, but {state}")
        # layers can share weights, so each one can need more memory than its node
        if len(layers) + term.sums.n_layers > MAX_LAYERS - 1:
            raise ValueError(f"a network can have at most {MAX_LAYERS - 1} layers of weights")
        layers += reversed(layers_of(term))
        term = term.sums.before
    layers.reverse()
    return layers, original_scale(term.input_scale(len(layers[0].weights)), layers[0].weights.dtype)


# ---------------------------------------------------------------------------------------- the nodes

# Each attribute's default and the supported values; None for all values. Other attributes are
# refused.
_ATTRIBUTES: dict[str, dict[str, tuple[Any, Any]]] = {
    "ArgMax": {"axis": (0, (1, -1)), "keepdims": (1, (0, 1)), "select_last_index": (0, (0,))},
    "BatchNormalization": {
        "epsilon": (1e-5, None),
        "momentum": (0.9, None),
        "spatial": (1, (0, 1)),  # of opset 8: the same for a matrix
        "training_mode": (0, (0,)),
    },
    "Cast": {"to": (0, None), "saturate": (1, (0, 1))},
    "Clip": {"min": (None, None), "max": (None, None)},
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
    "LogSoftmax": {"axis": (-1, (1, -1))},
    "ReduceSum": {
        "axes": (None, ([1],)),
        "keepdims": (1, (1,)),
        "noop_with_empty_axes": (0, (0, 1)),
    },
    "Reshape": {"allowzero": (0, (0, 1))},
    "Selu": {
        "alpha": (1.67326319217681884765625, None),
        "gamma": (1.05070102214813232421875, None),
    },
    "Shape": {"start": (0, (0,)), "end": (None, (None, 1))},
    "Softmax": {"axis": (-1, (1, -1))},
    "TopK": {"axis": (-1, (1, -1)), "largest": (1, (0,)), "sorted": (1, (1,))},
    "Squeeze": {"axes": (None, ([1], [-1]))},
    "Transpose": {"perm": ([1, 0], ([1, 0],))},
    "Unsqueeze": {"axes": (None, ([0],))},
    "ai.onnx.ml.Binarizer": {"threshold": (0.0, (0.5,))},
    "ai.onnx.ml.Normalizer": {"norm": (b"MAX", (b"L1",))},
    "ai.onnx.ml.Scaler": {"offset": (None, None), "scale": (None, None)},
    "ai.onnx.ml.ZipMap": {"classlabels_int64s": (None, None), "classlabels_strings": (None, None)},
}


def _execute(graph: Graph) -> list[Term]:
    """Return the outputs of a graph.

    Raises ValueError with the operator and the node that is not supported.
    """
    values: dict[str, Value] = {**graph.constants, graph.input: Inputs(graph.dtype, graph.shape)}
    used = set(graph.outputs)
    for node in graph.nodes:
        result = _execute_node(graph, node, [_find_tensor(values, name) for name in node.inputs])
        if result is None:
            raise ValueError(f"{node} is not supported here")
        values.update(dict.fromkeys(node.outputs[1:], InputRows("other output")))
        values[node.outputs[0]] = result
        used.update(node.inputs)
    for node in graph.nodes:
        if used.isdisjoint(node.outputs) and not isinstance(values[node.outputs[0]], Constant):
            raise ValueError(f"{node} is not supported: its result is not used")
    found = [_find_tensor(values, name) for name in graph.outputs]
    terms = [value.as_layer for value in found if isinstance(value, Term)]
    if len(terms) != len(found):
        raise ValueError(f"the outputs {graph.outputs} must be computed by a network")
    return terms


def _find_tensor(values: dict[str, Value], name: str) -> Value:
    """Return a tensor; None for an argument that is left out."""
    if name and name not in values:
        raise ValueError(f"the graph uses the undefined tensor {name!r}")
    if name:
        return values[name]
    return None


def _execute_node(graph: Graph, node: Node, arguments: list[Value]) -> Value:
    """Return the first output of a node; None if no rule matches."""
    if not node.outputs or (node.attributes and node.operator not in _ATTRIBUTES):
        return None
    attributes = _read_attributes(node)
    if node.operator == "Constant":
        return _read_constant(graph, node)
    if not arguments or arguments[0] is None:
        return None
    if node.operator == "Identity" or (node.operator == "Dropout" and _is_inactive(arguments)):
        return arguments[0]
    if node.operator == "Cast":
        attributes["to"] = dtype_of(graph.onnx, attributes["to"])
    for type_of_argument, rule in (
        (Term, apply_to_terms),
        (Inputs, apply_to_inputs),
        (InputRows, apply_to_shape),
    ):
        if any(isinstance(argument, type_of_argument) for argument in arguments):
            return rule(node, attributes, arguments)
    return _apply_to_constants(node, attributes, arguments)


def _read_attributes(node: Node) -> Attributes:
    """Return the attributes of a node with defaults.

    Raises ValueError for values that are not supported.
    """
    known = _ATTRIBUTES.get(node.operator, {})
    for name, value in node.attributes.items():
        if name not in known:
            raise ValueError(f"{node} has the attribute {name!r}, which is not supported")
        allowed = known[name][1]
        if allowed is not None and value not in allowed:
            raise ValueError(
                f"{node} must have {name}={' or '.join(map(repr, allowed))}, got {value!r}"
            )
    for name, (default, allowed) in known.items():
        if name in node.attributes or allowed is None or default is None:
            continue
        if default not in allowed:
            raise ValueError(
                f"{node} must have {name}={' or '.join(map(repr, allowed))}, got the default "
                f"{default!r}"
            )
    return {name: node.attributes.get(name, default) for name, (default, _) in known.items()}


def _is_inactive(arguments: list[Value]) -> bool:
    """Return whether a Dropout has no effect: it is not in training mode."""
    if len(arguments) < 3:
        return True
    mode = arguments[2]
    return mode is None or (isinstance(mode, Constant) and mode.shape == () and not mode.value)


def _read_constant(graph: Graph, node: Node) -> Constant | None:
    if len(node.attributes) != 1:
        return None
    ((name, value),) = node.attributes.items()
    if name != "value":
        dtype = np.float32 if "float" in name else np.int64
        value = graph.onnx.numpy_helper.from_array(np.asarray(value, dtype))
    return Constant(graph.onnx, value)


def _apply_to_constants(node: Node, attributes: Attributes, arguments: Arguments) -> Value:
    if len(arguments) == 1 and node.operator == "Transpose" and len(arguments[0].shape) == 2:
        return arguments[0].transpose()  # type: ignore[no-any-return]
    if len(arguments) == 1 and node.operator == "Cast":
        return arguments[0].cast(attributes["to"])  # type: ignore[no-any-return]
    return None
