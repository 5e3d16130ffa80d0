"""The converter for skl2onnx: ONNX Runtime computes what the estimators predict, alone and within other models."""

import numpy as np
import pytest
from estimator_cases import blobs
from optional import package
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import BaggingClassifier, StackingRegressor, VotingClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from cmlp.sklearn import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor

# Most fits here stop early on purpose.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer",
    "ignore:The training loss",
    "ignore::cmlp.exceptions.LeakWarning",  # one column says the class
)

skl2onnx = package("skl2onnx")
runtime = package("onnxruntime")

X, CLASSES = blobs()
X = X.astype(np.float32)
TEXT = np.array(["red", "green", "blue"])[CLASSES]
LABELS = np.stack([CLASSES == 0, CLASSES > 0, X[:, 0] > 0], axis=1).astype(int)
NUMBERS = X.sum(axis=1)
PAIRS = np.stack([NUMBERS, -X[:, 0]], axis=1)
MATRIX_ONLY = {"zipmap": False}


def classifier(**parameters):
    return MLPClassifier(
        (8,), random_state=0, **{"max_iter": 15, "learning_rate_init": 0.02, **parameters}
    )


def regressor(**parameters):
    parameters = {"max_iter": 60, "learning_rate_init": 0.02, **parameters}
    return MLPRegressor(hidden_layer_sizes=(8,), random_state=0, **parameters)


def table(cls, **parameters):
    return cls(n_estimators=2, hidden_layer_sizes=(8,), random_state=0, **parameters)


def converted(model, rows, **options):
    """Return a dictionary of ONNX Runtime's outputs, for a matrix or a data frame."""
    onx = skl2onnx.to_onnx(model, rows[:2], **options)
    session = runtime.InferenceSession(onx.SerializeToString(), providers=["CPUExecutionProvider"])
    feeds = (
        {"X": rows}
        if isinstance(rows, np.ndarray)
        else {name: rows[[name]].to_numpy() for name in rows}
    )
    return dict(
        zip(
            [output.name for output in session.get_outputs()], session.run(None, feeds), strict=True
        )
    )


def assert_classifies_alike(model, rows=X, **options):
    found = converted(model, rows, options=MATRIX_ONLY, **options)
    np.testing.assert_array_equal(found["label"], model.predict(rows))
    np.testing.assert_allclose(found["probabilities"], model.predict_proba(rows), atol=2e-6)
    return found


def assert_predicts_alike(model, rows=X, **options):
    found = converted(model, rows, **options)["variable"]
    predicted = model.predict(rows)
    np.testing.assert_allclose(found.reshape(predicted.shape), predicted, rtol=1e-5, atol=1e-5)
    assert found.ndim == 2
    return found


@pytest.mark.parametrize("make", [classifier, lambda: table(TabularClassifier)])
@pytest.mark.parametrize(
    "y", [CLASSES, TEXT, TEXT.astype(object), CLASSES > 0, CLASSES.astype(float)]
)
def test_classifiers(make, y):
    assert_classifies_alike(make().fit(X, y))


def test_multilabel_classifier():
    found = assert_classifies_alike(classifier().fit(X, LABELS))
    assert found["label"].shape == LABELS.shape


@pytest.mark.parametrize("make", [regressor, lambda: table(TabularRegressor)])
def test_regressors(make):
    assert assert_predicts_alike(make().fit(X, NUMBERS)).shape == (len(X), 1)


def test_several_outputs():
    assert_predicts_alike(regressor().fit(X, PAIRS))
    quantiles = {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]}
    assert_predicts_alike(regressor(**quantiles).fit(X, NUMBERS))
    assert_predicts_alike(table(TabularRegressor, **quantiles).fit(X, NUMBERS))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "rows", [X, X.astype(np.float64), (20 * X).astype(np.int64)], ids=["float", "double", "int64"]
)
def test_types_of_inputs_and_outputs(dtype, rows):
    found = assert_classifies_alike(
        classifier(dtype=dtype, input_scale="standard").fit(rows, CLASSES), rows
    )
    assert found["probabilities"].dtype == (np.float64 if rows.dtype == np.float64 else np.float32)
    found = assert_predicts_alike(table(TabularRegressor).fit(rows, NUMBERS), rows)
    assert found.dtype == (np.float64 if rows.dtype == np.float64 else np.float32)


