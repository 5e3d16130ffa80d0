"""The story: the images that it selects, and that it trains the same network as the estimator."""

import os

import numpy as np
import pytest

import cmlp
from cmlp import datasets
from cmlp.command import story as story_module
from cmlp.command.story import METHODS
from cmlp.command.terminal import Terminal


def trained(options):
    """Return the story after training, without output."""
    story = story_module.Story(options)
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        story_module._train(Terminal.of(nowhere, {}), story)
    return story


def assert_same_network(story, model):
    for mine, its in zip(story.network.weights, model.coefs_, strict=True):
        np.testing.assert_array_equal(mine, its)
    for mine, its in zip(story.network.biases, model.intercepts_, strict=True):
        np.testing.assert_array_equal(mine, its)


def test_chosen_images_are_three_correct_ones_and_the_most_confident_error():
    truth = np.array([3, 3, 1, 2, 5, 4, 4])
    right = np.array([True, True, True, True, False, False, True])
    confidences = np.array([0.5, 0.9, 0.5, 0.5, 0.3, 0.6, 0.5])
    assert story_module._choose(right, confidences, truth) == [0, 2, 3, 5]


def test_chosen_images_if_all_or_none_are_correct():
    truth = np.arange(10)
    confidences = np.linspace(0, 1, 10)
    assert story_module._choose(np.ones(10, bool), confidences, truth) == [0, 1, 2, 3]
    assert story_module._choose(np.zeros(10, bool), confidences, truth) == [9, 8, 7, 6]


def test_smoothness_of_an_image_is_higher_than_of_noise():
    noise = np.random.default_rng(0).standard_normal((28, 28))
    picture = np.outer(np.hanning(28), np.hanning(28))
    smoothness = story_module._smoothness(np.stack([noise, picture]))
    assert abs(smoothness[0]) < 0.2
    assert smoothness[1] > 1.5


@pytest.mark.parametrize(
    "seconds, text",
    [(0, "0.00 s"), (0.99, "0.99 s"), (9.94, "9.9 s"), (119.4, "119 s"), (119.6, "2 min")],
)
def test_durations_are_rounded_and_have_a_unit(seconds, text):
    assert story_module._duration(seconds) == text


def test_story_trains_the_network_of_the_preset():
    """The story and the preset of the estimator give the same bits."""
    X_train, y_train, X_test, y_test = datasets.load_digits28()
    story = trained(story_module.Options(epochs=3))
    model = cmlp.MLPClassifier.from_preset("3b1b", max_iter=3, random_state=0)
    model.fit(X_train, y_train)
    assert_same_network(story, model)
    assert story.accuracy() == 100 * model.score(X_test, y_test)


def test_fast_method_is_the_documented_recipe():
    """The command and the estimator in the README give the same bits."""
    X_train, y_train, X_test, y_test = datasets.load_digits28()
    story = trained(story_module.Options(method="fast"))
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
    assert_same_network(story, model)
    assert story.accuracy() == 100 * model.score(X_test, y_test) > 90
    assert model.get_params() == cmlp.MLPClassifier.from_preset("one_cycle", random_state=0).get_params()


def test_layers_and_epochs_can_be_set_for_each_method():
    story = story_module.Story(story_module.Options(method="fast", hidden=(7,), epochs=9))
    assert story.network.sizes == (784, 7, 10) and story.n_epochs == 9
    assert story.schedule.batch_rates(8, 2)[-1] == 0.006 * (0.5 / (18 - 0.3 * 18))
    story = story_module.Story(story_module.Options(method="story", hidden=()))
    assert story.network.sizes == (784, 10) and story.n_epochs == 30
    assert story.schedule.batch_rates(0, 26) is None
    story = story_module.Story(story_module.Options(activation="sigmoid"))
    assert story.network._net.activations == ("logistic",) * 3


@pytest.mark.parametrize("data, method", [("sample", "story"), ("mnist", "fast"), ("fashion", "fast")])
def test_complete_data_sets_use_the_fast_method_by_default(data, method, monkeypatch):
    sample = datasets.load_digits28()
    subject = story_module._SUBJECTS[data]._replace(load=lambda: sample)
    monkeypatch.setitem(story_module._SUBJECTS, data, subject)
    assert story_module.Story(story_module.Options(data)).method is METHODS[method]
    assert story_module.Story(story_module.Options(data, method="story")).method is METHODS["story"]


@pytest.mark.skipif("CMLP_DATA" not in os.environ, reason="CMLP_DATA names no folder")
def test_mnist_reaches_98_percent():
    assert trained(story_module.Options("mnist")).accuracy() >= 98
