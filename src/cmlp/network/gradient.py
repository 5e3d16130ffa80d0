"""A flat gradient as a `Gradient`: its weights, biases and length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp.results import Gradient

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmlp._core import Net

_PIECE = 2**20  # elements of a sum between two checks for Ctrl-C


def gradient_of(net: Net, flat: NDArray[Any]) -> Gradient:
    """Return the gradient whose numbers, in the layout of the network's parameters, are `flat`."""
    return Gradient(*net.views(flat), flat, _length(flat))


def _length(vector: NDArray[Any]) -> float:
    """Return the Euclidean norm of a vector, computed in double precision."""
    squares = 0.0
    for start in range(0, len(vector), _PIECE):
        piece = vector[start : start + _PIECE].astype(np.float64)
        # Not piece @ piece: BLAS may use threads, and the sum would then depend on their number.
        squares += float(np.einsum("i,i->", piece, piece))
    return float(np.sqrt(squares))
