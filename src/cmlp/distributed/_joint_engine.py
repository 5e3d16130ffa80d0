"""The engine of processes that train each batch together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmlp._process.signals import deliver
from cmlp._train.callbacks import Deadline
from cmlp._train.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Collection, Generator

    from cmlp._train.feed import Feed, Segment
    from cmlp._train.job import TrainingJob
    from cmlp.distributed._workers import Workers


class JointEngine(Engine):
    """Trains each batch together with other workers, which meet before each call of the core and after each epoch.

    Only worker 0 looks at the clock. The deadline of the run ends once all workers know that the time is over.
    """

    def __init__(self, job: TrainingJob, workers: Workers, feed: Feed | None = None) -> None:
        super().__init__(job, feed)
        self._workers = workers
        self._limit = Deadline(None if workers.rank else job.options.max_time)
        self._intervals: tuple[int, ...] | None = None  # those of the callbacks of all workers
        if workers.size > 1:
            self.workers = workers

    def begin_epoch(self) -> None:
        """Begin an epoch, the first one once all workers are there."""
        if self._intervals is None:
            self._workers.settle()
        super().begin_epoch()

    def segments(
        self, n_epochs: float, end_batch: int | None, intervals: Collection[int]
    ) -> Generator[Segment, None, None]:
        """Yield segments of one epoch, which end where an interval of any worker ends."""
        if self._intervals is None:
            self._intervals = self._workers.unite(set(intervals))
        return super().segments(1, end_batch, self._intervals)

    def train(self, segment: Segment, deadline: Deadline) -> None:
        """Train a segment, which all workers do, or none."""
        self._workers.settle()
        super().train(segment, self._limit)

    def between_batches(self, deadline: Deadline) -> None:
        """Meet the other workers."""
        self.agree(deadline)
        super().between_batches(deadline)

    def agree(self, deadline: Deadline) -> None:
        """Stop if one of the workers stops, or worker 0 is late; raise an exception if their states differ."""
        deliver()
        state, late = self.job.state, self._limit.has_come()
        state.stopped, is_over = self._workers.settle(
            stops=state.stopped, late=late, checksum=state.digest()
        )
        if is_over:
            deadline.end()
