"""One neuron of a network: its name, its weighted sum spelled out, and its activation function in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmlp import Network
from cmlp._cli.terminal import count_noun
from cmlp._model.results import ParameterIndex, letters, neuron_name

SIDE = 28  # pixels per row and per column


class Unit(NamedTuple):
    """A neuron after the input: `layer` 0 is the first layer after the input; `neuron` is its column in the weights."""

    layer: int
    neuron: int


class Names(NamedTuple):
    """The names in a network: the sizes of its layers, and the labels of its outputs."""

    sizes: Sequence[int]
    labels: Sequence[str]

    @property
    def last(self) -> int:
        """The layer of the outputs."""
        return len(self.sizes) - 2

    def of(self, unit: Unit) -> str:
        """Return the name of a neuron, for example "A13", or the label of an output."""
        return neuron_name(*unit, self.labels if unit.layer == self.last else None)

    def of_knob(self, knob: ParameterIndex) -> str:
        """Return the name of a weight or a bias: "B8 to 9", "bias of 9"."""
        target = self.of(Unit(knob.layer, knob.target))
        return f"bias of {target}" if knob.source is None else f"{source_name(knob.layer, knob.source)} to {target}"

    def unit(self, text: str) -> Unit:
        """Return the neuron that a name means, or raise a ValueError that names the neurons of the network."""
        if text in self.labels:
            return Unit(self.last, list(self.labels).index(text))
        match = re.fullmatch(r"([A-Za-z]+)(\d+)", text)
        hidden = {letters(layer): size for layer, size in enumerate(self.sizes[1:-1])}
        if match and 1 <= int(match[2]) <= hidden.get(match[1].upper(), 0):
            return Unit(list(hidden).index(match[1].upper()), int(match[2]) - 1)
        known = [f"{letter}1 to {letter}{size}" for letter, size in hidden.items()]
        known.append(f"{self.labels[0]} to {self.labels[-1]} (outputs)")
        raise ValueError(f"--neuron must be one of {', '.join(known)}, got {text!r}")


def source_name(layer: int, index: int) -> str:
    """Return the name of the input `index` of a layer: a pixel for layer 0, otherwise a hidden neuron."""
    return neuron_name(layer - 1, index) if layer else f"row {index // SIDE:2}, col {index % SIDE:2}"


_SHOWN = 0.001


class WeightedSum:
    """The weighted sum z of one neuron for one example (a row of X), with its `n_terms` largest terms."""

    def __init__(self, network: Network, row: NDArray[Any], unit: Unit, n_terms: int = 3) -> None:
        self._network, self.unit = network, unit
        layer, index = unit
        inputs, outputs = (values[0].astype(np.float64) for values in network.activations(row[None])[layer : layer + 2])
        weights = network.weights[layer][:, index].astype(np.float64)
        products = inputs * weights
        largest = np.argsort(-np.abs(products), kind="stable")[:n_terms]
        largest = largest[inputs[largest] != 0]
        rest = np.setdiff1d(np.flatnonzero(inputs), largest)
        self._terms = [(source_name(layer, i), weights[i], inputs[i], products[i]) for i in largest]
        self._n_others, self._others = len(rest), float(products[rest].sum())
        self._bias, self._activation = float(network.biases[layer][index]), float(outputs[index])
        self.z = float(network.weighted_sums(row[None])[layer][0, index])

    def lines(self) -> list[str]:
        """Write a table: a line per term, the other terms that are not 0, the bias, the sum and the activation."""
        width = max(map(len, [*(source for source, *_ in self._terms), "bias"]))
        rows = [("bias", f"{self._bias:+8.3f}"), ("sum z", f"{self.z:+8.3f}")]
        rows.append((f"{function_name(self._network, self.unit.layer)}(z)", f"{self._activation:8.3f}"))
        if self._n_others:
            others = count_noun(self._n_others, f"other {'neuron' if self.unit.layer else 'pixel'}")
            rows.insert(0, (others, f"{self._others:+8.3f}"))
        terms = [f"{source:{width}}  {w:+7.3f} x {a:6.3f} = {product:+8.3f}" for source, w, a, product in self._terms]
        return [*terms, *(f"{name:{width + 21}}{value}" for name, value in rows)]

    def without_largest(self) -> str:
        """Say what switching off the input with the largest term would do; empty if there is none."""
        function = activation_function(self._network, self.unit.layer)
        if not self._terms or function is None:
            return ""
        source, weight, _, product = self._terms[0]
        z = self.z - product
        activation = float(function(np.array([z]))[0])
        # Near 0, three decimals would not show the difference.
        digits = ".3f" if max(activation, self._activation) >= _SHOWN else ".1e"
        return (
            f"The weight of {' '.join(source.split())} is {'positive' if weight > 0 else 'negative'}. If this input "
            f"were 0, the sum would be {z:+.3f} and the activation {activation:{digits}} instead of "
            f"{self._activation:{digits}}."
        )


def activation_function(network: Network, layer: int) -> Callable[[NDArray[Any]], NDArray[Any]] | None:
    """Return the activation function of a layer, computed by the core, or None for softmax."""
    name = (*network.activation, network.output)[layer]
    if name == "softmax":
        return None
    if layer < len(network.sizes) - 2:
        parameter = network.activation_parameter and (network.activation_parameter[layer] or None)
        single = Network([1, 1, 1], name, output="identity", loss="squared_error", activation_parameter=parameter)
    else:
        single = Network([1, 1], output=name, loss="squared_error")
    single.weights[0][:], single.biases[0][:] = 1, 0

    def function(z: NDArray[Any]) -> NDArray[Any]:
        values: NDArray[Any] = single.activations(np.asarray(z, np.float32).reshape(-1, 1))[1][:, 0]
        return values

    return function


def function_name(network: Network, layer: int) -> str:
    """Return the name of a layer's activation function for texts."""
    name = (*network.activation, network.output)[layer]
    return {"logistic": "sigmoid", "relu": "ReLU"}.get(name, name)


def function_sentence(network: Network, layer: int) -> str:
    """Return what the activation function of a layer does to a weighted sum, in one sentence."""
    name = function_name(network, layer)
    known = {
        "sigmoid": "The sigmoid squashes the sum to between 0 and 1.",
        "tanh": "The hyperbolic tangent squashes the sum to between -1 and 1.",
        "ReLU": "ReLU turns a negative sum into 0 and keeps a positive one.",
        "softmax": "Softmax divides e to the power of the sum by the total over all outputs, so that they add up to 1.",
        "identity": "The sum is the activation.",
    }
    return known.get(name, f"The activation is {name} of the sum.")
