"""Frames of a training: the weights of the first layer, a digit with its outputs, and how cost and accuracy change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from cmlp import Network
from cmlp.console.charts import beside
from cmlp.console.digit import SIDE, digit_lines, weight_lines
from cmlp.console.experiment_options import Example
from cmlp.console.terminal import Terminal, padded, visible
from cmlp.story.learning import Learning
from cmlp.story.pictures.curves import Series, point_chart
from cmlp.story.pictures.names import Unit, unit_name
from cmlp.story.pictures.neuron import function_name, sum_lines, weighted_sum
from cmlp.story.pictures.outputs import output_bars
from cmlp.story.pictures.patches import patch_lines
from cmlp.story.pictures.text import bar, styled, symbols

_WIDE = 72
# Lines of the lower half of a frame: ten outputs, at most an image of 28 rows of pixels.
_BARS, _MOST_BARS = 10, 14
_BAR_WIDTH, _CHART_WIDTH, _GAP = 24, 22, 3


def frame_width(terminal: Terminal) -> int:
    """Return the number of columns of a frame: all of the terminal's except the last."""
    return max(terminal.width, 40) - 1


def body_lines(
    terminal: Terminal, learning: Learning, chosen: Example, width: int, height: int, unit: Unit | None = None
) -> list[str]:
    """Draw the weights of the first layer, and below them an image, its outputs, cost and accuracy.

    Parameters
    ----------
    terminal : Terminal
    learning : Learning
        The training so far.
    chosen : Example
        The training image whose outputs are drawn.
    width, height : int
        Size in columns and lines; with less than 16 lines, the weights are left out.
    unit : Unit or None
        A neuron to draw instead of the weights of the first layer.
    """
    network, labels = learning.experiment.network, learning.experiment.data.labels
    top: list[str] = []
    if unit is not None and height >= 12 + _BARS:
        top = neuron_view(terminal, network, chosen, labels, unit, width)
    elif height >= 6 + _BARS:
        top = patch_lines(terminal, network, labels, width, height - _BARS)
    return [*top, *_below(terminal, learning, chosen, width, min(height - len(top), _MOST_BARS))]


def _below(terminal: Terminal, learning: Learning, chosen: Example, width: int, height: int) -> list[str]:
    """Draw the chosen image, its outputs as bars, and charts as far as there is space."""
    labels = learning.experiment.data.labels
    image = digit_lines(terminal, chosen.row) if height < SIDE // 2 else terminal.draw(_pixels(chosen))
    if width < 2 * _BAR_WIDTH + _GAP:
        image = []
    longest = max(map(len, labels))
    bar_width = _BAR_WIDTH if longest < 4 else 20 + longest
    used = (len(visible(image[0])) + _GAP if image else 0) + bar_width
    space = width - used - _GAP
    if space < _CHART_WIDTH:
        bar_width += max(width - used, 0)
    outputs = learning.experiment.network.forward(chosen.row[None])[0]
    bars = output_bars(terminal, outputs, labels, bar_width, 2)
    blocks = [_middle(block, height) for block in (image, bars) if block]
    if space >= _CHART_WIDTH:
        blocks.append(charts(terminal, learning, space, height))
    return beside(*blocks, gap=_GAP)[: max(height, _BARS)]


def _pixels(chosen: Example) -> Any:
    return chosen.row.reshape(SIDE, SIDE) / 255


