"""`missing_values`: a cell that equals a code is missing, in fit and later, in every format."""

import json
import pickle
import warnings

import numpy as np
import pytest
from c_export import answers, needs_gcc
from cell_cases import model_in_c
from helpers import assert_same_bits
from internals import model_of
from optional import package
from sklearn.base import clone
from table_models import assert_table_agrees

import cmlp
from cmlp import TabularClassifier, TabularRegressor
from cmlp.exceptions import InvalidParameterError

FAST = {"n_estimators": 2, "hidden_layer_sizes": (6,), "n_epochs": 2, "random_state": 0}
N = 120
CODES = {
    "x": -999,
    "whole": (666, -999),
    "text": "unknown",
    "mixed": ["n/k", 9],
    "day": "1900-01-01",
    "size": "none",
    "form": 99999999,
    "empty": 0,
}
GONE = {**CODES, "whole": 666, "mixed": "n/k", "day": np.datetime64("1900-01-01")}


def columns(n=N, seed=0):
    """Return columns of every kind, and in which rows each of them is missing."""
    rng = np.random.RandomState(seed)
    days = np.datetime64("2020-01-01") + rng.randint(0, 900, n)
    values = {
        "x": rng.standard_normal(n),
        "whole": rng.randint(0, 20, n),
        "text": rng.choice(["a", "b", "c"], n),
        "mixed": rng.standard_normal(n),
        "day": days,
        "size": rng.choice(["S", "M", "L"], n),
        "form": [int(day.item().strftime("%Y%m%d")) for day in days],
        "empty": rng.standard_normal(n),
    }
    absent = {name: rng.random_sample(n) < 0.2 for name in values}
    absent["empty"][:] = True
    return values, absent


def frame(*, coded, n=N, seed=0):
    """Return the columns with codes or None where they are missing."""
    pd = package("pandas")
    values, absent = columns(n, seed)
    found = {}
    for name, column in values.items():
        entries = np.array(column, object)
        entries[absent[name]] = GONE[name] if coded else None
        found[name] = pd.Series(entries.tolist())
    found["day"] = pd.to_datetime(found["day"])
    levels = ["S", "none", "M", "L"] if coded else ["S", "M", "L"]
    found["size"] = pd.Series(pd.Categorical(found["size"], categories=levels, ordered=True))
    if not coded:
        for name in ("x", "whole", "mixed", "form", "empty"):
            found[name] = found[name].astype(float)
    return pd.DataFrame(found)


def target(n=N):
    values, absent = columns(n)
    return np.where(absent["x"], 3.0, values["x"]) + (values["text"] == "a") + absent["text"]


def fitted(codes=CODES, *, coded=True, **parameters):
    options = {**FAST, "date_formats": {"form": "%Y%m%d"}, "known": ["empty"], **parameters}
    return TabularRegressor(missing_values=codes, **options).fit(frame(coded=coded), target())


@pytest.fixture(scope="module")
def model():
    return fitted()


@pytest.fixture(scope="module")
def expected():
    return fitted(None, coded=False)


def coded_rows(model, X):
    """Return raw rows that have the codes of numbers and dates instead of NaN."""
    raw = model_of(model).columns.read(X, "test")
    for i, column in enumerate(model_of(model).columns):
        if len(column.missing_numbers):
            raw[np.isnan(raw[:, i]), i] = column.missing_numbers[-1]
    return raw


def test_codes_have_the_bits_of_missing_values(model, expected):
    assert model.column_types_ == expected.column_types_
    for seed in (0, 1):
        wanted = expected.predict(frame(coded=False, seed=seed))
        assert_same_bits(model.predict(frame(coded=True, seed=seed)), wanted)
        assert_same_bits(model.predict(frame(coded=False, seed=seed)), wanted)


def test_codes_are_missing_for_all_that_reads_rows(model, expected):
    X, wanted = frame(coded=True, seed=1), frame(coded=False, seed=1)
    assert_same_bits(model.outside(X), expected.outside(wanted))
    assert_same_bits(
        model.explain(X[:2], background=X[:8]).values,
        expected.explain(wanted[:2], background=wanted[:8]).values,
    )
    assert_same_bits(model.drift(X).missing, expected.drift(wanted).missing)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict(X)
    record = dict(X.iloc[0].items())
    assert_same_bits(model.predict(record), model.predict(X[:1]))


