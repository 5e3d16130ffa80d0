"""Check that a source distribution contains the files of the repository and nothing else.

Usage: ``python tools/check_sdist.py SDIST TREE``, with a clean tree: nothing built in it.
"""

import fnmatch
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

# Files that only the repository has, and files that setuptools adds.
LEFT_OUT = [".git/*", ".ci/*", ".github/*", ".gitignore", ".git-blame-ignore-revs", "*/.gitignore"]
LEFT_OUT += ["tests/tests_for.json.gz"]
ADDED = ["PKG-INFO", "setup.cfg", "src/cmlp.egg-info/*"]


def without(names: set[str], patterns: list[str]) -> set[str]:
    """Return the names that match no pattern."""
    return {
        name
        for name in names
        if not any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
    }


def faults(packed: set[str], tree: set[str]) -> Iterator[str]:
    """Yield a message for each missing and each unexpected file."""
    for name in sorted(without(tree, LEFT_OUT) - packed):
        yield f"lacks {name}"
    for name in sorted(without(packed, ADDED) - tree):
        yield f"{name} is not in the repository"


def main(sdist: str, folder: str) -> int:
    """Report on an sdist; return the exit status."""
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in (m.name for m in archive if m.isfile())}
    tree = {
        path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file()
    }
    found = [*faults(packed, tree)]
    print(f"sdist: {Path(sdist).stat().st_size} bytes, {len(packed)} files")
    for fault in found:
        print(f"{Path(sdist).name}: {fault}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
