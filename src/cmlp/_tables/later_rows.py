"""The warnings at fit about rows in the order of time, and about validation rows of one class."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cmlp._data.columns import DATES
from cmlp._process.warnings import warn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmlp._data.array_types import AnyArray
    from cmlp._data.input_frame import InputFrame
    from cmlp._data.labels import Labels
    from cmlp._model.table_columns import TableColumns

# Part of the message, by which `cmlp train` knows it.
ASCENDS = "ascends from row to row, and y changes with it"
# The limits were chosen on the 45 targets of benchmarks/later.py.
_FEWEST_ROWS = 50
_N_PARTS = 8  # of the rows, at most
_YEAR = 365.25  # days
_LEAST_SHARE = 0.05  # of the variance of y between these parts
_CHANCE = 4  # standard errors of this share, where y does not change
_LEAST_CHANCE = 0.001  # of random rows that all have the same class


def warn_of_ascending_dates(
    frame: InputFrame, columns: TableColumns, raw: NDArray[np.float64], y: AnyArray
) -> None:
    """Warn if a column of dates ascends from row to row, and parts of the time have different means of y.

    Rows that `fit` holds out at random are then between those of training, and later rows are not.
    """
    if len(raw) < _FEWEST_ROWS:
        return
    dates = (
        i
        for i, column in enumerate(columns)
        if column.type in DATES and column.is_used and _ascends(raw[:, i])
    )
    i = next(dates, None)
    if i is None or not _changes(y.reshape(len(y), -1), _parts(raw[:, i])):
        return
    warn(
        f"{frame.label(i)} {ASCENDS}. If rows to predict will be later ones, the errors and "
        "intervals of fit, which are those of random rows, are too small: hold out the last rows "
        "(--holdout last of cmlp train), to measure errors and to calibrate."
    )


def warn_of_one_class(labels: Labels, classes: AnyArray, classes_val: AnyArray) -> None:
    """Warn if validation rows are all of one class, which is not by chance. Both are class indices."""
    first = classes_val[0]
    if (classes_val != first).any():
        return
    if np.mean(classes == first) ** len(classes_val) > _LEAST_CHANCE:
        return
    warn(
        f"y_val has the label {labels.classes.tolist()[first]!r} alone, so errors and sets that "
        "are measured with it say little. If the rows are sorted by y, choose validation rows at "
        "random, or leave out X_val."
    )


def _ascends(values: NDArray[np.float64]) -> bool:
    """Return whether numbers never descend, are not all equal, and none is missing."""
    return bool(values[0] < values[-1] and (np.diff(values) >= 0).all())


def _parts(days: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the parts of rows whose dates ascend: of several years whole ones, so that seasons do not count.

    Rows before the first whole year are in part -1.
    """
    n_years = int((days[-1] - days[0]) / _YEAR)
    if n_years < 2:
        return np.arange(len(days)) * _N_PARTS // len(days)
    years = n_years - 1 - ((days[-1] - days) // _YEAR).astype(np.int64)
    n_together = math.ceil(n_years / _N_PARTS)
    return np.where(years < 0, -1, years // n_together)


def _changes(y: AnyArray, parts: NDArray[np.int64]) -> bool:
    """Return whether the means of y in parts of the rows differ by more than chance, and by enough to matter."""
    bounds = np.searchsorted(parts, np.arange(parts[-1] + 2))
    sizes = np.diff(bounds)
    sizes = sizes[sizes > 0]
    n, k = sizes.sum(), len(sizes)
    if k < 2 or k == n:
        return False
    within, means = 0.0, []
    for rows in np.split(y[bounds[0] :], np.cumsum(sizes)[:-1]):
        part = rows.astype(np.float64)
        means.append(part.mean(axis=0))
        within += np.square(part - means[-1]).sum()
    between = sizes @ np.square(means - sizes @ np.array(means) / n).sum(axis=1)
    if not between:
        return False
    # Without the share that parts of random rows have on average (epsilon squared).
    share = 1 - within / (within + between) * (n - 1) / (n - k)
    return bool(share > _LEAST_SHARE + _CHANCE * math.sqrt(2 * (k - 1)) / n)
