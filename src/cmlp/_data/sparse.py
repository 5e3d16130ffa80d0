"""Rows that are no dense array: SciPy's containers as the CSR rows that the core reads, and rows of several processes.

This module never imports SciPy. It recognizes SciPy's containers by their attributes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from cmlp._data.arrays import IN_PLACE, readable
from cmlp.exceptions import StatusError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray


class CSR:
    """Compressed sparse rows in canonical form: column indices are strictly increasing within a row.

    Row i has the values ``data[indptr[i]:indptr[i + 1]]`` in the columns `indices`. If the core can read the caller's
    arrays, they are used without a copy. They are never changed.
    """

    def __init__(self, data: NDArray[Any], indices: NDArray[Any], indptr: NDArray[Any], shape: tuple[int, ...]) -> None:
        self.data, self.indices, self.indptr, self.shape = data, indices, indptr, shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        return self.data.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def toarray(self) -> NDArray[Any]:
        """Return a dense copy."""
        dense = np.zeros(self.shape, self.dtype)
        dense[np.repeat(np.arange(len(self)), np.diff(self.indptr)), self.indices] = self.data
        return dense

    def __getitem__(self, position: tuple[int, int]) -> Any:
        row, column = position
        begin, end = self.indptr[row], self.indptr[row + 1]
        found = begin + np.searchsorted(self.indices[begin:end], column)
        stored = found < end and self.indices[found] == column
        return self.data[found] if stored else self.data.dtype.type(0)


def taken(X: NDArray[Any] | CSR, rows: Any) -> NDArray[Any] | CSR:
    """Return a copy of some rows."""
    if not isinstance(X, CSR):
        copy: NDArray[Any] = X[rows]
        return copy
    lengths = np.diff(X.indptr)[rows]
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(X.indptr.dtype)
    entries = np.arange(indptr[-1]) + np.repeat(X.indptr[rows] - indptr[:-1], lengths)
    return CSR(X.data[entries], X.indices[entries], indptr, (len(indptr) - 1, X.shape[1]))


def section(X: NDArray[Any] | CSR, start: int, stop: int) -> NDArray[Any] | CSR:
    """Return the rows from `start` to `stop` (exclusive) without a copy of their values."""
    if not isinstance(X, CSR):
        return X[start:stop]
    begin, end = X.indptr[start], X.indptr[stop]
    indptr = X.indptr[start : stop + 1] - begin
    return CSR(X.data[begin:end], X.indices[begin:end], indptr, (stop - start, X.shape[1]))


def stacked(parts: Sequence[NDArray[Any] | CSR]) -> NDArray[Any] | CSR:
    """Return rows of several matrices as one."""
    if not isinstance(parts[0], CSR):
        return np.concatenate(parts)  # type: ignore[arg-type]  # dense like the first one
    sparse = [part for part in parts if isinstance(part, CSR)]
    lengths = np.concatenate([np.diff(part.indptr) for part in sparse])
    indices = np.concatenate([part.indices for part in sparse])
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(indices.dtype)
    data = np.concatenate([part.data for part in sparse])
    return CSR(data, indices, indptr, (len(lengths), sparse[0].shape[1]))


def is_sparse(X: object) -> bool:
    """Return whether X is one of SciPy's sparse containers, or a `CSR`."""
    # Check the class, not the object: reading the object's nnz would count its values.
    return isinstance(X, CSR) or (hasattr(type(X), "tocsr") and hasattr(type(X), "nnz"))


def refuse_sparse(data: object, name: str) -> None:
    """Raise TypeError if targets or weights are sparse: the core reads only dense ones."""
    if is_sparse(data):
        raise TypeError(
            f"Sparse data was passed for {name}, but dense data is required. "
            "Use '.toarray()' to convert to a dense numpy array."
        )


def as_sparse_matrix(value: Any, name: str, width: int) -> CSR:
    """Return a sparse container as `CSR` rows with `width` columns: the sparse counterpart of `arrays.as_matrix`."""
    if len(value.shape) != 2 or value.shape[1] != width:
        raise ValueError(f"{name} must have {width} columns, got a sparse container of shape {value.shape}")
    return as_csr(value, lambda values: readable(values, name))


def as_csr(X: Any, convert: Callable[[NDArray[Any]], NDArray[Any]]) -> CSR:
    """Convert a two-dimensional sparse container, which is not changed, to `CSR` rows.

    `convert` is called for values whose type the core cannot read. Raises StatusError if the index arrays do not match
    the values and the shape.
    """
    if isinstance(X, CSR):
        return X
    if X.format != "csr":
        X = private(X)
    check_structure(X)
    rows = X.tocsr()
    check_structure(rows)
    if not rows.has_canonical_format:
        rows = private(rows)
        check_structure(rows)
        _check_range(rows.indices, rows.shape[1], "column indices")
        rows.sum_duplicates()
    data = rows.data if rows.data.dtype in IN_PLACE else convert(rows.data)
    index_type = np.int32 if rows.indices.dtype == rows.indptr.dtype == np.int32 else np.int64
    indices, indptr = (np.require(array, index_type, ["C", "ALIGNED"]) for array in (rows.indices, rows.indptr))
    return CSR(np.require(data, None, ["C", "ALIGNED"]), indices, indptr, tuple(map(int, rows.shape)))


