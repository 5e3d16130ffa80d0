"""Check that a release is complete: versions, owner.toml, built files; with ``--all`` all that needs no network.

Usage: ``python tools/check_release.py [--tag v1.2.3] [--dist FOLDER [--complete TIER]] [--languages FOLDER] [--all]``

Only include/cmlp.h defines the version. Without ``--tag``, the first entry of the changelog may be unreleased, and
values of owner.toml may be empty or not
confirmed; they are listed. ``--all`` also runs the tests of links, figures, promises and tools,
and builds the documentation, which needs the extras test and docs.
``--dist`` checks the metadata of the sdist and the wheels in a folder. With ``--complete``, the folder must contain
each wheel of the tier in docs/platforms.md, with tier 1 the sdist, and nothing else. ``--languages`` checks the folder
of the files for other languages, which are attached to the release.
"""

import argparse
import email.parser
import json
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import owner
import platforms

ROOT = Path(__file__).parents[1]


def header_complaints(header: str) -> list[str]:
    """Check that the version string and the numbers in the header agree."""
    version = header_version(header)
    parts = [
        re.search(rf"#define CMLP_VERSION_{part} (\d+)", header)[1]
        for part in ("MAJOR", "MINOR", "PATCH")
    ]
    number = ".".join(parts)
    return (
        [] if number == version else [f"cmlp.h: CMLP_VERSION is {version}, its parts are {number}"]
    )


def header_version(header: str) -> str:
    """Return the value of CMLP_VERSION."""
    return re.search(r'^#define CMLP_VERSION "(\d+\.\d+\.\d+)"', header, re.MULTILINE)[1]


def changelog_complaints(changelog: str, version: str, released: bool) -> list[str]:
    """Check that the first entry of the changelog is this version, with a date if it is released."""
    entry = re.search(r"^## \[([\d.]+)\] - (\S+)$", changelog, re.MULTILINE)
    if not entry:
        return ["CHANGELOG.md has no entry '## [version] - date'"]
    complaints = (
        []
        if entry[1] == version
        else [f"CHANGELOG.md begins with {entry[1]}, cmlp.h has {version}"]
    )
    dated = re.fullmatch(r"\d{4}-\d\d-\d\d", entry[2])
    if not dated and (released or entry[2] != "unreleased"):
        complaints.append(f"CHANGELOG.md has '{entry[2]}' where the date should be")
    return complaints


def metadata(file: Path) -> str:
    """Return the metadata inside an sdist or a wheel."""
    if file.suffix == ".whl":
        with zipfile.ZipFile(file) as wheel:
            return wheel.read(
                next(n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))
            ).decode()
    with tarfile.open(file) as sdist:
        return sdist.extractfile(f"{file.name.removesuffix('.tar.gz')}/PKG-INFO").read().decode()


def file_complaints(file: Path, version: str) -> list[str]:
    """Check the version in the name and in the metadata of a built file."""
    fields = email.parser.HeaderParser().parsestr(metadata(file))
    inside = f"{fields['Name']}-{fields['Version']}"
    right = f"cmlp-{version}"
    outside = re.match(r"[^-]+-[^-]+?(?=-|\.tar\.gz)", file.name)[0]
    return [f"{file.name}: is {what}, not {right}" for what in {inside, outside} if what != right]


def completeness_complaints(names: list[str], version: str, tier: str) -> list[str]:
    """Check that the files are each documented wheel of a tier, in tier 1 one sdist, and nothing else."""
    wheels = [name for name in names if name.endswith(".whl")]
    there = {platforms.identifier_of(name) for name in wheels}
    wanted = set(platforms.documented(tier))
    complaints = [f"the wheel {identifier} is missing" for identifier in sorted(wanted - there)]
    complaints += [
        f"the wheel {identifier} is not in tier {tier} of docs/platforms.md"
        for identifier in sorted(there - wanted)
    ]
    others = [name for name in names if name not in wheels]
    if others != [f"cmlp-{version}.tar.gz"] * (tier == "1"):
        complaints.append(
            f"expected {'one sdist' if tier == '1' else 'nothing'} beside the wheels, "
            f"got {', '.join(others) or 'none'}"
        )
    return complaints


