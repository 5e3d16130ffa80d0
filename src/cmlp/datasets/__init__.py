"""Data sets of labelled images.

The bundled sample of MNIST, and loaders for MNIST and Fashion-MNIST. Parquet files.

`load_digits28` loads the bundled sample. `load_mnist` and `load_fashion_mnist` download the whole
sets once, or read the folders ``mnist/`` and ``fashion-mnist/`` in the folder that the environment
variable ``CMLP_DATA`` names.
"""

import os
from pathlib import Path

import numpy as np

from cmlp._data.array_types import NDArray
from cmlp._data.files.images import (
    DIGITS,
    IMAGES,
    LABELS,
    MAGIC,
    SIDE,
    Dataset,
    load_digits28,
    read_idx_file,
)
from cmlp._data.files.parquet import ParquetBlocks
from cmlp.datasets import _download
from cmlp.datasets._download import Mirrors

__all__ = ["Dataset", "ParquetBlocks", "load_digits28", "load_fashion_mnist", "load_mnist"]

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


def load_mnist() -> Dataset:
    """Load MNIST: 60,000 training and 10,000 test images of handwritten digits.

    If the environment variable ``CMLP_DATA`` is set, the files are read from its folder ``mnist/``:
    the four published idx files, gzipped or not. Otherwise the first call downloads them into the
    user's cache folder and checks their SHA-256, which needs the extra ``cmlp[datasets]`` (the
    packages pooch and tqdm).

    Returns
    -------
    Dataset
        ``X_train, y_train, X_test, y_test``, with images as rows of 784 uint8 values.

    Raises
    ------
    FileNotFoundError
        If a file is missing from ``CMLP_DATA``, or cannot be downloaded. The message explains how
        to get the files.
    ValueError
        If a file is invalid. The message names the file.
    """
    return _load(_folder(_download.MNIST))


def load_fashion_mnist() -> Dataset:
    """Load Fashion-MNIST: 60,000 training and 10,000 test images of clothes.

    If the environment variable ``CMLP_DATA`` is set, the files are read from its folder
    ``fashion-mnist/``: the four published idx files, gzipped or not. Otherwise the first call
    downloads them into the user's cache folder and checks their SHA-256, which needs the extra
    ``cmlp[datasets]`` (the packages pooch and tqdm).

    Returns
    -------
    Dataset
        ``X_train, y_train, X_test, y_test``, with images as rows of 784 uint8 values. Its
        ``labels`` are the names of the ten kinds of clothes.

    Raises
    ------
    FileNotFoundError
        If a file is missing from ``CMLP_DATA``, or cannot be downloaded. The message explains how
        to get the files.
    ValueError
        If a file is invalid. The message names the file.
    """
    data = _load(_folder(_download.FASHION_MNIST))
    data.labels = _CLOTHES
    return data


def _folder(source: Mirrors) -> Path:
    """Return the folder of a data set in ``CMLP_DATA``, or else in the cache.

    It is downloaded to the cache if needed.
    """
    root = os.environ.get("CMLP_DATA")
    if not root:
        return _download.download(source)
    folder = Path(root) / source.folder
    names = [name.removesuffix(".gz") for name in source.files]
    missing = [name for name in names if _find(folder, name) is None]
    if missing:
        raise FileNotFoundError(
            f"{source.title} was not found: no {missing[0]} in {str(folder)!r} (CMLP_DATA is "
            f"{root!r}). Download the files {', '.join(names)} (gzipped or not) from "
            f"{source.mirrors[0]} into this folder, or unset CMLP_DATA."
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
    image_path, label_path = (_find(folder, f"{split}-{kind}") for kind in (IMAGES, LABELS))
    assert image_path and label_path
    images = read_idx_file(image_path, MAGIC[IMAGES])
    labels = read_idx_file(label_path, MAGIC[LABELS])
    if images.shape[1:] != (SIDE, SIDE):
        height, width = images.shape[1:]
        raise ValueError(
            f"{image_path} must contain images of 28 x 28 pixels, got {height} x {width}."
        )
    if len(images) != len(labels):
        raise ValueError(
            f"{label_path} must contain a label for each of {len(images)} images, got "
            f"{len(labels)}."
        )
    if labels.size and labels.max() >= len(DIGITS):
        raise ValueError(f"{label_path} must contain labels from 0 to 9, got {labels.max()}.")
    return images.reshape(-1, SIDE * SIDE), labels.astype(np.int64)
