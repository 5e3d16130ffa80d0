"""The output neurons as bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmlp.console.terminal import Terminal
from cmlp.story.pictures.text import bar, styled, symbols

_NUMBER_WIDTH, _MARK_WIDTH = 5, 2


def output_bars(
    terminal: Terminal, outputs: NDArray[Any], labels: Sequence[str], width: int, digits: int = 3
) -> list[str]:
    """Draw one bar per output neuron, with its label and activation; the brightest is marked.

    Parameters
    ----------
    outputs : ndarray of shape (n_outputs,)
        Activations; a bar of full length is 1, or the largest activation if it is larger.
    labels : sequence of str
        One label per output.
    width : int
        Width of the picture in columns.
    digits : int
        Number of decimals.
    """
    values = np.asarray(outputs, float)
    longest = max(map(len, labels))
    number = _NUMBER_WIDTH - 3 + digits
    space = max(width - longest - number - 2 - _MARK_WIDTH, 1)
    scale = max(1.0, float(values.max()))
    winner = int(values.argmax())
    lines = []
    for n, (label, value) in enumerate(zip(labels, values, strict=True)):
        start = f"{label:{longest}} {value:{number}.{digits}f}"
        drawn = bar(terminal, value / scale, space)
        if n == winner:
            lines.append(styled(terminal, f"{start} {drawn:{space}} {symbols(terminal).winner}", "strong"))
        else:
            lines.append(f"{start} {drawn}".rstrip())
    return lines