def test_bytes():
    rows = (20 * (X - X.min())).clip(0, 255).astype(np.uint8)
    assert_classifies_alike(classifier(input_scale=1 / 255).fit(rows, CLASSES), rows)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "activation", ["leaky_relu", "elu", "gelu", "silu", "softplus", "softsign", "tanh", "logistic"]
)
def test_activations(activation, dtype):
    assert_classifies_alike(classifier(activation=activation, dtype=dtype).fit(X, CLASSES))


@pytest.mark.parametrize("loss", ["squared_error", "focal", "label_smoothing"])
@pytest.mark.parametrize("y", [CLASSES, CLASSES > 0])
def test_losses(loss, y):
    assert_classifies_alike(classifier(loss=loss).fit(X, y))


@pytest.mark.parametrize("opset", [13, 15, 17, 18, 21])
def test_opsets(opset):
    assert_classifies_alike(classifier(loss="squared_error").fit(X, CLASSES), target_opset=opset)
    assert_predicts_alike(table(TabularRegressor).fit(X, NUMBERS), target_opset=opset)


def test_older_opsets_are_refused():
    with pytest.raises(RuntimeError, match="13 is higher than targeted"):
        converted(classifier().fit(X, CLASSES), X, target_opset=12)


@pytest.mark.parametrize("make", [classifier, lambda: table(TabularClassifier)])
def test_zipmap(make):
    model = make().fit(X, TEXT)
    found = converted(model, X)  # skl2onnx's default
    rows = [[row[label] for label in model.classes_] for row in found["output_probability"]]
    np.testing.assert_allclose(rows, model.predict_proba(X), atol=2e-6)
    np.testing.assert_array_equal(found["output_label"], model.predict(X))
    columns = converted(model, X, options={"zipmap": "columns"})
    np.testing.assert_allclose(columns["sred"].ravel(), model.predict_proba(X)[:, 2], atol=2e-6)
    whole = converted(model, X, options={id(model): {"zipmap": False, "output_class_labels": True}})
    assert whole["class_labels"].tolist() == model.classes_.tolist()


@pytest.mark.parametrize("y", [CLASSES, CLASSES > 0, LABELS])
def test_raw_scores_are_the_logits(y):
    model = classifier().fit(X, y)
    found = converted(model, X, options={"zipmap": False, "raw_scores": True})["probabilities"]
    logits = model.decision_function(X)
    logits = np.stack([-logits, logits], axis=1) if logits.ndim == 1 else logits
    np.testing.assert_allclose(found, logits, rtol=1e-5, atol=1e-5)


def test_pipelines():
    assert_classifies_alike(make_pipeline(StandardScaler(), classifier()).fit(X, CLASSES))
    assert_classifies_alike(
        make_pipeline(StandardScaler(), table(TabularClassifier)).fit(X, CLASSES)
    )
    assert_predicts_alike(make_pipeline(StandardScaler(), regressor()).fit(X, NUMBERS))
    assert_predicts_alike(make_pipeline(StandardScaler(), table(TabularRegressor)).fit(X, NUMBERS))


@pytest.mark.parametrize("make", [classifier, lambda: table(TabularClassifier)])
@pytest.mark.parametrize(
    "around",
    [
        lambda model: CalibratedClassifierCV(model, cv=2),
        lambda model: BaggingClassifier(model, n_estimators=2, random_state=0),
        lambda model: VotingClassifier(
            [("a", model), ("b", model)], voting="soft", flatten_transform=False
        ),
        OneVsRestClassifier,
    ],
    ids=["calibrated", "bagging", "voting", "one-vs-rest"],
)
def test_meta_estimators(make, around):
    assert_classifies_alike(around(make()).fit(X, CLASSES))


