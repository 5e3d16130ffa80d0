"""Several short epochs in one call of the core: the same results as one epoch per call."""

import signal
from threading import Timer
from types import SimpleNamespace

import numpy as np
import pytest
from estimator_cases import interrupted_at
from helpers import labels, python_calls, uniform
from internals import state_of
from optional import package

from cmlp import MLPClassifier, MLPRegressor, Network, Trainer
from cmlp.exceptions import DivergenceError

X, Y = uniform(0, 150, 5), labels(1, 150, 3)
SMALL = {"max_iter": 24, "random_state": 3, "batch_size": 40}
EPOCHS_ONE_BY_ONE = {"callbacks": [SimpleNamespace(on_epoch_end=lambda trainer: None)]}


def calls_per_epoch(model, rows, y, **arguments):
    """Return how many Python functions each further epoch of a fit calls: several epochs at once share their calls."""
    few, many = (
        python_calls(
            lambda n=max_iter: clone(model).set_params(max_iter=n).fit(rows, y, **arguments)
        )
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
    models = [
        MLPClassifier((6,), **{**SMALL, **parameters, **limit}) for limit in ({}, EPOCHS_ONE_BY_ONE)
    ]
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
    models = [
        MLPRegressor(hidden_layer_sizes=(6,), **parameters, **limit)
        for limit in ({}, EPOCHS_ONE_BY_ONE)
    ]
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


@pytest.mark.usefixtures("no_lost_signals")
@pytest.mark.filterwarnings("ignore")
def test_ctrl_c_takes_effect_within_several_epochs_of_one_call_of_the_core():
    rows, y = uniform(0, 4000, 20), labels(1, 4000, 3)
    start = SimpleNamespace(
        on_fit_begin=lambda trainer: Timer(0.1, signal.raise_signal, [signal.SIGINT]).start()
    )
    settings = {"random_state": 0, "tol": 0, "n_iter_no_change": 10**6}
    model = MLPClassifier((100,), **settings, max_iter=10**6, callbacks=[start])
    with pytest.raises(KeyboardInterrupt):
        model.fit(rows, y)
    n_epochs = model.n_iter_ + 3
    whole = MLPClassifier((100,), **settings, max_iter=n_epochs).fit(rows, y)
    assert learned(
        model.set_params(max_iter=n_epochs, callbacks=None).fit(rows, y, resume=True)
    ) == learned(whole)


def diverged(y, **parameters):
    """Return the message and the state of training that diverges."""
    net = Network(
        [5, 6, 1],
        "identity",
        output="identity",
        loss="squared_error",
        dtype="float64",
        random_state=3,
    )
    trainer = Trainer(net, **SMALL, solver="sgd", learning_rate_init=0.3, **parameters)
    with pytest.raises(DivergenceError) as caught:
        trainer.run(X, y.reshape(-1, 1))
    return (
        str(caught.value),
        trainer.state.epoch,
        trainer.loss_curve,
        trainer.state.batch,
        trainer.state.order.tolist(),
    )


@pytest.mark.filterwarnings("ignore")
def test_divergence_names_its_epoch_and_keeps_the_epochs_before():
    y = X[:, 0]
    at_once, one_by_one = diverged(y), diverged(y, **EPOCHS_ONE_BY_ONE)
    assert at_once == one_by_one
    assert at_once[1] == len(at_once[2]) > 1  # it diverges in a later epoch
    assert 0 < at_once[3] <= 4  # the batches that are done


@pytest.mark.filterwarnings("ignore")
def test_ctrl_c_anywhere_between_the_epochs_can_be_resumed():
    """The first call of the core trains 11 epochs; it may end within one of them."""
    settings = {**SMALL, "max_iter": 12}
    whole, n_epochs = MLPClassifier((6,), **settings).fit(X, Y), set()
    for step in range(1, 1000):
        model = MLPClassifier((6,), **settings)
        if not interrupted_at(step, lambda run=model.fit: run(X, Y), "cmlp._train."):
            break
        n_epochs.add(getattr(model, "n_iter_", 0))
        assert learned(model.fit(X, Y, resume=hasattr(model, "n_iter_"))) == learned(whole)
    assert {0, 12} <= n_epochs and 20 < step < 999


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_callback_follows_every_few_epochs(solver):
    called = []
    follower = SimpleNamespace(
        every_epochs=5, on_epoch_end=lambda trainer: called.append(trainer.last_epoch.number)
    )
    settings = {**SMALL, "max_iter": 12, "solver": solver, "tol": 0}
    model = MLPClassifier((6,), **settings, callbacks=[follower])
    coefs = MLPClassifier((6,), **settings).fit(X, Y).coefs_
    assert [array.tobytes() for array in model.fit(X, Y).coefs_] == [
        array.tobytes() for array in coefs
    ]
    assert called == [5, 10]
    if solver == "adam":
        assert (
            calls_per_epoch(model, X, Y)
            < calls_per_epoch(model.set_params(**EPOCHS_ONE_BY_ONE), X, Y) / 1.5
        )


@pytest.mark.parametrize("every", [0, 1.5, "2"])
def test_every_epochs_must_be_a_positive_integer(every):
    follower = SimpleNamespace(every_epochs=every, on_epoch_end=print)
    with pytest.raises(
        ValueError, match="every_epochs of the callback SimpleNamespace must be a positive integer"
    ):
        MLPClassifier((6,), callbacks=[follower]).fit(X, Y)


def test_a_callback_is_told_when_epochs_and_validations_begin():
    called = []
    hooks = ("on_fit_begin", "on_epoch_begin", "on_validation_begin", "on_epoch_end", "on_fit_end")
    follower = SimpleNamespace(
        **{
            hook: lambda trainer, hook=hook: called.append(
                (hook, trainer.state.epoch, trainer.state.batch)
            )
            for hook in hooks
        }
    )
    with pytest.warns(UserWarning):
        MLPClassifier((6,), **{**SMALL, "max_iter": 2}, callbacks=[follower]).fit(X, Y)
    epochs = [
        each
        for epoch in (0, 1)
        for each in [
            ("on_epoch_begin", epoch, None),
            ("on_validation_begin", epoch, 4),
            ("on_epoch_end", epoch + 1, None),
        ]
    ]
    assert called == [("on_fit_begin", 0, None), *epochs, ("on_fit_end", 2, None)]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("end", [1, 2, 3, 4])
def test_time_that_is_up_within_an_epoch_with_batches_without_weight_is_continued(end):
    """The core says which batch comes next, also if it has skipped some."""
    weight = np.ones(150)
    weight[40:80] = 0
    settings = {**SMALL, "shuffle": False, "max_iter": 3}

    def at(trainer):
        if (trainer.state.epoch, trainer.state.batch) == (1, end):
            raise KeyboardInterrupt

    whole = MLPClassifier((6,), **settings).fit(X, Y, sample_weight=weight)
    stop = SimpleNamespace(every_batches=1, on_batches_end=at, on_validation_begin=at)
    model = MLPClassifier((6,), **settings, callbacks=[stop])
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, sample_weight=weight)
    assert (model.n_iter_, state_of(model).batch) == (1, end)
    assert learned(model.set_params(callbacks=None).fit(X, Y, weight, resume=True)) == learned(
        whole
    )
