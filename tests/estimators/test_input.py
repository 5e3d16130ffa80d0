"""Types and memory layouts of input rows, and column names of data frames."""

import numpy as np
import pytest
from estimator_cases import blobs, flat, small
from helpers import peak_memory
from optional import package
from scipy import sparse

from cmlp import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor

# Most fits here stop at max_iter on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")


# Types and memory layouts


@pytest.mark.parametrize(
    "dtype, expected",
    [
        ("float64", "float64"),
        ("float32", "float32"),
        ("float16", "float32"),
        ("uint8", "float32"),
        ("int8", "float64"),
        ("int64", "float64"),
        ("uint16", "float64"),
        ("bool", "float64"),
        ("longdouble", "float64"),
        (">f4", "float32"),
        (">f8", "float64"),
        ("object", "float64"),
    ],
)
def test_dtype_of_the_model_follows_the_input(dtype, expected):
    X, y = blobs()
    X = np.abs(X).round().astype(dtype)
    model = small(max_iter=3).fit(X, y)
    assert model.coefs_[0].dtype == model.predict_proba(X).dtype == expected
    plain = small(max_iter=3).fit(X.astype(expected), y)
    np.testing.assert_array_equal(flat(model), flat(plain))
    np.testing.assert_array_equal(model.predict_proba(X), plain.predict_proba(X.astype(expected)))


def test_lists_are_read_as_float64():
    X, y = blobs()
    model = small(max_iter=1).fit(list(X.astype(np.float32)), y)
    assert model.coefs_[0].dtype == np.float64


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("given", ["float32", "float64", "uint8", "int64"])
def test_dtype_parameter_overrides_the_input(given, dtype):
    X, y = blobs()
    model = small(max_iter=3, dtype=dtype).fit(np.abs(X).astype(given), y)
    assert model.coefs_[0].dtype == model.predict_proba(np.abs(X)).dtype == dtype


def layouts(X):
    wide = np.zeros((len(X), 9), X.dtype)
    wide[:, 1::2] = X
    frozen = X.copy()
    frozen.flags.writeable = False
    packed = np.zeros(len(X), dtype=[("pad", "u1"), ("x", X.dtype, X.shape[1])])
    packed["x"] = X
    return {
        "columns first": np.asfortranarray(X),
        "strided": wide[:, 1::2],
        "backwards": X[::-1].copy()[::-1],
        "read-only": frozen,
        "unaligned": packed["x"],
        "list": X.tolist(),
    }


@pytest.mark.parametrize("layout", layouts(np.zeros((2, 4))))
def test_memory_layout_does_not_change_the_model(layout):
    X, y = blobs()
    plain = small().fit(X, y)
    model = small().fit(layouts(X)[layout], y)
    np.testing.assert_array_equal(flat(plain), flat(model))
    np.testing.assert_array_equal(plain.predict_proba(X), model.predict_proba(layouts(X)[layout]))


def test_fit_does_not_copy_broadcast_rows():
    """20,000 views of one row stay one row: a copy would take 80 MB."""
    X = np.broadcast_to(np.linspace(0, 1, 1000, dtype=np.float32), (20_000, 1000))
    y = np.arange(len(X)) % 2
    model = small(hidden_layer_sizes=(2,), max_iter=1)
    assert peak_memory(lambda: model.fit(X, y)) < 4_000_000
    assert peak_memory(lambda: model.predict_proba(X)) < 4_000_000


def test_input_scale_of_bytes_has_the_bits_of_a_division():
    X, y = blobs()
    X = np.clip(X * 20 + 128, 0, 255).astype(np.uint8)
    scaled = small(input_scale=1 / 255).fit(X, y)
    divided = small().fit(X / np.float32(255), y)
    np.testing.assert_array_equal(flat(scaled), flat(divided))
    np.testing.assert_array_equal(
        scaled.predict_proba(X), divided.predict_proba(X / np.float32(255))
    )


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_number_of_threads_does_not_change_the_model(n_threads):
    X, y = blobs(n_rows=300)
    plain = small(hidden_layer_sizes=(40, 30)).fit(X, y)
    model = small(hidden_layer_sizes=(40, 30), n_threads=n_threads).fit(X, y)
    np.testing.assert_array_equal(flat(plain), flat(model))


# Data frames, recognized by their attributes


class Frame:
    """The part of a data frame that the estimators use: columns and conversion to an array."""

    def __init__(self, values, columns):
        self.values, self.columns = values, columns

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype)


