"""The command ``cmlp watch``: learning at a speed that the eye can follow."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Callable
from functools import partial

from cmlp._cli import experiment as experiment_options
from cmlp._cli import options
from cmlp._cli.experiment import Learning
from cmlp._cli.terminal import Terminal
from cmlp.story import charts
from cmlp.story.animation import body_lines, frame_width, header
from cmlp.story.case import Case, case_of, save
from cmlp.story.screen import QUIT_KEYS, keyboard_of, opening_screen

DESCRIPTION = (
    "Watch the network learn at human speed: the weights of the first neurons as images (blue or shades: positive, "
    "orange or dashes: negative), the outputs for one training image, cost and accuracy. Space pauses, n takes one "
    "batch, + and - change the speed, q ends. In a pipe, a few frames are written without waiting."
)
_SECONDS, _FRAME_SECONDS, _PAUSED_SECONDS = 20.0, 0.1, 0.5
_SPEEDS = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
_FIRST_BATCHES, _TALL = 100, 30
_BACK_SECONDS = 2.0  # at normal speed


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    experiment_options.add(parser, "digit", "--number")
    parser.add_argument(
        "--seconds", type=options.positive, default=_SECONDS, metavar="N", help="duration in a terminal (default: 20)"
    )
    experiment_options.add(parser, "--hidden", *experiment_options.TRAINING, "--save")


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Show the training that the arguments describe, and return the exit status."""
    with options.reporting():
        case = case_of(arguments, of_training=True)
        learning = Learning(case.experiment)
    network = case.experiment.network
    if terminal.moves_cursor:
        _play_on_screen(terminal, learning, case, arguments.seconds)
    else:
        write_frames(terminal, learning, case)
    label = shlex.quote(case.example.label)
    hints = ["look closer:", f"{program} look {label}", f"{program} nudge {label}"]
    terminal.write_lines(["", *charts.joined(hints, charts.page_width(terminal))])
    save(network, arguments.save, terminal, program)
    return 0


def _play_on_screen(terminal: Terminal, learning: Learning, case: Case, seconds: float) -> None:
    """Show the training on the alternate screen, then the last frame on the normal screen."""
    keyboard, player = keyboard_of(sys.stdin), Player(learning, seconds)

    def frame() -> list[str]:
        return frame_lines(terminal, learning, case, frame_width(terminal), terminal.height)

    with opening_screen(terminal, keyboard) as screen:
        status = partial(player.status, case.example.label, has_keys=keyboard is not None)
        play(player, screen.read_key, lambda: screen.show(frame(), status(terminal.width)))
    terminal.write_lines(frame())
    if not learning.finished:
        terminal.write_lines(["", f"ended after batch {learning.batch:,} of {learning.total:,}"])


class Player:
    """The state of the display: position in time, speed, pause. Times are those at normal speed.

    With `begun`, which returns the training before its first batch, a key goes back in time.
    """

    def __init__(
        self, learning: Learning, seconds: float = _SECONDS, begun: Callable[[], Learning] | None = None
    ) -> None:
        self.learning, self.seconds, self._begun = learning, seconds, begun
        self.speed = _SPEEDS.index(1.0)
        self.paused = self.ended = False
        self._time = 0.0

    def pass_time(self, seconds: float) -> None:
        """Train as far as the time at the present speed allows, unless paused."""
        if not self.paused:
            self._time += seconds * _SPEEDS[self.speed]
            self._advance(self.learning.batches_at(self._time / self.seconds))

    def press(self, key: str) -> None:
        """React to a key; unknown keys do nothing."""
        if key == " ":
            self.paused = not self.paused
        elif key == "n":
            self.paused = True
            self._advance(self.learning.batch + 1)
            self._time = self.learning.share_at(self.learning.batch) * self.seconds
        elif key in ("+", "="):
            self.speed = min(self.speed + 1, len(_SPEEDS) - 1)
        elif key in ("-", "_"):
            self.speed = max(self.speed - 1, 0)
        elif key == "left" and self._begun is not None:
            self.learning = self._begun()
            self._time = max(0.0, self._time - _BACK_SECONDS)
            self._advance(self.learning.batches_at(self._time / self.seconds))
        elif key in QUIT_KEYS:
            self.ended = True

    def _advance(self, batch: int) -> None:
        with options.reporting():
            self.learning.advance(batch)
        self.ended = self.ended or self.learning.finished

    def status(self, label: str, width: int, *, has_keys: bool) -> str:
        """Return the last line of the screen: what the bars show, and the keys."""
        question = f"a {label}: is it one yet?"
        speed = "speed" if _SPEEDS[self.speed] == 1 else f"speed {_SPEEDS[self.speed]:g}x"
        keys = f"space {'go on' if self.paused else 'pause'}   n one batch   + - {speed}   q end"
        line = f"{question}   {keys}"
        return question if not has_keys else line if len(line) <= width else keys


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


def frame_lines(terminal: Terminal, learning: Learning, case: Case, width: int, height: int) -> list[str]:
    """Draw one frame: progress, then training as `body_lines` draws it, one line less than the window has."""
    body = body_lines(terminal, learning, case.example, width, height - 2)
    return [header(terminal, learning, width), *body]


def write_frames(terminal: Terminal, learning: Learning, case: Case) -> None:
    """Write a few frames without waiting: before training, after 100 batches, and after 1, 3, 10 and all epochs."""
    n = learning.experiment.n_batches
    for stop in sorted({0, _FIRST_BATCHES, n, 3 * n, 10 * n, learning.total}):
        if stop <= learning.total:
            with options.reporting():
                learning.advance(stop)
            lines = frame_lines(terminal, learning, case, charts.page_width(terminal), _TALL)
            under = f"training image {case.example.image}, a {case.example.label}"
            terminal.write_lines([*([""] if stop else []), *lines, under])
