"""Write the tables of benchmarks into the documents, from benchmarks/results; name figures that no result has.

A comment above a table names its result: ``<!-- result: COMMAND, TITLE OF THE TABLE -->``. Usage:
``python tools/write_results.py``, after a benchmark has written its result or a comment is new. A test compares.
"""

import json
import re
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.report import RESULTS, shown  # noqa: E402, the folder is no package that is installed

FIGURES_ONLY = [ROOT / "docs/tables.md", ROOT / "docs/performance.md"]
DOCUMENTS = sorted((ROOT / "docs").rglob("*.md"))
TABLE = re.compile(r"^<!-- result: ([\w-]+), (.+) -->\n((?:\|.*\n)*)", re.MULTILINE)
COMMAND = re.compile(r"python\s+-m\s+benchmarks[ .\n]([a-z][\w-]*)")
NUMBER = r"\d[\d,]*(?:\.\d+)?"
# A number with a point, a percentage, or one with a unit. A code span has none.
FIGURE = re.compile(
    rf"(?<![\w.,-])(?:\d[\d,]*\.\d+|{NUMBER}(?=\s(?:%|times\b|ns\b|µs\b|ms\b|s\b|KB\b|MB\b)))(?![\w-])"
)


@cache
def tables_of(command: str) -> dict[str, dict]:
    """Return the tables of a benchmark's kept result by their titles."""
    path = RESULTS / f"{command}.json"
    if not path.exists():
        raise SystemExit(f"{path.relative_to(ROOT)} is missing: keep what the benchmark writes")
    return {one["title"]: one for one in json.loads(path.read_text(encoding="utf-8"))["tables"]}


def table_of(command: str, title: str) -> str:
    """Return a table of a result as Markdown."""
    tables = tables_of(command)
    if title not in tables:
        raise SystemExit(f"{command}.json has no table {title!r}, only {sorted(tables)}")
    columns, rows = tables[title]["columns"], tables[title]["rows"]
    lines = [columns, ["---"] * len(columns), *([shown(cell) for cell in row] for row in rows)]
    return re.sub(r"\|  (?=\|)", "| ", "".join(f"| {' | '.join(line)} |\n" for line in lines))


def written(text: str) -> str:
    """Return a document with the tables of the results that its comments name."""
    return TABLE.sub(
        lambda found: f"<!-- result: {found[1]}, {found[2]} -->\n{table_of(found[1], found[2])}",
        text,
    )


def quoting(path: Path) -> list[tuple[list[str], str]]:
    """Return the paragraphs of a page that quote benchmarks, with the names that their section has so far.

    So do the tables up to the end of the section, and all text of the pages of figures.
    """
    found = []
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    for section in re.split(r"^#.*$", text, flags=re.M):
        commands: list[str] = []
        for paragraph in re.split(r"\n\n+|\n(?=- )", section):
            named = COMMAND.findall(paragraph)
            commands += named
            if named or path in FIGURES_ONLY or (commands and "\n| " in f"\n{paragraph}"):
                found.append((commands, paragraph))
    return found


def tables_without_result(path: Path) -> list[str]:
    """Return the tables behind the name of a benchmark that no comment binds to a result."""
    return [paragraph for _, paragraph in quoting(path) if paragraph.startswith("|")]


def figures_without_result(path: Path) -> list[str]:
    """Return the figures of the sentences that name a benchmark which its result does not have, with their words."""
    missing = []
    for commands, paragraph in quoting(path):
        if paragraph.startswith(("|", "<!--")):
            continue
        prose = re.sub(r"`[^`]*`|\]\([^)]*\)", "", paragraph)
        for match in FIGURE.finditer(prose):
            figure = match[0].replace(",", "")
            digits = len(figure.partition(".")[2])
            known = frozenset().union(*map(numbers_of, commands))
            if not any(round(number, digits) == float(figure) for number in known):
                words = " ".join(prose[max(0, match.start() - 50) : match.end() + 10].split())
                missing.append(f"{match[0]} ({', '.join(commands)}): {words}")
    return missing


@cache
def numbers_of(command: str) -> frozenset[float]:
    """Return all numbers in the tables of a benchmark's result."""
    text = json.dumps([[one["columns"], one["rows"]] for one in tables_of(command).values()])
    return frozenset(float(number.replace(",", "")) for number in re.findall(NUMBER, text))


if __name__ == "__main__":
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        path.write_text(written(text), encoding="utf-8", newline="\n")
        for what in tables_without_result(path) + figures_without_result(path):
            print(f"{path.relative_to(ROOT)}: no result for {what}")
