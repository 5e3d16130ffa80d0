"""A whole screen that is drawn again and again, for commands that wait for keys."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence

from cmlp.console.terminal import Terminal, clipped
from cmlp.story.keys import Keys, restored

_HOME, _CLEAR_LINE, _CLEAR_REST = "\x1b[H", "\x1b[K", "\x1b[J"
# The alternate screen keeps what was on the terminal before; the cursor is hidden while it is in use.
_RESIZE_SECONDS = 0.2  # how soon a new size of the window is noticed
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"


class Screen:
    """The terminal's alternate screen. `opened` returns one, and restores the terminal at the end."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    @property
    def height(self) -> int:
        """Current number of lines; the window can be resized at any time."""
        return shutil.get_terminal_size().lines

    def show(self, lines: Sequence[str], last: str = "") -> None:
        """Draw lines from the top, and `last` below them. What does not fit into the window is cut off."""
        room = max(self.height - 1, 1)
        shown = [*lines[:room], last] if last else list(lines[: room + 1])
        width = self._terminal.width
        body = "\n".join(clipped(line, width) + _CLEAR_LINE for line in shown)
        self._write(_HOME + body + _CLEAR_REST)

    def ask(self, keys: Keys, draw: Callable[[], None]) -> str:
        """Draw, and return the next key; draw again whenever the window gets another size."""
        size = shutil.get_terminal_size()
        draw()
        while (key := keys.read(_RESIZE_SECONDS)) is None:
            if size != (size := shutil.get_terminal_size()):
                draw()
        return key

    @contextlib.contextmanager
    def suspended(self, keys: Keys) -> Iterator[None]:
        """Give the terminal back while another command uses it."""
        keys.give_back()
        self.leave()
        try:
            yield
        finally:
            self.enter()
            keys.take()

    def enter(self) -> None:
        """Switch to the alternate screen."""
        self._write(_ENTER)

    def leave(self) -> None:
        """Switch back to the normal screen."""
        self._write(_LEAVE)

    def _write(self, text: str) -> None:
        stream = self._terminal.stream
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
    screen = Screen(terminal)

    def restore() -> None:
        keys.give_back()
        screen.leave()

    def resume() -> None:
        screen.enter()
        keys.take()

    with restored(restore, resume):
        try:
            resume()
            yield screen
        finally:
            with contextlib.suppress(OSError, ValueError):  # the terminal has been closed
                restore()
