"""What y means to training: `TargetRules`, learned from the first y and used for later blocks and validation rows.

Each kind of training has its own: `ClassEncoding` and `NumberEncoding` those of the estimators of one network,
`TableClassEncoding` and `TableNumberEncoding` those of tables, and `NetworkEncoding` that of a bare network.
"""

from __future__ import annotations

import importlib
import reprlib
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._data.arrays import readable, require_finite, to_float64
from cmlp._data.checks import as_numbers, as_quantile_targets, as_targets
from cmlp._data.columns import feature_names
from cmlp._data.labels import Labels, as_class_indices, kind_of_labels, labels_of, learn_labels
from cmlp._data.scale import median_and_spread
from cmlp._data.weights import weights_of_classes
from cmlp._model.model import AnswerScale
from cmlp._process.threads import once_per_pool
from cmlp._train.architecture import POSITIVE_LOSSES, ROBUST_LOSSES
from cmlp._train.job import Objective, objective_of_numbers, y_advice
from cmlp._train.scores import accuracy
from cmlp.exceptions import InvalidParameterError, Message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from cmlp._bridge import _core
    from cmlp._data.checks import Opened
    from cmlp._data.weights import ClassWeights
    from cmlp._estimators.estimator_options import EstimatorOptions
    from cmlp._estimators.request import FitRequest, TableRequest


class Encoded(NamedTuple):
    """Targets as the core reads them, and the weights of their rows, multiplied by those of the classes."""

    values: NDArray[Any]
    weight: NDArray[np.float64] | None


class TargetRules:
    """The rules by which y becomes targets; made once, from the first y."""

    n_outputs: int
    output: str  # activation of the output layer
    labels: Labels | None = None  # the classes of a classifier
    class_weights: ClassWeights | None = None  # for the parameter `class_weight`

    def objective(self) -> Objective:
        """Return what training minimizes, and how it scores."""
        raise NotImplementedError

    def groups(self, values: NDArray[Any]) -> NDArray[Any] | None:
        """Return each row's group, for a stratified validation split; None if it is not stratified."""
        return None

    def weighted(self, values: NDArray[Any], weight: NDArray[np.float64] | None, *, some: bool) -> Encoded:
        """Return targets for the core, and the weights of their rows multiplied by those of the classes."""
        weights = self.class_weights
        return Encoded(values, weight if weights is None else weights.times(weight, values, some=some))


class TargetEncoding(TargetRules):
    """The rules for one network."""

    def values(self, y: NDArray[Any]) -> NDArray[Any]:
        """Return targets for the core."""
        raise NotImplementedError

    def encode(self, y: NDArray[Any], weight: NDArray[np.float64] | None, *, some: bool = True) -> Encoded:
        """Return targets and weights; ValueError if `some` weight must be positive, but none is."""
        return self.weighted(self.values(y), weight, some=some)


class ClassEncoding(TargetEncoding):
    """Labels of a classifier."""

    labels: Labels

    def __init__(self, labels: Labels, loss: object, class_weights: ClassWeights | None) -> None:
        self.labels, self.n_outputs, self.class_weights = labels, labels.n_outputs, class_weights
        softmax = labels.kind == "multiclass" and loss != "squared_error"
        self.output = "softmax" if softmax else "logistic"

    def values(self, y: NDArray[Any]) -> NDArray[Any]:
        """Return encoded labels."""
        return self.labels.encode(y)

    def objective(self) -> Objective:
        """Return the objective with the accuracy as score."""
        labels = self.labels
        return Objective(lambda outputs, y, weight: accuracy(labels.correct(outputs, y), weight))

    def groups(self, values: NDArray[Any]) -> NDArray[Any] | None:
        """Return the classes of the rows if there are two."""
        return values[:, 0] if self.labels.kind == "binary" else None


