"""The command ``cmlp nudge``: backpropagation for one example, in numbers."""

from __future__ import annotations

import argparse
import shlex
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmlp import Network
from cmlp._cli import experiment as experiment_options
from cmlp._cli import options
from cmlp._cli.terminal import Terminal, beside, visible, wrapped
from cmlp._model.names import letters
from cmlp._model.results import Gradient, ParameterIndex, StepExplanation
from cmlp.story import pages
from cmlp.story.case import Case, case_of, save_pngs
from cmlp.story.pictures.images import digit_lines, weight_sheet
from cmlp.story.pictures.names import SIDE, Unit
from cmlp.story.pictures.neuron import function_name
from cmlp.story.pictures.text import counted, ends, joined, page_width
from cmlp.story.pictures.wishes import (
    average_lines,
    largest_difference,
    layer_wish_lines,
    output_wish_lines,
    passed_wishes_line,
    share_lines,
    three_ways,
    three_ways_lines,
)

NAME, SUMMARY = "nudge", "show backpropagation for one digit, in numbers"
DESCRIPTION = (
    "Show what one training image wants to change: the outputs, the three ways to follow such a wish, the layers "
    "before, and the average over several images, which is minus the gradient. The network is trained for one epoch "
    "first, because a trained network has little left to wish for."
)
_WIDE = 68


class Nudge(NamedTuple):
    """A case, some training images with their indices and classes, and what a gradient descent step wants for them.

    The first image is that of the case. The network is in double precision, so that the sums agree to the last digits
    shown. The gradient is from `Network.gradient`, which does not use `step`.
    """

    case: Case
    network: Network
    images: NDArray[Any]
    X: NDArray[np.uint8]
    y: NDArray[Any]
    step: StepExplanation
    gradient: Gradient

    @property
    def cost(self) -> float:
        """Cost of the example to explain."""
        return self.network.cost(self.X[:1], self.y[:1])

    @property
    def has_softmax(self) -> bool:
        """Whether the outputs are a softmax."""
        return self.network.output == "softmax"


def nudged(case: Case, n: int) -> Nudge:
    """Train the network of a case; return what a step wants for its image and the first others, `n` in all."""
    data = case.experiment.data
    others = [image for image in range(min(n, len(data.X_train))) if image != case.example.image][: n - 1]
    images = np.array([case.example.image, *others])
    network = in_double(case.experiment.train())
    X, y = data.X_train[images], data.y_train[images]
    return Nudge(case, network, images, X, y, network.explain_step(X, y), network.gradient(X, y))


