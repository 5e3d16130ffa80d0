"""Screens 1 to 6: pictures, neurons and layers (chapter 1 of the videos)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from cmlp._cli.terminal import beside, visible
from cmlp.story.chapters.rule import loops, rule
from cmlp.story.compare import HIDDEN, Row, trained
from cmlp.story.page import Motion, Page, Scene, scene, table_lines
from cmlp.story.pictures.images import digit_lines, shrunk, squares
from cmlp.story.pictures.layers import cell_lines, output_bars, tick_line
from cmlp.story.pictures.text import bar, symbols
from cmlp.story.tale import LABELS, N_PASSES, Tale

SCENES: list[Scene] = []
_BRIGHT, _WIDE = 127, 76


@scene(SCENES, "Three 3s", "cmlp look 3")
def three_threes(tale: Tale, page: Page) -> None:
    """Show three training images of 3, and beside them the few pixels that they share."""
    images = tale.X[tale.threes]
    on = images > _BRIGHT
    common = np.where(on.all(axis=0), images.min(axis=0), 0)
    pictures = [digit_lines(page.terminal, image, margin=0) for image in images]
    if page.width >= _WIDE:
        pictures.append(["  in all three:", "", *digit_lines(page.terminal, common, margin=3)])
    page.block(beside(*pictures, gap=2))
    page.text(
        f"You read each as a 3 at once. Yet {on.any(axis=0).sum()} pixels are bright in at least one of them, and only "
        f"{on.all(axis=0).sum()} in all three. What makes all of them a 3?"
    )


@scene(
    SCENES,
    "Write the rule yourself",
    "from cmlp.story.chapters.rule import rule; np.mean([rule(x) == d for x, d in zip(X_test, y_test)]).round(2)",
    "training images: images with their digits, to learn from",
    "test images: other images, to be tested on",
)
def write_the_rule(tale: Tale, page: Page) -> None:
    """Score a rule written by hand against the network, digit by digit."""
    right = [
        np.array([rule(image) for image in tale.X_test]) == tale.y_test,
        tale.test_outputs.argmax(axis=1) == tale.y_test,
    ]
    page.text(
        "Two loops, you may say: an 8. One loop: high a 9, low a 6, in the middle a 0. No loop: narrow a 1, otherwise "
        "by the strokes."
    )
    size = (page.width - 16) // 2
    rows = [["", "this rule", "the network"]]
    for name, of_it in (*((label, tale.y_test == int(label)) for label in LABELS), ("all", tale.y_test >= 0)):
        shares = [float(ok[of_it].mean()) for ok in right]
        rows.append([name, *(f"{100 * v:3.0f} {bar(page.terminal, v, size - 4)}" for v in shares)])
    page.block([f"  {name:5}{rule_bar:{size}}  {bar_}".rstrip() for name, rule_bar, bar_ in rows])
    eights = [len(loops(image)) for image in tale.X_test[tale.y_test == 8]]
    page.text(
        f"How many of {len(tale.y_test):,} new images are read correctly, in percent. Pens leave gaps: "
        f"{sum(n < 2 for n in eights)} of the {len(eights)} eights lack two closed loops."
    )


@lru_cache(maxsize=16)
def compared(tale: Tale, hidden: tuple[int, ...]) -> Row:
    """Return a network with other hidden layers, trained in the same way."""
    return trained(tale.start(hidden=hidden).options)


@scene(
    SCENES,
    "A picture is 784 numbers",
    "(X_test[{tale.nine}].reshape(28, 28)[7:13, 11:19] / 255).round(2)",
    "neuron: a thing that holds a number",
    "activation: the number that a neuron holds",
)
def a_picture_is_numbers(tale: Tale, page: Page) -> None:
    """Show an image as numbers, and name one of its neurons."""
    pixels = squares(tale.X_test[tale.nine])
    rows, columns = range(7, 13), range(11, 19)
    numbers = [["row", *map(str, columns)]] + [[str(r), *(f"{pixels[r, c]:.2f}" for c in columns)] for r in rows]
    top, left = (int(np.flatnonzero(pixels.any(axis=axis))[0]) for axis in (1, 0))
    heads = {(r - top // 2 * 2) // 2: str(r) for r in (rows[0], rows[-1])}
    drawn = digit_lines(page.terminal, tale.X_test[tale.nine])
    picture = [f"{'':{columns[0] - left + 4}}{columns[0]:<{len(columns) - 1}}{columns[-1]}"]
    picture += [f"{heads.get(n, ''):>2} {line}" for n, line in enumerate(drawn)]
    cut = table_lines(numbers, page.width - len(visible(picture[1])) - 3, indent=0, left=0, gap=1)
    page.beside(
        picture,
        [
            f"Rows {rows[0]} to {rows[-1]}, columns {columns[0]} to {columns[-1]}:",
            "",
            *cut,
            "",
            "0 is black, 1 is white",
        ],
    )
    page.text(
        "A neuron is a thing that holds a number between 0 and 1: its activation.",
        "28 x 28 pixels make 784 of them, the input.",
    )


@scene(SCENES, "Ten neurons answer", "cmlp look 8", "output: a neuron of the last layer")
def ten_neurons_answer(tale: Tale, page: Page) -> None:
    """Show the outputs for a clear digit and for one where two outputs compete."""
    clear, close = tale.test_outputs[[tale.nine, tale.rival]]
    images = [digit_lines(page.terminal, tale.X_test[i], margin=0) for i in (tale.nine, tale.rival)]
    pictures, gap = sum(len(visible(image[0])) for image in images), 2
    width = max((page.width - pictures - 3 * gap) // 2, 16)
    bars = [output_bars(page.terminal, outputs, LABELS, width) for outputs in (clear, close)]
    pairs = [beside(*pair, gap=gap) for pair in zip(images, bars, strict=True)]
    if 2 * width + pictures + 3 * gap <= page.width:
        pairs = [beside(images[0], bars[0], images[1], bars[1], gap=gap)]
    for pair in pairs:
        page.block(pair)
    winner, second = np.argsort(-close)[:2]
    page.text(
        "The last layer has one neuron per digit. Its activation says how strongly the network holds this answer; the "
        "brightest wins.",
        f"For the second image, {winner} and {second} compete." if close[second] > 0.3 else "",
        f"They are not probabilities: its ten add up to {close.sum():.2f}.",
    )


def _other_layers(tale: Tale, page: Page) -> None:
    """Compare networks with other hidden layers."""
    page.text("Two layers of 16 neurons are a choice, a hyperparameter. Other choices, trained in the same way:")
    table = [["hidden layers", "knobs to turn", "training", "new images"]]
    for hidden, n_params, training, test, _ in (compared(tale, each) for each in HIDDEN):
        table.append([hidden, f"{n_params:,}", f"{training:.1f} %", f"{test:.1f} %"])
    page.table(table)


@scene(
    SCENES,
    "Layers: one decides the next",
    "cmlp compare --hidden none 16 16,16 128",
    "layer: neurons that are computed together",
    "hidden layer: a layer between the pixels and the outputs; here A and B (A13 is column 12 of weights[0])",
    "hyperparameter: a choice made before training, such as the number of hidden neurons",
    motion=Motion(2.0),
    details=_other_layers,
)
def layers_decide(tale: Tale, page: Page) -> None:
    """Show one image in every layer."""
    network = tale.network(N_PASSES, "float64")
    image = tale.X_test[tale.nine]
    layers = [values[0] for values in network.activations(image[None])][1:]
    arrow = symbols(page.terminal).down
    lines = [f"784 pixels, {np.count_nonzero(image)} of them not black"]
    names = [f"A  {len(layers[0])} hidden", f"B  {len(layers[1])} hidden", f"   {len(layers[2])} outputs"]
    ends = [f"A1 to A{len(layers[0])}", f"B1 to B{len(layers[1])}", f"0 to 9: it is a {layers[2].argmax()}"]
    for n, (name, values, end) in enumerate(zip(names, layers, ends, strict=True)):
        is_there = page.moment >= (n + 1) / 4
        cells = f"{cell_lines(page.terminal, values, 40)[0]}  {end}" if is_there else ""
        lines += ["", f"{'':3}{arrow}", "", f"{name:14}{cells}".rstrip()]
    page.beside(digit_lines(page.terminal, image), lines, gap=2)
    page.text(
        "Each layer is computed from the one before it, and from nothing else; no one says what A and B should hold. "
        f"Without them, {compared(tale, ()).test:.1f} % of new images would be right, with them "
        f"{tale.state(N_PASSES).test_accuracy:.1f} %."
    )


@scene(
    SCENES,
    "Three 3s, three patterns, one answer",
    "(net.activations(X[{tale.threes}])[1] > 0.5).sum(axis=1)",
)
def three_patterns(tale: Tale, page: Page) -> None:
    """Show the hidden layers for the three 3s."""
    images = tale.X[tale.threes]
    _, a, b, outputs = tale.network(N_PASSES).activations(images)
    small = [page.terminal.draw(shrunk(squares(image)[3:25, 4:24], 10, 10)) for image in images]
    all_on = [(values > 0.5).all(axis=0).astype(float) for values in (a, b)]
    pictures = [*small[0], "", *small[1], "", *small[2]]
    layers = ["   " + tick_line(a.shape[1]), *[""] * 16]
    last = ["output 3", *[""] * 14, "on in", "all three"]
    for line, *rows in zip((1, 7, 12, 15), (*a, all_on[0]), (*b, all_on[1]), strict=True):
        layers[line : line + 2] = (f"{'AB'[n]}  {cell_lines(page.terminal, row, 40)[0]}" for n, row in enumerate(rows))
    for line, output in zip((2, 8, 13), outputs, strict=True):
        last[line] = f"{output[3]:8.3f}"
    page.block(beside(pictures, layers, last, gap=4 if page.width >= 64 else 2))
    counts, common = (a > 0.5).sum(axis=1), [int(on.sum()) for on in all_on]
    page.text(
        f"In A they excite {counts[0]}, {counts[1]} and {counts[2]} neurons (above 0.5), but share only {common[0]}; "
        f"in B they share {common[1]}.",
        "Layer by layer, the three 3s become alike." if common[0] < common[1] else "",
    )
