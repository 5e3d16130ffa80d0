"""The wheels that docs/platforms.md lists, by their cibuildwheel identifiers.

Example: ``cp314t-musllinux_s390x``, the interpreter and the platform without the version of its C library or system.
``python tools/platforms.py [TIER]`` prints the platforms. ``python tools/platforms.py --write`` writes the table of
what was run, from docs/platforms-run.toml, into the document.
"""

import re
import sys
import tomllib
from pathlib import Path

DOCUMENT = Path(__file__).parents[1] / "docs/platforms.md"
# | 1 | `manylinux_x86_64` `musllinux_x86_64` | cp311 cp312 ... | ...
RUN = DOCUMENT.with_name("platforms-run.toml")
# From the most that is known of a platform to the least.
KINDS = {"run": "run", "emulated": "emulated", "compiled": "compiled only", "prepared": "prepared"}
BEGIN, END = "<!-- platforms-run.toml: begin -->\n", "<!-- platforms-run.toml: end -->\n"
ROW = re.compile(r"^\| ([12]) \| ([`\w ]+) \| ([cpt0-9 ]+) \|", re.MULTILINE)


def documented(tier: str | None = None) -> list[str]:
    """Return the identifier of each wheel in the document's table, row by row; of one tier, or of both."""
    rows = ROW.findall(DOCUMENT.read_text(encoding="utf-8"))
    return [
        f"{python}-{platform.strip('`')}"
        for of_tier, platforms, pythons in rows
        if tier in (None, of_tier)
        for platform in platforms.split()
        for python in pythons.split()
    ]


def documented_platforms(tier: str | None = None) -> list[str]:
    """Return the platforms in the table, of one tier or of both."""
    return list(dict.fromkeys(identifier.partition("-")[2] for identifier in documented(tier)))


def identifier_of(wheel: str) -> str:
    """Return the identifier of a wheel by its file name."""
    # cmlp-0.1.0-cp314-cp314t-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl
    _, _, _, python, tags = wheel.removesuffix(".whl").split("-")
    platform = re.sub(r"_\d+_\d+_", "_", tags.split(".")[0])
    return f"{python}-{platform.replace('pyemscripten', 'pyodide')}"


def table_of_runs() -> str:
    """Return the table of what was run, a row for each entry of the file."""
    lines = ["| platforms | | date, commit | tests | source |", "| --- | --- | --- | --- | --- |"]
    for row in tomllib.loads(RUN.read_text(encoding="utf-8"))["row"]:
        when = f"{row['date']}, `{row['commit']}`" if "date" in row else "-"
        source = row["source"]
        where = f"[run]({source})" if "://" in source else f"`{source}`"
        names = " ".join(
            name if " " in name or "_" not in name else f"`{name}`" for name in row["platforms"]
        )
        lines.append(f"| {names} | {KINDS[row['kind']]} | {when} | {row['tests']} | {where} |")
    return "\n".join(lines) + "\n"


def with_runs(text: str) -> str:
    """Return the document with the table of what was run."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + table_of_runs() + END + after


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        DOCUMENT.write_text(
            with_runs(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8", newline="\n"
        )
    else:
        print(*documented_platforms(*sys.argv[1:]))
