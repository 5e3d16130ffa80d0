"""The scale of the inputs: one factor for all of them, or a shift and a factor for each column, given or learned.

Weighted quantiles, and whether a floating-point type can distinguish numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from cmlp._inputs.sparse import CSR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from cmlp._inputs.moments import Moments

    Vector: TypeAlias = NDArray[np.float64]

_BLOCK = 1 << 20  # elements to compute with at a time
# Rounding to one of fewer numbers within a standard deviation can cost more than 0.001 of R^2.
_LEVELS = 16


class InputScale(tuple[Any, Any]):
    """A shift and a factor for each input: the network sees ``(X - shift) * factor``.

    It is a tuple ``(shift, factor)``, which can be unpacked, compared, and passed as ``input_scale`` again.

    Parameters
    ----------
    shift, factor : array-like of shape (n_inputs,)
        Finite numbers; no factor is 0.

    Raises
    ------
    ValueError
        If a number is not finite, a factor is 0, or the arrays are not vectors of the same length.

    Examples
    --------
    >>> from cmlp import Network
    >>> shift, factor = Network([2, 3], input_scale=([20.0, 1000.0], [0.1, 0.01])).input_scale
    >>> factor.tolist()
    [0.1, 0.01]
    """

    __slots__ = ()

    def __new__(cls, shift: ArrayLike, factor: ArrayLike) -> InputScale:
        """Copy and check both vectors."""
        vectors = [np.array(values, np.float64, order="C") for values in (shift, factor)]
        shapes = [values.shape for values in vectors]
        if vectors[0].ndim != 1 or shapes[0] != shapes[1]:
            raise ValueError(f"input_scale must have two vectors of the same length, got the shapes {shapes}.")
        if not np.isfinite(vectors).all() or not vectors[1].all():
            raise ValueError("input_scale must have finite shifts, and finite factors other than 0.")
        for values in vectors:
            values.flags.writeable = False
        return super().__new__(cls, vectors)

    @property
    def shift(self) -> Vector:
        """What is subtracted from each column; read-only."""
        vector: Vector = self[0]
        return vector

    @property
    def factor(self) -> Vector:
        """By what each column is then multiplied; read-only."""
        vector: Vector = self[1]
        return vector

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, InputScale) and all(map(np.array_equal, self, other))

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(tuple(values.tobytes() for values in self))

    def __repr__(self) -> str:
        return f"InputScale(shift={self.shift!r}, factor={self.factor!r})"


def check_scale_width(scale: object, n_columns: int) -> None:
    """Raise ValueError if `scale` has vectors, but not one number for each column."""
    if isinstance(scale, InputScale) and len(scale.shift) != n_columns:
        raise ValueError(f"input_scale must have vectors of {n_columns} numbers, got {len(scale.shift)}.")


def scaled(X: ArrayLike, scale: float | InputScale, dtype: DTypeLike) -> NDArray[Any]:
    """Return dense inputs as the network sees them: computed in float64 and rounded once."""
    wide = np.array(X, np.float64)  # a copy, for the operations in place
    if isinstance(scale, InputScale):
        wide -= scale.shift
    wide *= scale.factor if isinstance(scale, InputScale) else scale
    return wide.astype(dtype, copy=False)


def composed(
    first: tuple[Vector | float, Vector | float], then: tuple[Vector | float, Vector | float]
) -> tuple[Vector, Vector]:
    """Return one shift and factor for a shift and factor and then another one.

    Raises ValueError if float64 cannot hold the shift: the scaled inputs would be off by more than 1e-7.
    """
    shift, factor = map(np.atleast_1d, first)
    with np.errstate(all="ignore"):  # numbers that are not finite have an error of their own, later
        more = then[0] / factor
        total = shift + more
        rest = total - shift
        error = (shift - (total - rest)) + (more - rest)  # of the sum, exactly (Knuth)
        factor = factor * then[1]
        lost = np.abs(error * factor) > 1e-7
    if lost.any():
        column = int(lost.argmax())
        raise ValueError(
            f"the shift of column {column}, {total[column]:g}, is too large for a second one after it, which float64 "
            "cannot add exactly enough: subtract a constant from this column before"
        )
    return total, factor


def learned_scale(
    kind: str, X: NDArray[Any] | CSR, weight: Vector | None = None, rows: NDArray[np.int64] | None = None
) -> InputScale:
    """Learn the scale of each column from `rows` of X (None for all), and return it.

    "standard" scales to the mean 0 and the standard deviation 1, "minmax" to the range from 0 to 1, "robust" to the
    median 0 and the interquartile range 1. A column whose spread is 0 gets the factor 1. Rows with the weight 0 are
    ignored. The factors of CSR rows are those of the same dense rows, but all shifts are 0, so that zeros stay zeros.
    """
    if kind != "robust":
        from cmlp._inputs.moments import Moments  # few programs need it

        moments = Moments()
        moments.add(X, weight, None if rows is None else np.sort(rows))
        return scale_of_moments(kind, moments, isinstance(X, CSR))
    if weight is not None:
        used = np.arange(len(weight)) if rows is None else np.sort(rows)
        rows = used[weight[used] > 0]
        weight = weight[rows]
    elif rows is not None:
        rows = np.sort(rows)
    center, spread = np.zeros(X.shape[1]), np.ones(X.shape[1])
    with np.errstate(all="ignore"):  # inputs that are not finite have an error of their own, later
        for columns, block in _blocks(X, rows):
            center[columns], spread[columns] = _quartiles(block, weight)
    return _scale_of(center, spread, isinstance(X, CSR))


def scale_of_moments(kind: str, moments: Moments, sparse: bool = False) -> InputScale:
    """Return the scale "standard" or "minmax" from the moments of the columns."""
    return _scale_of(*(moments.mean_and_deviation() if kind == "standard" else moments.low_and_range()), sparse)


def _scale_of(center: Vector, spread: Vector, sparse: bool) -> InputScale:
    """Return the scale that subtracts a center and divides by a spread; sparse rows have no shift."""
    with np.errstate(all="ignore"):
        inverse = 1 / spread
    shift = np.where(np.isfinite(center), center, 0.0)
    factor = np.where(~np.isfinite(inverse) | (inverse == 0), 1.0, inverse)
    return InputScale(np.zeros_like(shift) if sparse else shift, factor)


def _blocks(X: NDArray[Any] | CSR, rows: NDArray[np.int64] | None) -> Iterator[tuple[slice, Vector]]:
    """Yield slices of columns, and these columns of the selected rows, dense and in float64."""
    n_rows = X.shape[0] if rows is None else len(rows)
    step = max(1, _BLOCK // max(1, n_rows))
    for first in range(0, X.shape[1], step):
        columns = slice(first, min(first + step, X.shape[1]))
        if isinstance(X, CSR):
            dense = _columns_of(X, columns)
            yield columns, dense if rows is None else dense[rows]
        else:
            yield columns, np.asarray(X[:, columns] if rows is None else X[rows, columns], np.float64)


def _columns_of(X: CSR, columns: slice) -> Vector:
    dense = np.zeros((len(X), columns.stop - columns.start))
    chosen = np.flatnonzero((X.indices >= columns.start) & (X.indices < columns.stop))
    row_of = np.searchsorted(X.indptr, chosen, side="right") - 1
    dense[row_of, X.indices[chosen] - columns.start] = X.data[chosen]
    return dense


def _quartiles(X: Vector, weight: Vector | None) -> tuple[Vector, Vector]:
    """Return the median and the interquartile range of each column."""
    shares = (0.25, 0.5, 0.75)
    if weight is None:
        low, median, high = np.quantile(X, shares, axis=0)
    else:
        low, median, high = np.stack([quantiles(column, shares, weight) for column in X.T], axis=1)
    return median, high - low


def quantiles(
    x: NDArray[np.float64], shares: Sequence[float] | NDArray[np.float64], weight: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """Return the quantiles of numbers, one for each share.

    With weights, which are positive, a quantile is the smallest number at which the sum of the weights of the numbers
    up to it reaches its share of the whole. A row of weight 2 then counts as two equal rows of weight 1. Without
    weights, it is interpolated as in NumPy; equal weights count as none.
    """
    if weight is None or (weight == weight[0]).all():
        return np.asarray(np.quantile(x, shares))
    order = np.argsort(x, kind="stable")
    sums = np.cumsum(weight[order])
    found: NDArray[np.float64] = x[order[np.minimum(np.searchsorted(sums, np.asarray(shares) * sums[-1]), len(x) - 1)]]
    return found


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


SCALES = ("standard", "minmax", "robust")
