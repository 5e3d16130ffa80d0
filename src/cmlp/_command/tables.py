"""Read rows of numbers from files: CSV, NumPy's npy, idx and Parquet, each but the last also compressed by gzip."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmlp._command.contents import NPY, PARQUET, is_mapped, mapped, opened, read_array, too_large
from cmlp._command.selection import Selection, column_number
from cmlp._console.options import CommandError

BLOCK_ROWS = 8192
_DELIMITERS = ",;\t"


class NotNumbersError(CommandError):
    """Delimited text or Parquet has cells that are not numbers: text, dates or missing values."""


@dataclass(frozen=True)
class Table:
    """Rows of numbers (uint8, float32 or float64) with names of the columns, like a data frame.

    `lines` has the line of each row in a CSV file, `kept` the position in the file of each column if some were left
    out, `first` that of the first row, and `targets` the cells of a column that was asked for.
    """

    values: NDArray[Any]
    columns: Sequence[str] | None = None
    lines: Sequence[int] | None = None
    kept: Sequence[int] | None = None
    first: int = 0
    targets: Sequence[str] = ()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self.values if dtype is None else self.values.astype(dtype)

    def where(self, row: int, column: int) -> str:
        """Return the place of a value for a message; rows and columns are counted from 1."""
        place = f"row {row + 1 + self.first}" if self.lines is None else f"line {self.lines[row]}"
        name = f"column {1 + (column if self.kept is None else self.kept[column])}"
        return f"{place}, {name}" if self.columns is None else f"{place}, {name} ({self.columns[column]!r})"


def read_table(
    path: str,
    header: str,
    select: Selection,
    max_bytes: int,
    target: str | None = None,
    report: Callable[[float], None] | None = None,
) -> Table:
    """Read a file; its first bytes determine the format. `max_bytes` limits what a compressed file contains.

    `target` is a column of delimited text whose cells are returned as they are. `report` gets the share of the file
    that has been read.

    Raises CommandError with the place if a value is missing, not a number, NaN or infinite, or there are no rows.
    """
    with opened(path, max_bytes, report) as file:
        if file.peek(len(PARQUET)).startswith(PARQUET):
            table = _read_parquet(path, select, max_bytes)
        elif (values := read_array(file, path)) is not None:
            table = _matrix(path, values, select)
        else:
            with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
                table = _read_csv(path, text, header, select, target)
    if not table.values.size:
        raise CommandError(f"{path} contains no rows")
    _require_finite(path, table)
    return table


def read_blocks(path: str, header: str, select: Selection, max_bytes: int) -> Iterator[Table]:
    """Yield the rows of a file in blocks: Parquet and npy files may be larger than memory.

    The arguments and errors are those of `read_table`; `max_bytes` does not limit Parquet.
    """
    with opened(path, max_bytes) as file:
        start = file.peek(len(NPY))
    if start.startswith(PARQUET):
        yield from _parquet_blocks(path, select)
    elif start.startswith(NPY) and is_mapped(path):
        values = mapped(path)
        if not values.size:
            raise CommandError(f"{path} contains no rows")
        _require_matrix(path, values)
        for first in range(0, len(values), BLOCK_ROWS):
            table = replace(_matrix(path, values[first : first + BLOCK_ROWS], select), first=first)
            _require_finite(path, table)
            yield table
    else:
        table = read_table(path, header, select, max_bytes)
        for first in range(0, len(table.values), BLOCK_ROWS):
            part = slice(first, first + BLOCK_ROWS)
            lines = None if table.lines is None else table.lines[part]
            yield replace(table, values=table.values[part], lines=lines, first=first)


def _parquet_blocks(path: str, select: Selection) -> Iterator[Table]:
    first = 0
    for block, kept in arrow_blocks(path, select):
        table = replace(_of_arrow(path, block, kept), first=first)
        _require_finite(path, table)
        first += len(table.values)
        yield table


def arrow_blocks(path: str, select: Selection) -> Iterator[tuple[Any, list[int]]]:
    """Yield the selected columns of a Parquet file as tables of pyarrow in blocks, and their positions in the file."""
    from cmlp.datasets import _parquet

    is_empty = True
    try:
        kept, used = parquet_columns(path, select)
        for batch in _parquet.batches([path], used, BLOCK_ROWS):
            import pyarrow

            yield pyarrow.Table.from_batches([batch]).select(used), kept  # in the order of the selection
            is_empty = False
    except (ImportError, ValueError) as error:
        raise CommandError(str(error)) from error
    if is_empty:
        raise CommandError(f"{path} contains no rows")


def parquet_columns(path: str, select: Selection) -> tuple[list[int], list[str]]:
    """Return the positions and the names of the selected columns of a Parquet file, which is read by name."""
    from cmlp.datasets import _parquet

    names = _parquet.schema(path)[0]
    kept = select(path, len(names), names)
    used = [names[i] for i in kept]
    if {*used} & {name for name, count in Counter(names).items() if count > 1}:
        raise CommandError(f"{path} has two columns of the same name")
    return kept, used


def _require_matrix(path: str, values: NDArray[Any]) -> None:
    if values.ndim < 2:
        raise CommandError(f"{path} must contain a matrix or images, got an array of shape {values.shape}")


def _matrix(path: str, values: NDArray[Any], select: Selection) -> Table:
    if values.dtype.kind not in "buif":
        raise CommandError(f"{path} must contain real numbers, got an array of dtype {values.dtype}")
    _require_matrix(path, values)
    keeps = values.dtype in (np.uint8, np.float32, np.float64)
    rows = (values if keeps else values.astype(np.float64)).reshape(len(values), -1 if len(values) else 0)
    if not rows.size:
        return Table(rows)
    kept = select(path, rows.shape[1], None)
    return Table(rows) if len(kept) == rows.shape[1] else Table(rows[:, kept], kept=kept)


# ------------------------------------------------------------------------------------------------------------- CSV


def _read_csv(path: str, text: Iterable[str], header: str, select: Selection, target: str | None) -> Table:
    """Read delimited text: UTF-8, with comma, semicolon, tab or spaces between the values.

    Empty lines and lines that start with "#" are skipped.
    """
    kept: list[int] = []
    is_whole = True
    numbers, lines = array("d"), array("q")
    names: list[str] | None = None
    width = at = None
    targets: list[str] = []
    for line, cells in delimited_rows(path, text):
        if width is None:
            width = len(cells)
            names = names_in(header, cells)
            at = None if target is None else column_number(path, width, names, target)
            kept = select(path, width, names)
            is_whole = kept == list(range(width))
            if names is not None:
                continue
        if len(cells) != width:
            raise CommandError(f"{path}, line {line}: {len(cells)} values, but the first line has {width}")
        if at is not None:
            if not cells[at].strip():
                raise CommandError(f"{path}, line {line}, column {at + 1}: the value is missing")
            targets.append(cells[at])
        try:
            numbers.extend(_floats(cells if is_whole else [cells[i] for i in kept]))
        except ValueError:
            raise _not_a_number(path, line, cells, names, kept) from None
        lines.append(line)
    names = None if names is None else [names[i] for i in kept]
    return Table(np.frombuffer(numbers).reshape(len(lines), len(kept)), names, lines, kept, targets=targets)


def delimited_rows(path: str, text: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the line and the cells of each row that is not empty; raises CommandError if the text is damaged."""
    try:
        yield from _delimited(text)
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is not a CSV file in UTF-8, and not npy, idx or Parquet: {error}") from error
    except csv.Error as error:
        raise CommandError(f"{path} cannot be read as CSV: {error}") from error


