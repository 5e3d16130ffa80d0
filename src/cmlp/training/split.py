"""Random draws, and the validation rows of early stopping.

Every draw is one of ``RandomState``'s raw ones in scikit-learn's order, so that the same seed
splits and shuffles the same way. A split is two arrays of row numbers: nothing is copied.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmlp.training.random import Draws


def shuffled(order: NDArray[np.int64] | None, n_rows: int, rng: Draws) -> NDArray[np.int64]:
    """`order` (None: the rows as they stand) in a new order."""
    positions = rng.permutation(n_rows).astype(np.int64, copy=False)
    return positions if order is None else order[positions]


def split_sizes(n_rows: int, fraction: float) -> tuple[int, int]:
    """Numbers of training and validation rows; an error where either would be too small."""
    if fraction <= 0:
        raise ValueError(
            f"validation_fraction={fraction} should be a float in the (0, 1) range when early_stopping is on."
        )
    n_validation = math.ceil(fraction * n_rows)
    if n_validation >= n_rows:
        raise ValueError(
            f"With n_samples={n_rows} and validation_fraction={fraction} the resulting train set "
            "will be empty. Adjust any of the aforementioned parameters."
        )
    if n_validation < 2:
        raise ValueError("The validation set is too small. Increase 'validation_fraction' or the size of your dataset.")
    return n_rows - n_validation, n_validation


def plain_split(n_rows: int, fraction: float, rng: Draws) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Training and validation rows, from one permutation of all."""
    _, n_validation = split_sizes(n_rows, fraction)
    order = shuffled(None, n_rows, rng)
    return order[n_validation:], order[:n_validation]


def stratified_split(
    groups: NDArray[Any], fraction: float, rng: Draws, names: NDArray[Any] | None = None
) -> tuple[NDArray[np.int64], ...]:
    """Training and validation rows with the groups in the same proportions in both.

    Parameters
    ----------
    groups : ndarray of shape (n_rows,)
        The group of each row: 0 or 1, as two classes are encoded.
    fraction : float
        Share of the validation rows.
    rng : RandomState or cmlp._core.Random
        Draws, in this order: ties of the group sizes for training, then for validation; one
        permutation for each group; one of the training and one of the validation rows.
    names : ndarray of shape (n_groups,), optional
        Names of the groups, for messages; by default their numbers.

    Returns
    -------
    training, validation : ndarray of int64
    """
    present = np.unique(groups)
    members = [np.flatnonzero(groups == group) for group in present]
    counts = np.array([len(rows) for rows in members])
    rare = present[counts < 2]
    if len(rare):
        _refuse_rare(rare if names is None else names[rare.astype(np.intp)])
    n_training, n_validation = split_sizes(len(groups), fraction)
    for name, size in (("train_size", n_training), ("test_size", n_validation)):
        if size < len(counts):
            raise ValueError(f"The {name} = {size} should be greater or equal to the number of classes = {len(counts)}")
    training_counts = proportional_counts(counts, n_training, rng)
    validation_counts = proportional_counts(counts - training_counts, n_validation, rng)
    training, validation = [], []
    for rows, n, m in zip(members, training_counts, validation_counts, strict=True):
        drawn = rows[rng.permutation(len(rows))]
        training.append(drawn[:n])
        validation.append(drawn[n : n + m])
    return tuple(rng.permutation(np.concatenate(part)).astype(np.int64, copy=False) for part in (training, validation))


def _refuse_rare(names: NDArray[Any]) -> NoReturn:
    raise ValueError(
        "The least populated classes in y have only 1 member, which is too few. The minimum number of groups for any "
        f"class cannot be less than 2. Classes with too few members are: {names.tolist()}"
    )


def proportional_counts(counts: NDArray[np.int64], n_draws: int, rng: Draws) -> NDArray[np.int64]:
    """How many to take of each group so that `n_draws` keep the groups' proportions.

    Each group's share is rounded down; what is missing goes to the largest remainders, equal
    remainders being drawn by lot.
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
