"""Screens 22 to 26: batches, the whole training, ReLU, and what the network has learned (chapters 2 and 4)."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from cmlp._cli.terminal import beside
from cmlp.story.chapters.edges import bank, best_edge
from cmlp.story.frames import charts
from cmlp.story.page import Motion, Page, Scene, scene
from cmlp.story.pictures.curves import Axes, Series, legend_lines, point_chart
from cmlp.story.pictures.images import scale_of, squares
from cmlp.story.pictures.names import SIDE
from cmlp.story.pictures.text import signs
from cmlp.story.tale import BATCH, N_PASSES, RATE, Tale

SCENES: list[Scene] = []
_BATCHES = (1, 10, 100, 1000)
_TIMES = (0, 1, 10)
_LOOKS = (("dot", ""), ("ring", "down"), ("point", "up"))
_N_BATCHES, _N_COSTS = 50, 100
_SHOWN = (0, 1, 3, 5, 10, 20, 30)
# The kinds of hidden neurons: activation, learning rate that suits it, symbol and style of its curve.
_KINDS = {"sigmoid": ("logistic", RATE, "ring", "down"), "ReLU": ("relu", 0.1, "point", "up")}
_SHALLOW, _DEEP = (16, 16), (16, 16, 16, 16)


def _angles(tale: Tale, page: Page) -> None:
    """Compare the gradients of batches with that of the whole training set."""
    page.text(
        f"How wrong is a hasty step? The mean angles between the gradients of {_N_BATCHES} batches of each size and "
        "that of all images: 0 degrees is right, 90 a blind guess, which goes downhill every second time."
    )
    angles = {passes: [batch_angles(tale, size, passes) for size in _BATCHES] for passes in _TIMES}
    of_ten = {passes: parts[_BATCHES.index(BATCH)] for passes, parts in angles.items()}
    x = np.linspace(0, 1, len(_BATCHES)).tolist()
    curves = {}
    for passes, look, when in zip(_TIMES, _LOOKS, ("at the start", "after 1 pass", "after 10 passes"), strict=True):
        of_batch = of_ten[passes]
        text = f"{when:15} {of_batch.mean():.0f} deg, {100 * (of_batch < 90).mean():.0f} % downhill"
        curves[text] = Series(x, [float(part.mean()) for part in angles[passes]], *look)
    bottom = [(place, f"{size:,}") for place, size in zip(x, _BATCHES, strict=True)]
    axes = Axes((0, 90), [(90, "90"), (45, "45"), (0, "0")], bottom)
    page.curves(curves, axes, f"degrees, by size; for {BATCH}:", height=8, gap=3)


@lru_cache(maxsize=4)
def hasty_steps(tale: Tale) -> list[float]:
    """Return the costs of the training set before, within and after the first pass, at equal distances."""
    experiment = tale.start()
    costs = [experiment.network.cost(tale.X, tale.y)]
    for _ in range(_N_COSTS):
        experiment.train_batches(len(tale.X) // BATCH // _N_COSTS)
        costs.append(experiment.network.cost(tale.X, tale.y))
    return costs


@scene(
    SCENES,
    "A few examples at a time",
    "cmlp digits --batch 1000",
    "batch: the few images of one step",
    "stochastic gradient descent: small steps, each on another batch",
    motion=Motion(3.0),
    details=_angles,
)
def a_few_at_a_time(tale: Tale, page: Page) -> None:
    """Compare one step on all images with many steps on ten images each."""
    n_images = len(tale.X)
    n_steps = n_images // BATCH
    page.text(
        f"Show all {n_images:,} images once, at learning rate {RATE:g}: one careful step at the end, or one after "
        f"every {BATCH} images?"
    )
    single = tale.start()
    single.network.step(tale.X, tale.y, RATE)
    careful, costs = single.network.cost(tale.X, tale.y), hasty_steps(tale)
    seen = round(page.moment * _N_COSTS)
    x = np.linspace(0, 1, _N_COSTS + 1).tolist()
    one = [costs[0]] * seen if seen < _N_COSTS else [*costs[:1] * _N_COSTS, careful]
    curves = {
        f"1 step on all images     {one[-1] if one else costs[0]:.3f}": Series(x[: len(one)], one, "ring", "down"),
        f"{n_steps * seen // _N_COSTS:3} steps on {BATCH} each     {costs[seen]:.3f}": Series(
            x[: seen + 1], costs[: seen + 1], "point", "up"
        ),
    }
    high = costs[0]
    bottom = [(0.0, "0"), (1.0, f"{n_images:,} images")]
    axes = Axes((0.0, high), [(high, f"{high:.1f}"), (high / 2, f"{high / 2:.1f}"), (0.0, "0")], bottom)
    page.curves(curves, axes, "cost", height=13, gap=3)
    if page.moment == 1 and costs[-1] < careful:
        page.text(
            f"{n_steps} hasty steps beat one careful step: each batch only guesses the direction, but the errors of "
            "many small steps largely cancel."
        )


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


def _pass_by_pass(tale: Tale, page: Page) -> None:
    """Write cost, accuracy and the gradient's length over the whole training."""
    rows = [["passes", "cost", "right", "new images", "gradient"]]
    for passes in _SHOWN:
        state = tale.state(passes)
        accuracies = [f"{share:.1f} %" for share in (state.accuracy, state.test_accuracy)]
        rows.append([str(passes), f"{state.cost:.4f}", *accuracies, f"{tale.gradient_norm(passes):.3f}"])
    page.table(rows, left=0)
    norms = [tale.gradient_norm(passes) for passes in _SHOWN]
    page.text(
        "The gradient's length says how steep the slope is"
        + (": steep at the start, nearly flat at the end." if norms[-1] < norms[0] / 10 else "."),
        "It does not shrink from line to line, because batches only guess the direction."
        if norms != sorted(norms)[::-1]
        else "",
        f"(This run alone: {tale.run}.)",
    )


