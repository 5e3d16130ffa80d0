"""The columns of a table: what fit has learned about each, how they are read, and which inputs the networks see.

`cmlp._tables.learn_columns` learns them.
"""

from __future__ import annotations

import math
from functools import cached_property, partial
from itertools import pairwise, repeat
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeAlias

import numpy as np

from cmlp._bridge import _core
from cmlp._data.column_entries import (
    CATEGORY,
    COLUMN_TYPES,
    DURATION,
    ORDERED,
    SIMPLE,
    TIMES,
    categories_of,
    may_be_rounded,
    missing_of,
    numbers_of,
    warn_of_rounded,
)
from cmlp._data.columns import DATES, texts_of_names, warn_of_no_names
from cmlp._data.input_frame import InputFrame, frame_of, with_dates, without_codes
from cmlp._data.spelling import KnownSpellings
from cmlp._model.unusual_rows import (
    ROWS_TO_COMPARE,
    Gaps,
    count_of_missing,
    warn_of_ignored,
    warn_of_missing,
    warn_of_unknown,
)
from cmlp._process.warnings import Notices, warn
from cmlp.exceptions import short_repr

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cmlp._data.array_types import ArrayLike, NDArray
    from cmlp._data.containers import Column
    from cmlp._model.summary import Summary

    Codes: TypeAlias = Mapping[object, int]
    Layout: TypeAlias = tuple[str, int, bool, tuple[int, ...]]  # see `TableColumn.layout`

# The code of a category that fit has not seen, or that is rarer than the most frequent
# MAX_CATEGORIES.
OTHER = -1.0
MAX_CATEGORIES = 65_536  # of a column that a model lists: the most frequent ones
MOST_ONE_HOT = 200  # categories of a column that have an input of their own
_N_PRIORS = 4  # numbers of a prior: see `Statistics`
# The parts of a date: the period of each in days, and the day since 1970 on which one begins.
PARTS = {"day": (1.0, 0.0), "week": (7.0, 4.0), "year": (365.2425, 0.0)}
N_WAVES = 2  # inputs of a part that are not bins
_NEVER_HELD = {"number": CATEGORY, "category": ORDERED}  # what no column of a role holds
_FEW_ROWS = 32
_FEW_NUMBERS = 64
_NO_STATISTICS = np.empty(0, np.float32)


def column_name(names: Sequence[Any] | None, i: int) -> str:
    """Return the name of a column where texts name it without the word "column": x0 and so on without names."""
    return f"x{i}" if names is None else str(names[i])


def label_of(names: Sequence[Any] | None, i: int) -> str:
    """Return the name of a column for messages."""
    return f"column {i}" if names is None else f"column {names[i]!r}"


