"""A gradient, and the wanted changes of a gradient descent step for each example: backpropagation as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._inputs.losses import values_and_gradient
from cmlp._model.tuples import Gradient, LayerExplanation, StepExplanation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from cmlp._core import Net

    Array = NDArray[Any]

_ROWS = 1024  # rows that are converted to double precision at a time
_PIECE = 2**20  # elements of a sum between two checks for Ctrl-C


def explanation(
    net: Net, weights: Sequence[Array], activations: Sequence[Array], deltas: Sequence[Array], y: ArrayLike
) -> StepExplanation:
    """Return the wanted changes of a step for each row.

    `activations` are those of every layer, the inputs first, and `deltas` the derivatives of each row's cost with
    respect to the weighted sums, for valid targets.
    """
    targets = _dense_targets(y, net)
    pushes = [-delta for delta in deltas]
    changes = [push @ matrix.T for push, matrix in zip(pushes[1:], weights[1:], strict=True)]
    changes.append(_wanted_outputs(net, activations[-1], targets))
    layers = [
        LayerExplanation(change, push, inputs, outputs, matrix.copy())
        for change, push, inputs, outputs, matrix in zip(
            changes, pushes, activations[:-1], activations[1:], weights, strict=True
        )
    ]
    return StepExplanation(targets, layers, _average(net, layers))


def _dense_targets(y: ArrayLike, net: Net) -> Array:
    """Return the wanted value of each output; for class indices 1 for the class and 0 for the others."""
    values = np.asarray(y)
    if values.ndim == 2:
        return values.astype(net.dtype)
    targets = np.zeros((len(values), net.n_out), net.dtype)
    targets[np.arange(len(values)), values.astype(np.int64)] = 1
    return targets


def _average(net: Net, layers: Sequence[LayerExplanation]) -> Gradient:
    """Return the mean over the rows of the wanted changes of all weights and biases."""
    flat = np.empty(net.n_params, net.dtype)
    weights, biases = net.views(flat)
    for layer, of_weights, of_biases in zip(layers, weights, biases, strict=True):
        # In double precision: float32 sums over many rows would add a rounding error of their own.
        sums = np.zeros(of_weights.shape)
        for start in range(0, len(layer.bias_changes), _ROWS):
            rows = slice(start, start + _ROWS)
            sums += layer.inputs[rows].astype(np.float64).T @ layer.bias_changes[rows].astype(np.float64)
        of_weights[...] = sums / len(layer.bias_changes)
        of_biases[...] = layer.bias_changes.mean(axis=0, dtype=np.float64)
    return gradient_of(net, flat)


def _wanted_outputs(net: Net, a: Array, t: Array) -> Array:
    """Return minus the derivative of each row's cost with respect to its outputs `a`, for targets `t`.

    `Network` documents the costs. The result is infinite where a loss contains the logarithm of an output that has been
    rounded to 0.
    """
    loss, p = net.loss, np.asarray(net.loss_parameter, net.dtype)
    wanted: Array
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if not isinstance(loss, str):
            wanted = -values_and_gradient(loss, t, a)[1]
        elif loss in ("log_loss", "label_smoothing", "focal"):
            wanted = _wanted_probabilities(loss, p, a, t, softmax=net.activations[-1] == "softmax")
        elif loss == "absolute_error":
            wanted = np.sign(t - a)
        elif loss == "huber":
            wanted = np.clip(t - a, -p, p)
        elif loss == "quantile":
            wanted = np.where(a > t, p - 1, np.where(a < t, p, 0)).astype(a.dtype)
        elif loss == "poisson":
            wanted = t / a - 1
        elif loss == "gamma":
            wanted = (t / a - 1) / a
        else:
            wanted = 2 * (t - a)
    return wanted


def _wanted_probabilities(loss: str, p: Any, a: Array, t: Array, *, softmax: bool) -> Array:
    """Return minus the derivative of the log loss or of a variant of it with respect to the probabilities `a`."""
    if loss == "label_smoothing":
        t = (1 - p) * t + p / a.dtype.type(a.shape[1] if softmax else 2)
    focus = p if loss == "focal" else a.dtype.type(0)

    def toward_one(probability: Array, target: Array) -> Array:
        """Return minus the derivative of ``-target * (1 - probability)**focus * log(probability)``."""
        rest = 1 - probability
        slope = rest**focus / probability
        if focus:
            slope = slope - focus * rest ** (focus - 1) * np.log(probability)
        return np.where(target == 0, 0, target * slope).astype(a.dtype)

    wanted = toward_one(a, t)
    return wanted if softmax else wanted - toward_one(1 - a, 1 - t)


def gradient_of(net: Net, flat: NDArray[Any]) -> Gradient:
    """Return the gradient whose numbers, in the layout of the network's parameters, are `flat`."""
    return Gradient(*net.views(flat), flat, _length(flat))


def _length(vector: NDArray[Any]) -> float:
    """Return the Euclidean norm of a vector, computed in double precision."""
    squares = 0.0
    for start in range(0, len(vector), _PIECE):
        piece = vector[start : start + _PIECE].astype(np.float64)
        # Not piece @ piece: BLAS may use threads, and the sum would then depend on their number.
        squares += float(np.einsum("i,i->", piece, piece))
    return float(np.sqrt(squares))
