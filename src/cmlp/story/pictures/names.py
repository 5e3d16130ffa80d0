"""Names of neurons: A1, A2, ... in the first hidden layer, B1, B2, ... in the second, labels at the output."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from cmlp._model.names import letters, neuron_name
from cmlp._model.results import ParameterIndex

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
