"""How well one column says another on rows from which it was not learned: by a few bounds, or by a step function."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from cmlp._data.array_types import NDArray
from cmlp._data.scale import in_unit
from cmlp._findings.table import FEWEST_ROWS

_MOST_ROWS = 2000  # from which, and on which, is learned and measured
_FEWEST_PER_LEAF = 3  # rows
_MOST_TREND = 0.8  # rank correlation of a column with the numbers of its rows
# The least rank correlation for which a step function is fitted, and that which is enough for any R². A lower one may
# be this factor farther from 1 than the correlation: otherwise a few far values have most of the variance.
_LEAST_OF_RANKS, _ENOUGH_OF_RANKS, _FARTHER = 0.95, 0.995, 4


class Answers(NamedTuple):
    """How many answers are wrong on rows from which they were not learned."""

    n: int  # rows
    n_wrong: int
    n_others: int  # rows that are not of the most frequent class, which a constant answers wrongly

    @property
    def accuracy(self) -> float:
        """The share of right answers."""
        return 1 - self.n_wrong / self.n

    @property
    def ratio(self) -> float:
        """The errors in those of a constant."""
        return self.n_wrong / self.n_others if self.n_others else 1.0


def answers_of(
    x: NDArray[np.float64], classes: NDArray[np.intp], n_leaves: int | None, most: float
) -> Answers:
    """Return how well the intervals of x between some bounds say a class.

    `n_leaves` is the number of intervals; None: each value of x is in one of its own. No value of x may be missing.
    If the errors in those of a constant are more than `most`, they may be even more.
    """
    halves = [rows[np.argsort(x[rows], kind="stable")] for rows in _halves(np.arange(len(x)))]
    n_classes = int(classes.max(initial=0)) + 1
    n = sum(map(len, halves))
    n_others = n - int(np.bincount(classes[np.concatenate(halves)]).max())
    # Along x, a class without errors changes between intervals alone, and an error makes two changes at most.
    n_changes = sum(int(np.count_nonzero(np.diff(classes[rows]))) for rows in halves)
    n_intervals = n_leaves or max(1 + int(np.count_nonzero(np.diff(x[rows]))) for rows in halves)
    n_wrong = n_changes // 2 - n_intervals + 1
    if n_wrong > most * n_others:
        return Answers(n, n_wrong, n_others)
    n_wrong = 0
    for seen, others in (halves, halves[::-1]):
        ends, answers = _intervals(x[seen], classes[seen], n_classes, n_leaves)
        found = answers[np.searchsorted(ends, x[others])]
        n_wrong += int(np.count_nonzero(found != classes[others]))
    return Answers(n, n_wrong, n_others)


def _halves(rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return two halves of at most `_MOST_ROWS` random rows."""
    chosen = np.random.RandomState(0).permutation(rows)[:_MOST_ROWS]
    return chosen[::2], chosen[1::2]


def _intervals(
    x: NDArray[np.float64], classes: NDArray[np.intp], n_classes: int, n_leaves: int | None
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the bounds of intervals of ascending numbers, and the most frequent class in each.

    A tree of `n_leaves` leaves grows where a bound lowers the Gini impurity most.
    """
    counts = np.zeros((len(x) + 1, n_classes))
    counts[np.arange(len(x)) + 1, classes] = 1
    np.cumsum(counts, axis=0, out=counts)
    cuts = np.flatnonzero(np.diff(x)) + 1
    if n_leaves is not None:
        leaves = [_best_cut(counts, cuts, 0, len(x))]
        chosen: list[int] = []
        while len(leaves) < n_leaves:
            gain, cut, low, high = best = max(leaves)
            if gain <= 0:
                break
            leaves.remove(best)
            chosen.append(cut)
            leaves += [_best_cut(counts, cuts, low, cut), _best_cut(counts, cuts, cut, high)]
        cuts = np.array(sorted(chosen), np.intp)
    ends = np.array([0, *cuts, len(x)])
    return (x[cuts - 1] + x[cuts]) / 2, np.diff(counts[ends], axis=0).argmax(axis=1)


def _best_cut(
    counts: NDArray[np.float64], cuts: NDArray[np.intp], low: int, high: int
) -> tuple[float, int, int, int]:
    """Return how much purer two parts of some rows are at best, where they are cut, and the rows."""
    first, last = np.searchsorted(cuts, [low + _FEWEST_PER_LEAF, high - _FEWEST_PER_LEAF + 1])
    cuts = cuts[first:last]
    if not len(cuts):
        return 0.0, low, low, high
    below, above = counts[cuts] - counts[low], counts[high] - counts[cuts]
    both = counts[high] - counts[low]
    gains = np.square(below).sum(axis=1) / (cuts - low)
    gains += np.square(above).sum(axis=1) / (high - cuts)
    best = int(gains.argmax())
    return float(gains[best] - both @ both / (high - low)), int(cuts[best]), low, high


def r2_of_steps(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return the R² on other rows of a step function of x that never falls, or never rises; 0 if it is low.

    What grows or falls from row to row does so with time: two such columns agree, and neither follows from the other.
    """
    present = np.flatnonzero(~np.isnan(x))
    if len(present) < max(FEWEST_ROWS, len(x) / 2):
        return 0.0
    some = present
    if len(some) > _MOST_ROWS:
        some = np.sort(np.concatenate(_halves(present)))
    correlation = correlation_of_ranks(x[some], y[some])
    if abs(correlation) < _LEAST_OF_RANKS or len(np.unique(x[some])) < FEWEST_ROWS:
        return 0.0
    if abs(correlation_of_ranks(x[some], some)) > _MOST_TREND:
        return 0.0
    x, y = in_unit(x), in_unit(y)
    seen, others = _halves(present)
    sign = np.sign(correlation)
    order = np.sort(seen)
    order = order[np.argsort(x[order], kind="stable")]
    steps = sign * _rising(sign * y[order])
    errors = y[others] - np.interp(x[others], x[order], steps)
    variance = y[others].var()
    r2 = max(0.0, float(1 - np.square(errors).mean() / variance)) if variance else 0.0
    least = min(_ENOUGH_OF_RANKS, 1 - _FARTHER * (1 - r2**0.5))
    return r2 if abs(correlation) >= least else 0.0


def correlation_of_ranks(x: NDArray[np.float64], y: NDArray[np.generic]) -> float:
    """Return the correlation of ranks, of which equal numbers have the same; 0 of few rows or a constant."""
    if len(x) < FEWEST_ROWS:
        return 0.0
    ranks = [_ranks(one) for one in (x, y)]
    spread = math.sqrt(math.prod(float(one @ one) for one in ranks))
    return float(ranks[0] @ ranks[1]) / spread if spread else 0.0


def _ranks(x: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return the ranks of numbers, minus their mean: halves, which are added without rounding. Equal ones have one."""
    _, codes, counts = np.unique(x, return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = (np.cumsum(counts) - counts / 2 - len(x) / 2)[codes]
    return ranks


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
