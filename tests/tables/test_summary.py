"""What a table's model knows about its training rows: values of each column, dates, and the accuracy."""

import datetime
import pickle
import re

import numpy as np
import pytest
from internals import model_of
from model_files import OF_PYTHON, repaired, split, without

import cmlp
from cmlp import TabularClassifier, TabularRegressor
from cmlp.exceptions import ModelFormatError

TINY = {"n_estimators": 2, "hidden_layer_sizes": (8,), "random_state": 0}
NAN = float("nan")


def rows(n=200, seed=0):
    rng = np.random.RandomState(seed)
    return [
        [x, place]
        for x, place in zip(
            rng.standard_normal(n), rng.choice(["a", "b"], n, p=[0.75, 0.25]), strict=True
        )
    ]


def summary(model):
    return model_of(model).summary


def test_values_are_one_from_each_32nd_of_the_sorted_rows():
    X = [[float(k % 64), "b" if k % 4 else "a", NAN if k < 32 else 1.0 * k] for k in range(64)]
    found = summary(TabularRegressor(**TINY).fit(X, range(64))).values
    assert found.shape == (32, 3)
    assert (found[:, 0] // 2 == np.arange(32)).all()
    assert (found[:, 1] == [0.0] * 24 + [1.0] * 8).all()  # codes: "b" is more frequent
    assert (found[:16, 2] // 2 == np.arange(16, 32)).all() and np.isnan(found[16:, 2]).all()


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("days", [64, 96, 160, 365])
def test_values_of_hourly_dates_are_of_all_hours(days, is_weighted):
    hours = np.datetime64("2026-01-01T00") + np.arange(24 * days)
    weight = np.ones(len(hours)) if is_weighted else None
    found = summary(
        TabularRegressor(**TINY).fit([[hour] for hour in hours], hours.astype(float) % 24, weight)
    ).values
    counts = np.bincount((found[:, 0] % 1 * 24).round().astype(int) // 6, minlength=4)
    assert counts.sum() == 32 and counts.min() >= 5 and counts.max() <= 12


def test_values_are_weighted():
    X, weight = [[float(k)] for k in range(40)], [100.0 if k == 7 else 1.0 for k in range(40)]
    found = summary(TabularRegressor(**TINY).fit(X, range(40), sample_weight=weight)).values[:, 0]
    assert (found == 7).sum() == pytest.approx(32 * 100 / 139, abs=1)
    assert (np.diff(found) >= 0).all()


def test_columns_of_dates_are_known():
    pd = pytest.importorskip("pandas")
    days = pd.date_range("2020-01-01", periods=40)
    frame = pd.DataFrame({
        "number": np.arange(40.0),
        "date": days,
        "period": days.to_period("D"),
        "object": [None, *(datetime.date(2020, 1, 1 + k % 28) for k in range(39))],
        "duration": days - days[0],
        "named": days,
        "text": ["a", "b"] * 20,
    })  # fmt: skip
    model = TabularRegressor(**TINY, categorical_features=["named", "text"]).fit(
        frame, np.arange(40.0)
    )
    assert model_of(model).columns.dates == (1, 2, 3)


@pytest.mark.filterwarnings("ignore::cmlp.exceptions.LeakWarning")  # by how y is made here
def test_accuracy_of_classes_is_that_of_held_out_rows_beside_the_most_frequent_class():
    X, y = rows(), np.array(["no"] * 140 + ["yes"] * 60)
    X = [[x + 9 * (label == "yes"), place] for (x, place), label in zip(X, y, strict=True)]
    found = summary(TabularClassifier(**TINY).fit(X, y)).accuracy
    assert found == ("held_out", 50, 1.0, pytest.approx(0.7, abs=0.05))


def test_accuracy_after_calibrate_is_that_of_its_rows():
    X, y = rows(), np.array([x for x, _ in rows()])
    model = TabularRegressor(**TINY).fit(X, y)
    truth = model.predict(X[:9]) + 0.5
    model.calibrate(X[:9], truth)
    kind, n, error, base = summary(model).accuracy
    assert (kind, n) == ("calibration", 9) and error == pytest.approx(0.5)
    assert base == pytest.approx(np.abs(truth - np.median(truth)).mean())
    weight = np.arange(1.0, 10)
    model.calibrate(X[:9], truth + weight, sample_weight=weight)
    assert summary(model).accuracy.value == pytest.approx(np.average(0.5 + weight, weights=weight))


@pytest.mark.parametrize("weighted", [False, True])
def test_each_of_several_answers_has_an_accuracy_and_a_base(weighted):
    X, z = rows(60), np.array([x for x, _ in rows(60)])
    weight = np.arange(1.0, 61) if weighted else None
    y = np.stack([z, 50 * z**2], axis=1)
    model = TabularRegressor(**TINY).fit(X, y).calibrate(X, y, sample_weight=weight)
    errors = np.abs(model.predict(X) - y)
    expected = np.average(errors, axis=0, weights=weight)
    assert summary(model).accuracy[:2] == ("calibration", 60)
    assert [value for value, _ in summary(model).accuracy.pairs] == pytest.approx(expected.tolist())
    if not weighted:
        distances = np.abs(y - np.sort(y, axis=0)[29]).mean(axis=0)
        assert [base for _, base in summary(model).accuracy.pairs] == pytest.approx(
            distances.tolist()
        )
    labels = np.stack([z > 0, z > 1], axis=1).astype(int)
    model = TabularClassifier(**TINY).fit(X, labels).calibrate(X, labels, sample_weight=weight)
    shares = np.average(labels, axis=0, weights=weight)
    right = np.average(model.predict(X) == labels, axis=0, weights=weight)
    for found, share, base in zip(summary(model).accuracy.pairs, right, shares, strict=True):
        assert found == pytest.approx([share, max(base, 1 - base)])


def test_quantiles_have_an_accuracy_with_the_median_only():
    X, y = rows(), [x for x, _ in rows()]
    with_median = TabularRegressor(**TINY, loss="quantile", quantile=[0.1, 0.5]).fit(X, y)
    model = TabularRegressor(**TINY, loss="quantile", quantile=0.9).fit(X, y)
    assert summary(with_median).accuracy is not None and summary(model).accuracy is None


def test_no_accuracy_without_held_out_rows():
    model = TabularRegressor(**TINY, early_stopping=False).fit(rows(), range(200))
    assert summary(model).accuracy is None


@pytest.mark.parametrize("by_pickle", [False, True])
def test_summary_survives_pickles_and_files(by_pickle, tmp_path):
    X = [[x, place, datetime.date(2020, 1, 1 + k % 28)] for k, (x, place) in enumerate(rows())]
    X[3][0] = None
    model = TabularClassifier(**TINY).fit(X, ["no", "yes"] * 100)
    model.save(tmp_path / "table.cmlp")
    again = pickle.loads(pickle.dumps(model)) if by_pickle else cmlp.load(tmp_path / "table.cmlp")
    found = summary(again)
    assert found.values.tobytes() == summary(model).values.tobytes()
    assert model_of(again).columns.dates == (2,) and found.accuracy == summary(model).accuracy


def test_the_accuracy_of_several_answers_survives_pickles_and_files(tmp_path):
    y = np.stack([np.arange(200) % 7, np.arange(200) % 2], axis=1)
    model = TabularRegressor(**TINY).fit(rows(), y)
    model.save(tmp_path / "table.cmlp")
    text, data = split((tmp_path / "table.cmlp").read_bytes())
    for again in (pickle.loads(pickle.dumps(model)), cmlp.load(tmp_path / "table.cmlp")):
        assert (
            summary(again).accuracy == summary(model).accuracy
            and len(summary(again).accuracy.pairs) == 2
        )
    (tmp_path / "table.cmlp").write_bytes(repaired(text.replace(b",50,[", b",50,[0.5,"), data))
    with pytest.raises(ModelFormatError, match="the accuracy of the summary"):
        cmlp.load(tmp_path / "table.cmlp")


DAMAGES = [
    ('[\\"held_out\\",', '[\\"nowhere\\",', "the accuracy of the summary"),
    ('[\\"held_out\\",', '[\\"held_out\\",0,', "the accuracy of the summary"),
    ('\\"accuracy\\":[\\"held_out\\"', '\\"accuracy\\":[true', "the accuracy of the summary"),
    (
        '"summary.values":{"dtype":"F64","shape":[32,2]',
        '"summary.values":{"dtype":"F64","shape":[2,32]',
        "32 finite",
    ),
]


@pytest.mark.parametrize(("old", "new", "message"), DAMAGES)
def test_a_damaged_summary_is_refused(old, new, message, tmp_path):
    path = tmp_path / "table.cmlp"
    TabularClassifier(**TINY).fit(rows(), ["no", "yes"] * 100).save(path)
    text, data = split(path.read_bytes())
    assert old.encode() in text
    path.write_bytes(repaired(text.replace(old.encode(), new.encode()), data))
    with pytest.raises(ModelFormatError, match=message):
        cmlp.load(path)


@pytest.mark.parametrize(
    "found",
    ["[2,0.5]", '[2,\\"held_out\\",9,0.5,0.5]', '[true,\\"held_out\\",9,0.5,0.5]', '[1,\\"other\\",9,0.5,0.5]',
     '[1,\\"held_out\\",0,0.5,0.5]', '[1,\\"held_out\\",9,1.5,0.5]', '[1,\\"held_out\\",9,0.5,1]'],
)  # fmt: skip
def test_what_a_file_says_of_a_threshold_is_checked(found, tmp_path):
    path = tmp_path / "table.cmlp"
    model = TabularClassifier(**TINY).fit(rows(), ["no", "yes"] * 100).choose_threshold(recall=0.8)
    model.save(path)
    assert model_of(cmlp.load(path)).summary.found == model_of(model).summary.found
    text, data = split(path.read_bytes())
    changed = re.sub(rb'(\\"found\\":)[^}]*', lambda match: match[1] + found.encode(), text)
    assert changed != text
    path.write_bytes(repaired(changed, data))
    with pytest.raises(ModelFormatError, match="what the summary says of the threshold"):
        cmlp.load(path)


def test_a_file_of_a_c_program_without_a_summary_is_read(tmp_path):
    path = tmp_path / "table.cmlp"
    TabularClassifier(**TINY).fit(rows(), ["no", "yes"] * 100).save(path)
    path.write_bytes(without(path.read_bytes(), OF_PYTHON))
    model = cmlp.load(path)
    assert summary(model) is None
    model.calibrate(rows(20), ["no", "yes"] * 10)
    model.to_html(tmp_path / "page.html")
    assert "has not been measured" in (tmp_path / "page.html").read_text("utf-8")


@pytest.mark.filterwarnings("ignore::cmlp.exceptions.LeakWarning")  # by how y is made here
def test_columns_of_pandas_cut_and_dates_survive_files(tmp_path):
    pd = pytest.importorskip("pandas")
    rng = np.random.RandomState(0)
    age, n = rng.randint(18, 80, 120), 120
    frame = pd.DataFrame({
        "ages": pd.cut(pd.Series(age), [17, 30, 50, 80]),
        "rows": pd.Series(pd.arrays.IntervalArray.from_arrays(age // 20 * 20, age // 20 * 20 + 20)),
        "since": pd.to_datetime("2020-01-01") + pd.to_timedelta(rng.randint(0, 900, n), "D"),
    })  # fmt: skip
    frame.loc[3, "since"] = pd.NaT
    model = TabularRegressor(**TINY).fit(frame, age.astype(float))
    assert model.score(frame, age) > 0.5
    model.save(tmp_path / "table.cmlp")
    again = cmlp.load(tmp_path / "table.cmlp")
    assert again.predict(frame).tobytes() == model.predict(frame).tobytes()
    assert "(17, 30]" in again.categories_["ages"] and model_of(again).columns.dates == (2,)
