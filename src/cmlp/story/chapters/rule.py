"""A rule for digits, as a person would write it: loops first, then strokes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmlp.story.pictures.names import SIDE

_DARK, _INK = 100, 0.4 * 255


def loops(image: NDArray[np.uint8]) -> list[float]:
    """Return the mean rows of the regions of ground that ink encloses, for an image of 784 pixels.

    The darkness outside flows in from the border; what stays dry is a loop. Regions of up to 3 pixels are gaps.
    """
    ground = np.asarray(image).reshape(SIDE, SIDE) < _DARK
    outside = np.zeros((SIDE, SIDE), bool)
    outside[0] = ground[0]
    ground = ground & ~_flooded(outside, ground)
    found: list[float] = []
    while ground.any() and len(found) < 3:
        seed = np.zeros((SIDE, SIDE), bool)
        seed[tuple(np.argwhere(ground)[0])] = True
        region = _flooded(seed, ground)
        ground &= ~region
        if region.sum() > 3:
            found.append(float(np.nonzero(region)[0].mean()))
    return found


def _flooded(wet: NDArray[np.bool_], ground: NDArray[np.bool_]) -> NDArray[np.bool_]:
    while True:
        grown = wet.copy()
        grown[1:] |= wet[:-1]
        grown[:-1] |= wet[1:]
        grown[:, 1:] |= wet[:, :-1]
        grown[:, :-1] |= wet[:, 1:]
        grown &= ground
        if (grown == wet).all():
            return wet
        wet = grown


def rule(image: NDArray[np.uint8]) -> int:
    """Return the digit that the rule sees in an image of 784 pixels."""
    ink = np.asarray(image).reshape(SIDE, SIDE) > _INK
    rows, columns = np.nonzero(ink)
    if not len(rows):
        return 1
    top, bottom = int(rows.min()), int(rows.max())
    holes = loops(image)
    if len(holes) >= 2:
        return 8
    if holes:
        height = (holes[0] - top) / max(bottom - top, 1)
        return 9 if height < 0.42 else 6 if height > 0.58 else 0
    if np.ptp(columns) < 8:
        return 1
    return _by_strokes(ink, top, bottom)


def _by_strokes(ink: NDArray[Any], top: int, bottom: int) -> int:
    """Tell 2, 3, 4, 5 and 7 apart by where the ink is."""
    third = (bottom - top) / 3
    left = ink[:, :14]
    upper_left = left[int(top + third * 0.5) : int(top + third * 1.5)].sum()
    lower_left = left[int(bottom - third * 1.5) : int(bottom - third * 0.5)].sum()
    top_width = ink[top : top + 4].sum(axis=1).max()
    if upper_left > 8 and lower_left < 8:
        return 5 if top_width > 7 else 4
    if ink[bottom - 3 : bottom + 1].sum(axis=1).max() > 8:
        return 2
    return 7 if top_width > 8 and lower_left < 8 else 3
