"""CPU time of an import in addition to numpy's, each measured in a new Python process.

With CMLP_BEFORE, see `benchmarks.before`, those of an earlier version are measured in turns.
"""

import os
import statistics
import subprocess

from benchmarks.report import Ratio, Report
from benchmarks.rounds import Peer, versions

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


def seconds(peer, statement):
    """Return the CPU time of numpy's import and that of another one, or None if the module is not installed."""
    environ = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }
    environ["PYTHONPATH"] = peer.python_path
    command = [
        peer.python,
        "-P",
        "-c",
        PROGRAM.format(statement=statement),
    ]  # not the cmlp of the current folder
    done = subprocess.run(command, capture_output=True, text=True, env=environ)
    return None if done.returncode else tuple(map(float, done.stdout.split()))


def run(*, short):
    report, rows = Report("import", short), []
    names = {"before": ", before", "now": ""}
    cases = [(names[peer.name], statement, peer) for statement in OURS for peer in versions()]
    cases += [("", f"import {module}", Peer("peer", "", "")) for module in MODULES]
    # The first round writes the byte code, which users have as well.
    rounds = [
        [seconds(peer, statement) for _, statement, peer in cases]
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
                    Ratio.of_rounds(own, numpys, min),
                ]
            )
    report.table(TITLE, ["", "median", "least", "/ numpy"], rows)
    report.write()
