"""Check that the tag, the header, the changelog and the built files of a release have the same version.

Usage: ``python tools/check_release.py [--tag v1.2.3] [--dist FOLDER [--complete]]``

Only include/cmlp.h defines the version. Without ``--tag``, the first entry of the changelog may be unreleased.
``--dist`` checks the metadata of the sdist and the wheels in a folder. With ``--complete``, the folder must contain one
sdist, each wheel that docs/platforms.md lists, and nothing else.
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
    """Check that the version string and the version number in the header agree."""
    version, number = header_version(header), re.search(r"#define CMLP_VERSION_NUMBER (\d+)", header)[1]
    major, minor, patch = (int(part) for part in version.split("."))
    right = major * 10000 + minor * 100 + patch
    return [] if int(number) == right else [f"cmlp.h: CMLP_VERSION_NUMBER is {number}, {version} is {right}"]


def header_version(header: str) -> str:
    """Return the value of CMLP_VERSION."""
    return re.search(r'^#define CMLP_VERSION "(\d+\.\d+\.\d+)"', header, re.MULTILINE)[1]


def changelog_complaints(changelog: str, version: str, released: bool) -> list[str]:
    """Check that the first entry of the changelog is this version, with a date if it is released."""
    entry = re.search(r"^## \[([\d.]+)\] - (\S+)$", changelog, re.MULTILINE)
    if not entry:
        return ["CHANGELOG.md has no entry '## [version] - date'"]
    complaints = [] if entry[1] == version else [f"CHANGELOG.md begins with {entry[1]}, cmlp.h has {version}"]
    dated = re.fullmatch(r"\d{4}-\d\d-\d\d", entry[2])
    if not dated and (released or entry[2] != "unreleased"):
        complaints.append(f"CHANGELOG.md has '{entry[2]}' where the date should be")
    return complaints


def metadata(file: Path) -> str:
    """Return the metadata inside an sdist or a wheel."""
    if file.suffix == ".whl":
        with zipfile.ZipFile(file) as wheel:
            return wheel.read(next(n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))).decode()
    with tarfile.open(file) as sdist:
        return sdist.extractfile(f"{file.name.removesuffix('.tar.gz')}/PKG-INFO").read().decode()


def file_complaints(file: Path, version: str) -> list[str]:
    """Check the version in the name and in the metadata of a built file."""
    fields = email.parser.HeaderParser().parsestr(metadata(file))
    inside = f"{fields['Name']}-{fields['Version']}"
    right = f"cmlp-{version}"
    outside = re.match(r"[^-]+-[^-]+?(?=-|\.tar\.gz)", file.name)[0]
    return [f"{file.name}: is {what}, not {right}" for what in {inside, outside} if what != right]


def completeness_complaints(names: list[str], version: str) -> list[str]:
    """Check that the files are one sdist, each documented wheel, and nothing else."""
    wheels = [name for name in names if name.endswith(".whl")]
    there = {platforms.identifier_of(name) for name in wheels}
    wanted = set(platforms.documented())
    complaints = [f"the wheel {identifier} is missing" for identifier in sorted(wanted - there)]
    complaints += [f"the wheel {identifier} is not in docs/platforms.md" for identifier in sorted(there - wanted)]
    others = [name for name in names if name not in wheels]
    if others != [f"cmlp-{version}.tar.gz"]:
        complaints.append(f"expected one sdist beside the wheels, got {', '.join(others) or 'none'}")
    return complaints


def main(arguments: list[str] | None = None) -> int:
    """Print the complaints; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tag")
    parser.add_argument("--dist", type=Path)
    parser.add_argument("--complete", action="store_true")
    chosen = parser.parse_args(arguments)
    header = (ROOT / "include/cmlp.h").read_text(encoding="utf-8")
    version = header_version(header)
    complaints = header_complaints(header)
    complaints += changelog_complaints((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version, bool(chosen.tag))
    if chosen.tag and chosen.tag != f"v{version}":
        complaints.append(f"the tag is {chosen.tag}, cmlp.h has {version}")
    files = sorted(chosen.dist.iterdir()) if chosen.dist else []
    for file in files:
        complaints += file_complaints(file, version)
    if chosen.complete:
        complaints += completeness_complaints([file.name for file in files], version)
    agreeing = f"{version}: header, changelog{', tag' * bool(chosen.tag)}, {len(files)} files agree"
    print("\n".join(complaints) or agreeing)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
