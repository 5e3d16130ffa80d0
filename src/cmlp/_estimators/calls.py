"""What calls that train refuse and switch off: each kind of call for one network, and every fit that is recorded."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._train.constraints import HOOKS
from cmlp._train.random import random_state
from cmlp.exceptions import InvalidParameterError, Setting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    from cmlp._estimators.estimator import Estimator
    from cmlp._estimators.estimator_options import EstimatorOptions, TableOptions

    Options = TypeVar("Options", EstimatorOptions, TableOptions)


# The sentence of scikit-learn's SGDClassifier.
_BALANCED = (
    " 'balanced' is not supported for partial_fit. In order to use 'balanced' weights, use "
    "compute_class_weight('balanced', classes=classes, y=y). In place of y you can use a large enough sample of the "
    "full training set target to properly estimate the class frequency distributions. Pass the resulting weights as "
    "the class_weight parameter."
)


def _check_partial_fit(options: EstimatorOptions, name: str, own_rows: bool) -> None:
    """Raise ValueError if a parameter needs more than one call."""
    if options.early_stopping:
        raise InvalidParameterError(
            "partial_fit does not support ",
            Setting("early_stopping", True),
            ", because each call is one epoch: set early_stopping=False and decide yourself when to stop, or use "
            "fit_batches with X_val and y_val.",
        )
    if options.class_weight == "balanced":
        raise InvalidParameterError(Setting("class_weight", "balanced", "class_weight"), _BALANCED)
    if options.provenance:
        provenance, why = Setting("provenance", True), ": it does not record what it trains on."
        raise InvalidParameterError("partial_fit does not support ", provenance, why)


def _check_batches(options: EstimatorOptions, name: str, own_rows: bool) -> None:
    """Raise ValueError if the solver has no batches."""
    if options.solver == "lbfgs":
        lbfgs = Setting("solver", "lbfgs")
        raise InvalidParameterError(Setting(name), " needs batches, but ", lbfgs, " has none: use another solver.")


def _check_parts(options: EstimatorOptions, name: str, own_rows: bool) -> None:
    """Raise ValueError if a parameter needs all rows at once."""
    _check_batches(options, name, own_rows)
    call = Setting(name)
    if options.early_stopping and not own_rows:
        early_stopping, rows = Setting("early_stopping", True), Setting("X_val", text="X_val and y_val")
        raise InvalidParameterError(early_stopping, " needs ", rows, " for ", call, ", which holds no rows out.")
    if options.class_weight == "balanced":
        balanced, remedy = Setting("class_weight", "balanced"), " does not have: pass a dict of weights."
        raise InvalidParameterError(balanced, " needs all labels, which ", call, remedy)
    quartiles = " needs all rows for the quartiles, which ", call, " does not have: use 'standard', "
    if options.input_scale == "robust":
        robust = Setting("input_scale", "robust")
        raise InvalidParameterError(robust, *quartiles, "'minmax' or (shift, factor).")
    if options.y_scale == "robust":
        raise InvalidParameterError(Setting("y_scale", "robust"), *quartiles, "or scale y yourself.")


def _check_rounds(options: EstimatorOptions, name: str, own_rows: bool) -> None:
    """Raise ValueError if a parameter needs all rows at once, or the fit is to be recorded."""
    _check_parts(options, name, own_rows)
    if options.provenance:
        why = " needs fit, fit_batches or comm: rounds are not recorded."
        raise InvalidParameterError(Setting("provenance", True), why)


def _check_range_test(options: EstimatorOptions, name: str, own_rows: bool) -> None:
    """Raise ValueError if the solver has no learning rate."""
    if options.solver == "lbfgs":
        lbfgs = Setting("solver", "lbfgs")
        raise InvalidParameterError(f"{name} needs a solver with learning rates, but ", lbfgs, " has none.")


class KindOfCall(NamedTuple):
    """What a kind of call allows, and what it does with the parameters and the previous fit."""

    name: str  # in messages
    check: Callable[[EstimatorOptions, str, bool], None] | None = None  # raises ValueError; the last: own validation
    switched_off: Mapping[str, Any] = MappingProxyType({})  # what it does not use, as if parameters had these values
    is_incremental: bool = False  # whether it always continues the previous fit, by one epoch
    is_fit: bool = True  # whether it leaves a model: then it continues a warm start, and warns of unused parameters


FIT = KindOfCall("fit")
PARTIAL_FIT = KindOfCall("partial_fit", _check_partial_fit, {"scoring": None, "max_time": None}, is_incremental=True)
FIT_BATCHES = KindOfCall("fit_batches", _check_parts)
FIT_OF_PROCESSES = KindOfCall("comm", _check_batches)
FIT_IN_ROUNDS = KindOfCall("distributed.fit", _check_rounds)
RANGE_TEST = KindOfCall(
    "find_learning_rate",
    _check_range_test,
    {
        "learning_rate": "constant",
        "warmup": 0.0,
        "early_stopping": False,
        "scoring": None,
        "callbacks": None,
        "max_time": None,
        "verbose": False,
        "provenance": False,
    },
    is_fit=False,
)


# ----------------------------------------------------------------------------------------- fits that are recorded


def recorded(estimator: Estimator, options: Options) -> Options:
    """Return the options with a known seed if the fit is to be recorded."""
    if not options.provenance:
        return options
    return options._replace(random_state=_recorded_seed(estimator.get_params(deep=False)))


def _recorded_seed(values: Mapping[str, Any]) -> int:
    """Return the seed of a fit that is recorded; ValueError that names what could not be repeated."""
    needs = Setting("provenance", True), " needs "
    if values.get("solver") == "lbfgs":
        lbfgs = Setting("solver", "lbfgs")
        raise InvalidParameterError(*needs, "the arithmetic of cmlp, but ", lbfgs, " uses that of SciPy.")
    if values.get("warm_start"):
        why = ": what has trained the earlier model is not recorded."
        raise InvalidParameterError(*needs, Setting("warm_start", False), why)
    for name in ("loss", "learning_rate", "scoring"):
        if callable(values.get(name)):
            why = " by its name, because a function cannot be recorded."
            raise InvalidParameterError(*needs, Setting(name), why)
    if values.get("scoring") not in (None, "loss"):
        found = f" or 'loss', got {values['scoring']!r}, which scikit-learn computes."
        raise InvalidParameterError(*needs, Setting("scoring", None), found)
    if not isinstance(values.get("initialization", ""), str):
        why = " by its name, because initial weights are not recorded."
        raise InvalidParameterError(*needs, Setting("initialization"), why)
    for callback in values.get("callbacks") or ():
        # A class says itself, and not for its subclasses, that the fit is the same without it but for its end.
        if not vars(type(callback)).get("_repeatable") or not vars(callback).keys().isdisjoint(HOOKS):
            why = f"callbacks of cmlp, because others can change the fit, got {callback!r}."
            raise InvalidParameterError(*needs, why)
    seed = values["random_state"]
    if seed is None:
        return int(2**32 * float(random_state(None).random_sample()))
    if not isinstance(seed, (int, np.integer)):
        found = f", got {type(seed).__name__}."
        raise InvalidParameterError(*needs, "an int or None as ", Setting("random_state"), found)
    return int(seed)
