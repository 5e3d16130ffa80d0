"""What the columns of a file of text are: decided over all rows in training, and read by that decision afterwards."""

from __future__ import annotations

import itertools
import shlex
from array import array
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.arrays import EXACT, in_64_bits
from cmlp._data.columns import DATES, MICROSECONDS_OF_A_DAY, Column, objects
from cmlp._data.errors import DataError
from cmlp._data.grammar import Grammar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmlp._data.text import TextFile

_NUMBERS = ("integer", "zeros", "number", "infinite")
_ABSENT = ("missing", "mark")
_CODES = {word: code for code, word in enumerate((*_NUMBERS, "boolean", *DATES, "similar", "text", *_ABSENT))}
_WORDS = list(_CODES)
_SHARE = 0.9  # of numbers or dates from which on a column is not one of text
_SHOWN = 3  # of the other entries
_NAT = np.iinfo(np.int64).min
_OFTEN = "integer", "number"


class Place:
    """Where the cells of a column are, for messages; `lines` are those of rows from `first` on."""

    def __init__(self, file: TextFile, column: int, lines: Sequence[int], first: int = 0) -> None:
        self._file, self._column, self._lines, self._first = file, column, lines, first

    def __call__(self, row: int) -> str:
        name = f" ({self._file.names[self._column]!r})" if self._file.has_names else ""
        return f"{self._file.path}, {self.line(row)}, column {self._column + 1}{name}"

    def line(self, row: int) -> str:
        """Return the line of a row."""
        return f"line {self._lines[row - self._first]}"

    @property
    def option(self) -> str:
        """The column as a value of an option."""
        return shlex.quote(self._file.names[self._column]) if self._file.has_names else str(self._column + 1)


