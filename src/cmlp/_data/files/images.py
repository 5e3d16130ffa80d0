"""Images: idx files, and the bundled sample of MNIST."""

import gzip
import math
import os
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from cmlp._data.array_types import NDArray

_EMBEDDED = Path(__file__).parent / "digits28"
IMAGES, LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"
# The bundled images, as tools/make_sample.py packs them.
_RUNS = "runs-idx1-ubyte.gz"
_PIXELS = "pixels-idx1-ubyte.gz"
# The magic number contains the element type (0x08 is uint8) and the number of dimensions.
MAGIC = {IMAGES: 0x0803, LABELS: 0x0801}
_MAGIC_BYTES = b"\0\0\x08"  # the first bytes of all idx files of uint8
SIDE = 28
_CHUNK = 1 << 20  # bytes to read at a time

DIGITS = tuple("0123456789")


class _Arrays(NamedTuple):
    X_train: NDArray[np.uint8]
    y_train: NDArray[np.int64]
    X_test: NDArray[np.uint8]
    y_test: NDArray[np.int64]


class Dataset(_Arrays):
    """Training and test images with their labels: a tuple of four arrays.

    Attributes
    ----------
    X_train, X_test : ndarray of uint8, shape (n_images, 784)
        One image of 28 x 28 pixels per row, in row-major order. Values are from 0 (black) to 255
        (white).
    y_train, y_test : ndarray of int64, shape (n_images,)
        The class of each image, 0 to 9.
    labels : tuple of str
        Names of the classes: ``labels[y]`` is the name of class ``y``.
    """

    __module__ = "cmlp.datasets"

    labels: Sequence[str] = DIGITS


def load_digits28() -> Dataset:
    """Load the bundled sample of MNIST: 5,000 training and 1,000 test images of handwritten digits.

    These are the first images of MNIST's training and test sets (by Yann LeCun, Corinna Cortes and
    Christopher Burges, CC BY-SA 3.0; the licence is in the folder of the files).

    Returns
    -------
    Dataset
        ``X_train, y_train, X_test, y_test``, with images as rows of 784 uint8 values.

    Examples
    --------
    >>> from cmlp.datasets import load_digits28
    >>> X_train, y_train, X_test, y_test = load_digits28()
    >>> X_train.shape, X_test.shape
    ((5000, 784), (1000, 784))
    """
    (X_train, y_train), (X_test, y_test) = map(_unpacked_split, ("train", "t10k"))
    return Dataset(X_train, y_train, X_test, y_test)


def _unpacked_split(split: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    runs, pixels, labels = (
        read_idx_file(_EMBEDDED / f"{split}-{name}", MAGIC[LABELS])
        for name in (_RUNS, _PIXELS, f"{LABELS}.gz")
    )
    return unpack_images(runs, pixels).reshape(-1, SIDE * SIDE), labels.astype(np.int64)


def unpack_images(runs: NDArray[np.uint8], pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return images of 28 x 28 pixels from the lengths of their runs and their nonzero pixels.

    The runs are of zero and of nonzero pixels in turns. The nonzero pixels are in the order of `nonzero_neighbours`.
    """
    nonzero = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(-1, SIDE, SIDE)
    ordered = np.empty_like(pixels)
    ordered[np.argsort(nonzero_neighbours(nonzero), kind="stable")] = pixels
    images = np.zeros(nonzero.shape, np.uint8)
    images[nonzero] = ordered
    return images


def nonzero_neighbours(nonzero: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the number of nonzero neighbours of each nonzero pixel; the four nearest count twice.

    It tells the edges of a stroke, with pixels of any brightness, from its middle, where nearly all are white.
    """
    weights = np.array([1, 2, 1], np.uint8)
    padded = np.pad(nonzero.astype(np.uint8), ((0, 0), (1, 1), (1, 1)))
    rows = sum(weights[k] * padded[:, k : k + SIDE] for k in range(3))
    both = sum(weights[k] * rows[:, :, k : k + SIDE] for k in range(3))
    found: NDArray[np.uint8] = both[nonzero]
    return found


def read_idx_file(path: Path, magic: int) -> NDArray[np.uint8]:
    """Read an idx file of bytes with the given magic number, decompressed if its name ends with ".gz"."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
            return read_idx(file, path, magic)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} is not a valid gzip file: {error}.") from error


def read_idx(
    file: IO[bytes] | gzip.GzipFile, path: str | os.PathLike[str], magic: int | None = None
) -> NDArray[np.uint8]:
    """Read an idx file of bytes: magic number, shape (big-endian 32-bit integers), values. Raises ValueError.

    `path` is its name for messages, and with `magic=None` any number of dimensions is valid. At most one byte is read
    beyond the values that the header promises.
    """
    start = file.read(4)
    found = int.from_bytes(start, "big")
    if len(start) == 4 and (start[:3] != _MAGIC_BYTES or found != (magic or found)):
        must = f"it must start with {_MAGIC_BYTES!r}, got {start[:3]!r}"
        must = must if magic is None else f"its magic number must be {magic}, got {found}"
        raise ValueError(f"{path} is not an idx file of uint8: {must}.")
    header = file.read(4 * start[3]) if len(start) == 4 else b""
    if len(start) < 4 or len(header) < 4 * start[3]:
        raise ValueError(
            f"{path} is truncated: it ends within its header, after {len(start) + len(header)} "
            "bytes."
        )
    sizes = struct.unpack(f">{start[3]}I", header)
    n_values, n_header = math.prod(sizes), 4 + len(header)
    content = read_at_most(file, n_values + 1)
    if len(content) != n_values:
        shape = " x ".join(map(str, sizes))
        got = "more" if len(content) > n_values else f"{n_header + len(content)} bytes"
        raise ValueError(
            f"{path} must have {n_header + n_values} bytes for the {shape} values in its header, "
            f"got {got}."
        )
    return np.frombuffer(content, np.uint8).reshape(sizes)


def read_at_most(file: IO[bytes] | gzip.GzipFile, n: int) -> bytearray:
    """Read up to n bytes. Memory is allocated as the bytes arrive, because n can be a number from a hostile file."""
    content = bytearray()
    while len(content) < n and (chunk := file.read(min(n - len(content), _CHUNK))):
        content += chunk
    return content
