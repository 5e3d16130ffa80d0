"""The converter for skl2onnx.

It adds the graph of `to_onnx` to the graph of a pipeline or another model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import (
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
    guess_proto_type,
)

from cmlp._export.onnx_write import INPUT_DTYPES, onnx_model
from cmlp._fit.fitted import frozen_copy
from cmlp._model.model import TableModel

_BOTH = [False, True]
# Options of skl2onnx for classifiers. "nocl" (indices instead of labels) is one that ZipMap asks
# for.
_OPTIONS: dict[str, list[Any]] = {
    "zipmap": [*_BOTH, "columns"],
    "output_class_labels": _BOTH,
    "nocl": [False],
}
# The numbers are those of decision_function: meta-estimators set this option where scikit-learn
# calls that method.
_RAW_SCORES = "raw_scores"
_END_OF_INT64 = 2.0**63
# Newer opsets have the same forms of the operators. A file of this one has no functions, which
# skl2onnx cannot add to a graph.
_OPSET = 13


def register(*classes: type) -> None:
    """Register the converter for classes of estimators."""
    for cls in classes:
        options = _OPTIONS if hasattr(cls, "predict_proba") else None
        if hasattr(cls, "decision_function"):
            options = {**_OPTIONS, _RAW_SCORES: _BOTH}
        update_registered_converter(
            cls, f"Cmlp{cls.__name__}", _set_types, _convert, options=options
        )


def _set_types(operator: Any) -> None:
    """Set the types of the outputs.

    Numbers are doubles if an input is, otherwise floats, as skl2onnx has them.
    """
    model = frozen_copy(operator.raw_operator)
    rows = operator.inputs[0].get_first_dimension()
    trained = model._trained()
    doubles = any(isinstance(variable.type, DoubleTensorType) for variable in operator.inputs)
    numbers = DoubleTensorType if doubles else FloatTensorType
    if hasattr(model, "classes_"):
        classes = model.classes_
        if classes.dtype.kind in "fu" and (np.abs(classes) >= _END_OF_INT64).any():
            raise ValueError(
                f"Labels must be text or numbers of 64 bits for skl2onnx, got {classes.tolist()}."
            )
        label = StringTensorType if classes.dtype.kind in "OU" else Int64TensorType
        shape = [rows]
        if trained.class_labels.kind == "multilabel":
            shape.append(len(classes))
        operator.outputs[0].set_type(label(shape))
        operator.outputs[1].set_type(numbers([rows, len(classes)]))
    else:
        operator.outputs[0].set_type(numbers([rows, trained.net.n_out]))


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of an estimator."""
    own = operator.raw_operator
    graph = _Graph(scope, container)
    model = frozen_copy(own)
    trained = model._trained()
    add = _add_table if isinstance(trained, TableModel) else _add_network
    *label, numbers = add(graph, model, operator.inputs)
    if (
        hasattr(own, "decision_function")
        and container.get_options(own, {_RAW_SCORES: False})[_RAW_SCORES]
    ):
        numbers = graph.logits
        # one number for two classes
        if len(model.classes_) == 2 and trained.class_labels.kind != "multilabel":
            numbers = graph.node("Concat", graph.node("Neg", numbers), numbers, axis=1)
    if not label:
        numbers = graph.node("Reshape", numbers, graph.constant([-1, trained.net.n_out]))
    for value, variable in zip([*label, numbers], operator.outputs, strict=True):
        graph.name(graph.cast(value, guess_proto_type(variable.type)), variable.onnx_name)


def _add_network(graph: _Graph, model: Any, inputs: Sequence[Any]) -> list[str]:
    """Add the graph of a network, which reads one matrix; several inputs are its columns."""
    kinds = {guess_proto_type(variable.type) for variable in inputs}
    if TensorProto.STRING in kinds:
        raise ValueError(
            f"The inputs of {type(model).__name__} must be numbers for skl2onnx, got text."
        )
    widths = [variable.get_second_dimension() for variable in inputs]
    if None not in widths:
        _require_columns(model, sum(widths))
    dtype = "float64"
    if len(kinds) == 1:
        dtype = helper.tensor_dtype_to_np_dtype(kinds.pop()).name
    if dtype not in INPUT_DTYPES:
        dtype = "float64"
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    values = [graph.cast(variable.onnx_name, kind) for variable in inputs]
    if len(values) == 1:
        x = values[0]
    else:
        x = graph.node("Concat", *values, axis=1)
    return graph.add(onnx_model(model._trained(), dtype, _OPSET), [x])


