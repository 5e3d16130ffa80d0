"""Ordered classes: `TabularClassifier` with ``ordered=True`` beside the same classes without an order.

Ratings of lectures and films, and prices and strengths in ranks of about equal size. At most 2,800 rows train, and at
least 1,200 test. The ranked probability score is the mean of the squared errors of all cumulative probabilities. The
distance is that of the median of the probabilities, in ranks, and "wrong" the share of the rows whose most probable
class is wrong, for both models; `predict` of ordered classes returns the median. Coverage and size are those of sets
that should cover 0.9.
"""

import warnings
from functools import partial

import numpy as np

from benchmarks.groups import frame_of
from benchmarks.report import Report
from benchmarks.tables import geometric

N_SPLITS, MOST_ROWS, MOST_TRAINED, TESTED, COVERAGE = 3, 4000, 2800, 0.3, 0.9
FEWEST = 20  # rows of a rank; ranks with fewer, at the ends, are one with the next
LEAST = 1e-6  # a probability whose logarithm is computed


def ratings():
    frame = frame_of("lme4", "InstEval")
    return frame.drop(columns="y"), frame["y"]


def films():
    frame = frame_of("dslabs", "movielens")
    return frame[["title", "genres", "year", "timestamp"]], np.ceil(frame["rating"])


def in_ranks(package, name, target, n_ranks):
    import pandas as pd

    frame = frame_of(package, name)
    return frame.drop(columns=target), pd.qcut(frame[target], n_ranks, labels=False)


SETS = {
    "InstEval": ratings,
    "movielens": films,
    "ames": partial(in_ranks, "modeldata", "ames", "Sale_Price", 5),
    "concrete": partial(in_ranks, "modeldata", "concrete", "compressive_strength", 5),
    "diamonds": partial(in_ranks, "ggplot2", "diamonds", "price", 7),
}


def load(name):
    """Return X, whose columns of text are of dtype category, and ranks from 0."""
    import pandas as pd

    X, y = SETS[name]()
    kept = np.sort(np.random.RandomState(0).permutation(len(X))[:MOST_ROWS])
    X, y = X.iloc[kept].reset_index(drop=True), y.iloc[kept].to_numpy()
    codes = ["s", "d", "dept", "service", "lectage", "studage"] if name == "InstEval" else []
    texts = [one for one in X if one in codes or not pd.api.types.is_numeric_dtype(X[one])]
    X[texts] = X[texts].astype(str).where(X[texts].notna(), None).astype("category")
    values, counts = np.unique(y, return_counts=True)
    values = values[counts >= FEWEST]
    return X, np.searchsorted(values, np.clip(y, values[0], values[-1]))


def figures(probabilities, sets, truth):
    """Return ranked probability score, log loss, mean distance, share of errors, coverage and size of sets."""
    n = probabilities.shape[1]
    above = probabilities[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
    score = ((above - (truth[:, None] >= np.arange(1, n))) ** 2).sum(axis=1).mean()
    likely = np.maximum(probabilities, LEAST)
    likely /= likely.sum(axis=1, keepdims=True)
    rows = np.arange(len(truth))
    return [
        score,
        -np.log(likely[rows, truth]).mean(),
        np.abs((above > 0.5).sum(axis=1) - truth).mean(),
        np.mean(probabilities.argmax(axis=1) != truth),
        sets[rows, truth].mean(),
        sets.sum(axis=1).mean(),
    ]


def measured(X, y, seed):
    """Return the figures of both ways."""
    from sklearn.model_selection import train_test_split

    from cmlp import TabularClassifier

    train, test = train_test_split(
        np.arange(len(y)), test_size=TESTED, random_state=seed, stratify=y
    )
    train = train[:MOST_TRAINED]
    found = []
    for ordered in (False, True):
        model = TabularClassifier(ordered=ordered, random_state=seed).fit(X.iloc[train], y[train])
        sets = model.predict_set(X.iloc[test], COVERAGE)
        found.append(figures(model.predict_proba(X.iloc[test]), sets, y[test]))
    return found


def run(*, short):
    report, found = Report("ordered", short), {}
    n_splits, names = (1, ["concrete"]) if short else (N_SPLITS, SETS)
    for name in names:
        X, y = load(name)
        with warnings.catch_warnings(action="ignore"):
            found[name] = np.array([measured(X, y, seed) for seed in range(n_splits)])
        print(name, np.round(found[name].mean(axis=0), 3).tolist(), flush=True)
    each = np.array([one.mean(axis=0) for one in found.values()])  # set, way, quantity
    ratios = each[:, 1] / each[:, 0]
    classes, in_order = each[:, :, 4].mean(axis=0)  # the coverage of sets
    quantities = [
        "ranked probability score",
        "log loss",
        "mean distance of the median",
        "most probable class is wrong",
        "coverage",
        f"size of sets of {COVERAGE} (coverage {in_order:.2f} and {classes:.2f})",
    ]
    rows = [
        [quantity, f"{geometric(ratios[:, k]):.2f}", f"{ratios[:, k].max():.2f}"]
        for k, quantity in enumerate(quantities)
        if quantity != "coverage"
    ]
    report.note(sets=len(found), splits=n_splits)
    report.table("ordered / without an order", ["", "ratio", "largest of a table"], rows)
    rows = [
        [name, way, *(f"{value:.3f}" for value in one[k])]
        for name, one in zip(found, each, strict=True)
        for k, way in enumerate(("classes", "ordered"))
    ]
    report.table("each table", ["table", "way", *quantities], rows)
    report.write()
