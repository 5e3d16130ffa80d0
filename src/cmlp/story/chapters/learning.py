"""Screens 12 to 14 and 16: the cost, the gradient, and small steps downhill (chapter 2 of the videos)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from cmlp.story.page import Motion, Page, Scene, scene
from cmlp.story.pictures.curves import Axes, Series
from cmlp.story.pictures.layers import output_bars
from cmlp.story.pictures.names import Names
from cmlp.story.pictures.text import signed_bar
from cmlp.story.tale import BATCH, LABELS, N_PASSES, RATE, SIZES, Tale

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCENES: list[Scene] = []
_N_DIRECTIONS, _SHOWN = 50, 6
_LENGTH = 0.1
_LENGTHS = (0.01, 0.1, 0.3, 1.0)
_TEN_STEPS = (0.01, RATE, 30.0)
_FIVE_PASSES = (0.015, RATE, 15.0, 50.0)
# The cost if every output is 0.1: nine squares of 0.1, and one of 0.9.
PLATEAU = 9 * 0.1**2 + 0.9**2


@scene(
    SCENES,
    "Before learning: trash",
    "cmlp digits --seed {tale.other_seed}",
    "label: the digit that an image was meant to be",
    "seed: a number that fixes all random numbers",
)
def before_learning(tale: Tale, page: Page) -> None:
    """Show the outputs of the untrained network, and the labels."""
    outputs = tale.network(0).forward(tale.X_test[tale.nine][None])[0]
    width = (page.width - 4) // 2 if page.width >= 60 else page.width
    bars = output_bars(page.terminal, outputs, LABELS, width)
    page.beside(bars[:5], bars[5:], gap=4)
    answer, right = int(outputs.argmax()), tale.state(0).test_accuracy
    page.text(
        f"All {tale.network(0).n_params:,} knobs were set at random (seed {tale.seed}), and the network knows nothing. "
        f"It calls our 9 a {answer}{' by luck' if answer == 9 else ''}; of the {len(tale.y_test):,} test images it "
        f"gets {right:.1f} % right{': luck' if right < 20 else ''}. Now for the teacher's side: {len(tale.y):,} images "
        "with labels, the digits that were meant:"
    )
    page.block(
        [
            "  image   " + "  ".join(map(str, range(10))) + " ...",
            "  label   " + "  ".join(map(str, tale.y[:10])) + " ...",
        ]
    )
    page.text(
        "That is all it will ever be told. There is no rule for 9 in it anywhere. (The numbers of the story are those "
        f"of this run alone: {tale.run}.)"
    )


@scene(
    SCENES,
    "How bad? The cost",
    "net.cost(X_test[{tale.nine_rows}], [9])",
    "cost: how bad: squared differences from the wanted outputs, summed, averaged over the images",
)
def the_cost(tale: Tale, page: Page) -> None:
    """Spell out the cost of one image, and show it before and after training."""
    row, label = tale.X_test[tale.nine][None], tale.y_test[tale.nine]
    before, after = tale.network(0, "float64"), tale.network(N_PASSES, "float64")
    outputs = before.forward(row)[0]
    wanted = np.eye(10)[label]
    off = outputs - wanted
    columns = {
        "digit": list(LABELS),
        "output": [f"{v:.2f}" for v in outputs],
        "wanted": [f"{v:.0f}" for v in wanted],
        "off by": [f"{v:+.2f}" for v in off],
        "squared": [f"{v:.2f}" for v in off**2],
    }
    if page.width >= 70:
        page.block([f"  {name:7}" + "".join(f"{cell:>6}" for cell in cells) for name, cells in columns.items()])
    else:
        page.table([list(columns), *([*cells] for cells in zip(*columns.values(), strict=True))], left=0)
    first, last = tale.state(0), tale.state(N_PASSES)
    page.text(
        f"The cost of one example is the sum of the ten squares: {(off**2).sum():.3f} for this 9. The cost of the "
        f"network is the average over all {len(tale.y):,} training images: {first.cost:.3f}."
    )
    table = [["", "this 9", "average", "right (test)"]]
    for name, network, state in (("before learning", before, first), ("after learning", after, last)):
        costs = network.cost(row, [label]), state.cost
        table.append([name, *(f"{cost:.5f}" for cost in costs), f"{state.test_accuracy:.1f} %"])
    page.table(table)
    page.text(
        "Low cost, good network; high cost, bad network." if last.test_accuracy > first.test_accuracy else "",
        f"For scale: answering 0.1 to everything costs {PLATEAU:.2f}. Learning means: find the settings of the knobs "
        "that make the average small.",
    )


def change_of_cost(tale: Tale, direction: NDArray[np.float64], length: float) -> float:
    """Return how the cost of the training set changes by a step in the half-trained network."""
    network, params = tale.network(1, "float64"), tale.params(1)
    before = tale.half_trained_cost
    network.params = params + length * direction / np.sqrt((direction**2).sum())
    return network.cost(tale.X, tale.y) - before


def _three_knobs(tale: Tale, page: Page) -> None:
    """Turn the knobs of three numbers of the gradient."""
    gradient = tale.half_trained_gradient
    page.text("Each number of the gradient says which way and how strongly its knob changes the cost:")
    network = tale.network(1, "float64")
    order = np.argsort(-np.abs(gradient), kind="stable")
    zeros = np.flatnonzero(gradient == 0)
    chosen = {"largest": int(order[0]), "middling": int(order[len(order) // 2])}
    if len(zeros):
        chosen["no effect"] = int(zeros[0])
    rows = [["knob", "its number", "turn by -0.1", "turn by +0.1", ""]]
    for what, k in chosen.items():
        knob = Names(SIZES, [f"output {label}" for label in LABELS]).of_knob(network.index(k))
        direction = np.zeros(len(gradient))
        direction[k] = 1
        changes = [change_of_cost(tale, direction, by) for by in (-0.1, 0.1)]
        rows.append([knob, f"{gradient[k]:+.6f}", *(f"{change:+.6f}" for change in changes), what])
    page.table(rows)
    black = int((~tale.used).sum())
    why = f": 16 for each of the {black} pixels that are black in all {len(tale.y):,} images"
    page.text(f"{len(zeros):,} of the numbers are 0{why if len(zeros) == 16 * black else ''}.")


@scene(
    SCENES,
    "Which way is down?",
    "from cmlp.story import story_network; story_network(1{tale.seed_argument}).cost(X, y)",
    "gradient: for each knob, how much turning it changes the cost",
    "pass (epoch): once through all images",
    details=_three_knobs,
)
def which_way_is_down(tale: Tale, page: Page) -> None:
    """Compare steps along the gradient with random ones."""
    gradient = tale.half_trained_gradient
    down, up = (change_of_cost(tale, sign * gradient, _LENGTH) for sign in (-1, 1))
    randoms = random_changes(tale)
    page.text(
        f"Half-trained (after one pass), the cost is {tale.state(1).cost:.4f}. The gradient is {len(gradient):,} "
        f"numbers: how each knob changes it. One step of {_LENGTH}, tried in {_N_DIRECTIONS + 2} directions:"
    )
    changes = {"against the gradient": down, "along the gradient": up}
    changes |= {f"random {n + 1}": change for n, change in enumerate(randoms[:_SHOWN])}
    largest = max(map(abs, changes.values()))
    size = max(13, min(page.width, 79) - 38)
    rows = [
        [name, f"{v:+.5f}", signed_bar(page.terminal, v / largest, size).ljust(size)] for name, v in changes.items()
    ]
    page.table([["step", "cost changes", ""], *rows])
    none_near = min(randoms) > down / 2 and max(randoms) < up / 2
    page.text(
        f"Against the gradient the cost falls {down / min(randoms):.0f} times as far as along the best of "
        f"{_N_DIRECTIONS} random directions ({min(randoms):+.5f} to {max(randoms):+.5f}, the first {_SHOWN} are shown)."
        if none_near
        else f"{_N_DIRECTIONS} random directions: {min(randoms):+.5f} to {max(randoms):+.5f}."
    )


@lru_cache(maxsize=4)
def random_changes(tale: Tale) -> list[float]:
    """Return how the cost changes by steps in random directions."""
    rng = np.random.RandomState(tale.seed)
    n_params = tale.network(1).n_params
    return [change_of_cost(tale, rng.standard_normal(n_params), _LENGTH) for _ in range(_N_DIRECTIONS)]


@lru_cache(maxsize=4)
def ten_steps(tale: Tale) -> dict[float, list[float]]:
    """Return the costs before and after each of ten steps on all images, for each learning rate."""
    costs: dict[float, list[float]] = {}
    for rate in _TEN_STEPS:
        network = tale.start().network
        costs[rate] = [network.cost(tale.X, tale.y)]
        for _ in range(10):
            network.step(tale.X, tale.y, rate)
            costs[rate].append(network.cost(tale.X, tale.y))
    return costs


def _passes_and_lengths(tale: Tale, page: Page) -> None:
    """Show five passes at four learning rates, and a step that is too long."""
    page.text(f"Five passes of {len(tale.X) // BATCH} steps, on ten images each:")
    table = [["rate", "cost", "right", ""]]
    for rate in _FIVE_PASSES:
        costs, right = tale.five_passes(rate)
        table.append([f"{rate:g}", f"{costs[-1]:.3f}", f"{right:.1f} %", verdict(rate, costs[-1], right).ljust(29)])
    page.table(table)
    changes = [change_of_cost(tale, -tale.half_trained_gradient, length) for length in _LENGTHS]
    page.text("Overshooting, seen close up: one step downhill from the half-trained network.")
    page.table(
        [
            ["length of the step", *map(str, _LENGTHS)],
            ["cost changes by", *(f"{v:+.4f}" for v in changes), "across the valley" if changes[-1] > 0 else ""],
        ]
    )


@scene(
    SCENES,
    "Small steps: the learning rate",
    "cmlp digits --rate 15",
    "learning rate: the length of a step is this number times the gradient",
    motion=Motion(2.0),
    details=_passes_and_lengths,
)
def small_steps(tale: Tale, page: Page) -> None:
    """Show ten steps at three learning rates."""
    page.text(
        "Step downhill, compute the direction anew, step again. Ten steps on all images, at three learning rates:"
    )
    steps, x = ten_steps(tale), np.linspace(0, 1, 11).tolist()
    looks = ("dot", ""), ("point", "up"), ("ring", "down")
    n = 1 + round(10 * page.moment)
    curves = {
        f"rate {rate:<5g} {costs[n - 1]:.3f}": Series(x[:n], costs[:n], *look)
        for (rate, costs), look in zip(steps.items(), looks, strict=True)
    }
    high = max(max(costs) for costs in steps.values())
    axes = Axes((0.0, high), [(high, f"{high:.1f}"), (0.0, "0")], [(0.0, "0"), (0.5, "5"), (1.0, "10 steps")])
    page.curves(curves, axes, f"cost after {n - 1} steps", height=12, gap=4)
    first, middle, last = (costs[-1] for costs in steps.values())
    page.text(
        "The step is the rate times the gradient:",
        "too small a rate creeps, too large a one ends higher up."
        if middle < first and middle < last
        else "neither too small nor too large is best.",
        f"(All that it has learned yet is that each digit is rare: to answer 0.1 to everything costs {PLATEAU:.2f}.)"
        if abs(middle - PLATEAU) < 0.01
        else "",
    )


def verdict(rate: float, cost: float, right: float) -> str:
    """Describe five passes of training in words, if they fit the numbers."""
    if abs(cost - 1) < 0.02 and right < 20:
        return "far too large: outputs near 0"
    if right > 75:
        return "good"
    if rate < RATE and right < 30:
        return "too small: hardly under way"
    if rate > RATE and right < 60:
        return "too large: it jumps about"
    return ""
