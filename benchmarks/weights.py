"""Probabilities of `TabularClassifier` after `class_weight="balanced"` and `calibrate(probabilities=True)`.

40 % of the rows test, each class with its share. "held out" calibrates on the rows that the
networks held out in fit, and "other rows" on a fourth of the rest, which fit has not seen. Compared
is the same without class weights: the ratio of the log losses, and how far the mean probability of
the rarest class is from its share, |mean / share
- 1|.
"""

import warnings

import numpy as np

from benchmarks import table_sets
from benchmarks.rare import log_loss
from benchmarks.report import Report
from benchmarks.tables import geometric

MODES, N_SPLITS, MOST_ROWS = ("held out", "other rows"), 2, 5000
TABLES = ["made", "crashes", "email", "churn", "attrition"]
CRASHES = table_sets.Set(
    "classes",
    "r",
    ("DAAG", "nassCDS"),
    "dead",
    ("caseid", "weight", "injSeverity", "deploy"),
    most_rows=MOST_ROWS,
)


def load(name):
    """Return the rows and the classes of a table."""
    if name == "crashes":
        return table_sets.prepared(CRASHES)[:2]
    if name != "made":
        return table_sets.load(name, MOST_ROWS)[:2]
    import pandas as pd

    rng = np.random.default_rng(0)
    X = rng.standard_normal((6000, 4))
    p = 1 / (1 + np.exp(4.5 - X[:, 0] - X[:, 1]))
    return pd.DataFrame(X, columns=list("abcd")), (rng.random(6000) < p).astype(int)


def split(y, seed):
    """Return the rows to train, to calibrate and to test."""
    order = np.random.RandomState(seed).permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    place = np.arange(len(y)) % 20
    return order[place < 9], order[(place >= 9) & (place < 12)], order[place >= 12]


def measured(X, y, seed, mode):
    """Return log loss, error of the mean probability and recall: without and with class weights, before and after."""
    from cmlp import TabularClassifier

    train, other, test = split(y, seed)
    train, given = (
        (train, (X.iloc[other], y[other])) if mode == "other rows" else (np.r_[train, other], ())
    )
    rare, found = np.bincount(y).argmin(), []
    for weight in (None, "balanced"):
        model = TabularClassifier(random_state=seed, n_threads=1, class_weight=weight).fit(
            X.iloc[train], y[train]
        )
        for calibrates in (False, True):
            if calibrates:
                model.calibrate(*given, probabilities=True)
            p = model.predict_proba(X.iloc[test])
            bias = abs(p[:, rare].mean() / (y[test] == rare).mean() - 1)
            recall = (model.predict(X.iloc[test]) == rare)[y[test] == rare].mean()
            found.append([log_loss(p, y[test]), bias, recall])
    return np.array(found)


def run(*, short):
    report, found = Report("weights", short), {}
    n_splits, names = (1, TABLES[:1]) if short else (N_SPLITS, TABLES)
    ways = ["unweighted", "unweighted, calibrated", "balanced", "balanced, calibrated"]
    for name in names:
        X, y = load(name)
        with warnings.catch_warnings(action="ignore"):
            found[name] = {
                mode: np.array([measured(X, y, s, mode) for s in range(n_splits)]) for mode in MODES
            }
        print(name, flush=True)
    rows, each = [], []
    for mode in MODES:
        splits = np.concatenate([one[mode] for one in found.values()])
        for k, way in enumerate(ways):
            ratios = splits[:, k, 0] / splits[:, 1, 0]
            mean = geometric(ratios)
            rows.append(
                [
                    mode,
                    way,
                    *(f"{v:.3f}" for v in (mean, ratios.max(), *splits[:, k, 1:].mean(axis=0))),
                ]
            )
        for name, one in found.items():
            each += [
                [name, mode, way, *(f"{v:.3f}" for v in one[mode].mean(axis=0)[k])]
                for k, way in enumerate(ways)
            ]
    head = [
        "calibrated on",
        "model",
        "log loss: ratio to unweighted, calibrated",
        "worst",
        "error of the mean",
        "recall",
    ]
    report.table(f"{len(found)} tables, {n_splits} splits", head, rows)
    report.table(
        "each table",
        ["table", "calibrated on", "model", "log loss", "error of the mean", "recall"],
        each,
    )
    report.write()
