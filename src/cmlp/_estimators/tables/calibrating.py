"""Scores of rows outside the training, for intervals and sets: rows that networks held out, or those of `calibrate`."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._data.arrays import taken
from cmlp._data.weights import as_weights
from cmlp._estimators.fit import Exclusively
from cmlp._estimators.tables.bag import N_FOLDS
from cmlp._estimators.targets import rows_that_count
from cmlp._model.calibration import (
    ABSOLUTE_ERROR,
    CALIBRATION,
    HELD_OUT,
    SCALED_ERROR,
    calibrated,
    factors_of,
    kind_of_scores,
    learned_widths,
    n_answers,
    scaled_scores,
    scores_of,
)
from cmlp._model.model import mean_outputs
from cmlp._model.probabilities import (
    MOST_CLASSES,
    HeldOut,
    Scores,
    fitted_map,
    networks_as_trained,
    no_map,
    scores_of_inputs,
    scores_of_rows,
    with_map,
)
from cmlp._model.summary import accuracy_of
from cmlp._process.signals import immediate_signals
from cmlp._process.warnings import warn
from cmlp._train.diagnosis import (
    Judged,
    causes,
    classes_of,
    constant_loss,
    is_accurate,
    is_better_on_most_rows,
    judged_rows,
    loss_of_outputs,
    sentence,
)
from cmlp.exceptions import Message, UselessModelWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self, TypeGuard

    from numpy.typing import ArrayLike, NDArray

    from cmlp._bridge import _core
    from cmlp._estimators.fitted import FittedTable
    from cmlp._estimators.tables.bag import Bag
    from cmlp._model.calibration import Calibration
    from cmlp._model.model import TableModel, TrainedNet
    from cmlp._model.probabilities import HeldOut, ProbabilityMap
    from cmlp._model.summary import Accuracy
    from cmlp._train.loop import EpochLoop


_FEW = 10  # rows of a class, below which those that keep the probabilities of the model as it is decide
_FOURTH = 4  # every fourth row of `calibrate` gives a score for sets if the others calibrate probabilities


class _JudgedRows(NamedTuple):
    """Raw rows with what is true for them."""

    raw: NDArray[np.float64]
    truth: NDArray[Any]
    weight: NDArray[np.float64] | None

    def of(self, part: NDArray[np.bool_]) -> _JudgedRows:
        """Return some of the rows."""
        return _JudgedRows(self.raw[part], self.truth[part], None if self.weight is None else self.weight[part])


class Calibrating:
    """The part of the estimators for tables that intervals and sets need; the others define the private members."""

    _fitted: FittedTable

    def _trained(self) -> TableModel:
        raise NotImplementedError

    def calibrate(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Measure the errors of the fitted model on other rows: intervals and sets are then as wide as these need.

        These rows replace those that the networks held out in `fit`, also for the accuracy on a page. If `fit` has seen
        none of them, neither as rows nor as validation data, and they are exchangeable with the rows to predict (for
        example, all are drawn at random from one population), intervals and sets contain the truth at least as often as
        asked for: split conformal prediction [1]_.

        Parameters
        ----------
        X : data frame, array-like of shape (n_samples, n_features), dict or list of dict
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Numbers, or labels, as for `fit`. No set contains a label that `fit` has not seen.
        sample_weight : None, float or array-like of shape (n_samples,), default=None
            Weights of the rows, as in `fit`. The coverage is then that of the weighted rows, without a guarantee.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the estimator is not fitted, or the rows are invalid. It then keeps its former calibration.

        References
        ----------
        .. [1] Papadopoulos, Proedrou, Vovk, Gammerman (2002), "Inductive confidence machines for regression", ECML.
        """
        with Exclusively(self):
            with immediate_signals():
                model = self._trained()
                rows = self._judged(model, X, y, sample_weight)
                model = _calibrated(model, CALIBRATION, self._answers(model, rows.raw), rows.truth, rows.weight)
            self._fitted = self._fitted._replace(model=model)
        return self

    def _judged(
        self, model: TableModel, X: ArrayLike, y: ArrayLike | None, sample_weight: ArrayLike | None
    ) -> _JudgedRows:
        """Return the rows that a user has passed, without those of weight 0."""
        if y is None:
            raise ValueError("y is missing: what is true for the rows of X.")
        raw = self._raw(model, X)
        if not len(raw):
            raise ValueError("X has no rows.")
        truth = self._truth(model, y, len(raw))
        rows, weight = rows_that_count(as_weights(sample_weight, len(raw)), len(raw))
        return _JudgedRows(raw[rows], truth[rows], weight)

    def _raw(self, model: TableModel, X: ArrayLike) -> NDArray[np.float64]:
        raise NotImplementedError

    def _answers(self, model: TableModel, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        raise NotImplementedError

    def _truth(self, model: TableModel, y: ArrayLike, n_rows: int) -> NDArray[Any]:
        """Return what `scores_of` compares with the outputs: numbers, indices of classes, or labels."""
        raise NotImplementedError


def calibration_of(model: TableModel, coverage: float, method: str, owner: str) -> Calibration:
    """Return the calibration for a method; raises ValueError if there is none, or the coverage is invalid."""
    if not _is_number(coverage) or not 0 < coverage < 1:
        raise ValueError(f"coverage must be a number above 0 and below 1, got {coverage!r}.")
    if model.calibration is None:
        raise ValueError(
            f"{method} needs rows outside the training, and this {owner} has none: fit held out no rows "
            "(early_stopping=False, or fewer than 16 rows), or the model comes from a file without scores. Call "
            "calibrate(X, y) with rows that fit has not seen."
        )
    return model.calibration


def _calibrated(
    model: TableModel,
    kind_of_rows: str,
    outputs: NDArray[np.float64],
    truth: NDArray[Any],
    weight: NDArray[np.float64] | None,
) -> TableModel:
    """Return the model with the scores and the accuracy of outputs."""
    has_classes, known = model.labels is not None, model.calibration
    widths = None if known is None or known.widths is None else (known.widths, factors_of(known.widths, outputs))
    calibration, accuracy = _measured(
        model.net, kind_of_rows, outputs, truth, weight, has_classes=has_classes, widths=widths
    )
    summary = None if model.summary is None else model.summary._replace(accuracy=accuracy)
    return model.replace(calibration=calibration, summary=summary)


def calibrated_by_rows(
    model: TableModel, rows: _JudgedRows, answers: Callable[[TableModel, NDArray[np.float64]], NDArray[np.float64]]
) -> tuple[TableModel, ProbabilityMap]:
    """Return the model with calibrated probabilities by three of four rows and scores by every fourth, and the map.

    Positions alone decide, so the guarantee of sets is exact. Equal shares of each class in both parts would not leave
    it so, because they depend on the labels of all rows but the one to predict: in a simulation, 0.9 became 0.896 for
    200 rows of ten classes. A part for the map that is larger than a half serves its mean probability as well.
    """
    is_fourth = np.arange(len(rows.raw)) % _FOURTH == _FOURTH - 1
    learning, scoring = rows.of(~is_fourth), rows.of(is_fourth)
    scores = _scores(model, learning)
    if not len(scoring.raw) or not len(scores.weight):
        raise ValueError("probabilities=True needs at least 4 rows, and known labels outside of every fourth row.")
    _require_classes([scores], model, "y has", " outside of every fourth row")
    found = fitted_map([scores], model.net)
    model = with_map(model, found)
    return _calibrated(model, CALIBRATION, answers(model, scoring.raw), scoring.truth, scoring.weight), found


def _scores(model: TableModel, rows: _JudgedRows) -> Scores:
    """Return the scores of rows with a known class by the networks as fit has trained them."""
    truth = rows.truth.reshape(len(rows.raw), -1).astype(np.int64)
    weight = np.ones(len(rows.raw)) if rows.weight is None else rows.weight
    scores = scores_of_rows(networks_as_trained(model), model.encoder.core, rows.raw)
    return Scores(scores, truth, weight).of(np.asarray((truth >= 0).all(axis=1)))


def _require_classes(parts: Sequence[Scores], model: TableModel, whose: str, where: str) -> None:
    """Raise ValueError if the rows for the map lack a class that gets a slope, and warn if they have few rows of one.

    With few, the map is mainly that to the prior, which has less than the label smoothing of `fit`.
    """
    labels, truth = model.labels, np.concatenate([part.truth for part in parts])
    several, n = n_answers(model.net) > 1, parts[0].z.shape[2]
    if labels is None or (n > MOST_CLASSES and not several):
        return
    for j in range(truth.shape[1]):
        classes = [f"{k} of label {j}" for k in range(2)] if several else [repr(one) for one in labels.classes.tolist()]
        for name, count in zip(classes, np.bincount(truth[:, j], minlength=len(classes)).tolist(), strict=True):
            if not count:
                raise ValueError(f"{whose} no row of the class {name}{where}: probabilities=True needs some.")
            if count < _FEW:
                warn(
                    f"{whose} only {count} row{'s' * (count > 1)} of the class {name}{where}. With fewer than {_FEW}, "
                    "calibrate mainly subtracts half of the label smoothing, and probabilities can become too small."
                )


def calibrated_by_held_out(model: TableModel, held_out: HeldOut) -> tuple[TableModel, HeldOut]:
    """Return the model with calibrated probabilities by the rows that networks held out, and what is known of these.

    The scores for sets are cross-fitted: the map for the rows of a part is learned from the other parts.
    """
    net, parts = model.net, held_out.parts
    _require_classes(parts, model, "the rows held out in fit have", "")
    if len(parts) == 1:
        parts = parts[0].of(slice(0, None, 2)), parts[0].of(slice(1, None, 2))
    found = fitted_map(parts, net)
    outputs = []
    for k, part in enumerate(parts):
        others = fitted_map([*parts[:k], *parts[k + 1 :]], net)
        outputs.append(others.probabilities(part, net.activations[-1]))
    truth, weight = (np.concatenate(each) for each in zip(*((part.truth, part.weight) for part in parts), strict=True))
    truth = truth if n_answers(net) > 1 else truth[:, 0]
    model = _calibrated(with_map(model, found), HELD_OUT, np.concatenate(outputs), truth, weight)
    return model, held_out._replace(map=found)


def require_goal(recall: float | None, costs: tuple[float, float] | None) -> None:
    """Raise ValueError unless exactly one goal of a threshold is given, and valid."""
    if (recall is None) == (costs is None):
        raise ValueError("choose_threshold needs either recall or costs.")
    if recall is not None and not (_is_number(recall) and 0 < recall <= 1):
        raise ValueError(f"recall must be a number above 0 and at most 1, got {recall!r}.")
    if costs is None:
        return
    valid = isinstance(costs, (tuple, list)) and len(costs) == 2 and all(map(_is_number, costs))
    if not valid or not all(0 <= cost < np.inf for cost in costs) or max(costs) == 0:
        raise ValueError(f"costs must be two finite numbers, not negative and not both 0, got {costs!r}.")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, Real) and not isinstance(value, (bool, np.bool_))


