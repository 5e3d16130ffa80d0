"""Write a model as an ONNX file.

It has the rows or the encoder of the columns, all networks, and their outputs.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from cmlp._bridge import _core
from cmlp._data.array_types import AnyArray, FloatType, NDArray
from cmlp._data.column_entries import CATEGORY
from cmlp._data.disk import write_atomically
from cmlp._data.json_texts import as_json, dump_names
from cmlp._data.scale import InputScale, too_coarse
from cmlp._export.licence import GENERATED
from cmlp._export.onnx_nodes import DEFAULT_OPSET, ML_DOMAIN, Nodes, require_opset
from cmlp._model.formats import require, scale_in
from cmlp._model.model import NetworkModel, TableModel, TrainedModel
from cmlp._model.table_columns import PARTS, Statistics, TableColumn
from cmlp.exceptions import InvalidParameterError, optional


def require_unicode(text: str, what: str) -> bytes:
    """Return a text in UTF-8; raises ValueError if it is not valid Unicode."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ValueError(
            f"the {what} {text!r} is not valid Unicode, so ONNX cannot contain it"
        ) from None


# ------------------------------------------------------------- the encoder of a table as ONNX nodes


_LARGEST = 1e9  # of a centred and scaled number
_MISSING_TEXT = ""  # the missing value in a column of text: ONNX has no other one
_OTHER = -1


def input_names(model: TrainedModel, outputs: Sequence[str]) -> list[str]:
    """Return the name of each column's input, in the order of the columns.

    It is the column's name, or "column_0" and so on if the columns have no names. A name that is
    empty, that of an output or that of an earlier column is changed.
    """
    n = model.n_inputs
    names = model.feature_names
    if names is None:
        wanted = [""] * n
    else:
        wanted = [str(name) for name in names]
    for name in wanted:
        require_unicode(name, "column name")
    taken = {*wanted, *outputs}
    used = {*outputs}
    found = []
    for i, name in enumerate(wanted):
        unique = name or f"column_{i}"
        if unique != name or unique in used:
            while unique in taken:
                unique += "_"
        taken.add(unique)
        used.add(unique)
        found.append(unique)
    return found


def is_text(categories: Sequence[object] | None) -> bool:
    """Return whether the input of a column is text; that of all other columns is a double."""
    if categories is None:
        return False
    return all(value is None or isinstance(value, str) for value in categories)


