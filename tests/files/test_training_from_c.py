"""Model files of C programs: Python loads them as estimators, and continues their training with the same bits."""

import json

import numpy as np
import pytest
from hostile_files import written
from internals import model_of, state_of
from model_files import read

import cmlp
from cmlp import MLPClassifier, MLPRegressor, Network
from cmlp.exceptions import ModelFormatError

NUMBERS = ("learning_rate", "momentum", "beta_1", "beta_2", "epsilon", "beta_1_power", "beta_2_power", "weight_decay",
           "max_norm", "n_steps")  # fmt: skip
SOLVERS = {"sgd": 1, "momentum": 2, "nesterov": 3, "adam": 4, "adamw": 5}
TYPES = {"F32": np.float32, "F64": np.float64, "I32": np.int32, "I64": np.int64}
ENDLESS = {"tol": 0, "n_iter_no_change": np.inf}
X = np.random.RandomState(0).standard_normal((41, 4)).astype(np.float32)
LABELS = ["cat", "dog", "owl"]
Y = np.array(["cat", "dog", "owl"])[np.arange(41) % 3]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.cmlp"


def as_of_c(path, model, kind="classifier", labels=LABELS, **changes):
    """Write the training of a model as cmlp_model_write does; return the network and its arrays."""
    model.save(path, include_training_state=True)
    metadata, tensors = read(path.read_bytes())
    state = json.loads(metadata["training"])
    names = ("loss_curve", "optimizer", *(["generator"] if model.shuffle else []))
    kept = {
        name: tensors[name] for name in (f"training.{name}" for name in names) if name in tensors
    }
    arrays = {name: np.frombuffer(data, TYPES[kind]) for name, (kind, _, data) in kept.items()}
    if model.shuffle:
        generator, order = state_of(model).generator_before_order.copy(), np.arange(state["n_rows"])
        for _ in range(state["epoch"]):
            generator.shuffle(order)
        arrays["training.order"] = order
    fields = {
        "solver": SOLVERS[state["optimizer.kind"]],
        **{name: state[f"optimizer.{name}"] for name in NUMBERS},
        "alpha": model.alpha,
        "batch_size": model.batch_size,
        "n_rows": state["n_rows"],
        "n_epochs": state["epoch"],
        "position": state.get("generator.position", 0),
        **changes,
    }
    arrays["training.numbers"] = np.array([*fields.values()], np.float64)
    net = model_of(model)
    network = Network(
        net.net.sizes, net.net.activations[:-1], output=net.net.activations[-1], loss=net.net.loss
    )
    network.params[:] = net.params
    path.write_bytes(written(network, {}, arrays, labels, kind=kind))
    return network, arrays


def test_file_with_labels_is_an_estimator(path):
    network = Network([4, 3, 5, 3], ["relu", "tanh"], random_state=0)
    path.write_bytes(written(network, {}, labels=LABELS))
    model = cmlp.load(path)
    assert isinstance(model, MLPClassifier) and model.classes_.tolist() == ["cat", "dog", "owl"]
    assert (model.hidden_layer_sizes, model.activation, model.solver) == (
        (3, 5),
        ["relu", "tanh"],
        "adam",
    )
    assert model.predict_proba(X).tobytes() == network.forward(X).tobytes()
    assert model.n_iter_ == 0 and model.partial_fit(X, Y).n_iter_ == 1
    model.save(path)
    assert cmlp.load(path).predict(X).tolist() == model.predict(X).tolist()
    network = Network([4, 2], output="identity", loss="squared_error", random_state=0)
    path.write_bytes(written(network, {}, kind="regressor"))
    assert isinstance(cmlp.load(path), MLPRegressor)
    with pytest.raises(ModelFormatError) as caught:
        written(network, {}, kind="classifier")
    assert caught.value.status == "CMLP_ERROR_OPTION"


def test_two_softmax_outputs_with_labels_are_a_network(path):
    network = Network([4, 3, 2], output="softmax", loss="log_loss", random_state=0)
    path.write_bytes(written(network, {}, labels=LABELS[:2]))
    assert read(path.read_bytes())[0]["kind"] == "classifier"
    loaded = cmlp.load(path)
    assert isinstance(loaded, Network)
    assert loaded.forward(X).tobytes() == network.forward(X).tobytes()


