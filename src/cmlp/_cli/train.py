"""The command ``cmlp train``: trains a classifier or a regressor on a file, and writes the model."""

from __future__ import annotations

import argparse
import ast
import contextlib
import math
import os
import time
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._cli import options
from cmlp._cli.data_files import (
    DATA_HELP,
    DataFiles,
    FileTable,
    NumberRows,
    add_file_options,
    add_target_options,
    data_file,
    read_training_rows,
)
from cmlp._cli.terminal import Terminal, count_noun, duration, printable, printable_message
from cmlp._data.arrays import EXACT
from cmlp._data.columns import DATES
from cmlp._estimators.fitted import FITTED, provenance_of
from cmlp._model.model import model_of
from cmlp._model.summary import short
from cmlp._process.signals import DeferredSignals
from cmlp._train.hyperparameters import PARAMETERS
from cmlp.callbacks import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from numpy.typing import NDArray

    from cmlp._data.columns import CellFormat


NAME, SUMMARY = "train", "train a model on a file of rows"
DESCRIPTION = (
    "Train a classifier, or with --regressor a regressor, on the rows of a file, and write the model. If a CSV or "
    "Parquet file has columns of text or dates, or missing values, this is the model of a table: every eighth row is "
    "held out to measure it, and a target with fractions or many numbers needs no --regressor. An npy file is mapped, "
    "and a Parquet file of more than --max-bytes is read in blocks, so that they may be larger than memory. If "
    "all columns are float32 or all are uint8, the network computes in float32 unless --dtype says otherwise. Each "
    "parameter of MLPClassifier and MLPRegressor, and of TabularClassifier and TabularRegressor for a table, is an "
    "option, for example --hidden-layer-sizes 64,32 --input-scale 1/255. Ctrl-C, SIGTERM and SIGHUP write the model of "
    "the epochs so far, which --resume continues."
)
_NOT_OPTIONS = ("callbacks", "provenance", "verbose", "warm_start")
_PREFIX = "parameter_"
_BAR = 10  # characters
_LINES = 10  # about progress in a file or a pipe, where lines stay
_PATIENCE = 1.0  # seconds between two lines about reading
# Of tables.
_HELD_OUT = 8  # every eighth row, in random order, is held out of training
_FEWEST_ROWS = 32  # of which some are held out
_MOST_CLASSES = 30  # more distinct numbers are no labels
_EXPLAINED = 400_000  # predictions to find the columns that matter most
_NAMED = 8  # columns in a line
_RARE = 0.2  # the largest share of a rare class
_COVERAGE = 0.9  # of the intervals and sets that are measured


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("data", type=data_file, metavar="DATA", help=DATA_HELP)
    add_target_options(parser)
    parser.add_argument("-o", "--output", required=True, metavar="MODEL", help="the model file to write")
    parser.add_argument("--regressor", action="store_true", help="predict numbers, not labels; --quantile implies it")
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
        type=options.whole(1),
        metavar="K",
        help="also write the model after every K epochs, with the epoch in its name (digits-20.cmlp), to resume it",
    )
    parser.add_argument("--resume", action="store_true", help="continue the training of MODEL, up to --max-iter epochs")
    add_file_options(parser)
    parser.add_argument(
        "--text",
        action="append",
        default=[],
        metavar="COLUMN",
        help="read a column of CSV as text, also if it has numbers or dates; can be repeated",
    )
    listed = ", ".join(map(options.flag, _parameters()))
    group = parser.add_argument_group("parameters", f"Each takes a value as in Python; lists have commas: {listed}.")
    for name in _parameters():
        flags = dict.fromkeys((options.flag(name), f"--{name}"))
        group.add_argument(
            *flags, dest=_PREFIX + name, type=_value, default=argparse.SUPPRESS, metavar="VALUE", help=argparse.SUPPRESS
        )


def _parameters() -> list[str]:
    return sorted({*_of_networks(), *_only_of_tables()} - set(_NOT_OPTIONS))


def _of_networks() -> set[str]:
    return {*PARAMETERS.names("MLPClassifier"), *PARAMETERS.names("MLPRegressor")}


def _only_of_tables() -> set[str]:
    return {*PARAMETERS.names("TabularClassifier"), *PARAMETERS.names("TabularRegressor")} - _of_networks()


def _value(text: str) -> object:
    """Return the value of a parameter: a number, a fraction such as 1/255, True, False, None, text, or a list."""
    numerator, slash, denominator = text.partition("/")
    try:
        if slash:
            return float(numerator) / float(denominator)
        return math.inf if text == "inf" else ast.literal_eval(text)
    except (ValueError, SyntaxError, ZeroDivisionError, MemoryError, RecursionError):
        return text.split(",") if "," in text else text


