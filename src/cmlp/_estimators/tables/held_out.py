"""A bag beside the best constant answer, by the rows that its networks held out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmlp._data.arrays import taken
from cmlp._train.constant_answer import constant_loss, loss_of_outputs
from cmlp._train.diagnosis import (
    Comparison,
    advice_for,
    can_be_beaten,
    judged_rows,
    rows_to_compare,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmlp._train.diagnosis import WarningRule
    from cmlp._train.training import Training


def warn_if_bag_is_useless(groups: Sequence[Sequence[Training]], rule: WarningRule) -> bool:
    """Warn unless the networks, or else their mean, are clearly better than the best constant answer.

    Returns whether they are shown not to be.

    The validation losses of the kept epochs decide if they are clearly better; otherwise the held-out rows are read
    again, each by the networks that held it out: a group. Without held-out rows, these are the training rows.
    """
    trainings = [training for group in groups for training in group]
    if any(training.state.history.loss is None for training in trainings):
        return False
    if trainings[0].objective.score_of_outputs is None and all(map(_is_useful, trainings)):
        return False
    parts = [
        (rows, _outputs_of_bag(group, rows.order))
        for group in groups
        for rows in [judged_rows(group[0])]
    ]
    outputs = np.concatenate([part for _, part in parts])
    targets = np.concatenate([rows.targets for rows, _ in parts])
    weights = [rows.weight for rows, _ in parts if rows.weight is not None]
    weight = np.concatenate(weights) if weights else None
    net, first = trainings[0].net, parts[0][0]
    every = rows_to_compare(
        trainings[0], first._replace(targets=targets, weight=weight, order=None)
    )
    if every.lacking:
        first, targets, weight = every, every.targets, every.weight
        outputs = _outputs_of_bag(trainings)
    loss = loss_of_outputs(net, outputs, targets, weight)
    constant = constant_loss(net, targets, weight).plain
    # The best epoch of each network was chosen by its own rows, so chance depends on their number.
    found = Comparison(net, every, loss, constant, first.limit(net, constant), outputs)
    if not can_be_beaten(constant, every):
        return False
    if found.model_is_better() or (rule.needs_proof and not found.is_proven(outputs)):
        return False
    if rule.warns:
        found.warn(rule.note + advice_for(groups[0][0], first, is_of_table=True))
    return True


def _is_useful(training: Training) -> bool:
    """Return whether the losses that were computed in training show that a network is clearly better."""
    rows, net, history = judged_rows(training), training.net, training.state.history
    score, loss = history.best_validation_score, history.loss
    constant = constant_loss(net, rows.targets, rows.weight)
    if rows.is_validation and score is not None:
        return -score < rows.limit(net, constant.plain)
    return loss is not None and loss < rows.limit(net, constant.cost, constant.unit)


def _outputs_of_bag(
    trainings: Sequence[Training], rows: NDArray[np.int64] | None = None
) -> NDArray[np.float64]:
    """Return the mean outputs of trainings for some rows, or for all."""
    found = []
    for training in trainings:
        inputs = training.data.rows.X
        if rows is not None:
            inputs = taken(inputs, rows)
        found.append(
            training.net.forward(training.state.best_or_present_params, inputs, n_threads=1).astype(
                np.float64
            )
        )
    mean: NDArray[np.float64] = np.mean(found, axis=0)
    return mean
