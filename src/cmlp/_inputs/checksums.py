"""Checksums of rows, to compare the data of two calls or of two processes.

The bytes of a row are read as 64-bit words. Its checksum is the sum of the words, each times an odd number that depends
on the column, modulo 2**64. That of a block of rows is the sum of theirs, each times an odd number that depends on the
place in the block, so that workers can add the checksums of the rows that they have. A single different value always
changes the checksum; if more values differ, it is equal with a probability of about 2**-64. This is no protection
against forgery.

The loops are NumPy's: they read an array about as fast as the memory provides it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._inputs.sparse import CSR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Checksums = NDArray[np.uint64]
    Digests = dict[str, tuple[dict[str, str], Checksums]]  # the kind of each array, and the checksum of each block

BLOCK = 1024  # rows
_CHUNK = 1 << 22  # bytes of the rows that are read at a time
_LINE = 512  # entries of a 1-D array that count as a row
# Odd numbers with a random pattern of bits: the golden ratio, and those of a usual mixing function ("splitmix64").
_STEP, _FIRST, _SECOND = np.array([0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB], np.uint64)
_PLACE = 1 << 20  # the number of the factors of positions in a block
_INTEGER = np.dtype("<i8")

# What `kind_of` returns for the arrays of a fit.
KINDS = {form + name for form in ("", "CSR") for name in ("|b1", "|u1", "<f4", "<f8", "<i4", "<i8")}


def kind_of(array: Any) -> str:
    """Return the form and the dtype in which checksums read an array; "CSR" for the sparse rows."""
    return f"{'CSR' if isinstance(array, CSR) else ''}{array.dtype.newbyteorder('<').str}"


def block_checksums(
    arrays: Sequence[NDArray[Any] | CSR], kinds: Sequence[str], first: int = 0, size: int = BLOCK
) -> Checksums:
    """Return the checksum of each block of the rows of several arrays, of `size` rows from multiples of it on.

    `kinds` is what `kind_of` returned for the arrays with which these are compared: equal values of another dtype have
    equal checksums, unless one of the two is sparse. `first` is the index of the first row, if other workers have those
    before it.
    """
    n_rows = arrays[0].shape[0]
    sums = np.zeros((first + n_rows - 1) // size - first // size + 1, np.uint64)
    dense = []
    for number, (array, kind) in enumerate(zip(arrays, kinds, strict=True)):
        dtype = np.dtype(kind.removeprefix("CSR"))
        if isinstance(array, CSR):
            sums += np.array([_of_csr(array, begin, size, dtype) for begin in range(0, n_rows, size)], np.uint64)
        else:
            dense.append((np.asarray(array).reshape(n_rows, -1), dtype, number))
    if not dense:
        return sums
    step = max(1, _CHUNK // sum(rows.shape[1] * dtype.itemsize for rows, dtype, _ in dense))
    for begin in range(0, n_rows, step):
        end = min(begin + step, n_rows)
        found = _row_sums([(rows[begin:end], *rest) for rows, *rest in dense])
        block, done = divmod(first + begin, size)
        block -= first // size
        factors = _factors(size, _PLACE)
        if done + len(found) > size:
            factors = np.resize(factors, done + len(found))
        found *= factors[done : done + len(found)]
        starts = np.arange(-done, len(found), size)
        starts[0] = 0
        sums[block : block + len(starts)] += np.add.reduceat(found, starts)
    return sums


def _row_sums(parts: Sequence[Any]) -> Checksums:
    """Return the checksum of each row of matrices (rows, dtype, number)."""
    found = np.zeros(len(parts[0][0]), np.uint64)
    for rows, dtype, number in parts:
        words = _words(rows, dtype)
        found += np.einsum("ij,j->i", words, _factors(words.shape[1], number))
    return found


def _words(rows: NDArray[Any], dtype: np.dtype[Any]) -> Checksums:
    """Return the bytes of rows of a dtype as words, with zeros at the end; a copy if they have another layout."""
    width, item = rows.shape[1], dtype.itemsize
    if rows.dtype == dtype and rows.strides[1] == item and width * item % 8 == 0:
        return rows.view("<u8")
    words: Checksums = np.zeros((len(rows), -(-width * item // 8)), "<u8")
    copy = words.view(dtype)[:, :width]
    if rows.dtype == dtype:
        copy[...] = rows
        return words
    with np.errstate(all="ignore"):  # the dtype may not have these numbers
        copy[...] = rows
    words[(copy != rows).any(axis=1)] ^= _STEP
    return words


@lru_cache(maxsize=32)
def _factors(n: int, number: int) -> Checksums:
    """Return n odd numbers in a read-only array, others for each `number` of an array."""
    factors = np.arange(1, n + 1, dtype=np.uint64) + np.uint64(number << 40)
    factors *= _STEP
    for shift, factor in ((30, _FIRST), (27, _SECOND)):
        factors = (factors ^ factors >> np.uint64(shift)) * factor
    factors |= np.uint64(1)
    factors.flags.writeable = False
    return factors


def _of_csr(X: CSR, begin: int, size: int, dtype: np.dtype[Any]) -> int:
    """Return the checksum of a block of sparse rows: of the values, of their columns, and of their number per row."""
    total, pointers = 0, X.indptr[begin : begin + size + 1]
    entries = slice(pointers[0], pointers[-1])
    column = np.dtype("<i4") if X.shape[1] < 1 << 31 else _INTEGER
    parts = [(X.data[entries], dtype), (X.indices[entries], column), (np.diff(pointers), _INTEGER)]
    for number, (array, kind) in enumerate(parts):
        whole = len(array) - len(array) % _LINE
        for lines in (array[:whole].reshape(-1, _LINE), array[None, whole:]):
            if lines.size:
                found = _row_sums([(lines, kind, number)])
                total += int((found * _factors(len(found), _PLACE + lines.shape[1])).sum())
    return total % 2**64
