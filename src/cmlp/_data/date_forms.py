"""Dates of a stated form, such as "%d.%m.%Y": what each directive reads, for Python and for pages.

docs/guide/files.md defines the directives. Names of months are those of `cmlp._data.date_words`, whatever the locale.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, timedelta
from datetime import date as Day
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._data.arrays import is_missing
from cmlp._data.column_entries import PERIODS
from cmlp._data.columns import MICROSECONDS_OF_A_DAY, FileColumn, objects
from cmlp._data.containers import MOMENTS, Column, plain_entry
from cmlp._data.date_words import (
    LEAST_OF_MONTH,
    LETTERS,
    MONTHS,
    ORDINAL_SIGNS,
    ORDINALS,
    WEEKDAYS,
    folded,
    is_weekday,
    month_of,
)
from cmlp._data.grammar import MOST_SHARE, OFFSET, SPACE, Date, moment_of
from cmlp.exceptions import short_repr

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from re import Pattern

    from cmlp._data.array_types import AnyArray

_LEAST_RECENT = 69  # two-digit years from here on are of the last century, as in POSIX
_HALF_DAY = 12  # hours
_MONTHS_OF_QUARTER = 3


def _any_case(word: str) -> str:
    """Return the pattern of a word in small or capital letters, which needs no flag in any language."""
    return "".join(f"[{letter.upper()}{letter.lower()}]" for letter in word)


def _one_of(words: Iterable[str]) -> str:
    return f"({'|'.join(map(_any_case, words))})"


_ENGLISH = [names.split()[0] for names in MONTHS]
# The pattern of each directive, with one group. The number of a directive with a width has up to as
# many digits, or exactly as many beside another digit. A month before a letter is an English one.
_PATTERNS = {
    "b": _one_of(month[:LEAST_OF_MONTH] for month in _ENGLISH),
    "B": _one_of(_ENGLISH),
    "p": _one_of(("AM", "PM")),
    "q": "([1-4])",
    "u": "([1-7])",
    "Y": r"(\d{4})",
    "G": r"(\d{4})",
    "y": r"(\d\d)",
    "z": f"({OFFSET})",
}
_WIDTHS = {"m": 2, "d": 2, "H": 2, "M": 2, "S": 2, "j": 3, "V": 2}
_NUMBERS = (*_WIDTHS, "q", "u", "Y", "G", "y")
_MONTH = ("b", "B")
_WEEKDAY = ("a", "A")
_WORD = f"([{LETTERS}]+)"
_FEIRA = f"-{_any_case('feira')}"  # behind a weekday in Portuguese
_ORDINAL = f"(?:{'|'.join(map(_any_case, ORDINALS.split()))}|[{ORDINAL_SIGNS}])?"
# What begins with a letter if a cell does.
_WORDS = ("p", "z", *_MONTH, *_WEEKDAY)
# Directives of which a form has at most one.
_EXCLUDING = ("YyG", "mbBqjV", "dqju", "H", "M", "S", "p", "z", "aA")
# Directives that need one of others.
_NEEDED = {"d": "mbB", "G": "V", "V": "G", "u": "V", "M": "H", "S": "M", "p": "H"}
_LISTED = "%Y %y %m %d %b %B %a %A %H %M %S %p %j %z %q %G %V %u"
# What other languages write, and what reads it here.
_INSTEAD = {"I": "%H, which with %p is from 1 to 12", "f": "%S without a fraction", "e": "%d"}
# Forms of a year and a month, which have two digits: 2000-1 is rather the first of something.
_OF_MONTHS = ("%Y-%m", "%Y/%m", "%m/%Y", "%m.%Y")
_LETTERS_OF_MONTH = 7
# Forms that are common, in the order in which a warning names them.
_COMMON = (
    *("%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d"),
    *("%m/%d/%y", "%d/%m/%y", "%d.%m.%y", *_OF_MONTHS),
    *("%b %d %Y", "%b %d, %Y", "%B %d %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%d. %B %Y"),
    *("%d-%b-%Y", "%d-%b-%y", "%d%b%Y", "%d%b%y", "%d/%b/%Y", "%Y-%b-%d", "%Y %b %d", "%Y %b"),
    *("%b %Y", "%B %Y", "%b-%Y", "%b-%y", "%b%Y", "%Y-%b", "%YM%m", "%Ym%m"),
    *("%YQ%q", "%Y Q%q", "%Y-Q%q", "Q%q %Y", "Q%q%Y", "Q%q-%Y", "Q%q/%Y", "%Yq%q"),
    *("%Y%m%dT%H%M%S", "%Y%m%dT%H%M%S%z", "%G-W%V-%u", "%G-W%V"),
)
# Forms of digits alone, which numbers can have by chance: their years are near those of today.
# The words and signs of a date, and its words that are no names.
_TOKEN = re.compile(rf"\d+|[{LETTERS}]+|.", re.ASCII | re.DOTALL)
_BETWEEN = ("de", "of", "den")
# What directives read and a form lacks: endings of days and weekdays.
_NO_FORM = re.compile(rf"(?<=\d){_ORDINAL}(?![{LETTERS}])|{_FEIRA}", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1800, 2199
_DIGITS_OF_YEAR, _DIGITS_OF_DAY, _LAST_DAY = 4, 2, 31
_OF_DIGITS = ("%Y%m%d", "%Y%m", "%Y%m%d%H%M%S")
_YEARS = (1800, 2100)
_DAYS_OF_YEAR = 365.2425
_CLOCK = re.compile(rf"([T ])\d{{1,2}}:\d\d(:\d\d)?(?:( ?)[AP]M)?(?:( ?){OFFSET})?$", re.I | re.A)
_FIRST_DIGITS, _LAST_DIGITS = 180_001, 21_000_000  # the numbers with such digits
_FEWEST_NUMBERS = 10  # different ones that are not all dates by chance
_LONGEST = 60  # letters of a date
_DATES = (Day, np.datetime64)  # entries that are dates themselves
_TRIED = 20  # different cells that are read by all common forms


class DateForm(NamedTuple):
    """A form of dates: its text, the pattern of a cell, and the directive of each group of the pattern."""

    text: str
    pattern: Pattern[str]
    directives: str

    @property
    def column_type(self) -> str:
        """What the dates are: "instant" if they have an offset, otherwise "time"."""
        return "instant" if "z" in self.directives else "time"

    def as_json(self) -> dict[str, object]:
        """Return the form for a program in another language, with the table that reads it."""
        return {
            "text": self.text,
            "pattern": self.pattern.pattern,
            "directives": self.directives,
            "months": MONTHS,
            "weekdays": WEEKDAYS,
            "century": _LEAST_RECENT,
        }

    def date(self, cell: str) -> Date | None:
        """Return the date of a cell, or of its month or quarter the first day; None for other text."""
        match = self.pattern.fullmatch(cell.strip())
        if match is None:
            return None
        found = dict(zip(self.directives, match.groups(), strict=True))
        year = int(found.get("Y") or found.get("G", "0"))
        if "y" in found:
            short = int(found["y"])
            year = short + (1900 if short >= _LEAST_RECENT else 2000)
        if not year:
            return None
        month, day = int(found.get("m", "1")), int(found.get("d", "1"))
        for letter in _MONTH:
            if letter in found:
                month = month_of(found[letter], is_name=letter == "B")
        if any(letter in found and not is_weekday(found[letter]) for letter in _WEEKDAY):
            return None
        if "q" in found:
            month = _MONTHS_OF_QUARTER * (int(found["q"]) - 1) + 1
        if "j" in found:
            of_year = int(found["j"])
            if not 1 <= of_year <= _days_of_year(year):
                return None
            counted = Day(year, 1, 1) + timedelta(days=of_year - 1)
            month, day = counted.month, counted.day
        if "V" in found:
            try:
                counted = Day.fromisocalendar(year, int(found["V"]), int(found.get("u", "1")))
            except (ValueError, OverflowError):
                return None
            year, month, day = counted.year, counted.month, counted.day
        hour = int(found.get("H", "0"))
        if "p" in found:
            if not 1 <= hour <= _HALF_DAY:
                return None
            hour = hour % _HALF_DAY + _HALF_DAY * (found["p"].upper() == "PM")
        clock = None
        if "H" in found or "z" in found:
            clock = hour, int(found.get("M", "0")), int(found.get("S", "0"))
        return moment_of((year, month, day), clock, offset=found.get("z"))

    def reads_nearly_all(self, counts: Mapping[str, int]) -> bool:
        """Return whether nearly all texts are dates of the form, each as often as it occurs."""
        n_read = sum(count for cell, count in counts.items() if self.date(cell) is not None)
        return n_read >= MOST_SHARE * sum(counts.values())


def _days_of_year(year: int) -> int:
    return Day(year, 12, 31).timetuple().tm_yday


@cache
def date_form(text: str) -> DateForm:
    """Return the form that a text describes; raises ValueError if it is none."""
    parts = re.split(r"(%.?)", text, flags=re.DOTALL)
    letters = [part[1:] for part in parts if part[:1] == "%" and part != "%%"]
    for letter in letters:
        if letter not in (*_PATTERNS, *_WIDTHS, *_WEEKDAY):
            hint = f". Write {_INSTEAD[letter]}" if letter in _INSTEAD else ""
            raise ValueError(
                f"a form of dates can have {_LISTED}, got '%{letter}' in {text!r}{hint}."
            )
    _check_letters(letters, text)
    if not text.isprintable() or "*/" in text or "/*" in text:
        raise ValueError(f"a form of dates must have printable characters, got {text!r}.")
    filled = [part for part in parts if part]
    for part, behind in pairwise(filled):
        if part[1:] in _WEEKDAY and part[0] == "%" and _is_word(behind):
            raise ValueError(
                f"a form of dates must have a space or another sign behind {part}, got {text!r}."
            )
    pattern = ""
    for i, part in enumerate(filled):
        beside = (filled[i - 1 : i] or [""])[0], (filled[i + 1 : i + 2] or [""])[0]
        pattern += _pattern_of(part, *beside)
    return DateForm(text, re.compile(pattern, re.ASCII), "".join(letters))


def _check_letters(letters: Sequence[str], text: str) -> None:
    for alike in _EXCLUDING:
        found = [f"%{letter}" for letter in letters if letter in alike]
        if len(found) > 1:
            raise ValueError(
                f"a form of dates can have one of {_with_signs(alike)}, got "
                f"{' and '.join(found)} in {text!r}."
            )
    for letter, others in {"": "YyG", **_NEEDED}.items():
        if (not letter or letter in letters) and not {*others} & {*letters}:
            owner = f" with %{letter}" if letter else ""
            raise ValueError(
                f"a form of dates{owner} must have {_with_signs(others, 'or')}, got {text!r}."
            )


def _with_signs(letters: str, word: str = "and") -> str:
    """Return the directives of letters as a list of words."""
    *others, last = (f"%{letter}" for letter in letters)
    return f"{', '.join(others)} {word} {last}" if others else last


def _pattern_of(part: str, before: str, behind: str) -> str:
    """Return the pattern of a part of a form between two others, "" at its ends."""
    if part == "%%":
        return "%"
    if part[0] != "%":
        words = re.split(r"\s+", part)
        return f"{SPACE}+".join(map(re.escape, words))
    letter = part[1]
    if letter in (*_MONTH, *_WEEKDAY) and not _is_word(behind):
        suffix = f"(?:{_FEIRA})?" if letter in _WEEKDAY and behind[:1] != "-" else ""
        return _WORD + suffix + (r"\.?" if letter != "B" and behind[:1] != "." else "")
    if letter in _PATTERNS:
        return _PATTERNS[letter]
    is_beside = _is_number(before, -1) or _is_number(behind, 0)
    width = _WIDTHS[letter]
    number = rf"(\d{{{width}}})" if is_beside else rf"(\d{{1,{width}}})"
    can_be_ordinal = letter == "d" and (not behind or behind[0] in " ,")
    return number + _ORDINAL if can_be_ordinal else number


def _is_word(part: str) -> bool:
    """Return whether what a part reads can begin with a letter."""
    if part[:1] == "%":
        return part[1:] in _WORDS
    return re.match(f"[{LETTERS}]", part) is not None


def _is_number(part: str, at: int) -> bool:
    """Return whether the end of a part next to another one is a digit."""
    if part[:1] == "%":
        return part[1:] in _NUMBERS
    return bool(re.match(r"\d", part[at:], re.ASCII))


# ----------------------------------------------------------------------------------- forms of texts


def common_forms(counts: Mapping[str, int], least: float = MOST_SHARE) -> list[str]:
    """Return the common forms that read at least this share of texts, which occur so often; the most likely one first.

    These are listed forms and those of texts with a year, a month and a day, and nothing else but a weekday. A form of
    digits alone must read all texts.
    """
    tried = [*counts][:_TRIED]
    if not any(_may_be_date(cell) for cell in tried):
        return []
    found = []
    for form in _candidates(tried):
        # By chance, fewer of those that are tried have the form.
        if _share(form, dict.fromkeys(tried, 1)) >= least**3:
            share = _share(form, counts)
            if share >= (1.0 if form.text in _OF_DIGITS else least):
                found.append((share, form.text))
    best = max((share for share, _ in found), default=0.0)
    texts = [text for share, text in found if share == best]
    # %b reads names, too.
    return [text for text in texts if "%b" not in text or text.replace("%b", "%B") not in texts]


def _may_be_date(cell: str) -> bool:
    return len(cell) <= _LONGEST and any(letter.isdigit() for letter in cell)


def _candidates(cells: Sequence[str]) -> list[DateForm]:
    """Return the common forms, with the clock of the first cell that has one."""
    clocks = [match for cell in cells if (match := _CLOCK.search(cell)) is not None]
    end = ""
    if clocks:
        between, seconds, before_half, before_offset = clocks[0].groups()
        end = f"{between}%H:%M" + ":%S" * bool(seconds)
        if before_half is not None:
            end += f"{before_half}%p"
        if before_offset is not None:
            end += f"{before_offset}%z"
    texts = dict.fromkeys((*_COMMON, *_OF_DIGITS))
    for cell in cells:
        texts.update(dict.fromkeys(_forms_of_words(_CLOCK.sub("", cell.strip()))))
    forms = [text + end for text in texts if not end or "H" not in text]
    return [date_form(text) for text in forms if not end or "d" in text]


def _forms_of_words(cell: str) -> list[str]:
    """Return the forms of a text with a year, a day and a month or a weekday, and nothing else; [] of other texts."""
    tokens = _TOKEN.findall(_NO_FORM.sub("", cell))
    parts = [_part_of(token) for token in tokens]
    both = [i for i, part in enumerate(parts) if part == "%b" and is_weekday(tokens[i])]
    if both and parts.count("%b") + parts.count("%B") > 1:  # mar is a month and a weekday
        parts[both[0]] = "%a"
    tally = Counter(parts)
    n_months, n_weekdays = tally["%b"] + tally["%B"], tally["%a"] + tally["%A"]
    numbers = [i for i, part in enumerate(parts) if part == "%d"]
    if (
        "" in parts
        or tally["%Y"] != 1
        or n_weekdays > 1
        or n_months + len(numbers) != 2
        or not numbers
    ):
        return []
    if n_months:
        return ["".join(parts).replace("%b.", "%b").replace("%a.", "%a")]
    found = []
    for i in numbers if n_weekdays else ():
        parts[numbers[0]] = parts[numbers[1]] = "%d"
        parts[i] = "%m"
        found.append("".join(parts).replace("%a.", "%a"))
    return found


def _part_of(token: str) -> str:
    """Return the part of a form that a word, a number or a sign of a date has; "" if it has none."""
    if token.isdigit():
        number = int(token)
        if len(token) == _DIGITS_OF_YEAR:
            return "%Y" if _FIRST_YEAR <= number <= _LAST_YEAR else ""
        return "%d" if len(token) <= _DIGITS_OF_DAY and 1 <= number <= _LAST_DAY else ""
    if not _is_word(token):
        return " " if token.isspace() else token * (token.isprintable() and token not in "%*")
    if month_of(token):
        return "%B" if month_of(token, is_name=True) else "%b"
    if is_weekday(token):
        return "%A" if folded(token) in WEEKDAYS.split() else "%a"
    return token if token.lower() in _BETWEEN else ""


def _share(form: DateForm, counts: Mapping[str, int]) -> float:
    """Return the share of texts, each as often as it occurs, that are probably dates of a form."""
    n_read = sum(count for cell, count in counts.items() if _is_likely(form, cell))
    return n_read / sum(counts.values())


def _is_likely(form: DateForm, cell: str) -> bool:
    """Return whether a form reads a cell, and that is hardly by chance."""
    date = form.date(cell)
    if date is None:
        return False
    if form.text in _OF_DIGITS:
        year = 1970 + date.value // MICROSECONDS_OF_A_DAY / _DAYS_OF_YEAR
        return _YEARS[0] <= year < _YEARS[1]
    return form.text not in _OF_MONTHS or len(cell.strip()) == _LETTERS_OF_MONTH


def form_of_numbers(numbers: AnyArray) -> str:
    """Return the common form of digits that reads all of some numbers, NaN if missing; "" if there is none."""
    present = numbers[~np.isnan(numbers)]
    if not len(present) or not _FIRST_DIGITS <= present.min() <= present.max() < _LAST_DIGITS:
        return ""
    if (present != np.floor(present)).any():
        return ""
    different = np.unique(present).astype(np.int64)
    if len(different) < _FEWEST_NUMBERS:
        return ""
    texts = dict.fromkeys(map(str, different.tolist()), 1)
    for text in _OF_DIGITS:
        if _share(date_form(text), dict(list(texts.items())[:_TRIED])) == 1:
            return text if _share(date_form(text), texts) == 1 else ""
    return ""


# ---------------------------------------------------------------------------------- columns of a table


def read_dates(column: Column, form: DateForm) -> object:
    """Return a column whose texts and whole numbers are dates of a form; dates stay as they are.

    Raises ValueError with the row of an entry that is no date.
    """
    if column.has_offset() or column.array().dtype.kind == "M":
        return column.held
    known: dict[str | None, Date] = {}
    entries = column.entries()
    found: list[Any] = []
    for row, entry in enumerate(entries):
        if is_missing(entry):
            found.append(None)
            continue
        if isinstance(entry, _DATES) or type(entry).__name__ == PERIODS:
            found.append(entry)
            continue
        text = _text_of(entry)
        if text not in known:
            date = None if text is None else form.date(text)
            if date is None:
                raise ValueError(
                    f"{column.label} must be a date of the form {form.text!r}, got "
                    f"{short_repr(entry)} in row {row}."
                )
            known[text] = date
        found.append(known[text])
    if all(value is None or type(value) is Date for value in found):
        units = [np.iinfo(np.int64).min if value is None else value.value for value in found]
        return FileColumn(np.array(units, np.int64).view(MOMENTS), form.column_type)
    return objects([_entry(value, form) for value in found])


def _text_of(entry: Any) -> str | None:
    """Return a text, or the digits of a whole number; None for other entries."""
    value = plain_entry(entry)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None


def _entry(value: Any, form: DateForm) -> object:
    """Return a date as Python has it, beside dates of other types."""
    if type(value) is not Date:
        return value
    moment = np.datetime64(value.value, "us").item()
    return moment.replace(tzinfo=UTC) if form.column_type == "instant" else moment
