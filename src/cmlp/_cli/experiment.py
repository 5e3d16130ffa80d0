"""An experiment: a data set, an untrained network for it, and the training parameters.

By default, the bundled sample is trained with the method "story": logistic neurons, squared error,
plain gradient descent with batches of 10 images. Complete data sets are trained with the method
"fast".
"""

from __future__ import annotations

import argparse
import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from cmlp import Trainer, datasets
from cmlp._cli import options
from cmlp._cli.options import CommandError
from cmlp._data.activations import SYNONYMS
from cmlp._data.losses import traits_of
from cmlp._estimators.network import Network
from cmlp._estimators.presets import PRESETS
from cmlp._train.constraints import HIDDEN
from cmlp.exceptions import DivergenceError, UselessModelWarning

_N_CLASSES = 10
# The videos whose network and story these are: 3Blue1Brown, Neural networks, chapters 1 to 4.
SERIES = "https://www.3blue1brown.com/topics/neural-networks"


@dataclass(frozen=True)
class ExperimentOptions:
    """The options of the command line: data set, hidden layers and training parameters.

    If `method` is None, it depends on the data set. If hidden layers, activation, epochs, learning
    rate or batch size are None, they depend on the method.
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

    @classmethod
    def from_arguments(cls, arguments: argparse.Namespace, **changes: Any) -> ExperimentOptions:
        """Return the options among the arguments of a command, with changes."""
        values = {
            name: value
            for name, value in vars(arguments).items()
            if name in cls.__dataclass_fields__
        }
        return cls(**{**values, **changes})

    def arguments(self) -> str:
        """Return these options as command-line arguments."""
        values = {
            name: value
            for name, value in vars(self).items()
            if value != getattr(ExperimentOptions, name)
        }
        if self.hidden is not None:
            values["hidden"] = ",".join(map(str, self.hidden)) or "none"
        return " ".join(f"--{name} {value}" for name, value in values.items())


class _Subject(NamedTuple):
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


class Method(NamedTuple):
    """A preset as the command names and describes it.

    It does so in its help, and with more words when it trains.
    """

    preset: str
    summary: str
    explanation: str

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters of the preset."""
        return PRESETS[self.preset]


METHODS = {
    "story": Method("3b1b", "logistic neurons, squared differences, plain gradient descent", ""),
    "fast": Method(
        "fast",
        "ReLU and softmax, log loss, Adam with a one-cycle learning rate",
        "It learns by the fast method. This too goes down the gradient; but unlike the "
        "story's plain method (--method story) it has hidden neurons that pass on what is above "
        "zero (ReLU), outputs that add up to one (softmax), a cost that says how surprising the "
        "right answers were (log loss), and for each weight a step of its own (Adam), with steps "
        "that grow for the first three tenths of the way, then shrink to nothing (one cycle).",
    ),
}
# What describes the network in a preset; the other parameters are the trainer's.
_ARCHITECTURE = ("hidden_layer_sizes", "activation", "loss", "input_scale")


class Measurement(NamedTuple):
    """Costs and accuracies, in percent, of a network.

    They are those of the images that it learns from and of the test images.
    """

    cost: float
    test_cost: float
    accuracy: float
    test_accuracy: float


