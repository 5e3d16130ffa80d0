"""Tables that are not what fit should read, or has read: text of numbers, unknown categories, other columns."""

import datetime
import json
import pickle
import threading
import time
import warnings
from collections import Counter
from decimal import Decimal

import numpy as np
import pytest
from internals import Notices, model_of
from optional import package
from table_parts import list_at_most

import cmlp
from cmlp import TabularClassifier, TabularRegressor
from cmlp import __main__ as cli

QUICK = {"n_estimators": 2, "hidden_layer_sizes": (8,), "n_epochs": 2, "random_state": 0}
N = 160
rng = np.random.RandomState(0)
AGE, ROOMS, GRADE = rng.randint(18, 90, N), rng.randint(1, 4, N), rng.choice(["A", "B", "C"], N)
Y = 2.0 * AGE + 10 * ROOMS + 3 * np.random.RandomState(1).standard_normal(N)


def frame(**changes):
    return package("pandas").DataFrame({"age": AGE, "rooms": ROOMS, "grade": GRADE} | changes)


def fitted(kind=TabularRegressor):
    y = Y if kind is TabularRegressor else Y > Y.mean()
    return kind(categorical_features=["rooms", "grade"], **QUICK).fit(frame(), y)


def messages(function, *arguments):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(*arguments)
    found = [str(one.message) for one in caught]
    return [one for one in found if "not clearly better" not in one and "Optimizer" not in one]


# ------------------------------------------------------------------------------------------------------- at fit


def test_one_question_mark_among_numbers_is_named():
    age = AGE.astype(str).astype(object)
    age[17] = "?"
    (message,) = messages(TabularRegressor(**QUICK).fit, frame(age=age), Y)
    assert message.startswith(
        "column 'age' has text, so its values are categories, but 159 of 160 entries (99.3 %) are numbers. "
        "The first others are '?' in row 17."
    )
    assert "pandas.to_numeric(column, errors='coerce')" in message


@pytest.mark.parametrize("later, zone", [("+01:00", ""), ("+02:00", ", utc=True")])
def test_advised_conversion_reads_times_before_and_after_a_clock_change(later, zone):
    pandas = package("pandas")
    times = pandas.Series(["2024-03-30T12:00:00+01:00", f"2024-04-01T12:00:00{later}"] * 80)
    (message,) = messages(TabularRegressor(**QUICK).fit, frame(seen=times), Y)
    advice = f"pandas.to_datetime(column, errors='coerce'{zone})."
    assert advice in message
    converted = eval(advice.rstrip("."), {"pandas": pandas, "column": times})
    assert converted.notna().all() and converted.dt.tz is not None


def test_numbers_with_a_stray_text_in_a_list_are_named():
    rows = [
        [float(a), "x" if i == 3 else float(r)]
        for i, (a, r) in enumerate(zip(AGE, ROOMS, strict=True))
    ]
    (message,) = messages(TabularRegressor(**QUICK).fit, rows, Y)
    assert "column 1 has text" in message and "'x' in row 3" in message


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d.%m.%Y"])
def test_dates_as_text_are_named(form):
    pandas = package("pandas")
    days = pandas.Series(pandas.date_range("2020-01-01", periods=N)).dt.strftime(form)
    (message,) = messages(TabularRegressor(**QUICK).fit, frame(age=days), Y)
    if form == "%Y-%m-%d":
        assert "all 160 entries are dates" in message and "pandas.to_datetime" in message
    else:
        assert "nearly all are dates" in message and "{'age': '%d.%m.%Y'}" in message


def test_amounts_of_money_as_text_are_named():
    (message,) = messages(TabularRegressor(**QUICK).fit, frame(age=[f"${a},000" for a in AGE]), Y)
    assert "100 % of the entries are numbers of the form '$ number', such as '$" in message


