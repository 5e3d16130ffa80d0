"""Columns of a table: from arrays and data frames to numbers and codes of categories.

A data frame is read column by column through ``__array__``, so neither pandas, polars nor pyarrow has to be imported.
"""

from __future__ import annotations

import re
import reprlib
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import repeat
from numbers import Number
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from cmlp._data.columns import DATES, Column, kind_of_value
from cmlp._inputs.arrays import rectangular
from cmlp._inputs.frames import read_once
from cmlp._inputs.sparse import refuse_sparse
from cmlp._inputs.validation import check_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    Codes: TypeAlias = Mapping[object, int]

# The code of a category that fit has not seen, or that is rarer than the most frequent MAX_CATEGORIES.
OTHER = -1.0
MAX_CATEGORIES = 200
_FROM_DTYPE = "from_dtype"
_MICROSECONDS_OF_A_DAY = 86_400_000_000
_NA = "NAType"  # the type of pandas.NA: comparing it with itself does not give a bool
# Types of pandas that count by their text as categories, as dates do.
_PERIOD, _INTERVAL = "Period", "Interval"
_DATES = (date, np.datetime64)
_TEXT_TYPES = (_INTERVAL, _PERIOD)
_UNCHANGED = {str, int, float, bool, type(None)}  # types of entries that are categories as they are, or NaN
_WHOLE = re.compile(r"\.0(?=[],)])")  # pandas makes (0.0, 5.0] of (0, 5] if a value is missing


class Frame(NamedTuple):
    """The columns of a table as the user passed them; `names`, of any hashable type, is None if they have none."""

    names: list[Any] | None
    columns: Sequence[Any]
    n_rows: int

    def label(self, i: int) -> str:
        """Return the name of a column, for messages."""
        return f"column {self.names[i]!r}" if self.names is not None else f"column {i}"


class Schema(NamedTuple):
    """What fit has learned about the columns.

    The names are text, numbers, tuples or None for a missing name; they are None if X was not a data frame. A column of
    categories has the code of each category, also of None, the missing value, if fit has seen it.
    """

    names: list[Any] | None
    codes: list[Codes | None]  # None for a column of numbers
    kinds: Sequence[str] = ()  # of the columns, see `kind_of`; empty if all are numbers or categories

    @property
    def dates(self) -> tuple[int, ...]:
        """Columns of numbers that were dates."""
        return tuple(i for i, kind in enumerate(self.kinds) if kind in DATES and self.codes[i] is None)

    def read(self, X: ArrayLike | Frame, owner: str) -> NDArray[np.float64]:
        """Return the columns of X as doubles: numbers, NaN where they are missing, and codes of categories."""
        frame = self._same_columns(frame_of(X, owner), owner)
        raw = np.empty((frame.n_rows, len(self.codes)))
        for i, codes in enumerate(self.codes):
            column, label = frame.columns[i], frame.label(i)
            raw[:, i] = _numbers(column, label, i in self.dates) if codes is None else _codes(column, codes, label)
        require_no_infinity(raw, frame)
        return raw

    def entries(self, frame: Frame, owner: str) -> NDArray[Any]:
        """Return the entries of a table as the user passed them."""
        frame = self._same_columns(frame, owner)
        found = np.empty((frame.n_rows, len(frame.columns)), object)
        for i, column in enumerate(frame.columns):
            found[:, i] = _entries(column, frame.label(i))
        return found

    def _same_columns(self, frame: Frame, owner: str) -> Frame:
        """Return the columns in the order of fit."""
        if self.names is None or frame.names is None:
            if len(frame.columns) != len(self.codes):
                raise ValueError(
                    f"X has {len(frame.columns)} features, but {owner} is expecting {len(self.codes)} features as "
                    "input."
                )
            return frame
        index, known = {name: i for i, name in enumerate(frame.names)}, set(self.names)
        missing = [name for name in self.names if name not in index]
        unknown = [name for name in frame.names if name not in known]
        if missing or unknown:
            raise ValueError(
                "X must have the columns that it had in fit: "
                f"missing are {reprlib.repr(missing)}, unknown are {reprlib.repr(unknown)}."
            )
        return Frame(self.names, [frame.columns[index[name]] for name in self.names], frame.n_rows)