class DatePart(NamedTuple):
    """A part of a date that begins anew with each day, week or year."""

    name: str  # of PARTS
    edges: NDArray[np.float64]  # of its bins, in days of the period; empty without bins

    def width(self, *, bins: bool = True) -> int:
        """Return its number of inputs."""
        return N_WAVES + bins * max(len(self.edges) - 1, 0)

    def days(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how many days of the period have passed at each date: whole days but for the time of day."""
        return self._since(x) - self.number(x) * PARTS[self.name][0]

    def number(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the number of the period of dates."""
        return np.asarray(np.floor(self._since(x) / PARTS[self.name][0]))

    def _since(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((x if self.name == "day" else np.floor(x)) - PARTS[self.name][1])


class Statistics(NamedTuple):
    """What the networks see of a column with many categories: means of the targets in each.

    Attributes
    ----------
    table : ndarray of float32
        A row for each category, in the order of their codes: the soft-clipped means of some
        outputs, and from 0 to 1 how reliable they are. The networks see the row of a category; of
        an unknown one they see zeros, the mean of all rows with the reliability 0.
    n_one_hot : int
        The first categories, which are one-hot besides.
    priors : ndarray of float64 or None
        For each mean the index of its output, the mean of all rows, the number of rows at which a
        mean of a category has the same weight as it, and the standard deviation between
        categories. None if they are not known.
    """

    table: NDArray[np.float32]
    n_one_hot: int
    priors: NDArray[np.float64] | None = None


class TableColumn(NamedTuple):
    """A column of a table: what it holds, and what the networks see of it.

    Attributes
    ----------
    role : {"number", "category", "unused"}
        What the networks see: a scaled number and its bins, which of the categories it is, or
        nothing. Ordered categories and dates are numbers.
    type : str
        What the column holds, by which it is read: "number", "boolean", "category", "ordered"
        (categories), "duration" or one of `DATES`. A column of dates with categories has text of
        dates as categories.
    categories : sequence or None
        In the order of their codes; None is the missing value. None for a column of numbers.
    n_seen : int
        Number of categories in fit, with a missing value as one of them. The model lists the most
        frequent ones. 0 if it is not known, and for numbers.
    rare : float
        Share of the rows with a value whose category is not listed, or is that of one row alone.
        Of new rows from the same population, about this share has no listed category (Good, "The
        population frequencies of species and the estimation of population parameters", 1953). If
        there are more categories than are listed, it is at least what is expected of new rows,
        in which the listed categories occur less often than in those that chose them.
    missing : bool
        Whether an input of the networks says that a number is missing.
    centre, scale : float
        Of a number, for robust scaling.
    edges : ndarray of float64
        Of the bins of a number, ascending.
    parts : sequence of DatePart
        Of a date, in the order of `PARTS`.
    statistics : Statistics or None
        Of categories that are not all one-hot.
    date_format : str
        The form of the texts of a column of dates, as `date_form` reads them; "" if texts are no
        dates.
    missing_values : sequence
        What means a missing value besides None and NaN: numbers as doubles, dates as their
        numbers, texts, and values of categories.
    """

    role: str
    type: str = "number"
    categories: Sequence[object] | None = None
    n_seen: int = 0
    rare: float = 0.0
    missing: bool = False
    centre: float = 0.0
    scale: float = 1.0
    edges: NDArray[np.float64] = np.empty(0)
    parts: Sequence[DatePart] = ()
    statistics: Statistics | None = None
    date_format: str = ""
    missing_values: Sequence[object] = ()

    @property
    def is_number(self) -> bool:
        """Whether the networks see a number."""
        return self.role == "number"

    @property
    def is_category(self) -> bool:
        """Whether the networks see which of the categories it is."""
        return self.role == "category"

    @property
    def is_used(self) -> bool:
        """Whether the networks see it."""
        return self.role != "unused"

    @property
    def n(self) -> int:
        """The number of edges of a number, or of categories."""
        if self.is_category:
            return len(self.categories or ())
        return len(self.edges)

    @property
    def layout(self) -> Layout:
        """Its role, its `n`, `missing`, and numbers of inputs.

        These are those of each part of a date, 0 for one that it lacks, or of a column with statistics
        those of one-hot categories and of statistics; of other columns there are none. The core, files
        and pickles have the layout beside the `numbers` and the table of statistics.
        """
        if self.statistics is not None:
            n_inputs = self.statistics.n_one_hot, self.statistics.table.shape[1]
            return self.role, self.n, self.missing, n_inputs
        present = {part.name: part.width() for part in self.parts}
        widths = tuple(present.get(name, 0) for name in PARTS) if present else ()
        return self.role, self.n, self.missing, widths

    @property
    def has_missing(self) -> int:
        """How the core knows what is missing: 1 if a number has an input for it, of categories 1 + its code; or 0."""
        if not self.is_category:
            return int(self.missing)
        known = self.categories or ()
        return 1 + known.index(None) if None in known else 0

    @property
    def numbers(self) -> list[NDArray[np.float64]]:
        """Of a column of numbers centre and scale, edges, what means a missing one, and the edges of each part."""
        if self.is_category:
            return []
        if not self.is_used:
            return [self.missing_numbers]
        edges, *of_parts = self.all_edges
        return [np.array([self.centre, self.scale]), edges, self.missing_numbers, *of_parts]

    @property
    def missing_numbers(self) -> NDArray[np.float64]:
        """The numbers of rows of the core that mean a missing value: of ordered categories the ranks behind theirs."""
        if self.type == ORDERED:
            n = len(self.categories or ())
            return np.arange(n, n + len(self.missing_values), dtype=np.float64)
        return np.array(
            [one for one in self.missing_values if not isinstance(one, str)], np.float64
        )

    @property
    def n_missing(self) -> int:
        """How many values of a column mean a missing one in the core."""
        return len(self.missing_values if self.is_category else self.missing_numbers)

    @property
    def listed(self) -> Sequence[object] | None:
        """The values that files list: the categories, and behind them what means a missing one."""
        return None if self.categories is None else [*self.categories, *self.missing_values]

    @property
    def missing_entries(self) -> frozenset[object]:
        """The entries of frames that mean a missing value, but for those that are read as numbers or dates."""
        if self.categories is not None or self.type == CATEGORY:
            return frozenset(self.missing_values)
        texts = [one for one in self.missing_values if isinstance(one, str)]
        # A column of dates of a form can have whole numbers.
        return frozenset((*texts, *(int(text) for text in texts if text.isdecimal())))

    @property
    def all_edges(self) -> list[NDArray[np.float64]]:
        """The edges of the column and of each of its parts."""
        return [self.edges, *(part.edges for part in self.parts)]

    @property
    def is_date(self) -> bool:
        """Whether its numbers are dates."""
        return self.type in DATES and self.categories is None

    @property
    def without_values(self) -> Self:
        """An unused column without its categories: of these, only their number in fit is left."""
        if self.categories is None:
            return self
        n = self.n_seen or len(self.categories)
        # Ordered ones are not used if they do not vary, whatever order the user gave.
        if self.type == ORDERED:
            n = 1
        return self._replace(
            type=CATEGORY, categories=None, n_seen=n, rare=1.0, date_format="", missing_values=()
        )

    @property
    def without_type(self) -> Self:
        """An unused column without any value in fit, whose later values may be anything."""
        return self._replace(type=CATEGORY, categories=None, n_seen=1, rare=1.0, date_format="")

    @property
    def meaning(self) -> str:
        """What a value of the column is, with its unit, as exports and `cmlp info` say it."""
        if self.categories is not None:
            noun = "ordered categories" if self.type == ORDERED else "categories"
            meaning = f"one of {len(self.categories):,} {noun}"
        elif self.type == CATEGORY:
            meaning = "a category"
            if self.n_seen > 1:
                meaning = f"one of {self.n_seen:,} categories"
        elif self.type in DATES:
            meaning = "a date, in days since 1970-01-01"
            if self.type == "instant":
                meaning += " in UTC"
        elif self.type == DURATION:
            meaning = "a duration, in days"
        elif self.type == "boolean":
            meaning = "0 or 1"
        else:
            meaning = "a number"
        if self.date_format:
            meaning += f", from text of the form {self.date_format}"
        if self.is_used:
            return meaning
        has_others = self.n_seen > 1 and self.type == CATEGORY
        reason = (
            "on which the targets do not depend" if has_others else "the same in all rows of fit"
        )
        return f"not used: {meaning}, {reason}"

    @property
    def is_time(self) -> bool:
        """Whether the networks see a date or a duration as a number."""
        return self.type in TIMES and self.is_number

    @property
    def assumed_n_seen(self) -> int:
        """How many categories fit has seen if nothing is stored: 0 if there may be more than are listed."""
        n = len(self.categories or ())
        return n if n < MAX_CATEGORIES or self.type == ORDERED else 0

    @property
    def has_unlisted(self) -> bool:
        """Whether fit may have seen categories that are not among its `categories`."""
        if not self.categories:
            return False
        n = self.n_seen or self.assumed_n_seen
        return n == 0 or n > len(self.categories)

    def largest_gap(self, values: NDArray[np.float64] | None) -> float:
        """Return the largest share of the training rows in which the column can have been missing.

        It is NaN if that is not known, and for a column that the networks do not see. `values` are those of the
        summary, one value of each 32nd of the rows.
        """
        if not self.is_used:
            return np.nan
        if self.is_category:
            code = self.has_missing - 1
            if code < 0:
                # None may be a rarer category.
                return 1 / MAX_CATEGORIES if self.has_unlisted else 0.0
        elif not self.missing:
            return 0.0
        if values is None:
            return np.nan
        absent = np.isnan(values) if self.is_number else values == code
        return min(1.0, (np.count_nonzero(absent) + 1) / len(values))

    def had_no_value(self, values: NDArray[np.float64] | None) -> bool:
        """Return whether no training row had a value; `values` as `largest_gap`. False if it is not known."""
        # Of several categories that the targets do not depend on, values can be rarer than a 32nd.
        may_be_rare = self.type == CATEGORY and self.n_seen > 1
        if self.is_used or values is None or may_be_rare:
            return False
        return bool(np.isnan(values).all())


class TableColumns(_core.Columns):
    """All columns of a table: a sequence of `TableColumn` that reads frames, and encodes rows in the core.

    It never changes. A frame is read as doubles: numbers, NaN if they are missing, and codes of
    categories.

    Parameters
    ----------
    columns : iterable of TableColumn
    names : iterable or None
        Text, numbers, tuples or None for a missing name. None if X was not a data frame.

    Attributes
    ----------
    names : tuple or None
    types : tuple of str
        What each column holds.
    layout : list of tuple
        That of each column.
    numbers : ndarray of float64
        Those of all columns in one vector.
    statistics : ndarray of float32
        The tables of statistics of all columns in one vector.
    n_missing : list of int or None
        How many values of each column mean a missing one in the core; None if there are none.
    """

    def __new__(cls, columns: Iterable[TableColumn], names: Iterable[Any] | None = None) -> Self:
        """Return the columns, which the core has checked."""
        columns = tuple(columns)
        layout = [column.layout for column in columns]
        each = [np.empty(0), *(numbers for column in columns for numbers in column.numbers)]
        numbers = np.concatenate(each)
        found = [column.statistics for column in columns if column.statistics is not None]
        statistics = np.concatenate([_NO_STATISTICS, *(one.table.ravel() for one in found)])
        n_missing = [column.n_missing for column in columns]
        in_core = [
            (role, n, one.has_missing, widths)
            for one, (role, n, _, widths) in zip(columns, layout, strict=True)
        ]
        self = super().__new__(cls, in_core, numbers, statistics, n_missing)
        self._columns = columns
        self.names = None if names is None else tuple(names)
        self.types = tuple(column.type for column in columns)
        self.layout = layout
        self.numbers = numbers
        self.statistics = statistics
        self.n_missing = n_missing if any(n_missing) else None
        self._written = {i: one.date_format for i, one in enumerate(columns) if one.date_format}
        coded = [(i, one) for i, one in enumerate(columns) if one.missing_values]
        self._entries = {i: one.missing_entries for i, one in coded if one.missing_entries}
        numbers_of_rows = [(i, one) for i, one in coded if one.categories is None]
        self._numbers = {
            i: one.missing_numbers for i, one in numbers_of_rows if one.type != CATEGORY
        }
        self._spellings = {}
        return self

    _columns: tuple[TableColumn, ...]
    names: tuple[Any, ...] | None
    types: tuple[str, ...]
    layout: list[Layout]
    numbers: NDArray[np.float64]
    statistics: NDArray[np.float32]
    n_missing: list[int] | None
    _written: dict[int, str]  # the forms of columns whose dates are text
    # What means a missing value in columns of frames, and as a number.
    _entries: dict[int, frozenset[object]]
    _numbers: dict[int, NDArray[np.float64]]
    _spellings: dict[int, KnownSpellings]  # of columns that had an unknown category

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self._columns, self.names)

    def __len__(self) -> int:
        return len(self._columns)

    def __iter__(self) -> Iterator[TableColumn]:
        return iter(self._columns)

    def __getitem__(self, i: int) -> TableColumn:
        return self._columns[i]

    def without_unused_values(self, raw: NDArray[np.float64]) -> Self:
        """Return the columns without the categories of those that no network uses; `raw` are the rows of fit."""
        columns = list(self._columns)
        for i, (column, codes) in enumerate(zip(self._columns, self.codes, strict=True)):
            if not column.is_used:
                is_empty = _is_absent(raw[:, i], codes).all()
                columns[i] = column.without_type if is_empty else column.without_values
        return type(self)(columns, self.names)

    def without_unused_numbers(
        self, raw: NDArray[np.float64], codes: Sequence[Codes | None] | None = None
    ) -> NDArray[np.float64]:
        """Return raw rows with 0 for each value of an unused column without categories, and NaN for a missing one.

        `codes` are those with which the rows were read, if the columns have no categories any more.
        """
        raw = raw.copy()
        for i, column in enumerate(self._columns):
            if not column.is_used and column.categories is None:
                known = None if codes is None else codes[i]
                raw[:, i] = np.where(_is_absent(raw[:, i], known), np.nan, 0.0)
        return raw

    def without_missing_values(self) -> Self:
        """Return columns in which only None and NaN are missing."""
        return type(self)([one._replace(missing_values=()) for one in self._columns], self.names)

    def with_names(self, names: Iterable[Any] | None) -> Self:
        """Return the columns with other names."""
        return type(self)(self._columns, names)

    def label(self, i: int) -> str:
        """Return the name of a column, for messages."""
        return label_of(self.names, i)

    @property
    def ranges(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The smallest and the largest number of each column in training; NaN for categories, and if not known."""
        ranges = np.full((2, len(self)), np.nan)
        for i, column in enumerate(self._columns):
            if len(column.edges):
                ranges[:, i] = column.edges[[0, -1]]
            elif column.is_number:  # one number, which was sometimes missing
                ranges[:, i] = column.centre
        return ranges[0], ranges[1]

    @property
    def categories(self) -> list[Sequence[object] | None]:
        """The categories of each column in the order of their codes; None for a column of numbers."""
        return [column.categories for column in self._columns]

    @property
    def listed(self) -> list[Sequence[object] | None]:
        """The values of each column that files list; None for a column of numbers."""
        return [column.listed for column in self._columns]

    @cached_property
    def codes(self) -> list[Codes | None]:
        """The code of each category, of each column; None for a column of numbers."""
        found: list[Codes | None] = []
        for values in self.categories:
            codes = None if values is None else {value: code for code, value in enumerate(values)}
            found.append(codes)
        return found

    @cached_property
    def _has_large(self) -> list[bool]:
        """Whether categories of each column are so large that they may be rounded integers."""
        return [any(map(may_be_rounded, values or ())) for values in self.categories]

    @property
    def dates(self) -> tuple[int, ...]:
        """Columns of numbers that are dates."""
        return tuple(i for i, column in enumerate(self._columns) if column.is_date)

    def has_bins(self, net: _core.Net) -> bool:
        """Return whether a network sees the bins, by its number of inputs."""
        return net.n_in == self.width(True)

    def gaps(self, summary: Summary | None) -> Gaps:
        """Return how often each column was missing in training, as far as `summary` and the columns know it."""
        values = [None] * len(self) if summary is None else summary.values.T
        pairs = [*zip(self._columns, values, strict=True)]
        return Gaps.from_shares(
            [column.largest_gap(each) for column, each in pairs],
            [column.had_no_value(each) for column, each in pairs],
        )

    def parts(self, *, bins: bool) -> list[tuple[int, DatePart, int]]:
        """Return each part of a date with its column, and its first input of the networks with or without bins."""
        found = []
        ends = pairwise(self.begins(bins).tolist())
        for i, (column, (_, end)) in enumerate(zip(self._columns, ends, strict=True)):
            at = end - sum(part.width(bins=bins) for part in column.parts)
            for part in column.parts:
                found.append((i, part, at))
                at += part.width(bins=bins)
        return found

    # ------------------------------------------------------------------------------------------ reading

    def read(
        self,
        X: ArrayLike | InputFrame,
        owner: str,
        notices: Notices | None = None,
        gaps: Gaps | None = None,
        *,
        in_fit: bool = False,
    ) -> NDArray[np.float64]:
        """Return the columns of X as doubles; see `select` and `values`."""
        return self.values(
            self.select(X, owner, notices, in_fit=in_fit), notices, gaps, in_fit=in_fit
        )

    def select(
        self,
        X: ArrayLike | InputFrame,
        owner: str,
        notices: Notices | None = None,
        *,
        in_fit: bool = False,
    ) -> InputFrame:
        """Return X as a frame with these columns in their order.

        Missing columns raise ValueError, and so do other columns in fit. Outside of it, other columns, or a lack of
        names, cause a warning if there are `notices`.
        """
        frame = self._selected(
            frame_of(X, owner, types_are_known=not in_fit), owner, notices, in_fit
        )
        if self._entries:
            frame = without_codes(frame, self._entries)
        return with_dates(frame, self._written) if self._written else frame

    def _selected(
        self, frame: InputFrame, owner: str, notices: Notices | None, in_fit: bool
    ) -> InputFrame:
        """Return the columns of a frame in their order, as they are."""
        warns = notices is not None and not in_fit
        if self.names is None or frame.names is None:
            if len(frame.columns) != len(self):
                raise ValueError(
                    f"X has {len(frame.columns)} features, but {owner} is expecting {len(self)} "
                    "features as input."
                )
            if warns and frame.names is None and texts_of_names(self.names) is not None:
                warn_of_no_names(owner)
            return frame
        index = {name: i for i, name in enumerate(frame.names)}
        known = set(self.names)
        missing = [name for name in self.names if name not in index]
        unknown = [name for name in frame.names if name not in known]
        if missing or (unknown and in_fit):
            both = ("missing", missing), ("unknown", unknown)
            found = [f"{what} are {short_repr(names)}" for what, names in both if names]
            raise ValueError(f"X must have the columns that it had in fit: {', '.join(found)}.")
        if unknown and notices is not None and notices.is_first("columns that fit did not have"):
            warn(
                f"X has columns that {owner} did not have in fit, and ignores: "
                f"{short_repr(unknown)}."
            )
        return InputFrame(
            list(self.names), [frame.columns[index[name]] for name in self.names], frame.n_rows
        )

    def values(
        self,
        frame: InputFrame,
        notices: Notices | None = None,
        gaps: Gaps | None = None,
        *,
        in_fit: bool = False,
    ) -> NDArray[np.float64]:
        """Return a frame with these columns as doubles.

        With `notices`, unknown categories cause a warning, and with `gaps`, which say how often columns were missing
        in fit, so do values that are clearly more often missing. In fit, errors give advice about parameters.
        """
        n_missing: dict[int, int] = {}
        if frame.matrix is None or not TIMES.isdisjoint(self.types):
            raw = np.empty((frame.n_rows, len(self)))
            is_done = False
        else:
            with np.errstate(over="ignore"):  # as `numbers_of`
                raw = frame.matrix.astype(np.float64)
            is_done = True
        for i, codes in enumerate(self.codes):
            if codes is not None:
                column = self._columns[i]
                entries = frame.exact(i)
                coded = raw[:, i] = _coded(entries, codes, column.type)
                if self._has_large[i]:
                    warn_of_rounded(entries.entries(), entries.label, "category", notices)
                # A list is searched faster than an array if it is short.
                if notices is not None and OTHER in (
                    coded.tolist() if len(coded) < _FEW_ROWS else coded
                ):
                    if None not in codes and (n := count_of_missing(entries, coded, column.type)):
                        n_missing[i] = n
                    warn_of_unknown(
                        entries,
                        coded,
                        codes,
                        partial(self._spellings_of, i),
                        column.type,
                        column.n_seen,
                        column.rare,
                        notices,
                    )
                if column.type == ORDERED:
                    raw[coded == OTHER, i] = np.nan
            # The model has no categories of this column, because none counts.
            elif self.types[i] == CATEGORY:
                raw[:, i] = np.where(missing_of(frame.column(i)), np.nan, 0.0)
            elif not is_done:
                raw[:, i] = numbers_of(frame.column(i), self.types[i], in_fit=in_fit)
        for i, numbers in self._numbers.items():
            raw[np.isin(raw[:, i], numbers), i] = np.nan
        # A list of few numbers is judged in a third of the time that NumPy needs.
        few = raw.ravel().tolist() if raw.size <= _FEW_NUMBERS else None
        if few is None:
            is_finite = bool(np.isfinite(raw).all())
        else:
            is_finite = all(map(math.isfinite, few))
        if not is_finite and (few is None or any(map(math.isinf, few))):
            _require_no_infinity(raw, frame)
        if notices is not None and gaps is not None:
            is_judged = len(raw) >= ROWS_TO_COMPARE or len(gaps.always) > 0
            if n_missing or is_judged or not (is_finite or gaps.allow(raw)):
                counts = self._counts_of_missing(raw, n_missing)
                warn_of_missing(frame.label, counts, len(raw), gaps, notices)
                warn_of_ignored(frame.label, counts, len(raw), gaps, notices)
        return raw

    def _spellings_of(self, i: int) -> KnownSpellings:
        """Return the categories of a column by their texts, made once."""
        if i not in self._spellings:
            self._spellings[i] = KnownSpellings(self.codes[i] or ())
        return self._spellings[i]

    def _counts_of_missing(
        self, raw: NDArray[np.float64], n_missing: Mapping[int, int]
    ) -> NDArray[np.intp]:
        """Return how often each column is missing; `n_missing` has it of columns that have no code for it."""
        counts: NDArray[np.intp] = np.isnan(raw).sum(axis=0)
        for i, codes in enumerate(self.codes):
            if codes is not None:
                code = codes.get(None)
                is_coded = code is not None
                counts[i] = (raw[:, i] == code).sum() if is_coded else n_missing.get(i, 0)
        return counts

    # ------------------------------------------------------------------------------- files and pickles

    @property
    def seen_numbers(self) -> NDArray[np.float64] | None:
        """What fit has seen of each column's categories, 0 if it is not known; None if a reader assumes the same."""
        columns = self._columns
        if not any(one.rare or one.n_seen not in (0, one.assumed_n_seen) for one in columns):
            return None
        return np.array([(one.n_seen, one.rare) for one in columns], np.float64).T

    def stored(self) -> dict[str, Any]:
        """Return what files and pickles keep: the arguments of `from_stored`."""
        return {
            "names": self.names,
            "layout": self.layout,
            "numbers": self.numbers,
            "statistics": self.statistics if len(self.statistics) else None,
            "priors": self._priors,
            "categories": self.listed,
            "types": self.types,
            "formats": self.formats,
            "seen": self.seen_numbers,
            "n_missing": self.n_missing,
            "words": self.missing_texts,
        }

    @property
    def missing_texts(self) -> list[str] | None:
        """The texts that mean a missing value among numbers and dates; None if there are none."""
        each = [one.missing_values for one in self._columns if one.categories is None]
        texts = dict.fromkeys(text for values in each for text in values if isinstance(text, str))
        return [*texts] or None

    @property
    def formats(self) -> list[str] | None:
        """The form of the dates of each column, "" for one without; None if there are no forms."""
        if not self._written:
            return None
        return [column.date_format for column in self._columns]

    @property
    def _priors(self) -> NDArray[np.float64] | None:
        """The priors of all columns with statistics, one below the other; None if not all are known."""
        found = [
            column.statistics.priors for column in self._columns if column.statistics is not None
        ]
        known = [priors for priors in found if priors is not None]
        return np.concatenate(known) if found and len(known) == len(found) else None

    @classmethod
    def from_stored(
        cls,
        *,
        names: Iterable[Any] | None,
        layout: Sequence[Layout],
        numbers: NDArray[np.float64],
        categories: Sequence[Sequence[object] | None],
        statistics: object = None,
        priors: object = None,
        types: Any = (),
        formats: object = None,
        seen: object = None,
        n_missing: Sequence[int] | None = None,
        words: Sequence[str] | None = None,
    ) -> Self:
        """Return the columns of a file or a pickle; raises ValueError if its fields do not fit each other.

        Without `types`, all columns are numbers or categories. `words` mean missing values in all columns of numbers.
        """
        types = checked_types(types, [role for role, *_ in layout])
        if not types:
            types = ["number" if values is None else CATEGORY for values in categories]
        statistics = (
            _NO_STATISTICS if statistics is None else np.asarray(statistics, np.float32).reshape(-1)
        )
        if n_missing is None:
            n_missing = [0] * len(layout)
        _core.Columns(
            layout, numbers, statistics, n_missing
        )  # raises if they do not fit each other
        tables = _statistics_of(layout, statistics, priors)
        columns = []
        rest = numbers
        for (role, n, missing, widths), listed, held, n_codes in zip(
            layout, categories, types, n_missing, strict=True
        ):
            is_ordered = held == ORDERED
            has_codes = role == "category" or (role == "number" and is_ordered)
            values, codes = _without_codes(listed, n_codes if has_codes else 0)
            column = TableColumn(role, held, values, missing=missing, missing_values=codes)
            if (column.is_number and (values is not None) != is_ordered) or (
                is_ordered and values is None
            ):
                raise ValueError("the categories of a column do not fit its type")
            if column.is_category and (values is None or len(values) != n):
                raise ValueError("a column has another number of categories")
            if column.is_number:
                centre, scale = rest[:2].tolist()
                edges, rest = rest[2 : 2 + n], rest[2 + n :]
                column = column._replace(centre=centre, scale=scale, edges=edges)
            elif widths:
                column = column._replace(statistics=next(tables))
            if not column.is_category:
                meant, rest = rest[:n_codes].tolist(), rest[n_codes:]
                if values is None:
                    column = column._replace(missing_values=(*meant, *(words or ())))
            if column.is_number:
                parts, rest = _parts_of(widths, rest)
                column = column._replace(parts=parts)
            columns.append(column)
        return cls(_with_formats(_with_seen(columns, seen), formats), names)


def _is_absent(x: NDArray[np.float64], codes: Codes | None) -> NDArray[np.bool_]:
    """Return which values of a column as doubles are missing; `codes` are those of its categories, if it has some."""
    missing = None if codes is None else codes.get(None)
    return np.isnan(x) if missing is None else np.isnan(x) | (x == missing)


def _without_codes(
    listed: Sequence[object] | None, n: int
) -> tuple[Sequence[object] | None, Sequence[object]]:
    """Return the categories that a file lists of a column, and the n values behind them that mean a missing one."""
    if listed is None or not n:
        return listed, ()
    return listed[:-n], listed[-n:]


def _coded(entries: Column, codes: Codes, column_type: str) -> NDArray[np.float64]:
    """Return the codes of the entries of a column, `OTHER` for unknown ones."""
    if column_type in (CATEGORY, ORDERED) and (coded := entries.codes()) is not None:
        categories, numbers = coded  # few categories, each of which is converted once
        if SIMPLE.issuperset(map(type, categories)):
            known = np.array([codes.get(value, OTHER) for value in (*categories, None)], np.float64)
            return known[np.asarray(numbers, np.intp)]  # -1, the last one, if missing
    values = categories_of(entries, column_type)
    return np.fromiter(map(codes.get, values, repeat(OTHER)), np.float64, len(values))


def _require_no_infinity(raw: NDArray[np.float64], frame: InputFrame) -> None:
    """Raise ValueError if a number is infinite; missing values are allowed."""
    infinite = np.isinf(raw)
    if infinite.any():
        row, column = map(int, np.argwhere(infinite)[0])
        raise ValueError(
            f"Input X contains infinity or a value too large for float64: {frame.label(column)}, "
            f"row {row}. Replace it by a finite number, or by NaN if it is missing."
        )


def checked_types(types: Any, roles: Sequence[str]) -> tuple[str, ...]:
    """Return the types of columns in a file or a pickle, or none; raises ValueError if they do not fit the roles."""
    if not isinstance(types, (list, tuple)) or (types and len(types) != len(roles)):
        raise ValueError("the types of columns are not a list with one for each column")
    for word, role in zip(types, roles, strict=False):
        if word not in COLUMN_TYPES or word == _NEVER_HELD.get(role):
            raise ValueError("the types of columns do not fit the columns")
    return tuple(types)


def _parts_of(
    widths: Sequence[int], numbers: NDArray[np.float64]
) -> tuple[list[DatePart], NDArray[np.float64]]:
    """Return the parts of a date, and the numbers behind their edges."""
    parts = []
    for name, width in zip(PARTS, widths, strict=False):
        n_edges = width - 1 if width > N_WAVES else 0
        if width:
            parts.append(DatePart(name, numbers[:n_edges]))
        numbers = numbers[n_edges:]
    return parts, numbers


def _statistics_of(
    layout: Sequence[Layout], statistics: NDArray[np.float32], priors: Any
) -> Iterator[Statistics]:
    """Yield the statistics of each column that has some.

    Raises ValueError if there are priors that do not fit them.
    """
    shapes = [(n, *widths) for role, n, _, widths in layout if role == "category" and widths]
    n_priors = sum(width - 1 for _, _, width in shapes)
    if priors is not None and not _are_priors(priors, n_priors):
        raise ValueError(
            f"'categories.priors' must have {_N_PRIORS} numbers for each of {n_priors} means"
        )
    for n, n_one_hot, width in shapes:
        table, statistics = statistics[: n * width].reshape(n, width), statistics[n * width :]
        kept = None
        if priors is not None:
            kept, priors = priors[: width - 1], priors[width - 1 :]
        yield Statistics(table, n_one_hot, kept)


def _are_priors(priors: object, n: int) -> bool:
    """Return whether a value has the priors of `n` means."""
    if not isinstance(priors, np.ndarray) or priors.dtype != np.float64:
        return False
    if priors.shape != (n, _N_PRIORS) or not np.isfinite(priors).all():
        return False
    output, _, ratio, spread = priors.T
    is_index = (output >= 0) & (output == np.floor(output))
    return bool((is_index & (ratio > 0) & (spread > 0)).all())


def _with_formats(columns: list[TableColumn], formats: Any) -> list[TableColumn]:
    """Return columns with the forms of their dates, or raise ValueError."""
    if formats is None:
        return columns
    if len(formats) != len(columns):
        raise ValueError(f"there must be a form of dates for each of {len(columns)} columns")
    from cmlp._data.date_forms import date_form  # few models need it

    for column, text in zip(columns, formats, strict=True):
        if text and column.type not in DATES:
            raise ValueError("a column that has no dates has a form of dates")
        if text and (column.type == "instant") != (date_form(text).column_type == "instant"):
            raise ValueError("the form of the dates of a column does not fit its type")
    return [
        column._replace(date_format=text) for column, text in zip(columns, formats, strict=True)
    ]


def _with_seen(columns: list[TableColumn], seen: object) -> list[TableColumn]:
    """Return columns with what fit has seen of their categories, or raise ValueError."""
    if seen is None:
        return [column._replace(n_seen=column.assumed_n_seen) for column in columns]
    found = []
    for column, (n, rare) in zip(columns, np.asarray(seen).T.tolist(), strict=True):
        listed = () if column.categories is None else column.categories
        is_nothing = n == 0 and rare == 0
        can_have = listed or (not column.is_used and column.type == CATEGORY)
        if not is_nothing and not (
            n == n // 1 and len(listed) <= n < np.inf and 0 <= rare <= 1 and can_have
        ):
            raise ValueError("'categories.seen' does not fit 'categories'")
        found.append(column._replace(n_seen=int(n), rare=rare))
    return found
