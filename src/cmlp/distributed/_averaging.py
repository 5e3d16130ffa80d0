"""Training in rounds: each shard of the rows trains alone, then parameters and optimizer states are averaged.

This is local SGD with averaging of parameters (McDonald, Hall and Mann 2010; Stich 2019). This module does not know how
shards reach their workers: see `_rounds.py`.
"""

from __future__ import annotations

import math
from copy import deepcopy
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._train.callbacks import Deadline
from cmlp._train.engine import BatchEngine, Engine, batch_size_of
from cmlp._train.feed import add_block, scaled_targets, seeded, start_seeded_epoch
from cmlp._train.job import Data, Objective, TrainingJob
from cmlp._train.state import History, TrainingState
from cmlp._train.training_options import TrainingOptions
from cmlp.exceptions import DivergenceError

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator, Sequence
    from typing import Any, Protocol

    from numpy.typing import NDArray

    from cmlp._data.scale import InputScale, Moments
    from cmlp._train.feed import Block

    class TrainableShards(Protocol):
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
    """What all shards need for a round. It is sent to the workers, so it has no rows."""

    net: _core.Net
    state: TrainingState  # at the beginning of the round; `state.batch` counts the completed rounds of the epoch
    options: TrainingOptions  # those of the local training
    loss_scale: float
    input_scale: float | InputScale
    names: NDArray[Any] | None  # of the columns, for messages
    rate_factor: float  # by which the learning rates are multiplied
    n_rounds: int  # per epoch
    n_threads: int  # per shard


class Trained(NamedTuple):
    """What a shard returns after a round: parameters, optimizer, and the sums of the costs of its rows."""

    params: NDArray[Any]
    optimizer: _core.Optimizer
    sums: NDArray[np.float64]