class ColumnNodes:
    """The nodes of the encoder; `names` are those of each column's input."""

    def __init__(self, nodes: Nodes, model: TableModel, names: Sequence[str]) -> None:
        self.nodes = nodes
        self.model = model
        self.names = names
        self.columns = model.columns
        self.features: list[str] = []  # float32 matrices side by side
        self.positions: list[list[int]] = [[] for _ in names]  # of each column's features
        self.bins: set[int] = set()  # positions of features that networks without bins do not see
        self.n_features = 0
        numbers = {i: column for i, column in enumerate(self.columns) if column.is_number}
        if numbers:
            self._encode_numbers(list(numbers), list(numbers.values()))
        categories = {i: column for i, column in enumerate(self.columns) if column.is_category}
        sizes = {i: column.n for i, column in categories.items() if column.statistics is None}
        self._encode_categories([i for i, n in sizes.items() if n != 2])
        self._encode_pairs([i for i, n in sizes.items() if n == 2])
        for i, column in categories.items():
            if column.statistics is not None:
                self._encode_statistics(i, column.statistics)
        if self.features:
            self.all = nodes.node("Concat", *self.features, axis=1)
        else:
            self.all = self._zero()

    def inputs(self, *, bins: bool) -> str:
        """Add the selection of the inputs with or without bins; return its name.

        The inputs are in the order of the encoder.
        """
        order = [k for positions in self.positions for k in positions if bins or k not in self.bins]
        return self._chosen(self.all, order or [0])

    def _zero(self) -> str:
        """Return a column of zeros: the single input if no column is used."""
        zero = self.nodes.onnx.numpy_helper.from_array(np.zeros(1, np.float32))
        return self.nodes.node(
            "ConstantOfShape", self.nodes.node("Shape", self.names[0]), value=zero
        )

    # Numbers

    def _encode_numbers(self, owners: Sequence[int], numbers: Sequence[TableColumn]) -> None:
        nodes = self.nodes
        x = nodes.node("Concat", *map(self._rank, owners), axis=1)
        absent = nodes.node("IsNaN", x)
        centres = np.array([c.centre for c in numbers])
        present = nodes.node("Where", absent, self._constant("centres", centres), x)
        scales = self._constant("scales", [c.scale for c in numbers])
        z = nodes.node(
            "Div", nodes.moved(present, self._constant("centres.negative", -centres)), scales
        )
        z = nodes.node("Clip", z, nodes.double(-_LARGEST), nodes.double(_LARGEST))
        third = nodes.node("Div", z, nodes.double(3.0))
        square = nodes.node("Add", nodes.double(1.0), nodes.node("Mul", third, third))
        self._add(nodes.node("Div", z, nodes.node("Sqrt", square)), owners)
        self._encode_bins(owners, [c.edges for c in numbers], x, absent)
        flagged = [k for k, c in enumerate(numbers) if c.missing]
        if flagged:
            self._add(self._chosen(absent, flagged), [owners[k] for k in flagged])
        for name in PARTS:
            parts = {
                k: part.edges
                for k, c in enumerate(numbers)
                for part in c.parts
                if part.name == name
            }
            if parts:
                which = list(parts)
                columns = self._chosen(x, which), self._chosen(absent, which)
                self._encode_parts(name, [owners[k] for k in which], list(parts.values()), *columns)

    def _rank(self, i: int) -> str:
        """Return the values of a column of numbers, or the ranks of ordered categories.

        The rank of an unknown category is NaN.
        """
        known = self._categories(i)
        nodes = self.nodes
        if not known:
            return self._without_codes(i, self.columns[i].missing_numbers.tolist())
        if is_text(known):
            code = self._value(i)
        else:
            equal = nodes.node("Equal", self.names[i], self._constant(f"levels.{i}", self._keys(i)))
            ranks = self._constant(f"ranks.{i}", np.arange(1.0, len(known) + 1)[:, None])
            code = nodes.node(
                "Sub", nodes.node("MatMul", nodes.cast(equal, np.float64), ranks), nodes.double(1.0)
            )
        is_unknown = nodes.node("Less", code, nodes.double(0.0))
        return nodes.node("Where", is_unknown, self._constant(f"unknown.{i}", [np.nan]), code)

    def _encode_parts(
        self,
        name: str,
        owners: Sequence[int],
        edges: Sequence[NDArray[np.float64]],
        x: str,
        absent: str,
    ) -> None:
        """Add the inputs of a part of dates: two waves over its period, and bins."""
        nodes = self.nodes
        period, first = map(nodes.double, PARTS[name])
        if name != "day":
            x = nodes.node("Floor", x)
        since = nodes.node("Sub", x, first)
        begun = nodes.node("Mul", nodes.node("Floor", nodes.node("Div", since, period)), period)
        days = nodes.node("Sub", since, begun)
        phase = nodes.node(
            "Clip", nodes.node("Div", days, period), nodes.double(0.0), nodes.double(1.0)
        )
        later = nodes.node("Add", phase, nodes.double(0.25))
        before = nodes.node("Sub", phase, nodes.double(0.75))
        ahead = nodes.node("Where", nodes.node("Less", phase, nodes.double(0.75)), later, before)
        for each in (phase, ahead):
            u = nodes.node("Sub", nodes.node("Mul", nodes.double(2.0), each), nodes.double(1.0))
            height = nodes.node("Sub", nodes.node("Abs", u), nodes.double(1.0))
            wave = nodes.node("Mul", nodes.node("Mul", nodes.double(4.0), u), height)
            self._add(nodes.node("Where", absent, nodes.double(0.0), wave), owners)
        self._encode_bins(owners, edges, days, absent, f"{name}.")

    def _encode_bins(
        self,
        owners: Sequence[int],
        edges: Sequence[NDArray[np.float64]],
        x: str,
        absent: str,
        prefix: str = "",
    ) -> None:
        """Add the place of each number, or of the day of a part of a date, in each of its bins."""
        which = [k for k, each in enumerate(edges) for _ in each[1:]]
        if not which:
            return
        nodes = self.nodes
        low = np.concatenate([each[:-1] for each in edges])
        high = np.concatenate([each[1:] for each in edges])
        above = nodes.moved(self._chosen(x, which), self._constant(f"{prefix}edges.negative", -low))
        part = nodes.node("Div", above, self._constant(f"{prefix}widths", high - low))
        part = nodes.node("Clip", part, nodes.double(0.0), nodes.double(1.0))
        part = nodes.node("Sub", part, nodes.double(0.5))
        part = nodes.node("Where", self._chosen(absent, which), nodes.double(0.0), part)
        self.bins |= set(range(self.n_features, self.n_features + len(which)))
        self._add(part, [owners[k] for k in which])

    # Categories

    def _encode_categories(self, columns: Sequence[int]) -> None:
        """Add an input for each category of these columns."""
        if columns:
            owners = [i for i in columns for _ in self._categories(i)]
            keys = [key for i in columns for key in self._keys(i)]
            self._add(self._equal(columns, owners, keys, "categories"), owners)

    def _encode_pairs(self, columns: Sequence[int]) -> None:
        """Add an input for each of these columns.

        It is 1 for the first category and -1 for the second one.
        """
        if columns:
            first, second = zip(*map(self._keys, columns), strict=True)
            parts = (
                self._equal(columns, columns, keys, name)
                for keys, name in ((first, "first"), (second, "second"))
            )
            self._add(
                self.nodes.node("Sub", *(self.nodes.cast(part, np.float32) for part in parts)),
                columns,
            )

    def _encode_statistics(self, i: int, statistics: Statistics) -> None:
        """Add the inputs of a column with statistics: those of its first categories, then the statistics."""
        keys = self._keys(i)
        nodes, name, (table, n_one_hot, _) = self.nodes, f"statistics.{i}", statistics
        if is_text(self._categories(i)):
            code = self._value(i)
            if n_one_hot:
                first = self._constant(f"{name}.codes", keys[:n_one_hot])
                self._add(nodes.node("Equal", code, first), [i] * n_one_hot)
            # The last row is that of other categories.
            rows = np.concatenate([table, np.zeros((1, table.shape[1]), np.float32)])
            is_other = nodes.node("Less", code, nodes.double(0.0))
            code = nodes.node("Where", is_other, nodes.double(float(len(table))), code)
            found = nodes.node(
                "Gather", nodes.constant(name, rows), nodes.cast(code, np.int64), axis=0
            )
            shape = nodes.constant(f"{name}.shape", np.array([-1, table.shape[1]], np.int64))
            found = nodes.node("Reshape", found, shape)
        else:
            # At most one category is equal, so that the products are exact.
            each = self._equal([i], [i] * len(keys), keys, f"{name}.keys")
            if n_one_hot:
                self._add(self._chosen(each, range(n_one_hot)), [i] * n_one_hot)
            found = nodes.node("MatMul", nodes.cast(each, np.float32), nodes.constant(name, table))
        self._add(found, [i] * table.shape[1])

    def _equal(
        self, columns: Sequence[int], owners: Sequence[int], keys: Sequence[float], name: str
    ) -> str:
        """Return whether the value of each owner, one of `columns`, is the key.

        The key NaN is the missing value.
        """
        nodes = self.nodes
        values = nodes.node("Concat", *map(self._value, columns), axis=1)
        place = {i: k for k, i in enumerate(columns)}
        chosen = self._chosen(values, [place[i] for i in owners])
        equal = nodes.node("Equal", chosen, self._constant(name, keys))
        missing = np.isnan(keys)
        if missing.any():
            absent = nodes.node(
                "And", nodes.node("IsNaN", chosen), nodes.constant(f"{name}.missing", missing)
            )
            equal = nodes.node("Or", equal, absent)
        return equal

    def _value(self, i: int) -> str:
        """Return the values of a column of categories as doubles: numbers, or the codes of text."""
        codes = self.columns[i].missing_values
        if not is_text(self._categories(i)):
            return self._without_codes(
                i, [float(one) for one in codes if isinstance(one, (int, float))]
            )
        texts = [str(_MISSING_TEXT if value is None else value) for value in self._categories(i)]
        if len(set(texts)) != len(texts):
            raise ValueError(
                f"{self._label(i)} has missing values and the category '', which are the same "
                "text in ONNX: replace one of them by other text before fit"
            )
        indices = {text: k for k, text in enumerate(texts)}
        missing = indices.get(_MISSING_TEXT, _OTHER)
        if self.columns[i].is_category:
            of_codes = dict.fromkeys((one for one in codes if isinstance(one, str)), missing)
            indices = of_codes | indices
        code = self.nodes.node(
            "LabelEncoder",
            self.names[i],
            domain=ML_DOMAIN,
            keys_strings=[
                require_unicode(text, f"category of {self._label(i)}") for text in indices
            ],
            values_int64s=[*indices.values()],
            default_int64=_OTHER,
        )
        return self.nodes.cast(code, np.float64)

    def _without_codes(self, i: int, codes: Sequence[float]) -> str:
        """Return the values of a column of doubles, NaN for those that mean a missing value."""
        nodes = self.nodes
        if not codes:
            return self.names[i]
        equal = nodes.node("Equal", self.names[i], self._constant(f"codes.{i}", codes))
        # At most one code is equal.
        ones = self._constant(f"codes.{i}.ones", np.ones((len(codes), 1)))
        n_equal = nodes.node("MatMul", nodes.cast(equal, np.float64), ones)
        is_code = nodes.node("Less", nodes.double(0.0), n_equal)
        missing = self._constant(f"codes.{i}.missing", [np.nan])
        return nodes.node("Where", is_code, missing, self.names[i])

    def _keys(self, i: int) -> list[float]:
        """Return what `_value` is for each category."""
        values = self._categories(i)
        if is_text(values):
            return [float(code) for code in range(len(values))]
        return [math.nan if value is None else self._number(value, i) for value in values]

    def _number(self, value: Any, i: int) -> float:
        """Return a category as a double.

        Raises ValueError if it is text or not exactly a double.
        """
        if isinstance(value, str):
            raise ValueError(
                f"{self._label(i)} has categories of text and of numbers, but a column has one "
                "type in ONNX: convert the column to text before fit"
            )
        try:
            number = float(value)
        except (TypeError, OverflowError):
            number = math.nan
        if not math.isfinite(number) or number != value:
            why = "which is not a finite number in double precision"
            if isinstance(value, int):
                why = "but ONNX's doubles cannot tell integers beyond 2^53 apart"
            raise ValueError(
                f"{self._label(i)} has the category {value!r}, {why}: convert the column to text "
                "before fit"
            )
        return number

    def _categories(self, i: int) -> Sequence[object]:
        return self.columns[i].categories or ()

    def _label(self, i: int) -> str:
        names = self.model.feature_names
        if names is None:
            return f"column {i}"
        return f"column {str(names[i])!r}"

    # Parts

    def _add(self, feature: str, owners: Sequence[int]) -> None:
        """Add a matrix with a feature of each owner."""
        self.features.append(self.nodes.cast(feature, np.float32))
        for i in owners:
            self.positions[i].append(self.n_features)
            self.n_features += 1

    def _chosen(self, matrix: str, indices: Sequence[int]) -> str:
        """Return columns of a matrix."""
        name = f"columns_{len(self.nodes.constants)}"
        return self.nodes.node(
            "Gather", matrix, self.nodes.constant(name, np.array(indices, np.int64)), axis=1
        )

    def _constant(self, name: str, values: Sequence[float] | NDArray[np.float64]) -> str:
        return self.nodes.constant(name, np.asarray(values, np.float64))


