"""Checks of what is passed to fit and predict: kinds, shapes, lengths, feature names.

Nothing here reads all of X: whether its numbers are finite is found by the core while it computes.
"""

from __future__ import annotations

from numbers import Number
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp.exceptions import DataConversionWarning, sklearn_class, warn
from cmlp.inputs.arrays import rectangular
from cmlp.inputs.sparse import as_csr, is_sparse

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from cmlp.inputs.sparse import CSR

# Element types that the core reads in place; others are converted once.
_IN_PLACE = tuple(map(np.dtype, (np.bool_, np.uint8, np.float32, np.float64)))

_RESHAPE = (
    "Reshape your data either using array.reshape(-1, 1) if your data has a single feature or "
    "array.reshape(1, -1) if it contains a single sample."
)


def refuse_sparse(data: object, name: str) -> None:
    """Targets and weights are few: they have to be dense."""
    if is_sparse(data):
        raise TypeError(
            f"Sparse data was passed for {name}, but dense data is required. "
            "Use '.toarray()' to convert to a dense numpy array."
        )


def _refuse_complex(array: NDArray[Any] | CSR) -> None:
    if array.dtype.kind == "c":
        raise ValueError(f"Complex data not supported\n{array}\n")


def _to_float64(array: NDArray[Any], name: str) -> NDArray[np.float64]:
    """Numbers, objects and text as numbers; the reason where that fails."""
    if array.dtype.kind not in "buifOUST":
        raise TypeError(f"{name} has dtype {array.dtype}, which cannot be used as numbers.")
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name} cannot be converted to numbers: {error}") from error


def as_rows(X: Any, owner: str) -> tuple[NDArray[Any] | CSR, np.dtype[Any]]:
    """X as a two-dimensional array that the core reads: in place wherever it can.

    Parameters
    ----------
    X : array-like or sparse container of shape (n_samples, n_features)
        bool, uint8, float32 and float64 arrays are used as they are, whatever their strides; so
        are sparse ones in CSR format, if it is canonical.
    owner : str
        Name of the estimator, for messages.

    Returns
    -------
    array : ndarray or CSR of shape (n_samples, n_features)
    natural : dtype
        The type that ``dtype="auto"`` computes in: float32 for uint8, float16 and float32 arrays,
        float64 for everything else.
    """
    sparse = is_sparse(X)
    array = X if sparse else rectangular(X, "X")
    _refuse_complex(array)
    n_dims = len(array.shape)
    if n_dims == 0 and array.dtype.kind == "O":
        raise ValueError(
            f"Expected 2D array, got {type(X).__name__} instead: X must be rows of numbers, "
            "an array-like of shape (n_samples, n_features)."
        )
    if n_dims < 2:
        kind = "scalar" if n_dims == 0 else "1D"
        raise ValueError(f"Expected 2D array, got {kind} array instead:\narray={array}.\n{_RESHAPE}")
    if n_dims > 2:
        raise ValueError(f"Found array with dim {n_dims}, while dim <= 2 is required by {owner}.")
    if array.shape[1] == 0:
        raise ValueError(
            f"Found array with 0 feature(s) (shape={array.shape}) while a minimum of 1 is required by {owner}."
        )
    # Lists hold Python's numbers, which are doubles, whatever NumPy makes of their elements.
    small = array.dtype == np.uint8 or (array.dtype.kind == "f" and array.dtype.itemsize <= 4)
    single = small and not isinstance(X, (list, tuple))
    if sparse:
        array = as_csr(array, _convert_rows)
    elif array.dtype not in _IN_PLACE:
        array = _convert_rows(array)
    return array, np.dtype(np.float32 if single else np.float64)


