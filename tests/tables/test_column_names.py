"""Frames are read by their column names, of whatever type these are; arrays are read by position."""

import datetime
import json
import pickle
import re
import warnings
from contextlib import nullcontext

import numpy as np
import pytest
import sklearn.neural_network
from model_files import read, repaired, split
from optional import package

import cmlp
from cmlp import MLPClassifier, TabularClassifier, TabularRegressor
from cmlp import __main__ as cli
from cmlp.exceptions import ModelFormatError

QUICK = {"n_estimators": 2, "hidden_layer_sizes": (8,), "max_time": 1e-9, "random_state": 0}

rng = np.random.RandomState(0)
X = np.column_stack(
    [rng.standard_normal(60), rng.exponential(1e3, 60), np.arange(60) % 3, rng.uniform(5, 9, 60)]
)
Y = X[:, 0] + X[:, 2] + rng.standard_normal(60) / 10

NAMES = {
    "default": [0, 1, 2, 3],
    "integers": [7, 3, 5, -1],
    "NumPy's integers": list(np.array([7, 3, 5, 1])),
    "floats": [0.5, 2.0, float("inf"), -1.0],
    "booleans": [True, False, "a", "b"],
    "mixed": [1, "1", "b", 2.5],
    "tuples": [("a", 1), ("a", 2), ("b", 1), ("b", "x")],
    "a missing name": ["a", np.nan, "c", "d"],
    "text": list("abcd"),
}


def frame(names, values=X):
    pandas = package("pandas")
    index = pandas.Index(names, tupleize_cols=False, dtype=object)
    return pandas.DataFrame(values, columns=index)


def shuffled(table):
    return table.iloc[:, [2, 0, 3, 1]]


def fitted(table, **parameters):
    return TabularRegressor(**QUICK, **parameters).fit(table, Y)


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_columns_in_another_order_do_not_change_predictions(names, tmp_path):
    table = frame(names)
    model = fitted(table)
    expected = fitted(X).predict(X)
    model.save(tmp_path / "model.cmlp")
    for one in (model, pickle.loads(pickle.dumps(model)), cmlp.load(tmp_path / "model.cmlp")):
        for rows in (table, shuffled(table)):
            np.testing.assert_array_equal(one.predict(rows), expected)
        is_named = all(
            isinstance(name, str) for name in names
        )  # as networks, which know names of text only
        with (
            pytest.warns(UserWarning, match="X does not have valid feature names")
            if is_named
            else nullcontext()
        ):
            np.testing.assert_array_equal(one.predict(X), expected)
        with pytest.raises(
            ValueError, match="X must have the columns that it had in fit: missing are"
        ):
            one.predict(frame([*names[:3], "other"]))
        with pytest.raises(ValueError, match="missing are"):
            one.predict(table.iloc[:, :3])


def test_a_frame_of_a_range_is_read_by_the_names_of_its_columns():
    pandas = package("pandas")
    table = pandas.DataFrame(X)
    model = fitted(table)
    np.testing.assert_array_equal(model.predict(shuffled(table)), model.predict(X))
    with pytest.raises(ValueError, match=r"missing are \[0\], unknown are \[4\]"):
        model.predict(pandas.DataFrame(X, columns=range(1, 5)))


def test_columns_of_several_levels():
    pandas = package("pandas")
    table = pandas.DataFrame(X, columns=pandas.MultiIndex.from_tuples(NAMES["tuples"]))
    model = fitted(table, categorical_features=[("b", 1)])
    np.testing.assert_array_equal(
        model.predict(shuffled(table)), fitted(X, categorical_features=[2]).predict(X)
    )
    with pytest.raises(ValueError, match=r"has \('b', 9\), but X has no such column"):
        fitted(table, categorical_features=[("b", 9)])


def test_validation_rows_are_read_by_name():
    table = frame(NAMES["mixed"])
    model = TabularRegressor(**QUICK).fit(table, Y, X_val=shuffled(table), y_val=Y)
    same = TabularRegressor(**QUICK).fit(X, Y, X_val=X, y_val=Y)
    np.testing.assert_array_equal(model.predict(table), same.predict(X))


def test_integers_in_categorical_features_are_always_indices():
    named, by_index = (
        fitted(frame([3, 2, 1, 0]), categorical_features=[2]),
        fitted(X, categorical_features=[2]),
    )
    np.testing.assert_array_equal(named.predict(X), by_index.predict(X))


def test_messages_name_the_column():
    table = frame([7, ("a", 1), "b", 2.5], X.astype(object))
    table.iloc[3, 1] = "v"
    with pytest.raises(ValueError, match=r"column \('a', 1\) must be a number, got 'v' in row 3"):
        fitted(table, categorical_features=None)
    with pytest.raises(ValueError, match="two columns of one name, got 7 twice"):
        fitted(frame([7, 7, 8, 9]))


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_feature_names_in_are_those_of_text(names):
    model = fitted(frame(names))
    if names == NAMES["text"]:
        assert model.feature_names_in_.tolist() == names
    else:
        assert not hasattr(model, "feature_names_in_")


