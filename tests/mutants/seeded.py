"""Faults that a person chose (seeded.toml), for each of which `tools/tests_for.py --run` looks for a test that fails.

With --suite it gets the seconds of a whole suite, and so comes to all tests that can be expected to fail.

The tree is a clone, because the tool reads the differences from the last commit. It has an environment of its own,
because the tool builds.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

from mutants import HERE, ROOT, Mutant

if TYPE_CHECKING:
    from pathlib import Path

_CONTENT = tomllib.loads((HERE / "seeded.toml").read_text())
FAULTS = _CONTENT["planted"] + _CONTENT["fault"]


# CPU seconds of the tests of a fault with --suite.
SECONDS_OF_SUITE = 600


def mutants(wanted: list[str], suite: bool) -> list[Mutant]:
    """Return the faults whose names or files have one of the wanted parts; all of them if there is none."""
    found = []
    for fault in FAULTS:
        if wanted and not any(part in fault["name"] or part in fault["file"] for part in wanted):
            continue
        text = (ROOT / fault["file"]).read_text()
        at = text.index(fault["old"])
        changed = text.replace(fault["old"], fault["new"], 1)
        found.append(
            Mutant(
                fault["file"],
                text.count("\n", 0, at) + 1,
                fault["old"].strip(),
                f"{fault['name']} ({fault['kind']})",
                changed,
                math.inf if suite else fault.get("seconds", 60),
            )
        )
    return found


class Workshop:
    """A clone of the last commit in which everything is built."""

    def __init__(self, folder: Path, brought: list[str], suite: bool) -> None:
        self.tree = folder / "tree"
        self.options = ["--seconds", str(SECONDS_OF_SUITE)] if suite else []
        subprocess.run(["git", "clone", "-q", ROOT, self.tree], check=True)
        for name in brought:
            (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, self.tree / name)
        self.python = self._environment(folder / "environment")
        self.variables = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            "PATH": f"{self.python.parent}{os.pathsep}{os.environ['PATH']}",
            "CCACHE_BASEDIR": str(self.tree),
            "CCACHE_NOHASHDIR": "1",
        }
        install = [
            self.python,
            "-m",
            "pip",
            "install",
            "-q",
            "--no-build-isolation",
            "--no-deps",
            "-e",
            ".",
        ]
        subprocess.run(install, cwd=self.tree, env=self.variables, check=True)
        for suffix in (".c", ".pxi"):  # what is built once is not part of a change
            file = next(fault["file"] for fault in FAULTS if fault["file"].endswith(suffix))
            self._run_with(file, (self.tree / file).read_text() + "\n")
        self.variables["CCACHE_READONLY"] = "1"  # a fault is compiled in every run of this script

    def killer_of(self, mutant: Mutant) -> str | None:
        """Return the first test that fails with a fault."""
        done = self._run_with(mutant.file, mutant.text)
        if not done.returncode or "No test is known" in done.stderr:
            return None
        found = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", done.stdout, re.MULTILINE)
        return found[1] if found else (done.stdout + done.stderr).strip().splitlines()[-1]

    def _environment(self, folder: Path) -> Path:
        """Make an environment that has the packages of this one, and return its Python."""
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        python = folder / "bin/python"
        code = "import sysconfig; print(sysconfig.get_path('purelib'))"
        command = [python, "-c", code]
        packages = subprocess.run(
            command, capture_output=True, text=True, check=True
        ).stdout.strip()
        paths = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
        (folder / packages / "packages.pth").write_text("\n".join(paths) + "\n")
        return python

    def _run_with(self, file: str, text: str) -> subprocess.CompletedProcess[str]:
        """Run the tests of a change, and restore the file."""
        path = self.tree / file
        original = path.read_text()
        try:
            path.write_text(text)
            return subprocess.run(
                [self.python, "tools/tests_for.py", "--run", *self.options],
                cwd=self.tree,
                env=self.variables,
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            path.write_text(original)