# -------------------------------------------------------------------- write a model as an ONNX file


NEEDS = " needs the package onnx: install it with `pip install 'cmlp[onnx]'`."
INPUT_DTYPES = ("float32", "float64", "uint8")
# The key of the licence of what cmlp adds. ONNX's own "model_license" would be that of the model, which is the user's.
LICENCE_KEY = "cmlp.license"
# Keys of the metadata that `from_onnx` reads.
CLASS_KEY = "cmlp.class"
LOSS_KEY = "cmlp.loss"
NAMES_KEY = "cmlp.feature_names"
_LARGEST_FILE = 2**31 - 1  # Protocol Buffers cannot write more
_SPARE = 2**16  # bytes for everything except weights, biases and classes
_ENTRY_BYTES = 64  # of an edge, a category or a column, without its text


def write_onnx(
    model: TrainedModel, path: str | os.PathLike[str], input_dtype: str | None, opset: int
) -> None:
    """Write an ONNX file; see `Network.to_onnx`."""
    content = onnx_model(model, input_dtype, opset).SerializeToString(deterministic=True)
    write_atomically(path, lambda write: write(memoryview(content)))


def onnx_model(
    model: TrainedModel, input_dtype: str | None = None, opset: int = DEFAULT_OPSET
) -> Any:
    """Return the content of the file as an ``onnx.ModelProto``."""
    onnx = optional("onnx", f"to_onnx{NEEDS}")
    require(model, "to_onnx")
    opset = require_opset(onnx, opset)
    if input_dtype not in (None, *INPUT_DTYPES):
        raise ValueError(
            f"input_dtype must be one of {', '.join(map(repr, INPUT_DTYPES))} or None, got "
            f"{input_dtype!r}"
        )
    if input_dtype is not None and isinstance(model, TableModel):
        raise ValueError(
            "input_dtype must be None for a table, whose columns are doubles and text, got "
            f"{input_dtype!r}"
        )
    if model.labels is None:
        classes = None
    else:
        classes = _convert_labels(model.labels.classes)
    size = _estimate_size(model)
    if classes is not None:
        if classes.dtype.kind in "OU":
            size += sum(len(label.encode()) + 8 for label in classes.tolist())
        else:
            size += classes.nbytes
    if size + _SPARE > _LARGEST_FILE:
        raise ValueError(
            f"an ONNX file can have at most {_LARGEST_FILE} bytes, but this model needs {size}"
        )
    writer: _Writer
    if isinstance(model, TableModel):
        writer = _TableWriter(onnx, model, opset)
    else:
        writer = _RowWriter(onnx, model, input_dtype, opset)
    if classes is not None:
        writer.classifier(classes)
    else:
        writer.numbers()
    return writer.model(writer.inputs, _build_metadata(model))


