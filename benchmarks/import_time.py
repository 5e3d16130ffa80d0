"""CPU time of an import in addition to numpy's, each measured in a new Python process."""

import os
import statistics
import subprocess
import sys

from benchmarks.report import Report

PROGRAM = """
import time, numpy
start = time.process_time()
{statement}
print(time.process_time() - start)
"""
TITLE = "import above numpy, milliseconds"
MODULES = ["sklearn.neural_network", "onnxruntime", "jax", "torch"]
STATEMENTS = ["import cmlp", "from cmlp import MLPClassifier", *(f"import {module}" for module in MODULES)]


def seconds(statement):
    """Return the CPU time of one import, or None if the module is not installed."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", PROGRAM.format(statement=statement)]
    done = subprocess.run(command, capture_output=True, text=True, env=environ)
    return None if done.returncode else float(done.stdout)


def run(*, short):
    report, rows = Report("import", short), []
    for statement in STATEMENTS:
        seconds(statement)  # writes the byte code, which users have as well
        times = [seconds(statement) for _ in range(1 if short else 15)]
        if None not in times:
            rows.append([statement, 1e3 * statistics.median(times), 1e3 * min(times)])
    report.table(TITLE, ["", "median", "least"], rows)
    report.write()
