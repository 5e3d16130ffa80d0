"""Several short epochs in one call of the core: the same results as one epoch per call."""

from types import SimpleNamespace

import numpy as np
import pytest
from helpers import labels, uniform

from cmlp import MLPClassifier, MLPRegressor, _core
from cmlp.exceptions import DivergenceError
from cmlp.inputs.sparse import CSR
from cmlp.training.loop import Training

X, Y = uniform(0, 150, 5), labels(1, 150, 3)
SMALL = {"max_iter": 24, "random_state": 3, "batch_size": 40}
ADAPTIVE = {"solver": "sgd", "learning_rate": "adaptive"}
EPOCHS_ONE_BY_ONE = {"max_time": 3600.0}  # the clock is read after every epoch


@pytest.fixture
def calls(monkeypatch):
    """Return the list of the numbers of epochs that calls of the core train at once."""
    numbers, original = [], Training.train_epochs

    def train_epochs(self, results):
        numbers.append(len(results))
        original(self, results)

    monkeypatch.setattr(Training, "train_epochs", train_epochs)
    return numbers


def learnt(model):
    """Return everything that a fit has learnt, as comparable values."""
    history = {name: values for name, values in model.history_.items() if name != "seconds"}
    arrays = [array.tobytes() for array in (*model.coefs_, *model.intercepts_)]
    return arrays, history, model.n_iter_, model.t_, model.loss_, model.best_loss_


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"solver": "sgd"},
        {
            "solver": "sgd",
            "learning_rate": "adaptive",
            "learning_rate_init": 0.5,
            "n_iter_no_change": 2,
            "max_iter": 90,
        },
        {"learning_rate_init": 0.1, "n_iter_no_change": 3, "max_iter": 200},
        {"n_iter_no_change": float("inf"), "tol": 0},
        {"warmup": 7},
        {"shuffle": False},
        {"batch_size": 8},  # enough batches for a gradient norm
        {"dropout": 0.3, "weight_decay": 0.1, "solver": "adamw"},
        {"max_grad_norm": 0.1, "alpha": 0.5, "input_scale": "standard"},
    ],
    ids=str,
)
def test_results_are_those_of_epochs_one_by_one(calls, parameters):
    weight = np.arange(150) % 3 + 0.5
    models = []
    for limit in ({}, EPOCHS_ONE_BY_ONE):
        calls.clear()
        models.append(MLPClassifier((6,), **{**SMALL, **parameters, **limit}).fit(X, Y, sample_weight=weight))
        assert bool(calls) is not bool(limit)
    at_once, one_by_one = map(learnt, models)
    assert at_once == one_by_one
    assert len(models[0].history_["seconds"]) == models[0].n_iter_
    assert min(models[0].history_["seconds"]) > 0


@pytest.mark.filterwarnings("ignore")
def test_regressors_sparse_rows_and_float64_train_at_once(calls):
    y = np.column_stack([X[:, 0] * 1e4, X[:, 1]])
    sparse = CSR.from_dense(X) if hasattr(CSR, "from_dense") else pytest.importorskip("scipy.sparse").csr_array(X)
    for rows, parameters in ((X, {"y_scale": "standard"}), (X.astype(np.float64), {}), (sparse, {})):
        calls.clear()
        settings = {**SMALL, **parameters}
        at_once = MLPRegressor(hidden_layer_sizes=(6,), **settings).fit(rows, y)
        assert calls
        assert learnt(at_once) == learnt(
            MLPRegressor(hidden_layer_sizes=(6,), **settings, **EPOCHS_ONE_BY_ONE).fit(rows, y)
        )


