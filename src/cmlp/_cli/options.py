"""Options of the command: their types, those that several commands share, and what errors of the library are about."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cmlp._data.files.file_formats import DataError
from cmlp._parameters.constraints import LARGEST_INTEGER
from cmlp.exceptions import InvalidParameterError


class CommandError(Exception):
    """An error that the command reports in one line, with exit status 1."""


_NO_FLAGS: Mapping[str, str] = MappingProxyType({})


@contextlib.contextmanager
def as_command_errors(
    *also: type[Exception], flags: Mapping[str, str] = _NO_FLAGS
) -> Iterator[None]:
    """Turn an error in the data or the parameters into a CommandError. Errors while writing the output stay outside.

    OSError, ValueError, DataError and the types `also` become a CommandError with the same sentence. It begins with the
    flag if it is about a parameter among `flags`, and leaves out what only Python can have. A TypeError that is for
    users is an InvalidParameterError, and so a ValueError; any other one is a bug and keeps its traceback.
    """
    types: tuple[type[Exception], ...] = (OSError, ValueError, DataError, *also)
    try:
        yield
    except types as error:
        message = str(error)
        if isinstance(error, OSError) and error.strerror and error.filename:
            message = f"{error.filename}: {error.strerror}"
        if isinstance(error, InvalidParameterError):
            message = message.replace(error.expected, error.expected_as_text, 1)
            if error.parameter in flags:
                message = f"{flags[error.parameter]}: {message}"
        raise CommandError(message) from error


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

    with as_command_errors():
        return cmlp.load(path)


def loaded_network(path: str) -> Any:
    """Return the model of a file; raises CommandError for a table's, which is more than one network."""
    from cmlp._model.model import TableModel, model_of

    model = loaded_model(path)
    if isinstance(model_of(model), TableModel):
        raise CommandError(
            f"{path} is a {type(model).__name__}, the model of a table: this command takes one "
            "network. Python and the C library predict with the file, `cmlp export` writes it as a "
            "C header or ONNX, `cmlp page` as a web page"
        )
    return model


class OnlyOnce(argparse.Action):
    """An option with one value, which would otherwise be the last one that is given."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Store the value; an error if there is one."""
        earlier = getattr(namespace, self.dest)
        if earlier is not None:
            parser.error(
                f"{option_string} takes one {str(self.metavar).lower()}, got {earlier} and {values}"
            )
        setattr(namespace, self.dest, values)


def integer(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return a function that converts text to an integer and checks its range."""
    expected = f"of at least {least}" if most is None else f"from {least} to {most}"
    limit = LARGEST_INTEGER if most is None else most

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


# ----------------------------------------------------------------------------------------------------- mistyped words


# Options with another name than the parameter or argument that they stand for.
_PARAMETERS = {"--validation": "X_val", "--checkpoint-every": "checkpoint"}


def flag(parameter: str) -> str:
    """Return the option of a parameter."""
    return f"--{parameter.replace('_', '-')}"


def option_hint(word: str, options: Iterable[str]) -> str:
    """Return what was probably meant by an unknown option, as for an unknown parameter.

    It begins with a colon, or is empty.
    """
    from cmlp._parameters.name_hints import name_hint

    known: dict[str, str] = {}
    for option in options:
        name = option.lstrip("-").replace("-", "_")
        known.setdefault(name, option)
        known.setdefault(_PARAMETERS.get(option, name), option)
    sentence = name_hint(word.lstrip("-").replace("-", "_"), known, trains="n_threads" in known)
    return f": {sentence[0].lower()}{sentence[1:].rstrip('.')}" if sentence else ""
