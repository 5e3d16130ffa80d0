"""The command ``cmlp look``: one image in the network, before and after training."""

from __future__ import annotations

import argparse
import copy
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmlp import Network
from cmlp._cli import experiment as experiment_options
from cmlp._cli import options
from cmlp._cli.terminal import Terminal, count_noun, side_by_side, without_codes, wrap
from cmlp._model.results import letters
from cmlp.story import drawing, neurons
from cmlp.story.case import Case, case_of, save
from cmlp.story.neurons import Unit

DESCRIPTION = (
    "Train a network, and show one test image on its way through it, before and after training: "
    "the hidden layers, the outputs, and the weighted sum of one neuron."
)
# From this width on, the outputs before and after training are side by side.
_WIDE = 72
_VERY_WIDE = 100
_SHORTEST_BARS = 5


class _Look(NamedTuple):
    """A case, its trained network, and the activations of every layer.

    They are those of the image, before and after training.
    """

    case: Case
    network: Network
    activations: list[list[NDArray[Any]]]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    names = experiment_options.EXAMPLE, ("--hidden",), experiment_options.TRAINING, ("--save",)
    experiment_options.add(parser, *sum(names, ()))


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Show the image that the arguments name, and return the exit status."""
    with options.as_command_errors():
        case = case_of(arguments, of_training=False)
        before = copy.copy(case.experiment.network)
        after = case.experiment.train()
    activations = [
        [a[0] for a in network.activations(case.example.row[None])] for network in (before, after)
    ]
    look = _Look(case, after, activations)
    width = drawing.page_width(terminal)
    subject = f"test {case.image_name()}, seed {arguments.seed}"
    title = f"{program} look {case.example.label}"
    hidden = []
    if len(after.sizes) > 2:
        hidden.append(_hidden_lines(terminal, look, width))
    sections = [
        _outputs_lines(terminal, look, width),
        *hidden,
        _neuron_lines(terminal, look, width),
    ]
    hints = [
        f"other neurons: {case.other(max(min(1, case.names.last - 1), 0))}",
        f"another image: --number {arguments.number + 1}",
        f"your own: {program} read FILE.png",
    ]
    terminal.write_lines(drawing.page(title, subject, sections, hints, width))
    save(after, arguments.save, terminal, program)
    return 0


def _outputs_lines(terminal: Terminal, look: _Look, width: int) -> list[str]:
    """Draw the image, and the outputs before and after training.

    On narrow terminals, they are a row before training.
    """
    labels = look.case.names.labels
    example = look.case.example
    outputs = [activations[-1] for activations in look.activations]
    times = "before training", f"after {count_noun(look.case.experiment.n_epochs, 'epoch')}"
    heads = [
        f"{when}: it says {labels[int(v.argmax())]}" for when, v in zip(times, outputs, strict=True)
    ]
    image = [f"a {example.label}", *drawing.digit_lines(terminal, example.row)]
    image_width = max(len(without_codes(line)) for line in image)
    column = (width - image_width - 4) // 2
    is_wide = width >= _WIDE and column - max(map(len, labels)) - 9 >= _SHORTEST_BARS
    if not is_wide:
        column = min(width - image_width - 2, 40)
    bars = [
        [head, *drawing.output_bars(terminal, v, labels, column)]
        for head, v in zip(heads, outputs, strict=True)
    ]
    if is_wide:
        return side_by_side(image, *bars)
    names = []
    if max(map(len, labels)) <= 1:
        names.append(" ".join(labels))
    rows = [f"  {row}" for row in (*names, *drawing.cell_lines(terminal, outputs[0], width))]
    return [*side_by_side(image, bars[1]), "", heads[0], *rows]


def _hidden_lines(terminal: Terminal, look: _Look, width: int) -> list[str]:
    """Draw the hidden layers after training, and before it where there is space, with a legend."""
    before, after = look.activations
    n_hidden = len(after) - 2
    which = ["layer A", "layers A and B", f"layers A to {letters(n_hidden - 1)}"][
        min(n_hidden, 3) - 1
    ]
    is_wide = width >= _WIDE
    if is_wide:
        when = "before training (left) and after (right)"
    else:
        when = "after training"
    head = f"The hidden {which}, a cell per neuron ({drawing.legend(terminal)}), {when}:"
    layers = [before, after] if is_wide else [after]
    return [*wrap(head, width), *drawing.layer_lines(terminal, layers, width)]


def _neuron_lines(terminal: Terminal, look: _Look, width: int) -> list[str]:
    """Spell out the weighted sum of one neuron.

    It is the one that is asked for, also with its weights if its inputs are the pixels; otherwise
    the one of the first layer whose sum is nearest to 0.
    """
    network = look.network
    row = look.case.example.row
    unit = look.case.unit
    chosen = unit or Unit(0, int(np.abs(network.weighted_sums(row[None])[0][0]).argmin()))
    has_image = unit is not None and unit.layer == 0
    n_terms = 5 if width >= _VERY_WIDE or has_image else 3
    table, effect = neurons.weighted_sum(network, row, chosen, n_terms)
    head = wrap(_sum_in_words(look, chosen), width)
    effect_lines = []
    if effect:
        effect_lines = ["", *wrap(effect, width)]
    if not has_image:
        return [*head, "", *table, *effect_lines]
    weights = drawing.weight_lines(terminal, network.weights[0][:, chosen.neuron])
    signs = "blue +, orange -" if terminal.colors else "shades +, dashes -"
    image = [f"its weights: {signs}", *weights]
    return [*head, "", *drawing.beside_or_below(table, image, width, gap=3), *effect_lines]


def _sum_in_words(look: _Look, unit: Unit) -> str:
    name = look.case.names.name(unit)
    is_output = unit.layer == look.case.names.last
    source = "pixel"
    if unit.layer:
        source = f"activation of layer {letters(unit.layer - 1)}"
    kind = f"neuron of layer {letters(unit.layer)}"
    if is_output:
        kind = "output"
        name = f"Output {name}"
    why = ""
    if not look.case.unit:
        why = f" It is the {kind} whose sum is nearest to 0 for this image."
    return (
        f"{name} after training: each {source} times its weight, added up with the bias. "
        f"{neurons.function_sentence(look.network, unit.layer)}{why}"
    )
