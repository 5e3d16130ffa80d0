"""Training that can be stopped after any batch, and frames of it: weights, a digit, its outputs, cost and accuracy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cmlp._console import charts
from cmlp._console.experiment import Experiment, Measurement
from cmlp._console.terminal import Terminal, beside, padded, visible
from cmlp.story import drawing, neurons
from cmlp.story.case import Example
from cmlp.story.neurons import SIDE, Names, Unit

_N_MEASUREMENTS = 60
# Measuring costs a forward pass over all images; beyond this number of multiplications it is only done now and then.
_CHEAP = 2e9
_N_COSTLY = 12
# The first batches change most: they get this share of the time.
_FIRST_BATCHES, _FIRST_SHARE = 100, 0.15
_WIDE = 72
# Lines of the lower half of a frame: ten outputs, at most an image of 28 rows of pixels.
_BARS, _MOST_BARS = 10, 14
_BAR_WIDTH, _CHART_WIDTH, _GAP = 24, 22, 3
_NEURON_LINES = 12


class Point(NamedTuple):
    """What was measured after some batches."""

    batch: int
    measured: Measurement


class Learning:
    """The training of an experiment, batch by batch: `batch` of `total` are complete.

    Shown at human speed, few batches are complete at first, then more and more; `batches_at` and `share_at` say how
    many at which share of the time. `history` has measurements at equal distances of this time, the first before
    training. The result is that of `Experiment.train`.
    """

    def __init__(self, experiment: Experiment, n_measurements: int | None = None) -> None:
        self.experiment = experiment
        self.batch, self.total = 0, experiment.n_batches * experiment.n_epochs
        n_images = len(experiment.data.X_train) + len(experiment.data.X_test)
        self._is_cheap = n_images * experiment.network.n_params < _CHEAP
        n_points = min(n_measurements or (_N_MEASUREMENTS if self._is_cheap else _N_COSTLY), self.total)
        self._due = sorted({self.batches_at(share) for share in np.linspace(0, 1, n_points + 1).tolist()})
        self._now = Point(0, experiment.measure())
        self.history = [self._now]

    def batches_at(self, share: float) -> int:
        """Return the number of batches that are complete after a share of the time."""
        if share >= 1:
            return self.total
        if self.total <= _FIRST_BATCHES:
            return int(self.total * share)
        if share <= _FIRST_SHARE:
            return int(_FIRST_BATCHES * share / _FIRST_SHARE)
        return int(_FIRST_BATCHES * (self.total / _FIRST_BATCHES) ** ((share - _FIRST_SHARE) / (1 - _FIRST_SHARE)))

    def share_at(self, batches: int) -> float:
        """Return the share of the time after which a number of batches is complete: the inverse of `batches_at`."""
        if self.total <= _FIRST_BATCHES:
            return batches / self.total
        if batches <= _FIRST_BATCHES:
            return _FIRST_SHARE * batches / _FIRST_BATCHES
        growth = math.log(batches / _FIRST_BATCHES) / math.log(self.total / _FIRST_BATCHES)
        return _FIRST_SHARE + (1 - _FIRST_SHARE) * growth

    @property
    def now(self) -> Point:
        """The measurements of the network as it is, or the last ones if measuring takes too long."""
        if self._is_cheap and self._now.batch != self.batch:
            self._now = Point(self.batch, self.experiment.measure())
        return self._now

    @property
    def finished(self) -> bool:
        """Whether all epochs are complete."""
        return self.batch >= self.total

    def advance(self, target: int) -> None:
        """Train until `target` batches are complete, at most to the end; measure in between."""
        target = min(target, self.total)
        while self.batch < target:
            due = next(batch for batch in self._due if batch > self.batch)
            stop = min(target, due)
            self.experiment.train_batches(stop - self.batch)
            self.batch = stop
            if stop == due:
                self._now = Point(stop, self.experiment.measure())
                self.history.append(self._now)


def frame_width(terminal: Terminal) -> int:
    """Return the number of columns of a frame: all of the terminal's except the last."""
    return max(terminal.width, 40) - 1


def old_and_new(terminal: Terminal) -> tuple[str, str]:
    """Return the marks of images that the network learns from, and of new ones."""
    return charts.styled(terminal, charts.symbol(terminal, "point"), "up"), charts.symbol(terminal, "ring")


def body_lines(
    terminal: Terminal, learning: Learning, chosen: Example, width: int, height: int, unit: Unit | None = None
) -> list[str]:
    """Draw the weights of the first layer, and below them an image, its outputs, cost and accuracy.

    With a `unit`, this neuron is drawn instead of the first layer; where there are too few lines, neither.
    """
    top: list[str] = []
    if unit is not None and height >= _NEURON_LINES + _BARS:
        top = _neuron_lines(terminal, learning, chosen, unit, width)
    elif height >= 6 + _BARS:
        labels = learning.experiment.data.labels
        top = drawing.patch_lines(terminal, learning.experiment.network, labels, width, height - _BARS)
    return [*top, *_below(terminal, learning, chosen, width, min(height - len(top), _MOST_BARS))]


