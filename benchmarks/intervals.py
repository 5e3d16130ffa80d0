"""Intervals of `TabularRegressor` whose width follows the prediction, beside those of constant width.

A third of the rows tests. "held out": the scores are those of `fit` with the other rows. "calibrated": `fit` has three
quarters of them, and `calibrate` the rest. For each method the script prints the coverage, how far it is from 0.9 in
thirds of the test rows, on average over the thirds, and the mean width in standard deviations of the target. The thirds
are by prediction, and by width of the adaptive intervals (of the same rows for both methods). The last three columns of
the summary are on how many tables the adaptive intervals are better.
"""

import warnings

import numpy as np

from benchmarks import table_sets
from benchmarks.report import Report
from benchmarks.tables import geometric

TABLES = [
    "ames",
    "diamonds",
    "deliveries",
    "loans",
    "Chicago",
    "hotel_rates",
    "concrete",
    "college",
    "sacramento",
]
TABLES += [
    "car_prices",
    "wage",
    "NMES1988",
    "Computers",
    "MedExp",
    "CPS1988",
    "BudgetFood",
    "HousePrices",
    "diabetes",
]
COVERAGE, MOST_ROWS, N_SPLITS = 0.9, 4000, 3
MODES, WIDTHS = ("held out", "calibrated"), ("constant", "adaptive")


def measured(X, y, seed, mode):
    """Return a row for each method: coverage, distances by prediction and by width, and mean width."""
    from cmlp import TabularRegressor

    order = np.random.RandomState(seed).permutation(len(y))
    test, train = np.split(order, [len(y) // 3])
    train, rest = np.split(train, [len(train) if mode == "held out" else 3 * len(train) // 4])
    found, thirds = {}, {}
    for width in reversed(WIDTHS):
        model = TabularRegressor(random_state=seed, interval_width=width).fit(
            X.iloc[train], y[train]
        )
        if len(rest):
            model.calibrate(X.iloc[rest], y[rest])
        low, high = model.predict_interval(X.iloc[test], COVERAGE).T
        if not thirds:
            keys = {"prediction": low + high, "width": high - low}
            thirds = {
                name: np.array_split(np.argsort(key, kind="stable"), 3)
                for name, key in keys.items()
            }
        inside = (low <= y[test]) & (y[test] <= high)
        gaps = [
            np.mean([abs(inside[rows].mean() - COVERAGE) for rows in parts])
            for parts in thirds.values()
        ]
        found[width] = [inside.mean(), *gaps, np.mean(high - low) / y[train].std()]
    return [found[width] for width in WIDTHS]


def summary(found, mode):
    """Return a row for each method: means over the tables, and on how many tables it is better than the other."""
    each = np.array(
        [np.mean(one[mode], axis=0) for one in found.values()]
    )  # table, method, quantity
    means, n = each.mean(axis=0), len(each)
    ratio = geometric(each[:, 1, 3] / each[:, 0, 3])
    better = [f"{(each[:, 1, k] < each[:, 0, k]).sum()} of {n}" for k in (1, 2, 3)]
    rows = [
        [mode, WIDTHS[0], *means[0], 1.0, "", "", ""],
        [mode, WIDTHS[1], *means[1], ratio, *better],
    ]
    return [[*row[:2], *(f"{value:.3f}" for value in row[2:7]), *row[7:]] for row in rows]


def run(*, short):
    report, found = Report("intervals", short), {}
    n_splits, names = (1, TABLES[6:8]) if short else (N_SPLITS, TABLES)
    for name in names:
        X, y, _ = table_sets.load(name, MOST_ROWS)
        with warnings.catch_warnings(action="ignore"):
            found[name] = {
                mode: [measured(X, y, seed, mode) for seed in range(n_splits)] for mode in MODES
            }
        print(name, flush=True)
    head = ["rows", "width", "coverage", "off by prediction", "off by width", "mean width"]
    better = ["better by prediction", "by width", "narrower"]
    rows = [row for mode in MODES for row in summary(found, mode)]
    report.table(
        f"{len(found)} tables, {n_splits} splits, asked for {COVERAGE}",
        [*head, "ratio", *better],
        rows,
    )
    rows = []
    for name, one in found.items():
        for mode in MODES:
            values = zip(WIDTHS, np.mean(one[mode], axis=0), strict=True)
            rows += [
                [name, mode, width, *(f"{value:.3f}" for value in each)] for width, each in values
            ]
    report.table("each table", ["table", *head], rows)
    report.write()
