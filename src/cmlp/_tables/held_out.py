"""A bag beside the best constant answer, by the rows that its networks held out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmlp._data.arrays import taken
from cmlp._train.constant_answer import constant_costs, loss_of_outputs
from cmlp._train.diagnosis import (
    VALIDATION,
    advice_for,
    can_be_beaten,
    is_better_by_outputs,
    is_proven,
    judged_rows,
    lacking_of,
    limit_of,
    rows_without_lack,
    warn_of_useless,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmlp._train.training import Training


def warn_if_bag_is_useless(
    groups: Sequence[Sequence[Training]], *, warns: bool, needs_proof: bool, note: str
) -> bool:
    """Warn unless the networks, or else their mean, are clearly better than the best constant answer.

    Returns whether they are shown not to be. The parameters are those of `warn_if_useless`.

    The validation losses of the kept epochs decide if they are clearly better; otherwise the held-out rows are read
    again, each by the networks that held it out: a group. Without held-out rows, these are the training rows.
    """
    trainings = [training for group in groups for training in group]
    if any(training.state.history.loss is None for training in trainings):
        return False
    if trainings[0].objective.score_of_outputs is None and all(map(_is_useful, trainings)):
        return False
    parts = [judged_rows(group[0]) for group in groups]
    first, order, kind = parts[0]
    weights = [rows.weight for rows, _, _ in parts if rows.weight is not None]
    every = first._replace(
        targets=np.concatenate([rows.targets for rows, _, _ in parts]),
        weight=np.concatenate(weights) if weights else None,
    )
    net = trainings[0].net
    lacking = lacking_of(trainings[0], every)
    if lacking:
        first, order, kind = rows_without_lack(trainings[0])
        every, outputs = first, _outputs_of_bag(trainings)
    else:
        outputs = np.concatenate(
            [
                _outputs_of_bag(group, order_of_group)
                for group, (_, order_of_group, _) in zip(groups, parts, strict=True)
            ]
        )
    loss = loss_of_outputs(net, outputs, every.targets, every.weight)
    constant = constant_costs(net, every.targets, every.weight)[1]
    # The best epoch of each network was chosen by its own rows, so chance depends on their number.
    if loss < limit_of(net, first, kind, constant) or not can_be_beaten(constant, every):
        return False
    if is_better_by_outputs(net, outputs, every, kind):
        return False
    if needs_proof and not is_proven(net, outputs, every, loss, constant):
        return False
    if warns:
        advice = advice_for(groups[0][0], first, order, lacking=lacking, is_of_table=True)
        warn_of_useless(net, every, kind, loss, constant, note + advice)
    return True


def _is_useful(training: Training) -> bool:
    """Return whether the losses that were computed in training show that a network is clearly better."""
    net, history = training.net, training.state.history
    rows, _, kind = judged_rows(training)
    score, loss = history.best_validation_score, history.loss
    cost, plain_cost = constant_costs(net, rows.targets, rows.weight)
    if kind == VALIDATION and score is not None:
        return -score < limit_of(net, rows, kind, plain_cost)
    return loss is not None and loss < limit_of(net, rows, kind, cost, plain_cost)


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
