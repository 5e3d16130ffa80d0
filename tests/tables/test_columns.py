"""Columns of a table: what counts as a number, a category or a missing value, in arrays and data frames."""

import warnings
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import Enum
from uuid import UUID

import numpy as np
import pytest
from helpers import run_python
from optional import package

import cmlp
from cmlp import TabularRegressor
from cmlp._model.table_columns import MAX_CATEGORIES, OTHER

# The codes of a column's categories do not show in a fitted table.
from cmlp._tables.learn_columns import learn_columns

nan = np.nan
SIZES, COLOURS, DAYS = (
    [1.5, None, 3.0, 2.0],
    ["red", "blue", None, "red"],
    ["2020-01-01", "2020-01-03", None, "1970-01-02"],
)
RAW_COLOURS = [0.0, OTHER, OTHER, 0.0]


def read(X, Z=None, categorical="from_dtype"):
    return learn_columns(X, categorical, "Table").read(X if Z is None else Z, "Table", in_fit=True)


def pandas_frame():
    pandas = package("pandas")
    return pandas.DataFrame(
        {
            "size": pandas.array(SIZES, dtype="Float64"),
            "count": pandas.array([1, None, 3, 4], dtype="Int64"),
            "colour": COLOURS,
            "grade": pandas.Categorical([3, 1, None, 3]),
            "day": pandas.to_datetime(DAYS),
            "new": [True, False, True, True],
        }
    )


def polars_frame():
    polars = package("polars")
    return polars.DataFrame(
        {
            "size": SIZES,
            "count": [1, None, 3, 4],
            "colour": COLOURS,
            "grade": polars.Series(["c", "a", None, "c"], dtype=polars.Categorical),
            "day": polars.Series(DAYS).str.to_date(),
            "new": [True, False, True, True],
        }
    )


def arrow_table():
    arrow = package("pyarrow")
    return arrow.table(
        {
            "size": SIZES,
            "count": [1, None, 3, 4],
            "colour": COLOURS,
            "grade": arrow.array(["c", "a", None, "c"]).dictionary_encode(),
            "day": arrow.array(np.array(DAYS, "datetime64[D]")),
            "new": [True, False, True, True],
        }
    )


@pytest.mark.parametrize("frame", [pandas_frame, polars_frame, arrow_table])
def test_frames_are_read_by_dtype(frame):
    raw = read(frame())
    np.testing.assert_array_equal(raw[:, 0], [1.5, nan, 3.0, 2.0])
    np.testing.assert_array_equal(raw[:, 1], [1, nan, 3, 4])
    np.testing.assert_array_equal(raw[:, 2], [0, 1, 2, 0])  # by frequency, the missing value last
    np.testing.assert_array_equal(raw[:, 3], [0, 1, 2, 0])
    np.testing.assert_array_equal(raw[:, 4], [18262, 18264, nan, 1])
    np.testing.assert_array_equal(raw[:, 5], [1, 0, 1, 1])


def test_date_objects_are_days_since_1970():
    """Points in time with a time zone count in UTC, as those of polars and Arrow do."""
    dates = [date(1970, 1, 3), datetime(1970, 1, 1, 6), np.datetime64("1970-01-02"), None]
    np.testing.assert_array_equal(read(np.array([dates], object).T)[:, 0], [2.0, 0.25, 1.0, nan])
    berlin = timezone(timedelta(hours=1))
    times = [datetime(1970, 1, 1, 1, tzinfo=berlin), datetime(1970, 1, 1, 1, tzinfo=UTC), None]
    np.testing.assert_array_equal(read(np.array([times], object).T)[:, 0], [0.0, 1 / 24, nan])


def test_a_column_with_a_time_zone_is_read_alike_from_all_frames():
    pandas, polars = package("pandas"), package("polars")
    times = pandas.to_datetime(["1970-01-02", None]).tz_localize("Europe/Berlin")
    series = polars.Series(
        [datetime(1970, 1, 1, 23), None], dtype=polars.Datetime(time_zone="Europe/Berlin")
    )
    for frame in (pandas.DataFrame({"time": times}), polars.DataFrame({"time": series})):
        np.testing.assert_array_equal(read(frame)[:, 0], [23 / 24, nan])


def test_numpy_scalars_in_objects_are_numbers_and_categories():
    scalars = [np.bool_(True), np.int8(3), np.float32(2.5), True]
    np.testing.assert_array_equal(read(np.array([scalars], object).T)[:, 0], [1.0, 3.0, 2.5, 1.0])
    np.testing.assert_array_equal(
        read(np.array([[*scalars, np.str_("a")]], object).T)[:, 0], [0.0, 2.0, 1.0, 0.0, 3.0]
    )


