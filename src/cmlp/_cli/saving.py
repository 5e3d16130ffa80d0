"""How ``cmlp train`` writes models, also as checkpoints: with how it has read their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cmlp._fit.provenance import FIT_RECORD_FIELDS
from cmlp.callbacks import AnyTrainer, Checkpoint

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from cmlp._data.columns import CellFormat
    from cmlp._data.files.row_file import FileRecord


class ReadAs(NamedTuple):
    """What the model file says to commands that read other files, or the same again."""

    cell_format: CellFormat
    file: FileRecord
    # the record of the fit that has measured a table's model, if another one
    measured: Mapping[str, Any] | None = None


class CheckpointOfFile(Checkpoint):
    """A checkpoint from which ``--resume`` reads cells as this training has read them."""

    _repeatable = True  # see `_is_repeatable` in `cmlp._parameters.entries`

    def __init__(self, path: str, every: int, read_as: ReadAs) -> None:
        super().__init__(path, every=every)
        self._read_as = read_as

    def _save_model(self, trainer: AnyTrainer, path: str | os.PathLike[str]) -> None:
        save_as_read(trainer.snapshot(), path, self._read_as, include_training_state=True)


def save_as_read(
    model: Any, path: str | os.PathLike[str], read_as: ReadAs, *, include_training_state: bool
) -> None:
    """Write a model that knows how cells of text are read.

    A recorded fit also knows what decides its rows.
    """
    result = model._result
    record = result.provenance
    if record is not None:
        record = {**record, "file": read_as.file.as_json()}
        if read_as.measured is not None:
            record["measured"] = {name: read_as.measured[name] for name in FIT_RECORD_FIELDS}
    trained = result.model.replace(cell_format=read_as.cell_format)
    model._result = result._replace(model=trained, provenance=record)
    model.save(path, include_training_state=include_training_state)
