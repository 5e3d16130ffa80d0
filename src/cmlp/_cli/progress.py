"""Lines about progress that ``cmlp train`` shows before the training has ended."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from cmlp._cli.terminal import duration

if TYPE_CHECKING:
    from cmlp._cli.terminal import Terminal

_BAR = 10  # characters
_LINES = 10  # about progress in a file or a pipe, where lines stay
_PATIENCE = 1.0  # seconds between two lines about reading


class ReadingProgress:
    """Shows which share of a file has been read, if this takes longer than a second."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._next = time.monotonic() + _PATIENCE

    def __call__(self, share: float) -> None:
        """Show the share, at most every second."""
        if share < 1 and time.monotonic() >= self._next:
            done = round(_BAR * share)
            self._terminal.write_live(
                ["reading", f"[{'#' * done}{'.' * (_BAR - done)}]", f"{share:.0%}"]
            )
            self._next = time.monotonic() + _PATIENCE

    def end(self) -> None:
        """End the line."""
        with contextlib.suppress(OSError):
            self._terminal.settle()


class ProgressLine:
    """A callback that shows a line with a bar, the loss, the validation score and the time left."""

    _repeatable = True  # see `_is_repeatable` in `cmlp._train.parameters`

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._started = 0.0
        self._first = 0
        self.title = ""  # of the fit, if there are several
        # if a line cannot be written; like Ctrl-C, this keeps the complete epochs
        self.failure: OSError | None = None

    def on_fit_begin(self, trainer: Any) -> None:
        """Start the clock."""
        self._started = time.monotonic()
        self._first = trainer.state.epoch

    def on_epoch_end(self, trainer: Any) -> None:
        """Show the numbers of the epoch."""
        epoch = trainer.last_epoch
        most = trainer.max_iter
        if (
            not self._terminal.rewrites
            and epoch.number % -(-most // _LINES)
            and epoch.number != most
        ):
            return
        done = round(_BAR * epoch.number / most)
        fields = []
        if self.title:
            fields.append(self.title)
        fields += [
            f"epoch {epoch.number:{len(str(most))}}/{most}",
            f"[{'#' * done}{'.' * (_BAR - done)}]",
        ]
        fields.append(f"loss {epoch.loss:.6f}")
        score = epoch.validation_score
        loss = epoch.validation_loss
        if score is not None:
            if loss == -score:
                fields.append(f"validation loss {loss:.4f}")
            else:
                fields.append(f"validation {score:.4f}")
        seconds = (time.monotonic() - self._started) / (epoch.number - self._first)
        fields.append(f"{duration(seconds * (most - epoch.number))} left")
        try:
            self._terminal.write_live(fields)
        except OSError as error:
            self.failure = error
            raise KeyboardInterrupt from error
