"""Columns that say y: the model has learned nothing for new rows, in which they are not known."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cmlp._data.array_types import NDArray
from cmlp._data.scale import in_unit
from cmlp._findings.table import FEWEST_ROWS, CheckedTable, also
from cmlp._model.findings import Finding

# Of y by a function of a column that never falls, on other rows.
_LEAST_R2 = 0.995
_LEAST_RANK_CORRELATION = 0.99  # of columns for which such a function is fitted
_LEAST_OF_SOME = 0.95  # the same of some of the rows
_MOST_TREND = 0.8  # rank correlation of a column with the numbers of its rows
_MOST_ROWS = 2000  # to which it is fitted, and on which it is judged
_FEWEST_VALUES = 10  # of a column that y follows: fewer are often the design of an example
_FEWEST_OTHERS = 20  # rows that repeat a value and have another y than most
_FEWEST_MISSING = 0.02  # share of the values that are missing, or are not
_LEAST_ACCURACY = 0.97  # of the classes that a missing value, and one that is not, predict
_LEAST_WAY = 0.3  # of the way from the share of the largest class to 1


def check_copies(table: CheckedTable) -> Iterator[Finding]:
    """Find columns whose equal values are equal values of y, and the other way round.

    A single column is what y is to follow from, whatever it is.
    """
    if table.n_rows < FEWEST_ROWS or len(table.columns) < 2:
        return
    found = [
        i
        for i in table.candidates("leak")
        if not table.columns[i].is_time and table.are_copies_of_y[i].any()
    ]
    if found:
        yield Finding(
            "leak",
            columns=table.names(found),
            weight=1.0,
            evidence="y exactly: equal values of one are equal values of the other",
            remedy=table.without(found),
            warning=f"{table.label(found[0])} says y exactly: in all rows, equal values of one are equal values of "
            "the other. If it is a copy of y, or made from y, the model has learned nothing "
            f"for new rows, in which it is not known: leave it out.{also(table, found)}",
        )


def check_functions(table: CheckedTable) -> Iterator[Finding]:
    """Find columns from whose values y follows: each value has one, or y rises or falls with them, nearly."""
    if table.n_rows < FEWEST_ROWS or len(table.columns) < 2:
        return
    exact, nearly = [], []
    for i in table.candidates("leak"):
        column, x = table.columns[i], table.raw[:, i]
        if column.is_time or not column.is_used or column.has_unlisted:
            continue
        if table.are_copies_of_y[i].any():
            continue
        some = table.some_rows
        if any(_may_be_function(x[some], y[some]) and _is_function(x, y) for y in table.targets):
            once = table.different_rows
            if any(_is_function(x[once], y[once]) for y in table.targets):
                exact.append(i)
        elif table.is_ordered(i) and any(
            _may_rise(x[some], y[some]) and _nearly_rises(x, y) for y in table.targets
        ):
            nearly.append(i)
    if exact:
        yield Finding(
            "leak",
            columns=table.names(exact),
            weight=1.0,
            evidence="y follows: all rows with one value have the same y",
            remedy=table.without(exact),
            warning=f"{table.label(exact[0])} says y: all rows with one value have the same y, though most values are "
            "in several rows. If y was made from it, or it from y, the model has learned nothing for new rows, "
            f"in which it is not known: leave it out.{also(table, exact)}",
        )
    if nearly:
        yield Finding(
            "leak",
            columns=table.names(nearly),
            weight=_LEAST_R2,
            evidence="y rises or falls with it, nearly exactly",
            remedy=table.without(nearly),
            warning=f"{table.label(nearly[0])} nearly says y, which rises or falls with it: on other rows, R² is above "
            f"{_LEAST_R2}. If it is made from y, leave it out.{also(table, nearly)}",
        )


def check_missing(table: CheckedTable) -> Iterator[Finding]:
    """Find columns of which a value is missing in rows of one class, and there only."""
    if table.labels is None or table.n_rows < FEWEST_ROWS or len(table.columns) < 2:
        return
    is_missing = table.is_missing
    shares = is_missing.mean(axis=0)
    found = [
        i
        for i in table.candidates("leak")
        if _FEWEST_MISSING <= shares[i] <= 1 - _FEWEST_MISSING
        and any(
            _gives_class(is_missing[:, i], y) and not is_copy
            for y, is_copy in zip(table.targets, table.are_copies_of_y[i], strict=True)
        )
    ]
    if found:
        yield Finding(
            "leak",
            columns=table.names(found),
            weight=1.0,
            evidence="whether its value is missing gives the class",
            remedy=table.without(found),
            warning=f"Whether {table.label(found[0])} has a value says y nearly exactly. If it is known only after y, "
            f"the model has learned nothing for new rows: leave it out.{also(table, found)}",
        )


def _may_be_function(x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
    """Return whether values repeat in some of the rows, each with one y: most columns are told so in little time."""
    order = np.argsort(x, kind="stable")
    is_equal = np.diff(x[order]) == 0
    return bool(is_equal.any()) and not (np.diff(y[order])[is_equal] != 0).any()


def _may_rise(x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
    """Return whether y rises or falls with x in some of the rows, by the correlation of ranks."""
    present = ~np.isnan(x)
    return abs(_correlation_of_ranks(x[present], y[present])) > _LEAST_OF_SOME


def _correlation_of_ranks(x: NDArray[np.float64], y: NDArray[np.generic]) -> float:
    if len(x) < FEWEST_ROWS:
        return 0.0
    ranks = [np.argsort(np.argsort(one)) for one in (x, y)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def _is_function(x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
    """Return whether each value of x has one y, values repeat, and y has no more values than x."""
    present = ~np.isnan(x)
    if np.count_nonzero(present) < len(x) / 2:
        return False
    x, y = x[present], y[present]
    order = np.argsort(x, kind="stable")
    is_equal = np.diff(x[order]) == 0
    if (np.diff(y[order])[is_equal] != 0).any():
        return False
    n_values = len(x) - np.count_nonzero(is_equal)
    repeats = np.append(is_equal, False) | np.append(False, is_equal)
    n_repeated = np.count_nonzero(repeats)
    n_of_y = len(np.unique(y))
    counts = np.unique(y[order][repeats], return_counts=True)[1]
    if (
        n_repeated - counts.max(initial=0) < _FEWEST_OTHERS
    ):  # rare values of y can be in rows alone by chance
        return False
    is_many = n_repeated >= FEWEST_ROWS and _FEWEST_VALUES <= n_values <= len(x) / 2
    return bool(is_many and 1 < n_of_y <= n_values)


def _nearly_rises(x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
    """Return whether y is nearly a step function of x that never falls, or never rises: on other rows than those of it.

    What grows or falls from row to row does so with time: two such columns agree, and neither follows from the other.
    """
    present = np.flatnonzero(~np.isnan(x))
    if len(present) < max(FEWEST_ROWS, len(x) / 2) or len(np.unique(x[present])) < FEWEST_ROWS:
        return False
    if abs(_correlation_of_ranks(x[present], present)) > _MOST_TREND:
        return False
    correlation = _correlation_of_ranks(x[present], y[present])
    if abs(correlation) < _LEAST_RANK_CORRELATION:
        return False
    x, y = in_unit(x), in_unit(y)
    chosen = np.random.RandomState(0).permutation(present)[:_MOST_ROWS]
    seen, others = np.sort(chosen[::2]), chosen[1::2]
    sign = np.sign(correlation)
    order = seen[np.argsort(x[seen], kind="stable")]
    steps = sign * _rising(sign * y[order])
    errors = y[others] - np.interp(x[others], x[order], steps)
    return bool(np.square(errors).mean() < (1 - _LEAST_R2) * y[others].var())


def _rising(y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the numbers that never fall and are nearest to some (pool adjacent violators)."""
    means: list[float] = []
    sizes: list[int] = []
    for value in y.tolist():
        means.append(value)
        sizes.append(1)
        while len(means) > 1 and means[-2] > means[-1]:
            last, n = means.pop(), sizes.pop()
            means[-1] = (means[-1] * sizes[-1] + last * n) / (sizes[-1] + n)
            sizes[-1] += n
    return np.repeat(means, sizes)


def _gives_class(is_missing: NDArray[np.bool_], y: NDArray[np.float64]) -> bool:
    """Return whether the most frequent class with a value, and that without one, are nearly always right."""
    classes, codes = np.unique(y, return_inverse=True)
    counts = np.stack(
        [np.bincount(codes[rows], minlength=len(classes)) for rows in (is_missing, ~is_missing)]
    )
    accuracy = counts.max(axis=1).sum() / len(y)
    most = counts.sum(axis=0).max() / len(y)
    return bool(accuracy > _LEAST_ACCURACY and accuracy >= most + _LEAST_WAY * (1 - most))
