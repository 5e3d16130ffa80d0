"""Scores: accuracy for classifiers, the coefficient of determination for regressors."""

from __future__ import annotations

import math

import numpy as np

from cmlp._data.array_types import AnyArray, NDArray
from cmlp._process.warnings import warn
from cmlp.exceptions import UndefinedMetricWarning, sklearn_class


def require_rows(predicted: AnyArray) -> None:
    """Raise ValueError if there are no rows whose predictions could have a score."""
    if not len(predicted):
        raise ValueError("X must have at least one row for a score.")


def accuracy(correct: NDArray[np.bool_], weight: AnyArray | None = None) -> float:
    """Return the weighted fraction of correct rows."""
    return float(np.average(correct, weights=weight))


def d2_pinball(
    y: AnyArray,
    predicted: AnyArray,
    quantiles: tuple[float, ...],
    weight: AnyArray | None = None,
) -> float:
    """Return the mean over several quantiles, one for each column, of the D^2 score, the R^2 of the pinball loss.

    D^2 is 1 minus the pinball loss divided by that of the best constant, which is the quantile of y (Koenker and
    Machado 1999). Where the null model's deviance is 0, D^2 is 1 if all predictions are exact, otherwise 0.
    """
    n_rows = len(y)
    if n_rows < 2:
        warn(
            "D^2 score is not well-defined with less than two samples.",
            sklearn_class(UndefinedMetricWarning),
        )
        return math.nan
    truth, p = np.asarray(y, np.float64), np.asarray(quantiles)
    truth, predicted = _without_ignored(truth, np.asarray(predicted, np.float64), weight)
    order = truth.argsort(axis=0, kind="stable")
    sums = np.cumsum(np.ones(truth.shape) if weight is None else weight[order], axis=0)
    first = (sums < p * sums[-1]).sum(axis=0)
    columns = np.arange(len(p))
    constant = truth[order[first, columns], columns]

    def pinball(values: AnyArray) -> NDArray[np.float64]:
        d = truth - values
        losses: NDArray[np.float64] = np.average(
            np.maximum(p * d, (p - 1) * d), axis=0, weights=weight
        )
        return losses

    loss, of_constant = pinball(predicted), pinball(constant)
    varies = of_constant != 0
    scores = np.where(loss == 0, 1.0, 0.0)
    scores[varies] = 1 - loss[varies] / of_constant[varies]
    return float(scores.mean())


def r_squared(y: AnyArray, predicted: AnyArray, weight: AnyArray | None = None) -> float:
    """Return the coefficient of determination R^2; with several outputs, the mean over the outputs.

    R^2 is 1 minus the sum of squared residuals divided by the sum of squared deviations of y from its mean. For an
    output with constant y, it is 1 if all predictions are exact, otherwise 0.
    """
    n_rows = len(y)
    if n_rows < 2:
        warn(
            "R^2 score is not well-defined with less than two samples.",
            sklearn_class(UndefinedMetricWarning),
        )
        return math.nan
    y = np.asarray(y, dtype=np.float64).reshape(n_rows, -1)
    predicted = np.asarray(predicted, dtype=np.float64).reshape(n_rows, -1)
    if y.shape != predicted.shape:
        raise ValueError(
            "y_true and y_pred have different number of output "
            f"({y.shape[1]}!={predicted.shape[1]})"
        )
    y, predicted = _without_ignored(y, predicted, weight)
    w = np.ones((n_rows, 1)) if weight is None else weight[:, None]
    with np.errstate(over="ignore"):  # a diverging network gives -inf
        residual = (w * (y - predicted) ** 2).sum(axis=0)
    spread = (w * (y - np.average(y, axis=0, weights=weight)) ** 2).sum(axis=0)
    varies = spread != 0
    scores = np.where(residual == 0, 1.0, 0.0)
    scores[varies] = 1 - residual[varies] / spread[varies]
    return float(scores.mean())


def _without_ignored(
    y: AnyArray, predicted: AnyArray, weight: AnyArray | None
) -> tuple[AnyArray, AnyArray]:
    """Return targets and predictions with zeros in the rows of weight 0, because infinity times 0 is not 0."""
    if weight is None or weight.all():
        return y, predicted
    counts = weight[:, None] > 0
    return np.where(counts, y, 0.0), np.where(counts, predicted, 0.0)
