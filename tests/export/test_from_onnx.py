"""Reading ONNX files: round trips, files of PyTorch and of skl2onnx, and graphs that are refused."""

import contextlib
import io
import sys
import warnings

import numpy as np
import pytest
from estimator_cases import blobs, small
from helpers import HIDDEN, LOSSES
from optional import package

import cmlp
from cmlp import MLPClassifier, MLPRegressor, Network

pytestmark = [
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer:UserWarning"),
    pytest.mark.slow,
]

X, Y = blobs()


@pytest.fixture(scope="module")
def onnx():
    return package("onnx")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", HIDDEN)
def test_round_trip_of_every_network(onnx, tmp_path, dtype, activation):
    losses = (
        LOSSES if activation == "relu" else {output: names[:1] for output, names in LOSSES.items()}
    )
    for output, loss in ((output, loss) for output, names in losses.items() for loss in names):
        net = Network(
            [4, 7, 6, 3],
            activation,
            output=output,
            loss=loss,
            dtype=dtype,
            input_scale=0.5,
            random_state=1,
        )
        net.to_onnx(tmp_path / "net.onnx", input_dtype="uint8")
        back = cmlp.from_onnx(tmp_path / "net.onnx")
        assert repr(back) == repr(net) and back.loss_parameter == net.loss_parameter
        assert back.activation_parameter == net.activation_parameter
        assert back.params.tobytes() == net.params.tobytes() and back.input_scale == net.input_scale


def assert_same_model(model, back):
    assert type(back) is type(model)
    np.testing.assert_array_equal(back.predict(X), model.predict(X))
    assert back.predict(X).dtype == model.predict(X).dtype
    if hasattr(model, "classes_"):
        np.testing.assert_array_equal(back.predict_proba(X), model.predict_proba(X))
        assert (
            back.classes_.dtype == model.classes_.dtype
            and back.classes_.tolist() == model.classes_.tolist()
        )
    assert back.get_params()["loss"] == model.loss


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [1 / 255, 0.1, 3, 0.12345678901234567])
def test_input_scale_is_restored(onnx, tmp_path, dtype, scale):
    Network([4, 3], dtype=dtype, input_scale=scale).to_onnx(tmp_path / "net.onnx")
    back = cmlp.from_onnx(tmp_path / "net.onnx").input_scale
    short = scale != 0.12345678901234567
    assert back == scale if short or dtype == "float64" else np.float32(back) == np.float32(scale)


@pytest.mark.parametrize("loss", ["log_loss", "squared_error"])
@pytest.mark.parametrize(
    "labels", [["b", "a", "ç"], [7, -3, 12], [True, False, True], [1.5, 1.5, 1.5], [0, 1, 0]]
)
def test_classifier(onnx, tmp_path, loss, labels):
    labels = np.trunc(labels) if isinstance(labels[0], float) else np.array(labels)
    model = small(loss=loss).fit(X, labels[Y])
    model.feature_names_in_ = ["a", 'b"', "c\u202e", "\0"]
    model.to_onnx(tmp_path / "model.onnx")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        back = cmlp.from_onnx(tmp_path / "model.onnx")
        assert_same_model(model, back)
    assert back.feature_names_in_.tolist() == model.feature_names_in_.tolist()
    back.save(tmp_path / "model.cmlp")
    back.set_params(max_iter=30, learning_rate_init=0.02, random_state=0).fit(X, labels[Y])
    assert back.score(X, labels[Y]) > 0.8


def test_multilabel_and_regressors(onnx, tmp_path):
    for loss in ("log_loss", "squared_error"):
        model = small(loss=loss).fit(X, np.stack([Y == 0, Y < 2], axis=1).astype(int))
        model.to_onnx(tmp_path / "model.onnx")
        assert_same_model(model, cmlp.from_onnx(tmp_path / "model.onnx"))
    for loss in ("squared_error", "poisson"):
        for y in (Y, np.stack([Y, Y], axis=1)):
            model = MLPRegressor(loss, (8,), max_iter=3, random_state=0).fit(X, y)
            model.to_onnx(tmp_path / "model.onnx")
            assert_same_model(model, cmlp.from_onnx(tmp_path / "model.onnx"))


