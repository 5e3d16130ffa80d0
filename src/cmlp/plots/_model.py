"""Reading networks and estimators for the plots: layers, activations, answers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.checks import as_rows, check_width
from cmlp._data.scale import scaled
from cmlp._estimators.fitted import unchanging
from cmlp._model.model import TrainedModel, model_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


class Layers:
    """The layers of a `Network` or a fitted estimator, but for tables; outputs without classes are numbered from 0."""

    def __init__(self, model: Any) -> None:
        self.name = type(model).__name__
        trained = model_of(model, tables=False)
        self._model, self._n_threads = trained, model.n_threads
        self.weights, self.biases, self.sizes = trained.first.weights, trained.first.biases, trained.net.sizes
        labels = trained.labels
        names = [] if labels is None else list(map(str, labels.classes))
        numbers = list(map(str, range(self.sizes[-1])))
        self.output_names = names if len(names) == len(numbers) else numbers

    def activations(self, X: ArrayLike) -> list[NDArray[Any]]:
        """Return the activations of all layers, the scaled inputs first, each of shape (n_rows, size)."""
        rows, _ = as_rows(X, self.name)
        check_width(rows.shape[1], self.sizes[0], self.name)
        (net, params), scale = self._model.first, self._model.input_scale
        later = net.activations_of(params, rows, scale=scale, n_threads=self._n_threads)
        dense = rows if isinstance(rows, np.ndarray) else np.asarray(X.toarray())  # type: ignore[union-attr]
        return [scaled(dense, scale, net.dtype), *later]


def own_model(model: Any) -> TrainedModel | None:
    """Return the trained model of a network or an estimator of this package, or None for others, such as a pipeline."""
    return model_of(model) if hasattr(model, "_trained") else None


def is_network(model: Any) -> bool:
    """Return whether a model is a `Network`, which has no labels."""
    trained = own_model(model)
    return trained is not None and trained.kind == "network"


def is_classifier(model: Any) -> bool:
    """Return whether a model gives a score for each class."""
    return model.output in ("softmax", "logistic") if is_network(model) else hasattr(model, "predict_proba")


def answers_of(model: Any, X: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the classes of a `Network` or of any classifier, also a pipeline, and their scores (n_rows, n_classes)."""
    if not is_classifier(model):
        raise TypeError(
            f"estimator must be a classifier or a Network with softmax or logistic outputs, got {describe(model)}."
        )
    if is_network(model):
        scores = model.forward(X)
        if scores.shape[1] == 1:
            scores = np.concatenate([1 - scores, scores], axis=1)
        return np.arange(scores.shape[1]), scores
    model = unchanging(model)
    trained = own_model(model)
    if trained is not None and trained.labels is not None and trained.labels.kind == "multilabel":
        raise ValueError(f"estimator must have one class per row, got a {describe(model)} with multilabel targets.")
    scores = np.asarray(model.predict_proba(X))
    return np.asarray(model.classes_), scores


def describe(model: Any) -> str:
    """Return a model as text for an error message."""
    return repr(model) if is_network(model) else type(model).__name__


def image_shape_of(n_pixels: int, given: Sequence[int] | None) -> tuple[int, int] | None:
    """Return the height and width of images, or None if the number of pixels is not a square and none are given."""
    if given is not None:
        shape = tuple(given)
        if len(shape) != 2 or shape[0] * shape[1] != n_pixels or min(shape) < 1:
            raise ValueError(f"image_shape must be two sizes whose product is {n_pixels}, got {given!r}.")
        return shape
    side = math.isqrt(n_pixels)
    return (side, side) if side * side == n_pixels and side > 2 else None


def required_image_shape(n_pixels: int, given: Sequence[int] | None) -> tuple[int, int]:
    """Return the height and width of images; raises ValueError if they are not known."""
    shape = image_shape_of(n_pixels, given)
    if shape is None:
        raise ValueError(
            f"image_shape must be given, because rows of {n_pixels} values are not square images; "
            "for example image_shape=(height, width)."
        )
    return shape


def index_of(value: int, size: int, name: str) -> int:
    """Return a non-negative index; raises ValueError if it is out of range."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or not -size <= value < size:
        raise ValueError(f"{name} must be an integer from {-size} to {size - 1}, got {value!r}.")
    return int(value) % size
