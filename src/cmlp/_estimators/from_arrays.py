"""Fitted estimators from arrays of weights and biases, also from those that are assigned to an estimator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from cmlp._data.array_types import AnyArray, ArrayLike
from cmlp._data.arrays import readable, rectangular
from cmlp._data.losses import traits_of
from cmlp._fit.fit_network import assemble
from cmlp._fit.fitted import ASSIGNED
from cmlp._model.from_layers import Layer, class_order, sorted_output
from cmlp.exceptions import InvalidParameterError


def regressor_from_arrays(
    cls: type[Any],
    coefs: Iterable[ArrayLike],
    intercepts: Iterable[ArrayLike],
    parameters: Mapping[str, Any],
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
                f"multilabel must be False with {reason}: the classes of multilabel targets are "
                "0, 1, ...",
                parameter="multilabel",
                value=True,
            )
        return _filled(estimator, weights, biases, np.eye(n_outputs))
    labels, order = class_order(
        np.arange(max(n_outputs, 2)) if classes is None else classes, n_outputs
    )
    if n_outputs == 2 and not traits_of(estimator.loss).is_log_loss:
        raise InvalidParameterError(
            f"coefs must end in one output for two classes with loss={estimator.loss!r}, got two.",
            parameter="loss",
            value=estimator.loss,
        )
    last = sorted_output(Layer(weights[-1], biases[-1], ""), order, "")
    return _filled(estimator, [*weights[:-1], last.weights], [*biases[:-1], last.biases], labels)


def _with_sizes(cls: type[Any], weights: list[AnyArray], parameters: Mapping[str, Any]) -> Any:
    if "hidden_layer_sizes" in parameters:
        raise InvalidParameterError(
            "hidden_layer_sizes must not be passed: it follows from the shapes of coefs.",
            parameter="hidden_layer_sizes",
            value=parameters["hidden_layer_sizes"],
        )
    return cls(
        **{**parameters, "hidden_layer_sizes": tuple(layer.shape[1] for layer in weights[:-1])}
    )


def _filled(
    estimator: Any, weights: list[AnyArray], biases: list[AnyArray], y: AnyArray | None
) -> Any:
    """Return the estimator, fitted with copies of the arrays; placeholder targets y define a classifier's outputs."""
    estimator.coefs_, estimator.intercepts_ = weights, biases
    assemble(estimator, y)
    vars(estimator).pop(ASSIGNED)
    return estimator


def _checked_layers(
    coefs: Iterable[ArrayLike], intercepts: Iterable[ArrayLike]
) -> tuple[list[AnyArray], list[AnyArray]]:
    """Return weights and biases as arrays of one dtype, float32 or float64, whose shapes match."""
    weights, biases = _tensors(coefs, "coefs", 2), _tensors(intercepts, "intercepts", 1)
    if len(weights) != len(biases):
        raise ValueError(
            f"intercepts must have one array for each of the {len(weights)} layers, got "
            f"{len(biases)}."
        )
    for layer, (one, other) in enumerate(pairwise(weights), 1):
        if one.shape[1] != len(other):
            raise ValueError(
                f"coefs[{layer}] must have {one.shape[1]} rows, as coefs[{layer - 1}] has columns."
            )
    for layer, (matrix, vector) in enumerate(zip(weights, biases, strict=True)):
        if len(vector) != matrix.shape[1]:
            raise ValueError(
                f"intercepts[{layer}] must have shape ({matrix.shape[1]},), got {vector.shape}."
            )
    single = all(tensor.dtype == np.float32 for tensor in [*weights, *biases])
    dtype = np.float32 if single else np.float64
    weights = [matrix.astype(dtype, copy=False) for matrix in weights]
    return weights, [vector.astype(dtype, copy=False) for vector in biases]


def _tensors(value: Any, name: str, n_dim: int) -> list[AnyArray]:
    """Return a list of arrays, each with `n_dim` dimensions and finite."""
    if not hasattr(value, "__iter__"):
        raise TypeError(
            f"{name} must be a list of arrays, one for each layer, got {type(value).__name__}."
        )
    tensors = []
    for layer, item in enumerate(value):
        tensor = np.array(readable(rectangular(item, f"{name}[{layer}]"), f"{name}[{layer}]"))
        if tensor.ndim != n_dim or not tensor.size:
            shape = "(n_in, n_out)" if n_dim == 2 else "(n_out,)"
            raise ValueError(
                f"{name}[{layer}] must be an array of shape {shape}, got the shape {tensor.shape}."
            )
        if not np.isfinite(tensor).all():
            raise ValueError(f"{name}[{layer}] must contain finite numbers.")
        tensors.append(tensor)
    if not tensors:
        raise ValueError(f"{name} must have an array for each layer, got an empty list.")
    return tensors