class Gathered:
    """The cells of a column of training rows, as compactly as the first ones allow, and how many are of each kind.

    `values` has numbers, microseconds, or codes of different texts. They are complete unless a later cell is something
    else than the first ones.
    """

    def __init__(self, grammar: Grammar, *, is_text: bool, is_target: bool = False) -> None:
        self.grammar, self.is_text, self.is_target = grammar, is_text, is_target
        self.prints = True  # whether each number of a target is printed as it was written
        self.form = "codes" if is_text else ""  # "numbers", "dates" or "codes"
        self.is_complete, self.is_large = True, False
        self.tally: Counter[str] = Counter()
        self.odd: tuple[int, str] | None = None  # the first row that has no number, with its cell
        self.values: array[Any] = array("i")
        self._converted: array[Any] = array("q")
        self._codes: dict[str, int] = {}
        self._kinds, self._firsts = array("b"), array("q")  # of each text

    def add(self, cells: Sequence[str], first: int) -> NDArray[np.float64] | None:
        """Add the cells of rows from `first` on; return them if they are numbers."""
        found = None if self.form in ("codes", "dates") else self.grammar.numbers(cells)
        if not self.form:
            self.form = "numbers" if found is not None else "dates" if self.grammar.dates(cells) else "codes"
            self.values = array({"numbers": "d", "dates": "q", "codes": "i"}[self.form])
            self._converted = array("d" if self.form == "numbers" else "q")
            self._note(self.grammar.kind(cells[0]), cells[0], first)
        if self.form == "dates":
            self._add_dates(cells, first)
            return None
        if found is not None:
            return self._add_numbers(cells, first, *found)
        codes = self._code(cells, first)
        if self.form == "codes":
            self.values.frombytes(codes.tobytes())
            return None
        self._count(codes)
        self.prints &= self.is_target and all(str(self.grammar.integer(cell)) == cell.strip() for cell in self._codes)
        numbers = self._table()[codes] if self.is_complete else np.full(len(cells), np.nan)
        if self.is_target:
            self.values.frombytes(numbers.tobytes())
        return numbers

    def _add_numbers(
        self, cells: Sequence[str], first: int, numbers: NDArray[np.float64], is_whole: bool
    ) -> NDArray[np.float64]:
        absent, infinite = np.isnan(numbers), np.isinf(numbers)
        for word, rows in (("mark", absent), ("infinite", infinite)):
            n = int(rows.sum())
            self.tally[word] += n
            if n:
                row = int(rows.argmax())
                self._note(word, cells[row], first + row)
        self.tally["integer" if is_whole else "number"] += len(cells) - int(absent.sum()) - int(infinite.sum())
        self.is_large |= is_whole and bool((np.abs(numbers) > EXACT).any())
        if self.is_target:
            self.values.frombytes(numbers.tobytes())
            self.prints = self.prints and not self.is_large and bool(np.isfinite(numbers).all())
            if self.prints:
                printed = map(str, numbers.astype(np.int64).tolist() if is_whole else numbers.tolist())
                self.prints = all(map(str.__eq__, printed, map(str.strip, cells)))
        return numbers

    def _add_dates(self, cells: Sequence[str], first: int) -> None:
        found = self.grammar.dates(cells)
        if found is not None:
            kind, values = found
            self.tally[kind] += len(cells)
        else:
            codes = self._code(cells, first)
            self._count(codes)
            values = self._table()[codes] if self.is_complete else np.empty(0, np.int64)
        self.values.frombytes(values.astype(np.int64).tobytes())

    def _microseconds(self, cell: str) -> int | None:
        found = self.grammar.date(cell)
        return None if found is None else found.value

    def _note(self, word: str, cell: str, row: int) -> None:
        """Remember a cell and its row."""
        if cell not in self._codes:
            self._codes[cell] = len(self._codes)
            self._kinds.append(_CODES[word])
            self._firsts.append(row)
        if self.odd is None and word not in _OFTEN:
            self.odd = row, cell

    def _code(self, cells: Sequence[str], first: int) -> NDArray[np.int32]:
        """Return a number for each cell, the same for the same text."""
        codes = self._codes
        try:
            return np.fromiter(map(codes.__getitem__, cells), np.int32, len(cells))
        except KeyError:
            for row, cell in enumerate(cells, first):
                if cell not in codes:
                    self._note(self.grammar.kind(cell), cell, row)
        return np.fromiter(map(codes.__getitem__, cells), np.int32, len(cells))

    def _count(self, codes: NDArray[np.int32]) -> None:
        """Count cells by their codes; cells of another kind than the first ones end the collection of values."""
        counts = np.bincount(np.frombuffer(self._kinds, np.int8)[codes], minlength=len(_WORDS))
        for word, count in zip(_WORDS, counts.tolist(), strict=True):
            self.tally[word] += count
        if self.form == "codes":
            return
        allowed = {*_ABSENT, *(_NUMBERS if self.form == "numbers" else DATES)}
        self.is_complete &= all(word in allowed for word, count in zip(_WORDS, counts, strict=True) if count)

    def _table(self) -> NDArray[Any]:
        """Return the number or the microseconds of each different text."""
        are_numbers = self.form == "numbers"
        convert, missing = (self.grammar.number, np.nan) if are_numbers else (self._microseconds, _NAT)
        for cell in itertools.islice(self._codes, len(self._converted), None):
            value = convert(cell)
            self._converted.append(missing if value is None else value)
        return np.array(self._converted)

    def kind(self, place: Place) -> str:
        """Return the kind of the column after all rows; raises DataError if it is probably another one.

        `place` says where a row is, for messages.
        """
        if self.form == "codes":
            self.tally = Counter()
            self._count(np.frombuffer(self.values, np.int32))
        if self.is_text:
            return "text"
        tally = self.tally
        n = tally.total() - tally["missing"] - tally["mark"]
        n_numbers, n_dates = (sum(tally[word] for word in words) for words in (_NUMBERS, DATES))
        if n_numbers == n:
            return self._kind_of_numbers(n, place)
        if n_dates == n:
            if tally["instant"] not in (0, n):
                (at, aware), (row, naive) = (self._first(words) for words in (("instant",), ("date", "time")))
                raise DataError(
                    f"{place(at)}: {aware!r} has an offset from UTC, but {naive!r} in {place.line(row)} has none. If "
                    f"the column is text, add --text {place.option}"
                )
            return "instant" if tally["instant"] else "time" if self._has_times() else "date"
        if tally["boolean"] == n:
            return "boolean"
        if max(n_numbers, n_dates, n_numbers + n_dates) >= _SHARE * n:
            raise self._mixed(place, n, n_numbers, n_dates)
        self._require_no_other_form(n, place)
        return "text"

    def _kind_of_numbers(self, n: int, place: Place) -> str:
        tally = self.tally
        if tally["infinite"]:
            row, cell = self._first(("infinite",))
            raise DataError(f"{place(row)}: the value is {self.grammar.number(cell)}")
        whole = tally["integer"] + tally["zeros"] == n
        if whole and tally["zeros"]:
            return "text"  # codes such as 00123
        return "integer" if whole and n else "number"

    @property
    def has_absent(self) -> bool:
        """Whether a number is missing."""
        return self.tally["missing"] + self.tally["mark"] > 0

    @property
    def first_absent(self) -> tuple[int, str]:
        """The row and the cell of the first missing number."""
        return self._first(_ABSENT)

    def _has_times(self) -> bool:
        """Return whether a date is not at midnight."""
        if not self.tally["time"]:
            return False
        if self.form == "dates" and self.is_complete:
            values = np.frombuffer(self.values, np.int64)
        else:
            values = self._table()
        return bool((values[values != _NAT] % MICROSECONDS_OF_A_DAY != 0).any())

    def column(self, kind: str, numbers: NDArray[np.float64] | None, parser: Parser, place: Place) -> Column | None:
        """Return the column; None if the file must be read again for it. `numbers` are those that `add` returned."""
        if self.form == "codes":
            table = parser.values([*self._codes], kind, place)
            return column_of(table[np.frombuffer(self.values, np.int32)], kind)
        if not self.is_complete or (self.form == "dates") != (kind in DATES) or (self.is_large and kind == "integer"):
            return None
        if self.form == "dates":
            return column_of(np.frombuffer(self.values, "M8[us]"), kind)
        return None if numbers is None or kind == "text" else column_of(numbers, kind)

    def _others(self, words: Sequence[str]) -> list[tuple[int, str]]:
        """Return the rows and cells of the first different texts that are none of these."""
        codes = {_CODES[word] for word in (*words, *_ABSENT)}
        found = zip(self._firsts, self._codes, self._kinds, strict=True)
        return sorted((row, cell) for row, cell, kind in found if kind not in codes)[:_SHOWN]

    def _first(self, words: Sequence[str]) -> tuple[int, str]:
        """Return the row and the cell of the first one of these, or of any if they were not looked at."""
        codes = {_CODES[word] for word in words}
        found = zip(self._firsts, self._codes, self._kinds, strict=True)
        return min(((row, cell) for row, cell, kind in found if kind in codes), default=self.odd or (0, ""))

    def _mixed(self, place: Place, n: int, n_numbers: int, n_dates: int) -> DataError:
        are_numbers = n_numbers >= n_dates
        others = self._others(_NUMBERS if are_numbers else DATES)
        counts = [(n_numbers, "numbers"), (n_dates, "dates")]
        found = " and ".join(f"{count:,} are {what}" for count, what in counts if count)
        listed = ", ".join(f"{cell!r} in {place.line(row)}" for row, cell in others)
        row, cell = others[0]
        return DataError(
            f"{place(row)}: {cell!r} is not a {'number' if are_numbers else 'date'}, but of {n:,} values {found}. The "
            f"first others are {listed}. If they stand for missing values, add --missing {shlex.quote(cell.strip())}; "
            f"if the column is text, add --text {place.option}"
        )

    def _require_no_other_form(self, n: int, place: Place) -> None:
        """Raise DataError if nearly all cells are numbers for people, in a form that was not stated."""
        n_numbers = sum(self.tally[word] for word in _NUMBERS)
        if not self.tally["similar"] or self.tally["similar"] + n_numbers < _SHARE * n:
            return
        row, cell = self._first(("similar",))
        remedy = _remedy(cell, self.grammar.cells.decimal)
        raise DataError(
            f"{place(row)}: {cell!r} is not a number as it is written. {remedy}; if the column is text, add "
            f"--text {place.option}"
        )


