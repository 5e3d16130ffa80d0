"""The wheels that docs/platforms.md lists, by their cibuildwheel identifiers.

Example: ``cp314t-musllinux_s390x``, the interpreter and the platform without the version of its C library or system.
"""

import re
from pathlib import Path

DOCUMENT = Path(__file__).parents[1] / "docs/platforms.md"
# | `manylinux_x86_64` `musllinux_x86_64` | cp311 cp312 ... | ...
ROW = re.compile(r"^\| ([`\w ]+) \| ([cpt0-9 ]+) \|", re.MULTILINE)


def documented() -> list[str]:
    """Return the identifier of each wheel in the document's table, row by row."""
    rows = ROW.findall(DOCUMENT.read_text(encoding="utf-8"))
    return [
        f"{python}-{platform.strip('`')}"
        for platforms, pythons in rows
        for platform in platforms.split()
        for python in pythons.split()
    ]


def documented_platforms() -> list[str]:
    """Return the platforms in the table."""
    return list(dict.fromkeys(identifier.partition("-")[2] for identifier in documented()))


def identifier_of(wheel: str) -> str:
    """Return the identifier of a wheel by its file name."""
    # cmlp-0.1.0-cp314-cp314t-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl
    _, _, _, python, tags = wheel.removesuffix(".whl").split("-")
    platform = re.sub(r"_\d+_\d+_", "_", tags.split(".")[0])
    return f"{python}-{platform.replace('pyemscripten', 'pyodide')}"


if __name__ == "__main__":
    print(*documented_platforms())
