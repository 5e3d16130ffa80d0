"""The command ``cmlp watch``: learning at a speed that the eye can follow."""

from __future__ import annotations

import argparse
import shlex
import sys

from cmlp._cli import experiment as experiment_options
from cmlp._cli import options
from cmlp._cli.terminal import Terminal
from cmlp.story import drawing
from cmlp.story.animation import Learning, Player, frame_lines
from cmlp.story.case import Example, case_of, save
from cmlp.story.screen import keyboard_of, opening_screen

DESCRIPTION = (
    "Watch the network learn at human speed: the weights of the first neurons as images (blue or "
    "shades: positive, orange or dashes: negative), the outputs for one training image, cost and "
    "accuracy. Space pauses, n takes one batch, left goes back, + and - change the speed, q ends. "
    "In a pipe, a few frames are written without waiting."
)
_SECONDS = 20.0
_FIRST_BATCHES = 100
_TALL = 30


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    experiment_options.add(parser, "digit", "--number")
    parser.add_argument(
        "--seconds",
        type=options.positive,
        default=_SECONDS,
        metavar="N",
        help="duration in a terminal (default: 20)",
    )
    experiment_options.add(parser, "--hidden", *experiment_options.TRAINING, "--save")


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Show the training that the arguments describe, and return the exit status."""
    with options.as_command_errors():
        case = case_of(arguments, of_training=True)
        learning = Learning(case.experiment)
    if terminal.moves_cursor:
        _play(terminal, learning, case.example, arguments.seconds)
    else:
        _write_frames(terminal, learning, case.example)
    label = shlex.quote(case.example.label)
    hints = ["look closer:", f"{program} look {label}", f"{program} nudge {label}"]
    terminal.write_lines(["", *drawing.join_texts(hints, drawing.page_width(terminal))])
    save(learning.experiment.network, arguments.save, terminal, program)
    return 0


def _play(terminal: Terminal, learning: Learning, example: Example, seconds: float) -> None:
    """Show the training on the alternate screen, then the last frame on the normal screen."""
    keyboard = keyboard_of(sys.stdin)
    player = Player(learning, seconds)

    def frame() -> list[str]:
        return frame_lines(terminal, learning, example, terminal.width - 1, terminal.height - 1)

    with opening_screen(terminal, keyboard) as screen:
        question = f"a {example.label}: is it one yet?"

        def show() -> None:
            if keyboard is None:
                screen.show(frame(), question)
            else:
                screen.show(frame(), f"{player.keys()}   {question}")

        player.play(screen.read_key, show)
    terminal.write_lines(frame())
    if not learning.finished:
        terminal.write_lines(["", f"ended after batch {learning.batch:,} of {learning.total:,}"])


def _write_frames(terminal: Terminal, learning: Learning, example: Example) -> None:
    """Write a few frames without waiting.

    They are before training, after 100 batches, and after 1, 3, 10 and all epochs.
    """
    n = learning.experiment.n_batches
    for stop in sorted({0, _FIRST_BATCHES, n, 3 * n, 10 * n, learning.total}):
        if stop <= learning.total:
            with options.as_command_errors():
                learning.go_to(stop)
            lines = frame_lines(
                terminal, learning, example, drawing.page_width(terminal), _TALL - 1
            )
            under = f"training image {example.image}, a {example.label}"
            if stop:
                lines.insert(0, "")
            terminal.write_lines([*lines, under])
