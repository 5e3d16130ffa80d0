"""Stopping rules: decide whether an epoch was an improvement, from the training loss or the validation score."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from cmlp._train.history import Curve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmlp._train.history import History


class StoppingRule:
    """Stopping rules: the base class records a measure of each epoch; improvements below `tol` do not count."""

    measure: ClassVar[str]

    def __init__(self, tol: float) -> None:
        self.tol = tol

    def begin(self, history: History) -> None:
        """Prepare a history for this rule. If the previous call used the other rule, reset the best value."""
        raise NotImplementedError

    def watch(self, history: History, loss: float, score: float | None) -> bool:
        """Record loss and validation score of one epoch; return whether the parameters are the best so far."""
        raise NotImplementedError

    def _record(self, history: History, score: float) -> float:
        """Record a validation score; return the best one before."""
        best = -math.inf if history.best_validation_score is None else history.best_validation_score
        history.validation_scores = (history.validation_scores or Curve()).appended(score)
        history.best_validation_score = max(best, score)
        return best


class TrainingLoss(StoppingRule):
    """An epoch is an improvement if its training loss is at least `tol` below the best loss so far."""

    measure = "Training loss"

    def begin(self, history: History) -> None:
        """Prepare a history for this rule."""
        if history.best_loss is None:
            history.best_loss = math.inf
        history.validation_scores = history.best_validation_score = None

    def watch(self, history: History, loss: float, score: float | None) -> bool:
        """Record the loss of one epoch, and the score if there are validation rows; no parameters are kept."""
        if score is not None:
            self._record(history, score)
        best = math.inf if history.best_loss is None else history.best_loss
        history.stale = 0 if loss <= best - self.tol else history.stale + 1
        history.best_loss = min(best, loss)
        return False


class ValidationScore(StoppingRule):
    """An epoch is an improvement if its validation score is at least `tol` above the best score so far."""

    measure = "Validation score"

    def begin(self, history: History) -> None:
        """Prepare a history for this rule."""
        if history.validation_scores is None:
            history.best_loss, history.validation_scores = None, Curve()
            history.best_validation_score = -math.inf

    def watch(self, history: History, loss: float, score: float | None) -> bool:
        """Record the validation score of one epoch; return whether it is the best so far."""
        assert score is not None
        best = self._record(history, score)
        history.stale = 0 if score >= best + self.tol else history.stale + 1
        return score > best


# The rule for each value of `early_stopping`.
STOPPING_RULES: Mapping[bool, type[StoppingRule]] = {False: TrainingLoss, True: ValidationScore}
