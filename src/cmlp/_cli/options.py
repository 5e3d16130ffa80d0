"""Options of the command: their types, those that several commands share, and their names in messages of the library.

The messages have the names of Python. The names of parameters are those of the table of hyperparameters. Other names
and phrases are listed here; a test looks for each of them in the texts of the library, so that a change of a text
cannot leave one of them behind.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cmlp._data.files.file_formats import DataError, Setting
from cmlp._train.constraints import MAX_LAYERS, SIZE_LIMIT

_LARGEST = 2**63 - 1  # the largest integer that fits a C integer


class CommandError(Exception):
    """An error that the command reports in one line, with exit status 1."""


@contextlib.contextmanager
def reported(*also: type[Exception], words: Mapping[str, str] = MappingProxyType({})) -> Iterator[None]:
    """Turn an error in the data or the parameters into a CommandError. Errors while writing the output stay outside.

    OSError, ValueError, DataError and the types `also` become a CommandError. `words` are the options of the command by
    the names that Python has for them.
    """
    types: tuple[type[Exception], ...] = (OSError, ValueError, *also)
    try:
        yield
    except DataError as error:
        raise CommandError(worded(error.args)) from error
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


# ----------------------------------------------------------------------------------------------------- mistyped words


_LEAST_BEGINNING = 3  # letters from which on the beginning of a word suggests the whole word


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the word that was probably meant, or None.

    Examples
    --------
    >>> nearest("--max-itr", ["--max-iter", "--alpha"])
    '--max-iter'
    >>> nearest("--hidden", ["--hidden-layer-sizes", "--header"])
    '--hidden-layer-sizes'
    """
    import difflib

    plain: dict[str, str] = {}
    for candidate in words:
        plain.setdefault(_plain(candidate), candidate)  # "--max-iter" rather than "--max_iter", which comes later
    meant = _plain(word)
    longer = [candidate for candidate in plain if candidate.startswith(meant)] if len(meant) >= _LEAST_BEGINNING else []
    candidates = sorted(longer, key=len) or difflib.get_close_matches(meant, plain, 1)
    return plain[candidates[0]] if candidates else None


def _plain(word: str) -> str:
    return word.lstrip("-").replace("_", "-").lower()


# --------------------------------------------------------------------------------------------- words of the library


_VALUE = r"'[^']*'|\"[^\"]*\"|\([^()]*\)|\[[^\[\]]*\]|[^\s,;:()]*[^\s,;:().]"
TRAIN_WORDS = {
    "input_scale='standard' of an estimator": "--input-scale standard",
    "loss='quantile'": "--loss quantile",
    "resume=True": "--resume",
    ": use warm_start=True": ": train without --resume",
    "n_samples": "the number of rows",
    "use TabularClassifier or TabularRegressor, which take them": "set --max-bytes higher for the model of a table",
    "X_val=None": "no --validation",
    "X_val and y_val": "--validation",
    "X_val": "--validation",
    "fit_batches": "training in blocks (of a file of more than --max-bytes)",
    "pass the same X, y, sample_weight, validation data and shards": "give the same files, --target, --drop and "
    "--max-bytes",
}
PAGE_WORDS = {
    "X_train": "the training images of --data",
    "y_train": "the training labels of --data",
    "X_test": "the test images of --data",
    "y_test": "the test labels of --data",
    "to_html": "a page",
    "data": "--data",
    "background": "--background",
    "target": "--target",
    "unit": "--unit",
}
EXPORT_WORDS = {
    "to_c(int8=True)": "--to c-int8",
    "int8=True": "--to c-int8",
    "to_c": "--to c",
    "to_onnx": "--to onnx",
    "dtype": "--dtype",
    "calibrate": "--calibrate",
    "name": "--name",
    "pass another one as name": "choose another one with --name",
}


def flag(parameter: str) -> str:
    """Return the option of a parameter."""
    return f"--{parameter.replace('_', '-')}"


def worded(parts: Iterable[str | Setting]) -> str:
    """Return a message about a file of rows, whose settings are options of the command.

    Examples
    --------
    >>> worded(["add ", Setting("missing", "not known")])
    "add --missing 'not known'"
    """
    return "".join(_option_of(part) if isinstance(part, Setting) else part for part in parts)


def _option_of(setting: Setting) -> str:
    value = setting.value
    quoted = f'"{value}"' if value in ("'", " ") else shlex.quote(value)
    return f"{flag(setting.name)} {quoted}" if value else flag(setting.name)


def words_of_train(parameters: Iterable[str]) -> dict[str, str]:
    """Return the words of ``cmlp train``, which has an option for each parameter."""
    return {name: flag(name) for name in parameters} | TRAIN_WORDS


def in_options(message: str, words: Mapping[str, str]) -> str:
    """Return a message of the library in the words of the command.

    Examples
    --------
    >>> in_options("pass dtype='float32' to round", {"dtype": "--dtype"})
    'pass --dtype float32 to round'
    """
    names = {word for word in words if word.isidentifier()}
    for phrase in sorted({*words} - names, key=len, reverse=True):
        message = message.replace(phrase, words[phrase])
    if not names:
        return message
    any_name = "|".join(sorted(names, key=len, reverse=True))
    # A word without an underscore, such as "loss", is a parameter only before "=" and "must".
    alone = "|".join(sorted((f"{name}(?= must|$)" if "_" not in name else name for name in names), key=len)[::-1])
    for pattern in (rf"The '({any_name})' parameter of \w+", rf"`({any_name})`", rf"(?<!column )'({any_name})'"):
        message = re.sub(pattern, lambda match: words[match[1]], message)
    assigned, bare = rf"(?<![\w.-])({any_name})=({_VALUE})", rf"(?<![\w.'-])({alone})(?![\w'=-])"
    message = re.sub(assigned, lambda match: f"{words[match[1]]} {_as_argument(match[2])}", message)
    return re.sub(bare, lambda match: words[match[1]], message)


def _as_argument(value: str) -> str:
    """Return a value of Python as the command takes it: text without quotes, a list with commas."""
    inner = re.sub(r"^(\((.*?),?\)|\[(.*)\])$", lambda match: match[2] or match[3] or "", value)
    return inner.replace("'", "").replace('"', "").replace(", ", ",")
