"""Files of other exporters: the predictions of ONNX Runtime, or an error that names what is not supported."""

import logging
import warnings

import numpy as np
import pytest
from estimator_cases import blobs
from optional import package

import cmlp
from cmlp import MLPClassifier

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]

X, Y = blobs()
X = X.astype(np.float32)


@pytest.fixture(scope="module")
def onnx():
    return package("onnx")


def run(path, rows):
    session = package("onnxruntime").InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: rows})


# ------------------------------------------------------------------------------------------------------------ PyTorch


def layers(torch, forward, n_outputs=3):
    """A module with two Linear attributes, a and b, and the given forward method."""

    class Module(torch.nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.a, self.b = torch.nn.Linear(4, 6), torch.nn.Linear(6, n_outputs)

        def forward(self, x):
            return forward(self, x)

    return Module()


def relu_net(module, x):
    return module.b(module.a(x).relu())


READ = {
    "view of the size": lambda m, x: relu_net(m, x.view(x.size(0), -1)),
    "view of size and columns": lambda m, x: relu_net(m, x.view(x.size(0), 4)),
    "view of columns": lambda m, x: relu_net(m, x.view(-1, 4)),
    "flatten": lambda m, x: relu_net(m, x.flatten(1)),
    "division": lambda m, x: relu_net(m, x.flatten(1) / 255),
    "shift": lambda m, x: relu_net(m, (x.flatten(1) - 0.5) / 0.25),
    "softmax": lambda m, x: relu_net(m, x.flatten(1)).softmax(-1),
    "exp": lambda m, x: relu_net(m, x.flatten(1)).exp(),
    "clip": lambda m, x: m.b(m.a(x.flatten(1)).clamp(min=0)),
}
REFUSED = {
    "shift from a number": (lambda m, x: relu_net(m, 0.5 - x.flatten(1)), "'Sub' .* by constants"),
    "log of one column": (
        lambda m, x: relu_net(m, x.flatten(1)).log_softmax(0),
        "'LogSoftmax' .* must have axis=1 or -1",
    ),
    "relu6": (
        lambda m, x: m.b(m.a(x.flatten(1)).clamp(0, 6)),
        "'Clip' .* no activation with other limits, got 0.0 and 6.0",
    ),
    "softmax of columns": (
        lambda m, x: relu_net(m, x.flatten(1)).softmax(0),
        "'Softmax' .* must have axis=1 or -1",
    ),
    "half": (lambda m, x: relu_net(m, x.flatten(1).half().float()), "'Cast'"),
    "residual": (lambda m, x: m.b(m.a(x.flatten(1)).relu() + m.a(x.flatten(1))), "'Add'"),
    "negated": (lambda m, x: m.b((-m.a(x.flatten(1))).relu()), "'Neg'"),
    "three dimensions": (lambda m, x: relu_net(m, x.reshape(-1, 1, 4)), "'Reshape'"),
    "one row": (lambda m, x: relu_net(m, x.reshape(1, -1)[:, :4]), "'Reshape'"),
    "argmax": (
        lambda m, x: relu_net(m, x.flatten(1)).argmax(1),
        "not an activation of cmlp, but 'index'",
    ),
}


def export(torch, module, path, x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            (x,),
            path,
            dynamo=False,
            opset_version=17,
            input_names=["x"],
            dynamic_axes={"x": {0: "n"}},
        )


@pytest.mark.parametrize("name", READ)
def test_functions_of_torch_are_read(onnx, tmp_path, name):
    torch, path = package("torch"), str(tmp_path / "net.onnx")
    images = torch.from_numpy(X.reshape(-1, 1, 2, 2))
    export(torch, layers(torch, READ[name]), path, images)
    np.testing.assert_allclose(
        cmlp.from_onnx(path).forward(X), run(path, images.numpy())[0], rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("name", REFUSED)
def test_functions_of_torch_are_refused_by_name(onnx, tmp_path, name):
    torch, path = package("torch"), str(tmp_path / "net.onnx")
    forward, message = REFUSED[name]
    export(torch, layers(torch, forward), path, torch.from_numpy(X.reshape(-1, 1, 2, 2)))
    with pytest.raises(ValueError, match=message):
        cmlp.from_onnx(path)


@pytest.mark.parametrize("opset", [9, 13, 17])
def test_batch_normalization_and_log_softmax_of_torch(onnx, tmp_path, opset):
    torch, path = package("torch"), str(tmp_path / "net.onnx")
    nn = torch.nn
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.BatchNorm1d(4), nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.BatchNorm1d(6),
        nn.Linear(6, 3), nn.LogSoftmax(1),
    )  # fmt: skip
    for _ in range(5):  # moves the running moments
        module(torch.from_numpy(3 * X + 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(), (torch.from_numpy(X),), path, dynamo=False, opset_version=opset,
            input_names=["x"], dynamic_axes={"x": {0: "n"}},
        )  # fmt: skip
    np.testing.assert_allclose(
        np.log(cmlp.from_onnx(path).forward(X)), run(path, X)[0], rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("squeezed", [False, True])
def test_binary_classifier_of_torch(onnx, tmp_path, squeezed):
    torch, path = package("torch"), str(tmp_path / "net.onnx")
    forward = (
        (lambda m, x: relu_net(m, x).squeeze(1).sigmoid())
        if squeezed
        else (lambda m, x: relu_net(m, x).sigmoid())
    )
    export(torch, layers(torch, forward, 1), path, torch.from_numpy(X))
    (expected,) = run(path, X)
    np.testing.assert_allclose(
        cmlp.from_onnx(path).forward(X)[:, 0], expected.reshape(-1), atol=1e-6
    )
    model = cmlp.from_onnx(path, classes=["no", "yes"])
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], expected.reshape(-1), atol=1e-6)


@pytest.mark.parametrize("activation", ["Softplus", "SiLU"])
def test_dynamo_exporter_of_torch(onnx, tmp_path, activation):
    torch, path = package("torch"), str(tmp_path / "net.onnx")
    package("onnxscript")
    nn = torch.nn
    module = nn.Sequential(
        nn.Flatten(), nn.Linear(4, 5), getattr(nn, activation)(), nn.Linear(5, 1), nn.Sigmoid()
    )
    images = torch.from_numpy(X.reshape(-1, 1, 2, 2))
    logging.disable(logging.WARNING)
    try:
        shapes = ({0: torch.export.Dim("n")},)
        torch.onnx.export(
            module.eval(), (images,), dynamo=True, verbose=False, dynamic_shapes=shapes
        ).save(path)
    finally:
        logging.disable(logging.NOTSET)
    np.testing.assert_allclose(
        cmlp.from_onnx(path).forward(X), run(path, images.numpy())[0], atol=1e-6
    )


# ----------------------------------------------------------------------------------------------------------- skl2onnx


def sklearn_file(tmp_path, model, rows, **options):
    skl2onnx = package("skl2onnx")
    path = tmp_path / "model.onnx"
    path.write_bytes(skl2onnx.to_onnx(model, rows[:1], **options).SerializeToString())
    return str(path)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("opset", [9, 13, 21])
@pytest.mark.parametrize("labels", [["no", "yes", "yes"], [3, -1, 70], [False, True, True]])
def test_classifier_of_skl2onnx(onnx, tmp_path, dtype, opset, labels):
    from sklearn.neural_network import MLPClassifier as Theirs

    rows = X.astype(dtype)
    theirs = Theirs((6,), max_iter=30, random_state=0).fit(rows, np.array(labels)[Y])
    path = sklearn_file(tmp_path, theirs, rows, target_opset=opset, options={"zipmap": False})
    label, probabilities = run(path, rows)
    ours = cmlp.from_onnx(path)
    assert ours.predict(rows).tolist() == label.tolist()
    np.testing.assert_allclose(ours.predict_proba(rows), probabilities, rtol=0, atol=1e-5)


@pytest.mark.parametrize("zipmap", [False, True])
@pytest.mark.parametrize("n_outputs", [2, 3])
def test_multilabel_classifier_of_skl2onnx(onnx, tmp_path, zipmap, n_outputs):
    """For two labels, skl2onnx returns 1 - p and p, which its own ZipMap cannot read."""
    from sklearn.neural_network import MLPClassifier as Theirs

    targets = np.stack([Y == 0, Y > 0, Y == 1], axis=1)[:, :n_outputs].astype(int)
    theirs = Theirs((6,), max_iter=30, random_state=0).fit(X, targets)
    path = sklearn_file(tmp_path, theirs, X, options={"zipmap": zipmap})
    ours = cmlp.from_onnx(path)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=0, atol=1e-5)
    if not zipmap:
        label, probabilities = run(path, X)
        np.testing.assert_array_equal(ours.predict(X), label)
        np.testing.assert_allclose(
            ours.predict_proba(X), probabilities[:, -n_outputs:], rtol=0, atol=1e-5
        )