@pytest.mark.parametrize(
    "activation", ["Sigmoid", "ReLU", "LeakyReLU", "ELU", "SiLU", "GELU", "Softplus", "Softsign"]
)
def test_file_of_torch(onnx, tmp_path, activation, opset=13):
    torch = package("torch")
    nn = torch.nn
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Flatten(),
        nn.Linear(4, 6),
        getattr(nn, activation)(),
        nn.Dropout(),
        nn.Linear(6, 3, bias=False),
        nn.Softmax(1),
    ).eval()
    rows = torch.from_numpy(X.astype(np.float32))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module, (rows.reshape(-1, 2, 2),), tmp_path / "net.onnx", opset_version=opset, dynamo=False,
            dynamic_axes={"x": {0: "n"}}, input_names=["x"],
        )  # fmt: skip
    with torch.no_grad():
        expected = module(rows.reshape(-1, 2, 2)).numpy()
    np.testing.assert_allclose(
        cmlp.from_onnx(tmp_path / "net.onnx").forward(rows.numpy()), expected, atol=1e-6
    )
    if activation == "GELU" and opset == 13:
        test_file_of_torch(onnx, tmp_path, activation, 20)  # has the operator Gelu
    model = cmlp.from_onnx(tmp_path / "net.onnx", classes=["c", "a", "b"])
    np.testing.assert_allclose(model.predict_proba(rows.numpy()), expected[:, [1, 2, 0]], atol=1e-6)


@pytest.mark.parametrize(
    ("labels", "zipmap"), [(["b", "a", "c"], True), ([7, -3, 12], False), ([1, 0, 1], True)]
)
def test_file_of_skl2onnx(onnx, tmp_path, labels, zipmap):
    skl2onnx = package("skl2onnx")
    from sklearn.neural_network import MLPClassifier as Theirs

    theirs = Theirs((6, 5), activation="logistic", max_iter=30, random_state=0)
    theirs.fit(X.astype(np.float32), np.array(labels)[Y])
    proto = skl2onnx.to_onnx(theirs, X[:1].astype(np.float32), options={"zipmap": zipmap})
    onnx.save(proto, tmp_path / "model.onnx")
    ours = cmlp.from_onnx(tmp_path / "model.onnx")
    assert type(ours) is MLPClassifier and ours.classes_.tolist() == theirs.classes_.tolist()
    single = X.astype(np.float32)
    np.testing.assert_allclose(
        ours.predict_proba(single), theirs.predict_proba(single), rtol=0, atol=1e-5
    )


# -------------------------------------------------------------------------------------------------- refused graphs


def saved(onnx, tmp_path, body, **weights):
    """Write a graph in ONNX's text format with the given constants."""
    declared = ", ".join(f"float{list(w.shape)} {name}" for name, w in weights.items())
    model = onnx.parser.parse_model(
        f'<ir_version: 9, opset_import: ["" : 20, "ai.onnx.ml": 3]> g (float[N, 2] x) => (float[N, 2] y) <{declared}> '
        f"{{ {body} }}"
    )
    del model.graph.initializer[:]
    model.graph.initializer.extend(
        onnx.numpy_helper.from_array(w, name) for name, w in weights.items()
    )
    onnx.save(model, tmp_path / "net.onnx")
    return tmp_path / "net.onnx"


W = np.array([[1, 2], [3, 4]], np.float32)
B = np.array([5, 6], np.float32)


