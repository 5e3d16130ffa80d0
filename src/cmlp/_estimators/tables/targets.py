"""What fit of a table trains on: the targets that y becomes, and the rows with their weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._estimators.tables.bag import Shape, TableRows
from cmlp._estimators.tables.encoder import Signal
from cmlp._process.warnings import Notices
from cmlp._train.architecture import POSITIVE_LOSSES, ROBUST_LOSSES
from cmlp._train.job import named_validation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmlp._data.labels import Labels
    from cmlp._data.schema import Frame, Schema
    from cmlp._model.model import TableTarget
    from cmlp._train.job import Task


SOFT_LIMIT = 3.0  # of the signal of robust losses, in interquartile ranges, as for columns of numbers


class TableTargets(NamedTuple):
    """What y means to the networks of a table; other estimators have those of `cmlp._estimators.targets`."""

    task: Task  # targets of the rows that count, first of y, then of y_val
    shape: Shape
    rows: NDArray[np.intp]  # of y that count, and below of y_val
    weight: NDArray[np.float64] | None
    validation_rows: NDArray[np.intp]
    validation_weight: NDArray[np.float64] | None
    groups: NDArray[Any] | None  # the classes of the rows of y; None for numbers and for several labels
    truth: NDArray[Any]  # as `scores_of` compares it with outputs, in the rows of the task: y itself if it is numbers
    labels: Labels | None = None
    target: TableTarget | None = None


class UserTargets(NamedTuple):
    """Targets that the user passed to fit, for training or validation, with the number of rows and the weights."""

    y: Any
    n_rows: int
    weight: NDArray[np.float64] | None


def signal_of(targets: TableTargets) -> Signal:
    """Return what the encoder should separate: the classes, or the standardized numbers or labels of each column.

    A split lowers the variance of the signal. Of losses for which far targets count little, the numbers are
    soft-clipped, because the variance would depend on the far ones alone. Those of "poisson" and "gamma" are square
    roots and logarithms, which have about the same variance for small and large means.
    """
    if targets.groups is not None:
        return Signal(targets.groups, targets.weight)
    is_one = isinstance(targets.shape.loss_parameter, tuple)  # one number, in a column for each quantile
    numbers = targets.task.targets[: len(targets.rows), : 1 if is_one else None]
    values = numbers.astype(np.float64)
    if targets.shape.loss in ROBUST_LOSSES:
        values /= np.sqrt(1 + (values / SOFT_LIMIT) ** 2)
    elif targets.shape.loss in POSITIVE_LOSSES:
        values = np.sqrt(values) if targets.shape.loss == "poisson" else np.log(values)
    return Signal(values, targets.weight)


def rows_of(schema: Schema, frame: Frame, validation: Frame | None, targets: TableTargets, owner: str) -> TableRows:
    """Return the training rows that count; validation rows follow the others."""
    raw, weight = schema.read(frame, owner), targets.weight
    if len(targets.rows) < len(raw):
        raw = raw[targets.rows]
    if validation is None:
        return TableRows(raw, weight, targets.groups, 0)
    with named_validation():
        held_out = schema.read(validation, owner, Notices())[targets.validation_rows]
    if weight is not None or targets.validation_weight is not None:
        weights = zip((weight, targets.validation_weight), (raw, held_out), strict=True)
        weight = np.concatenate([np.ones(len(rows)) if one is None else one for one, rows in weights])
    return TableRows(np.concatenate([raw, held_out]), weight, targets.groups, len(held_out))
