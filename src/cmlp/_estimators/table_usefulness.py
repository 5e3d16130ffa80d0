"""The comparison of a bag with the best constant answer: the rule is that of `cmlp._train.usefulness`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.sparse import taken
from cmlp._process.warnings import warn
from cmlp._train.usefulness import (
    Judged,
    causes,
    classes_of,
    constant_loss,
    is_accurate,
    judged_rows,
    loss_of_outputs,
    sentence,
)
from cmlp.exceptions import UselessModelWarning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmlp._estimators.bag import Bag
    from cmlp._train.loop import EpochLoop


def warn_if_useless(bag: Bag, runs: Sequence[EpochLoop], classes: NDArray[Any] | None) -> None:
    """Warn unless the networks, or else their mean, are clearly better than the best constant answer.

    The validation losses of the kept epochs decide if they are clearly better; otherwise the held-out rows are read
    again, each by the networks that held it out. Without held-out rows, these are the training rows.
    """
    if any(run.state.history.loss is None for run in runs):
        return
    if bag.task.score is None and all(map(_is_useful, runs)):
        return
    groups: dict[bytes, list[EpochLoop]] = {}  # runs that are judged by the same rows
    for run in runs:
        held = run.state.validation
        groups.setdefault(b"" if held is None else held.tobytes(), []).append(run)
    parts = [(judged_rows(group[0].job), _outputs(bag, group)) for group in groups.values()]
    outputs, targets = np.concatenate([part for _, part in parts]), np.concatenate([rows.targets for rows, _ in parts])
    weights = [rows.weight for rows, _ in parts if rows.weight is not None]
    weight = np.concatenate(weights) if weights else None
    net, first = runs[0].job.net, parts[0][0]
    every = Judged(first.X, targets, weight, held_out=first.held_out)
    loss, constant = loss_of_outputs(net, outputs, targets, weight), constant_loss(net, targets, weight)
    # The best epoch of each network was chosen by its own rows, so chance depends on their number.
    if loss < first.limit(net, constant) or constant == 0 or (targets == targets[:1]).all():
        return
    if classes is not None and is_accurate(classes_of(outputs), classes_of(targets), weight, every.n_rows()):
        return
    job = runs[0].job
    names = classes if targets.ndim == 1 or targets.shape[1] == 1 else None
    text = causes(job._replace(task=job.task._replace(group_names=names)), first).replace("max_iter", "n_epochs")
    warn(sentence(net, every, loss, constant) + text, UselessModelWarning)


def _is_useful(run: EpochLoop) -> bool:
    """Return whether the losses that were computed in training show that a network is clearly better."""
    rows, net, history = judged_rows(run.job), run.job.net, run.state.history
    score, loss = history.best_validation_score, history.loss
    kept = -score if rows.held_out and score is not None else loss
    return kept is not None and kept < rows.limit(net, constant_loss(net, rows.targets, rows.weight))


def _outputs(bag: Bag, runs: Sequence[EpochLoop]) -> NDArray[np.float64]:
    """Return the mean outputs of runs for the rows by which they are judged."""
    found = []
    for run in runs:
        held = run.state.validation
        params = run.state.params if run.state.best is None else run.state.best
        inputs = run.job.data.X if held is None else taken(run.job.data.X, held)
        found.append(run.job.net.forward(params, inputs, n_threads=1).astype(np.float64))
    mean: NDArray[np.float64] = np.mean(found, axis=0)
    return mean