def _delimited(text: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    lines = ("\n" if line.lstrip().startswith("#") else line for line in text)
    skipped, first = next(((i, line) for i, line in enumerate(lines) if line.strip()), (0, ""))
    delimiter = max(_DELIMITERS, key=first.count) if any(map(first.count, _DELIMITERS)) else " "
    reader = csv.reader(itertools.chain([first], lines), delimiter=delimiter, skipinitialspace=True)
    for cells in reader:
        while delimiter == " " and cells and not cells[-1]:
            cells.pop()  # spaces at the end of a line
        if any(cell.strip() for cell in cells):
            yield skipped + reader.line_num, cells


def _floats(cells: list[str]) -> list[float]:
    """Return numbers; raises ValueError for digits other than ASCII's and for underscores, which `float` accepts."""
    joined = "".join(cells)
    if "_" in joined or not joined.isascii():
        raise ValueError
    return list(map(float, cells))


def names_in(header: str, cells: list[str]) -> list[str] | None:
    """Return the names of the columns in the first line; with "auto", it has names if none of its cells is a number."""
    if header == "no" or (header == "auto" and any(map(_resembles_a_number, cells))):
        return None
    return [cell.strip() for cell in cells]


def _resembles_a_number(cell: str) -> bool:
    with contextlib.suppress(ValueError):
        return float(cell) is not None
    return False


def _not_a_number(path: str, line: int, cells: list[str], names: list[str] | None, kept: Sequence[int]) -> CommandError:
    for column in kept:
        try:
            _floats([cells[column]])
        except ValueError:
            break
    name = "" if names is None else f" ({names[column]!r})"
    what = f"{cells[column]!r} is not a number" if cells[column].strip() else "the value is missing"
    return NotNumbersError(f"{path}, line {line}, column {column + 1}{name}: {what}")


# --------------------------------------------------------------------------------------------------------- Parquet


def _read_parquet(path: str, select: Selection, max_bytes: int) -> Table:
    from cmlp.datasets import _parquet

    if _parquet.content_size(path) > max_bytes:
        raise too_large(path, max_bytes)
    kept, used = parquet_columns(path, select)
    return _of_arrow(path, _parquet.read_columns(path, used), kept)


def _of_arrow(path: str, table: Any, kept: Sequence[int]) -> Table:
    """Return the columns of a table of pyarrow, of which `kept` are the positions in the file."""
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        values = column.to_numpy()  # a missing number is NaN
        if values.dtype.kind not in "buif":
            raise NotNumbersError(f"{path}: column {name!r} must contain numbers, got {column.type}")
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
    is_array = table.lines is None and table.columns is None
    kind = NotNumbersError if np.isnan(table.values[row, column]) and not is_array else CommandError
    raise kind(f"{path}, {table.where(row, column)}: the value is {table.values[row, column]}")


def read_column(path: str, max_bytes: int) -> list[str] | NDArray[Any]:
    """Return one value for each row: an array from an npy or idx file, otherwise the lines of a text file."""
    with opened(path, max_bytes) as file:
        values = read_array(file, path)
        if values is not None:
            return values.reshape(-1)
        try:
            text = file.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise CommandError(f"{path} is not text in UTF-8, and not npy or idx: {error}") from error
    return [line.strip() for line in text.splitlines() if line.strip()]


def read_labels(path: str, classes: Sequence[object], max_bytes: int) -> NDArray[Any]:
    """Read one label for each row: an npy or idx file, or a text file with one label a line."""
    values = read_column(path, max_bytes)
    by_text = {str(label): label for label in classes}
    found: list[object] = [by_text.get(line, line) for line in values] if isinstance(values, list) else values.tolist()
    known = set(classes)
    unknown = next((label for label in found if label not in known), None)
    if unknown is not None:
        raise CommandError(f"{path}: {unknown!r} is not a class of the model")
    return np.asarray(found)
