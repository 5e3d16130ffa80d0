"""The task of a fit: targets, scores and scales of the loss, from y and the parameters of an estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp.estimators.problem import POSITIVE, Parameters, Problem
from cmlp.estimators.versions import averages_squared_errors
from cmlp.inputs.labels import Labels, labels_of, learn_labels
from cmlp.inputs.validation import as_numbers, as_quantile_targets
from cmlp.training.scores import accuracy, d2_pinball, r_squared
from cmlp.training.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from cmlp.estimators.base import MultilayerPerceptron
    from cmlp.estimators.model import Model


def problem_of(
    estimator: MultilayerPerceptron,
    parameters: Parameters,
    previous: Model | None,
    y: NDArray[Any],
    *,
    incremental: bool = False,
    classes: ArrayLike | None = None,
) -> Problem:
    """Return what y asks of the training and of the output layer."""
    if estimator._estimator_type == "regressor":
        return _regression(parameters, y)
    if incremental:
        labels, targets = _continue_labels(previous, y, classes)
    elif previous is not None:
        labels, targets = previous.labels, previous.labels.encode_all(y)
    else:
        labels, targets = learn_labels(y)
    softmax = labels.kind == "multiclass" and parameters.loss != "squared_error"
    task = Task(
        targets,
        score=lambda outputs, y, weight: accuracy(labels.correct(outputs, y), weight),
        groups=targets[:, 0] if labels.kind == "binary" else None,
        group_names=labels.classes,
        score_name="accuracy",
    )
    return Problem(task, labels.n_outputs, "softmax" if softmax else "logistic", labels)


def _continue_labels(previous: Model | None, y: NDArray[Any], classes: ArrayLike | None) -> tuple[Labels, NDArray[Any]]:
    """Return labels and targets for a partial_fit call; the first call needs `classes`."""
    if previous is None:
        if classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        if y.ndim == 2:
            labels = Labels("multilabel", labels_of(classes).classes)
        else:
            labels = labels_of(classes)
        return labels, labels.encode(y)
    labels = previous.labels
    if classes is not None and not np.array_equal(labels_of(classes).classes, labels.classes):
        raise ValueError(
            f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {labels.classes!r}"
        )
    return labels, labels.encode(y)


def _regression(parameters: Parameters, y: NDArray[Any]) -> Problem:
    y = as_numbers(y)
    loss = parameters.loss
    if loss in POSITIVE:
        y = np.array(y)  # another thread could change the caller's array after the check
        if (y < 0).any() or (loss == "gamma" and not y.all()):
            raise ValueError(f"Some value(s) of y are out of the valid range of the loss {loss!r}.")
    targets = y[:, np.newaxis] if y.ndim == 1 else y
    if isinstance(parameters.loss_parameter, tuple):
        return _quantile_regression(parameters.loss_parameter, targets, standardize=parameters.y_scale is not None)
    n_outputs = targets.shape[1]
    squared = loss == "squared_error"  # in scikit-learn half the mean over the outputs, with the gradient of their sum
    task = Task(
        targets,
        score=lambda outputs, y, weight: r_squared(y, outputs, weight),
        loss_scale=0.5 if squared else 1.0,
        report_scale=1.0 / n_outputs if squared and n_outputs > 1 and averages_squared_errors() else 1.0,
        standardize=parameters.y_scale is not None,
        y_advice="" if loss in POSITIVE or callable(loss) else "y_scale='standard'",
        score_name="r2",
    )
    return Problem(task, n_outputs, "exp" if loss in POSITIVE else "identity")


def _quantile_regression(quantiles: tuple[float, ...], targets: NDArray[Any], *, standardize: bool) -> Problem:
    """Return the problem with an output for each quantile of the only column of y."""
    task = Task(
        as_quantile_targets(targets, len(quantiles)),
        score=lambda outputs, y, weight: d2_pinball(y, outputs, quantiles, weight),
        standardize=standardize,
        y_advice="y_scale='standard'",
        score_name="d2_pinball",
    )
    return Problem(task, len(quantiles), "identity")


def encoder_of(parameters: Parameters, problem: Problem) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Return the function that converts validation targets like the training targets."""
    if problem.labels is not None:
        return problem.labels.encode

    def encode(y: NDArray[Any]) -> NDArray[Any]:
        other = _regression(parameters, y)
        if other.n_outputs != problem.n_outputs:
            raise ValueError(f"y must have {problem.n_outputs} outputs, got {other.n_outputs}.")
        return other.task.targets

    return encode
