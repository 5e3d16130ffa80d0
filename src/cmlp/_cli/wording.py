"""What the options of the command are called in the messages of the library, which have the names of Python.

The names of parameters are those of the table of hyperparameters. Other names and phrases are listed here; a test looks
for each of them in the texts of the library, so that a change of a text cannot leave one of them behind.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