def _measured(
    net: _core.Net,
    kind_of_rows: str,
    outputs: NDArray[np.float64],
    truth: NDArray[Any],
    weight: NDArray[np.float64] | None,
    *,
    has_classes: bool,
    part: NDArray[np.int64] | None = None,
    widths: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
) -> tuple[Calibration, Accuracy | None]:
    """Return the calibration and the accuracy of outputs.

    `widths` are those of the model and the factors of the rows. If `part` has the number of each row's part, they are
    learned from these rows.
    """
    kind = kind_of_scores(net, has_classes=has_classes)
    scores = scores_of(kind, outputs, truth)
    if part is not None and kind == ABSOLUTE_ERROR:
        widths = learned_widths(outputs, scores.T, weight, part)
    if widths is None:
        calibration = calibrated(kind, kind_of_rows, scores, weight)
    else:
        calibration = calibrated(SCALED_ERROR, kind_of_rows, scaled_scores(scores, widths[1].T), weight, widths[0])
    return calibration, accuracy_of(net, kind_of_rows, outputs, truth, weight, has_classes=has_classes)


# The rows that networks of a bag held out: their errors, and whether the bag is better than a constant there


def _held_out_rows(bag: Bag, runs: Sequence[EpochLoop]) -> list[tuple[NDArray[np.int64], list[int]]]:
    """Return the rows that members held out, each time with all members that held out these; none if none did."""
    held = [run.state.validation for run in runs if run.state.validation is not None]
    groups: dict[int, list[int]] = {}
    for k in range(len(held)):
        groups.setdefault(0 if bag.rows.n_validation else k % N_FOLDS, []).append(k)
    return [(held[group[0]], group) for group in groups.values()]


