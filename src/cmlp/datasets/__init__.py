"""Pictures to learn from: a sample of MNIST in the box, whole sets from a folder of yours.

`load_digits28` needs nothing but this package. `load_mnist` and `load_fashion_mnist` read the
folder that the environment variable ``CMLP_DATA`` names; it holds ``mnist/`` or
``fashion-mnist/``, each with its four idx files as published, gzipped or not.
"""

import gzip
import math
import os
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Dataset", "load_digits28", "load_fashion_mnist", "load_mnist"]

_EMBEDDED = Path(__file__).parent / "digits28"
_IMAGES, _LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"
# The magic number says uint8 (0x08) and how many sizes follow it.
_MAGIC = {_IMAGES: 0x0803, _LABELS: 0x0801}
_SIDE = 28

_DIGITS = tuple("0123456789")
_CLOTHES = (
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)


class _Arrays(NamedTuple):
    X_train: NDArray[np.uint8]
    y_train: NDArray[np.int64]
    X_test: NDArray[np.uint8]
    y_test: NDArray[np.int64]


class Dataset(_Arrays):
    """Training and test pictures with their labels; unpacks into its four arrays.

    Attributes
    ----------
    X_train, X_test : ndarray of uint8, shape (n_pictures, 784)
        28 x 28 pixels a row, top to bottom and left to right, 0 (black) to 255 (white).
    y_train, y_test : ndarray of int64, shape (n_pictures,)
        The class of each picture, 0 to 9.
    labels : tuple of str
        The classes' names: ``labels[y]`` is the name of class ``y``.
    """

    labels: Sequence[str] = _DIGITS


def load_digits28() -> Dataset:
    """Load the digits in the box: 5,000 to train on, 1,000 to test on.

    They are the first pictures of MNIST's two splits (by Yann LeCun, Corinna Cortes and
    Christopher Burges, CC BY-SA 3.0; the notice lies beside the files).

    Returns
    -------
    Dataset
        ``X_train, y_train, X_test, y_test``; pictures as rows of 784 uint8.

    Examples
    --------
    >>> from cmlp.datasets import load_digits28
    >>> X_train, y_train, X_test, y_test = load_digits28()
    >>> X_train.shape, X_test.shape
    ((5000, 784), (1000, 784))
    """
    return _load(_EMBEDDED)


def load_mnist() -> Dataset:
    """Load the whole of MNIST from ``CMLP_DATA``: 60,000 digits to train on, 10,000 to test on.

    Returns
    -------
    Dataset
        ``X_train, y_train, X_test, y_test``; pictures as rows of 784 uint8.

    Raises
    ------
    FileNotFoundError
        If the files are not there. The message tells how to get them.
    ValueError
        If a file is not what it should be. The message names the file.
    """
    return _load(_folder("mnist", "MNIST", "https://github.com/cvdfoundation/mnist"))


def load_fashion_mnist() -> Dataset:
    """Load Fashion-MNIST from ``CMLP_DATA``: as many pictures as MNIST, of ten kinds of clothes.

    Returns
    -------
    Dataset
        ``X_train, y_train, X_test, y_test``; pictures as rows of 784 uint8. Its ``labels``
        are the names of the clothes.

    Raises
    ------
    FileNotFoundError
        If the files are not there. The message tells how to get them.
    ValueError
        If a file is not what it should be. The message names the file.
    """
    source = "https://github.com/zalandoresearch/fashion-mnist"
    data = _load(_folder("fashion-mnist", "Fashion-MNIST", source))
    data.labels = _CLOTHES
    return data


def _folder(name: str, title: str, source: str) -> Path:
    """Return the folder of that name in ``CMLP_DATA``, or tell how to get its files."""
    root = os.environ.get("CMLP_DATA")
    folder = Path(root or "") / name
    names = [f"{split}-{kind}" for split in ("train", "t10k") for kind in (_IMAGES, _LABELS)]
    missing = [name for name in names if _find(folder, name) is None]
    if root and not missing:
        return folder
    if not root:
        reason = "the environment variable CMLP_DATA is not set"
    else:
        reason = f"no {missing[0]} in {str(folder)!r} (CMLP_DATA is {root!r})"
    raise FileNotFoundError(
        f"{title} is not there: {reason}. Put the set's files ({', '.join(names)}, gzipped or "
        f"not), to be had from {source}, into a folder called {name!r}, and set CMLP_DATA to "
        f"the folder around it."
    )


def _find(folder: Path, name: str) -> Path | None:
    """Return the path of an idx file, the one that is not gzipped first, or None."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.exists()), None)


def _load(folder: Path) -> Dataset:
    """Read the four idx files of a folder."""
    X_train, y_train = _load_split(folder, "train")
    X_test, y_test = _load_split(folder, "t10k")
    return Dataset(X_train, y_train, X_test, y_test)


def _load_split(folder: Path, split: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Read a split's pictures and labels and check that they belong together."""
    image_path, label_path = (_find(folder, f"{split}-{kind}") for kind in (_IMAGES, _LABELS))
    assert image_path and label_path
    images = _read_idx(image_path, _MAGIC[_IMAGES])
    labels = _read_idx(label_path, _MAGIC[_LABELS])
    if images.shape[1:] != (_SIDE, _SIDE):
        height, width = images.shape[1:]
        raise ValueError(f"{image_path}: pictures of {height} x {width}, expected 28 x 28.")
    if len(images) != len(labels):
        raise ValueError(f"{label_path}: {len(labels)} labels for {len(images)} pictures.")
    if labels.size and labels.max() >= len(_DIGITS):
        raise ValueError(f"{label_path}: label {labels.max()}, expected 0 to 9.")
    return images.reshape(-1, _SIDE * _SIDE), labels.astype(np.int64)


def _read_idx(path: Path, magic: int) -> NDArray[np.uint8]:
    """Read one idx file of bytes: magic number, sizes (big-endian, 32 bits each), values."""
    content = _read_bytes(path)
    n_sizes = magic & 0xFF
    header_size = 4 + 4 * n_sizes
    if len(content) < header_size:
        raise ValueError(f"{path}: ends after {len(content)} bytes, within its header.")
    found, *sizes = struct.unpack(f">{1 + n_sizes}I", content[:header_size])
    if found != magic:
        raise ValueError(f"{path}: magic number {found}, expected {magic} (an idx file of uint8).")
    n_values = math.prod(sizes)
    expected = header_size + n_values
    if len(content) != expected:
        shape = " x ".join(map(str, sizes))
        raise ValueError(
            f"{path}: {len(content)} bytes, but its header promises {shape} values, {expected} bytes in all."
        )
    # A copy, so that the caller may write to it.
    return np.frombuffer(content, np.uint8, n_values, header_size).reshape(sizes).copy()


def _read_bytes(path: Path) -> bytes:
    """Return the file's content, unpacked if it is gzipped."""
    content = path.read_bytes()
    if path.suffix != ".gz":
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{path}: not a whole gzip file ({error}).") from error
