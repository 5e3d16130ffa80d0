"""Columns of a table: from arrays and data frames to numbers and codes of categories."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Hashable, Mapping
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from cmlp._data.arrays import EXACT, read_once, rectangular, refuse_sparse
from cmlp._data.checks import check_rows
from cmlp._data.column_entries import (
    CATEGORY,
    INTERVAL,
    ORDERED,
    SIMPLE,
    TIMES,
    categories_of,
    numbers_of,
    require_few_equal_hashes,
    stored_category,
    text_of,
    type_of_entries,
    type_of_numbers,
)
from cmlp._data.columns import (
    MAX_CATEGORIES,
    ROWS_TO_COMPARE,
    Seen,
    seen_by_default,
    texts_of_names,
    warn_of_no_names,
)
from cmlp._data.containers import column_of, columns_of, names_of, plain_entry
from cmlp._process.warnings import warn
from cmlp.exceptions import InvalidParameterError, short_repr, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from cmlp._data.columns import Gaps
    from cmlp._data.containers import Column
    from cmlp._process.warnings import Notices

    Codes: TypeAlias = Mapping[object, int]

# The code of a category that fit has not seen, or that is rarer than the most frequent MAX_CATEGORIES.
OTHER = -1.0
_FROM_DTYPE = "from_dtype"
_ABSENT = object()  # in the place of the value of a missing key
_FEW_ROWS = 32
_FEW_NUMBERS = 64


class InputFrame(NamedTuple):
    """X of a table as columns, as the user passed them; `names`, of any hashable type, is None if they have none."""

    names: list[Any] | None
    columns: Sequence[Any]
    n_rows: int
    matrix: NDArray[Any] | None = None  # the columns as one array of numbers
    rows: Any = None  # of a list, whose integers and booleans may be doubles in the columns

    def column(self, i: int) -> Column:
        """Return a column."""
        return column_of(self.columns[i], self.label(i))

    def exact(self, i: int) -> Column:
        """Return a column, with the entries of the list that X was if NumPy may have rounded their integers."""
        column = self.columns[i]
        if self.rows is not None and column.dtype.kind == "f" and (np.abs(column) >= EXACT).any():
            column = np.array(self.rows, object)[:, i]
        return column_of(column, self.label(i))

    def exact_columns(self) -> list[Column]:
        """Return the columns. If X is a list, they have its entries, of which NumPy has made doubles."""
        columns = self.columns if self.rows is None else np.array(self.rows, object).T
        return [column_of(column, self.label(i)) for i, column in enumerate(columns)]

    def label(self, i: int) -> str:
        """Return the name of a column, for messages."""
        return f"column {self.names[i]!r}" if self.names is not None else f"column {i}"


class FrameReader(NamedTuple):
    """What fit has learned about the columns.

    The names are text, numbers, tuples or None for a missing name; they are None if X was not a data frame. A column of
    categories has the code of each category, also of None, the missing value, if fit has seen it. That of an ordered
    one is its rank, and an unknown or missing one is the number NaN. `seen` has what fit has seen of
    the categories of each column, None if that is not known, and for numbers.
    """

    names: Sequence[Any] | None
    codes: Sequence[Codes | None]  # None for a column of numbers
    column_types: Sequence[str]  # of the columns, see `type_of_entries`
    seen: Sequence[Seen | None] = ()
    gaps: Gaps | None = None  # how often the columns were missing in fit, if that is known

    def read(self, X: ArrayLike | InputFrame, owner: str, notices: Notices | None = None) -> NDArray[np.float64]:
        """Return the columns of X as doubles: numbers, NaN where they are missing, and codes of categories.

        With `notices`, rows that are not as those of fit are read with a warning: unknown columns, which None refuses,
        no names, and unknown categories.
        """
        frame = self._same_columns(frame_of(X, owner, types_are_known=True), owner, notices)
        return self._values(frame, notices, in_fit=notices is None)

    def read_again(self, X: ArrayLike | InputFrame, owner: str, notices: Notices) -> NDArray[np.float64]:
        """Return what `read` returns of the rows of a fit that keeps the columns of an earlier one.

        Other columns raise ValueError, and what these rows have that those of the earlier fit did not
        have is a warning.
        """
        frame = self._same_columns(frame_of(X, owner), owner, None)
        return self._values(frame, notices, in_fit=True)

    def read_with_entries(
        self, X: ArrayLike, owner: str, notices: Notices | None = None
    ) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """Return what `read` returns, and the entries as the user passed them."""
        frame = self._same_columns(frame_of(X, owner, types_are_known=True), owner, notices)
        entries = np.empty((frame.n_rows, len(frame.columns)), object)
        for i in range(len(frame.columns)):
            entries[:, i] = frame.column(i).entries()
        return self._values(frame, notices, in_fit=False), entries

    def _values(self, frame: InputFrame, notices: Notices | None, *, in_fit: bool) -> NDArray[np.float64]:
        """Return the columns as doubles.

        With `notices`, they are compared with what fit had.
        """
        column_types = self.column_types
        n_missing: dict[int, int] = {}
        if frame.matrix is None or not TIMES.isdisjoint(column_types):
            raw = np.empty((frame.n_rows, len(self.codes)))
            is_done = False
        else:
            with np.errstate(over="ignore"):  # as `numbers_of`
                raw = frame.matrix.astype(np.float64)
            is_done = True
        for i, codes in enumerate(self.codes):
            if codes is not None:
                column = frame.exact(i)
                coded = raw[:, i] = _codes(column, codes, column_types[i])
                # A list is searched faster than an array if it is short.
                if notices is not None and OTHER in (coded.tolist() if len(coded) < _FEW_ROWS else coded):
                    from cmlp._data.column_warnings import count_of_missing, warn_of_unknown

                    seen = self.seen[i] if self.seen else None
                    if None not in codes and (n := count_of_missing(column, coded, column_types[i])):
                        n_missing[i] = n
                    warn_of_unknown(column, coded, codes, column_types[i], notices, seen)
                if column_types[i] == ORDERED:
                    raw[coded == OTHER, i] = np.nan
            elif not is_done:
                raw[:, i] = numbers_of(frame.column(i), column_types[i], in_fit=in_fit)
        # A list of few numbers is judged in a third of the time that NumPy needs.
        few = raw.ravel().tolist() if raw.size <= _FEW_NUMBERS else None
        if few is None:
            is_finite = bool(np.isfinite(raw).all())
        else:
            is_finite = all(map(math.isfinite, few))
        if not is_finite and (few is None or any(map(math.isinf, few))):
            require_no_infinity(raw, frame)
        if notices is not None and self.gaps is not None:
            is_many = len(raw) >= ROWS_TO_COMPARE
            if n_missing or is_many or not (is_finite or self.gaps.allow(raw)):
                self._compare_missing(frame, raw, n_missing, notices)
        return raw

    def _compare_missing(
        self, frame: InputFrame, raw: NDArray[np.float64], n_missing: Mapping[int, int], notices: Notices
    ) -> None:
        """Warn of columns that are clearly more often missing than in fit.

        `n_missing` has how often columns are missing that have no code for it.
        """
        assert self.gaps is not None
        counts = np.isnan(raw).sum(axis=0)
        for i, codes in enumerate(self.codes):
            if codes is not None:
                code = codes.get(None)
                is_coded = code is not None
                counts[i] = (raw[:, i] == code).sum() if is_coded else n_missing.get(i, 0)
        if (counts > self.gaps.most * len(raw)).any():
            from cmlp._data.column_warnings import warn_of_missing  # few programs need it

            warn_of_missing(frame.label, counts.tolist(), len(raw), self.gaps.shares, notices)

    def _same_columns(self, frame: InputFrame, owner: str, notices: Notices | None) -> InputFrame:
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
            both = ("missing", missing), ("unknown", unknown)
            found = [f"{what} are {short_repr(names)}" for what, names in both if names]
            raise ValueError(f"X must have the columns that it had in fit: {', '.join(found)}.")
        if unknown and notices is not None and notices.is_first("columns that fit did not have"):
            warn(f"X has columns that {owner} did not have in fit, and ignores: {short_repr(unknown)}.")
        return InputFrame(list(self.names), [frame.columns[index[name]] for name in self.names], frame.n_rows)


def frame_of(X: Any, owner: str, *, types_are_known: bool = False) -> InputFrame:
    """Return the columns of an array or a data frame, which is read once; a `InputFrame` is returned as it is.

    If `types_are_known`, from fit, the columns of a few rows may have entries without the types of the data frame.
    """
    if isinstance(X, InputFrame):
        return X
    refuse_sparse(X, "X")
    X = read_once(X, "X")
    if getattr(X, "ndim", 0) == 1 and hasattr(X, "to_frame") and hasattr(X, "to_dict"):  # of pandas
        raise ValueError(
            "Expected 2D array, got 1D array instead: X is a Series. If it is a row, pass X.to_dict(), or a frame with "
            "this row such as frame.iloc[[7]]; if it is a column, X.to_frame()."
        )
    names = names_of(X)
    if names is not None:
        if len(set(names)) != len(names):
            twice = next(name for name, count in Counter(names).items() if count > 1)
            raise ValueError(f"X must not have two columns of one name, got {twice!r} twice.")
        if not names:
            raise ValueError(f"Found array with 0 feature(s) (shape={X.shape}) while a minimum of 1 is required.")
        return InputFrame(names, columns_of(X, names, types_are_known=types_are_known), len(X))
    array = rectangular(X, "X")
    check_rows(array, False, type(X).__name__, owner)
    rows = X if isinstance(X, (list, tuple)) and array.dtype.kind != "O" else None
    if array.dtype.kind == "U" and not hasattr(X, "dtype"):  # NumPy made text of the numbers in a list
        array, rows = np.array(X, dtype=object), None
    copy = np.array(array)  # which other threads cannot change
    return InputFrame(None, list(copy.T), len(copy), copy if copy.dtype.kind in "biuf" else None, rows)


def is_records(X: object) -> bool:
    """Return whether X is a row by the names of its columns, or a list that begins with one."""
    if isinstance(X, (list, tuple)) and X:
        X = X[0]
    return isinstance(X, Mapping)


def frame_of_records(
    X: Mapping[Any, Any] | Sequence[Mapping[Any, Any]], names: Sequence[Any] | None, owner: str, *, may_lack_keys: bool
) -> InputFrame:
    """Return the columns of records, each of which maps the names of columns to values; X can be one record.

    Raises ValueError for an unknown key, for a missing one unless records `may_lack_keys`, which then are missing
    values, and for a value that is a sequence.
    """
    if names is None:
        raise ValueError(
            f"X has keys, but {owner} was fitted without column names: pass rows of values in the order of the columns."
        )
    records = [X] if isinstance(X, Mapping) else X
    columns, known = [np.empty(len(records), object) for _ in names], set(names)
    for row, record in enumerate(records):
        if not isinstance(record, Mapping):
            raise ValueError(f"X must be records, got {type(record).__name__} in row {row}.")
        n_present = 0
        for column, name in zip(columns, names, strict=True):
            value = record.get(name, _ABSENT)
            if value is _ABSENT:
                if not may_lack_keys:
                    unknown = [key for key in record if key not in known]
                    other = f", which has the unknown keys {short_repr(unknown)}" if unknown else ""
                    raise ValueError(f"column {name!r} has no value in row {row}{other}. A missing value is None.")
                continue
            n_present += 1
            if type(value) not in SIMPLE and hasattr(value, "__len__") and not isinstance(value, (str, bytes)):
                raise ValueError(
                    f"column {name!r} must have one value in row {row}, got {type(value).__name__}. Pass columns of "
                    "values as a data frame, such as pandas.DataFrame(X)."
                )
            column[row] = value
        if n_present < len(record):
            unknown = [key for key in record if key not in known]
            raise ValueError(f"X must have no other keys than the columns, got {short_repr(unknown)} in row {row}.")
    return InputFrame(list(names), columns, len(records))


def learn_frame_reader(
    X: ArrayLike | InputFrame,
    categorical: Any,
    owner: str,
    rows: NDArray[np.intp] | None = None,
    weight: NDArray[np.float64] | None = None,
) -> FrameReader:
    """Return the reader of a table, which is learned from `rows` and their weights; other rows are only checked.

    Columns of a category, text or object dtype that has no numbers are categories, unless `categorical` is None, and so
    are those that it has: names, indices, a mask, or a mapping to lists of ordered categories (None for no order).
    """
    frame = frame_of(X, owner)
    if rows is None:
        rows = np.arange(frame.n_rows)
    chosen = _chosen(categorical, frame)
    codes: list[Codes | None] = []
    column_types: list[str] = []
    seen: list[Seen | None] = []
    for i, column in enumerate(frame.exact_columns()):
        found = type_of_entries(column, rows)
        is_chosen = i in chosen
        levels = chosen[i] if is_chosen else None
        if levels is None and categorical is not None and found not in TIMES:
            held = column.levels()
            levels = None if held is None else categories_of(held, CATEGORY)
        if levels is not None:
            require_few_equal_hashes(levels, column.label)
            column_types.append(ORDERED)
            codes.append({stored_category(level): rank for rank, level in enumerate(levels)})
            seen.append(seen_by_default(len(levels), is_ordered=True))
            _require_levels(column, codes[i])
        elif is_chosen or (categorical is not None and _holds_categories(column, rows)):
            column_types.append(found if found in TIMES else CATEGORY)
            learned = _learn_codes(column, column_types[i], rows, weight)
            codes.append(learned[0])
            seen.append(learned[1])
            is_decided = is_chosen or column.is_of_file or column.has_categories()
            if column_types[i] == CATEGORY and not is_decided:
                from cmlp._data.column_warnings import warn_of_text  # few programs need it

                warn_of_text(categories_of(column, CATEGORY), column.label, rows)
        else:
            column_types.append(type_of_numbers(found))
            codes.append(None)
            seen.append(None)
    return FrameReader(frame.names, codes, column_types, seen)


def _require_levels(column: Column, codes: Codes | None) -> None:
    """Raise ValueError for a value that is not among the ordered categories."""
    for row, value in enumerate(categories_of(column, CATEGORY)):
        if value is not None and value not in (codes or ()):
            known = short_repr(list(codes or ()))
            raise ValueError(
                f"{column.label} must be one of its ordered categories {known}, got {shown(value)} in row {row}."
            )


def _chosen(categorical: Any, frame: InputFrame) -> dict[int, Sequence[object] | None]:
    """Return the indices of the columns that the user calls categorical, with their categories in order, or None."""
    if isinstance(categorical, str) and categorical == _FROM_DTYPE:
        return {}
    n = len(frame.columns)
    ordered = categorical if isinstance(categorical, Mapping) else {}
    given = _entries_of(categorical)
    if given and not ordered and {*map(type, given)} == {bool}:
        if len(given) != n:
            raise InvalidParameterError(
                f"categorical_features as a mask must have {n} entries, one per column, got {len(given)}.",
                parameter="categorical_features",
                value=categorical,
            )
        return dict.fromkeys(np.flatnonzero(given).tolist())
    names = frame.names or []
    index = {name: i for i, name in enumerate(names)} | {i: i for i in range(n)}
    found: dict[int, Sequence[object] | None] = {}
    for entry in given:
        is_of_other_type = isinstance(entry, (bool, float)) and entry not in names  # which may equal an index
        if is_of_other_type or not isinstance(entry, Hashable):
            raise _not_columns(categorical)
        if entry not in index:
            raise InvalidParameterError(
                f"categorical_features has {shown(entry)}, but X has no such column.",
                parameter="categorical_features",
                value=categorical,
            )
        levels = ordered.get(entry)
        found[index[entry]] = None if levels is None else _checked_levels(levels, entry)
    return found


def _entries_of(categorical: Any) -> list[Any]:
    """Return the entries of `categorical_features`: names, of any types, indices or the booleans of a mask."""
    if isinstance(categorical, (list, tuple, Mapping)):  # of which NumPy would make one type
        return [plain_entry(entry) for entry in categorical]
    given = np.asarray([] if categorical is None else categorical)
    if given.ndim != 1 or (given.size and given.dtype.kind not in "biuUOT"):
        raise _not_columns(categorical)
    entries: list[Any] = given.tolist()
    return entries


def _not_columns(categorical: object) -> InvalidParameterError:
    expected = "'from_dtype', None, or a list of names or indices, a mask, or a dict of names to ordered categories"
    shown = short_repr(categorical)
    return InvalidParameterError(
        f"categorical_features must be {expected}, got {shown}.",
        parameter="categorical_features",
        value=categorical,
        expected=expected,
    )


def _checked_levels(levels: Any, entry: object) -> list[object]:
    """Return a column's categories in order: different texts or numbers."""
    found = list(levels) if isinstance(levels, (list, tuple, np.ndarray)) else []
    found = [plain_entry(level) for level in found]
    require_few_equal_hashes(found, f"column {entry!r}")
    if (
        not found
        or len({*map(stored_category, found)} - {None}) < len(found)
        or not SIMPLE.issuperset(map(type, found))
        or None in map(text_of, found)
    ):
        raise InvalidParameterError(
            "categorical_features must have a list of different texts or numbers for column "
            f"{shown(entry)}, got {short_repr(levels)}.",
            parameter="categorical_features",
        )
    return found