def test_numbers_too_large_for_a_double_are_refused_without_a_warning():
    wide = np.array([["1"], ["1e4000"]], dtype=np.longdouble)
    columns = [[[1], [10**400]], *([wide] if np.isfinite(wide).all() else [])]
    for X in columns:
        with (
            warnings.catch_warnings(),
            pytest.raises(ValueError, match="too large for float64: column 0, row 1"),
        ):
            warnings.simplefilter("error")
            read(X)


def test_columns_that_are_no_vectors_are_named():
    class Column:
        def __init__(self, values):
            self.values = values

        def __array__(self, dtype=None, copy=None):
            if self.values is None:
                raise TypeError("no such array")
            return self.values

    class Frame(dict):
        columns, __array__, __len__ = ("a", "b"), Column.__array__, lambda self: 2

    for bad, message in (
        (np.ones((2, 1)), r"one value per row, got an array of shape \(2, 1\)"),
        (None, "no such array"),
    ):
        frame = Frame(a=np.ones(2), b=Column(bad))
        with pytest.raises(ValueError, match=rf"column 'b' .*{message}"):
            read(frame)


def test_lists_keep_the_types_of_their_entries():
    np.testing.assert_array_equal(
        read([[1.5, "b"], [nan, "a"], [2, "b"]]), [[1.5, 0], [nan, 1], [2, 0]]
    )


def test_a_column_of_numbers_in_an_object_array_is_numeric():
    X = np.array([[1, "x"], [None, "y"], [2.5, "x"]], dtype=object)
    np.testing.assert_array_equal(read(X)[:, 0], [1, nan, 2.5])


@pytest.mark.parametrize(
    "chosen", [["b"], [1], np.array([False, True])], ids=["name", "index", "mask"]
)
def test_categorical_features_name_columns_of_numbers(chosen):
    frame = package("pandas").DataFrame({"a": [5.0, 7.0, 7.0], "b": [5.0, 7.0, 7.0]})
    np.testing.assert_array_equal(read(frame, categorical=chosen), [[5, 1], [7, 0], [7, 0]])


def test_categories_that_fit_has_not_seen_are_other():
    np.testing.assert_array_equal(
        read([["a"], ["b"]], [["c"], [None], ["b"]])[:, 0], [OTHER, OTHER, 1]
    )


@pytest.mark.parametrize("values", [["b", "a", None, "d"], [2, 1, None, 4], [2.5, 1.0, nan, 4.0]])
def test_categories_of_pandas_have_the_codes_of_their_entries(values):
    pandas = package("pandas")
    b, a, _, d = values
    first, second = [b, b, b, a, a, None], [a, b, d, None]

    def frame(entries, kind):
        column = (
            pandas.Categorical(entries, categories=[d, a, b])
            if kind == "coded"
            else np.array(entries, object)
        )
        return pandas.DataFrame({"x": column})

    for kinds in (("coded", "coded"), ("objects", "coded"), ("coded", "objects")):
        raw = read(*map(frame, (first, second), kinds), categorical=["x"])
        np.testing.assert_array_equal(raw[:, 0], [1.0, 0.0, OTHER, 2.0])


def test_only_the_most_frequent_categories_have_codes():
    rare = [[f"rare {i}"] for i in range(MAX_CATEGORIES)]
    raw = read([["often"]] * 2 + rare)
    assert raw[0, 0] == 0 and (raw[:, 0] == OTHER).sum() == 1


def test_columns_of_a_frame_may_come_in_another_order():
    pandas = package("pandas")
    frame = pandas.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})
    np.testing.assert_array_equal(read(frame, frame[["b", "a"]]), read(frame))


def test_the_array_is_copied_before_it_is_checked():
    X = np.ones((3, 2))
    reader = learn_columns(X, "from_dtype", "Table")
    raw = reader.read(X, "Table")
    X[:] = np.inf
    assert (raw == 1).all()


