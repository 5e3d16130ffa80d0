"""Weights of rows, given or from the classes."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from numbers import Number, Real
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from cmlp._data.array_types import AnyArray, ArrayLike, FloatType, NDArray
from cmlp._data.arrays import rectangular, refuse_complex, refuse_sparse, require_finite, to_float64
from cmlp._data.labels import Labels
from cmlp.exceptions import InvalidParameterError, shown

ClassWeight: TypeAlias = str | Mapping[Any, float] | Sequence[Mapping[Any, float]] | None


def require_normal(weight: NDArray[np.float64] | None, dtype: FloatType) -> None:
    """Raise ValueError unless each weight is 0 or a normal number of the dtype in which the network computes."""
    if weight is None:
        return
    least, most = _normal_range(dtype)
    wrong = (weight != 0) & ((weight < least) | (weight > most))
    if wrong.any():
        name = "sample_weight (with class_weight, their product)"
        raise ValueError(refusal(weight, int(wrong.argmax()), dtype, name))


def refusal(
    weight: NDArray[np.float64], row: int, dtype: FloatType, name: str = "sample_weight"
) -> str:
    """Return why a network of this dtype cannot use the weight of a row; with the row -1, why not their sum."""
    least, most = _normal_range(dtype)
    if row < 0:
        return f"{name} must have a positive sum of at most {most:g}, for {dtype}."
    return (
        f"{name} must have numbers that are 0 or from {least:g} to {most:g}, for {dtype}, got "
        f"{weight[row]:g} in row {row}."
    )


def _normal_range(dtype: FloatType) -> tuple[float, float]:
    """Return the least and the greatest weight: the numbers that are normal, and whose reciprocals are."""
    least = float(np.finfo(dtype).tiny)
    return least, 1 / least


def as_weights(
    sample_weight: ArrayLike | None, n_rows: int, *, require_positive: bool = True
) -> NDArray[np.float64] | None:
    """Return sample weights as a float64 array, one per row; None if `sample_weight` is None.

    A single number applies to every row. With `require_positive`, at least one weight must be positive.
    """
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Number):
        sample_weight = np.full(n_rows, sample_weight)
    refuse_sparse(sample_weight, "sample_weight")
    weights = rectangular(sample_weight, "sample_weight")
    refuse_complex(weights)
    if weights.ndim != 1:
        given = f"{weights.ndim}D array" if weights.ndim else type(sample_weight).__name__
        raise ValueError(
            f"Sample weights must be 1D array or scalar, got {given}. "
            f"Expected either a scalar value or a 1D array of length {n_rows}."
        )
    weights = np.ascontiguousarray(to_float64(weights, "sample_weight"))
    if weights.shape != (n_rows,):
        raise ValueError(f"sample_weight.shape == {weights.shape}, expected {(n_rows,)}!")
    require_finite(weights, "sample_weight")
    if (weights < 0).any():
        raise ValueError("Negative values in data passed to `sample_weight`.")
    if require_positive and not weights.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return weights


def weights_of_rows(
    weight: NDArray[np.float64] | None, row_index: AnyArray | slice
) -> NDArray[np.float64] | None:
    """Return the weights of some of the rows; None without weights."""
    if weight is None:
        return None
    return weight[row_index]


# ------------------------------------------------------------------- class weights: the weight of a row from its labels


class ClassWeights(NamedTuple):
    """The weights of classes: learned from the training rows, and used for these and for validation rows."""

    given: ClassWeight
    # The weight of each class; of multilabel targets the two of each column.
    columns: list[NDArray[np.float64]]

    def times(
        self,
        weight: NDArray[np.float64] | None,
        targets: AnyArray,
        *,
        require_positive: bool = True,
    ) -> NDArray[np.float64]:
        """Return sample weights times those of encoded labels; with `require_positive`, one must be positive."""
        product = np.ones(len(targets)) if weight is None else weight
        classes = _indices(targets, len(self.columns))
        for weights, indices in zip(self.columns, classes, strict=True):
            with np.errstate(over="ignore"):  # an infinite product is refused below
                product = product * weights[indices]
        if not np.isfinite(product).all() or (require_positive and not product.any()):
            raise InvalidParameterError(
                "class_weight times sample_weight must be finite, and positive for at least one "
                f"row, got class_weight={shown(self.given)}.",
                parameter="class_weight",
                value=self.given,
            )
        return product


def weights_of_classes(
    class_weight: ClassWeight,
    labels: Labels,
    targets: AnyArray,
    weight: NDArray[np.float64] | None,
) -> ClassWeights | None:
    """Return the weights of the classes, from encoded and weighted training rows; None if `class_weight` is None."""
    if class_weight is None:
        return None
    if labels.kind == "multilabel":
        given, classes = _of_columns(class_weight, targets.shape[1]), [0, 1]
    elif isinstance(class_weight, (list, tuple)):
        expected = "a dict, 'balanced' or None if y has one label per row"
        raise InvalidParameterError(
            f"class_weight must be {expected}, got {shown(class_weight)}.",
            parameter="class_weight",
            value=class_weight,
            expected=expected,
        )
    else:
        given, classes = [class_weight], labels.classes.tolist()
    columns = zip(given, _indices(targets, len(given)), strict=True)
    return ClassWeights(
        class_weight, [_weights(one, classes, indices, weight) for one, indices in columns]
    )


def _indices(targets: AnyArray, n_columns: int) -> list[NDArray[np.intp]]:
    """Return the class indices of each column of encoded labels."""
    return list(targets.reshape(-1, n_columns).astype(np.intp).T)


def _of_columns(class_weight: object, n_columns: int) -> list[object]:
    """Return the class weights of each column of multilabel targets; the errors are those of scikit-learn."""
    if isinstance(class_weight, str):
        return [class_weight] * n_columns
    if not isinstance(class_weight, (list, tuple)):
        expected = "a list of dicts, or the string 'balanced'"
        raise InvalidParameterError(
            f"For multi-output, class_weight should be {expected}.",
            parameter="class_weight",
            value=class_weight,
            expected=expected,
        )
    if len(class_weight) != n_columns:
        raise InvalidParameterError(
            "For multi-output, number of elements in class_weight should match number of "
            f"outputs. Got {len(class_weight)} element(s) while having {n_columns} outputs.",
            parameter="class_weight",
            value=class_weight,
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
        expected = "a list of dicts for multilabel targets"
        raise InvalidParameterError(
            f"class_weight must be {expected}, got the entry {shown(given)}.",
            parameter="class_weight",
            value=given,
            expected=expected,
        )
    missing = [label for label in classes if label not in given]
    if missing and len(classes) - len(missing) != len(given):
        raise InvalidParameterError(
            f"The classes, {missing}, are not in class_weight",
            parameter="class_weight",
            value=given,
        )
    values: list[Any] = [given.get(label, 1.0) for label in classes]
    if not all(isinstance(value, Real) and 0 <= value <= sys.float_info.max for value in values):  # type: ignore[operator]
        raise InvalidParameterError(
            f"class_weight must have finite weights that are not negative, got {shown(given)}.",
            parameter="class_weight",
            value=given,
        )
    return np.array(values, np.float64)
