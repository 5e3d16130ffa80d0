"""Columns of a table: from arrays and data frames to numbers and codes of categories.

A data frame is read column by column through ``__array__``, so neither pandas, polars nor pyarrow has to be imported.
"""

from __future__ import annotations

import reprlib
from collections import Counter
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from cmlp._data.arrays import EXACT, is_missing, rectangular
from cmlp._data.checks import check_rows
from cmlp._data.columns import FileColumn
from cmlp._data.entries import (
    CATEGORY,
    INTERVAL,
    NUMBER,
    SIMPLE,
    TIMES,
    array_of,
    categories_of,
    column_kind,
    entries_of,
    kind_of_numbers,
    numbers_of,
    plain_entry,
    stored_category,
    type_of,
)
from cmlp._data.frames import read_once, texts_of_names, warn_of_no_names
from cmlp._data.sparse import refuse_sparse
from cmlp._process.warnings import warn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from cmlp._process.warnings import Notices

    Codes: TypeAlias = Mapping[object, int]

# The code of a category that fit has not seen, or that is rarer than the most frequent MAX_CATEGORIES.
OTHER = -1.0
MAX_CATEGORIES = 200
_FROM_DTYPE = "from_dtype"
_FEW_ROWS = 32


class FrameColumns(NamedTuple):
    """The columns of a table as the user passed them; `names`, of any hashable type, is None if they have none."""

    names: list[Any] | None
    columns: Sequence[Any]
    n_rows: int
    matrix: NDArray[Any] | None = None  # the columns as one array of numbers
    rows: Any = None  # of a list, whose integers and booleans may be doubles in the columns

    def exact(self, i: int) -> Any:
        """Return a column, or the entries of the list that X was if NumPy may have rounded their integers."""
        column = self.columns[i]
        if self.rows is None or column.dtype.kind != "f" or not (np.abs(column) >= EXACT).any():
            return column
        return np.array(self.rows, object)[:, i]

    def exact_columns(self) -> Sequence[Any]:
        """Return the columns. If X is a list, they have its entries, of which NumPy has made doubles."""
        return self.columns if self.rows is None else list(np.array(self.rows, object).T)

    def label(self, i: int) -> str:
        """Return the name of a column, for messages."""
        return f"column {self.names[i]!r}" if self.names is not None else f"column {i}"


class FrameReader(NamedTuple):
    """What fit has learned about the columns.

    The names are text, numbers, tuples or None for a missing name; they are None if X was not a data frame. A column of
    categories has the code of each category, also of None, the missing value, if fit has seen it.
    """

    names: Sequence[Any] | None
    codes: Sequence[Codes | None]  # None for a column of numbers
    kinds: Sequence[str] = ()  # of the columns, see `kind_of`; empty if all are numbers or categories

    def read(self, X: ArrayLike | FrameColumns, owner: str, notices: Notices | None = None) -> NDArray[np.float64]:
        """Return the columns of X as doubles: numbers, NaN where they are missing, and codes of categories.

        With `notices`, rows that are not as those of fit are read with a warning: unknown columns, which None refuses,
        no names, and unknown categories.
        """
        return self._values(self._same_columns(frame_of(X, owner), owner, notices), notices)

    def read_with_entries(
        self, X: ArrayLike, owner: str, notices: Notices | None = None
    ) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """Return what `read` returns, and the entries as the user passed them."""
        frame = self._same_columns(frame_of(X, owner), owner, notices)
        found = np.empty((frame.n_rows, len(frame.columns)), object)
        for i, column in enumerate(frame.columns):
            found[:, i] = entries_of(column, frame.label(i))
        return self._values(frame, notices), found

    def _values(self, frame: FrameColumns, notices: Notices | None) -> NDArray[np.float64]:
        kinds = self.kinds or [NUMBER if codes is None else CATEGORY for codes in self.codes]
        if frame.matrix is None or not TIMES.isdisjoint(kinds):
            raw = np.empty((frame.n_rows, len(self.codes)))
            is_done = False
        else:
            with np.errstate(over="ignore"):  # as `numbers_of`
                raw = frame.matrix.astype(np.float64)
            is_done = True
        for i, codes in enumerate(self.codes):
            if codes is not None:
                column = frame.exact(i)
                found = raw[:, i] = _codes(column, codes, frame.label(i), kinds[i])
                # A list is searched faster than an array if it is short.
                if notices is not None and OTHER in (found.tolist() if len(found) < _FEW_ROWS else found):
                    from cmlp._data.doubts import warn_of_unknown  # few programs need it

                    is_full = len(codes) >= MAX_CATEGORIES
                    warn_of_unknown(column, found, codes, frame.label(i), kinds[i], notices, is_full=is_full)
            elif not is_done:
                raw[:, i] = numbers_of(frame.columns[i], frame.label(i), kinds[i])
        require_no_infinity(raw, frame)
        return raw

    def _same_columns(self, frame: FrameColumns, owner: str, notices: Notices | None) -> FrameColumns:
        """Return the columns in the order of fit; others raise ValueError, or with `notices` cause a warning."""
        if self.names is None or frame.names is None:
            if len(frame.columns) != len(self.codes):
                raise ValueError(
                    f"X has {len(frame.columns)} features, but {owner} is expecting {len(self.codes)} features as "
                    "input."
                )
            if notices is not None and frame.names is None and texts_of_names(self.names) is not None:
                warn_of_no_names(owner)
            return frame
        index, known = {name: i for i, name in enumerate(frame.names)}, set(self.names)
        missing = [name for name in self.names if name not in index]
        unknown = [name for name in frame.names if name not in known]
        if missing or (unknown and notices is None):
            raise ValueError(
                "X must have the columns that it had in fit: "
                f"missing are {reprlib.repr(missing)}, unknown are {reprlib.repr(unknown)}."
            )
        if unknown and notices is not None and notices.is_first("columns that fit did not have"):
            warn(f"X has columns that {owner} did not have in fit, and ignores: {reprlib.repr(unknown)}.")
        return FrameColumns(list(self.names), [frame.columns[index[name]] for name in self.names], frame.n_rows)


