"""The training loop: `EpochLoop.epochs` and `advance` are what fit does.

The engine trains, the validation measures, the recorder decides, callbacks follow, and the time may be over.
All mutable data is in the state: if it is saved between two batches and loaded later, training continues with the same
results as without a break.
"""

from __future__ import annotations

import math
import time
from contextlib import closing
from typing import TYPE_CHECKING, Literal

from cmlp._process.signals import TimeLimitReached, safe_point
from cmlp._process.time_limit import end_of, is_over, seconds_until
from cmlp._process.warnings import is_ignored, warn
from cmlp._train.callbacks import Callbacks, lines_of
from cmlp._train.diagnosis import ALWAYS, KeptMeasures, WarningRule, scale_advice, warn_if_useless
from cmlp._train.recorder import Recorder
from cmlp._train.validation import Validation
from cmlp.exceptions import ConvergenceWarning, DivergenceError, sklearn_class

if TYPE_CHECKING:
    from collections.abc import Generator

    from cmlp._train.engine import Engine
    from cmlp._train.job import TrainingJob


class EpochLoop:
    """What one call of an estimator's `fit`, or of a `Trainer`, executes: epochs of a prepared job."""

    has_epochs: Literal[True] = True

    def __init__(self, job: TrainingJob, engine: Engine) -> None:
        self.job, self.state, self.engine = job, job.state, engine
        has_validation = job.data.validation is not None or job.state.held_out_rows is not None
        self.validation = Validation(job) if has_validation else None
        self.recorder = Recorder(job)
        self.until = job.team.join(end_of(job.options.max_time))
        self.callbacks = Callbacks(self.state)
        self.callbacks.add(lines_of(job, self.recorder))
        self.ended = False
        self._kept_measures = KeptMeasures()

    @property
    def finished(self) -> bool:
        """Whether training has ended: by the stopping rule, the schedule, a callback, `max_iter` or `max_time`."""
        state = self.state
        return state.stopped or state.epoch >= self.job.options.max_iter or is_over(self.until)

    def train(self) -> None:
        """Train until training is finished."""
        for _ in self.epochs(math.inf):
            pass

    def run_batches(self, n_batches: int) -> bool:
        """Train until training is finished, or pause after `n_batches`, also within an epoch; return if finished."""
        for _ in self.epochs(n_batches=n_batches):
            pass
        return self.ended

    def epochs(
        self, at_once: float = 1, n_batches: int | None = None
    ) -> Generator[None, None, None]:
        """Train until training is finished; yield after each epoch, or pause after `n_batches`.

        Up to `at_once` epochs are trained before it yields, if nobody must be asked in between.
        """
        state, per_epoch = self.state, self.engine.n_batches
        if n_batches is None:
            end_of_call = math.inf
        else:
            end_of_call = state.epoch * per_epoch + (state.batch or 0) + n_batches
        with self.callbacks.following():
            while not self.finished:
                end_batch = end_of_call - state.epoch * per_epoch
                if end_batch <= (state.batch or 0):
                    return
                if not self.advance(at_once, int(end_batch) if end_batch < per_epoch else None):
                    break
                yield
            self._finish()

    def advance(self, at_once: float = 1, end_batch: int | None = None) -> bool:
        """Train the rest of an epoch, or several ones, or the batches before `end_batch` of one.

        Return False if time was up.
        After an exception, the state has what is done, so that training can continue with the next batch.
        """
        engine, callbacks, recorder = self.engine, self.callbacks, self.recorder
        team = self.job.team
        safe_point()
        callbacks.on_epoch_begin()
        try:
            callbacks.intervals = team.begin(callbacks.intervals)
            engine.begin_epoch()
            with closing(
                engine.segments(self._epochs_ahead(at_once), end_batch, callbacks.intervals)
            ) as segments:
                for segment in segments:
                    team.meet()
                    engine.train(segment, seconds_until(team.limit(self.until)))
                    if not segment.is_last:
                        callbacks.on_batches_end()
                        self._agree()
                        engine.clock = time.monotonic()  # leaves out the time of callbacks
                        if is_over(self.until):
                            raise TimeLimitReached
            epochs = engine.ended_epochs()
            if end_batch is not None:
                return True
            callbacks.on_validation_begin()
            score, loss = None, math.nan
            if self.validation is not None:
                score, loss = self.validation.measure(self.until)
            is_best = recorder.record(epochs, engine.n_rows, score, loss)
            if is_best or self.state.best_params is None:
                self._kept_measures = KeptMeasures(loss)
                if score is not None:
                    self._kept_measures = KeptMeasures(loss, score)
            engine.end_epoch()
        except TimeLimitReached:
            return False
        except DivergenceError as error:
            raise engine.explained(error) from error
        finally:
            if engine.unrecorded:  # several epochs, of which the last one is not complete
                recorder.record(engine.unrecorded, engine.n_rows)
                engine.unrecorded = []
        callbacks.on_epoch_end()
        self._agree()
        return True

    def _agree(self) -> None:
        """Agree with those who train together; they may stop training, or end its time."""
        if self.job.team.agree(self.state):
            self.until = time.monotonic()

    def _epochs_ahead(self, most: float) -> float:
        """Return how many epochs may pass before anybody must be asked."""
        if self.validation:
            return 1
        return min(
            most,
            self.job.team.most_epochs,
            self.callbacks.epochs_ahead,
            self.recorder.epochs_ahead,
        )

    def _finish(self) -> None:
        """Restore the best parameters; warn if `max_iter` came before convergence."""
        job, state, options = self.job, self.state, self.job.options
        self.ended = True
        state.restore_best()
        never_stops = math.isinf(options.n_iter_no_change) and options.tol == 0
        is_planned = state.stopped or state.stepping()[1].is_planned or never_stops
        category = sklearn_class(ConvergenceWarning)
        if not is_planned and state.epoch >= options.max_iter and not is_ignored(category):
            text = (
                f"Stochastic Optimizer: Maximum iterations ({options.max_iter}) reached and the "
                "optimization hasn't converged yet."
            )
            warn(text + scale_advice(job.objective, job.data), category)

    def warn_if_useless(self, rule: WarningRule = ALWAYS) -> bool:
        """Warn if the trained model is useless; return whether it is shown to be."""
        return warn_if_useless(self.job, self._kept_measures, self.engine.sampled_targets(), rule)
