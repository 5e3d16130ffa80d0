"""The command ``cmlp read``: reads a picture of a digit and shows what the network sees and answers."""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._cli import experiment as experiment_options
from cmlp._cli import options
from cmlp._cli.experiment import Experiment, Options
from cmlp._cli.options import CommandError
from cmlp._cli.terminal import Terminal, beside, printable
from cmlp.story.case import save_pngs
from cmlp.story.no_digit import doubt
from cmlp.story.picture_file import Picture, read_picture
from cmlp.story.pictures.images import squares
from cmlp.story.pictures.layers import output_bars
from cmlp.story.pictures.names import SIDE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

NAME, SUMMARY = "read", "read a picture of a digit"
DESCRIPTION = (
    "Read a picture of one digit from a file, show what the network sees, and its answer. The picture can have any "
    "size and format; dark ink on light ground is inverted. It is prepared as MNIST's images were: scaled to 20 x 20 "
    "pixels, with the center of mass in the middle of 28 x 28. Needs Pillow (the extra cmlp[images])."
)
_BAR_WIDTH, _GAP = 30, 2
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
        help="a model file with 784 inputs (cmlp digits --save FILE); without it, a network is trained first. A model "
        "without input_scale gets pixels from 0 to 1",
    )
    experiment_options.add(parser, "--hidden", *experiment_options.TRAINING, "--png")


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Read the picture that the arguments name, and return the exit status."""
    path, model, chosen = arguments.picture, arguments.model, Options.of(arguments)
    picture = read_picture(path)
    with options.reported():
        if model is None:
            experiment = Experiment(chosen)
            answer = Answer(experiment.train().forward(picture.pixels[None])[0], experiment.data.labels)
        else:
            answer = _saved_answer(model, picture)
    _show(terminal, path, picture, answer)
    save_pngs({"seen": picture.pixels.reshape(SIDE, SIDE)}, arguments.png, terminal)
    if model is None:
        again = " ".join(filter(None, ["digits", chosen.arguments(), "--save digits.cmlp"]))
        keep = [f"  {program} {again}", f"  {program} read {printable(shlex.quote(path))} --model digits.cmlp"]
        terminal.write_lines(["", "The network was trained just now. To keep it and use it again:", "", *keep])
    return 0


def _saved_answer(path: str, picture: Picture) -> Answer:
    from cmlp import load

    model: Any = load(path)
    network = getattr(model, "network_", model)
    if network is not model and not hasattr(model, "predict_proba"):
        raise CommandError(
            f"{path} holds an {type(model).__name__}; reading digits needs a Network or an MLPClassifier."
        )
    if network.sizes[0] != SIDE * SIDE:
        raise CommandError(
            f"{path} has {network.sizes[0]} inputs; a picture of {SIDE} x {SIDE} pixels needs {SIDE * SIDE}."
        )
    row = picture.pixels[None]
    pixels = row / np.float32(255) if network.input_scale == 1 else row
    if network is model:
        outputs = network.forward(pixels)[0]
        return Answer(outputs, [str(k) for k in range(len(outputs))])
    return Answer(np.ravel(model.predict_proba(pixels)), [str(label) for label in model.classes_])


def _show(terminal: Terminal, path: str, picture: Picture, answer: Answer) -> None:
    width, height = picture.size
    ink = "dark on light, so it is inverted" if picture.inverted else "light on dark"
    terminal.say(f"{printable(path)}: {width:,} x {height:,} pixels, {ink}. This is what the network sees:")
    image = terminal.draw(squares(picture.pixels))
    bars = output_bars(terminal, answer.outputs, answer.labels, _BAR_WIDTH)
    if terminal.width >= SIDE + _GAP + _BAR_WIDTH:
        above = (len(image) - len(bars)) // 2
        together = beside(image, [*[""] * above, *bars], gap=_GAP)
    else:
        together = [*(image if terminal.width >= SIDE else []), "", *bars]
    terminal.write_lines(["", *together, ""])
    doubtful = doubt(picture.pixels)
    if doubtful:
        terminal.say(f"{doubtful} It has an output for each digit and none for anything else, so it names one:")
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
    return f"{first}. That is how strongly the network holds its answer, not the probability that it is right."
