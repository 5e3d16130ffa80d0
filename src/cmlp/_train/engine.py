"""The training engine: it trains batches with the core, and proposes epochs to record."""

from __future__ import annotations

import math
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._bridge import _core
from cmlp._process.warnings import warn
from cmlp._train.diagnosis import scale_advice
from cmlp._train.feed import Segment, array_feed, cut
from cmlp._train.state import EpochNumbers
from cmlp._train.state_fields import NO_SUMS
from cmlp.exceptions import DivergenceError, NonFiniteInputError

if TYPE_CHECKING:
    from collections.abc import Collection, Generator
    from typing import TypeAlias

    from numpy.typing import NDArray

    from cmlp._train.feed import Feed
    from cmlp._train.job import TrainingJob
    from cmlp._train.training_options import TrainingOptions

    # A complete one: its loss, and what else is recorded.
    LossAndNumbers: TypeAlias = tuple[float, EpochNumbers]

# The gradient norm of an epoch's last batch is computed if the epoch has this many batches: it
# makes a batch up to 10 % slower, so the epoch at most 1 %.
_FEWEST_BATCHES_FOR_NORM = 10
_MOST_EPOCHS = 1000  # of a call of the core: their results are in memory until they are recorded


class Engine:
    """Trains the segments of an epoch with the core: batches of the rows of a feed, by default of `job.data`.

    The state always has how many batches of the present epoch are done, also after an exception.
    `unrecorded` are complete epochs before it: a segment can be several epochs.
    """

    def __init__(self, job: TrainingJob, feed: Feed | None = None) -> None:
        self.job = job
        if feed is None:
            n_rows = job.data.rows.n_rows
            if job.state.held_out_rows is not None:
                n_rows -= len(job.state.held_out_rows)
            feed = array_feed(job.data, n_rows, job.options)
        self.feed = feed
        self.batch_size = _batch_size_of(job.options, feed.n_rows)
        self.unrecorded: list[LossAndNumbers] = []
        self.clock = 0.0  # up to when the state has the seconds of the epoch
        # Of the batches of this epoch; None for the optimizer's.
        self._rates: NDArray[np.float64] | None = None
        self.keywords = job.core_keywords()

    @property
    def n_rows(self) -> int:
        """Number of training rows per epoch; 0 during the first pass over a source of unknown length."""
        return self.feed.n_rows

    @property
    def n_batches(self) -> int:
        """Number of batches per epoch."""
        return -(-self.n_rows // self.batch_size)

    @property
    def number(self) -> int:
        """Number of the present epoch, from 1."""
        return self.job.state.epoch + len(self.unrecorded) + 1

    def begin_epoch(self) -> None:
        """Begin an epoch, or continue it, with its learning rates."""
        state = self.job.state
        optimizer, schedule = state.stepping()
        self._rates = schedule.batch_rates(
            optimizer.learning_rate, state.schedule_epoch, self.n_batches
        )
        self.clock = time.monotonic()
        if state.batch is None:
            self.feed.start_epoch(state)
        if not state.batch:
            state.sums[:] = NO_SUMS

    def segments(
        self, n_epochs: float, end_batch: int | None, intervals: Collection[int]
    ) -> Generator[Segment, None, None]:
        """Yield what is left of the epoch in segments, which end after multiples of the intervals.

        They are of the batches before `end_batch` (None for all). A segment has
        `is_last`. The last one is also the next epochs, `n_epochs` together, if the core can begin them.
        """
        state, size, first = self.job.state, self.batch_size, self.job.state.batch or 0
        is_steady = self._rates is None and state.stepping()[1].is_steady
        segments = self.feed.segments(state, size, first, end_batch)
        if n_epochs > 1 and is_steady and not first and self.feed.core_continues(state):
            yield next(segments)._replace(n_epochs=int(min(n_epochs, _MOST_EPOCHS)))
        else:
            with closing(segments):
                yield from cut(segments, size, first, intervals)

    def train(self, segment: Segment, seconds: float) -> None:
        """Train a segment by one call of the core, which ends after these seconds."""
        state, first = self.job.state, self.job.state.batch or 0
        end = first + segment.n_batches(self.batch_size)
        shuffles = segment.n_epochs > 1 and segment.order is not None
        if not segment.has_weight:
            self.store_progress(end, state.sums)
            return
        epochs = np.zeros((segment.n_epochs, _core.N_RESULTS))
        epochs[0, : _core.N_SUMS] = state.sums
        if segment.n_epochs > 1:
            epochs[1:, _core.BATCH] = -1  # not begun
        try:
            self.job.net.train_epoch(
                state.params,
                segment.rows.X,
                segment.rows.targets,
                state.stepping()[0],
                epochs,
                batch_size=self.batch_size,
                order=segment.order,
                generator=state.generator if shuffles else None,  # type: ignore[arg-type]  # see core_continues
                rates=None if self._rates is None else self._rates[first:end],
                wants_norm=segment.is_last and end >= _FEWEST_BATCHES_FOR_NORM,
                checked=True,
                seconds=seconds,
                workers=self.job.team.workers,
                signs=self.job.signs,
                sample_weight=segment.rows.weight,
                dropout_row=segment.first_row,
                **self.keywords,
            )
        except NonFiniteInputError as error:
            raise self.feed.first_error(error, self.job.net.dtype) from None
        finally:
            if segment.n_epochs > 1:
                epochs = self._keep_unrecorded(epochs)
            present = epochs[0]
            self.store_progress(first + int(present[_core.BATCH]), present[: _core.N_SUMS])

    def _keep_unrecorded(self, epochs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Keep the epochs before the last one that has begun, or whose loss is not finite; return that one."""
        begun = epochs[epochs[:, _core.BATCH] >= 0]
        losses = self._losses(begun.T).tolist()
        present = next(
            (k for k, loss in enumerate(losses) if not math.isfinite(loss)), len(losses) - 1
        )
        nan, rate = math.nan, self.last_rate()
        rows = zip(
            losses[:present], *begun[:present, _core.NORM : _core.BATCH].T.tolist(), strict=True
        )
        self.unrecorded = [
            (loss, EpochNumbers(nan, nan, rate, norm, seconds)) for loss, norm, seconds in rows
        ]
        self.clock = time.monotonic() - float(begun[present, _core.SECONDS])
        return begun[present : present + 1]

    def store_progress(self, batch: int, sums: Any) -> None:
        """Store in the state that this many batches of the epoch are done, with these sums over their rows."""
        now = time.monotonic()
        state = self.job.state
        state.sums[:] = sums  # first: an exception of a signal's handler may come between the two
        state.batch = batch
        state.seconds = state.seconds + now - self.clock
        self.clock = now

    def ended_epochs(self) -> list[LossAndNumbers]:
        """Return the epoch that has ended, after the unrecorded ones.

        Raises DivergenceError if its loss is not finite.
        """
        state, loss = self.job.state, self.loss()
        norm = float(state.sums[_core.NORM])
        return [
            *self.unrecorded,
            (
                loss,
                EpochNumbers(
                    learning_rate=self.last_rate(), gradient_norm=norm, seconds=state.seconds
                ),
            ),
        ]

    def end_epoch(self) -> None:
        """Begin the next epoch with the next call: this one is recorded."""
        self.unrecorded, self.job.state.batch, self.job.state.seconds = [], None, 0.0

    def last_rate(self) -> float:
        """Return the learning rate of the latest batch."""
        if self._rates is not None:
            return float(self._rates[-1])
        return self.job.state.stepping()[0].learning_rate

    def sampled_targets(self) -> tuple[NDArray[Any], NDArray[np.float64] | None] | None:
        """Return targets of all parts of a source if the job does not have them."""
        return self.feed.sampled_targets()

    def loss(self) -> float:
        """Return the loss of the completed batches of the epoch; raise DivergenceError if it is not finite."""
        loss = float(self._losses(self.job.state.sums))
        if not math.isfinite(loss):
            raise self._diverged(loss)
        return loss

    def _losses(self, sums: NDArray[np.float64]) -> Any:
        """Return the losses for sums as in `TrainingState.sums`: numbers, or arrays with one for each epoch.

        The cost can overflow while the parameters are still finite: it has squares.
        """
        cost, penalty, n_rows = sums[_core.COST], sums[_core.PENALTY], sums[_core.N_ROWS]
        with np.errstate(all="ignore"):
            return self.job.objective.reported(cost / n_rows, penalty / n_rows)

    def _diverged(self, loss: float) -> DivergenceError:
        """Return the error for the loss of the present epoch."""
        return DivergenceError(f"The cost of epoch {self.number} is {loss}.")

    def explained(self, error: DivergenceError) -> DivergenceError:
        """Return the error with what the user can do."""
        job = self.job
        optimizer, schedule = job.state.stepping()
        most = "up to " if schedule.is_planned else ""
        return DivergenceError(
            "Solver produced non-finite parameter weights. The input data may contain large values "
            f"and need to be preprocessed. This happened in epoch {self.number} with batches of "
            f"{self.batch_size} rows and a learning rate of {most}{optimizer.learning_rate:g}; a "
            "smaller learning_rate_init or standardized input usually "
            f"helps.{scale_advice(job.objective, job.data)}"
        )


def _batch_size_of(options: TrainingOptions, n_rows: int) -> int:
    """Return the number of rows of a batch; `n_rows` is 0 if it is not known."""
    batch_size = options.full_batch_size
    if not n_rows or batch_size <= n_rows:
        return batch_size
    if options.batch_size != "auto":
        warn("Got `batch_size` less than 1 or larger than sample size. It is going to be clipped")
    return n_rows
