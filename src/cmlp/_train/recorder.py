"""The recorder: it records epochs in the history, and decides how training continues."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cmlp._bridge.blocks import block_copy

if TYPE_CHECKING:
    from cmlp._train.engine import LossAndNumbers
    from cmlp._train.job import TrainingJob
    from cmlp._train.state import History


class Recorder:
    """Records epochs, and decides how training continues."""

    def __init__(self, job: TrainingJob) -> None:
        self._options, self._state = job.options, job.state
        self._tol = job.options.tol * (1.0 if job.options.early_stopping else job.objective.unit)
        self.message = ""  # what a standstill in the last epoch has changed, for the terminal

    @property
    def epochs_ahead(self) -> float:
        """How many epochs may pass before training may stop, or the learning rate change."""
        options = self._options
        return min(
            options.max_iter - self._state.epoch,
            options.n_iter_no_change + 1 - self._state.history.stale,
        )

    def record(
        self,
        epochs: list[LossAndNumbers],
        n_rows: int,
        score: float | None = None,
        validation_loss: float = math.nan,
    ) -> bool:
        """Record epochs of `n_rows` rows, the last one with the score and the loss of the validation rows.

        Return whether the parameters of the last one are the best so far, which are then kept. Training stops, or the
        learning rate changes, after the last one only.
        """
        state, options = self._state, self._options
        optimizer, schedule = state.stepping()
        # First everything is computed, so that an exception, for example MemoryError, leaves the
        # state as it was.
        history = state.history.copy()
        losses, records = [loss for loss, _ in epochs], [numbers for _, numbers in epochs]
        if score is not None:
            records[-1] = records[-1]._replace(
                validation_loss=validation_loss, validation_score=score
            )
        is_best = self._watch(history, losses, score)
        history.loss, history.t = losses[-1], history.t + n_rows * len(epochs)
        history.loss_curve = history.loss_curve.appended(*losses)
        history.records = history.records.appended(*records)
        # The next rate needs the rows so far; a standstill is what the rule has counted, and
        # changes that rate.
        rate: float | None = schedule.next_rate(optimizer.learning_rate, history.t)
        self.message = ""
        if history.stale > options.n_iter_no_change and not schedule.is_planned:
            assert rate is not None
            message, rate = schedule.rate_after_standstill(rate)
            measure = "Validation score" if options.early_stopping else "Training loss"
            self.message = (
                f"{measure} did not improve more than tol={options.tol:f} for "
                f"{options.n_iter_no_change} consecutive epochs. {message}"
            )
            if rate is not None:
                history.stale = 0
        best_params = state.best_params
        if is_best:
            best_params = block_copy(state.params)
        # Then the state changes.
        state.history = history
        state.best_params = best_params
        state.epoch += len(epochs)
        state.schedule_epoch += len(epochs)
        if rate is None:
            state.stopped = True
        else:
            optimizer.learning_rate = rate
        return is_best

    def _watch(self, history: History, losses: list[float], score: float | None) -> bool:
        """Count the epochs without improvement of the loss, or of the score; return whether the score is the best."""
        best = -math.inf
        if score is not None:
            best = history.add_score(score)
        if not self._options.early_stopping:
            history.watch_losses(losses, self._tol)
            return False
        assert score is not None
        history.stale += 1
        if score >= best + self._tol:
            history.stale = 0
        return score > best
