"""Parameter blocks: flat arrays that start at a cache line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

_CACHE_LINE = 64  # bytes


def empty_block(n: int, dtype: DTypeLike) -> NDArray[Any]:
    """Return an uninitialized array of n elements that starts at a cache line.

    A prediction for one row takes a sixth longer if its weights straddle cache lines, and the memory that NumPy
    allocates can start anywhere.
    """
    memory = np.empty(n * np.dtype(dtype).itemsize + _CACHE_LINE, np.uint8)
    # frombuffer makes the block itself, not `memory`, the base of its views.
    return np.frombuffer(memory.data, dtype, n, -_address(memory) % _CACHE_LINE)


def block_copy(block: NDArray[Any]) -> NDArray[Any]:
    """Return a copy that starts at a cache line."""
    copy = empty_block(len(block), block.dtype)
    copy[...] = block
    return copy


def loaded_block(block: NDArray[Any]) -> NDArray[Any]:
    """Return an unpickled block, moved to a cache line unless its memory is shared (a memory map)."""
    private = type(block) is np.ndarray and block.flags.writeable
    return block_copy(block) if private and _address(block) % _CACHE_LINE else block


def _address(array: NDArray[Any]) -> int:
    return int(array.__array_interface__["data"][0])
