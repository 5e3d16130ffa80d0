"""Images of 784 values: digits, and the weights of neurons of the first layer, in the terminal and as PNG files."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmlp import Network
from cmlp._cli.terminal import BLUE, ORANGE, Terminal, beside
from cmlp.story.pictures.names import SIDE, Names, Unit

_GAP, _WIDEST_GAP = 1, 6
_PER_ROW, _SMALLEST = 8, 8  # images in a row, and columns of an image; its height in lines is half of its width
_KEPT = 22  # of the 28 rows and columns of pixels: the margin is black in nearly all images
_MOST = 64  # images in a PNG file
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def squares(images: NDArray[Any]) -> NDArray[np.float64]:
    """Return rows of 784 pixels from 0 to 255 as square images from 0 to 1."""
    return np.asarray(images, float).reshape(*np.shape(images)[:-1], SIDE, SIDE) / 255


def digit_lines(terminal: Terminal, image: NDArray[Any], *, margin: int = 1) -> list[str]:
    """Draw an image of 784 pixels from 0 to 255, without its black border but for `margin` columns on each side."""
    pixels = squares(image)
    rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
    if not len(rows):
        return terminal.draw(pixels)
    # Start at an even row, because a line of text shows two rows of pixels.
    left = max(columns[0] - margin, 0)
    return terminal.draw(pixels[rows[0] // 2 * 2 : rows[-1] + 1, left : columns[-1] + 1 + margin])


def weight_lines(terminal: Terminal, weights: NDArray[Any]) -> list[str]:
    """Draw the 784 weights of a neuron of the first layer: positive weights blue, negative weights orange."""
    return terminal.draw(np.asarray(weights, float).reshape(SIDE, SIDE) / scale_of(weights), signed=True)


def scale_of(weights: NDArray[Any]) -> float:
    """Return the weight that a picture shows in full strength; larger ones look the same.

    It is a quantile, because a few extreme weights would make all others almost black.
    """
    return float(np.quantile(np.abs(weights), 0.98)) or 1.0


def shrunk(image: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    """Return a smaller image; each pixel is the mean of the area that it covers."""
    smaller: NDArray[Any] = _shares(image.shape[0], height) @ image @ _shares(image.shape[1], width).T
    return smaller


def _shares(old: int, new: int) -> NDArray[Any]:
    """Return the share of each old pixel in each new one, of shape (new, old)."""
    edges, starts = np.linspace(0, old, new + 1), np.arange(old)
    covered = np.minimum(edges[1:, None], starts + 1) - np.maximum(edges[:-1, None], starts)
    shares: NDArray[Any] = np.maximum(covered, 0) * new / old
    return shares


def patch_lines(terminal: Terminal, network: Network, labels: Sequence[str], width: int, height: int) -> list[str]:
    """Draw the weights of the first neurons of the first layer with their names, as large as the size allows.

    Two rows of images are drawn if they fit.
    """
    rows = 2 if height >= 2 * (_SMALLEST // 2 + 2) else 1
    per_row = max(1, min(_PER_ROW, (width + _GAP) // (_SMALLEST + _GAP)))
    columns = min((width + _GAP) // per_row - _GAP, 2 * (height // rows - 1), _KEPT)
    gap = min((width - per_row * columns) // max(per_row - 1, 1), _WIDEST_GAP)
    weights, names = network.weights[0], Names(network.sizes, labels)
    lines = []
    for start in range(0, min(weights.shape[1], per_row * rows), per_row):
        units = range(start, min(start + per_row, weights.shape[1]))
        titles = [names.of(Unit(0, unit))[:columns].ljust(columns) for unit in units]
        patches = [_patch(terminal, weights[:, unit], columns) for unit in units]
        lines += beside(*([title, *patch] for title, patch in zip(titles, patches, strict=True)), gap=gap)
    return lines


def _patch(terminal: Terminal, weights: NDArray[Any], columns: int) -> list[str]:
    """Draw the weights of one neuron without the margin, scaled so that few of its pixels are out of range."""
    margin = (SIDE - _KEPT) // 2
    inner = np.asarray(weights, float).reshape(SIDE, SIDE)[margin : SIDE - margin, margin : SIDE - margin]
    image = shrunk(inner, 2 * (columns // 2 + columns % 2), columns)
    return terminal.draw(image / (float(np.quantile(np.abs(image), 0.95)) or 1.0), signed=True)


def write_png(path: str | os.PathLike[str], pixels: NDArray[np.uint8], zoom: int = 1) -> None:
    """Write gray values of shape (height, width), or colours of shape (height, width, 3), as a PNG file."""
    large = np.repeat(np.repeat(np.ascontiguousarray(pixels, np.uint8), zoom, axis=0), zoom, axis=1)
    height, width = large.shape[:2]
    gray, rgb = 0, 2
    header = struct.pack(">IIBBBBB", width, height, 8, gray if large.ndim == 2 else rgb, 0, 0, 0)
    # Every row begins with the number of its filter; 0 is none.
    rows = b"".join(b"\0" + row.tobytes() for row in large)
    content = _SIGNATURE
    for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")):
        content += struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    Path(path).write_bytes(content)


def weight_sheet(weights: NDArray[Any], columns: int = 8) -> NDArray[np.uint8]:
    """Return the weights of the neurons of the first layer (at most 64) as images, in rows of `columns`."""
    images = []
    for column in np.asarray(weights[:, :_MOST], float).T:
        values = column.reshape(SIDE, SIDE, 1) / scale_of(column)
        hue = np.where(values > 0, BLUE.rgb, ORANGE.rgb)
        images.append((np.clip(np.abs(values), 0, 1) * hue).round().astype(np.uint8))
    return tiled(images, columns)


def tiled(images: Sequence[NDArray[np.uint8]], columns: int, gap: int = 1, background: int = 128) -> NDArray[np.uint8]:
    """Return images of the same shape in rows of `columns`, with gaps between them."""
    height, width = images[0].shape[:2]
    n_rows, n_columns = -(-len(images) // columns), min(columns, len(images))
    shape = (n_rows * (height + gap) + gap, n_columns * (width + gap) + gap, *images[0].shape[2:])
    sheet = np.full(shape, background, np.uint8)
    for n, image in enumerate(images):
        top, left = (n // columns) * (height + gap) + gap, (n % columns) * (width + gap) + gap
        sheet[top : top + height, left : left + width] = image
    return sheet
