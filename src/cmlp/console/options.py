"""Types of command-line options, and the options that several commands share."""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cmlp.console.printable import printable
from cmlp.console.spelling import in_options
from cmlp.constraints import MAX_LAYERS, SIZE_LIMIT

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cmlp.console.terminal import Terminal
    from cmlp.network import Network


_LARGEST = 2**63 - 1  # the largest integer that fits a C integer


class CommandError(Exception):
    """An error that the command reports in one line, with exit status 1."""


@contextlib.contextmanager
def reported(*also: type[Exception], words: Mapping[str, str] = MappingProxyType({})) -> Iterator[None]:
    """Turn an error in the data or the parameters into a CommandError. Errors while writing the output stay outside.

    OSError and ValueError are turned into a CommandError, and the types `also`. `words` are the options of the command
    by the names that Python has for them.
    """
    types: tuple[type[Exception], ...] = (OSError, ValueError, *also)
    try:
        yield
    except types as error:
        message = str(error)
        if isinstance(error, OSError) and error.strerror and error.filename:
            message = f"{error.filename}: {error.strerror}"
        raise CommandError(in_options(message, words)) from error


def check_output(path: str, *inputs: str | None) -> None:
    """Raise CommandError if a file cannot be written there, or would replace a file that the command reads."""
    folder = Path(path).absolute().parent
    if not folder.is_dir():
        raise CommandError(f"{folder}: No such folder")
    if Path(path).is_dir():
        raise CommandError(f"{path}: Is a directory")
    for other in filter(None, inputs):
        if os.path.exists(path) and os.path.exists(other) and os.path.samefile(path, other):
            raise CommandError(f"the output would replace {other}: choose another file with -o")


def loaded_model(path: str) -> Any:
    """Return the model of a file."""
    import cmlp

    with reported():
        return cmlp.load(path)


def loaded_network(path: str) -> Any:
    """Return the model of a file; raises CommandError for a table's, which is more than one network."""
    from cmlp.model import document_of

    model = loaded_model(path)
    if document_of(model).columns is not None:
        raise CommandError(
            f"{path} is a {type(model).__name__}, the model of a table: this command takes one network. Python and the "
            "C library predict with the file, `cmlp export` writes it as a C header or ONNX, `cmlp page` as a web page"
        )
    return model


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
            f"saved: {printable(path)}",
            f"  Python:    cmlp.load({path!r})",
            f"  a picture: {program} read FILE.png --model {printable(shlex.quote(path))}",
        ]
    )


def add_png(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--png``."""
    parser.add_argument("--png", metavar="FOLDER", help="write the pictures as PNG files to this folder")


def save_pngs(pictures: Mapping[str, NDArray[np.uint8]], folder: str, terminal: Terminal, zoom: int = 8) -> None:
    """Write pictures as PNG files, and say so.

    Parameters
    ----------
    pictures : mapping of str to ndarray of shape (height, width) or (height, width, 3), uint8
        Pictures by the names of their files, without ".png".
    folder : str
        Created if it does not exist.
    terminal : Terminal
    zoom : int
        Size of a pixel in the files.
    """
    from cmlp.console.png import write_png

    paths = {name: Path(folder) / f"{name}.png" for name in pictures}
    with reported():
        Path(folder).mkdir(parents=True, exist_ok=True)
        for name, pixels in pictures.items():
            write_png(paths[name], pixels, zoom)
    terminal.write_lines(["", *(f"saved: {printable(str(path))}" for path in paths.values())])


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
    limit = _LARGEST if most is None else most

    def convert(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if not least <= number <= limit:
            shown = f"from {least} to {limit}" if number > limit else expected
            raise argparse.ArgumentTypeError(f"expected a whole number {shown}, got {text!r}")
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
    if len(chosen) > MAX_LAYERS - 2:
        raise argparse.ArgumentTypeError(f"expected at most {MAX_LAYERS - 2} hidden layers, got {len(chosen)}")
    if max(chosen) >= SIZE_LIMIT:
        raise argparse.ArgumentTypeError(f"expected sizes below {SIZE_LIMIT}, got {max(chosen)}")
    return chosen
