"""The class `TabularRegressor`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cmlp.hyperparameters import documented
from cmlp.inputs.arrays import require_finite, to_float64
from cmlp.inputs.validation import as_quantile_targets, as_targets
from cmlp.inputs.weights import as_weights
from cmlp.tables.bag import Shape
from cmlp.tables.base import Asked, TabularEstimator, Targets, counted
from cmlp.training.scores import d2_pinball, r_squared
from cmlp.training.task import Task, named_validation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


_MEDIAN = 0.5
_LARGEST = 1e150  # squares of targets are finite
_MOST_SPREADS = 1e18  # standard deviations, whose squares are finite in float32


@documented("TabularRegressor")
class TabularRegressor(TabularEstimator):
    """Regressor for tables: a bag of small networks on encoded columns.

    It takes data frames and arrays as they are: numbers of any scale, categories, missing values, see
    `TabularClassifier`. The targets are standardized for training. The prediction is the mean over the networks, each
    limited to the range of the targets in `fit`.

    Parameters
    ----------
    <parameters>

    Attributes
    ----------
    estimators_ : list of Network
        The networks. Their inputs are encoded rows, their outputs standardized targets.
    history_ : dict of list
        The curves of all networks, for standardized targets.
    n_features_in_ : int
        Number of columns of X in fit.
    feature_names_in_ : ndarray of str
        Column names of the data frame in fit; if not all are text, the attribute does not exist.

    Examples
    --------
    >>> from cmlp import TabularRegressor
    >>> X = [[float(size), "town" if size % 2 else None] for size in range(40)]
    >>> y = [1000.0 * size + 5000 * (place == "town") for size, place in X]
    >>> model = TabularRegressor(random_state=0).fit(X, y)
    >>> bool(abs(model.predict([[20.0, None]])[0] - 20_000) < 2_000)
    True
    """

    _estimator_type: ClassVar[str] = "regressor"
    _owner: ClassVar[str] = "TabularRegressor"

    def __init__(
        self,
        *,
        n_estimators: int = 4,
        hidden_layer_sizes: int | Sequence[int] = (128, 128),
        max_time: float | None = None,
        categorical_features: str | ArrayLike | None = "from_dtype",
        loss: str = "squared_error",
        quantile: float | Sequence[float] = _MEDIAN,
        random_state: int | np.random.RandomState | None = None,
        n_threads: int | None = None,
        verbose: bool | int | str = False,
        callbacks: Sequence[Any] | None = None,
    ) -> None:
        self._store(locals())

    def _parameters(self) -> dict[str, Any]:
        checked = super()._parameters()
        loss, quantile = checked["loss"], checked["quantile"]
        if loss != "quantile" and quantile != _MEDIAN:
            raise ValueError(f"quantile={quantile!r} needs loss='quantile', got {loss!r}.")
        return checked

    def _targets(self, asked: Asked, held: Asked, parameters: dict[str, Any]) -> Targets:
        values = self._numbers(asked.y, asked.n_rows)
        rows, weight = counted(asked.weight, len(values))
        values = values[rows]
        centre = float(values.mean() if weight is None else np.average(values, weights=weight))
        spread = _spread(values, centre, weight)
        targets = (values - centre) / spread
        limits = float(targets.min()), float(targets.max())
        validation, held_weight = counted(held.weight, held.n_rows)
        if held.y is not None:
            with named_validation():
                own = np.full(held.n_rows, centre)
                own[validation] = self._numbers(held.y, held.n_rows)[validation]  # the others may be far away
                _require_within(own, centre, _MOST_SPREADS * spread, "y is too far from the y of training")
            targets = np.concatenate([targets, (own[validation] - centre) / spread])
        loss, level = parameters["loss"], parameters["quantile"]
        n = len(level) if isinstance(level, tuple) else 1
        shape = Shape(parameters["hidden_layer_sizes"], n, "identity", loss, level if loss == "quantile" else 0.0)
        columns = np.broadcast_to(targets.astype(np.float32)[:, None], (len(targets), n))
        task = Task(columns, partial(_pinball_score, np.asarray(level)) if n > 1 else None)
        attributes = {"_scale": (centre, spread, *limits)}
        return Targets(task, shape, rows, weight, validation, held_weight, None, attributes)

    def _numbers(self, y: ArrayLike, n_rows: int) -> NDArray[np.float64]:
        """Return targets as a copy, which other threads cannot change."""
        owner = type(self).__name__
        values = to_float64(np.array(as_targets(y, n_rows, owner)), "y")
        require_finite(values, "y")
        if values.ndim != 1:
            raise ValueError(f"{owner} needs one number per row, got y of shape {values.shape}.")
        _require_within(values, 0.0, _LARGEST, "y must be between -1e150 and 1e150")
        return values

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the predicted numbers: the mean over the networks.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of float64, shape (n_samples,) or (n_samples, n_quantiles)
            With several quantiles, a column for each of them, ascending in every row.
        """
        predicted = self._predicted(X)
        return predicted[:, 0] if predicted.shape[1] == 1 else predicted

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the coefficient of determination R^2 of the predictions.

        With several quantiles, return the mean of their D^2 scores, as `MLPRegressor.score` does.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : None, float or array-like of shape (n_samples,), default=None

        Returns
        -------
        float
        """
        predicted = self.predict(X)
        truth, weight = self._numbers(y, len(predicted)), as_weights(sample_weight, len(predicted))
        quantiles = self._fitted().members[0].net.loss_parameter
        if isinstance(quantiles, tuple):
            return d2_pinball(as_quantile_targets(truth[:, None], len(quantiles)), predicted, quantiles, weight)
        return r_squared(truth, predicted, weight)


def _spread(values: NDArray[np.float64], centre: float, weight: NDArray[np.float64] | None) -> float:
    """Return the standard deviation; 1 for equal numbers, and the range if the squares of the deviations are 0."""
    width = float(np.ptp(values))
    if not width:
        return 1.0
    if weight is None:
        return float(values.std()) or width
    return float(np.sqrt(np.average(((values - centre) / width) ** 2, weights=weight))) * width or width


def _require_within(values: NDArray[np.float64], centre: float, distance: float, message: str) -> None:
    """Raise ValueError, with the first such row, if a number is farther from the centre."""
    far = np.abs(values - centre) > distance
    if far.any():
        row = int(far.argmax())
        raise ValueError(f"{message}, got {values[row]:g} in row {row}.")


def _pinball_score(
    levels: NDArray[np.float64], outputs: NDArray[Any], y: NDArray[Any], weight: NDArray[Any] | None
) -> float:
    """Return minus the mean pinball loss of predicted quantiles, which are sorted, unlike those in the cost."""
    rest = y - outputs.astype(np.float64)
    losses = np.maximum(levels * rest, (levels - 1) * rest).mean(axis=1)
    return -float(np.average(losses, weights=weight))
