"""The command ``cmlp read``: reads a picture of a digit.

It shows what the network sees and answers.
"""

from __future__ import annotations

import argparse
import shlex
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmlp._cli import experiment as experiment_options
from cmlp._cli import options
from cmlp._cli.experiment import Experiment, ExperimentOptions
from cmlp._cli.options import CommandError
from cmlp._cli.terminal import Terminal, printable
from cmlp.story import drawing
from cmlp.story.neurons import SIDE

if TYPE_CHECKING:
    from PIL.Image import Image

DESCRIPTION = (
    "Read a picture of one digit from a file, show what the network sees, and its answer. The "
    "picture can have any size and format; dark ink on light ground is inverted. It is prepared "
    "as MNIST's images were: scaled to 20 x 20 pixels, with the center of mass in the middle of "
    "28 x 28. Needs Pillow (the extra cmlp[images])."
)
_BAR_WIDTH = 30
_GAP = 2
# An answer whose activation is below this is called weak, and a second one above it a rival.
_BRIGHT = 0.5


class Answer(NamedTuple):
    """The outputs of a network for a picture, and their labels."""

    outputs: NDArray[np.floating]
    labels: Sequence[str]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("picture", metavar="FILE", help="the picture, for example three.png")
    parser.add_argument(
        "--model",
        metavar="FILE",
        help="a model file with 784 inputs (cmlp digits --save FILE); without it, a network is "
        "trained first. A model without input_scale gets pixels from 0 to 1",
    )
    experiment_options.add(parser, "--hidden", *experiment_options.TRAINING)


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Read the picture that the arguments name, and return the exit status."""
    path = arguments.picture
    model = arguments.model
    chosen = ExperimentOptions.from_arguments(arguments)
    picture = read_picture(path)
    with options.as_command_errors():
        if model is None:
            experiment = Experiment(chosen)
            answer = Answer(
                experiment.train().forward(picture.pixels[None])[0], experiment.data.labels
            )
        else:
            answer = _ask_saved(model, picture)
    _show(terminal, path, picture, answer)
    if model is None:
        again = " ".join(filter(None, ["digits", chosen.arguments(), "--save digits.cmlp"]))
        keep = [
            f"  {program} {again}",
            f"  {program} read {printable(shlex.quote(path))} --model digits.cmlp",
        ]
        terminal.write_lines(
            ["", "The network was trained just now. To keep it and use it again:", "", *keep]
        )
    return 0


def _ask_saved(path: str, picture: Picture) -> Answer:
    from cmlp import load

    model: Any = load(path)
    network = getattr(model, "network_", model)
    if network is not model and not hasattr(model, "predict_proba"):
        kind = type(model).__name__
        raise CommandError(
            f"{path} holds an {kind}; reading digits needs a Network or an MLPClassifier."
        )
    n_pixels = SIDE * SIDE
    n_inputs = network.sizes[0]
    if n_inputs != n_pixels:
        raise CommandError(
            f"{path} has {n_inputs} inputs; a picture of {SIDE} x {SIDE} pixels needs {n_pixels}."
        )
    pixels: NDArray[Any] = picture.pixels[None]
    if network.input_scale == 1:
        pixels = pixels / np.float32(255)
    if network is model:
        outputs = network.forward(pixels)[0]
        return Answer(outputs, [str(k) for k in range(len(outputs))])
    return Answer(np.ravel(model.predict_proba(pixels)), [str(label) for label in model.classes_])


def _show(terminal: Terminal, path: str, picture: Picture, answer: Answer) -> None:
    width, height = picture.size
    if picture.inverted:
        ink = "dark on light, so it is inverted"
    else:
        ink = "light on dark"
    terminal.say(
        f"{printable(path)}: {width:,} x {height:,} pixels, {ink}. This is what the network sees:"
    )
    image = drawing.digit_lines(terminal, picture.pixels, whole=True)
    bars = drawing.output_bars(terminal, answer.outputs, answer.labels, _BAR_WIDTH)
    is_wide = terminal.width >= SIDE + _GAP + _BAR_WIDTH
    lines = drawing.beside(image, bars, gap=_GAP) if is_wide else [*image, "", *bars]
    terminal.write_lines(["", *lines, ""])
    doubtful = find_doubt(picture.pixels)
    if doubtful:
        terminal.say(
            f"{doubtful} It has an output for each digit and none for anything else, so it names "
            "one:"
        )
    terminal.say(_verdict(answer))


def _verdict(answer: Answer) -> str:
    """Describe the answer: clear, with a rival, or weak."""
    order = np.argsort(-answer.outputs, kind="stable")
    best, second = (answer.outputs[i] for i in order[:2])
    first = f"It says {answer.labels[order[0]]} (activation {best:.3f})"
    if best < _BRIGHT:
        return f"{first}, but no output is bright: the picture excites none of them much."
    if second >= _BRIGHT:
        return f"{first}, but {answer.labels[order[1]]} is bright too ({second:.3f})."
    return (
        f"{first}. That is how strongly the network holds its answer, not the probability that it "
        "is right."
    )


_BOX = 20
# Of MNIST's images, the center of mass is at this row and column, counted from 0.
_CENTER = 14.0
# Contrast between ink and background below which a picture counts as empty, from 0 to 1.
_LEAST_CONTRAST = 0.1
# Ink that is fainter than this share of the strongest ink is background: shadows, paper, and
# compression noise.
_FAINT = 0.2
# Longest side of the picture that is analyzed; larger pictures are made smaller first, to save
# memory.
_LONGEST = 2000


class Picture(NamedTuple):
    """A picture of a digit."""

    pixels: NDArray[np.uint8]
    size: tuple[int, int]
    inverted: bool


def read_picture(path: str) -> Picture:
    """Read a picture of a digit from a file of any format that Pillow reads."""
    gray, size = _read_gray(path)
    background = float(np.median(np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])))
    difference = gray - background
    inverted = bool(-difference.clip(max=0).sum() > difference.clip(min=0).sum())
    if inverted:
        difference = -difference
    ink = difference.clip(min=0)
    strongest = float(ink.max())
    if strongest < _LEAST_CONTRAST:
        raise CommandError(f"{path} shows nothing: all its pixels have nearly the same brightness.")
    ink /= strongest
    ink[ink < _FAINT] = 0
    return Picture(center_digit(ink), size, inverted)


def center_digit(ink: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return a digit as an image of MNIST.

    It is scaled to fit into 20 x 20 pixels, its center of mass in the middle.
    """
    from PIL import Image

    rows = np.flatnonzero(ink.any(axis=1))
    columns = np.flatnonzero(ink.any(axis=0))
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = _BOX / max(cut.shape)
    height, width = (max(1, round(length * scale)) for length in cut.shape)
    resized = Image.fromarray(cut.astype(np.float32)).resize(
        (width, height), Image.Resampling.BILINEAR
    )
    digit = np.asarray(resized, np.float64)
    digit = digit / digit.max()  # thin strokes become fainter when the picture becomes smaller
    total = digit.sum()
    middle = (
        np.arange(height) @ digit.sum(axis=1) / total,
        np.arange(width) @ digit.sum(axis=0) / total,
    )
    top, left = (
        min(max(round(_CENTER - at), 0), SIDE - length)
        for at, length in zip(middle, digit.shape, strict=True)
    )
    image = np.zeros((SIDE, SIDE), np.uint8)
    image[top : top + height, left : left + width] = np.round(255 * digit)
    return image.ravel()


