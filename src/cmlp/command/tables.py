"""Read rows of numbers from files: CSV, NumPy's npy, idx and Parquet, each but the last also compressed by gzip."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import os
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmlp.console.options import CommandError
from cmlp.datasets import parse_idx

# How files of each format begin.
_GZIP, _NPY, _IDX, _PARQUET = b"\x1f\x8b", b"\x93NUMPY", b"\0\0", b"PAR1"
_DELIMITERS = ",;\t"


@dataclass(frozen=True)
class Table:
    """Rows of numbers with names of the columns, like a data frame.

    Attributes
    ----------
    values : ndarray of shape (n_rows, n_columns)
        uint8, float32 or float64.
    columns : list of str or None
    lines : sequence of int or None
        The line in the file of each row of a CSV file.
    kept : sequence of int or None
        The position in the file of each column, if columns were left out.
    """

    values: NDArray[Any]
    columns: Sequence[str] | None = None
    lines: Sequence[int] | None = None
    kept: Sequence[int] | None = None

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self.values if dtype is None else self.values.astype(dtype)

    def where(self, row: int, column: int) -> str:
        """Return the place of a value for a message; rows and columns are counted from 1."""
        place = f"row {row + 1}" if self.lines is None else f"line {self.lines[row]}"
        name = f"column {1 + (column if self.kept is None else self.kept[column])}"
        return f"{place}, {name}" if self.columns is None else f"{place}, {name} ({self.columns[column]!r})"


def read_table(path: str, header: str = "auto", dropped: Sequence[str] = ()) -> Table:
    """Read a file; its first bytes determine the format.

    Parameters
    ----------
    path : str
    dropped : sequence of str
        Columns to leave out, each given by its name or its number from 1. They may contain text.
    header : {"auto", "yes", "no"}
        Whether the first line of a CSV file has the names of the columns; "auto": if none of its values is a number.

    Raises
    ------
    CommandError
        If the file has no rows, or a value is missing, not a number, NaN or infinite. The message names the place.
    OSError
        If the file cannot be read.
    """
    with open(path, "rb") as file:
        is_parquet = file.read(len(_PARQUET)) == _PARQUET
    table = _read_parquet(path, dropped) if is_parquet else _read_content(path, header, dropped)
    if not table.values.size:
        raise CommandError(f"{path} contains no rows")
    _require_finite(path, table)
    return table


def _read_content(path: str, header: str, dropped: Sequence[str]) -> Table:
    with _opened(path) as file:
        values = _array(path, file)
        return _read_csv(path, file, header, dropped) if values is None else _matrix(path, values, dropped)


@contextlib.contextmanager
def _opened(path: str) -> Iterator[Any]:
    """Open a file for reading, decompressed if it is a gzip file."""
    with open(path, "rb") as raw:
        is_gzip = raw.read(len(_GZIP)) == _GZIP
        raw.seek(0)
        try:
            with gzip.open(raw) if is_gzip else raw as file:
                yield file
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise CommandError(f"{path} is not a valid gzip file: {error}") from error


def _array(path: str, file: Any) -> NDArray[Any] | None:
    """Return the array in an npy or idx file; None if it is neither, and the file is then at its start again."""
    start = file.read(len(_NPY))
    file.seek(0)
    if start == _NPY:
        return _read_npy(path, file)
    return parse_idx(file.read(), path) if start.startswith(_IDX) else None


def _read_npy(path: str, file: Any) -> NDArray[Any]:
    try:
        values: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    except ValueError as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
    return values


def _matrix(path: str, values: NDArray[Any], dropped: Sequence[str]) -> Table:
    """Return an array as rows of numbers; images become rows."""
    if values.dtype.kind not in "buif":
        raise CommandError(f"{path} must contain real numbers, got an array of dtype {values.dtype}")
    if values.ndim < 2:
        raise CommandError(f"{path} must contain a matrix or images, got an array of shape {values.shape}")
    keeps = values.dtype in (np.uint8, np.float32, np.float64)
    rows = (values if keeps else values.astype(np.float64)).reshape(len(values), -1 if len(values) else 0)
    if not dropped or not rows.size:
        return Table(rows)
    kept = _kept(path, rows.shape[1], None, dropped)
    return Table(rows[:, kept], kept=kept)


# ------------------------------------------------------------------------------------------------------------- CSV


def _read_csv(path: str, file: Any, header: str, dropped: Sequence[str]) -> Table:
    """Read delimited text: UTF-8, with comma, semicolon, tab or spaces between the values.

    Empty lines and lines that start with "#" are skipped.
    """
    kept: list[int] = []
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    numbers, lines = array("d"), array("q")
    names: list[str] | None = None
    width = None
    try:
        for line, cells in _rows(text):
            if width is None:
                width = len(cells)
                if header == "yes" or (header == "auto" and not any(map(_is_number, cells))):
                    names = [cell.strip() for cell in cells]
                kept = _kept(path, width, names, dropped)
                if names is not None:
                    continue
            if len(cells) != width:
                raise CommandError(f"{path}, line {line}: {len(cells)} values, but the first line has {width}")
            try:
                numbers.extend([float(cells[i]) for i in kept] if dropped else map(float, cells))
            except ValueError:
                raise _not_a_number(path, line, cells, names, kept) from None
            lines.append(line)
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is not a CSV file in UTF-8, and not npy, idx or Parquet: {error}") from error
    except csv.Error as error:
        raise CommandError(f"{path} cannot be read as CSV: {error}") from error
    finally:
        text.detach()  # the caller closes the file
    names = None if names is None else [names[i] for i in kept]
    return Table(np.frombuffer(numbers).reshape(len(lines), len(kept)), names, lines, kept)


def _rows(text: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number and the values of each row."""
    lines = enumerate(text, 1)
    last, first = next((pair for pair in lines if not _is_comment(pair[1])), (0, ""))
    delimiter = max(_DELIMITERS, key=first.count) if any(map(first.count, _DELIMITERS)) else " "

    def source() -> Iterator[str]:
        nonlocal last
        yield first
        for last, line in lines:  # noqa: B007 - `last` is read below
            yield line

    for cells in csv.reader(source(), delimiter=delimiter, skipinitialspace=True):
        while delimiter == " " and cells and not cells[-1]:
            cells.pop()  # spaces at the end of a line
        if any(cell.strip() for cell in cells) and not _is_comment(cells[0] or ","):
            yield last, cells


