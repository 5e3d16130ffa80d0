"""Mutants of C: one token or statement changed by regular expressions, compiled and linked into a copy of the library.

The mutated file is compiled with traps for undefined behaviour, so that an index outside an array ends the test, as it
does under the sanitizers of `.ci/run`. A mutant with the object code of the original is equivalent and does not count.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from mutants import TABLE, Mutant, is_accepted

OPERATORS = [
    (r"(?<![<>=!\-])<(?![<=])", ["<="]), (r"<=", ["<"]), (r"(?<![->])>(?![>=])", [">="]), (r"(?<!>)>=", [">"]),
    (r"==", ["!="]), (r"!=", ["=="]), (r"&&", ["||"]), (r"\|\|", ["&&"]),
    (r"(?<=\w) \+ (?=\w)", [" - "]), (r"(?<=\w) - (?=\w)", [" + "]), (r" \* (?=\w)", [" / "]),
    (r"(?<![\w.])0(?![\w.])", ["1"]), (r"(?<![\w.])1(?![\w.])", ["0", "2"]),
    (r"(?<![\w.'])(?:[2-9]|[1-9]\d+)(?![\w.'])", ["+1"]),
    (r"\bif \([^;{}]*\) (?=return|fail|break|continue)", ["if (0) "]),
    (r"^ *(?:fail|c->|head->|\*?\w+(?:->\w+|\[\w+\])* [|&+]?=)[^;{}]*;", [";"]),
    (r"!(?=[\w(])", [""]),
]  # fmt: skip
FLAGS = ("-O1 -std=gnu11 -fPIC -w -ffp-contract=off -fno-math-errno -fvisibility=hidden -DCMLP_BUILD "
         "-fsanitize=undefined -fsanitize-undefined-trap-on-error")  # fmt: skip


def _code_only(text: str) -> str:
    """Return the text with spaces instead of comments, strings and preprocessor lines."""
    for pattern, flags in (
        (r"/\*.*?\*/", re.DOTALL),
        (r'"(?:\\.|[^"\\])*"', 0),
        (r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M),
    ):
        text = re.sub(pattern, lambda found: re.sub(r"[^\n]", " ", found[0]), text, flags=flags)
    return text


class Workshop:
    """The copy of the tree, its build, and the objects of the unchanged files."""

    by_python = False  # whether Python's tests judge what survives those of C

    def __init__(self, tree: Path, rows: dict[str, dict]) -> None:
        self.core, self.rows, self.build = tree / "src/cmlp/core", rows, tree / "build"
        files = tree / "tests/files/data"
        self.arguments = {"test_stored": sorted(files.glob("*.cmlp")), "test_edited": [files]}
        programs = sorted({test for row in rows.values() for test in row["tests"]})
        options = ["-DBUILD_SHARED_LIBS=ON", "-DCMAKE_BUILD_TYPE=Release", "-DCMLP_ISA=avx2"]
        for command in (["cmake", "-S", tree, "-B", self.build, *options],
                        ["cmake", "--build", self.build, "--parallel", "2", "--target", *programs]):  # fmt: skip
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        self.library = next(
            path for path in self.build.glob("libcmlp.so*") if not path.is_symlink()
        )
        dump = subprocess.run(
            ["objdump", "-p", self.library], capture_output=True, text=True, check=True
        ).stdout
        self.soname = re.search(r"SONAME +(\S+)", dump)[1]
        self.folder = self.build / "mutant"
        self.folder.mkdir()

    def mutants(self, file: str) -> list[Mutant]:
        """Return all mutants of a file."""
        text, found = (self.core / file).read_text(), {}
        for pattern, replacements in OPERATORS:
            for match in re.finditer(pattern, _code_only(text), flags=re.MULTILINE):
                for replacement in replacements:
                    old = text[match.start() : match.end()]
                    new = str(int(old) + 1) if replacement == "+1" else replacement
                    start = match.start() + len(old) - len(old.lstrip())
                    code = text[text.rfind("\n", 0, start) + 1 :].split("\n", 1)[0].strip()
                    changed = text[: match.start()] + new + text[match.end() :]
                    found[match.start(), new] = Mutant(
                        file,
                        text.count("\n", 0, start) + 1,
                        code,
                        f"{old.strip()} -> {new.strip()}",
                        changed,
                    )
        return list(found.values())

    def chosen(self, mutants: list[Mutant], n: int) -> list[Mutant]:
        """Return the first n mutants that compile, and to other code than the original's."""
        originals = {}
        for file in self.rows:
            self._compile(file, None)
            originals[file] = self._code()
        result = []
        for mutant in mutants:
            if len(result) == n:
                break
            if self._compile(mutant.file, mutant.text) and self._code() != originals[mutant.file]:
                result.append(mutant)
        return result

    def killer_of(self, mutant: Mutant) -> str | None:
        """Return the first test that fails with a mutant."""
        self._compile(mutant.file, mutant.text)
        unit = self._unit(mutant.file)
        objects = [path for path in self.build.glob("CMakeFiles/cmlp.dir/src/cmlp/core/**/*.o")
                   if not str(path).endswith(f"core/{unit}.o")]  # fmt: skip
        target = self.folder / self.soname
        subprocess.run(
            [
                "gcc",
                "-shared",
                f"-Wl,-soname,{self.soname}",
                *objects,
                self.folder / "unit.o",
                "-o",
                target,
                "-pthread",
            ],
            check=True,
        )
        for test in self.rows[mutant.file]["tests"]:
            command = [self._program(test, objects), *self.arguments.get(test, [])]
            try:
                done = subprocess.run(command, capture_output=True, timeout=120, check=False,
                                      env={**os.environ, "LD_LIBRARY_PATH": str(self.folder)})  # fmt: skip
            except subprocess.TimeoutExpired:
                return test
            if done.returncode:
                return test
        return (
            self._killer_in_python(mutant) if self.by_python and not is_accepted(mutant) else None
        )

    def _program(self, test: str, objects: list[Path]) -> Path:
        """Return the program of a test. One that contains the static library is linked with the mutant."""
        folder = self.build / "tests/c"
        command = shlex.split((folder / f"CMakeFiles/{test}.dir/link.txt").read_text())
        if "libcmlp.a" not in (Path(part).name for part in command):
            return folder / test
        program, before = self.folder / test, command.index("-o")
        rest = [part for part in command[before + 2 :] if Path(part).name != "libcmlp.a"]
        subprocess.run([*command[:before], "-o", program, *objects, self.folder / "unit.o", *rest, "-pthread"],
                       cwd=folder, check=True)  # fmt: skip
        return program

    def _killer_in_python(self, mutant: Mutant) -> str | None:
        """Return the first of Python's tests of the core that fails with a mutant."""
        path, tree = self.core / mutant.file, self.core.parents[2]
        original = path.read_text()
        try:
            path.write_text(mutant.text)
            options = ["-x", "-q", "-n", "2", "--sample", "1", "-p", "no:cacheprovider"]
            for command in (
                ["setup.py", "-q", "build_ext", "--inplace"],
                ["-m", "pytest", *options, *TABLE["core"]],
            ):
                done = subprocess.run([sys.executable, *command], cwd=tree, capture_output=True, text=True, timeout=900,
                                      env={**os.environ, "PYTHONPATH": str(tree / "src")}, check=False)  # fmt: skip
                if done.returncode:
                    found = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
                    return found[1] if found else f"an error of {command[-1]}"
        except subprocess.TimeoutExpired:
            return "the limit of time"
        finally:
            path.write_text(original)
        return None

    def _unit(self, file: str) -> str:
        return self.rows[file].get("units", {}).get(file, file)

    def _compile(self, file: str, text: str | None) -> bool:
        """Compile the unit of a file with a changed text, or with its own."""
        path = self.core / file
        original = path.read_text()
        try:
            if text is not None:
                path.write_text(text)
            command = [
                "gcc",
                *FLAGS.split(),
                "-c",
                self.core / self._unit(file),
                "-o",
                self.folder / "unit.o",
            ]
            return subprocess.run(command, capture_output=True, check=False).returncode == 0
        finally:
            path.write_text(original)

    def _code(self) -> bytes:
        command = ["objdump", "-d", "-r", "-s", "--no-addresses", self.folder / "unit.o"]
        return subprocess.run(command, capture_output=True, check=False).stdout
