"""The weights of the neurons of the first layer as small images, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmlp import Network
from cmlp.console.charts import beside
from cmlp.console.digit import SIDE
from cmlp.console.terminal import Terminal
from cmlp.story.pictures.names import Unit, unit_name

_GAP = 1
_SIZES = (9, 14)  # widths in columns, narrow and wide; the height in lines is half of the width


def shrunk(image: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    """Return a smaller image; each pixel is the mean of the area that it covers."""
    smaller: NDArray[Any] = _shares(image.shape[0], height) @ image @ _shares(image.shape[1], width).T
    return smaller


def _shares(old: int, new: int) -> NDArray[Any]:
    """Return the share of each old pixel in each new one, of shape (new, old)."""
    edges = np.linspace(0, old, new + 1)
    starts = np.arange(old)
    covered = np.minimum(edges[1:, None], starts + 1) - np.maximum(edges[:-1, None], starts)
    shares: NDArray[Any] = np.maximum(covered, 0) * new / old
    return shares


def patch_lines(
    terminal: Terminal, network: Network, labels: Sequence[str], width: int, *, rows: int = 2, large: bool = False
) -> list[str]:
    """Draw the weights of the first neurons of the first layer, with their names: positive blue, negative red.

    Parameters
    ----------
    terminal : Terminal
    network : Network
        Its inputs must be 784 pixels.
    labels : sequence of str
        Labels of the outputs, for a network without hidden layers.
    width : int
        Width of the picture in columns.
    rows : int
        Number of rows of images, of 6 lines each (8 if `large` and there is space for 8 images in a row).
    large : bool
        Whether larger images are possible.
    """
    per_row = 8
    columns = _SIZES[1] if large and per_row * (_SIZES[1] + _GAP) - _GAP <= width else _SIZES[0]
    per_row = max(1, min(per_row, (width + _GAP) // (columns + _GAP)))
    weights = network.weights[0]
    lines = []
    for start in range(0, min(weights.shape[1], per_row * rows), per_row):
        units = range(start, min(start + per_row, weights.shape[1]))
        patches = [
            [
                f"{unit_name(Unit(0, unit), network.sizes, labels)[:columns]:{columns}}",
                *_patch(terminal, weights[:, unit], columns),
            ]
            for unit in units
        ]
        lines += beside(*patches, gap=_GAP)
    return lines


def _patch(terminal: Terminal, weights: NDArray[Any], columns: int) -> list[str]:
    """Draw the weights of one neuron, scaled so that few of its pixels are out of range."""
    image = shrunk(np.asarray(weights, float).reshape(SIDE, SIDE), 2 * (columns // 2 + columns % 2), columns)
    strength = float(np.quantile(np.abs(image), 0.95)) or 1.0
    return terminal.draw(image / strength, signed=True)
