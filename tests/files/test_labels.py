"""Labels of every dtype are loaded exactly as saved, or save raises an error that names the dtype."""

import numpy as np
import pytest

import cmlp
from cmlp import MLPClassifier


def round_trip(labels, path):
    labels = np.asarray(labels)
    X = np.random.default_rng(0).normal(size=(len(labels), 3))
    with pytest.warns():  # a ConvergenceWarning, because one epoch is not enough
        model = MLPClassifier((2,), max_iter=1).fit(X, labels)
    model.save(path)
    loaded = cmlp.load(path)
    assert loaded.classes_.tolist() == model.classes_.tolist()
    assert loaded.predict(X).tolist() == model.predict(X).tolist()
    return model.classes_, loaded.classes_


EXACT = [
    [True, False, True],
    *[np.array([np.iinfo(f"{s}int{b}").min, 1, np.iinfo(f"{s}int{b}").max], f"{s}int{b}")
      for s in ("", "u") for b in (8, 16, 32, 64)],
    [2**53, 2**53 + 1, -(2**53) - 1],
    [5, 5, 5],
    np.array([-0.0, 1, 2], np.float16),
    np.array([-65504, 1, 2047], np.float16),
    np.array([np.finfo(np.float32).max, 1, 2**24 - 1], np.float32),
    np.array([1, 2, 3e9], np.float32),
    [1e300, -1e300, 0.0],
    ["a", "b", "c"],
    ["", " ", "\n\t\x1f\x7f"],
    ['"', "\\", "\\\"'</script>"],
    ["é", "é", "\u2028\ufeff\u202e"],
    ["a\0b", "a", "\U0001f600"],
    ["\ud800", "\udfff", "x"],
    ["x" * 100_000, "y", "z"],
    [str(i) for i in range(1000)],
    list(range(1000)),
    np.array(["a", "b", "a"], object),
    np.array(["a", "a\0", "x" * 10**6], object),
]  # fmt: skip


@pytest.mark.parametrize("labels", EXACT, ids=range(len(EXACT)))
def test_labels_survive_exactly(labels, tmp_path):
    saved, loaded = round_trip(labels, tmp_path / "model")
    assert loaded.dtype == saved.dtype
    if saved.dtype.kind == "f":
        assert np.signbit(loaded).tolist() == np.signbit(saved).tolist()


def partly_fitted(labels):
    """Return an estimator with these classes."""
    return MLPClassifier((1,)).partial_fit(np.eye(len(labels))[:, :2], labels, classes=labels)


def test_loaded_text_is_as_wide_as_the_longest_label(tmp_path):
    for labels, dtype in ((["", "a", "bcd"], "<U3"), (["", "a"], "<U1")):
        partly_fitted(np.array(labels, "U500")).save(tmp_path / "model")
        assert cmlp.load(tmp_path / "model").classes_.dtype.str == dtype


@pytest.mark.parametrize("kind", ["category", "string", "Int64"])
def test_labels_of_pandas_survive(kind, tmp_path):
    pandas = pytest.importorskip("pandas")
    values = [3, 1, 2] if kind == "Int64" else ["c", "a", "b"]
    saved, loaded = round_trip(pandas.Series(values, dtype=kind), tmp_path / "model")
    assert loaded.dtype == saved.dtype


@pytest.mark.parametrize("dtype", [">i2", ">i8", ">u4"])
def test_big_endian_labels_become_native(dtype, tmp_path):
    _, loaded = round_trip(np.array([1, 2, 300], dtype), tmp_path / "model")
    assert loaded.dtype.isnative and loaded.tolist() == [1, 2, 300]


@pytest.mark.parametrize("columns", [2, 5])
def test_multilabel_models_survive(columns, tmp_path):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(30, 3)), rng.integers(0, 2, (30, columns))
    with pytest.warns():
        model = MLPClassifier((2,), max_iter=1).fit(X, Y)
    model.save(tmp_path / "model")
    loaded = cmlp.load(tmp_path / "model")
    assert loaded.predict(X).shape == (30, columns)
    assert loaded.predict(X).tolist() == model.predict(X).tolist()


def test_multilabel_classes_that_a_file_cannot_contain_are_refused(tmp_path):
    """Otherwise save would write a file that cannot be loaded."""
    X, Y = np.eye(3), np.eye(3, dtype=int)
    with pytest.raises(
        ValueError, match=r"must be the column numbers 0 to 2, got \['a', 'b', 'c'\]"
    ):
        MLPClassifier((2,)).partial_fit(X, Y, classes=["a", "b", "c"])
    model = MLPClassifier((2,)).partial_fit(X, Y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="must be the column numbers 0 to 2"):
        model.classes_ = ["a", "b", "c"]
    model.save(tmp_path / "model")
    assert cmlp.load(tmp_path / "model").classes_.tolist() == [0, 1, 2]


def test_save_error_names_unsupported_label_dtype(tmp_path):
    labels = np.array([1, 2, 3], np.longdouble)
    if labels.dtype.itemsize == 8:
        pytest.skip("longdouble is float64 here")
    X = np.random.default_rng(0).normal(size=(3, 3))
    with pytest.warns():
        model = MLPClassifier((2,), max_iter=1).fit(X, labels)
    with pytest.raises(TypeError, match=r"float128|longdouble"):
        model.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()


@pytest.mark.slow
def test_labels_that_need_too_much_memory_raise(tmp_path):
    """In a NumPy array, all labels are as wide as the longest one."""
    model = partly_fitted(["a", "b"])
    model.classes_ = np.array(["x" * 2**25, "y"])  # just the limit
    model.save(tmp_path / "model")
    assert len(cmlp.load(tmp_path / "model").classes_[0]) == 2**25
    (tmp_path / "model").unlink()
    model.classes_ = np.array(["x" * 35_000_000, "y"])
    with pytest.raises(
        ValueError, match=r"the labels take 280000000 bytes, .* at most 268435456: shorten them"
    ):
        model.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()
