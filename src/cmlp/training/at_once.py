"""Several short epochs in one call of the core.

Between two epochs of a small network, Python takes longer than the core for an epoch, and threads that train other
models wait for each other. If nothing has to happen between the next epochs, the core trains them in one call.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cmlp import _core
from cmlp.training.feed import ArrayFeed

if TYPE_CHECKING:
    from cmlp.training.feed import Feed
    from cmlp.training.loop import Training
    from cmlp.training.state import TrainingState

# Work of a call, about 5 ms: Ctrl-C waits for its end. A row and a batch count as that many multiply-adds besides those
# of the parameters.
_MOST_WORK, _ROW, _BATCH = 2e7, 100, 1000


def epochs_at_once(training: Training) -> int:
    """Return how many epochs the core may train in one call: 1 unless nothing can change before the end of the last."""
    state, settings = training.state, training.settings
    if state.batch is not None or training.is_followed or callable(training.net.loss):
        return 1
    is_steady = training.schedule.is_steady(state.schedule_epoch, training.n_batches)
    if not is_steady or not _is_repeatable(training.feed, state):
        return 1
    # Training stops, or the learning rate changes, after more than `n_iter_no_change` epochs without improvement.
    most = min(settings.max_iter - state.epoch, settings.n_iter_no_change + 1 - state.history.stale)
    work = training.n_rows * (training.net.n_params + _ROW) + training.n_batches * _BATCH
    return max(1, int(min(most, _MOST_WORK // work)))


def _is_repeatable(feed: Feed, state: TrainingState) -> bool:
    """Return whether the core alone can begin an epoch: with the rows of the one before, shuffled by its generator."""
    if type(feed) is not ArrayFeed:
        return False
    if feed.shuffle and (state.order is None or not isinstance(state.generator, _core.Random)):
        return False
    return feed.data.weight is None or bool(feed.data.weight.any())


def train_at_once(training: Training, n_epochs: int) -> None:
    """Train for several epochs and record them. Ctrl-C takes effect after the last one."""
    state = training.state
    n_before, results = state.epoch, np.full((n_epochs, 5), math.nan)
    try:
        try:
            training.train_epochs(results)
        finally:
            training.record_epochs(results)
    except KeyboardInterrupt:
        if state.epoch == n_before:  # it came before the epochs were recorded
            training.record_epochs(results)
        raise
    except BaseException:
        state.batch = 0  # of the epoch after the recorded ones, as after an error in a single epoch
        raise
