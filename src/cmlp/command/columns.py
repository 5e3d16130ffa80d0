"""The rows and targets of a file for training: a memory-mapped npy file, CSV in memory, or Parquet in blocks."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp.command.contents import NPY, PARQUET, is_mapped, mapped, opened
from cmlp.command.tables import Table, column_number, kept_columns, read_cells, read_table
from cmlp.console.options import CommandError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmlp.datasets import ParquetBlocks


class Rows(NamedTuple):
    """Rows with their targets; X has the names of the columns if the file has them."""

    X: Any
    y: NDArray[Any]


def read_rows(path: str, target: str, header: str, dropped: Sequence[str], max_bytes: int) -> Rows | ParquetBlocks:
    """Return the rows of a file and one of its columns as targets.

    Parameters
    ----------
    path : str
    target : str
        Name of the column of targets, or its number from 1.
    header, dropped, max_bytes
        As for `read_table`.

    Raises
    ------
    CommandError, ValueError, ImportError
        If the file has no such column, or cannot be read as a table.
    OSError
        If the file cannot be read.
    """
    with opened(path, max_bytes) as file:
        start = file.peek(len(NPY))
        if start.startswith(PARQUET):
            return _parquet(path, target, dropped)
        if start.startswith(NPY):
            return _npy(path, target, dropped)
        with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
            cells = read_cells(path, text, header, target)
    table = read_table(path, header, [*dropped, target], max_bytes)
    return Rows(table.values if table.columns is None else table, as_targets(cells))


def _npy(path: str, target: str, dropped: Sequence[str]) -> Rows:
    """Map the file; a target in the first or the last column leaves X in place."""
    if not is_mapped(path):
        raise CommandError(f"{path} must not be compressed: training maps an npy file")
    values = mapped(path)
    if values.ndim != 2 or not values.size or values.dtype.kind not in "buif":
        raise CommandError(
            f"{path} must contain a matrix of real numbers with at least one row, got an array of shape {values.shape} "
            f"and dtype {values.dtype}"
        )
    at = column_number(path, values.shape[1], None, target)
    kept = kept_columns(path, values.shape[1], None, [*dropped, target])
    contiguous = kept == list(range(kept[0], kept[-1] + 1)) if kept else False
    X = values[:, kept[0] : kept[-1] + 1] if contiguous else np.ascontiguousarray(values[:, kept])
    return Rows(X, _whole(np.array(values[:, at])))


def _parquet(path: str, target: str, dropped: Sequence[str]) -> ParquetBlocks:
    from cmlp.datasets import ParquetBlocks
    from cmlp.datasets.parquet import column_names

    names = column_names(path)
    at = column_number(path, len(names), names, target)
    kept = kept_columns(path, len(names), names, [*dropped, target])
    return ParquetBlocks(path, names[at], columns=[names[i] for i in kept])


def as_targets(cells: Sequence[str]) -> NDArray[Any]:
    """Return integers if all cells are such, or else numbers, or else text."""
    for kind in (int, float):
        try:
            values = [kind(cell) for cell in cells]
        except ValueError:
            continue
        if not all(math.isfinite(value) for value in values):
            break
        return _whole(np.array(values))
    return np.array([cell.strip() for cell in cells])


def _whole(values: NDArray[Any]) -> NDArray[Any]:
    """Return floats that are integers as integers, so that labels are printed as such."""
    if values.dtype.kind == "f" and np.isfinite(values).all() and (values == np.trunc(values)).all():
        return values.astype(np.int64)
    return values


def in_memory(data: Rows | ParquetBlocks) -> Rows:
    """Return all rows at once."""
    if isinstance(data, Rows):
        return data
    blocks = [(np.asarray(_values(X)), np.asarray(y)) for X, y in data]
    X, y = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return Rows(Table(X, data.columns), y)


def _values(X: Any) -> Any:
    from cmlp.inputs.arrow import read

    return read(X, "X")
