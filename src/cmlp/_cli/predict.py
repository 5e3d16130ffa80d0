"""The command ``cmlp predict``: prints the predictions of a model for the rows of a file."""

from __future__ import annotations

import argparse
import contextlib
import sys
import warnings
from typing import TYPE_CHECKING, Any

from cmlp._cli import options
from cmlp._cli.data_files import (
    DATA_HELP,
    add_file_options,
    data_file,
    known_by,
    model_columns,
    table_columns,
    text_options,
)
from cmlp._cli.terminal import Terminal, printable, printable_message
from cmlp._data.disk import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from cmlp._data.columns import NamedMatrix

NAME, SUMMARY = "predict", "print the predictions of a model for a file of rows"
DESCRIPTION = (
    "Print one line for each row: the label, or the numbers that a regressor predicts. "
    "Control characters in labels are printed as escapes such as \\x1b."
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("model", metavar="MODEL", help="a model file, written by save")
    parser.add_argument("data", type=data_file, metavar="DATA", help=DATA_HELP)
    parser.add_argument(
        "--proba", action="store_true", help="print the probabilities of all classes (cmlp info lists them) instead"
    )
    parser.add_argument(
        "--coverage",
        type=_share,
        metavar="C",
        help="of the model of a table: also print the ends of the interval that contains the share C of the true "
        "numbers, or instead of a label all labels among which the share C of the right ones is",
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write the lines to a file instead of printing them")
    add_file_options(parser)


def _share(text: str) -> float:
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
    from cmlp._model.model import model_of

    if arguments.output is not None:
        options.check_output(arguments.output, arguments.model, arguments.data)
    if arguments.coverage is not None and arguments.proba:
        raise options.CommandError("--coverage and --proba exclude each other")
    model = options.loaded_model(arguments.model)
    if arguments.proba and model_of(model).kind == "regressor":
        raise options.CommandError(f"{arguments.model} is a regressor, which has no probabilities")
    trained = model_of(model)
    if arguments.coverage is not None and trained.encoder is None:
        raise options.CommandError(
            f"{arguments.model} has a {trained.class_name}: only the model of a table has intervals"
        )
    if arguments.output is None:
        n_lines = 0
        try:
            for lines in _lines(arguments, model, _write_notice):
                terminal.write_lines(lines)
                n_lines += len(lines)
        except options.CommandError as error:
            printed = f" (the first {n_lines:,} rows are printed)" if n_lines else ""
            raise options.CommandError(f"{error}{printed}") from error
        return 0

    notices: list[str] = []

    def produce(write: Callable[[memoryview], object]) -> None:
        for lines in _lines(arguments, model, notices.append):
            write(memoryview("".join(f"{line}\n" for line in lines).encode()))

    with options.reported():
        write_atomically(arguments.output, produce)
    terminal.write_lines([*map(printable_message, notices)])
    return 0


def _lines(arguments: argparse.Namespace, model: Any, notice: Callable[[str], None]) -> Iterator[list[str]]:
    """Yield the lines of each block of rows; `notice` gets what a file of text is.

    A row's prediction does not depend on the block.
    """
    from cmlp._data.columns import NamedMatrix
    from cmlp._data.files.rows import known_blocks
    from cmlp._model.model import model_of

    trained = model_of(model)
    is_table = trained.encoder is not None  # reads its columns by name and ignores others with a notice
    noticed: set[str] = set()
    with options.reported():
        known = known_by(trained)
        inputs = (
            table_columns(trained, arguments.drop, _write_notice)
            if is_table
            else model_columns(trained, arguments.drop)
        )
        for block in known_blocks(arguments.data, known, inputs, text_options(arguments), notice):
            if is_table:
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    results = _results_of_table(model, block, arguments)
                for text in dict.fromkeys(str(one.message) for one in caught):
                    if text not in noticed:
                        noticed.add(text)
                        _write_notice(printable_message(text))
            else:
                named = NamedMatrix(block.values, known.names)
                results = _results(model, named, arguments.proba)
            yield list(map(_line, results))


def _line(result: Any) -> str:
    """Return a label or a number, or several of them with commas; of several, one with a comma has quotation marks."""
    if not getattr(result, "ndim", 0):
        return printable(str(result))
    return ",".join(_quoted(printable(str(entry))) for entry in result)


def _quoted(text: str) -> str:
    """Return a cell of CSV."""
    if text and not {",", '"'}.intersection(text):
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _results_of_table(model: Any, frame: Any, arguments: argparse.Namespace) -> Any:
    """Return what to print for each row: a label, a number, probabilities, a number with an interval, or labels."""
    import numpy as np

    coverage = arguments.coverage
    if coverage is None:
        return model.predict_proba(frame) if arguments.proba else model.predict(frame)
    if model._estimator_type == "classifier":
        sets = model.predict_set(frame, coverage)
        if sets.ndim == 2:
            return [model.classes_[row] for row in sets]
        return np.select([~sets[..., 1], ~sets[..., 0]], ["0", "1"], "0 or 1")  # for each label
    predictions, intervals = model.predict(frame), model.predict_interval(frame, coverage)
    if intervals.ndim == 2:
        return np.column_stack([predictions, intervals])
    return np.concatenate([predictions[..., None], intervals], axis=2).reshape(len(predictions), -1)  # for each target


def _write_notice(text: str) -> None:
    """Write a line to the standard error stream, which may be closed."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(f"cmlp: {text}", file=sys.stderr, flush=True)


def _results(model: Any, table: NamedMatrix, proba: bool) -> NDArray[Any]:
    """Return labels, numbers or probabilities; for a network with softmax or logistic outputs, class indices."""
    from cmlp._model.model import model_of

    if model_of(model).kind != "network":
        # A table with column names has those of the model; without names, there is no warning about them.
        X = table.values if table.columns is None else table
        return model.predict_proba(X) if proba else model.predict(X)  # type: ignore[no-any-return]
    return model.forward(table.values) if proba else model.predict(table.values)  # type: ignore[no-any-return]
