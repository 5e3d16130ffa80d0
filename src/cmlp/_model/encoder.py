"""The encoder of a table's columns: how each column is read, and which inputs the networks see of it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp import _core
from cmlp._data.columns import DATES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray


class EncodedColumn(NamedTuple):
    """A column of a table: with robust scaling and piecewise-linear encoding, or with codes from 0 to n - 1."""

    kind: str  # "number", "category" or "unused"
    n: int  # number of edges or categories
    missing: bool  # whether an input says that a number is missing
    centre: float = 0.0
    scale: float = 1.0
    edges: NDArray[np.float64] = np.empty(0)  # of the bins of a number, ascending; empty for other columns
    categories: Sequence[object] | None = None  # in the order of their codes; None for numbers


UNUSED = EncodedColumn("unused", 0, False)


class ColumnEncoder:
    """The columns of a table, with the encoder of the core: iterates over each `EncodedColumn`. It never changes.

    Attributes
    ----------
    kinds : sequence of (str, int, bool)
        Kind, number of edges or categories, and whether missing numbers have an input, of each column.
    numbers : ndarray of float64
        Centre, scale and edges of each column of numbers, in one vector.
    categories : sequence
        The categories of each column in the order of their codes; None for a column of numbers.
    types : sequence of str
        What each column holds, by which its entries are parsed, for example "date", see `cmlp._data.entries.kind_of`;
        empty if all are numbers or categories.
    """

    def __init__(
        self,
        kinds: Sequence[tuple[str, int, bool]],
        numbers: NDArray[np.float64],
        categories: Sequence[Sequence[object] | None],
        types: Sequence[str] = (),
    ) -> None:
        self.kinds, self.numbers, self.categories, self.types = kinds, numbers, categories, types
        self.core = _core.Columns(kinds, numbers)

    @classmethod
    def of(
        cls, columns: Sequence[EncodedColumn], codes: Sequence[Mapping[Any, int] | None], types: Sequence[str] = ()
    ) -> ColumnEncoder:
        """Return the encoder of columns with the codes of their categories, None for numbers."""
        numbers = [np.array([one.centre, one.scale, *one.edges]) for one in columns if one.kind == "number"]
        return cls(
            [one[:3] for one in columns],
            np.concatenate([np.empty(0), *numbers]),
            [None if known is None else sorted(known, key=known.__getitem__) for known in codes],
            types,
        )

    @cached_property
    def codes(self) -> list[Mapping[object, int] | None]:
        """The code of each category, of each column; None for a column of numbers."""
        return [None if each is None else {one: code for code, one in enumerate(each)} for each in self.categories]

    @property
    def dates(self) -> tuple[int, ...]:
        """Columns of numbers that are dates."""
        return tuple(i for i, one in enumerate(self.types) if one in DATES and self.categories[i] is None)

    def __len__(self) -> int:
        return len(self.kinds)

    def __iter__(self) -> Iterator[EncodedColumn]:
        at = 0
        for (kind, n, missing), categories in zip(self.kinds, self.categories, strict=True):
            centre, scale, edges = 0.0, 1.0, self.numbers[:0]
            if kind == "number":
                centre, scale = self.numbers[at : at + 2].tolist()
                edges = self.numbers[at + 2 : at + 2 + n]
                at += 2 + n
            yield EncodedColumn(kind, n, missing, centre, scale, edges, categories)