def _build_metadata(model: TrainedModel) -> dict[str, str]:
    """Return what the graph does not show."""
    net = model.net
    names = model.feature_names
    strings = {LICENCE_KEY: GENERATED, CLASS_KEY: model.class_name}
    # A function cannot be stored, and predictions do not need it. `from_onnx` reads no tables.
    if isinstance(net.loss, str) and not isinstance(model, TableModel):
        parameter = None
        if _core.LOSSES[net.loss].parameter:
            parameter = net.loss_parameter
        strings[LOSS_KEY] = as_json([net.loss, parameter])
    if names is None:
        return strings
    return {**strings, NAMES_KEY: dump_names(names)}


def _estimate_size(model: TrainedModel) -> int:
    """Return about the bytes of all constants but the classes."""
    size = sum(params.nbytes for _, params in model.networks)
    if isinstance(model, TableModel):
        texts = [value for values in model.columns.categories for value in values or ()]
        entries = len(model.columns) + len(model.columns.numbers) + len(texts)
        size += _ENTRY_BYTES * entries + model.columns.statistics.nbytes
        size += 4 * sum(len(text) for text in texts if isinstance(text, str))
    return size


def _convert_labels(classes: AnyArray) -> AnyArray:
    """Return class labels in a dtype that ONNX has.

    Raises TypeError or ValueError for other labels.
    """
    letter = classes.dtype.kind
    if letter in "OU":
        for label in classes.tolist():
            require_unicode(label, "label")
        return classes
    if letter in "iu":
        if letter == "u" and len(classes) and int(classes.max()) >= 2**63:
            raise ValueError(
                f"the label {classes.max()} does not fit in int64, so ONNX cannot contain it"
            )
        return classes.astype(np.int64)
    if letter == "b" or classes.dtype in (np.float32, np.float64):
        return classes
    raise InvalidParameterError(
        f"labels of dtype {classes.dtype} cannot be written to ONNX: fit on integers, booleans, "
        "float64 or text"
    )