def _is_comment(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _not_a_number(path: str, line: int, cells: list[str], names: list[str] | None, kept: Sequence[int]) -> CommandError:
    """Return the error for the first cell of a row that is not a number."""
    column = next(i for i in kept if not _is_number(cells[i]))
    name = "" if names is None else f" ({names[column]!r})"
    what = f"{cells[column]!r} is not a number" if cells[column].strip() else "the value is missing"
    return CommandError(f"{path}, line {line}, column {column + 1}{name}: {what}")


# --------------------------------------------------------------------------------------------------------- Parquet


def _read_parquet(path: str, dropped: Sequence[str]) -> Table:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise CommandError(
            "reading Parquet needs the package pyarrow: install it with `pip install 'cmlp[parquet]'`"
        ) from error
    try:
        table = parquet.read_table(os.fspath(path))
    except (pyarrow.ArrowException, OSError) as error:
        raise CommandError(f"{path} cannot be read as Parquet: {error}") from error
    columns = []
    kept = _kept(path, table.num_columns, table.column_names, dropped)
    table = table.select(kept)
    for name, column in zip(table.column_names, table.columns, strict=True):
        values = column.to_numpy()  # a missing number is NaN
        if values.dtype.kind not in "buif":
            raise CommandError(f"{path}: column {name!r} must contain numbers, got {column.type}")
        columns.append(values)
    same = {values.dtype for values in columns}
    dtype = same.pop() if len(same) == 1 and same <= {np.dtype(np.uint8), np.dtype(np.float32)} else np.float64
    values = np.empty((table.num_rows, len(columns)), dtype)
    for i, column in enumerate(columns):
        values[:, i] = column
    return Table(values, table.column_names, kept=kept)


# ---------------------------------------------------------------------------------------------------------- checks


def _require_finite(path: str, table: Table) -> None:
    if table.values.dtype.kind != "f" or np.isfinite(table.values).all():
        return
    row, column = np.argwhere(~np.isfinite(table.values))[0]
    raise CommandError(f"{path}, {table.where(row, column)}: the value is {table.values[row, column]}")


def read_labels(path: str, classes: Sequence[object]) -> NDArray[Any]:
    """Read one label for each row: an npy or idx file, or a text file with one label a line.

    Parameters
    ----------
    path : str
    classes : sequence
        The labels that can occur.

    Raises
    ------
    CommandError
        If a label is not one of the classes.
    OSError
        If the file cannot be read.
    """
    with _opened(path) as file:
        values = _array(path, file)
        text = "" if values is not None else file.read().decode("utf-8-sig")
    if values is None:
        by_text = {str(label): label for label in classes}
        found: list[object] = [by_text.get(line.strip(), line) for line in text.splitlines() if line.strip()]
    else:
        found = values.reshape(-1).tolist()
    known = set(classes)
    unknown = next((label for label in found if label not in known), None)
    if unknown is not None:
        raise CommandError(f"{path}: {unknown!r} is not a class of the model")
    return np.asarray(found)


def _kept(path: str, width: int, names: Sequence[str] | None, dropped: Sequence[str]) -> list[int]:
    """Return the columns that are not dropped."""
    columns = set()
    for text in dropped:
        if names is not None and text in names:
            columns.add(list(names).index(text))
        elif text.isdecimal() and 1 <= int(text) <= width:
            columns.add(int(text) - 1)
        else:
            raise CommandError(f"{path} has no column {text!r}: name a column, or a number from 1 to {width}")
    return [i for i in range(width) if i not in columns]


def inputs(table: Table, path: str, n_inputs: int, names: Sequence[str] | None) -> Table:
    """Return the columns that a model needs; raises CommandError if they are not the columns of the table.

    Parameters
    ----------
    table : Table
    path : str
        The table's file, for messages.
    n_inputs : int
        Number of inputs of the model.
    names : sequence of str or None
        The model's feature names. If the table has names too, columns are found by name, in any order.
    """
    width = table.values.shape[1]
    if names is not None and table.columns is not None:
        return _by_name(table, path, names)
    if width != n_inputs:
        hint = "; leave the column of labels out with --drop" if width == n_inputs + 1 else ""
        raise CommandError(f"{path} has {width} columns, but the model has {n_inputs} inputs{hint}")
    return Table(table.values, names, table.lines)


def _by_name(table: Table, path: str, names: Sequence[str]) -> Table:
    assert table.columns is not None
    if len(set(table.columns)) < len(table.columns):
        raise CommandError(f"{path} has two columns of the same name")
    at = {name: i for i, name in enumerate(table.columns)}
    missing = [name for name in names if name not in at]
    if missing:
        raise CommandError(f"{path} has no column {missing[0]!r}, which the model needs")
    extra = [name for name in table.columns if name not in set(names)]
    if extra:
        raise CommandError(
            f"{path} has the column {extra[0]!r}, which the model does not need: leave it out with --drop"
        )
    if list(table.columns) == list(names):
        return table
    return Table(table.values[:, [at[name] for name in names]], list(names), table.lines)
