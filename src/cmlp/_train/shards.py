"""The shards of the training rows: their sizes, and the batch sizes that fit them."""

from __future__ import annotations

import operator
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from cmlp._train.options import TrainingOptions

    Shards: TypeAlias = int | Sequence[int]  # their number, or the number of rows of each

CHUNK = 128  # rows of a batch whose sum is one unit of work (cmlp_workers.h)


def checked_shards(shards: Shards, n_rows: int, options: TrainingOptions, own_rows: bool) -> tuple[int, ...]:
    """Return the numbers of rows of the shards; raises ValueError if they are invalid or contradict the options."""
    sizes = sizes_of(shards, n_rows)
    if options.solver == "lbfgs":
        raise ValueError("shards needs batches, but solver='lbfgs' has none: use another solver.")
    if options.shuffle is not True:
        raise ValueError(f"shards needs shuffle=True, got {options.shuffle!r}.")
    if options.early_stopping and not own_rows:
        raise ValueError("early_stopping with shards needs validation rows of your own: pass X_val and y_val.")
    unit, batch_size = CHUNK * len(sizes), options.batch_size
    number = 200 if isinstance(batch_size, str) else batch_size
    if number % unit:
        raise ValueError(
            f"With {len(sizes)} shards, batch_size must be a multiple of {unit} ({CHUNK} rows of each shard), got "
            f"{batch_size!r}; the next one is {-(-number // unit) * unit}."
        )
    share, smallest = number // len(sizes), min(sizes)
    if share > smallest:
        raise ValueError(
            f"A batch of {number} rows takes {share} rows of each shard, but shards[{sizes.index(smallest)}] has "
            f"{smallest}."
        )
    return sizes


def sizes_of(shards: Shards, n_rows: int) -> tuple[int, ...]:
    """Return the numbers of rows of the shards; ValueError unless they are those of n_rows rows.

    Of a number of shards, shard i of n has the rows from ``n_rows * i // n`` to ``n_rows * (i + 1) // n``.
    """
    given = given_shards(shards)
    if isinstance(given, int):
        if given > n_rows:
            raise ValueError(f"shards must be at most the number of rows ({n_rows}), got {given}.")
        bounds = [n_rows * i // given for i in range(given + 1)]
        return tuple(end - begin for begin, end in pairwise(bounds))
    if sum(given) != n_rows:
        raise ValueError(f"shards must have the sum {n_rows}, the number of rows of X, got {sum(given)}.")
    return given


def given_shards(shards: Shards) -> int | tuple[int, ...]:
    """Return the number of shards, or their numbers of rows; ValueError if an integer is not positive."""
    given: int | tuple[int, ...] = ()
    try:
        if isinstance(shards, bool) or not hasattr(shards, "__index__"):
            given = tuple(map(operator.index, shards))  # type: ignore[arg-type]
        else:
            given = operator.index(shards)
    except TypeError:
        given = ()
    if min((given,) if isinstance(given, int) else given, default=0) < 1:
        raise ValueError(f"shards must be a positive integer or a sequence of them, got {shards!r}.")
    return given
