"""The nodes of an ONNX graph, each in the form that its operator has in the file's opset."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._data.array_types import AnyArray, FloatType
from cmlp._export.onnx_functions import DOMAIN, OPERATORS, WITH_PARAMETER, function_text
from cmlp._model.model import TrainedNet
from cmlp.exceptions import InvalidParameterError, shown

ML_DOMAIN = "ai.onnx.ml"
OLDEST_OPSET = 9  # the first that has Where, IsNaN and Erf
NEWEST_OPSET = 28  # the newest that the tests compare in ONNX Runtime
DEFAULT_OPSET = 17  # ONNX Runtime 1.12 (2022) and later read it
FUNCTIONS_OPSET = 15  # the first whose version of the file format has functions


def require_opset(onnx: ModuleType, opset: object) -> int:
    """Return an opset that can be written; raises InvalidParameterError for another one."""
    newest = min(NEWEST_OPSET, onnx.defs.onnx_opset_version())
    is_integer = isinstance(opset, Integral) and not isinstance(opset, bool)
    if not is_integer or not OLDEST_OPSET <= opset <= newest:  # type: ignore[operator]
        expected = f"an integer from {OLDEST_OPSET} to {newest}"
        raise InvalidParameterError(
            f"opset must be {expected}, got {shown(opset)}",
            parameter="opset",
            value=opset,
            expected=expected,
        )
    return int(opset)  # type: ignore[call-overload,no-any-return]


def _versions_with(onnx: ModuleType, opset: int) -> tuple[int, int]:
    """Return the versions of the file format and of ai.onnx.ml that came with an opset."""
    release = next(row for row in onnx.helper.VERSION_TABLE if row[2] == opset)
    return release[1], release[3]


class Nodes:
    """The nodes, constants and functions of a graph, in the order in which methods add them.

    Constants have the type of the networks' arithmetic, `dtype`. The names of nodes and constants
    begin with the prefix.
    """

    def __init__(self, onnx: ModuleType, dtype: FloatType, opset: int, prefix: str = "") -> None:
        self.onnx = onnx
        self.dtype = dtype
        self.opset = opset
        self.prefix = prefix
        self.ir_version, self.ml_opset = _versions_with(onnx, opset)
        self.nodes: list[Any] = []
        self.constants: dict[str, object] = {}
        self.functions: dict[str, object] = {}
        self.outputs: list[Any] = []

    def model(self, inputs: Sequence[Any], metadata: Mapping[str, str]) -> Any:
        """Return the model with these inputs."""
        helper = self.onnx.helper
        # The constants that an older form has as an attribute are inputs of no node.
        read = {name for node in self.nodes for name in node.input}
        constants = [tensor for name, tensor in self.constants.items() if name in read]
        graph = helper.make_graph(self.nodes, "cmlp", inputs, self.outputs, constants)
        versions = {"": self.opset, ML_DOMAIN: self.ml_opset, DOMAIN: 1}
        used = {"", *(node.domain for node in self.nodes)}
        proto = helper.make_model(
            graph,
            producer_name="cmlp",
            producer_version=_core.__version__,
            opset_imports=[
                helper.make_opsetid(name, versions[name]) for name in versions if name in used
            ],
            ir_version=self.ir_version,
            functions=list(self.functions.values()),
        )
        helper.set_model_props(proto, metadata)
        return proto

    # Networks

    def layers(self, trained: TrainedNet, a: str, name: str = "") -> str:
        """Add the nodes of all layers of a network; return the name of its outputs.

        Quantiles are in ascending order.
        """
        for i, (weights, biases, activation, parameter) in enumerate(trained.layers):
            w = self.constant(f"{name}layers.{i}.weight", weights)
            b = self.constant(f"{name}layers.{i}.bias", biases)
            a = self.activation(activation, parameter, self.node("Gemm", a, w, b))
        if trained.sorts:
            return self.sorted(a, trained.net.n_out)
        return a

    def activation(self, name: str, parameter: float, z: str) -> str:
        """Add the nodes of an activation; return the name of the result."""
        if name == "identity":
            return z
        if name == "silu":
            return self.node("Mul", z, self.node("Sigmoid", z))
        text = None
        if self.dtype == np.float64:
            text = function_text(name, self.opset)
        if text is not None:
            inputs = [z]
            if name in WITH_PARAMETER:
                inputs.append(self.number(parameter))
            function = self.onnx.parser.parse_function(text)
            if self.opset < FUNCTIONS_OPSET:
                return self.inlined(function, inputs)
            self.functions.setdefault(name, function)
            return self.node(name, *inputs, domain=DOMAIN)
        if name == "gelu":
            erf = self.node("Erf", self.node("Mul", z, self.number(math.sqrt(0.5))))
            half = self.node("Mul", z, self.number(0.5))
            return self.node("Mul", half, self.node("Add", erf, self.number(1)))
        if name in WITH_PARAMETER:
            return self.node(OPERATORS[name], z, alpha=parameter)
        if name == "softmax":
            return self.node("Softmax", z, axis=1)
        return self.node(OPERATORS[name], z)

    def sorted(self, a: str, n: int) -> str:
        """Sort each row, so that predicted quantiles never cross."""
        size = self.constant("n_quantiles", np.array([n], np.int64))
        return self.node("TopK", a, size, n_outputs=2, axis=1, largest=0)

    def flat(self, a: str) -> str:
        """Drop the second dimension of a column."""
        return self.node("Reshape", a, self.constant("flat", np.array([-1], np.int64)))

    # Parts of the graph

    def element(self, dtype: np.dtype[np.generic]) -> int:
        """Return ONNX's code of a dtype."""
        if dtype.kind == "U":
            dtype = np.dtype(object)
        code: int = self.onnx.helper.np_dtype_to_tensor_dtype(dtype)
        return code

    def output(
        self, name: str, value: str, dtype: np.dtype[np.generic], n_columns: int | None = None
    ) -> None:
        """Add an output of the graph, with one row for each row of X."""
        shape: list[str | int] = ["N"]
        if n_columns is not None:
            shape.append(n_columns)
        self.nodes.append(self.onnx.helper.make_node("Identity", [value], [name]))
        info = self.onnx.helper.make_tensor_value_info(name, self.element(dtype), shape)
        self.outputs.append(info)

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator in the form that the opset has; return the name of its first output.

        Raises InvalidParameterError if the opset cannot have it.
        """
        older = _OLDER_FORMS.get(operator)
        if older is not None and self.opset < older.below:
            return older.write(self, operator, inputs, **attributes)
        return self.add(operator, inputs, **attributes)

    def add(
        self,
        operator: str,
        inputs: Sequence[str],
        domain: str = "",
        n_outputs: int = 1,
        **attributes: Any,
    ) -> str:
        """Add a node in exactly this form; return the name of its first output."""
        name = f"{self.prefix}{operator.lower()}_{len(self.nodes)}"
        names = [name, *(f"{name}_{i}" for i in range(1, n_outputs))]
        self.nodes.append(
            self.onnx.helper.make_node(operator, inputs, names, name, domain=domain, **attributes)
        )
        return name

    def inlined(self, function: Any, inputs: Sequence[str]) -> str:
        """Add the nodes of a function instead of a call; return the name of the result.

        Its constants are constants of the graph, which other calls share.
        """
        names: dict[str, str] = dict(zip(function.input, inputs, strict=True))
        for node in function.node:
            attributes = {
                each.name: self.onnx.helper.get_attribute_value(each) for each in node.attribute
            }
            if node.op_type == "Constant":
                values = self.onnx.numpy_helper.to_array(attributes["value"])
                names[node.output[0]] = self.constant(f"{function.name}.{node.output[0]}", values)
            else:
                arguments = [names[each] for each in node.input]
                names[node.output[0]] = self.node(node.op_type, *arguments, **attributes)
        return names[function.output[0]]

    def cast(self, value: str, dtype: type[np.generic]) -> str:
        """Add a conversion to another type."""
        return self.node("Cast", value, to=self.element(np.dtype(dtype)))

    def moved(self, value: str, by: str) -> str:
        """Add the sum of a value and a constant.

        Not by Add or Sub: ONNX Runtime removes those whose single constant is 0 in float32,
        although it is a double.
        """
        return self.node("Sum", value, by)

    def number(self, value: float) -> str:
        """Return the name of a constant number in the type of the arithmetic."""
        return self.constant(f"number_{value!r}", np.asarray(value, self.dtype))

    def double(self, value: float) -> str:
        """Return the name of a constant number in double precision."""
        return self.constant(f"double_{float(value)!r}", np.asarray(value, np.float64))

    def constant(self, name: str, values: AnyArray) -> str:
        """Add a constant, unless there is one of this name; return its name in the graph."""
        name = self.prefix + name
        if name not in self.constants:
            if values.dtype.kind in "OU":
                texts = [label.encode() for label in values.tolist()]
                tensor = self.onnx.helper.make_tensor(
                    name, self.onnx.TensorProto.STRING, values.shape, texts
                )
            else:
                tensor = self.onnx.numpy_helper.from_array(
                    np.ascontiguousarray(values).reshape(values.shape), name
                )
            self.constants[name] = tensor
        return name


# ------------------------------------------------------------------- the forms of older opsets


def _by_others(parameters: str, body: str) -> Callable[..., str]:
    """Return the writer of an operator as others: a function body in ONNX's text format."""
    head = f'<domain: "{DOMAIN}", opset_import: ["" : {OLDEST_OPSET}]> form ({parameters}) => (y)'

    def write(nodes: Nodes, operator: str, inputs: Sequence[str], **attributes: Any) -> str:
        function = nodes.onnx.parser.parse_function(f"{head} {{ {body} }}")
        return nodes.inlined(function, inputs)

    return write


