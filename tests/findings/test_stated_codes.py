"""Codes of `missing_values` that no cell equals."""

import warnings

import numpy as np
import pytest
from optional import package

import cmlp
from cmlp import TabularRegressor

N = 60
RNG = np.random.RandomState(0)
QUICK = {
    "n_estimators": 1,
    "hidden_layer_sizes": (4,),
    "n_epochs": 1,
    "random_state": 0,
    "known": ["useless", "time", "ids"],
}
Y = RNG.standard_normal(N)


def frame():
    pd = package("pandas")
    days = pd.date_range("2020-01-01", periods=N)
    return pd.DataFrame(
        {
            "number": np.where(np.arange(N) % 5 == 0, -999, Y.round(2)),
            "word": np.resize(["a", "b", "-999"], N),
            "day": days,
            "instant": days.tz_localize("UTC"),
            "left": days - days[7],
            "flag": np.arange(N) % 3 == 0,
            "form": days.strftime("%Y%m%d").astype(int),
        }
    )


def found(codes, X=None, **parameters):
    """Return what the report and the warnings say of codes."""
    options = {**QUICK, "date_formats": {"form": "%Y%m%d"}, **parameters}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = TabularRegressor(**options, missing_values=codes)
        model.fit(frame() if X is None else X, Y)
    report = [(one.columns, one.evidence) for one in model.report_ if one.code == "unmatched"]
    named = [
        one for one in caught if issubclass(one.category, cmlp.exceptions.UnmatchedCodeWarning)
    ]
    return report, [str(one.message) for one in named]


@pytest.mark.parametrize(
    "codes",
    [
        {"number": -999, "word": "-999", "day": "2020-01-02", "instant": "2020-01-02T01:00+01:00"},
        {"number": "-999.0", "flag": 0, "form": "20200102"},
        {"form": 20200102},
        [-999, "a"],
        ["-999", "b", "2020-01-02"],
        [-999, "-999"],
        [None, np.nan],
    ],
    ids=repr,
)
def test_codes_that_a_cell_equals_are_silent(codes):
    assert found(codes) == ([], [])


@pytest.mark.parametrize(
    "codes, columns, code",
    [
        ({"number": -99}, ("number",), "-99"),
        ({"number": "n/k"}, ("number",), "'n/k'"),
        ({"word": -999, "number": -999}, ("word",), "-999"),
        ({"day": "1900-01-01"}, ("day",), "'1900-01-01'"),
        ({"day": "unknown"}, ("day",), "'unknown'"),
        ({"flag": "n/k"}, ("flag",), "'n/k'"),
        ({"form": 99999999}, ("form",), "99999999"),
        ({"flag": 1, "word": "c"}, ("word",), "'c'"),
        ([-999, "unknown"], (), "'unknown'"),
        ([-999, 20190101], (), "20190101"),
    ],
)
def test_other_codes_are_reported(codes, columns, code):
    assert found(codes) == ([(columns, f"no cell equals the code {code} of missing_values")], [])


@pytest.mark.parametrize(
    "code, column, remedy",
    [
        (20200101, "day", "state a date as text, such as '1900-01-01'"),
        ("2020-01-02T00:00Z", "day", "state a date as text"),
        ("2020-01-02", "instant", "state a date as text with an offset"),
        ("1 day", "left", "make such durations None before fit and predict"),
        (0, "left", "make such durations None"),
        ("False", "flag", "state 0 or 1"),
    ],
)
def test_codes_that_no_value_of_the_type_equals_are_a_warning(code, column, remedy):
    report, (warning,) = found({column: code})
    assert report == [((column,), f"no cell equals the code {code!r} of missing_values")]
    assert warning.startswith(f"missing_values has the code {code!r} for column {column!r}, but no")
    assert f"equals it: {remedy}" in warning and warning.endswith(f" [unmatched:{column}]")
    with warnings.catch_warnings():
        warnings.simplefilter("error", cmlp.exceptions.UnmatchedCodeWarning)
        report = cmlp.examine(frame(), Y, missing_values={column: code})
    assert "unmatched" in {one.code for one in report}
    assert found({column: code}, known=[*QUICK["known"], f"unmatched:{column}"]) == ([], [])


def test_a_code_of_all_columns_is_a_warning_if_none_can_have_it():
    times = frame()[["day", "left"]]
    report, (warning,) = found([20200101, "2020-01-02"], times, date_formats=None)
    assert report == [((), "no cell equals the code 20200101 of missing_values")]
    assert warning.startswith("missing_values has the code 20200101 for all columns, but no value")


def test_models_of_parts_of_the_rows_say_nothing_of_codes():
    X = frame()[["number", "word"]]
    (model,) = cmlp.fit_many([TabularRegressor(**QUICK, missing_values=[-1])], X, Y)
    assert [*model.report_] == []
    assert [one.code for one in model.fit(X, Y).report_] == ["unmatched"]
    later = TabularRegressor(**QUICK, missing_values=[-999], warm_start=True).fit(X, Y)
    assert [*later.fit(X.assign(number=Y), Y).report_] == []