def test_other_forms_of_the_same_network(onnx, tmp_path):
    rows = np.array([[0.25, -0.5]], np.float32)
    for body, expected in {
        "m = MatMul(x, w) y = Add(b, m)": rows @ W + B,
        "m = MatMul(x, w) y = Identity(m)": rows @ W,
        "y = Gemm <transB = 1, alpha = 2.0, beta = 0.5> (x, w, b)": 2 * rows @ W.T + B / 2,
        "t = Transpose(w) y = MatMul(x, t)": rows @ W.T,
        "s = Constant <value = float {2.0}> () d = Div(x, s) f = Flatten(d) y = Gemm(f, w, b)": rows
        / 2
        @ W
        + B,
        "z = Gemm(x, w, b) y = LeakyRelu <alpha = 0.0> (z)": None,
        "z = Gemm(x, w) a = LeakyRelu <alpha = 0.0> (z) y = Gemm(a, w, b)": np.maximum(rows @ W, 0)
        @ W
        + B,
    }.items():
        path = saved(onnx, tmp_path, body, w=W, b=B)
        if expected is None:
            with pytest.raises(ValueError, match="'relu' is not supported in the output layer"):
                cmlp.from_onnx(path)
        else:
            np.testing.assert_allclose(cmlp.from_onnx(path).forward(rows), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "z = Gemm(x, w, b) y = Selu(z)",
            "elu times a factor or plus an offset, which a layer must",
        ),
        (
            "z = Gemm(x, w, b) a = Selu <alpha = -1.0> (z) y = Gemm(a, w, b)",
            "the operator 'Selu' .* must have a parameter of at least 0, got -1.0",
        ),
        ("z = Gemm(x, w, b) y = Div(b, z)", "the operator 'Div' (.*) is not supported"),
        ("z = Gemm(x, w, b) y = Mul(z, v)", "the operator 'Mul' (.*) is not supported"),
        (
            "z = Gemm(x, w, b) a = Tanh(z) r = Gemm(a, w, b) y = Add(r, x)",
            "the operator 'Add' .* adds a value from before tanh, but layers can carry a value only",
        ),
        (
            "z = Gemm(x, w, b) a = Relu(z) t = Tanh(z) y = Add(a, t)",
            "the operator 'Add' (.*) is not supported",
        ),
        (
            "z = Gemm(x, w, b) r = Gemm(z, w) s = Gemm(x, w) q = Gemm(s, w) y = Add(r, q)",
            "the operator 'Add' (.*) is not supported",
        ),
        ("z = Gemm(x, u) y = Add(z, x)", "the operator 'Add' (.*) is not supported"),
        (
            "z = Gemm(x, w, b) l = LogSoftmax(z) y = Gemm(l, w, b)",
            "the operator 'Gemm' (.*) is not supported",
        ),
        ("z = Gemm(x, w, b) y = LogSoftmax <axis = 0> (z)", "must have axis=1 or -1, got 0"),
        ("c = Sub(b, x) y = Gemm(c, w, b)", "the operator 'Sub' (.*) is not supported"),
        (
            "z = Gemm(x, w, b) a = Relu(z) t = Tanh(a) y = Gemm(t, w, b)",
            "the operator 'Tanh' (.*) is not supported",
        ),
        ("z = Gemm(x, w, b) y = Softmax <axis = 0> (z)", "must have axis=1 or -1, got 0"),
        ("y = Gemm <transA = 1> (x, w, b)", "must have transA=0"),
        ("y = Gemm(x, x, b)", "must multiply by a constant matrix"),
        ("y = Gemm(x, w, x)", "must have 2 constant biases of float32, got a computed tensor"),
        ("z = Gemm(x, w, b) y = Mul(z, z)", "the operator 'Mul' (.*) is not supported"),
        (
            "n = Constant <value = float {0.0}> () m = Mul(x, n) y = Gemm(m, w, b)",
            "must scale the inputs by numbers other than 0 in the range of float32",
        ),
        ("z = Gemm(x, w, b) y = Gemm(z, v, b)", r"weights of shape \(2, n_outputs\), got \(3, 2\)"),
        ("y = Identity(x)", r"the outputs \['y'\] must be computed by a network"),
        (
            'z = Gemm(x, w, b) a = Gelu <approximate = "tanh"> (z) y = Gemm(a, w, b)',
            "the operator 'Gelu'",
        ),
    ],
)
def test_unsupported_graphs_are_refused_by_name(onnx, tmp_path, body, message):
    others = {"v": np.ones((3, 2), np.float32), "u": np.ones((2, 1), np.float32)}
    path = saved(onnx, tmp_path, body, w=W, b=B, **others)
    with pytest.raises(ValueError, match=rf"net\.onnx cannot be converted: .*{message}"):
        cmlp.from_onnx(path)


