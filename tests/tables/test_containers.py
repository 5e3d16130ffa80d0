"""Columns of equal content give the same bits of the model from every container: the table in docs/guide/tables.md."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pytest
from optional import package

import cmlp
from cmlp import TabularRegressor
from cmlp.exceptions import RoundedIdsWarning

BERLIN = timezone(timedelta(hours=1))
N = 40
TARGET = [float(i % 5) for i in range(N)]
DAYS = [date(2020, 5, 1 + i) for i in range(5)]
TIMES = [datetime(2020, 5, 1, 12, 30, i, 500_000 * (i % 2)) for i in range(5)]
# Entries of each kind of column, and whether the column is named in `categorical_features`.
KINDS = {
    "double": [0.5, 1.25, -3.0, 1e300, 0.0],
    "integer": [1, -2, 300, 2**40, 0],
    "boolean": [True, False, False, True, True],
    "text": ["a", "b", "12", " c ", "None"],
    "date": DAYS,
    "time": TIMES,
    "instant": [one.replace(tzinfo=UTC) for one in TIMES],
    "duration": [timedelta(days=i, seconds=7 * i, microseconds=i) for i in range(5)],
    "decimal": [
        Decimal("1.50"),
        Decimal("-2.25"),
        Decimal("100.00"),
        Decimal("0.10"),
        Decimal("3.00"),
    ],
}
AS_CATEGORIES = {
    "integer": [2**60 + 1, 2**60 + 2, -7, 10, 0],
    "double": [0.5, 1.25, -3.0, 10.0, 1e300],
    **{name: KINDS[name] for name in ("boolean", "date", "time", "instant", "duration", "decimal")},
}
CASES = [("number", name, values) for name, values in KINDS.items()]
CASES += [("category", name, values) for name, values in AS_CATEGORIES.items()]


def column(values, missing):
    rows = [values[i % 5] for i in range(N)]
    return [None if missing and i % 7 == 3 else value for i, value in enumerate(rows)]


def arrow_type(name):
    arrow = package("pyarrow")
    types = {
        "double": arrow.float64(),
        "integer": arrow.int64(),
        "boolean": arrow.bool_(),
        "text": arrow.string(),
    }
    types |= {
        "date": arrow.date32(),
        "time": arrow.timestamp("us"),
        "instant": arrow.timestamp("us", "UTC"),
    }
    return types | {"duration": arrow.duration("us"), "decimal": arrow.decimal128(12, 2)}, arrow


def arrow_tables(name, entries, *, is_category):
    types, arrow = arrow_type(name)
    whole = arrow.array(entries, types[name])
    more = {
        "text": [arrow.large_string()],
        "date": [arrow.date64(), arrow.timestamp("ms")],
        "time": [arrow.timestamp("ns"), arrow.timestamp("ms")],
        "instant": [arrow.timestamp("ns", "Europe/Berlin")],
        "duration": [arrow.duration("ns")],
    }.get(name, [])
    columns = [whole, *map(whole.cast, more)]
    columns += [arrow.array(entries, arrow.string_view())] if name == "text" else []
    if (is_category and name not in ("boolean", "decimal")) or name == "text":
        columns += [one.dictionary_encode() for one in columns[:2]]
    for one in columns:
        table = arrow.table({"x": one, "z": TARGET})
        yield f"Arrow {one.type}", table
        yield f"Arrow stream of {one.type}", table.to_reader(max_chunksize=16)


def pandas_frames(name, entries, *, is_category):
    pandas = package("pandas")
    types = arrow_type(name)[0]
    is_missing = None in entries
    dtypes = {
        "double": ["float64", "Float64"],
        "integer": ["Int64"] if is_missing else ["int64", "Int64"],
        "boolean": ["boolean"] if is_missing else ["bool", "boolean"],
        "text": ["str", "string", "category"],
        "date": ["datetime64[ns]", "datetime64[s]"],
        "time": ["datetime64[ns]", "datetime64[us]"],
        "instant": ["datetime64[ns, UTC]", "datetime64[us, Europe/Berlin]"],
        "duration": ["timedelta64[ns]", "timedelta64[us]"],
    }.get(name, [])
    series = [(dtype, pandas.Series(entries, dtype=dtype)) for dtype in dtypes]
    series.append(("object", pandas.Series(entries, dtype=object)))
    series.append(("Arrow", pandas.Series(entries, dtype=pandas.ArrowDtype(types[name]))))
    if (
        is_category and name != "boolean"
    ):  # a category dtype of booleans and missing values has objects
        series.append(("category", pandas.Series(entries, dtype=object).astype("category")))
    if name == "date" and is_category:
        series.append(
            ("datetime category", pandas.to_datetime(pandas.Series(entries)).astype("category"))
        )
    for dtype, one in series:
        yield f"pandas {dtype}", pandas.DataFrame({"x": one, "z": TARGET})


def polars_frames(name, entries):
    polars = package("polars")
    types = {"double": [polars.Float64], "integer": [polars.Int64], "boolean": [polars.Boolean]}
    if name == "text":
        types["text"] = [polars.String, polars.Categorical]
    types |= {
        "date": [polars.Date, polars.Datetime("us")],
        "time": [polars.Datetime("us"), polars.Datetime("ns")],
    }
    types |= {"instant": [polars.Datetime("us", "UTC"), polars.Datetime("ms", "Europe/Berlin")]}
    types |= {
        "duration": [polars.Duration("us"), polars.Duration("ns")],
        "decimal": [polars.Decimal(12, 2)],
    }
    for dtype in types[name]:
        series = polars.Series(
            "x", entries, dtype=polars.Date if name == "date" else types[name][0]
        ).cast(dtype)
        yield f"polars {dtype}", polars.DataFrame([series, polars.Series("z", TARGET)])


def arrays(name, entries):
    rows = list(zip(entries, TARGET, strict=True))
    yield "list of tuples", rows
    yield "list of lists", list(map(list, rows))
    yield "array of objects", np.array(rows, object)
    if name == "double":
        filled = [np.nan if entry is None else entry for entry in entries]
        yield "array of doubles", np.array([filled, TARGET]).T
        yield "list of arrays", list(np.array([filled, TARGET]).T)


def bits(model, path):
    model.save(path)
    return path.read_bytes()


@pytest.mark.parametrize("missing", [False, True], ids=["whole", "missing"])
@pytest.mark.parametrize(
    "role, name, values", CASES, ids=[f"{role}-{name}" for role, name, _ in CASES]
)
def test_columns_of_equal_content_give_equal_bits(role, name, values, missing, tmp_path):
    entries, is_category = column(values, missing), role == "category"
    frames = [*pandas_frames(name, entries, is_category=is_category), *polars_frames(name, entries)]
    for group in (
        [*frames, *arrow_tables(name, entries, is_category=is_category)],
        arrays(name, entries),
    ):
        first = None
        for title, X in group:
            stream = hasattr(X, "read_all")
            chosen = (
                ([0] if isinstance(X, (list, np.ndarray)) else ["x"])
                if is_category
                else "from_dtype"
            )
            model = TabularRegressor(
                n_estimators=1, n_epochs=2, random_state=0, categorical_features=chosen
            )
            X = X.read_all() if stream else X
            model.fit(X.to_reader() if stream else X, TARGET)
            answers = model.predict(X.to_reader() if stream else X)
            found = bits(model, tmp_path / "model.cmlp"), answers.tobytes()
            first = first or found
            assert found == first, title
            loaded = cmlp.load(tmp_path / "model.cmlp")
            assert loaded.predict(X.to_reader() if stream else X).tobytes() == found[1], title
            assert bits(loaded, tmp_path / "again.cmlp") == found[0], title
            if not stream and not hasattr(X, "schema"):
                assert [*model.predict(X[:1]), *model.predict(X[3:4])] == [
                    answers[0],
                    answers[3],
                ], title


def frames_of(values, pandas_type, arrow_type=None):
    pandas, polars, arrow = package("pandas"), package("polars"), package("pyarrow")
    yield pandas.DataFrame({"x": pandas.Series(values, dtype=pandas_type)})
    yield polars.DataFrame({"x": polars.Series(values, dtype=polars.Int64)})
    yield arrow.table({"x": arrow.array(values, arrow.int64())})
    yield [[value] for value in values]


def test_integers_stay_integers_and_rows_do_not_depend_on_others():
    """Beside a missing value, NumPy's arrays of these columns are doubles, which merge integers from 2**53 on."""
    ids = [2**60, 2**60 + 1, 2**60 + 2] * 12
    y = [10.0, 20.0, 30.0] * 12
    for X in frames_of([*ids, None], "Int64"):
        chosen = [0] if isinstance(X, list) else ["x"]
        model = TabularRegressor(random_state=0, categorical_features=chosen, n_estimators=1).fit(
            X, [*y, 20.0]
        )
        whole = model.predict(X)
        assert abs(whole[:3] - y[:3]).max() < 5
        parts = [model.predict(X[i : i + 1])[0] for i in (0, 1, 2, 36)]
        np.testing.assert_array_equal(parts, whole[[0, 1, 2, 36]])


