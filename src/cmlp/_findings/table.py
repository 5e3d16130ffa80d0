"""The table that checks look at: its columns as they came and as numbers, its targets, and what the user has said."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cmlp._data.column_entries import categories_of
from cmlp._model.findings import Finding
from cmlp._model.table_columns import TableColumns, column_name
from cmlp._model.unusual_rows import listed_columns
from cmlp._process.printable import printable_message

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from cmlp._data.array_types import AnyArray, NDArray
    from cmlp._data.groups import Groups
    from cmlp._data.input_frame import InputFrame
    from cmlp._data.labels import Labels
    from cmlp._data.times import Times

TARGET = "y"  # the name of the target in findings
# In fewer rows, a column can agree with y, or hardly repeat a value, by chance.
FEWEST_ROWS = 50
# Rows on average of a value of y, from which on it cannot be by chance that a column says which value it is.
_FEWEST_PER_VALUE = 5
# The number of `some_rows`: at least, and for each 1 of the square root of the number of rows.
_FEW_ROWS, _PER_ROOT = 500, 8


def also(table: CheckedTable, columns: Sequence[int]) -> str:
    """Return the end of a warning about the first of some columns: which others it concerns."""
    others = [table.label(i) for i in columns[1:]]
    return f" The same is so of {listed_columns(others)}." if others else ""


def findings_of(
    table: CheckedTable,
    code: str,
    columns: Sequence[int],
    evidence: str,
    *,
    weight: float | None = None,
    remedy: str = "",
    warning: str = "",
) -> Iterator[Finding]:
    """Return the finding of some columns, or none without columns.

    The remedy is by default to leave them out. In a warning, the first {} is the name of the first column.
    """
    if columns:
        yield Finding(
            code,
            columns=table.names(columns),
            weight=weight,
            evidence=evidence,
            remedy=remedy or table.without(columns),
            warning=warning
            and warning.replace("{}", table.label(columns[0]), 1) + also(table, columns),
        )


class CategoryCounts(NamedTuple):
    """How many rows have each value of a column of categories."""

    occurring: Mapping[object, int]
    is_decided: (
        bool  # whether the user or a type says that they are categories, not numbers or dates
    )


class UnmatchedCode(NamedTuple):
    """A code for missing values that the user has stated, and that no cell equals."""

    code: object
    columns: tuple[int, ...]  # for which it is stated; none if it is for all of them
    can_occur: bool  # whether a later cell can equal it, by the types of the columns


@dataclass(frozen=True, eq=False)
class CheckedTable:
    """The rows of a table that count, in the order in which they came.

    Attributes
    ----------
    frame : InputFrame
        The columns of all rows as the user passed them.
    columns : TableColumns
        What each column holds.
    rows : ndarray of intp
        The numbers of the rows that count in the frame.
    raw : ndarray of float64, shape (n_rows, n_columns)
        Numbers, NaN if missing, and codes of categories, of the rows that count.
    y : ndarray
        The targets: numbers, or indices of classes; a column for each of several targets or labels.
    average : callable
        Returns the targets as numbers whose means say something: of classes, a column for each.
    labels : Labels or None
        The classes or labels of y; None for numbers.
    weight : ndarray of float64 or None
        The weights of the rows.
    groups : Groups or None
        The groups that the user has passed.
    copies : ndarray of intp or None
        The first row that is equal to each row, if rows are copies; None if not, or if groups or times decide.
    use : str or None
        What the rows to predict are, an entry of `USES`; None if the user has not said it.
    silenced : frozenset of str
        What the user knows, as `silenced_by` returns it.
    counts : mapping of int to CategoryCounts
        Those of the columns of categories.
    unmatched : sequence of UnmatchedCode
        The codes for missing values that no cell equals.
    numbers_may_be_dates : bool
        Whether the user has not said that all columns hold numbers.
    numbers : collection of int
        The columns that the user says are numbers.
    times : Times or None
        The times of the rows, if later ones are to be predicted.
    nominal : mapping of int to float
        The columns of whole numbers that are codes, with the share of the squared errors that this explains.
    measures : bool
        Whether checks can fit small models: `cmlp.examine` lets them, `fit` does not.
    """

    frame: InputFrame
    columns: TableColumns
    row_index: NDArray[np.intp]
    raw: NDArray[np.float64]
    y: AnyArray
    average: Callable[[], AnyArray]
    labels: Labels | None = None
    weight: NDArray[np.float64] | None = None
    groups: Groups | None = None
    copies: NDArray[np.intp] | None = None
    use: str | None = None
    silenced: frozenset[str] = frozenset()
    counts: Mapping[int, CategoryCounts] = field(default_factory=dict)
    unmatched: Sequence[UnmatchedCode] = ()
    numbers_may_be_dates: bool = True
    numbers: Collection[int] = ()
    times: Times | None = None
    nominal: Mapping[int, float] = field(default_factory=dict)
    measures: bool = False

    @property
    def n_rows(self) -> int:
        """The number of rows that count."""
        return len(self.raw)

    @functools.cached_property
    def targets(self) -> NDArray[np.float64]:
        """The targets as numbers, a row for each target."""
        return np.ascontiguousarray(self.y.reshape(self.n_rows, -1).T, np.float64)

    @functools.cached_property
    def is_missing(self) -> NDArray[np.bool_]:
        """Whether each value is missing, also as a category."""
        codes = [
            np.nan if known is None else known.get(None, np.nan) for known in self.columns.codes
        ]
        return np.asarray(np.isnan(self.raw) | (self.raw == codes))

    @functools.cached_property
    def averaged(self) -> AnyArray:
        """What `average` returns, a row for each row and a column for each number."""
        return self.average().reshape(self.n_rows, -1)

    @functools.cached_property
    def some_rows(self) -> NDArray[np.intp]:
        """Random rows: so many that values which half of all rows repeat are there twice, at least 500."""
        n = max(_FEW_ROWS, int(_PER_ROOT * self.n_rows**0.5))
        return np.random.RandomState(0).permutation(self.n_rows)[:n]

    @functools.cached_property
    def different_rows(self) -> NDArray[np.intp]:
        """One of each set of equal rows: in others, all columns repeat, and so does y."""
        rows = np.ascontiguousarray(np.column_stack([self.raw, self.targets.T]))
        return np.unique(rows.view(np.dtype((np.void, rows.strides[0]))), return_index=True)[1]

    @functools.cached_property
    def are_copies_of_y(self) -> NDArray[np.bool_]:
        """Whether each column has the values of each target under other names or, if ordered, on another scale."""
        found = [
            [_is_copy(x, y, is_ordered=self.is_ordered(i)) for y in self.targets]
            for i, x in enumerate(self.raw.T)
        ]
        return np.array(found, bool)

    def is_ordered(self, i: int) -> bool:
        """Return whether a column and the targets are numbers, so that one can rise or fall with the other."""
        return self.columns[i].is_number and self.labels is None

    def name(self, i: int) -> str:
        """Return the name of a column in findings: x0, x1 and so on for those of an array."""
        return column_name(self.frame.names, i)

    def label(self, i: int) -> str:
        """Return the name of a column in sentences."""
        return self.frame.label(i)

    def parameter(self, name: str, values: Mapping[int, object]) -> str:
        """Return the parameter of an estimator that has a value for each of some columns."""
        names = self.frame.names
        return f"{name}={ {i if names is None else names[i]: one for i, one in values.items()}!r}"

    def names(self, columns: Sequence[int]) -> tuple[str, ...]:
        """Return the names of columns in findings."""
        return tuple(map(self.name, columns))

    def candidates(self, code: str) -> list[int]:
        """Return the columns of which the user has not said that a kind of finding is known."""
        if code in self.silenced:
            return []
        return [
            i
            for i in range(len(self.columns))
            if printable_message(f"{code}:{self.name(i)}") not in self.silenced
        ]

    def values(self, i: int) -> list[object]:
        """Return the categories of a column in the rows that count, None if missing."""
        return self.entries(i, np.arange(self.n_rows))

    def entries(self, i: int, rows: NDArray[np.intp]) -> list[object]:
        """Return the categories of a column in some of the rows that count, None if missing."""
        entries = categories_of(self.frame.exact(i), self.columns[i].type)
        return [entries[row] for row in self.row_index[rows].tolist()]

    def selection(self, columns: Sequence[int]) -> str:
        """Return columns as code has them: their names in a list, or their indices."""
        names = self.frame.names
        return repr([i if names is None else names[i] for i in columns])

    def without(self, columns: Sequence[int]) -> str:
        """Return the code for X without some columns."""
        if self.frame.names is None:
            return f"np.delete(X, {self.selection(columns)}, axis=1)"
        return f"X.drop(columns={self.selection(columns)})"

    def one(self, i: int) -> str:
        """Return the code for a column of X."""
        names = self.frame.names
        return f"X[:, {i}]" if names is None else f"X[{names[i]!r}]"


def _is_copy(x: NDArray[np.float64], y: NDArray[np.float64], *, is_ordered: bool) -> bool:
    """Return whether a column has the values of y under other names or, if `is_ordered`, on another scale."""
    if not _agree(x[:FEWEST_ROWS], y[:FEWEST_ROWS], is_ordered=is_ordered):
        return False
    present = ~np.isnan(x)
    n = np.count_nonzero(present)
    if n < max(FEWEST_ROWS, len(x) / 2):
        return False
    x = x[present]
    y = y[present]
    if not is_ordered and len(np.unique(y)) * _FEWEST_PER_VALUE > n:
        return False
    return bool(np.ptp(y)) and _agree(x, y, is_ordered=is_ordered)


def _agree(x: NDArray[np.float64], y: NDArray[np.float64], *, is_ordered: bool) -> bool:
    """Return whether equal values of x are equal values of y and the other way round, in an order if `is_ordered`."""
    order = np.argsort(y, kind="stable")
    order = order[~np.isnan(x[order])]
    x = x[order]
    steps = np.diff(x)
    is_new = np.diff(y[order]) != 0
    if ((steps != 0) != is_new).any():
        return False
    if is_ordered:
        return bool((steps[is_new] > 0).all() or (steps[is_new] < 0).all())
    firsts = x[np.flatnonzero(is_new) + 1]
    return len(np.unique([*x[:1], *firsts])) == len(x[:1]) + len(firsts)
