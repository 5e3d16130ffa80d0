"""Parameter blocks: flat arrays aligned to cache lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._core import address_of

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

_CACHE_LINE = 64  # bytes


def empty_block(n: int, dtype: DTypeLike) -> NDArray[Any]:
    """Return an uninitialized array of n elements, aligned to a cache line.

    NumPy does not align its memory to cache lines, and unaligned weights slow down a one-row prediction by a sixth.
    """
    memory = np.empty(n * np.dtype(dtype).itemsize + _CACHE_LINE, np.uint8)
    # frombuffer makes the returned block the base of its views. With slicing, their base would be `memory`.
    return np.frombuffer(memory.data, dtype, n, -address_of(memory) % _CACHE_LINE)


def block_copy(block: NDArray[Any]) -> NDArray[Any]:
    """Return a copy that is aligned to a cache line."""
    copy = empty_block(len(block), block.dtype)
    copy[...] = block
    return copy


def loaded_block(block: NDArray[Any]) -> NDArray[Any]:
    """Return an unpickled block aligned to a cache line; a memory map stays as it is, because processes share it."""
    private = type(block) is np.ndarray and block.flags.writeable
    return block_copy(block) if private and address_of(block) % _CACHE_LINE else block