class TrainRequest(NamedTuple):
    """What the arguments say."""

    files: DataFiles
    parameters: Mapping[str, Any]  # those that are given
    regressor: str  # the option that asks for a regressor; empty if none does
    output: str
    resume: bool
    checkpoint_every: int | None

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Self:
        """Return what the arguments say; a parameter is a word of them with a prefix."""
        named = {
            name.removeprefix(_PREFIX): value for name, value in vars(arguments).items() if name.startswith(_PREFIX)
        }
        regressor = "--regressor" if arguments.regressor else "--quantile" if "quantile" in named else ""
        output, resume, checkpoint_every = arguments.output, arguments.resume, arguments.checkpoint_every
        return cls(DataFiles.of(arguments), named, regressor, output, resume, checkpoint_every)


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Train and write the model, also if the training is interrupted after a complete epoch."""
    request = TrainRequest.of(arguments)
    options.check_output(request.output, *request.files.paths)  # reported now, not after hours of training
    words, progress = options.words_of_train(_parameters()), ReadingProgress(terminal)
    with options.reported(TypeError, ImportError, words=words):
        model = _model_of_numbers(request)
        resumed = model_of(model) if request.resume else None
        rows = read_training_rows(request.files, request.regressor, resumed, progress)
        training = (
            NumberTraining(request, model, rows) if isinstance(rows, NumberRows) else TableTraining(request, rows)
        )
    progress.end()
    if training.notices:
        terminal.write_lines([*map(printable_message, training.notices)])
    return _train(request.output, terminal, training, words)


def _train(path: str, terminal: Terminal, training: NumberTraining | TableTraining, words: Mapping[str, str]) -> int:
    """Fit, and write the model to a file."""
    model = training.model
    model.callbacks = [ProgressLine(terminal), *training.callbacks]
    try:
        with options.reported(TypeError, ImportError, words=words), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                training.fit()
            finally:
                with contextlib.suppress(OSError):  # the terminal or the pipe is closed
                    terminal.settle()
    except KeyboardInterrupt as error:
        if FITTED in vars(model):
            _save(path, training)
            with contextlib.suppress(OSError):
                terminal.write_lines([*map(printable_message, training.interrupted(path))])
        if isinstance(error, _OutputFailedError):
            raise error.reason from None
        raise
    _save(path, training)
    terminal.write_lines([printable_message(options.in_options(str(warning.message), words)) for warning in caught])
    with options.reported(TypeError, ImportError, words=words):
        lines = training.report()
    terminal.write_lines([*map(printable_message, lines), f"wrote {printable(path)}"])
    return 0


class NumberTraining:
    """Rows of numbers and the estimator of one network that is trained on them."""

    is_resumable = True

    def __init__(self, request: TrainRequest, model: Any, rows: NumberRows) -> None:
        files = request.files
        for name in _only_of_tables().intersection(request.parameters):
            raise options.CommandError(f"{options.flag(name)} is only for tables, and {files.data} has only numbers")
        self.model, self.cell_format, self.notices = model, rows.cell_format, rows.notices
        self._data, self._resume = rows.data, request.resume
        known = None if files.validation is None else rows.known_to_validation(request.regressor)
        self._validation = None if known is None else files.validation_rows(known)
        self.callbacks = _checkpoints(request, rows.cell_format)

    def fit(self) -> None:
        """Train the model, in blocks if the rows may be larger than memory."""
        from cmlp._data.files.rows import LabelledRows

        more: dict[str, Any] = {"resume": self._resume}
        if self._validation is not None:
            more |= {"X_val": self._validation.X, "y_val": self._validation.y}
        if isinstance(self._data, LabelledRows):
            self.model.fit(self._data.X, self._data.y, **more)
            return
        if self.model._estimator_type == "classifier" and not self._resume:
            more["classes"] = self._data.classes()
        self.model.fit_batches(self._data, n_rows=self._data.n_rows, **more)

    def report(self) -> list[str]:
        """Return a line: epochs, loss and validation score."""
        line = f"{count_noun(self.model.n_iter_, 'epoch')}, loss {self.model.loss_:.6g}"
        scores = getattr(self.model, "history_", {}).get("validation_score")  # solver="lbfgs" has no history
        return [f"{line}, validation score {scores[-1]:.6g}" if scores else line]

    def interrupted(self, path: str) -> list[str]:
        """Return the lines about the model of the epochs so far."""
        return [*self.report(), f"wrote {path}", "interrupted: the same command with --resume continues"]


class TableTraining:
    """The rows of a file and the model that is trained on most of them; the others measure it."""

    is_resumable, callbacks = False, ()

    def __init__(self, request: TrainRequest, rows: FileTable) -> None:
        from cmlp._data.files.rows import ParquetTable

        if request.checkpoint_every is not None:
            raise options.CommandError(f"{rows.reason}. --checkpoint-every is not for tables")
        table, parameters = rows.rows, request.parameters
        if isinstance(table, ParquetTable):
            self.frame, self.y = table.read()
            is_number = self.y.dtype.kind in "iuf"
            target = "fractions" if self.y.dtype.kind == "f" else "whole" if is_number else "text"
            owner, why = _chosen(target, self.y, request.regressor)
        else:
            target = table.kind_of_target()
            self.y = table.labels() if target == "text" else table.targets()
            is_exact = target != "whole" or bool((np.abs(self.y) < EXACT).all())
            owner, why = _chosen(target, self.y if is_exact else table.labels(), request.regressor)
            if owner._estimator_type == "classifier" and target != "text":
                self.y = table.labels()
            self.frame = table.frame()
        unknown = next((name for name in parameters if name not in owner._get_param_names()), None)
        if unknown is not None:
            raise options.CommandError(f"{options.flag(unknown)} is not for tables: {owner.__name__} has no {unknown}")
        self.model, self.cell_format = owner(**parameters), rows.cell_format
        self.held, self.rows = _divided(len(self.y))
        self.notices = [*rows.notices, f"{rows.reason}. So this trains a {owner.__name__}: {why}"]

    def fit(self) -> None:
        """Train the model."""
        self.model.fit(self.frame.take(self.rows), self.y[self.rows])

    def report(self) -> list[str]:
        """Return lines: categories, error and intervals on the rows that are held out, the columns that matter most."""
        with warnings.catch_warnings(action="ignore"):  # that rows of this file have a category or number of their own
            measured = [self._score(), *self._interval()] if len(self.held) else []
            if measured and self.model._estimator_type == "classifier":
                measured.extend(self._rare())
            return [*self._read_as(), *measured, self._columns()]

    def interrupted(self, path: str) -> list[str]:
        """Return the lines about the model of the epochs so far."""
        return [f"interrupted: wrote {path}"]

    def _read_as(self) -> list[str]:
        """Return a line with the columns of categories, so that a number with a stray text is noticed, and of dates."""
        trained = self.model._trained()
        known = list(zip(trained.feature_names, trained.encoder.categories, trained.encoder.types, strict=True))
        found = {
            "categories": [printable(name) for name, categories, _ in known if categories is not None],
            "dates": [printable(name) for name, _, held in known if held in DATES],
        }
        more = {what: f" and {len(names) - _NAMED:,} more" * (len(names) > _NAMED) for what, names in found.items()}
        return [f"read as {what}: {', '.join(names[:_NAMED])}{more[what]}" for what, names in found.items() if names]

    def _rare(self) -> list[str]:
        """Return a line with what helps if most rows of a rare one of two classes are not found."""
        labels, counts = np.unique(self.y[self.rows], return_counts=True)
        rare, share = labels.tolist()[counts.argmin()], counts.min() / counts.sum()
        is_rare = self.y[self.held] == rare
        if len(labels) != 2 or share > _RARE or not is_rare.any():
            return []
        found = (self.model.predict(self.frame.take(self.held)) == rare) & is_rare
        if 2 * found.sum() > is_rare.sum():
            return []
        return [
            f"of {is_rare.sum():,} held-out rows of the rare label {rare}, {found.sum():,} are predicted. In Python, "
            f"load the model, call choose_threshold(X, y, recall=0.7, pos_label={rare!r}) with other rows, and "
            "save it: it then finds more of them. calibrate(X, y, probabilities=True) before corrects probabilities"
        ]

    def _score(self) -> str:
        truth, learned = self.y[self.held], self.y[self.rows]
        predicted = self.model.predict(self.frame.take(self.held))
        where = f"on {len(self.held):,} rows held out of training"
        if self.model._estimator_type == "classifier":
            labels, counts = np.unique(learned, return_counts=True)
            base = np.mean(truth == labels[counts.argmax()])
            return f"accuracy {np.mean(truth == predicted):.3f} {where}; always {labels[counts.argmax()]}: {base:.3f}"
        if self.model.loss == "quantile":
            levels = np.atleast_1d(self.model.quantile)
            error, base = (_pinball(truth, other, levels) for other in (predicted, np.quantile(learned, levels)))
            return f"mean pinball loss {short(error)} {where}; always the quantiles of the training rows: {short(base)}"
        error, base = (float(np.sqrt(np.mean((truth - other) ** 2))) for other in (predicted, learned.mean()))
        return f"root mean squared error {short(error)} {where}; always the mean: {short(base)}"

    def _interval(self) -> list[str]:
        """Return a line about the intervals or sets, if the networks held out rows from which their width follows."""
        if self.model._trained().calibration is None:
            return []
        truth, rows = self.y[self.held], self.frame.take(self.held)
        if self.model._estimator_type == "classifier":
            sets = self.model.predict_set(rows, _COVERAGE)
            covered = (sets & (truth[:, None] == self.model.classes_)).any(axis=1).mean()
            return [f"{_COVERAGE:.0%} sets: {sets.sum(axis=1).mean():.2f} labels on average, right for {covered:.1%}"]
        low, high = self.model.predict_interval(rows, _COVERAGE).T
        covered = np.mean((low <= truth) & (truth <= high))
        return [f"{_COVERAGE:.0%} intervals: {short(np.mean(high - low))} wide on average, right for {covered:.1%}"]

    def _columns(self) -> str:
        """Return the columns in the order of their mean absolute Shapley values, as shares."""
        from cmlp._model.explanation import DEFAULT_PAIRS
        from cmlp._model.summary import MOST_BACKGROUND

        n = max(1, min(100, _EXPLAINED // (2 * DEFAULT_PAIRS * len(self.frame.columns))))
        chosen = (self.held if len(self.held) else self.rows)[:n]
        background = self.frame.take(np.random.RandomState(0).permutation(self.rows)[:MOST_BACKGROUND])
        explanation = self.model.explain(self.frame.take(chosen), background)
        effects = np.abs(explanation.values).mean(axis=0).reshape(len(explanation.feature_names), -1).sum(axis=1)
        total = effects.sum() or 1.0
        order = np.argsort(-effects, kind="stable")[:_NAMED].tolist()
        shown = ", ".join(f"{printable(explanation.feature_names[i])} {effects[i] / total:.0%}" for i in order)
        return f"effect of the columns: {shown}"


def _pinball(truth: NDArray[Any], predicted: NDArray[Any], levels: NDArray[np.float64]) -> float:
    """Return the mean pinball loss of a column for each quantile."""
    rest = truth[:, None] - predicted.reshape(-1, len(levels))
    return float(np.maximum(levels * rest, (levels - 1) * rest).mean())


def _divided(n_rows: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows that are held out, and those of training."""
    order = np.random.RandomState(0).permutation(n_rows)
    n_held = n_rows // _HELD_OUT if n_rows >= _FEWEST_ROWS else 0
    return np.sort(order[:n_held]), np.sort(order[n_held:])