def test_regressors_of_skl2onnx(onnx, tmp_path):
    """skl2onnx reshapes two predictions per row to one column; the network has both in a row."""
    from sklearn.neural_network import MLPRegressor as Theirs

    one = Theirs(hidden_layer_sizes=(6,), max_iter=30, random_state=0).fit(X, X[:, 0])
    path = sklearn_file(tmp_path, one, X)
    np.testing.assert_allclose(
        cmlp.from_onnx(path).forward(X), run(path, X)[0], rtol=1e-5, atol=1e-5
    )
    two = Theirs(hidden_layer_sizes=(6,), max_iter=30, random_state=0).fit(X, X[:, :2])
    path = sklearn_file(tmp_path, two, X)
    ours = cmlp.from_onnx(path).forward(X)
    np.testing.assert_allclose(ours, two.predict(X), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(ours.reshape(-1), run(path, X)[0].reshape(-1), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("zipmap", [True, False])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_logistic_regression_of_skl2onnx(onnx, tmp_path, n_classes, zipmap):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows = X.astype(np.float32)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, Y % n_classes)
    path = sklearn_file(tmp_path, model, rows, options={"zipmap": zipmap})
    back = cmlp.from_onnx(path)
    np.testing.assert_allclose(back.predict_proba(rows), model.predict_proba(rows), atol=1e-5)
    np.testing.assert_array_equal(back.predict(rows), model.predict(rows))


def test_linear_regression_of_skl2onnx(onnx, tmp_path):
    from sklearn.linear_model import LinearRegression

    rows = X.astype(np.float32)
    for targets in (rows[:, 0], rows[:, :2]):
        model = LinearRegression().fit(rows, targets)
        back = cmlp.from_onnx(sklearn_file(tmp_path, model, rows))
        np.testing.assert_allclose(
            back.forward(rows).reshape(targets.shape), model.predict(rows), atol=1e-5
        )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "scaler", ["StandardScaler", "MinMaxScaler", "RobustScaler", "MaxAbsScaler"]
)
def test_scaler_in_front_becomes_the_input_scale(onnx, tmp_path, dtype, scaler):
    from sklearn import pipeline, preprocessing
    from sklearn.neural_network import MLPClassifier as Theirs

    rows = (100 + 30 * X).astype(dtype)
    model = pipeline.make_pipeline(getattr(preprocessing, scaler)(), Theirs((6,), max_iter=9)).fit(
        rows, Y
    )
    path = sklearn_file(tmp_path, model, rows)
    ours = cmlp.from_onnx(path)
    assert isinstance(ours.input_scale_, tuple)
    np.testing.assert_allclose(
        ours.predict_proba(rows), model.predict_proba(rows), rtol=0, atol=1e-4
    )
    ours.save(tmp_path / "model.cmlp")
    np.testing.assert_array_equal(
        cmlp.load(tmp_path / "model.cmlp").predict_proba(rows), ours.predict_proba(rows)
    )


