"""Draw what `cmlp` shows on a colour terminal, as SVG files.

Usage: ``python tools/make_story_svg.py`` where the package is installed (Linux or macOS). Writes docs/story.svg (the
text of `cmlp --plain`) and docs/images/terminal-*.svg (a network learning, and its last screen).

Text stays text. Block characters are drawn as rectangles, so that the picture does not depend on the reader's fonts.
"""

import io
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple

TARGET = Path(__file__).parents[1] / "docs/story.svg"
COLUMNS = 120
SCREENS = Path(__file__).parents[1] / "docs/images"
CELL_WIDTH, CELL_HEIGHT = 8, 16
MARGIN = 16
# Colours of text and background.
THEMES = {"dark": ("#d6dde6", "#0d1117"), "light": ("#1f2328", "#ffffff")}
ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")
# The part of a cell that a block character fills, as top and height in eighths.
BLOCKS = {"█": (0, 8), "▀": (0, 4)} | {bar: (7 - i, i + 1) for i, bar in enumerate("▁▂▃▄▅▆▇")}


class Cell(NamedTuple):
    """A character on the screen with its colours; None is the default colour."""

    character: str
    color: str | None
    background: str | None
    bold: bool = False


def recorded(command: list[str]) -> str:
    """Return what a command writes to a terminal of true colours."""
    main, secondary = pty.openpty()
    environment = {
        **os.environ,
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "COLUMNS": str(COLUMNS),
        "PYTHONUTF8": "1",
    }
    environment.pop("NO_COLOR", None)
    with subprocess.Popen(command, stdout=secondary, env=environment):
        os.close(secondary)
        chunks = []
        try:
            while chunk := os.read(main, 65536):
                chunks.append(chunk)
        except OSError:  # Linux reports the end of the output as an error
            pass
    os.close(main)
    return b"".join(chunks).decode()


def screen_lines(output: str) -> list[str]:
    """Return the lines as they remain on the screen: of a rewritten line, the last version."""
    return [line.rstrip("\r").rpartition("\r")[2] for line in output.split("\n")]


def excerpt(lines: list[str]) -> list[str]:
    """Return the lines from the last epoch to the captions of the digits."""
    first = next(i for i, line in enumerate(lines) if line.startswith("epoch"))
    last = next(i for i, line in enumerate(lines) if line.startswith("truth"))
    return lines[first : last + 1]


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


def drawn(lines: list[str], title: str, columns: int = COLUMNS, theme: str = "dark", n_lines: int = 0) -> str:
    """Return the SVG of some lines."""
    text, ground = THEMES[theme]
    paths: dict[str, list[str]] = {}
    texts = []
    for row, line in enumerate(lines):
        y = MARGIN + row * CELL_HEIGHT
        for column, cell in enumerate(cells(line)):
            x = MARGIN + column * CELL_WIDTH
            top, height = (eighths * CELL_HEIGHT // 8 for eighths in BLOCKS.get(cell.character, (0, 0)))
            width = CELL_WIDTH // 2 if cell.character == "▌" else CELL_WIDTH
            _fill(paths, cell.color or text, x, y + top, height, width)
            if cell.background:  # below the block only: paths are not in drawing order
                _fill(paths, cell.background, x, y + height, CELL_HEIGHT - height)
        texts += _texts(line, y + CELL_HEIGHT * 3 // 4)
    width = 2 * MARGIN + columns * CELL_WIDTH
    height = 2 * MARGIN + max(len(lines), n_lines) * CELL_HEIGHT
    shapes = "\n".join(
        f'<path fill="{color}" d="{"".join(parts)}"/>'
        for color, parts in paths.items()
        if theme == "light" or color != "#000000"  # a dark terminal's background hardly differs
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{title}">\n<title>{title}</title>\n'
        f'<rect width="100%" height="100%" rx="8" fill="{ground}"/>\n'
        f'<g shape-rendering="crispEdges">\n{shapes}\n</g>\n'
        f'<g fill="{text}" font-size="13" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace">\n'
        + "\n".join(texts)
        + "\n</g>\n</svg>\n"
    )


def _fill(paths: dict[str, list[str]], color: str, x: int, y: int, height: int, width: int = CELL_WIDTH) -> None:
    """Add a rectangle of a cell's width or less."""
    if height:
        paths.setdefault(color, []).append(f"M{x} {y}h{width}v{height}h-{width}z")


def _texts(line: str, y: int) -> Iterator[str]:
    """Yield an element for each run of words of one style, placed by column."""
    row = [cell._replace(character=" ") if cell.character in BLOCKS else cell for cell in cells(line)]
    start = 0
    while start < len(row):
        end = start
        while end < len(row) and (row[end].color, row[end].bold) == (row[start].color, row[start].bold):
            end += 1
        plain = "".join(cell.character for cell in row[start:end])
        style = f' fill="{row[start].color}"' if row[start].color else ""
        style += ' font-weight="bold"' if row[start].bold else ""
        for run in re.finditer(r"\S+( \S+)*", plain):
            x, length = MARGIN + (start + run.start()) * CELL_WIDTH, len(run[0]) * CELL_WIDTH
            yield f'<text x="{x}" y="{y}" textLength="{length}"{style} xml:space="preserve">{escape(run[0])}</text>'
        start = end


def screens(columns: int = 80, lines: int = 24) -> Iterator[tuple[str, str, list[str]]]:
    """Yield name, title and lines of screens that a learner sees, on a terminal of true colours."""
    from cmlp._cli.terminal import Terminal
    from cmlp.story.first import Opening

    os.environ.update(COLUMNS=str(columns), LINES=str(lines))
    terminal = Terminal(io.StringIO(), rewrites=True, colors=2**24, blocks=True)
    opening = Opening(terminal)
    for name, batch in (("start", 0), ("learning", 1000), ("learned", opening.learning.total)):
        opening.learning.advance(batch)
        if name == "learned":
            yield name, "The last screen: a digit and its answer", opening.last_lines(columns - 1, lines)
            return
        body, last = opening.frame(columns - 1, lines)
        yield name, f"The training after {batch} batches", [*body, last]


def main() -> int:
    """Run the command and write the picture; return the exit status."""
    lines = excerpt(screen_lines(recorded([sys.executable, "-m", "cmlp", "--plain"])))
    pictures = {TARGET: drawn(lines, "Cost, accuracy and four handwritten digits with the network's answers")}
    for name, title, shown in screens():
        pictures[SCREENS / f"terminal-{name}.svg"] = drawn(shown, title, 80, n_lines=24)
    for path, picture in pictures.items():
        path.write_text(picture, encoding="utf-8")
        print(f"{path.name}: {path.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
