"""One row of a table in C and Python: microseconds, and the time for 100,000 rows; instructions of answers to cells."""

import ctypes
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.peers import limit
from benchmarks.report import Report
from cmlp import cpu_info
from cmlp._bridge import _core

ROOT = Path(__file__).parents[1]
N_COLUMNS, N_ROWS, N_MANY = 20, 64, 100_000
SOURCE = """
#include "cmlp_file.h"
static cmlp_file file;
int load(const char *path) { return cmlp_file_load(&file, path, NULL); }
double predict(const double *rows, int n, int repeats)
{
    double output[16], sum = 0;
    const int64_t width = file.info.n_in;
    const cmlp_prediction prediction = {.struct_size = sizeof prediction, .outputs = output, .n_outputs = 16};
    for (int i = 0; i < n * repeats; i++) {
        const cmlp_rows row = cmlp_dense_rows(rows + i % n * width, CMLP_FLOAT64, 1, width);
        if (cmlp_model_predict(file.model, &row, &prediction, &file.run)) return 0;
        sum += output[0];
    }
    return sum;
}
"""

# Arguments: a model file of numbers; whether the row is predicted (0), or answered from cells of text in the order of
# the columns (1) or by shuffled names (2), with outputs, an interval and distances; how often.
COUNTED = """
#include "cmlp_file.h"
#include "cmlp_table.h"
enum { MOST = 64 };
int main(int argc, char **argv)
{
    static const double numbers[MOST];
    cmlp_value cells[MOST], names[MOST];
    double output[16], ends[32], outside[MOST];
    cmlp_file file;
    if (argc < 4 || cmlp_file_load(&file, argv[1], NULL) || file.info.n_in > MOST) return 1;
    const int64_t n = file.info.n_in, kind = argv[2][0] - '0';
    for (int64_t j = 0; j < n; j++) {
        cmlp_table_column_info info = CMLP_INIT(cmlp_table_column_info);
        if (cmlp_model_describe_column(file.model, kind < 2 ? j : (7 * j + 3) % n, &info, NULL)) return 2;
        names[j] = cmlp_text(info.name, info.n_name);
        cells[j] = cmlp_text("0.25", -1);
    }
    const cmlp_rows row = kind ? cmlp_cell_rows(cells, 1, n, kind == 1 ? NULL : names)
                               : cmlp_dense_rows(numbers, CMLP_FLOAT64, 1, n);
    const cmlp_prediction prediction = {.struct_size = sizeof prediction, .outputs = output, .n_outputs = 16};
    const cmlp_answer answer = {.struct_size = sizeof answer, .outputs = output, .n_outputs = 16, .coverage = 0.9,
                                .intervals = ends, .n_intervals = file.info.n_ends, .outside = outside, .n_outside = n};
    for (int i = 0; i < atoi(argv[3]); i++)
        if (kind ? cmlp_model_answer(file.model, &row, &answer, &file.run)
                 : cmlp_model_predict(file.model, &row, &prediction, &file.run)) return 3;
    return 0;
}
"""
WAYS = ["predict, numbers", "answer, cells in order", "answer, cells by shuffled names"]


def counted_instructions(folder, path):
    """Return the instructions of a row in each way, with the generic kernels."""
    source, single, program = folder / "counted.c", folder / "cmlp.c", folder / "counted"
    source.write_text(COUNTED, encoding="utf-8")
    flags = ["-O2", "-DCMLP_BUILD_ISA=1", f"-I{ROOT / 'include'}", "-pthread"]
    subprocess.run(["cc", *flags, source, single, "-lm", "-o", program], check=True)

    def instructions(way, n):
        counted = ["valgrind", "--tool=cachegrind", "--cache-sim=no"]
        options = ["--cachegrind-out-file=/dev/null", program, path, str(way), str(n)]
        done = subprocess.run([*counted, *options], check=True, capture_output=True, text=True)
        return int(re.search(r"I *refs: *([\d,]+)", done.stderr)[1].replace(",", ""))

    return [(instructions(way, 101) - instructions(way, 1)) / 100 for way in range(len(WAYS))]


