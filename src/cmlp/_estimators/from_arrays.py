"""Fitted estimators from arrays of weights and biases, also from those that are assigned to an estimator."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.arrays import readable, rectangular
from cmlp._data.checks import CheckedRows
from cmlp._data.scale import check_scale_width
from cmlp._estimators.fitted import ASSIGNED, Fitted, assigned_params, copy_with
from cmlp._estimators.network_fit import NetworkFit
from cmlp._estimators.targets import learn_encoding
from cmlp._model.from_layers import Layer, class_order, sorted_output
from cmlp._train.state import History, TrainingState, Weights
from cmlp.exceptions import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import ArrayLike, NDArray


def regressor_from_arrays(
    cls: type[Any], coefs: Iterable[ArrayLike], intercepts: Iterable[ArrayLike], parameters: Mapping[str, Any]
) -> Any:
    """Return a fitted regressor; see `MLPRegressor.from_arrays`."""
    weights, biases = _checked_layers(coefs, intercepts)
    return _filled(_with_sizes(cls, weights, parameters), weights, biases, None)


def classifier_from_arrays(
    cls: type[Any],
    coefs: Iterable[ArrayLike],
    intercepts: Iterable[ArrayLike],
    classes: ArrayLike | None,
    multilabel: bool,
    parameters: Mapping[str, Any],
) -> Any:
    """Return a fitted classifier; see `MLPClassifier.from_arrays`."""
    weights, biases = _checked_layers(coefs, intercepts)
    estimator = _with_sizes(cls, weights, parameters)
    n_outputs = weights[-1].shape[1]
    if multilabel:
        if classes is not None or n_outputs == 1:
            reason = "one output" if classes is None else "classes"
            raise InvalidParameterError(
                f"multilabel must be False with {reason}: the classes of multilabel targets are 0, 1, ...",
                parameter="multilabel",
                value=True,
            )
        return _filled(estimator, weights, biases, np.eye(n_outputs))
    labels, order = class_order(np.arange(max(n_outputs, 2)) if classes is None else classes, n_outputs)
    if n_outputs == 2 and estimator.loss != "log_loss":
        raise InvalidParameterError(
            f"coefs must end in one output for two classes with loss={estimator.loss!r}, got two.",
            parameter="loss",
            value=estimator.loss,
        )
    last = sorted_output(Layer(weights[-1], biases[-1], ""), order, "")
    return _filled(estimator, [*weights[:-1], last.weights], [*biases[:-1], last.biases], labels)


def _with_sizes(cls: type[Any], weights: list[NDArray[Any]], parameters: Mapping[str, Any]) -> Any:
    if "hidden_layer_sizes" in parameters:
        raise InvalidParameterError(
            "hidden_layer_sizes must not be passed: it follows from the shapes of coefs.",
            parameter="hidden_layer_sizes",
            value=parameters["hidden_layer_sizes"],
        )
    return cls(**{**parameters, "hidden_layer_sizes": tuple(layer.shape[1] for layer in weights[:-1])})


def _filled(estimator: Any, weights: list[NDArray[Any]], biases: list[NDArray[Any]], y: NDArray[Any] | None) -> Any:
    """Return the estimator, fitted with copies of the arrays; placeholder targets y define a classifier's outputs."""
    estimator.coefs_, estimator.intercepts_ = weights, biases
    assemble(estimator, y)
    vars(estimator).pop(ASSIGNED)
    return estimator


def assemble(estimator: Any, y: NDArray[Any] | None = None) -> None:
    """Give an estimator the model that the attributes assigned before fit describe.

    y are placeholder targets, from which the classes or the number of outputs are learned; None for those that the
    assigned attributes define.
    """
    assigned = vars(estimator)[ASSIGNED]
    first, last = (rectangular(assigned["coefs_"][layer], "coefs_") for layer in (0, -1))
    if first.ndim != 2 or last.ndim != 2:
        raise ValueError("coefs_ must hold arrays of shape (n_in, n_out).")
    options = estimator._options()
    single = first.dtype == np.float32 if options.dtype == "auto" else options.dtype == "float32"
    dtype = np.dtype(np.float32 if single else np.float64)
    if y is None:
        n_columns = 1 if isinstance(options.loss_parameter, tuple) else last.shape[1]
        y = rectangular(assigned["classes_"], "classes_") if "classes_" in assigned else np.zeros((1, n_columns))
    fit = NetworkFit(estimator, options)
    fit.dtype = dtype
    encoding = learn_encoding(fit, CheckedRows(first, dtype, y=y), is_complete=True)[0]
    net = fit.network(len(first), encoding.n_outputs, encoding.output)
    params = assigned_params(estimator, net)
    assert params is not None  # callers check can_assemble first
    state = TrainingState(Weights(params), History())
    scale = options.input_scale
    if isinstance(scale, str):
        raise InvalidParameterError(
            f"input_scale={scale!r} is learned in fit, so it cannot be used with assigned coefs_.",
            parameter="input_scale",
            value=scale,
        )
    check_scale_width(scale, len(first))
    twin = copy_with(estimator, Fitted.of_network(net, state, encoding.labels, input_scale=scale))
    for name, value in assigned.items():
        if name not in ("coefs_", "intercepts_", "classes_"):
            setattr(twin, name, value)
    estimator._fitted = twin._fitted


def _checked_layers(
    coefs: Iterable[ArrayLike], intercepts: Iterable[ArrayLike]
) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
    """Return weights and biases as arrays of one dtype, float32 or float64, whose shapes match."""
    weights, biases = _tensors(coefs, "coefs", 2), _tensors(intercepts, "intercepts", 1)
    if len(weights) != len(biases):
        raise ValueError(f"intercepts must have one array for each of the {len(weights)} layers, got {len(biases)}.")
    for layer, (one, other) in enumerate(pairwise(weights), 1):
        if one.shape[1] != len(other):
            raise ValueError(f"coefs[{layer}] must have {one.shape[1]} rows, as coefs[{layer - 1}] has columns.")
    for layer, (matrix, vector) in enumerate(zip(weights, biases, strict=True)):
        if len(vector) != matrix.shape[1]:
            raise ValueError(f"intercepts[{layer}] must have shape ({matrix.shape[1]},), got {vector.shape}.")
    single = all(tensor.dtype == np.float32 for tensor in [*weights, *biases])
    dtype = np.float32 if single else np.float64
    weights = [matrix.astype(dtype, copy=False) for matrix in weights]
    return weights, [vector.astype(dtype, copy=False) for vector in biases]


def _tensors(value: Any, name: str, n_dim: int) -> list[NDArray[Any]]:
    """Return a list of arrays, each with `n_dim` dimensions and finite."""
    if not hasattr(value, "__iter__"):
        raise TypeError(f"{name} must be a list of arrays, one for each layer, got {type(value).__name__}.")
    tensors = []
    for layer, item in enumerate(value):
        tensor = np.array(readable(rectangular(item, f"{name}[{layer}]"), f"{name}[{layer}]"))
        if tensor.ndim != n_dim or not tensor.size:
            shape = "(n_in, n_out)" if n_dim == 2 else "(n_out,)"
            raise ValueError(f"{name}[{layer}] must be an array of shape {shape}, got the shape {tensor.shape}.")
        if not np.isfinite(tensor).all():
            raise ValueError(f"{name}[{layer}] must contain finite numbers.")
        tensors.append(tensor)
    if not tensors:
        raise ValueError(f"{name} must have an array for each layer, got an empty list.")
    return tensors
