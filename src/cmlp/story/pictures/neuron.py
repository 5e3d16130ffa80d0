"""One neuron: its weighted sum spelled out, and its activation function as a curve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmlp import Network
from cmlp.story.pictures.names import Unit, source_name
from cmlp.story.pictures.text import counted

_SHOWN = 0.001


class Term(NamedTuple):
    """A term of a weighted sum: the weight, the activation that it multiplies, and their product."""

    source: str
    weight: float
    activation: float
    product: float


class WeightedSum(NamedTuple):
    """The weighted sum z of one neuron for one example: its largest terms, and the sum of the others that are not 0."""

    unit: Unit
    terms: list[Term]
    n_others: int
    others: float
    bias: float
    z: float
    activation: float


def weighted_sum(network: Network, row: NDArray[Any], unit: Unit, n_terms: int = 3) -> WeightedSum:
    """Return the weighted sum of a neuron for one example (a row of X), with its `n_terms` largest terms."""
    layer, index = unit
    activations = [values[0].astype(np.float64) for values in network.activations(row[None])]
    inputs, weights = activations[layer], network.weights[layer][:, index].astype(np.float64)
    products = inputs * weights
    largest = np.argsort(-np.abs(products), kind="stable")[:n_terms]
    largest = largest[inputs[largest] != 0]
    rest = np.setdiff1d(np.flatnonzero(inputs), largest)
    terms = [Term(source_name(layer, i), float(weights[i]), float(inputs[i]), float(products[i])) for i in largest]
    z = float(network.weighted_sums(row[None])[layer][0, index])
    bias, activation = float(network.biases[layer][index]), float(activations[layer + 1][index])
    return WeightedSum(unit, terms, len(rest), float(products[rest].sum()), bias, z, activation)


def nearest_to_zero(network: Network, row: NDArray[Any], layer: int = 0) -> Unit:
    """Return the neuron of a layer whose weighted sum for an example is nearest to 0; it is not at the curve's ends."""
    return Unit(layer, int(np.abs(network.weighted_sums(row[None])[layer][0]).argmin()))


def sum_lines(spelled: WeightedSum, function: str) -> list[str]:
    """Write a weighted sum as a table: a line per term, the other terms, the bias, the sum and the activation."""
    width = max(map(len, [*(term.source for term in spelled.terms), "bias"]))
    rows = [("bias", f"{spelled.bias:+8.3f}"), ("sum z", f"{spelled.z:+8.3f}")]
    rows.append((f"{function}(z)", f"{spelled.activation:8.3f}"))
    if spelled.n_others:
        what = "neuron" if spelled.unit.layer else "pixel"
        rows.insert(0, (counted(spelled.n_others, f"other {what}"), f"{spelled.others:+8.3f}"))
    terms = [f"{t.source:{width}}  {t.weight:+7.3f} x {t.activation:6.3f} = {t.product:+8.3f}" for t in spelled.terms]
    return [*terms, *(f"{name:{width + 21}}{value}" for name, value in rows)]


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


def without_largest(network: Network, spelled: WeightedSum) -> str:
    """Return in words what switching off the input with the largest term would do; empty if there is none."""
    function = activation_function(network, spelled.unit.layer)
    if not spelled.terms or function is None:
        return ""
    term = spelled.terms[0]
    z = spelled.z - term.product
    activation = float(function(np.array([z]))[0])
    kind = "positive" if term.weight > 0 else "negative"
    # Near 0, three decimals would not show the difference.
    digits = ".3f" if max(activation, spelled.activation) >= _SHOWN else ".1e"
    return (
        f"The weight of {' '.join(term.source.split())} is {kind}. If this input were 0, the sum would be {z:+.3f} and "
        f"the activation {activation:{digits}} instead of {spelled.activation:{digits}}."
    )


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
