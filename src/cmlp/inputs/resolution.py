"""Whether a floating-point type can tell numbers apart: its spacing, compared with their spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

# Rounding to one of fewer numbers within a standard deviation can cost more than 0.001 of R^2.
_LEVELS = 16


def spacing(center: ArrayLike, dtype: DTypeLike) -> NDArray[np.float64]:
    """Return the distance between neighbouring numbers of a type near `center`; NaN outside its range."""
    with np.errstate(over="ignore", invalid="ignore"):
        distances: NDArray[np.float64] = np.spacing(np.abs(center).astype(dtype)).astype(np.float64)
    return distances


def too_coarse(center: ArrayLike, spread: NDArray[np.float64], dtype: DTypeLike) -> NDArray[np.bool_]:
    """Return for each column whether a type has too few numbers within its spread, or does not reach its center.

    A column with the spread 0 has one number only, of which only the range matters.
    """
    step = spacing(center, dtype)
    coarse: NDArray[np.bool_] = np.isnan(step) | ((_LEVELS * step > spread) & (spread > 0))
    return coarse
