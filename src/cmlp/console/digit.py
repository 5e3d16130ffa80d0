"""Images in the terminal: a digit, and the weights of a neuron."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmlp.console.terminal import Terminal

SIDE = 28  # pixels per row and per column


def digit_lines(terminal: Terminal, image: NDArray[Any], *, margin: int = 1) -> list[str]:
    """Draw an image of 784 pixels from 0 to 255, without its black border.

    Parameters
    ----------
    margin : int
        Number of black columns to keep on each side.
    """
    pixels = np.asarray(image, float).reshape(SIDE, SIDE) / 255
    rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
    if not len(rows):
        return terminal.draw(pixels)
    # Start at an even row, because a line of text shows two rows of pixels.
    top, bottom = rows[0] // 2 * 2, rows[-1] + 1
    left, right = max(columns[0] - margin, 0), columns[-1] + 1 + margin
    return terminal.draw(pixels[top:bottom, left:right])


def weight_lines(terminal: Terminal, weights: NDArray[Any]) -> list[str]:
    """Draw the 784 weights of a neuron of the first layer: positive weights blue, negative weights orange."""
    return terminal.draw(np.asarray(weights, float).reshape(SIDE, SIDE) / scale_of(weights), signed=True)


def scale_of(weights: NDArray[Any]) -> float:
    """Return the weight that a picture shows in full strength; larger ones look the same.

    It is a quantile, because a few extreme weights would make all others almost black.
    """
    return float(np.quantile(np.abs(weights), 0.98)) or 1.0
