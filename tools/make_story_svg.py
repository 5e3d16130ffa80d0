"""Draw what `cmlp` shows on a colour terminal, as an SVG for the README.

Usage: ``python tools/make_story_svg.py`` where the package is installed (Linux or macOS). Writes docs/story.svg.

Text stays text. Block characters are drawn as rectangles, so that the picture does not depend on the reader's fonts.
"""

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
CELL_WIDTH, CELL_HEIGHT = 8, 16
MARGIN = 16
TEXT, BACKGROUND = "#d6dde6", "#0d1117"
ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")
# The part of a cell that a block character fills, as top and height in eighths.
BLOCKS = {"█": (0, 8), "▀": (0, 4)} | {bar: (7 - i, i + 1) for i, bar in enumerate("▁▂▃▄▅▆▇")}


class Cell(NamedTuple):
    """A character on the screen with its colours; None is the default colour."""

    character: str
    color: str | None
    background: str | None


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
    for index, part in enumerate(ESCAPE.split(line)):
        if index % 2 == 0:
            yield from (Cell(character, color, background) for character in part)
        elif part in ("", "0"):
            color = background = None
        else:
            found = dict(re.findall(r"([34]8);2;(\d+;\d+;\d+)", part))
            color = _hex(found["38"]) if "38" in found else color
            background = _hex(found["48"]) if "48" in found else background


def _hex(numbers: str) -> str:
    return "#" + "".join(f"{int(number):02x}" for number in numbers.split(";"))


def drawn(lines: list[str]) -> str:
    """Return the SVG of some lines."""
    paths: dict[str, list[str]] = {}
    texts = []
    for row, line in enumerate(lines):
        y = MARGIN + row * CELL_HEIGHT
        for column, cell in enumerate(cells(line)):
            x = MARGIN + column * CELL_WIDTH
            top, height = (eighths * CELL_HEIGHT // 8 for eighths in BLOCKS.get(cell.character, (0, 0)))
            _fill(paths, cell.color or TEXT, x, y + top, height)
            if cell.background:  # below the block only: paths are not in drawing order
                _fill(paths, cell.background, x, y + height, CELL_HEIGHT - height)
        texts += _texts(line, y + CELL_HEIGHT * 3 // 4)
    width = 2 * MARGIN + COLUMNS * CELL_WIDTH
    height = 2 * MARGIN + len(lines) * CELL_HEIGHT
    title = "Output of the command cmlp: cost, accuracy and four handwritten digits with the network's answers"
    shapes = "\n".join(f'<path fill="{color}" d="{"".join(parts)}"/>' for color, parts in paths.items())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{title}">\n<title>{title}</title>\n'
        f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>\n'
        f'<g shape-rendering="crispEdges">\n{shapes}\n</g>\n'
        f'<g fill="{TEXT}" font-size="13" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace">\n'
        + "\n".join(texts)
        + "\n</g>\n</svg>\n"
    )


def _fill(paths: dict[str, list[str]], color: str, x: int, y: int, height: int) -> None:
    """Add a rectangle one cell wide; black ones show the terminal's background."""
    if height and color != "#000000":
        paths.setdefault(color, []).append(f"M{x} {y}h{CELL_WIDTH}v{height}h-{CELL_WIDTH}z")


def _texts(line: str, y: int) -> Iterator[str]:
    """Yield an element for each run of words, placed by column."""
    plain = "".join(" " if cell.character in BLOCKS else cell.character for cell in cells(line))
    for run in re.finditer(r"\S+( \S+)*", plain):
        x, length = MARGIN + run.start() * CELL_WIDTH, len(run[0]) * CELL_WIDTH
        yield f'<text x="{x}" y="{y}" textLength="{length}" xml:space="preserve">{escape(run[0])}</text>'


def main() -> int:
    """Run the command and write the picture; return the exit status."""
    lines = excerpt(screen_lines(recorded([sys.executable, "-m", "cmlp"])))
    TARGET.write_text(drawn(lines), encoding="utf-8")
    print(f"{TARGET.name}: {TARGET.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