def as_dense(y: Any, name: str) -> NDArray[Any]:
    """Convert a sparse container to a dense array of the same dtype."""
    try:
        rows = as_csr(private(y), lambda values: values)
        _check_range(rows.indices, rows.shape[1], "column indices")
    except StatusError as error:
        raise ValueError(f"{name} is a broken sparse container.") from error
    dense = np.zeros(rows.shape, rows.dtype)
    dense[np.repeat(np.arange(len(rows)), np.diff(rows.indptr)), rows.indices] = rows.data[: rows.indptr[-1]]
    return dense


def private(X: Any) -> Any:
    """Return a copy of a SciPy container whose arrays no other thread can change, without SciPy's checks."""
    import copy  # 0.3 ms that programs without sparse rows do without

    twin = copy.copy(X)
    for name, value in vars(X).items():
        if isinstance(value, (np.ndarray, tuple)):
            vars(twin)[name] = copy.deepcopy(value)
    return twin


def check_structure(X: Any) -> None:
    """Raise StatusError if the index arrays of a SciPy container point outside its other arrays.

    SciPy checks a container when it is created, but not when its arrays are changed later. Its conversions would then
    read and write outside the arrays. The column indices of CSR rows are not checked here: the core checks them while
    it reads them.
    """
    check = _CHECKS.get(getattr(X, "format", ""))
    if check is not None:
        check(X)


def _check_csr(X: Any) -> None:
    _check_pointers(X.indptr, X.shape[0], min(_length(X.indices), _length(X.data)))
    _check_integers(X.indices, "column indices")


def _check_csc(X: Any) -> None:
    _check_pointers(X.indptr, X.shape[1], min(_length(X.indices), _length(X.data)))
    _check_range(X.indices, X.shape[0], "row indices")


def _check_bsr(X: Any) -> None:
    n_rows, n_columns = X.shape
    if not isinstance(X.data, np.ndarray) or X.data.ndim != 3 or 0 in X.data.shape[1:]:
        _refuse("its values must be blocks of at least one row and one column")
    height, width = X.data.shape[1:]
    if n_rows % height or n_columns % width:
        _refuse(f"its shape {X.shape} must be a multiple of the block size {height, width}")
    _check_pointers(X.indptr, n_rows // height, min(_length(X.indices), len(X.data)))
    _check_range(X.indices, n_columns // width, "block columns")


def _check_coo(X: Any) -> None:
    coordinates = getattr(X, "coords", None) or (X.row, X.col)
    for indices, size, name in zip(coordinates, X.shape, ("row indices", "column indices"), strict=True):
        _check_range(indices, size, name)
        if len(indices) != _length(X.data):
            _refuse(f"it must have as many {name} as values, got {len(indices)} and {_length(X.data)}")


def _check_dia(X: Any) -> None:
    _check_integers(X.offsets, "offsets")
    if not isinstance(X.data, np.ndarray) or X.data.ndim != 2 or len(X.data) != len(X.offsets):
        _refuse("its values must have one row for each offset")
    if (np.abs(X.offsets.astype(np.float64)) >= 2**31).any():
        _refuse("its offsets must be between -2**31 and 2**31")


def _check_lil(X: Any) -> None:
    lengths = [_length(array) for array in (X.rows, X.data)]
    if lengths != [X.shape[0]] * 2 or any(type(row) is not list for array in (X.rows, X.data) for row in array):
        _refuse("it must have one list of columns and one list of values for each row")
    if list(map(len, X.rows)) != list(map(len, X.data)):
        _refuse("each of its rows must have as many columns as values")


_CHECKS = {
    "csr": _check_csr,
    "csc": _check_csc,
    "bsr": _check_bsr,
    "coo": _check_coo,
    "dia": _check_dia,
    "lil": _check_lil,
}


def _check_pointers(indptr: NDArray[Any], n_groups: int, n_values: int) -> None:
    _check_integers(indptr, "pointers")
    if len(indptr) != n_groups + 1:
        _refuse(f"it must have {n_groups + 1} pointers, got {len(indptr)}")
    if indptr[0] != 0 or (indptr[1:] < indptr[:-1]).any():
        _refuse("its pointers must start at 0 and never decrease")
    if indptr[-1] > n_values:
        _refuse(f"its pointers must end at {n_values} or before, got {indptr[-1]}")


def _check_range(indices: NDArray[Any], size: int, name: str) -> None:
    _check_integers(indices, name)
    if len(indices) and not (indices.min() >= 0 and indices.max() < size):
        _refuse(f"its {name} must be from 0 to {size - 1}, got {indices.min()} to {indices.max()}")


def _check_integers(array: NDArray[Any], name: str) -> None:
    if not isinstance(array, np.ndarray) or array.ndim != 1 or array.dtype.kind not in "iu":
        _refuse(f"its {name} must be a 1-D array of integers")


def _length(array: NDArray[Any]) -> int:
    if not isinstance(array, np.ndarray) or array.ndim != 1:
        _refuse("its values and indices must be 1-D arrays")
    return len(array)


def _refuse(problem: str) -> NoReturn:
    raise StatusError(f"CMLP_ERROR_SPARSE: X is a broken sparse container: {problem}", "CMLP_ERROR_SPARSE")


class StoredRows:
    """Stands for `n_rows` rows of which only those from `first` on are in this process, while it trains with others."""

    def __init__(self, stored: NDArray[Any], first: int, n_rows: int) -> None:
        self.stored, self.first = stored, first
        self.shape, self.dtype = (n_rows, stored.shape[1]), stored.dtype

    def __len__(self) -> int:
        return self.shape[0]


def stored_rows(X: NDArray[Any] | CSR) -> NDArray[Any] | CSR:
    """Return the rows that this process has."""
    return X.stored if isinstance(X, StoredRows) else X
