"""The encoder of a table: robust scaling with smooth clipping, piecewise-linear encoding, one-hot encoding.

The core encodes; this module learns the columns. docs/arithmetic.md defines every rounding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cmlp import _core
from cmlp._inputs.scale import quantiles
from cmlp._pool import Pool
from cmlp._tables.splits import Signal, steps
from cmlp._threads import available_threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmlp._model.document import Column, TableColumns
    from cmlp._tables.columns import Codes

_MOST_ROWS = 100_000  # from which quartiles and steps are learned: of more rows without weights, a random choice
_ROWS_FOR_THREADS = 10_000  # that make threads worth their time
_LARGEST = 1e300  # quantiles are those of numbers clipped to it, so that their differences do not overflow


class NumberColumn(NamedTuple):
    """A column of numbers: median, interquartile range, and the edges of the piecewise-linear encoding."""

    centre: float
    scale: float
    edges: NDArray[np.float64]  # ascending, from the smallest number in training to the largest; empty for no encoding
    missing: bool  # whether an input says that the number is missing


class CategoryColumn(NamedTuple):
    """A column of categories with the codes 0 to n - 1; other codes are an unknown category."""

    n: int


class Encoder:
    """Turns raw columns, None if they are not used, into the inputs of a network, as `cmlp.h` defines them."""

    def __init__(self, columns: Sequence[NumberColumn | CategoryColumn | None]) -> None:
        self.columns = list(columns)
        self.core = _core.Columns(self.kinds, self.numbers)

    @classmethod
    def assembled(cls, columns: TableColumns) -> Encoder:
        """Return the encoder of the columns of a model's document."""
        return cls([_learned(column) for column in columns])

    def __reduce__(self) -> tuple[object, ...]:
        return Encoder, (self.columns,)

    @property
    def kinds(self) -> list[tuple[str, int, bool]]:
        """The kind of each column, its number of edges or categories, and whether missing numbers have an input."""
        return [_kind(column) for column in self.columns]

    @property
    def numbers(self) -> NDArray[np.float64]:
        """The centre, the scale and the edges of each column of numbers, in one vector."""
        each = (column for column in self.columns if isinstance(column, NumberColumn))
        return np.concatenate([np.empty(0), *(np.array([c.centre, c.scale, *c.edges]) for c in each)])

    def n_inputs(self, *, bins: bool) -> int:
        """Return the number of inputs with or without the piecewise-linear encoding; at least 1."""
        return self.core.width(bins)

    def encode(self, raw: NDArray[np.float64], *, bins: bool) -> NDArray[np.float32]:
        """Return the inputs of all rows, of shape (n_rows, n_inputs)."""
        return self.core.encode(raw, bins=bins)


def _learned(column: Column) -> NumberColumn | CategoryColumn | None:
    if column.kind == "number":
        return NumberColumn(column.centre, column.scale, column.edges, column.missing)
    return CategoryColumn(column.n) if column.kind == "category" else None


def _kind(column: NumberColumn | CategoryColumn | None) -> tuple[str, int, bool]:
    """Return the kind of a column, its number of edges or categories, and whether missing numbers have an input."""
    if isinstance(column, NumberColumn):
        return "number", len(column.edges), column.missing
    return ("category", column.n, False) if column is not None else ("unused", 0, False)


def learn_encoder(
    raw: NDArray[np.float64], codes: Sequence[Codes | None], signal: Signal, n_threads: int | None = None
) -> Encoder:
    """Return the encoder for raw training rows, from `Schema.read`; the signal of the rows chooses the edges.

    Piecewise-linear encoding with bins that depend on the target: Gorishniy, Rubachev, Babenko, "On embeddings for
    numerical features in tabular deep learning", 2022; there, an edge for each split of a decision tree. Here the two
    numbers beside a split are edges: the bin between them is a step, and a network needs it to jump where trees do.
    Smooth clipping: Holzmüller, Grinsztajn, Steinwart, "Better by default: strong pre-tuned MLPs and boosted trees on
    tabular data", 2024.
    """
    columns: list[NumberColumn | CategoryColumn | None] = [
        CategoryColumn(len(known)) if known is not None and len(known) > 1 else None for known in codes
    ]
    numbers = [i for i, known in enumerate(codes) if known is None]

    def learn(k: int) -> None:
        columns[numbers[k]] = _learn_number(raw[:, numbers[k]], signal)

    Pool(len(numbers), (n_threads or available_threads()) if len(raw) > _ROWS_FOR_THREADS else 1).run(learn)
    return Encoder(columns)


def _learn_number(x: NDArray[np.float64], signal: Signal) -> NumberColumn | None:
    absent = np.isnan(x)
    rows = np.flatnonzero(~absent)
    present = np.clip(x[rows], -_LARGEST, _LARGEST)
    smallest, largest = present.min(initial=np.inf), present.max(initial=-np.inf)
    if smallest >= largest:
        # A constant that is sometimes missing: that it is missing is all there is to know.
        return NumberColumn(float(present[0]), 1.0, np.empty(0), True) if len(present) and absent.any() else None
    if len(rows) > _MOST_ROWS and signal.weight is None:
        chosen = _core.Random(0).permutation(len(rows))[:_MOST_ROWS]
        rows, present = rows[chosen], present[chosen]
    known = signal.of(rows)
    low, centre, high = quantiles(present, (0.25, 0.5, 0.75), known.weight)
    scale = high - low if high > low else (largest - smallest) / 2
    edges = np.unique([smallest, *steps(present, known), largest])
    return NumberColumn(float(centre), float(scale) or 1.0, edges, bool(absent.any()))
