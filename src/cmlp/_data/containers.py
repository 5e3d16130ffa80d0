"""Data frames and columns of pandas, polars, pyarrow, files and arrays: what differs between them stands here.

A class for each kind of column says how its entries are read, so no library has to be imported. Columns of equal
content have equal entries in all of them: integers stay integers beside missing values.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Any, NoReturn

import numpy as np

from cmlp._data.array_types import AnyArray
from cmlp._data.arrays import DECODE, ELEMENTS, TO_TEXT, is_missing
from cmlp._data.columns import FileColumn, MaskedColumn, objects

_ENUM = "Enum"  # a type of polars, which orders its values, and is an ordered dictionary in Arrow
# How names of their types begin.
_CATEGORIES = (
    "category",
    "categorical",
    "enum",
    "dictionary",
    "interval",
)
_TIMES = ("date", "timestamp", "duration")  # those of pyarrow
_BINARY = (
    "binary",
    "large_binary",
    "fixed_size_binary",
    "dictionary<values=binary",
    "dictionary<values=large_binary",
)
_NESTED = (
    "list",
    "large_list",
    "fixed_size_list",
    "array",
    "struct",
    "map",
    "dense_union",
    "sparse_union",
)
# How names of types begin whose entries are no numbers, categories or times, and what to do with them.
_UNREADABLE = {
    _BINARY: f" {DECODE}",
    (*_NESTED, "extension<arrow.fixed_shape"): f" {ELEMENTS}",
    ("extension<arrow.uuid",): f" {TO_TEXT}",
    ("month_day_nano_interval",): "",
}
_FEW_ROWS = 32
# Names of the types of pandas and polars whose entries are values of Python, or missing.
_PLAIN_TYPES = frozenset(
    [f"{kind}{bits}" for kind in ("int", "uint", "Int", "UInt") for bits in (8, 16, 32, 64)]
    + [
        "float32",
        "float64",
        "Float32",
        "Float64",
        "bool",
        "Boolean",
        "object",
        "str",
        "string",
        "String",
    ]
)

FIRST, LAST = np.datetime64("0001-01-01", "us"), np.datetime64("9999-12-31T23:59:59.999999", "us")
LONGEST = np.timedelta64(106_751_991, "D")  # 2**63 microseconds
MOMENTS, _DURATIONS = np.dtype("M8[us]"), np.dtype("m8[us]")
FINE = ("ns", "ps", "fs", "as", "generic")  # units in which all values are within these limits


# ------------------------------------------------------------------------------------------------------ columns


class Column:
    """A column of an array or of a list, with its label for messages; those of other containers are subclasses."""

    is_of_file = False  # whose reader has found the type
    missing_words: frozenset[str] = frozenset()  # texts that its reader has made missing
    decided_by = ""  # as in `FileColumn`

    def __init__(self, held: Any, label: str) -> None:
        self.held, self.label = held, label

    @property
    def type(self) -> Any:
        """What the container calls the type of the column."""
        return getattr(self.held, "dtype", "")

    def has_offset(self) -> bool:
        """Return whether the type has a time zone."""
        return False

    def has_categories(self) -> bool:
        """Return whether the type says that the column has categories."""
        return str(self.type).lower().startswith(_CATEGORIES)

    def levels(self) -> Column | None:
        """Return the categories if the type orders them."""
        return None

    def codes(self) -> tuple[list[Any], Any] | None:
        """Return the categories, and which each entry is, -1 if missing; None if the container has no such codes."""
        return None

    def array(self) -> AnyArray:
        """Return the column as an array with an entry for each row."""
        self._require_readable()
        array = self._as_numpy()
        if array.ndim != 1:
            raise ValueError(
                f"{self.label} must have one value per row, got an array of shape {array.shape}."
            )
        return array

    def _as_numpy(self) -> AnyArray:
        if type(self.held) is np.ndarray:
            # No library can fail here, so an exception is that of a signal handler.
            array: AnyArray = self.held
            return array
        try:
            return np.asarray(self.held)
        except MemoryError:
            raise
        except Exception as error:  # of the data frame's library
            raise ValueError(
                f"{self.label} cannot be converted to a NumPy array: {error}"
            ) from error

    def _require_readable(self) -> None:
        """Raise ValueError if the type says that the entries are no numbers, categories or times."""

    def entries(self) -> list[Any]:
        """Return the entries as values of Python, exact integers, and microseconds of times."""
        array = self.array()
        if array.dtype.kind not in "mM":
            return self._plain(array)
        times: list[Any] = in_microseconds(array, self.label).tolist()
        if self.has_offset():
            return [None if time is None else time.replace(tzinfo=UTC) for time in times]
        return times

    def _plain(self, array: AnyArray) -> list[Any]:
        entries: list[object] = array.tolist()
        return entries

    def _converted(self, convert: Callable[[], list[Any]]) -> list[Any]:
        try:
            return convert()
        except MemoryError:
            raise
        except Exception as error:  # of the data frame's library
            raise ValueError(
                f"{self.label} cannot be converted to values of Python: {error}"
            ) from error


class _Typed(Column):
    """A column with a type of its library, of pandas, polars or pyarrow."""

    def _require_readable(self) -> None:
        name = str(self.type).lower()
        for unreadable, remedy in _UNREADABLE.items():
            if name.startswith(unreadable):
                raise ValueError(
                    f"{self.label} must be numbers, categories or times, got a column of type "
                    f"{self.type}.{remedy}"
                )


class _Series(_Typed):
    """A column or an index of pandas, or a column of polars."""

    def has_offset(self) -> bool:
        dtype = getattr(self.type, "pyarrow_dtype", self.type)
        return (getattr(dtype, "tz", None) or getattr(dtype, "time_zone", None)) is not None

    def levels(self) -> Column | None:
        is_ordered = getattr(self.type, "ordered", type(self.type).__name__ == _ENUM)
        return column_of(self.type.categories, self.label) if is_ordered else None

    def codes(self) -> tuple[list[Any], Any] | None:
        dtype = self.type
        is_of_pandas = hasattr(dtype, "ordered") and hasattr(dtype, "categories")
        return (dtype.categories.tolist(), self.held.cat.codes) if is_of_pandas else None

    def _plain(self, array: AnyArray) -> list[Any]:
        # Integers beside missing values.
        is_rounded = array.dtype.kind == "f" and not isinstance(self.type, np.dtype)
        return self._converted(self.held.to_list) if is_rounded else super()._plain(array)


class _Pyarrow(_Typed):
    """A column of pyarrow, or a dictionary of one."""

    @property
    def type(self) -> Any:
        return self.held.type

    def has_offset(self) -> bool:
        return getattr(getattr(self.type, "value_type", self.type), "tz", None) is not None

    def levels(self) -> Column | None:
        if not getattr(self.type, "ordered", False):
            return None
        # The chunks may have different dictionaries.
        if hasattr(self.held, "unify_dictionaries"):
            chunks = self.held.unify_dictionaries().chunks
        else:
            chunks = [self.held]
        return column_of(chunks[0].dictionary, self.label) if chunks else None

    def array(self) -> AnyArray:
        self._require_readable()
        # Whose array has another entry instead of null.
        is_dictionary = str(self.type).startswith("dictionary")
        return objects(self._converted(self.held.to_pylist)) if is_dictionary else super().array()

    def entries(self) -> list[Any]:
        self._require_readable()
        if str(self.type).startswith(_TIMES):
            return super().entries()
        return self._converted(self.held.to_pylist)


class _OfFile(Column):
    """A `FileColumn`, whose types have the names of pyarrow's."""

    is_of_file = True

    @property
    def missing_words(self) -> frozenset[str]:  # type: ignore[override]
        words: frozenset[str] = self.held.missing_words
        return words

    @property
    def decided_by(self) -> str:  # type: ignore[override]
        return str(self.held.decided_by)

    def has_offset(self) -> bool:
        return "tz=" in self.type

    def entries(self) -> list[Any]:
        if self.type.startswith(_TIMES):
            return super().entries()
        return self._converted(self.held.to_pylist)


