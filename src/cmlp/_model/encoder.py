"""The encoder of a table's columns: how each column is read, and which inputs the networks see of it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._data.columns import DATES, ColumnLayout, checked_column_types

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray


PARTS = {"day": (1.0, 0.0), "week": (7.0, 4.0), "year": (365.2425, 0.0)}  # the period, and the day on which one begins
N_WAVES = 2  # inputs of a part that are not bins


class Part(NamedTuple):
    """A part of a date that begins anew with each day, week or year."""

    name: str  # of PARTS
    edges: NDArray[np.float64]  # of its bins, in days of the period; empty without bins

    def width(self, *, bins: bool = True) -> int:
        """Return its number of inputs."""
        return N_WAVES + bins * max(len(self.edges) - 1, 0)

    def days(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the place of dates in the period, in days from its begin: whole days but for the time of day."""
        return self._since(x) - self.number(x) * PARTS[self.name][0]

    def number(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the number of the period of dates."""
        return np.asarray(np.floor(self._since(x) / PARTS[self.name][0]))

    def _since(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((x if self.name == "day" else np.floor(x)) - PARTS[self.name][1])


class EncodedColumn(NamedTuple):
    """A column of a table: with robust scaling and piecewise-linear encoding, or with codes from 0 to n - 1."""

    kind: str  # "number", "category" or "unused"
    n: int  # number of edges or categories
    missing: bool  # whether an input says that a number is missing
    centre: float = 0.0
    scale: float = 1.0
    edges: NDArray[np.float64] = np.empty(0)  # of the bins of a number, ascending; empty for other columns
    categories: Sequence[object] | None = None  # in the order of their codes; None for numbers
    parts: Sequence[Part] = ()  # of a date, in the order of PARTS

    @property
    def all_edges(self) -> list[NDArray[np.float64]]:
        """The edges of the column and of each of its parts."""
        return [self.edges, *(part.edges for part in self.parts)]


UNUSED = EncodedColumn("unused", 0, False)


class ColumnEncoder:
    """The columns of a table, with the encoder of the core: iterates over each `EncodedColumn`. It never changes.

    Attributes
    ----------
    layout : sequence of ColumnLayout
        Of each column.
    numbers : ndarray of float64
        Centre, scale, edges and edges of the parts of each column of numbers, in one vector.
    categories : sequence
        The categories of each column in the order of their codes; None for a column of numbers.
    column_types : sequence of str
        What each column holds, by which its entries are parsed, for example "date", see
        `cmlp._data.column_entries.type_of_entries`; empty if all are numbers or categories.
    """

    def __init__(
        self,
        layout: Sequence[ColumnLayout],
        numbers: NDArray[np.float64],
        categories: Sequence[Sequence[object] | None],
        column_types: Sequence[str] = (),
    ) -> None:
        self.layout, self.numbers, self.categories, self.column_types = layout, numbers, categories, column_types
        self.core = _core.Columns(layout, numbers)

    @property
    def types(self) -> Sequence[str]:
        """The type of each column, also if all are numbers or categories."""
        return self.column_types or ["number" if categories is None else "category" for categories in self.categories]

    @classmethod
    def of(
        cls,
        columns: Sequence[EncodedColumn],
        codes: Sequence[Mapping[Any, int] | None],
        column_types: Sequence[str] = (),
    ) -> ColumnEncoder:
        """Return the encoder of columns with the codes of their categories, None for numbers."""
        numbers: list[NDArray[np.float64]] = []
        for column in columns:
            if column.kind == "number":
                numbers += [np.array([column.centre, column.scale]), *column.all_edges]
        return cls(
            [ColumnLayout(*column[:3], widths(column.parts) if column.parts else ()) for column in columns],
            np.concatenate([np.empty(0), *numbers]),
            [None if its_codes is None else sorted(its_codes, key=its_codes.__getitem__) for its_codes in codes],
            column_types,
        )

    @cached_property
    def codes(self) -> list[Mapping[object, int] | None]:
        """The code of each category, of each column; None for a column of numbers."""
        return [
            None if values is None else {value: code for code, value in enumerate(values)} for values in self.categories
        ]

    @property
    def dates(self) -> tuple[int, ...]:
        """Columns of numbers that are dates."""
        return tuple(i for i, name in enumerate(self.column_types) if name in DATES and self.categories[i] is None)

    def __len__(self) -> int:
        return len(self.layout)

    def __iter__(self) -> Iterator[EncodedColumn]:
        at = 0
        for (kind, n, missing, widths), categories in zip(self.layout, self.categories, strict=True):
            centre, scale, edges, parts = 0.0, 1.0, self.numbers[:0], []
            if kind == "number":
                centre, scale = self.numbers[at : at + 2].tolist()
                edges = self.numbers[at + 2 : at + 2 + n]
                at += 2 + n
            for name, width in zip(PARTS, widths, strict=False):
                n_edges = width - 1 if width > N_WAVES else 0
                if width:
                    parts.append(Part(name, self.numbers[at : at + n_edges]))
                at += n_edges
            yield EncodedColumn(kind, n, missing, centre, scale, edges, categories, parts)


def checked_encoder(
    layout: Sequence[ColumnLayout],
    numbers: NDArray[np.float64],
    categories: Sequence[Sequence[object] | None],
    column_types: Any,
) -> ColumnEncoder:
    """Return the encoder of a file or a pickle; raises ValueError if its parts do not fit each other."""
    types = checked_column_types(column_types, layout)
    for i, (column, values) in enumerate(zip(layout, categories, strict=True)):
        is_ordered = bool(types) and types[i] == "ordered"
        if (column.kind == "number" and (values is not None) != is_ordered) or (is_ordered and values is None):
            raise ValueError("'categories' does not fit 'column_kinds'")
        if column.kind == "category" and (values is None or len(values) != column.n):
            raise ValueError("'categories' does not fit 'columns'")
    return ColumnEncoder(layout, numbers, categories, types)


def widths(parts: Sequence[Part]) -> tuple[int, ...]:
    """Return the number of inputs of each part of a date, with bins; 0 for one that it does not have."""
    present = {part.name: part.width() for part in parts}
    return tuple(present.get(name, 0) for name in PARTS)
