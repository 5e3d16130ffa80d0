"""Where the mean of the target changes along a column: the splits of a small decision tree."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from cmlp._data.array_types import AnyArray, NDArray
from cmlp._data.scale import quantiles

LEAVES = 8  # with a few more, files and runs grow and errors do not fall
# A target that goes up and down many times needs many more: at least 12, if each further split
# removes this share of the variance.
_MANY, _PAYING = 12, 0.01
# Distinct numbers of a column between which a split can be; of more, quantiles.
_MOST_POSITIONS = 1024
# Of positions times classes: with thousands of classes there are fewer positions.
_MOST_SUMS = 1 << 20
# A leaf has at least 8 rows, and a 200th of all; n_rows is the effective number.
_FEWEST_ROWS = 8
_SHARE = 200
# A split must remove more than this multiple of 1 / n_rows of the variance. One that separates
# nothing removes 1 / n_rows on average, and the best of many such splits several times as much.
_LEAST_GAIN = 4.0
# The same of the first split along a part of a date: with 4, two parts of three are used of dates
# that mean nothing, with 16 one of a hundred.
LEAST_GAIN_OF_PART = 16.0
_NEGLIGIBLE = 1e-9  # weights below this part of all are lost in the rounding of sums
# Gains below this part of the sum of squares, times the number of rows, can consist of rounding
# alone: those of equal targets were at most a fifth of it.
_ROUNDING = float(np.finfo(np.float64).eps)


class Sums(NamedTuple):
    """Sums over the groups of rows before each place: weights, and weighted targets of each output."""

    weight: NDArray[np.float64]
    target: NDArray[np.float64]


def step_edges(
    x: NDArray[np.float64],
    target: AnyArray,
    weight: NDArray[np.float64] | None = None,
    first_gain: float = _LEAST_GAIN,
    check: Callable[[], None] = lambda: None,
) -> NDArray[np.float64]:
    """Return the ends of the steps of the target along a column, ascending: pairs of neighbouring numbers of x.

    A decision tree grows, best split first (Breiman and others, "Classification and regression
    trees", 1984). It has at most 8 leaves, or at least 12 if each further split removes 1 % of the
    variance. Each of its splits is between two neighbouring numbers of the column, which are
    finite, and both are returned. `first_gain` is what the first split must remove of the variance,
    as a multiple of 1 / n_rows.

    `target` are class indices, or numbers of moderate size, a column per target. Of several, one
    tree lowers the sum of their variances, so that it splits where any of them changes.

    Rows count by their weights, in units in which the sum of the weights is the effective number of
    rows, the squared sum divided by the sum of the squares (Kish, "Survey sampling", 1965). A split
    that separates nothing removes the inverse of this number of the variance on average.

    `check` is called before each split, and ends the search with an exception.
    """
    if weight is not None and len(x):
        weight = weight / (weight.max() or 1.0)  # their squares are finite
        counts = weight > 0
        x, target = x[counts], target[counts]
        weight = weight[counts] * (weight.sum() / ((weight**2).sum() or 1.0))
    if not len(x):
        return np.empty(0)
    lowest, highest, group = _groups(x, weight, _n_places(target))
    sums, squares = _sums_of_groups(group, len(lowest), target, weight)
    n_rows = sums.weight[-1]
    # The variance of equal targets is a difference of nearly equal sums, which rounding can make
    # negative.
    variance = max(0.0, squares - float((sums.target[-1] ** 2).sum() / n_rows))
    noise = squares * _ROUNDING * len(x)
    least = max(noise, variance * _LEAST_GAIN / n_rows)
    splits = _splits(
        sums,
        max(_FEWEST_ROWS, n_rows // _SHARE),
        least,
        opening=max(noise, variance * first_gain / n_rows),
        paying=max(least, variance * _PAYING),
        check=check,
    )
    return np.unique(np.concatenate([highest[[split - 1 for split in splits]], lowest[splits]]))


def _is_of_classes(target: AnyArray) -> bool:
    return np.issubdtype(target.dtype, np.integer)


def _n_places(target: AnyArray) -> int:
    """Return the largest number of groups, for sums that take at most some MB."""
    n_sums = int(target.max()) + 1 if _is_of_classes(target) else target[0].size
    return max(2, min(_MOST_POSITIONS, _MOST_SUMS // n_sums))


def _groups(
    x: NDArray[np.float64], weight: NDArray[np.float64] | None, most: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Return the lowest and the highest number of each group of neighbouring numbers, and the group of each row."""
    order = np.argsort(x)
    ordered = x[order]
    distinct = np.unique(ordered)
    if len(distinct) <= most:
        return distinct, distinct, _group_of(order, ordered, distinct)
    # NumPy finds quantiles of sorted numbers four times as fast.
    with np.errstate(
        over="ignore", invalid="ignore"
    ):  # quantiles in gaps wider than the largest double are not finite
        cuts = quantiles(ordered if weight is None else x, np.arange(most) / most, weight)
    starts = np.unique(np.append(0, np.searchsorted(distinct, cuts[np.isfinite(cuts)])))
    ends = np.append(starts[1:], len(distinct)) - 1
    lowest = distinct[starts]
    return lowest, distinct[ends], _group_of(order, ordered, lowest)


def _group_of(
    order: NDArray[np.intp], ordered: NDArray[np.float64], lowest: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Return the group of each row, in the order of the rows: searching it for each row takes four times as long."""
    sizes = np.diff(np.append(np.searchsorted(ordered, lowest), len(ordered)))
    group = np.empty(len(ordered), np.intp)
    group[order] = np.repeat(np.arange(len(lowest)), sizes)
    return group


def _sums_of_groups(
    group: NDArray[np.intp], n_groups: int, values: AnyArray, weight: NDArray[np.float64] | None
) -> tuple[Sums, float]:
    """Return the sums before each group and after the last one, and the weighted sum of the squared targets."""
    weights = np.bincount(group, weight, minlength=n_groups)
    if _is_of_classes(values):  # their frequencies are the targets
        n_classes = int(values.max()) + 1
        target = np.bincount(group * n_classes + values, weight, minlength=n_groups * n_classes)
        target, squares = target.reshape(n_groups, n_classes), weights.sum()
    else:
        each = values.reshape(len(values), -1).T
        weighted = [one if weight is None else one * weight for one in each]
        target = np.stack([np.bincount(group, one, minlength=n_groups) for one in weighted], axis=1)
        squares = sum((a * b).sum() for a, b in zip(weighted, each, strict=True))
    sums = Sums(
        *(
            np.concatenate([np.zeros((1, *one.shape[1:]), one.dtype), one.cumsum(axis=0)])
            for one in (weights.astype(np.float64), target.astype(np.float64))
        )
    )
    return sums, float(squares)


def _splits(
    sums: Sums,
    fewest: float,
    least: float,
    *,
    opening: float,
    paying: float,
    check: Callable[[], None],
) -> list[int]:
    """Return the splits of a tree, each as the number of groups before it.

    The first split must remove more than `opening` of the variance, others more than `least`, and from the eighth one
    on more than `paying`. None of these is negative. The tree has either at most 8 leaves or at least 12.
    """
    n_groups = len(sums.weight) - 1
    check()
    leaves = [_best(sums, 0, n_groups, fewest)]
    splits: list[int] = []
    if not leaves[0][0] > opening:
        return splits
    for _ in range(n_groups - 1):  # a tree with more splits would have leaves without a group
        check()
        gain, place, first, end = max(leaves)
        if not gain > (least if len(leaves) < LEAVES else paying):
            break
        leaves.remove((gain, place, first, end))
        splits.append(place)
        leaves += [_best(sums, first, place, fewest), _best(sums, place, end, fewest)]
    return splits if len(leaves) >= _MANY else splits[: LEAVES - 1]


def _best(sums: Sums, first: int, end: int, fewest: float) -> tuple[float, int, int, int]:
    """Return gain and place of the best split of the groups from `first` to `end`, and these; the gain is 0 if none."""
    weight, target = sums
    low = int(np.searchsorted(weight, weight[first] + fewest))
    high = int(np.searchsorted(weight, weight[end] - fewest, side="right"))
    if low >= high:
        return 0.0, first, first, end
    inner = slice(low, high)
    gains = _explained(target[inner] - target[first], weight[inner] - weight[first], weight[-1])
    gains += _explained(target[end] - target[inner], weight[end] - weight[inner], weight[-1])
    best = int(gains.argmax())
    whole = _explained(target[[end]] - target[first], weight[[end]] - weight[first], weight[-1])
    return float(gains[best] - whole[0]), low + best, first, end


def _explained(
    target: NDArray[np.float64], weight: NDArray[np.float64], total: float
) -> NDArray[np.float64]:
    """Return what the mean of a group of rows explains of its sum of squares; almost 0 for negligible weights."""
    return np.asarray((target**2).sum(axis=1) / np.maximum(weight, _NEGLIGIBLE * total))
