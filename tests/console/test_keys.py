"""Single keys: their names, timeouts, the mode of the terminal, and input that is not a terminal."""

import io
import os
import sys
import types

import pytest
from terminals import terminal

from cmlp.story import screen as screen_module
from cmlp.story.screen import keyboard_of, opening_screen

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
    with opening_screen(terminal(), keyboard_of(stream)) as screen:
        type_text("a \n\x1b[D\x1b[C\x1bOA\x7fq")
        names = [screen.read_key(1) for _ in range(8)]
        type_text("\x1b")
        assert [*names, screen.read_key(1)] == [
            "a",
            " ",
            "enter",
            "left",
            "right",
            "up",
            "backspace",
            "q",
            "escape",
        ]
        assert screen.read_key(0) is None and screen.read_key(0.01) is None


@posix
def test_screen_restores_the_mode_after_an_error(keyboard):
    _, stream, mode = keyboard
    before, shown = mode(), terminal(rewrites=True)
    with pytest.raises(ZeroDivisionError), opening_screen(shown, keyboard_of(stream)) as screen:
        screen.show(["one", "two"], "last")
        assert mode() != before
        _ = 1 / 0
    assert mode() == before
    text = shown.stream.getvalue()
    assert text.startswith("\x1b[?1049h\x1b[?25l") and text.endswith("\x1b[?25h\x1b[?1049l")
    assert "one\x1b[K\ntwo\x1b[K\nlast\x1b[K" in text


def test_screen_is_cut_to_the_window(monkeypatch):
    monkeypatch.setenv("COLUMNS", "5")
    monkeypatch.setenv("LINES", "3")
    shown = terminal(rewrites=True)
    with opening_screen(shown, None) as screen:
        screen.show(["a long line", "b", "c", "d"], "status line")
    lines = (
        shown.stream.getvalue()
        .split("\x1b[H")[1]
        .split("\x1b[J")[0]
        .replace("\x1b[K", "")
        .split("\n")
    )
    assert lines == ["a lon", "b", "statu"]


def test_input_that_is_no_terminal_has_no_keys():
    with open(os.devnull, encoding="utf-8") as stream:
        assert keyboard_of(stream) is None
    with opening_screen(terminal(), None) as screen:
        assert screen.read_key(0.01) is None


def test_closed_input_has_no_keys():
    stream = io.StringIO()
    stream.close()
    assert keyboard_of(stream) is None


@posix
def test_end_of_input_is_q(keyboard):
    type_text, stream, _ = keyboard
    with opening_screen(terminal(), keyboard_of(stream)) as screen:
        assert screen.read_key(0) is None
    type_text("\x04")  # Ctrl-D ends the input in the terminal's normal mode
    assert screen.read_key(1) == "q"


def test_keys_on_windows(monkeypatch):
    typed = list("a\x00K\xe0H\r")
    fake = types.SimpleNamespace(kbhit=lambda: bool(typed), getwch=lambda: typed.pop(0))
    monkeypatch.setitem(sys.modules, "msvcrt", fake)
    monkeypatch.setattr(screen_module.sys, "platform", "win32")
    assert [screen_module._read_windows(1) for _ in range(4)] == ["a", "left", "up", "enter"]
    assert screen_module._read_windows(0.01) is None
    typed[:] = "\x03"
    with pytest.raises(KeyboardInterrupt):
        screen_module._read_windows(1)