def test_searches_and_stacks():
    found = converted(GridSearchCV(classifier(), {"alpha": [0, 1]}, cv=2).fit(X, CLASSES), X)
    assert found["output_label"].shape == CLASSES.shape
    assert_predicts_alike(
        StackingRegressor([("a", regressor()), ("b", table(TabularRegressor))], cv=2).fit(
            X, NUMBERS
        )
    )


@pytest.fixture
def frame():
    pandas = package("pandas")
    numbers = {"size": X[:, 0].astype(float), "age": X[:, 1].astype(float)}
    return pandas.DataFrame({**numbers, "colour": TEXT.astype(object)})


def test_columns_of_a_table(frame):
    model = table(TabularClassifier).fit(frame, CLASSES)
    assert assert_classifies_alike(model, frame)["probabilities"].dtype == np.float64
    assert_predicts_alike(table(TabularRegressor).fit(frame, NUMBERS), frame)


def test_columns_of_a_network(frame):
    numbers = frame[["size", "age"]]
    assert_classifies_alike(classifier().fit(numbers, CLASSES), numbers)
    encoder = ColumnTransformer([("text", OneHotEncoder(), ["colour"])], remainder="passthrough")
    assert_predicts_alike(make_pipeline(encoder, regressor()).fit(frame, NUMBERS), frame)


def test_matrices_of_several_columns(frame):
    model = table(TabularRegressor).fit(frame, NUMBERS)
    types = skl2onnx.common.data_types
    inputs = [
        ("numbers", types.DoubleTensorType([None, 2])),
        ("colour", types.StringTensorType([None, 1])),
    ]
    onx = skl2onnx.convert_sklearn(model, initial_types=inputs)
    session = runtime.InferenceSession(onx.SerializeToString(), providers=["CPUExecutionProvider"])
    feeds = {"numbers": frame[["size", "age"]].to_numpy(), "colour": frame[["colour"]].to_numpy()}
    np.testing.assert_allclose(
        session.run(None, feeds)[0][:, 0], model.predict(frame), rtol=1e-5, atol=1e-5
    )


def test_inputs_that_do_not_fit_are_refused(frame):
    model = table(TabularClassifier).fit(frame, CLASSES)
    with pytest.raises(ValueError, match="TabularClassifier must have 3 columns, as in fit, got 4"):
        converted(model, X)
    with pytest.raises(
        ValueError,
        match="column 'colour' of TabularClassifier must be text, as in fit, got numbers",
    ):
        converted(model, X[:, :3])
    text = frame.astype({"size": str})
    with pytest.raises(
        ValueError, match="column 'size' of TabularClassifier must be numbers, as in fit, got text"
    ):
        converted(model, text)
    with pytest.raises(
        ValueError, match="inputs of MLPClassifier must be numbers for skl2onnx, got text"
    ):
        converted(classifier().fit(X[:, :3], CLASSES), frame)
    with pytest.raises(
        ValueError, match=r"inputs of MLPClassifier must have 4 columns, as in fit, got 3"
    ):
        converted(classifier().fit(X, CLASSES), X[:, :3])


def test_models_that_are_not_fitted_are_refused():
    with pytest.raises(ValueError, match="not fitted yet"):
        converted(classifier(), X, options=MATRIX_ONLY)
    with pytest.raises(ValueError, match="not fitted yet"):
        converted(table(TabularRegressor), X)


@pytest.mark.parametrize("largest", [1e20, np.uint64(2**64 - 1)])
def test_labels_too_large_for_skl2onnx_are_refused(largest):
    model = classifier().fit(X, CLASSES)
    model.classes_ = np.array([0, 1, largest], np.asarray(largest).dtype)
    with pytest.raises(
        ValueError, match=r"Labels must be text or numbers of 64 bits for skl2onnx, got \[0"
    ):
        converted(model, X, options=MATRIX_ONLY)
