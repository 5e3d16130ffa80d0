"""The command ``cmlp digits``: trains a network on images and shows what it learns."""

from __future__ import annotations

import argparse

from cmlp.command import digits_report
from cmlp.console import options
from cmlp.console.experiment import Experiment, Options
from cmlp.console.experiment_options import add_experiment, add_hidden
from cmlp.console.terminal import Terminal

NAME, SUMMARY = "digits", "train a network on images (the default command)"
DESCRIPTION = "Train a network on images and show what it learns."


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_hidden(parser)
    add_experiment(parser)
    options.add_save(parser)
    options.add_png(parser)
    parser.add_argument(
        "--plain",
        action="store_true",
        default=argparse.SUPPRESS,
        help="write text also where the command without arguments shows the training",
    )


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Train the network that the arguments describe, and return the exit status."""
    given = dict(vars(arguments))
    path, folder = given.pop("save"), given.pop("png")
    given.pop("plain", None)
    with options.reported():
        experiment = Experiment(Options(**given))
    digits_report.tell(terminal, experiment, program)
    if path is not None:
        options.save(experiment.network, path, terminal, program)
    if folder is not None:
        options.save_pngs(digits_report.pngs(experiment), folder, terminal)
    return 0