FAST = {"n_estimators": 1, "hidden_layer_sizes": (4,), "n_epochs": 1, "random_state": 0}


def as_floats(ids):
    """Return a frame of pandas in which ids are floats, because one is missing."""
    return package("pandas").DataFrame({"id": [*map(float, ids), None]})


@pytest.mark.parametrize("kind", ["named", "category"])
def test_categories_that_pandas_may_have_rounded_are_named_at_fit(kind):
    frame = as_floats([2**53, 2**53 + 2] * 10)
    chosen = ["id"] if kind == "named" else "from_dtype"
    model = TabularRegressor(categorical_features=chosen, **FAST)
    with pytest.warns(
        UserWarning, match=r"^column 'id' has floats from 2\*\*53 on, such as 9007.*e"
    ):
        model.fit(frame if kind == "named" else frame.astype("category"), np.arange(21.0))
    smaller = as_floats([2**53 - 1, -(2**53) + 2] * 10)
    TabularRegressor(categorical_features=["id"], **FAST).fit(smaller, np.arange(21.0))


@pytest.mark.parametrize("n", [2, 40])
def test_categories_that_pandas_may_have_rounded_are_named_once_at_predict(n):
    ids = [2**60 + 1, 2**60 + 2, -(2**60) - 1, 5] * 10
    whole = package("pandas").DataFrame({"id": ids})
    model = TabularRegressor(categorical_features=["id"], **FAST).fit(whole, np.arange(40.0))
    model.predict(whole[:n])
    assert model.warning_counts_ == {}
    rounded = as_floats(ids)
    with pytest.warns(UserWarning) as caught:
        model.predict(rounded[:n])
    assert "column 'id' has floats from 2**53 on" in str(caught[0].message)
    model.predict(rounded[:n])
    assert model.warning_counts_["column 'id': floats from 2**53 on"] == 2


