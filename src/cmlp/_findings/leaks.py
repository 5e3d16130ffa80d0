"""Columns that say y: the model has learned nothing for new rows, in which they are not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmlp._findings.table import FEWEST_ROWS, also
from cmlp._model.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from cmlp._findings.table import Table

# Rows on average of a value of y, from which on it cannot be by chance that a column says which value it is.
_FEWEST_PER_VALUE = 5


def check_copies(table: Table) -> Iterator[Finding]:
    """Find columns whose equal values are equal values of y, and the other way round.

    A single column is what y is to follow from, whatever it is.
    """
    if table.n_rows < FEWEST_ROWS or len(table.columns) < 2:
        return
    found = []
    for i in table.candidates("leak"):
        column = table.columns[i]
        if column.is_time:
            continue
        is_ordered = column.is_number and table.labels is None
        if any(_is_copy(table.raw[:, i], y, is_ordered=is_ordered) for y in table.targets):
            found.append(i)
    if found:
        yield Finding(
            "leak",
            table.names(found),
            1.0,
            "y exactly: equal values of one are equal values of the other",
            table.without(found),
            f"{table.label(found[0])} says y exactly: in all rows, equal values of one are equal values of "
            "the other. If it is a copy of y, or made from y, the model has learned nothing "
            f"for new rows, in which it is not known: leave it out.{also(table, found)}",
        )


def _is_copy(x: NDArray[np.float64], y: NDArray[np.float64], *, is_ordered: bool) -> bool:
    """Return whether a column has the values of y under other names or, if `is_ordered`, on another scale."""
    if not _agree(x[:FEWEST_ROWS], y[:FEWEST_ROWS], is_ordered=is_ordered):
        return False
    present = ~np.isnan(x)
    n = np.count_nonzero(present)
    if n < max(FEWEST_ROWS, len(x) / 2):
        return False
    x = x[present]
    y = y[present]
    if not is_ordered and len(np.unique(y)) * _FEWEST_PER_VALUE > n:
        return False
    return bool(np.ptp(y)) and _agree(x, y, is_ordered=is_ordered)


def _agree(x: NDArray[np.float64], y: NDArray[np.float64], *, is_ordered: bool) -> bool:
    """Return whether equal values of x are equal values of y and the other way round, in an order if `is_ordered`."""
    order = np.argsort(y, kind="stable")
    order = order[~np.isnan(x[order])]
    x = x[order]
    steps = np.diff(x)
    is_new = np.diff(y[order]) != 0
    if ((steps != 0) != is_new).any():
        return False
    if is_ordered:
        return bool((steps[is_new] > 0).all() or (steps[is_new] < 0).all())
    firsts = x[np.flatnonzero(is_new) + 1]
    return len(np.unique([*x[:1], *firsts])) == len(x[:1]) + len(firsts)
