"""ONNX files: ONNX Runtime gives the labels and probabilities of cmlp."""

import numpy as np
import pytest
from estimator_cases import blobs, small
from helpers import HIDDEN, LOSSES
from optional import package

from cmlp import MLPClassifier, MLPRegressor, Network

onnx, onnxruntime = package("onnx"), package("onnxruntime")
pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer:UserWarning")

ATOL = {"float32": 1e-5, "float64": 1e-6}
HOSTILE = [
    "",
    '"',
    "'; DROP TABLE x; --",
    "*/",
    "??/",
    "</script>",
    "a\0b",
    "\x1b[31m",
    "\n",
    "א\u202eb",
    "é😀",
    "\\",
]


def run(path, X):
    """Check an ONNX file and run it; return a dictionary of its outputs."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    onnx.checker.check_model(onnx.load(path), full_check=True)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"X": X}), strict=True))


def assert_agrees(model, path, X, input_dtype=None):
    """Export a classifier, and compare labels and probabilities; each batch size works."""
    model.to_onnx(path, input_dtype=input_dtype)
    dtype = model.coefs_[0].dtype.name
    rows = X.astype(input_dtype or dtype)
    for n in (len(X), 1, 0):
        got = run(path, rows[:n])
        assert list(got) == ["label", "probabilities"]
        if n:
            expected = model.predict_proba(X[:n])
            np.testing.assert_allclose(got["probabilities"], expected, rtol=0, atol=ATOL[dtype])
            assert got["probabilities"].dtype == expected.dtype
            assert got["label"].tolist() == model.predict(X[:n]).tolist()
        assert len(got["label"]) == len(got["probabilities"]) == n


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", HIDDEN)
def test_every_activation_and_output(tmp_path, dtype, activation):
    path, X = (
        tmp_path / "net.onnx",
        3 * np.random.RandomState(0).standard_normal((30, 5)).astype(dtype),
    )
    for output, losses in LOSSES.items():
        for loss in losses if activation == "relu" else losses[:1]:
            net = Network(
                [5, 7, 6, 3],
                activation,
                output=output,
                loss=loss,
                dtype=dtype,
                input_scale=0.5,
                random_state=1,
            )
            net.to_onnx(path)
            got = run(path, X)
            assert list(got) == ["output"] and got["output"].dtype == dtype
            # exp outputs are large: compare their relative errors
            rtol = ATOL[dtype] if output in ("exp", "identity") else 0
            np.testing.assert_allclose(got["output"], net.forward(X), rtol=rtol, atol=ATOL[dtype])


def test_activation_parameters(tmp_path):
    for dtype in ("float32", "float64"):
        X = np.random.RandomState(0).standard_normal((20, 3)).astype(dtype)
        net = Network(
            [3, 8, 8, 2],
            ["leaky_relu", "elu"],
            dtype=dtype,
            activation_parameter=[0.3, 2.5],
            random_state=0,
        )
        net.to_onnx(tmp_path / "net.onnx")
        got = run(tmp_path / "net.onnx", X)["output"]
        np.testing.assert_allclose(got, net.forward(X), rtol=0, atol=ATOL[dtype])


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", ["log_loss", "squared_error"])
@pytest.mark.parametrize("n_classes", [1, 2, 4])
def test_classes_of_each_kind(tmp_path, dtype, loss, n_classes):
    X, y = blobs(n_classes)
    for names in (
        np.arange(4) * 10 - 5,
        np.array(["b", "a", "d", "ç"]),
        np.array([7.5, -1, 0, 2]) * 2,
    ):
        model = small(dtype=dtype, loss=loss).fit(X, names[y])
        assert_agrees(model, tmp_path / "model.onnx", X)
    model = small(dtype=dtype, loss=loss).fit(X, y.astype(np.uint8))
    assert_agrees(model, tmp_path / "model.onnx", X)


def test_bool_labels_and_multilabel(tmp_path):
    X, y = blobs(2)
    assert_agrees(small().fit(X, y == 1), tmp_path / "model.onnx", X)
    multilabel = np.stack([y, 1 - y, y], axis=1)
    for loss in ("log_loss", "squared_error"):
        assert_agrees(small(loss=loss).fit(X, multilabel), tmp_path / "model.onnx", X)


def test_zero_outputs_give_equal_probabilities(tmp_path):
    X, y = blobs()
    model = small(loss="squared_error").fit(X, y)
    model.intercepts_[-1] = np.full(3, -2000.0)
    assert model.predict_proba(X)[0].tolist() == [1 / 3] * 3
    assert_agrees(model, tmp_path / "model.onnx", X)


def test_single_class_is_always_the_answer(tmp_path):
    X, y = blobs(1)
    model = small().fit(X, y + 7)
    model.intercepts_[-1] = np.full(1, 5.0)
    assert model.predict_proba(X)[0, 1] > 0.5 and set(model.predict(X)) == {7}
    assert_agrees(model, tmp_path / "model.onnx", X)


@pytest.mark.parametrize("shape", [1, 2])
def test_regressor(tmp_path, shape):
    X, y = blobs()
    for loss in ("squared_error", "poisson"):
        model = MLPRegressor(loss, (8,), max_iter=3, random_state=0)
        model.fit(X, y if shape == 1 else np.stack([y, y], 1))
        model.to_onnx(tmp_path / "model.onnx")
        got = run(tmp_path / "model.onnx", X)
        assert list(got) == ["prediction"] and got["prediction"].shape == model.predict(X).shape
        np.testing.assert_allclose(got["prediction"], model.predict(X), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("input_dtype", ["float32", "float64", "uint8"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_input_scale_and_input_dtype(tmp_path, dtype, input_dtype):
    X = np.random.RandomState(0).randint(0, 256, (100, 4)).astype(np.uint8)
    model = small(dtype=dtype, input_scale=1 / 255).fit(X, X[:, 0] // 90)
    assert_agrees(model, tmp_path / "model.onnx", X, input_dtype)


@pytest.mark.slow
def test_real_digits(tmp_path):
    from cmlp.datasets import load_digits28

    X, y, X_test, _ = load_digits28()
    for dtype in ("float32", "float64"):
        model = MLPClassifier(
            (128, 64), max_iter=10, random_state=0, input_scale=1 / 255, dtype=dtype
        ).fit(X, y)
        assert_agrees(model, tmp_path / "digits.onnx", X_test, "uint8")


def test_hostile_names_survive(tmp_path):
    X, _ = blobs()
    labels = np.array(HOSTILE)
    model = small().fit(X, labels[np.arange(len(X)) % len(labels)])
    model.feature_names_in_ = np.array(HOSTILE[:4], object)
    model.to_onnx(tmp_path / "model.onnx")
    assert set(run(tmp_path / "model.onnx", X.astype(np.float64))["label"]) <= set(HOSTILE)
    proto = onnx.load(tmp_path / "model.onnx")
    (classes,) = [tensor for tensor in proto.graph.initializer if tensor.name == "classes"]
    assert [text.decode() for text in classes.string_data] == sorted(HOSTILE)
    assert all(prop.value.isascii() and prop.value.isprintable() for prop in proto.metadata_props)


def test_same_bytes_every_time(tmp_path):
    net = Network([3, 4, 2], random_state=0)
    net.to_onnx(tmp_path / "a.onnx")
    net.to_onnx(tmp_path / "b.onnx")
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def fitted_with(labels):
    X, y = blobs(2)
    return small(max_iter=1).fit(X, np.asarray(labels)[y])


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (
            np.array([1, 2**64 - 1], np.uint64),
            ValueError,
            "the label 18446744073709551615 does not fit in int64",
        ),
        (["a", "b\ud800"], ValueError, r"the label 'b\\ud800' is not valid Unicode"),
        (
            np.array([1, 2], np.longdouble),
            TypeError,
            "labels of dtype (longdouble|float128) cannot be written to ONNX",
        ),
        (
            np.array([1, 2], np.float16),
            TypeError,
            "labels of dtype float16 cannot be written to ONNX",
        ),
    ],
)
def test_other_labels_are_refused(tmp_path, labels, error, message):
    with pytest.raises(error, match=message):
        fitted_with(labels).to_onnx(tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_other_errors(tmp_path, net):
    with pytest.raises(
        ValueError,
        match="input_dtype must be one of 'float32', 'float64', 'uint8' or None, got 'int'",
    ):
        net.to_onnx(tmp_path / "net.onnx", input_dtype="int")
    with pytest.raises(ValueError, match=r"input_scale=1e-300 is out of the range of float32"):
        Network([3, 2], input_scale=1e-300).to_onnx(tmp_path / "net.onnx")
    broken = Network([3, 2])
    broken.params[1] = np.nan
    with pytest.raises(ValueError, match="a weight is NaN or infinite"):
        broken.to_onnx(tmp_path / "net.onnx")
    with pytest.raises(ValueError, match="not fitted"):
        MLPClassifier().to_onnx(tmp_path / "net.onnx")
    with pytest.raises(FileNotFoundError):
        net.to_onnx(tmp_path / "no" / "net.onnx")
    assert list(tmp_path.iterdir()) == []


def test_file_that_would_be_too_large(tmp_path, monkeypatch):
    # A model above the limit of ONNX, 2 GB, would take too much memory: the limit is made smaller.
    from cmlp._export import onnx_write as onnx_writer

    monkeypatch.setattr(onnx_writer, "_LARGEST_FILE", 2**17)
    Network([100, 100]).to_onnx(tmp_path / "small.onnx")
    with pytest.raises(
        ValueError, match="can have at most 131072 bytes, but this model needs 80400"
    ):
        Network([200, 100]).to_onnx(tmp_path / "net.onnx")
    assert not (tmp_path / "net.onnx").exists()
