"""Times of rows, by which later rows are told from earlier ones: a column of a table, or an array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._data.column_entries import (
    CATEGORY,
    NUMBER,
    TIMES,
    numbers_of,
    time_of,
    type_of_entries,
    type_of_numbers,
)
from cmlp._data.containers import column_of
from cmlp.exceptions import shown

if TYPE_CHECKING:
    from datetime import date, timedelta

    from numpy.typing import NDArray

    from cmlp._data.array_types import AnyArray
    from cmlp._data.input_frame import InputFrame
    from cmlp._model.table_columns import TableColumns

ORDER = "order"  # the type of times that are the numbers of rows in their order
_FORMATS = " Text is read as dates of the form in date_formats."


class Times(NamedTuple):
    """The times of rows.

    Attributes
    ----------
    values : ndarray of float64, shape (n_rows,)
        Of dates and durations in days.
    type : str
        What they are: the type of a column, or `ORDER`.
    column : str or None
        The name of the column of X that they are.
    """

    values: NDArray[np.float64]
    type: str
    column: str | None = None

    @classmethod
    def in_order(cls, n_rows: int) -> Times:
        """Return the times of rows that are in the order of time."""
        return cls(np.arange(float(n_rows)), ORDER)

    def take(self, rows: AnyArray) -> Times:
        """Return the times of some of the rows."""
        return self._replace(values=self.values[rows])


def as_times(
    time: Any,
    frame: InputFrame,
    columns: TableColumns,
    raw: NDArray[np.float64],
    rows: NDArray[np.intp],
) -> Times:
    """Return the times of `rows` of a frame from the name of a column, or from a value for each row of the frame.

    `columns` are those of the frame, and `raw` are the rows as they read them. `Times` have a value for each row of the
    frame. Raises ValueError for other values than dates and numbers, and for missing ones.
    """
    if isinstance(time, str):
        times = _of_column(time, frame, columns, raw)
    else:
        times = _of_array(time, frame.n_rows, rows).take(rows)
    is_wrong = ~np.isfinite(times.values)
    if is_wrong.any():
        at = int(is_wrong.argmax())
        label = "time" if times.column is None else f"time={time!r}"
        what = "be finite" if np.isinf(times.values[at]) else "not be missing"
        raise ValueError(f"{label} must {what}, got {times.values[at]:g} in row {rows[at]}.")
    return times


def _of_column(
    name: str, frame: InputFrame, columns: TableColumns, raw: NDArray[np.float64]
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
    return Times(raw[:, i], column.type, name)


def _of_array(time: Any, n_rows: int, rows: NDArray[np.intp]) -> Times:
    if isinstance(time, Times):
        times = time
    else:
        if not hasattr(time, "__len__") or np.ndim(time) != 1:
            raise ValueError(
                "time must be the name of a column of X, or a value for each row, got "
                f"{shown(time)}."
            )
        column = column_of(np.array(time) if isinstance(time, (list, tuple)) else time, "time")
        if len(time) == n_rows:
            held = type_of_entries(column, rows)
            if column.array().dtype.kind in "UT" or _holds_text(column.array()):
                raise ValueError(
                    "time must have dates or numbers, got text. Convert it before, for example by "
                    "pandas.to_datetime, or pass the name of a column that date_formats reads."
                )
            held = type_of_numbers(held)
            times = Times(numbers_of(column, held), held)
        else:
            times = Times(np.empty(len(time)), NUMBER)
    if len(times.values) != n_rows:
        raise ValueError(
            f"time must have a value for each of the {n_rows:,} rows, got {len(times.values):,} "
            "values."
        )
    return times


def _holds_text(array: AnyArray) -> bool:
    return array.dtype.kind == "O" and any(isinstance(entry, str) for entry in array.tolist())


def moment(number: float, kind: str) -> float | date | timedelta:
    """Return the time of a type whose number this is."""
    return time_of(number, kind) if kind in TIMES else number


def text_of_time(number: float, kind: str) -> str:
    """Return a time as text."""
    found = moment(number, kind)
    return f"{found:.10g}" if isinstance(found, float) else str(found)


def text_of_distance(distance: float, kind: str) -> str:
    """Return how far two times are from each other as text, such as "59 days"."""
    if kind == ORDER:
        unit = " row"
    elif kind in TIMES:
        unit = " day"
    else:
        return f"{distance:.4g}"
    text = f"{distance:,.4g}" if distance < 1000 else f"{distance:,.0f}"
    return f"{text}{unit}{'s' * (text != '1')}"
