"""What the package must know of a loss besides what the core computes: a row for each."""

from __future__ import annotations

from typing import Any, NamedTuple


class LossTraits(NamedTuple):
    """What y must be for a loss, and what the loss means.

    Attributes
    ----------
    answer : {"mean", "median", "quantile", "location", "shares", "smoothed shares", "focused shares"}
        The best constant answer for the cost that training minimizes, which `cmlp._train.constant_answer` finds. The
        location is between mean and median: far targets pull with a limited force. The smoothed shares are those of
        the classes after label smoothing, and the focused ones have less cost than the shares, because the focal loss
        counts sure answers less.
    words : str
        The best constant answer in a message.
    targets : {"numbers", "not be negative", "be positive", "probabilities"}
        What targets must be: numbers are the words of an error.
    power : int
        The unit of the loss is this power of y's; 0 if it has none.
    """

    answer: str
    words: str
    targets: str = "numbers"
    power: int = 0

    @property
    def is_robust(self) -> bool:
        """Whether no single target moves the best constant answer far, and the cost grows with the distance."""
        return self.answer in ("median", "quantile", "location")

    @property
    def is_squared(self) -> bool:
        """Whether the loss is the squared error, of which R^2 is a ratio."""
        return self.answer == "mean" and self.power == 2

    @property
    def predicts_quantiles(self) -> bool:
        """Whether the parameter of the loss is one or several quantiles."""
        return self.answer == "quantile"

    @property
    def smooths_labels(self) -> bool:
        """Whether the parameter of the loss is that of label smoothing."""
        return self.answer == "smoothed shares"

    @property
    def has_positive_outputs(self) -> bool:
        """Whether outputs are exponential, and y must not be negative."""
        return self.targets in ("not be negative", "be positive")

    @property
    def needs_positive_targets(self) -> bool:
        """Whether y must be above 0."""
        return self.targets == "be positive"

    @property
    def has_probabilities(self) -> bool:
        """Whether outputs are probabilities."""
        return self.targets == "probabilities"


_MEAN = "the mean of y"
_SHARES = "the shares of the classes"
_TRAITS = {
    "squared_error": LossTraits("mean", _MEAN, power=2),
    "huber": LossTraits("location", "the best constant", power=2),
    "absolute_error": LossTraits("median", "the median of y", power=1),
    "quantile": LossTraits("quantile", "the quantile of y", power=1),
    "poisson": LossTraits("mean", _MEAN, "not be negative"),
    "gamma": LossTraits("mean", _MEAN, "be positive"),
    "log_loss": LossTraits("shares", _SHARES, "probabilities"),
    "focal": LossTraits("focused shares", "the best constant probabilities", "probabilities"),
    "label_smoothing": LossTraits("smoothed shares", _SHARES, "probabilities"),
}
_OF_A_FUNCTION = LossTraits("unknown", "a constant")


def traits_of(loss: Any) -> LossTraits:
    """Return the row of a loss; of a function, nothing is known."""
    return _TRAITS[loss] if isinstance(loss, str) else _OF_A_FUNCTION
