"""Says which tests belong to a change, and runs them: a minute instead of the whole suite.

    python tools/tests_for.py                                   of what `git diff HEAD` shows, and of new files
    python tools/tests_for.py src/cmlp/_train/training.py:442    of a line, or of a file without a line
    python tools/tests_for.py --run                             compiles what has changed, and runs the tests
    python tools/tests_for.py --record [tests/training ...]     makes the map anew, of all tests or of some
    python tools/tests_for.py --renew                           records what has changed, if that is many files

A map says which tests run a line of the package, the core or the bridge. It is read from the first of these: --map, the
file that CMLP_TESTS_MAP names, build/tests_for.json.gz (which --record writes), tests/tests_for.json.gz. Its lines are
carried over to the working tree by `git diff` from the commit where it was recorded. Tests that run lines of the
changed function that few other tests run come first. Other tests are found by name: those that belong to the file in
tests/mutants/table.toml, that import it, or that are named after it.
"""

from __future__ import annotations

import argparse
import ast
import functools
import gzip
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAPS = [ROOT / "build/tests_for.json.gz", ROOT / "tests/tests_for.json.gz"]
BUILD = ROOT / "build/tests-for"
CORE = "src/cmlp/core/"
# CPU seconds, with the build. A header that most files include, or that the kernels do, takes longer to compile, and a
# change of many files has more tests.
SECONDS, SECONDS_OF_HEADERS, SECONDS_OF_MANY, MANY_FILES = 60, 120, 300, 50
# As long as more are left, further tests are planned: the map may take tests for longer than they are.
LEAST_SECONDS = 5
# The map is renewed when more files of the package differ from it.
MOST_STALE = 50
# CPU seconds of a test, a program of tests/c or a file of tests that the map does not know.
UNKNOWN = {"test": 0.5, "program": 3.0, "file": 4.0}
# A step that takes as many times its CPU seconds waits for something that never comes, even on a loaded machine.
DEADLOCK = 10
# Programs that take longer run after the tests of Python.
LONG_PROGRAM = 4.0
# Compiled into the extension or into the programs of tests/c.
COMPILED = re.compile(r"(src|include)/.*\.(c|h|pyx|pxi|pxd)$|setup\.py$")
BROAD_HEADER = re.compile(r"include/cmlp\w*\.h$|src/cmlp/core/(kernels|base)/.*\.h$")
# Tests of what no line of the map shows: the beginning of a path, and files of tests or folders of them.
FOLDERS = {
    "src/cmlp/capi.pxd": ["tests/package/test_capi.py"],
    "src/cmlp/libcmlp.pxd": ["tests/network/test_network.py", "tests/core/test_bridge_errors.py"],
    "src/cmlp/_bridge/": ["tests/network/test_network.py", "tests/core/test_bridge_errors.py",
                          "tests/core/test_edges.py", "tests/core/test_bits.py"],
    "src/cmlp/core/kernels/": ["c:check_kernels", "c:golden", "c:test_math", "c:test_tunings",
                               "tests/core/test_bits.py"],
    "src/cmlp/core/": ["c:golden", "c:test_api", "c:test_train", "tests/core/test_features.py"],
    "include/cmlp.hpp": ["tests/embedding/test_wrapper.py", "tests/embedding/test_table_consumer.py"],
    "include/": ["c:golden", "c:test_structs", "tests/core/test_header.py", "tests/embedding/test_abi.py"],
    "src/cmlp/story/page/film/": ["tests/page/test_film.py"],
    "src/cmlp/story/page/figures/": ["tests/page/test_doors.py", "tests/page/test_playground.py"],
    "src/cmlp/story/page/doors/": ["tests/page/test_doors.py"],
    "src/cmlp/_export/page/assets/explore/": ["tests/page/test_browser.py", "tests/page/test_wishes.py",
                                              "tests/page/test_touch.py"],
    "src/cmlp/_export/page/assets/table/curves.js": [
        "tests/page/test_table_curves.py", "tests/page/test_table_page.py", "tests/page/test_decision_page.py"],
    "src/cmlp/_export/page/assets/table": ["tests/page/test_table_page.py", "tests/page/test_decision_page.py"],
    "src/cmlp/_export/page/assets/network/": ["tests/page/test_readers.py", "tests/page/test_table_page.py"],
    "src/cmlp/_export/page/": ["tests/page/test_document.py", "tests/page/test_layout.py",
                               "tests/page/test_browser.py"],
    "src/cmlp/_export/projects/": ["tests/export/test_c_project.py"],
    "src/cmlp/story/": ["tests/story/"],
    "src/cmlp/_export/onnx": ["tests/export/test_onnx.py", "tests/export/test_from_onnx.py"],
    "src/cmlp/_export/torch": ["tests/export/test_torch.py"],
    "src/cmlp/_export/": ["tests/export/"],
    "src/cmlp/_cli/": ["tests/command/", "tests/console/"],
    "src/cmlp/__main__.py": ["tests/command/test_main.py"],
    "src/cmlp/_pyinstaller/": ["tests/package/test_pyinstaller.py"],
    "src/cmlp/_estimators/": ["tests/estimators/", "tests/tables/test_tabular.py"],
    "src/cmlp/_tables/": ["tests/tables/"],
    "src/cmlp/_fit/": ["tests/training/test_golden_fits.py", "tests/estimators/"],
    "src/cmlp/_findings/": ["tests/findings/"],
    "src/cmlp/_train/": ["tests/training/"],
    "src/cmlp/_model/": ["tests/files/", "tests/tables/"],
    "src/cmlp/_parameters/": ["tests/package/test_hyperparameters.py", "tests/estimators/test_parameters.py",
                              "tests/estimators/test_options.py"],
    "src/cmlp/_data/files/": ["tests/files/", "tests/data/"],
    "src/cmlp/_data/": ["tests/inputs/", "tests/data/"],
    "src/cmlp/_process/": ["tests/estimators/test_any_signal.py", "tests/core/test_interrupts.py",
                           "tests/package/test_threads.py"],
    "src/cmlp/callbacks.py": ["tests/training/test_checkpoints.py"],
    "src/cmlp/exceptions.py": ["tests/estimators/test_errors.py"],
    "src/cmlp/datasets/": ["tests/datasets/"],
    "src/cmlp/distributed/": ["tests/distributed/"],
    "src/cmlp/plots/": ["tests/plots/"],
    "src/cmlp/river/": ["tests/river/"],
    "src/cmlp/sklearn/": ["tests/sklearn/"],
    "src/cmlp/": ["tests/package/test_layers.py", "tests/package/test_public_names.py"],
    "docs/": ["tests/docs/test_pages.py", "tests/docs/test_figures.py", "tests/docs/test_typography.py"],
    "README.md": ["tests/package/test_owner.py", "tests/package/test_readme.py", "tests/docs/test_pages.py",
                  "tests/docs/test_figures.py"],
    "examples/": ["tests/embedding/test_examples.py", "tests/examples/test_python_extensions.py"],
    "benchmarks/": ["tests/benchmarks/test_benchmarks.py"],
    "tests/c/check_": ["c:check_kernels"],
    "tests/c/": ["c:test_api", "c:test_model", "c:test_inference"],
    "pyproject.toml": ["tests/package/test_optional_imports.py", "tests/package/test_distributions.py",
                       "tests/package/test_release_tools.py"],
    "setup.py": ["tests/package/test_distributions.py"],
    ".github/": ["tests/package/test_release_tools.py"],
    "cmake/": ["tests/core/test_c_library.py", "tests/embedding/test_cmake_package.py"],
    "CMakeLists.txt": ["tests/core/test_c_library.py", "tests/embedding/test_cmake_package.py"],
    "meson.build": ["tests/embedding/test_meson.py"],
}  # fmt: skip


