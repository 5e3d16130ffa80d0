"""Values over the epochs, drawn as points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cmlp.console.terminal import Terminal
from cmlp.story.pictures.text import styled, symbols


class Series(NamedTuple):
    """Points of one curve: positions from 0 to 1, values, the name of the symbol and a style ("" for none)."""

    positions: Sequence[float]
    values: Sequence[float]
    symbol: str
    style: str


def point_chart(
    terminal: Terminal,
    series: Sequence[Series],
    limits: tuple[float, float],
    size: tuple[int, int],
    ticks: Sequence[tuple[float, str]],
    bottom: Sequence[tuple[float, str]],
    *,
    logarithmic: bool = False,
    apart: bool = False,
) -> list[str]:
    """Draw curves as points with a vertical axis on the left and labels below.

    Parameters
    ----------
    series : sequence of Series
        Later curves are drawn over earlier ones. Values outside the limits are drawn at the nearer limit.
    limits : tuple of float
        Values at the bottom and at the top.
    size : tuple of int
        Columns and lines, labels included.
    ticks : sequence of (float, str)
        Values and labels of the vertical axis.
    bottom : sequence of (float, str)
        Positions from 0 to 1 and labels of the horizontal axis.
    logarithmic : bool
        Whether the vertical axis is logarithmic.
    apart : bool
        Whether each curve is drawn a column to the right of the one before it, so that equal values hide no point.
    """
    marks = symbols(terminal)
    width, height = size
    margin = max((len(text) for _, text in ticks), default=0)
    columns, rows = max(width - margin - 1, 2), height - 1
    low, high = (np.log(limits) if logarithmic else np.asarray(limits)).tolist()

    def row_of(value: float) -> int:
        share = ((np.log(value) if logarithmic else value) - low) / (high - low)
        return round((1 - float(np.clip(share, 0, 1))) * (rows - 1))

    grid = [[" "] * columns for _ in range(rows)]
    last = columns - 1 - (len(series) - 1 if apart else 0)
    for index, curve in enumerate(series):
        mark = getattr(marks, curve.symbol)
        for position, value in zip(curve.positions, curve.values, strict=True):
            if np.isfinite(value) and (value > 0 or not logarithmic):
                column = round(min(max(position, 0.0), 1.0) * last) + (index if apart else 0)
                grid[row_of(value)][column] = styled(terminal, mark, curve.style) if curve.style else mark
    labels = {row_of(value): text for value, text in ticks}
    lines = [f"{labels.get(n, ''):>{margin}}{marks.vertical}{''.join(cells)}".rstrip() for n, cells in enumerate(grid)]
    axis = [" "] * columns
    for position, text in bottom:
        start = min(round(position * (columns - 1)), columns - len(text))
        axis[start : start + len(text)] = text
    return [*lines, " " * (margin + 1) + "".join(axis).rstrip()]