def test_exports_number_columns_whose_names_are_no_text(tmp_path):
    model, unnamed = fitted(frame(NAMES["tuples"])), fitted(X)
    for one, name in ((model, "a"), (unnamed, "b")):
        one.to_html(tmp_path / name)
        one.to_c(tmp_path / f"{name}.h", name="table")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a.h").read_bytes() == (tmp_path / "b.h").read_bytes()


@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        (
            ["a", "b", "c", datetime.date(2020, 1, 1)],
            TypeError,
            "a column name of TabularRegressor is a date",
        ),
        ([0, 1, 2, "x" * 70_000], ValueError, "the column names of TabularRegressor take"),
    ],
)
def test_names_that_a_file_cannot_contain_are_refused(tmp_path, names, error, message):
    model = fitted(frame(names))
    np.testing.assert_array_equal(model.predict(shuffled(frame(names))), model.predict(X))
    with pytest.raises(error, match=message):
        model.save(tmp_path / "model.cmlp")
    assert not (tmp_path / "model.cmlp").exists()


def test_names_of_just_the_limit_can_be_stored(tmp_path):
    def saved(n):
        fitted(frame([0, 1, 2, "x" * n])).save(tmp_path / "model.cmlp")

    with pytest.raises(ValueError) as error:
        saved(70_000)
    n_characters, limit = map(int, re.findall(r"\d{5,}", str(error.value)))
    longest = limit - (n_characters - 70_000)
    saved(longest)
    loaded = cmlp.load(tmp_path / "model.cmlp")
    np.testing.assert_array_equal(
        loaded.predict(shuffled(frame([0, 1, 2, "x" * longest]))), loaded.predict(X)
    )
    with pytest.raises(ValueError, match=f"take {limit + 1} characters"):
        saved(longest + 1)


# ------------------------------------------------------------------------------------ MLPClassifier, as scikit-learn


def outcome(kind, names, change):
    """Return what fit and predict do with a frame of these names: an error's type, or whether names are kept."""
    labels = (Y > 1).astype(int)
    table = frame(names)
    try:
        model = kind((4,), max_iter=1, n_iter_no_change=2, random_state=0).fit(table, labels)
    except (TypeError, ValueError) as error:
        return type(error).__name__
    try:
        predicted = model.predict(change(table))
    except (TypeError, ValueError) as error:
        return type(error).__name__, hasattr(model, "feature_names_in_")
    return (predicted == model.predict(np.asarray(change(table)))).all(), hasattr(
        model, "feature_names_in_"
    )


@pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer", "ignore:X does not have valid feature names"
)
@pytest.mark.parametrize("change", [shuffled, lambda table: table], ids=["shuffled", "same"])
@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_networks_follow_the_rule_of_scikit_learn(names, change):
    """Names of text are compared, text and other types together are refused, and all others are ignored."""
    found = outcome(MLPClassifier, names, change)
    assert found == outcome(sklearn.neural_network.MLPClassifier, names, change)
    if all(isinstance(name, str) for name in names):
        assert found == (("ValueError", True) if change is shuffled else (True, True))
    else:
        assert found == (
            "TypeError" if any(isinstance(name, str) for name in names) else (True, False)
        )


def test_files_with_damaged_names_are_refused(tmp_path):
    path = tmp_path / "model.cmlp"
    fitted(frame(NAMES["tuples"])).save(path)
    content = path.read_bytes()
    text, data = split(content)
    good = read(content)[0]["column_names"]
    bad = [
        "{}",
        "[1,2,3]",
        "[1,2,3,1]",
        "[1,2,3,[4]]",
        '[1,2,3,{"dict":[]}]',
        '[1,2,3,{"tuple":[[1]]}]',
        "[",
        "[NaN,1,2,3]",
    ]
    bad += [
        '[1,2,3,{"float":"x"}]',
        '[1,2,3,{"tuple":1}]',
        '[1,2,3,{"tuple":[{"tuple":[]}]}]',
        "[" * 60_000,
    ]

    def escaped(value):
        return value.replace("\\", "\\\\").replace('"', '\\"').encode()

    for value in bad:
        changed = text.replace(escaped(good), escaped(value))
        assert changed != text
        path.write_bytes(repaired(changed.rstrip(b" "), data))
        with pytest.raises(ModelFormatError, match="column_names"):
            cmlp.load(path)
    path.write_bytes(repaired(text, data))
    assert isinstance(cmlp.load(path), TabularRegressor)