def library(folder):
    """Compile the C library with the two functions above for this processor, without what only training needs."""
    source, single, target = folder / "row.c", folder / "cmlp.c", folder / "row.so"
    source.write_text(SOURCE, encoding="utf-8")
    subprocess.run([sys.executable, ROOT / "tools/make_single_file.py", single], check=True)
    parts = [
        "-DCMLP_BUILD_TRAINING=0",
        "-DCMLP_BUILD_FLOAT64=0",
        f"-DCMLP_BUILD_ISA={_core.ISAS[cpu_info()['used']]}",
    ]
    flags = ["-O2", *parts, "-fPIC", "-shared", "-pthread", f"-I{ROOT / 'include'}"]
    subprocess.run(["cc", *flags, source, single, "-lm", "-o", target], check=True)
    loaded = ctypes.CDLL(str(target))
    loaded.predict.restype = ctypes.c_double
    return loaded


def rows_of(kind, rng):
    """Return rows of 20 columns: numbers, or half of them categories; some are missing."""
    X = rng.standard_normal((2000, N_COLUMNS))
    X[rng.random_sample(X.shape) < 0.05] = np.nan
    categories = np.arange(N_COLUMNS) % 2 == 1 if kind == "mixed" else np.zeros(N_COLUMNS, bool)
    X[:, categories] = rng.randint(0, 8, (len(X), categories.sum()))
    return X, categories


def run(*, short):
    from cmlp import TabularRegressor

    report, table, rng = Report("table_row", short), [], np.random.RandomState(0)
    with tempfile.TemporaryDirectory() as folder:
        loaded, path = library(Path(folder)), Path(folder, "model.cmlp")
        for kind in ("numbers", "mixed"):
            X, categories = rows_of(kind, rng)
            model = TabularRegressor(
                random_state=0, max_time=0.1, categorical_features=categories, n_threads=1
            )
            model.fit(X, np.nan_to_num(X[:, 0])).save(path)
            assert loaded.load(str(path).encode()) == 0
            raw = np.ascontiguousarray(model._result.model.columns.read(X[:N_ROWS], "X"))
            times = [timed(loaded, raw, 1 if short else 20) for _ in range(3 if short else 31)]
            start = time.perf_counter()
            for row in X[:N_ROWS]:
                model.predict(row[None])
            python = (time.perf_counter() - start) / N_ROWS
            microseconds = [1e6 * one for one in (statistics.median(times), min(times), python)]
            many, peak = np.tile(X, (N_MANY // len(X), 1)), multiply_adds(model)
            seconds = [
                (seconds_of(model.predict, many), seconds_of(peak))
                for _ in range(1 if short else 7)
            ]
            table.append(
                [
                    kind,
                    path.stat().st_size / 1e3,
                    *microseconds,
                    *np.median(seconds, axis=0).tolist(),
                ]
            )
    columns = [
        "20 columns",
        "kB",
        "C, median",
        "C, least",
        "Python",
        "100,000 rows, s",
        "multiply-adds alone, s",
    ]
    report.table(
        "4 networks, one thread: microseconds for one row, seconds for 100,000 in Python",
        columns,
        table,
    )
    if shutil.which("valgrind"):
        columns, table = ["instructions of a row", *WAYS], [count_answers()]
        report.table("20 named columns of numbers, 4 networks, generic kernels", columns, table)
    report.write()


def count_answers():
    """Return a row of the table of instructions."""
    import pandas as pd

    from cmlp import TabularRegressor

    X, _ = rows_of("numbers", np.random.RandomState(0))
    named = pd.DataFrame(X, columns=[f"column {j}" for j in range(N_COLUMNS)])
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        library(folder)  # and with it the single file
        model = TabularRegressor(random_state=0, max_time=0.1, n_threads=1)
        model.fit(named, np.nan_to_num(X[:, 0])).save(folder / "model.cmlp")
        return ["20 columns", *counted_instructions(folder, folder / "model.cmlp")]


def seconds_of(call, *arguments):
    """Return the CPU seconds of a call."""
    start = time.process_time()
    call(*arguments)
    return time.process_time() - start


def multiply_adds(model):
    """Return a call with the multiply-adds of many rows, at the peak of the processor."""
    cases = [
        {"sizes": one.sizes, "rows": N_MANY, "isa": cpu_info()["used"]} for one in model.estimators_
    ]
    calls = [limit.multiply_adds(case) for case in cases]
    return lambda: [call() for call in calls]


def timed(loaded, raw, repeats):
    """Return the seconds for a row in C."""
    start = time.perf_counter()
    loaded.predict(raw.ctypes.data_as(ctypes.c_void_p), N_ROWS, repeats)
    return (time.perf_counter() - start) / (N_ROWS * repeats)
