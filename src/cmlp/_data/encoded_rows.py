"""`EncodedRows`: rows as the core reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np

from cmlp._data.array_types import AnyArray, NDArray
from cmlp._data.arrays import CSR, section, stacked, taken
from cmlp._data.weights import weights_of_rows


class EncodedRows(NamedTuple):
    """Rows as the core reads them: the inputs, the targets that y became, and the weights.

    All records of rows that are trained on, measured or held back are of this type. What the user gave is
    `CheckedRows`, whose y is not encoded.
    """

    X: AnyArray | CSR
    targets: AnyArray
    weight: NDArray[np.float64] | None
    number: int = 0  # of the block, if the rows are one of a source

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        n_rows: int = self.X.shape[0]
        return n_rows

    def take(self, row_index: NDArray[np.intp]) -> Self:
        """Return a copy of some rows."""
        weight = weights_of_rows(self.weight, row_index)
        return self._replace(
            X=taken(self.X, row_index), targets=self.targets[row_index], weight=weight
        )

    def section(self, start: int, stop: int) -> Self:
        """Return the rows from `start` to `stop` (exclusive) without a copy of their values."""
        weight = weights_of_rows(self.weight, slice(start, stop))
        return self._replace(
            X=section(self.X, start, stop), targets=self.targets[start:stop], weight=weight
        )

    @classmethod
    def joined(cls, parts: Sequence[EncodedRows]) -> Self:
        """Return the rows of all parts, of which all or none have weights."""
        weights = [part.weight for part in parts if part.weight is not None]
        return cls(
            stacked([part.X for part in parts]),
            np.concatenate([part.targets for part in parts]),
            np.concatenate(weights) if weights else None,
        )
