"""Tables and columns of Arrow in fit, predict and fit_batches, read by pyarrow, or by polars if they are its own."""

import datetime
import decimal

import numpy as np
import pytest
from helpers import labels, run_python, uniform
from optional import package

from cmlp import MLPClassifier, MLPRegressor, TabularRegressor

# The types that Arrow's columns are read as do not show in a fitted model.
from cmlp._data.arrays import rectangular
from cmlp._data.arrow import read

pa = package("pyarrow")

X, Y = uniform(0, 100, 3), labels(1, 100, 3)
NAMES = ["a", "b", "c"]
FIT = {"max_iter": 2, "tol": 0, "n_iter_no_change": float("inf"), "random_state": 0}


class Only:
    """An object that offers nothing but one method of Arrow."""

    def __init__(self, content, method="__arrow_c_stream__"):
        setattr(type(self), method, lambda self, requested_schema=None: getattr(content, method)())


def only(content, method="__arrow_c_stream__"):
    return type("Table", (Only,), {})(content, method)


def table(values=X):
    return pa.table(dict(zip(NAMES, values.T, strict=True)))


def chunked(values=X):
    return pa.concat_tables(
        [table(values[:30]), table(values[30:31]), table(values[31:31]), table(values[31:])]
    )


def model(**parameters):
    return MLPClassifier((4,), **{**FIT, **parameters})


# -------------------------------------------------------------------------------------------------------- reading