@pytest.mark.parametrize(
    "ways",
    [
        {"solver": "adam", "alpha": 0.01},
        {"solver": "adamw", "weight_decay": 0.1, "max_grad_norm": 0.5},
        {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.1},
        {"solver": "sgd", "momentum": 0.8, "nesterovs_momentum": False, "shuffle": False},
        {"solver": "sgd", "momentum": 0.8},
    ],
)
def test_training_continues_with_the_same_bits(path, ways):
    def fitted(n):
        return MLPClassifier((5,), batch_size=8, max_iter=n, random_state=3, **ways, **ENDLESS).fit(
            X, Y
        )

    as_of_c(path, fitted(3))
    model, whole = cmlp.load(path), fitted(6)
    assert {name: getattr(model, name) for name in ways} == ways
    assert model.n_iter_ == 3 and model.loss_curve_ == whole.loss_curve_[:3]
    model.set_params(max_iter=6, **ENDLESS).fit(X, Y, resume=True)
    assert (
        all(map(np.array_equal, model.coefs_, whole.coefs_))
        and model.loss_curve_ == whole.loss_curve_
    )
    assert len(model.history_["learning_rate"]) == 6
    one, other = cmlp.load(path), fitted(3)
    for step in (one, other):
        step.set_params(random_state=1).partial_fit(X, Y)
    assert all(map(np.array_equal, one.coefs_, other.coefs_))


def test_a_program_need_not_have_drawn_any_number(path):
    """Without shuffling, the position in the random numbers is 0."""
    as_of_c(path, MLPClassifier((5,), batch_size=8, max_iter=3, shuffle=False, **ENDLESS).fit(X, Y))
    assert cmlp.load(path).n_iter_ == 3


def test_resume_checks_parameters_and_rows(path):
    as_of_c(path, MLPClassifier((5,), batch_size=8, max_iter=3, **ENDLESS).fit(X, Y))
    with pytest.raises(ValueError, match="alpha"):
        cmlp.load(path).set_params(alpha=1.0).fit(X, Y, resume=True)
    with pytest.raises(ValueError, match="41 rows"):
        cmlp.load(path).fit(X[:40], Y[:40], resume=True)


@pytest.mark.parametrize(
    "changes",
    [
        *({name: value} for name in ("n_steps", "batch_size", "n_rows", "n_epochs", "position", "solver")
          for value in (np.nan, -1, 0.5, 1e300)),
        *({name: np.inf} for name in ("learning_rate", "alpha", "max_norm")),
        {"solver": 0}, {"solver": 6}, {"solver": 1}, {"position": 625}, {"beta_1": 1.5}, {"alpha": -1.0},
        {"n_epochs": 4}, {"batch_size": 0}, {"more": 1.0},
    ],
    ids=str,
)  # fmt: skip
def test_bad_numbers_raise(path, changes):
    as_of_c(path, MLPClassifier((5,), batch_size=8, max_iter=3, **ENDLESS).fit(X, Y), **changes)
    with pytest.raises(ModelFormatError) as error:
        cmlp.load(path)
    assert error.value.status == "CMLP_ERROR_FILE_SYNTAX"


@pytest.mark.parametrize("name", ["generator", "loss_curve", "optimizer", "order"])
def test_arrays_that_do_not_match_raise(path, name):
    model = MLPClassifier((5,), batch_size=8, max_iter=3, **ENDLESS).fit(X, Y)
    network, arrays = as_of_c(path, model)
    name = f"training.{name}"
    for wrong in (
        None,
        arrays[name][:-1],
        arrays[name].reshape(1, -1),
        arrays[name].astype(np.uint8),
    ):
        others = {key: array for key, array in arrays.items() if key != name}
        path.write_bytes(
            written(network, {}, others if wrong is None else {**arrays, name: wrong}, LABELS)
        )
        if name == "training.loss_curve" and wrong is None:
            assert cmlp.load(path).loss_curve_ == []
            continue
        with pytest.raises(ValueError):  # of rows that are not those of the data, `fit` tells
            cmlp.load(path).fit(X, Y, resume=True)
