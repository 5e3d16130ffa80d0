"""Compare the golden hashes that platforms have printed: one differing bit fails.

Usage: ``python tools/compare_hashes.py FOLDER_OR_FILE... [--expect PLATFORM...]``

Each file is what one platform printed, or a part of it, with one or more lines ``cmlp golden <16 hex digits>``. Its
name without ``.txt`` is the platform's, with more behind a hyphen where a platform has several files. With
``--expect``, each platform named must have a file; a file without a hash is always wrong.
"""

import argparse
import collections
import re
import sys
from pathlib import Path

LINE = re.compile(r"^cmlp golden ([0-9a-f]{16})\s*$", re.MULTILINE)


def hashes_of(paths: list[Path]) -> dict[str, list[str]]:
    """Return the hashes in each file, by the file's name without its ending; folders stand for their files."""
    files = [file for path in paths for file in (sorted(path.rglob("*.txt")) if path.is_dir() else [path])]
    found = {file.stem: LINE.findall(file.read_text(encoding="utf-8")) for file in files}
    if len(found) < len(files):
        raise SystemExit("two files have the same name")
    return found


def complaints(found: dict[str, list[str]], expected: list[str]) -> list[str]:
    """Say what is missing and what differs; the hash that most files have is taken for the right one."""
    said = [f"{name}: no hash" for name, hashes in found.items() if not hashes]
    platforms = {name.partition("-")[0] for name in found}
    said += [f"{platform}: expected, but there is no file" for platform in expected if platform not in platforms]
    votes = collections.Counter(value for hashes in found.values() for value in set(hashes))
    if not votes:
        return [*said, "no hash at all"]
    usual = votes.most_common(1)[0][0]
    for name, hashes in found.items():
        said += [f"{name}: {value}, others have {usual}" for value in sorted(set(hashes) - {usual})]
    return said


def main(arguments: list[str] | None = None) -> int:
    """Print the verdict; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", type=Path, metavar="FOLDER_OR_FILE")
    parser.add_argument("--expect", nargs="+", default=[], metavar="PLATFORM")
    chosen = parser.parse_args(arguments)
    found = hashes_of(chosen.paths)
    said = complaints(found, chosen.expect)
    print("\n".join(said) or f"the same hash from all of {', '.join(sorted(found))}")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
