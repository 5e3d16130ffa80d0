"""A bank of edges and bars (Gabor functions), and how much of a neuron's weights the best of them explains."""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from cmlp.story.pictures.names import SIDE

_MARGIN = 3
_DIRECTIONS = np.arange(8) * np.pi / 8
_SIZES = (1.5, 2.5)
_PHASES = (0.0, np.pi / 2)  # a bar and an edge


@lru_cache(maxsize=1)
def bank() -> NDArray[np.float32]:
    """Return the filters as rows of 784 pixels: every place, 8 directions, 2 sizes, bars and edges.

    Gabor, "Theory of communication", 1946; as a model of the visual cortex: Daugman, 1985.
    """
    reach = SIDE - _MARGIN
    row, column = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(float)
    positions = range(_MARGIN, SIDE - _MARGIN)
    filters = []
    for angle, size, phase in product(_DIRECTIONS, _SIZES, _PHASES):
        across = column * np.cos(angle) + row * np.sin(angle)
        along = row * np.cos(angle) - column * np.sin(angle)
        bell = np.exp(-(across**2 + (along / 2) ** 2) / 2 / size**2)
        whole = (bell * np.cos(2 * np.pi * across / (4 * size) + phase)).astype(np.float32)
        for top, left in product(positions, positions):  # row and column of the filter's center
            filters.append(whole[reach - top : reach - top + SIDE, reach - left : reach - left + SIDE].ravel())
    return np.array(filters)


def explained(weights: NDArray[np.floating], used: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the share of each neuron's weights (as squares) that its best edge or bar explains, from 0 to 1."""
    filters = _unit_filters(used)
    columns = np.asarray(weights, np.float32)[used]
    columns = columns / np.linalg.norm(columns, axis=0)
    shares: NDArray[np.float64] = ((filters @ columns) ** 2).max(axis=0).astype(np.float64)
    return shares


def best_edge(weights: NDArray[np.floating], used: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the edge or bar that explains the weights of one neuron best, with its sign, as 784 pixels."""
    fits = _unit_filters(used) @ np.asarray(weights, np.float32)[used]
    best = int(np.abs(fits).argmax())
    edge: NDArray[np.float64] = np.sign(fits[best]) * bank()[best].astype(np.float64)
    return edge


def _unit_filters(used: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the filters on the used pixels, with length 1."""
    filters: NDArray[np.float32] = bank()[:, used]
    filters /= np.sqrt(np.einsum("ij,ij->i", filters, filters))[:, None]
    return filters
