"""Exports of models with several quantiles sort their predictions, too."""

import io

import numpy as np
import pytest
from c_export import NATIVE, predictions, require
from helpers import assert_same_bits

import cmlp
from cmlp import MLPRegressor

QUANTILES = [0.1, 0.25, 0.5, 0.9]


@pytest.fixture(params=["float32", "float64"])
def model(request):
    """A regressor whose outputs are in every order."""
    rng = np.random.RandomState(0)
    shapes = [(3, 6), (6, 4)]
    coefs = [rng.standard_normal(shape).astype(request.param) for shape in shapes]
    intercepts = [rng.standard_normal(n).astype(request.param) for _, n in shapes]
    return MLPRegressor.from_arrays(
        coefs, intercepts, loss="quantile", quantile=QUANTILES, activation="tanh"
    )


@pytest.fixture
def rows(model):
    X = np.random.RandomState(1).standard_normal((60, 3)).astype(model.coefs_[0].dtype)
    assert (np.diff(model.activations(X)[-1]) < 0).any(axis=1).sum() > 30
    return X


def test_c_header_has_the_bits_of_python(model, rows, tmp_path):
    require(NATIVE)
    model.to_c(tmp_path / "quantiles.h", name="quantiles", dtype="float32")
    single = MLPRegressor.from_arrays(
        [w.astype("float32") for w in model.coefs_],
        [b.astype("float32") for b in model.intercepts_],
        **{name: getattr(model, name) for name in ("loss", "quantile", "activation")},
    )
    rows = rows.astype("float32")
    outputs = predictions(tmp_path, "quantiles", rows, classify=False)[0]
    assert_same_bits(np.asarray(outputs), single.predict(rows))


def test_onnx_file_sorts_and_is_read_again(model, rows, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    model.to_onnx(tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(
        tmp_path / "model.onnx", providers=["CPUExecutionProvider"]
    )
    np.testing.assert_allclose(
        session.run(None, {"X": rows})[0], model.predict(rows), rtol=1e-5, atol=1e-6
    )
    twin = cmlp.from_onnx(tmp_path / "model.onnx")
    assert type(twin) is MLPRegressor and twin.quantile == QUANTILES
    assert_same_bits(twin.predict(rows), model.predict(rows))


@pytest.mark.parametrize("change", ["no quantiles", "three", "descending", "text", "no sorting"])
def test_changed_onnx_files_are_refused(model, change, tmp_path):
    onnx = pytest.importorskip("onnx")
    path = tmp_path / "model.onnx"
    model.to_onnx(path)
    proto = onnx.load(path)
    stored = {entry.key: entry for entry in proto.metadata_props}["cmlp.loss"]
    node = next(node for node in proto.graph.node if node.op_type == "TopK")
    if change == "no sorting":
        node.op_type = "Identity"
        del node.input[1:], node.output[1:], node.attribute[:]
    else:
        stored.value = {
            "no quantiles": '["quantile",0.5]',
            "three": '["quantile",[0.1,0.2,0.3]]',
            "descending": '["quantile",[0.4,0.3,0.2,0.1]]',
            "text": '["quantile",[0.1,"a",0.3,0.4]]',
        }[change]
    onnx.save(proto, path)
    with pytest.raises(ValueError, match="cannot be converted"):
        cmlp.from_onnx(path)


def test_torch_module_sorts(model, rows):
    torch = pytest.importorskip("torch")
    module = model.to_torch()
    np.testing.assert_allclose(
        module(torch.from_numpy(rows)).detach().numpy(), model.predict(rows), rtol=1e-5, atol=1e-6
    )
    with pytest.raises(ValueError, match="does not contain the quantiles"):
        cmlp.from_torch(module)


def test_exports_that_cannot_sort_say_so(model, rows, tmp_path):
    with pytest.raises(ValueError, match="int8 does not support several quantiles"):
        model.to_c(io.StringIO(), name="quantiles", dtype="float32", int8=True, calibrate=rows)
    with pytest.raises(ValueError, match="to_html does not support several quantiles"):
        model.to_html(tmp_path / "page.html")
    with pytest.raises(ValueError, match="cannot have loss='quantile'"):
        model.to_sklearn()
