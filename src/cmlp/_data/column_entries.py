"""The entries of a column of any container: what they are, dates as numbers, and categories as text.

A date has one text in all containers.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from numbers import Number
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from cmlp._data.arrays import DECODE, ELEMENTS, EXACT, TIME_OF_DAY, TO_TEXT, is_missing
from cmlp._data.columns import (
    DATES,
    MICROSECONDS_OF_A_DAY,
    MOST_EQUAL_HASHES,
    TYPES,
    CellFormat,
)
from cmlp._data.containers import (
    FINE,
    FIRST,
    LAST,
    LONGEST,
    MOMENTS,
    Column,
    in_microseconds,
    out_of_range,
    plain_entry,
)
from cmlp._process.warnings import Notices, warn_of_data
from cmlp.exceptions import RoundedIdsWarning, short_repr

if TYPE_CHECKING:
    from decimal import Decimal

    from cmlp._data.array_types import AnyArray, NDArray

NUMBER, CATEGORY, ORDERED, DURATION = "number", "category", "ordered", "duration"
BOOLEAN = "boolean"
TIMES = frozenset((*DATES, DURATION))
COLUMN_TYPES = (NUMBER, BOOLEAN, *DATES, DURATION, CATEGORY, ORDERED)
_PERIOD, _OTHER = "period", "other"
_DATE, _TIME, _INSTANT = DATES
_WORDS = {
    BOOLEAN: "a boolean",
    _DATE: "a date",
    _TIME: "a time without an offset from UTC",
    _INSTANT: "a time with an offset from UTC",
    DURATION: "a duration",
    _PERIOD: "a period",
    _OTHER: "a number or text",
}
# What a column of a type in fit may hold later.
_ALLOWED = {
    _DATE: (_DATE, _TIME, _PERIOD),
    _TIME: (_DATE, _TIME, _PERIOD),
    _INSTANT: (_INSTANT,),
    DURATION: (DURATION,),
}
_WANTED = {
    _DATE: "a date",
    _TIME: "a date",
    _INSTANT: "a date with an offset from UTC",
    DURATION: "a duration",
}
_WITHOUT_OFFSET = (
    "a date without an offset from UTC",
    "Drop the offset, in pandas by tz_localize(None), if its clock is that of the training rows.",
)
_WITH_OFFSET = ("a date with an offset from UTC", "Add the offset, in pandas by tz_localize.")
_CONVERT = " Convert text before, for example by numpy.datetime64 or pandas.to_datetime."
_NAMED = " To use the column as categories, name it in categorical_features."

INTERVAL, PERIODS = "Interval", "Period"  # types of pandas that count by their text as categories
SIMPLE = {str, int, float, bool, type(None)}  # types of entries that need no conversion
_OTHER_HASHES = SIMPLE - {int}  # types of which hardly any values have equal hashes
_NUMBERS = {int, float, bool}
_NUMBERS_OR_NONE = {*_NUMBERS, type(None)}
_WHOLE = re.compile(r"\.0(?=[],)])")  # pandas makes (0.0, 5.0] of (0, 5] if a value is missing
_LARGEST_ID = 2**64  # integers in columns have 64 bits
# Whole numbers from which on spreadsheets show rounded ones, and how.
_LEAST_OF_SPREADSHEETS, _OF_SPREADSHEETS = (
    1e11,
    re.compile(r"-?\d(?:[.,]\d{1,5})?E\+(?:1[1-9]|2\d)"),
)
_FEWEST_ROUNDED = 5  # different ones: fewer can have as many zeros by chance
_MOST_DIGITS = 400  # of a decimal that becomes an integer


# --------------------------------------------------------------------------------------------------------- types


def type_of_entries(column: Column, row_index: NDArray[np.intp]) -> str:
    """Return what the entries of some rows are: "boolean", "date", "time", "instant", "duration", "period" or "other".

    Times without an offset that are all midnight are dates, because pandas has no type for dates. Raises ValueError if
    the entries are of two types.
    """
    if column.has_offset():
        return _INSTANT
    if (
        column.is_of_file and column.type == TYPES[BOOLEAN]
    ):  # whose array has doubles if some are missing
        return BOOLEAN
    array = column.array()[row_index]
    if array.dtype.kind == "b":
        return BOOLEAN
    if array.dtype.kind == "m":
        return DURATION
    if array.dtype.kind == "M":
        times = in_microseconds(array, column.label)
        return _DATE if (np.isnat(times) | (times == times.astype("M8[D]"))).all() else _TIME
    entries = array.tolist() if array.dtype.kind == "O" else []
    types = set(map(type, entries))
    if types <= SIMPLE and bool not in types:
        return _OTHER
    first: dict[str, int] = {}  # the first row of each type
    for row, value in zip(row_index.tolist(), entries, strict=True):
        entry_type = None if is_missing(value) else _type_of_entry(value)
        if entry_type is not None and entry_type not in first:
            first[entry_type] = row
    return _one_type(first, column.label)


def _one_type(first: dict[str, int], label: str) -> str:
    types = set(first)
    if types <= {BOOLEAN, _OTHER}:
        return BOOLEAN if types == {BOOLEAN} else _OTHER
    if types == {_DATE, _TIME}:
        return _TIME
    if len(types) > 1:
        (type_i, i), (type_j, j), *_ = first.items()
        raise ValueError(
            f"{label} must have entries of one kind, got {_WORDS[type_i]} in row {i} and "
            f"{_WORDS[type_j]} in row {j}."
        )
    return types.pop()


def _type_of_entry(value: object) -> str:
    """Return the type of an entry that is not missing."""
    name = type(value).__name__
    if isinstance(value, (bool, np.bool_)):
        return BOOLEAN
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            return _INSTANT
        is_midnight = value.hour == value.minute == value.second == value.microsecond == 0
        return _DATE if is_midnight else _TIME
    if isinstance(value, np.datetime64):
        if (
            np.datetime_data(value.dtype)[0] in FINE
        ):  # NumPy cannot compare all of these units with days
            value = value.astype(MOMENTS)
        return _DATE if value == value.astype("M8[D]") else _TIME
    if isinstance(value, date):
        return _DATE
    if isinstance(value, (timedelta, np.timedelta64)):
        return DURATION
    return _PERIOD if name == PERIODS else _OTHER


def type_of_numbers(entries: str) -> str:
    """Return the type that a model stores for a column of numbers with entries of a type."""
    return {_PERIOD: _DATE, _OTHER: NUMBER}.get(entries, entries)


# ------------------------------------------------------------------------------------------------------- numbers


def numbers_of(column: Column, column_type: str, *, in_fit: bool = False) -> NDArray[np.float64]:
    """Return a column as doubles, NaN if missing; dates and the starts of periods as days since 1970, in UTC.

    `column_type` is what the column held in fit. Raises ValueError with the row for an entry of another type; only
    `in_fit` does it give advice about parameters.
    """
    array, label = column.array(), column.label
    if array.dtype.kind in "biuf":
        with np.errstate(over="ignore"):  # too large for a double: refused as infinite
            numbers = array.astype(np.float64)
        if column_type in TIMES:
            _require_missing(~np.isnan(numbers), array, label, column_type, in_fit=in_fit)
        return numbers
    if array.dtype.kind in "mM":
        missing = np.isnat(array)
        if array.dtype.kind == "m":
            found = DURATION
        elif column.has_offset():
            found = _INSTANT
        else:
            found = _TIME
        if found not in _ALLOWED.get(column_type, ()):
            _require_missing(
                ~missing, array, label, column_type, in_fit=in_fit, has_zone=found == _INSTANT
            )
        numbers = in_microseconds(array, label).view(np.int64) / MICROSECONDS_OF_A_DAY
        numbers[missing] = np.nan
        return numbers
    if array.dtype.kind not in "OUT":
        remedy = f" {DECODE}" if array.dtype.kind == "S" else ""
        raise ValueError(f"{label} must be numbers or categories, got dtype {array.dtype}.{remedy}")
    entries = array.tolist()
    # The loop at the end takes twenty times as long.
    if column_type not in TIMES and _NUMBERS_OR_NONE.issuperset(map(type, entries)):
        try:
            return np.array(entries, np.float64)
        except OverflowError:
            pass
    return np.array(
        [_number(value, row, label, column_type, in_fit) for row, value in enumerate(entries)],
        np.float64,
    )


def _require_missing(
    is_present: AnyArray,
    array: AnyArray,
    label: str,
    column_type: str,
    *,
    in_fit: bool,
    has_zone: bool = False,
) -> None:
    if is_present.any():
        row = int(is_present.argmax())
        value = array[row : row + 1]
        value = in_microseconds(value, label, row) if array.dtype.kind in "mM" else value
        _refuse_entry(
            value.item().replace(tzinfo=UTC) if has_zone else value.item(),
            row,
            label,
            column_type,
            in_fit=in_fit,
        )


def _number(value: Any, row: int, label: str, column_type: str, in_fit: bool) -> float:
    """Return an object as a double."""
    if is_missing(value):
        return np.nan
    found = _type_of_entry(value)
    if column_type in TIMES:
        if found in _ALLOWED[column_type]:
            units = _moment(value, row, label).astype(np.int64)
            return float(units) / MICROSECONDS_OF_A_DAY
    elif found in (BOOLEAN, _OTHER):
        value = plain_entry(value)
        if isinstance(value, Number) and not isinstance(value, complex):
            return _double(value)
    _refuse_entry(value, row, label, column_type, in_fit=in_fit)


def _double(value: Any) -> float:
    """Return a real number as a double; infinity, which is refused, if it is too large for one."""
    try:
        return float(value)
    except OverflowError:
        return np.inf


def _refuse_entry(value: Any, row: int, label: str, column_type: str, *, in_fit: bool) -> NoReturn:
    """Raise the error for an entry of a column of numbers, or of dates."""
    remedy = ""
    if (
        isinstance(value, datetime)
        and {_type_of_entry(value), column_type} >= {_INSTANT}
        and column_type in DATES
    ):
        wanted, advice = _WITH_OFFSET if column_type == _INSTANT else _WITHOUT_OFFSET
        raise ValueError(f"{label} must be {wanted}, got {value} in row {row}. {advice}")
    if column_type in TIMES:
        remedy = _CONVERT if isinstance(value, str) else ""
    elif (
        isinstance(value, str)
        or _type_of_entry(value) in {*TIMES, _PERIOD}
        or type(value).__name__ == INTERVAL
    ):
        remedy = _NAMED if in_fit else ""
    else:
        remedy = _conversion_of(value)
    raise ValueError(_message(value, row, label, _WANTED.get(column_type, "a number")) + remedy)


def _conversion_of(value: Any) -> str:
    """Return how to convert a value that is neither a number nor a category."""
    if isinstance(value, time):
        return f" {TIME_OF_DAY}."
    if isinstance(value, (bytes, bytearray)):
        return f" {DECODE}"
    if isinstance(value, Enum):
        return " Convert an Enum to its name or value before, for example by value.name."
    if isinstance(value, Collection):
        return f" {ELEMENTS}"
    return "" if isinstance(value, Number) else f" {TO_TEXT}"


def _message(value: Any, row: int, label: str, wanted: str) -> str:
    return f"{label} must be {wanted}, got {short_repr(value)} in row {row}."


# ----------------------------------------------------------------------------------------- codes of missing values


def equal_entries(column: Column, codes: Collection[object]) -> NDArray[np.bool_]:
    """Return whether each entry of a column equals a code: a number as a double, a text, or a date of ISO 8601."""
    array, label = column.array(), column.label
    if array.dtype.kind in "biuf":
        numbers = [float(code) for code in codes if isinstance(code, (int, float))]
        return np.isin(array.astype(np.float64), numbers)
    moments = _moments_of(codes)
    if array.dtype.kind in "mM":
        units = [unit for unit, has_offset in moments if has_offset == column.has_offset()]
        known = np.array(units if array.dtype.kind == "M" else [], np.int64)
        return np.isin(in_microseconds(array, label).view(np.int64), known)
    equal = (
        value in codes
        if isinstance(value, (str, Number))
        else bool(moments) and _moment_of_entry(value, row, label) in moments
        for row, value in enumerate(array.tolist())
    )
    return np.fromiter(equal, bool, len(array))


# ------------------------------------------------------------------------------------------------- dates and times


def _moments_of(codes: Collection[object]) -> set[tuple[int, bool]]:
    """Return the dates that texts are: the microseconds since 1970, and whether there is an offset."""
    from cmlp._data.grammar import Grammar  # few programs need it

    grammar = Grammar(CellFormat())
    dates = (grammar.date(code) for code in codes if isinstance(code, str))
    return {(date.value, date.kind == _INSTANT) for date in dates if date is not None}


def _moment_of_entry(value: Any, row: int, label: str) -> tuple[int, bool] | None:
    """Return a date as `_moments_of`; None for another entry."""
    found = _OTHER if is_missing(value) else _type_of_entry(value)
    if found not in (*DATES, _PERIOD):
        return None
    return int(_moment(value, row, label).astype(np.int64)), found == _INSTANT


def _moment(value: Any, row: int, label: str) -> Any:
    """Return a date, a time, in UTC if it has an offset, the start of a period, or a duration, in microseconds."""
    if type(value).__name__ == PERIODS:
        value = value.start_time
    moment = value
    try:
        if hasattr(value, "to_datetime64"):  # of pandas, in UTC
            moment = value.to_datetime64()
        elif hasattr(value, "to_timedelta64"):
            moment = value.to_timedelta64()
        elif isinstance(value, datetime) and value.tzinfo is not None:
            moment = np.datetime64(value.astimezone(UTC).replace(tzinfo=None), "us")
        elif isinstance(value, date):
            moment = np.datetime64(value, "us")
        elif isinstance(value, timedelta):
            # Of a timedelta itself, NumPy wraps.
            moment = np.timedelta64(value // timedelta(microseconds=1), "us")
    except OverflowError:
        out_of_range(value, row, label, is_date=isinstance(value, date))
    return in_microseconds(np.array([moment]), label, row)[0]


def limits_of_times(column_type: str) -> tuple[float, float]:
    """Return the first and the last number that a column of dates, times or durations can have."""
    low, high = map(_days, _units_of_times(column_type))
    return low, high


def _units_of_times(column_type: str) -> tuple[int, int]:
    """Return the first and the last date, or duration, in microseconds."""
    ends = (-LONGEST, LONGEST) if column_type == DURATION else (FIRST, LAST)
    low, high = (int(in_microseconds(np.array([end]), "").astype(np.int64)[0]) for end in ends)
    return low, high


def time_near(number: float, low: float, high: float) -> float | None:
    """Return the number of the date, time or duration next to a number, from `low` to `high`; None if there is none."""
    units = _microseconds(number)
    near = (_days(units + by) for by in (0, -1, 1))
    return next((days for days in near if low <= days <= high), None)


def time_of(number: float, column_type: str) -> date | timedelta:
    """Return the entry of a column of dates, times or durations whose number this is."""
    low, high = _units_of_times(column_type)
    # The last date has the number of the year 10,000.
    units = min(max(_microseconds(number), low), high)
    if column_type == DURATION:
        return timedelta(microseconds=units)
    moment: datetime = np.datetime64(units, "us").item()
    if column_type == _INSTANT:
        return moment.replace(tzinfo=UTC)
    return moment.date() if column_type == _DATE and moment.time() == time() else moment


def _days(microseconds: int) -> float:
    """Return the number of a date, as `numbers_of`."""
    return float(microseconds) / MICROSECONDS_OF_A_DAY


def _microseconds(days: float) -> int:
    """Return the whole microseconds next to a number of days, in exact arithmetic."""
    numerator, denominator = days.as_integer_ratio()
    return (2 * numerator * MICROSECONDS_OF_A_DAY + denominator) // (2 * denominator)


# ---------------------------------------------------------------------------------------------------- categories


def missing_of(column: Column) -> NDArray[np.bool_]:
    """Return which entries of a column are missing, whatever the others are."""
    array = column.array()
    if array.dtype.kind in "biufmM":
        return np.isnat(array) if array.dtype.kind in "mM" else np.isnan(array)
    return np.fromiter(map(is_missing, column.entries()), bool, len(array))


def categories_of(column: Column, column_type: str) -> list[object]:
    """Return the entries of a column of categories: text, numbers and booleans, None if missing.

    `column_type` is what the column held in fit. A date, duration, period or interval becomes a category by its text.
    Raises ValueError with the row for an entry of another type.
    """
    entries = column.entries()
    types = set(map(type, entries))
    if types <= SIMPLE and (
        column_type not in TIMES or not types & _NUMBERS
    ):  # the loop below takes ten times as long
        if float in types:
            return [None if value != value else value for value in entries]
        return entries
    return [
        None if is_missing(value) else _category(value, row, column.label, column_type)
        for row, value in enumerate(entries)
    ]


def _category(value: Any, row: int, label: str, column_type: str) -> object:
    if isinstance(value, str):
        return str(value)
    found = _type_of_entry(value)
    if found in TIMES or column_type in TIMES:
        if found not in _ALLOWED.get(column_type, ()) or found == _PERIOD:
            raise ValueError(
                _message(value, row, label, _WANTED.get(column_type, "text or a number"))
            )
        return _text_of(_moment(value, row, label).item(), column_type)
    if found == _PERIOD or type(value).__name__ == INTERVAL:
        return _WHOLE.sub("", str(value))
    value = plain_entry(value)
    if not isinstance(value, Number):
        raise ValueError(_message(value, row, label, "text or a number") + _conversion_of(value))
    # A decimal can exist only if your code has imported its module. Importing it here would take
    # time.
    decimal = getattr(sys.modules.get("decimal"), "Decimal", ())
    return _of_decimal(value) if isinstance(value, decimal) else value


def _text_of(moment: datetime | timedelta, column_type: str) -> str:
    """Return a date or a time (in UTC) as text of ISO 8601, or a duration as Python prints it."""
    if isinstance(moment, timedelta):
        return str(moment)
    if column_type == _DATE and moment == datetime(moment.year, moment.month, moment.day):
        return moment.date().isoformat()
    return (moment.replace(tzinfo=UTC) if column_type == _INSTANT else moment).isoformat()


def _of_decimal(value: Decimal) -> object:
    """Return a decimal as the integer or the double with the same digits; as it is if there is none."""
    from decimal import Decimal

    if not value.is_finite() or abs(value.adjusted()) > _MOST_DIGITS:
        return value
    if value == value.to_integral_value():
        return int(value)
    number = float(value)
    return number if Decimal(repr(number)) == value else value


def text_of(value: object) -> str | None:
    """Return the text of a category; None for an integer of more digits than Python writes."""
    try:
        return str(value)
    except ValueError:
        return None


def require_few_equal_hashes(values: Iterable[object], label: str) -> None:
    """Raise ValueError for too many categories with one hash: with n of them, a dict takes n * n comparisons.

    Only chosen numbers are such ones: integers that have equal remainders modulo 2**61 - 1.
    """
    modulus = sys.hash_info.modulus
    alike: dict[int, set[object]] = {}
    for value in values:
        if type(value) in _OTHER_HASHES or (type(value) is int and -modulus < value < modulus):
            continue
        found = alike.setdefault(hash(value), set())
        found.add(value)
        if len(found) > MOST_EQUAL_HASHES:
            raise ValueError(
                f"{label} must have at most {MOST_EQUAL_HASHES} categories with the same hash, got "
                f"more integers with the same remainder modulo {modulus}. Convert the column to "
                "text."
            )


def stored_category(value: object) -> object:
    """Return a category as a model stores it: a whole number as an integer, as which other containers may have it.

    A column of integers of pandas becomes one of doubles if a value is missing.
    """
    if isinstance(value, float) and value.is_integer() and abs(value) <= EXACT:
        return int(value)
    return value


def may_be_rounded(value: object) -> bool:
    """Return whether a category is so large that it may be a rounded integer, also as a spreadsheet writes it."""
    if isinstance(value, str):
        return _OF_SPREADSHEETS.fullmatch(value) is not None
    if not isinstance(value, (int, float)):
        return False
    return (
        _LEAST_OF_SPREADSHEETS <= abs(value) <= sys.float_info.max
    )  # no integer beyond all doubles


def warn_of_rounded(
    values: Iterable[object], label: str, what: str, notices: Notices | None = None
) -> None:
    """Warn if `values`, each of which is a `what`, have floats that may be several integers.

    So are those of 64 bits, and those of 12 digits that a spreadsheet has written as 1.23457E+11. With `notices`, there
    is one warning for each label.
    """
    present = [value for value in values if not is_missing(value)]
    floats = [value for value in present if isinstance(value, float)]
    if not all(value.is_integer() for value in floats):
        return
    first = rounded_by_spreadsheet(present)
    kind = "rounded by a spreadsheet"
    text = (
        "has whole numbers of at most six digits and zeros behind them, such as {}, as a "
        "spreadsheet rounds long ones: different numbers may have become one {}. Write the file "
        "again from cells in the format of text."
    )
    if first is None:
        first = next((float(one) for one in floats if EXACT <= abs(one) <= _LARGEST_ID), None)
        kind = "floats from 2**53 on"
        text = (
            "has floats from 2**53 on, such as {}, which cannot tell all integers apart: different "
            "integers may have become one {}. pandas makes floats of integers if one is missing. "
            "Read them with the dtype 'Int64', or as text."
        )
    if first is None or (notices is not None and not notices.is_first(f"{label}: {kind}")):
        return
    warn_of_data(f"{label} {text.format(repr(first), what)}", RoundedIdsWarning)


def rounded_by_spreadsheet(values: Iterable[object]) -> object:
    """Return a whole number that a spreadsheet has probably rounded, or its text; None if there is none.

    It shows those of twelve digits and more with at most six, such as 1.23457E+11.
    """
    large = {value for value in values if may_be_rounded(value)}
    texts = [value for value in large if isinstance(value, str)]
    if texts:
        return min(texts)
    numbers = [abs(float(value)) for value in large if isinstance(value, (int, float))]
    # Other numbers have more than six digits that are not 0.
    if len(numbers) < _FEWEST_ROUNDED or any(f"{one:.17e}"[7:19].strip("0") for one in numbers):
        return None
    return min(numbers)