# --------------------------------------------------------------------------------------------- other forms of a graph


def graph(onnx, tmp_path, text, **weights):
    """Write a graph in ONNX's text format, with the given constants."""
    model = onnx.parser.parse_model(
        f'<ir_version: 9, opset_import: ["" : 20, "ai.onnx.ml": 3]> g {text}'
    )
    for name, values in weights.items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(values), name))
    path = str(tmp_path / "net.onnx")
    onnx.save(model, path)
    return path


W, B = (
    np.arange(12, dtype=np.float32).reshape(4, 3) / 10 - 0.5,
    np.array([0.1, -0.2, 0.3], np.float32),
)
V = np.array([[1], [-2], [0.5]], np.float32)
NUMBERS = {
    "half": np.float32(0.5),
    "one": np.float32(1),
    "root": np.float32(2**0.5),
    "rest": np.array([0, -1]),
}


@pytest.mark.parametrize(
    "body",
    [
        "s = MatMul(x, w) t = Add(s, b) y = Softmax(t)",
        "s = MatMul(x, w) t = Add(b, s) a = Tanh(t) y = MatMul(a, v)",
        "i = Identity(x) s = Gemm(i, w, b) a, mask = Dropout(s) r = Relu(a) y = Gemm(r, v)",
        "s = Gemm(x, w, b) h = Mul(half, s) q = Div(s, root) e = Erf(q) f = Add(one, e) a = Mul(h, f) y = Gemm(a, v)",
        "s = Gemm(x, w, b) q = Div(s, root) e = Erf(q) f = Add(e, one) g = Mul(f, s) a = Mul(g, half) y = Gemm(a, v)",
        "s = Gemm(x, w, b) q = Div(s, root) e = Erf(q) f = Add(e, one) g = Mul(f, half) a = Mul(s, g) y = Gemm(a, v)",
        "c = Cast <to = 1> (x) m = Mul(half, c) r = Reshape(m, rest) s = Gemm(r, w, b) y = Sigmoid(s)",
    ],
)
def test_other_forms_of_a_network(onnx, tmp_path, body):
    path = graph(
        onnx, tmp_path, f"(float[N, 4] x) => (float[N, K] y) {{ {body} }}", w=W, b=B, v=V, **NUMBERS
    )
    np.testing.assert_allclose(
        cmlp.from_onnx(path).forward(X), run(path, X)[0], rtol=1e-5, atol=1e-6
    )