def frame_of(X: Any, owner: str) -> Frame:
    """Return the columns of an array or a data frame, which is read once; a `Frame` is returned as it is."""
    if isinstance(X, Frame):
        return X
    refuse_sparse(X, "X")
    X = read_once(X, "X")
    names = _names(X)
    if names is not None:
        if len(set(names)) != len(names):
            twice = next(name for name, count in Counter(names).items() if count > 1)
            raise ValueError(f"X must not have two columns of one name, got {twice!r} twice.")
        if not names:
            raise ValueError(f"Found array with 0 feature(s) (shape={X.shape}) while a minimum of 1 is required.")
        columns = [X.iloc[:, i] if hasattr(X, "iloc") else X[name] for i, name in enumerate(names)]
        return Frame(names, columns, len(X))
    array = rectangular(X, "X")
    check_rows(array, False, type(X).__name__, owner)
    if array.dtype.kind == "U" and not hasattr(X, "dtype"):  # NumPy made text of the numbers in a list
        array = np.array(X, dtype=object)
    return Frame(None, list(np.array(array).T), len(array))  # a copy, which other threads cannot change


def _names(X: Any) -> list[Any] | None:
    if isinstance(X, np.ndarray) or not hasattr(X, "__array__"):
        return None
    for attribute in ("column_names", "columns"):  # pyarrow has both: its columns are arrays
        names = getattr(X, attribute, None)
        if names is not None:
            return [None if is_missing(name) else _plain(name) for name in names]  # NaN would differ from itself
    return None


def learn_schema(
    X: ArrayLike | Frame,
    categorical: Any,
    owner: str,
    rows: NDArray[np.intp] | None = None,
    weight: NDArray[np.float64] | None = None,
) -> Schema:
    """Return the schema of a table, which is learned from `rows` and their weights; other rows are only checked.

    The columns of categories are `categorical`: names, indices or a mask; with "from_dtype" those of a category, text
    or object dtype that has no numbers.
    """
    frame = frame_of(X, owner)
    if rows is None:
        rows = np.arange(frame.n_rows)
    chosen = _chosen(categorical, frame)
    codes: list[Codes | None] = []
    for i, column in enumerate(frame.columns):
        label = frame.label(i)
        is_category = _holds_categories(column, label, rows) if chosen is None else i in chosen
        codes.append(_learn_codes(column, label, rows, weight) if is_category else None)
    kinds = [
        kind_of(column, frame.label(i)) or ("number" if known is None else "category")
        for i, (column, known) in enumerate(zip(frame.columns, codes, strict=True))
    ]
    return Schema(frame.names, codes, tuple(kinds) if {*kinds} - {"number", "category"} else ())


def _chosen(categorical: Any, frame: Frame) -> set[int] | None:
    """Return the indices of the columns that the user calls categorical; None to decide by dtype."""
    if isinstance(categorical, str) and categorical == _FROM_DTYPE:
        return None
    n = len(frame.columns)
    given = np.asarray([] if categorical is None else categorical)
    if given.ndim > 1 and isinstance(categorical, list) and all(isinstance(entry, tuple) for entry in categorical):
        given = np.fromiter(categorical, object, len(categorical))  # names of several levels
    if given.ndim != 1 or (given.size and given.dtype.kind not in "biuUOT"):
        raise ValueError(
            f"categorical_features must be 'from_dtype', None, or a list of names or indices or a mask, "
            f"got {reprlib.repr(categorical)}."
        )
    if given.dtype.kind == "b":
        if len(given) != n:
            raise ValueError(f"categorical_features as a mask must have {n} entries, one per column, got {len(given)}.")
        return set(np.flatnonzero(given).tolist())
    index = {name: i for i, name in enumerate(frame.names or ())} | {i: i for i in range(n)}
    for entry in given.tolist():
        if entry not in index:
            raise ValueError(f"categorical_features has {entry!r}, but X has no such column.")
    return {index[entry] for entry in given.tolist()}


