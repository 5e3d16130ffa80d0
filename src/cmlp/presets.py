"""The two ways in which the command trains: the story's own, and a fast one."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmlp import _core
from cmlp.training.schedules import one_cycle_rates


class Method(NamedTuple):
    """A kind of network, and how it is trained.

    Attributes
    ----------
    hidden : tuple of int
        Hidden layers, unless the reader asks for others.
    n_epochs : int
        Epochs, unless the reader asks for others.
    description : mapping of str to str
        Activations and loss, as `Network` takes them.
    batch_size : int
    solver : str
        As the core's optimizer takes it.
    rate : float
        Learning rate, for a one-cycle rate the largest.
    settings : mapping of str to float
        What else the optimizer takes.
    one_cycle : bool
        Whether the rate rises and falls.
    explanation : str
        What to tell about it beyond the story.
    """

    hidden: tuple[int, ...]
    n_epochs: int
    description: Mapping[str, str]
    batch_size: int
    solver: str
    rate: float
    settings: Mapping[str, float]
    one_cycle: bool
    explanation: str

    def optimizer(self, net: _core.Net) -> _core.Optimizer:
        """Return a new optimizer for a network."""
        return _core.Optimizer(net, self.solver, learning_rate=self.rate, **self.settings)

    def rates(self, epoch: int, n_epochs: int, n_rows: int) -> NDArray[np.float64] | None:
        """Return the rate of each batch of an epoch (from 0), None where all have the same."""
        if not self.one_cycle:
            return None
        n_batches = -(-n_rows // self.batch_size)
        return one_cycle_rates(self.rate, epoch=epoch, n_epochs=n_epochs, n_batches=n_batches)


METHODS = {
    "story": Method(
        hidden=(16, 16),
        n_epochs=30,
        description={"activation": "logistic", "output": "logistic", "loss": "squared_error"},
        batch_size=10,
        solver="sgd",
        rate=1.5,  # costs here are not halved: this is 3.0 for those who halve them
        settings={},
        one_cycle=False,
        explanation="",
    ),
    # benchmarks/recipe.py found it.
    "fast": Method(
        hidden=(176,),
        n_epochs=3,
        description={"activation": "relu", "output": "softmax", "loss": "log_loss"},
        batch_size=96,
        solver="adam",
        rate=0.006,
        settings={"beta_2": 0.95},
        one_cycle=True,
        explanation="It learns by the fast method. This too goes down the gradient; but unlike the "
        "story's plain method (--method story) it has hidden neurons that pass on what is above "
        "zero (ReLU), outputs that add up to one (softmax), a cost that says how surprising the "
        "right answers were (log loss), and for each weight a step of its own (Adam), with steps "
        "that grow for the first three tenths of the way, then shrink to nothing (one cycle).",
    ),
}
