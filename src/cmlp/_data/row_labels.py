"""The labels of rows: the indexes of the frames and columns of pandas. Rows are matched by position."""

from __future__ import annotations

from collections import Counter
from typing import Any

from cmlp._process.warnings import warn


def warn_of_other_order(**arguments: Any) -> None:
    """Warn of arguments whose index has the labels of the first index in another order.

    The arguments have an entry for each row. The first one is X, by its name in messages; None and what has no index
    are left out.
    """
    order = RowOrder()
    order.add(**arguments)
    order.warn()


class RowOrder:
    """Compares the labels of the rows of arguments, which may come in blocks.

    An index with other labels is common, and right: one was reset. So only equal labels in another order are reported.
    Rows can be in another order across blocks, too, so that the labels of all blocks are compared.
    """

    def __init__(self) -> None:
        self._first = ""
        # Of the arguments with another index: the sums of the hashes of the first one's labels, minus those of their
        # own. They are 0 for the same labels in any order.
        self._differences: Counter[str] = Counter()

    def add(self, **arguments: Any) -> None:
        """Compare the indexes of a block of rows, with the first one of them."""
        # Frames and columns of pandas have them.
        indexes = [(name, held.index) for name, held in arguments.items() if hasattr(held, "iloc")]
        for name, other in indexes[1:]:
            self._first, index = indexes[0]
            if other is not index and not other.equals(index):
                self._differences[name] += _sum_of_hashes(index) - _sum_of_hashes(other)

    def warn(self) -> None:
        """Warn of arguments whose labels are those of the first one, in another order."""
        for name, difference in self._differences.items():
            if difference == 0:
                warn(
                    f"The index of {name} has the labels of {self._first}'s index in another order, "
                    "but rows are matched by position. To match them by label, pass "
                    f"{name}.loc[{self._first}.index]; if the positions are right, "
                    f"{name}.to_numpy()."
                )


def _sum_of_hashes(index: Any) -> int:
    """Return a number that depends on the labels, but not on their order."""
    return sum(hash((label,)) for label in index)  # the hash of a tuple mixes the bits of integers
