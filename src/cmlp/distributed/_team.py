"""The team of processes that train each batch together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cmlp._process.time_limit import is_over
from cmlp._train.team import Team

if TYPE_CHECKING:
    from cmlp._train.state import TrainingState
    from cmlp.distributed._workers import Workers


class Together(Team):
    """Workers who meet before each call of the core and after each epoch.

    Only worker 0 looks at the clock. Training ends once all workers know that its time is over.
    """

    most_epochs = 1

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._until = math.inf  # of worker 0
        self._intervals: set[int] | None = None  # of all
        if workers.size > 1:
            self.workers = workers

    def join(self, until: float) -> float:
        """Keep the moment, if this is worker 0; all go on until they agree that it has come."""
        if not self._workers.rank:
            self._until = until
        return math.inf

    def begin(self, intervals: set[int]) -> set[int]:
        """Meet all before the first epoch, and unite the intervals."""
        if self._intervals is None:
            self._workers.settle()
            self._intervals = set(self._workers.unite(intervals))
        return self._intervals

    def meet(self) -> None:
        """Wait for all."""
        self._workers.settle()

    def limit(self, until: float) -> float:
        """Return the moment of worker 0; others have none."""
        return self._until

    def agree(self, state: TrainingState) -> bool:
        """Stop if one of the workers stops; return whether worker 0 is late; raise if their states differ."""
        self._workers.deliver()
        state.stopped, is_late = self._workers.settle(
            stops=state.stopped, late=is_over(self._until), checksum=state.checksum_for_team()
        )
        return is_late