def rows_of_fit(files: DataFiles, model: Any) -> tuple[Any, NDArray[Any]]:
    """Return the rows and targets of a file on which a table's model was trained.

    These are all rows if their number is that of the record, and otherwise those on which ``cmlp train`` trains.
    """
    X, y = files.rows_of_table(model_of(model))
    record = provenance_of(model)
    if record is not None and record["n_rows"] != len(y):
        rows = _divided(len(y))[1]
        X, y = X.take(rows), y[rows]
    return X, y


def _chosen(target: str, y: NDArray[Any], regressor: str) -> tuple[Any, str]:
    """Return the class for a target, and why: numbers that are no labels, or `regressor`, need a regressor."""
    from cmlp import TabularClassifier, TabularRegressor

    if regressor and target == "text":
        raise options.CommandError(f"{regressor} needs a target of numbers, got {str(y[0])!r}")
    n = len(np.unique(y))
    if target == "fractions":
        return TabularRegressor, "the target has numbers with fractions"
    if target == "whole" and not regressor and n <= _MOST_CLASSES:
        return (
            TabularClassifier,
            f"the target has {n} different whole number{'s' * (n != 1)}; --regressor predicts numbers",
        )
    if target == "whole":
        return TabularRegressor, f"the target has {n:,} different numbers"
    return TabularClassifier, f"the target has {n:,} labels"


