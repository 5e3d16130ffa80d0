"""What a model knows about its training rows besides what it predicts from: for pages, `cmlp info` and explanations.

Of a table there are some values of each column, without the rows that they were in; and how often, or how far, the
model was wrong on rows outside the training. With `keep_background` there are some rows. No answer depends on them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._data.array_types import AnyArray, NDArray
from cmlp._data.column_entries import CATEGORY, COLUMN_TYPES, ORDERED
from cmlp._data.labels import Labels, medians
from cmlp._data.losses import traits_of
from cmlp._data.times import ORDER, text_of_distance, text_of_time
from cmlp._model.calibration import ROWS, n_answers

N_VALUES = 32  # of each column
MOST_BACKGROUND = 64  # rows
_HALF = 0.5  # the probability above which a row has a label


class Accuracy(NamedTuple):
    """How good a model is on rows outside the training.

    Attributes
    ----------
    rows : {"held_out", "calibration"}
        Which rows, as in `cmlp._model.calibration.Calibration`.
    n : int
        Number of rows.
    value : float or sequence of float
        Share of the rows whose class is the most probable one, or the mean absolute error, of
        ordered classes in classes; weighted. A number for each of several targets, or of several
        labels of a row.
    base : float or sequence of float
        The same for the best constant answer: the most frequent class, or the median.
    """

    rows: str
    n: int
    value: float | Sequence[float]
    base: float | Sequence[float]

    @property
    def pairs(self) -> list[list[float]]:
        """The value and the base of each answer."""
        return np.transpose([np.atleast_1d(self.value), np.atleast_1d(self.base)]).tolist()  # type: ignore[no-any-return]


class Found(NamedTuple):
    """How well the threshold of a classifier finds a class, on the rows with which it was chosen.

    Attributes
    ----------
    positive : {0, 1}
        The index of the class.
    rows : {"held_out", "calibration"}
    n : int
        Number of rows.
    recall, precision : float
        The share of the rows of the class that are found, and of the found rows that are of it (0
        if none is found).
    """

    positive: int
    rows: str
    n: int
    recall: float
    precision: float


class Later(NamedTuple):
    """How far ahead later rows were predicted from what came before, to measure the errors on them.

    Attributes
    ----------
    column : str or None
        The column of X that has the times of the rows; None if no column has them.
    kind : str
        What they are: the type of a column, or "order" if they only count the rows.
    last : float
        The last time of the rows of `fit`, as columns of this type have it.
    horizon : float
        How far ahead, in days for dates.
    """

    column: str | None
    kind: str
    last: float
    horizon: float

    @property
    def until(self) -> float:
        """The time until which intervals hold."""
        return self.last + self.horizon

    @property
    def sentence(self) -> str:
        """For which rows intervals hold, and why."""
        distance = text_of_distance(self.horizon, self.kind)
        if self.column is None:
            rows = f"rows of the next {distance}"
            if self.kind == ORDER:
                rows = f"the next {distance}"
        else:
            rows = (
                f"rows up to {text_of_time(self.until, self.kind)}, {distance} after the last row"
            )
        return (
            f"Intervals hold for {rows}: so far ahead were later parts of the training rows predicted from what came "
            "before, without a guarantee"
        )


class Summary(NamedTuple):
    """Attributes.

    values : ndarray of float64, shape (N_VALUES, n_columns)
        One value from each 32nd of a column's sorted raw training rows, in ascending order:
        numbers, codes of categories, and NaN at the end. The rows of this array are not rows of the
        table.
    accuracy : Accuracy or None
        None if no rows were held out, or for quantiles without the median.
    found : Found or None
        None if `choose_threshold` has not chosen the threshold.
    importances : ndarray of float64, shape (n_columns,), or None
        How much each column matters: not negative, of sum 1, or 0 if none matters. None if it is
        not known.
    later : Later or None
        None unless the calibration and the accuracy are those of later rows, by `fit` with `time`.
    """

    values: NDArray[np.float64]
    accuracy: Accuracy | None = None
    found: Found | None = None
    importances: NDArray[np.float64] | None = None
    later: Later | None = None


def short(error: float) -> str:
    """Return an error with four digits, for example 25,940 instead of 2.594e+04."""
    return f"{float(f'{error:.4g}'):,.10g}"


def range_texts(low: float, high: float) -> list[str]:
    """Return both ends with at least four digits, and with two more than those that both share."""
    most = max(abs(low), abs(high))
    digits = 4
    if high > low:
        digits = max(4, math.ceil(math.log10(most / (high - low))) + 2)
    digits = min(digits, 17)
    rounded = [float(f"{end:.{digits}g}") for end in (low, high)]
    written = f".{max(digits, 15)}g"  # up to 15 digits, 17 would be those of the nearest double
    # "2017" is more often a year than a number of things.
    return [f"{end:{',' * (abs(end) >= 10_000)}{written}}" for end in rounded]


def values_at_ranks(
    raw: NDArray[np.float64], weight: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """Return `N_VALUES` values of each column, so that each stands for the same share of the rows.

    The ranks are not evenly spaced, because those of hourly or daily dates may all be at one hour or on one weekday.
    Their positions within the shares are as far from each other as the shares are.
    """
    rng = _core.Random(0)
    positions = (rng.permutation(N_VALUES) + rng.random_sample((N_VALUES,))) / N_VALUES
    levels = (np.arange(N_VALUES) + positions) / N_VALUES
    if weight is None:
        ranks = (levels * len(raw)).astype(np.intp)
        return np.stack([np.sort(column)[ranks] for column in raw.T], axis=1)
    values = np.empty((N_VALUES, raw.shape[1]))
    for i, column in enumerate(raw.T):
        order = np.argsort(column, kind="stable")
        summed = np.cumsum(weight[order])
        ranks = np.minimum(np.searchsorted(summed, levels * summed[-1]), len(order) - 1)
        values[:, i] = column[order[ranks]]
    return values


def measures_distance(labels: Labels | None) -> bool:
    """Return whether the accuracy is a distance: of numbers, or of ordered classes."""
    return labels is None or labels.kind == "ordered"


def accuracy_of(
    net: _core.Net,
    rows: str,
    outputs: NDArray[np.float64],
    y: AnyArray,
    weight: NDArray[np.float64] | None,
    labels: Labels | None,
) -> Accuracy | None:
    """Return the accuracy on some rows; y are numbers, indices of classes, or 0/1 labels."""
    answers, several = answers_of(net, outputs, labels), n_answers(net, labels) > 1
    if answers is None:
        return None
    measure = _of_numbers if measures_distance(labels) else _of_classes
    pairs = [
        measure(*answer, weight) for answer in zip(answers.T, y.reshape(len(y), -1).T, strict=True)
    ]
    if not np.isfinite(pairs).all():
        return None
    values, bases = zip(*pairs, strict=True)
    return Accuracy(rows, len(y), values, bases) if several else Accuracy(rows, len(y), *pairs[0])


def answers_of(
    net: _core.Net, outputs: NDArray[np.float64], labels: Labels | None
) -> AnyArray | None:
    """Return the answers whose accuracy is measured, a column for each; None for quantiles without the median."""
    several = n_answers(net, labels) > 1
    if labels is None:
        middle = _median_output(net)
        if middle is None:
            return None
        return outputs if several else outputs[:, [middle]]
    if labels.kind == "ordered":
        return medians(outputs)[:, None]
    return outputs > _HALF if several else outputs.argmax(axis=1)[:, None]


def _of_classes(
    predicted: AnyArray, y: AnyArray, weight: NDArray[np.float64] | None
) -> list[float]:
    counts = np.bincount(y.astype(np.intp) + 1, weight)
    return [
        float(np.average(predicted == y, weights=weight)),
        float(counts[1:].max(initial=0.0) / counts.sum()),
    ]


def _of_numbers(
    predicted: AnyArray, y: AnyArray, weight: NDArray[np.float64] | None
) -> list[float]:
    order = np.argsort(y, kind="stable")
    summed = np.cumsum(np.ones(len(y)) if weight is None else weight[order])
    median = y[order[np.searchsorted(summed, summed[-1] / 2)]]
    return [float(np.average(np.abs(y - other), weights=weight)) for other in (predicted, median)]


def _median_output(net: _core.Net) -> int | None:
    """Return which output is a mean or a median; None if all are other quantiles."""
    if not traits_of(net.loss).predicts_quantiles:
        return 0
    levels = net.loss_parameter if isinstance(net.loss_parameter, tuple) else (net.loss_parameter,)
    return levels.index(0.5) if 0.5 in levels else None


def found_by(
    predicted: NDArray[np.intp],
    truth: AnyArray,
    weight: NDArray[np.float64],
    positive: int,
    rows: str,
) -> Found:
    """Return how well predictions of rows find a class, which at least one of the rows has."""
    is_found, is_right = predicted == positive, (predicted == positive) & (truth == positive)
    right = float(weight[is_right].sum())
    recall, marked = right / float(weight[truth == positive].sum()), float(weight[is_found].sum())
    return Found(positive, rows, len(truth), recall, right / marked if marked else 0.0)


def checked_summary(
    n_columns: int,
    n: int,
    values: Any,
    accuracy: Any,
    found: Any = None,
    importances: Any = None,
    later: Any = None,
) -> Summary:
    """Return the summary of a file or a pickle for some columns and `n` answers, or raise ValueError."""
    values = np.asarray(values)
    if values.dtype.kind != "f" or values.shape != (N_VALUES, n_columns) or np.isinf(values).any():
        raise ValueError(
            f"the summary must have {N_VALUES} finite numbers, or NaN, of each of {n_columns} "
            "columns"
        )
    values = values.astype(np.float64)
    known = None if found is None else _checked_found(found)
    if importances is not None:
        importances = _checked_importances(n_columns, importances)
    ahead = None if later is None else _checked_later(later)
    if accuracy is None:
        return Summary(values, None, known, importances, ahead)
    is_whole = isinstance(accuracy, (list, tuple)) and len(accuracy) == len(Accuracy._fields)
    rows, n_rows, *pair = accuracy if is_whole else ("", 0)
    each = [[x] if n == 1 else x for x in pair]
    are_lists = all(isinstance(x, (list, tuple)) and len(x) == n for x in each)
    are_errors = are_lists and all(
        type(x) is float and 0 <= x < np.inf for x in itertools.chain(*each)
    )
    if rows not in ROWS or type(n_rows) is not int or n_rows < 1 or not are_errors:
        raise ValueError("the accuracy of the summary is invalid")
    measured = Accuracy(rows, n_rows, *(pair if n == 1 else map(tuple, pair)))
    return Summary(values, measured, known, importances, ahead)


def _checked_importances(n_columns: int, importances: Any) -> NDArray[np.float64]:
    importances = np.asarray(importances)
    is_whole = importances.dtype.kind == "f" and importances.shape == (n_columns,)
    if not is_whole or not ((importances >= 0) & (importances <= 1)).all():
        raise ValueError(
            f"the importances must be a number from 0 to 1 for each of {n_columns} columns"
        )
    checked: NDArray[np.float64] = importances.astype(np.float64)
    return checked


def _checked_later(later: Any) -> Later:
    is_whole = isinstance(later, (list, tuple)) and len(later) == len(Later._fields)
    column: Any
    column, kind, *numbers = later if is_whole else (0, "")
    is_known = isinstance(column, (str, type(None))) and kind in {
        *COLUMN_TYPES,
        ORDER,
    } - {CATEGORY, ORDERED}
    if not is_known or not all(type(one) is float and np.isfinite(one) for one in numbers):
        raise ValueError("what the summary says of later rows is invalid")
    return Later(column, kind, *numbers)


def _checked_found(found: Any) -> Found:
    is_whole = isinstance(found, (list, tuple)) and len(found) == len(Found._fields)
    positive, rows, n, *shares = found if is_whole else (0, "", 0)
    is_known = (
        positive in (0, 1) and type(positive) is int and rows in ROWS and type(n) is int and n > 0
    )
    if not is_known or not all(type(share) is float and 0 <= share <= 1 for share in shares):
        raise ValueError("what the summary says of the threshold is invalid")
    return Found(positive, rows, n, *shares)


class Background(NamedTuple):
    """Rows of the inputs of a model, of a table raw rows, and their weights."""

    rows: AnyArray
    weights: NDArray[np.float64]


def kept_rows(rows: Any, weights: AnyArray | None, n: int, seed: int) -> Background | None:
    """Return a sample of at most `n` training rows with their weights; None if `n` is 0."""
    if not n:
        return None
    chosen = np.sort(_core.Random(seed).permutation(len(rows))[:n])
    return Background(
        rows[chosen].astype(np.float64),
        np.ones(len(chosen)) if weights is None else weights[chosen],
    )


def checked_background(n_columns: int, rows: Any, weights: Any) -> Background:
    """Return the background in a file or a pickle; raises ValueError if it is none of a model with `n_columns`."""
    arrays = [np.asarray(rows), np.asarray(weights)]
    if any(array.dtype.kind != "f" for array in arrays) or arrays[0].shape != (
        len(arrays[1]),
        n_columns,
    ):
        raise ValueError(
            f"the background is not a matrix of {n_columns} columns with a weight for each row"
        )
    rows, weights = (array.astype(np.float64) for array in arrays)
    is_positive = (np.isfinite(weights) & (weights > 0)).all()
    if not 0 < len(rows) <= MOST_BACKGROUND or np.isinf(rows).any() or not is_positive:
        raise ValueError(
            f"the background must have 1 to {MOST_BACKGROUND} rows without infinity, of positive "
            "weights"
        )
    return Background(rows, weights)
