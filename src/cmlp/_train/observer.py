"""The base class for objects that follow training, epoch by epoch or batch by batch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cmlp._process.signals import undeferred

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet
    from typing import Any

    from cmlp._train.state import TrainingState


class Observer:
    """What the training loop calls; by default nothing. `intervals` are numbers of batches, for `batches_end`.

    A fit of an estimator sets the last three attributes of an observer that is passed to it: the state of training, and
    functions that return the model and the record for `cmlp.verify` (None if there is none) as they are now.
    """

    intervals: AbstractSet[int] = frozenset()
    state: TrainingState
    snapshot: Callable[[], Any]
    recorded: Callable[[], dict[str, Any] | None]

    @property
    def horizon(self) -> float:
        """How many epochs may pass before the observer must be called."""
        return 1

    def fit_begins(self) -> None:
        """Called before the first epoch of a call."""

    def epoch_begins(self) -> None:
        """Called before each epoch."""

    def batches_end(self, batch: int) -> None:
        """Called in the middle of an epoch, after `batch` batches of the epoch; not after its last batch."""

    def validation_begins(self, batch: int) -> None:
        """Called after the last batch of an epoch, number `batch`, before validation; not if epochs train at once."""

    def epoch_ends(self) -> bool:
        """Called after each epoch; returns True to stop training."""
        return False

    def fit_ends(self) -> None:
        """Called when training is finished, and when it is paused or interrupted."""


class Observers(list[Observer]):
    """The observers of a `EpochLoop`, as one observer. Signals take effect at once in them."""

    def _call(self, name: str, *arguments: int) -> list[Any]:
        with undeferred():
            return [getattr(observer, name)(*arguments) for observer in self]

    @property
    def horizon(self) -> float:
        """How many epochs may pass before an observer must be called."""
        return min((observer.horizon for observer in self), default=math.inf)

    @property
    def intervals(self) -> set[int]:
        """The intervals of all observers."""
        return {interval for observer in self for interval in observer.intervals}

    def fit_begins(self) -> None:
        """Call all observers."""
        if self:
            self._call("fit_begins")

    def epoch_begins(self) -> None:
        """Call all observers."""
        if self:
            self._call("epoch_begins")

    def batches_end(self, batch: int) -> None:
        """Call all observers."""
        if self:
            self._call("batches_end", batch)

    def validation_begins(self, batch: int) -> None:
        """Call all observers."""
        if self:
            self._call("validation_begins", batch)

    def epoch_ends(self) -> bool:
        """Call all observers; return whether one of them stops training."""
        return bool(self) and any(self._call("epoch_ends"))

    def fit_ends(self) -> None:
        """Call all observers."""
        if self:
            self._call("fit_ends")
