"""`fit` and `partial_fit` of the estimators of one network, and a model of attributes that are assigned before them.

Programs that only predict never import this module.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from operator import is_
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.arrays import rectangular
from cmlp._data.checks import CheckedRows
from cmlp._data.scale import check_scale_width
from cmlp._fit.call import EstimatorToFit, FitCall, fix_seed, to_warm_start
from cmlp._fit.fit import not_recorded, run_fit, store
from cmlp._fit.fitted import (
    ASSIGNED,
    CHECKED,
    NETWORK,
    Fitted,
    assigned_params,
    can_assemble,
    copy_with,
    fitted_of,
    locked,
)
from cmlp._fit.prepare_network import NetworkFit, learn_encoding, net_of, prepare_network
from cmlp._fit.resuming import fit_to_resume
from cmlp._fit.sources import Arrays, RowSource
from cmlp._parameters.entries import FIT, PARAMETERS, PARTIAL_FIT, RANGE_TEST
from cmlp._parameters.options import PLAIN, NetworkOptions, flat, without_ignored
from cmlp._train.same_data import checksums_of, keep_or_compare
from cmlp._train.state import History, TrainingState
from cmlp.exceptions import InvalidParameterError, add_hint

if TYPE_CHECKING:
    from cmlp._data.array_types import AnyArray, GivenRows
    from cmlp._fit.fitted import Recorder
    from cmlp._parameters.hyperparameters import CallKind

# Types of values that are checked once: they never change, or only their state does.
_LASTING = PLAIN | {np.random.RandomState}


def network_call(
    estimator: EstimatorToFit,
    name: CallKind = FIT,
    validation: GivenRows = (None, None, None),
    *,
    resume: bool = False,
) -> FitCall[NetworkOptions]:
    """Check the parameters of an estimator, and find the fit that the call continues.

    `partial_fit` is called for each row. So the parameters are not checked again if they are those of the last call of
    the same kind, their values cannot change, and there was no warning.
    """
    values = estimator._parameters()
    has_validation = validation[0] is not None
    asked = (name, has_validation, *flat(values))
    checked, options = vars(estimator).get(CHECKED, ((), None))
    is_known = len(asked) == len(checked) and all(map(is_, asked, checked))
    if not is_known:
        options = NetworkOptions.of(estimator)
        PARAMETERS.require_allowed(name, {**vars(options), "X_val": has_validation})
        options = without_ignored(options, name)
    repeatable = fix_seed(estimator, options)
    previous = None
    if resume:
        previous = fit_to_resume(estimator, options)
    elif name == PARTIAL_FIT:
        previous = fitted_of(estimator)
    elif options.warm_start and name != RANGE_TEST:
        previous = to_warm_start(estimator)
    # A range test leaves no model.
    if not is_known and name != RANGE_TEST:
        if has_validation:
            values["X_val"] = True
        warned = PARAMETERS.warn_of_unused(estimator._parameter_owner, values)
        if not warned and _LASTING.issuperset(map(type, asked)):
            vars(estimator)[CHECKED] = asked, options
    return FitCall(estimator, repeatable, previous, validation, resume, name)


def fit_network(call: FitCall[NetworkOptions], source: RowSource) -> None:
    """Train a new model, or with `warm_start` or `resume` the previous one, and store it at the end.

    The caller holds the lock of the estimator.
    """
    with call.estimator._extra_callbacks(*source.given) as extra:
        fit = prepare_network(call, source)
        if fit.can_resume:
            keep_or_compare(fit.training, partial(source.once, checksums_of))
        run_fit(fit, extra, recorder_of(fit))


def recorder_of(fit: NetworkFit) -> Recorder:
    """Return what records a prepared fit, if it is to be recorded."""
    if not fit.call.is_recorded:
        return not_recorded
    from cmlp._fit.provenance import network_recorder  # few programs need it

    return network_recorder(fit)


@locked
def partial_fit(estimator: EstimatorToFit, source: Arrays) -> None:
    """Train one epoch on the given rows, starting from the current model, and store the result at the end.

    After any exception the estimator keeps its previous model: a copy is trained.
    """
    call = network_call(estimator, PARTIAL_FIT)
    if call.previous is None and can_assemble(estimator):
        assemble(estimator)
        call = replace(call, previous=fitted_of(estimator))
    try:
        fit = prepare_network(call, source)
    except ValueError as error:
        if _names_weight_or_classes(error) and _has_classes_as_weight(call, source):
            hint = (
                "The third argument of partial_fit is sample_weight: pass the classes as "
                "classes=[...]."
            )
            add_hint(error, hint)
        raise
    fit.training.advance()
    result = fit.result_with(fit.training.state.without_rows())
    network, previous = vars(estimator).get(NETWORK), call.previous
    if network is None or previous is None or network.params is not previous.model.params:
        store(estimator, result)
    else:  # the `network_` stays the same object, with the new parameters
        store(estimator, result, network._sharing(result.model.net, result.model.params))


def _names_weight_or_classes(error: ValueError) -> bool:
    """Return whether an error is of the weights, or of classes that are missing, and not of X or y."""
    return any(subject in str(error) for subject in ("sample_weight", "classes must be passed"))


def _has_classes_as_weight(call: FitCall[NetworkOptions], source: Arrays) -> bool:
    """Return whether the classes were probably passed as the third argument, which is `sample_weight`."""
    weight, previous = source.given[2], call.previous
    if not call.is_classifier or source.classes is not None or weight is None:
        return False
    return previous is None or np.array_equal(weight, previous.model.class_labels.classes)


def assemble(estimator: Any, y: AnyArray | None = None) -> None:
    """Give an estimator the model that the attributes assigned before fit describe.

    y are placeholder targets, from which the classes or the number of outputs are learned; None for those that the
    assigned attributes define.
    """
    assigned = vars(estimator)[ASSIGNED]
    first, last = (rectangular(assigned["coefs_"][layer], "coefs_") for layer in (0, -1))
    if first.ndim != 2 or last.ndim != 2:
        raise ValueError("coefs_ must hold arrays of shape (n_in, n_out).")
    options = estimator._options()
    dtype: np.dtype[Any] = np.dtype(np.float64)
    if options.dtype == "float32" or (options.dtype == "auto" and first.dtype == np.float32):
        dtype = np.dtype(np.float32)
    if y is None:
        if "classes_" in assigned:
            y = rectangular(assigned["classes_"], "classes_")
        elif isinstance(options.loss_parameter, tuple):  # an output for each quantile
            y = np.zeros((1, 1))
        else:
            y = np.zeros((1, last.shape[1]))
    rows = CheckedRows(first, dtype, y=y)
    encoding, _ = learn_encoding(FitCall(estimator, options), rows, Arrays(first, y, None))
    net = net_of(options, dtype, len(first), encoding)
    params = assigned_params(estimator, net)
    assert params is not None  # callers check can_assemble first
    state = TrainingState(params, History())
    scale = options.input_scale
    if isinstance(scale, str):
        raise InvalidParameterError(
            f"input_scale={scale!r} is learned in fit, so it cannot be used with assigned coefs_.",
            parameter="input_scale",
            value=scale,
        )
    check_scale_width(scale, len(first))
    twin = copy_with(estimator, Fitted.from_network(net, state, encoding.labels, input_scale=scale))
    for name, value in assigned.items():
        if name not in ("coefs_", "intercepts_", "classes_"):
            setattr(twin, name, value)
    estimator._result = twin._result
