"""Nanoseconds to predict one row in C: this version, plain loops, and an earlier version that CMLP_BEFORE names.

The plain loops are what a program without a library would have: no checks, no skipping of zeros, and the library's exp.
All of them predict the same rows in turns. The time of a round is the least of many turns, and the
least round counts.
"""

import ctypes
import os
import shlex
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

from benchmarks.report import Ratio, Report
from cmlp import MLPClassifier, cpu_info
from cmlp._bridge import _core

ROOT = Path(__file__).parents[1]
LIBRARY = """
#include "cmlp_file.h"
static cmlp_file file;
#ifdef WITHOUT_PREDICTIONS /* an earlier version has functions for each type */
#ifdef WITHOUT_LENGTHS
#define PREDICT(f, row) f(file.model, row, 0, output, file.workspace, file.info.workspace_size)
#else
#define PREDICT(f, row) f(file.model, row, width, 0, output, 16, file.workspace, file.info.workspace_size)
#endif
#define PREDICT_F32(row) PREDICT(cmlp_model_predict_f32, row)
#define PREDICT_F64(row) PREDICT(cmlp_model_predict_f64, row)
#define FORWARD(rows) cmlp_forward(cmlp_model_net(file.model), cmlp_model_params(file.model), rows, output, &run)
#define WORKSPACE file.workspace
#else
static int predict(const void *row, cmlp_dtype dtype, long width, void *output)
{
    const cmlp_rows rows = cmlp_dense_rows(row, dtype, 1, width);
    const cmlp_prediction prediction = {.struct_size = sizeof prediction, .outputs = output, .n_outputs = 16};
    return cmlp_model_predict(file.model, &rows, &prediction, &file.run);
}
#define PREDICT_F32(row) predict(row, CMLP_FLOAT32, width, output)
#define PREDICT_F64(row) predict(row, CMLP_FLOAT64, width, output)
#ifdef WITH_OUTPUTS /* an earlier version, whose cmlp_forward has no struct */
#define PREDICTION output, 16
#else
#define PREDICTION &(cmlp_prediction){.struct_size = sizeof(cmlp_prediction), .outputs = output, .n_outputs = 16}
#endif
#define FORWARD(rows) cmlp_forward(cmlp_model_net(file.model), cmlp_model_params(file.model), \
                                   cmlp_net_n_params(cmlp_model_net(file.model)), rows, PREDICTION, &run)
#define WORKSPACE file.run.workspace
#endif
#ifdef WITHOUT_TABLES /* in an earlier version that loads only networks so */
#define cmlp_file_load cmlp_file_load_table
#endif
int load(const char *path) { return cmlp_file_load(&file, path, NULL); }
float model_f32(const float *x, const float *params, long width, long n)
{
    float output[16], sum = 0;
    (void)params;
    for (long i = 0; i < n; i++) {
        if (PREDICT_F32(x + i * width)) return -1;
        sum += output[0];
    }
    return sum;
}
float forward(const float *x, const float *params, long width, long n)
{
    float output[16], sum = 0;
    cmlp_run run = {.struct_size = sizeof run, .workspace = WORKSPACE, .workspace_size = file.info.workspace_size};
    (void)params;
    for (long i = 0; i < n; i++) {
        const cmlp_rows rows = cmlp_dense_rows(x + i * width, CMLP_FLOAT32, 1, width);
        if (FORWARD(&rows)) return -1;
        sum += output[0];
    }
    return sum;
}
float table(const double *x, const float *params, long width, long n)
{
    double output[16], sum = 0;
    (void)params;
    for (long i = 0; i < n; i++) {
        if (PREDICT_F64(x + i * width)) return -1;
        sum += output[0];
    }
    return (float)sum;
}
"""
PLAIN = """
#include <stdint.h>
#define CMLPI_BITS 32
#include "kernels/vectors/vec_generic.h"
#include "kernels/elements/math_tmpl.h"
static const int64_t sizes[] = {SIZES};
#define DEPTH ((int)(sizeof sizes / sizeof *sizes) - 1)
static void predict(const float *x, const float *w, float *output)
{
    float hidden[2][1024];
    for (int l = 0; l < DEPTH; l++) {
        const int64_t n_in = sizes[l], n_out = sizes[l + 1];
        const float *bias = w + n_in * n_out;
        float *z = l == DEPTH - 1 ? output : hidden[l & 1];
        for (int64_t j = 0; j < n_out; j++) z[j] = bias[j];
        for (int64_t k = 0; k < n_in; k++)
            for (int64_t j = 0; j < n_out; j++) z[j] += x[k] * w[k * n_out + j];
        for (int64_t j = 0; j < n_out && l < DEPTH - 1; j++) z[j] = z[j] > 0 ? z[j] : 0;
        x = z;
        w = bias + n_out;
    }
    const int64_t n = sizes[DEPTH];
    float max = output[0], sum = 0;
    for (int64_t j = 1; j < n; j++) max = output[j] > max ? output[j] : max;
    for (int64_t j = 0; j < n; j++) sum += output[j] = v_exp(output[j] - max);
    for (int64_t j = 0; j < n; j++) output[j] /= sum;
}
float plain(const float *x, const float *params, long width, long n)
{
    float output[16], sum = 0;
    for (long i = 0; i < n; i++) {
        predict(x + i * width, params, output);
        sum += output[0];
    }
    return sum;
}
"""
N_ROWS, ROUNDS = 64, 10
NETS = [[4, 8, 3], [784, 16, 16, 10]]
COLUMNS = ["", "ns", "/ plain loops", "/ before"]


