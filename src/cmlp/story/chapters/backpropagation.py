"""Screens 17 to 20: backpropagation as wishes (chapters 3 and 4 of the videos)."""

from __future__ import annotations

from typing import Any

import numpy as np

from cmlp._cli.terminal import beside, visible
from cmlp._model.results import Gradient, ParameterIndex, StepExplanation
from cmlp.story.page import Motion, Page, Scene, scene
from cmlp.story.pictures.images import digit_lines
from cmlp.story.pictures.layers import cell_lines, tick_line
from cmlp.story.pictures.names import Unit
from cmlp.story.pictures.text import counted, signs, styled, symbols
from cmlp.story.pictures.travel import mean_lines, travelling_lines
from cmlp.story.pictures.wishes import (
    average_lines,
    each_share,
    largest_difference,
    output_wish_lines,
    passed_wishes,
    three_ways,
    three_ways_lines,
)
from cmlp.story.tale import LABELS, NAMES, RATE, Tale

SCENES: list[Scene] = []
_OUTPUT = NAMES.last
_ADDED_UP = 0.7  # when all wishes have arrived


@scene(
    SCENES,
    "Ten wishes",
    "cmlp nudge 9",
    "wish (in the videos: nudge): the derivative of the cost along an activation with its sign turned round",
)
def ten_wishes(tale: Tale, page: Page) -> None:
    """Show what the outputs should change for one image."""
    image = digit_lines(page.terminal, tale.X[tale.lesson])
    width = page.width - len(visible(image[0])) - 3
    page.block(beside(image, output_wish_lines(page.terminal, tale.step, LABELS, width, squared=False), gap=3))
    page.text(
        f"Half-trained, the network calls another 9 a {tale.step.layers[-1].outputs[0].argmax()}. Each arrow is a "
        "wish: which way an output should change, and how strongly it pulls, not how far. It is 2 x (wanted - is), the "
        "derivative of the cost with its sign turned round. But only knobs can be turned: so whom to ask?",
    )


def _three_ways_in_numbers(tale: Tale, page: Page) -> None:
    """Write the three ways of output 9 in numbers."""
    unit = Unit(_OUTPUT, 9)
    page.block(three_ways_lines(three_ways(tale.step, unit), unit, "output 9", page.width))
    page.text(
        "The slope is that of the sigmoid at this sum. In percent: how much of the rise of the sum each way gives, if "
        "all three are followed by the same small part."
    )


@scene(
    SCENES,
    "Three ways to brighten output 9",
    "cmlp nudge 9 --neuron 4",
    "wish for a sum: the wish times the slope of the sigmoid: how the weighted sum should change",
    motion=Motion(3.0),
    details=_three_ways_in_numbers,
)
def three_ways_up(tale: Tale, page: Page) -> None:
    """Show the three ways in which output 9 can follow its wish."""
    ways, inputs = three_ways(tale.step, Unit(_OUTPUT, 9)), tale.step.layers[-1].inputs[0]
    shown, up = round(3 * page.moment), styled(page.terminal, symbols(page.terminal).up, "up")
    page.text(
        f"Output 9: wish {ways.wish:+.3f} x slope of its sigmoid {ways.slope:.3f} = {ways.sum_wish:+.3f} for its sum."
    )

    def row(name: str, cells: str) -> str:
        return f"  {name:26}{cells}"

    def pattern(values: Any) -> str:
        return cell_lines(page.terminal, np.array(values), 40, float(np.abs(values).max()))[0]

    rows = [("1  raise its bias", ways.bias, "")]
    rows += [("2  turn weights", ways.weights, "B is so bright")]
    rows += [("3  ask B's neurons", ways.activations, "its weights are")]
    for n, (title, way, factors) in enumerate(rows):
        lines = [row(f"{title} ({100 * way.part:.0f} %)", tick_line(len(inputs)) if factors else up)]
        if factors:  # patterns touch in colours: a line between them
            lines += [
                row(f"   {factors}", pattern(way.factors)),
                "",
                row("   change: same pattern", pattern(way.shares)),
            ]
        page.block(lines if n < shown else [""] * len(lines))
    page.text(
        "In percent: what each way gives, if all are followed by the same small part. Weights from bright neurons "
        f"change most; neurons of B are asked as their weights say ({signs(page.terminal)}).",
    )


@scene(
    SCENES,
    "The layer before: wishes add up",
    "cmlp nudge 9 --neuron {tale.loud}",
    motion=Motion(4.0),
)
def wishes_add_up(tale: Tale, page: Page) -> None:
    """Let the wishes of the outputs travel to one neuron of layer B and add up there, and go on to layer A."""
    step, name, unit = tale.step, tale.loud, NAMES.unit(tale.loud)
    page.text(
        f"Ten outputs ask {name}, each for its wish x the slope of its sigmoid x its weight from {name}. "
        f"{_asking(step, unit)}"
    )
    arrived = min(1.0, page.moment / _ADDED_UP)
    page.block(travelling_lines(page.terminal, _askers(step, unit), name, page.width, arrived))
    here = 0 if page.moment < _ADDED_UP else 1 if page.moment < 1 else 2
    scale = max(float(np.abs(layer.output_changes).max()) for layer in step.layers[:2])
    rows = [tick_line(16)]
    for n, layer in enumerate((step.layers[1], step.layers[0])):
        cells = cell_lines(page.terminal, layer.output_changes[0], 40, scale)[0] if n < here else ""
        rows.append(f"{'BA'[n]}  {cells}")
    page.block([f"  {'':3}{rows[0]}", f"  {rows[1]}", "", f"  {rows[2]}"])  # strips of colours would touch
    page.text(
        f"So do all of B, then all of A ({signs(page.terminal).replace('+', 'up').replace('-', 'down')}), each asked "
        "by the layer behind it. Pixels cannot change.",
    )


