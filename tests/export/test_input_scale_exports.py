"""Exports of models with a shift and a factor for each input take raw inputs; pipelines become one model."""

import io

import numpy as np
import pytest
from c_export import NATIVE, predictions, require
from helpers import assert_same_bits
from internals import model_of
from sklearn.datasets import make_classification, make_regression
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    RobustScaler,
    StandardScaler,
)

import cmlp
from cmlp import MLPClassifier, MLPRegressor, Network

# A few epochs are enough: training need not converge.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
SHIFT, FACTOR = np.array([20.0, -1000.0, 3e-5, 0.1]), np.array([0.1, -0.002, 255.0, 1 / 3])
SETTINGS = {"max_iter": 20, "tol": 0, "n_iter_no_change": float("inf"), "random_state": 0}


@pytest.fixture
def net():
    return Network([4, 6, 3], "tanh", input_scale=(SHIFT, FACTOR), random_state=0)


@pytest.fixture
def rows():
    return (SHIFT + np.random.default_rng(0).normal(size=(50, 4)) / FACTOR).astype(np.float32)


def test_c_header_has_the_bits_of_python_for_raw_rows(net, rows, tmp_path):
    require(NATIVE)
    pixels = np.random.default_rng(1).integers(0, 256, (50, 4), np.uint8)
    pixels[::3, ::2] = 0  # a zero is no zero after the shift
    rows[::3, ::2] = 0
    net.to_c(tmp_path / "scaled.h", name="scaled")
    for X in (rows, pixels):
        outputs = predictions(tmp_path, "scaled", X)[0]
        assert_same_bits(np.asarray(outputs), net.forward(X))


@pytest.mark.parametrize("x_type", ["uint8", "float32"])
def test_int8_header_takes_raw_inputs_of_each_scale(x_type):
    X, y = make_classification(400, 4, n_informative=4, n_redundant=0, random_state=0)
    X = np.clip(100 + 30 * X, 0, 255).astype(np.uint8) if x_type == "uint8" else SHIFT + X / FACTOR
    X = X.astype(x_type)
    model = MLPClassifier((16,), input_scale="standard", dtype="float32", **SETTINGS).fit(X, y)
    header = model.to_c(text := io.StringIO(), name="scaled", int8=True, calibrate=X)
    assert header.comparison.same_class > 0.97 * len(X)
    assert ("scaled_quantize" in text.getvalue()) == (x_type == "float32")


def test_int8_header_gives_whole_numbers_of_different_ranges_a_step_each():
    X, y = make_classification(400, 4, n_informative=4, n_redundant=0, random_state=0)
    X = np.clip([100, 4, 4, 100] + [30, 1, 1, 30] * X, 0, 255).round()
    model = MLPClassifier((16,), input_scale="standard", dtype="float32", **SETTINGS).fit(X, y)
    model.to_c(text := io.StringIO(), name="scaled", int8=True, calibrate=X)
    assert "scaled_quantize" in text.getvalue()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("x_type", ["float32", "float64", "uint8"])
