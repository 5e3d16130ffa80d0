"""``cmlp story`` on terminals: every screen fits every width and encoding, and the keys work."""

import codecs
import contextlib
import io
import os
import re
import select
import subprocess
import sys

import pytest

from cmlp.command import main as cli
from cmlp.command.chapters.page import table_lines
from cmlp.command.chapters.tale import Tale
from cmlp.command.story import N_SCREENS, Story, _suggestion_lines, fitted
from cmlp.command.terminal import Terminal, visible

posix = pytest.mark.skipif(sys.platform == "win32", reason="ptys are POSIX")


def terminal(*, colors=0, blocks=True):
    return Terminal(io.StringIO(), rewrites=False, colors=colors, blocks=blocks)


@pytest.fixture(scope="module")
def tale():
    return Tale()


@pytest.fixture(autouse=True)
def columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


# --------------------------------------------------------------------------------------------------- every terminal


def test_tables_lose_their_last_columns():
    rows = [["name", "one", "two"], ["a", "1", "22"]]
    assert table_lines(rows, 80) == ["  name  one  two", "  a       1   22"]
    assert table_lines(rows, 15) == ["  name  one", "  a       1"]
    assert table_lines(rows, 3) == ["  name", "  a"]


def test_long_screens_lose_empty_lines_first():
    lines = ["a", "", "b", "", "c"]
    assert fitted(lines, 5) == [lines]
    assert fitted(lines, 4) == [["a", "", "b", "c"]]
    assert fitted(lines, 3) == [["a", "b", "c"]]
    assert fitted(lines, 2) == [["a", ""], ["b", ""], ["c"]]


@pytest.mark.slow
@pytest.mark.parametrize(
    "seed, width, colors, blocks",
    [
        (0, 80, 0, True),
        (0, 60, 0, False),
        (0, 60, 2**24, True),
        (0, 120, 256, False),
        (0, 40, 0, True),
        (7, 80, 0, True),
    ],
)
def test_every_screen_fits_every_terminal(tale, seed, width, colors, blocks, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    story = Story(Tale(seed) if seed else tale, terminal(colors=colors, blocks=blocks), "cmlp")
    for number in range(N_SCREENS):
        lines = story.page(number)
        assert width == 40 or max(len(visible(line)) for line in lines) <= min(width, 79), (number + 1, width)
        assert blocks or all(visible(line).isascii() for line in lines)
        assert bool(colors) == ("\x1b" in "".join(lines))
        if width >= 60:
            assert visible(lines[0]).endswith(f" {number + 1}/24")
            assert len(visible(lines[0])) == min(width, 79)
        if width >= 80:
            assert len(fitted(lines, 23)) == 1, f"screen {number + 1} does not fit on 24 lines"
    words = " ".join(story.words(N_SCREENS - 1))
    assert all(word in words for word in ("gradient:", "bias:", "overfitting:"))


@pytest.mark.slow
def test_whole_story_in_a_pipe():
    done = subprocess.run(
        [sys.executable, "-m", "cmlp", "story"],
        capture_output=True,
        env={**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        check=True,
        timeout=120,
    )
    assert done.stderr == b"" and done.stdout.isascii()
    text = done.stdout.decode()
    assert re.findall(r"(\d+)/24$", text, re.MULTILINE) == [str(n + 1) for n in range(24)]
    assert "https://www.3blue1brown.com/topics/neural-networks" in text
    assert text.rstrip().endswith("print(right.mean())  # 0.889")


def test_suggestions_fit_the_width():
    assert _suggestion_lines("cmlp look 3", "cmlp", 60) == ["try: cmlp look 3"]
    assert _suggestion_lines("net.cost(X, y)", "cmlp", 60) == ["in Python: net.cost(X, y)"]
    lines = _suggestion_lines("python -m cmlp digits --rate 15 --batch 10", "python -m cmlp", 30)
    assert lines == ["try:", "  python -m cmlp digits \\", "  --rate 15 --batch 10"]


def test_story_can_start_at_a_screen(capsys):
    assert cli.main(["story", "--screen", "24", "--seed", "4294967295"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("The examination") and text.count("/24") == 1 and "RandomState(4294967295)" in text
    with pytest.raises(SystemExit):
        cli.main(["story", "--screen", "25"])


# ------------------------------------------------------------------------------------------------------------- keys


class Session:
    """The command on a pseudo-terminal: keys in, screens out."""

    def __init__(self, *arguments, rows=24):
        import fcntl
        import pty
        import struct
        import termios

        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 80, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "PYTHONUTF8": "1"}
        for name in ("COLUMNS", "LINES", "NO_COLOR", "COLORTERM"):
            environment.pop(name, None)
        command = [sys.executable, "-m", "cmlp", "story", *arguments]
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment)
        os.close(slave)
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.text = ""

    def until(self, *expected):
        """Read until all texts have appeared since the last key."""
        while not all(part in self.text for part in expected):
            assert select.select([self.master], [], [], 30)[0], f"{expected} did not appear in {self.text!r}"
            self.text += self.decoder.decode(os.read(self.master, 65536))

    def press(self, keys, *expected):
        self.text = ""
        os.write(self.master, keys.encode())
        self.until(*expected)

    def end(self):
        with contextlib.suppress(OSError):
            while chunk := os.read(self.master, 65536):
                self.text += self.decoder.decode(chunk)
        os.close(self.master)
        return self.process.wait(timeout=60)


@posix
def test_keys():
    story = Session("--screen", "16")
    story.until("16/24", "Ten wishes", "space next", "\x1b[?1049h")
    story.press(" ", "17/24", "Three ways", "q quit")
    story.press("?", "What is ...", "push:", "any other key more")
    story.press("x", "neuron:", "any key back")
    story.press("x", "17/24")
    story.press("b", "16/24")
    story.press("\x1b[C", "17/24")
    story.text = ""
    os.write(story.master, b"q")
    assert story.end() == 0
    assert "\x1b[?1049l" in story.text
    assert "To go on: python -m cmlp story --screen 17" in story.text
    assert "3Blue1Brown" in story.text


@pytest.mark.slow
@posix
def test_low_terminals_get_screens_in_parts():
    story = Session("--screen", "17", rows=12)
    story.until("17/24", "space more")
    story.press(" ", "q quit")
    first = story.text
    story.press("b", "17/24")
    assert "17/24" not in first
    os.write(story.master, b"q")
    assert story.end() == 0


@pytest.mark.slow
@posix
def test_last_screen_ends_with_the_program():
    story = Session("--screen", "24")
    story.until("24/24")
    story.press(" ", "This very network in Python")
    assert story.end() == 0
    assert "To go on" not in story.text and "# 0.889" in story.text
