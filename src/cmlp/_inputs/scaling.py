"""The scale of inputs: a warning for those that were probably not scaled, or scaled twice, and large columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._inputs.scale import InputScale, scaled
from cmlp._inputs.sparse import CSR
from cmlp.exceptions import warn

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLE_ROWS = 100
JUDGED_ROWS = 256
# Bytes above this value are probably pixel intensities, not counts or categories.
_LARGEST_PLAUSIBLE_BYTE = 100
# If the largest scaled input is smaller than this, the inputs were probably scaled before.
_SMALLEST_PLAUSIBLE = 1 / 64


def warn_of_scale(X: NDArray[Any] | CSR, input_scale: float) -> None:
    """Warn if inputs times `input_scale` are so large or so small that `input_scale` is probably a mistake.

    The function recognizes two mistakes: bytes up to 255 without a scale, and a scale below 1 for inputs that are
    already small. It reads only the first 100 rows, to avoid a pass over a large X or a memory map.
    """
    largest = _largest(X)
    if X.dtype == np.uint8 and input_scale >= 1 and largest > _LARGEST_PLAUSIBLE_BYTE:
        meant = "bytes scaled to 0..1: input_scale=1/255"
    elif input_scale < 1 and 0 < largest * input_scale < _SMALLEST_PLAUSIBLE:
        meant = "input_scale=1, because the inputs are already scaled"
    else:
        return
    warn(
        f"The largest input times input_scale is {largest:g} * {input_scale:g} = {largest * input_scale:g} "
        f"(in the first {min(len(X), SAMPLE_ROWS)} rows). "
        f"You probably mean {meant}."
    )


def sample(n_rows: int) -> slice:
    """Return a slice of at most 256 rows, evenly spaced."""
    return slice(None, None, -(-n_rows // JUDGED_ROWS))


def root_mean_squares(X: NDArray[Any] | CSR, input_scale: float | InputScale) -> NDArray[np.float64]:
    """Return the root mean square of each column's scaled values.

    At most 256 rows are judged: of a dense matrix evenly spaced ones, of a sparse matrix the first ones.
    """
    with np.errstate(over="ignore"):
        if isinstance(X, CSR):
            n = min(len(X), JUDGED_ROWS)
            some = slice(X.indptr[n])
            values = np.asarray(X.data[some], np.float64)
            # Another thread could change the indices: a copy within the columns cannot make a large array.
            indices = X.indices[some].clip(0, X.shape[1] - 1)
            factor = input_scale.factor[indices] if isinstance(input_scale, InputScale) else input_scale
            values = values * factor
            sums = np.bincount(indices, values * values, X.shape[1])
        else:
            rows = scaled(X[sample(len(X))], input_scale, np.float64)  # a copy of its own
            rows *= rows
            n, sums = len(rows), np.add.reduce(rows, axis=0)
        found: NDArray[np.float64] = np.sqrt(sums / n)
    return found


def _largest(X: NDArray[Any] | CSR) -> float:
    """Return the largest absolute value in the first rows; 0 if there are none or a value is not finite."""
    values = X.data[: X.indptr[min(len(X), SAMPLE_ROWS)]] if isinstance(X, CSR) else X[:SAMPLE_ROWS]
    largest = max(-float(values.min(initial=0)), float(values.max(initial=0)))
    return largest if np.isfinite(largest) else 0.0
