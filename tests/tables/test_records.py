"""Rows of a service: dicts by the names of the columns."""

import datetime

import numpy as np
import pytest
from optional import package

import cmlp
from cmlp import TabularClassifier, TabularRegressor

N = 64
rng = np.random.RandomState(0)
COLUMNS = {
    "1st Flr SF": rng.randint(20, 90, N).astype(float),
    "lift": rng.choice([True, False], N),
    "district": rng.choice(["north", "south"], N),
    "since": [
        datetime.date(2020, 1, 1) + datetime.timedelta(int(day)) for day in rng.randint(0, 900, N)
    ],
}
Y = COLUMNS["1st Flr SF"] * 2
RECORD = {"1st Flr SF": 35.5, "lift": True, "district": "south", "since": datetime.date(2021, 5, 1)}
OTHER = {"since": None, "district": "east", "lift": None, "1st Flr SF": None}
ROWS = [[35.5, True, "south", datetime.date(2021, 5, 1)], [None, None, "east", None]]


def fitted(kind=TabularRegressor, **parameters):
    frame = package("pandas").DataFrame(COLUMNS)
    own = {
        "n_estimators": 2,
        "hidden_layer_sizes": (8,),
        "n_epochs": 2,
        "random_state": 0,
        "keep_background": 8,
    }
    return kind(**own | parameters).fit(frame, Y if kind is TabularRegressor else Y > Y.mean())


@pytest.fixture(scope="module")
def regressor():
    return fitted()


def same(one, other):
    return np.asarray(one).tobytes() == np.asarray(other).tobytes()


@pytest.mark.filterwarnings("ignore")
def test_records_predict_what_a_list_does(regressor):
    expected = regressor.predict(ROWS)
    assert same(regressor.predict([RECORD, OTHER]), expected)
    assert same(regressor.predict((RECORD, OTHER)), expected)
    assert regressor.predict(RECORD).shape == (1,)
    assert same(regressor.predict(RECORD), expected[:1])


@pytest.mark.filterwarnings("ignore")
def test_every_method_that_reads_rows_takes_records(regressor):
    records = [RECORD, OTHER]
    classifier = fitted(TabularClassifier)
    calls = [(regressor, name, ()) for name in ("predict", "predict_interval", "outside")]
    calls += [
        (classifier, name, ())
        for name in ("predict", "predict_proba", "predict_log_proba", "predict_set")
    ]
    calls += [(regressor, "score", ([1.0, 2.0],)), (classifier, "score", ([True, False],))]
    for model, name, others in calls:
        method = getattr(model, name)
        assert same(method(records, *others), method(ROWS, *others)), name
    assert same(regressor.explain(records).values, regressor.explain(ROWS).values)
    assert same(regressor.explain(ROWS, records).values, regressor.explain(ROWS, ROWS).values)
    assert (classifier.certify(records, 0.1).answers == classifier.certify(ROWS, 0.1).answers).all()
    found = [
        fitted().calibrate(rows, [1.0, 2.0]).predict_interval(ROWS) for rows in (records, ROWS)
    ]
    assert same(*found)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"1st Flr SF": "17"}, r"^column '1st Flr SF' must be a number, got '17' in row 1\.$"),
        ({"since": 17.0}, r"^column 'since' must be a date, got 17\.0 in row 1\.$"),
        (
            {"district": b"x"},
            r"^column 'district' must be text or a number, got b'x' in row 1\. Convert bytes to text before, "
            r"for example by value\.decode\(\)\.$",
        ),
        ({"distrikt": "south"}, r"no other keys than the columns, got \['distrikt'\] in row 1\.$"),
        ({"1st Flr SF": [1.0, 2.0]}, r"'1st Flr SF' must have one value in row 1, got list.*pandas\.DataFrame\(X\)"),
        ({"1st Flr SF": np.ones(2)}, "must have one value in row 1, got ndarray"),
        ({"1st Flr SF": float("inf")}, "infinity or a value too large for float64: column '1st Flr SF', row 1"),
    ],
)  # fmt: skip
def test_errors_of_records_name_column_and_row(regressor, change, message):
    with pytest.raises(ValueError, match=message) as caught:
        regressor.predict([RECORD, RECORD | change])
    assert "fit" not in str(caught.value)


def test_a_column_of_values_names_the_data_frame(regressor):
    with pytest.raises(ValueError, match=r"pandas\.DataFrame\(X\)"):
        regressor.predict({name: [value] for name, value in RECORD.items()})


