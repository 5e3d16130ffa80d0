"""The command ``cmlp look``: one image on its way through the network, before and after training."""

from __future__ import annotations

import argparse
import copy
import shlex
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmlp import Network
from cmlp.console import options, png
from cmlp.console.charts import beside
from cmlp.console.digit import SIDE, digit_lines, weight_lines
from cmlp.console.experiment import Experiment, Options
from cmlp.console.experiment_options import Example, add_example, add_experiment, add_hidden, collection, example
from cmlp.console.terminal import Terminal, visible, wrapped
from cmlp.names import letters
from cmlp.story import pages
from cmlp.story.pictures.layers import cell_lines, layer_lines, legend
from cmlp.story.pictures.names import Unit, parse_unit, unit_name
from cmlp.story.pictures.neuron import (
    activation_function,
    curve_lines,
    function_name,
    function_sentence,
    nearest_to_zero,
    sum_lines,
    weighted_sum,
    without_largest,
)
from cmlp.story.pictures.outputs import output_bars
from cmlp.story.pictures.text import counted, ends, joined, page_width

NAME, SUMMARY = "look", "show one digit on its way through the network"
DESCRIPTION = (
    "Train a network, and show one test image on its way through it, before and after training: the hidden layers, "
    "the outputs, and the weighted sum of one neuron."
)
# From this width on, the outputs before and after training are side by side.
_WIDE, _VERY_WIDE = 72, 100
_SHORTEST_BARS = 5


