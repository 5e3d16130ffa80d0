"""The screen of four neurons in a row: its numbers equal those of plain NumPy."""

import numpy as np
import pytest
from terminals import terminal

from cmlp.story.chapters.chain import INPUT, NUDGES, PARAMS, WANTED, ripple
from cmlp.story.page import Page
from cmlp.story.script import SCREENS

(NUMBER,) = (n for n, (_, scene) in enumerate(SCREENS) if scene.title.startswith("Four neurons"))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(params):
    """Return the last activation before the output, the last sum, the output and the cost."""
    w1, b1, w2, b2, w3, b3 = params
    a = sigmoid(w2 * sigmoid(w1 * INPUT + b1) + b2)
    z = w3 * a + b3
    return a, z, sigmoid(z), (sigmoid(z) - WANTED) ** 2


def text_of(setting, moment=1.0):
    """Return the text of the screen, at the end with its numbers."""
    page = Page(terminal(), 79, setting, moment)
    SCREENS[NUMBER][1].write(None, page)
    if moment == 1:
        SCREENS[NUMBER][1].details(None, page)
    return " ".join(" ".join(page.lines).split())


@pytest.mark.parametrize("nudge", NUDGES)
def test_changes_are_those_of_numpy(nudge):
    now, shifted = ripple(nudge), list(PARAMS)
    shifted[4] += nudge
    before, after = forward(PARAMS), forward(shifted)
    np.testing.assert_allclose(now.changes[1:], np.subtract(after, before)[1:], rtol=1e-6, atol=1e-12)
    a, _, output, cost = before
    np.testing.assert_allclose(now.slopes, [a, output * (1 - output), 2 * (output - WANTED)], rtol=1e-6)
    assert now.cost == pytest.approx(cost, rel=1e-6)


@pytest.mark.parametrize("nudge", NUDGES)
def test_product_of_the_ratios_is_the_measured_change(nudge):
    now = ripple(nudge)
    assert nudge * np.prod(now.ratios) == pytest.approx(now.changes[3], rel=1e-9)
    assert f"{now.cost:.4f} {nudge:+g} x ({np.prod(now.slopes):.4f}) = {now.predicted:.4f}." in text_of(
        NUDGES.index(nudge)
    )


def test_ratios_are_spelled_out():
    ratios = " x ".join(f"{ratio:.3f}" for ratio in ripple(0.1).ratios)
    assert f"+0.1 x {ratios} = {ripple(0.1).changes[3]:+.5f}" in text_of(5)


def test_prediction_is_better_for_smaller_turns():
    errors = [abs(now.predicted - now.cost - now.changes[3]) for now in map(ripple, (1.0, 0.3, 0.1, 0.01))]
    assert errors == sorted(errors, reverse=True) and errors[-1] < 1e-5 < errors[0]


def test_derivatives_of_all_weights_are_those_of_numpy():
    step = 1e-6
    for place, name in ((4, "w3"), (2, "w2"), (0, "w1")):
        up, down = list(PARAMS), list(PARAMS)
        up[place] += step
        down[place] -= step
        slope = (forward(up)[3] - forward(down)[3]) / (2 * step)
        line = next(line for line in text_of(5).split("  ") if name in line)
        assert f"{slope:+.4f}" in line.partition(f" {name} ")[2]


def test_ripple_reaches_the_cost_last_and_asks_before_it_answers():
    heads = ["sum z3", "output a3", "cost C"]
    seen = [sum(head in text_of(5, moment) for head in heads) for moment in (0.0, 0.15, 0.25, 0.4)]
    assert seen == [0, 1, 2, 3]
    asks = text_of(5, 0.6)
    assert "= ? Any key" in asks and "Measured" not in asks and "Measured: 0.1061" in text_of(5)
