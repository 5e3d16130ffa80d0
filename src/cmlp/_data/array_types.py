"""Names of types that many signatures have; only annotations use them."""

from collections.abc import Mapping
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

# Parameters, outputs and gradients of networks: float32 or float64.
Floats: TypeAlias = NDArray[np.floating]
# Rows, labels, targets and names, whose entries can have any type, because users choose it.
AnyArray: TypeAlias = NDArray[Any]
# X, y and weights of rows, as the user gave them.
GivenRows: TypeAlias = tuple[Any, Any, Any]
# The type of a network's numbers.
FloatType: TypeAlias = np.dtype[np.floating]

Setting = TypeVar("Setting")
# Settings of some columns, by names or indices. A dict[str, ...] is no Mapping[Hashable, ...], as types of keys are
# invariant.
ByColumn: TypeAlias = Mapping[Any, Setting]
