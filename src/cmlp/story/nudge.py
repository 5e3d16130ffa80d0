"""The command ``cmlp nudge``: backpropagation for one example, in numbers."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmlp.console import options, png
from cmlp.console.charts import beside
from cmlp.console.digit import SIDE, digit_lines
from cmlp.console.experiment import Experiment, Options
from cmlp.console.experiment_options import Example, add_example, add_experiment, add_hidden, collection, example
from cmlp.console.terminal import Terminal, visible, wrapped
from cmlp.names import letters
from cmlp.network import Network, ParameterIndex
from cmlp.results import Gradient, StepExplanation
from cmlp.story import pages
from cmlp.story.pictures.average import average_lines, share_lines
from cmlp.story.pictures.names import Unit, parse_unit, unit_name
from cmlp.story.pictures.neuron import function_name
from cmlp.story.pictures.text import counted, ends, joined, page_width
from cmlp.story.pictures.wishes import (
    layer_wish_lines,
    output_wish_lines,
    passed_wishes_line,
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
    """A network, some examples, and what a gradient descent step wants to change for them.

    Attributes
    ----------
    network : Network
        In double precision, so that the sums agree to the last digits shown.
    images : ndarray of shape (n,)
        Indices of the examples; the first is the one to explain.
    X : ndarray of shape (n, 784), uint8
    y : ndarray of shape (n,)
    labels : sequence of str
        Labels of the outputs.
    step : StepExplanation
    gradient : Gradient
        From `Network.gradient`, which does not use `step`.
    """

    network: Network
    images: NDArray[Any]
    X: NDArray[np.uint8]
    y: NDArray[Any]
    labels: Sequence[str]
    step: StepExplanation
    gradient: Gradient

    @property
    def digit(self) -> int:
        """Class index of the example to explain."""
        return int(self.y[0])

    @property
    def cost(self) -> float:
        """Cost of the example to explain."""
        return self.network.cost(self.X[:1], self.y[:1])

    @property
    def has_softmax(self) -> bool:
        """Whether the outputs are a softmax."""
        return self.network.output == "softmax"


def nudged(
    network: Network, X: NDArray[np.uint8], y: NDArray[Any], labels: Sequence[str], chosen: Example, n: int
) -> Nudge:
    """Return what a step wants to change for an image of X and for others, `n` in all: the first of X."""
    others = [image for image in range(min(n, len(X))) if image != chosen.image][: n - 1]
    images = np.array([chosen.image, *others])
    double = in_double(network)
    rows, digits = X[images], y[images]
    return Nudge(double, images, rows, digits, labels, double.explain_step(rows, digits), double.gradient(rows, digits))


def in_double(network: Network) -> Network:
    """Return the same network in double precision."""
    same = {name: getattr(network, name) for name in ("activation", "output", "loss", "input_scale")}
    double = Network(network.sizes, dtype="float64", **same)
    double.params = network.params
    return double


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_example(parser)
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
    add_hidden(parser)
    add_experiment(parser, epochs=1)
    options.add_png(parser)


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Explain the image that the arguments name, and return the exit status."""
    given = dict(vars(arguments))
    digit, number, neuron = (given.pop(name) for name in ("digit", "number", "neuron"))
    n, takes_step, folder = (given.pop(name) for name in ("examples", "step", "png"))
    with options.reported():
        experiment = Experiment(Options(**given))
        data = experiment.data
        chosen = example(digit, number, data.X_train, data.y_train, data.labels)
        if n > len(data.X_train):
            raise ValueError(f"--examples must be at most {len(data.X_train)}, the number of training images, got {n}")
        unit = None if neuron is None else parse_unit(neuron, experiment.network.sizes, data.labels)
        experiment.train()
        nudge = nudged(experiment.network, data.X_train, data.y_train, data.labels, chosen, n)
    width = page_width(terminal)
    when = f"after {counted(experiment.n_epochs, 'epoch')}" if experiment.n_epochs else "before training"
    seed = experiment.options.seed
    subject = f"training image {chosen.image} of {collection(experiment.options)}, {when}, seed {seed}"
    title = ends(f"{program} nudge {chosen.label}", subject, width)
    sections = nudge_sections(terminal, nudge, width, unit)
    if takes_step:
        sections.append(step_lines(terminal, nudge, width, experiment.rate))
    pages.show(terminal, [title, *sections, _hints(nudge, n, unit, width)])
    if folder is not None:
        options.save_pngs(pngs(nudge), folder, terminal)
    return 0


