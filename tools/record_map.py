"""Records which tests run which lines, for `tools/tests_for.py --record`, and writes the map.

This module is also the plugin of pytest that records. `sys.monitoring` (Python 3.12) reports each line of the package
once per test. Lines of C and Cython are known by Clang's counters of basic blocks (`line_counters.c`). The kernels have
none, because nearly every test runs them. What a test does in another process is not seen.
"""

from __future__ import annotations

import ctypes
import gzip
import importlib.machinery
import importlib.util
import json
import os
import re
import resource
import shutil
import subprocess
import sys
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src/cmlp"
FOLDER = ROOT / "build/record-map"
TESTS = FOLDER / "tests.json"  # and folders of tests, to be recorded
MODULE = FOLDER / "module"  # the extension with counters, if lines of C are recorded
BRIDGE = "cmlp._bridge._core"
COUNTERS = "-fsanitize-coverage=bb,no-prune,inline-8bit-counters,pc-table"
SHARE = pytest.StashKey[float]()  # of a test's cases that are recorded
# Of a test with more cases, as many are recorded, evenly spaced.
MOST_CASES = 12
# A test whose cases take longer is in the map case by case.
LONG_TEST = 1.5
# Tests of a line that are in the map, and programs of tests/c.
MOST_TESTS = 48
# A C program that takes longer than this, in seconds, is stopped.
LONGEST_PROGRAM = 600


class Record(NamedTuple):
    """A test with its CPU seconds, the share of its cases that was recorded, and the lines it ran.

    A line is named `src/cmlp/_data/scale.py:12`, a C program `c:model_table` by its name in CTest.
    """

    test: str
    seconds: float
    share: float
    lines: set[str]


# --------------------------------------------------------------------------------------------------------- the plugin


