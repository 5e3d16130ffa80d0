"""Names of neurons, the same in the command, the plots and the documentation.

The neurons of the first hidden layer are A1, A2, ..., those of the second B1, B2, ...; an output has the name of its
class. The numbers start at 1, so neuron A13 is column 12 of ``weights[0]``.
"""

from __future__ import annotations

from collections.abc import Sequence


def letters(layer: int) -> str:
    """Return the name of a hidden layer, counted from 0: A to Z, then AA, AB, and so on."""
    name = ""
    layer += 1
    while layer:
        layer, digit = divmod(layer - 1, 26)
        name = chr(ord("A") + digit) + name
    return name


def neuron_name(layer: int, neuron: int, output_names: Sequence[str] | None = None) -> str:
    """Return the name of a neuron: "A13" for (0, 12), or its name in `output_names` in the output layer."""
    return output_names[neuron] if output_names is not None else f"{letters(layer)}{neuron + 1}"
