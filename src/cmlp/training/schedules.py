"""Learning-rate schedules: one class each, and the table `SCHEDULES`.

A schedule holds only its parameters and never changes. `TrainingState` holds the number of completed epochs, and the
optimizer holds the current learning rate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

# The one-cycle learning rate rises during this fraction of the batches.
RISING_FRACTION = 0.3
# The adaptive schedule stops training instead of dividing a learning rate that is this small.
SMALLEST_ADAPTIVE_RATE = 1e-6


class Schedule:
    """A constant learning rate; the base class of the other schedules.

    Parameters
    ----------
    rate : float
        The initial learning rate; for "one_cycle" the largest.
    power_t : float
        Exponent for "invscaling".
    n_epochs : int
        Total number of epochs for "one_cycle".
    """

    name: ClassVar[str] = "constant"
    # Whether the schedule determines the number of epochs; the stopping rule is then not used.
    is_planned: ClassVar[bool] = False
    # Whether other solvers than "sgd" ignore the schedule, as in scikit-learn.
    sgd_only: ClassVar[bool] = False

    def __init__(self, rate: float, power_t: float, n_epochs: int) -> None:
        self.rate, self.power_t, self.n_epochs = rate, power_t, n_epochs

    def with_rate(self, rate: float) -> Schedule:
        """Return the same schedule with another initial (or largest) learning rate."""
        return type(self)(rate, self.power_t, self.n_epochs)

    def batch_rates(self, epoch: int, n_batches: int) -> NDArray[np.float64] | None:
        """Return a learning rate per batch of this epoch (counted from 0); None to use the optimizer's rate."""
        return None

    def next_rate(self, rate: float, t: int) -> float:
        """Return the learning rate of the next epoch, after one with `rate`; `t` rows have been processed so far."""
        return rate

    def rate_after_standstill(self, rate: float) -> tuple[str, float | None]:
        """Return the learning rate after `n_iter_no_change` epochs without improvement, and a message for the log.

        None ends training.
        """
        return "Stopping.", None


class InverseScaling(Schedule):
    """The initial rate divided by ``(t + 1) ** power_t``, where t is the number of rows processed so far."""

    name = "invscaling"
    sgd_only = True

    def next_rate(self, rate: float, t: int) -> float:
        """Return the learning rate of the next epoch; `t` rows have been processed so far."""
        try:
            return float(self.rate / float(t + 1) ** self.power_t)
        except OverflowError:  # the divisor is too large for a float
            return 0.0


class Adaptive(Schedule):
    """The rate is divided by 5 each time training stops improving."""

    name = "adaptive"
    sgd_only = True

    def rate_after_standstill(self, rate: float) -> tuple[str, float | None]:
        """Return a fifth of the learning rate and a message for the log; None ends training."""
        if rate <= SMALLEST_ADAPTIVE_RATE:
            return "Learning rate too small. Stopping.", None
        return f"Setting learning rate to {rate / 5.0:f}", rate / 5.0


class OneCycle(Schedule):
    """A learning rate for each batch that rises and then falls, see `one_cycle_rates`."""

    name = "one_cycle"
    is_planned = True

    def batch_rates(self, epoch: int, n_batches: int) -> NDArray[np.float64] | None:
        """Return a learning rate per batch of this epoch (counted from 0)."""
        if epoch >= self.n_epochs:
            raise ValueError(
                f"learning_rate='one_cycle' ends after max_iter={self.n_epochs} epochs: partial_fit cannot continue. "
                "Call fit to start again, or use a larger max_iter from the first call."
            )
        return one_cycle_rates(self.rate, epoch=epoch, n_epochs=self.n_epochs, n_batches=n_batches)


SCHEDULES: Mapping[str, type[Schedule]] = {
    schedule.name: schedule for schedule in (Schedule, InverseScaling, Adaptive, OneCycle)
}


def one_cycle_rates(peak: float, *, epoch: int, n_epochs: int, n_batches: int) -> NDArray[np.float64]:
    """Return the learning rates of one epoch's batches.

    Number the batches of all epochs from b = 0 to N - 1. The learning rate rises linearly from 0 at b = 0 to the peak
    at m = 0.3 * N, and falls linearly to 0 at N. Each batch uses the value at its middle, b + 1/2, so no batch has a
    learning rate of 0:

        (b + 1/2) / m * peak                if b + 1/2 < m
        (N - (b + 1/2)) / (N - m) * peak    otherwise

    Every operation is rounded to double precision, so the results are the same on every platform.

    Parameters
    ----------
    peak : float
        The largest learning rate.
    epoch : int
        Index of the epoch, from 0.
    n_epochs : int
        Total number of epochs.
    n_batches : int
        Number of batches in this epoch; the formula assumes the same number in every epoch.

    Returns
    -------
    ndarray of float64, shape (n_batches,)

    Notes
    -----
    Smith and Topin, "Super-convergence: very fast training of neural networks using large learning rates", 2018. As in
    most implementations, the rising part is shorter than the falling part. Momentum stays constant.
    """
    total = float(n_epochs) * float(n_batches)
    middles = float(epoch) * float(n_batches) + np.arange(n_batches, dtype=np.float64) + 0.5
    rising = RISING_FRACTION * total
    ramp = np.where(middles < rising, middles / rising, (total - middles) / (total - rising))
    return ramp * float(peak)
