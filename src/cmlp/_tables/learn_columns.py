"""Learning the columns of a table: what each holds and which categories it has, then its scale, bins and parts.

Numbers have robust scaling with smooth clipping, and piecewise-linear encoding in bins; categories are one-hot encoded.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial

import numpy as np

from cmlp._bridge import _core
from cmlp._data.array_types import AnyArray, ArrayLike, NDArray
from cmlp._data.column_entries import (
    CATEGORY,
    INTERVAL,
    ORDERED,
    SIMPLE,
    TIMES,
    categories_of,
    require_few_equal_hashes,
    stored_category,
    text_of,
    type_of_entries,
    type_of_numbers,
)
from cmlp._data.columns import DATES
from cmlp._data.containers import Column, plain_entry
from cmlp._data.input_frame import InputFrame, frame_of
from cmlp._data.scale import distance_of_others, quantiles
from cmlp._data.weights import weights_of_rows
from cmlp._findings.table import CategoryCounts
from cmlp._model.table_columns import MAX_CATEGORIES, PARTS, DatePart, TableColumn, TableColumns
from cmlp._process.signals import TimeLimitReached
from cmlp._process.threads import Pool, available_threads, interruption
from cmlp._process.time_limit import is_over
from cmlp._process.warnings import warn
from cmlp._tables.missing_values import codes_of_column
from cmlp._tables.splits import LEAST_GAIN_OF_PART, step_edges
from cmlp.exceptions import InvalidParameterError, refused, short_repr, shown

_FROM_DTYPE = "from_dtype"
_NO_FORMS: Mapping[int, str] = {}
_NO_CODES: Mapping[int, Sequence[object]] = {}
_MOST_ROWS = 100_000  # from which quartiles and steps are learned: of more rows without weights, a random choice
_ROWS_FOR_THREADS = 10_000  # that make threads worth their time
# Quantiles are those of numbers clipped to it, so that their differences do not overflow.
_LARGEST = 1e300
_FAR = 8  # typical distances from the median: pixels, small counts and a 0/1 column keep half of their range
_FEWEST_NUMBERS = 4_000_000  # that are searched for steps whatever the time limit; about half a second on two cores


# ------------------------------------------------------------------------------------------ types and categories


def learn_columns(
    X: ArrayLike | InputFrame,
    categorical: object,
    owner: str,
    row_index: NDArray[np.intp] | None = None,
    weight: NDArray[np.float64] | None = None,
    forms: Mapping[int, str] = _NO_FORMS,
    counts: dict[int, CategoryCounts] | None = None,
    codes: Mapping[int, Sequence[object]] = _NO_CODES,
) -> TableColumns:
    """Return the columns of a table, with their types and categories; `learn_inputs` learns the rest.

    They are learned from the rows `row_index` and their weights; other rows are only checked.

    Columns of a category, text or object dtype that has no numbers are categories, unless `categorical` is None, and so
    are those that it has: names, indices, a mask, or a mapping to lists of ordered categories (None for no order).
    `forms` are those of columns whose texts are dates, which the frame has as dates. `counts` are filled with those of
    the categories of each column that has some. `codes` are what means a missing value in each column, which the frame
    has no more, but for dates.
    """
    frame = frame_of(X, owner)
    if row_index is None:
        row_index = np.arange(frame.n_rows)
    chosen = _chosen(categorical, frame)
    found = []
    for i, column in enumerate(frame.exact_columns()):
        column_type = type_of_entries(column, row_index)
        levels = chosen.get(i)
        if levels is not None and i in forms:
            raise InvalidParameterError(
                f"{column.label} is in date_formats, but categorical_features orders its "
                "categories.",
                parameter="date_formats",
            )
        if levels is None and categorical is not None and column_type not in TIMES:
            held = column.levels()
            levels = None if held is None else categories_of(held, CATEGORY)
        if levels is not None:
            meant = frozenset(codes.get(i, ()))
            found.append(_ordered(column, [level for level in levels if level not in meant]))
        elif i in chosen or (categorical is not None and _holds_categories(column, row_index)):
            learned, occurring = _with_categories(column, column_type, row_index, weight)
            found.append(learned)
            if counts is not None:
                is_decided = i in chosen or column.has_categories() or column.decided_by == "user"
                counts[i] = CategoryCounts(occurring, is_decided)
        else:
            found.append(TableColumn("number", type_of_numbers(column_type)))
        if i in forms:
            found[i] = found[i]._replace(date_format=forms[i])
        if i in codes:
            found[i] = found[i]._replace(missing_values=codes_of_column(found[i], codes[i]))
    return TableColumns(found, frame.names)


def learn_categories_again(
    earlier: TableColumns,
    frame: InputFrame,
    row_index: NDArray[np.intp],
    weight: NDArray[np.float64] | None,
) -> TableColumns:
    """Return columns that hold what `earlier` ones of `learn_columns` do, with the categories of these rows alone."""
    columns = list(earlier)
    for i, column in enumerate(earlier):
        if column.categories is not None and column.type != ORDERED:
            held = frame.exact(i)
            again = _with_categories(held, column.type, row_index, weight)[0]
            columns[i] = again._replace(missing_values=column.missing_values)
    return TableColumns(columns, earlier.names)


def _ordered(column: Column, levels: Sequence[object]) -> TableColumn:
    """Return a column of ordered categories; raises ValueError if a value is not one of them."""
    require_few_equal_hashes(levels, column.label)
    known = dict.fromkeys(map(stored_category, levels))
    for row, value in enumerate(categories_of(column, CATEGORY)):
        if value is not None and value not in known:
            raise ValueError(
                f"{column.label} must be one of its ordered categories {short_repr(list(known))}, "
                f"got {shown(value)} in row {row}."
            )
    return TableColumn("number", ORDERED, list(known), len(known))


def is_from_dtype(categorical: object) -> bool:
    """Return whether the types of columns say which are categories, and not the user."""
    return isinstance(categorical, str) and categorical == _FROM_DTYPE


def _chosen(categorical: object, frame: InputFrame) -> dict[int, Sequence[object] | None]:
    """Return the indices of the columns that the user calls categorical, with their categories in order, or None."""
    if is_from_dtype(categorical):
        return {}
    n = len(frame.columns)
    ordered = categorical if isinstance(categorical, Mapping) else {}
    given = _entries_of(categorical)
    if given and not ordered and {*map(type, given)} == {bool}:
        if len(given) != n:
            raise InvalidParameterError(
                f"categorical_features as a mask must have {n} entries, one per column, got "
                f"{len(given)}.",
                parameter="categorical_features",
                value=categorical,
            )
        return dict.fromkeys(np.flatnonzero(np.array(given)).tolist())
    names = frame.names or []
    index = {name: i for i, name in enumerate(names)} | {i: i for i in range(n)}
    found: dict[int, Sequence[object] | None] = {}
    for entry in given:
        # Which may equal an index.
        is_of_other_type = isinstance(entry, (bool, float)) and entry not in names
        if is_of_other_type or not isinstance(entry, Hashable):
            raise _not_columns(categorical)
        if entry not in index:
            raise InvalidParameterError(
                f"categorical_features has {shown(entry)}, but X has no such column.",
                parameter="categorical_features",
                value=categorical,
            )
        levels = ordered.get(entry)
        found[index[entry]] = None if levels is None else _checked_levels(levels, entry)
    return found


def _entries_of(categorical: object) -> list[object]:
    """Return the entries of `categorical_features`: names, of any types, indices or the booleans of a mask."""
    if isinstance(categorical, (list, tuple, Mapping)):  # of which NumPy would make one type
        return [plain_entry(entry) for entry in categorical]
    given = np.asarray([] if categorical is None else categorical)
    if given.ndim != 1 or (given.size and given.dtype.kind not in "biuUOT"):
        raise _not_columns(categorical)
    return [*given.tolist()]


def _not_columns(categorical: object) -> InvalidParameterError:
    expected = (
        "'from_dtype', None, or a list of names or indices, a mask, or a dict of names to ordered "
        "categories"
    )
    return refused(
        "categorical_features",
        f"must be {expected}, got {short_repr(categorical)}.",
        categorical,
        expected,
    )


def _checked_levels(levels: object, entry: object) -> list[object]:
    """Return a column's categories in order: different texts or numbers."""
    found = list(levels) if isinstance(levels, (list, tuple, np.ndarray)) else []
    found = [plain_entry(level) for level in found]
    require_few_equal_hashes(found, f"column {entry!r}")
    if (
        not found
        or len({*map(stored_category, found)} - {None}) < len(found)
        or not SIMPLE.issuperset(map(type, found))
        or None in map(text_of, found)
    ):
        raise InvalidParameterError(
            "categorical_features must have a list of different texts or numbers for column "
            f"{shown(entry)}, got {short_repr(levels)}.",
            parameter="categorical_features",
        )
    return found


