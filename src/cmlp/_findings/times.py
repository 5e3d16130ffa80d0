"""Rows in the order of time, along which y changes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import numpy as np

from cmlp._data.array_types import NDArray
from cmlp._data.column_entries import NUMBER
from cmlp._data.columns import DATES
from cmlp._data.scale import in_unit
from cmlp._findings.quick import coverage_of, quick_model, size_of, spread_rows
from cmlp._findings.table import FEWEST_ROWS, CheckedTable, findings_of
from cmlp._model.findings import Finding
from cmlp._model.kinds_of_findings import COVERAGE

# The limits were chosen on the 45 targets of benchmarks/later.py.
_N_PARTS = 8  # of the rows, at most
_YEAR = 365.25  # days
_LEAST_SHARE = 0.05  # of the variance of y between these parts
_LEAST_ERROR = 1e-3  # standard deviations of y
_FIRST_YEAR, _LAST_YEAR = 1850, 2035
_TIME_NAME = re.compile(
    r"(?i:(?:.*[_. -])?(?:t|times?|timestamp|date|days?|weeks?|months?|quarter|years?|yr|trend|period|wave|epoch)"
    r"(?:[_. -]?(?:id|no|nr|num|number|index|start|end))?|(?:time|year|date|day|month|week)[a-z]*\d*)"
)
_CHANCE = 4  # standard errors of this share, where y does not change


def check_ascending_times(table: CheckedTable) -> Iterator[Finding]:
    """Find a column of times that ascends from row to row, if parts of the time have different means of y.

    Rows that `fit` holds out at random are then between those of training, and later rows are not.
    """
    if table.groups is not None or table.n_rows < FEWEST_ROWS:
        return
    columns = table.columns
    times = [
        i
        for i in table.candidates("time")
        if columns[i].is_used
        and _ascends(table.raw[:, i])
        and (columns[i].type in DATES or may_be_time(table, i))
    ]
    if not times:
        return
    i = times[0]
    values = table.raw[:, i]
    parts = (
        _parts(values) if columns[i].is_date else np.arange(table.n_rows) * _N_PARTS // table.n_rows
    )
    if not _changes(in_unit(table.averaged.astype(np.float64)), parts):
        return
    weight, evidence = None, "ascends from row to row, and y changes with it"
    if table.measures:
        row_index = spread_rows(table)
        model = quick_model(table, row_index)
        if model is None:
            return
        known = model.errors()
        last = np.arange(len(row_index) * (_N_PARTS - 1) // _N_PARTS, len(row_index))
        later = model.errors([last])[last]
        ratio = max(1.0, size_of(later) / max(size_of(known), _LEAST_ERROR))
        coverage = coverage_of(later, known)
        weight = max(1 - 1 / ratio, 1 - coverage / COVERAGE)
        evidence = (
            f"last eighth: error {ratio:.2g} × that on random rows, intervals of "
            f"{COVERAGE:.2g} cover {coverage:.2f}"
        )
    yield from findings_of(table, "time", [i], evidence, weight=weight, remedy=_remedy(table, i))


def _remedy(table: CheckedTable, i: int) -> str:
    """Return the code that measures errors on later rows."""
    if table.labels is not None or len(table.targets) > 1:
        return "fit(X[:n], y[:n], X_val=X[n:], y_val=y[n:]), n: the first of the last rows"
    names = table.frame.names
    if names is not None and isinstance(names[i], str):
        return f'fit(X, y, time="{names[i]}")'
    return f"fit(X, y, time={table.one(i)})"


def may_be_time(table: CheckedTable, i: int) -> bool:
    """Return whether a column of whole numbers is called a time, or has years."""
    values = table.raw[:, i]
    if table.columns[i].type != NUMBER or (values != np.floor(values)).any():
        return False
    low, high = values.min(initial=np.inf), values.max(initial=-np.inf)
    return bool(_FIRST_YEAR <= low <= high <= _LAST_YEAR) or bool(
        _TIME_NAME.fullmatch(table.name(i))
    )


def descends(table: CheckedTable) -> bool:
    """Return whether a column of times descends from row to row."""
    return any(
        _ascends(-table.raw[:, i])
        for i, column in enumerate(table.columns)
        if column.is_used and (column.type in DATES or may_be_time(table, i))
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


def _changes(y: NDArray[np.float64], parts: NDArray[np.int64]) -> bool:
    """Return whether the means of y in parts of the rows differ by more than chance, and by enough to matter."""
    bounds = np.searchsorted(parts, np.arange(parts[-1] + 2))
    sizes = np.diff(bounds)
    sizes = sizes[sizes > 0]
    n, k = sizes.sum(), len(sizes)
    if k < 2 or k == n:
        return False
    within, means = 0.0, []
    for part in np.split(y[bounds[0] :], np.cumsum(sizes)[:-1]):
        means.append(part.mean(axis=0))
        within += np.square(part - means[-1]).sum()
    between = sizes @ np.square(means - sizes @ np.array(means) / n).sum(axis=1)
    if not between:
        return False
    # Without the share that parts of random rows have on average (epsilon squared).
    share = 1 - within / (within + between) * (n - 1) / (n - k)
    return bool(share > _LEAST_SHARE + _CHANCE * math.sqrt(2 * (k - 1)) / n)