class NumberEncoding(TargetEncoding):
    """Numbers of a regressor, with an output for each column or, of one column, for each quantile."""

    def __init__(self, options: EstimatorOptions, n_columns: int) -> None:
        self.loss = options.loss
        self._y_scale = options.y_scale
        given = options.loss_parameter
        self.quantiles = given if isinstance(given, tuple) else None
        self.n_outputs = n_columns if self.quantiles is None else len(self.quantiles)
        self.output = "exp" if self.loss in POSITIVE_LOSSES else "identity"

    def values(self, y: NDArray[Any]) -> NDArray[Any]:
        """Return a matrix of numbers."""
        targets = once_per_pool(_as_matrix, y)
        if self.loss in POSITIVE_LOSSES:
            targets = np.array(targets)  # another thread could change the caller's array after the check
            if (targets < 0).any() or (self.loss == "gamma" and not targets.all()):
                raise ValueError(f"Some value(s) of y are out of the valid range of the loss {self.loss!r}.")
        if self.quantiles is not None:
            return as_quantile_targets(targets, self.n_outputs)
        if targets.shape[1] != self.n_outputs:
            raise ValueError(f"y must have {self.n_outputs} outputs, got {targets.shape[1]}.")
        return targets

    def objective(self) -> Objective:
        """Return the objective with the score of the loss: R^2, or D^2 for several quantiles."""
        quantiles = self.quantiles
        loss = self.loss
        n_outputs = self.n_outputs
        squared = loss == "squared_error"  # in scikit-learn half the mean over the outputs, with the sum's gradient
        return objective_of_numbers(quantiles)._replace(
            loss_scale=0.5 if squared else 1.0,
            report_scale=1.0 / n_outputs if squared and n_outputs > 1 and _averages_squared_errors() else 1.0,
            y_scale=self._y_scale,
            y_advice="" if callable(loss) else y_advice(loss, Message("<y_scale=>", y_scale="standard")),
        )


def _as_matrix(y: NDArray[Any]) -> NDArray[Any]:
    """Return numbers as a matrix."""
    y = as_numbers(y)
    return y[:, np.newaxis] if y.ndim == 1 else y


def learn_encoding(request: FitRequest, opened: Opened, *, is_complete: bool) -> tuple[TargetEncoding, Encoded]:
    """Return what the first y means, and y itself as targets; the classes must be known unless y is complete."""
    y, weight = opened.y, opened.weight
    if not request.is_classifier:
        numbers = NumberEncoding(request.options, 1 if y.ndim == 1 else y.shape[1])
        return numbers, numbers.encode(y, weight)
    if request.call.is_incremental or not is_complete:
        labels = _known_labels(request, y)
        values = labels.encode(y)
    elif request.previous is not None:
        labels = request.previous.model.class_labels
        values = labels.encode_all(y)
    else:
        labels, values = once_per_pool(learn_labels, y)
        # A program can write to `classes_` of one model.
        labels = Labels(labels.classes.copy(), is_multilabel=labels.kind == "multilabel")
    weights = weights_of_classes(request.options.class_weight, labels, values, weight)
    encoding = ClassEncoding(labels, request.options.loss, weights)
    return encoding, encoding.weighted(values, weight, some=is_complete)


def _known_labels(request: FitRequest, y: NDArray[Any]) -> Labels:
    """Return the labels if a call sees only a part of the rows; the first call needs `classes`."""
    previous, classes = request.previous, request.classes
    if previous is None:
        if classes is None:
            raise ValueError(Message("<classes> must be passed on the first call to partial_fit.", classes=...))
        labels = labels_of(classes)
        return Labels(labels.classes, is_multilabel=True) if y.ndim == 2 else labels
    labels = previous.model.class_labels
    if classes is not None and not np.array_equal(labels_of(classes).classes, labels.classes):
        raise ValueError(
            f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {labels.classes!r}"
        )
    return labels


def _averages_squared_errors() -> bool:
    """Return whether the reported squared error of several outputs is their mean, or their sum.

    It is the mean up to scikit-learn 1.9, although training uses the gradient of the sum. scikit-learn's pull request
    34830 proposes the sum. If the program has imported scikit-learn, its own loss function decides.
    """
    if "sklearn" not in sys.modules:
        return True
    try:
        squared_loss = importlib.import_module("sklearn.neural_network._base").squared_loss
        return bool(squared_loss(np.zeros((1, 2)), np.ones((1, 2))) < 0.75)  # 0.5 is the mean, 1 the sum
    except (ImportError, AttributeError, TypeError):  # a version without this private function
        return True


# ------------------------------------------------------------------------------------------------------ a bare network


# Losses of outputs that are probabilities.
_LIKELIHOODS = ("log_loss", "focal", "label_smoothing")