class Change(NamedTuple):
    """A file that has changed, and a line of it; None is the whole file."""

    file: str
    line: int | None


# ----------------------------------------------------------------------------------------------------- what has changed


def git(*arguments: str) -> str:
    """Return what git prints."""
    command = ["git", "-c", "core.quotepath=off", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def changes_of(diff: str) -> list[Change]:
    """Return the lines that a diff without context changes. For deleted lines, those around them count."""
    found, file = [], ""
    for line in diff.splitlines():
        if line.startswith("--- "):
            file = line[6:]
        elif line.startswith("+++ "):
            if line != "+++ /dev/null":
                file = line[6:]
            else:
                found.append(Change(file, None))
        elif hunk := HUNK.match(line):
            first, n = int(hunk[3]), int(hunk[4] or 1)
            last = first + n - 1 if n else first + 1
            if found and found[-1] == Change(file, None):
                continue
            found += [Change(file, k) for k in range(max(first, 1), last + 1)]
    return found


HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def working_tree() -> list[Change]:
    """Return what differs from HEAD, and new files that git does not ignore."""
    new = git("ls-files", "--others", "--exclude-standard").splitlines()
    return changes_of(git("diff", "HEAD", "-U0", "--no-color", "--no-ext-diff")) + [
        Change(file, None) for file in new
    ]


def change_of(place: str) -> Change:
    """Return the change that a place on the command line means: FILE or FILE:LINE."""
    file, colon, line = place.partition(":")
    path = Path(file).resolve()
    if not path.is_relative_to(ROOT) or not path.is_file():
        sys.exit(f"{file!r} is no file of the source tree.")
    if colon and not line.isdigit():
        sys.exit(f"A place is FILE or FILE:LINE, got {place!r}.")
    n_lines = len(path.read_bytes().splitlines())
    if line and not 1 <= int(line) <= n_lines:
        sys.exit(f"{file} has {n_lines} lines, got line {line}.")
    return Change(path.relative_to(ROOT).as_posix(), int(line) if line else None)


class Carried:
    """The lines of a file at an earlier commit, for lines of the working tree."""

    def __init__(self, diff: str) -> None:
        self.hunks = [
            [int(part or 1) for part in hunk.groups()]
            for line in diff.splitlines()
            if (hunk := HUNK.match(line))
        ]

    def line_before(self, line: int) -> int:
        """Return the line that it was, or the nearest one for a new line."""
        moved = 0
        for old, n_old, new, n_new in self.hunks:
            # Git names the line before an empty range.
            old, new = old + (not n_old), new + (not n_new)
            if line < new:
                break
            if line < new + n_new:
                return max(old + min(line - new, n_old - 1), 1)
            moved = old + n_old - new - n_new
        return line + moved


# --------------------------------------------------------------------------------------------- functions and their uses


def function_around(file: str, text: str, line: int) -> tuple[int, int] | None:
    """Return the first and the last line of the function around a line; None outside of functions."""
    if file.endswith(".py"):
        return _python_function(text, line)
    lines = text.splitlines()
    if file.endswith((".c", ".h")):
        ends = [i for i, one in enumerate(lines, 1) if one.startswith("}")]
        first = max((end for end in ends if end < line), default=0) + 1
        last = min((end for end in ends if end >= line), default=0)
        opening = next((i for i in range(first, last) if lines[i - 1].startswith("{")), None)
        if opening is None:
            return None
        while opening > first and lines[opening - 2].strip():  # its head and the comment above
            opening -= 1
        return (opening, last) if line >= opening else None
    return _cython_function(lines, line)


@functools.lru_cache
def _tree(text: str) -> ast.Module:
    """Return the statements of a Python file; none if it has an error, which every test of it will show."""
    try:
        return ast.parse(text)
    except SyntaxError:
        return ast.Module([], [])


def _python_function(text: str, line: int) -> tuple[int, int] | None:
    around = []
    for node in ast.walk(_tree(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            if first <= line <= node.end_lineno:
                around.append((node.end_lineno - first, first, node.end_lineno))
    return min(around)[1:] if around else None


def _cython_function(lines: list[str], line: int) -> tuple[int, int] | None:
    for first in range(min(line, len(lines)), 0, -1):
        head = re.match(r"( *)(?:def|cdef|cpdef) (?!extern|class)(?:.*\(|.*,$)", lines[first - 1])
        if head:
            after = re.compile(rf" {{0,{len(head[1])}}}[^ )]")
            ends = (k for k in range(first + 1, len(lines) + 1) if after.match(lines[k - 1]))
            last = next(ends, len(lines) + 1) - 1
            return (first, last) if line <= last else None
    return None


def names_at(file: str, text: str, line: int) -> set[str]:
    """Return the names that the statement at a line outside of functions defines: constants, macros, fields."""
    if file.endswith(".py"):
        around = [
            node
            for node in ast.walk(_tree(text))
            if isinstance(node, ast.Assign | ast.AnnAssign)
            and node.lineno <= line <= node.end_lineno
        ]
        targets = [t for node in around for t in getattr(node, "targets", None) or [node.target]]
        return {t.id for t in targets if isinstance(t, ast.Name)}
    lines = text.splitlines()
    line = min(line, len(lines))
    while line > 1 and (lines[line - 1][:1].isspace() or lines[line - 2].endswith("\\")):
        line -= 1
    code = lines[line - 1] if lines else ""
    found = re.findall(r"^\s*#\s*define (\w+)|(\w+)(?:\[[^]]*\])*\s*[=;,{]|enum \{ *(\w+)", code)
    return {name for one in found for name in one if len(name) > 2}


def uses_of(names: set[str], file: str) -> list[Change]:
    """Return the lines that use names which a file defines: of files in the same language."""
    endings = (".py",) if file.endswith(".py") else (".c", ".h", ".pyx", ".pxi")
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})\b")
    return [
        Change(path, line)
        for path in files("src/cmlp/**/*.*")
        if path.endswith(endings)
        for line, text in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(text)
    ]


def files(pattern: str) -> list[str]:
    """Return the files of the tree that match a pattern."""
    return sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob(pattern))


