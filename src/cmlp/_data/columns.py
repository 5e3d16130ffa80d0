"""Typed columns of a file, which behave as those of pyarrow."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

# What a column can hold, with the name of its type as pyarrow has it.
KINDS = {
    "number": "double",
    "integer": "int64",
    "boolean": "bool",
    "date": "date32[day]",
    "time": "timestamp[us]",
    "instant": "timestamp[us, tz=UTC]",
    "text": "string",
}
MICROSECONDS_OF_A_DAY = 86_400_000_000
DATES = ("date", "time", "instant")  # a day, a point in time without offset, and one with an offset, in UTC


def objects(values: Iterable[object]) -> NDArray[Any]:
    """Return an array with a value of Python in each entry."""
    entries = list(values)
    found = np.empty(len(entries), object)
    found[:] = entries
    return found


class Column:
    """A column of a file.

    Parameters
    ----------
    values : ndarray
        Numbers, where NaN is missing; bool; datetime64, in UTC if they have offsets; or objects: text, or exact
        integers, where None is missing. Integers and booleans of which some are missing are float64.
    kind : str
        A word of `KINDS`.
    """

    def __init__(self, values: NDArray[Any], kind: str) -> None:
        self.values, self.kind, self.dtype = values, kind, KINDS[kind]

    def __len__(self) -> int:
        return len(self.values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        values = self.values
        if self.kind == "integer" and values.dtype == object and None in values.tolist():
            values = values.astype(np.float64)
        return values if dtype is None else values.astype(dtype)

    def to_pylist(self) -> list[Any]:
        """Return the entries as values of Python, integers exactly; None where they are missing."""
        entries: list[Any] = self.values.tolist()
        if self.values.dtype.kind == "f":
            restored = {"number": float, "integer": int, "boolean": bool}[self.kind]
            return [None if entry != entry else restored(entry) for entry in entries]
        if self.kind == "instant":
            return [entry and entry.replace(tzinfo=UTC) for entry in entries]
        return entries

    def take(self, rows: NDArray[np.intp]) -> Column:
        """Return some rows."""
        return Column(self.values[rows], self.kind)
