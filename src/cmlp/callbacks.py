"""Callbacks: objects that the training loop calls, for progress, logs, checkpoints and stopping.

A callback is an object with at least one of the methods ``on_fit_begin(trainer)``,
``on_batches_end(trainer)``, ``on_epoch_end(trainer)`` and ``on_fit_end(trainer)``. The argument is
a `cmlp.Trainer`: `Trainer.last_epoch` and `Trainer.history` have the numbers, `Trainer.network` the
parameters, `Trainer.snapshot` returns the model as it is now, and `Trainer.stop` ends training
after the current epoch. For an estimator for tables it is the trainer of all its networks,
`Trainer.networks`: it has no `network`, its numbers are means over the networks, and its callbacks
are called after an epoch of all of them.

A callback with `on_batches_end` has an attribute `every_batches`, a positive integer or None. The
method is called in the middle of an epoch, whenever ``trainer.state.batch``, the number of
completed batches of the epoch, is a multiple of `every_batches`. It is not called at the end of an
epoch, and never if `every_batches` is None.

A callback can also have ``on_epoch_begin(trainer)``, ``on_validation_begin(trainer)``, which is
called after the last batch of an epoch, and an attribute `every_epochs`: `on_epoch_end` is then
called every `every_epochs` epochs, never if it is None. Small networks train faster if no
callback follows each epoch.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from cmlp._data.checks import positive_integer
from cmlp.exceptions import optional

# A `cmlp.Trainer`, or that of all networks of a table: this module is below those that define them.
AnyTrainer: TypeAlias = Any

__all__ = ["CSVLog", "Checkpoint", "EarlyStopping", "ProgressBar"]

# The methods of callbacks.
HOOKS = (
    "on_fit_begin",
    "on_batches_end",
    "on_epoch_end",
    "on_fit_end",
    "on_epoch_begin",
    "on_validation_begin",
)
# The columns of a log, in this order.
COLUMNS = (
    "epoch",
    "loss",
    "validation_loss",
    "validation_score",
    "learning_rate",
    "gradient_norm",
    "seconds",
)


class ProgressBar:
    """A progress bar over the epochs, in a terminal or a notebook.

    Needs tqdm: ``pip install cmlp[progress]``.

    ``verbose="bar"`` is the short form.

    Parameters
    ----------
    **options
        Options of ``tqdm.tqdm``, such as ``leave=False`` or ``file``.

    Examples
    --------
    >>> from cmlp import MLPClassifier
    >>> from cmlp.callbacks import ProgressBar
    >>> model = MLPClassifier(callbacks=[ProgressBar(leave=False)])
    """

    _repeatable = True  # see `_is_repeatable` in `cmlp._parameters.entries`

    def __init__(self, **options: object) -> None:
        self.options = options
        self._bar: Any = None

    def on_fit_begin(self, trainer: AnyTrainer) -> None:
        """Show the bar."""
        options = {
            "total": trainer.max_iter,
            "initial": trainer.state.epoch,
            "unit": "epoch",
            **self.options,
        }
        self._bar = new_bar(**options)

    def on_epoch_end(self, trainer: AnyTrainer) -> None:
        """Show the numbers of the epoch."""
        epoch = trainer.last_epoch
        shown = {"loss": f"{epoch.loss:.4g}"}
        if epoch.validation_score is not None:
            shown["score"] = f"{epoch.validation_score:.4g}"
        self._bar.set_postfix(shown, refresh=False)
        self._bar.update(epoch.number - self._bar.n)

    def on_fit_end(self, trainer: AnyTrainer) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def __getstate__(self) -> dict[str, Any]:
        return {"options": self.options, "_bar": None}  # an open bar belongs to its process


class Checkpoint:
    """Save the model every few epochs, optionally also every few batches, and at the end.

    The file of an estimator includes the training state, so that after a crash
    ``cmlp.load(path).fit(X, y, resume=True)`` continues, also in the middle of an epoch. The result
    is bit-identical to a fit without the crash. Writing is atomic: the file is always complete.

    Parameters
    ----------
    path : str or path-like
        The model file. In a str, ``{epoch}`` is replaced by the number of completed epochs, and
        ``{batch}`` by the number of completed batches of the epoch that follows: 0 between two
        epochs.
    every : int, default=1
        Number of epochs between two checkpoints.
    every_batches : int or None, default=None
        Number of batches between two checkpoints within an epoch, counted from its first batch.
        None means no checkpoints within epochs. It must be None with ``solver="lbfgs"`` and for the
        estimators for tables.

    Raises
    ------
    ValueError
        If `every` or `every_batches` is not a positive integer.

    Examples
    --------
    >>> from cmlp import MLPClassifier
    >>> from cmlp.callbacks import Checkpoint
    >>> model = MLPClassifier(callbacks=[Checkpoint("model.cmlp", every_batches=1000)])
    """

    _repeatable = True  # see `_is_repeatable` in `cmlp._parameters.entries`

    def __init__(
        self, path: str | os.PathLike[str], *, every: int = 1, every_batches: int | None = None
    ) -> None:
        self.path = path
        self.every = positive_integer("every", every)
        self.every_batches = None
        if every_batches is not None:
            self.every_batches = positive_integer("every_batches", every_batches, " or None")

    @property
    def every_epochs(self) -> int:
        """The parameter `every`."""
        return self.every

    def on_batches_end(self, trainer: AnyTrainer) -> None:
        """Save the model in the middle of an epoch."""
        self._save(trainer)

    def on_epoch_end(self, trainer: AnyTrainer) -> None:
        """Save the model."""
        self._save(trainer)

    def on_fit_end(self, trainer: AnyTrainer) -> None:
        """Save the final model."""
        self._save(trainer)

    def _save(self, trainer: AnyTrainer) -> None:
        path = self.path
        state = trainer.state
        if isinstance(path, str):
            path = path.format(epoch=state.epoch, batch=state.batch or 0)
        self._save_model(trainer, path)

    def _save_model(self, trainer: AnyTrainer, path: str | os.PathLike[str]) -> None:
        trainer.save(path)


class CSVLog:
    """Append a line per epoch to a CSV file.

    The columns are epoch, loss, validation_loss, validation_score, learning_rate, gradient_norm and
    seconds; a value that was not computed is empty. A new fit replaces the file, and a resumed one
    continues it.

    Parameters
    ----------
    path : str or path-like

    Examples
    --------
    >>> from cmlp import MLPClassifier
    >>> from cmlp.callbacks import CSVLog
    >>> model = MLPClassifier(callbacks=[CSVLog("fit.csv")])
    """

    _repeatable = True  # see `_is_repeatable` in `cmlp._parameters.entries`

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path

    def on_fit_begin(self, trainer: AnyTrainer) -> None:
        """Write the head of the table, unless training continues."""
        if not trainer.state.epoch:
            self._write("w", COLUMNS)

    def on_epoch_end(self, trainer: AnyTrainer) -> None:
        """Write the line of the epoch."""
        epoch = trainer.last_epoch
        values = (epoch.number, *(getattr(epoch, name) for name in COLUMNS[1:]))
        texts = ["" if value is None or value != value else repr(value) for value in values]
        self._write("a", texts)

    def _write(self, mode: str, cells: Any) -> None:
        with open(self.path, mode, encoding="utf-8", newline="\n") as file:
            file.write(",".join(cells) + "\n")


class EarlyStopping:
    """Stop when a quantity has not improved for some epochs.

    Training stops after `patience` consecutive epochs in which ``value < best - min_delta`` (for
    "max" ``value > best + min_delta``) did not hold. Unlike the parameter ``early_stopping=True``,
    the parameters of the last epoch stay.

    Parameters
    ----------
    monitor : {"loss", "validation_loss", "validation_score", "gradient_norm"}, \