def _holds_categories(column: Column, rows: NDArray[np.intp]) -> bool:
    if column.has_categories():
        return True
    array = column.array()
    return array.dtype.kind in "OUT" and any(
        isinstance(value, str) or type(value).__name__ == INTERVAL for value in array[rows].tolist()
    )


def _learn_codes(
    column: Column, column_type: str, rows: NDArray[np.intp], weight: NDArray[np.float64] | None
) -> tuple[Codes, Seen]:
    """Return the codes of the categories with the largest weights, and what there was besides them.

    Categories of equal weight have the order of text, None last.
    """
    values = categories_of(column, column_type)
    entries = [values[row] for row in rows.tolist()]
    require_few_equal_hashes(entries, column.label)
    occurring: Counter[object] = Counter(entries)
    weights: dict[object, float] = dict(occurring)
    if weight is not None:
        weights = dict.fromkeys(occurring, 0.0)
        for value, share in zip(entries, weight.tolist(), strict=True):
            weights[value] += share
    stored = {stored_category(value): total for value, total in weights.items()}
    if None in map(text_of, stored):
        row = next(row for row in rows.tolist() if text_of(values[row]) is None)
        most = sys.get_int_max_str_digits()
        raise ValueError(
            f"{column.label} must have categories of at most {most:,} digits, got {shown(values[row])} in row {row}."
        )
    ordered = sorted(stored, key=lambda value: (-stored[value], value is None, str(value)))
    codes = {value: code for code, value in enumerate(ordered[:MAX_CATEGORIES])}
    alone = {stored_category(value) for value, count in occurring.items() if count == 1}
    filled = {value: total for value, total in stored.items() if value is not None}
    is_rare = {value: value in alone or value not in codes for value in filled}
    rare = math.fsum(total for value, total in filled.items() if is_rare[value])
    rare = rare / math.fsum(filled.values()) if rare else 0.0
    if len(stored) > len(codes):
        part = _part_in_new_rows(occurring, codes)
        rare = rare if part == 1 else 1 - part * (1 - rare)
    return codes, Seen(len(stored), rare)


