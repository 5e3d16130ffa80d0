"""Labels, categories and names in the tensors of a model file, which the core has checked.

The format is that of docs/model-file.md; `src/cmlp/core/file/read/model_values.c` checks it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._bridge import _core
from cmlp._data.columns import texts_of_names
from cmlp._data.json_texts import (
    MOST_TEXT,
    NUMBERS,
    Metadata,
    check_loaded_categories,
    dump_column_names,
    load_column_names,
    number_of_digits,
    refuse,
    storable_labels,
)
from cmlp._model.calibration import CALIBRATION, ROWS
from cmlp.exceptions import ModelFormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cmlp._data.array_types import AnyArray
    from cmlp._model.description import Draft
    from cmlp._model.model import TrainedModel
    from cmlp._model.table_columns import Layout


_MISSING, _TEXT, _DOUBLE, _INTEGER, _BOOLEAN, _LARGE = range(6)  # the type of a value
_LARGEST = 2**63  # integers from here on are large
# The dtype of labels without a key that names another one; `large` integers are unsigned.
_DTYPES = {_TEXT: "U", _DOUBLE: "float64", _INTEGER: "int64", _BOOLEAN: "bool", _LARGE: "uint64"}
_KINDS = {number: name for name, number in _core.COLUMN_KINDS.items()}
_SCORES = {number: name for name, number in _core.CALIBRATION_KINDS.items()}


def load_texts(metadata: Metadata, name: str) -> list[str] | None:
    """Return the texts of the tensors `name.ends` and `name.text`; None if the file has none."""
    ends, text = metadata.array(f"{name}.ends"), metadata.array(f"{name}.text")
    if ends is None:
        return None
    content = b"" if text is None else text.tobytes()
    return [
        content[start:end].decode("utf-8", "surrogatepass")
        for start, end in pairwise([0, *ends.tolist()])
    ]


def _dtype_to_store(classes: AnyArray) -> str | None:
    """Return the name of the dtype of labels; None if it is the usual one of their type."""
    values, name = storable_labels(classes)
    kind = classes.dtype.kind
    is_large = kind == "u" and max(values) >= _LARGEST
    types = {"U": _TEXT, "O": _TEXT, "b": _BOOLEAN, "f": _DOUBLE}
    usual = _DTYPES[_LARGE if is_large else types.get(kind, _INTEGER)]
    name = "U" if kind == "U" else name
    return None if name == usual else name


def load_classes(metadata: Metadata) -> AnyArray | None:
    """Return the labels of a classifier; None if the file has none."""
    types, texts = metadata.array("labels.type"), load_texts(metadata, "labels")
    if types is None or texts is None:
        return None
    value_type = types.item()
    name = metadata.string("labels_dtype")
    if name is None:
        name = _DTYPES[value_type]
        if name == "U" and not _have_equal_width(texts):
            name = "object"
    allowed = ("U", "object") if value_type == _TEXT else NUMBERS
    if name not in allowed or (name == "U" and not _have_equal_width(texts)):
        raise refuse("the labels have an unknown type, or take too much memory")
    values = _label_values(metadata, value_type, texts)
    try:
        with np.errstate(over="ignore"):
            classes = np.array(values, name)
        is_same = classes.tolist() == values
    except (TypeError, ValueError, OverflowError):
        is_same = False
    if not is_same:
        raise refuse("the labels are not values of their type")
    return classes


def _have_equal_width(texts: list[str]) -> bool:
    """Return whether texts can be an array whose elements have the width of the longest one.

    It would lose the NUL at the end of a text.
    """
    is_small = 4 * max(map(len, texts)) * len(texts) <= MOST_TEXT
    return is_small and not any(text.endswith("\0") for text in texts)


def _label_values(metadata: Metadata, value_type: int, texts: list[str]) -> list[Any]:
    if value_type == _TEXT:
        return texts
    if value_type == _LARGE:  # the small ones among them are digits, too
        return [int(text) for text in texts]
    stored = metadata.array("labels.number" if value_type == _DOUBLE else "labels.integer")
    assert stored is not None
    return [bool(value) if value_type == _BOOLEAN else value for value in stored.tolist()]


def load_categories(metadata: Metadata, n_columns: int) -> list[list[Any] | None]:
    """Return the categories of each column of a table; None for a column without any."""
    counts, types = metadata.array("categories.counts"), metadata.array("categories.type")
    if counts is None or types is None:
        return [None] * n_columns
    texts = iter(load_texts(metadata, "categories") or [""] * len(types))
    numbers = _remaining(metadata.array("categories.number"))
    integers = _remaining(metadata.array("categories.integer"))
    columns: list[list[Any] | None] = []
    first = 0
    for count in counts.tolist():
        kinds = types[first : first + count].tolist()
        first += count
        doubles = [next(numbers) for _ in kinds] if _DOUBLE in kinds else [0.0] * count
        is_integer = _INTEGER in kinds or _BOOLEAN in kinds
        whole = [next(integers) for _ in kinds] if is_integer else [0] * count
        values = zip(kinds, [next(texts) for _ in kinds], doubles, whole, strict=True)
        columns.append([_category(*value) for value in values] or None)
    check_loaded_categories(columns)
    return columns


def _remaining(values: AnyArray | None) -> Iterator[Any]:
    return iter([] if values is None else values.tolist())


def _category(value_type: int, text: str, number: float, integer: int) -> Any:
    if value_type == _MISSING:
        return None
    if value_type == _TEXT:
        return text
    if value_type == _LARGE:
        return int(text)
    if value_type == _DOUBLE:
        return number
    return bool(integer) if value_type == _BOOLEAN else integer


def load_kinds(metadata: Metadata) -> list[str] | None:
    """Return what each column of a table holds; None if the file does not say it."""
    kinds = metadata.array("columns.kinds")
    return None if kinds is None else [_KINDS[kind] for kind in kinds.tolist()]


_OWN_WORDS, _OF_SPREADSHEETS = 1, 2  # bits of the third byte of "cells.form"


def load_cell_format(metadata: Metadata) -> dict[str, Any] | None:
    """Return the fields of a `CellFormat`; None if the file has none."""
    form, missing = metadata.array("cells.form"), load_texts(metadata, "cells")
    if form is None and missing is None:
        return None
    decimal, thousands, *rules = (ord("."), 0) if form is None else form.tolist()
    (bits,) = rules or (0,)
    return {
        "decimal": chr(decimal),
        "thousands": chr(thousands) if thousands else "",
        "missing": missing or [],
        "has_own_words": bool(bits & _OWN_WORDS),
        "of_spreadsheets": bool(bits & _OF_SPREADSHEETS),
    }


def load_calibration_kind(metadata: Metadata) -> dict[str, str] | None:
    """Return the kind of scores and which rows they are of; None for an unknown kind or no scores."""
    stored = metadata.array("calibration.kind")
    if stored is None:
        return None
    kind, rows = stored.tolist()
    if kind not in _SCORES:
        return None
    return {"kind": _SCORES[kind], "rows": ROWS[rows - 1]}


# ------------------------------------------------------- what a file has of the values of a model


def strings_of(model: TrainedModel) -> dict[str, str]:
    """Return what the core does not write of labels and names: their dtype, and names that are no text."""
    strings = {}
    dtype = None if model.labels is None else _dtype_to_store(model.labels.classes)
    if dtype is not None:
        strings["labels_dtype"] = dtype
    if model.names is not None and texts_of_names(model.names) is None:
        strings["column_names"] = dump_column_names(model.names, model.class_name)
    return strings


_STATISTICS = ("one_hot", "statistics")  # numbers of inputs of a column with statistics


def _load_input_scale(metadata: Metadata, _: Draft) -> float | tuple[Any, Any]:
    factor, shift = metadata.array("input.factor"), metadata.array("input.shift")
    if factor is None or shift is None:
        return number_of_digits(metadata.required("input_scale"))
    if not np.isfinite([factor, shift]).all():
        problem = "a shift or factor of the inputs is NaN or infinite"
        raise ModelFormatError(problem, "CMLP_ERROR_FILE_NONFINITE")
    if not factor.all():
        raise ModelFormatError("a factor of the inputs is 0", "CMLP_ERROR_FILE_VALUE")
    return shift, factor


def _load_classes(metadata: Metadata, draft: Draft) -> AnyArray | None:
    if draft.kind != "classifier":
        return None
    return load_classes(metadata)


def _count_columns(metadata: Metadata) -> int:
    """Return the number of columns of a table, before they are read."""
    return metadata.required("columns").count(",") + 1


def _load_names(metadata: Metadata, draft: Draft) -> Sequence[object] | None:
    if draft.kind == "network":
        return None
    n = _count_columns(metadata) if draft.is_table else draft.net.n_in
    if (text := metadata.string("column_names")) is not None:
        return load_column_names(text, n)
    return load_texts(metadata, "names")


def _load_layout(metadata: Metadata, _: Draft) -> list[Layout]:
    return [_layout(word) for word in metadata.required("columns").split(",")]


def _layout(word: str) -> Layout:
    """Return `TableColumn.layout` of the word of a column, such as "number_or_missing:3/week:2"."""
    from cmlp._model.table_columns import PARTS  # programs without tables do not need it

    column, *parts = word.split("/")
    role, _, n = column.partition(":")
    widths = dict(part.split(":") for part in parts)
    names = _STATISTICS if role == "category" else PARTS
    has_widths = not widths.keys().isdisjoint(names)
    all_widths = tuple(int(widths.get(name, 0)) for name in names) if has_widths else ()
    return role.removesuffix("_or_missing"), int(n or 0), role == "number_or_missing", all_widths


def _load_missing(metadata: Metadata, _: Draft) -> list[int] | None:
    """Return how many values of each column mean a missing one; None if there are none."""
    words = [word.partition("/missing:") for word in metadata.required("columns").split(",")]
    counts = [int(n or 0) for _, _, n in words]
    return counts if any(counts) else None


def _load_categories(metadata: Metadata, _: Draft) -> list[list[object] | None]:
    return load_categories(metadata, _count_columns(metadata))


def _load_targets(metadata: Metadata, _: Draft) -> list[str | None] | None:
    texts = load_texts(metadata, "targets")
    return None if texts is None else [*texts]


def _load_threshold(metadata: Metadata, _: Draft) -> float | None:
    found = metadata.array("table.threshold")
    threshold: float | None = None if found is None else found.item()
    return threshold


# What the core writes in a form of its own, by the names of values.
_CORE: Mapping[str, Callable[[Metadata, Draft], object]] = {
    "kind": lambda metadata, _: metadata.required("kind"),
    "input_scale": _load_input_scale,
    "labels": _load_classes,
    "names": _load_names,
    "layout": _load_layout,
    "categories": _load_categories,
    "types": lambda metadata, _: load_kinds(metadata),
    "formats": lambda metadata, _: load_texts(metadata, "columns.formats"),
    "n_missing": _load_missing,
    "words": lambda metadata, _: load_texts(metadata, "cells"),
    "targets": _load_targets,
    "threshold": _load_threshold,
}
_OBJECTS_OF_CORE = {"cells": load_cell_format, CALIBRATION: load_calibration_kind}


class ModelContent:
    """What a file has of a model, also what the core has written in a form of its own."""

    def __init__(self, metadata: Metadata, draft: Draft) -> None:
        self._metadata, self._draft = metadata, draft
        self._objects: dict[str, Mapping[str, Any] | None] = {}

    def array(self, key: str) -> Any:
        """Return an array, or what has this key in `_CORE`; None if there is none."""
        read = _CORE.get(key)
        return self._metadata.array(key) if read is None else read(self._metadata, self._draft)

    def members(self, key: str) -> Mapping[str, Any] | None:
        """Return the members of an object, which is read once; None if there is none with this key."""
        if key not in self._objects:
            read = _OBJECTS_OF_CORE.get(key)
            self._objects[key] = (
                self._metadata.members(key) if read is None else read(self._metadata)
            )
        return self._objects[key]
