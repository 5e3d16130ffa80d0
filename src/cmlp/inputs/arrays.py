"""What users pass, turned into arrays that the core reads; and how many threads there are to be had."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp.inputs.sparse import as_csr

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from cmlp.inputs.sparse import CSR


def as_matrix(value: ArrayLike, name: str, width: int) -> NDArray[Any]:
    """Return `value` as a 2-D array of uint8, float32 or float64 with `width` columns.

    Raises
    ------
    TypeError
        If it does not hold real numbers.
    ValueError
        If its shape is wrong.
    """
    array = rectangular(value, name)
    if array.ndim != 2:
        given = f"an array of shape {array.shape}" if array.ndim else type(array.item()).__name__
        advice = ". Reshape your data: X.reshape(1, -1) for a single row." if array.ndim == 1 else ""
        raise ValueError(f"{name} must be a 2-D array of shape (n, {width}), got {given}{advice}")
    if array.shape[1] != width:
        raise ValueError(f"{name} must have {width} columns, got an array of shape {array.shape}")
    return readable(array, name)


def as_sparse_matrix(value: Any, name: str, width: int) -> CSR:
    """Return a sparse container of SciPy's as `CSR` rows with `width` columns, as `as_matrix` does an array."""
    if len(value.shape) != 2 or value.shape[1] != width:
        raise ValueError(f"{name} must have {width} columns, got a sparse container of shape {value.shape}")
    return as_csr(value, lambda values: readable(values, name))


def rectangular(value: Any, name: str) -> NDArray[Any]:
    """Return an array; masked entries and lists of unequal lengths are refused by name."""
    # There is no masked array where nobody has imported them.
    masked = getattr(sys.modules.get("numpy.ma"), "MaskedArray", ())
    if isinstance(value, masked) and np.any(value.mask):
        raise ValueError(
            f"{name} has masked entries, and what lies beneath them would be used: fill them or leave them out"
        )
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} is not a rectangular array: {error}") from None


def readable(array: NDArray[Any], name: str) -> NDArray[Any]:
    """Return the array itself or a copy in a type that the core reads: aligned, in native byte order."""
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind not in "buif":
        advice = f". Convert it first: {name}.astype(float)" if kind in "OUST" else ""
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}{advice}")
    if kind == "b" or (kind == "u" and size == 1):
        dtype: DTypeLike = array.dtype
    elif kind == "f" and size <= 4:
        dtype = np.float32
    else:
        dtype = np.float64
    return np.require(array, np.dtype(dtype).newbyteorder("="), ["ALIGNED"])


def as_labels(value: ArrayLike, n_classes: int, output: str) -> NDArray[np.int32]:
    """Return class indices as an int32 array of our own, checked against the number of classes.

    One output is no choice of classes, unless it is a softmax: who passes a flat array there means numbers.
    """
    array = np.asarray(value)
    if n_classes == 1 and output != "softmax":
        raise ValueError(
            f"Y must have shape (n, 1) for the one output, got {array.shape}. Reshape it: Y.reshape(-1, 1)."
        )
    if array.dtype.kind not in "bui" and len(array):
        raise TypeError(f"Y must be class indices (integers) or of shape (n, {n_classes}), got dtype {array.dtype}")
    if len(array) and not (0 <= array.min() and array.max() < n_classes):
        raise ValueError(f"Y must be class indices from 0 to {n_classes - 1}, got {array.min()} to {array.max()}")
    return np.array(array, np.int32)


def require_not_negative(targets: NDArray[Any]) -> None:
    """Refuse targets that the Poisson loss has no cost for; NaN is the core's to find."""
    if targets.size and targets.min() < 0:
        row, column = map(int, np.unravel_index(targets.argmin(), targets.shape))
        raise ValueError(
            f"Y must not be negative with loss='poisson', got {targets[row, column]} at row {row}, column {column}"
        )


def as_order(value: ArrayLike, n_rows: int) -> NDArray[np.int64]:
    """Return row indices as an int64 array of our own, which nobody can change while it is in use."""
    array = np.array(value)
    if array.ndim != 1 or (array.dtype.kind not in "ui" and len(array)):
        raise TypeError(f"order must be a 1-D array of integers, got shape {array.shape}, dtype {array.dtype}")
    array = array.astype(np.int64, copy=False)
    if len(array) and not (0 <= array.min() and array.max() < n_rows):
        raise ValueError(f"order must be row indices from 0 to {n_rows - 1}, got {array.min()} to {array.max()}")
    return array


def as_doubles(value: ArrayLike, n: int, name: str) -> NDArray[np.float64]:
    """Return one number for each of n things as a float64 array."""
    array = np.ascontiguousarray(value, np.float64)
    if array.shape != (n,):
        raise ValueError(f"{name} must have shape ({n},), got {array.shape}")
    return array


_CACHE_LINE = 64  # bytes


def empty_block(n: int, dtype: DTypeLike) -> NDArray[Any]:
    """Return an array to be filled that begins a cache line.

    Weights that lie across two lines cost a lone row a sixth of its time; NumPy's own memory begins anywhere.
    """
    memory = np.empty(n * np.dtype(dtype).itemsize + _CACHE_LINE, np.uint8)
    # Through a buffer, so that the block is the base of its views.
    return np.frombuffer(memory.data, dtype, n, -_address(memory) % _CACHE_LINE)


def block_copy(block: NDArray[Any]) -> NDArray[Any]:
    """Return a copy that begins a cache line."""
    copy = empty_block(len(block), block.dtype)
    copy[...] = block
    return copy


def loaded_block(block: NDArray[Any]) -> NDArray[Any]:
    """Return a block that was unpickled, moved to a cache line unless it is memory shared with others."""
    private = type(block) is np.ndarray and block.flags.writeable
    return block_copy(block) if private and _address(block) % _CACHE_LINE else block


def _address(array: NDArray[Any]) -> int:
    return int(array.__array_interface__["data"][0])


def available_threads() -> int:
    """Return the number of processors that this process may use, by affinity and by control group."""
    count = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="ascii") as file:
            quota, period = file.read().split()
        if quota != "max":
            count = min(count, max(1, round(int(quota) / int(period))))
    except (OSError, ValueError):
        pass
    return count
