"""Tables: error, log loss and CPU seconds of the estimators for tables, next to boosted trees and linear models.

Every method has its defaults. Development and held-out data sets are reported separately. The environment variable
CMLP_TABLES names sets or groups of them (unseen, others, own, own-chose, chosen, edges), separated by commas; by
default "unseen,chosen".
"""

import logging
import os
import time
import warnings
from importlib.metadata import version

import numpy as np

from benchmarks.critical_difference import diagram, mean_ranks
from benchmarks.report import Report
from benchmarks.table_sets import (
    CHOSEN,
    EDGES,
    LISTED_TO_CHOOSE,
    LISTED_TO_SHOW,
    OTHERS,
    UNSEEN,
    load,
)

OURS, BASE = "cmlp tables", "CatBoost"
GROUPS = {
    "unseen": ("held-out data sets", UNSEEN),
    "others": ("tables that nobody chose", OTHERS),
    "own": ("tables of a list, which chose nothing", LISTED_TO_SHOW),
    "own-chose": ("tables of the list, which may choose", LISTED_TO_CHOOSE),
    "chosen": ("development data sets", CHOSEN),
    "edges": ("further sets on which the edges of the bins were chosen", EDGES),
}
SMALLEST = 1e-7  # probabilities are clipped to it


def texts(X):
    """Return a frame whose categories are text, for CatBoost: missing ones have a name."""
    X = X.copy()
    for name in categories(X):
        X[name] = X[name].astype(object).fillna("missing").astype(str)
    return X


def categories(X):
    return [name for name in X.columns if X[name].dtype == "category"]


def prepared(X, *, model):
    """Return a pipeline for a method that takes numbers only."""
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    names = categories(X)
    numbers = [name for name in X.columns if name not in names]
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), names),
    )
    return make_pipeline(columns, model)


def without_missing_numbers(X, *, model):
    """Return a pipeline for a method that takes categories as they are, but no missing numbers."""
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline

    numbers = [name for name in X.columns if X[name].dtype != "category"]
    imputer = make_column_transformer(
        (SimpleImputer(strategy="median"), numbers),
        remainder="passthrough",
        verbose_feature_names_out=False,
    )
    return make_pipeline(imputer.set_output(transform="pandas"), model)


def cmlp_tables(task, X, seed):
    from cmlp import TabularClassifier, TabularRegressor

    return (TabularClassifier if task == "classes" else TabularRegressor)(
        random_state=seed, n_threads=1
    ), X


def cmlp_mlp(task, X, seed):
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.preprocessing import StandardScaler

    from cmlp import MLPClassifier, MLPRegressor

    if task == "classes":
        return prepared(X, model=MLPClassifier(random_state=seed, n_threads=1)), X
    model = TransformedTargetRegressor(
        MLPRegressor(random_state=seed, n_threads=1), transformer=StandardScaler()
    )
    return prepared(X, model=model), X


def linear(task, X, seed):
    from sklearn.linear_model import LogisticRegression, RidgeCV

    return prepared(
        X, model=LogisticRegression(max_iter=1000) if task == "classes" else RidgeCV()
    ), X


def hist_gradient_boosting(task, X, seed):
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if task == "classes" else HistGradientBoostingRegressor
    return kind(random_state=seed), X


def lightgbm(task, X, seed):
    from lightgbm import LGBMClassifier, LGBMRegressor

    kind = LGBMClassifier if task == "classes" else LGBMRegressor
    return kind(random_state=seed, n_jobs=1, verbose=-1), X


def xgboost(task, X, seed):
    from xgboost import XGBClassifier, XGBRegressor

    kind = XGBClassifier if task == "classes" else XGBRegressor
    return kind(random_state=seed, n_jobs=1, enable_categorical=True), X


def catboost(task, X, seed):
    from catboost import CatBoostClassifier, CatBoostRegressor

    kind = CatBoostClassifier if task == "classes" else CatBoostRegressor
    options = {
        "cat_features": categories(X),
        "thread_count": 1,
        "verbose": False,
        "allow_writing_files": False,
    }
    return kind(random_seed=seed, **options), texts(X)


