"""Learning-rate schedules: one small class each, in a table.

A schedule is constant: it knows its parameters and nothing of how far training has come. The number of epochs done is
part of the `TrainingState`, the learning rate in use is the optimizer's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cmlp._core import Optimizer

# Share of the batches during which the one-cycle rate rises.
RISING_SHARE = 0.3
# An adaptive learning rate is not divided further once it is this small.
SMALLEST_ADAPTIVE_RATE = 1e-6


class Schedule:
    """A learning rate that stays as it is; base of the other schedules.

    Parameters
    ----------
    rate : float
        The first learning rate; for "one_cycle" the largest.
    power_t : float
        Exponent for "invscaling".
    n_epochs : int
        Length of "one_cycle".
    """

    name: ClassVar[str] = "constant"
    # Whether the schedule itself decides when training ends.
    is_planned: ClassVar[bool] = False
    # Whether it is ignored, as in scikit-learn, unless the solver is "sgd".
    sgd_only: ClassVar[bool] = False

    def __init__(self, rate: float, power_t: float, n_epochs: int) -> None:
        self.rate, self.power_t, self.n_epochs = rate, power_t, n_epochs

    def with_rate(self, rate: float) -> Schedule:
        """Return the same schedule with another first (or largest) learning rate."""
        return type(self)(rate, self.power_t, self.n_epochs)

    def batch_rates(self, epoch: int, n_batches: int) -> NDArray[np.float64] | None:
        """Return the rates of an epoch's batches (epochs counted from 0), None for the optimizer's rate."""
        return None

    def epoch_ended(self, optimizer: Optimizer, t: int) -> None:
        """Set the learning rate of the next epoch, after `t` rows in all."""

    def improvement_ended(self, optimizer: Optimizer) -> tuple[str, bool]:
        """Return what follows, as the end of a printed line, and whether training is over."""
        return "Stopping.", True


class InverseScaling(Schedule):
    """The first rate divided by ``(t + 1) ** power_t``, t being the rows trained on so far."""

    name = "invscaling"
    sgd_only = True

    def epoch_ended(self, optimizer: Optimizer, t: int) -> None:
        """Set the learning rate of the next epoch, after `t` rows in all."""
        try:
            optimizer.learning_rate = self.rate / float(t + 1) ** self.power_t
        except OverflowError:  # a divisor beyond all floats
            optimizer.learning_rate = 0.0


class Adaptive(Schedule):
    """The rate is divided by 5 whenever training has stopped improving."""

    name = "adaptive"
    sgd_only = True

    def improvement_ended(self, optimizer: Optimizer) -> tuple[str, bool]:
        """Return what follows, as the end of a printed line, and whether training is over."""
        if optimizer.learning_rate <= SMALLEST_ADAPTIVE_RATE:
            return "Learning rate too small. Stopping.", True
        optimizer.learning_rate /= 5.0
        return f"Setting learning rate to {optimizer.learning_rate:f}", False


class OneCycle(Schedule):
    """Each batch of all epochs has its own rate, see `one_cycle_rates`."""

    name = "one_cycle"
    is_planned = True

    def batch_rates(self, epoch: int, n_batches: int) -> NDArray[np.float64] | None:
        """Return the rates of an epoch's batches (epochs counted from 0)."""
        if epoch >= self.n_epochs:
            raise ValueError(
                f"learning_rate='one_cycle' has come to its end after max_iter={self.n_epochs} "
                "epochs: partial_fit cannot train on. Call fit to start anew, or use a larger "
                "max_iter from the first call on."
            )
        return one_cycle_rates(self.rate, epoch=epoch, n_epochs=self.n_epochs, n_batches=n_batches)


SCHEDULES: Mapping[str, type[Schedule]] = {
    schedule.name: schedule for schedule in (Schedule, InverseScaling, Adaptive, OneCycle)
}


def one_cycle_rates(peak: float, *, epoch: int, n_epochs: int, n_batches: int) -> NDArray[np.float64]:
    """Rates of one epoch's batches.

    The batches of all epochs are counted through, b = 0 to N - 1. Batch b has the rate at its
    middle, b + 1/2, of a ramp that rises linearly from 0 to the peak at 0.3 N and falls linearly
    to 0 at N: no batch is trained on with a rate of 0. With m = 0.3 * N:

        (b + 1/2) / m * peak                where b + 1/2 < m
        (N - (b + 1/2)) / (N - m) * peak    elsewhere

    Each operation is one of double precision, rounded: the same bits everywhere.

    Parameters
    ----------
    peak : float
        The largest rate.
    epoch : int
        Which epoch, from 0.
    n_epochs : int
        Epochs in all.
    n_batches : int
        Batches of this epoch, as if all epochs had so many.

    Returns
    -------
    ndarray of float64, shape (n_batches,)

    Notes
    -----
    Smith and Topin, "Super-convergence: very fast training of neural networks using large
    learning rates", 2018. As in most implementations the rising part is the shorter one, and the
    momentum stays as it is.
    """
    total = float(n_epochs) * float(n_batches)
    middles = float(epoch) * float(n_batches) + np.arange(n_batches, dtype=np.float64) + 0.5
    rising = RISING_SHARE * total
    ramp = np.where(middles < rising, middles / rising, (total - middles) / (total - rising))
    return ramp * float(peak)
