"""From the arguments of a command to the rows of its files: options, columns, and what a model knows about files.

A column is found by its name, also without the spaces around it.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import stat
from select import select as wait_for
from typing import TYPE_CHECKING, Any, NamedTuple

from cmlp._cli import options
from cmlp._cli.options import CommandError, nearest, worded
from cmlp._cli.terminal import printable
from cmlp._data.files.file_formats import DataError, Pipe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    from numpy.typing import NDArray

    from cmlp._data.columns import CellFormat
    from cmlp._data.files.parquet import ParquetBlocks
    from cmlp._data.files.rows import Choice, Known, LabelledRows, ParquetTable, Selection
    from cmlp._data.files.text import TextOptions
    from cmlp._data.files.text_rows import TextRows
    from cmlp._model.model import TrainedModel

DATA_HELP = "rows: CSV, npy, idx (each also compressed by gzip) or Parquet; the format is recognized"
_MOST_NAMED = 5  # columns in a message
_PATIENCE = 1.0  # seconds for a program to open the other end of a pipe


# ------------------------------------------------------------------------------------------------------ options


def data_file(path: str) -> str:
    """Return the path of a file; a pipe, such as that of ``<(...)`` in a shell, is copied, to be read several times."""
    try:
        if not stat.S_ISFIFO(os.stat(path).st_mode):
            return path
        import tempfile  # few commands need it

        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as pipe:
            wait_for([pipe], [], [], _PATIENCE)
            os.set_blocking(pipe.fileno(), True)
            copy = tempfile.NamedTemporaryFile()  # noqa: SIM115 (deleted with the Pipe)
            shutil.copyfileobj(pipe, copy)
            copy.flush()
            return Pipe(path, copy)
    except OSError:
        return path  # reported when it is read


def add_file_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how a file is read."""
    parser.add_argument(
        "--header",
        choices=("auto", "yes", "no"),
        default="auto",
        help="whether the first line of a CSV file has the names of the columns (default: auto, if none is a value, or "
        "one is a name that is asked for)",
    )
    parser.add_argument(
        "--drop",
        action="append",
        default=[],
        metavar="COLUMN",
        help="leave out a column, such as the labels: its name, or its number from 1; can be repeated",
    )
    parser.add_argument(
        "--separator",
        type=_separator,
        metavar="S",
        help='what separates the columns of CSV: a character, "tab" or "space" (default: found)',
    )
    parser.add_argument("--decimal", choices=(".", ","), help="the decimal point of numbers in CSV (default: .)")
    parser.add_argument(
        "--thousands", choices=(",", ".", " ", "'"), help="what separates thousands in CSV (default: nothing)"
    )
    parser.add_argument(
        "--missing",
        action="append",
        default=[],
        metavar="TEXT",
        help="a cell of CSV that is a missing value, besides empty cells, NA, NaN, null and others; can be repeated",
    )
    parser.add_argument("--comment", metavar="TEXT", help="leave out lines of CSV that begin with this text")
    parser.add_argument("--encoding", metavar="NAME", help="the encoding of CSV, such as cp1252 (default: utf-8)")
    parser.add_argument(
        "--max-bytes",
        type=options.whole(1),
        default=2**30,
        metavar="N",
        help="refuse a compressed file that contains more than N bytes (default: 1 GiB)",
    )


def _separator(text: str) -> str:
    """Return a separator of columns."""
    separator = {"tab": "\t", "\\t": "\t", "space": " "}.get(text, text)
    if len(separator) != 1 or separator in '"\r\n':
        raise argparse.ArgumentTypeError(f"must be one character, tab or space, got {text!r}")
    return separator


def _text_options(arguments: argparse.Namespace) -> TextOptions:
    """Return what the options say about files of text."""
    from cmlp._data.files.text import TextOptions

    return TextOptions(
        header={"auto": None, "yes": True, "no": False}[arguments.header],
        separator=arguments.separator,
        encoding=arguments.encoding,
        comment=arguments.comment,
        decimal=arguments.decimal,
        thousands=arguments.thousands,
        missing=tuple(arguments.missing),
        text=tuple(getattr(arguments, "text", ())),
        max_bytes=arguments.max_bytes,
    )


