"""The command ``cmlp train``: trains a classifier or a regressor on a file, and writes the model."""

from __future__ import annotations

import argparse
import ast
import contextlib
import math
import os
import re
import time
import warnings
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np

from cmlp._bridge import _core
from cmlp._cli import options
from cmlp._cli.data_files import (
    DATA_HELP,
    DataFiles,
    add_file_options,
    add_reading_options,
    add_target_options,
    data_file,
    divide,
    schema_of,
    times_of_file,
)
from cmlp._cli.finding_lines import finding_lines
from cmlp._cli.progress import ProgressLine, ReadingProgress, kept_line
from cmlp._cli.saving import CheckpointOfFile, ReadAs, save_as_read
from cmlp._cli.table_report import TableReport
from cmlp._cli.terminal import Terminal, count_noun
from cmlp._data.arrays import EXACT
from cmlp._data.columns import NEW_FORMAT
from cmlp._data.files.row_file import HOLDOUTS, FileSchema, LabelledRows, TrainingRows
from cmlp._data.labels import FLOATS, are_probably_numbers
from cmlp._data.times import Times
from cmlp._fit.fitted import fitted_of, provenance_of
from cmlp._model.kinds_of_findings import KINDS, TIME
from cmlp._model.model import TableModel, model_of
from cmlp._parameters.constraints import POSITIVE
from cmlp._parameters.entries import PARAMETERS
from cmlp._process.printable import printable, printable_message
from cmlp._tables.row_times import FEWEST_ROWS
from cmlp.exceptions import FindingsNote, UselessModelWarning

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cmlp._data.array_types import AnyArray
    from cmlp._data.files.parquet import ParquetBlocks
    from cmlp._data.groups import Groups


DESCRIPTION = (
    "Train a model on the rows of a file, and write it. A CSV or Parquet file whose columns have "
    "names, or text, dates or gaps, trains the model of a table: an eighth of the rows is held out "
    "of a first fit, to measure it, and a second fit, whose model is written, learns all rows. A "
    "target with fractions or many numbers makes a regressor. Arrays, images, columns without "
    "names and more than 256 columns of numbers train one network: a classifier, or with "
    "--regressor a regressor. --table and --network, or an option that only one of them has, such "
    "as --n-epochs or --max-iter, choose. For a network, an npy file is mapped, and a Parquet file "
    "of more than --max-bytes is read in blocks, so that they may be larger than memory. If all "
    "columns are float32 or all are uint8, the network computes in float32 unless --dtype says "
    "otherwise. Each parameter of MLPClassifier and MLPRegressor, and of TabularClassifier and "
    "TabularRegressor for a table, is an option, for example --hidden-layer-sizes 64,32 "
    "--input-scale 1/255. Ctrl-C, SIGTERM and SIGHUP write the model of the epochs so far, which "
    "--resume continues if it is one network, and in the second fit of a table the model of the "
    "first."
)
_NOT_OPTIONS = ("callbacks", "date_formats", "provenance", "verbose", "warm_start")
_FOR_TABLES = ("table", "holdout", "groups", "time", "no_refit", "date_format")
_FOR_NETWORKS = ("network", "resume", "checkpoint_every", "labels", "validation")
# Parameters whose one value is a list of one, but for these values.
_LISTS = {
    "categorical_features": ("from_dtype",),
    "known": (),
    "ordered": ("from_dtype", True, False),
}
_SWITCHES = ("ordered",)  # parameters that are True without a value
_CODES = "missing_values"  # a parameter of which any text could be a value
_PREFIX = "parameter_"
_USELESS = UselessModelWarning.code
_NO_LITERAL = (ValueError, TypeError, SyntaxError, ZeroDivisionError, MemoryError, RecursionError)
_LEAST_TIME = 1e-9  # seconds, for the second fit: an epoch
_MOST_COLUMNS = 256  # of numbers with names in a table; more are probably pixels


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("data", type=data_file, metavar="DATA", help=DATA_HELP)
    add_target_options(parser)
    parser.add_argument(
        "-o", "--output", required=True, metavar="MODEL", help="the model file to write"
    )
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument(
        "--table", action="store_true", help="train the model of a table, also if all is numbers"
    )
    kinds.add_argument(
        "--network", action="store_true", help="train one network, also if the columns have names"
    )
    parser.add_argument(
        "--regressor",
        action="store_true",
        help="predict numbers, not labels; --quantile implies it",
    )
    parser.add_argument(
        "--no-refit",
        action="store_true",
        help=(
            "of a table: write the model of the first fit, which does not learn the rows that "
            "measure it"
        ),
    )
    parser.add_argument(
        "--provenance",
        dest=f"{_PREFIX}provenance",
        action="store_const",
        const=True,
        default=argparse.SUPPRESS,
        help="record what `cmlp verify` needs to train the model again",
    )
    parser.add_argument(
        "--checkpoint-every",
        type=options.integer(1),
        metavar="K",
        help=(
            "also write the model after every K epochs, with the epoch in its name "
            "(digits-20.cmlp), to resume it"
        ),
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="continue the training of MODEL, up to --max-iter epochs",
    )
    add_file_options(parser)
    add_reading_options(parser)
    listed = ", ".join(map(options.flag, _parameters()))
    section = parser.add_argument_group(
        "parameters", f"Each takes a value as in Python; lists have commas: {listed}."
    )
    for name in _parameters():
        flags = dict.fromkeys((options.flag(name), f"--{name}"))
        switch: dict[str, Any] = {"nargs": "?", "const": True} if name in _SWITCHES else {}
        section.add_argument(
            *flags,
            **switch,
            dest=_PREFIX + name,
            type=_parse_codes if name == _CODES else _parse_value,
            default=argparse.SUPPRESS,
            metavar="VALUE",
            help=argparse.SUPPRESS,
        )


