"""Data sets of labelled images: the bundled sample of MNIST, and loaders for MNIST and Fashion-MNIST. Parquet files.

`load_digits28` loads the bundled sample. `load_mnist` and `load_fashion_mnist` download the whole sets once, or read
the folders ``mnist/`` and ``fashion-mnist/`` in the folder that the environment variable ``CMLP_DATA`` names.
"""

import gzip
import math
import os
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmlp._data.parquet import ParquetBlocks
from cmlp.datasets import _download
from cmlp.datasets._download import Source

__all__ = ["Dataset", "ParquetBlocks", "load_digits28", "load_fashion_mnist", "load_mnist"]

_EMBEDDED = Path(__file__).parent / "digits28"
_IMAGES, _LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"
_RUNS, _PIXELS = "runs-idx1-ubyte.gz", "pixels-idx1-ubyte.gz"  # the bundled images, as tools/make_sample.py packs them
# The magic number contains the element type (0x08 is uint8) and the number of dimensions.
_MAGIC = {_IMAGES: 0x0803, _LABELS: 0x0801}
_MAGIC_BYTES = b"\0\0\x08"  # the first bytes of all idx files of uint8
_SIDE = 28
_CHUNK = 1 << 20  # bytes to read at a time

_DIGITS = tuple("0123456789")
_CLOTHES = ("T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")


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
        One image of 28 x 28 pixels per row, in row-major order. Values are from 0 (black) to 255 (white).
    y_train, y_test : ndarray of int64, shape (n_images,)
        The class of each image, 0 to 9.
    labels : tuple of str
        Names of the classes: ``labels[y]`` is the name of class ``y``.
    """

    labels: Sequence[str] = _DIGITS


def load_digits28() -> Dataset:
    """Load the bundled sample of MNIST: 5,000 training and 1,000 test images of handwritten digits.

    These are the first images of MNIST's training and test sets (by Yann LeCun, Corinna Cortes and Christopher Burges,
    CC BY-SA 3.0; the licence is in the folder of the files).

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
        _read_idx(_EMBEDDED / f"{split}-{name}", _MAGIC[_LABELS]) for name in (_RUNS, _PIXELS, f"{_LABELS}.gz")
    )
    return unpack_images(runs, pixels).reshape(-1, _SIDE * _SIDE), labels.astype(np.int64)


