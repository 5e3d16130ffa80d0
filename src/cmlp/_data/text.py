"""Files of delimited text: encoding, separator, names and rows, all cells as text. docs/guide/files.md defines them."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from cmlp._data.contents import opened
from cmlp._data.errors import DataError
from cmlp._data.grammar import Grammar
from cmlp._data.stored import Cells

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_SEPARATORS = "\t;|,"  # in the order of preference: a comma can be a decimal point
_NAMES = {"\t": "tab", " ": "space", "": "no"}
_NONE = "\x1f"  # instead of a separator in a file of one column
_SAMPLE_LINES, _SAMPLE_LETTERS = 200, 1 << 16  # from which the separator is found
_FEW, _MOST = 2, 0.6  # rows, and their share, of the same number of columns, before which a line is a title
_BLOCK_LETTERS, _WIDE, _MOST_BLOCKS = 1 << 17, 64, 8  # read at a time, and more for as many columns
_END = "\0end\0"  # a line behind the last one, which shows whether a quotation mark was not closed
_ZIP, _UTF_16 = b"PK\x03\x04", (b"\xff\xfe", b"\xfe\xff")
_OTHERS = {b"%PDF": "a PDF file", b"SQLite": "a database", b"\xd0\xcf\x11\xe0": "an xls file", b"\x7fELF": "a program"}
_NUL_SHARE = 8  # one NUL in fewer bytes is UTF-16


class Options(NamedTuple):
    """What the user has said about a file; None is found in the file, or known from the model."""

    header: bool | None = None
    separator: str | None = None
    encoding: str | None = None
    comment: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    missing: tuple[str, ...] = ()
    text: tuple[str, ...] = ()  # columns of text
    max_bytes: int = 2**30  # of what a compressed file contains

    def cells(self, known: Cells) -> Cells:
        """Return how cells are read: as the user says, or else as the model does."""
        decimal = known.decimal if self.decimal is None else self.decimal
        stated = known.thousands if self.decimal in (None, known.decimal) else ""
        thousands = stated if self.thousands is None else self.thousands
        if thousands == decimal:
            raise DataError(f"--thousands must differ from the decimal point, got {thousands!r} for both")
        return Cells(
            decimal, thousands, (*known.missing, *(text for text in self.missing if text not in known.missing))
        )


class Block(NamedTuple):
    """Some rows: the cells of each column, the number of the first row from 0, and the line of each row from 1."""

    columns: Sequence[Sequence[str]]
    first: int
    lines: Sequence[int]


class TextFile:
    """A file of delimited text; its first lines tell the separator, whether it has names, and its columns.

    Parameters
    ----------
    path : str
    options : Options
    named : callable or None
        Returns whether the cells of the first row are names, because the user or the model names some of them.
    """

    def __init__(
        self, path: str, options: Options, named: Callable[[Sequence[str]], bool] = lambda cells: False
    ) -> None:
        self.path, self.options = path, options
        with self._lines() as lines:
            self._look(lines, named)

    def _look(self, lines: _Source, named: Callable[[Sequence[str]], bool]) -> None:
        """Find the separator, the names and the number of columns."""
        options = self.options
        sample = lines.take(_SAMPLE_LETTERS)
        is_whole = next(lines, None) is None and len(sample) <= _SAMPLE_LINES
        sample = sample[:_SAMPLE_LINES]
        stated = re.fullmatch(r"sep=(.)\s*", sample[0]) if sample and options.separator is None else None
        if stated and not any(stated[1] in line for line in sample[1:]):
            stated = None
        self._skipped = int(stated is not None)  # lines before the first row
        comment = options.comment
        rows = [line for line in sample[self._skipped :] if not (comment and line.lstrip().startswith(comment))]
        filled = [line for line in rows if line.strip()]
        if not filled:
            raise DataError(f"{self.path} contains no rows")
        separator = stated[1] if stated else options.separator
        self.separator = _separator_of(filled, is_whole) if separator is None else separator
        parsed, self._skips_spaces = _parsed(filled, self.separator)
        first = parsed[0]
        self.width = len(first)
        if separator is None and self.separator and any(map(_has_several_numbers, first)):
            raise DataError(
                f"{self.path} has several separators: state one with --separator, or replace spaces and tabs by commas"
            )
        width, n = Counter(map(len, parsed)).most_common(1)[0]
        if width > self.width and n >= max(_FEW, _MOST * len(parsed)):
            raise self._ragged(1 + sample.index(filled[1]), len(parsed[1]), is_top=True)
        has_value = any(map(_is_value, first))
        self.has_names = (named(first) or not has_value) if options.header is None else options.header
        self.names = [cell if self.has_names and cell.strip() else f"column {i + 1}" for i, cell in enumerate(first)]

    def position(self, text: str) -> int:
        """Return the position of a column that a user gives by its name or its number from 1."""
        at = position(text, self.names if self.has_names else None, self.width)
        if at is None:
            raise DataError(f"{self.path} has no column {text!r}: name a column, or a number from 1 to {self.width}")
        return at

    @property
    def found(self) -> str:
        """What was found, for a message."""
        name = _NAMES.get(self.separator, self.separator)
        columns = f"{self.width:,} column{'s' * (self.width != 1)}"
        return f"{name} as separator, {columns} with{'' if self.has_names else 'out'} names"

    def blocks(self, report: Callable[[float], None] | None = None) -> Iterator[Block]:
        """Yield the rows in blocks; `report` gets the share of the file that has been read.

        A row is never left out, but a blank line is no row in a file of several columns.
        """
        n_rows, waits = 0, self.has_names
        with self._lines(report) as source:
            number = len(list(itertools.islice(source, self._skipped)))
            letters = _BLOCK_LETTERS * min(1 + self.width // _WIDE, _MOST_BLOCKS)
            while lines := source.take(letters):
                columns, at = self._split(lines, number)
                if columns is None:
                    columns, at, number = self._read(lines, source, number)
                else:
                    number += len(lines)
                if waits and at:
                    names = next((i for i, cell in enumerate(columns[0]) if self.width > 1 or cell.strip()), len(at))
                    waits = names == len(at)
                    columns, at = [column[names + 1 :] for column in columns], at[names + 1 :]
                if at:
                    yield Block(columns, n_rows, at)
                n_rows += len(at)
        if not n_rows:
            raise DataError(f"{self.path} contains no rows")

    @contextlib.contextmanager
    def _lines(self, report: Callable[[float], None] | None = None) -> Iterator[_Source]:
        """Open the file as lines of text, each with its end."""
        encoding = _encoding(self.options.encoding)
        with opened(self.path, self.options.max_bytes, report) as file:
            _require_text(self.path, file.peek(512)[:512], self.options.encoding)
            try:
                with io.TextIOWrapper(file, encoding=encoding, newline="") as text:
                    yield _Source(text)
            except UnicodeError as error:
                raise self._undecodable(error) from error
            except csv.Error as error:
                raise DataError(f"{self.path} cannot be read as CSV: {error}") from error

    def _undecodable(self, error: UnicodeError) -> DataError:
        if self.options.encoding is not None:
            return DataError(f"{self.path} is not text in {self.options.encoding}: {error}")
        return DataError(
            f"{self.path} is not a CSV file in UTF-8, and not npy, idx or Parquet: {error}. Name its encoding, for "
            "example --encoding cp1252 (Windows) or --encoding latin-1"
        )

    def _split(self, lines: list[str], number: int) -> tuple[list[list[str]] | None, Sequence[int]]:
        """Return the columns of lines without quotation marks, and where they are; no columns if others must look."""
        joined, separator = "".join(lines), self.separator
        if '"' in joined or separator == " " or self._skips_spaces or self.options.comment:
            return None, ()
        at: Sequence[int] = range(number + 1, number + 1 + len(lines))
        if self.width > 1:
            counts = list(map(str.count, lines, itertools.repeat(separator)))
            if counts.count(self.width - 1) < len(lines):
                at = [line for line, text in zip(at, lines, strict=True) if text.strip()]
                lines = [line for line in lines if line.strip()]
                joined, counts = "".join(lines), [line.count(separator) for line in lines]
                if counts.count(self.width - 1) < len(lines):
                    return None, ()
        elif separator and separator in joined:
            return None, ()
        if "\r" in joined:
            joined = joined.replace("\r\n", "\n").replace("\r", "\n")
        separator = separator or _NONE
        cells = joined.replace("\n", separator).split(separator) if self.width > 1 else joined.split("\n")
        n = len(lines) * self.width
        return [cells[i : n : self.width] for i in range(self.width)], at

    def _read(self, lines: list[str], source: Iterator[str], number: int) -> tuple[list[list[str]], list[int], int]:
        """Return the columns of lines, where their rows begin, and the number of lines that were read.

        These are more if a cell contains the end of the last line.
        """
        rows: list[list[str]] = []
        at: list[int] = []
        reader = _Reader(itertools.chain(lines, source, [_END + "\n"]), self, number)
        last = number + len(lines)
        while reader.number < last:
            row = reader.row()
            if row is None:
                break
            if row[-1:] and row[-1].endswith(_END + "\n"):
                raise DataError(f"{self.path}, line {reader.begin}: a quotation mark is not closed")
            if not row or (len(row) == 1 and not reader.last.strip()):
                if self.width > 1:
                    continue
                row = row or [""]
            if len(row) != self.width:
                raise self._ragged(reader.begin, len(row), is_top=not number)
            rows.append(row)
            at.append(reader.begin)
        columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(self.width)]
        return columns, at, reader.number

    def _ragged(self, line: int, width: int, *, is_top: bool) -> DataError:
        remedy = ""
        if is_top and width > self.width:
            remedy = ". Remove lines that are a title, or say with --comment TEXT how they begin"
        elif self.separator in ",;" and self.width > 1:
            remedy = f". A value that contains {self.separator} needs quotation marks"
        values = f"{width:,} value{'s' * (width != 1)}"
        return DataError(f"{self.path}, line {line}: {values}, but the first line has {self.width:,}{remedy}")


def position(text: str, names: Sequence[str] | None, width: int) -> int | None:
    """Return the position of a column by its name, also without the spaces around it, or by its number from 1."""
    if names is not None:
        if text in names:
            return list(names).index(text)
        plain = [name.strip() for name in names]
        if plain.count(text.strip()) == 1:
            return plain.index(text.strip())
    return int(text) - 1 if text.isascii() and text.isdecimal() and 1 <= int(text) <= width else None


class _Reader:
    """Rows of the csv module: of lines that begin a row, comments are left out."""

    def __init__(self, lines: Iterator[str], file: TextFile, number: int) -> None:
        self._lines, self._comment, self._is_space = lines, file.options.comment, file.separator == " "
        self.number = self.begin = number  # of the lines that were read, and where the row begins
        self.last, self._begins = "", True
        self._rows = csv.reader(self._fed(), **_dialect(file.separator, skips_spaces=file._skips_spaces))

    def _fed(self) -> Iterator[str]:
        for line in self._lines:
            self.number += 1
            if self._begins:
                if self._comment and line.lstrip().startswith(self._comment):
                    continue
                self.begin, self._begins = self.number, False
            self.last = line
            yield line

    def row(self) -> list[str] | None:
        """Return the next row; None behind the last one."""
        self._begins = True
        row = next(self._rows)
        if row == [_END]:
            return None
        return _without_end(row) if self._is_space else row


def _has_several_numbers(cell: str) -> bool:
    """Return whether spaces separate numbers in a cell."""
    number, parts = Grammar(Cells()).number, cell.split()
    return len(parts) > 1 and sum(number(part) is not None for part in parts) > 1


def _is_value(cell: str) -> bool:
    """Return whether a cell is a number, in any form, a date or a boolean: no name of a column."""
    return Grammar(Cells()).kind(cell) not in ("text", "missing", "mark")


def _dialect(separator: str, *, skips_spaces: bool) -> dict[str, Any]:
    return {"delimiter": separator or _NONE, "skipinitialspace": skips_spaces}


def _without_end(row: list[str]) -> list[str]:
    """Return a row without the cells that spaces at the end of a line make."""
    while len(row) > 1 and not row[-1]:
        row.pop()
    return row


class _Source:
    """The lines of a file, each with its end, without the mark at the beginning of a file."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text, self._is_first = text, True

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        lines = self.take(1)
        if not lines:
            raise StopIteration
        return lines[0]

    def take(self, n: int) -> list[str]:
        """Return the next lines, which have at least n letters unless the file ends."""
        lines = self._text.readlines(n)
        if lines and not lines[-1].endswith(("\n", "\r")):
            lines[-1] += "\n"
        if lines and self._is_first:
            lines[0], self._is_first = lines[0].removeprefix("\ufeff"), False
        return lines


