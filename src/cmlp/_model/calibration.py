"""Conformal calibration of a table's model: scores of rows outside the training, and how far intervals reach.

Split conformal prediction: Vovk, Gammerman, Shafer, "Algorithmic learning in a random world", 2005; Papadopoulos and
others, "Inductive confidence machines for regression", 2002. Quantiles: Romano, Patterson, Candès, "Conformalized
quantile regression", 2019. Widths that follow the row: Papadopoulos, Gammerman, Vovk, "Normalized nonconformity
measures for regression conformal prediction", 2008. Sets of classes: Sadinle, Lei, Wasserman, "Least ambiguous
set-valued classifiers with bounded error levels", 2019. Sets by class (label-conditional, or Mondrian): Vovk,
"Conditional validity of inductive conformal predictors", 2012. Rows of new groups (hierarchical conformal
prediction): Dunn, Wasserman, Ramdas, "Distribution-free prediction sets for two-layer hierarchical models", 2022.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from cmlp._bridge import _core
from cmlp._data.array_types import AnyArray, NDArray
from cmlp._data.groups import GroupCount, Groups
from cmlp._data.labels import Labels, medians
from cmlp._data.weights import weights_of_rows
from cmlp._process.warnings import warn

ABSOLUTE_ERROR = "absolute_error"
SCALED_ERROR = "scaled_error"
QUANTILES = "quantiles"
PROBABILITY = "probability"
KINDS = tuple(_core.CALIBRATION_KINDS)
HELD_OUT, CALIBRATION = "held_out", "calibration"
ROWS = (HELD_OUT, CALIBRATION)
MOST_SCORES = 9_999  # that are kept: 80 kB of a file
_MOST_BY_CLASS = 999  # that are kept of each class, enough for 0.999
_ROUNDING = 1e-9  # of (n + 1) * coverage, which must not add a rank
# Widths: chosen on the tables of `benchmarks.intervals`, which depend little on these numbers.
_MOST_KNOTS, _ROWS_OF_KNOT = 8, 20
_SHARE_OF_MEAN = 0.2  # that the mean error of all rows has in each factor
_SHOWN = 5  # classes in a warning
_LEAST_CHANCE = 0.001  # of a class in no set that has the coverage of the others
_HALF = 0.5  # above which a probability is the largest, and a coverage is that of most rows
_FREQUENT = 0.05  # share of the targets that are equal to the lowest or the highest one
# Chosen on tables of `benchmarks.ties`: a network that should answer the lowest target is nearly
# always so near to it.
_NEAR = 0.05  # of the scale of the targets


class Calibration(NamedTuple):
    """The scores of rows that a model was not trained on.

    Attributes
    ----------
    kind : {"absolute_error", "scaled_error", "quantiles", "probability"}
        The score of a row: ``|y - prediction|``; this divided by the factor of the row; by how much
        y is outside the predicted quantiles, negative inside; 1 minus the probability of the right
        class, or of the right answer for a label. Of ordered classes, this probability is that of
        `_towards_median`, so that sets have no gaps. `scores_of` and `scaled_scores` round them so
        that the interval or the set of each margin contains every row whose score is at most this
        margin.
    rows : {"held_out", "calibration"}
        "held_out": each row was judged by the networks that held it out, and helped to choose their
        epochs. "calibration": rows of `calibrate`, judged by the model.
    scores : ndarray of float64, shape (n_answers, n_scores)
        Ascending in each row. Each target has its row, and each label if a row of the table can
        have several.
    widths : ndarray of float64, shape (n_answers, 2, n_knots), or None
        For "scaled_error", how the width of an interval follows from the prediction: ascending
        predictions and their factors, see `factors_of`.
    limits : ndarray of float64, shape (n_answers, 2, 2), or None
        The lowest and the highest target if many are equal to it, each with a number near it.
        Infinite for an end that is not frequent. No finite end of an interval is beyond them. For
        "quantiles", an interval contains the lowest target instead if its lowest quantile
        is at most the number near it, and the highest one if its highest quantile is at least the
        number near it: the answer of one network, which gives the score of a held-out row, often is
        such a target, but the mean of several hardly ever.
    groups : GroupCount or None
        Of how many groups the rows are, if intervals should cover rows of new groups.
    classes : ndarray of float64, shape (2, n), or None
        The class of each score, in ascending order, and the scores of each class, in ascending
        order: for sets whose coverage holds for each class. Of label j of several, the classes are
        2 j for no and 2 j + 1 for yes. None for numbers, and in files of earlier versions.
    """

    kind: str
    rows: str
    scores: NDArray[np.float64]
    widths: NDArray[np.float64] | None = None
    limits: NDArray[np.float64] | None = None
    groups: GroupCount | None = None
    classes: NDArray[np.float64] | None = None

    @classmethod
    def from_scores(
        cls,
        kind: str,
        rows: str,
        scores: NDArray[np.float64],
        weight: NDArray[np.float64] | None,
        widths: NDArray[np.float64] | None = None,
        limits: NDArray[np.float64] | None = None,
        groups: Groups | None = None,
        classes: NDArray[np.int64] | None = None,
    ) -> Self:
        """Return the calibration with these scores of rows, and the rows' weights.

        The shape of the scores is (n_answers, n_rows), and that of the `classes`. With `groups`,
        the weights of each group have the sum 1.
        """
        kept = np.stack([_kept_of(each, weight, groups, MOST_SCORES) for each in scores])
        count = None if groups is None else groups.group_count
        by_class = None if classes is None else _kept_by_class(scores, classes, weight, groups)
        return cls(kind, rows, kept, widths, limits, count, by_class)

    def stored(self) -> dict[str, Any]:
        """Return what files and pickles keep."""
        values = self._asdict()
        for name in ("widths", "limits"):
            if values[name] is not None:
                values[name] = values[name].reshape(2 * len(values[name]), -1)
        n_groups, column = values.pop("groups") or (None, None)
        return values | {"n_groups": n_groups, "group_column": column}

    def margins(self, coverage: float) -> NDArray[np.float64]:
        """Return the scores of rank ``ceil((n + 1) * coverage)``; infinity, with a warning, if n is too small.

        If the widths follow the rows, the factor of a row multiplies them.
        """
        margins = self.finite_margins(coverage)
        if margins is not None:
            return margins
        counted, n_counted = "scores", self.scores.shape[1]
        if self.groups is not None:
            counted, n_counted = "groups", self.groups.n
        what = "sets have all classes" if self.kind == PROBABILITY else "intervals are infinite"
        warn(
            f"coverage={coverage} needs at least {_needed(coverage)} {counted}, but the model has "
            f"{n_counted}: {what}."
        )
        return np.full(len(self.scores), math.inf)

    def finite_margins(self, coverage: float) -> NDArray[np.float64] | None:
        """Return what `margins` returns; None if there are too few scores."""
        n = n_finite = self.scores.shape[1]
        if self.groups is not None:
            n_finite = n + 1 - _ranks_per_group(n, self.groups.n)
        rank = _rank(n, coverage)
        return self.scores[:, rank - 1] if rank <= n_finite else None

    def margins_by_class(self, coverage: float, n_classes: int) -> NDArray[np.float64]:
        """Return for each class the score of this rank among its own scores; infinity if they are too few."""
        assert self.classes is not None
        margins = np.full(n_classes, math.inf)
        ends = np.searchsorted(self.classes[0], np.arange(n_classes + 1))
        for k, (first, last) in enumerate(itertools.pairwise(ends.tolist())):
            rank = _rank(last - first, coverage)
            if rank <= last - first:
                margins[k] = self.classes[1, first + rank - 1]
        return margins

    def uncovered(self, coverage: float, n_classes: int) -> list[int]:
        """Return the classes that no set of most rows has for a row of the class, which is not by chance.

        All of their scores are above the margin, and above 1/2: the class is never the most
        probable one.
        """
        margins = self.finite_margins(coverage)
        if self.classes is None or margins is None or coverage < _HALF:
            return []
        most = np.maximum(margins, _HALF).repeat(n_classes // len(margins))
        ends = np.searchsorted(self.classes[0], np.arange(n_classes + 1)).tolist()
        found = []
        for k, (first, last) in enumerate(itertools.pairwise(ends)):
            own = self.classes[1, first:last]
            n_finite = np.count_nonzero(np.isfinite(own))
            n = n_finite / (len(own) - n_finite + 1)  # rows or groups: see `_kept_by_group`
            if len(own) and own[0] > most[k] and (1 - coverage) ** n < _LEAST_CHANCE:
                found.append(k)
        return found

    def intervals(
        self, outputs: NDArray[np.float64], coverage: float, lowest: float
    ) -> NDArray[np.float64]:
        """Return the lower and upper ends for the outputs of a regressor, of shape (n_rows, [n_targets,] 2).

        No interval begins below `lowest`, because no target is there.
        """
        margins = self.margins(coverage)
        if self.widths is not None:
            margins = margins * factors_of(self.widths, outputs)
        first, last = _ends(self.kind, outputs)
        low, high = first - margins, last + margins
        if self.limits is not None and self.kind == QUANTILES:
            for is_near, target in zip(
                _near_limits(self.limits, first, last), self.limits[0, :, 0], strict=True
            ):
                low[is_near & (low > target)] = target
                high[is_near & (high < target)] = target
        elif self.limits is not None:
            lowest_frequent, highest_frequent = self.limits[:, :, 0].T
            for end in (low, high):  # with too few scores they are infinite, and remain so
                is_finite = np.isfinite(end)
                np.copyto(end, lowest_frequent, where=is_finite & (end < lowest_frequent))
                np.copyto(end, highest_frequent, where=is_finite & (end > highest_frequent))
        # A negative margin: the point between both ends covers more than nothing.
        crossed = low > high
        low[crossed] = high[crossed] = (low[crossed] + high[crossed]) / 2
        low[low < lowest] = lowest
        ends = np.stack([low, high], axis=-1)
        return ends if len(self.scores) > 1 else ends[:, 0]

    def sets(
        self,
        probabilities: NDArray[np.float64],
        coverage: float,
        labels: Labels,
        *,
        by_class: bool = False,
    ) -> NDArray[np.bool_]:
        """Return which classes are in the set of each row; the most probable class, or the median, always is.

        If a row can have several labels, the shape is (n_rows, n_labels, 2), and the classes of each are no and yes.
        """
        margins = (
            self._warned_margins_by_class(coverage, labels) if by_class else self.margins(coverage)
        )
        if labels.kind == "ordered":
            probabilities = _towards_median(probabilities)
        if labels.kind == "multilabel":
            probabilities = np.stack([1 - probabilities, probabilities], axis=-1)
            margins = margins.reshape(len(self.scores), -1)
        is_in_set: NDArray[np.bool_] = 1 - probabilities <= margins
        np.put_along_axis(is_in_set, probabilities.argmax(axis=-1)[..., None], True, axis=-1)
        if labels.kind == "ordered":  # without gaps: from the lowest to the highest class
            from_last = np.logical_or.accumulate(is_in_set[:, ::-1], axis=1)[:, ::-1]
            is_in_set = np.logical_or.accumulate(is_in_set, axis=1) & from_last
        return is_in_set

    def _warned_margins_by_class(self, coverage: float, labels: Labels) -> NDArray[np.float64]:
        """Return the margins of the classes, and warn of those that are infinite."""
        names = class_names(labels)
        margins = self.margins_by_class(coverage, len(names))
        unknown = [name for name, margin in zip(names, margins, strict=True) if np.isinf(margin)]
        if unknown:
            counted = "scores" if self.groups is None else "groups"
            warn(
                f"coverage={coverage} by class needs at least {_needed(coverage)} {counted} of each "
                f"class, and these have fewer: {listed_classes(unknown)}. They are in every set."
            )
        return margins


def n_answers(net: _core.Net, labels: Labels | None) -> int:
    """Return the number of targets, or of labels that a row can have, of a table's model with such networks; or 1."""
    if labels is not None:
        return labels.n_answers
    return 1 if isinstance(net.loss_parameter, tuple) else int(net.n_out)


