"""Pictures that show no digit, or two: what can be said of them before a network, which always names a digit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmlp.story.pictures.names import SIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

_INK = 50  # from 0 to 255; fainter pixels are ground
# No training digit covers more of its image with ink than 0.351, and of 1,000 test digits none more than 0.324.
MOST_INK = 0.36
# A part of a picture counts as a digit from this share of the ink and of the height on: of 1,000 test digits none has
# two parts, of 50 pairs of digits side by side 49 have.
_SHARE, _HEIGHT = 0.2, 0.6


def doubt(pixels: NDArray[np.uint8]) -> str:
    """Return why an image of 784 pixels is hardly one digit, as a sentence; empty for most digits."""
    image = np.asarray(pixels).reshape(SIDE, SIDE)
    covered = float((image > _INK).mean())
    if covered > MOST_INK:
        return (
            f"This looks like no digit: {100 * covered:.0f} % of it is ink, and of no training digit more than "
            f"{100 * MOST_INK:.0f} %."
        )
    if n_digits(image) > 1:
        return "Are these two digits? Two parts stand side by side. The network reads one at a time: cut them apart."
    return ""


def n_digits(image: NDArray[np.uint8]) -> int:
    """Return the number of parts of an image, divided by empty columns, that are large enough for a digit."""
    on = image > _INK
    columns = np.flatnonzero(on.any(axis=0))
    if not len(columns):
        return 0
    height = np.ptp(np.flatnonzero(on.any(axis=1))) + 1
    groups = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1)
    heights = [np.ptp(np.flatnonzero(on[:, part].any(axis=1))) + 1 for part in groups]
    inks = [image[:, part].sum(dtype=float) for part in groups]
    total = image.sum(dtype=float)
    parts = zip(inks, heights, strict=True)
    return sum(bool(ink > _SHARE * total and tall > _HEIGHT * height) for ink, tall in parts)