def _askers(step: StepExplanation, unit: Unit) -> dict[str, float]:
    """Return what the three loudest outputs ask of a neuron, each with its product as a text, and what the others."""
    last, passed = step.layers[-1], passed_wishes(step, unit)
    loudest = np.sort(np.argsort(-np.abs(passed), kind="stable")[:3]).tolist()
    asked = {}
    for i in loudest:
        wish, slope = last.output_changes[0, i], last.outputs[0, i] * (1 - last.outputs[0, i])
        asked[f"output {i}  {wish:+.3f} x {slope:.3f} x {last.weights[unit.neuron, i]:+.3f}"] = float(passed[i])
    return asked | {f"{len(passed) - 3} others": float(np.delete(passed, loudest).sum())}


def _asking(step: StepExplanation, unit: Unit) -> str:
    """Say why the loudest output asks for more or less."""
    last, passed = step.layers[-1], passed_wishes(step, unit)
    weights, wanted = last.weights[unit.neuron], last.bias_changes[0]
    i = int(np.abs(passed).argmax())
    return (
        f"Output {i} wants to be {'brighter' if wanted[i] > 0 else 'darker'}, and its weight is "
        f"{'positive' if weights[i] > 0 else 'negative'}: so it asks for {'more' if passed[i] > 0 else 'less'}."
    )


def _averages(tale: Tale, page: Page) -> None:
    """Compare the average wishes for three knobs with the gradient."""
    step, gradient, knobs = _of_ten(tale)
    page.block([f"  {line}" for line in average_lines(step, gradient, knobs, NAMES)])
    network = tale.network(1, "float64")
    before = network.cost(tale.X[:10], tale.y[:10])
    network.step(tale.X[:10], tale.y[:10], RATE)
    page.text(
        f"For all {len(gradient.flat):,} knobs, the largest difference is {largest_difference(step, gradient):.0e}, "
        f"which is rounding. A step along the average (rate {RATE:g}) takes the cost of the ten from {before:.3f} to "
        f"{network.cost(tale.X[:10], tale.y[:10]):.3f}."
    )


def _of_ten(tale: Tale) -> tuple[StepExplanation, Gradient, list[ParameterIndex]]:
    """Return backpropagation for the first ten images, the gradient, and three knobs: two of output 9, one bias."""
    rows = slice(0, 10)
    network = tale.network(1, "float64")
    step = network.explain_step(tale.X[rows], tale.y[rows])
    gradient = network.gradient(tale.X[rows], tale.y[rows])
    wrong = int(tale.step.layers[-1].output_changes[0].argmin())
    source = int(np.abs(step.layers[-1].weight_changes[:, :, 9].mean(axis=0)).argmax())
    return step, gradient, [ParameterIndex(_OUTPUT, *ends) for ends in ((None, 9), (None, wrong), (source, 9))]


@scene(
    SCENES,
    "Everybody's wishes: the gradient",
    "cmlp nudge 9 --examples 100",
    "backpropagation: computing the gradient from the outputs to the front, layer by layer, as here",
    motion=Motion(3.0),
    details=_averages,
)
def everybodys_wishes(tale: Tale, page: Page) -> None:
    """Average the wishes of ten examples for a few weights and biases."""
    step, _, knobs = _of_ten(tale)
    n_columns = 2 if page.width < 100 else 3
    ours = each_share(step, knobs[0])[tale.lesson] if tale.lesson < 10 else 0.0
    page.text(
        "Each image turns the knobs its own way. So ask the first ten, and take the mean.",
        f"A bias wants what its sum wants: {ours:+.4f} for our 9, image {tale.lesson}." if ours else "",
    )
    wanted = {NAMES.of_knob(knob): each_share(step, knob) for knob in knobs[:n_columns]}
    asked = max(1, round(10 * page.moment))
    page.block(mean_lines(page.terminal, wanted, [str(digit) for digit in tale.y[:10]], asked, page.width))
    rivals = each_share(step, knobs[0])[tale.y[:10] == knobs[1].target]
    page.text(
        f"The wishes of {counted(len(rivals), 'image')} of a {knobs[1].target} almost cancel that of the 9."
        if 0.8 * ours < -rivals.sum() < ours
        else "",
        f"For each of the {step.average.flat.size:,} knobs, the mean is minus the gradient of the cost of these ten: "
        "the way downhill. Passing wishes back to find it is backpropagation.",
    )
