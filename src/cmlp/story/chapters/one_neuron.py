"""Screens 7 to 11: one neuron, its weights, its bias, and the whole network as a function (chapter 1 of the videos)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmlp import Network
from cmlp._cli.terminal import beside
from cmlp.story.page import Motion, Page, Scene, scene
from cmlp.story.pictures.curves import function_lines
from cmlp.story.pictures.images import scale_of, shrunk, squares
from cmlp.story.pictures.names import SIDE, source_name
from cmlp.story.pictures.neuron import sum_lines, weighted_sum
from cmlp.story.pictures.text import signed_bar, signs, styled, symbols
from cmlp.story.tale import N_PASSES, Tale, sigmoid

SCENES: list[Scene] = []
_TOP, _BOTTOM = 8, 19
_CUT = 20  # rows and columns of the pictures of screen 7
_BIASES = (0, -5, -10, -15)
_LARGEST = 20  # sum on screen 10
_LARGE_SUM = 8.0


def _spelled_out(tale: Tale, page: Page) -> None:
    """Spell out the weighted sum of one neuron, and switch on one black pixel at a time."""
    network, row = tale.network(N_PASSES, "float64"), tale.X_test[tale.nine]
    unit, name = tale.unit, tale.neuron
    spelled = weighted_sum(network, row, unit, 4)
    weights = network.weights[0][:, unit.neuron]
    page.text(f"The largest products of {name}, and the sum of all others:")
    page.block([f"  {line}" for line in sum_lines(spelled, "sigmoid")])
    black = np.flatnonzero((row == 0) & tale.used)
    changes = []
    for pixel in (black[weights[black].argmin()], black[weights[black].argmax()]):
        image = row.copy()
        image[pixel] = 255
        after = float(network.activations(image[None])[1][0, unit.neuron])
        verb = "falls" if after < spelled.activation else "rises"
        place = " ".join(source_name(0, int(pixel)).split())
        changes.append(f"at {place} (weight {weights[pixel]:+.3f}) its activation {verb} to {after:.3f}")
    page.text(f"One black pixel, made white: {changes[0]}, {changes[1]}.")


@scene(
    SCENES,
    "One neuron: a weighted sum",
    "cmlp look 9 --neuron {tale.neuron}",
    "weight: the number that a wire multiplies the activation before it by",
    "weighted sum or pre-activation (z): all activations times their weights, added up, plus the bias",
    motion=Motion(3.0),
    details=_spelled_out,
)
def a_weighted_sum(tale: Tale, page: Page) -> None:
    """Multiply the pixels of an image by the weights of a neuron, and add them up."""
    row, name = tale.X_test[tale.nine], tale.neuron
    network = tale.network(N_PASSES, "float64")
    weights = network.weights[0][:, tale.unit.neuron]
    page.block(_pixels_times_weights(page, row, weights, name))
    total = float((row / 255 * weights)[: _multiplied(page, row) * SIDE].sum())
    head, size = f"  {name}{' so far' if page.moment < 1 else ''}: {total:+.3f} ", min(41, page.width - 25)
    bars, zero = signed_bar(page.terminal, total / _LARGE_SUM, size), len(head) + (size - 1) // 2
    bias, z = network.biases[0][tale.unit.neuron], network.weighted_sums(row[None])[0][0, tale.unit.neuron]
    done = f"  With {bias:+.3f}, its bias (screen 10), the sum is {z:+.3f}." if page.moment == 1 else ""
    page.block([f"{'':{zero}}0", head + bars, done])
    page.text(
        f"{name} is a neuron of layer A. The wire from each pixel to it has a number, its weight: a positive one says "
        f'"be on" when that pixel is on, a negative one the opposite. {name} multiplies, and adds everything up.'
    )


def _multiplied(page: Page, row: NDArray[Any]) -> int:
    """Return how many rows of pixels have been multiplied at this moment."""
    rows = np.flatnonzero(squares(row).any(axis=1))
    return int(rows[0] + round(page.moment * (rows[-1] + 1 - rows[0])))


def _pixels_times_weights(page: Page, row: NDArray[Any], weights: NDArray[Any], name: str) -> list[str]:
    """Draw the pixels of the digit, the weights of a neuron at the same positions, and the products."""
    image = squares(row)
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    top, left = rows[0] // 2 * 2, max(min(columns[0] - 1, SIDE - _CUT), 0)
    cut = (slice(top, min(top + _CUT, SIDE)), slice(left, left + _CUT))
    scaled = weights.reshape(SIDE, SIDE) / scale_of(weights)
    products = image * scaled
    products[_multiplied(page, row) :] = 0
    pictures = {
        "the 9": page.terminal.draw(image[cut]),
        f"{name}: {signs(page.terminal)}": page.terminal.draw(scaled[cut], signed=True),
        "pixel x weight": page.terminal.draw(products[cut], signed=True),
    }
    blocks = [[title, *lines] for title, lines in pictures.items()]
    return beside(*blocks, gap=5) if page.width >= 3 * _CUT + 14 else beside(*blocks[1:], gap=3)


def _both_ways(tale: Tale, page: Page) -> None:
    """Compare sigmoid and softmax for an image where two outputs compete."""
    network, row = tale.network(N_PASSES, "float64"), tale.X_test[tale.rival][None]
    z, outputs = network.weighted_sums(row)[-1][0], network.forward(row)[0]
    softmax = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
    first, second = np.argsort(-z)[:2]
    page.text(
        "The sigmoid is not the only way. Softmax squashes all ten outputs together, so that they add up to 1. The "
        f"{tale.y_test[tale.rival]} for which two outputs competed, both ways:"
    )
    rows = [["", f"output {first}", f"output {second}", "all ten"]]
    for name, values in (("sigmoid", outputs), ("softmax", softmax)):
        rows.append([name, *(f"{v:.3f}" for v in (values[first], values[second], values.sum()))])
    page.table(rows)


@scene(
    SCENES,
    "Squash it",
    "1 / (1 + np.exp(-net.weighted_sums(X_test[{tale.nine_rows}])[0][0, {tale.unit.neuron}]))",
    "sigmoid: a curve from 0 to 1 that squashes any number",
    "softmax: squashes all outputs together; they add up to 1",
    motion=Motion(3.0),
    details=_both_ways,
)
def squash_it(tale: Tale, page: Page) -> None:
    """Show the sigmoid with the sums of five neurons."""
    network, row = tale.network(N_PASSES, "float64"), tale.X_test[tale.nine]
    sums, middle = network.weighted_sums(row[None])[0][0], tale.unit.neuron
    order = np.argsort(sums)
    chosen = sorted({int(order[0]), int(order[4]), middle, int(order[11]), int(order[15])}, key=lambda i: sums[i])
    table = ["", "  sum z  activation"]
    table += [f"{sums[i]:+7.2f}  {sigmoid(sums[i]):10.4f}  A{i + 1}{' (point)' if i == middle else ''}" for i in chosen]
    z = float(sums[middle])
    if page.moment < 1:
        # The point goes from one end of the curve to the other, then it comes to rest.
        z = -8 + 16 * min(1.0, page.moment / 0.7) if page.moment < 0.7 else 8 + (z - 8) * (page.moment - 0.7) / 0.3
        table[0] = f"z = {z:+.2f} becomes {sigmoid(z):.4f}"
    page.beside(function_lines(page.terminal, sigmoid, z, 44, 13), table, gap=2)
    page.text(
        "The sum z can be any number, but an activation is between 0 and 1. So the neuron squashes it with the "
        "sigmoid, 1 / (1 + e^-z): sums far below 0 end near 0, sums far above 0 near 1."
    )


def bar_weights(top: int, around: float) -> NDArray[np.float64]:
    """Return weights made by hand: 1 in 3 rows of 8 pixels from row `top` on, `around` in 2 rows above and below."""
    weights = np.zeros((SIDE, SIDE))
    weights[top - 2 : top + 5, 10:18] = around
    weights[top : top + 3, 10:18] = 1
    return weights


def by_hand(weights: NDArray[np.float64], bias: float = 0) -> Network:
    """Return a network of one neuron with weights and bias made by hand."""
    network = Network([784, 1], output="logistic", loss="squared_error", dtype="float64", input_scale=1 / 255)
    network.weights[0][:, 0], network.biases[0][:] = weights.ravel(), bias
    return network


@scene(
    SCENES,
    "A neuron made by hand",
    "from cmlp.story.chapters.one_neuron import bar_weights, by_hand; "
    "by_hand(bar_weights(8, -0.75)).weighted_sums(X_test[{tale.seven_rows}])[0].round(2)",
)
def made_by_hand(tale: Tale, page: Page) -> None:
    """Show a neuron whose weights are set by hand, on a 7 and on a filled block."""
    weights = bar_weights(_TOP, -0.75)
    block = np.zeros((SIDE, SIDE), np.uint8)
    block[6:13, 8:20] = 255  # with a dark margin, so that it is visible on a white terminal
    images = np.array([tale.X_test[tale.seven], block.ravel()])
    cut = (slice(5, 14), slice(6, 22))
    terminal = page.terminal
    plus, minus = ("blue", "orange") if terminal.colors else ("+", "-")
    marks = (
        terminal.draw(np.repeat(weights[cut], 2, axis=0), signed=True)
        if terminal.colors
        else ["".join("+" if w > 0 else "-" if w < 0 else "." for w in line) for line in weights[cut]]
    )
    drawn = [terminal.draw(np.repeat(image[cut], 2, axis=0)) for image in squares(images)]
    gap = 6 if page.width > 70 else 4
    titles = ("the neuron", "a 7", "a filled block")
    page.block(beside(*([title, *lines] for title, lines in zip(titles, (marks, *drawn), strict=True)), gap=gap))
    plain, edge = (by_hand(w).weighted_sums(images)[0][:, 0] for w in (bar_weights(_TOP, 0), weights))
    page.table(
        [
            ["sum of", "a 7", "block", ""],
            [f"{plus} only", *(f"{z:.2f}" for z in plain), " bright is bright".ljust(18)],
            [f"{plus} and {minus}", *(f"{z:.2f}" for z in edge), " only a bar counts".ljust(18)],
        ]
    )
    page.text(
        f"Weights set by hand: each {plus} one is 1, each {minus} one -0.75, the rest 0. Bright inside, dark around "
        "it: that is how a neuron can see a bar, or an edge."
    )


def _excited(tale: Tale, page: Page) -> None:
    """Count the test images that excite the neuron made by hand, for four biases and two positions."""
    page.text(f"The bar high up, or moved down: which of the {len(tale.X_test):,} test images excite it (above 0.5)?")
    sevens, curved = tale.y_test == 7, np.isin(tale.y_test, (2, 6))
    rows = [["", "bar high up,", "of these", "moved down,", "of these"]]
    rows.append(["bias", "rows 8-10", "are 7s", "rows 19-21", "are 2s or 6s"])
    for bias in _BIASES:
        cells = [str(bias)]
        for top, kind in ((_TOP, sevens), (_BOTTOM, curved)):
            on = by_hand(bar_weights(top, -0.75), bias).forward(tale.X_test)[:, 0] > 0.5
            cells += [str(on.sum()), str((on & kind).sum())]
        rows.append(cells)
    page.table(rows, left=0)
    page.text(
        "Down the table: the bias says how much of the pattern is needed. Across: the weights say which pattern. "
        f"({sevens.sum()} of the {len(sevens):,} are sevens, {curved.sum()} are twos and sixes.)"
    )


@scene(
    SCENES,
    "How much of it? The bias",
    "from cmlp.story.chapters.one_neuron import bar_weights, by_hand; "
    "by_hand(bar_weights(8, -0.75), -10).forward(X_test[{tale.nine_rows}]).round(2)",
    "bias: a number added to the sum: how easily the neuron is excited",
    motion=Motion(3.0, "bias", len(_BIASES), _BIASES.index(-10)),
    details=_excited,
)
def the_bias(tale: Tale, page: Page) -> None:
    """Let the bias be the threshold for the sums of two digits."""
    images = tale.X_test[[tale.seven, tale.nine]]
    sums = by_hand(bar_weights(_TOP, -0.75)).weighted_sums(images)[0][:, 0]
    bias = page.moment * _BIASES[page.setting] + 0.0  # not -0
    marks, space = symbols(page.terminal), page.width - 22
    threshold = round(-bias / _LARGEST * space)
    blocks = []
    for image, total in zip(images, sums.tolist(), strict=True):
        length = round(total / _LARGEST * space)
        line = marks.full * min(length, threshold) + " " * (threshold - length) + marks.vertical
        line += styled(page.terminal, marks.full * (length - threshold - 1), "up")
        becomes = f"becomes {sigmoid(total + bias):.2f} ({'excited' if total + bias > 0 else 'not excited'})"
        texts = [f"sum {total:.2f}", line, line, f"{total:.2f} {bias:+.1f} {becomes}"]
        blocks += ["", *beside(page.terminal.draw(shrunk(squares(image)[4:24, 4:24], 10, 16)), texts, gap=3)]
    page.block([styled(page.terminal, f"{'':19}bias {bias:+.1f}: pass the line at {-bias:g}", "strong"), *blocks])
    page.text(
        "The neuron made by hand sees a 7 and a 9. The bias is a number that is added to the sum: with -10, only a sum "
        "above 10 excites the neuron. The weights say which pattern, the bias how much of it is needed."
    )


@scene(
    SCENES,
    "13,002 knobs, one function",
    "sum(w.size for w in net.weights), sum(b.size for b in net.biases), net.n_params",
    "parameters: all weights and biases: the knobs",
)
def one_function(tale: Tale, page: Page) -> None:
    """Count the parameters, and compute the network with three lines of NumPy."""
    network = tale.network(N_PASSES)
    names = ("pixels", "A", "B", "0-9")
    rows = [["from", "to", "weights", "", "biases", "knobs"]]
    for (n_in, n_out), (source, target) in zip(pairwise(network.sizes), pairwise(names), strict=True):
        product = f"{n_in} x {n_out} ="
        rows.append([source, target, product, f"{n_in * n_out:,}", f"+ {n_out}", f"= {n_in * n_out + n_out:>6,}"])
    n_biases = sum(network.sizes[1:])
    rows.append(["all", "", "", f"{network.n_params - n_biases:,}", f"+ {n_biases}", f"= {network.n_params:,}"])
    page.table(rows, left=2)
    page.text(
        "Turn a knob, and it is another network. Yet it is only a function: 784 numbers in, 10 out. Each layer is a "
        "matrix product plus a vector of biases, then squashed:"
    )
    page.block(
        [
            f"  a = X_test[{tale.nine}] / 255",
            "  for W, b in zip(net.weights, net.biases):",
            "      a = 1 / (1 + np.exp(-(a @ W + b)))",
        ]
    )
    row = tale.X_test[tale.nine]
    a: Any = row / 255
    for W, b in zip(network.weights, network.biases, strict=True):
        a = 1 / (1 + np.exp(-(a @ W + b)))
    page.text(
        f"That is the whole network. Its ten numbers differ from net.forward(X_test[{tale.nine}:{tale.nine + 1}]) by "
        f"at most {np.abs(a - network.forward(row[None])[0]).max():.0e}, which is rounding."
    )
