"""Rows of which this process has only some, because other workers have the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmlp._data.sparse import CSR


class StoredRows:
    """Stands for `n_rows` rows of which only those from `first` on are in this process, while it trains with others."""

    def __init__(self, stored: NDArray[Any], first: int, n_rows: int) -> None:
        self.stored, self.first = stored, first
        self.shape, self.dtype = (n_rows, stored.shape[1]), stored.dtype

    def __len__(self) -> int:
        return self.shape[0]


def stored_rows(X: NDArray[Any] | CSR) -> NDArray[Any] | CSR:
    """Return the rows that this process has."""
    return X.stored if isinstance(X, StoredRows) else X
