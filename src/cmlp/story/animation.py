"""An animation of a training run: its pace, its keys, and its frames.

The frames have weights, a digit, cost and accuracy.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cmlp._cli.story_network import Measurement, StoryTraining
from cmlp._cli.terminal import Terminal, count_noun, side_by_side, without_codes
from cmlp.story import drawing
from cmlp.story.screen import QUIT_KEYS

_FRAME_SECONDS = 0.1
_PAUSED_SECONDS = 0.5
_BACK_SECONDS = 2.0
# Lines of the lower half of a frame: ten outputs, at most an image of 28 rows of pixels.
_BARS = 10
_MOST_BARS = 14
_BAR_WIDTH = 24
_CHART_WIDTH = 22
_GAP = 3


# The first batches change most. The pace has doubled after this number of batches, tripled after
# twice as many.
_SLOW_BATCHES = 80
_MEASUREMENTS = 60


class Point(NamedTuple):
    """What was measured after some batches."""

    batch: int
    measured: Measurement


class Learning:
    """A training run, batch by batch: `batch` of `total` are complete.

    `history` has measurements at equal distances of the time in which it is shown, the first before
    training. The network becomes the same as by `story_network`.
    """

    def __init__(self, training: StoryTraining) -> None:
        self.total: int = training.n_batches * training.n_epochs
        shares = np.linspace(0, 1, _MEASUREMENTS + 1).tolist()
        self._due = sorted({self.batches_at(share) for share in shares})
        self._begin(training)

    def _begin(self, training: StoryTraining) -> None:
        self.training = training
        self.batch = 0
        self._now = Point(0, training.measure())
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
    def now(self) -> Measurement:
        """The measurements of the network as it is."""
        if self._now.batch != self.batch:
            self._now = Point(self.batch, self.training.measure())
        return self._now.measured

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
            self._begin(StoryTraining(self.training.seed, self.training.n_epochs))
        while self.batch < target:
            due = next(batch for batch in self._due if batch > self.batch)
            self.training.train_batches(min(target, due) - self.batch)
            self.batch = min(target, due)
            if self.batch == due:
                self._now = Point(due, self.training.measure())
                self.history.append(self._now)


class Player:
    """Plays a training run for some seconds. Keys pause it, go back in it and end it."""

    def __init__(self, learning: Learning, seconds: float) -> None:
        self.learning = learning
        self.seconds = seconds
        self.paused = False
        self.ended = False
        self._time = 0.0

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
                self._go_to(self._time + min(now - last, 5 * _FRAME_SECONDS))
            last = now
            if key is not None:
                self.press(key)
            draw()

    def press(self, key: str) -> None:
        """React to a key; unknown keys do nothing."""
        if key == " ":
            self.paused = not self.paused
        elif key == "left":
            self._go_to(max(0.0, self._time - _BACK_SECONDS))
        elif key in (*QUIT_KEYS, "enter"):
            self.ended = True

    def _go_to(self, seconds: float) -> None:
        self._time = seconds
        self.learning.go_to(self.learning.batches_at(seconds / self.seconds))
        self.ended = self.ended or self.learning.finished


def old_and_new(terminal: Terminal) -> tuple[str, str]:
    """Return the marks of images that the network learns from, and of new ones."""
    return drawing.styled(terminal, drawing.symbol(terminal, "point"), "blue"), drawing.symbol(
        terminal, "ring"
    )


def body_lines(
    terminal: Terminal, learning: Learning, row: NDArray[np.uint8], width: int, height: int
) -> list[str]:
    """Draw weights if there are enough lines, an image with its outputs, and charts."""
    training = learning.training
    top = []
    if height >= 6 + _BARS:
        top = drawing.patch_lines(terminal, training.network, width, height - _BARS)
    height = min(height - len(top), _MOST_BARS)
    bar_width = _BAR_WIDTH
    blocks = []
    if width >= 2 * _BAR_WIDTH + _GAP:
        blocks.append(drawing.digit_lines(terminal, row, whole=height >= drawing.SIDE // 2))
        width -= len(without_codes(blocks[0][0])) + _GAP
    has_charts = width >= bar_width + _GAP + _CHART_WIDTH
    outputs = training.network.forward(row[None])[0]
    if not has_charts:
        bar_width = width
    blocks.append(drawing.output_bars(terminal, outputs, training.data.labels, bar_width))
    if has_charts:
        bottom = [(0.0, "0"), (1.0, count_noun(training.n_epochs, "epoch"))]
        if training.n_epochs > 5:
            bottom.insert(1, (learning.share_at(training.n_batches), "1"))
        # The first epochs get as much space as the last.
        history = [(learning.share_at(point.batch), point.measured) for point in learning.history]
        blocks.append(training_charts(terminal, history, bottom, width - bar_width - _GAP, height))
    return [*top, *drawing.beside(*blocks, gap=_GAP)[: max(height, _BARS)]]


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
