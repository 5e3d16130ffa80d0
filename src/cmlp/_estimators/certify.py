"""`MLPClassifier.certify`: proves that no input of a box has another prediction, or finds one."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._bridge import _core
from cmlp._model.model import TrainedNet
from cmlp._model.results import Certification
from cmlp._train.constraints import NONE, POSITIVE, argument
from cmlp.exceptions import NonFiniteInputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from cmlp._model.model import TrainedModel

    Boxes = NDArray[np.float64]

_GAP = 2.0**-20  # of weighted sums: exp and the division keep their order, see docs/guide/bounds.md
MOST_BOXES, _AT_ONCE = 2000, 16  # per row; in one call of the core


def certify(estimator: Any, X: ArrayLike, radius: ArrayLike, max_time: float | None) -> Certification:
    """Return the answers for all rows."""
    model, end = estimator._trained(), end_of(max_time)
    found: list[tuple[str, Boxes | None]] = []

    def decide(rows: Any) -> None:
        if not isinstance(rows, np.ndarray):
            raise ValueError("certify needs dense rows, got a sparse X.")
        radii = radii_of(radius, rows.shape[1])
        model.net.forward(model.params, rows, scale=model.input_scale)  # raises an error for NaN and infinity
        judge = _NetworkJudge(model)
        for row in rows.astype(np.float64):
            try:
                found.append(judge.decide([box_around(row, radii)], row, radii, end))
            except NonFiniteInputError:  # the box has inputs that the network's dtype cannot hold
                found.append(("unknown", None))

    estimator._call(model, X, decide)
    examples = np.full((len(found), model.net.n_in), np.nan)
    for i, (_, example) in enumerate(found):
        if example is not None:
            examples[i] = example
    return Certification(np.array([answer for answer, _ in found], "U14"), examples)


def end_of(max_time: float | None) -> float:
    """Return the time at which the search ends."""
    if max_time is None:
        return np.inf
    return time.monotonic() + float(argument("max_time", max_time, POSITIVE, NONE))


def radii_of(radius: ArrayLike, width: int, most: float = np.finfo(np.float64).max) -> Boxes:
    """Return the radius of each input, at most `most`."""
    radii = np.asarray(radius, np.float64)
    if radii.shape not in ((), (width,)) or not ((radii >= 0) & (radii <= most)).all():
        finite = "a finite number" if np.isfinite(most) else "a number"
        raise ValueError(f"radius must be {finite} that is not negative, or {width} of them, got {radius!r}.")
    return np.broadcast_to(radii, (width,))


def box_around(row: Boxes, radii: Boxes) -> tuple[Boxes, Boxes]:
    """Return the corners of a box that contains every number within the radii, as a double.

    A corner can be outside the radii, by its rounding.
    """
    most = np.finfo(np.float64).max
    with np.errstate(over="ignore"):
        return np.maximum(row - radii, -most), np.minimum(row + radii, most)


def ends_within(row: Boxes, radii: Boxes) -> tuple[Boxes, Boxes]:
    """Return the smallest and the largest double within each radius, in exact arithmetic.

    They are infinite for infinite radii, and otherwise NaN for a missing number.
    """
    found = []
    for end, side in zip(box_around(row, radii), (-1.0, 1.0), strict=True):
        terms = zip(end.tolist(), row.tolist(), (side * radii).tolist(), strict=True)
        outward = [side * math.fsum((a, -b, -c)) if math.isfinite(c) else 0.0 for a, b, c in terms]  # signs are exact
        inside = np.where(np.array(outward) > 0, np.nextafter(end, -side * np.inf), end)
        found.append(np.where(np.isinf(radii), side * np.inf, inside))
    return found[0], found[1]


class Judge:
    """Decides about boxes of a model, which are split along the inputs that matter."""

    def targets(self, rows: Boxes) -> NDArray[Any]:
        """Return what is predicted, in a form that can be compared."""
        raise NotImplementedError

    def proved(self, low: Boxes, high: Boxes, target: NDArray[Any]) -> NDArray[np.bool_]:
        """Return for each box whether all inputs have this prediction."""
        raise NotImplementedError

    def slopes(self, low: Boxes, high: Boxes, target: NDArray[Any]) -> Boxes:
        """Return for each box how much each input changes the cost of this prediction, per unit."""
        raise NotImplementedError

    def decide(
        self, boxes: list[tuple[Boxes, Boxes]], row: Boxes, radii: Boxes, end: float
    ) -> tuple[str, Boxes | None]:
        """Return the answer for boxes around a row, and the counterexample within the radii if there is one."""
        (least, most), target, n_boxes = ends_within(row, radii), self.targets(row[None])[0], 0
        while boxes:
            if n_boxes >= MOST_BOXES or time.monotonic() >= end:
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
            others = (self.targets(corners) != target).reshape(len(corners), -1).any(axis=1)
            if others.any():
                return "counterexample", corners[others][0]
            halves = [_halves(*box) for box in zip(lows, highs, np.abs(slopes), strict=True)]
            if None in halves:
                return "unknown", None
            boxes += [half for pair in halves if pair is not None for half in pair]
        return "certified", None


class _NetworkJudge(Judge):
    """Decides about boxes of the inputs of a network."""

    def __init__(self, model: TrainedModel) -> None:
        net, self.model = model.net, model
        self.kind = model.labels.kind
        # What decides: weighted sums, but for several logistic outputs, which can be equal where the sums are not.
        self.by_sums = self.kind != "multiclass" or net.activations[-1] == "softmax"
        outputs = ("identity",) if self.by_sums else net.activations[-1:]
        activations, numbers = (*net.activations[:-1], *outputs), net.activation_parameters
        self.net = _core.Net(net.sizes, activations, "squared_error", net.dtype, numbers, 0.0)

    def targets(self, rows: Boxes) -> NDArray[Any]:
        """Return what is predicted, in the form of targets: class indices, or 0 and 1 for each output."""
        outputs = self.model.net.forward(self.model.params, rows, scale=self.model.input_scale)
        if self.kind == "multiclass":
            return np.asarray(outputs.argmax(axis=1), np.int32)
        return np.asarray(outputs > 0.5, np.uint8)

    def proved(self, low: Boxes, high: Boxes, target: NDArray[Any]) -> NDArray[np.bool_]:
        """Return for each box whether all inputs have this prediction."""
        bounds = TrainedNet(self.net, self.model.params).bounds((low, high), self.model.input_scale)
        least, most = (bound.astype(np.float64) for bound in bounds)
        finite = np.isfinite(least).all(axis=1) & np.isfinite(most).all(axis=1)
        if self.kind != "multiclass":
            return np.asarray(np.where(target != 0, least >= _GAP, most <= -_GAP).all(axis=1) & finite)
        gaps = least[:, [target]] - np.delete(most, target, axis=1)
        return np.asarray((gaps >= _GAP if self.by_sums else gaps > 0).all(axis=1) & finite)

    def slopes(self, low: Boxes, high: Boxes, target: NDArray[Any]) -> Boxes:
        """Return the gradient of the cost of this prediction in the middle of each box."""
        model, rows = self.model, low / 2 + high / 2
        Y = np.repeat(target[None], len(rows), axis=0)
        found = model.net.input_gradient(model.params, rows, Y, scale=model.input_scale)
        return np.asarray(found, np.float64)


def _halves(low: Boxes, high: Boxes, slope: Boxes) -> tuple[tuple[Boxes, Boxes], tuple[Boxes, Boxes]] | None:
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
