"""Conversion of parameters, labels and feature names to JSON without loss, with a strict parser."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp.exceptions import ModelFormatError
from cmlp.inputs.labels import Labels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_EXACT = 2**53  # larger integers are stored as text, because JavaScript would round them
_MOST_TEXT = 2**28  # limit in bytes for an array of text labels, in which all labels have the width of the longest
_MOST_OBJECT = 2**16  # limit in characters for parameters, history and training state
_CLASSES = re.compile(r'\{"kind":"(labels|multilabel)","dtype":"([A-Za-z]{1,7}[0-9]{0,9})","values":\[')
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}|[1-9][0-9]{19}")
_NUMBERS = {"bool", "float16", "float32", "float64", *(f"{s}int{bits}" for s in ("", "u") for bits in (8, 16, 32, 64))}


def refuse(what: str) -> ModelFormatError:
    """Return the error for metadata that do not follow the format."""
    return ModelFormatError(f"the metadata do not follow the format: {what}", "CMLP_ERROR_FILE_SYNTAX")


def dump(value: object) -> str:
    """Return a value as JSON in printable ASCII."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def load(text: str, key: str) -> Any:
    """Parse short JSON; raises ModelFormatError if it is invalid, repeats a key or contains NaN."""
    if len(text) > _MOST_OBJECT:
        raise refuse(f"{key!r} has more than {_MOST_OBJECT} characters")
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        raise refuse(f"{key!r} is not JSON") from None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("duplicate key")
    return result


def _no_constant(name: str) -> float:
    raise ValueError(name)


_DECODER = json.JSONDecoder(object_pairs_hook=_distinct, parse_constant=_no_constant)


# ------------------------------------------------------------------------------------------------------ parameters


def dump_parameters(parameters: Mapping[str, object], owner: str) -> str:
    """Return constructor parameters as JSON; raises TypeError with the name of a parameter that cannot be stored."""
    return dump({name: _plain(value, name, owner) for name, value in parameters.items()})


def _plain(value: object, name: str, owner: str) -> object:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, list):
        return [_plain(entry, name, owner) for entry in value]
    if isinstance(value, tuple) or (isinstance(value, np.ndarray) and value.ndim == 1):
        return {"tuple": [_plain(entry, name, owner) for entry in value]}
    if type(value) is dict:
        return {"dict": [[_plain(entry, name, owner) for entry in pair] for pair in value.items()]}
    raise TypeError(
        f"{name} of {owner} is a {type(value).__name__}, which a model file cannot contain: "
        f"set it to a number, a str, None or a list of these before saving"
    )


def load_parameters(text: str, key: str = "parameters") -> dict[str, Any]:
    """Return the parameters from the JSON of `dump_parameters`."""
    parameters = load(text, key)
    if type(parameters) is not dict:
        raise refuse(f"{key!r} is not a JSON object")
    return {name: _restored(value, key) for name, value in parameters.items()}


def _restored(value: Any, key: str) -> Any:
    if type(value) is list:
        return [_restored(entry, key) for entry in value]
    if type(value) is not dict:
        return value
    if list(value) == ["float"] and value["float"] in ("inf", "-inf", "nan"):
        return float(value["float"])
    if list(value) == ["dict"] and type(value["dict"]) is list:
        return _restored_dict(value["dict"], key)
    if list(value) == ["tuple"] and type(value["tuple"]) is list:
        return tuple(_restored(entry, key) for entry in value["tuple"])
    raise refuse(f"{key!r} holds an unknown object")


def _restored_dict(pairs: list[Any], key: str) -> dict[Any, Any]:
    """Return a dict from the list of its keys, which are numbers or text, and values."""
    result = {}
    for pair in pairs:
        if type(pair) is not list or len(pair) != 2 or type(pair[0]) not in (bool, int, float, str):
            raise refuse(f"{key!r} holds a dict with an invalid entry")
        result[pair[0]] = _restored(pair[1], key)
    if len(result) != len(pairs):
        raise refuse(f"{key!r} holds a dict with a duplicate key")
    return result


# ---------------------------------------------------------------------------------------------------------- labels


