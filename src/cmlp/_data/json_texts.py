"""The metadata of a model file: parameters, labels and names as JSON without loss, with a strict parser.

It is here, and not beside `cmlp._model.file`, because `cmlp._train.state_file` stores the training state in this form.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cmlp._data.array_types import AnyArray
from cmlp._data.columns import MOST_EQUAL_HASHES
from cmlp._data.labels import Labels
from cmlp.exceptions import InvalidParameterError, ModelFormatError

# Of arrays in a file.
DTYPES = {
    "F32": "<f4",
    "F64": "<f8",
    "U8": "|u1",
    "I32": "<i4",
    "I64": "<i8",
}
_EXACT = 2**53  # larger integers are stored as text, because JavaScript would round them
# Limit in bytes for an array of text labels, in which all labels have the width of the longest.
MOST_TEXT = 2**28
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_MOST_OBJECT = 2**16  # limit in characters for parameters, history and training state
# The types of labels that are numbers.
NUMBERS = {
    "bool",
    "float16",
    "float32",
    "float64",
    *(f"{s}int{bits}" for s in ("", "u") for bits in (8, 16, 32, 64)),
}


class Head(str):
    """The head of a model file as JSON, which the core has validated. Entries are parsed when they are asked for.

    The search finds no text inside a string, because a string contains quotes only with a backslash.
    """

    __slots__ = ()

    def text(self, key: str) -> Any:
        """Return the text of a key; None without it."""
        return self._entry(key, '"')

    def tensor(self, key: str) -> Any:
        """Return the type, the shape and the place of a tensor; None without it."""
        return self._entry(key, "{")

    def _entry(self, key: str, first: str) -> Any:
        name = f',"{key}":'
        at = self.find(name + first)
        return None if at < 0 else _HEAD_DECODER.raw_decode(self, at + len(name))[0]


_HEAD_DECODER = json.JSONDecoder()


class Metadata:
    """The strings and arrays of a model file. Each is parsed when it is asked for.

    Others are never parsed: millions of them would take much memory.

    Parameters
    ----------
    head : Head
    data : memoryview
        The data of the file from the offset `start` on.
    """

    def __init__(self, head: Head, data: memoryview, start: int) -> None:
        self._head, self._data, self._start = head, data, start
        self._objects: dict[str, dict[str, Any] | None] = {}

    def string(self, key: str) -> str | None:
        """Return a string, or None if the file has none with this key."""
        text: str | None = self._head.text(key)
        return text

    def required(self, key: str) -> str:
        """Return a string; raises ModelFormatError if the file has none with this key."""
        text = self.string(key)
        if text is None:
            raise refuse(f"{key!r} is missing")
        return text

    def members(self, key: str) -> Mapping[str, Any] | None:
        """Return the members of a JSON object, which is parsed once, or None if the file has none with this key."""
        if key not in self._objects:
            text = self.string(key)
            self._objects[key] = None if text is None else load_parameters(text, key)
        return self._objects[key]

    def array(self, name: str) -> AnyArray | None:
        """Return a copy of an array, or None if the file has none of this name."""
        tensor = self._head.tensor(name)
        if tensor is None:
            return None
        dtype, (first, end) = np.dtype(DTYPES[tensor["dtype"]]), tensor["data_offsets"]
        values = np.frombuffer(bytes(self._data[first - self._start : end - self._start]), dtype)
        return values.astype(dtype.newbyteorder("=")).reshape(tensor["shape"])


def number_of_digits(digits: str) -> float:
    """Return the double whose bytes are these hexadecimal digits, the first one that of the sign."""
    value: float = struct.unpack(">d", bytes.fromhex(digits))[0]
    return value


def refuse(what: str) -> ModelFormatError:
    """Return the error for metadata that do not follow the format."""
    return ModelFormatError(
        f"the metadata do not follow the format: {what}", "CMLP_ERROR_FILE_SYNTAX"
    )


def as_json(value: object) -> str:
    """Return a value as JSON in printable ASCII."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def parsed(text: str, key: str, most: int = _MOST_OBJECT) -> Any:
    """Parse short JSON; raises ModelFormatError if it is invalid, repeats a key or has a number that is not finite."""
    if len(text) > most:
        raise refuse(f"{key!r} has more than {most} characters")
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        raise refuse(f"{key!r} is not JSON") from None


