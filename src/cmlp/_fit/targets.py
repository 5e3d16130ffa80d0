"""What y means to training: a `TargetEncoding`, learned from the first y and used for later blocks and validation rows.

Those of one network are here: `ClassEncoding` and `NumberEncoding` of the estimators, `TrainerEncoding` of a `Trainer`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from cmlp._bridge import _core
from cmlp._data.array_types import AnyArray, ArrayLike, LossFunction, NDArray
from cmlp._data.arrays import readable, targets_in_range
from cmlp._data.checks import CheckedRows, as_numbers, as_quantile_targets, as_targets
from cmlp._data.encoded_rows import EncodedRows
from cmlp._data.labels import (
    Labels,
    as_class_indices,
    kind_of_labels,
    mixes_text,
)
from cmlp._data.losses import traits_of
from cmlp._data.weights import ClassWeights, as_weights
from cmlp._train.objective import Objective, objective_of_numbers, y_advice
from cmlp._train.scores import accuracy, require_rows


class TargetEncoding(ABC):
    """The rules by which y becomes targets; made once, from the first y."""

    n_outputs: int
    output: str  # activation of the output layer
    labels: Labels | None = None  # the classes of a classifier
    class_weights: ClassWeights | None = None  # for the parameter `class_weight`

    @abstractmethod
    def objective(self) -> Objective:
        """Return what training minimizes, and how it scores."""

    def strata(self, values: AnyArray) -> AnyArray | None:
        """Return each row's stratum, for a stratified validation split; None if it is not stratified."""
        return None

    def weigh(
        self, targets: AnyArray, weight: NDArray[np.float64] | None, *, require_positive: bool
    ) -> NDArray[np.float64] | None:
        """Return the weights of rows, multiplied by those of their classes."""
        weights = self.class_weights
        if weights is None:
            return weight
        return weights.times(weight, targets, require_positive=require_positive)

    @abstractmethod
    def values(self, y: AnyArray) -> AnyArray:
        """Return targets for the core."""

    def encode(
        self, rows: CheckedRows, *, require_positive: bool = True, number: int = 0
    ) -> EncodedRows:
        """Return rows for the core; ValueError if `require_positive` and no weight is."""
        targets = self.values(rows.y)
        weight = self.weigh(targets, rows.weight, require_positive=require_positive)
        return EncodedRows(rows.X, targets, weight, number)


class ClassEncoding(TargetEncoding):
    """Labels of a classifier."""

    labels: Labels

    def __init__(self, labels: Labels, loss: object, class_weights: ClassWeights | None) -> None:
        self.labels, self.n_outputs, self.class_weights = labels, labels.n_outputs, class_weights
        softmax = labels.kind == "multiclass" and not traits_of(loss).is_squared
        self.output = "softmax" if softmax else "logistic"

    def values(self, y: AnyArray) -> AnyArray:
        """Return encoded labels."""
        return self.labels.encode(y)

    def objective(self) -> Objective:
        """Return the objective with the accuracy as score."""
        labels = self.labels
        return Objective(lambda outputs, y, weight: accuracy(labels.correct(outputs, y), weight))

    def strata(self, values: AnyArray) -> AnyArray | None:
        """Return the classes of the rows if there are two."""
        return values[:, 0] if self.labels.kind == "binary" else None


class NumberEncoding(TargetEncoding):
    """Numbers of a regressor, with an output for each column or, of one column, for each quantile."""

    def __init__(
        self,
        loss: str | LossFunction,
        loss_parameter: float | tuple[float, ...],
        n_columns: int,
        y_scale: str | None = None,
    ) -> None:
        self.loss = loss
        self.quantiles = loss_parameter if isinstance(loss_parameter, tuple) else None
        self._y_scale = y_scale
        self.n_outputs = n_columns if self.quantiles is None else len(self.quantiles)
        self.output = traits_of(self.loss).output

    def values(self, y: AnyArray) -> AnyArray:
        """Return a matrix of numbers."""
        targets = targets_in_range(as_matrix(y), self.loss)
        if self.quantiles is not None:
            return as_quantile_targets(targets, self.n_outputs)
        if targets.shape[1] != self.n_outputs:
            raise ValueError(f"y must have {self.n_outputs} outputs, got {targets.shape[1]}.")
        return targets

    def objective(self) -> Objective:
        """Return the objective with the score of the loss: R^2, or D^2 for several quantiles."""
        loss = self.loss
        objective = objective_of_numbers(self.quantiles)._replace(y_scale=self._y_scale)
        if not callable(loss):
            objective = objective._replace(y_advice=y_advice(loss, "y_scale='standard'"))
        # Half the mean over the outputs, with the sum's gradient, as in scikit-learn 1.9. `tol` compares this loss, so
        # it must not depend on the version of scikit-learn that a program has imported.
        if traits_of(loss).is_squared:
            objective = objective._replace(loss_scale=0.5, report_scale=1.0 / self.n_outputs)
        return objective


