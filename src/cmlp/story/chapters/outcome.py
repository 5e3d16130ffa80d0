"""Screens 20 to 24: batches, the whole training, ReLU, and what the network has learned (chapters 2 and 4)."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmlp.console.terminal import beside, wrapped
from cmlp.story.chapters.edges import bank, explained
from cmlp.story.chapters.one_neuron import bar_weights
from cmlp.story.page import Page, Scene, scene
from cmlp.story.pictures.curves import Axes, Series, legend_lines, point_chart
from cmlp.story.pictures.images import scale_of, squares
from cmlp.story.pictures.names import SIDE
from cmlp.story.pictures.text import bar, signs
from cmlp.story.tale import BATCH, N_PASSES, RATE, Tale

SCENES: list[Scene] = []
_BATCHES = (1, 10, 100, 1000)
_TIMES = (0, 1, 10)
_LOOKS = (("dot", ""), ("ring", "down"), ("point", "up"))
_N_BATCHES = 50
_SHOWN = (0, 1, 3, 5, 10, 20, 30)
# The kinds of hidden neurons: activation, learning rate that suits it, symbol and style of its curve.
_KINDS = {"sigmoid": ("logistic", RATE, "ring", "down"), "ReLU": ("relu", 0.1, "point", "up")}
_SHALLOW, _DEEP = (16, 16), (16, 16, 16, 16)


@scene(
    SCENES,
    "A few examples at a time",
    "cmlp digits --batch 1000",
    "batch: the few images of one step",
    "stochastic gradient descent: small steps, each on another batch",
)
def a_few_at_a_time(tale: Tale, page: Page) -> None:
    """Compare the gradients of batches with that of the whole training set."""
    network = tale.network(1)
    whole, ten = (_seconds(lambda n=n: network.gradient(tale.X[:n], tale.y[:n])) for n in (len(tale.X), BATCH))
    page.text(
        f"The gradient of {len(tale.X):,} images takes {1000 * whole:.1f} ms here, the gradient of ten images "
        f"{1000 * ten:.2f} ms. The mean angle between the two, for {_N_BATCHES} random batches of each size, and how "
        "many of these batches still point downhill:"
    )
    angles = {passes: [batch_angles(tale, size, passes) for size in _BATCHES] for passes in _TIMES}
    of_ten = {passes: parts[_BATCHES.index(BATCH)] for passes, parts in angles.items()}
    places = np.linspace(0, 1, len(_BATCHES)).tolist()
    curves = {}
    for passes, look, when in zip(_TIMES, _LOOKS, ("at the start", "after 1 pass", "after 10 passes"), strict=True):
        of_batch = of_ten[passes]
        text = f"{when:15} {of_batch.mean():.0f} deg, {100 * (of_batch < 90).mean():.0f} % downhill"
        curves[text] = Series(places, [float(part.mean()) for part in angles[passes]], *look)
    bottom = [(place, f"{size:,}") for place, size in zip(places, _BATCHES, strict=True)]
    axes = Axes((0, 90), [(90, "90"), (45, "45"), (0, "0")], bottom)
    page.curves(curves, axes, f"degrees, by size; for {BATCH}:", height=8, gap=3)
    early, late = of_ten[0].mean(), of_ten[10].mean()
    n_steps = len(tale.X) // BATCH
    page.text(
        "(A random direction: 90 degrees, 50 %.)",
        "At first ten images know the way; later they only lean towards it." if early < 30 and late > 50 else "",
        f"But there are {n_steps} batches in a pass, and the errors of many small steps largely cancel:",
    )
    single = tale.start()
    single.network.step(tale.X, tale.y, RATE)
    one, many = single.accuracy(), tale.state(1).test_accuracy
    page.table(
        [
            ["one pass over all images", "cost", "right (test)"],
            ["1 step on all images", f"{single.network.cost(tale.X, tale.y):.3f}", f"{one:.1f} %"],
            [f"{n_steps} steps on {BATCH} each", f"{tale.state(1).cost:.3f}", f"{many:.1f} %"],
        ]
    )
    page.text(f"{n_steps} hasty steps beat one careful step." if many > one else "")


@lru_cache(maxsize=64)
def batch_angles(tale: Tale, size: int, passes: int) -> NDArray[np.float64]:
    """Return the angles in degrees between the gradients of random batches and that of the training set."""
    network = tale.network(passes)
    whole = network.gradient(tale.X, tale.y).flat.astype(float)
    rng = np.random.RandomState(tale.seed)
    cosines = []
    for _ in range(_N_BATCHES):
        rows = rng.choice(len(tale.X), size, replace=False)
        mine = network.gradient(tale.X[rows], tale.y[rows]).flat.astype(float)
        cosines.append((mine * whole).sum() / np.sqrt((mine**2).sum() * (whole**2).sum()))
    angles: NDArray[np.float64] = np.degrees(np.arccos(np.clip(cosines, -1, 1)))
    return angles


def _seconds(call: Any) -> float:
    durations = []
    for _ in range(5):
        start = time.perf_counter()
        call()
        durations.append(time.perf_counter() - start)
    return min(durations)


@scene(SCENES, "Learning, from trash to digits", "cmlp watch")
def learning(tale: Tale, page: Page) -> None:
    """Show cost, accuracy and the gradient's length over the whole training."""
    states = {passes: tale.state(passes) for passes in _SHOWN}
    rows = [["passes", "cost", "", "right", "new images", "gradient"]]
    for passes, state in states.items():
        length = bar(page.terminal, min(state.cost, 1), 14) + (" ..." if state.cost > 1 else "")
        accuracies = [f"{share:.1f} %" for share in (state.accuracy, state.test_accuracy)]
        length = length.ljust(18 if page.width > 70 else 0)
        rows.append([str(passes), f"{state.cost:.4f}", length, *accuracies, f"{tale.gradient_norm(passes):.3f}"])
    if page.width <= 70:
        rows = [row[:2] + row[3:] for row in rows]
    page.table(rows, left=0)
    first, last = states[0], states[N_PASSES]
    n_steps = N_PASSES * len(tale.X) // BATCH
    good = last.cost < first.cost and last.test_accuracy > first.test_accuracy
    norms = [tale.gradient_norm(passes) for passes in _SHOWN]
    falls = norms[-1] < norms[0] / 10
    page.text(
        f"{n_steps:,} small steps: cost down, accuracy up." if good else f"{n_steps:,} small steps.",
        "The gradient's length says how steep the slope is"
        + (": steep at the start, nearly flat at the end." if falls else "."),
        f"(This run alone: {tale.run}.)",
        "It does not shrink from line to line, because batches only guess the direction."
        if norms != sorted(norms)[::-1]
        else "",
    )


