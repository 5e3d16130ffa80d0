"""The command ``cmlp verify``: trains a model again, and says whether its data and parameters give it."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

from cmlp._cli import options
from cmlp._cli.predict import DATA_HELP, add_table_options, known_by, text_options
from cmlp._cli.terminal import Terminal, duration, printable_message
from cmlp._model.model import model_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmlp._data.files.parquet import ParquetBlocks
    from cmlp._data.files.rows import Known, LabelledRows

NAME, SUMMARY = "verify", "train a model again, and compare all bits"
DESCRIPTION = (
    "Train the model of a file again on the rows of a file, and compare all its parts bit by bit. The model must have "
    "been trained with --provenance; the options for the data are those of cmlp train. The exit status is 0 if all "
    "bits are identical, 3 for other data, 4 for other parameters, 5 for another version of the arithmetic, and 6 if "
    "data and parameters give another model: the parts that differ are printed."
)
_STATUSES = {"identical": 0, "data": 3, "parameters": 4, "version": 5, "model": 6}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("model", metavar="MODEL", help="a model file, written by cmlp train --provenance or by save")
    parser.add_argument("data", metavar="DATA", help=DATA_HELP)
    add_data_options(parser)
    add_table_options(parser)


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where targets and validation rows are."""
    parser.add_argument(
        "--target",
        metavar="COLUMN",
        action=options.OnlyOnce,
        help="the column of labels or numbers: its name, or number from 1",
    )
    parser.add_argument(
        "--labels",
        metavar="FILE",
        help="instead of --target, a file with a label or number for each row: npy, idx, or text with one a line "
        "(default for idx: the file of labels beside DATA, named as in MNIST)",
    )
    parser.add_argument("--validation", metavar="DATA", help="rows to compute a score on after each epoch")
    parser.add_argument("--validation-labels", metavar="FILE", help="what --labels is for DATA, for these rows")


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Train again, and print the answer."""
    from cmlp._estimators.verify import verify, without_training

    model = options.loaded_model(arguments.model)
    with options.reported(TypeError, ImportError):
        answer = without_training(model)  # the rows are read by names and classes of the model
        if answer is None:
            rows, held = _data(arguments, model)
            try:
                answer = verify(model, *rows, **held, progress=_shown(terminal))
            finally:
                terminal.settle()
    terminal.write_lines([printable_message(str(answer))])
    return _STATUSES[answer.reason]


def _data(arguments: argparse.Namespace, model: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the rows of the fit of a model, and its validation rows, read as the model says."""
    trained = model_of(model)
    if trained.encoder is not None:
        if arguments.labels is not None or arguments.validation is not None:
            raise options.CommandError(
                f"{arguments.model} is the model of a table, which has neither --labels nor --validation: use "
                "cmlp.verify in Python"
            )
        from cmlp._cli.train_table import rows_of_fit

        return rows_of_fit(arguments, model), {}
    from cmlp._data.files.rows import LabelledRows, in_memory

    known = known_by(trained)
    data = rows_of(arguments, arguments.data, arguments.labels, known)
    own = {}
    require_validation(arguments)
    if arguments.validation is not None:
        validation = in_memory(rows_of(arguments, arguments.validation, arguments.validation_labels, known))
        own = {"X_val": validation.X, "y_val": validation.y}
    return (data.X, data.y) if isinstance(data, LabelledRows) else (data,), own


def require_validation(arguments: argparse.Namespace) -> None:
    """Raise CommandError if labels of validation rows are given without these."""
    if arguments.validation is None and arguments.validation_labels is not None:
        raise options.CommandError("--validation-labels needs --validation DATA: the rows that have these labels")


def rows_of(arguments: argparse.Namespace, path: str, labels: str | None, known: Known) -> LabelledRows | ParquetBlocks:
    """Return the rows of a file with targets that are labels of the classes of a model, or numbers if it has none."""
    from cmlp._cli.selection import column, without
    from cmlp._data.files.rows import known_rows

    target = None if arguments.target is None else column(arguments.target)
    select = without([*arguments.drop, *([] if target is None else [arguments.target])])
    return known_rows(path, known, target, labels, select, text_options(arguments))


def _shown(terminal: Terminal) -> Callable[[int, int], None]:
    """Return a function that shows the epochs and the time left."""
    started = time.monotonic()

    def show(epoch: int, n_epochs: int) -> None:
        left = (time.monotonic() - started) / max(epoch, 1) * max(n_epochs - epoch, 0)
        terminal.write_live([f"epoch {epoch}/{n_epochs}", f"{duration(left)} left"])

    return show