def _parameters() -> list[str]:
    return sorted((_parameters_of_networks() | _parameters_of_tables()) - set(_NOT_OPTIONS))


def _options_of_parameters() -> dict[str, str]:
    """Map parameters, and the arguments of fit that are options, to their options."""
    flags = {name: options.flag(name) for name in _parameters()}
    others = {"X_val": "--validation", "date_formats": "--date-format"}
    return {**flags, "resume": "--resume", "groups": "--groups", "time": "--time", **others}


def _parameters_of_networks() -> set[str]:
    return {*PARAMETERS.names("MLPClassifier"), *PARAMETERS.names("MLPRegressor")}


def _parameters_of_tables() -> set[str]:
    return {*PARAMETERS.names("TabularClassifier"), *PARAMETERS.names("TabularRegressor")}


def _parse_value(text: str) -> object:
    """Return the value of a parameter: a number, a fraction such as 1/255, True, False, None, text, or a list."""
    numerator, slash, denominator = text.partition("/")
    try:
        if slash and text[0] not in "[{(\"'":
            return float(numerator) / float(denominator)
        if text == "inf":
            return math.inf
        return ast.literal_eval(text)
    except _NO_LITERAL:
        if "," in text:
            return text.split(",")
        return text


def _parse_codes(text: str) -> object:
    """Return codes for missing values; raises ArgumentTypeError for what begins as a list or a dict, and is none."""
    begin = text.lstrip()[:1]
    if begin not in ("[", "{"):
        return _parse_value(text)
    try:
        return ast.literal_eval(text)
    except _NO_LITERAL:
        raise argparse.ArgumentTypeError(
            f"must be a list or a dict of Python if it begins with {begin}, got {text!r}. Texts in it need quotation "
            """marks, and in a shell other ones around it: "['unknown', -999]" or "{'age': -999}\""""
        ) from None


def _texts_of_codes(codes: object) -> tuple[object, list[str]]:
    """Return codes for missing values with those of cells that have the text of a number, and the words among them."""
    if isinstance(codes, dict):
        pairs = {column: _texts_of_codes(code) for column, code in codes.items()}
        return {column: code for column, (code, _) in pairs.items()}, [
            word for _, words in pairs.values() for word in words
        ]
    given = list(codes) if isinstance(codes, (list, tuple)) else [codes]
    texts = [str(code) for code in given if isinstance(code, (int, float))]
    return [*given, *texts], [code for code in given if isinstance(code, str)]


