"""The command ``cmlp predict``: prints the predictions of a model for the rows of a file."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from cmlp.console import options
from cmlp.console.printable import printable
from cmlp.console.terminal import Terminal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmlp.command.tables import Table

NAME, SUMMARY = "predict", "print the predictions of a model for a file of rows"
DESCRIPTION = (
    "Print one line for each row: the label, or the numbers that a regressor predicts. "
    "Control characters in labels are printed as escapes such as \\x1b."
)
_AT_A_TIME = 4096  # lines


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("model", metavar="MODEL", help="a model file, written by save")
    parser.add_argument("data", metavar="DATA", help=DATA_HELP)
    parser.add_argument(
        "--proba", action="store_true", help="print the probabilities of all classes (cmlp info lists them) instead"
    )
    add_table_options(parser)


DATA_HELP = "rows of numbers: CSV, npy, idx (each also compressed by gzip) or Parquet; the format is recognized"


def add_table_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for reading a table."""
    parser.add_argument(
        "--header",
        choices=("auto", "yes", "no"),
        default="auto",
        help="whether the first line of a CSV file has the names of the columns (default: auto, if none is a number)",
    )
    parser.add_argument(
        "--drop",
        action="append",
        default=[],
        metavar="COLUMN",
        help="leave out a column, such as the labels: its name, or its number from 1; can be repeated",
    )
    parser.add_argument(
        "--max-bytes",
        type=options.whole(1),
        default=2**30,
        metavar="N",
        help="refuse a compressed file that contains more than N bytes (default: 1 GiB)",
    )


def read_inputs(arguments: argparse.Namespace, path: str, model: Any) -> Table:
    """Return the rows of a file as inputs of a model."""
    from cmlp.command import tables
    from cmlp.record import record_of

    with options.reported():
        table = tables.read_table(path, arguments.header, arguments.drop, arguments.max_bytes)
        record = record_of(model)
        names = record.feature_names
        return tables.inputs(table, path, record.sizes[0], None if names is None else names.tolist())


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Print the predictions."""
    from cmlp.record import record_of

    model = options.loaded_network(arguments.model)
    if arguments.proba and record_of(model).kind == "regressor":
        raise options.CommandError(f"{arguments.model} is a regressor, which has no probabilities")
    table = read_inputs(arguments, arguments.data, model)
    with options.reported():
        results = _results(model, table, arguments.proba)
    for start in range(0, len(results), _AT_A_TIME):
        terminal.write_lines([_line(result) for result in results[start : start + _AT_A_TIME]])
    return 0


def _results(model: Any, table: Table, proba: bool) -> NDArray[Any]:
    """Return labels, numbers or probabilities; for a network with softmax or logistic outputs, class indices."""
    from cmlp.record import record_of

    if record_of(model).kind != "network":
        # A table with column names has those of the model; without names, there is no warning about them.
        X = table.values if table.columns is None else table
        return model.predict_proba(X) if proba else model.predict(X)  # type: ignore[no-any-return]
    outputs: NDArray[Any] = model.forward(table.values)
    if proba or model.output not in ("softmax", "logistic"):
        return outputs
    return (outputs[:, 0] > 0.5).astype(int) if outputs.shape[1] == 1 else outputs.argmax(axis=1)


def _line(result: Any) -> str:
    """Return the line of a row: a label or a number, or several numbers with commas."""
    return printable(str(result)) if not getattr(result, "ndim", 0) else ",".join(map(str, result))
