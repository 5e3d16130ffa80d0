"""Types of command-line options, and the options that several commands share."""

from __future__ import annotations

import argparse
import contextlib
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cmlp.command.terminal import Terminal
    from cmlp.network import Network


class CommandError(Exception):
    """An error that the command reports in one line, with exit status 1."""


@contextlib.contextmanager
def reported() -> Iterator[None]:
    """Turn an error in the data or the parameters into a CommandError. Errors while writing the output stay outside."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise CommandError(str(error)) from error


def add_seed(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--seed``."""
    parser.add_argument(
        "--seed",
        type=whole(0, 2**32 - 1),
        default=0,
        metavar="N",
        help="seed of the random numbers (default: 0)",
    )


def add_threads(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--threads``."""
    parser.add_argument(
        "--threads",
        type=whole(1),
        metavar="N",
        help="maximum number of threads (default: chosen automatically; the results do not depend on it)",
    )


def add_save(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--save``."""
    parser.add_argument("--save", metavar="FILE", help="write the trained network to a file that cmlp.load reads")


def save(network: Network, path: str, terminal: Terminal, program: str) -> None:
    """Write a network to a model file, and say so."""
    with reported():
        network.save(path)
    terminal.write_lines(
        [
            "",
            f"saved: {path}",
            f"  Python:    cmlp.load({path!r})",
            f"  a picture: {program} read FILE.png --model {path}",
        ]
    )


def positive(text: str) -> float:
    """Convert text to a positive finite number."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"expected a positive number, got {text!r}")
    return number


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return a function that converts text to an integer and checks its range."""
    expected = f"of at least {least}" if most is None else f"from {least} to {most}"

    def convert(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least or (most is not None and number > most):
            raise argparse.ArgumentTypeError(f"expected a whole number {expected}, got {text!r}")
        return number

    return convert


def sizes(text: str) -> tuple[int, ...]:
    """Convert the sizes of hidden layers: "128,64", or "none"."""
    if text == "none":
        return ()
    try:
        chosen = tuple(int(part) for part in text.split(","))
    except ValueError:
        chosen = (0,)
    if min(chosen) < 1:
        raise argparse.ArgumentTypeError(
            f"expected whole numbers of at least 1 separated by commas, or the word none, got {text!r}"
        )
    return chosen
