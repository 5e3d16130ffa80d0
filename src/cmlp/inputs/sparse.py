"""Sparse input: any of SciPy's containers, known by their looks, as the rows that the core reads.

SciPy is never imported: who passes one of its containers has done so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_IN_PLACE = tuple(map(np.dtype, (np.bool_, np.uint8, np.float32, np.float64)))


class CSR:
    """Compressed sparse rows in canonical form: columns ascend within a row, none stands twice.

    The arrays are the caller's own wherever they can be used as they are; nothing changes them.

    Parameters
    ----------
    data : ndarray of bool, uint8, float32 or float64
        The stored values, row by row.
    indices : ndarray of int32 or int64
        Their columns.
    indptr : ndarray of the same type
        Where each row's values begin; the last entry is where all end.
    shape : tuple of int
    """

    def __init__(self, data: NDArray[Any], indices: NDArray[Any], indptr: NDArray[Any], shape: tuple[int, ...]) -> None:
        self.data, self.indices, self.indptr, self.shape = data, indices, indptr, shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        return self.data.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, place: tuple[int, int]) -> Any:
        row, column = place
        begin, end = self.indptr[row], self.indptr[row + 1]
        at = begin + np.searchsorted(self.indices[begin:end], column)
        stored = at < end and self.indices[at] == column
        return self.data[at] if stored else self.data.dtype.type(0)


def is_sparse(X: object) -> bool:
    """Whether X is one of SciPy's sparse containers, or rows made of one."""
    return isinstance(X, CSR) or (hasattr(X, "tocsr") and hasattr(X, "nnz"))


def as_csr(X: Any, convert: Callable[[NDArray[Any]], NDArray[Any]]) -> CSR:
    """Rows made of a sparse container, which stays as it is.

    Parameters
    ----------
    X : sparse matrix, sparse array or CSR
        Of two dimensions.
    convert : callable
        Makes values of another type than the core reads into such; may refuse them.

    Returns
    -------
    CSR
    """
    if isinstance(X, CSR):
        return X
    rows = X.tocsr()
    if not rows.has_canonical_format:
        rows = rows.copy()
        try:
            rows.check_format(full_check=True)  # sorting trusts the row pointers
        except ValueError as error:
            raise ValueError(f"X is a broken sparse container: {error}") from error
        rows.sum_duplicates()
    data = rows.data
    if data.dtype not in _IN_PLACE:
        data = convert(data)
    kind = np.int32 if rows.indices.dtype == rows.indptr.dtype == np.int32 else np.int64
    indices, indptr = (np.ascontiguousarray(a, kind) for a in (rows.indices, rows.indptr))
    return CSR(np.ascontiguousarray(data), indices, indptr, tuple(map(int, rows.shape)))
