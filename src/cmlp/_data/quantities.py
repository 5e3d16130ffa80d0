"""Text that people read as quantities: numbers with a unit, a currency, a bound or a note, and durations."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from cmlp._data.grammar import LEAST_SHARE, MINUS

# The share above which the entries of a column that hardly repeats surely are quantities; the second if all others
# have one form, as "refused" or "n/k" have.
_SURE_SHARE, _SURE_SHARE_WITH_ONE_OTHER_FORM = 0.8, 0.7
_MOST_FORMS = 6  # ids such as 12A have more
_MOST_READ = 5000
_NOTE = r"\s*(?:\([^()]*\)|\[[^\[\]]*\])"  # in brackets, at the end or the start
_CURRENCY = r"EUR|USD|GBP|CHF|JPY|CNY|INR|AUD|CAD|SEK|NOK|DKK|[$€£¥₹]|Rs\.?"
_SIGN = r"<=?|>=?|≤|≥|~|≈|ca\.?|approx\.?|about"
_NUMBER = rf"[+{MINUS}-]?(?:(?:\d{{1,3}}(?:,\d{{3}})+|\d+)(?:\.\d+)?|\.\d+|\d+,\d+)"
_UNIT = r"[^\W\d_]{1,12}(?:[/^][^\W\d_]{1,6}\d?|[²³])?|[%‰°\"'][A-Z]?|[$€£¥₹]|\+"
_QUANTITY = re.compile(
    rf"(?P<sign>{_SIGN})?\s*(?P<currency>{_CURRENCY})?\s*(?P<number>{_NUMBER})\s*(?P<unit>{_UNIT})?\.?",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"(?:\d+:)?\d{1,3}:\d\d(?:\.\d+)?")
_SPAN = re.compile(
    r"(?:\d+(?:\.\d+)?\s*(?:d|days?|h|hrs?|hours?|m|mins?|minutes?|s|secs?|seconds?)\b[ ,]*)+",
    re.IGNORECASE,
)
_LEADING_ZERO = re.compile(rf"[+{MINUS}-]?0\d")  # of a code such as 00123
_MINUTES = "minutes:seconds"
_POWERS = {"k": 3, "m": 6, "mio": 6, "b": 9, "bn": 9}
# Units that have two names.
_NAMES = {
    **{"$": "usd", "€": "eur", "£": "gbp", "¥": "jpy", "₹": "inr", "rs": "inr"},
    **{"feet": "foot", "ft": "foot", "km/h": "kmh"},
}
_PLURAL = re.compile(r"(?:(?<=ch)|(?<=sh)|(?<=x))es$|(?<=..)s$")
_ORDINAL = re.compile(r"(?:1st|2nd|3rd|\dth)$", re.IGNORECASE)
# Fewer entries with another unit than these, and than this share of all with one, may be misspelled.
_FEWEST_OF_UNIT, _LEAST_SHARE_OF_UNIT = 3, 0.05
_MOST_LETTERS = 3  # that are units: seats such as 12A to 30F have more
_DECIMAL_COMMA = re.compile(rf"[+{MINUS}-]?\d+,(?!\d{{3}}$)\d+")


class Quantities(NamedTuple):
    """What text is that has quantities."""

    what: str  # "numbers" or "durations"
    share: float  # of the entries
    form: str  # of most of them, as "number kg"
    example: str
    call: str  # the code that reads a column; "" if the numbers have several units
    units: str  # how many entries have each unit, if there are several
    is_sure: bool  # whether hardly any other column has such a share


class _Read(NamedTuple):
    """An entry that is a quantity."""

    what: str
    form: str
    number: str = ""
    unit: str = ""
    currency: str = ""


def quantities_in(counts: Mapping[str, int]) -> Quantities | None:
    """Return what the entries of a column of text are, of which each occurs so often; None if they have no quantities.

    Of many different ones the first are read.
    """
    some = dict(islice(counts.items(), _MOST_READ))
    total = sum(some.values())
    forms: dict[str, Counter[str]] = {"numbers": Counter(), "durations": Counter()}
    examples: dict[str, str] = {}
    numbers = []
    others = set()
    for text, count in some.items():
        entry = _read(text)
        if entry is None:
            others.add(re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", text)))
            continue
        forms[entry.what][entry.form] += count
        examples.setdefault(entry.form, text)
        if entry.what == "numbers":
            numbers.append(entry)
    sure = _SURE_SHARE if len(others) > 1 else _SURE_SHARE_WITH_ONE_OTHER_FORM
    for what, found in forms.items():
        share = found.total() / total
        if share >= LEAST_SHARE and len(found) <= _MOST_FORMS:
            form = found.most_common(1)[0][0]
            call, units = _call_of_durations(form), ""
            if what == "numbers":
                units = several_units(some)
                call = "" if units else _call_of_numbers(numbers)
            return Quantities(what, share, form, examples[form], call, units, share > sure)
    return None


def several_units(counts: Mapping[str, int]) -> str:
    """Return how many entries have each unit, as a text; "" unless there are several.

    Powers of ten, ordinal endings and the letters of seats are no units, and other spellings of a unit are the same
    one. Units of very few entries do not count.
    """
    read = [(entry, count) for text, count in counts.items() if (entry := _read(text)) is not None]
    entries = [entry for entry, _ in read]
    no_units = {"", "+", *_powers(entries), *_letters(entries)}
    names: dict[str, str] = {}
    found: Counter[str] = Counter()
    for entry, count in read:
        unit = "" if _ORDINAL.search(entry.number + entry.unit) else entry.unit
        for one in (entry.currency, unit):
            if one not in no_units:
                found[names.setdefault(_alike(one), one)] += count
    fewest = max(_FEWEST_OF_UNIT, _LEAST_SHARE_OF_UNIT * found.total())
    listed = [f"{unit} in {count:,}" for unit, count in found.most_common() if count >= fewest]
    return f"{' and '.join(listed)} entries" if len(listed) > 1 else ""


def _alike(unit: str) -> str:
    """Return what spellings of one unit have in common."""
    small = unit.casefold().rstrip(".")
    small = _NAMES.get(small, small)
    return _PLURAL.sub("", small)


def _letters(numbers: Iterable[_Read]) -> set[str]:
    """Return single upper-case letters that are no units, because there are many, other than powers of ten."""
    letters = {one.unit for one in numbers if len(one.unit) == 1 and one.unit.isupper()}
    others = [letter for letter in letters if letter.lower() not in _POWERS]
    return letters if len(letters) > _MOST_LETTERS and len(others) > 1 else set()


def _powers(numbers: Sequence[_Read]) -> list[str]:
    """Return the units that are powers of ten: beside no thousands, m is a metre or a minute, and b is a byte."""
    units = sorted({one.unit for one in numbers} - _letters(numbers))
    return [
        unit
        for unit in units
        if unit.lower() in _POWERS and (unit not in ("m", "b") or {"k", "K"} & {*units})
    ]


def _read(text: str) -> _Read | None:
    """Return the quantity of an entry without notes and brackets; None if it has none."""
    bare = (re.sub(f"{_NOTE}$|^{_NOTE}", "", text.strip()) or text).strip("()[] \t")
    if _CLOCK.fullmatch(bare):
        return _Read("durations", "hours:minutes:seconds" if bare.count(":") > 1 else _MINUTES)
    found = _QUANTITY.fullmatch(bare)
    if found and not _LEADING_ZERO.match(found["number"]):
        parts = found["sign"], found["currency"], "number", found["unit"]
        form = " ".join(part for part in parts if part)
        return _Read("numbers", form, found["number"], found["unit"] or "", found["currency"] or "")
    return _Read("durations", "hours and minutes") if _SPAN.fullmatch(bare) else None


def _call_of_durations(form: str) -> str:
    hours = "'00:' + " if form == _MINUTES else ""
    return f"pandas.to_timedelta({hours}column, errors='coerce')"


def _call_of_numbers(numbers: Sequence[_Read]) -> str:
    """Return the code that reads the numbers, with their thousands and decimal commas, and their powers of ten."""
    n_decimal = sum(_DECIMAL_COMMA.fullmatch(one.number) is not None for one in numbers)
    comma = "." if n_decimal > len(numbers) / 2 else ""
    steps = f".str.replace(',', '{comma}')" if any("," in one.number for one in numbers) else ""
    if any(one.number[0] == MINUS for one in numbers):
        steps += f".str.replace('{MINUS}', '-')"
    for unit in _powers(numbers):
        steps += f".str.replace(r'(?<=\\d) ?{unit}\\b', 'e{_POWERS[unit.lower()]}', regex=True)"
    return f"column{steps}.str.extract(r'([+-]?\\d*\\.?\\d+(?:e\\d)?)')[0].astype(float)"
