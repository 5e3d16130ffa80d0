"""Training the members of a bag side by side; `BagTrainer` is what callbacks get."""

from __future__ import annotations

import math
import time
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._bridge import _core
from cmlp._model.results import TrainedEpoch
from cmlp._process.threads import Pool, available_threads, print_line
from cmlp._process.warnings import warn
from cmlp._train.callbacks import Deadline

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from cmlp._train.callbacks import Callbacks
    from cmlp._train.loop import EpochLoop
    from cmlp._train.state import TrainingState

_EPOCHS_OF_ESTIMATE = 3  # after which verbose says how long a fit will take
_FEWEST_BATCHES = 100  # that each member trains whatever the time limit


def train_members(
    runs: Sequence[EpochLoop],
    n_threads: int | None,
    deadline: Deadline,
    *,
    verbose: bool,
    callbacks: Callbacks | None = None,
) -> None:
    """Train the members side by side. The result does not depend on the number of threads.

    With callbacks, the members train epoch by epoch: after each epoch of all members, these are called in this thread.
    An exception in one member, or Ctrl-C, ends all of them.

    Each member trains at least `_FEWEST_BATCHES` batches, or an epoch if it has fewer, and then until its share of the
    time is over, also in the middle of an epoch. In step, training ends after an epoch.
    """
    if deadline.has_come():
        warn(
            f"max_time was over {-deadline.left():.2g} s before training began, because reading "
            "and learning the columns takes longer. Each network trains only its first "
            f"{_FEWEST_BATCHES} batches or its first epoch."
        )
    n_threads = n_threads or available_threads()
    if callbacks is not None:
        _train_in_step(runs, n_threads, deadline, verbose, callbacks)
    else:
        _in_pool(partial(_train_member, runs, n_threads, deadline, verbose), len(runs), n_threads)


def _in_pool(work: Callable[[int], None], n: int, n_threads: int) -> None:
    """Call ``work(k)`` for each k below n in the threads of a pool, and issue its warnings."""
    pool = Pool(n, n_threads)
    _core.run_pool(pool, work)
    for message, category in pool.warnings():
        warn(message, category)


def _train_member(runs: Sequence[EpochLoop], n_threads: int, deadline: Deadline, verbose: bool, k: int) -> None:
    run = runs[k]
    seconds = deadline.left()
    if seconds < math.inf and not run.finished:
        n_rounds = math.ceil((len(runs) - k) / min(n_threads, len(runs)))  # with this one
        share = Deadline(seconds / n_rounds)
        run.run_batches(min(_FEWEST_BATCHES, run.engine.n_batches))
        run.deadline = share
    if verbose and k == 0:
        run.callbacks.add([_Estimate(runs, n_threads)])
    run.train()
    if verbose:
        print_line(_summary(k, run))


class _Estimate:
    """Prints how long a fit will take, after the first epochs of the first network."""

    def __init__(self, runs: Sequence[EpochLoop], n_threads: int) -> None:
        left = [run.job.options.max_iter - run.state.epoch for run in runs if not run.finished]
        self._n_rounds = math.ceil(len(left) / min(n_threads, len(runs)))
        self._left = max(left, default=0)
        self._n = 0
        self._start = 0.0
        self.every_epochs: int | None = 1

    def on_fit_begin(self, trainer: object) -> None:
        self._start = time.monotonic()

    def on_epoch_end(self, trainer: object) -> None:
        self._n += 1
        if self._n == _EPOCHS_OF_ESTIMATE:
            self.every_epochs = None
        if self._n == _EPOCHS_OF_ESTIMATE < self._left:
            seconds = (time.monotonic() - self._start) / self._n * self._left * self._n_rounds
            epochs = f"{self._n} of {self._left} epochs of the first network"
            print_line(f"About {seconds:.2g} seconds: estimated from {epochs}")


def _train_in_step(
    runs: Sequence[EpochLoop], n_threads: int, deadline: Deadline, verbose: bool, callbacks: Callbacks
) -> None:
    """Train one epoch of all members after the other."""
    members = [run.epochs() for run in runs]
    if verbose:
        runs[0].callbacks.add([_Estimate(runs, len(runs))])  # the first one waits for the epochs of the others
    with ExitStack() as stack:
        stack.enter_context(callbacks.following())
        for epochs in members:
            stack.enter_context(closing(epochs))
        while not all(run.finished for run in runs):
            _in_pool(lambda k: next(members[k], None), len(runs), n_threads)
            callbacks.on_epoch_end()
            if deadline.has_come():
                for run in runs:
                    run.deadline.end()
        for k, (run, epochs) in enumerate(zip(runs, members, strict=True)):
            next(epochs, None)  # which ends
            if verbose:
                print_line(_summary(k, run))


def _summary(k: int, run: EpochLoop) -> str:
    """Return a line about the complete training of member k."""
    history = run.state.history
    scores = history.validation_scores
    loss = "" if history.loss is None else f", loss = {history.loss:.8f}"
    score = f", best validation loss = {-max(scores):.8f}" if scores else ""
    return f"Network {k + 1}: {run.state.epoch} epochs{loss}{score}"


class BagTrainer:
    """The argument of callbacks: stands for the networks of a bag as a `cmlp.Trainer` stands for one.

    Losses, scores and rates are means over the networks, which all train the same number of epochs. `copy_model`
    returns the estimator, fitted with copies of the parameters so far.
    """

    def __init__(self, runs: Sequence[EpochLoop], copy_model: Callable[[], Any]) -> None:
        self._runs, self._copy_model = runs, copy_model

    @property
    def state(self) -> TrainingState:
        """The training state of the network with the most epochs."""
        return self._longest.state

    @property
    def _longest(self) -> EpochLoop:
        return max(self._runs, key=lambda run: run.job.options.max_iter)

    @property
    def max_iter(self) -> int:
        """Number of epochs."""
        return self._longest.job.options.max_iter

    @property
    def history(self) -> dict[str, list[float]]:
        """A list with a number per epoch for each quantity: "loss", "validation_loss" and others."""
        tables = [run.state.history.table() for run in self._runs]
        return {
            name: [
                float(np.mean([table[name][epoch] for table in tables if epoch < len(table.get(name, ()))]))
                for epoch in range(len(values))
            ]
            for name, values in self._longest.state.history.table().items()
        }

    @property
    def last_epoch(self) -> TrainedEpoch:
        """The numbers of the last epoch; the validation score is minus the validation loss."""
        last = {name: values[-1] for name, values in self.history.items() if values}
        if not last:
            raise ValueError("No epoch is complete.")
        score = last.get("validation_score")
        return TrainedEpoch(
            self.state.epoch,
            last["loss"],
            score,
            last["learning_rate"],
            None if score is None else -score,
            last.get("gradient_norm"),
            last.get("seconds", math.nan),
        )

    def stop(self) -> None:
        """End training after the current epoch; each network gets its best parameters."""
        for run in self._runs:
            run.state.stopped = True

    def snapshot(self) -> Any:
        """Return a fitted copy of the estimator, with the best parameters so far."""
        return self._copy_model()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write `snapshot` to a model file. It has no training state."""
        self.snapshot().save(path)
