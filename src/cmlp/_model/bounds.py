"""`Network.bounds`: what the outputs can be for every input in a box, to the bit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.checks import first_non_finite_error
from cmlp.exceptions import NonFiniteInputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmlp._bridge import _core
    from cmlp._data.scale import InputScale

_EXACT = ("identity", "relu", "leaky_relu")


def bounds_of(
    net: _core.Net, params: NDArray[Any], corners: tuple[NDArray[Any], NDArray[Any]], scale: float | InputScale
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the bounds of a network's outputs; `Network.bounds` documents them."""
    lower, upper = corners
    for name, corner in (("lower", lower), ("upper", upper)):
        if corner.ndim != 2 or corner.shape[1] != net.n_in:
            raise ValueError(f"{name} must have the shape (n, {net.n_in}), got {corner.shape}.")
    if lower.shape != upper.shape:
        raise ValueError(f"lower and upper must have the same shape, got {lower.shape} and {upper.shape}.")
    above = lower > upper
    if above.any():
        row, column = np.argwhere(above)[0]
        raise ValueError(
            f"lower must be at most upper, got {lower[row, column]} and {upper[row, column]} at row {row}, column "
            f"{column}."
        )
    if net.dtype == np.float64 and not {*net.activations} <= {*_EXACT}:
        name = next(name for name in net.activations if name not in _EXACT)
        raise ValueError(f"bounds of a float64 network need identity, relu or leaky_relu, got {name!r}: use float32.")
    try:
        lows, highs = net.bounds(params, lower, upper, scale=scale)
    except NonFiniteInputError as error:
        for name, corner in (("lower", lower), ("upper", upper)):
            found = first_non_finite_error(error, corner, scale, net.dtype, None, name)
            if found is not error:
                raise found from None
        raise
    if isinstance(net.loss_parameter, tuple):  # quantiles are sorted
        return np.sort(lows[-1], axis=1), np.sort(highs[-1], axis=1)
    return lows[-1], highs[-1]