@pytest.mark.parametrize(
    "dtype", ["b1", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"]
)
def test_numbers_of_all_types(dtype):
    values = (100 * np.abs(X)).astype(dtype)
    for content in (table(values), chunked(values), chunked(values).slice(7, 60)):
        expected = np.column_stack([column.to_numpy() for column in content.columns])
        found = read(only(content), "X")
        assert found.columns == NAMES and found.values.dtype == np.dtype(dtype)
        np.testing.assert_array_equal(found.values, expected)
        assert found.values.flags.c_contiguous


def test_a_reader_that_was_read_is_refused():
    for model in (MLPRegressor(max_time=1e-9), TabularRegressor(n_epochs=1)):
        model.fit(table(), Y)
        reader = table().to_reader()
        assert model.predict(reader).shape == Y.shape
        with pytest.raises(ValueError, match=r"X is a RecordBatchReader .* it can be read once"):
            model.predict(reader)
    reader = pa.RecordBatchReader.from_batches(table().schema, [])
    with pytest.raises(ValueError, match=r"X is a RecordBatchReader without a batch left"):
        model.predict(reader)


def test_a_stream_without_chunks_has_columns_and_no_rows():
    def stream():
        return only(pa.RecordBatchReader.from_batches(table().schema, []))

    assert read(pa.chunked_array([], pa.float64()), "y").shape == (0,)
    assert MLPRegressor(max_time=1e-9).fit(table(), Y).predict(stream()).shape == (0,)
    assert TabularRegressor(n_epochs=1).fit(table(), Y).predict(stream()).shape == (0,)


def test_columns_of_several_types_have_their_common_type():
    mixed = pa.table(
        {"a": np.arange(5, dtype="u1"), "b": np.arange(5, dtype="f4"), "c": np.arange(5) > 2}
    )
    assert read(mixed, "X").values.dtype == np.float32
    assert read(mixed.append_column("d", [np.arange(5)]), "X").values.dtype == np.float64


def test_record_batches_and_arrays_without_a_stream():
    batch = table().to_batches()[0]
    np.testing.assert_array_equal(read(only(batch, "__arrow_c_array__"), "X").values, X)
    np.testing.assert_array_equal(
        read(only(batch.slice(3, 9), "__arrow_c_array__"), "X").values, X[3:12]
    )
    np.testing.assert_array_equal(rectangular(only(pa.array(Y), "__arrow_c_array__"), "y"), Y)
    np.testing.assert_array_equal(rectangular(pa.chunked_array([Y[:9], Y[9:]]), "y"), Y)


def test_a_struct_of_columns_with_an_offset():
    struct = pa.StructArray.from_arrays([pa.array(column) for column in X.T], NAMES)
    np.testing.assert_array_equal(read(struct.slice(5, 20), "X").values, X[5:25])
    sliced = pa.StructArray.from_arrays(
        [pa.array(column).slice(2, 50) for column in X.T], NAMES
    ).slice(3)
    np.testing.assert_array_equal(read(sliced, "X").values, X[5:52])


TEXTS = ["", "a", "a text of more than twelve bytes", "über", "yes"]


@pytest.mark.parametrize("kind", ["string", "large_string", "string_view"])
def test_text(kind):
    column = pa.chunked_array([pa.array(TEXTS), pa.array(TEXTS[::-1])]).cast(getattr(pa, kind)())
    assert rectangular(column, "y").tolist() == TEXTS + TEXTS[::-1]
    assert rectangular(column.slice(2, 5), "y").tolist() == (TEXTS + TEXTS[::-1])[2:7]
    assert rectangular(column.slice(2, 0), "y").tolist() == []


def test_dictionaries_whose_chunks_number_their_values_differently():
    chunks = [
        pa.array(part).dictionary_encode() for part in (["b", "a", "b"], ["a", "c"], ["c", "b"])
    ]
    assert rectangular(pa.chunked_array(chunks), "y").tolist() == [
        "b",
        "a",
        "b",
        "a",
        "c",
        "c",
        "b",
    ]
    numbers = [pa.array(part).dictionary_encode() for part in ([5, 7, 5], [7, 9])]
    content = pa.table({"a": pa.chunked_array(numbers), "b": pa.array([1, 2, 3, 4, 5])})
    np.testing.assert_array_equal(
        read(content, "X").values, [[5, 1], [7, 2], [5, 3], [7, 4], [9, 5]]
    )


def test_tables_without_rows_keep_their_columns():
    assert read(only(table()[:0]), "X").columns == NAMES
    assert np.asarray(read(only(table()[:0]), "X")).shape == (0, 3)
    stream = pa.RecordBatchReader.from_batches(table().schema, [])
    assert np.asarray(read(only(stream), "X")).shape == (0, 3)


def test_memory_is_released():
    content = pa.table({"a": np.arange(10**6), "b": np.arange(10**6)})
    before = pa.total_allocated_bytes()
    for _ in range(5):
        read(
            pa.table(
                {
                    name: column.to_numpy() + 1
                    for name, column in zip("ab", content.columns, strict=True)
                }
            ),
            "X",
        )
    assert pa.total_allocated_bytes() <= before + 2**20


# ----------------------------------------------------------------------------------------------------------- errors


def with_null(row, column):
    columns = [pa.array(values) for values in X.T]
    columns[column] = pa.array(
        [None if i == row else value for i, value in enumerate(X[:, column])]
    )
    return pa.table(columns, names=NAMES)


@pytest.mark.parametrize("n_before", [0, 35])
def test_a_null_names_column_and_row(n_before):
    def content():
        return pa.concat_tables([table()[:n_before], with_null(40 - n_before, 1)[: 100 - n_before]])

    with pytest.raises(
        ValueError,
        match=r"X, column 'b' is null at row 40\. Fill missing values, or use TabularClass",
    ):
        model().fit(content(), Y)
    fitted = model().fit(table(), Y)
    with pytest.raises(ValueError, match="X, column 'b' is null at row 40"):
        fitted.predict(only(content()))


def test_nulls_of_dictionaries_and_targets():
    with pytest.raises(
        ValueError, match=r"y is null at row 3\. Fill missing values, or leave out the rows\.$"
    ):
        model().fit(X[:5], pa.array(["a", "b", "a", None, "b"]).dictionary_encode())
    entries = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2]), pa.array(["a", None, "b"]))
    with pytest.raises(ValueError, match="y is null at row 1"):
        rectangular(entries, "y")
    unused = pa.DictionaryArray.from_arrays(pa.array([0, 2, 2]), pa.array(["a", None, "b"]))
    assert rectangular(unused, "y").tolist() == ["a", "b", "b"]
    with pytest.raises(ValueError, match="y is null at row 0"):
        rectangular(pa.nulls(3), "y")


