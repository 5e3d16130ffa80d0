"""A map of heights in steps of colour, with marks on it."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cmlp._cli.terminal import Terminal

_CODE = re.compile(r"(\x1b\[[0-9;]*m)")
_WHITE, _RESET = "\x1b[1;38;5;231m", "\x1b[0m"
_LEVELS = 12  # steps from the middle to either end


def contour_lines(
    terminal: Terminal, heights: NDArray[np.float64], middle: float, reach: float, marks: Mapping[tuple[int, int], str]
) -> list[str]:
    """Draw heights of shape (rows, columns), two rows in a line, in steps that look like contour lines.

    Heights below `middle` are blue (or shades), those above it orange (or dashes), in full strength from a difference
    of `reach`. `marks` are characters at positions (line, column).
    """
    steps = np.round(np.clip((middle - heights) / reach, -1, 1) * _LEVELS) / _LEVELS
    lines = terminal.draw(steps, signed=True)
    return [
        _marked(terminal, line, {column: mark for (row, column), mark in marks.items() if row == n})
        for n, line in enumerate(lines)
    ]


def _marked(terminal: Terminal, line: str, marks: Mapping[int, str]) -> str:
    """Put marks into a line; a mark is white on the colour that the lower half of its cell has."""
    text, code, last, column = "", "", "", 0
    for n, part in enumerate(_CODE.split(line)):
        if n % 2:
            code = part
            continue
        for character in part:
            mark = marks.get(column)
            look = code + _WHITE if mark and terminal.colors else code
            text += ("" if look == last else look) + (mark or character)
            last, column = look, column + 1
    return text + (_RESET if terminal.colors else "")