def random_block(rng, before, k):
    """Return a part of a graph after the tensor `before`, and the name of its result."""
    a, c, r, s = (f"{name}{k}" for name in "acrs")
    arithmetic = rng.choice(
        ["Add({}, b)", "Sub({}, b)", "Sub(b, {})", "Mul({}, b)", "Mul(g, {})", "Div({}, h)"]
        + ["Mul({}, h)", "Sub(g, {})", "Div({}, root)", "Mul({}, row)", "Identity({})"]
    )
    activation = rng.choice(["Relu", "Selu", "Tanh", "Sigmoid", "Identity"])
    body = f"z{k} = Gemm({before}, w, b) {c} = {arithmetic.format(f'z{k}')} "
    body += f"{a} = {activation}({c}) "
    if rng.random() < 0.5 and activation not in ("Relu", "Identity"):
        body += f"e{k} = {rng.choice(['Sub(g, {})', 'Mul({}, b)', 'Add({}, h)']).format(a)} "
        a = f"e{k}"
    body += f"{r} = Gemm({a}, v) "
    if activation in ("Relu", "Identity"):
        shortcut = before
        if rng.random() < 0.3:
            body += f"p{k} = Gemm({before}, v, b) "
            shortcut = f"p{k}"
        pair = [r, shortcut]
        rng.shuffle(pair)
        body += f"{s} = Add({pair[0]}, {pair[1]}) "
        r = s
    if rng.random() < 0.5:
        body += f"n{k} = Relu({r}) "
        r = f"n{k}"
    return body, r


