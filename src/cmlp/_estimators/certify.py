"""`certify` of the classifiers: proves that no input of a box has another prediction, or finds one."""

from __future__ import annotations

import itertools
import math
import time
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from cmlp._bridge import _core
from cmlp._data.array_types import AnyArray, ArrayLike, NDArray
from cmlp._data.column_entries import TIMES, limits_of_times, time_near, time_of
from cmlp._data.losses import FOR_PREDICTION
from cmlp._model.model import (
    NetworkModel,
    TableModel,
    TrainedNet,
    mean_outputs,
    mean_probabilities,
    outputs_of_table,
)
from cmlp._model.results import Certification
from cmlp._model.table_columns import N_WAVES, OTHER, PARTS, DatePart, TableColumn
from cmlp._parameters.constraints import NONE, POSITIVE, argument
from cmlp.exceptions import InvalidParameterError, NonFiniteInputError, shown

Boxes = NDArray[np.float64]

Case = tuple[float, float]


_GAP = 2.0**-20  # of weighted sums: exp and the division keep their order, see docs/guide/bounds.md
MOST_BOXES, _AT_ONCE = 2000, 16  # per row; in one call of the core


def certify(
    estimator: Any, X: ArrayLike, radius: ArrayLike, max_time: float | None
) -> Certification:
    """Return the answers for all rows."""
    model, end = estimator._trained(), _end_of(max_time)
    found: list[tuple[str, Boxes | None]] = []

    def decide(rows: Any) -> None:
        if not isinstance(rows, np.ndarray):
            raise ValueError("certify needs dense rows, got a sparse X.")
        radii = _radii_of(radius, rows.shape[1])
        model.outputs(rows)  # raises an error for NaN and infinity
        judge = _NetworkJudge(model)
        for row in rows.astype(np.float64):
            try:
                found.append(judge.decide([_box_around(row, radii)], row, radii, end))
            except NonFiniteInputError:  # the box has inputs that the network's dtype cannot hold
                found.append(("unknown", None))

    estimator._on_checked_rows(model, X, decide)
    examples = np.full((len(found), model.net.n_in), np.nan)
    for i, (_, example) in enumerate(found):
        if example is not None:
            examples[i] = example
    return Certification(np.array([answer for answer, _ in found], "U14"), examples)


def _end_of(max_time: float | None) -> float:
    """Return the time at which the search ends."""
    if max_time is None:
        return np.inf
    return time.monotonic() + float(argument("max_time", max_time, POSITIVE, NONE))


def _radii_of(radius: ArrayLike, width: int, most: float = np.finfo(np.float64).max) -> Boxes:
    """Return the radius of each input, at most `most`."""
    radii = np.asarray(radius, np.float64)
    if radii.shape not in ((), (width,)) or not ((radii >= 0) & (radii <= most)).all():
        finite = "a finite number" if np.isfinite(most) else "a number"
        expected = f"{finite} that is not negative, or {width} of them"
        raise InvalidParameterError(
            f"radius must be {expected}, got {shown(radius)}.",
            parameter="radius",
            value=radius,
            expected=expected,
        )
    return np.broadcast_to(radii, (width,))


def _box_around(row: Boxes, radii: Boxes) -> tuple[Boxes, Boxes]:
    """Return the corners of a box that contains every number within the radii, as a double.

    A corner can be outside the radii, by its rounding.
    """
    most = np.finfo(np.float64).max
    with np.errstate(over="ignore"):
        return np.maximum(row - radii, -most), np.minimum(row + radii, most)


def _ends_within(row: Boxes, radii: Boxes) -> tuple[Boxes, Boxes]:
    """Return the smallest and the largest double within each radius, in exact arithmetic.

    They are infinite for infinite radii, and otherwise NaN for a missing number.
    """
    found = []
    for end, side in zip(_box_around(row, radii), (-1.0, 1.0), strict=True):
        terms = zip(end.tolist(), row.tolist(), (side * radii).tolist(), strict=True)
        # Signs are exact.
        outward = [side * math.fsum((a, -b, -c)) if math.isfinite(c) else 0.0 for a, b, c in terms]
        inside = np.where(np.array(outward) > 0, np.nextafter(end, -side * np.inf), end)
        found.append(np.where(np.isinf(radii), side * np.inf, inside))
    return found[0], found[1]


