"""Rows that are passed beside those of fit, compared with these: columns in another unit, scaled or swapped.

One comparison serves `predict`, `score`, `calibrate`, intervals and sets, validation rows, a warm start, `drift` and
the command. It reports what is almost certainly an error, and names the change after which the rows would fit.
`cmlp._model.other_targets` does the same for y, `cmlp._model.drift` says how far columns have moved, and
`cmlp._model.unusual_rows` what is unknown or missing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from cmlp._bridge import _core
from cmlp._data.arrays import CSR
from cmlp._data.scale import in_unit
from cmlp._model.summary import N_VALUES, Summary, range_texts, values_at_ranks
from cmlp._model.table_columns import TableColumns, column_name, label_of
from cmlp._model.unusual_rows import MOSTLY, ROWS_TO_COMPARE
from cmlp._process.warnings import Notices, warn_of_data
from cmlp.exceptions import MovedRowsWarning

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cmlp._data.array_types import AnyArray, NDArray
    from cmlp._data.checks import CheckedRows
    from cmlp._data.encoded_rows import EncodedRows

_LEAST_SHIFT = 0.1
_CHANCE = 0.001  # that a column of a batch from the same population is called drifted, at most
_FEWEST_FAR = 5  # rows, from which on most of them can be far outside
FAR = 0.5  # of the range
_LARGE_SHIFT = 0.5  # of a column that may have another unit or place
_FEWEST_VALUES = 6  # different ones of the 32 of a column whose unit can be found
FACTORS = (60.0, 100.0, 1000.0)  # others fit by chance, if rows have moved
_MOST_FIT = 0.8  # of the columns that are scaled
_NEARLY = 0.05  # of a deviation: 32 values give mean and deviation about so exactly
_NEAR_ZERO, _NEAR_ONE = 0.3, 2.0  # of means and deviations of columns that are standardized
_MOST_ROWS = 1000  # that are sorted
_MOST_NUMBERS = 10_000_000  # of a sample
_MOST_COLUMNS = 1000  # of which rows are sorted
_MOST_PAIRED = 50  # columns that are tried in each other's place
_SHOWN = 5


# ------------------------------------------------------------------------------------- how far columns have moved


def limit_of_shift(n: int) -> float:
    """Return the shift above which a column of n rows has drifted: 0.1, and what is chance in so few rows."""
    return _LEAST_SHIFT + math.sqrt(math.log(2 / _CHANCE) / (2 * max(1, n)))


def shifts(
    least: NDArray[np.float64],
    most: NDArray[np.float64],
    below: NDArray[np.float64],
    up_to: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the share of rows that must have moved (Kolmogorov and Smirnov), for each column of the arguments.

    `below` and `up_to` are the shares of the rows below each of the 32 values of training, and up to it; `least` and
    `most` are the least share of training rows up to each, and the most below it.
    """
    moved: NDArray[np.float64] = np.maximum((least - up_to).max(axis=0), (below - most).max(axis=0))
    return np.maximum(0.0, moved)


