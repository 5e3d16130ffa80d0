"""A rare class, and calibrated probabilities, of `TabularClassifier` on tables from packages, over several splits.

Half of the rows train, a quarter calibrates and chooses thresholds, a quarter tests. "Held out" are the rows that the
networks held out in fit, instead of the second part.
"""

import numpy as np

from benchmarks import table_sets
from benchmarks.report import Report

RARE = ["lending_club", "Caravan", "Default"]
SEVERAL = ["contraceptive", "vehicle", "phoneme"]
N_SPLITS = 3
N_BINS = 15
RECALL, COSTS = 0.7, (1, 10)


def log_loss(p, y):
    """Return the mean log loss."""
    return -np.log(np.maximum(p[np.arange(len(y)), y], 1e-12)).mean()


def calibration_error(p, y):
    """Return the expected calibration error of the most probable class."""
    best, right = p.max(axis=1), p.argmax(axis=1) == y
    bins = np.minimum((best * N_BINS).astype(int), N_BINS - 1)
    return sum(abs((best - right)[bins == k].sum()) for k in range(N_BINS)) / len(y)


def split(y, seed):
    """Return the rows of the three parts, each with the classes in their proportions."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    place = np.arange(len(y)) % 4
    return order[place < 2], order[place == 2], order[place == 3]


def found(predicted, y, rare):
    """Return how many rows of the rare class there are and are found, the recall and the precision."""
    right, marked = ((predicted == rare) & (y == rare)).sum(), (predicted == rare).sum()
    return right, (y == rare).sum(), right / (y == rare).sum(), right / max(marked, 1)


def of_rare_class(name, seed):
    """Return for each way to find the rare class, which becomes class 1, the result of `found`."""
    from cmlp import TabularClassifier

    X, y, _ = table_sets.load(name, table_sets.MAX_ROWS)
    y = (y == np.bincount(y).argmin()).astype(int)
    train, other, test = split(y, seed)
    model = TabularClassifier(random_state=seed).fit(X.iloc[train], y[train])
    balanced = TabularClassifier(random_state=seed, class_weight="balanced").fit(
        X.iloc[train], y[train]
    )
    rows, results = (X.iloc[other], y[other]), {}
    results["default"] = found(model.predict(X.iloc[test]), y[test], 1)
    results['class_weight="balanced"'] = found(balanced.predict(X.iloc[test]), y[test], 1)
    for title, given in (("held out", ()), ("other rows", rows)):
        model.choose_threshold(*given, recall=RECALL)
        results[f"recall={RECALL}, {title}"] = found(model.predict(X.iloc[test]), y[test], 1)
    model.choose_threshold(*rows, costs=COSTS)
    results[f"costs={COSTS}"] = found(model.predict(X.iloc[test]), y[test], 1)
    return results


def of_probabilities(name, seed):
    """Return log loss, calibration error, and the mean probability of the rarest class beside its share."""
    from cmlp import TabularClassifier

    X, y, _ = table_sets.load(name, table_sets.MAX_ROWS)
    train, other, test = split(y, seed)
    rare = np.bincount(y).argmin()
    model = TabularClassifier(random_state=seed).fit(X.iloc[train], y[train])
    results = {}
    for title, given in (
        ("as fitted", None),
        ("held out", ()),
        ("other rows", (X.iloc[other], y[other])),
    ):
        if given is not None:
            model.calibrate(*given, probabilities=True)
        p = model.predict_proba(X.iloc[test])
        mean = p[:, rare].mean() / (y[test] == rare).mean()
        results[title] = log_loss(p, y[test]), calibration_error(p, y[test]), mean
    return results


def run(*, short):
    report = Report("rare", short)
    n_splits, first = (1, 1) if short else (N_SPLITS, None)
    rows = []
    for name in RARE[:first]:
        results = [of_rare_class(name, seed) for seed in range(n_splits)]
        for way in results[0]:
            values = np.array([one[way] for one in results])
            n_right, n = values[:, :2].sum(axis=0).astype(int)
            rows.append(
                [
                    name,
                    way,
                    f"{n_right} of {n}",
                    *(f"{value:.2f}" for value in values[:, 2:].mean(axis=0)),
                ]
            )
    report.table(
        f"rare class, {n_splits} splits", ["table", "predict", "found", "recall", "precision"], rows
    )
    rows = []
    for name in (RARE + SEVERAL)[:first]:
        results = [of_probabilities(name, seed) for seed in range(n_splits)]
        for way in results[0]:
            loss, error, mean = np.mean([one[way] for one in results], axis=0)
            rows.append([name, way, f"{loss:.4f}", f"{error:.4f}", f"{mean:.2f}"])
    head = ["table", "probabilities", "log loss", "calibration error", "rarest class: mean / share"]
    report.table(f"probabilities, {n_splits} splits", head, rows)
    report.write()
