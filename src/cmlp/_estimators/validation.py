"""Validation data and scores of a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmlp._estimators.fitted import Fitted, fitted_network
from cmlp._train.task import Validation, named_validation
from cmlp.exceptions import optional

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from cmlp._data.checks import Door
    from cmlp._data.labels import Labels
    from cmlp._estimators.targets import Targets
    from cmlp._train.driver import Driver


def validation_of(door: Door, targets: Targets, given: tuple[Any, Any, Any]) -> tuple[NDArray[Any], Validation]:
    """Return the targets of the program's own validation rows, as they were passed, and the converted rows."""
    with named_validation():
        opened = door.open(*given)
        return opened.y, Validation(opened.rows.X, *targets.encode(opened.y, opened.weight))


def scorer_of(scoring: str | Callable[..., Any] | None, default: str) -> Callable[..., Any] | None:
    """Return the function for the parameter `scoring`; None for the estimator's own score and for "loss"."""
    if scoring is None or scoring in ("loss", default):
        return None
    if not isinstance(scoring, str):
        return scoring
    needs = f"scoring={scoring!r} needs scikit-learn; otherwise it must be None, 'loss', {default!r} or callable."
    scorer: Callable[..., Any] = optional("sklearn.metrics", needs).get_scorer(scoring)
    return scorer


def present_fit(training: Driver, labels: Labels | None) -> Fitted:
    """Return what a fit would leave with the current parameters of the training run, for a score."""
    live, fit = training.state.finished(), training.fit
    live.fold(fit.net)  # the model predicts y itself, unlike the parameters during training
    return fitted_network(fit.net, live, labels, input_scale=fit.data.input_scale)
