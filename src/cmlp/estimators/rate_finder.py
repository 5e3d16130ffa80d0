"""`find_learning_rate`: the learning-rate range test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from cmlp.estimators.base import MultilayerPerceptron
    from cmlp.plots import LearningRateDisplay


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

    Batch i of a new training has the learning rate ``low * (high / low) ** (i / (n_steps - 1))``. The loss of a batch
    stays the same while the rate is too small, falls, and rises when the rate is too large. The test ends when the
    loss, smoothed with the weight 0.9 for the former average, is 4 times as large as its minimum. A tenth of the rate
    at this minimum is suggested for `learning_rate_init`. Batches whose sample weights are all zero are skipped.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Its parameters are used, except the learning rates. It does not change, and need not be fitted.
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
        If `estimator` is something else. The learning rate of the estimators for tables is part of their recipe.
    ValueError
        If an argument or a parameter is invalid, if ``solver="lbfgs"``, or if training diverges in the first batch.

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
    from cmlp.estimators.base import MultilayerPerceptron
    from cmlp.estimators.fitting import prepare
    from cmlp.estimators.problem import Call
    from cmlp.estimators.sources import Arrays
    from cmlp.training.range_test import range_test

    if not isinstance(estimator, MultilayerPerceptron):
        kind = getattr(estimator, "__name__", type(estimator).__name__)
        raise TypeError(f"find_learning_rate needs an MLPClassifier or MLPRegressor as estimator, got {kind}.")
    rates = _rates(low, high, n_steps)
    parameters = estimator._parameters()
    plain = parameters.training._replace(
        learning_rate="constant",
        warmup=0.0,
        early_stopping=False,
        scoring=None,
        callbacks=None,
        max_time=None,
        verbose=False,
    )
    if plain.solver == "lbfgs":
        raise ValueError("find_learning_rate needs a solver with learning rates, but solver='lbfgs' has none.")
    training: Any = prepare(Call(estimator, parameters._replace(training=plain)), Arrays(X, y, sample_weight))[0]
    losses, smoothed = range_test(training.engine, rates)
    if not losses:
        raise ValueError(f"Training diverges with low={low!r}: standardize the input or use a smaller low.")
    best: int = int(np.argmin(smoothed))
    tried = rates[: len(losses)]
    return LearningRateCurve(tried, np.array(losses), np.array(smoothed), float(tried[best]) / 10)


def _rates(low: Any, high: Any, n_steps: Any) -> NDArray[np.float64]:
    """Return the learning rates; raises ValueError if they are invalid."""
    if not 0 < low < high < np.inf:
        raise ValueError(f"low and high must be finite with 0 < low < high, got {low!r} and {high!r}.")
    if isinstance(n_steps, bool) or not isinstance(n_steps, int | np.integer) or n_steps < 2:
        raise ValueError(f"n_steps must be an integer of at least 2, got {n_steps!r}.")
    return np.geomspace(float(low), float(high), int(n_steps))
