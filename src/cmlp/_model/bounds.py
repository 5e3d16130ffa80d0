"""`Network.bounds`: what the outputs can be for every input in a box, to the bit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.arrays import readable, rectangular
from cmlp._data.checks import first_non_finite_error
from cmlp.exceptions import NonFiniteInputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from cmlp import _core
    from cmlp._data.scale import InputScale

_EXACT = ("identity", "relu", "leaky_relu")


class Bounded:
    """The methods of `Network` that bound its outputs."""

    _net: _core.Net
    _scale: float | InputScale
    params: NDArray[Any]

    def bounds(self, lower: ArrayLike, upper: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the least and the largest outputs that `forward` can return for inputs between two corners.

        They hold to the bit, with every rounding of the core: no input of the box, whatever its values, has an output
        outside. They are wider than the true range if inputs that reach both ends of a sum exclude each other; halves
        of a box have narrower bounds.

        Parameters
        ----------
        lower, upper : array-like of shape (n, n_inputs)
            The least and the largest inputs of each box.

        Returns
        -------
        low, high : ndarray of shape (n, n_outputs)
            Of the network's dtype. A bound that is infinite or NaN says nothing.

        Raises
        ------
        ValueError
            If a shape is wrong, an entry of `lower` is above that of `upper`, or the dtype is float64 and an activation
            or the output is none of identity, relu and leaky_relu, for which no bound is proved. `NonFiniteInputError`,
            a subclass, if a corner contains NaN or infinity.

        Notes
        -----
        Interval arithmetic (Moore, "Interval analysis", 1966) along the core's own chain of rounded operations, each of
        which is monotone. The activations are widened by the steps in which their values are not.

        Examples
        --------
        >>> from cmlp import Network
        >>> net = Network([2, 3, 1], "relu", output="identity", loss="squared_error", random_state=0)
        >>> low, high = net.bounds([[0, 0]], [[1, 1]])
        >>> bool((low <= net.forward([[0.3, 0.7]])).all() and (net.forward([[0.3, 0.7]]) <= high).all())
        True
        """
        low, high = readable(rectangular(lower, "lower"), "lower"), readable(rectangular(upper, "upper"), "upper")
        return bounds_of(self._net, self.params, (low, high), self._scale)


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
