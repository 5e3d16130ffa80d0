"""Mean, deviation and range of columns, from rows that arrive in blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from cmlp._inputs.sparse import CSR, taken

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from numpy.typing import NDArray

    Vector: TypeAlias = NDArray[np.float64]

_SMALL, _UNIT = 2.0**-500, 2.0**-600  # smaller differences, and the inverse of larger ones, have another unit
_BLOCK = 1 << 18  # elements to convert to float64 at a time


class Moments:
    """Sums over rows, in float64, of the columns' differences from the first row.

    Each sum is one chain of additions in the order of the rows, so the results do not depend on how the rows are cut
    into blocks. Rows with the weight 0 do not matter.
    """

    def __init__(self) -> None:
        self._first: Vector | None = None
        self._sums = self._low = self._high = np.empty(0)
        self._unit = np.empty(0)  # of each column's sums
        self.total = 0.0  # number of rows, or the sum of their weights

    def add(self, X: NDArray[Any] | CSR, weight: Vector | None = None, rows: NDArray[np.intp] | None = None) -> None:
        """Add dense or sparse rows: all of them, or some."""
        with np.errstate(all="ignore"):  # values that are not finite have an error of their own, later
            for block, w in _dense_blocks(X, weight, rows):
                self._add(block, w)

    def _add(self, X: Vector, weight: Vector) -> None:
        if self._first is None:
            self._first = X[0].copy()
            self._sums, self._unit = np.zeros((2, X.shape[1])), np.ones(X.shape[1])
            self._low, self._high = X[0].copy(), X[0].copy()
        self._low, self._high = np.minimum(self._low, X.min(axis=0)), np.maximum(self._high, X.max(axis=0))
        self._choose_units()
        unit = self._unit
        difference = X - self._first if (unit == 1).all() else X / unit - self._first / unit
        products = difference * weight[:, None]
        for i in (0, 1):
            # np.sum adds in an order of its own.
            self._sums[i] = np.add.accumulate(np.concatenate([self._sums[i : i + 1], products]), axis=0)[-1]
            products *= difference
        self.total = float(np.add.accumulate(np.concatenate([[self.total], weight]))[-1])

    def _choose_units(self) -> None:
        """Let the sums of columns whose squares would overflow or underflow have another unit, a power of 2."""
        reach = self._high - self._low
        units = np.where(reach > 1 / _SMALL, 1 / _UNIT, np.where((reach > 0) & (reach < _SMALL), _UNIT, 1.0))
        if (units != self._unit).any():
            ratio = self._unit / units
            self._sums *= ratio
            self._sums[1] *= ratio
            self._unit = units

    def mean_and_deviation(self) -> tuple[Vector, Vector]:
        """Return the mean and the standard deviation of each column; for equal values exactly this value, and 0."""
        self._require_rows()
        assert self._first is not None
        with np.errstate(all="ignore"):
            mean, squares = self._sums / self.total
            deviation = np.sqrt(np.maximum(squares - mean * mean, 0.0))
            return self._first + mean * self._unit, deviation * self._unit

    def _require_rows(self) -> None:
        if self._first is None:
            raise ValueError("Sample weights must contain at least one non-zero number.")

    def low_and_range(self) -> tuple[Vector, Vector]:
        """Return the smallest value of each column, and the difference from the largest."""
        self._require_rows()
        with np.errstate(all="ignore"):
            return self._low, self._high - self._low


def _dense_blocks(
    X: NDArray[Any] | CSR, weight: Vector | None, rows: NDArray[np.intp] | None
) -> Iterator[tuple[Vector, Vector]]:
    """Yield dense rows of a positive weight in float64, with their weights."""
    n_rows = X.shape[0] if rows is None else len(rows)
    step = max(1, _BLOCK // max(1, X.shape[1]))
    for start in range(0, n_rows, step):
        stop = min(start + step, n_rows)
        chosen = np.arange(start, stop) if rows is None else rows[start:stop]
        if weight is not None:
            chosen = chosen[weight[chosen] > 0]
        if not len(chosen):
            continue
        whole = rows is None and len(chosen) == stop - start
        part = X[start:stop] if whole and not isinstance(X, CSR) else taken(X, chosen)
        dense = part.toarray() if isinstance(part, CSR) else part
        yield np.asarray(dense, np.float64), np.ones(len(chosen)) if weight is None else weight[chosen]