class _Judge(ABC):
    """Decides about boxes of a model, which are split along the inputs that matter."""

    @abstractmethod
    def targets(self, rows: Boxes) -> AnyArray:
        """Return what is predicted, in a form that can be compared."""

    def possible(self, corners: Boxes, least: Boxes, most: Boxes, row: Boxes) -> Boxes:
        """Return the corners with values that a user can pass, between the ends of the whole box."""
        return corners

    @abstractmethod
    def proved(self, low: Boxes, high: Boxes, target: AnyArray) -> NDArray[np.bool_]:
        """Return for each box whether all inputs have this prediction."""

    @abstractmethod
    def slopes(self, low: Boxes, high: Boxes, target: AnyArray) -> Boxes:
        """Return for each box how much each input changes the cost of this prediction, per unit."""

    def decide(
        self, boxes: list[tuple[Boxes, Boxes]], row: Boxes, radii: Boxes, end: float
    ) -> tuple[str, Boxes | None]:
        """Return the answer for boxes around a row, and the counterexample within the radii if there is one."""
        (least, most), target, n_boxes = _ends_within(row, radii), self.targets(row[None])[0], 0
        most_boxes = max(MOST_BOXES, len(boxes))
        while boxes:
            if n_boxes >= most_boxes or time.monotonic() >= end:
                return "unknown", None
            lows, highs = (np.array(ends) for ends in zip(*boxes[-_AT_ONCE:], strict=True))
            del boxes[-_AT_ONCE:]
            n_boxes += len(lows)
            open_ = ~self.proved(lows, highs, target)
            lows, highs = lows[open_], highs[open_]
            if not len(lows):
                continue
            slopes = self.slopes(lows, highs, target)
            corners = np.clip(np.where(slopes > 0, highs, lows), least, most)
            corners = self.possible(corners, least, most, row)
            others = (self.targets(corners) != target).reshape(len(corners), -1).any(axis=1)
            if others.any():
                return "counterexample", corners[others][0]
            halves = [_halves(*box) for box in zip(lows, highs, np.abs(slopes), strict=True)]
            if None in halves:
                return "unknown", None
            boxes += [half for pair in halves if pair is not None for half in pair]
        return "certified", None


class _NetworkJudge(_Judge):
    """Decides about boxes of the inputs of a network."""

    def __init__(self, model: NetworkModel) -> None:
        net, self.model = model.net, model
        self.kind = model.class_labels.kind
        # What decides: weighted sums, but for several logistic outputs, which can be equal where
        # the sums are not.
        self.by_sums = self.kind != "multiclass" or net.activations[-1] == "softmax"
        outputs = ("identity",) if self.by_sums else net.activations[-1:]
        activations, numbers = (*net.activations[:-1], *outputs), net.activation_parameters
        self.net = _core.Net(net.sizes, activations, FOR_PREDICTION, net.dtype, numbers, 0.0)

    def targets(self, rows: Boxes) -> AnyArray:
        """Return what is predicted, in the form of targets: class indices, or 0 and 1 for each output."""
        outputs = self.model.net.forward(self.model.params, rows, scale=self.model.input_scale)
        if self.kind == "multiclass":
            return np.asarray(outputs.argmax(axis=1), np.int32)
        return np.asarray(outputs > 0.5, np.uint8)

    def proved(self, low: Boxes, high: Boxes, target: AnyArray) -> NDArray[np.bool_]:
        """Return for each box whether all inputs have this prediction."""
        bounds = TrainedNet(self.net, self.model.params).bounds((low, high), self.model.input_scale)
        least, most = (bound.astype(np.float64) for bound in bounds)
        finite = np.isfinite(least).all(axis=1) & np.isfinite(most).all(axis=1)
        if self.kind != "multiclass":
            return np.asarray(
                np.where(target != 0, least >= _GAP, most <= -_GAP).all(axis=1) & finite
            )
        gaps = least[:, [target]] - np.delete(most, target, axis=1)
        return np.asarray((gaps >= _GAP if self.by_sums else gaps > 0).all(axis=1) & finite)

    def slopes(self, low: Boxes, high: Boxes, target: AnyArray) -> Boxes:
        """Return the gradient of the cost of this prediction in the middle of each box."""
        model, rows = self.model, low / 2 + high / 2
        Y = np.repeat(target[None], len(rows), axis=0)
        found = model.net.input_gradient(model.params, rows, Y, scale=model.input_scale)
        return np.asarray(found, np.float64)


