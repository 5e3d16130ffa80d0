"""Tables: how often intervals and sets contain the truth, how wide they are, and how well probabilities are calibrated.

"held out" are the scores of `fit`, "calibrated" those of `calibrate` with a fifth of the training rows, which are then
missing in `fit`. Compared are quantile gradient boosting (scikit-learn) and mapie's split conformal prediction. Figures
are means over the tables, of the means over the splits of each. The last table is of small tables of as much noise as
signal, after `fit` alone. Sets of a class of 2 % are measured on ten tables of artificial rows, for all rows together
and by class.
"""

import math
import warnings

import numpy as np

from benchmarks.report import Report
from benchmarks.table_sets import CHOSEN, UNSEEN, load
from benchmarks.tables import cmlp_tables, geometric, split, standard_error

COVERAGES = 0.8, 0.9, 0.95
N_NOISY, N_TABLES = 300, 40  # rows and number of the small tables
N_RARE = 2000  # rows of a table with a rare class, and to calibrate with
N_BINS = 15  # of the calibration error
METHODS = ["held out", "calibrated", "mapie", "boosted quantiles"]
SMALLEST = 1e-7  # probabilities are clipped to it


def fifth(y, task, seed):
    """Return the rows for fit and the calibration rows."""
    from sklearn.model_selection import train_test_split

    stratify = y if task == "classes" else None
    return train_test_split(np.arange(len(y)), test_size=0.2, random_state=seed, stratify=stratify)


def within(intervals, y, spread):
    """Return which targets are inside, and the mean width in standard deviations."""
    inside = (intervals[:, 0] <= y) & (y <= intervals[:, 1])
    return int(inside.sum()), float(np.mean(intervals[:, 1] - intervals[:, 0]) / spread)


def numbers(make, X, y, train, test, seed):
    """Return, for each coverage, the targets inside and the width of each method."""
    inner, calibration = (train[rows] for rows in fifth(y[train], "numbers", seed))
    held_out, model = (make(rows) for rows in (train, inner))
    model.calibrate(X.iloc[calibration], y[calibration])
    found = {}
    for coverage in COVERAGES:
        ours = {"held out": held_out, "calibrated": model}
        intervals = {
            name: one.predict_interval(X.iloc[test], coverage) for name, one in ours.items()
        }
        intervals |= boosted(X, y, (train, inner, calibration, test), coverage, seed)
        found[coverage] = {
            name: within(one, y[test], y[train].std()) for name, one in intervals.items()
        }
    return found