def _holds_categories(column: Column, row_index: NDArray[np.intp]) -> bool:
    if column.has_categories():
        return True
    array = column.array()
    return array.dtype.kind in "OUT" and any(
        isinstance(value, str) or type(value).__name__ == INTERVAL
        for value in array[row_index].tolist()
    )


def _with_categories(
    column: Column,
    entries_type: str,
    row_index: NDArray[np.intp],
    weight: NDArray[np.float64] | None,
) -> tuple[TableColumn, Counter[object]]:
    """Return a column with the categories of the largest weights, with what there was besides them, and their counts.

    Categories of equal weight have the order of text, None last.
    """
    column_type = entries_type if entries_type in TIMES else CATEGORY
    values = categories_of(column, column_type)
    entries = [values[row] for row in row_index.tolist()]
    require_few_equal_hashes(entries, column.label)
    occurring: Counter[object] = Counter(entries)
    weights: dict[object, float] = dict(occurring)
    if weight is not None:
        weights = dict.fromkeys(occurring, 0.0)
        for value, share in zip(entries, weight.tolist(), strict=True):
            weights[value] += share
    stored = {stored_category(value): total for value, total in weights.items()}
    if None in map(text_of, stored):
        row = next(row for row in row_index.tolist() if text_of(values[row]) is None)
        most = sys.get_int_max_str_digits()
        raise ValueError(
            f"{column.label} must have categories of at most {most:,} digits, got "
            f"{shown(values[row])} in row {row}."
        )
    ordered = sorted(stored, key=lambda value: (-stored[value], value is None, str(value)))
    categories = ordered[:MAX_CATEGORIES]
    listed = {*categories}
    alone = {stored_category(value) for value, count in occurring.items() if count == 1}
    filled = {value: total for value, total in stored.items() if value is not None}
    is_rare = {value: value in alone or value not in listed for value in filled}
    rare = math.fsum(total for value, total in filled.items() if is_rare[value])
    rare = rare / math.fsum(filled.values()) if rare else 0.0
    if len(stored) > len(listed):
        part = _part_in_new_rows(occurring, listed)
        rare = rare if part == 1 else 1 - part * (1 - rare)
    role = "category" if len(categories) > 1 else "unused"
    return TableColumn(role, column_type, categories, len(stored), rare), occurring