class _Masked(Column):
    """A `MaskedColumn`, which is what its column is but for the entries that are missing."""

    def __init__(self, held: MaskedColumn, label: str) -> None:
        super().__init__(held, label)
        self._whole = column_of(held.held, label)
        self.is_of_file, self.decided_by = self._whole.is_of_file, self._whole.decided_by

    @property
    def type(self) -> Any:
        return self._whole.type

    def has_offset(self) -> bool:
        return self._whole.has_offset()

    def levels(self) -> Column | None:
        return self._whole.levels()

    def codes(self) -> tuple[list[Any], Any] | None:
        coded = self._whole.codes()
        if coded is None:
            return None
        categories, codes = coded
        return categories, np.where(self.held.is_missing, -1, np.asarray(codes))

    def array(self) -> AnyArray:
        array = self._whole.array()
        array = array.copy() if array.dtype.kind in "fmM" else array.astype(object)
        array[self.held.is_missing] = np.nan if array.dtype.kind == "f" else None
        return array

    def entries(self) -> list[Any]:
        pairs = zip(self._whole.entries(), self.held.is_missing.tolist(), strict=True)
        return [None if is_absent else entry for entry, is_absent in pairs]


def column_of(held: Any, label: str) -> Column:
    """Return a column of any container, with its label for messages."""
    return _kind_of(held.__class__)(held, label)


