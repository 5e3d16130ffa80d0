"""Whether X and y of rows in their order are shifted by a row, by a linear fit in ranks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from cmlp._data.array_types import AnyArray, NDArray

_MOST_ROWS = 2000
_FEWEST_ROWS = 50
_ROWS_OF_COLUMN = 5
_MOST_CLASSES = 20
_LEAST_FIT = 0.15  # R² with the y of another row
_MUCH_LESS = 0.3  # R² with the own y, as a share of it
_SAME = 0.98  # correlation of a column with the y of another row, which it then is
# A column that is made from the y of other rows clearly correlates with several of them, in shifted rows with one.
_LAGS = (1, 2, 3)
_BY_CHANCE = 0.05  # chance that any correlation with y of one lag is as large as a clear one
_SHARE_OF_LARGEST = 0.3  # of the largest correlation, which a clear one has at least
UNLESS = "unless columns are made from earlier y"


def sentence_if_shifted(X: AnyArray, y: AnyArray) -> str:
    """Return a sentence, after a space, if X and y are shifted by a row; "" if they are not."""
    found = evidence_of_shift(X, y)
    return f" {found}: X and y seem to be shifted by a row, {UNLESS}." if found else ""


def evidence_of_shift(X: AnyArray, y: AnyArray) -> str:
    """Return how X fits the y of the next or the last row, if far better than its own; "" if it does not."""
    rows = np.asarray(X[:_MOST_ROWS], np.float64)
    n = len(rows)
    if n < _FEWEST_ROWS or n < _ROWS_OF_COLUMN * len(rows.T):
        return ""
    ranks = [_ranks(column) for column in rows.T if (column != column[0]).any()]
    if not ranks:
        return ""
    targets, inputs = _targets(y[:_MOST_ROWS]), np.stack(ranks, axis=1)
    fits = {
        "before": (_fit(inputs[1:], targets[:-1]), 1),
        "after": (_fit(inputs[:-1], targets[1:]), -1),
    }
    which = max(fits, key=lambda name: fits[name][0])
    best, step = fits[which]
    if best <= _LEAST_FIT:
        return ""
    own = _fit(inputs, targets)
    if own >= _MUCH_LESS * best or _is_made_from_y(inputs, targets, step):
        return ""
    return (
        f"X says more about the y of the row {which} (R² of a linear fit in ranks {best:.2f}) than about its own "
        f"({max(own, 0):.2f})"
    )


def has_y_of_other_rows(X: AnyArray, y: AnyArray, step: int) -> bool:
    """Return whether a column of X is the y of the row before (`step` 1) or after (-1), as in a series that lags."""
    inputs = np.stack([_ranks(column) for column in X.T], axis=1)
    return _lags_by_a_row(inputs, _targets(y), step)


def _lags_by_a_row(inputs: NDArray[np.float64], targets: NDArray[np.float64], step: int) -> bool:
    return bool((_lagged_correlations(inputs, targets, step, (1,)) > _SAME).any())


def _is_made_from_y(inputs: NDArray[np.float64], targets: NDArray[np.float64], step: int) -> bool:
    """Return whether a column is the y of the row before (`step` 1) or after (-1), or correlates with several."""
    if _lags_by_a_row(inputs, targets, step):
        return True
    found = _lagged_correlations(inputs, targets, step, _LAGS)
    deviations = math.sqrt(2 * math.log(found[0].size / _BY_CHANCE))
    least = max(deviations / math.sqrt(len(inputs)), _SHARE_OF_LARGEST * float(found.max()))
    return bool(((found > least).sum(axis=0) > 1).any())


def _lagged_correlations(
    inputs: NDArray[np.float64], targets: NDArray[np.float64], step: int, lags: Sequence[int]
) -> NDArray[np.float64]:
    """Return the magnitude of the correlation of each column with the y of each of the rows before, or after."""
    inputs, targets = inputs[::step], targets[::step]
    rows = _standardized(inputs[lags[-1] :])
    others = [_standardized(targets[lags[-1] - lag : -lag]) for lag in lags]
    return np.stack([np.abs(rows.T @ one) / len(rows) for one in others])


def _standardized(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return columns with mean 0 and deviation 1, or 0 for constant ones."""
    scaled = columns / np.maximum(np.abs(columns).max(axis=0), np.finfo(np.float64).tiny)
    centred = scaled - scaled.mean(axis=0)
    deviations = centred.std(axis=0)
    return np.asarray(centred / np.where(deviations > 0, deviations, np.inf))


def _targets(y: AnyArray) -> NDArray[np.float64]:
    """Return a column for each target, or for each of the first classes."""
    if y.ndim > 1:
        return np.stack([_ranks(column) for column in y.T], axis=1)
    if y.dtype.kind not in "iub":
        return _ranks(y)[:, None]
    classes, counts = np.unique(y, return_counts=True)
    most = classes[np.argsort(-counts, kind="stable")[:_MOST_CLASSES]]
    return np.asarray(y[:, None] == most, np.float64)


def _ranks(column: AnyArray) -> NDArray[np.float64]:
    """Return ranks, the mean of them for equal values; missing values are the largest."""
    values = np.where(np.isnan(column), np.inf, column)
    in_order = np.sort(values)
    first, last = (np.searchsorted(in_order, values, side) for side in ("left", "right"))
    return np.asarray((first + last) / 2)


def _fit(inputs: NDArray[np.float64], targets: NDArray[np.float64]) -> float:
    """Return R² of a linear fit, less the R² that this many columns have by chance."""
    X, y = _standardized(inputs), _standardized(targets)
    n, d = len(X), len(X.T)
    moments = X.T @ X / n + 1e-9 * np.eye(d)
    mixed = X.T @ y / n
    explained = float((mixed * np.linalg.solve(moments, mixed)).sum())
    whole = float((y * y).sum() / n)
    if not whole:
        return 0.0
    return 1.0 - (1.0 - explained / whole) * (n - 1) / (n - d - 1)