def _holds_categories(column: Any, label: str, rows: NDArray[np.intp]) -> bool:
    dtype = getattr(column, "dtype", getattr(column, "type", ""))
    if str(dtype).lower().startswith(("category", "categorical", "enum", "dictionary", "interval")):
        return True
    array = _array(column, label)
    return array.dtype.kind in "OUT" and any(
        isinstance(value, str) or type(value).__name__ == _INTERVAL for value in array[rows].tolist()
    )


def kind_of(column: Any, label: str) -> str | None:
    """Return "boolean", or the kind of dates: "date", "time" without offset, or "instant"; None for other columns."""
    if isinstance(column, Column):
        return column.kind if column.kind in ("boolean", *DATES) else None
    array = _array(column, label)
    if array.dtype.kind == "b":
        return "boolean"
    if array.dtype.kind == "M":
        aware = ", " in str(getattr(column, "dtype", getattr(column, "type", "")))
        days = array.dtype.str.endswith("[D]")
        return "instant" if aware else "date" if days else "time"
    if array.dtype.kind != "O":
        return None
    first = next((value for value in array if not is_missing(value)), None)
    return "date" if type(first).__name__ == _PERIOD else kind_of_value(first)


def _array(column: Any, label: str) -> NDArray[Any]:
    """Return a column as an array with an entry for each row."""
    try:
        array = np.asarray(column)
    except Exception as error:  # of the data frame's library
        raise ValueError(f"{label} cannot be converted to a NumPy array: {error}") from error
    if array.ndim != 1:
        raise ValueError(f"{label} must have one value per row, got an array of shape {array.shape}.")
    return array


def is_missing(value: object) -> bool:
    """Return whether a value is None, NaN, pandas.NA or NaT."""
    differs = value != value
    if isinstance(differs, (bool, np.bool_)):
        return value is None or bool(differs)
    return type(value).__name__ == _NA  # not an array, whose comparison is an array


def _values(column: Any, label: str) -> list[object]:
    """Return the entries of a column of categories; None where they are missing."""
    entries = _entries(column, label)
    if _UNCHANGED.issuperset(map(type, entries)):  # as almost always: the loops below take ten times as long
        return [None if value != value else value for value in entries]
    values: list[object] = [None if is_missing(value) else _category(value) for value in entries]
    for row, value in enumerate(values):
        if not isinstance(value, (str, Number, type(None))):
            raise ValueError(_neither(label, row, value, "text or numbers"))
    return values


def _entries(column: Any, label: str) -> list[object]:
    # pyarrow converts missing entries of a dictionary to one of its values in an array, but not in a list.
    if hasattr(column, "to_pylist"):
        entries: list[object] = column.to_pylist()
    else:
        array = _array(column, label)
        is_time = array.dtype.kind in "Mm"
        # Times finer than a microsecond would become integers.
        entries = (array.astype(f"{array.dtype.str[1:3]}[us]") if is_time else array).tolist()
    return entries


def _category(value: object) -> object:
    """Return a category as text or a number; dates, durations, periods and intervals count by their text."""
    if type(value) is str:  # most are
        return value
    if isinstance(value, (*_DATES, timedelta)) or type(value).__name__ in _TEXT_TYPES:
        return _WHOLE.sub("", str(value))
    return _plain(value)


def _plain(value: object) -> object:
    """Return the number or text of Python for a NumPy scalar: NumPy's booleans are no numbers."""
    return value.item() if isinstance(value, (np.bool_, np.number, np.str_)) else value


