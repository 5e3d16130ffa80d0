"""The types of the parameters of training. The estimators know them without the table of hyperparameters.

The table takes milliseconds to import, and programs that only predict do not need it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class TrainingParameters:
    """The types of the parameters of training, which are attributes of `TrainingOptions` and of the estimators."""

    solver: str
    alpha: float | Sequence[float]
    batch_size: int | str
    learning_rate: str | Callable[[int, int], float]
    learning_rate_init: float
    power_t: float
    max_iter: int
    shuffle: bool | str
    tol: float
    verbose: bool | int | str
    momentum: float
    nesterovs_momentum: bool
    early_stopping: bool
    validation_fraction: float
    beta_1: float
    beta_2: float
    epsilon: float
    n_iter_no_change: float
    max_fun: int
    weight_decay: float
    max_grad_norm: float | None
    dropout: float | Sequence[float]
    warmup: float
    max_time: float | None
    scoring: str | Callable[..., float] | None
    callbacks: Sequence[Any] | None
    block_size: int


def has_epochs(solver: object) -> bool:
    """Return whether a solver trains in epochs and batches, with a learning rate."""
    return bool(solver != "lbfgs")