def _require_fine_inputs(scale: InputScale) -> None:
    """Raise ValueError if float32 is too coarse for a factor near a shift.

    Inputs near the shift are then too far from each other.
    """
    coarse = too_coarse(scale.shift, 1 / np.abs(scale.factor), np.float32)
    if coarse.any():
        column = int(coarse.argmax())
        raise ValueError(
            f"inputs of float32 cannot hold the values of column {column}, which are near "
            f"{scale.shift[column]:.6g} and have a spread of {1 / abs(scale.factor[column]):.3g}: "
            "pass input_dtype='float64'"
        )


class _Writer(Nodes):
    """The graph of a model.

    The two kinds differ in what comes before the networks, and in the type of the outputs.
    """

    trained: TrainedModel
    inputs: list[Any]  # of the graph
    a: str  # the outputs of the network, or of all networks as a mean
    output_dtype: FloatType

    def input(self, name: str, dtype: np.dtype[np.generic], n_columns: int) -> Any:
        """Return an input of the graph."""
        return self.onnx.helper.make_tensor_value_info(name, self.element(dtype), ["N", n_columns])

    def numbers(self) -> None:
        """Add the output of a network, or "prediction", which `predict` of a regressor returns."""
        n = self.trained.net.n_out
        if self.trained.kind == "network":
            self.output("output", self.a, self.output_dtype, n)
        elif n == 1:
            self.output("prediction", self.flat(self.a), self.output_dtype)
        else:
            self.output("prediction", self.a, self.output_dtype, n)

    def classifier(self, classes: AnyArray) -> None:
        """Add the outputs "label" and "probabilities".

        For multilabel targets, the labels are a 0/1 matrix.
        """
        assert self.trained.labels is not None
        if self.trained.labels.kind == "multilabel":
            if self.output_dtype == self.dtype:
                half = self.number(0.5)
            else:
                half = self.double(0.5)
            above = self.node("Greater", self.a, half)
            self.output("label", self.cast(above, np.int64), np.dtype(np.int64), len(classes))
            self.output("probabilities", self.a, self.output_dtype, len(classes))
            return
        index, probabilities = self.answer(len(classes))
        label = self.node("Gather", self.constant("classes", classes), index)
        self.output("label", label, classes.dtype)
        self.output("probabilities", probabilities, self.output_dtype, self.trained.combination.n)

    def answer(self, n_classes: int) -> tuple[str, str]:
        """Add the index of the predicted class, and the probabilities."""
        raise NotImplementedError


