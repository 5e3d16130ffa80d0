"""Training in rounds: each shard of the rows trains alone, then parameters and optimizer states are averaged.

This is local SGD with averaging of parameters (McDonald, Hall and Mann 2010; Stich 2019). This module does not know how
shards reach their workers: see `cmlp.distributed`.
"""

from __future__ import annotations

import math
import time
from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cmlp import _core
from cmlp.exceptions import DivergenceError, TimeLimitReached
from cmlp.training.commit import commit
from cmlp.training.feed import draw_shuffle_seed, seeded
from cmlp.training.history import History
from cmlp.training.loop import Training
from cmlp.training.state import NO_SUMS, TrainingState
from cmlp.training.stream import add_block, scaled_targets
from cmlp.training.task import Data, Task

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, Protocol

    from numpy.typing import NDArray

    from cmlp.exceptions import NonFiniteInputError
    from cmlp.inputs.moments import Moments
    from cmlp.inputs.scale import InputScale
    from cmlp.training.feed import Pieces
    from cmlp.training.settings import Settings
    from cmlp.training.stream import Block

    class Shards(Protocol):
        """The shards of the rows, wherever they are."""

        @property
        def sizes(self) -> Sequence[int]:
            """Number of rows of each shard."""

        def train(self, job: Job) -> Iterator[Trained]:
            """Call `train_shard` for all shards; yield the results in the order of the shards."""


# Adam divides a gradient by its typical size, which for small batches is that of their noise: it grows with the square
# root of the number of shards.
_NORMALIZED = ("adam", "adamw")
_SMALLEST_BATCH = 16  # rows; smaller batches take longer per row and are hardly more accurate


class Job(NamedTuple):
    """What all shards need for a round. It is sent to the workers, so it has no rows.

    Attributes
    ----------
    net : cmlp._core.Net
    state : TrainingState
        The state at the beginning of the round; `state.batch` is the number of this epoch's completed rounds.
    settings : Settings
        Those of the local training.
    loss_scale : float
    input_scale : float or InputScale
    names : ndarray of str or None
        Names of the columns, for messages.
    rate_factor : float
        By which the learning rates are multiplied.
    n_rounds : int
        Rounds per epoch.
    n_threads : int
        Threads per shard.
    """

    net: _core.Net
    state: TrainingState
    settings: Settings
    loss_scale: float
    input_scale: float | InputScale
    names: NDArray[Any] | None
    rate_factor: float
    n_rounds: int
    n_threads: int


class Trained(NamedTuple):
    """What a shard returns after a round: parameters, optimizer, and the sums of the costs of its rows."""

    params: NDArray[Any]
    optimizer: _core.Optimizer
    sums: NDArray[np.float64]


