"""Backpropagation as tables: what one example wants from outputs, neurons and layers, and what several want together.

All numbers are parts of `Network.explain_step`. A wish is a wanted change; that of one example is the first's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmlp._cli.terminal import Terminal, wrapped
from cmlp._model.names import letters
from cmlp._model.results import Gradient, ParameterIndex, StepExplanation
from cmlp.story.pictures.names import Names, Unit, source_name
from cmlp.story.pictures.text import styled, symbols

# Smaller numbers would be shown as 0.00; wishes below this part of the largest one get no arrow.
_VISIBLE = 0.005
_FEW_DIGITS = 0.001
_FEW_ARROWS, _MOST_ARROWS = 6, 12
_COLUMN = 6
_MOST_WISHES = 32  # of a layer; the wishes of larger ones are summed up


def arrows(terminal: Terminal, value: float, scale: float, width: int) -> str:
    """Draw a wish as arrows, up (blue) or down (orange); `width` arrows are a change of `scale`."""
    if width < 1 or not np.isfinite(value) or abs(value) <= _VISIBLE * scale:
        return ""
    way = "up" if value > 0 else "down"
    return styled(terminal, getattr(symbols(terminal), way) * max(1, round(min(abs(value) / scale, 1) * width)), way)


def output_wish_lines(
    terminal: Terminal,
    step: StepExplanation,
    labels: Sequence[str],
    width: int,
    *,
    squared: bool = True,
    of_sums: bool = False,
) -> list[str]:
    """Write a line per output neuron: its activation, the wanted value, and the wish, with arrows as far as they fit.

    With `squared`, also the squared difference, which is a term of the cost "squared_error"; with `of_sums` the wishes
    for the weighted sums instead of the outputs: for softmax, because its outputs cannot change one by one.
    """
    last = step.layers[-1]
    wishes = last.bias_changes[0] if of_sums else last.output_changes[0]
    longest = max(map(len, labels))
    rows = []
    for label, output, target, wish in zip(labels, last.outputs[0], step.targets[0], wishes, strict=True):
        square = [f"squared {(output - target) ** 2:.3f}"] if squared else []
        rows.append([f"{label:{longest}}", f"is {output:.3f}", f"wanted {target:.0f}", *square, f"wish {wish:+.3f}"])
    gap = "  " if max(len("  ".join(row)) for row in rows) + 1 + _FEW_ARROWS <= width else " "
    texts = [gap.join(row) for row in rows]
    space = min(_MOST_ARROWS, width - max(map(len, texts)) - 1)
    scale = float(np.abs(wishes[np.isfinite(wishes)]).max(initial=0.0)) or 1.0
    return [f"{text} {arrows(terminal, wish, scale, space)}".rstrip() for text, wish in zip(texts, wishes, strict=True)]


# ------------------------------------------------------------------------------------------- the three ways of a neuron


class Way(NamedTuple):
    """One of the three ways in which a neuron can follow its wish.

    It has what changes (for example the weights from B9 and B13; empty for the bias), the factors of the wish for the
    sum, the wishes themselves, and how much of the change of the sum comes in this way if everything follows: 0 to 1.
    """

    names: list[str]
    factors: list[float]
    shares: list[float]
    part: float


class ThreeWays(NamedTuple):
    """The wish of one neuron, that for its weighted sum, and the three ways to follow it.

    The slope of the activation function is NaN if the wish is 0, or for softmax, where it depends on the whole layer.
    """

    wish: float
    slope: float
    sum_wish: float
    bias: Way
    weights: Way
    activations: Way


def three_ways(step: StepExplanation, unit: Unit, *, softmax: bool = False) -> ThreeWays:
    """Return the three ways in which a neuron can follow its wish.

    A small step changes the bias by the wish for the sum, each weight by this wish times the activation behind it, and
    each activation by this wish times its weight. The weighted sum then changes in proportion to 1, the sum of the
    squared activations, and the sum of the squared weights. The pixels cannot change: for the first layer, the third
    part is 0.
    """
    layer = step.layers[unit.layer]
    wish, sum_wish = float(layer.output_changes[0, unit.neuron]), float(layer.bias_changes[0, unit.neuron])
    inputs, weights = layer.inputs[0].astype(float), layer.weights[:, unit.neuron].astype(float)
    names = [source_name(unit.layer, i) for i in range(len(inputs))]
    sizes = np.array([1.0, inputs @ inputs, weights @ weights if unit.layer else 0.0])
    parts = (sizes / sizes.sum()).tolist()
    slope = sum_wish / wish if np.isfinite(wish) and wish and not softmax else float("nan")
    factors = [1.0], inputs.tolist(), weights.tolist()
    ways = zip(([], names, names), factors, parts, strict=True)
    return ThreeWays(wish, slope, sum_wish, *(Way(n, f, [sum_wish * each for each in f], part) for n, f, part in ways))


def three_ways_lines(ways: ThreeWays, unit: Unit, name: str, width: int, *, function: str = "sigmoid") -> list[str]:
    """Write the wish of a neuron, and unless that for its sum is 0 a line for each way, with the largest shares."""
    head = f"{name}: wish for its sum {signed(ways.sum_wish)}"
    if np.isfinite(ways.slope):
        slope = f"slope of its {function} {ways.slope:.3f}"
        head = f"{name}: wish {ways.wish:+.3f} x {slope} = wish for its sum {signed(ways.sum_wish)}"
    if ways.sum_wish == 0:
        return wrapped(head, width)
    column = 13 if width < 70 else 32
    space = width - column - 8
    rows = [
        ("bias         wish", signed(ways.sum_wish), ways.bias),
        ("weights      wish x activation", _shares(ways.weights, space), ways.weights),
        ("activations  wish x weight", _shares(ways.activations, space), ways.activations),
    ]
    lines = [f"{f'  {how}'[:column]:{column}}  {text:{space}}{100 * way.part:4.0f} %" for how, text, way in rows]
    if unit.layer == 0:
        lines[2] = "  the pixels stay as they are"
    return [*wrapped(head, width), *lines]


def signed(value: float) -> str:
    """Return a number with its sign and four decimals, or as a power of ten if these would show too little of it."""
    return f"{value:+.4f}" if abs(value) >= _FEW_DIGITS or value == 0 else f"{value:+.1e}"


def _shares(way: Way, width: int) -> str:
    """Return the largest shares with their names, as many as fit, and dots if some are left out."""
    text, dots = "", "  ..."
    order = np.argsort(-np.abs(way.shares), kind="stable").tolist()
    for n, i in enumerate(order):
        longer = f"{text}{'  ' if text else ''}{way.names[i]} {signed(way.shares[i])}"
        if len(longer) + (len(dots) if n + 1 < len(way.shares) else 0) > width:
            return text + dots
        text = longer
    return text


# ------------------------------------------------------------------------------------------------- the layers before


def passed_wishes(step: StepExplanation, unit: Unit) -> NDArray[Any]:
    """Return what each neuron of the next layer wants from a hidden neuron; the sum is its wish."""
    following = step.layers[unit.layer + 1]
    wanted: NDArray[Any] = following.weights[unit.neuron] * following.bias_changes[0]
    return wanted


def passed_wishes_line(step: StepExplanation, unit: Unit, names: Names, width: int) -> str:
    """Write the wish of a hidden neuron as a sum: what the next layer wants, as many terms as fit."""
    each = passed_wishes(step, unit)
    order = np.argsort(-np.abs(each), kind="stable")
    start = f"{names.of(unit)}: {step.layers[unit.layer].output_changes[0, unit.neuron]:+.3f} = "
    sources = [names.of(Unit(unit.layer + 1, int(j))) for j in order]
    terms = [f"{each[j]:+.3f} ({'' if k else 'from '}{sources[k]})" for k, j in enumerate(order)]
    line, n = start + " ".join(terms), len(terms)
    while len(line) > width and n > 1:
        n -= 1
        line = start + " ".join([*terms[:n], f"{each[order[n:]].sum():+.3f} (others)"])
    return line


def layer_wish_lines(step: StepExplanation, width: int) -> list[str]:
    """Write the wishes for all hidden neurons in hundredths, the last layer first, as a table."""
    lines: list[str] = []
    last_head: list[int] = []
    for layer, part in reversed(list(enumerate(step.layers[:-1]))):
        values = 100 * part.output_changes[0].astype(float)
        if len(values) > _MOST_WISHES:
            span = f"{values.min():+.0f} to {values.max():+.0f}"
            lines.append(f"{'' if lines else 'wishes x 100':12}  {letters(layer)}: {len(values):,} wishes from {span}")
            continue
        n_lines = -(-len(values) // max((width - 12) // 4, 1))
        per_line = -(-len(values) // n_lines)
        for start in range(0, len(values), per_line):
            chosen = list(range(start, min(start + per_line, len(values))))
            if chosen != last_head:
                lines.append(f"{'' if lines else 'wishes x 100':12}" + "".join(f"{i + 1:4}" for i in chosen))
                last_head = chosen
            name = letters(layer) if start == 0 else ""
            numbers = (f"{values[i]:+4.0f}" if abs(values[i]) < 999.5 else f"{values[i]:4.0e}" for i in chosen)
            lines.append(f"{'':6}{name:6}" + "".join(numbers))
    return lines


# ----------------------------------------------------------------------------------------------------- all examples


def each_share(step: StepExplanation, knob: ParameterIndex) -> NDArray[Any]:
    """Return the wanted change of one weight or bias in each example."""
    layer = step.layers[knob.layer]
    sum_wishes: NDArray[Any] = layer.bias_changes[:, knob.target]
    return sum_wishes if knob.source is None else layer.inputs[:, knob.source] * sum_wishes


def of_knob(gradient: Gradient, knob: ParameterIndex) -> float:
    """Return the element of a gradient for one weight or bias."""
    if knob.source is None:
        return float(gradient.biases[knob.layer][knob.target])
    return float(gradient.weights[knob.layer][knob.source, knob.target])


def share_lines(
    step: StepExplanation,
    knobs: Sequence[ParameterIndex],
    images: Sequence[str],
    digits: Sequence[str],
    names: Names,
    width: int,
) -> list[str]:
    """Write a table of what each example (its image, its digit) wants from some weights and biases.

    As many examples as fit are shown.
    """
    heads = [names.of_knob(knob) for knob in knobs]
    margin = max(map(len, [*heads, "image"]))
    shown = min(len(images), max((width - margin) // _COLUMN, 1))
    rows = [("image", images), ("label", [digit[: _COLUMN - 1] for digit in digits])]
    rows += [
        (head, [_short(value) for value in each_share(step, knob)]) for head, knob in zip(heads, knobs, strict=True)
    ]
    lines = [f"{head:{margin}}{''.join(f'{cell:>{_COLUMN}}' for cell in cells[:shown])}" for head, cells in rows]
    left_out = len(images) - shown
    return [*lines, f"and {left_out:,} more image{'s' if left_out > 1 else ''}"] if left_out else lines


def _short(value: float) -> str:
    return "." if abs(value) < _VISIBLE else f"{value:+.2f}" if abs(value) < 99 else f"{value:+.0f}"


def average_lines(
    step: StepExplanation, gradient: Gradient, knobs: Sequence[ParameterIndex], names: Names
) -> list[str]:
    """Write the averages for some weights and biases beside minus their elements of `Network.gradient`."""
    heads = [names.of_knob(knob) for knob in knobs]
    margin = max(map(len, heads)) + 2
    lines = [f"{'':{margin}}{'average':>10}   minus gradient"]
    for head, knob in zip(heads, knobs, strict=True):
        lines.append(f"{head:{margin}}{of_knob(step.average, knob):+10.6f}{-of_knob(gradient, knob):+17.6f}")
    return lines


def largest_difference(step: StepExplanation, gradient: Gradient) -> float:
    """Return how far the averages are from minus `Network.gradient`, over all weights and biases."""
    return float(np.abs(step.average.flat + gradient.flat).max())
