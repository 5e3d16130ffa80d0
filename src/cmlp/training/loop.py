"""The training loop: epochs, learning rate, stopping, best parameters.

The core runs each epoch (batches, gradients, updates). This module does the work between epochs, for `cmlp.Trainer`.
"""

from __future__ import annotations

import math
import time
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cmlp.blocks import block_copy
from cmlp.constraints import LARGEST_INTEGER
from cmlp.exceptions import (
    ConvergenceWarning,
    DivergenceError,
    NonFiniteInputError,
    TimeLimitReached,
    sklearn_class,
    warn,
)
from cmlp.inputs.stored import StoredRows
from cmlp.training.advice import scale_advice, warn_if_useless
from cmlp.training.at_once import epochs_at_once, train_at_once
from cmlp.training.commit import commit
from cmlp.training.feed import ArrayFeed, Piece, array_feed, cut, mean
from cmlp.training.history import Curve
from cmlp.training.random import draw_and_store
from cmlp.training.split import split
from cmlp.training.state import NO_SUMS, TrainingState
from cmlp.training.stopping import STOPPING_RULES
from cmlp.training.task import standardized
from cmlp.training.together import advance_together, common_intervals, report_together
from cmlp.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from numpy.typing import NDArray

    from cmlp._core import Net, Optimizer
    from cmlp.inputs.sparse import CSR
    from cmlp.training.feed import Feed
    from cmlp.training.observer import Observer
    from cmlp.training.random import Generator
    from cmlp.training.schedules import Schedule
    from cmlp.training.settings import Settings
    from cmlp.training.task import Data, Task

# The gradient norm of an epoch's last batch is computed if the epoch has this many batches: it makes a batch up to 10 %
# slower, so the epoch at most 1 %.
_FEWEST_BATCHES_FOR_NORM = 10


class _Call(NamedTuple):
    """A call of the core: its rows, the index of its first batch, and the number of the optimizer's steps before it."""

    piece: Piece
    first: int
    n_steps: int


