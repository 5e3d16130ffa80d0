"""`calibrate`: rows outside the training give scores, for intervals and sets, and calibrate probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._data.array_types import AnyArray, NDArray
from cmlp._data.groups import Groups
from cmlp._data.labels import Labels
from cmlp._data.weights import weights_of_rows
from cmlp._model.calibration import (
    ABSOLUTE_ERROR,
    CALIBRATION,
    HELD_OUT,
    QUANTILES,
    SCALED_ERROR,
    Calibration,
    classes_of_scores,
    factors_of,
    kind_of_scores,
    learned_widths,
    limits_that_hold,
    scaled_scores,
    scores_of,
)
from cmlp._model.model import TableModel
from cmlp._model.probabilities import (
    MOST_CLASSES,
    HeldOutScores,
    ProbabilityMap,
    Scores,
    is_number,
    learned_map,
    networks_of_fit,
    scores_of_rows,
    with_map,
)
from cmlp._model.summary import Accuracy, accuracy_of
from cmlp._process.warnings import warn
from cmlp._tables.bag import folds_of_groups
from cmlp.exceptions import InvalidParameterError, shown

_FEW = 10  # rows of a class, below which those that keep the probabilities of the model as it is decide
_FOURTH = 4  # one in four rows of `calibrate` gives a score for sets if the others calibrate probabilities
_SEED = 0  # of the draw of these rows
_OUTSIDE = " outside of the fourth that measures the sets"


class RowsWithTruth(NamedTuple):
    """Raw rows with what is true for them.

    With groups, the weights of each group have the sum 1.
    """

    raw: NDArray[np.float64]
    truth: AnyArray
    weight: NDArray[np.float64] | None
    groups: Groups | None = None

    def take(self, part: NDArray[np.bool_]) -> RowsWithTruth:
        """Return some of the rows: of each group all or none."""
        weight = weights_of_rows(self.weight, part)
        groups = None if self.groups is None else self.groups.take(part)
        return RowsWithTruth(self.raw[part], self.truth[part], weight, groups)


def with_measured_errors(
    model: TableModel, rows: RowsWithTruth, outputs: NDArray[np.float64]
) -> TableModel:
    """Return the model with the errors of its outputs for rows outside the training."""
    return _with_calibration(model, CALIBRATION, outputs, rows.truth, rows.weight, rows.groups)


def required_calibration(
    model: TableModel, coverage: float, method: str, owner: str
) -> Calibration:
    """Return the calibration for a method; raises ValueError if there is none, or the coverage is invalid."""
    if not is_number(coverage) or not 0 < coverage < 1:
        raise InvalidParameterError(
            f"coverage must be a number above 0 and below 1, got {shown(coverage)}.",
            parameter="coverage",
            value=coverage,
        )
    if model.calibration is None:
        raise ValueError(
            f"{method} needs rows outside the training, and this {owner} has none: fit held out no "
            "rows (early_stopping=False, or fewer than 16 rows), or the model comes from a file "
            "without scores. Call calibrate(X, y) with rows that fit has not seen."
        )
    return model.calibration


def require_classes(calibration: Calibration, owner: str) -> None:
    """Raise ValueError if a calibration has no scores by class."""
    if calibration.classes is None:
        raise ValueError(
            f"predict_set with by_class=True needs scores by class, and this {owner} has none: it comes from a file "
            "of an earlier version or of a C program. Call calibrate(X, y) with rows that fit has not seen."
        )


def _with_calibration(
    model: TableModel,
    kind_of_rows: str,
    outputs: NDArray[np.float64],
    truth: AnyArray,
    weight: NDArray[np.float64] | None,
    groups: Groups | None,
) -> TableModel:
    """Return the model with the scores and the accuracy of outputs."""
    earlier = model.calibration
    if earlier is None or earlier.widths is None:
        widths = None
    else:
        widths = (earlier.widths, factors_of(earlier.widths, outputs))
    limits = None if earlier is None else earlier.limits
    calibration, accuracy = measured(
        model.net,
        kind_of_rows,
        outputs,
        truth,
        weight,
        model.labels,
        widths=widths,
        limits=limits,
        groups=groups,
    )
    summary = model.summary and model.summary._replace(accuracy=accuracy, later=None)
    return model.replace(calibration=calibration, summary=summary)


def with_probabilities_by_rows(
    model: TableModel,
    rows: RowsWithTruth,
    answers: Callable[[TableModel, NDArray[np.float64]], NDArray[np.float64]],
) -> tuple[TableModel, ProbabilityMap]:
    """Return the model with calibrated probabilities by three of four rows and scores by the fourth, and the map.

    A part for the map that is larger than a half serves its mean probability as well.
    """
    is_fourth = _fourth_of(rows)
    learning, scoring = rows.take(~is_fourth), rows.take(is_fourth)
    scores = _scores(model, learning)
    if not len(scoring.raw):
        what = "rows" if rows.groups is None else "groups"
        raise ValueError(f"probabilities=True needs at least {_FOURTH} {what}.")
    _require_classes([scores], model, "y has", _OUTSIDE)
    found = learned_map([scores], model.net, model.class_weights)
    model = with_map(model, found)
    outputs = answers(model, scoring.raw)
    model = _with_calibration(
        model, CALIBRATION, outputs, scoring.truth, scoring.weight, scoring.groups
    )
    return model, found


def _fourth_of(rows: RowsWithTruth) -> NDArray[np.bool_]:
    """Return a fourth of the rows, drawn at random with a fixed seed, of each class if a row has one.

    With groups it is whole groups.

    Neither the order of the rows nor X has an effect on the coverage: with every fourth row of a panel by company and
    quarter, sets would be measured on one quarter of the year alone. Equal shares of each class depend on the labels,
    so the guarantee of sets is no longer exact: in a simulation, 0.9 became 0.902 to 0.913 for 200 rows of ten classes
    instead of 0.902.
    """
    truth, rng = rows.truth, _core.Random(_SEED)
    if rows.groups is not None:
        classes = np.unique(truth, return_inverse=True)[1] if truth.ndim == 1 else None
        return np.asarray(folds_of_groups(rows.groups, classes, _FOURTH, rng) == _FOURTH - 1)
    order = rng.permutation(len(truth))
    if truth.ndim == 1:
        order = order[np.argsort(truth[order], kind="stable")]
    is_chosen = np.zeros(len(truth), bool)
    is_chosen[order[_FOURTH - 1 :: _FOURTH]] = True
    return is_chosen


def _scores(model: TableModel, rows: RowsWithTruth) -> Scores:
    """Return the scores of rows by the networks as fit has left them."""
    truth = _answers_of(model.class_labels, rows.truth)
    weight = np.ones(len(rows.raw)) if rows.weight is None else rows.weight
    return Scores(scores_of_rows(networks_of_fit(model), model.columns, rows.raw), truth, weight)


def _answers_of(labels: Labels, truth: AnyArray) -> NDArray[np.int64]:
    """Return the `truth` of scores from that of rows: of ordered classes, a column for each output."""
    if labels.kind == "ordered":
        truth = labels.targets(truth)
    return truth.reshape(len(truth), -1).astype(np.int64)


def _truth_of(labels: Labels, answers: NDArray[np.int64]) -> AnyArray:
    """Return the truth of rows from that of their scores."""
    return answers if labels.kind == "multilabel" else labels.indices(answers)


def _require_classes(parts: Sequence[Scores], model: TableModel, whose: str, where: str) -> None:
    """Raise ValueError if the rows for the map lack a class that gets a slope, and warn if they have few rows of one.

    With few, the map is mainly that to the prior, which has less than the label smoothing of `fit`.
    """
    labels, truth = model.class_labels, np.concatenate([part.truth for part in parts])
    several, n = labels.n_answers > 1, parts[0].z.shape[2]
    if labels.kind == "multiclass" and n > MOST_CLASSES:
        return
    truth = _truth_of(labels, truth)
    for j, answers in enumerate(truth.reshape(len(truth), -1).T):
        if several:
            classes = [f"{k} of label {j}" for k in range(2)]
        else:
            classes = [repr(one) for one in labels.classes.tolist()]
        for name, count in zip(
            classes, np.bincount(answers, minlength=len(classes)).tolist(), strict=True
        ):
            if not count:
                raise ValueError(
                    f"{whose} no row of the class {name}{where}: probabilities=True needs some."
                )
            if count < _FEW:
                warn(
                    f"{whose} only {count} row{'s' * (count > 1)} of the class {name}{where}. With "
                    f"fewer than {_FEW}, calibrate mainly subtracts half of the label smoothing, "
                    "and probabilities can become too small."
                )


def with_probabilities_by_held_out(
    model: TableModel, held_out: HeldOutScores
) -> tuple[TableModel, HeldOutScores]:
    """Return the model with calibrated probabilities by the rows that networks held out, and what is known of these.

    The scores for sets are cross-fitted: the map for the rows of a part is learned from the other parts.
    """
    net, parts = model.net, held_out.parts
    _require_classes(parts, model, "the rows held out in fit have", "")
    if len(parts) == 1:
        parts = parts[0].take(slice(0, None, 2)), parts[0].take(slice(1, None, 2))
    found = learned_map(parts, net, model.class_weights)
    outputs = []
    for k, part in enumerate(parts):
        others = learned_map([*parts[:k], *parts[k + 1 :]], net, model.class_weights)
        outputs.append(others.probabilities(part, model))
    truth, weight = (
        np.concatenate(each)
        for each in zip(*((part.truth, part.weight) for part in parts), strict=True)
    )
    truth = _truth_of(model.class_labels, truth)
    model = _with_calibration(
        with_map(model, found),
        HELD_OUT,
        np.concatenate(outputs),
        truth,
        weight,
        held_out.groups,
    )
    return model, held_out._replace(map=found)


def measured(
    net: _core.Net,
    kind_of_rows: str,
    outputs: NDArray[np.float64],
    truth: AnyArray,
    weight: NDArray[np.float64] | None,
    labels: Labels | None,
    *,
    part: NDArray[np.int64] | None = None,
    widths: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
    limits: NDArray[np.float64] | None = None,
    groups: Groups | None = None,
) -> tuple[Calibration, Accuracy | None]:
    """Return the calibration and the accuracy of outputs.

    `widths` are those of the model and the factors of the rows. If `part` has the number of each row's part, they are
    learned from these rows. `limits` and `groups` are those of `Calibration`. Unless they are for quantiles, a row that
    is beyond a limit removes it, so that intervals contain every row whose score is at most their margin.
    """
    kind = kind_of_scores(net, labels)
    if limits is not None and kind != QUANTILES:
        scores = scores_of(kind, outputs, truth, labels)
        limits = limits_that_hold(limits, truth)
    else:
        scores = scores_of(kind, outputs, truth, labels, limits)
    if part is not None and kind == ABSOLUTE_ERROR:
        widths = learned_widths(outputs, scores.T, weight, part)
    knots = None
    if widths is not None:
        knots, factors = widths
        kind, scores = SCALED_ERROR, scaled_scores(scores, factors.T)
    classes = None if labels is None else classes_of_scores(labels, truth)
    calibration = Calibration.from_scores(
        kind, kind_of_rows, scores, weight, knots, limits, groups, classes
    )
    return calibration, accuracy_of(net, kind_of_rows, outputs, truth, weight, labels)
