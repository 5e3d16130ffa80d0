"""Training that can be stopped after any batch, with its measurements so far."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from cmlp._cli.experiment import Experiment, Measurement

_N_MEASUREMENTS = 60
# Measuring costs a forward pass over all images; beyond this number of multiplications it is only done now and then.
_CHEAP = 2e9
_N_COSTLY = 12
# The first batches change most: they get this share of the time.
_FIRST_BATCHES, _FIRST_SHARE = 100, 0.15


class Pace:
    """At which share of the time how many of `total` batches are complete: few at first, then more and more."""

    def __init__(self, total: int) -> None:
        self._total = total

    def batches_at(self, share: float) -> int:
        """Return the number of batches that are complete after a share of the time."""
        if share >= 1:
            return self._total
        if self._total <= _FIRST_BATCHES:
            return int(self._total * share)
        if share <= _FIRST_SHARE:
            return int(_FIRST_BATCHES * share / _FIRST_SHARE)
        return int(_FIRST_BATCHES * (self._total / _FIRST_BATCHES) ** ((share - _FIRST_SHARE) / (1 - _FIRST_SHARE)))

    def share_at(self, batches: int) -> float:
        """Return the share of the time after which a number of batches is complete: the inverse of `batches_at`."""
        if self._total <= _FIRST_BATCHES:
            return batches / self._total
        if batches <= _FIRST_BATCHES:
            return _FIRST_SHARE * batches / _FIRST_BATCHES
        growth = math.log(batches / _FIRST_BATCHES) / math.log(self._total / _FIRST_BATCHES)
        return _FIRST_SHARE + (1 - _FIRST_SHARE) * growth


class Point(NamedTuple):
    """What was measured after some batches."""

    batch: int
    measured: Measurement


class Learning:
    """The training of an experiment, batch by batch: `batch` of `total` are complete.

    `history` has measurements at equal distances of time by its `pace`, the first before training. The result is that
    of `Experiment.train`.
    """

    def __init__(self, experiment: Experiment, n_measurements: int | None = None) -> None:
        self.experiment = experiment
        self.batch, self.total = 0, experiment.n_batches * experiment.n_epochs
        n_images = len(experiment.data.X_train) + len(experiment.data.X_test)
        self._is_cheap = n_images * experiment.network.n_params < _CHEAP
        n_points = min(n_measurements or (_N_MEASUREMENTS if self._is_cheap else _N_COSTLY), self.total)
        self.pace = Pace(self.total)
        self._due = sorted({self.pace.batches_at(share) for share in np.linspace(0, 1, n_points + 1).tolist()})
        self._now = self._measure()
        self.history = [self._now]

    @property
    def now(self) -> Point:
        """The measurements of the network as it is, or the last ones if measuring takes too long."""
        if not self._is_cheap:
            return self.history[-1]
        if self._now.batch != self.batch:
            self._now = self._measure()
        return self._now

    @property
    def finished(self) -> bool:
        """Whether all epochs are complete."""
        return self.batch >= self.total

    @property
    def epoch(self) -> tuple[int, int]:
        """The number of the current epoch (from 1), and the number of its batches so far."""
        n_batches = self.experiment.n_batches
        number = min(-(-self.batch // n_batches), self.experiment.n_epochs) or 1
        return number, self.batch - (number - 1) * n_batches

    def advance(self, target: int) -> None:
        """Train until `target` batches are complete, at most to the end; measure in between."""
        target = min(target, self.total)
        while self.batch < target:
            due = next(batch for batch in self._due if batch > self.batch)
            stop = min(target, due)
            self.experiment.train_batches(stop - self.batch)
            self.batch = stop
            if stop == due:
                self._now = self._measure()
                self.history.append(self._now)

    def _measure(self) -> Point:
        return Point(self.batch, self.experiment.measure())
