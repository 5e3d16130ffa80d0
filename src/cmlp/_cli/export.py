"""The command ``cmlp export``: writes a model as a C header, a library with it, or an ONNX file."""

from __future__ import annotations

import argparse
import os
import warnings
from typing import Any

from cmlp._cli import options
from cmlp._cli.data_files import (
    DATA_HELP,
    DataFiles,
    add_file_options,
    data_file,
    find_inputs,
    schema_of,
)
from cmlp._cli.terminal import Terminal
from cmlp._data.columns import joined
from cmlp._export.c_project import ECOSYSTEMS
from cmlp._export.onnx_nodes import DEFAULT_OPSET, NEWEST_OPSET, OLDEST_OPSET
from cmlp._model.model import model_of
from cmlp._process.printable import printable, printable_message

DESCRIPTION = (
    "Write a model for other programs: a C99 header (c), a C99 header with 8-bit integers only "
    "(c-int8), or an ONNX file (onnx)."
)
# Of parameters.
_OPTIONS = {
    "path": "-o",
    "name": "--name",
    "project": "--project",
    "dtype": "--dtype",
    "calibrate": "--calibrate",
    "intervals": "--intervals",
    "opset": "--opset",
    "int8": "--to c-int8",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("model", metavar="MODEL", help="a model file, written by save")
    parser.add_argument("--to", required=True, choices=("c", "c-int8", "onnx"), help="the format")
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        help="the file to write, or the folder of --project",
    )
    parser.add_argument(
        "--name", metavar="NAME", help="prefix of the C functions (default: from the name of FILE)"
    )
    parser.add_argument(
        "--project",
        choices=tuple(ECOSYSTEMS),
        help="for C headers: write a library for this tool, with the header and an example",
    )
    parser.add_argument(
        "--dtype",
        choices=("float32",),
        help="for C headers: round the weights of a float64 model to float32",
    )
    parser.add_argument(
        "--intervals",
        action="store_true",
        help="for the C header of a regressor for tables: its intervals and ranges, too",
    )
    parser.add_argument(
        "--opset",
        type=options.integer(OLDEST_OPSET, NEWEST_OPSET),
        metavar="N",
        help=(
            f"for onnx, the version of ONNX's operators, {OLDEST_OPSET} to {NEWEST_OPSET} "
            f"(default: {DEFAULT_OPSET})"
        ),
    )
    parser.add_argument(
        "--calibrate",
        dest="data",
        type=data_file,
        metavar="DATA",
        help=f"for c-int8, typical {DATA_HELP}",
    )
    parser.add_argument(
        "--labels",
        metavar="FILE",
        help=(
            "for c-int8, the labels of these rows (npy, idx, or text with one a line), to report "
            "the loss of accuracy"
        ),
    )
    add_file_options(parser)


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Write the file."""
    _check_arguments(arguments)
    if arguments.project is None:
        options.check_output(arguments.output, arguments.model, arguments.data, arguments.labels)
    load = options.loaded_network if arguments.to == "c-int8" else options.loaded_model
    model = load(arguments.model)
    if arguments.to == "c-int8" and arguments.data is None:
        raise options.CommandError(
            "--to c-int8 needs --calibrate DATA: rows that are typical for the input"
        )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        result = _export(arguments, model)
    written = f"a library for {arguments.project}"
    if arguments.project is None:
        written = f"{os.path.getsize(arguments.output):,} bytes"
    lines = [f"wrote {printable(arguments.output)}, {written}"]
    lines += [printable_message(str(warning.message)) for warning in caught]
    if result is not None:
        lines += map(printable_message, str(result).splitlines())
    terminal.write_lines(lines)
    return 0


def _check_arguments(arguments: argparse.Namespace) -> None:
    if arguments.to != "c-int8" and arguments.data is not None:
        raise options.CommandError(f"--calibrate is only for --to c-int8, got --to {arguments.to}")
    if arguments.labels is not None and arguments.data is None:
        raise options.CommandError(
            "--labels needs --calibrate DATA: the rows that have these labels"
        )
    for option in ("name", "project", "dtype"):
        if arguments.to == "onnx" and getattr(arguments, option) is not None:
            raise options.CommandError(f"--{option} is only for C headers, got --to onnx")
    if arguments.to != "c" and arguments.intervals:
        raise options.CommandError(f"--intervals is only for --to c, got --to {arguments.to}")
    if arguments.to != "onnx" and arguments.opset is not None:
        raise options.CommandError(f"--opset is only for --to onnx, got --to {arguments.to}")


def _export(arguments: argparse.Namespace, model: Any) -> object:
    with options.as_command_errors(ImportError, flags=_OPTIONS):
        if arguments.to == "onnx":
            model.to_onnx(arguments.output, opset=arguments.opset or DEFAULT_OPSET)
            return None
        header = {
            "name": arguments.name,
            "project": arguments.project,
            "dtype": arguments.dtype,
        }
        if arguments.intervals:
            header["intervals"] = True
        if arguments.to == "c-int8":
            header |= {
                "int8": True,
                "calibrate": _read_calibration(
                    DataFiles.from_arguments(arguments), arguments.model, model
                ),
            }
        return model.to_c(arguments.output, **header)


def _read_calibration(files: DataFiles, path: str, model: Any) -> object:
    """Return typical rows for the model in the file `path`, with their labels if they are given."""
    from cmlp._data.files.rows import read_labels

    trained = model_of(model)
    file = files.open(schema_of(trained))
    rows = joined(list(file.blocks(find_inputs(file, trained, files.dropped)))).values
    if files.labels is None:
        return rows
    if not hasattr(model, "classes_"):
        raise options.CommandError(
            f"--labels needs a classifier, but {path} is a {type(model).__name__}"
        )
    labels = read_labels(files.labels, files.reading, model.classes_)
    if len(labels) != len(rows):
        raise options.CommandError(f"{files.labels} has {len(labels)} labels for {len(rows)} rows")
    return rows, labels
