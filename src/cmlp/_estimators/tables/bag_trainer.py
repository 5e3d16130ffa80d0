"""What callbacks of the estimators for tables are given, and what is kept of a fit that is not complete."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._model.results import TrainedEpoch

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from cmlp._train.loop import EpochLoop
    from cmlp._train.state import TrainingState


class BagTrainer:
    """The argument of callbacks: stands for the networks of a bag as a `cmlp.Trainer` stands for one.

    Losses, scores and rates are means over the networks, which all train the same number of epochs. `copy_model`
    returns the estimator, fitted with copies of the parameters so far.
    """

    def __init__(self, runs: Sequence[EpochLoop], copy_model: Callable[[], Any]) -> None:
        self._trainings, self._copy_model = runs, copy_model

    @property
    def state(self) -> TrainingState:
        """The training state of the network with the most epochs."""
        return self._longest.state

    @property
    def _longest(self) -> EpochLoop:
        return max(self._trainings, key=lambda training: training.job.options.max_iter)

    @property
    def max_iter(self) -> int:
        """Number of epochs."""
        return self._longest.job.options.max_iter

    @property
    def history(self) -> dict[str, list[float]]:
        """A list with a number per epoch for each quantity: "loss", "validation_loss" and others."""
        tables = [training.state.history.table() for training in self._trainings]
        return {
            name: [
                float(np.mean([table[name][epoch] for table in tables if epoch < len(table.get(name, ()))]))
                for epoch in range(len(values))
            ]
            for name, values in self._longest.state.history.table().items()
        }

    @property
    def last_epoch(self) -> TrainedEpoch:
        """The numbers of the last epoch; the validation score is minus the validation loss."""
        last = {name: values[-1] for name, values in self.history.items() if values}
        if not last:
            raise ValueError("No epoch is complete.")
        score = last.get("validation_score")
        return TrainedEpoch(
            self.state.epoch,
            last["loss"],
            score,
            last["learning_rate"],
            None if score is None else -score,
            last.get("gradient_norm"),
            last.get("seconds", math.nan),
        )

    def stop(self) -> None:
        """End training after the current epoch; each network gets its best parameters."""
        for training in self._trainings:
            training.state.stopped = True

    def snapshot(self) -> Any:
        """Return a fitted copy of the estimator, with the best parameters so far."""
        return self._copy_model()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write `snapshot` to a model file. It has no training state."""
        self.snapshot().save(path)
