"""Changes one token or statement of the code at a time, runs the tests of its file, and prints what survives.

    python tests/mutants/mutants.py c [--n 60] [--seed 1] [--python] [file ...]
    python tests/mutants/mutants.py python [--n 60] [--seed 1] [file ...]
    python tests/mutants/mutants.py seeded [--suite] [--bring FILE] [name ...]

A file is a part of a path, such as `model_head`. The sample is drawn with the seed from all mutants of the files in
table.toml. With --python, what survives the tests of C is also built into the extension, for Python's tests of the
core: a minute each; the Python that runs this needs setuptools and Cython. It is a report and not a gate: a survivor is
a missing test, or equivalent to the program. Equivalents that a reader has accepted are in table.toml, with their
reasons. The work tree is not changed: mutants live in a copy.

`seeded` takes the faults of seeded.toml, or those whose name or file has a part, and lets `tools/tests_for.py --run` of
the last commit look for each. --bring copies a file that git does not know, such as the map of tests. A fault counts as
killed within its limit of CPU seconds, with the build. With --suite it gets the seconds of a whole suite.
"""

from __future__ import annotations

import argparse
import math
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TABLE = tomllib.loads((HERE / "table.toml").read_text())


class Mutant(NamedTuple):
    """A change of a file: its line, what it replaces, and the whole new text."""

    file: str
    line: int
    code: str
    change: str
    text: str
    limit: float = math.inf  # of CPU seconds, for its tests


def is_accepted(mutant: Mutant) -> bool:
    """Return whether a reader has found that a mutant is equivalent to the program."""
    return any(
        (row["file"], row["line"], row["change"]) == (mutant.file, mutant.code, mutant.change)
        for row in TABLE["accepted"]
    )


def rows_of(language: str, wanted: list[str]) -> dict[str, dict]:
    """Return the row of the table of each file that was asked for."""
    rows = {file: row for row in TABLE[language] for file in row["files"]}
    return {
        file: row
        for file, row in rows.items()
        if not wanted or any(part in file for part in wanted)
    }


def copy_of_tree(folder: Path) -> Path:
    """Copy the files of the tree that git knows or that are new, and the built extension."""
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    names += [str(path.relative_to(ROOT)) for path in (ROOT / "src/cmlp/_bridge").glob("_core*.so")]
    for name in names:
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def cpu_seconds() -> float:
    """Return the CPU seconds of all processes that this one has started and waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def report(mutants: list[Mutant], killer_of: object) -> None:
    """Run the tests of each mutant; print survivors as they are found, and the score."""
    killed = accepted = 0
    for mutant in mutants:
        start = cpu_seconds()
        killer = killer_of(mutant)
        seconds = cpu_seconds() - start
        is_late = killer is not None and seconds > mutant.limit
        killed += killer is not None and not is_late
        verdict = (
            f"killed by {killer}" if killer else "accepted" if is_accepted(mutant) else "SURVIVED"
        )
        accepted += verdict == "accepted"
        print(f"{'TOO LATE, ' * is_late}{verdict}: {mutant.file}:{mutant.line}  {mutant.change}  |  {mutant.code}  "
              f"({seconds:.1f} s of CPU)", flush=True)  # fmt: skip
    real = len(mutants) - accepted
    print(f"{len(mutants)} mutants, {accepted} accepted as equivalent; {killed} of {real} killed "
          f"({100 * killed / max(real, 1):.0f} %)")  # fmt: skip


def main() -> None:
    """Read the arguments, draw the sample, and run it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("language", choices=["c", "python", "seeded"])
    parser.add_argument("--n", type=int, default=60, help="size of the sample")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--python", action="store_true", help="of C: let Python's tests judge survivors, too"
    )
    parser.add_argument(
        "--bring",
        action="append",
        default=[],
        metavar="FILE",
        help="of seeded: copy a file that git does not know",
    )
    parser.add_argument(
        "--suite",
        action="store_true",
        help="of seeded: run the tests of each fault for ten minutes",
    )
    parser.add_argument("files", nargs="*")
    options = parser.parse_intermixed_args()
    sys.path.insert(0, str(HERE))
    if options.language == "seeded":
        import seeded

        with tempfile.TemporaryDirectory() as folder:
            workshop = seeded.Workshop(Path(folder), options.bring, options.suite)
            report(seeded.mutants(options.files, options.suite), workshop.killer_of)
        return
    rows = rows_of(options.language, options.files)
    if not rows:
        parser.error("no file of table.toml has such a name")
    if options.language == "c":
        import mutants_of_c as language
    else:
        import mutants_of_python as language
    with tempfile.TemporaryDirectory() as folder:
        workshop = language.Workshop(copy_of_tree(Path(folder) / "tree"), rows)
        everything = [mutant for file in rows for mutant in workshop.mutants(file)]
        print(f"{len(everything)} mutants of {len(rows)} files, seed {options.seed}", flush=True)
        order = random.Random(options.seed)
        order.shuffle(everything)
        workshop.by_python = options.python
        report(workshop.chosen(everything, options.n), workshop.killer_of)


if __name__ == "__main__":
    main()
