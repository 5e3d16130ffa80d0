"""Learning the statistics of a column of many categories: means of the targets, and their reliability.

This is target encoding with empirical Bayes estimates (Micci-Barreca, "A preprocessing scheme for
high-cardinality categorical attributes in classification and prediction problems", 2001). The rows
of training get statistics that were learned without the rows of their fold: with their own targets in
it, the mean of a rare category would tell a network the answer.

All sums are of integers, so that their bits do not depend on the order of the rows, or on threads
and processors.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from cmlp._data.array_types import NDArray
from cmlp._model.table_columns import MOST_ONE_HOT, Statistics, TableColumns
from cmlp._process.warnings import warn
from cmlp._tables.read_table import ReadTable

_UNIT = 2.0**20  # of the sums of targets and of weights
_UNIT_OF_SQUARES = 2.0**14  # of targets before they are squared
# In standard deviations. The integer sums then do not overflow with fewer than 2^17 rows, all of
# which are at the limit, or with 2^34 rows of ordinary targets.
_FARTHEST = 512.0
_MOST_MEANS = 16
_FEWEST = 2  # categories that can differ
# Of the variance between categories in that within them: a mean below it is not used.
_LEAST_SHARE = 1e-6
_LEAST_VARIANCE = 1e-9
_RELIABLE = 4.0  # times m rows: such a category has an input of its own, too
_SOFT_LIMIT = 3.0  # as for columns of numbers


class _Sums(NamedTuple):
    """Integer sums over the rows of each category, or of each category and fold."""

    counts: NDArray[np.int64]  # (n,): of rows, or of weights
    targets: NDArray[np.int64]  # (n, outputs)
    unit: float  # of a count
    # Of a sum of targets: 1, or the factor that makes weights sum to the effective number of rows.
    scale: float


def with_statistics(columns: TableColumns, table: ReadTable) -> TableColumns:
    """Return the columns, of which those with more categories than can all be one-hot have statistics.

    If the targets of the training rows do not depend on such a column, it is unused.
    """
    found = list(columns)
    many = [i for i, c in enumerate(found) if c.is_category and c.n > MOST_ONE_HOT]
    if not many:
        return columns
    (raw, weight), targets = table.to_train_on, table.averages()
    for i in many:
        statistics = learn_statistics(raw[:, i], found[i].n, targets, weight)
        found[i] = found[i]._replace(
            statistics=statistics, role="category" if statistics else "unused"
        )
    return TableColumns(found, columns.names)


def with_new_statistics(columns: TableColumns, table: ReadTable) -> TableColumns:
    """Return the columns of an earlier fit with the statistics of the categories in other rows.

    The priors stay the same, and so do the statistics of categories without rows. There is a warning
    about columns whose statistics cannot be learned: see `_with_priors`.
    """
    if not len(columns.statistics):
        return columns
    found, (raw, weight) = list(columns), table.to_train_on
    learnable = {
        i: (statistics, targets) for i, statistics, targets in _with_priors(columns, table)
    }
    kept = [
        columns.label(i)
        for i, column in enumerate(columns)
        if column.statistics is not None and i not in learnable
    ]
    if kept:
        warn(
            f"The means of y in the categories of {', '.join(kept)} stay those of the earlier fit, "
            "because its model file, of a C program, does not say how they were learned: fit with "
            "warm_start=False to learn them from these rows."
        )
    for i, (statistics, targets) in learnable.items():
        is_known, category, known_weight = _known(raw[:, i], weight)
        priors = _priors_of(statistics)
        outputs = _outputs_of(priors)
        sums = _sums_by(category, found[i].n, targets[is_known], outputs, known_weight)
        is_new = sums.counts[:, None] > 0
        rows = np.where(is_new, _statistics_of(*_scaled(sums), priors), statistics.table)
        found[i] = found[i]._replace(statistics=statistics._replace(table=rows))
    return TableColumns(found, columns.names)


def encode_rows(
    columns: TableColumns, table: ReadTable, folds: NDArray[np.integer], kinds: Collection[bool]
) -> dict[bool, NDArray[np.float32]]:
    """Return the rows as networks with bins, without, or of both `kinds` read them.

    The training rows have the statistics that are learned without their folds.
    """
    inputs = {has_bins: columns.encode(table.raw, bins=has_bins) for has_bins in kinds}
    raw, weight = table.to_train_on
    for i, statistics, targets in _with_priors(columns, table):
        found = training_statistics(statistics, raw[:, i], folds, targets, weight)
        for has_bins, encoded in inputs.items():
            end = int(columns.begins(has_bins)[i + 1])
            encoded[: len(raw), end - found.shape[1] : end] = found
    return inputs


def _with_priors(
    columns: TableColumns, table: ReadTable
) -> Iterator[tuple[int, Statistics, NDArray[np.generic]]]:
    """Yield the columns whose statistics can be learned from other rows, with the targets.

    Statistics in the file of a C program cannot, nor those of outputs that the rows do not have.
    """
    known = [
        (i, column.statistics)
        for i, column in enumerate(columns)
        if column.statistics is not None and column.statistics.priors is not None
    ]
    if not known:
        return
    targets = table.averages()
    for i, statistics in known:
        if max(_outputs_of(_priors_of(statistics))) < targets.shape[1]:
            yield i, statistics, targets


def _priors_of(statistics: Statistics) -> NDArray[np.float64]:
    """Return the priors of statistics that can be learned from other rows."""
    assert statistics.priors is not None
    return statistics.priors


def _outputs_of(priors: NDArray[np.float64]) -> list[int]:
    """Return the indices of the outputs of which statistics are means."""
    return [*priors[:, 0].astype(int).tolist()]


def learn_statistics(
    codes: NDArray[np.float64],
    n_categories: int,
    targets: NDArray[np.generic],
    weight: NDArray[np.float64] | None = None,
) -> Statistics | None:
    """Return the statistics of the categories of a column; None if the targets do not depend on it.

    `targets` has a column for each output: standardized numbers, or booleans. Rows with other codes
    than those of categories do not count. The variances within and between categories are estimated
    by analysis of variance.
    """
    is_known, category, weight = _known(codes, weight)
    targets = targets[is_known]
    sums = _sums_by(category, n_categories, targets, range(targets.shape[1]), weight)
    count, totals = _scaled(sums)
    mean_of = np.zeros_like(totals)
    np.divide(totals, count[:, None], out=mean_of, where=count[:, None] > 0)
    n, n_squared = _total(count), _total(count * count)
    n_filled = np.count_nonzero(sums.counts)
    degrees = n - n_filled
    if n_filled < _FEWEST or degrees <= 0:
        return None
    squares = _squares_by(category, n_categories, targets, weight) * sums.scale
    overall = sums.targets.sum(axis=0) / _UNIT * sums.scale / n
    deviation = np.where(sums.counts[:, None] > 0, mean_of - overall, 0.0)
    within = _total(squares - totals * mean_of) / degrees
    within = np.maximum(within, _LEAST_VARIANCE)
    between = _total(count[:, None] * (deviation * deviation))
    between = (between - (n_filled - 1) * within) / (n - n_squared / n)
    used = np.flatnonzero(between > _LEAST_SHARE * within)
    if not len(used):
        return None
    used = np.sort(used[np.argsort(-between[used], kind="stable")[:_MOST_MEANS]])
    ratio = within[used] / between[used]
    priors = np.stack([used.astype(float), overall[used], ratio, np.sqrt(between[used])], axis=1)
    table = _statistics_of(count, totals[:, used], priors)
    n_reliable = int(np.count_nonzero(count >= _RELIABLE * ratio.min()))
    return Statistics(table, min(n_reliable, MOST_ONE_HOT), priors)


def training_statistics(
    statistics: Statistics,
    codes: NDArray[np.float64],
    folds: NDArray[np.integer],
    targets: NDArray[np.generic],
    weight: NDArray[np.float64] | None = None,
) -> NDArray[np.float32]:
    """Return the statistics of the category of each row, learned without the rows of its fold."""
    priors = _priors_of(statistics)
    is_known, category, weight = _known(codes, weight)
    n_categories, n_folds = len(statistics.table), int(folds.max()) + 1
    key = category * n_folds + folds[is_known]
    sums = _sums_by(key, n_categories * n_folds, targets[is_known], _outputs_of(priors), weight)
    counts = sums.counts.reshape(n_categories, n_folds)
    totals = sums.targets.reshape(n_categories, n_folds, -1)
    counts = (counts.sum(axis=1, keepdims=True) - counts).reshape(-1)[key]
    totals = (totals.sum(axis=1, keepdims=True) - totals).reshape(n_categories * n_folds, -1)[key]
    found = np.zeros((len(codes), statistics.table.shape[1]), np.float32)
    others = _scaled(sums._replace(counts=counts, targets=totals))
    found[is_known] = _statistics_of(*others, priors)
    return found


def _known(
    codes: NDArray[np.float64], weight: NDArray[np.float64] | None
) -> tuple[NDArray[np.bool_], NDArray[np.intp], NDArray[np.float64] | None]:
    """Return which rows have a category, and the category and the weight of each of these."""
    is_known = codes >= 0
    return is_known, codes[is_known].astype(np.intp), None if weight is None else weight[is_known]


def _sums_by(
    key: NDArray[np.intp],
    n_keys: int,
    targets: NDArray[np.generic],
    outputs: Sequence[int],
    weight: NDArray[np.float64] | None,
) -> _Sums:
    """Return the sums of these outputs over the rows with each key. Weights are at most 1."""
    totals = np.zeros((n_keys, len(outputs)), np.int64)
    for k, output in enumerate(outputs):
        clipped = _clipped(targets, output)
        if weight is not None:
            clipped = weight * clipped
        np.add.at(totals[:, k], key, np.rint(clipped * _UNIT).astype(np.int64))
    if weight is None:
        return _Sums(np.bincount(key, minlength=n_keys), totals, 1.0, 1.0)
    counts = np.zeros(n_keys, np.int64)
    np.add.at(counts, key, np.rint(weight * _UNIT).astype(np.int64))
    squared = np.rint(weight * weight * _UNIT).astype(np.int64)
    # Kish, "Survey sampling", 1965.
    scale = float(counts.sum()) / float(max(int(squared.sum()), 1))
    return _Sums(counts, totals, scale / _UNIT, scale)


def _squares_by(
    category: NDArray[np.intp],
    n_categories: int,
    targets: NDArray[np.generic],
    weight: NDArray[np.float64] | None,
) -> NDArray[np.float64]:
    """Return the sums of squares of all outputs over the rows of each category."""
    totals = np.zeros((n_categories, targets.shape[1]), np.int64)
    for output in range(targets.shape[1]):
        rounded = np.rint(_clipped(targets, output) * _UNIT_OF_SQUARES)
        squares = rounded * rounded
        if weight is not None:
            squares = np.rint(weight * squares)
        np.add.at(totals[:, output], category, squares.astype(np.int64))
    return totals / (_UNIT_OF_SQUARES * _UNIT_OF_SQUARES)


def _clipped(targets: NDArray[np.generic], output: int) -> NDArray[np.float64]:
    return np.clip(targets[:, output].astype(np.float64), -_FARTHEST, _FARTHEST)


def _scaled(sums: _Sums) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the effective numbers of rows, and the sums of their targets."""
    counts = np.asarray(sums.counts * sums.unit, np.float64)
    return counts, sums.targets / _UNIT * sums.scale


def _total(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of the rows in their order: NumPy's own order depends on the processor."""
    return np.asarray(np.add.accumulate(values, axis=0)[-1])


def _statistics_of(
    count: NDArray[np.float64], totals: NDArray[np.float64], priors: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return soft-clipped means that are drawn towards that of all rows, and their reliability."""
    _, overall, ratio, spread = priors.T
    count = count[:, None]
    drawn = (totals + ratio * overall) / (count + ratio)
    z = (drawn - overall) / spread
    third = z / _SOFT_LIMIT
    means = z / np.sqrt(1.0 + third * third)
    reliability = count / (count + ratio.min())
    # no negative zero
    return np.concatenate([means, reliability], axis=1).astype(np.float32) + np.float32(0)
