"""Sample weights."""

from __future__ import annotations

from numbers import Number
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._inputs.arrays import rectangular, refuse_complex, require_finite, to_float64
from cmlp._inputs.sparse import refuse_sparse

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def require_normal(weight: NDArray[np.float64] | None, dtype: np.dtype[Any]) -> None:
    """Raise ValueError unless each weight is 0 or a normal number of the dtype in which the network computes."""
    if weight is None:
        return
    least, most = _limits(dtype)
    wrong = (weight != 0) & ((weight < least) | (weight > most))
    if wrong.any():
        name = "sample_weight (with class_weight, their product)"
        raise ValueError(refusal(weight, int(wrong.argmax()), dtype, name))


def refusal(weight: NDArray[np.float64], row: int, dtype: np.dtype[Any], name: str = "sample_weight") -> str:
    """Return why a network of this dtype cannot use the weight of a row; with the row -1, why not their sum."""
    least, most = _limits(dtype)
    if row < 0:
        return f"{name} must have a positive sum of at most {most:g}, for {dtype}."
    return (
        f"{name} must have numbers that are 0 or from {least:g} to {most:g}, for {dtype}, got {weight[row]:g} in row "
        f"{row}."
    )


def _limits(dtype: np.dtype[Any]) -> tuple[float, float]:
    """Return the least and the greatest weight: the numbers that are normal, and whose reciprocals are."""
    least = float(np.finfo(dtype).tiny)
    return least, 1 / least


def as_weights(sample_weight: ArrayLike | None, n_rows: int, *, some: bool = True) -> NDArray[np.float64] | None:
    """Return sample weights as a float64 array, one per row; None if `sample_weight` is None.

    A single number applies to every row. With `some`, at least one weight must be positive.
    """
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Number):
        sample_weight = np.full(n_rows, sample_weight)
    refuse_sparse(sample_weight, "sample_weight")
    weights = rectangular(sample_weight, "sample_weight")
    refuse_complex(weights)
    if weights.ndim != 1:
        given = f"{weights.ndim}D array" if weights.ndim else type(sample_weight).__name__
        raise ValueError(
            f"Sample weights must be 1D array or scalar, got {given}. "
            f"Expected either a scalar value or a 1D array of length {n_rows}."
        )
    weights = np.ascontiguousarray(to_float64(weights, "sample_weight"))
    if weights.shape != (n_rows,):
        raise ValueError(f"sample_weight.shape == {weights.shape}, expected {(n_rows,)}!")
    require_finite(weights, "sample_weight")
    if (weights < 0).any():
        raise ValueError("Negative values in data passed to `sample_weight`.")
    if some and not weights.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return weights
