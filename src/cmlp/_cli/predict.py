"""The command ``cmlp predict``: prints the predictions of a model for the rows of a file."""

from __future__ import annotations

import argparse
import contextlib
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np

from cmlp._cli import options
from cmlp._cli.data_files import (
    DATA_HELP,
    DataFiles,
    add_file_options,
    data_file,
    find_inputs,
    find_table_inputs,
    schema_of,
)
from cmlp._cli.terminal import Terminal
from cmlp._data.columns import NamedMatrix
from cmlp._data.disk import write_atomically
from cmlp._model.explanation import output_names
from cmlp._model.model import TableModel, TrainedModel, model_of
from cmlp._process.printable import printable, printable_message

DESCRIPTION = (
    "Print one line for each row: the label, or the numbers that a regressor predicts. "
    "Control characters in labels are printed as escapes such as \\x1b."
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("model", metavar="MODEL", help="a model file, written by save")
    parser.add_argument("data", type=data_file, metavar="DATA", help=DATA_HELP)
    parser.add_argument(
        "--proba",
        action="store_true",
        help="print the probabilities of all classes (cmlp info lists them) instead",
    )
    parser.add_argument(
        "--coverage",
        type=_parse_share,
        metavar="C",
        help="of the model of a table: print for each target the prediction, and the lower and the "
        "upper end of the interval that contains the share C of the true numbers, or instead "
        "of a label all labels among which the share C of the right ones is",
    )
    parser.add_argument(
        "--by-class",
        action="store_true",
        help="with --coverage, of a classifier: the share C of the right labels is that of each label alone",
    )
    parser.add_argument(
        "--names",
        action="store_true",
        help="print the names of the columns first: prediction, low and high, classes or targets",
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write the lines to a file instead of printing them"
    )
    add_file_options(parser)


def _parse_share(text: str) -> float:
    """Return a share above 0 and below 1."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"must be a number above 0 and below 1, got {text!r}")
    return value


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Print the predictions."""
    if arguments.output is not None:
        options.check_output(arguments.output, arguments.model, arguments.data)
    if arguments.coverage is not None and arguments.proba:
        raise options.CommandError("--coverage and --proba exclude each other")
    if arguments.by_class and arguments.coverage is None:
        raise options.CommandError("--by-class needs --coverage")
    model = options.loaded_model(arguments.model)
    if arguments.proba and model_of(model).kind == "regressor":
        raise options.CommandError(f"{arguments.model} is a regressor, which has no probabilities")
    trained = model_of(model)
    if arguments.coverage is not None and not isinstance(trained, TableModel):
        raise options.CommandError(
            f"{arguments.model} is one network ({trained.class_name}), and only the model of a "
            "table has intervals and sets: `cmlp train --table` trains one"
        )
    if arguments.by_class and model_of(model).kind == "regressor":
        raise options.CommandError(
            f"{arguments.model} is a regressor: --by-class is for sets of labels"
        )
    if arguments.names and arguments.coverage is not None and _has_sets(trained):
        raise options.CommandError(
            "--names needs columns, and the sets of --coverage have any number of labels: leave "
            "out one of the options"
        )
    files = DataFiles.from_arguments(arguments)
    asked = arguments.proba, arguments.coverage, arguments.by_class
    predict = partial(_predict_block, model, *asked)
    names = partial(_names, output_names(trained)) if arguments.names else None
    predict_lines = partial(_predict_lines, files, trained, predict, names)
    if arguments.output is None:
        n_lines = 0
        try:
            for lines in predict_lines(write_notice):
                terminal.write_lines(lines)
                n_lines += len(lines)
        except options.CommandError as error:
            printed = ""
            if n_lines:
                printed = f" (the first {n_lines - arguments.names:,} rows are printed)"
            raise options.CommandError(f"{error}{printed}") from error
        return 0

    notices: list[str] = []

    def produce(write: Callable[[memoryview], object]) -> None:
        for lines in predict_lines(notices.append):
            write(memoryview("".join(f"{line}\n" for line in lines).encode()))

    with options.as_command_errors():
        write_atomically(arguments.output, produce)
    terminal.write_lines([*map(printable_message, notices)])
    return 0


def _predict_lines(
    files: DataFiles,
    trained: TrainedModel,
    predict: Callable[[Any], Any],
    names: Callable[[Any], list[str]] | None,
    notice: Callable[[str], None],
) -> Iterator[list[str]]:
    """Yield the lines of each block of rows, which `predict` predicts.

    With `names`, the first line has what it returns. `notice` gets what a file of text is.

    A row's prediction does not depend on the block.
    """
    # reads its columns by name and ignores others with a notice
    is_table = isinstance(trained, TableModel)
    noticed: set[str] = set()
    with options.as_command_errors():
        schema = schema_of(trained)
        file = files.open(schema)
        if is_table:
            columns = find_table_inputs(file, trained, files.dropped, write_notice)
        else:
            columns = find_inputs(file, trained, files.dropped)
        for block in file.blocks(columns, notice):
            if is_table:
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    results = predict(block)
                for text in dict.fromkeys(str(warning.message) for warning in caught):
                    if text not in noticed:
                        noticed.add(text)
                        write_notice(printable_message(text))
            else:
                results = predict(NamedMatrix(block.values, schema.names))
            if names is not None:
                yield [_format_cells(names(results))]
                names = None
            yield list(map(_format_line, results))


def _has_sets(trained: TrainedModel) -> bool:
    """Return whether a set of labels is printed for each row."""
    return trained.labels is not None and trained.labels.kind != "multilabel"


def _names(outputs: list[str], results: Any) -> list[str]:
    """Return the names of the columns of results, of a model whose outputs have these names."""
    n = 1 if results.ndim == 1 else results.shape[1]
    if n == 1:
        return ["prediction"]
    if n == len(outputs):
        return outputs
    if n == len(outputs) + 2:
        return [*outputs, "low", "high"]
    return [f"{name}{end}" for name in outputs for end in ("", " low", " high")]


def _format_line(result: Any) -> str:
    """Return a label or a number, or several of them with commas.

    Of several, one with a comma has quotation marks.
    """
    if not getattr(result, "ndim", 0):
        return printable(str(result))
    return _format_cells(result)


def _format_cells(cells: Iterable[object]) -> str:
    return ",".join(_quote(printable(str(cell))) for cell in cells)


def _quote(text: str) -> str:
    """Return a cell of CSV."""
    if text and not {",", '"'}.intersection(text):
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _predict_block(
    model: Any, proba: bool, coverage: float | None, by_class: bool, rows: Any
) -> object:
    """Return what to print for each row.

    It is a label, a number, probabilities, a number with an interval, or labels.

    For a network with softmax or logistic outputs, the labels are class indices.
    """
    if coverage is not None:
        return _predict_intervals(model, rows, coverage, by_class)
    if model_of(model).kind == "network":
        if proba:
            return model.forward(rows.values)
        return model.predict(rows.values)
    # A table with column names has those of the model; without names, there is no warning about
    # them.
    X = rows
    if isinstance(rows, NamedMatrix) and rows.columns is None:
        X = rows.values
    if proba:
        return model.predict_proba(X)
    return model.predict(X)


def _predict_intervals(model: Any, frame: Any, coverage: float, by_class: bool) -> object:
    """Return for each row of a table a number and the ends of its interval, or labels."""
    if model._estimator_type == "classifier":
        sets = model.predict_set(frame, coverage, by_class=by_class)
        if sets.ndim == 2:
            return [model.classes_[row] for row in sets]
        return np.select([~sets[..., 1], ~sets[..., 0]], ["0", "1"], "0 or 1")  # for each label
    predictions = model.predict(frame)
    intervals = model.predict_interval(frame, coverage)
    if intervals.ndim == 2:
        return np.column_stack([predictions, intervals])
    # for each target
    return np.concatenate([predictions[..., None], intervals], axis=2).reshape(len(predictions), -1)


def write_notice(text: str) -> None:
    """Write a line to the standard error stream, which may be closed."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(f"cmlp: {text}", file=sys.stderr, flush=True)
