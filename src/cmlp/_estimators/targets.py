"""What y means to the training of an estimator: one object for training rows, blocks, parts and validation rows."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._data.checks import as_numbers, as_quantile_targets
from cmlp._data.labels import Labels, labels_of, learn_labels
from cmlp._data.weights import weights_of_classes
from cmlp._process.threads import once_per_pool
from cmlp._train.architecture import POSITIVE_LOSSES
from cmlp._train.job import Objective, objective_of_numbers, y_advice
from cmlp._train.scores import accuracy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmlp._data.checks import Opened
    from cmlp._data.weights import ClassWeights
    from cmlp._estimators.request import EstimatorOptions, FitRequest


class Encoded(NamedTuple):
    """Targets as the core reads them, and the weights of their rows, multiplied by those of the classes."""

    values: NDArray[Any]
    weight: NDArray[np.float64] | None


class TargetEncoding:
    """The rules by which y becomes targets; made once, from the first y."""

    n_outputs: int
    output: str  # activation of the output layer
    labels: Labels | None = None  # the classes of a classifier
    class_weights: ClassWeights | None = None  # for the parameter `class_weight`

    def values(self, y: NDArray[Any]) -> NDArray[Any]:
        """Return targets for the core."""
        raise NotImplementedError

    def objective(self) -> Objective:
        """Return what training minimizes, and how it scores."""
        raise NotImplementedError

    def groups(self, values: NDArray[Any]) -> NDArray[Any] | None:
        """Return each row's group, for a stratified validation split; None if it is not stratified."""
        return None

    def encode(self, y: NDArray[Any], weight: NDArray[np.float64] | None, *, some: bool = True) -> Encoded:
        """Return targets and weights; ValueError if `some` weight must be positive, but none is."""
        return self.weighted(self.values(y), weight, some=some)

    def weighted(self, values: NDArray[Any], weight: NDArray[np.float64] | None, *, some: bool) -> Encoded:
        """Return targets for the core, and the weights of their rows multiplied by those of the classes."""
        weights = self.class_weights
        return Encoded(values, weight if weights is None else weights.times(weight, values, some=some))


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
        self.loss, self._y_scale = options.loss, options.y_scale
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
        quantiles, loss, n_outputs = self.quantiles, self.loss, self.n_outputs
        squared = loss == "squared_error"  # in scikit-learn half the mean over the outputs, with the sum's gradient
        return objective_of_numbers(quantiles)._replace(
            loss_scale=0.5 if squared else 1.0,
            report_scale=1.0 / n_outputs if squared and n_outputs > 1 and _averages_squared_errors() else 1.0,
            y_scale=self._y_scale,
            y_advice="" if callable(loss) else y_advice(loss, "y_scale='standard'"),
        )


def _as_matrix(y: NDArray[Any]) -> NDArray[Any]:
    """Return numbers as a matrix."""
    y = as_numbers(y)
    return y[:, np.newaxis] if y.ndim == 1 else y


def learn_targets(request: FitRequest, opened: Opened, *, whole: bool) -> tuple[TargetEncoding, Encoded]:
    """Return what the first y means, and y itself as targets; the classes must be known unless it is the `whole` y."""
    y, weight = opened.y, opened.weight
    if not request.is_classifier:
        numbers = NumberEncoding(request.options, 1 if y.ndim == 1 else y.shape[1])
        return numbers, numbers.encode(y, weight)
    if request.incremental or not whole:
        labels = _known_labels(request, y)
        values = labels.encode(y)
    elif request.previous is not None:
        labels = request.previous.model.labels
        values = labels.encode_all(y)
    else:
        labels, values = once_per_pool(learn_labels, y)
        labels = Labels(labels.kind, labels.classes.copy())  # a program can write to `classes_` of one model
    weights = weights_of_classes(request.options.class_weight, labels, values, weight)
    targets = ClassEncoding(labels, request.options.loss, weights)
    return targets, targets.weighted(values, weight, some=whole)


def _known_labels(request: FitRequest, y: NDArray[Any]) -> Labels:
    """Return the labels if a call sees only a part of the rows; the first call needs `classes`."""
    previous, classes = request.previous, request.classes
    if previous is None:
        if classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        labels = labels_of(classes)
        return Labels("multilabel", labels.classes) if y.ndim == 2 else labels
    labels = previous.model.labels
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