def realmlp(task, X, seed):
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)  # it would report every fit
    kind = RealMLP_TD_Classifier if task == "classes" else RealMLP_TD_Regressor
    return without_missing_numbers(X, model=kind(random_state=seed, n_threads=1, device="cpu")), X


METHODS = {
    OURS: cmlp_tables,
    BASE: catboost,
    "LightGBM": lightgbm,
    "XGBoost": xgboost,
    "HistGradientBoosting": hist_gradient_boosting,
    "RealMLP": realmlp,
    "cmlp MLP in a pipeline": cmlp_mlp,
    "logistic or ridge": linear,
}
PACKAGES = {BASE: "catboost", "LightGBM": "lightgbm", "XGBoost": "xgboost", "RealMLP": "pytabkit"}
IN_WORDS = {
    OURS: "`TabularClassifier`, `TabularRegressor`",
    "cmlp MLP in a pipeline": "`MLPClassifier`, `MLPRegressor` in a pipeline",
    "logistic or ridge": "logistic regression, ridge",
}


def split(y, task, seed):
    """Return the training and the test rows; a quarter of the rows is for testing."""
    from sklearn.model_selection import train_test_split

    return train_test_split(
        np.arange(len(y)),
        test_size=0.25,
        random_state=seed,
        stratify=y if task == "classes" else None,
    )


def measured(method, X, y, task, seed):
    """Return error, log loss (or None), and CPU seconds of fit and predict of one method on one split."""
    from threadpoolctl import threadpool_limits

    train, test = split(y, task, seed)
    model, X = method(task, X, seed)
    with threadpool_limits(1):  # threads that wait for others would count as CPU seconds
        start = time.process_time()
        model.fit(X.iloc[train], y[train])
        fitted = time.process_time()
        found = (
            model.predict_proba(X.iloc[test]) if task == "classes" else model.predict(X.iloc[test])
        )
        end = time.process_time()
    return {
        **judged(found, y[train], y[test], task),
        "fit": fitted - start,
        "predict": end - fitted,
    }


def judged(found, y_train, y, task):
    """Return error and log loss (or None) of probabilities or numbers."""
    if task == "numbers":
        return {
            "error": float(np.sqrt(np.mean((found - y) ** 2)) / y_train.std()),
            "log_loss": None,
        }
    right = found[np.arange(len(y)), y]
    return {
        "error": float(np.mean(found.argmax(axis=1) != y)),
        "log_loss": float(-np.log(np.maximum(right, SMALLEST)).mean()),
    }


def results_of(names, methods, n_splits):
    """Return a dict (set, split) -> method -> measured values."""
    found = {}
    for name in names:
        X, y, task = load(name)
        for seed in range(n_splits):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found[name, seed] = {
                    key: measured(make, X, y, task, seed) for key, make in methods.items()
                }
            errors = ", ".join(
                f"{key} {values['error']:.4f}" for key, values in found[name, seed].items()
            )
            print(f"{name}, split {seed}: {errors}", flush=True)
    return found


def geometric(ratios):
    return float(np.exp(np.mean(np.log(ratios)))) if len(ratios) else None


def standard_error(ratios):
    """Return the standard error of their geometric mean."""
    return float(geometric(ratios) * np.std(np.log(ratios), ddof=1) / np.sqrt(len(ratios)))


def summary(found, methods):
    """Return a row for each method, the best first: mean rank; error, log loss and CPU seconds relative to CatBoost."""
    names = list(methods)
    ranks = mean_ranks(mean_errors(found, names))
    rows = []
    for name, rank in sorted(zip(names, ranks, strict=True), key=lambda one: one[1]):
        pairs = [(one[name], one[BASE]) for one in found.values()] if BASE in methods else []
        error = geometric([(a["error"] + 1e-3) / (b["error"] + 1e-3) for a, b in pairs])
        loss = geometric(
            [a["log_loss"] / b["log_loss"] for a, b in pairs if a["log_loss"] is not None]
        )
        seconds = (
            sum(a["fit"] for a, _ in pairs) / sum(b["fit"] for _, b in pairs) if pairs else None
        )
        rows.append([with_version(name), f"{rank:.2f}", *map(two_digits, (error, loss, seconds))])
    return rows


