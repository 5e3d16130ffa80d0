"""The network of the story: 784-16-16-10, and its training on the bundled digits."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np

from cmlp import Trainer
from cmlp._estimators.network import Network
from cmlp._estimators.presets import PRESETS
from cmlp.datasets import load_digits28
from cmlp.exceptions import UselessModelWarning

# The videos whose network and story these are: 3Blue1Brown, Neural networks, chapters 1 to 4.
SERIES = "https://www.3blue1brown.com/topics/neural-networks"
# What describes the network in the preset; the other parameters are the trainer's.
_ARCHITECTURE = ("hidden_layer_sizes", "activation", "loss", "input_scale")


class Measurement(NamedTuple):
    """Costs and accuracies, in percent, of a network.

    They are those of the images that it learns from and of the test images.
    """

    cost: float
    test_cost: float
    accuracy: float
    test_accuracy: float


class StoryTraining:
    """The network of the story before its training, its images, and the training."""

    def __init__(self, seed: int = 0, n_epochs: int | None = None) -> None:
        parameters = PRESETS["3b1b"]
        self.seed = seed
        self.n_epochs: int = parameters["max_iter"] if n_epochs is None else n_epochs
        self.batch_size: int = parameters["batch_size"]
        self.data = load_digits28()
        self.n_batches = -(-len(self.data.X_train) // self.batch_size)  # per epoch
        random_state = np.random.RandomState(seed)
        self.network = Network(
            (self.data.X_train.shape[1], *parameters["hidden_layer_sizes"], len(self.data.labels)),
            activation=parameters["activation"],
            output="logistic",
            loss=parameters["loss"],
            input_scale=parameters["input_scale"],
            random_state=random_state,
            n_threads=1,
        )
        settings = {name: value for name, value in parameters.items() if name not in _ARCHITECTURE}
        settings["max_iter"] = max(self.n_epochs, 1)
        self._trainer = Trainer(self.network, random_state=random_state, **settings)

    def train_batches(self, n: int) -> None:
        """Train the next n batches; each epoch begins with a new random order."""
        # An early network is no better than a constant, which its accuracy shows.
        with warnings.catch_warnings(category=UselessModelWarning, action="ignore"):
            self._trainer.run(self.data.X_train, self.data.y_train, n_batches=n)

    def measure(self) -> Measurement:
        """Return costs and accuracies of the network as it is."""
        X, y, X_test, y_test = self.data
        network = self.network
        return Measurement(
            network.cost(X, y),
            network.cost(X_test, y_test),
            _percent_right(network, X, y),
            _percent_right(network, X_test, y_test),
        )


def _percent_right(network: Network, X: np.ndarray, y: np.ndarray) -> float:
    """Return the share of correct answers, in percent."""
    return 100 * float(np.mean(network.forward(X).argmax(axis=1) == y))


def story_network(passes: int | None = None, seed: int = 0) -> Network:
    """Return the network of the story: 784-16-16-10, trained on the bundled digits.

    Parameters
    ----------
    passes : int or None
        Number of passes over the 5,000 training images, from 0 (untrained) on; None for all 30 of
        the story.
    seed : int
        Seed of the random numbers: of the first weights, then of the order of the images in each
        pass.

    Returns
    -------
    Network
        A new object. With seed 0 its parameters are those of the page that ``cmlp story`` opens.
        They are also those of ``MLPClassifier.from_preset("3b1b", random_state=seed)`` fitted to
        the same images.

    Examples
    --------
    >>> from cmlp.datasets import load_digits28
    >>> from cmlp.story import story_network
    >>> X, y, X_test, y_test = load_digits28()
    >>> network = story_network()
    >>> float((network.forward(X_test).argmax(axis=1) == y_test).mean())
    0.889
    """
    training = StoryTraining(seed, passes)
    if training.n_epochs:
        training.train_batches(training.n_epochs * training.n_batches)
    return training.network
