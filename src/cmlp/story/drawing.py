"""Pictures and pages for the terminal.

Digits, weights, activations, outputs and texts are lines with escape codes.

A function that draws takes the `Terminal` first, for its colours and characters, and returns lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmlp import Network
from cmlp._cli.terminal import Terminal, pad, side_by_side, without_codes, wrap
from cmlp._model.results import letters
from cmlp.story.neurons import SIDE, Names, Unit

# Bold text keeps the terminal's own colour. This blue and this orange are legible on black and on
# white.
_STYLES = {"strong": "\x1b[1m", "up": "\x1b[38;5;32m", "down": "\x1b[38;5;166m"}
# With and without block characters.
_SYMBOLS = {
    "full": "█#",
    "winner": "◄<",
    "up": "▲^",
    "down": "▼v",
    "point": "●@",
    "ring": "○o",
    "vertical": "│|",
}
_GAP = 1
_WIDEST_GAP = 6
# images in a row, and columns of an image; its height in lines is half of its width
_PER_ROW = 8
_SMALLEST = 8
_KEPT = 22  # of the 28 rows and columns of pixels: the margin is black in nearly all images


def symbol(terminal: Terminal, name: str) -> str:
    """Return a character that the terminal's encoding has, by its name."""
    index = 0 if terminal.blocks else 1
    return _SYMBOLS[name][index]


def styled(terminal: Terminal, text: str, style: str) -> str:
    """Return text in a style ("strong", "up", "down") if the terminal has colours."""
    if terminal.colors and text:
        return f"{_STYLES[style]}{text}\x1b[0m"
    return text


