"""Graphs that are nearly those of a network: each is refused, because its predictions would be others."""

import os

import numpy as np
import pytest
from optional import package

import cmlp

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def onnx():
    return package("onnx")


CONSTANTS = {
    "w": np.array([[1, 2], [3, 4]], np.float32),
    "b": np.array([5, 6], np.float32),
    "b_column": np.array([[5], [6]], np.float32),
    "b_double": np.array([5, 6], np.float64),
    "v": np.array([[1], [2]], np.float32),
    "two": np.float32(2),
    "seven": np.float32(7),
    "high": np.float32(0.9999),
    "one": np.float32(1),
    "half": np.float32(0.5),
    "yes": np.array(True),
    "int_two": np.array(2),
    "names": np.array([3, 4]),
    "all": np.array([-1]),
    "one_row": np.array([1, -1]),
    "columns": np.array([-1, 2]),
}
NET = "s = Gemm(x, w, b) p = Softmax(s)"
BINARY = (
    "s = Gemm(x, v) q = Sigmoid(s) n = Sub(one, q) p = Concat <axis = 1> (n, q) f = Reshape(q, all)"
)


def saved(onnx, tmp_path, body, head="float[N, 2] x", outputs="float[N, K] y", change=None):
    """Write a graph in ONNX's text format with the constants that it uses."""
    model = onnx.parser.parse_model(
        f'<ir_version: 9, opset_import: ["" : 20, "ai.onnx.ml": 3]> g ({head}) => ({outputs}) {{ {body} }}'
    )
    used = {name for node in model.graph.node for name in node.input}
    for name, values in CONSTANTS.items():
        if name in used:
            model.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(values), name))
    if change is not None:
        change(model)
    path = tmp_path / "net.onnx"
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize(
    ("body", "operator"),
    [
        ("c = Cast <to = 7> (x) d = Cast <to = 1> (c) y = Gemm(d, w, b)", "Cast"),
        ("c = Cast <to = 10> (x) d = Cast <to = 1> (c) y = Gemm(d, w, b)", "Cast"),
        ("s = Gemm(x, w, b) c = Cast <to = 6> (s) d = Cast <to = 1> (c) y = Gemm(d, v)", "Cast"),
        ("s = Gemm(x, w, b) c = Cast <to = 10> (s) d = Cast <to = 1> (c) y = Gemm(d, v)", "Cast"),
        ("c = Where(yes, x, seven) y = Gemm(c, w, b)", "Where"),
        ("z = Gemm(x, w, b) n = Where(yes, seven, z) y = Div(n, seven)", "Where"),
        ("y = Gemm(x, w, b_column)", "Gemm"),
        ("m = MatMul(x, w) y = Add(m, b_column)", "Add"),
        ("y = Gemm(x, w, b_double)", "Gemm"),
        ("z = Gemm(x, w, b) y = Reshape(z, one_row)", "Reshape"),
        ("r = Reshape(x, one_row) y = Gemm(r, w, b)", "Reshape"),
        ("m = MatMul(w, x) y = Add(m, b)", "MatMul"),
        ("z = Gemm(x, w, b) a = Relu(z) h = Mul(b_double, a) y = Gemm(h, v)", "Mul"),
        ("h = Sub(seven, x) y = Gemm(h, w, b)", "Sub"),
        ("h = Sub(x, b_column) y = Gemm(h, w, b)", "Sub"),
        ("h = Mul(x, w) y = Gemm(h, w, b)", "Mul"),
        ("h = Sub(x, b_double) y = Gemm(h, w, b)", "Sub"),
        ("h = Div(two, x) y = Gemm(h, w, b)", "Div"),
        ("h = Mul(x, x) y = Gemm(h, w, b)", "Mul"),
        ("z = Gemm(x, w, b) q = Gemm(x, w) y = Mul(z, q)", "Mul"),
        ("z = Gemm(x, w, b) a = Tanh(z) e = Erf(z) y = Gemm(a, v)", "Erf"),
        ("z = Gemm(x, w, b) a, mask = Dropout(z, half, yes) y = Gemm(a, v)", "Dropout"),
        ("z = Gemm(x, w, b) a, mask = Dropout(z) y = Gemm(z, w, mask)", "Gemm"),
        ("t = Transpose(x) y = Gemm(t, w, b)", "Transpose"),
    ],
)
def test_wrong_networks(onnx, tmp_path, body, operator):
    with pytest.raises(ValueError, match=f"the operator '{operator}'"):
        cmlp.from_onnx(saved(onnx, tmp_path, body))


