"""What y means to the networks of a table: labels, or numbers that are standardized, of the rows that count."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from cmlp._data.arrays import require_finite, targets_in_range, to_float64
from cmlp._data.checks import as_targets
from cmlp._data.columns import feature_names
from cmlp._data.labels import Labels, kind_of_labels, learn_labels
from cmlp._data.losses import traits_of
from cmlp._data.scale import median_and_spread
from cmlp._data.weights import ClassWeights, weights_of_classes, weights_of_rows
from cmlp._fit.targets import ClassEncoding, NumberEncoding
from cmlp._model.model import AnswerScale, scaled_mean
from cmlp._process.warnings import warn_of_data
from cmlp._tables.order_of_classes import in_order_of_classes
from cmlp._train.objective import Objective
from cmlp.exceptions import InvalidParameterError, LabelsWarning, short_repr

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cmlp._data.array_types import AnyArray, ArrayLike, Floats, LossFunction, NDArray
    from cmlp._data.groups import Groups
    from cmlp._tables.table_call import TableCall


_MOST_INTEGERS = 50  # classes, up to which integers are not judged
_NEGLIGIBLE = 1e-30  # the weight of a row beside one of 1
_LARGEST = 1e150  # squares of targets are finite
_MOST_SPREADS = 1e18  # whose squares are finite in float32
# Of the target of robust losses, in interquartile ranges, as for columns of numbers.
_SOFT_LIMIT = 3.0


class CountedRows(NamedTuple):
    """The rows of a table that count, with their targets."""

    row_index: NDArray[np.intp]
    values: AnyArray  # the targets as the core reads them
    truth: AnyArray  # as `scores_of` compares it with outputs: y itself if it is numbers
    weight: NDArray[np.float64] | None
    groups: Groups | None = None


class TableClassEncoding(ClassEncoding):
    """Labels of a table. Those of rows that do not count are no classes, but may have weights."""

    answer_scale: AnswerScale | None = None

    def __init__(
        self, labels: Labels, every: Labels, loss: object, class_weights: ClassWeights | None
    ) -> None:
        super().__init__(labels, loss, class_weights)
        self._every = every  # the labels to which `class_weights` belong

    @property
    def weights_of_labels(self) -> NDArray[np.float64] | None:
        """The `class_weights` of the model: those of its labels, divided by a power of 2, and None if all are equal."""
        if self.class_weights is None:
            return None
        weights = np.stack(self.class_weights.columns)
        if self.labels.kind != "multilabel":
            weights = weights[
                :, self._every.encode(self.labels.classes).reshape(-1).astype(np.intp)
            ]
        if (weights == weights[:, :1]).all():
            return None
        return np.asarray(np.ldexp(weights, -np.frexp(weights.max(axis=1, keepdims=True))[1]))

    def targets(self, y: AnyArray, weight: NDArray[np.float64] | None) -> CountedRows:
        """Return the targets of the rows that count."""
        values = self._every.encode(y)
        row_index, weight = rows_that_count(
            self.weigh(values, weight, require_positive=True), len(y)
        )
        return self.targets_of(row_index, self.values(y[row_index]), weight)

    def targets_of(
        self, row_index: NDArray[np.intp], values: AnyArray, weight: NDArray[np.float64] | None
    ) -> CountedRows:
        """Return the targets of rows that count, from their encoded labels."""
        truth = self.strata(values)
        return CountedRows(row_index, values, values if truth is None else truth, weight)

    def objective(self) -> Objective:
        """Return the objective without a score: the validation loss decides."""
        return Objective(score_of_outputs=None)

    def strata(self, values: AnyArray) -> AnyArray | None:
        """Return the classes of the rows; None for several labels."""
        return None if self.labels.kind == "multilabel" else self.labels.indices(values)

    def to_average(self, values: AnyArray) -> AnyArray:
        """Return what is averaged in each category: the second of two classes, each class or label.

        Of ordered classes, what each output answers.
        """
        classes = self.strata(values)
        if classes is None or self.labels.kind == "ordered":
            return values
        averaged: AnyArray = classes[:, None] == np.arange(len(self.labels.classes))
        return averaged[:, 1:] if self.labels.kind == "binary" else averaged

    def to_split(self, values: AnyArray) -> AnyArray:
        """Return the classes, which the splits of columns should separate, or a column of numbers for each label.

        Of ordered classes, a column for each output.
        """
        classes = self.strata(values)
        if classes is None or self.labels.kind == "ordered":
            return values.astype(np.float64)
        return classes


class TableNumberEncoding(NumberEncoding):
    """Numbers of a table, standardized: `answer_scale` is what predictions of them need."""

    weights_of_labels = None

    def __init__(
        self,
        loss: str | LossFunction,
        loss_parameter: float | tuple[float, ...],
        answer_scale: AnswerScale,
    ) -> None:
        super().__init__(loss, loss_parameter, len(answer_scale.centre))
        self.answer_scale = answer_scale

    def targets(self, y: AnyArray, weight: NDArray[np.float64] | None) -> CountedRows:
        """Return the targets of the rows that count; others may be far away."""
        centre, spread = np.asarray(self.answer_scale.centre), np.asarray(self.answer_scale.scale)
        row_index, weight = rows_that_count(weight, len(y))
        numbers = np.tile(centre, (len(y), 1))
        numbers[row_index] = table_numbers(y, centre.size)[row_index]
        targets_in_range(numbers[row_index], self.loss)
        _require_within(
            numbers, centre, _MOST_SPREADS * spread, "y is too far from the y of training"
        )
        return self.targets_of(row_index, numbers[row_index], weight)

    def targets_of(
        self,
        row_index: NDArray[np.intp],
        numbers: NDArray[np.float64],
        weight: NDArray[np.float64] | None,
    ) -> CountedRows:
        """Return the targets of rows that count, from their numbers."""
        return CountedRows(row_index, self.values(numbers), numbers, weight)

    def values(self, y: AnyArray) -> AnyArray:
        """Return standardized numbers, a column for each output."""
        values = (y - np.asarray(self.answer_scale.centre)) / np.asarray(self.answer_scale.scale)
        if traits_of(self.loss).needs_positive_targets:
            values = np.maximum(values, np.finfo(np.float32).tiny)
        return np.broadcast_to(values.astype(np.float32), (len(values), self.n_outputs))

    def objective(self) -> Objective:
        """Return the objective: for several quantiles with a score, otherwise the validation loss decides."""
        if self.quantiles is None:
            return Objective(score_of_outputs=None)
        return Objective(
            partial(_pinball_score, np.asarray(self.quantiles)), score_is_minus_loss=True
        )

    def to_average(self, values: AnyArray) -> AnyArray:
        """Return what is averaged in each category: standardized targets, one for all quantiles."""
        return values if self.quantiles is None else values[:, :1]

    def to_split(self, values: AnyArray) -> AnyArray:
        """Return numbers whose variance the splits of columns should lower, in one column for all quantiles.

        Of losses for which far targets count little, they are soft-clipped, because the variance would depend on the
        far ones alone. For losses with exponential outputs they are logarithms, or square roots if targets can be 0:
        the variance of counts and amounts grows with their mean, that of these numbers much less.
        """
        numbers = (values if self.quantiles is None else values[:, :1]).astype(np.float64)
        if traits_of(self.loss).is_robust:
            numbers /= np.sqrt(1 + (numbers / _SOFT_LIMIT) ** 2)
        elif traits_of(self.loss).has_positive_outputs:
            if traits_of(self.loss).needs_positive_targets:
                numbers = np.log(numbers)
            else:
                numbers = np.sqrt(numbers)
        return numbers


TableEncoding: TypeAlias = TableClassEncoding | TableNumberEncoding


def learn_table_encoding(
    call: TableCall,
    y: ArrayLike | None,
    weight: NDArray[np.float64] | None,
    n_rows: int,
    n_networks: int,
) -> tuple[TableEncoding, CountedRows]:
    """Return how `n_networks` networks encode y, and the targets of the rows that count."""
    array = as_targets(y, n_rows, call.class_name, labels=call.is_classifier)
    if call.is_classifier:
        return _learn_table_classes(call, array, weight, y)
    return _learn_table_numbers(call, array, weight, feature_names(y), n_networks)


def _learn_table_classes(
    call: TableCall, y: AnyArray, weight: NDArray[np.float64] | None, given: object
) -> tuple[TableEncoding, CountedRows]:
    """Return the classes of y, whose order can be that of the type of what the user has given."""
    kind_of_labels(y)  # raises an error for rows of weight 0 too
    row_index, equal_weight = rows_that_count(weight, len(y))
    every, values = learn_labels(y[row_index], warns_of_spellings=False)
    labels = every
    weights = weights_of_classes(call.options.class_weight, every, values, equal_weight)
    if weights is not None:
        product = weights.times(weights_of_rows(weight, row_index), values)
        remaining, equal_weight = rows_that_count(product, len(row_index))
        if len(remaining) < len(row_index):
            row_index = row_index[remaining]
            labels, values = learn_labels(
                y[row_index], warns_of_spellings=False
            )  # without the labels of weight 0
    if len(labels.classes) < 2:
        where = "" if len(row_index) == len(y) else " in rows of positive weight"
        raise ValueError(
            f"{call.class_name} needs at least 2 classes{where}, got 1 class: "
            f"{labels.classes.tolist()[0]!r}."
        )
    ordered = in_order_of_classes(labels, given, call.options)
    if ordered is not labels:
        labels = ordered
        values = labels.encode(y[row_index])
    elif call.warm_model is None:
        _warn_of_integers(labels, len(row_index))
    if call.warm_model is not None:
        earlier = call.warm_model.class_labels
        if labels.kind != earlier.kind or not np.array_equal(labels.classes, earlier.classes):
            raise ValueError(
                "warm_start=True needs the classes of the model, "
                f"{short_repr(earlier.classes.tolist())}, got {short_repr(labels.classes.tolist())} "
                f"({labels.kind})."
            )
    encoding = TableClassEncoding(labels, every, call.options.loss, weights)
    return encoding, encoding.targets_of(row_index, values, equal_weight)


def _warn_of_integers(labels: Labels, n_rows: int) -> None:
    """Warn of classes that are probably numbers to predict: integers that hardly repeat."""
    n = len(labels.classes)
    if labels.classes.dtype.kind in "iu" and n > max(_MOST_INTEGERS, n_rows / 2):
        warn_of_data(
            f"y has {n:,} different integers in {n_rows:,} rows, and each of them is a class. To "
            "predict numbers, use TabularRegressor.",
            LabelsWarning,
        )


def _learn_table_numbers(
    call: TableCall,
    y: AnyArray,
    weight: NDArray[np.float64] | None,
    names: AnyArray | None,
    n_networks: int,
) -> tuple[TableEncoding, CountedRows]:
    numbers = table_numbers(y)
    n = numbers.shape[1]
    loss, quantile, previous = call.options.loss, call.options.loss_parameter, call.warm_model
    if isinstance(quantile, tuple) and n > 1:
        expected = "one number if y has several columns"
        raise InvalidParameterError(
            f"quantile must be {expected}, got {quantile!r} and {n} columns.",
            parameter="quantile",
            value=quantile,
            expected=expected,
        )
    row_index, weight = rows_that_count(weight, len(numbers))
    numbers = numbers[row_index]
    if previous is not None and previous.net.activations[-1] != traits_of(loss).output:
        raise InvalidParameterError(
            f"warm_start=True needs the loss {previous.net.loss!r} or one of its kind, got "
            f"{loss!r}.",
            parameter="loss",
            value=loss,
        )
    targets_in_range(numbers, loss)
    earlier = None if previous is None else previous.answer_scale
    scale = _learn_scale(numbers, weight, earlier, loss, n_networks)
    scale = scale._replace(names=None if n == 1 or names is None else names.tolist())
    encoding = TableNumberEncoding(loss, quantile, scale)
    return encoding, encoding.targets_of(row_index, numbers, weight)


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
    row_index = np.flatnonzero(weight >= _NEGLIGIBLE)
    weight = weight[row_index]
    return row_index, None if (weight == weight[0]).all() else weight


def table_numbers(y: AnyArray, n_targets: int | None = None) -> NDArray[np.float64]:
    """Return the targets, a column for each of them, as a copy, which other threads cannot change."""
    values = to_float64(np.array(y), "y")
    require_finite(values, "y")
    if n_targets is not None and values.size != len(y) * n_targets:
        raise ValueError(
            f"y must have {n_targets} columns, as in fit, got an array of shape {values.shape}."
        )
    values = values.reshape(len(y), -1)
    _require_within(values, 0.0, _LARGEST, "y must be between -1e150 and 1e150")
    return values


def _learn_scale(
    values: NDArray[np.float64],
    weight: NDArray[np.float64] | None,
    earlier: AnswerScale | None,
    loss: str | LossFunction,
    n_networks: int,
) -> AnswerScale:
    """Return the scale of the columns of values; a warm start keeps the centres and spreads of the earlier fit."""
    n = values.shape[1]
    if earlier is not None and len(earlier.centre) != n:
        raise ValueError(
            f"warm_start=True needs as many columns of y as the model has, {len(earlier.centre)}, "
            f"got {n}."
        )
    before = [None] * n if earlier is None else [*zip(*earlier.numbers, strict=True)]
    traits = traits_of(loss)
    learn = _mean_and_deviation
    if traits.is_robust:
        learn = _median_and_range
    elif traits.has_positive_outputs:
        learn = _zero_and_mean
    found = [
        _learn_scale_of_one(one, weight, scale, learn, n_networks)
        for one, scale in zip(values.T, before, strict=True)
    ]
    return AnswerScale(*zip(*found, strict=True))


def _learn_scale_of_one(
    values: NDArray[np.float64],
    weight: NDArray[np.float64] | None,
    earlier: Sequence[float] | None,
    learn: Callable[[NDArray[np.float64], NDArray[np.float64] | None], tuple[float, float]],
    n_networks: int,
) -> tuple[float, float, float, float]:
    """Return centre, spread, and the lowest and highest scaled value of one target."""
    if earlier is None:
        centre, spread = learn(values, weight)
        return centre, spread, *_limits(values, centre, spread, n_networks)
    centre, spread, first_low, first_high = earlier
    message = "y is too far from the y of the first fit"
    _require_within(values[:, None], centre, _MOST_SPREADS * spread, message)
    low, high = _limits(values, centre, spread, n_networks)
    return centre, spread, min(low, first_low), max(high, first_high)


def _limits(
    values: NDArray[np.float64], centre: float, spread: float, n_networks: int
) -> tuple[float, float]:
    """Return the lowest and the highest scaled value whose predictions by `n_networks` networks are within the values.

    Scaling back rounds, so that the prediction of a limit can be beyond the value that gave it by a few roundings. The
    limit moves by as many.
    """

    def prediction(output: float) -> float:
        return float(scaled_mean([np.array(output)] * n_networks, centre, spread))

    lowest, highest = float(values.min()), float(values.max())
    low, high = (lowest - centre) / spread, (highest - centre) / spread
    while prediction(low) < lowest:
        low = math.nextafter(low, math.inf)
    while prediction(high) > highest:
        high = math.nextafter(high, -math.inf)
    return low, high


def _mean_and_deviation(
    values: NDArray[np.float64], weight: NDArray[np.float64] | None
) -> tuple[float, float]:
    """Return the mean and the standard deviation; 1 for equal numbers, and the range if the squares are 0."""
    centre = _mean(values, weight)
    width = float(np.ptp(values))
    if not width:
        return centre, 1.0
    if weight is None:
        return centre, float(values.std()) or width
    variance = np.average(((values - centre) / width) ** 2, weights=weight)
    return centre, float(np.sqrt(variance)) * width or width


def _median_and_range(
    values: NDArray[np.float64], weight: NDArray[np.float64] | None
) -> tuple[float, float]:
    """Return the median and the interquartile range, but at least a spread that all numbers are near enough to."""
    centre, spread = median_and_spread(values, weight)
    return centre, max(spread, float(np.abs(values - centre).max()) / _MOST_SPREADS) or 1.0


def _zero_and_mean(
    values: NDArray[np.float64], weight: NDArray[np.float64] | None
) -> tuple[float, float]:
    """Return 0 and the mean: for positive outputs, whose initial values are near 1."""
    return 0.0, _mean(values, weight) or 1.0


def _mean(values: NDArray[np.float64], weight: NDArray[np.float64] | None) -> float:
    """Return the mean, within the values: rounding can move that of equal ones, and no output would predict these."""
    return float(np.clip(np.average(values, weights=weight), values.min(), values.max()))


def _require_within(
    values: NDArray[np.float64],
    centre: float | NDArray[np.float64],
    distance: float | NDArray[np.float64],
    message: str,
) -> None:
    """Raise ValueError, with the first such row, if a number is farther from the centre of its column."""
    far = np.abs(values - centre) > distance
    if far.any():
        row, column = divmod(int(far.argmax()), values.shape[1])
        place = f"row {row}" if values.shape[1] == 1 else f"row {row}, column {column}"
        raise ValueError(f"{message}, got {values[row, column]:g} in {place}.")


def _pinball_score(
    levels: NDArray[np.float64], outputs: Floats, y: AnyArray, weight: AnyArray | None
) -> float:
    """Return minus the mean pinball loss of predicted quantiles, which are sorted, unlike those in the cost."""
    rest = y - outputs.astype(np.float64)
    losses = np.maximum(levels * rest, (levels - 1) * rest).mean(axis=1)
    return -float(np.average(losses, weights=weight))
