"""The training engine: it trains batches with the core, and proposes epochs to record."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._process.signals import TimeLimitReached
from cmlp._process.warnings import warn
from cmlp._train.constraints import LARGEST_INTEGER
from cmlp._train.diagnosis import scale_advice
from cmlp._train.feed import Piece, array_feed, cut
from cmlp._train.state import NO_SUMS
from cmlp.exceptions import DivergenceError, Message, NonFiniteInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator

    from numpy.typing import NDArray

    from cmlp._train.feed import Feed
    from cmlp._train.job import TrainingJob
    from cmlp._train.observer import Deadline
    from cmlp._train.state import TrainingState
    from cmlp._train.training_options import TrainingOptions

# The gradient norm of an epoch's last batch is computed if the epoch has this many batches: it makes a batch up to 10 %
# slower, so the epoch at most 1 %.
_FEWEST_BATCHES_FOR_NORM = 10
# Work of a call that trains several epochs, about 5 ms: Ctrl-C waits for its end. A row and a batch count as that many
# multiply-adds besides those of the parameters.
_MOST_WORK, _ROW, _BATCH = 2e7, 100, 1000


class EpochRecord(NamedTuple):
    """An epoch to record: its loss, the learning rate and gradient norm of its last batch, its duration in seconds."""

    loss: float
    rate: float
    norm: float
    seconds: float


class CallOfCore(NamedTuple):
    """A call of the core: its rows, its epoch and first batch, and the number of the optimizer's steps before it."""

    piece: Piece
    epoch: int
    first: int
    n_steps: int


class EpochProgress:
    """Keeps in the state how many batches of the current epoch are complete, and how long they took."""

    def __init__(self, state: TrainingState, batch_size: int) -> None:
        self._state, self._batch_size = state, batch_size
        self._clock = 0.0  # when the epoch, or its part after the latest `store`, began
        self._call: CallOfCore | None = None  # the latest call of the core since then

    def start(self, start_epoch: Callable[[TrainingState], None]) -> int:
        """Begin an epoch by `start_epoch` of its feed, or continue it; return the number of complete batches."""
        state = self._state
        self._clock, self._call = time.monotonic(), None
        if state.batch is None:
            start_epoch(state)
        assert state.batch is not None
        if not state.batch:
            state.sums[:] = NO_SUMS
        return state.batch

    def call_begins(self, call: CallOfCore) -> None:
        """Remember the call of the core, which may be interrupted."""
        self._call = call

    def store(self, batch: int) -> None:
        """Record that `batch` batches are complete, so that training can continue with the next one."""
        now = time.monotonic()
        self._state.batch, self._state.seconds = batch, self._state.seconds + now - self._clock
        self._clock, self._call = now, None

    def restart_clock(self) -> None:
        """Leave out the time since `store`, which observers took."""
        self._clock = time.monotonic()

    def seconds(self) -> float:
        """Return how long the epoch has taken so far."""
        return self._state.seconds + time.monotonic() - self._clock

    def store_interrupted(self) -> None:
        """Record the batches that are complete at Ctrl-C or at the time limit, unless the epoch is recorded."""
        call, state = self._call, self._state
        if call is not None and call.epoch == state.epoch:
            n_steps = state.stepping().optimizer.n_steps - call.n_steps
            self.store(call.first + call.piece.batches_done(n_steps, self._batch_size))