class _RowWriter(_Writer):
    """The graph of one network, whose rows are one input X."""

    trained: NetworkModel

    def __init__(
        self, onnx: ModuleType, model: NetworkModel, input_dtype: str | None, opset: int
    ) -> None:
        super().__init__(onnx, model.net.dtype, opset)
        self.trained = model
        self.output_dtype = self.dtype
        input_dtype = input_dtype or self.dtype.name
        self.a = self.layers(model.first, self._scaled(input_dtype))
        self.inputs = [self.input("X", np.dtype(input_dtype), model.n_inputs)]

    def _scaled(self, input_dtype: str) -> str:
        """Add the input scale; return the name of the inputs of the first layer."""
        a = "X"
        scale = self.trained.input_scale
        wide = self.dtype
        if isinstance(scale, tuple) or input_dtype == "float64":
            wide = np.dtype(np.float64)  # then the layers get the bits that they get in Python
        if input_dtype != wide.name:
            a = self.node("Cast", a, to=self.element(wide))
        if isinstance(scale, tuple):
            if input_dtype == "float32":
                _require_fine_inputs(scale)
            a = self.node("Sub", a, self.constant("input.shift", scale.shift))
            a = self.node("Mul", a, self.constant("input.factor", scale.factor))
        elif scale != 1:
            factor = np.asarray(scale_in(wide, scale, "ONNX"))
            a = self.node("Mul", a, self.constant("input_scale", factor))
        if wide == self.dtype:
            return a
        return self.node("Cast", a, to=self.element(self.dtype))

    def answer(self, n_classes: int) -> tuple[str, str]:
        """Add the index of the most probable class, and the probabilities."""
        a = self.a
        rule = self.trained.combination.rule
        if rule == "binary":
            # No probability is above 2: a single class is always the answer.
            threshold = 0.5 if n_classes == 2 else 2
            above = self.node("Greater", self.flat(a), self.number(threshold))
            index = self.cast(above, np.int64)
            return index, self.node("Concat", self.node("Sub", self.number(1), a), a, axis=1)
        index = self.node("ArgMax", a, axis=1, keepdims=0)
        if rule == "normalized":
            return index, self._normalized(a)
        return index, a

    def _normalized(self, a: str) -> str:
        """Divide each row by its sum; equal probabilities if all outputs of a row are 0."""
        axes = self.constant("axes", np.array([1], np.int64))
        total = self.node("ReduceSum", a, axes, keepdims=1)
        is_zero = self.node("Equal", total, self.number(0))
        numerator = self.node("Where", is_zero, self.number(1), a)
        n_outputs = self.number(self.trained.net.n_out)
        denominator = self.node("Where", is_zero, n_outputs, total)
        return self.node("Div", numerator, denominator)


