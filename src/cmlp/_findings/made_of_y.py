"""Columns that were made from y of other rows: means of y in which a row's own y is, and y of the next row."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cmlp._data.array_types import NDArray
from cmlp._findings.one_column import answers_of
from cmlp._findings.table import FEWEST_ROWS, CheckedTable, findings_of
from cmlp._findings.times import descends
from cmlp._model.findings import Finding

_FEWEST_MEANS = 10  # different ones
_MOST_CLASSES = 20  # whose shares are compared
_LEAST_EQUAL = 0.95  # share of the rows
_CLOSE = 1e-6  # standard deviations
_MOST_REPEATED = 0.5  # share of the rows whose y is that of the row before
# The next row: share of equal y, and errors in classes in those of a constant.
_LEAST_RIGHT, _MOST_ERRORS = 0.985, 0.1


def check_means(table: CheckedTable) -> Iterator[Finding]:
    """Find columns of means of y over rows with one value, a row's own y among them.

    The weight is the share of the error that is too small: next to means without the own y.
    """
    if table.n_rows < FEWEST_ROWS or not table.measures:
        return
    y = table.targets
    if table.labels is not None:
        y = np.concatenate([one == np.unique(one)[:_MOST_CLASSES, None] for one in y]).astype(float)
    found: list[tuple[int, float]] = []
    for i in table.candidates("leak"):
        if table.columns[i].is_number and not table.are_copies_of_y[i].any():
            means = [one for one in y if _are_means(table.raw[:, i], one)]
            if means:
                groups = _groups_of(table, i)
                found.append((i, max(_too_small(groups, one) for one in means)))
    columns = [i for i, _ in found]
    yield from findings_of(
        table,
        "leak",
        columns,
        "means of y over the rows with one value, in which the own y of each row is",
        weight=max((weight for _, weight in found), default=None),
        remedy=f"means of y of other rows, or {table.without(columns)}",
    )


def _are_means(x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
    """Return whether the values of x are the means of y over the rows that have them."""
    some = x[:FEWEST_ROWS]
    if np.isnan(some).any() or not y.min() <= some.min() <= some.max() <= y.max():
        return False
    present = ~np.isnan(x)
    y = y[present]
    values, codes, counts = np.unique(x[present], return_inverse=True, return_counts=True)
    is_mean = np.abs(np.bincount(codes, y) / counts - values) <= _CLOSE * y.std()
    is_repeated = counts > 1
    n_repeated = counts[is_mean & is_repeated].sum()
    return bool(
        np.count_nonzero(is_mean) >= _FEWEST_MEANS
        and n_repeated >= max(FEWEST_ROWS, _LEAST_EQUAL * counts[is_repeated].sum())
    )


def _groups_of(table: CheckedTable, i: int) -> NDArray[np.intp]:
    """Return the groups of rows that a column has the means of: values of the column with the fewest, or its own."""
    x = table.raw[:, i]
    return min([*_deciding(table, i, x)] or [np.unique(x, return_inverse=True)[1]], key=np.max)


def _deciding(
    table: CheckedTable, i: int, numbers: NDArray[np.float64]
) -> Iterator[NDArray[np.intp]]:
    """Yield the codes of each column but i whose values repeat and decide the numbers, as a year decides its dummy."""
    for k, column in enumerate(table.raw.T):
        _, firsts, codes = np.unique(column, return_index=True, return_inverse=True)
        if k != i and 2 * len(firsts) < len(numbers) and (numbers[firsts][codes] == numbers).all():
            yield codes


def _too_small(codes: NDArray[np.intp], y: NDArray[np.float64]) -> float:
    """Return by which share the errors of means of y are too small in the rows of which they were made."""
    n, total = np.bincount(codes)[codes], np.bincount(codes, y)[codes]
    others = np.where(n > 1, (total - y) / np.maximum(n - 1, 1), y.mean())
    known, honest = np.square(y - total / n).sum(), np.square(y - others).sum()
    return float(1 - np.sqrt(known / honest)) if honest else 0.0


def check_next_rows(table: CheckedTable) -> Iterator[Finding]:
    """Find columns that have y of the next row. Where times descend, that is the last one, which may be known."""
    if table.n_rows < FEWEST_ROWS or len(table.columns) < 2 or descends(table):
        return
    found = [
        i
        for i in table.candidates("leak")
        if any(
            _is_next(table.raw[:, i], y, is_class=table.labels is not None)
            and next(_deciding(table, i, y), None) is None
            for y in table.targets
        )
    ]
    yield from findings_of(
        table,
        "leak",
        found,
        "y of the next row",
        weight=1.0,
        warning="{} has y of the next row. If the rows are in the order of time, it is not known when y is predicted: "
        "leave it out.",
    )


def _is_next(x: NDArray[np.float64], y: NDArray[np.float64], *, is_class: bool) -> bool:
    """Return whether nearly each value of x is y of the next row, and y seldom that of the last one."""
    if np.mean(y[1:] == y[:-1]) > _MOST_REPEATED and not is_class:
        return False
    x, last, y = x[:-1], y[:-1], y[1:]
    present = ~np.isnan(x)
    if np.count_nonzero(present) < max(FEWEST_ROWS, len(x) / 2):
        return False
    x, last, y = x[present], last[present], y[present]
    if not is_class:
        return bool((np.abs(x - y) <= _CLOSE * y.std()).mean() >= _LEAST_RIGHT)
    classes = np.unique(y, return_inverse=True)[1]
    n_classes = int(classes.max()) + 1
    if len(np.unique(x)) != n_classes or n_classes < 2:
        return False
    answers = answers_of(x, classes, None, _MOST_ERRORS)
    of_last = answers_of(last, classes, None, _MOST_REPEATED)
    return (
        answers.accuracy >= _LEAST_RIGHT
        and answers.ratio <= _MOST_ERRORS
        and of_last.ratio > _MOST_REPEATED
    )
