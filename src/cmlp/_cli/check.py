"""The command ``cmlp check``: compares the rows of a file with those of training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmlp._cli import options
from cmlp._cli.data_files import (
    DATA_HELP,
    DataFiles,
    add_file_options,
    data_file,
    find_table_inputs,
    schema_of,
)
from cmlp._cli.predict import write_notice
from cmlp._cli.terminal import Terminal
from cmlp._model.model import TableModel, model_of
from cmlp._process.printable import printable_message

if TYPE_CHECKING:
    import argparse

DESCRIPTION = (
    "Compare the rows of a file with those from which the model of a table has learned: for each "
    "column the share of rows that must have moved, and those outside the range of training, "
    "unknown and missing; of a column that fit has left out, missing values alone. The exit status "
    "is 0 if no column that the model uses has drifted, and 3 if one has."
)
_DRIFTED = 3


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("model", metavar="MODEL", help="a model file, written by save")
    parser.add_argument("data", type=data_file, metavar="DATA", help=DATA_HELP)
    add_file_options(parser)


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Print the drift of the columns."""
    from cmlp._model.drift import DriftCounts

    trained = model_of(options.loaded_model(arguments.model))
    if not isinstance(trained, TableModel):
        raise options.CommandError(
            f"{arguments.model} is one network ({trained.class_name}), and only the model of a "
            "table knows its training rows: `cmlp train --table` trains one"
        )
    files = DataFiles.from_arguments(arguments)
    with options.as_command_errors():
        counts = DriftCounts(trained)
        file = files.open(schema_of(trained))
        columns = find_table_inputs(file, trained, files.dropped, write_notice)
        for block in file.blocks(columns, write_notice):
            counts.add(trained.columns.read(block, trained.class_name))
    drift = counts.drift()
    terminal.write_lines([printable_message(line) for line in str(drift).split("\n")])
    return _DRIFTED if drift.drifted else 0
