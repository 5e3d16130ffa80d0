"""Frames of training: the weights of the first layer, a digit with its outputs, and how cost and accuracy change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from cmlp._cli.experiment import Learning, Measurement
from cmlp._cli.terminal import Terminal, count_noun, padded, side_by_side, visible
from cmlp.story import charts, drawing
from cmlp.story.case import Example
from cmlp.story.neurons import SIDE

_WIDE = 72
# Lines of the lower half of a frame: ten outputs, at most an image of 28 rows of pixels.
_BARS, _MOST_BARS = 10, 14
_BAR_WIDTH, _CHART_WIDTH, _GAP = 24, 22, 3


def frame_width(terminal: Terminal) -> int:
    """Return the number of columns of a frame: all of the terminal's except the last."""
    return max(terminal.width, 40) - 1


def old_and_new(terminal: Terminal) -> tuple[str, str]:
    """Return the marks of images that the network learns from, and of new ones."""
    return charts.styled(terminal, charts.symbol(terminal, "point"), "up"), charts.symbol(terminal, "ring")


def body_lines(terminal: Terminal, learning: Learning, chosen: Example, width: int, height: int) -> list[str]:
    """Draw the weights of the first layer if there are enough lines, an image, its outputs, cost and accuracy."""
    top: list[str] = []
    if height >= 6 + _BARS:
        labels = learning.experiment.data.labels
        top = drawing.patch_lines(terminal, learning.experiment.network, labels, width, height - _BARS)
    return [*top, *_below(terminal, learning, chosen, width, min(height - len(top), _MOST_BARS))]


def _below(terminal: Terminal, learning: Learning, chosen: Example, width: int, height: int) -> list[str]:
    """Draw the chosen image, its outputs as bars, and charts as far as there is space."""
    labels = learning.experiment.data.labels
    image = drawing.digit_lines(terminal, chosen.row, whole=height >= SIDE // 2)
    if width < 2 * _BAR_WIDTH + _GAP:
        image = []
    longest = max(map(len, labels))
    bar_width = _BAR_WIDTH if longest < 4 else 20 + longest
    used = (len(visible(image[0])) + _GAP if image else 0) + bar_width
    space = width - used - _GAP
    if space < _CHART_WIDTH:
        bar_width += max(width - used, 0)
    outputs = learning.experiment.network.forward(chosen.row[None])[0]
    blocks = [block for block in (image, drawing.output_bars(terminal, outputs, labels, bar_width, 2)) if block]
    blocks = [[*[""] * max((height - len(block)) // 2, 0), *block] for block in blocks]
    if space >= _CHART_WIDTH:
        n_epochs = learning.experiment.n_epochs
        bottom = [(0.0, "0"), (1.0, count_noun(n_epochs, "epoch"))]
        if n_epochs > 5:
            bottom.insert(1, (learning.share_at(learning.experiment.n_batches), "1"))
        # The first epochs get as much space as the last.
        history = [(learning.share_at(point.batch), point.measured) for point in learning.history]
        blocks.append(training_charts(terminal, history, bottom, space, height))
    return side_by_side(*blocks, gap=_GAP)[: max(height, _BARS)]


def header(terminal: Terminal, learning: Learning, width: int) -> str:
    """Return the line with epoch, batch, cost and accuracies, and a progress bar if there is space."""
    experiment, (at, now) = learning.experiment, learning.now
    number = min(-(-learning.batch // experiment.n_batches), experiment.n_epochs) or 1
    when = "" if at == learning.batch else f"after batch {at:,}: "
    right = f"right {now.accuracy:.1f} %, new images {now.test_accuracy:.1f} %"
    parts = [f"epoch {number} of {experiment.n_epochs}", f"{when}cost {now.cost:.3f}", right]
    if width >= _WIDE and not when:
        batch = learning.batch - (number - 1) * experiment.n_batches
        parts[0] += f", batch {batch:,} of {experiment.n_batches:,}"
    text = "   ".join(parts)
    space = min(width - len(text) - 5, 20)
    if space < 4:
        return text
    return f"{text}   [{padded(charts.bar(terminal, learning.batch / learning.total, space), space)}]"


_History: TypeAlias = Sequence[tuple[float, Measurement]]


def training_charts(terminal: Terminal, history: _History, bottom: charts.Ticks, width: int, height: int) -> list[str]:
    """Draw the accuracy, and the cost before it if there is space, of training images (old) and test images (new)."""
    has_cost, (old, new) = width >= 2 * _CHART_WIDTH + 3, old_and_new(terminal)
    positions, measured = zip(*history, strict=True)

    def chart(title: str, seen: Sequence[float], unseen: Sequence[float], axes: charts.Axes) -> list[str]:
        series = [charts.Series(positions, unseen, "ring"), charts.Series(positions, seen, "point", "up")]
        column = (width - 3) // 2 if has_cost else width
        return [f"{title}  {old} old  {new} new", *charts.point_chart(terminal, series, axes, column, height - 1)]

    ticks = [(100.0, "100"), (50.0, "50"), (0.0, "0")]
    shares = [each.accuracy for each in measured], [each.test_accuracy for each in measured]
    accuracy = chart("% right", *shares, charts.Axes((0.0, 100.0), ticks, bottom))
    if not has_cost:
        return accuracy
    costs = [each.cost for each in measured], [each.test_cost for each in measured]
    low, high = _limits([*costs[0], *costs[1]])
    middle = math.sqrt(low * high)
    ticks = [(high, f"{high:.2g}"), (middle, f"{middle:.1g}"), (low, f"{low:g}")]
    return side_by_side(
        chart("cost", *costs, charts.Axes((low, high), ticks, bottom, logarithmic=True)), accuracy, gap=3
    )


def _limits(costs: Sequence[float]) -> tuple[float, float]:
    """Return limits of a logarithmic axis: the largest cost, and a round number below the smallest, at most 0.1."""
    finite = [cost for cost in costs if np.isfinite(cost) and cost > 0] or [1.0]
    rounds = (digit * 10.0**power for power in range(-1, -10, -1) for digit in (1, 0.5, 0.2))
    low = next((value for value in rounds if value <= min(finite)), 1e-9)
    return low, max(*finite, 2 * low)
