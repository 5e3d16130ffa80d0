"""The command ``cmlp watch``: learning at a speed that the eye can follow."""

from __future__ import annotations

import argparse
import math
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cmlp import Network
from cmlp.console import options, png
from cmlp.console.charts import beside
from cmlp.console.digit import SIDE, weight_lines
from cmlp.console.experiment import Experiment, Options
from cmlp.console.experiment_options import Example, add_example, add_experiment, add_hidden, example
from cmlp.console.terminal import Terminal, padded
from cmlp.story.keys import Keys
from cmlp.story.learning import Learning
from cmlp.story.pictures.curves import Series, point_chart
from cmlp.story.pictures.names import Unit, parse_unit, unit_name
from cmlp.story.pictures.neuron import function_name, sum_lines, weighted_sum
from cmlp.story.pictures.outputs import output_bars
from cmlp.story.pictures.patches import patch_lines
from cmlp.story.pictures.text import bar, joined, page_width, symbols
from cmlp.story.screen import opened

NAME, SUMMARY = "watch", "watch the network learn, in about 20 seconds"
DESCRIPTION = (
    "Watch the network learn at human speed: the weights of the first neurons as images (blue or shades: positive, red "
    "or dashes: negative), the outputs for one training image, cost and accuracy. Space pauses, n takes one batch, "
    "+ and - change the speed, q ends. In a pipe, a few frames are written without waiting."
)
_SECONDS, _FRAME_SECONDS, _PAUSED_SECONDS = 20.0, 0.1, 0.5
# The first batches change most: they get this part of the time.
_FIRST_BATCHES, _FIRST_PART = 100, 0.15
_SPEEDS = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
_LOWEST_ACCURACY = 60.0
_WIDE = 72
_CHART_LINES, _TALL = 9, 30


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_example(parser, neuron="the neuron to watch instead of the weights of many: A1, B4, ... or an output")
    parser.add_argument(
        "--seconds", type=options.positive, default=_SECONDS, metavar="N", help="duration in a terminal (default: 20)"
    )
    add_hidden(parser)
    add_experiment(parser)
    options.add_save(parser)
    options.add_png(parser)


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Show the training that the arguments describe, and return the exit status."""
    given = dict(vars(arguments))
    digit, number, neuron, seconds = (given.pop(name) for name in ("digit", "number", "neuron", "seconds"))
    path, folder = given.pop("save"), given.pop("png")
    with options.reported():
        experiment = Experiment(Options(**given))
        data = experiment.data
        chosen = example(digit, number, data.X_train, data.y_train, data.labels)
        unit = None if neuron is None else parse_unit(neuron, experiment.network.sizes, data.labels)
        learning = Learning(experiment)
    pictures = {}
    if folder is not None:
        pictures["weights-before"] = png.weight_sheet(experiment.network.weights[0])
    if terminal.moves_cursor:
        _play_on_screen(terminal, learning, chosen, seconds, unit)
    else:
        write_frames(terminal, learning, chosen, unit)
    label = shlex.quote(chosen.label)
    hints = ["look closer:", f"{program} look {label}", f"{program} nudge {label}"]
    terminal.write_lines(["", *joined(hints, page_width(terminal))])
    if path is not None:
        options.save(experiment.network, path, terminal, program)
    if folder is not None:
        pictures["weights-after"] = png.weight_sheet(experiment.network.weights[0])
        options.save_pngs(pictures, folder, terminal)
    return 0


def _play_on_screen(terminal: Terminal, learning: Learning, chosen: Example, seconds: float, unit: Unit | None) -> None:
    """Show the training on the alternate screen, then the last frame on the normal screen."""
    keys = Keys(sys.stdin)
    with opened(terminal, keys) as screen:
        player = Player(learning, seconds)

        def draw() -> None:
            height = screen.height
            lines = frame_lines(terminal, learning, chosen, page_width(terminal), height, unit)
            screen.show(lines, player.status(chosen, terminal.width, has_keys=keys.available))

        play(player, keys.read, draw)
    terminal.write_lines(
        frame_lines(terminal, learning, chosen, page_width(terminal), shutil.get_terminal_size().lines, unit)
    )
    if not learning.finished:
        terminal.write_lines(["", f"ended after batch {learning.batch:,} of {learning.total:,}"])


class Player:
    """The state of the display: position in time, speed, pause. Times are those at normal speed.

    Parameters
    ----------
    learning : Learning
    seconds : float
        Duration of the whole training.
    """

    def __init__(self, learning: Learning, seconds: float = _SECONDS) -> None:
        self.learning = learning
        self.seconds = seconds
        self.speed = _SPEEDS.index(1.0)
        self.paused = False
        self.ended = False
        self._time = 0.0

    def batches_at(self, seconds: float) -> int:
        """Return the number of batches after some seconds: few at first, then more and more."""
        total, part = self.learning.total, seconds / self.seconds
        if part >= 1:
            return total
        if total <= _FIRST_BATCHES:
            return int(total * part)
        if part <= _FIRST_PART:
            return int(_FIRST_BATCHES * part / _FIRST_PART)
        return int(_FIRST_BATCHES * (total / _FIRST_BATCHES) ** ((part - _FIRST_PART) / (1 - _FIRST_PART)))

    def seconds_at(self, batches: int) -> float:
        """Return the time of a number of batches: the inverse of `batches_at`."""
        total = self.learning.total
        if total <= _FIRST_BATCHES:
            part = batches / total
        elif batches <= _FIRST_BATCHES:
            part = _FIRST_PART * batches / _FIRST_BATCHES
        else:
            growth = math.log(batches / _FIRST_BATCHES) / math.log(total / _FIRST_BATCHES)
            part = _FIRST_PART + (1 - _FIRST_PART) * growth
        return part * self.seconds

    def pass_time(self, seconds: float) -> None:
        """Train as far as the time at the present speed allows, unless paused."""
        if not self.paused:
            self._time += seconds * _SPEEDS[self.speed]
            self._advance(self.batches_at(self._time))

    def press(self, key: str) -> None:
        """React to a key; unknown keys do nothing."""
        if key == " ":
            self.paused = not self.paused
        elif key == "n":
            self.paused = True
            self._advance(self.learning.batch + 1)
            self._time = self.seconds_at(self.learning.batch)
        elif key in ("+", "="):
            self.speed = min(self.speed + 1, len(_SPEEDS) - 1)
        elif key in ("-", "_"):
            self.speed = max(self.speed - 1, 0)
        elif key in ("q", "Q", "escape"):
            self.ended = True

    def _advance(self, batch: int) -> None:
        with options.reported():
            self.learning.advance(batch)
        self.ended = self.ended or self.learning.finished

    def status(self, chosen: Example, width: int, *, has_keys: bool) -> str:
        """Return the last line of the screen: what the bars show, and the keys."""
        question = f"a {chosen.label}: is it one yet?"
        if not has_keys:
            return question
        keys = f"space {'go on' if self.paused else 'pause'}   n one batch   + - speed   q end"
        if _SPEEDS[self.speed] != 1:
            keys = keys.replace("speed", f"speed {_SPEEDS[self.speed]:g}x")
        line = f"{question}   {keys}"
        return line if len(line) <= width else keys


def play(
    player: Player,
    read_key: Callable[[float], str | None],
    draw: Callable[[], None],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Draw frames, advance and react to keys until the training or the player ends."""
    last = clock()
    draw()
    while not player.ended:
        key = read_key(_PAUSED_SECONDS if player.paused else _FRAME_SECONDS)
        now = clock()
        # At most two frames at once: after a stop (Ctrl-Z) the training goes on where it was.
        player.pass_time(min(now - last, 2 * _FRAME_SECONDS))
        last = now
        if key is not None:
            player.press(key)
        draw()


