"""The parameter `missing_values`: codes of columns of a table, such as -999, that mean a missing value."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from cmlp._data.array_types import NDArray
from cmlp._data.column_entries import BOOLEAN, DURATION, TIMES, equal_entries, stored_category
from cmlp._data.columns import DATES, MICROSECONDS_OF_A_DAY, CellFormat, by_column
from cmlp._data.containers import Column, plain_entry
from cmlp._data.date_forms import date_form
from cmlp._data.grammar import Grammar
from cmlp._data.input_frame import InputFrame
from cmlp._findings.table import UnmatchedCode
from cmlp._model.table_columns import TableColumn, TableColumns
from cmlp._process.warnings import warn
from cmlp.exceptions import refused, shown

_NAME = "missing_values"
_GRAMMAR = Grammar(CellFormat())
_INSTANT = DATES[-1]
_SHORT = (np.dtype(np.float32), np.dtype(np.float16))
_EXPECTED = "None, a finite number, a text, a list of them, or a dict of columns to them"


def codes_of_columns(missing_values: object, frame: InputFrame) -> dict[int, tuple[object, ...]]:
    """Return the codes of each column that has some, numbers before texts, by its index.

    Those of columns of float32 or float16 are also what the code is in this type, because later rows can be doubles.
    Raises InvalidParameterError for a column that does not exist, or for what is no code.
    """
    stated = _stated_codes(missing_values, frame)
    return {i: _also_rounded(codes, frame.column(i)) for i, codes in stated.items()}


def _stated_codes(missing_values: object, frame: InputFrame) -> dict[int, tuple[object, ...]]:
    """Return the codes of each column as the user states them."""
    if missing_values is None:
        return {}
    n = len(frame.columns)
    if not isinstance(missing_values, Mapping):
        codes = _codes(missing_values, missing_values)
        return dict.fromkeys(range(n), codes) if codes else {}
    return {
        i: codes
        for i, value in by_column(_NAME, missing_values, frame.names, n)
        if (codes := _codes(value, missing_values))
    }


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
                raise refused(
                    _NAME, f"must be {_EXPECTED}, got {shown(code)}.", missing_values, _EXPECTED
                )
            if not math.isnan(code):
                numbers.add(stored_category(code))
        elif code is not None:
            raise refused(
                _NAME, f"must be {_EXPECTED}, got {shown(code)}.", missing_values, _EXPECTED
            )
    return (*sorted(numbers), *sorted(texts))


def _also_rounded(codes: Sequence[object], column: Column) -> tuple[object, ...]:
    """Return the codes of a column, and the values of its numbers in the type of the column if that is a short one."""
    dtype = column.array().dtype
    if dtype not in _SHORT:
        return tuple(codes)
    given: list[Any] = [code for code in codes if isinstance(code, (int, float))]
    with np.errstate(over="ignore"):  # no entry is a code that is too large
        rounded = np.array(given, np.float64).astype(dtype).astype(np.float64)
    numbers = {*given, *map(stored_category, rounded[np.isfinite(rounded)].tolist())}
    return (*sorted(numbers), *(code for code in codes if isinstance(code, str)))


def _is_double(code: float) -> bool:
    """Return whether a number is not infinite as a double."""
    try:
        return not math.isinf(float(code))
    except OverflowError:
        return False


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


def warn_of_kept_codes(missing_values: object, frame: InputFrame, columns: TableColumns) -> None:
    """Warn if a warm start, which keeps the codes of the columns, has other `missing_values` than their fit."""
    stated = _stated_codes(missing_values, frame)
    pairs = ((stated.get(i, ()), column) for i, column in enumerate(columns) if column.is_used)
    if all(_are_kept(codes, column) for codes, column in pairs):
        return
    warn(
        "warm_start=True keeps the missing values of the first fit, which missing_values="
        f"{shown(missing_values)} does not change: fit with warm_start=False to use others."
    )


def _are_kept(codes: Sequence[object], column: TableColumn) -> bool:
    """Return whether stated codes are those of a column of a model."""
    stated, kept = {*codes_of_column(column, codes)}, {*column.missing_values}
    for dtype in _SHORT:  # a column of this type has both values of a code
        numbers = [code for code in stated if not isinstance(code, str)]
        with np.errstate(over="ignore"):
            kept -= {
                *np.array(numbers, np.float64).astype(dtype).astype(np.float64).tolist()
            } - stated
    if column.categories is None:  # which has the words of other columns, too, in a file
        kept = {code for code in kept if code in stated or not isinstance(code, str)}
    return stated == kept


def _number_of(column: TableColumn, text: str) -> float | None:
    """Return the number of a row as which a column of numbers or dates reads a text; None if it reads none."""
    if column.type not in TIMES:
        number = _GRAMMAR.number(text)
        return None if number is None or math.isinf(number) else number
    if column.type == DURATION:
        return None
    date = date_form(column.date_format).date(text) if column.date_format else _GRAMMAR.date(text)
    if date is None or (date.kind == _INSTANT) != (column.type == _INSTANT):
        return None
    return date.value / MICROSECONDS_OF_A_DAY


# ------------------------------------------------------------------------------------------ codes that no cell equals


def unmatched_codes(
    missing_values: object, frame: InputFrame, columns: TableColumns, row_index: NDArray[np.intp]
) -> Iterator[UnmatchedCode]:
    """Yield the codes that no entry of some rows equals: in a dict, of their column; otherwise, of any column."""
    stated = _stated_codes(missing_values, frame)
    if not stated:
        return
    entries = frame.exact_columns()
    each = [(i,) for i in stated] if isinstance(missing_values, Mapping) else [tuple(stated)]
    for indices in each:
        for codes in _by_text(stated[indices[0]]):
            if not any(_occur(codes, entries[i], columns[i], row_index) for i in indices):
                named = indices if isinstance(missing_values, Mapping) else ()
                can_occur = any(_can_occur(code, columns[i]) for i in indices for code in codes)
                yield UnmatchedCode(codes[0], named, can_occur)


def _by_text(codes: Sequence[object]) -> list[list[object]]:
    """Return a list of the codes of each text: of a number and its text, one can be meant for columns of text."""
    found: dict[str, list[object]] = {}
    for code in codes:
        found.setdefault(str(code), []).append(code)
    return [*found.values()]


def _occur(
    codes: Sequence[object], entries: Column, column: TableColumn, row_index: NDArray[np.intp]
) -> bool:
    """Return whether an entry of some rows equals a code, or a cell of a file that its reader has made missing."""
    if not entries.missing_words.isdisjoint(codes):
        return True
    if column.date_format:  # whose dates can be whole numbers
        values, texts = entries.entries(), {str(code).strip() for code in codes}
        return any(str(values[row]).strip() in texts for row in row_index.tolist())
    forms = [*codes]
    if column.categories is None and column.type not in TIMES:  # which reads texts as numbers
        numbers = [_number_of(column, code) for code in codes if isinstance(code, str)]
        forms += [number for number in numbers if number is not None]
    return bool(equal_entries(entries, _also_rounded(forms, entries))[row_index].any())


def _can_occur(code: object, column: TableColumn) -> bool:
    """Return whether a later entry of a column of this type can equal a code.

    A text that is no date, boolean or number can be a word for missing cells.
    """
    if column.categories is not None:
        return True
    if column.date_format:
        return not isinstance(code, float)
    if column.type == DURATION:
        return False
    if not isinstance(code, str):
        return column.type not in TIMES and (column.type != BOOLEAN or code in (0, 1))
    if column.type == BOOLEAN:
        return _GRAMMAR.boolean(code) is None
    return (
        column.type not in TIMES
        or _GRAMMAR.date(code) is None
        or _number_of(column, code) is not None
    )
