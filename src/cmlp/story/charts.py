"""Emphasis, symbols, bars, charts of points, and short texts in lines, for the colours and characters of a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from cmlp._cli.terminal import Terminal

_RESET = "\x1b[0m"
# Bold text keeps the terminal's own colour. This blue and this orange are legible on black and on white.
_STYLES = {"strong": "\x1b[1m", "up": "\x1b[38;5;32m", "down": "\x1b[38;5;166m"}
_NARROWEST, _WIDEST = 40, 120
_NAMES = ("full", "half", "winner", "up", "down", "point", "ring", "vertical")
# With and without block characters.
_SYMBOLS: dict[bool, Sequence[str]] = {True: "█▌◄▲▼●○│", False: ("#", "", *"<^v@o|")}


def symbol(terminal: Terminal, name: str) -> str:
    """Return a character that the terminal's encoding has, by its name."""
    return _SYMBOLS[terminal.blocks][_NAMES.index(name)]


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
    full, half = symbol(terminal, "full"), symbol(terminal, "half")
    length = min(max(share, 0.0), 1.0) * width
    halves = round(2 * length) if half else 2 * round(length)
    return full * (halves // 2) + half * (halves % 2)


def joined(parts: Sequence[str], width: int, gap: int = 3) -> list[str]:
    """Return short texts as lines, as many in a line as fit."""
    lines = [parts[0]]
    for part in parts[1:]:
        if len(lines[-1]) + gap + len(part) <= width:
            lines[-1] += " " * gap + part
        else:
            lines.append(part)
    return lines


def spaced(sections: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of sections, with an empty line between two of them."""
    return [line for section in sections for line in ("", *section)][1:]


Ticks: TypeAlias = Sequence[tuple[float, str]]  # positions or values with their labels


class Series(NamedTuple):
    """Points of one curve: positions from 0 to 1, values, the name of the symbol, and a style ("" for none)."""

    positions: Sequence[float]
    values: Sequence[float]
    symbol: str
    style: str = ""


class Axes(NamedTuple):
    """The axes of a chart.

    Limits are the values at the bottom and at the top; values outside are drawn at the nearer limit. Ticks are values
    with their labels, and `bottom` has positions from 0 to 1 with theirs.
    """

    limits: tuple[float, float]
    ticks: Ticks
    bottom: Ticks
    logarithmic: bool = False


def point_chart(terminal: Terminal, series: Sequence[Series], axes: Axes, width: int, height: int) -> list[str]:
    """Draw curves as points in `width` columns and `height` lines, labels included; later ones over earlier ones."""
    margin = max((len(text) for _, text in axes.ticks), default=0)
    columns, rows = max(width - margin - 1, 2), height - 1
    low, high = (np.log(axes.limits) if axes.logarithmic else np.asarray(axes.limits)).tolist()

    def row_of(value: float) -> int:
        share = ((np.log(value) if axes.logarithmic else value) - low) / (high - low)
        return round((1 - float(np.clip(share, 0, 1))) * (rows - 1))

    grid = [[" "] * columns for _ in range(rows)]
    for curve in series:
        mark = symbol(terminal, curve.symbol)
        mark = styled(terminal, mark, curve.style) if curve.style else mark
        for position, value in zip(curve.positions, curve.values, strict=True):
            if np.isfinite(value) and (value > 0 or not axes.logarithmic):
                grid[row_of(value)][round(min(max(position, 0.0), 1.0) * (columns - 1))] = mark
    labels, vertical = {row_of(value): text for value, text in axes.ticks}, symbol(terminal, "vertical")
    lines = [f"{labels.get(n, ''):>{margin}}{vertical}{''.join(cells)}".rstrip() for n, cells in enumerate(grid)]
    axis = [" "] * columns
    for position, text in axes.bottom:
        start = min(round(position * (columns - 1)), columns - len(text))
        axis[start : start + len(text)] = text
    return [*lines, " " * (margin + 1) + "".join(axis).rstrip()]
