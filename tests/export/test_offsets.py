"""Columns and targets far from 0: every export predicts as Python does, or is refused with the remedy."""

import functools
import io

import numpy as np
import pytest
from c_export import NATIVE, integer_predictions, needs_gcc, predictions, require
from helpers import assert_same_bits
from optional import package
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

import cmlp
from cmlp import MLPClassifier, MLPRegressor, Network, TabularClassifier, TabularRegressor

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer", "ignore:The largest input")
RNG = np.random.default_rng(0)
UNIT = RNG.normal(size=(90, 3))
CLASSES = np.digitize(UNIT[:, 0] + UNIT[:, 1] ** 2, [0.3, 1.2])
# Years, seconds since 1970 within some minutes, and what leaves 13 bits of a double.
OFFSETS = {0.0: 1.0, 2000.0: 10.0, 1.7e9: 60.0, 1e12: 1.0}
DTYPES = ["float32", "float64"]
FAST = {"n_estimators": 2, "hidden_layer_sizes": (6,), "max_time": 1e-9, "random_state": 0}
EXACT = 1e-12, 1e-6  # tolerances for float64 and float32


def rows(offset):
    return offset + OFFSETS[offset] * UNIT


def scale_of(name, offset):
    if name == "vectors":
        return np.full(3, offset), np.full(3, -0.5 / OFFSETS[offset])
    return 1 / max(2.0, offset) if name == "scalar" else name


SCALES = ["standard", "minmax", "robust", "vectors", "scalar"]


@functools.cache
def trained(scale, dtype, offset):
    """Return a classifier of three classes."""
    options = {"activation": "tanh", "max_iter": 20, "learning_rate_init": 0.05, "random_state": 0}
    return MLPClassifier((8,), input_scale=scale_of(scale, offset), dtype=dtype, **options).fit(
        rows(offset), CLASSES
    )


def by_onnx(model, X, folder):
    package("onnx")
    model.to_onnx(folder / "model.onnx", input_dtype="float64")
    session = package("onnxruntime").InferenceSession(
        folder / "model.onnx", providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"X": X})[-1]


def by_torch(model, X, folder):
    torch = package("torch")
    return model.to_torch()(torch.from_numpy(X)).detach().numpy()


def by_own_onnx(model, X, folder):
    package("onnx")
    model.to_onnx(folder / "model.onnx")  # the type of the inputs does not matter for from_onnx
    return cmlp.from_onnx(folder / "model.onnx").predict_proba(X)


def by_own_torch(model, X, folder):
    package("torch")
    return cmlp.from_torch(model.to_torch()).forward(X)


def by_file(model, X, folder):
    model.save(folder / "model.cmlp")
    return cmlp.load(folder / "model.cmlp").predict_proba(X)


def by_scikit_learn(model, X, folder):
    return model.to_sklearn().predict_proba(X)


EXPORTS = [by_onnx, by_torch, by_own_onnx, by_own_torch, by_file, by_scikit_learn]


@pytest.mark.sampled(4)
@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("export", EXPORTS)
def test_exports_predict_as_python(export, scale, dtype, offset, tmp_path):
    model, X = trained(scale, dtype, offset), rows(offset)
    shifted = scale != "scalar"
    if export is by_scikit_learn and shifted and offset == 1e12:
        with pytest.raises(ValueError, match=r"the shift 1e.12 for column .* subtract a constant"):
            export(model, X, tmp_path)
        return
    if export is by_own_onnx and shifted and dtype == "float32" and offset > 1e9:
        with pytest.raises(
            ValueError,
            match=r"float32 cannot hold the values of column 0, .* input_dtype='float64'",
        ):
            export(model, X, tmp_path)
        return
    tolerance = 1e-6 if export is by_scikit_learn else EXACT[dtype == "float32"]
    np.testing.assert_allclose(
        export(model, X, tmp_path), model.predict_proba(X), rtol=0, atol=tolerance
    )


@needs_gcc
@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("scale", SCALES)
def test_c_header_has_the_bits_of_python(scale, offset, tmp_path):
    require(NATIVE)
    model, X = trained(scale, "float32", offset), rows(offset)
    model.to_c(tmp_path / "model.h")
    for values in (X.astype(np.float32), *([X] if scale != "scalar" else [])):
        suffix = "_f64" if values.dtype == np.float64 else ""
        outputs, classes = predictions(tmp_path, "model", values, suffix=suffix)
        assert_same_bits(outputs, model.predict_proba(values))
        assert classes.tolist() == model.predict(values).tolist()
    exact = trained(scale, "float64", offset)
    if scale != "scalar":
        exact.to_c(tmp_path / "rounded.h", dtype="float32")
        outputs, _ = predictions(tmp_path, "rounded", X, suffix="_f64")
        np.testing.assert_allclose(outputs, exact.predict_proba(X), rtol=0, atol=1e-5)