def test_many_different_numbers_and_dates_as_text_are_named():
    pandas, n = package("pandas"), 6000
    hours = pandas.Series(pandas.date_range("2026-01-01", periods=n, freq="h")).dt.strftime(
        "%Y-%m-%d %H:%M"
    )
    prices = [f"{price:.6f}" for price in rng.lognormal(5, 1, n)]
    prices[7] = "Total"
    names = [f"name {k}" if k % 5 else str(k) for k in range(n)]
    table = pandas.DataFrame({"hour": hours, "price": prices, "name": names})
    found = messages(TabularRegressor(**QUICK, max_time=1e-9).fit, table, np.arange(n))
    about_hour, about_price = (one for one in found if "has text" in one)
    assert "column 'hour'" in about_hour and "all 6,000 entries are dates" in about_hour
    assert (
        "5,999 of 6,000 entries (99.9 %) are numbers. The first others are 'Total' in row 7."
        in about_price
    )


@pytest.mark.parametrize(
    "column",
    [
        [f"{a:05d}" for a in AGE],  # codes
        GRADE,
        [str(a) if a > 50 else f"about {a}" for a in AGE],
    ],
    ids=["leading zeros", "letters", "much other text"],
)
def test_other_text_is_read_in_silence(column):
    assert messages(TabularRegressor(**QUICK).fit, frame(age=column), Y) == []


def test_columns_that_are_declared_as_categories_are_read_in_silence():
    text = AGE.astype(str).astype(object)
    named = TabularRegressor(categorical_features=["age", "grade"], **QUICK)
    assert messages(named.fit, frame(age=text), Y) == []
    assert (
        messages(TabularRegressor(**QUICK).fit, frame(age=package("pandas").Categorical(text)), Y)
        == []
    )


# --------------------------------------------------------------------------------------------------- at predict


@pytest.mark.parametrize("kind", [TabularClassifier, TabularRegressor])
def test_categories_from_json_are_named_with_what_they_match(kind):
    pandas, model = package("pandas"), fitted(kind)
    row = pandas.DataFrame([json.loads('{"age": 40, "rooms": "2", "grade": "B "}')])
    rooms, grade = messages(model.predict, row)
    assert "column 'rooms': the value is unknown" in rooms and "after str: '2' is like 2" in rooms
    assert "The value is '2'; fit knows" in rooms
    assert rooms.endswith(
        "It would match after str: '2' is like 2. Apply it to the column before fit and predict. "
        "The coverage of intervals and sets does not hold for unknown values."
    )
    assert "column 'grade'" in grade and "after str.strip: 'B ' is like 'B'" in grade
    assert messages(model.predict, row) == []
    assert model.warning_counts_ == {
        "column 'rooms': unknown spellings": 2,
        "column 'grade': unknown spellings": 2,
    }
    for again in (pickle.loads(pickle.dumps(model)), fitted(kind)):
        assert len(messages(again.predict, row)) == 2


def test_a_misspelled_cell_does_not_silence_unknown_categories():
    model = fitted()
    (message,) = messages(model.predict, frame(grade=["B ", *GRADE[1:]]))
    assert "after str.strip: 'B ' is like 'B'" in message
    (message,) = messages(model.predict, frame(grade=["unheard of"] * N))
    assert "all 160 values are unknown" in message and "If these are new categories" in message


def test_texts_of_whole_floats_are_named_with_the_integers_that_they_match():
    for known, came in (
        (ROOMS, "2.0"),
        (ROOMS.astype(str), "2.0"),
        (np.char.add(ROOMS.astype(str), ".0"), "2"),
    ):
        model = TabularRegressor(categorical_features=["rooms", "grade"], **QUICK)
        model.fit(frame(rooms=known), Y)
        (message,) = messages(model.predict, frame(rooms=[came] * N))
        change = "str and str.removesuffix('.0')"
        assert f"They would match after {change}: {came!r} is like " in message
    (message,) = messages(fitted().predict, frame(rooms=["v2.0"] * N))
    assert "If these are new categories" in message


def test_three_values_that_came_and_three_that_are_known_are_named():
    (message,) = messages(fitted().predict, frame(rooms=ROOMS.astype(str)))
    assert "all 160 values are unknown" in message
    came, known = message.split("The first are ")[1].split("; fit knows ")
    assert sorted(came.split(", ")) == ["'1'", "'2'", "'3'"] and sorted(
        known.split(".")[0].split(", ")
    ) == list("123")


def test_case_folding_is_named():
    (message,) = messages(fitted().predict, frame(grade=[grade.lower() for grade in GRADE]))
    assert "after str.casefold" in message