def test_the_classifier_reads_by_name_too():
    table, labels = frame(NAMES["integers"]), np.where(Y > 1, "high", "low")
    model = TabularClassifier(**QUICK).fit(table, labels)
    np.testing.assert_array_equal(model.predict_proba(shuffled(table)), model.predict_proba(X))


CONTROL = "\x1b]0;title\x07\x9b\u202e\u2028\u2066\u2067\u2068\u2069"  # of terminals, and of the order of text


def has_control_characters(text):
    return not text.replace("\n", "").isprintable()


def with_control_characters():
    """Return a table of which fit has something to say, and labels; all names and labels have such characters."""
    names = [f"{name}{CONTROL}" for name in ("copy", "text", "empty", "color")]
    columns = [Y, [f"{y:.3f}" for y in Y], [None] * 60, ["p ", "p", "q"] * 20]
    table = package("pandas").DataFrame(dict(zip(names, columns, strict=True)))
    return names, table, np.where(Y > Y.mean(), f"yes{CONTROL}", f"no{CONTROL}")


def warnings_of(function):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function()
    return [str(one.message) for one in caught]


def test_control_characters_of_names_do_not_reach_a_terminal_or_a_page(tmp_path):
    names, table, labels = with_control_characters()
    model = TabularClassifier(**QUICK, keep_background=10)
    said = warnings_of(lambda: model.fit(table, labels))
    report = cmlp.examine(table, Y)
    said += warnings_of(lambda: TabularRegressor(**QUICK).fit(table, Y))
    said += warnings_of(lambda: model.predict(table.assign(**{names[3]: f"r{CONTROL}"})))
    assert any(f"[empty:{ascii(names[2])[1:-1]}]" in text for text in said)
    assert {"parse", "empty", "spelling"} <= {one.code for one in report}
    texts = {
        "warnings": "".join(said),
        "report": str(report),
        "HTML of a report": report._repr_html_(),
        "report of fit": str(model.report_),
        "drift": str(model.drift(table)),
        "explanation of a row": repr(model.explain(table[:1])),
        "explanation of rows": repr(model.explain(table[:3])),
        "finding": repr(report[0]),
        "estimator": repr(TabularRegressor(categorical_features=names)),
    }
    assert [name for name, text in texts.items() if has_control_characters(text)] == []
    for name, text in texts.items():
        assert "\\x1b]0;title\\x07\\x9b\\u202e\\u2028\\u2066\\u2067\\u2068\\u2069" in text, name
    model.to_html(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert not re.search("[\x00-\x08\x1b\x9b\u2028\u202e\u2066-\u2069]", page)


def test_what_programs_read_keeps_the_names():
    names, table, labels = with_control_characters()
    report = cmlp.examine(table, labels)
    found = {one.code: one.columns for one in report}
    assert found["empty"] == (names[2],) and found["spelling"] == (names[3],)
    stored = json.loads(report.to_json())["findings"]
    assert {one["code"]: tuple(one["columns"]) for one in stored} == found
    model = TabularClassifier(**QUICK, keep_background=10)
    warnings_of(lambda: model.fit(table, labels))
    assert model.drift(table).names == names
    explanation = model.explain(table[:2])
    assert explanation.feature_names == names and set(explanation.table()["column"]) == set(names)
    assert set(explanation.output_names) == set(labels)


@pytest.mark.parametrize("as_printed", [False, True])
def test_known_takes_the_name_and_what_a_warning_prints(as_printed):
    names, table, labels = with_control_characters()
    printed = re.findall(
        r"\[(empty:.*?)\]$",
        "\n".join(warnings_of(lambda: TabularClassifier(**QUICK).fit(table, labels))),
        re.M,
    )
    assert len(printed) == 1
    known = printed if as_printed else [f"empty:{names[2]}"]
    model = TabularClassifier(**QUICK, known=known)
    assert not any("[empty" in text for text in warnings_of(lambda: model.fit(table, labels)))
    assert "empty" not in {one.code for one in model.report_}


def test_the_command_prints_no_control_characters(tmp_path, capsys):
    names, table, labels = with_control_characters()
    table.assign(**{f"target{CONTROL}": labels}).to_csv(tmp_path / "rows.csv", index=False)
    data, model = str(tmp_path / "rows.csv"), str(tmp_path / "model.cmlp")
    target = ["--target", f"target{CONTROL}"]
    for arguments in (
        ["train", data, *target, "--table", "-o", model, "--n-epochs", "1", "--drop", names[0]],
        ["examine", data, *target],
        ["predict", model, data, "--proba", "--names"],
        ["check", model, data],
        ["info", model],
        ["train", data, "--target", f"none{CONTROL}", "--table", "-o", model],
    ):
        cli.main(arguments)
        for text in capsys.readouterr():
            assert not has_control_characters(text), arguments
