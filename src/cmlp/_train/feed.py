"""The rows of an epoch in the pieces that the core gets: all of them, shuffled as a whole, by blocks or by shards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp import _core
from cmlp._train.random import draw_and_store
from cmlp._train.split import shuffled

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator
    from typing import TypeAlias

    from numpy.typing import NDArray

    from cmlp._data.sparse import CSR
    from cmlp._train.job import Data, Task
    from cmlp._train.options import TrainingOptions
    from cmlp._train.state import TrainingState
    from cmlp.exceptions import NonFiniteInputError

    Pieces: TypeAlias = Generator["Piece", None, None]

# Rows whose order is passed to the core in one call, which copies it: 8 MB.
_ROWS_AT_A_TIME = 1 << 20
WINDOW = 8  # blocks that are shuffled together


class Piece(NamedTuple):
    """Rows for one call of the core: whole batches, except that the last batch of an epoch may be shorter."""

    X: NDArray[Any] | CSR
    targets: NDArray[Any]
    weight: NDArray[np.float64] | None
    order: NDArray[np.int64] | None  # the rows to use; None for all of them
    is_last: bool  # whether the epoch ends with these rows
    first_row: int = 0  # number that dropout adds to the indices of the rows

    @property
    def n_rows(self) -> int:
        """Number of rows to use."""
        return self.X.shape[0] if self.order is None else len(self.order)

    @property
    def has_weight(self) -> bool:
        """Whether a row has a positive weight: the core refuses rows without."""
        weight = self.weight
        return weight is None or bool((weight if self.order is None else weight[self.order]).any())

    def n_batches(self, batch_size: int) -> int:
        """Return the number of batches."""
        return -(-self.n_rows // batch_size)

    def part(self, begin: int, end: int) -> Piece:
        """Return the piece of the rows from `prepare_state` to `end` (exclusive) of this one."""
        end = min(end, self.n_rows)
        order = np.arange(begin, end) if self.order is None else self.order[begin:end]
        return self._replace(order=order, is_last=self.is_last and end == self.n_rows)

    def batches_done(self, n_steps: int, batch_size: int) -> int:
        """Return the number of batches that are done after `n_steps` steps: those without weight take no step."""
        if self.weight is None or not n_steps:
            return n_steps
        ordered = self.weight if self.order is None else self.weight[self.order]
        sums = np.add.reduceat(ordered, np.arange(0, len(ordered), batch_size))
        return 1 + int(np.flatnonzero(sums)[n_steps - 1])


class Feed:
    """Gives an engine the rows of an epoch in pieces. By default, their order is drawn piece by piece, from a seed."""

    n_rows: int  # training rows per epoch; 0 before the first pass over a source of unknown length
    shuffle: bool

    def draw_order(self, state: TrainingState) -> None:
        """Draw the random numbers of an epoch, and set `state.batch` to 0 in the same step."""
        draw_shuffle_seed(state, self.shuffle)

    def pieces(self, state: TrainingState, batch_size: int, first: int, last: int | None) -> Pieces:
        """Yield the rows of the epoch's batches from `first` to `last` (exclusive; None for all)."""
        raise NotImplementedError

    def whole(self, state: TrainingState) -> Piece | None:
        """Return all rows if the core can begin the next epochs: in the order of the one before, shuffled."""
        return None

    def first_error(self, error: NonFiniteInputError, dtype: np.dtype[Any]) -> Exception:
        """Return the error to raise instead of the core's for the piece that was yielded last."""
        raise NotImplementedError

    def sampled_targets(self) -> tuple[NDArray[Any], NDArray[np.float64]] | None:
        """Return targets of all parts of a source, and their weights; None if all targets are in memory anyway."""
        return None


