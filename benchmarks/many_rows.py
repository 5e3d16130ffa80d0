"""Time of a row among 100 in one call, relative to a row alone: the C library with all kernels, and WebAssembly."""

import ctypes
import shutil
import statistics
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

from benchmarks.report import Report
from cmlp import MLPClassifier, TabularRegressor

ROOT = Path(__file__).parents[1]
N = 100
SOURCE = """
#include "cmlp_file.h"
#include <stdlib.h>
#include <time.h>
static cmlp_file file;
int load(const char *path) { return cmlp_file_load(&file, path, NULL); }
double seconds(const char *x, int64_t n, int64_t each, int repeats)
{
    const int64_t n_in = file.info.n_in, size = file.info.dtype == CMLP_FLOAT32 ? 4 : 8;
    double outputs[10000];
    struct timespec begin, end;
    cmlp_rows rows = cmlp_dense_rows(x, file.info.dtype, each, n_in);
    cmlp_prediction prediction = CMLP_INIT(cmlp_prediction);
    cmlp_run run = CMLP_INIT(cmlp_run);
    if (cmlp_model_workspace_size(file.model, &rows, &run.workspace_size, &run)) abort();
    run.workspace = malloc(run.workspace_size);
    prediction.outputs = outputs;
    prediction.n_outputs = each * file.info.n_out;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    for (int i = 0; i < repeats; i++)
        for (int64_t j = 0; j < n; j += each) {
            rows.data = x + j * n_in * size;
            if (cmlp_model_predict(file.model, &rows, &prediction, &run)) abort();
        }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    free(run.workspace);
    return (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec);
}
"""
SCRIPT = """
import { readFileSync } from "node:fs";
const { Predictor } = await import(process.argv[2]);
const predictor = await Predictor.load(readFileSync(process.argv[3]));
const rows = JSON.parse(readFileSync(process.argv[4]));
const repeats = Number(process.argv[5]);
const seconds = (call) => {
    const begin = process.cpuUsage();
    for (let i = 0; i < repeats; i++) call();
    const { user, system } = process.cpuUsage(begin);
    return (user + system) / 1e6;
};
for (let i = 0; i < 13; i++) {
    const alone = seconds(() => rows.forEach((row) => predictor.predict(row)));
    const together = seconds(() => predictor.predictMany(rows));
    if (i > 2) console.log(alone, together); // the first ones compile
}
"""


def library(folder):
    """Compile the C library with the two functions above, without what only training needs."""
    (folder / "rows.c").write_text(SOURCE, encoding="utf-8")
    make(folder, "make_single_file.py", "cmlp.c")
    flags = [
        "-O2",
        "-DCMLP_BUILD_TRAINING=0",
        "-fPIC",
        "-shared",
        "-pthread",
        f"-I{ROOT / 'include'}",
    ]
    sources = [folder / "rows.c", folder / "cmlp.c"]
    subprocess.run(["cc", *flags, *sources, "-lm", "-o", folder / "rows.so"], check=True)
    loaded = ctypes.CDLL(str(folder / "rows.so"))
    loaded.seconds.restype = ctypes.c_double
    loaded.seconds.argtypes = [ctypes.c_char_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int]
    return loaded


def make(folder, tool, name):
    subprocess.run([sys.executable, ROOT / "tools" / tool, folder / name], check=True)


def models():
    """Return models by their names, with rows of each."""
    rng = np.random.RandomState(0)
    fitted = {}
    for name, columns, categories in (("table, 12 columns", 12, 2), ("table, 6 columns", 6, 0)):
        X = rng.standard_normal((4 * N, columns))
        X[:, :categories] = rng.randint(0, 6, (len(X), categories))
        options = {"n_estimators": 4, "hidden_layer_sizes": (128, 128), "n_epochs": 2}
        model = TabularRegressor(**options, categorical_features=[*range(categories)])
        fitted[name] = model.fit(X, X.sum(axis=1)), X[:N].copy()
    for sizes in ((64, 16, 10), (784, 128, 64, 10)):
        X = rng.random_sample((4 * N, sizes[0])).astype(np.float32)
        model = MLPClassifier(sizes[1:-1], max_iter=2)
        fitted["-".join(map(str, sizes))] = model.fit(X, rng.randint(0, 10, len(X))), X[:N].copy()
    return fitted


def run(*, short):
    report, table, rounds = Report("many_rows", short), [], 3 if short else 31
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(name)
        loaded = library(folder)
        in_node = shutil.which("node") and shutil.which("wasm-ld")
        if in_node:
            make(folder, "make_npm.py", "npm")
            (folder / "rows.mjs").write_text(SCRIPT, encoding="utf-8")
        for name, (model, X) in models().items():
            model.save(folder / "model.cmlp")
            assert loaded.load(str(folder / "model.cmlp").encode()) == 0
            content, repeats = X.tobytes(), 20 if len(X[0]) < 100 else 2
            times = [
                [loaded.seconds(content, N, each, repeats) for each in (1, N)]
                for _ in range(rounds)
            ]
            alone, together = np.min(times, axis=0) / (N * repeats)
            row = [name, 1e6 * alone, 1e6 * together, together / alone]
            if in_node:
                (folder / "rows.json").write_text(str(X.tolist()), encoding="ascii")
                files = [
                    folder / one for one in ("rows.mjs", "npm/cmlp.mjs", "model.cmlp", "rows.json")
                ]
                command = ["node", *files, 10 if len(X[0]) == 64 else 1]
                lines = subprocess.check_output([*map(str, command)], text=True).splitlines()
                ratios = [float(line.split()[1]) / float(line.split()[0]) for line in lines]
                row.append(statistics.median(ratios))
            table.append(row)
    columns = ["model", "one, µs", "of 100, µs", "ratio"] + ["WebAssembly, ratio"] * bool(in_node)
    report.table("CPU time of a row alone and among 100 in one call", columns, table)
    report.write()
