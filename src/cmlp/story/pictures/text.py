"""Emphasis, symbols, bars, and short texts in lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cmlp._cli.terminal import Terminal

_RESET = "\x1b[0m"
# Bold text keeps the terminal's own colour. This blue and this orange are legible on black and on white.
_STYLES = {"strong": "\x1b[1m", "up": "\x1b[38;5;32m", "down": "\x1b[38;5;166m"}
_NARROWEST, _WIDEST = 40, 120


class Symbols(NamedTuple):
    """Characters of pictures."""

    full: str
    half: str
    winner: str
    up: str
    down: str
    point: str
    ring: str
    dot: str
    vertical: str
    corner: str
    tee: str
    horizontal: str


_SYMBOLS = {True: Symbols(*"█▌◄▲▼●○·│└├─"), False: Symbols("#", "", *"<^v@o.|++-")}


def symbols(terminal: Terminal) -> Symbols:
    """Return the characters that the terminal's encoding has."""
    return _SYMBOLS[terminal.blocks]


def styled(terminal: Terminal, text: str, style: str) -> str:
    """Return text in a style ("strong", "up", "down") if the terminal has colours."""
    return f"{_STYLES[style]}{text}{_RESET}" if terminal.colors and text else text


def signs(terminal: Terminal) -> str:
    """Return what positive and negative weights look like."""
    return "blue +, orange -" if terminal.colors else "shades +, dashes -"


def page_width(terminal: Terminal) -> int:
    """Return the width for a page of pictures and tables: that of the terminal, with limits."""
    return min(max(terminal.width, _NARROWEST), _WIDEST) - 1


def ends(left: str, right: str, width: int) -> list[str]:
    """Return one line with texts at both ends; if they do not fit, `right` is broken after its commas."""
    space = width - len(left) - len(right)
    if space >= 2:
        return [left + " " * space + right]
    *parts, last = right.split(", ")
    return [left, *joined([*(f"{part}," for part in parts), last], width, gap=1)]


def bar(terminal: Terminal, share: float, width: int) -> str:
    """Return a bar for a share from 0 to 1 of a width in columns, to half a column."""
    full, half = symbols(terminal)[:2]
    length = min(max(share, 0.0), 1.0) * width
    halves = round(2 * length) if half else 2 * round(length)
    return full * (halves // 2) + half * (halves % 2)


def signed_bar(terminal: Terminal, share: float, width: int, styles: tuple[str, str] = ("down", "up")) -> str:
    """Return a bar from the middle of a width in columns: to the right for shares up to 1, to the left down to -1."""
    half, marks = (width - 1) // 2, symbols(terminal)
    cells = marks.full * round(min(abs(share), 1.0) * half)
    space = " " * (half - len(cells))
    if share < 0:
        return space + styled(terminal, cells, styles[0]) + marks.vertical + " " * half
    return " " * half + marks.vertical + styled(terminal, cells, styles[1]) + space


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, which gets an s unless the number is 1."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def joined(parts: Sequence[str], width: int, gap: int = 3) -> list[str]:
    """Return short texts as lines, as many in a line as fit."""
    lines = [parts[0]]
    for part in parts[1:]:
        if len(lines[-1]) + gap + len(part) <= width:
            lines[-1] += " " * gap + part
        else:
            lines.append(part)
    return lines