LABELED = (
    "(float[N, 4] x) => (int64[N] label, float[N, 3] p) "
    "{{ s = Gemm(x, w, b) p = Softmax <axis = 1> (s) {0} }}"
)


@pytest.mark.parametrize("keepdims", [0, 1])
def test_labels_in_any_order(onnx, tmp_path, keepdims):
    body = f"i = ArgMax <axis = 1, keepdims = {keepdims}> (p) l = Gather(names, i) label = Reshape(l, all)"
    body = body if keepdims else "i = ArgMax <axis = -1, keepdims = 0> (s) label = Gather(names, i)"
    path = graph(
        onnx,
        tmp_path,
        LABELED.format(body),
        w=W,
        b=B,
        names=np.array([7, -3, 5]),
        all=np.array([-1]),
    )
    model = cmlp.from_onnx(path)
    label, probabilities = run(path, X)
    assert type(model) is MLPClassifier and model.classes_.tolist() == [-3, 5, 7]
    assert model.predict(X).tolist() == label.tolist()
    np.testing.assert_allclose(model.predict_proba(X), probabilities[:, [1, 2, 0]], atol=1e-6)


@pytest.mark.parametrize("names", [["b", "a\0", "a"], [*map(str, range(100, 163)), "c" * 100_000]])
def test_text_labels_are_kept_apart_and_take_no_more_memory_than_the_file(onnx, tmp_path, names):
    """A text array drops NUL characters at the end, and has the size of the longest label for each label."""
    body = "i = ArgMax <axis = 1, keepdims = 0> (p) label = Gather(names, i)"
    text = (
        LABELED.replace("int64[N]", "string[N]").replace("float[N, 3]", "float[N, K]").format(body)
    )
    weights = np.random.RandomState(0).standard_normal((4, len(names))).astype(np.float32)
    path = graph(onnx, tmp_path, text, w=weights, b=weights[0], names=np.array(names, object))
    model = cmlp.from_onnx(path)
    assert model.classes_.tolist() == sorted(names) and model.classes_.dtype == object
    indices = run(path, X)[1].argmax(axis=1)
    assert model.predict(X).tolist() == [names[i] for i in indices]