def test_codes_of_all_columns_of_an_array():
    values, absent = columns()
    X = np.column_stack([values["x"], values["whole"], values["mixed"]])
    holes = np.column_stack([absent["x"], absent["whole"], absent["mixed"]])
    coded, given = np.where(holes, -9.5, X), np.where(holes, np.nan, X)
    wanted = TabularRegressor(**FAST).fit(given, target()).predict(given)
    for codes in (-9.5, "-9.5", [np.nan, -9.5, None], np.array([-9.5])):
        model = TabularRegressor(**FAST, missing_values=codes).fit(coded, target())
        assert_same_bits(model.predict(coded), wanted)
        assert_same_bits(model.predict(coded.tolist()), wanted)


def polars_frame(values):
    pl = package("polars")
    return pl.DataFrame({"x": pl.Series(values)})


def nullable_frame(values):
    pd = package("pandas")
    return pd.DataFrame({"x": pd.Series(values, dtype=values.dtype.name.capitalize())})


@pytest.mark.parametrize("code, dtype", [(-99.9, "f4"), (1e20, "f4"), (-99.9, "f2"), (-999, "f2")])
@pytest.mark.parametrize(
    "make",
    [
        lambda values: values.reshape(-1, 1),
        lambda values: package("pandas").DataFrame({"x": values}),
        nullable_frame,
        polars_frame,
    ],
    ids=["numpy", "pandas", "nullable", "polars"],
)
def test_codes_of_short_floats_are_missing_in_their_type_and_as_doubles(make, code, dtype):
    if dtype == "f2" and make in (nullable_frame, polars_frame):
        return  # these have no such type
    absent = np.random.RandomState(0).random_sample(N) < 0.2
    values = np.random.RandomState(0).standard_normal(N).astype(dtype)
    y = np.where(absent, 3.0, values)
    coded, given = (make(np.where(absent, np.array(one, dtype), values)) for one in (code, np.nan))
    parameters = {**FAST, "known": ["useless"]}
    model = TabularRegressor(**parameters, missing_values={0: code}).fit(coded, y)
    assert [*model.report_] == []
    wanted = TabularRegressor(**parameters).fit(given, y).predict(given)
    doubles = make(np.where(absent, np.float64(code), values.astype(np.float64)))
    for rows in (coded, doubles):
        assert_same_bits(model.predict(rows), wanted)


def test_nan_as_a_code_changes_nothing(expected):
    model = fitted({"x": np.nan, "text": None, "whole": []}, coded=False)
    assert_same_bits(model.predict(frame(coded=False)), expected.predict(frame(coded=False)))
    assert model_of(model).columns.n_missing is None


def test_dates_that_are_categories_have_codes():
    days = np.array([f"20{10 + i % 4}-01-01" for i in range(60)], "M8[D]").astype(object)
    coded = np.where(np.arange(60) % 5 == 0, np.datetime64("1900-01-01").item(), days)
    given = np.where(np.arange(60) % 5 == 0, None, days)
    parameters = {**FAST, "categorical_features": [0]}
    X, wanted = (each.reshape(-1, 1) for each in (coded, given))
    model = TabularRegressor(**parameters, missing_values="1900-01-01").fit(X, np.arange(60) % 4.0)
    other = TabularRegressor(**parameters).fit(wanted, np.arange(60) % 4.0)
    assert_same_bits(model.predict(X), other.predict(wanted))


def test_classifiers_with_statistics_and_validation_rows():
    rng = np.random.RandomState(0)
    ids = rng.randint(0, 300, 900)
    coded, given = np.where(ids < 40, -1, ids), np.where(ids < 40, None, ids)
    y = rng.randint(0, 2, 900)
    found = []
    for X, codes in ((coded, {0: -1}), (given, None)):
        model = TabularClassifier(**FAST, categorical_features=[0], missing_values=codes)
        X = X.reshape(-1, 1)
        model.fit(X[:600], y[:600], X_val=X[600:], y_val=y[600:])
        found.append(model.predict_proba(X))
    assert_same_bits(*found)


