"""Create the bundled sample: the first images of the training and test set of MNIST, unchanged.

Usage: ``python tools/make_sample.py`` with ``CMLP_DATA`` set to a folder that contains ``mnist/``.
The files keep the names and the format of MNIST, so that one parser reads both.
"""

import gzip
import os
import struct
import sys
from pathlib import Path

TARGET = Path(__file__).parents[1] / "src/cmlp/datasets/digits28"
COUNTS = {"train": 5000, "t10k": 1000}
IMAGE_SIZE = 28 * 28


def cut(source: Path, count: int, header_size: int, item_size: int) -> bytes:
    """Return an IDX file with the first `count` items."""
    whole = gzip.decompress(source.read_bytes())
    (magic,) = struct.unpack(">I", whole[:4])
    header = struct.pack(">II", magic, count) + whole[8:header_size]
    return header + whole[header_size : header_size + count * item_size]


def main() -> int:
    """Write the four files; return the exit status."""
    if "CMLP_DATA" not in os.environ:
        print("make_sample: set CMLP_DATA to a folder that contains mnist/", file=sys.stderr)
        return 2
    source = Path(os.environ["CMLP_DATA"]) / "mnist"
    TARGET.mkdir(parents=True, exist_ok=True)
    for split, count in COUNTS.items():
        for name, header_size, item_size in (
            (f"{split}-images-idx3-ubyte.gz", 16, IMAGE_SIZE),
            (f"{split}-labels-idx1-ubyte.gz", 8, 1),
        ):
            content = cut(source / name, count, header_size, item_size)
            # Without a time stamp, so that the same data give the same file.
            (TARGET / name).write_bytes(gzip.compress(content, 9, mtime=0))
            print(f"{name}: {count} items, {(TARGET / name).stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
