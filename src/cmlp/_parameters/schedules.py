"""Which solvers have a learning rate, and its schedules: one class each, and the table `SCHEDULES`.

A schedule holds only its parameters and never changes. `TrainingState` holds the number of completed epochs, and the
optimizer holds the current learning rate.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import numpy as np

from cmlp._data.array_types import NDArray
from cmlp.exceptions import InvalidParameterError, shown

# The one-cycle learning rate rises during this fraction of the batches.
RISING_FRACTION = 0.3
# The adaptive schedule stops training instead of dividing a learning rate that is this small.
SMALLEST_ADAPTIVE_RATE = 1e-6


class Schedule:
    """A constant learning rate; the base class of the other schedules.

    `rate` is the initial learning rate (for "one_cycle" the largest), `n_epochs` the total number of epochs of planned
    schedules, and `warmup` the number of batches with a rising rate, or if below 1 their fraction of all batches.
    """

    name: ClassVar[str] = "constant"
    # Whether the schedule determines the number of epochs; the stopping rule is then not used.
    is_planned: ClassVar[bool] = False
    # Whether other solvers than "sgd" ignore the schedule, as in scikit-learn.
    sgd_only: ClassVar[bool] = False
    # Whether an epoch without rates of its own has the rate of the one before.
    is_steady: ClassVar[bool] = True

    def __init__(self, rate: float, power_t: float, n_epochs: int, warmup: float = 0.0) -> None:
        self.rate, self.power_t, self.n_epochs, self.warmup = rate, power_t, n_epochs, warmup

    def with_rate(self, rate: float) -> Self:
        """Return the same schedule with another initial (or largest) learning rate."""
        twin = copy.copy(self)
        twin.rate = rate
        return twin

    def batch_rates(self, rate: float, epoch: int, n_batches: int) -> NDArray[np.float64] | None:
        """Return a learning rate per batch of this epoch (counted from 0); None to use the optimizer's `rate`."""
        if not self.warmup:
            return None
        ramp = self._ramp(epoch, n_batches)
        return None if ramp is None else ramp * rate

    def _n_warmup(self, n_batches: int) -> int:
        """Return the number of batches with a rising learning rate."""
        if self.warmup >= 1:
            return int(self.warmup)
        return math.ceil(self.warmup * self.n_epochs * n_batches)

    def _ramp(self, epoch: int, n_batches: int) -> NDArray[np.float64] | None:
        """Return the factors ``min(1, (b + 1) / W)`` of this epoch's batches b; None if all are 1."""
        n_warmup = self._n_warmup(n_batches)
        if epoch * n_batches >= n_warmup:
            return None
        return np.minimum(1.0, (_steps(epoch, n_batches) + 1.0) / n_warmup)

    def next_rate(self, rate: float, t: int) -> float:
        """Return the learning rate of the next epoch, after one with `rate`; `t` rows have been processed so far."""
        return rate

    def rate_after_standstill(self, rate: float) -> tuple[str, float | None]:
        """Return the rate after `n_iter_no_change` epochs without improvement, None to stop, and a message."""
        return "Stopping.", None


class InverseScaling(Schedule):
    """The initial rate divided by ``(t + 1) ** power_t``, where t is the number of rows processed so far."""

    name = "invscaling"
    sgd_only = True
    is_steady = False

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


class Planned(Schedule):
    """The base class of schedules with a rate for each batch of all epochs, besides the warm-up."""

    is_planned = True

    def batch_rates(self, rate: float, epoch: int, n_batches: int) -> NDArray[np.float64]:
        """Return a learning rate per batch of this epoch (counted from 0); ValueError if the schedule has ended."""
        if epoch >= self.n_epochs:
            raise InvalidParameterError(
                f"learning_rate={self.name!r} ends after max_iter={self.n_epochs!r} epochs: "
                "training cannot continue. Call fit to start again, or use a larger max_iter "
                "from the first call.",
                parameter="learning_rate",
                value=self.name,
            )
        rates, ramp = self._rates(epoch, n_batches), self._ramp(epoch, n_batches)
        return rates if ramp is None else rates * ramp

    def _rates(self, epoch: int, n_batches: int) -> NDArray[np.float64]:
        raise NotImplementedError


class OneCycle(Planned):
    """A learning rate for each batch that rises and then falls, see `one_cycle_rates`."""

    name = "one_cycle"

    def _rates(self, epoch: int, n_batches: int) -> NDArray[np.float64]:
        return one_cycle_rates(self.rate, epoch=epoch, n_epochs=self.n_epochs, n_batches=n_batches)


