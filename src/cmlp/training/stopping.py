"""Rules that say whether an epoch was an improvement: by the training loss, or by the score of validation rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from cmlp.inputs.blocks import block_copy
from cmlp.training.history import Curve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cmlp.training.history import History
    from cmlp.training.state import TrainingState


class StoppingRule:
    """What is watched, and what counts as an improvement.

    Parameters
    ----------
    tol : float
        Minimum improvement for an epoch to count as one.
    """

    measure: ClassVar[str]

    def __init__(self, tol: float) -> None:
        self.tol = tol

    def begin(self, history: History) -> None:
        """Prepare a history for this rule; where the former call watched the other measure, watching starts anew."""
        raise NotImplementedError

    def watch(self, state: TrainingState, cost: float, score: Callable[[], float]) -> None:
        """Record the measure of one epoch in the state; `score` computes that of the validation rows."""
        raise NotImplementedError


class TrainingLoss(StoppingRule):
    """The training loss has to fall by `tol` below the best one."""

    measure = "Training loss"

    def begin(self, history: History) -> None:
        """Prepare a history for this rule."""
        if history.best_loss is None:
            history.best_loss = math.inf
        history.validation_scores = history.best_validation_score = None

    def watch(self, state: TrainingState, cost: float, score: Callable[[], float]) -> None:
        """Record the cost of one epoch in the state."""
        history = state.history
        best = math.inf if history.best_loss is None else history.best_loss
        history.stale = 0 if cost <= best - self.tol else history.stale + 1
        history.best_loss = min(best, cost)


class ValidationScore(StoppingRule):
    """The score of the validation rows has to rise by `tol` above the best one; the best parameters are kept."""

    measure = "Validation score"

    def begin(self, history: History) -> None:
        """Prepare a history for this rule."""
        if history.validation_scores is None:
            history.best_loss, history.validation_scores = None, Curve()
            history.best_validation_score = -math.inf

    def watch(self, state: TrainingState, cost: float, score: Callable[[], float]) -> None:
        """Record the score of one epoch in the state, and its parameters if they are the best so far."""
        history = state.history
        reached = score()
        best = -math.inf if history.best_validation_score is None else history.best_validation_score
        history.validation_scores = (history.validation_scores or Curve()).appended(reached)
        history.stale = 0 if reached >= best + self.tol else history.stale + 1
        if reached > best:
            history.best_validation_score = reached
            state.best = block_copy(state.params)


# The rule for each value of `early_stopping`.
STOPPING_RULES: Mapping[bool, type[StoppingRule]] = {False: TrainingLoss, True: ValidationScore}