@pytest.mark.parametrize("share", [0.01, 0.1, 0.25, 0.45, 0.49])
def test_known_values_in_another_spelling_are_named_at_any_share(share, tmp_path, capsys):
    model, n = fitted(), max(1, int(share * N))
    grade = GRADE.astype(object)
    grade[:n] = [text.lower() for text in grade[:n]]
    table = frame(grade=grade)
    (message,) = messages(model.predict, table)
    values, one = (f"{n} of 160 values", "They") if n > 1 else ("1 of 160 values", "It")
    first = grade[0]
    assert message.startswith(f"column 'grade': {values} {'are' if n > 1 else 'is'} unknown")
    assert f"{one} would match after str.casefold: {first!r} is like {first.upper()!r}." in message
    assert messages(model.predict, table) == []
    fitted().save(tmp_path / "model.cmlp")
    table.to_csv(tmp_path / "rows.csv", index=False)
    assert cli.main(["predict", str(tmp_path / "model.cmlp"), str(tmp_path / "rows.csv")]) == 0
    assert f"cmlp: {message}" in capsys.readouterr().err


@pytest.mark.parametrize("n", [1, 5, 19])
def test_one_other_spelling_in_few_rows_is_named(n):
    (message,) = messages(fitted().predict, frame(grade=["A ", *GRADE[1:]])[:n])
    assert "would match after str.strip: 'A ' is like 'A'" in message


def test_a_spelling_is_named_if_it_explains_half_of_the_unknown_values():
    grade = GRADE.astype(object)
    for unknown, named in ((["a", "D"], True), (["a", "D", "E"], False)):
        grade[: len(unknown)] = unknown
        said = messages(fitted().predict, frame(grade=grade))
        assert ["1 of them would match" in text for text in said] == [True] * named


def test_new_values_are_named_from_a_twentieth_and_three_rows_on():
    grade = GRADE.astype(object)
    for n, n_new, named in (
        (160, 7, 0),
        (160, 8, 1),
        (20, 2, 0),
        (20, 3, 1),
        (19, 9, 0),
        (19, 10, 1),
    ):
        rows = grade[:n].copy()
        rows[:n_new] = "D"
        said = messages(fitted().predict, frame()[:n].assign(grade=rows))
        assert len(said) == named, (n, n_new)
        for message in said:
            assert message.startswith(f"column 'grade': {n_new} of {n} values are unknown")
            assert "match" not in message
            assert "If these are new categories, fit again with rows that have them." in message


def test_new_values_are_named_if_there_are_clearly_more_than_in_fit():
    """About a tenth of new rows has a value that no row of fit had: twice as many can be chance in few rows."""
    values = np.array([f"k{k}" if k % 10 == 0 else "ABC"[k % 3] for k in range(1000)], object)
    model = TabularRegressor(**QUICK).fit(values[:, None], np.arange(1000.0))
    for n, n_new, named in (
        (1000, 100, 0),
        (1000, 199, 0),
        (1000, 220, 1),
        (50, 11, 0),
        (50, 20, 1),
    ):
        rows = np.array(["A"] * (n - n_new) + ["new"] * n_new, object)[:, None]
        said = messages(pickle.loads(pickle.dumps(model)).predict, rows)
        assert len(said) == named, (n, n_new)
        assert all("are unknown (in fit about 10%)" in text for text in said)


def test_other_spellings_of_rows_beside_those_of_training_are_named():
    lower = frame(grade=[text.lower() if k < 4 else text for k, text in enumerate(GRADE)])
    model = fitted()
    for call in (
        lambda: fitted().calibrate(lower, Y),
        lambda: fitted().score(lower, Y),
        lambda: fitted().predict_interval(lower),
        lambda: TabularRegressor(categorical_features=["rooms", "grade"], **QUICK).fit(
            frame(), Y, X_val=lower, y_val=Y
        ),
        lambda: model.set_params(warm_start=True).fit(lower, Y),
    ):
        said = [text for text in messages(call) if "unknown" in text]
        assert ["They would match after str.casefold" in text for text in said] == [True]


# -------------------------------------------------------------------------------- at predict: missing values


