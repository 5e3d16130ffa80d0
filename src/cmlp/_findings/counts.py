"""Targets that count: a loss for counts has narrower intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from cmlp._data.array_types import NDArray
from cmlp._findings.quick import quick_errors, size_of, spread_rows
from cmlp._findings.table import TARGET, CheckedTable
from cmlp._model.findings import Finding
from cmlp._model.kinds_of_findings import COVERAGE

_FEWEST_ROWS = 200  # for widths that differ by chance by less than the limit
_FEWEST_VALUES, _MOST_VALUES = 3, 59
_LEAST_ERROR = 0.3  # standard deviations of y
_SHIFT = (
    3 / 8
)  # of the root of counts, whose variance hardly depends on their mean (Anscombe, 1948)


def check_counts(table: CheckedTable) -> Iterator[Finding]:
    """Find targets that are counts, if intervals are narrower where errors grow with the root of the mean."""
    if not table.measures or table.labels is not None or len(table.targets) != 1:
        return
    y = table.targets[0]
    if len(y) < _FEWEST_ROWS or y.min() < 0 or (y != np.floor(y)).any() or "loss" in table.silenced:
        return
    if not _FEWEST_VALUES <= len(np.unique(y)) <= _MOST_VALUES:
        return
    row_index = spread_rows(table)
    errors, some = quick_errors(table, row_index, y)
    if size_of(errors) < _LEAST_ERROR * some.std():  # y follows from a column, whatever the loss
        return
    width = _width(errors, some)
    width_of_roots = _width(*quick_errors(table, row_index, np.sqrt(y + _SHIFT)), np.square)
    ratio = width_of_roots / max(width, np.finfo(float).tiny)
    if ratio < 1:
        zeros = round(100 * float(np.mean(y == 0)))
        evidence = f"counts, {zeros} % zeros; intervals {ratio:.2f} × as wide"
        yield Finding(
            "loss", columns=(TARGET,), weight=1 - ratio, evidence=evidence, remedy='loss="poisson"'
        )


def _width(
    errors: NDArray[np.float64],
    y: NDArray[np.float64],
    number_of: Callable[[NDArray[np.float64]], NDArray[np.float64]] = np.positive,
) -> float:
    """Return the mean width of intervals around predictions of y, in numbers that follow from y; they end at 0."""
    half = np.quantile(np.abs(errors), COVERAGE)
    means = y - errors
    low, high = (number_of(np.maximum(end, 0)) for end in (means - half, means + half))
    return float(np.mean(high - low))