@pytest.mark.parametrize(
    "body",
    [
        "c = Div(x, int_two) d = Cast <to = 1> (c) y = Gemm(d, w, b)",
        "c = Mul(x, int_two) d = Cast <to = 1> (c) y = Gemm(d, w, b)",
        "c = Cast <to = 2> (x) d = Cast <to = 1> (c) y = Gemm(d, w, b)",
    ],
)
def test_arithmetic_of_integers(onnx, tmp_path, body):
    with pytest.raises(ValueError, match=r"the operator '(Div|Mul|Cast)'"):
        cmlp.from_onnx(saved(onnx, tmp_path, body, head="int64[N, 2] x"))


@pytest.mark.parametrize(
    "labels",
    [
        NET + " i = ArgMin <axis = 1, keepdims = 0> (p) l = Gather(names, i)",
        NET + " m = Neg(p) i = ArgMax <axis = 1, keepdims = 0> (m) l = Gather(names, i)",
        NET + " i = ArgMax <axis = 0, keepdims = 0> (p) l = Gather(names, i)",
        NET
        + " i = ArgMax <axis = 1, keepdims = 0, select_last_index = 1> (p) l = Gather(names, i)",
        NET + " i = ArgMax <axis = 1, keepdims = 0> (p) k = Add(i, int_two) l = Gather(names, k)",
        NET + " o = Gemm(x, w) i = ArgMax <axis = 1, keepdims = 0> (o) l = Gather(names, i)",
        NET + " i = ArgMax <axis = 1, keepdims = 0> (x) l = Gather(names, i)",
        NET + " i = ArgMax <axis = 1, keepdims = 0> (p) k = Gather(names, i) l = Neg(k)",
        BINARY + " g = Greater(f, high) i = Cast <to = 7> (g) l = Gather(names, i)",
        BINARY + " g = Greater(half, f) i = Cast <to = 7> (g) l = Gather(names, i)",
        BINARY + " g = Less(f, half) i = Cast <to = 7> (g) l = Gather(names, i)",
        BINARY
        + " h = Reshape(s, all) g = Greater(h, half) i = Cast <to = 7> (g) l = Gather(names, i)",
        BINARY + " i = ArgMax <axis = 1, keepdims = 0> (q) l = Gather(names, i)",
        BINARY.replace("(n, q)", "(q, n)")
        + " i = ArgMax <axis = 1, keepdims = 0> (p) l = Gather(names, i)",
        BINARY.replace("axis = 1", "axis = 0")
        + " i = ArgMax <axis = 1, keepdims = 0> (p) l = Gather(names, i)",
    ],
)
def test_wrong_labels(onnx, tmp_path, labels):
    with pytest.raises(ValueError, match="cannot be converted"):
        cmlp.from_onnx(saved(onnx, tmp_path, labels, outputs="int64[N] l, float[N, 2] p"))


def test_zipmap_with_other_labels(onnx, tmp_path):
    body = (
        NET
        + " i = ArgMax <axis = 1, keepdims = 0> (p) l = Gather(names, i) m = ai.onnx.ml.ZipMap <{}> (p)"
    )
    outputs = "int64[N] l, seq(map(int64, float)) m"
    path = saved(onnx, tmp_path, body.format("classlabels_int64s = [3, 4]"), outputs=outputs)
    assert cmlp.from_onnx(path).classes_.tolist() == [3, 4]
    with pytest.raises(ValueError, match="labels of the probabilities"):
        cmlp.from_onnx(
            saved(onnx, tmp_path, body.format("classlabels_int64s = [4, 3]"), outputs=outputs)
        )


def twice(model):
    model.graph.initializer.append(model.graph.initializer[0])


def four_inputs(model):
    model.graph.node[0].input.append("b")


def negative_sizes(model):
    model.graph.initializer[0].dims[:] = [-1, 2]


def same_outputs(model):
    model.graph.node.append(model.graph.node[0])


def own_gemm(model):
    function = model.functions.add(name="Gemm", domain="", input=["x", "w", "b"], output=["y"])
    function.node.add(op_type="Add", input=["x", "b"], output=["y"])
    function.opset_import.add(domain="", version=20)


@pytest.mark.parametrize("change", [twice, four_inputs, negative_sizes, same_outputs, own_gemm])
def test_invalid_files(onnx, tmp_path, change):
    path = saved(onnx, tmp_path, "y = Gemm(x, w, b)")
    assert cmlp.from_onnx(path).sizes == (2, 2)
    with pytest.raises(ValueError, match="is not a valid ONNX file"):
        cmlp.from_onnx(saved(onnx, tmp_path, "y = Gemm(x, w, b)", change=change))


