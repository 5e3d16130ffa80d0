"""Intervals of several quantiles on tables where many targets are equal to the lowest or the highest one.

1,000 rows train, at most 3,000 test, and the scores are those of `fit`. For each table the script prints the
share of equal targets, the mean coverage over the splits with its standard deviation, and the mean width in
standard deviations of the target. The last tables have no such targets.
"""

import warnings

import numpy as np

from benchmarks import table_sets
from benchmarks.report import Report
from benchmarks.table_sets import Set

QUANTILES, COVERAGE = (0.1, 0.5, 0.9), 0.8
N_SPLITS, N_TRAIN, N_TEST = 20, 1000, 3000
TABLES = {
    "MedExp": Set("numbers", "r", ("Ecdat", "MedExp"), "med"),
    "Workinghours": Set("numbers", "r", ("Ecdat", "Workinghours"), "hours"),
    "PSID": Set("numbers", "r", ("Ecdat", "PSID"), "earnings", ("hours",)),
    "RainIbk": Set("numbers", "r", ("crch", "RainIbk"), "rain"),
    "restaurant": Set(
        "numbers",
        "r",
        ("causaldata", "restaurant_inspections"),
        "inspection_score",
        ("business_name",),
    ),
}
WITHOUT = ["concrete", "diamonds"]


def measured(X, y, seed):
    """Return the coverage and the mean width of the intervals of a split."""
    from cmlp import TabularRegressor

    order = np.random.RandomState(seed).permutation(len(y))
    n = min(N_TRAIN, 2 * len(y) // 3)
    train, test = order[:n], order[n : n + N_TEST]
    model = TabularRegressor(loss="quantile", quantile=QUANTILES, random_state=seed, n_threads=1)
    low, high = model.fit(X.iloc[train], y[train]).predict_interval(X.iloc[test], COVERAGE).T
    inside = (low <= y[test]) & (y[test] <= high)
    return inside.mean(), np.mean(high - low) / y[train].std()


def run(*, short):
    report = Report("ties", short)
    n_splits, names = (1, ["Workinghours"]) if short else (N_SPLITS, [*TABLES, *WITHOUT])
    rows = []
    for name in names:
        X, y, _ = table_sets.prepared(TABLES[name]) if name in TABLES else table_sets.load(name)
        with warnings.catch_warnings(action="ignore"):
            found = np.array([measured(X, y, seed) for seed in range(n_splits)])
        (coverage, width), spread = found.mean(axis=0), found[:, 0].std()
        shares = [f"{np.mean(y == end):.2f}" for end in (y.min(), y.max())]
        rows.append([name, *shares, f"{coverage:.3f}", f"{spread:.3f}", f"{width:.3f}"])
        print(*rows[-1], flush=True)
    head = ["table", "lowest target", "highest", "coverage", "deviation of a split", "mean width"]
    report.table(f"asked for {COVERAGE}, {n_splits} splits", head, rows)
    report.write()