def _require_columns(model: Any, found: int) -> None:
    if found != model.n_features_in_:
        raise ValueError(
            f"The inputs of {type(model).__name__} must have {model.n_features_in_} columns, as in "
            f"fit, got {found}."
        )


def _add_table(graph: _Graph, model: Any, inputs: Sequence[Any]) -> list[str]:
    """Add the graph of an estimator for tables, which reads columns.

    An input may be a matrix of several ones.
    """
    proto = onnx_model(model._trained(), opset=_OPSET)
    expected = proto.graph.input
    found: list[tuple[str, int]] = []
    for variable in inputs:
        n_columns = variable.get_second_dimension()
        if not n_columns:
            n_columns = len(expected) if len(inputs) == 1 else 1
        kind = guess_proto_type(variable.type)
        found += [(column, kind) for column in graph.columns(variable.onnx_name, n_columns)]
    _require_columns(model, len(found))
    values = []
    for (column, kind), value in zip(found, expected, strict=True):
        wanted = value.type.tensor_type.elem_type
        if (kind == TensorProto.STRING) != (wanted == TensorProto.STRING):
            needed, given = "numbers", "text"
            if wanted == TensorProto.STRING:
                needed, given = given, needed
            raise ValueError(
                f"The column {value.name!r} of {type(model).__name__} must be {needed}, as in "
                f"fit, got {given}: pass an input of its type for each column to skl2onnx."
            )
        values.append(graph.cast(column, wanted))
    return graph.add(proto, values)


class _Graph:
    """Adds nodes to a graph of skl2onnx.

    `logits` are the weighted sums of the last layer that was added.
    """

    def __init__(self, scope: Any, container: Any) -> None:
        self.scope = scope
        self.container = container
        self.logits = ""

    def add(self, model: Any, inputs: Sequence[str]) -> list[str]:
        """Add a model that reads these values; return the names of its outputs."""
        graph = model.graph
        versions = {entry.domain: entry.version for entry in model.opset_import}
        new = {given.name: name for given, name in zip(graph.input, inputs, strict=True)}
        for tensor in graph.initializer:
            new[tensor.name] = self.constant(tensor)
        for node in graph.node:
            new.update((name, self.scope.get_unique_variable_name(name)) for name in node.output)
            self.container.add_node(
                node.op_type,
                [new[name] for name in node.input],
                [new[name] for name in node.output],
                op_domain=node.domain,
                op_version=versions[node.domain],
                name=self.scope.get_unique_operator_name(node.op_type),
                **{
                    attribute.name: helper.get_attribute_value(attribute)
                    for attribute in node.attribute
                },
            )
            if node.op_type in ("Sigmoid", "Softmax"):
                self.logits = new[node.input[0]]
        return [new[output.name] for output in graph.output]

    def node(self, operator: str, *inputs: str, n_outputs: int = 1, **attributes: Any) -> Any:
        """Add a node; return the name of its output, or a list of several ones."""
        outputs = [self.scope.get_unique_variable_name(operator.lower()) for _ in range(n_outputs)]
        name = self.scope.get_unique_operator_name(operator)
        self.container.add_node(operator, list(inputs), outputs, name=name, **attributes)
        if n_outputs > 1:
            return outputs
        return outputs[0]

    def constant(self, value: Any) -> str:
        """Add a tensor, or a list of integers; return its name."""
        tensor = TensorProto()
        if isinstance(value, list):
            value = numpy_helper.from_array(np.array(value, np.int64))
        tensor.CopyFrom(value)
        tensor.name = self.scope.get_unique_variable_name(tensor.name or "constant")
        self.container.initializers.append(tensor)
        return str(tensor.name)

    def columns(self, matrix: str, n: int) -> list[str]:
        """Split a matrix of n columns."""
        if n == 1:
            return [matrix]
        columns: list[str] = self.node("Split", matrix, self.constant([1] * n), n_outputs=n, axis=1)
        return columns

    def cast(self, value: str, kind: int) -> str:
        """Convert numbers to another type; text stays text."""
        if kind == TensorProto.STRING:
            return value
        return str(self.node("Cast", value, to=kind))

    def name(self, value: str, name: str) -> None:
        """Give a value a certain name."""
        self.container.add_node(
            "Identity", [value], [name], name=self.scope.get_unique_operator_name("Identity")
        )
