"""Targets that are dates, durations, periods or intervals are refused with a remedy that works."""

import re
import sys
import warnings

import numpy as np
import pytest
from optional import package

import cmlp

N = 60
X = np.random.RandomState(0).standard_normal((N, 2))
DAYS = np.datetime64("2020-01-01", "s") + np.arange(N) * np.timedelta64(86400, "s")
CLASSIFIERS = [
    cmlp.TabularClassifier(n_estimators=1, n_epochs=1, hidden_layer_sizes=4, random_state=0),
    cmlp.MLPClassifier(4, max_iter=1, random_state=0),
]
REGRESSORS = [
    cmlp.TabularRegressor(n_estimators=1, n_epochs=1, hidden_layer_sizes=4, random_state=0),
    cmlp.MLPRegressor(hidden_layer_sizes=4, max_iter=1, random_state=0),
]


def targets_of(kind):
    if kind == "array of dates":
        return DAYS
    if kind == "array of durations":
        return DAYS - DAYS[0]
    if kind == "polars":
        return package("polars").Series(DAYS.astype("M8[us]"))
    if kind == "pyarrow":
        return package("pyarrow").array(DAYS)
    pandas = package("pandas")
    series = pandas.Series(DAYS)
    return {
        "dates": series,
        "instants": series.dt.tz_localize("UTC"),
        "objects": series.dt.date,
        "durations": series - series[0],
        "periods": series.dt.to_period("D"),
        "index of periods": pandas.PeriodIndex(series.dt.to_period("D")),
        "index of dates": pandas.DatetimeIndex(series),
        "index of intervals": pandas.IntervalIndex(pandas.cut(X[:, 0], 3)),
        "intervals": pandas.Series(pandas.cut(X[:, 0], 3)),
    }[kind]


def refusal(model, y):
    with pytest.raises((ValueError, TypeError)) as raised:
        model.fit(X, y)
    return str(raised.value)


@pytest.mark.parametrize(
    "kind",
    [
        *("array of dates", "array of durations", "polars", "pyarrow", "dates", "instants"),
        *("objects", "durations", "periods", "intervals"),
        *("index of periods", "index of dates", "index of intervals"),
    ],
)
def test_targets_that_are_times_or_intervals_have_remedies_that_work(kind):
    for models, remedy in (CLASSIFIERS, r"labels: (.*?\))"), (REGRESSORS, r"such as (.*?)(;|\.$)"):
        for model in models:
            y = targets_of(kind)
            message = refusal(model, y)
            for first in re.findall(r"by y = (.*?\))\. ", message):
                y = eval(first, {"y": y, "pandas": sys.modules.get("pandas")})
            names = {"y": y, "numpy": np, "pandas": sys.modules.get("pandas")}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.fit(X, eval(re.search(remedy, message)[1], names))
            assert model.predict(X).shape == (N,)


def test_structured_targets_have_no_such_remedy():
    y = np.zeros(N, [("a", float), ("b", int)])
    for model in REGRESSORS:
        with pytest.raises(
            cmlp.exceptions.InvalidParameterError, match=r"y must hold real numbers, got dtype"
        ):
            model.fit(X, y)


def test_times_of_day_and_other_objects_have_no_such_remedy():
    y = np.full(N, None)
    y[:] = [{}]
    for model in CLASSIFIERS:
        assert refusal(model, y).endswith("got {}.")
