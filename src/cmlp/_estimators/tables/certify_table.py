"""`TabularClassifier.certify`: proves that no change of the columns of a row changes its prediction, or finds one."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.frame_reader import OTHER
from cmlp._estimators.certify import MOST_BOXES, Judge, box_around, end_of, radii_of
from cmlp._model.encoder import N_WAVES, PARTS
from cmlp._model.model import mean_outputs, outputs_of_table
from cmlp._model.results import Certification

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from cmlp._estimators.certify import Boxes
    from cmlp._model.encoder import ColumnEncoder, EncodedColumn, Part
    from cmlp._model.model import TrainedModel

    Case = tuple[float, float]

_MOST = float(np.finfo(np.float64).max)
_HALF = 0.5  # a label is predicted above it
_TOPS = (0.25, 0.0)  # phases at which the waves of a part of a date are 1; half a period later they are -1
_USUAL = 6  # scales around the centre, in which a number of any size is judged separately from its tails


def certify_table(estimator: Any, X: ArrayLike, radius: ArrayLike, max_time: float | None) -> Certification:
    """Return the answers for all rows."""
    model, end = estimator._trained(), end_of(max_time)
    raw, entries = estimator._rows_of(model, X)
    radii = radii_of(radius, raw.shape[1], np.inf)
    judge = _TableJudge(model)
    answers, examples = [], np.full(raw.shape, None, object)
    for i, row in enumerate(raw):
        cases = [_cases(*column) for column in zip(row, radii, model.encoder, strict=True)]
        answer, example = "unknown", None
        if math.prod(map(len, cases)) <= MOST_BOXES:
            boxes = [tuple(np.array(case).T) for case in itertools.product(*cases)]
            answer, example = judge.decide(boxes, row, radii, end)
        answers.append(answer)
        if example is not None:
            examples[i] = _entries(model, row, entries[i], example)
    return Certification(np.array(answers, "U14"), examples)


def _cases(value: float, radius: float, column: EncodedColumn) -> list[Case]:
    """Return the intervals of a column that change its inputs in different ways; NaN is a missing number."""
    if column.categories is not None and column.kind != "unused":  # stays as it is, or has any value
        other = OTHER if column.kind == "category" else np.nan  # of ordered ones
        codes = [other, *map(float, range(len(column.categories)))] if math.isinf(radius) else [value]
        return [(code, code) for code in codes]
    if column.kind == "number" and math.isinf(radius):
        usual = _USUAL * column.scale
        ends = [-_MOST, max(column.centre - usual, -_MOST), min(column.centre + usual, _MOST), _MOST]
        return [*itertools.pairwise(ends), (np.nan, np.nan)]
    if column.kind != "number" or np.isnan(value):
        return [(value, value)]
    low, high = box_around(np.array(value), np.array(radius))
    return [(float(low), float(high))]


def _entries(model: TrainedModel, row: Boxes, entries: NDArray[Any], example: Boxes) -> NDArray[Any]:
    """Return a counterexample as the user would pass it: unchanged columns have their entries of X."""
    assert model.encoder is not None
    found = entries.copy()
    for i, codes in enumerate(model.encoder.codes):
        if example[i] == row[i] or (np.isnan(example[i]) and np.isnan(row[i])):
            continue
        if codes is None:
            found[i] = None if np.isnan(example[i]) else float(example[i])
        else:
            names = {code: category for category, code in codes.items()}
            others = itertools.chain([None], map("unknown{}".format, itertools.count()))
            unknown = next(name for name in others if name not in codes)
            found[i] = unknown if np.isnan(example[i]) else names.get(int(example[i]), unknown)
    return found


def _dates(encoder: ColumnEncoder) -> dict[bool, list[tuple[int, Part, int]]]:
    """Return the column, and the first input of each part of a date, of encoders without and with bins."""
    found: dict[bool, list[tuple[int, Part, int]]] = {False: [], True: []}
    for bins, parts in found.items():
        at = 0
        for i, column in enumerate(encoder):
            if column.kind == "number":
                at += 1 + bins * max(column.n - 1, 0) + column.missing
            elif column.kind == "category":
                at += column.n - (column.n == 2)
            for part in column.parts:
                parts.append((i, part, at))
                at += part.width(bins=bins)
    return found


def _bound_part(part: Part, low: Boxes, high: Boxes, least: NDArray[Any], most: NDArray[Any]) -> None:
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


class _TableJudge(Judge):
    """Decides about boxes of raw columns, in which each category and each missing number is fixed."""

    def __init__(self, model: TrainedModel) -> None:
        assert model.encoder is not None
        self.model, self.is_multilabel = model, model.labels.kind == "multilabel"
        self.networks, self.columns, self.dates = model.networks, model.encoder.core, _dates(model.encoder)

    def outputs(self, rows: Boxes) -> NDArray[np.float64]:
        """Return the probabilities of each class or label."""
        return mean_outputs(outputs_of_table(self.networks, self.columns, rows), None)

    def targets(self, rows: Boxes) -> NDArray[Any]:
        """Return the predicted classes, or which labels are predicted."""
        outputs = self.outputs(rows)
        return np.asarray(outputs > _HALF if self.is_multilabel else self.model.classes(outputs))

    def proved(self, low: Boxes, high: Boxes, target: NDArray[Any]) -> NDArray[np.bool_]:
        """Return for each box whether all inputs have this prediction: the mean rises with each network's output."""
        ends: tuple[list[NDArray[np.float64]], ...] = [], []
        is_point = np.asarray(~(low < high).any(axis=1))
        for network in self.networks:
            corners = self._inputs(low, high, is_point, network.net.n_in == self.columns.width(True))
            for end, bound in zip(ends, network.bounds(corners, 1.0), strict=True):
                end.append(bound.astype(np.float64))
        first, second = (mean_outputs(end, None) for end in ends)
        least, most = np.minimum(first, second), np.maximum(first, second)  # the first of two classes falls
        if self.is_multilabel:
            return np.asarray(np.where(target, least > _HALF, most <= _HALF).all(axis=1))
        if self.model.threshold is not None:
            return np.asarray(self.model.classes(least if target else most) == target)
        return np.asarray((least[:, [target]] > np.delete(most, target, axis=1)).all(axis=1))

    def _inputs(self, low: Boxes, high: Boxes, is_point: NDArray[np.bool_], bins: bool) -> tuple[Any, Any]:
        """Return bounds of the encoded inputs: they rise with each number, but for an error below half a step.

        Only the parts of dates also fall.
        """
        first, second = (self.columns.encode(corner, bins=bins) for corner in (low, high))
        least, most = np.minimum(first, second), np.maximum(first, second)
        for column, part, at in self.dates[bins]:
            inputs = slice(at, at + part.width(bins=bins))
            _bound_part(part, low[:, column], high[:, column], least[:, inputs], most[:, inputs])
        kept, infinity = is_point[:, None], np.float32(np.inf)
        return np.where(kept, least, np.nextafter(least, -infinity)), np.where(kept, most, np.nextafter(most, infinity))

    def slopes(self, low: Boxes, high: Boxes, target: NDArray[Any]) -> Boxes:
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
            found[:, column] = np.where(low[:, column] < high[:, column], (leads[0] - leads[1]) / width, 0.0)
        return found

    def _lead(self, outputs: NDArray[np.float64], target: NDArray[Any]) -> NDArray[np.float64]:
        """Return how far the outputs of each row are from another prediction."""
        if self.is_multilabel:
            return np.asarray(np.where(target, outputs - _HALF, _HALF - outputs).min(axis=1))
        if self.model.threshold is not None:
            return np.asarray((1 if target else -1) * (outputs[:, 1] - self.model.threshold))
        return np.asarray(outputs[:, target] - np.delete(outputs, target, axis=1).max(axis=1))
