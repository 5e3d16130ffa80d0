"""ONNX files of each opset: valid, equal in ONNX Runtime, and read back."""

import inspect

import numpy as np
import pytest
from estimator_cases import blobs, small
from helpers import HIDDEN
from optional import package

import cmlp
from cmlp import MLPRegressor, Network

onnx, onnxruntime = package("onnx"), package("onnxruntime")
pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer:UserWarning")

NEWEST = 28
OPSETS = range(9, 1 + min(NEWEST, onnx.defs.onnx_opset_version()))
# The first opset of each form: others have the same operators.
FIRST = [9, 11, 12, 13, 15, OPSETS[-1]]
EACH = [
    opset if opset in FIRST else pytest.param(opset, marks=pytest.mark.slow) for opset in OPSETS
]
ATOL = {"float32": 1e-5, "float64": 1e-6}
X, Y = blobs()
ROWS = np.concatenate([X, 1000 * X])  # the activations' arguments are large, too


def written(model, path, opset, **options):
    """Write a file of an opset; return its session in ONNX Runtime."""
    model.to_onnx(path, opset=opset, **options)
    proto = onnx.load(path)
    onnx.checker.check_model(proto, full_check=True)
    assert {each.domain: each.version for each in proto.opset_import}[""] == opset
    release = next(row for row in onnx.helper.VERSION_TABLE if row[2] == opset)
    assert proto.ir_version == release[1]
    assert proto.ir_version >= 8 or not proto.functions
    read = {name for node in proto.graph.node for name in node.input}
    assert {tensor.name for tensor in proto.graph.initializer} <= read
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def network(activation, dtype):
    parameter = 0.3 if activation in ("leaky_relu", "elu") else None
    sizes = [4, 6, 5, 3]
    return Network(
        sizes,
        activation,
        dtype=dtype,
        activation_parameter=parameter,
        random_state=0,
        input_scale=0.5,
    )