def language_complaints(folder: Path, version: str) -> list[str]:
    """Check the package for npm and the crates, and their version."""
    package, crates = f"cmlp-npm-{version}.tgz", f"cmlp-rust-{version}.tar.gz"
    wanted = {package, crates}
    names = {path.name for path in folder.iterdir()}
    complaints = [f"{name} is missing" for name in sorted(wanted - names)]
    complaints += [f"{name} is not a file for other languages" for name in sorted(names - wanted)]
    if package in names:
        complaints += npm_complaints(folder / package, version)
    if crates in names:
        complaints += crate_complaints(folder / crates, version)
    return complaints


def npm_complaints(file: Path, version: str) -> list[str]:
    """Check that the package for npm has all its files, and their version."""
    with tarfile.open(file) as package:
        names = {"LICENSE", "README.md", "cmlp.d.mts", "cmlp.mjs", "cmlp.wasm", "package.json"}
        there = {Path(member.name).name for member in package.getmembers() if member.isfile()}
        if there != names:
            return [f"{file.name}: has {', '.join(sorted(there))}, not {', '.join(sorted(names))}"]
        complaints = []
        if json.load(package.extractfile("package/package.json"))["version"] != version:
            complaints.append(f"{file.name}: package.json does not have the version {version}")
        if f"\0{version}\0".encode() not in package.extractfile("package/cmlp.wasm").read():
            complaints.append(f"{file.name}: cmlp.wasm does not contain the version {version}")
    return complaints


def crate_complaints(file: Path, version: str) -> list[str]:
    """Check the versions of both crates, and that the C library is with them."""
    with tarfile.open(file) as crates:
        names = {Path(name).as_posix() for name in crates.getnames()}
        complaints = [
            f"{file.name}: {name} is missing"
            for name in (
                "cmlp-sys/c/cmlp.c",
                "cmlp-sys/c/cmlp.h",
                "cmlp-sys/LICENSE",
                "cmlp/LICENSE",
            )
            if name not in names
        ]
        for crate in ("cmlp-sys", "cmlp"):
            manifest = crates.extractfile(f"./{crate}/Cargo.toml").read().decode()
            if f'version = "{version}"' not in manifest:
                complaints.append(f"{file.name}: {crate} does not have the version {version}")
    return complaints


def owner_complaints(released: bool) -> list[str]:
    """Check that files follow from owner.toml, and for a release that all of it is known; else list what is not."""
    complaints = [
        f"{name} does not follow from owner.toml: run python tools/owner.py"
        for name in owner.outdated()
    ]
    unknown = owner.missing_lines(owner.read())
    if not released:
        print("".join(f"{line}, needed for a release\n" for line in unknown), end="")
    return complaints + unknown * released


def failed_checks() -> list[str]:
    """Run the checks of a release that are programs of their own; return those that failed."""
    python = [sys.executable, "-m"]
    programs = [
        [
            *python,
            "pytest",
            "-q",
            "-m",
            "",
            "tests/package",
            "tests/docs/test_figures.py",
            "tests/files/test_kept_files.py",
        ],
        [*python, "sphinx", "-q", "-E", "-W", "--keep-going", "-b", "html", "docs", "build/docs"],
    ]
    return [
        f"failed: {' '.join(program[1:])}"
        for program in programs
        if subprocess.run(program, cwd=ROOT).returncode
    ]


def main(arguments: list[str] | None = None) -> int:
    """Print the complaints; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tag")
    parser.add_argument("--dist", type=Path)
    parser.add_argument("--complete", choices=["1", "2"], metavar="TIER")
    parser.add_argument("--languages", type=Path)
    parser.add_argument("--all", action="store_true")
    chosen = parser.parse_args(arguments)
    header = (ROOT / "include/cmlp.h").read_text(encoding="utf-8")
    version = header_version(header)
    complaints = header_complaints(header)
    complaints += changelog_complaints(
        (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version, bool(chosen.tag)
    )
    if chosen.tag and chosen.tag != f"v{version}":
        complaints.append(f"the tag is {chosen.tag}, cmlp.h has {version}")
    complaints += owner_complaints(bool(chosen.tag))
    complaints += failed_checks() if chosen.all else []
    files = sorted(chosen.dist.iterdir()) if chosen.dist else []
    for file in files:
        complaints += file_complaints(file, version)
    if chosen.complete:
        complaints += completeness_complaints(
            [file.name for file in files], version, chosen.complete
        )
    if chosen.languages:
        complaints += language_complaints(chosen.languages, version)
    agreeing = f"{version}: header, changelog{', tag' * bool(chosen.tag)}, {len(files)} files agree"
    print("\n".join(complaints) or agreeing)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
