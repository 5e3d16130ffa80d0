"""Rows outside of what the training rows of a table had: how far, per column, and the warnings of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cmlp._data.array_types import NDArray
from cmlp._data.times import text_of_time
from cmlp._model.model import TableModel
from cmlp._model.other_rows import FAR, warn_of_differences
from cmlp._model.summary import Later, range_texts, short
from cmlp._model.table_columns import column_name
from cmlp._model.unusual_rows import MOSTLY, ROWS_TO_COMPARE
from cmlp._process.warnings import warn, warn_of_data
from cmlp.exceptions import MovedRowsWarning

_SHOWN = 5  # columns in a warning
# Of intervals and sets. Of new rows from the same population, a few are a little outside: that is no reason for a
# warning. Many rows: more than this share is farther outside than this part of the range.
_MARGIN = 0.1
_SHARE = 0.1
# Rows that are far outside: more than this share, and at least two, or one of few rows.
_SHARE_FAR = 0.01
_FEWEST_FAR = 2


def outside(model: TableModel, raw: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each value is above (or, negative, below) the range of its column in training.

    NaN stands for a category or a missing value that training did not have. In a column of which training had other
    categories than those that the model lists, a category that is not listed may be one of them, so it has 0. So have
    all values of a column that `fit` does not use.
    """
    return _distances(model, raw, *model.columns.ranges)


def _distances(
    model: TableModel, raw: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return what `outside` returns, with the ranges of the columns."""
    with np.errstate(invalid="ignore"):
        found: NDArray[np.float64] = np.where(
            raw > high, raw - high, np.where(raw < low, raw - low, 0.0)
        )
    for i, column in enumerate(model.columns):
        if column.is_category:
            if not column.has_unlisted:
                found[raw[:, i] < 0, i] = np.nan
        elif not column.missing and column.is_number:
            found[np.isnan(raw[:, i]), i] = np.nan
    return found


def warn_outside(model: TableModel, raw: NDArray[np.float64], what: str) -> None:
    """Warn of columns of which rows are clearly outside the training range, once of each: no coverage holds there.

    Columns with an error come first, and are not named again. Of a column by which errors on later rows were measured,
    later rows are outside where these errors say nothing.
    """
    if not len(raw):
        return
    ending = (
        f" The coverage of {what} holds for rows as in training or calibration, and not there. outside(X) returns the "
        "distances."
    )
    # All columns with most rows outside are named below.
    found = model.known_numbers.differences(raw)._replace(outside=[])
    warn_of_differences(model.known_numbers, found, "", model.notices, ending)
    named = found.columns  # in this call or in one before
    low, high = model.columns.ranges
    far = np.abs(np.nan_to_num(_distances(model, raw, low, high)))
    later = None if model.summary is None else model.summary.later
    if later is not None and later.column is not None and model.names is not None:
        i = model.names.index(later.column)
        _warn_of_later(model, later, raw[:, i])
        far[raw[:, i] > high[i], i] = 0
    width = np.nan_to_num(high - low)
    n, n_far = len(raw), (far > FAR * width).sum(axis=0)
    is_far = n_far > 0
    if n >= ROWS_TO_COMPARE:
        is_far = (n_far >= _FEWEST_FAR) & (n_far > _SHARE_FAR * n)
    due = is_far | ((far > _MARGIN * width).mean(axis=0) > _SHARE)
    columns = []
    for i in np.flatnonzero(due).tolist():
        if i not in named and model.notices.is_first(
            f"{model.columns.label(i)}: outside the training range"
        ):
            columns.append(i)
    text = _described(model, columns, low, high, far)
    if text:
        warn(f"{text}.{ending}")


def _warn_of_later(model: TableModel, later: Later, times: NDArray[np.float64]) -> None:
    """Warn of rows after the time until which intervals hold, once."""
    n = int((times > later.until).sum())
    label = f"column {later.column!r}"
    if n and model.notices.is_first(f"{label}: later than intervals hold"):
        most = text_of_time(float(np.nanmax(times)), later.kind)
        warn(
            f"{label}: {n:,} of {len(times):,} rows are later than {text_of_time(later.until, later.kind)}, the latest "
            f"{most}. {later.sentence}."
        )


def warn_of_moved_rows(model: TableModel, raw: NDArray[np.float64], note: str) -> None:
    """Warn of columns of numbers of which most rows of a warm start are outside the range of before.

    The networks can hardly tell these rows apart, because their inputs are clipped.
    """
    low, high = model.columns.ranges
    far = np.abs(np.nan_to_num(_distances(model, raw, low, high)))
    are_numbers = [column.is_number for column in model.columns]
    moved = np.flatnonzero(((far > 0).mean(axis=0) > MOSTLY) & are_numbers).tolist()
    found = model.known_numbers.differences(raw)
    sentences = found.remedies(model.known_numbers)
    if moved:
        sentences.insert(0, f"{_described(model, moved, low, high, far)}.")
    if sentences:
        names = [column_name(model.names, i) for i in dict.fromkeys([*moved, *found.columns])]
        warn_of_data(f"{' '.join(sentences)}{note}", MovedRowsWarning, *names)


def _described(
    model: TableModel,
    columns: Sequence[int],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    far: NDArray[np.float64],
) -> str:
    """Return how many rows of some columns are outside the training range, and how far."""
    width = np.nan_to_num(high - low)
    texts: list[str] = []
    for i in columns:
        n, distance = int((far[:, i] > 0).sum()), float(far[:, i].max())
        is_date = model.columns[i].is_date
        if is_date:
            ends = [str(np.datetime64(int(end), "D")) for end in (low[i], high[i])]
        else:
            ends = range_texts(float(low[i]), float(high[i]))
        share = f", {distance / width[i]:.0%} of its width" if width[i] else ""
        where = "" if texts else f" of {len(far):,} rows are outside the range of the training rows"
        far_away = f"{short(distance)}{' days' * is_date}{share}"
        texts.append(
            f"{model.columns.label(i)}: {n:,}{where} ({ends[0]} to {ends[1]}), by up to {far_away}"
        )
    n_more = len(texts) - _SHOWN
    more = f"; and {n_more} more column{'s' * (n_more > 1)}" * (n_more > 0)
    return "; ".join(texts[:_SHOWN]) + more
