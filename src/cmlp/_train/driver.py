"""From the arguments of `fit` to what executes it: the loop, or a minimizer without epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from cmlp._train.beginning import begin
from cmlp._train.lbfgs import LBFGS
from cmlp._train.loop import Training

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmlp._train.beginning import Fit
    from cmlp._train.engine import Engine

Driver: TypeAlias = Training | LBFGS


def driver_of(fit: Fit, n_rows: int, engine: Callable[[Fit], Engine]) -> Driver:
    """Begin or continue training on `n_rows` rows (0 if not known), whose engine is made when it has begun."""
    begun, state = begin(fit, n_rows), fit.state
    if fit.settings.solver == "lbfgs":
        return LBFGS(begun)
    if state.optimizer is None or state.schedule is None:
        state.optimizer, state.schedule = fit.settings.optimizer(fit.net), fit.settings.schedule()
    return Training(begun, engine(begun))
