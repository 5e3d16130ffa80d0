"""Wishes that travel: arrows as thick as what they carry, which are stacked where they arrive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmlp._cli.terminal import Terminal, padded
from cmlp.story.pictures.text import signed_bar, styled, symbols

# Lines of an arrow, from thin to thick, with and without block characters.
_THICKNESS = {True: "▁▂▃▄▅▆▇█", False: ".-=#"}
_HEAD, _LABEL = 7, 15  # columns for the number of an arrow, and for a name in front of a mean
_LEAST = 0.01  # of the largest arrow; thinner ones are dots


def travelling_lines(
    terminal: Terminal, parts: Mapping[str, float], target: str, width: int, arrived: float
) -> list[str]:
    """Draw a line for each part: an arrow from its source, and where it arrives a bar that begins where the last ended.

    A last line has the sum. Of the arrows, a share of `arrived` is there, one after the other.
    """
    totals = np.concatenate([[0.0], np.cumsum(list(parts.values()))])
    low, high = float(totals.min()), float(totals.max())
    largest = max(map(abs, parts.values())) or 1.0
    label = max(map(len, parts)) + 3
    shaft = max(5, (width - label - _HEAD) // 3)
    space = width - label - _HEAD - shaft - 3

    def bar(*ends: float) -> str:
        start, end, zero = (round((v - low) / ((high - low) or 1.0) * space) for v in (*sorted(ends), 0.0))
        return _bar(terminal, start, end, zero, "up" if ends[1] > ends[0] else "down")

    lines, progress = [], arrived * len(parts)
    for n, (source, part) in enumerate(parts.items()):
        come = min(1.0, max(0.0, progress - n))
        arrow = padded(_arrow(terminal, part / largest, shaft, come), shaft + 2)
        arrived_here = padded(f"{part:+.3f}", _HEAD) + bar(totals[n], totals[n + 1]) if come == 1 else ""
        lines.append(padded(f"  {source}", label) + arrow + arrived_here)
    if arrived < 1:
        return [*lines, ""]
    head = padded(styled(terminal, f"  {target} should change by", "strong"), label + shaft + 2)
    total = padded(styled(terminal, f"{totals[-1]:+.3f}", "strong"), _HEAD)
    return [*lines, head + total + bar(0.0, totals[-1])]


def _arrow(terminal: Terminal, share: float, length: int, come: float) -> str:
    """Draw an arrow that has come a part of its way."""
    lines = _THICKNESS[terminal.blocks]
    line = symbols(terminal).dot if abs(share) < _LEAST else lines[min(len(lines) - 1, int(abs(share) * len(lines)))]
    done = round(come * length)
    return styled(terminal, line * done + (">" if done else ""), "up" if share > 0 else "down")


def _bar(terminal: Terminal, start: int, end: int, zero: int, way: str) -> str:
    """Draw a bar between two columns, and a line at 0."""
    cells = [" "] * start + [styled(terminal, symbols(terminal).full, way)] * (end - start)
    cells += [" "] * (zero - len(cells))
    return "".join([*cells[:zero], symbols(terminal).vertical, *cells[zero:]])


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
        lines.append(f"  image {n}: a {digit}".ljust(_LABEL) + shown)
    means = {name: float(each[:asked].mean()) for name, each in wanted.items()}
    name = styled(terminal, f"  mean of {asked}", "strong")
    return [*lines, "", padded(name, _LABEL) + cells(means)]