@scene(
    SCENES,
    "Sigmoid is old: ReLU",
    "cmlp digits --activation relu --rate 0.1 --hidden 16,16,16,16",
    "ReLU: negative sums become 0, positive ones stay as they are",
)
def relu(tale: Tale, page: Page) -> None:
    """Train networks with sigmoid and ReLU, with two and four hidden layers."""
    page.text(
        "ReLU turns a negative sum into 0 and keeps a positive one (even above 1). The cost after each of five passes, "
        "and right on new images, at learning rates that suit each:"
    )
    results, charts = {}, []
    for hidden, title in ((_SHALLOW, "two hidden layers"), (_DEEP, "four hidden layers")):
        runs = {name: tale.five_passes(rate, hidden, kind) for name, (kind, rate, _, _) in _KINDS.items()}
        results.update({(name, hidden): right for name, (_, right) in runs.items()})
        charts.append(_two_curves(page, title, runs))
    page.beside(*charts, gap=5)
    difference = results["ReLU", _SHALLOW] - results["sigmoid", _SHALLOW]
    page.text(
        "With two hidden layers,",
        "it is a draw." if abs(difference) < 3 else f"{'ReLU' if difference > 0 else 'the sigmoid'} is ahead.",
    )
    stuck = results["sigmoid", _DEEP] < 30 < results["ReLU", _DEEP]
    page.text(
        "The deep sigmoids have learned next to nothing in this time." if stuck else "",
        "On its way to the front, a wish is multiplied by the slope of the sigmoid at every layer, at most 1/4. The "
        "lengths of the gradients of the layers after three steps, front to back:",
    )
    page.table([["sigmoid", *layer_gradients(tale, "logistic")], ["ReLU", *layer_gradients(tale, "relu")]])


def _two_curves(page: Page, title: str, runs: dict[str, tuple[list[float], float]]) -> list[str]:
    places = np.linspace(0, 1, 5).tolist()
    series = [Series(places, costs, *_KINDS[name][2:]) for name, (costs, _) in runs.items()]
    axes = Axes((0, 1), [(1.0, "1.0"), (0.5, "0.5"), (0.0, "0")], [(0.0, "1"), (0.5, "3"), (1.0, "5 passes")])
    chart = point_chart(page.terminal, series, axes, 34, 7, apart=True)
    texts = [f"{name:8} rate {_KINDS[name][1]:<4g} {right:5.1f} % right" for name, (_, right) in runs.items()]
    return [title, *chart, *legend_lines(page.terminal, series, texts)]


