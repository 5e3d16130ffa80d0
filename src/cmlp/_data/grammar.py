"""The grammar of cells: what text is a number, a missing value, a boolean or a date. docs/guide/files.md defines it.

There is one grammar, and only this module reads cells, but for dates of a form that the user states
(`cmlp._data.date_forms`). A block of a column is parsed at once if all of its cells are plain; otherwise each different
cell is parsed by itself, with the same result.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np

from cmlp._data.array_types import AnyArray, NDArray
from cmlp._data.columns import MICROSECONDS_OF_A_DAY, CellFormat

# The share of numbers or dates among the values of a column from which on it is not one of text.
MOST_SHARE = 0.9
# The same among values that hardly repeat, which as text say nothing of new rows.
LEAST_SHARE = 0.5
# Missing values in every column, exactly as written: those of pandas.read_csv.
_EXACTLY = (
    *(
        "",
        "#N/A",
        "#N/A N/A",
        "#NA",
        "-1.#IND",
        "-1.#QNAN",
        "-NaN",
        "-nan",
        "1.#IND",
        "1.#QNAN",
        "<NA>",
        "N/A",
        "NA",
    ),
    *("NULL", "NaN", "None", "n/a", "nan", "null"),
)
# Missing values among numbers, dates and booleans, in small or capital letters; text elsewhere.
_AMONG_NUMBERS = ("", "?", "-", ".", "\\n", "na", "n/a", "nan", "null", "none", "#n/a", "<na>")
_BOOLEANS = {
    word: word.lower() == "true" for word in ("True", "False", "true", "false", "TRUE", "FALSE")
}

_LEADING_ZEROS = re.compile(r"\n[ \t]*0\d+[ \t]*(?=\n)")  # between ends of lines
_DAYS = re.compile(r"(?:\d{4}-\d\d-\d\d\n)*\d{4}-\d\d-\d\d", re.ASCII)
_TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?"
_TIMES = re.compile(rf"(?:{_TIME}\n)*{_TIME}", re.ASCII)
OFFSET = r"(?:Z|[+-]\d\d(?::?\d\d)?)"  # from UTC
_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?"
    rf"(?: ?({OFFSET}))?)?",
    re.ASCII,
)
_UNIX = date(1970, 1, 1).toordinal()
# The first and the last moment, in microseconds: of the years 1 to 9999 in UTC.
_FIRST = (date.min.toordinal() - _UNIX) * MICROSECONDS_OF_A_DAY
_LAST = (date.max.toordinal() - _UNIX + 1) * MICROSECONDS_OF_A_DAY - 1
_HOURS, _MINUTES = 24, 60
_MICROSECONDS = 1_000_000  # of a second
_LONGEST_INTEGER = 40  # digits; more are a number, and no label
# Text that people read as a number in a form that was not stated, or that has a unit of money.
_LOOKS_LIKE_A_NUMBER = re.compile(
    r"[(]?[+-]?[$€£¥]?\s?[+-]?(?:\d+(?:[.,]\d+)?|\d{1,3}([.,'’\s])\d{3}(?:\1\d{3})*(?:(?!\1)[.,]\d+)?)"
    r"\s?(?:[$€£¥%]|EUR|USD|GBP|CHF)?[)]?"
    # An exponent of Fortran.
    r"|[+-]?(?:\d+\.\d*|\.\d+)[dD][+-]?\d{1,3}"
)
_FORTRAN = re.compile(r"[+-]?[\d.]+[dD][+-]?\d+", re.ASCII)
_OTHER_DATE = re.compile(r"\d{1,4}([./-])\d{1,2}\1\d{1,4}(?:[ T]\d{1,2}:\d{2}.*)?", re.ASCII)
# What str.strip removes, as a pattern for other languages.
SPACE = "[\t-\r\x1c- \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
# What separates thousands, as patterns.
SPACES = {
    " ": "[ \u00a0\u202f]",
    "'": "['\u2019]",
    ",": ",",
    ".": r"\.",
}


# The minus of texts, and a formula of a spreadsheet for text.
MINUS = "\u2212"
_FORMULA = re.compile('="([^"]*)"')

# Stands before a word for missing values that is in quotation marks, and so is text in a column of text. It is white
# space, so that nothing changes among numbers and dates.
QUOTED = "\x1e"


class Date(NamedTuple):
    """A point in time as microseconds since 1970, in UTC if it has an offset."""

    kind: str  # "date", "time" or "instant"
    value: int


class Grammar:
    """The grammar with the decimal point, the separator of thousands and further missing values of a file.

    Parameters
    ----------
    cell_format : CellFormat
    quotes_text : bool, default=False
        Whether the file has all text in quotation marks, so that a word for missing values is one without them.
    """

    def __init__(self, cell_format: CellFormat, *, quotes_text: bool = False) -> None:
        self.cell_format, self.quotes_text = cell_format, quotes_text
        also = {text.strip() for text in cell_format.missing}
        has_own = cell_format.has_own_words
        exactly: Sequence[str] = ("",) if has_own else _EXACTLY
        self._among_numbers: Sequence[str] = ("",) if has_own else _AMONG_NUMBERS
        self._missing = frozenset((*exactly, *cell_format.missing))
        self._marks = frozenset((*self._among_numbers, *exactly, *also))
        # Marks as they mostly are, so that others need not be converted to small letters.
        often = () if has_own else (*map(str.upper, _AMONG_NUMBERS), "None", "Null", "NaN", "Na")
        self._often = frozenset((*self._marks, *often))
        point = r"\." if cell_format.decimal == "." else ","
        thousands = ""
        self._separators = None
        if cell_format.thousands:
            separator = SPACES[cell_format.thousands]
            thousands = rf"|\d{{1,3}}(?:{separator}\d{{3}})+"
            self._separators = re.compile(separator)
        self._number = re.compile(
            rf"[+-]?(?:(?:\d+{thousands})(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?"
            r"|[+-]?inf(?:inity)?",
            re.ASCII | re.IGNORECASE,
        )
        # Texts that would be numbers or dates, such as -999, if they did not stand for missing
        # values.
        self._sentinels = {
            text for text in also if self._plain(text) is not None or self.date(text) is not None
        }

    def as_json(self) -> dict[str, object]:
        """Return the grammar for a program in another language: its patterns, and what stands for a missing value."""
        return {
            "number": self._number.pattern,
            "date": _DATE.pattern,
            "space": SPACE,
            "similar": _LOOKS_LIKE_A_NUMBER.pattern,
            "true": [word for word, value in _BOOLEANS.items() if value],
            "false": [word for word, value in _BOOLEANS.items() if not value],
            "decimal": self.cell_format.decimal,
            "minus": MINUS if self.cell_format.of_spreadsheets else "-",
            "formula": _FORMULA.pattern if self.cell_format.of_spreadsheets else None,
            "separators": None if self._separators is None else self._separators.pattern,
            "missing": sorted(self._missing),
            "marks": sorted(self._marks),
            "lower": self._among_numbers,
        }

    def contents(self, cells: Sequence[str]) -> Sequence[str]:
        """Return the texts that other methods read: of a cell such as ``="007"`` the one inside."""
        if not self.cell_format.of_spreadsheets or not any(cell[:2] == '="' for cell in cells):
            return cells
        matches = [_FORMULA.fullmatch(cell) for cell in cells]
        return [
            cell if match is None else match[1] for cell, match in zip(cells, matches, strict=True)
        ]

    def is_missing(self, cell: str) -> bool:
        """Return whether a cell stands for a missing value in a column of text."""
        return cell in self._missing

    def is_mark(self, cell: str) -> bool:
        """Return whether a cell stands for a missing value among numbers, dates or booleans."""
        return (
            cell in self._often
            or cell.strip() in self._marks
            or cell.strip().lower() in self._among_numbers
        )

    @property
    def default_words(self) -> list[str]:
        """The words that stand for missing values by the grammar alone, and could be text."""
        return sorted(self._missing.difference(("", *self.cell_format.missing)))

    def is_default_word(self, cell: str) -> bool:
        """Return whether a cell is one of the `default_words`."""
        return cell != "" and cell in self._missing and cell not in self.cell_format.missing

    def text(self, cell: str) -> str:
        """Return the text of a cell, without the mark of a quoted word."""
        return cell[1:] if cell.startswith(QUOTED) and cell[1:] in self._missing else cell

    def number(self, cell: str) -> float | None:
        """Return the number of a cell, infinite ones included; None for other text."""
        text = self._plain(cell)
        return None if text is None else float(text)

    def integer(self, cell: str) -> int | None:
        """Return the integer of a cell that has only digits and a sign, exactly; None for other text."""
        text = self._plain(cell)
        is_whole = text is not None and len(text) < _LONGEST_INTEGER and text.lstrip("+-").isdigit()
        return int(text) if is_whole and text is not None else None

    def _plain(self, cell: str) -> str | None:
        """Return a number as Python has it; None for other text."""
        text = cell.strip()
        if self.cell_format.of_spreadsheets:
            text = text.replace(MINUS, "-")
        if self._number.fullmatch(text) is None:
            return None
        if self._separators is not None:
            text = self._separators.sub("", text)
        return text if self.cell_format.decimal == "." else text.replace(",", ".")

    def date(self, cell: str) -> Date | None:
        """Return a date or a point in time of ISO 8601; None for other text."""
        match = _DATE.fullmatch(cell.strip())
        if match is None:
            return None
        year, month, day, hour, minute, second, fraction, offset = match.groups()
        clock = None if hour is None else (int(hour), int(minute), int(second or 0))
        return moment_of((int(year), int(month), int(day)), clock, fraction or "", offset)

    def boolean(self, cell: str) -> bool | None:
        """Return whether a cell is true or false; None for other text."""
        return _BOOLEANS.get(cell.strip())

    def kind(self, cell: str) -> str:
        """Return what a cell is.

        One of "missing", "mark" (missing among numbers), "integer", "zeros" (an integer with leading zeros),
        "number", "infinite", "boolean", "date", "time", "instant", "similar" (people see a number in a form that was
        not stated) and "text".
        """
        if cell in self._missing:
            return "missing"
        if self.is_mark(cell):
            return "mark"
        text = self._plain(cell)
        if text is not None:
            if not math.isfinite(float(text)):
                return "infinite"
            if not text.lstrip("+-").isdigit():
                return "number"
            return "zeros" if len(text) > 1 and text[0] == "0" else "integer"
        if self.boolean(cell) is not None:
            return "boolean"
        found = self.date(cell)
        if found is not None:
            return found.kind
        return "similar" if looks_like_a_number(cell) else "text"

    def numbers(self, cells: Sequence[str]) -> tuple[NDArray[np.float64], bool] | None:
        """Return the numbers of plain cells, NaN if missing, and whether all are integers; None if others must look.

        Cells are not plain if all are missing, one has leading zeros, is infinite, or has other letters than ASCII.
        """
        has_sentinels = self._has_sentinels(cells)
        found = None if has_sentinels else self._floats(cells)
        if found is not None:
            return found
        is_present = [
            not (self.is_mark(cell) if has_sentinels else cell in self._often) for cell in cells
        ]
        if all(is_present):
            found = None
        else:
            found = self._floats(list(itertools.compress(cells, is_present)))
        if found is None:
            return None
        values = np.full(len(cells), np.nan)
        values[is_present] = found[0]
        return values, found[1]

    def _floats(self, cells: Sequence[str]) -> tuple[NDArray[np.float64], bool] | None:
        joined = "\n".join(cells)
        if self._separators is not None and self._separators.search(joined):
            return None
        if self.cell_format.decimal == ",":
            if "." in joined or joined.count("\n") >= len(cells):
                return None
            joined = joined.replace(",", ".")
            cells = joined.split("\n")
        may_have_zeros = (
            joined.startswith("0") or "\n0" in joined or " " in joined or "\t" in joined
        )
        if (
            "_" in joined
            or not joined.isascii()
            or (may_have_zeros and _LEADING_ZEROS.search(f"\n{joined}\n"))
        ):
            return None
        try:
            found = np.fromiter(map(float, cells), np.float64, len(cells))
        except ValueError:
            return None
        is_whole = not ("." in joined or "e" in joined or "E" in joined)
        return (found, is_whole) if len(found) and np.isfinite(found).all() else None

    def _has_sentinels(self, cells: Sequence[str]) -> bool:
        return bool(self._sentinels) and not self._sentinels.isdisjoint(map(str.strip, cells))

    def dates(self, cells: Sequence[str]) -> tuple[str, AnyArray] | None:
        """Return the kind and the values of plain cells that are all dates or all times; None if others must look."""
        joined = "\n".join(cells)
        kind = ""
        if _DAYS.fullmatch(joined):
            kind = "date"
        elif _TIMES.fullmatch(joined):
            kind = "time"
        if (
            not kind
            or joined.startswith("0000")
            or "\n0000" in joined
            or self._has_sentinels(cells)
        ):
            return None
        try:
            return kind, np.array(cells, "M8[us]")
        except ValueError:
            return None


def moment_of(
    day: tuple[int, int, int],
    clock: tuple[int, int, int] | None = None,
    fraction: str = "",
    offset: str | None = None,
) -> Date | None:
    """Return a date of a year, a month and a day, and with a clock a point in time; None if there is none.

    `clock` is hours, minutes and seconds, `fraction` the digits of a part of a second, and `offset` that from UTC.
    """
    try:
        days = date(*day).toordinal() - _UNIX
    except ValueError:
        return None
    if clock is None:
        return Date("date", days * MICROSECONDS_OF_A_DAY)
    hour, minute, second = clock
    if hour >= _HOURS or minute >= _MINUTES or second >= _MINUTES:
        return None
    value = days * MICROSECONDS_OF_A_DAY + ((hour * 60 + minute) * 60 + second) * _MICROSECONDS
    value += int(f"{fraction:0<6}"[:6])
    if offset is None:
        return Date("time", value)
    digits = "0000" if offset == "Z" else f"{offset[1:].replace(':', ''):0<4}"
    if int(digits[:2]) >= _HOURS or int(digits[2:]) >= _MINUTES:
        return None
    east = (int(digits[:2]) * 60 + int(digits[2:])) * 60 * _MICROSECONDS
    value += east if offset[0] == "-" else -east
    return Date("instant", value) if _FIRST <= value <= _LAST else None


def looks_like_a_date(cell: str) -> bool:
    """Return whether people would read a cell as a date, for example 24.11.2026 or 1/31/26."""
    return _OTHER_DATE.fullmatch(cell.strip()) is not None


def has_d_exponent(cell: str) -> bool:
    """Return whether a cell that looks like a number has the exponent of a double of Fortran, as in 1.0D+03."""
    return _FORTRAN.fullmatch(cell.strip()) is not None


def looks_like_a_number(cell: str) -> bool:
    """Return whether people would read a cell as a number, for example 1.234,50 or $5."""
    text = cell.strip()
    return len(text) < _LONGEST_INTEGER and _LOOKS_LIKE_A_NUMBER.fullmatch(text) is not None