def test_other_types_are_refused():
    dates = table().set_column(1, "b", pa.array(np.arange(100), pa.timestamp("s")))
    with pytest.raises(
        TypeError,
        match=r"X, column 'b' must hold numbers or text, got a column of type timestamp\[s\]",
    ):
        model().fit(dates, Y)
    words = table().set_column(1, "b", pa.array(["word"] * 100))
    with pytest.raises(
        ValueError, match=r"could not convert string to float: 'word' \(row 0, column 1\)"
    ):
        model().fit(words, Y)


def test_an_error_of_the_stream_is_reported():
    def batches():
        yield table().to_batches()[0]
        raise OSError("the disk is gone")

    with pytest.raises(ValueError, match=r"The Arrow stream cannot be read: .*the disk is gone"):
        model().fit(only(pa.RecordBatchReader.from_batches(table().schema, batches())), Y)


# -------------------------------------------------------------------------------------------------------- estimators


@pytest.mark.parametrize("dtype", ["f4", "f8", "u1"])
def test_fit_and_predict_have_the_bits_of_arrays(dtype):
    values = (100 * np.abs(X)).astype(dtype)
    expected = model(input_scale=0.01).fit(values, Y)
    for content in (chunked(values), only(chunked(values)), pa.RecordBatchReader.from_batches(
            table(values).schema, chunked(values).to_batches())):  # fmt: skip
        fitted = model(input_scale=0.01).fit(content, pa.chunked_array([Y[:9], Y[9:]]))
        assert fitted.feature_names_in_.tolist() == NAMES
        np.testing.assert_array_equal(fitted.coefs_[0], expected.coefs_[0])
        assert fitted.coefs_[0].dtype == expected.coefs_[0].dtype
        np.testing.assert_array_equal(
            fitted.predict_proba(only(table(values))), expected.predict_proba(values)
        )
    with pytest.raises(ValueError, match="The feature names should match"):
        fitted.predict(table().rename_columns(["a", "b", "x"]))


def test_fit_batches_takes_tables():
    expected = model(shuffle=False).fit(X, Y)
    parts = [(chunked()[i : i + 20], pa.array(Y[i : i + 20])) for i in range(0, 100, 20)]
    streams = [(only(X_block), y_block) for X_block, y_block in parts]
    for source in (parts, streams):
        fitted = model(shuffle=False).fit_batches(
            source, classes=[0, 1, 2], X_val=chunked(), y_val=Y
        )
        np.testing.assert_array_equal(fitted.coefs_[0], expected.coefs_[0])
    parts[2] = (with_null(7, 2)[:20], parts[2][1])
    with pytest.raises(ValueError, match="In block 2: X, column 'c' is null at row 7"):
        model().fit_batches(parts, classes=[0, 1, 2])


def test_polars():
    polars = package("polars")
    frame = polars.DataFrame(dict(zip(NAMES, X.T, strict=True)))
    expected = model().fit(X, np.array(["no", "yes", "a longer text than before"])[Y])
    series = polars.Series(np.array(["no", "yes", "a longer text than before"])[Y].tolist())
    for y in (series, series.cast(polars.Categorical)):
        fitted = model().fit(frame, y)
        np.testing.assert_array_equal(fitted.coefs_[0], expected.coefs_[0])
        assert fitted.predict(frame).tolist() == expected.predict(X).tolist()
    frame[3, "b"] = None
    with pytest.raises(ValueError, match="X, column 'b' is null at row 3"):
        model().fit(frame, Y)
    numbers = MLPRegressor(**FIT).fit(X, polars.Series(Y / 2))
    np.testing.assert_array_equal(numbers.coefs_[0], MLPRegressor(**FIT).fit(X, Y / 2).coefs_[0])


