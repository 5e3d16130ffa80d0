"""A training that can be stopped after any batch, with its measurements so far."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cmlp.console.experiment import Experiment, accuracy

_N_MEASUREMENTS = 60
# Measuring costs a forward pass over all images; beyond this number of multiplications it is only done now and then.
_CHEAP = 2e9
_N_COSTLY = 12
# Then the first batches, which change most, get measurements of their own.
_EARLY = (10, 30, 100)


class Point(NamedTuple):
    """Measurements of a network after some batches: costs, and accuracies in percent."""

    batch: int
    training_cost: float
    test_cost: float
    training_accuracy: float
    test_accuracy: float


class Learning:
    """The training of an experiment, batch by batch.

    Parameters
    ----------
    experiment : Experiment
        An untrained network; `advance` trains it, with the same result as `Experiment.train`.
    n_measurements : int or None
        Number of measurements during the training; by default 60, or 12 if measuring takes long.

    Attributes
    ----------
    batch : int
        Number of batches so far.
    total : int
        Number of batches in all epochs.
    history : list of Point
        Measurements at regular distances, the first before training.
    """

    def __init__(self, experiment: Experiment, n_measurements: int | None = None) -> None:
        self.experiment = experiment
        self.batch = 0
        self.total = experiment.n_batches * experiment.n_epochs
        n_images = len(experiment.data.X_train) + len(experiment.data.X_test)
        self._is_cheap = n_images * experiment.network.n_params < _CHEAP
        n_points = min(n_measurements or (_N_MEASUREMENTS if self._is_cheap else _N_COSTLY), self.total)
        due = set(np.linspace(0, self.total, n_points + 1).round().astype(int).tolist())
        if not self._is_cheap:
            due |= {batch for batch in _EARLY if batch < self.total}
        self._due = sorted(due)
        self.history = [self._measure()]

    @property
    def now(self) -> Point:
        """The measurements of the network as it is, or the last ones if measuring takes too long."""
        if self.history[-1].batch == self.batch or not self._is_cheap:
            return self.history[-1]
        return self._measure()

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
        """Train until `target` batches are complete, at most to the end; measure on the way."""
        target = min(target, self.total)
        while self.batch < target:
            due = next(batch for batch in self._due if batch > self.batch)
            self._train(min(target, due))
            if self.batch == due:
                self.history.append(self._measure())

    def _train(self, target: int) -> None:
        n_batches = self.experiment.n_batches
        while self.batch < target:
            number, first = divmod(self.batch, n_batches)
            last = min(n_batches, first + target - self.batch)
            self.experiment.train_batches(number + 1, first, last)
            self.batch += last - first

    def _measure(self) -> Point:
        network, data = self.experiment.network, self.experiment.data
        return Point(
            self.batch,
            network.cost(data.X_train, data.y_train),
            network.cost(data.X_test, data.y_test),
            accuracy(network, data.X_train, data.y_train),
            accuracy(network, data.X_test, data.y_test),
        )
