"""What fit says of rows in the order of time, and of validation rows that are all of one class."""

import warnings

import numpy as np
import pytest

from cmlp import TabularClassifier, TabularRegressor
from cmlp.exceptions import OneClassWarning, UselessModelWarning

QUICK = {"n_estimators": 1, "hidden_layer_sizes": (4,), "n_epochs": 1, "random_state": 0}
N = 400
RNG = np.random.RandomState(0)
DAYS = np.datetime64("2020-01-01") + np.arange(N)
NOISE = RNG.standard_normal(N)
TREND = NOISE + np.arange(N) / 100
LATE = np.where(RNG.rand(N) < np.linspace(0.1, 0.9, N), "yes", "no")
ASCENDS = "ascends from row to row, and y changes with it"


def messages(function, *arguments, **keywords):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", UselessModelWarning)
        function(*arguments, **keywords)
    return [str(one.message) for one in caught]


def about_dates(y, days=DAYS, options=(), **given):
    """Return what a fit of dates and of a column of noise reports of time."""
    X = np.array([*zip(days.astype(object), RNG.standard_normal(len(days)), strict=True)], object)
    kind = TabularClassifier if y.dtype.kind == "U" else TabularRegressor
    report = kind(**QUICK | dict(options)).fit(X, y, **given).report_
    return [one for one in report if one.code == "time"]


@pytest.mark.parametrize(
    ("y", "remedy"),
    [(TREND, "fit(X, y, time=X[:, 0])"), (LATE, "fit(X[:n], y[:n], X_val=X[n:], y_val=y[n:])")],
    ids=["numbers", "classes"],
)
def test_ascending_dates_along_which_y_changes_are_named(y, remedy):
    (finding,) = about_dates(y)
    assert finding.columns == ("x0",) and finding.evidence == ASCENDS
    assert finding.remedy.startswith(remedy)


@pytest.mark.parametrize("n", [50, 400, 3000])
def test_dates_along_which_y_does_not_change_are_not(n):
    days = np.datetime64("2020-01-01") + np.arange(n)
    for seed in range(5):
        rng = np.random.RandomState(seed)
        assert about_dates(rng.standard_normal(n), days) == []
        assert about_dates(rng.choice(["a", "b", "c"], n), days) == []


def test_dates_in_another_order_are_not():
    assert about_dates(TREND[::-1], DAYS[::-1]) == []
    assert about_dates(TREND, np.repeat(DAYS[:1], N)) == []
    assert about_dates(np.where(np.arange(N) == N - 1, 1, TREND), np.roll(DAYS, 1)) == []


def test_a_season_of_several_years_is_no_change():
    days = np.datetime64("2020-01-01") + np.arange(4 * 365 + 100)
    season = 3 * np.sin(np.arange(len(days)) * 2 * np.pi / 365.25)
    y = season + RNG.standard_normal(len(days))
    assert about_dates(y, days) == []
    (finding,) = about_dates(y + np.arange(len(days)) / 300, days)
    assert finding.evidence == ASCENDS


def test_other_held_out_rows_are_the_choice_of_the_user():
    assert about_dates(TREND, groups=np.arange(N) % 40) == []
    assert about_dates(TREND, options={"early_stopping": False}) == []
    X_val = np.array([[DAYS[-1].astype(object), 0.0]], object)
    assert about_dates(TREND, X_val=X_val, y_val=[1.0]) == []


def test_few_rows_are_not_enough():
    assert about_dates(np.arange(49.0), DAYS[:49]) == []


SORTED = np.sort(np.where(RNG.rand(N) < 0.7, "low", "top"))


def test_validation_rows_of_one_class_are_named():
    fit = TabularClassifier(**QUICK).fit
    X = NOISE[:, None]
    with pytest.warns(OneClassWarning, match="y_val has the label 'top' alone.*X_val. .one-class."):
        fit(X[:300], SORTED[:300], X_val=X[300:], y_val=SORTED[300:])
    assert messages(fit, X[:300], SORTED[:300], X_val=X[300:302], y_val=SORTED[300:302]) == []
    mixed = SORTED[::-1][:300]
    assert messages(fit, X[:300], mixed, X_val=X[300:], y_val=[*["top"] * 99, "low"]) == []
