"""The encoder of a table as ONNX nodes: an input of the graph for each column, and the inputs of the networks.

docs/arithmetic.md ("Columns of a table") defines the encoding; the nodes compute it in double, with the same roundings.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._export.onnx_nodes import ML_DOMAIN, require_unicode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmlp._export.onnx_nodes import Nodes
    from cmlp._model.encoder import EncodedColumn
    from cmlp._model.model import TrainedModel

_LARGEST = 1e9  # of a centred and scaled number
_MISSING_TEXT = ""  # the missing value in a column of text: ONNX has no other one
_OTHER = -1


def input_names(model: TrainedModel, outputs: Sequence[str]) -> list[str]:
    """Return the name of each column's input, in the order of the columns.

    It is the column's name, or "column_0" and so on if the columns have no names. A name that is empty, that of an
    output or that of an earlier column is changed.
    """
    n, names = model.n_inputs, model.feature_names
    wanted = [""] * n if names is None else [str(name) for name in names]
    for name in wanted:
        require_unicode(name, "column name")
    taken, used = {*wanted, *outputs}, {*outputs}
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
    return categories is not None and not any(value is not None and not isinstance(value, str) for value in categories)


class ColumnNodes:
    """The nodes of the encoder; `names` are those of each column's input."""

    def __init__(self, nodes: Nodes, model: TrainedModel, names: Sequence[str]) -> None:
        assert model.encoder is not None
        self.nodes, self.model, self.names, self.columns = nodes, model, names, list(model.encoder)
        self.features: list[str] = []  # float32 matrices side by side
        self.positions: list[list[int]] = [[] for _ in names]  # of each column's features
        self.bins: set[int] = set()  # positions of features that networks without bins do not see
        self.n_features = 0
        numbers = {i: column for i, column in enumerate(self.columns) if column.kind == "number"}
        if numbers:
            self._encode_numbers(list(numbers), list(numbers.values()))
        sizes = {i: column.n for i, column in enumerate(self.columns) if column.kind == "category"}
        self._encode_categories([i for i, n in sizes.items() if n != 2])
        self._encode_pairs([i for i, n in sizes.items() if n == 2])
        self.all = nodes.node("Concat", *self.features, axis=1) if self.features else self._zero()

    def inputs(self, *, bins: bool) -> str:
        """Add the selection of the inputs with or without bins, in the order of the encoder; return its name."""
        order = [k for positions in self.positions for k in positions if bins or k not in self.bins]
        return self._chosen(self.all, order or [0])

    def _zero(self) -> str:
        """Return a column of zeros: the single input if no column is used."""
        zero = self.nodes.onnx.numpy_helper.from_array(np.zeros(1, np.float32))
        return self.nodes.node("ConstantOfShape", self.nodes.node("Shape", self.names[0]), value=zero)

    # Numbers

    def _encode_numbers(self, owners: Sequence[int], numbers: Sequence[EncodedColumn]) -> None:
        nodes = self.nodes
        x = nodes.node("Concat", *(self.names[i] for i in owners), axis=1)
        absent = nodes.node("IsNaN", x)
        centres = np.array([c.centre for c in numbers])
        present = nodes.node("Where", absent, self._constant("centres", centres), x)
        scales = self._constant("scales", [c.scale for c in numbers])
        z = nodes.node("Div", nodes.moved(present, self._constant("centres.negative", -centres)), scales)
        z = nodes.node("Clip", z, nodes.double(-_LARGEST), nodes.double(_LARGEST))
        third = nodes.node("Div", z, nodes.double(3.0))
        square = nodes.node("Add", nodes.double(1.0), nodes.node("Mul", third, third))
        self._add(nodes.node("Div", z, nodes.node("Sqrt", square)), owners)
        self._encode_bins(owners, numbers, x, absent)
        flagged = [k for k, c in enumerate(numbers) if c.missing]
        if flagged:
            self._add(self._chosen(absent, flagged), [owners[k] for k in flagged])

    def _encode_bins(self, owners: Sequence[int], numbers: Sequence[EncodedColumn], x: str, absent: str) -> None:
        """Add the place of each number in each of its bins."""
        which = [k for k, c in enumerate(numbers) for _ in c.edges[1:]]
        if not which:
            return
        nodes = self.nodes
        low = np.concatenate([c.edges[:-1] for c in numbers])
        high = np.concatenate([c.edges[1:] for c in numbers])
        above = nodes.moved(self._chosen(x, which), self._constant("edges.negative", -low))
        part = nodes.node("Div", above, self._constant("widths", high - low))
        part = nodes.node("Clip", part, nodes.double(0.0), nodes.double(1.0))
        part = nodes.node("Sub", part, nodes.double(0.5))
        part = nodes.node("Where", self._chosen(absent, which), nodes.double(0.0), part)
        self.bins = set(range(self.n_features, self.n_features + len(which)))
        self._add(part, [owners[k] for k in which])

    # Categories

    def _encode_categories(self, columns: Sequence[int]) -> None:
        """Add an input for each category of these columns."""
        if columns:
            owners = [i for i in columns for _ in self._categories(i)]
            keys = [key for i in columns for key in self._keys(i)]
            self._add(self._equal(columns, owners, keys, "categories"), owners)

    def _encode_pairs(self, columns: Sequence[int]) -> None:
        """Add an input for each of these columns: 1 for its first category and -1 for its second one."""
        if columns:
            first, second = zip(*map(self._keys, columns), strict=True)
            parts = (self._equal(columns, columns, keys, name) for keys, name in ((first, "first"), (second, "second")))
            self._add(self.nodes.node("Sub", *(self.nodes.cast(part, np.float32) for part in parts)), columns)

    def _equal(self, columns: Sequence[int], owners: Sequence[int], keys: Sequence[float], name: str) -> str:
        """Return whether the value of each owner, one of `columns`, is the key; the key NaN is the missing value."""
        nodes = self.nodes
        values = nodes.node("Concat", *map(self._value, columns), axis=1)
        place = {i: k for k, i in enumerate(columns)}
        chosen = self._chosen(values, [place[i] for i in owners])
        equal = nodes.node("Equal", chosen, self._constant(name, keys))
        missing = np.isnan(keys)
        if missing.any():
            absent = nodes.node("And", nodes.node("IsNaN", chosen), nodes.constant(f"{name}.missing", missing))
            equal = nodes.node("Or", equal, absent)
        return equal

    def _value(self, i: int) -> str:
        """Return the values of a column of categories as doubles: numbers, or the codes of text."""
        if not is_text(self._categories(i)):
            return self.names[i]
        texts = [_MISSING_TEXT if value is None else str(value) for value in self._categories(i)]
        if len(set(texts)) != len(texts):
            raise ValueError(
                f"{self._label(i)} has missing values and the category '', which are the same text in ONNX: replace "
                "one of them by other text before fit"
            )
        code = self.nodes.node(
            "LabelEncoder",
            self.names[i],
            domain=ML_DOMAIN,
            keys_strings=[require_unicode(text, f"category of {self._label(i)}") for text in texts],
            values_int64s=[*range(len(texts))],
            default_int64=_OTHER,
        )
        return self.nodes.cast(code, np.float64)

    def _keys(self, i: int) -> list[float]:
        """Return what `_value` is for each category."""
        values = self._categories(i)
        if is_text(values):
            return [float(code) for code in range(len(values))]
        return [math.nan if value is None else self._number(value, i) for value in values]

    def _number(self, value: Any, i: int) -> float:
        """Return a category as a double; raises ValueError if it is text or not exactly a double."""
        if isinstance(value, str):
            raise ValueError(
                f"{self._label(i)} has categories of text and of numbers, but a column has one type in ONNX: convert "
                "the column to text before fit"
            )
        try:
            number = float(value)
        except (TypeError, OverflowError):
            number = math.nan
        if not math.isfinite(number) or number != value:
            raise ValueError(
                f"{self._label(i)} has the category {value!r}, which is not a finite number in double precision: "
                "convert the column to text before fit"
            )
        return number

    def _categories(self, i: int) -> Sequence[object]:
        return self.columns[i].categories or ()

    def _label(self, i: int) -> str:
        names = self.model.feature_names
        return f"column {i if names is None else repr(str(names[i]))}"

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
        return self.nodes.node("Gather", matrix, self.nodes.constant(name, np.array(indices, np.int64)), axis=1)

    def _constant(self, name: str, values: Sequence[float] | NDArray[np.float64]) -> str:
        return self.nodes.constant(name, np.asarray(values, np.float64))