def class_names(labels: Labels) -> list[str]:
    """Return the names of the classes in the order of `Calibration.classes`."""
    if labels.kind == "multilabel":
        return [f"{answer} of label {j}" for j in range(labels.n_answers) for answer in range(2)]
    return [*map(repr, labels.classes.tolist())]


def classes_of_scores(labels: Labels, truth: AnyArray) -> NDArray[np.int64]:
    """Return the class of each score of rows, as `Calibration.classes` counts them: of shape (n_answers, n_rows)."""
    if labels.kind == "multilabel":
        return 2 * np.arange(labels.n_answers)[:, None] + truth.T
    return truth[None]


def listed_classes(names: Sequence[str]) -> str:
    """Return the first names, and how many there are if some are left out."""
    more = f", … ({len(names):,})" * (len(names) > _SHOWN)
    return f"{', '.join(names[:_SHOWN])}{more}"


def checked_calibration(
    kind: object,
    rows: object,
    scores: NDArray[np.float64],
    widths: NDArray[np.float64] | None,
    limits: NDArray[np.float64] | None,
    classes: NDArray[np.float64] | None,
    n_groups: object,
    group_column: object,
    net: _core.Net,
    labels: Labels | None,
) -> Calibration:
    """Return the calibration of a file or a pickle with such networks; raises ValueError if it is invalid.

    `widths` and `limits` have two rows for each answer, as in a file.
    """
    groups = _checked_groups(n_groups, group_column)
    n, usual = n_answers(net, labels), kind_of_scores(net, labels)
    if (
        kind not in KINDS
        or rows not in ROWS
        or scores.ndim != 2
        or len(scores) != n
        or not scores.size
    ):
        raise ValueError("the calibration is invalid")
    if kind != usual and (kind, usual) != (SCALED_ERROR, ABSOLUTE_ERROR):
        raise ValueError(
            f"the calibration is not that of a {'regressor' if labels is None else 'classifier'}"
        )
    if np.isnan(scores).any() or (scores[:, 1:] < scores[:, :-1]).any():
        raise ValueError("the scores of the calibration do not ascend")
    if (widths is None) != (kind != SCALED_ERROR):
        raise ValueError("the widths of the calibration do not fit its kind")
    if limits is not None:
        limits = _checked_limits(limits, str(kind), n)
    if classes is not None:
        _check_classes(classes, labels)
    if widths is None:
        return Calibration(str(kind), str(rows), scores, None, limits, groups, classes)
    if widths.ndim != 2 or len(widths) != 2 * n or not widths.size:
        raise ValueError("the widths of the calibration are invalid")
    widths = widths.reshape(n, 2, -1)
    predictions, factors = widths[:, 0], widths[:, 1]
    with np.errstate(over="ignore", invalid="ignore"):
        steps = np.diff(predictions)
    ascend = np.isfinite(predictions).all() and np.isfinite(steps).all() and (steps >= 0).all()
    if not ascend or not (np.isfinite(factors) & (factors > 0)).all():
        raise ValueError("the widths of the calibration break a rule")
    return Calibration(str(kind), str(rows), scores, widths, limits, groups)