def _part_in_new_rows(occurring: Mapping[object, int], codes: Codes) -> float:
    """Estimate how often the listed categories occur in new rows, as a part of how often they did in fit.

    They are those that occurred most often, partly by chance. So the numbers of rows are drawn
    towards their mean as far as they vary by chance (Efron and Morris, 1973), and so far a new row
    has a new category with the probability of Good (1953).
    """
    counts: Counter[object] = Counter()
    for value, count in occurring.items():
        counts[stored_category(value)] += count
    del counts[None]
    numbers = np.array([*counts.values()], np.float64)
    listed = numbers[np.array([value in codes for value in counts], bool)]
    mean, variance = numbers.mean(), numbers.var()
    chance = min(1.0, mean / variance) if variance else 1.0
    drawn = (1 - chance) * listed.sum() + chance * mean * len(listed)
    known = 1 - chance * np.count_nonzero(numbers == 1) / numbers.sum()
    return min(1.0, float(drawn / listed.sum() * known))


def _codes(column: Column, codes: Codes, column_type: str) -> NDArray[np.float64]:
    if column_type in (CATEGORY, ORDERED) and (coded := column.codes()) is not None:
        categories, numbers = coded  # few categories, each of which is converted once
        if SIMPLE.issuperset(map(type, categories)):
            known = np.array([codes.get(value, OTHER) for value in (*categories, None)], np.float64)
            return known[np.asarray(numbers, np.intp)]  # -1, the last one, if missing
    values = categories_of(column, column_type)
    return np.fromiter(map(codes.get, values, repeat(OTHER)), np.float64, len(values))


def require_no_infinity(raw: NDArray[np.float64], frame: InputFrame) -> None:
    """Raise ValueError if a number is infinite; missing values are allowed."""
    infinite = np.isinf(raw)
    if infinite.any():
        row, column = map(int, np.argwhere(infinite)[0])
        raise ValueError(
            f"Input X contains infinity or a value too large for float64: {frame.label(column)}, row {row}. "
            "Replace it by a finite number, or by NaN if it is missing."
        )
