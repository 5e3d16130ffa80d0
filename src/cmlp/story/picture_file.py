"""Pictures of digits in files, prepared as MNIST's images were.

MNIST's digits were scaled to fit into a box of 20 x 20 pixels, and placed in an image of 28 x 28 pixels so that their
center of mass is in the middle (LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document
recognition", 1998).
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cmlp._cli.options import CommandError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

_SIDE, _BOX = 28, 20
# Of MNIST's images, the center of mass is at this row and column, counted from 0.
_CENTER = 14.0
# Contrast between ink and background below which a picture counts as empty, from 0 to 1.
_LEAST_CONTRAST = 0.1
# Ink that is fainter than this share of the strongest ink is background: shadows, paper, and compression noise.
_FAINT = 0.2
# Longest side of the picture that is analyzed; larger pictures are made smaller first, to save memory.
_LONGEST = 2000


class Picture(NamedTuple):
    """A picture of a digit."""

    pixels: NDArray[np.uint8]
    size: tuple[int, int]
    inverted: bool


def read_picture(path: str) -> Picture:
    """Read a picture of a digit from a file of any format that Pillow reads."""
    gray, size = _gray(path)
    background = float(np.median(np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])))
    difference = gray - background
    inverted = bool(-difference.clip(max=0).sum() > difference.clip(min=0).sum())
    ink = (-difference if inverted else difference).clip(min=0)
    strongest = float(ink.max())
    if strongest < _LEAST_CONTRAST:
        raise CommandError(f"{path} shows nothing: all its pixels have nearly the same brightness.")
    ink /= strongest
    ink[ink < _FAINT] = 0
    return Picture(centered(ink), size, inverted)


def centered(ink: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return a digit as an image of MNIST: scaled to fit into 20 x 20 pixels, its center of mass in the middle."""
    from PIL import Image

    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = _BOX / max(cut.shape)
    height, width = (max(1, round(length * scale)) for length in cut.shape)
    resized = Image.fromarray(cut.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR)
    digit = np.asarray(resized, np.float64)
    digit = digit / digit.max()  # thin strokes become fainter when the picture becomes smaller
    total = digit.sum()
    middle = (np.arange(height) @ digit.sum(axis=1) / total, np.arange(width) @ digit.sum(axis=0) / total)
    top, left = (
        min(max(round(_CENTER - at), 0), _SIDE - length) for at, length in zip(middle, digit.shape, strict=True)
    )
    image = np.zeros((_SIDE, _SIDE), np.uint8)
    image[top : top + height, left : left + width] = np.round(255 * digit)
    return image.ravel()


def _gray(path: str) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """Return the brightness of a file's picture from 0 to 1, and the picture's width and height."""
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError:
        raise CommandError("cmlp read needs Pillow: python -m pip install pillow (the extra cmlp[images])") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as file:
                file.load()
                upright = ImageOps.exif_transpose(file)
                return _brightness(upright), upright.size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise CommandError(
            f"{path} is too large: a picture of a digit needs only a few hundred pixels a side."
        ) from None
    except UnidentifiedImageError:
        raise CommandError(f"{path} is not a picture, or in a format that Pillow cannot read.") from None
    except OSError as error:
        if error.errno is not None:  # missing, a folder, not allowed
            raise CommandError(f"{path} cannot be read: {error.strerror}") from None
        raise CommandError(f"{path} is a damaged picture: {error}") from None
    except (ValueError, SyntaxError, EOFError) as error:  # what Pillow's formats raise for damaged files
        raise CommandError(f"{path} is a damaged picture: {error}") from None


def _brightness(file: Image) -> NDArray[np.float64]:
    """Return the brightness of a picture of any mode from 0 to 1; transparent parts become background."""
    from PIL import Image

    if file.mode.startswith(("I", "F")):  # 16 or 32 bits: Pillow's conversion to 8 bits would clip them
        values = np.nan_to_num(np.asarray(file, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
        small = Image.fromarray(values)
        small.thumbnail((_LONGEST, _LONGEST))
        values = np.asarray(small)
        scaled: NDArray[np.float64] = (values.astype(np.float64) - values.min()) / (float(np.ptp(values)) or 1.0)
        return scaled
    file = file.convert("RGBA")
    file.thumbnail((_LONGEST, _LONGEST))
    pixels = np.asarray(file, np.float64) / 255
    gray: NDArray[np.float64] = pixels[..., :3] @ (0.299, 0.587, 0.114)
    alpha = pixels[..., 3]
    # Dark ink on transparent ground was drawn for light paper, light ink for dark paper.
    ink = float((gray * alpha).sum() / (alpha.sum() or 1))
    paper = 1.0 if ink < 0.5 else 0.0
    return gray * alpha + paper * (1 - alpha)
