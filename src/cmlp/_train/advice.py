"""Advice about the scale of inputs and targets, for training runs that did not succeed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.scale import root_mean_squares, sample
from cmlp._data.sparse import stored_rows
from cmlp._process.threads import shared

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmlp._train.job import Data, Objective

# Inputs and targets whose root mean square is larger than this are called large.
_LARGE = 10.0
_TINY = 1e-2  # if all are smaller, they are called tiny
_STANDARDIZE = "standardizing X (input_scale='standard' of an estimator)"
_MOST_NAMED = 5  # columns in a message


def scale_advice(objective: Objective, data: Data, *, tiny: bool = False) -> str:
    """Return sentences, after a space, that name large columns of X and large targets, and what helps; '' if none.

    With `tiny`, they also name X and targets of which all values are tiny.
    """
    advice = ""
    sizes = shared(root_mean_squares, stored_rows(data.X), data.input_scale)
    columns = np.flatnonzero(sizes > _LARGE)
    largest = float(sizes.max())
    helps = "input_scale=1/255" if data.X.dtype == np.uint8 else _STANDARDIZE
    if len(columns):
        advice += f" X has values of the order of {largest:.0e} in {_named(columns, data.names)}: {helps} helps."
    elif tiny and 0 < largest < _TINY:
        advice += f" X has values of the order of {largest:.0e} in all columns: {_STANDARDIZE} helps."
    if objective.y_advice:
        size = shared(_size_of, data.targets)
        if size > _LARGE or (tiny and 0 < size < _TINY):
            advice += f" y has values of the order of {size:.0e}: {objective.y_advice} helps."
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