def in_double(network: Network) -> Network:
    """Return the same network in double precision."""
    same = {name: getattr(network, name) for name in ("activation", "output", "loss", "input_scale")}
    double = Network(network.sizes, dtype="float64", **same)
    double.params = network.params
    return double


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    experiment_options.add(parser, *experiment_options.EXAMPLE)
    parser.add_argument(
        "--examples",
        type=options.whole(1),
        default=10,
        metavar="N",
        help="number of training images to average over (default: 10)",
    )
    parser.add_argument(
        "--step", action="store_true", help="take a step along the average, with the learning rate, and look again"
    )
    experiment_options.add(parser, "--hidden")
    for name in experiment_options.TRAINING:
        own = {"type": options.whole(0), "default": 1, "help": "number of passes over the images (default: 1)"}
        experiment_options.add(parser, name, **(own if name == "--epochs" else {}))
    experiment_options.add(parser, "--png")


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Explain the image that the arguments name, and return the exit status."""
    with options.reported():
        case = case_of(arguments, of_training=True)
        n, n_images = arguments.examples, len(case.experiment.data.X_train)
        if n > n_images:
            raise ValueError(f"--examples must be at most {n_images}, the number of training images, got {n}")
        nudge = nudged(case, n)
    width = page_width(terminal)
    when = f"after {counted(arguments.epochs, 'epoch')}" if arguments.epochs else "before training"
    subject = f"training image {case.example.image} of {case.collection}, {when}, seed {arguments.seed}"
    title = ends(f"{program} nudge {case.example.label}", subject, width)
    sections = nudge_sections(terminal, nudge, width)
    if arguments.step:
        sections.append(step_lines(terminal, nudge, width))
    hints = [
        f"--neuron {shlex.quote(case.other(0))}",
        *([f"--examples {10 * n}"] if 10 * n <= 1000 else []),
        "--epochs 0 (untrained)",
        "--step (take it, look again)",
    ]
    pages.show(terminal, [title, *sections, joined(hints, width)])
    if arguments.png is not None:
        save_pngs(pngs(nudge), arguments.png, terminal)
    return 0


def nudge_sections(terminal: Terminal, nudge: Nudge, width: int) -> list[list[str]]:
    """Write the parts of the page: outputs, one output, one neuron of the layer before, all layers, the average.

    The neurons are the right output, and that with the largest wish in the layer before, or the one that is asked for.
    """
    last, unit = nudge.case.names.last, nudge.case.unit
    output = unit if unit is not None and unit.layer == last else Unit(last, int(nudge.y[0]))
    sections = [_outputs_lines(terminal, nudge, width), _ways_lines(nudge, output, width)]
    if last:
        hidden = unit if unit is not None and unit.layer < last else loudest(nudge, last - 1)
        sections.append(_before_lines(nudge, hidden, width))
        head = "And so on to the front: what every hidden neuron should do, in hundredths."
        sections.append([*wrapped(head, width), *layer_wish_lines(nudge.step, width)])
    return [*sections, _everybody_lines(nudge, output, width)]


def _outputs_lines(terminal: Terminal, nudge: Nudge, width: int) -> list[str]:
    """Draw the image beside the table of its outputs, with the wanted changes, and say what a wish is."""
    labels, is_wide = nudge.case.names.labels, width >= _WIDE
    image = digit_lines(terminal, nudge.X[0], margin=1 if is_wide else 0)
    space = width - max(len(visible(line)) for line in image) - 2
    squared, of_sums = nudge.network.loss == "squared_error", nudge.has_softmax
    table = output_wish_lines(terminal, nudge.step, labels, space, squared=squared and is_wide, of_sums=of_sums)
    answer = labels[int(nudge.step.layers[-1].outputs[0].argmax())]
    says = f"The network says {answer} for this {nudge.case.example.label}; the cost is {nudge.cost:.3f}"
    meaning = ". A wish is minus the derivative of the cost with respect to the output."
    if squared:
        meaning = (
            ", the sum of the squares. A wish is 2 x (wanted - is): up or down, and larger where the output is "
            "further off."
        )
    elif of_sums:
        meaning = ", the log loss. The wish for the sum of each output is wanted - is: larger where it is further off."
    return [*beside(image, table), "", *wrapped(says + meaning, width)]


def _ways_lines(nudge: Nudge, unit: Unit, width: int) -> list[str]:
    is_output, name = unit.layer == nudge.case.names.last, nudge.case.names.of(unit)
    ways = three_ways(nudge.step, unit, softmax=is_output and nudge.has_softmax)
    function = function_name(nudge.network, unit.layer)
    table = three_ways_lines(ways, unit, f"Output {name}" if is_output else name, width, function=function)
    if ways.sum_wish == 0:
        return [*table, *wrapped("  Its slope is 0 here, so nothing behind it has a share.", width)]
    n_ways = "Three" if unit.layer else "Two"
    note = f"{n_ways} ways to follow it, and how much of the change of its sum each would give:"
    return [*table[:-3], *wrapped(note, width), *table[-3:]]


def loudest(nudge: Nudge, layer: int) -> Unit:
    """Return the neuron of a layer with the largest wish in the example, if possible one that can follow it."""
    part = nudge.step.layers[layer]
    wishes = np.abs(part.output_changes[0]) * (part.bias_changes[0] != 0)
    return Unit(layer, int(wishes.argmax()))


def _before_lines(nudge: Nudge, unit: Unit, width: int) -> list[str]:
    """Write how the wish of a hidden neuron adds up from the next layer, and the ways to follow it."""
    names = nudge.case.names
    who = "the outputs" if unit.layer == names.last - 1 else f"the neurons of layer {letters(unit.layer + 1)}"
    head = f"Activations cannot be turned: their changes are wishes again. What {who} pass back to {names.of(unit)}"
    line = passed_wishes_line(nudge.step, unit, names, width)
    return [*wrapped(f"{head} adds up:", width), line, *_ways_lines(nudge, unit, width)]


def _everybody_lines(nudge: Nudge, output: Unit, width: int) -> list[str]:
    """Write what each of the examples wants from some weights and biases, the averages, and the gradient."""
    names, n, step = nudge.case.names, len(nudge.images), nudge.step
    knobs = telling_knobs(nudge, output)
    images = [f"[{nudge.images[0]}]", *map(str, nudge.images[1:])]
    table = share_lines(step, knobs, images, [names.labels[digit] for digit in nudge.y], names, width)
    head, knobs_are = "What the image wants from three of the knobs", "(weights and biases)"
    text = "For a single image, this is minus the gradient that cmlp computes in one go:"
    if n > 1:
        head = "What each image wants from three of the knobs"
        knobs_are += f"; {images[0]} is the one above"
        text = f"The average over the {n:,} images is minus the gradient that cmlp computes in one go:"
    difference = f"largest difference {largest_difference(step, nudge.gradient):.0e}"
    return [
        *wrapped(f"{head} {knobs_are}:", width),
        *table,
        "",
        *wrapped(text, width),
        *average_lines(step, nudge.gradient, knobs, names),
        f"all {len(nudge.gradient.flat):,} weights and biases: {difference}",
    ]


def telling_knobs(nudge: Nudge, output: Unit) -> list[ParameterIndex]:
    """Return the bias of an output, its weight with the largest wish in the example, and the bias of another output.

    The other output is the one with the largest wish for its sum in the example.
    """
    layer = nudge.step.layers[output.layer]
    sum_wishes = np.abs(layer.bias_changes[0])
    strongest = int(np.abs(layer.inputs[0]).argmax())
    others = np.where(np.arange(len(sum_wishes)) == output.neuron, -1, sum_wishes)
    ends = (None, output.neuron), (strongest, output.neuron), (None, int(others.argmax()))
    return [ParameterIndex(output.layer, *each) for each in ends]


def step_lines(terminal: Terminal, nudge: Nudge, width: int) -> list[str]:
    """Take one step along the average, and write the costs and the outputs after it. The network changes."""
    before, cost, rate = nudge.network.cost(nudge.X, nudge.y), nudge.cost, nudge.case.experiment.rate
    nudge.network.step(nudge.X, nudge.y, rate)
    after = nudge._replace(step=nudge.network.explain_step(nudge.X, nudge.y))
    n = len(nudge.images)
    mean = f"the cost of the {n} images goes from {before:.3f} to {nudge.network.cost(nudge.X, nudge.y):.3f}, "
    text = (
        f"One step along the average (learning rate {rate:g}): {mean if n > 1 else ''}"
        f"that of this {nudge.case.example.label} from {cost:.3f} to {after.cost:.3f}."
    )
    return [*wrapped(text, width), "", *_outputs_lines(terminal, after, width)]


def pngs(nudge: Nudge) -> dict[str, NDArray[np.uint8]]:
    """Return the image, what it wants from the weights of each neuron of the first layer, and the average."""
    wanted = nudge.step.layers[0]
    return {
        "image": nudge.X[0].reshape(SIDE, SIDE),
        "wanted-weights": weight_sheet(np.outer(wanted.inputs[0], wanted.bias_changes[0])),
        "wanted-weights-average": weight_sheet(nudge.step.average.weights[0]),
    }