def add_target_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where targets and validation rows are."""
    parser.add_argument(
        "--target",
        metavar="COLUMN",
        action=options.OnlyOnce,
        help="the column of labels or numbers: its name, or number from 1",
    )
    parser.add_argument(
        "--labels",
        type=data_file,
        metavar="FILE",
        help="instead of --target, a file with a label or number for each row: npy, idx, or text with one a line "
        "(default for idx: the file of labels beside DATA, named as in MNIST)",
    )
    parser.add_argument(
        "--validation", type=data_file, metavar="DATA", help="rows to compute a score on after each epoch"
    )
    parser.add_argument(
        "--validation-labels", type=data_file, metavar="FILE", help="what --labels is for DATA, for these rows"
    )


# ------------------------------------------------------------------------------------------------------ columns


def without(dropped: Sequence[str]) -> Selection:
    """Select all columns but those that are given by their names or their numbers from 1."""

    def select(path: str, width: int, names: Sequence[str] | None) -> list[int]:
        columns = {_position(path, width, names, text) for text in dropped}
        return [i for i in range(width) if i not in columns]

    return select


def column(text: str) -> Choice:
    """Choose a column that a user gives by its name or its number from 1."""
    return lambda path, width, names: _position(path, width, names, text)


def inputs_of(n_inputs: int, wanted: Sequence[str] | None, dropped: Sequence[str]) -> Selection:
    """Select the columns that a model needs; raises CommandError if they are not those that are left in the file.

    If the model and the file have names of columns, these are found by name, in any order.
    """

    def select(path: str, width: int, names: Sequence[str] | None) -> list[int]:
        kept = without(dropped)(path, width, names)
        if wanted is not None and names is not None:
            return _by_name(path, wanted, {i: names[i] for i in kept})
        surplus = len(kept) - n_inputs
        if surplus:
            which = "its name or its number from 1" if names is not None else "its number from 1"
            hint = f": leave out {'one' if surplus == 1 else surplus} with --drop COLUMN, {which}"
            has = f"{path} has {len(kept)} columns{' left' if dropped else ''}"
            raise CommandError(f"{has}, but the model has {n_inputs} inputs{hint if surplus > 0 else ''}")
        return kept

    return select


def _by_name(path: str, wanted: Sequence[str], kept: dict[int, str]) -> list[int]:
    exact = {name: i for i, name in kept.items()}
    if len(exact) < len(kept):
        raise CommandError(f"{path} has two columns of the same name")
    meant = {name.strip(): name for name in wanted}
    at = {name if name in wanted else meant.get(name.strip(), name): i for name, i in exact.items()}
    missing = next((name for name in wanted if name not in at), None)
    if missing is not None:
        raise CommandError(f"{path} has no column {missing!r}, which the model needs")
    extra = [name for name in at if name not in set(wanted)]
    if extra:
        options = " ".join(f"--drop {shlex.quote(name)}" for name in extra[:_MOST_NAMED])
        more = f", and so on for {len(extra) - _MOST_NAMED} more" if len(extra) > _MOST_NAMED else ""
        what = f"the column {extra[0]!r}" if len(extra) == 1 else f"{len(extra)} columns"
        raise CommandError(f"{path} has {what} that the model does not need: add {options}{more}")
    return [at[name] for name in wanted]


def _position(path: str, width: int, names: Sequence[str] | None, text: str) -> int:
    """Return the position of a column that a user gives by its name or its number from 1."""
    from cmlp._data.files.text import position

    at = position(text, names, width)
    if at is not None:
        return at
    meant = nearest(text, names or ())
    hint = f"name a column, or a number from 1 to {width}" if meant is None else f"did you mean {meant!r}?"
    raise CommandError(f"{path} has no column {text!r}: {hint}")


def model_columns(trained: TrainedModel, dropped: Sequence[str]) -> Selection:
    """Select the columns of a model of numbers."""
    names = None if trained.feature_names is None else trained.feature_names.tolist()
    return inputs_of(trained.n_inputs, names, dropped)


def table_columns(trained: TrainedModel, dropped: Sequence[str], notice: Callable[[str], None]) -> Selection:
    """Select the columns of a table's model; `notice` gets a line with others that are not dropped."""
    wanted = None if trained.names is None else list(map(str, trained.names))

    def select(path: str, width: int, names: Sequence[str] | None) -> list[int]:
        kept = without(dropped)(path, width, names)
        known = {name.strip() for name in wanted or ()}
        extra = [names[i] for i in kept if names and wanted is not None and names[i].strip() not in known]
        if extra:
            what = f"column{'s' * (len(extra) > 1)} {', '.join(map(printable, extra))}"
            notice(f"the model does not need the {what}: ignored")
        return inputs_of(trained.n_inputs, wanted, [*dropped, *extra])(path, width, names)

    return select