class _CheckpointWithCells(Checkpoint):
    """A checkpoint from which ``--resume`` reads the cells of a file as this training has read them."""

    _repeatable = True  # see `cmlp._estimators.provenance`

    def __init__(self, path: str, every: int, cell_format: CellFormat) -> None:
        super().__init__(path, every=every)
        self._cell_format = cell_format

    def _save_model(self, trainer: Any, path: str | os.PathLike[str]) -> None:
        model = trainer.snapshot()
        keep_cell_format(model, self._cell_format)
        model.save(path, include_training_state=True)


def _checkpoints(request: TrainRequest, cell_format: CellFormat) -> list[Checkpoint]:
    if request.checkpoint_every is None:
        return []
    stem, end = os.path.splitext(request.output.replace("{", "{{").replace("}", "}}"))
    return [_CheckpointWithCells(f"{stem}-{{epoch}}{end}", request.checkpoint_every, cell_format)]


def _model_of_numbers(request: TrainRequest) -> Any:
    """Return the estimator of one network with the given parameters, or the one to resume."""
    import cmlp

    kind: Any = cmlp.MLPRegressor if request.regressor else cmlp.MLPClassifier
    tables = _only_of_tables()
    parameters = {name: value for name, value in request.parameters.items() if name not in tables}
    for name in parameters:
        if name not in kind._get_param_names():
            where = f"not for {request.regressor}" if request.regressor else "only for --regressor"
            raise options.CommandError(f"{options.flag(name)} is {where}")
    if not request.resume:
        return kind(**parameters)
    model: Any = cmlp.load(request.output)
    if model_of(model).encoder is not None:
        raise options.CommandError(
            f"{request.output} is a {type(model).__name__}, the model of a table, which --resume cannot continue: "
            "train without --resume"
        )
    if type(model) is not kind:
        raise options.CommandError(f"{request.output} has a {type(model).__name__}, not a {kind.__name__}")
    return model.set_params(**parameters)