def _halves(
    low: Boxes, high: Boxes, slope: Boxes
) -> tuple[tuple[Boxes, Boxes], tuple[Boxes, Boxes]] | None:
    """Return a box in two, cut along the input that changes the cost most; None if it is a point there."""
    width = np.where(low < high, high / 2 - low / 2, 0.0)  # NaN, a missing value, has no width
    weight = width * slope
    column = int((weight if weight.any() else width).argmax())
    middle = low[column] / 2 + high[column] / 2
    if not low[column] < middle < high[column]:
        return None
    first, second = high.copy(), low.copy()
    first[column] = second[column] = middle
    return (low, first), (second, high)


# `TabularClassifier.certify`: proves that no change of the columns of a row changes its prediction,
# or finds one


_MOST = float(np.finfo(np.float64).max)
_HALF = 0.5  # a label is predicted above it
_QUOTIENTS = 2.0**-50  # more than the relative errors of two quotients
_ROUNDED_SUMS = 2.0**-52  # more than the errors of a difference and a sum of numbers up to 1
# Phases at which the waves of a part of a date are 1; half a period later they are -1.
_TOPS = (
    0.25,
    0.0,
)
# Scales around the centre, in which a number of any size is judged separately from its tails.
_USUAL = 6


def certify_table(
    estimator: Any, X: ArrayLike, radius: ArrayLike, max_time: float | None
) -> Certification:
    """Return the answers for all rows."""
    model, end = estimator._trained(), _end_of(max_time)
    raw, entries = estimator._rows_of(model, X)
    radii = _radii_of(radius, raw.shape[1], np.inf)
    judge = _TableJudge(model)
    answers, examples = [], np.full(raw.shape, None, object)
    for i, row in enumerate(raw):
        cases = [_cases(*column) for column in zip(row, radii, model.columns, strict=True)]
        answer, example = "unknown", None
        # All categories of one column are judged, however many there are.
        if math.prod(map(len, cases)) <= max(MOST_BOXES, *map(len, cases)):
            boxes = [tuple(np.array(case).T) for case in itertools.product(*cases)]
            answer, example = judge.decide(boxes, row, radii, end)
        answers.append(answer)
        if example is not None:
            examples[i] = _entries(model, row, entries[i], example)
    return Certification(np.array(answers, "U14"), examples)


def _cases(value: float, radius: float, column: TableColumn) -> list[Case]:
    """Return the intervals of a column that change its inputs in different ways; NaN is a missing number."""
    if column.categories is not None and column.is_used:  # stays as it is, or has any value
        other = OTHER if column.is_category else np.nan  # of ordered ones
        if math.isinf(radius):
            codes = [other, *map(float, range(len(column.categories)))]
        else:
            codes = [value]
        return [(code, code) for code in codes]
    least, most = limits_of_times(column.type) if column.type in TIMES else (-_MOST, _MOST)
    if column.is_number and math.isinf(radius):
        usual = _USUAL * column.scale
        ends = [least, max(column.centre - usual, least), min(column.centre + usual, most), most]
        return [*itertools.pairwise(ends), (np.nan, np.nan)]
    if not column.is_number or np.isnan(value):
        return [(value, value)]
    low, high = _box_around(np.array(value), np.array(radius))
    box = max(float(low), least), min(float(high), most)
    has_code = ((box[0] <= column.missing_numbers) & (column.missing_numbers <= box[1])).any()
    return [box, (np.nan, np.nan)] if has_code else [box]


