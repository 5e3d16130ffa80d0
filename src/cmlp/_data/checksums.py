"""Checksums of rows, to compare the data of two calls or of two processes.

The bytes of a row are read as 64-bit words. Its checksum is the sum of the words, each times an odd
number that depends on the column, modulo 2**64. That of a block of rows is the sum of theirs, each
times an odd number that depends on the place in the block, so that workers can add the checksums of
the rows that they have. A single different value always changes the checksum; if more values
differ, it is equal with a probability of about 2**-64. This is no protection against forgery.

The loops are NumPy's: they read an array about as fast as the memory provides it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any

import numpy as np

from cmlp._data.array_types import AnyArray, NDArray
from cmlp._data.arrays import CSR, section, stacked

Checksums = NDArray[np.uint64]
Digests = dict[str, tuple[dict[str, str], Checksums]]
Rows = AnyArray | CSR


BLOCK = 1024  # rows
_WORD = np.dtype("<u8")
_CHUNK = 1 << 22  # bytes of the rows that are read at a time
_LINE = 512  # entries of a 1-D array that count as a row
# Odd numbers with a random pattern of bits: the golden ratio, and those of a usual mixing function
# ("splitmix64").
_STEP, _FIRST, _SECOND = np.array(
    [0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB], np.uint64
)
_PLACE = 1 << 20  # the number of the factors of positions in a block
_INTEGER = np.dtype("<i8")

# What `stored_dtype` returns for the arrays of a fit.
STORED_DTYPES = {
    form + name for form in ("", "CSR") for name in ("|b1", "|u1", "<f4", "<f8", "<i4", "<i8")
}


def stored_dtype(array: Any) -> str:
    """Return the form and the dtype in which checksums read an array; "CSR" for the sparse rows."""
    return f"{'CSR' if isinstance(array, CSR) else ''}{array.dtype.newbyteorder('<').str}"


def block_checksums(
    arrays: Sequence[AnyArray | CSR], dtypes: Sequence[str], first: int = 0, size: int = BLOCK
) -> Checksums:
    """Return the checksum of each block of the rows of several arrays, of `size` rows from multiples of it on.

    `dtypes` is what `stored_dtype` returned for the arrays with which these are compared. Equal values of another dtype
    have equal checksums, unless one of the two is sparse. `first` is the index of the first row, if other workers have
    those before it.
    """
    n_rows = arrays[0].shape[0]
    sums = np.zeros((first + n_rows - 1) // size - first // size + 1, np.uint64)
    dense = []
    for number, (array, name) in enumerate(zip(arrays, dtypes, strict=True)):
        dtype = np.dtype(name.removeprefix("CSR"))
        if isinstance(array, CSR):
            sums += np.array(
                [_of_csr(array, begin, size, dtype) for begin in range(0, n_rows, size)], np.uint64
            )
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
    sums = np.zeros(len(parts[0][0]), np.uint64)
    for rows, dtype, number in parts:
        words = _words(rows, dtype)
        sums += np.einsum("ij,j->i", words, _factors(words.shape[1], number))
    return sums


def _words(rows: AnyArray, dtype: np.dtype[np.generic]) -> Checksums:
    """Return the bytes of rows of a dtype as words, with zeros at the end; a copy if they have another layout."""
    width, item = rows.shape[1], dtype.itemsize
    if rows.dtype == dtype and rows.strides[1] == item and width * item % 8 == 0:
        return rows.view(_WORD)
    words: Checksums = np.zeros((len(rows), -(-width * item // 8)), _WORD)
    copy: AnyArray = np.ndarray((len(rows), width), dtype, words, strides=(words.strides[0], item))
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


def _of_csr(X: CSR, begin: int, size: int, dtype: np.dtype[np.generic]) -> int:
    """Return the checksum of a block of sparse rows: of the values, of their columns, and of their number per row."""
    total, pointers = 0, X.indptr[begin : begin + size + 1]
    entries = slice(pointers[0], pointers[-1])
    column = np.dtype("<i4") if X.shape[1] < 1 << 31 else _INTEGER
    parts = [(X.data[entries], dtype), (X.indices[entries], column), (np.diff(pointers), _INTEGER)]
    for number, (array, its_dtype) in enumerate(parts):
        whole = len(array) - len(array) % _LINE
        for lines in (array[:whole].reshape(-1, _LINE), array[None, whole:]):
            if lines.size:
                found = _row_sums([(lines, its_dtype, number)])
                total += int((found * _factors(len(found), _PLACE + lines.shape[1])).sum())
    return total % 2**64


# ------------------------------------- SHA-256 of rows, by which anybody can check that two programs have the same data


_SMALLER = np.dtype("|u1"), np.dtype("<f4")  # the types that are tried before double
_SPARSE = 0x80  # added to the size of a value in the first byte of a block of sparse rows


class RowHash:
    """The SHA-256 of rows that arrive in any blocks; `n_rows` counts them.

    Each 1,024 rows (the last ones may be fewer) have a hash, and the result is that of the name, these hashes, the
    number of columns and the number of rows. With `single`, values are rounded to float32 before.
    """

    def __init__(self, name: str, single: bool = False) -> None:
        self._hash, self.single = sha256(f"cmlp data 1\n{name}\n".encode()), single
        self._waiting: Rows | None = None  # a copy of rows that do not fill a block
        self._width = self.n_rows = 0

    def add(self, rows: Rows) -> None:
        """Add rows, of the same number of columns in each call."""
        rows = rows if isinstance(rows, CSR) or rows.ndim == 2 else rows[:, None]
        self.n_rows, self._width = self.n_rows + rows.shape[0], rows.shape[1]
        if self._waiting is not None:
            lacking = BLOCK - self._waiting.shape[0]
            self._waiting = stacked([self._waiting, section(rows, 0, min(lacking, rows.shape[0]))])
            rows = section(rows, min(lacking, rows.shape[0]), rows.shape[0])
            if self._waiting.shape[0] < BLOCK:
                return
            self._hash.update(leaf(self._waiting, self.single))
            self._waiting = None
        whole = rows.shape[0] - rows.shape[0] % BLOCK
        for begin in range(0, whole, BLOCK):
            self._hash.update(leaf(section(rows, begin, begin + BLOCK), self.single))
        if whole < rows.shape[0]:
            self._waiting = stacked([section(rows, whole, rows.shape[0])])

    def add_leaves(self, leaves: bytes, shape: tuple[int, int]) -> None:
        """Add rows of a shape by the hashes of their blocks, which `leaf` returns."""
        self._hash.update(leaves)
        self.n_rows, self._width = self.n_rows + shape[0], shape[1]

    def hexdigest(self) -> str:
        """Return the hash of all rows so far, in hexadecimal digits."""
        found = self._hash.copy()
        if self._waiting is not None:
            found.update(leaf(self._waiting, self.single))
        found.update(np.array([self._width, self.n_rows], "<u8").tobytes())
        return found.hexdigest()


def leaf(block: Rows, single: bool) -> bytes:
    """Return the hash of a block of rows."""
    values = smallest(block.data if isinstance(block, CSR) else block, single)
    found = sha256(bytes([_SPARSE * isinstance(block, CSR) + values.itemsize]))
    if isinstance(block, CSR):
        found.update(np.diff(block.indptr).astype("<i8").tobytes())
        found.update(np.asarray(block.indices).astype("<i8").tobytes())
    found.update(values.data if values.size else b"")
    return found.digest()


def smallest(values: AnyArray, single: bool) -> AnyArray:
    """Return the values in the smallest of uint8, float32 and float64 that holds all of them; one NaN for all."""
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values)
    with np.errstate(all="ignore"):
        values = values.astype(np.float32 if single else np.float64, copy=False)
        for dtype in _SMALLER:
            if (
                values.size
                and dtype != values.dtype
                and all(_holds(dtype, part) for part in (values[:1], values))
            ):
                values = values.astype(dtype)
                break
    missing = values != values
    if missing.any():
        values = np.where(missing, values.dtype.type(np.nan), values)
    return np.ascontiguousarray(values, values.dtype.newbyteorder("<"))


def _holds(dtype: np.dtype[np.generic], values: AnyArray) -> bool:
    """Return whether a type holds all values exactly: uint8 has neither NaN nor -0."""
    if dtype.kind == "u":
        return bool((values.astype(dtype) == values).all() and not np.signbit(values).any())
    return bool(((values.astype(dtype) == values) | (values != values)).all())


def hash_of_array(name: str, rows: Rows, single: bool = False) -> str:
    """Return the `RowHash` of an array, in hexadecimal digits."""
    hashed = RowHash(name, single)
    hashed.add(rows)
    return hashed.hexdigest()


def hash_of_text(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, in hexadecimal digits."""
    return sha256(text.encode(errors="surrogatepass")).hexdigest()
