"""A training shown in time: its pace, its keys, and its frames.

The frames have weights, a digit, cost and accuracy.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from cmlp._cli import options
from cmlp._cli.experiment import Experiment, Measurement
from cmlp._cli.terminal import Terminal, count_noun, side_by_side, without_codes
from cmlp.story import drawing
from cmlp.story.case import Example
from cmlp.story.neurons import SIDE
from cmlp.story.screen import QUIT_KEYS

_FRAME_SECONDS = 0.1
_PAUSED_SECONDS = 0.5
_BACK_SECONDS = 2.0  # at normal speed
_SPEEDS = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
# Lines of the lower half of a frame: ten outputs, at most an image of 28 rows of pixels.
_BARS = 10
_MOST_BARS = 14
_BAR_WIDTH = 24
_CHART_WIDTH = 22
_GAP = 3


# The first batches change most. The pace has doubled after this number of batches, tripled after
# twice as many.
_SLOW_BATCHES = 80
# Measuring costs a forward pass over all images; beyond this number of multiplications it is only
# done now and then.
_CHEAP = 2e9
_MEASUREMENTS = 60
_COSTLY_MEASUREMENTS = 12


class Point(NamedTuple):
    """What was measured after some batches."""

    batch: int
    measured: Measurement


class Learning:
    """The training of an experiment, batch by batch: `batch` of `total` are complete.

    `history` has measurements at equal distances of the time in which it is shown, the first before
    training. The network becomes the same as by `Experiment.train`.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.total = experiment.n_batches * experiment.n_epochs
        n_images = len(experiment.data.X_train) + len(experiment.data.X_test)
        self._is_cheap = n_images * experiment.network.n_params < _CHEAP
        n_measurements = _MEASUREMENTS if self._is_cheap else _COSTLY_MEASUREMENTS
        shares = np.linspace(0, 1, n_measurements + 1).tolist()
        self._due = sorted({self.batches_at(share) for share in shares})
        self._begin(experiment)

    def _begin(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.batch = 0
        self._now = Point(0, experiment.measure())
        self.history = [self._now]

    def batches_at(self, share: float) -> int:
        """Return the number of batches that are complete after a share of the time."""
        return round(
            _SLOW_BATCHES * math.expm1(min(share, 1) * math.log1p(self.total / _SLOW_BATCHES))
        )

    def share_at(self, batches: int) -> float:
        """Return the share of the time after which a number of batches is complete.

        This is the inverse of `batches_at`.
        """
        return math.log1p(batches / _SLOW_BATCHES) / math.log1p(self.total / _SLOW_BATCHES)

    @property
    def now(self) -> Point:
        """The measurements of the network as it is.

        They are the last ones if measuring takes too long.
        """
        if self._is_cheap and self._now.batch != self.batch:
            self._now = Point(self.batch, self.experiment.measure())
        return self._now

    @property
    def finished(self) -> bool:
        """Whether all epochs are complete."""
        return self.batch >= self.total

    def go_to(self, target: int) -> None:
        """Train until `target` batches are complete, at most to the end.

        It begins again if there are more of them now.
        """
        target = min(target, self.total)
        if target < self.batch:
            self._begin(Experiment(self.experiment.options))
        while self.batch < target:
            due = next(batch for batch in self._due if batch > self.batch)
            self.experiment.train_batches(min(target, due) - self.batch)
            self.batch = min(target, due)
            if self.batch == due:
                self._now = Point(due, self.experiment.measure())
                self.history.append(self._now)


class Player:
    """A training that takes some seconds at normal speed.

    Keys pause it, change its speed, and go back in it.
    """

    def __init__(self, learning: Learning, seconds: float) -> None:
        self.learning = learning
        self.seconds = seconds
        self.speed = _SPEEDS.index(1.0)
        self.paused = self.ended = False
        self._time = 0.0  # at normal speed

    def play(
        self,
        read_key: Callable[[float], str | None],
        draw: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Draw frames, train and react to keys until the training or the player ends."""
        last = clock()
        draw()
        while not self.ended:
            seconds = _PAUSED_SECONDS if self.paused else _FRAME_SECONDS
            key = read_key(seconds)
            now = clock()
            if not self.paused:
                # At most five frames at once: after a stop (Ctrl-Z) the training goes on where it
                # was.
                self._go_to(self._time + min(now - last, 5 * _FRAME_SECONDS) * _SPEEDS[self.speed])
            last = now
            if key is not None:
                self.press(key)
            draw()

    def press(self, key: str) -> None:
        """React to a key; unknown keys do nothing."""
        if key == " ":
            self.paused = not self.paused
        elif key == "n":
            self.paused = True
            self._train(self.learning.batch + 1)
            self._time = self.learning.share_at(self.learning.batch) * self.seconds
        elif key in ("+", "="):
            self.speed = min(self.speed + 1, len(_SPEEDS) - 1)
        elif key in ("-", "_"):
            self.speed = max(self.speed - 1, 0)
        elif key == "left":
            self._go_to(max(0.0, self._time - _BACK_SECONDS))
        elif key in (*QUIT_KEYS, "enter"):
            self.ended = True

    def _go_to(self, seconds: float) -> None:
        self._time = seconds
        self._train(self.learning.batches_at(seconds / self.seconds))

    def _train(self, batch: int) -> None:
        with options.as_command_errors():
            self.learning.go_to(batch)
        self.ended = self.ended or self.learning.finished

    def keys(self) -> str:
        """Return what the keys do now."""
        speed = "speed"
        if _SPEEDS[self.speed] != 1:
            speed = f"speed {_SPEEDS[self.speed]:g}x"
        space = "go on" if self.paused else "pause"
        return f"space {space}   q end   left back   n one batch   + - {speed}"


def old_and_new(terminal: Terminal) -> tuple[str, str]:
    """Return the marks of images that the network learns from, and of new ones."""
    return drawing.styled(terminal, drawing.symbol(terminal, "point"), "up"), drawing.symbol(
        terminal, "ring"
    )


def frame_lines(
    terminal: Terminal, learning: Learning, chosen: Example, width: int, height: int
) -> list[str]:
    """Draw a frame.

    It has a line of progress, weights if there are enough lines, and an image with its outputs and
    charts.
    """
    return [
        _header(terminal, learning, width),
        *body_lines(terminal, learning, chosen, width, height - 1),
    ]


def body_lines(
    terminal: Terminal, learning: Learning, chosen: Example, width: int, height: int
) -> list[str]:
    """Draw the frame below its first line."""
    experiment = learning.experiment
    labels = learning.experiment.data.labels
    top = []
    if height >= 6 + _BARS:
        top = drawing.patch_lines(terminal, experiment.network, labels, width, height - _BARS)
    height = min(height - len(top), _MOST_BARS)
    bar_width = _BAR_WIDTH + max(max(map(len, labels)) - 4, 0)
    blocks = []
    if width >= 2 * _BAR_WIDTH + _GAP:
        blocks.append(drawing.digit_lines(terminal, chosen.row, whole=height >= SIDE // 2))
        width -= len(without_codes(blocks[0][0])) + _GAP
    has_charts = width >= bar_width + _GAP + _CHART_WIDTH
    outputs = experiment.network.forward(chosen.row[None])[0]
    if not has_charts:
        bar_width = width
    blocks.append(drawing.output_bars(terminal, outputs, labels, bar_width, 2))
    if has_charts:
        bottom = [(0.0, "0"), (1.0, count_noun(experiment.n_epochs, "epoch"))]
        if experiment.n_epochs > 5:
            bottom.insert(1, (learning.share_at(experiment.n_batches), "1"))
        # The first epochs get as much space as the last.
        history = [(learning.share_at(point.batch), point.measured) for point in learning.history]
        blocks.append(training_charts(terminal, history, bottom, width - bar_width - _GAP, height))
    return [*top, *drawing.beside(*blocks, gap=_GAP)[: max(height, _BARS)]]


def _header(terminal: Terminal, learning: Learning, width: int) -> str:
    """Return the line with epoch, batch, cost and accuracies.

    It has a progress bar if there is space.
    """
    experiment = learning.experiment
    at, now = learning.now
    number = min(-(-learning.batch // experiment.n_batches), experiment.n_epochs) or 1
    batch = learning.batch - (number - 1) * experiment.n_batches
    measured = ""
    if at != learning.batch:
        measured = f"after batch {at:,}: "
    parts = [
        f"epoch {number} of {experiment.n_epochs}, batch {batch:,} of {experiment.n_batches:,}",
        f"{measured}cost {now.cost:.3f}",
        f"right {now.accuracy:.1f} %, new images {now.test_accuracy:.1f} %",
    ]
    text = "   ".join(parts)
    if len(text) > width:
        text = text.replace(f", batch {batch:,} of {experiment.n_batches:,}", "")
    space = min(width - len(text) - 5, 20)
    if space > 3:
        return f"{text}   [{drawing.bar(terminal, learning.batch / learning.total, space):{space}}]"
    return text


_Ticks: TypeAlias = Sequence[tuple[float, str]]  # positions or values with their labels


def training_charts(
    terminal: Terminal,
    history: Sequence[tuple[float, Measurement]],
    bottom: _Ticks,
    width: int,
    height: int,
) -> list[str]:
    """Draw the accuracy of training images (old) and test images (new).

    The cost is drawn before it if there is space.

    Positions in the history and at the bottom are from 0 to 1.
    """
    positions, measured = zip(*history, strict=True)
    both = width >= 2 * _CHART_WIDTH + _GAP
    old_new = old_and_new(terminal)
    column = (width - _GAP) // 2 if both else width

    def chart(title: str, curves: Sequence[Sequence[float]], ticks: _Ticks) -> list[str]:
        """Draw points between the first tick, at the top, and the last.

        Values outside are drawn at the nearer limit.
        """
        margin = max(len(text) for _, text in ticks)
        columns = max(column - margin - 1, 2)
        rows = height - 2
        high = ticks[0][0]
        low = ticks[-1][0]

        def row_of(value: float) -> int:
            return round(min(max((high - value) / (high - low), 0.0), 1.0) * (rows - 1))

        grid = [[" "] * columns for _ in range(rows)]
        # old ones over new ones
        for mark, values in zip(reversed(old_new), reversed(curves), strict=True):
            for position, value in zip(positions, values, strict=True):
                if math.isfinite(value):
                    grid[row_of(value)][round(position * (columns - 1))] = mark
        labels = {row_of(value): text for value, text in ticks}
        vertical = drawing.symbol(terminal, "vertical")
        lines = [
            f"{labels.get(n, ''):>{margin}}{vertical}{''.join(cells)}".rstrip()
            for n, cells in enumerate(grid)
        ]
        axis = [" "] * columns
        for position, text in bottom:
            start = min(round(position * (columns - 1)), columns - len(text))
            axis[start : start + len(text)] = text
        head = "{}  {} old  {} new".format(title, *old_new)
        return [head, *lines, " " * (margin + 1) + "".join(axis).rstrip()]

    shares = [each.accuracy for each in measured], [each.test_accuracy for each in measured]
    accuracy = chart("% right", shares, [(100.0, "100"), (50.0, "50"), (0.0, "0")])
    if not both:
        return accuracy
    costs = [each.cost for each in measured], [each.test_cost for each in measured]
    low, high = cost_limits([*costs[0], *costs[1]])
    limits = (
        (high, f"{high:.2g}"),
        (math.sqrt(low * high), f"{math.sqrt(low * high):.1g}"),
        (low, f"{low:g}"),
    )
    with np.errstate(divide="ignore", invalid="ignore"):  # the cost axis is logarithmic
        curves = np.log(costs).tolist()
    return side_by_side(
        chart("cost", curves, [(math.log(value), text) for value, text in limits]),
        accuracy,
        gap=_GAP,
    )


def cost_limits(costs: Sequence[float]) -> tuple[float, float]:
    """Return limits of a logarithmic axis.

    They are the largest cost, and a round number below the smallest, at most 0.1.
    """
    finite = [cost for cost in costs if np.isfinite(cost) and cost > 0] or [1.0]
    smallest = max(min(0.1, *finite), 1e-9)
    power = 10.0 ** math.floor(math.log10(smallest))
    low = next((digit * power for digit in (5, 2) if digit * power <= smallest), power)
    return low, max(*finite, 2 * low)