@functools.cache
def _kind_of(held: type) -> type[Column]:
    """Return the class for columns of a type; those of other libraries are known by their methods."""
    if held is FileColumn:
        return _OfFile
    if held is MaskedColumn:
        return _Masked
    if hasattr(held, "to_pylist"):
        return _Pyarrow
    if hasattr(held, "to_list"):
        return _Series
    return Column


# ------------------------------------------------------------------------------------------------------- frames


def names_of(X: Any) -> list[object] | None:
    """Return the names of the columns of a data frame; None for other rows. NaN becomes None."""
    if isinstance(X, np.ndarray) or not hasattr(X, "__array__"):
        return None
    for attribute in ("column_names", "columns"):  # pyarrow has both: its columns are arrays
        names = getattr(X, attribute, None)
        if names is not None:
            names = list(names)
            if {*map(type, names)} == {str}:
                return names
            # NaN would differ from itself.
            return [None if is_missing(name) else plain_entry(name) for name in names]
    return None


def columns_of(X: Any, names: Sequence[Any], *, types_are_known: bool) -> Sequence[object]:
    """Return the columns of a data frame as they are or, of few rows if `types_are_known`, as arrays of their entries.

    Entries alone do not say that integers are categories, or in which order.
    """
    few = _few_rows(X) if types_are_known else None
    return few or (
        [column for _, column in X.items()] if hasattr(X, "iloc") else [X[name] for name in names]
    )


def _few_rows(X: Any) -> list[AnyArray] | None:
    """Return the columns of few rows of numbers, booleans and text as arrays of their entries; None for other frames.

    A column of a data frame takes ten times as long to convert as an entry of a matrix.
    """
    if len(X) > _FEW_ROWS or not hasattr(X, "dtypes"):
        return None
    for dtype in {
        id(one): one for one in X.dtypes
    }.values():  # the hash of pandas' types takes longer
        # Of pandas.
        held = getattr(dtype, "categories", dtype) if hasattr(dtype, "ordered") else dtype
        if str(getattr(held, "dtype", held)) not in _PLAIN_TYPES:
            return None
    if hasattr(X, "iloc"):  # asked first: a column can have the name "rows"
        rows = X.to_numpy(object)
    elif hasattr(X, "rows"):  # of polars
        rows = X.rows()
    else:
        return None
    return [*np.array(rows, object).reshape(X.shape).T]


# ----------------------------------------------------------------------------------------------- their entries


def plain_entry(value: object) -> object:
    """Return the number or text of Python for a NumPy scalar: NumPy's booleans are no numbers."""
    return value.item() if isinstance(value, (np.bool_, np.number, np.str_)) else value


def in_microseconds(array: AnyArray, label: str, first: int = 0) -> AnyArray:
    """Return datetime64 or timedelta64 in microseconds; `first` is the row of the first entry, for messages.

    Raises ValueError for dates and durations outside the limits: NumPy's conversions would wrap silently.
    """
    is_date, limits = array.dtype.kind == "M", _range_of_times(array.dtype)
    if limits is not None:
        outside = (array < limits[0]) | (array > limits[1])
        if outside.any():
            row = int(outside.argmax())
            out_of_range(array[row], first + row, label, is_date=is_date)
    return array.astype(MOMENTS if is_date else _DURATIONS, copy=False)


@functools.cache
def _range_of_times(dtype: np.dtype[np.datetime64 | np.timedelta64]) -> tuple[Any, Any] | None:
    """Return the first and the last date, or duration, in the unit of a dtype; None if it has none outside."""
    if np.datetime_data(dtype)[0] in FINE:
        return None
    low, high = (FIRST, LAST) if dtype.kind == "M" else (-LONGEST, LONGEST)
    return low.astype(dtype), high.astype(dtype)


def out_of_range(value: object, row: int, label: str, *, is_date: bool) -> NoReturn:
    """Raise ValueError for a date or a duration outside the limits."""
    limits = "dates of the years 1 to 9999" if is_date else "durations of at most 106,751,991 days"
    raise ValueError(f"{label} must be {limits}, got {value} in row {row}.")
