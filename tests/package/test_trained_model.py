"""Properties of a network, and the trained model that networks and estimators hold."""

import copy

import numpy as np
import pytest
from internals import model_of, raw_rows

import cmlp
from cmlp import MLPClassifier, Network, TabularClassifier, TabularRegressor, Trainer
from cmlp._model.model import TableModel


def test_properties_of_a_network_rebuild_it():
    net = Network(
        [4, 3, 2, 3],
        ["elu", "relu"],
        output="logistic",
        loss="focal",
        dtype="float64",
        input_scale=0.5,
        random_state=0,
        n_threads=2,
        activation_parameter=[2.0, 0],
    )
    twin = Network(
        net.sizes,
        net.activation,
        output=net.output,
        loss=net.loss,
        dtype=net.dtype,
        input_scale=net.input_scale,
        random_state=0,
        n_threads=net.n_threads,
        activation_parameter=net.activation_parameter,
        loss_parameter=net.loss_parameter,
    )
    X = np.linspace(-1, 1, 20).reshape(5, 4)
    assert repr(twin) == repr(net) and twin.params.tobytes() == net.params.tobytes()
    assert twin.cost(X, [0, 1, 2, 0, 1]) == net.cost(X, [0, 1, 2, 0, 1])
    assert (net.input_scale, net.n_threads, net.dtype) == (0.5, 2, np.float64)


def test_parameters_are_none_without_a_function_that_has_one():
    net = Network([4, 3, 2])
    assert net.activation_parameter is None and net.loss_parameter is None


def test_n_threads_of_a_network_can_be_set():
    net = Network([4, 3, 2])
    net.n_threads = 3
    assert net.n_threads == 3
    with pytest.raises(ValueError, match="n_threads must be an int"):
        net.n_threads = 0
    assert net.n_threads == 3


def test_other_objects_have_no_trained_model():
    with pytest.raises(TypeError, match="A Network or an estimator of cmlp is needed, got list"):
        model_of([])
    table = TabularRegressor(max_time=1e-9).fit([[1.0], [2.0]] * 9, range(18))
    with pytest.raises(
        TypeError,
        match="A Network, an MLPClassifier or an MLPRegressor is needed, got TabularRegressor",
    ):
        Trainer(table)


X = np.linspace(-1, 1, 80).reshape(40, 2)
MODELS = {
    "network": (Network([2, 3, 2], random_state=0), lambda model: model.forward(X)),
    "one probability": (
        Network([2, 1], output="logistic", random_state=0),
        lambda model: model.forward(X),
    ),
    "two classes": (
        MLPClassifier((3,)).partial_fit(X, X[:, 0] > 0, classes=[0, 1]),
        lambda model: model.predict_proba(X),
    ),
    "normalized": (
        MLPClassifier((3,), loss="squared_error").partial_fit(
            X, np.arange(40) % 3, classes=[0, 1, 2]
        ),
        lambda model: model.predict_proba(X),
    ),
    "table of classes": (
        TabularClassifier(max_time=1e-9, n_estimators=2).fit(X, X[:, 0] > 0),
        lambda model: model.predict_proba(X),
    ),
    "table of numbers": (
        TabularRegressor(max_time=1e-9, n_estimators=3).fit(X, X[:, 0]),
        lambda model: model.predict(X)[:, None],
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_trained_model_predicts_as_its_owner(name):
    owner, predict = MODELS[name]
    model = model_of(owner)
    rows = raw_rows(owner, X) if isinstance(model, TableModel) else X
    outputs = model.predict(rows)
    assert outputs.tobytes() == predict(owner).tobytes()
    assert outputs.shape[1] == model.combination.n and model.class_name == type(owner).__name__


@pytest.mark.parametrize("name", MODELS)
def test_fields_of_a_trained_model_never_change(name):
    """A changed copy shares the blocks."""
    model = model_of(MODELS[name][0])
    with pytest.raises(
        AttributeError, match="names of a TrainedModel cannot be assigned: use replace"
    ):
        model.names = ["a", "b"]
    twin = model.with_names(["a", "b"])
    assert model.names is None and twin.feature_names.tolist() == ["a", "b"]
    assert all(
        one.params is other.params for one, other in zip(model.networks, twin.networks, strict=True)
    )


@pytest.mark.parametrize(
    "name", [name for name, (owner, _) in MODELS.items() if not isinstance(owner, Network)]
)
def test_each_field_of_a_model_is_described(name):
    """A pickle has all fields but the counts of warnings: those that have a description."""
    owner = MODELS[name][0]
    model = model_of(owner)
    described = set(owner.__getstate__()["_result"]["model"])
    assert described == set(model._fields) - {"notices"}
    with pytest.raises(TypeError, match="Model has no field 'nothing'"):
        model.replace(nothing=1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda model, path: model.save(path, include_training_state=True),
            "include_training_state must be False",
        ),
        (
            lambda model, path: model.to_html(path, data=(X, X, X, X)),
            "data must be None for a table",
        ),
        (
            lambda model, path: model.to_c(path, name="table", int8=True),
            "does not support tables.*Leave out int8",
        ),
        (
            lambda model, path: model.to_sklearn(),
            "to_sklearn does not support tables.*estimators_ has the networks",
        ),
    ],
)
def test_what_a_format_cannot_express_of_a_table_is_refused(call, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        call(MODELS["table of numbers"][0], tmp_path / "file")
    assert not list(tmp_path.iterdir())


def test_onnx_of_a_table_has_no_type_of_rows(tmp_path):
    pytest.importorskip("onnx")
    with pytest.raises(ValueError, match=r"input_dtype must be None for a table.*got 'float32'"):
        MODELS["table of numbers"][0].to_onnx(tmp_path / "file", input_dtype="float32")


@pytest.mark.parametrize("name", ["network", "two classes", "table of classes"])
def test_weights_that_are_not_finite_are_not_saved(name, tmp_path):
    model = copy.deepcopy(MODELS[name][0])
    networks = getattr(model, "estimators_", None) or [getattr(model, "network_", model)]
    networks[-1].params[0] = np.nan
    with pytest.raises(
        ValueError, match="a weight is NaN or infinite: such a model cannot be saved"
    ):
        model.save(tmp_path / "file")


@pytest.mark.parametrize("name", ["network", "table of numbers"])
def test_pipelines_end_with_one_network_of_an_estimator(name):
    pipeline = pytest.importorskip("sklearn.pipeline")
    model = MODELS[name][0]
    with pytest.raises(
        TypeError,
        match=f"from_sklearn needs an MLPClassifier or MLPRegressor.*{type(model).__name__}",
    ):
        cmlp.from_pipeline(pipeline.Pipeline([("last", model)]))


def test_a_network_has_no_class_labels():
    with pytest.raises(TypeError, match="a network has no labels"):
        _ = model_of(Network([2, 2])).class_labels