def two_digits(value):
    """Return a ratio as text of two digits behind the point, below 0.1 of two that are not zeros."""
    return value if value is None else f"{value:.2f}" if value >= 0.095 else f"{value:.2g}"


def with_version(name):
    """Return how documents call a method: in the words of a user, with the version of its package."""
    package = PACKAGES.get(name)
    if not package:
        return IN_WORDS.get(name, name)
    major, minor, *_ = version(package).split(".")
    return (
        f"{name} {major}.{minor}"
        if package == name.lower()
        else f"{name} ({package} {major}.{minor})"
    )


def normalized(found, names):
    """Return a row for each method: error from 0 (best) to 1 (worst), CPU seconds of fit and predict."""
    errors = np.array([[one[name]["error"] for name in names] for one in found.values()])
    best, worst = errors.min(axis=1, keepdims=True), errors.max(axis=1, keepdims=True)
    means = ((errors - best) / np.maximum(worst - best, 1e-12)).mean(axis=0)
    seconds = [
        [sum(one[name][key] for one in found.values()) for key in ("fit", "predict")]
        for name in names
    ]
    return [[name, mean, *both] for name, mean, both in zip(names, means, seconds, strict=True)]


def each_table(found, names):
    """Return a row for each table: the error of each method, mean and standard deviation of the splits."""
    rows = []
    for table in dict.fromkeys(name for name, _ in found):
        errors = np.array(
            [
                [one[key]["error"] for key in names]
                for (name, _), one in found.items()
                if name == table
            ]
        )
        cells = zip(errors.mean(axis=0), errors.std(axis=0), strict=True)
        rows.append([table, *(f"{mean:.3f} ± {spread:.3f}" for mean, spread in cells)])
    return rows


def mean_errors(found, names):
    """Return a row for each table: the mean error of each method over the splits."""
    return [
        [
            np.mean([one[key]["error"] for (name, _), one in found.items() if name == table])
            for key in names
        ]
        for table in dict.fromkeys(name for name, _ in found)
    ]


def draw(found, names, path):
    """Write the critical-difference diagram of the mean errors of each table."""
    errors = mean_errors(found, names)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(diagram(names, errors), encoding="utf-8")
    print(f"written to {path}")


def wanted_sets(default):
    """Return the names of the sets in each group that CMLP_TABLES names."""
    wanted = os.environ.get("CMLP_TABLES", default).split(",")
    return {
        group: [name for name in sets if name in wanted or group in wanted]
        for group, (_, sets) in GROUPS.items()
    }


def available():
    """Return the methods whose packages are installed."""
    found = {}
    for name, make in METHODS.items():
        try:
            if name in PACKAGES:
                __import__(PACKAGES[name])
            found[name] = make
        except ImportError as error:
            print(f"{name}: not installed ({error.name})")
    return found


def run(*, short):
    report, methods, n_splits = Report("tables", short), available(), 1 if short else 3
    quantities = ["error", "log loss", "CPU seconds of fit"]
    ratios = [f"{quantity}: ratio to {BASE}" for quantity in quantities]
    for group, names in wanted_sets("unseen,chosen").items():
        title, sets = GROUPS[group]
        if len(names) < len(sets):  # the result of all of them is kept
            title = ", ".join(names)
        found = results_of(names[:1] if short else names, methods, n_splits)
        if found:
            first = f"{len(found) // n_splits} {title}"
            report.table(title, [first, "mean rank", *ratios], summary(found, methods))
            head = ["", "normalized error", "fit, CPU s", "predict, CPU s"]
            report.table(f"{title}: in all", head, normalized(found, list(methods)))
            report.table(
                f"{title}: error of each", ["", *methods], each_table(found, list(methods))
            )
            report.content[group] = [
                {"table": name, "split": seed, **one} for (name, seed), one in found.items()
            ]
            draw(found, list(methods), report.path.with_name(f"tables-{group}.svg"))
    report.write()
