"""Terminal: detected capabilities, live lines, and images drawn with characters."""

import io
import re
import sys

import numpy as np
import pytest

from cmlp._cli import terminal as terminal_module
from cmlp._cli.terminal import Terminal, duration, side_by_side, wrap

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


class Stream(io.StringIO):
    """A text stream with a given encoding that may claim to be a terminal."""

    def __init__(self, *, encoding="utf-8", is_terminal=True):
        super().__init__()
        self._encoding = encoding
        self._is_terminal = is_terminal

    @property
    def encoding(self):
        return self._encoding

    def isatty(self):
        return self._is_terminal


def make(*, rewrites=False, colors=0, blocks=True):
    return Terminal(io.StringIO(), rewrites=rewrites, colors=colors, blocks=blocks)


@pytest.fixture(autouse=True)
def columns(monkeypatch):
    """Set 80 columns for every test; a test can set another number."""

    def set_columns(number):
        monkeypatch.setenv("COLUMNS", str(number))

    set_columns(80)
    return set_columns


@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows asks its console, not TERM")
@pytest.mark.parametrize(
    "environ, colors",
    [
        ({"TERM": "xterm-256color"}, 256),
        ({"TERM": "xterm"}, 256),
        ({"TERM": "screen.linux"}, 256),
        ({"TERM": "tmux-256color", "COLORTERM": "truecolor"}, 2**24),
        ({"TERM": "xterm", "COLORTERM": "24bit"}, 2**24),
        ({"TERM": "xterm-direct"}, 2**24),
        ({"TERM": "vt100"}, 0),
        ({}, 0),
        ({"TERM": "dumb", "COLORTERM": "truecolor"}, 0),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, 0),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, 256),
    ],
)
def test_colors_of_a_terminal(environ, colors):
    assert Terminal.from_stream(Stream(), environ).colors == colors


def test_dumb_terminal_does_not_rewrite_lines():
    assert Terminal.from_stream(Stream(), {"TERM": "xterm"}).rewrites
    assert not Terminal.from_stream(Stream(), {"TERM": "dumb"}).rewrites


def test_screens_are_redrawn_in_terminals_that_understand_escape_codes(monkeypatch):
    assert Terminal.from_stream(Stream(), {"TERM": "xterm"}).moves_cursor or sys.platform == "win32"
    assert not Terminal.from_stream(Stream(), {"TERM": "dumb"}).moves_cursor
    assert not Terminal.from_stream(Stream(is_terminal=False), {"TERM": "xterm"}).moves_cursor
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(terminal_module, "_enable_escape_codes", lambda stream: False)
    assert not make(rewrites=True).moves_cursor


def test_pipe_has_no_colors_and_no_rewritten_lines():
    pipe = Stream(is_terminal=False)
    terminal = Terminal.from_stream(pipe, {"TERM": "xterm-256color", "COLORTERM": "truecolor"})
    assert terminal.colors == 0
    assert not terminal.rewrites
    assert terminal.blocks


@pytest.mark.parametrize(
    "encoding, blocks",
    [("utf-8", True), ("ascii", False), ("latin-1", False), ("unheard-of", False), (None, False)],
)
def test_block_characters_need_a_suitable_encoding(encoding, blocks):
    assert Terminal.from_stream(Stream(encoding=encoding), {"TERM": "xterm"}).blocks is blocks


def test_paragraph_is_wrapped_at_the_terminal_width(columns):
    columns(20)
    terminal = make()
    terminal.say("one two three four five six seven eight")
    lines = terminal.stream.getvalue().splitlines()
    assert len(lines) > 1
    assert max(map(len, lines)) <= 20
    assert " ".join(lines) == "one two three four five six seven eight"


def test_empty_paragraph_is_an_empty_line():
    terminal = make()
    terminal.say()
    assert terminal.stream.getvalue() == "\n"


def test_live_line_is_overwritten_and_cleared():
    terminal = make(rewrites=True)
    terminal.write_live(["a long line", "with two parts"])
    terminal.write_live(["short"])
    terminal.say("next")
    long, short = "a long line  with two parts", "short"
    expected = f"\r{long}\r{short.ljust(len(long))}\nnext\n"
    assert terminal.stream.getvalue() == expected


def test_live_line_in_a_pipe_is_a_separate_line():
    terminal = make()
    terminal.write_live(["a", "b"])
    terminal.write_live(["c"])
    terminal.settle()
    assert terminal.stream.getvalue() == "a  b\nc\n"


