"""A whole screen that is drawn again and again, for commands that wait for keys; long texts in pages that fit it."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence

from cmlp._cli.terminal import Terminal, clipped
from cmlp.story.keys import Keys, restored

_HOME, _CLEAR_LINE, _CLEAR_REST = "\x1b[H", "\x1b[K", "\x1b[J"
# The alternate screen keeps what was on the terminal before; the cursor is hidden while it is in use.
_RESIZE_SECONDS = 0.2  # how soon a new size of the window is noticed
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"


class Screen:
    """The terminal's alternate screen with its keyboard. `opened` returns one, and restores the terminal at the end."""

    def __init__(self, terminal: Terminal, keys: Keys) -> None:
        self.terminal, self.keys = terminal, keys

    def show(self, lines: Sequence[str], last: str = "") -> None:
        """Draw lines from the top, and `last` below them. What does not fit into the window is cut off."""
        room = max(self.terminal.height - 1, 1)
        shown = [*lines[:room], last] if last else list(lines[: room + 1])
        width = self.terminal.width
        body = "\n".join(clipped(line, width) + _CLEAR_LINE for line in shown)
        self._write(_HOME + body + _CLEAR_REST)

    def ask(self, draw: Callable[[], None]) -> str:
        """Draw, and return the next key; draw again whenever the window gets another size."""
        size = shutil.get_terminal_size()
        draw()
        while (key := self.keys.read(_RESIZE_SECONDS)) is None:
            if size != (size := shutil.get_terminal_size()):
                draw()
        return key

    def enter(self) -> None:
        """Switch to the alternate screen, and to reading single keys."""
        self._write(_ENTER)
        self.keys.take()

    def leave(self) -> None:
        """Switch back to what the terminal was before."""
        self.keys.give_back()
        self._write(_LEAVE)

    def _write(self, text: str) -> None:
        stream = self.terminal.stream
        if sys.platform == "win32" or not stream.encoding:  # text in memory has none
            stream.write(text)
            stream.flush()
            return
        # Not through the stream's buffer, which refuses the write of a signal handler within another write.
        rest = text.encode(stream.encoding, "replace")
        while rest:
            rest = rest[os.write(stream.fileno(), rest) :]


@contextlib.contextmanager
def opened(terminal: Terminal, keys: Keys) -> Iterator[Screen]:
    """Open the alternate screen and the keyboard; restore both however the command ends, Ctrl-Z included."""
    screen = Screen(terminal, keys)
    with restored(screen.leave, screen.enter):
        try:
            screen.enter()
            yield screen
        finally:
            with contextlib.suppress(OSError, ValueError):  # the terminal has been closed
                screen.leave()


FORWARD_KEYS = (" ", "enter", "right", "down", "n")
BACK_KEYS = ("b", "left", "up", "backspace")
QUIT_KEYS = ("q", "Q", "escape")


def packed(sections: Sequence[Sequence[str]], height: int) -> list[list[str]]:
    """Return sections in parts of at most `height` lines, with an empty line between two sections.

    A section that is longer than a part is divided.
    """
    parts: list[list[str]] = [[]]
    for section in sections:
        if parts[-1] and len(parts[-1]) + 1 + len(section) <= height:
            parts[-1] += ["", *section]
            continue
        pieces = [list(section[start : start + height]) for start in range(0, len(section), height)]
        parts = parts + pieces if parts[-1] else pieces or parts
    return parts


def show_pages(terminal: Terminal, sections: Sequence[Sequence[str]]) -> None:
    """Write sections; on a terminal with a keyboard that is too low for all of them, first show them in parts."""
    whole = packed(sections, sum(map(len, sections)) + len(sections))[0]
    keys = Keys(sys.stdin)

    def footer(number: int, n: int) -> str:
        return f"{number + 1}/{n}   space {'more' if number + 1 < n else 'end'}   b back   q end"

    if terminal.moves_cursor and keys.available and len(whole) >= terminal.height:
        with opened(terminal, keys) as screen:
            turn_pages(screen, lambda: packed(sections, max(terminal.height - 1, 1)), footer)
    terminal.write_lines(whole)


def turn_pages(screen: Screen, parts: Callable[[], list[list[str]]], footer: Callable[[int, int], str]) -> None:
    """Show parts, each with a last line for its number and the number of parts, until a key leads out of them."""
    number = 0

    def draw() -> None:
        shown = parts()
        now = min(number, len(shown) - 1)
        screen.show(shown[now], footer(now, len(shown)))

    while number < len(parts()):
        key = screen.ask(draw)
        if key in QUIT_KEYS:
            return
        number = max(number - 1, 0) if key in BACK_KEYS else number + 1