class Training:
    """A training on given data: what one call of `Trainer.run` or `Trainer.epochs` executes.

    All mutable data is in `state`. If the state is saved between two epochs and loaded later, training continues with
    the same results as without a break. If training was interrupted within an epoch, it continues with the next batch.

    Parameters
    ----------
    net : cmlp._core.Net
    task : Task
    data : Data
    settings : Settings
    state : TrainingState
        Changed in place.
    n_threads : int or None, default=None
    feed : Feed or None, default=None
        Where the rows come from; `data` and `task` then have some rows only, for messages. None for the rows of `data`.

    Raises
    ------
    ValueError
        If the state does not match the network or the data.
    """

    def __init__(
        self,
        net: Net,
        task: Task,
        data: Data,
        settings: Settings,
        state: TrainingState,
        n_threads: int | None = None,
        feed: Feed | None = None,
    ) -> None:
        self.net, self.task, self.data, self.settings, self.state = net, task, data, settings, state
        self.n_threads = n_threads
        self.observers: list[Observer] = []
        self.intervals: tuple[int, ...] = ()  # those of the observers while `epochs` trains
        state.check(net)
        data.require_weights(net.dtype)
        if settings.shuffle and state.generator is None:
            raise ValueError("The training state is from a finished training: it has no random generator.")
        n_rows = len(data.X) if feed is None else feed.n_rows
        if state.n_rows is None:
            begin(state, task, data, settings, n_rows)
        elif state.n_rows != n_rows:
            raise ValueError(f"Training began with {state.n_rows} rows, so it cannot continue with {n_rows}.")
        else:
            state.unfold(net)
            state.restore_last()
        self.given = data, task.targets  # in the units of the program
        self.data = data = data.with_learnt_scale(state.order)
        self.task = task = standardized(task, net, data, state)
        self.data = data = data.scaled_like(state.target_scale)
        self.optimizer, self.schedule = self._optimizer_and_schedule()
        tol = settings.tol if settings.early_stopping else settings.tol * task.unit
        self.rule = STOPPING_RULES[settings.early_stopping](tol)
        n_rows -= 0 if state.validation is None else len(state.validation)
        self.streams_rows = feed is not None
        self.batch_size = self._batch_size(n_rows)
        self.feed: Feed = array_feed(task, data, n_rows, settings, self.batch_size) if feed is None else feed
        self.objective = {
            **settings.objective(len(net.sizes) - 1),
            "loss_scale": task.loss_scale,
            "clip": log_loss_clip(net),
            "scale": data.input_scale,
            "n_threads": n_threads,
        }
        if "dropout" in self.objective:
            self.objective["dropout_seed"] = state.dropout_seed
        self._own_rows = data.validation is not None
        self._held = self._held_targets_and_weights() if self._own_rows or state.validation is not None else None
        self.every = 0 if isinstance(settings.verbose, str) else int(settings.verbose)  # "bar" is a callback
        self._call: _Call | None = None  # the latest call of the core in this epoch
        self._started: float | None = None  # when `epochs` began
        self._first_epoch = state.epoch
        self.workers = Workers()
        self.deadline = math.inf if settings.max_time is None else time.monotonic() + settings.max_time
        self._clock = 0.0  # when the current epoch, or its current piece, began

    def check_data(self) -> None:
        """Raise ValueError unless a sample of the data is that with which the training began."""
        state, data, targets = self.state, self.data, self.task.targets
        if isinstance(data.X, StoredRows):  # the rows of the sample may be on other workers
            return
        if self.streams_rows:  # blocks can be cut in another way: only the first row is sure to be there
            data, targets = data.first_row(), targets[:1]
        checksum = data.checksum(targets)
        if state.checksum is None:
            state.checksum = checksum
        elif state.checksum != checksum:
            raise ValueError(
                "The data differ from those with which the training began. To continue, pass the same X, y, "
                "sample_weight, validation data and shards."
            )

    def _optimizer_and_schedule(self) -> tuple[Optimizer, Schedule]:
        """Return the state's optimizer and schedule; before the first epoch, make them from the settings."""
        state, settings = self.state, self.settings
        if state.optimizer is None or state.schedule is None:
            state.optimizer, state.schedule = settings.optimizer(self.net), settings.schedule()
        return state.optimizer, state.schedule

    @property
    def n_rows(self) -> int:
        """Number of training rows per epoch."""
        return self.feed.n_rows

    @property
    def n_batches(self) -> int:
        """Number of batches per epoch."""
        return -(-self.n_rows // self.batch_size)

    def _batch_size(self, n_rows: int) -> int:
        batch_size, n_rows = self.settings.batch_size, n_rows or LARGEST_INTEGER
        if isinstance(batch_size, str):  # "auto"
            return min(200, n_rows)
        if batch_size > n_rows:
            warn("Got `batch_size` less than 1 or larger than sample size. It is going to be clipped")
        return min(batch_size, n_rows)

    @property
    def is_followed(self) -> bool:
        """Whether something happens after every epoch besides recording it: a look at the clock, a score, a message."""
        shared = self.workers.size > 1
        return bool(self.observers or self.every or self.deadline < math.inf or self._held is not None or shared)

    @property
    def finished(self) -> bool:
        """Whether training has ended: by the stopping rule, the schedule, an observer, `max_iter` or `max_time`."""
        return self.state.stopped or self.state.epoch >= self.settings.max_iter or self._time_is_up()

    def _time_is_up(self) -> bool:
        if self.workers.size > 1:
            return self.workers.time_is_up
        return self.deadline < math.inf and time.monotonic() >= self.deadline

    def run(self) -> None:
        """Train until training is finished."""
        for _ in self.epochs(at_once=True):
            pass

    def epochs(self, at_once: bool = False) -> Iterator[None]:
        """Train one epoch at a time until training is finished; several `at_once` if nothing happens in between."""
        state, observers = self.state, self.observers
        self._started, self._first_epoch = time.monotonic(), state.epoch
        self.workers.together(self._begin_observers)
        self.intervals = common_intervals(self)
        try:
            while not self.finished:
                advance_together(self, at_once)
                if state.batch is not None:  # the time was up in the middle of the epoch
                    break
                yield
            self.finish()
        except (KeyboardInterrupt, GeneratorExit):  # a pause
            for observer in observers:
                observer.fit_ends()
            raise
        for observer in observers:
            observer.fit_ends()

    def _begin_observers(self) -> None:
        for observer in self.observers:
            observer.fit_begins()

    def advance_observed(self, at_once: bool) -> None:
        """Train an epoch, or several `at_once`, and call the observers."""
        for observer in self.observers:
            observer.epoch_begins()
        n_epochs = epochs_at_once(self) if at_once else 1
        if n_epochs > 1:
            with self._explained_divergence():
                train_at_once(self, n_epochs)
        else:
            self.advance()
        if self.state.batch is not None:
            return
        for observer in self.observers:
            if observer.epoch_ends():
                self.state.stopped = True

    def finish(self) -> None:
        """Restore the best parameters; warn if training ended at `max_iter` and could have continued."""
        state, settings = self.state, self.settings
        state.restore_best()
        if not state.stopped and state.epoch < settings.max_iter:  # the time is up
            return
        never_stops = math.isinf(settings.n_iter_no_change) and settings.tol == 0
        if state.stopped or self.schedule.is_planned or never_stops:  # the number of epochs is planned
            if not self.streams_rows:
                warn_if_useless(self.net, self.task, self.data, state)
            return
        warn(
            f"Stochastic Optimizer: Maximum iterations ({settings.max_iter}) reached and the optimization hasn't "
            f"converged yet.{scale_advice(self.task, self.data)}",
            sklearn_class(ConvergenceWarning),
        )

    def advance(self, n_batches: int | None = None) -> int:
        """Train the rest of the current epoch, or at most `n_batches` batches of it; return the number of batches.

        After the last batch, the state is the same as after a fit with ``max_iter=state.epoch``.
        """
        first = self.state.batch or 0
        last = None if n_batches is None else min(first + n_batches, self.n_batches)
        try:
            with self._explained_divergence():
                self._train_and_record(last)
        except TimeLimitReached:
            return (self.state.batch or 0) - first
        return (self.n_batches if last is None else last) - first

    def _train_and_record(self, last: int | None) -> None:
        """Train until batch `last`, or the end of the epoch, and record the epoch if it is complete.

        If interrupted, record the number of completed batches.
        """
        state, self._clock, self._call = self.state, time.monotonic(), None
        n_epochs = state.epoch
        try:
            loss, rate = self._train_batches(last)
            if last is not None and last < self.n_batches:
                self._store_batches(last)
                return
            self._end_epoch(loss, rate)
        except (KeyboardInterrupt, TimeLimitReached):
            if state.epoch == n_epochs and self._call is not None:
                piece, first, n_steps = self._call
                self._store_batches(first + piece.batches_done(self.optimizer.n_steps - n_steps, self.batch_size))
            raise

    def _store_batches(self, batch: int) -> None:
        """Record that `batch` batches of the epoch are complete, so that training can continue with the next one."""
        state, now = self.state, time.monotonic()
        commit(
            partial(vars(state).update, batch=batch, seconds=state.seconds + now - self._clock),
            partial(vars(self).update, _clock=now, _call=None),
        )

    def _report_batches(self, batch: int) -> None:
        """Call the observers if one of their intervals ends after `batch` batches."""
        if any(batch % interval == 0 for interval in self.intervals):
            self._store_batches(batch)
            report_together(self, batch)
            self._clock = time.monotonic()

    def _end_epoch(self, loss: float, last_rate: float) -> None:
        """Record an epoch, and decide how training continues.

        The state changes in one step: if Ctrl-C comes before it, the epoch ends again when training continues.
        """
        score, validation_loss = (None, math.nan) if self._held is None else self._validate(*self._held)
        seconds, norm = self.state.seconds + time.monotonic() - self._clock, float(self.state.sums[3])
        self._record([(loss, last_rate, norm, seconds)], score, validation_loss)

    def record_epochs(self, results: NDArray[np.float64]) -> None:
        """Record the complete epochs of `train_epochs`; raise DivergenceError if the loss of one is not finite."""
        rate, error = self.optimizer.learning_rate, None
        epochs: list[tuple[float, float, float, float]] = []
        try:
            for *sums, norm, seconds in results[~np.isnan(results[:, 4])].tolist():
                epochs.append((self._loss(sums, len(epochs)), rate, norm, seconds))
        except DivergenceError as failure:
            error = failure
        if epochs:
            self._record(epochs)
        if error is not None:
            raise error

    def _record(
        self, epochs: list[tuple[float, float, float, float]], score: float | None = None, validation: float = math.nan
    ) -> None:
        """Record epochs: loss, last learning rate, norm and seconds of each; score and validation loss of the last.

        Training stops, or the learning rate changes, after the last one only.
        """
        state, settings = self.state, self.settings
        history = state.history.copy()
        recorded = math.nan if score is None else score
        for loss, _, _, _ in epochs:
            history.loss = loss
            history.t += self.n_rows
            is_best = self.rule.watch(history, loss, score)
        history.loss_curve = history.loss_curve.appended(*[epoch[0] for epoch in epochs])
        history.records = history.records.appended(*[(validation, recorded, *epoch[1:]) for epoch in epochs])
        rate: float | None = self.schedule.next_rate(self.optimizer.learning_rate, history.t)
        message = ""
        if history.stale > settings.n_iter_no_change and not self.schedule.is_planned:
            assert rate is not None
            message, rate = self.schedule.rate_after_standstill(rate)
            history.stale = 0 if rate is not None else history.stale
        changes = {
            "history": history,
            "best": block_copy(state.params) if is_best else state.best,
            "batch": None,
            "seconds": 0.0,
            "epoch": state.epoch + len(epochs),
            "schedule_epoch": state.schedule_epoch + len(epochs),
            "stopped": state.stopped or rate is None,
        }
        rate = self.optimizer.learning_rate if rate is None else rate
        commit(partial(vars(state).update, changes), partial(setattr, self.optimizer, "learning_rate", rate))
        if self.every:
            self._print(epochs[-1][0], score, message)

    def _train_batches(self, last: int | None) -> tuple[float, float]:
        """Train until batch `last`; return the epoch's loss so far and the last batch's learning rate."""
        state = self.state
        rates = self.schedule.batch_rates(self.optimizer.learning_rate, state.schedule_epoch, self.n_batches)
        if state.batch is None:
            self.begin_epoch()
        assert state.batch is not None
        batch = first = state.batch
        if not batch:
            state.sums[:] = NO_SUMS
        with closing(self.feed.pieces(state, self.batch_size, batch, last)) as pieces:
            for piece in cut(pieces, self.batch_size, batch, self.intervals):
                if batch > first and self._time_is_up():
                    raise TimeLimitReached
                end = batch + piece.n_batches(self.batch_size)
                if piece.has_weight:
                    self.workers.ready()
                    self._call = _Call(piece, batch, self.optimizer.n_steps)
                    self._train_piece(self._call, None if rates is None else rates[batch:end])
                batch = end
                if not piece.is_last:
                    self._report_batches(batch)
        cost = self._loss(state.sums.tolist())
        return cost, self.optimizer.learning_rate if rates is None else float(rates[batch - 1])

    def _loss(self, sums: list[float], epoch: int = 0) -> float:
        """Return the loss for an epoch's sums, as in `TrainingState.sums`; raise DivergenceError if it is not finite.

        `epoch` counts the epochs that are not recorded yet.
        """
        task, (cost_sum, penalty_sum, n_rows) = self.task, sums[:3]
        loss = (mean(cost_sum, n_rows) * task.report_scale + mean(penalty_sum, n_rows)) * task.unit
        if not math.isfinite(loss):  # the cost can overflow while the parameters are still finite: it has squares
            raise DivergenceError(f"The cost of epoch {self.state.epoch + epoch + 1} is {loss}.")
        return loss

    def begin_epoch(self) -> None:
        """Shuffle the rows."""
        self.feed.begin_epoch(self.state)

    def _train_piece(self, call: _Call, rates: NDArray[np.float64] | None) -> None:
        """Train the batches of one call of the core."""
        piece, first, state = call.piece, call.first, self.state
        n_batches = first + piece.n_batches(self.batch_size)
        try:
            self.net.train_epoch(
                state.params,
                piece.X,
                piece.targets,
                self.optimizer,
                batch_size=self.batch_size,
                order=piece.order,
                rates=rates,
                want_norm=piece.is_last and n_batches >= _FEWEST_BATCHES_FOR_NORM,
                sums=state.sums,
                continues=True,
                checked=True,
                seconds=self._seconds_left(),
                sample_weight=piece.weight,
                dropout_row=piece.first_row,
                **self.objective,
            )
        except NonFiniteInputError as error:
            raise self.feed.first_error(error, self.net.dtype) from None

    def train_epochs(self, results: NDArray[np.float64]) -> None:
        """Train for as many epochs as `results` has rows, in one call of the core, which writes its sums there."""
        state, feed = self.state, self.feed
        assert isinstance(feed, ArrayFeed)
        try:
            self.net.train_epochs(
                state.params,
                feed.data.X,
                self.task.targets,
                self.optimizer,
                vars(state),
                results,
                batch_size=self.batch_size,
                want_norm=self.n_batches >= _FEWEST_BATCHES_FOR_NORM,
                sample_weight=feed.data.weight,
                **self.objective,
            )
        except NonFiniteInputError as error:
            raise feed.first_error(error, self.net.dtype) from None

    def _seconds_left(self) -> float:
        deadline = self.deadline
        return deadline if deadline == math.inf else deadline - time.monotonic()

    def _held_targets_and_weights(self) -> tuple[NDArray[Any] | CSR, NDArray[Any], NDArray[Any] | None]:
        """Return the rows to choose the validation rows from, and the targets and weights of the validation rows."""
        data, rows = self.data, self.state.validation
        if data.validation is not None:
            return data.validation
        return data.X, self.task.targets[rows], None if data.weight is None else data.weight[rows]

    def _validate(
        self, X: NDArray[Any] | CSR, targets: NDArray[Any], weight: NDArray[Any] | None
    ) -> tuple[float, float]:
        """Return the score and, if it is recorded, the loss of the validation rows; otherwise NaN."""
        data, task, state = self.data, self.task, self.state
        by_loss = self.settings.scoring == "loss"
        keywords: dict[str, Any] = {
            "scale": data.input_scale,
            "order": state.validation,
            "n_threads": self.n_threads,
            "seconds": self._seconds_left() if self.workers.size == 1 else math.inf,
        }
        loss = plain_loss = math.nan
        try:
            if self._own_rows or by_loss or task.score is None:
                loss, plain_loss = self._validation_losses(X, keywords)
            if by_loss:
                return -loss, loss
            if task.scorer is not None:
                return task.scorer(), loss
            if task.score is None:
                return -plain_loss, loss
            return task.score(self.net.forward(state.params, X, **keywords), targets, weight), loss
        except NonFiniteInputError as error:
            raise data.first_error(error, self.net.dtype, validation=True) from None

    def _validation_losses(self, X: NDArray[Any] | CSR, keywords: dict[str, Any]) -> tuple[float, float]:
        """Return the validation rows' mean loss, and their plain loss if it is the score; otherwise NaN.

        The mean loss is scaled like the training loss, but has no penalty.
        """
        held, task, net = self.data.validation, self.task, self.net
        targets, weight = (task.targets, self.data.weight) if held is None else (held.targets, held.weight)
        arguments = self.state.params, X, targets
        keywords = {
            **keywords,
            "sample_weight": weight,
            "loss_scale": task.loss_scale,
            "clip": log_loss_clip(net),
            "checked": held is None,
        }
        if task.score is None:
            cost, plain_loss = net.cost_and_plain_loss(*arguments, **keywords)
        else:
            cost, plain_loss = net.cost(*arguments, **keywords), math.nan
        return cost * task.report_scale * task.unit, plain_loss

    def _print(self, loss: float, score: float | None, message: str) -> None:
        state, settings = self.state, self.settings
        if state.schedule_epoch > 1 and state.schedule_epoch % self.every and not message:
            return
        line = f"Iteration {state.epoch}, loss = {loss:.8f}"
        if score is not None:
            line += f", validation score = {score:f}"
        if self._started is not None:  # partial_fit does not plan a number of epochs
            left = settings.max_iter - state.epoch
            seconds = (time.monotonic() - self._started) / (state.epoch - self._first_epoch) * left
            line += f", at most {seconds:.0f} s left"
        print(line, flush=True)
        if message:
            print(
                f"{self.rule.measure} did not improve more than tol={settings.tol:f} for "
                f"{settings.n_iter_no_change} consecutive epochs. {message}"
            )

    @contextmanager
    def _explained_divergence(self) -> Iterator[None]:
        """Add what the user can do to the message of a DivergenceError."""
        try:
            yield
        except DivergenceError as error:
            raise DivergenceError(self._divergence()) from error

    def _divergence(self) -> str:
        most = "up to " if self.schedule.is_planned else ""
        return (
            "Solver produced non-finite parameter weights. The input data may contain large "
            "values and need to be preprocessed. "
            f"This happened in epoch {self.state.epoch + 1} with batches of "
            f"{self.batch_size} rows and a learning rate of {most}{self.optimizer.learning_rate:g}; "
            f"a smaller learning_rate_init or standardized input usually helps.{scale_advice(self.task, self.data)}"
        )


def begin(state: TrainingState, task: Task, data: Data, settings: Settings, n_rows: int) -> None:
    """Choose the validation rows and prepare the history of a state that has not seen the data yet.

    `n_rows` is 0 for a source of unknown length.
    """
    history = state.history
    STOPPING_RULES[settings.early_stopping](settings.tol).begin(history)
    if data.validation is not None and history.validation_scores is None:
        history.validation_scores, history.best_validation_score = Curve(), -math.inf
    if not settings.early_stopping or data.validation is not None:
        state.n_rows = n_rows
        return

    def draw(rng: Generator) -> dict[str, object]:
        order, validation = split(task, data.weight, n_rows, settings, rng)
        if settings.shuffle == "blocks":
            order.sort()
        return {"n_rows": n_rows, "order": order, "validation": validation}

    draw_and_store(state, draw)


def log_loss_clip(net: Net) -> float:
    """Return the eps for which the reported log loss clips probabilities to [eps, 1 - eps], as in scikit-learn."""
    return float(np.finfo(net.dtype).eps) if net.loss == "log_loss" else 0.0