@pytest.mark.parametrize(
    "X, Z, message",
    [
        (
            [[1.0], [2.0]],
            [["v"], [1.0]],
            r"column 0 must be a number, got 'v' in row 0.*categorical_feat",
        ),
        ([[1.0]], [[time(8, 30)]], r"got datetime.time\(8, 30\) in row 0\. Convert times of day"),
        (
            [["a"], ["b"]],
            [["a"], [("b",)]],
            r"column 0 must be text or a number, got \('b',\) in row 1",
        ),
        (
            [[1.0], [2.0]],
            [[1.0], [np.inf]],
            r"infinity or a value too large for float64: column 0, row 1",
        ),
        ([[1.0, 2.0]], [[1.0]], r"X has 1 features, but Table is expecting 2 features as input"),
        ([[1.0]], [1.0], r"Expected 2D array, got 1D array instead"),
        ([[1.0]], [{"a": 1.0}], "X is a list of dicts"),
        ([[1.0]], np.ones((2, 0)), r"0 feature\(s\)"),
    ],
)
def test_bad_tables_are_refused_by_column_and_row(X, Z, message):
    X, Z = (np.array(one, dtype=object) if isinstance(one, list) else one for one in (X, Z))
    with pytest.raises(ValueError, match=message):
        read(X, Z)


def test_other_columns_than_in_fit_are_named():
    pandas = package("pandas")
    with pytest.raises(ValueError, match=r"missing are \['b'\], unknown are \['c'\]"):
        read(pandas.DataFrame({"a": [1.0], "b": [2.0]}), pandas.DataFrame({"a": [1.0], "c": [2.0]}))
    with pytest.raises(ValueError, match=r"that it had in fit: missing are \['b'\]\.$"):
        read(pandas.DataFrame({"a": [1.0], "b": [2.0]}), pandas.DataFrame({"a": [1.0]}))


def test_two_columns_of_one_name_are_refused():
    frame = package("pandas").DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(ValueError, match="two columns of one name, got 'a' twice"):
        read(frame)


def of_lists():
    return package("polars").DataFrame({"a": [[1, 2], [3]]})


def of_arrays():
    return package("pandas").DataFrame({"a": [np.ones(2), np.ones(3)]})


@pytest.mark.parametrize(
    "chosen, wanted", [("from_dtype", "a number"), (["a"], "text or a number")]
)
def test_columns_of_lists_and_arrays_are_refused(chosen, wanted):
    with pytest.raises(
        ValueError,
        match=r"column 'a' must be numbers, categories or times, got .* type List\(Int64\)",
    ):
        read(of_lists(), categorical=chosen)
    with pytest.raises(ValueError, match=rf"column 'a' must be {wanted}, got array\(.*\) in row 0"):
        read(of_arrays(), categorical=chosen)


@pytest.mark.parametrize(
    "value, remedy",
    [
        ([1, 2], "Give each element a column of its own"),
        ({"a": 1}, "Give each element a column of its own"),
        (b"red", "Convert bytes to text before"),
        (Enum("Color", ["red"])["red"], "Convert an Enum to its name or value before"),
        (UUID(int=7), "Convert the value to text before"),
        (time(8, 30), "Convert times of day to numbers"),
    ],
)
def test_values_of_other_types_are_refused_with_what_to_do(value, remedy):
    X = np.empty((2, 1), object)
    X[0, 0], X[1, 0] = 1.0, value
    for chosen in ("from_dtype", [0]):
        with pytest.raises(ValueError, match=rf" in row 1\. {remedy}"):
            read(X, categorical=chosen)


def test_columns_of_other_types_are_refused_with_what_to_do():
    polars = package("polars")
    with pytest.raises(ValueError, match=r"List\(Int64\)\. Give each element a column"):
        read(of_lists())
    with pytest.raises(ValueError, match=r"Binary\. Convert bytes to text before"):
        read(polars.DataFrame({"a": [b"x", b"y"]}))
    with pytest.raises(ValueError, match=r"dtype \|S1\. Convert bytes to text before"):
        read(np.array([[b"x"], [b"y"]]))


def test_intervals_are_categories_by_their_text():
    pandas = package("pandas")
    values, edges = pandas.Series([1.0, 7.0, 2.0, None]), [0, 5, 10]
    bins = pandas.cut(values, edges)
    for column, missing in ((bins, np.nan), (pandas.Series(pandas.arrays.IntervalArray(bins)), 2)):
        frame = pandas.DataFrame({"size": column})
        np.testing.assert_array_equal(read(frame)[:, 0], [0, 1, 0, missing])
        later = pandas.DataFrame({"size": pandas.cut(pandas.Series([6.0, 3.0]), edges)})
        np.testing.assert_array_equal(read(frame, later)[:, 0], [1, 0])
        known = [
            "(0, 5]",
            "(5, 10]",
            *[None] * (missing == 2),
        ]  # the bins of pandas.cut are ordered
        assert list(learn_columns(frame, "from_dtype", "Table").codes[0]) == known
    objects = pandas.DataFrame({"size": bins.astype(object)})
    for categorical in ("from_dtype", ["size"]):
        np.testing.assert_array_equal(read(objects, categorical=categorical)[:, 0], [0, 1, 0, 2])
    with pytest.raises(
        ValueError,
        match=r"must be a number, got Interval.* in row 0. .*name it in categorical_features",
    ):
        read(objects, categorical=None)


