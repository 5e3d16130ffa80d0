"""The rows of a file: as a matrix, or as typed columns, with what the estimators ask of a data frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.columns import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class TypedTable:
    """Columns by their names, for the estimators for tables."""

    def __init__(self, names: Sequence[str], values: Sequence[Any]) -> None:
        self.columns, self.values = list(names), list(values)
        self.shape = (len(values[0]) if values else 0, len(self.columns))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, name: str) -> Any:
        return self.values[self.columns.index(name)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        found = np.empty(self.shape, object)
        for i, column in enumerate(self.values):
            found[:, i] = column.to_pylist()
        return found

    def take(self, rows: NDArray[np.intp]) -> TypedTable:
        """Return some rows; a table of pyarrow has this method, too."""
        return TypedTable(self.columns, [column.take(rows) for column in self.values])


@dataclass(frozen=True)
class Table:
    """Rows of numbers (uint8, float32 or float64) with names of the columns.

    `kept` has the position in the file of each column if some were left out, and `first` is that of the first row.
    """

    values: NDArray[Any]
    columns: Sequence[str] | None = None
    kept: Sequence[int] | None = None
    first: int = 0

    def __len__(self) -> int:
        return len(self.values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self.values if dtype is None else self.values.astype(dtype)

    def where(self, row: int, column: int) -> str:
        """Return the place of a value for a message; rows and columns are counted from 1."""
        name = f"column {1 + (column if self.kept is None else self.kept[column])}"
        named = name if self.columns is None else f"{name} ({self.columns[column]!r})"
        return f"row {row + 1 + self.first}, {named}"


def joined(tables: Sequence[Any]) -> Any:
    """Return the rows of tables with the same columns; a column of dates that has times somewhere is one of times."""
    if len(tables) == 1:
        return tables[0]
    if isinstance(tables[0], Table):
        return replace(tables[0], values=np.concatenate([one.values for one in tables]))
    parts = zip(*(table.values for table in tables), strict=True)
    columns = [Column(np.concatenate([one.values for one in same]), max(one.kind for one in same)) for same in parts]
    return TypedTable(tables[0].columns, columns)
