"""`resume=True`: the fit that a call continues, what must not have changed since, and its state."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from cmlp._estimators.estimator_options import PLAIN
from cmlp._estimators.fitted import INTERRUPTED, fitted_of
from cmlp._train.parameters import PARAMETERS
from cmlp.exceptions import InvalidParameterError, Message, NotFittedError, Phrase, Setting, sklearn_class

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmlp._estimators.estimator import Estimator
    from cmlp._estimators.fitted import Fitted
    from cmlp._train.state import TrainingState
    from cmlp._train.training_options import TrainingOptions


def parameters_to_keep(estimator: Estimator) -> dict[str, Any]:
    """Return copies of the parameters that must not change before training is resumed."""
    values = estimator._parameters()
    names = PARAMETERS.fixed_on_resume(estimator._parameter_owner)
    kept = {name: values[name] for name in names}
    # Only what could change is copied: a copy of each of the 30 others would take longer than an epoch.
    changing = [name for name, value in kept.items() if type(value) not in PLAIN and not callable(value)]
    return {**kept, **{name: deepcopy(kept[name]) for name in changing}}


def _require_same_parameters(kept: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise ValueError if a parameter differs from that of the fit that is resumed; kept ones may be missing."""
    for name, value in now.items():
        was = kept.get(name, value)
        if not _is_same(was, value):
            before, new = Setting(name, was), Setting(name, value)
            sentence = "<resume=> continues a fit with <before>, so <new> is not possible."
            raise InvalidParameterError(sentence, resume=True, before=before, new=new, about=new)


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


def _kept_fit(estimator: Estimator) -> Any:
    """Return what is kept of the previous call of fit, interrupted or complete; NotFittedError if there is none."""
    fitted = vars(estimator).get(INTERRUPTED) or fitted_of(estimator)
    if fitted is None:
        problem = "<resume=> continues a call of fit, but this {} instance has none."
        raise sklearn_class(NotFittedError)(Message(problem, type(estimator).__name__, resume=True))
    return fitted


def fit_to_resume(estimator: Estimator, options: TrainingOptions, *, in_rounds: bool = False) -> Fitted:
    """Return what is kept of the previous fit; raises ValueError if it cannot be resumed.

    Training by `cmlp.distributed.fit` continues `in_rounds` only: its state counts rounds instead of batches.
    """
    if options.solver == "lbfgs":
        raise InvalidParameterError(
            "<resume=> needs epochs, but <solver=> has none: <instead>.",
            resume=True,
            solver="lbfgs",
            instead=Phrase("not_resumed", "use warm_start=True"),
            about=Setting("solver", "lbfgs"),
        )
    fitted: Fitted = _kept_fit(estimator)
    kept = fitted.state.resume_check.parameters
    if kept is None:
        problem = (
            "<resume=> continues a call of fit, but this model has no state of one: it was trained by partial_fit, "
            "with <solver=> or with a random generator other than MT19937, or loaded without its training state."
        )
        raise ValueError(Message(problem, resume=True, solver="lbfgs"))
    if "rounds" in kept and not in_rounds:
        problem = "<resume=> cannot continue a fit of cmlp.distributed: pass its checkpoint to that function."
        raise ValueError(Message(problem, resume=True))
    _require_same_parameters(kept, parameters_to_keep(estimator))
    return fitted


def table_to_resume(estimator: Estimator) -> Fitted:
    """Return what is kept of the previous fit of a table; raises ValueError if it cannot be resumed."""
    fitted: Fitted = _kept_fit(estimator)
    kept = fitted.state.resume_check.parameters if fitted.states else None
    if kept is None:
        problem = (
            "<resume=> continues a fit that was interrupted, but that of this {} is complete, or it was loaded from a "
            "file, which has no training state."
        )
        raise ValueError(Message(problem, type(estimator).__name__, resume=True))
    _require_same_parameters(kept, parameters_to_keep(estimator))
    return fitted


def resumed_state(kept: TrainingState, options: TrainingOptions) -> TrainingState:
    """Return a state from which training continues; the kept one stays as it is."""
    state = kept.copy()
    assert state.schedule is not None
    # A callback or an interruption does not end training for good, but the stopping rule does.
    state.stopped = not state.schedule.is_planned and state.history.stale > options.n_iter_no_change
    return state
