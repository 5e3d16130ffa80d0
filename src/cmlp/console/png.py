"""PNG files of images, written with zlib alone."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmlp.console.digit import SIDE, scale_of

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GRAY, _RGB = 0, 2
_MOST = 64
_BLUE, _ORANGE = (80, 160, 255), (255, 140, 40)


def write_png(path: str | os.PathLike[str], pixels: NDArray[np.uint8], zoom: int = 1) -> None:
    """Write an image as a PNG file.

    Parameters
    ----------
    path : str or path-like
    pixels : ndarray of shape (height, width) or (height, width, 3), uint8
        Gray values, or red, green and blue.
    zoom : int
        Size of a pixel in the file.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    large = np.repeat(np.repeat(np.ascontiguousarray(pixels, np.uint8), zoom, axis=0), zoom, axis=1)
    height, width = large.shape[:2]
    kind = _GRAY if large.ndim == 2 else _RGB
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    # Every row begins with the number of its filter; 0 is none.
    rows = b"".join(b"\0" + row.tobytes() for row in large)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    Path(path).write_bytes(_SIGNATURE + b"".join(_chunk(name, body) for name, body in chunks))


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def signed_pixels(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the colours of values from -1 (orange) to 1 (blue); 0 is black. Shape (height, width, 3)."""
    strength = np.clip(np.abs(values), 0, 1)[..., None]
    hue = np.where(np.asarray(values)[..., None] > 0, _BLUE, _ORANGE)
    colors: NDArray[np.uint8] = (strength * hue).round().astype(np.uint8)
    return colors


def weight_sheet(weights: NDArray[Any], columns: int = 8) -> NDArray[np.uint8]:
    """Return the weights of the neurons of the first layer (at most 64) as images, in rows of `columns`."""
    images = []
    for column in np.asarray(weights[:, :_MOST], float).T:
        images.append(signed_pixels(column.reshape(SIDE, SIDE) / scale_of(column)))
    return tiled(images, columns)


def tiled(images: Sequence[NDArray[np.uint8]], columns: int, gap: int = 1, background: int = 128) -> NDArray[np.uint8]:
    """Return images of the same shape in rows of `columns`, with gaps between them."""
    height, width = images[0].shape[:2]
    n_rows = -(-len(images) // columns)
    n_columns = min(columns, len(images))
    shape = (n_rows * (height + gap) + gap, n_columns * (width + gap) + gap, *images[0].shape[2:])
    sheet = np.full(shape, background, np.uint8)
    for n, image in enumerate(images):
        top, left = (n // columns) * (height + gap) + gap, (n % columns) * (width + gap) + gap
        sheet[top : top + height, left : left + width] = image
    return sheet
