"""What the package must know of a loss besides what the core computes: a row for each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from cmlp._data.array_types import AnyArray

Array: TypeAlias = AnyArray
Descent: TypeAlias = Callable[[Array, Array, Any, int], Array]


class LossTraits(NamedTuple):
    """What y must be for a loss, and what the loss means.

    Attributes
    ----------
    best_constant : {"mean", "median", "quantile", "huber location", "shares", ...}
        The best constant answer for the cost that training minimizes, which
        `cmlp._train.constant_answer` finds. The Huber location is between mean and median: far
        targets pull with a limited force. The "smoothed shares" are those of the classes after
        label smoothing, and the "focused shares" have less cost than the shares, because the focal
        loss counts sure answers less.
    best_constant_text : str
        The best constant answer in a message.
    estimators : tuple of str
        The estimators whose parameter `loss` can name it. `Network` and `Trainer` have all losses.
    formula : str
        The cost of an output in docstrings, with ``d = output - target`` and `p` for the parameter.
    descent : callable
        ``descent(outputs, targets, p, n_classes)`` is minus the derivative of a row's cost with
        respect to its outputs. `n_classes` is 0 if each output is a probability of its own. The
        result is infinite where a loss has the logarithm of an output that was rounded to 0.
    targets : {"be finite", "not be negative", "be positive", "be from 0 to 1"}
        What targets must do, in the words of an error.
    power : int
        The unit of the loss is this power of y's; 0 if it has none.
    """

    best_constant: str
    best_constant_text: str
    estimators: tuple[str, ...]
    formula: str
    descent: Descent
    targets: str = "be finite"
    power: int = 0

    @property
    def is_robust(self) -> bool:
        """Whether no single target moves the best constant answer far, and the cost grows with the distance."""
        return self.best_constant in ("median", "quantile", "huber location")

    @property
    def is_squared(self) -> bool:
        """Whether the loss is the squared error, of which R^2 is a ratio."""
        return self.best_constant == "mean" and self.power == 2

    @property
    def is_log_loss(self) -> bool:
        """Whether the loss is scikit-learn's log loss, and none of its variants."""
        return self.best_constant == "shares"

    @property
    def predicts_quantiles(self) -> bool:
        """Whether the parameter of the loss is one or several quantiles."""
        return self.best_constant == "quantile"

    @property
    def smooths_labels(self) -> bool:
        """Whether the parameter of the loss is that of label smoothing."""
        return self.best_constant == "smoothed shares"

    @property
    def has_positive_outputs(self) -> bool:
        """Whether outputs are exponential, and y must not be negative."""
        return self.targets in ("not be negative", "be positive")

    @property
    def output(self) -> str:
        """The activation of a regressor's outputs."""
        return "exp" if self.has_positive_outputs else "identity"

    @property
    def needs_positive_targets(self) -> bool:
        """Whether y must be above 0."""
        return self.targets == "be positive"

    @property
    def depends_on_unit(self) -> bool:
        """Whether the cost of an output that equals its target is not 0, but depends on y's unit."""
        return self.needs_positive_targets

    @property
    def lowest_target(self) -> float:
        """The number below which no target is."""
        return 0.0 if self.has_positive_outputs else -math.inf

    @property
    def has_probabilities(self) -> bool:
        """Whether outputs are probabilities."""
        return self.targets == "be from 0 to 1"

    @property
    def allows_all(self) -> bool:
        """Whether targets may be any finite numbers."""
        return self.targets == "be finite"

    def outside(self, targets: Any) -> Any:
        """Return which of some finite targets, numbers of NumPy, the loss does not allow."""
        if self.needs_positive_targets:
            return targets <= 0
        outside = (targets < 0) & (not self.allows_all)
        return outside | (targets > 1) if self.has_probabilities else outside


def _log_descent(focus: Any, a: Array, t: Array, n_classes: int) -> Array:
    """Return minus the derivative of the log loss, whose terms have the factor ``(1 - a)**focus``."""

    def toward_one(probability: Array, target: Array) -> Array:
        """Return that of ``-target * (1 - probability)**focus * log(probability)``."""
        rest = 1 - probability
        slope = rest**focus / probability
        if focus:
            slope = slope - focus * rest ** (focus - 1) * np.log(probability)
        return np.where(target == 0, 0, target * slope).astype(a.dtype)

    descent = toward_one(a, t)
    return descent if n_classes else descent - toward_one(1 - a, 1 - t)


def _plain_log_descent(a: Array, t: Array, p: Any, n_classes: int) -> Array:
    return _log_descent(a.dtype.type(0), a, t, n_classes)


def _focal_descent(a: Array, t: Array, p: Any, n_classes: int) -> Array:
    return _log_descent(p, a, t, n_classes)


def _smoothed_descent(a: Array, t: Array, p: Any, n_classes: int) -> Array:
    smoothed = (1 - p) * t + p / a.dtype.type(n_classes or 2)
    return _log_descent(a.dtype.type(0), a, smoothed, n_classes)


def _quantile_descent(a: Array, t: Array, p: Any, n_classes: int) -> Array:
    return np.where(a > t, p - 1, np.where(a < t, p, 0)).astype(a.dtype)


