"""The command ``cmlp digits``: trains a network on images and shows what it learns."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from cmlp.command import options, story
from cmlp.command.terminal import Terminal
from cmlp.constraints import HIDDEN, SYNONYMS

NAME, SUMMARY = "digits", "train a network on images (the default command)"
DESCRIPTION = "Train a network on images and show what it learns."


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command; their defaults come from the presets."""

    def by_method(describe: Callable[[Mapping[str, Any]], str]) -> str:
        return ", ".join(f"{describe(preset.parameters)} for {name}" for name, preset in story.METHODS.items())

    parser.add_argument(
        "--data",
        choices=tuple(story.DEFAULT_METHODS),
        default="sample",
        help="the bundled sample of MNIST (sample, the default), or a complete data set from the folder that "
        "the environment variable CMLP_DATA names",
    )
    parser.add_argument(
        "--method",
        choices=tuple(story.METHODS),
        help="; ".join(f"{name}: {preset.summary}" for name, preset in story.METHODS.items())
        + f" (default: {', '.join(f'{method} for {data}' for data, method in story.DEFAULT_METHODS.items())})",
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
    options.add_seed(parser)
    options.add_threads(parser)


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Train the network that the arguments describe, and return the exit status."""
    with options.reported():
        chosen = story.Story(story.Options(**vars(arguments)))
    story.tell(terminal, chosen, program)
    return 0
