"""What ``cmlp`` without arguments shows on a terminal.

A network learns in 15 seconds, then reads a digit.
"""

from __future__ import annotations

import sys
import textwrap
from typing import TextIO

import numpy as np

from cmlp._cli.experiment import Experiment, ExperimentOptions
from cmlp._cli.options import CommandError
from cmlp._cli.terminal import (
    Terminal,
    printable,
    printable_message,
    wants_no_motion,
    without_codes,
    wrap,
)
from cmlp._cli.web import EXPLORER, PAGE_FILE, open_in_browser
from cmlp.story import drawing
from cmlp.story.animation import Learning, Player, body_lines, old_and_new
from cmlp.story.case import Example, image_of
from cmlp.story.digits import suggestion_lines
from cmlp.story.neurons import SIDE
from cmlp.story.screen import QUIT_KEYS, Screen, keyboard_of, opening_screen
from cmlp.story.story import write_page

_SECONDS = 15.0
# From these shares of the training on, the next sentence is shown.
_SENTENCES = (0.0, 0.16, 0.45, 0.75)
_FORWARD_KEYS = (" ", "enter", "right", "down", "n")
_BACK_KEYS = ("b", "left", "up", "backspace")
_SMALLEST = (50, 18)
_IMAGE_LINES = SIDE // 2
_SMALL_IMAGE_LINES = 10
_GAP = 4
_BAR_WIDTH = 40


def can_play(terminal: Terminal, keyboard: TextIO) -> bool:
    """Return whether the training can be shown: on a terminal with a keyboard and enough space."""
    large = terminal.width >= _SMALLEST[0] and terminal.height >= _SMALLEST[1]
    return (
        terminal.stream.isatty()
        and terminal.moves_cursor
        and keyboard_of(keyboard) is not None
        and large
    )


def run(terminal: Terminal, program: str) -> int:
    """Show a network learning, then a digit and its answer; return the exit status.

    The answer is shown until a key leads on.
    """
    moves = not wants_no_motion()
    opening = Opening(terminal)
    with opening_screen(terminal, keyboard_of(sys.stdin)) as screen:
        opening.play(screen, moves=moves)
        while opening.ask(screen) == "a":
            opening.learning.go_to(0)
            opening.play(screen, moves=moves)
    width = terminal.width - 1
    terminal.write_lines(["", *opening.answer_lines(width, _SMALL_IMAGE_LINES), ""])
    terminal.write_lines([*suggestion_lines(program, width), ""])
    if opening.page is not None:
        terminal.write_lines(
            [f"The page with the story, and to draw on: {printable(opening.page)}"]
        )
    return 0


