"""The rows and targets of a file for training: in memory, a memory-mapped npy file, or the blocks of large Parquet."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._command.contents import IDX, NPY, PARQUET, is_mapped, mapped, opened
from cmlp._command.selection import Selection, column_number, without
from cmlp._command.tables import NotNumbersError, Table, parquet_columns, read_blocks, read_column, read_table
from cmlp._console.options import CommandError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmlp.datasets import ParquetBlocks


_IMAGES, _LABELS = "images-idx", "labels-idx"  # parts of the names of MNIST's files, before the number of dimensions


class Rows(NamedTuple):
    """Rows with their targets; X has the names of the columns if the file has them."""

    X: Any
    y: NDArray[Any]


def read_data(
    arguments: Any, report: Callable[[float], None] | None = None
) -> tuple[Rows | ParquetBlocks, Rows | ParquetBlocks | None]:
    """Return the rows that the options of a command name, and the validation rows.

    `report` gets the share of a CSV file with --target that has been read.
    """
    if arguments.validation is None and arguments.validation_labels is not None:
        raise CommandError("--validation-labels needs --validation DATA: the rows that have these labels")
    reading = arguments.header, arguments.drop, arguments.max_bytes
    data, held = read_rows(arguments.data, arguments.target, arguments.labels, *reading, report), None
    if arguments.validation is not None:
        held = read_rows(arguments.validation, arguments.target, arguments.validation_labels, *reading)
    return data, held


def read_rows(
    path: str,
    target: str | None,
    labels: str | None,
    header: str,
    dropped: Sequence[str],
    max_bytes: int,
    report: Callable[[float], None] | None = None,
) -> Rows | ParquetBlocks:
    """Return the rows of a file, and one of its columns or the content of another file as targets."""
    with opened(path, max_bytes) as file:
        start = file.peek(len(NPY))
    if target is None:
        if labels is None and not (start.startswith(IDX) and _IMAGES in os.path.basename(path)):
            raise CommandError(f"{path} needs --target COLUMN or --labels FILE")
        return _labelled(path, start, labels or _labels_beside(path), header, dropped, max_bytes)
    if labels is not None:
        raise CommandError("--target and --labels exclude each other")
    if start.startswith(PARQUET):
        return _parquet(path, target, dropped, max_bytes)
    if start.startswith(NPY):
        return _npy(path, target, dropped)
    if start.startswith(IDX):
        raise CommandError(f"{path} has no columns of labels: use --labels FILE instead of --target")
    table = read_table(path, header, without([*dropped, target]), max_bytes, target, report)
    return Rows(table.values if table.columns is None else table, as_targets(table.targets))


def _labels_beside(path: str) -> str:
    """Return the path of the labels of a file of images: "train-labels-idx1-ubyte" for "train-images-idx3-ubyte"."""
    folder, name = os.path.split(path)
    start, _, rest = name.partition(_IMAGES)
    return os.path.join(folder, f"{start}{_LABELS}1{rest[1:]}")


def _labelled(path: str, start: bytes, labels: str, header: str, dropped: Sequence[str], max_bytes: int) -> Rows:
    if start.startswith(PARQUET):
        raise CommandError(f"{path} must have a column of targets: use --target")
    values = read_column(labels, max_bytes)
    targets = as_targets(values) if isinstance(values, list) else _whole(values)
    if start.startswith(NPY):
        array = _mapped_matrix(path)
        X: Any = _columns(array, without(dropped)(path, array.shape[1], None))
    else:
        table = read_table(path, header, without(dropped), max_bytes)
        X = table.values if table.columns is None else table
    n_rows = len(np.asarray(X))
    if len(targets) != n_rows:
        raise CommandError(f"{labels} has {len(targets)} labels for {n_rows} rows")
    return Rows(X, targets)


def _npy(path: str, target: str, dropped: Sequence[str]) -> Rows:
    """Map the file; a target in the first or the last column leaves X in place."""
    values = _mapped_matrix(path)
    at = column_number(path, values.shape[1], None, target)
    kept = without([*dropped, target])(path, values.shape[1], None)
    return Rows(_columns(values, kept), _whole(np.array(values[:, at])))


def _mapped_matrix(path: str) -> NDArray[Any]:
    if not is_mapped(path):
        raise CommandError(f"{path} must not be compressed: training maps an npy file")
    values = mapped(path)
    if values.ndim < 2 or not values.size or values.dtype.kind not in "buif":
        raise CommandError(
            f"{path} must contain a matrix of real numbers with at least one row, got an array of shape {values.shape} "
            f"and dtype {values.dtype}"
        )
    return values.reshape(len(values), -1)


def _columns(values: NDArray[Any], kept: list[int]) -> NDArray[Any]:
    """Return some columns of a matrix, in place if they are adjacent."""
    contiguous = kept == list(range(kept[0], kept[-1] + 1)) if kept else False
    return values[:, kept[0] : kept[-1] + 1] if contiguous else np.ascontiguousarray(values[:, kept])


def _parquet(path: str, target: str, dropped: Sequence[str], max_bytes: int) -> Rows | ParquetBlocks:
    from cmlp.datasets import ParquetBlocks
    from cmlp.datasets._parquet import content_size, schema

    names = schema(path)[0]
    name = names[column_number(path, len(names), names, target)]
    select = without([*dropped, target])
    blocks = ParquetBlocks(path, name, columns=parquet_columns(path, select)[1])
    if not blocks.n_rows:
        raise CommandError(f"{path} contains no rows")
    if (size := content_size(path)) > max_bytes:
        try:
            next(read_blocks(path, "auto", select, max_bytes))
        except NotNumbersError as error:
            what = f"it is trained in memory: use --max-bytes {size} or more, or leave the column out with --drop"
            raise CommandError(f"{error}. The model of a table takes it, but {what}") from None
        return blocks
    targets = _parquet_targets(path, name)  # first, so that a missing target is named before a missing number
    return Rows(read_table(path, "auto", select, max_bytes), targets)


def parquet_with_targets(path: str, target: str, select: Selection) -> tuple[Any, NDArray[Any]]:
    """Return the selected columns of a Parquet file as an Arrow table, and a column as targets."""
    from cmlp.datasets._parquet import read_columns, schema

    names = schema(path)[0]
    at = names[column_number(path, len(names), names, target)]
    return read_columns(path, parquet_columns(path, select)[1]), _parquet_targets(path, at)


def _parquet_targets(path: str, name: str) -> NDArray[Any]:
    from cmlp.datasets._parquet import read_columns

    y = _values(read_columns(path, [name]).column(0), f"column {name!r} of {path}")
    return y.astype(str) if y.dtype == object else _whole(y)


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
    blocks = [(np.asarray(_values(X, "X")), np.asarray(y)) for X, y in data]
    X, y = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return Rows(Table(X, data.columns), y)


def _values(value: Any, name: str) -> Any:
    from cmlp._inputs.arrow import read

    return read(value, name)
