"""The order in which an epoch reads the rows of a training run: positions, which know nothing of the rows themselves.

Rows in memory are shuffled as a whole (`WholeOrder`), by blocks (`BlockOrder`) or by shards (`ShardOrder`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from cmlp._bridge import _core
from cmlp._train.random import draw_seed
from cmlp._train.split import shuffled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmlp._data.array_types import NDArray
    from cmlp._parameters.options import TrainingOptions
    from cmlp._train.random import Generator
    from cmlp._train.state import TrainingState

    # The rows of whole batches (None for all rows), and whether the epoch ends with them.
    Positions: TypeAlias = tuple[NDArray[np.int64] | None, bool]


# Rows whose order is passed to the core in one call, which copies it: 8 MB.
_ROWS_AT_A_TIME = 1 << 20
WINDOW = 8  # blocks that are shuffled together


@dataclass(frozen=True)
class Order(ABC):
    """The order of an epoch, whose parts (such as blocks) are shuffled one by one, from a seed for each epoch."""

    shuffle: bool = True
    shards: tuple[int, ...] | None = (
        None  # their numbers of rows, if the rows are divided into some
    )

    def n_used(self, n_rows: int) -> int:
        """Return how many of the training rows an epoch uses."""
        return n_rows

    def begin_epoch(self, state: TrainingState, n_rows: int) -> None:
        """Draw the seed of an epoch, if it is shuffled, and begin with its first batch."""
        if self.shuffle:
            state.draw_and_assign(lambda rng: {"shuffle_seed": draw_seed(rng), "batch": 0})
        else:
            state.batch = 0

    def after(
        self, n_epochs: int, order: NDArray[np.int64] | None, n_rows: int, rng: Generator
    ) -> NDArray[np.int64] | None:
        """Return the order in the state after some epochs have begun, from that before the first one."""
        return order

    def core_continues(self, state: TrainingState, n_rows: int) -> bool:
        """Return whether the core can begin the next epochs: not if each epoch has a seed of its own."""
        return False

    @abstractmethod
    def positions(
        self, state: TrainingState, n_rows: int, batch_size: int, first: int, end_batch: int | None
    ) -> Iterator[Positions]:
        """Yield the positions of batches from `first` to `end_batch` (exclusive; None for all), of `n_rows` rows."""

    def part(self, state: TrainingState, index: int, n_rows: int) -> NDArray[np.int64]:
        """Return the positions in a part of the rows, in the order of the epoch: each index has another one."""
        if not self.shuffle:
            return np.arange(n_rows)
        seed = (state.shuffle_seed + 0x9E3779B9 * index) % 2**32
        return _core.Random(seed).permutation(n_rows)


class WholeOrder(Order):
    """All rows, as they are or shuffled as a whole: the order is in the state."""

    def begin_epoch(self, state: TrainingState, n_rows: int) -> None:
        """Shuffle the rows: a later epoch the order of the one before, in place, which takes no further memory."""
        order = state.order
        if not self.shuffle:
            state.batch = 0
        elif order is not None and isinstance(state.generator, _core.Random):
            state.shuffle_order()
        else:
            if order is None:
                state.keep_generator()
            state.draw_and_assign(lambda rng: {"order": shuffled(order, n_rows, rng), "batch": 0})

    def after(
        self, n_epochs: int, order: NDArray[np.int64] | None, n_rows: int, rng: Generator
    ) -> NDArray[np.int64] | None:
        """Shuffle once for each epoch."""
        if self.shuffle:
            order = np.arange(n_rows) if order is None else order
            for _ in range(n_epochs):
                rng.shuffle(order)
        return order

    def core_continues(self, state: TrainingState, n_rows: int) -> bool:
        """Return True if all rows are passed in one call, unless a generator of NumPy shuffles them."""
        return n_rows <= _ROWS_AT_A_TIME and (
            not self.shuffle or isinstance(state.generator, _core.Random)
        )

    def positions(
        self, state: TrainingState, n_rows: int, batch_size: int, first: int, end_batch: int | None
    ) -> Iterator[Positions]:
        """Yield the positions of batches, about a million at a time."""
        start, stop = first * batch_size, _end_of(end_batch, batch_size, n_rows)
        if start == 0 and stop == n_rows and state.order is None:
            yield None, True
            return
        step = max(1, _ROWS_AT_A_TIME // batch_size) * batch_size
        for begin in range(start, stop, step):
            end = min(begin + step, stop)
            order = np.arange(begin, end) if state.order is None else state.order[begin:end]
            yield order, end == n_rows


@dataclass(frozen=True)
class BlockOrder(Order):
    """Rows that are shuffled by blocks: the order of the blocks, and the rows of `WINDOW` blocks together.

    A file is so read in stretches of `block_size` rows (the last one may be shorter), and only the order of one window
    is held. If there are validation rows, the blocks are those of the sorted training rows. A stream decides about the
    size and the order of its blocks: each `part` of it is a block.
    """

    block_size: int = 1024

    def positions(
        self, state: TrainingState, n_rows: int, batch_size: int, first: int, end_batch: int | None
    ) -> Iterator[Positions]:
        """Yield the batches of one window after the other; rows of an incomplete batch wait for the next window."""
        stop = _end_of(end_batch, batch_size, n_rows)
        start, end, waiting = first * batch_size, 0, np.empty(0, np.int64)
        for row_index in self._windows(state, n_rows):
            begin, end = end, end + len(row_index)
            waiting = np.concatenate([waiting, row_index[max(start - begin, 0) : stop - begin]])
            n_ready = len(waiting) if end >= stop else len(waiting) // batch_size * batch_size
            ready, waiting = waiting[:n_ready], waiting[n_ready:]
            if n_ready:
                order = ready if state.order is None else state.order[ready]
                yield order, end >= stop == n_rows
            if end >= stop:
                return

    def _windows(self, state: TrainingState, n_rows: int) -> Iterator[NDArray[np.int64]]:
        """Yield the shuffled positions of each window."""
        size = self.block_size
        blocks = self.part(state, 0, -(-n_rows // size))
        for window, begin in enumerate(range(0, len(blocks), WINDOW), 1):
            starts = (blocks[begin : begin + WINDOW] * size).tolist()
            rows = np.concatenate([np.arange(row, min(row + size, n_rows)) for row in starts])
            yield rows[self.part(state, window, len(rows))]


@dataclass(frozen=True)
class ShardOrder(Order):
    """Rows that are divided into shards: each batch has the same number of rows of every shard, in order.

    Each shard is shuffled alone, so that its order depends on no other one. An epoch ends with the last full batch; the
    other rows are not used in this epoch.
    """

    shards: tuple[int, ...] = ()
    share: int = 1  # rows of a shard in a batch

    @property
    def _n_batches(self) -> int:
        return min(self.shards) // self.share

    def n_used(self, n_rows: int) -> int:
        """Return the number of rows of full batches."""
        return self._n_batches * self.share * len(self.shards)

    def positions(
        self, state: TrainingState, n_rows: int, batch_size: int, first: int, end_batch: int | None
    ) -> Iterator[Positions]:
        """Yield the positions of batches, about a million at a time."""
        n_batches, share = self._n_batches, self.share
        stop = n_batches if end_batch is None else min(end_batch, n_batches)
        starts = np.cumsum((0, *self.shards))
        orders = [starts[i] + self.part(state, i, size) for i, size in enumerate(self.shards)]
        step = max(1, _ROWS_AT_A_TIME // batch_size)
        for begin in range(first, stop, step):
            end = min(begin + step, stop)
            row_index = np.empty((end - begin, len(orders), share), np.int64)
            for shard, order in enumerate(orders):
                row_index[:, shard] = order[begin * share : end * share].reshape(-1, share)
            yield row_index.ravel(), end == n_batches


def order_of(options: TrainingOptions, shards: tuple[int, ...] | None = None) -> Order:
    """Return the order of rows in memory: that of shards, or of the parameter `shuffle`."""
    if shards is not None:
        return ShardOrder(shards=shards, share=options.full_batch_size // len(shards))
    if options.shuffle == "blocks":
        return BlockOrder(block_size=options.block_size)
    return WholeOrder(bool(options.shuffle))


def _end_of(end_batch: int | None, batch_size: int, n_rows: int) -> int:
    """Return the number of rows of the batches before `end_batch` (None for all)."""
    return n_rows if end_batch is None else min(end_batch * batch_size, n_rows)
