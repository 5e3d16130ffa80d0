"""Compare the golden hashes printed by all platforms. A single different bit is a failure.

Usage: ``python tools/compare_hashes.py FOLDER_OR_FILE... [--expect PLATFORM...]``

Each file is output of one platform and contains one or more lines ``cmlp golden <16 hex digits>``. Its name is the
platform, a hyphen and a suffix if the platform has several files, and ``.txt``. With ``--expect``, each named platform
must have a file. A file without a hash is always an error.
"""

import argparse
import collections
import re
import sys
from pathlib import Path

LINE = re.compile(r"^cmlp golden ([0-9a-f]{16})\s*$", re.MULTILINE)


def hashes_of(paths: list[Path]) -> dict[str, list[str]]:
    """Return the hashes in each file by its stem. A folder means all its files."""
    files = [
        file
        for path in paths
        for file in (sorted(path.rglob("*.txt")) if path.is_dir() else [path])
    ]
    found = {file.stem: LINE.findall(file.read_text(encoding="utf-8")) for file in files}
    if len(found) < len(files):
        raise SystemExit("two files have the same name")
    return found


def complaints(found: dict[str, list[str]], expected: list[str]) -> list[str]:
    """Return a message for each missing or different hash. The most frequent hash counts as correct."""
    messages = [f"{name}: no hash" for name, hashes in found.items() if not hashes]
    platforms = {name.partition("-")[0] for name in found}
    messages += [
        f"{platform}: expected, but there is no file"
        for platform in expected
        if platform not in platforms
    ]
    votes = collections.Counter(value for hashes in found.values() for value in set(hashes))
    if not votes:
        return [*messages, "no hash at all"]
    usual = votes.most_common(1)[0][0]
    for name, hashes in found.items():
        messages += [
            f"{name}: {value}, others have {usual}" for value in sorted(set(hashes) - {usual})
        ]
    return messages


def main(arguments: list[str] | None = None) -> int:
    """Print the messages; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="FOLDER_OR_FILE")
    parser.add_argument("--expect", nargs="+", default=[], metavar="PLATFORM")
    chosen = parser.parse_args(arguments)
    found = hashes_of(chosen.paths)
    messages = complaints(found, chosen.expect)
    print("\n".join(messages) or f"the same hash from all of {', '.join(sorted(found))}")
    return 1 if messages else 0


if __name__ == "__main__":
    sys.exit(main())
