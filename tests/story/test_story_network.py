"""The command, the preset, the page and the lecture show one network, trained in one run."""

import numpy as np

from cmlp import MLPClassifier
from cmlp.datasets import load_digits28
from cmlp.story import story_network


def test_preset_trains_the_story_network():
    network = story_network(seed=3)
    X, y, *_ = load_digits28()
    model = MLPClassifier.from_preset("3b1b", random_state=3).fit(X, y)
    for ours, theirs in zip(network.weights, model.coefs_, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_every_call_returns_a_new_network():
    first = story_network(0)
    first.params[:] = 0
    assert story_network(0).params.any()
