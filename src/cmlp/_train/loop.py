"""The training loop. It knows epochs, and asks its parts for everything else.

The engine trains, the validation measures, the recorder decides, observers are called, and a deadline may end the
training. All mutable data is in the state: if it is saved between two epochs and loaded later, training
continues with the same results as without a break.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from cmlp._process.signals import safe_point
from cmlp._process.warnings import is_ignored, warn
from cmlp._train.advice import scale_advice, sizes_of
from cmlp._train.held_out import HeldOut, NoValidation
from cmlp._train.observer import Deadline, Observers
from cmlp._train.recorder import Recorder
from cmlp._train.usefulness import warn_if_useless
from cmlp.exceptions import ConvergenceWarning, DivergenceError, TimeLimitReached, sklearn_class

if TYPE_CHECKING:
    from collections.abc import Generator

    from cmlp._train.engine import Engine, EpochRecord
    from cmlp._train.job import TrainingJob
    from cmlp._train.state import TrainingState


class EpochLoop:
    """What one call of an estimator's `fit`, or of a `Trainer`, executes: epochs of a prepared job.

    If it was interrupted within an epoch, it continues with the next batch.
    """

    has_epochs: Literal[True] = True

    def __init__(self, job: TrainingJob, engine: Engine) -> None:
        self.job, self.state, self.engine = job, job.state, engine
        has_validation = job.data.validation is not None or job.state.validation is not None
        self.validation, self.recorder = HeldOut(job) if has_validation else NoValidation(), Recorder(job)
        self.deadline = Deadline(job.options.max_time)
        self.observers = Observers()
        # Loss and score of the kept parameters on the validation rows; NaN if they were not computed.
        self._kept_measures = math.nan, math.nan
        self._intervals: set[int] = set()  # of the observers, while `epochs` trains

    @property
    def finished(self) -> bool:
        """Whether training has ended: by the stopping rule, the schedule, an observer, `max_iter` or `max_time`."""
        return self.state.stopped or self.state.epoch >= self.job.options.max_iter or self.deadline.has_come()

    def run(self) -> None:
        """Train until training is finished; several epochs at once if nothing happens in between."""
        for _ in self.epochs(at_once=True):
            pass

    def epochs(self, at_once: bool = False) -> Generator[None, None, None]:
        """Train one epoch at a time until training is finished; several `at_once` if nothing happens in between."""
        state, observers = self.state, self.observers
        self.recorder.lines.plan()
        observers.fit_begins()
        self._intervals = observers.intervals
        try:
            while not self.finished:
                safe_point()
                self._advance_observed(at_once)
                if state.batch is not None:  # the time was up in the middle of the epoch
                    break
                self.engine.agree()
                yield
            self.finish()
        except (KeyboardInterrupt, GeneratorExit):  # a pause
            observers.fit_ends()
            raise
        observers.fit_ends()

    def _advance_observed(self, at_once: bool) -> None:
        """Train an epoch, or several `at_once`, and call the observers."""
        self.observers.epoch_begins()
        n_epochs = self._horizon() if at_once else 1
        if n_epochs > 1:
            try:
                self.engine.train_epochs(n_epochs, self._record)
            except DivergenceError as error:
                raise self.engine.explained(error) from error
        else:
            self.advance()
        if self.state.batch is None and self.observers.epoch_ends():
            self.state.stopped = True

    def _horizon(self) -> int:
        """Return how many epochs may pass before a part must be asked."""
        parts = self.observers.horizon, self.deadline.horizon, self.validation.horizon
        most = min(*parts, self.recorder.horizon())
        return 1 if most <= 1 else int(min(most, self.engine.horizon()))

    def _record(self, epochs: list[EpochRecord]) -> None:
        self.recorder.record(epochs, self.engine.n_rows)

    def advance(self, n_batches: int | None = None) -> int:
        """Train the rest of the current epoch, or at most `n_batches` batches of it; return the number of batches.

        After the last batch, the state is the same as after a fit with ``max_iter=state.epoch``.
        """
        engine, state = self.engine, self.state
        first = state.batch or 0
        last = None if n_batches is None else min(first + n_batches, engine.n_batches)
        batches = engine.train(last, self._intervals, self.deadline)
        try:
            for batch in batches:
                self.observers.batches_end(batch)
            loss = engine.loss()
            if last is not None and last < engine.n_batches:
                engine.store(last)
            else:
                self.observers.validation_begins(engine.n_batches)
                score, validation_loss = self.validation.measure(self.deadline)
                is_best = self.recorder.record([engine.epoch(loss)], engine.n_rows, score, validation_loss)
                if is_best or state.best is None:
                    self._kept_measures = validation_loss, math.nan if score is None else score
        except TimeLimitReached:
            engine.record_progress()
            return (state.batch or 0) - first
        except KeyboardInterrupt:
            engine.record_progress()
            raise
        except DivergenceError as error:
            raise engine.explained(error) from error
        finally:
            batches.close()
        return (engine.n_batches if last is None else last) - first

    def finish(self) -> None:
        """Restore the best parameters; warn if they are useless, or if `max_iter` came before convergence."""
        job, state, options = self.job, self.state, self.job.options
        state.restore_best()
        never_stops = math.isinf(options.n_iter_no_change) and options.tol == 0
        is_planned = state.stopped or state.stepping()[1].is_planned or never_stops
        sizes, category = None, sklearn_class(ConvergenceWarning)
        if not is_planned and state.epoch >= options.max_iter and not is_ignored(category):
            sizes = sizes_of(job.objective, job.data)
            warn(
                f"Stochastic Optimizer: Maximum iterations ({options.max_iter}) reached and the optimization hasn't "
                f"converged yet.{scale_advice(job.objective, job.data, sizes)}",
                category,
            )
        warn_if_useless(job, self._kept_measures, self.engine.sampled_targets(), sizes)

    def state_to_keep(self) -> TrainingState:
        """Return the state to keep after the call."""
        return self.state.resumable()
