"""Error messages for non-finite inputs: find the first such value by row, and the name of its column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._inputs.scale import InputScale, scaled
from cmlp._inputs.sparse import CSR
from cmlp.exceptions import NonFiniteInputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BLOCK = 4096  # rows to check at a time


def first_non_finite_error(
    error: NonFiniteInputError,
    X: NDArray[Any] | CSR,
    scale: float | InputScale,
    dtype: np.dtype[Any],
    names: NDArray[Any] | None,
    argument: str = "X",
) -> NonFiniteInputError:
    """Return the error to raise instead of the core's error; `argument` is what its message calls X.

    The core reads the rows in an order of its own, and reports the first non-finite value that it reads. This function
    checks the rows before the reported row, so the user always gets the first non-finite value in X.
    """
    found = _first(X, error.row + 1, scale, dtype)
    if found is None:
        return error
    row, column = found
    kind = "NaN" if np.isnan(X[row, column]) else "infinity or a value too large for the network's dtype"
    shown = column if names is None else repr(str(names[column]))
    return NonFiniteInputError(f"Input {argument} contains {kind} at row {row}, column {shown}.", row, column)


def named_column(error: NonFiniteInputError, names: NDArray[Any] | None) -> NonFiniteInputError:
    """Return the core's error with the name of the column, if the columns have names."""
    if names is None:
        return error
    text = str(error).replace(f"column {error.column}.", f"column {str(names[error.column])!r}.")
    return NonFiniteInputError(text, error.row, error.column)


def _first(
    X: NDArray[Any] | CSR, n_rows: int, scale: float | InputScale, dtype: np.dtype[Any]
) -> tuple[int, int] | None:
    """Return row and column of the first value in `n_rows` rows that is not finite in `dtype`; None if all are."""
    if isinstance(X, CSR):
        values, columns = X.data[: X.indptr[n_rows]], X.indices[: X.indptr[n_rows]]
        if isinstance(scale, InputScale):
            scale = InputScale(scale.shift[columns], scale.factor[columns])
        positions = np.flatnonzero(~_finite(values, scale, dtype))
        if not len(positions):
            return None
        return int(np.searchsorted(X.indptr, positions[0], side="right")) - 1, int(X.indices[positions[0]])
    for start in range(0, n_rows, _BLOCK):
        entries = np.argwhere(~_finite(X[start : min(start + _BLOCK, n_rows)], scale, dtype))
        if len(entries):
            return start + int(entries[0, 0]), int(entries[0, 1])
    return None


def _finite(values: NDArray[Any], scale: float | InputScale, dtype: np.dtype[Any]) -> NDArray[np.bool_]:
    with np.errstate(over="ignore", invalid="ignore"):
        seen = (
            scaled(values, scale, dtype) if isinstance(scale, InputScale) else values.astype(dtype) * dtype.type(scale)
        )
        finite: NDArray[np.bool_] = np.isfinite(seen)
    return finite
