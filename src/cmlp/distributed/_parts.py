"""Rows as the user has them, as delayed parts: tuples (X, y, sample_weight)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from cmlp._estimators.mlp import MultilayerPerceptron
from cmlp.distributed._cluster import load

if TYPE_CHECKING:
    from collections.abc import Sequence

_KINDS = "a Dask array, a Dask data frame or a list of parts"


def require_estimator(model: Any) -> None:
    """Raise TypeError unless a model is an estimator of this package for rows of numbers."""
    if not isinstance(model, MultilayerPerceptron):
        raise TypeError(f"model must be an MLPClassifier or MLPRegressor, got {type(model).__name__}.")


def parts_of(X: Any, y: Any, sample_weight: Any) -> list[Any]:
    """Return a delayed tuple (X, y, sample_weight) for each part; raises if the arguments have no common parts."""
    delayed = load("dask").delayed
    if y is None and isinstance(X, (list, tuple)):
        if sample_weight is not None:
            raise ValueError("sample_weight must be part of the tuples (X, y, sample_weight) if y is None.")
        return [delayed(part, pure=False) for part in X]
    if y is None:
        raise ValueError("y must be passed if X is not a list of tuples (X, y), got None.")
    columns = [_pieces(X, "X", None)]
    for value, name in ((y, "y"), (sample_weight, "sample_weight")):
        columns.append([None] * len(columns[0]) if value is None else _pieces(value, name, X))
        if len(columns[-1]) != len(columns[0]):
            raise ValueError(f"{name} must have as many parts as X ({len(columns[0])}), got {len(columns[-1])}.")
    return [delayed(_tuple, pure=False)(*row) for row in zip(*columns, strict=True)]


def _pieces(value: Any, name: str, X: Any) -> Sequence[Any]:
    """Return the parts of an argument; those of an array are cut like the parts of X if both have known sizes."""
    if isinstance(value, (list, tuple)):
        return value
    if is_array(value):
        rows = X.chunks[0] if is_array(X) else value.chunks[0]
        known = not any(map(math.isnan, (*rows, *value.chunks[0])))
        if known and sum(rows) != len(value):
            raise ValueError(f"{name} must have as many rows as X ({sum(rows)}), got {len(value)}.")
        whole = dict.fromkeys(range(1, value.ndim), -1)
        value = value.rechunk({**whole, 0: rows} if known else whole)
        return list(value.to_delayed().ravel())
    if is_frame(value):
        return list(value.to_delayed())
    raise TypeError(f"{name} must be {_KINDS}, got {type(value).__name__}.")


def is_array(value: Any) -> bool:
    """Return whether a value is an array of Dask."""
    return isinstance(value, load("dask.array").Array)


def is_frame(value: Any) -> bool:
    """Return whether a value is a data frame or a series of Dask, without importing pandas."""
    return all(hasattr(value, name) for name in ("npartitions", "to_delayed", "map_partitions"))


def _tuple(X: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
    return X, y, sample_weight
