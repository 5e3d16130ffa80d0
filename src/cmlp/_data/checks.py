"""X, y and weights of fit and predict: dtypes, shapes, lengths, and where a value is that is not finite.

No check reads all of X: the core detects non-finite inputs while it computes.
"""

from __future__ import annotations

from numbers import Integral
from typing import Any, NamedTuple

import numpy as np

from cmlp._data.array_types import AnyArray, ArrayLike, FloatType, NDArray
from cmlp._data.arrays import (
    CSR,
    IN_PLACE,
    arrow_copied,
    as_csr,
    as_dense,
    is_sparse,
    readable,
    rectangular,
    refuse_complex,
    refuse_records,
    refuse_sparse,
    require_finite,
    to_float64,
)
from cmlp._data.columns import check_names, feature_names
from cmlp._data.labels import as_labels
from cmlp._data.row_labels import warn_of_other_order
from cmlp._data.scale import InputScale, scaled_rows
from cmlp._data.weights import as_weights
from cmlp._process.warnings import warn
from cmlp.exceptions import (
    DataConversionWarning,
    InvalidParameterError,
    NonFiniteInputError,
    shown,
    sklearn_class,
)


class CheckedRows(NamedTuple):
    """What the user gave, checked and converted: y has the user's labels or numbers.

    `TargetEncoding` makes `EncodedRows` of it, which the core reads.
    """

    X: AnyArray | CSR
    auto_dtype: FloatType  # the dtype of the model with ``dtype="auto"``
    names: AnyArray | None = None  # of the columns of a data frame
    y: Any = None  # an array, unless a call needs only X
    weight: NDArray[np.float64] | None = None

    @property
    def dtype_name(self) -> str:
        """The dtype of the elements, and whether the rows are sparse."""
        return f"{'sparse ' if isinstance(self.X, CSR) else ''}{self.X.dtype}"


class InputChecks(NamedTuple):
    """Checks and converts all rows that a user passes to an estimator of one network.

    `owner` is the name of the estimator in messages.
    """

    owner: str
    labels: bool  # whether y has labels
    width: int | None = None  # number of columns that the rows must have; None for any
    names: AnyArray | None = None  # of these columns
    # Whether there may be no rows, or none of positive weight, as in a block.
    may_be_empty: bool = False

    def check_inputs(self, X: Any) -> CheckedRows:
        """Return converted rows without targets."""
        X = arrow_copied(X)
        names = feature_names(X)
        if self.width is not None:
            check_names(names, self.names, self.owner)
        array, auto_dtype = as_rows(X, self.owner)
        if not self.may_be_empty:
            require_samples(array, self.owner)
        if self.width is not None:
            check_width(array.shape[1], self.width, self.owner)
        return CheckedRows(array, auto_dtype, names)

    def add_targets(
        self, rows: CheckedRows, y: Any, weight: Any, *, warn_of_column: bool = True
    ) -> CheckedRows:
        """Return checked rows with their targets and weights."""
        n_rows = rows.X.shape[0]
        y = as_targets(y, n_rows, self.owner, labels=self.labels, warn_of_column=warn_of_column)
        return rows._replace(
            y=y, weight=as_weights(weight, n_rows, require_positive=not self.may_be_empty)
        )

    def check(self, X: Any, y: Any, weight: Any, suffix: str = "") -> CheckedRows:
        """Return converted rows with targets and weights; messages name them with `suffix`."""
        names = "X" + suffix, "y" + suffix, "sample_weight" + suffix
        warn_of_other_order(**dict(zip(names, (X, y, weight), strict=True)))
        return self.add_targets(self.check_inputs(X), y, weight)

    def recheck(self, rows: CheckedRows) -> CheckedRows:
        """Return rows that were checked before the columns of the model were known."""
        if self.width is not None:
            check_names(rows.names, self.names, self.owner)
            check_width(rows.X.shape[1], self.width, self.owner)
        return rows


# ----------------------------------------------------------------------------------------------------- X, y and weights


_RESHAPE = (
    "Reshape your data either using array.reshape(-1, 1) if your data has a single feature or "
    "array.reshape(1, -1) if it contains a single sample."
)


