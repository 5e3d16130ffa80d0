"""The command ``cmlp story``: the whole tale of a neural network that learns to read digits, screen by screen."""

from __future__ import annotations

import argparse
import contextlib
import io
import shlex
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np

from cmlp._cli import experiment as experiment_options
from cmlp._cli import options
from cmlp._cli.experiment import SERIES
from cmlp._cli.terminal import Terminal, wants_no_motion, wrapped
from cmlp.story.keys import Keys
from cmlp.story.page import Motion, Page
from cmlp.story.pages import BACK_KEYS, FORWARD_KEYS, QUIT_KEYS, fitted, turn_pages
from cmlp.story.pictures.text import ends, styled
from cmlp.story.screen import Screen, opened

if TYPE_CHECKING:
    from cmlp.story.tale import Tale

NAME, SUMMARY = "story", "tell how a neural network works and learns, screen by screen"
DESCRIPTION = (
    "Tell in 26 screens how a neural network reads digits and learns, with the numbers of a network that is trained on "
    "the way. It follows 3Blue1Brown's series Neural networks, chapters 1 to 4. In a terminal, each screen waits for a "
    "key; in a pipe, all of them are written at once."
)
N_SCREENS = 26
_WIDEST = 119
_FRAME_SECONDS = 0.1
_DETAILS_KEY = "d"
_SETTING_KEYS = {"+": 1, "=": 1, "-": -1, "_": -1}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument(
        "--screen",
        type=options.whole(1, N_SCREENS),
        default=1,
        metavar="N",
        help=f"start with this screen, from 1 to {N_SCREENS} (default: 1)",
    )
    parser.add_argument("--still", action="store_true", help="show no motion, only what it ends with")
    experiment_options.add(parser, "--seed")


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Tell the story, and return the exit status."""
    from cmlp.story.tale import Tale

    story = Story(Tale(arguments.seed), terminal, program)
    keys = Keys(sys.stdin)
    first = arguments.screen - 1
    if terminal.rewrites and keys.available:
        moves = not (arguments.still or wants_no_motion())
        with opened(terminal, keys) as screen:
            reader = _Reader(story, screen, first, moves=moves)
            reader.read()
        if reader.number < N_SCREENS - 1:
            going_on = f"{program} story --screen {reader.number + 1}{story.seed_option}"
            terminal.write_lines([f"To go on: {going_on}", ""])
    else:
        for number in range(first, N_SCREENS):
            terminal.write_lines([*story.whole(number), ""])
    terminal.say(f"The story follows 3Blue1Brown's series Neural networks, chapters 1 to 4: {SERIES}")
    terminal.say()
    terminal.say('This very network in Python; after it, the lines "in Python" of the screens work, too:')
    terminal.write_lines(["", *(f"  {line}".rstrip() for line in story.program_lines())])
    return 0


class Story:
    """The screens of the story for a terminal, counted from 0, with the program's name in suggested commands."""

    def __init__(self, tale: Tale, terminal: Terminal, program: str) -> None:
        from cmlp.story.script import SCREENS

        self.tale, self.terminal, self.program, self._screens = tale, terminal, program, SCREENS
        self._written: dict[tuple[int, int, int | None], list[str]] = {}

    @property
    def width(self) -> int:
        """Number of columns of text."""
        return max(20, min(self.terminal.width - 1, _WIDEST))  # writing to the last column can wrap the line

    @property
    def seed_option(self) -> str:
        """The option ``--seed`` for suggested commands; empty for the default."""
        return f" --seed {self.tale.seed}" if self.tale.seed else ""

    def motion(self, number: int) -> Motion:
        """Return how a screen moves."""
        return self._screens[number][1].motion

    def has_details(self, number: int) -> bool:
        """Whether a screen has numbers that a key shows."""
        return self._screens[number][1].details is not None

    def is_written(self, number: int, setting: int | None) -> bool:
        """Whether a screen has already been computed for the current width."""
        return (number, self.width, setting) in self._written

    def page(self, number: int, setting: int | None = None, moment: float = 1.0) -> list[str]:
        """Return the lines of a screen with a setting (None: its first) at a moment of its motion, from 0 to 1."""
        setting = self.motion(number).first if setting is None else setting
        if moment < 1:
            return self._framed(number, self._body(number, setting, moment))
        return self._kept(number, setting)

    def details(self, number: int) -> list[str]:
        """Return the lines of a screen with its numbers instead of its picture."""
        return self._kept(number, None)

    def _kept(self, number: int, setting: int | None) -> list[str]:
        """Compute the last moment of a screen, or its numbers (None), once."""
        key = number, self.width, setting
        if key not in self._written:
            self._written[key] = self._framed(number, self._body(number, setting))
        return self._written[key]

    def whole(self, number: int) -> list[str]:
        """Return the lines of a screen, its picture and its numbers, where no key can show these."""
        body = self._body(number, self.motion(number).first)
        return self._framed(number, [*body, "", *self._body(number, None)] if self.has_details(number) else body)

    def _body(self, number: int, setting: int | None, moment: float = 1.0) -> list[str]:
        """Write a screen with a setting, or its numbers (None)."""
        scene = self._screens[number][1]
        page = Page(self.terminal, self.width, setting or 0, moment)
        (scene.write if setting is not None or scene.details is None else scene.details)(self.tale, page)
        return page.lines

    def _framed(self, number: int, lines: list[str]) -> list[str]:
        """Put lines between the title of a screen and what to try after it."""
        video, scene = self._screens[number]
        first, *rest = ends(scene.title, f"{video}  {number + 1}/{N_SCREENS}", self.width)
        title = styled(self.terminal, scene.title, "strong") + first[len(scene.title) :]
        return [title, *rest, "", *lines, "", *_suggestion_lines(self.suggestion(number), self.program, self.width)]

    def suggestion(self, number: int) -> str:
        """Return what to try after a screen: a command, or a line of Python."""
        text = self._screens[number][1].tries.format(tale=self.tale)
        if not text.startswith("cmlp "):
            return text
        has_no_seed = text.startswith("cmlp read") or "--seed" in text
        return text.replace("cmlp", self.program, 1) + ("" if has_no_seed else self.seed_option)

    def is_command(self, suggestion: str) -> bool:
        """Whether a suggestion is a command rather than a line of Python."""
        return suggestion.startswith(f"{self.program} ")

    def result_lines(self, number: int) -> list[str]:
        """Run the line of Python that a screen suggests, and return what it prints."""
        from cmlp import Network
        from cmlp.story.tale import N_PASSES

        tale, output = self.tale, io.StringIO()
        names = {"np": np, "Network": Network, "net": tale.network(N_PASSES)}
        names.update(X=tale.X, y=tale.y, X_test=tale.X_test, y_test=tale.y_test)
        with contextlib.redirect_stdout(output):
            exec(compile(self.suggestion(number), "<story>", "single"), names)
        return output.getvalue().splitlines()

    def words(self, number: int) -> list[str]:
        """Return a glossary of the words that have appeared up to a screen, the latest first."""
        words = [word for _, scene in self._screens[number::-1] for word in scene.words]
        return ["What is ...", "", *(line for text in words for line in wrapped(text, self.width))]

    def program_lines(self) -> list[str]:
        """Return the Python program that trains the network of the story."""
        from cmlp.story.tale import BATCH, N_PASSES, RATE, SIZES

        return f"""\
import numpy as np
from cmlp import Network
from cmlp.datasets import load_digits28

X, y, X_test, y_test = load_digits28()
rng = np.random.RandomState({self.tale.seed})
net = Network(
    {list(SIZES)}, "logistic",
    output="logistic", loss="squared_error",
    input_scale=1 / 255, random_state=rng,
)
order = np.arange(len(X))
for _ in range({N_PASSES}):
    rng.shuffle(order)
    net.train_epoch(X, y, {BATCH}, {RATE}, order=order)
right = net.forward(X_test).argmax(axis=1) == y_test
print(right.mean())  # {self.tale.state(N_PASSES).test_accuracy / 100:.6g}""".split("\n")