def test_periods_are_the_days_of_their_start_and_as_categories_text():
    pandas = package("pandas")
    months = pandas.Series(pandas.PeriodIndex(["1970-01", "1970-02", None, "1970-01"], freq="M"))
    frame = pandas.DataFrame({"month": months})
    np.testing.assert_array_equal(read(frame)[:, 0], [0.0, 31.0, nan, 0.0])
    grouped = frame.astype("category")
    np.testing.assert_array_equal(read(grouped)[:, 0], [0, 1, 2, 0])
    assert list(learn_columns(grouped, "from_dtype", "Table").codes[0]) == [
        "1970-01",
        "1970-02",
        None,
    ]


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_dates_and_durations_can_be_categories(unit):
    pandas = package("pandas")
    days = pandas.Series(
        pandas.to_datetime(["2020-01-01", "2020-01-03", None, "2020-01-01"])
    ).astype(f"M8[{unit}]")
    for column in (days, days - days[0], days.dt.tz_localize("Europe/Berlin")):
        for frame, chosen in (
            (pandas.DataFrame({"day": column}), ["day"]),
            (pandas.DataFrame({"day": column.astype("category")}), "from_dtype"),
        ):
            np.testing.assert_array_equal(read(frame, categorical=chosen)[:, 0], [0, 1, 2, 0])
            codes = learn_columns(frame, chosen, "Table").codes[0]
            assert all(isinstance(value, (str, type(None))) for value in codes)


@pytest.mark.parametrize(
    "chosen, message",
    [
        (["z"], "has 'z', but X has no such column"),
        ([True], "as a mask must have 2 entries"),
        ("a", "must be 'from_dtype', None, or a list"),
        ([1.5], "must be 'from_dtype', None, or a list"),
    ],
)
def test_wrong_categorical_features_are_refused(chosen, message):
    with pytest.raises(ValueError, match=message):
        read([[1.0, 2.0]], categorical=chosen)


def test_text_in_a_column_of_dates_is_refused_with_the_remedy(tmp_path):
    dates = np.datetime64("2024-01-01") + np.arange(40)
    model = TabularRegressor(max_time=1e-9).fit([[day, 1.0] for day in dates.tolist()], range(40))
    model.save(tmp_path / "model.cmlp")
    for known in (model, cmlp.load(tmp_path / "model.cmlp")):
        assert known.predict([[dates[7], 1.0]]) == known.predict([[dates.tolist()[7], 1.0]])
        with pytest.raises(
            ValueError, match=r"column 0 must be a date, got '2024-01-08' .*numpy.datetime64"
        ):
            known.predict([["2024-01-08", 1.0]])


@pytest.mark.parametrize(
    "model, targets",
    [
        ("TabularRegressor(loss='squared_error')", "y"),
        ("TabularRegressor(loss='absolute_error')", "y"),
        ("TabularRegressor(loss='poisson')", "y"),
        ("TabularClassifier()", "y == 3"),
        ("TabularClassifier(class_weight='balanced')", "y == 3"),
        ("TabularClassifier()", "[[one, one] for one in y == 3]"),
    ],
)
def test_a_column_of_rows_with_equal_targets_is_learned(model, targets):
    """In another process, which can be ended: the search for steps did not end, and took no notice of Ctrl-C."""
    run_python(
        f"""if True:
            import numpy as np
            from cmlp import TabularClassifier, TabularRegressor
            for seed in range(10):
                rng = np.random.RandomState(seed)
                y = np.where(rng.uniform(size=300) < 0.4, 3, np.exp(rng.standard_normal(300)))
                only_these_rows = np.where(y == 3, rng.standard_normal(300), np.nan)
                X = np.stack([rng.standard_normal(300), only_these_rows], axis=1)
                weight = rng.uniform(0.5, 2, 300) if seed % 2 else None
                model = {model}.set_params(n_epochs=1, n_estimators=1, hidden_layer_sizes=(4,), random_state=0)
                model.fit(X, {targets}, weight)
        """
    )