def local_options(options: TrainingOptions, batch_size: int, n_shards: int) -> TrainingOptions:
    """Return the options of a shard's local training.

    A shard takes as many steps per epoch as training on all rows with `batch_size`: its batches are smaller by the
    number of shards. The penalty is divided by the size of a batch, so `alpha` becomes smaller by the same factor.
    """
    local = max(min(_SMALLEST_BATCH, batch_size), batch_size // n_shards)
    factor, alpha = local / batch_size, options.alpha
    return TrainingOptions(options.of_trainer()).replace(
        batch_size=local,
        alpha=alpha * factor if isinstance(alpha, float) else [value * factor for value in alpha],
        early_stopping=False,
        scoring=None,
        callbacks=None,
        verbose=False,
        max_time=None,
        n_iter_no_change=math.inf,
    )


def _with_rate(optimizer: _core.Optimizer, factor: float) -> _core.Optimizer:
    """Return a copy with another learning rate; the decay of the weights per step stays as it is."""
    fields = optimizer.get_state()
    rate, decay = fields["learning_rate"] * factor, fields["weight_decay"] / factor
    return _core.restored({**fields, "learning_rate": rate, "weight_decay": decay})


def train_shard(job: Job, shard: Block) -> Trained:
    """Train a shard for one round. The result depends on the arguments only, and they stay as they are."""
    n_rows, number = len(shard.X), shard.number
    local: Any = min(job.options.batch_size, n_rows)  # never "auto"
    n_batches = -(-n_rows // local)
    first, last = (n_batches * (job.state.batch + i) // job.n_rounds for i in (0, 1))  # type: ignore[operator]
    targets = scaled_targets(shard.targets, job.state)
    state = job.state.copy()
    state.n_rows, state.batch, state.weights.target_scale = n_rows, None, None
    state.generator = seeded(state.shuffle_seed, number)
    state.dropout_seed = (state.dropout_seed + number * 0x9E3779B9) % 2**32
    assert state.optimizer is not None
    state.optimizer = _with_rate(state.optimizer, job.rate_factor)
    objective = Objective(None, loss_scale=job.loss_scale)
    data = Data(shard.X, targets, shard.weight, job.input_scale, job.names)
    own_job = TrainingJob(job.net, objective, data, job.options.replace(batch_size=local), state, job.n_threads)
    engine = BatchEngine(own_job, rate_factor=job.rate_factor)
    if first:
        engine.feed.start_epoch(state)
        state.batch = first
    if last > first:
        engine.begin_epoch()
        for piece in engine.pieces(1, last, ()):
            engine.train(piece, Deadline(None))
        if state.sums[_core.N_ROWS]:  # otherwise all rows so far have the weight 0
            engine.loss()
    return Trained(state.params, state.optimizer, state.sums)


class Round(NamedTuple):
    """A round of an epoch."""

    is_last: bool


class Rounds(Engine):
    """Trains in rounds, `n_rounds` per epoch: `state.batch` is the number of this epoch's completed rounds."""

    def __init__(self, job: TrainingJob, shards: TrainableShards, n_rounds: int) -> None:
        self._shards, self._n_rounds = shards, n_rounds
        super().__init__(job, batch_size_of(job.options, self.n_rows))
        self._local = local_options(job.options, self.batch_size, len(shards.sizes))
        self._shard_error = ""

    @property
    def n_rows(self) -> int:
        """Number of rows of all shards."""
        return sum(self._shards.sizes)

    @property
    def n_batches(self) -> int:
        """Number of rounds per epoch."""
        return self._n_rounds

    def start_epoch(self) -> None:
        """Draw the seed of an epoch."""
        start_seeded_epoch(self.job.state, bool(self.job.options.shuffle))

    def pieces(self, n_epochs: float, last: int | None, intervals: Collection[int]) -> Generator[Round, None, None]:
        """Yield the rounds that are left, until the number `last`."""
        for number in range(self.job.state.batch or 0, self.n_batches if last is None else last):
            yield Round(is_last=number == self.n_batches - 1)

    def train(self, piece: Round, deadline: Deadline) -> None:
        """Train all shards for a round."""
        try:
            self._take_round()
        except DivergenceError as error:
            self._shard_error = str(error)
            raise

    def last_rate(self) -> float:
        """Return the learning rate of the latest batch."""
        (optimizer, schedule), state = self.job.state.stepping(), self.job.state
        local: Any = self._local.batch_size
        n_steps = -(-max(self._shards.sizes) // local)
        rates = schedule.batch_rates(optimizer.learning_rate, state.schedule_epoch, n_steps)
        return optimizer.learning_rate if rates is None else float(rates[-1])

    def explained(self, error: DivergenceError) -> DivergenceError:
        """Return the error of a shard as it is, others with what the user can do."""
        return DivergenceError(self._shard_error) if self._shard_error else super().explained(error)

    def _take_round(self) -> None:
        """Train all shards for a round, and replace parameters and optimizer by their averages."""
        state = self.job.state
        optimizer = state.stepping().optimizer
        params, moments = Average(state.params), Average(optimizer.state)
        sums, latest = state.sums.copy(), optimizer
        for trained in self._shards.train(self._job()):
            params.add(trained.params)
            moments.add(trained.optimizer.state)
            sums += trained.sums
            if trained.optimizer.n_steps > latest.n_steps:  # batches without weight take no step
                latest = trained.optimizer
        own = optimizer.get_state()
        kept = {name: own[name] for name in ("learning_rate", "weight_decay")}
        optimizer = _core.restored({**latest.get_state(), **kept, "state": moments.value()})
        assert state.batch is not None
        state.params[:], state.optimizer = params.value(), optimizer
        self.done(state.batch + 1, sums)

    def _job(self) -> Job:
        job, state = self.job, self.job.state
        seeds = {"shuffle_seed": state.shuffle_seed, "dropout_seed": state.dropout_seed}
        state = state.without_rows().replaced(history=History(), **seeds)
        return Job(
            job.net,
            state,
            self._local,
            job.objective.loss_scale,
            job.data.input_scale,
            job.data.names,
            math.sqrt(len(self._shards.sizes)) if self._local.solver in _NORMALIZED else 1.0,
            self._n_rounds,
            job.n_threads or 1,
        )


class Average:
    """The average of arrays with the shape and dtype of `like`, added in float64 in the order in which they come."""

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
