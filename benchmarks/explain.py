"""Shapley values of 12 columns of a table: processor seconds for 1,000 rows and error, beside the package shap."""

import time

import numpy as np

from benchmarks.report import Report
from cmlp import TabularRegressor

COLUMNS = ["method", "predictions per row", "CPU s per 1,000 rows", "error of a value", "its estimate"]


def fitted(n_rows):
    """Return a model with interactions, a background and rows to explain."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((n_rows, 12))
    X[:, 5:] = X[:, 5:] / 2 + X[:, :1] / 2
    y = X[:, 0] * X[:, 1] + np.sin(2 * X[:, 2]) * X[:, 3] + np.where(X[:, 4] > 0, X[:, 5], 0) + X[:, 6] ** 2
    model = TabularRegressor(random_state=0, n_threads=1).fit(X, y + rng.standard_normal(n_rows) * 0.3)
    return model, X[:64], X[100:200]


def timed(values, n_rows):
    start = time.process_time()
    found = values()
    return found, (time.process_time() - start) / n_rows * 1000


def ours(model, background, Z, exact):
    """Yield a row for each budget."""
    for pairs in (2, 3, 6, 12):
        budget = pairs * len(background) * 22
        found, seconds = timed(lambda n=budget: model.explain(Z, background, n_evaluations=n), len(Z))
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
        found, seconds = timed(lambda n=n, run=explainer: run(Z, max_evals=n * 25, silent=True).values, len(Z))
        yield [f"shap, Permutation, {n} permutations", n * 25 * len(background), seconds, rms(found - exact), None]
    found, seconds = timed(lambda: shap.KernelExplainer(model.predict, background).shap_values(Z, silent=True), len(Z))
    yield ["shap, Kernel", None, seconds, rms(found - exact), None]


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
    report.note(size=f"mean absolute value {np.abs(exact).mean():.3g}")
    report.write()
