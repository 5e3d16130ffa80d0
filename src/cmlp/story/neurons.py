"""One neuron of a network.

Its name, its weighted sum spelled out, and its activation function in words.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmlp import Network
from cmlp._cli.terminal import count_noun
from cmlp._model.results import ParameterIndex, letters, neuron_name

SIDE = 28  # pixels per row and per column


class Unit(NamedTuple):
    """A neuron after the input.

    `layer` 0 is the first layer after the input; `neuron` is its column in the weights.
    """

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

    def name(self, unit: Unit) -> str:
        """Return the name of a neuron, for example "A13", or the label of an output."""
        return neuron_name(*unit, self.labels if unit.layer == self.last else None)

    def name_knob(self, knob: ParameterIndex) -> str:
        """Return the name of a weight or a bias: "B8 to 9", "bias of 9"."""
        target = self.name(Unit(knob.layer, knob.target))
        if knob.source is None:
            return f"bias of {target}"
        return f"{source_name(knob.layer, knob.source)} to {target}"

    def unit(self, text: str) -> Unit:
        """Return the neuron that a name means.

        Raises a ValueError that names the neurons of the network.
        """
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
    """Return the name of the input `index` of a layer.

    It is a pixel for layer 0, otherwise a hidden neuron.
    """
    if layer:
        return neuron_name(layer - 1, index)
    return f"row {index // SIDE:2}, col {index % SIDE:2}"


_SHOWN = 0.001


def weighted_sum(
    network: Network, row: NDArray[Any], unit: Unit, n_terms: int
) -> tuple[list[str], str]:
    """Spell out the weighted sum of a neuron for an example.

    It is a table, and what the sum would be without its largest term.

    The table has the largest terms, the others that are not 0, the bias, the sum and the
    activation. The sentence is empty if all inputs are 0.
    """
    layer, index = unit
    inputs = network.activations(row[None])[layer][0].astype(np.float64)
    weights = network.weights[layer][:, index].astype(np.float64)
    products = inputs * weights
    largest = np.argsort(-np.abs(products), kind="stable")[:n_terms]
    largest = largest[inputs[largest] != 0]
    others = np.setdiff1d(np.flatnonzero(inputs), largest)
    z, activation = _name_result(network, row, unit)

    names = [source_name(layer, i) for i in largest]
    width = max(map(len, [*names, "bias"]))
    terms = zip(names, largest, strict=True)
    lines = [
        f"{name:{width}}  {weights[i]:+7.3f} x {inputs[i]:6.3f} = {products[i]:+8.3f}"
        for name, i in terms
    ]
    rows = [("bias", f"{network.biases[layer][index]:+8.3f}"), ("sum z", f"{z:+8.3f}")]
    rows.append((f"{function_name(network, layer)}(z)", f"{activation:8.3f}"))
    if len(others):
        noun = "other neuron" if layer else "other pixel"
        rows.insert(0, (count_noun(len(others), noun), f"{products[others].sum():+8.3f}"))
    lines += [f"{name:{width + 21}}{value}" for name, value in rows]
    if not names:
        return lines, ""

    without = copy.copy(network)
    without.weights[layer][largest[0], index] = 0
    other_z, other = _name_result(without, row, unit)
    # near 0, three decimals would show no difference
    digits = ".3f" if max(other, activation) >= _SHOWN else ".1e"
    sign = "positive" if weights[largest[0]] > 0 else "negative"
    return lines, (
        f"The weight of {' '.join(names[0].split())} is {sign}. If this input were 0, the sum "
        f"would be {other_z:+.3f} and the activation {other:{digits}} instead of "
        f"{activation:{digits}}."
    )


def _name_result(network: Network, row: NDArray[Any], unit: Unit) -> tuple[float, float]:
    """Return the weighted sum of a neuron and its activation."""
    layer, index = unit
    sums = network.weighted_sums(row[None])
    activations = network.activations(row[None])
    return float(sums[layer][0, index]), float(activations[layer + 1][0, index])


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
        "softmax": (
            "Softmax divides e to the power of the sum by the total over all outputs, so that they "
            "add up to 1."
        ),
        "identity": "The sum is the activation.",
    }
    return known.get(name, f"The activation is {name} of the sum.")
