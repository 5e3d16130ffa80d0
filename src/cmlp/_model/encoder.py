"""The encoder of a table's columns: how each column is read, and which inputs the networks see of it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._data.columns import (
    DATES,
    MAX_CATEGORIES,
    ColumnLayout,
    Seen,
    checked_column_types,
    seen_by_default,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from cmlp._model.summary import Summary

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
    type: str = "number"  # what it holds, by which it is parsed: see `cmlp._data.column_entries.type_of_entries`
    seen: Seen | None = None  # what fit has seen of its categories; None for numbers, and if it is not known

    @property
    def is_date(self) -> bool:
        """Whether its numbers are dates."""
        return self.type in DATES and self.categories is None

    @property
    def all_edges(self) -> list[NDArray[np.float64]]:
        """The edges of the column and of each of its parts."""
        return [self.edges, *(part.edges for part in self.parts)]

    @property
    def has_unlisted(self) -> bool:
        """Whether fit may have seen categories that are not among its `categories`."""
        if self.categories is None:
            return False
        seen = self.seen or self.assumed_seen
        return seen is None or seen.n > len(self.categories)

    @property
    def layout(self) -> ColumnLayout:
        """How it becomes inputs, but for its numbers."""
        return ColumnLayout(self.kind, self.n, self.missing, widths(self.parts) if self.parts else ())

    @property
    def assumed_seen(self) -> Seen | None:
        """What is assumed of `seen` if nothing is stored."""
        if self.categories is None:
            return None
        return seen_by_default(len(self.categories), is_ordered=self.type == "ordered")

    @property
    def numbers(self) -> list[NDArray[np.float64]]:
        """Centre and scale, edges, and the edges of each part of a column of numbers."""
        return [np.array([self.centre, self.scale]), *self.all_edges] if self.kind == "number" else []


UNUSED = EncodedColumn("unused", 0, False)


class ColumnEncoder:
    """The columns of a table, with the encoder of the core. It never changes.

    Attributes
    ----------
    columns : tuple of EncodedColumn
    layout : list of ColumnLayout
        Of each column, for the core, files and pickles.
    numbers : ndarray of float64
        Those of each column of numbers in one vector, for the same.
    """

    def __init__(self, columns: Iterable[EncodedColumn]) -> None:
        self.columns = tuple(columns)
        self.layout = [column.layout for column in self.columns]
        self.numbers = np.concatenate([np.empty(0), *(each for column in self.columns for each in column.numbers)])
        self.core = _core.Columns(self.layout, self.numbers)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.columns,)

    @property
    def types(self) -> tuple[str, ...]:
        """What each column holds."""
        return tuple(column.type for column in self.columns)

    @property
    def categories(self) -> list[Sequence[object] | None]:
        """The categories of each column in the order of their codes; None for a column of numbers."""
        return [column.categories for column in self.columns]

    @cached_property
    def codes(self) -> list[Mapping[object, int] | None]:
        """The code of each category, of each column; None for a column of numbers."""
        return [
            None if values is None else {value: code for code, value in enumerate(values)} for values in self.categories
        ]

    @property
    def seen(self) -> list[Seen | None]:
        """What fit has seen of the categories of each column."""
        return [column.seen for column in self.columns]

    @property
    def seen_numbers(self) -> NDArray[np.float64] | None:
        """The numbers of `seen` for files, 0 for columns without it; None if a reader assumes the same."""
        if all(column.seen in (None, column.assumed_seen) for column in self.columns):
            return None
        return np.array([column.seen or (0, 0.0) for column in self.columns], np.float64).T

    def gaps(self, summary: Summary | None) -> list[float]:
        """Return in which share of the training rows each column was missing, at most; NaN if not known.

        It is also NaN for a column that the networks do not see. Only the `summary` knows of shares
        above 0, from one value of each 32nd of the rows.
        """
        values = [None] * len(self.columns) if summary is None else summary.values.T
        return [_gap(*each) for each in zip(self.columns, values, strict=True)]

    @property
    def dates(self) -> tuple[int, ...]:
        """Columns of numbers that are dates."""
        return tuple(i for i, column in enumerate(self.columns) if column.is_date)


def _gap(column: EncodedColumn, values: NDArray[np.float64] | None) -> float:
    """Return the largest share of the training rows in which a column can have been missing, or NaN."""
    if column.kind == "unused":
        return np.nan
    categories = () if column.kind == "number" else column.categories or ()
    if column.kind == "category" and None not in categories:
        return 1 / MAX_CATEGORIES if column.has_unlisted else 0.0  # None may be a rarer category
    if column.kind == "number" and not column.missing:
        return 0.0
    if values is None:
        return np.nan
    absent = np.isnan(values) if column.kind == "number" else values == categories.index(None)
    return min(1.0, (np.count_nonzero(absent) + 1) / len(values))


def checked_encoder(
    layout: Sequence[ColumnLayout],
    numbers: NDArray[np.float64],
    categories: Sequence[Sequence[object] | None],
    types: Any,
    seen: Any = None,
) -> ColumnEncoder:
    """Return the encoder of a file or a pickle; raises ValueError if its parts do not fit each other.

    Without `types`, all columns are numbers or categories. `seen` are `ColumnEncoder.seen_numbers`.
    """
    types = checked_column_types(types, layout) or ["number" if values is None else "category" for values in categories]
    _core.Columns(layout, numbers)  # raises if they do not fit each other
    columns, rest = [], numbers
    for (kind, n, missing, part_widths), values, held in zip(layout, categories, types, strict=True):
        is_ordered = held == "ordered"
        if (kind == "number" and (values is not None) != is_ordered) or (is_ordered and values is None):
            raise ValueError("'categories' does not fit 'column_kinds'")
        if kind == "category" and (values is None or len(values) != n):
            raise ValueError("'categories' does not fit 'columns'")
        column = EncodedColumn(kind, n, missing, categories=values, type=held)
        if kind == "number":
            (centre, scale), edges, rest = rest[:2].tolist(), rest[2 : 2 + n], rest[2 + n :]
            parts = []
            for name, width in zip(PARTS, part_widths, strict=False):
                n_edges = width - 1 if width > N_WAVES else 0
                if width:
                    parts.append(Part(name, rest[:n_edges]))
                rest = rest[n_edges:]
            column = column._replace(centre=centre, scale=scale, edges=edges, parts=parts)
        columns.append(column)
    return ColumnEncoder(_with_seen(columns, seen))


def _with_seen(columns: list[EncodedColumn], seen: Any) -> list[EncodedColumn]:
    """Return columns with what fit has seen of their categories, or raise ValueError."""
    if seen is None:
        return [column._replace(seen=column.assumed_seen) for column in columns]
    numbers = np.asarray(seen)
    if numbers.dtype != np.float64 or numbers.shape != (2, len(columns)):
        raise ValueError(f"'categories.seen' must have two numbers for each of {len(columns)} columns")
    found = []
    for column, (n, rare) in zip(columns, numbers.T.tolist(), strict=True):
        listed = () if column.categories is None else column.categories
        is_nothing = n == 0 and rare == 0
        if not is_nothing and not (n == n // 1 and len(listed) <= n < np.inf and 0 <= rare <= 1 and listed):
            raise ValueError("'categories.seen' does not fit 'categories'")
        found.append(column._replace(seen=None if is_nothing else Seen(int(n), rare)))
    return found


def widths(parts: Sequence[Part]) -> tuple[int, ...]:
    """Return the number of inputs of each part of a date, with bins; 0 for one that it does not have."""
    present = {part.name: part.width() for part in parts}
    return tuple(present.get(name, 0) for name in PARTS)