def as_matrix(y: AnyArray) -> AnyArray:
    """Return numbers as a matrix."""
    y = as_numbers(y)
    return y[:, np.newaxis] if y.ndim == 1 else y


def accuracy_of_labels(
    predicted: AnyArray,
    y: ArrayLike,
    sample_weight: ArrayLike | None,
    labels: Labels,
    owner: str,
) -> float:
    """Return the accuracy of predicted labels for the y that a user passed to `owner`.

    Labels that the model does not have count as wrong, as in scikit-learn, with a warning.
    """
    require_rows(predicted)
    truth = as_targets(y, len(predicted), owner, labels=True, warn_of_column=False)
    if truth.dtype.kind == "O":
        kind_of_labels(truth)  # raises an error for a missing label
    if truth.shape != predicted.shape:
        raise ValueError(
            f"y must have the shape {predicted.shape} of the predictions, got {truth.shape}."
        )
    if mixes_text(truth, predicted):
        raise ValueError(
            f"y must have labels like those of the predictions (dtype {predicted.dtype}), got "
            f"dtype {truth.dtype}."
        )
    correct = (truth == predicted).reshape(len(truth), -1).all(axis=1)
    if labels.kind != "multilabel" and not correct.all():
        labels.warn_of_unknown(truth[~correct], len(truth))
    return accuracy(correct, as_weights(sample_weight, len(truth)))


class TrainerEncoding(TargetEncoding):
    """Targets of a `Trainer`, as `Network.cost` accepts them: class indices, or a matrix."""

    def __init__(self, net: _core.Net, y: AnyArray) -> None:
        self._net = net
        self._has_indices = y.ndim == 1
        self.n_outputs = net.n_out
        self.output = net.activations[-1]

    def values(self, y: AnyArray) -> AnyArray:
        """Return class indices, or the matrix as it is."""
        net = self._net
        if y.ndim == 1:
            return as_class_indices(y, net.n_out, self.output)
        if y.ndim != 2 or y.shape[1] != net.n_out:
            raise ValueError(f"y must have shape (n,) or (n, {net.n_out}), got {y.shape}.")
        return targets_in_range(readable(y, "y"), net.loss)

    def objective(self) -> Objective:
        """Return the objective.

        The score is the accuracy if the loss is a log loss or a variant of it, or if y has class indices; otherwise the
        coefficient of determination.
        """
        net = self._net
        if self._has_indices:
            return Objective(
                lambda outputs, y, weight: accuracy(outputs.argmax(axis=1) == y, weight)
            )
        quantiles = net.loss_parameter if isinstance(net.loss_parameter, tuple) else None
        if quantiles is not None or not traits_of(net.loss).has_probabilities:
            advice = y_advice(net.loss, "standardizing y" if self.output == "identity" else "")
            return objective_of_numbers(quantiles)._replace(y_advice=advice)
        if self.output == "softmax":
            return Objective(
                lambda outputs, y, weight: accuracy(
                    outputs.argmax(axis=1) == y.argmax(axis=1), weight
                )
            )
        return Objective(
            lambda outputs, y, weight: accuracy(((outputs > 0.5) == (y > 0.5)).all(axis=1), weight)
        )

    def strata(self, values: AnyArray) -> AnyArray | None:
        """Return the only column if it is of zeros and ones, as for a binary classifier."""
        is_column = traits_of(self._net.loss).has_probabilities and self.n_outputs == 1
        if self._has_indices or not is_column or self.output == "softmax":
            return None
        return values[:, 0] if bool(np.isin(values, (0, 1)).all()) else None
