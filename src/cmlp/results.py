"""What methods of `Network` return: named tuples."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Gradient(NamedTuple):
    """A gradient of the cost, laid out like the parameters.

    Attributes
    ----------
    weights, biases : list of ndarray
        Per layer, shapes ``(n_in, n_out)`` and ``(n_out,)``; views of `flat`.
    flat : ndarray of shape (n_params,)
    norm : float
        Length of `flat`.
    """

    weights: list[np.ndarray]
    biases: list[np.ndarray]
    flat: np.ndarray
    norm: float


class Epoch(NamedTuple):
    """What an epoch reports.

    Attributes
    ----------
    cost : float
        Mean cost of the rows, each as it was before its batch's step.
    penalty : float
        Mean of ``alpha / 2 * sum(weights ** 2) / rows`` over the batches.
    gradient_norm : float
        Length of the last batch's gradient, NaN unless asked for.
    batches : int
    """

    cost: float
    penalty: float
    gradient_norm: float
    batches: int


class ParameterIndex(NamedTuple):
    """What a parameter is: the weight from one unit to another, or a unit's bias; all counted from 0.

    Attributes
    ----------
    layer : int
        0 for the parameters between the input and the first layer behind it.
    source : int or None
        The unit of the layer before (for layer 0 the input) that the weight comes from; None for a bias.
    target : int
        The unit that the weight or the bias belongs to.
    """

    layer: int
    source: int | None
    target: int