def measured_on_held_out(
    bag: Bag, runs: Sequence[EpochLoop], networks: Sequence[TrainedNet]
) -> tuple[Calibration | None, Accuracy | None]:
    """Return scores and accuracy on held-out rows, each judged by the networks that held it out; None without such."""
    groups = _held_out_rows(bag, runs)
    if not groups:
        return None, None
    target = bag.encoding.target
    rows = np.concatenate([held for held, _ in groups])
    each = ([bag.outputs(k, networks[k], held) for k in group] for held, group in groups)
    outputs = np.concatenate([mean_outputs(found, target) for found in each])
    weight = None if bag.rows.weight is None else bag.rows.weight[rows]
    part = None
    if bag.options.interval_width == "adaptive":
        part = np.repeat(np.arange(len(groups)), [len(held) for held, _ in groups])
    truth = bag.rows.truth[rows]
    return _measured(networks[0].net, HELD_OUT, outputs, truth, weight, has_classes=target is None, part=part)


def held_out_scores(bag: Bag, runs: Sequence[EpochLoop], networks: Sequence[TrainedNet]) -> HeldOut | None:
    """Return the scores of held-out rows by the networks that held them out; None without such rows or classes."""
    if bag.encoding.labels is None:
        return None
    parts = []
    for rows, group in _held_out_rows(bag, runs):
        z = [scores_of_inputs(networks[k], bag.inputs_of(k)[rows]) for k in group]
        weight = np.ones(len(rows)) if bag.rows.weight is None else bag.rows.weight[rows]
        parts.append(Scores(np.stack(z), bag.rows.truth[rows].reshape(len(rows), -1).astype(np.int64), weight))
    return HeldOut(tuple(parts), no_map(networks[0].net)) if parts else None


