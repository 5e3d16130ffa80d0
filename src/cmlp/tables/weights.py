"""The rows that count: fit drops those of weight 0 after all rows are checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NEGLIGIBLE = 1e-30  # the weight of a row beside one of 1


def counted(weight: NDArray[np.float64] | None, n_rows: int) -> tuple[NDArray[np.intp], NDArray[np.float64] | None]:
    """Return the rows that count, and their weights; None for equal weights, which count as none.

    Weights are divided by a power of 2 that changes no bit of the results, so that they are at most 1: the networks
    need normal numbers of float32. Rows whose weights are negligible beside the largest one do not count.
    """
    if weight is None:
        return np.arange(n_rows), None
    weight = np.ldexp(weight, -int(np.frexp(weight.max())[1]))
    rows = np.flatnonzero(weight >= _NEGLIGIBLE)
    weight = weight[rows]
    return rows, None if (weight == weight[0]).all() else weight