def test_a_column_that_is_missing_for_the_first_time_is_named(tmp_path):
    model = fitted()
    model.save(tmp_path / "model.cmlp")
    for one in (model, cmlp.load(tmp_path / "model.cmlp"), pickle.loads(pickle.dumps(model))):
        for column in ("age", "rooms", "grade"):
            absent = frame(**{column: [None] * N})
            (message,) = messages(one.predict, absent)
            assert message.startswith(
                f"column '{column}': all 160 values are missing. In fit there were none"
            )
            assert "coverage of intervals" in message
            assert messages(one.predict_interval, absent) == []
            assert one.warning_counts_[f"column '{column}': missing values"] == 2


def test_all_missing_columns_are_named_in_one_warning():
    model = fitted()
    record = dict.fromkeys(("age", "rooms", "grade"))
    (message,) = messages(model.predict, [record, record])
    assert message.startswith(
        "column 'age': all 2 values are missing; column 'rooms': all 2 values are missing; "
    )
    assert messages(model.predict, record) == []
    assert set(model.warning_counts_.values()) == {2} and len(model.warning_counts_) == 3
    (message,) = messages(fitted().predict, {"age": 40, "rooms": 2, "grade": None})
    assert message.startswith("column 'grade': the value is missing.")
    many = np.random.RandomState(0).random_sample((80, 9))
    (message,) = messages(
        TabularRegressor(**QUICK).fit(many, many.sum(axis=1)).predict, [[np.nan] * 9]
    )
    assert "column 4: the value is missing; and 4 more columns. In fit" in message