class _TableWriter(_Writer):
    """The graph of several networks behind an encoder, with an input for each column."""

    trained: TableModel

    def __init__(self, onnx: ModuleType, model: TableModel, opset: int) -> None:
        outputs = ["prediction"]
        if model.labels is not None:
            outputs = ["label", "probabilities"]
        names = input_names(model, outputs)
        prefix = "cmlp."
        while any(name.startswith(prefix) for name in names):  # the names of a graph must differ
            prefix += "_"
        super().__init__(onnx, np.dtype(np.float32), opset, prefix)
        self.trained = model
        self.output_dtype = np.dtype(np.float64)
        # Also for columns that are not used: programs pass the whole table.
        self.inputs = []
        for name, column in zip(names, model.columns, strict=True):
            is_unlisted = column.type == CATEGORY and column.categories is None
            dtype = object if is_unlisted or is_text(column.categories) else np.float64
            self.inputs.append(self.input(name, np.dtype(dtype), 1))
            self.inputs[-1].doc_string = column.meaning
        encoder = ColumnNodes(self, model, names)
        encoded: dict[int, str] = {}
        found = []
        for k, trained in enumerate(model.networks):
            n_in = trained.net.n_in
            if n_in not in encoded:
                encoded[n_in] = encoder.inputs(bins=model.columns.has_bins(trained.net))
            outputs_of_network = self.layers(trained, encoded[n_in], f"networks.{k}.")
            found.append(self.cast(outputs_of_network, np.float64))
        self.a = self._mean(found)

    def _mean(self, found: list[str]) -> str:
        """Add the mean of the networks' outputs.

        They are probabilities, or numbers within the range of the targets.
        """
        if self.trained.answer_scale is None:
            mean = self.node("Div", self.node("Sum", *found), self.double(len(found)))
            if self.trained.combination.rule == "normalized":
                return self._normalized(mean)
            return mean
        numbers = self.trained.answer_scale._asdict()
        several = len(self.trained.answer_scale.centre) > 1

        def add_number(name: str) -> str:
            values = numbers[name]
            if several:
                return self.constant(f"target.{name}", np.array(values))
            return self.double(values[0])

        def limit(value: str) -> str:
            if several:
                return self.node("Min", self.node("Max", value, low), high)
            return self.node("Clip", value, low, high)

        low = add_number("low")
        high = add_number("high")
        limited = [limit(value) for value in found]
        mean = self.node("Div", self.node("Sum", *limited), self.double(len(found)))
        return self.moved(self.node("Mul", mean, add_number("scale")), add_number("centre"))

    def _normalized(self, mean: str) -> str:
        """Divide each row by its sum.

        The sum is added from left to right, unlike that of ReduceSum.
        """
        sums = self.node("CumSum", mean, self.constant("axis", np.array(1, np.int64)))
        last = self.constant("last", np.array([self.trained.net.n_out - 1], np.int64))
        return self.node("Div", mean, self.node("Gather", sums, last, axis=1))

    def _ordered(self, n_classes: int) -> tuple[str, str]:
        """Add the median of ordered classes, and their probabilities.

        Each output is the probability of the classes above one of them.
        """
        above = ""
        parts = []
        before = self.double(1)
        for k in range(n_classes - 1):
            column = self.constant(f"column_{k}", np.array([k], np.int64))
            above = self.node("Gather", self.a, column, axis=1)
            if k:
                above = self.node("Min", above, before)
            parts.append(self.node("Sub", before, above))
            before = above
        probabilities = self.node("Concat", *parts, above, axis=1)
        axis = self.constant("axis", np.array(1, np.int64))
        sums = self.node("CumSum", probabilities, axis, reverse=1)
        has_half = self.cast(self.node("Greater", sums, self.double(0.5)), np.int64)
        axes = self.constant("axes", np.array([1], np.int64))
        count = self.node("ReduceSum", has_half, axes, keepdims=0)
        return self.node("Sub", count, self.constant("one", np.array(1, np.int64))), probabilities

    def answer(self, n_classes: int) -> tuple[str, str]:
        """Add the index of the predicted class, and the probabilities."""
        probabilities = self.a
        if self.trained.combination.rule == "binary":
            first = self.node("Sub", self.double(1), probabilities)
            probabilities = self.node("Concat", first, probabilities, axis=1)
        if self.trained.combination.rule == "cumulative":
            return self._ordered(n_classes)
        if self.trained.threshold is not None:
            threshold = self.double(self.trained.threshold)
            second = self.node("GreaterOrEqual", self.flat(self.a), threshold)
            return self.cast(second, np.int64), probabilities
        return self.node("ArgMax", probabilities, axis=1, keepdims=0), probabilities
