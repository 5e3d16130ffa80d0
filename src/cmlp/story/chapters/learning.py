"""Screens 12 to 14 and 16: the cost, the gradient, and small steps downhill (chapter 2 of the videos)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from cmlp._cli.terminal import beside
from cmlp.story.page import Motion, Page, Scene, scene
from cmlp.story.pictures.curves import Axes, Series
from cmlp.story.pictures.images import shrunk, squares
from cmlp.story.pictures.layers import output_bars
from cmlp.story.pictures.names import Names
from cmlp.story.pictures.text import bar, counted, signed_bar
from cmlp.story.tale import LABELS, N_PASSES, SIZES, Tale

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCENES: list[Scene] = []
_N_DIRECTIONS, _SHOWN = 50, 4
_LENGTH = 0.1
_TEN_STEPS = (0.05, 3.0, 8.0)


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
        f"All {tale.network(0).n_params:,} knobs are set at random: the network calls our 9 a {answer}, and reads "
        f"{right:.1f} % of the {len(tale.y_test):,} test images correctly, by luck. What it will learn from, without "
        f"any rule: {len(tale.y):,} images with labels."
    )
    images = [page.terminal.draw(shrunk(squares(image)[4:24, 4:24], 8, 7)) for image in tale.X[:10]]
    labelled = [[*lines, f"   {label}"] for lines, label in zip(images, tale.y[:10], strict=True)]
    page.block(beside(*labelled[: (page.width + 1) // 8], gap=1))
    page.text(f"(The numbers of the story are those of this run alone: {tale.run}.)")


def _low_and_high(tale: Tale, page: Page) -> None:
    """Compare the cost before and after training."""
    row, label = tale.X_test[tale.nine][None], tale.y_test[tale.nine]
    table = [["", "this 9", "average", "right (test)"]]
    for name, passes in (("before learning", 0), ("after learning", N_PASSES)):
        state = tale.state(passes)
        costs = tale.network(passes, "float64").cost(row, [label]), state.cost
        table.append([name, *(f"{cost:.5f}" for cost in costs), f"{state.test_accuracy:.1f} %"])
    page.table(table)
    page.text("Low cost, good network; high cost, bad network.")


@scene(
    SCENES,
    "How bad? The cost",
    "net.cost(X_test[{tale.nine_rows}], [9])",
    "cost: how bad: squared differences from the wanted outputs, summed, averaged over the images",
    details=_low_and_high,
)
def the_cost(tale: Tale, page: Page) -> None:
    """Draw the squares whose sum is the cost of one image."""
    row = tale.X_test[tale.nine][None]
    outputs = tale.network(0, "float64").forward(row)[0]
    after = tale.network(N_PASSES, "float64").cost(row, tale.y_test[[tale.nine]])
    wanted = np.eye(10)[tale.y_test[tale.nine]]
    squared = (outputs - wanted) ** 2
    size, rows = page.width - 39, [["digit", "output", "wanted", "squared", ""]]
    for label, output, target, square in zip(LABELS, outputs, wanted, squared.tolist(), strict=True):
        length = bar(page.terminal, square / squared.max(), size)
        rows.append([label, f"{output:.3f}", f"{target:.0f}", f"{square:.3f}", length.ljust(size)])
    rows.append(["", "", "sum", f"{squared.sum():.3f}", "the cost of this 9".ljust(size)])
    page.table(rows, left=0)
    page.text(
        "The cost says how bad the answer is: each output minus what is wanted, squared, and added up. The cost of the "
        f"network is the average over all {len(tale.y):,} training images, {tale.state(0).cost:.3f}. Learning means: "
        f"turn the knobs until it is small. After learning, this 9 costs {after:.5f}."
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
        f"Half-trained (once through all images), the cost is {tale.state(1).cost:.4f}. The gradient is "
        f"{len(gradient):,} numbers: how much each knob changes the cost. Steps of length {_LENGTH} (all turns "
        "together, as in Pythagoras):"
    )
    changes = {"against the gradient": down, "along the gradient": up}
    changes |= {f"random {n + 1}": change for n, change in enumerate(randoms[:_SHOWN])}
    largest = max(map(abs, changes.values()))
    size = max(13, min(page.width, 79) - 38)
    rows = [["step", "cost changes", ""]]
    for name, v in changes.items():  # less cost is blue
        rows.append([name, f"{v:+.5f}", signed_bar(page.terminal, v / largest, size, ("up", "down")).ljust(size)])
    page.table(rows)
    none_near = min(randoms) > down / 2 and max(randoms) < up / 2
    page.text(
        f"Against the gradient the cost falls {down / min(randoms):.0f} times as far as along the best of "
        f"{_N_DIRECTIONS} random directions: it is the steepest way down."
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
    """Return the costs before and after each of ten steps of the half-trained network, for each learning rate."""
    costs: dict[float, list[float]] = {}
    for rate in _TEN_STEPS:
        network = tale.network(1, "float64")
        costs[rate] = [tale.half_trained_cost]
        for _ in range(10):
            network.step(tale.X, tale.y, rate)
            costs[rate].append(network.cost(tale.X, tale.y))
    return costs


@scene(
    SCENES,
    "Small steps: the learning rate",
    "cmlp digits --rate 15",
    "learning rate: the length of a step is this number times the gradient",
    motion=Motion(2.0),
)
def small_steps(tale: Tale, page: Page) -> None:
    """Show ten steps at three learning rates."""
    steps, x, start = ten_steps(tale), np.linspace(0, 1, 11).tolist(), tale.half_trained_cost
    looks = ("dot", ""), ("point", "up"), ("ring", "down")
    n = 1 + round(10 * page.moment)
    curves = {f"all start  {start:.3f}": Series(x[:1], [start], "full")}
    for (rate, costs), look in zip(steps.items(), looks, strict=True):
        curves[f"rate {rate:<5g} {costs[n - 1]:.3f}"] = Series(x[1:n], costs[1:n], *look)
    low, high = (end(end(costs) for costs in steps.values()) for end in (min, max))
    axes = Axes((low, high), [(high, f"{high:.2f}"), (low, f"{low:.2f}")], [(0.0, "0"), (0.5, "5"), (1.0, "10 steps")])
    page.curves(curves, axes, f"cost after {counted(n - 1, 'step')}", height=14, gap=4)
    first, middle, last = (costs[-1] for costs in steps.values())
    page.text(
        "Step downhill, compute the gradient anew, step again: each step is the learning rate times the gradient.",
        "Too small a rate creeps, too large a one leaps across the valley, and ends higher up."
        if middle < first and middle < last
        else "",
    )