class Experiment:
    """An untrained network and its training data."""

    def __init__(self, options: ExperimentOptions) -> None:
        self.subject = SUBJECTS[options.data]
        self.options = options
        self.method = METHODS[options.method or self.subject.method]
        parameters = self.method.parameters
        self.n_epochs: int = parameters["max_iter"]
        if options.epochs is not None:
            self.n_epochs = options.epochs
        self.batch_size: int = options.batch or parameters["batch_size"]
        self.activation: str = options.activation or parameters["activation"]
        self.rate: float = options.rate or parameters["learning_rate_init"]
        hidden = options.hidden
        if hidden is None:
            hidden = parameters["hidden_layer_sizes"]
        output = "logistic"
        if traits_of(parameters["loss"]).is_log_loss:
            output = "softmax"
        self.data = self.subject.load()
        self.rng = np.random.RandomState(options.seed)
        self.network = Network(
            (self.data.X_train.shape[1], *hidden, _N_CLASSES),
            activation=self.activation,
            output=output,
            loss=parameters["loss"],
            input_scale=parameters["input_scale"],
            random_state=self.rng,
            n_threads=options.threads,
        )
        n_rows = len(self.data.X_train)
        self.n_batches = -(-n_rows // self.batch_size)  # per epoch
        settings = {name: value for name, value in parameters.items() if name not in _ARCHITECTURE}
        settings |= {"learning_rate_init": self.rate, "batch_size": min(self.batch_size, n_rows)}
        settings |= {"max_iter": max(self.n_epochs, 1), "n_iter_no_change": math.inf}
        self.trainer = Trainer(self.network, random_state=self.rng, **settings)

    def train_epoch(self) -> None:
        """Train one epoch on the training images in a new random order."""
        self.train_batches(self.n_batches)

    def train_batches(self, n: int) -> None:
        """Train the next n batches; each epoch begins with a new random order."""
        try:
            # the lines show the accuracy
            with warnings.catch_warnings(category=UselessModelWarning, action="ignore"):
                self.trainer.run(self.data.X_train, self.data.y_train, n_batches=n)
        except DivergenceError as error:
            raise CommandError(f"training diverged: choose a --rate below {self.rate:g}") from error

    def train(self) -> Network:
        """Train all epochs; return the network."""
        if self.n_epochs:
            self.train_batches(self.n_epochs * self.n_batches)
        return self.network

    def accuracy(self) -> float:
        """Return the accuracy on the test images, in percent."""
        return percent_right(self.network, self.data.X_test, self.data.y_test)

    def measure(self) -> Measurement:
        """Return costs and accuracies of the network as it is."""
        return measurement_of(self.network, self.data)

    def python(self) -> list[str]:
        """Return the Python program that trains the same network, with the same bits."""
        options = self.options
        parameters = {
            "hidden_layer_sizes": options.hidden,
            "activation": options.activation,
            "max_iter": options.epochs,
            "learning_rate_init": options.rate,
            "batch_size": options.batch,
        }
        changed = [f"{name}={value!r}" for name, value in parameters.items() if value is not None]
        arguments = [f'"{self.method.preset}"', *changed, f"random_state={options.seed}"]
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


def percent_right(network: Network, X: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> float:
    """Return the share of correct answers, in percent."""
    return 100 * float(np.mean(network.forward(X).argmax(axis=1) == y))


def measurement_of(network: Network, data: datasets.Dataset) -> Measurement:
    """Return costs and accuracies of a network."""
    sets = (data.X_train, data.y_train), (data.X_test, data.y_test)
    costs, accuracies = (
        [measure(network, *images) for images in sets] for measure in (Network.cost, percent_right)
    )
    return Measurement(*costs, *accuracies)


# ----- the options that describe an experiment and what of it is shown; several commands share them


def _by_method(parameter: str) -> str:
    values = {name: method.parameters[parameter] for name, method in METHODS.items()}
    texts = {
        name: ",".join(map(str, value)) if isinstance(value, tuple) else value
        for name, value in values.items()
    }
    return ", ".join(f"{text} for {name}" for name, text in texts.items())


_METHODS = "; ".join(f"{name}: {method.summary}" for name, method in METHODS.items())
_DEFAULTS = ", ".join(f"{subject.method} for {data}" for data, subject in SUBJECTS.items())
_NEURON = (
    "A1, A2, ... in the first hidden layer, B1, B2, ... in the second, "
    "or an output (default: chosen by the image)"
)


def _number_option(kind: Callable[[str], float], text: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "metavar": "N", "help": text, **more}


_ARGUMENTS: dict[str, dict[str, Any]] = {
    "digit": {
        "nargs": "?",
        "default": "9",
        "metavar": "DIGIT",
        "help": (
            "the digit to show, 0 to 9 (default: 9); with --data fashion the number or name of a "
            "kind of clothing"
        ),
    },
    "--number": _number_option(
        options.integer(1), "show the N-th image of this digit (default: 1)", default=1
    ),
    "--neuron": {"metavar": "NAME", "help": f"the neuron to explain: {_NEURON}"},
    "--hidden": {
        "type": options.sizes,
        "metavar": "N,N",
        "help": (
            "sizes of the hidden layers, or the word none (default: "
            f"{_by_method('hidden_layer_sizes')})"
        ),
    },
    "--data": {
        "choices": tuple(SUBJECTS),
        "default": "sample",
        "help": "the bundled sample of MNIST (sample, the default), or a complete data set, "
        "downloaded once or read from the folder that the environment variable CMLP_DATA names",
    },
    "--method": {"choices": tuple(METHODS), "help": f"{_METHODS} (default: {_DEFAULTS})"},
    "--activation": {
        "choices": (*HIDDEN, *SYNONYMS),
        "metavar": "NAME",  # the list of choices is wider than a terminal
        "help": (
            f"hidden activation: {', '.join((*HIDDEN, *SYNONYMS))} (default: "
            f"{_by_method('activation')})"
        ),
    },
    "--epochs": _number_option(
        options.integer(1), f"number of passes over the images (default: {_by_method('max_iter')})"
    ),
    "--rate": _number_option(
        options.positive,
        f"learning rate (default: {_by_method('learning_rate_init')})",
        metavar="X",
    ),
    "--batch": _number_option(
        options.integer(1), f"images per step (default: {_by_method('batch_size')})"
    ),
    "--seed": _number_option(
        options.integer(0, 2**32 - 1), "seed of the random numbers (default: 0)", default=0
    ),
    "--threads": _number_option(
        options.integer(1),
        "maximum number of threads (default: automatic; does not change results)",
    ),
    "--save": {
        "metavar": "FILE",
        "help": "write the trained network to a file that cmlp.load reads",
    },
}
EXAMPLE = ("digit", "--number", "--neuron")
TRAINING = (
    "--data",
    "--method",
    "--activation",
    "--epochs",
    "--rate",
    "--batch",
    "--seed",
    "--threads",
)


def add(parser: argparse.ArgumentParser, *names: str, **changes: Any) -> None:
    """Add arguments of these names; `changes` replace what one of them is by default."""
    for name in names:
        parser.add_argument(name, **{**_ARGUMENTS[name], **changes})


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
    return Experiment(ExperimentOptions(seed=seed, epochs=passes, threads=1)).train()