def _part_in_new_rows(occurring: Mapping[object, int], listed: AbstractSet[object]) -> float:
    """Estimate how often the listed categories occur in new rows, as a part of how often they did in fit.

    They are those that occurred most often, partly by chance. So the numbers of rows are drawn
    towards their mean as far as they vary by chance (Efron and Morris, 1973), and so far a new row
    has a new category with the probability of Good (1953).
    """
    counts: Counter[object] = Counter()
    for value, count in occurring.items():
        counts[stored_category(value)] += count
    del counts[None]
    numbers = np.array([*counts.values()], np.float64)
    of_listed = numbers[np.array([value in listed for value in counts], bool)]
    mean, variance = numbers.mean(), numbers.var()
    chance = min(1.0, mean / variance) if variance else 1.0
    drawn = (1 - chance) * of_listed.sum() + chance * mean * len(of_listed)
    known = 1 - chance * np.count_nonzero(numbers == 1) / numbers.sum()
    return min(1.0, float(drawn / of_listed.sum() * known))


# ------------------------------------------------------------------------------------------ scales, bins and parts


def learn_inputs(
    found: TableColumns,
    raw: NDArray[np.float64],
    target: AnyArray,
    weight: NDArray[np.float64] | None = None,
    n_threads: int | None = None,
    *,
    date_parts: bool = True,
    until: float = math.inf,
    earlier: TableColumns | None = None,
) -> TableColumns:
    """Return the columns of `learn_columns` with scales, bins, and parts of dates: what the networks see of them.

    They are learned from the training rows as `TableColumns.read` returns them; the target of the
    rows chooses the edges of the bins. With `date_parts`, columns of dates have parts: see
    `_learn_parts`.

    Columns that are not searched for steps before the moment `until` have none, with a warning. `earlier`
    are the columns of an equal fit, which is continued or repeated: columns without steps in it get
    none, because it may have been late.

    Piecewise-linear encoding with bins that depend on the target: Gorishniy, Rubachev, Babenko, "On embeddings for
    numerical features in tabular deep learning", 2022; there, an edge for each split of a decision tree. Here the two
    numbers beside a split are edges: the bin between them is a step, and a network needs it to jump where trees do.
    Smooth clipping: Holzmüller, Grinsztajn, Steinwart, "Better by default: strong pre-tuned MLPs and boosted trees on
    tabular data", 2024.
    """
    columns = list(found)
    numbers = [i for i, column in enumerate(columns) if column.is_number]
    n_always = _FEWEST_NUMBERS // max(1, len(raw))
    late: list[int] = []

    def learn(k: int) -> None:
        i = numbers[k]
        column, row_index, present = _scaled(columns[i], raw[:, i], weight)
        columns[i] = column
        if len(column.edges) and (earlier is None or _has_steps(earlier, i)):
            check = partial(_check_time, until if k >= n_always else math.inf)
            has_parts = date_parts and column.type in DATES
            try:
                columns[i] = _with_steps(
                    column,
                    present,
                    target[row_index],
                    weights_of_rows(weight, row_index),
                    has_parts=has_parts,
                    check=check,
                )
            except TimeLimitReached:
                late.append(i)

    most = (n_threads or available_threads()) if len(raw) > _ROWS_FOR_THREADS else 1
    _core.run_pool(Pool(len(numbers), most), learn)
    if late:
        warn(
            f"max_time was over before {len(late)} of {len(numbers)} columns of numbers were "
            "searched for steps of the target: the networks read these columns without bins at "
            "such steps."
        )
    return TableColumns(columns, found.names)