class _Reader:
    """Shows the screens one by one, as the keys say; `number` is the present one, counted from 0."""

    def __init__(self, story: Story, screen: Screen, first: int, *, moves: bool) -> None:
        self._story, self._screen, self._moves = story, screen, moves
        self.number, self._part, self._n_parts, self._typed = first, 0, 1, 0
        self._setting, self._is_new, self._details = story.motion(first).first, True, False

    def read(self) -> None:
        """Show screens until a key ends the story."""
        while True:
            key = self._moved() or self._screen.ask(self._draw)
            is_at_the_end = self.number == N_SCREENS - 1 and self._part == self._n_parts - 1
            if key in QUIT_KEYS or (key in FORWARD_KEYS and is_at_the_end):
                return
            self._press(key)

    def _moved(self) -> str | None:
        """Show the motion of a screen that has just been opened or set; return the key that ends it.

        A key that leads forward only ends the motion. Of a screen that is divided into parts, the first one moves.
        """
        seconds = self._story.motion(self.number).seconds
        is_due, self._is_new = self._is_new and self._moves and seconds > 0, False
        if not is_due:
            return None
        self._draw(0.0)  # what has to be computed does not count
        start, key = time.monotonic(), None
        while key is None and (moment := (time.monotonic() - start) / seconds) < 1:
            self._draw(moment)
            key = self._screen.keys.read(_FRAME_SECONDS)
        return None if key in FORWARD_KEYS else key

    def _draw(self, moment: float = 1.0) -> None:
        story = self._story
        if not story.is_written(self.number, None if self._details else self._setting):
            self._screen.show([], "one moment ...")
            story.page(self.number, self._setting)
        lines = story.details(self.number) if self._details else story.page(self.number, self._setting, moment)
        parts = fitted(lines, story.terminal.height - 1)
        self._n_parts = len(parts)
        self._part = min(self._part, len(parts) - 1)
        more = self._part + 1 < len(parts)
        own = story.motion(self.number).keys
        names = ["space more" if more else "space next", "b back", "q quit", *([f"+ - {own}"] if own else [])]
        if story.has_details(self.number):
            names.append(f"{_DETAILS_KEY} {'picture' if self._details else 'numbers'}")
        names += ["t try it", "? what is ...", f"1-{N_SCREENS} go to"]
        while len("   ".join(names)) > story.width:
            names.pop()
        self._screen.show(parts[self._part], "   ".join(names))

    def _press(self, key: str) -> None:
        if key.isdigit() and key.isascii():
            # Go to the screen whose number has been typed so far: 1 goes to screen 1, and 7 after it to screen 17.
            together = 10 * self._typed + int(key)
            self._typed = together if together <= N_SCREENS else int(key)
            if self._typed:
                self._go_to(self._typed - 1)
            return
        self._typed = 0
        if key == "?":
            self._show_words()
        elif key == "t":
            self._try()
        elif key == _DETAILS_KEY and self._story.has_details(self.number):
            self._part, self._details = 0, not self._details
        elif key in _SETTING_KEYS:
            self._set(self._setting + _SETTING_KEYS[key])
        elif key in ("home", "end"):
            self._go_to(0 if key == "home" else N_SCREENS - 1)
        elif key in BACK_KEYS:
            self._turn(-1)
        elif key in FORWARD_KEYS:
            self._turn(1)

    def _turn(self, by: int) -> None:
        """Turn to the next or the last part, or to the next or the last screen."""
        if 0 <= self._part + by < self._n_parts:
            self._part += by
        else:
            self._go_to(max(self.number + by, 0))

    def _go_to(self, number: int) -> None:
        self.number, self._part, self._n_parts = number, 0, 1
        self._setting, self._is_new, self._details = self._story.motion(number).first, True, False

    def _set(self, setting: int) -> None:
        if 0 <= setting < self._story.motion(self.number).settings:
            self._part, self._setting, self._is_new, self._details = 0, setting, True, False

    def _show_words(self) -> None:
        def footer(number: int, n: int) -> str:
            return "q back   any other key more" if number + 1 < n else "any key back"

        words = self._story.words(self.number)
        turn_pages(self._screen, lambda: fitted(words, self._story.terminal.height - 1), footer)

    def _try(self) -> None:
        story, text = self._story, self._story.suggestion(self.number)
        with self._screen.suspended():
            if story.is_command(text):
                story.terminal.write_lines(["", f"$ {text}", ""])
                arguments = shlex.split(text.removeprefix(story.program))
                subprocess.run([sys.executable, "-m", "cmlp", *arguments], check=False)
            else:
                story.terminal.write_lines(["", f">>> {text}", *story.result_lines(self.number)])
            story.terminal.write_lines(["", "any key: back to the story"])
            self._screen.keys.take()
            self._screen.keys.read()


def _suggestion_lines(text: str, program: str, width: int) -> list[str]:
    """Write what to try after a screen; a backslash continues a command on the next line."""
    label = "try:" if text.startswith(program) else "in Python:"
    if len(label) + 1 + len(text) <= width:
        return [f"{label} {text}"]
    *lines, last = wrapped(text, width - 4)
    return [label, *(f"  {line} \\" for line in lines), f"  {last}"]
