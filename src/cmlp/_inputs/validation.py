"""Validation of X and y in fit and predict: dtypes, shapes, lengths.

No check reads all of X: the core detects non-finite inputs while it computes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._inputs.arrays import (
    IN_PLACE,
    readable,
    rectangular,
    refuse_complex,
    refuse_records,
    require_finite,
    to_float64,
)
from cmlp._inputs.labels import as_labels
from cmlp._inputs.sparse import as_csr, as_dense, is_sparse, refuse_sparse
from cmlp.exceptions import DataConversionWarning, sklearn_class, warn

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from cmlp._inputs.sparse import CSR

_RESHAPE = (
    "Reshape your data either using array.reshape(-1, 1) if your data has a single feature or "
    "array.reshape(1, -1) if it contains a single sample."
)


def as_rows(X: Any, owner: str) -> tuple[NDArray[Any] | CSR, np.dtype[Any]]:
    """Return X as two-dimensional rows that the core can read, and the dtype of the model with ``dtype="auto"``.

    Arrays of bool, uint8, float32 and float64 with any strides and sparse containers in canonical CSR format are not
    copied. The dtype is float32 for uint8, float16 and float32 arrays, otherwise float64.
    """
    sparse = is_sparse(X)
    array = X if sparse else rectangular(X, "X")
    check_rows(array, sparse, type(X).__name__, owner)
    # A list contains Python numbers, which are doubles, whatever dtype NumPy chooses for them.
    small = array.dtype == np.uint8 or (array.dtype.kind == "f" and array.dtype.itemsize <= 4)
    single = small and not isinstance(X, (list, tuple))
    array = as_csr(array, lambda values: readable(values, "X")) if sparse else readable(array, "X")
    return array, np.dtype(np.float32 if single else np.float64)


def check_rows(array: Any, sparse: bool, kind: str, owner: str) -> None:
    """Raise ValueError if X is not a matrix of real numbers with at least one column."""
    n_dims = len(array.shape)
    if not sparse:
        refuse_complex(array)
        refuse_records(array, "X")
    elif array.dtype.kind == "c":  # not printed: SciPy would read its index arrays, which may be invalid
        raise ValueError(f"Complex data not supported: X is a sparse container of dtype {array.dtype}.")
    if n_dims == 0 and array.dtype.kind == "O":
        raise ValueError(
            f"Expected 2D array, got {kind} instead: X must be rows of numbers, "
            "an array-like of shape (n_samples, n_features)."
        )
    if n_dims < 2:
        found = "scalar" if n_dims == 0 else "1D"
        content = f"array={array}.\n" if not sparse else ""
        raise ValueError(f"Expected 2D array, got {found} array instead:\n{content}{_RESHAPE}")
    if n_dims > 2:
        raise ValueError(f"Found array with dim {n_dims}, while dim <= 2 is required by {owner}.")
    if array.shape[1] == 0:
        raise ValueError(
            f"Found array with 0 feature(s) (shape={array.shape}) while a minimum of 1 is required by {owner}."
        )


def check_width(n_features: int, expected: int, owner: str) -> None:
    """Raise ValueError if X does not have as many columns as in fit."""
    if n_features != expected:
        raise ValueError(f"X has {n_features} features, but {owner} is expecting {expected} features as input.")


def require_samples(array: NDArray[Any] | CSR, owner: str) -> None:
    """Raise ValueError if X has no rows."""
    if array.shape[0] == 0:
        raise ValueError(
            f"Found array with 0 sample(s) (shape={array.shape}) while a minimum of 1 is required by {owner}."
        )


def as_targets(
    y: ArrayLike | None, n_rows: int, owner: str, *, labels: bool = False, warn_of_column: bool = True
) -> NDArray[Any]:
    """Return y as a 1-D or 2-D array with `n_rows` rows; a single column is flattened, usually with a warning.

    Labels are copied, because other threads could change them after the checks, and may be a sparse container.
    """
    if y is None:
        raise ValueError(f"This {owner} estimator requires y to be passed, but the target y is None.")
    if labels and is_sparse(y):
        y = as_dense(y, "y")
    refuse_sparse(y, "y")
    array = as_labels(y, "y") if labels else rectangular(y, "y")
    refuse_complex(array)
    if array.ndim == 0:
        raise TypeError(f"y should have at least 1 dimension, got scalar {y!r} instead.")
    if array.ndim > 2:
        raise ValueError(f"Found array with dim {array.ndim}, while dim <= 2 is required by {owner}.")
    if array.shape[0] != n_rows:
        raise ValueError(f"Found input variables with inconsistent numbers of samples: {[n_rows, array.shape[0]]}")
    if array.size == 0 and n_rows:
        raise ValueError(f"y must have at least one column, got an array of shape {array.shape}.")
    if array.dtype.kind == "f":
        require_finite(array, "y")
    if array.ndim == 2 and array.shape[1] == 1:
        if warn_of_column:
            warn(
                "A column-vector y was passed when a 1d array was expected. Please change the shape "
                "of y to (n_samples, ), for example using ravel().",
                sklearn_class(DataConversionWarning),
            )
        array = array.ravel()
    return array


def as_numbers(y: NDArray[Any]) -> NDArray[Any]:
    """Return regression targets: arrays of bool, uint8, float32 and float64 as they are, others as float64."""
    if y.dtype in IN_PLACE:
        return y
    y = to_float64(y, "y")
    require_finite(y, "y")
    return y


def as_quantile_targets(targets: NDArray[Any], n_quantiles: int) -> NDArray[Any]:
    """Return the targets (n, 1) of several quantiles with a column for each of them, without a copy."""
    if targets.shape[1] != 1:
        raise ValueError(f"y must have one column with several quantiles, got {targets.shape[1]}.")
    return np.broadcast_to(targets, (len(targets), n_quantiles))