class TrainRequest(NamedTuple):
    """What the arguments say."""

    files: DataFiles
    parameters: Mapping[str, Any]  # those that are given
    regressor_option: str | None  # the option that asks for a regressor, if one does
    table_option: str | None  # that for the model of a table
    network_option: str | None  # that for one network
    refits: bool  # whether a table's model learns all rows after it is measured
    output: str
    resume: bool
    checkpoint_every: int | None

    @classmethod
    def from_arguments(cls, arguments: argparse.Namespace) -> Self:
        """Return what the arguments say; a parameter is a word of them with a prefix."""
        files = DataFiles.from_arguments(arguments)
        values = vars(arguments)
        dests = [name for name in values if name.startswith(_PREFIX)]
        parameters = {dest.removeprefix(_PREFIX): values[dest] for dest in dests}
        for name in _LISTS.keys() & parameters.keys():
            value = parameters[name]
            if isinstance(value, (str, int)) and value not in _LISTS[name]:
                parameters[name] = [value]
        networks = _parameters_of_networks()
        if _CODES in parameters:
            parameters[_CODES], words = _texts_of_codes(parameters[_CODES])
            reading = files.reading
            files = files._replace(reading=reading._replace(missing=(*reading.missing, *words)))
        tables = _parameters_of_tables()
        for_tables = [name for name in _FOR_TABLES if values.get(name)]
        for_tables += [name for name in parameters if name not in networks]
        for_networks = [name for name in _FOR_NETWORKS if values.get(name)]
        for_networks += [name for name in parameters if name not in tables]
        regressor = None
        if arguments.regressor:
            regressor = "--regressor"
        elif "quantile" in parameters:
            regressor = "--quantile"
        table = options.flag(for_tables[0]) if for_tables else None
        network = options.flag(for_networks[0]) if for_networks else None
        if table and network:
            raise options.CommandError(
                f"{table} is only for the model of a table, and {network} only for one network"
            )
        if arguments.no_refit and files.holdout == "none":
            raise options.CommandError(
                "--holdout none and --no-refit exclude each other: there is one fit of all rows"
            )
        return cls(
            files,
            parameters,
            regressor_option=regressor,
            table_option=table,
            network_option=network,
            refits=not arguments.no_refit,
            output=arguments.output,
            resume=arguments.resume,
            checkpoint_every=arguments.checkpoint_every,
        )

    def check_parameters(self, estimator_class: Any, why: str) -> None:
        """Raise CommandError if an estimator of the class lacks one of the given parameters."""
        for name in self.parameters:
            if name not in estimator_class._get_param_names():
                raise options.CommandError(
                    f"{options.flag(name)} is not for {_with_article(estimator_class)}: {why}"
                )


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Train and write the model, also if the training is interrupted after a complete epoch."""
    request = TrainRequest.from_arguments(arguments)
    # Reported now, not after hours of training.
    options.check_output(request.output, *request.files.paths)
    progress = ReadingProgress(terminal)
    with options.as_command_errors(ImportError, flags=_options_of_parameters()):
        if request.resume:
            fit = _resumed_fit(request)
        else:
            fit = _new_fit(request, progress)
    progress.end()
    if fit.notices:
        terminal.write_lines([*map(printable_message, fit.notices)])
    return _fit_and_save(request.output, terminal, fit)


# ------------------------------------------------------------------------------------------------ what is trained


def _resumed_fit(request: TrainRequest) -> FileFit:
    """Read the model to resume, and the rows as it knows them."""
    model = options.loaded_model(request.output)
    trained = model_of(model)
    if isinstance(trained, TableModel):
        raise options.CommandError(
            f"{request.output} is a {trained.class_name}, the model of a table, which --resume "
            "cannot continue: train without --resume"
        )
    wanted = ("MLPRegressor",) if request.regressor_option else ("MLPClassifier", "MLPRegressor")
    if trained.class_name not in wanted:
        raise options.CommandError(
            f"{request.output} has a {trained.class_name}, not a {' or '.join(wanted)}"
        )
    request.check_parameters(type(model), f"{request.output} has one")
    schema = schema_of(trained)
    schema = schema._replace(cell_format=request.files.reading.cell_format(schema.cell_format))
    return NetworkFileFit(
        request, model.set_params(**request.parameters), request.files.rows(schema), schema, []
    )


def _new_fit(request: TrainRequest, progress: ReadingProgress) -> FileFit:
    """Read the rows, and decide by them and the request what is trained."""
    from cmlp import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor

    schema = FileSchema(request.files.reading.cell_format(NEW_FORMAT))
    rows = request.files.training_rows(schema, progress)
    choice = _choose_model(request, rows)
    target = decide_target(request.regressor_option, rows, is_table=choice.is_table)
    classes: dict[tuple[bool, bool], Any] = {
        (False, False): MLPRegressor,
        (False, True): MLPClassifier,
        (True, False): TabularRegressor,
        (True, True): TabularClassifier,
    }
    estimator_class = classes[choice.is_table, target.is_labels]
    request.check_parameters(estimator_class, target.reason)
    parameters = dict(request.parameters)
    if choice.is_table and rows.date_formats is not None:
        parameters["date_formats"] = rows.date_formats
    model = estimator_class(**parameters)
    notices = list(rows.notices)
    if choice.reason:
        notices.append(
            f"{choice.reason}. So this trains {_with_article(estimator_class)}: {target.reason}"
        )
    if choice.is_table:
        time = request.files.name_of_time(schema)
        holdout = request.files.holdout or ("last" if time is not None else HOLDOUTS[0])
        files = request.files._replace(holdout=holdout)
        read_as = ReadAs(schema.cell_format, files.record(rows.column_types))
        groups = files.read_groups(schema)
        return TableFileFit(
            model,
            rows.take_columns(),
            target.y,
            groups,
            time,
            read_as,
            notices,
            refits=request.refits,
            has_holdout=request.files.holdout is not None,
        )
    schema = schema._replace(names=rows.names)
    if target.is_labels:
        schema = schema._replace(classes=np.unique(target.y))
    return NetworkFileFit(request, model, rows.take_numbers(target.y), schema, notices)


def _with_article(estimator_class: type) -> str:
    """Return the name of a class with its article."""
    article = "an" if estimator_class.__name__.startswith("MLP") else "a"
    return f"{article} {estimator_class.__name__}"


class ModelChoice(NamedTuple):
    """Whether the rows are those of a table, and why."""

    is_table: bool
    reason: str  # empty for an array, which cannot be a table


def _choose_model(request: TrainRequest, rows: TrainingRows) -> ModelChoice:
    """Decide between the model of a table and one network: columns, an option, or names tell."""
    path = request.files.data
    names = rows.names
    other = rows.other_than_number
    network = request.network_option
    if other is not None:
        if network:
            raise options.CommandError(
                f"{other}. This needs the model of a table, and {network} one network"
            )
        return ModelChoice(True, f"Not all cells are numbers ({other})")
    if request.table_option:
        return ModelChoice(True, f"{request.table_option} is given")
    if not rows.can_be_table and names is None:
        return ModelChoice(False, "")
    if network:
        return ModelChoice(False, f"{network} is given")
    if not rows.can_be_table:
        return ModelChoice(False, f"{path} is larger than --max-bytes")
    by_table = "(--table trains the model of a table)"
    if names is None:
        return ModelChoice(False, f"{path} has no names of columns {by_table}")
    if len(names) > _MOST_COLUMNS:
        return ModelChoice(
            False, f"{path} has more than {_MOST_COLUMNS} columns of numbers {by_table}"
        )
    return ModelChoice(True, f"{path} has names of columns (--network trains one network)")


class Target(NamedTuple):
    """The targets, and why they are labels or numbers."""

    y: AnyArray
    is_labels: bool
    reason: str


def decide_target(option: str | None, rows: TrainingRows, *, is_table: bool) -> Target:
    """Decide between labels and numbers; for a table, numbers that are no labels suffice for a regressor.

    `option` asks for a regressor, if one does.
    """
    kind = rows.target_kind
    if option:
        if kind == "text":
            raise options.CommandError(
                f"{option} needs a target of numbers, got {str(rows.labels()[0])!r}"
            )
        return Target(rows.numbers(), False, f"{option} is given")
    if kind == "fractions":
        if not is_table:
            raise options.CommandError(
                f"{rows.place_of_fraction}: the target has numbers with fractions, which are no "
                "labels: add --regressor"
            )
        return Target(rows.numbers(), False, "the target has numbers with fractions")
    if kind == "whole" and is_table:
        numbers = rows.numbers()
        is_exact = (np.abs(numbers) < EXACT).all()
        n = _count_different(numbers if is_exact else rows.labels())
        if are_probably_numbers(n, len(numbers)):
            return Target(numbers, False, f"the target has {n:,} different numbers")
    labels = rows.labels()
    n = _count_different(labels)
    if kind == "text":
        return Target(labels, True, f"the target has {count_noun(n, 'label')}")
    numbers_of = count_noun(n, "different whole number")
    return Target(labels, True, f"the target has {numbers_of}; --regressor predicts numbers")


def _count_different(values: AnyArray) -> int:
    if values.dtype == object:
        return len({*values.tolist()})
    return len(np.unique(values))


def _fit_and_save(path: str, terminal: Terminal, fit: FileFit) -> int:
    """Fit, and write the model to a file."""
    progress = ProgressLine(terminal)
    fit.model.callbacks = [progress, *fit.callbacks]
    try:
        with (
            options.as_command_errors(ImportError, flags=_options_of_parameters()),
            warnings.catch_warnings(record=True) as caught,
        ):
            warnings.simplefilter("always")
            # The notices have said what the target is.
            warnings.filterwarnings("ignore", re.escape(FLOATS))
            try:
                fit.run(progress)
            finally:
                with contextlib.suppress(OSError):  # the terminal or the pipe is closed
                    terminal.settle()
    except KeyboardInterrupt:
        if fitted_of(fit.model) is not None:
            _save(path, fit)
            with contextlib.suppress(OSError):
                terminal.write_lines([*map(printable_message, fit.interruption_lines(path))])
        if progress.failure is not None:
            raise progress.failure from None
        raise
    except Exception as error:
        saved = fit.saved_after_failure(path)
        if saved is None:
            raise
        _save(path, fit)
        if isinstance(error, options.CommandError):
            raise options.CommandError(f"{str(error).rstrip('.')} ({saved})") from error
        raise
    _save(path, fit)
    terminal.write_lines([*map(printable_message, [*_texts(caught), *fit.finding_lines()])])
    try:
        with options.as_command_errors(ImportError):
            lines = fit.report_lines()
    except KeyboardInterrupt:  # only the figures are missing
        with contextlib.suppress(OSError):
            terminal.write_lines([f"interrupted before the report: wrote {printable(path)}"])
        raise
    terminal.write_lines([*map(printable_message, lines), f"wrote {printable(path)}"])
    return 0


def _texts(caught: Sequence[warnings.WarningMessage]) -> list[str]:
    """Return the texts of warnings, each once. Of two fits, the first that says something has its own figures."""
    messages = [one.message for one in caught if not isinstance(one.message, _REPORTED)]
    verdicts = [message for message in messages if isinstance(message, UselessModelWarning)]
    texts: dict[str, str] = {}
    for message in messages:
        if message not in verdicts[1:]:
            text = str(message)
            texts.setdefault(_FIGURE.sub(_without_figures, text), text)
    return [*texts.values()]


# What the table of findings says.
_REPORTED: tuple[type[Warning], ...] = (
    FindingsNote,
    *(one.warning for code, one in KINDS.items() if one.warning is not None and code != _USELESS),
)
# A column, or a value or number that depends on the rows.
_FIGURE = re.compile(r"""column (?:'[^']*'|\d+)|'[^']*'|"[^"]*"|\d[\d,.]*""")