class Opening:
    """Training from the start, and the digits that the network reads at its end.

    `page` is a path if one is made.
    """

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.learning = Learning(Experiment(ExperimentOptions(threads=1)))
        self.data = self.learning.experiment.data
        image = image_of("9", 1, self.data.y_train, self.data.labels)
        self.chosen = Example(image, self.data.X_train[image], "9")
        self._first_answer = self._read(self.chosen.row)[1]
        # The first image to read is a 9, as in the story; then come the following ones.
        self._image = image_of("9", 1, self.data.y_test, self.data.labels)
        self._notice = ""
        self.page: str | None = None

    def play(self, screen: Screen, *, moves: bool = True) -> None:
        """Show the training until its end, or until a key ends it.

        If nothing may move, only train.
        """
        player = Player(self.learning, _SECONDS)
        terminal = self.terminal
        if moves:
            player.play(
                screen.read_key,
                lambda: screen.show(
                    *self.frame(terminal.width - 1, terminal.height, paused=player.paused)
                ),
            )
        self.learning.go_to(self.learning.total)

    def frame(self, width: int, height: int, *, paused: bool = False) -> tuple[list[str], str]:
        """Return the lines of a frame of the training, and its last line."""
        legend = self._legend(width)
        body = body_lines(self.terminal, self.learning, self.chosen, width, height - 3)
        seen = self.learning.batch * self.learning.experiment.batch_size
        right = self.learning.now.measured.test_accuracy
        state = f"{seen:,} digits shown   {right:.0f} % of new ones right"
        space = "go on" if paused else "pause"
        keys = f"space {space}   left back   q on"
        return [self._strong(self.sentence()), *body, legend], drawing.ends(state, keys, width)[0]

    def _legend(self, width: int) -> str:
        """Say in a line what the squares, the dots and the axis are."""
        old, new = old_and_new(self.terminal)
        parts = [
            "A1 ...: a neuron",
            f"{old} old: learned from",
            f"{new} new: never seen",
            "axis: epochs",
        ]
        while len(without_codes("   ".join(parts))) > width:
            parts.pop()
        return "   ".join(parts)

    def sentence(self) -> str:
        """Return what to say at this point of the training."""
        share = self.learning.share_at(self.learning.batch)
        n_images = len(self.data.X_train)
        n_params = self.learning.experiment.network.n_params
        if self.terminal.colors:
            looks = "Blue yes, orange"
        else:
            looks = "Shades yes, dashes"
        sentences = (
            f"{n_params:,} random numbers. This is a 9; they say {self._first_answer}.",
            f"{n_images:,} digits, ten at a time: every number moves a little.",
            f"Each square: what one neuron looks for. {looks} no.",
            f"Of {len(self.data.y_test):,} new digits it now reads {self._n_right()}.",
        )
        return sentences[sum(share >= start for start in _SENTENCES) - 1]

    def _n_right(self) -> int:
        return round(self.learning.now.measured.test_accuracy * len(self.data.y_test) / 100)

    def ask(self, screen: Screen) -> str:
        """Show a digit and its answer until a key leads on; return "a" (again) or "q"."""
        while True:
            key = screen.ask(
                lambda: screen.show(self.last_lines(self.terminal.width - 1, self.terminal.height))
            )
            self._notice = ""
            if key == "a" or key in QUIT_KEYS:
                if key == "a":
                    return "a"
                return "q"
            if key in ("s", "d"):
                part = "" if key == "s" else EXPLORER
                self._notice = self._open_page(part)
            elif key in _FORWARD_KEYS or key in _BACK_KEYS:
                step = 1 if key in _FORWARD_KEYS else -1
                self._image = (self._image + step) % len(self.data.y_test)

    def last_lines(self, width: int, height: int) -> list[str]:
        """Return the lines of the screen at the end: a digit, its answer, and the keys."""
        title = (
            f"It has learned to read: {self._n_right()} of {len(self.data.y_test):,} digits that "
            "it had never seen."
        )
        strong = self._strong
        menu = [
            f"{strong('s')}      how it works and learns, in your browser",
            f"{strong('d')}      draw one yourself, in your browser",
            f"{strong('space')}  another digit     {strong('a')}  again     {strong('q')}  quit",
        ]
        heading = [strong(line) for line in wrap(title, width)]
        notice = textwrap.wrap(self._notice, width)  # also within a long path
        space = height - len(heading) - len(menu) - len(notice) - 2
        height = _IMAGE_LINES if space >= _IMAGE_LINES else _SMALL_IMAGE_LINES
        answer = self.answer_lines(width, height)
        lines = [*heading, "", *answer, "", *menu, *notice]
        if len(lines) <= height:
            return lines
        return [line for line in lines if line]

    def answer_lines(self, width: int, height: int) -> list[str]:
        """Draw the image to read, in 14 or 10 lines, with the outputs and the answer beside it."""
        row = self.data.X_test[self._image]
        label = self.data.labels[self.data.y_test[self._image]]
        outputs, answer = self._read(row)
        is_large = height == _IMAGE_LINES
        image = drawing.digit_lines(self.terminal, row, whole=is_large)[: height + (not is_large)]
        bars = drawing.output_bars(
            self.terminal, outputs, self.data.labels, min(width - SIDE - _GAP, _BAR_WIDTH), 2
        )
        if answer == label:
            verdict = f"It says {answer}."
        else:
            verdict = f"It says {answer}, but this is a {label}."
        lines = [self._strong(verdict)]
        if is_large:
            lines.append("")
        lines += bars
        return drawing.beside(image, lines, gap=_GAP)

    def _strong(self, text: str) -> str:
        return drawing.styled(self.terminal, text, "strong")

    def _read(self, row: np.ndarray) -> tuple[np.ndarray, str]:
        outputs = self.learning.experiment.network.forward(row[None])[0]
        return outputs, self.data.labels[int(outputs.argmax())]

    def _open_page(self, address: str) -> str:
        """Write the page of the network, open it at an address of its own, and say so."""
        try:
            self.page = path = write_page(self.learning.experiment.network)
        except CommandError as error:
            return printable_message(str(error))
        except OSError as error:
            return printable_message(f"cannot write {PAGE_FILE} here: {error.strerror or error}")
        opened_there = open_in_browser(path, address)
        state = "open in your browser" if opened_there else "open this file in a browser"
        return f"{printable(path)}: {state}"