def test_an_index_outside_a_dictionary_is_an_error():
    indices = pa.array([0, 1, 0, 5, 1])
    damaged = pa.DictionaryArray.from_arrays(indices, pa.array(["a", "b"]), safe=False)
    with pytest.raises(ValueError, match=r"y cannot be converted to a NumPy array: .*5"):
        model().fit(X[:5], damaged)


def test_no_package_of_arrow_is_imported():
    code = """
import sys
from cmlp._data import arrow
from cmlp import MLPClassifier
assert not {"pyarrow", "polars", "pandas"} & set(sys.modules)
"""
    run_python(code)


def test_polars_and_pandas_need_no_pyarrow():
    package("polars")
    package("pandas")
    code = """
import sys
sys.modules["pyarrow"] = None  # an import raises ImportError
import numpy as np, pandas, polars
from cmlp import MLPClassifier, TabularClassifier
columns = {"n": np.arange(40.0), "b": np.arange(40) % 2 == 0, "i": np.arange(40) % 5}
words = ["no", "a longer word than twelve bytes"] * 20
for y in (polars.Series(words), polars.Series(words, dtype=polars.Categorical), pandas.Series(words)):
    for frame in (polars.DataFrame(columns), pandas.DataFrame(columns)):
        model = MLPClassifier((3,), max_time=0.1, max_iter=2, tol=0, n_iter_no_change=np.inf).fit(frame, y)
        assert model.predict(frame).shape == (40,) and model.classes_.tolist() == sorted(set(words))
X = polars.DataFrame(columns | {"w": words})
assert TabularClassifier(n_estimators=1, n_epochs=1).fit(X, y).predict(X).shape == (40,)
"""
    run_python(code)


def test_a_missing_pyarrow_is_named_with_its_extra():
    code = """
import sys
sys.modules["pyarrow"] = None  # an import raises ImportError
from cmlp import MLPClassifier, TabularClassifier
class Relation:
    def __arrow_c_stream__(self, requested_schema=None):
        raise AssertionError
for model in (MLPClassifier(), TabularClassifier()):
    try:
        model.fit(Relation(), [0, 1])
    except ImportError as error:
        assert str(error).startswith("reading X of type Relation needs the package pyarrow: install it with")
        assert "cmlp[parquet]" in str(error)
    else:
        raise AssertionError
"""
    run_python(code)


@pytest.mark.parametrize(
    "kind", ["Date", "Time", "Datetime", "Duration", "Binary", "List", "Struct", "Null"]
)
def test_types_of_polars_that_a_network_cannot_read_name_the_column(kind):
    polars = package("polars")
    moment = datetime.datetime(2020, 5, 1, 12)
    entry = {
        "Date": moment.date(),
        "Time": moment.time(),
        "Datetime": moment,
        "Duration": moment - moment,
        "Binary": b"ab",
        "List": [1],
        "Struct": {"x": 1},
        "Null": None,
    }[kind]
    frame = polars.DataFrame({"n": np.arange(9.0), "odd": [entry] * 9})
    assert str(frame.schema["odd"]).startswith(kind)
    with pytest.raises(ValueError, match=r"column 'odd' (must|is null)"):
        MLPRegressor().fit(frame, range(9))


def test_decimals_and_enums_of_polars_are_read():
    polars = package("polars")
    numbers = [decimal.Decimal(i) / 4 for i in range(6)]
    frame = polars.DataFrame(
        {"n": numbers, "w": polars.Series(["3", "4"] * 3, dtype=polars.Enum(["3", "4"]))}
    )
    assert read(frame.select("n"), "X").values.tolist() == [[float(number)] for number in numbers]
    assert read(frame["w"], "y").tolist() == ["3", "4"] * 3
    assert np.asarray(read(frame, "X")).dtype == object
