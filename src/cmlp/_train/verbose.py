"""The lines that `verbose` prints about training."""

from __future__ import annotations

import time

from cmlp._parameters.options import TrainingOptions
from cmlp._process.threads import print_line
from cmlp._train.state import TrainingState


class VerboseLines:
    """A callback that prints the lines of `verbose`."""

    def __init__(self, options: TrainingOptions, state: TrainingState) -> None:
        self._options, self._state = options, state
        self._started: float | None = None
        self._first_epoch = state.epoch

    def on_fit_begin(self, trainer: None) -> None:
        """Note the time at which training begins or continues, to estimate how long it takes."""
        self._started, self._first_epoch = time.monotonic(), self._state.epoch

    def on_epoch_end(self, trainer: None) -> None:
        """Print the line of an epoch if it is due, or if the learning rate changes or training stops."""
        n_epochs = self._state.schedule_epoch or self._state.epoch
        message = self._state.standstill
        if message or n_epochs <= 1 or n_epochs % int(self._options.verbose) == 0:
            print_line(self._line())
        if message:
            print_line(message)

    def _line(self) -> str:
        history, epoch = self._state.history, self._state.epoch
        line = f"Iteration {epoch}, loss = {history.loss:.8f}"
        if history.validation_scores is not None:
            line += f", validation score = {history.validation_scores.last():f}"
        if self._started is not None:  # partial_fit does not plan a number of epochs
            seconds = (time.monotonic() - self._started) / (epoch - self._first_epoch)
            line += f", at most {seconds * (self._options.max_iter - epoch):.0f} s left"
        return line


def lines_of(options: TrainingOptions, state: TrainingState) -> list[VerboseLines]:
    """Return the callback that prints lines, if there are any; the progress bar is another one."""
    verbose = options.verbose
    return [VerboseLines(options, state)] if not isinstance(verbose, str) and verbose > 0 else []
