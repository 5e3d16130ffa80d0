"""The command ``cmlp``: a network learns to read handwritten digits, in a terminal."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from cmlp.presets import Preset

_FAILED, _REFUSED, _INTERRUPTED, _BROKEN_PIPE = 1, 2, 130, 141


class _Parser(argparse.ArgumentParser):
    """A parser that refuses a bad argument in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(_REFUSED, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None, program: str = "cmlp") -> int:
    """Run the command.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the program's name on the command line.
    program : str
        How the reader calls it.

    Returns
    -------
    int
        The exit status: 0; 1 after an error, 2 where CMLP_ISA is none of this processor's
        instruction sets, 130 after Ctrl-C, 141 after a broken pipe. Bad arguments exit with 2.
    """
    try:
        try:
            return _run(sys.argv[1:] if arguments is None else list(arguments), program)
        finally:
            # Not at exit, where a failure could not be handled any more.
            sys.stdout.flush()
    except ImportError as error:
        if "CMLP_ISA" not in str(error):
            raise
        return _fail(program, f"error: {error}", _REFUSED)
    except KeyboardInterrupt:
        return _fail(program, "interrupted", _INTERRUPTED)
    except BrokenPipeError:
        _discard_output()
        return _BROKEN_PIPE
    except OSError as error:
        _discard_output()
        return _fail(program, f"error: cannot write: {error}")
    except MemoryError:
        return _fail(program, "error: not enough memory for such a network")


def _run(arguments: list[str], program: str) -> int:
    """Tell the story that the arguments ask for."""
    from cmlp.command import story
    from cmlp.command.terminal import Terminal

    # Reading digits is the default command: its name may be left out.
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in _GENERAL):
        arguments = ["digits", *arguments]
    chosen = _make_parser(program, story.METHODS, story.DEFAULT_METHODS).parse_args(arguments)
    options = story.Options(**vars(chosen))
    try:
        told = story.Story(options)
    except (OSError, ValueError) as error:
        return _fail(program, f"error: {error}")
    story.tell(Terminal.of(sys.stdout, os.environ), told, program)
    return 0


_GENERAL = ("-h", "--help", "--version")


def _make_parser(
    program: str, methods: Mapping[str, Preset], default_methods: Mapping[str, str]
) -> argparse.ArgumentParser:
    """Return the parser.

    Parameters
    ----------
    program : str
        How the reader calls the command.
    methods : mapping of str to Preset
        The presets by the names of ``--method``; they give the defaults that the help tells.
    default_methods : mapping of str to str
        For each name of ``--data`` the method that goes with it.
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
        help="train a network on pictures (the default command)",
        description="Train a network on pictures and show what it learns.",
        allow_abbrev=False,
    )
    _add_network_options(digits, methods, default_methods)
    digits.add_argument(
        "--seed",
        type=_whole(0, 2**32 - 1),
        default=0,
        metavar="N",
        help="what the random numbers start from (default: 0)",
    )
    digits.add_argument(
        "--threads",
        type=_whole(1),
        metavar="N",
        help="threads to compute with (default: as many as pay off; the result is the same)",
    )
    return parser


def _add_network_options(
    digits: argparse.ArgumentParser, methods: Mapping[str, Preset], default_methods: Mapping[str, str]
) -> None:
    """Add the options whose defaults are those of the presets."""
    from cmlp.constraints import HIDDEN, SYNONYMS

    def by_method(tell: Callable[[Mapping[str, Any]], str]) -> str:
        return ", ".join(f"{tell(preset.parameters)} for {name}" for name, preset in methods.items())

    digits.add_argument(
        "--data",
        choices=tuple(default_methods),
        default="sample",
        help="the bundled sample of MNIST (sample, the default), or a whole set from the folder that "
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
        help="sizes of the hidden layers, or none (default: "
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
        help=f"times through all the pictures (default: {by_method(lambda parameters: parameters['max_iter'])})",
    )


def _whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return a converter to whole numbers of a range."""
    wanted = f"of at least {least}" if most is None else f"from {least} to {most}"

    def convert(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least or (most is not None and number > most):
            raise argparse.ArgumentTypeError(f"expected a whole number {wanted}, got {text!r}")
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
            f"expected whole numbers of at least 1 with commas between, or none, got {text!r}"
        )
    return sizes


def _fail(program: str, message: str, status: int = _FAILED) -> int:
    print(f"{program}: {message}", file=sys.stderr)
    return status


def _discard_output() -> None:
    """Let what is still buffered go nowhere: flushing it at exit would fail once more."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
