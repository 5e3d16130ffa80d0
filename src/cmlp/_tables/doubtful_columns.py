"""The warnings at fit about columns that say nothing of new rows: ids, free text, and copies of the target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.column_entries import NUMBER
from cmlp._data.spelling import warn_of_spellings
from cmlp._model.table_columns import MAX_CATEGORIES
from cmlp._model.unusual_rows import listed_columns
from cmlp._process.warnings import warn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from cmlp._data.array_types import AnyArray
    from cmlp._data.containers import Column
    from cmlp._model.table_columns import Codes, TableColumns

# In fewer rows, a column can agree with y, or hardly repeat a value, by chance.
_FEWEST_ROWS = 50
# Share of the values that are in one row alone, above which a column hardly repeats a value.
_MOST_ALONE = 0.5
# Share of the numbers between its ends that a counting column has. Half of a shuffled file has about half of them.
_LEAST_DENSITY = 0.4
# Numbers with the digits of a month or a day in a year.
_FEWEST_DIGITS, _MOST_DIGITS = 180_000, 21_000_000
# Rows on average of a value of y, from which on it cannot be by chance that a column says which value it is.
_FEWEST_PER_VALUE = 5


def warn_of_categories(
    values: Sequence[Any],
    counts: Mapping[Any, int],
    label: str,
    rows: NDArray[np.intp],
    *,
    may_be_text: bool,
) -> None:
    """Warn if the values of a column in some rows, with their counts, are probably no categories, or are misspelt.

    Values that `may_be_text` can be numbers or dates.
    """
    if may_be_text:
        # Few programs need it.
        from cmlp._tables.doubtful_text import warn_of_text

        if warn_of_text(values, label, rows):
            return
    filled = [count for value, count in counts.items() if value is not None]
    n = sum(filled)
    if n >= _FEWEST_ROWS and filled.count(1) > _MOST_ALONE * n:
        warn(
            f"{label} hardly repeats a value, as ids and free text do. The networks see each value "
            "of fit as a category, and nothing of others, so the column says hardly anything of new "
            "rows. Leave it out, or derive columns from it whose values repeat, such as a part of "
            "the text, its length, or whether a word is in it."
        )
        return
    if len(counts) > MAX_CATEGORIES:
        warn(
            f"{label} has {len(counts):,} categories, of which the model knows the "
            f"{MAX_CATEGORIES:,} most frequent. To the networks, the others are one category, as "
            "those that fit has not seen: derive a column from it with fewer values."
        )
    warn_of_spellings(counts, label, "categories")


def warn_of_numbers(column: Column, rows: NDArray[np.intp]) -> None:
    """Warn if the whole numbers of a column in some rows are probably dates, such as 19580329."""
    array = column.array()
    if array.dtype.kind not in "iuf" or not len(rows) or not _may_be_dates(float(array[rows[0]])):
        return
    # Few programs need it.
    from cmlp._data.date_forms import form_of_numbers

    form = form_of_numbers(array[rows].astype(np.float64))
    if form:
        key = column.label.removeprefix("column ")
        warn(
            f"{column.label} has whole numbers that are probably dates, such as "
            f"{int(array[rows[0]])}. To use dates, pass date_formats={{{key}: {form!r}}}. As "
            "numbers, their distances are wrong, and the networks see no weekday or season."
        )


def _may_be_dates(number: float) -> bool:
    """Return whether a number has the digits of a day or a month in a year."""
    return bool(_FEWEST_DIGITS <= number < _MOST_DIGITS and number == int(number))


def warn_of_no_values(
    raw: NDArray[np.float64], codes: Sequence[Codes | None], label: Callable[[int], str]
) -> None:
    """Warn of columns without any value in the training rows, which are read by the codes of categories."""
    missing = [np.nan if known is None else known.get(None, np.nan) for known in codes]
    is_missing = np.isnan(raw) | (raw == missing)
    columns = [label(i) for i in np.flatnonzero(is_missing.all(axis=0)).tolist()]
    if columns:
        warn(
            f"{listed_columns(columns)} {'has' if len(columns) == 1 else 'have'} no value in any row "
            "of fit, so the model ignores the values that later rows have there. Leave out such a "
            "column, or check where its values are lost."
        )


def warn_of_inputs(
    columns: TableColumns,
    raw: NDArray[np.float64],
    truth: AnyArray,
    label: Callable[[int], str],
    *,
    has_classes: bool,
) -> None:
    """Warn of columns that count the rows, and of those that say y exactly: no new row has such values.

    `raw` are the training rows, and `truth` their classes, numbers or labels. A single column is what y is to follow
    from, whatever it is.
    """
    if len(raw) < _FEWEST_ROWS or len(columns) < 2:
        return
    answers = truth.reshape(len(raw), -1).T.astype(np.float64)
    for i, column in enumerate(columns):
        if column.is_time:
            continue
        is_ordered = column.is_number and not has_classes
        x = raw[:, i]
        if any(_is_copy(x, answer, is_ordered=is_ordered) for answer in answers):
            warn(
                f"{label(i)} says y exactly: in all rows, equal values of one are equal values of "
                "the other. If it is a copy of y, or made from y, the model has learned nothing "
                "for new rows, in which it is not known: leave it out."
            )
        elif column.type == NUMBER and column.is_number and _counts(x):
            warn(
                f"{label(i)} counts: it has different whole numbers with hardly a gap, as the "
                "numbers of rows. If it is an id, what the model learns from it is wrong for new "
                "rows: leave it out. If it is a time, new rows are outside of its range."
            )


def _is_copy(x: NDArray[np.float64], y: NDArray[np.float64], *, is_ordered: bool) -> bool:
    """Return whether a column has the values of y under other names or, if `is_ordered`, on another scale."""
    if not _agree(x[:_FEWEST_ROWS], y[:_FEWEST_ROWS], is_ordered=is_ordered):
        return False
    present = ~np.isnan(x)
    n = np.count_nonzero(present)
    if n < max(_FEWEST_ROWS, len(x) / 2):
        return False
    x = x[present]
    y = y[present]
    if not is_ordered and len(np.unique(y)) * _FEWEST_PER_VALUE > n:
        return False
    return bool(np.ptp(y)) and _agree(x, y, is_ordered=is_ordered)


def _agree(x: NDArray[np.float64], y: NDArray[np.float64], *, is_ordered: bool) -> bool:
    """Return whether equal values of x are equal values of y and the other way round, in an order if `is_ordered`."""
    order = np.argsort(y, kind="stable")
    order = order[~np.isnan(x[order])]
    x = x[order]
    steps = np.diff(x)
    is_new = np.diff(y[order]) != 0
    if ((steps != 0) != is_new).any():
        return False
    if is_ordered:
        return bool((steps[is_new] > 0).all() or (steps[is_new] < 0).all())
    firsts = x[np.flatnonzero(is_new) + 1]
    return len(np.unique([*x[:1], *firsts])) == len(x[:1]) + len(firsts)


def _counts(x: NDArray[np.float64]) -> bool:
    """Return whether numbers are whole, all different, and hardly one between them is missing."""
    low, high = x.min(), x.max()
    n = len(x)
    if not n - 1 <= high - low < n / _LEAST_DENSITY:  # also if one is NaN
        return False
    offsets = x - low
    if (x != np.floor(x)).any():
        return False
    return bool(np.bincount(offsets.astype(np.intp)).max() == 1)