def nudge_sections(terminal: Terminal, nudge: Nudge, width: int, unit: Unit | None = None) -> list[list[str]]:
    """Write the parts of the page: outputs, one output, one neuron of the layer before, all layers, the average.

    Parameters
    ----------
    unit : Unit or None
        The neuron to explain, in place of the right output or of the neuron with the largest wish in the layer before.
    """
    last = len(nudge.network.sizes) - 2
    output = unit if unit is not None and unit.layer == last else Unit(last, nudge.digit)
    sections = [outputs_lines(terminal, nudge, width), ways_lines(nudge, output, width)]
    if last:
        hidden = unit if unit is not None and unit.layer < last else loudest(nudge, last - 1)
        sections.append(before_lines(nudge, hidden, width))
        head = "And so on to the front: what every hidden neuron should do, in hundredths."
        sections.append([*wrapped(head, width), *layer_wish_lines(nudge.step, width)])
    return [*sections, everybody_lines(nudge, output, width)]


def outputs_lines(terminal: Terminal, nudge: Nudge, width: int) -> list[str]:
    """Draw the image beside the table of its outputs, with the wanted changes, and say what a wish is."""
    image = digit_lines(terminal, nudge.X[0], margin=1 if width >= _WIDE else 0)
    space = width - max(len(visible(line)) for line in image) - 2
    squared = nudge.network.loss == "squared_error"
    table = output_wish_lines(
        terminal,
        nudge.step,
        nudge.labels,
        space,
        squared=squared and width >= _WIDE,
        of_sums=nudge.has_softmax,
    )
    answer = nudge.labels[int(nudge.step.layers[-1].outputs[0].argmax())]
    says = f"The network says {answer} for this {nudge.labels[nudge.digit]}; the cost is {nudge.cost:.3f}"
    if squared:
        meaning = (
            ", the sum of the squares. A wish is 2 x (wanted - is): up or down, and larger where the output is "
            "further off."
        )
    elif nudge.has_softmax:
        meaning = ", the log loss. The wish for the sum of each output is wanted - is: larger where it is further off."
    else:
        meaning = ". A wish is minus the derivative of the cost with respect to the output."
    return [*beside(image, table), "", *wrapped(says + meaning, width)]


def ways_lines(nudge: Nudge, unit: Unit, width: int) -> list[str]:
    """Write the three ways in which one neuron can follow its wish."""
    network = nudge.network
    is_output = unit.layer == len(network.sizes) - 2
    name = unit_name(unit, network.sizes, nudge.labels)
    ways = three_ways(nudge.step, unit, softmax=is_output and nudge.has_softmax)
    title = f"Output {name}" if is_output else name
    table = three_ways_lines(ways, unit, title, width, function=function_name(network, unit.layer))
    n_ways = "Three" if unit.layer else "Two"
    note = f"{n_ways} ways to follow it, and how much of the change of its sum each would give:"
    if ways.sum_wish == 0:
        return [*table, *wrapped("  Its slope is 0 here, so nothing behind it has a share.", width)]
    first = len(table) - 3
    return [*table[:first], *wrapped(note, width), *table[first:]]


def loudest(nudge: Nudge, layer: int) -> Unit:
    """Return the neuron of a layer with the largest wish in the example, if possible one that can follow it."""
    part = nudge.step.layers[layer]
    wishes = np.abs(part.output_changes[0]) * (part.bias_changes[0] != 0)
    return Unit(layer, int(wishes.argmax()))


