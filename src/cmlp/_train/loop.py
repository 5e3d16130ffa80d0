"""The training loop. It knows epochs, and asks its parts for everything else.

The engine trains, the validation measures, the recorder decides, observers are called, and a deadline may end the
training. All mutable data is in the state: if it is saved between two epochs and loaded later, training
continues with the same results as without a break.
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from contextlib import closing
from typing import TYPE_CHECKING, ClassVar, Literal

from cmlp._bridge.blocks import block_copy
from cmlp._process.signals import TimeLimitReached, immediate_signals, safe_point
from cmlp._process.threads import print_line
from cmlp._process.warnings import is_ignored, warn
from cmlp._train.diagnosis import KeptMeasures, scale_advice, warn_if_useless
from cmlp._train.observer import Deadline, Observers
from cmlp._train.state import Curve, EpochNumbers
from cmlp._train.validation import NoValidation, ValidationRows
from cmlp.exceptions import ConvergenceWarning, DivergenceError, sklearn_class

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from cmlp._train.engine import Engine, EpochRecord
    from cmlp._train.job import TrainingJob
    from cmlp._train.state import History


class EpochLoop:
    """What one call of an estimator's `fit`, or of a `Trainer`, executes: epochs of a prepared job.

    If it was interrupted within an epoch, it continues with the next batch.
    """

    has_epochs: Literal[True] = True

    def __init__(self, job: TrainingJob, engine: Engine) -> None:
        self.job, self.state, self.engine = job, job.state, engine
        has_validation = job.data.validation is not None or job.state.held_out_rows is not None
        self.validation, self.recorder = ValidationRows(job) if has_validation else NoValidation(), Recorder(job)
        self.observers, self.deadline = Observers(), Deadline(job.options.max_time)
        self._kept_measures = KeptMeasures()

    @property
    def finished(self) -> bool:
        """Whether training has ended: by the stopping rule, the schedule, an observer, `max_iter` or `max_time`."""
        state = self.state
        return state.stopped or state.epoch >= self.job.options.max_iter or self.deadline.has_come()

    def train(self) -> None:
        """Train until training is finished; several epochs at once if nothing happens in between."""
        for _ in self.epochs(at_once=True):
            pass

    def epochs(self, *, at_once: bool = False) -> Generator[None, None, None]:
        """Train one epoch at a time until training is finished; several `at_once` if nothing happens in between."""
        self.recorder.lines.plan()
        with self.observers.following():
            while not self.finished and self._train(self._horizon if at_once else 1):
                yield
            self._finish()

    def run_batches(self, n_batches: int) -> bool:
        """Train until training is finished, or pause after `n_batches`, also within an epoch; return if finished."""
        state, per_epoch = self.state, self.engine.n_batches
        end = state.epoch * per_epoch + (state.batch or 0) + n_batches
        with self.observers.following():
            while not self.finished:
                last = end - state.epoch * per_epoch
                if last <= (state.batch or 0):
                    return False
                if not self._train(last=None if last >= per_epoch else last):
                    break
            self._finish()
        return True

    def judge(self) -> None:
        """Warn if the trained model is useless."""
        warn_if_useless(self.job, self._kept_measures, self.engine.sampled_targets())

    def train_epoch(self) -> bool:
        """Train the rest of the epoch, and call the observers; return False if time was up."""
        return self._train()

    def _train(self, n_epochs: int = 1, *, last: int | None = None) -> bool:
        """Train several epochs at once, or one, which pauses after its batch `last`; return False if time was up."""
        safe_point()
        self.observers.epoch_begins()
        try:
            if n_epochs > 1:
                self.engine.train_epochs(n_epochs, self.recorder.record)
            else:
                self._train_batches(last)
        except DivergenceError as error:
            raise self.engine.explained(error) from error
        except TimeLimitReached:
            return False
        if last is None:
            if self.observers.epoch_ends():
                self.state.stopped = True
            self.engine.agree(self.deadline)
        return True

    @property
    def _horizon(self) -> int:
        """How many epochs may pass before a part must be asked."""
        most = min(part.horizon for part in (self.observers, self.deadline, self.validation, self.recorder))
        return 1 if most <= 1 else int(min(most, self.engine.horizon))

    def _train_batches(self, last: int | None = None) -> None:
        """Train the rest of the epoch, or until its batch `last`.

        After the last batch, the state is the same as after a fit with ``max_iter=state.epoch``.
        """
        engine = self.engine
        try:
            with closing(engine.train(last, self.observers.intervals, self.deadline)) as batches:
                for batch in batches:
                    self.observers.batches_end(batch)
            loss = engine.loss()
            if last is None:
                self._end_epoch(loss)
            else:
                engine.progress.store(last)
        except (TimeLimitReached, KeyboardInterrupt):
            engine.progress.store_interrupted()
            raise

    def _end_epoch(self, loss: float) -> None:
        """Measure the validation rows, and record the epoch."""
        engine = self.engine
        self.observers.validation_begins(engine.n_batches)
        score, validation_loss = self.validation.measure(self.deadline)
        is_best = self.recorder.record([engine.epoch(loss)], engine.n_rows, score, validation_loss)
        if is_best or self.state.weights.best is None:
            self._kept_measures = KeptMeasures(validation_loss, math.nan if score is None else score)

    def _finish(self) -> None:
        """Restore the best parameters; warn if `max_iter` came before convergence."""
        job, state, options = self.job, self.state, self.job.options
        state.weights.restore_best()
        never_stops = math.isinf(options.n_iter_no_change) and options.tol == 0
        is_planned = state.stopped or state.stepping().schedule.is_planned or never_stops
        category = sklearn_class(ConvergenceWarning)
        if not is_planned and state.epoch >= options.max_iter and not is_ignored(category):
            text = (
                f"Stochastic Optimizer: Maximum iterations ({options.max_iter}) reached and the optimization hasn't "
                "converged yet."
            )
            warn(text + scale_advice(job.objective, job.data), category)


# The recorder: history, stopping rules, the next learning rate, and lines on the terminal


class _StoppingRule(ABC):
    """Stopping rules: the base class records a measure of each epoch; improvements below `tol` do not count."""

    measure: ClassVar[str]

    def __init__(self, tol: float) -> None:
        self.tol = tol

    @abstractmethod
    def begin(self, history: History) -> None:
        """Prepare a history for this rule. If the previous call used the other rule, reset the best value."""

    @abstractmethod
    def watch(self, history: History, losses: Sequence[float], score: float | None) -> bool:
        """Record losses of epochs, of one if it has a validation score; return whether the parameters are the best."""

    def _record(self, history: History, score: float) -> float:
        """Record a validation score; return the best one before."""
        best = -math.inf if history.best_validation_score is None else history.best_validation_score
        history.validation_scores = (history.validation_scores or Curve()).appended(score)
        history.best_validation_score = max(best, score)
        return best


class TrainingLoss(_StoppingRule):
    """An epoch is an improvement if its training loss is at least `tol` below the best loss so far."""

    measure = "Training loss"

    def begin(self, history: History) -> None:
        """Prepare a history for this rule."""
        if history.best_loss is None:
            history.best_loss = math.inf
        history.validation_scores = history.best_validation_score = None

    def watch(self, history: History, losses: Sequence[float], score: float | None) -> bool:
        """Record the losses of epochs, and the score if there are validation rows; no parameters are kept."""
        if score is not None:
            self._record(history, score)
        best, stale = math.inf if history.best_loss is None else history.best_loss, history.stale
        for loss in losses:
            stale = 0 if loss <= best - self.tol else stale + 1
            best = min(best, loss)
        history.best_loss, history.stale = best, stale
        return False


class _ValidationScore(_StoppingRule):
    """An epoch is an improvement if its validation score is at least `tol` above the best score so far."""

    measure = "Validation score"

    def begin(self, history: History) -> None:
        """Prepare a history for this rule."""
        if history.validation_scores is None:
            history.best_loss, history.validation_scores = None, Curve()
            history.best_validation_score = -math.inf

    def watch(self, history: History, losses: Sequence[float], score: float | None) -> bool:
        """Record the validation score of one epoch; return whether it is the best so far."""
        assert score is not None
        best = self._record(history, score)
        history.stale = 0 if score >= best + self.tol else history.stale + 1
        return score > best


# The rule for each value of `early_stopping`.
STOPPING_RULES: Mapping[bool, type[_StoppingRule]] = {False: TrainingLoss, True: _ValidationScore}


# ------------------------------------------------------------------------------------------------ the training recorder


class VerboseLines:
    """The lines that training prints for `verbose`."""

    def __init__(self, job: TrainingJob) -> None:
        self._options, self._state, verbose = job.options, job.state, job.options.verbose
        self._every = 0 if isinstance(verbose, str) else int(verbose)  # "bar" is a callback
        self.prints = self._every > 0
        self._started: float | None = None
        self._first_epoch = job.state.epoch

    def plan(self) -> None:
        """Note the time at which training begins or continues, to estimate how long it takes."""
        self._started, self._first_epoch = time.monotonic(), self._state.epoch

    def due(self, n_epochs: int) -> bool:
        """Return whether a line is printed after this number of epochs."""
        return self.prints and (n_epochs <= 1 or n_epochs % self._every == 0)

    def write(self, loss: float, score: float | None = None) -> None:
        """Print the line of an epoch."""
        epoch = self._state.epoch
        line = f"Iteration {epoch}, loss = {loss:.8f}"
        if score is not None:
            line += f", validation score = {score:f}"
        if self._started is not None:  # partial_fit does not plan a number of epochs
            seconds = (time.monotonic() - self._started) / (epoch - self._first_epoch)
            line += f", at most {seconds * (self._options.max_iter - epoch):.0f} s left"
        with immediate_signals():
            print_line(line)


class Recorder:
    """Records epochs, and decides how training continues."""

    def __init__(self, job: TrainingJob) -> None:
        options = job.options
        tol = options.tol if options.early_stopping else options.tol * job.objective.unit
        self._options, self._state = options, job.state
        self._rule = STOPPING_RULES[options.early_stopping](tol)
        self.lines = VerboseLines(job)

    @property
    def horizon(self) -> float:
        """After how many epochs training may stop, or the learning rate change, or a line be printed."""
        state, options = self._state, self._options
        until_standstill = options.n_iter_no_change + 1 - state.history.stale
        return min(1 if self.lines.prints else math.inf, options.max_iter - state.epoch, until_standstill)

    def record(
        self, epochs: list[EpochRecord], n_rows: int, score: float | None = None, validation_loss: float = math.nan
    ) -> bool:
        """Record epochs of `n_rows` rows, the last one with the score and the loss of the validation rows.

        Return whether the parameters of the last one are the best so far, which are then kept. Training stops, or the
        learning rate changes, after the last one only.
        """
        state, options = self._state, self._options
        optimizer, schedule = state.stepping()
        # First everything is computed, so that an exception, for example MemoryError, leaves the state as it was.
        history = state.history.copy()
        score_or_nan = math.nan if score is None else score
        losses = [epoch.loss for epoch in epochs]
        is_best = self._rule.watch(history, losses, score)
        history.loss, history.t = losses[-1], history.t + n_rows * len(epochs)
        history.loss_curve = history.loss_curve.appended(*losses)
        history.records = history.records.appended(
            *(EpochNumbers(validation_loss, score_or_nan, epoch.rate, epoch.norm, epoch.seconds) for epoch in epochs)
        )
        # The next rate needs the rows so far; a standstill is what the rule has counted, and changes that rate.
        rate: float | None = schedule.next_rate(optimizer.learning_rate, history.t)
        message = ""
        if history.stale > options.n_iter_no_change and not schedule.is_planned:
            assert rate is not None
            message, rate = schedule.rate_after_standstill(rate)
            history.stale = 0 if rate is not None else history.stale
        best = block_copy(state.params) if is_best else state.weights.best
        # Then the state changes; the lines come last, because they print its counters.
        state.history, state.weights.best, state.batch, state.seconds = history, best, None, 0.0
        state.epoch += len(epochs)
        state.schedule_epoch += len(epochs)
        if rate is None:
            state.stopped = True
        else:
            optimizer.learning_rate = rate
        if self.lines.prints:
            self._write(losses[-1], score, message)
        return is_best

    def _write(self, loss: float, score: float | None, message: str) -> None:
        options = self._options
        if message or self.lines.due(self._state.schedule_epoch):
            self.lines.write(loss, score)
        if message:
            with immediate_signals():
                print_line(
                    f"{self._rule.measure} did not improve more than tol={options.tol:f} for "
                    f"{options.n_iter_no_change} consecutive epochs. {message}"
                )
