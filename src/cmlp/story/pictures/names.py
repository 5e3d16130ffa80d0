"""Names of neurons: A1, A2, ... in the first hidden layer, B1, B2, ... in the second, labels at the output."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from cmlp.console.digit import SIDE
from cmlp.names import letters, neuron_name


class Unit(NamedTuple):
    """A neuron after the input: `layer` 0 is the first layer after the input; `neuron` is its column in the weights."""

    layer: int
    neuron: int


def unit_name(unit: Unit, sizes: Sequence[int], labels: Sequence[str]) -> str:
    """Return the name of a neuron, for example "A13", or the label of an output."""
    return neuron_name(*unit, labels if unit.layer == len(sizes) - 2 else None)


def source_name(layer: int, index: int) -> str:
    """Return the name of the input `index` of a layer: a pixel for layer 0, otherwise a hidden neuron."""
    if layer == 0:
        return f"row {index // SIDE:2}, col {index % SIDE:2}"
    return neuron_name(layer - 1, index)


def parse_unit(text: str, sizes: Sequence[int], labels: Sequence[str]) -> Unit:
    """Return the neuron that a name means.

    Raises
    ------
    ValueError
        If the network has no neuron of this name; the message names the neurons that it has.
    """
    if text in labels:
        return Unit(len(sizes) - 2, list(labels).index(text))
    match = re.fullmatch(r"([A-Za-z]+)(\d+)", text)
    if match:
        name, number = match[1].upper(), int(match[2])
        for layer, size in enumerate(sizes[1:-1]):
            if name == letters(layer) and 1 <= number <= size:
                return Unit(layer, number - 1)
    hidden = [f"{letters(layer)}1 to {letters(layer)}{size}" for layer, size in enumerate(sizes[1:-1])]
    raise ValueError(
        f"--neuron must be one of {', '.join([*hidden, f'{labels[0]} to {labels[-1]} (outputs)'])}, got {text!r}"
    )
