"""Targets that are a sum of columns, such as a total beside its parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from cmlp._data.array_types import NDArray
from cmlp._data.scale import in_unit
from cmlp._findings.table import FEWEST_ROWS, CheckedTable
from cmlp._model.findings import Finding
from cmlp._model.unusual_rows import listed_columns

_MOST_ROWS, _MOST_COLUMNS = 2000, 100
_LEAST_R2 = 0.9999  # on other rows
# Of few rows, which tell most tables in little time: their number, and the share that a sum leaves unexplained.
_FEW_ROWS, _PER_COLUMN, _MOST_OF_FEW = 200, 4, 0.1
_MOST_TERMS = 5  # of a sum that is no chance: formulas of data that were made have more


def check_sums(table: CheckedTable) -> Iterator[Finding]:
    """Find columns of which y is a weighted sum, in rows from which the weights were not learned."""
    if table.labels is not None or table.n_rows < FEWEST_ROWS:
        return
    numbers = [
        i
        for i in table.candidates("leak")
        if table.columns[i].is_number and not table.columns[i].is_time
    ]
    row_index = np.random.RandomState(0).permutation(table.n_rows)[:_MOST_ROWS]
    x = in_unit(table.raw[row_index][:, numbers])
    kept = np.flatnonzero(np.isfinite(x).all(axis=0) & (np.ptp(x, axis=0) > 0))[:_MOST_COLUMNS]
    if len(kept) < 2:  # a single one is a copy
        return
    x = x[:, kept] - x[:, kept].mean(axis=0)
    x /= x.std(axis=0)
    for y in map(in_unit, table.targets[:, row_index]):
        first = slice(max(_FEW_ROWS, _PER_COLUMN * len(kept)))
        if not np.ptp(y) or _unexplained(x[first], y[first]) > _MOST_OF_FEW:
            continue
        if _unexplained(x, y) > 1 - _LEAST_R2:
            continue
        chosen = _terms(x, y)
        found = sorted(numbers[kept[k]] for k in chosen)
        if len(found) == 1:
            continue
        # A sum of all columns is the formula of an example.
        few = len(found) <= min(_MOST_TERMS, len(table.columns) - 1)
        labels = listed_columns([table.label(i) for i in found])
        yield Finding(
            "leak" if few else "linear",
            columns=table.names(found),
            weight=1.0 if few else None,
            evidence="their weighted sum is y (R² 1.0000 on other rows)"
            + f"; {len(table.columns) - len(found)} other columns remain" * few,
            remedy=table.without(found) if few else "",
            warning=f"y is a weighted sum of {labels}: on rows from which the weights were not learned, R² is above "
            f"{_LEAST_R2}. If these are parts of y, they are not known in new rows: leave them out."
            if few
            else "",
        )


def _unexplained(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return the share of the variance of y in every other row that a sum, learned from the rest, leaves."""
    terms = np.column_stack([x, np.ones(len(x))])
    weights = np.linalg.lstsq(terms[::2], y[::2])[0]
    errors = y[1::2] - terms[1::2] @ weights
    variance = y[1::2].var()
    return float(np.square(errors).mean() / variance) if variance else 1.0


def _terms(x: NDArray[np.float64], y: NDArray[np.float64]) -> Sequence[int]:
    """Return the columns that suffice for the sum: each next one is that which explains most of what is left."""
    chosen: list[int] = []
    rest = y - y.mean()
    while len(chosen) < x.shape[1]:
        gains = np.abs(rest @ x)
        gains[chosen] = -1
        chosen.append(int(gains.argmax()))
        if _unexplained(x[:, chosen], y) <= 1 - _LEAST_R2:
            break
        terms = x[:, chosen]
        rest = y - y.mean() - terms @ np.linalg.lstsq(terms, y - y.mean())[0]
    needed = chosen
    for one in chosen:
        fewer = [k for k in needed if k != one]
        if fewer and _unexplained(x[:, fewer], y) <= 1 - _LEAST_R2:
            needed = fewer
    return needed
