"""The labels of rows: the indexes of the frames and columns of pandas. Rows are matched by position."""

from __future__ import annotations

from collections import Counter
from typing import Any

from cmlp._process.warnings import warn_of_data
from cmlp.exceptions import OrderWarning


def warn_of_other_order(**arguments: Any) -> None:
    """Warn of arguments whose index has the labels of the first index in another order.

    The arguments have an entry for each row. The first one is X, by its name in messages; None and what has no index
    are left out.
    """
    indexed = {name: held for name, held in arguments.items() if hasattr(held, "iloc")}
    if len(indexed) > 1:
        warn_of_order(label_differences(**indexed))


def label_differences(**arguments: Any) -> Counter[tuple[str, str]]:
    """Compare the labels of the rows of arguments, which may be a block of more rows: differences of blocks are added.

    Returns, for the names of the first argument with an index and of each with another index, the sum of the hashes of
    the labels of the first one, minus those of its own. It is 0 for the same labels in any order.
    """
    # Frames and columns of pandas have them.
    indexes = [(name, held.index) for name, held in arguments.items() if hasattr(held, "iloc")]
    differences: Counter[tuple[str, str]] = Counter()
    for name, other in indexes[1:]:
        first, index = indexes[0]
        if other is not index and not other.equals(index):
            differences[first, name] = _sum_of_hashes(index) - _sum_of_hashes(other)
    return differences


def warn_of_order(differences: Counter[tuple[str, str]]) -> None:
    """Warn of arguments whose labels are those of the first one, in another order.

    An index with other labels is common, and right: one was reset. So only equal labels in another order are reported.
    Rows can be in another order across blocks, too, so that the labels of all blocks are compared.
    """
    for (first, name), difference in differences.items():
        if difference == 0:
            warn_of_data(
                f"The index of {name} has the labels of {first}'s index in another order, but rows "
                f"are matched by position. To match them by label, pass {name}.loc[{first}.index]; "
                f"if the positions are right, {name}.to_numpy().",
                OrderWarning,
                name,
            )


def _sum_of_hashes(index: Any) -> int:
    """Return a number that depends on the labels, but not on their order."""
    return sum(hash((label,)) for label in index)  # the hash of a tuple mixes the bits of integers
