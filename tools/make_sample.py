"""Create the bundled sample: the first images of the training and test set of MNIST, unchanged.

Usage: ``python tools/make_sample.py`` with ``CMLP_DATA`` set to a folder that contains ``mnist/``.
All files are IDX files, as those of MNIST, so that one parser reads both. Images are packed.
"""

import gzip
import os
import sys
from pathlib import Path

import numpy as np

from cmlp._data.files.images import nonzero_neighbours, unpack_images
from cmlp.datasets import load_mnist

TARGET = Path(__file__).parents[1] / "src/cmlp/_data/files/digits28"
SIDE = 28


def packed(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the lengths of the runs of zero and of nonzero pixels in turns, and the nonzero pixels, ordered.

    Separately and in this order they take a quarter less space than whole images. A run of more than 255 pixels
    continues after an empty run of the other kind.
    """
    nonzero = images.reshape(-1, SIDE, SIDE) > 0
    changes = np.flatnonzero(np.diff(nonzero.ravel(), prepend=False))
    lengths = np.diff(changes, prepend=0, append=images.size)
    runs = [
        part for length in lengths.tolist() for part in [255, 0] * (length // 255) + [length % 255]
    ]
    order = np.argsort(nonzero_neighbours(nonzero), kind="stable")
    return np.array(runs, np.uint8), images.reshape(nonzero.shape)[nonzero][order]


def write(name: str, values: np.ndarray) -> None:
    """Write a compressed IDX file of bytes, without a time stamp, so that the same data give the same file."""
    content = b"\0\0\x08\x01" + len(values).to_bytes(4, "big") + values.astype(np.uint8).tobytes()
    (TARGET / name).write_bytes(gzip.compress(content, 9, mtime=0))
    print(f"{name}: {len(values)} bytes, {(TARGET / name).stat().st_size} compressed")


def main() -> int:
    """Write the files; return the exit status."""
    if "CMLP_DATA" not in os.environ:
        print("make_sample: set CMLP_DATA to a folder that contains mnist/", file=sys.stderr)
        return 2
    mnist = load_mnist()
    TARGET.mkdir(parents=True, exist_ok=True)
    for split, X, y in (
        ("train", mnist.X_train[:5000], mnist.y_train[:5000]),
        ("t10k", mnist.X_test[:1000], mnist.y_test[:1000]),
    ):
        runs, pixels = packed(X)
        assert (unpack_images(runs, pixels).ravel() == X.ravel()).all()
        write(f"{split}-runs-idx1-ubyte.gz", runs)
        write(f"{split}-pixels-idx1-ubyte.gz", pixels)
        write(f"{split}-labels-idx1-ubyte.gz", y)
    return 0


if __name__ == "__main__":
    sys.exit(main())