def dump_labels(labels: Labels) -> str:
    """Return a classifier's classes as JSON; raises TypeError if their dtype cannot be stored exactly."""
    classes = labels.classes
    values: list[Any] = classes.tolist()
    name = f"U{_width(values)}" if classes.dtype.kind == "U" else classes.dtype.name
    if classes.dtype.kind not in "OU" and name not in _NUMBERS:
        raise TypeError(f"labels of dtype {classes.dtype} cannot be saved: fit on integers, booleans, floats or text")
    if classes.dtype.kind == "U" and classes.nbytes > _MOST_TEXT:
        raise ValueError(
            f"the labels take {classes.nbytes} bytes, but a model file can contain at most {_MOST_TEXT}: shorten them"
        )
    if classes.dtype.kind in "iu" and any(abs(value) > _EXACT for value in values):
        values = [str(value) for value in values]
    kind = "multilabel" if labels.kind == "multilabel" else "labels"
    return dump({"kind": kind, "dtype": name, "values": values})


def load_labels(text: str, n_outputs: int) -> Labels:
    """Return the labels from the JSON of `dump_labels`, after checking that they match the number of outputs."""
    start = _CLASSES.match(text)
    if start is None:
        raise refuse("'classes' has an unknown kind, or lacks an entry")
    kind, name = start.groups()
    # One logistic output separates two classes.
    most = 2 if kind == "labels" and n_outputs == 1 else n_outputs
    values = _flat_list(text, start.end(), "]}", most, "classes")
    if not (most == 2 and n_outputs == 1) and (len(values) != n_outputs or (kind == "labels" and n_outputs == 2)):
        raise refuse(f"{len(values)} classes do not fit {n_outputs} outputs")
    classes = _array(name, values)
    if (kind == "multilabel" and values != list(range(n_outputs))) or not (classes[:-1] < classes[1:]).all():
        raise refuse("the classes are not sorted")
    return Labels(kind, classes)


def _flat_list(text: str, at: int, end: str, most: int, key: str) -> list[Any]:
    """Parse the JSON values from `at` on: scalars without white space, at most `most`, then the text `end`.

    The number of values is limited while they are parsed, because lists in lists take 30 bytes of memory per character.
    """
    values: list[Any] = []
    while text[at : at + 1] not in ("[", "{", "") and len(values) < most:
        try:
            value, at = _DECODER.raw_decode(text, at)
        except ValueError:
            break
        values.append(value)
        if text.startswith(end, at) and at + len(end) == len(text):
            return values
        if text[at : at + 1] != ",":
            break
        at += 1
    raise refuse(f"{key!r} is not a list of {most} values")


def _array(name: str, values: list[Any]) -> NDArray[Any]:
    """Return values as an array of the named dtype; raises ModelFormatError if it cannot represent them exactly."""
    if name == "object" or name[0] == "U":
        wanted: type = str
    elif name in _NUMBERS:
        wanted = bool if name == "bool" else float if name[0] == "f" else int
        values = _integers(name, values) if wanted is int else values
    else:
        raise refuse(f"labels of type {name!r} are unknown")
    if any(type(value) is not wanted for value in values) or (name[0] == "U" and name != f"U{_width(values)}"):
        raise refuse(f"labels of type {name!r} have other values")
    if name == "object":
        return np.array(values, object)
    if wanted is str and 4 * _width(values) * len(values) > _MOST_TEXT:
        raise refuse("the labels take too much memory")
    try:
        array = np.array(values, name)
    except (ValueError, OverflowError):
        raise refuse(f"labels of type {name!r} have other values") from None
    if any(value != item.item() for value, item in zip(values, array, strict=True)):
        raise refuse(f"labels of type {name!r} do not hold the values")
    return array


def _width(labels: list[str]) -> int:
    """Return the number of letters of the longest label, at least 1."""
    return max(1, *map(len, labels))


def _integers(name: str, values: list[Any]) -> list[int]:
    """Return the values of integer labels, which are all text if one is beyond 2^53, else none."""
    if all(type(value) is str and _INTEGER.fullmatch(value) for value in values):
        numbers = [int(value) for value in values]
    elif all(type(value) is int for value in values):
        numbers = values
    else:
        raise refuse(f"labels of type {name!r} have other values")
    if (numbers is values) == any(abs(number) > _EXACT for number in numbers):
        raise refuse("integer labels are text if one of them is beyond 2^53, else numbers")
    return numbers


def dump_names(names: NDArray[Any]) -> str:
    """Return feature names as JSON."""
    return dump([str(name) for name in names])


def load_names(text: str, n_features: int) -> NDArray[Any]:
    """Return the feature names from the JSON of `dump_names`, after checking that they match the number of inputs."""
    names = _flat_list(text, 1, "]", n_features, "feature_names") if text[:1] == "[" else []
    if any(type(name) is not str for name in names) or len(names) != n_features:
        raise refuse(f"'feature_names' is not a list of {n_features} texts")
    return np.array(names, object)
