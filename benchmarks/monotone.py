"""Tables with monotone columns: the error of `monotonic_cst` beside that without it, and what each guarantees.

For each table, `SIGNS` says with which columns the target can only rise or fall. "wrong way" is the
share of held-out rows for which some step of a column, along 21 of its quantiles, moves the answer
the wrong way; scikit-learn's boosting has the same constraints for comparison.
"""

import time
import warnings

import numpy as np

from benchmarks.report import Report
from benchmarks.table_sets import load
from benchmarks.tables import geometric, split

SIGNS = {
    "ames": {
        "Gr_Liv_Area": 1,
        "Year_Built": 1,
        "Garage_Cars": 1,
        "Total_Bsmt_SF": 1,
        "Lot_Area": 1,
    },
    "concrete": {"age": 1, "cement": 1},
    "diamonds": {"carat": 1, "x": 1, "y": 1, "z": 1},
    "car_prices": {"Mileage": -1},
    "Boston": {"rm": 1, "lstat": -1},
    "Auto": {"weight": -1, "horsepower": -1, "year": 1},
    "HousePrices": {"lotsize": 1, "bedrooms": 1, "bathrooms": 1, "garage": 1},
    "Computers": {"speed": 1, "hd": 1, "ram": 1},
    "sacramento": {"sqft": 1},
    "credit": {"Seniority": 1, "Income": 1, "Debt": -1},
}
N_SPLITS, MOST_ROWS, N_JUDGED = 2, 6000, 200


def cmlp(task, X, signs, seed):
    from cmlp import TabularClassifier, TabularRegressor

    kind = TabularClassifier if task == "classes" else TabularRegressor
    return kind(random_state=seed, n_threads=1, monotonic_cst=signs)


def boosting(task, X, signs, seed):
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if task == "classes" else HistGradientBoostingRegressor
    return kind(random_state=seed, monotonic_cst=signs)


def answers(model, task, X):
    return model.predict_proba(X)[:, 1] if task == "classes" else model.predict(X)


def wrong_way(model, task, X, signs):
    """Return the share of rows for which a step of a column moves the answer the wrong way."""
    rows = X.iloc[:N_JUDGED]
    worst = np.zeros(len(rows), bool)
    for name, sign in signs.items():
        steps = np.unique(np.nanquantile(X[name].astype(float), np.linspace(0, 1, 21)))
        along = np.array([answers(model, task, rows.assign(**{name: one})) for one in steps])
        worst |= (np.diff(along, axis=0) * sign < 0).any(axis=0)
    return worst.mean()


def measured(make, X, y, task, signs, seed):
    train, test = split(y, task, seed)
    model = make(task, X, signs, seed)
    start = time.process_time()
    model.fit(X.iloc[train], y[train])
    seconds = time.process_time() - start
    found = answers(model, task, X.iloc[test])
    if task == "classes":
        right = np.where(y[test] == 1, found, 1 - found)
        error = -np.log(np.maximum(right, 1e-7)).mean()
    else:
        error = np.sqrt(np.mean((found - y[test]) ** 2)) / y[train].std()
    return error, seconds, model, X.iloc[test]


def run(*, short):
    report = Report("monotone", short=short)
    rows, ratios = [], {"error": [], "seconds": [], "boosting": []}
    for name, signs in list(SIGNS.items())[: 3 if short else None]:
        X, y, task = load(name)
        if len(y) > MOST_ROWS:
            chosen = np.random.RandomState(0).permutation(len(y))[:MOST_ROWS]
            X, y = X.iloc[chosen].reset_index(drop=True), y[chosen]
        X = X.astype(dict.fromkeys(signs, float))
        for seed in range(1 if short else N_SPLITS):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                free, kept, none, trees = (
                    measured(make, X, y, task, one, seed)
                    for make, one in (
                        (cmlp, None),
                        (cmlp, signs),
                        (boosting, None),
                        (boosting, signs),
                    )
                )
                shares = [wrong_way(one[2], task, one[3], signs) for one in (free, kept, trees)]
            ratios["error"].append(kept[0] / free[0])
            ratios["seconds"].append(kept[1] / free[1])
            ratios["boosting"].append(trees[0] / none[0])
            figures = [kept[0] / free[0], kept[1] / free[1], trees[0] / none[0], *shares]
            rows.append([name, str(seed), f"{free[0]:.4f}", *(f"{one:.3f}" for one in figures)])
    report.table(
        "error (RMSE by spread, or log loss) and seconds of fit: with signs, relative to without",
        ["table", "split", "error without", "error", "seconds", "error of boosting"]
        + ["wrong way without", "with", "boosting with"],
        rows,
    )
    report.note(**{name: round(geometric(values), 3) for name, values in ratios.items()})
    report.write()
