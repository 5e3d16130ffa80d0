"""Class weights: the weight of a row from its labels."""

from __future__ import annotations

import sys
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    from cmlp._inputs.labels import Labels

    ClassWeight: TypeAlias = str | Mapping[Any, float] | Sequence[Mapping[Any, float]] | None


class ClassWeights(NamedTuple):
    """The weights of classes: learned from the training rows, and used for these and for validation rows."""

    given: ClassWeight
    columns: list[NDArray[np.float64]]  # the weight of each class; of multilabel targets the two of each column

    def times(
        self, weight: NDArray[np.float64] | None, targets: NDArray[Any], *, some: bool = True
    ) -> NDArray[np.float64]:
        """Return sample weights times those of the rows' encoded labels; with `some`, one must be positive."""
        product = np.ones(len(targets)) if weight is None else weight
        for weights, indices in zip(self.columns, _indices(targets, len(self.columns)), strict=True):
            with np.errstate(over="ignore"):  # an infinite product is refused below
                product = product * weights[indices]
        if not np.isfinite(product).all() or (some and not product.any()):
            raise ValueError(
                "class_weight times sample_weight must be finite, and positive for at least one row, "
                f"got class_weight={self.given!r}."
            )
        return product


def weights_of_classes(
    class_weight: ClassWeight, labels: Labels, targets: NDArray[Any], weight: NDArray[np.float64] | None
) -> ClassWeights | None:
    """Return the weights of the classes, from encoded and weighted training rows; None if `class_weight` is None."""
    if class_weight is None:
        return None
    if labels.kind == "multilabel":
        given, classes = _of_columns(class_weight, targets.shape[1]), [0, 1]
    elif isinstance(class_weight, (list, tuple)):
        raise ValueError(
            f"class_weight must be a dict, 'balanced' or None if y has one label per row, got {class_weight!r}."
        )
    else:
        given, classes = [class_weight], labels.classes.tolist()
    columns = zip(given, _indices(targets, len(given)), strict=True)
    return ClassWeights(class_weight, [_weights(one, classes, indices, weight) for one, indices in columns])


def _indices(targets: NDArray[Any], n_columns: int) -> list[NDArray[np.intp]]:
    """Return the class indices of each column of encoded labels."""
    return list(targets.reshape(-1, n_columns).astype(np.intp).T)


def _of_columns(class_weight: Any, n_columns: int) -> list[Any]:
    """Return the class weights of each column of multilabel targets; the errors are those of scikit-learn."""
    if isinstance(class_weight, str):
        return [class_weight] * n_columns
    if not isinstance(class_weight, (list, tuple)):
        raise ValueError("For multi-output, class_weight should be a list of dicts, or the string 'balanced'.")
    if len(class_weight) != n_columns:
        raise ValueError(
            "For multi-output, number of elements in class_weight should match number of outputs. "
            f"Got {len(class_weight)} element(s) while having {n_columns} outputs."
        )
    return list(class_weight)


def _weights(
    given: Any, classes: list[Any], indices: NDArray[np.intp], weight: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """Return the weight of each class, for the classes of one column whose rows have these indices and weights."""
    if isinstance(given, str):  # "balanced"
        if weight is not None:  # sums of moderate numbers are finite
            weight = np.ldexp(weight, -int(np.frexp(weight.max())[1]))
        counts = np.bincount(indices, weight, len(classes))
        present = counts > 0
        weights = np.zeros(len(classes))
        weights[present] = counts.sum() / (present.sum() * counts[present])
        return weights
    if not isinstance(given, dict):
        raise ValueError(f"class_weight must be a list of dicts for multilabel targets, got the entry {given!r}.")
    missing = [label for label in classes if label not in given]
    if missing and len(classes) - len(missing) != len(given):
        raise ValueError(f"The classes, {missing}, are not in class_weight")
    values: list[Any] = [given.get(label, 1.0) for label in classes]
    if not all(isinstance(value, Real) and 0 <= value <= sys.float_info.max for value in values):  # type: ignore[operator]
        raise ValueError(f"class_weight must have finite weights that are not negative, got {given!r}.")
    return np.array(values, np.float64)