def local_settings(settings: Settings, batch_size: int, n_shards: int) -> Settings:
    """Return the settings of a shard's local training.

    A shard takes as many steps per epoch as a training of all rows with `batch_size`: its batches are smaller by the
    number of shards. The penalty is divided by the size of a batch, so `alpha` becomes smaller by the same factor.
    """
    local = max(min(_SMALLEST_BATCH, batch_size), batch_size // n_shards)
    factor, alpha = local / batch_size, settings.alpha
    return settings._replace(
        batch_size=local,
        alpha=alpha * factor if isinstance(alpha, float) else [value * factor for value in alpha],
        early_stopping=False,
        scoring=None,
        callbacks=None,
        verbose=False,
        max_time=None,
        n_iter_no_change=math.inf,
    )


class _LocalTraining(Training):
    """The training of a shard, with other learning rates than those of the schedule."""

    rate_factor = 1.0

    def _train_piece(self, call: Any, rates: NDArray[np.float64] | None) -> None:
        super()._train_piece(call, None if rates is None else rates * self.rate_factor)

    def _loss(self, sums: list[float], epoch: int = 0) -> float:
        return super()._loss(sums, epoch) if sums[2] else 0.0  # all rows so far may have the weight 0


def _with_rate(optimizer: _core.Optimizer, factor: float) -> _core.Optimizer:
    """Return a copy with another learning rate; the decay of the weights per step stays as it is."""
    fields = optimizer.get_state()
    rate, decay = fields["learning_rate"] * factor, fields["weight_decay"] / factor
    return _core.restored({**fields, "learning_rate": rate, "weight_decay": decay})


def train_shard(job: Job, shard: Block) -> Trained:
    """Train a shard for one round. The result depends on the arguments only, and they stay as they are."""
    n_rows, number = len(shard.X), shard.number
    local: Any = min(job.settings.batch_size, n_rows)  # never "auto"
    n_batches = -(-n_rows // local)
    first, last = (n_batches * (job.state.batch + i) // job.n_rounds for i in (0, 1))  # type: ignore[operator]
    targets = scaled_targets(shard.targets, job.state)
    state = job.state.copy()
    state.n_rows, state.batch, state.target_scale = n_rows, None, None
    state.generator = seeded(state.shuffle_seed, number)
    state.dropout_seed = (state.dropout_seed + number * 0x9E3779B9) % 2**32
    assert state.optimizer is not None
    state.optimizer = _with_rate(state.optimizer, job.rate_factor)
    training = _LocalTraining(
        job.net,
        Task(targets, _no_score, loss_scale=job.loss_scale),
        Data(shard.X, shard.weight, job.input_scale, job.names),
        job.settings._replace(batch_size=local),
        state,
        job.n_threads,
    )
    training.rate_factor = job.rate_factor
    if first:
        training.begin_epoch()
        state.batch = first
    if last > first:
        training.advance(last - first)
    return Trained(state.params, state.optimizer, state.sums)


def _no_score(*_: object) -> float:
    return math.nan


class RoundFeed:
    """The rows of a training in rounds: their number, and the shards that hold them.

    Parameters
    ----------
    shards : Shards
    n_rounds : int
        Rounds per epoch.
    shuffle : bool
    """

    def __init__(self, shards: Shards, n_rounds: int, shuffle: bool) -> None:
        self.shards, self.n_rounds = shards, n_rounds
        self.n_rows, self._shuffle = sum(shards.sizes), shuffle

    def begin_epoch(self, state: TrainingState) -> None:
        """Draw the seed of the epoch's orders."""
        if self._shuffle:
            draw_shuffle_seed(state)
        else:
            state.batch = 0

    def pieces(self, state: TrainingState, batch_size: int, first: int, last: int | None) -> Pieces:
        """Not used: the rows are elsewhere."""
        raise NotImplementedError

    def first_error(self, error: NonFiniteInputError, dtype: np.dtype[Any]) -> Exception:
        """Return the error as it is: the worker has named the row."""
        return error


class RoundTraining(Training):
    """A training that takes rounds instead of batches: `state.batch` is the number of this epoch's completed rounds.

    Everything between two epochs is that of `Training`: loss curve, stopping, learning rates, validation, callbacks.
    """

    feed: RoundFeed
    _shard_error = ""

    @property
    def n_batches(self) -> int:
        """Number of rounds per epoch."""
        return self.feed.n_rounds

    def _train_batches(self, last: int | None) -> tuple[float, float]:
        """Take rounds until the number `last`; return the epoch's loss so far, and the last batch's learning rate."""
        state = self.state
        settings = local_settings(self.settings, self.batch_size, len(self.feed.shards.sizes))
        if state.batch is None:
            self.begin_epoch()
        assert state.batch is not None
        if not state.batch:
            state.sums[:] = NO_SUMS
        start = state.batch
        while state.batch < (self.n_batches if last is None else last):
            if state.batch > start and self._time_is_up():
                raise TimeLimitReached
            try:
                self._take_round(settings)
            except DivergenceError as error:
                self._shard_error = str(error)
                raise
            if state.batch < self.n_batches:
                self._report_batches(state.batch)
        local: Any = settings.batch_size
        n_steps = -(-max(self.feed.shards.sizes) // local)
        rate = self.optimizer.learning_rate
        rates = self.schedule.batch_rates(rate, state.schedule_epoch, n_steps)
        return self._loss(state.sums.tolist()), rate if rates is None else float(rates[-1])

    def _divergence(self) -> str:
        return self._shard_error or super()._divergence()

    def _take_round(self, settings: Settings) -> None:
        """Train all shards for a round, and replace parameters and optimizer by their averages in one step."""
        state, started = self.state, time.monotonic()
        params, moments = Average(state.params), Average(self.optimizer.state)
        sums, latest = state.sums.copy(), self.optimizer
        for trained in self.feed.shards.train(self._job(settings)):
            params.add(trained.params)
            moments.add(trained.optimizer.state)
            sums += trained.sums
            if trained.optimizer.n_steps > latest.n_steps:  # batches without weight take no step
                latest = trained.optimizer
        own = self.optimizer.get_state()
        kept = {name: own[name] for name in ("learning_rate", "weight_decay")}
        optimizer = _core.restored({**latest.get_state(), **kept, "state": moments.value()})
        assert state.batch is not None
        changes = {"optimizer": optimizer, "sums": sums, "batch": state.batch + 1}
        changes["seconds"] = state.seconds + time.monotonic() - started
        commit(
            partial(np.copyto, state.params, params.value()),
            partial(vars(state).update, changes),
            partial(vars(self).update, optimizer=optimizer, _clock=time.monotonic()),
        )

    def _job(self, settings: Settings) -> Job:
        state = self.state.shared()
        state.history, state.generator, state.best, state.last = History(), None, None, None
        state.sums, state.parameters, state.order, state.validation = NO_SUMS.copy(), None, None, None
        shards = len(self.feed.shards.sizes)
        return Job(
            self.net,
            state,
            settings,
            self.task.loss_scale,
            self.data.input_scale,
            self.data.names,
            math.sqrt(shards) if settings.solver in _NORMALIZED else 1.0,
            self.feed.n_rounds,
            self.n_threads or 1,
        )


class Average:
    """The average of arrays, added in float64 in the order in which they come.

    Parameters
    ----------
    like : ndarray
        An array of the same shape and dtype as those to add.
    """

    def __init__(self, like: NDArray[Any]) -> None:
        self._sum, self._dtype, self._n = np.zeros(like.shape), like.dtype, 0

    def add(self, array: NDArray[Any]) -> None:
        """Add an array."""
        self._sum += array
        self._n += 1

    def value(self) -> NDArray[Any]:
        """Return the average."""
        return (self._sum / self._n).astype(self._dtype)


def with_moments(moments: tuple[Moments, Moments], shard: Block) -> tuple[Moments, Moments]:
    """Return the moments of inputs and targets with the rows of a shard added; the arguments stay as they are."""
    inputs, targets = deepcopy(moments)
    add_block(inputs, targets, shard)
    return inputs, targets
