"""Tables with a column of times before and after 1970, of which some are missing, and estimators of them."""

from datetime import datetime, timedelta

import numpy as np

from cmlp import TabularRegressor

N = 1500
FAST = {"n_estimators": 3, "hidden_layer_sizes": (6,), "max_time": 1e-9, "random_state": 0}


def rows_with_dates(n=N, every=57, first=datetime(1965, 3, 1, 0, 30)):
    """Return rows of a time, a number and a category; every seventh time is missing."""
    random = np.random.RandomState(1)
    times = [first + timedelta(hours=every * i) for i in range(n)]
    return [
        [None if i % 7 == 3 else time, float(random.standard_normal()), "abc"[i % 3]]
        for i, time in enumerate(times)
    ]


def target_of(rows):
    """Return a target that depends on hour, weekday and season."""
    times = [time or datetime(1970, 1, 1) for time, *_ in rows]
    season = np.cos([2 * np.pi * time.timetuple().tm_yday / 365.25 for time in times])
    return (
        np.array([10.0 * (7 < t.hour < 18) + 5.0 * (t.weekday() > 4) for t in times]) + 6 * season
    )


X = rows_with_dates()
UNSEEN = rows_with_dates(400, 31, datetime(1938, 1, 1, 13, 7)) + rows_with_dates(
    100, 999, datetime(2020, 2, 29, 23)
)


def dated(**parameters):
    """Return a quickly trained regressor."""
    return TabularRegressor(**{**FAST, **parameters}).fit(X, target_of(X))