# -------------------------------------------------------------------------------------------------------------- the map


class TestMap:
    """Which tests run a line: of each file, lines from which a set of tests holds (see thin_map in record_map.py)."""

    def __init__(self, content: dict) -> None:
        self.commit = content["commit"]
        self.tests = [name for name, _ in content["tests"]]
        self.seconds = dict(content["tests"]) | content["files"]
        self.sets = [[int(number) for number in one.split()] for one in content["sets"]]
        self.entries = {
            file: [tuple(map(int, entry.split(":"))) for entry in text.split()]
            for file, text in content["lines"].items()
        }

    def counted(self, file: str) -> Iterator[tuple[int, list[tuple[str, int]]]]:
        """Yield lines of a file where the tests change, and those that tell most, each with how many run the line."""
        for line, index in self.entries.get(file, ()):
            n_tests, n_programs, *numbers = self.sets[index]
            names = [self.tests[number] for number in numbers]
            yield line, [(name, n_programs if name.startswith("c:") else n_tests) for name in names]

    def seconds_of(self, test: str) -> float:
        """Return the CPU seconds of a test, a program or a file of tests."""
        kind = "program" if test.startswith("c:") else "test" if "::" in test else "file"
        return self.seconds.get(test, UNKNOWN[kind])


NO_MAP = TestMap({"commit": "", "tests": [], "files": {}, "sets": [], "lines": {}})


