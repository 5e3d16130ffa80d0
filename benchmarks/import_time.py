"""CPU time of an import in addition to numpy's, and of a process that predicts a row, in new Python processes.

With CMLP_BEFORE, see `benchmarks.before`, those of an earlier version are measured in turns.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import cmlp
from benchmarks.report import Ratio, Report
from benchmarks.rounds import Peer, versions
from cmlp.datasets import load_digits28

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
COLD_TITLE, EMPTY = "a process that predicts a row, CPU milliseconds", "an empty program"
ROOT = Path(__file__).parents[1]
PREDICTOR = ROOT / "examples/serverless/predictor.py"
BUILD = [
    "-O2",
    "-shared",
    "-fPIC",
    "-DCMLP_BUILD",
    "-DCMLP_BUILD_TRAINING=0",
    "-DCMLP_BUILD_THREADS=0",
]
PREDICT = (
    "import cmlp, sys; cmlp.load(sys.argv[1]).predict_proba([[float(x) for x in sys.argv[2:]]])"
)
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


def cold_starts(folder):
    """Return the commands that predict a row in a new process, by what they do."""
    X, y, *_ = load_digits28()
    model, library = folder / "digits.cmlp", folder / "libcmlp.so"
    cmlp.MLPClassifier((16, 16), max_time=0.2, random_state=0).fit(X / 255, y).save(model)
    source = folder / "cmlp.c"
    subprocess.run([sys.executable, ROOT / "tools/make_single_file.py", source], check=True)
    subprocess.run(["cc", *BUILD, f"-I{ROOT / 'include'}", source, "-o", library], check=True)
    cells = [str(pixel / 255) for pixel in X[0]]
    return {
        EMPTY: ["-c", ""],
        "ctypes, examples/serverless": ["-I", PREDICTOR, library, model, *cells],
        "import numpy": ["-c", "import numpy"],
        "cmlp.load, predict_proba": ["-P", "-c", PREDICT, model, *cells],
    }


def cpu_seconds(arguments):
    """Return the CPU time of a Python process from its start to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def cold_start_table(report, n_rounds):
    """Measure whole processes in turns."""
    with tempfile.TemporaryDirectory() as folder:
        commands = cold_starts(Path(folder))
        rounds = [[cpu_seconds(each) for each in commands.values()] for _ in range(n_rounds)][1:]
    empty, *_ = columns = list(zip(*rounds, strict=True))
    rows = [
        [name, 1e3 * statistics.median(own), 1e3 * min(own), Ratio.of_rounds(own, empty, min)]
        for name, own in zip(commands, columns, strict=True)
    ]
    report.table(COLD_TITLE, ["", "median", "least", "/ empty"], rows)


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
    cold_start_table(report, 2 if short else 26)
    report.write()