def compiled(folder, name, source, options):
    """Compile a source with cc, or the compiler that CC names, and return it as a loaded library."""
    path, target = folder / f"{name}.c", folder / f"{name}.so"
    path.write_text(source, encoding="utf-8")
    compiler = shlex.split(os.environ.get("CC", "cc"))
    command = [
        *compiler,
        "-O3",
        "-fPIC",
        "-shared",
        path,
        *options,
        "-lm",
        "-pthread",
        "-o",
        target,
    ]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(target))


def library(folder, name, tree):
    """Compile the functions of LIBRARY with the C library of a source tree, for this processor and predictions only."""
    single = folder / f"{name}_cmlp.c"
    subprocess.run([sys.executable, tree / "tools/make_single_file.py", single], check=True)
    parts = [
        "-DCMLP_BUILD_TRAINING=0",
        "-DCMLP_BUILD_FLOAT64=0",
        f"-DCMLP_BUILD_ISA={_core.ISAS[cpu_info()['used']]}",
    ]
    header = (tree / "include/cmlp.h").read_text(encoding="utf-8")
    if "cmlp_model_predict(" not in header:
        parts.append("-DWITHOUT_PREDICTIONS")
    if "cmlp_labels(" in header:
        parts.append("-DWITH_OUTPUTS")
    if "const float *row, int64_t n_inputs" not in header:
        parts.append("-DWITHOUT_LENGTHS")
    if "cmlp_file_load_table" in (tree / "include/cmlp_file.h").read_text(encoding="utf-8"):
        parts.append("-DWITHOUT_TABLES")
    options = [
        single,
        *parts,
        f"-I{tree / 'include'}",
        f'-DCMLP_SELF="{single}"',
        "-ffp-contract=off",
    ]
    return compiled(folder, name, LIBRARY, options)


def timed(function, x, params, repeats):
    """Return the nanoseconds for each row."""
    function.restype = ctypes.c_float
    pointers = [
        None if array is None else array.ctypes.data_as(ctypes.c_void_p) for array in (x, params)
    ]
    width, n = ctypes.c_long(x.shape[1]), ctypes.c_long(len(x))
    start = time.perf_counter()
    for _ in range(repeats):
        assert function(*pointers, width, n) != -1, "a prediction was refused"
    return 1e9 * (time.perf_counter() - start) / (repeats * len(x))


def least(functions, x, params, turns):
    """Return the times of each function, which take turns: of each round the least of its turns."""
    times = [
        [[timed(one, x, params, 10) for one in functions.values()] for _ in range(turns)]
        for _ in range(ROUNDS)
    ]
    return dict(zip(functions, np.min(times, axis=1).T.tolist(), strict=True))


def ratio(times, name, base):
    """Return the ratio of the least times of two functions; None if `base` was not measured."""
    return Ratio.of_rounds(times[name], times[base], min) if base in times else None


def add_table(report, title, times):
    """Add named times, relative to the plain loops and to the version before."""
    rows = []
    for name, rounds in times.items():
        before = ratio(times, name, name.replace("now", "before")) if "now" in name else None
        rows.append([name, min(rounds), ratio(times, name, "plain loops"), before])
    report.table(title, COLUMNS, rows)


def network(report, folder, libraries, sizes, turns):
    rng = np.random.RandomState(0)
    X = np.where(
        rng.random_sample((N_ROWS, sizes[0])) < 0.25, rng.random_sample((N_ROWS, sizes[0])), 0
    )
    X = np.ascontiguousarray(X if sizes[0] > 100 else rng.random_sample(X.shape), np.float32)
    model = MLPClassifier(tuple(sizes[1:-1]), max_iter=1, random_state=0, n_threads=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, np.arange(N_ROWS) % sizes[-1]).save(folder / "net.cmlp")
    layers = zip(model.coefs_, model.intercepts_, strict=True)
    params = np.concatenate([part.ravel() for layer in layers for part in layer])
    source = PLAIN.replace("SIZES", ", ".join(map(str, sizes)))
    options = ["-march=native", f"-I{ROOT / 'src/cmlp/core'}"]
    name = "-".join(map(str, sizes))
    functions = {"plain loops": compiled(folder, f"plain_{name}", source, options).plain}
    for call in ("model_f32", "forward"):
        for version, loaded in libraries.items():
            assert loaded.load(str(folder / "net.cmlp").encode()) == 0
            functions[f"cmlp_{call.replace('model_f32', 'model_predict_f32')}, {version}"] = loaded[
                call
            ]
    add_table(report, f"one row of {name}, float32", least(functions, X, params, turns))


def raw_row(report, folder, libraries, turns):
    from cmlp import TabularRegressor

    rng = np.random.RandomState(0)
    X = rng.standard_normal((2_000, 20))
    model = TabularRegressor(random_state=0, max_time=0.1, n_threads=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, X[:, 0] + 0.1 * X[:, 1] ** 2).save(folder / "table.cmlp")
    functions = {}
    for version, loaded in libraries.items():
        if loaded.load(str(folder / "table.cmlp").encode()) == 0:
            functions[f"cmlp_model_predict_f64, {version}"] = loaded["table"]
        else:
            print(f"{version}: refuses the file of a table that this version writes")
    add_table(
        report,
        "one raw row of a table, 20 columns",
        least(functions, X[:N_ROWS].copy(), None, turns),
    )


def run(*, short):
    report, turns = Report("one-row", short), 1 if short else 30
    trees = {"now": ROOT}
    if "CMLP_BEFORE" in os.environ:
        trees = {"before": Path(os.environ["CMLP_BEFORE"]), "now": ROOT}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        libraries = {version: library(folder, version, tree) for version, tree in trees.items()}
        for sizes in NETS:
            network(report, folder, libraries, sizes, turns)
        raw_row(report, folder, libraries, max(1, turns // 3))
    report.write()