def unpack_images(runs: NDArray[np.uint8], pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return images of 28 x 28 pixels from the lengths of their runs and their nonzero pixels.

    The runs are of zero and of nonzero pixels in turns. The nonzero pixels are in the order of `nonzero_neighbours`.
    """
    nonzero = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(-1, _SIDE, _SIDE)
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
    rows = sum(weights[k] * padded[:, k : k + _SIDE] for k in range(3))
    both = sum(weights[k] * rows[:, :, k : k + _SIDE] for k in range(3))
    found: NDArray[np.uint8] = both[nonzero]
    return found


def load_mnist() -> Dataset:
    """Load MNIST: 60,000 training and 10,000 test images of handwritten digits.

    If the environment variable ``CMLP_DATA`` is set, the files are read from its folder ``mnist/``: the four
    published idx files, gzipped or not. Otherwise the first call downloads them into the user's cache folder and checks
    their SHA-256, which needs the extra ``cmlp[datasets]`` (the packages pooch and tqdm).

    Returns
    -------
    Dataset
        ``X_train, y_train, X_test, y_test``, with images as rows of 784 uint8 values.

    Raises
    ------
    FileNotFoundError
        If a file is missing from ``CMLP_DATA``, or cannot be downloaded. The message explains how to get the files.
    ValueError
        If a file is invalid. The message names the file.
    """
    return _load(_folder(_download.MNIST))


def load_fashion_mnist() -> Dataset:
    """Load Fashion-MNIST: 60,000 training and 10,000 test images of clothes.

    If the environment variable ``CMLP_DATA`` is set, the files are read from its folder ``fashion-mnist/``: the four
    published idx files, gzipped or not. Otherwise the first call downloads them into the user's cache folder and checks
    their SHA-256, which needs the extra ``cmlp[datasets]`` (the packages pooch and tqdm).

    Returns
    -------
    Dataset
        ``X_train, y_train, X_test, y_test``, with images as rows of 784 uint8 values. Its ``labels`` are the names of
        the ten kinds of clothes.

    Raises
    ------
    FileNotFoundError
        If a file is missing from ``CMLP_DATA``, or cannot be downloaded. The message explains how to get the files.
    ValueError
        If a file is invalid. The message names the file.
    """
    data = _load(_folder(_download.FASHION_MNIST))
    data.labels = _CLOTHES
    return data


def _folder(source: Source) -> Path:
    """Return the folder of a data set in ``CMLP_DATA``, or else in the cache, after a download if needed."""
    root = os.environ.get("CMLP_DATA")
    if not root:
        return _download.downloaded(source)
    folder = Path(root) / source.folder
    names = [name.removesuffix(".gz") for name in source.files]
    missing = [name for name in names if _find(folder, name) is None]
    if missing:
        raise FileNotFoundError(
            f"{source.title} was not found: no {missing[0]} in {str(folder)!r} (CMLP_DATA is {root!r}). Download the "
            f"files {', '.join(names)} (gzipped or not) from {source.mirrors[0]} into this folder, or unset CMLP_DATA."
        )
    return folder


def _find(folder: Path, name: str) -> Path | None:
    """Return the path of an idx file, gzipped or not; None if neither exists."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.exists()), None)


def _load(folder: Path) -> Dataset:
    """Read the four idx files of a folder."""
    X_train, y_train = _load_split(folder, "train")
    X_test, y_test = _load_split(folder, "t10k")
    return Dataset(X_train, y_train, X_test, y_test)


def _load_split(folder: Path, split: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Read the images and labels of the training or test set and check that they match."""
    image_path, label_path = (_find(folder, f"{split}-{kind}") for kind in (_IMAGES, _LABELS))
    assert image_path and label_path
    images = _read_idx(image_path, _MAGIC[_IMAGES])
    labels = _read_idx(label_path, _MAGIC[_LABELS])
    if images.shape[1:] != (_SIDE, _SIDE):
        height, width = images.shape[1:]
        raise ValueError(f"{image_path} must contain images of 28 x 28 pixels, got {height} x {width}.")
    if len(images) != len(labels):
        raise ValueError(f"{label_path} must contain a label for each of {len(images)} images, got {len(labels)}.")
    if labels.size and labels.max() >= len(_DIGITS):
        raise ValueError(f"{label_path} must contain labels from 0 to 9, got {labels.max()}.")
    return images.reshape(-1, _SIDE * _SIDE), labels.astype(np.int64)


def _read_idx(path: Path, magic: int) -> NDArray[np.uint8]:
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
        raise ValueError(f"{path} is truncated: it ends within its header, after {len(start) + len(header)} bytes.")
    sizes = struct.unpack(f">{start[3]}I", header)
    n_values, n_header = math.prod(sizes), 4 + len(header)
    content = read_at_most(file, n_values + 1)
    if len(content) != n_values:
        shape = " x ".join(map(str, sizes))
        got = "more" if len(content) > n_values else f"{n_header + len(content)} bytes"
        raise ValueError(
            f"{path} must have {n_header + n_values} bytes for the {shape} values in its header, got {got}."
        )
    return np.frombuffer(content, np.uint8).reshape(sizes)


def read_at_most(file: IO[bytes] | gzip.GzipFile, n: int) -> bytearray:
    """Read up to n bytes. Memory is allocated as the bytes arrive, because n can be a number from a hostile file."""
    content = bytearray()
    while len(content) < n and (chunk := file.read(min(n - len(content), _CHUNK))):
        content += chunk
    return content
