"""The scale of the inputs: one factor for all of them, or a shift and a factor for each column, given or learned.

Weighted quantiles, and whether a floating-point type can distinguish numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Self, TypeAlias

import numpy as np

from cmlp._data.array_types import AnyArray, ArrayLike, DTypeLike, Floats, NDArray
from cmlp._data.arrays import CSR, taken
from cmlp._process.warnings import warn_of_data
from cmlp.exceptions import InvalidParameterError, ScaleWarning

Vector: TypeAlias = NDArray[np.float64]


_BLOCK = 1 << 20  # elements to compute with at a time
# Rounding to one of fewer numbers within a standard deviation can cost more than 0.001 of R^2.
_LEVELS = 16


class InputScale(tuple[Any, Any]):
    """A shift and a factor for each input: the network sees ``(X - shift) * factor``.

    It is a tuple ``(shift, factor)``, which can be unpacked, compared, and passed as
    ``input_scale`` again.

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
            expected = "two vectors of the same length"
            raise InvalidParameterError(
                f"input_scale must have {expected}, got the shapes {shapes}.",
                parameter="input_scale",
                value=(shift, factor),
                expected=expected,
            )
        if not np.isfinite(vectors).all() or not vectors[1].all():
            raise InvalidParameterError(
                "input_scale must have finite shifts, and finite factors other than 0.",
                parameter="input_scale",
                value=(shift, factor),
            )
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

    def __getnewargs__(self) -> tuple[object, ...]:
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
        expected = f"vectors of {n_columns} numbers"
        raise InvalidParameterError(
            f"input_scale must have {expected}, got {len(scale.shift)}.",
            parameter="input_scale",
            value=scale,
            expected=expected,
        )


def scaled_rows(X: ArrayLike, scale: float | InputScale, dtype: DTypeLike) -> Floats:
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
            f"the shift of column {column}, {total[column]:g}, is too large for a second one after "
            "it, which float64 cannot add exactly enough: subtract a constant from this column "
            "before"
        )
    return total, factor


def learned_scale(
    kind: str,
    X: AnyArray | CSR,
    weight: Vector | None = None,
    row_index: NDArray[np.int64] | None = None,
) -> InputScale:
    """Learn the scale of each column from the rows `row_index` of X (None for all), and return it.

    "standard" scales to the mean 0 and the standard deviation 1, "minmax" to the range from 0 to 1, "robust" to the
    median 0 and the interquartile range 1. A column whose spread is 0 gets the factor 1. Rows with the weight 0 are
    ignored. The factors of CSR rows are those of the same dense rows, but all shifts are 0, so that zeros stay zeros.
    """
    if kind != "robust":
        moments = Moments()
        moments.add(X, weight, None if row_index is None else np.sort(row_index))
        return scale_of_moments(kind, moments, isinstance(X, CSR))
    if weight is not None:
        used = np.arange(len(weight)) if row_index is None else np.sort(row_index)
        row_index = used[weight[used] > 0]
        weight = weight[row_index]
    elif row_index is not None:
        row_index = np.sort(row_index)
    center, spread = np.zeros(X.shape[1]), np.ones(X.shape[1])
    with np.errstate(all="ignore"):  # inputs that are not finite have an error of their own, later
        for columns, block in _blocks_of_columns(X, row_index):
            center[columns], spread[columns] = _quartiles(block, weight)
    return _input_scale_of(center, spread, isinstance(X, CSR))


def scale_of_moments(kind: str, moments: Moments, sparse: bool = False) -> InputScale:
    """Return the scale "standard" or "minmax" from the moments of the columns."""
    return _input_scale_of(
        *(moments.mean_and_deviation() if kind == "standard" else moments.low_and_range()), sparse
    )


def _input_scale_of(center: Vector, spread: Vector, sparse: bool) -> InputScale:
    """Return the scale that subtracts a center and divides by a spread; sparse rows have no shift."""
    with np.errstate(all="ignore"):
        inverse = 1 / spread
    shift = np.where(np.isfinite(center), center, 0.0)
    factor = np.where(~np.isfinite(inverse) | (inverse == 0), 1.0, inverse)
    return InputScale(np.zeros_like(shift) if sparse else shift, factor)


