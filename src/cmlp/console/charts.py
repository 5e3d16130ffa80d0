"""Bar charts of several lines, drawn with characters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cmlp.console.terminal import padded, visible

_EIGHTHS = " ▁▂▃▄▅▆▇█"


def bar_chart(
    values: Sequence[float], limits: tuple[float, float], labels: tuple[str, str], height: int, *, blocks: bool
) -> list[str]:
    """Draw one bar per value over an axis with labels.

    Parameters
    ----------
    values : sequence of float
        Values outside the limits are drawn at the nearer limit.
    limits : tuple of float
        The values at the bottom and at the top of the chart.
    labels : tuple of str
        The texts for both limits.
    height : int
        Number of lines.
    blocks : bool
        Whether the output has block characters; otherwise bars consist of ``#``.

    Returns
    -------
    list of str
        `height` lines, the top first.
    """
    low, high = limits
    shares = (np.clip(np.asarray(values, dtype=float), low, high) - low) / ((high - low) or 1)
    # At least one eighth, so that the lowest bars are visible.
    eighths = np.maximum(1, np.round(shares * height * 8)).astype(int)
    width = max(map(len, labels))
    lines = []
    for row in range(height):
        label = labels[1] if row == 0 else labels[0] if row == height - 1 else ""
        filled = np.clip(eighths - 8 * (height - 1 - row), 0, 8)
        if blocks:
            bars = "".join(_EIGHTHS[n] for n in filled)
        else:
            threshold = 1 if row == height - 1 else 4
            bars = "".join("#" if n >= threshold else " " for n in filled)
        lines.append(f"{label:>{width}} {'│' if blocks else '|'}{bars}")
    return lines


def thinned(values: Sequence[float], n: int) -> list[float]:
    """Return at most `n` of the values, evenly spaced, with the first and the last."""
    if len(values) <= n:
        return list(values)
    return [values[i] for i in np.linspace(0, len(values) - 1, n).round().astype(int)]


def beside(*blocks: Sequence[str], gap: int = 2) -> list[str]:
    """Put blocks of lines side by side, each as wide as its widest line."""
    widths = [max((len(visible(line)) for line in block), default=0) for block in blocks]
    rows = max(map(len, blocks), default=0)
    filled = [[*block, *[""] * (rows - len(block))] for block in blocks]
    return [
        (" " * gap).join(padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip(" ")
        for row in zip(*filled, strict=True)
    ]
