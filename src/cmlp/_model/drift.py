"""How far rows have moved from those of training, by what the model has of these."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cmlp._model.outside import outside
from cmlp._model.summary import N_VALUES

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from cmlp._model.model import TableModel

_LEAST_SHIFT = 0.1
_CHANCE = 0.001  # that a column of a batch from the same population is called drifted, at most


class Drift(NamedTuple):
    """How far the columns of a batch have moved from those of training; `print` shows a table.

    Attributes
    ----------
    names : list
        Names of the columns, or their numbers, in the order of fit.
    n_rows : int
        Number of rows of the batch.
    shift : ndarray of float64, shape (n_features,)
        The share of rows that must at least have moved, from 0 to 1: by how much the cumulative
        distributions of the batch and of training differ (Kolmogorov and Smirnov), as far as the 32
        values of a column in the file tell. Categories are in the order of their frequency, unknown
        ones before, and missing values last.
    outside : ndarray of float64, shape (n_features,)
        The share of rows with a number outside the range of training.
    unknown : ndarray of float64, shape (n_features,)
        The share of rows with an unknown category, or a missing value where training had none.
    missing : ndarray of float64, shape (n_features,)
        The share of rows with a missing value, of a column in which training had some, or a number.
    """

    names: list[Any]
    n_rows: int
    shift: NDArray[np.float64]
    outside: NDArray[np.float64]
    unknown: NDArray[np.float64]
    missing: NDArray[np.float64]

    @property
    def limit(self) -> float:
        """The shift above which a column has drifted: 0.1, and what is chance in so few rows."""
        by_chance = math.sqrt(math.log(2 / _CHANCE) / (2 * max(1, self.n_rows)))
        return _LEAST_SHIFT + by_chance

    @property
    def drifted(self) -> list[Any]:
        """The names of the columns that have drifted, the largest shift first."""
        return [self.names[i] for i in self._order() if self.shift[i] > self.limit]

    def _order(self) -> list[int]:
        """Return the columns, the largest shift first."""
        order: list[int] = np.argsort(-self.shift, kind="stable").tolist()
        return order

    def __str__(self) -> str:
        drifted = self.drifted
        table: list[tuple[str, ...]] = [("", "shift", "outside", "unknown", "missing", "")]
        for i in self._order():
            shares = (self.shift[i], self.outside[i], self.unknown[i], self.missing[i])
            mark = ""
            if self.shift[i] > self.limit:
                mark = "drifted"
            table.append((str(self.names[i]), *(f"{share:.1%}" for share in shares), mark))
        width = max(len(row[0]) for row in table)
        lines = [
            f"{name:<{width}}" + "".join(f"{cell:>9}" for cell in cells) + f"  {mark}".rstrip()
            for name, *cells, mark in table
        ]
        summary = (
            f"{len(drifted)} of {len(self.names)} columns have drifted in {self.n_rows:,} rows: "
            f"their shift is above {self.limit:.1%}"
        )
        return "\n".join([*lines, summary])


Drift.__module__ = "cmlp"


class DriftCounts:
    """Counts the rows of a batch, block by block.

    Raises ValueError for a model without the summary of its training rows.
    """

    def __init__(self, model: TableModel) -> None:
        if model.summary is None:
            raise ValueError(
                "The model has no summary of its training rows, because its file was written by "
                "another program: fit makes one."
            )
        self._model = model
        self._values = _sortable(model.summary.values)
        shape = self._values.shape
        self._below = np.zeros(shape, np.int64)  # rows of the batch below each value
        self._up_to = np.zeros(shape, np.int64)
        self._n_rows = 0
        self._outside, self._unknown, self._missing = np.zeros((3, shape[1]), np.int64)

    def add(self, raw: NDArray[np.float64]) -> None:
        """Count a block of raw rows."""
        distances = outside(self._model, raw)
        is_unknown = np.isnan(distances)
        self._unknown += is_unknown.sum(axis=0)
        self._outside += (distances != 0).sum(axis=0) - is_unknown.sum(axis=0)
        self._n_rows += len(raw)
        rows = _sortable(raw)
        for i, codes in enumerate(self._model.columns.codes):
            column = np.sort(rows[:, i])
            values = self._values[:, i]
            self._below[:, i] += np.searchsorted(column, values, "left")
            self._up_to[:, i] += np.searchsorted(column, values, "right")
            missing = np.inf
            if codes is not None and None in codes:
                missing = codes[None]
            self._missing[i] += np.count_nonzero(column == missing)

    def drift(self) -> Drift:
        """Return the shares of all rows so far."""
        model = self._model
        n = max(1, self._n_rows)
        # A share of at least k / 32 of the training rows is not above value k, and at most
        # (k + 1) / 32 is below it.
        levels = np.arange(N_VALUES)[:, None] / N_VALUES
        up_to = (levels - self._up_to / n).max(axis=0)
        below = (self._below / n - levels - 1 / N_VALUES).max(axis=0)
        shift = np.maximum(0.0, np.maximum(up_to, below))
        if not self._n_rows:
            shift = np.zeros(len(model.columns))
        return Drift(
            list(model.names or range(model.n_inputs)),
            self._n_rows,
            shift,
            self._outside / n,
            self._unknown / n,
            self._missing / n,
        )


def _sortable(raw: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return numbers with missing ones as the largest."""
    return np.where(np.isnan(raw), np.inf, raw)
