"""Screens 17 to 20: backpropagation as wishes (chapters 3 and 4 of the videos)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmlp._console.terminal import beside, visible
from cmlp._model.tuples import Gradient, ParameterIndex, StepExplanation
from cmlp.story.page import Motion, Page, Scene, scene
from cmlp.story.pictures.images import digit_lines
from cmlp.story.pictures.layers import cell_lines, tick_line
from cmlp.story.pictures.names import Unit
from cmlp.story.pictures.text import signs, symbols
from cmlp.story.pictures.travel import mean_lines, travelling_lines
from cmlp.story.pictures.wishes import (
    ThreeWays,
    Way,
    average_lines,
    each_share,
    largest_difference,
    layer_wish_lines,
    output_wish_lines,
    passed_wishes,
    passed_wishes_line,
    share_lines,
    three_ways,
    three_ways_lines,
)
from cmlp.story.tale import LABELS, NAMES, RATE, Tale, sigmoid

SCENES: list[Scene] = []
_OUTPUT = NAMES.last
_ADDED_UP = 0.7  # when all wishes have arrived


@scene(
    SCENES,
    "Ten wishes",
    "cmlp nudge 9",
    "wish (in the videos: nudge): minus the derivative of the cost along an activation: how it should change",
)
def ten_wishes(tale: Tale, page: Page) -> None:
    """Show what the outputs should change for one image."""
    image = digit_lines(page.terminal, tale.X[tale.lesson])
    width = page.width - len(visible(image[0])) - 3
    page.block(beside(image, output_wish_lines(page.terminal, tale.step, LABELS, width, squared=False), gap=3))
    last = tale.step.layers[-1]
    outputs = last.outputs[0]
    cost = float(((tale.step.targets[0] - outputs) ** 2).sum())
    page.text(
        f"A half-trained network calls this 9 a {outputs.argmax()} (cost {cost:.3f}). The arrows are its wishes: minus "
        "the derivative of the cost, 2 x (wanted - is) for each output.",
        "But outputs cannot be turned. Only weights and biases can. So: whom to ask?",
    )


def _turned(tale: Tale, page: Page) -> None:
    """Turn everything that output 9 asks for by a tenth, and compare with what its sum does."""
    ways = three_ways(tale.step, Unit(_OUTPUT, 9))
    page.text("If all three could be turned, each by a tenth of its wish, the weighted sum would rise:")
    terms, together, measured, outputs = turned_by_a_tenth(tale)
    shares = {"bias": ways.bias.part, "weights": ways.weights.part, "activations": ways.activations.part}
    for (name, part), term in zip(shares.items(), terms, strict=True):
        page.lines.append(f"  {name:12}{term:+.4f}  ({100 * part:.0f} %)")
    page.text(
        f"Together {together:+.4f}; measured {measured:+.4f} (turned all at once, hence the small difference); output "
        f"9 would go from {outputs[0]:.3f} to {outputs[1]:.3f}."
    )


@scene(
    SCENES,
    "Three ways to brighten output 9",
    "cmlp nudge 9 --neuron 4",
    "wish for a sum: the wish times the slope of the sigmoid: how the weighted sum should change",
    motion=Motion(3.0),
    details=_turned,
)
def three_ways_up(tale: Tale, page: Page) -> None:
    """Show the three ways in which output 9 can follow its wish."""
    page.text("The wish of output 9 goes back through its sigmoid to its sum. There it has three ways to go on:")
    flow = _flow(page, three_ways(tale.step, Unit(_OUTPUT, 9)))
    shown = round(page.moment * len(flow))
    page.block([*flow[:shown], *[""] * (len(flow) - shown)])
    page.text(
        "A wire from a bright neuron carries more, so its weight should change most. The activations cannot be turned: "
        "what is wished of them travels on."
    )


def _flow(page: Page, ways: ThreeWays) -> list[str]:
    """Draw how a wish flows from an output to its sum, and on to the bias, two weights and two activations."""
    marks = symbols(page.terminal)
    line, tee, end = f"  {marks.vertical}", f"  {marks.tee}{marks.horizontal}", f"  {marks.corner}{marks.horizontal}"

    def terms(way: Way) -> list[str]:
        ends = int(np.argmax(way.factors)), int(np.argmin(way.factors))
        return [f"{way.names[i]:4}{way.factors[i]:+.3f} x {ways.sum_wish:+.4f} = {way.shares[i]:+.4f}" for i in ends]

    return [
        f"{'  its wish: 2 x (wanted - is)':36} {ways.wish:+.3f}",
        f"{f'{line} times the slope of its sigmoid':36}  {ways.slope:.3f}",
        f"{f'  {marks.down} the wish for its sum':36} {ways.sum_wish:+.4f}",
        line,
        f"{tee} its bias: {ways.sum_wish:+.4f}",
        f"{tee} its weights, each times the activation behind it:",
        *(f"{line}    {term}" for term in terms(ways.weights)),
        f"{end} the activations behind it, each times its weight:",
        *(f"       {term}" for term in terms(ways.activations)),
    ]


def turned_by_a_tenth(tale: Tale) -> tuple[list[float], float, float, tuple[float, float]]:
    """Let output 9 follow a tenth of its wishes.

    Returned are the change of the weighted sum by the bias, by the weights and by the activations, the sum of these,
    the change if all change at once, and the output before and after.
    """
    layer, share = tale.step.layers[-1], 0.1
    sum_wish, a, w = float(layer.bias_changes[0, 9]), layer.inputs[0].astype(float), layer.weights[:, 9].astype(float)
    bias = float(tale.network(1, "float64").biases[-1][9])
    terms = [share * sum_wish, share * sum_wish * float(a @ a), share * sum_wish * float(w @ w)]
    before = float(a @ w) + bias
    after = float((a + share * sum_wish * w) @ (w + share * sum_wish * a)) + bias + share * sum_wish
    outputs = (float(sigmoid(before)), float(sigmoid(after)))
    return terms, sum(terms), after - before, outputs


def _wishes_in_numbers(tale: Tale, page: Page) -> None:
    """Write the parts of the wish of a neuron of layer B, its three ways, and the wishes of both layers."""
    step, name, unit = tale.step, tale.loud, NAMES.unit(tale.loud)
    page.block([passed_wishes_line(step, unit, NAMES, page.width)])
    page.text(
        f"Now {name} has a wish of its own, and the same three ways to have it granted. In percent: what each would "
        "add to the change of its sum."
    )
    page.block(three_ways_lines(three_ways(step, unit), unit, name, page.width))
    page.text("The wishes of all hidden neurons:")
    page.block(layer_wish_lines(step, page.width))


@scene(
    SCENES,
    "The layer before: wishes add up",
    "cmlp nudge 9 --neuron {tale.loud}",
    motion=Motion(4.0),
    details=_wishes_in_numbers,
)
def wishes_add_up(tale: Tale, page: Page) -> None:
    """Let the wishes of the outputs travel to one neuron of layer B and add up there, and go on to layer A."""
    step, name, unit = tale.step, tale.loud, NAMES.unit(tale.loud)
    page.text(
        f"{name} feeds all ten outputs, and each has a wish for it: that for its own sum, times the weight of the wire "
        f"between them. {_asking(step, unit)} {name} adds up the ten:"
    )
    arrived = min(1.0, page.moment / _ADDED_UP)
    page.block(travelling_lines(page.terminal, passed_wishes(step, unit), LABELS, name, page.width, arrived))
    here = 0 if page.moment < _ADDED_UP else 1 if page.moment < 1 else 2
    scale = max(float(np.abs(layer.output_changes).max()) for layer in step.layers[:2])
    rows = [tick_line(16)]
    for n, layer in enumerate((step.layers[1], step.layers[0])):
        cells = cell_lines(page.terminal, layer.output_changes[0], 40, scale)[0] if n < here else ""
        rows.append(f"{'BA'[n]}  {cells}")
    page.block([f"  {'':3}{rows[0]}", *(f"  {row}" for row in rows[1:])])
    page.text(
        f"All of layer B, and then A, in the same way: {signs(page.terminal).replace('+', 'up').replace('-', 'down')}. "
        "The pixels stay as they are."
    )


def _asking(step: StepExplanation, unit: Unit) -> str:
    """Say why one output asks for most, and another for least."""
    last, passed = step.layers[-1], passed_wishes(step, unit)
    weights, wanted = last.weights[unit.neuron], last.bias_changes[0]
    parts = {"more": int(passed.argmax()), "less": int(passed.argmin())}
    return " ".join(
        f"Output {i} wants to be {'brighter' if wanted[i] > 0 else 'darker'}, over a "
        f"{'positive' if weights[i] > 0 else 'negative'} weight: it asks for {asks}."
        for asks, i in parts.items()
    )


def _averages(tale: Tale, page: Page) -> None:
    """Write the wishes of ten examples for three knobs, and compare their averages with the gradient."""
    step, gradient, knobs = _of_ten(tale)
    images, digits = list(map(str, range(10))), list(map(str, tale.y[:10]))
    page.block([f"  {line}" for line in share_lines(step, knobs, images, digits, NAMES, page.width - 2)])
    page.block([f"  {line}" for line in average_lines(step, gradient, knobs, NAMES)])
    page.text(
        f"The average wish is minus the gradient, for all {len(gradient.flat):,} knobs: the largest difference is "
        f"{largest_difference(step, gradient):.0e}, which is rounding.",
        *_tug_of_war(tale, each_share(step, knobs[0])),
        *_after_a_step(tale),
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
    page.text("If one example had its way, every answer would be its digit. So ask the first ten, and take the mean:")
    wanted = {NAMES.of_knob(knob): each_share(step, knob) for knob in knobs[:n_columns]}
    asked = max(1, round(10 * page.moment))
    page.block(mean_lines(page.terminal, wanted, [str(digit) for digit in tale.y[:10]], asked, page.width))
    page.text(
        f"The mean of the ten wishes for each of the {step.average.flat.size:,} knobs is minus the gradient of their "
        "cost, the way downhill. Passing wishes back to find it is backpropagation."
    )


def _tug_of_war(tale: Tale, wanted: NDArray[Any]) -> list[str]:
    nines = np.flatnonzero(tale.y[:10] == 9)
    if not len(nines):
        return []
    one = int(nines[np.abs(wanted[nines]).argmax()])
    others = float(wanted.sum() - wanted[one])
    return [f"Example {one} alone wants {wanted[one]:+.2f} for the bias of 9, the nine others together {others:+.2f}."]


def _after_a_step(tale: Tale) -> list[str]:
    network = tale.network(1, "float64")
    X, y = tale.X[:10], tale.y[:10]
    before = network.cost(X, y)
    network.step(X, y, RATE)
    after = network.cost(X, y)
    verb = "falls" if after < before else "rises"
    return [f"A step along the average (rate {RATE:g}): the cost of the ten {verb} from {before:.3f} to {after:.3f}."]
