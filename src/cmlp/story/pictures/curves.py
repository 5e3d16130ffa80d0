"""Curves, drawn as points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmlp._cli.terminal import Terminal
from cmlp.story.pictures.text import styled, symbols

_REACH = 8.0  # weighted sums at the ends of an activation function


class Series(NamedTuple):
    """Points of one curve: positions from 0 to 1, values, the name of the symbol, and a style ("" for none)."""

    positions: Sequence[float]
    values: Sequence[float]
    symbol: str
    style: str = ""

    def mark(self, terminal: Terminal) -> str:
        """Return the symbol of a point as it is drawn."""
        mark = getattr(symbols(terminal), self.symbol)
        return styled(terminal, mark, self.style) if self.style else mark


class Axes(NamedTuple):
    """The axes of a chart.

    Limits are the values at the bottom and at the top; values outside are drawn at the nearer limit. Ticks are values
    with their labels, and `bottom` has positions from 0 to 1 with theirs.
    """

    limits: tuple[float, float]
    ticks: Sequence[tuple[float, str]]
    bottom: Sequence[tuple[float, str]]
    logarithmic: bool = False


def point_chart(
    terminal: Terminal, series: Sequence[Series], axes: Axes, width: int, height: int, *, staggered: bool = False
) -> list[str]:
    """Draw curves as points in `width` columns and `height` lines, labels included.

    Later curves are drawn over earlier ones, or with `staggered` each a column to the right of the one before it, so
    that equal values hide no point.
    """
    margin = max((len(text) for _, text in axes.ticks), default=0)
    columns, rows = max(width - margin - 1, 2), height - 1
    low, high = (np.log(axes.limits) if axes.logarithmic else np.asarray(axes.limits)).tolist()

    def row_of(value: float) -> int:
        share = ((np.log(value) if axes.logarithmic else value) - low) / (high - low)
        return round((1 - float(np.clip(share, 0, 1))) * (rows - 1))

    grid = [[" "] * columns for _ in range(rows)]
    last = columns - 1 - (len(series) - 1 if staggered else 0)
    for index, curve in enumerate(series):
        mark = curve.mark(terminal)
        for position, value in zip(curve.positions, curve.values, strict=True):
            if np.isfinite(value) and (value > 0 or not axes.logarithmic):
                column = round(min(max(position, 0.0), 1.0) * last) + (index if staggered else 0)
                grid[row_of(value)][column] = mark
    labels, vertical = {row_of(value): text for value, text in axes.ticks}, symbols(terminal).vertical
    lines = [f"{labels.get(n, ''):>{margin}}{vertical}{''.join(cells)}".rstrip() for n, cells in enumerate(grid)]
    axis = [" "] * columns
    for position, text in axes.bottom:
        start = min(round(position * (columns - 1)), columns - len(text))
        axis[start : start + len(text)] = text
    return [*lines, " " * (margin + 1) + "".join(axis).rstrip()]


def legend_lines(terminal: Terminal, series: Sequence[Series], texts: Sequence[str]) -> list[str]:
    """Return a line for each curve: its symbol, and what it is."""
    return [f"{curve.mark(terminal)} {text}" for curve, text in zip(series, texts, strict=True)]


def function_lines(
    terminal: Terminal, function: Callable[[NDArray[Any]], NDArray[Any]], z: float, width: int, height: int
) -> list[str]:
    """Draw an activation function from -8 to +8, with a point at the weighted sum z or at the nearer end."""
    dense = np.asarray(function(np.linspace(-_REACH, _REACH, 161)), float)
    low, high = float(dense.min()), float(dense.max())
    ticks = [(high, f"{round(high, 2):g}"), (low, f"{round(low, 2) + 0.0:g}")]
    width = max(width, 14)
    sums = np.linspace(-_REACH, _REACH, width - 1 - max(len(text) for _, text in ticks))
    values = np.asarray(function(sums), float)
    inside = min(max(z, -_REACH), _REACH)
    series = [
        Series(((sums + _REACH) / 2 / _REACH).tolist(), values.tolist(), "dot"),
        Series([(inside + _REACH) / 2 / _REACH], function(np.array([inside])).tolist(), "point", "strong"),
    ]
    bottom = [(0.0, f"z={-_REACH:+.0f}"), (0.5, "0"), (1.0, f"{_REACH:+.0f}")]
    return point_chart(terminal, series, Axes((low, high if high > low else low + 1), ticks, bottom), width, height)