def _blocks_of_columns(
    X: AnyArray | CSR, row_index: NDArray[np.int64] | None
) -> Iterator[tuple[slice, Vector]]:
    """Yield slices of columns, and these columns of the selected rows, dense and in float64."""
    n_rows = X.shape[0] if row_index is None else len(row_index)
    step = max(1, _BLOCK // max(1, n_rows))
    for first in range(0, X.shape[1], step):
        columns = slice(first, min(first + step, X.shape[1]))
        if isinstance(X, CSR):
            dense = _columns_of(X, columns)
            yield columns, dense if row_index is None else dense[row_index]
        else:
            yield (
                columns,
                np.asarray(
                    X[:, columns] if row_index is None else X[row_index, columns], np.float64
                ),
            )


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


def in_unit(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return numbers divided by a power of 2 for each column: its largest absolute value becomes 1/2 to 1, or stays 0.

    Squares of the differences of such numbers neither overflow, nor do all of them underflow. NaN stays NaN.
    """
    largest = np.fmax.reduce(np.abs(x), axis=0, initial=0.0)
    with np.errstate(under="ignore"):  # of numbers that are nothing beside the largest
        scaled: NDArray[np.float64] = np.ldexp(x, -np.frexp(largest)[1])
    return scaled


def median_and_spread(x: Vector, weight: Vector | None) -> tuple[float, float]:
    """Return the median and the interquartile range of numbers.

    If more than half of the numbers are equal, this range can be 0. The spread is then the median distance of the
    others from the median; 0 if all are equal.
    """
    low, median, high = map(float, quantiles(x, (0.25, 0.5, 0.75), weight))
    if high > low:
        return median, high - low
    return median, distance_of_others(x, median, weight)


def distance_of_others(x: Vector, median: float, weight: Vector | None) -> float:
    """Return the median distance from the median of the numbers that differ from it; 0 if there are none."""
    distance = np.abs(x - median)
    other = distance > 0
    if not other.any():
        return 0.0
    return float(quantiles(distance[other], (0.5,), None if weight is None else weight[other])[0])


def quantiles(
    x: NDArray[np.float64],
    shares: Sequence[float] | NDArray[np.float64],
    weight: NDArray[np.float64] | None,
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
    found: NDArray[np.float64] = x[
        order[np.minimum(np.searchsorted(sums, np.asarray(shares) * sums[-1]), len(x) - 1)]
    ]
    return found


def spacing(center: ArrayLike, dtype: DTypeLike) -> NDArray[np.float64]:
    """Return the distance between neighbouring numbers of a type near `center`; NaN outside its range."""
    with np.errstate(over="ignore", invalid="ignore"):
        distances: NDArray[np.float64] = np.spacing(np.abs(center).astype(dtype)).astype(np.float64)
    return distances


def too_coarse(
    center: ArrayLike, spread: NDArray[np.float64], dtype: DTypeLike
) -> NDArray[np.bool_]:
    """Return for each column whether a type has too few numbers within its spread, or does not reach its center.

    A column with the spread 0 has one number only, of which only the range matters.
    """
    step = spacing(center, dtype)
    coarse: NDArray[np.bool_] = np.isnan(step) | ((_LEVELS * step > spread) & (spread > 0))
    return coarse


SCALES = ("standard", "minmax", "robust")


# -------------------------------------------------------------------------------------------------- the scale of inputs


SAMPLE_ROWS = 100
JUDGED_ROWS = 256
# Bytes above this value are probably pixel intensities, not counts or categories.
_LARGEST_PLAUSIBLE_BYTE = 100
# If the largest scaled input is smaller than this, the inputs were probably scaled before.
_SMALLEST_PLAUSIBLE = 1 / 64


def warn_of_scale(X: AnyArray | CSR, input_scale: float) -> None:
    """Warn if inputs times `input_scale` are so large or so small that `input_scale` is probably a mistake.

    The function recognizes two mistakes: bytes up to 255 without a scale, and a scale below 1 for inputs that are
    already small. It reads only the first 100 rows, to avoid a pass over a large X or a memory map.
    """
    largest = _largest(X)
    if X.dtype == np.uint8 and input_scale >= 1 and largest > _LARGEST_PLAUSIBLE_BYTE:
        probably = "bytes scaled to 0..1: input_scale=1/255"
    elif input_scale < 1 and 0 < largest * input_scale < _SMALLEST_PLAUSIBLE:
        probably = "input_scale=1, because the inputs are already scaled"
    else:
        return
    warn_of_data(
        f"The largest input times input_scale is {largest:g} * {input_scale:g} = "
        f"{largest * input_scale:g} (in the first {min(len(X), SAMPLE_ROWS)} rows). You probably "
        f"mean {probably}.",
        ScaleWarning,
    )


def sample(n_rows: int) -> slice:
    """Return a slice of at most 256 rows, evenly spaced."""
    return slice(None, None, -(-n_rows // JUDGED_ROWS))


def root_mean_squares(X: AnyArray | CSR, input_scale: float | InputScale) -> NDArray[np.float64]:
    """Return the root mean square of each column's scaled values.

    At most 256 rows are judged: of a dense matrix evenly spaced ones, of a sparse matrix the first ones.
    """
    with np.errstate(over="ignore"):
        if isinstance(X, CSR):
            n = min(len(X), JUDGED_ROWS)
            some = slice(X.indptr[n])
            values = np.asarray(X.data[some], np.float64)
            # Another thread could change the indices: a copy within the columns cannot make a large
            # array.
            indices = X.indices[some].clip(0, X.shape[1] - 1)
            if isinstance(input_scale, InputScale):
                factor = input_scale.factor[indices]
            else:
                factor = input_scale
            values = values * factor
            sums = np.bincount(indices, values * values, X.shape[1])
        else:
            rows = scaled_rows(X[sample(len(X))], input_scale, np.float64)  # a copy of its own
            rows *= rows
            n, sums = len(rows), np.add.reduce(rows, axis=0)
        found: NDArray[np.float64] = np.sqrt(sums / n)
    return found


def are_at_most(X: AnyArray | CSR, input_scale: float | InputScale, most: float) -> bool:
    """Return whether this is easily seen of all values that `root_mean_squares` reads, so that it cannot exceed `most`.

    That takes a third of the time. Only dense rows with one scale are looked at.
    """
    if isinstance(X, CSR) or isinstance(input_scale, InputScale):
        return False
    return _largest_of(X[sample(len(X))]) * abs(input_scale) <= most


def _largest(X: AnyArray | CSR) -> float:
    """Return the largest absolute value in the first rows; 0 if there are none or a value is not finite."""
    values = X.data[: X.indptr[min(len(X), SAMPLE_ROWS)]] if isinstance(X, CSR) else X[:SAMPLE_ROWS]
    largest = _largest_of(values)
    return largest if np.isfinite(largest) else 0.0


def _largest_of(values: AnyArray) -> float:
    """Return the largest absolute value; 0 if there are no values."""
    return max(-float(values.min(initial=0)), float(values.max(initial=0)))


# ------------------------------------------------ mean, deviation and range of columns, from rows that arrive in blocks


# Smaller differences, and the inverse of larger ones, have another unit.
_SMALL = 2.0**-500
_UNIT = 2.0**-600
_CONVERTED = 1 << 18  # elements to convert to float64 at a time


class Moments:
    """Sums over rows, in float64, of the columns' differences from the first row.

    Each sum is one chain of additions in the order of the rows, so the results do not depend on how the rows are cut
    into blocks. Rows with the weight 0 do not matter.
    """

    def __init__(self) -> None:
        self._first: Vector | None = None
        self._sums = self._low = self._high = np.empty(0)
        self._unit = np.empty(0)  # of each column's sums
        self.total = 0.0  # number of rows, or the sum of their weights

    def add(
        self,
        X: AnyArray | CSR,
        weight: Vector | None = None,
        row_index: NDArray[np.intp] | None = None,
    ) -> None:
        """Add dense or sparse rows: all of them, or some."""
        with np.errstate(
            all="ignore"
        ):  # values that are not finite have an error of their own, later
            for block, w in _dense_blocks(X, weight, row_index):
                self._add(block, w)

    def _add(self, X: Vector, weight: Vector) -> None:
        if self._first is None:
            self._first = X[0].copy()
            self._sums, self._unit = np.zeros((2, X.shape[1])), np.ones(X.shape[1])
            self._low, self._high = X[0].copy(), X[0].copy()
        self._low = np.minimum(self._low, X.min(axis=0))
        self._high = np.maximum(self._high, X.max(axis=0))
        self._choose_units()
        unit = self._unit
        difference = X - self._first if (unit == 1).all() else X / unit - self._first / unit
        products = difference * weight[:, None]
        for i in (0, 1):
            # np.sum adds in an order of its own.
            self._sums[i] = np.add.accumulate(
                np.concatenate([self._sums[i : i + 1], products]), axis=0
            )[-1]
            products *= difference
        self.total = float(np.add.accumulate(np.concatenate([[self.total], weight]))[-1])

    def to_array(self, width: int) -> NDArray[np.float64]:
        """Return the sums over the rows so far as numbers; `width` is the number of columns."""
        numbers = np.zeros((7, width))
        numbers[6] = self.total
        if self._first is not None:
            numbers[:6] = self._first, *self._sums, self._low, self._high, self._unit
        return numbers

    @classmethod
    def from_array(cls, numbers: NDArray[np.float64]) -> Self:
        """Return moments with the sums that `to_array` returned, to add more rows."""
        moments = cls()
        moments.total = float(numbers[6, 0])
        if moments.total:
            moments._first = numbers[0]
            moments._sums = numbers[1:3]
            moments._low = numbers[3]
            moments._high = numbers[4]
            moments._unit = numbers[5]
        return moments

    def _choose_units(self) -> None:
        """Let the sums of columns whose squares would overflow or underflow have another unit, a power of 2."""
        reach = self._high - self._low
        units = np.where(
            reach > 1 / _SMALL, 1 / _UNIT, np.where((reach > 0) & (reach < _SMALL), _UNIT, 1.0)
        )
        if (units != self._unit).any():
            ratio = self._unit / units
            self._sums *= ratio
            self._sums[1] *= ratio
            self._unit = units

    def mean_and_deviation(self) -> tuple[Vector, Vector]:
        """Return the mean and the standard deviation of each column; for equal values exactly this value, and 0."""
        first = self._first_row()
        with np.errstate(all="ignore"):
            mean, squares = self._sums / self.total
            deviation = np.sqrt(np.maximum(squares - mean * mean, 0.0))
            return first + mean * self._unit, deviation * self._unit

    def _first_row(self) -> Vector:
        if self._first is None:
            raise ValueError("Sample weights must contain at least one non-zero number.")
        return self._first

    def low_and_range(self) -> tuple[Vector, Vector]:
        """Return the smallest value of each column, and the difference from the largest."""
        self._first_row()  # there must be one
        with np.errstate(all="ignore"):
            return self._low, self._high - self._low


def _dense_blocks(
    X: AnyArray | CSR, weight: Vector | None, row_index: NDArray[np.intp] | None
) -> Iterator[tuple[Vector, Vector]]:
    """Yield dense rows of a positive weight in float64, with their weights."""
    n_rows = X.shape[0] if row_index is None else len(row_index)
    step = max(1, _CONVERTED // max(1, X.shape[1]))
    for start in range(0, n_rows, step):
        stop = min(start + step, n_rows)
        chosen = np.arange(start, stop) if row_index is None else row_index[start:stop]
        if weight is not None:
            chosen = chosen[weight[chosen] > 0]
        if not len(chosen):
            continue
        whole = row_index is None and len(chosen) == stop - start
        part = X[start:stop] if whole and not isinstance(X, CSR) else taken(X, chosen)
        dense = part.toarray() if isinstance(part, CSR) else part
        yield (
            np.asarray(dense, np.float64),
            np.ones(len(chosen)) if weight is None else weight[chosen],
        )