@needs_gcc
def test_c_header_checks_itself_with_rows_near_the_shifts(tmp_path):
    """The outputs for rows near 0 would be infinite."""
    X, y = rows(1.7e9), np.exp(UNIT[:, 0])
    options = {
        "loss": "poisson",
        "hidden_layer_sizes": (8,),
        "dtype": "float32",
        "max_iter": 20,
        "random_state": 0,
    }
    model = MLPRegressor(input_scale="standard", **options).fit(X, y)
    assert not np.isfinite(model.predict(X * 0)).any()
    model.to_c(tmp_path / "model.h")
    outputs, _ = predictions(
        tmp_path, "model", X, suffix="_f64", classify=False
    )  # calls model_check too
    assert_same_bits(outputs[:, 0], model.predict(X))


@pytest.mark.sampled(2)
@needs_gcc
@pytest.mark.parametrize("scale", SCALES)
def test_int8_header_has_the_bits_of_its_model(scale, tmp_path):
    """Bytes near 250 with a small spread: the shift is large beside the spread."""
    X = np.clip(250 + UNIT, 0, 255).astype(np.uint8)
    given = {"vectors": (np.full(3, 250.0), np.full(3, 0.7)), "scalar": 1 / 255}
    options = {
        "input_scale": given.get(scale, scale),
        "dtype": "float32",
        "max_iter": 60,
        "random_state": 0,
    }
    model = MLPClassifier((16,), learning_rate_init=0.05, **options).fit(X, CLASSES)
    outputs, expected = integer_predictions(tmp_path, {"bytes": model}, X)
    assert (outputs == expected).all()
    header = model.to_c(io.StringIO(), name="bytes", int8=True, calibrate=X)
    assert header.comparison.same_class > 0.9 * len(X)


# ----------------------------------------------------------------------------------------------- other sides of exports