def _entries(model: TableModel, row: Boxes, entries: AnyArray, example: Boxes) -> AnyArray:
    """Return a counterexample as the user would pass it: unchanged columns have their entries of X."""
    found = entries.copy()
    for i, codes in enumerate(model.columns.codes):
        if example[i] == row[i] or (np.isnan(example[i]) and np.isnan(row[i])):
            continue
        if codes is None:
            number, held = float(example[i]), model.columns[i].type
            if np.isnan(number):
                found[i] = None
            else:
                found[i] = time_of(number, held) if held in TIMES else number
        else:
            names = {code: category for category, code in codes.items()}
            others = itertools.chain([None], map("unknown{}".format, itertools.count()))
            unknown = next(name for name in others if name not in codes)
            found[i] = unknown if np.isnan(example[i]) else names.get(int(example[i]), unknown)
    return found


def _bound_part(part: DatePart, low: Boxes, high: Boxes, least: AnyArray, most: AnyArray) -> None:
    """Widen the bounds of the inputs of a part, which are those at both ends, to those of all dates between them."""
    period, is_wide = PARTS[part.name][0], low < high
    with np.errstate(over="ignore"):
        first, last = part.days(low) / period, part.days(high) / period
        # A period begins between them; if not, the day rises with the date.
        is_whole = is_wide & (part.number(low) != part.number(high))
    for wave, shift in enumerate(_TOPS):
        for sign, top in ((1, shift), (-1, shift + _HALF)):
            place = top % 1
            holds = is_whole | (is_wide & (first <= place) & (place <= last))
            bound = most if sign > 0 else least
            bound[holds, wave] = sign
    least[is_whole, N_WAVES:], most[is_whole, N_WAVES:] = -_HALF, _HALF


