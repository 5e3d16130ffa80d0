"""Columns of text, dates and numbers with missing values, from delimited text."""

from __future__ import annotations

import contextlib
import io
import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmlp._command.contents import opened
from cmlp._command.tables import BLOCK_ROWS, delimited_rows, names_in
from cmlp._console.options import CommandError
from cmlp._model.document import ModelDocument

_BITS = {"true": 1.0, "false": 0.0}  # in lower case, as in Parquet and data frames
_MISSING = frozenset(("", "na", "n/a", "nan", "null", "none"))  # cells in lower case


class Cells(NamedTuple):
    """The cells of some rows of a file: names of the columns, the cells of each column, and the line of each row."""

    path: str
    names: list[str]
    columns: list[list[str]]
    lines: list[int]

    def refused(self, column: int, row: int, wanted: str) -> CommandError:
        """Return the error for a cell."""
        cell = self.columns[column][row]
        what = "the value is missing" if is_missing(cell) else f"{cell!r} is not {wanted}"
        return CommandError(
            f"{self.path}, line {self.lines[row]}, column {column + 1} ({self.names[column]!r}): {what}"
        )


class Frame:
    """Columns by their names, with what the estimators for tables ask of a data frame."""

    def __init__(self, names: Sequence[str], values: Sequence[NDArray[Any]]) -> None:
        self.columns, self._values = list(names), list(values)

    def __len__(self) -> int:
        return len(self._values[0])

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._values[self.columns.index(name)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.stack([value.astype(object) for value in self._values], axis=1)

    def take(self, chosen: NDArray[np.intp]) -> Frame:
        """Return some rows; a table of pyarrow has this method, too."""
        return Frame(self.columns, [values[chosen] for values in self._values])


def read_cells(
    path: str, header: str, max_bytes: int, report: Callable[[float], None] | None = None
) -> Iterator[Cells]:
    """Yield the rows of delimited text in blocks; columns without names are "column 1" and so on.

    `report` gets the share of the file that has been read.
    """
    with opened(path, max_bytes, report) as file, io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
        rows = delimited_rows(path, text)
        first = next(rows, (0, []))
        names, width = names_in(header, first[1]), len(first[1])
        if names is None:
            names, rows = [f"column {i + 1}" for i in range(width)], itertools.chain([first], rows)
        block = list(itertools.islice(rows, BLOCK_ROWS)) if width else []
        if not block:
            raise CommandError(f"{path} contains no rows")
        while block:
            wrong = next(((line, len(cells)) for line, cells in block if len(cells) != width), None)
            if wrong is not None:
                raise CommandError(f"{path}, line {wrong[0]}: {wrong[1]} values, but the first line has {width}")
            columns = [[cell.strip() for cell in column] for column in zip(*(cells for _, cells in block), strict=True)]
            yield Cells(path, names, columns, [line for line, _ in block])
            block = list(itertools.islice(rows, BLOCK_ROWS))


def is_missing(cell: str) -> bool:
    """Return whether a cell stands for a missing value."""
    return cell.lower() in _MISSING


def number_in(cell: str) -> float:
    """Return the number of a cell, also of True and False; raises ValueError for other text."""
    bit = _BITS.get(cell.lower()) if cell[:1] in "tTfF" else None
    return float(cell) if bit is None else bit


def learnt_columns(
    blocks: Callable[[], Iterator[Cells]], kept: Sequence[int], target: int
) -> tuple[list[NDArray[Any]], list[str]]:
    """Return columns of training rows, and the cells of the target, none of which may be missing.

    A column has numbers if all cells are such, or else dates, or else text; None if missing. `blocks` reads the file
    again if a later block shows that a column is not what it seemed, so that the cells need not be kept.
    """
    kinds = dict.fromkeys(kept, 0)
    texts: dict[str, str] = {}  # each text once
    while True:
        parts: dict[int, list[NDArray[Any]]] = {i: [] for i in kept}
        targets: list[str] = []
        is_complete = True
        for cells in blocks():
            row = next((row for row, cell in enumerate(cells.columns[target]) if is_missing(cell)), None)
            if row is not None:
                raise cells.refused(target, row, "a label or a number")
            targets += [texts.setdefault(cell, cell) for cell in cells.columns[target]]
            for i in kept:
                kind, values = _parsed(cells.columns[i], kinds[i], texts)
                is_complete &= kind == kinds[i] or not parts[i]
                kinds[i] = kind
                parts[i].append(values)
        if is_complete:
            return [np.concatenate(parts.pop(i)) for i in kept], targets


def _parsed(cells: Sequence[str], kind: int, texts: dict[str, str]) -> tuple[int, NDArray[Any]]:
    """Return numbers (kind 0) or dates (1) if the kind allows it and all cells are such, or else text (2)."""
    if kind == 0:
        with contextlib.suppress(ValueError):
            return 0, np.array([np.nan if is_missing(cell) else number_in(cell) for cell in cells])
    if kind <= 1:
        with contextlib.suppress(ValueError):
            dates = [np.datetime64("NaT") if is_missing(cell) else _date(cell) for cell in cells]
            return 1, np.array(dates, "datetime64[us]")
    return 2, np.array([None if is_missing(cell) else texts.setdefault(cell, cell) for cell in cells], object)


def _date(cell: str) -> np.datetime64:
    """Return an ISO date, with a time zone in UTC; raises ValueError for other text."""
    date = datetime.fromisoformat(cell)
    offset = date.utcoffset()
    return np.datetime64(date.replace(tzinfo=None), "us") - (0 if offset is None else np.timedelta64(offset))


def frame_for(document: ModelDocument, cells: Cells, kept: Sequence[int]) -> Frame:
    """Return the columns of a table's model, of which `kept` are the positions in the file."""
    assert document.columns is not None
    values = [
        _numbers(cells, i)
        if categories is None
        else _categories([None if is_missing(cell) else cell for cell in cells.columns[i]], categories)
        for i, categories in zip(kept, document.columns.categories, strict=True)
    ]
    return Frame(list(document.names) if document.names is not None else [cells.names[i] for i in kept], values)


def frame_of_arrow(document: ModelDocument, table: Any) -> Frame:
    """Return the columns of a table's model from a table of pyarrow with these columns."""
    assert document.columns is not None
    values = [
        column if categories is None else _categories(column.to_pylist(), categories)
        for column, categories in zip(table.columns, document.columns.categories, strict=True)
    ]
    return Frame(table.column_names if document.names is None else list(document.names), values)


def _numbers(cells: Cells, column: int) -> NDArray[Any]:
    """Return a column of numbers, or of dates as days since 1970."""
    values = np.full(len(cells.lines), np.nan)
    for row, cell in enumerate(cells.columns[column]):
        try:
            if not is_missing(cell):
                values[row] = number_in(cell)
        except ValueError:
            try:
                values[row] = (_date(cell) - np.datetime64(0, "us")) / np.timedelta64(1, "D")
            except ValueError:
                raise cells.refused(column, row, "a number or a date") from None
    return values


def _categories(values: Sequence[object], categories: Sequence[object]) -> NDArray[Any]:
    """Return a column of categories; those of the model are found by their text, whatever their type in the file."""
    known = {str(category): category for category in categories}
    return np.array([None if value is None else known.get(str(value), value) for value in values], object)
