"""Write a model as an ONNX file: its rows or the encoder of its columns, all networks, and their outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp import _core
from cmlp._export.onnx_columns import ColumnNodes, input_names, is_text
from cmlp._export.onnx_nodes import Nodes, require_unicode
from cmlp._files.atomic import write_atomically
from cmlp._files.texts import dump, dump_names
from cmlp._inputs.scale import too_coarse
from cmlp._model.formats import require, scale_in
from cmlp.exceptions import optional

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from cmlp._inputs.scale import InputScale
    from cmlp._model.model import TrainedModel

NEEDS = "{} needs the package onnx: install it with `pip install 'cmlp[onnx]'`."
INPUT_DTYPES = ("float32", "float64", "uint8")
# Keys of the metadata that `from_onnx` reads.
CLASS_KEY, LOSS_KEY, NAMES_KEY = "cmlp.class", "cmlp.loss", "cmlp.feature_names"
_LARGEST_FILE = 2**31 - 1  # Protocol Buffers cannot write more
_SPARE = 2**16  # bytes for everything except weights, biases and classes
_ENTRY_BYTES = 64  # of an edge, a category or a column, without its text


def write_onnx(model: TrainedModel, path: str | os.PathLike[str], input_dtype: str | None = None) -> None:
    """Write an ONNX file; see `Network.to_onnx`."""
    content = onnx_model(model, input_dtype).SerializeToString(deterministic=True)
    write_atomically(path, lambda write: write(memoryview(content)))


def onnx_model(model: TrainedModel, input_dtype: str | None = None) -> Any:
    """Return the content of the file as an ``onnx.ModelProto``."""
    onnx = optional("onnx", NEEDS.format("to_onnx"))
    require(model, "to_onnx")
    if input_dtype not in (None, *INPUT_DTYPES):
        raise ValueError(
            f"input_dtype must be one of {', '.join(map(repr, INPUT_DTYPES))} or None, got {input_dtype!r}"
        )
    if input_dtype is not None and model.encoder is not None:
        raise ValueError(
            f"input_dtype must be None for a table, whose columns are doubles and text, got {input_dtype!r}"
        )
    classes = None if model.labels is None else _label_values(model.labels.classes)
    size = _size(model)
    if classes is not None:
        texts = classes.tolist() if classes.dtype.kind in "OU" else None
        size += classes.nbytes if texts is None else sum(len(label.encode()) + 8 for label in texts)
    if size + _SPARE > _LARGEST_FILE:
        raise ValueError(f"an ONNX file can have at most {_LARGEST_FILE} bytes, but this model needs {size}")
    writer: _Writer = _RowWriter(onnx, model, input_dtype) if model.encoder is None else _TableWriter(onnx, model)
    if classes is not None:
        writer.classifier(classes)
    else:
        writer.numbers()
    return writer.model(writer.inputs, _metadata(model))


def _metadata(model: TrainedModel) -> dict[str, str]:
    """Return what the graph does not show."""
    net, names = model.net, model.feature_names
    strings = {CLASS_KEY: model.class_name}
    # A function cannot be stored, and predictions do not need it. `from_onnx` reads no tables.
    if isinstance(net.loss, str) and model.encoder is None:
        strings[LOSS_KEY] = dump([net.loss, net.loss_parameter if _core.LOSSES[net.loss].parameter else None])
    return strings if names is None else {**strings, NAMES_KEY: dump_names(names)}


def _size(model: TrainedModel) -> int:
    """Return about the bytes of all constants but the classes."""
    size = sum(params.nbytes for _, params in model.networks)
    if model.encoder is not None:
        texts = [value for values in model.encoder.categories for value in values or ()]
        entries = len(model.encoder) + len(model.encoder.numbers) + len(texts)
        size += _ENTRY_BYTES * entries + 4 * sum(len(text) for text in texts if isinstance(text, str))
    return size


def _label_values(classes: NDArray[Any]) -> NDArray[Any]:
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


def _require_resolution(scale: InputScale) -> None:
    """Raise ValueError if inputs of float32 near a shift are too far from each other for the factor."""
    coarse = too_coarse(scale.shift, 1 / np.abs(scale.factor), np.float32)
    if coarse.any():
        column = int(coarse.argmax())
        raise ValueError(
            f"inputs of float32 cannot hold the values of column {column}, which are near {scale.shift[column]:.6g} "
            f"and have a spread of {1 / abs(scale.factor[column]):.3g}: pass input_dtype='float64'"
        )


class _Writer(Nodes):
    """The graph of a model. The two kinds differ in what comes before the networks, and in the type of the outputs."""

    trained: TrainedModel
    inputs: list[Any]  # of the graph
    a: str  # the outputs of the network, or of all networks as a mean
    kind: np.dtype[Any]  # of the outputs

    def input(self, name: str, dtype: np.dtype[Any], n_columns: int) -> Any:
        """Return an input of the graph."""
        return self.onnx.helper.make_tensor_value_info(name, self.element(dtype), ["N", n_columns])

    def numbers(self) -> None:
        """Add the output of a network, or "prediction", which `predict` of a regressor returns."""
        n, is_network = self.trained.net.n_out, self.trained.kind == "network"
        flat = n == 1 and not is_network
        a = self.flat(self.a) if flat else self.a
        self.output("output" if is_network else "prediction", a, self.kind, None if flat else n)

    def classifier(self, classes: NDArray[Any]) -> None:
        """Add the outputs "label" and "probabilities"; for multilabel targets, the labels are a 0/1 matrix."""
        assert self.trained.labels is not None
        if self.trained.labels.kind == "multilabel":
            half = self.number(0.5) if self.kind == self.dtype else self.double(0.5)
            above = self.node("Greater", self.a, half)
            self.output("label", self.cast(above, np.int64), np.dtype(np.int64), len(classes))
            self.output("probabilities", self.a, self.kind, len(classes))
            return
        index, probabilities = self.answer(len(classes))
        self.output("label", self.node("Gather", self.constant("classes", classes), index), classes.dtype)
        self.output("probabilities", probabilities, self.kind, self.trained.combination.n)

    def answer(self, n_classes: int) -> tuple[str, str]:
        """Add the index of the most probable class, and the probabilities."""
        raise NotImplementedError


class _RowWriter(_Writer):
    """The graph of one network, whose rows are one input X."""

    def __init__(self, onnx: Any, model: TrainedModel, input_dtype: str | None) -> None:
        super().__init__(onnx, model.net.dtype)
        self.trained, self.kind = model, self.dtype
        input_dtype = input_dtype or self.dtype.name
        self.a = self.layers(model.first, self._scaled(input_dtype))
        self.inputs = [self.input("X", np.dtype(input_dtype), model.n_inputs)]

    def _scaled(self, input_dtype: str) -> str:
        """Add the input scale; return the name of the inputs of the first layer."""
        a, scale = "X", self.trained.input_scale
        # In float64, the layers get the bits that they get in Python.
        wide = np.dtype(np.float64 if isinstance(scale, tuple) or input_dtype == "float64" else self.dtype)
        if input_dtype != wide.name:
            a = self.node("Cast", a, to=self.element(wide))
        if isinstance(scale, tuple):
            if input_dtype == "float32":
                _require_resolution(scale)
            a = self.node("Sub", a, self.constant("input.shift", scale.shift))
            a = self.node("Mul", a, self.constant("input.factor", scale.factor))
        elif scale != 1:
            a = self.node("Mul", a, self.constant("input_scale", np.asarray(scale_in(wide, scale, "ONNX"))))
        return a if wide == self.dtype else self.node("Cast", a, to=self.element(self.dtype))

    def answer(self, n_classes: int) -> tuple[str, str]:
        """Add the index of the most probable class, and the probabilities."""
        a, rule = self.a, self.trained.combination.rule
        if rule == "binary":
            # No probability is above 2: a single class is always the answer.
            above = self.node("Greater", self.flat(a), self.number(0.5 if n_classes == 2 else 2))
            index = self.cast(above, np.int64)
            return index, self.node("Concat", self.node("Sub", self.number(1), a), a, axis=1)
        index = self.node("ArgMax", a, axis=1, keepdims=0)
        return index, self._normalized(a) if rule == "normalized" else a

    def _normalized(self, a: str) -> str:
        """Divide each row by its sum; equal probabilities if all outputs of a row are 0."""
        axes = self.constant("axes", np.array([1], np.int64))
        total = self.node("ReduceSum", a, axes, keepdims=1)
        is_zero = self.node("Equal", total, self.number(0))
        numerator = self.node("Where", is_zero, self.number(1), a)
        return self.node("Div", numerator, self.node("Where", is_zero, self.number(self.trained.net.n_out), total))


class _TableWriter(_Writer):
    """The graph of several networks behind an encoder, with an input for each column."""

    def __init__(self, onnx: Any, model: TrainedModel) -> None:
        assert model.encoder is not None
        names = input_names(model, ("prediction",) if model.labels is None else ("label", "probabilities"))
        prefix = "cmlp."
        while any(name.startswith(prefix) for name in names):  # the names of a graph must differ
            prefix += "_"
        super().__init__(onnx, np.dtype(np.float32), prefix)
        self.trained, self.kind = model, np.dtype(np.float64)
        # Also for columns that are not used: programs pass the whole table.
        kinds = [np.dtype(object if is_text(values) else np.float64) for values in model.encoder.categories]
        self.inputs = [self.input(name, kind, 1) for name, kind in zip(names, kinds, strict=True)]
        encoder, wide = ColumnNodes(self, model, names), model.encoder.core.width(True)
        encoded: dict[int, str] = {}
        found = []
        for k, trained in enumerate(model.networks):
            n_in = trained.net.n_in
            if n_in not in encoded:
                encoded[n_in] = encoder.inputs(bins=n_in == wide)
            found.append(self.cast(self.layers(trained, encoded[n_in], f"networks.{k}."), np.float64))
        self.a = self._mean(found)

    def _mean(self, found: list[str]) -> str:
        """Add the mean of the networks' outputs: of probabilities, or of numbers within the range of the targets."""
        if self.trained.target is None:
            return self.node("Div", self.node("Sum", *found), self.double(len(found)))
        numbers = self.trained.target._asdict()
        several = np.ndim(self.trained.target.centre) > 0

        def of(name: str) -> str:
            return self.constant(f"target.{name}", np.array(numbers[name])) if several else self.double(numbers[name])

        low, high = of("low"), of("high")
        limited = [
            self.node("Min", self.node("Max", one, low), high) if several else self.node("Clip", one, low, high)
            for one in found
        ]
        mean = self.node("Div", self.node("Sum", *limited), self.double(len(found)))
        return self.moved(self.node("Mul", mean, of("scale")), of("centre"))

    def answer(self, n_classes: int) -> tuple[str, str]:
        """Add the index of the most probable class, and the probabilities."""
        probabilities = self.a
        if self.trained.combination.rule == "binary":
            first = self.node("Sub", self.double(1), probabilities)
            probabilities = self.node("Concat", first, probabilities, axis=1)
        return self.node("ArgMax", probabilities, axis=1, keepdims=0), probabilities