def _with_axes_as_attribute(
    nodes: Nodes, operator: str, inputs: Sequence[str], **attributes: Any
) -> str:
    """Write an operator whose second input, the constant axes, is an attribute.

    Operators before opset 11 count axes from the front only, here in at most three dimensions.
    """
    x, axes = inputs
    values = nodes.onnx.numpy_helper.to_array(nodes.constants[axes]) % 3
    return nodes.add(operator, [x], axes=values.tolist(), **attributes)


def _with_classes(nodes: Nodes, operator: str, inputs: Sequence[str], **attributes: Any) -> str:
    """Write a LabelEncoder that maps each text to its index in a list."""
    return nodes.add(
        operator,
        inputs,
        domain=ML_DOMAIN,
        classes_strings=attributes["keys_strings"],
        default_int64=attributes["default_int64"],
    )


def _missing(name: str) -> Callable[..., str]:
    """Return the writer of what older opsets do not have: it raises InvalidParameterError."""

    def write(nodes: Nodes, operator: str, inputs: Sequence[str], **attributes: Any) -> str:
        first = _OLDER_FORMS[operator].below
        raise InvalidParameterError(
            f"opset must be at least {first} for this model, which needs {name}, got {nodes.opset}",
            parameter="opset",
            value=nodes.opset,
            expected=f"at least {first}",
        )

    return write


