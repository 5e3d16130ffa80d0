"""The command ``cmlp predict``: prints the predictions of a model for the rows of a file."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cmlp.console import options
from cmlp.console.printable import printable
from cmlp.console.terminal import Terminal
from cmlp.files.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from cmlp.command.selection import Selection
    from cmlp.command.tables import Table

NAME, SUMMARY = "predict", "print the predictions of a model for a file of rows"
DESCRIPTION = (
    "Print one line for each row: the label, or the numbers that a regressor predicts. "
    "Control characters in labels are printed as escapes such as \\x1b."
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("model", metavar="MODEL", help="a model file, written by save")
    parser.add_argument("data", metavar="DATA", help=DATA_HELP)
    parser.add_argument(
        "--proba", action="store_true", help="print the probabilities of all classes (cmlp info lists them) instead"
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write the lines to a file instead of printing them")
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

    with options.reported():
        names, select = _inputs_of(model, arguments.drop)
        return replace(tables.read_table(path, arguments.header, select, arguments.max_bytes), columns=names)


def _inputs_of(model: Any, dropped: Sequence[str]) -> tuple[list[str] | None, Selection]:
    """Return the names of the features of a model, and the selection of the columns that it needs."""
    from cmlp.command.selection import inputs_of
    from cmlp.model import document_of

    document = document_of(model)
    names = None if document.feature_names is None else document.feature_names.tolist()
    return names, inputs_of(document.n_inputs, names, dropped)


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Print the predictions."""
    from cmlp.model import document_of

    if arguments.output is not None:
        options.check_output(arguments.output, arguments.model, arguments.data)
    model = options.loaded_network(arguments.model)
    if arguments.proba and document_of(model).kind == "regressor":
        raise options.CommandError(f"{arguments.model} is a regressor, which has no probabilities")
    if arguments.output is None:
        for lines in _lines(arguments, model):
            terminal.write_lines(lines)
        return 0

    def produce(write: Callable[[memoryview], object]) -> None:
        for lines in _lines(arguments, model):
            write(memoryview("".join(f"{line}\n" for line in lines).encode()))

    with options.reported():
        write_atomically(arguments.output, produce)
    return 0


def _lines(arguments: argparse.Namespace, model: Any) -> Iterator[list[str]]:
    """Yield the lines of each block of rows. A row's prediction does not depend on the block."""
    from cmlp.command import tables

    with options.reported():
        names, select = _inputs_of(model, arguments.drop)
        for block in tables.read_blocks(arguments.data, arguments.header, select, arguments.max_bytes):
            table = replace(block, columns=names)
            results = _results(model, table, arguments.proba)
            # A label or a number, or several numbers with commas.
            yield [",".join(map(str, r)) if getattr(r, "ndim", 0) else printable(str(r)) for r in results]


def _results(model: Any, table: Table, proba: bool) -> NDArray[Any]:
    """Return labels, numbers or probabilities; for a network with softmax or logistic outputs, class indices."""
    from cmlp.model import document_of

    if document_of(model).kind != "network":
        # A table with column names has those of the model; without names, there is no warning about them.
        X = table.values if table.columns is None else table
        return model.predict_proba(X) if proba else model.predict(X)  # type: ignore[no-any-return]
    return model.forward(table.values) if proba else model.predict(table.values)  # type: ignore[no-any-return]
