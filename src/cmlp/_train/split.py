"""Shuffling, the split into training and validation rows for early stopping, and the shards of the training rows.

The random numbers come from the same methods of the generator in the same order as in scikit-learn, so the same seed
gives the same split and the same row order. A split is two arrays of row indices; X is not copied.
"""

from __future__ import annotations

import math
import operator
from itertools import pairwise
from typing import TYPE_CHECKING, NoReturn, TypeAlias

import numpy as np

from cmlp._parameters.entries import PARAMETERS, SHARDS
from cmlp.exceptions import InvalidParameterError, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmlp._data.array_types import AnyArray, NDArray
    from cmlp._parameters.options import TrainingOptions
    from cmlp._train.random import Generator

    Shards: TypeAlias = int | Sequence[int]
    # The training rows in their order, and the validation rows.
    Split: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64] | None]


def shuffled(order: NDArray[np.int64] | None, n_rows: int, rng: Generator) -> NDArray[np.int64]:
    """Return a random permutation of `order`; None means all rows in their original order."""
    positions = rng.permutation(n_rows).astype(np.int64, copy=False)
    return positions if order is None else order[positions]


def draw_split(
    n_rows: int,
    weight: NDArray[np.float64] | None,
    strata: AnyArray | None,
    classes: AnyArray | None,
    options: TrainingOptions,
    rng: Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the training and the validation rows; raises ValueError if the sample weights of either are all zero.

    The split is stratified if there is a stratum of each row. `classes` are their names in messages.
    """
    fraction = options.validation_fraction
    if strata is None:
        training, validation = plain_split(n_rows, fraction, rng)
    else:
        training, validation = stratified_split(strata, fraction, rng, classes)
    for name, row_index in (("training", training), ("validation", validation)):
        if weight is not None and not weight[row_index].any():
            raise ValueError(
                f"The sample weights of the {name} set are all zero; use another "
                "validation_fraction or random_state."
            )
    return training, validation


def split_sizes(n_rows: int, fraction: float) -> tuple[int, int]:
    """Return the numbers of training and validation rows; raises ValueError if either is too small."""
    if fraction <= 0:
        expected = "a float in the (0, 1) range"
        raise InvalidParameterError(
            f"validation_fraction={fraction!r} should be {expected} when early_stopping is on.",
            parameter="validation_fraction",
            value=fraction,
            expected=expected,
        )
    n_validation = math.ceil(fraction * n_rows)
    if n_validation >= n_rows:
        raise ValueError(
            f"With n_samples={n_rows} and validation_fraction={fraction!r} the resulting train "
            "set will be empty. Adjust any of the aforementioned parameters."
        )
    if n_validation < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the size of your "
            "dataset."
        )
    return n_rows - n_validation, n_validation


def plain_split(
    n_rows: int, fraction: float, rng: Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the training and the validation rows, from one permutation of all rows."""
    _, n_validation = split_sizes(n_rows, fraction)
    order = shuffled(None, n_rows, rng)
    return order[n_validation:], order[:n_validation]


def stratified_split(
    strata: AnyArray, fraction: float, rng: Generator, names: AnyArray | None = None
) -> tuple[NDArray[np.int64], ...]:
    """Return training and validation rows that contain the strata, 0 or 1, in the same proportions.

    The generator is used in this order: to break ties in the sizes of strata, first for training, then for validation;
    for one permutation per stratum; for one permutation of the training rows and one of the validation rows. `names`
    are those of the strata in messages, by default their numbers.
    """
    present = np.unique(strata)
    members = [np.flatnonzero(strata == stratum) for stratum in present]
    counts = np.array([len(rows) for rows in members])
    rare = present[counts < 2]
    if len(rare):
        _refuse_rare(rare if names is None else names[rare.astype(np.intp)])
    n_training, n_validation = split_sizes(len(strata), fraction)
    for name, size in (("train_size", n_training), ("test_size", n_validation)):
        if size < len(counts):
            raise ValueError(
                f"The {name} = {size} should be greater or equal to the number of classes = "
                f"{len(counts)}"
            )
    training_counts = proportional_counts(counts, n_training, rng)
    validation_counts = proportional_counts(counts - training_counts, n_validation, rng)
    training, validation = [], []
    for row_index, n, m in zip(members, training_counts, validation_counts, strict=True):
        drawn = row_index[rng.permutation(len(row_index))]
        training.append(drawn[:n])
        validation.append(drawn[n : n + m])
    return tuple(
        rng.permutation(np.concatenate(part)).astype(np.int64, copy=False)
        for part in (training, validation)
    )


def _refuse_rare(names: AnyArray) -> NoReturn:
    raise ValueError(
        "The least populated classes in y have only 1 member, which is too few. The minimum number "
        "of groups for any class cannot be less than 2. Classes with too few members are: "
        f"{names.tolist()}"
    )


def proportional_counts(
    counts: NDArray[np.int64], n_draws: int, rng: Generator
) -> NDArray[np.int64]:
    """Return how many rows to take from each stratum so that `n_draws` rows have the strata's proportions.

    The exact numbers are rounded down. The remaining rows go to the strata with the largest remainders, in random
    order if remainders are equal.
    """
    exact = counts / counts.sum() * n_draws
    taken = np.floor(exact)
    missing = int(n_draws - taken.sum())
    remainders = exact - taken
    for remainder in np.unique(remainders)[::-1]:
        if missing <= 0:
            break
        tied = np.flatnonzero(remainders == remainder)
        drawn = tied[rng.permutation(len(tied))[:missing]]
        taken[drawn] += 1
        missing -= len(drawn)
    whole: NDArray[np.int64] = taken.astype(np.int64)
    return whole


# -------------------------------------------------------------------------------------- the shards of the training rows


CHUNK = 128  # rows of a batch whose sum is one unit of work (cmlp_workers.h)


def checked_shards(
    shards: Shards, n_rows: int, options: TrainingOptions, own_rows: bool
) -> tuple[int, ...]:
    """Return the numbers of rows of the shards; raises ValueError if they are invalid or contradict the options."""
    sizes = shard_sizes(shards, n_rows)
    PARAMETERS.require_allowed(SHARDS, vars(options))
    if options.shuffle is not True:
        raise InvalidParameterError(
            f"shards needs shuffle=True, got {options.shuffle!r}.",
            parameter="shuffle",
            value=options.shuffle,
        )
    if options.early_stopping and not own_rows:
        raise InvalidParameterError(
            "early_stopping with shards needs validation rows of your own: pass X_val and y_val.",
            parameter="early_stopping",
            value=True,
        )
    unit = CHUNK * len(sizes)
    number = options.full_batch_size
    if number % unit:
        expected = f"a multiple of {unit} ({CHUNK} rows of each shard)"
        following = -(-number // unit) * unit
        raise InvalidParameterError(
            f"With {len(sizes)} shards, batch_size must be {expected}, got {options.batch_size!r}; "
            f"the next one is {following}.",
            parameter="batch_size",
            value=options.batch_size,
            expected=expected,
        )
    share, smallest = number // len(sizes), min(sizes)
    if share > smallest:
        raise ValueError(
            f"A batch of {number} rows takes {share} rows of each shard, but "
            f"shards[{sizes.index(smallest)}] has {smallest}."
        )
    return sizes


def shard_sizes(shards: Shards, n_rows: int) -> tuple[int, ...]:
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
        raise ValueError(
            f"shards must have the sum {n_rows}, the number of rows of X, got {sum(given)}."
        )
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
        expected = "a positive integer or a sequence of them"
        raise InvalidParameterError(
            f"shards must be {expected}, got {shown(shards)}.",
            parameter="shards",
            value=shards,
            expected=expected,
        )
    return given