_CLASSIFIER = ("MLPClassifier",)
_MLP_REGRESSOR = ("MLPRegressor",)
_STREAM = (*_MLP_REGRESSOR, "river.MLPRegressor")
_TABLE = (*_MLP_REGRESSOR, "TabularRegressor")
_REGRESSORS = (*_STREAM, "TabularRegressor")
_MEAN = "the mean of y"
_SHARES = "the shares of the classes"
_TRAITS = {
    "squared_error": LossTraits(
        best_constant="mean",
        best_constant_text=_MEAN,
        estimators=(*_CLASSIFIER, *_REGRESSORS),
        formula="``d ** 2``; `MLPRegressor` has half of it, as scikit-learn.",
        descent=lambda a, t, p, n_classes: 2 * (t - a),
        power=2,
    ),
    "huber": LossTraits(
        best_constant="huber location",
        best_constant_text="the best constant",
        estimators=_REGRESSORS,
        formula=(
            "``d ** 2 / 2`` if ``abs(d) <= p``, otherwise ``p * (abs(d) - p / 2)``; by default p = "
            "1. Large\n"
            "errors count less (Huber 1964)."
        ),
        descent=lambda a, t, p, n_classes: np.clip(t - a, -p, p),
        power=2,
    ),
    "absolute_error": LossTraits(
        best_constant="median",
        best_constant_text="the median of y",
        estimators=_REGRESSORS,
        formula="``abs(d)``; its minimum is the median.",
        descent=lambda a, t, p, n_classes: np.sign(t - a),
        power=1,
    ),
    "quantile": LossTraits(
        best_constant="quantile",
        best_constant_text="the quantile of y",
        estimators=_TABLE,
        formula=(
            "``(1 - p) * d`` if d is positive, otherwise ``-p * d``; by default p = 0.5. Its "
            "minimum is the\n"
            "quantile of the level p (Koenker and Bassett 1978)."
        ),
        descent=_quantile_descent,
        power=1,
    ),
    "poisson": LossTraits(
        best_constant="mean",
        best_constant_text=_MEAN,
        estimators=_REGRESSORS,
        formula=(
            "``output - target + target * log(target / output)``, half the Poisson deviance, for "
            "counts;\n"
            "targets must not be negative."
        ),
        descent=lambda a, t, p, n_classes: t / a - 1,
        targets="not be negative",
    ),
    "gamma": LossTraits(
        best_constant="mean",
        best_constant_text=_MEAN,
        estimators=_REGRESSORS,
        formula=(
            "``target / output + log(output)``, up to a constant half the gamma deviance, for "
            "prices and\n"
            "durations; targets must be positive."
        ),
        descent=lambda a, t, p, n_classes: (t / a - 1) / a,
        targets="be positive",
    ),
    "tweedie": LossTraits(
        best_constant="mean",
        best_constant_text=_MEAN,
        estimators=_REGRESSORS,
        formula=(
            "half the Tweedie deviance of the power p, which is above 1 and below 2, by default 1.5,\n"
            "``output ** (2 - p) / (2 - p) + target * output ** (1 - p) / (p - 1)`` less its value at\n"
            "``output = target``, for amounts many of which are 0 (Jorgensen 1987); targets must not be\n"
            "negative."
        ),
        descent=lambda a, t, p, n_classes: (t / a - 1) * a ** (1 - p),
        targets="not be negative",
    ),
    "log_loss": LossTraits(
        best_constant="shares",
        best_constant_text=_SHARES,
        estimators=_CLASSIFIER,
        formula="``-log(output)`` of the true class.",
        descent=_plain_log_descent,
        targets="be from 0 to 1",
    ),
    "focal": LossTraits(
        best_constant="focused shares",
        best_constant_text="the best constant probabilities",
        estimators=_CLASSIFIER,
        formula=(
            "the log loss with every ``log(output)`` multiplied by ``(1 - output) ** p``; by "
            "default p = 2\n"
            "(Lin et al. 2017)."
        ),
        descent=_focal_descent,
        targets="be from 0 to 1",
    ),
    "label_smoothing": LossTraits(
        best_constant="smoothed shares",
        best_constant_text=_SHARES,
        estimators=_CLASSIFIER,
        formula=(
            "the log loss with the targets ``(1 - p) * target + p / n_classes``; p is below 1, by "
            "default\n"
            "0.1 (Szegedy et al. 2016). A logistic output has two classes."
        ),
        descent=_smoothed_descent,
        targets="be from 0 to 1",
    ),
}
FOR_PREDICTION = "squared_error"  # every output activation allows it: for networks that never train
_OF_A_FUNCTION = LossTraits(
    best_constant="unknown",
    best_constant_text="a constant",
    estimators=(),
    formula="",
    descent=lambda a, t, p, n_classes: a * np.nan,
)


def traits_of(loss: Any) -> LossTraits:
    """Return the row of a loss; of a function, nothing is known."""
    return _TRAITS[loss] if isinstance(loss, str) else _OF_A_FUNCTION


def losses_of(estimator: str = "") -> list[str]:
    """Return the names of an estimator's losses, or of all losses, sorted."""
    rows = _TRAITS.items()
    return sorted(name for name, row in rows if not estimator or estimator in row.estimators)


def exponential_losses() -> str:
    """Return the names of the losses whose outputs are exponential, in a sentence."""
    *others, last = (f'"{name}"' for name in losses_of() if traits_of(name).output == "exp")
    return f"{', '.join(others)} and {last}"


def formulas(estimator: str = "") -> str:
    """Return the list of an estimator's losses, or of all losses, in a docstring."""
    items = (f'- "{name}": {traits_of(name).formula}' for name in losses_of(estimator))
    return "\n".join(item.replace("\n", "\n  ") for item in items)