@pytest.mark.parametrize(
    "codes, message",
    [
        ({"other": 1}, "has 'other', but X has no such column"),
        ({True: 1}, "has True, but X has no such column"),
        ({99: 1}, "has 99, but X has no such column"),
        (np.inf, "must be None, a finite number, .*, got inf"),
        (10**400, "must be None, a finite number"),
        (True, "must be None, a finite number, .*, got True"),
        ({"x": {1: 2}}, "must be None, a finite number"),
        ([[1]], "must be None, a finite number"),
        (b"x", "must be None, a finite number"),
    ],
)
def test_wrong_codes_are_refused_by_name(codes, message):
    with pytest.raises(InvalidParameterError, match=f"missing_values {message}") as caught:
        fitted(codes)
    assert caught.value.parameter == "missing_values"


def test_searches_copy_codes():
    model = TabularRegressor(missing_values=CODES)
    assert model.get_params()["missing_values"] is CODES
    assert clone(model).missing_values == CODES
    assert model.set_params(missing_values=-1).missing_values == -1


# ------------------------------------------------------------------------------------------------------ formats


def test_files_and_pickles_keep_codes(model, expected, tmp_path):
    model.save(tmp_path / "a.cmlp")
    assert b'"requires":"missing_values"' in (tmp_path / "a.cmlp").read_bytes()
    loaded = cmlp.load(tmp_path / "a.cmlp")
    assert loaded.missing_values == CODES
    wanted = expected.predict(frame(coded=False, seed=1))
    for copy in (loaded, pickle.loads(pickle.dumps(model)), pickle.loads(pickle.dumps(loaded))):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert_same_bits(copy.predict(frame(coded=True, seed=1)), wanted)
        copy.save(tmp_path / "b.cmlp")
        assert (tmp_path / "a.cmlp").read_bytes() == (tmp_path / "b.cmlp").read_bytes()


def test_a_file_without_codes_requires_nothing(expected, tmp_path):
    expected.save(tmp_path / "a.cmlp")
    text = (tmp_path / "a.cmlp").read_bytes()
    assert b"requires" not in text and b"/missing:" not in text


def test_c_reads_codes_in_rows_and_cells(model, expected, tmp_path):
    X = frame(coded=False, seed=1)
    raw, wanted = coded_rows(model, X), expected.predict(X)
    core = model_in_c(model, tmp_path)
    assert_same_bits(np.array([core.predict(row)[1][0] for row in raw]), wanted)
    names = [*X.columns]
    outside = model.outside(X)
    for row, distances in zip(raw[:20], outside, strict=False):
        assert_same_bits(core.outside(row), distances)
    i = names.index("text")
    missing = core.category(i, None)
    assert core.category(i, "unknown") == core.cell(i, "unknown") == missing >= 0
    assert core.category(i, "new") == -1
    assert core.category_of(i, int(missing)) is None
    for name, cell in {
        "mixed": " n/k ",
        "x": "-999.0",
        "whole": "666",
        "day": "1900-01-01",
    }.items():
        assert np.isnan(core.cell(names.index(name), cell))


def test_c_reads_codes_of_short_floats_in_their_type_and_as_doubles(tmp_path):
    code = np.float32(-99.9)
    X = np.where(np.arange(N) % 5 == 0, code, np.arange(N, dtype=np.float32)).reshape(-1, 1)
    model = TabularRegressor(**FAST, missing_values=-99.9).fit(X, np.arange(N) % 5)
    core, wanted = model_in_c(model, tmp_path), model.predict([[np.nan]])
    for number in (float(code), -99.9, np.nan):
        assert_same_bits(np.array(core.predict(np.array([number]))[1]), wanted)


@needs_gcc
def test_headers_read_codes(model, expected, tmp_path):
    X = frame(coded=False, seed=1)
    model.to_c(tmp_path / "table.h")
    assert "n_missing_values" in (tmp_path / "table.h").read_text()
    raw = coded_rows(model, X)
    numbers = model_of(model)
    assert_same_bits(numbers.predict(raw).ravel(), expected.predict(X))
    assert_table_agrees(tmp_path, model, frame(coded=True, seed=1))
    model.to_c(tmp_path / "table.h", intervals=True)
    outputs, ends, distances = answers(tmp_path, "table", raw, 0.9)
    assert_same_bits(outputs, expected.predict(X)[:, None])
    assert_same_bits(ends, model.predict_interval(X, 0.9))
    assert_same_bits(distances, model.outside(X))