def test_functions_must_be_those_of_to_onnx(onnx, tmp_path):
    path = tmp_path / "net.onnx"
    cmlp.Network([2, 3, 2], "elu", dtype="float64", random_state=0).to_onnx(path)
    model = onnx.load(path)
    assert [function.name for function in model.functions] == ["elu"]
    next(node for node in model.functions[0].node if node.op_type == "Exp").op_type = "Abs"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ValueError, match=r"the function cmlp\.elu is not supported"):
        cmlp.from_onnx(path)


def without_function(model):
    del model.functions[:]


def overloaded_function(model):
    model.functions[0].overload = "other"


def overloaded_node(model):
    next(node for node in model.graph.node if node.domain).overload = "other"


@pytest.mark.parametrize("change", [without_function, overloaded_function, overloaded_node])
def test_functions_must_be_in_the_file(onnx, tmp_path, change):
    path = tmp_path / "net.onnx"
    cmlp.Network([2, 3, 2], "softsign", dtype="float64", random_state=0).to_onnx(path)
    model = onnx.load(path)
    change(model)
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ValueError, match=r"cmlp\.softsign|is not a valid ONNX file"):
        cmlp.from_onnx(path)


@pytest.mark.parametrize("parameter", ["[1]", "{}", '"2"', "true", "-1", "1e999", "9" * 400])
def test_parameter_of_the_loss_must_be_a_number(onnx, tmp_path, parameter):
    path = tmp_path / "net.onnx"
    cmlp.Network([2, 3, 2], loss="focal", random_state=0).to_onnx(path)
    model = onnx.load(path)
    entry = next(entry for entry in model.metadata_props if entry.key == "cmlp.loss")
    entry.value = f'["focal", {parameter}]'
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ValueError, match=r"cmlp\.loss"):
        cmlp.from_onnx(path)


def test_reciprocal_scale_must_be_in_range(onnx, tmp_path):
    """The reciprocal of the smallest float32 number is finite in double precision only."""

    def tiny(model):
        values = np.array(1e-45, np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(values, "tiny"))

    body = "d = Div(x, tiny) y = Gemm(d, w, b)"
    with pytest.raises(ValueError, match="in the range of float32"):
        cmlp.from_onnx(saved(onnx, tmp_path, body, change=tiny))


def test_layers_that_share_weights_are_limited(onnx, tmp_path):
    """Each layer has a copy of the weights it shares: memory must not grow with the number of nodes."""
    body = "a0 = Gemm(x, w) " + " ".join(
        f"a{i + 1} = Gemm <alpha = 0.5> (a{i}, w)" for i in range(999)
    )
    path = saved(onnx, tmp_path, body + " y = Identity(a999)")
    with pytest.raises(ValueError, match="at most 63 layers of weights"):
        cmlp.from_onnx(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_named_pipe_is_refused_without_waiting(onnx, tmp_path):
    path = tmp_path / "net.onnx"
    os.mkfifo(path)
    with pytest.raises(OSError, match="Not a regular file"):
        cmlp.from_onnx(path)


def test_rows_must_stay_rows(onnx, tmp_path):
    """Reshape to (-1, 2) keeps the rows of a matrix with two columns, but not those of one with four."""
    body = "r = Reshape(x, columns) y = Gemm(r, w, b)"
    assert cmlp.from_onnx(saved(onnx, tmp_path, body)).sizes == (2, 2)
    for head in ("float[N, 4] x", "float[N, 2, 2] x", "float[N, M] x", "float[N, 2, M] x"):
        with pytest.raises(ValueError, match="the operator 'Reshape'"):
            cmlp.from_onnx(saved(onnx, tmp_path, body, head=head))
    with pytest.raises(ValueError, match="the operator 'MatMul'"):
        cmlp.from_onnx(saved(onnx, tmp_path, "y = MatMul(x, w)", head="float[N, 3, 2] x"))


@pytest.mark.parametrize("start", ["x", "z"])
def test_work_is_linear_in_the_file(onnx, tmp_path, start):
    """The value of the last node, expanded as a tree, has 2**60 leaves: such a reader would not end."""
    body = f"z = Gemm(x, w, b) a0 = Mul({start}, {start}) "
    body += " ".join(f"a{i + 1} = Mul(a{i}, a{i})" for i in range(59)) + " y = Gemm(a59, w, b)"
    path = saved(onnx, tmp_path, body)
    with pytest.raises(ValueError, match="the operator 'Mul'"):
        cmlp.from_onnx(path)
