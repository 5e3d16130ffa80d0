"""Files of delimited text: encoding, separator, names and rows, all cells as text. docs/guide/files.md defines them."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import re
from array import array
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from cmlp._data.columns import CellFormat
from cmlp._data.files.file_formats import OF_IMAGES, DataError, opening
from cmlp._data.grammar import Grammar
from cmlp.exceptions import Message, Setting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_SEPARATORS = "\t;|,"  # in the order of preference: a comma can be a decimal point
_NAMES = {"\t": "tab", " ": "space"}
_NONE = "\x1f"  # instead of a separator in a file of one column
_SAMPLE_LINES, _SAMPLE_LETTERS = 200, 1 << 16  # from which the separator is found
_FEW, _MOST = 2, 0.6  # rows, and their share, of the same number of columns, before which a line is a title
_BLOCK_CELLS = 1 << 16  # read at a time
_ZIP, _UTF_16 = b"PK\x03\x04", (b"\xff\xfe", b"\xfe\xff")
_OTHERS = {
    b"%PDF": "a PDF file",
    b"SQLite": "a database",
    b"\xd0\xcf\x11\xe0": "an xls file",
    b"\x7fELF": "a program",
    b"\x89HDF": "an HDF5 file",
    b"ARROW1": "a Feather file",
    **dict.fromkeys((b"<html", b"<HTML", b"<!DOCTYPE", b"<!doctype", b"<?xml"), "HTML or XML"),
}
_IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8")
_NUL_SHARE = 8  # one NUL in fewer bytes is UTF-16
_PLAIN = Grammar(CellFormat())  # before anything is stated or found


class TextOptions(NamedTuple):
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

    def cell_format(self, known: CellFormat) -> CellFormat:
        """Return how cells are read: as the user says, or else as the model does."""
        decimal = known.decimal if self.decimal is None else self.decimal
        stated = known.thousands if self.decimal in (None, known.decimal) else ""
        thousands = stated if self.thousands is None else self.thousands
        if thousands == decimal:
            problem = "<thousands> must differ from the decimal point, got {!r} for both"
            raise DataError(problem, thousands, thousands=...)
        return CellFormat(
            decimal, thousands, (*known.missing, *(text for text in self.missing if text not in known.missing))
        )


class Place:
    """Where the cells of a column are, for messages; `line_of` returns the line of a row."""

    def __init__(self, file: TextFile, column: int, line_of: Callable[[int], int]) -> None:
        self._file, self._column, self._line_of = file, column, line_of

    def __call__(self, row: int) -> str:
        return f"{self._file.path}, {self.line(row)}, {self.column}"

    def line(self, row: int) -> str:
        """Return the line of a row."""
        return f"line {self._line_of(row)}"

    @property
    def column(self) -> str:
        """The number of the column, with its name if it has one."""
        name = f" ({self._file.names[self._column]!r})" if self._file.has_names else ""
        return f"column {self._column + 1}{name}"

    @property
    def name(self) -> str:
        """The name of the column, or its number if it has none."""
        return self._file.names[self._column] if self._file.has_names else str(self._column + 1)


class TextBlock(NamedTuple):
    """Some rows: the cells of each column, the number of the first row from 0, and the line of each row from 1."""

    columns: Sequence[Sequence[str]]
    first: int
    lines: Sequence[int]

    def place(self, file: TextFile, column: int) -> Place:
        """Return where the cells of a column are."""
        return Place(file, column, lambda row: self.lines[row])


class TextFile:
    """A file of delimited text; its first lines tell the separator, whether it has names, and its columns.

    Parameters
    ----------
    path : str
    options : TextOptions
    wanted : sequence of str, default=()
        The columns of a model: a row with all of them has names.
    target : str or None, default=None
        A column that the user names: a row has names if it is one of them, and not the number of a column.
    """

    def __init__(self, path: str, options: TextOptions, wanted: Sequence[str] = (), target: str | None = None) -> None:
        self.path, self.options = path, options
        names = {name.strip() for name in wanted}

        def named(cells: Sequence[str]) -> bool:
            if names:
                return names.issubset(cell.strip() for cell in cells)
            if target is None or position(target, None, len(cells)) is not None:
                return False
            return position(target, cells, 0) is not None

        with self._lines() as lines:
            self._look(lines, named)

    def _look(self, lines: Iterator[str], named: Callable[[Sequence[str]], bool]) -> None:
        """Find the separator, the names and the number of columns."""
        options = self.options
        sample: list[str] = []
        for line in lines:
            sample.append(line)
            if len(sample) > _SAMPLE_LINES or sum(map(len, sample)) > _SAMPLE_LETTERS:
                break
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
        parsed, self._skips_spaces = _sampled(filled, self.separator)
        first = parsed[0]
        self.width = len(first)
        if separator is None and self.separator and any(map(_has_several_numbers, first)):
            problem = "{} has several separators: state one with <separator>, or replace spaces and tabs by commas"
            raise DataError(problem, self.path, separator=...)
        width, n = Counter(map(len, parsed)).most_common(1)[0]
        if width > self.width and n >= max(_FEW, _MOST * len(parsed)):
            k = min([*map(len, parsed)].index(width), len(filled) - 1)
            raise self._ragged(1 + sample.index(filled[k]), width, is_top=True)
        has_value = any(map(_is_value, first))
        self.has_names = (named(first) or not has_value) if options.header is None else options.header
        for line, row in zip(filled, parsed, strict=False):
            if options.header is None and not named(first) and named(row):
                at = f"line {1 + sample.index(line)}"
                raise DataError(f"{self.path}, {at}: the names are here, not in the first row: remove the lines above")
        self.names = [cell if self.has_names and cell.strip() else f"column {i + 1}" for i, cell in enumerate(first)]

    def position(self, text: str) -> int:
        """Return the position of a column that a user gives by its name or its number from 1."""
        at = position(text, self.names if self.has_names else None, self.width)
        if at is None:
            raise DataError(f"{self.path} has no column {text!r}: name a column, or a number from 1 to {self.width}")
        return at

    def summary(self, n_rows: int) -> str:
        """Return a line for the user: what separates the columns, and how many columns and rows there are."""
        mark = _NAMES.get(self.separator, f'"{self.separator}"')
        separator = f"{mark} as separator" if self.separator else "no separator"
        columns = f"{self.width:,} column{'s' * (self.width != 1)}"
        names = f"with{'' if self.has_names else 'out'} names"
        return f"{self.path}: {separator}, {columns} {names}, {n_rows:,} row{'s' * (n_rows != 1)}"

    def blocks(self, progress: Callable[[float], None] | None = None) -> Iterator[TextBlock]:
        """Yield the rows in blocks; `progress` gets the share of the file that has been read.

        A row is never left out, but a blank line is no row in a file of several columns.
        """
        n_rows, n_lines = 0, -(-_BLOCK_CELLS // self.width)
        with self._lines(progress) as text:
            lines = _Lines(self.path, text, self._skipped, self.options.comment)
            if self.has_names:
                next(self._rows(lines, is_top=True, has_blank=False), None)
            while some := lines.take(n_lines):
                at: Sequence[int] = range(lines.n_read - len(some) + 1, lines.n_read + 1)
                columns = self._split(some)
                if columns is None:
                    lines.put_back(some)
                    columns, at = self._parsed(lines, at[-1], is_top=self.has_names and not n_rows)
                if at:
                    yield TextBlock(columns, n_rows, at)
                n_rows += len(at)
        if not n_rows:
            raise DataError(f"{self.path} contains no rows")

    def _split(self, lines: list[str]) -> list[Sequence[str]] | None:
        """Return the columns of lines without quotation marks, faster than the csv module; None if it must look."""
        text, separator, width = "".join(lines), self.separator or _NONE, self.width
        if '"' in text or separator == " " or self._skips_spaces or self.options.comment:
            return None
        if not text.endswith(("\n", "\r")) or {*map(str.count, lines, itertools.repeat(separator))} != {width - 1}:
            return None
        cells = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", separator).split(separator)
        return [cells[i:-1:width] for i in range(width)]

    def _parsed(self, lines: _Lines, last: int, *, is_top: bool) -> tuple[list[Sequence[str]], Sequence[int]]:
        """Return the columns of the rows up to the line `last`, or beyond it, and the lines on which they begin."""
        rows: list[list[str]] = []
        at = array("q")
        for begin, cells in self._rows(lines, is_top=is_top, has_blank=self.width == 1):
            rows.append(cells)
            at.append(begin)
            if lines.n_read >= last:  # the last row may have further lines
                break
        return list(zip(*rows, strict=True)), at

    def _rows(self, lines: _Lines, *, is_top: bool, has_blank: bool) -> Iterator[tuple[int, list[str]]]:
        """Yield rows, each behind the line on which it begins; blank lines are rows if `has_blank`."""
        is_space = self.separator == " "
        for row in _reader(lines, self.separator, self._skips_spaces):
            begin = lines.end_row()
            cells = _without_end(row) if is_space else row
            if not cells or (len(cells) == 1 and not cells[0].strip() and (cells[0] or is_space)):  # a blank line
                if not has_blank:
                    continue
                cells = cells or [""]
            if len(cells) != self.width:
                raise self._ragged(begin, len(cells), is_top=is_top)
            yield begin, cells

    @contextlib.contextmanager
    def _lines(self, progress: Callable[[float], None] | None = None) -> Iterator[Iterator[str]]:
        """Open the file as lines of text, each with its end, without the mark at the beginning of a file."""
        encoding = _encoding(self.options.encoding)
        with opening(self.path, self.options.max_bytes, progress) as file:
            _require_text(self.path, file.peek(512)[:512], self.options.encoding)
            try:
                with io.TextIOWrapper(file, encoding=encoding, newline="") as text:
                    start = (line.removeprefix("\ufeff") for line in itertools.islice(text, 1))
                    yield itertools.chain(start, text)
            except UnicodeError as error:
                raise self._undecodable(error) from error
            except csv.Error as error:
                raise DataError(
                    f"{self.path} cannot be read as CSV: {error}. Is a quotation mark not closed?"
                ) from error

    def _undecodable(self, error: UnicodeError) -> DataError:
        if self.options.encoding is not None:
            text = "{} is not text in {}: {}. Name another <encoding>"
            return DataError(text, self.path, self.options.encoding, error, encoding=...)
        text = (
            "{} is not a CSV file in UTF-8, and not npy, idx or Parquet: {}. Name its encoding, for example "
            "<encoding=> (Windows) or <latin=>"
        )
        return DataError(text, self.path, error, encoding="cp1252", latin=Setting("encoding", "latin-1"))

    def _ragged(self, line: int, width: int, *, is_top: bool) -> DataError:
        remedy = ""
        if is_top and width == self.width + 1 > 2:
            remedy = ". The first line needs a name for each column, also for an empty last one and for names of rows"
        elif is_top and width > self.width:
            remedy = Message(". Remove lines that are a title, or say with <comment=> how they begin", comment="TEXT")
        elif self.separator in ",;" and self.width > 1:
            remedy = f". A value that contains {self.separator} needs quotation marks"
        values = f"{width:,} value{'s' * (width != 1)}"
        return DataError(f"{self.path}, line {line}: {values}, but the first line has {self.width:,}" + remedy)


class _Lines:
    """The lines of a file for the csv module, counted: without comments, which can only be where a row begins."""

    def __init__(self, path: str, lines: Iterator[str], n_skipped: int, comment: str | None) -> None:
        self._path, self._comment, self.n_read = path, comment, n_skipped
        self._lines = itertools.islice(lines, n_skipped, None)
        self._unread: Iterator[str] = self._lines  # behind the lines that were put back
        self._begin = 0  # the line on which the present row begins; 0 between rows

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        for line in self._unread:
            self.n_read += 1
            if not self._begin:
                if self._comment and line.lstrip().startswith(self._comment):
                    continue
                self._begin = self.n_read
            return line
        if self._begin:
            raise DataError(f"{self._path}, line {self._begin}: a quotation mark is not closed")
        raise StopIteration

    def end_row(self) -> int:
        """Return the line on which the present row begins; the next line begins another one."""
        begin, self._begin = self._begin, 0
        return begin

    def take(self, n: int) -> list[str]:
        """Return the next lines, comments included."""
        some = [*itertools.islice(self._unread, n)]
        self.n_read += len(some)
        return some

    def put_back(self, some: list[str]) -> None:
        """Let lines that were taken be the next ones again."""
        self._unread = itertools.chain(some, self._lines)
        self.n_read -= len(some)


def position(text: str, names: Sequence[str] | None, width: int) -> int | None:
    """Return the position of a column by its name, also without the spaces around it, or by its number from 1."""
    if names is not None:
        if text in names:
            return list(names).index(text)
        plain = [name.strip() for name in names]
        if plain.count(text.strip()) == 1:
            return plain.index(text.strip())
    return int(text) - 1 if text.isascii() and text.isdecimal() and 1 <= int(text) <= width else None


def _has_several_numbers(cell: str) -> bool:
    """Return whether spaces separate numbers in a cell."""
    parts = cell.split()
    return len(parts) > 1 and sum(_PLAIN.number(part) is not None for part in parts) > 1


def _is_value(cell: str) -> bool:
    """Return whether a cell is a number, in any form, a date or a boolean: no name of a column."""
    return _PLAIN.kind(cell) not in ("text", "missing", "mark")


def _reader(lines: Iterable[str], separator: str, skips_spaces: bool) -> Any:
    return csv.reader(lines, delimiter=separator or _NONE, skipinitialspace=skips_spaces)


def _without_end(row: list[str]) -> list[str]:
    """Return a row without the cells that spaces at the end of a line make."""
    while len(row) > 1 and not row[-1]:
        row.pop()
    return row


def _encoding(name: str | None) -> str:
    """Return the encoding that a user has named, without the mark at the beginning of UTF-8."""
    try:
        encoding = "utf-8" if name is None else io.TextIOWrapper(io.BytesIO(), encoding=name).encoding
    except LookupError:
        problem = "<encoding=> is unknown: use utf-8, utf-16, latin-1, cp1252 or another one"
        raise DataError(problem, encoding=str(name)) from None
    return encoding


def _require_text(path: str, start: bytes, encoding: str | None) -> None:
    """Raise DataError with the remedy if a file does not begin as text."""
    if start.startswith(_ZIP):
        is_sheet = b"[Content_Types]" in start or b"xl/" in start
        what = "a workbook (xlsx): save its sheet as CSV" if is_sheet else "a zip file: unpack it, or use gzip"
        raise DataError(f"{path} is {'an npz file: save its arrays as npy' if b'.npy' in start else what}")
    if start.startswith(_IMAGES):
        raise DataError(f"{path} is an image: " + OF_IMAGES)
    for begin, other in _OTHERS.items():
        if start.startswith(begin):
            raise DataError(f"{path} is {other}, and not CSV, npy, idx or Parquet: export its rows as CSV")
    if start.startswith((b'{"', b"[{")):
        raise DataError(f"{path} is JSON, and not CSV, npy, idx or Parquet: export its rows as CSV")
    if encoding is None and (start.startswith(_UTF_16) or start.count(b"\0") * _NUL_SHARE > len(start)):
        problem = "{} is not a CSV file in UTF-8, and not npy, idx or Parquet. UTF-16 needs <encoding:=>"
        raise DataError(problem, path, encoding="utf-16")


def _sampled(lines: Sequence[str], separator: str) -> tuple[list[list[str]], bool]:
    """Return rows, and whether spaces before a quotation mark do not belong to the cells."""
    if separator == " ":
        return [*map(_without_end, _reader(lines, separator, True))], True
    rows = list(_reader(lines, separator, False))
    if any(cell[:1] == " " and cell.lstrip()[:1] == '"' for row in rows for cell in row):
        return list(_reader(lines, separator, True)), True
    return rows, False


def _separator_of(lines: Sequence[str], is_whole: bool) -> str:
    """Return the separator of rows: one that gives several columns, the same number in all rows or in most."""
    best, most = "", 0
    for separator in _SEPARATORS:
        rows = [row for row in _sampled(lines, separator)[0] if row]
        widths = [len(row) for row in (rows if is_whole or len(rows) == 1 else rows[:-1])]
        width, n = Counter(widths).most_common(1)[0]
        if width > 1 and n == len(widths):
            return separator
        is_title = len(widths) > n >= max(_FEW, _MOST * len(widths))
        if width > 1 and n > most and ((2 * n >= len(widths) and widths[0] == width) or is_title):
            best, most = separator, n
    rows = [row for row in _sampled(lines, " ")[0] if row]
    if not best and len(rows[0]) > 1 and {len(row) for row in rows} == {len(rows[0])}:
        body = rows[1:] or rows
        if any(all(_PLAIN.number(row[i]) is not None for row in body) for i in range(len(rows[0]))):
            return " "
    return best