@pytest.mark.parametrize("column", ["age", "grade"])
def test_a_tenth_of_the_rows_may_lack_a_value_that_fit_had_always(column):
    values = frame()[column].astype(object)
    values[: N // 10] = None
    assert messages(fitted().predict, frame(**{column: values})) == []
    values[: N // 10 + 1] = None
    (message,) = messages(fitted().predict, frame(**{column: values}))
    assert f"column '{column}': 17 of 160 values are missing" in message


@pytest.mark.parametrize("column", ["age", "grade"])
def test_a_column_that_was_seldom_missing_and_now_always_is_named(column):
    values = frame()[column].astype(object)
    values[:4] = None
    model = TabularRegressor(categorical_features=["rooms", "grade"], **QUICK).fit(
        frame(**{column: values}), Y
    )
    assert (
        messages(model.predict, frame(**{column: values})[:4]) == []
    )  # few rows can be so by chance
    assert messages(model.predict, frame(**{column: [None] * N})[:19]) == []
    (message,) = messages(model.predict, frame(**{column: [None] * N}))
    assert message.startswith(f"column '{column}': all 160 values are missing (in fit at most ")


def test_ordered_categories_are_missing_or_unknown():
    order = {"grade": ["A", "B", "C"]}
    model = TabularRegressor(categorical_features=order, **QUICK).fit(frame(), Y)
    (message,) = messages(model.predict, frame(grade=[None] * N))
    assert message.startswith("column 'grade': all 160 values are missing")
    (message,) = messages(model.predict, frame(grade=["D"] * N))
    assert message.startswith("column 'grade': all 160 values are unknown")


def test_missing_values_of_columns_that_the_model_does_not_use_say_nothing():
    model = TabularRegressor(**QUICK).fit(frame(rooms=[1] * N), Y)
    assert messages(model.predict, frame(rooms=[None] * N)) == []


def test_missing_values_as_often_as_in_fit_are_read_in_silence():
    rng = np.random.RandomState(1)
    X = rng.standard_normal((2000, 20))
    X[rng.random_sample(X.shape) < np.linspace(0.01, 0.99, 20)] = np.nan
    X = X.astype(object)
    X[:, 10:] = np.where(X[:, 10:] == X[:, 10:], "filled", None)
    model = TabularRegressor(**QUICK).fit(X[:1000], np.arange(1000))
    for n in (1, 10, 20, 40, 1000):
        for first in range(1000, 2000, n)[:40]:
            model.predict(X[first : first + n])
    assert model.warning_counts_ == {}


def test_the_command_names_a_feed_that_fails(tmp_path, capsys):
    fitted().save(tmp_path / "model.cmlp")
    frame(age=[None] * N).to_csv(tmp_path / "rows.csv", index=False)
    assert cli.main(["predict", str(tmp_path / "model.cmlp"), str(tmp_path / "rows.csv")]) == 0
    assert "cmlp: column 'age': all 160 values are missing." in capsys.readouterr().err


# ---------------------------------------------------------------------------- columns without any value in fit


def column_of(kind, values):
    pandas = package("pandas")
    types = {
        "float": float,
        "object": object,
        "date": "M8[us]",
        "category": pandas.CategoricalDtype(["few", "many"]),
        "ordered": pandas.CategoricalDtype(["few", "many"], ordered=True),
    }
    return pandas.Series(values, dtype=types[kind])


@pytest.mark.parametrize(
    ("kind", "later", "value"),
    [
        ("float", "float", 3.0),
        ("object", "object", 3),
        ("date", "date", "2026-11-29"),
        ("category", "category", "few"),
        ("ordered", "ordered", "few"),
        ("float", "object", "few"),
        ("object", "object", "few"),
        ("object", "object", datetime.date(2026, 11, 29)),
        ("date", "float", 3.0),
        ("date", "object", "few"),
    ],
)
def test_a_column_without_any_value_in_fit_is_named_at_fit_and_once_it_has_values(
    kind, later, value, tmp_path
):
    model, empty = TabularRegressor(**QUICK), column_of(kind, [None] * N)
    said = messages(model.fit, frame(children=empty), Y)
    assert [text.partition(",")[0] for text in said] == [
        "column 'children' has no value in any row of fit"
    ]
    model.save(tmp_path / "model.cmlp")
    for one in (model, cmlp.load(tmp_path / "model.cmlp"), pickle.loads(pickle.dumps(model))):
        assert messages(one.predict, frame(children=empty)) == []
        assert one.warning_counts_ == {}
        for n in (1, N):
            rows = frame(children=column_of(later, [value] * N))[:n]
            said = messages(one.predict, rows)
            assert [text.startswith("column 'children'") for text in said] == [True] * (n == 1)
        assert [*one.warning_counts_.values()] == [2]


def test_the_command_ignores_text_in_a_column_without_any_value_in_training(tmp_path, capsys):
    lines = [f"{age},,{y}\n" for age, y in zip(AGE, Y, strict=True)]
    (tmp_path / "t.csv").write_text("age,note,y\n" + "".join(lines))
    model = str(tmp_path / "model.cmlp")
    options = ["--hidden-layer-sizes", "4", "--n-epochs", "2", "--n-estimators", "1"]
    train = ["train", str(tmp_path / "t.csv"), "--target", "y", "-o", model, *options]
    assert cli.main(train) == 0
    (tmp_path / "later.csv").write_text("age,note\n40,\n40,late\n")
    capsys.readouterr()
    assert cli.main(["predict", model, str(tmp_path / "later.csv")]) == 0
    out, err = capsys.readouterr()
    assert len({*out.splitlines()}) == 1
    assert "column 'note' has values, and had none in any row of fit" in err


def test_columns_without_any_value_are_named_in_one_warning():
    weight = np.where(AGE < 40, 0.0, 1.0)
    columns = {f"gap {i}": [np.nan] * N for i in range(5)} | {
        "young": np.where(AGE < 40, 1, np.nan)
    }
    model = TabularRegressor(**QUICK)
    (text,) = messages(model.fit, frame(**columns), Y, weight)
    assert text.startswith("column 'gap 0', column 'gap 1', column 'gap 2', column 'gap 3'")
    assert "column 'gap 4' and 1 more column have no value in any row of fit" in text
    (text,) = messages(model.predict, frame(**columns | {"gap 3": AGE}))
    assert text == (
        "column 'gap 3' and column 'young' have values, and had none in any row of fit, so the model "
        "ignores them."
    )


def test_a_column_with_a_value_in_one_row_of_fit_is_read_in_silence():
    rare = [7.0] + [np.nan] * (N - 1)
    model = TabularRegressor(**QUICK)
    assert messages(model.fit, frame(rare=rare), Y) == []
    assert messages(model.predict, frame(rare=rare)) == []
    assert model.warning_counts_ == {}


# ---------------------------------------------------------------------------- at predict: many categories


def test_rare_categories_of_a_full_column_are_not_new():
    number = np.arange(8 * N) % (2 * N)
    many = np.array([f"k{i}" for i in number], object)[:, None]
    model = TabularRegressor(**QUICK).fit(many, number)
    assert messages(model.predict, many[250:]) == []
    (message,) = messages(model.predict, np.array([[f"K{i}"] for i in range(2 * N)], object))
    assert "after str.casefold" in message


def rows_of_categories(n_categories, n_rows=4000, name="k"):
    """Return a column whose categories have shares as 1, 1/2, 1/3, ..., and the numbers of the categories."""
    shares = 1 / np.arange(1, n_categories + 1)
    codes = np.random.RandomState(7).choice(n_categories, n_rows, p=shares / shares.sum())
    return np.array([f"{name}{code}" for code in codes], object)[:, None], codes.astype(float)


@pytest.mark.parametrize("n_categories", [150, 200, 250, 600])
def test_unknown_categories_are_named_however_many_fit_has_seen(n_categories, tmp_path):
    X, y = rows_of_categories(n_categories)
    model = TabularRegressor(**QUICK).fit(X, y)
    model.save(tmp_path / "model.cmlp")
    other, _ = rows_of_categories(n_categories, name="other ")
    for one in (model, cmlp.load(tmp_path / "model.cmlp"), pickle.loads(pickle.dumps(model))):
        assert messages(one.predict, X) == []
        (message,) = messages(one.predict, other)
        assert message.startswith("column 0: all 4,000 values are unknown")
        assert ("(in fit about" in message) == (n_categories == 600)  # of which some are rare
        assert one.warning_counts_ == {"column 0: unknown categories": 1}


def test_new_rows_with_categories_as_in_fit_are_read_in_silence():
    X, y = rows_of_categories(2000, n_rows=8000)
    model = TabularRegressor(**QUICK).fit(X[:4000], y[:4000])
    for first in range(4000, 8000, 5):  # unknown ones are then by chance most of some parts
        model.predict(X[first : first + 5])
    model.predict(X[4000:])
    assert model.warning_counts_ == {}


@pytest.mark.parametrize(("n_categories", "n_rows"), [(1000, 1000), (3000, 1000), (3000, 4000)])
def test_new_rows_of_many_equally_frequent_categories_are_read_in_silence(n_categories, n_rows):
    """The listed categories are then those that are frequent by chance, in the rows of fit alone."""
    codes = np.random.RandomState(7).randint(n_categories, size=n_rows + 1000)
    X = np.array([f"k{code}" for code in codes], object)[:, None]
    model = TabularRegressor(**QUICK).fit(X[:n_rows], codes[:n_rows].astype(float))
    assert messages(model.predict, X[n_rows:]) == []


def test_unknown_categories_of_a_panel_are_named():
    """Each of 240 companies has as many rows as the others, by design and not by chance."""
    codes = np.repeat(np.arange(240), 8)
    X = np.array([f"k{code}" for code in codes], object)[:, None]
    model = TabularRegressor(**QUICK).fit(X, codes.astype(float))
    assert messages(model.predict, X) == []
    other = np.array([f"other {code}" for code in codes], object)[:, None]
    (message,) = messages(model.predict, other)
    assert message.startswith("column 0: all 1,920 values are unknown, and")


@pytest.mark.parametrize("n_rows", [150, 600])
def test_names_that_only_one_row_has_are_not_new(n_rows):
    names = np.array([f"name {k}" for k in range(n_rows + 60)], object)[:, None]
    model = TabularRegressor(**QUICK).fit(names[:n_rows], np.arange(float(n_rows)))
    assert messages(model.predict, names[n_rows:]) == []


def test_few_unknown_rows_of_a_full_column_are_not_new():
    X, y = rows_of_categories(600)
    model = TabularRegressor(**QUICK).fit(X, y)
    assert messages(model.predict, [["other"]]) == []
    assert "all 20 values are unknown" in messages(model.predict, [["other"]] * 20)[0]


@pytest.fixture
def few_listed(monkeypatch):
    """Models that list at most 200 categories of a column."""
    list_at_most(monkeypatch, 200)


def test_the_share_of_rare_categories_is_weighted(few_listed):
    y = np.tile(np.arange(600.0), 4)
    X = np.array([f"k{code:g}" for code in y], object)[:, None]
    weight = np.where(y < 200, 1.0, 0.25)
    found = [
        model_of(TabularRegressor(**QUICK).fit(X, y, one)).columns[0] for one in (None, weight)
    ]
    assert [one.n_seen for one in found] == [600, 600]
    np.testing.assert_allclose([one.rare for one in found], [2 / 3, 1 / 3])


def test_rows_of_fit_are_not_outside_a_column_with_more_categories_than_are_listed(
    few_listed, tmp_path
):
    X, y = rows_of_categories(600)
    model = TabularRegressor(**QUICK).fit(X, y)
    model.save(tmp_path / "model.cmlp")
    for one in (model, cmlp.load(tmp_path / "model.cmlp"), pickle.loads(pickle.dumps(model))):
        assert not one.outside(X).any()
        assert len(one.categories_[0]) == 200
    listed = np.tile(model.categories_[0], 2)[:, None].astype(object)
    exact = TabularRegressor(**QUICK).fit(listed, np.arange(400.0))
    with pytest.warns(UserWarning, match="the value is unknown"):
        assert np.isnan(exact.outside([["other"]])).all()
    assert len(exact.categories_[0]) == 200


def test_other_threads_do_not_repeat_a_warning():
    model, row = fitted(), frame(grade=["D"] * N)[:1]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        threads = [threading.Thread(target=model.predict, args=(row,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert model.warning_counts_ == {"column 'grade': unknown categories": 8}
    assert len(caught) == 1


class SlowCounter(Counter):
    """Counts that another thread can read before a new one is written."""

    def __getitem__(self, key):
        count = super().__getitem__(key)
        time.sleep(0.005)
        return count


def test_one_of_several_threads_issues_a_notice():
    notices, is_first = Notices(), []
    notices.counts = SlowCounter()
    threads = [
        threading.Thread(target=lambda: is_first.append(notices.is_first("a"))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(is_first) == [False, False, False, True]


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model.calibrate(frame(), Y > Y.mean()),
        lambda model: model.calibrate(frame(), Y > Y.mean(), probabilities=True),
        lambda model: model.choose_threshold(frame(), Y > Y.mean(), recall=0.5),
        lambda model: setattr(model, "threshold_", 0.3),
        lambda model: setattr(model, "classes_", ["cheap", "dear"]),
    ],
    ids=["calibrate", "probabilities", "choose_threshold", "threshold_", "classes_"],
)
def test_a_change_after_fit_does_not_repeat_a_warning(change):
    model, row = fitted(TabularClassifier), frame(grade=["D"] * N)[:1]
    assert len(messages(model.predict, row)) == 1
    change(model)
    assert messages(model.predict, row) == []
    assert model.warning_counts_ == {"column 'grade': unknown categories": 2}


def test_a_leftover_target_is_ignored_with_one_warning():
    model, rows = fitted(), frame(price=Y)
    (message,) = messages(model.predict, rows)
    assert (
        message
        == "X has columns that TabularRegressor did not have in fit, and ignores: ['price']."
    )
    assert messages(model.predict, rows) == []
    np.testing.assert_array_equal(model.predict(rows), model.predict(frame()))


def test_the_command_ignores_a_leftover_target_and_names_unknown_categories(tmp_path, capsys):
    model, path = fitted(), tmp_path / "rows.csv"
    model.save(tmp_path / "model.cmlp")
    frame(price=Y, grade=[f"{grade}+" for grade in GRADE]).to_csv(path, index=False)
    assert cli.main(["predict", str(tmp_path / "model.cmlp"), str(path)]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == N
    assert "cmlp: the model does not need the column price: ignored\n" in err
    assert "cmlp: column 'grade': all 160 values are unknown" in err and "UserWarning" not in err


def test_an_array_without_names_warns_as_for_networks():
    model = TabularRegressor(**QUICK).fit(frame()[["age", "rooms"]], Y)
    network = cmlp.MLPRegressor(max_iter=1, random_state=0)
    messages(network.fit, frame()[["age", "rooms"]], Y)
    (message,), (other,) = (
        messages(one.predict, np.column_stack([AGE, ROOMS])) for one in (model, network)
    )
    assert message.replace("TabularRegressor", "MLPRegressor") == other


def test_numbers_for_dates_and_text_for_numbers_are_errors():
    days = package("pandas").date_range("2020-01-01", periods=N)
    model = TabularRegressor(**QUICK).fit(frame(day=days), Y)
    with pytest.raises(ValueError, match="column 'day' must be a date, got"):
        model.predict(frame(day=AGE))
    with pytest.raises(ValueError, match="column 'age' must be a number, got '"):
        model.predict(frame(day=days, age=AGE.astype(str)))


@pytest.mark.parametrize("as_objects", [False, True])
def test_dates_with_and_without_an_offset_name_it(as_objects):
    days = package("pandas").Series(package("pandas").date_range("2020-01-01 12:00", periods=N))
    zoned, dtype = days.dt.tz_localize("UTC"), object if as_objects else None
    model = TabularRegressor(**QUICK).fit(frame(day=days), Y)
    message = (
        "'day' must be a date without an offset from UTC, "
        r"got 2020-01-01 12:00:00\+00:00 in row 0\. .*tz_localize"
    )
    with pytest.raises(ValueError, match=message):
        model.predict(frame(day=zoned.astype(dtype) if dtype else zoned))
    model = TabularRegressor(**QUICK).fit(frame(day=zoned), Y)
    with pytest.raises(
        ValueError, match=r"a date with an offset from UTC, got 2020-01-01 12:00:00 in row 0\. Add"
    ):
        model.predict(frame(day=days.astype(dtype) if dtype else days))


# ------------------------------------------------------------------------------------------ integers of equal hashes


MODULUS = (
    2**61 - 1
)  # of the hashes of integers: a dict of n integers of one hash takes n * n comparisons
CODES = {"categorical_features": [0], **QUICK}


@pytest.mark.parametrize(
    "entry",
    [
        lambda i: MODULUS * i,
        lambda i: -MODULUS * i - 7,
        lambda i: Decimal(MODULUS * i) + Decimal("0.1"),
    ],
)
def test_fit_refuses_many_categories_of_one_hash(entry):
    rows = [[entry(i)] for i in range(1, 20_001)]
    begin = time.process_time()
    with pytest.raises(
        ValueError, match="column 0 must have at most 100 categories with the same hash, got more"
    ):
        TabularRegressor(**CODES).fit(rows, np.arange(len(rows)))
    assert time.process_time() - begin < 5
    few = [row for row in rows[:100] for _ in range(3)]
    assert len(TabularRegressor(**CODES).fit(few, np.arange(300)).categories_[0]) == 100


def test_fit_refuses_ordered_categories_of_one_hash():
    levels = [MODULUS * i for i in range(1, 20_001)]
    begin = time.process_time()
    with pytest.raises(
        ValueError, match="column 0 must have at most 100 categories with the same hash"
    ):
        TabularRegressor(categorical_features={0: levels}, **QUICK).fit(
            [[level] for level in levels], levels
        )
    assert time.process_time() - begin < 5


def test_large_integers_of_different_hashes_are_categories():
    rows = [[2**70 + i % 150] for i in range(900)]
    model = TabularRegressor(**CODES).fit(rows, np.arange(900))
    assert len(model.categories_[0]) == 150


@pytest.mark.parametrize("n_known", [50, 250])  # all categories, or the most frequent ones
def test_predict_reads_many_unknown_integers_of_one_hash_in_linear_time(n_known):
    codes = np.arange(1000) % n_known
    model = TabularRegressor(**CODES).fit(codes[:, None], codes)
    rows = [[MODULUS * i] for i in range(1, 20_001)]
    begin = time.process_time()
    (found,) = messages(model.predict, rows)
    assert time.process_time() - begin < 5
    assert f"The first are {MODULUS}, {2 * MODULUS}, {3 * MODULUS}; fit knows" in found