def write_frames(terminal: Terminal, learning: Learning, chosen: Example, unit: Unit | None = None) -> None:
    """Write a few frames without waiting: before training, after 100 batches, and after 1, 3, 10 and all epochs."""
    n_batches = learning.experiment.n_batches
    stops = sorted({0, _FIRST_BATCHES, n_batches, 3 * n_batches, 10 * n_batches, learning.total})
    for stop in [stop for stop in stops if stop <= learning.total]:
        with options.reported():
            learning.advance(stop)
        lines = frame_lines(terminal, learning, chosen, page_width(terminal), _TALL - 1, unit)
        gap = [""] if stop else []
        terminal.write_lines([*gap, *lines, f"training image {chosen.image}, a {chosen.label}"])


def frame_lines(
    terminal: Terminal, learning: Learning, chosen: Example, width: int, height: int, unit: Unit | None = None
) -> list[str]:
    """Draw one frame: progress, the weights of the first layer, the outputs for one image, cost and accuracy.

    Parameters
    ----------
    terminal : Terminal
    learning : Learning
        The training so far.
    chosen : Example
        The training image whose outputs are drawn.
    width, height : int
        Size of the window; a frame of normal size has 23 lines.
    unit : Unit or None
        A neuron to draw instead of the weights of the first layer.
    """
    network, labels = learning.experiment.network, learning.experiment.data.labels
    rows = 2 if height >= 24 else 1 if height >= 18 else 0
    top: list[str] = []
    if unit is not None and rows == 2:
        top = neuron_view(terminal, network, chosen, labels, unit, width)
    elif rows:
        top = patch_lines(terminal, network, labels, width, rows=rows, large=height >= _TALL)
    outputs = network.forward(chosen.row[None])[0]
    longest = max(map(len, labels))
    bars = output_bars(terminal, outputs, labels, 24 if longest < 4 else 20 + longest, 2)
    space = width - max(24, 20 + longest if longest >= 4 else 0) - 3
    return [header(terminal, learning, width), *top, *beside(bars, charts(terminal, learning, space), gap=3)]


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


