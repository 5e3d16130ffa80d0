"""Pictures for the terminal: digits, weights and outputs as lines with escape codes.

A function that draws takes the `Terminal` first, for its colours and characters, and returns lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmlp import Network
from cmlp._cli.terminal import Terminal, side_by_side
from cmlp._model.results import neuron_name

SIDE = 28  # pixels per row and per column
# Bold text keeps the terminal's own colour. This blue is legible on black and on white.
_STYLES = {"strong": "\x1b[1m", "blue": "\x1b[38;5;32m"}
# With and without block characters.
_SYMBOLS = {"full": "█#", "winner": "◄<", "point": "●@", "ring": "○o", "vertical": "│|"}
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
    """Return text in a style ("strong", "blue") if the terminal has colours."""
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


def patch_lines(terminal: Terminal, network: Network, width: int, height: int) -> list[str]:
    """Draw the weights of the first neurons of the first layer with their names.

    They are as large as the size allows.

    Two rows of images are drawn if they fit.
    """
    rows = 2 if height >= 2 * (_SMALLEST // 2 + 2) else 1
    per_row = max(1, min(_PER_ROW, (width + _GAP) // (_SMALLEST + _GAP)))
    columns = min((width + _GAP) // per_row - _GAP, 2 * (height // rows - 1), _KEPT)
    gap = min((width - per_row * columns) // max(per_row - 1, 1), _WIDEST_GAP)
    weights = network.weights[0]
    lines = []
    for start in range(0, min(weights.shape[1], per_row * rows), per_row):
        units = range(start, min(start + per_row, weights.shape[1]))
        titles = [neuron_name(0, unit)[:columns].ljust(columns) for unit in units]
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


def output_bars(
    terminal: Terminal, outputs: NDArray[Any], labels: Sequence[str], width: int
) -> list[str]:
    """Draw one bar per output neuron, from 0 to 1, with its label and activation.

    The brightest is marked.
    """
    values = np.asarray(outputs, float)
    longest = max(map(len, labels))
    space = max(width - longest - 8, 1)
    winner = int(values.argmax())
    lines = []
    for n, (label, value) in enumerate(zip(labels, values, strict=True)):
        line = f"{label:{longest}} {value:4.2f} {_bar(terminal, value, space)}".rstrip()
        if n == winner:
            marked = f"{line:{longest + space + 6}} {symbol(terminal, 'winner')}"
            line = styled(terminal, marked, "strong")
        lines.append(line)
    return lines


def _bar(terminal: Terminal, share: float, width: int) -> str:
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
