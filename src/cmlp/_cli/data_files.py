"""From the arguments of a command to the rows of its files.

Options, columns, and what a model knows about files.

A column is found by its name, also without the spaces around it.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import stat
from collections import Counter
from select import select as wait_for
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from cmlp._bridge import _core
from cmlp._cli import options
from cmlp._cli.options import CommandError
from cmlp._data.files.file_formats import Pipe
from cmlp._data.files.row_file import (
    HOLDOUTS,
    ArrayRows,
    FileRecord,
    FileSchema,
    LabelledRows,
    RowFile,
    TextOptions,
    TrainingRows,
    positions,
)
from cmlp._data.input_frame import frame_of
from cmlp._data.times import Times
from cmlp._findings.copies import copies_of, different_rows
from cmlp._model.model import TableModel, TrainedModel
from cmlp._parameters.name_hints import nearest
from cmlp._process.printable import printable
from cmlp._tables.bag import folds_of_groups
from cmlp._tables.row_times import times_of_column

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cmlp._data.array_types import AnyArray, NDArray
    from cmlp._data.files.parquet import ParquetBlocks
    from cmlp._data.groups import Groups

DATA_HELP = (
    "rows: CSV, npy, idx (each also compressed by gzip) or Parquet; the format is recognized"
)
_MOST_NAMED = 5  # columns in a message
_PATIENCE = 1.0  # seconds for a program to open the other end of a pipe
_HELD_OUT = 8  # every eighth row of a table, in random order, is held out of training
_FEWEST_ROWS = 32  # of a table of which some are held out
_FEWEST_GROUPS = 3  # of which one is held out, because the fit of the others needs two


# ------------------------------------------------------------------------------------------ options


def data_file(path: str) -> str:
    """Return the path of a file.

    A pipe, such as that of ``<(...)`` in a shell, is copied, to be read several times.
    """
    try:
        if not stat.S_ISFIFO(os.stat(path).st_mode):
            return path
        import tempfile  # few commands need it

        with open(
            path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)
        ) as pipe:
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
        help="whether the first line of a CSV file has the names of the columns (default: auto, if "
        "none is a value, or one is a name that is asked for)",
    )
    parser.add_argument(
        "--drop",
        action="append",
        default=[],
        metavar="COLUMN",
        help="leave out a column, such as the labels: its number from 1, or its name, which "
        "several can have; can be repeated",
    )
    parser.add_argument(
        "--separator",
        type=_parse_separator,
        metavar="S",
        help='what separates the columns of CSV: a character, "tab" or "space" (default: found)',
    )
    parser.add_argument(
        "--decimal", choices=(".", ","), help="the decimal point of numbers in CSV (default: .)"
    )
    parser.add_argument(
        "--thousands",
        choices=(",", ".", " ", "'"),
        help="what separates thousands in CSV (default: nothing)",
    )
    parser.add_argument(
        "--missing",
        action="append",
        default=[],
        metavar="TEXT",
        help=(
            "a cell of CSV that is a missing value, besides empty cells, NA, NaN, null and others; "
            "can be repeated"
        ),
    )
    parser.add_argument(
        "--no-default-missing",
        action="store_true",
        help="only empty cells and those of --missing are missing values in CSV: NA, null, None and "
        "others are text. A model file keeps it",
    )
    parser.add_argument(
        "--comment", metavar="TEXT", help="leave out lines of CSV that begin with this text"
    )
    parser.add_argument(
        "--encoding", metavar="NAME", help="the encoding of CSV, such as cp1252 (default: utf-8)"
    )
    parser.add_argument(
        "--max-bytes",
        type=options.integer(1),
        default=TextOptions().max_bytes,
        metavar="N",
        help="refuse a compressed file that contains more than N bytes (default: 1 GiB)",
    )


def _parse_separator(text: str) -> str:
    """Return a separator of columns."""
    separator = {"tab": "\t", "\\t": "\t", "space": " "}.get(text, text)
    if len(separator) != 1 or separator in '"\r\n':
        raise argparse.ArgumentTypeError(f"must be one character, tab or space, got {text!r}")
    return separator


def _read_text_options(arguments: argparse.Namespace) -> TextOptions:
    """Return what the options say about files of text."""
    return TextOptions(
        header={"auto": None, "yes": True, "no": False}[arguments.header],
        separator=arguments.separator,
        encoding=arguments.encoding,
        comment=arguments.comment,
        decimal=arguments.decimal,
        thousands=arguments.thousands,
        missing=tuple(arguments.missing),
        has_own_words=arguments.no_default_missing,
        text=tuple(getattr(arguments, "text", ())),
        date_formats=_read_date_formats(getattr(arguments, "date_format", ())),
        max_bytes=arguments.max_bytes,
        drop_missing_target=getattr(arguments, "drop_missing_target", False),
    )


def parse_date_format(text: str) -> tuple[str | None, str]:
    """Return a column and the form of its dates, or None for the form of all columns of text."""
    from cmlp._data.date_forms import date_form  # few commands need it

    column: str | None
    column, equals, form = text.partition("=")
    if not equals or "%" in column:
        column, form = None, text
    try:
        date_form(form)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return column, form


def _read_date_formats(
    stated: Sequence[tuple[str | None, str]],
) -> dict[str, str] | str | None:
    """Return the forms of dates of columns, or the only form."""
    named = {column: form for column, form in stated if column is not None}
    if len(named) == len(stated):
        return named or None
    if len(stated) > 1:
        raise CommandError(
            "--date-format without a column is the only form: name the columns, as in "
            f"--date-format COLUMN={stated[0][1]}"
        )
    return stated[0][1]


def add_reading_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what columns of text hold, for commands that learn from them."""
    parser.add_argument(
        "--text",
        action="append",
        default=[],
        metavar="COLUMN",
        help="read a column of CSV as text, also if it has numbers or dates; can be repeated",
    )
    parser.add_argument(
        "--date-format",
        action="append",
        default=[],
        type=parse_date_format,
        metavar="COLUMN=FORM",
        help="of a table: how the dates of a column are written, such as born=%%d.%%m.%%Y, with "
        "%%Y %%y %%m %%d %%b %%B %%H %%M %%S %%p %%j %%z and %%q (the quarter); a form alone is "
        "that of each column of text of which it reads nearly all cells; can be repeated",
    )