class Look(NamedTuple):
    """An image, and the same network before and after training.

    Attributes
    ----------
    before, after : Network
    n_epochs : int
        Number of epochs between them.
    example : Example
    labels : sequence of str
        Labels of the outputs.
    """

    before: Network
    after: Network
    n_epochs: int
    example: Example
    labels: Sequence[str]

    @property
    def activations(self) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
        """Activations of every layer for the image, before and after training."""
        row = self.example.row[None]
        before, after = ([a[0] for a in network.activations(row)] for network in (self.before, self.after))
        return before, after


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_example(parser)
    add_hidden(parser)
    add_experiment(parser)
    options.add_save(parser)
    options.add_png(parser)


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Show the image that the arguments name, and return the exit status."""
    given = dict(vars(arguments))
    digit, number, neuron = (given.pop(name) for name in ("digit", "number", "neuron"))
    path, folder = given.pop("save"), given.pop("png")
    with options.reported():
        experiment = Experiment(Options(**given))
        data = experiment.data
        chosen = example(digit, number, data.X_test, data.y_test, data.labels)
        unit = None if neuron is None else parse_unit(neuron, experiment.network.sizes, data.labels)
        before = copy.copy(experiment.network)
        experiment.train()
    look = Look(before, experiment.network, experiment.n_epochs, chosen, data.labels)
    width = page_width(terminal)
    subject = f"test image {chosen.image} of {collection(experiment.options)}, seed {experiment.options.seed}"
    title = ends(f"{program} look {chosen.label}", subject, width)
    hints = _hints(look, number, unit, program, width)
    pages.show(terminal, [title, *look_sections(terminal, look, width, unit), hints])
    if path is not None:
        options.save(experiment.network, path, terminal, program)
    if folder is not None:
        options.save_pngs(pngs(look), folder, terminal)
    return 0


def look_sections(terminal: Terminal, look: Look, width: int, unit: Unit | None = None) -> list[list[str]]:
    """Draw the parts of the page: image and outputs, hidden layers, and the weighted sum of one neuron.

    Parameters
    ----------
    terminal : Terminal
    look : Look
    width : int
        Width of the page in columns.
    unit : Unit or None
        The neuron; by default the one of the first layer whose sum is nearest to 0. If it is given and belongs to the
        first layer, its weights are drawn, too.
    """
    hidden = [hidden_lines(terminal, look, width)] if len(look.after.sizes) > 2 else []
    neuron = neuron_lines(terminal, look.after, look.example.row, look.labels, width, unit)
    return [outputs_lines(terminal, look, width), *hidden, neuron]


def outputs_lines(terminal: Terminal, look: Look, width: int) -> list[str]:
    """Draw the image, and the outputs before and after training; on narrow terminals as a row before training."""
    labels = look.labels
    before, after = (activations[-1] for activations in look.activations)
    says = [f"it says {labels[int(values.argmax())]}" for values in (before, after)]
    image = [f"a {look.example.label}", *digit_lines(terminal, look.example.row)]
    image_width = max(len(visible(line)) for line in image)
    column = (width - image_width - 4) // 2
    if width >= _WIDE and column - max(map(len, labels)) - 9 >= _SHORTEST_BARS:
        return beside(
            image,
            [f"before training: {says[0]}", *output_bars(terminal, before, labels, column)],
            [f"after {counted(look.n_epochs, 'epoch')}: {says[1]}", *output_bars(terminal, after, labels, column)],
        )
    column = min(width - image_width - 2, 40)
    top = beside(
        image, [f"after {counted(look.n_epochs, 'epoch')}: {says[1]}", *output_bars(terminal, after, labels, column)]
    )
    names = [] if max(map(len, labels)) > 1 else [" ".join(labels)]
    rows = [*names, *cell_lines(terminal, before, width)]
    return [*top, "", f"before training: {says[0]}", *(f"  {row}" for row in rows)]


def hidden_lines(terminal: Terminal, look: Look, width: int) -> list[str]:
    """Draw the hidden layers after training, and before it where there is space, with a legend."""
    before, after = look.activations
    n_hidden = len(after) - 2
    names = ["the hidden layer A", "the hidden layers A and B"]
    which = names[n_hidden - 1] if n_hidden < 3 else f"the hidden layers A to {letters(n_hidden - 1)}"
    if width >= _WIDE:
        shown, when = [before, after], "before training (left) and after (right)"
    else:
        shown, when = [after], "after training"
    head = f"{which}, a cell per neuron ({legend(terminal)}), {when}:"
    return [*wrapped(head[0].upper() + head[1:], width), *layer_lines(terminal, shown, width)]


def neuron_lines(
    terminal: Terminal,
    network: Network,
    row: NDArray[Any],
    labels: Sequence[str],
    width: int,
    unit: Unit | None = None,
) -> list[str]:
    """Spell out the weighted sum of one neuron for an image, with the curve of its activation function.

    Parameters
    ----------
    terminal : Terminal
    network : Network
    row : ndarray of shape (784,)
        The image.
    labels : sequence of str
        Labels of the outputs.
    width : int
        Width of the picture in columns.
    unit : Unit or None
        The neuron. By default the neuron of the first layer whose sum is nearest to 0. If it is given and belongs to
        the first layer, its weights are drawn as an image, too.
    """
    chosen = unit or nearest_to_zero(network, row)
    has_image = unit is not None and unit.layer == 0
    spelled = weighted_sum(network, row, chosen, 5 if width >= _VERY_WIDE or has_image else 3)
    table = sum_lines(spelled, function_name(network, chosen.layer))
    head = wrapped(_sum_in_words(network, labels, chosen, is_default=unit is None), width)
    effect = without_largest(network, spelled)
    effect_lines = ["", *wrapped(effect, width)] if effect else []
    table_width = max(map(len, table))
    function = activation_function(network, chosen.layer) if width >= _WIDE else None
    size = (table_width, 7) if has_image else (min(width - table_width - 3, 60), len(table))
    curve = [] if function is None else curve_lines(terminal, function, [spelled.z], *size)
    if not has_image:
        return [*head, "", *(beside(table, curve, gap=3) if curve else table), *effect_lines]
    title = "its weights: " + ("blue +, orange -" if terminal.colors else "shades +, dashes -")
    image = [title, *weight_lines(terminal, network.weights[0][:, chosen.neuron])]
    if width < table_width + 3 + SIDE:
        return [*head, "", *table, *effect_lines, "", *beside(image)]
    return [*head, "", *beside([*table, "", *curve], image, gap=3), *effect_lines]


def _sum_in_words(network: Network, labels: Sequence[str], unit: Unit, *, is_default: bool) -> str:
    """Describe what a neuron computes, and why it was chosen."""
    is_output = unit.layer == len(network.sizes) - 2
    name = unit_name(unit, network.sizes, labels)
    source = "pixel" if unit.layer == 0 else f"activation of layer {letters(unit.layer - 1)}"
    kind = "output" if is_output else f"neuron of layer {letters(unit.layer)}"
    why = f" It is the {kind} whose sum is nearest to 0 for this image." if is_default else ""
    return (
        f"{f'Output {name}' if is_output else name} after training: each {source} times its weight, added up with the "
        f"bias. {function_sentence(network, unit.layer)}{why}"
    )


def pngs(look: Look) -> dict[str, NDArray[np.uint8]]:
    """Return the image, and the weights of all neurons of the first layer before and after training."""
    return {
        "image": look.example.row.reshape(SIDE, SIDE),
        "weights-before": png.weight_sheet(look.before.weights[0]),
        "weights-after": png.weight_sheet(look.after.weights[0]),
    }


def _hints(look: Look, number: int, unit: Unit | None, program: str, width: int) -> list[str]:
    """Suggest what to look at next."""
    sizes = look.after.sizes
    layer = max(min(1, len(sizes) - 3), 0)
    other = next(candidate for candidate in (Unit(layer, sizes[layer + 1] // 4), Unit(layer, 0)) if candidate != unit)
    parts = [
        f"other neurons: --neuron {shlex.quote(unit_name(other, sizes, look.labels))}",
        f"another image: --number {number + 1}",
        f"your own: {program} read FILE.png",
    ]
    return joined(parts, width)
