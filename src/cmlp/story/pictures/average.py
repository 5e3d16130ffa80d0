"""Backpropagation for several examples: what each one wants, and the average, which is minus the gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmlp.network import ParameterIndex
from cmlp.results import Gradient, StepExplanation
from cmlp.story.pictures.names import Unit, source_name, unit_name

_COLUMN = 6
# Smaller numbers would be shown as 0.00.
_VISIBLE = 0.005


def knob_name(knob: ParameterIndex, sizes: Sequence[int], labels: Sequence[str]) -> str:
    """Return the name of a weight or a bias: "B8 to 9", "bias of 9"."""
    target = unit_name(Unit(knob.layer, knob.target), sizes, labels)
    return f"bias of {target}" if knob.source is None else f"{source_name(knob.layer, knob.source)} to {target}"


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
    images: Sequence[int],
    names: Sequence[str],
    sizes: Sequence[int],
    labels: Sequence[str],
    width: int,
) -> list[str]:
    """Write a table of what each example wants from some weights and biases, as many examples as fit.

    Parameters
    ----------
    step : StepExplanation
    knobs : sequence of ParameterIndex
    images : sequence of int
        Index of each example; the first is in brackets.
    names : sequence of str
        Label of each example.
    sizes : sequence of int
        Sizes of the layers.
    labels : sequence of str
        Labels of the outputs.
    width : int
        Width of the table in columns.
    """
    heads = [knob_name(knob, sizes, labels) for knob in knobs]
    margin = max(map(len, [*heads, "image"]))
    shown = min(len(images), max((width - margin) // _COLUMN, 1))
    texts = [f"[{images[0]}]", *map(str, images[1:shown])]
    rows = [("image", [f" {each:>{_COLUMN - 1}}" for each in texts])]
    rows.append(("label", [f" {name[: _COLUMN - 1]:>{_COLUMN - 1}}" for name in names[:shown]]))
    for head, knob in zip(heads, knobs, strict=True):
        rows.append((head, [_short(value) for value in each_share(step, knob)[:shown]]))
    lines = [f"{head:{margin}}{''.join(cells)}" for head, cells in rows]
    left_out = len(images) - shown
    return [*lines, f"and {left_out:,} more image{'s' if left_out > 1 else ''}"] if left_out else lines


def _short(value: float) -> str:
    if abs(value) < _VISIBLE:
        return f"{'.':>{_COLUMN}}"
    return f"{value:+{_COLUMN}.2f}" if abs(value) < 99 else f"{value:+{_COLUMN}.0f}"


def average_lines(
    step: StepExplanation,
    gradient: Gradient,
    knobs: Sequence[ParameterIndex],
    sizes: Sequence[int],
    labels: Sequence[str],
) -> list[str]:
    """Write the averages of some weights and biases beside minus their elements of the gradient, and compare them all.

    Parameters
    ----------
    gradient : Gradient
        From `Network.gradient` for the same examples.
    """
    heads = [knob_name(knob, sizes, labels) for knob in knobs]
    margin = max(map(len, heads)) + 2
    lines = [f"{'':{margin}}{'average':>10}   minus gradient"]
    for head, knob in zip(heads, knobs, strict=True):
        lines.append(f"{head:{margin}}{of_knob(step.average, knob):+10.6f}{-of_knob(gradient, knob):+17.6f}")
    difference = float(np.abs(step.average.flat + gradient.flat).max())
    return [*lines, f"all {len(gradient.flat):,} weights and biases: largest difference {difference:.0e}"]
