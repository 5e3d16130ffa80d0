"""Options of the command: their types, those that several commands share, and their words in messages of the library.

The settings and phrases in a message of the library are parts of it, which the command words in its own way: as
options, or as `Words` says.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from cmlp._data.files.file_formats import DataError
from cmlp._train.constraints import MAX_LAYERS, SIZE_LIMIT
from cmlp.exceptions import Choices, Phrase, Setting, message_of

_LARGEST = 2**63 - 1  # the largest integer that fits a C integer


class CommandError(Exception):
    """An error that the command reports in one line, with exit status 1."""


class Words(NamedTuple):
    """How a command words the settings in messages of the library; it does not know the others."""

    options: Collection[str] = ()  # settings that are options, with their values
    phrases: Mapping[str, str] = MappingProxyType({})  # others: by ``name=value`` or the name; phrases by their key


_NO_WORDS = Words()


@contextlib.contextmanager
def reporting(*also: type[Exception], words: Words = _NO_WORDS) -> Iterator[None]:
    """Turn an error in the data or the parameters into a CommandError. Errors while writing the output stay outside.

    OSError, ValueError, DataError and the types `also` become a CommandError with the words of the command. A TypeError
    that is for users is an InvalidParameterError, and so a ValueError; any other one is a bug and keeps its traceback.
    """
    types: tuple[type[Exception], ...] = (OSError, ValueError, DataError, *also)
    try:
        yield
    except types as error:
        message = worded(message_of(error), words)
        if isinstance(error, OSError) and error.strerror and error.filename:
            message = f"{error.filename}: {error.strerror}"
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

    with reporting():
        return cmlp.load(path)


def loaded_network(path: str) -> Any:
    """Return the model of a file; raises CommandError for a table's, which is more than one network."""
    from cmlp._model.model import TableModel, model_of

    model = loaded_model(path)
    if isinstance(model_of(model), TableModel):
        raise CommandError(
            f"{path} is a {type(model).__name__}, the model of a table: this command takes one network. Python and the "
            "C library predict with the file, `cmlp export` writes it as a C header or ONNX, `cmlp page` as a web page"
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
            parser.error(f"{option_string} takes one {str(self.metavar).lower()}, got {earlier} and {values}")
        setattr(namespace, self.dest, values)


def positive(text: str) -> float:
    """Convert text to a positive finite number."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"expected a positive number, got {text!r}")
    return number


def integer(least: int, most: int | None = None) -> Callable[[str], int]:
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


# ----------------------------------------------------------------------------------------------------- mistyped words


def option_hint(word: str, options: Collection[str]) -> str:
    """Return what was probably meant by an unknown option: one with the name of a parameter elsewhere, or a near one.

    It begins with a colon, or is empty.
    """
    from cmlp._train.other_names import elsewhere, nearest, own_names

    name = word.lstrip("-").replace("-", "_")
    names = {option.lstrip("-").replace("-", "_") for option in options}
    names |= {argument for argument, option in _OF_ARGUMENTS.items() if option in options}
    own = own_names(name, names)
    owners = _OWNERS if len(own) > 1 else {}
    meant = [_OF_ARGUMENTS.get(one, flag(one)) + owners.get(one, "") for one in own]
    remedy = elsewhere(name) if "n_threads" in names and not meant else ""
    if remedy:
        text = worded(remedy, words_of_train(names)).rstrip(".")
        return f": {text[0].lower()}{text[1:]}"
    meant = meant or [*filter(None, [nearest(word, options)])]
    return f": did you mean {' or '.join(meant)}?" if meant else ""


# --------------------------------------------------------------------------------------------- words of the library


# Settings of reading files, which are options of all commands that do.
_OF_FILES = (
    *("comment", "decimal", "drop", "encoding", "labels", "max_bytes"),
    *("missing", "separator", "target", "text", "thousands"),
)
# Arguments of fit, which are no parameters, and their options.
_OF_ARGUMENTS = {"X_val": "--validation"}
# Of which of its models `cmlp train` has an option, if a name elsewhere means two.
_OWNERS = {"max_iter": " of one network", "n_epochs": " of a table"}
_OF_TRAIN = {
    "resume=True": "--resume",
    "not_resumed": "train without --resume",
    "X_val=None": "no --validation",
    **_OF_ARGUMENTS,
    "fit_batches": "training in blocks (of a file of more than --max-bytes)",
    "tables": "set --max-bytes higher for the model of a table",
    "same_data": "give the same files, --target, --drop and --max-bytes",
}
# Values of Python, as they are written in an option; those that are empty cannot be.
OF_VALUES = {
    "bool": "True or False",
    "callable": "",
    "RandomState": "",
    "str": "a name",
    "several": "values separated by commas",
    "dict": "values such as '{0: 1, 1: 5}'",
    "list": "several of them such as '[{0: 1, 1: 5}, {0: 1, 1: 1}]'",
    "pair": "a pair such as '[0, 1], [2, 3]'",
}
PAGE_WORDS = Words(
    ("background", "data", "target", "unit"),
    {
        "background=True": "--background",
        "to_html": "a page",
        "X_train": "the training images of --data",
        "y_train": "the training labels of --data",
        "X_test": "the test images of --data",
        "y_test": "the test labels of --data",
    },
)
EXPORT_WORDS = Words(
    ("calibrate", "dtype", "name"),
    {
        "int8": "--to c-int8",
        "not_int8": "Choose --to c",
        "other_name": "choose another one with --name",
        "to_onnx": "--to onnx",
    },
)


def flag(parameter: str) -> str:
    """Return the option of a parameter."""
    return f"--{parameter.replace('_', '-')}"


def words_of_train(parameters: Iterable[str]) -> Words:
    """Return the words of ``cmlp train``, which has an option for each parameter."""
    return Words(frozenset(parameters), _OF_TRAIN)


def worded(message: str, words: Words = _NO_WORDS) -> str:
    """Return a message in the words of the command.

    Examples
    --------
    >>> from cmlp.exceptions import Message
    >>> worded(Message("add <missing:=> or <loss=>", missing="not known", loss="quantile"))
    "add --missing 'not known' or loss='quantile'"
    """
    return "".join(_worded(part, words) for part in message_of(message).parts)


def _worded(part: str, words: Words) -> str:
    if isinstance(part, Choices):
        texts = dict.fromkeys(worded(choice, words) for choice in part.choices)
        return Choices(*filter(None, texts))
    if isinstance(part, Phrase):
        return words.phrases.get(part.key, OF_VALUES.get(part.key, part))
    return _setting(part, words) if isinstance(part, Setting) else part


def _setting(setting: Setting, words: Words) -> str:
    phrase = words.phrases.get(setting, words.phrases.get(setting.name))
    if phrase is not None:
        return phrase
    if setting.name not in words.options and setting.name not in _OF_FILES:
        return setting
    option = flag(setting.name)
    return f"{option} {_as_argument(setting.value)}" if setting.states_value else option


def _as_argument(value: object) -> str:
    """Return a value as the command takes it: a list with commas, quoted for the shell."""
    text = ",".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
    return f'"{text}"' if text in ("'", " ") else shlex.quote(text)
