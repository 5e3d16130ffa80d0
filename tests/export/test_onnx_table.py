"""ONNX files of estimators for tables: ONNX Runtime predicts raw rows as cmlp does."""

import sys
from decimal import Decimal

import numpy as np
import pytest
from helpers import assert_same_bits
from internals import changed, model_of, raw_rows
from optional import package

import cmlp
from cmlp import TabularClassifier, TabularRegressor

nan = float("nan")
FAST = {"n_estimators": 3, "hidden_layer_sizes": (6,), "max_time": 1e-9, "random_state": 0}
# Rows to predict are unlike those of fit.
pytestmark = [
    pytest.mark.filterwarnings("ignore:column .* unknown:UserWarning"),
    pytest.mark.filterwarnings("ignore::cmlp.exceptions.MovedRowsWarning"),
]

ATOL = 1e-6  # of probabilities and standardized predictions; the networks compute in float32
HOSTILE = [
    "",
    '"',
    "'; DROP TABLE x; --",
    "*/",
    "</script>",
    "a\0b",
    "\x1b[31m",
    "\n",
    "א\u202eb",
    "é😀",
    "\\",
]


@pytest.fixture
def onnxruntime():
    return package("onnxruntime")


@pytest.fixture
def onnx():
    return package("onnx")


def mixed_rows(n, seed):
    """Return rows of columns of every kind; with seed 1, some categories and sizes of numbers are new."""
    rng = np.random.RandomState(seed)
    colours = ["red", "grün", 'say "hi" \\ /', None, *(["new"] * seed)]
    return [
        [
            float(rng.standard_normal()),
            nan
            if rng.random_sample() < 0.2
            else float(rng.exponential()) * 10.0 ** (6 + 3 * seed * rng.randint(3)),
            colours[rng.randint(len(colours))],
            ["x", "y", "z"][rng.randint(2 + seed)],
            [0, 2.5, 7][rng.randint(2 + seed)],
            [10, -3, 2**53, None, 8][rng.randint(4 + seed)],
            rng.random_sample() < 0.5,
            [True, None][rng.randint(2)],
            nan if rng.random_sample() < 0.5 else 3.0,
            5.0,
            "same",
            None,
        ]
        for _ in range(n)
    ]


CATEGORIES = [2, 3, 4, 5, 6, 7, 10, 11]
X, UNSEEN = mixed_rows(80, seed=0), mixed_rows(300, seed=1)


def regressor(**parameters):
    model = TabularRegressor(**{**FAST, "categorical_features": CATEGORIES, **parameters})
    return model.fit(X, np.arange(80) * 1000.0 - 7)


def positive(loss):
    model = TabularRegressor(**{**FAST, "categorical_features": CATEGORIES, "loss": loss})
    return model.fit(X, 1000.0 + 7 * np.arange(80))