def before_lines(nudge: Nudge, unit: Unit, width: int) -> list[str]:
    """Write how the wish of a hidden neuron adds up from the next layer, and the ways to follow it."""
    sizes = nudge.network.sizes
    name = unit_name(unit, sizes, nudge.labels)
    is_last = unit.layer == len(sizes) - 3
    who = "the outputs" if is_last else f"the neurons of layer {letters(unit.layer + 1)}"
    head = f"Activations cannot be turned: their changes are wishes again. What {who} pass back to {name} adds up:"
    line = passed_wishes_line(nudge.step, unit, sizes, nudge.labels, width)
    return [*wrapped(head, width), line, *ways_lines(nudge, unit, width)]


def everybody_lines(nudge: Nudge, output: Unit, width: int) -> list[str]:
    """Write what each of the examples wants from some weights and biases, the averages, and the gradient."""
    sizes, labels, n = nudge.network.sizes, nudge.labels, len(nudge.images)
    knobs = telling_knobs(nudge, output)
    names = [labels[digit] for digit in nudge.y]
    table = share_lines(nudge.step, knobs, nudge.images.tolist(), names, sizes, labels, width)
    if n > 1:
        head = (
            f"What each image wants from three of the knobs (weights and biases); [{nudge.images[0]}] is the one above:"
        )
        text = f"The average over the {n:,} images is minus the gradient that cmlp computes in one go:"
    else:
        head = "What the image wants from three of the knobs (weights and biases):"
        text = "For a single image, this is minus the gradient that cmlp computes in one go:"
    return [
        *wrapped(head, width),
        *table,
        "",
        *wrapped(text, width),
        *average_lines(nudge.step, nudge.gradient, knobs, sizes, labels),
    ]


def telling_knobs(nudge: Nudge, output: Unit) -> list[ParameterIndex]:
    """Return the bias of an output, its weight with the largest wish in the example, and the bias of another output.

    The other output is the one with the largest wish for its sum in the example.
    """
    layer = nudge.step.layers[output.layer]
    sum_wishes = np.abs(layer.bias_changes[0])
    strongest = int(np.abs(layer.inputs[0]).argmax())
    others = np.where(np.arange(len(sum_wishes)) == output.neuron, -1, sum_wishes)
    return [
        ParameterIndex(output.layer, None, output.neuron),
        ParameterIndex(output.layer, strongest, output.neuron),
        ParameterIndex(output.layer, None, int(others.argmax())),
    ]


def step_lines(terminal: Terminal, nudge: Nudge, width: int, rate: float) -> list[str]:
    """Take one step along the average, and write the costs and the outputs after it. The network changes."""
    costs = [nudge.network.cost(nudge.X, nudge.y), nudge.cost]
    nudge.network.step(nudge.X, nudge.y, rate)
    after = nudge._replace(step=nudge.network.explain_step(nudge.X, nudge.y))
    n = len(nudge.images)
    mean = f"the cost of the {n} images goes from {costs[0]:.3f} to {after.network.cost(after.X, after.y):.3f}, "
    text = (
        f"One step along the average (learning rate {rate:g}): {mean if n > 1 else ''}"
        f"that of this {nudge.labels[nudge.digit]} from {costs[1]:.3f} to {after.cost:.3f}."
    )
    return [*wrapped(text, width), "", *outputs_lines(terminal, after, width)]


def pngs(nudge: Nudge) -> dict[str, NDArray[np.uint8]]:
    """Return the image, what it wants from the weights of each neuron of the first layer, and the average."""
    wanted = nudge.step.layers[0]
    weights = np.outer(wanted.inputs[0], wanted.bias_changes[0])
    return {
        "image": nudge.X[0].reshape(SIDE, SIDE),
        "wanted-weights": png.weight_sheet(weights),
        "wanted-weights-average": png.weight_sheet(nudge.step.average.weights[0]),
    }


def _hints(nudge: Nudge, n: int, unit: Unit | None, width: int) -> list[str]:
    """Suggest what to try next."""
    sizes = nudge.network.sizes
    other = Unit(0, sizes[1] // 4)
    if other == unit:
        other = Unit(0, 0)
    name = shlex.quote(unit_name(other, sizes, nudge.labels))
    return joined(
        [
            f"--neuron {name}",
            *([f"--examples {10 * n}"] if 10 * n <= 1000 else []),
            "--epochs 0 (untrained)",
            "--step (take it, look again)",
        ],
        width,
    )