def _encoding(name: str | None) -> str:
    """Return the encoding that a user has named, without the mark at the beginning of UTF-8."""
    try:
        found = "utf-8" if name is None else io.TextIOWrapper(io.BytesIO(), encoding=name).encoding
    except LookupError:
        raise DataError(f"--encoding {name} is unknown: use utf-8, utf-16, latin-1, cp1252 or another one") from None
    return found


def _require_text(path: str, start: bytes, encoding: str | None) -> None:
    """Raise DataError with the remedy if a file does not begin as text."""
    if start.startswith(_ZIP):
        is_sheet = b"[Content_Types]" in start or b"xl/" in start
        what = "a workbook (xlsx): save its sheet as CSV" if is_sheet else "a zip file: unpack it, or use gzip"
        raise DataError(f"{path} is {what}")
    for begin, other in _OTHERS.items():
        if start.startswith(begin):
            raise DataError(f"{path} is {other}, and not CSV, npy, idx or Parquet: export its rows as CSV")
    if start.startswith((b'{"', b"[{")):
        raise DataError(f"{path} is JSON, and not CSV, npy, idx or Parquet: export its rows as CSV")
    if encoding is None and (start.startswith(_UTF_16) or start.count(b"\0") * _NUL_SHARE > len(start)):
        raise DataError(
            f"{path} is not a CSV file in UTF-8, and not npy, idx or Parquet. UTF-16 needs --encoding utf-16"
        )


