"""Terminals for tests: one that shows nothing, a pipe, and a pseudo-terminal with the command as a process."""

import codecs
import io
import os
import re
import select
import subprocess
import sys
import time

from helpers import DEADLOCK

from cmlp.__main__ import main
from cmlp._cli.terminal import Terminal


def terminal(**capabilities):
    """Return a terminal whose output is not read: plain characters and blocks, unless the capabilities differ."""
    return Terminal(
        io.StringIO(), **{"rewrites": False, "colors": 0, "blocks": True, **capabilities}
    )


def output_of(monkeypatch, *arguments, columns=80, encoding="utf-8", status=0):
    """Return what the command writes, and check its exit status."""
    monkeypatch.setenv("COLUMNS", str(columns))
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
    monkeypatch.setattr(sys, "stdout", stream)
    assert main([*arguments]) == status
    stream.flush()
    return stream.buffer.getvalue().decode(encoding)


class Pty:
    """A command on a new pseudo-terminal, which is its controlling terminal."""

    def __init__(self, *arguments, columns=80, lines=24, **changes):
        import fcntl
        import pty
        import struct
        import termios

        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.mode_before = termios.tcgetattr(self.slave)
        ignored = (
            "COLUMNS",
            "LINES",
            "NO_COLOR",
            "COLORTERM",
            "PYTHONIOENCODING",
            "PYTHONUNBUFFERED",
        )
        kept = {name: value for name, value in os.environ.items() if name not in ignored}
        self.process = subprocess.Popen(
            [sys.executable, "-c", _WITH_TERMINAL, *arguments],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env={**kept, "PYTHONUTF8": "1", "TERM": "xterm-256color", **changes},
            start_new_session=True,
        )
        self.written, self._position = "", 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def wait_for(self, pattern, seconds=DEADLOCK):
        """Read until the output after the last match contains a pattern; return the output up to its end."""
        end = time.monotonic() + seconds
        while not (match := re.search(pattern, self.written[self._position :])):
            assert time.monotonic() < end, f"no {pattern!r} in ...{self.written[-500:]!r}"
            if select.select([self.master], [], [], 0.1)[0]:
                chunk = self._read()
                assert chunk, f"the command ended without {pattern!r}: ...{self.written[-500:]!r}"
                self.written += self._decoder.decode(chunk)
        start, self._position = self._position, self._position + match.end()
        return self.written[start : self._position]

    def press(self, keys):
        os.write(self.master, keys.encode())

    def resize(self, columns, lines):
        import fcntl
        import struct
        import termios

        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def end(self, seconds=DEADLOCK):
        """Read to the end; return the exit status and everything that was written."""
        end = time.monotonic() + seconds
        while self.process.poll() is None or select.select([self.master], [], [], 0)[0]:
            assert time.monotonic() < end, "the command does not end"
            if select.select([self.master], [], [], 0.1)[0]:
                self.written += self._decoder.decode(self._read())
        return self.process.returncode, self.written

    def mode_is_restored(self):
        """Return whether the terminal has the mode that it had before the command."""
        import termios

        return termios.tcgetattr(self.slave) == self.mode_before

    def _read(self):
        try:
            return os.read(self.master, 65536)
        except OSError:  # Linux reports the end of the output as an error
            return b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.slave)
        os.close(self.master)


_WITH_TERMINAL = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from cmlp.__main__ import main
sys.exit(main(program="python -m cmlp"))
"""
