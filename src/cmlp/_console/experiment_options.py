"""The options that describe an experiment and what of it is shown; several commands share them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from cmlp._console import options
from cmlp._console.experiment import METHODS, SUBJECTS
from cmlp._parameters.constraints import HIDDEN, SYNONYMS


def _by_method(parameter: str) -> str:
    values = {name: method.parameters[parameter] for name, method in METHODS.items()}
    texts = {name: ",".join(map(str, value)) if isinstance(value, tuple) else value for name, value in values.items()}
    return ", ".join(f"{text} for {name}" for name, text in texts.items())


_METHODS = "; ".join(f"{name}: {method.summary}" for name, method in METHODS.items())
_DEFAULTS = ", ".join(f"{subject.method} for {data}" for data, subject in SUBJECTS.items())
_NEURON = (
    "A1, A2, ... in the first hidden layer, B1, B2, ... in the second, or an output (default: chosen by the image)"
)


def _number(kind: Callable[[str], float], text: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "metavar": "N", "help": text, **more}


_ARGUMENTS: dict[str, dict[str, Any]] = {
    "digit": {
        "nargs": "?",
        "default": "9",
        "metavar": "DIGIT",
        "help": "the digit to show, 0 to 9 (default: 9); with --data fashion the number or name of a kind of clothing",
    },
    "--number": _number(options.whole(1), "show the N-th image of this digit (default: 1)", default=1),
    "--neuron": {"metavar": "NAME", "help": f"the neuron to explain: {_NEURON}"},
    "--hidden": {
        "type": options.sizes,
        "metavar": "N,N",
        "help": f"sizes of the hidden layers, or the word none (default: {_by_method('hidden_layer_sizes')})",
    },
    "--data": {
        "choices": tuple(SUBJECTS),
        "default": "sample",
        "help": "the bundled sample of MNIST (sample, the default), or a complete data set, downloaded once or "
        "read from the folder that the environment variable CMLP_DATA names",
    },
    "--method": {"choices": tuple(METHODS), "help": f"{_METHODS} (default: {_DEFAULTS})"},
    "--activation": {
        "choices": (*HIDDEN, *SYNONYMS),
        "metavar": "NAME",  # the list of choices is wider than a terminal
        "help": f"hidden activation: {', '.join((*HIDDEN, *SYNONYMS))} (default: {_by_method('activation')})",
    },
    "--epochs": _number(options.whole(1), f"number of passes over the images (default: {_by_method('max_iter')})"),
    "--rate": _number(options.positive, f"learning rate (default: {_by_method('learning_rate_init')})", metavar="X"),
    "--batch": _number(options.whole(1), f"images per step (default: {_by_method('batch_size')})"),
    "--seed": _number(options.whole(0, 2**32 - 1), "seed of the random numbers (default: 0)", default=0),
    "--threads": _number(options.whole(1), "maximum number of threads (default: automatic; does not change results)"),
    "--save": {"metavar": "FILE", "help": "write the trained network to a file that cmlp.load reads"},
}
EXAMPLE = ("digit", "--number", "--neuron")
TRAINING = ("--data", "--method", "--activation", "--epochs", "--rate", "--batch", "--seed", "--threads")


def add(parser: argparse.ArgumentParser, *names: str, **changes: Any) -> None:
    """Add arguments of these names; `changes` replace what one of them is by default."""
    for name in names:
        parser.add_argument(name, **{**_ARGUMENTS[name], **changes})
