"""Targets in two units, such as dollars and thousands of dollars."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cmlp._data.array_types import NDArray
from cmlp._findings.table import FEWEST_ROWS, TARGET, CheckedTable
from cmlp._model.findings import Finding

_FACTORS = (100, 1000, 1_000_000)
_FEWEST = 10  # different numbers in the rarer unit
_MOST_SHARE = 0.3
# Decimal orders: between the numbers in one unit and those in the other, and between their medians after conversion,
# where they may differ by this many standard errors more.
_LEAST_GAP, _MOST_SHIFT, _CHANCE = 0.5, 0.05, 3
_MOST_SPREAD = 2.5  # ratio of the spreads of both


def check_units(table: CheckedTable) -> Iterator[Finding]:
    """Find targets of which some are a hundred, a thousand or a million times the others, with a gap between."""
    if (
        not table.measures
        or table.labels is not None
        or table.n_rows < FEWEST_ROWS
        or "units" in table.silenced
    ):
        return
    for y in table.targets:
        found = _rows_in_other_unit(y)
        if found is not None:
            n, factor = found
            yield Finding(
                "units",
                columns=(TARGET,),
                weight=None,
                evidence=f"{n:,} of {table.n_rows:,} targets are about {factor} the others, "
                "and none is between",
                remedy="y in one unit",
            )


def _rows_in_other_unit(y: NDArray[np.float64]) -> tuple[int, str] | None:
    """Return how many numbers are in the rarer of two units, and its factor; None if all seem to be in one."""
    if len(y) == 0 or y.min() < 0:  # near zero, small numbers beside large ones are no other unit
        return None
    y = np.sort(np.log10(y[y > 0]))
    if len(y) < FEWEST_ROWS:
        return None
    gaps = np.diff(y)
    cut = int(gaps.argmax()) + 1
    small, large = y[:cut], y[cut:]
    rarer = min(small, large, key=len)
    n = len(rarer)
    if gaps[cut - 1] < _LEAST_GAP or n > _MOST_SHARE * len(y) or len(np.unique(rarer)) < _FEWEST:
        return None
    spreads = sorted((small.std(), large.std()))
    if spreads[1] > _MOST_SPREAD * spreads[0]:
        return None
    distance = np.median(large) - np.median(small)
    most = _MOST_SHIFT + _CHANCE * spreads[1] / np.sqrt(n)
    for factor in _FACTORS:
        if abs(distance - np.log10(factor)) <= most:
            return n, f"{factor:,} times" if len(large) == n else f"1/{factor:,} of"
    return None
