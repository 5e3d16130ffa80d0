"""The command ``cmlp``: trains a network on images of handwritten digits and shows the progress in the terminal."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from cmlp.presets import Preset

_FAILED, _BAD_USAGE, _INTERRUPTED, _BROKEN_PIPE = 1, 2, 130, 141


class _Parser(argparse.ArgumentParser):
    """A parser that reports an invalid argument in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(_BAD_USAGE, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None, program: str = "cmlp") -> int:
    """Run the command.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command-line arguments after the program name; by default those of ``sys.argv``.
    program : str
        The program name for messages.

    Returns
    -------
    int
        The exit status: 0 on success, 1 after an error, 2 if CMLP_ISA is not an instruction set of this processor,
        130 after Ctrl-C, 141 after a broken pipe. Invalid arguments raise SystemExit with status 2.
    """
    try:
        try:
            return _run(sys.argv[1:] if arguments is None else list(arguments), program)
        finally:
            # Flush now: an error while Python flushes at exit could not be handled.
            sys.stdout.flush()
    except ImportError as error:
        if "CMLP_ISA" not in str(error):
            raise
        return _fail(program, f"error: {error}", _BAD_USAGE)
    except KeyboardInterrupt:
        return _fail(program, "interrupted", _INTERRUPTED)
    except BrokenPipeError:
        _discard_output()
        return _BROKEN_PIPE
    except OSError as error:
        _discard_output()
        return _fail(program, f"error: cannot write: {error}")
    except MemoryError:
        return _fail(program, "error: not enough memory for a network of this size")


def _run(arguments: list[str], program: str) -> int:
    """Run the story with the given arguments."""
    from cmlp.command import story
    from cmlp.command.terminal import Terminal

    # "digits" is the default command: its name can be omitted.
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in _GENERAL):
        arguments = ["digits", *arguments]
    chosen = _make_parser(program, story.METHODS, story.DEFAULT_METHODS).parse_args(arguments)
    options = story.Options(**vars(chosen))
    try:
        chosen_story = story.Story(options)
    except (OSError, ValueError) as error:
        return _fail(program, f"error: {error}")
    story.tell(Terminal.of(sys.stdout, os.environ), chosen_story, program)
    return 0


_GENERAL = ("-h", "--help", "--version")


def _make_parser(
    program: str, methods: Mapping[str, Preset], default_methods: Mapping[str, str]
) -> argparse.ArgumentParser:
    """Return the parser of the command line.

    Parameters
    ----------
    program : str
        The program name for messages.
    methods : mapping of str to Preset
        The presets by the names of ``--method``; their parameters are the default values in the help.
    default_methods : mapping of str to str
        The default method for each value of ``--data``.
    """
    from cmlp import __version__

    parser = _Parser(
        prog=program,
        description="A neural network learns to read handwritten digits before your eyes.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"cmlp {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    digits = commands.add_parser(
        "digits",
        help="train a network on images (the default command)",
        description="Train a network on images and show what it learns.",
        allow_abbrev=False,
    )
    _add_network_options(digits, methods, default_methods)
    digits.add_argument(
        "--seed",
        type=_whole(0, 2**32 - 1),
        default=0,
        metavar="N",
        help="seed of the random numbers (default: 0)",
    )
    digits.add_argument(
        "--threads",
        type=_whole(1),
        metavar="N",
        help="maximum number of threads (default: chosen automatically; the results do not depend on it)",
    )
    return parser


def _add_network_options(
    digits: argparse.ArgumentParser, methods: Mapping[str, Preset], default_methods: Mapping[str, str]
) -> None:
    """Add the options whose defaults come from the presets."""
    from cmlp.constraints import HIDDEN, SYNONYMS

    def by_method(describe: Callable[[Mapping[str, Any]], str]) -> str:
        return ", ".join(f"{describe(preset.parameters)} for {name}" for name, preset in methods.items())

    digits.add_argument(
        "--data",
        choices=tuple(default_methods),
        default="sample",
        help="the bundled sample of MNIST (sample, the default), or a complete data set from the folder that "
        "the environment variable CMLP_DATA names",
    )
    digits.add_argument(
        "--method",
        choices=tuple(methods),
        help="; ".join(f"{name}: {preset.summary}" for name, preset in methods.items())
        + f" (default: {', '.join(f'{method} for {data}' for data, method in default_methods.items())})",
    )
    digits.add_argument(
        "--hidden",
        type=_sizes,
        metavar="N,N",
        help="sizes of the hidden layers, or the word none (default: "
        + by_method(lambda parameters: ",".join(map(str, parameters["hidden_layer_sizes"])))
        + ")",
    )
    digits.add_argument(
        "--activation",
        choices=(*HIDDEN, *SYNONYMS),
        help=f"activation of the hidden layers (default: {by_method(lambda parameters: parameters['activation'])})",
    )
    digits.add_argument(
        "--epochs",
        type=_whole(1),
        metavar="N",
        help=f"number of passes over the images (default: {by_method(lambda parameters: parameters['max_iter'])})",
    )


def _whole(least: int, most: int | None = None) -> Callable[[str], int]:
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


def _sizes(text: str) -> tuple[int, ...]:
    """Convert the sizes of hidden layers: "128,64", or "none"."""
    if text == "none":
        return ()
    try:
        sizes = tuple(int(part) for part in text.split(","))
    except ValueError:
        sizes = (0,)
    if min(sizes) < 1:
        raise argparse.ArgumentTypeError(
            f"expected whole numbers of at least 1 separated by commas, or the word none, got {text!r}"
        )
    return sizes


def _fail(program: str, message: str, status: int = _FAILED) -> int:
    print(f"{program}: {message}", file=sys.stderr)
    return status


def _discard_output() -> None:
    """Redirect standard output to the null device: flushing the buffered output at exit would fail again."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
