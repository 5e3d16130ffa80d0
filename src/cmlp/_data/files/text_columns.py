"""The columns of a file of text on which a model is trained: what each of them is, decided over all rows."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Sequence
from itertools import islice

import numpy as np

from cmlp._data.array_types import AnyArray, NDArray
from cmlp._data.arrays import EXACT
from cmlp._data.column_entries import may_be_rounded
from cmlp._data.columns import DATES, MICROSECONDS_OF_A_DAY
from cmlp._data.files import text_cells
from cmlp._data.files.file_formats import DataError, quoted, stated
from cmlp._data.files.text_cells import Place
from cmlp._data.grammar import (
    MOST_SHARE,
    Grammar,
    has_d_exponent,
    looks_like_a_date,
    looks_like_a_number,
)

PLAIN = ("integer", "number")  # kinds of cells, and types of columns
_NUMBERS = (*PLAIN, "zeros", "infinite")
_ABSENT = ("missing", "mark")
_WORDS = (*_NUMBERS, "boolean", *DATES, "similar", "text", *_ABSENT)
_SHOWN = 3  # of the other cells
_FEW = 4096  # different texts, up to which targets are kept as text
_SIXTH_DIGIT = len(
    "1.2345"
)  # which a spreadsheet writes unless it is 0: other programs have as many for all
_GERMAN = "--decimal , --thousands ."
# The digits of a number in a form that was not stated, with its sign.
_DIGITS = re.compile(r"[+-]?[.,]?\d(?:[\d.,'’ \u00a0\u202f]*\d)?[.,]?")
# A range of numbers at the end of others, such as 65+ or <1.
_LAST = re.compile(r"\s*(?:[<>≤≥]=?\s*\d[\d.,]*|\d[\d.,]*\s*\+)\s*", re.ASCII)
# A number whose points may separate thousands.
_WITH_THOUSANDS = re.compile(r"\s*[+-]?[1-9]\d{0,2}(\.\d{3})+\s*", re.ASCII)


class TrainingColumn:
    """The cells of a column in training: each block in the most compact form, and how many are of each kind.

    A block is an array of doubles, of microseconds, or of the codes of different texts.
    """

    def __init__(
        self,
        grammar: Grammar,
        is_text: bool,
        is_target: bool,
        may_have_thousands: bool,
        form: str = "",
    ) -> None:
        self.grammar, self._is_text, self._is_target = grammar, is_text, is_target
        self.form = form  # of dates, "" for those of the grammar
        # The first cell with points if those of all cells may separate thousands, "" before it,
        # None if they do not.
        self.with_thousands: str | None = "" if may_have_thousands else None
        self.parts: list[AnyArray] = []
        self.tally: Counter[str] = Counter()
        self._first: dict[
            str, dict[str, int]
        ] = {}  # the first different cells of each kind, with their rows
        self.codes: dict[str, int] = {}
        self._rows = array("q")  # the first row of each different text
        self._words = array("b")  # the kind of each different text
        # The stated words for missing values which cells have, and those which none has so far.
        self.missing_words: set[str] = set()
        self._awaited = {*grammar.cell_format.missing}

    def add(self, cells: Sequence[str], first: int) -> None:
        """Add the cells of rows from `first` on."""
        forms = [self._numbers, self._dates, self._texts]
        if (
            self._is_text
            or self.form
            or self.tally["text"]
            or (self._is_target and len(self.codes) < _FEW)
        ):
            forms = [self._texts]
        elif self.parts and self.parts[-1].dtype.kind == "M":
            forms = [self._dates, self._numbers, self._texts]
        if self._awaited:
            words = self._awaited.intersection(map(str.strip, cells))
            self.missing_words |= words
            self._awaited -= words
        self.parts.append(next(part for form in forms if (part := form(cells, first)) is not None))
        if self.with_thousands is not None:
            pointed = [cell for cell in cells if "." in cell]
            found = self.with_thousands or next(iter(pointed), "")
            self.with_thousands = found if all(map(_WITH_THOUSANDS.fullmatch, pointed)) else None

    def _numbers(self, cells: Sequence[str], first: int) -> NDArray[np.float64] | None:
        """Return plain numbers, of which some may be missing; None unless all are, and doubles hold them exactly."""
        plain = self.grammar.numbers(cells)
        if plain is None:
            return None
        numbers, is_whole = plain
        absent = np.isnan(numbers)
        if is_whole and (np.abs(numbers) > EXACT).any():
            return None
        word, n_absent = "integer" if is_whole else "number", int(absent.sum())
        self.tally[word] += len(cells) - n_absent
        self.tally["mark"] += n_absent
        self._note(word, cells, first)
        if n_absent:
            row = int(absent.argmax())
            self._note("mark", [cells[row]], first + row)
        return numbers

    def _dates(self, cells: Sequence[str], first: int) -> AnyArray | None:
        """Return plain dates or times; None unless all cells are."""
        plain = self.grammar.dates(cells)
        if plain is None:
            return None
        self.tally[plain[0]] += len(cells)
        self._note(plain[0], cells, first)
        return plain[1]

    def _texts(self, cells: Sequence[str], first: int) -> NDArray[np.int32]:
        """Return a number for each cell, the same for the same text."""
        codes = self.codes
        for row, cell in enumerate(cells, first) if not codes.keys() >= {*cells} else ():
            if cell not in codes:
                word = self.grammar.kind(cell)
                codes[cell] = len(codes)
                self._rows.append(row)
                self._words.append(_WORDS.index(word))
                self._note(word, [cell], row)
        part = np.fromiter(map(codes.__getitem__, cells), np.int32, len(cells))
        counts = np.bincount(np.frombuffer(self._words, np.int8)[part], minlength=len(_WORDS))
        self.tally.update(dict(zip(_WORDS, counts.tolist(), strict=True)))
        return part

    def _note(self, word: str, cells: Sequence[str], first: int) -> None:
        """Remember the first different cells of a kind, and their rows."""
        examples = self._first.setdefault(word, {})
        if len(examples) < _SHOWN:
            for row, cell in enumerate(cells, first):
                examples.setdefault(cell, row)
                if len(examples) == _SHOWN:
                    break

    @property
    def is_empty(self) -> bool:
        """Whether all cells are missing."""
        return sum(self.tally[word] for word in _ABSENT) == self.tally.total()

    def first(self, words: Sequence[str]) -> list[tuple[int, str]]:
        """Return the rows and cells of the first different ones of these kinds."""
        examples: dict[str, int] = {}
        for row, cell in sorted(
            (row, cell) for word in words for cell, row in self._first.get(word, {}).items()
        ):
            examples.setdefault(cell, row)
        return [(row, cell) for cell, row in islice(examples.items(), _SHOWN)]

    def doubtful_word(self, column_type: str) -> str | None:
        """Return the only word that is read as a missing value, if it probably is a value; None if there is none.

        That is so if no cell is empty, and the column has the target or codes of as many letters.
        """
        if column_type != "text":
            return None
        absent = [cell for cell in self.codes if self.grammar.is_missing(cell)]
        if len(absent) != 1 or not self.grammar.is_default_word(absent[0]):
            return None
        if self.grammar.quotes_text:
            return None
        word = absent[0]
        are_codes = word.isalpha() and all(
            len(cell) == len(word) and cell.isalpha() and cell.isupper() == word.isupper()
            for cell in islice(self.codes, _FEW)
        )
        return word if self._is_target or (are_codes and len(self.codes) > 2) else None

    def other_than_number(self, column_type: str) -> tuple[int, str] | None:
        """Return the row and an explanation of the first cell that is no number; None if all are numbers."""
        words = _ABSENT if column_type in PLAIN else [word for word in _WORDS if word not in PLAIN]
        row, cell = next(iter(self.first(words)), (0, ""))
        cell = self.grammar.text(cell)
        if self._is_text:
            return row, "a column of text"
        if column_type in PLAIN:
            return (
                (row, "the value is missing")
                if self.tally["missing"] + self.tally["mark"]
                else None
            )
        if self.grammar.is_missing(cell):
            return row, "the value is missing"
        if column_type in DATES:
            return row, f"{cell!r} is a date, not a number"
        has_zeros = column_type == "text" and self.grammar.number(cell) is not None
        return row, f"{cell!r} {'has leading zeros' if has_zeros else 'is not a number'}"

    def other_date(self, column_type: str) -> tuple[str, str] | None:
        """Return a cell that is read as text or as a number, but probably is a date, and its form, "" if none is known.

        Nearly all other cells are like it.
        """
        from cmlp._data.date_forms import common_forms, form_of_numbers

        if column_type == "integer" and not self.form:
            parts = [part for part in self.parts if part.dtype.kind == "f"]
            form = form_of_numbers(np.concatenate(parts)) if len(parts) == len(self.parts) else ""
            return (self.first(["integer"])[0][1].strip(), form) if form else None
        if column_type != "text" or self._is_text:
            return None
        cells = [cell for cell in islice(self.codes, _FEW) if not self.grammar.is_mark(cell)]
        forms = common_forms(dict.fromkeys(cells, 1))
        if forms:
            return cells[0], forms[0]
        dates = [cell for cell in cells if looks_like_a_date(cell)]
        return (dates[0], "") if dates and len(dates) >= MOST_SHARE * len(cells) else None

    def rounded_integer(self, column_type: str) -> str | None:
        """Return a cell that a spreadsheet has probably made of a longer whole number; None if there is none."""
        if column_type not in PLAIN:
            return None
        cells = [cell.strip() for _, cell in self.first(PLAIN)]
        large = [cell for cell in cells if may_be_rounded(cell)]
        # A spreadsheet writes smaller whole numbers without an exponent.
        if not large or any("e" in cell.lower() for cell in cells if cell not in large):
            return None
        read = [part for part in self.parts if part.dtype.kind == "f"]
        of_texts = (self.grammar.number(cell) for cell in self.codes)
        read.append(np.array([one for one in of_texts if one is not None], np.float64))
        numbers = np.unique(np.abs(np.concatenate(read)))
        numbers = numbers[~np.isnan(numbers)]
        are_whole = (numbers == np.floor(numbers)).all()
        scientific = [f"{one:.5e}" for one in numbers[-_FEW:] if may_be_rounded(float(one))]
        n_short = sum(text[_SIXTH_DIGIT] == "0" for text in scientific)
        return large[0] if are_whole and 2 * n_short < len(scientific) else None

    def is_nearly_all(self, form: str) -> bool:
        """Return whether nearly all different cells are text of a form of dates."""
        from cmlp._data.date_forms import date_form

        if not self.parts or any(part.dtype.kind != "i" for part in self.parts):
            return False
        cells = [cell for cell in self.codes if not self.grammar.is_mark(cell)]
        is_text = any(self.grammar.kind(cell) in ("text", "similar") for cell in cells)
        return is_text and date_form(form).reads_nearly_all(dict.fromkeys(cells, 1))

    # ---------------------------------------------------------------------------------------------- the decision

    def column_type(self, place: Place) -> str:
        """Return the type of the column after all rows; raises DataError if it is probably another one.

        `place` says where a row is, for messages.
        """
        if self.form:
            return self._type_of_form(place)
        tally = self.tally
        n = tally.total() - tally["missing"] - tally["mark"]
        n_numbers, n_dates = (sum(tally[word] for word in words) for words in (_NUMBERS, DATES))
        if self._is_text:
            return "text"
        if n_numbers == n:
            if tally["infinite"]:
                row, cell = self.first(["infinite"])[0]
                what = f"the value is {self.grammar.number(cell)}"
                raise DataError(
                    f"{place(row)}: {what}" + text_cells.remedy(cell, required=self._is_target)
                )
            is_whole = n > 0 and not tally["number"]
            # Codes such as 00123.
            return "text" if is_whole and tally["zeros"] else PLAIN[not is_whole]
        if n_dates == n:
            if tally["instant"] not in (0, n):
                at, aware = self.first(["instant"])[0]
                row, naive = self.first(["date", "time"])[0]
                raise DataError(
                    f"{place(at)}: {aware!r} has an offset from UTC, but {naive!r} in "
                    f"{place.line(row)} has none. If the column is text, add "
                    f"{stated('--text', place.name)}",
                )
            if tally["instant"]:
                return "instant"
            if tally["time"] and self._has_times(place):
                return "time"
            return "date"
        if tally["boolean"] == n:
            return "boolean"
        if n_numbers + n_dates >= MOST_SHARE * n:
            raise self._mixed(place, n, n_numbers, n_dates)
        if tally["similar"] and tally["similar"] + n_numbers >= MOST_SHARE * n:
            from cmlp._data.quantities import several_units  # few files need it

            row, cell = self.first(["similar"])[0]
            units = several_units(dict.fromkeys(islice(self.codes, _FEW), 1))
            remedy = (
                f"To read numbers, write all in one unit and without it: the column has {units}"
                if units
                else _remedy(cell, self.grammar.cell_format.decimal)
            )
            raise DataError(
                f"{place(row)}: {cell!r} is not a number as it is written. {remedy}; if the column "
                f"is text, add {stated('--text', place.name)}",
            )
        return "text"

    def _type_of_form(self, place: Place) -> str:
        """Return the type of dates of the form; raises DataError for other cells."""
        from cmlp._data.date_forms import date_form

        column_type = date_form(self.form).column_type
        has_times = self._has_times(place.of_rows(self._rows))
        return "date" if column_type == "time" and not has_times else column_type

    def _has_times(self, place: Place) -> bool:
        """Return whether a date is not at midnight."""
        moments = [part for part in self.parts if part.dtype.kind == "M"]
        moments.append(text_cells.dates(self.grammar, [*self.codes], "time", place, self.form))
        return any(
            (part.view(np.int64)[~np.isnat(part)] % MICROSECONDS_OF_A_DAY).any() for part in moments
        )

    def _mixed(self, place: Place, n: int, n_numbers: int, n_dates: int) -> DataError:
        are_numbers = n_numbers >= n_dates
        what, wanted = ("number", _NUMBERS) if are_numbers else ("date", DATES)
        others = self.first([word for word in _WORDS if word not in (*wanted, *_ABSENT)])
        counts = [(n_numbers, "numbers"), (n_dates, "dates")]
        found = " and ".join(f"{count:,} are {whats}" for count, whats in counts if count)
        listed = ", ".join(f"{cell!r} in {place.line(row)}" for row, cell in others)
        row, cell = others[0]
        is_similar = are_numbers and looks_like_a_number(cell)
        other_form = f"If {cell!r} is a number, write it like the others. " if is_similar else ""
        # Only one row, the last one, has something else.
        is_footer = len(others) == 1 and row == self.tally.total() - 1
        footer = f". If {place.line(row)} is a footer, remove it" if is_footer else ""
        remedies = [
            f"if they stand for missing values, add {stated('--missing', cell.strip())}",
            f"if the column is text, add {stated('--text', place.name)}",
        ]
        if are_numbers and self._are_codes([one for _, one in others]):
            remedies.reverse()
        first, second = remedies
        return DataError(
            f"{place(row)}: {cell!r} is not a {what}, but of {n:,} values {found}. The first "
            f"others are {listed}. {other_form}{first[0].upper()}{first[1:]}; {second}{footer}",
        )

    def _are_codes(self, others: Sequence[str]) -> bool:
        """Return whether text among numbers is probably what it is: it has their length, or stands at their end."""
        if all(map(_LAST.fullmatch, others)):
            return True
        numbers = [cell for _, cell in self.first(_NUMBERS)]
        lengths = {len(cell.strip()) for cell in (*numbers, *others)}
        return len(lengths) == 1 and lengths != {1}

    def has_values(self, column_type: str) -> bool:
        """Return whether the values of a type follow from the blocks: not if one is in the form of another type."""
        form = "i"
        if column_type in DATES:
            form = "M"
        elif column_type in PLAIN:
            form = "f"
        forms = {part.dtype.kind for part in self.parts}
        if column_type == "integer" and forms == {"i", "f"}:
            cells = (cell for cell in self.codes if not self.grammar.is_mark(cell))
            return all(abs(self.grammar.integer(cell) or 0) <= EXACT for cell in cells)
        return forms <= {"i", form}

    def values(self, column_type: str, place: Place) -> AnyArray:
        """Return the values of a type, which follow from the blocks."""
        table = text_cells.values(self.grammar, [*self.codes], column_type, place, self.form)
        if any(part.dtype.kind == "f" for part in self.parts):
            table = table.astype(np.float64)
        return np.concatenate(
            [table[part] if part.dtype.kind == "i" else part for part in self.parts]
        )


def _remedy(cell: str, decimal: str) -> str:
    """Return what reads a number that is written in another form."""
    if has_d_exponent(cell):
        return "To read numbers, write e instead of D in exponents"
    number = _DIGITS.search(cell)
    text = cell.strip() if number is None else number[0]
    has_point, has_comma = "." in text, "," in text
    marks = ("'", "'’"), (" ", " \u00a0\u202f")
    option: str | None = None
    if has_comma and has_point:
        is_german = text.rindex(",") > text.rindex(".")
        option = _GERMAN if is_german else "--thousands ,"
    elif has_comma:
        has_thousands = len(text) - text.rindex(",") == 4  # a comma and three digits
        option = "--thousands , or --decimal ," if has_thousands else "--decimal ,"
    elif text.count(".") > 1:
        option = _GERMAN
    elif has_point and decimal == ",":
        has_thousands = _WITH_THOUSANDS.fullmatch(text) is not None
        remedy = ": to read numbers, add --thousands ." if has_thousands else ""
        return f"It has a point, but --decimal is a comma{remedy}"
    else:
        separators = (mark for mark, letters in marks if {*letters} & {*text})
        option = next((f"--thousands {quoted(mark)}" for mark in separators), None)
    has_others = text != cell.strip() or not option
    other = f"{' and ' if option else ''}remove what is no part of the number" if has_others else ""
    return "To read numbers, " + ("add " + option if option else "") + other


def doubt(cell: str) -> str:
    """Return a notice about a number in a file from a country with decimal commas, perhaps."""
    return (
        f"{cell!r} is read with a decimal point. All such numbers have three digits behind it: if "
        f"it separates thousands, add {_GERMAN} and otherwise --decimal ."
    )


def doubt_of_word(word: str) -> str:
    """Return a notice about a word that is read as a missing value, and may be a value."""
    return (
        f"{word!r} is read as a missing value, and no other cell of the column is. If it is a value, "
        "add --no-default-missing"
    )


def doubt_of_rounded(cell: str) -> str:
    """Return a notice about a number as a spreadsheet writes a longer one."""
    return (
        f"{cell!r} has at most six digits of a whole number. If the column has ids, write the file "
        "again from cells in the format of text: different ones may have become equal"
    )


def doubt_of_date(cell: str, form: str, place: Place) -> str:
    """Return a notice about a date that is read as text or as a number; its form is "" if it is not known."""
    option = stated("--date-format", f"{place.name}={form}" if form else "COLUMN=FORM")
    what = "a number" if cell.isdigit() else "text"
    return (
        f"{cell!r} is read as {what}. To read dates, write them as 2026-11-24 or add "
        f"{option}; if the column is text, add {stated('--text', place.name)}"
    )
