"""Codes for missing values: numbers that probably are some, such as 999, and stated ones that no cell equals."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from cmlp._data.array_types import NDArray
from cmlp._data.column_entries import BOOLEAN, DURATION, NUMBER
from cmlp._data.columns import DATES
from cmlp._findings.quick import quick_model, size_of, spread_rows
from cmlp._findings.table import CheckedTable, UnmatchedCode, findings_of
from cmlp._model.findings import Finding, listed
from cmlp._model.unusual_rows import listed_columns

# How to state a code of a type of column that a number, or a text, cannot equal.
_HOW_TO_STATE = {
    **dict.fromkeys(DATES, "state a date as text, such as '1900-01-01'"),
    DATES[-1]: "state a date as text with an offset, such as '1900-01-01T00:00Z'",
    DURATION: "make such durations None before fit and predict",
    BOOLEAN: "state 0 or 1",
}
_CODE = re.compile(r"-?(?:([789])\1{0,8}|666)")
_FEWEST_ROWS = 2  # that have a code
_FEWEST_OTHERS = 2  # different numbers besides codes


def check_codes(table: CheckedTable) -> Iterator[Finding]:
    """Find numbers that are probably codes, if the error is smaller where they are missing values."""
    if not table.measures:
        return
    codes = {i: found for i in table.candidates("code") if (found := _codes_of(table, i))}
    if not codes:
        return
    row_index = spread_rows(table)
    raw = table.raw.copy()
    for i, found in codes.items():
        raw[np.isin(raw[:, i], found), i] = np.nan
    models = quick_model(table, row_index), quick_model(replace(table, raw=raw), row_index)
    before, after = (0.0 if model is None else size_of(model.errors()) for model in models)
    if after < before:
        ratio = after / before
        n = int((np.isnan(raw) & ~np.isnan(table.raw)).any(axis=1).sum())
        evidence = (
            f"{n:,} of {table.n_rows:,} rows have numbers that look like codes, far from all others; "
            f"as missing values, error {ratio:.2f} ×"
        )
        yield from findings_of(
            table,
            "code",
            [*codes],
            evidence,
            weight=1 - ratio,
            remedy=table.parameter("missing_values", codes),
        )


def check_stated_codes(table: CheckedTable) -> Iterator[Finding]:
    """Find codes of `missing_values` that no cell equals, as if a sign was forgotten, or a number stated for dates."""
    may_be = {*table.candidates("unmatched")}
    found: dict[str, list[UnmatchedCode]] = {}
    for one in table.unmatched:
        if may_be.issuperset(one.columns):
            types = {table.columns[i].type for i in one.columns or range(len(table.columns))}
            how = (
                "" if one.can_occur else ", or ".join(_HOW_TO_STATE[each] for each in sorted(types))
            )
            found.setdefault(how, []).append(one)
    for how, codes in found.items():
        yield _of_unmatched(table, codes, how)


def _of_unmatched(table: CheckedTable, found: Sequence[UnmatchedCode], how: str) -> Finding:
    """Return the finding of codes that no cell equals; `how` to state those that no later cell can equal, either."""
    codes = [*dict.fromkeys(repr(one.code) for one in found)]
    columns = [*dict.fromkeys(i for one in found for i in one.columns)]
    it = "it" if len(codes) == 1 else "them"
    which = f"the code{'s' * (len(codes) > 1)} {listed(codes)}"
    label = listed_columns([table.label(i) for i in columns]) if columns else "all columns"
    types = dict.fromkeys(table.columns[i].type for i in columns or range(len(table.columns)))
    of_type = f"value of the type {' or '.join(types)}"
    warning = f"missing_values has {which} for {label}, but no {of_type} equals {it}: {how}."
    return Finding(
        "unmatched",
        columns=table.names(columns),
        weight=None,
        evidence=f"no cell equals {which} of missing_values",
        remedy=how or f"correct {it}, or leave {it} out",
        warning=warning if how else "",
    )


def _codes_of(table: CheckedTable, i: int) -> list[int]:
    """Return the numbers of a column that are probably codes.

    They are its largest or smallest numbers, such as 7, 8 and 9 or -99, each in several rows, and farther from the
    other numbers than these are from each other.
    """
    if not table.columns[i].is_number or table.columns[i].type != NUMBER:
        return []
    values = table.raw[:, i]
    numbers, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    found: list[float] = []
    for sign in (1, -1, 1):  # codes at one end can hide those at the other
        ends = slice(None, None, sign)
        n = len(numbers) - _n_codes(sign * numbers[ends], counts[ends])
        found += numbers[ends][n:].tolist()
        numbers, counts = numbers[ends][:n][ends], counts[ends][:n][ends]
    return sorted(map(int, found))


def _n_codes(numbers: NDArray[np.float64], counts: NDArray[np.intp]) -> int:
    """Return how many of the last numbers, which ascend, are codes."""
    n = 0
    for k in range(1, len(numbers) - _FEWEST_OTHERS + 1):
        if counts[-k] < _FEWEST_ROWS or not _CODE.fullmatch(f"{numbers[-k]:.17g}"):
            break
        if numbers[-k] - numbers[-k - 1] > numbers[-k - 1] - numbers[0]:
            n = k
    return n