def _neuron_lines(terminal: Terminal, learning: Learning, chosen: Example, unit: Unit, width: int) -> list[str]:
    """Draw one neuron in 12 lines: its weights if its inputs are the pixels, and its weighted sum for an image."""
    network = learning.experiment.network
    spelled = neurons.WeightedSum(network, chosen.row, unit, 5)
    title = f"{Names(network.sizes, learning.experiment.data.labels).of(unit)}, for this {chosen.label}:"
    table = [title, "", *spelled.lines()]
    image = drawing.weight_lines(terminal, network.weights[0][:, unit.neuron])[1:-1] if unit.layer == 0 else []
    if image and SIDE + 3 + max(map(len, table)) > width:
        table = [title, "", *(" ".join(line.split()) for line in spelled.lines()[-3:])]
    lines = beside(image, table, gap=3) if image else table
    return lines + [""] * (_NEURON_LINES - len(lines))


def _below(terminal: Terminal, learning: Learning, chosen: Example, width: int, height: int) -> list[str]:
    """Draw the chosen image, its outputs as bars, and charts as far as there is space."""
    labels, image = learning.experiment.data.labels, terminal.draw(drawing.squares(chosen.row))
    if height < SIDE // 2:
        image = drawing.digit_lines(terminal, chosen.row)
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
        bottom = [(0.0, "0"), (1.0, charts.counted(n_epochs, "epoch"))]
        if n_epochs > 5:
            bottom.insert(1, (learning.share_at(learning.experiment.n_batches), "1"))
        # The first epochs get as much space as the last.
        positions = [learning.share_at(point.batch) for point in learning.history]
        history = [point.measured for point in learning.history]
        blocks.append(training_charts(terminal, positions, history, bottom, space, height))
    return beside(*blocks, gap=_GAP)[: max(height, _BARS)]


def header(terminal: Terminal, learning: Learning, width: int) -> str:
    """Return the line with epoch, batch, cost and accuracies, and a progress bar if there is space."""
    experiment, (at, now) = learning.experiment, learning.now
    number = min(-(-learning.batch // experiment.n_batches), experiment.n_epochs) or 1
    when = "" if at == learning.batch else f"after batch {at:,}: "
    parts = [
        f"epoch {number} of {experiment.n_epochs}",
        f"{when}cost {now.cost:.3f}",
        f"right {now.accuracy:.1f} %, new images {now.test_accuracy:.1f} %",
    ]
    if width >= _WIDE and not when:
        batch = learning.batch - (number - 1) * experiment.n_batches
        parts[0] += f", batch {batch:,} of {experiment.n_batches:,}"
    text = "   ".join(parts)
    space = min(width - len(text) - 5, 20)
    if space < 4:
        return text
    return f"{text}   [{padded(charts.bar(terminal, learning.batch / learning.total, space), space)}]"


def training_charts(
    terminal: Terminal,
    positions: Sequence[float],
    history: Sequence[Measurement],
    bottom: Sequence[tuple[float, str]],
    width: int,
    height: int,
) -> list[str]:
    """Draw the accuracy, and the cost before it if there is space, of training images (old) and test images (new)."""
    has_cost = width >= 2 * _CHART_WIDTH + 3
    old, new = old_and_new(terminal)

    def chart(title: str, seen: Sequence[float], unseen: Sequence[float], axes: charts.Axes) -> list[str]:
        series = [charts.Series(positions, unseen, "ring"), charts.Series(positions, seen, "point", "up")]
        column = (width - 3) // 2 if has_cost else width
        return [f"{title}  {old} old  {new} new", *charts.point_chart(terminal, series, axes, column, height - 1)]

    ticks = [(100.0, "100"), (50.0, "50"), (0.0, "0")]
    shares = [each.accuracy for each in history], [each.test_accuracy for each in history]
    accuracy = chart("% right", *shares, charts.Axes((0.0, 100.0), ticks, bottom))
    if not has_cost:
        return accuracy
    costs = [each.cost for each in history], [each.test_cost for each in history]
    low, high = _limits([*costs[0], *costs[1]])
    middle = math.sqrt(low * high)
    ticks = [(high, f"{high:.2g}"), (middle, f"{middle:.1g}"), (low, f"{low:g}")]
    return beside(chart("cost", *costs, charts.Axes((low, high), ticks, bottom, logarithmic=True)), accuracy, gap=3)


def _limits(costs: Sequence[float]) -> tuple[float, float]:
    """Return limits of a logarithmic axis: the largest cost, and a round number below the smallest, at most 0.1."""
    finite = [cost for cost in costs if np.isfinite(cost) and cost > 0] or [1.0]
    rounds = (digit * 10.0**power for power in range(-1, -10, -1) for digit in (1, 0.5, 0.2))
    low = next((value for value in rounds if value <= min(finite)), 1e-9)
    return low, max(*finite, 2 * low)