def frame_of(X: Any, owner: str) -> FrameColumns:
    """Return the columns of an array or a data frame, which is read once; a `FrameColumns` is returned as it is."""
    if isinstance(X, FrameColumns):
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
        return FrameColumns(names, columns, len(X))
    array = rectangular(X, "X")
    check_rows(array, False, type(X).__name__, owner)
    rows = X if isinstance(X, (list, tuple)) and array.dtype.kind != "O" else None
    if array.dtype.kind == "U" and not hasattr(X, "dtype"):  # NumPy made text of the numbers in a list
        array, rows = np.array(X, dtype=object), None
    copy = np.array(array)  # which other threads cannot change
    return FrameColumns(None, list(copy.T), len(copy), copy if copy.dtype.kind in "biuf" else None, rows)


def _names(X: Any) -> list[Any] | None:
    if isinstance(X, np.ndarray) or not hasattr(X, "__array__"):
        return None
    for attribute in ("column_names", "columns"):  # pyarrow has both: its columns are arrays
        names = getattr(X, attribute, None)
        if names is not None:
            return [None if is_missing(name) else plain_entry(name) for name in names]  # NaN would differ from itself
    return None


def learn_frame_reader(
    X: ArrayLike | FrameColumns,
    categorical: Any,
    owner: str,
    rows: NDArray[np.intp] | None = None,
    weight: NDArray[np.float64] | None = None,
) -> FrameReader:
    """Return the schema of a table, which is learned from `rows` and their weights; other rows are only checked.

    The columns of categories are `categorical`: names, indices or a mask; with "from_dtype" those of a category, text
    or object dtype that has no numbers.
    """
    frame = frame_of(X, owner)
    if rows is None:
        rows = np.arange(frame.n_rows)
    chosen = _chosen(categorical, frame)
    codes: list[Codes | None] = []
    kinds: list[str] = []
    for i, column in enumerate(frame.exact_columns()):
        label = frame.label(i)
        found = column_kind(column, label, rows)
        if i in chosen if chosen is not None else _holds_categories(column, label, rows):
            kinds.append(found if found in TIMES else CATEGORY)
            codes.append(_learn_codes(column, label, kinds[i], rows, weight))
            if chosen is None and kinds[i] == CATEGORY and not _is_decided(column):
                from cmlp._data.doubts import warn_of_text  # few programs need it

                warn_of_text(categories_of(column, label, CATEGORY), label, rows)
        else:
            kinds.append(kind_of_numbers(found))
            codes.append(None)
    return FrameReader(frame.names, codes, tuple(kinds) if {*kinds} - {NUMBER, CATEGORY} else ())


def _chosen(categorical: Any, frame: FrameColumns) -> set[int] | None:
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
    if _has_category_type(column):
        return True
    array = array_of(column, label)
    return array.dtype.kind in "OUT" and any(
        isinstance(value, str) or type(value).__name__ == INTERVAL for value in array[rows].tolist()
    )


def _has_category_type(column: Any) -> bool:
    """Return whether the type of a column says that it has categories."""
    return str(type_of(column)).lower().startswith(("category", "categorical", "enum", "dictionary", "interval"))


def _is_decided(column: Any) -> bool:
    """Return whether text is known to be categories: by its type, or because a file's reader has parsed the others."""
    return isinstance(column, FileColumn) or _has_category_type(column)


def _learn_codes(
    column: Any, label: str, kind: str, rows: NDArray[np.intp], weight: NDArray[np.float64] | None
) -> Codes:
    """Return the codes of the categories with the largest weights; equal ones in the order of text, None last."""
    values = categories_of(column, label, kind)
    counts: Counter[object] = Counter()
    for row, share in zip(rows.tolist(), [1] * len(rows) if weight is None else weight.tolist(), strict=True):
        counts[values[row]] += share
    stored = {stored_category(value): count for value, count in counts.items()}
    ordered = sorted(stored, key=lambda value: (-stored[value], value is None, str(value)))
    return {value: code for code, value in enumerate(ordered[:MAX_CATEGORIES])}


def _codes(column: Any, codes: Codes, label: str, kind: str) -> NDArray[np.float64]:
    coded: Any = getattr(column, "cat", None)  # of pandas, with few categories, so that each is converted once
    categories = coded.categories.tolist() if hasattr(coded, "codes") else [()]
    if kind == CATEGORY and SIMPLE.issuperset(map(type, categories)):
        known = np.array([codes.get(value, OTHER) for value in (*categories, None)], np.float64)
        return known[np.asarray(coded.codes, np.intp)]  # -1, the last one, if missing
    values = categories_of(column, label, kind)
    return np.fromiter(map(codes.get, values, repeat(OTHER)), np.float64, len(values))


def require_no_infinity(raw: NDArray[np.float64], frame: FrameColumns) -> None:
    """Raise ValueError if a number is infinite; missing values are allowed."""
    infinite = np.isinf(raw)
    if infinite.any():
        row, column = map(int, np.argwhere(infinite)[0])
        raise ValueError(
            f"Input X contains infinity or a value too large for float64: {frame.label(column)}, row {row}. "
            "Replace it by a finite number, or by NaN if it is missing."
        )