# ---------------------------------------------------------------- the comparison of a bag with the best constant answer


def warn_if_bag_is_useless(bag: Bag, runs: Sequence[EpochLoop]) -> None:
    """Warn unless the networks, or else their mean, are clearly better than the best constant answer.

    The validation losses of the kept epochs decide if they are clearly better; otherwise the held-out rows are read
    again, each by the networks that held it out. Without held-out rows, these are the training rows.
    """
    if any(run.state.history.loss is None for run in runs):
        return
    if runs[0].job.objective.score is None and all(map(_is_useful, runs)):
        return
    judges = [[runs[k] for k in group] for _, group in _held_out_rows(bag, runs)] or [list(runs)]
    parts = [(judged_rows(group[0].job), _outputs(group)) for group in judges]
    outputs, targets = np.concatenate([part for _, part in parts]), np.concatenate([rows.targets for rows, _ in parts])
    weights = [rows.weight for rows, _ in parts if rows.weight is not None]
    weight = np.concatenate(weights) if weights else None
    net, first = runs[0].job.net, parts[0][0]
    every = Judged(first.X, targets, weight, is_validation=first.is_validation)
    loss, constant = loss_of_outputs(net, outputs, targets, weight), constant_loss(net, targets, weight)
    if is_better_on_most_rows(net, outputs, every):
        return
    # The best epoch of each network was chosen by its own rows, so chance depends on their number.
    if loss < first.limit(net, constant) or constant == 0 or (targets == targets[:1]).all():
        return
    if bag.encoding.labels is not None and is_accurate(
        classes_of(outputs), classes_of(targets), weight, every.n_rows()
    ):
        return
    text = causes(runs[0].job, first, epochs="n_epochs")
    warn(Message(sentence(net, every, loss, constant), text), UselessModelWarning)


def _is_useful(run: EpochLoop) -> bool:
    """Return whether the losses that were computed in training show that a network is clearly better."""
    rows, net, history = judged_rows(run.job), run.job.net, run.state.history
    score, loss = history.best_validation_score, history.loss
    kept = -score if rows.is_validation and score is not None else loss
    return kept is not None and kept < rows.limit(net, constant_loss(net, rows.targets, rows.weight))


def _outputs(runs: Sequence[EpochLoop]) -> NDArray[np.float64]:
    """Return the mean outputs of runs for the rows by which they are judged."""
    found = []
    for run in runs:
        held = run.state.validation
        params = run.state.params if run.state.best is None else run.state.best
        inputs = run.job.data.X if held is None else taken(run.job.data.X, held)
        found.append(run.job.net.forward(params, inputs, n_threads=1).astype(np.float64))
    mean: NDArray[np.float64] = np.mean(found, axis=0)
    return mean