def sortable(raw: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return numbers with missing ones as the largest."""
    return np.where(np.isnan(raw), np.inf, raw)


_RANKS = (np.arange(N_VALUES) / N_VALUES)[:, np.newaxis]


def _shifts_from(
    column: NDArray[np.float64], values: NDArray[np.float64], tolerance: float = 0.0
) -> NDArray[np.float64]:
    """Return how far a sorted column has moved from each column of `values`, but for the tolerance."""
    below = np.searchsorted(column, values - tolerance, "left") / len(column)
    up_to = np.searchsorted(column, values + tolerance, "right") / len(column)
    return shifts(_RANKS, _RANKS + 1 / N_VALUES, below, up_to)


# ------------------------------------------------------------------------------------- columns of numbers


class TrainingNumbers(NamedTuple):
    """What is known of the columns of numbers in fit.

    Attributes
    ----------
    names : sequence or None
        Of all columns.
    low, high : ndarray of float64, shape (n_columns,)
        The range of each column; NaN for one that is not compared.
    values : ndarray of float64, shape (32, n_columns), or None
        As those of a summary; None if they are not known.
    is_date : ndarray of bool
        Later dates are what a model is for, so only their positions are compared.
    limits : tuple of ndarray of float64, shape (n_columns,)
        Between which numbers a value is not far outside; infinite for columns in which none is.
    """

    names: Sequence[Any] | None
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    values: NDArray[np.float64] | None
    is_date: NDArray[np.bool_]
    limits: tuple[NDArray[np.float64], NDArray[np.float64]]

    @classmethod
    def of_summary(cls, columns: TableColumns, summary: Summary | None) -> Self:
        """Return those of the columns of a model, but for one by which later rows were measured."""
        low, high = columns.ranges
        left_out = [not column.is_number for column in columns]
        if summary is not None and summary.later is not None and columns.names is not None:
            left_out = [
                out or name == summary.later.column
                for out, name in zip(left_out, columns.names, strict=True)
            ]
        low[left_out] = high[left_out] = np.nan
        values = None if summary is None else summary.values
        is_date = np.array([column.is_date for column in columns], bool)
        return cls(columns.names, low, high, values, is_date, _limits(low, high, is_date))

    @classmethod
    def of_rows(
        cls,
        rows: NDArray[np.float64],
        values: NDArray[np.float64],
        names: Sequence[Any] | None,
        left_out: Sequence[bool] | bool = False,
        is_date: Sequence[bool] | bool = False,
    ) -> Self:
        """Return those of training rows in memory and of their `values`."""
        # Of a column without any value, they are infinite.
        low, high = np.fmin.reduce(rows), np.fmax.reduce(rows)
        not_compared = np.broadcast_to(left_out, low.shape)
        low, high = (np.where(not_compared, np.nan, end) for end in (low, high))
        are_dates = np.broadcast_to(is_date, low.shape)
        return cls(names, low, high, values, are_dates, _limits(low, high, are_dates))

    def among(self, compared: NDArray[np.bool_]) -> Self:
        """Return what is known of some of the columns."""
        low, high = (np.where(compared, end, np.nan) for end in (self.low, self.high))
        return self._replace(low=low, high=high, limits=_limits(low, high, self.is_date))

    def label(self, i: int) -> str:
        """Return the name of a column, for messages."""
        return label_of(self.names, i)

    def differences(self, rows: NDArray[np.float64], *, is_thorough: bool = True) -> Differences:
        """Compare raw rows with those of fit.

        Unless it `is_thorough`, nothing is said of rows of which no column is mostly far outside, and no row is sorted.
        """
        n = len(rows)
        if n < _FEWEST_FAR:
            return _NOTHING
        is_far = (rows < self.limits[0]) | (rows > self.limits[1])
        far = {}
        if np.count_nonzero(is_far):  # in a third of the time of any()
            counts = is_far.sum(axis=0)
            far = {i: int(counts[i]) for i in np.flatnonzero(counts > MOSTLY * n).tolist()}
        if not (far or is_thorough):
            return _NOTHING
        found = Differences(n, far, [], "", [], {})
        if n < ROWS_TO_COMPARE:
            return found
        compared = np.flatnonzero(~np.isnan(self.low) & (self.high > self.low))
        numbers = compared[~self.is_date[compared]]
        part = rows[:, numbers]
        is_outside = (part < self.low[numbers]) | (part > self.high[numbers])
        outside = numbers[is_outside.sum(axis=0) > MOSTLY * n].tolist()
        if len(outside) >= max(2, MOSTLY * len(numbers)):
            found = found._replace(outside=outside)
        if self.values is None or len(compared) > _MOST_COLUMNS:
            return found
        if n > _MOST_ROWS:
            rows = rows[_core.Random(0).permutation(n)[:_MOST_ROWS]]
        return _with_changes(found, self, rows, compared.tolist())


def _limits(
    low: NDArray[np.float64], high: NDArray[np.float64], is_date: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    is_limited = ~is_date & (high > low)  # not of NaN
    with np.errstate(over="ignore", invalid="ignore"):
        most = FAR * (high - low)
    return np.where(is_limited, low - most, -np.inf), np.where(is_limited, high + most, np.inf)


class Differences(NamedTuple):
    """What rows have that rows like those of fit do not have; nothing is found in most batches.

    Attributes
    ----------
    n : int
        Number of rows.
    far : dict of int to int
        The columns most of whose values are far outside the range, and how many are.
    outside : list of int
        The columns with most values outside, if they are most columns.
    scaling : str
        How all columns were changed: "standardized", "scaled", "raw" or "".
    swapped : list of tuple of int
        Columns each of which has the numbers of the other.
    changes : dict of int to str
        The columns that have another unit, and what would undo that.
    """

    n: int
    far: dict[int, int]
    outside: list[int]
    scaling: str
    swapped: list[tuple[int, int]]
    changes: dict[int, str]

    @property
    def columns(self) -> list[int]:
        """All columns that are named."""
        named = [*self.far, *self.changes, *(i for pair in self.swapped for i in pair)]
        return list(dict.fromkeys(named))

    @property
    def is_clear(self) -> bool:
        """Whether more is found than that most columns are outside, as they also are if rows just grow."""
        return bool(self.far or self.scaling or self.swapped or self.changes)

    def __bool__(self) -> bool:
        return bool(self.outside) or self.is_clear

    def remedies(self, known: TrainingNumbers) -> list[str]:
        """Return a sentence for each change after which rows would fit."""
        sentences = []
        if self.scaling:
            sentences.append(_SCALINGS[self.scaling])
        for pair in self.swapped:
            both = " and ".join(known.label(i) for i in pair)
            sentences.append(f"{both} seem to be swapped: each fits the other's training rows.")
        for change, columns in self._by_change([*self.changes]).items():
            sentences.append(
                f"{_joined(known, columns)} would fit the training rows if {change}: {_unit(columns)}"
            )
        return sentences

    def _by_change(self, columns: Iterable[int]) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for i in columns:
            found.setdefault(self.changes.get(i, ""), []).append(i)
        return found

    def sentences(self, known: TrainingNumbers, columns: Iterable[int] | None = None) -> list[str]:
        """Return all that is said, of some columns alone if they are given."""
        named = set(self.columns if columns is None else columns)
        sentences = self._replace(changes={}).remedies(known)
        explained = {i for pair in self.swapped for i in pair}
        if self.scaling:
            explained |= set(self.columns)
        rest = [i for i in self.columns if i in named - explained]
        for change, alike in self._by_change(rest).items():
            far = [i for i in alike if i in self.far]
            text = ""
            if far:
                text = f"{self._of_far(known, far)}. "
            if not change:
                text += "Transform them as X, if they were not; else the model extrapolates."
            elif far == alike:
                text += f"They would fit if {change}: {_UNIT}"
            else:
                remedy = self._replace(changes=dict.fromkeys(alike, change)).remedies(known)[-1]
                text += _capitalized(remedy) if far else remedy
            sentences.append(text)
        if self.outside and not sentences:
            n = len(self.outside)
            sentences.append(
                f"{_joined(known, self.outside)}: more than half of the {self.n:,} rows are outside of the training "
                f"rows in {'both' if n == 2 else f'each of these {n}'} columns."
            )
        return sentences

    def _of_far(self, known: TrainingNumbers, columns: list[int]) -> str:
        texts: list[str] = []
        for i in columns[:_SHOWN]:
            what = ""
            if not texts:
                what = f" of {self.n:,} rows are farther outside of the training rows than half of their range"
            low, high = range_texts(float(known.low[i]), float(known.high[i]))
            texts.append(f"{known.label(i)}: {self.far[i]:,}{what} ({low} to {high})")
        n_more = len(columns) - _SHOWN
        more = f"; and {n_more} more column{'s' * (n_more > 1)}" * (n_more > 0)
        return "; ".join(texts) + more


_NOTHING = Differences(0, {}, [], "", [], {})
_UNIT = "are they in another unit?"
_PIPELINE = "pass the rows as fit got them, or put the scaler and the model into one pipeline."
_SCALINGS = {
    "standardized": "The columns look like training rows that were standardized (mean 0, deviation 1): "
    + _PIPELINE,
    "scaled": "The columns look like training rows that were scaled to 0 to 1: " + _PIPELINE,
    "raw": "The columns of fit were standardized, and those of these rows are not: transform them as X.",
}


def _unit(columns: Sequence[int]) -> str:
    return "is it in another unit?" if len(columns) == 1 else _UNIT


def _capitalized(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]


def _joined(known: TrainingNumbers, columns: Sequence[int]) -> str:
    return listed([known.label(i) for i in columns], "column")


def listed(names: Sequence[str], noun: str) -> str:
    """Return the first names in a sentence, and how many more there are."""
    shown = [*names[:_SHOWN]]
    n_more = len(names) - _SHOWN
    if n_more > 0:
        shown.append(f"{n_more} more {noun}{'s' * (n_more > 1)}")
    *first, last = shown
    return f"{', '.join(first)} and {last}" if first else last


class _Moved(NamedTuple):
    """A column that has clearly moved: its sorted rows, the 32 values of training, and how far it has moved."""

    column: NDArray[np.float64]
    values: NDArray[np.float64]
    shift: float

    def fits(self, values: NDArray[np.float64], tolerance: float = 0.0) -> NDArray[np.float64]:
        """Return how far it has moved from each column of other values, infinite where that is too far."""
        found = _shifts_from(self.column, values, tolerance)
        most = min(limit_of_shift(len(self.column)), self.shift / 2)
        return np.where(found <= most, found, np.inf)

    def fits_one(self, values: NDArray[np.float64], tolerance: float) -> bool:
        """Return whether it has not moved too far from other values of one column."""
        return bool(np.isfinite(self.fits(values[:, None], tolerance)[0]))


def _with_changes(
    found: Differences, known: TrainingNumbers, rows: NDArray[np.float64], compared: list[int]
) -> Differences:
    """Add the changes after which rows would fit."""
    assert known.values is not None
    moved: dict[int, _Moved] = {}
    for i in compared:
        column, values = np.sort(sortable(rows[:, i])), sortable(known.values[:, i])
        shift = float(_shifts_from(column, values[:, np.newaxis])[0])
        if shift > _LARGE_SHIFT:
            moved[i] = _Moved(column, values, shift)
    if not moved:
        return found
    numbers = {i: one for i, one in moved.items() if not known.is_date[i]}
    n_numbers = np.count_nonzero(~known.is_date[compared])
    if numbers and len(numbers) >= MOSTLY * n_numbers:
        scaling = _scaling_of(known, numbers)
        if scaling:
            return found._replace(scaling=scaling)
    swapped = _swapped(moved, known)
    in_pairs = {i for pair in swapped for i in pair}
    changes = {
        i: change
        for i, one in numbers.items()
        if i not in in_pairs and (change := _change_of_unit(one))
    }
    if set(found.far) - in_pairs - changes.keys():
        return found  # what all columns have in common explains none of them
    return found._replace(swapped=swapped, changes=changes)


def _scaling_of(known: TrainingNumbers, moved: dict[int, _Moved]) -> str:
    """Return how the columns were scaled since fit, or that those of fit were; "" if neither fits."""
    fits = dict.fromkeys(_SCALINGS, 0)
    for i, one in moved.items():
        finite = one.values[np.isfinite(one.values)]
        rows = one.column[np.isfinite(one.column)]
        if not len(finite) or not len(rows):
            continue
        mean, deviation = _mean_and_deviation(finite)
        row_mean, spread = _mean_and_deviation(rows)
        low, high = float(known.low[i]), float(known.high[i])
        with np.errstate(over="ignore", invalid="ignore"):  # of the largest numbers
            if deviation:
                standard = (one.values - mean) / deviation
                fits["standardized"] += one.fits_one(standard, _NEARLY)
            fits["scaled"] += one.fits_one((one.values - low) / (high - low), _NEARLY)
            is_standard = abs(mean) < _NEAR_ZERO and 1 / _NEAR_ONE < deviation < _NEAR_ONE
            if is_standard and spread:
                raw = one.values * spread + row_mean
                fits["raw"] += one.fits_one(raw, _NEARLY * spread)
    name = max(fits, key=fits.__getitem__)
    return name if fits[name] >= _MOST_FIT * len(moved) else ""


def _mean_and_deviation(x: NDArray[np.float64]) -> tuple[float, float]:
    """Return mean and standard deviation of numbers whose squares may overflow."""
    scaled, exponent = in_unit(x), np.frexp(np.abs(x).max())[1]
    mean, deviation = np.ldexp([scaled.mean(), scaled.std()], exponent)
    return float(mean), float(deviation)


def _swapped(moved: dict[int, _Moved], known: TrainingNumbers) -> list[tuple[int, int]]:
    """Return pairs of columns each of which fits the values of the other."""
    columns = sorted(moved, key=lambda i: -moved[i].shift)[:_MOST_PAIRED]
    if len(columns) < 2:
        return []
    values = np.stack([moved[i].values for i in columns], axis=1)
    shifted = np.stack([moved[i].fits(values) for i in columns])
    both = np.triu(shifted + shifted.T, 1)
    pairs: list[tuple[int, int]] = []
    for place in np.argsort(both, axis=None, kind="stable").tolist():
        a, b = divmod(place, len(columns))
        i, j = sorted((columns[a], columns[b]))
        is_free = all(i not in pair and j not in pair for pair in pairs)
        if a < b and is_free and math.isfinite(both[a, b]) and known.is_date[i] == known.is_date[j]:
            pairs.append((i, j))
    return sorted(pairs)


def _change_of_unit(one: _Moved) -> str:
    """Return what would make the rows of a column fit; "" if nothing would."""
    if len(np.unique(one.values[np.isfinite(one.values)])) < _FEWEST_VALUES:
        return ""
    with np.errstate(over="ignore"):  # of the largest numbers
        values = np.stack(
            [change(one.values, f) for f in FACTORS for change in (np.multiply, np.divide)], 1
        )
    tolerance = 1e-12 * float(np.abs(one.values[np.isfinite(one.values)]).max())
    found = one.fits(values, tolerance)
    best = int(found.argmin())
    if not math.isfinite(found[best]):
        return ""
    word = ("divided", "multiplied")[best % 2]
    return f"{word} by {FACTORS[best // 2]:,g}"


def warn_of_differences(
    known: TrainingNumbers,
    found: Differences,
    where: str,
    notices: Notices | None = None,
    ending: str = "",
) -> list[int]:
    """Warn of what was found, and return the columns that are named; with `notices`, once of each.

    `where` is the argument or the method that has the rows; "" for `predict`.
    """
    if not found:
        return []
    if notices is not None:
        columns = [
            i
            for i in found.columns
            if notices.is_first(f"{known.label(i)}: other numbers than fit")
        ]
        is_new = bool(columns)
        if not found.columns:
            is_new = notices.is_first("columns of other numbers than fit")
        if not is_new:
            return []
    else:
        columns = found.columns
    first, *others = found.sentences(known, columns)
    text = " ".join([with_place(first, where), *map(_capitalized, others)])
    names = [column_name(known.names, i) for i in columns or found.outside]
    warn_of_data(f"{text}{ending}", MovedRowsWarning, *names)
    return columns


def warn_of_validation_inputs(
    rows: CheckedRows | EncodedRows,
    validation: CheckedRows | EncodedRows,
    names: Sequence[Any] | None = None,
) -> bool:
    """Warn of validation rows of a network that are not as X, by a sample of both; return whether that is clear.

    Sparse rows are not compared: most of their numbers are 0 in any unit.
    """
    if isinstance(rows.X, CSR) or isinstance(validation.X, CSR):
        return False
    training = _sample(rows.X, rows.weight)
    known = TrainingNumbers.of_rows(training, values_at_ranks(training, None), names)
    found = known.differences(_sample(validation.X, validation.weight))
    warn_of_differences(known, found, "X_val")
    return found.is_clear


def _sample(X: AnyArray, weight: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Return some rows that count in double precision, fewer of very many columns."""
    n = min(_MOST_ROWS, 1 + _MOST_NUMBERS // X.shape[1])
    counted = np.arange(len(X)) if weight is None else np.flatnonzero(weight)
    chosen = counted[_core.Random(0).permutation(len(counted))[:n]]
    return X[np.sort(chosen)].astype(np.float64)


def with_place(text: str, where: str) -> str:
    """Return a message with the argument or the method that it is about."""
    if not where:
        return text
    if text.startswith("column "):
        return f"{where}, {text}"
    return f"{where}: {text[0].lower()}{text[1:]}"
