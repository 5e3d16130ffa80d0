"""Columns with a type, and rows with names, which behave as those of pyarrow and of data frames; how cells are read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

# What a column can hold, with the name of its type as pyarrow has it.
KINDS = {
    "number": "double",
    "integer": "int64",
    "boolean": "bool",
    "date": "date32[day]",
    "time": "timestamp[us]",
    "instant": "timestamp[us, tz=UTC]",
    "text": "string",
}
MICROSECONDS_OF_A_DAY = 86_400_000_000
DATES = ("date", "time", "instant")  # a day, a point in time without offset, and one with an offset, in UTC


def objects(values: Iterable[object]) -> NDArray[Any]:
    """Return an array with a value of Python in each entry."""
    entries = list(values)
    found = np.empty(len(entries), object)
    found[:] = entries
    return found


class Column:
    """A column of a file.

    Parameters
    ----------
    values : ndarray
        Numbers, where NaN is missing; bool; datetime64, in UTC if they have offsets; or objects: text, or exact
        integers, where None is missing. Integers and booleans of which some are missing are float64.
    kind : str
        A word of `KINDS`.
    """

    def __init__(self, values: NDArray[Any], kind: str) -> None:
        self.values, self.kind, self.dtype = values, kind, KINDS[kind]

    def __len__(self) -> int:
        return len(self.values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        values = self.values
        if self.kind == "integer" and values.dtype == object and None in values.tolist():
            values = values.astype(np.float64)
        return values if dtype is None else values.astype(dtype)

    def to_pylist(self) -> list[Any]:
        """Return the entries as values of Python, integers exactly; None where they are missing."""
        entries: list[Any] = self.values.tolist()
        if self.values.dtype.kind == "f":
            restored = {"number": float, "integer": int, "boolean": bool}[self.kind]
            return [None if entry != entry else restored(entry) for entry in entries]
        if self.kind == "instant":
            return [entry and entry.replace(tzinfo=UTC) for entry in entries]
        return entries

    def take(self, rows: NDArray[np.intp]) -> Column:
        """Return some rows."""
        return Column(self.values[rows], self.kind)


class TypedTable:
    """Columns by their names, for the estimators for tables."""

    def __init__(self, names: Sequence[str], values: Sequence[Any]) -> None:
        self.columns, self.values = list(names), list(values)
        self.shape = (len(values[0]) if values else 0, len(self.columns))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, name: str) -> Any:
        return self.values[self.columns.index(name)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        found = np.empty(self.shape, object)
        for i, column in enumerate(self.values):
            found[:, i] = column.to_pylist()
        return found

    def take(self, rows: NDArray[np.intp]) -> TypedTable:
        """Return some rows; a table of pyarrow has this method, too."""
        return TypedTable(self.columns, [column.take(rows) for column in self.values])


class Table:
    """Rows of numbers (uint8, float32 or float64) with names of the columns.

    `kept` has the position in the file of each column if some were left out, and `first` is that of the first row.
    """

    def __init__(
        self,
        values: NDArray[Any],
        columns: Sequence[str] | None = None,
        kept: Sequence[int] | None = None,
        first: int = 0,
    ) -> None:
        self.values, self.columns, self.kept, self.first = values, columns, kept, first

    def __len__(self) -> int:
        return len(self.values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self.values if dtype is None else self.values.astype(dtype)

    def where(self, row: int, column: int) -> str:
        """Return the place of a value for a message; rows and columns are counted from 1."""
        name = f"column {1 + (column if self.kept is None else self.kept[column])}"
        named = name if self.columns is None else f"{name} ({self.columns[column]!r})"
        return f"row {row + 1 + self.first}, {named}"


def joined(tables: Sequence[Any]) -> Any:
    """Return the rows of tables with the same columns; a column of dates that has times somewhere is one of times."""
    if len(tables) == 1:
        return tables[0]
    if isinstance(tables[0], Table):
        first = tables[0]
        return Table(np.concatenate([one.values for one in tables]), first.columns, first.kept, first.first)
    parts = zip(*(table.values for table in tables), strict=True)
    columns = [Column(np.concatenate([one.values for one in same]), max(one.kind for one in same)) for same in parts]
    return TypedTable(tables[0].columns, columns)


_SEPARATORS = {".": ("", ",", " ", "'"), ",": ("", ".", " ", "'")}  # of thousands, for each decimal point


class Cells(NamedTuple):
    """How the cells of a file of text are read; see `cmlp._data.grammar`.

    Attributes
    ----------
    decimal : {".", ","}
    thousands : str
        What separates groups of three digits; empty if nothing does.
    missing : tuple of str
        Cells that stand for missing values, besides those of the grammar.
    """

    decimal: str = "."
    thousands: str = ""
    missing: tuple[str, ...] = ()


def checked_cells(fields: Any) -> Cells:
    """Return `Cells` of a file or a pickle, or raise ValueError."""
    values = [fields.get(name) for name in Cells._fields] if isinstance(fields, Mapping) else fields
    if not isinstance(values, (list, tuple)) or len(values) != len(Cells._fields):
        raise ValueError("'cells' has not the fields that it must have")
    decimal, thousands, missing = values
    if decimal not in _SEPARATORS or thousands not in _SEPARATORS[decimal]:
        raise ValueError("'cells' has an unknown decimal point or separator of thousands")
    if not isinstance(missing, (list, tuple)) or not all(type(text) is str for text in missing):
        raise ValueError("'cells' must have a list of texts that are missing values")
    return Cells(decimal, thousands, tuple(missing))


def checked_kinds(kinds: Any, columns: Sequence[tuple[str, int, bool]]) -> tuple[str, ...]:
    """Return the kinds of the columns of a table, of a file or a pickle, or raise ValueError.

    They are "category", "date", "time", "instant" or "duration" for columns of categories, and "number", "boolean" or
    one of these for others.
    """
    words = ("number", "boolean", "category", "duration", *DATES)
    if not isinstance(kinds, (list, tuple)) or (kinds and len(kinds) != len(columns)):
        raise ValueError("'column_kinds' is not a list with a word for each column")
    for kind, (encoded, _, _) in zip(kinds, columns, strict=False):
        if kind not in words or (encoded == "number" and kind == "category"):
            raise ValueError("'column_kinds' has a word that does not fit its column")
    return tuple(kinds)


class ArrowColumn:
    """The entries of a column, and the name of its type; None, NaN or NaT for null."""

    def __init__(self, values: NDArray[Any], dtype: str) -> None:
        self.values, self.dtype = values, dtype

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self.values if dtype is None else self.values.astype(dtype)


class ArrowColumns:
    """The columns of a table, like a data frame."""

    def __init__(self, columns: list[str], values: list[ArrowColumn]) -> None:
        self.columns, self.values = columns, values
        self.shape = (len(values[0].values) if values else 0, len(columns))

    __array__ = None  # frames have it; this one is read column by column only

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, name: str) -> ArrowColumn:
        return self.values[self.columns.index(name)]