@pytest.mark.parametrize("seed", range(12))
def test_arithmetic_with_constants_and_shortcuts_become_layers(onnx, tmp_path, seed):
    """Constants are parts of the layers beside them; activations carry what a residual block adds."""
    rng = np.random.default_rng(seed)
    body, last = "", "x"
    for k in range(4):
        part, last = random_block(rng, last, k)
        body += part
    body += f"y = Gemm({last}, w, b)"
    constants = {"w": W / 8, "v": W.T / 6, "b": B / 7, "row": B[None] / 5}
    constants |= {"g": np.ones(1, np.float32), "h": np.array([0.5], np.float32)}
    constants["root"] = np.array([np.sqrt(2)], np.float32)
    path = saved(onnx, tmp_path, body, **constants)
    rows = rng.normal(size=(20, 2)).astype(np.float32)
    (expected,) = session(path).run(None, {"x": rows})
    np.testing.assert_allclose(cmlp.from_onnx(path).forward(rows), expected, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("step", ["Mul(z, h)", "Mul(z, root)", "Sub(h, z)"])
def test_what_arithmetic_computes_can_be_used_twice(onnx, tmp_path, step):
    """A half, too, which could be the first step of GELU."""
    body = f"z = Gemm(x, w, b) c = {step} s = Sigmoid(c) a = Mul(c, s) y = Gemm(a, w, b)"
    constants = {"h": np.array([0.5], np.float32), "root": np.array([np.sqrt(0.5)], np.float32)}
    path = saved(onnx, tmp_path, body, w=W, b=B, **constants)
    rows = np.array([[0.25, -0.5], [3, 1]], np.float32)
    (expected,) = session(path).run(None, {"x": rows})
    network = cmlp.from_onnx(path)
    assert network.activation == ("silu",)
    np.testing.assert_allclose(network.forward(rows), expected, rtol=1e-6)


def session(path):
    return package("onnxruntime").InferenceSession(path, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("start", ["r{}", "x"])
def test_residual_blocks_have_at_most_as_many_layers_as_a_network(onnx, tmp_path, start):
    body = "r0 = Gemm(x, w, b) "
    for k in range(32):
        body += f"z{k} = Gemm(r{k}, w, b) a{k} = Relu(z{k}) m{k} = Gemm(a{k}, w) "
        body += f"r{k + 1} = Add(m{k}, {start.format(k)}) "
    with pytest.raises(ValueError, match="a network can have at most 63 layers of weights"):
        cmlp.from_onnx(saved(onnx, tmp_path, body + "y = Identity(r32)", w=W / 8, b=B))


@pytest.mark.parametrize("body", ["y = LogSoftmax(z)", "p = Softmax(z) y = Log(p)"])
def test_log_softmax_is_read_as_probabilities(onnx, tmp_path, body):
    rows = np.array([[0.25, -0.5], [3, 1]], np.float32)
    path = saved(onnx, tmp_path, f"z = Gemm(x, w, b) {body}", w=W, b=B)
    exponentials = np.exp(rows @ W + B)
    expected = exponentials / exponentials.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(cmlp.from_onnx(path).forward(rows), expected, rtol=1e-5)
    model = cmlp.from_onnx(path, classes=["b", "a"])
    np.testing.assert_allclose(model.predict_proba(rows), expected[:, ::-1], rtol=1e-5)


def test_labels_of_log_softmax(onnx, tmp_path):
    text = (
        '<ir_version: 9, opset_import: ["" : 20]> g (float[N, 2] x) => (int64[N] l, float[N, 2] y) '
        "{ z = Gemm(x, w, b) y = LogSoftmax(z) i = ArgMax <axis = 1, keepdims = 0> (y) "
        "l = Gather(names, i) }"
    )
    model = onnx.parser.parse_model(text)
    for name, values in (("w", W), ("b", B), ("names", np.array([7, 5]))):
        model.graph.initializer.append(onnx.numpy_helper.from_array(values, name))
    onnx.save(model, tmp_path / "net.onnx")
    ours = cmlp.from_onnx(tmp_path / "net.onnx")
    rows = np.array([[-9, 0], [9, 0]], np.float32)
    assert ours.classes_.tolist() == [5, 7] and ours.predict(rows).tolist() == [7, 5]


LIMITED = "z = Gemm(x, w, b) a = Clip(z{}) y = Gemm(a, w, b)"


@pytest.mark.parametrize("limits", [", zero", ", zero, ", ", zero, largest"])
def test_clip_without_upper_limit_is_relu(onnx, tmp_path, limits):
    rows = np.array([[0.25, -0.5], [-9, 1]], np.float32)
    numbers = {"zero": np.array(0, np.float32), "largest": np.array(np.finfo("f4").max)}
    path = saved(onnx, tmp_path, LIMITED.format(limits), w=W, b=B, **numbers)
    net = cmlp.from_onnx(path)
    assert (*net.activation, net.output) == ("relu", "identity")
    np.testing.assert_allclose(net.forward(rows), np.maximum(rows @ W + B, 0) @ W + B, rtol=1e-6)


@pytest.mark.parametrize(
    ("limits", "found"),
    [
        (", zero, six", "0.0 and 6.0"),
        (", , six", "None and 6.0"),
        (", six", "6.0 and None"),
        ("", "None and None"),
    ],
)
def test_clip_with_other_limits_is_refused(onnx, tmp_path, limits, found):
    numbers = {"zero": np.array(0, np.float32), "six": np.array(6, np.float32)}
    path = saved(onnx, tmp_path, LIMITED.format(limits), w=W, b=B, **numbers)
    message = f"the operator 'Clip' .* must have the lower limit 0 and no upper .* got {found}$"
    with pytest.raises(ValueError, match=message):
        cmlp.from_onnx(path)


BATCH = {
    "scale": np.array([2, -0.5], np.float32),
    "shift": np.array([1, 3], np.float32),
    "mean": np.array([-1, 0.25], np.float32),
    "variance": np.array([4, 0.25], np.float32),
}


def batch_normalized(rows):
    factor = BATCH["scale"] / np.sqrt(BATCH["variance"] + 1e-3)
    return (rows - BATCH["mean"]) * factor + BATCH["shift"]


NORMALIZE = "{1} = BatchNormalization <epsilon = 0.001> ({0}, scale, shift, mean, variance)"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (f"{NORMALIZE.format('x', 'n')} y = Gemm(n, w, b)", lambda x: batch_normalized(x) @ W + B),
        (f"z = Gemm(x, w, b) {NORMALIZE.format('z', 'y')}", lambda x: batch_normalized(x @ W + B)),
        (
            f"m = MatMul(x, w) {NORMALIZE.format('m', 'n')} a = Relu(n) y = MatMul(a, w)",
            lambda x: np.maximum(batch_normalized(x @ W), 0) @ W,
        ),
        (
            f"{NORMALIZE.format('x', 'n')} m = MatMul(n, w) y = Add(n, m)",
            lambda x: batch_normalized(x) @ W + batch_normalized(x),
        ),
        (
            f"z = Gemm(x, w, b) {NORMALIZE.format('z', 'n')} m = MatMul(x, w) y = Add(m, n)",
            lambda x: x @ W + batch_normalized(x @ W + B),
        ),
        (
            f"{NORMALIZE.format('x', 'm')} {NORMALIZE.format('m', 'n')} o = Sub(n, b) y = Gemm(o, w, b)",
            lambda x: (batch_normalized(batch_normalized(x)) - B) @ W + B,
        ),
        (
            f"m = MatMul(x, w) {NORMALIZE.format('m', 'n')} y = Add(n, b)",
            lambda x: batch_normalized(x @ W) + B,
        ),
        (
            f"z = Gemm(x, w, b) a = Relu(z) {NORMALIZE.format('a', 'n')} y = Gemm(n, w, b)",
            lambda x: batch_normalized(np.maximum(x @ W + B, 0)) @ W + B,
        ),
        (
            f"{NORMALIZE.format('x', 'n')} z = Gemm(n, w, b) {NORMALIZE.format('z', 'o')} "
            f"{NORMALIZE.format('o', 'p')} a = Tanh(p) {NORMALIZE.format('a', 'q')} "
            "m = MatMul(q, w) y = Add(m, b)",
            lambda x: (
                batch_normalized(
                    np.tanh(batch_normalized(batch_normalized(batch_normalized(x) @ W + B)))
                )
                @ W
                + B
            ),
        ),
    ],
)
def test_batch_normalization_becomes_a_part_of_a_layer(onnx, tmp_path, body, expected):
    rows = np.array([[0.25, -0.5], [-9, 1], [2, 2]], np.float32)
    net = cmlp.from_onnx(saved(onnx, tmp_path, body, w=W, b=B, **BATCH))
    np.testing.assert_allclose(net.forward(rows), expected(rows), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            f"z = Gemm(x, w, b) a = Tanh(z) {NORMALIZE.format('a', 'y')}",
            "is not an activation of cmlp, but tanh times a factor or plus an offset",
        ),
        (f"{NORMALIZE.format('x', 'n')} a = Relu(n) y = Gemm(a, w, b)", "the operator 'Relu'"),
        (f"{NORMALIZE.format('x', 'n')} a = Mul(n, three) y = Gemm(a, w, b)", "the operator 'Mul'"),
        (f"{NORMALIZE.format('x', 'n')} a = Mul(n, n) y = Gemm(a, w, b)", "the operator 'Mul'"),
        (
            f"z = Gemm(x, w, b) {NORMALIZE.format('z', 'y').replace('mean', 'three')}",
            "must have constants of float32 with a number for each column",
        ),
        (
            f"z = Gemm(x, v, three) {NORMALIZE.format('z', 'n')} y = Gemm(n, u, b)",
            "the operator 'BatchNormalization' .* is not supported here",
        ),
        (
            f"z = Gemm(x, w, b) {NORMALIZE.format('z', 'y').replace('mean', 'b64')}",
            "must have constants of float32",
        ),
        (
            "z = Gemm(x, w, b) y, m1, m2 = BatchNormalization <training_mode = 1> "
            "(z, scale, shift, mean, variance)",
            "must have training_mode=0, got 1",
        ),
        (
            f"z = Gemm(x, w, b) {NORMALIZE.format('z', 'y').replace('variance', 'shrunk')}",
            "a weight is NaN or infinite",
        ),
    ],
)
def test_other_batch_normalizations_are_refused(onnx, tmp_path, body, message):
    others = {
        "one": np.ones(1, np.float32),
        "three": np.ones(3, np.float32),
        "v": np.ones((2, 3), np.float32),
        "u": np.ones((3, 2), np.float32),
        "b64": np.ones(2),
        "shrunk": np.array([-1, 1], np.float32),
    }
    used = {name: values for name, values in others.items() if name in body}
    with pytest.raises(ValueError, match=message):
        cmlp.from_onnx(saved(onnx, tmp_path, body, w=W, b=B, **BATCH, **used))


