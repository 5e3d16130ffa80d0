"""What ``cmlp`` without arguments shows: a network learns in 15 seconds, then reads a digit.

Without a terminal to play on, the same is written as text.
"""

from __future__ import annotations

import sys
import textwrap
from typing import TextIO

import numpy as np

from cmlp._cli.options import CommandError
from cmlp._cli.story_network import StoryTraining
from cmlp._cli.terminal import Terminal, clip, wants_no_motion, without_codes, wrap
from cmlp._cli.web import EXPLORER, PAGE_FILE, open_in_browser
from cmlp._process.printable import printable, printable_message
from cmlp.story import drawing
from cmlp.story.animation import Learning, Player, body_lines, old_and_new
from cmlp.story.drawing import SIDE
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
_PATCHES = 12  # lines of the weights
_GAP = 4
_BAR_WIDTH = 40


def _can_play(terminal: Terminal, keyboard: TextIO) -> bool:
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

    On a terminal, the answer is shown until a key leads on.
    """
    opening = Opening(terminal)
    if _can_play(terminal, sys.stdin):
        opening.show()
    else:
        opening.write()
    width = terminal.width - 1
    terminal.write_lines(
        ["", *(clip(line, width) for line in opening.answer_lines(width, _SMALL_IMAGE_LINES)), ""]
    )
    terminal.say("Draw a digit, and see in a film how a network learns to read it:")
    if opening.page is None:
        terminal.write_lines([f"  {program} story"])
    else:
        terminal.write_lines([f"  {printable(opening.page)}"])
    return 0


class Opening:
    """Training from the start, and the digits that the network reads at its end.

    `page` is a path if one is made.
    """

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.learning = Learning(StoryTraining())
        self.data = self.learning.training.data
        self._row = self.data.X_train[_first_nine(self.data.y_train)]
        # The first image to read is a 9, as in the story; then come the following ones.
        self._image = _first_nine(self.data.y_test)
        self._notice = ""
        self.page: str | None = None

    def show(self) -> None:
        """Show the training and a digit on the whole terminal until a key ends it."""
        moves = not wants_no_motion()
        with opening_screen(self.terminal, keyboard_of(sys.stdin)) as screen:
            self.play(screen, moves=moves)
            while self.ask(screen) == "a":
                self.learning.go_to(0)
                self.play(screen, moves=moves)

    def write(self) -> None:
        """Train, and write as text what the terminal would show."""
        terminal = self.terminal
        begins, learns, _, _ = self._sentences()
        terminal.say(f"{begins} {learns}")
        self.learning.go_to(self.learning.total)
        _, _, looks, _ = self._sentences()
        terminal.say()
        terminal.say(f"{self._result()} {looks}")
        width = terminal.width - 1
        squares = drawing.patch_lines(terminal, self.learning.training.network, width, _PATCHES)
        terminal.write_lines(["", *(clip(line, width) for line in squares)])

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
        body = body_lines(self.terminal, self.learning, self._row, width, height - 3)
        seen = self.learning.batch * self.learning.training.batch_size
        right = self.learning.now.test_accuracy
        state = f"{seen:,} digits shown   {right:.0f} % of new ones right"
        keys = f"space {'go on' if paused else 'pause'}   left back   q on"
        space = width - len(state) - len(keys)
        last = f"{state}{' ' * space}{keys}" if space >= 2 else state
        return [self._strong(self.sentence()), *body, legend], last

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
        return self._sentences()[sum(share >= start for start in _SENTENCES) - 1]

    def _sentences(self) -> tuple[str, str, str, str]:
        n_images = len(self.data.X_train)
        n_params = self.learning.training.network.n_params
        if self.terminal.colors:
            looks = "Blue yes, orange"
        else:
            looks = "Shades yes, dashes"
        return (
            f"{n_params:,} random numbers. This is a 9; they say {self._read(self._row)[1]}.",
            f"{n_images:,} digits, ten at a time: every number moves a little.",
            f"Each square: what one neuron looks for. {looks} no.",
            f"Of {len(self.data.y_test):,} new digits it now reads {self._n_right()}.",
        )

    def _result(self) -> str:
        """Say how many new digits the trained network reads."""
        return (
            f"It has learned to read: {self._n_right()} of {len(self.data.y_test):,} digits that "
            "it had never seen."
        )

    def _n_right(self) -> int:
        return round(self.learning.now.test_accuracy * len(self.data.y_test) / 100)

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
        strong = self._strong
        menu = [
            f"{strong('s')}      a film that begins with your digit",
            f"{strong('d')}      draw for it, and turn its weights",
            f"{strong('space')}  another digit     {strong('a')}  again     {strong('q')}  quit",
        ]
        heading = [strong(line) for line in wrap(self._result(), width)]
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
            self.terminal, outputs, self.data.labels, min(width - SIDE - _GAP, _BAR_WIDTH)
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
        outputs = self.learning.training.network.forward(row[None])[0]
        return outputs, self.data.labels[int(outputs.argmax())]

    def _open_page(self, address: str) -> str:
        """Write the page of the network, open it at an address of its own, and say so."""
        try:
            self.page = path = write_page(self.learning.training.network)
        except CommandError as error:
            return printable_message(str(error))
        except OSError as error:
            return printable_message(f"cannot write {PAGE_FILE} here: {error.strerror or error}")
        opened_there = open_in_browser(path, address)
        state = "open in your browser" if opened_there else "open this file in a browser"
        return f"{printable(path)}: {state}"


def _first_nine(y: np.ndarray) -> int:
    """Return the index of the first 9."""
    return int(np.flatnonzero(y == 9)[0])
