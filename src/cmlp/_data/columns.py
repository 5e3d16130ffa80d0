"""Columns with a type, and rows with names, which behave as those of pyarrow and of data frames; how cells are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any, NamedTuple

import numpy as np

from cmlp._data.array_types import AnyArray, NDArray, Setting
from cmlp._process.warnings import warn
from cmlp.exceptions import refused, shown

# What a column can hold, with the name of its type as pyarrow has it.
TYPES = {
    "number": "double",
    "integer": "int64",
    "boolean": "bool",
    "date": "date32[day]",
    "time": "timestamp[us]",
    "instant": "timestamp[us, tz=UTC]",
    "text": "string",
}
MICROSECONDS_OF_A_DAY = 86_400_000_000
# Limit for the categories of a column: with n equal hashes, a dict takes n * n comparisons.
MOST_EQUAL_HASHES = 100
# A day, a point in time without offset, and one with an offset, in UTC.
DATES = (
    "date",
    "time",
    "instant",
)
# What helps if rows have text or missing values.
TABLES = "use TabularClassifier or TabularRegressor, which take them"


def objects(values: Iterable[object]) -> AnyArray:
    """Return an array with a value of Python in each entry."""
    listed = list(values)
    array = np.empty(len(listed), object)
    array[:] = listed
    return array


class _Values:
    """An array, as NumPy reads it from an object."""

    values: AnyArray

    def __len__(self) -> int:
        return len(self.values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> AnyArray:
        return self.values if dtype is None else self.values.astype(dtype)


class FileColumn(_Values):
    """A column of a file.

    Parameters
    ----------
    values : ndarray
        Numbers, where NaN is missing; bool; datetime64, in UTC if they have offsets; or objects:
        text, or exact integers, where None is missing. Integers and booleans of which some are
        missing are float64.
    column_type : str
        A word of `TYPES`.
    missing_words : frozenset of str
        The stated words for missing values that cells had; the values do not tell them from empty cells.
    decided_by : {"", "rules", "user"}
        Who has decided that the cells of a file of text are text; empty for other columns.
    """

    def __init__(
        self,
        values: AnyArray,
        column_type: str,
        missing_words: frozenset[str] = frozenset(),
        decided_by: str = "",
    ) -> None:
        self.values, self.column_type, self.dtype = values, column_type, TYPES[column_type]
        self.missing_words, self.decided_by = missing_words, decided_by

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> AnyArray:
        values = self.values
        if self.column_type == "integer" and values.dtype == object and None in values.tolist():
            values = values.astype(np.float64)
        return values if dtype is None else values.astype(dtype)

    def to_pylist(self) -> list[Any]:
        """Return the entries as values of Python, integers exactly; None where they are missing."""
        entries: list[Any] = self.values.tolist()
        if self.values.dtype.kind == "f":
            restored = {"number": float, "integer": int, "boolean": bool}[self.column_type]
            return [None if entry != entry else restored(entry) for entry in entries]
        if self.column_type == "instant":
            return [entry and entry.replace(tzinfo=UTC) for entry in entries]
        return entries

    def take(self, row_index: NDArray[np.intp]) -> FileColumn:
        """Return some rows."""
        return FileColumn(
            self.values[row_index], self.column_type, self.missing_words, self.decided_by
        )


class MaskedColumn(NamedTuple):
    """A column of any container some of whose entries are missing, whatever they are."""

    held: Any
    is_missing: NDArray[np.bool_]


class FileTable:
    """Columns with a name and a type each, of a file: like a data frame, but read column by column only."""

    __array__ = None  # frames have it

    def __init__(self, names: Sequence[str], values: Sequence[Any]) -> None:
        self.columns, self.values = list(names), list(values)
        self.shape = (len(values[0]) if values else 0, len(self.columns))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, name: str) -> object:
        return self.values[self.columns.index(name)]

    def take(self, row_index: NDArray[np.intp]) -> FileTable:
        """Return some rows of a file; a table of pyarrow has this method, too."""
        return FileTable(self.columns, [column.take(row_index) for column in self.values])


class NamedMatrix(_Values):
    """Rows in one array, with the names of the columns, if they have some: like a data frame of one type."""

    def __init__(self, values: AnyArray, columns: Sequence[str] | None = None) -> None:
        self.values, self.columns = values, columns


def joined(blocks: Sequence[Any]) -> Any:
    """Return the rows of blocks with the same columns; a column of dates that has times somewhere is one of times."""
    first = blocks[0]
    if len(blocks) == 1:
        return first
    if isinstance(first, NamedMatrix):
        return NamedMatrix(np.concatenate([block.values for block in blocks]), first.columns)
    parts = [*zip(*(block.values for block in blocks), strict=True)]
    types = [max(part.column_type for part in column) for column in parts]
    columns = [np.concatenate([part.values for part in column]) for column in parts]
    return FileTable(first.columns, [*map(FileColumn, columns, types)])


# ------------------------------------------------------------------------------------ the names of the columns of X


def feature_names(X: Any) -> AnyArray | None:
    """Return the column names of a data frame; None if they are not strings or X is not a data frame.

    A data frame is recognized by its attributes, so that neither pandas nor polars has to be imported.
    """
    # A lazy frame of polars has columns, which it warns of.
    if isinstance(X, np.ndarray) or not (hasattr(X, "__array__") and hasattr(X, "columns")):
        return None
    names = np.asarray(list(X.columns), dtype=object)
    types = sorted({type(name).__qualname__ for name in names})
    if len(types) > 1 and "str" in types:
        raise TypeError(
            "Feature names are only supported if all input features have string names, but your "
            f"input has {types} as feature name / column name types. If you want feature names to "
            "be stored and validated, you must convert them all to strings, by using X.columns = "
            "X.columns.astype(str) for example. Otherwise you can remove feature / column names "
            "from your input data, or convert them all to a non-string data type."
        )
    return names if types == ["str"] else None


def by_column(
    parameter: str, given: Mapping[Any, Setting], names: Iterable[object] | None, n: int
) -> Iterator[tuple[int, Setting]]:
    """Yield the index of each column to which a parameter gives a value, and this.

    The parameter has them by indices of the `n` columns, or by names, which may be other integers. Raises
    InvalidParameterError for a column that X does not have.
    """
    index: dict[object, int] = {i: i for i in range(n)}
    index |= {name: i for i, name in enumerate(names or ())}
    for entry, value in given.items():
        if isinstance(entry, bool) or entry not in index:
            raise refused(parameter, f"has {shown(entry)}, but X has no such column.", given)
        yield index[entry], value


def texts_of_names(names: Sequence[object] | None) -> AnyArray | None:
    """Return column names as an array; None if there are none, or if one is not text."""
    if names is None or not all(isinstance(name, str) for name in names):
        return None
    return np.array(names, object)


def check_names(names: AnyArray | None, fitted: AnyArray | None, owner: str) -> None:
    """Compare the column names of X, from `feature_names`, with the names that fit stored.

    Warns if only one of them has names. Raises ValueError if the names differ.
    """
    if names is None and fitted is None:
        return
    if fitted is None:
        warn(f"X has feature names, but {owner} was fitted without feature names")
    elif names is None:
        warn_of_no_names(owner)
    elif len(names) != len(fitted) or (names != fitted).any():
        raise ValueError(_name_mismatch(set(names), set(fitted)))


def warn_of_no_names(owner: str) -> None:
    """Warn of X without names for a model with names."""
    warn(f"X does not have valid feature names, but {owner} was fitted with feature names")


def _name_mismatch(names: set[str], fitted: set[str]) -> str:
    lines = ["The feature names should match those that were passed during fit."]
    for title, listed in (
        ("Feature names unseen at fit time:", sorted(names - fitted)),
        ("Feature names seen at fit time, yet now missing:", sorted(fitted - names)),
    ):
        if listed:
            lines += [title, *(f"- {name}" for name in listed[:5])]
            lines += ["- ..."] if len(listed) > 5 else []
    if len(lines) == 1:
        lines.append("Feature names must be in the same order as they were in fit.")
    return "\n".join(lines) + "\n"


# --------------------------------------------------- what a model knows about the columns of a table, and cells of text


# Of thousands, for each decimal point.
_SEPARATORS = {
    ".": ("", ",", " ", "'"),
    ",": ("", ".", " ", "'"),
}


class CellFormat(NamedTuple):
    """How the cells of a file of text are read by `cmlp._data.grammar`, which few programs need.

    Attributes
    ----------
    decimal : {".", ","}
    thousands : str
        What separates groups of three digits; empty if nothing does.
    missing : tuple of str
        Cells that stand for missing values, besides those of the grammar.
    has_own_words : bool
        Whether those of the grammar do not stand for missing values, but for the empty one.
    of_spreadsheets : bool
        Whether a minus can be U+2212, and a cell such as ``="007"`` is the text between its quotation marks.
        Files and pickles of models that read other cells lack it.
    """

    decimal: str = "."
    thousands: str = ""
    missing: tuple[str, ...] = ()
    has_own_words: bool = False
    of_spreadsheets: bool = False


NEW_FORMAT = CellFormat(of_spreadsheets=True)  # of models that are trained now


def checked_cell_format(
    decimal: object,
    thousands: object,
    missing: object,
    has_own_words: object = False,
    of_spreadsheets: object = False,
) -> CellFormat:
    """Return the `CellFormat` of a file or a pickle, or raise ValueError."""
    if decimal not in _SEPARATORS or thousands not in _SEPARATORS[decimal]:
        raise ValueError("'cells' has an unknown decimal point or separator of thousands")
    if not isinstance(missing, (list, tuple)) or not all(type(text) is str for text in missing):
        raise ValueError("'cells' must have a list of texts that are missing values")
    if type(has_own_words) is not bool:
        raise ValueError("'cells' must say whether only these texts are missing values")
    if type(of_spreadsheets) is not bool:
        raise ValueError("'cells' must say whether they are written as in spreadsheets")
    return CellFormat(decimal, thousands, tuple(missing), has_own_words, of_spreadsheets)
