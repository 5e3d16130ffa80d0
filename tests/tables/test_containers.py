"""Columns of equal content give the same bits of the model from every container: the table in docs/guide/tables.md."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pytest
from optional import package

import cmlp
from cmlp import TabularRegressor

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
    "decimal": [Decimal("1.50"), Decimal("-2.25"), Decimal("100.00"), Decimal("0.10"), Decimal("3.00")],
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
    types = {"double": arrow.float64(), "integer": arrow.int64(), "boolean": arrow.bool_(), "text": arrow.string()}
    types |= {"date": arrow.date32(), "time": arrow.timestamp("us"), "instant": arrow.timestamp("us", "UTC")}
    return types | {"duration": arrow.duration("us"), "decimal": arrow.decimal128(12, 2)}, arrow


def arrow_tables(name, entries, *, is_category):
    types, arrow = arrow_type(name)
    whole = arrow.array(entries, types[name])
    more = {
        "text": [arrow.large_string(), arrow.string_view()],
        "date": [arrow.date64(), arrow.timestamp("ms")],
        "time": [arrow.timestamp("ns"), arrow.timestamp("ms")],
        "instant": [arrow.timestamp("ns", "Europe/Berlin")],
        "duration": [arrow.duration("ns")],
    }.get(name, [])
    columns = [whole, *map(whole.cast, more)]
    if (is_category and name not in ("boolean", "decimal")) or name == "text":
        columns += [one.dictionary_encode() for one in columns]
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
    if is_category and name != "boolean":  # a category dtype of booleans and missing values has objects
        series.append(("category", pandas.Series(entries, dtype=object).astype("category")))
    if name == "date" and is_category:
        series.append(("datetime category", pandas.to_datetime(pandas.Series(entries)).astype("category")))
    for dtype, one in series:
        yield f"pandas {dtype}", pandas.DataFrame({"x": one, "z": TARGET})


def polars_frames(name, entries):
    polars = package("polars")
    types = {"double": [polars.Float64], "integer": [polars.Int64], "boolean": [polars.Boolean]}
    if name == "text":
        types["text"] = [polars.String, polars.Categorical, polars.Enum(KINDS["text"])]
    types |= {"date": [polars.Date, polars.Datetime("us")], "time": [polars.Datetime("us"), polars.Datetime("ns")]}
    types |= {"instant": [polars.Datetime("us", "UTC"), polars.Datetime("ms", "Europe/Berlin")]}
    types |= {"duration": [polars.Duration("us"), polars.Duration("ns")], "decimal": [polars.Decimal(12, 2)]}
    for dtype in types[name]:
        series = polars.Series("x", entries, dtype=polars.Date if name == "date" else types[name][0]).cast(dtype)
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
@pytest.mark.parametrize("role, name, values", CASES, ids=[f"{role}-{name}" for role, name, _ in CASES])
def test_columns_of_equal_content_give_equal_bits(role, name, values, missing, tmp_path):
    entries, is_category = column(values, missing), role == "category"
    frames = [*pandas_frames(name, entries, is_category=is_category), *polars_frames(name, entries)]
    for group in ([*frames, *arrow_tables(name, entries, is_category=is_category)], arrays(name, entries)):
        first = None
        for title, X in group:
            stream = hasattr(X, "read_all")
            chosen = ([0] if isinstance(X, (list, np.ndarray)) else ["x"]) if is_category else "from_dtype"
            model = TabularRegressor(n_estimators=1, n_epochs=2, random_state=0, categorical_features=chosen)
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
                assert [*model.predict(X[:1]), *model.predict(X[3:4])] == [answers[0], answers[3]], title
