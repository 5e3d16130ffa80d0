"""Write an estimator for tables as an ONNX file: the encoder of the columns, all networks, and their mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp import _core
from cmlp.export.checks import optional_package, require_finite
from cmlp.export.onnx_columns import ColumnNodes, input_names, is_text
from cmlp.export.onnx_nodes import Nodes, require_size, write_model
from cmlp.export.onnx_writer import CLASS_KEY, NAMES_KEY, bytes_of, label_values
from cmlp.files.texts import dump_names
from cmlp.record import Record

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from cmlp.files.tables import TableContent

_ENTRY_BYTES = 64  # of an edge, a category or a column, without its text


def write_table_onnx(content: TableContent, path: str | os.PathLike[str]) -> None:
    """Write an ONNX file; see `TabularClassifier.to_onnx`."""
    write_model(table_onnx_model(content), path)


def table_onnx_model(content: TableContent) -> Any:
    """Return the content of the file as an ``onnx.ModelProto``."""
    onnx = optional_package("onnx", "to_onnx", "onnx")
    for net, params in content.nets:
        require_finite(Record(net, params))
    classes = None if content.labels is None else label_values(content.labels.classes)
    require_size(_size(content) + (0 if classes is None else bytes_of(classes)))
    outputs = ("prediction",) if classes is None else ("label", "probabilities")
    names = input_names(content, outputs)
    prefix = "cmlp."
    while any(name.startswith(prefix) for name in names):  # the names of a graph must differ
        prefix += "_"
    writer = _Writer(onnx, content, prefix)
    writer.build(names, classes)
    metadata = {CLASS_KEY: content.class_name}
    if content.feature_names is not None:
        metadata[NAMES_KEY] = dump_names(content.feature_names)
    return writer.model(writer.inputs(names), metadata)


def _size(content: TableContent) -> int:
    """Return about the bytes of all constants but the classes."""
    texts = [value for values in content.categories for value in values or ()]
    entries = len(content.columns) + len(content.numbers) + len(texts)
    characters = sum(len(text) for text in texts if isinstance(text, str))
    return sum(params.nbytes for _, params in content.nets) + _ENTRY_BYTES * entries + 4 * characters


class _Writer(Nodes):
    """The graph of a table's model."""

    def __init__(self, onnx: Any, content: TableContent, prefix: str) -> None:
        super().__init__(onnx, np.dtype(np.float32), prefix)
        self.content = content

    def inputs(self, names: list[str]) -> list[Any]:
        """Return an input for each column, also for those that are not used: programs pass the whole table."""
        kinds = [np.dtype(object if is_text(values) else np.float64) for values in self.content.categories]
        info = self.onnx.helper.make_tensor_value_info
        return [info(name, self.element(kind), ["N", 1]) for name, kind in zip(names, kinds, strict=True)]

    def build(self, names: list[str], classes: NDArray[Any] | None) -> None:
        """Add all nodes and outputs."""
        encoder = ColumnNodes(self, self.content, names)
        wide = _core.Columns(self.content.columns, self.content.numbers).width(True)
        inputs: dict[bool, str] = {}
        found = []
        for k, (net, params) in enumerate(self.content.nets):
            bins = net.n_in == wide
            if bins not in inputs:
                inputs[bins] = encoder.inputs(bins=bins)
            a = self.layers(Record(net, params), inputs[bins], f"networks.{k}.")
            found.append(self.cast(a, np.float64))
        if classes is None:
            self.regressor(found)
        else:
            self.classifier(found, classes)

    def mean(self, found: list[str]) -> str:
        """Return the mean of matrices."""
        return self.node("Div", self.node("Sum", *found), self.double(len(found)))

    def classifier(self, found: list[str], classes: NDArray[Any]) -> None:
        """Add the outputs "label" and "probabilities", which `predict` and `predict_proba` return."""
        probabilities = self.mean(found)
        if self.content.nets[0][0].n_out == 1:
            first = self.node("Sub", self.double(1), probabilities)
            probabilities = self.node("Concat", first, probabilities, axis=1)
        index = self.node("ArgMax", probabilities, axis=1, keepdims=0)
        self.output("label", self.node("Gather", self.constant("classes", classes), index), classes.dtype)
        self.output("probabilities", probabilities, np.dtype(np.float64), len(classes))

    def regressor(self, found: list[str]) -> None:
        """Add the output "prediction", which `predict` returns."""
        assert self.content.target is not None
        centre, scale, low, high = map(float, self.content.target)
        limits = self.double(low), self.double(high)
        mean = self.mean([self.node("Clip", one, *limits) for one in found])
        value = self.moved(self.node("Mul", mean, self.double(scale)), self.double(centre))
        n = self.content.nets[0][0].n_out
        self.output("prediction", self.flat(value) if n == 1 else value, np.dtype(np.float64), None if n == 1 else n)
