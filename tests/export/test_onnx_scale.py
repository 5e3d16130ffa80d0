"""Arithmetic on the inputs of an ONNX graph becomes the network's input_scale."""

import numpy as np
import pytest
from optional import package

import cmlp
from cmlp import Network

W, B = np.array([[1, 2, 0], [3, 4, 1]], np.float32), np.array([5, 6, 7], np.float32)
SHIFT, FACTOR = np.array([100, -3], np.float32), np.array([0.25, -8], np.float32)
ROWS = np.random.default_rng(0).normal([100, -3], [4, 0.125], (20, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def onnx():
    return package("onnx")


def saved(onnx, tmp_path, body, head="float[N, 2] x", dtype=np.float32, **constants):
    """Write a graph in ONNX's text format with the constants that it uses."""
    text = f'<ir_version: 9, opset_import: ["" : 20, "ai.onnx.ml": 3]> g ({head}) => (float[N, K] y) {{ {body} }}'
    model = onnx.parser.parse_model(text)
    for name, values in {"w": W, "b": B, "shift": SHIFT, "factor": FACTOR, **constants}.items():
        model.graph.initializer.append(
            onnx.numpy_helper.from_array(np.asarray(values, dtype), name)
        )
    path = tmp_path / "net.onnx"
    path.write_bytes(model.SerializeToString())
    return path


NET = " y = Gemm(s, w, b)"
TWO = {"two": 2}
GRAPHS = {
    "difference": ("s = Sub(x, shift)" + NET, {}, ROWS - SHIFT),
    "difference and product": (
        "d = Sub(x, shift) s = Mul(d, factor)" + NET,
        {},
        (ROWS - SHIFT) * FACTOR,
    ),
    "product and sum": ("d = Mul(factor, x) s = Add(shift, d)" + NET, {}, ROWS * FACTOR + SHIFT),
    "quotient": ("d = Sub(x, shift) s = Div(d, factor)" + NET, {}, (ROWS - SHIFT) / FACTOR),
    "rows": ("d = Sub(x, shift) s = Mul(d, f)" + NET, {"f": FACTOR[None]}, (ROWS - SHIFT) * FACTOR),
    "numbers": ("c = Mul(x, two) d = Sub(c, two) s = Div(d, two)" + NET, TWO, ROWS - 1),
    "twice the same number": ("c = Mul(x, two) s = Mul(c, two)" + NET, TWO, 4 * ROWS),
    "negative number": ("s = Mul(x, n)" + NET, {"n": -1}, -ROWS),
    "scaler": (
        "s = ai.onnx.ml.Scaler <offset = [100.0, -3.0], scale = [0.25, -8.0]> (x)" + NET,
        {},
        (ROWS - SHIFT) * FACTOR,
    ),
    "scaler of numbers": (
        "s = ai.onnx.ml.Scaler <offset = [3.0], scale = [2.0]> (x)" + NET,
        {},
        (ROWS - 3) * 2,
    ),
    "two scalers": (
        "t = ai.onnx.ml.Scaler <offset = [3.0], scale = [1.0]> (x) "
        "s = ai.onnx.ml.Scaler <offset = [0.0, 0.0], scale = [1.0, 2.0]> (t)" + NET,
        {},
        (ROWS - 3) * [1, 2],
    ),
}


@pytest.mark.parametrize("body, constants, scaled", GRAPHS.values(), ids=GRAPHS)
def test_arithmetic_is_folded(onnx, tmp_path, body, constants, scaled):
    net = cmlp.from_onnx(saved(onnx, tmp_path, body, **constants))
    np.testing.assert_allclose(net.forward(ROWS), scaled @ W + B, rtol=1e-5, atol=1e-4)
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(tmp_path / "net.onnx", providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(
        net.forward(ROWS), session.run(None, {"x": ROWS})[0], rtol=1e-5, atol=1e-4
    )


def test_scaler_of_integers(onnx, tmp_path):
    body = "s = ai.onnx.ml.Scaler <offset = [3.0], scale = [0.5, 2.0]> (x)" + NET
    net = cmlp.from_onnx(saved(onnx, tmp_path, body, head="int64[N, 2] x"))
    rows = np.arange(8).reshape(4, 2)
    np.testing.assert_allclose(net.forward(rows), ((rows - 3) * [0.5, 2]) @ W + B, rtol=1e-6)


def test_numbers_before_images_are_flattened(onnx, tmp_path):
    body = "d = Sub(x, n) s = Flatten(d)" + NET
    net = cmlp.from_onnx(saved(onnx, tmp_path, body, head="float[N, 1, 2] x", n=3))
    np.testing.assert_allclose(net.forward(ROWS), (ROWS - 3) @ W + B, rtol=1e-5)
    with pytest.raises(ValueError, match="the operator 'Sub'"):
        cmlp.from_onnx(saved(onnx, tmp_path, body, head="float[N, 1, 2] x", n=[3, 4]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("input_dtype", ["float32", "float64", "uint8"])
def test_own_files_give_the_same_bits(onnx, tmp_path, dtype, input_dtype):
    scale = ([20.0, -1000.0, 3e-5], [0.1, -0.002, 255.0])
    net = Network([3, 6, 2], "tanh", dtype=dtype, input_scale=scale, random_state=0)
    net.to_onnx(tmp_path / "net.onnx", input_dtype=input_dtype)
    twin = cmlp.from_onnx(tmp_path / "net.onnx")
    assert twin.input_scale == net.input_scale and (twin.params == net.params).all()


NAN, LARGE = float("nan"), 3e38
HOSTILE = {
    "nan": ("s = Sub(x, n)", {"n": NAN}),
    "infinite shift": ("s = Sub(x, n)", {"n": float("inf")}),
    "zero in a vector": ("s = Mul(x, n)", {"n": [1, 0]}),
    "division by zero": ("s = Div(x, n)", {"n": [1, 0]}),
    "too many columns": ("s = Sub(x, n)", {"n": [1, 2, 3]}),
    "no columns": ("s = Sub(x, n)", {"n": []}),
    "three dimensions": ("s = Sub(x, n)", {"n": [[[1]]]}),
    "two rows": ("s = Sub(x, n)", {"n": [[1, 2], [3, 4]]}),
    "scaler with too many numbers": (
        "s = ai.onnx.ml.Scaler <offset = [1.0, 2.0, 3.0], scale = [1.0]> (x)",
        {},
    ),
    "scaler with a factor of 0": ("s = ai.onnx.ml.Scaler <offset = [0.0], scale = [0.0]> (x)", {}),
    "scaler without a factor": ("s = ai.onnx.ml.Scaler <offset = [1.0]> (x)", {}),
    "scaler without numbers": ("s = ai.onnx.ml.Scaler (x)", {}),
    "square": ("s = Mul(x, x)", {}),
    "factors that overflow": ("s1 = Mul(x, n) s2 = Mul(s1, n) s = Mul(s2, n)", {"n": LARGE}),
}


@pytest.mark.parametrize("body, constants", HOSTILE.values(), ids=HOSTILE)
def test_hostile_arithmetic_raises_the_error_of_the_importer(onnx, tmp_path, body, constants):
    body += NET
    with pytest.raises(
        ValueError, match=r"cannot be converted: the operator '(Sub|Mul|Div|ai\.onnx\.ml\.Scaler)'"
    ):
        cmlp.from_onnx(saved(onnx, tmp_path, body, **constants))


@pytest.mark.parametrize("dims", [[2**40], [1, 2**62], [-1], [2]])
def test_constants_without_their_data_raise_the_error_of_the_importer(onnx, tmp_path, dims):
    for head in ("float[N, 2] x", "float[N, K] x"):
        path = saved(onnx, tmp_path, "s = Sub(x, n)" + NET, head=head, n=[1, 2])
        proto = onnx.load(path)
        tensor = next(tensor for tensor in proto.graph.initializer if tensor.name == "n")
        tensor.dims[:], tensor.raw_data = dims, b"1234"
        path.write_bytes(proto.SerializeToString())
        with pytest.raises(ValueError, match=r"net\.onnx"):
            cmlp.from_onnx(path)
