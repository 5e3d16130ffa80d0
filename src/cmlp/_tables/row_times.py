"""The times of the rows of a table as numbers, and the windows by which later rows are predicted from earlier ones.

The cuts were chosen on the tables of `benchmarks.later`: one network for each costs little.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from cmlp._data.array_types import AnyArray, ArrayLike, ByColumn, NDArray
from cmlp._data.column_entries import (
    CATEGORY,
    NUMBER,
    numbers_of,
    type_of_entries,
    type_of_numbers,
)
from cmlp._data.containers import column_of
from cmlp._data.groups import Groups
from cmlp._data.input_frame import InputFrame, frame_of, with_dates
from cmlp._data.times import Times, large_integers, text_of_time
from cmlp._model.table_columns import TableColumns
from cmlp._tables.learn_columns import learn_columns
from cmlp.exceptions import shown

_CUTS = (0.6, 0.7, 0.8)  # shares of the rows that come before
_AHEAD = 0.25  # rows of a later part, for each row before it
FEWEST_ROWS, _FEWEST_TIMES = 80, 5
_FEWEST_GROUPS = 9  # that are new, with which intervals of 0.9 are finite
_FEWEST_ROWS_BEFORE = 20  # as there are without groups
_LEAST_BEFORE = 0.25  # share of the rows, so that a network can learn from them
_FORMATS = " Text is read as dates of the form in date_formats."


class Window(NamedTuple):
    """Rows, those that come after them, and how far the last of these are ahead."""

    before: NDArray[np.intp]
    later: NDArray[np.intp]
    horizon: float


def windows_of(times: Times) -> list[Window]:
    """Return the windows of rows with times; rows of one time are all in one part of each."""
    values = times.ordered
    order = np.argsort(values, kind="stable")
    at, n = values[order], len(values)
    windows: dict[int, Window] = {}
    for cut in _CUTS:
        time = at[int(cut * n)]
        begin = int(np.searchsorted(at, time))
        if begin < _LEAST_BEFORE * n:
            begin = int(np.searchsorted(at, time, "right"))
        if begin == n:
            continue
        last = at[min(n, int((1 + _AHEAD) * begin)) - 1]
        end = int(np.searchsorted(at, last, "right"))
        before, later = np.sort(order[:begin]), np.sort(order[begin:end])
        windows[begin] = Window(before, later, float(last.item() - at[begin - 1].item()))
    return list(windows.values())


def later_windows(times: Times, groups: Groups | None, folds: NDArray[np.uint8]) -> list[Window]:
    """Return the windows of rows with times: with groups, the later rows of each are of other groups.

    The groups of every second fold are new in a window, and those of the other folds in the next one. Raises ValueError
    if too few groups are new in some window.
    """
    windows = windows_of(times)
    if groups is None:
        return windows
    found = []
    for k, (before, later, horizon) in enumerate(windows):
        is_new = folds % 2 == k % 2
        known, new = before[~is_new[before]], later[is_new[later]]
        n_new = len(np.unique(groups.codes[new]))
        if n_new < _FEWEST_GROUPS or len(known) < _FEWEST_ROWS_BEFORE:
            raise ValueError(
                f"time with groups needs later rows of at least {_FEWEST_GROUPS} groups that are new to a network, "
                f"which learns from at least {_FEWEST_ROWS_BEFORE} earlier rows of others, got {n_new} groups and "
                f"{len(known)} rows. Pass time alone if rows to predict are of these groups."
            )
        found.append(Window(known, new, horizon))
    return found


def require_later_parts(times: Times) -> None:
    """Raise ValueError if rows with these times have no later parts."""
    values, n = times.ordered, len(times.values)
    if n < FEWEST_ROWS:
        raise ValueError(
            f"time needs at least {FEWEST_ROWS} rows, of which later parts are predicted from what came before, got "
            f"{n}."
        )
    known, counts = np.unique(values, return_counts=True)
    if len(known) < _FEWEST_TIMES:
        texts = ", ".join(text_of_time(one, times.type) for one in known.tolist())
        raise ValueError(
            f"time must have at least {_FEWEST_TIMES} different times, got {len(known)}: {texts}."
        )
    if not windows_of(times):
        most = shown(text_of_time(known[counts.argmax()].item(), times.type))
        raise ValueError(
            f"time must divide the rows, but {counts.max():,} of {n:,} rows have the time {most}."
        )


def times_of_column(
    X: ArrayLike, name: str, owner: str, date_formats: ByColumn[str] | None
) -> Times:
    """Return the times of all rows of a frame, whose column of this name `fit` reads like this."""
    frame = frame_of(X, owner)
    if frame.names is None or name not in frame.names:
        raise ValueError(f"time must be the name of a column of X, got {name!r}.")
    one = InputFrame([name], [frame.columns[frame.names.index(name)]], frame.n_rows)
    row_index = np.arange(frame.n_rows)
    form = (date_formats or {}).get(name)
    if form is not None:
        one = with_dates(one, {0: form})
    columns = learn_columns(one, "from_dtype", owner, row_index)
    return as_times(name, one, columns, columns.read(one, owner, in_fit=True), row_index)


def as_times(
    time: object,
    frame: InputFrame,
    columns: TableColumns,
    raw: NDArray[np.float64],
    row_index: NDArray[np.intp],
) -> Times:
    """Return the times of the rows `row_index` from the name of a column, or from a value for each row of the frame.

    `columns` are those of the frame, and `raw` are the rows as they read them. `Times` have a value for each row of the
    frame. Raises ValueError for other values than dates and numbers, and for missing ones.
    """
    if isinstance(time, str):
        times = _of_column(time, frame, columns, raw, row_index)
    else:
        times = _of_array(time, frame.n_rows, row_index).take(row_index)
    is_wrong = ~np.isfinite(times.values)
    if is_wrong.any():
        at = int(is_wrong.argmax())
        label = "time" if times.column is None else f"time={time!r}"
        what = "be finite" if np.isinf(times.values[at]) else "not be missing"
        raise ValueError(f"{label} must {what}, got {times.values[at]:g} in row {row_index[at]}.")
    return times


def _of_column(
    name: str,
    frame: InputFrame,
    columns: TableColumns,
    raw: NDArray[np.float64],
    row_index: NDArray[np.intp],
) -> Times:
    if frame.names is None or name not in frame.names:
        known = "X has no names of columns" if frame.names is None else "X has no such column"
        raise ValueError(
            f"time must be the name of a column of X, or a value for each row, got {name!r}: "
            f"{known}."
        )
    i = frame.names.index(name)
    column = columns[i]
    if column.categories is not None or column.type == CATEGORY:
        raise ValueError(
            f"time must be a column of dates or numbers, got {frame.label(i)}, which has "
            f"categories.{_FORMATS}"
        )
    return Times(raw[:, i], column.type, name, large_integers(frame.column(i).array()[row_index]))


def _of_array(time: Any, n_rows: int, row_index: NDArray[np.intp]) -> Times:
    if isinstance(time, Times):
        times = time
    else:
        if not hasattr(time, "__len__") or np.ndim(time) == 0:
            raise ValueError(
                "time must be the name of a column of X, or a value for each row, got "
                f"{shown(time)}."
            )
        column = column_of(np.array(time) if isinstance(time, (list, tuple)) else time, "time")
        array = column.array()
        if len(array) == n_rows:
            held = type_of_entries(column, row_index)
            if array.dtype.kind in "UT" or _holds_text(array):
                raise ValueError(
                    "time must have dates or numbers, got text. Convert it before, for example by "
                    "pandas.to_datetime, or pass the name of a column that date_formats reads."
                )
            held = type_of_numbers(held)
            times = Times(numbers_of(column, held), held, integers=large_integers(array))
        else:
            times = Times(np.empty(len(array)), NUMBER)
    if len(times.values) != n_rows:
        raise ValueError(
            f"time must have a value for each of the {n_rows:,} rows, got {len(times.values):,} "
            "values."
        )
    return times


def _holds_text(array: AnyArray) -> bool:
    return array.dtype.kind == "O" and any(isinstance(entry, str) for entry in array.tolist())