def test_a_regressor_of_probabilities_is_refused(onnx, tmp_path):
    model = onnx.load(saved(onnx, tmp_path, "z = Gemm(x, w, b) y = Sigmoid(z)", w=W, b=B))
    onnx.helper.set_model_props(model, {"cmlp.class": "MLPRegressor"})
    onnx.save(model, tmp_path / "net.onnx")
    with pytest.raises(
        ValueError,
        match=r"net\.onnx cannot be converted: .* name a regressor, but the outputs are prob",
    ):
        cmlp.from_onnx(tmp_path / "net.onnx")


def test_damaged_files(onnx, tmp_path):
    path = tmp_path / "net.onnx"
    small(max_iter=1).fit(X, np.array(["a", "b", "c"])[Y]).to_onnx(path)
    content = path.read_bytes()
    with pytest.raises(FileNotFoundError):
        cmlp.from_onnx(tmp_path / "nothing.onnx")
    random = np.random.RandomState(0)
    for _ in range(300):
        damaged = bytearray(content)
        for at in random.randint(len(content), size=3):
            damaged[at] = random.randint(256)
        path.write_bytes(damaged[: random.choice([len(content), random.randint(len(content))])])
        with contextlib.suppress(ValueError):  # some changes have no effect on the network
            cmlp.from_onnx(path)
    path.write_bytes(b"not an ONNX file")
    with pytest.raises(ValueError, match=r"net\.onnx is not a valid ONNX file"):
        cmlp.from_onnx(path)


