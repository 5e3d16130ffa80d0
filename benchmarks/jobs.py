"""cross_val_score with four jobs, relative to one: jobs of joblib must not slow each other down by their threads.

One job uses all processors by itself. The workers have started, and have imported cmlp, before the time is measured;
their start is a table of its own. Run it on an idle machine.
"""

import os
import time
import warnings

import numpy as np

from benchmarks.report import Ratio, Report

TITLE, RATIO = "cross_val_score, four folds", "four jobs / one"
N_JOBS = N_FOLDS = 4
ROWS, COLUMNS = 4_000, 20
PAUSE = 0.5  # seconds


def estimators(*, short):
    """Return what is fitted, and the scale of its data."""
    from cmlp import MLPClassifier, TabularClassifier

    epochs = 1 if short else 20
    return {
        "TabularClassifier": TabularClassifier(random_state=0, n_epochs=1 if short else None),
        "MLPClassifier": MLPClassifier(
            (128, 64), max_iter=epochs, tol=0, n_iter_no_change=10**6, random_state=0
        ),
    }


def ready(models, X, y):
    """Import what the jobs need, by a fit of a few rows, and keep this worker busy until all others have started."""
    for model in models:
        seconds_of(model, X[:100], y[:100], 1)
    time.sleep(PAUSE)


def start_workers(models, X, y):
    """Return the seconds until all workers are ready."""
    from joblib import Parallel, delayed

    begin = time.perf_counter()
    Parallel(n_jobs=N_JOBS)(delayed(ready)(models, X, y) for _ in range(N_JOBS))
    return time.perf_counter() - begin - PAUSE


def seconds_of(model, X, y, n_jobs):
    """Return the wall time of a cross-validation."""
    from sklearn.model_selection import cross_val_score

    begin = time.perf_counter()
    cross_val_score(model, X, y, cv=N_FOLDS, n_jobs=n_jobs)
    return time.perf_counter() - begin


def run(*, short):
    report, rng = Report("jobs", short), np.random.default_rng(0)
    n_rounds, n_rows = (1, 400) if short else (5, ROWS)
    X = rng.standard_normal((n_rows, COLUMNS))
    y = X[:, 0] + X[:, 1] * X[:, 2] + rng.standard_normal(n_rows) > 0
    os.environ["PYTHONWARNINGS"] = "ignore"  # of the workers
    models, rows = estimators(short=short), []
    with warnings.catch_warnings(action="ignore"):
        report.table(
            "start",
            ["", "seconds"],
            [[f"{N_JOBS} workers", start_workers([*models.values()], X, y)]],
        )
        for name, model in models.items():
            seconds_of(model, X[:100], y[:100], 1)  # loads modules in this process
            pairs = [
                [seconds_of(model, X, y, n_jobs) for n_jobs in (1, N_JOBS)] for _ in range(n_rounds)
            ]
            one, four = zip(*pairs, strict=True)
            ratio = Ratio.of_rounds(four, one)
            rows.append([name, *np.median(pairs, axis=0).tolist(), ratio])
    report.table(TITLE, ["", "one job, s", "four jobs, s", RATIO], rows)
    report.write()