def classifier(labels, **parameters):
    model = TabularClassifier(**{**FAST, "categorical_features": CATEGORIES, **parameters})
    return model.fit(X, labels * (80 // len(labels)))


def with_threshold(model):
    """Return a classifier with calibrated probabilities that predicts the second class for about half of the rows."""
    p = np.sort(model.calibrate(probabilities=True).predict_proba(UNSEEN)[:, 1])
    widest = np.diff(p[100:200]).argmax() + 100
    model.threshold_ = (p[widest] + p[widest + 1]) / 2
    return model


def limited(where):
    """Return a regressor whose networks leave the range of the targets in most rows."""
    model = regressor()
    scale = model_of(model).answer_scale
    middle = float(np.median((model.predict(UNSEEN) - scale.centre) / scale.scale))
    low, high = (middle, 9.0) if where == "below" else (-9.0, middle)
    return changed(model, answer_scale=scale._replace(low=(low,), high=(high,)))


MODELS = {
    "binary": lambda: classifier(["no", "yes"]),
    "multiclass": lambda: classifier([3, 10, -1, 7]),
    "booleans": lambda: classifier([True, False]),
    "regressor": regressor,
    "below": lambda: limited("below"),
    "above": lambda: limited("above"),
    "quantile": lambda: regressor(loss="quantile", quantile=0.9),
    "quantiles": lambda: regressor(loss="quantile", quantile=[0.1, 0.4, 0.6, 0.9]),
    "gamma": lambda: positive("gamma"),
    "one": lambda: regressor(n_estimators=1, hidden_layer_sizes=(5, 7, 3)),
    "many": lambda: classifier(["a", "b"], n_estimators=5, hidden_layer_sizes=(140, 130)),
    "targets": lambda: regressor().fit(
        X, np.arange(240.0).reshape(80, 3) ** [1, 2, 0.5] - [0, 5, 2]
    ),
    "multilabel": lambda: classifier([[0, 1], [1, 1], [0, 0], [0, 1]]),
    "threshold": lambda: with_threshold(classifier(["no", "yes"])),
}


def column_of(kind, values):
    """Return a column as the graph takes it: text, "" for a missing one, or doubles, NaN for a missing one."""
    if kind == "tensor(string)":
        texts = ["" if value is None or value != value else str(value) for value in values]
        return np.array(texts, object)[:, None]
    assert kind == "tensor(double)"
    return np.array([nan if value is None else float(value) for value in values])[:, None]


def feed_of(session, rows):
    inputs = session.get_inputs()
    assert all(one.shape == ["N", 1] for one in inputs)
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(inputs)
    return {
        one.name: column_of(one.type, column) for one, column in zip(inputs, columns, strict=True)
    }


def checked(path):
    """Check the file; return its graph."""
    onnx = package("onnx")
    proto = onnx.load(path)
    onnx.checker.check_model(proto, full_check=True)
    return proto


def assert_outputs_agree(model, got, rows):
    """Compare the outputs of a graph with the predictions of a model."""
    if isinstance(model, TabularRegressor):
        (prediction,) = got
        expected, scale = model.predict(rows), model_of(model).answer_scale.scale
        assert prediction.dtype == expected.dtype and prediction.shape == expected.shape
        np.testing.assert_allclose(prediction / scale, expected / scale, rtol=0, atol=ATOL)
        return
    label, probabilities = got
    expected = model.predict_proba(rows)
    assert probabilities.dtype == expected.dtype and probabilities.shape == expected.shape
    np.testing.assert_allclose(probabilities, expected, rtol=0, atol=ATOL)
    ordered = np.sort(expected, axis=1)
    clear = ordered[:, -1] - ordered[:, -2] > 2 * ATOL
    if label.ndim > 1:
        clear = (np.abs(expected - 0.5) > ATOL).all(axis=1)
    assert clear.mean() > 0.9
    assert label[clear].tolist() == model.predict(rows)[clear].tolist()


def assert_agrees(model, path, rows, feed=None, opset=17):
    """Export a model, and compare its outputs in ONNX Runtime; return the session."""
    model.to_onnx(path, opset=opset)
    checked(path)
    session = package("onnxruntime").InferenceSession(path, providers=["CPUExecutionProvider"])
    feed = feed_of(session, rows) if feed is None else feed
    assert_outputs_agree(model, session.run(None, feed), rows)
    return session


@pytest.mark.parametrize("name", MODELS)
def test_onnx_runtime_agrees_with_python(tmp_path, onnxruntime, name):
    model = MODELS[name]()
    session = assert_agrees(model, tmp_path / "table.onnx", UNSEEN)
    outputs = [output.name for output in session.get_outputs()]
    is_classifier = isinstance(model, TabularClassifier)
    assert outputs == (["label", "probabilities"] if is_classifier else ["prediction"])
    assert [one.name for one in session.get_inputs()] == [f"column_{i}" for i in range(12)]
    for n in (1, 0):  # rows
        got = session.run(None, feed_of(session, UNSEEN[:n]))
        assert [len(one) for one in got] == [n] * len(got)
        if n:
            assert_outputs_agree(model, got, UNSEEN[:n])


def test_inputs_say_what_their_values_are(tmp_path, onnx):
    rows = [
        [i % 9, bool(i % 2), ["x", "y", "z"][i % 3], np.datetime64("2020-01-01") + i]
        for i in range(80)
    ]
    TabularRegressor(**FAST).fit(rows, np.arange(80.0)).to_onnx(tmp_path / "table.onnx")
    inputs = onnx.load(tmp_path / "table.onnx").graph.input
    assert [one.doc_string for one in inputs] == [
        "a number",
        "0 or 1",
        "one of 3 categories",
        "a date, in days since 1970-01-01",
    ]


def newest_opset(onnx):
    return min(28, onnx.defs.onnx_opset_version())


# Operators that older opsets lack.
LACKING = {"multiclass": "CumSum", "quantiles": "TopK"}


@pytest.mark.parametrize("name", MODELS)
def test_each_opset_agrees_with_python(tmp_path, onnx, name):
    model = MODELS[name]()
    path = tmp_path / "table.onnx"
    for opset in (9, 11, 12, 13, newest_opset(onnx)):
        if opset < 11 and name in LACKING:
            message = f"opset must be at least 11 for this .*{LACKING[name]}.*, got {opset}$"
            with pytest.raises(ValueError, match=message):
                model.to_onnx(path, opset=opset)
            assert not path.exists()
        else:
            assert_agrees(model, path, UNSEEN, opset=opset)
            assert [each.version for each in onnx.load(path).opset_import if not each.domain] == [
                opset
            ]


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_every_opset_agrees_with_python(tmp_path, onnx, name):
    model = MODELS[name]()
    for opset in range(11 if name in LACKING else 9, newest_opset(onnx) + 1):
        assert_agrees(model, tmp_path / "table.onnx", UNSEEN, opset=opset)


def test_probabilities_of_classes_sum_to_one_in_double(tmp_path, onnxruntime):
    model = MODELS["multiclass"]()
    model.to_onnx(tmp_path / "table.onnx")
    session = onnxruntime.InferenceSession(
        tmp_path / "table.onnx", providers=["CPUExecutionProvider"]
    )
    probabilities = session.run(["probabilities"], feed_of(session, UNSEEN))[0]
    assert probabilities.dtype == np.float64 and np.abs(probabilities.sum(axis=1) - 1).max() < 1e-15


@pytest.mark.parametrize("name", ["binary", "multiclass", "quantiles"])
def test_the_reference_implementation_agrees_with_python(tmp_path, onnx, name):
    reference = package("onnx.reference")
    model = MODELS[name]()
    model.to_onnx(tmp_path / "table.onnx")
    session = package("onnxruntime").InferenceSession(
        tmp_path / "table.onnx", providers=["CPUExecutionProvider"]
    )
    got = reference.ReferenceEvaluator(checked(tmp_path / "table.onnx")).run(
        None, feed_of(session, UNSEEN)
    )
    assert_outputs_agree(model, got, UNSEEN)


@pytest.mark.filterwarnings("ignore:column .* missing")
@pytest.mark.parametrize("rows", ["unseen", "large", "edges"])
def test_networks_see_the_bits_of_python(tmp_path, onnx, onnxruntime, rows):
    """The encoder of the graph is bit-identical to the core's, with bins (networks 0 and 2) and without (network 1)."""
    model = regressor()
    trained = model_of(model)
    columns = trained.columns
    found = [list(row) for row in UNSEEN]
    sizes = [5e-324, -1.7e308, 1.7e308, 1e300, 0.0, -0.0, nan]
    if rows == "edges":
        edges = np.concatenate([c.edges for c in columns])
        sizes = np.concatenate(
            [edges, np.nextafter(edges, -np.inf), np.nextafter(edges, np.inf)]
        ).tolist()
    if rows != "unseen":
        for i, row in enumerate(found):
            row[0], row[1], row[8] = (sizes[(i + k) % len(sizes)] for k in range(3))
    model.to_onnx(tmp_path / "table.onnx")
    proto = checked(tmp_path / "table.onnx")
    seen = [
        node.input[0]
        for k in range(3)
        for node in proto.graph.node
        if any(name.endswith(f"networks.{k}.layers.0.weight") for name in node.input)
    ]
    assert seen[0] == seen[2] != seen[1]
    for name in seen[:2]:
        proto.graph.output.append(
            onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
        )
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    _, with_bins, without = session.run(None, feed_of(session, found))
    raw = raw_rows(model, found)
    assert_same_bits(with_bins, columns.encode(raw, bins=True))
    assert_same_bits(without, columns.encode(raw, bins=False))


@pytest.mark.parametrize(
    ("column", "unseen"),
    [
        ([float(i) for i in range(40)], [nan, -5.0]),
        ([nan, 1.0] * 20, []),
        ([1.0] * 40, [nan, 2.0]),
        ([nan] * 40, [3.0]),
        (["a", "b"] * 20, ["c", None, ""]),
        (["a", None] * 20, ["b"]),
        (["a", "", "b", "c"] * 10, ["d"]),
        (["a", "b", None, "c"] * 10, ["d"]),
        (["same"] * 40, ["other", None]),
    ],
)
@pytest.mark.filterwarnings("ignore:column 0 has values:UserWarning")  # and had none in fit
def test_tables_of_one_column(tmp_path, onnxruntime, column, unseen):
    model = TabularRegressor(**FAST).fit([[value] for value in column], np.arange(40.0))
    assert_agrees(model, tmp_path / "table.onnx", [[value] for value in [*column, *unseen]])


@pytest.mark.parametrize(
    ("column", "unseen"),
    [
        ([1, 2, 3, 4] * 10, [5, None]),
        ([1, 2, None, 4] * 10, [5]),
        ([1, None] * 20, [2]),
        ([True, False] * 20, [None, 2]),
        ([True, False, None, 2] * 10, [3]),
        ([0.1, 1e300, -5e-324, 0.0] * 10, [0.2, -0.0]),
        ([np.float32(0.1), 2**53 + 2] * 20, [0.1]),
        ([None] * 40, [3.0]),
    ],
)
@pytest.mark.filterwarnings("ignore:column 0:UserWarning")  # the value is unknown
def test_categories_that_are_numbers(tmp_path, onnxruntime, column, unseen):
    rows = [[value, i] for i, value in enumerate([*column, *unseen])]
    model = TabularRegressor(**FAST, categorical_features=[0]).fit(rows[:40], np.arange(40.0))
    assert_agrees(model, tmp_path / "table.onnx", rows)


def test_data_frames_with_dates(tmp_path, onnxruntime):
    """Inputs have the names of the columns; dates are days since 1970."""
    pd = package("pandas")
    n = 60
    frame = pd.DataFrame({
        "size": np.arange(n) % 7,
        "day": pd.date_range("1969-12-01 06:00", periods=n, freq="17h").where(np.arange(n) % 5 > 0),
        "town": pd.Categorical.from_codes(np.arange(n) % 3, ["b", "a", "ç"]),
        "lift": np.arange(n) % 2 == 0,
    })  # fmt: skip
    model = TabularClassifier(**FAST).fit(frame, ["no", "yes", "maybe"] * 20)
    days = (frame["day"] - pd.Timestamp(0)) / pd.Timedelta(days=1)
    feed = {
        "size": frame[["size"]].to_numpy(float),
        "day": days.to_numpy()[:, None],
        "town": frame[["town"]].to_numpy(object),
        "lift": frame[["lift"]].to_numpy(float),
    }
    assert_agrees(model, tmp_path / "table.onnx", frame, feed)


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize("labels", [["a", "b"], None])
def test_hostile_names_survive(tmp_path, onnxruntime, labels):
    """Names of columns, categories and labels can be any text; those of outputs get an underscore."""
    pd = package("pandas")
    names = [
        *HOSTILE,
        "label",
        "label_",
        "probabilities",
        "prediction",
        "column_0",
        "cmlp.concat_0",
        "N",
    ]
    texts = np.array(HOSTILE, object)[np.arange(44) % len(HOSTILE)]
    frame = pd.DataFrame({name: np.roll(texts, i) for i, name in enumerate(names)})
    frame["N"] = np.arange(44.0)
    y = np.arange(44.0) if labels is None else texts
    model = (TabularRegressor if labels is None else TabularClassifier)(**FAST).fit(frame, y)
    rows = frame.to_numpy(object).tolist()
    session = assert_agrees(model, tmp_path / "table.onnx", rows)
    expected = ["column_0_", *names[1:]]
    for output in ["prediction"] if labels is None else ["label", "probabilities"]:
        expected[names.index(output)] = "label__" if output == "label" else output + "_"
    assert [one.name for one in session.get_inputs()] == expected
    proto = checked(tmp_path / "table.onnx")
    metadata = {prop.key: prop.value for prop in proto.metadata_props}
    assert metadata["cmlp.class"] == type(model).__name__
    assert all(value.isascii() and value.isprintable() for value in metadata.values())


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (["a", 1, 2.5, True] * 10, "column 0 has categories of text and of numbers"),
        (["a", "", None, "b"] * 10, "column 0 has missing values and the category ''"),
        (["a", "b\ud800"] * 20, r"the category of column 0 'b\\ud800' is not valid Unicode"),
        (
            [1, 2**53 + 1] * 20,
            "column 0 has the category 9007199254740993, but ONNX's doubles cannot tell integers "
            r"beyond 2\^53 apart: convert",
        ),
        ([1, 10**400] * 20, "but ONNX's doubles cannot tell integers"),
        ([1, float("inf")] * 20, "column 0 has the category inf, which is not a finite number"),
        (
            [Decimal(f"0.{'1' * 30}"), Decimal(2)] * 20,
            r"the category Decimal\('0.1+'\), which is not a finite number",
        ),
        ([1j, 2] * 20, "column 0 has the category 1j, which is not a finite number"),
    ],
)
def test_columns_that_onnx_cannot_contain_are_refused(tmp_path, onnx, column, message):
    rows = [[value, i] for i, value in enumerate(column)]
    model = TabularRegressor(**FAST, categorical_features=[0]).fit(
        np.array(rows, object), np.arange(40.0)
    )
    with pytest.raises(ValueError, match=message):
        model.to_onnx(tmp_path / "table.onnx")
    assert list(tmp_path.iterdir()) == []


