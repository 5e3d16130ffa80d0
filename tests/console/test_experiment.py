"""Experiments train the same networks as the estimators; the report's choices and durations."""

import contextlib
import io
import os
import warnings

import numpy as np
import pytest

import cmlp
from cmlp import datasets
from cmlp.command import digits_report
from cmlp.console import experiment as experiments
from cmlp.console.experiment import METHODS, Experiment, Options


def trained(options):
    experiment = Experiment(options)
    experiment.train()
    return experiment


def assert_same_network(experiment, model):
    for mine, its in zip(experiment.network.weights, model.coefs_, strict=True):
        np.testing.assert_array_equal(mine, its)
    for mine, its in zip(experiment.network.biases, model.intercepts_, strict=True):
        np.testing.assert_array_equal(mine, its)


def test_chosen_images_are_three_correct_ones_and_the_most_confident_error():
    truth = np.array([3, 3, 1, 2, 5, 4, 4])
    right = np.array([True, True, True, True, False, False, True])
    confidences = np.array([0.5, 0.9, 0.5, 0.5, 0.3, 0.6, 0.5])
    assert digits_report._choose(right, confidences, truth) == [0, 2, 3, 5]


def test_chosen_images_if_all_or_none_are_correct():
    truth = np.arange(10)
    confidences = np.linspace(0, 1, 10)
    assert digits_report._choose(np.ones(10, bool), confidences, truth) == [0, 1, 2, 3]
    assert digits_report._choose(np.zeros(10, bool), confidences, truth) == [9, 8, 7, 6]


def test_smoothness_of_an_image_is_higher_than_of_noise():
    noise = np.random.default_rng(0).standard_normal((28, 28))
    picture = np.outer(np.hanning(28), np.hanning(28))
    smoothness = digits_report._smoothness(np.stack([noise, picture]))
    assert abs(smoothness[0]) < 0.2
    assert smoothness[1] > 1.5


@pytest.mark.parametrize(
    "seconds, text",
    [(0, "0.00 s"), (0.99, "0.99 s"), (9.94, "9.9 s"), (119.4, "119 s"), (119.6, "2 min")],
)
def test_durations_are_rounded_and_have_a_unit(seconds, text):
    assert digits_report.duration(seconds) == text


def test_default_experiment_is_the_preset():
    """The command and the preset of the estimator give the same bits."""
    X_train, y_train, X_test, y_test = datasets.load_digits28()
    experiment = trained(Options(epochs=3))
    model = cmlp.MLPClassifier.from_preset("3b1b", max_iter=3, random_state=0)
    model.fit(X_train, y_train)
    assert_same_network(experiment, model)
    assert experiment.accuracy() == 100 * model.score(X_test, y_test)


def test_fast_method_is_the_documented_recipe():
    """The command and the estimator in the README give the same bits."""
    X_train, y_train, X_test, y_test = datasets.load_digits28()
    experiment = trained(Options(method="fast"))
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
    experiment = Experiment(Options(method="fast", hidden=(7,), epochs=9))
    assert experiment.network.sizes == (784, 7, 10) and experiment.n_epochs == 9
    assert experiment.trainer._settings.schedule().batch_rates(0.006, 8, 2)[-1] == 0.006 * (0.5 / (18 - 0.3 * 18))
    experiment = Experiment(Options(method="story", hidden=()))
    assert experiment.network.sizes == (784, 10) and experiment.n_epochs == 30
    assert experiment.trainer._settings.schedule().batch_rates(0.1, 0, 26) is None
    experiment = Experiment(Options(activation="sigmoid"))
    assert experiment.network.activation == ("logistic",) * 2


@pytest.mark.parametrize("data, method", [("sample", "story"), ("mnist", "fast"), ("fashion", "fast")])
def test_complete_data_sets_use_the_fast_method_by_default(data, method, monkeypatch):
    sample = datasets.load_digits28()
    subject = experiments.SUBJECTS[data]._replace(load=lambda: sample)
    monkeypatch.setitem(experiments.SUBJECTS, data, subject)
    assert Experiment(Options(data)).method is METHODS[method]
    assert Experiment(Options(data, method="story")).method is METHODS["story"]


@pytest.mark.skipif("CMLP_DATA" not in os.environ, reason="CMLP_DATA names no folder")
def test_mnist_reaches_98_percent():
    assert trained(Options("mnist")).accuracy() >= 98


@pytest.mark.parametrize(
    "options",
    [
        Options(),
        Options(method="fast", seed=3, threads=1),
        Options(hidden=(7, 5), epochs=2, seed=4294967295, activation="sigmoid", rate=0.5, batch=7),
        Options(hidden=(), epochs=1, batch=7000),
        Options(method="fast", hidden=(9,), epochs=2, activation="tanh", rate=0.01, batch=50),
    ],
    ids=Options.arguments,
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


def test_measurement_is_of_the_whole_training_set():
    experiment = Experiment(Options(epochs=1))
    before = experiment.measure()
    experiment.train_epoch()
    now = experiment.measure()
    X, y = experiment.data.X_train, experiment.data.y_train
    outputs = experiment.network.forward(X).astype(float)
    assert now.cost == pytest.approx(((outputs - np.eye(10)[y]) ** 2).sum(axis=1).mean(), rel=1e-5)
    parts = [experiment.network.gradient(X[rows], y[rows]).flat for rows in np.split(np.arange(5000), 10)]
    assert now.gradient_norm == pytest.approx(np.linalg.norm(np.mean(parts, axis=0)), rel=1e-4)
    assert before.cost > 1 > now.cost and before.test_accuracy < 20 < now.test_accuracy