def _middle(block: Sequence[str], height: int) -> list[str]:
    """Put empty lines above a block, so that it is in the middle of a height."""
    return [*[""] * max((height - len(block)) // 2, 0), *block]


def neuron_view(
    terminal: Terminal, network: Network, chosen: Example, labels: Sequence[str], unit: Unit, width: int
) -> list[str]:
    """Draw one neuron in 12 lines: its weights if its inputs are the pixels, and its weighted sum for an image."""
    spelled = weighted_sum(network, chosen.row, unit, 5)
    function = function_name(network, unit.layer)
    title = f"{unit_name(unit, network.sizes, labels)}, for this {chosen.label}:"
    table = [title, "", *sum_lines(spelled, function)]
    image = weight_lines(terminal, network.weights[0][:, unit.neuron])[1:-1] if unit.layer == 0 else []
    if image and SIDE + 3 + max(map(len, table)) > width:
        numbers = [f"bias {spelled.bias:+.3f}", f"sum z {spelled.z:+.3f}", f"{function}(z) {spelled.activation:.3f}"]
        table = [title, "", *numbers]
    lines = beside(image, table, gap=3) if image else table
    return lines + [""] * (12 - len(lines))


def header(terminal: Terminal, learning: Learning, width: int) -> str:
    """Return the line with epoch, batch, cost and accuracies, and a progress bar if there is space."""
    experiment, now = learning.experiment, learning.now
    number, batch = learning.epoch
    when = "" if now.batch == learning.batch else f"after batch {now.batch:,}: "
    parts = [
        f"epoch {number} of {experiment.n_epochs}",
        f"{when}cost {now.training_cost:.3f}",
        f"right {now.training_accuracy:.1f} %, new images {now.test_accuracy:.1f} %",
    ]
    if width >= _WIDE and not when:
        parts[0] += f", batch {batch:,} of {experiment.n_batches:,}"
    text = "   ".join(parts)
    space = min(width - len(text) - 5, 20)
    if space < 4:
        return text
    return f"{text}   [{padded(bar(terminal, learning.batch / learning.total, space), space)}]"


def charts(terminal: Terminal, learning: Learning, width: int, height: int) -> list[str]:
    """Draw the accuracy, and the cost before it if there is space, of training images (old) and test images (new).

    The horizontal axis is the time by the training's pace, so that the first epochs get as much space as the last.
    """
    history, pace = learning.history, learning.pace
    positions = [pace.share_at(point.batch) for point in history]
    epochs, n_batches = learning.experiment.n_epochs, learning.experiment.n_batches
    bottom = [(0.0, "0"), (1.0, f"{epochs} epoch{'' if epochs == 1 else 's'}")]
    if epochs > 5:
        bottom.insert(1, (pace.share_at(n_batches), "1"))

    def chart(
        new: Sequence[float], old: Sequence[float], limits: tuple[float, float], ticks: Any, log: bool
    ) -> list[str]:
        series = [Series(positions, new, "ring", ""), Series(positions, old, "point", "up")]
        return point_chart(terminal, series, limits, (column, height - 1), ticks, bottom, logarithmic=log)

    column = (width - 3) // 2 if width >= 2 * _CHART_WIDTH + 3 else width
    marks = symbols(terminal)
    names = f"{styled(terminal, marks.point, 'up')} old  {marks.ring} new"
    limits = (0.0, 100.0)
    ticks = [(100.0, "100"), (50.0, "50"), (0.0, "0")]
    accuracies = [p.training_accuracy for p in history], [p.test_accuracy for p in history]
    accuracy = [f"% right  {names}", *chart(accuracies[1], accuracies[0], limits, ticks, False)]
    if column == width:
        return accuracy
    costs, test_costs = [p.training_cost for p in history], [p.test_cost for p in history]
    low, high = _limits([*costs, *test_costs])
    middle = math.sqrt(low * high)
    ticks = [(high, f"{high:.2g}"), (middle, f"{middle:.1g}"), (low, f"{low:g}")]
    return beside([f"cost  {names}", *chart(test_costs, costs, (low, high), ticks, True)], accuracy, gap=3)


def _limits(costs: Sequence[float]) -> tuple[float, float]:
    """Return limits of a logarithmic axis: the largest cost, and a round number below the smallest, at most 0.1."""
    finite = [cost for cost in costs if np.isfinite(cost) and cost > 0] or [1.0]
    high, low = max(finite), 0.1
    steps = (0.5, 0.4, 0.5)  # 0.1, 0.05, 0.02, 0.01
    n = 0
    while low > min(finite) and low > 1e-9:
        low *= steps[n % len(steps)]
        n += 1
    return low, max(high, 2 * low)