def read_map(path: Path | None) -> TestMap:
    """Read the map from a path, or from the first place where there is one."""
    found = map_file(path)
    return TestMap(json.loads(gzip.decompress(found.read_bytes()))) if found else NO_MAP


def map_file(path: Path | None) -> Path | None:
    """Return the file of the map: a path, or the first place where there is one."""
    named = path or (
        Path(os.environ["CMLP_TESTS_MAP"]) if os.environ.get("CMLP_TESTS_MAP") else None
    )
    if named and not named.exists():
        sys.exit(f"There is no map {str(named)!r}.")
    return named or next((one for one in MAPS if one.exists()), None)


# ---------------------------------------------------------------------------------------------------------- the ranking


class Ranking:
    """The tests of changes, with what each tells and why it was chosen."""

    # A test that is found by the rest of the file, or by name, comes after those of the function.
    REST, NAMED = 1e-3, 1e-9

    def __init__(self, test_map: TestMap, changes: Iterable[Change]) -> None:
        self.map = test_map
        self.score: Counter[str] = Counter()
        self.reasons: dict[str, str] = {}
        self.notes: list[str] = []
        self.carried: dict[str, Carried] = {}
        self.earlier_names = self._earlier_names()
        # Files of tests whose slow tests belong to the changes, too.
        self.with_slow: set[str] = set()
        for change in dict.fromkeys(changes):
            self._add(change)
        self._add_changed_tests()

    def ordered(self) -> list[str]:
        """Return the tests: those that tell much for their time first."""
        known = filter(exists, self.score)
        return sorted(known, key=lambda test: -self.score[test] / (0.3 + self.map.seconds_of(test)))

    def _add(self, change: Change) -> None:
        file = change.file
        if re.search(r"^tests/.*/test_\w+\.py$", file):
            self._count([file], 1e3, "changed")
            self.with_slow.add(file)
            return
        if re.search(r"^tests/c/test_\w+\.c$", file):
            self._count([f"c:{Path(file).stem}"], 1e3, "changed")
            return
        if self._in_map(file) in self.map.entries:
            self._count_lines(change, 1.0)
        elif file.startswith("src/cmlp/") and file.endswith((".py", ".c", ".h", ".pyx", ".pxi")):
            self._note(f"The map has no line of {file}: its tests are found by name.")
        for weight, (kind, tests) in enumerate(named_tests(file), 1):
            self._count(tests, self.NAMED / weight, kind)
            if kind in ("named after it", "of its row"):
                self.with_slow |= set(tests)

    def _add_changed_tests(self) -> None:
        """Count whole files of tests that have changed since the map was recorded, if a test of theirs counts."""
        best: dict[str, float] = {}
        for test, score in self.score.items():
            if "::" in test:
                file = test.split("::")[0]
                best[file] = max(score, best.get(file, 0.0))
        if best:
            for file in self._files_since_map() & best.keys():
                self._count([file], best[file], "changed since the map")

    def _files_since_map(self) -> set[str]:
        """Return the files of tests that have changed since the map was recorded; none if its commit is not known."""
        command = ["diff", "--name-only", self.map.commit, "--", "tests/**/test_*.py"]
        try:
            return set(git(*command).splitlines())
        except subprocess.CalledProcessError:
            return set()

    def _count_lines(self, change: Change, weight: float) -> None:
        """Count the tests of what is near to a line.

        A wrong condition shows in what follows it, so that all lines of the function count, the nearest most. A line
        that few tests run tells more than one that all tests run. The rest of the file comes last.
        """
        file, line = change
        text = (ROOT / file).read_text(encoding="utf-8") if (ROOT / file).exists() else ""
        around = function_around(file, text, line) if line else None
        carried = self._carried(file)
        if line and around is None and (names := names_at(file, text, line)):
            for use in uses_of(names, file):
                if use != change and self._in_map(use.file) in self.map.entries:
                    self._count_function(use, weight / 2)
        if around:
            self._count_function(change, weight)
        else:
            self._count_range(file, None, carried.line_before(line) if line else None, weight)
        self._count_range(file, None, None, weight * self.REST)

    def _count_function(self, change: Change, weight: float) -> None:
        file, line = change
        text = (ROOT / file).read_text(encoding="utf-8")
        around = function_around(file, text, line)
        carried = self._carried(file)
        before = carried.line_before(line)
        limits = [carried.line_before(one) for one in around] if around else [before, before]
        self._count_range(file, limits, before, weight)

    def _count_range(
        self, file: str, limits: list[int] | None, line: int | None, weight: float
    ) -> None:
        """Count the tests of the lines within limits; an entry that begins before them holds for the first."""
        entries = list(self.map.counted(self._in_map(file)))
        for (first, tests), (after, _) in zip(entries, [*entries[1:], (10**9, [])], strict=True):
            if limits and (first > limits[1] or after <= limits[0]):
                continue
            distance = max(first - line, line - after + 1, 0) if line else 0
            for test, n in tests:
                self.score[test] += weight / (1 + distance / 4) / n**2
                self.reasons.setdefault(test, f"{file}:{line}" if line else file)

    def _earlier_names(self) -> dict[str, str]:
        """Return the names that moved files had when they were recorded; none if its commit is not known."""
        command = ["diff", "-M", "--diff-filter=R", "--name-status", self.map.commit, "--", "src"]
        try:
            moves = [move.split("\t") for move in git(*command).splitlines()]
        except subprocess.CalledProcessError:
            return {}
        return {now: before for _, before, now in moves}

    def _in_map(self, file: str) -> str:
        """Return the name that a file has in the map."""
        return self.earlier_names.get(file, file)

    def _carried(self, file: str) -> Carried:
        if file not in self.carried:
            self.carried[file] = self._carried_from_map(file)
        return self.carried[file]

    def _carried_from_map(self, file: str) -> Carried:
        before, commit = self._in_map(file), self.map.commit
        try:
            return Carried(
                git("diff", "-U0", "-M", "--no-color", "--no-ext-diff", commit, "--", before, file)
            )
        except subprocess.CalledProcessError:
            self._note(
                f"The map's commit {commit[:10]} is not in this clone: its lines may have moved."
            )
            return Carried("")

    def stale_files(self) -> list[str]:
        """Return the files of the package that have changed since the map was recorded, and those without a line in it.

        The kernels have none, and neither have files without functions.
        """
        changed = git("diff", "--name-only", self.map.commit, "--", "src/cmlp", "include")
        return [file for file in changed.splitlines() if file in self.map.entries] + [
            file
            for file in files("src/cmlp/**/*.*")
            if file.endswith((".py", ".c", ".pyx", ".pxi"))
            and not file.startswith(f"{CORE}kernels/")
            and file != "src/cmlp/_bridge/_core.c"
            and file not in self.map.entries
            and re.search(r"^ *(def|cdef) |^\{", (ROOT / file).read_text("utf-8"), re.MULTILINE)
        ]

    def new_tests(self) -> set[str]:
        """Return the tests and the files of tests that have come since the map was recorded."""
        found = set()
        for file in self._files_since_map():
            if file not in self.map.seconds:
                found.add(file)
                continue
            diff = git("diff", "-U0", self.map.commit, "--", file)
            before, now = (set(re.findall(rf"^\{sign}def (test_\w+)", diff, re.M)) for sign in "-+")
            found |= {f"{file}::{name}" for name in now - before}
        return {test for test in found if exists(test)}

    def _count(self, tests: list[str], weight: float, reason: str) -> None:
        for place, test in enumerate(tests):
            self.score[test] += weight / (1 + place)
            self.reasons.setdefault(test, reason)

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def named_tests(file: str) -> Iterator[tuple[str, list[str]]]:
    """Yield groups of tests that are found by names, with what kind they are: those that tell most first."""
    path = Path(file)
    stem = path.stem.strip("_")
    own = [*ROOT.glob(f"tests/c/test_{stem}.c")] if file.startswith((CORE, "include/")) else []
    yield "named after it", [f"c:{p.stem}" for p in own] + files(f"tests/**/test_{stem}.py")
    yield "table.toml", _tests_of_table(file)
    row = next((tests for folder, tests in FOLDERS.items() if file.startswith(folder)), [])
    yield "of its row", [test for test in row if not test.endswith("/")]
    of_folders = (files(f"{folder}test_*.py") for folder in row if folder.endswith("/"))
    yield "of its folder", [test for tests in of_folders for test in tests]
    yield "imports it", _importers(path)
    yield "has its name", files(f"tests/**/test_*{stem}*.py") if len(stem) > 3 else []