def add_target_option(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    """Add the option that says which column has the targets."""
    parser.add_argument(
        "--target",
        metavar="COLUMN",
        action=options.OnlyOnce,
        required=required,
        help="the column of labels or numbers: its name, or number from 1",
    )


def add_drop_missing_target(parser: argparse.ArgumentParser) -> None:
    """Add the option that leaves out rows without a target."""
    parser.add_argument(
        "--drop-missing-target",
        action="store_true",
        help="leave out the rows of CSV without a target, instead of refusing them",
    )


def add_target_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where targets and validation rows are."""
    add_target_option(parser)
    parser.add_argument(
        "--labels",
        type=data_file,
        metavar="FILE",
        help="instead of --target, a file with a label or number for each row: npy, idx, or text "
        "with one a line (default for idx: the file of labels beside DATA, named as in MNIST)",
    )
    add_drop_missing_target(parser)
    parser.add_argument(
        "--holdout",
        choices=HOLDOUTS,
        help="of a table: which eighth of the rows is held out of a first fit, to measure it "
        "(default: random, with --time last); last for rows in the order of time, or of --time, "
        "none to measure nothing",
    )
    parser.add_argument(
        "--groups",
        metavar="COLUMN",
        action=options.OnlyOnce,
        help="of a table: a column with what the rows belong to, such as persons, if new rows will "
        "be of others. It is no input, and whole groups are held out, so that figures and "
        "intervals hold for new ones",
    )
    parser.add_argument(
        "--time",
        metavar="COLUMN",
        action=options.OnlyOnce,
        help="of a table: the column of dates or numbers by which rows to predict will be later. It "
        "is an input, the last rows by it are held out, and intervals hold for later rows",
    )
    parser.add_argument(
        "--validation",
        type=data_file,
        metavar="DATA",
        help="rows to compute a score on after each epoch",
    )
    parser.add_argument(
        "--validation-labels",
        type=data_file,
        metavar="FILE",
        help="what --labels is for DATA, for these rows",
    )


# ------------------------------------------------------------------------------------------ columns


def find_columns(file: RowFile, text: str) -> list[int]:
    """Return the positions of the columns that a user gives by a name or a number from 1.

    Several can have the same name.
    """
    at = positions(text, file.names, file.width)
    if at:
        return at
    meant = nearest(text, file.names or ())
    hint = f"name a column, or a number from 1 to {file.width}"
    if meant is not None:
        hint = f"did you mean {meant!r}?"
    raise CommandError(f"{file.path} has no column {text!r}: {file.remedy or hint}")


def find_column(file: RowFile, text: str) -> int:
    """Return the position of the only column that a user gives by its name or its number from 1."""
    at = find_columns(file, text)
    if len(at) > 1 and not file.reads_by_name:  # its own error has the remedy
        numbers = " or ".join(str(i + 1) for i in at)
        raise CommandError(
            f"{file.path} has {len(at)} columns {text!r}: name one by its number, {numbers}"
        )
    return at[0]


def find_kept_columns(file: RowFile, dropped: Sequence[str]) -> list[int]:
    """Return all columns but those that are given by their names or their numbers from 1."""
    left_out = {i for text in dropped for i in find_columns(file, text)}
    return [i for i in range(file.width) if i not in left_out]


def find_inputs(file: RowFile, trained: TrainedModel, dropped: Sequence[str]) -> list[int]:
    """Return the columns that a model needs.

    Raises CommandError if they are not those that are left in the file.

    If the model and the file have names of columns, these are found by name, in any order.
    """
    columns = find_kept_columns(file, dropped)
    wanted = _read_names(trained)
    if wanted is not None and file.names is not None:
        return _find_by_name(file.path, wanted, {i: file.names[i] for i in columns})
    surplus = len(columns) - trained.n_inputs
    if surplus:
        has = f"{file.path} has {len(columns)} columns"
        if dropped:
            has += " left"
        hint = ""
        if surplus > 0:
            number = "one" if surplus == 1 else surplus
            which = "its number from 1"
            if file.names is not None:
                which = "its name or its number from 1"
            hint = f": leave out {number} with --drop COLUMN, {which}"
        raise CommandError(f"{has}, but the model has {trained.n_inputs} inputs{hint}")
    return columns


def _find_by_name(path: str, wanted: Sequence[str], columns: dict[int, str]) -> list[int]:
    meant = {name.strip(): name for name in wanted}
    read_as = dict(columns)
    for i, name in columns.items():
        if name not in wanted:
            read_as[i] = meant.get(name.strip(), name)
    counts = Counter(read_as.values())
    twice = next((name for name, n in counts.items() if n > 1 and name in wanted), None)
    if twice is not None:
        raise CommandError(f"{path} has two columns {twice!r}: leave one out with --drop NUMBER")
    at = {name: i for i, name in read_as.items()}
    missing = [name for name in wanted if name not in at]
    if missing:
        what = f"column{'s' * (len(missing) > 1)} {', '.join(map(repr, missing))}"
        raise CommandError(f"{path} has no {what}, which the model needs")
    extra = [name for name in at if name not in set(wanted)]
    if extra:
        drops = " ".join(f"--drop {shlex.quote(name)}" for name in extra[:_MOST_NAMED])
        more = ""
        if len(extra) > _MOST_NAMED:
            more = f", and so on for {len(extra) - _MOST_NAMED} more"
        n = sum(counts[name] for name in extra)
        what = f"the column {extra[0]!r}" if n == 1 else f"{n} columns"
        raise CommandError(f"{path} has {what} that the model does not need: add {drops}{more}")
    return [at[name] for name in wanted]


def find_table_inputs(
    file: RowFile, trained: TrainedModel, dropped: Sequence[str], notice: Callable[[str], None]
) -> list[int]:
    """Return the columns of a table's model.

    `notice` gets a line with others that are not dropped.
    """
    wanted = _read_names(trained)
    names = file.names
    known = {name.strip() for name in wanted or ()}
    columns = find_kept_columns(file, dropped)
    extra = [
        names[i] for i in columns if names and wanted is not None and names[i].strip() not in known
    ]
    if extra:
        what = f"column{'s' * (len(extra) > 1)} {', '.join(map(printable, extra))}"
        notice(f"the model does not need the {what}: ignored")
    return find_inputs(file, trained, [*dropped, *extra])


# --------------------------------------------------------------------------------------------- rows


def _read_names(trained: TrainedModel) -> list[str] | None:
    """Return the names of the columns that a model has learned from."""
    names = trained.names if isinstance(trained, TableModel) else trained.feature_names
    if names is None:
        return None
    return list(map(str, names))


def schema_of(trained: TrainedModel) -> FileSchema:
    """Return what a model knows about the files that it reads."""
    classes = None
    if trained.labels is not None:
        classes = trained.labels.classes
    columns = None
    if isinstance(trained, TableModel):
        columns = [*trained.columns]
    return FileSchema(trained.cell_format, _read_names(trained), classes, columns)


class DataFiles(NamedTuple):
    """The files of rows of a command, and how the options say that they are read."""

    data: str
    reading: TextOptions
    dropped: Sequence[str]  # columns
    target: str | None = None  # a column
    labels: str | None = None
    validation: str | None = None
    validation_labels: str | None = None
    holdout: str | None = None  # a word of `HOLDOUTS`
    groups: str | None = None  # a column
    time: str | None = None  # a column, which is an input

    @classmethod
    def from_arguments(cls, arguments: argparse.Namespace) -> Self:
        """Return what the arguments say.

        Raises CommandError for options that exclude or need each other.
        """
        # not all commands have these
        values = {name: getattr(arguments, name, None) for name in cls._field_defaults}
        files = cls(arguments.data, _read_text_options(arguments), arguments.drop, **values)
        if files.target is not None and files.labels is not None:
            raise CommandError("--target and --labels exclude each other")
        if files.validation is None and files.validation_labels is not None:
            raise CommandError(
                "--validation-labels needs --validation DATA: the rows that have these labels"
            )
        if files.groups is not None and files.groups == files.target:
            raise CommandError(f"--groups and --target are the same column, {files.target!r}")
        if files.groups is not None and files.holdout == "last":
            raise CommandError(
                "--groups and --holdout last exclude each other: whole groups are held out"
            )
        if files.time is not None and files.groups is not None:
            raise CommandError("--time and --groups exclude each other")
        for flag, name in (("--target", files.target), *(("--drop", one) for one in files.dropped)):
            if files.time is not None and files.time == name:
                raise CommandError(f"--time is an input, and {flag} the same column, {name!r}")
        return files

    @property
    def paths(self) -> tuple[str | None, ...]:
        """All files."""
        return self.data, self.labels, self.validation, self.validation_labels

    def record(self, types: list[str] | None = None) -> FileRecord:
        """Return what was decided about the file.

        `types` are those of the columns of a table in a file of text.
        """
        reading = self.reading
        form = (
            reading.header,
            reading.separator,
            reading.encoding,
            reading.comment,
            reading.max_bytes,
        )
        decided = self.holdout, self.groups, types, reading.drop_missing_target, self.time
        return FileRecord(self.target, [*self.dropped], *form, *decided)

    def as_recorded(self, record: FileRecord, path: str) -> Self:
        """Return the files as training has read them for the model in `path`.

        The options can say otherwise.

        Options are for a copy of the rows in another form. Raises CommandError if they ask for
        other rows.
        """
        if self.holdout not in (None, record.holdout):
            raise CommandError(
                f"{path} was trained with --holdout {record.holdout}, not {self.holdout}: leave "
                "out --holdout, which the model file has"
            )
        stated = self.reading._asdict()
        names = [name for name in FileRecord._fields if stated.get(name, ...) is None]
        target = self.target
        if target is None and self.labels is None:
            target = record.target
        known = {name: getattr(record, name) for name in names}
        drops = self.reading.drop_missing_target or record.drop_missing_target
        return self._replace(
            reading=self.reading._replace(**known, drop_missing_target=drops),
            dropped=self.dropped or record.drop,
            target=target,
            holdout=record.holdout,
            groups=record.groups if self.groups is None else self.groups,
            time=record.time if self.time is None else self.time,
        )

    def with_limit(self) -> Self:
        """Return the files with the default limit of bytes if none is given."""
        limit = self.reading.max_bytes
        if limit is None:
            limit = TextOptions().max_bytes
        return self._replace(reading=self.reading._replace(max_bytes=limit))

    def open(self, schema: FileSchema) -> RowFile:
        """Open the file of rows for a model."""
        from cmlp._data.files.rows import open_rows

        return open_rows(self.data, self.reading, schema, self.target)

    def training_rows(self, schema: FileSchema, progress: Callable[[float], None]) -> TrainingRows:
        """Return the rows and targets for a new model."""
        from cmlp._data.files.rows import labelled

        file, kept, target = self._opened(schema)
        if not kept:
            besides = "" if target is None else f" besides the target {self.target!r}"
            left = " left" if self.dropped else ""
            raise CommandError(
                f"{file.path} has no column{left}{besides}: a model needs at least one input"
            )
        if target is None:
            return ArrayRows(self.data, *labelled(file, kept, self.labels))
        return file.training_rows(kept, target, progress)

    def rows(self, schema: FileSchema) -> LabelledRows | ParquetBlocks:
        """Return the rows with targets.

        They are labels of the classes of a model, or numbers if it has none.
        """
        from cmlp._data.files.rows import labelled

        file, kept, target = self._opened(schema)
        if target is None:
            return labelled(file, kept, self.labels)
        return file.known_rows(kept, target)

    def _opened(self, schema: FileSchema) -> tuple[RowFile, list[int], int | None]:
        """Open the file; return its columns that are inputs, and that of the targets.

        The targets may not be one of the columns.
        """
        file = self.open(schema)
        left_out = self._left_out()
        if self.target is None:
            return file, find_kept_columns(file, left_out), None
        return file, find_kept_columns(file, left_out), find_column(file, self.target)

    def _left_out(self) -> list[str]:
        """Return the columns that are no inputs."""
        others = [column for column in (self.target, self.groups) if column is not None]
        return [*self.dropped, *others]

    def read_groups(self, schema: FileSchema) -> Groups | None:
        """Return the groups of the rows; None without a column of groups."""
        if self.groups is None:
            return None
        file = self.open(schema)
        return file.groups(find_column(file, self.groups))

    def name_of_time(self, schema: FileSchema) -> str | None:
        """Return the name of the column of times, which the option may give as a number; None without one."""
        if self.time is None:
            return None
        file = self.open(schema)
        names, i = file.names, find_column(file, self.time)
        return self.time if names is None else names[i].strip()

    def validation_rows(self, schema: FileSchema) -> LabelledRows | None:
        """Return the rows of the validation file in memory; None without a file."""
        from cmlp._data.files.rows import in_memory

        if self.validation is None:
            return None
        return in_memory(
            self._replace(data=self.validation, labels=self.validation_labels).rows(schema)
        )

    def rows_of_table(self, trained: TrainedModel, types: Sequence[str] | None) -> Any:
        """Return the columns of a table's model with the column of the targets.

        They are read from delimited text or Parquet.

        `types` is how training has read the columns of text, if this is recorded.
        """
        assert self.target is not None
        file = self.open(schema_of(trained)._replace(file_types=types or ()))
        columns = find_inputs(file, trained, self._left_out())
        return file.known_rows(columns, find_column(file, self.target))


def why_none_are_held_out(n_rows: int, *, has_groups: bool) -> str:
    """Return why `divide` holds out no rows, unless the user asked for that."""
    if n_rows < _FEWEST_ROWS:
        few = f"{_FEWEST_ROWS} rows"
    else:
        few = f"{_FEWEST_GROUPS} groups" if has_groups else f"{_FEWEST_ROWS} different rows"
    return f"nothing is measured: of fewer than {few}, none are held out"


def divide(
    X: Any,
    y: AnyArray,
    holdout: str | None,
    groups: Groups | None = None,
    times: AnyArray | None = None,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows that are held out, and those of training.

    `holdout` is a word of `HOLDOUTS`. Whole groups are held out. The last rows are those of the
    last `times`, if there are some. Of random rows that are copies, the first one is held out, and the others are in
    neither part.
    """
    n_rows = len(y)
    if groups is not None and holdout != "none":
        n_folds = min(groups.group_count.n, _HELD_OUT)
        if n_rows < _FEWEST_ROWS or n_folds < _FEWEST_GROUPS:
            return np.arange(0), np.arange(n_rows)
        folds = folds_of_groups(groups, None, n_folds, _core.Random(0))
        return np.flatnonzero(folds == 0), np.flatnonzero(folds)
    copies = copies_of(frame_of(X, "cmlp train"), y) if holdout == HOLDOUTS[0] else None
    if copies is None:
        copies = np.arange(n_rows)
    if holdout != "last":
        order = different_rows(copies)
        order = order[np.random.RandomState(0).permutation(len(order))]
    elif times is not None:
        order = np.argsort(times, kind="stable")[::-1]
    else:
        order = np.arange(n_rows)[::-1]
    n_held = 0
    if len(order) >= _FEWEST_ROWS and holdout != "none":
        n_held = len(order) // _HELD_OUT
    return np.sort(order[:n_held]), np.flatnonzero(np.isin(copies, order[n_held:]))


def rows_of_fit(
    files: DataFiles,
    trained: TrainedModel,
    record: FileRecord | None,
    *,
    is_second: bool,
    has_time: bool,
) -> tuple[Any, AnyArray, Groups | None, Any]:
    """Return the rows, the targets, the groups and the times of a file on which a table's model was trained.

    The record is that of ``cmlp train``, where a second fit has learned all rows; a fit in Python,
    which has none, has learned all rows, or the part that the option names.
    """
    types = record.types if record is not None else None
    X, y = files.rows_of_table(trained, types)
    groups = files.read_groups(schema_of(trained))
    time: Any = files.name_of_time(schema_of(trained))
    if files.holdout is not None and not is_second:
        times = None
        if time is not None and isinstance(trained, TableModel):
            forms = dict(
                zip(trained.columns.names or (), trained.columns.formats or (), strict=False)
            )
            times = times_of_file(X, time, {name: form for name, form in forms.items() if form})
        _, row_index = divide(X, y, files.holdout, groups, times)
        X = X.take(row_index)
        y = y[row_index]
        if groups is not None:
            groups = groups.take(row_index)
    if time is None and has_time:
        time = Times.in_order(len(y))
    return X, y, groups, time


def times_of_file(frame: Any, name: str, date_formats: Mapping[Any, str] | None) -> AnyArray:
    """Return the times of the rows of a file, by a column."""
    try:
        return times_of_column(frame, name, "TabularRegressor", date_formats).ordered
    except ValueError as error:
        raise CommandError(f"--{error}") from None
