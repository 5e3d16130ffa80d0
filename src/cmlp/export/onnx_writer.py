"""Write a model as an ONNX file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp import _core
from cmlp.export.checks import optional_package, require_finite, scale_in
from cmlp.export.onnx_nodes import Nodes, require_size, require_unicode, write_model
from cmlp.files.texts import dump, dump_names
from cmlp.inputs.resolution import too_coarse

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from cmlp.inputs.scale import InputScale
    from cmlp.record import Record

INPUT_DTYPES = ("float32", "float64", "uint8")
# Keys of the metadata that `from_onnx` reads.
CLASS_KEY, LOSS_KEY, NAMES_KEY = "cmlp.class", "cmlp.loss", "cmlp.feature_names"


def write_onnx(record: Record, path: str | os.PathLike[str], input_dtype: str | None = None) -> None:
    """Write an ONNX file; see `Network.to_onnx` and `MLPClassifier.to_onnx`."""
    write_model(onnx_model(record, input_dtype), path)


def onnx_model(record: Record, input_dtype: str | None = None) -> Any:
    """Return the content of the file as an ``onnx.ModelProto``."""
    onnx = optional_package("onnx", "to_onnx", "onnx")
    require_finite(record)
    if input_dtype not in (None, *INPUT_DTYPES):
        raise ValueError(
            f"input_dtype must be one of {', '.join(map(repr, INPUT_DTYPES))} or None, got {input_dtype!r}"
        )
    classes = None if record.labels is None else label_values(record.labels.classes)
    require_size(record.params.nbytes + (0 if classes is None else bytes_of(classes)))
    writer = _Writer(onnx, record)
    x = writer.build(input_dtype or record.net.dtype.name, classes)
    return writer.model([x], writer.metadata())


def label_values(classes: NDArray[Any]) -> NDArray[Any]:
    """Return class labels in a dtype that ONNX has; raises TypeError or ValueError for other labels."""
    kind = classes.dtype.kind
    if kind in "OU":
        for label in classes.tolist():
            require_unicode(label, "label")
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


def bytes_of(classes: NDArray[Any]) -> int:
    """Return the bytes that labels take in a file."""
    if classes.dtype.kind in "OU":
        return sum(len(label.encode()) + 8 for label in classes.tolist())
    return classes.nbytes


def require_resolution(scale: InputScale) -> None:
    """Raise ValueError if inputs of float32 near a shift are too far apart for the factor."""
    coarse = too_coarse(scale.shift, 1 / np.abs(scale.factor), np.float32)
    if coarse.any():
        column = int(coarse.argmax())
        raise ValueError(
            f"inputs of float32 cannot hold the values of column {column}, which are near {scale.shift[column]:.6g} "
            f"and have a spread of {1 / abs(scale.factor[column]):.3g}: pass input_dtype='float64'"
        )


class _Writer(Nodes):
    """The graph of one network."""

    def __init__(self, onnx: Any, record: Record) -> None:
        super().__init__(onnx, record.net.dtype)
        self.record = record

    def build(self, input_dtype: str, classes: NDArray[Any] | None) -> Any:
        """Add all nodes; return the input X with the given type."""
        net = self.record.net
        a = self.layers(self.record, self.scaled(input_dtype))
        if self.record.kind == "network":
            self.output("output", a, self.dtype, net.n_out)
        elif classes is None:
            flat = net.n_out == 1
            self.output("prediction", self.flat(a) if flat else a, self.dtype, None if flat else net.n_out)
        else:
            self.classifier(a, classes)
        return self.onnx.helper.make_tensor_value_info("X", self.element(np.dtype(input_dtype)), ["N", net.n_in])

    def metadata(self) -> dict[str, str]:
        """Return what the graph does not show."""
        net, names = self.record.net, self.record.feature_names
        strings = {CLASS_KEY: self.record.class_name}
        if isinstance(net.loss, str):  # a function cannot be stored, and predictions do not need it
            strings[LOSS_KEY] = dump([net.loss, net.loss_parameter if _core.LOSSES[net.loss].parameter else None])
        return strings if names is None else {**strings, NAMES_KEY: dump_names(names)}

    # The network

    def scaled(self, input_dtype: str) -> str:
        """Add the input scale; return the name of the inputs of the first layer."""
        a, scale = "X", self.record.input_scale
        # In float64, the layers get the bits that they get in Python.
        wide = np.dtype(np.float64 if isinstance(scale, tuple) or input_dtype == "float64" else self.dtype)
        if input_dtype != wide.name:
            a = self.node("Cast", a, to=self.element(wide))
        if isinstance(scale, tuple):
            if input_dtype == "float32":
                require_resolution(scale)
            a = self.node("Sub", a, self.constant("input.shift", scale.shift))
            a = self.node("Mul", a, self.constant("input.factor", scale.factor))
        elif scale != 1:
            a = self.node("Mul", a, self.constant("input_scale", np.asarray(scale_in(wide, scale, "ONNX"))))
        return a if wide == self.dtype else self.node("Cast", a, to=self.element(self.dtype))

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
