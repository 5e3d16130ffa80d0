"""Warnings about rows that are as those of fit, on the tables of `table_sets` and scikit-learn: all of them are false.

``python -m benchmarks.false_alarms`` fits each table on three quarters of its rows with the default
parameters, and predicts the others: at once, 50 at a time, and some one by one, each with a model
that has warned of nothing yet. Then it continues the fit with ``warm_start=True`` for one epoch, on
the same rows, on the others, and on half of each. ``--rows N`` takes at most N rows of each table.
`iris` and other names choose tables. At the end, it prints how many warnings there are of each kind, and the share of
the CPU time of `fit` that the checks of the columns take.

A warning at fit that y does not depend on X, and intervals of numbers outside the training range, can be true, and are
counted apart.
"""

from __future__ import annotations

import argparse
import copy
import sys
import time
import warnings
from collections import Counter

import numpy as np

from benchmarks.table_sets import SETS, frame_and_target, load
from cmlp import TabularClassifier, TabularRegressor
from cmlp._tables import learn_columns, prepared_table

BUNDLED = {"iris": "classes", "wine": "classes", "digits": "classes", "linnerud": "numbers"}
N_SINGLE = 100
FEWEST_HELD_OUT = 16  # rows, of which fit holds some out
# What the messages of each kind contain, and no others do.
KINDS = {
    "no better than a constant": "is not clearly better than a constant",
    "outside of the training range": "outside the range of the training rows",
    "text of numbers or dates": "has text, so its values are categories",
    "whole numbers are dates": "has whole numbers that are probably dates",
    "hardly a value repeats": "hardly repeats a value",
    "counts the rows": "it has different whole numbers with hardly a gap",
    "repeated measurements": "looks like repeated measurements",
    "rows in the order of time": "ascends from row to row",
    "copy of y": "says y exactly",
    "spellings": "differ only by blanks or case",
    "one label in each row": "Each row of y has exactly one 1",
    "labels are floats": "different floats",
    "order of the index": "X's index in another order",
    "unknown labels": "labels that fit did not have",
    "unknown categories": "unknown values",
    "missing values": "In fit there were none, or far fewer",
    "other columns": "did not have in fit, and ignores",
    "other": "",
}
CAN_BE_TRUE = {
    ("fit", "no better than a constant"),
    ("sets or intervals", "outside of the training range"),
}
CHECKS = [
    (prepared_table, "warn_of_inputs"),
    (prepared_table, "warn_of_other_order"),
    (prepared_table, "warn_of_repeated_rows"),
    (prepared_table, "warn_of_ascending_dates"),
    (learn_columns, "warn_of_categories"),
    (learn_columns, "warn_of_numbers"),
]


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
    arguments = parser.parse_args()
    parameters = {} if arguments.networks is None else {"n_estimators": arguments.networks}
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
