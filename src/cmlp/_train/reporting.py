"""Calls the callbacks of a program while a trainer trains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmlp._data.integers import positive_integer
from cmlp._train.constraints import HOOKS
from cmlp._train.observer import Observer

if TYPE_CHECKING:
    from collections.abc import Sequence


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
        raise ValueError(
            f"A callback with on_batches_end must have the attribute every_batches, a number of batches, but {owner} "
            "has none."
        )
    value = callback.every_batches
    return None if value is None else positive_integer(f"every_batches of the callback {owner}", value, " or None")


def callbacks_of(given: Sequence[Any] | None, verbose: bool | int | str) -> list[Any]:
    """Return the callbacks, with the progress bar that ``verbose="bar"`` means."""
    callbacks = list(given or ())
    if verbose == "bar":
        from cmlp.callbacks import ProgressBar

        callbacks.append(ProgressBar())
    return callbacks