def _checked_groups(n: object, column: object) -> GroupCount | None:
    """Return how many groups the rows of a calibration are of, or raise ValueError."""
    if n is None and column is None:
        return None
    if type(n) is not int or n < 1 or not isinstance(column, (str, type(None))):
        raise ValueError("the groups of the calibration are invalid")
    return GroupCount(n, column)


def _check_classes(classes: NDArray[np.float64], labels: Labels | None) -> None:
    """Raise ValueError if these cannot be the scores by class for some labels."""
    if labels is None or classes.ndim != 2 or len(classes) != 2 or not classes.size:
        raise ValueError("the classes of the calibration do not fit its kind")
    numbers, scores = classes
    is_next, is_same = numbers[1:] > numbers[:-1], numbers[1:] == numbers[:-1]
    if not np.isin(numbers, np.arange(len(class_names(labels)))).all() or np.isnan(scores).any():
        raise ValueError("the scores by class of the calibration break a rule")
    if not (is_next | (is_same & (scores[1:] >= scores[:-1]))).all():
        raise ValueError("the scores by class of the calibration do not ascend")


def _checked_limits(limits: NDArray[np.float64], kind: str, n: int) -> NDArray[np.float64]:
    """Return the limits of frequent targets of n answers, or raise ValueError if scores of this kind have others."""
    if kind == PROBABILITY or limits.shape != (2 * n, 2):
        raise ValueError("the limits of the calibration do not fit its kind")
    limits = limits.reshape(n, 2, 2)
    if not ((limits[:, 0, 0] <= limits[:, 0, 1]) & (limits[:, 1, 0] >= limits[:, 1, 1])).all():
        raise ValueError("the limits of the calibration break a rule")
    return limits


