"""Screens 16 to 19: backpropagation as wishes (chapters 3 and 4 of the videos)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmlp.console.terminal import beside, visible
from cmlp.results import ParameterIndex
from cmlp.story.page import Page, Scene, scene
from cmlp.story.pictures.images import digit_lines
from cmlp.story.pictures.names import Unit
from cmlp.story.pictures.text import symbols
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


@scene(
    SCENES, "Ten wishes", "cmlp nudge 9", "wish: how an activation should change: minus the slope of the cost along it"
)
def ten_wishes(tale: Tale, page: Page) -> None:
    """Show what the outputs should change for one image."""
    image = digit_lines(page.terminal, tale.X[tale.lesson])
    width = page.width - len(visible(image[0])) - 3
    page.block(beside(image, output_wish_lines(page.terminal, tale.step, LABELS, width, squared=False), gap=3))
    last = tale.step.layers[-1]
    outputs, wishes = last.outputs[0], last.output_changes[0]
    cost = float(((tale.step.targets[0] - outputs) ** 2).sum())
    down = int(wishes.argmin())
    page.text(
        f"A half-trained network calls this 9 a {outputs.argmax()} (cost {cost:.3f}). What should change at the "
        f"output? 9 should rise, the others should fall, {down} the most: the wish is 2 x (wanted - is), larger where "
        "the output is further off. (The 2 comes from the square.)",
        "But outputs cannot be turned. Only weights and biases can. So: whom to ask?",
    )


@scene(
    SCENES,
    "Three ways to brighten output 9",
    "cmlp nudge 9 --neuron 4",
    "wish for a sum: the wish times the slope of the sigmoid: how the weighted sum should change",
)
def three_ways_up(tale: Tale, page: Page) -> None:
    """Show the three ways in which output 9 can follow its wish."""
    unit = Unit(_OUTPUT, 9)
    ways = three_ways(tale.step, unit)
    page.text("The wish of output 9 flows back: through its sigmoid to its sum, and there it has three ways to go on.")
    page.block(_flow(page, ways))
    page.text("Turn all of them by a tenth of this, and the sum rises:")
    terms, together, measured, outputs = turned_by_a_tenth(tale)
    shares = {"bias": ways.bias.part, "weights": ways.weights.part, "activations": ways.activations.part}
    rows = [(name, f"{term:+.4f}", f"({100 * shares[name]:.0f} %)") for name, term in zip(shares, terms, strict=True)]
    one = "  " + "   ".join(" ".join(row) for row in rows)
    page.block([one] if page.width >= 76 else [f"  {name:12}{term}  {part}" for name, term, part in rows])
    page.text(
        f"Together {together:+.4f}; measured {measured:+.4f} (turned all at once, hence the small difference); output "
        f"9 goes from {outputs[0]:.3f} to {outputs[1]:.3f}. A wire from a bright neuron carries more, so its weight "
        "changes most. The third way is a wish again: activations cannot be turned."
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


@scene(SCENES, "The layer before: wishes add up", "cmlp nudge 9 --neuron {tale.loud}")
def wishes_add_up(tale: Tale, page: Page) -> None:
    """Add up what the outputs want from one neuron of layer B, and go on to layer A."""
    step, name, unit = tale.step, tale.loud, NAMES.unit(tale.loud)
    each = passed_wishes(step, unit)
    page.text(
        f"Ten outputs pass their wishes back to {name}, each the wish for its sum times its weight from {name}. Added "
        f"up, they are the wish of {name}:"
    )
    page.block([passed_wishes_line(step, unit, NAMES, page.width)])
    loudest = int(np.abs(each).argmax())
    weight, loudest_wish = step.layers[2].weights[unit.neuron, loudest], step.layers[2].bias_changes[0, loudest]
    page.text(
        f"Most comes from {loudest}: it should go {'up' if loudest_wish > 0 else 'down'}, and {name} "
        f"{'excites it' if weight > 0 else 'holds it down'} (weight {weight:+.3f}). Now {name} is where output 9 was, "
        "and has three ways again; in percent, how much of the change of its sum each would give:"
    )
    page.block(three_ways_lines(three_ways(step, unit), unit, name, page.width))
    page.text(
        "And so on to the front, the same two steps for each layer. Each wish for A adds up 16 parts, and at A only "
        "weights and biases can turn: the pixels stay as they are."
    )
    page.block(layer_wish_lines(step, page.width))


@scene(
    SCENES,
    "Everybody's wishes: the gradient",
    "cmlp nudge 9 --examples 100",
    "backpropagation: computing the gradient from the outputs to the front, layer by layer, as here",
)
def everybodys_wishes(tale: Tale, page: Page) -> None:
    """Average the wishes of ten examples, and compare with the gradient."""
    rows = slice(0, 10)
    network = tale.network(1, "float64")
    step = network.explain_step(tale.X[rows], tale.y[rows])
    gradient = network.gradient(tale.X[rows], tale.y[rows])
    wrong = int(tale.step.layers[-1].output_changes[0].argmin())
    source = int(np.abs(step.layers[-1].weight_changes[:, :, 9].mean(axis=0)).argmax())
    knobs = [ParameterIndex(_OUTPUT, *ends) for ends in ((None, 9), (source, 9), (None, wrong))]
    page.text("Left alone, one example would make everything its own digit. So ask the first ten:")
    images, digits = list(map(str, range(10))), list(map(str, tale.y[rows]))
    page.block([f"  {line}" for line in share_lines(step, knobs, images, digits, NAMES, page.width - 2)])
    page.block([f"  {line}" for line in average_lines(step, gradient, knobs, NAMES)])
    page.text(
        f"The average wish is minus the gradient, for all {len(gradient.flat):,} knobs: the largest difference is "
        f"{largest_difference(step, gradient):.0e}, which is rounding. That is backpropagation.",
        *_tug_of_war(tale, each_share(step, knobs[0])),
        *_after_a_step(tale),
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
    network.params = tale.params(1)
    verb = "falls" if after < before else "rises"
    return [f"A step along the average (rate {RATE:g}): the cost of the ten {verb} from {before:.3f} to {after:.3f}."]