class NetworkEncoding(TargetEncoding):
    """Targets of a `Network`, as `Network.cost` accepts them: class indices, or a matrix."""

    def __init__(self, net: _core.Net, y: NDArray[Any]) -> None:
        self._net = net
        self._has_indices = y.ndim == 1
        self.n_outputs = net.n_out
        self.output = net.activations[-1]

    def values(self, y: NDArray[Any]) -> NDArray[Any]:
        """Return class indices, or the matrix as it is."""
        net = self._net
        if y.ndim == 1:
            return as_class_indices(y, net.n_out, self.output)
        if y.ndim != 2 or y.shape[1] != net.n_out:
            raise ValueError(f"y must have shape (n,) or (n, {net.n_out}), got {y.shape}.")
        targets = readable(y, "y")
        if net.loss in _LIKELIHOODS and net.n_out == 1:
            targets = np.array(targets)  # another thread could change the caller's array after `groups` has read it
        return targets

    def objective(self) -> Objective:
        """Return the objective.

        The score is the accuracy if the loss is a log loss or a variant of it, or if y has class indices; otherwise the
        coefficient of determination.
        """
        net = self._net
        if self._has_indices:
            return Objective(lambda outputs, y, weight: accuracy(outputs.argmax(axis=1) == y, weight))
        quantiles = net.loss_parameter if isinstance(net.loss_parameter, tuple) else None
        if quantiles is not None or net.loss not in _LIKELIHOODS:
            advice = y_advice(net.loss, "standardizing y" if self.output == "identity" else "")
            return objective_of_numbers(quantiles)._replace(y_advice=advice)
        if self.output == "softmax":
            return Objective(lambda outputs, y, weight: accuracy(outputs.argmax(axis=1) == y.argmax(axis=1), weight))
        return Objective(lambda outputs, y, weight: accuracy(((outputs > 0.5) == (y > 0.5)).all(axis=1), weight))

    def groups(self, values: NDArray[Any]) -> NDArray[Any] | None:
        """Return the only column if it is of zeros and ones, as for a binary classifier."""
        if self._has_indices or self._net.loss not in _LIKELIHOODS or self.output == "softmax" or self.n_outputs > 1:
            return None
        return values[:, 0] if bool(np.isin(values, (0, 1)).all()) else None


# --------------------------------------------------------------------------------------------------------------- tables


_SMOOTHING = 0.02  # of the labels of a table
_NEGLIGIBLE = 1e-30  # the weight of a row beside one of 1
_LARGEST = 1e150  # squares of targets are finite
_MOST_SPREADS = 1e18  # whose squares are finite in float32
_SOFT_LIMIT = 3.0  # of the target of robust losses, in interquartile ranges, as for columns of numbers


class CountedTargets(NamedTuple):
    """The targets of the rows of a table that count."""

    rows: NDArray[np.intp]  # their numbers
    values: NDArray[Any]  # as the core reads them
    truth: NDArray[Any]  # as `scores_of` compares it with outputs: y itself if it is numbers
    weight: NDArray[np.float64] | None


