"""The nodes and constants of an ONNX graph, and the layers of a network in it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp import _core
from cmlp._export.onnx_functions import DOMAIN, OPERATORS, OPSET, WITH_PARAMETER, function_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cmlp._model.model import TrainedNet

_IR_VERSION = 8  # the version of opset 17; ONNX Runtime 1.12 (2022) and later read it
ML_DOMAIN, ML_OPSET = "ai.onnx.ml", 3  # the version of opset 17


def require_unicode(text: str, what: str) -> bytes:
    """Return a text in UTF-8; raises ValueError if it is not valid Unicode."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"the {what} {text!r} is not valid Unicode, so ONNX cannot contain it") from None


class Nodes:
    """The nodes, constants and functions of a graph, in the order in which methods add them.

    The type is that of the networks' arithmetic, and the names of nodes and constants begin with the prefix.
    """

    def __init__(self, onnx: Any, dtype: np.dtype[Any], prefix: str = "") -> None:
        self.onnx, self.dtype, self.prefix = onnx, dtype, prefix
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}
        self.functions: dict[str, Any] = {}
        self.outputs: list[Any] = []

    def model(self, inputs: Sequence[Any], metadata: Mapping[str, str]) -> Any:
        """Return the model with these inputs."""
        helper = self.onnx.helper
        graph = helper.make_graph(self.nodes, "cmlp", inputs, self.outputs, list(self.constants.values()))
        versions = {"": OPSET, ML_DOMAIN: ML_OPSET, DOMAIN: 1}
        used = {"", *(node.domain for node in self.nodes)}
        proto = helper.make_model(
            graph,
            producer_name="cmlp",
            producer_version=_core.__version__,
            opset_imports=[helper.make_opsetid(name, versions[name]) for name in versions if name in used],
            ir_version=_IR_VERSION,
            functions=list(self.functions.values()),
        )
        helper.set_model_props(proto, metadata)
        return proto

    # Networks

    def layers(self, trained: TrainedNet, a: str, name: str = "") -> str:
        """Add the nodes of all layers of a network; return the name of its outputs, quantiles in ascending order."""
        for i, (weights, biases, activation, parameter) in enumerate(trained.layers):
            w = self.constant(f"{name}layers.{i}.weight", weights)
            b = self.constant(f"{name}layers.{i}.bias", biases)
            a = self.activation(activation, parameter, self.node("Gemm", a, w, b))
        return self.sorted(a, trained.net.n_out) if trained.sorts else a

    def activation(self, name: str, parameter: float, z: str) -> str:
        """Add the nodes of an activation; return the name of the result."""
        if name == "identity":
            return z
        if name == "silu":
            return self.node("Mul", z, self.node("Sigmoid", z))
        text = function_text(name) if self.dtype == np.float64 else None
        if text is not None:
            self.functions.setdefault(name, self.onnx.parser.parse_function(text))
            inputs = [z, self.number(parameter)] if name in WITH_PARAMETER else [z]
            return self.node(name, *inputs, domain=DOMAIN)
        if name == "gelu":
            erf = self.node("Erf", self.node("Mul", z, self.number(math.sqrt(0.5))))
            return self.node("Mul", self.node("Mul", z, self.number(0.5)), self.node("Add", erf, self.number(1)))
        attributes: dict[str, Any] = {"alpha": parameter} if name in WITH_PARAMETER else {}
        if name == "softmax":
            attributes["axis"] = 1
        return self.node(OPERATORS[name], z, **attributes)

    def sorted(self, a: str, n: int) -> str:
        """Sort each row, so that predicted quantiles never cross."""
        return self.node(
            "TopK", a, self.constant("n_quantiles", np.array([n], np.int64)), n_outputs=2, axis=1, largest=0
        )

    def flat(self, a: str) -> str:
        """Drop the second dimension of a column."""
        return self.node("Reshape", a, self.constant("flat", np.array([-1], np.int64)))

    # Parts of the graph

    def element(self, dtype: np.dtype[Any]) -> int:
        """Return ONNX's code of a dtype."""
        code: int = self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(object) if dtype.kind == "U" else dtype)
        return code

    def output(self, name: str, value: str, dtype: np.dtype[Any], n_columns: int | None = None) -> None:
        """Add an output of the graph, with one row for each row of X."""
        shape = ["N"] if n_columns is None else ["N", n_columns]
        self.nodes.append(self.onnx.helper.make_node("Identity", [value], [name]))
        self.outputs.append(self.onnx.helper.make_tensor_value_info(name, self.element(dtype), shape))

    def node(self, operator: str, *inputs: str, domain: str = "", n_outputs: int = 1, **attributes: Any) -> str:
        """Add a node; return the name of its first output."""
        name = f"{self.prefix}{operator.lower()}_{len(self.nodes)}"
        names = [name, *(f"{name}_{i}" for i in range(1, n_outputs))]
        self.nodes.append(self.onnx.helper.make_node(operator, inputs, names, name, domain=domain, **attributes))
        return name

    def cast(self, value: str, dtype: type[np.generic]) -> str:
        """Add a conversion to another type."""
        return self.node("Cast", value, to=self.element(np.dtype(dtype)))

    def moved(self, value: str, by: str) -> str:
        """Add the sum of a value and a constant.

        Not by Add or Sub: ONNX Runtime removes those whose single constant is 0 in float32, although it is a double.
        """
        return self.node("Sum", value, by)

    def number(self, value: float) -> str:
        """Return the name of a constant number in the type of the arithmetic."""
        return self.constant(f"number_{value!r}", np.asarray(value, self.dtype))

    def double(self, value: float) -> str:
        """Return the name of a constant number in double precision."""
        return self.constant(f"double_{float(value)!r}", np.asarray(value, np.float64))

    def constant(self, name: str, values: NDArray[Any]) -> str:
        """Add a constant, unless there is one of this name; return its name in the graph."""
        name = self.prefix + name
        if name not in self.constants:
            if values.dtype.kind in "OU":
                texts = [label.encode() for label in values.tolist()]
                tensor = self.onnx.helper.make_tensor(name, self.onnx.TensorProto.STRING, values.shape, texts)
            else:
                tensor = self.onnx.numpy_helper.from_array(np.ascontiguousarray(values).reshape(values.shape), name)
            self.constants[name] = tensor
        return name
