"""Advice about the scale of inputs and targets, for training runs that did not succeed."""

from __future__ import annotations

import math

import numpy as np

from cmlp._data.array_types import AnyArray, NDArray
from cmlp._data.scale import are_at_most, root_mean_squares, sample
from cmlp._train.data import Data
from cmlp._train.objective import Objective

# Inputs and targets whose root mean square is larger than this are called large.
_LARGE = 10.0
_TINY = 1e-2  # if all are smaller, they are called tiny
_STANDARDIZE = "standardizing X (input_scale='standard' of an estimator) helps."
_BYTES = "input_scale=1/255 helps."
_MOST_NAMED = 5  # columns in a message
_MOST_OF_VARIANCE = 0.9
_FAR = 10.0  # interquartile ranges from the median
_FEW_FAR = 100  # one in 100 targets can be far from the others, at least one
_FEWEST_OTHERS = 10  # targets, of which one can be far from the others


def scale_advice(objective: Objective, data: Data, *, tiny: bool = False, space: str = " ") -> str:
    """Return sentences that name large columns of X and large targets, and what helps; '' if there are none.

    With `tiny`, they also name X and targets of which all values are tiny. `space` is before the first sentence.
    """
    sentences: list[str] = []
    inputs = _advice_about_inputs(data, tiny=tiny)
    if inputs:
        sentences.append(inputs)
    # NaN: no advice names y.
    size = _size_of(data.rows.targets) if objective.y_advice else math.nan
    if size > _LARGE or (tiny and 0 < size < _TINY):
        gap = " " if sentences else ""
        far = far_targets(data) if size > _LARGE else ""
        sentences.append(
            gap + (far or f"y has values of the order of {size:.0e}: {objective.y_advice} helps.")
        )
    return space + "".join(sentences) if sentences else ""


def _advice_about_inputs(data: Data, *, tiny: bool) -> str:
    """Return the sentence about the columns of X; '' if there is none."""
    X = data.rows.X
    if not tiny and are_at_most(X, data.input_scale, _LARGE):
        return ""
    columns = root_mean_squares(X, data.input_scale)
    largest = float(columns.max())
    if largest > _LARGE:
        names = _names_of_columns(np.flatnonzero(columns > _LARGE), data.names)
        helps = _BYTES if X.dtype == np.uint8 else _STANDARDIZE
        return f"X has values of the order of {largest:.0e} in {names}: " + helps
    if tiny and 0 < largest < _TINY:
        return f"X has values of the order of {largest:.0e} in all columns: " + _STANDARDIZE
    return ""


def _size_of(targets: AnyArray) -> float:
    """Return the largest root mean square of a column, of at most 256 rows."""
    y = np.asarray(targets[sample(len(targets))], np.float64)
    largest = float(np.abs(y).max())
    if not largest:
        return 0.0
    y = y / largest  # squares of targets below 1e-162 are 0
    return largest * math.sqrt(np.einsum("ij,ij->j", y, y).max() / len(y))


def _names_of_columns(columns: NDArray[np.intp], names: AnyArray | None) -> str:
    """Return the names of columns, or their numbers."""
    shown = [
        str(column) if names is None else repr(names[column])
        for column in columns[:_MOST_NAMED].tolist()
    ]
    rest = len(columns) - len(shown)
    named = ", ".join(shown)
    if rest:
        named += f" and {rest} others"
    if len(columns) == 1:
        return f"column {named}"
    return f"the columns {named}"


def far_targets(data: Data) -> str:
    """Return a sentence if a few targets are so far from the others that they make up nearly all of the variance."""
    rows, _ = data.in_units_of_y or (data.rows, None)
    y = rows.targets if rows.weight is None else rows.targets[rows.weight > 0]
    low, median, high = np.quantile(y.astype(np.float64), (0.25, 0.5, 0.75), axis=0)
    distance = np.abs(y - median)
    n_far = max(1, len(y) // _FEW_FAR)
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.sort(distance / distance.max(axis=0), axis=0) ** 2
        share = squares[-n_far:].sum(axis=0) / squares.sum(axis=0)
    are_far = (distance.max(axis=0) > _FAR * (high - low)) & (high > low)
    columns = np.flatnonzero(are_far & (share > _MOST_OF_VARIANCE))
    if len(y) < _FEWEST_OTHERS or not len(columns):
        return ""
    k = int(columns[0])
    farthest = y[distance[:, k].argmax(), k]
    return (
        f"y has values far from the others, such as {farthest:.4g}, but half of y is from "
        f"{low[k]:.4g} to {high[k]:.4g}: a squared error depends on the far ones alone. Leave out "
        "their rows if they are wrong; otherwise a loss such as 'absolute_error', for which they "
        "count little, helps."
    )
