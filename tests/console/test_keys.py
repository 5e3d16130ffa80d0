"""Single keys: their names, timeouts, the mode of the terminal, and input that is not a terminal."""

import io
import os
import sys
import types

import pytest

from cmlp._cli.terminal import Terminal
from cmlp.story import keys as keys_module
from cmlp.story.keys import Keys
from cmlp.story.screen import opening_screen

posix = pytest.mark.skipif(sys.platform == "win32", reason="ptys are POSIX")


@pytest.fixture
def keyboard():
    """Return a function that types text, the terminal's input stream, and a function that returns its mode."""
    import pty
    import termios

    master, slave = pty.openpty()
    with os.fdopen(slave, "r") as stream:
        yield lambda text: os.write(master, text.encode()), stream, lambda: termios.tcgetattr(slave)
    os.close(master)


@posix
def test_keys_have_names(keyboard):
    type_text, stream, _ = keyboard
    with Keys(stream) as keys:
        type_text("a \n\x1b[D\x1b[C\x1bOA\x7fq")
        names = [keys.read(1) for _ in range(8)]
        type_text("\x1b")
        assert [*names, keys.read(1)] == ["a", " ", "enter", "left", "right", "up", "backspace", "q", "escape"]
        assert keys.read(0) is None and keys.read(0.01) is None


@posix
def test_mode_is_restored_even_if_taken_twice(keyboard):
    _, stream, mode = keyboard
    before = mode()
    keys = Keys(stream)
    with keys:
        assert mode() != before
        keys.take()
        keys.take()
    assert mode() == before
    keys.give_back()
    assert mode() == before


@posix
def test_screen_restores_the_mode_after_an_error(keyboard):
    _, stream, mode = keyboard
    before, output = mode(), io.StringIO()
    terminal = Terminal(output, rewrites=True, colors=0, blocks=True)
    with pytest.raises(ZeroDivisionError), opening_screen(terminal, Keys(stream)) as screen:
        screen.show(["one", "two"], "last")
        assert mode() != before
        _ = 1 / 0
    assert mode() == before
    text = output.getvalue()
    assert text.startswith("\x1b[?1049h\x1b[?25l") and text.endswith("\x1b[?25h\x1b[?1049l")
    assert "one\x1b[K\ntwo\x1b[K\nlast\x1b[K" in text


def test_screen_is_cut_to_the_window(monkeypatch):
    monkeypatch.setenv("COLUMNS", "5")
    monkeypatch.setenv("LINES", "3")
    output = io.StringIO()
    terminal = Terminal(output, rewrites=True, colors=0, blocks=True)
    with opening_screen(terminal, Keys(io.StringIO())) as screen:
        screen.show(["a long line", "b", "c", "d"], "status line")
    lines = output.getvalue().split("\x1b[H")[1].split("\x1b[J")[0].replace("\x1b[K", "").split("\n")
    assert lines == ["a lon", "b", "statu"]


def test_input_that_is_no_terminal_has_no_keys():
    with open(os.devnull, encoding="utf-8") as stream, Keys(stream) as keys:
        assert not keys.available
        assert keys.read(0.01) is None
        assert keys.read() == "q"


def test_closed_input_has_no_keys():
    stream = io.StringIO()
    stream.close()
    assert not Keys(stream).available


@posix
def test_end_of_input_is_q(keyboard):
    type_text, stream, _ = keyboard
    with Keys(stream) as keys:
        assert keys.read(0) is None
    type_text("\x04")  # Ctrl-D ends the input in the terminal's normal mode
    assert keys.read(1) == "q"


def test_keys_on_windows(monkeypatch):
    typed = list("a\x00K\xe0H\r")
    fake = types.SimpleNamespace(kbhit=lambda: bool(typed), getwch=lambda: typed.pop(0))
    monkeypatch.setitem(sys.modules, "msvcrt", fake)
    monkeypatch.setattr(keys_module.sys, "platform", "win32")
    assert [keys_module._read_windows(1) for _ in range(4)] == ["a", "left", "up", "enter"]
    assert keys_module._read_windows(0.01) is None
    typed[:] = "\x03"
    with pytest.raises(KeyboardInterrupt):
        keys_module._read_windows(1)
