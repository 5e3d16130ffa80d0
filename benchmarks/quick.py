"""What a quick setting of the estimators for tables costs in error, and saves in CPU seconds, relative to the defaults.

The tables are the held-out and the development sets of `tables`, at most 3,000 rows, two splits. LightGBM with its
defaults is beside them. The ratio of a table is the geometric mean over its splits.
"""

import statistics
import warnings

from benchmarks.report import Report
from benchmarks.table_sets import CHOSEN, UNSEEN, load
from benchmarks.tables import cmlp_tables, geometric, lightgbm, measured, two_digits

MOST_ROWS, N_SPLITS = 3000, 2
DEFAULTS = "defaults"
SETTINGS = {
    DEFAULTS: {},
    "`n_estimators=1`": {"n_estimators": 1},
    "`n_estimators=1, n_epochs=20`": {"n_estimators": 1, "n_epochs": 20},
    "`n_estimators=1, n_epochs=10`": {"n_estimators": 1, "n_epochs": 10},
}


def with_setting(parameters):
    """Return a method of `tables`: the estimators with some parameters."""

    def method(task, X, seed):
        model, X = cmlp_tables(task, X, seed)
        return model.set_params(**parameters), X

    return method


def run(*, short):
    report = Report("quick", short)
    methods = {name: with_setting(parameters) for name, parameters in SETTINGS.items()}
    methods["LightGBM"] = lightgbm
    names = [*CHOSEN, *UNSEEN]
    found = {}
    for name in names[:1] if short else names:
        X, y, task = load(name, MOST_ROWS)
        with warnings.catch_warnings(action="ignore"):
            found[name] = [
                {key: measured(make, X, y, task, seed) for key, make in methods.items()}
                for seed in range(1 if short else N_SPLITS)
            ]
        print(name, {key: f"{one['error']:.4f}" for key, one in found[name][0].items()}, flush=True)
    rows = []
    for key in methods:
        errors, losses, seconds = (
            [
                geometric(
                    [(one[key][what] + added) / (one[DEFAULTS][what] + added) for one in each]
                )
                for each in found.values()
                if each[0][key][what] is not None
            ]
            for what, added in (("error", 1e-3), ("log_loss", 0), ("fit", 0))
        )
        figures = (
            statistics.median(errors),
            geometric(errors),
            max(errors),
            geometric(losses),
            geometric(seconds),
        )
        rows.append([key, *map(two_digits, figures)])
    columns = ["error: median of the tables", "geometric mean", "largest", "log loss", "CPU of fit"]
    report.table("quick settings", [f"{len(found)} tables", *columns], rows)
    report.write()