def _save(path: str, training: NumberTraining | TableTraining) -> None:
    training.model.callbacks = None
    keep_cell_format(training.model, training.cell_format)
    with options.reported(TypeError), DeferredSignals():
        training.model.save(path, include_training_state=training.is_resumable)


def keep_cell_format(model: Any, cell_format: CellFormat) -> None:
    """Let a model know how cells of text are read."""
    model._fitted = model._fitted._replace(model=model._fitted.model.replace(cell_format=cell_format))


class _OutputFailedError(KeyboardInterrupt):
    """The progress cannot be written; like Ctrl-C, this keeps the model of the complete epochs."""

    def __init__(self, reason: OSError) -> None:
        super().__init__(reason)
        self.reason = reason


class ReadingProgress:
    """Shows which share of a file has been read, if this takes longer than a second."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal, self._next = terminal, time.monotonic() + _PATIENCE

    def __call__(self, share: float) -> None:
        """Show the share, at most every second."""
        if share < 1 and time.monotonic() >= self._next:
            done = round(_BAR * share)
            self._terminal.write_live(["reading", f"[{'#' * done}{'.' * (_BAR - done)}]", f"{share:.0%}"])
            self._next = time.monotonic() + _PATIENCE

    def end(self) -> None:
        """End the line."""
        with contextlib.suppress(OSError):
            self._terminal.settle()


class ProgressLine:
    """A callback that shows a line with a bar, the loss, the validation score and the time left."""

    _repeatable = True  # see `cmlp._estimators.provenance`

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._started, self._first = 0.0, 0

    def on_fit_begin(self, trainer: Any) -> None:
        """Start the clock."""
        self._started, self._first = time.monotonic(), trainer.state.epoch

    def on_epoch_end(self, trainer: Any) -> None:
        """Show the numbers of the epoch."""
        epoch, most = trainer.last_epoch, trainer.max_iter
        if not self._terminal.rewrites and epoch.number % -(-most // _LINES) and epoch.number != most:
            return
        done = round(_BAR * epoch.number / most)
        fields = [f"epoch {epoch.number:{len(str(most))}}/{most}", f"[{'#' * done}{'.' * (_BAR - done)}]"]
        fields.append(f"loss {epoch.loss:.6f}")
        score, loss = epoch.validation_score, epoch.validation_loss
        if score is not None:
            fields.append(f"validation loss {loss:.4f}" if loss == -score else f"validation {score:.4f}")
        seconds = (time.monotonic() - self._started) / (epoch.number - self._first)
        fields.append(f"{duration(seconds * (most - epoch.number))} left")
        try:
            self._terminal.write_live(fields)
        except OSError as error:
            raise _OutputFailedError(error) from error
