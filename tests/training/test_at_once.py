"""Several short epochs in one call of the core: the same results as one epoch per call."""

from types import SimpleNamespace

import numpy as np
import pytest
from estimator_cases import interrupted_at
from helpers import labels, python_calls, uniform
from optional import package

from cmlp import DivergenceError, MLPClassifier, MLPRegressor, Network, Trainer

X, Y = uniform(0, 150, 5), labels(1, 150, 3)
SMALL = {"max_iter": 24, "random_state": 3, "batch_size": 40}
EPOCHS_ONE_BY_ONE = {"max_time": 3600.0}  # the clock is read after every epoch


def calls_per_epoch(model, rows, y, **arguments):
    """Return how many Python functions each further epoch of a fit calls: several epochs at once share their calls."""
    few, many = (
        python_calls(lambda n=max_iter: clone(model).set_params(max_iter=n).fit(rows, y, **arguments))
        for max_iter in (3, 15)
    )
    return (many - few) / 12


def clone(model):
    """Return an estimator with the same parameters."""
    return type(model)(**model.get_params())


def learned(model):
    """Return everything that a fit has learned, as comparable values."""
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
def test_results_are_those_of_epochs_one_by_one(parameters):
    weight = np.arange(150) % 3 + 0.5
    models = [MLPClassifier((6,), **{**SMALL, **parameters, **limit}) for limit in ({}, EPOCHS_ONE_BY_ONE)]
    n_calls = [calls_per_epoch(model, X, Y, sample_weight=weight) for model in models]
    assert n_calls[0] < n_calls[1] / 1.5
    at_once, one_by_one = (learned(model.fit(X, Y, sample_weight=weight)) for model in models)
    assert at_once == one_by_one
    assert len(models[0].history_["seconds"]) == models[0].n_iter_
    assert min(models[0].history_["seconds"]) > 0


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["standardized", "float64", "sparse"])
def test_regressors_sparse_rows_and_float64_train_at_once(kind):
    y = np.column_stack([X[:, 0] * 1e4, X[:, 1]])
    parameters = {**SMALL, "y_scale": "standard" if kind == "standardized" else None}
    rows = X.astype(np.float64)
    if kind == "sparse":
        rows = package("scipy").sparse.csr_array(X)
    models = [MLPRegressor(hidden_layer_sizes=(6,), **parameters, **limit) for limit in ({}, EPOCHS_ONE_BY_ONE)]
    n_calls = [calls_per_epoch(model, rows, y) for model in models]
    assert n_calls[0] < n_calls[1] / 1.5
    assert learned(models[0].fit(rows, y)) == learned(models[1].fit(rows, y))


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
        {"random_state": np.random.RandomState},
        {"loss": lambda y, output: (((output - y) ** 2).sum(axis=1), 2 * (output - y))},
    ],
    ids=lambda parameters: next(reversed(parameters)),
)
def test_epochs_that_need_python_in_between_have_the_results_of_epochs_one_by_one(parameters):
    def fitted(**limit):
        settings = {**SMALL, **parameters, **limit}
        if callable(settings["random_state"]):
            settings["random_state"] = settings["random_state"](0)
        return learned(MLPRegressor(hidden_layer_sizes=(6,), **settings).fit(X, X[:, 0]))

    assert fitted() == fitted(**EPOCHS_ONE_BY_ONE)


@pytest.mark.filterwarnings("ignore")
def test_large_epochs_are_trained_one_by_one():
    """Ctrl-C waits for the end of a call of the core."""
    small, large = (
        calls_per_epoch(MLPRegressor(hidden_layer_sizes=sizes, random_state=0), uniform(0, 400, 5), uniform(1, 400))
        for sizes in ((6,), (400, 400))
    )
    assert small < large / 3


def diverged(y, **parameters):
    """Return the message and the state of training that diverges."""
    net = Network([5, 6, 1], "identity", output="identity", loss="squared_error", dtype="float64", random_state=3)
    trainer = Trainer(net, **SMALL, solver="sgd", learning_rate_init=0.3, **parameters)
    with pytest.raises(DivergenceError) as caught:
        trainer.run(X, y.reshape(-1, 1))
    return str(caught.value), trainer.state.epoch, trainer.loss_curve, trainer.state.batch, trainer.state.order.tolist()


@pytest.mark.filterwarnings("ignore")
def test_divergence_names_its_epoch_and_keeps_the_epochs_before():
    y = X[:, 0]
    at_once, one_by_one = diverged(y), diverged(y, **EPOCHS_ONE_BY_ONE)
    assert at_once == one_by_one
    assert at_once[1] == len(at_once[2]) > 1  # it diverges in a later epoch
    assert at_once[3] == 0


@pytest.mark.filterwarnings("ignore")
def test_ctrl_c_anywhere_between_the_epochs_can_be_resumed():
    """The second call of the core trains 11 epochs; they are complete, or not begun."""
    settings = {**SMALL, "max_iter": 12}
    whole, n_epochs = MLPClassifier((6,), **settings).fit(X, Y), set()
    for step in range(1, 1000, 3):
        model = MLPClassifier((6,), **settings)
        if not interrupted_at(step, lambda run=model.fit: run(X, Y), "cmlp._train."):
            break
        n_epochs.add(getattr(model, "n_iter_", 0))
        assert learned(model.fit(X, Y, resume=hasattr(model, "n_iter_"))) == learned(whole)
    assert n_epochs == {0, 1, 12} and 20 < step < 999
