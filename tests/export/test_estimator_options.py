"""Estimators with options of their own as ONNX files and torch modules: predictions, and training after an import."""

import numpy as np
import pytest
from estimator_cases import blobs

import cmlp
from cmlp import MLPClassifier, MLPRegressor

onnxruntime = pytest.importorskip("onnxruntime")
torch = pytest.importorskip("torch")

# Most fits here stop at max_iter on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

X, LABELS = blobs(n_rows=60)
X = X.astype(np.float32)
TARGETS = {
    "binary": LABELS == 1,
    "multiclass": LABELS,
    "multilabel": np.stack([LABELS == 0, LABELS > 0, X[:, 0] > 0], axis=1).astype(int),
}
COMMON = {"hidden_layer_sizes": (5,), "max_iter": 5, "random_state": 0}


def outputs_of_runtime(path):
    session = onnxruntime.InferenceSession(str(path))
    outputs = session.run(None, {session.get_inputs()[0].name: X})
    return dict(zip([output.name for output in session.get_outputs()], outputs, strict=True))


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("loss", ["focal", "label_smoothing", "squared_error"])
def test_classifier_predicts_the_same_and_trains_on(loss, kind, tmp_path):
    y = TARGETS[kind]
    parameter = 0.25 if loss != "squared_error" else None
    model = MLPClassifier(
        activation="elu", activation_parameter=0.3, loss=loss, loss_parameter=parameter, **COMMON
    )
    model.fit(X, y).to_onnx(tmp_path / "model.onnx")
    expected = model.predict_proba(X)
    np.testing.assert_allclose(
        outputs_of_runtime(tmp_path / "model.onnx")["probabilities"], expected, atol=1e-6
    )

    imported = cmlp.from_onnx(tmp_path / "model.onnx")
    np.testing.assert_allclose(imported.predict_proba(X), expected, atol=1e-7)
    assert (imported.loss, imported.loss_parameter, imported.activation_parameter) == (
        loss,
        parameter,
        [0.3],
    )
    imported.set_params(warm_start=True, max_iter=1).fit(X, y)


@pytest.mark.parametrize(
    "params",
    [
        {"loss": "absolute_error"},
        {"loss": "huber", "loss_parameter": 2.0},
        {"loss": "quantile", "quantile": 0.9},
        {"loss": "gamma"},
        {"y_scale": "standard"},
    ],
    ids=str,
)
def test_regressor_predicts_the_same_and_trains_on(params, tmp_path):
    y = 5.0 + LABELS
    model = MLPRegressor(**{**COMMON, **params}).fit(X, y)
    model.to_onnx(tmp_path / "model.onnx")
    (output,) = outputs_of_runtime(tmp_path / "model.onnx").values()
    np.testing.assert_allclose(output.ravel(), model.predict(X), rtol=1e-6)
    np.testing.assert_allclose(
        model.to_torch()(torch.tensor(X)).detach().numpy().ravel(), model.predict(X), rtol=1e-6
    )

    imported = cmlp.from_onnx(tmp_path / "model.onnx")
    np.testing.assert_array_equal(imported.predict(X), model.predict(X))
    for name in ("loss", "loss_parameter", "quantile"):
        assert getattr(imported, name) == getattr(model, name)
    imported.set_params(warm_start=True, max_iter=1).fit(X, y)


def test_parameter_of_a_torch_activation_is_that_of_the_estimator():
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Linear(4, 5),
        torch.nn.LeakyReLU(0.2),
        torch.nn.Linear(5, 4),
        torch.nn.ReLU(),
        torch.nn.Linear(4, 3),
    )
    imported = cmlp.from_torch(module, classes=[0, 1, 2])
    assert imported.activation_parameter == pytest.approx([0.2, 0.0])
    imported.set_params(warm_start=True, max_iter=1).fit(X, LABELS)
