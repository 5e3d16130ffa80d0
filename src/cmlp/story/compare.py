"""The command ``cmlp compare``: trains networks of different sizes and compares them in a table."""

from __future__ import annotations

import argparse
import math
import time

from cmlp._cli import experiment as experiment_options
from cmlp._cli import options
from cmlp._cli.experiment import Experiment, ExperimentOptions
from cmlp._cli.terminal import Terminal

DESCRIPTION = (
    "Train one network for each choice of hidden layers, in the same way, and compare them in a "
    "table."
)
_HIDDEN = ((), (16,), (16, 16), (128,))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    names = (
        "hidden layers of each network, or the word none (default: "
        f"{' '.join(map(_format_sizes, _HIDDEN))})"
    )
    experiment_options.add(parser, "--hidden", nargs="+", default=_HIDDEN, help=names)
    experiment_options.add(parser, *experiment_options.TRAINING)


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Train the networks that the arguments describe, and return the exit status."""
    choices = [
        ExperimentOptions.from_arguments(arguments, hidden=hidden) for hidden in arguments.hidden
    ]
    with options.as_command_errors():
        first = Experiment(choices[0])
    n_test = len(first.data.y_test)
    if first.n_epochs == 1:
        times = "once"
    else:
        times = f"{first.n_epochs:,} times"
    terminal.say(
        f"Each network sees the same {len(first.data.y_train):,} training images {times}, "
        f"{first.batch_size:,} at a time, with the learning rate {first.rate:g}. The test images "
        f"are {n_test:,} others."
    )
    names = [_format_sizes(hidden) for hidden in arguments.hidden]
    width = max(13, *map(len, names))
    terminal.write_lines(["", f"{'hidden layers':{width}}  parameters  training     test  seconds"])
    accuracies = []
    for name, choice in zip(names, choices, strict=True):
        with options.as_command_errors():
            experiment = Experiment(choice)
            start = time.perf_counter()
            experiment.train()
            seconds = time.perf_counter() - start
        now = experiment.measure()
        accuracies.append(now.test_accuracy)
        percent = f"{now.accuracy:6.1f} %  {now.test_accuracy:5.1f} %"
        terminal.write_lines(
            [f"{name:{width}}  {experiment.network.n_params:10,}  {percent}  {seconds:7.2f}"]
        )
    # How certain the highest accuracy is.
    best = max(accuracies)
    error = math.sqrt(best * (100 - best) / n_test)
    winners = [name for name, accuracy in zip(names, accuracies, strict=True) if accuracy == best]
    terminal.say()
    terminal.say(
        f"Highest test accuracy: {' and '.join(winners)}, {best:.1f} %. With {n_test:,} test "
        f"images, the standard error of an accuracy is about {error:.1f} %. Another seed gives "
        "other numbers."
    )
    other = ExperimentOptions.from_arguments(
        arguments, hidden=None, seed=(arguments.seed + 1) % 2**32
    ).arguments()
    terminal.write_lines(["", f"Try next: {program} compare --hidden {' '.join(names)} {other}"])
    return 0


def _format_sizes(hidden: tuple[int, ...]) -> str:
    """Return hidden layers as on the command line: "16,16", or "none"."""
    return ",".join(map(str, hidden)) or "none"
