"""What a command of the story shows, and what it writes to files.

It shows an experiment, one of its images, and a neuron.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmlp import Network
from cmlp._cli.experiment import Experiment, ExperimentOptions
from cmlp._cli.options import CommandError, as_command_errors
from cmlp._cli.terminal import Terminal, printable
from cmlp.story.neurons import Names, Unit


class Example(NamedTuple):
    """An image of a data set (its index, its pixels) and the label that it should get."""

    image: int
    row: NDArray[np.uint8]
    label: str


class Case(NamedTuple):
    """An untrained network, an image, the neuron asked for, and the names of all neurons."""

    experiment: Experiment
    example: Example
    unit: Unit | None
    names: Names

    def image_name(self) -> str:
        """Return the number of the image with the name of its data set."""
        names = {"sample": "the bundled digits", "mnist": "MNIST", "fashion": "Fashion-MNIST"}
        return f"image {self.example.image} of {names[self.experiment.options.data]}"

    def other(self, layer: int) -> str:
        """Return the option for another neuron of a layer, for suggested commands."""
        candidates = [Unit(layer, self.names.sizes[layer + 1] // 4), Unit(layer, 0)]
        other = next(unit for unit in candidates if unit != self.unit)
        return f"--neuron {shlex.quote(self.names.name(other))}"


def case_of(arguments: argparse.Namespace, *, of_training: bool) -> Case:
    """Return the case that the arguments of a command name.

    Its image is one to train on or a test image.
    """
    experiment = Experiment(ExperimentOptions.from_arguments(arguments))
    data = experiment.data
    if of_training:
        X = data.X_train
        y = data.y_train
    else:
        X = data.X_test
        y = data.y_test
    names = Names(experiment.network.sizes, data.labels)
    image = image_of(arguments.digit, arguments.number, y, data.labels)
    neuron = vars(arguments).get("neuron")  # not all commands ask for one
    unit = None
    if neuron is not None:
        unit = names.unit(neuron)
    return Case(experiment, Example(image, X[image], data.labels[y[image]]), unit, names)


def image_of(digit: str, number: int, y: NDArray[np.integer[Any]], labels: Sequence[str]) -> int:
    """Return the index of the image that the arguments DIGIT and ``--number`` mean."""
    lower = [label.lower() for label in labels]
    is_class = digit.isascii() and digit.isdigit() and int(digit) < len(labels)
    if digit.lower() not in lower and not is_class:
        raise CommandError(f"DIGIT must be one of {', '.join(labels)}, got {digit!r}")
    if digit.lower() in lower:
        chosen = lower.index(digit.lower())
    else:
        chosen = int(digit)
    rows = np.flatnonzero(y == chosen)
    if number > len(rows):
        count = f"{len(rows)}, the number of images of {labels[chosen]}"
        raise CommandError(f"--number must be at most {count}, got {number}")
    return int(rows[number - 1])


def save(network: Network, path: str | None, terminal: Terminal, program: str) -> None:
    """Write a network to a model file, and say so."""
    if path is None:
        return
    with as_command_errors():
        network.save(path)
    terminal.write_lines(["", f"saved: {printable(path)}", f"  Python:    cmlp.load({path!r})"])
    terminal.write_lines(
        [f"  a picture: {program} read FILE.png --model {printable(shlex.quote(path))}"]
    )
