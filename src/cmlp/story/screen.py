"""A whole window that is drawn again and again, and single keys without Enter."""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any, TextIO

from cmlp._cli.interruption import handling
from cmlp._cli.terminal import Terminal, clip

if sys.platform != "win32":
    import termios
    import tty

_HOME = "\x1b[H"
_CLEAR_LINE = "\x1b[K"
_CLEAR_REST = "\x1b[J"
# The alternate screen keeps what was on the terminal before; the cursor is hidden while it is in
# use.
_ENTER = "\x1b[?1049h\x1b[?25l"
_LEAVE = "\x1b[?25h\x1b[?1049l"
_RESIZE_SECONDS = 0.2  # how soon a new size of the window is noticed
_POLL_SECONDS = 0.02
# Escape sequences of the arrow keys, and the names that `read_key` returns for them and for other
# special keys.
_ARROWS = {"A": "up", "B": "down", "C": "right", "D": "left"}
_NAMES = {f"\x1b{start}{letter}": name for start in "[O" for letter, name in _ARROWS.items()} | {
    "\x1b": "escape",
    "\r": "enter",
    "\n": "enter",
    "\x7f": "backspace",
    "\x08": "backspace",
}
_WINDOWS_NAMES = {"H": "up", "P": "down", "M": "right", "K": "left"}
# An escape sequence ends with a tilde after a digit, otherwise with the third character.
_SEQUENCE = re.compile(r".{4}|..\D", re.DOTALL)
QUIT_KEYS = ("q", "Q", "escape")


def keyboard_of(stream: TextIO | None) -> int | None:
    """Return the descriptor of a stream if it is a terminal, which has a keyboard."""
    try:
        if stream is not None and stream.isatty():
            return stream.fileno()
        return None
    except (OSError, ValueError):  # no file, or closed
        return None


class Screen:
    """The terminal's alternate screen, and its keyboard if standard input is one.

    `opening_screen` restores both.
    """

    def __init__(self, terminal: Terminal, keyboard: int | None) -> None:
        self.terminal = terminal
        self._keyboard = keyboard
        self._mode: list[Any] | None = None

    def enter(self) -> None:
        """Switch to the alternate screen, and to reading single keys.

        Ctrl-C still raises KeyboardInterrupt.
        """
        self._write(_ENTER)
        if self._keyboard is not None and self._mode is None and sys.platform != "win32":
            self._mode = termios.tcgetattr(self._keyboard)
            tty.setcbreak(self._keyboard, termios.TCSADRAIN)

    def leave(self) -> None:
        """Switch back to what the terminal was before."""
        if self._keyboard is not None and self._mode is not None and sys.platform != "win32":
            with contextlib.suppress(termios.error):  # the terminal has been closed
                termios.tcsetattr(self._keyboard, termios.TCSADRAIN, self._mode)
            self._mode = None
        self._write(_LEAVE)

    def show(self, lines: Sequence[str], last: str = "") -> None:
        """Draw lines from the top, and `last` below them.

        What does not fit into the window is cut off.
        """
        room = max(self.terminal.height - 1, 1)
        if last:
            shown = [*lines[:room], last]
        else:
            shown = list(lines[: room + 1])
        width = self.terminal.width
        self._write(
            _HOME + "\n".join(clip(line, width) + _CLEAR_LINE for line in shown) + _CLEAR_REST
        )

    def read_key(self, timeout: float) -> str | None:
        """Return the next key, or None after `timeout` seconds; "q" at the end of the input.

        A key is a character, or "up", "down", "left", "right", "enter", "escape" or "backspace".
        """
        if self._keyboard is None:
            time.sleep(timeout)
            return None
        if sys.platform == "win32":
            return _read_windows(timeout)
        return _read_posix(self._keyboard, timeout)

    def ask(self, draw: Callable[[], None]) -> str:
        """Draw, and return the next key; draw again whenever the window gets another size."""
        size = shutil.get_terminal_size()
        draw()
        while (key := self.read_key(_RESIZE_SECONDS)) is None:
            if size != (size := shutil.get_terminal_size()):
                draw()
        return key

    def _write(self, text: str) -> None:
        stream = self.terminal.stream
        if sys.platform == "win32" or not stream.encoding:  # text in memory has none
            stream.write(text)
            stream.flush()
            return
        # Not through the stream's buffer, which refuses the write of a signal handler within
        # another write.
        rest = text.encode(stream.encoding, "replace")
        while rest:
            rest = rest[os.write(stream.fileno(), rest) :]


def _read_posix(keyboard: int, timeout: float) -> str | None:
    if not select.select([keyboard], [], [], timeout)[0]:
        return None
    try:
        text = os.read(keyboard, 1).decode("utf-8", "replace")
        # The rest of an escape sequence is already there.
        while (
            text.startswith("\x1b")
            and not _SEQUENCE.fullmatch(text)
            and select.select([keyboard], [], [], 0)[0]
        ):
            text += os.read(keyboard, 1).decode("utf-8", "replace")
    except OSError:  # the terminal has been closed
        return "q"
    if text:
        return _NAMES.get(text, text)
    return "q"


def _read_windows(timeout: float) -> str | None:
    if sys.platform != "win32":
        return None
    import msvcrt

    end = time.monotonic() + timeout
    while not msvcrt.kbhit():
        if time.monotonic() >= end:
            return None
        time.sleep(_POLL_SECONDS)
    text = msvcrt.getwch()
    if text in ("\x00", "\xe0"):
        return _WINDOWS_NAMES.get(msvcrt.getwch(), "")
    if text == "\x03":
        raise KeyboardInterrupt
    return _NAMES.get(text, text)


@contextlib.contextmanager
def opening_screen(terminal: Terminal, keyboard: int | None) -> Iterator[Screen]:
    """Open the alternate screen and the keyboard.

    Both are restored however the command ends, and while Ctrl-Z stops it.
    """
    screen = Screen(terminal, keyboard)

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)  # the shell's status for the signal

    def stop(number: int, frame: FrameType | None) -> None:
        screen.leave()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)  # the process stops here until SIGCONT
        signal.signal(number, stop)
        screen.enter()

    with handling({"SIGQUIT": end, "SIGTSTP": stop}):
        try:
            screen.enter()
            yield screen
        finally:
            with contextlib.suppress(OSError, ValueError):  # the terminal has been closed
                screen.leave()
