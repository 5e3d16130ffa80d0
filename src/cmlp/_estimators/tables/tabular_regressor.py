"""The class `TabularRegressor`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cmlp._data.arrays import require_finite, to_float64
from cmlp._data.checks import as_quantile_targets, as_targets
from cmlp._data.frames import feature_names
from cmlp._data.scale import median_and_spread
from cmlp._data.weights import as_weights
from cmlp._estimators.tables.calibrating import calibration_of
from cmlp._estimators.tables.table_targets import NetworkSpec, TableOptions, TableTargets, UserTargets, counted
from cmlp._estimators.tables.tabular import TabularEstimator
from cmlp._model.calibration import n_answers
from cmlp._model.model import TableTarget
from cmlp._model.outside import warn_outside
from cmlp._train.architecture import POSITIVE_LOSSES, ROBUST_LOSSES
from cmlp._train.hyperparameters import documented
from cmlp._train.other_names import hinting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from cmlp._model.model import TrainedModel


_MEDIAN = 0.5
_LARGEST = 1e150  # squares of targets are finite
_MOST_SPREADS = 1e18  # whose squares are finite in float32


@documented("TabularRegressor")
class TabularRegressor(TabularEstimator):
    """Regressor for tables: a bag of small networks on encoded columns.

    It takes data frames and arrays as they are: numbers of any scale, categories, missing values, see
    `TabularClassifier`. The targets are standardized for training: by mean and standard deviation, or for the losses
    "absolute_error" and "quantile" by median and interquartile range, which a few far targets do not change. For
    "poisson" and "gamma" they are divided by their mean, and the outputs are exponential. The prediction is the mean
    over the networks, each limited to the range of the targets in `fit`.

    If y has several columns, each is a target with an output of the same networks. Their standardized errors count
    alike: a tree splits where any target changes, and the best epoch is that with the smallest sum of the losses.

    Parameters
    ----------
    <parameters>

    Attributes
    ----------
    estimators_ : list of Network
        The networks. Their inputs are encoded rows, their outputs standardized targets.
    history_ : dict of list
        The curves of all networks, for standardized targets; of several targets, the sums.
    n_features_in_ : int
        Number of columns of X in fit.
    feature_names_in_ : ndarray of str
        Column names of the data frame in fit; if not all are text, the attribute does not exist.
    column_types_ : dict
        What each column holds, by its name (without names, by its number): "number", "boolean", "category",
        "ordered" (categories), "date", "time" and "instant" (times without and with an offset from UTC) or "duration".
    categories_ : dict of list
        The categories that fit has seen, None if a value was missing, of each column that has categories. Those of an
        ordered column are all that its type or your list has, in ascending order.
    feature_importances_ : ndarray of float64, shape (n_features,)
        Mean absolute Shapley value of each column, see `explain`, over the training rows that `keep_background` has
        kept, in the unit of the predictions; the attribute does not exist without them. Each access computes it.
    warning_counts_ : dict of str to int
        How often each warning about rows to predict was due since fit; each is issued once, and then counted.

    Examples
    --------
    >>> from cmlp import TabularRegressor
    >>> X = [[float(size), "town" if size % 2 else None] for size in range(40)]
    >>> y = [1000.0 * size + 5000 * (place == "town") for size, place in X]
    >>> model = TabularRegressor(random_state=0).fit(X, y)
    >>> bool(abs(model.predict([[20.0, None]])[0] - 20_000) < 2_000)
    True
    """

    __module__ = "cmlp"

    _estimator_type: ClassVar[str] = "regressor"
    _table_owner: ClassVar[str] = "TabularRegressor"
    _scale: TableTarget  # centre and spread of the targets, and the limits of scaled ones
    _target_names: list[str] | None

    @hinting
    def __init__(
        self,
        *,
        n_estimators: int = 4,
        hidden_layer_sizes: int | Sequence[int] = (128, 128),
        max_time: float | None = None,
        categorical_features: str | ArrayLike | None = "from_dtype",
        date_parts: bool = True,
        loss: str = "squared_error",
        quantile: float | Sequence[float] = _MEDIAN,
        interval_width: str = "adaptive",
        learning_rate_init: float = 0.005,
        dropout: float | Sequence[float] = 0.1,
        n_epochs: int | None = None,
        early_stopping: bool = True,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        n_threads: int | None = None,
        verbose: bool | int | str = False,
        callbacks: Sequence[Any] | None = None,
        keep_background: int = 0,
        provenance: bool = False,
        allow_missing_keys: bool = False,
    ) -> None:
        self._store(locals())

    def _parameters(self) -> TableOptions:
        options = super()._parameters()
        if options.loss != "quantile" and options.quantile != _MEDIAN:
            raise ValueError(f"quantile={options.quantile!r} needs loss='quantile', got {options.loss!r}.")
        return options

    def _targets(
        self, given: UserTargets, val_given: UserTargets, options: TableOptions, previous: TrainedModel | None
    ) -> TableTargets:
        from cmlp._train.job import Objective, named_validation  # programs that only predict do not need it

        values = self._numbers(given.y, given.n_rows)
        n, names = values.shape[1], feature_names(given.y)
        level = options.quantile
        levels = level if isinstance(level, tuple) else ()
        if levels and n > 1:
            raise ValueError(f"quantile must be one number if y has several columns, got {level!r} and {n} columns.")
        rows, weight = counted(given.weight, len(values))
        values = values[rows]
        loss = options.loss
        output = "exp" if loss in POSITIVE_LOSSES else "identity"
        if previous is not None and previous.net.activations[-1] != output:
            raise ValueError(f"warm_start=True needs the loss {previous.net.loss!r} or one of its kind, got {loss!r}.")
        _require_positive(values, loss)
        scale = _scale_of(values, weight, None if previous is None else previous.target, loss)
        centre, spread = np.asarray(scale.centre), np.asarray(scale.scale)
        validation, held_weight = counted(val_given.weight, val_given.n_rows)
        if val_given.y is not None:
            with named_validation():
                own = np.tile(np.atleast_1d(centre), (val_given.n_rows, 1))
                # Rows that do not count may be far away.
                own[validation] = self._numbers(val_given.y, val_given.n_rows, n)[validation]
                _require_positive(own[validation], loss)
                _require_within(own, centre, _MOST_SPREADS * spread, "y is too far from the y of training")
            values = np.concatenate([values, own[validation]])
        targets = (values - centre) / spread
        if loss == "gamma":
            targets = np.maximum(targets, np.finfo(np.float32).tiny)
        n_outputs, parameter = len(levels) or n, level if loss == "quantile" else 0.0
        spec = NetworkSpec(options.hidden_layer_sizes, n_outputs, output, loss, parameter)
        columns = np.broadcast_to(targets.astype(np.float32), (len(targets), n_outputs))
        objective = Objective(partial(_pinball_score, np.asarray(levels)) if levels else None)
        target = scale._replace(names=None if n == 1 or names is None else names.tolist())
        return TableTargets(
            columns, objective, spec, rows, weight, validation, held_weight, None, values, target=target
        )

    def _numbers(self, y: ArrayLike, n_rows: int, n_targets: int | None = None) -> NDArray[np.float64]:
        """Return the targets, a column for each of them, as a copy, which other threads cannot change."""
        owner = type(self).__name__
        values = to_float64(np.array(as_targets(y, n_rows, owner)), "y")
        require_finite(values, "y")
        if n_targets is not None and values.size != n_rows * n_targets:
            raise ValueError(f"y must have {n_targets} columns, as in fit, got an array of shape {values.shape}.")
        values = values.reshape(n_rows, -1)
        _require_within(values, 0.0, _LARGEST, "y must be between -1e150 and 1e150")
        return values

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the predicted numbers: the mean over the networks.

        Parameters
        ----------
        X : data frame, array-like of shape (n_samples, n_features), dict or list of dict

        Returns
        -------
        ndarray of float64, shape (n_samples,), (n_samples, n_targets) or (n_samples, n_quantiles)
            A column for each of several targets, or of several quantiles, which ascend in every row.
        """
        predicted = self._predicted(self._trained(), X)
        return predicted[:, 0] if predicted.shape[1] == 1 else predicted

    def predict_interval(self, X: ArrayLike, coverage: float = 0.9) -> np.ndarray:
        """Return an interval for each row that contains the true number as often as asked for.

        The interval is ``[prediction - q * w, prediction + q * w]``. Of rows outside the training, the share `coverage`
        has an error of at most ``q * w``: of n such errors, each divided by its w, q is number ``ceil((n + 1) *
        coverage)`` in ascending order (split conformal prediction [1]_). With ``interval_width="adaptive"``, the
        default, w follows from the prediction: it is the mean error of the rows held out in `fit` with about the same
        prediction, in units of the mean error of all of them [2]_. With "constant" it is 1. With several quantiles, the
        interval is ``[lowest - q, highest + q]``, and q, which can be negative, is found in the same way from how far
        the targets are outside the predicted quantiles (conformalized quantile regression [3]_).

        The rows are those of `calibrate`, with a guarantee: over all such rows and all new rows, the coverage is at
        least `coverage`. Without `calibrate` they are the rows that the networks held out in `fit`. There is then no
        guarantee, because each of them is judged by the networks that held it out, not by all, and they have chosen the
        epochs of these networks and the bins of the columns: on small tables of mostly noise, 0.9 becomes 0.87.

        Parameters
        ----------
        X : data frame, array-like of shape (n_samples, n_features), dict or list of dict
        coverage : float, default=0.9
            Above 0 and below 1.

        Returns
        -------
        ndarray of float64, shape (n_samples, 2) or (n_samples, n_targets, 2)
            The lower and the upper ends. With several targets, each has its own intervals, and the coverage is that of
            each target, not of all together. They are infinite, and a warning says so, if there are too few errors: 0.9
            needs 9, 0.99 needs 99. Another warning names columns of which rows are clearly outside the training range,
            see `outside`: the coverage does not hold there.

        Raises
        ------
        ValueError
            If `coverage` is invalid, or if `fit` held out no rows and `calibrate` was not called.

        References
        ----------
        .. [1] Papadopoulos, Proedrou, Vovk, Gammerman (2002), "Inductive confidence machines for regression", ECML.
        .. [2] Papadopoulos, Gammerman, Vovk (2008), "Normalized nonconformity measures for regression conformal
           prediction", AIA.
        .. [3] Romano, Patterson, Candès (2019), "Conformalized quantile regression", NeurIPS.

        Examples
        --------
        >>> import numpy as np
        >>> from cmlp import TabularRegressor
        >>> x = np.random.RandomState(0).random_sample((300, 1))
        >>> y = x[:, 0] + np.random.RandomState(1).standard_normal(300) / 10
        >>> model = TabularRegressor(random_state=0).fit(x[:200], y[:200])
        >>> low, high = model.calibrate(x[200:], y[200:]).predict_interval([[0.5]], coverage=0.9)[0]
        >>> bool(low < 0.5 < high)
        True
        """
        model = self._trained()
        calibration = calibration_of(model, coverage, "predict_interval", type(self).__name__)
        raw = self._raw(model, X)
        warn_outside(model, raw, "intervals")
        return calibration.intervals(self._answers(model, raw), coverage)

    def _truth(self, model: TrainedModel, y: ArrayLike, n_rows: int) -> NDArray[Any]:
        return self._numbers(y, n_rows, n_answers(model.net))

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the coefficient of determination R^2 of the predictions; with several targets, their mean.

        With several quantiles, return the mean of their D^2 scores, as `MLPRegressor.score` does.

        Parameters
        ----------
        X : data frame, array-like of shape (n_samples, n_features), dict or list of dict
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : None, float or array-like of shape (n_samples,), default=None

        Returns
        -------
        float
        """
        from cmlp._train.scores import d2_pinball, r_squared

        model = self._trained()
        predicted = self._predicted(model, X)
        predicted = predicted[:, 0] if predicted.shape[1] == 1 else predicted
        truth, weight = self._truth(model, y, len(predicted)), as_weights(sample_weight, len(predicted))
        quantiles = model.net.loss_parameter
        if isinstance(quantiles, tuple):
            return d2_pinball(as_quantile_targets(truth, len(quantiles)), predicted, quantiles, weight)
        return r_squared(truth, predicted, weight)


def _scale_of(
    values: NDArray[np.float64], weight: NDArray[np.float64] | None, known: TableTarget | None, loss: str
) -> TableTarget:
    """Return the scale of the columns of values; that of a warm start has the known centres and spreads."""
    n = values.shape[1]
    if known is not None and np.size(known.centre) != n:
        raise ValueError(
            f"warm_start=True needs as many columns of y as the model has, {np.size(known.centre)}, got {n}."
        )
    before = [None] * n if known is None else np.transpose(known.numbers).reshape(n, 4).tolist()
    learn = _quartiles if loss in ROBUST_LOSSES else _mean if loss in POSITIVE_LOSSES else _moments
    found = [_scale_of_one(one, weight, scale, learn) for one, scale in zip(values.T, before, strict=True)]
    return TableTarget(*(found[0] if n == 1 else zip(*found, strict=True)))


def _scale_of_one(
    values: NDArray[np.float64],
    weight: NDArray[np.float64] | None,
    known: Sequence[float] | None,
    learn: Callable[[NDArray[np.float64], NDArray[np.float64] | None], tuple[float, float]],
) -> tuple[float, float, float, float]:
    """Return centre, spread, and the lowest and highest scaled value of one target."""
    if known is not None:
        centre, spread, *limits = known
        message = "y is too far from the y of the first fit"
        _require_within(values[:, None], centre, _MOST_SPREADS * spread, message)
    else:
        (centre, spread), limits = learn(values, weight), []
    targets = ((values - centre) / spread).tolist() + limits
    return centre, spread, min(targets), max(targets)


def _moments(values: NDArray[np.float64], weight: NDArray[np.float64] | None) -> tuple[float, float]:
    """Return the mean and the standard deviation; 1 for equal numbers, and the range if the squares are 0."""
    centre = float(values.mean() if weight is None else np.average(values, weights=weight))
    width = float(np.ptp(values))
    if not width:
        return centre, 1.0
    if weight is None:
        return centre, float(values.std()) or width
    return centre, float(np.sqrt(np.average(((values - centre) / width) ** 2, weights=weight))) * width or width


def _quartiles(values: NDArray[np.float64], weight: NDArray[np.float64] | None) -> tuple[float, float]:
    """Return the median and the interquartile range, but at least a spread that all numbers are near enough to."""
    centre, spread = median_and_spread(values, weight)
    return centre, max(spread, float(np.abs(values - centre).max()) / _MOST_SPREADS) or 1.0


def _mean(values: NDArray[np.float64], weight: NDArray[np.float64] | None) -> tuple[float, float]:
    """Return 0 and the mean: for positive outputs, whose initial values are near 1."""
    return 0.0, float(values.mean() if weight is None else np.average(values, weights=weight)) or 1.0


def _require_positive(values: NDArray[np.float64], loss: str) -> None:
    """Raise ValueError, with the first such row, if a loss of positive outputs does not allow a target."""
    if loss in POSITIVE_LOSSES:
        wrong = (values <= 0 if loss == "gamma" else values < 0).any(axis=1)
        if wrong.any():
            row, least = int(wrong.argmax()), "be positive" if loss == "gamma" else "not be negative"
            raise ValueError(f"y must {least} for loss={loss!r}, got {values[row].min():g} in row {row}.")


def _require_within(values: NDArray[np.float64], centre: Any, distance: Any, message: str) -> None:
    """Raise ValueError, with the first such row, if a number is farther from the centre of its column."""
    far = np.abs(values - centre) > distance
    if far.any():
        row, column = divmod(int(far.argmax()), values.shape[1])
        place = f"row {row}" if values.shape[1] == 1 else f"row {row}, column {column}"
        raise ValueError(f"{message}, got {values[row, column]:g} in {place}.")


def _pinball_score(
    levels: NDArray[np.float64], outputs: NDArray[Any], y: NDArray[Any], weight: NDArray[Any] | None
) -> float:
    """Return minus the mean pinball loss of predicted quantiles, which are sorted, unlike those in the cost."""
    rest = y - outputs.astype(np.float64)
    losses = np.maximum(levels * rest, (levels - 1) * rest).mean(axis=1)
    return -float(np.average(losses, weights=weight))
