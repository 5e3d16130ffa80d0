"""Advice about the scale of inputs and targets, for training runs that did not succeed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._data.arrays import stored_rows
from cmlp._data.scale import root_mean_squares, sample
from cmlp._process.threads import shared

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmlp._train.job import Data, Objective

# Inputs and targets whose root mean square is larger than this are called large.
_LARGE = 10.0
_TINY = 1e-2  # if all are smaller, they are called tiny
_STANDARDIZE = "standardizing X (input_scale='standard' of an estimator)"
_MOST_NAMED = 5  # columns in a message


class Sizes(NamedTuple):
    """The root mean square of each column of X, and the largest one of a column of y; NaN if advice does not name y."""

    columns: NDArray[np.float64]
    y: float


def sizes_of(objective: Objective, data: Data) -> Sizes:
    """Return the sizes of the inputs and targets of a fit."""
    columns = shared(root_mean_squares, stored_rows(data.X), data.input_scale)
    return Sizes(columns, shared(_size_of, data.targets) if objective.y_advice else math.nan)


def scale_advice(objective: Objective, data: Data, sizes: Sizes | None = None, *, tiny: bool = False) -> str:
    """Return sentences, after a space, that name large columns of X and large targets, and what helps; '' if none.

    With `tiny`, they also name X and targets of which all values are tiny. `sizes` are those of the fit, if known.
    """
    advice = ""
    sizes = sizes_of(objective, data) if sizes is None else sizes
    largest = float(sizes.columns.max())
    helps = "input_scale=1/255" if data.X.dtype == np.uint8 else _STANDARDIZE
    if largest > _LARGE:
        columns = np.flatnonzero(sizes.columns > _LARGE)
        advice += f" X has values of the order of {largest:.0e} in {_named(columns, data.names)}: {helps} helps."
    elif tiny and 0 < largest < _TINY:
        advice += f" X has values of the order of {largest:.0e} in all columns: {_STANDARDIZE} helps."
    if sizes.y > _LARGE or (tiny and 0 < sizes.y < _TINY):
        advice += f" y has values of the order of {sizes.y:.0e}: {objective.y_advice} helps."
    return advice


def _size_of(targets: NDArray[Any]) -> float:
    """Return the largest root mean square of a column, of at most 256 rows."""
    y = np.asarray(targets[sample(len(targets))], np.float64)
    with np.errstate(over="ignore"):
        return math.sqrt(np.einsum("ij,ij->j", y, y).max() / len(y))


def _named(columns: NDArray[np.intp], names: NDArray[Any] | None) -> str:
    """Return the names of columns, or their numbers."""
    shown = [str(column) if names is None else repr(names[column]) for column in columns[:_MOST_NAMED].tolist()]
    rest = len(columns) - len(shown)
    return (
        f"{'column' if len(columns) == 1 else 'the columns'} {', '.join(shown)}{f' and {rest} others' if rest else ''}"
    )
