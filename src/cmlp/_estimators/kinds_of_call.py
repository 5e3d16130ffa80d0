"""The kinds of calls that train one network: which parameters each of them refuses and switches off."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from cmlp.exceptions import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cmlp._estimators.estimator_options import EstimatorOptions


# The sentence of scikit-learn's SGDClassifier.
_BALANCED = (
    "class_weight 'balanced' is not supported for partial_fit. In order to use 'balanced' weights, use "
    "compute_class_weight('balanced', classes=classes, y=y). In place of y you can use a large enough sample of the "
    "full training set target to properly estimate the class frequency distributions. Pass the resulting weights as "
    "the class_weight parameter."
)


def _check_partial_fit(options: EstimatorOptions, name: str, own_rows: bool) -> None:
    """Raise ValueError if a parameter needs more than one call."""
    if options.early_stopping:
        raise InvalidParameterError(
            "partial_fit does not support early_stopping=True, because each call is one epoch: "
            "set early_stopping=False and decide yourself when to stop, or use fit_batches with "
            "X_val and y_val.",
            parameter="early_stopping",
            value=True,
        )
    if options.class_weight == "balanced":
        raise InvalidParameterError(_BALANCED, parameter="class_weight", value="balanced")
    if options.provenance:
        raise InvalidParameterError(
            "partial_fit does not support provenance=True: it does not record what it trains on.",
            parameter="provenance",
            value=True,
        )


def _check_batches(options: EstimatorOptions, name: str, own_rows: bool) -> None:
    """Raise ValueError if the solver has no batches."""
    if options.solver == "lbfgs":
        raise InvalidParameterError(
            f"{name} needs batches, but solver='lbfgs' has none: use another solver.",
            parameter="solver",
            value="lbfgs",
        )


def _check_parts(options: EstimatorOptions, name: str, own_rows: bool) -> None:
    """Raise ValueError if a parameter needs all rows at once."""
    _check_batches(options, name, own_rows)
    if options.early_stopping and not own_rows:
        raise InvalidParameterError(
            f"early_stopping=True needs X_val and y_val for {name}, which holds no rows out.",
            parameter="early_stopping",
            value=True,
        )
    if options.class_weight == "balanced":
        raise InvalidParameterError(
            f"class_weight='balanced' needs all labels, which {name} does not have: pass a dict of weights.",
            parameter="class_weight",
            value="balanced",
        )
    if options.input_scale == "robust":
        raise InvalidParameterError(
            f"input_scale='robust' needs all rows for the quartiles, which {name} does not have: "
            "use 'standard', 'minmax' or (shift, factor).",
            parameter="input_scale",
            value="robust",
        )
    if options.y_scale == "robust":
        raise InvalidParameterError(
            f"y_scale='robust' needs all rows for the quartiles, which {name} does not have: use "
            "'standard', or scale y yourself.",
            parameter="y_scale",
            value="robust",
        )


def _check_range_test(options: EstimatorOptions, name: str, own_rows: bool) -> None:
    """Raise ValueError if the solver has no learning rate."""
    if options.solver == "lbfgs":
        raise InvalidParameterError(
            f"{name} needs a solver with learning rates, but solver='lbfgs' has none.",
            parameter="solver",
            value="lbfgs",
        )


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
