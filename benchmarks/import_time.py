"""CPU time of an import in addition to numpy's, each measured in a new Python process.

With CMLP_BEFORE, see `benchmarks.before`, those of an earlier version are measured in turns.
"""

import os
import statistics
import subprocess
import sys

from benchmarks.report import Report
from benchmarks.rounds import Peer

PROGRAM = """
import time
start = time.process_time()
import numpy
numpys = time.process_time() - start
{statement}
print(numpys, time.process_time() - start - numpys)
"""
TITLE = "import above numpy, milliseconds"
OURS = ["import cmlp", "from cmlp import MLPClassifier", "from cmlp import TabularClassifier"]
MODULES = ["sklearn.neural_network", "onnxruntime", "jax", "torch"]


def seconds(python, statement):
    """Return the CPU time of numpy's import and that of another one, or None if the module is not installed."""
    environ = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }
    command = [
        python,
        "-P",
        "-c",
        PROGRAM.format(statement=statement),
    ]  # not the cmlp of the current folder
    done = subprocess.run(command, capture_output=True, text=True, env=environ)
    return None if done.returncode else tuple(map(float, done.stdout.split()))


def run(*, short):
    report, rows = Report("import", short), []
    tree, now = os.environ.get("CMLP_BEFORE"), ("", sys.executable)
    pythons = [(", before", Peer("before", "", "", tree=tree).python), now] if tree else [now]
    cases = [(version, statement, python) for statement in OURS for version, python in pythons]
    cases += [("", f"import {module}", sys.executable) for module in MODULES]
    # The first round writes the byte code, which users have as well.
    rounds = [
        [seconds(python, statement) for _, statement, python in cases]
        for _ in range(2 if short else 26)
    ][1:]
    for (version, statement, _), times in zip(cases, zip(*rounds, strict=True), strict=True):
        if None not in times:
            numpys, own = zip(*times, strict=True)
            rows.append(
                [
                    statement + version,
                    1e3 * statistics.median(own),
                    1e3 * min(own),
                    min(own) / min(numpys),
                ]
            )
    report.table(TITLE, ["", "median", "least", "/ numpy"], rows)
    report.write()
