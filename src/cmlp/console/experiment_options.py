"""The options that describe an experiment; several commands share them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmlp.console import options
from cmlp.console.experiment import DEFAULT_METHODS, METHODS, Options
from cmlp.constraints import HIDDEN, SYNONYMS


def add_experiment(parser: argparse.ArgumentParser, *, epochs: int | None = None) -> None:
    """Add the options for data set, method and training; their defaults come from the presets.

    If `epochs` is given, it is the default number of epochs, and 0 is allowed: a network before training.
    """
    parser.add_argument(
        "--data",
        choices=tuple(DEFAULT_METHODS),
        default="sample",
        help="the bundled sample of MNIST (sample, the default), or a complete data set, downloaded once or "
        "read from the folder that the environment variable CMLP_DATA names",
    )
    parser.add_argument(
        "--method",
        choices=tuple(METHODS),
        help="; ".join(f"{name}: {method.summary}" for name, method in METHODS.items())
        + f" (default: {', '.join(f'{method} for {data}' for data, method in DEFAULT_METHODS.items())})",
    )
    parser.add_argument(
        "--activation",
        choices=(*HIDDEN, *SYNONYMS),
        help=f"activation of the hidden layers (default: {_by_method(lambda parameters: parameters['activation'])})",
    )
    parser.add_argument(
        "--epochs",
        type=options.whole(1 if epochs is None else 0),
        default=epochs,
        metavar="N",
        help="number of passes over the images (default: "
        + (_by_method(lambda parameters: parameters["max_iter"]) if epochs is None else str(epochs))
        + ")",
    )
    parser.add_argument(
        "--rate",
        type=options.positive,
        metavar="X",
        help=f"learning rate (default: {_by_method(lambda parameters: parameters['learning_rate_init'])})",
    )
    parser.add_argument(
        "--batch",
        type=options.whole(1),
        metavar="N",
        help=f"images per step (default: {_by_method(lambda parameters: parameters['batch_size'])})",
    )
    options.add_seed(parser)
    options.add_threads(parser)


def add_hidden(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--hidden`` for one network."""
    parser.add_argument(
        "--hidden",
        type=options.sizes,
        metavar="N,N",
        help="sizes of the hidden layers, or the word none (default: "
        + _by_method(lambda parameters: ",".join(map(str, parameters["hidden_layer_sizes"])))
        + ")",
    )


def _by_method(describe: Callable[[Mapping[str, Any]], str]) -> str:
    return ", ".join(f"{describe(method.parameters)} for {name}" for name, method in METHODS.items())


_NEURON = (
    "the neuron to explain: A1, A2, ... in the first hidden layer, B1, B2, ... in the second, or an output (default: "
    "chosen by the image)"
)


def add_example(parser: argparse.ArgumentParser, *, neuron: str = _NEURON) -> None:
    """Add the digit to show, ``--number``, and ``--neuron`` with its help."""
    parser.add_argument(
        "digit",
        nargs="?",
        default="9",
        metavar="DIGIT",
        help="the digit to show, 0 to 9 (default: 9); with --data fashion the number or name of a kind of clothing",
    )
    parser.add_argument(
        "--number",
        type=options.whole(1),
        default=1,
        metavar="N",
        help="show the N-th image of this digit (default: 1)",
    )
    parser.add_argument("--neuron", metavar="NAME", help=neuron)


class Example(NamedTuple):
    """An image of a data set and the label that it should get.

    Attributes
    ----------
    image : int
        Index of the image, counted from 0.
    row : ndarray of shape (784,), uint8
    digit : int
        Class index of the label.
    label : str
    """

    image: int
    row: NDArray[np.uint8]
    digit: int
    label: str


def example(
    digit: str, number: int, X: NDArray[np.uint8], y: NDArray[np.integer[Any]], labels: Sequence[str]
) -> Example:
    """Return the image that the arguments DIGIT and ``--number`` mean.

    Raises
    ------
    CommandError
        If there is no such image.
    """
    names = [label.lower() for label in labels]
    if digit.lower() in names:
        chosen = names.index(digit.lower())
    elif digit.isascii() and digit.isdigit() and int(digit) < len(labels):
        chosen = int(digit)
    else:
        raise options.CommandError(f"DIGIT must be one of {', '.join(labels)}, got {digit!r}")
    rows = np.flatnonzero(y == chosen)
    if number > len(rows):
        raise options.CommandError(
            f"--number must be at most {len(rows)}, the number of images of {labels[chosen]}, got {number}"
        )
    image = int(rows[number - 1])
    return Example(image, X[image], chosen, labels[chosen])


def collection(chosen: Options) -> str:
    """Return the name of the data set for texts."""
    return {"sample": "the bundled digits", "mnist": "MNIST", "fashion": "Fashion-MNIST"}[chosen.data]
