"""Lines about progress that ``cmlp train`` shows before the training has ended."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from cmlp._cli.terminal import Terminal, duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmlp._train.state import TrainingState
    from cmlp.callbacks import AnyTrainer

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
    """A callback that shows a line with the loss, the validation score, the time left and a bar.

    If the best epoch will be kept, the line marks it, or has the best score so far.
    """

    _repeatable = True  # see `_is_repeatable` in `cmlp._parameters.entries`

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._started = 0.0
        self._first = 0
        self._best: float | None = None  # of the validation losses or, negative, scores so far
        self.title = ""  # of the fit, if there are several
        # if a line cannot be written; like Ctrl-C, this keeps the complete epochs
        self.failure: OSError | None = None

    def on_fit_begin(self, trainer: AnyTrainer) -> None:
        """Start the clock."""
        self._started = time.monotonic()
        self._first = trainer.state.epoch
        self._best = None

    def on_epoch_end(self, trainer: AnyTrainer) -> None:
        """Show the numbers of the epoch."""
        epoch = trainer.last_epoch
        most = trainer.max_iter
        best = self._beside_best(epoch, trainer)
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
        fields += [f"epoch {epoch.number:{len(str(most))}}/{most}", f"loss {epoch.loss:.6f}"]
        score = epoch.validation_score
        loss = epoch.validation_loss
        if score is not None:
            if loss == -score:
                fields.append(f"validation loss {loss:.4f}{best}")
            else:
                fields.append(f"validation {score:.4f}{best}")
        seconds = (time.monotonic() - self._started) / (epoch.number - self._first)
        fields.append(f"{duration(seconds * (most - epoch.number))} left")
        fields.append(f"[{'#' * done}{'.' * (_BAR - done)}]")  # the first to be left out
        try:
            self._terminal.write_live(fields)
        except OSError as error:
            self.failure = error
            raise KeyboardInterrupt from error

    def _beside_best(self, epoch: Any, trainer: AnyTrainer) -> str:
        """Return how the validation of an epoch compares with the best so far, if the best epoch will be kept."""
        score = epoch.validation_score
        if score is None or trainer.state.history.best_loss is not None:
            return ""
        if self._best is None or score > self._best:
            self._best = score
            return " (best)"
        shown = -self._best if epoch.validation_loss == -score else self._best
        return f" (best {shown:.4f})"


def kept_line(states: Sequence[TrainingState]) -> str:
    """Return which epochs of the networks early stopping has kept; "" without it."""
    curves = [state.history.validation_scores for state in states]
    if any(state.history.best_loss is not None for state in states) or not all(curves):
        return ""
    scores = [list(curve or ()) for curve in curves]
    kept = [1 + each.index(max(each)) for each in scores]
    n = max(map(len, scores))
    if len(kept) == 1:
        return f"kept epoch {kept[0]} of {n}, the best on the validation rows"
    return (
        "kept of each network the best epoch on the rows that it held out, "
        f"{min(kept)} to {max(kept)} of {n}"
    )