def digit_lines(terminal: Terminal, image: NDArray[Any], *, whole: bool = False) -> list[str]:
    """Draw an image of 784 pixels from 0 to 255, whole or without its border.

    A column of the border is left on each side.
    """
    pixels = np.asarray(image, float).reshape(SIDE, SIDE) / 255
    rows = np.flatnonzero(pixels.any(axis=1))
    columns = np.flatnonzero(pixels.any(axis=0))
    if whole or not len(rows):
        return terminal.draw(pixels)
    # Start at an even row, because a line of text shows two rows of pixels.
    left = max(columns[0] - 1, 0)
    return terminal.draw(pixels[rows[0] // 2 * 2 : rows[-1] + 1, left : columns[-1] + 2])


def weight_lines(terminal: Terminal, weights: NDArray[Any]) -> list[str]:
    """Draw the 784 weights of a neuron of the first layer.

    Positive weights are blue, negative weights orange.
    """
    # the few extremes would darken the rest
    full = float(np.quantile(np.abs(weights), 0.98)) or 1.0
    return terminal.draw(np.asarray(weights, float).reshape(SIDE, SIDE) / full, signed=True)


def patch_lines(
    terminal: Terminal, network: Network, labels: Sequence[str], width: int, height: int
) -> list[str]:
    """Draw the weights of the first neurons of the first layer with their names.

    They are as large as the size allows.

    Two rows of images are drawn if they fit.
    """
    rows = 2 if height >= 2 * (_SMALLEST // 2 + 2) else 1
    per_row = max(1, min(_PER_ROW, (width + _GAP) // (_SMALLEST + _GAP)))
    columns = min((width + _GAP) // per_row - _GAP, 2 * (height // rows - 1), _KEPT)
    gap = min((width - per_row * columns) // max(per_row - 1, 1), _WIDEST_GAP)
    weights = network.weights[0]
    names = Names(network.sizes, labels)
    lines = []
    for start in range(0, min(weights.shape[1], per_row * rows), per_row):
        units = range(start, min(start + per_row, weights.shape[1]))
        titles = [names.name(Unit(0, unit))[:columns].ljust(columns) for unit in units]
        patches = [_patch(terminal, weights[:, unit], columns) for unit in units]
        lines += side_by_side(
            *([title, *patch] for title, patch in zip(titles, patches, strict=True)), gap=gap
        )
    return lines


def _patch(terminal: Terminal, weights: NDArray[Any], columns: int) -> list[str]:
    """Draw the weights of one neuron without the margin.

    They are scaled so that few of its pixels are out of range.
    """
    margin = (SIDE - _KEPT) // 2
    inner = np.asarray(weights, float).reshape(SIDE, SIDE)[
        margin : SIDE - margin, margin : SIDE - margin
    ]
    # Each pixel of the smaller image is the mean of its area: repeated, rows and columns can be
    # divided evenly.
    rows = 2 * (columns // 2 + columns % 2)
    image = inner.repeat(rows, axis=0).reshape(rows, _KEPT, _KEPT).mean(axis=1)
    image = image.repeat(columns, axis=1).reshape(rows, columns, _KEPT).mean(axis=2)
    return terminal.draw(image / (float(np.quantile(np.abs(image), 0.95)) or 1.0), signed=True)


# Characters from 0 to the scale for positive and negative activations, with and without block
# characters.
_CELLS = {True: ("·░▒▓█", "·--=="), False: (".:+*#", ".--==")}
_MOST_LINES = 6
# Colours: the cell of a neuron that is off is dark gray, so that it differs from the gap between
# two cells.
_DARKEST = 0.15


def cell_lines(
    terminal: Terminal, activations: NDArray[Any], width: int, scale: float = 1.0
) -> list[str]:
    """Draw the activations of one layer as cells.

    They go from dark (0) to bright (`scale`), in lines of `width` columns.

    Long layers are cut off after a few lines; the last line then tells how many neurons are
    missing.
    """
    values = np.asarray(activations, float) / scale
    per_line = max((width + 1) // 2, 1)
    starts = range(0, len(values), per_line)
    lines = [_cells(terminal, values[start : start + per_line]) for start in starts[:_MOST_LINES]]
    missing = len(values) - _MOST_LINES * per_line
    if missing > 0:
        return [*lines, f"and {missing:,} more"]
    return lines


def _cells(terminal: Terminal, values: NDArray[Any]) -> str:
    if terminal.colors:
        sizes = np.sign(values) * (_DARKEST + (1 - _DARKEST) * np.minimum(np.abs(values), 1))
        sizes[values == 0] = _DARKEST
        row = np.zeros(2 * len(values) - 1)
        row[::2] = sizes
        return terminal.draw(np.stack([row, row]), signed=bool((values < 0).any()))[0]
    above, below = _CELLS[terminal.blocks]
    levels = np.minimum(np.abs(values), 1) * (len(above) - 1)
    return " ".join(
        (above if value >= 0 else below)[round(level)]
        for value, level in zip(values, levels, strict=True)
    )


def legend(terminal: Terminal) -> str:
    """Return the meaning of the cells in words."""
    ramp = _CELLS[terminal.blocks][0]
    if terminal.colors:
        return "dark 0, bright 1"
    return f"{ramp[0]} is 0, {ramp[-1]} is 1"


def layer_lines(
    terminal: Terminal, networks: Sequence[Sequence[NDArray[Any]]], width: int, gap: int = 3
) -> list[str]:
    """Draw the hidden layers of networks of the same sizes side by side.

    There is at least one line per layer with its name.

    Each network is given by the activations of all layers for one example, inputs and outputs
    included. A cell is brightest at 1, or at the largest size if it is larger (relu).
    """
    n_hidden = len(networks[0]) - 2
    margin = max((len(letters(layer)) for layer in range(n_hidden)), default=0) + 2
    space = (width - margin - gap * (len(networks) - 1)) // len(networks)
    lines = []
    for layer in range(n_hidden):
        values = [np.asarray(activations[layer + 1], float) for activations in networks]
        scale = max(1.0, *(float(np.abs(v).max(initial=0.0)) for v in values))
        column = min(space, 2 * len(values[0]) - 1)
        for n, parts in enumerate(
            zip(*(cell_lines(terminal, v, space, scale) for v in values), strict=True)
        ):
            cells = (" " * gap).join(pad(part, column) for part in parts)
            name = "" if n else letters(layer)
            lines.append(f"{name:{margin}}{cells}".rstrip())
        if scale > 1:
            lines.append(f"{'':{margin}}(brightest: {scale:.3g})")
    return lines


def output_bars(
    terminal: Terminal, outputs: NDArray[Any], labels: Sequence[str], width: int, digits: int = 3
) -> list[str]:
    """Draw one bar per output neuron with its label and activation.

    The activation has `digits` decimals; the brightest is marked.

    A bar of full length is 1, or the largest activation if it is larger.
    """
    values = np.asarray(outputs, float)
    longest = max(map(len, labels))
    space = max(width - longest - digits - 6, 1)
    scale = max(1.0, float(values.max()))
    winner = int(values.argmax())
    lines = []
    for n, (label, value) in enumerate(zip(labels, values, strict=True)):
        line = f"{label:{longest}} {value:{digits + 2}.{digits}f} "
        drawn = bar(terminal, value / scale, space)
        if n == winner:
            line = styled(terminal, f"{line}{drawn:{space}} {symbol(terminal, 'winner')}", "strong")
        if n != winner:
            line = (line + drawn).rstrip()
        lines.append(line)
    return lines


def bar(terminal: Terminal, share: float, width: int) -> str:
    """Return a bar for a share from 0 to 1 of a width in columns, to half a column."""
    length = min(max(share, 0.0), 1.0) * width
    if terminal.blocks:
        halves = round(2 * length)
    else:
        halves = 2 * round(length)
    return symbol(terminal, "full") * (halves // 2) + "▌" * (halves % 2)


def beside(*blocks: Sequence[str], gap: int) -> list[str]:
    """Put blocks of lines side by side, each in the middle of the height."""
    height = max(map(len, blocks))
    return side_by_side(
        *([*[""] * ((height - len(block)) // 2), *block] for block in blocks), gap=gap
    )


def beside_or_below(
    left: Sequence[str], right: Sequence[str], width: int, gap: int = 2
) -> list[str]:
    """Put two blocks of lines side by side if there is space, otherwise one below the other."""
    lines = side_by_side(left, right, gap=gap)
    is_wide = max(len(without_codes(line)) for line in lines) <= width
    if is_wide:
        return lines
    return [*side_by_side(left), "", *side_by_side(right)]


def page_width(terminal: Terminal) -> int:
    """Return how many columns a page of pictures and tables has.

    At most the terminal's width, from 39 to 119.
    """
    return min(max(terminal.width, 40), 120) - 1


def page(
    title: str, subject: str, sections: Sequence[Sequence[str]], hints: Sequence[str], width: int
) -> list[str]:
    """Return a page.

    It has a line with the command and its subject, sections, and commands to try next.
    """
    head = ends(title, subject, width)
    return [
        line for section in (head, *sections, join_texts(hints, width)) for line in ("", *section)
    ][1:]


def ends(left: str, right: str, width: int) -> list[str]:
    """Return one line with texts at both ends; if they do not fit, `right` below `left`."""
    space = width - len(left) - len(right)
    if space >= 2:
        return [left + " " * space + right]
    return [left, *wrap(right, width)]


def join_texts(parts: Sequence[str], width: int, gap: int = 3) -> list[str]:
    """Return short texts as lines, as many in a line as fit."""
    lines = [parts[0]]
    for part in parts[1:]:
        if len(lines[-1]) + gap + len(part) <= width:
            lines[-1] += " " * gap + part
        else:
            lines.append(part)
    return lines