def kind_of_scores(net: _core.Net, labels: Labels | None) -> str:
    """Return the kind of score of a model with such networks, if the widths of intervals do not follow the rows."""
    if labels is not None:
        return PROBABILITY
    return QUANTILES if isinstance(net.loss_parameter, tuple) else ABSOLUTE_ERROR


def scores_of(
    kind: str,
    outputs: NDArray[np.float64],
    y: AnyArray,
    labels: Labels | None = None,
    limits: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return the scores of rows, of shape (n_answers, n_rows).

    y has a column of numbers for each target, or the index of each row's class, or a bool for each
    label that a row can have. `limits` are those of `Calibration`, for "quantiles".
    """
    if labels is not None and labels.kind == "ordered":
        outputs = _towards_median(outputs)
    if kind == PROBABILITY and y.ndim == 1:
        rest: NDArray[np.float64] = 1 - outputs[np.arange(len(y)), y]
        return rest[None]
    if kind == PROBABILITY:
        return (1 - np.where(y, outputs, 1 - outputs)).T
    low, high = _ends(kind, outputs)
    below, above = low - y, y - high
    # Rounding can make a difference too small for its end to reach y. The next larger number is
    # then large enough.
    below = np.where(low - below > y, np.nextafter(below, np.inf), below)
    above = np.where(high + above < y, np.nextafter(above, np.inf), above)
    if limits is not None:
        for is_near, target in zip(_near_limits(limits, low, high), limits[0, :, 0], strict=True):
            below[is_near & (y >= target)] = -np.inf
            above[is_near & (y <= target)] = -np.inf
    scores: NDArray[np.float64] = np.maximum(below, above).T
    if limits is not None:
        others = scores > -np.inf  # the rows that some margin leaves out
        scores[~others] = scores[others].min() if others.any() else 0.0
    return scores


def _towards_median(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return probabilities of ordered classes that never rise away from the median, which has 1.

    That of a class is the largest among it and those beyond it, as seen from the median. A set of
    the classes whose numbers are large enough has no gaps: it reaches from the lowest to the
    highest of the median and the classes whose own probabilities are.
    """
    counted = probabilities.copy()
    np.put_along_axis(counted, medians(probabilities)[:, None], 1, axis=1)
    from_first = np.maximum.accumulate(counted, axis=1)
    from_last = np.maximum.accumulate(counted[:, ::-1], axis=1)[:, ::-1]
    return np.minimum(from_first, from_last)


def _ends(
    kind: str, outputs: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the outputs at which the intervals of each target begin and end, before a margin is added."""
    return (outputs[:, :1], outputs[:, -1:]) if kind == QUANTILES else (outputs, outputs)


def _near_limits(
    limits: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which lowest quantiles are near the lowest target, and which highest ones near the highest target."""
    return low <= limits[0, 0, 1], high >= limits[0, 1, 1]


def frequent_limits(
    targets: NDArray[np.float64],
    weight: NDArray[np.float64] | None,
    scale: Sequence[float],
) -> NDArray[np.float64] | None:
    """Return the `limits` of a calibration from the targets of the training rows; None if no limit is frequent.

    The targets have a column for each answer, and the scale a number. The limits are targets as
    given: what the scale of the targets makes of one can miss it by a rounding.
    """
    limits = np.tile([[-np.inf, -np.inf], [np.inf, np.inf]], (targets.shape[1], 1, 1))
    for each, y, spread in zip(limits, targets.T, scale, strict=True):
        lowest, highest = y.min(), y.max()
        if _mean((y == lowest).astype(np.float64), weight) >= _FREQUENT:
            each[0] = lowest, lowest + _NEAR * spread
        if _mean((y == highest).astype(np.float64), weight) >= _FREQUENT:
            each[1] = highest, highest - _NEAR * spread
    return limits if np.isfinite(limits).any() else None


def limits_that_hold(
    limits: NDArray[np.float64], targets: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Return the `limits` beyond which none of these targets is; None if no limit remains."""
    limits = limits.copy()
    limits[targets.min(axis=0) < limits[:, 0, 0], 0] = -np.inf
    limits[targets.max(axis=0) > limits[:, 1, 0], 1] = np.inf
    return limits if np.isfinite(limits).any() else None


def factors_of(
    widths: NDArray[np.float64], predictions: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return by which factor intervals are wider than usual, for predictions of shape (n_rows, n_answers).

    The factors of two knots are interpolated between their predictions, and those of the first and the last knot hold
    beyond them.
    """
    of_rows = np.empty_like(predictions)
    for j, (knots, factors) in enumerate(widths):
        values = np.clip(predictions[:, j], knots[0], knots[-1])
        at = np.searchsorted(knots, values, "right") - 1
        after = np.minimum(at + 1, len(knots) - 1)
        step = knots[after] - knots[at]
        share = np.where(after > at, (values - knots[at]) / np.where(after > at, step, 1), 0)
        of_rows[:, j] = factors[at] + share * (factors[after] - factors[at])
    return of_rows


def _learn_widths(
    predictions: NDArray[np.float64],
    errors: NDArray[np.float64],
    weight: NDArray[np.float64] | None,
) -> NDArray[np.float64] | None:
    """Return the widths from predictions and absolute errors of shape (n_rows, n_answers); None for too few rows.

    The rows are sorted by prediction and divided into bins of the same size. The knot of a bin is at its middle
    prediction, and its factor is its mean error in units of that of all rows.
    """
    n_rows, n_answers = predictions.shape
    n_knots = min(_MOST_KNOTS, n_rows // _ROWS_OF_KNOT)
    if n_knots < 2:
        return None
    widths = np.ones((n_answers, 2, n_knots))
    for j in range(n_answers):
        bins = np.array_split(np.argsort(predictions[:, j], kind="stable"), n_knots)
        widths[j, 0] = [predictions[rows[len(rows) // 2], j] for rows in bins]
        mean = _mean(errors[:, j], weight)
        if mean > 0:
            means = [_mean(errors[rows, j] / mean, weights_of_rows(weight, rows)) for rows in bins]
            widths[j, 1] = (_SHARE_OF_MEAN + np.asarray(means)) / (1 + _SHARE_OF_MEAN)
    return widths if np.isfinite(widths).all() else None


def _mean(values: NDArray[np.float64], weight: NDArray[np.float64] | None) -> float:
    return float(np.average(values, weights=weight))


def learned_widths(
    predictions: NDArray[np.float64],
    errors: NDArray[np.float64],
    weight: NDArray[np.float64] | None,
    part: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return widths learned from all rows, and the factors of the rows; None for too few rows.

    Cross-fitted: the factors of the rows of a part follow from the other parts. `part` has the number of each row's
    part. Every second row is a part if there is only one.
    """
    if not part.any():
        part = np.arange(len(part)) % 2
    factors = np.empty_like(predictions)
    for k in range(part.max() + 1):
        others = part != k
        widths = _learn_widths(predictions[others], errors[others], weights_of_rows(weight, others))
        if widths is None:
            return None
        factors[~others] = factors_of(widths, predictions[~others])
    widths = _learn_widths(predictions, errors, weight)
    return None if widths is None else (widths, factors)


def scaled_scores(scores: NDArray[np.float64], factors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the scores of rows divided by their factors: large enough that the product is not below the score."""
    scaled: NDArray[np.float64] = scores / factors
    # The next double is above the exact quotient, so that its product is never rounded to less than
    # the score.
    return np.where(scaled * factors < scores, np.nextafter(scaled, np.inf), scaled)


def largest_at_ranks(
    scores: Sequence[NDArray[np.float64]],
    weights: Sequence[NDArray[np.float64] | None],
    groups: Sequence[Groups] = (),
) -> NDArray[np.float64]:
    """Return, for each rank, the largest of the scores of this rank in several parts of the rows, in ascending order.

    There are as many ranks as the part with the fewest scores has, or as that with the fewest groups, each of which
    counts as one (see `_kept_by_group`).
    """
    if groups:
        m = min(len(one.values) for one in groups)
        r = min(-(-len(one) // (m + 1)) for one in scores)
        most = min(r * (m + 1) - 1, MOST_SCORES)
        kept = [
            _kept_by_group(one, group.equal_weights(weight), m, most)
            for one, weight, group in zip(scores, weights, groups, strict=True)
        ]
    else:
        parts = [_kept(*one, MOST_SCORES) for one in zip(scores, weights, strict=True)]
        kept = [_kept(part, None, min(map(len, parts))) for part in parts]
    largest: NDArray[np.float64] = np.max(kept, axis=0)
    return largest


def _kept_of(
    scores: NDArray[np.float64],
    weight: NDArray[np.float64] | None,
    groups: Groups | None,
    most: int,
) -> NDArray[np.float64]:
    """Return the sorted scores of one answer, of which at most `most` are kept.

    With `groups`, the weights of each group have the sum 1.
    """
    if groups is None:
        return _kept(scores, weight, most)
    assert weight is not None
    return _kept_by_group(scores, weight, len(groups.values), most)


def _kept_by_class(
    scores: NDArray[np.float64],
    classes: NDArray[np.int64],
    weight: NDArray[np.float64] | None,
    groups: Groups | None,
) -> NDArray[np.float64]:
    """Return the `classes` of a calibration from the scores and the classes of rows, of shape (n_answers, n_rows)."""
    found = []
    for of_answer, of_rows in zip(scores, classes, strict=True):
        order = np.argsort(of_rows, kind="stable")
        present, firsts = np.unique(of_rows[order], return_index=True)
        for k, rows in zip(present.tolist(), np.split(order, firsts[1:]), strict=True):
            own_weight, own = weights_of_rows(weight, rows), None
            if groups is not None:  # each counts once, in each of its classes
                own = groups.take(rows)
                own_weight = own.equal_weights(own_weight)
            kept = _kept_of(of_answer[rows], own_weight, own, _MOST_BY_CLASS)
            found.append(np.stack([np.full(len(kept), float(k)), kept]))
    return np.concatenate(found, axis=1)


def _kept(
    scores: NDArray[np.float64], weight: NDArray[np.float64] | None, most: int
) -> NDArray[np.float64]:
    """Return the sorted scores of one answer, of which at most `most` are kept.

    Score i of m kept ones is the smallest one whose cumulative weight is at least i / m of all: for equal weights, its
    rank among all is then never too small for a coverage. m is Kish's effective number of rows at most.
    """
    order = np.argsort(scores, kind="stable")
    n = len(scores)
    if weight is None:
        m = min(n, most)
        ranks = -(-np.arange(1, m + 1) * n // m)
    else:
        m = max(1, min(int(weight.sum() ** 2 / (weight**2).sum() + _ROUNDING), most))
        summed = np.cumsum(weight[order])
        levels = np.arange(1, m + 1) / m * summed[-1] * (1 - 1e-12)
        ranks = 1 + np.minimum(np.searchsorted(summed, levels), n - 1)
    return scores[order][ranks - 1]


def _kept_by_group(
    scores: NDArray[np.float64], weight: NDArray[np.float64], n_groups: int, most: int
) -> NDArray[np.float64]:
    """Return the sorted scores of one answer of rows in groups, each of which has the weight 1.

    The margin of a coverage should be the smallest score whose cumulative weight is at least
    ``coverage * (n_groups + 1)``, and infinity if the weight of all groups is less. Readers of the
    file take the score of rank ``coverage * (n + 1)`` of n. So each group has r ranks: score i is
    the smallest one whose cumulative weight is at least i / r, and r - 1 infinite scores stand for
    the new group. With one row in each group, r is 1.
    """
    order = np.argsort(scores, kind="stable")
    m = min(n_groups, most)
    r = max(1, min(-(-len(scores) // (m + 1)), (most + 1) // (m + 1)))
    summed = np.cumsum(weight[order])
    levels = np.arange(1, r * m + 1) / (r * m) * summed[-1] * (1 - 1e-12)
    positions = np.minimum(np.searchsorted(summed, levels), len(scores) - 1)
    return np.concatenate([scores[order][positions], np.full(r - 1, np.inf)])


def _rank(n: int, coverage: float) -> int:
    """Return the rank of the margin for a coverage among n scores, which may have too few."""
    return max(1, math.ceil(coverage * (n + 1) - _ROUNDING))


def _needed(coverage: float) -> int:
    """Return how many scores a coverage needs."""
    return math.ceil(coverage / (1 - coverage) - _ROUNDING)


def _ranks_per_group(n_scores: int, n_groups: int) -> int:
    """Return r of `_kept_by_group`, from what it has returned."""
    return max(1, (n_scores + 1) // (n_groups + 1))