def boosted(X, y, rows, coverage, seed):
    """Return the intervals of boosted quantiles, and of mapie if it is installed."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    train, inner, calibration, test = rows
    ends = []
    for level in ((1 - coverage) / 2, (1 + coverage) / 2):
        model = HistGradientBoostingRegressor(loss="quantile", quantile=level, random_state=seed)
        ends.append(model.fit(X.iloc[train], y[train]).predict(X.iloc[test]))
    found = {"boosted quantiles": np.stack(ends, axis=1)}
    try:
        from mapie.regression import SplitConformalRegressor
    except ImportError:
        return found
    model = HistGradientBoostingRegressor(random_state=seed).fit(X.iloc[inner], y[inner])
    # mapie's trial of a model fails for frames with categories, so the model gets arrays and makes
    # frames of them.
    wrapped = SplitConformalRegressor(Framed(model, X), confidence_level=coverage, prefit=True)
    wrapped.conformalize(calibration[:, None], y[calibration])
    return found | {"mapie": wrapped.predict_interval(test[:, None])[1][:, :, 0]}


class Framed:
    """A fitted regressor that gets the numbers of rows instead of the rows."""

    def __init__(self, model, X):
        self.model, self.X = model, X

    def fit(self, rows, y):
        return self

    def predict(self, rows):
        return self.model.predict(self.X.iloc[np.asarray(rows, int)[:, 0]])

    def __sklearn_is_fitted__(self):
        return True


def calibration_error(p, y):
    """Return the expected calibration error of the most probable class, in bins of equal width (Naeini et al. 2015)."""
    sure, right = p.max(axis=1), p.argmax(axis=1) == y
    bins = np.minimum((sure * N_BINS).astype(int), N_BINS - 1)
    gaps = np.bincount(bins, sure, N_BINS) - np.bincount(bins, right, N_BINS)
    return float(np.abs(gaps).sum() / len(y))


def log_loss(p, y):
    return float(-np.log(np.maximum(p[np.arange(len(y)), y], SMALLEST)).mean())


def tempered(p, temperature):
    """Return probabilities with divided logits (Guo et al. 2017)."""
    logits = np.log(np.maximum(p, SMALLEST)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def temperature_of(p, y):
    """Return the temperature with the smallest log loss."""
    from scipy.optimize import minimize_scalar

    return math.exp(
        minimize_scalar(lambda t: log_loss(tempered(p, math.exp(t)), y), bounds=(-2, 2)).x
    )


def classes(make, X, y, train, test, seed):
    """Return, for each coverage, the classes inside and the mean size of the sets; and calibration of probabilities."""
    inner, calibration = (train[rows] for rows in fifth(y[train], "classes", seed))
    held_out, model = (make(rows) for rows in (train, inner))
    model.calibrate(X.iloc[calibration], y[calibration])
    found = {}
    for coverage in COVERAGES:
        sets = {
            name: one.predict_set(X.iloc[test], coverage)
            for name, one in (("held out", held_out), ("calibrated", model))
        }
        of = {
            name: np.searchsorted(one.classes_, y[test])
            for name, one in (("held out", held_out), ("calibrated", model))
        }
        found[coverage] = {
            name: (int(one[np.arange(len(test)), of[name]].sum()), float(one.sum(axis=1).mean()))
            for name, one in sets.items()
        }
    p, before = model.predict_proba(X.iloc[calibration]), model.predict_proba(X.iloc[test])
    after = tempered(before, temperature_of(p, y[calibration]))
    return found | {
        "probabilities": [
            f(one, y[test]) for f in (log_loss, calibration_error) for one in (before, after)
        ]
    }


def measured(make, X, y, task, rows, seed):
    """Return what `numbers` or `classes` measures, with the number of test rows."""
    train, test = rows
    kind = classes if task == "classes" else numbers
    return {
        **kind(
            lambda chosen: make(task, X, seed)[0].fit(X.iloc[chosen], y[chosen]),
            X,
            y,
            train,
            test,
            seed,
        ),
        "n_test": len(test),
        "n_apart": len(train) - int(0.8 * len(train)),
    }


def outside(inside, n_test, n_scores, coverage):
    """Return whether a count is outside the central 99 % of its beta-binomial distribution."""
    from scipy.stats import betabinom

    k = math.ceil((n_scores + 1) * coverage)
    low, high = betabinom.interval(0.99, n_test, k, n_scores + 1 - k)
    return not low <= inside <= high


def summary(found):
    """Return the rows of the tables: coverage and width of each method, then each exception."""
    rows, exceptions = [], []
    for task in ("width", "size of set"):
        of_task = {
            key: one for key, one in found.items() if ("probabilities" in one) == (task != "width")
        }
        for coverage in COVERAGES:
            for name in next(iter(of_task.values()), {coverage: {}})[coverage]:
                shares = of_tables(
                    {key: one[coverage][name][0] / one["n_test"] for key, one in of_task.items()}
                )
                widths = of_tables({key: one[coverage][name][1] for key, one in of_task.items()})
                error = shares.std(ddof=1) / math.sqrt(len(shares)) if len(shares) > 1 else math.nan
                rows.append(
                    [
                        task,
                        coverage,
                        name,
                        shares.mean(),
                        error,
                        float(widths[np.isfinite(widths)].mean()),
                    ]
                )
            for key, one in of_task.items():
                inside = one[coverage]["calibrated"][0]
                if outside(inside, one["n_test"], one["n_apart"], coverage):
                    exceptions.append([*key, task, coverage, inside / one["n_test"]])
    return rows, exceptions


def of_tables(values):
    """Return the mean over the splits of each table from a dict (table, split) -> values."""
    tables = dict.fromkeys(table for table, _ in values)
    return np.array(
        [
            np.mean([one for (name, _), one in values.items() if name == table], axis=0)
            for table in tables
        ]
    )


def ratios(found):
    """Return rows: mean ratios over the tables, their standard errors, and on how many tables they are below 1."""
    pairs = {}
    for coverage in COVERAGES:
        for above, below in (("held out", "calibrated"), ("calibrated", "mapie")):
            widths = {key: one[coverage] for key, one in found.items() if below in one[coverage]}
            pairs[f"width for {coverage}: {above} / {below}"] = {
                key: one[above][1] / one[below][1]
                for key, one in widths.items()
                if "probabilities" not in found[key]
            }
    probabilities = {
        key: one["probabilities"] for key, one in found.items() if "probabilities" in one
    }
    pairs["log loss: with a temperature / without"] = {
        key: one[1] / one[0] for key, one in probabilities.items()
    }
    rows = []
    for name, values in pairs.items():
        each = of_tables(values)
        if len(each) > 1:
            below = f"{(each < 1).sum()} of {len(each)}"
            rows.append([name, geometric(each), standard_error(each), below])
    return rows


def add_to(report, found):
    """Add the tables to a report."""
    rows, exceptions = summary(found)
    title = f"{len(dict.fromkeys(table for table, _ in found))} tables"
    head = ["", "asked for", "method", "coverage", "standard error", "mean width"]
    report.table(f"{title}: coverage", head, rows)
    report.table("coverage", ["asked for", *METHODS], by_method(rows))
    names = ["table", "split", "", "asked for", "found"]
    report.table(f"{title}: outside the 99 % of the beta-binomial", names, exceptions)
    report.table(
        f"{title}: geometric means", ["", "ratio", "standard error", "below 1"], ratios(found)
    )
    values = {key: one["probabilities"] for key, one in found.items() if "probabilities" in one}
    if values:
        names = ["log loss", "with a temperature", "calibration error", "with a temperature"]
        report.table(f"{title}: probabilities", names, [of_tables(values).mean(axis=0).tolist()])


def by_method(rows):
    """Return rows of `summary` with the methods as columns."""
    found = {}
    for task, coverage, method, share, error, width in rows:
        cells = found.setdefault((task, coverage), dict.fromkeys(METHODS, ""))
        classes = " classes" if task != "width" else ""
        cells[method] = f"{share:.3f} ± {error:.3f}, {width:.2f}{classes}"
    kinds = {"width": "intervals", "size of set": "sets"}
    return [[f"{kinds[task]}, {one}", *cells.values()] for (task, one), cells in found.items()]


def of_noise(n_tables):
    """Return a row for each coverage: the mean share of new rows inside after `fit` alone, and its standard error."""
    from cmlp import TabularRegressor

    shares = []
    for seed in range(n_tables):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((N_NOISY + 5000, 5))
        y = X[:, 0] + rng.standard_normal(len(X))
        model = TabularRegressor(random_state=seed, n_threads=1).fit(X[:N_NOISY], y[:N_NOISY])
        intervals = [model.predict_interval(X[N_NOISY:], coverage) for coverage in COVERAGES]
        shares.append([within(one, y[N_NOISY:], 1.0)[0] / 5000 for one in intervals])
    errors = np.std(shares, axis=0, ddof=1) / math.sqrt(n_tables)
    return [list(row) for row in zip(COVERAGES, np.mean(shares, axis=0), errors, strict=True)]


def with_rare_class(n, rng):
    """Return rows, and classes of which two are frequent and one has 2 %."""
    X = rng.standard_normal((n, 5))
    frequent = np.where(X[:, 0] + 0.5 * rng.standard_normal(n) > 0, "b", "a")
    chance = 0.02 * np.exp(X[:, 1] - 0.5)  # 2 % on average
    return X, np.where(rng.random(n) < chance, "rare", frequent)


def of_rare_class(n_tables):
    """Return rows: coverage of all rows, of the rare class and in how many tables it is 0, and the size of sets."""
    from cmlp import TabularClassifier

    found = {}
    for seed in range(n_tables):
        rng = np.random.default_rng(seed)
        X, y = with_rare_class(N_RARE, rng)
        X_test, y_test = with_rare_class(20_000, rng)
        model = TabularClassifier(random_state=seed, n_threads=1).fit(X, y)
        truth = np.searchsorted(model.classes_, y_test)
        for rows in ("held out", "calibrated"):
            if rows == "calibrated":
                model.calibrate(*with_rare_class(N_RARE, rng))
            for by_class in (False, True):
                sets = model.predict_set(X_test, by_class=by_class)
                inside = sets[np.arange(len(truth)), truth]
                numbers = [inside.mean(), inside[y_test == "rare"].mean(), sets.sum(axis=1).mean()]
                found.setdefault((rows, by_class), []).append(numbers)
    table = []
    for (rows, by_class), numbers in found.items():
        of_all, rare, size = np.transpose(numbers)
        n_none = f"{np.count_nonzero(rare < 0.005)} of {n_tables}"
        name = f"{rows}, `by_class=True`" if by_class else rows
        means = [f"{one.mean():.2f}" for one in (of_all, rare)]
        table.append([name, *means, n_none, f"{size.mean():.2f}"])
    return table


def add_rare_class(report, n_tables):
    """Add the table of a rare class to a report."""
    head = ["sets of 0.9", "all rows", "rows of the rare class", "none of them", "classes in a set"]
    with warnings.catch_warnings(action="ignore"):
        report.table("a class of 2 %", head, of_rare_class(n_tables))


def run(*, short):
    report, found = Report("coverage", short), {}
    for name in ["car_prices", "penguins"] if short else [*UNSEEN, *CHOSEN]:
        X, y, task = load(name)
        for seed in range(1 if short else 3):
            with warnings.catch_warnings(action="ignore"):
                found[name, seed] = measured(cmlp_tables, X, y, task, split(y, task, seed), seed)
        print(name, flush=True)
    add_to(report, found)
    rows = of_noise(2 if short else N_TABLES)
    report.table(
        f"held-out rows of {N_NOISY} rows of noise",
        ["asked for", "coverage", "standard error"],
        rows,
    )
    add_rare_class(report, 1 if short else N_TABLES // 4)
    report.write()
