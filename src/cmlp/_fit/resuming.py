"""`resume=True`: the fit that a call continues, what must not have changed since, and its state."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from cmlp._fit.fitted import INTERRUPTED, Fitted, fitted_of
from cmlp._fit.recipe import require_this_recipe
from cmlp._parameters.entries import PARAMETERS, RESUME
from cmlp._parameters.options import PLAIN, TrainingOptions
from cmlp.exceptions import InvalidParameterError, NotFittedError, shown, sklearn_class

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmlp._fit.call import EstimatorToFit
    from cmlp._model.model import NetworkModel, TableModel
    from cmlp._train.state import TrainingState


def hyperparameters_to_keep(estimator: EstimatorToFit) -> dict[str, Any]:
    """Return copies of the parameters that must not change before training is resumed."""
    values = estimator._parameters()
    names = PARAMETERS.fixed_on_resume(estimator._parameter_owner)
    kept = {name: values[name] for name in names}
    # Only what could change is copied: a copy of each of the 30 others would take longer than an
    # epoch.
    changing = [
        name for name, value in kept.items() if type(value) not in PLAIN and not callable(value)
    ]
    return {**kept, **{name: deepcopy(kept[name]) for name in changing}}


def _require_same_parameters(kept: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise ValueError if a parameter differs from that of the fit that is resumed; kept ones may be missing."""
    for name, value in now.items():
        was = kept.get(name, value)
        if not _is_same(was, value):
            raise InvalidParameterError(
                f"resume=True continues a fit with {name}={shown(was)}, so {name}={shown(value)} "
                "is not possible.",
                parameter=name,
                value=value,
            )


def _is_same(was: Any, now: Any) -> bool:
    """Return whether two values of a parameter are equal. Arrays, lists and tuples with equal entries are."""
    if was is now:
        return True
    if isinstance(was, dict) and isinstance(now, dict):
        return was.keys() == now.keys() and all(_is_same(was[key], now[key]) for key in was)
    if any(isinstance(value, str) or not hasattr(value, "__iter__") for value in (was, now)):
        return bool(was == now)
    entries = list(was), list(now)
    return len(entries[0]) == len(entries[1]) and all(map(_is_same, *entries))


def _kept_fit(estimator: EstimatorToFit, refusal: str) -> Fitted[Any]:
    """Return what is kept of the previous call of fit, interrupted or complete; NotFittedError if there is none.

    ValueError if another recipe has trained it, if a parameter has changed, or with `refusal` if it cannot be resumed.
    """
    result = vars(estimator).get(INTERRUPTED) or fitted_of(estimator)
    if result is None:
        raise sklearn_class(NotFittedError)(
            f"resume=True continues a call of fit, but this {type(estimator).__name__} instance "
            "has none."
        )
    require_this_recipe(result.recipe, "resume=True")
    kept = result.state.kept_hyperparameters if result.states else None
    if kept is None:
        raise ValueError(refusal)
    _require_same_parameters(kept, hyperparameters_to_keep(estimator))
    return result


def fit_to_resume(estimator: EstimatorToFit, options: TrainingOptions) -> Fitted[NetworkModel]:
    """Return what is kept of the previous fit; raises ValueError if it cannot be resumed."""
    PARAMETERS.require_allowed(RESUME, vars(options))
    return _kept_fit(
        estimator,
        "resume=True continues a call of fit, but this model has no state of one: it was "
        "trained by partial_fit, with solver='lbfgs' or with a random generator other than "
        "MT19937, or loaded without its training state.",
    )


def table_to_resume(estimator: EstimatorToFit) -> Fitted[TableModel]:
    """Return what is kept of the previous fit of a table; raises ValueError if it cannot be resumed."""
    return _kept_fit(
        estimator,
        "resume=True continues a fit that was interrupted, but that of this "
        f"{type(estimator).__name__} is complete, or it was loaded from a file, which has no "
        "training state.",
    )


def resumed_state(kept: TrainingState, options: TrainingOptions) -> TrainingState:
    """Return a state from which training continues; the kept one stays as it is."""
    state = kept.copy()
    assert state.schedule is not None
    # A callback or an interruption does not end training for good, but the stopping rule does.
    state.stopped = not state.schedule.is_planned and state.history.stale > options.n_iter_no_change
    return state