def _without_figures(found: re.Match[str]) -> str:
    return found[0] if found[0].startswith("column ") else ""


class FileFit(ABC):
    """What the command trains: an estimator, and the rows of a file."""

    is_resumable: ClassVar[bool]  # whether `--resume` can continue from the file of the model
    has_holdout = False  # whether the user has said which rows are held out
    callbacks: Sequence[Any] = ()
    model: Any  # the estimator to write
    read_as: ReadAs
    notices: list[str]

    @abstractmethod
    def run(self, progress: ProgressLine) -> None:
        """Train the model."""

    @abstractmethod
    def report_lines(self) -> list[str]:
        """Return lines about the trained model."""

    def finding_lines(self) -> list[str]:
        """Return the lines of a table of what was found in the rows."""
        return []

    @abstractmethod
    def interruption_lines(self, path: str) -> list[str]:
        """Return the lines about what an interrupted training has written to a path."""

    @abstractmethod
    def saved_after_failure(self, path: str) -> str | None:
        """Return which model is written to a path after an error; None if there is none."""


class NetworkFileFit(FileFit):
    """Rows of numbers and the estimator of one network that is trained on them; `schema` is how both read files."""

    is_resumable = True

    def __init__(
        self,
        request: TrainRequest,
        model: Any,
        data: LabelledRows | ParquetBlocks,
        schema: FileSchema,
        notices: list[str],
    ) -> None:
        self.model = model
        self.read_as = ReadAs(schema.cell_format, request.files.record())
        self.notices = notices
        self._data = data
        self._resume = request.resume
        self._validation = request.files.validation_rows(schema)
        self.callbacks = _make_checkpoints(request, self.read_as)

    def run(self, progress: ProgressLine) -> None:
        """Train the model, in blocks if the rows may be larger than memory."""
        more: dict[str, Any] = {"resume": self._resume}
        if self._validation is not None:
            more |= {"X_val": self._validation.X, "y_val": self._validation.y}
        if isinstance(self._data, LabelledRows):
            self.model.fit(self._data.X, self._data.y, **more)
            return
        if self.model._estimator_type == "classifier" and not self._resume:
            more["classes"] = self._data.classes()
        self.model.fit_batches(self._data, n_rows=self._data.n_rows, **more)

    def report_lines(self) -> list[str]:
        """Return a line: epochs, loss and validation score."""
        loss = getattr(self.model, "loss_", None)  # none after no epoch
        line = count_noun(self.model.n_iter_, "epoch")
        if loss is not None:
            line += f", loss {loss:.6g}"
        # solver="lbfgs" has no history.
        scores = getattr(self.model, "history_", {}).get("validation_score")
        if scores:
            line += f", validation score {scores[-1]:.6g}"
        return [*filter(None, [line, _kept_line(self.model)])]

    def interruption_lines(self, path: str) -> list[str]:
        """Return the lines about the model of the epochs so far."""
        return [
            *self.report_lines(),
            f"wrote {path}",
            "interrupted: the same command with --resume continues",
        ]

    def saved_after_failure(self, path: str) -> None:
        """Return None: nothing is written after an error."""
        return None


