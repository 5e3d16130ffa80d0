"""Frames of training: the weights of the first layer, a digit with its outputs, and how cost and accuracy change."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from cmlp._cli.experiment import Measurement
from cmlp._cli.terminal import Terminal, beside, padded, visible
from cmlp.story.case import Example
from cmlp.story.learning import Learning
from cmlp.story.pictures.curves import Axes, Series, point_chart
from cmlp.story.pictures.images import digit_lines, patch_lines, squares, weight_lines
from cmlp.story.pictures.layers import output_bars
from cmlp.story.pictures.names import SIDE, Names, Unit
from cmlp.story.pictures.neuron import function_name, sum_lines, weighted_sum
from cmlp.story.pictures.text import bar, counted, styled, symbols

_WIDE = 72
# Lines of the lower half of a frame: ten outputs, at most an image of 28 rows of pixels.
_BARS, _MOST_BARS = 10, 14
_BAR_WIDTH, _CHART_WIDTH, _GAP = 24, 22, 3
_NEURON_LINES = 12


def frame_width(terminal: Terminal) -> int:
    """Return the number of columns of a frame: all of the terminal's except the last."""
    return max(terminal.width, 40) - 1


def body_lines(
    terminal: Terminal, learning: Learning, chosen: Example, width: int, height: int, unit: Unit | None = None
) -> list[str]:
    """Draw the weights of the first layer, and below them an image, its outputs, cost and accuracy.

    With a `unit`, this neuron is drawn instead of the first layer; where there are too few lines, neither.
    """
    network = learning.experiment.network
    top: list[str] = []
    if unit is not None and height >= _NEURON_LINES + _BARS:
        top = neuron_view(terminal, learning, chosen, unit, width)
    elif height >= 6 + _BARS:
        top = patch_lines(terminal, network, learning.experiment.data.labels, width, height - _BARS)
    return [*top, *_below(terminal, learning, chosen, width, min(height - len(top), _MOST_BARS))]


def _below(terminal: Terminal, learning: Learning, chosen: Example, width: int, height: int) -> list[str]:
    """Draw the chosen image, its outputs as bars, and charts as far as there is space."""
    labels = learning.experiment.data.labels
    image = digit_lines(terminal, chosen.row) if height < SIDE // 2 else terminal.draw(squares(chosen.row))
    if width < 2 * _BAR_WIDTH + _GAP:
        image = []
    longest = max(map(len, labels))
    bar_width = _BAR_WIDTH if longest < 4 else 20 + longest
    used = (len(visible(image[0])) + _GAP if image else 0) + bar_width
    space = width - used - _GAP
    if space < _CHART_WIDTH:
        bar_width += max(width - used, 0)
    outputs = learning.experiment.network.forward(chosen.row[None])[0]
    blocks = [block for block in (image, output_bars(terminal, outputs, labels, bar_width, 2)) if block]
    blocks = [[*[""] * max((height - len(block)) // 2, 0), *block] for block in blocks]
    if space >= _CHART_WIDTH:
        n_epochs, share_at = learning.experiment.n_epochs, learning.pace.share_at
        bottom = [(0.0, "0"), (1.0, counted(n_epochs, "epoch"))]
        if n_epochs > 5:
            bottom.insert(1, (share_at(learning.experiment.n_batches), "1"))
        # The first epochs get as much space as the last.
        positions = [share_at(point.batch) for point in learning.history]
        history = [point.measured for point in learning.history]
        blocks.append(charts(terminal, positions, history, bottom, space, height))
    return beside(*blocks, gap=_GAP)[: max(height, _BARS)]


def neuron_view(terminal: Terminal, learning: Learning, chosen: Example, unit: Unit, width: int) -> list[str]:
    """Draw one neuron in 12 lines: its weights if its inputs are the pixels, and its weighted sum for an image."""
    network = learning.experiment.network
    spelled = weighted_sum(network, chosen.row, unit, 5)
    function = function_name(network, unit.layer)
    title = f"{Names(network.sizes, learning.experiment.data.labels).of(unit)}, for this {chosen.label}:"
    table = [title, "", *sum_lines(spelled, function)]
    image = weight_lines(terminal, network.weights[0][:, unit.neuron])[1:-1] if unit.layer == 0 else []
    if image and SIDE + 3 + max(map(len, table)) > width:
        numbers = [f"bias {spelled.bias:+.3f}", f"sum z {spelled.z:+.3f}", f"{function}(z) {spelled.activation:.3f}"]
        table = [title, "", *numbers]
    lines = beside(image, table, gap=3) if image else table
    return lines + [""] * (_NEURON_LINES - len(lines))


def header(terminal: Terminal, learning: Learning, width: int) -> str:
    """Return the line with epoch, batch, cost and accuracies, and a progress bar if there is space."""
    experiment, (at, now) = learning.experiment, learning.now
    number, batch = learning.epoch
    when = "" if at == learning.batch else f"after batch {at:,}: "
    parts = [
        f"epoch {number} of {experiment.n_epochs}",
        f"{when}cost {now.cost:.3f}",
        f"right {now.accuracy:.1f} %, new images {now.test_accuracy:.1f} %",
    ]
    if width >= _WIDE and not when:
        parts[0] += f", batch {batch:,} of {experiment.n_batches:,}"
    text = "   ".join(parts)
    space = min(width - len(text) - 5, 20)
    return text if space < 4 else f"{text}   [{padded(bar(terminal, learning.batch / learning.total, space), space)}]"


def charts(
    terminal: Terminal,
    positions: Sequence[float],
    history: Sequence[Measurement],
    bottom: Sequence[tuple[float, str]],
    width: int,
    height: int,
) -> list[str]:
    """Draw the accuracy, and the cost before it if there is space, of training images (old) and test images (new)."""
    has_cost = width >= 2 * _CHART_WIDTH + 3
    names = f"{styled(terminal, symbols(terminal).point, 'up')} old  {symbols(terminal).ring} new"

    def chart(title: str, new: Sequence[float], old: Sequence[float], axes: Axes) -> list[str]:
        series = [Series(positions, new, "ring"), Series(positions, old, "point", "up")]
        column = (width - 3) // 2 if has_cost else width
        return [f"{title}  {names}", *point_chart(terminal, series, axes, column, height - 1)]

    ticks = [(100.0, "100"), (50.0, "50"), (0.0, "0")]
    old_new = [each.test_accuracy for each in history], [each.accuracy for each in history]
    accuracy = chart("% right", *old_new, Axes((0.0, 100.0), ticks, bottom))
    if not has_cost:
        return accuracy
    costs = [each.test_cost for each in history], [each.cost for each in history]
    low, high = _limits([*costs[0], *costs[1]])
    middle = math.sqrt(low * high)
    ticks = [(high, f"{high:.2g}"), (middle, f"{middle:.1g}"), (low, f"{low:g}")]
    return beside(chart("cost", *costs, Axes((low, high), ticks, bottom, logarithmic=True)), accuracy, gap=3)


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