NAMES = ["a", "b", "c", "d"]
X, LABELS = blobs()


def test_fit_stores_column_names():
    model = small().fit(Frame(X, NAMES), LABELS)
    assert list(model.feature_names_in_) == NAMES
    np.testing.assert_array_equal(model.predict(Frame(X, NAMES)), small().fit(X, LABELS).predict(X))
    assert not hasattr(model.fit(X, LABELS), "feature_names_in_")
    assert not hasattr(model.fit(Frame(X, [0, 1, 2, 3]), LABELS), "feature_names_in_")


@pytest.mark.parametrize(
    "columns, message",
    [
        (["b", "a", "c", "d"], "must be in the same order as they were in fit"),
        (["a", "b", "c", "e"], "unseen at fit time:\n- e\nFeature names seen at fit time, yet now"),
        (list("efghijk"), "unseen at fit time:\n- e\n- f\n- g\n- h\n- i\n- [.][.][.]\n"),
    ],
)
def test_other_column_names_are_rejected(columns, message):
    model = small(warm_start=True).fit(Frame(X, NAMES), LABELS)
    frame = Frame(np.zeros((3, len(columns))), columns)
    for call in (model.predict, lambda rows: model.fit(rows, [0, 1, 2])):
        with pytest.raises(ValueError, match=message):
            call(frame)


def test_column_names_in_only_one_of_fit_and_predict_warn():
    model = small().fit(Frame(X, NAMES), LABELS)
    with pytest.warns(UserWarning, match="X does not have valid feature names") as caught:
        model.predict(X)
    assert caught[0].filename == __file__
    model = small().fit(X, LABELS)
    with pytest.warns(
        UserWarning, match="X has feature names, but MLPClassifier was fitted without"
    ):
        model.predict(Frame(X, NAMES))


def test_column_names_of_mixed_types_are_rejected():
    with pytest.raises(TypeError, match="all input features have string names"):
        small().fit(Frame(X, ["a", 1, "c", "d"]), LABELS)


def test_subnormal_halves_are_the_same_floats():
    X, y = blobs()
    model = small(max_iter=3).fit(X, y)
    halves = np.full(X.shape, 2.0**-24, np.float16)
    halves[1::2] = -(2.0**-24)
    expected = model.predict_proba(
        np.where(np.arange(len(X)) % 2, -(2.0**-24), 2.0**-24)[:, None] * np.ones(X.shape)
    )
    np.testing.assert_array_equal(model.predict_proba(halves), expected)


# Refusals


def test_an_entry_that_is_no_number_is_named_by_its_place():
    with pytest.raises(
        TypeError, match=r"X cannot be converted to numbers: .* \(row 1, column 0\)$"
    ):
        small().fit([[1.0, 2.0], [object(), 1.0]], [0, 1])


@pytest.mark.parametrize("convert", [np.asarray, sparse.csr_array])
def test_the_first_infinite_value_is_found_behind_many_rows(convert):
    X, y = blobs()
    model = small(max_iter=3).fit(X, y)
    rows = np.zeros((9000, X.shape[1]))
    rows[5000, 1] = rows[8999, 0] = np.inf
    with pytest.raises(ValueError, match=r"contains infinity .* at row 5000, column 1\.$"):
        model.predict(convert(rows))


@pytest.mark.parametrize(
    "owner", [MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor]
)
def test_lazy_frames_and_paths_name_what_to_do(owner):
    polars = package("polars")
    frame = polars.DataFrame({"x": [1.0, 2.0] * 20, "y": [0, 1] * 20})
    lazy = frame.lazy()
    model = owner(**{"n_epochs" if "Tabular" in owner.__name__ else "max_iter": 1})
    with pytest.raises(ValueError, match=r"X is a LazyFrame.*: pass X\.collect\(\)"):
        model.fit(lazy, frame["y"])
    with pytest.raises(ValueError, match=r"y is a LazyFrame.*: pass y\.collect\(\)"):
        model.fit(frame.select("x"), lazy.select("y"))
    with pytest.raises(
        ValueError, match=r"X is the text 'rows.csv': read the file first, for .* pandas.read_csv"
    ):
        model.fit("rows.csv", frame["y"])
    with pytest.raises(
        ValueError,
        match=r"X is the text 'rows.xlsx': read the file first, for .* pandas.read_excel",
    ):
        model.fit("rows.xlsx", frame["y"])