def _learn_codes(column: Any, label: str, rows: NDArray[np.intp], weight: NDArray[np.float64] | None) -> Codes:
    """Return the codes of the categories with the largest weights; equal ones in the order of text, None last."""
    values = _values(column, label)
    counts: Counter[object] = Counter()
    for row, share in zip(rows.tolist(), [1] * len(rows) if weight is None else weight.tolist(), strict=True):
        counts[values[row]] += share
    ordered = sorted(counts, key=lambda value: (-counts[value], value is None, str(value)))
    return {value: code for code, value in enumerate(ordered[:MAX_CATEGORIES])}


def _codes(column: Any, codes: Codes, label: str) -> NDArray[np.float64]:
    coded: Any = getattr(column, "cat", None)  # of pandas, with few categories, so that each is converted once
    categories = coded.categories.tolist() if hasattr(coded, "codes") else [()]
    if _UNCHANGED.issuperset(map(type, categories)):
        known = np.array([codes.get(value, OTHER) for value in (*categories, None)], np.float64)
        return known[np.asarray(coded.codes, np.intp)]  # -1, the last one, if missing
    values = _values(column, label)
    return np.fromiter(map(codes.get, values, repeat(OTHER)), np.float64, len(values))


def _numbers(column: Any, label: str, are_dates: bool) -> NDArray[np.float64]:
    """Return a column of numbers as doubles: NaN if missing, days since 1970 for dates and starts of periods."""
    array = _array(column, label)
    kind = array.dtype.kind
    if kind in "biuf":
        with np.errstate(over="ignore"):  # too large for a double: refused as infinite
            return array.astype(np.float64)
    if kind in "Mm":
        units = array.astype(f"{array.dtype.str[1:3]}[us]").astype(np.int64)
        return np.where(np.isnat(array), np.nan, units / _MICROSECONDS_OF_A_DAY)
    if kind not in "OUT":
        raise ValueError(f"{label} must be numbers or categories, got dtype {array.dtype}.")
    numbers = np.empty(len(array))
    for row, value in enumerate(map(_plain, array.tolist())):
        if isinstance(value, Number) and not isinstance(value, complex):
            numbers[row] = _double(value)
        elif is_missing(value):
            numbers[row] = np.nan
        elif isinstance(value, _DATES) or type(value).__name__ == _PERIOD:
            numbers[row] = _days(value)
        else:
            raise ValueError(_neither(label, row, value, "dates" if are_dates else "numbers"))
    return numbers


def _double(value: Any) -> float:
    """Return a real number as a double; infinity, which is refused, if it is too large for one."""
    try:
        return float(value)
    except OverflowError:
        return np.inf


def _days(value: Any) -> float:
    """Return a date, a point in time, or the start of a period, as days since 1970; one with a time zone is in UTC."""
    value = value.start_time if type(value).__name__ == _PERIOD else value
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    return float(np.datetime64(value, "us").astype(np.int64)) / _MICROSECONDS_OF_A_DAY


def _neither(label: str, row: int, value: object, wanted: str) -> str:
    remedy = ""
    if wanted == "dates":
        remedy = " Convert text before, for example by numpy.datetime64 or pandas.to_datetime."
    elif isinstance(_category(value), str):
        remedy = " To use the column as categories, name it in categorical_features, and in fit too."
    return f"{label} must be {wanted}, got {reprlib.repr(value)} of type {type(value).__name__} in row {row}.{remedy}"


def require_no_infinity(raw: NDArray[np.float64], frame: Frame) -> None:
    """Raise ValueError if a number is infinite; missing values are allowed."""
    infinite = np.isinf(raw)
    if infinite.any():
        row, column = map(int, np.argwhere(infinite)[0])
        raise ValueError(
            f"Input X contains infinity or a value too large for float64: {frame.label(column)}, row {row}. "
            "Replace it by a finite number, or by NaN if it is missing."
        )