def charts(terminal: Terminal, learning: Learning, width: int) -> list[str]:
    """Draw the cost, and beside it the accuracy if there is space, of training images (old) and test images (new)."""
    history, total = learning.history, learning.total
    positions = [point.batch / total for point in history]
    epochs = learning.experiment.n_epochs
    bottom = [(0.0, "0"), (1.0, f"{epochs} epoch{'' if epochs == 1 else 's'}")]

    def chart(
        new: Sequence[float], old: Sequence[float], limits: tuple[float, float], ticks: Any, log: bool
    ) -> list[str]:
        series = [Series(positions, new, "ring", ""), Series(positions, old, "point", "strong")]
        return point_chart(terminal, series, limits, (column, _CHART_LINES), ticks, bottom, logarithmic=log)

    column = (width - 3) // 2 if width >= 46 else width
    costs, test_costs = [p.training_cost for p in history], [p.test_cost for p in history]
    low, high = _limits([*costs, *test_costs])
    middle = math.sqrt(low * high)
    ticks = [(high, f"{high:.2g}"), (middle, f"{middle:.1g}"), (low, f"{low:g}")]
    marks = symbols(terminal)
    names = f"{marks.point} old  {marks.ring} new"
    cost = [f"cost  {names}", *chart(test_costs, costs, (low, high), ticks, True)]
    if column == width:
        return cost
    limits = (_LOWEST_ACCURACY, 100.0)
    ticks = [(100.0, "100"), (80.0, "80"), (60.0, "<60")]
    accuracies = [p.training_accuracy for p in history], [p.test_accuracy for p in history]
    return beside(cost, [f"% right  {names}", *chart(accuracies[1], accuracies[0], limits, ticks, False)], gap=3)


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
