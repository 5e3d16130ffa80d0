"""Keywords of `Network.cost` and similar methods that define the objective."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any, TypedDict

from cmlp.architecture import per_layer
from cmlp.constraints import LARGEST_INTEGER, argument, interval
from cmlp.hyperparameters import network_argument

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike as Array

_SEED = interval(Integral, 0, 2**32 - 1, "both", booleans=False)
_STEP = interval(Integral, 0, LARGEST_INTEGER, "both", booleans=False)


class Objective(TypedDict, total=False):
    """Keywords of `Network.cost` that define the objective."""

    sample_weight: Array | None
    alpha: float | Sequence[float]
    dropout: float | Sequence[float]
    dropout_seed: int
    dropout_step: int


def objective(given: Objective, n_layers: int) -> dict[str, Any]:
    """Return the keywords of an objective, as `Network.cost` documents them, in the form that the core expects."""
    unknown = sorted(set(given) - set(Objective.__annotations__))
    if unknown:
        raise TypeError(
            f"unexpected keyword argument {unknown[0]!r}; valid keywords are {', '.join(Objective.__annotations__)}"
        )
    core: dict[str, Any] = {"sample_weight": given.get("sample_weight")}
    alpha, dropout = given.get("alpha", 0.0), given.get("dropout", 0.0)
    if hasattr(alpha, "__iter__"):
        core["alphas"] = per_layer("alpha", alpha, n_layers)
    else:
        core["alpha"] = network_argument("alpha", alpha)
    rates = per_layer("dropout", dropout, n_layers - 1, "hidden layers")
    if any(rates) or hasattr(dropout, "__iter__"):
        core["dropout"] = rates
    core["dropout_seed"] = argument("dropout_seed", given.get("dropout_seed", 0), _SEED)
    core["dropout_step"] = argument("dropout_step", given.get("dropout_step", 0), _STEP)
    return core
