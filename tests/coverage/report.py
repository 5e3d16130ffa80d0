"""Measures what the tests cover, and lists what they do not.

    python tests/coverage/report.py c [--isa "generic;avx2"] [--all]
    python tests/coverage/report.py python

For C: conditions of the reader and writer of model files and of the encoder (MC/DC: each condition
alone has changed the result of its decision), and lines of the core. `--isa` names the instruction
sets to compile, and some tests run once with each; name avx512 too if the processor has it. `--all`
also runs the tests of the kernels. It needs clang and llvm of version 18 or newer: CLANG names the
compiler, and llvm-cov and llvm-profdata are beside the program behind this name. For Python:
branches of the packages in table.toml, which needs coverage.py.

What is not covered is listed, except for what table.toml accepts, by file and text, with the reason. The exit status is
1 if a figure is below its bar.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TABLE = tomllib.loads((HERE / "table.toml").read_text())
FLAGS = "-O1 -fprofile-instr-generate -fcoverage-mapping -fcoverage-mcdc -Wno-error"


class Report:
    """Counts covered and uncovered lines, branches and conditions of groups of files, and prints them."""

    def __init__(self, isas: list[str]) -> None:
        self.covered: Counter[str] = Counter()
        self.total: Counter[str] = Counter()
        self.missing: dict[tuple[str, str], int] = {}
        rows = [row for row in TABLE["accepted"] if row.get("unless") not in isas]
        self.accepted = {
            (row["file"], text) for row in rows for text in row["text"].splitlines() or [""]
        }

    def add(self, group: str, file: str, line: int, text: str, covered: list[bool]) -> None:
        """Count the conditions, the line or the branches at a place."""
        missing = covered.count(False)
        self.total[group] += len(covered)
        accepted = missing and not self.accepted.isdisjoint({(file, text.strip()), (file, "")})
        self.covered[group] += len(covered) - (0 if accepted else missing)
        if missing and not accepted:
            place = f"{group}: {file}:{line}", text.strip()
            self.missing[place] = self.missing.get(place, 0) + missing

    def show(self) -> bool:
        """Print everything; return whether each group reaches its bar."""
        for (place, text), n in self.missing.items():
            print(f"{place}  {n} of: {text}")
        reached = True
        for group, total in self.total.items():
            percent = 100 * self.covered[group] / total
            bar = TABLE["bars"][group]
            reached &= percent >= bar
            print(f"{group}: {self.covered[group]} of {total} ({percent:.1f} %, at least {bar} %)")
        return reached


# --------------------------------------------------------------------------------------------------------------- C


def coverage_of_c(isa: str, everything: bool) -> Report:
    """Build the C tests with counters, run them with each instruction set, and read what they have covered."""
    clang = shutil.which(os.environ.get("CLANG", "clang"))
    if clang is None:
        sys.exit("clang is missing")
    tools = Path(clang).resolve().parent
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build = folder / "build"
        options = [
            f"-DCMAKE_C_COMPILER={clang}",
            f"-DCMAKE_C_FLAGS={FLAGS}",
            f"-DCMLP_ISA={isa}",
            "-DCMAKE_BUILD_TYPE=",
        ]
        jobs = str(os.cpu_count())
        _run("cmake", "-S", ROOT, "-B", build, *options, stdout=subprocess.DEVNULL)
        _run("cmake", "--build", build, "--parallel", jobs, stdout=subprocess.DEVNULL)
        left_out = [] if everything else ["-E", "^(" + "|".join(TABLE["c"]["slow"]) + ")$"]
        for one in [None, *isa.split(";")]:
            environment = {
                **os.environ,
                "LLVM_PROFILE_FILE": f"{folder}/%p.profraw",
                **({"CMLP_ISA": one} if one else {}),
            }
            some = (
                left_out if one is None else ["-R", "^(" + "|".join(TABLE["c"]["each_isa"]) + ")$"]
            )
            _run(
                "ctest",
                "--test-dir",
                build,
                "-j",
                jobs,
                "--timeout",
                "1800",
                *some,
                env=environment,
            )
        profile = folder / "profile"
        _run(tools / "llvm-profdata", "merge", "-sparse", *folder.glob("*.profraw"), "-o", profile)
        programs = [
            path
            for path in (build / "tests/c").iterdir()
            if path.is_file() and os.access(path, os.X_OK)
        ]
        objects = [part for path in programs[1:] for part in ("-object", path)]
        command = [
            tools / "llvm-cov",
            "export",
            f"-instr-profile={profile}",
            programs[0],
            *objects,
            ROOT / "src/cmlp/core",
        ]
        return _of_c(json.loads(_run(*command, stdout=subprocess.PIPE).stdout), isa.split(";"))


def _run(*command: Any, **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(list(map(str, command)), check=True, **options)


def _of_c(exported: dict[str, Any], isas: list[str]) -> Report:
    report, core = Report(isas), ROOT / "src/cmlp/core"
    for entry in exported["data"][0]["files"]:
        file = str(Path(entry["filename"]).relative_to(core))
        lines = Path(entry["filename"]).read_text().splitlines()
        for number, count in _counts(entry["segments"]).items():
            if lines[number - 1].strip() in ("{", "}"):
                continue
            report.add("lines of the core", file, number, lines[number - 1], [count > 0])
        if any(file.startswith(prefix) for prefix in TABLE["c"]["conditions"]):
            for record in entry["mcdc_records"]:
                conditions = next(part for part in record if isinstance(part, list))
                report.add(
                    "conditions of the loader", file, record[0], lines[record[0] - 1], conditions
                )
    return report


def _counts(segments: list[list[Any]]) -> dict[int, int]:
    """Return how often each line with code was run: the highest count of the regions that begin in it or reach it."""
    counts: dict[int, int] = {}
    for (line, _, count, has_count, is_entry, is_gap), after in itertools.pairwise(segments):
        if not has_count or is_gap:
            continue
        for number in range(line if is_entry else line + 1, after[0] + (after[1] > 1)):
            counts[number] = max(counts.get(number, 0), count)
    return counts


# ---------------------------------------------------------------------------------------------------------- Python


def coverage_of_python() -> Report:
    """Run the tests of table.toml under coverage.py, and read the branches of its packages."""
    with tempfile.TemporaryDirectory() as name:
        data = Path(name) / "data"
        command = [sys.executable, "-m", "coverage"]
        options = ["--branch", f"--data-file={data}", "--source=cmlp"]
        tests = [ROOT / test for test in TABLE["python"]["tests"]]
        pytest = ["-m", "pytest", "-q", "-n", "0", "-m", "", "--sample", "1"]
        done = subprocess.run(
            [*command, "run", *options, *pytest, *tests],
            cwd=ROOT,
            check=False,
        )
        if done.returncode:
            sys.exit("a test has failed")
        _run(*command, "json", "-q", f"--data-file={data}", "-o", Path(name) / "json")
        return _of_python(json.loads((Path(name) / "json").read_text())["files"])


def _of_python(files: dict[str, Any]) -> Report:
    report = Report([])
    for path, entry in files.items():
        file = path.rpartition("cmlp/")[2] if "/cmlp/" not in path else path.split("/cmlp/", 1)[1]
        package = file.split("/")[0]
        if package not in TABLE["python"]["packages"]:
            continue
        lines = (ROOT / "src/cmlp" / file).read_text().splitlines()
        for branches, covered in (
            (entry["executed_branches"], True),
            (entry["missing_branches"], False),
        ):
            for start, _ in branches:
                report.add(f"branches of {package}", file, start, lines[start - 1], [covered])
    return report


def main() -> None:
    """Read the arguments, measure, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("language", choices=["c", "python"])
    parser.add_argument("--isa", default="generic;avx2")
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    report = (
        coverage_of_c(options.isa, options.all) if options.language == "c" else coverage_of_python()
    )
    sys.exit(not report.show())


if __name__ == "__main__":
    main()
