"""The command ``cmlp digits``: trains a network on images and shows what it learns."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from cmlp.command import digits_report, options
from cmlp.command.experiment import DEFAULT_METHODS, METHODS, Experiment, Options
from cmlp.command.terminal import Terminal
from cmlp.constraints import HIDDEN, SYNONYMS

NAME, SUMMARY = "digits", "train a network on images (the default command)"
DESCRIPTION = "Train a network on images and show what it learns."


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command; their defaults come from the presets."""

    def by_method(describe: Callable[[Mapping[str, Any]], str]) -> str:
        return ", ".join(f"{describe(preset.parameters)} for {name}" for name, preset in METHODS.items())

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
        "--hidden",
        type=options.sizes,
        metavar="N,N",
        help="sizes of the hidden layers, or the word none (default: "
        + by_method(lambda parameters: ",".join(map(str, parameters["hidden_layer_sizes"])))
        + ")",
    )
    parser.add_argument(
        "--activation",
        choices=(*HIDDEN, *SYNONYMS),
        help=f"activation of the hidden layers (default: {by_method(lambda parameters: parameters['activation'])})",
    )
    parser.add_argument(
        "--epochs",
        type=options.whole(1),
        metavar="N",
        help=f"number of passes over the images (default: {by_method(lambda parameters: parameters['max_iter'])})",
    )
    parser.add_argument(
        "--rate",
        type=options.positive,
        metavar="X",
        help=f"learning rate (default: {by_method(lambda parameters: parameters['learning_rate_init'])})",
    )
    parser.add_argument(
        "--batch",
        type=options.whole(1),
        metavar="N",
        help=f"images per step (default: {by_method(lambda parameters: parameters['batch_size'])})",
    )
    options.add_seed(parser)
    options.add_threads(parser)
    options.add_save(parser)


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Train the network that the arguments describe, and return the exit status."""
    given = dict(vars(arguments))
    path = given.pop("save")
    with options.reported():
        experiment = Experiment(Options(**given))
    digits_report.tell(terminal, experiment, program)
    if path is not None:
        options.save(experiment.network, path, terminal, program)
    return 0