def test_a_misspelt_key_is_named_beside_the_missing_one(regressor):
    wrong = {("distrikt" if key == "district" else key): value for key, value in RECORD.items()}
    with pytest.raises(
        ValueError,
        match=r"'district' has no value in row 0, which has the unknown keys \['distrikt'\]\. A",
    ):
        regressor.predict(wrong)


def test_no_records_have_no_answers(regressor):
    classifier = fitted(TabularClassifier)
    assert regressor.predict([]).shape == (0,) and regressor.predict_interval([]).shape == (0, 2)
    assert classifier.predict([]).dtype == classifier.classes_.dtype
    n = len(classifier.classes_)
    assert classifier.predict_proba([]).shape == classifier.predict_set([]).shape == (0, n)
    assert regressor.outside([]).shape == (0, 4)
    for method in (regressor.calibrate, classifier.calibrate):
        with pytest.raises(ValueError, match="X has no rows"):
            method([], [])
    with pytest.raises(
        ValueError, match="Expected 2D array"
    ):  # of a model without names, [] may be one row
        TabularRegressor(n_epochs=1).fit([[float(i)] for i in range(20)], range(20)).predict([])


def test_a_series_is_refused_with_what_to_pass(regressor):
    frame = package("pandas").DataFrame(COLUMNS)
    with pytest.raises(ValueError, match=r"X is a Series.*X\.to_dict\(\).*iloc"):
        regressor.predict(frame.iloc[7])
    assert same(regressor.predict(frame.iloc[7].to_dict()), regressor.predict(frame.iloc[[7]]))


def test_values_among_records_are_refused(regressor):
    with pytest.raises(ValueError, match="X must be records, got list in row 1"):
        regressor.predict([RECORD, ROWS[0]])


@pytest.mark.filterwarnings("ignore")
def test_missing_keys_are_errors_unless_the_model_allows_them(regressor, tmp_path):
    short = {"1st Flr SF": 35.5, "lift": True, "district": "south"}
    with pytest.raises(
        ValueError, match=r"^column 'since' has no value in row 0\. A missing value is None\.$"
    ):
        regressor.predict(short)
    model = fitted().set_params(allow_missing_keys=True)
    expected = model.predict([[35.5, True, "south", None]])
    assert same(model.predict(short), expected)
    model.save(tmp_path / "model.cmlp")
    assert same(cmlp.load(tmp_path / "model.cmlp").predict(short), expected)
    assert same(model.predict({}), model.predict([[None] * 4]))
    with pytest.raises(ValueError, match="no other keys"):
        model.predict({"sinze": None})


def test_model_without_names_refuses_records():
    model = TabularRegressor(n_estimators=1, n_epochs=1, random_state=0).fit(
        [[1.0], [2.0]] * 9, [1.0, 2.0] * 9
    )
    with pytest.raises(
        ValueError, match="fitted without column names: pass rows of values in the order"
    ):
        model.predict({"a": 1.0})


def test_fit_takes_no_records():
    with pytest.raises(ValueError, match="X is a list of dicts"):
        TabularRegressor().fit([RECORD] * 4, [1.0, 2.0] * 2)


def test_types_and_categories_of_the_columns(regressor):
    assert regressor.column_types_ == {
        "1st Flr SF": "number",
        "lift": "boolean",
        "district": "category",
        "since": "date",
    }
    assert regressor.categories_ == {"district": ["north", "south"]}
    model = TabularRegressor(n_estimators=1, n_epochs=1, random_state=0).fit(
        [[1.0, "x"]] * 18, range(18)
    )
    assert model.column_types_ == {0: "number", 1: "category"}
    assert model.categories_ == {}  # of columns that no network uses, nothing is kept


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("n", [1, 33])
def test_few_and_many_rows_of_a_frame_are_read_alike(library, n):
    values = {
        "small": np.arange(64, dtype=np.int8),
        "single": np.linspace(0, 1, 64, dtype=np.float32),
        "large": 2**60 + np.arange(64),
        "flag": np.arange(64) % 3 == 0,
        "text": [None, "a", "b", "c"] * 16,
        "rows": np.arange(64) / 7,  # also a method of polars' frames
    }
    frame = package(library).DataFrame(values)
    model = TabularRegressor(n_epochs=1, random_state=0)
    model.set_params(n_estimators=2, categorical_features=["large", "text"]).fit(
        frame, np.arange(64.0)
    )
    rows = list(zip(*(np.asarray(frame[name], object).tolist() for name in values), strict=True))
    assert same(model.predict(frame[:n]), model.predict(rows)[:n])
