"""A copy of a table of Arrow that is read once: its columns, with nulls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


class ArrowColumn:
    """The entries of a column, and the name of its type; None, NaN or NaT for null.

    `levels` has the values of a dictionary if its type orders them.
    """

    def __init__(self, values: NDArray[Any], dtype: str, levels: NDArray[Any] | None = None) -> None:
        self.values, self.dtype, self.levels = values, dtype, levels

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self.values if dtype is None else self.values.astype(dtype)


class ArrowColumns:
    """The columns of a table, like a data frame."""

    def __init__(self, columns: list[str], values: list[ArrowColumn]) -> None:
        self.columns, self.values = columns, values
        self.shape = (len(values[0].values) if values else 0, len(columns))

    __array__ = None  # frames have it; this one is read column by column only

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, name: str) -> ArrowColumn:
        return self.values[self.columns.index(name)]
