"""Who computes the batches of a training run: `ALONE`, or the processes of `cmlp.distributed`."""

from __future__ import annotations

import math
from typing import Any

from cmlp._train.state import TrainingState


class Team:
    """A single process. It waits for no other process, and needs no agreement."""

    workers: Any = None  # with whom the core computes each batch
    most_epochs: float = math.inf  # that a call of the core may train

    def join(self, until: float) -> float:
        """Join a training run, whose time is over at a moment; return the moment that all have agreed on."""
        return until

    def begin(self, intervals: set[int]) -> set[int]:
        """Meet all before an epoch; return the intervals of the callbacks of all, where calls of the core end."""
        return intervals

    def meet(self) -> None:
        """Meet all before a call of the core, which all make, or none."""

    def limit(self, until: float) -> float:
        """Return the moment when a call of the core ends."""
        return until

    def agree(self, state: TrainingState) -> bool:
        """Agree after batches and epochs whether to stop; return whether the time is over, raise if states differ."""
        return False


ALONE = Team()