def _tests_of_table(file: str) -> list[str]:
    """Return the tests that must notice a mutant of a file; of a header in C, those of the files beside it."""
    table = tomllib.loads((ROOT / "tests/mutants/table.toml").read_text(encoding="utf-8"))
    if not file.startswith(CORE):
        name = file.removeprefix("src/cmlp/")
        return [test for row in table["python"] if name in row["files"] for test in row["tests"]]
    name = file.removeprefix(CORE)
    rows = [row for row in table["c"] if name in row["files"]] or [
        row
        for row in table["c"]
        if any(Path(one).parent == Path(name).parent for one in row["files"])
    ]
    programs = [f"c:{test}" for row in rows for test in row["tests"]]
    return list(dict.fromkeys(programs + table["core"] * bool(rows)))


def _importers(path: Path) -> list[str]:
    """Return the files of tests that import a module of the package, or mention a script or a file of the tests."""
    if path.suffix == ".py" and path.parts[:2] == ("src", "cmlp"):
        module = ".".join(path.with_suffix("").parts[1:]).removesuffix(".__init__")
        parent, _, last = module.rpartition(".")
        pattern = (
            rf"(from|import) {re.escape(module)}\b|from {re.escape(parent)} import .*\b{last}\b"
        )
    elif path.parts[0] in ("tests", "tools", "benchmarks"):
        pattern = rf"\b{re.escape(path.stem)}\b"
    else:
        return []
    tests = files("tests/**/test_*.py")
    return [test for test in tests if re.search(pattern, (ROOT / test).read_text(encoding="utf-8"))]