def test_names_in_messages_are_escaped(onnx, tmp_path):
    path = saved(onnx, tmp_path, "z = Gemm(x, w, b) y = LogSoftmax(z)", w=W, b=B)
    model = onnx.load(path)
    model.graph.node[-1].op_type = "Log\x1b[2J\u202e"
    onnx.save(model, path)
    with pytest.raises(ValueError) as raised:
        cmlp.from_onnx(path)
    assert str(raised.value).isprintable()


def test_deep_graphs_do_not_exhaust_the_stack(onnx, tmp_path):
    body = (
        "a0 = Mul(x, x) "
        + " ".join(f"a{i + 1} = Mul(a{i}, x)" for i in range(5000))
        + " y = Gemm(a5000, w, b)"
    )
    with pytest.raises(ValueError, match="the operator 'Mul'"):
        cmlp.from_onnx(saved(onnx, tmp_path, body, w=W, b=B))


def test_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(
        ImportError,
        match=r"from_onnx needs the package onnx: install it with `pip install 'cmlp\[onnx",
    ):
        cmlp.from_onnx(io.BytesIO())


# ------------------------------------------------------------------------------ linear models of ai.onnx.ml

WEIGHTS = np.random.RandomState(0).randn(3, 4).astype(np.float32)
BIASES = np.float32([0.25, -0.5, 1.0])


def linear_file(
    onnx, tmp_path, operator, outputs=("label", "scores"), n=3, versions=(17,), **attributes
):
    """Write a file of one linear model, as skl2onnx writes it; return its path."""
    helper, kinds = onnx.helper, onnx.TensorProto
    node = helper.make_node(operator, ["X"], list(outputs), domain="ai.onnx.ml", **attributes)
    types = {"label": kinds.INT64, "scores": kinds.FLOAT}
    if "classlabels_strings" in attributes:
        types["label"] = kinds.STRING
    graph = helper.make_graph(
        [node],
        "linear",
        [helper.make_tensor_value_info("X", kinds.FLOAT, [None, 4])],
        [
            helper.make_tensor_value_info(
                name, types[name], [None] if name == "label" else [None, n]
            )
            for name in outputs
        ],
    )
    imports = [helper.make_opsetid("ai.onnx.ml", 1)]
    imports += [helper.make_opsetid("", version) for version in versions]
    onnx.save(helper.make_model(graph, opset_imports=imports), tmp_path / "linear.onnx")
    return tmp_path / "linear.onnx"


