"""Losses that a program defines as a function."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmlp._inputs.arrays import rectangular

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from numpy.typing import ArrayLike, NDArray

    LossFunction: TypeAlias = Callable[[NDArray[Any], NDArray[Any]], tuple[ArrayLike, ArrayLike]]


def values_and_gradient(
    loss: LossFunction, y: NDArray[Any], output: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Return copies of what a function returns for targets and outputs: costs in float64, and their derivatives.

    ``loss(y, output)`` returns the costs, of shape (n,), and their derivatives, of shape (n, n_outputs).
    """
    result = loss(y, output)
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise ValueError(f"The function loss must return a tuple (values, gradient), got {type(result).__name__}.")
    values = _checked(result[0], "values", output.shape[:1], np.dtype(np.float64))
    return values, _checked(result[1], "gradient", output.shape, output.dtype)


def _checked(value: ArrayLike, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return a contiguous copy of one of both arrays."""
    array = rectangular(value, f"{name} of the function loss")
    if array.shape != shape or array.dtype.kind not in "buif":
        raise ValueError(
            f"The function loss must return {name} of shape {shape} and real numbers, got an array of shape "
            f"{array.shape} and dtype {array.dtype}."
        )
    with np.errstate(over="ignore"):
        copy = np.array(array, dtype, order="C")
    if not np.isfinite(copy).all():
        row = int(np.argwhere(~np.isfinite(copy))[0][0])
        raise ValueError(
            f"The function loss must return finite {name}, got {np.ravel(copy[row])} in row {row} of its arguments."
        )
    return copy
