"""`find_learning_rate`: the learning-rate range test."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp.exceptions import DivergenceError, InvalidParameterError, NonFiniteInputError, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes

    from cmlp._data.array_types import ArrayLike, NDArray
    from cmlp._estimators.multilayer_perceptron import MultilayerPerceptron
    from cmlp._train.data import Segment
    from cmlp._train.training import Training
    from cmlp.plots import LearningRateDisplay

# Weight of the earlier losses in the smoothed loss.
_SMOOTHING = 0.9
# The test ends when the smoothed loss is larger than this multiple of the smallest one.
_LARGEST_RISE = 4.0


class LearningRateCurve(NamedTuple):
    """The result of `find_learning_rate`.

    Attributes
    ----------
    rates : ndarray of float64 of shape (n,)
        The learning rates that were tried, one batch each.
    losses : ndarray of float64 of shape (n,)
        The loss of each batch, before its step.
    smoothed : ndarray of float64 of shape (n,)
        The exponential moving average of the losses.
    suggestion : float
        A tenth of the rate with the smallest smoothed loss.
    """

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    smoothed: NDArray[np.float64]
    suggestion: float

    def plot(self, ax: Axes | None = None) -> LearningRateDisplay:
        """Draw the curve; needs matplotlib.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for new ones.

        Returns
        -------
        cmlp.plots.LearningRateDisplay
        """
        from cmlp.plots import LearningRateDisplay

        return LearningRateDisplay(self.rates, self.losses, self.smoothed, self.suggestion).plot(ax)


LearningRateCurve.__module__ = "cmlp"


def find_learning_rate(
    estimator: MultilayerPerceptron,
    X: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    low: float = 1e-6,
    high: float = 10.0,
    n_steps: int = 100,
) -> LearningRateCurve:
    """Try learning rates from `low` to `high` on successive batches, and suggest one (learning-rate range test).

    Batch i of a new training has the learning rate ``low * (high / low) ** (i / (n_steps - 1))``.
    The loss of a batch stays the same while the rate is too small, falls, and rises when the rate
    is too large. The test ends when the loss, smoothed with the weight 0.9 for the average so far,
    is 4 times as large as its minimum. A tenth of the rate at this minimum is suggested for
    `learning_rate_init`. Batches whose sample weights are all zero are skipped.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Its parameters are used, except the learning rates. It does not change, and need not be
        fitted.
    X, y, sample_weight
        As for `fit`.
    low, high : float, default=1e-6, 10.0
        The smallest and the largest learning rate; positive.
    n_steps : int, default=100
        Number of batches, at least 2.

    Returns
    -------
    LearningRateCurve
        With the attributes `rates`, `losses`, `smoothed` and `suggestion`, and the method `plot`.

    Raises
    ------
    TypeError
        If `estimator` is something else. The learning rate of the estimators for tables is part of
        their recipe.
    ValueError
        If an argument or a parameter is invalid, if ``solver="lbfgs"``, or if training diverges in
        the first batch.

    Notes
    -----
    Smith, "Cyclical learning rates for training neural networks", WACV 2017; smoothing and suggestion as in Howard and
    Gugger, "fastai: a layered API for deep learning", 2020.

    Examples
    --------
    >>> import cmlp
    >>> X, y = cmlp.datasets.load_digits28()[:2]
    >>> model = cmlp.MLPClassifier((64,), input_scale=1 / 255, random_state=0)
    >>> found = cmlp.find_learning_rate(model, X, y)
    >>> 0.001 < found.suggestion < 0.1
    True
    """
    from cmlp._estimators.multilayer_perceptron import MultilayerPerceptron
    from cmlp._fit.fit_network import network_call
    from cmlp._fit.prepare_network import prepare_network
    from cmlp._fit.sources import Arrays
    from cmlp._parameters.entries import RANGE_TEST

    if not isinstance(estimator, MultilayerPerceptron):
        class_name = getattr(estimator, "__name__", type(estimator).__name__)
        raise TypeError(
            "find_learning_rate needs an MLPClassifier or MLPRegressor as estimator, got "
            f"{class_name}."
        )
    rates = _rates(low, high, n_steps)
    fit = prepare_network(network_call(estimator, RANGE_TEST), Arrays(X, y, sample_weight))
    losses, smoothed = _range_test(fit.training, rates)
    if not losses:
        raise ValueError(
            f"Training diverges with low={low!r}: standardize the input or use a smaller low."
        )
    best: int = int(np.argmin(smoothed))
    tried = rates[: len(losses)]
    return LearningRateCurve(tried, np.array(losses), np.array(smoothed), float(tried[best]) / 10)


def _rates(low: Any, high: Any, n_steps: Any) -> NDArray[np.float64]:
    """Return the learning rates; raises ValueError if they are invalid."""
    if not 0 < low < high < np.inf:
        raise InvalidParameterError(
            f"low and high must be finite with 0 < low < high, got {shown(low)} and {shown(high)}.",
            parameter="low",
            value=low,
        )
    if isinstance(n_steps, bool) or not isinstance(n_steps, int | np.integer) or n_steps < 2:
        raise InvalidParameterError(
            f"n_steps must be an integer of at least 2, got {shown(n_steps)}.",
            parameter="n_steps",
            value=n_steps,
        )
    return np.geomspace(float(low), float(high), int(n_steps))


def _range_test(training: Training, rates: NDArray[np.float64]) -> tuple[list[float], list[float]]:
    """Train one batch with each learning rate; return the loss of each batch before its step, and the smoothed losses.

    The smoothed loss after k batches is the average with weights proportional to ``_SMOOTHING ** (k - i)`` for batch i.
    The test ends early if training diverges. The training must be new: the test changes its state.
    """
    losses: list[float] = []
    smoothed: list[float] = []
    total = 0.0
    for step, (rate, batch) in enumerate(zip(rates.tolist(), _batches(training), strict=False)):
        try:
            loss = _batch_loss(training, batch, rate)
        except DivergenceError:
            break
        if not math.isfinite(loss):
            break
        total = _SMOOTHING * total + (1 - _SMOOTHING) * loss
        losses.append(loss)
        smoothed.append(total / (1 - _SMOOTHING ** (step + 1)))
        if smoothed[-1] > _LARGEST_RISE * min(smoothed):
            break
    return losses, smoothed


def _batches(training: Training) -> Iterator[Segment]:
    """Yield the batches of one epoch after the other. As in a fit, batches without weight are skipped."""
    while True:
        training.data.order.begin_epoch(training.state, training.n_rows)
        for batch in range(training.n_batches):
            segments = training.data.segments(
                training.state, training.n_rows, training.batch_size, batch, batch + 1
            )
            segment = next(segments)
            if segment.has_weight:
                yield segment


def _batch_loss(training: Training, segment: Segment, rate: float) -> float:
    """Train one batch, and return its loss before the step."""
    net, objective, state = training.net, training.objective, training.state
    optimizer = state.stepping()[0]
    optimizer.learning_rate = rate
    try:
        cost, penalty, _, _ = net.train_epoch(
            state.params,
            segment.rows.X,
            segment.rows.targets,
            optimizer,
            batch_size=training.batch_size,
            order=segment.order,
            sample_weight=segment.rows.weight,
            dropout_row=segment.first_row,
            **training.keywords,
        )
    except NonFiniteInputError as error:
        raise training.data.first_error(error, net.dtype) from None
    return float(objective.reported(cost, penalty))