def cut(pieces: Iterator[Piece], batch_size: int, first: int, intervals: Collection[int]) -> Iterator[Piece]:
    """Yield pieces, cut after each multiple of one of the `intervals`, numbers of batches; `first` batches are done."""
    if not intervals:
        yield from pieces
        return
    for piece in pieces:
        batch, n_batches = 0, piece.n_batches(batch_size)
        while batch < n_batches:
            end = min(n_batches, *((1 + (first + batch) // interval) * interval - first for interval in intervals))
            yield piece if end - batch == n_batches else piece.part(batch * batch_size, end * batch_size)
            batch = end
        first += n_batches


class _StoredFeed(Feed):
    """Rows in memory, or in a memory-mapped file: the core selects them by their indices, and nothing is copied."""

    def __init__(self, task: Task, data: Data, n_rows: int, shuffle: bool = True) -> None:
        self.task, self.data, self.n_rows, self.shuffle = task, data, n_rows, shuffle

    def _piece(self, order: NDArray[np.int64] | None, is_last: bool) -> Piece:
        return Piece(self.data.X, self.task.targets, self.data.weight, order, is_last)

    def first_error(self, error: NonFiniteInputError, dtype: np.dtype[Any]) -> Exception:
        """Return the error for the first non-finite input of all rows."""
        return self.data.first_error(error, dtype)


class ArrayFeed(_StoredFeed):
    """Rows in memory that are shuffled as a whole, or not at all."""

    def draw_order(self, state: TrainingState) -> None:
        """Shuffle the rows: a later epoch the order of the one before, in place, which takes no further memory."""
        order, generator = state.order, state.generator
        if not self.shuffle:
            state.batch = 0
        elif order is not None and isinstance(generator, _core.Random):
            generator.shuffle_and_store(order, vars(state), {"batch": 0})
        else:
            draw_and_store(state, lambda rng: {"order": shuffled(order, self.n_rows, rng), "batch": 0})

    def pieces(self, state: TrainingState, batch_size: int, first: int, last: int | None) -> Pieces:
        """Yield the rows of batches, in pieces of about a million rows."""
        stop = self.n_rows if last is None else min(last * batch_size, self.n_rows)
        start = first * batch_size
        if start == 0 and stop == self.n_rows and state.order is None:
            yield self._piece(None, True)
            return
        step = max(1, _ROWS_AT_A_TIME // batch_size) * batch_size
        for begin in range(start, stop, step):
            end = min(begin + step, stop)
            order = np.arange(begin, end) if state.order is None else state.order[begin:end]
            yield self._piece(order, end == self.n_rows)

    def whole(self, state: TrainingState) -> Piece | None:
        """Return all rows, unless they must be shuffled for the first time or by a generator of NumPy."""
        if self.shuffle and (state.order is None or not isinstance(state.generator, _core.Random)):
            return None
        piece = self._piece(None, True)
        return piece if piece.has_weight else None


class BlockFeed(_StoredFeed):
    """Rows in memory that are shuffled by blocks: the order of the blocks, and the rows of `WINDOW` blocks together.

    A file is so read in stretches of `block_size` rows (the last one may be shorter), and only the order of one window
    is held. If there are validation rows, the blocks are those of the sorted training rows.
    """

    def __init__(self, task: Task, data: Data, n_rows: int, block_size: int) -> None:
        super().__init__(task, data, n_rows)
        self.block_size = block_size

    def pieces(self, state: TrainingState, batch_size: int, first: int, last: int | None) -> Pieces:
        """Yield the batches of one window after the other; rows of an incomplete batch wait for the next window."""
        stop = self.n_rows if last is None else min(last * batch_size, self.n_rows)
        start = first * batch_size
        position, waiting = 0, np.empty(0, np.int64)
        for rows in self._windows(state):
            skipped = min(max(start - position, 0), len(rows))
            position += len(rows)
            waiting = np.concatenate([waiting, rows[skipped : len(rows) - max(position - stop, 0)]])
            whole = len(waiting) if position >= stop else len(waiting) - len(waiting) % batch_size
            if whole:
                chosen = waiting[:whole]
                order = chosen if state.order is None else state.order[chosen]
                yield self._piece(order, position >= stop == self.n_rows)
                waiting = waiting[whole:]
            if position >= stop:
                return

    def _windows(self, state: TrainingState) -> Iterator[NDArray[np.int64]]:
        """Yield the shuffled positions of each window."""
        size = self.block_size
        blocks = seeded(state.shuffle_seed, 0).permutation(-(-self.n_rows // size))
        for window, begin in enumerate(range(0, len(blocks), WINDOW), 1):
            starts = (blocks[begin : begin + WINDOW] * size).tolist()
            rows = np.concatenate([np.arange(row, min(row + size, self.n_rows)) for row in starts])
            yield seeded(state.shuffle_seed, window).permutation(rows)


class ShardFeed(_StoredFeed):
    """Rows in memory that are divided into shards: each batch has the same number of rows of every shard, in order.

    Each shard is shuffled alone, so that its order depends on no other one. An epoch ends with the last full batch; the
    other rows are not used in this epoch.
    """

    def __init__(self, task: Task, data: Data, batch_size: int) -> None:
        self._sizes = data.shards or ()
        self._share = batch_size // len(self._sizes)  # rows of a shard in a batch
        self._n_batches = min(self._sizes) // self._share
        super().__init__(task, data, self._n_batches * batch_size)

    def pieces(self, state: TrainingState, batch_size: int, first: int, last: int | None) -> Pieces:
        """Yield the rows of batches, in pieces of about a million rows."""
        stop = self._n_batches if last is None else min(last, self._n_batches)
        orders, has_weight, share = self._orders(state), first > 0, self._share
        step = max(1, _ROWS_AT_A_TIME // batch_size)
        for begin in range(first, stop, step):
            end = min(begin + step, stop)
            rows = np.empty((end - begin, len(orders), share), np.int64)
            for shard, order in enumerate(orders):
                rows[:, shard] = order[begin * share : end * share].reshape(-1, share)
            piece = self._piece(rows.ravel(), end == self._n_batches)
            has_weight = has_weight or piece.has_weight
            yield piece
        if not has_weight:
            raise ValueError(
                f"The sample weights of all rows of epoch {state.epoch + 1} are zero; an epoch does not use the rows "
                "of a shard beyond the last full batch."
            )

    def _orders(self, state: TrainingState) -> list[NDArray[np.int64]]:
        """Return the shuffled rows of each shard."""
        starts = np.cumsum((0, *self._sizes))
        return [starts[i] + seeded(state.shuffle_seed, i).permutation(size) for i, size in enumerate(self._sizes)]


def array_feed(task: Task, data: Data, n_rows: int, options: TrainingOptions, batch_size: int) -> Feed:
    """Return the feed of rows in arrays: of shards, or for the parameter `shuffle`."""
    if data.shards is not None:
        return ShardFeed(task, data, batch_size)
    if options.shuffle == "blocks":
        return BlockFeed(task, data, n_rows, options.block_size)
    return ArrayFeed(task, data, n_rows, bool(options.shuffle))


def draw_shuffle_seed(state: TrainingState, shuffle: bool) -> None:
    """Draw the seed of an epoch that is shuffled piece by piece, if at all, and begin with its first batch."""
    if shuffle:
        draw_and_store(state, lambda rng: {"shuffle_seed": int(2**32 * float(rng.random_sample())), "batch": 0})
    else:
        state.batch = 0


def seeded(seed: int, index: int) -> _core.Random:
    """Return the random generator of a piece of an epoch: each index has another one."""
    return _core.Random((seed + 0x9E3779B9 * index) % 2**32)
