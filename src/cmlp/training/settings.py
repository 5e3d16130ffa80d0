"""The settings of a training: the estimators' parameters after validation and conversion."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cmlp import _core
from cmlp.training.schedules import SCHEDULES, Schedule

if TYPE_CHECKING:
    import numpy as np


class Settings(NamedTuple):
    """The parameters that all estimators have, with the same names. They do not change during training.

    `cmlp.constraints` has converted all numbers to Python's int (at most ``2**63 - 1``) and float.

    Attributes
    ----------
    hidden_layer_sizes : tuple of int
    activation : tuple of str
        One name for each hidden layer.
    initialization : tuple of str
        For each layer the activation that determines the range of its initial weights.
    """

    hidden_layer_sizes: tuple[int, ...]
    activation: tuple[str, ...]
    initialization: tuple[str, ...]
    solver: str
    alpha: float
    batch_size: int | str
    learning_rate: str
    learning_rate_init: float
    power_t: float
    max_iter: int
    shuffle: bool
    random_state: int | np.random.RandomState | None
    tol: float
    verbose: bool | int
    warm_start: bool
    momentum: float
    nesterovs_momentum: bool
    early_stopping: bool
    validation_fraction: float
    beta_1: float
    beta_2: float
    epsilon: float
    n_iter_no_change: float
    max_fun: int
    loss: str
    n_threads: int | None
    dtype: str
    input_scale: float

    def optimizer(self, net: _core.Net) -> _core.Optimizer:
        """Return a new optimizer for a network."""
        kind = "sgd" if self.solver == "lbfgs" else self.solver  # not used: SciPy's minimizer has its own state
        if self.solver == "sgd" and self.momentum > 0:
            kind = "nesterov" if self.nesterovs_momentum else "momentum"
        return _core.Optimizer(
            net,
            kind,
            learning_rate=self.learning_rate_init,
            momentum=self.momentum,
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            epsilon=self.epsilon,
        )

    def schedule(self) -> Schedule:
        """Return the learning-rate schedule. As in scikit-learn, Adam ignores "invscaling" and "adaptive"."""
        kind = SCHEDULES[self.learning_rate]
        if self.solver == "adam" and kind.sgd_only:
            kind = SCHEDULES["constant"]
        return kind(self.learning_rate_init, self.power_t, self.max_iter)