def positive_integer(name: str, value: object, also: str = "") -> int:
    """Return a positive integer, of Python or of NumPy, as an int; `also` is what else the message allows."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        expected = f"a positive integer{also}"
        raise InvalidParameterError(
            f"{name} must be {expected}, got {shown(value)}.",
            parameter=name,
            value=value,
            expected=expected,
        )
    return int(value)


def as_rows(X: Any, owner: str) -> tuple[AnyArray | CSR, FloatType]:
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
    array = as_csr(array, "X") if sparse else readable(array, "X")
    return array, np.dtype(np.float32 if single else np.float64)


def check_rows(array: Any, sparse: bool, class_name: str, owner: str) -> None:
    """Raise ValueError if X is not a matrix of real numbers with at least one column."""
    n_dims = len(array.shape)
    if not sparse:
        refuse_complex(array)
        refuse_records(array, "X")
    elif (
        array.dtype.kind == "c"
    ):  # not printed: SciPy would read its index arrays, which may be invalid
        raise ValueError(
            f"Complex data not supported: X is a sparse container of dtype {array.dtype}."
        )
    if n_dims == 0 and array.dtype.kind == "O":
        raise ValueError(
            f"Expected 2D array, got {class_name} instead: X must be rows of numbers, "
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
            f"Found array with 0 feature(s) (shape={array.shape}) while a minimum of 1 is required "
            f"by {owner}."
        )


def check_width(n_features: int, expected: int, owner: str) -> None:
    """Raise ValueError if X does not have as many columns as in fit."""
    if n_features != expected:
        raise ValueError(
            f"X has {n_features} features, but {owner} is expecting {expected} features as input."
        )


def require_samples(array: AnyArray | CSR, owner: str) -> None:
    """Raise ValueError if X has no rows."""
    if array.shape[0] == 0:
        raise ValueError(
            f"Found array with 0 sample(s) (shape={array.shape}) while a minimum of 1 is required "
            f"by {owner}."
        )


def as_targets(
    y: ArrayLike | None,
    n_rows: int,
    owner: str,
    *,
    labels: bool = False,
    warn_of_column: bool = True,
) -> AnyArray:
    """Return y as a 1-D or 2-D array with `n_rows` rows; a single column is flattened, usually with a warning.

    Labels are copied, because other threads could change them after the checks, and may be a sparse container.
    """
    if y is None:
        raise ValueError(
            f"This {owner} estimator requires y to be passed, but the target y is None."
        )
    if labels and is_sparse(y):
        y = as_dense(y, "y")
    refuse_sparse(y, "y")
    array = as_labels(y, "y") if labels else rectangular(y, "y")
    refuse_complex(array)
    if array.ndim == 0:
        raise TypeError(f"y should have at least 1 dimension, got scalar {y!r} instead.")
    if array.ndim > 2:
        raise ValueError(
            f"Found array with dim {array.ndim}, while dim <= 2 is required by {owner}."
        )
    if array.shape[0] != n_rows:
        raise ValueError(
            "Found input variables with inconsistent numbers of samples: "
            f"{[n_rows, array.shape[0]]}"
        )
    if array.size == 0 and n_rows:
        raise ValueError(f"y must have at least one column, got an array of shape {array.shape}.")
    if array.dtype.kind == "f":
        require_finite(array, "y")
    if array.ndim == 2 and array.shape[1] == 1:
        if warn_of_column:
            warn(
                "A column-vector y was passed when a 1d array was expected. Please change the "
                "shape of y to (n_samples, ), for example using ravel().",
                sklearn_class(DataConversionWarning),
            )
        array = array.ravel()
    return array


def as_numbers(y: AnyArray) -> AnyArray:
    """Return regression targets: arrays of bool, uint8, float32 and float64 as they are, others as float64."""
    if y.dtype in IN_PLACE:
        return y
    y = to_float64(y, "y")
    require_finite(y, "y")
    return y


def as_quantile_targets(targets: AnyArray, n_quantiles: int) -> AnyArray:
    """Return the targets (n, 1) of several quantiles with a column for each of them, without a copy."""
    if targets.shape[1] != 1:
        raise ValueError(f"y must have one column with several quantiles, got {targets.shape[1]}.")
    return np.broadcast_to(targets, (len(targets), n_quantiles))


# --------------------------------------------------------------------------------- error messages for non-finite inputs


_BLOCK = 4096  # rows to check at a time


def first_non_finite_error(
    error: NonFiniteInputError,
    X: AnyArray | CSR,
    scale: float | InputScale,
    dtype: FloatType,
    names: AnyArray | None,
    argument: str = "X",
) -> NonFiniteInputError:
    """Return the error to raise instead of the core's error; `argument` is what its message calls X.

    The core reads the rows in an order of its own, and reports the first non-finite value that it reads. This function
    checks the rows before the reported row, so the user always gets the first non-finite value in X.
    """
    place = _first_non_finite(X, error.row + 1, scale, dtype)
    if place is None:
        return error
    row, column = place
    if np.isnan(X[row, column]):
        found = "NaN"
    else:
        found = "infinity or a value too large for the network's dtype"
    name = name_of_column(names, column)
    return NonFiniteInputError(found, row, column, argument=argument, column_name=name)


def named_column(error: NonFiniteInputError, names: AnyArray | None) -> NonFiniteInputError:
    """Return the core's error with the name of the column, if the columns have names."""
    name = name_of_column(names, error.column)
    return NonFiniteInputError(error.found, error.row, error.column, column_name=name)


def name_of_column(names: AnyArray | None, column: int) -> str | None:
    """Return the name of a column; None if the columns have no names."""
    if names is None:
        return None
    return str(names[column])


def _first_non_finite(
    X: AnyArray | CSR, n_rows: int, scale: float | InputScale, dtype: FloatType
) -> tuple[int, int] | None:
    """Return row and column of the first value in `n_rows` rows that is not finite in `dtype`; None if all are."""
    if isinstance(X, CSR):
        values, columns = X.data[: X.indptr[n_rows]], X.indices[: X.indptr[n_rows]]
        if isinstance(scale, InputScale):
            scale = InputScale(scale.shift[columns], scale.factor[columns])
        positions = np.flatnonzero(~_are_finite(values, scale, dtype))
        if not len(positions):
            return None
        return int(np.searchsorted(X.indptr, positions[0], side="right")) - 1, int(
            X.indices[positions[0]]
        )
    for start in range(0, n_rows, _BLOCK):
        entries = np.argwhere(~_are_finite(X[start : min(start + _BLOCK, n_rows)], scale, dtype))
        if len(entries):
            return start + int(entries[0, 0]), int(entries[0, 1])
    return None


def _are_finite(values: AnyArray, scale: float | InputScale, dtype: FloatType) -> NDArray[np.bool_]:
    with np.errstate(over="ignore", invalid="ignore"):
        if isinstance(scale, InputScale):
            seen = scaled_rows(values, scale, dtype)
        else:
            seen = values.astype(dtype) * dtype.type(scale)
        finite: NDArray[np.bool_] = np.isfinite(seen)
    return finite
