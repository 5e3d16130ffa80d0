"""What the rows that the networks of a bag held out tell: how good the bag is, also beside the best constant answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmlp._data.arrays import taken
from cmlp._estimators.tables.bag import N_FOLDS
from cmlp._estimators.tables.calibrate import measured
from cmlp._model.calibration import HELD_OUT, frequent_ends
from cmlp._model.model import mean_outputs
from cmlp._model.probabilities import HeldOutScores, Scores, no_map, scores_of_inputs
from cmlp._train.constant_answer import constant_loss, loss_of_outputs
from cmlp._train.diagnosis import (
    Comparison,
    Judged,
    can_be_beaten,
    causes,
    judged_rows,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmlp._estimators.tables.bag import Bag
    from cmlp._model.calibration import Calibration
    from cmlp._model.model import TrainedNet
    from cmlp._model.summary import Accuracy
    from cmlp._train.diagnosis import Verdict
    from cmlp._train.loop import EpochLoop


def _held_out_rows(bag: Bag, runs: Sequence[EpochLoop]) -> list[tuple[NDArray[np.int64], list[int]]]:
    """Return each set of held-out rows, with the members that held out these; none if no rows were held out."""
    n_sets = N_FOLDS if bag.rows.validation is None else 1  # member k holds out the set k % n_sets
    sets = [run.state.held_out_rows for run in runs[:n_sets]]
    return [(rows, list(range(k, len(runs), n_sets))) for k, rows in enumerate(sets) if rows is not None]


def measured_on_held_out(
    bag: Bag, runs: Sequence[EpochLoop], networks: Sequence[TrainedNet]
) -> tuple[Calibration | None, Accuracy | None]:
    """Return scores and accuracy on held-out rows, each judged by the networks that held it out; None without such."""
    groups = _held_out_rows(bag, runs)
    if not groups:
        return None, None
    scale = bag.target_encoding.answer_scale
    rows = np.concatenate([held for held, _ in groups])
    each = ([bag.outputs(k, networks[k], held) for k in group] for held, group in groups)
    net = networks[0].net
    outputs = np.concatenate([mean_outputs(found, scale, net.activations[-1]) for found in each])
    weight = None if bag.rows.weight is None else bag.rows.weight[rows]
    part = None
    if bag.options.interval_width == "adaptive":
        part = np.repeat(np.arange(len(groups)), [len(held) for held, _ in groups])
    truth = bag.rows.truth[rows]
    ends = _frequent_ends(bag)
    return measured(net, HELD_OUT, outputs, truth, weight, has_classes=scale is None, part=part, ends=ends)


def _frequent_ends(bag: Bag) -> NDArray[np.float64] | None:
    """Return the frequent ends of the targets, which the intervals of several quantiles reach; None without such."""
    scale = bag.target_encoding.answer_scale
    if scale is None or not isinstance(bag.target_encoding.loss_parameter, tuple):
        return None
    rows = bag.rows
    weight = None if rows.weight is None else rows.weight[rows.training]
    return frequent_ends(rows.truth[rows.training, 0], weight, scale.scale[0])


def held_out_scores(bag: Bag, runs: Sequence[EpochLoop], networks: Sequence[TrainedNet]) -> HeldOutScores | None:
    """Return the scores of held-out rows by the networks that held them out; None without such rows or classes.

    The weights of the rows are those before class weights multiplied them: they say how many rows a row stands for.
    """
    if bag.target_encoding.labels is None:
        return None
    parts, class_weights = [], bag.target_encoding.weights_of_labels
    for rows, group in _held_out_rows(bag, runs):
        z = [scores_of_inputs(networks[k], bag.inputs_of(k)[rows]) for k in group]
        weight = np.ones(len(rows)) if bag.rows.weight is None else bag.rows.weight[rows]
        truth = bag.rows.truth[rows].reshape(len(rows), -1).astype(np.int64)
        for label, of_classes in enumerate([] if class_weights is None else class_weights):
            weight = weight / of_classes[truth[:, label]]
        parts.append(Scores(np.stack(z), truth, weight))
    return HeldOutScores(tuple(parts), no_map(networks[0].net)) if parts else None


# ------------------------------------------------------------------------------- a bag beside the best constant answer


def warn_if_bag_is_useless(bag: Bag, runs: Sequence[EpochLoop], verdict: Verdict) -> bool | None:
    """Warn unless the networks, or else their mean, are clearly better than the best constant answer.

    Returns whether they are; None if that is not known.

    The validation losses of the kept epochs decide if they are clearly better; otherwise the held-out rows are read
    again, each by the networks that held it out. Without held-out rows, these are the training rows.
    """
    if any(run.state.history.loss is None for run in runs):
        return None
    if runs[0].job.objective.score is None and all(map(_is_useful, runs)):
        return True
    groups = [[runs[k] for k in group] for _, group in _held_out_rows(bag, runs)] or [list(runs)]
    parts = [(judged_rows(group[0].job), _outputs(group)) for group in groups]
    outputs, targets = np.concatenate([part for _, part in parts]), np.concatenate([rows.targets for rows, _ in parts])
    weights = [rows.weight for rows, _ in parts if rows.weight is not None]
    weight = np.concatenate(weights) if weights else None
    net, first = runs[0].job.net, parts[0][0]
    every = Judged(first.X, targets, weight, is_validation=first.is_validation)
    loss, constant = loss_of_outputs(net, outputs, targets, weight), constant_loss(net, targets, weight).plain
    # The best epoch of each network was chosen by its own rows, so chance depends on their number.
    found = Comparison(net, every, loss, constant, first.limit(net, constant), outputs)
    if not can_be_beaten(constant, every):
        return None
    is_better = found.model_is_better() or (verdict.needs_proof and not found.is_proven(outputs))
    if not is_better and verdict.warns:
        found.warn(verdict.note + causes(runs[0].job, first, epochs="n_epochs"))
    return is_better


def _is_useful(run: EpochLoop) -> bool:
    """Return whether the losses that were computed in training show that a network is clearly better."""
    rows, net, history = judged_rows(run.job), run.job.net, run.state.history
    score, loss = history.best_validation_score, history.loss
    constant = constant_loss(net, rows.targets, rows.weight)
    if rows.is_validation and score is not None:
        return -score < rows.limit(net, constant.plain)
    return loss is not None and loss < rows.limit(net, constant.cost, constant.unit)


def _outputs(runs: Sequence[EpochLoop]) -> NDArray[np.float64]:
    """Return the mean outputs of runs for the rows by which they are judged."""
    found = []
    for run in runs:
        held = run.state.held_out_rows
        inputs = run.job.data.rows.X
        if held is not None:
            inputs = taken(inputs, held)
        found.append(run.job.net.forward(run.state.weights.best_or_last, inputs, n_threads=1).astype(np.float64))
    mean: NDArray[np.float64] = np.mean(found, axis=0)
    return mean
