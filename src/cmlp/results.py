"""Named tuples that methods of `Network` return."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Gradient(NamedTuple):
    """A gradient of the cost, in the layout of the parameters.

    Attributes
    ----------
    weights, biases : list of ndarray
        One array per layer, of shape ``(n_in, n_out)`` and ``(n_out,)``; views of `flat`.
    flat : ndarray of shape (n_params,)
        The whole gradient.
    norm : float
        Euclidean norm of `flat`.
    """

    weights: list[np.ndarray]
    biases: list[np.ndarray]
    flat: np.ndarray
    norm: float


class Epoch(NamedTuple):
    """The results of a training epoch.

    Attributes
    ----------
    cost : float
        Mean cost of the rows; the cost of each batch is computed before its step.
    penalty : float
        Mean of ``alpha / 2 * sum(weights ** 2) / rows`` over the batches.
    gradient_norm : float
        Euclidean norm of the last batch's gradient; NaN if not requested.
    batches : int
        Number of batches.
    """

    cost: float
    penalty: float
    gradient_norm: float
    batches: int


class ParameterIndex(NamedTuple):
    """The position of a parameter in the network. All indices start at 0.

    Attributes
    ----------
    layer : int
        Index of the layer; 0 is the first layer after the input.
    source : int or None
        Index of the unit in the previous layer (or of the input) that the weight multiplies; None for a bias.
    target : int
        Index of the unit in this layer.
    """

    layer: int
    source: int | None
    target: int