def _remedy(cell: str, decimal: str) -> str:
    """Return what reads a number that is written in another form."""
    text = cell.strip("()$€£¥% \t")
    has_point, has_comma = "." in text, "," in text
    groups = next((f"--thousands {mark}" for mark, letter in (('"\'"', "'"), ('" "', " ")) if letter in text), "")
    if has_comma and has_point:
        is_german = text.rindex(",") > text.rindex(".")
        stated = "--decimal , --thousands ." if is_german else "--thousands ,"
    elif has_comma:
        is_grouped = len(text) - text.rindex(",") == 4  # a comma and three digits
        stated = "--thousands , or --decimal ," if is_grouped else "--decimal ,"
    elif text.count(".") > 1:
        stated = "--decimal , --thousands ."
    elif has_point and decimal == ",":
        return "It has a point, but --decimal is a comma"
    else:
        stated = groups
    steps = [f"add {stated}"] if stated else []
    steps += ["remove what is no part of the number"] if text != cell.strip() or not stated else []
    return f"To read numbers, {' and '.join(steps)}"


# ---------------------------------------------------------------------------------------------------------- parsing


class Parser:
    """Reads the cells of a column by a decision; `place` says where a row of the block is."""

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar

    def numbers(self, cells: Sequence[str], place: Place, *, booleans: bool = False) -> NDArray[Any]:
        """Return numbers, NaN where they are missing; with `booleans`, also of True and False."""
        found = self.grammar.numbers(cells)
        if found is not None and not np.isinf(found[0]).any():
            return found[0]
        values = np.full(len(cells), np.nan)
        for row, cell in enumerate(cells):
            if self.grammar.is_mark(cell):
                continue
            number: float | None = self.grammar.number(cell)
            if number is None and booleans:
                number = self.grammar.boolean(cell)
            if number is None:
                what = "a number, True or False" if booleans else "a number"
                raise DataError(f"{place(row)}: {cell!r} is not {what}")
            if np.isinf(number):
                raise DataError(f"{place(row)}: the value is {number}")
            values[row] = number
        return values

    def dates(self, cells: Sequence[str], kind: str, place: Place) -> NDArray[Any]:
        """Return dates or points in time of a kind: with an offset, or without one."""
        found = self.grammar.dates(cells)
        if found is not None and kind != "instant":
            return found[1].view("M8[us]")
        values = np.full(len(cells), _NAT)
        for row, cell in enumerate(cells):
            if self.grammar.is_mark(cell):
                continue
            date = self.grammar.date(cell)
            if date is None:
                raise DataError(f"{place(row)}: {cell!r} is not a date")
            if (date.kind == "instant") != (kind == "instant"):
                has = "has an offset from UTC, which" if date.kind == "instant" else "has no offset from UTC, which"
                others = "the column has not" if date.kind == "instant" else "the column has"
                raise DataError(f"{place(row)}: {cell!r} {has} {others} in training")
            values[row] = date.value
        return values.view("M8[us]")

    def values(self, cells: Sequence[str], kind: str, place: Place) -> NDArray[Any]:
        """Return cells of a kind of column: integers, booleans and text as objects, None where they are missing."""
        if kind == "number":
            return self.numbers(cells, place)
        if kind in DATES:
            return self.dates(cells, kind, place)
        if kind == "text":
            is_missing = self.grammar.is_missing
            return objects(None if is_missing(cell) else cell for cell in cells)
        return objects(map(self.grammar.integer if kind == "integer" else self.grammar.boolean, cells))

    def categories(self, cells: Sequence[str], known: Sequence[object]) -> NDArray[Any]:
        """Return the categories of a model: found by their text, or by their value if some are numbers.

        A category wins over a missing value of the same text.
        """
        by_text = {str(category): category for category in known if category is not None}
        by_value = {category: category for category in known if isinstance(category, (bool, int, float))}
        found: dict[str, object] = {}

        def category(cell: str) -> object:
            if cell in by_text:
                return by_text[cell]
            if by_value:
                for value in (self.grammar.integer(cell), self.grammar.number(cell), self.grammar.boolean(cell)):
                    if value is not None and value in by_value:
                        return by_value[value]
            is_absent = self.grammar.is_missing(cell) or (bool(by_value) and self.grammar.is_mark(cell))
            return None if is_absent else cell

        for cell in {*cells}:
            found[cell] = category(cell)
        return objects([found[cell] for cell in cells])


def column_of(values: NDArray[Any], kind: str) -> Column:
    """Return a column of values as `Parser.values` returns them, or of doubles, in the types of its kind."""
    if kind == "date":
        values = values.astype("M8[D]")
    elif kind == "boolean" and values.dtype == object:
        values = values.astype(np.float64 if None in values.tolist() else bool)
    elif kind == "integer" and values.dtype == object:
        values = integers(values.tolist())
    elif kind == "integer" and not np.isnan(values).any():
        values = values.astype(np.int64)
    return Column(values, kind)


def integers(values: Sequence[Any]) -> NDArray[Any]:
    """Return exact integers as int64, uint64 or objects; doubles if some are missing and all others are exact."""
    present = [value for value in values if value is not None]
    if len(present) == len(values):
        return in_64_bits(objects(values))
    is_exact = all(-EXACT <= value <= EXACT for value in present)
    return np.array(values, np.float64) if is_exact else objects(values)
