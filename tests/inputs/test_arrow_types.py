"""Every type of pyarrow in fit and predict: it is read, or refused by an error that names the column and the type."""

import datetime
import decimal

import numpy as np
import pytest
from optional import package

from cmlp import MLPClassifier, MLPRegressor, TabularRegressor

pytestmark = pytest.mark.filterwarnings(
    "ignore::cmlp.exceptions.ConvergenceWarning", "ignore::cmlp.exceptions.UselessModelWarning"
)

pa = package("pyarrow")
pd = package("pandas")

N = 24
INTEGERS = [row % 7 for row in range(N)]
TEXTS = ["ab", "c", "a longer text than twelve bytes"] * (N // 3)
BYTES = [text.encode() for text in TEXTS]
DAYS = [datetime.date(2020, 1, 1 + row) for row in range(N)]
TIMES = [datetime.datetime(2020, 1, 1, row, 5) for row in range(N)]
CLOCKS = [datetime.time(row) for row in range(N)]
SPANS = [datetime.timedelta(seconds=row) for row in range(N)]
DECIMALS = [decimal.Decimal(row) / 4 for row in INTEGERS]
PAIRS = [[row, 1] for row in range(N)]


def read_types():
    """Yield the types that are read, with values, and what a column of a table then holds."""
    for name in (
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "float32",
        "float64",
    ):
        yield getattr(pa, name)(), INTEGERS, "number"
    yield pa.float16(), list(map(np.float16, INTEGERS)), "number"
    yield pa.bool_(), [row % 2 == 0 for row in range(N)], "boolean"
    yield pa.null(), [None] * N, "category"
    for name in ("string", "large_string", "string_view"):
        yield getattr(pa, name)(), TEXTS, "category"
    for name in ("date32", "date64"):
        yield getattr(pa, name)(), DAYS, "date"
    for unit in ("s", "ms", "us", "ns"):
        yield pa.timestamp(unit), TIMES, "time"
        yield pa.timestamp(unit, "Europe/Berlin"), TIMES, "instant"
        yield pa.duration(unit), SPANS, "duration"
    for name in ("decimal32", "decimal64", "decimal128", "decimal256"):
        if hasattr(pa, name):
            yield getattr(pa, name)(7, 2), DECIMALS, "number"
    for kind, values, held in (
        (pa.string(), TEXTS, "category"),
        (pa.large_string(), TEXTS, "category"),
        (pa.int64(), INTEGERS, "category"),
        (pa.float64(), INTEGERS, "category"),
        (pa.date32(), DAYS, "date"),
        (pa.timestamp("us", "UTC"), TIMES, "instant"),
    ):
        yield pa.dictionary(pa.int16(), kind), values, held


def refused_types():
    """Yield the types that are refused, with values."""
    for name in ("binary", "large_binary", "binary_view"):
        yield getattr(pa, name)(), BYTES
    yield pa.binary(2), [b"ab"] * N
    yield pa.dictionary(pa.int16(), pa.binary()), BYTES
    yield pa.month_day_nano_interval(), [(row, 1, 0) for row in range(N)]
    for kind in (
        pa.list_(pa.int64()),
        pa.large_list(pa.int64()),
        pa.list_(pa.int64(), 2),
        pa.list_view(pa.int64()),
    ):
        yield kind, PAIRS
    yield pa.struct([("x", pa.int64())]), [{"x": row} for row in range(N)]
    yield pa.map_(pa.string(), pa.int64()), [[("k", row)] for row in range(N)]


READ, REFUSED = list(read_types()), list(refused_types())
each_read = pytest.mark.parametrize(
    ("kind", "values", "held"), READ, ids=[str(one[0]) for one in READ]
)
each_refused = pytest.mark.parametrize(
    ("kind", "values"), REFUSED, ids=[str(one[0]) for one in REFUSED]
)
with_nulls = pytest.mark.parametrize("nulls", [False, True])


class Stream:
    """What offers nothing but a stream of Arrow."""

    def __init__(self, content):
        self.content = content

    def __arrow_c_stream__(self, requested_schema=None):
        return self.content.__arrow_c_stream__(requested_schema)


def column(kind, values, nulls):
    values = [None if nulls and row == 5 else value for row, value in enumerate(values)]
    if pa.types.is_dictionary(kind):
        return pa.array(values, kind.value_type).dictionary_encode().cast(kind)
    return pa.array(values, kind)


def forms(kind, values, nulls):
    """Yield a table with a column of a type, as it is, as a stream, of pandas and, if it knows the type, of polars."""
    found = column(kind, values, nulls)
    table = pa.table({"odd": found, "n": pa.array(np.arange(float(N)))})
    yield table
    yield Stream(table)
    series = pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([found])))
    yield pd.DataFrame({"odd": series, "n": np.arange(float(N))})