class Cosine(Planned):
    """Half a cosine wave from the initial rate to 0, after the warm-up; see `cosine_rates`."""

    name = "cosine"

    def _rates(self, epoch: int, n_batches: int) -> NDArray[np.float64]:
        n_warmup = self._n_warmup(n_batches)
        return cosine_rates(
            self.rate, _steps(epoch, n_batches) - n_warmup, self.n_epochs * n_batches - n_warmup
        )


class Custom(Planned):
    """The rates that a function of the program returns: ``function(step, n_steps)``; step counts all batches from 0."""

    name = "callable"

    def __init__(
        self,
        rate: float,
        power_t: float,
        n_epochs: int,
        warmup: float = 0.0,
        *,
        function: Callable[[int, int], Any],
    ) -> None:
        super().__init__(rate, power_t, n_epochs, warmup)
        self.function = function

    def _rates(self, epoch: int, n_batches: int) -> NDArray[np.float64]:
        n_steps = self.n_epochs * n_batches
        return np.array(
            [
                self._checked(step, n_steps)
                for step in range(epoch * n_batches, (epoch + 1) * n_batches)
            ]
        )

    def _checked(self, step: int, n_steps: int) -> float:
        value = self.function(step, n_steps)
        try:
            rate = float(value)
        except (TypeError, ValueError, OverflowError):
            rate = math.nan
        if not 0 <= rate < math.inf:
            raise InvalidParameterError(
                "learning_rate must return a finite number that is not negative, got "
                f"{shown(value)} for step {step} of {n_steps}.",
                parameter="learning_rate",
                value=self.function,
            )
        return rate


SCHEDULES: Mapping[str, type[Schedule]] = {
    schedule.name: schedule
    for schedule in (Schedule, InverseScaling, Adaptive, OneCycle, Cosine, Custom)
}
NAMED_SCHEDULES = [name for name in SCHEDULES if name != Custom.name]


def kind_of_schedule(learning_rate: str | Callable[[int, int], float]) -> type[Schedule]:
    """Return the class of the schedule that the parameter `learning_rate` names, or is."""
    return Custom if callable(learning_rate) else SCHEDULES[learning_rate]


def has_epochs(solver: object) -> bool:
    """Return whether a solver trains in epochs and batches, with a learning rate."""
    return bool(solver != "lbfgs")


def _steps(epoch: int, n_batches: int) -> NDArray[np.float64]:
    """Return the indices of an epoch's batches, counted over all epochs."""
    return float(epoch) * float(n_batches) + np.arange(n_batches, dtype=np.float64)


def one_cycle_rates(
    peak: float, *, epoch: int, n_epochs: int, n_batches: int
) -> NDArray[np.float64]:
    """Return the learning rates of one epoch's batches.

    Number the batches of all epochs from b = 0 to N - 1. The learning rate rises linearly from 0 at
    b = 0 to the peak at m = 0.3 * N, and falls linearly to 0 at N. Each batch uses the value at its
    middle, b + 1/2, so no batch has a learning rate of 0:

        (b + 1/2) / m * peak                if b + 1/2 < m
        (N - (b + 1/2)) / (N - m) * peak    otherwise

    Every operation is rounded to double precision, so the results are the same on every platform. Smith and Topin,
    "Super-convergence: very fast training of neural networks using large learning rates", 2018. As in most
    implementations, the rising part is shorter than the falling part. Momentum stays constant.
    """
    total = float(n_epochs) * float(n_batches)
    middles = _steps(epoch, n_batches) + 0.5
    rising = RISING_FRACTION * total
    ramp = np.where(middles < rising, middles / rising, (total - middles) / (total - rising))
    return ramp * float(peak)


def cosine_rates(peak: float, steps: NDArray[np.float64], n_steps: int) -> NDArray[np.float64]:
    """Return the learning rates ``peak / 2 * (1 + cos(pi * step / n_steps))``; `peak` before step 0, in the warm-up.

    The cosine is computed with additions, multiplications and divisions in double precision only, so the results are
    the same on every platform. Its error is below 4e-16. Loshchilov and Hutter, "SGDR: stochastic gradient descent with
    warm restarts", ICLR 2017, equation 5 without restarts.
    """
    part = np.maximum(steps, 0.0) / float(max(n_steps, 1))
    # cos(x) = -cos(pi - x), so the series needs angles up to pi / 2 only.
    square = (math.pi * np.minimum(part, 1.0 - part)) ** 2
    series = np.zeros_like(square)
    for k in range(11, 0, -1):
        series = (series + 1.0) * square / float(-2 * k * (2 * k - 1))
    cosine = np.where(part <= 0.5, series + 1.0, -(series + 1.0))
    rates: NDArray[np.float64] = float(peak) * (0.5 * (1.0 + cosine))
    return rates
