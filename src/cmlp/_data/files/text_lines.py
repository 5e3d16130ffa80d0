"""The lines of a file of text before its columns are known: whether it is text, its encoding and its separator."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from cmlp._data.columns import NEW_FORMAT
from cmlp._data.files.file_formats import OF_IMAGES, DataError, quoted
from cmlp._data.grammar import Grammar

NO_SEPARATOR = "\x1f"  # instead of a separator in a file of one column
_SEPARATORS = "\t;|,"  # in the order of preference: a comma can be a decimal point
_FEW, _MOST = 2, 0.6  # rows, and their share
_ZIP, _UTF_16 = b"PK\x03\x04", (b"\xff\xfe", b"\xfe\xff")
_OTHERS = {
    b"%PDF": "a PDF file",
    b"SQLite": "a database",
    b"\xd0\xcf\x11\xe0": "an xls file",
    b"\x7fELF": "a program",
    b"\x89HDF": "an HDF5 file",
    b"ARROW1": "a Feather file",
}
_EXPORT = "export its rows as CSV"
# What they are, and what makes a file of rows of them.
_FOREIGN = (
    (rb"\x80[\x02-\x05]", "a pickle: load it where it is trusted, and write its rows by to_csv"),
    (
        rb"(?i)(?:\xef\xbb\xbf)?\s*<(?:!|\?xml|(?:html|head|body|style)[\s>]|"
        rb"(?:div|table|thead|tbody|tr|p)[\s>](?![^\n]*[\t;|,][^\n]*[^>\s]\s*\n))",  # unless it is a row
        "HTML or XML: pandas.read_html and pandas.read_xml read tables",
    ),
    (
        rb"(?:\s*%[^\n]*\n|\s)*\\(?:documentclass|usepackage|begin|centering|toprule|hline)\b",
        f"a TeX file: {_EXPORT}",
    ),
    (rb"<stata_dta>|[\x68-\x73][\x01\x02]\x01\x00", "a Stata file: pandas.read_stata reads it"),
    (rb"\$FL[23]", "an SPSS file: pandas.read_spss reads it"),
    (rb"(?i)(?:\s*%[^\n]*\n|\s)*@relation\b", "an ARFF file: scipy.io.arff.loadarff reads it"),
    (
        rb"(?:RD[AX][23]\n)?[XA]\n(?:\0\0\0|[23]\n)",
        "a file of R: write its rows by write.csv there",
    ),
    (
        rb"[+-]?\d+(?:\.\d+)?(?:[ \t]+qid:\d+)?(?:[ \t]+\d+:[-+.\deE]+)+[ \t]*(?:#[^\n]*)?(?:\r?\n|$)",
        "a libsvm file: sklearn.datasets.load_svmlight_file reads it, and numpy.save writes npy",
    ),
)
_IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8")
_FOOTER = 5  # fewer lines at the end of a file may be no rows
_JSON = re.compile(rb'\s*(\{\s*"|\[\s*[{\[])')
_SHEETS = (b"[Content_Types]", b"xl/", b"docProps/", b"_rels/", b"opendocument.spreadsheet")
_BELOW_NAMES = re.compile(r"\s*\|?(?:\s*(?::-+:?|-+:|-{3,})\s*\|)+(?:\s*(?::-+:?|-+:|-{3,}))?\s*")
_GAP = re.compile(r"\s{2,}")
_NUL_SHARE = 8  # one NUL in fewer bytes is UTF-16
_PLAIN = Grammar(NEW_FORMAT)  # before anything is stated or found


class Lines:
    """The lines of a file for the csv module, counted: without comments, which can only be where a row begins."""

    def __init__(
        self, path: str, lines: Iterator[str], n_skipped: int, comment: str | None
    ) -> None:
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

    def is_near_end(self) -> bool:
        """Return whether few lines follow, which are then read."""
        return len([*itertools.islice(self._unread, _FOOTER)]) < _FOOTER

    def put_back(self, some: list[str]) -> None:
        """Let lines that were taken be the next ones again."""
        self._unread = itertools.chain(some, self._lines)
        self.n_read -= len(some)


def are_most(n: int, n_rows: int) -> bool:
    """Return whether `n` of `n_rows` rows, which have equally many columns, tell that another line above is a title."""
    return n >= max(_FEW, _MOST * n_rows)


def are_aligned(lines: Sequence[str]) -> bool:
    """Return whether gaps of two or more spaces divide most lines into the same number of columns."""
    width, n = Counter(len(_GAP.split(line.strip())) for line in lines).most_common(1)[0]
    return width > 1 and are_most(n, len(lines))


def has_several_numbers(cell: str) -> bool:
    """Return whether spaces separate numbers in a cell."""
    parts = cell.split()
    return len(parts) > 1 and sum(_PLAIN.number(part) is not None for part in parts) > 1


def is_value(cell: str) -> bool:
    """Return whether a cell is a number, in any form, a date or a boolean: no name of a column."""
    return _PLAIN.kind(cell) not in ("text", "missing", "mark")


def split_rows(lines: Iterable[str], separator: str, skips_spaces: bool) -> Any:
    return csv.reader(lines, delimiter=separator or NO_SEPARATOR, skipinitialspace=skips_spaces)


def without_end(row: list[str]) -> list[str]:
    """Return a row without the cells that spaces at the end of a line make."""
    while len(row) > 1 and not row[-1]:
        row.pop()
    return row


def encoding_of(name: str | None) -> str:
    """Return the encoding that a user has named, without the mark at the beginning of UTF-8."""
    try:
        encoding = (
            "utf-8" if name is None else io.TextIOWrapper(io.BytesIO(), encoding=name).encoding
        )
    except LookupError:
        raise DataError(
            f"--encoding {quoted(str(name))} is unknown: use utf-8, utf-16, latin-1, cp1252 or "
            "another one",
        ) from None
    return encoding


def require_text(path: str, start: bytes, encoding: str | None) -> None:
    """Raise DataError with the remedy if a file does not begin as text."""
    if start.startswith(_ZIP):
        is_sheet = any(name in start for name in _SHEETS)
        what = (
            "a workbook: save its sheet as CSV"
            if is_sheet
            else "a zip file: unpack it, or use gzip"
        )
        raise DataError(
            f"{path} is {'an npz file: save its arrays as npy' if b'.npy' in start else what}"
        )
    if start.startswith(_IMAGES):
        raise DataError(f"{path} is an image: " + OF_IMAGES)
    for begin, other in _OTHERS.items():
        if start.startswith(begin):
            raise DataError(f"{path} is {other}, and not CSV, npy, idx or Parquet: {_EXPORT}")
    for pattern, what in _FOREIGN:
        if re.match(pattern, start):
            raise DataError(f"{path} is {what}")
    if _JSON.match(start):
        raise DataError(f"{path} is JSON, and not CSV, npy, idx or Parquet: {_EXPORT}")
    if encoding is None and (
        start.startswith(_UTF_16) or start.count(b"\0") * _NUL_SHARE > len(start)
    ):
        raise DataError(
            f"{path} is not a CSV file in UTF-8, and not npy, idx or Parquet. UTF-16 needs "
            "--encoding utf-16",
        )


def require_no_markdown(path: str, lines: Sequence[str]) -> None:
    """Raise DataError if the second line of a table is that of Markdown; a title has no bar."""
    table = [*itertools.dropwhile(lambda line: "|" not in line, lines)]
    if any(map(_BELOW_NAMES.fullmatch, table[1:2])):
        raise DataError(f"{path} is a table of Markdown: {_EXPORT}")


def sampled(lines: Sequence[str], separator: str) -> tuple[list[list[str]], bool]:
    """Return rows, and whether spaces before a quotation mark do not belong to the cells."""
    if separator == " ":
        return [*map(without_end, split_rows(lines, separator, True))], True
    rows = list(split_rows(lines, separator, False))
    if any(cell[:1] == " " and cell.lstrip()[:1] == '"' for row in rows for cell in row):
        return list(split_rows(lines, separator, True)), True
    return rows, False


def separator_of(lines: Sequence[str], is_whole: bool) -> str:
    """Return the separator of rows: one that gives several columns, the same number in all rows or in most."""
    best, most = "", 0
    for separator in _SEPARATORS:
        rows = [row for row in sampled(lines, separator)[0] if row]
        widths = [len(row) for row in (rows if is_whole or len(rows) == 1 else rows[:-1])]
        width, n = Counter(widths).most_common(1)[0]
        if width > 1 and n == len(widths):
            return separator
        is_title = n < len(widths) and are_most(n, len(widths))
        if width > 1 and n > most and ((2 * n >= len(widths) and widths[0] == width) or is_title):
            best, most = separator, n
    rows = [row for row in sampled(lines, " ")[0] if row]
    if not best and len(rows[0]) > 1 and {len(row) for row in rows} == {len(rows[0])}:
        body = rows[1:] or rows
        if any(all(_PLAIN.number(row[i]) is not None for row in body) for i in range(len(rows[0]))):
            return " "
    return best


_QUOTED_CELL = re.compile(r'"(?:[^"]|"")*"')


def quoting_of(lines: Sequence[str], separator: str) -> tuple[bool, bool]:
    """Return whether some cells have quotation marks and others have none, and whether all text has them."""
    text = "".join(lines)
    outside = re.split(f"[{re.escape(separator or NO_SEPARATOR)}\r\n]", _QUOTED_CELL.sub("", text))
    bare = [cell for cell in map(str.strip, outside) if cell]
    is_mixed = bool(bare) and _QUOTED_CELL.search(text) is not None
    return is_mixed, is_mixed and all(_PLAIN.kind(cell) not in ("text", "similar") for cell in bare)
