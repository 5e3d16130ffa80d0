"""The command ``cmlp verify``: trains a model again, and compares the two."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

from cmlp._cli import options
from cmlp._cli.data_files import (
    DATA_HELP,
    DataFiles,
    add_file_options,
    add_target_options,
    data_file,
    rows_of_fit,
    schema_of,
)
from cmlp._cli.terminal import Terminal, duration
from cmlp._data.files.row_file import FileRecord, LabelledRows
from cmlp._fit.fitted import provenance_of
from cmlp._model.model import TableModel, model_of
from cmlp._process.printable import printable_message

DESCRIPTION = (
    "Train the model of a file again on the rows of a file, and compare all its parts bit by bit. "
    "The model must have been trained with --provenance. The record of cmlp train has the options "
    "for the data: give them for a model that was trained in Python, or for a copy of the rows in "
    "another form. The exit status is 0 if all bits are identical, 3 for other data, 4 for other "
    "parameters, 5 for another arithmetic or recipe, and 6 if data and parameters give "
    "another model: the parts that differ are printed."
)
_STATUSES = {"identical": 0, "data": 3, "parameters": 4, "version": 5, "model": 6}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument(
        "model", metavar="MODEL", help="a model file, written by cmlp train --provenance or by save"
    )
    parser.add_argument("data", type=data_file, metavar="DATA", help=DATA_HELP)
    add_target_options(parser)
    add_file_options(parser)
    parser.set_defaults(max_bytes=None)


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Train again, and print the answer."""
    from cmlp._estimators.verifying import verify, without_training

    model = options.loaded_model(arguments.model)
    files = DataFiles.from_arguments(arguments)
    with options.as_command_errors(ImportError):
        answer = without_training(model)  # the rows are read by names and classes of the model
        if answer is None:
            rows, validation = _read_data(files, arguments.model, model)
            try:
                answer = verify(model, *rows, **validation, progress=_show_progress(terminal))
            finally:
                terminal.settle()
    terminal.write_lines([printable_message(str(answer))])
    return _STATUSES[answer.reason]


def _read_data(files: DataFiles, path: str, model: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the rows of the fit of the model in the file `path`, and its validation rows.

    They are read as the model says.
    """
    trained = model_of(model)
    if not isinstance(trained, TableModel) and files.holdout is not None:
        raise options.CommandError(
            f"{path} is one network: --holdout is only for the model of a table"
        )
    if not isinstance(trained, TableModel) and files.groups is not None:
        raise options.CommandError(
            f"{path} is one network: --groups is only for the model of a table"
        )
    if not isinstance(trained, TableModel) and files.time is not None:
        raise options.CommandError(
            f"{path} is one network: --time is only for the model of a table"
        )
    record = _read_file_record(model)
    if record is None:
        files = files.with_limit()
    else:
        files = files.as_recorded(record, path)
    if isinstance(trained, TableModel):
        if files.labels is not None or files.validation is not None:
            raise options.CommandError(
                f"{path} is the model of a table, which has neither --labels nor --validation: use "
                "cmlp.verify in Python"
            )
        if files.target is None:
            raise options.CommandError(
                f"{path} is the model of a table, which needs --target COLUMN"
            )
        known = provenance_of(model) or {}
        X, y, groups, time = rows_of_fit(
            files,
            trained,
            record,
            is_second="measured" in known,
            has_time="time" in known.get("data", ()),
        )
        return (X, y), {"groups": groups, "time": time}
    schema = schema_of(trained)
    data = files.rows(schema)
    validation = files.validation_rows(schema)
    named = {}
    if validation is not None:
        named = {"X_val": validation.X, "y_val": validation.y}
    if isinstance(data, LabelledRows):
        return (data.X, data.y), named
    return (data,), named


def _read_file_record(model: Any) -> FileRecord | None:
    """Return what `cmlp train` has decided about its file; None for a fit in Python."""
    fields = (provenance_of(model) or {}).get("file")
    if fields is None:
        return None
    return FileRecord(**fields)


def _show_progress(terminal: Terminal) -> Callable[[int, int], None]:
    """Return a function that shows the epochs and the time left."""
    started = time.monotonic()

    def show(epoch: int, n_epochs: int) -> None:
        left = (time.monotonic() - started) / max(epoch, 1) * max(n_epochs - epoch, 0)
        terminal.write_live([f"epoch {epoch}/{n_epochs}", f"{duration(left)} left"])

    return show
