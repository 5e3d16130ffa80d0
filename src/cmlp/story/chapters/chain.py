"""The screen on the chain rule: four neurons in a row, and one weight that is turned (chapter 4 of the videos)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cmlp import Network
from cmlp._cli.terminal import padded
from cmlp.story.page import Motion, Page, Scene, scene
from cmlp.story.pictures.text import styled, symbols
from cmlp.story.tale import Tale

SCENES: list[Scene] = []
# Weight and bias of each neuron, from the front to the back.
PARAMS = (1.5, -0.5, -1.0, 0.6, 1.2, 0.1)
INPUT, WANTED = 0.8, 1.0
NUDGES = (-1.0, -0.3, -0.1, -0.01, 0.01, 0.1, 0.3, 1.0)
_FIRST = NUDGES.index(0.1)
_LAST_WEIGHT = 4
# When the ripple reaches the sum, the activation and the cost, and when the prediction is asked for.
_ARRIVES, _ASKS, _SECONDS = (0.1, 0.22, 0.34), 0.46, 9.0


def chain_network() -> Network:
    """Return the network of four neurons, 1-1-1-1, in double precision."""
    network = Network([1, 1, 1, 1], "logistic", output="logistic", loss="squared_error", dtype="float64", n_threads=1)
    network.params = PARAMS
    return network


class Ripple(NamedTuple):
    """What turning the last weight changes: the weight, the weighted sum, the activation and the cost.

    `slopes` are the derivatives that the ratios of two changes approach as the turn becomes small, and `cost` is that
    before it.
    """

    changes: tuple[float, float, float, float]
    slopes: tuple[float, float, float]
    cost: float

    @property
    def ratios(self) -> list[float]:
        """Each change divided by the one before it."""
        return [after / before for before, after in zip(self.changes, self.changes[1:], strict=False)]

    @property
    def predicted(self) -> float:
        """The cost that the slopes predict."""
        return self.cost + self.changes[0] * float(np.prod(self.slopes))


def ripple(nudge: float) -> Ripple:
    """Turn the last weight of the chain by `nudge`."""
    network = chain_network()
    z, a, cost = _measured(network)
    activations = [float(layer[0, 0]) for layer in network.activations([[INPUT]])]
    network.params[_LAST_WEIGHT] += nudge
    new_z, new_a, new_cost = _measured(network)
    slopes = activations[-2], a * (1 - a), 2 * (a - WANTED)
    return Ripple((nudge, new_z - z, new_a - a, new_cost - cost), slopes, cost)


def _measured(network: Network) -> tuple[float, float, float]:
    """Return the last weighted sum, the last activation, and the cost."""
    z, a = network.weighted_sums([[INPUT]])[-1], network.forward([[INPUT]])
    return float(z[0, 0]), float(a[0, 0]), network.cost([[INPUT]], [[WANTED]])


def _longer_chains(tale: Tale, page: Page) -> None:
    """Write the derivatives for all three weights."""
    now = ripple(NUDGES[_FIRST])
    ratios = " x ".join(f"{ratio:.3f}" for ratio in now.ratios)
    page.text(
        f"The ratios give the measured change exactly: {NUDGES[_FIRST]:+g} x {ratios} = {now.changes[3]:+.5f}. The "
        "earlier weights have longer chains, with the same links at the end (s is the slope of a sigmoid, a (1 - a)):"
    )
    page.block(_derivative_lines())
    biases = ", ".join(f"{bias:+g}" for bias in PARAMS[1::2])
    page.text(f"(The biases of the three neurons: {biases}.)")


@scene(
    SCENES,
    "Four neurons: the chain rule",
    "from cmlp.story.chapters.chain import ripple; ripple(0.1)",
    "derivative: the ratio of two changes, the first of them tiny",
    "chain rule: the derivative through several links is the product of theirs",
    motion=Motion(_SECONDS, "turn w3", len(NUDGES), _FIRST),
    details=_longer_chains,
)
def chain_rule(tale: Tale, page: Page) -> None:
    """Turn the last of three weights, and follow the change to the cost."""
    now = ripple(NUDGES[page.setting])
    page.block(_chain_lines(page, now))
    page.text("Four neurons in a row. Turn w3, and the change travels to the cost; each arrow multiplies it:")
    page.block(_ripple_lines(page, now))
    if page.moment < _ASKS:
        return
    nudge, slope = now.changes[0], float(np.prod(now.slopes))
    predicted = f"{now.cost:.4f} {nudge:+g} x ({slope:.4f})"
    question = (
        f"Slopes: the same ratios for a tiny turn (s3: the slope of the sigmoid of a3). Predict the cost: {predicted} ="
    )
    if page.moment < 1:
        page.text(f"{question} ? Any key: the answer.")
        return
    page.text(
        f"{question} {now.predicted:.4f}. Measured: {now.cost + now.changes[3]:.4f}. The smaller the turn, the better",
        "the slopes predict: their product is the derivative, and this is the chain rule.",
    )


def _chain_lines(page: Page, now: Ripple) -> list[str]:
    """Draw the four neurons, each as bright as its activation, with the weights between them."""
    network, line = chain_network(), symbols(page.terminal).horizontal
    rows = ["", "", "", ""]
    for n, layer in enumerate(network.activations([[INPUT]])):
        value, last = float(layer[0, 0]), n == 3
        above, below = page.terminal.draw(np.full((4, 4), value))
        arrow = ("", f"{line}{line}w{n + 1}{line}{line}>", f" {0 if last else network.weights[n][0, 0]:+.1f}", "")
        cells = (f"a{n}" if n else "input", above, below, f"{value:.3f}")
        for k, cell in enumerate(cells):
            rows[k] += padded(cell, 6) + ("" if last else f"{arrow[k]:9}")
    ends = ("wanted", f"{WANTED:g}", "cost", f"{now.cost:.4f}")
    return [f"{row}  {end}" for row, end in zip(rows, ends, strict=True)]


def _ripple_lines(page: Page, now: Ripple) -> list[str]:
    """Write the four changes as far as the ripple has come, with the ratios and the slopes under their arrows."""
    here = sum(page.moment >= arrival for arrival in _ARRIVES)
    arrow = f" {symbols(page.terminal).horizontal * 5}> "
    heads = ("turn w3", "sum z3", "output a3", "cost C")
    ways = [*(change > 0 for change in now.changes[:3]), now.changes[3] < 0]  # less cost is blue
    values = [
        styled(page.terminal, f"{v:+.5f}", "up" if up else "down") for v, up in zip(now.changes, ways, strict=True)
    ]
    lines = ["", "", "ratios   ", "slopes   ", "         "]
    for n in range(here + 1):
        lines[0] += f"{heads[n]:17}"
        lines[1] += padded(values[n], 9) + (arrow if n < 3 else "")
        if n:
            links = f"x {now.ratios[n - 1]:.3f}", f"x {now.slopes[n - 1]:.3f}", ("a2", "s3", "2(a3 - 1)")[n - 1]
            for k, link in enumerate(links, 2):
                lines[k] += f"{link:17}"
    return [text.rstrip() for text in lines] if here else [text.rstrip() for text in lines[:2]] + [""] * 3


def _derivative_lines() -> list[str]:
    """Write the derivative of the cost for each weight as a product of links, beside the gradient of the core."""
    gradient = chain_network().gradient([[INPUT]], [[WANTED]]).flat
    links = ("a2 x s3 x 2(a3 - 1)", "a1 x s2 x w3 x s3 x 2(a3 - 1)", "input x s1 x w2 x s2 x w3 x s3 x 2(a3 - 1)")
    weights = zip((3, 2, 1), links, gradient[[4, 2, 0]].tolist(), strict=True)
    return [f"  w{number}  {product:42} {slope:+.4f}" for number, product, slope in weights]
