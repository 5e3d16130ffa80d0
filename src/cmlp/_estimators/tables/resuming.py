"""What callbacks of the estimators for tables are given, and what is kept of a fit that is not complete."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.checksums import block_checksums, dtype_kind, hash_of_text
from cmlp._estimators.fitted import FITTED, INTERRUPTED
from cmlp._estimators.resuming import nothing_to_resume, parameters_to_keep, require_kept
from cmlp._model.results import TrainedEpoch

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from cmlp._data.frame_reader import FrameReader
    from cmlp._estimators.fitted import Fitted
    from cmlp._estimators.tables.bag import Bag
    from cmlp._estimators.tables.targets import TableTargets
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


def kept_state(estimator: Any, runs: Sequence[EpochLoop], digest: Any) -> tuple[Any, ...] | None:
    """Return what `resume` needs: states, parameters, and what `digest_of` returns; None if the runs are complete."""
    if all(training.state.epoch >= training.job.options.max_iter for training in runs):
        return None
    for training in runs:
        training.state.restore_best()
    states = [training.state.resumable() for training in runs]
    return states, parameters_to_keep(estimator), digest


def states_to_resume(estimator: Any, digest: Any) -> tuple[list[TrainingState], dict[str, Any] | None]:
    """Return states and record of the fit that `resume` continues; raises ValueError if none can be continued."""
    values, owner = vars(estimator), type(estimator).__name__
    fitted: Fitted | None = values.get(INTERRUPTED) or values.get(FITTED)
    if fitted is None:
        raise nothing_to_resume(estimator)
    if fitted.state is None:
        raise ValueError(
            f"resume=True continues a fit that was interrupted, but that of this {owner} is complete, or it was loaded "
            "from a file, which has no training state."
        )
    states, parameters, known = fitted.state
    require_kept(parameters, parameters_to_keep(estimator))
    if digest != known:
        raise ValueError(
            "resume=True continues a fit on other data. Pass the same X, y and validation data, with the same names of "
            "columns, categories and labels."
        )
    return [state.shared() for state in states], fitted.record


def digest_of(reader: FrameReader, bag: Bag, targets: TableTargets) -> tuple[bytes, str, bytes]:
    """Return a summary of the data and of what fit has learned before training: equal for equal data."""
    labels = targets.labels
    classes = None if labels is None else (labels.classes.dtype.str, labels.classes.tolist())
    names = None if reader.names is None else list(reader.names)
    learned = names, bag.encoder.categories, bag.encoder.dates, classes, targets.target, bag.rows.n_validation
    arrays = [np.where(np.isnan(bag.rows.raw), np.nan, bag.rows.raw), bag.task.targets]  # NaN has many forms
    arrays += [] if bag.rows.weight is None else [bag.rows.weight]
    checksums = block_checksums(arrays, [dtype_kind(array) for array in arrays])
    return bag.encoder.numbers.tobytes(), hash_of_text(repr(learned)), checksums.tobytes()
