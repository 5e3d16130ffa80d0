"""Peak memory of fit in addition to the input data, compared with the bound: 6 x parameters + 4 MB.

The six blocks hold the previous model, the parameters in training, the gradient or Adam's two moments, and the best
weights. Each fit runs in its own process, after the data have been loaded and a small fit has run.
"""

import gc
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

from benchmarks import data
from benchmarks.report import Report

TITLE, OF_BOUND = "memory of fit", "of the bound"
MB = 1e6
BOUND, BLOCKS = 4 * MB, 6
NETS = [[784, 16, 16, 10], [784, 128, 64, 10], [784, 512, 512, 10]]
# glibc returns freed memory to the system, so that fit cannot reuse memory that was allocated
# before it.
NO_HOARDING = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
MIDDLE = {"sizes": NETS[1]}
BEST_KEPT = {"solver": "adam", "early_stopping": True}
CASES = {
    **{f"float32, {'-'.join(map(str, sizes))}": {"sizes": sizes} for sizes in NETS},
    **{f"... Adam, best weights kept, {sizes[1]}": {"sizes": sizes, **BEST_KEPT} for sizes in NETS},
    "uint8, 784-128-64-10": {**MIDDLE, "dtype": "uint8"},
    "float64, 784-128-64-10": {**MIDDLE, "dtype": "float64"},
    "float32, every second column": {**MIDDLE, "layout": "gaps"},
    "float32, columns together": {**MIDDLE, "layout": "columns", "rows": 6_000},
    "float32, again": {**MIDDLE, "fits": 2},
    "CSR, 20000-64-10": {"sizes": [20_000, 64, 10], "kind": "csr", "density": 0.01},
}


def status(field):
    """Return a memory size of this process in bytes, as Linux reports it."""
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(text.split(f"{field}:")[1].split()[0])


def peak_above(work):
    """Return the peak memory in bytes that `work` needs in addition to the memory in use before."""
    gc.collect()
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # resets the peak
        before, peak = status("VmRSS"), lambda: status("VmHWM")
    except OSError:  # not Linux: relative to the previous peak
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        peak = lambda: unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # noqa: E731
        before = peak()
    work()
    return peak() - before


def measure(case):
    """Return the bytes of X, the additional bytes, and the bytes of the parameters. Runs in its own process."""
    from cmlp import MLPClassifier

    warnings.simplefilter("ignore")  # max_iter is reached on purpose
    given = {"solver": "sgd", "batch_size": 128, "max_iter": 2, "random_state": 0}
    given |= {key: case[key] for key in BEST_KEPT if key in case}
    model = MLPClassifier(
        case["sizes"][1:-1], input_scale=1 / 255 if case.get("dtype") == "uint8" else 1, **given
    )
    X, y = data.rows(case)
    data.images.cache_clear()
    for _ in range(case.get("fits", 1) - 1):
        model.fit(X, y)
    MLPClassifier(8, max_iter=1).fit(
        X[:300], y[:300]
    )  # loads modules and creates what is created once
    above = peak_above(lambda: model.fit(X, y))
    size = (
        sum(part.nbytes for part in (X.data, X.indices, X.indptr))
        if case.get("kind") == "csr"
        else X.nbytes
    )
    return size, above, sum(tensor.nbytes for tensor in [*model.coefs_, *model.intercepts_])


def in_its_own_process(case):
    command = [sys.executable, "-m", "benchmarks.memory", json.dumps(case)]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, env={**os.environ, **NO_HOARDING}, check=True
    )
    return json.loads(done.stdout)


def run(*, short):
    report, rows = Report("memory", short), []
    n = 2_000 if short else 60_000
    report.note(rows=n, bound=f"{BLOCKS} x parameters + {BOUND / MB:g} MB")
    for title, case in list(CASES.items())[: 2 if short else None]:
        size, above, parameters = in_its_own_process({"rows": n, **case})
        bound = BLOCKS * parameters + BOUND
        rows.append([title, size / MB, parameters / MB, above / MB, bound / MB, above / bound])
    columns = ["", "X, MB", "parameters, MB", "fit above, MB", "bound, MB", OF_BOUND]
    report.table(TITLE, columns, rows)
    report.write()


if __name__ == "__main__":
    print(json.dumps(measure(json.loads(sys.argv[1]))))
