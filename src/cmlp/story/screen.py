"""A whole screen that is drawn again and again, for commands that wait for keys."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence

from cmlp._cli.terminal import Terminal, clipped
from cmlp.story.keys import Keys, restoring

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
def opening_screen(terminal: Terminal, keys: Keys) -> Iterator[Screen]:
    """Open the alternate screen and the keyboard; restore both however the command ends, Ctrl-Z included."""
    screen = Screen(terminal, keys)
    with restoring(screen.leave, screen.enter):
        try:
            screen.enter()
            yield screen
        finally:
            with contextlib.suppress(OSError, ValueError):  # the terminal has been closed
                screen.leave()


FORWARD_KEYS = (" ", "enter", "right", "down", "n")
BACK_KEYS = ("b", "left", "up", "backspace")
QUIT_KEYS = ("q", "Q", "escape")