NETWORKS = {
    "log_loss": lambda dtype: small(dtype=dtype).fit(X, np.array(["b", "a", "ç"])[Y]),
    "squared_error": lambda dtype: small(dtype=dtype, loss="squared_error").fit(X, Y),
    "binary": lambda dtype: small(dtype=dtype, input_scale="standard").fit(X, Y > 0),
    "multilabel": lambda dtype: small(dtype=dtype).fit(X, np.stack([Y, 1 - Y // 2], 1) > 0),
    "targets": lambda dtype: MLPRegressor(max_iter=3, random_state=0, dtype=dtype).fit(X, X[:, :2]),
    "poisson": lambda dtype: MLPRegressor("poisson", max_iter=3, random_state=0, dtype=dtype).fit(
        X, Y
    ),
}


@pytest.mark.parametrize("opset", EACH)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_networks(tmp_path, opset, dtype):
    path = tmp_path / "net.onnx"
    rows = ROWS.astype(dtype)
    for activation in HIDDEN:
        net = network(activation, dtype)
        (got,) = written(net, path, opset).run(None, {"X": rows})
        np.testing.assert_allclose(got, net.forward(rows), rtol=0, atol=ATOL[dtype])
        back = cmlp.from_onnx(path)
        assert repr(back) == repr(net) and back.params.tobytes() == net.params.tobytes()
        assert back.activation_parameter == net.activation_parameter


@pytest.mark.sampled(4)
@pytest.mark.parametrize("opset", EACH)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NETWORKS)
def test_estimators(tmp_path, opset, dtype, name):
    model = NETWORKS[name](dtype)
    rows = X.astype(dtype)
    path = tmp_path / "model.onnx"
    got = written(model, path, opset).run(None, {"X": rows})
    if hasattr(model, "classes_"):
        assert got[0].tolist() == model.predict(rows).tolist()
        np.testing.assert_allclose(got[1], model.predict_proba(rows), rtol=0, atol=ATOL[dtype])
    else:
        np.testing.assert_allclose(got[0], model.predict(rows), rtol=1e-5, atol=ATOL[dtype])
    back = cmlp.from_onnx(path)
    assert type(back) is type(model)
    np.testing.assert_array_equal(back.predict(rows), model.predict(rows))


def other_constant(graph):
    (half,) = (tensor for tensor in graph.initializer if tensor.name == "gelu.half")
    half.CopyFrom(onnx.numpy_helper.from_array(np.array(0.25), half.name))


def other_argument(graph):
    (division,) = (node for node in graph.node if node.op_type == "Div")
    division.input[0] = division.input[1]


def inner_output(graph):
    graph.output[0].name = next(node for node in graph.node if node.op_type == "Neg").output[0]


@pytest.mark.parametrize(
    ("activation", "change", "operator"),
    [
        ("gelu", other_constant, "Max"),
        ("softsign", other_argument, "Abs|Add|Div"),
        ("gelu", inner_output, ""),
    ],
)
def test_inlined_functions_must_be_those_of_to_onnx(tmp_path, activation, change, operator):
    path = tmp_path / "net.onnx"
    Network([4, 5, 3], activation, dtype="float64", random_state=0).to_onnx(path, opset=13)
    cmlp.from_onnx(path)
    proto = onnx.load(path)
    change(proto.graph)
    onnx.save(proto, path)
    with pytest.raises(ValueError, match=f"cannot be converted: .*({operator})"):
        cmlp.from_onnx(path)


def test_zero_outputs_give_equal_probabilities(tmp_path):
    model = small(loss="squared_error").fit(X, Y)
    model.intercepts_[-1] = np.full(3, -2000.0)
    for opset in (9, 11):
        _, got = written(model, tmp_path / "model.onnx", opset).run(None, {"X": X})
        assert got.tolist() == [[1 / 3] * 3] * len(X)
        missing = X.copy()
        missing[0, 0] = np.nan
        _, got = written(model, tmp_path / "model.onnx", opset).run(None, {"X": missing})
        assert np.isnan(got[0]).all() and got[1].tolist() == [1 / 3] * 3


def test_quantiles(tmp_path):
    path = tmp_path / "model.onnx"
    model = MLPRegressor("quantile", quantile=[0.1, 0.9], max_iter=3, random_state=0)
    model.fit(X, X[:, 0])
    for opset in (9, 10):
        with pytest.raises(
            ValueError, match=rf"opset must be at least 11 for this .*TopK.*, got {opset}$"
        ):
            model.to_onnx(path, opset=opset)
    assert list(tmp_path.iterdir()) == []
    for opset in (11, OPSETS[-1]):
        (got,) = written(model, path, opset).run(None, {"X": X})
        np.testing.assert_allclose(got, model.predict(X), rtol=0, atol=1e-6)
        np.testing.assert_array_equal(cmlp.from_onnx(path).predict(X), model.predict(X))


@pytest.mark.parametrize("opset", [8, 29, 2**70, -1, 17.0, True, "17", None])
def test_other_opsets_are_refused(tmp_path, opset):
    with pytest.raises(
        ValueError, match=r"opset must be an integer from 9 to \d\d, got "
    ) as raised:
        Network([2, 3]).to_onnx(tmp_path / "net.onnx", opset=opset)
    assert raised.value.parameter == "opset" and raised.value.value is opset
    assert list(tmp_path.iterdir()) == []


def test_the_method_documents_the_opsets(tmp_path):
    assert f"from 9 to {NEWEST}," in Network.to_onnx.__doc__
    expected = f"opset must be an integer from 9 to {OPSETS[-1]}, got 99"
    with pytest.raises(ValueError, match=expected):
        Network([2, 3]).to_onnx(tmp_path / "net.onnx", opset=99)
    Network([2, 3]).to_onnx(tmp_path / "a.onnx")
    default = inspect.signature(Network.to_onnx).parameters["opset"].default
    assert [each.version for each in onnx.load(tmp_path / "a.onnx").opset_import] == [default]


def test_opsets_that_the_installed_onnx_does_not_know_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx.defs, "onnx_opset_version", lambda: 22)
    Network([2, 3]).to_onnx(tmp_path / "net.onnx", opset=np.int64(22))
    with pytest.raises(ValueError, match="opset must be an integer from 9 to 22, got 23"):
        Network([2, 3]).to_onnx(tmp_path / "net.onnx", opset=23)
