"""Write a model as an ONNX file."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp import _core
from cmlp.export.checks import optional_package, require_finite
from cmlp.export.onnx_functions import DOMAIN, OPERATORS, OPSET, WITH_PARAMETER, function_text
from cmlp.files.atomic import write_atomically
from cmlp.files.texts import dump, dump_names

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from cmlp.record import Record

_IR_VERSION = 8  # the version of opset 17; ONNX Runtime 1.12 (2022) and later read it
_LARGEST_FILE = 2**31 - 1  # Protocol Buffers cannot write more
_ROOM = 2**16  # bytes for everything except weights, biases and classes
INPUT_DTYPES = ("float32", "float64", "uint8")
# Keys of the metadata that `from_onnx` reads.
CLASS_KEY, LOSS_KEY, NAMES_KEY = "cmlp.class", "cmlp.loss", "cmlp.feature_names"


def write_onnx(record: Record, path: str | os.PathLike[str], input_dtype: str | None = None) -> None:
    """Write an ONNX file; see `Network.to_onnx` and `MLPClassifier.to_onnx`."""
    onnx = optional_package("onnx", "to_onnx", "onnx")
    require_finite(record)
    if input_dtype not in (None, *INPUT_DTYPES):
        raise ValueError(
            f"input_dtype must be one of {', '.join(map(repr, INPUT_DTYPES))} or None, got {input_dtype!r}"
        )
    classes = None if record.labels is None else label_values(record.labels.classes)
    size = record.params.nbytes + (0 if classes is None else _bytes_of(classes))
    if size + _ROOM > _LARGEST_FILE:
        raise ValueError(f"an ONNX file can have at most {_LARGEST_FILE} bytes, but this model needs {size}")
    proto = _Writer(onnx, record).model(input_dtype or record.net.dtype.name, classes)
    content = proto.SerializeToString(deterministic=True)
    write_atomically(path, lambda write: write(memoryview(content)))


def label_values(classes: NDArray[Any]) -> NDArray[Any]:
    """Return class labels in a dtype that ONNX has; raises TypeError or ValueError for other labels."""
    kind = classes.dtype.kind
    if kind in "OU":
        for label in classes.tolist():
            try:
                label.encode()
            except UnicodeEncodeError:
                raise ValueError(f"the label {label!r} is not valid Unicode, so ONNX cannot contain it") from None
        return classes
    if kind in "iu":
        if kind == "u" and len(classes) and int(classes.max()) >= 2**63:
            raise ValueError(f"the label {classes.max()} does not fit in int64, so ONNX cannot contain it")
        return classes.astype(np.int64)
    if kind == "b" or classes.dtype in (np.float32, np.float64):
        return classes
    raise TypeError(
        f"labels of dtype {classes.dtype} cannot be written to ONNX: fit on integers, booleans, float64 or text"
    )


def _bytes_of(classes: NDArray[Any]) -> int:
    if classes.dtype.kind in "OU":
        return sum(len(label.encode()) + 8 for label in classes.tolist())
    return classes.nbytes


class _Writer:
    """Builds the graph of one model: nodes, constants and functions, in the order in which methods add them."""

    def __init__(self, onnx: Any, record: Record) -> None:
        self.onnx, self.record = onnx, record
        self.dtype = record.net.dtype
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.functions: dict[str, Any] = {}
        self.outputs: list[Any] = []

    def model(self, input_dtype: str, classes: NDArray[Any] | None) -> Any:
        """Return the model with the given type of the input X."""
        helper, net = self.onnx.helper, self.record.net
        a = self.activations(input_dtype)
        if isinstance(net.loss_parameter, tuple):
            a = self.sorted(a, net.n_out)
        if self.record.kind == "network":
            self.output("output", a, self.dtype, net.n_out)
        elif classes is None:
            flat = net.n_out == 1
            self.output("prediction", self.flat(a) if flat else a, self.dtype, None if flat else net.n_out)
        else:
            self.classifier(a, classes)
        x = helper.make_tensor_value_info("X", self.element(np.dtype(input_dtype)), ["N", net.n_in])
        graph = helper.make_graph(self.nodes, "cmlp", [x], self.outputs, self.constants)
        opsets = [helper.make_opsetid("", OPSET), *([helper.make_opsetid(DOMAIN, 1)] if self.functions else [])]
        proto = helper.make_model(
            graph,
            producer_name="cmlp",
            producer_version=_core.__version__,
            opset_imports=opsets,
            ir_version=_IR_VERSION,
            functions=list(self.functions.values()),
        )
        helper.set_model_props(proto, self.metadata())
        return proto

    def metadata(self) -> dict[str, str]:
        """Return what the graph does not show."""
        net, names = self.record.net, self.record.feature_names
        strings = {CLASS_KEY: self.record.class_name}
        if isinstance(net.loss, str):  # a function cannot be stored, and predictions do not need it
            strings[LOSS_KEY] = dump([net.loss, net.loss_parameter if _core.LOSSES[net.loss].parameter else None])
        return strings if names is None else {**strings, NAMES_KEY: dump_names(names)}

    # The network

    def activations(self, input_dtype: str) -> str:
        """Add the nodes of all layers; return the name of the output activations."""
        a, scale = "X", self.record.input_scale
        if isinstance(scale, tuple):  # in float64, so that the layers get the bits that they get in Python
            wide = np.dtype(np.float64)
            if input_dtype != wide.name:
                a = self.node("Cast", a, to=self.element(wide))
            a = self.node("Sub", a, self.constant("input.shift", scale.shift))
            a = self.node("Mul", a, self.constant("input.factor", scale.factor))
            if self.dtype != wide:
                a = self.node("Cast", a, to=self.element(self.dtype))
        elif input_dtype != self.dtype.name:
            a = self.node("Cast", a, to=self.element(self.dtype))
        if not isinstance(scale, tuple) and scale != 1:
            a = self.node("Mul", a, self.constant("input_scale", np.asarray(self.scale())))
        for i, (weights, biases, activation, parameter) in enumerate(self.record.layers()):
            w = self.constant(f"layers.{i}.weight", weights)
            b = self.constant(f"layers.{i}.bias", biases)
            a = self.activation(activation, parameter, self.node("Gemm", a, w, b))
        return a

    def scale(self) -> np.floating[Any]:
        """Return the input scale in the type of the arithmetic."""
        value: np.floating[Any] = self.dtype.type(self.record.input_scale)
        if not np.finfo(self.dtype).tiny <= value < np.inf:
            raise ValueError(f"input_scale={self.record.input_scale!r} is out of the range of {self.dtype} in ONNX")
        return value

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

    # The outputs

    def classifier(self, a: str, classes: NDArray[Any]) -> None:
        """Add the outputs "label" and "probabilities", which `predict` and `predict_proba` return."""
        labels, n_classes = self.record.labels, len(classes)
        assert labels is not None
        if labels.kind == "multilabel":
            above = self.node("Greater", a, self.number(0.5))
            self.output(
                "label", self.node("Cast", above, to=self.onnx.TensorProto.INT64), np.dtype(np.int64), n_classes
            )
            self.output("probabilities", a, self.dtype, n_classes)
            return
        if labels.kind == "binary":
            # No probability is above 2: a single class is always the answer.
            above = self.node("Greater", self.flat(a), self.number(0.5 if n_classes == 2 else 2))
            index = self.node("Cast", above, to=self.onnx.TensorProto.INT64)
            probabilities = self.node("Concat", self.node("Sub", self.number(1), a), a, axis=1)
        else:
            index = self.node("ArgMax", a, axis=1, keepdims=0)
            softmax = self.record.net.activations[-1] == "softmax" or self.record.net.loss == "log_loss"
            probabilities = a if softmax else self.normalized(a)
        self.output("label", self.node("Gather", self.constant("classes", classes), index), classes.dtype)
        self.output("probabilities", probabilities, self.dtype, 2 if labels.kind == "binary" else n_classes)

    def normalized(self, a: str) -> str:
        """Divide each row by its sum; equal probabilities if all outputs of a row are 0."""
        axes = self.constant("axes", np.array([1], np.int64))
        total = self.node("ReduceSum", a, axes, keepdims=1)
        is_zero = self.node("Equal", total, self.number(0))
        numerator = self.node("Where", is_zero, self.number(1), a)
        return self.node("Div", numerator, self.node("Where", is_zero, self.number(self.record.net.n_out), total))

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
        name = f"{operator.lower()}_{len(self.nodes)}"
        names = [name, *(f"{name}_{i}" for i in range(1, n_outputs))]
        self.nodes.append(self.onnx.helper.make_node(operator, inputs, names, name, domain=domain, **attributes))
        return name

    def number(self, value: float) -> str:
        """Return the name of a constant number in the type of the arithmetic."""
        return self.constant(f"number_{value!r}", np.asarray(value, self.dtype))

    def constant(self, name: str, values: NDArray[Any]) -> str:
        """Add a constant, unless there is one of this name; return the name."""
        if all(tensor.name != name for tensor in self.constants):
            if values.dtype.kind in "OU":
                texts = [label.encode() for label in values.tolist()]
                tensor = self.onnx.helper.make_tensor(name, self.onnx.TensorProto.STRING, values.shape, texts)
            else:
                tensor = self.onnx.numpy_helper.from_array(np.ascontiguousarray(values).reshape(values.shape), name)
            self.constants.append(tensor)
        return name
