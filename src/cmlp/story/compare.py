"""The command ``cmlp compare``: trains networks of different sizes and compares them in a table."""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import replace
from typing import NamedTuple

from cmlp.console import options
from cmlp.console.experiment import Experiment, Options, accuracy
from cmlp.console.experiment_options import add_experiment
from cmlp.console.terminal import Terminal

NAME, SUMMARY = "compare", "train networks with different hidden layers and compare them"
DESCRIPTION = "Train one network for each choice of hidden layers, in the same way, and compare them in a table."
HIDDEN = ((), (16,), (16, 16), (128,))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument(
        "--hidden",
        type=options.sizes,
        nargs="+",
        metavar="N,N",
        default=HIDDEN,
        help=f"hidden layers of each network, or the word none (default: {' '.join(map(named, HIDDEN))})",
    )
    add_experiment(parser)


class Row(NamedTuple):
    """A trained network in the table; accuracies in percent."""

    hidden: tuple[int, ...]
    n_params: int
    training: float
    test: float
    seconds: float


def trained(chosen: Options) -> Row:
    """Train a network and return its row."""
    experiment = Experiment(chosen)
    network, data = experiment.network, experiment.data
    start = time.perf_counter()
    experiment.train()
    seconds = time.perf_counter() - start
    training = accuracy(network, data.X_train, data.y_train)
    return Row(network.sizes[1:-1], network.n_params, training, experiment.accuracy(), seconds)


def named(hidden: tuple[int, ...]) -> str:
    """Return hidden layers as on the command line: "16,16", or "none"."""
    return ",".join(map(str, hidden)) or "none"


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Train the networks that the arguments describe, and return the exit status."""
    given = dict(vars(arguments))
    choices = [Options(**{**given, "hidden": hidden}) for hidden in given["hidden"]]
    with options.reported():
        first = Experiment(choices[0])
    n_test = len(first.data.y_test)
    times = "once" if first.n_epochs == 1 else f"{first.n_epochs:,} times"
    terminal.say(
        f"Each network sees the same {len(first.data.y_train):,} training images {times}, "
        f"{first.batch_size:,} at a time, with the learning rate {first.rate:g}. The test images are "
        f"{n_test:,} others."
    )
    width = max(13, *(len(named(choice.hidden or ())) for choice in choices))
    terminal.write_lines(["", f"{'hidden layers':{width}}  parameters  training     test  seconds"])
    rows = []
    for choice in choices:
        with options.reported():
            rows.append(row := trained(choice))
        terminal.write_lines(
            [
                f"{named(row.hidden):{width}}  {row.n_params:10,}  {row.training:6.1f} %  {row.test:5.1f} %"
                f"  {row.seconds:7.2f}"
            ]
        )
    _conclude(terminal, rows, n_test)
    _suggest(terminal, choices, program)
    return 0


def _conclude(terminal: Terminal, rows: list[Row], n_test: int) -> None:
    """Say which network has the highest test accuracy, and how certain that is."""
    best = max(rows, key=lambda row: row.test)
    ties = [row for row in rows if row.test == best.test]
    share = best.test / 100
    error = 100 * math.sqrt(share * (1 - share) / n_test)
    names = " and ".join(named(row.hidden) for row in ties)
    terminal.say()
    terminal.say(
        f"Highest test accuracy: {names}, {best.test:.1f} %. With {n_test:,} test images, an accuracy is certain to "
        f"about +-{error:.1f} % (one standard error). Another seed gives other numbers."
    )


def _suggest(terminal: Terminal, choices: list[Options], program: str) -> None:
    """Suggest the same table with another seed."""
    other = replace(choices[0], hidden=None, seed=(choices[0].seed + 1) % 2**32).arguments()
    networks = " ".join(named(choice.hidden or ()) for choice in choices)
    terminal.write_lines(["", f"Try next: {program} compare --hidden {networks} {other}"])
