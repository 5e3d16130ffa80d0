"""Screens 20 to 24: batches, the whole training, ReLU, and what the network has learned (chapters 2 and 4)."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmlp.console.charts import beside
from cmlp.console.digit import SIDE, scale_of
from cmlp.console.terminal import wrapped
from cmlp.story.chapters.edges import bank, explained
from cmlp.story.chapters.one_neuron import bar_weights
from cmlp.story.chapters.page import Page, Scene
from cmlp.story.chapters.tale import BATCH, N_PASSES, RATE, SIZES, Tale
from cmlp.story.pictures.curves import Series, point_chart
from cmlp.story.pictures.text import bar, counted, styled, symbols

_BATCHES = (1, 10, 100, 1000)
_TIMES = (0, 1, 10)
_N_BATCHES = 50
_SHOWN = (0, 1, 3, 5, 10, 20, 30)
# The kinds of hidden neurons: activation, learning rate that suits it, symbol and style of its curve.
_KINDS = {"sigmoid": ("logistic", RATE, "ring", "down"), "ReLU": ("relu", 0.1, "point", "up")}
_DEEP = (784, 16, 16, 16, 16, 10)


def a_few_at_a_time(tale: Tale, page: Page) -> None:
    """Compare the gradients of batches with that of the whole training set."""
    network = tale.network(1)
    whole, ten = (_seconds(lambda n=n: network.gradient(tale.X[:n], tale.y[:n])) for n in (len(tale.X), BATCH))
    page.text(
        f"The gradient of {len(tale.X):,} images takes {1000 * whole:.1f} ms here, the gradient of ten images "
        f"{1000 * ten:.2f} ms. The mean angle between the two, for {_N_BATCHES} random batches of each size, and how "
        "many of these batches still point downhill:"
    )
    table = {(size, passes): batch_angles(tale, size, passes) for size in _BATCHES for passes in _TIMES}
    _draw_angles(page, table)
    early, late = table[BATCH, 0].mean(), table[BATCH, 10].mean()
    n_steps = len(tale.X) // BATCH
    page.text(
        "(A random direction: 90 degrees, 50 %.)",
        "At first ten images know the way; later they only lean towards it." if early < 30 and late > 50 else "",
        f"But there are {n_steps} batches in a pass, and the errors of many small steps largely cancel:",
    )
    single, _ = tale.start()
    single.step(tale.X, tale.y, RATE)
    one, many = tale.test_accuracy(single), tale.state(1).test_accuracy
    page.table(
        [
            ["one pass over all images", "cost", "right (test)"],
            ["1 step on all images", f"{single.cost(tale.X, tale.y):.3f}", f"{one:.1f} %"],
            [f"{n_steps} steps on {BATCH} each", f"{tale.state(1).cost:.3f}", f"{many:.1f} %"],
        ]
    )
    page.text(f"{n_steps} hasty steps beat one careful step." if many > one else "")


def _draw_angles(page: Page, table: dict[tuple[int, int], NDArray[np.float64]]) -> None:
    """Draw the mean angles over the size of the batch, one curve for each time, with the numbers for ten images."""
    marks = symbols(page.terminal)
    looks = (("dot", ""), ("ring", "down"), ("point", "up"))
    places = np.linspace(0, 1, len(_BATCHES)).tolist()
    series = [
        Series(places, [float(table[size, passes].mean()) for size in _BATCHES], *look)
        for passes, look in zip(_TIMES, looks, strict=True)
    ]
    bottom = [(place, f"{size:,}") for place, size in zip(places, _BATCHES, strict=True)]
    chart = point_chart(page.terminal, series, (0, 90), (36, 8), [(90, "90"), (45, "45"), (0, "0")], bottom, apart=True)
    legend = [f"degrees, by size; for {BATCH}:", ""]
    for passes, (symbol, style) in zip(_TIMES, looks, strict=True):
        angles, mark = table[BATCH, passes], getattr(marks, symbol)
        when = "at the start" if passes == 0 else f"after {counted(passes, 'pass').replace('passs', 'passes')}"
        legend.append(
            f"{styled(page.terminal, mark, style) if style else mark} {when:15} {angles.mean():.0f} deg, "
            f"{100 * (angles < 90).mean():.0f} % downhill"
        )
    page.beside(chart, legend, gap=3)


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
    """Return the shortest of five durations of a call."""
    durations = []
    for _ in range(5):
        start = time.perf_counter()
        call()
        durations.append(time.perf_counter() - start)
    return min(durations)


def learning(tale: Tale, page: Page) -> None:
    """Show cost, accuracy and the gradient's length over the whole training."""
    states = {passes: tale.state(passes) for passes in _SHOWN}
    rows = [["passes", "cost", "", "right", "new images", "gradient"]]
    for passes, state in states.items():
        length = bar(page.terminal, min(state.cost, 1), 14) + (" ..." if state.cost > 1 else "")
        rows.append(
            [
                str(passes),
                f"{state.cost:.4f}",
                length.ljust(18 if page.width > 70 else 0),
                f"{state.accuracy:.1f} %",
                f"{state.test_accuracy:.1f} %",
                f"{state.gradient_norm:.3f}",
            ]
        )
    if page.width <= 70:
        rows = [row[:2] + row[3:] for row in rows]
    page.table(rows, left=0)
    first, last = states[0], states[N_PASSES]
    n_steps = N_PASSES * len(tale.X) // BATCH
    good = last.cost < first.cost and last.test_accuracy > first.test_accuracy
    falls = last.gradient_norm < first.gradient_norm / 10
    norms = [state.gradient_norm for state in states.values()]
    page.text(
        f"{n_steps:,} small steps: cost down, accuracy up." if good else f"{n_steps:,} small steps.",
        "The gradient's length says how steep the slope is"
        + (": steep at the start, nearly flat at the end." if falls else "."),
        f"(This run alone: {tale.run}.)",
        "It does not shrink from line to line, because batches only guess the direction."
        if norms != sorted(norms)[::-1]
        else "",
    )