def test_onnx_takes_raw_rows(dtype, x_type, rows, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    net = Network([4, 6, 3], "tanh", dtype=dtype, input_scale=(SHIFT, FACTOR), random_state=0)
    net.to_onnx(tmp_path / "net.onnx", input_dtype=x_type)
    session = onnxruntime.InferenceSession(
        tmp_path / "net.onnx", providers=["CPUExecutionProvider"]
    )
    X = (
        rows.astype(x_type)
        if x_type != "uint8"
        else np.random.default_rng(1).integers(0, 256, (50, 4), np.uint8)
    )
    np.testing.assert_allclose(
        session.run(None, {"X": X})[-1], net.forward(X), rtol=2e-5, atol=1e-6
    )


def test_torch_module_takes_raw_rows(net, rows):
    torch = pytest.importorskip("torch")
    outputs = net.to_torch()(torch.from_numpy(rows)).detach().numpy()
    np.testing.assert_allclose(outputs, net.forward(rows), rtol=2e-5, atol=1e-6)


def test_from_torch_reads_the_exported_shift(net, rows):
    pytest.importorskip("torch")
    module = net.to_torch()
    twin = cmlp.from_torch(module)
    assert twin.input_scale == net.input_scale and (twin.forward(rows) == net.forward(rows)).all()
    with pytest.raises(ValueError, match="first module"):
        cmlp.from_torch(type(module)(*module, *module))


def test_scale_in_weights_gives_the_same_outputs(rows):
    net = Network([4, 6, 3], "tanh", dtype="float64", input_scale=(SHIFT, FACTOR), random_state=0)
    outputs = model_of(net).unscaled().predict(rows)
    np.testing.assert_allclose(outputs, net.forward(rows), rtol=1e-12)
    assert (net.params == Network(net.sizes, "tanh", dtype="float64", random_state=0).params).all()


def test_scikit_learn_and_page_take_raw_rows(tmp_path):
    X, y = make_regression(60, 4, random_state=0)
    X = 1000 + 50 * X
    model = MLPRegressor(hidden_layer_sizes=(5,), input_scale="robust", **SETTINGS).fit(X, y)
    np.testing.assert_allclose(model.to_sklearn().predict(X), model.predict(X), rtol=1e-9)
    model.to_html(tmp_path / "page.html")
    assert (tmp_path / "page.html").stat().st_size > 10_000


# ------------------------------------------------------------------------------------------------------ pipelines

SCALERS = [
    (StandardScaler(),),
    (StandardScaler(with_mean=False),),
    (StandardScaler(with_std=False), MinMaxScaler((-1, 2))),
    (MinMaxScaler(),),
    (RobustScaler(),),
    (RobustScaler(with_centering=False), "passthrough", MaxAbsScaler()),
    (MaxAbsScaler(), StandardScaler(), MinMaxScaler((0, 3)), RobustScaler()),
]


@pytest.mark.parametrize("scalers", SCALERS, ids=str)
@pytest.mark.parametrize("network", [TheirRegressor, MLPRegressor])
def test_pipeline_becomes_one_model_with_its_predictions(scalers, network, tmp_path):
    X, y = make_regression(60, 4, random_state=0)
    X = X * [1, 100, 1e-3, 7] + [5, 1000, 0, -3]
    pipeline = make_pipeline(
        *scalers, network(hidden_layer_sizes=(5,), max_iter=20, random_state=0)
    ).fit(X, y)
    before = pipeline[-1].coefs_[0].copy()
    model = cmlp.from_pipeline(pipeline)
    assert isinstance(model, MLPRegressor)
    np.testing.assert_allclose(model.predict(X), pipeline.predict(X), rtol=1e-9, atol=1e-9)
    model.save(tmp_path / "model.cmlp")
    assert (cmlp.load(tmp_path / "model.cmlp").predict(X) == model.predict(X)).all()
    model.partial_fit(X, y)
    assert (pipeline[-1].coefs_[0] == before).all()


def test_pipeline_of_a_classifier_keeps_classes_names_and_its_own_scale():
    pandas = pytest.importorskip("pandas")
    X, y = make_classification(80, 4, random_state=0)
    frame = pandas.DataFrame(100 + 20 * X, columns=list("abcd"))
    for network in (
        TheirClassifier((5,), max_iter=20),
        MLPClassifier((5,), max_iter=20, input_scale=0.5),
    ):
        pipeline = make_pipeline(StandardScaler(), network).fit(frame, np.array(["no", "yes"])[y])
        model = cmlp.from_pipeline(pipeline)
        assert list(model.classes_) == ["no", "yes"] and list(model.feature_names_in_) == list(
            "abcd"
        )
        np.testing.assert_allclose(
            model.predict_proba(frame), pipeline.predict_proba(frame), rtol=1e-9
        )


@pytest.mark.parametrize("network", [TheirRegressor, MLPRegressor])
@pytest.mark.parametrize(
    "before", [("passthrough",), (None,), ("passthrough", StandardScaler()), (StandardScaler(),)]
)
def test_pipeline_keeps_names_behind_steps_that_do_nothing(before, network):
    pandas = pytest.importorskip("pandas")
    X, y = make_regression(60, 3, random_state=0)
    frame = pandas.DataFrame(X, columns=list("abc"))
    pipeline = make_pipeline(*before, network(hidden_layer_sizes=(3,), max_iter=5)).fit(frame, y)
    for whole in (pipeline, make_pipeline("passthrough", pipeline)):
        model = cmlp.from_sklearn(whole)
        assert model.feature_names_in_.tolist() == list("abc")
        with pytest.raises(ValueError, match="must be in the same order"):
            model.predict(frame[["c", "b", "a"]])


def test_from_pipeline_refuses_what_it_cannot_convert():
    X, y = make_regression(30, 4, random_state=0)
    network = MLPRegressor(hidden_layer_sizes=(3,), max_iter=5)
    for steps, error, message in (
        ((Normalizer(),), TypeError, "got Normalizer"),
        ((MinMaxScaler(clip=True),), ValueError, "clip=True"),
    ):
        with pytest.raises(error, match=message):
            cmlp.from_pipeline(make_pipeline(*steps, network).fit(X, y))
    with pytest.raises(TypeError, match="must be a Pipeline"):
        cmlp.from_pipeline(network)
    with pytest.raises(ValueError, match="not fitted"):
        cmlp.from_pipeline(make_pipeline(StandardScaler(), network.fit(X, y)))