@pytest.mark.parametrize("conversion", ["float", "double", "half"])
def test_torch_module_keeps_the_shift_when_it_is_converted(conversion):
    torch = package("torch")
    model, X = trained("standard", "float32", 1.7e9), rows(1.7e9)
    module = getattr(model.to_torch(), conversion)()
    tolerance = 5e-3 if conversion == "half" else 1e-6
    outputs = module(torch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(outputs, model.predict_proba(X), rtol=0, atol=tolerance)
    assert (
        outputs.dtype == {"float": np.float32, "double": np.float64, "half": np.float16}[conversion]
    )
    again = torch.nn.Sequential(*model.to_torch())
    again.load_state_dict(model.to_torch().state_dict())
    np.testing.assert_array_equal(
        again(torch.from_numpy(X)).detach(), model.to_torch()(torch.from_numpy(X)).detach()
    )


@pytest.mark.parametrize("scale", [1e-50, 1e50])
def test_scale_out_of_the_range_of_float32(scale, tmp_path):
    package("onnx"), package("torch")
    net = Network([3, 4, 2], "tanh", input_scale=scale, random_state=0)
    X = UNIT / scale
    for export in (net.to_torch, lambda: net.to_onnx(tmp_path / "net.onnx")):
        with pytest.raises(
            ValueError, match=r"input_scale=1e.50 is out of the range of float32 in (PyTorch|ONNX)"
        ):
            export()
    outputs = by_onnx(net, X, tmp_path)  # which computes with the scale in float64
    np.testing.assert_allclose(outputs, net.forward(X), rtol=0, atol=1e-6)


def test_scale_of_torch_takes_doubles_beyond_float32():
    torch = package("torch")
    net = Network([3, 4, 2], "tanh", input_scale=1e-30, random_state=0)
    X = UNIT * 1e40
    outputs = net.to_torch()(torch.from_numpy(X * 1e-10)).detach().numpy()
    np.testing.assert_allclose(outputs, net.forward(X * 1e-10), rtol=0, atol=1e-6)


def test_scikit_learn_gets_float64_weights_if_a_scale_is_folded():
    for scale, expected in (
        (1, np.float32),
        (1e-40, np.float64),
        ((np.zeros(3), np.ones(3)), np.float64),
    ):
        X = (UNIT / (scale if scale == 1e-40 else 1)).astype(np.float64)
        model = MLPClassifier(
            (5,), input_scale=scale, dtype="float32", max_iter=5, random_state=0
        ).fit(X, CLASSES)
        theirs = model.to_sklearn()
        assert {tensor.dtype for tensor in theirs.coefs_ + theirs.intercepts_} == {
            np.dtype(expected)
        }
        np.testing.assert_allclose(
            theirs.predict_proba(X), model.predict_proba(X), rtol=0, atol=1e-6
        )
        theirs.partial_fit(X, CLASSES)


def test_from_sklearn_keeps_the_digits_of_mixed_dtypes():
    theirs = TheirRegressor(hidden_layer_sizes=(4,), max_iter=5, random_state=0).fit(
        UNIT.astype(np.float32), UNIT[:, 0]
    )
    theirs.intercepts_[-1] = theirs.intercepts_[-1].astype(np.float64) + 1.7e9
    ours = cmlp.from_sklearn(theirs)
    assert {tensor.dtype for tensor in ours.coefs_} == {np.dtype(np.float64)}
    np.testing.assert_allclose(ours.predict(UNIT) - 1.7e9, theirs.predict(UNIT) - 1.7e9, rtol=1e-6)


def test_normalized_probabilities_of_torch():
    torch = package("torch")
    model = MLPClassifier((8,), loss="squared_error", max_iter=30, random_state=0).fit(
        UNIT, CLASSES
    )
    module = model.to_torch()
    np.testing.assert_allclose(
        module(torch.from_numpy(UNIT)).detach(), model.predict_proba(UNIT), rtol=0, atol=1e-12
    )
    model.coefs_[1][...], model.intercepts_[1][...] = 0, -1e4  # all outputs are 0
    outputs = model.to_torch()(torch.from_numpy(UNIT)).detach().numpy()
    np.testing.assert_array_equal(outputs, np.full((90, 3), 1 / 3))
    with pytest.raises(ValueError, match="Normalize is not supported"):
        cmlp.from_torch(module)
    multilabel = MLPClassifier((8,), loss="squared_error", max_iter=5).fit(
        UNIT, (UNIT > 0).astype(int)
    )
    outputs = multilabel.to_torch()(torch.from_numpy(UNIT)).detach()
    np.testing.assert_allclose(outputs, multilabel.predict_proba(UNIT), rtol=0, atol=1e-12)


# ---------------------------------------------------------------------------------------------------------- regressors


@pytest.mark.parametrize("offset", OFFSETS)
def test_large_targets_are_kept_or_refused(offset, tmp_path):
    y, scale = rows(offset)[:, 0], OFFSETS[offset]
    options = {"hidden_layer_sizes": (8,), "y_scale": "standard", "max_iter": 30, "random_state": 0}
    model = MLPRegressor(**options).fit(UNIT, y)
    expected = model.predict(UNIT)
    np.testing.assert_allclose(by_onnx(model, UNIT, tmp_path), expected, rtol=0, atol=1e-4 * scale)
    torch = package("torch")
    np.testing.assert_allclose(
        model.to_torch()(torch.from_numpy(UNIT)).detach()[:, 0], expected, rtol=0, atol=1e-3 * scale
    )
    np.testing.assert_allclose(
        model.to_sklearn().predict(UNIT), expected, rtol=0, atol=1e-3 * scale
    )
    if offset < 1e6:
        model.to_c(tmp_path / "model.h", dtype="float32")
    else:
        with pytest.raises(ValueError, match=r"the outputs are near .* subtract an offset from y"):
            model.to_c(tmp_path / "model.h", dtype="float32")
        assert not (tmp_path / "model.h").exists()


@needs_gcc
@pytest.mark.parametrize("offset", [*OFFSETS, 1e-50])
def test_tables_keep_large_and_tiny_columns_and_targets(offset, tmp_path):
    X = offset + OFFSETS.get(offset, 1e-50) * UNIT
    for model, name in (
        (TabularRegressor(**FAST).fit(X[:, :2], X[:, 0]), "regressor"),
        (TabularClassifier(**FAST).fit(X[:, :1], CLASSES), "classifier"),
    ):
        columns = X[:, : model.n_features_in_]
        expected = model.predict(columns) if name == "regressor" else model.predict_proba(columns)
        model.to_c(tmp_path / f"{name}.h")
        outputs, _ = predictions(
            tmp_path, name, columns, output="double", classify=name == "classifier"
        )
        assert_same_bits(outputs.reshape(expected.shape), expected)
        package("onnx")
        model.to_onnx(tmp_path / f"{name}.onnx")
        session = package("onnxruntime").InferenceSession(
            tmp_path / f"{name}.onnx", providers=["CPUExecutionProvider"]
        )
        feed = {f"column_{i}": columns[:, i : i + 1] for i in range(columns.shape[1])}
        spread = X[:, 0].max() - X[:, 0].min() if name == "regressor" else 1.0
        np.testing.assert_allclose(
            session.run(None, feed)[-1], expected, rtol=0, atol=1e-6 * spread
        )


# ----------------------------------------------------------------------------------------------------------- pipelines


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("scaler", [StandardScaler(), RobustScaler(), MinMaxScaler()], ids=str)
def test_pipelines_keep_the_shift(scaler, offset):
    X = rows(offset)
    pipeline = make_pipeline(scaler, TheirClassifier((6,), max_iter=10, random_state=0)).fit(
        X, CLASSES
    )
    model = cmlp.from_pipeline(pipeline)
    # MinMaxScaler itself loses digits: it multiplies before it subtracts.
    own = 1e-16 * offset / OFFSETS[offset] if isinstance(scaler, MinMaxScaler) else 0
    np.testing.assert_allclose(
        model.predict_proba(X), pipeline.predict_proba(X), rtol=0, atol=1e-12 + 10 * own
    )


def test_pipelines_with_two_shifts_are_refused_if_the_second_would_be_lost():
    for offset in (1e3, 1e12):
        steps = (
            StandardScaler(),
            MinMaxScaler((-1, 2)),
            TheirClassifier((6,), max_iter=10, random_state=0),
        )
        pipeline = make_pipeline(*steps).fit(
            rows(offset) if offset == 2000 else offset + UNIT, CLASSES
        )
        if offset == 1e3:
            got, expected = (
                one.predict_proba(offset + UNIT) for one in (cmlp.from_pipeline(pipeline), pipeline)
            )
            np.testing.assert_allclose(got, expected, rtol=0, atol=1e-9)
        else:
            with pytest.raises(
                ValueError,
                match=r"the shift of column \d, 1e\+12, is too large .* subtract a constant",
            ):
                cmlp.from_pipeline(pipeline)


def test_graphs_with_two_shifts_are_refused_if_the_second_would_be_lost(tmp_path):
    onnx = package("onnx")
    for first, error in (
        (10.0, None),
        (1e12, "the operator 'Sub' .* the shift of column 0, 1e.12, is too large"),
    ):
        text = '<ir_version: 9, opset_import: ["" : 20]> g (double[N, 2] x) => (double[N, K] y) '
        model = onnx.parser.parse_model(
            text + "{ a = Sub(x, first) s = Sub(a, second) y = Gemm(s, w, b) }"
        )
        for name, values in {
            "first": first,
            "second": [0.3, 0.7],
            "w": [[1.0], [2.0]],
            "b": [0.5],
        }.items():
            model.graph.initializer.append(
                onnx.numpy_helper.from_array(np.asarray(values, np.float64), name)
            )
        (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
        if error:
            with pytest.raises(ValueError, match=error):
                cmlp.from_onnx(tmp_path / "net.onnx")
        else:
            X = first + UNIT[:, :2]
            np.testing.assert_allclose(
                cmlp.from_onnx(tmp_path / "net.onnx").forward(X),
                (X - first - [0.3, 0.7]) @ [[1.0], [2.0]] + 0.5,
            )


@pytest.mark.parametrize("changed", [(0, 1), (-5, 7)])
def test_pipeline_does_not_read_parameters_that_changed_after_fit(changed):
    pipeline = make_pipeline(
        MinMaxScaler((-1, 2)), TheirClassifier((6,), max_iter=10, random_state=0)
    )
    pipeline.fit(UNIT, CLASSES)
    pipeline[0].set_params(feature_range=changed)
    model = cmlp.from_pipeline(pipeline)
    np.testing.assert_allclose(
        model.predict_proba(UNIT), pipeline.predict_proba(UNIT), rtol=0, atol=1e-12
    )