def test_large_numbers_are_read_in_silence():
    numbers = np.exp(np.random.RandomState(0).normal(60, 2, (40, 2)))
    numbers[3, 1] = np.nan
    assert numbers[0, 0] > 2**53
    for X in (numbers, package("pandas").DataFrame(numbers, columns=["a", "b"])):
        model = TabularRegressor(**FAST).fit(X, np.arange(40.0))
        model.predict(X)
        assert model.warning_counts_ == {}


def test_groups_that_pandas_may_have_rounded_are_named():
    groups = as_floats(2**60 + np.arange(40) // 4 * 1000)["id"][:-1]
    X = np.random.RandomState(0).standard_normal((40, 2))
    with pytest.warns(UserWarning, match=r"^groups has floats from 2\*\*53 on"):
        TabularRegressor(**FAST).fit(X, np.arange(40.0), groups=groups)


@pytest.mark.parametrize("kind", ["floats", "integers", "texts"])
def test_ids_that_a_spreadsheet_has_rounded_are_named(kind):
    ids = np.random.RandomState(0).randint(10**11, 10**12, 20, np.int64).repeat(2)
    texts = [f"{one:.5E}" for one in ids.tolist()]
    rounded = {
        "floats": [*map(float, texts)],
        "integers": [int(float(text)) for text in texts],
        "texts": texts,
    }[kind]
    y, x = np.arange(40.0), np.random.RandomState(1).standard_normal(40)
    rounds = r" has whole numbers of at most six digits and zeros behind them, such as '?1"
    pandas = package("pandas")
    model = TabularRegressor(categorical_features=["id"], **FAST, known=["useless", "ids"])
    with pytest.warns(RoundedIdsWarning, match=rf"^column 'id'{rounds}.* become one category\."):
        model.fit(pandas.DataFrame({"id": rounded, "x": x}), y)
    with pytest.warns(RoundedIdsWarning, match=rf"^groups{rounds}.* become one group\."):
        TabularRegressor(**FAST, known=["useless", "ids"]).fit(x[:, None], y, groups=rounded)
    right = {
        "floats": ids.astype(float),
        "integers": np.array([10**11, 3 * 10**12, 10**15, 2 * 10**11]).repeat(10),
        "texts": ids.astype(str),
    }[kind]
    model.fit(pandas.DataFrame({"id": right, "x": x}), y)
    TabularRegressor(**FAST, known=["useless", "ids"]).fit(x[:, None], y, groups=right)


def test_integers_beside_doubles_in_a_list_stay_integers():
    X = [[2**60 + i % 2, 0.5 + i] for i in range(N)]
    model = TabularRegressor(
        n_estimators=1, n_epochs=1, random_state=0, categorical_features=[0]
    ).fit(X, TARGET)
    assert sorted(model.categories_[0]) == [2**60, 2**60 + 1]


@pytest.mark.parametrize(
    "values", [KINDS["double"], AS_CATEGORIES["integer"], DAYS, KINDS["boolean"]]
)
def test_nulls_of_dictionaries_of_arrow_are_missing(values):
    """An array that pyarrow makes of a dictionary has another entry instead of null."""
    arrow = package("pyarrow")
    whole = arrow.array(column(values, True))
    found = []
    for one in (whole, whole.dictionary_encode()):
        X = arrow.table({"x": one})
        model = TabularRegressor(
            n_estimators=1, n_epochs=2, random_state=0, categorical_features=None
        ).fit(X, TARGET)
        found.append(model.predict(X).tobytes())
    assert found[0] == found[1]


def test_the_categories_of_pandas_are_those_of_whole_numbers():
    """A column of integers of pandas becomes one of doubles if a value is missing."""
    pandas = package("pandas")
    values = [10, 20, None, 30] * 10
    fits = [
        pandas.DataFrame({"x": pandas.Series(values, dtype=dtype)})
        for dtype in ("Int64", "float64", object)
    ]
    fits.append(pandas.DataFrame({"x": pandas.Categorical(values)}))
    for frame in fits:
        model = TabularRegressor(n_estimators=1, n_epochs=1, categorical_features=["x"]).fit(
            frame, TARGET
        )
        assert model.categories_["x"] == [10, 20, 30, None]
        assert all(type(value) is int for value in model.categories_["x"][:3])


def fitted(values, chosen=None):
    X = [[value, 1.0 * i] for i, value in enumerate(values)]
    chosen = "from_dtype" if chosen is None else chosen
    parameters = {
        "n_estimators": 1,
        "n_epochs": 1,
        "random_state": 0,
        "categorical_features": chosen,
    }
    return TabularRegressor(**parameters).fit(np.array(X, object), TARGET[: len(X)])


@pytest.mark.parametrize("chosen", [None, [0]], ids=["number", "category"])
def test_times_with_and_without_an_offset_are_different_kinds(chosen, tmp_path):
    naive, aware = TIMES * 2, [one.replace(tzinfo=BERLIN) for one in TIMES] * 2
    with pytest.raises(
        ValueError,
        match=r"column 0 must have entries of one kind, got a time without .* in row 0 and",
    ):
        fitted([naive[0], aware[0], *naive], chosen)
    for values, other in ((naive, aware), (aware, naive), (DAYS * 2, aware)):
        model = fitted(values, chosen)
        model.save(tmp_path / "model.cmlp")
        for known in (model, cmlp.load(tmp_path / "model.cmlp")):
            with pytest.raises(ValueError, match=r"column 0 must be a date.* in row 1"):
                known.predict(np.array([[None, 1.0], [other[0], 1.0]], object))


@pytest.mark.parametrize("chosen", [None, [0]], ids=["number", "category"])
def test_the_same_instant_with_another_offset_is_the_same(chosen):
    model = fitted([one.replace(tzinfo=UTC) for one in TIMES] * 2, chosen)
    rows = [
        [TIMES[1].replace(tzinfo=UTC), 1.0],
        [(TIMES[1] + timedelta(hours=1)).replace(tzinfo=BERLIN), 1.0],
    ]
    assert len({*model.predict(np.array(rows, object)).tolist()}) == 1


def test_a_column_of_midnights_is_a_column_of_dates():
    """The categories of dates are those of a file of text, and later values are read by the kind that fit found."""
    pandas = package("pandas")
    days, times = (pandas.to_datetime(pandas.Series(values * 8)) for values in (DAYS, TIMES))
    for values, first in (
        (days, "2020-05-01"),
        (times, "2020-05-01T12:30:00"),
        (times - times[0], "0:00:00"),
    ):
        chosen = TabularRegressor(n_estimators=1, n_epochs=1, categorical_features=["x"])
        model = chosen.fit(pandas.DataFrame({"x": values}), TARGET)
        assert model.categories_["x"][0] == first
        rows = pandas.DataFrame({"x": values[1:6]})
        np.testing.assert_array_equal(model.predict(rows)[-1], model.predict(rows[4:])[0])
    aware = pandas.DataFrame({"x": days.dt.tz_localize("Europe/Berlin")})
    model = TabularRegressor(n_estimators=1, n_epochs=1, categorical_features=["x"]).fit(
        aware, TARGET
    )
    assert model.categories_["x"][0] == "2020-04-30T22:00:00+00:00"


FAR = [np.datetime64(3 * 10**8, "D"), np.datetime64("-0005-01-01", "s"), np.datetime64(10**6, "Y")]


@pytest.mark.parametrize("chosen", [None, [0]], ids=["number", "category"])
@pytest.mark.parametrize("value", [*FAR, np.timedelta64(3 * 10**8, "D"), timedelta(days=3 * 10**8)])
def test_years_and_durations_outside_the_range_are_refused(chosen, value):
    """NumPy would let them wrap: 3e8 days became 86,496,017."""
    X = np.array([value] * 10)[:, None]
    for rows in (X, X.astype(object) if X.dtype.kind == "O" else np.array([[value]] * 10, object)):
        with pytest.raises(
            ValueError,
            match=r"column 0 must be (dates of the years|durations of at most) .* in row 0",
        ):
            TabularRegressor(n_epochs=1, categorical_features=chosen or "from_dtype").fit(
                rows, TARGET[:10]
            )


def test_dates_of_arrow_outside_the_range_are_refused():
    arrow = package("pyarrow")
    far = arrow.array([0, 10**12, None] * 4).cast(arrow.timestamp("s"))
    for chosen in ("from_dtype", ["x"]):
        for table in (arrow.table({"x": far}), arrow.table({"x": far}).to_reader()):
            with pytest.raises(
                ValueError,
                match=r"column 'x' must be dates of the years 1 to 9999, got .* in row 1",
            ):
                TabularRegressor(n_epochs=1, categorical_features=chosen).fit(table, TARGET[:12])


@pytest.mark.parametrize("chosen", [None, [0]], ids=["number", "category"])
def test_signaling_nan_of_decimal_is_missing(chosen):
    values = [Decimal("1.5"), Decimal("sNaN"), Decimal("NaN"), None] * 3
    model = fitted(values, chosen)
    assert (
        len({*model.predict(np.array([[one, 1.0] for one in values[1:4]], object)).tolist()}) == 1
    )


def test_timedelta_objects_are_durations():
    pandas = package("pandas")
    values = [pandas.Timedelta(days=i % 5, hours=1) for i in range(N)]
    typed, objects = (
        pandas.DataFrame({"x": pandas.Series(values, dtype=dtype)})
        for dtype in ("timedelta64[ns]", object)
    )
    found = [
        TabularRegressor(n_estimators=1, n_epochs=1, random_state=0).fit(X, TARGET).predict(X)
        for X in (typed, objects)
    ]
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize(
    "values, later, message",
    [
        (DAYS, 18_000.0, r"column 0 must be a date, got 18000.0 in row 1"),
        (DAYS, timedelta(1), r"column 0 must be a date, got .*timedelta.* in row 1"),
        ([1.5, 2.5], DAYS[0], r"column 0 must be a number, got .*date.* in row 1"),
        ([timedelta(1), timedelta(2)], 1.0, r"column 0 must be a duration, got 1.0 in row 1"),
    ],
)
def test_later_values_are_of_the_kind_of_fit(values, later, message):
    """A number would otherwise count as days, and a date as a number."""
    model = fitted([*values * 5, None])
    for rows in ([[None, 1.0], [later, 1.0]], np.array([[None, 1.0], [later, 1.0]], object)):
        with pytest.raises(ValueError, match=message):
            model.predict(rows)
    model.predict(np.array([[None, 1.0]], object))


@pytest.mark.parametrize("chosen", ["from_dtype", ["x"]])
def test_the_width_of_a_number_does_not_matter(chosen, tmp_path):
    pandas, polars, arrow = package("pandas"), package("polars"), package("pyarrow")
    values, found = [i % 5 for i in range(N)], set()
    frames = [
        pandas.DataFrame({"x": pandas.Series(values, dtype=one)})
        for one in ("int8", "UInt16", "uint64", "float32")
    ]
    frames += [
        polars.DataFrame({"x": polars.Series(values, dtype=one)})
        for one in (polars.UInt8, polars.Float32)
    ]
    frames += [
        arrow.table({"x": arrow.array(values, one)}) for one in (arrow.uint32(), arrow.float64())
    ]
    for frame in frames:
        parameters = {
            "n_estimators": 1,
            "n_epochs": 1,
            "random_state": 0,
            "categorical_features": chosen,
        }
        found.add(bits(TabularRegressor(**parameters).fit(frame, TARGET), tmp_path / "model.cmlp"))
    assert len(found) == 1


def test_a_fit_is_verified_with_the_rows_of_another_container():
    pandas = package("pandas")
    entries = column(TIMES, missing=True)
    frame = pandas.DataFrame({"x": pandas.Series(entries), "z": TARGET})
    parameters = {
        "n_estimators": 1,
        "n_epochs": 1,
        "provenance": True,
        "random_state": 0,
        "categorical_features": ["x"],
    }
    model = TabularRegressor(**parameters).fit(frame, TARGET)
    for _, other in [
        *polars_frames("time", entries),
        *arrow_tables("time", entries, is_category=True),
    ]:
        assert cmlp.verify(model, other, TARGET).reason == "identical"


def test_exports_have_the_categories_of_dates_and_integers(tmp_path):
    pandas = package("pandas")
    ids = pandas.Series(column([10, 20, 30, 40, 50], missing=True))  # doubles
    frame = pandas.DataFrame(
        {"day": pandas.to_datetime(pandas.Series(column(DAYS, missing=True))), "id": ids}
    )
    chosen = {"categorical_features": ["day", "id"]}
    model = TabularRegressor(n_estimators=1, n_epochs=1, **chosen).fit(frame, TARGET)
    for name in ("model.h", "model.html"):
        (model.to_c if name == "model.h" else model.to_html)(tmp_path / name)
        content = (tmp_path / name).read_text(encoding="utf-8")
        assert (
            '"2020-05-05"' in content
            and '"50"' in content
            and "50.0" not in content.split("<script")[0]
        )


def test_kinds_of_thousands_of_columns_survive(tmp_path):
    """Their words take more than 65,536 characters, the limit of other texts of a model file."""
    X = np.random.RandomState(0).random_sample((20, 7000)) < 0.5
    model = TabularRegressor(
        n_estimators=1, n_epochs=1, hidden_layer_sizes=(1,), random_state=0
    ).fit(X, TARGET[:20])
    model.save(tmp_path / "model.cmlp")
    loaded = cmlp.load(tmp_path / "model.cmlp")
    assert loaded.column_types_ == dict.fromkeys(range(7000), "boolean")
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def frames_of_all_types(n):
    """Return data frames with a column of each type that the first rows do not show, or only together with others."""
    pandas, polars, arrow = package("pandas"), package("polars"), package("pyarrow")
    ints, words = [(i * i) % 3 * 10 for i in range(n)], ["lmh"[i % 3] for i in range(n)]
    flags = [i % 2 == 0 for i in range(n)]
    yield pandas.DataFrame(
        {
            "integer": pandas.Categorical(ints),
            "missing": pandas.Categorical([None, *ints[1:]]),
            "boolean": pandas.Categorical(flags),
            "double": pandas.Categorical([i / 4 for i in ints]),
            "ranks": pandas.Categorical(ints, [20, 10, 0], ordered=True),
            "ordered": pandas.Categorical(words, list("lmh"), ordered=True),
            "text": pandas.Categorical(words),
            "number": pandas.array([None, *ints[1:]], dtype="Int64"),
            "flag": pandas.array([None, *flags[1:]], dtype="boolean"),
            "object": pandas.Series([None, *ints[1:]], dtype=object),
            "string": pandas.array(words, dtype="string"),
        }
    )
    yield polars.DataFrame(
        {
            "ordered": polars.Series(words, dtype=polars.Enum(list("lmh"))),
            "text": polars.Series(words, dtype=polars.Categorical),
            "number": [None, *ints[1:]],
            "flag": [None, *flags[1:]],
            "string": words,
        }
    )
    yield arrow.table(
        {
            "integer": arrow.array(ints).dictionary_encode(),
            "ordered": arrow.DictionaryArray.from_arrays(
                [i % 3 for i in range(n)], list("lmh"), ordered=True
            ),
            "number": arrow.array([None, *ints[1:]]),
            "flag": arrow.array([None, *flags[1:]]),
        }
    )


def categories(model, name):
    """Return the categories of a column, in an order that does not depend on how frequent they are."""
    held = model.categories_.get(name, [])
    return held if model.column_types_[name] == "ordered" else sorted(held, key=str)


def test_types_and_categories_do_not_depend_on_the_number_of_rows():
    """Of each column alone: a type that has no short form keeps the others from it."""
    options = {"n_epochs": 1, "n_estimators": 1, "hidden_layer_sizes": (2,), "random_state": 0}
    n, n_few = 48, 24
    for many, few in zip(frames_of_all_types(n), frames_of_all_types(n_few), strict=True):
        for name in getattr(many, "column_names", many.columns):
            rows, first = (
                whole.select([name]) if hasattr(whole, "select") else whole[[name]]
                for whole in (many, few)
            )
            known = TabularRegressor(**options).fit(rows, range(n))
            model = TabularRegressor(**options).fit(first, range(n_few))
            assert model.column_types_ == known.column_types_, name
            assert categories(model, name) == categories(known, name)
            np.testing.assert_array_equal(known.predict(rows)[:n_few], known.predict(first))
            np.testing.assert_array_equal(model.predict(rows)[:n_few], model.predict(first))
