"""The warning at fit about a column that says what the rows are repeated measurements of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmlp._data.column_entries import CATEGORY, categories_of
from cmlp._data.groups import groups_of
from cmlp._process.warnings import warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmlp._data.input_frame import InputFrame
    from cmlp._model.table_columns import TableColumns

# The limits were chosen on the tables of benchmarks/table_sets.py, of which one has repeated
# measurements, and on the panels of benchmarks/groups.py.
_FEWEST_VALUES = 10
_FEWEST_ROWS_OF_VALUE = 2  # on average
_LARGEST_SHARE = 0.25  # of the rows that have the most frequent value
_FEWEST_CONSTANT = 2
_MOST_OF_ONE_NUMBER = 0.9  # share of the rows with the most frequent value of a constant column
_MOST_ROWS = 20_000  # that are compared
_FEW_ROWS = 500  # that are compared first
_SHOWN = 3  # columns in a message


def warn_of_repeated_rows(
    frame: InputFrame, columns: TableColumns, raw: NDArray[np.float64], rows: NDArray[np.intp]
) -> None:
    """Warn of a column of texts or whole numbers for each of whose values several others are constant.

    Without `groups`, `fit` holds out rows of persons on whom it also trains, and intervals do not
    cover new ones.
    """
    for i, column in enumerate(columns):
        if column.type not in (CATEGORY, "number") or not column.is_used:
            continue
        if column.has_unlisted:
            entries = categories_of(frame.exact(i), CATEGORY)
            # A missing value is a value here.
            kept = [(entries[row] is None, entries[row]) for row in rows.tolist()]
            values = groups_of(kept, None).codes.astype(np.float64)
        else:
            values = raw[:, i]
        others = _constant_columns(values, raw, [k for k in _compared(columns) if k != i])
        if len(others) >= _FEWEST_CONSTANT:
            _warn(frame, i, others, len(np.unique(values[~np.isnan(values)])))
            return


def _compared(columns: TableColumns) -> list[int]:
    """Return the columns of which all values are known."""
    return [k for k, column in enumerate(columns) if column.is_used and not column.has_unlisted]


def _constant_columns(
    values: NDArray[np.float64], raw: NDArray[np.float64], others: Sequence[int]
) -> list[int]:
    """Return the other columns that are constant for each value.

    There are none if the values do not repeat as those of ids do.
    """
    present = np.flatnonzero(~np.isnan(values))
    if not _are_ids(values[present[:_FEW_ROWS]]) or not _are_ids(values[present]):
        return []
    order = present[np.argsort(values[present], kind="stable")]
    ordered = values[order]
    is_first = np.append(True, ordered[1:] != ordered[:-1])
    firsts = np.flatnonzero(is_first)
    sizes = np.diff(np.append(firsts, len(ordered)))
    n_values = len(firsts)
    if (
        n_values < _FEWEST_VALUES
        or n_values * _FEWEST_ROWS_OF_VALUE > len(ordered)
        or sizes.max() > _LARGEST_SHARE * len(ordered)
    ):
        return []
    constant = list(others)
    for n in (_FEW_ROWS, _MOST_ROWS):
        kept, has_before = order[:n], ~is_first[:n]
        constant = [k for k in constant if _is_constant(raw[kept, k], has_before)]
    if len(constant) == len(others):  # the rows themselves are repeated
        return []
    return [k for k in constant if _says_something(raw[order, k], firsts)]


def _are_ids(values: NDArray[np.float64]) -> bool:
    """Return whether numbers are whole; codes of categories are."""
    return bool((values == np.floor(values)).all())


def _is_constant(values: NDArray[np.float64], has_before: NDArray[np.bool_]) -> bool:
    """Return whether each value that has one of the same group before it is equal to it."""
    before, after = values[:-1][has_before[1:]], values[1:][has_before[1:]]
    return bool(((before == after) | (np.isnan(before) & np.isnan(after))).all())


def _says_something(values: NDArray[np.float64], firsts: NDArray[np.intp]) -> bool:
    """Return whether a constant column says something of the groups.

    It does not if it is nearly the same for all rows, or another name of the groups: a value of its
    own for each group, which is a text, a whole number, or a number that is computed from the
    groups and so ascends or descends with them. The rows have the order of the groups.
    """
    counts = np.unique(values, return_counts=True)[1]
    if counts.max() > _MOST_OF_ONE_NUMBER * len(values):
        return False
    if len(counts) < len(firsts):
        return True
    steps = np.diff(values[firsts])
    return not _are_ids(values) and not (steps > 0).all() and not (steps < 0).all()


def _warn(frame: InputFrame, i: int, others: Sequence[int], n_values: int) -> None:
    names = [frame.label(k).removeprefix("column ") for k in others[:_SHOWN]]
    more = len(others) - len(names)
    listed = ", ".join(names) + f" and {more} more" * (more > 0)
    warn(
        f"X looks like repeated measurements of {frame.label(i)}: the columns {listed} are "
        f"constant for each of its {n_values:,} values. If rows to predict will be of others, pass groups "
        "(--groups of cmlp train), this column, and leave it out of X: errors and intervals are "
        "then those of rows of new ones, instead of far too small."
    )
