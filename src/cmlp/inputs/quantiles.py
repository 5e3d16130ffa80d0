"""Quantiles of rows that have weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def quantiles(
    x: NDArray[np.float64], shares: Sequence[float] | NDArray[np.float64], weight: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """Return the quantiles of numbers, one for each share.

    With weights, which are positive, a quantile is the smallest number at which the sum of the weights of the numbers
    up to it reaches its share of the whole. A row of weight 2 then counts as two equal rows of weight 1. Without
    weights, it is interpolated as in NumPy; equal weights count as none.
    """
    found: NDArray[np.float64]
    if weight is None or (weight == weight[0]).all():
        found = np.quantile(x, shares)
        return found
    order = np.argsort(x, kind="stable")
    sums = np.cumsum(weight[order])
    places = np.searchsorted(sums, np.asarray(shares) * sums[-1])
    found = x[order[np.minimum(places, len(x) - 1)]]
    return found