class LineRecorder:
    """Notes the lines of each test, and appends them to a file of its process, so that a crash loses one test only."""

    TOOL = 4  # the first number that Python reserves for no kind of tool

    def __init__(self) -> None:
        self.lines: set[tuple[str, int]] = set()
        self.numbers: dict[str, int] = {}
        self.counters, self.lines_of_blocks = None, []
        sys.monitoring.use_tool_id(self.TOOL, "record_map")
        sys.monitoring.register_callback(self.TOOL, sys.monitoring.events.LINE, self._on_line)
        sys.addaudithook(self._on_event)

    def _on_event(self, event: str, arguments: tuple) -> None:
        """Follow the lines of a module of the package when it is imported."""
        if (
            event == "exec"
            and isinstance(code := arguments[0], CodeType)
            and code.co_filename.startswith(str(PACKAGE))
        ):
            self._follow(code)

    def _follow(self, code: CodeType) -> None:
        sys.monitoring.set_local_events(self.TOOL, code, sys.monitoring.events.LINE)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self._follow(constant)

    def _on_line(self, code: CodeType, line: int) -> object:
        self.lines.add((code.co_filename, line))
        return sys.monitoring.DISABLE

    def _find_counters(self) -> None:
        """Read where the counters of the extension are, and which lines they count."""
        module = sys.modules.get(BRIDGE)
        if module is None or self.counters is not None or not MODULE.exists():
            return
        library = ctypes.CDLL(module.__file__)
        library.block_counters.restype = ctypes.POINTER(ctypes.c_uint8)
        library.block_address.restype = ctypes.c_size_t
        n = ctypes.c_size_t()
        self.counters = ctypes.cast(
            library.block_counters(ctypes.byref(n)), ctypes.POINTER(ctypes.c_uint8 * n.value)
        ).contents
        addresses = [hex(library.block_address(ctypes.c_size_t(i))) for i in range(n.value)]
        self.lines_of_blocks = lines_at(Path(module.__file__), addresses)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Record a test with what its fixtures run."""
        self._find_counters()
        self.lines.clear()
        if self.counters is not None:
            ctypes.memset(self.counters, 0, len(self.counters))
        sys.monitoring.restart_events()
        start = cpu_seconds()
        try:
            return (yield)
        finally:
            self._write(item, cpu_seconds() - start)

    def _write(self, item: pytest.Item, seconds: float) -> None:
        """Append the lines of a test as a mask of their numbers, and the names of the new numbers."""
        lines = {f"{file[len(str(ROOT)) + 1 :]}:{line}" for file, line in self.lines}
        if self.counters is not None:
            ran = bytes(self.counters)
            lines |= {line for line, n in zip(self.lines_of_blocks, ran, strict=True) if n}
        new = sorted(lines - self.numbers.keys() - {""})
        self.numbers |= {line: len(self.numbers) + i for i, line in enumerate(new)}
        mask = sum(1 << self.numbers[line] for line in lines if line)
        record = [item.nodeid, seconds, item.stash[SHARE], new, f"{mask:x}"]
        with open(FOLDER / f"python-{os.getpid()}.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")


class RecordedBridge:
    """Finds the extension module that counts instead of the installed one."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> object:
        """Return the specification of the extension module; of no other."""
        if name != BRIDGE:
            return None
        file = MODULE / f"{BRIDGE.replace('.', '/')}{importlib.machinery.EXTENSION_SUFFIXES[0]}"
        return importlib.util.spec_from_file_location(name, file)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Record from the time before conftest.py imports the package."""
    early_config.pluginmanager.register(LineRecorder())
    if MODULE.exists():
        sys.meta_path.insert(0, RecordedBridge)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests to record, and a sample of the cases of each."""
    tests = json.loads(TESTS.read_text(encoding="utf-8"))
    named, paths = set(tests), tuple(test for test in tests if "::" not in test)
    cases: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        test = item.nodeid.split("[")[0]
        if test in named or test.startswith(paths):
            cases[test].append(item)
    items.clear()
    for one in cases.values():
        n = min(len(one), MOST_CASES)
        sample = [one[i * (len(one) - 1) // max(n - 1, 1)] for i in range(n)]
        for item in sample:
            item.stash[SHARE] = n / len(one)
        items += sample


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


# --------------------------------------------------------------------------------------------------------- the builds


def lines_at(binary: Path, addresses: list[str]) -> list[str]:
    """Return the line of the source that each address of a binary belongs to; "" if it is not one of the tree."""
    text = subprocess.run(
        ["addr2line", "-e", binary], input="\n".join(addresses), capture_output=True, text=True, check=True
    ).stdout  # fmt: skip
    cython = PACKAGE / "_bridge/_core.c"
    lines_of_cython = list(_lines_of_cython(cython))
    found = []
    for place in text.splitlines():
        file, _, line = place.split(" ")[0].rpartition(":")
        path = Path(os.path.abspath(ROOT / file))
        if path == cython and line.isdigit():
            found.append(lines_of_cython[int(line) - 1])
        elif path.is_relative_to(ROOT) and line.isdigit() and path != cython:
            found.append(f"{path.relative_to(ROOT).as_posix()}:{line}")
        else:
            found.append("")
    return found


def _lines_of_cython(file: Path) -> Iterator[str]:
    """Yield for each line of the bridge's C file the line of Cython that it is made of; "" for what Cython adds."""
    place = ""
    for line in file.read_text(encoding="utf-8").splitlines():
        if begin := re.search(r'/\* "\S*?_bridge/(_\w+\.p(?:yx|xi))":(\d+)$', line):
            place = f"src/cmlp/_bridge/{begin[1]}:{begin[2]}"
        elif line == "}" or line.endswith("/* function exit code */"):
            place = ""
        yield place


def build() -> None:
    """Compile the extension and the programs of tests/c with counters. The kernels have none."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    (FOLDER / "ignored.txt").write_text("src:*/kernels/*\n")
    counters = FOLDER / "line_counters.o"
    flags = f"-gline-tables-only {COUNTERS} -fsanitize-coverage-ignorelist={FOLDER}/ignored.txt"
    _run("clang", "-O1", "-fPIC", "-c", ROOT / "tools/line_counters.c", "-o", counters)
    environment = os.environ | {"CC": "clang", "CFLAGS": flags, "LDFLAGS": str(counters)}
    _run(sys.executable, "setup.py", "-q", "build_ext", "--force",
         "--build-lib", MODULE, "--build-temp", FOLDER / "objects", env=environment)  # fmt: skip
    _run(
        "cmake",
        "-S",
        ROOT,
        "-B",
        FOLDER / "programs",
        "-DCMAKE_BUILD_TYPE=Release",
        env=environment,
    )
    _run("cmake", "--build", FOLDER / "programs", "--parallel", os.cpu_count())


def _run(*command: object, **options) -> None:
    subprocess.run([*map(str, command)], cwd=ROOT, check=True, **options)


# ------------------------------------------------------------------------------------------------------------ recording


def record_programs() -> Iterator[Record]:
    """Run the programs of tests/c as CTest does, and yield the lines that each runs."""
    for name, command in ctest_commands(FOLDER / "programs").items():
        blocks = FOLDER / f"{name}.blocks"
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, env=os.environ | {"CMLP_BLOCKS": str(blocks)},
                       stdout=subprocess.DEVNULL, check=False, timeout=LONGEST_PROGRAM)  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        ran = sorted(set(blocks.read_text().split())) if blocks.exists() else []
        yield Record(
            f"c:{Path(command[0]).name}[{name}]",
            seconds,
            1.0,
            set(lines_at(Path(command[0]), ran)) - {""},
        )


def ctest_commands(folder: Path) -> dict[str, list[str]]:
    """Return the command of each test of CTest in a folder of CMake that runs a program of tests/c."""
    text = subprocess.run(["ctest", "--test-dir", folder, "--show-only=json-v1"],
                          capture_output=True, text=True, check=True).stdout  # fmt: skip
    programs = str(folder / "tests/c")
    return {
        test["name"]: test["command"]
        for test in json.loads(text)["tests"]
        if test.get("command", [""])[0].startswith(programs)
    }


def record_tests(tests: list[str], jobs: str) -> Iterator[Record]:
    """Run tests of Python in some processes, and yield what they have recorded."""
    for old in FOLDER.glob("python-*.jsonl"):
        old.unlink()
    # Pytest gets the files alone: it would end at a test that it does not find, as in a module that is skipped.
    TESTS.write_text(json.dumps(tests))
    files = dict.fromkeys(test.split("::")[0] for test in tests)
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "record_map", "-p", "no:cacheprovider",
         "--continue-on-collection-errors", "-n", jobs, "--dist", "worksteal", *files],
        cwd=ROOT, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT / "tools")},
    )  # fmt: skip
    for path in sorted(FOLDER.glob("python-*.jsonl")):
        names: list[str] = []
        for line in path.read_text(encoding="utf-8").splitlines():
            test, seconds, share, new, mask = json.loads(line)
            names += new
            ran = zip(names, reversed(f"{int(mask, 16):b}"), strict=False)
            yield Record(test, seconds, share, {name for name, bit in ran if bit == "1"})


# -------------------------------------------------------------------------------------------------------------- the map


def units(records: Iterable[Record]) -> list[Record]:
    """Return the tests of the map: a test with all its cases, or each case of one that takes long."""
    cases: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        cases[record.test.split("[")[0]].append(record)
    result = []
    for name, one in cases.items():
        seconds = sum(record.seconds / record.share for record in one)
        if seconds > LONG_TEST and not name.startswith("c:"):
            result += one
        else:
            result.append(
                Record(name, seconds, 1.0, set().union(*(record.lines for record in one)))
            )
    return result


class Tests(NamedTuple):
    """The tests of a line: how many tests and programs run it, and the names of those that tell most."""

    n_tests: int
    n_programs: int
    names: tuple[str, ...]


Lines = dict[str, dict[int, Tests]]  # of files, from their first line with these tests on


def tests_of_lines(records: list[Record]) -> Lines:
    """Return the tests of each line that a test has run.

    Those that tell most run little else and are fast, one of each file before the second of any.
    """
    tests_of: dict[str, tuple[list[Record], list[Record]]] = defaultdict(lambda: ([], []))
    for test in sorted(records, key=lambda test: len(test.lines) * (0.05 + test.seconds)):
        for line in test.lines:
            tests_of[line][test.test.startswith("c:")].append(test)
    lines: Lines = defaultdict(dict)
    for place, both in tests_of.items():
        file, line = place.split(":")
        names = tuple(name for these in both for name in spread(these))
        lines[file][int(line)] = Tests(*map(len, both), names)
    return lines


def packed(commit: str, lines: Lines, tests: dict[str, float], files: dict[str, float]) -> dict:
    """Return the map of lines, with the CPU seconds of tests and of their files.

    An entry of a file, `12:5`, holds from its line to the next entry and names a set: the two numbers, and indices of
    `tests`.
    """
    frequency = Counter(
        name for these in lines.values() for one in these.values() for name in one.names
    )
    number = {name: i for i, (name, _) in enumerate(frequency.most_common())}
    sets: dict[tuple[int, ...], int] = {}
    entries: dict[str, list[str]] = defaultdict(list)
    for file, these in sorted(lines.items()):
        before = None
        for line, (n_tests, n_programs, names) in sorted(these.items()):
            one = (n_tests, n_programs, *sorted(number[name] for name in names))
            index = sets.setdefault(one, len(sets))
            if before != index:
                entries[file].append(f"{line}:{index}")
                before = index
    return {
        "commit": commit,
        "files": {file: round(total, 1) for file, total in sorted(files.items())},
        "tests": [[name, round(tests[name], 2)] for name in number],
        "sets": [" ".join(map(str, one)) for one in sets],
        "lines": {file: " ".join(these) for file, these in entries.items()},
    }


def unpacked(content: dict) -> Lines:
    """Return the lines of a map."""
    sets = []
    for one in content["sets"]:
        n_tests, n_programs, *numbers = map(int, one.split())
        sets.append(Tests(n_tests, n_programs, tuple(content["tests"][i][0] for i in numbers)))
    return {
        file: {int(line): sets[int(i)] for line, i in (entry.split(":") for entry in text.split())}
        for file, text in content["lines"].items()
    }


def spread(tests: list[Record]) -> list[str]:
    """Return the names of the first tests, one of each file before the second of any."""
    turn: Counter[str] = Counter()
    order = []
    for place, test in enumerate(tests):
        file = test.test.split("::")[0]
        order.append((turn[file], place, test.test))
        turn[file] += 1
    return [name for _, _, name in sorted(order)[:MOST_TESTS]]


def seconds_of(records: list[Record]) -> tuple[dict[str, float], dict[str, float]]:
    """Return the CPU seconds of tests, and of their files."""
    files: Counter[str] = Counter()
    for test in records:
        files[test.test.split("::")[0]] += test.seconds
    return {test.test: test.seconds for test in records}, files


def record(tests: list[str], jobs: str, path: Path) -> None:
    """Record the programs of tests/c and tests of Python, and write the map."""
    commit = head()
    build()
    recorded = units([*record_tests(tests, jobs), *record_programs()])
    write(packed(commit, tests_of_lines(recorded), *seconds_of(recorded)), path)


def renew(path: Path, stale: list[str], tests: set[str], new: set[str], jobs: str) -> None:
    """Record tests, of which some are new, and write a map where stale files have the lines that these run."""
    commit = head()
    build()
    recorded = units([*record_tests(sorted(tests | new), jobs), *record_programs()])
    before = json.loads(gzip.decompress(path.read_bytes()))
    added = [one for one in recorded if {one.test.split("[")[0], one.test.split("::")[0]} & new]
    lines = merged(unpacked(before), tests_of_lines(recorded), tests_of_lines(added), stale)
    tests_before, files_before = dict(before["tests"]), before["files"]
    tests_now, files_now = seconds_of(recorded)
    # Of a file of tests that was recorded in part, the seconds of all are those before.
    files = {file: max(now, files_before.get(file, 0.0)) for file, now in files_now.items()}
    write(packed(commit, lines, tests_before | tests_now, files_before | files), path)


def merged(before: Lines, recorded: Lines, added: Lines, stale: Iterable[str]) -> Lines:
    """Return the lines of stale files as they are now recorded, and those of others with the tests that were added."""
    lines = {file: dict(these) for file, these in before.items() if file not in stale}
    for file, these in added.items():
        earlier = before.get(file, {})
        starts = sorted(earlier)
        at = [Tests(0, 0, ()), *(earlier[start] for start in starts)]
        for line in these:
            lines.setdefault(file, {}).setdefault(line + 1, at[bisect_right(starts, line + 1)])
        for line, (n_tests, n_programs, names) in these.items():
            one = at[bisect_right(starts, line)]
            both = tuple(dict.fromkeys([*one.names, *names]))[: 2 * MOST_TESTS]
            lines[file][line] = Tests(one.n_tests + n_tests, one.n_programs + n_programs, both)
    return lines | {file: recorded[file] for file in stale if file in recorded}


def head() -> str:
    """Return the commit of the working tree."""
    git = ["git", "rev-parse", "HEAD"]
    return subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def write(content: dict, path: Path) -> None:
    """Write a map."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(json.dumps(content, indent=0).encode(), mtime=0))
