"""Refuse a release whose tag, header, changelog and built files do not agree.

Usage: ``python tools/check_release.py [--tag v1.2.3] [--dist FOLDER [--complete]]``

The version stands in include/cmlp.h and nowhere else in the sources. Without ``--tag`` the changelog's first entry may
be unreleased. ``--dist`` looks into the metadata of the sdist and the wheels in a folder; ``--complete`` wants there
one sdist and each wheel that docs/platforms.md names, and nothing else.
"""

import argparse
import email.parser
import re
import sys
import tarfile
import zipfile
from pathlib import Path

import platforms

ROOT = Path(__file__).parents[1]


def header_complaints(header: str) -> list[str]:
    """The header tells its version twice, for people and for the preprocessor."""
    version, number = header_version(header), re.search(r"#define CMLP_VERSION_NUMBER (\d+)", header)[1]
    major, minor, patch = (int(part) for part in version.split("."))
    right = major * 10000 + minor * 100 + patch
    return [] if int(number) == right else [f"cmlp.h: CMLP_VERSION_NUMBER is {number}, {version} is {right}"]


def header_version(header: str) -> str:
    """Return what CMLP_VERSION says."""
    return re.search(r'^#define CMLP_VERSION "(\d+\.\d+\.\d+)"', header, re.MULTILINE)[1]


def changelog_complaints(changelog: str, version: str, released: bool) -> list[str]:
    """The first entry is this version's; it has a date if it is released."""
    entry = re.search(r"^## \[([\d.]+)\] - (\S+)$", changelog, re.MULTILINE)
    if not entry:
        return ["CHANGELOG.md has no entry '## [version] - date'"]
    said = [] if entry[1] == version else [f"CHANGELOG.md begins with {entry[1]}, cmlp.h has {version}"]
    dated = re.fullmatch(r"\d{4}-\d\d-\d\d", entry[2])
    if not dated and (released or entry[2] != "unreleased"):
        said.append(f"CHANGELOG.md has '{entry[2]}' where the date should be")
    return said


def metadata(file: Path) -> str:
    """Return the metadata inside an sdist or a wheel."""
    if file.suffix == ".whl":
        with zipfile.ZipFile(file) as wheel:
            return wheel.read(next(n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))).decode()
    with tarfile.open(file) as sdist:
        return sdist.extractfile(f"{file.name.removesuffix('.tar.gz')}/PKG-INFO").read().decode()


def file_complaints(file: Path, version: str) -> list[str]:
    """What is built bears the version in its name and in its metadata."""
    fields = email.parser.HeaderParser().parsestr(metadata(file))
    inside = f"{fields['Name']}-{fields['Version']}"
    right = f"cmlp-{version}"
    outside = re.match(r"[^-]+-[^-]+?(?=-|\.tar\.gz)", file.name)[0]
    return [f"{file.name}: is {what}, not {right}" for what in {inside, outside} if what != right]


def completeness_complaints(names: list[str], version: str) -> list[str]:
    """One sdist, each documented wheel, and nothing else."""
    wheels = [name for name in names if name.endswith(".whl")]
    there = {platforms.identifier_of(name) for name in wheels}
    wanted = set(platforms.documented())
    said = [f"the wheel {identifier} is missing" for identifier in sorted(wanted - there)]
    said += [f"the wheel {identifier} is not in docs/platforms.md" for identifier in sorted(there - wanted)]
    others = [name for name in names if name not in wheels]
    if others != [f"cmlp-{version}.tar.gz"]:
        said.append(f"not one sdist beside the wheels, but {', '.join(others) or 'nothing'}")
    return said


def main(arguments: list[str] | None = None) -> int:
    """Print the verdict; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tag")
    parser.add_argument("--dist", type=Path)
    parser.add_argument("--complete", action="store_true")
    chosen = parser.parse_args(arguments)
    header = (ROOT / "include/cmlp.h").read_text(encoding="utf-8")
    version = header_version(header)
    said = header_complaints(header)
    said += changelog_complaints((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version, bool(chosen.tag))
    if chosen.tag and chosen.tag != f"v{version}":
        said.append(f"the tag is {chosen.tag}, cmlp.h has {version}")
    files = sorted(chosen.dist.iterdir()) if chosen.dist else []
    for file in files:
        said += file_complaints(file, version)
    if chosen.complete:
        said += completeness_complaints([file.name for file in files], version)
    print("\n".join(said) or f"{version}: header, changelog{', tag' * bool(chosen.tag)}, {len(files)} files agree")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