def _read_gray(path: str) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """Return the brightness of a file's picture from 0 to 1, and the picture's width and height."""
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError:
        raise CommandError(
            "cmlp read needs Pillow: python -m pip install pillow (the extra cmlp[images])"
        ) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as file:
                file.load()
                upright = ImageOps.exif_transpose(file)
                return _measure_brightness(upright), upright.size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        problem = "is too large: a picture of a digit needs only a few hundred pixels a side."
    except UnidentifiedImageError:
        problem = "is not a picture, or in a format that Pillow cannot read."
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
    ) as error:  # what Pillow's formats raise for damaged files
        problem = f"is a damaged picture: {error}"
        if isinstance(error, OSError) and error.errno is not None:  # missing, a folder, not allowed
            problem = f"cannot be read: {error.strerror}"
    raise CommandError(f"{path} {problem}")


def _measure_brightness(file: Image) -> NDArray[np.float64]:
    """Return the brightness of a picture of any mode from 0 to 1.

    Transparent parts become background.
    """
    from PIL import Image

    # 16 or 32 bits: Pillow's conversion to 8 bits would clip them
    if file.mode.startswith(("I", "F")):
        values = np.nan_to_num(np.asarray(file, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
        small = Image.fromarray(values)
        small.thumbnail((_LONGEST, _LONGEST))
        values = np.asarray(small)
        scaled: NDArray[np.float64] = (values.astype(np.float64) - values.min()) / (
            float(np.ptp(values)) or 1.0
        )
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


_INK = 50  # from 0 to 255; fainter pixels are ground
# No training digit covers more of its image with ink than 0.351, and of 1,000 test digits none more
# than 0.324.
_MOST_INK = 0.36
# A part of a picture counts as a digit from this share of the ink and of the height on: of 1,000
# test digits none has two parts, of 50 pairs of digits side by side 49 have.
_SHARE = 0.2
_HEIGHT = 0.6


def find_doubt(pixels: NDArray[np.uint8]) -> str:
    """Return why an image of 784 pixels is hardly one digit.

    It is a sentence, empty for most digits.
    """
    image = np.asarray(pixels).reshape(SIDE, SIDE)
    covered = float((image > _INK).mean())
    if covered > _MOST_INK:
        most = f"of no training digit more than {100 * _MOST_INK:.0f} %"
        return f"This looks like no digit: {100 * covered:.0f} % of it is ink, and {most}."
    # Count the parts, divided by empty columns, that are large enough for a digit.
    columns = np.flatnonzero((image > _INK).any(axis=0))
    n_digits = 0
    for group in np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1):
        part = image[:, group]
        n_digits += part.sum() > _SHARE * image.sum() and _measure_height(
            part
        ) > _HEIGHT * _measure_height(image)
    if n_digits > 1:
        return (
            "Are these two digits? Two parts stand side by side. The network reads one at a time: "
            "cut them apart."
        )
    return ""


def _measure_height(image: NDArray[np.uint8]) -> int:
    rows = np.flatnonzero((image > _INK).any(axis=1))
    if len(rows):
        return int(rows[-1] - rows[0]) + 1
    return 0
