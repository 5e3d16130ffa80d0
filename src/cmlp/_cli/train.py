"""The command ``cmlp train``: trains a classifier or a regressor on a file, and writes the model."""

from __future__ import annotations

import argparse
import ast
import contextlib
import math
import os
import time
import warnings
from typing import TYPE_CHECKING, Any

from cmlp._cli import options
from cmlp._cli.data_files import (
    DATA_HELP,
    NumberRows,
    TableRows,
    add_file_options,
    add_target_options,
    data_file,
    decide,
)
from cmlp._cli.terminal import Terminal, counted, duration, printable, printable_message
from cmlp._cli.wording import flag, in_options, words_of_train
from cmlp._estimators.fitted import FITTED
from cmlp._model.model import model_of
from cmlp._process.signals import DeferredSignals
from cmlp._train.hyperparameters import TABLE
from cmlp.callbacks import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmlp._cli.train_table import TableTraining
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
_PATIENCE = 1.0  # seconds between two lines about reading


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
    listed = ", ".join(map(flag, _parameters()))
    group = parser.add_argument_group("parameters", f"Each takes a value as in Python; lists have commas: {listed}.")
    for name in _parameters():
        flags = dict.fromkeys((flag(name), f"--{name}"))
        group.add_argument(
            *flags, dest=_PREFIX + name, type=_value, default=argparse.SUPPRESS, metavar="VALUE", help=argparse.SUPPRESS
        )


def _parameters() -> list[str]:
    return sorted({*_of_networks(), *_only_of_tables()} - set(_NOT_OPTIONS))


def _of_networks() -> set[str]:
    return {*TABLE.names("MLPClassifier"), *TABLE.names("MLPRegressor")}


def _only_of_tables() -> set[str]:
    return {*TABLE.names("TabularClassifier"), *TABLE.names("TabularRegressor")} - _of_networks()


def _value(text: str) -> object:
    """Return the value of a parameter: a number, a fraction such as 1/255, True, False, None, text, or a list."""
    numerator, slash, denominator = text.partition("/")
    try:
        if slash:
            return float(numerator) / float(denominator)
        return math.inf if text == "inf" else ast.literal_eval(text)
    except (ValueError, SyntaxError, ZeroDivisionError, MemoryError, RecursionError):
        return text.split(",") if "," in text else text


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Train and write the model, also if the training is interrupted after a complete epoch."""
    arguments.regressor |= f"{_PREFIX}quantile" in arguments
    files = arguments.data, arguments.labels, arguments.validation, arguments.validation_labels
    options.check_output(arguments.output, *files)  # reported now, not after hours of training
    words, progress = words_of_train(_parameters()), ReadingProgress(terminal)
    with options.reported(TypeError, ImportError, words=words):
        model = _model_of_numbers(arguments)
        rows = decide(arguments, model_of(model) if arguments.resume else None, progress)
        training = (
            NumberTraining(arguments, model, rows)
            if isinstance(rows, NumberRows)
            else _training_of_table(arguments, rows)
        )
    progress.end()
    if training.notices:
        terminal.write_lines([*map(printable_message, training.notices)])
    return _train(arguments.output, terminal, training, words)


def _train(path: str, terminal: Terminal, training: NumberTraining | TableTraining, words: Mapping[str, str]) -> int:
    """Fit, and write the model to a file."""
    model = training.model
    model.callbacks = [Progress(terminal), *training.callbacks]
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
    terminal.write_lines([printable_message(in_options(str(warning.message), words)) for warning in caught])
    with options.reported(TypeError, ImportError, words=words):
        lines = training.report()
    terminal.write_lines([*map(printable_message, lines), f"wrote {printable(path)}"])
    return 0


class NumberTraining:
    """Rows of numbers and the estimator of one network that is trained on them."""

    is_resumable = True

    def __init__(self, arguments: argparse.Namespace, model: Any, rows: NumberRows) -> None:
        for name in _only_of_tables().intersection(_given(arguments)):
            raise options.CommandError(f"{flag(name)} is only for tables, and {arguments.data} has only numbers")
        self.model, self.cell_format, self.notices = model, rows.cell_format, rows.notices
        self._data, self._validation, self._resume = rows.data, rows.validation(arguments), arguments.resume
        self.callbacks = _checkpoints(arguments, rows.cell_format)

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
        line = f"{counted(self.model.n_iter_, 'epoch')}, loss {self.model.loss_:.6g}"
        scores = getattr(self.model, "history_", {}).get("validation_score")  # solver="lbfgs" has no history
        return [f"{line}, validation score {scores[-1]:.6g}" if scores else line]

    def interrupted(self, path: str) -> list[str]:
        """Return the lines about the model of the epochs so far."""
        return [*self.report(), f"wrote {path}", "interrupted: the same command with --resume continues"]


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


def _checkpoints(arguments: argparse.Namespace, cell_format: CellFormat) -> list[Checkpoint]:
    if arguments.checkpoint_every is None:
        return []
    stem, end = os.path.splitext(arguments.output.replace("{", "{{").replace("}", "}}"))
    return [_CheckpointWithCells(f"{stem}-{{epoch}}{end}", arguments.checkpoint_every, cell_format)]


def _training_of_table(arguments: argparse.Namespace, rows: TableRows) -> TableTraining:
    """Return the training of the model of a table, because a cell is not a number."""
    from cmlp._cli.train_table import TableTraining

    if arguments.checkpoint_every is not None:
        raise options.CommandError(f"{rows.reason}. --checkpoint-every is not for tables")
    return TableTraining(arguments, _given(arguments), rows)


def _given(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the parameters that are given as options."""
    return {name.removeprefix(_PREFIX): value for name, value in vars(arguments).items() if name.startswith(_PREFIX)}


def _model_of_numbers(arguments: argparse.Namespace) -> Any:
    """Return the estimator of one network with the given parameters, or the one to resume."""
    import cmlp

    kind: Any = cmlp.MLPRegressor if arguments.regressor else cmlp.MLPClassifier
    tables = _only_of_tables()
    given = {name: value for name, value in _given(arguments).items() if name not in tables}
    for name in given:
        if name not in kind._get_param_names():
            relation = "is not for" if arguments.regressor else "is only for"
            raise options.CommandError(f"{flag(name)} {relation} --regressor")
    if not arguments.resume:
        return kind(**given)
    model: Any = cmlp.load(arguments.output)
    if type(model) is not kind:
        raise options.CommandError(f"{arguments.output} has a {type(model).__name__}, not a {kind.__name__}")
    return model.set_params(**given)


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


class Progress:
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
