"""One neuron: its weighted sum spelled out, and its activation function as a curve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmlp import Network
from cmlp.console.terminal import Terminal
from cmlp.story.pictures.names import Unit, source_name
from cmlp.story.pictures.text import styled, symbols

_SHOWN = 0.001


class Term(NamedTuple):
    """A term of a weighted sum: the weight, the activation that it multiplies, and their product."""

    source: str
    weight: float
    activation: float
    product: float


class WeightedSum(NamedTuple):
    """The weighted sum of one neuron for one example.

    Attributes
    ----------
    unit : Unit
        The neuron.
    terms : list of Term
        The terms of the largest size, the largest first.
    n_others : int
        Number of other terms that are not 0.
    others : float
        Sum of these terms.
    n_zero : int
        Number of terms that are 0, because the input is 0.
    bias : float
    z : float
        The weighted sum with the bias, from `Network.weighted_sums`.
    activation : float
        From `Network.activations`.
    """

    unit: Unit
    terms: list[Term]
    n_others: int
    others: float
    n_zero: int
    bias: float
    z: float
    activation: float


def weighted_sum(network: Network, row: NDArray[Any], unit: Unit, n_terms: int = 3) -> WeightedSum:
    """Return the weighted sum of a neuron for one example (a row of X), with its `n_terms` largest terms."""
    layer, index = unit
    activations = [values[0].astype(np.float64) for values in network.activations(row[None])]
    inputs = activations[layer]
    weights = network.weights[layer][:, index].astype(np.float64)
    products = inputs * weights
    largest = np.argsort(-np.abs(products), kind="stable")[:n_terms]
    largest = largest[inputs[largest] != 0]
    rest = np.setdiff1d(np.flatnonzero(inputs), largest)
    terms = [Term(source_name(layer, i), float(weights[i]), float(inputs[i]), float(products[i])) for i in largest]
    return WeightedSum(
        unit,
        terms,
        len(rest),
        float(products[rest].sum()),
        int(np.count_nonzero(inputs == 0)),
        float(network.biases[layer][index]),
        float(network.weighted_sums(row[None])[layer][0, index]),
        float(activations[layer + 1][index]),
    )


def nearest_to_zero(network: Network, row: NDArray[Any], layer: int = 0) -> Unit:
    """Return the neuron of a layer whose weighted sum for an example is nearest to 0; it is not at the curve's ends."""
    return Unit(layer, int(np.abs(network.weighted_sums(row[None])[layer][0]).argmin()))


def sum_lines(spelled: WeightedSum, function: str) -> list[str]:
    """Write a weighted sum as a table: a line per term, the other terms, the bias, the sum and the activation.

    Parameters
    ----------
    spelled : WeightedSum
    function : str
        Name of the activation function, for example "sigmoid".
    """
    names = [term.source for term in spelled.terms]
    what = "pixels" if spelled.unit.layer == 0 else "neurons"
    others = f"{spelled.n_others:,} other {what if spelled.n_others != 1 else what[:-1]}"
    width = max(map(len, [*names, "bias"]))
    middle = 19
    lines = [
        f"{term.source:{width}}  {term.weight:+7.3f} x {term.activation:6.3f} = {term.product:+8.3f}"
        for term in spelled.terms
    ]
    total = width + middle + 10
    rows = [(others, spelled.others)] if spelled.n_others else []
    rows.append(("bias", spelled.bias))
    lines += [f"{name:{total - 8}}{value:+8.3f}" for name, value in rows]
    lines.append(f"{'sum z':{total - 8}}{spelled.z:+8.3f}")
    lines.append(f"{f'{function}(z)':{total - 8}}{spelled.activation:8.3f}")
    return lines


def activation_function(network: Network, layer: int) -> Callable[[NDArray[Any]], NDArray[Any]] | None:
    """Return the activation function of a layer, computed by the core, or None for softmax."""
    name = (*network.activation, network.output)[layer]
    if name == "softmax":
        return None
    loss = "squared_error"
    if layer < len(network.sizes) - 2:
        parameters = network.activation_parameter
        single = Network(
            [1, 1, 1],
            name,
            output="identity",
            loss=loss,
            activation_parameter=parameters and (parameters[layer] or None),
        )
    else:
        single = Network([1, 1], output=name, loss=loss)
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


def curve_lines(
    terminal: Terminal,
    function: Callable[[NDArray[Any]], NDArray[Any]],
    marked: Sequence[float],
    width: int,
    height: int,
    reach: float = 8.0,
) -> list[str]:
    """Draw an activation function from -reach to +reach, with points at weighted sums.

    Parameters
    ----------
    function : callable
        From `activation_function`.
    marked : sequence of float
        Weighted sums to mark; those beyond the ends are marked at the ends.
    width, height : int
        Size of the picture, with the labels of the axes, in columns and lines.

    Returns
    -------
    list of str
        `height` lines, the last with the labels of the horizontal axis.
    """
    margin = 5
    columns, rows = max(width - margin, 9), height - 1
    z = np.linspace(-reach, reach, columns)
    values = np.asarray(function(z), float)
    low, high = float(values.min()), float(values.max())

    def row_of(value: float) -> int:
        share = (high - value) / (high - low) if high > low else 0.5
        return round(min(max(share, 0), 1) * (rows - 1))

    marks = symbols(terminal)
    grid = [[" "] * columns for _ in range(rows)]
    for column, value in enumerate(values):
        grid[row_of(value)][column] = marks.dot
    for each in marked:
        inside = min(max(each, -reach), reach)
        column = round((inside + reach) / 2 / reach * (columns - 1))
        grid[row_of(float(function(np.array([inside]))[0]))][column] = styled(terminal, marks.point, "strong")
    scale = {0: f"{round(high, 2):g}", rows - 1: f"{round(low, 2) + 0.0:g}"}
    lines = [f"{scale.get(n, ''):>{margin - 1}} {''.join(cells)}".rstrip(" ") for n, cells in enumerate(grid)]
    left, right = f"z={-reach:+.0f}", f"{reach:+.0f}"
    middle = columns // 2 - len(left)
    lines.append(" " * margin + left + " " * middle + "0" + right.rjust(columns - len(left) - middle - 1))
    return lines
