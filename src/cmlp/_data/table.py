"""Rows of numbers with the names of their columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Table:
    """Rows of numbers (uint8, float32 or float64) with names of the columns, like a data frame.

    `kept` has the position in the file of each column if some were left out, and `first` is that of the first row.
    """

    values: NDArray[Any]
    columns: Sequence[str] | None = None
    kept: Sequence[int] | None = None
    first: int = 0

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self.values if dtype is None else self.values.astype(dtype)

    def where(self, row: int, column: int) -> str:
        """Return the place of a value for a message; rows and columns are counted from 1."""
        name = f"column {1 + (column if self.kept is None else self.kept[column])}"
        named = name if self.columns is None else f"{name} ({self.columns[column]!r})"
        return f"row {row + 1 + self.first}, {named}"
