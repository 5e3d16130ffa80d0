"""How far rows have moved from those of training, by what the model has of these."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from cmlp._data.array_types import NDArray
from cmlp._model.model import TableModel
from cmlp._model.other_rows import limit_of_shift, shifts, sortable
from cmlp._model.outside import outside
from cmlp._model.summary import N_VALUES
from cmlp._model.table_columns import TableColumn
from cmlp._process.printable import printable_message

_ROWS_KEPT = 2000  # of which the change is found that they may need


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
        ones before, and missing values last. Unknown and rare categories count as far as there are
        more or fewer of them than in other rows of the same population. Of a column that `fit` has
        left out, only missing values count.
    outside : ndarray of float64, shape (n_features,)
        The share of rows with a number outside the range of training.
    unknown : ndarray of float64, shape (n_features,)
        The share of rows with an unknown category, or a missing value where training had none.
    missing : ndarray of float64, shape (n_features,)
        The share of rows with a missing value, of a column in which training had some, of numbers,
        or that `fit` has left out.
    used : ndarray of bool, shape (n_features,)
        Whether a network uses the column. Others change no prediction, and have not drifted.
    remedies : list of str
        A sentence for each change after which columns of numbers would fit, if there is one: another unit, columns that
        were scaled or swapped.
    """

    names: list[Any]
    n_rows: int
    shift: NDArray[np.float64]
    outside: NDArray[np.float64]
    unknown: NDArray[np.float64]
    missing: NDArray[np.float64]
    used: NDArray[np.bool_]
    remedies: list[str]

    @property
    def limit(self) -> float:
        """The shift above which a column has drifted: 0.1, and what is chance in so few rows."""
        return limit_of_shift(self.n_rows)

    @property
    def drifted(self) -> list[object]:
        """The names of the used columns that have drifted, the largest shift first."""
        return [self.names[i] for i in self._order() if self._has_drifted(i)]

    def _has_drifted(self, i: int) -> bool:
        return bool(self.used[i] and self.shift[i] > self.limit)

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
            if not self.used[i]:
                mark = "not used"
            elif self._has_drifted(i):
                mark = "drifted"
            table.append(
                (printable_message(str(self.names[i])), *(f"{share:.1%}" for share in shares), mark)
            )
        width = max(len(row[0]) for row in table)
        lines = [
            f"{name:<{width}}" + "".join(f"{cell:>9}" for cell in cells) + f"  {mark}".rstrip()
            for name, *cells, mark in table
        ]
        summary = (
            f"{len(drifted)} of {len(self.names)} columns have drifted in {self.n_rows:,} rows: "
            f"their shift is above {self.limit:.1%}"
        )
        return "\n".join([*lines, summary, *self.remedies])


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
        self._values = sortable(model.columns.without_unused_numbers(model.summary.values))
        shape = self._values.shape
        self._below = np.zeros(shape, np.int64)  # rows of the batch below each value
        self._up_to = np.zeros(shape, np.int64)
        self._n_rows = 0
        self._outside, self._unknown, self._missing = np.zeros((3, shape[1]), np.int64)
        self._unlisted = np.zeros(shape[1], np.int64)
        self._kept: NDArray[np.float64] = np.empty((0, shape[1]))
        self._step = 1  # one in `_step` rows is kept

    def add(self, raw: NDArray[np.float64]) -> None:
        """Count a block of raw rows."""
        raw = self._model.columns.without_unused_numbers(raw)
        distances = outside(self._model, raw)
        is_unknown = np.isnan(distances)
        self._unknown += is_unknown.sum(axis=0)
        self._outside += (distances != 0).sum(axis=0) - is_unknown.sum(axis=0)
        self._unlisted += (raw < 0).sum(axis=0)  # of categories
        self._kept = np.concatenate([self._kept, raw[-self._n_rows % self._step :: self._step]])
        while len(self._kept) > _ROWS_KEPT:
            self._kept, self._step = self._kept[::2], 2 * self._step
        self._n_rows += len(raw)
        rows = sortable(raw)
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
        least = np.repeat(np.arange(N_VALUES)[:, None] / N_VALUES, len(model.columns), axis=1)
        most = least + 1 / N_VALUES
        for i, column in enumerate(model.columns):
            if column.is_category and column.rare:
                least[:, i], most[:, i] = _in_new_rows(
                    self._values[:, i], column, float(self._unlisted[i] / n)
                )
        shift = shifts(least, most, self._below / n, self._up_to / n)
        if not self._n_rows:
            shift = np.zeros(len(model.columns))
        known, used = model.known_numbers, model.used_columns()
        found = known.among(used).differences(self._kept)
        return Drift(
            list(model.names or range(model.n_inputs)),
            self._n_rows,
            shift,
            self._outside / n,
            self._unknown / n,
            self._missing / n,
            used,
            found.remedies(known),
        )


def _in_new_rows(
    codes: NDArray[np.float64], column: TableColumn, unknown: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return between which shares other rows of the population can have no higher code than each of the 32.

    `unknown` is the share of the batch whose category is not listed. As many as `fit` expects are
    no drift: for these each rarer category loses the same number of rows (absolute discounting;
    Ney, Essen, Kneser, 1994). Rarer ones are those after the last that has several 32nds. The most
    frequent of them are so partly by chance, and occur less often in other rows.
    """
    least = np.arange(N_VALUES) / N_VALUES
    is_listed = codes >= 0
    in_training = np.count_nonzero(~is_listed) / N_VALUES
    absent = max(in_training, min(unknown, column.rare))
    added = absent - in_training
    most = np.minimum(1.0, least + 1 / N_VALUES + added)
    is_repeated = is_listed & np.append(False, np.diff(codes) == 0)
    first, begin = 0.0, in_training
    if is_repeated.any():
        last = int(np.flatnonzero(is_repeated)[-1])
        first, begin = codes[last] + 1, least[last]
    is_rarer = codes >= first
    n_rarer = len(column.categories or ()) - first
    chance = _share_of_chance(codes[is_rarer] - first, n_rarer)
    part = (codes + 1 - first) / max(n_rarer, 1)
    by_training = least - begin - added * part
    by_chance = (1 - begin - added) * part
    rarer = begin + (1 - chance) * by_training + chance * by_chance
    expected = np.where(is_listed, least + added, least)
    return np.where(is_rarer, rarer + added, expected), most


def _share_of_chance(codes: NDArray[np.float64], n: float) -> float:
    """Return how far the numbers of rows of n categories differ by chance, from 0 to 1.

    It is their mean by their variance: 1 for categories that are equally frequent in the population
    (Efron and Morris, 1973). `codes` are those of some 32nds of the rows.
    """
    if not len(codes):
        return 1.0
    widths = np.diff(np.append(codes, n))
    # Each category of the last 32nd has a row at least, and hardly more if there are rare ones.
    n_rows = widths[-1]
    mean = n_rows * len(codes) / n
    squares = (widths * (n_rows / widths - mean) ** 2).sum()
    return min(1.0, float(mean * n / squares)) if squares else 1.0