def _convert_rows(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind == "f" and array.dtype.itemsize <= 4:
        return array.astype(np.float32)
    return _to_float64(array, "X")


def check_width(n_features: int, expected: int, owner: str) -> None:
    """Refuse rows of another width than the model was fitted with."""
    if n_features != expected:
        raise ValueError(f"X has {n_features} features, but {owner} is expecting {expected} features as input.")


def require_samples(array: NDArray[Any] | CSR, owner: str) -> None:
    """Refuse to train on nothing."""
    if array.shape[0] == 0:
        raise ValueError(
            f"Found array with 0 sample(s) (shape={array.shape}) while a minimum of 1 is required by {owner}."
        )


def as_targets(y: ArrayLike | None, n_rows: int, owner: str) -> NDArray[Any]:
    """y as an array of one or two dimensions and `n_rows` rows; a column becomes flat.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Labels or numbers.
    n_rows : int
        Rows of X.
    owner : str
        Name of the estimator, for messages.

    Returns
    -------
    ndarray
    """
    if y is None:
        raise ValueError(f"This {owner} estimator requires y to be passed, but the target y is None.")
    refuse_sparse(y, "y")
    array = rectangular(y, "y")
    _refuse_complex(array)
    if array.ndim == 0:
        raise TypeError(f"y should have at least 1 dimension, got scalar {y!r} instead.")
    if array.ndim > 2:
        raise ValueError(f"Found array with dim {array.ndim}, while dim <= 2 is required by {owner}.")
    if array.shape[0] != n_rows:
        raise ValueError(f"Found input variables with inconsistent numbers of samples: {[n_rows, array.shape[0]]}")
    if array.size == 0 and n_rows:
        raise ValueError(f"y has no columns: its shape is {array.shape}.")
    if array.dtype.kind == "f":
        require_finite(array, "y")
    if array.ndim == 2 and array.shape[1] == 1:
        warn(
            "A column-vector y was passed when a 1d array was expected. Please change the shape "
            "of y to (n_samples, ), for example using ravel().",
            sklearn_class(DataConversionWarning),
        )
        array = array.ravel()
    return array


def require_finite(array: NDArray[Any], name: str) -> None:
    """Refuse NaN and infinity in targets and sample weights."""
    if np.isfinite(array).all():
        return
    what = "NaN" if np.isnan(array).any() else "infinity or a value too large for "
    if what != "NaN":
        what += repr(array.dtype)
    raise ValueError(f"Input {name} contains {what}.")


def as_numbers(y: NDArray[Any]) -> NDArray[Any]:
    """Targets of a regression: bool, uint8, float32 and float64 as they are, others float64."""
    if y.dtype in _IN_PLACE:
        return y
    y = _to_float64(y, "y")
    require_finite(y, "y")
    return y


def as_weights(sample_weight: ArrayLike | None, n_rows: int) -> NDArray[np.float64] | None:
    """Sample weights as float64, one for each row; None stays None.

    Parameters
    ----------
    sample_weight : None, number or array-like of shape (n_samples,)
        Finite, not negative, not all zero.
    n_rows : int
        Rows of X.

    Returns
    -------
    None or ndarray of shape (n_samples,)
    """
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Number):
        sample_weight = np.full(n_rows, sample_weight)
    refuse_sparse(sample_weight, "sample_weight")
    weights = rectangular(sample_weight, "sample_weight")
    _refuse_complex(weights)
    if weights.ndim != 1:
        given = f"{weights.ndim}D array" if weights.ndim else type(sample_weight).__name__
        raise ValueError(
            f"Sample weights must be 1D array or scalar, got {given}. "
            f"Expected either a scalar value or a 1D array of length {n_rows}."
        )
    weights = np.ascontiguousarray(_to_float64(weights, "sample_weight"))
    if weights.shape != (n_rows,):
        raise ValueError(f"sample_weight.shape == {weights.shape}, expected {(n_rows,)}!")
    require_finite(weights, "sample_weight")
    if (weights < 0).any():
        raise ValueError("Negative values in data passed to `sample_weight`.")
    if not weights.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return weights


def feature_names(X: Any) -> NDArray[Any] | None:
    """Column names of a data frame if they are text; None for anything else.

    A data frame is known by its looks (columns and a conversion to an array), so that none of
    the packages that define one has to be imported.
    """
    if isinstance(X, np.ndarray) or not (hasattr(X, "columns") and hasattr(X, "__array__")):
        return None
    names = np.asarray(list(X.columns), dtype=object)
    kinds = sorted({type(name).__qualname__ for name in names})
    if len(kinds) > 1 and "str" in kinds:
        raise TypeError(
            "Feature names are only supported if all input features have string names, but your "
            f"input has {kinds} as feature name / column name types. If you want feature names to "
            "be stored and validated, you must convert them all to strings, by using X.columns = "
            "X.columns.astype(str) for example. Otherwise you can remove feature / column names "
            "from your input data, or convert them all to a non-string data type."
        )
    return names if kinds == ["str"] else None


def check_feature_names(X: object, fitted: NDArray[Any] | None, owner: str) -> None:
    """Compare the column names of X with those seen by fit: an error if they differ."""
    names = feature_names(X)
    if names is None and fitted is None:
        return
    if fitted is None:
        warn(f"X has feature names, but {owner} was fitted without feature names")
    elif names is None:
        warn(f"X does not have valid feature names, but {owner} was fitted with feature names")
    elif len(names) != len(fitted) or (names != fitted).any():
        raise ValueError(_name_mismatch(set(names), set(fitted)))


def _name_mismatch(names: set[str], fitted: set[str]) -> str:
    lines = ["The feature names should match those that were passed during fit."]
    for title, listed in (
        ("Feature names unseen at fit time:", sorted(names - fitted)),
        ("Feature names seen at fit time, yet now missing:", sorted(fitted - names)),
    ):
        if listed:
            lines += [title, *(f"- {name}" for name in listed[:5])]
            lines += ["- ..."] if len(listed) > 5 else []
    if len(lines) == 1:
        lines.append("Feature names must be in the same order as they were in fit.")
    return "\n".join(lines) + "\n"