def _parsed(lines: Sequence[str], separator: str) -> tuple[list[list[str]], bool]:
    """Return rows, and whether spaces before a quotation mark do not belong to the cells."""
    skips_spaces = separator == " "
    rows = list(csv.reader(lines, **_dialect(separator, skips_spaces=skips_spaces)))
    if not skips_spaces and any(cell[:1] == " " and cell.lstrip()[:1] == '"' for row in rows for cell in row):
        skips_spaces, rows = True, list(csv.reader(lines, **_dialect(separator, skips_spaces=True)))
    return ([*map(_without_end, rows)] if separator == " " else rows), skips_spaces


def _separator_of(lines: Sequence[str], is_whole: bool) -> str:
    """Return the separator of rows: one that gives several columns, the same number in all rows or in most."""
    best, most = "", 0
    for separator in _SEPARATORS:
        rows = [row for row in _parsed(lines, separator)[0] if row]
        widths = [len(row) for row in (rows if is_whole or len(rows) == 1 else rows[:-1])]
        width, n = Counter(widths).most_common(1)[0]
        if width > 1 and n == len(widths):
            return separator
        is_title = len(widths) > n >= max(_FEW, _MOST * len(widths))
        if width > 1 and n > most and ((2 * n >= len(widths) and widths[0] == width) or is_title):
            best, most = separator, n
    rows = [row for row in _parsed(lines, " ")[0] if row]
    if not best and len(rows[0]) > 1 and {len(row) for row in rows} == {len(rows[0])}:
        number = Grammar(Cells()).number
        body = rows[1:] or rows
        if any(all(number(row[i]) is not None for row in body) for i in range(len(rows[0]))):
            return " "
    return best
