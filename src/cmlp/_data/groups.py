"""Groups of rows, such as the rows of a person.

What is measured on rows outside the training holds for new groups, if whole groups are held out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from cmlp._data.array_types import AnyArray, NDArray
from cmlp._data.arrays import is_missing
from cmlp._data.column_entries import warn_of_rounded
from cmlp._data.containers import column_of
from cmlp.exceptions import shown


class GroupCount(NamedTuple):
    """How many groups some rows are of, and the name of the column that has the groups."""

    n: int
    column: str | None


class Groups(NamedTuple):
    """The groups of rows.

    Attributes
    ----------
    codes : ndarray of int64, shape (n_rows,)
        The group of each row. They are counted from 0 in the order of their first rows, so that no
        result depends on what the groups are called.
    values : sequence
        What the user calls each group.
    column : str or None
        The name of the column that has the groups.
    """

    codes: NDArray[np.int64]
    values: Sequence[Any]
    column: str | None

    @property
    def group_count(self) -> GroupCount:
        """How many groups there are, and their column."""
        return GroupCount(len(self.values), self.column)

    def take(self, row_index: AnyArray | slice) -> Groups:
        """Return the groups of some of the rows."""
        known, firsts, found = np.unique(
            self.codes[row_index], return_index=True, return_inverse=True
        )
        order = np.argsort(firsts, kind="stable")
        codes = np.empty(len(known), np.int64)
        codes[order] = np.arange(len(known))
        return Groups(
            codes[found], [self.values[code] for code in known[order].tolist()], self.column
        )

    def equal_weights(self, weight: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """Return weights of the rows whose sum is 1 in each group.

        `weight` divides it among the rows of a group.
        """
        if weight is None:
            weight = np.ones(len(self.codes))
        share: NDArray[np.float64] = weight / np.bincount(self.codes, weight)[self.codes]
        return share


def as_groups(groups: Any, n_rows: int, name: str = "groups") -> Groups | None:
    """Return the groups of rows, values of any hashable type; None without groups.

    `Groups` are returned as they are. Raises ValueError, which begins with the name of the
    argument, unless each row has one.
    """
    if groups is None or isinstance(groups, Groups):
        return groups
    if isinstance(groups, (list, tuple)):
        entries = list(groups)  # of which NumPy would make one type
    elif isinstance(groups, str) or not hasattr(groups, "__len__"):
        raise ValueError(f"{name} must have a value for each row, got {shown(groups)}.")
    else:
        entries = column_of(groups, name).entries()
    if len(entries) != n_rows:
        raise ValueError(
            f"{name} must have a value for each of the {n_rows:,} rows, got {len(entries):,} "
            "values."
        )
    column = getattr(groups, "name", None)
    return groups_of(entries, column if isinstance(column, str) else None, name)


def groups_of(entries: Sequence[object], column: str | None, name: str = "groups") -> Groups:
    """Return the groups of rows from a value for each of them.

    Raises ValueError if one is missing or has no hash.
    """
    code_of: dict[Any, int] = {}
    codes = np.empty(len(entries), np.int64)
    for row, entry in enumerate(entries):
        try:
            codes[row] = code_of.setdefault(entry, len(code_of))
        except TypeError:
            raise ValueError(
                f"{name} must have hashable values, got {shown(entry)} in row {row}."
            ) from None
    warn_of_rounded(code_of, name, "group")
    for value, code in code_of.items():
        parts = value if isinstance(value, tuple) else (value,)
        if any(map(is_missing, parts)):
            row = int((codes == code).argmax())
            raise ValueError(f"{name} must not be missing, got {shown(value)} in row {row}.")
    return Groups(codes, list(code_of), column)


def require_other_groups(groups: Groups, others: Groups) -> None:
    """Raise ValueError if a group has training rows and validation rows."""
    known = {*groups.values}
    shared = [value for value in others.values if value in known]
    if shared:
        raise ValueError(
            "groups_val must be other groups than those of the training rows, got "
            f"{shown(shared[0])} in both."
        )
