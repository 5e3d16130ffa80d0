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

_GAP, _WIDEST_GAP = 1, 6
_PER_ROW, _SMALLEST = 8, 8  # images in a row, and columns of an image; its height in lines is half of its width
_KEPT = 22  # of the 28 rows and columns of pixels: the margin is black in nearly all images


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


def patch_lines(terminal: Terminal, network: Network, labels: Sequence[str], width: int, height: int) -> list[str]:
    """Draw the weights of the first neurons of the first layer, with their names: positive blue, negative orange.

    Parameters
    ----------
    terminal : Terminal
    network : Network
        Its inputs must be 784 pixels.
    labels : sequence of str
        Labels of the outputs, for a network without hidden layers.
    width, height : int
        Size of the picture in columns and lines. The images are as large as it allows; two rows of images are drawn if
        they fit.
    """
    rows = 2 if height >= 2 * (_SMALLEST // 2 + 2) else 1
    per_row = max(1, min(_PER_ROW, (width + _GAP) // (_SMALLEST + _GAP)))
    columns = min((width + _GAP) // per_row - _GAP, 2 * (height // rows - 1), _KEPT)
    gap = min((width - per_row * columns) // max(per_row - 1, 1), _WIDEST_GAP)
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
        lines += beside(*patches, gap=gap)
    return lines


def _patch(terminal: Terminal, weights: NDArray[Any], columns: int) -> list[str]:
    """Draw the weights of one neuron without the margin, scaled so that few of its pixels are out of range."""
    margin = (SIDE - _KEPT) // 2
    inner = np.asarray(weights, float).reshape(SIDE, SIDE)[margin : SIDE - margin, margin : SIDE - margin]
    image = shrunk(inner, 2 * (columns // 2 + columns % 2), columns)
    strength = float(np.quantile(np.abs(image), 0.95)) or 1.0
    return terminal.draw(image / strength, signed=True)