# --------------------------------------------------------------------------------------------------------- rows


def known_by(trained: TrainedModel) -> Known:
    """Return what a model knows about the files that it reads."""
    from cmlp._data.files.rows import Known
    from cmlp._model.model import TableModel

    classes = None if trained.labels is None else trained.labels.classes
    if not isinstance(trained, TableModel):
        names = None if trained.feature_names is None else trained.feature_names.tolist()
        return Known(trained.cell_format, names, classes)
    names = None if trained.names is None else list(trained.names)
    return Known(trained.cell_format, names, classes, trained.encoder.column_types, trained.encoder.categories)


class DataFiles(NamedTuple):
    """The files of rows of a command, and how the options say that they are read."""

    data: str
    reading: TextOptions
    dropped: Sequence[str]  # columns
    target: str | None = None  # a column
    labels: str | None = None
    validation: str | None = None
    validation_labels: str | None = None

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Self:
        """Return what the arguments say; raises CommandError if labels of validation rows are given without these."""
        given = {name: getattr(arguments, name, None) for name in cls._fields[3:]}
        if given["validation"] is None and given["validation_labels"] is not None:
            raise CommandError("--validation-labels needs --validation DATA: the rows that have these labels")
        return cls(arguments.data, _text_options(arguments), arguments.drop, **given)

    @property
    def paths(self) -> tuple[str | None, ...]:
        """All files."""
        return self.data, self.labels, self.validation, self.validation_labels

    def target_and_inputs(self) -> tuple[Choice | None, Selection]:
        """Return the choice of the targets, and the selection of all other columns that are not dropped."""
        if self.target is None:
            return None, without(self.dropped)
        return column(self.target), without([*self.dropped, self.target])

    def rows(self, known: Known) -> LabelledRows | ParquetBlocks:
        """Return the rows with targets that are labels of the classes of a model, or numbers if it has none."""
        from cmlp._data.files.rows import known_rows

        target, inputs = self.target_and_inputs()
        return known_rows(self.data, known, target, self.labels, inputs, self.reading)

    def validation_rows(self, known: Known) -> LabelledRows | None:
        """Return the rows of the validation file in memory; None without a file."""
        from cmlp._data.files.rows import in_memory

        if self.validation is None:
            return None
        return in_memory(self._replace(data=self.validation, labels=self.validation_labels).rows(known))

    def rows_of_table(self, trained: TrainedModel) -> Any:
        """Return the columns of a table's model from delimited text or Parquet, with the column of the targets."""
        from cmlp._data.files.rows import known_rows

        assert self.target is not None
        names = None if trained.names is None else list(map(str, trained.names))
        inputs = inputs_of(trained.n_inputs, names, [*self.dropped, self.target])
        return known_rows(self.data, known_by(trained), column(self.target), None, inputs, self.reading)


# ------------------------------------------------------------------------------- the rows of training: numbers or table