def relu(tale: Tale, page: Page) -> None:
    """Train networks with sigmoid and ReLU, with two and four hidden layers."""
    page.text(
        "ReLU turns a negative sum into 0 and keeps a positive one (even above 1). The cost after each of five passes, "
        "and right on new images, at learning rates that suit each:"
    )
    results, charts = {}, []
    for sizes, title in ((SIZES, "two hidden layers"), (_DEEP, "four hidden layers")):
        runs = {name: tale.five_passes(rate, sizes, kind) for name, (kind, rate, _, _) in _KINDS.items()}
        results.update({(name, len(sizes)): right for name, (_, right) in runs.items()})
        charts.append(_two_curves(page, title, runs))
    page.beside(*charts, gap=5)
    difference = results["ReLU", len(SIZES)] - results["sigmoid", len(SIZES)]
    page.text(
        "With two hidden layers,",
        "it is a draw." if abs(difference) < 3 else f"{'ReLU' if difference > 0 else 'the sigmoid'} is ahead.",
    )
    stuck = results["sigmoid", len(_DEEP)] < 30 < results["ReLU", len(_DEEP)]
    page.text(
        "The deep sigmoids have learned next to nothing in this time." if stuck else "",
        "On its way to the front, a wish is multiplied by the slope of the sigmoid at every layer, at most 1/4. The "
        "lengths of the gradients of the layers after three steps, front to back:",
    )
    page.table([["sigmoid", *layer_gradients(tale, "logistic")], ["ReLU", *layer_gradients(tale, "relu")]])


def _two_curves(page: Page, title: str, runs: dict[str, tuple[list[float], float]]) -> list[str]:
    """Draw the costs of a sigmoid and a ReLU network after each pass, with their accuracies."""
    marks = symbols(page.terminal)
    places = np.linspace(0, 1, 5).tolist()
    series = [Series(places, costs, *_KINDS[name][2:]) for name, (costs, _) in runs.items()]
    bottom = [(0.0, "1"), (0.5, "3"), (1.0, "5 passes")]
    chart = point_chart(
        page.terminal, series, (0, 1), (34, 7), [(1.0, "1.0"), (0.5, "0.5"), (0.0, "0")], bottom, apart=True
    )
    legend = []
    for name, (_, right) in runs.items():
        _, rate, symbol, style = _KINDS[name]
        mark = styled(page.terminal, getattr(marks, symbol), style)
        legend.append(f"{mark} {name:8} rate {rate:<4g} {right:5.1f} % right")
    return [title, *chart, *legend]


@lru_cache(maxsize=8)
def layer_gradients(tale: Tale, activation: str) -> list[str]:
    """Return the length of the gradient of each layer's weights, in a deep network after three steps."""
    network, _ = tale.start(_DEEP, activation)
    for _ in range(3):
        network.step(tale.X, tale.y, 0.1)
    return [f"{np.linalg.norm(weights):.4f}" for weights in network.gradient(tale.X, tale.y).weights]


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
    signs = "blue +, orange -" if page.terminal.colors else "shades +, dashes -"
    far = shares.max() < 0.7 * by_hand
    page.text(
        f"The hope: A sees edges, B loops and strokes, the outputs digits. These are the weights of {len(chosen)} "
        f"neurons ({signs}). How much of them does the best of {len(bank()):,} edges and bars explain? Of the bar made "
        f"by hand: {100 * by_hand:.0f} %. Random weights: {100 * random.min():.0f} to {100 * random.max():.0f} %. "
        f"Layer A: {100 * shares.min():.0f} to {100 * shares.max():.0f} %.",
        "A bit of edge in each, far from an edge detector." if far and shares.min() > random.max() else "",
        f"Its own way is right on {tale.state(N_PASSES).test_accuracy:.1f} % of new digits.",
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
    pictures = [
        [
            *page.terminal.draw(image.reshape(SIDE, SIDE)[4:24, 4:20] / 255),
            f"meant: {meant}",
            f"says {values.argmax()}: {values.max():.3f}",
        ]
        for image, values, meant in (
            (tale.X_test[mistake], outputs[mistake], str(truth[mistake])),
            (noise[worst], of_noise[worst], "nothing"),
        )
    ]
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


SCENES = [
    Scene(
        "A few examples at a time",
        a_few_at_a_time,
        "cmlp digits --batch 1000",
        {"batch": "the few images of one step", "stochastic gradient descent": "small steps, each on another batch"},
    ),
    Scene("Learning, from trash to digits", learning, "cmlp watch", {}),
    Scene(
        "Sigmoid is old: ReLU",
        relu,
        "cmlp digits --activation relu --rate 0.1 --hidden 16,16,16,16",
        {"ReLU": "negative sums become 0, positive ones stay as they are"},
    ),
    Scene("What did the hidden neurons learn?", what_was_learned, "cmlp look 9 --neuron {tale.most_edge}", {}),
    Scene(
        "The examination",
        the_examination,
        "cmlp page",
        {"overfitting": "learning the training images instead of what they have in common"},
    ),
]