class _TableJudge(_Judge):
    """Decides about boxes of raw columns, in which each category and each missing number is fixed."""

    def __init__(self, model: TableModel) -> None:
        self.model = model
        self.is_multilabel = model.class_labels.kind == "multilabel"
        self.is_ordered = model.class_labels.kind == "ordered"
        self.networks, self.columns = model.networks, model.columns
        self.numbers = model.columns.without_missing_values()  # in boxes, all numbers are present
        self.dates = {bins: model.columns.parts(bins=bins) for bins in (False, True)}
        self.times = [i for i, column in enumerate(model.columns) if column.is_time]

    def outputs(self, rows: Boxes) -> NDArray[np.float64]:
        """Return the probabilities of each class or label."""
        outputs = outputs_of_table(self.networks, self.columns, rows)
        return mean_outputs(outputs, None, self.model.combination.rule)

    def targets(self, rows: Boxes) -> AnyArray:
        """Return the predicted classes, or which labels are predicted."""
        outputs = self.outputs(rows)
        return np.asarray(outputs > _HALF if self.is_multilabel else self.model.classes(outputs))

    def possible(self, corners: Boxes, least: Boxes, most: Boxes, row: Boxes) -> Boxes:
        """Return the corners with dates and durations that exist: those of whole microseconds."""
        for i in self.times:
            low, high = limits_of_times(self.model.columns[i].type)
            low, high = max(low, least[i]), min(high, most[i])
            for corner in corners:
                if corner[i] != row[i] and not np.isnan(corner[i]):
                    near = time_near(float(corner[i]), low, high)
                    corner[i] = row[i] if near is None else near
        return corners

    def proved(self, low: Boxes, high: Boxes, target: AnyArray) -> NDArray[np.bool_]:
        """Return for each box whether all inputs have this prediction: the mean rises with each network's output."""
        ends: tuple[list[NDArray[np.float64]], ...] = [], []
        is_point = np.asarray(~(low < high).any(axis=1))
        for network in self.networks:
            corners = self._inputs(low, high, is_point, self.columns.has_bins(network.net))
            for end, bound in zip(ends, network.bounds(corners, 1.0), strict=True):
                end.append(bound.astype(np.float64))
        first, second = map(mean_probabilities, ends)
        if self.model.combination.rule == "binary":
            # The first of two classes falls.
            first, second = (np.concatenate((1 - one, one), 1) for one in (first, second))
        least = np.minimum(first, second)
        most = np.maximum(first, second)
        if self.is_ordered:
            return self._proved_median(least, most, int(target))
        if self.is_multilabel:
            return np.asarray(np.where(target, least > _HALF, most <= _HALF).all(axis=1))
        if self.model.threshold is not None:
            return np.asarray(self.model.classes(least if target else most) == target)
        # Probabilities are these divided by their sum: the quotients of nearly equal ones can be
        # equal.
        smallest = (1 - _QUOTIENTS) * least[:, [target]]
        return np.asarray((smallest > np.delete(most, target, axis=1)).all(axis=1))

    def _proved_median(self, least: Boxes, most: Boxes, target: int) -> NDArray[np.bool_]:
        """Return for each box whether more than half is at or above the ordered class, and less above it.

        The probabilities above each class are the smallest outputs up to it; their differences and
        sums are rounded, each by half a unit of numbers up to 1.
        """
        above_least = np.minimum.accumulate(least, axis=1)
        above_most = np.minimum.accumulate(most, axis=1)
        error = _ROUNDED_SUMS * self.model.combination.n
        proved = np.ones(len(least), bool)
        if target > 0:
            proved &= above_least[:, target - 1] > _HALF + error
        if target < above_most.shape[1]:
            proved &= above_most[:, target] < _HALF - error
        return proved

    def _inputs(
        self, low: Boxes, high: Boxes, is_point: NDArray[np.bool_], bins: bool
    ) -> tuple[Any, Any]:
        """Return bounds of the encoded inputs: they rise with each number, but for an error below half a step.

        Only the parts of dates also fall.
        """
        first, second = (self.numbers.encode(corner, bins=bins) for corner in (low, high))
        least, most = np.minimum(first, second), np.maximum(first, second)
        for column, part, at in self.dates[bins]:
            inputs = slice(at, at + part.width(bins=bins))
            _bound_part(part, low[:, column], high[:, column], least[:, inputs], most[:, inputs])
        kept, infinity = is_point[:, None], np.float32(np.inf)
        return np.where(kept, least, np.nextafter(least, -infinity)), np.where(
            kept, most, np.nextafter(most, infinity)
        )

    def slopes(self, low: Boxes, high: Boxes, target: AnyArray) -> Boxes:
        """Return how much the lead of the prediction shrinks between the ends of a column, in the middle of others."""
        found = np.zeros(low.shape)
        middle = np.where(low < high, low / 2 + high / 2, low)
        for column in np.flatnonzero((low < high).any(axis=0)):
            leads = []
            for end in (low, high):
                rows = middle.copy()
                rows[:, column] = end[:, column]
                leads.append(self._lead(self.outputs(rows), target))
            width = np.maximum(high[:, column] / 2 - low[:, column] / 2, np.finfo(np.float64).tiny)
            found[:, column] = np.where(
                low[:, column] < high[:, column], (leads[0] - leads[1]) / width, 0.0
            )
        return found

    def _lead(self, outputs: NDArray[np.float64], target: AnyArray) -> NDArray[np.float64]:
        """Return how far the outputs of each row are from another prediction."""
        if self.is_multilabel:
            return np.asarray(np.where(target, outputs - _HALF, _HALF - outputs).min(axis=1))
        if self.model.threshold is not None:
            return np.asarray((1 if target else -1) * (outputs[:, 1] - self.model.threshold))
        if self.is_ordered:
            above = np.add.accumulate(outputs[:, ::-1], axis=1)[:, ::-1]
            beyond = np.concatenate((above, np.zeros((len(above), 1))), 1)[:, target + 1]
            return np.asarray(np.minimum(above[:, target] - _HALF, _HALF - beyond))
        return np.asarray(outputs[:, target] - np.delete(outputs, target, axis=1).max(axis=1))
