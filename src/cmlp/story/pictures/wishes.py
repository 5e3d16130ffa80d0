"""Backpropagation for one example as tables: the wanted changes of the outputs, of one neuron, and of every layer.

All numbers are parts of `Network.explain_step`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmlp.console.terminal import Terminal, wrapped
from cmlp.names import letters
from cmlp.results import StepExplanation
from cmlp.story.pictures.names import Unit, source_name, unit_name
from cmlp.story.pictures.text import styled, symbols

# Wanted changes below this part of the largest one get no arrow.
_VISIBLE = 0.005
_FEW_DIGITS = 0.001
_FEW_ARROWS = 6


def arrows(terminal: Terminal, value: float, scale: float, width: int) -> str:
    """Draw a wanted change as arrows, up (blue) or down (orange); `width` arrows are a change of `scale`."""
    if width < 1 or not np.isfinite(value) or abs(value) <= _VISIBLE * scale:
        return ""
    marks = symbols(terminal)
    n = max(1, round(min(abs(value) / scale, 1) * width))
    return styled(terminal, (marks.up if value > 0 else marks.down) * n, "up" if value > 0 else "down")


def output_wish_lines(
    terminal: Terminal,
    step: StepExplanation,
    labels: Sequence[str],
    width: int,
    *,
    example: int = 0,
    squared: bool = True,
    of_sums: bool = False,
) -> list[str]:
    """Write a line per output neuron: its activation, the wanted value, the squared difference, and the wanted change.

    Parameters
    ----------
    step : StepExplanation
        From `Network.explain_step`.
    labels : sequence of str
        One label per output.
    width : int
        Width of the table in columns; the arrows take what the numbers leave, at most 12 columns.
    example : int
        Row of X.
    squared : bool
        Whether to write the squared differences, which are the terms of the cost "squared_error".
    of_sums : bool
        Whether to write the wanted changes of the weighted sums instead of those of the outputs; for softmax, because
        its outputs cannot change one by one.
    """
    last = step.layers[-1]
    outputs, targets = last.outputs[example], step.targets[example]
    wishes = last.bias_changes[example] if of_sums else last.output_changes[example]
    longest = max(map(len, labels))
    rows = []
    for label, output, target, wish in zip(labels, outputs, targets, wishes, strict=True):
        parts = [f"{label:{longest}}", f"is {output:.3f}", f"wanted {target:.0f}"]
        if squared:
            parts.append(f"squared {(output - target) ** 2:.3f}")
        rows.append([*parts, f"wish {wish:+.3f}"])
    longest = max(len("  ".join(row)) for row in rows)
    gap = "  " if longest + 1 + _FEW_ARROWS <= width else " "
    texts = [gap.join(row) for row in rows]
    space = min(12, width - max(map(len, texts)) - 1)
    scale = _largest(wishes)
    return [f"{text} {arrows(terminal, wish, scale, space)}".rstrip() for text, wish in zip(texts, wishes, strict=True)]


def _largest(values: NDArray[Any]) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max(initial=0.0)) or 1.0


class Way(NamedTuple):
    """One of the three ways in which a neuron can follow its wanted change.

    Attributes
    ----------
    names : list of str
        What changes, for example the weights from B9 and B13; empty for the bias.
    factors : list of float
        The activation (for a weight) or the weight (for an activation) that the wish for the sum is multiplied by.
    shares : list of float
        The wanted changes: the wish for the sum times factor.
    part : float
        How much of the change of the weighted sum comes in this way, if everything follows: from 0 to 1.
    """

    names: list[str]
    factors: list[float]
    shares: list[float]
    part: float


class ThreeWays(NamedTuple):
    """The wanted change of one neuron, and the three ways to follow it.

    Attributes
    ----------
    wish : float
        Wanted change of the activation.
    slope : float
        Slope of the activation function; NaN if the wish is 0, or for softmax, where it depends on the whole layer.
    sum_wish : float
        Wanted change of the weighted sum.
    bias, weights, activations : Way
        For weights and activations, `shares` has all of them, in the order of the previous layer.
    """

    wish: float
    slope: float
    sum_wish: float
    bias: Way
    weights: Way
    activations: Way


def three_ways(step: StepExplanation, unit: Unit, *, example: int = 0, softmax: bool = False) -> ThreeWays:
    """Return the three ways in which a neuron can follow its wanted change in one example.

    A small step changes the bias by the wish for the sum, each weight by this wish times the activation behind it, and
    each activation by this wish times its weight. The weighted sum then changes in proportion to 1, the sum of the
    squared activations, and the sum of the squared weights. The pixels cannot change: for the first layer, the third
    part is 0.
    """
    layer = step.layers[unit.layer]
    wish, sum_wish = float(layer.output_changes[example, unit.neuron]), float(layer.bias_changes[example, unit.neuron])
    inputs, weights = layer.inputs[example].astype(float), layer.weights[:, unit.neuron].astype(float)
    names = [source_name(unit.layer, i) for i in range(len(inputs))]
    sizes = np.array([1.0, inputs @ inputs, weights @ weights if unit.layer else 0.0])
    parts = sizes / sizes.sum()
    slope = sum_wish / wish if np.isfinite(wish) and wish and not softmax else float("nan")
    return ThreeWays(
        wish,
        slope,
        sum_wish,
        Way([], [1.0], [sum_wish], float(parts[0])),
        Way(names, inputs.tolist(), (sum_wish * inputs).tolist(), float(parts[1])),
        Way(names, weights.tolist(), (sum_wish * weights).tolist(), float(parts[2])),
    )


def extremes(way: Way, n: int = 2) -> list[int]:
    """Return the indices of the `n` largest shares by size, in the order of their size."""
    order: list[int] = np.argsort(-np.abs(way.shares), kind="stable").tolist()
    return order[:n]


def three_ways_lines(ways: ThreeWays, unit: Unit, name: str, width: int, *, function: str = "sigmoid") -> list[str]:
    """Write the three ways of one neuron as a table with the largest shares.

    Parameters
    ----------
    ways : ThreeWays
    unit : Unit
        The neuron.
    name : str
        Its name, for example "output 9".
    width : int
        Width of the table in columns.
    function : str
        Name of the activation function, for its slope.

    Returns
    -------
    list of str
        The wish, and one line for each way; only the wish if the wish for the sum is 0.
    """
    if np.isfinite(ways.slope):
        slope = f"slope of its {function} {ways.slope:.3f}"
        head = f"{name}: wish {ways.wish:+.3f} x {slope} = wish for its sum {signed(ways.sum_wish)}"
    else:
        head = f"{name}: wish for its sum {signed(ways.sum_wish)}"
    if ways.sum_wish == 0:
        return wrapped(head, width)
    how = [("bias", "wish"), ("weights", "wish x activation"), ("activations", "wish x weight")]
    column = 13 if width < 70 else 32
    space = width - column - 8
    texts = [signed(ways.sum_wish), _shares(ways.weights, space), _shares(ways.activations, space)]
    parts = [ways.bias.part, ways.weights.part, ways.activations.part]
    lines = [
        f"{f'  {what:11}  {formula}'[:column]:{column}}  {text:{space}}{100 * part:4.0f} %"
        for (what, formula), text, part in zip(how, texts, parts, strict=True)
    ]
    if unit.layer == 0:
        lines[2] = "  the pixels stay as they are"
    return [*wrapped(head, width), *lines]


def signed(value: float) -> str:
    """Return a number with its sign and four decimals, or as a power of ten if these would show too little of it."""
    return f"{value:+.4f}" if abs(value) >= _FEW_DIGITS or value == 0 else f"{value:+.1e}"


def _shares(way: Way, width: int) -> str:
    """Return the largest shares with their names, as many as fit, and dots if some are left out."""
    text, dots = "", "  ..."
    for n, i in enumerate(extremes(way, len(way.shares))):
        longer = f"{text}{'  ' if text else ''}{way.names[i]} {signed(way.shares[i])}"
        if len(longer) + (len(dots) if n + 1 < len(way.shares) else 0) > width:
            return text + dots
        text = longer
    return text


def passed_wishes(step: StepExplanation, unit: Unit, *, example: int = 0) -> NDArray[Any]:
    """Return what each neuron of the next layer wants from a hidden neuron; the sum is its wanted change."""
    following = step.layers[unit.layer + 1]
    wanted: NDArray[Any] = following.weights[unit.neuron] * following.bias_changes[example]
    return wanted


def passed_wishes_line(
    step: StepExplanation, unit: Unit, sizes: Sequence[int], labels: Sequence[str], width: int, *, example: int = 0
) -> str:
    """Write the wanted change of a hidden neuron as a sum: what the next layer wants, as many terms as fit."""
    each = passed_wishes(step, unit, example=example)
    order = np.argsort(-np.abs(each), kind="stable")
    names = [unit_name(Unit(unit.layer + 1, int(j)), sizes, labels) for j in order]
    start = f"{unit_name(unit, sizes, labels)}: {step.layers[unit.layer].output_changes[example, unit.neuron]:+.3f} = "
    terms = [
        f"{each[j]:+.3f} ({'' if k else 'from '}{name})" for k, (j, name) in enumerate(zip(order, names, strict=True))
    ]
    line = start + " ".join(terms)
    n = len(terms)
    while len(line) > width and n > 1:
        n -= 1
        line = start + " ".join([*terms[:n], f"{each[order[n:]].sum():+.3f} (others)"])
    return line


def layer_wish_lines(step: StepExplanation, width: int, *, example: int = 0, most: int = 32) -> list[str]:
    """Write the wanted changes of all hidden neurons in hundredths, the last layer first, as a table.

    Layers of more than `most` neurons are summed up in a line with their range.
    """
    hidden = list(enumerate(step.layers[:-1]))
    if not hidden:
        return []
    lines: list[str] = []
    last_head: list[int] = []
    for layer, part in reversed(hidden):
        values = 100 * part.output_changes[example].astype(float)
        if len(values) > most:
            span = f"{values.min():+.0f} to {values.max():+.0f}"
            lines.append(f"{'' if lines else 'wishes x 100':12}  {letters(layer)}: {len(values):,} wishes from {span}")
            continue
        n_lines = -(-len(values) // max((width - 12) // 4, 1))
        per_line = -(-len(values) // n_lines)
        for start in range(0, len(values), per_line):
            chosen = list(range(start, min(start + per_line, len(values))))
            if chosen != last_head:
                title = "wishes x 100" if not lines else ""
                lines.append(f"{title:12}" + "".join(f"{i + 1:4}" for i in chosen))
                last_head = chosen
            name = letters(layer) if start == 0 else ""
            lines.append(f"{'':6}{name:6}" + "".join(_hundredths(values[i]) for i in chosen))
    return lines


def _hundredths(value: float) -> str:
    return f"{value:+4.0f}" if abs(value) < 999.5 else f"{value:4.0e}"
