"""Columns that say nothing of new rows: numbers of rows, ids and free text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

import numpy as np

from cmlp._data.array_types import NDArray
from cmlp._data.column_entries import NUMBER
from cmlp._findings.one_column import correlation_of_ranks
from cmlp._findings.table import FEWEST_ROWS, CheckedTable, findings_of
from cmlp._findings.times import may_be_time
from cmlp._model.findings import Finding

# Share of the values that are in one row alone, above which a column hardly repeats a value.
_MOST_ALONE = 0.5
# Share of the numbers between its ends that a counting column has. Half of a shuffled file has about half of them.
_LEAST_DENSITY = 0.4
# Random numbers: the least one, the share that is different, and their distance from uniform ones (Kolmogorov and
# Smirnov), here times the root of their number: 1.5 is exceeded in 2 % of cases.
_LEAST_RANDOM, _LEAST_DIFFERENT, _MOST_DISTANCE = 1e5, 0.999, 1.5
_CHANCE = 3  # standard errors of a correlation
_AGE_NAME = re.compile(r"(?i:(?:.*[_. -])?ages?)")  # which count the rows of a life table


def check_row_numbers(table: CheckedTable) -> Iterator[Finding]:
    """Find columns that count the rows, unless they are y in another form."""
    if table.n_rows < FEWEST_ROWS or len(table.columns) < 2:
        return
    numbers = [
        i
        for i in table.candidates("ids")
        if table.columns[i].type == NUMBER
        and not may_be_time(table, i)
        and not _AGE_NAME.fullmatch(table.name(i))
    ]
    found = [i for i in numbers if table.columns[i].is_number and _counts(table.raw[:, i])]
    yield from findings_of(
        table, "ids", found, "different whole numbers with hardly a gap, as the numbers of rows"
    )
    ascending = [i for i in numbers if i not in found and _ascends(table.raw[:, i])]
    yield from findings_of(
        table,
        "ids",
        ascending,
        "different whole numbers that ascend from row to row, as ids with gaps",
    )
    yield from findings_of(
        table,
        "ids",
        _random(table, {*numbers} - {*found, *ascending}) if table.measures else [],
        "random whole numbers with one number of digits, on which y does not depend",
    )


def _random(table: CheckedTable, numbers: Collection[int]) -> list[int]:
    """Return those of some columns that have random numbers with one number of digits, on which y does not depend."""
    most = _CHANCE / table.n_rows**0.5
    return [
        i
        for i in sorted(numbers)
        if _are_random_digits(table.raw[:, i])
        and all(abs(correlation_of_ranks(table.raw[:, i], y)) < most for y in table.averaged.T)
    ]


def _are_random_digits(x: NDArray[np.float64]) -> bool:
    """Return whether numbers are whole, hardly repeat, and are uniform among those with as many digits."""
    low, high = x.min(), x.max()
    if not (
        low >= _LEAST_RANDOM and high < 10 * 10 ** np.floor(np.log10(low))
    ):  # also if one is NaN
        return False
    if (x != np.floor(x)).any():
        return False
    values = np.unique(x)
    if len(values) < _LEAST_DIFFERENT * len(x):
        return False
    least = 10 ** np.floor(np.log10(low))
    distances = (values - least) / (9 * least) - np.arange(1, len(values) + 1) / len(values)
    return bool(np.abs(distances).max() < _MOST_DISTANCE / len(values) ** 0.5)


def hardly_repeats(counts: Mapping[object, int]) -> bool:
    """Return whether most of the values with these counts are in one row alone, as those of ids and free text."""
    filled = [count for value, count in counts.items() if value is not None]
    n = sum(filled)
    return n >= FEWEST_ROWS and filled.count(1) > _MOST_ALONE * n


def _ascends(x: NDArray[np.float64]) -> bool:
    """Return whether numbers are whole, and each is larger than the one before."""
    return bool((np.diff(x) > 0).all() and (x == np.floor(x)).all())


def _counts(x: NDArray[np.float64]) -> bool:
    """Return whether numbers are whole, all different, and hardly one between them is missing."""
    low, high = x.min(), x.max()
    n = len(x)
    if not n - 1 <= high - low < n / _LEAST_DENSITY:  # also if one is NaN
        return False
    offsets = x - low
    if (x != np.floor(x)).any():
        return False
    return bool(np.bincount(offsets.astype(np.intp)).max() == 1)
