"""What a page of text and pictures is made of, for screens of the story and for commands that tell a part of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from cmlp._cli.terminal import Terminal, beside, padded, visible, wrapped
from cmlp.story.pictures.curves import Axes, Series, legend_lines, point_chart

if TYPE_CHECKING:
    from cmlp.story.tale import Tale


_WIDEST_TEXT = 96  # wider text is hard to read
_WIDE = 100


class Page:
    """The lines of a page of `width` columns, written so far, for the colours and characters of a terminal.

    `setting` is what the keys + and - have chosen on this screen, and `moment` how far its motion is, from 0 to 1.
    """

    def __init__(self, terminal: Terminal, width: int, setting: int = 0, moment: float = 1.0) -> None:
        self.terminal, self.width, self.setting, self.moment = terminal, width, setting, moment
        self.lines: list[str] = []

    def text(self, *sentences: str) -> None:
        """Add a paragraph. Empty sentences are left out."""
        self.block(wrapped(" ".join(filter(None, sentences)), min(self.width, _WIDEST_TEXT)))

    def block(self, lines: Sequence[str]) -> None:
        """Add lines that are not wrapped, after an empty line."""
        self.lines += [*([""] if self.lines else []), *lines]

    def table(self, rows: Sequence[Sequence[str]], *, left: int = 1, indent: int = 2, gap: int = 2) -> None:
        """Add a table with a header; `table_lines` has its parameters."""
        self.block(table_lines(rows, self.width, left=left, indent=indent, gap=gap))

    def beside(self, *blocks: Sequence[str], gap: int = 3) -> None:
        """Add blocks of lines side by side, or below each other if they do not fit."""
        together = beside(*blocks, gap=gap)
        fits = max(len(visible(line)) for line in together) <= self.width
        for block in [together] if fits else blocks:
            self.block(block)

    def curves(self, curves: Mapping[str, Series], axes: Axes, title: str, *, height: int, gap: int) -> None:
        """Add a chart of curves, and beside it the title and the symbols with their texts."""
        series = list(curves.values())
        chart = point_chart(self.terminal, series, axes, 72 if self.width > _WIDE else 36, height, staggered=True)
        self.beside(chart, [title, "", *legend_lines(self.terminal, series, list(curves))], gap=gap)


def table_lines(
    rows: Sequence[Sequence[str]], width: int, *, left: int = 1, indent: int = 2, gap: int = 2
) -> list[str]:
    """Return the lines of a table; the last columns are left out if they do not fit.

    The first `left` columns are aligned to the left, the others to the right. There are `indent` spaces before the
    first column, and `gap` between two.
    """
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


Writer: TypeAlias = "Callable[[Tale, Page], None]"


class Motion(NamedTuple):
    """How a screen moves: for how many seconds, and what the keys + and - change.

    There are `settings` settings; the screen begins with number `first`.
    """

    seconds: float = 0.0
    keys: str = ""
    settings: int = 1
    first: int = 0


STILL = Motion()


class Scene(NamedTuple):
    """A screen of the story.

    It has what writes it, a command or a line of Python to try, new words with their meaning, how it moves, and what
    writes its numbers, which a key shows.
    """

    title: str
    write: Writer
    tries: str
    words: Sequence[str]
    motion: Motion
    details: Writer | None = None


def scene(
    scenes: list[Scene], title: str, tries: str, *words: str, motion: Motion = STILL, details: Writer | None = None
) -> Callable[[Writer], Writer]:
    """Add a screen, which the decorated function writes, to the scenes of a chapter."""

    def add(write: Writer) -> Writer:
        scenes.append(Scene(title, write, tries, words, motion, details))
        return write

    return add


# What there is for a learner, in the order in which it is best tried.
LEARN: Mapping[str, str] = {
    "story": "how it works and learns, in 26 screens",
    "look 9": "what every neuron does with a 9",
    "nudge 9": "what one 9 wants to change: backpropagation",
    "watch": "the learning itself, at your speed",
    "read FILE.png": "read a digit from a picture",
    "page": "draw digits and turn weights, in your browser",
}


def suggestion_lines(commands: Mapping[str, str], program: str, width: int) -> list[str]:
    """Return commands with their descriptions, in two columns if they fit."""
    longest = max(map(len, commands))
    lines = [f"  {program} {command:{longest}}  {what}" for command, what in commands.items()]
    if max(map(len, lines)) <= width:
        return lines
    return [line for command, what in commands.items() for line in (f"  {program} {command}", f"      {what}")]