def exists(test: str) -> bool:
    """Return whether a test is still there, or a program is still built."""
    if test.startswith("c:"):
        return test[2:].removeprefix("test_") in (ROOT / "tests/c/CMakeLists.txt").read_text(
            encoding="utf-8"
        )
    file, _, name = test.split("[")[0].partition("::")
    return (ROOT / file).exists() and (not name or f"def {name}(" in _text(file))


@functools.lru_cache
def _text(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


def within(tests: list[str], seconds_of, seconds: float) -> list[str]:
    """Return the tests that fit into a time. One that does not fit is left out, and the next is tried."""
    chosen = []
    for test in tests:
        if seconds_of(test) <= seconds:
            chosen.append(test)
            seconds -= seconds_of(test)
    return chosen


# ------------------------------------------------------------------------------------------------------------------ run


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


class Run:
    """Builds and runs tests until one fails or the CPU seconds are used up."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.start = seconds, cpu_seconds()
        self.left_out: list[str] = []

    def left(self) -> float:
        """Return the CPU seconds that are left."""
        return self.seconds - (cpu_seconds() - self.start)

    def step(
        self, what: str, *command: object, limit: float | None = None, **environment: str
    ) -> None:
        """Run a command, print its CPU seconds, and end with its output if it fails or uses more than a limit."""
        before = cpu_seconds()
        process = subprocess.Popen(
            [*map(str, command)], cwd=ROOT, env=os.environ | environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            preexec_fn=functools.partial(_limit_cpu, limit) if limit else None,
        )  # fmt: skip
        try:
            output, _ = process.communicate(timeout=limit and DEADLOCK * limit)
        except subprocess.TimeoutExpired:
            process.kill()
            output = f"It did not end within {DEADLOCK * limit:.0f} seconds."
        status = process.wait()
        if status == -signal.SIGXCPU:
            output += f"It was stopped after {limit:.0f} seconds of CPU time."
        result = "failed" if status else "ok"
        print(f"{result:6}  {what}  ({cpu_seconds() - before:.1f} s)", flush=True)
        if status:
            print(output[-6000:])
            sys.exit(1)

    def build_programs(self, programs: list[str]) -> None:
        """Compile programs of tests/c. The first time, that is the whole core, and does not count."""
        first = not (BUILD / "CMakeCache.txt").exists()
        if first:
            print(
                "The first build of the C programs compiles the whole core, which does not count.",
                flush=True,
            )
            self.step("cmake", "cmake", "-S", ROOT, "-B", BUILD, "-DCMAKE_BUILD_TYPE=Release")
        jobs = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        self.step("C programs compiled", "cmake", "--build", BUILD, "--parallel", jobs,
                  "--target", *(program[2:] for program in programs))  # fmt: skip
        if first:
            self.start = cpu_seconds()

    def build_module(self) -> None:
        """Compile what has changed of the extension module of the installed package."""
        self.step("extension module compiled", sys.executable, "-m", "pip", "install", "-q",
                  "--no-build-isolation", "--no-deps", "-e", ROOT)  # fmt: skip

    def run_programs(self, programs: list[str]) -> None:
        """Run programs as CTest calls them, one after the other."""
        for program in programs:
            if self.left() <= 0:
                self.left_out.append(program)
                continue
            name = "|".join(ctest_names(BUILD).get(program[2:], ["-"]))
            self.step(f"tests/c/{program[2:]}.c", "ctest", "--test-dir", BUILD, "-R", f"^({name})$",
                      "--output-on-failure", "--no-tests=error", limit=2 * self.seconds)  # fmt: skip

    def run_tests(self, tests: list[str], with_slow: set[str], reserved: float = 0) -> None:
        """Run tests of Python, in files in the order of their best test, in the seconds left but those reserved."""
        files = list(dict.fromkeys(test.split("::")[0] for test in tests))
        plan = ROOT / "build/tests-for.plan.json"
        plan.parent.mkdir(exist_ok=True)
        plan.write_text(
            json.dumps(
                {"tests": tests, "seconds": self.left() - reserved, "with_slow": sorted(with_slow)}
            )
        )
        paths = [str(ROOT / "tools"), *filter(None, [os.environ.get("PYTHONPATH")])]
        self.step("tests of Python", sys.executable, "-m", "pytest", "-q", "-x", "-m", "not full",
                  "-p", "no:cacheprovider", "-p", "tests_for", *files, limit=2 * self.seconds,
                  TESTS_FOR_PLAN=str(plan), PYTHONPATH=os.pathsep.join(paths))  # fmt: skip
        self.left_out += json.loads(plan.read_text())


def _limit_cpu(seconds: float) -> None:
    """Stop a process that never ends, because what it waits for was broken."""
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 5))


@functools.cache
def ctest_names(folder: Path) -> dict[str, list[str]]:
    """Return the names that each program of tests/c has in CTest."""
    text = subprocess.run(["ctest", "--test-dir", folder, "--show-only=json-v1"],
                          capture_output=True, text=True, check=True).stdout  # fmt: skip
    names = defaultdict(list)
    for test in json.loads(text)["tests"]:
        if "command" in test:
            names[Path(test["command"][0]).name].append(test["name"])
    return names


class Plan:
    """A plugin of pytest that runs planned tests in their order, as long as there are CPU seconds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        content = json.loads(path.read_text())
        self.seconds, self.with_slow = content["seconds"], set(content["with_slow"])
        self.place = {test: i for i, test in enumerate(content["tests"])}
        self.left_out: list[str] = []

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Keep the planned tests: files in the order of their best test, and slow tests of a file last."""
        best: dict[str, int] = {}
        kept: dict[pytest.Item, tuple] = {}
        for item in items:
            file = item.nodeid.split("::")[0]
            slow = item.get_closest_marker("slow") is not None
            names = [item.nodeid, item.nodeid.split("[")[0]] + [file] * (
                not slow or file in self.with_slow
            )
            places = [self.place[name] for name in names if name in self.place]
            if places:
                best[file] = min(best.get(file, places[0]), *places)
                kept[item] = (file, slow, min(places))
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = sorted(kept, key=lambda item: (best[kept[item][0]], *kept[item]))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        """Leave a test out if the CPU seconds are used up."""
        if cpu_seconds() < self.seconds:
            return None
        self.left_out.append(item.nodeid)
        return True

    def pytest_sessionfinish(self) -> None:
        """Write what was left out."""
        self.path.write_text(json.dumps(self.left_out))


def pytest_configure(config: pytest.Config) -> None:
    """Follow the plan that the environment names, if pytest has this module as a plugin (`-p tests_for`)."""
    config.pluginmanager.register(Plan(Path(os.environ["TESTS_FOR_PLAN"])))


# ----------------------------------------------------------------------------------------------------------------- main


def run(ranking: Ranking, changes: list[Change], seconds: float) -> None:
    """Build and run the tests of changes, best first, and say what was not run."""
    seconds_of = ranking.map.seconds_of
    runner = Run(seconds)
    ordered = ranking.ordered()
    chosen = within(ordered, seconds_of, seconds)
    programs = [test for test in chosen if test.startswith("c:")]
    if programs and not shutil.which("cmake"):
        print("cmake is not installed: no program of tests/c is run.")
        programs = []
    compiled = any(COMPILED.match(change.file) for change in changes)
    if programs:
        runner.build_programs(programs)
        runner.run_programs([one for one in programs if seconds_of(one) <= LONG_PROGRAM])
    if compiled:
        runner.build_module()
    tests = [test for test in chosen if not test.startswith("c:")]
    rest = [test for test in ordered if test not in chosen]
    long = [one for one in programs if seconds_of(one) > LONG_PROGRAM]
    if tests:
        runner.run_tests(tests, ranking.with_slow, sum(map(seconds_of, long)))
    runner.run_programs(long)
    while runner.left() > LEAST_SECONDS:
        of_python = [test for test in rest if not test.startswith("c:")]
        # A whole file begins, too, and is left when the seconds are used up.
        tests = within(of_python, seconds_of, runner.left()) or of_python[:1]
        if not tests:
            break
        runner.run_tests(tests, ranking.with_slow)
        rest = [test for test in rest if test not in tests]
    left_out = rest + runner.left_out
    if left_out:
        print(
            f"Not run, because {seconds:.0f} seconds of CPU time are the limit: {_listed(left_out)}"
        )


def seconds_for(changed: set[str]) -> float:
    """Return the CPU seconds that the tests of changed files get."""
    if len(changed) >= MANY_FILES:
        return SECONDS_OF_MANY
    if any(map(BROAD_HEADER.match, changed)):
        return SECONDS_OF_HEADERS
    return SECONDS


def _listed(tests: list[str]) -> str:
    return ", ".join(tests[:8]) + (f" and {len(tests) - 8} more" if len(tests) > 8 else "")


def stale_files(ranking: Ranking) -> list[str] | None:
    """Return the files to be recorded anew: none as long as they are few; None if the map's commit is not known."""
    try:
        stale = ranking.stale_files()
    except subprocess.CalledProcessError:
        return None
    return stale if len(stale) > MOST_STALE else []


def renew(options: argparse.Namespace) -> None:
    """Record the tests of stale files and new tests, and renew these files in the map."""
    import record_map

    test_map = read_map(options.map)
    ranking = Ranking(test_map, [])
    stale, tests = stale_files(ranking), set()
    if stale is None:
        sys.exit(f"The map's commit {test_map.commit[:10]} is not in this clone: use --record.")
    if not stale:
        print(f"At most {MOST_STALE} files of the package differ from the map.")
        return
    for file in stale:
        lines = test_map.counted(ranking.earlier_names.get(file, file))
        of_map = {name for _, these in lines for name, _ in these}
        if not of_map:
            ordered = Ranking(test_map, [Change(file, None)]).ordered()
            of_map = set(within(ordered, test_map.seconds_of, SECONDS))
        tests |= {test.split("[")[0] for test in of_map if not test.startswith("c:")}
    tests, new = set(filter(exists, tests)), ranking.new_tests()
    print(f"{len(stale)} files are recorded with {len(tests)} tests and {len(new)} new ones.")
    record_map.renew(map_file(options.map), stale, tests, new, options.jobs)


def main() -> None:
    """Read the arguments, and list the tests, run them or record the map."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("places", nargs="*", metavar="FILE[:LINE]")
    parser.add_argument(
        "--run", action="store_true", help="compile what has changed, and run the tests"
    )
    parser.add_argument(
        "--record",
        action="store_true",
        help="record the map: with Python 3.12, clang, cmake, pytest-xdist",
    )
    parser.add_argument(
        "--renew",
        action="store_true",
        help=f"record the tests of stale files, and new ones, if more than {MOST_STALE} files are stale",
    )
    parser.add_argument("--map", type=Path, help="file of the map")
    parser.add_argument(
        "--seconds",
        type=float,
        help=f"of CPU time; {SECONDS}, {SECONDS_OF_HEADERS} for some headers, or {SECONDS_OF_MANY} for "
        f"{MANY_FILES} files",
    )
    parser.add_argument("-n", "--jobs", default="auto", help="processes that record")
    options = parser.parse_args()
    if options.record:
        import record_map

        record_map.record(options.places or ["tests"], options.jobs, options.map or MAPS[0])
        return
    if options.renew:
        renew(options)
        return
    changes = [change_of(place) for place in options.places] or working_tree()
    if not changes:
        sys.exit("Nothing differs from HEAD.")
    ranking = Ranking(read_map(options.map), changes)
    for note in ranking.notes:
        print(note)
    if stale := stale_files(ranking):
        print(f"{len(stale)} files of the package differ from the map: renew it with --renew.")
    if not ranking.score:
        sys.exit("No test is known for this change: run `.ci/run changed`.")
    seconds = options.seconds or seconds_for({change.file for change in changes})
    if options.run:
        run(ranking, changes, seconds)
        return
    for test in within(ranking.ordered(), ranking.map.seconds_of, seconds):
        print(f"{ranking.map.seconds_of(test):6.1f} s  {test}  ({ranking.reasons[test]})")


if __name__ == "__main__":
    main()