@pytest.mark.parametrize(
    "width, expected",
    [(80, "first  second  third"), (21, "first  second  third"), (20, "first  second"), (4, "fir")],
)
def test_live_line_is_shorter_than_the_terminal(columns, width, expected):
    columns(width)
    terminal = make(rewrites=True)
    terminal.write_live(["first", "second", "third"])
    assert terminal.stream.getvalue() == "\r" + expected


def test_settle_ends_the_live_line_once():
    terminal = make(rewrites=True)
    terminal.write_live(["live"])
    terminal.settle()
    terminal.settle()
    assert terminal.stream.getvalue() == "\rlive\n"


def test_shades_without_colors():
    image = np.array([[0, 0.25, 0.5, 0.75, 1.0]] * 2)
    assert make().draw(image) == [" ░▒▓█"]
    assert make().draw(-image, signed=True) == [" .-~="]
    image = np.array([[0, 0.2, 0.4, 0.6, 0.8, 1.0]] * 2)
    assert make(blocks=False).draw(image) == [" :+*#@"]


def test_two_pixel_rows_share_a_line():
    image = np.array([[1.0, 0.0], [0.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    assert make().draw(image) == ["▒ ", "██"]


def test_last_odd_row_is_drawn_on_black():
    assert make().draw(np.ones((3, 2))) == ["██", "▒▒"]


def test_values_above_one_are_clipped():
    assert make().draw(np.array([[-7.0, 7.0]] * 2), signed=True) == ["=█"]
    assert "255;255;255" in make(colors=2**24).draw(np.full((2, 1), 7.0))[0]


def test_true_colors():
    image = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    assert make(colors=2**24).draw(image) == [
        "\x1b[38;2;255;255;255;48;2;0;0;0m▀\x1b[38;2;0;0;0;48;2;0;0;0m▀▀\x1b[0m"
    ]
    image = np.array([[1.0], [-1.0]])
    assert make(colors=2**24).draw(image, signed=True) == [
        "\x1b[38;2;80;160;255;48;2;255;140;40m▀\x1b[0m"
    ]


def test_256_colors():
    image = np.array([[1.0, 0.0], [0.0, 0.0]])
    assert make(colors=256).draw(image) == ["\x1b[38;5;231;48;5;16m▀\x1b[38;5;16;48;5;16m▀\x1b[0m"]
    line = make(colors=256).draw(np.linspace(-1, 1, 200).reshape(2, 100), signed=True)[0]
    assert {int(code) for code in re.findall(r"[34]8;5;(\d+)", line)} <= set(range(16, 256))


def test_colors_without_blocks_are_colored_spaces():
    image = np.array([[1.0], [0.0]])
    assert make(colors=2**24, blocks=False).draw(image) == [
        "\x1b[38;2;128;128;128;48;2;128;128;128m \x1b[0m"
    ]


@pytest.mark.parametrize("colors", [0, 256, 2**24])
@pytest.mark.parametrize("blocks", [False, True])
@pytest.mark.parametrize("signed", [False, True])
def test_every_line_is_as_wide_as_the_image(colors, blocks, signed):
    image = np.random.default_rng(0).uniform(-1 if signed else 0, 1, (28, 28))
    lines = make(colors=colors, blocks=blocks).draw(image, signed=signed)
    assert len(lines) == 14
    assert {len(ESCAPE.sub("", line)) for line in lines} == {28}
    if not blocks:
        "".join(lines).encode("ascii")


@pytest.mark.parametrize(
    "seconds, text",
    [(0, "0.00 s"), (0.99, "0.99 s"), (9.94, "9.9 s"), (119.4, "119 s"), (119.6, "2 min")],
)
def test_durations_are_rounded_and_have_a_unit(seconds, text):
    assert duration(seconds) == text


def test_blocks_of_lines_side_by_side():
    assert side_by_side(["ab", "c"], ["1", "22", "333"], gap=1) == ["ab 1", "c  22", "   333"]


@pytest.mark.parametrize("blocks", [True, False])
def test_no_character_has_both_signs(blocks):
    levels = np.linspace(0.2, 1, 5)[None]
    positive, negative = (
        make(blocks=blocks).draw(np.repeat(v, 2, 0), signed=True)[0] for v in (levels, -levels)
    )
    assert not set(positive) & set(negative) - {" "}


@pytest.mark.parametrize("width", [1, 7, 20, 60, 80])
def test_text_is_not_broken_within_words_or_before_a_percent_sign(width):
    text = (
        "An extraordinarily well-known 3Blue1Brown neuron-by-neuron network reads 88.9 % of them."
    )
    lines = wrap(text, width)
    assert " ".join(lines) == text
    assert not any(line.startswith("%") for line in lines)
    assert all(len(line) <= width or len(line.replace(" %", "%").split()) == 1 for line in lines)
