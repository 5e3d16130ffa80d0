"""The parameter `missing_values`: codes of columns of a table, such as -999, that mean a missing value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from cmlp._data.column_entries import DURATION, TIMES, stored_category
from cmlp._data.columns import DATES, MICROSECONDS_OF_A_DAY, CellFormat, index_by_column
from cmlp._data.containers import plain_entry
from cmlp._data.date_forms import date_form
from cmlp.exceptions import InvalidParameterError, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmlp._data.input_frame import InputFrame
    from cmlp._model.table_columns import TableColumn

_INSTANT = DATES[-1]
_EXPECTED = "None, a finite number, a text, a list of them, or a dict of columns to them"


def codes_of_columns(missing_values: object, frame: InputFrame) -> dict[int, tuple[object, ...]]:
    """Return the codes of each column that has some, numbers before texts, by its index.

    Raises InvalidParameterError for a column that does not exist, or for what is no code.
    """
    if missing_values is None:
        return {}
    n = len(frame.columns)
    if not isinstance(missing_values, Mapping):
        codes = _codes(missing_values, missing_values)
        return dict.fromkeys(range(n), codes) if codes else {}
    index = index_by_column(frame.names, n)
    found = {}
    for entry, value in missing_values.items():
        if isinstance(entry, bool) or entry not in index:
            _refuse(f"has {shown(entry)}, but X has no such column.", missing_values)
        codes = _codes(value, missing_values)
        if codes:
            found[index[entry]] = codes
    return found


def _codes(value: object, missing_values: object) -> tuple[object, ...]:
    """Return one code or several: different ones in ascending order, without NaN and None, which are missing anyway."""
    given = value if isinstance(value, (list, tuple, np.ndarray)) else [value]
    numbers: set[Any] = set()
    texts: set[str] = set()
    for code in map(plain_entry, given):
        if isinstance(code, str):
            texts.add(str(code))
        elif isinstance(code, (int, float)) and not isinstance(code, bool):
            if not _is_double(code):
                _refuse(f"must be {_EXPECTED}, got {shown(code)}.", missing_values, _EXPECTED)
            if not math.isnan(code):
                numbers.add(stored_category(code))
        elif code is not None:
            _refuse(f"must be {_EXPECTED}, got {shown(code)}.", missing_values, _EXPECTED)
    return (*sorted(numbers), *sorted(texts))


def _is_double(code: float) -> bool:
    """Return whether a number is not infinite as a double."""
    try:
        return not math.isinf(float(code))
    except OverflowError:
        return False


def _refuse(problem: str, value: object, expected: str = "") -> NoReturn:
    raise InvalidParameterError(
        f"missing_values {problem}", parameter="missing_values", value=value, expected=expected
    )


def codes_of_column(column: TableColumn, codes: Sequence[object]) -> tuple[object, ...]:
    """Return the codes of a column as `TableColumn.missing_values` has them: a text that it reads is a number."""
    if column.categories is not None:
        return tuple(codes)
    texts = [code for code in codes if isinstance(code, str)]
    numbers: list[float] = []
    if column.date_format:  # whose dates may be whole numbers
        texts += [str(code) for code in codes if isinstance(code, int)]
    elif column.type not in TIMES:
        numbers = [float(code) for code in codes if isinstance(code, (int, float))]
    read = {text: _number_of(column, text) for text in texts}
    numbers += [number for number in read.values() if number is not None]
    return (*sorted({*numbers}), *(text for text, number in read.items() if number is None))


def _number_of(column: TableColumn, text: str) -> float | None:
    """Return the number of a row as which a column of numbers or dates reads a text; None if it reads none."""
    from cmlp._data.grammar import Grammar  # few programs need it

    grammar = Grammar(CellFormat())
    if column.type not in TIMES:
        number = grammar.number(text)
        return None if number is None or math.isinf(number) else number
    if column.type == DURATION:
        return None
    date = date_form(column.date_format).date(text) if column.date_format else grammar.date(text)
    if date is None or (date.kind == _INSTANT) != (column.type == _INSTANT):
        return None
    return date.value / MICROSECONDS_OF_A_DAY
