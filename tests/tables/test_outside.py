"""Rows outside of what the training rows had: `outside`, and what intervals and sets say about them."""

import warnings

import numpy as np
import pytest
from optional import package

import cmlp
from cmlp import TabularClassifier, TabularRegressor
from cmlp import __main__ as cli

QUICK = {"n_estimators": 2, "hidden_layer_sizes": (8,), "n_epochs": 2, "random_state": 0}
nan = np.nan
rng = np.random.RandomState(0)
X = np.column_stack([np.linspace(0, 10, 200), rng.standard_normal(200), np.ones(200)])
Y = X[:, 0] * 2


def notes(function, *arguments):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(*arguments)
    return [str(one.message) for one in caught if "outside" in str(one.message)]


def days():
    pandas = package("pandas")
    return pandas.DataFrame({"day": pandas.date_range("2024-01-01", periods=400)})


def test_distances_are_signed_and_in_the_units_of_the_column(tmp_path):
    model = TabularRegressor(**QUICK).fit(X, Y)
    model.save(tmp_path / "model.cmlp")
    rows = np.array([[5.0, 0.0, 1.0], [12.5, 0.0, 1.0], [-1.0, 0.0, 3.0], [5.0, nan, 1.0]])
    for one in (model, cmlp.load(tmp_path / "model.cmlp")):
        expected = [[0, 0, 0], [2.5, 0, 0], [-1, 0, 0], [0, nan, 0]]
        np.testing.assert_array_equal(one.outside(rows), expected)
    assert not model.outside(X).any()


def test_categories_and_gaps_that_training_did_not_have_are_nan():
    rows = np.array([["a", 1.0], ["b", None], ["a", 3.0]] * 40, object)
    model = TabularRegressor(**QUICK).fit(rows, np.arange(120.0))
    found = model.outside(np.array([["a", None], [None, 4.0], ["b", 2.0]], object))
    np.testing.assert_array_equal(found, [[0, 0], [nan, 1], [0, 0]])


def test_an_interval_of_a_trend_over_dates_names_the_column():
    table = days()
    model = TabularRegressor(**QUICK).fit(table[:300], np.arange(300.0))
    (note,) = notes(model.predict_interval, table[250:])
    assert note.startswith(
        "column 'day': 100 of 150 rows are outside the range of the training rows (2024-01-01 to 2024-10-26), by up to "
        "100 days, 33% of its width. The coverage of intervals"
    )
    assert notes(model.predict_interval, table[250:]) == []
    assert model.warning_counts_ == {"column 'day': outside the training range": 2}


def test_both_ends_of_a_narrow_range_can_be_told_apart():
    year = 2017 + 0.2 * rng.random_sample((200, 1))
    year[:2, 0] = 2017, 2017.2
    model = TabularRegressor(**QUICK).fit(year, year[:, 0])
    (note,) = notes(model.predict_interval, year + 0.2)
    assert "(2017 to 2017.2), by up to 0.2" in note
    model.fit(year - 2019.553, year[:, 0])
    (note,) = notes(model.predict_interval, year - 2019.353)
    assert "(-2.553 to -2.353), by up to 0.2" in note
    model.fit(1e6 * year, year[:, 0])
    (note,) = notes(model.predict_interval, 1e6 * (year + 0.2))
    assert "(2,017,000,000 to 2,017,200,000), by up to 200,000" in note


def test_several_columns_are_named_in_one_warning():
    rows = rng.random_sample((200, 8))
    model = TabularRegressor(**QUICK).fit(rows, rows[:, 0])
    (note,) = notes(model.predict_interval, rows[:4] + [3, 0, 0, 0, 0, 0, 0, 3])
    first, second = note.split(". The coverage of intervals")[0].split("; ")
    assert first.startswith("column 0: 4 of 4 rows are outside the range of the training rows (")
    assert second.startswith("column 7: 4 (") and second.endswith("% of its width")
    (note,) = notes(model.predict_interval, rows[:4] + 3)  # of columns 0 and 7 it has said so
    assert "column 0" not in note and "column 1: 4 of 4" in note and "column 5: 4 (" in note
    assert "column 6" not in note and "; and 1 more column. The coverage" in note
    assert model.warning_counts_["column 7: outside the training range"] == 2


def test_a_set_names_the_column():
    model = TabularClassifier(**QUICK).fit(X, Y + 9 * X[:, 1] > 10)
    (note,) = notes(model.predict_set, [[30.0, 0.0, 1.0]])
    assert note.startswith("column 0: 1 of 1 rows") and "by up to 20, 200% of its width" in note


def test_rows_of_the_same_population_are_read_in_silence():
    rows = rng.standard_normal((2000, 20))
    model = TabularRegressor(**QUICK).fit(rows[:1000], rows[:1000, 0])
    assert model.outside(rows[1000:]).any()
    assert notes(model.predict_interval, rows[1000:]) == []


@pytest.mark.parametrize("coverage", [["--coverage", "0.8"], []])
def test_the_command_names_the_column(coverage, tmp_path, capsys):
    table = days()
    TabularRegressor(**QUICK).fit(table[:300], np.arange(300.0)).save(tmp_path / "model.cmlp")
    table[300:].to_csv(tmp_path / "rows.csv", index=False)
    assert (
        cli.main(["predict", str(tmp_path / "model.cmlp"), str(tmp_path / "rows.csv"), *coverage])
        == 0
    )
    assert ("cmlp: column 'day': 100 of 100 rows are outside" in capsys.readouterr().err) == bool(
        coverage
    )
