"""The encoder of a table: robust scaling with smooth clipping, piecewise-linear encoding, one-hot encoding.

Every operation is one addition, subtraction, multiplication, division or square root of doubles, and each result is
rounded to float32 once, so the inputs are the same on every platform.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmlp.tables.columns import Codes

N_BINS = 16
CLIP = 3.0  # numbers are squeezed smoothly to (-3, 3)
FAR = 1e9  # numbers beyond it are CLIP after squeezing; their squares could overflow
_ROWS = 4096  # encoded at a time, to use little memory


class NumberColumn(NamedTuple):
    """A column of numbers.

    Attributes
    ----------
    centre, scale : float
        The median and the distance between the quartiles.
    edges : ndarray of shape (n_bins + 1,)
        Edges of the piecewise-linear encoding, ascending; empty for no encoding.
    missing : bool
        Whether an input says that the number is missing.
    """

    centre: float
    scale: float
    edges: NDArray[np.float64]
    missing: bool

    def width(self, bins: bool) -> int:
        """Return the number of inputs."""
        return 1 + max(len(self.edges) - 1, 0) * bins + self.missing

    def encode(self, x: NDArray[np.float64], out: NDArray[np.float32], bins: bool) -> None:
        """Write the inputs of some rows."""
        absent = np.isnan(x)
        z = (np.where(absent, self.centre, x) - self.centre) / self.scale
        z = np.minimum(np.maximum(z, -FAR), FAR)
        third = z / CLIP
        out[:, 0] = z / np.sqrt(1 + third * third)
        if bins and len(self.edges):
            parts = (x[:, None] - self.edges[:-1]) / (self.edges[1:] - self.edges[:-1])
            parts = np.minimum(np.maximum(parts, 0.0), 1.0) - 0.5
            parts[absent] = 0.0
            out[:, 1 : len(self.edges)] = parts
        if self.missing:
            out[:, -1] = absent


class CategoryColumn(NamedTuple):
    """A column of categories with the codes 0 to n - 1; other codes are an unknown category: zeros."""

    n: int

    def width(self, bins: bool) -> int:
        """Return the number of inputs."""
        return 1 if self.n == 2 else self.n

    def encode(self, x: NDArray[np.float64], out: NDArray[np.float32], bins: bool) -> None:
        """Write the inputs of some rows: 1 for the row's category; 1 and -1 in one input for two categories."""
        if self.n == 2:
            out[:, 0] = (x == 0) * 1.0 - (x == 1)
        else:
            out[...] = x[:, None] == np.arange(self.n)


class Encoder:
    """Turns raw columns (numbers, and codes of categories) into the inputs of a network.

    Parameters
    ----------
    columns : list of NumberColumn, CategoryColumn or None
        None for a column that is constant in the training rows: it is not used.
    """

    def __init__(self, columns: Sequence[NumberColumn | CategoryColumn | None]) -> None:
        self.columns = list(columns)

    def n_inputs(self, *, bins: bool) -> int:
        """Return the number of inputs with or without the piecewise-linear encoding; at least 1."""
        return max(1, sum(column.width(bins) for column in self.columns if column is not None))

    def encode(self, raw: NDArray[np.float64], *, bins: bool) -> NDArray[np.float32]:
        """Return the inputs of all rows, of shape (n_rows, n_inputs)."""
        inputs = np.zeros((len(raw), self.n_inputs(bins=bins)), np.float32)
        for start in range(0, len(raw), _ROWS):
            rows, out = raw[start : start + _ROWS], inputs[start : start + _ROWS]
            first = 0
            for i, column in enumerate(self.columns):
                if column is not None:
                    last = first + column.width(bins)
                    column.encode(rows[:, i], out[:, first:last], bins)
                    first = last
        return inputs


def learn_encoder(raw: NDArray[np.float64], codes: Sequence[Codes | None]) -> Encoder:
    """Return the encoder for training rows.

    Parameters
    ----------
    raw : ndarray of shape (n_rows, n_columns)
        Numbers and codes of categories, from `Schema.read`.
    codes : list of dict or None
        The codes of each column's categories; None for a column of numbers.

    Notes
    -----
    Piecewise-linear encoding on quantile bins: Gorishniy, Rubachev, Babenko, "On embeddings for numerical features in
    tabular deep learning", 2022. Smooth clipping: Holzmüller, Grinsztajn, Steinwart, "Better by default: strong
    pre-tuned MLPs and boosted trees on tabular data", 2024.
    """
    columns: list[NumberColumn | CategoryColumn | None] = []
    for i, known in enumerate(codes):
        if known is None:
            columns.append(_learn_number(raw[:, i]))
        else:
            columns.append(CategoryColumn(len(known)) if len(known) > 1 else None)
    return Encoder(columns)


def _learn_number(x: NDArray[np.float64]) -> NumberColumn | None:
    absent = np.isnan(x)
    present = x[~absent]
    if not len(present) or present.min() == present.max():
        # A constant that is sometimes missing: that it is missing is all there is to know.
        return NumberColumn(float(present[0]), 1.0, np.empty(0), True) if len(present) and absent.any() else None
    low, centre, high = np.quantile(present, (0.25, 0.5, 0.75))
    scale = high - low if high > low else (present.max() - present.min()) / 2
    edges = np.unique(np.quantile(present, np.linspace(0, 1, N_BINS + 1)))
    if len(edges) < 3 or len(np.unique(present)) <= 2:
        edges = np.empty(0)
    return NumberColumn(float(centre), float(scale), edges, bool(absent.any()))
