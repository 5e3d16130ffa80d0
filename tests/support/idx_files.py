"""Files in the format of MNIST."""

import struct

IMAGES, LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"
NAMES = [f"{split}-{kind}" for split in ("train", "t10k") for kind in (IMAGES, LABELS)]


def idx(array, magic=None):
    """Return the array in the format of an IDX file of uint8."""
    magic = 0x0800 + array.ndim if magic is None else magic
    return struct.pack(f">{1 + array.ndim}I", magic, *array.shape) + array.tobytes()
