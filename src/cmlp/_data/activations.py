"""What the package must know of an activation besides what the core computes: a row for each."""

from __future__ import annotations

import math
from typing import NamedTuple

_DEEPEST = 10  # hidden layers that gradients can pass with most activations


class ActivationTraits(NamedTuple):
    """What an activation can return, and how it is used.

    Attributes
    ----------
    lowest, highest : float
        The bounds of its values, with any parameter.
    most_layers : int
        More hidden layers with this activation are hard to train.
    is_exact : bool
        Whether it rises, or stays equal, with its argument in every type, because it only compares
        and multiplies. The core then bounds it in float64 too.
    usual_loss : str
        The default loss of an output layer; "" for activations of hidden layers only.
    synonyms : tuple of str
        Other names that parameters accept.
    """

    lowest: float = -math.inf
    highest: float = math.inf
    most_layers: int = _DEEPEST
    is_exact: bool = False
    usual_loss: str = ""
    synonyms: tuple[str, ...] = ()

    @property
    def saturates(self) -> bool:
        """Whether it is nearly constant for large sums of both signs."""
        return self.lowest > -math.inf and self.highest < math.inf

    @property
    def is_probability(self) -> bool:
        """Whether an output is a probability."""
        return self.usual_loss == "log_loss"


_TRAITS = {
    "identity": ActivationTraits(is_exact=True, usual_loss="squared_error"),
    "logistic": ActivationTraits(
        lowest=0, highest=1, most_layers=2, usual_loss="log_loss", synonyms=("sigmoid",)
    ),
    "tanh": ActivationTraits(lowest=-1, highest=1, most_layers=6, usual_loss="squared_error"),
    "relu": ActivationTraits(lowest=0, is_exact=True),
    "softmax": ActivationTraits(lowest=0, highest=1, usual_loss="log_loss"),
    "exp": ActivationTraits(lowest=0, usual_loss="poisson"),
    "leaky_relu": ActivationTraits(is_exact=True),
    "elu": ActivationTraits(),
    "silu": ActivationTraits(lowest=-0.2785),
    "gelu": ActivationTraits(lowest=-0.17),
    "softplus": ActivationTraits(lowest=0),
    "softsign": ActivationTraits(lowest=-1, highest=1),
}
SYNONYMS = {other: name for name, row in _TRAITS.items() for other in row.synonyms}


def traits_of_activation(name: str) -> ActivationTraits:
    """Return the row of an activation."""
    return _TRAITS[name]
