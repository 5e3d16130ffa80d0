"""Who follows training, epoch by epoch or batch by batch: observers, the deadline, and the callbacks of a user."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cmlp._data.checks import positive_integer
from cmlp._process.signals import immediate_signals
from cmlp.callbacks import HOOKS
from cmlp.exceptions import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from cmlp._train.state import TrainingState


class Observer:
    """What the training loop calls; by default nothing. `intervals` are numbers of batches, for `batches_end`.

    `attach` sets the last three attributes of an observer that is passed to a fit of an estimator.
    """

    intervals: AbstractSet[int] = frozenset()
    state: TrainingState
    snapshot: Callable[[], Any]
    provenance_now: Callable[[], dict[str, Any] | None]

    def attach(
        self,
        state: TrainingState,
        snapshot: Callable[[], Any],
        provenance_now: Callable[[], dict[str, Any] | None],
    ) -> None:
        """Receive the state of training, and functions that return what the fit leaves as it is now.

        They return the model with its history, and the provenance for `cmlp.verify`, None if there is none.
        """
        self.state, self.snapshot, self.provenance_now = state, snapshot, provenance_now

    @property
    def horizon(self) -> float:
        """How many epochs may pass before the observer must be called."""
        return 1

    def fit_begins(self) -> None:
        """Called before the first epoch of a call."""

    def epoch_begins(self) -> None:
        """Called before each epoch."""

    def batches_end(self, batch: int) -> None:
        """Called in the middle of an epoch, after `batch` batches of the epoch; not after its last batch."""

    def validation_begins(self, batch: int) -> None:
        """Called after the last batch of an epoch, number `batch`, before validation; not if epochs train at once."""

    def epoch_ends(self) -> bool:
        """Called after each epoch; returns True to stop training."""
        return False

    def fit_ends(self) -> None:
        """Called when training is finished, and when it is paused or interrupted."""


class Observers(list[Observer]):
    """The observers of an `EpochLoop`, as one observer. Signals take effect at once in them."""

    def _call(self, name: str, *arguments: int) -> list[Any]:
        if not self:
            return []
        with immediate_signals():
            return [getattr(observer, name)(*arguments) for observer in self]

    @property
    def horizon(self) -> float:
        """How many epochs may pass before an observer must be called."""
        return min((observer.horizon for observer in self), default=math.inf)

    @property
    def intervals(self) -> set[int]:
        """The intervals of all observers."""
        return {interval for observer in self for interval in observer.intervals}

    @contextmanager
    def following(self) -> Iterator[None]:
        """Call all observers before training and after it, also if it is interrupted or left."""
        self._call("fit_begins")
        try:
            yield
        except (KeyboardInterrupt, GeneratorExit):  # a pause
            self._call("fit_ends")
            raise
        self._call("fit_ends")

    def epoch_begins(self) -> None:
        """Call all observers."""
        self._call("epoch_begins")

    def batches_end(self, batch: int) -> None:
        """Call all observers."""
        self._call("batches_end", batch)

    def validation_begins(self, batch: int) -> None:
        """Call all observers."""
        self._call("validation_begins", batch)

    def epoch_ends(self) -> bool:
        """Call all observers; return whether one of them stops training."""
        return any(self._call("epoch_ends"))


# -------------------------------------------------------- the moment at which training ends although it is not finished


class Deadline:
    """The moment at which training ends, `seconds` from now; with None, there is none before `end`.

    `horizon` is the number of epochs that may pass before the clock must be read.
    """

    def __init__(self, seconds: float | None) -> None:
        self._end = math.inf if seconds is None else time.monotonic() + seconds
        self.horizon = math.inf if seconds is None else 1

    def left(self) -> float:
        """Return the seconds until the deadline."""
        return self._end if self._end == math.inf else self._end - time.monotonic()

    def has_come(self) -> bool:
        """Return whether training ends."""
        return self._end < math.inf and time.monotonic() >= self._end

    def end(self) -> None:
        """Let it come now, for those who train together and have agreed on it."""
        self._end = time.monotonic()


# -------------------------------------------------------------- calls the callbacks of a program while a trainer trains


class Reporter(Observer):
    """An observer that calls the methods `HOOKS` of callbacks, as far as they have them, with the trainer."""

    def __init__(self, trainer: Any, callbacks: list[Any]) -> None:
        self._trainer = trainer
        self._begin, batches, self._epoch, self._end = (
            [(callback, getattr(callback, hook)) for callback in callbacks if hasattr(callback, hook)] for hook in HOOKS
        )
        self._batches = [(interval, call) for callback, call in batches if (interval := _interval(callback))]
        self.intervals = {interval for interval, _ in self._batches}

    def fit_begins(self) -> None:
        """Report that training begins or continues."""
        for _, call in self._begin:
            call(self._trainer)

    def batches_end(self, batch: int) -> None:
        """Report completed batches to the callbacks whose interval has ended."""
        for interval, call in self._batches:
            if batch % interval == 0:
                call(self._trainer)

    def epoch_ends(self) -> bool:
        """Report an epoch; a callback stops training by `Trainer.stop`."""
        for _, call in self._epoch:
            call(self._trainer)
        stopped: bool = self._trainer.state.stopped
        return stopped

    def fit_ends(self) -> None:
        """Report that training is finished or interrupted."""
        for _, call in self._end:
            call(self._trainer)


def _interval(callback: Any) -> int | None:
    """Return the number of batches after which `on_batches_end` is called; None for never."""
    owner = type(callback).__name__
    if not hasattr(callback, "every_batches"):
        problem = (
            "A callback with on_batches_end must have the attribute <every_batches>, a number of batches, but {} has "
            "none."
        )
        raise InvalidParameterError(problem, owner, every_batches=...)
    value = callback.every_batches
    return None if value is None else positive_integer(f"every_batches of the callback {owner}", value, " or None")


def callbacks_of(given: Sequence[Any] | None, verbose: bool | int | str) -> list[Any]:
    """Return the callbacks, with the progress bar that ``verbose="bar"`` means."""
    callbacks = list(given or ())
    if verbose == "bar":
        from cmlp.callbacks import ProgressBar

        callbacks.append(ProgressBar())
    return callbacks
