"""The quick model of checks that measure: kernel ridge regression on a part of the rows, in NumPy alone.

Its errors on each row and on each group of rows that it has not seen follow from one inverse, without a fit for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cmlp._data.array_types import NDArray
from cmlp._data.scale import distance_of_others, in_unit
from cmlp._findings.table import CheckedTable
from cmlp._model.kinds_of_findings import COVERAGE

MOST_ROWS = 500
_MOST_ONE_HOT = 100  # categories of a column
_FARTHEST = 3.0  # standard deviations from the mean, to which numbers are clipped
_WIDTHS = (0.5, 2.0)  # of the kernel, in medians of the distances of rows
_RIDGES = (0.003, 0.03, 0.3, 3.0)
_FEWEST_GROUPS = 30  # with at least as many, rows of some groups are chosen
_LEAST_SCALE = 1e-12


class Quick(NamedTuple):
    """A quick model of some rows.

    Attributes
    ----------
    rows : ndarray of intp
        The rows of the table that it learns from, ascending.
    inverse : ndarray
        Of the kernel matrix with the ridge.
    weights : ndarray, shape (n_rows, n_targets)
        The inverse times the targets, which have the mean 0 and the variance 1.
    y : ndarray, shape (n_rows, n_targets)
        The targets.
    """

    row_index: NDArray[np.intp]
    inverse: NDArray[np.float64]
    weights: NDArray[np.float64]
    y: NDArray[np.float64]

    def errors(self, parts: Sequence[NDArray[np.intp]] | None = None) -> NDArray[np.float64]:
        """Return the errors on each part of the rows of a model that has learned from the others; None: on each row."""
        if parts is None:
            return np.asarray(self.weights / np.diag(self.inverse)[:, None])
        errors = np.empty_like(self.weights)
        for part in parts:
            errors[part] = np.linalg.solve(self.inverse[np.ix_(part, part)], self.weights[part])
        return errors


def spread_rows(table: CheckedTable) -> NDArray[np.intp]:
    """Return the rows from which a quick model learns: all, or MOST_ROWS at equal distances."""
    return np.unique(np.linspace(0, table.n_rows - 1, MOST_ROWS).astype(np.intp))


def quick_model(
    table: CheckedTable, row_index: NDArray[np.intp], y: NDArray[np.float64] | None = None
) -> Quick | None:
    """Return a quick model of y, or else of the targets of a table, in some rows; None if it is constant in them."""
    y = in_unit((table.averaged if y is None else y[:, None])[row_index].astype(np.float64))
    y = y - y.mean(axis=0)
    scale = y.std(axis=0)
    y = y[:, scale > _LEAST_SCALE] / scale[scale > _LEAST_SCALE]
    if not y.shape[1]:
        return None
    inputs = _inputs(table, row_index)
    squares = np.square(inputs).sum(axis=1)
    products = inputs @ inputs.T
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * products, 0))
    middle = np.median(distances) or 1.0
    linear = products / max(squares.mean(), _LEAST_SCALE)
    best, found = np.inf, None
    for width in _WIDTHS:
        kernel = np.exp(-distances / (width * middle)) + linear
        for ridge in _RIDGES:
            # Not by eigenvalues, which take longer than all inverses where other programs use the processors.
            inverse = np.linalg.inv(kernel + ridge * np.eye(len(row_index)))
            model = Quick(row_index, inverse, inverse @ y, y)
            error = size_of(model.errors())
            if error < best:
                best, found = error, model
    return found


def quick_errors(
    table: CheckedTable, row_index: NDArray[np.intp], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the errors of a quick model of y on each row, and y in these rows."""
    model = quick_model(table, row_index, y)
    y = y[row_index]
    return (np.zeros(len(y)) if model is None else model.errors()[:, 0] * y.std()), y


def _inputs(table: CheckedTable, row_index: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the columns as numbers of similar sizes."""
    parts: list[NDArray[np.float64]] = []
    for i, column in enumerate(table.columns):
        x = in_unit(table.raw[row_index, i])
        if not column.is_used:
            continue
        if column.is_category or i in table.nominal:
            values, codes = np.unique(x, return_inverse=True)
            if 1 < len(values) <= _MOST_ONE_HOT or len(values) < len(row_index):
                frequent = np.argsort(-np.bincount(codes), kind="stable")[:_MOST_ONE_HOT]
                parts.append((codes[:, None] == frequent) / np.sqrt(2))
        if column.is_category:
            continue
        is_missing = np.isnan(x)
        if is_missing.all():
            continue
        if is_missing.any():
            parts.append(is_missing[:, None].astype(np.float64))
        low, middle, high = np.nanquantile(x, (0.1, 0.5, 0.9))
        # As in fit, a code such as 999 in a few rows does not make the other numbers look the same.
        known = x[~is_missing]
        typical = min(known.std(), distance_of_others(known, float(middle), None))
        scale = (high - low) / 2.56 or typical or 1.0
        x = np.clip((x - middle) / scale, -_FARTHEST, _FARTHEST)
        parts.append(np.where(is_missing, 0, x)[:, None])
    return np.hstack(parts) if parts else np.zeros((len(row_index), 1))


def size_of(errors: NDArray[np.float64]) -> float:
    """Return the root mean square of errors."""
    return float(np.sqrt(np.square(errors).mean()))


def coverage_of(errors: NDArray[np.float64], known: NDArray[np.float64]) -> float:
    """Return how many errors are within intervals that cover `COVERAGE` of others."""
    limits = np.quantile(np.abs(known), COVERAGE, axis=0)
    return float((np.abs(errors) <= limits).mean())


def rows_of_groups(codes: NDArray[np.intp], n: int) -> NDArray[np.intp]:
    """Return at most n rows of random groups, ascending: whole groups, but of large ones a part, so that they are many.

    Rows with the code -1 are in no group.
    """
    order = np.random.RandomState(0).permutation(len(codes))
    order = order[codes[order] >= 0]
    order = order[np.argsort(codes[order], kind="stable")]
    sizes = np.bincount(codes[order])
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    most = max(2, n // min(len(sizes), _FEWEST_GROUPS))
    kept = order[np.arange(len(order)) - starts < most]
    sizes = np.minimum(sizes, most)
    chosen = np.random.RandomState(1).permutation(len(sizes))
    chosen = chosen[np.cumsum(sizes[chosen]) <= n]
    return np.sort(kept[np.isin(codes[kept], chosen)])
