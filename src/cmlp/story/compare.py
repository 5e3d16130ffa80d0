"""The command ``cmlp compare``: trains networks of different sizes and compares them in a table."""

from __future__ import annotations

import argparse
import math
import time
from typing import NamedTuple

from cmlp._cli import experiment as experiment_options
from cmlp._cli import options
from cmlp._cli.experiment import Experiment, Options
from cmlp._cli.terminal import Terminal

NAME, SUMMARY = "compare", "train networks with different hidden layers and compare them"
DESCRIPTION = "Train one network for each choice of hidden layers, in the same way, and compare them in a table."
HIDDEN = ((), (16,), (16, 16), (128,))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    names = f"hidden layers of each network, or the word none (default: {' '.join(map(named, HIDDEN))})"
    experiment_options.add(parser, "--hidden", nargs="+", default=HIDDEN, help=names)
    experiment_options.add(parser, *experiment_options.TRAINING)


class Row(NamedTuple):
    """A trained network in the table; accuracies in percent."""

    hidden: str
    n_params: int
    training: float
    test: float
    seconds: float


def trained(chosen: Options) -> Row:
    """Train a network and return its row."""
    experiment = Experiment(chosen)
    start = time.perf_counter()
    experiment.train()
    seconds = time.perf_counter() - start
    network, now = experiment.network, experiment.measure()
    return Row(named(network.sizes[1:-1]), network.n_params, now.accuracy, now.test_accuracy, seconds)


def named(hidden: tuple[int, ...]) -> str:
    """Return hidden layers as on the command line: "16,16", or "none"."""
    return ",".join(map(str, hidden)) or "none"


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Train the networks that the arguments describe, and return the exit status."""
    choices = [Options.of(arguments, hidden=hidden) for hidden in arguments.hidden]
    with options.reported():
        first = Experiment(choices[0])
    n_test = len(first.data.y_test)
    times = "once" if first.n_epochs == 1 else f"{first.n_epochs:,} times"
    terminal.say(
        f"Each network sees the same {len(first.data.y_train):,} training images {times}, "
        f"{first.batch_size:,} at a time, with the learning rate {first.rate:g}. The test images are "
        f"{n_test:,} others."
    )
    networks = list(map(named, arguments.hidden))
    width = max(13, *map(len, networks))
    terminal.write_lines(["", f"{'hidden layers':{width}}  parameters  training     test  seconds"])
    rows = []
    for choice in choices:
        with options.reported():
            rows.append(row := trained(choice))
        accuracies = f"{row.training:6.1f} %  {row.test:5.1f} %"
        terminal.write_lines([f"{row.hidden:{width}}  {row.n_params:10,}  {accuracies}  {row.seconds:7.2f}"])
    # How certain the highest accuracy is.
    best = max(row.test for row in rows)
    error = math.sqrt(best * (100 - best) / n_test)
    terminal.say()
    terminal.say(
        f"Highest test accuracy: {' and '.join(row.hidden for row in rows if row.test == best)}, {best:.1f} %. With "
        f"{n_test:,} test images, the standard error of an accuracy is about {error:.1f} %. Another seed "
        "gives other numbers."
    )
    other = Options.of(arguments, hidden=None, seed=(arguments.seed + 1) % 2**32).arguments()
    terminal.write_lines(["", f"Try next: {program} compare --hidden {' '.join(networks)} {other}"])
    return 0
