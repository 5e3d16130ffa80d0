"""Calls the callbacks of a program while a trainer trains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmlp.constraints import HOOKS

if TYPE_CHECKING:
    from collections.abc import Sequence


class Reporter:
    """An observer that calls the methods `HOOKS` of callbacks, as far as they have them.

    Parameters
    ----------
    trainer : Trainer
        The argument of the methods.
    callbacks : list of object
    """

    def __init__(self, trainer: Any, callbacks: list[Any]) -> None:
        self._trainer = trainer
        self._begin, self._epoch, self._end = (
            [getattr(callback, hook) for callback in callbacks if hasattr(callback, hook)] for hook in HOOKS
        )

    def fit_begins(self) -> None:
        """Report that training begins or continues."""
        for call in self._begin:
            call(self._trainer)

    def epoch_begins(self) -> None:
        """Callbacks have no method for this."""

    def epoch_ends(self) -> bool:
        """Report an epoch; a callback stops training by `Trainer.stop`."""
        for call in self._epoch:
            call(self._trainer)
        stopped: bool = self._trainer.state.stopped
        return stopped

    def fit_ends(self) -> None:
        """Report that training is finished or interrupted."""
        for call in self._end:
            call(self._trainer)


def callbacks_of(given: Sequence[Any] | None, verbose: bool | int | str) -> list[Any]:
    """Return the callbacks of a training, with the progress bar that ``verbose="bar"`` means."""
    callbacks = list(given or ())
    if verbose == "bar":
        from cmlp.callbacks import ProgressBar

        callbacks.append(ProgressBar())
    return callbacks