@lru_cache(maxsize=8)
def layer_gradients(tale: Tale, activation: str) -> list[str]:
    """Return the length of the gradient of each layer's weights, in a deep network after three steps."""
    network = tale.start(hidden=_DEEP, activation=activation).network
    for _ in range(3):
        network.step(tale.X, tale.y, 0.1)
    return [f"{np.linalg.norm(weights):.4f}" for weights in network.gradient(tale.X, tale.y).weights]


@scene(SCENES, "What did the hidden neurons learn?", "cmlp look 9 --neuron {tale.most_edge}")
def what_was_learned(tale: Tale, page: Page) -> None:
    """Compare the weights of layer A with edges and bars."""
    trained = tale.network(N_PASSES).weights[0]
    shares, random = tale.edge_shares(N_PASSES), tale.edge_shares(0)
    order = np.argsort(shares)
    chosen = [int(order[i]) for i in (-1, 8, 0)][: 3 if page.width >= 68 else 2]
    pictures = []
    for neuron in chosen:
        weights = np.where(tale.used, trained[:, neuron], 0)
        scale = scale_of(weights[tale.used])
        picture = page.terminal.draw((weights / scale).reshape(SIDE, SIDE)[4:24, 4:24], signed=True)
        pictures.append([*picture, f"A{neuron + 1}: {100 * shares[neuron]:.0f} %"])
    page.block(beside(*pictures, gap=6))
    by_hand = float(explained(bar_weights(8, -0.75).reshape(784, 1), tale.used)[0])
    far = shares.max() < 0.7 * by_hand
    page.text(
        f"The hope: A sees edges, B loops and strokes, the outputs digits. These are the weights of {len(chosen)} "
        f"neurons ({signs(page.terminal)}). How much of them does the best of {len(bank()):,} edges and bars explain? "
        f"Of the bar made by hand: {100 * by_hand:.0f} %. Random weights: {100 * random.min():.0f} to "
        f"{100 * random.max():.0f} %. Layer A: {100 * shares.min():.0f} to {100 * shares.max():.0f} %.",
        "A bit of edge in each, far from an edge detector." if far and shares.min() > random.max() else "",
        f"Its own way is right on {tale.state(N_PASSES).test_accuracy:.1f} % of new digits.",
    )


@scene(
    SCENES,
    "The examination",
    "cmlp page",
    "overfitting: learning the training images instead of what they have in common",
)
def the_examination(tale: Tale, page: Page) -> None:
    """Test the network on new images and on noise."""
    outputs, truth = tale.test_outputs, tale.y_test
    answers, brightest = outputs.argmax(axis=1), outputs.max(axis=1)
    wrong = answers != truth
    mistake = int(np.where(wrong, brightest, -1).argmax())
    noise = np.random.RandomState(tale.other_seed).randint(0, 256, (1000, 784)).astype(np.uint8)
    of_noise = tale.network(N_PASSES).forward(noise)
    worst = int(of_noise.max(axis=1).argmax())
    favourite = int(np.bincount(of_noise.argmax(axis=1)).argmax())
    cases = (tale.X_test[mistake], outputs[mistake], truth[mistake]), (noise[worst], of_noise[worst], "nothing")
    pictures = []
    for image, values, meant in cases:
        drawn = page.terminal.draw(squares(image)[4:24, 4:20])
        pictures.append([*drawn, f"meant: {meant}", f"says {values.argmax()}: {values.max():.3f}"])
    early, late = tale.state(10), tale.state(N_PASSES)
    overfits = late.cost < early.cost and late.test_cost > early.test_cost
    sentences = [
        f"Images it learned from: {late.accuracy:.1f} % right. New ones: {late.test_accuracy:.1f} %. From pass 10 on, "
        f"the cost of the old ones went from {early.cost:.3f} to {late.cost:.3f}, that of the new ones from "
        f"{early.test_cost:.3f} to {late.test_cost:.3f}"
        + (": it went on learning these images, not digits (overfitting)." if overfits else "."),
        f"{(brightest[wrong] > 0.9).sum()} of its {wrong.sum()} mistakes are brighter than 0.9. And of {len(noise):,} "
        f"images of noise it calls {(of_noise.argmax(axis=1) == favourite).sum()} a {favourite}; "
        f"{(of_noise.max(axis=1) > 0.9).sum()} of the {len(noise):,} are brighter than 0.9. It has seen nothing but "
        'digits, and has no output for "no digit". Bright does not mean right. '
        f"(These numbers belong to this run alone: {tale.run}.)",
    ]
    together = beside(*pictures, gap=2)
    if page.width >= 76:
        page.block(beside(together, wrapped(" ".join(sentences), page.width - 37), gap=3))
    else:
        page.block(together)
        page.text(*sentences)
