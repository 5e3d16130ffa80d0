"""The encoder of a table: robust scaling with smooth clipping, piecewise-linear encoding, one-hot encoding.

The core encodes; this module learns the columns. docs/arithmetic.md defines every rounding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmlp import _core
from cmlp._data.scale import quantiles
from cmlp._estimators.splits import Signal, steps
from cmlp._model.encoder import UNUSED, ColumnEncoder, EncodedColumn
from cmlp._process.pool import Pool
from cmlp._process.threads import available_threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmlp._data.schema import Schema

_MOST_ROWS = 100_000  # from which quartiles and steps are learned: of more rows without weights, a random choice
_ROWS_FOR_THREADS = 10_000  # that make threads worth their time
_LARGEST = 1e300  # quantiles are those of numbers clipped to it, so that their differences do not overflow


def learn_encoder(
    raw: NDArray[np.float64], schema: Schema, signal: Signal, n_threads: int | None = None
) -> ColumnEncoder:
    """Return the columns for raw training rows, from `Schema.read`; the signal of the rows chooses the edges.

    Piecewise-linear encoding with bins that depend on the target: Gorishniy, Rubachev, Babenko, "On embeddings for
    numerical features in tabular deep learning", 2022; there, an edge for each split of a decision tree. Here the two
    numbers beside a split are edges: the bin between them is a step, and a network needs it to jump where trees do.
    Smooth clipping: Holzmüller, Grinsztajn, Steinwart, "Better by default: strong pre-tuned MLPs and boosted trees on
    tabular data", 2024.
    """
    codes = schema.codes
    columns = [
        UNUSED if known is None or len(known) < 2 else EncodedColumn("category", len(known), False) for known in codes
    ]
    numbers = [i for i, known in enumerate(codes) if known is None]

    def learn(k: int) -> None:
        columns[numbers[k]] = _learn_number(raw[:, numbers[k]], signal)

    Pool(len(numbers), (n_threads or available_threads()) if len(raw) > _ROWS_FOR_THREADS else 1).run(learn)
    return ColumnEncoder.of(columns, codes, schema.kinds)


def _learn_number(x: NDArray[np.float64], signal: Signal) -> EncodedColumn:
    absent = np.isnan(x)
    rows = np.flatnonzero(~absent)
    present = np.clip(x[rows], -_LARGEST, _LARGEST)
    smallest, largest = present.min(initial=np.inf), present.max(initial=-np.inf)
    if smallest >= largest:
        # A constant that is sometimes missing: that it is missing is all there is to know.
        return EncodedColumn("number", 0, True, float(present[0])) if len(present) and absent.any() else UNUSED
    if len(rows) > _MOST_ROWS and signal.weight is None:
        chosen = _core.Random(0).permutation(len(rows))[:_MOST_ROWS]
        rows, present = rows[chosen], present[chosen]
    known = signal.of(rows)
    low, centre, high = quantiles(present, (0.25, 0.5, 0.75), known.weight)
    scale = high - low if high > low else (largest - smallest) / 2
    edges = np.unique([smallest, *steps(present, known), largest])
    return EncodedColumn("number", len(edges), bool(absent.any()), float(centre), float(scale) or 1.0, edges)
