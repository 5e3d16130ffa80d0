"""Training the members of a bag side by side."""

from __future__ import annotations

import math
import time
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING

from cmlp._bridge import _core
from cmlp._process.threads import Pool, available_threads, print_line
from cmlp._process.time_limit import end_of, is_over, seconds_until
from cmlp._process.warnings import warn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cmlp._train.callbacks import Callbacks
    from cmlp._train.training import Training

_EPOCHS_OF_ESTIMATE = 3  # after which verbose says how long a fit will take
NETWORK, LATER_PART = "Network", "Later part"  # what verbose calls that which trains
_FEWEST_BATCHES = 100  # that each member trains whatever the time limit


def train_members(
    trainings: Sequence[Training],
    n_threads: int | None,
    until: float,
    *,
    verbose: bool,
    callbacks: Callbacks | None = None,
    name: str = NETWORK,
) -> None:
    """Train the members side by side. The result does not depend on the number of threads.

    With callbacks, the members train epoch by epoch: after each epoch of all members, these are
    called in this thread. An exception in one member, or Ctrl-C, ends all of them.

    Each member trains at least `_FEWEST_BATCHES` batches, or an epoch if it has fewer, and then until its share of the
    time is over, also in the middle of an epoch. In step, training ends after an epoch. `name` is what `verbose` calls
    each.
    """
    if is_over(until):
        what = "training" if name == NETWORK else f"that of networks for each {name.lower()}"
        warn(
            f"max_time was over {-seconds_until(until):.2g} s before {what} began, because reading "
            "and learning the columns takes longer. Each network trains only its first "
            f"{_FEWEST_BATCHES} batches or its first epoch."
        )
    n_threads = n_threads or available_threads()
    if callbacks is not None:
        _train_in_step(trainings, n_threads, until, verbose, callbacks)
    else:
        _in_pool(
            partial(_train_member, trainings, n_threads, until, name if verbose else ""),
            trainings,
            n_threads,
        )


def _in_pool(work: Callable[[int], None], trainings: Sequence[Training], n_threads: int) -> None:
    """Call ``work(k)`` for each training k in the threads of a pool, and issue its warnings."""
    pool = Pool(len(trainings), n_threads)
    for training in trainings:
        training.pool = pool
    _core.run_pool(pool, work)
    for message, category in pool.warnings():
        warn(message, category)


def _train_member(
    trainings: Sequence[Training], n_threads: int, until: float, verbose_name: str, k: int
) -> None:
    training = trainings[k]
    seconds = seconds_until(until)
    if seconds < math.inf and not training.finished:
        n_rounds = math.ceil((len(trainings) - k) / min(n_threads, len(trainings)))  # with this one
        share = end_of(seconds / n_rounds)
        training.run_batches(min(_FEWEST_BATCHES, training.n_batches))
        training.until = share
    if verbose_name and k == 0:
        training.callbacks.add([_Estimate(trainings, n_threads)])
    training.train()
    if verbose_name:
        print_line(_summary(verbose_name, k, training))


class _Estimate:
    """Prints how long a fit will take, after the first epochs of the first network."""

    def __init__(self, trainings: Sequence[Training], n_threads: int) -> None:
        left = [
            training.options.max_iter - training.state.epoch
            for training in trainings
            if not training.finished
        ]
        self._n_rounds = math.ceil(len(left) / min(n_threads, len(trainings)))
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
    trainings: Sequence[Training],
    n_threads: int,
    until: float,
    verbose: bool,
    callbacks: Callbacks,
) -> None:
    """Train one epoch of all members after the other."""
    members = [training.epochs() for training in trainings]
    if verbose:
        # The first one waits for the epochs of the others.
        trainings[0].callbacks.add([_Estimate(trainings, len(trainings))])
    with ExitStack() as stack:
        stack.enter_context(callbacks.following())
        for epochs in members:
            stack.enter_context(closing(epochs))
        while not all(training.finished for training in trainings):
            _in_pool(lambda k: next(members[k], None), trainings, n_threads)
            callbacks.on_epoch_end()
            if is_over(until):
                for training in trainings:
                    training.until = until
        for k, (training, epochs) in enumerate(zip(trainings, members, strict=True)):
            next(epochs, None)  # which ends
            if verbose:
                print_line(_summary(NETWORK, k, training))


def _summary(name: str, k: int, training: Training) -> str:
    """Return a line about the complete training of member k."""
    history = training.state.history
    scores = history.validation_scores
    loss = "" if history.loss is None else f", loss = {history.loss:.8f}"
    score = f", best validation loss = {-max(scores):.8f}" if scores else ""
    return f"{name} {k + 1}: {training.state.epoch} epochs{loss}{score}"
