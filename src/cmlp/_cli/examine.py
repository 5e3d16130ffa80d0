"""The command ``cmlp examine``: reports what is probably wrong with the table of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmlp._cli import options
from cmlp._cli.data_files import (
    DATA_HELP,
    DataFiles,
    add_drop_missing_target,
    add_file_options,
    add_reading_options,
    add_target_option,
    data_file,
)
from cmlp._cli.finding_lines import finding_lines
from cmlp._cli.progress import ReadingProgress
from cmlp._cli.terminal import Terminal
from cmlp._cli.train import decide_target
from cmlp._data.columns import NEW_FORMAT
from cmlp._data.files.row_file import FileSchema
from cmlp._model.kinds_of_findings import KINDS, USES
from cmlp._process.printable import printable_message

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from cmlp._model.findings import Report

DESCRIPTION = (
    "Report what is probably wrong with a table, and what the remedies bring, measured by small "
    "models: columns that say the target, rows of the same persons, places or times, text that is "
    "numbers, ids. The exit status is 0, or 3 if there is a finding of --fail-on. Ctrl-C prints "
    "what was found so far."
)
_FOUND, _INTERRUPTED = 3, 130
_FLAGS = {"groups": "--groups", "use": "--use", "known": "--known", "date_formats": "--date-format"}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("data", type=data_file, metavar="DATA", help=DATA_HELP)
    add_target_option(parser, required=True)
    add_drop_missing_target(parser)
    parser.add_argument(
        "--groups",
        metavar="COLUMN",
        action=options.OnlyOnce,
        help="a column with what the rows belong to, such as persons, if new rows will be of others",
    )
    parser.add_argument(
        "--use",
        choices=USES,
        help="what rows to predict will be: of new groups, later ones (time), or like these "
        "(random); findings that only matter for others are left out",
    )
    parser.add_argument("--regressor", action="store_true", help="predict numbers, not labels")
    parser.add_argument(
        "--known",
        action="append",
        default=[],
        metavar="CODE[:COLUMN]",
        help="a finding that is known, and left out, such as leak:wage; can be repeated",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--fail-on",
        action="append",
        default=[],
        choices=[*KINDS],
        metavar="CODE",
        help=f"exit with status 3 if there is such a finding: {', '.join(KINDS)}; can be repeated",
    )
    add_file_options(parser)
    add_reading_options(parser)


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Print the findings."""
    report = _examined(arguments, terminal)
    lines = report.to_json().split("\n") if arguments.json else finding_lines(report)
    terminal.write_lines([*map(printable_message, lines)])
    if not report.complete:
        return _INTERRUPTED
    return _FOUND if any(one.code in arguments.fail_on for one in report) else 0


def _show_progress(terminal: Terminal) -> Callable[[int, int], None] | None:
    """Return a function that shows how many checks are made; None where lines stay."""
    if not terminal.rewrites:
        return None
    return lambda n, n_checks: terminal.write_live([f"check {n}/{n_checks}"])


def _examined(arguments: argparse.Namespace, terminal: Terminal) -> Report:
    """Read the file, and return the findings."""
    from cmlp._estimators.examine import examine

    files = DataFiles.from_arguments(arguments)
    progress = ReadingProgress(terminal)
    with options.as_command_errors(ImportError, flags=_FLAGS):
        schema = FileSchema(files.reading.cell_format(NEW_FORMAT))
        rows = files.training_rows(schema, progress)
        progress.end()
        target = decide_target("--regressor" * arguments.regressor, rows, is_table=True)
        frame: Any = rows.take_columns()
        groups: Any = files.read_groups(schema)
        try:
            return examine(
                frame,
                target.y,
                groups=groups,
                use=arguments.use,
                regressor=not target.is_labels,
                known=arguments.known,
                progress=_show_progress(terminal),
                date_formats=rows.date_formats,
            )
        finally:
            terminal.settle()