def test_other_errors(tmp_path, onnx, monkeypatch):
    path, model = tmp_path / "table.onnx", regressor()
    with pytest.raises(ValueError, match="not fitted"):
        TabularRegressor().to_onnx(path)
    halves = TabularClassifier(**FAST).fit(
        [[i] for i in range(40)], np.array([1, 2] * 20, np.float16)
    )
    with pytest.raises(TypeError, match="labels of dtype float16 cannot be written to ONNX"):
        halves.to_onnx(path)
    with pytest.raises(FileNotFoundError):
        model.to_onnx(tmp_path / "no" / "table.onnx")
    with monkeypatch.context() as patch:
        patch.setattr("cmlp._export.onnx_write._LARGEST_FILE", 2**16 + 1000)
        with pytest.raises(
            ValueError, match="an ONNX file can have at most 66536 bytes, but this model needs"
        ):
            model.to_onnx(path)
    model.estimators_[1].params[3] = nan
    with pytest.raises(ValueError, match="a weight is NaN or infinite"):
        model.to_onnx(path)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_not_unicode_is_refused(tmp_path, onnx):
    model = regressor()
    changed(model, columns=model_of(model).columns.with_names(["b\ud800", *"abcdefghijk"]))
    with pytest.raises(ValueError, match=r"the column name 'b\\ud800' is not valid Unicode"):
        model.to_onnx(tmp_path / "table.onnx")


def test_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(
        ImportError,
        match=r"to_onnx needs the package onnx: install it with `pip install 'cmlp\[onnx",
    ):
        regressor().to_onnx(tmp_path / "table.onnx")


def test_loaded_models_have_the_same_file(tmp_path, onnx):
    model = classifier(["no", "yes"])
    model.save(tmp_path / "table.cmlp")
    model.to_onnx(tmp_path / "a.onnx")
    cmlp.load(tmp_path / "table.cmlp").to_onnx(tmp_path / "b.onnx")
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_from_onnx_refuses_tables(tmp_path, onnx):
    path = tmp_path / "table.onnx"
    regressor().to_onnx(path)
    message = r"table\.onnx cannot be converted: it is a TabularRegressor of cmlp"
    with pytest.raises(ValueError, match=message):
        cmlp.from_onnx(path)
    TabularRegressor(**FAST).fit([[float(i)] for i in range(40)], np.arange(40.0)).to_onnx(path)
    with pytest.raises(ValueError, match=message):
        cmlp.from_onnx(path)
