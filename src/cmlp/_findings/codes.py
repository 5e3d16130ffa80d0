"""Numbers that are probably codes for a missing value, such as 999 beside numbers up to 120."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cmlp._data.column_entries import NUMBER
from cmlp._findings.quick import quick_model, size_of, spread_rows
from cmlp._model.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from cmlp._findings.table import Table

_CODE = re.compile(r"-?(?:([789])\1{0,8}|666)")
_FEWEST_ROWS = 2  # that have a code
_FEWEST_OTHERS = 2  # different numbers besides codes


def check_codes(table: Table) -> Iterator[Finding]:
    """Find numbers that are probably codes, if the error is smaller where they are missing values."""
    if not table.measures:
        return
    codes = {i: found for i in table.candidates("code") if (found := _codes_of(table, i))}
    if not codes:
        return
    rows = spread_rows(table)
    raw = table.raw.copy()
    for i, found in codes.items():
        raw[np.isin(raw[:, i], found), i] = np.nan
    models = quick_model(table, rows), quick_model(replace(table, raw=raw), rows)
    before, after = (0.0 if model is None else size_of(model.errors()) for model in models)
    if after < before:
        ratio = after / before
        n = int((np.isnan(raw) & ~np.isnan(table.raw)).any(axis=1).sum())
        evidence = (
            f"{n:,} of {table.n_rows:,} rows have numbers that look like codes, far from all others; "
            f"as missing values, error {ratio:.2f} ×"
        )
        yield Finding("code", table.names([*codes]), 1 - ratio, evidence, _remedy(table, codes))


def _codes_of(table: Table, i: int) -> list[int]:
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


def _remedy(table: Table, codes: Mapping[int, Sequence[int]]) -> str:
    """Return the parameter that makes the codes missing values."""
    return table.parameter("missing_values", codes)
