"""An experiment: a data set, an untrained network for it, and the training parameters.

By default, the bundled sample is trained with the method "story": logistic neurons, squared error, plain gradient
descent with batches of 10 images. Complete data sets are trained with the method "fast".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from cmlp import datasets
from cmlp.console.options import CommandError
from cmlp.exceptions import DivergenceError
from cmlp.network import Epoch, Network
from cmlp.presets import PRESETS
from cmlp.training.schedules import SCHEDULES

_N_CLASSES = 10
# The videos whose network and story these are: 3Blue1Brown, Neural networks, chapters 1 to 4.
SERIES = "https://www.3blue1brown.com/topics/neural-networks"


@dataclass(frozen=True)
class Options:
    """The options of the command line: data set, hidden layers and training parameters.

    If `method` is None, it depends on the data set. If hidden layers, activation, epochs, learning rate or batch size
    are None, they depend on the method.
    """

    data: str = "sample"
    hidden: tuple[int, ...] | None = None
    epochs: int | None = None
    seed: int = 0
    threads: int | None = None
    method: str | None = None
    activation: str | None = None
    rate: float | None = None
    batch: int | None = None

    def arguments(self) -> str:
        """Return these options as command-line arguments."""
        given = {name: value for name, value in vars(self).items() if value != getattr(Options, name)}
        if self.hidden is not None:
            given["hidden"] = ",".join(map(str, self.hidden)) or "none"
        return " ".join(f"--{name} {value}" for name, value in given.items())


class _Subject(NamedTuple):
    """A data set, and the words that describe it."""

    load: Callable[[], datasets.Dataset]
    aim: str
    thing: str
    source: str
    method: str


_DIGITS = ("read handwritten digits", "digit")
_CLOTHES = ("recognize clothes", "kind of clothing")
SUBJECTS = {
    "sample": _Subject(datasets.load_digits28, *_DIGITS, "the first of MNIST", "story"),
    "mnist": _Subject(datasets.load_mnist, *_DIGITS, "MNIST", "fast"),
    "fashion": _Subject(datasets.load_fashion_mnist, *_CLOTHES, "Fashion-MNIST", "fast"),
}
DEFAULT_METHODS = {name: subject.method for name, subject in SUBJECTS.items()}
# The presets by their names in the command.
METHODS = {preset.method: preset for preset in PRESETS.values()}
_HYPERPARAMETERS = ("momentum", "beta_1", "beta_2", "epsilon")


class Measurement(NamedTuple):
    """What describes a network during training: cost and gradient of all training images, accuracies in percent."""

    cost: float
    gradient_norm: float
    test_accuracy: float


class Experiment:
    """An untrained network and its training data.

    Parameters
    ----------
    options : Options
        The data set, the hidden layers and the training parameters.

    Raises
    ------
    FileNotFoundError, ValueError
        If the data set cannot be loaded, or the network cannot be created.
    """

    def __init__(self, options: Options) -> None:
        self.subject = SUBJECTS[options.data]
        self.options = options
        self.method = METHODS[options.method or self.subject.method]
        parameters = self.method.parameters
        self.n_epochs: int = parameters["max_iter"] if options.epochs is None else options.epochs
        self.batch_size: int = options.batch or parameters["batch_size"]
        self.activation: str = options.activation or parameters["activation"]
        self.rate: float = options.rate or parameters["learning_rate_init"]
        hidden = parameters["hidden_layer_sizes"] if options.hidden is None else options.hidden
        self.data = self.subject.load()
        self.rng = np.random.RandomState(options.seed)
        self.network = Network(
            (self.data.X_train.shape[1], *hidden, _N_CLASSES),
            activation=self.activation,
            output="softmax" if parameters["loss"] == "log_loss" else "logistic",
            loss=parameters["loss"],
            input_scale=parameters["input_scale"],
            random_state=self.rng,
            n_threads=options.threads,
        )
        given = {name: parameters[name] for name in _HYPERPARAMETERS if name in parameters}
        self.optimizer = self.network.optimizer(parameters["solver"], learning_rate=self.rate, **given)
        self.schedule = SCHEDULES[parameters.get("learning_rate", "constant")](self.rate, 0.5, self.n_epochs)
        self.order = np.arange(len(self.data.X_train))

    def train_epoch(self, number: int) -> Epoch:
        """Train one epoch (`number` starts at 1) on the training images in a new random order."""
        return self.train_batches(number, 0, self.n_batches)

    @property
    def n_batches(self) -> int:
        """Number of batches per epoch."""
        return -(-len(self.order) // self.batch_size)

    def train_batches(self, number: int, first: int, last: int) -> Epoch:
        """Train the batches from `first` to `last` - 1 of an epoch; batch 0 puts the images into a new random order."""
        if first == 0:
            self.rng.shuffle(self.order)
        rates = self.schedule.batch_rates(number - 1, self.n_batches)
        try:
            return self.network.run_epoch(
                self.data.X_train,
                self.data.y_train,
                self.batch_size,
                self.optimizer,
                order=self.order[first * self.batch_size : last * self.batch_size],
                learning_rates=None if rates is None else rates[first:last],
            )
        except DivergenceError as error:
            raise CommandError(f"training diverged: choose a --rate below {self.rate:g}") from error

    def train(self) -> Network:
        """Train all epochs; return the network."""
        for number in range(1, self.n_epochs + 1):
            self.train_epoch(number)
        return self.network

    def accuracy(self) -> float:
        """Return the accuracy on the test images, in percent."""
        return accuracy(self.network, self.data.X_test, self.data.y_test)

    def measure(self) -> Measurement:
        """Return cost and length of the gradient on all training images, and the accuracy on the test images."""
        X, y = self.data.X_train, self.data.y_train
        return Measurement(self.network.cost(X, y), self.network.gradient(X, y).norm, self.accuracy())

    def python(self) -> list[str]:
        """Return the Python program that trains the same network, with the same bits."""
        options = self.options
        preset = next(name for name, preset in PRESETS.items() if preset is self.method)
        given = {
            "hidden_layer_sizes": options.hidden,
            "activation": options.activation,
            "max_iter": options.epochs,
            "learning_rate_init": options.rate,
            "batch_size": options.batch,
        }
        arguments = [f'"{preset}"', *(f"{name}={value!r}" for name, value in given.items() if value is not None)]
        arguments.append(f"random_state={options.seed}")
        call = ", ".join(arguments)
        if len(call) > 23:
            call = "".join(f"\n    {argument}," for argument in arguments) + "\n"
        load = self.subject.load.__name__
        return [
            "from cmlp import MLPClassifier",
            f"from cmlp.datasets import {load}",
            "",
            f"X_train, y_train, X_test, y_test = {load}()",
            *f"model = MLPClassifier.from_preset({call})".split("\n"),
            "model.fit(X_train, y_train)",
            f"print(model.score(X_test, y_test))  # {self.accuracy() / 100:.6g}",
        ]


def story_network(passes: int | None = None, seed: int = 0) -> Network:
    """Return the network of the story: 784-16-16-10, trained on the bundled digits.

    Parameters
    ----------
    passes : int or None
        Number of passes over the 5,000 training images, from 0 (untrained) on; None for all 30 of the story.
    seed : int
        Seed of the random numbers: of the first weights, then of the order of the images in each pass.

    Returns
    -------
    Network
        A new object. Its parameters are those of every screen of ``cmlp story``, and of
        ``MLPClassifier.from_preset("3b1b", random_state=seed)`` fitted to the same images.

    Examples
    --------
    >>> from cmlp.datasets import load_digits28
    >>> from cmlp.story import story_network
    >>> X, y, X_test, y_test = load_digits28()
    >>> network = story_network()
    >>> float((network.forward(X_test).argmax(axis=1) == y_test).mean())
    0.889
    """
    experiment = Experiment(Options(seed=seed, epochs=passes, threads=1))
    return experiment.train()


def accuracy(network: Network, X: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> float:
    """Return the share of correct answers, in percent."""
    return 100 * float(np.mean(network.forward(X).argmax(axis=1) == y))