class Engine(ABC):
    """What trains the batches of an epoch: the base of `BatchEngine` and of `Rounds` in `cmlp.distributed`."""

    def __init__(self, job: TrainingJob, batch_size: int) -> None:
        self.job, self.batch_size = job, batch_size
        self.progress = EpochProgress(job.state, batch_size)

    @property
    @abstractmethod
    def n_rows(self) -> int:
        """Number of training rows per epoch; 0 during the first pass over a source of unknown length."""

    @property
    def n_batches(self) -> int:
        """Number of steps per epoch, which `TrainingState.batch` counts."""
        return -(-self.n_rows // self.batch_size)

    @property
    def horizon(self) -> float:
        """How many epochs `train_epochs` may train."""
        return 1

    @abstractmethod
    def train(self, last: int | None, intervals: Collection[int], deadline: Deadline) -> Generator[int, None, None]:
        """Train the current epoch until batch `last`, or its end; raise TimeLimitReached if the deadline has come.

        Yield the number of completed batches where an interval ends in the middle of the epoch; the state then has it.
        """

    def train_epochs(self, n_epochs: int, record: Callable[[list[EpochRecord], int], object]) -> None:
        """Train several epochs, and record those that are complete."""
        raise NotImplementedError

    @abstractmethod
    def last_rate(self) -> float:
        """Return the learning rate of the latest batch."""

    def sampled_targets(self) -> tuple[NDArray[Any], NDArray[np.float64]] | None:
        """Return a sample of the targets, as `cmlp._train.feed.Feed.sampled_targets`."""
        return None

    def epoch(self, loss: float) -> EpochRecord:
        """Return what is recorded of the epoch that has ended."""
        return EpochRecord(loss, self.last_rate(), float(self.job.state.sums[_core.NORM]), self.progress.seconds())

    def agree(self, deadline: Deadline) -> None:  # noqa: B027 - most engines have nothing to agree on
        """Agree with other processes after each epoch; may end the deadline, change `state.stopped`, or raise."""

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
        objective = self.job.objective
        cost, penalty, n_rows = sums[_core.COST], sums[_core.PENALTY], sums[_core.N_ROWS]
        with np.errstate(all="ignore"):
            return (cost / n_rows * objective.report_scale + penalty / n_rows) * objective.unit

    def _diverged(self, loss: float) -> DivergenceError:
        """Return the error for the loss of the epoch after those that are recorded."""
        return DivergenceError(f"The cost of epoch {self.job.state.epoch + 1} is {loss}.")

    def explained(self, error: DivergenceError) -> DivergenceError:
        """Return the error with what the user can do."""
        job = self.job
        optimizer, schedule = job.state.stepping()
        most = "up to " if schedule.is_planned else ""
        problem = (
            "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
            "preprocessed. This happened in epoch {} with batches of {} rows and a learning rate of {}{:g}; a smaller "
            "<learning_rate_init> or standardized input usually helps."
        )
        values = job.state.epoch + 1, self.batch_size, most, optimizer.learning_rate
        return DivergenceError(
            Message(problem, *values, learning_rate_init=...) + scale_advice(job.objective, job.data)
        )


class BatchEngine(Engine):
    """Trains batches of a feed, by default of `job.data`, with the core; a schedule's rates are times `rate_factor`."""

    workers: Any = None  # the processes that compute each batch together

    def __init__(self, job: TrainingJob, feed: Feed | None = None, rate_factor: float = 1.0) -> None:
        validation = job.state.held_out_rows
        n_rows = len(job.data.X) - (0 if validation is None else len(validation)) if feed is None else feed.n_rows
        super().__init__(job, batch_size_of(job.options, n_rows))
        self.feed = array_feed(job.data, n_rows, job.options, self.batch_size) if feed is None else feed
        self._rate_factor = rate_factor
        self._rates: NDArray[np.float64] | None = None  # of the batches of this epoch; None for the optimizer's
        self.keywords = job.core_keywords()

    @property
    def n_rows(self) -> int:
        """Number of training rows per epoch."""
        return self.feed.n_rows

    def train(self, last: int | None, intervals: Collection[int], deadline: Deadline) -> Generator[int, None, None]:
        """Train the current epoch until batch `last`, or its end; yield where an interval ends."""
        state, size = self.job.state, self.batch_size
        optimizer, schedule = state.stepping()
        rates = schedule.batch_rates(optimizer.learning_rate, state.schedule_epoch, self.n_batches)
        self._rates = None if rates is None else rates * self._rate_factor
        batch = first = self.progress.start(self.feed.start_epoch)
        with closing(self.feed.pieces(state, size, batch, last)) as pieces:
            for piece in cut(pieces, size, batch, intervals):
                if batch > first and deadline.has_come():
                    raise TimeLimitReached
                if piece.has_weight:
                    self.train_piece(CallOfCore(piece, state.epoch, batch, optimizer.n_steps), deadline)
                batch += piece.n_batches(size)
                if not piece.is_last and any(batch % interval == 0 for interval in intervals):
                    self.progress.store(batch)
                    yield batch
                    self.progress.restart_clock()

    def train_piece(self, call: CallOfCore, deadline: Deadline) -> None:
        """Train a piece by one call of the core, which ends at the deadline."""
        self.progress.call_begins(call)
        piece, first, state = call.piece, call.first, self.job.state
        end = first + piece.n_batches(self.batch_size)
        try:
            self.job.net.train_epoch(
                state.params,
                piece.X,
                piece.targets,
                state.stepping().optimizer,
                batch_size=self.batch_size,
                order=piece.order,
                rates=None if self._rates is None else self._rates[first:end],
                want_norm=piece.is_last and end >= _FEWEST_BATCHES_FOR_NORM,
                sums=state.sums,
                checked=True,
                seconds=deadline.left(),
                workers=self.workers,
                sample_weight=piece.weight,
                dropout_row=piece.first_row,
                **self.keywords,
            )
        except NonFiniteInputError as error:
            raise self.feed.first_error(error, self.job.net.dtype) from None

    def sampled_targets(self) -> tuple[NDArray[Any], NDArray[np.float64]] | None:
        """Return a sample of the targets if the feed reads them from a source."""
        return self.feed.sampled_targets()

    def last_rate(self) -> float:
        """Return the learning rate of the latest batch."""
        if self._rates is not None:
            return float(self._rates[-1])
        return self.job.state.stepping().optimizer.learning_rate

    @property
    def horizon(self) -> float:
        """How many epochs one call of the bridge may train: 1 unless it alone can begin the next ones.

        Between two epochs of a small network, Python takes longer than the core for an epoch, and threads that train
        other models wait for each other.
        """
        job, state = self.job, self.job.state
        if state.batch is not None or callable(job.net.loss):
            return 1
        if (
            not state.stepping().schedule.is_steady(state.schedule_epoch, self.n_batches)
            or self.feed.all_rows(state) is None
        ):
            return 1
        work = self.n_rows * (job.net.n_params + _ROW) + self.n_batches * _BATCH
        return max(1, _MOST_WORK // work)

    def train_epochs(self, n_epochs: int, record: Callable[[list[EpochRecord], int], object]) -> None:
        """Train several epochs in one call of the bridge, and record them. Ctrl-C takes effect after the last one."""
        state = self.job.state
        results = np.full((n_epochs, _core.N_RESULTS), math.nan)
        try:
            try:
                self._call_core(results)
            finally:
                self._record(results, record)
        except KeyboardInterrupt:
            raise
        except BaseException:
            state.batch = 0  # of the epoch after the recorded ones, as after an error in a single epoch
            raise

    def _call_core(self, results: NDArray[np.float64]) -> None:
        """Train for as many epochs as `results` has rows. The bridge writes sums, norm and seconds there."""
        state, net = self.job.state, self.job.net
        piece = self.feed.all_rows(state)
        assert piece is not None
        try:
            net.train_epochs(
                state.params,
                piece.X,
                piece.targets,
                state.stepping().optimizer,
                results,
                batch_size=self.batch_size,
                order=state.order,
                generator=state.generator if isinstance(state.generator, _core.Random) else None,
                want_norm=self.n_batches >= _FEWEST_BATCHES_FOR_NORM,
                sample_weight=piece.weight,
                **self.keywords,
            )
        except NonFiniteInputError as error:
            raise self.feed.first_error(error, net.dtype) from None

    def _record(self, results: NDArray[np.float64], record: Callable[[list[EpochRecord], int], object]) -> None:
        """Record the complete epochs of `_call_core`; raise DivergenceError if the loss of one is not finite."""
        rate = self.job.state.stepping().optimizer.learning_rate
        complete = results[~np.isnan(results[:, _core.SECONDS])].T
        losses = self._losses(complete)
        n_finite = len(losses) if np.isfinite(losses).all() else int(np.isfinite(losses).argmin())
        if n_finite:
            columns = (column[:n_finite].tolist() for column in (losses, complete[_core.NORM], complete[_core.SECONDS]))
            record([EpochRecord(loss, rate, norm, own) for loss, norm, own in zip(*columns, strict=True)], self.n_rows)
        if n_finite < len(losses):
            raise self._diverged(float(losses[n_finite]))


def batch_size_of(options: TrainingOptions, n_rows: int) -> int:
    """Return the number of rows of a batch; `n_rows` is 0 if it is not known."""
    batch_size, n_rows = options.batch_size, n_rows or LARGEST_INTEGER
    if isinstance(batch_size, str):  # "auto"
        return min(200, n_rows)
    if batch_size > n_rows:
        text = "Got <batch_size:`batch_size`> less than 1 or larger than sample size. It is going to be clipped"
        warn(Message(text, batch_size=batch_size))
    return min(batch_size, n_rows)
