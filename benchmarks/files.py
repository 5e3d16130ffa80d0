"""Processor seconds and peak memory of `cmlp train` and `cmlp predict` on CSV files of a million rows.

The networks are tiny, so that reading takes most of the time. `numbers` has ten columns of numbers; `mixed` has numbers
of which some are missing, whole numbers, text, dates and text that is different in each row. CMLP_BEFORE names the
source tree of another version, with its environment in .venv, which is measured in turns with this one.
"""

import os
import random
import subprocess
import tempfile
from pathlib import Path

from benchmarks.report import Report
from benchmarks.rounds import versions

TRAIN = ["--hidden-layer-sizes", "4", "--random-state", "0"]
FEW = {
    "numbers": ["--regressor", "--max-iter", "1"],
    "mixed": ["--n-estimators", "1", "--n-epochs", "1"],
}
ROUNDS = 2
PROGRAM = (
    "import resource, sys, warnings; warnings.simplefilter('ignore'); \n"
    "from cmlp.__main__ import main\nstatus = main(sys.argv[1:])\n"
    "used = resource.getrusage(resource.RUSAGE_SELF)\n"
    "print(status, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, file=sys.stderr)\n"
)


def run(*, short):
    """Write the files, and print a row for each command."""
    report = Report("files", short)
    n_rows = 2_000 if short else int(os.environ.get("CMLP_ROWS", "1_000_000"))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, write in (("numbers", _numbers), ("mixed", _mixed)):
            write(Path(folder, f"{name}.csv"), n_rows)
            for peer in versions():
                which = peer.name
                output = ["-o", f"{which}.cmlp"]
                train = ["train", f"{name}.csv", "--target", "y", *output, *TRAIN, *FEW[name]]
                predict = [
                    "predict",
                    f"{which}.cmlp",
                    f"{name}.csv",
                    "--drop",
                    "y",
                    "-o",
                    f"{which}.txt",
                ]
                for command in (train, predict):
                    seconds, peak = _measured(peer, command, folder)
                    rows.append([name, command[0], which, round(seconds, 2), round(peak)])
    report.table(
        f"{n_rows:,} rows", ["file", "command", "version", "CPU seconds", "peak MiB"], rows
    )
    report.write()


def _measured(peer, command, folder):
    found = []
    for _ in range(ROUNDS):
        done = subprocess.run(
            [peer.python, "-c", PROGRAM, *command],
            env={**os.environ, "PYTHONPATH": peer.python_path},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        status, seconds, peak = done.stderr.splitlines()[-1].split()
        assert status == "0", done.stderr
        found.append((float(seconds), float(peak)))
    return min(seconds for seconds, _ in found), min(peak for _, peak in found)


def _numbers(path, n_rows):
    rng = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join([*"abcdefghij", "y"]) + "\n")
        for _ in range(n_rows):
            file.write(",".join(f"{rng.uniform(-100, 100):.4f}" for _ in range(11)) + "\n")


def _mixed(path, n_rows):
    rng = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        file.write("size,rooms,district,built,code,y\n")
        for _ in range(n_rows):
            size = "" if rng.random() < 0.1 else f"{rng.uniform(20, 200):.1f}"
            built = f"{rng.randint(1950, 2025)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
            words = rng.choice(["north", "south", "east", "west"]), f"x{rng.getrandbits(40):x}"
            file.write(
                f"{size},{rng.randint(1, 9)},{words[0]},{built},{words[1]},{rng.uniform(1, 9):.3f}\n"
            )