class TableFileFit(FileFit):
    """The rows of a file and the model that is trained on most of them; the others measure it.

    A second fit then learns all rows, unless none are held out or `refits` is false. `model` is the one to write: the
    first until the second is complete.
    """

    is_resumable = False

    def __init__(
        self,
        model: Any,
        frame: Any,
        y: AnyArray,
        groups: Groups | None,
        time: str | None,
        read_as: ReadAs,
        notices: list[str],
        *,
        refits: bool,
        has_holdout: bool,
    ) -> None:
        self.model = model
        self.frame = frame
        self.y = y
        self.groups = groups
        self.has_holdout = has_holdout
        self.read_as = read_as
        self.notices = notices
        self.time = time
        times = None
        if time is not None and read_as.file.holdout == "last":
            times = times_of_file(frame, time, getattr(model, "date_formats", None))
        self.held, self.rows = divide(frame, y, read_as.file.holdout, groups, times)
        self._refits = refits and len(self.held) > 0
        self._first: object = None  # complete, if there is a second fit

    def run(self, progress: ProgressLine) -> None:
        """Train the model; with two fits, `max_time` is for both."""
        first_groups = None if self.groups is None else self.groups.take(self.rows)
        first = self.frame.take(self.rows), self.y[self.rows]
        of_first = {"groups": first_groups, "time": self._time_of(len(self.rows))}
        if not self._refits:
            self.model.fit(*first, **of_first)
            return
        model = self.model
        limit = model.max_time
        started = time.monotonic()
        progress.title = "fit 1 of 2"
        if POSITIVE.accepts(limit):  # fit refuses another value
            model.max_time = limit / 2
        try:
            model.fit(*first, **of_first)
        finally:
            model.max_time = limit
        self._first = model
        second = type(model)(**model.get_params(deep=False))
        progress.title = "fit 2 of 2"
        if limit is not None:
            second.max_time = max(limit - (time.monotonic() - started), _LEAST_TIME)
        second.fit(self.frame, self.y, groups=self.groups, time=self._time_of(len(self.y)))
        second.max_time = limit
        self.model = second
        self.read_as = self.read_as._replace(measured=provenance_of(model))

    def _time_of(self, n_rows: int) -> str | Times | None:
        """Return the `time` of a fit: a column, or the order of the rows if the last ones are held out."""
        if self.time is not None or self.read_as.file.holdout != "last":
            return self.time
        model = self.model
        can_measure = (
            model._estimator_type == "regressor"
            and n_rows >= FEWEST_ROWS
            and model.early_stopping is True
            and np.ndim(model.quantile) == 0
        )
        return Times.in_order(n_rows) if can_measure else None

    def finding_lines(self) -> list[str]:
        """Return the lines of the report, without what other lines say."""
        # The user who has said which rows to hold out knows their order.
        left_out = {_USELESS, *[TIME] * self.has_holdout}
        if all(one.code in left_out for one in self.model.report_):
            return []
        return finding_lines(self.model.report_, left_out)

    def report_lines(self) -> list[str]:
        """Return lines about the model, measured on the rows that are held out of the first fit."""
        model = self._first if self._refits else self.model
        report = TableReport(
            model, self.frame, self.y, self.held, self.rows, self.groups, self._refits
        )
        kept = [*filter(None, [_kept_line(self.model)])]
        if self.read_as.file.holdout == "none":
            return [*kept, *report.notices(), *report.later(self.model)]
        if self.groups is None:
            return [*kept, *report.lines(), *report.later(self.model), *report.hints()]
        return [*kept, *report.lines()]

    def interruption_lines(self, path: str) -> list[str]:
        """Return the lines about the model of the epochs so far, or of the first fit if the second is interrupted."""
        saved = self.saved_after_failure(path)
        if saved is None:
            return [f"interrupted: wrote {path}"]
        return [f"interrupted {saved}"]

    def saved_after_failure(self, path: str) -> str | None:
        """Return what is written after an error: the model of the first fit, if it is complete."""
        if self._first is None:
            return None
        return (
            f"in the second fit: wrote {path}, the model of the first, which has not learned the "
            f"{len(self.held):,} held-out rows"
        )


def _kept_line(model: Any) -> str:
    """Return which epochs of a fitted estimator were kept; "" if these are the last ones."""
    return kept_line(model._result.states)


def _make_checkpoints(request: TrainRequest, read_as: ReadAs) -> list[CheckpointOfFile]:
    if request.checkpoint_every is None:
        return []
    stem, end = os.path.splitext(request.output.replace("{", "{{").replace("}", "}}"))
    return [CheckpointOfFile(f"{stem}-{{epoch}}{end}", request.checkpoint_every, read_as)]


def _save(path: str, fit: FileFit) -> None:
    model = fit.model
    model.callbacks = None
    state = {"include_training_state": fit.is_resumable}
    with options.as_command_errors():
        _core.run_deferred(None, save_as_read, model, path, fit.read_as, **state)
