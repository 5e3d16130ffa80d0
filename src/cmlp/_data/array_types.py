"""Names of types that many signatures have, with those of NumPy; only annotations use them."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

__all__ = [
    "AnyArray",
    "ArrayLike",
    "ByColumn",
    "DTypeLike",
    "FloatType",
    "Floats",
    "GivenRows",
    "LossFunction",
    "NDArray",
]

# Parameters, outputs and gradients of networks: float32 or float64.
Floats: TypeAlias = NDArray[np.floating]
# Rows, labels, targets and names, whose entries can have any type, because users choose it.
AnyArray: TypeAlias = NDArray[Any]
# A loss that a program defines as a function: for y and outputs the costs of rows, and their derivatives.
LossFunction: TypeAlias = Callable[[AnyArray, AnyArray], tuple[ArrayLike, ArrayLike]]
# X, y and weights of rows, as the user gave them.
GivenRows: TypeAlias = tuple[Any, Any, Any]
# The type of a network's numbers.
FloatType: TypeAlias = np.dtype[np.floating]

Setting = TypeVar("Setting")
# Settings of some columns, by names or indices. A dict[str, ...] is no Mapping[Hashable, ...], as types of keys are
# invariant.
ByColumn: TypeAlias = Mapping[Any, Setting]
