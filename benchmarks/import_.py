"""What an import costs above numpy's, each in a fresh Python."""

import os
import statistics
import subprocess
import sys

from benchmarks.report import Report

PROGRAM = """
import time, numpy
start = time.perf_counter()
{statement}
print(time.perf_counter() - start)
"""
MODULES = ["sklearn.neural_network", "onnxruntime", "jax", "torch"]
STATEMENTS = ["import cmlp", "from cmlp import MLPClassifier", *(f"import {module}" for module in MODULES)]


def seconds(statement):
    """Time of one import, None if the module is not installed."""
    program = PROGRAM.format(statement=statement)
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}  # an installed package has been compiled
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=env)
    return None if done.returncode else float(done.stdout)


def run(*, short):
    report, rows = Report("import", short), []
    for statement in STATEMENTS:
        seconds(statement)
        times = [seconds(statement) for _ in range(3 if short else 15)]
        if None not in times:
            rows.append([statement, 1e3 * statistics.median(times), 1e3 * min(times)])
    report.table("import above numpy, milliseconds", ["", "median", "least"], rows)
    report.write()