def test_onnx_reads_codes(model, expected, tmp_path):
    runtime = package("onnxruntime")
    X = frame(coded=True, seed=1)
    raw = coded_rows(model, frame(coded=False, seed=1))
    model.to_onnx(tmp_path / "table.onnx")
    session = runtime.InferenceSession(tmp_path / "table.onnx")
    given = {}
    for i, one in enumerate(session.get_inputs()):
        is_text = "double" not in one.type
        column = X.iloc[:, i].to_numpy(object) if is_text else raw[:, i]
        given[one.name] = column.reshape(-1, 1)
    (found,) = session.run(None, given)
    assert np.abs(found.ravel() - expected.predict(frame(coded=False, seed=1))).max() < 1e-5


def test_modules_read_codes(model, expected):
    torch = package("torch")
    X = frame(coded=False, seed=1)
    found = model.to_torch()(torch.tensor(coded_rows(model, X))).detach().numpy()
    assert np.abs(found.ravel() - expected.predict(X)).max() < 1e-5


def test_certified_boxes_with_a_code_hold_for_missing_values():
    rng = np.random.RandomState(0)
    X = rng.uniform(-1, 1, (200, 1))
    X[::5] = 0.5
    y = np.where(X[:, 0] == 0.5, 1, 0)
    model = TabularClassifier(**{**FAST, "n_epochs": 30}, missing_values=0.5).fit(X, y)
    given = np.array([[-0.9], [0.4]])
    assert model.predict([[0.5]]) == 1
    found = model.certify(given, 0.2)
    assert model.predict(given).tolist() == [0, 0]
    assert found.answers[1] != "certified"


def test_verify_and_resume_know_codes(tmp_path):
    X, y = frame(coded=True), target()
    model = fitted(provenance=True)
    assert cmlp.verify(model, X, y).reason == "identical"
    changed = X.copy()
    changed.loc[columns()[1]["x"], "x"] = 5.0
    assert cmlp.verify(model, changed, y).reason == "data"
    assert cmlp.verify(model, frame(coded=False), y).reason == "identical"
    short = fitted(n_epochs=3, max_time=1e-9)
    short.set_params(max_time=None)
    assert_same_bits(short.fit(X, y, resume=True).predict(X), fitted(n_epochs=3).predict(X))


def test_info_and_parameters_of_files(model, tmp_path):
    model.save(tmp_path / "a.cmlp")
    text = (tmp_path / "a.cmlp").read_bytes().decode("latin-1")
    head = json.loads(text[8 : 8 + int.from_bytes(text[:8].encode("latin-1"), "little")])
    words = head["__metadata__"]["columns"].split(",")
    # 99999999 is no date of the form, and so a word for missing cells.
    assert [word.partition("/missing:")[2] for word in words] == [
        "1",
        "2",
        "1",
        "1",
        "1",
        "1",
        "",
        "1",
    ]


def test_a_warm_start_says_that_it_keeps_the_codes_of_the_first_fit(tmp_path):
    pandas = package("pandas")
    rng = np.random.RandomState(0)
    x = rng.standard_normal(200).astype(np.float32)
    kind = np.array(["a", "b", "zz"])[rng.randint(0, 3, 200)]
    x[:30] = -99.9
    X, y = pandas.DataFrame({"x": x, "kind": kind}), rng.standard_normal(200)
    codes = {"x": -99.9, "kind": "zz"}
    known = ["useless", "ids", "unmatched"]
    model = TabularRegressor(**FAST, warm_start=True, missing_values=codes, known=known).fit(X, y)
    model.save(tmp_path / "model.cmlp")

    def said(model, rows, missing_values):
        model.set_params(warm_start=True, missing_values=missing_values)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(rows, y)
        return [str(one.message) for one in caught if "warm_start" in str(one.message)]

    for one in (model, cmlp.load(tmp_path / "model.cmlp")):
        for rows in (X, X.astype({"x": float})):
            assert said(one, rows, codes) == []
        for other in (None, -99.9, {"x": -99.9}, codes | {"x": [-99.9, -1]}):
            (message,) = said(one, X, other)
            assert message == (
                "warm_start=True keeps the missing values of the first fit, which missing_values="
                f"{other!r} does not change: fit with warm_start=False to use others."
            )
