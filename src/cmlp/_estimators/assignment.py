"""Assignment to fitted attributes.

In scikit-learn, fitted attributes are plain attributes that a program can set. Here they are read from a `Model`, so an
assignment changes a copy of the model, which then replaces the previous one. Values assigned before fit are stored
until a call can use them.
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

    from cmlp._estimators.model import Model

# Name of the estimator's attribute that holds values assigned before fit.
ASSIGNED = "_assigned"


def whole(name: str) -> Callable[[Model, Any], None]:
    """Return a function that sets an int attribute of the history."""
    return lambda model, value: setattr(model.state.history, name, operator.index(value))


def real(name: str) -> Callable[[Model, Any], None]:
    """Return a function that sets an attribute of the history to a float or None."""
    return lambda model, value: setattr(model.state.history, name, None if value is None else float(value))


def curve(name: str) -> Callable[[Model, Any], None]:
    """Return a function that sets a curve of the history from a list of floats or None."""

    def assign(model: Model, value: Iterable[float] | None) -> None:
        from cmlp._train.history import Curve

        setattr(model.state.history, name, None if value is None else Curve.of(value))

    return assign


def n_iter(model: Model, value: Any) -> None:
    """Set the number of epochs."""
    model.state.epoch = operator.index(value)


def feature_names(model: Model, value: Any) -> None:
    """Set the column names; None if the model has none."""
    names = None if value is None else rectangular(value, "feature_names_in_").astype(object)
    width = model.net.sizes[0]
    if names is not None and names.shape != (width,):
        raise ValueError(f"feature_names_in_ must have {width} names, got an array of shape {names.shape}.")
    model.feature_names = names


def classes(model: Model, value: Any) -> None:
    """Set the labels of the classes."""
    labels = as_labels(value, "classes_")
    if labels.shape != model.labels.classes.shape or (labels[1:] <= labels[:-1]).any():
        raise ValueError(
            f"classes_ must be a sorted list of {len(model.labels.classes)} distinct labels, got {value!r}."
        )
    model.labels = Labels("multilabel" if model.labels.kind == "multilabel" else "labels", labels)


def out_activation(model: Model, value: Any) -> None:
    """Set the activation of the output layer for predictions. A warm start then raises ValueError."""
    net = model.net
    losses = [net.loss] if isinstance(net.loss, str) else []
    losses += ["squared_error", "log_loss", "poisson"]
    loss = next((loss for loss in losses if value in _core.LOSSES[loss].outputs), None)
    if loss is None:
        raise ValueError(f"out_activation_ must be the name of an output activation, got {value!r}.")
    parameters = (*net.activation_parameters[:-1], _core.ACTIVATIONS[value].parameter)
    parameter = net.loss_parameter if loss == net.loss else _core.LOSSES[loss].parameter
    model.net = _core.Net(net.sizes, (*net.activations[:-1], value), loss, net.dtype, parameters, parameter)


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