def regressor():
    return TabularRegressor(n_estimators=1, n_epochs=1, random_state=0)


@each_read
@with_nulls
def test_a_type_is_read(kind, values, held, nulls):
    *frames, of_pandas = forms(kind, values, nulls)
    answers = []
    for X in frames:
        model = regressor().fit(X, range(N))
        assert model.column_types_["odd"] == held
        answers.append(model.predict(X).tolist())
    assert answers[0] == answers[1]
    try:
        model = regressor().fit(of_pandas, range(N))
    except ValueError as error:  # of a type that pandas cannot convert
        assert "column 'odd' cannot be converted to a NumPy array" in str(error)
        assert "_view" in str(kind) or "dictionary" in str(error)
    else:
        assert model.predict(of_pandas).shape == (N,)


@each_refused
@with_nulls
def test_a_type_is_refused_by_column_and_type(kind, values, nulls):
    fitted = regressor().fit(
        pa.table({"odd": pa.array(TEXTS), "n": pa.array(np.arange(float(N)))}), range(N)
    )
    names = "|".join(("binary", "list", "struct", "map", "interval"))
    for X in forms(kind, values, nulls):
        for call in (lambda X: regressor().fit(X, range(N)), fitted.predict):
            with pytest.raises(ValueError, match=f"column 'odd' .*({names})"):
                call(X)


@pytest.mark.parametrize(
    "kind", [pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns")], ids=str
)
def test_times_of_day_are_refused_with_a_remedy(kind):
    for X in forms(kind, CLOCKS, False):
        with pytest.raises(ValueError, match=r"column 'odd' must.*(datetime\.time|time of day)"):
            regressor().fit(X, range(N))


@pytest.mark.parametrize("kind", ["run-end", "union"])
def test_encodings_of_numbers_are_read_and_unions_are_refused(kind):
    if kind == "run-end":
        found = pa.RunEndEncodedArray.from_arrays([8, 16, N], [1, 2, 3])
    else:
        types = pa.array([0, 1] * (N // 2), pa.int8())
        found = pa.UnionArray.from_sparse(types, [pa.array(range(N)), pa.array(["x"] * N)])
    table = pa.table({"odd": found, "n": pa.array(np.arange(float(N)))})
    for X in (table, Stream(table)):
        if kind == "run-end":
            assert regressor().fit(X, range(N)).column_types_["odd"] == "number"
            assert MLPRegressor(max_iter=1).fit(X, range(N)).predict(X).shape == (N,)
        else:
            for model in (regressor(), MLPRegressor(max_iter=1)):
                with pytest.raises(ValueError, match=r"column 'odd' .*sparse_union"):
                    model.fit(X, range(N))


# ------------------------------------------------------------------------------------------------------- networks


ALL = [(kind, values) for kind, values, _ in READ] + REFUSED


@pytest.mark.parametrize(("kind", "values"), ALL, ids=[str(kind) for kind, _ in ALL])
@with_nulls
def test_networks_read_a_type_or_name_it(kind, values, nulls):
    for X in forms(kind, values, nulls):
        try:
            MLPRegressor(max_iter=1).fit(X, range(N))
        except ValueError as error:
            assert "column 'odd'" in str(error) or "(row " in str(error) or "column 0" in str(error)


@pytest.mark.parametrize(("kind", "values"), ALL, ids=[str(kind) for kind, _ in ALL])
@with_nulls
@pytest.mark.filterwarnings(
    "ignore::cmlp.exceptions.DataConversionWarning"
)  # a struct is a table of its fields
def test_labels_and_targets_of_a_type_are_read_or_refused(kind, values, nulls):
    found = column(kind, values, nulls)
    rows = np.arange(float(N))[:, None]
    for y in (found, pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([found])))):
        for estimator in (MLPClassifier((3,), max_iter=1), MLPRegressor(max_iter=1)):
            try:
                estimator.fit(rows, y)
            except ValueError as error:  # nothing else
                assert not isinstance(error, pa.ArrowInvalid)


def test_a_frame_that_numpy_cannot_read_names_the_column():
    frame = pd.DataFrame({"n": np.arange(float(N))})
    frame["odd"] = pd.Series(
        pd.arrays.ArrowExtensionArray(pa.chunked_array([column(pa.string_view(), TEXTS, True)]))
    )
    with pytest.raises(
        ValueError, match=r"^X, column 'odd' of type string_view\[pyarrow\], cannot be converted"
    ):
        MLPRegressor(max_iter=1).fit(frame, range(N))
    with pytest.raises(ValueError, match=r"^y of type string_view\[pyarrow\] cannot be converted"):
        MLPClassifier(max_iter=1).fit(frame[["n"]], frame["odd"])
