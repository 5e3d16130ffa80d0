"""What the package must know of a loss besides what the core computes: a row for each."""

from __future__ import annotations

from typing import Any, NamedTuple


class LossTraits(NamedTuple):
    """What y must be for a loss, and what the loss means.

    Attributes
    ----------
    answer : {"mean", "quantile", "mean or median", "shares"}
        What the best constant answer is.
    targets : {"be finite", "not be negative", "be positive", "be from 0 to 1"}
        What targets must do, in the words of an error.
    power : int
        The unit of the loss is this power of y's; 0 if it has none.
    """

    answer: str
    targets: str = "be finite"
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
    def has_probabilities(self) -> bool:
        """Whether outputs are probabilities."""
        return self.targets == "be from 0 to 1"

    @property
    def allows_all(self) -> bool:
        """Whether targets may be any finite numbers."""
        return self.targets == "be finite"

    def outside(self, targets: Any) -> Any:
        """Return which of some finite targets, numbers of NumPy, the loss does not allow."""
        if self.targets == "be positive":
            return targets <= 0
        outside = (targets < 0) & (not self.allows_all)
        return outside | (targets > 1) if self.has_probabilities else outside


_TRAITS = {
    "squared_error": LossTraits("mean", power=2),
    "huber": LossTraits("mean or median", power=2),
    "absolute_error": LossTraits("quantile", power=1),
    "quantile": LossTraits("quantile", power=1),
    "poisson": LossTraits("mean", "not be negative"),
    "gamma": LossTraits("mean", "be positive"),
    "log_loss": LossTraits("shares", "be from 0 to 1"),
    "focal": LossTraits("shares", "be from 0 to 1"),
    "label_smoothing": LossTraits("shares", "be from 0 to 1"),
}
_OF_A_FUNCTION = LossTraits("unknown")


def traits_of(loss: Any) -> LossTraits:
    """Return the row of a loss; of a function, nothing is known."""
    return _TRAITS[loss] if isinstance(loss, str) else _OF_A_FUNCTION
