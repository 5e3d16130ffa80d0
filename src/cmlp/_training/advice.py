"""Advice about the scale of inputs and targets, for training runs that did not succeed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp import _core
from cmlp._inputs.scaling import large_columns, sample
from cmlp._inputs.stored import stored_rows
from cmlp.exceptions import warn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmlp._training.state import TrainingState
    from cmlp._training.task import Data, Task

# Inputs and targets whose root mean square is larger than this are called large.
_LARGE = 10.0
_MOST_NAMED = 5  # columns in a message


def scale_advice(task: Task, data: Data) -> str:
    """Return sentences, after a space, that name large columns of X and large targets, and what helps; '' if none."""
    advice = ""
    columns, sizes = large_columns(stored_rows(data.X), data.input_scale, _LARGE)
    if len(columns):
        helps = (
            "input_scale=1/255"
            if data.X.dtype == np.uint8
            else "standardizing X (input_scale='standard' of an estimator)"
        )
        advice += f" X has values of the order of {max(sizes):.0e} in {_named(columns, data.names)}: {helps} helps."
    if task.y_advice:
        y = np.asarray(task.targets[sample(len(task.targets))], np.float64)
        with np.errstate(over="ignore"):
            size = math.sqrt(np.einsum("ij,ij->j", y, y).max() / len(y))
        if size > _LARGE:
            advice += f" y has values of the order of {size:.0e}: {task.y_advice} helps."
    return advice


def _named(columns: NDArray[np.intp], names: NDArray[Any] | None) -> str:
    """Return the names of columns, or their numbers."""
    shown = [str(column) if names is None else repr(names[column]) for column in columns[:_MOST_NAMED].tolist()]
    rest = len(columns) - len(shown)
    return (
        f"{'column' if len(columns) == 1 else 'the columns'} {', '.join(shown)}{f' and {rest} others' if rest else ''}"
    )


def warn_if_useless(net: _core.Net, task: Task, data: Data, state: TrainingState) -> None:
    """Warn if inputs or targets are large, and the training loss is no better than that of predicting the mean."""
    advice = scale_advice(task, data)
    loss = state.history.loss
    if not advice or loss is None:
        return
    of_mean = loss_of_mean(net, task, data, state.order)
    if loss >= of_mean:
        warn(f"The training loss, {loss:.3g}, is no better than {of_mean:.3g}, that of predicting the mean.{advice}")


def loss_of_mean(net: _core.Net, task: Task, data: Data, order: NDArray[np.int64] | None) -> float:
    """Return the loss, as reported, of predicting the mean of the targets; infinity if there is no such model."""
    rows = slice(None) if order is None else order
    targets, weight = task.targets[rows], None if data.weight is None else data.weight[rows]
    if targets.ndim == 1:
        mean = np.bincount(targets, weight, net.n_out) / (len(targets) if weight is None else weight.sum())
    else:
        mean = np.average(targets, axis=0, weights=weight)
    with np.errstate(all="ignore"):
        bias = {"identity": mean, "logistic": np.log(mean / (1 - mean))}.get(net.activations[-1], np.log(mean))
    if not np.isfinite(bias).all():
        return math.inf
    constant = _core.Net((1, net.n_out), net.activations[-1:], net.loss, np.float64, [0.0], net.loss_parameter)
    params = np.concatenate([np.zeros(net.n_out), bias])
    X = np.zeros((len(targets), 1), np.uint8)
    cost = constant.cost(params, X, targets, sample_weight=weight, loss_scale=task.loss_scale)
    return cost * task.report_scale * task.unit
