"""What ``cmlp train`` shows and writes before the training has ended.

These are lines about progress, and checkpoints.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from cmlp._cli.terminal import duration
from cmlp._estimators.fitted import fitted_of
from cmlp._estimators.stored_training import FIT_RECORD_FIELDS
from cmlp.callbacks import Checkpoint

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from cmlp._cli.terminal import Terminal
    from cmlp._data.columns import CellFormat
    from cmlp._data.files.row_file import FileRecord

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


class ReadAs(NamedTuple):
    """What the model file says to commands that read other files, or the same again."""

    cell_format: CellFormat
    file: FileRecord
    # the record of the fit that has measured a table's model, if another one
    measured: Mapping[str, Any] | None = None


class CheckpointOfFile(Checkpoint):
    """A checkpoint from which ``--resume`` reads cells as this training has read them."""

    _repeatable = True  # see `_is_repeatable` in `cmlp._train.parameters`

    def __init__(self, path: str, every: int, read_as: ReadAs) -> None:
        super().__init__(path, every=every)
        self._read_as = read_as

    def _save_model(self, trainer: Any, path: str | os.PathLike[str]) -> None:
        save_as_read(trainer.snapshot(), path, self._read_as, include_training_state=True)


def save_as_read(
    model: Any, path: str | os.PathLike[str], read_as: ReadAs, *, include_training_state: bool
) -> None:
    """Write a model that knows how cells of text are read.

    A recorded fit also knows what decides its rows.
    """
    fitted = fitted_of(model)
    record = fitted.provenance
    if record is not None:
        record = {**record, "file": read_as.file._asdict()}
        if read_as.measured is not None:
            record["measured"] = {name: read_as.measured[name] for name in FIT_RECORD_FIELDS}
    trained = fitted.model.replace(cell_format=read_as.cell_format)
    model._fitted = fitted._replace(model=trained, provenance=record)
    model.save(path, include_training_state=include_training_state)