def softmax(sums):
    powers = np.exp(sums - sums.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    "labels",
    [
        {"classlabels_ints": [3, 5, 9], "post_transform": "SOFTMAX"},
        {"classlabels_strings": ["a", "b", "ä"], "post_transform": "SOFTMAX"},
        {"classlabels_ints": [3, 5, 9], "post_transform": "NONE"},  # as of LinearSVC: logits
    ],
    ids=["integers", "texts", "scores"],
)
def test_linear_classifier_is_a_network_without_hidden_layers(onnx, tmp_path, labels):
    path = linear_file(
        onnx,
        tmp_path,
        "LinearClassifier",
        coefficients=WEIGHTS.ravel().tolist(),
        intercepts=BIASES.tolist(),
        multi_class=1,
        **labels,
    )
    model = cmlp.from_onnx(path)
    expected = softmax(X[:, :4] @ WEIGHTS.T + BIASES)
    assert isinstance(model, MLPClassifier) and model.n_layers_ == 2
    np.testing.assert_allclose(model.predict_proba(X[:, :4]), expected, atol=1e-6)
    names = np.array(next(iter(labels.values())))
    np.testing.assert_array_equal(model.predict(X[:, :4]), names[expected.argmax(axis=1)])


def test_linear_classifier_of_two_classes_has_one_output(onnx, tmp_path):
    options = {"post_transform": "LOGISTIC", "classlabels_ints": [0, 1], "n": 2}
    rows = np.float32([-WEIGHTS[0], WEIGHTS[0]])
    options["intercepts"] = [-0.5, 0.5]
    path = linear_file(
        onnx, tmp_path, "LinearClassifier", coefficients=rows.ravel().tolist(), **options
    )
    model = cmlp.from_onnx(path)
    expected = 1 / (1 + np.exp(-(X[:, :4] @ WEIGHTS[0] + 0.5)))
    np.testing.assert_allclose(model.predict_proba(X[:, :4])[:, 1], expected, atol=1e-6)
    assert model.coefs_[0].shape == (4, 1)
    rows[0, 2] += 1
    path = linear_file(
        onnx, tmp_path, "LinearClassifier", coefficients=rows.ravel().tolist(), **options
    )
    with pytest.raises(ValueError, match=r"cannot be converted: .*opposite coefficients"):
        cmlp.from_onnx(path)


@pytest.mark.parametrize("targets", [1, 3])
def test_linear_regressor(onnx, tmp_path, targets):
    path = linear_file(
        onnx,
        tmp_path,
        "LinearRegressor",
        ["scores"],
        targets,
        coefficients=WEIGHTS[:targets].ravel().tolist(),
        intercepts=BIASES[:targets].tolist(),
        targets=targets,
    )
    model = cmlp.from_onnx(path)
    expected = X[:, :4] @ WEIGHTS[:targets].T + BIASES[:targets]
    np.testing.assert_allclose(model.forward(X[:, :4].astype(np.float32)), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"post_transform": "PROBIT"}, "not supported with post_transform='PROBIT'"),
        ({"post_transform": "LOGISTIC"}, "not supported with post_transform='LOGISTIC'"),
        ({"coefficients": [1.0] * 11}, "as many rows of coefficients and intercepts as answers"),
        ({"intercepts": [1.0] * 2}, "as many rows of coefficients and intercepts as answers"),
    ],
)
def test_other_linear_classifiers_are_refused_by_name(onnx, tmp_path, changed, message):
    options = {
        "coefficients": WEIGHTS.ravel().tolist(),
        "intercepts": BIASES.tolist(),
        "post_transform": "SOFTMAX",
        "classlabels_ints": [0, 1, 2],
    }
    path = linear_file(onnx, tmp_path, "LinearClassifier", **(options | changed))
    with pytest.raises(ValueError, match=f"cannot be converted: .*LinearClassifier.*{message}"):
        cmlp.from_onnx(path)


def test_domain_that_is_imported_twice(onnx, tmp_path):
    options = {"coefficients": WEIGHTS[0].tolist(), "outputs": ["scores"], "n": 1}
    path = linear_file(onnx, tmp_path, "LinearRegressor", versions=(17, 17), **options)
    assert cmlp.from_onnx(path).sizes == (4, 1)
    path = linear_file(onnx, tmp_path, "LinearRegressor", versions=(17, 18), **options)
    with pytest.raises(ValueError, match=r"one version of ONNX's operators.*\[17, 18\]"):
        cmlp.from_onnx(path)
