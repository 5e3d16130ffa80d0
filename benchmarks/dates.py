"""What the parts of dates add: time of day, weekday and day of the year.

``python -m benchmarks.dates`` fits tables with and without `date_parts`: hours and days whose target depends on the
parts, with a random quarter or the last quarter of the rows for the test, and tables of scikit-learn with a column of
random dates, which mean nothing. It prints R^2 of numbers and the log loss of classes, and in how many splits the parts
were better.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.metrics import log_loss

from cmlp import TabularClassifier, TabularRegressor


def traffic(n_days, seed, *, season):
    """Return hours, and cars in each of them: two peaks on workdays, and with `season` more of them in summer."""
    time = pd.date_range("2024-01-01", periods=24 * n_days, freq="h")
    hour = time.hour.to_numpy()
    peaks = 60 * np.exp(-((hour - 8) ** 2) / 4) + 80 * np.exp(-((hour - 17) ** 2) / 6)
    cars = 10 + np.where(time.day_of_week < 5, peaks, 50 * np.exp(-((hour - 14) ** 2) / 12))
    cars *= 1 + season * 0.3 * np.sin(2 * np.pi * (time.day_of_year - 100) / 365)
    return pd.DataFrame({"time": time}), cars + np.random.default_rng(seed).normal(0, 4, len(time))


def sales(seed):
    """Return 1,500 days, and sales with a weekend, a season and a trend."""
    day = pd.date_range("2019-01-01", periods=1500)
    season = 8 * np.sin(2 * np.pi * day.day_of_year / 365)
    signal = 20 + 10 * (day.day_of_week >= 5) + season + 0.005 * np.arange(len(day))
    return pd.DataFrame({"day": day}), signal.to_numpy() + np.random.default_rng(seed).normal(0, 2, len(day))


def with_random_dates(load, seed):
    """Return a table with a column of random minutes of three years."""
    X, y = load(return_X_y=True, as_frame=True)
    minutes = np.random.default_rng(seed).integers(0, 3 * 365 * 24 * 60, len(X))
    return X.assign(when=pd.Timestamp("2021-01-01") + pd.to_timedelta(minutes, unit="min")), y.to_numpy()


def score(X, y, train, test, seed, *, date_parts):
    """Return R^2, or minus the log loss, on the rows for the test."""
    is_number = y.dtype.kind == "f" and len(np.unique(y)) > 10
    model = (TabularRegressor if is_number else TabularClassifier)(date_parts=date_parts, random_state=seed)
    model.fit(X.iloc[train], y[train])
    if is_number:
        return model.score(X.iloc[test], y[test])
    return -log_loss(y[test], model.predict_proba(X.iloc[test]), labels=model.classes_)


def main():
    """Print a line for each table and split."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=4, help="number of splits (default: 4)")
    n_seeds = parser.parse_args().seeds
    tables = {
        "traffic, 120 days": lambda seed: traffic(120, seed, season=False),
        "traffic, 2 years": lambda seed: traffic(730, seed, season=True),
        "sales, 1,500 days": sales,
        "diabetes, random dates": lambda seed: with_random_dates(load_diabetes, seed),
        "wine, random dates": lambda seed: with_random_dates(load_wine, seed),
        "breast cancer, random dates": lambda seed: with_random_dates(load_breast_cancer, seed),
    }
    print(f"{'table':28} {'split':7} {'without':>8} {'with':>8}  better")
    for name, table in tables.items():
        for by_time in (False, True) if "random" not in name else (False,):
            found = []
            for seed in range(n_seeds):
                X, y = table(seed)
                order = np.arange(len(y)) if by_time else np.random.default_rng(seed).permutation(len(y))
                train, test = np.split(order, [len(y) * 3 // 4])
                with warnings.catch_warnings(action="ignore"):  # of useless models
                    found.append([score(X, y, train, test, seed, date_parts=parts) for parts in (False, True)])
            without, parts = np.transpose(found)
            split = "time" if by_time else "random"
            better = f"{(parts > without).sum()} of {n_seeds}"
            print(f"{name:28} {split:7} {without.mean():8.3f} {parts.mean():8.3f}  {better}", flush=True)


if __name__ == "__main__":
    main()
