"""Build the model of a network or a classifier from the layers of another library's model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import empty_block
from cmlp._data.activations import traits_of_activation
from cmlp._data.array_types import AnyArray, ArrayLike, FloatType, NDArray
from cmlp._data.labels import Labels, as_labels, labels_of
from cmlp._data.scale import InputScale, check_scale_width
from cmlp._model.model import NetworkModel


class Layer(NamedTuple):
    """A layer: weights of shape (n_in, n_out), biases (n_out,), activation and its parameter (0: default or none)."""

    weights: AnyArray
    biases: AnyArray
    activation: str
    parameter: float = 0.0


class Normalization(NamedTuple):
    """Each value times a factor, plus an offset, as a batch normalization does it in prediction."""

    factor: NDArray[np.float64]
    offset: NDArray[np.float64]

    @classmethod
    def from_moments(
        cls,
        mean: NDArray[np.float64],
        variance: NDArray[np.float64],
        epsilon: float,
        scale: NDArray[np.float64] | None,
        shift: NDArray[np.float64] | None,
    ) -> Normalization:
        """Return the normalization by running moments, then by what was learned, if there is any.

        Numbers that are not finite become weights that are not, which `network_of` refuses.
        """
        with np.errstate(all="ignore"):
            factor = 1 / np.sqrt(variance + epsilon)
            if scale is not None:
                factor = factor * scale
            offset = -mean * factor
            if shift is not None:
                offset = offset + shift
        return cls(factor, offset)

    def then(self, other: Normalization) -> Normalization:
        """Return this normalization and another one after it as one."""
        with np.errstate(over="ignore", invalid="ignore"):
            return Normalization(
                self.factor * other.factor, self.offset * other.factor + other.offset
            )

    def after(self, layer: Layer) -> Layer:
        """Return a layer whose weighted sums are normalized."""
        with np.errstate(over="ignore", invalid="ignore"):
            return layer._replace(
                weights=(layer.weights * self.factor).astype(layer.weights.dtype),
                biases=(layer.biases * self.factor + self.offset).astype(layer.biases.dtype),
            )

    def before(self, layer: Layer) -> Layer:
        """Return a layer whose inputs are normalized."""
        with np.errstate(over="ignore", invalid="ignore"):
            weights = layer.weights * self.factor[:, np.newaxis]
            biases = layer.biases + self.offset @ layer.weights.astype(np.float64)
            return layer._replace(
                weights=weights.astype(layer.weights.dtype),
                biases=biases.astype(layer.biases.dtype),
            )


def network_of(
    layers: Sequence[Layer],
    input_scale: float | InputScale = 1.0,
    loss: str | None = None,
    p: float | Sequence[float] = 0.0,
) -> NetworkModel:
    """Return a network with copies of the layers' weights, all of the same dtype.

    The loss None means the usual one of the output activation; `p` is its parameter, or a quantile for each output.
    """
    check_scale_width(input_scale, len(layers[0].weights))
    names = [layer.activation for layer in layers]
    for name in names[:-1]:
        if not _core.ACTIVATIONS[name].hidden:
            raise ValueError(f"the activation {name!r} is not supported in a hidden layer")
    if not _core.ACTIVATIONS[names[-1]].output:
        raise ValueError(f"the activation {names[-1]!r} is not supported in the output layer")
    sizes = [len(layers[0].weights), *(len(layer.biases) for layer in layers)]
    net = _core.Net(
        sizes,
        names,
        loss or traits_of_activation(names[-1]).usual_loss,
        layers[0].weights.dtype,
        [layer.parameter for layer in layers],
        p,
    )
    params = empty_block(net.n_params, net.dtype)
    for layer, weights, biases in zip(layers, *net.views(params), strict=True):
        if layer.weights.shape != weights.shape or layer.biases.shape != biases.shape:
            raise ValueError(
                f"a layer must have weights of shape {weights.shape}, got {layer.weights.shape}"
            )
        weights[...], biases[...] = layer.weights, layer.biases
    if not np.isfinite(params).all():
        raise ValueError("a weight is NaN or infinite")
    return NetworkModel("network", [(net, params)], input_scale=input_scale)


def original_scale(stored: float | InputScale, dtype: FloatType) -> float | InputScale:
    """Return the input scale that was rounded to the stored one: 1/n or a short decimal number.

    Predictions then are bit-identical to the original network, which rounds each scaled input only once.
    """
    if isinstance(stored, InputScale) or dtype != np.float32 or not 0 < stored < np.inf:
        return stored
    rounded = np.float32(stored)
    for candidate in (1 / max(round(1 / stored), 1), float(str(rounded))):
        if np.float32(candidate) == rounded == stored:
            return candidate
    return stored


def classifier_of(
    layers: Sequence[Layer], input_scale: float | InputScale, classes: ArrayLike
) -> NetworkModel:
    """Return the model of a classifier; `classes` are the labels in the order of the outputs.

    A classifier's labels are sorted, so the outputs are permuted if necessary. Two softmax outputs become one logistic
    output, which gives the same probabilities. An output layer without activation computes logits.
    """
    last = layers[-1]
    n_outputs = len(last.biases)
    labels, order = class_order(classes, n_outputs)
    wanted = "logistic" if n_outputs == 1 else "softmax"
    if last.activation not in ("identity", wanted):
        raise ValueError(
            f"a classifier with {n_outputs} outputs must end with {wanted} or without an "
            f"activation, got {last.activation!r}; leave out `classes` to get a Network"
        )
    model = network_of([*layers[:-1], sorted_output(last, order, wanted)], input_scale)
    return model.replace(kind="classifier", labels=Labels(labels[order]))


def class_order(classes: ArrayLike, n_outputs: int) -> tuple[AnyArray, NDArray[np.intp]]:
    """Return the labels of a classifier's outputs as an array, and the positions of the labels in sorted order."""
    labels = as_labels(classes, "classes")
    if len(labels_of(labels).classes) != len(labels):
        raise ValueError(f"classes must be distinct labels, got {classes!r}")
    if len(labels) != max(n_outputs, 2):
        raise ValueError(
            f"classes must have one label for each of {max(n_outputs, 2)} classes, got "
            f"{len(labels)}"
        )
    return labels, np.argsort(labels)


def sorted_output(layer: Layer, order: NDArray[np.intp], activation: str) -> Layer:
    """Return the output layer of a classifier with its classes in the given order; two outputs become one logit."""
    weights, biases = layer.weights, layer.biases
    if len(biases) == 1:
        sign = weights.dtype.type(1 if order[0] == 0 else -1)
        return Layer(weights * sign, biases * sign, activation)
    weights, biases = weights[:, order], biases[order]
    if len(biases) == 2:
        return Layer(weights[:, 1:] - weights[:, :1], biases[1:] - biases[:1], "logistic")
    return Layer(weights, biases, activation)
