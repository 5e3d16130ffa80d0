"""What the package must know of a loss besides what the core computes: a row for each."""

from __future__ import annotations

import math
from typing import Any, NamedTuple


class LossTraits(NamedTuple):
    """What y must be for a loss, and what the loss means.

    Attributes
    ----------
    answer : {"mean", "quantile", "mean or median", "shares"}
        What the best constant answer is.
    targets : {"numbers", "not be negative", "be positive", "probabilities"}
        What targets must be: numbers are the words of an error.
    power : int
        The unit of the loss is this power of y's; 0 if it has none.
    """

    answer: str
    targets: str = "numbers"
    power: int = 0

    @property
    def is_robust(self) -> bool:
        """Whether no single target moves the best constant answer far."""
        return self.answer == "quantile"

    @property
    def has_positive_outputs(self) -> bool:
        """Whether outputs are exponential, and y must not be negative."""
        return self.targets in ("not be negative", "be positive")

    @property
    def lowest_target(self) -> float:
        """The number below which no target is."""
        return 0.0 if self.has_positive_outputs else -math.inf

    @property
    def has_probabilities(self) -> bool:
        """Whether outputs are probabilities."""
        return self.targets == "probabilities"


_TRAITS = {
    "squared_error": LossTraits("mean", power=2),
    "huber": LossTraits("mean or median", power=2),
    "absolute_error": LossTraits("quantile", power=1),
    "quantile": LossTraits("quantile", power=1),
    "poisson": LossTraits("mean", "not be negative"),
    "gamma": LossTraits("mean", "be positive"),
    "log_loss": LossTraits("shares", "probabilities"),
    "focal": LossTraits("shares", "probabilities"),
    "label_smoothing": LossTraits("shares", "probabilities"),
}
_OF_A_FUNCTION = LossTraits("unknown")


def traits_of(loss: Any) -> LossTraits:
    """Return the row of a loss; of a function, nothing is known."""
    return _TRAITS[loss] if isinstance(loss, str) else _OF_A_FUNCTION
