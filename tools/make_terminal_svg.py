"""Draw what `cmlp` shows on a colour terminal, as SVG files.

Usage: ``python tools/make_terminal_svg.py`` where the package is installed. Writes
docs/images/terminal-*.svg: a network learning, and its last screen.

Text stays text. Block characters are drawn as rectangles, so that the picture does not depend on the reader's fonts.
"""

import io
import os
import re
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple

IMAGES = Path(__file__).parents[1] / "docs/images"
COLUMNS, LINES = 100, 30
CELL_WIDTH, CELL_HEIGHT = 8, 16
MARGIN = 16
TEXT, GROUND = "#d6dde6", "#0d1117"  # colours
ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")
# The part of a cell that a block character fills, as top and height in eighths.
BLOCKS = {"█": (0, 8), "▀": (0, 4)} | {bar: (7 - i, i + 1) for i, bar in enumerate("▁▂▃▄▅▆▇")}


class Cell(NamedTuple):
    """A character on the screen with its colours; None is the default colour."""

    character: str
    color: str | None
    background: str | None
    bold: bool = False


def cells(line: str) -> Iterator[Cell]:
    """Split a line with escape codes into cells."""
    color = background = None
    bold = False
    for index, part in enumerate(ESCAPE.split(line)):
        if index % 2 == 0:
            yield from (Cell(character, color, background, bold) for character in part)
        elif part in ("", "0"):
            color, background, bold = None, None, False
        elif part == "1":
            bold = True
        else:
            found = dict(re.findall(r"([34]8);(2;\d+;\d+;\d+|5;\d+)", part))
            color = _hex(found["38"]) if "38" in found else color
            background = _hex(found["48"]) if "48" in found else background


def _hex(code: str) -> str:
    """Return the colour of a code: "2;red;green;blue", or "5;n" of the 256-colour cube."""
    kind, *numbers = (int(number) for number in code.split(";"))
    if kind == 5:
        levels, n = (0, 95, 135, 175, 215, 255), numbers[0] - 16
        numbers = [levels[n // 36], levels[n // 6 % 6], levels[n % 6]]
    return "#" + "".join(f"{number:02x}" for number in numbers)


def drawn(lines: list[str], title: str) -> str:
    """Return the SVG of the lines of a terminal."""
    paths: dict[str, list[str]] = {}
    texts = []
    for row, line in enumerate(lines):
        y = MARGIN + row * CELL_HEIGHT
        for column, cell in enumerate(cells(line)):
            x = MARGIN + column * CELL_WIDTH
            top, height = (
                eighths * CELL_HEIGHT // 8 for eighths in BLOCKS.get(cell.character, (0, 0))
            )
            width = CELL_WIDTH // 2 if cell.character == "▌" else CELL_WIDTH
            _fill(paths, cell.color or TEXT, x, y + top, height, width)
            if cell.background:  # below the block only: paths are not in drawing order
                _fill(paths, cell.background, x, y + height, CELL_HEIGHT - height)
        texts += _texts(line, y + CELL_HEIGHT * 3 // 4)
    width = 2 * MARGIN + COLUMNS * CELL_WIDTH
    height = 2 * MARGIN + LINES * CELL_HEIGHT
    shapes = "\n".join(
        f'<path fill="{color}" d="{"".join(parts)}"/>'
        for color, parts in paths.items()
        if color != "#000000"  # a dark terminal's background hardly differs
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{title}">\n<title>{title}</title>\n'
        f'<rect width="100%" height="100%" rx="8" fill="{GROUND}"/>\n'
        f'<g shape-rendering="crispEdges">\n{shapes}\n</g>\n'
        f'<g fill="{TEXT}" font-size="13" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace">\n'
        + "\n".join(texts)
        + "\n</g>\n</svg>\n"
    )


def _fill(
    paths: dict[str, list[str]], color: str, x: int, y: int, height: int, width: int = CELL_WIDTH
) -> None:
    """Add a rectangle of a cell's width or less."""
    if height:
        paths.setdefault(color, []).append(f"M{x} {y}h{width}v{height}h-{width}z")


def _texts(line: str, y: int) -> Iterator[str]:
    """Yield an element for each run of words of one style, placed by column."""
    row = [
        cell._replace(character=" ") if cell.character in BLOCKS else cell for cell in cells(line)
    ]
    start = 0
    while start < len(row):
        end = start
        while end < len(row) and (row[end].color, row[end].bold) == (
            row[start].color,
            row[start].bold,
        ):
            end += 1
        plain = "".join(cell.character for cell in row[start:end])
        style = f' fill="{row[start].color}"' if row[start].color else ""
        style += ' font-weight="bold"' if row[start].bold else ""
        for run in re.finditer(r"\S+( \S+)*", plain):
            x, length = MARGIN + (start + run.start()) * CELL_WIDTH, len(run[0]) * CELL_WIDTH
            yield f'<text x="{x}" y="{y}" textLength="{length}"{style} xml:space="preserve">{escape(run[0])}</text>'
        start = end


def screens() -> Iterator[tuple[str, str, list[str]]]:
    """Yield name, title and lines of screens that a learner sees, on a terminal of true colours."""
    from cmlp._cli.terminal import Terminal
    from cmlp.story.first import Opening

    os.environ.update(COLUMNS=str(COLUMNS), LINES=str(LINES))
    opening = Opening(Terminal(io.StringIO(), rewrites=True, colors=2**24, blocks=True))
    opening.learning.go_to(1000)
    body, last = opening.frame(COLUMNS - 1, LINES)
    yield "learning", "The training after 1000 batches", [*body, last]
    opening.learning.go_to(opening.learning.total)
    yield (
        "learned",
        "The last screen: a digit and its answer",
        opening.last_lines(COLUMNS - 1, LINES),
    )


def main() -> int:
    """Write the pictures; return the exit status."""
    for name, title, shown in screens():
        path = IMAGES / f"terminal-{name}.svg"
        path.write_text(drawn(shown, title), encoding="utf-8")
        print(f"{path.name}: {path.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
