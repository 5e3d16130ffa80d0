"""The command ``cmlp``, which ``python -m cmlp`` runs, too: finds the subcommand and reports errors."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NoReturn, TextIO

# The module of each command, and its line in the help. Only the module of the chosen command is
# imported.
_COMMANDS = {
    "story": ("cmlp.story.story", "tell how a neural network works and learns, in your browser"),
    "page": ("cmlp._cli.page", "make a web page that shows a trained model at work"),
    "train": ("cmlp._cli.train", "train a model on a file of rows"),
    "examine": ("cmlp._cli.examine", "report what is probably wrong with a table"),
    "verify": ("cmlp._cli.verify", "train a model again, and compare all bits"),
    "predict": ("cmlp._cli.predict", "print the predictions of a model for a file of rows"),
    "check": ("cmlp._cli.check", "compare the rows of a file with those of training"),
    "info": ("cmlp._cli.info", "describe a model file"),
    "export": ("cmlp._cli.export", "write a model as a C header or an ONNX file"),
}
_GENERAL = ("-h", "--help", "--version")
_FAILED, _BAD_USAGE, _INTERRUPTED, _BROKEN_PIPE = 1, 2, 130, 141


class _Parser(argparse.ArgumentParser):
    """A parser that reports an invalid argument in one line, and raises an error if the help cannot be written."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Parse the arguments of a command; an unknown option is reported before a missing argument."""
        if self._subparsers is None and not {"-h", "--help"}.intersection(args):
            for word in args[: args.index("--") if "--" in args else None]:
                if (
                    word.startswith("--")
                    and word.partition("=")[0] not in self._option_string_actions
                ):
                    self.error(_unknown_option(word.partition("=")[0], self._option_string_actions))
        chosen, extra = super().parse_known_args(args, namespace)
        if extra:
            self.error(
                f"{'unknown option' if extra[0].startswith('-') else 'unexpected argument'} "
                f"{extra[0]!r}"
            )
        return chosen, extra

    def error(self, message: str) -> NoReturn:
        raise SystemExit(_fail(self.prog, f"error: {message} (see {self.prog} --help)", _BAD_USAGE))

    def _print_message(self, message: str, file: Any = None) -> None:
        (file or sys.stderr).write(message)  # argparse ignores an OSError


def _unknown_option(word: str, options: Iterable[str]) -> str:
    """Return the message for an unknown option, with the one that was probably meant."""
    from cmlp._cli.options import option_hint

    return f"unknown option {word!r}{option_hint(word, [*options])}"


def _unknown_command(word: str) -> str:
    """Return the message for an unknown command, with the one that was probably meant."""
    from cmlp._parameters.name_hints import nearest

    meant = nearest(word, _COMMANDS)
    return f"unknown command {word!r}" + (f": did you mean {meant}?" if meant else "")


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
        The exit status: 0 on success, 1 after an error, 2 if CMLP_ISA is not an instruction set of
        this processor or CMLP_TUNING is unknown, 128 + its number after a signal: 130 after Ctrl-C,
        143 after SIGTERM, 129 after SIGHUP, 141 after a broken pipe. Invalid arguments raise
        SystemExit with status 2.
    """
    if sys.stdout is None:  # Python sets it to None if the descriptor is closed
        return _fail(program, "error: cannot write: standard output is closed")
    from cmlp._cli.interruption import interruptible

    try:
        with interruptible():
            try:
                return _run(sys.argv[1:] if arguments is None else list(arguments), program)
            except KeyboardInterrupt as error:
                return _interrupted(program, error)
            finally:
                # Flush now: an error while Python flushes at exit could not be handled.
                sys.stdout.flush()
    except ImportError as error:
        if error.name not in ("CMLP_ISA", "CMLP_TUNING"):
            raise
        return _fail(program, f"error: {error}", _BAD_USAGE)
    except KeyboardInterrupt as error:
        return _interrupted(program, error)
    except BrokenPipeError:
        _discard(sys.stdout)
        return _BROKEN_PIPE
    except OSError as error:
        _discard(sys.stdout)
        return _fail(program, f"error: cannot write: {error}")
    except MemoryError:
        return _fail(program, "error: not enough memory for this network and these data")


def _run(arguments: list[str], program: str) -> int:
    from cmlp._cli.options import CommandError
    from cmlp._cli.terminal import Terminal

    terminal = Terminal.from_stream(sys.stdout, os.environ)
    if not arguments:
        from cmlp.story import first

        return first.run(terminal, program)
    word = arguments[0]
    parser = make_parser(program, word)
    if word not in (*_COMMANDS, *_GENERAL):
        unknown = _unknown_option(word, _GENERAL) if word[:1] == "-" else _unknown_command(word)
        parser.error(unknown)
    chosen = parser.parse_args(arguments)
    run = chosen.run
    del chosen.run
    try:
        with _warnings_as_lines(program):
            return int(run(chosen, terminal, program))
    except CommandError as error:
        return _fail(program, f"error: {error}")


def make_parser(program: str, chosen: str) -> argparse.ArgumentParser:
    """Return the parser of the command line, with the options of one command."""
    from cmlp import __version__

    parser = _Parser(
        prog=program,
        description=(
            "Without a command, a neural network learns to read handwritten digits before your "
            "eyes."
        ),
        allow_abbrev=False,
    )
    version = f"cmlp {__version__}"
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, (module, summary) in _COMMANDS.items():
        subparser = commands.add_parser(name, help=summary, allow_abbrev=False)
        if name == chosen:
            command = importlib.import_module(module)
            subparser.description = command.DESCRIPTION
            subparser.add_argument(
                "--version", action="version", version=version, help=argparse.SUPPRESS
            )
            command.add_options(subparser)
            subparser.set_defaults(run=command.run)
    return parser


@contextlib.contextmanager
def _warnings_as_lines(program: str) -> Iterator[None]:
    """Write warnings as lines: Python would show the path of the program.

    The user may have stated which ones count, by PYTHONWARNINGS or the option -W of Python.
    """

    shown: set[str] = set()

    def show(message: Warning | str, *_: object, **__: object) -> None:
        text = str(message)
        if text not in shown:
            shown.add(text)
            _fail(program, text)

    with warnings.catch_warnings():
        if not sys.warnoptions:
            warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show
        yield


def _fail(program: str, message: str, status: int = _FAILED) -> int:
    from cmlp._process.printable import printable_message

    if sys.stderr is not None:
        try:
            print(f"{program}: {printable_message(message)}", file=sys.stderr, flush=True)
        except OSError:
            _discard(sys.stderr)
    return status


def _interrupted(program: str, error: KeyboardInterrupt) -> int:
    """Report what has ended the command, and return the status that a shell has for it."""
    from cmlp._cli.interruption import Interrupted

    try:
        sys.stdout.flush()
    except OSError:  # the terminal or the pipe is closed
        _discard(sys.stdout)
    if isinstance(error, Interrupted):
        return _fail(program, f"interrupted by {error.name}", error.status)
    return _fail(program, "interrupted", _INTERRUPTED)


def _discard(stream: TextIO) -> None:
    """Redirect a stream to the null device: flushing its buffer at exit would fail again, with another status."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    sys.exit(main(program="python -m cmlp"))