default="validation_loss"
        A name in `Trainer.history`.
    patience : int, default=10
    min_delta : float, default=0.0
        Minimum improvement; not negative.
    mode : {"min", "max"} or None, default=None
        Whether smaller or larger values are better; None means "max" for "validation_score",
        otherwise "min".

    Raises
    ------
    ValueError
        If a parameter is invalid; during fit, if the quantity is not computed.

    Examples
    --------
    >>> from cmlp import MLPClassifier
    >>> from cmlp.callbacks import EarlyStopping
    >>> stopping = EarlyStopping("loss", patience=3, min_delta=0.01)
    >>> model = MLPClassifier(callbacks=[stopping], learning_rate_init=0.1, max_iter=1000)
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]
    >>> model.fit(X, y).n_iter_ < 1000
    True
    """

    _repeatable = True  # see `_is_repeatable` in `cmlp._parameters.entries`

    def __init__(
        self,
        monitor: str = "validation_loss",
        *,
        patience: int = 10,
        min_delta: float = 0.0,
        mode: str | None = None,
    ) -> None:
        monitored = ("loss", "validation_loss", "validation_score", "gradient_norm")
        if monitor not in monitored:
            raise ValueError(
                f"monitor must be one of {', '.join(map(repr, monitored))}, got {monitor!r}."
            )
        if mode not in ("min", "max", None):
            raise ValueError(f"mode must be 'min', 'max' or None, got {mode!r}.")
        if not 0 <= min_delta < math.inf:
            raise ValueError(
                f"min_delta must be a finite number that is not negative, got {min_delta!r}."
            )
        self.monitor = monitor
        self.patience = positive_integer("patience", patience)
        self.min_delta = min_delta
        self.mode = mode
        self._best = math.inf
        self._waited = 0

    def on_fit_begin(self, trainer: AnyTrainer) -> None:
        """Start to count, with the values so far if training continues."""
        self._best = math.inf
        self._waited = 0
        n_epochs = trainer.state.epoch
        if n_epochs:
            for value in trainer.history.get(self.monitor, [])[-n_epochs:]:
                self._watch(value)

    def on_epoch_end(self, trainer: AnyTrainer) -> None:
        """Stop training if the quantity has not improved for too long.

        Raises
        ------
        ValueError
            If the fit does not compute the quantity.
        """
        value = getattr(trainer.last_epoch, self.monitor)
        if value is None:
            raise ValueError(
                f"monitor={self.monitor!r} is not computed in this training: pass X_val and y_val, "
                "or monitor='loss'."
            )
        self._watch(value)
        if self._waited >= self.patience:
            trainer.stop()

    def _watch(self, value: float) -> None:
        larger_is_better = self.monitor == "validation_score"
        if self.mode:
            larger_is_better = self.mode == "max"
        if larger_is_better:
            value = -value
        better = value < self._best - self.min_delta
        if better:
            self._best = value
            self._waited = 0
        else:
            self._waited += 1


def new_bar(**options: object) -> Any:
    """Return a new progress bar; raises ImportError without tqdm."""
    tqdm = optional(
        "tqdm.auto", "A progress bar needs tqdm: install it with `pip install cmlp[progress]`."
    )
    return tqdm.tqdm(**options)


@contextmanager
def bar_over(n: int, unit: str, *, shows: bool) -> Iterator[Callable[[int], None] | None]:
    """Yield a function that shows in a progress bar how many of n units are done.

    It yields None unless it `shows`.
    """
    if not shows:
        yield None
        return
    with new_bar(total=n, unit=unit) as bar:
        yield lambda n_done: bar.update(n_done - bar.n)
