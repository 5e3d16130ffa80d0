"""Advice about the scale of inputs and targets, for training runs that did not succeed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.scale import root_mean_squares, sample
from cmlp._data.sparse import stored_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmlp._train.job import Data, Task

# Inputs and targets whose root mean square is larger than this are called large.
_LARGE = 10.0
_TINY = 1e-2  # if all are smaller, they are called tiny
_STANDARDIZE = "standardizing X (input_scale='standard' of an estimator)"
_MOST_NAMED = 5  # columns in a message


def scale_advice(task: Task, data: Data, *, tiny: bool = False) -> str:
    """Return sentences, after a space, that name large columns of X and large targets, and what helps; '' if none.

    With `tiny`, they also name X and targets of which all values are tiny.
    """
    advice = ""
    sizes = root_mean_squares(stored_rows(data.X), data.input_scale)
    columns = np.flatnonzero(sizes > _LARGE)
    helps = "input_scale=1/255" if data.X.dtype == np.uint8 else _STANDARDIZE
    if len(columns):
        advice += (
            f" X has values of the order of {max(sizes[columns]):.0e} in {_named(columns, data.names)}: {helps} helps."
        )
    elif tiny and 0 < max(sizes) < _TINY:
        advice += f" X has values of the order of {max(sizes):.0e} in all columns: {_STANDARDIZE} helps."
    if task.y_advice:
        y = np.asarray(task.targets[sample(len(task.targets))], np.float64)
        with np.errstate(over="ignore"):
            size = math.sqrt(np.einsum("ij,ij->j", y, y).max() / len(y))
        if size > _LARGE or (tiny and 0 < size < _TINY):
            advice += f" y has values of the order of {size:.0e}: {task.y_advice} helps."
    return advice


def _named(columns: NDArray[np.intp], names: NDArray[Any] | None) -> str:
    """Return the names of columns, or their numbers."""
    shown = [str(column) if names is None else repr(names[column]) for column in columns[:_MOST_NAMED].tolist()]
    rest = len(columns) - len(shown)
    return (
        f"{'column' if len(columns) == 1 else 'the columns'} {', '.join(shown)}{f' and {rest} others' if rest else ''}"
    )