@scene(SCENES, "Learning, from trash to digits", "cmlp watch", motion=Motion(3.0), details=_pass_by_pass)
def learning(tale: Tale, page: Page) -> None:
    """Show cost and accuracy over the whole training."""
    states = [tale.state(passes) for passes in range(N_PASSES + 1)]
    seen = round(page.moment * N_PASSES)
    bottom = [(0.0, "0"), (0.5, str(N_PASSES // 2)), (1.0, f"{N_PASSES} passes")]
    x = [passes / N_PASSES for passes in range(seen + 1)]
    page.block(charts(page.terminal, x, states[: seen + 1], bottom, page.width, 14))
    first, last = states[0], states[-1]
    good = last.cost < first.cost and last.test_accuracy > first.test_accuracy
    page.text(
        f"{N_PASSES * len(tale.X) // BATCH:,} small steps downhill. The network never sees the new digits, and yet "
        f"{last.test_accuracy:.1f} % of them are right, at first {first.test_accuracy:.1f} %."
        if good
        else f"{N_PASSES * len(tale.X) // BATCH:,} small steps.",
        "On the left, equal distances are equal ratios (logarithmic).",
        "The cost of the old images falls on, that of the new ones has stopped falling."
        if last.cost < 0.8 * states[10].cost and last.test_cost > 0.95 * states[10].test_cost
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
    page.text("ReLU: negative sums become 0. Cost over five passes, and % right on new images:")
    results, pictures = {}, []
    for hidden, title in ((_SHALLOW, "two hidden layers"), (_DEEP, "four hidden layers")):
        runs = {name: tale.five_passes(rate, hidden, kind) for name, (kind, rate, _, _) in _KINDS.items()}
        results.update({(name, hidden): right for name, (_, right) in runs.items()})
        pictures.append(_two_curves(page, title, runs))
    page.beside(*pictures, gap=5)
    difference = results["ReLU", _SHALLOW] - results["sigmoid", _SHALLOW]
    stuck = results["sigmoid", _DEEP] < 30 < results["ReLU", _DEEP]
    page.text(
        "With two hidden layers,",
        "it is a draw." if abs(difference) < 3 else f"{'ReLU' if difference > 0 else 'the sigmoid'} is ahead.",
        "With four, the sigmoids learn next to nothing: on its way back a wish is multiplied by a slope at every "
        f"layer, of a sigmoid at most 0.25. {' x '.join(['0.25'] * 4)} = {0.25**4:.3f}."
        if stuck
        else "",
    )


def _two_curves(page: Page, title: str, runs: dict[str, tuple[list[float], float]]) -> list[str]:
    x = np.linspace(0, 1, 5).tolist()
    series = [Series(x, costs, *_KINDS[name][2:]) for name, (costs, _) in runs.items()]
    axes = Axes((0, 1), [(1.0, "1.0"), (0.5, "0.5"), (0.0, "0")], [(0.0, "1"), (0.5, "3"), (1.0, "5 passes")])
    chart = point_chart(page.terminal, series, axes, 34 if page.width < 100 else 54, 11, staggered=True)
    texts = [f"{name:8} rate {_KINDS[name][1]:<4g} {right:5.1f} % right" for name, (_, right) in runs.items()]
    return [title, *chart, *legend_lines(page.terminal, series, texts)]


@scene(SCENES, "What did the hidden neurons learn?", "cmlp look 9 --neuron {tale.most_edge}")
def what_was_learned(tale: Tale, page: Page) -> None:
    """Compare the weights of layer A with edges and bars."""
    trained, shares = tale.network(N_PASSES).weights[0], tale.edge_shares(N_PASSES)
    pictures = []
    for neuron in (int(shares.argmax()), int(shares.argmin())):
        weights = np.where(tale.used, trained[:, neuron], 0)
        pair = {f"A{neuron + 1}": weights, f"its edge: {100 * shares[neuron]:.0f} %": best_edge(weights, tale.used)}
        drawn = [
            [title, *page.terminal.draw((each / scale_of(each)).reshape(SIDE, SIDE)[4:24, 5:23], signed=True)]
            for title, each in pair.items()
        ]
        pictures.append(beside(*drawn, gap=1))
    page.beside(*pictures, gap=3)
    page.text(
        f"The hope was that A sees edges. Here are the weights of two neurons ({signs(page.terminal)}), the best "
        f"match and the worst, each beside its best edge. We tried {len(bank()):,} edges, at every place; 100 % is "
        "identical.",
        "Not edges, but its own patterns," if shares.max() < 0.5 else "It found its own patterns,",
        f"with which it reads {tale.state(N_PASSES).test_accuracy:.1f} % of new digits.",
    )


@lru_cache(maxsize=4)
def _of_noise(tale: Tale) -> tuple[NDArray[np.uint8], NDArray[np.floating]]:
    noise = np.random.RandomState(tale.other_seed).randint(0, 256, (1000, 784)).astype(np.uint8)
    return noise, tale.network(N_PASSES).forward(noise)


def _sure_and_wrong(tale: Tale, page: Page) -> None:
    """Count the answers that are bright and wrong, and compare the costs of old and new images."""
    brightest, (noise, of_noise) = tale.test_outputs.max(axis=1), _of_noise(tale)
    wrong = tale.test_outputs.argmax(axis=1) != tale.y_test
    early, late = tale.state(10), tale.state(N_PASSES)
    page.text(
        f"{(brightest[wrong] > 0.9).sum()} of its {wrong.sum()} mistakes are brighter than 0.9, and so are the answers "
        f"to {(of_noise.max(axis=1) > 0.9).sum()} of the {len(noise):,} images of noise.",
        f"From pass 10 on, the cost of the old images went from {early.cost:.3f} to {late.cost:.3f}, that of the new "
        f"ones from {early.test_cost:.3f} to {late.test_cost:.3f}"
        + (": it kept learning these images: overfitting." if late.test_cost > early.test_cost else "."),
        f"(This run alone: {tale.run}.)",
    )


@scene(
    SCENES,
    "The examination",
    "cmlp page",
    "overfitting: learning the training images instead of what they have in common",
    details=_sure_and_wrong,
)
def the_examination(tale: Tale, page: Page) -> None:
    """Test the network on new images and on noise."""
    outputs, state, (noise, of_noise) = tale.test_outputs, tale.state(N_PASSES), _of_noise(tale)
    mistake = int(np.where(outputs.argmax(axis=1) != tale.y_test, outputs.max(axis=1), -1).argmax())
    worst = int(of_noise.max(axis=1).argmax())
    favourite, times = Counter(of_noise.argmax(axis=1).tolist()).most_common(1)[0]
    cases = (tale.X_test[mistake], outputs[mistake], tale.y_test[mistake]), (noise[worst], of_noise[worst], "nothing")
    pictures = []
    for image, values, meant in cases:
        drawn = page.terminal.draw(squares(image)[4:24, 4:20])
        pictures.append([*drawn, f"meant: {meant}", f"says {values.argmax()}: {values.max():.3f}"])
    page.beside(*pictures, gap=6)
    page.text(
        f"Images it learned from: {state.accuracy:.1f} % right. New ones: {state.test_accuracy:.1f} %. It always "
        f"answers: of {len(noise):,} images of noise it calls {times} a {favourite}. Bright does not mean right. And "
        f"yet nobody gave it a rule: it had {len(tale.y):,} examples, and one direction, downhill."
    )
