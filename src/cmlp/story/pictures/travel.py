"""Wishes that travel: arrows as thick as what they carry, which are stacked where they arrive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmlp._console.terminal import Terminal, padded
from cmlp.story.pictures.text import signed_bar, styled, symbols

# Lines of an arrow, from thin to thick, with and without block characters.
_THICKNESS = {True: "▁▂▃▄▅▆▇█", False: ".-=#"}
_HEAD, _LABEL = 6, 12  # columns for the number of an arrow, and for a name in front of it
_LEAST = 0.01  # of the largest arrow; thinner ones are dots


def travelling_lines(
    terminal: Terminal, parts: NDArray[Any], sources: Sequence[str], target: str, width: int, arrived: float
) -> list[str]:
    """Draw a line for each part: an arrow from its source, and where it arrives a bar that begins where the last ended.

    A last line has the sum. Of the arrows, a share of `arrived` is there, one after the other.
    """
    totals = np.concatenate([[0.0], np.cumsum(parts)])
    low, high = float(totals.min()), float(totals.max())
    largest = float(np.abs(parts).max()) or 1.0
    shaft = max(6, (width - _LABEL - _HEAD) // 3)
    space = width - _LABEL - _HEAD - shaft - 3

    def column(value: float) -> int:
        return round((value - low) / ((high - low) or 1.0) * (space - 1))

    lines, progress = [], arrived * len(parts)
    for n, (source, part) in enumerate(zip(sources, parts.tolist(), strict=True)):
        come = min(1.0, max(0.0, progress - n))
        arrow = _arrow(terminal, part / largest, shaft, come)
        start, end = sorted((column(totals[n]), column(totals[n + 1])))
        bar = _bar(terminal, start, end, column(0.0), part) if come == 1 else ""
        lines.append(
            f"  output {source:3}" + padded(arrow, shaft + 2) + padded(f"{part:+.2f}" if come else "", _HEAD) + bar
        )
    if arrived < 1:
        return [*lines, ""]
    start, end = sorted((column(0.0), column(totals[-1])))
    total = _bar(terminal, start, end, column(0.0), float(totals[-1]))
    return [*lines, _sum_line(terminal, target, float(totals[-1]), shaft, total)]


def _sum_line(terminal: Terminal, target: str, total: float, shaft: int, bar: str) -> str:
    head = padded(styled(terminal, f"  {target} should change by", "strong"), _LABEL + shaft + 2)
    return head + padded(styled(terminal, f"{total:+.2f}", "strong"), _HEAD) + bar


def _arrow(terminal: Terminal, share: float, length: int, come: float) -> str:
    """Draw an arrow that has come a part of its way."""
    lines = _THICKNESS[terminal.blocks]
    if abs(share) < _LEAST:
        line = symbols(terminal).dot
    else:
        line = lines[min(len(lines) - 1, int(abs(share) * len(lines)))]
    done = round(come * length)
    return styled(terminal, line * done + (">" if done else ""), "up" if share > 0 else "down")


def _bar(terminal: Terminal, start: int, end: int, zero: int, value: float) -> str:
    """Draw a bar between two columns, and a line at 0."""
    marks = symbols(terminal)
    cells = [" "] * (max(end, zero) + 1)
    cells[zero] = marks.vertical
    text = "".join(cells[:start])
    full = marks.full * (end - start + 1) if end > start else marks.point
    bar = styled(terminal, full, "up" if value > 0 else "down")
    return text + bar + "".join(cells[end + 1 :])


def mean_lines(
    terminal: Terminal, wanted: Mapping[str, NDArray[Any]], digits: Sequence[str], asked: int, width: int
) -> list[str]:
    """Draw what each example wants from a few weights and biases as bars, and below them the mean of those asked."""
    column = (width - _LABEL) // len(wanted) - 2
    size = column - 9  # columns beside a number
    lines = [" " * _LABEL + "".join(padded(f"  {name}", column + 2) for name in wanted)]
    scales = {name: float(np.abs(each).max()) or 1.0 for name, each in wanted.items()}

    def cells(values: Mapping[str, float]) -> str:
        texts = (f"{values[name]:+.4f} {signed_bar(terminal, values[name] / scales[name], size)}" for name in wanted)
        return "".join("  " + padded(text, column) for text in texts).rstrip()

    for n, digit in enumerate(digits):
        shown = cells({name: float(each[n]) for name, each in wanted.items()}) if n < asked else ""
        lines.append(f"  {n}: a {digit}".ljust(_LABEL) + shown)
    means = {name: float(each[:asked].mean()) for name, each in wanted.items()}
    name = styled(terminal, f"  mean of {asked}", "strong")
    return [*lines, "", padded(name, _LABEL) + cells(means)]
