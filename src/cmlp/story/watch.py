"""The command ``cmlp watch``: learning at a speed that the eye can follow."""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
import time
from collections.abc import Callable

from cmlp.console import options, png
from cmlp.console.experiment import Experiment, Options
from cmlp.console.experiment_options import Example, add_example, add_experiment, add_hidden, example
from cmlp.console.terminal import Terminal
from cmlp.story.frames import body_lines, frame_width, header
from cmlp.story.keys import Keys
from cmlp.story.learning import Learning
from cmlp.story.pictures.names import Unit, parse_unit
from cmlp.story.pictures.text import joined, page_width
from cmlp.story.screen import opened

NAME, SUMMARY = "watch", "watch the network learn, in about 20 seconds"
DESCRIPTION = (
    "Watch the network learn at human speed: the weights of the first neurons as images (blue or shades: positive, "
    "orange or dashes: negative), the outputs for one training image, cost and accuracy. Space pauses, n takes one "
    "batch, + and - change the speed, q ends. In a pipe, a few frames are written without waiting."
)
_SECONDS, _FRAME_SECONDS, _PAUSED_SECONDS = 20.0, 0.1, 0.5
_SPEEDS = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
_FIRST_BATCHES, _TALL = 100, 30


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
            lines = frame_lines(terminal, learning, chosen, frame_width(terminal), height, unit)
            screen.show(lines, player.status(chosen, terminal.width, has_keys=keys.available))

        play(player, keys.read, draw)
    terminal.write_lines(
        frame_lines(terminal, learning, chosen, frame_width(terminal), shutil.get_terminal_size().lines, unit)
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
        """Return the number of batches after some seconds."""
        return self.learning.pace.batches_at(seconds / self.seconds)

    def seconds_at(self, batches: int) -> float:
        """Return the time of a number of batches: the inverse of `batches_at`."""
        return self.learning.pace.share_at(batches) * self.seconds

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
        # At most five frames at once: after a stop (Ctrl-Z) the training goes on where it was.
        player.pass_time(min(now - last, 5 * _FRAME_SECONDS))
        last = now
        if key is not None:
            player.press(key)
        draw()


def frame_lines(
    terminal: Terminal, learning: Learning, chosen: Example, width: int, height: int, unit: Unit | None = None
) -> list[str]:
    """Draw one frame: progress, then the training as `body_lines` draws it, one line less than the window has."""
    return [header(terminal, learning, width), *body_lines(terminal, learning, chosen, width, height - 2, unit)]


def write_frames(terminal: Terminal, learning: Learning, chosen: Example, unit: Unit | None = None) -> None:
    """Write a few frames without waiting: before training, after 100 batches, and after 1, 3, 10 and all epochs."""
    n_batches = learning.experiment.n_batches
    stops = sorted({0, _FIRST_BATCHES, n_batches, 3 * n_batches, 10 * n_batches, learning.total})
    for stop in [stop for stop in stops if stop <= learning.total]:
        with options.reported():
            learning.advance(stop)
        lines = frame_lines(terminal, learning, chosen, page_width(terminal), _TALL, unit)
        gap = [""] if stop else []
        terminal.write_lines([*gap, *lines, f"training image {chosen.image}, a {chosen.label}"])
