"""SHA-256 of rows, by which anybody can check that two programs have the same data: docs/guide/provenance.md.

`checksums.py` compares the data of two calls at the speed of the memory; this hash, which cannot be forged, takes ten
times as long, so that only a fit with ``provenance=True`` computes it. Both have blocks of 1,024 rows.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._inputs.checksums import BLOCK
from cmlp._inputs.sparse import CSR, section, stacked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[Any] | CSR

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


def smallest(values: NDArray[Any], single: bool) -> NDArray[Any]:
    """Return the values in the smallest of uint8, float32 and float64 that holds all of them; one NaN for all."""
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values)
    with np.errstate(all="ignore"):
        values = values.astype(np.float32 if single else np.float64, copy=False)
        for dtype in _SMALLER:
            if values.size and dtype != values.dtype and all(_holds(dtype, part) for part in (values[:1], values)):
                values = values.astype(dtype)
                break
    missing = values != values
    if missing.any():
        values = np.where(missing, values.dtype.type(np.nan), values)
    return np.ascontiguousarray(values, values.dtype.newbyteorder("<"))


def _holds(dtype: np.dtype[Any], values: NDArray[Any]) -> bool:
    """Return whether a type holds all values exactly: uint8 has neither NaN nor -0."""
    if dtype.kind == "u":
        return bool((values.astype(dtype) == values).all() and not np.signbit(values).any())
    return bool(((values.astype(dtype) == values) | (values != values)).all())


def hash_of_text(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, in hexadecimal digits."""
    return sha256(text.encode(errors="surrogatepass")).hexdigest()