@pytest.mark.filterwarnings("ignore")
def test_calls_end_where_training_can_stop(calls):
    """The first epoch draws the order; later calls end where training stops if none of their epochs improves."""
    MLPClassifier((6,), **{**SMALL, "tol": 100.0, "n_iter_no_change": 5}).fit(X, Y)
    assert calls == [6]  # the first epoch is an improvement, and six others are not
    calls.clear()
    MLPClassifier((6,), **{**SMALL, "tol": 0.0, "n_iter_no_change": 10}).fit(X, Y)
    assert calls[0] == 11 and 1 + sum(calls) <= 24


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "parameters",
    [
        {"early_stopping": True},
        {"verbose": 7},
        {"callbacks": [SimpleNamespace(on_epoch_end=lambda progress: None)]},
        {"learning_rate": "cosine"},
        {"solver": "sgd", "learning_rate": "invscaling"},
        {"shuffle": "blocks"},
        {"random_state": np.random.RandomState(0)},
        {"loss": lambda y, output: (((output - y) ** 2).sum(axis=1), 2 * (output - y))},
    ],
    ids=lambda parameters: next(reversed(parameters)),
)
def test_epochs_that_need_python_in_between_are_trained_one_by_one(calls, parameters):
    MLPRegressor(hidden_layer_sizes=(6,), **{**SMALL, **parameters}).fit(X, X[:, 0])
    assert calls == []


@pytest.mark.filterwarnings("ignore")
def test_large_epochs_are_trained_one_by_one(calls):
    MLPRegressor(hidden_layer_sizes=(400, 400), max_iter=3, random_state=0).fit(
        uniform(0, 400, 5), uniform(1, 400, 1)[:, 0]
    )
    assert calls == []


def diverged(y, **parameters):
    """Return the message and the state of a training that diverges."""
    seen, original = [], Training.run

    def run(self):
        seen.append(self)
        original(self)

    settings = {**SMALL, "activation": "identity", "solver": "sgd", "learning_rate_init": 1.0, **parameters}
    with pytest.MonkeyPatch.context() as patch, pytest.raises(DivergenceError) as caught:
        patch.setattr(Training, "run", run)
        MLPRegressor(hidden_layer_sizes=(6,), **settings).fit(X, y)
    state = seen[0].state
    return str(caught.value), state.epoch, state.batch, list(state.history.loss_curve), state.order.tolist()


@pytest.mark.filterwarnings("ignore")
def test_divergence_names_its_epoch_and_keeps_the_epochs_before():
    y = X[:, 0]
    at_once, one_by_one = diverged(y), diverged(y, **EPOCHS_ONE_BY_ONE)
    assert at_once == one_by_one
    assert at_once[1] > 1 and at_once[2] == 0  # it diverges in a later epoch


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", ["train_epochs", "record_epochs"])
def test_ctrl_c_before_and_after_the_epochs_are_recorded_can_be_resumed(monkeypatch, method):
    whole = MLPClassifier((6,), **SMALL).fit(X, Y)
    model, original, n_calls = MLPClassifier((6,), **SMALL), getattr(Training, method), []

    def interrupted(self, results):
        original(self, results)
        n_calls.append(len(results))
        if len(n_calls) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Training, method, interrupted)
        model.fit(X, Y)
    assert model.n_iter_ == 1 + sum(n_calls[:2])
    assert learnt(model.fit(X, Y, resume=True)) == learnt(whole)


def test_arguments_of_the_core_are_checked():
    net = _core.Net([5, 3], ["softmax"], "log_loss", np.float32)
    params, optimizer = np.zeros(net.n_params, np.float32), _core.Optimizer(net, "sgd", learning_rate=0.1)
    fields = {"order": np.arange(150), "generator": None}

    def call(results, fields=fields):
        net.train_epochs(params, X, Y.astype(np.int32), optimizer, fields, results, batch_size=50)

    for results in (np.zeros((2, 4)), np.zeros((2, 5), np.float32), np.zeros(5)):
        with pytest.raises(
            ValueError, match="results must be rows of 5 values of dtype float64, got an array of shape"
        ):
            call(results)
    with pytest.raises(TypeError):
        call(np.zeros((2, 5)))
    with pytest.raises(ValueError, match="order"):
        call(np.zeros((2, 5)), {"order": np.array([0, 150]), "generator": _core.Random(0)})
    assert not params.any()
