"""What a training run minimizes, in which unit it is reported, and how the validation rows are scored."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from cmlp._bridge import _core
from cmlp._data.array_types import AnyArray, LossFunction
from cmlp._data.losses import traits_of
from cmlp._train.scores import d2_pinball, r_squared
from cmlp._train.state import TrainingState
from cmlp.exceptions import naming

_EPS = {np.dtype(kind): float(np.finfo(kind).eps) for kind in (np.float32, np.float64)}
# Validation score of (outputs, targets, weight); higher is better.
Score: TypeAlias = Callable[[AnyArray, AnyArray, AnyArray | None], float]


class Objective(NamedTuple):
    """What training minimizes, and how it reports losses and scores the validation rows.

    A `score_of_outputs` of None is minus the plain cost of the validation rows: the mean cost without what the
    loss adds for training, such as label smoothing. The core computes it in the pass that computes
    the validation loss.

    Training minimizes `loss_scale` times the core's cost. The reported loss differs by `report_scale` and `unit`.
    If `y_scale` is set, training learns this scale of the targets. `y_advice` is what helps with large targets; empty
    if they cannot be too large.
    """

    score_of_outputs: Score | None
    loss_scale: float = 1.0
    report_scale: float = 1.0
    y_scale: str | None = None
    unit: float = 1.0
    y_advice: str = ""
    # The user's own score of the present parameters of a training run.
    user_score: Callable[[Any], float] | None = None
    score_name: str = "accuracy"
    # Whether `score_of_outputs` is minus a loss of its own, which is then the validation loss.
    score_is_minus_loss: bool = False

    def reported(self, cost: float, penalty: float = 0.0) -> float:
        """Return the loss to report for a cost of the core without the penalty."""
        return (cost * self.report_scale + penalty) * self.unit


def has_validation_rows(X_val: object, y_val: object, sample_weight_val: object) -> bool:
    """Return whether there are own validation data; raise ValueError if only a part of them is there."""
    if (X_val is None) != (y_val is None):
        missing, present = ("X_val", "y_val") if X_val is None else ("y_val", "X_val")
        raise ValueError(f"{missing} must be passed with {present}, got {missing}=None.")
    if X_val is None and sample_weight_val is not None:
        raise ValueError("sample_weight_val must be passed with X_val and y_val, got X_val=None.")
    return X_val is not None


def naming_validation() -> AbstractContextManager[None]:
    """Name the validation data in the messages of errors."""
    return naming("the validation data (X_val, y_val)")


def y_scale_to_learn(objective: Objective, state: TrainingState) -> str | None:
    """Return the name of the scale of the targets that a training run learns; None if it learns none, or has one."""
    return objective.y_scale if state.target_scale is None else None


def log_loss_clip(net: _core.Net) -> float:
    """Return the eps for which the reported log loss clips probabilities to [eps, 1 - eps], as in scikit-learn."""
    return _EPS[net.dtype] if traits_of(net.loss).is_log_loss else 0.0


def y_advice(loss: str | LossFunction, standardizing: str) -> str:
    """Return what helps with large targets; positive ones for exponential outputs cannot be standardized."""
    return "dividing y by its mean" if traits_of(loss).has_positive_outputs else standardizing


def objective_of_numbers(quantiles: tuple[float, ...] | None) -> Objective:
    """Return an objective whose score is the coefficient of determination, or for several quantiles D^2."""
    if quantiles is None:
        return Objective(lambda outputs, y, weight: r_squared(y, outputs, weight), score_name="r2")
    score: Score = lambda outputs, y, weight: d2_pinball(y, outputs, quantiles, weight)  # noqa: E731
    return Objective(score, score_name="d2_pinball")