class TableEncoding(TargetRules):
    """The rules for the networks of a table, and their loss."""

    loss: str
    loss_parameter: float | tuple[float, ...]
    answer_scale: AnswerScale | None = None  # what predictions of numbers need

    def targets(self, y: NDArray[Any], weight: NDArray[np.float64] | None) -> CountedTargets:
        """Return the targets of the rows that count."""
        raise NotImplementedError

    def to_split(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return what the splits of the columns should separate: they lower the variance of these numbers."""
        return values.astype(np.float64)


class TableClassEncoding(TableEncoding):
    """Labels of a table. Those of rows that do not count are no classes, but may have weights."""

    labels: Labels
    loss = "label_smoothing"
    loss_parameter = _SMOOTHING

    def __init__(self, labels: Labels, every: Labels, class_weights: ClassWeights | None) -> None:
        self.labels, self.class_weights = labels, class_weights
        self._every = every  # the labels to which `class_weights` belong
        self.n_outputs = labels.n_outputs
        self.output = "softmax" if labels.kind == "multiclass" else "logistic"

    def targets(self, y: NDArray[Any], weight: NDArray[np.float64] | None) -> CountedTargets:
        """Return encoded labels."""
        values = self._every.encode(y)
        rows, weight = rows_that_count(self.weighted(values, weight, some=True).weight, len(y))
        return self.targets_of(rows, self.labels.encode(y[rows]), weight)

    def targets_of(
        self, rows: NDArray[np.intp], values: NDArray[Any], weight: NDArray[np.float64] | None
    ) -> CountedTargets:
        """Return the targets of rows that count, from their encoded labels."""
        return CountedTargets(rows, values, values if self.labels.kind == "multilabel" else values.reshape(-1), weight)

    def objective(self) -> Objective:
        """Return the objective without a score: the validation loss decides."""
        return Objective(score=None)

    def groups(self, values: NDArray[Any]) -> NDArray[Any] | None:
        """Return the classes of the rows; None for several labels."""
        return None if self.labels.kind == "multilabel" else values.reshape(-1)

    def to_split(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the classes, or a column of numbers for each of several labels."""
        groups = self.groups(values)
        return super().to_split(values) if groups is None else groups


class TableNumberEncoding(TableEncoding):
    """Numbers of a table, standardized, with an output for each column or, of one column, for each quantile."""

    answer_scale: AnswerScale

    def __init__(self, loss: str, quantile: float | tuple[float, ...], answer_scale: AnswerScale) -> None:
        self.loss, self.answer_scale = loss, answer_scale
        self.loss_parameter = quantile if loss == "quantile" else 0.0
        self._quantiles = quantile if isinstance(quantile, tuple) else ()
        self.n_outputs = len(self._quantiles) or np.size(answer_scale.centre)
        self.output = _output_of(loss)

    def targets(self, y: NDArray[Any], weight: NDArray[np.float64] | None) -> CountedTargets:
        """Return standardized numbers; rows that do not count may be far away."""
        centre, spread = np.asarray(self.answer_scale.centre), np.asarray(self.answer_scale.scale)
        rows, weight = rows_that_count(weight, len(y))
        numbers = np.tile(np.atleast_1d(centre), (len(y), 1))
        numbers[rows] = table_numbers(y, centre.size)[rows]
        _require_positive(numbers[rows], self.loss)
        _require_within(numbers, centre, _MOST_SPREADS * spread, "y is too far from the y of training")
        return self.targets_of(rows, numbers[rows], weight)

    def targets_of(
        self, rows: NDArray[np.intp], numbers: NDArray[np.float64], weight: NDArray[np.float64] | None
    ) -> CountedTargets:
        """Return the targets of rows that count, from their numbers."""
        values = (numbers - np.asarray(self.answer_scale.centre)) / np.asarray(self.answer_scale.scale)
        if self.loss == "gamma":
            values = np.maximum(values, np.finfo(np.float32).tiny)
        columns = np.broadcast_to(values.astype(np.float32), (len(values), self.n_outputs))
        return CountedTargets(rows, columns, numbers, weight)

    def objective(self) -> Objective:
        """Return the objective: for several quantiles with a score, otherwise the validation loss decides."""
        return Objective(partial(_pinball_score, np.asarray(self._quantiles)) if self._quantiles else None)

    def to_split(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return numbers in one column for all quantiles.

        Of losses for which far targets count little, they are soft-clipped, because the variance would depend on the
        far ones alone. Those of "poisson" and "gamma" are square roots and logarithms, which have about the same
        variance for small and large means.
        """
        numbers = super().to_split(values[:, :1] if self._quantiles else values)
        if self.loss in ROBUST_LOSSES:
            numbers /= np.sqrt(1 + (numbers / _SOFT_LIMIT) ** 2)
        elif self.loss in POSITIVE_LOSSES:
            numbers = np.sqrt(numbers) if self.loss == "poisson" else np.log(numbers)
        return numbers


def learn_table_encoding(
    request: TableRequest, y: ArrayLike | None, weight: NDArray[np.float64] | None, n_rows: int
) -> tuple[TableEncoding, CountedTargets]:
    """Return what y means, and the targets of the rows that count."""
    array = as_targets(y, n_rows, request.class_name, labels=request.is_classifier)
    if request.is_classifier:
        return _learn_table_classes(request, array, weight)
    return _learn_table_numbers(request, array, weight, feature_names(y))


def _learn_table_classes(
    request: TableRequest, y: NDArray[Any], weight: NDArray[np.float64] | None
) -> tuple[TableEncoding, CountedTargets]:
    kind_of_labels(y)  # raises an error for rows of weight 0 too
    rows, equal_weight = rows_that_count(weight, len(y))
    every, values = learn_labels(y[rows])
    labels = every
    weights = weights_of_classes(request.options.class_weight, every, values, equal_weight)
    if weights is not None:
        product = weights.times(None if weight is None else weight[rows], values)
        remaining, equal_weight = rows_that_count(product, len(rows))
        if len(remaining) < len(rows):
            rows = rows[remaining]
            labels, values = learn_labels(y[rows])  # without the labels of weight 0
    if len(labels.classes) < 2:
        where = "" if len(rows) == len(y) else " in rows of positive weight"
        raise ValueError(
            f"{request.class_name} needs at least 2 classes{where}, got 1 class: {labels.classes.tolist()[0]!r}."
        )
    if request.warm_model is not None:
        known = request.warm_model.class_labels
        if labels.kind != known.kind or not np.array_equal(labels.classes, known.classes):
            raise ValueError(
                f"warm_start=True needs the classes of the model, {reprlib.repr(known.classes.tolist())}, got "
                f"{reprlib.repr(labels.classes.tolist())} ({labels.kind})."
            )
    encoding = TableClassEncoding(labels, every, weights)
    return encoding, encoding.targets_of(rows, values, equal_weight)


def _learn_table_numbers(
    request: TableRequest, y: NDArray[Any], weight: NDArray[np.float64] | None, names: NDArray[Any] | None
) -> tuple[TableEncoding, CountedTargets]:
    numbers = table_numbers(y)
    n = numbers.shape[1]
    loss, quantile, previous = request.options.loss, request.options.quantile, request.warm_model
    if isinstance(quantile, tuple) and n > 1:
        expected = "one number if y has several columns"
        problem = "<quantile> must be {}, got {!r} and {} columns."
        raise InvalidParameterError(problem, expected, quantile, n, quantile=quantile, expected=expected)
    rows, weight = rows_that_count(weight, len(numbers))
    numbers = numbers[rows]
    if previous is not None and previous.net.activations[-1] != _output_of(loss):
        raise ValueError(f"warm_start=True needs the loss {previous.net.loss!r} or one of its kind, got {loss!r}.")
    _require_positive(numbers, loss)
    scale = _learn_scale(numbers, weight, None if previous is None else previous.answer_scale, loss)
    scale = scale._replace(names=None if n == 1 or names is None else names.tolist())
    encoding = TableNumberEncoding(loss, quantile, scale)
    return encoding, encoding.targets_of(rows, numbers, weight)


def rows_that_count(
    weight: NDArray[np.float64] | None, n_rows: int
) -> tuple[NDArray[np.intp], NDArray[np.float64] | None]:
    """Return the rows that count, and their weights; None for equal weights, which count as none.

    Weights are divided by a power of 2 that changes no bit of the results, so that they are at most 1: the networks
    need normal numbers of float32. Rows whose weights are negligible beside the largest one do not count.
    """
    if weight is None:
        return np.arange(n_rows), None
    weight = np.ldexp(weight, -int(np.frexp(weight.max())[1]))
    rows = np.flatnonzero(weight >= _NEGLIGIBLE)
    weight = weight[rows]
    return rows, None if (weight == weight[0]).all() else weight


def table_numbers(y: NDArray[Any], n_targets: int | None = None) -> NDArray[np.float64]:
    """Return the targets, a column for each of them, as a copy, which other threads cannot change."""
    values = to_float64(np.array(y), "y")
    require_finite(values, "y")
    if n_targets is not None and values.size != len(y) * n_targets:
        raise ValueError(f"y must have {n_targets} columns, as in fit, got an array of shape {values.shape}.")
    values = values.reshape(len(y), -1)
    _require_within(values, 0.0, _LARGEST, "y must be between -1e150 and 1e150")
    return values


def _output_of(loss: str) -> str:
    """Return the activation of the outputs for numbers of a table."""
    return "exp" if loss in POSITIVE_LOSSES else "identity"


def _learn_scale(
    values: NDArray[np.float64], weight: NDArray[np.float64] | None, known: AnswerScale | None, loss: str
) -> AnswerScale:
    """Return the scale of the columns of values; that of a warm start has the known centres and spreads."""
    n = values.shape[1]
    if known is not None and np.size(known.centre) != n:
        raise ValueError(
            f"warm_start=True needs as many columns of y as the model has, {np.size(known.centre)}, got {n}."
        )
    before = [None] * n if known is None else np.transpose(known.numbers).reshape(n, 4).tolist()
    learn = _quartiles if loss in ROBUST_LOSSES else _mean if loss in POSITIVE_LOSSES else _moments
    found = [_learn_scale_of_one(one, weight, scale, learn) for one, scale in zip(values.T, before, strict=True)]
    return AnswerScale(*(found[0] if n == 1 else zip(*found, strict=True)))


def _learn_scale_of_one(
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
        centre, spread = learn(values, weight)
        limits = []
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
            row = int(wrong.argmax())
            least = "be positive" if loss == "gamma" else "not be negative"
            raise ValueError(
                Message("y must {} for <loss=>, got {:g} in row {}.", least, values[row].min(), row, loss=loss)
            )


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
