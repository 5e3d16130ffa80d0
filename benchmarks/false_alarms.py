"""Warnings about rows that are as those of fit, on the tables of `table_sets` and scikit-learn: all of them are false.

``python -m benchmarks.false_alarms`` fits each table on three quarters of its rows with the default
parameters, and predicts the others: at once, 50 at a time, and some one by one, each with a model
that has warned of nothing yet. Then it continues the fit with ``warm_start=True`` for one epoch, on
the same rows, on the others, and on half of each. ``--rows N`` takes at most N rows of each table.
`iris` and other names choose tables.

A warning at fit that y does not depend on X, and intervals of numbers outside the training range, are not counted.
"""

from __future__ import annotations

import argparse
import copy
import sys
import time
import warnings

import numpy as np

from benchmarks.table_sets import SETS, load
from cmlp import TabularClassifier, TabularRegressor
from cmlp.exceptions import UselessModelWarning

BUNDLED = {"iris": "classes", "wine": "classes", "digits": "classes", "linnerud": "numbers"}
N_SINGLE = 100
FEWEST_HELD_OUT = 16  # rows, of which fit holds some out


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
    return [(one.category, str(one.message)) for one in caught]


def alarms(name, most_rows, parameters):
    """Return the false alarms of a table as (where, message)."""
    X, y, task = bundled(name) if name in BUNDLED else load(name, most_rows)
    order = np.random.RandomState(0).permutation(len(X))[:most_rows]
    part = len(order) * 3 // 4
    (X, y), (X_new, y_new) = ((X.iloc[rows], y[rows]) for rows in (order[:part], order[part:]))
    kind = TabularClassifier if task == "classes" else TabularRegressor
    model = kind(random_state=0, **parameters)
    first = heard(model.fit, X, y)
    is_useless = any(category is UselessModelWarning for category, _ in first)
    found = [("fit", text) for category, text in first if category is not UselessModelWarning]
    ends = range(0, len(X_new), 50)
    calls = {
        "rows of fit": lambda model: model.predict(X),
        "at once": lambda model: model.predict(X_new),
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
        found += [
            (where, text) for _, text in heard(call, *arguments) if "outside the range" not in text
        ]
    half = np.arange(len(X_new)) % 2 == 0
    import pandas as pd

    both = pd.concat([X[: half.sum()], X_new[half]]), np.concatenate([y[: half.sum()], y_new[half]])
    for where, rows in {"warm": (X, y), "warm, others": (X_new, y_new), "warm, both": both}.items():
        again = copy.deepcopy(model).set_params(warm_start=True, n_epochs=1)
        if task == "classes" and len(np.unique(rows[1])) < len(again.classes_):
            continue
        for category, text in heard(again.fit, *rows):
            if not (is_useless and category is UselessModelWarning):
                found.append((where, text))
    return len(order), found


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
    n_tables = n_alarms = 0
    for name in arguments.tables or [*BUNDLED, *SETS]:
        start = time.perf_counter()
        try:
            n_rows, found = alarms(name, arguments.rows, parameters)
        except ImportError as error:
            print(f"{name}: {error}", file=sys.stderr)
            continue
        n_tables, n_alarms = n_tables + 1, n_alarms + len(found)
        print(
            f"{name:<16}{n_rows:>7} rows {time.perf_counter() - start:>6.1f} s {len(found):>3}",
            flush=True,
        )
        for where, text in found:
            print(f"    {where}: {text}", flush=True)
    print(f"{n_alarms} warnings in {n_tables} tables")


if __name__ == "__main__":
    main()
