"""What makes the networks of a bag differ, and the hyperparameters with which all of them are trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._findings.copies import different_rows
from cmlp._parameters.entries import PARAMETERS
from cmlp._parameters.options import TableOptions, TrainingOptions
from cmlp._tables.splits import LEAVES
from cmlp.exceptions import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmlp._bridge import _core
    from cmlp._data.array_types import AnyArray, NDArray
    from cmlp._data.groups import Groups
    from cmlp._model.model import TrainedNet
    from cmlp._model.table_columns import TableColumns


N_FOLDS = 8
FEWEST_ROWS_TO_HOLD_OUT = 2 * N_FOLDS  # with fewer rows nothing is held out
# With groups there are as many folds as networks, so that every group is judged: with eight folds
# and four networks, intervals of tables with few groups covered less.
_FEWEST_FOLDS_OF_GROUPS = 4
# They were chosen by its error and its log loss on the sets that benchmarks/table_sets.py
# calls CHOSEN.
_HYPERPARAMETERS: dict[str, Any] = {
    "solver": "adamw",
    "learning_rate": "cosine",
    "warmup": 0.05,
    "weight_decay": 0.02,
    "alpha": 0.0,
}
ACTIVATION = "relu"
_N_UPDATES = 800
_FEWEST_AND_MOST_EPOCHS = (10, 40)
_SMALLEST_AND_LARGEST_BATCH = (32, 256)


def _batch_and_epochs(n_rows: int) -> tuple[int, int]:
    """Return the batch size, a power of two, and the number of epochs for about `_N_UPDATES` steps."""
    batch = int(2 ** np.round(np.log2(np.clip(n_rows / 16, *_SMALLEST_AND_LARGEST_BATCH))))
    return batch, int(np.clip(round(_N_UPDATES * batch / n_rows), *_FEWEST_AND_MOST_EPOCHS))


def number_of_folds(groups: Groups | None, n_estimators: int) -> int:
    """Return the number of folds, of which a network holds out one."""
    if groups is None:
        return N_FOLDS
    return min(max(n_estimators, _FEWEST_FOLDS_OF_GROUPS), N_FOLDS, groups.group_count.n)


def folds_of(n_rows: int, classes: AnyArray | None, rng: _core.Random) -> NDArray[np.int64]:
    """Return the fold of each row, from 0 to N_FOLDS - 1; each class is spread evenly."""
    order = rng.permutation(n_rows)
    if classes is not None:
        order = order[np.argsort(classes[order], kind="stable")]
    folds = np.empty(n_rows, np.int64)
    folds[order] = np.arange(n_rows) % N_FOLDS
    return folds


def folds_of_copies(
    copies: NDArray[np.intp], classes: AnyArray | None, rng: _core.Random
) -> NDArray[np.int64]:
    """Return the fold of each row as `folds_of` draws it for the different rows: a copy is where its first row is."""
    row_index = different_rows(copies)
    folds = np.empty(len(copies), np.int64)
    folds[row_index] = folds_of(
        len(row_index), None if classes is None else classes[row_index], rng
    )
    return folds[copies]


def folds_of_groups(
    groups: Groups, classes: AnyArray | None, n_folds: int, rng: _core.Random
) -> NDArray[np.int64]:
    """Return the fold of each row, from 0 to `n_folds` - 1; those of a group are in one fold.

    The groups, from the largest on and those of one size in random order, each go to the fold in
    which the sum of squares of the shares of each class grows least: the folds then have about the
    same numbers of rows of each class, or of rows if there are no classes.
    """
    n_groups = groups.group_count.n
    if classes is None:
        classes = np.zeros(len(groups.codes), np.int64)
    n_of_class = np.bincount(classes).tolist()
    pairs, counts = np.unique(groups.codes * len(n_of_class) + classes, return_counts=True)
    content: list[list[tuple[int, int]]] = [[] for _ in range(n_groups)]
    for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
        group, one = divmod(pair, len(n_of_class))
        content[group].append((one, count))
    sizes = np.bincount(groups.codes, minlength=n_groups)
    order = rng.permutation(n_groups)
    order = order[np.argsort(-sizes[order], kind="stable")]
    n_rows = [0] * n_folds
    n_in_fold = [[0] * len(n_of_class) for _ in range(n_folds)]
    fold_of_group = np.empty(n_groups, np.int64)
    for group in order.tolist():
        growths = [
            sum(n * (2 * held[one] + n) / n_of_class[one] ** 2 for one, n in content[group])
            for held in n_in_fold
        ]
        fold = min(range(n_folds), key=lambda k: (growths[k], n_rows[k]))
        fold_of_group[group] = fold
        n_rows[fold] += int(sizes[group])
        for one, n in content[group]:
            n_in_fold[fold][one] += n
    return fold_of_group[groups.codes]


def gets_bins(columns: TableColumns, k: int) -> bool:
    """Return whether a member has the piecewise-linear encoding: every second one, beginning with the first.

    All have it if a column, or a part of a date, has more bins than usual, because the other members could not follow
    its signal.
    """
    return k % 2 == 0 or any(
        len(edges) > 2 * LEAVES for column in columns for edges in column.all_edges
    )


def require_same(previous: Sequence[TrainedNet], options: TableOptions, n_outputs: int) -> None:
    """Raise ValueError if the networks of a previous model are not those of a bag with these options."""
    sizes, hidden = previous[0].net.sizes, tuple(options.hidden_layer_sizes)
    if options.n_estimators != len(previous):
        raise InvalidParameterError(
            f"warm_start=True needs n_estimators={len(previous)!r}, as the model has, got "
            f"{options.n_estimators}.",
            parameter="warm_start",
            value=True,
        )
    if sizes[1:] != (*hidden, n_outputs):
        raise InvalidParameterError(
            f"warm_start=True needs hidden_layer_sizes={sizes[1:-1]!r} and "
            f"{sizes[-1]} outputs, as the model has, got {hidden} and {n_outputs}.",
            parameter="warm_start",
            value=True,
        )


def options_of_member(
    options: TableOptions, n_rows: int, *, has_validation: bool
) -> TrainingOptions:
    """Return the options of a member with this number of training rows."""
    batch, epochs = _batch_and_epochs(n_rows)
    given = {
        **_HYPERPARAMETERS,
        "learning_rate_init": options.learning_rate_init,
        "dropout": options.dropout,
        "batch_size": min(batch, n_rows),
        "max_iter": options.n_epochs or epochs,
        "early_stopping": has_validation,
    }
    values = PARAMETERS.checked("Trainer", PARAMETERS.defaults("Trainer") | given, "Trainer")
    return TrainingOptions.from_checked(values, len(options.hidden_layer_sizes) + 1)
