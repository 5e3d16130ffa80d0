"""The rows of a training, and those of an epoch in the segments that the core gets.

Rows in memory come as a whole, shuffled as a whole, by blocks or by shards. Rows that arrive in blocks are joined to
whole batches across blocks.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._data.arrays import CSR
from cmlp._data.checks import first_non_finite_error, name_of_column
from cmlp._data.encoded_rows import EncodedRows
from cmlp._data.scale import Moments, learned_scale, sample, scale_of_moments
from cmlp._data.weights import require_normal
from cmlp._process.signals import safe_point
from cmlp._train.objective import naming_validation
from cmlp._train.random import draw_seed
from cmlp._train.split import shuffled
from cmlp._train.split import split as drawn_split
from cmlp._train.target_scale import learned_target_scale, standard_scale
from cmlp.exceptions import NonFiniteInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterator
    from typing import Self, TypeAlias

    from numpy.typing import NDArray

    from cmlp._data.passes import Reader
    from cmlp._data.scale import InputScale
    from cmlp._parameters.options import TrainingOptions
    from cmlp._train.split import Split
    from cmlp._train.state import TrainingState
    from cmlp._train.target_scale import TargetScale

    Segments: TypeAlias = Generator["Segment", None, None]


# Rows whose order is passed to the core in one call, which copies it: 8 MB.
_ROWS_AT_A_TIME = 1 << 20
WINDOW = 8  # blocks that are shuffled together


class Segment(NamedTuple):
    """What one call of the core trains: whole batches, except that the last batch of an epoch may be shorter."""

    rows: EncodedRows
    order: NDArray[np.int64] | None  # the rows to use; None for all of them
    is_last: bool  # whether the epoch ends with these rows
    first_row: int = 0  # number that dropout adds to the indices of the rows
    n_epochs: int = 1  # the epoch that these rows are, and next ones, each shuffled

    @property
    def n_rows(self) -> int:
        """Number of rows to use."""
        return self.rows.n_rows if self.order is None else len(self.order)

    @property
    def has_weight(self) -> bool:
        """Whether a row has a positive weight: the core refuses rows without."""
        weight = self.rows.weight
        return weight is None or bool((weight if self.order is None else weight[self.order]).any())

    def n_batches(self, batch_size: int) -> int:
        """Return the number of batches."""
        return -(-self.n_rows // batch_size)

    def part(self, begin: int, end: int) -> Segment:
        """Return the segment of the rows from `begin` to `end` (exclusive) of this one."""
        end = min(end, self.n_rows)
        order = np.arange(begin, end) if self.order is None else self.order[begin:end]
        return self._replace(order=order, is_last=self.is_last and end == self.n_rows)


@dataclass(eq=False)
class Data:
    """The rows of a training, and the order in which an epoch reads them: its kinds are those of this order.

    Here all rows are in memory, and are shuffled as a whole, or not at all. `validation` are the user's own
    validation rows. `shards` are the numbers of rows of the shards into which the rows are divided. `split` has the
    training and the validation rows, if training does not choose them. `scale_to_learn` is the name of the scale of the
    inputs that is learned before training, which then is the `input_scale`. `strata` has each row's stratum, for a
    validation split that is stratified, and `stratum_names` has the names of the classes. With standardized targets,
    `in_units_of_y` are the data before. A training begins with `begin`.
    """

    rows: EncodedRows  # all, or if not `is_whole` some for messages
    input_scale: float | InputScale
    scale_to_learn: str | None = None
    names: NDArray[Any] | None = None  # of the columns of a data frame
    validation: EncodedRows | None = None
    shards: tuple[int, ...] | None = None
    split: Split | None = None
    strata: NDArray[Any] | None = None
    stratum_names: NDArray[Any] | None = None
    in_units_of_y: Data | None = None
    shuffle: bool = True
    # Training rows per epoch; 0 before the first pass over a source of unknown length.
    n_rows: int = 0

    is_whole: ClassVar[bool] = True

    @property
    def n_all_rows(self) -> int:
        """Number of rows before some are held out; 0 if it is not known."""
        return self.rows.n_rows

    def replace(self, **changes: Any) -> Self:
        """Return the data with other values of some fields."""
        return replace(self, **changes)

    def standardized(self, scale: TargetScale) -> Self:
        """Return the data with standardized targets, also of the validation rows."""
        validation = self.validation
        if validation is not None:
            validation = validation._replace(targets=scale.apply(validation.targets))
        rows = self.rows._replace(targets=scale.apply(self.rows.targets))
        return self.replace(rows=rows, validation=validation, in_units_of_y=self)

    def learn_scales(
        self, state: TrainingState, y_scale: str | None
    ) -> tuple[InputScale | None, TargetScale | None]:
        """Return the scales of inputs and targets, from the training rows; None for one that is not learned."""
        rows, order = self.rows, state.order
        inputs = targets = None
        if self.scale_to_learn is not None:
            inputs = learned_scale(self.scale_to_learn, rows.X, rows.weight, order)
        if y_scale is not None:
            targets = learned_target_scale(
                y_scale, rows.targets, rows.weight, order, state.params.dtype
            )
        return inputs, targets

    def require_weights(self, dtype: np.dtype[Any]) -> None:
        """Raise ValueError unless a network of this dtype can use the weights of all rows."""
        require_normal(self.rows.weight, dtype)
        if self.validation is not None:
            with naming_validation():
                require_normal(self.validation.weight, dtype)

    def first_error(
        self, error: NonFiniteInputError, dtype: np.dtype[Any], *, validation: bool = False
    ) -> NonFiniteInputError:
        """Return the error for the first non-finite input, to raise instead of the core's."""
        if validation and self.validation is not None:
            return first_non_finite_error(
                error, self.validation.X, self.input_scale, dtype, self.names, "X_val"
            )
        return first_non_finite_error(error, self.rows.X, self.input_scale, dtype, self.names)

    def sampled_targets(self) -> tuple[NDArray[Any], NDArray[np.float64] | None] | None:
        """Return targets of all parts of a source, and their weights; None if these data have all targets anyway."""
        return None

    # The order of an epoch

    def begin(self, state: TrainingState) -> None:
        """Begin a training with a state, whose validation rows and scales are known."""
        held_out = state.held_out_rows
        self.n_rows = self.rows.n_rows - (0 if held_out is None else len(held_out))

    @property
    def shuffles_order(self) -> bool:
        """Whether each epoch shuffles the order of the rows, in the state."""
        return self.shuffle

    def holds_out(self, options: TrainingOptions) -> bool:
        """Whether the training draws its validation rows."""
        return self.split is None and options.early_stopping and self.validation is None

    def first_order(
        self, n_rows: int, options: TrainingOptions, rng: Any
    ) -> tuple[NDArray[np.int64] | None, NDArray[np.int64] | None]:
        """Return the training rows in the order before the first shuffle, and the held-out rows, of `n_rows` rows.

        None for all training rows in their order; None without held-out rows.
        """
        if not self.holds_out(options):
            return self.split or (None, None)
        order, held_out = drawn_split(self, n_rows, options, rng)
        if options.shuffle == "blocks":
            order.sort()
        return order, held_out

    def draw_order_again(self, state: TrainingState, options: TrainingOptions) -> None:
        """Give a stored state the order of its epoch again; Ctrl-C ends this, and the state stays as it was."""
        assert state.generator_before_order is not None and state.n_rows is not None
        rng = state.generator_before_order.copy()
        order, _ = self.first_order(state.n_rows, options, rng)
        if self.shuffles_order:
            order = np.arange(self.n_rows) if order is None else order
            for _ in range(state.epoch + (state.batch is not None)):
                safe_point()
                rng.shuffle(order)
        state.order = order

    def start_epoch(self, state: TrainingState) -> None:
        """Shuffle the rows: a later epoch the order of the one before, in place, which takes no further memory."""
        order, generator = state.order, state.generator
        if not self.shuffle:
            state.batch = 0
        elif order is not None and isinstance(generator, _core.Random):
            generator.shuffle(order)
            state.batch = 0
        else:
            if order is None:
                state.keep_generator()
            state.draw_and_assign(
                lambda rng: {"order": shuffled(order, self.n_rows, rng), "batch": 0}
            )

    def segments(
        self, state: TrainingState, batch_size: int, first: int, end_batch: int | None
    ) -> Segments:
        """Yield the rows of batches, in segments of about a million rows."""
        stop = self._end_of_batches(end_batch, batch_size)
        start = first * batch_size
        if start == 0 and stop == self.n_rows and state.order is None:
            yield self._segment(None, True)
            return
        step = max(1, _ROWS_AT_A_TIME // batch_size) * batch_size
        for begin in range(start, stop, step):
            end = min(begin + step, stop)
            order = np.arange(begin, end) if state.order is None else state.order[begin:end]
            yield self._segment(order, end == self.n_rows)

    def core_continues(self, state: TrainingState) -> bool:
        """Return True if all rows are one segment, unless a generator of NumPy shuffles them."""
        return self.n_rows <= _ROWS_AT_A_TIME and (
            not self.shuffle or isinstance(state.generator, _core.Random)
        )

    def _segment(self, order: NDArray[np.int64] | None, is_last: bool) -> Segment:
        return Segment(self.rows, order, is_last)

    def _end_of_batches(self, end_batch: int | None, batch_size: int) -> int:
        """Return the number of rows of the batches before `end_batch` (None for all)."""
        if end_batch is None:
            return self.n_rows
        return min(end_batch * batch_size, self.n_rows)


def cut(
    segments: Iterator[Segment], batch_size: int, first: int, intervals: Collection[int]
) -> Iterator[Segment]:
    """Yield segments, cut after each multiple of one of the `intervals`: numbers of batches.

    `first` batches of the epoch are done.
    """
    if not intervals:
        yield from segments
        return
    for segment in segments:
        batch, n_batches = 0, segment.n_batches(batch_size)
        while batch < n_batches:
            end = min(
                n_batches,
                *((1 + (first + batch) // interval) * interval - first for interval in intervals),
            )
            if end - batch == n_batches:
                yield segment
            else:
                yield segment.part(batch * batch_size, end * batch_size)
            batch = end
        first += n_batches


class _PartByPart(Data):
    """Data whose order is drawn part by part, from a seed for each epoch."""

    @property
    def shuffles_order(self) -> bool:
        """Return False: the order in the state is that of all epochs."""
        return False

    def start_epoch(self, state: TrainingState) -> None:
        """Draw the seed of an epoch, if it is shuffled, and begin with its first batch; Ctrl-C waits meanwhile."""
        if self.shuffle:
            state.draw_and_assign(lambda rng: {"shuffle_seed": draw_seed(rng), "batch": 0})
        else:
            state.batch = 0

    def core_continues(self, state: TrainingState) -> bool:
        """Return False: each epoch has an order of its own."""
        return False


@dataclass(eq=False)
class BlockShuffledData(_PartByPart):
    """Rows in memory that are shuffled by blocks: the order of the blocks, and the rows of `WINDOW` blocks together.

    A file is so read in stretches of `block_size` rows (the last one may be shorter), and only the order of one window
    is held. If there are validation rows, the blocks are those of the sorted training rows.
    """

    block_size: int = 1024

    def segments(
        self, state: TrainingState, batch_size: int, first: int, end_batch: int | None
    ) -> Segments:
        """Yield the batches of one window after the other; rows of an incomplete batch wait for the next window."""
        stop = self._end_of_batches(end_batch, batch_size)
        start, end, waiting = first * batch_size, 0, np.empty(0, np.int64)
        for rows in self._windows(state):
            begin, end = end, end + len(rows)
            waiting = np.concatenate([waiting, rows[max(start - begin, 0) : stop - begin]])
            n_ready = len(waiting) if end >= stop else len(waiting) // batch_size * batch_size
            ready, waiting = waiting[:n_ready], waiting[n_ready:]
            if n_ready:
                order = ready if state.order is None else state.order[ready]
                yield self._segment(order, end >= stop == self.n_rows)
            if end >= stop:
                return

    def _windows(self, state: TrainingState) -> Iterator[NDArray[np.int64]]:
        """Yield the shuffled positions of each window."""
        size = self.block_size
        blocks = seeded(state.shuffle_seed, 0).permutation(-(-self.n_rows // size))
        for window, begin in enumerate(range(0, len(blocks), WINDOW), 1):
            starts = (blocks[begin : begin + WINDOW] * size).tolist()
            rows = np.concatenate([np.arange(row, min(row + size, self.n_rows)) for row in starts])
            yield seeded(state.shuffle_seed, window).permutation(rows)


@dataclass(eq=False)
class ShardData(_PartByPart):
    """Rows in memory that are divided into shards: each batch has the same number of rows of every shard, in order.

    Each shard is shuffled alone, so that its order depends on no other one. An epoch ends with the last full batch; the
    other rows are not used in this epoch.
    """

    batch_size: int = 0

    def begin(self, state: TrainingState) -> None:
        """Count the rows of full batches."""
        self._sizes = self.shards or ()
        self._share = self.batch_size // len(self._sizes)  # rows of a shard in a batch
        self._n_batches = min(self._sizes) // self._share
        self.n_rows = self._n_batches * self.batch_size

    def segments(
        self, state: TrainingState, batch_size: int, first: int, end_batch: int | None
    ) -> Segments:
        """Yield the rows of batches, in segments of about a million rows."""
        stop = self._n_batches if end_batch is None else min(end_batch, self._n_batches)
        orders, has_weight, share = self._orders(state), first > 0, self._share
        step = max(1, _ROWS_AT_A_TIME // batch_size)
        for begin in range(first, stop, step):
            end = min(begin + step, stop)
            rows = np.empty((end - begin, len(orders), share), np.int64)
            for shard, order in enumerate(orders):
                rows[:, shard] = order[begin * share : end * share].reshape(-1, share)
            segment = self._segment(rows.ravel(), end == self._n_batches)
            has_weight = has_weight or segment.has_weight
            yield segment
        if not has_weight:
            raise ValueError(
                f"The sample weights of all rows of epoch {state.epoch + 1} are zero; an epoch "
                "does not use the rows of a shard beyond the last full batch."
            )

    def _orders(self, state: TrainingState) -> list[NDArray[np.int64]]:
        """Return the shuffled rows of each shard."""
        starts = np.cumsum((0, *self._sizes))
        return [
            starts[i] + seeded(state.shuffle_seed, i).permutation(size)
            for i, size in enumerate(self._sizes)
        ]


def data_in_memory(rows: EncodedRows, options: TrainingOptions, **facts: Any) -> Data:
    """Return the data of rows in memory: of shards, or for the parameter `shuffle`."""
    if facts.get("shards") is not None:
        return ShardData(rows, batch_size=options.full_batch_size, **facts)
    if options.shuffle == "blocks":
        return BlockShuffledData(rows, block_size=options.block_size, **facts)
    return Data(rows, shuffle=bool(options.shuffle), **facts)


def seeded(seed: int, index: int) -> _core.Random:
    """Return the random generator of a part of an epoch: each index has another one."""
    return _core.Random((seed + 0x9E3779B9 * index) % 2**32)


# ------------------------------------------------- rows of an epoch that arrive in blocks: batches run on across blocks


_MOST_SAMPLED = 256  # blocks of which targets are sampled


class _Batcher:
    """Cuts the blocks of an epoch into segments of whole batches, from the batch `first` on.

    Batches run on across blocks. At least one row waits until the next block is there, so that the last
    segment is known to be the last.
    """

    def __init__(self, state: TrainingState, batch_size: int, first: int, shuffle: bool) -> None:
        self._state = state
        self._batch_size = batch_size
        self._first_row = first * batch_size
        self._shuffle = shuffle
        self.n_rows = 0  # of the blocks so far
        # Copies of rows that wait for the rest of their batch, and the places in their block.
        self._waiting: list[tuple[EncodedRows, NDArray[np.int64]]] = []
        # Of the rows of the latest segment.
        self._origin: tuple[NDArray[np.int64], NDArray[np.int64]] | int = 0

    def add(self, block: EncodedRows) -> Iterator[Segment]:
        """Yield the segments that are complete with a block: a batch that waits for rows, and batches of this block."""
        size, start, n_rows = self._batch_size, self.n_rows, block.n_rows
        self.n_rows += n_rows
        if max(start, self._first_row) >= self.n_rows:  # no row is to be used
            return
        rows = np.arange(n_rows)
        if self._shuffle:
            rows = seeded(self._state.shuffle_seed, block.number).permutation(n_rows)
        rows = rows[max(self._first_row - start, 0) :]
        missing = -start % size  # rows of the batch that waits
        if self._waiting and missing < len(rows):
            self._wait(block, rows[:missing])
            yield self._joined(start + missing, False)
            rows = rows[missing:]
        n_ready = (len(rows) - 1) // size * size
        if n_ready and not self._waiting:
            self._origin = block.number
            targets = scaled_targets(block.targets, self._state)
            yield Segment(block._replace(targets=targets), rows[:n_ready], False, start)
            rows = rows[n_ready:]
        self._wait(block, rows)

    def rest(self) -> Iterator[Segment]:
        """Yield the last segment of the epoch, unless no rows are to be used."""
        if self._waiting:
            yield self._joined(self.n_rows, True)

    def place(self, row: int) -> tuple[int, int]:
        """Return the block of a row of the latest segment, and the row in this block."""
        if isinstance(self._origin, int):
            return self._origin, row
        blocks, rows = self._origin
        return int(blocks[row]), int(rows[row])

    def _wait(self, block: EncodedRows, rows: NDArray[np.int64]) -> None:
        self._waiting.append((block.take(rows), rows))

    def _joined(self, end: int, is_last: bool) -> Segment:
        """Return the batch of the waiting rows, which ends before the row `end` of the source."""
        parts, places = zip(*self._waiting, strict=True)
        self._waiting.clear()
        blocks = np.repeat([part.number for part in parts], [part.n_rows for part in parts])
        self._origin = blocks, np.concatenate(places)
        rows = EncodedRows.joined(parts)
        rows = rows._replace(targets=scaled_targets(rows.targets, self._state))
        return Segment(rows, None, is_last, end - rows.n_rows)


@dataclass(eq=False)
class StreamData(_PartByPart):
    """Rows that a source yields in blocks, once per epoch; `rows` are those of the first block.

    Without shuffling, the batches are those of the concatenated blocks. Otherwise the rows of each block are shuffled;
    the source decides about the order of the blocks. The number of rows of a pass is 0 if it is not known. `end_pass`
    is called after each complete pass.
    """

    open_reader: Callable[[], Reader[EncodedRows]] = field(kw_only=True)
    end_pass: Callable[[], None] = field(kw_only=True)

    is_whole: ClassVar[bool] = False

    @property
    def n_all_rows(self) -> int:
        """Number of rows of a pass; 0 if it is not known."""
        return self.n_rows

    def __post_init__(self) -> None:
        # Targets and weights, of one pass.
        self._sampled: list[tuple[NDArray[Any], NDArray[np.float64]]] = []
        self._every: int | None = 1  # of how many blocks one is sampled; None after the pass

    def begin(self, state: TrainingState) -> None:
        """Begin with the number of rows that the source has counted."""

    def segments(
        self, state: TrainingState, batch_size: int, first: int, end_batch: int | None
    ) -> Segments:
        """Yield the batches from `first` to the end of the source, in segments of at most one block."""
        assert end_batch is None
        reader = self.open_reader()
        self._batcher = batcher = _Batcher(state, batch_size, first, self.shuffle)
        try:
            for block in reader:
                self._sample(block)
                if (
                    0 < self.n_rows < batcher.n_rows + block.n_rows
                ):  # learning rates are planned for that number
                    raise ValueError(
                        f"source yielded more rows in epoch {state.epoch + 1} than the "
                        f"{self.n_rows} that were expected."
                    )
                yield from batcher.add(block)
                del block
            self._count(batcher.n_rows, f" in epoch {state.epoch + 1}")
            self.end_pass()
            state.n_rows = batcher.n_rows
            self._every = None
            yield from batcher.rest()
        finally:
            reader.close()

    def _sample(self, block: EncodedRows) -> None:
        """Keep some targets of a block, while the first pass is read: of all blocks, or of each second, fourth, ..."""
        if self._every is None or block.number % self._every or not block.n_rows:
            return
        rows = sample(block.n_rows)
        targets = block.targets[rows]
        weight = np.ones(len(targets)) if block.weight is None else block.weight[rows]
        self._sampled.append((targets.copy(), weight * (block.n_rows / len(targets))))
        if len(self._sampled) == _MOST_SAMPLED:
            self._sampled, self._every = self._sampled[::2], 2 * self._every

    def sampled_targets(self) -> tuple[NDArray[Any], NDArray[np.float64]] | None:
        """Return some targets of all blocks, with weights that count the rows for which they stand."""
        if self._every is not None:  # no pass is complete
            return None
        targets, weight = (np.concatenate(parts) for parts in zip(*self._sampled, strict=True))
        return targets, weight

    def _count(self, n_rows: int, when: str) -> None:
        """Store the number of rows of a pass; raises ValueError if it differs from that of the first pass."""
        if not n_rows or self.n_rows not in (0, n_rows):
            expected = f", but {self.n_rows} were expected" if self.n_rows else ""
            hint = "" if n_rows else " A function must return a new iterator at each call."
            raise ValueError(f"source yielded {n_rows} rows{when}{expected}.{hint}")
        self.n_rows = n_rows

    def first_error(
        self, error: NonFiniteInputError, dtype: np.dtype[Any], *, validation: bool = False
    ) -> NonFiniteInputError:
        """Return the error with the block, and the row in the block."""
        if validation:
            return super().first_error(error, dtype, validation=True)
        block, row = self._batcher.place(error.row)
        name = name_of_column(self.names, error.column)
        return NonFiniteInputError(error.found, row, error.column, column_name=name, block=block)

    def learn_scales(
        self, state: TrainingState, y_scale: str | None
    ) -> tuple[InputScale | None, TargetScale | None]:
        """Return the scales of inputs and targets, from a pass over the source, which also counts its rows."""
        if self.scale_to_learn is None and y_scale is None:
            return None, None
        inputs, targets = self._moments()
        state.n_rows = self.n_rows
        input_scale = target_scale = None
        if self.scale_to_learn is not None:
            is_sparse = isinstance(self.rows.X, CSR)
            input_scale = scale_of_moments(self.scale_to_learn, inputs, is_sparse)
        if y_scale is not None:
            target_scale = standard_scale(targets, state.params.dtype)
        return input_scale, target_scale

    def _moments(self) -> tuple[Moments, Moments]:
        """Return the moments of inputs and targets of all rows."""
        inputs, targets, n_rows = Moments(), Moments(), 0
        reader = self.open_reader()
        try:
            for block in reader:
                add_block(inputs, targets, block)
                n_rows += block.n_rows
        finally:
            reader.close()
        self._count(n_rows, "")
        self.end_pass()
        return inputs, targets


def add_block(inputs: Moments, targets: Moments, block: EncodedRows) -> None:
    """Add the rows of a block, which may have none, to the moments of inputs and targets."""
    y = block.targets
    inputs.add(block.X, block.weight)
    targets.add(y[:, np.newaxis] if y.ndim == 1 else y, block.weight)


def scaled_targets(targets: NDArray[Any], state: TrainingState) -> NDArray[Any]:
    """Return the targets as training sees them."""
    if state.target_scale is None:
        return targets
    return state.target_scale.apply(targets)