def _restorable(text: str, what: str) -> str:
    """Return text of which JSON keeps every character; raises ValueError for two surrogates that it would join."""
    if _PAIR.search(text):
        raise ValueError(
            f"{what} {text!r}, has two surrogates that a model file would read as one character: "
            "use valid Unicode"
        )
    return text


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("duplicate key")
    return result


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _finite_number(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_constant(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_distinct, parse_constant=_no_constant, parse_float=_finite_number
)


# ------------------------------------------------------------------------------------------------------ parameters


def dump_parameters(parameters: Mapping[str, object], owner: str) -> str:
    """Return constructor parameters as JSON; raises TypeError with the name of a parameter that cannot be stored."""
    texts = {name: as_json(plain_json(value, name, owner)) for name, value in parameters.items()}
    text = "{" + ",".join(f"{as_json(name)}:{value}" for name, value in texts.items()) + "}"
    if len(text) > _MOST_OBJECT:
        longest = max(texts, key=lambda name: len(texts[name]))
        raise ValueError(
            f"the parameters of {owner} take {len(text)} characters in a model file, which can "
            f"contain {_MOST_OBJECT}: {longest} is too long"
        )
    return text


def without_tensors(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters without those that are arrays, because a model has them or does not need them any longer.

    They are the shift and factor of `input_scale`, which a file has as tensors, and the initial weights of
    `initialization`.
    """
    arrays = {"input_scale", "initialization"}
    return {
        name: value
        for name, value in parameters.items()
        if name not in arrays or not isinstance(value, (list, tuple))
    }


def plain_json(value: object, name: str, owner: str) -> Any:
    """Return a value as JSON can have it; raises TypeError with its name if it cannot be stored."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if isinstance(value, str):
        return _restorable(str(value), f"{name} of {owner},")
    if value is None or type(value) in (bool, int, float):
        return value
    if isinstance(value, list):
        return [plain_json(entry, name, owner) for entry in value]
    if isinstance(value, tuple) or (isinstance(value, np.ndarray) and value.ndim == 1):
        return {"tuple": [plain_json(entry, name, owner) for entry in value]}
    if type(value) is dict:
        return {
            "dict": [
                [_key(key, name, owner), plain_json(entry, name, owner)]
                for key, entry in value.items()
            ]
        }
    raise InvalidParameterError(
        f"{name} of {owner} is a {type(value).__name__}, which a model file cannot contain: "
        f"set it to a number, a str, None or a list of these before saving"
    )


def _key(key: object, name: str, owner: str) -> object:
    """Return the key of a dict as it is stored: a number or text."""
    key = key.item() if isinstance(key, np.generic) else key
    if type(key) not in (bool, int, float, str) or (
        isinstance(key, float) and not math.isfinite(key)
    ):
        raise InvalidParameterError(
            f"{name} of {owner} has the key {key!r}, which a model file cannot contain"
        )
    return key


def load_parameters(text: str, key: str = "parameters") -> dict[str, Any]:
    """Return the parameters from the JSON of `dump_parameters`."""
    parameters = parsed(text, key)
    if type(parameters) is not dict:
        raise refuse(f"{key!r} is not a JSON object")
    return {name: _value_of(value, key) for name, value in parameters.items()}


def _value_of(value: Any, key: str) -> Any:
    if type(value) is list:
        return [_value_of(entry, key) for entry in value]
    if type(value) is not dict:
        return value
    if list(value) == ["float"] and value["float"] in ("inf", "-inf", "nan"):
        return float(value["float"])
    if list(value) == ["dict"] and type(value["dict"]) is list:
        return _restored_dict(value["dict"], key)
    if list(value) == ["tuple"] and type(value["tuple"]) is list:
        return tuple(_value_of(entry, key) for entry in value["tuple"])
    raise refuse(f"{key!r} holds an unknown object")


def _restored_dict(pairs: list[Any], key: str) -> dict[Any, Any]:
    """Return a dict from the list of its keys, which are numbers or text, and values."""
    result = {}
    for pair in pairs:
        if type(pair) is not list or len(pair) != 2 or type(pair[0]) not in (bool, int, float, str):
            raise refuse(f"{key!r} holds a dict with an invalid entry")
        result[pair[0]] = _value_of(pair[1], key)
    if len(result) != len(pairs):
        raise refuse(f"{key!r} holds a dict with a duplicate key")
    return result


# ---------------------------------------------------------------------------------------------------------- labels


def storable_labels(classes: AnyArray) -> tuple[list[Any], str]:
    """Return a classifier's classes and the name of their dtype; raises TypeError if it cannot be stored exactly."""
    values: list[Any] = classes.tolist()
    name = f"U{max(1, *map(len, values))}" if classes.dtype.kind == "U" else classes.dtype.name
    if classes.dtype.kind not in "OU" and name not in NUMBERS:
        raise InvalidParameterError(
            f"labels of dtype {classes.dtype} cannot be saved: fit on integers, booleans, floats "
            "or text"
        )
    if classes.dtype.kind == "U" and classes.nbytes > MOST_TEXT:
        raise ValueError(
            f"the labels take {classes.nbytes} bytes, but a model file can contain at most "
            f"{MOST_TEXT}: shorten them"
        )
    return values, name


def dump_labels(labels: Labels) -> str:
    """Return a classifier's classes as JSON; raises as `storable_labels`."""
    values, name = storable_labels(labels.classes)
    if labels.classes.dtype.kind in "OU":
        values = [_restorable(value, "the label,") for value in values]
    if labels.classes.dtype.kind in "iu" and any(abs(value) > _EXACT for value in values):
        values = [str(value) for value in values]
    kind = "multilabel" if labels.kind == "multilabel" else "labels"
    return as_json({"kind": kind, "dtype": name, "values": values})


def dump_names(names: AnyArray) -> str:
    """Return feature names as JSON."""
    return as_json(
        [_restorable(str(name), f"the name of column {i},") for i, name in enumerate(names)]
    )


def load_names(text: str, n_features: int) -> AnyArray:
    """Return the feature names from the JSON of `dump_names`, after checking that they match the number of inputs.

    They are parsed one by one, because lists in lists would take 30 bytes of memory per character.
    """
    names: list[str] = []
    at, before = 0, "["
    while text.startswith(f'{before}"', at) and len(names) < n_features:
        try:
            name, at = _DECODER.raw_decode(text, at + 1)
        except ValueError:
            break
        names.append(name)
        before = ","
    if text[at:] != "]" or len(names) != n_features:
        raise refuse(f"'feature_names' is not a list of {n_features} texts")
    return np.array(names, object)


def dump_column_names(names: Sequence[object], owner: str) -> str:
    """Return column names that are not all text as JSON; raises TypeError if one cannot be stored."""
    text = as_json([plain_json(name, "a column name", owner) for name in names])
    if len(text) > _MOST_OBJECT:
        raise ValueError(
            f"the column names of {owner} take {len(text)} characters in a model file, which can "
            f"contain {_MOST_OBJECT} unless all names are text: rename the columns before fit"
        )
    return text


def load_column_names(text: str, n_columns: int) -> list[Any]:
    """Return the names from the JSON of `dump_column_names`, after checking that they match the number of columns."""
    names = parsed(text, "column_names")
    if type(names) is not list or len(names) != n_columns or not all(map(_is_name, names)):
        raise refuse(f"'column_names' is not a list of {n_columns} names")
    restored = [_value_of(name, "column_names") for name in names]
    if len(set(restored)) != n_columns:
        raise refuse("'column_names' has two equal names")
    return restored


def _is_name(value: Any) -> bool:
    """Return whether parsed JSON is a name: text, a number, None or a tuple of these."""
    entries = value["tuple"] if type(value) is dict and list(value) == ["tuple"] else [value]
    return type(entries) is list and not any(
        type(entry) is list or (type(entry) is dict and list(entry) != ["float"])
        for entry in entries
    )


# ------------------------------------------------------------------------------------------ categories of a table


def storable_categories(
    categories: Sequence[Sequence[object] | None], owner: str
) -> list[list[object] | None]:
    """Return the categories of each column, None for a column of numbers, as plain values; errors name the column."""
    for i, values in enumerate(categories):
        if values and _has_equal_hashes(values):
            raise ValueError(
                f"column {i} of {owner} has more than {MOST_EQUAL_HASHES} integers with the same "
                "hash, which a model file cannot contain: convert the column to text before fit"
            )
    return [
        None if values is None else [_category(value, i, owner) for value in values]
        for i, values in enumerate(categories)
    ]


def dump_categories(categories: Sequence[Sequence[object] | None], owner: str) -> str:
    """Return the categories of each column as JSON; raises as `storable_categories`."""
    for i, values in enumerate(categories):
        for value in values or ():
            if isinstance(value, str):
                _restorable(value, f"the category of column {i} of {owner},")
    return as_json(storable_categories(categories, owner))


def _category(value: object, column: int, owner: str) -> object:
    value = value.item() if isinstance(value, np.generic) else value
    if value is None or isinstance(value, str):
        return value if value is None else str(value)
    if type(value) in (bool, int) or (type(value) is float and math.isfinite(value)):
        return value
    raise InvalidParameterError(
        f"column {column} of {owner} has the category {value!r} of type {type(value).__name__}, "
        "which a model file cannot contain: convert the column to text or numbers before fit"
    )


def _has_equal_hashes(values: Sequence[object]) -> bool:
    """Return whether too many values share a hash: integers chosen to have equal remainders modulo 2**61 - 1."""
    return max(Counter(map(hash, values)).values()) > MOST_EQUAL_HASHES


def check_loaded_categories(categories: Sequence[Sequence[object] | None]) -> None:
    """Refuse a file with a column in which searches would take long."""
    if any(values and _has_equal_hashes(values) for values in categories):
        raise refuse("'categories' has a column in which too many integers have the same hash")
