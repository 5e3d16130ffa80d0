"""The command ``cmlp``: trains a network on images of handwritten digits and shows the progress in the terminal."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

_FAILED, _BAD_USAGE, _INTERRUPTED, _BROKEN_PIPE = 1, 2, 130, 141


class _Parser(argparse.ArgumentParser):
    """A parser that reports an invalid argument in one line, and raises an error if the help cannot be written."""

    def error(self, message: str) -> NoReturn:
        raise SystemExit(_fail(self.prog, f"error: {message} (see {self.prog} --help)", _BAD_USAGE))

    def _print_message(self, message: str, file: Any = None) -> None:
        (file or sys.stderr).write(message)  # argparse ignores an OSError


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
        The exit status: 0 on success, 1 after an error, 2 if CMLP_ISA is not an instruction set of this processor or
        CMLP_TUNING is unknown, 130 after Ctrl-C, 141 after a broken pipe. Invalid arguments raise SystemExit with
        status 2.
    """
    if sys.stdout is None:  # Python sets it to None if the descriptor is closed
        return _fail(program, "error: cannot write: standard output is closed")
    try:
        try:
            return _run(sys.argv[1:] if arguments is None else list(arguments), program)
        finally:
            # Flush now: an error while Python flushes at exit could not be handled.
            sys.stdout.flush()
    except ImportError as error:
        if "CMLP_ISA" not in str(error) and "CMLP_TUNING" not in str(error):
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
        return _fail(program, "error: not enough memory for this network and these data")


def _run(arguments: list[str], program: str) -> int:
    """Run the command that the arguments name."""
    from cmlp.console.options import CommandError
    from cmlp.console.terminal import Terminal
    from cmlp.story import first
    from cmlp.story.keys import Keys

    terminal = Terminal.of(sys.stdout, os.environ)
    if not arguments and first.can_play(terminal, Keys(sys.stdin)):
        return first.run(terminal, program)
    # "digits" is the default command: its name can be omitted.
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in _GENERAL):
        arguments = ["digits", *arguments]
    chosen = make_parser(program).parse_args(arguments)
    run = chosen.run
    del chosen.run
    try:
        return int(run(chosen, terminal, program))
    except CommandError as error:
        return _fail(program, f"error: {error}")


_GENERAL = ("-h", "--help", "--version")


def make_parser(program: str) -> argparse.ArgumentParser:
    """Return the parser of the command line, with one subparser for each module of commands."""
    from cmlp import __version__
    from cmlp.command import digits, export, info, page, predict, train
    from cmlp.story import compare, look, nudge, read, story, watch

    parser = _Parser(
        prog=program,
        description="A neural network learns to read handwritten digits before your eyes.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"cmlp {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (story, digits, watch, look, nudge, compare, page, read, train, predict, info, export):
        subparser = commands.add_parser(
            command.NAME, help=command.SUMMARY, description=command.DESCRIPTION, allow_abbrev=False
        )
        command.add_options(subparser)
        subparser.set_defaults(run=command.run)
    return parser


def _fail(program: str, message: str, status: int = _FAILED) -> int:
    from cmlp.console.printable import printable_message

    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(f"{program}: {printable_message(message)}", file=sys.stderr, flush=True)
    return status


def _discard_output() -> None:
    """Redirect standard output to the null device: flushing the buffered output at exit would fail again."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
