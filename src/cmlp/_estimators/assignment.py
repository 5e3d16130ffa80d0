"""Assignment to fitted attributes.

In scikit-learn, fitted attributes are plain attributes that a program can set. Here they are read from a `Fitted`, so
an assignment makes another one, which replaces it. Values assigned before fit are stored until a call can use them.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from cmlp import _core
from cmlp._bridge.blocks import given_params
from cmlp._data.arrays import rectangular
from cmlp._data.labels import Labels, as_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from cmlp._estimators.fitted import Fitted

# Name of the estimator's attribute that holds values assigned before fit.
ASSIGNED = "_assigned"


def whole(name: str) -> Callable[[Fitted, Any], Fitted]:
    """Return a function that sets an int attribute of the history."""
    return lambda fitted, value: _with_history(fitted, name, operator.index(value))


def real(name: str) -> Callable[[Fitted, Any], Fitted]:
    """Return a function that sets an attribute of the history to a float or None."""
    return lambda fitted, value: _with_history(fitted, name, None if value is None else float(value))


def curve(name: str) -> Callable[[Fitted, Any], Fitted]:
    """Return a function that sets a curve of the history from a list of floats or None."""

    def assign(fitted: Fitted, value: Iterable[float] | None) -> Fitted:
        from cmlp._train.state import Curve

        return _with_history(fitted, name, None if value is None else Curve.of(value))

    return assign


def _with_history(fitted: Fitted, name: str, value: object) -> Fitted:
    history, state = fitted.history.copy(), fitted.state.shared()
    setattr(history, name, value)
    state.history = history
    return fitted._replace(history=history, state=state)


def n_iter(fitted: Fitted, value: Any) -> Fitted:
    """Set the number of epochs."""
    state = fitted.state.shared()
    state.epoch = operator.index(value)
    return fitted._replace(state=state)


def feature_names(fitted: Fitted, value: Any) -> Fitted:
    """Set the column names; None if the model has none."""
    names = None if value is None else rectangular(value, "feature_names_in_").astype(object)
    width = fitted.model.net.n_in
    if names is not None and names.shape != (width,):
        raise ValueError(f"feature_names_in_ must have {width} names, got an array of shape {names.shape}.")
    return fitted._replace(model=fitted.model.replace(names=names))


def classes(fitted: Fitted, value: Any) -> Fitted:
    """Set the labels of the classes."""
    labels, known = as_labels(value, "classes_"), fitted.model.labels
    if labels.shape != known.classes.shape or (labels[1:] <= labels[:-1]).any():
        raise ValueError(f"classes_ must be a sorted list of {len(known.classes)} distinct labels, got {value!r}.")
    kind = "multilabel" if known.kind == "multilabel" else "labels"
    return fitted._replace(model=fitted.model.replace(labels=Labels(kind, labels)))


def out_activation(fitted: Fitted, value: Any) -> Fitted:
    """Set the activation of the output layer for predictions. A warm start then raises ValueError."""
    net = fitted.model.net
    losses = [net.loss] if isinstance(net.loss, str) else []
    losses += ["squared_error", "log_loss", "poisson"]
    loss = next((loss for loss in losses if value in _core.LOSSES[loss].outputs), None)
    if loss is None:
        raise ValueError(f"out_activation_ must be the name of an output activation, got {value!r}.")
    parameters = (*net.activation_parameters[:-1], _core.ACTIVATIONS[value].parameter)
    parameter = net.loss_parameter if loss == net.loss else _core.LOSSES[loss].parameter
    net = _core.Net(net.sizes, (*net.activations[:-1], value), loss, net.dtype, parameters, parameter)
    return fitted._replace(model=fitted.model.replace(networks=[(net, fitted.model.params)]))


def assigned_params(estimator: object, net: _core.Net) -> NDArray[Any] | None:
    """Return a parameter block with the `coefs_` and `intercepts_` assigned before fit; None if one is missing."""
    assigned = vars(estimator).get(ASSIGNED, {})
    if not {"coefs_", "intercepts_"} <= set(assigned):
        return None
    return given_params(net, assigned["coefs_"], assigned["intercepts_"], ("coefs_", "intercepts_"))


def can_assemble(estimator: Any) -> bool:
    """Return whether enough was assigned before fit to predict: the tensors, and for a classifier the classes."""
    needed = {"coefs_", "intercepts_"} | ({"classes_"} if estimator._estimator_type == "classifier" else set())
    return needed <= set(vars(estimator).get(ASSIGNED, {}))
