"""The code blocks of a Markdown page, for the tests that run them and for the pictures that they draw.

A comment in the line above a block tells the tests what to do with it:

- ``<!-- compile only: REASON -->``: the block is compiled but not run, for example because it needs
  a large library.
- ``<!-- not run: REASON -->``: the block is not run.
- ``<!-- needs: MODULE, ... -->``: the block is run if all the modules are installed, otherwise only
  compiled. They include those of earlier blocks whose names or files the block uses.
- ``<!-- output varies: REASON -->``: what the block prints is not compared with the page.
- ``<!-- file: NAME -->``: the block is a file, which later blocks use.

A block ``text`` directly behind a block is what it prints.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

FENCE = re.compile(
    r"^(?P<fence>`{3,}|:{3,})(?P<info>[^\n`]*)\n(?P<source>.*?)^(?P=fence)[ ]*$",
    re.DOTALL | re.MULTILINE,
)
COMMENT = re.compile(r"<!-- ([a-z ]+): ([^\n]*?) -->\n+\Z")


class Block(NamedTuple):
    """A fenced block.

    Attributes
    ----------
    language : str
        The first word behind the fence, such as "python" or "{picture}".
    source : str
    line : int
        Number of the line before the first line of the source.
    note, detail : str
        The comment above the block, such as "compile only" and the reason.
    output : str or None
        The block ``text`` directly behind this one.
    """

    language: str
    source: str
    line: int
    note: str = ""
    detail: str = ""
    output: str | None = None


def blocks_of(path: Path) -> list[Block]:
    """Return the blocks of a page in order."""
    return blocks_in(path.read_text(encoding="utf-8"))


def blocks_in(text: str) -> list[Block]:
    """Return the blocks in the text of a page in order; blocks in containers of colons count too."""
    found: list[Block] = []
    end = 0
    for match in FENCE.finditer(re.sub(r"^:{3,}.*$", "", text, flags=re.MULTILINE)):
        whole = match.string
        words = match["info"].split()
        language = words[0] if words else ""
        line = whole.count("\n", 0, match.start("source"))
        if language == "text" and found and not whole[end : match.start()].strip():
            found[-1] = found[-1]._replace(output=match["source"])
        else:
            comment = COMMENT.search(whole, end, match.start())
            note, detail = comment.groups() if comment else ("", "")
            found.append(Block(language, match["source"], line, note, detail))
        end = match.end()
    return found


def run(block: Block, names: dict[str, object], path: str) -> None:
    """Execute a Python block in a namespace; tracebacks have the line numbers of the page."""
    exec(compile("\n" * block.line + block.source, path, "exec"), names)
