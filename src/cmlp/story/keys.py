"""Single keys from the keyboard, without Enter, for commands that run in a terminal.

`Keys` is a context manager: it switches the terminal to reading single keys, and restores it however the command ends.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, TextIO

from cmlp._cli.interruption import handling

if sys.platform != "win32":
    import termios
    import tty

# Escape sequences of the arrow keys, and the names that `Keys.read` returns for them and for other special keys.
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
_INTERRUPT = "\x03"
_POLL_SECONDS = 0.02


class Keys:
    """The keyboard of a terminal, or no keyboard if the stream is not a terminal."""

    def __init__(self, stream: TextIO | None) -> None:
        self._fd = _terminal_of(stream)
        self._saved: list[Any] | None = None

    @property
    def available(self) -> bool:
        """Whether there is a keyboard to read from."""
        return self._fd is not None

    def __enter__(self) -> Keys:
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        self.give_back()

    def take(self) -> None:
        """Switch the terminal to reading single keys. Ctrl-C still raises KeyboardInterrupt."""
        if self._fd is not None and self._saved is None and sys.platform != "win32":
            self._saved = termios.tcgetattr(self._fd)
            tty.setcbreak(self._fd, termios.TCSADRAIN)

    def give_back(self) -> None:
        """Restore the mode that the terminal had before `take`."""
        if self._fd is not None and self._saved is not None and sys.platform != "win32":
            with contextlib.suppress(termios.error):  # the terminal has been closed
                termios.tcsetattr(self._fd, termios.TCSADRAIN, self._saved)
            self._saved = None

    def read(self, timeout: float | None = None) -> str | None:
        """Return the next key, or None after `timeout` seconds; without a keyboard, wait for the timeout.

        A key is a character, or "up", "down", "left", "right", "enter", "escape" or "backspace"; at the
        end of the input, and without a keyboard and a timeout, "q".
        """
        if self._fd is None:
            if timeout is None:
                return "q"
            time.sleep(timeout)
            return None
        return _read_windows(timeout) if sys.platform == "win32" else _read_posix(self._fd, timeout)


def _terminal_of(stream: TextIO | None) -> int | None:
    try:
        return stream.fileno() if stream is not None and stream.isatty() else None
    except (OSError, ValueError):  # no file, or closed
        return None


def _read_posix(fd: int, timeout: float | None) -> str | None:
    if not select.select([fd], [], [], timeout)[0]:
        return None
    try:
        text = os.read(fd, 1).decode("utf-8", "replace")
        # The rest of an escape sequence is already there.
        while text.startswith("\x1b") and not _SEQUENCE.fullmatch(text) and select.select([fd], [], [], 0)[0]:
            text += os.read(fd, 1).decode("utf-8", "replace")
    except OSError:  # the terminal has been closed
        return "q"
    return _NAMES.get(text, text) if text else "q"


def _read_windows(timeout: float | None) -> str | None:
    if sys.platform != "win32":
        return None
    import msvcrt

    end = None if timeout is None else time.monotonic() + timeout
    while not msvcrt.kbhit():
        if end is not None and time.monotonic() >= end:
            return None
        time.sleep(_POLL_SECONDS)
    text = msvcrt.getwch()
    if text in ("\x00", "\xe0"):
        return _WINDOWS_NAMES.get(msvcrt.getwch(), "")
    if text == _INTERRUPT:
        raise KeyboardInterrupt
    return _NAMES.get(text, text)


@contextlib.contextmanager
def restoring(restore: Callable[[], None], resume: Callable[[], None]) -> Iterator[None]:
    """Call `restore` when the process is terminated, hung up or stopped (Ctrl-Z), and `resume` when it continues.

    Termination raises SystemExit with the shell's status for the signal, so that every context manager ends regularly.
    """

    def terminate(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    def stop(number: int, frame: FrameType | None) -> None:
        restore()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)  # the process stops here until SIGCONT
        signal.signal(number, stop)
        resume()

    with handling({"SIGTERM": terminate, "SIGHUP": terminate, "SIGQUIT": terminate, "SIGTSTP": stop}):
        yield
