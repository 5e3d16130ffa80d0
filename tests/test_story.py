"""What the story chooses to show, and that it is what the estimator's preset learns."""

import os

import numpy as np
import pytest

import cmlp
from cmlp import _story, datasets
from cmlp._terminal import Terminal


def test_chosen_pictures_are_three_right_ones_and_the_surest_mistake():
    truth = np.array([3, 3, 1, 2, 5, 4, 4])
    right = np.array([True, True, True, True, False, False, True])
    confidences = np.array([0.5, 0.9, 0.5, 0.5, 0.3, 0.6, 0.5])
    assert _story._choose(right, confidences, truth) == [0, 2, 3, 5]


def test_chosen_pictures_when_all_or_none_are_right():
    truth = np.arange(10)
    confidences = np.linspace(0, 1, 10)
    assert _story._choose(np.ones(10, bool), confidences, truth) == [0, 1, 2, 3]
    assert _story._choose(np.zeros(10, bool), confidences, truth) == [9, 8, 7, 6]


def test_smoothness_tells_a_picture_from_noise():
    noise = np.random.default_rng(0).standard_normal((28, 28))
    picture = np.outer(np.hanning(28), np.hanning(28))
    smoothness = _story._smoothness(np.stack([noise, picture]))
    assert abs(smoothness[0]) < 0.2
    assert smoothness[1] > 1.5


@pytest.mark.parametrize(
    "seconds, text",
    [(0, "0.00 s"), (0.99, "0.99 s"), (9.94, "9.9 s"), (119.4, "119 s"), (119.6, "2 min")],
)
def test_durations(seconds, text):
    assert _story._duration(seconds) == text


def test_story_is_what_the_preset_learns():
    """The story by hand and the estimator's preset: the same network to the last bit."""
    X_train, y_train, X_test, y_test = datasets.load_digits28()
    story = _story.Story(_story.Options(epochs=3))
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        _story._train(Terminal.of(nowhere, {}), story)
    model = cmlp.MLPClassifier(preset="3b1b", max_iter=3, random_state=0, input_scale=1 / 255)
    model.fit(X_train, y_train)
    for mine, its in zip(story.network.weights, model.coefs_, strict=True):
        np.testing.assert_array_equal(mine, its)
    assert story.accuracy() == 100 * model.score(X_test, y_test)
