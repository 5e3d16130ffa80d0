"""Activations: hidden layers as rows of cells, output neurons as bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmlp._cli.terminal import Terminal, padded
from cmlp._model.names import letters
from cmlp.story.pictures.text import bar, styled, symbols

# Characters from 0 to the scale for positive and negative activations, with and without block characters.
_CELLS = {True: ("·░▒▓█", "·--=="), False: (".:+*#", ".--==")}
_MOST_LINES = 6
# Colours: the cell of a neuron that is off is dark gray, so that it differs from the gap between two cells.
_DARKEST = 0.15


def cell_lines(terminal: Terminal, activations: NDArray[Any], width: int, scale: float = 1.0) -> list[str]:
    """Draw the activations of one layer as cells, from dark (0) to bright (`scale`), in lines of `width` columns.

    Long layers are cut off after a few lines; the last line then tells how many neurons are missing.
    """
    values = np.asarray(activations, float) / scale
    per_line = max((width + 1) // 2, 1)
    starts = range(0, len(values), per_line)
    lines = [_cells(terminal, values[start : start + per_line]) for start in starts[:_MOST_LINES]]
    missing = len(values) - _MOST_LINES * per_line
    return [*lines, f"and {missing:,} more"] if missing > 0 else lines


def tick_line(size: int) -> str:
    """Return numbers of neurons for a line above the cells of layers, each where its cell is: 1, 5, 10, ..."""
    line = ""
    for neuron in (0, *range(4, size, 5)):
        line = line.ljust(2 * neuron) + str(neuron + 1)
    return line


def _cells(terminal: Terminal, values: NDArray[Any]) -> str:
    if terminal.colors:
        sizes = np.sign(values) * (_DARKEST + (1 - _DARKEST) * np.minimum(np.abs(values), 1))
        sizes[values == 0] = _DARKEST
        row = np.zeros(2 * len(values) - 1)
        row[::2] = sizes
        return terminal.draw(np.stack([row, row]), signed=bool((values < 0).any()))[0]
    above, below = _CELLS[terminal.blocks]
    levels = np.minimum(np.abs(values), 1) * (len(above) - 1)
    return " ".join((above if value >= 0 else below)[round(level)] for value, level in zip(values, levels, strict=True))


def legend(terminal: Terminal) -> str:
    """Return the meaning of the cells in words."""
    ramp = _CELLS[terminal.blocks][0]
    return "dark 0, bright 1" if terminal.colors else f"{ramp[0]} is 0, {ramp[-1]} is 1"


def layer_lines(terminal: Terminal, networks: Sequence[Sequence[NDArray[Any]]], width: int, gap: int = 3) -> list[str]:
    """Draw the hidden layers of networks of the same sizes side by side, at least one line per layer with its name.

    Each network is given by the activations of all layers for one example, inputs and outputs included. A cell is
    brightest at 1, or at the largest size if it is larger (relu).
    """
    n_hidden = len(networks[0]) - 2
    margin = max((len(letters(layer)) for layer in range(n_hidden)), default=0) + 2
    space = (width - margin - gap * (len(networks) - 1)) // len(networks)
    lines = []
    for layer in range(n_hidden):
        values = [np.asarray(activations[layer + 1], float) for activations in networks]
        scale = max(1.0, *(float(np.abs(v).max(initial=0.0)) for v in values))
        column = min(space, 2 * len(values[0]) - 1)
        for n, parts in enumerate(zip(*(cell_lines(terminal, v, space, scale) for v in values), strict=True)):
            cells = (" " * gap).join(padded(part, column) for part in parts)
            lines.append(f"{'' if n else letters(layer):{margin}}{cells}".rstrip())
        if scale > 1:
            lines.append(f"{'':{margin}}(brightest: {scale:.3g})")
    return lines


def output_bars(
    terminal: Terminal, outputs: NDArray[Any], labels: Sequence[str], width: int, digits: int = 3
) -> list[str]:
    """Draw one bar per output neuron with its label and activation in `digits` decimals; the brightest is marked.

    A bar of full length is 1, or the largest activation if it is larger.
    """
    values = np.asarray(outputs, float)
    longest = max(map(len, labels))
    space = max(width - longest - digits - 6, 1)
    scale, winner = max(1.0, float(values.max())), int(values.argmax())
    lines = []
    for n, (label, value) in enumerate(zip(labels, values, strict=True)):
        line = f"{label:{longest}} {value:{digits + 2}.{digits}f} "
        drawn = bar(terminal, value / scale, space)
        if n == winner:
            line = styled(terminal, f"{line}{drawn:{space}} {symbols(terminal).winner}", "strong")
        lines.append(line if n == winner else (line + drawn).rstrip())
    return lines
