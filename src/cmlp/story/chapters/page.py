"""A screen of the story: its lines, and helpers that write them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from cmlp.console.charts import beside
from cmlp.console.terminal import Terminal, padded, visible, wrapped

if TYPE_CHECKING:
    from cmlp.story.chapters.tale import Tale


class Page:
    """The lines of one screen, for a terminal.

    Attributes
    ----------
    terminal : Terminal
        For its colours and characters.
    width : int
        Number of columns to use.
    lines : list of str
        What has been written so far.
    """

    def __init__(self, terminal: Terminal, width: int) -> None:
        self.terminal, self.width = terminal, width
        self.lines: list[str] = []

    def text(self, *sentences: str) -> None:
        """Add a paragraph. Empty sentences are left out."""
        self.block(wrapped(" ".join(filter(None, sentences)), self.width))

    def block(self, lines: Sequence[str]) -> None:
        """Add lines that are not wrapped, after an empty line."""
        self.lines += [*([""] if self.lines else []), *lines]

    def table(self, rows: Sequence[Sequence[str]], *, left: int = 1, indent: int = 2, gap: int = 2) -> None:
        """Add a table; the last columns are left out if they do not fit.

        Parameters
        ----------
        rows : sequence of sequence of str
            The first row is the header.
        left : int
            Number of columns that are aligned to the left; the others are aligned to the right.
        indent : int
            Number of spaces before the first column.
        gap : int
            Number of spaces between columns.
        """
        self.block(table_lines(rows, self.width, left=left, indent=indent, gap=gap))

    def beside(self, *blocks: Sequence[str], gap: int = 3) -> None:
        """Add blocks of lines side by side, or below each other if they do not fit."""
        together = beside(*blocks, gap=gap)
        if max(len(visible(line)) for line in together) <= self.width:
            self.block(together)
        else:
            for block in blocks:
                self.block(block)

    def picture_and_text(self, picture: Sequence[str], *sentences: str, least: int = 24) -> None:
        """Add a picture with a paragraph at its right, or below it if less than `least` columns are left."""
        used = max(len(visible(line)) for line in picture) + 3
        text = " ".join(filter(None, sentences))
        if self.width - used >= least:
            self.block(beside(picture, wrapped(text, self.width - used), gap=3))
        else:
            self.block(picture)
            self.text(text)


def table_lines(
    rows: Sequence[Sequence[str]], width: int, *, left: int = 1, indent: int = 2, gap: int = 2
) -> list[str]:
    """Return the lines of a table; see `Page.table`."""
    n_columns = max(map(len, rows))
    full = [[*row, *[""] * (n_columns - len(row))] for row in rows]
    widths = [max(len(visible(row[column])) for row in full) for column in range(n_columns)]
    while n_columns > 1 and indent + sum(widths[:n_columns]) + gap * (n_columns - 1) > width:
        n_columns -= 1
    lines = []
    for row in full:
        cells = [
            padded(cell, size) if column < left else " " * (size - len(visible(cell))) + cell
            for column, (cell, size) in enumerate(zip(row[:n_columns], widths, strict=False))
        ]
        lines.append((" " * indent + (" " * gap).join(cells)).rstrip(" "))
    return lines


class Scene(NamedTuple):
    """A screen of the story.

    Attributes
    ----------
    title : str
    write : callable
        Writes the screen to a `Page`.
    tries : str
        A command or a line of Python to try.
    words : dict of str to str
        Words that the screen introduces, with their meaning.
    """

    title: str
    write: Callable[[Tale, Page], None]
    tries: str
    words: dict[str, str]