class _Form(NamedTuple):
    """How an operator is written in opsets below a certain one."""

    below: int
    write: Callable[..., str]


# All operators of the graphs that did not exist in `OLDEST_OPSET`, or have had another form since
# then. Methods write the form of `DEFAULT_OPSET`, which newer opsets have, too.
_OLDER_FORMS = {
    # Opset 11 has it for float32 and float64, but ONNX Runtime for float32 only.
    "Clip": _Form(12, _by_others("x, low, high", "a = Max (x, low) y = Min (a, high)")),
    "CumSum": _Form(11, _missing("the operator CumSum for several classes")),
    # Opset 9 has it for integers and booleans only. NaN is true as a boolean, so it equals nothing.
    "Equal": _Form(
        11,
        _by_others(
            "a, b",
            "minus = Neg (a) difference = Sum (minus, b) "
            "differs = Cast <to = 9> (difference) y = Not (differs)",
        ),
    ),
    "GreaterOrEqual": _Form(12, _by_others("a, b", "below = Less (a, b) y = Not (below)")),
    "LabelEncoder": _Form(11, _with_classes),
    "ReduceSum": _Form(13, _with_axes_as_attribute),
    "Squeeze": _Form(13, _with_axes_as_attribute),
    "TopK": _Form(11, _missing("the operator TopK in ascending order for several quantiles")),
    "Unsqueeze": _Form(13, _with_axes_as_attribute),
}
