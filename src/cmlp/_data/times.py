"""Times of rows, which distinguish later rows from earlier ones: a column of a table, or an array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._data.arrays import EXACT
from cmlp._data.column_entries import TIMES, time_of

if TYPE_CHECKING:
    from datetime import date, timedelta

    from cmlp._data.array_types import AnyArray, NDArray

ORDER = "order"  # the type of times that are the numbers of rows in their order


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
    integers : ndarray of integers or None
        What they are exactly, if doubles cannot tell some of them apart.
    """

    values: NDArray[np.float64]
    type: str
    column: str | None = None
    integers: NDArray[np.integer[Any]] | None = None

    @classmethod
    def in_order(cls, n_rows: int) -> Times:
        """Return the times of rows that are in the order of time."""
        return cls(np.arange(float(n_rows)), ORDER)

    @property
    def ordered(self) -> AnyArray:
        """The times as they are compared."""
        return self.values if self.integers is None else self.integers

    def take(self, row_index: AnyArray) -> Times:
        """Return the times of some of the rows."""
        integers = None if self.integers is None else self.integers[row_index]
        return self._replace(values=self.values[row_index], integers=integers)


def large_integers(array: AnyArray) -> NDArray[np.integer[Any]] | None:
    """Return an array of integers of which doubles cannot tell all apart; None for another one."""
    if array.dtype.kind not in "iu" or not len(array):
        return None
    is_exact = -EXACT <= int(array.min()) and int(array.max()) <= EXACT
    return None if is_exact else array


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
