"""The options that describe an experiment; several commands share them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from cmlp.command import options
from cmlp.command.experiment import DEFAULT_METHODS, METHODS
from cmlp.constraints import HIDDEN, SYNONYMS


def add_experiment(parser: argparse.ArgumentParser) -> None:
    """Add the options for data set, method and training; their defaults come from the presets."""

    parser.add_argument(
        "--data",
        choices=tuple(DEFAULT_METHODS),
        default="sample",
        help="the bundled sample of MNIST (sample, the default), or a complete data set from the folder that "
        "the environment variable CMLP_DATA names",
    )
    parser.add_argument(
        "--method",
        choices=tuple(METHODS),
        help="; ".join(f"{name}: {preset.summary}" for name, preset in METHODS.items())
        + f" (default: {', '.join(f'{method} for {data}' for data, method in DEFAULT_METHODS.items())})",
    )
    parser.add_argument(
        "--activation",
        choices=(*HIDDEN, *SYNONYMS),
        help=f"activation of the hidden layers (default: {_by_method(lambda parameters: parameters['activation'])})",
    )
    parser.add_argument(
        "--epochs",
        type=options.whole(1),
        metavar="N",
        help=f"number of passes over the images (default: {_by_method(lambda parameters: parameters['max_iter'])})",
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
    return ", ".join(f"{describe(preset.parameters)} for {name}" for name, preset in METHODS.items())
