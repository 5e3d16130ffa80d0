"""Experiments train the same networks as the estimators."""

import contextlib
import io
import os
import warnings

import numpy as np
import pytest

import cmlp
from cmlp import datasets
from cmlp._cli import experiment as experiments
from cmlp._cli.experiment import METHODS, Experiment, ExperimentOptions


def trained(options):
    experiment = Experiment(options)
    experiment.train()
    return experiment


def assert_same_network(experiment, model):
    for mine, its in zip(experiment.network.weights, model.coefs_, strict=True):
        np.testing.assert_array_equal(mine, its)
    for mine, its in zip(experiment.network.biases, model.intercepts_, strict=True):
        np.testing.assert_array_equal(mine, its)


def test_default_experiment_is_the_preset():
    """The command and the preset of the estimator give the same bits."""
    X_train, y_train, X_test, y_test = datasets.load_digits28()
    experiment = trained(ExperimentOptions(epochs=3))
    model = cmlp.MLPClassifier.from_preset("3b1b", max_iter=3, random_state=0)
    model.fit(X_train, y_train)
    assert_same_network(experiment, model)
    assert experiment.accuracy() == 100 * model.score(X_test, y_test)


def test_fast_method_is_the_documented_recipe():
    """The command and the estimator in the README give the same bits."""
    X_train, y_train, X_test, y_test = datasets.load_digits28()
    experiment = trained(ExperimentOptions(method="fast"))
    model = cmlp.MLPClassifier(
        (176,),
        beta_2=0.95,
        batch_size=96,
        alpha=0,
        learning_rate="one_cycle",
        learning_rate_init=0.006,
        max_iter=3,
        input_scale=1 / 255,
        random_state=0,
    )
    model.fit(X_train, y_train)
    assert_same_network(experiment, model)
    assert experiment.accuracy() == 100 * model.score(X_test, y_test) > 90
    assert model.get_params() == cmlp.MLPClassifier.from_preset("fast", random_state=0).get_params()


def test_layers_and_epochs_can_be_set_for_each_method():
    experiment = Experiment(ExperimentOptions(method="fast", hidden=(7,), epochs=9))
    assert experiment.network.sizes == (784, 7, 10) and experiment.n_epochs == 9
    assert experiment.trainer._options.schedule().batch_rates(0.006, 8, 2)[-1] == 0.006 * (
        0.5 / (18 - 0.3 * 18)
    )
    experiment = Experiment(ExperimentOptions(method="story", hidden=()))
    assert experiment.network.sizes == (784, 10) and experiment.n_epochs == 30
    assert experiment.trainer._options.schedule().batch_rates(0.1, 0, 26) is None
    experiment = Experiment(ExperimentOptions(activation="sigmoid"))
    assert experiment.network.activation == ("logistic",) * 2


@pytest.mark.parametrize(
    "data, method", [("sample", "story"), ("mnist", "fast"), ("fashion", "fast")]
)
def test_complete_data_sets_use_the_fast_method_by_default(data, method, monkeypatch):
    sample = datasets.load_digits28()
    subject = experiments.SUBJECTS[data]._replace(load=lambda: sample)
    monkeypatch.setitem(experiments.SUBJECTS, data, subject)
    assert Experiment(ExperimentOptions(data)).method is METHODS[method]
    assert Experiment(ExperimentOptions(data, method="story")).method is METHODS["story"]


@pytest.mark.skipif("CMLP_DATA" not in os.environ, reason="CMLP_DATA names no folder")
def test_mnist_reaches_98_percent():
    assert trained(ExperimentOptions("mnist")).accuracy() >= 98


@pytest.mark.parametrize(
    "options",
    [
        ExperimentOptions(),
        ExperimentOptions(method="fast", seed=3, threads=1),
        ExperimentOptions(
            hidden=(7, 5), epochs=2, seed=4294967295, activation="sigmoid", rate=0.5, batch=7
        ),
        ExperimentOptions(hidden=(), epochs=1, batch=7000),
        ExperimentOptions(
            method="fast", hidden=(9,), epochs=2, activation="tanh", rate=0.01, batch=50
        ),
    ],
    ids=ExperimentOptions.arguments,
)
def test_python_program_reproduces_the_network(options):
    experiment = trained(options)
    program = experiment.python()
    assert max(map(len, program)) <= 58
    printed, names = io.StringIO(), {}
    with contextlib.redirect_stdout(printed), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a batch size above the number of images
        exec("\n".join(program), names)
    assert_same_network(experiment, names["model"])
    assert printed.getvalue() == program[-1].partition("  # ")[2] + "\n"


def test_measurement_is_of_the_whole_sets():
    experiment = Experiment(ExperimentOptions(epochs=1))
    before = experiment.measure()
    experiment.train_epoch()
    now = experiment.measure()
    X, y = experiment.data.X_train, experiment.data.y_train
    outputs = experiment.network.forward(X).astype(float)
    assert now.cost == pytest.approx(((outputs - np.eye(10)[y]) ** 2).sum(axis=1).mean(), rel=1e-5)
    assert now.accuracy == pytest.approx(100 * (outputs.argmax(axis=1) == y).mean())
    assert (
        before.cost > 1 > now.cost
        and before.test_accuracy < 20 < now.test_accuracy == experiment.accuracy()
    )