class NumberRows(NamedTuple):
    """Rows that are all numbers, for a model of one network."""

    data: LabelledRows | ParquetBlocks
    known: Known  # how files with the same columns are read
    notices: list[str]  # what the user should know of the file

    @property
    def cell_format(self) -> CellFormat:
        """How cells of text are read."""
        return self.known.cell_format

    def known_to_validation(self, regressor: str) -> Known:
        """Return how the file of validation rows is read: as these rows, with their classes."""
        import numpy as np

        from cmlp._data.files.rows import LabelledRows

        known, data = self.known, self.data
        if not regressor and known.classes is None:
            known = known._replace(classes=np.unique(data.y) if isinstance(data, LabelledRows) else data.classes())
        return known if known.names is not None else known._replace(names=getattr(data, "columns", None))


class FileTable(NamedTuple):
    """Rows that need the model of a table."""

    rows: TextRows | ParquetTable
    reason: str  # the first cell that is no number
    notices: list[str]

    @property
    def cell_format(self) -> CellFormat:
        """How cells of text are read."""
        from cmlp._data.columns import CellFormat
        from cmlp._data.files.rows import ParquetTable

        return CellFormat() if isinstance(self.rows, ParquetTable) else self.rows.grammar.cell_format


def read_training_rows(
    files: DataFiles, regressor: str, resumed: TrainedModel | None, progress: Callable[[float], None]
) -> NumberRows | FileTable:
    """Read the rows of training, and decide by them: they are those of a table if a column is not all numbers.

    Labels in a file of their own, validation rows and the model that is `resumed` need numbers. `regressor` is the
    option that asks for targets that are numbers; empty if none does.
    """
    from cmlp._data.files.rows import Known, LabelledRows, ParquetTable, training_rows
    from cmlp._data.files.text_rows import TextRows

    known = Known() if resumed is None else known_by(resumed)
    known = known._replace(cell_format=files.reading.cell_format(known.cell_format))
    if resumed is not None:
        return NumberRows(files.rows(known), known, [])
    target, inputs = files.target_and_inputs()
    rows = training_rows(files.data, target, files.labels, inputs, files.reading, progress)
    notices = [*map(worded, rows.notices)] if isinstance(rows, TextRows) else []
    if isinstance(rows, (TextRows, ParquetTable)) and rows.other_than_number is not None:
        if files.validation is not None:
            raise DataError(rows.other_than_number)
        return FileTable(rows, rows.other_than_number, notices)
    assert not isinstance(rows, ParquetTable)
    if isinstance(rows, TextRows):
        table, (y, why) = rows.table(), _targets_of_text(rows, regressor)
        rows = LabelledRows(table.values if table.columns is None else table, y)
    else:
        is_parquet = files.target is not None and getattr(getattr(rows, "X", rows), "columns", None)
        why = _why_classifier_of(rows, files.data) if is_parquet and not regressor else ""
    return NumberRows(rows, known, [*notices, why] if why else notices)


def _targets_of_text(rows: TextRows, regressor: str) -> tuple[NDArray[Any], str]:
    """Return the targets of numbers or labels, and a line that says why they are labels."""
    kind = rows.kind_of_target()
    if regressor:
        if kind == "text":
            raise CommandError(f"{regressor} needs a target of numbers, got {str(rows.labels()[0])!r}")
        return rows.targets(), ""
    if kind == "fractions":
        raise CommandError(
            f"{rows.place_of_fraction}: the target has numbers with fractions, which are no labels: add --regressor"
        )
    labels = rows.labels()
    return labels, _why_classifier(labels, is_whole=kind == "whole")


def _why_classifier_of(rows: LabelledRows | ParquetBlocks, path: str) -> str:
    """Return a line that says why the targets of a Parquet file are labels."""
    from cmlp._data.files.rows import LabelledRows

    y = rows.y if isinstance(rows, LabelledRows) else rows.classes()
    if y.dtype.kind == "f":
        raise CommandError(f"{path}: the targets are numbers with fractions, which are no labels: add --regressor")
    return _why_classifier(y, is_whole=y.dtype.kind in "iu")


def _why_classifier(labels: NDArray[Any], *, is_whole: bool) -> str:
    n = len({*labels.tolist()})
    what = "different whole numbers; --regressor predicts numbers" if is_whole else "labels"
    return f"this trains a classifier: the target has {n:,} {what}"
