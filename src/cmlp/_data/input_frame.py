"""X of a table as columns: from arrays, data frames and records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from cmlp._data.array_types import AnyArray
from cmlp._data.arrays import EXACT, read_once, rectangular, refuse_sparse
from cmlp._data.checks import check_rows
from cmlp._data.column_entries import SIMPLE, equal_entries
from cmlp._data.columns import MaskedColumn
from cmlp._data.containers import Column, column_of, columns_of, names_of
from cmlp.exceptions import short_repr

_ABSENT = object()  # in the place of the value of a missing key


class InputFrame(NamedTuple):
    """X of a table as columns, as the user passed them; `names`, of any hashable type, is None if they have none."""

    names: list[Any] | None
    columns: Sequence[Any]
    n_rows: int
    matrix: AnyArray | None = None  # the columns as one array of numbers
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

    def entries(self) -> AnyArray:
        """Return the entries of all columns as values of Python, in an array of objects."""
        found = np.empty((self.n_rows, len(self.columns)), object)
        for i in range(len(self.columns)):
            found[:, i] = self.column(i).entries()
        return found

    def label(self, i: int) -> str:
        """Return the name of a column, for messages."""
        return f"column {self.names[i]!r}" if self.names is not None else f"column {i}"


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
            "Expected 2D array, got 1D array instead: X is a Series. If it is a row, pass "
            "X.to_dict(), or a frame with this row such as frame.iloc[[7]]; if it is a column, "
            "X.to_frame()."
        )
    names = names_of(X)
    if names is not None:
        if len(set(names)) != len(names):
            twice = next(name for name, count in Counter(names).items() if count > 1)
            raise ValueError(f"X must not have two columns of one name, got {twice!r} twice.")
        if not names:
            raise ValueError(
                f"Found array with 0 feature(s) (shape={X.shape}) while a minimum of 1 is required."
            )
        return InputFrame(names, columns_of(X, names, types_are_known=types_are_known), len(X))
    array = rectangular(X, "X")
    check_rows(array, False, type(X).__name__, owner)
    rows = X if isinstance(X, (list, tuple)) and array.dtype.kind != "O" else None
    if array.dtype.kind == "U" and not hasattr(
        X, "dtype"
    ):  # NumPy made text of the numbers in a list
        array, rows = np.array(X, dtype=object), None
    copy = np.array(array)  # which other threads cannot change
    return InputFrame(
        None, list(copy.T), len(copy), copy if copy.dtype.kind in "biuf" else None, rows
    )


def with_dates(frame: InputFrame, forms: Mapping[int, str]) -> InputFrame:
    """Return a frame in which the texts of some columns are dates of forms, by the indices of the columns.

    Raises ValueError with the column and the row of an entry that is no date.
    """
    from cmlp._data.date_forms import date_form, read_dates  # few tables need it

    if frame.rows is None:
        columns = list(frame.columns)
    else:
        columns = list(np.array(frame.rows, object).T)
    for i, text in forms.items():
        columns[i] = read_dates(column_of(columns[i], frame.label(i)), date_form(text))
    return InputFrame(frame.names, columns, frame.n_rows)


def without_codes(
    frame: InputFrame, codes_of_columns: Mapping[int, Collection[object]]
) -> InputFrame:
    """Return a frame in which the entries that equal a code of their column are missing, by the indices of columns."""
    columns = list(frame.columns if frame.rows is None else np.array(frame.rows, object).T)
    is_same = True
    for i, codes in codes_of_columns.items():
        is_missing = equal_entries(column_of(columns[i], frame.label(i)), codes)
        if is_missing.any():
            columns[i], is_same = MaskedColumn(columns[i], is_missing), False
    return frame if is_same else InputFrame(frame.names, columns, frame.n_rows)


def is_records(X: object) -> bool:
    """Return whether X is a row by the names of its columns, or a list that begins with one."""
    if isinstance(X, (list, tuple)) and X:
        X = X[0]
    return isinstance(X, Mapping)


def frame_of_records(
    X: Mapping[Any, Any] | Sequence[Mapping[Any, Any]],
    names: Sequence[Any] | None,
    owner: str,
    *,
    may_lack_keys: bool,
) -> InputFrame:
    """Return the columns of records, each of which maps the names of columns to values; X can be one record.

    Raises ValueError for an unknown key, for a missing one unless records `may_lack_keys`, which then are missing
    values, and for a value that is a sequence.
    """
    if names is None:
        raise ValueError(
            f"X has keys, but {owner} was fitted without column names: pass rows of values in the "
            "order of the columns."
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
                    raise ValueError(
                        f"column {name!r} has no value in row {row}{other}. A missing value is "
                        "None."
                    )
                continue
            n_present += 1
            if (
                type(value) not in SIMPLE
                and hasattr(value, "__len__")
                and not isinstance(value, (str, bytes))
            ):
                raise ValueError(
                    f"column {name!r} must have one value in row {row}, got "
                    f"{type(value).__name__}. Pass columns of values as a data frame, such as "
                    "pandas.DataFrame(X)."
                )
            column[row] = value
        if n_present < len(record):
            unknown = [key for key in record if key not in known]
            raise ValueError(
                f"X must have no other keys than the columns, got {short_repr(unknown)} in row "
                f"{row}."
            )
    return InputFrame(list(names), columns, len(records))
