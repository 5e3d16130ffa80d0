"""What rows to predict have that those of fit did not have: unknown categories, and missing values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from cmlp._data.array_types import NDArray
from cmlp._data.column_entries import ORDERED, categories_of
from cmlp._data.containers import Column
from cmlp._data.spelling import KnownSpellings
from cmlp._process.warnings import Notices, warn
from cmlp.exceptions import shown

ROWS_TO_COMPARE = 20  # from which on values are judged of which fit had some, too
MOST_GAPS = 0.1  # share of rows in which a column that was never missing in fit may be missing
MOSTLY = 0.5  # of rows, values or columns
_SHOWN = 3  # values in a message
_COLUMNS_SHOWN = 5
_FEW_CATEGORIES = 200  # of which new rows hardly have others, if fit has seen them all
_LEAST_SHOWN = 0.005  # share that a message shows as 1 % or more
_LEAST_CHANCE = 1e-5  # of as many unusual values, below which they are not chance
_FEWEST_UNKNOWN = 3  # values without a known spelling, of which something is said
_LEAST_UNKNOWN = (
    0.05  # and their share, chosen on real tables so that no random part of one is named
)


class Gaps(NamedTuple):
    """How often the columns were missing in fit.

    Attributes
    ----------
    shares : list of float
        Of the rows of fit, at most; NaN for a column of which nothing is to be said.
    most : ndarray of float64
        The share of rows up to which a column is not clearly more often missing.
    never, always : ndarray of intp
        The columns that were never missing, and those without any value.
    """

    shares: Sequence[float]
    most: NDArray[np.float64]
    never: NDArray[np.intp]
    always: NDArray[np.intp]

    @classmethod
    def from_shares(cls, shares: Sequence[float], had_no_value: Sequence[bool]) -> Self:
        """Return what follows from the shares, and from whether columns had no value at all."""
        found = np.array(shares)
        most = np.where(found == 0, MOST_GAPS, (1 + found) / 2)  # half as many values as in fit
        most[np.isnan(most)] = 1.0
        return cls(shares, most, np.flatnonzero(found == 0), np.flatnonzero(had_no_value))

    def allow(self, raw: NDArray[np.float64]) -> bool:
        """Return whether only columns are NaN that were missing in fit, too."""
        return not any(map(math.isnan, raw.take(self.never, axis=1).ravel().tolist()))


def warn_of_unknown(
    column: Column,
    coded: NDArray[np.float64],
    codes: Mapping[object, int],
    spellings: Callable[[], KnownSpellings],
    column_type: str,
    n_seen: int,
    rare: float,
    notices: Notices,
) -> None:
    """Warn if values of a column have no code: `coded` has the codes, negative ones of unknown values.

    There is one warning of values that are known ones in another form, at any share of the rows, and one of others.
    These are nothing new if fit had rows with a category that the model does not list, or if most of its rows shared
    theirs with no other row. There must then be clearly more of them than in fit. If it is not known what fit has
    seen, only the former count: see `TableColumn` about `n_seen` and `rare`.
    """
    label, entries = column.label, categories_of(column, column_type)
    new = [
        value
        for value, code in zip(entries, coded.tolist(), strict=True)
        if code < 0 and value is not None
    ]
    if not new:
        return
    n_known = int(np.count_nonzero(coded >= 0))
    if None in codes:
        n_known -= int(np.count_nonzero(coded == codes[None]))
    n = n_known + len(new)
    match = spellings().best_match(new)
    if match is not None and match.n < MOSTLY * len(new):
        match = None
    if match is None and not _are_new(len(new), n, len(codes), n_seen, rare):
        return
    what = "categories" if match is None else "spellings"
    if not notices.is_first(f"{label}: unknown {what}"):
        return
    if n == 1:
        few = "the value is unknown"
    elif len(new) == n:
        few = f"all {n:,} values are unknown"
    else:
        few = f"{len(new):,} of {n:,} values {'is' if len(new) == 1 else 'are'} unknown"
    came = _words_of_first(_first_different(new))
    known = ", ".join(map(shown, [value for value in codes if value is not None][:_SHOWN]))
    become = "are missing" if column_type == ORDERED else "count as one category"
    examples = known or "only missing values"
    if n_seen and rare >= _LEAST_SHOWN:
        few += f" (in fit about {rare:.0%})"
    if match is None:
        remedy = " If these are new categories, fit again with rows that have them."
    else:
        remedy = f"{match.sentence(len(new))} Apply it to the column before fit and predict."
    warn(
        f"{label}: {few}, and unknown values {become}. {came}; fit knows {examples}.{remedy} The "
        f"coverage of intervals and sets does not hold for unknown values.{notices.note}"
    )


def _words_of_first(values: Sequence[Any]) -> str:
    if len(values) == 1:
        return f"The value is {shown(values[0])}"
    return f"The first are {', '.join(map(shown, values))}"


def _first_different(values: Sequence[Any]) -> list[object]:
    """Return the first different values; a dict of all of them takes too long if their hashes are equal."""
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
        if len(found) == _SHOWN:
            break
    return found


def count_of_missing(column: Column, coded: NDArray[np.float64], column_type: str) -> int:
    """Return how many values without a code are missing ones.

    It is 0 if so few values have no code that nothing depends on it.
    """
    if np.count_nonzero(coded < 0) <= MOST_GAPS * len(coded):
        return 0
    return sum(value is None for value in categories_of(column, column_type))


def warn_of_missing(
    label: Callable[[int], str], counts: NDArray[np.intp], n: int, gaps: Gaps, notices: Notices
) -> None:
    """Warn once of each column that is clearly more often missing in n rows than in those of fit.

    `counts` are the numbers of missing values. A column that was never missing in fit is named if
    more than a tenth of its values are.
    """
    if not (counts > gaps.most * n).any():
        return
    texts: list[str] = []
    for i, (count, gap) in enumerate(zip(counts.tolist(), gaps.shares, strict=True)):
        if not (_is_gap(count, n, gap) and notices.is_first(f"{label(i)}: missing values")):
            continue
        few = f"{count:,} of {n:,} values {'is' if count == 1 else 'are'}"
        if n == 1:
            few = "the value is"
        elif count == n:
            few = f"all {n:,} values are"
        usual = f" (in fit at most {gap:.0%})" if gap else ""
        texts.append(f"{label(i)}: {few} missing{usual}")
    if texts:
        n_more = len(texts) - _COLUMNS_SHOWN
        more = f"; and {n_more} more column{'s' * (n_more > 1)}" * (n_more > 0)
        warn(
            f"{'; '.join(texts[:_COLUMNS_SHOWN])}{more}. In fit there were none, or far fewer, so "
            "predictions are less accurate than measured, and the coverage of intervals and sets "
            f"does not hold. Check where these columns come from.{notices.note}"
        )


def warn_of_ignored(
    label: Callable[[int], str], counts: NDArray[np.intp], n: int, gaps: Gaps, notices: Notices
) -> None:
    """Warn once of each column that has values in some of n rows, and had none in fit.

    `counts` are as for `warn_of_missing`.
    """
    columns = [
        label(i)
        for i in gaps.always[counts[gaps.always] < n].tolist()
        if notices.is_first(f"{label(i)}: values that fit had not")
    ]
    if columns:
        warn(
            f"{listed_columns(columns)} {'has' if len(columns) == 1 else 'have'} values, and had "
            f"none in any row of fit, so the model ignores them.{notices.note}"
        )


def listed_columns(labels: Sequence[str]) -> str:
    """Return the first names of columns for a message, and how many more there are."""
    *first, last = labels[:_COLUMNS_SHOWN]
    n_more = len(labels) - _COLUMNS_SHOWN
    if n_more > 0:
        return f"{', '.join((*first, last))} and {n_more} more column{'s' * (n_more > 1)}"
    return f"{', '.join(first)} and {last}" if first else last


def _is_gap(count: int, n: int, gap: float) -> bool:
    """Return whether `count` missing values of n are clearly more than a share `gap` of those of fit."""
    if gap == 0:
        return count > MOST_GAPS * n
    return n >= ROWS_TO_COMPARE and not math.isnan(gap) and is_clearly_rarer(n - count, n, 1 - gap)


def _are_new(n_unknown: int, n: int, n_listed: int, n_seen: int, rare: float) -> bool:
    """Return whether the unknown ones of n values are something that the rows of fit did not have."""
    if not n_seen:
        return False
    if (
        n >= ROWS_TO_COMPARE
        and n_unknown >= max(_FEWEST_UNKNOWN, _LEAST_UNKNOWN * n, 2 * n * rare)
        and not _can_be_chance(n_unknown, n, rare)
    ):
        return True
    n_known = n - n_unknown
    if n_unknown <= n_known:
        return False
    if n_seen <= n_listed <= _FEW_CATEGORIES and rare <= MOSTLY:
        # The model lists every category of fit, so that one row can be judged.
        return 2 * n_known < n * (1 - rare)
    return is_clearly_rarer(n_known, n, 1 - rare)


def is_clearly_rarer(count: int, n: int, share: float) -> bool:
    """Return whether `count` of n rows are less than half of a `share` of them, and not by chance."""
    return 2 * count < n * share and not _can_be_chance(count, n, share)


def _can_be_chance(count: int, n: int, share: float) -> bool:
    """Return whether `count` of n rows can be those of a population in which a `share` is so.

    The chance of a number that is so far away is at most ``exp(-n * d)``, where d is the divergence of the two shares
    (Chernoff, 1952).
    """
    found = count / n
    divergence = 0.0
    for one, usual in ((found, share), (1 - found, 1 - share)):
        if one:
            divergence += one * math.log(one / usual) if usual else math.inf
    return n * divergence <= -math.log(_LEAST_CHANCE)