def _check_time(until: float) -> None:
    """Raise an exception if this thread is to end: TimeLimitReached if the time is over."""
    kind = interruption()
    if kind is not None:
        raise kind
    if is_over(until):
        raise TimeLimitReached


def _has_steps(columns: TableColumns, i: int) -> bool:
    """Return whether a column has more edges than its ends, or parts."""
    return i < len(columns) and (len(columns[i].edges) > 2 or bool(columns[i].parts))


def _scaled(
    column: TableColumn, x: NDArray[np.float64], weight: NDArray[np.float64] | None
) -> tuple[TableColumn, NDArray[np.intp], NDArray[np.float64]]:
    """Return a column of numbers without steps, and the rows and the numbers from which it is learned."""
    absent = np.isnan(x)
    row_index = np.flatnonzero(~absent)
    present = np.clip(x[row_index], -_LARGEST, _LARGEST)
    smallest, largest = present.min(initial=np.inf), present.max(initial=-np.inf)
    if smallest >= largest:
        # A constant that is sometimes missing: that it is missing is all there is to know.
        if len(present) > 0 and absent.any():
            return column._replace(missing=True, centre=float(present[0])), row_index, present
        return column._replace(role="unused"), row_index, present
    if len(row_index) > _MOST_ROWS and weight is None:
        chosen = _core.Random(0).permutation(len(row_index))[:_MOST_ROWS]
        row_index, present = row_index[chosen], present[chosen]
    weight = weights_of_rows(weight, row_index)
    low, centre, high = quantiles(present, (0.25, 0.5, 0.75), weight)
    scale = high - low
    if not high > low:
        scale = (largest - smallest) / 2
        # A code such as 999 in a few rows would make the other numbers look the same to networks without bins.
        typical = distance_of_others(present, float(centre), weight) / 2
        if scale > _FAR * typical > 0:  # 0: a random choice of the rows can have the median alone
            scale = typical
    column = column._replace(
        missing=bool(absent.any()),
        centre=float(centre),
        scale=float(scale) or 1.0,
        edges=np.array([smallest, largest]),
    )
    return column, row_index, present


def _with_steps(
    column: TableColumn,
    present: NDArray[np.float64],
    target: AnyArray,
    weight: NDArray[np.float64] | None,
    *,
    has_parts: bool,
    check: Callable[[], None],
) -> TableColumn:
    """Return a column with the edges of the steps of the target between its ends."""
    edges = np.unique([*column.edges, *step_edges(present, target, weight, check=check)])
    column = column._replace(edges=edges)
    return (
        column._replace(parts=_learn_parts(present, target, weight, check)) if has_parts else column
    )


def _learn_parts(
    x: NDArray[np.float64],
    target: AnyArray,
    weight: NDArray[np.float64] | None,
    check: Callable[[], None],
) -> list[DatePart]:
    """Return the parts of dates in days since 1970 along which the target changes in steps.

    Of dates within one period the days say the same. A part without a step is left out, because its inputs are noise:
    on 133 rows of wine with dates that mean nothing, they raise the log loss by a quarter.
    """
    parts = []
    for name, (period, _) in PARTS.items():
        part = DatePart(name, np.empty(0))
        if x.max() - x.min() >= period:
            days = part.days(x)
            edges = step_edges(days, target, weight, LEAST_GAIN_OF_PART, check)
            if len(edges):
                parts.append(part._replace(edges=np.unique([days.min(), *edges, days.max()])))
    return parts
