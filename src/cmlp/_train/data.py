"""The rows of a training run, and those of an epoch in the segments that the core gets.

The positions of rows in memory come from the `Order`. Rows that arrive in blocks are joined to whole batches across
blocks.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, TypeAlias

import numpy as np

from cmlp._data.arrays import CSR
from cmlp._data.checks import first_non_finite_error, name_of_column
from cmlp._data.encoded_rows import EncodedRows
from cmlp._data.scale import InputScale, Moments, learned_scale, sample, scale_of_moments
from cmlp._data.weights import require_normal
from cmlp._train.objective import naming_validation
from cmlp._train.split import draw_split
from cmlp._train.target_scale import TargetScale, learned_target_scale, standard_scale
from cmlp.exceptions import NonFiniteInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterator

    from cmlp._data.array_types import AnyArray, NDArray
    from cmlp._data.passes import Reader
    from cmlp._parameters.options import TrainingOptions
    from cmlp._train.order import Order
    from cmlp._train.split import Split
    from cmlp._train.state import TrainingState

    Segments: TypeAlias = Generator["Segment", None, None]


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


@dataclass(frozen=True, eq=False)
class Data:
    """The rows of a training run, and the order in which an epoch reads them. Here all rows are in memory.

    `validation` are the user's own validation rows. `split` has the training and the validation rows, if training does
    not choose them. With standardized targets, `in_units_of_y` are the rows and the validation rows before.
    """

    rows: EncodedRows  # all, or if not `is_whole` some for messages
    order: Order
    names: AnyArray | None = None  # of the columns of a data frame
    input_scale: float | InputScale = 1.0
    scale_to_learn: str | None = None  # the name of one that is learned before training
    strata: AnyArray | None = None  # each row's stratum, for a stratified validation split
    classes: AnyArray | None = None  # the names of the strata, or of the targets
    validation: EncodedRows | None = None
    split: Split | None = None
    in_units_of_y: tuple[EncodedRows, EncodedRows | None] | None = None

    is_whole: ClassVar[bool] = True

    @property
    def n_all_rows(self) -> int:
        """Number of rows before some are held out; 0 if it is not known."""
        return self.rows.n_rows

    @property
    def rows_of_batches(self) -> EncodedRows:
        """The rows to which the positions of the order refer."""
        return self.rows

    def n_rows(self, state: TrainingState) -> int:
        """Return the number of training rows per epoch; 0 before the first pass over a source of unknown length."""
        held_out = state.held_out_index
        return self.order.n_used(self.n_all_rows - (0 if held_out is None else len(held_out)))

    def standardized(self, scale: TargetScale) -> Self:
        """Return the data with standardized targets, also of the validation rows."""
        rows, validation = self.rows, self.validation
        if validation is not None:
            validation = validation._replace(targets=scale.apply(validation.targets))
        return replace(
            self,
            rows=rows._replace(targets=scale.apply(rows.targets)),
            validation=validation,
            in_units_of_y=(rows, self.validation),
        )

    def learn_scales(
        self, state: TrainingState, y_scale: str | None
    ) -> tuple[InputScale | None, TargetScale | None]:
        """Return the scales of inputs and targets, from the training rows; None for one that is not learned."""
        rows, order, scale = self.rows, state.order, self.scale_to_learn
        inputs = targets = None
        if scale is not None:
            inputs = learned_scale(scale, rows.X, rows.weight, order)
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
        scale, names = self.input_scale, self.names
        if validation and self.validation is not None:
            return first_non_finite_error(error, self.validation.X, scale, dtype, names, "X_val")
        return first_non_finite_error(error, self.rows.X, scale, dtype, names)

    def sampled_targets(self) -> tuple[AnyArray, NDArray[np.float64] | None] | None:
        """Return targets of all parts of a source, and their weights; None if these data have all targets anyway."""
        return None

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
        order, held_out = draw_split(
            n_rows, self.rows.weight, self.strata, self.classes, options, rng
        )
        if options.shuffle == "blocks":
            order.sort()
        return order, held_out

    def draw_order_again(self, state: TrainingState, options: TrainingOptions) -> None:
        """Give a stored state the order of its epoch again."""
        assert state.generator_before_order is not None and state.n_rows is not None
        rng = state.generator_before_order.copy()
        order, _ = self.first_order(state.n_rows, options, rng)
        n_epochs = state.epoch + (state.batch is not None)
        state.order = self.order.after(n_epochs, order, self.n_rows(state), rng)

    def segments(
        self, state: TrainingState, n_rows: int, batch_size: int, first: int, end_batch: int | None
    ) -> Segments:
        """Yield the rows of batches of an epoch with `n_rows` rows, in segments."""
        rows, has_weight = self.rows_of_batches, first > 0 or self.order.shards is None
        for order, is_last in self.order.positions(state, n_rows, batch_size, first, end_batch):
            segment = Segment(rows, order, is_last)
            has_weight = has_weight or segment.has_weight
            yield segment
        if not has_weight:
            raise ValueError(
                f"The sample weights of all rows of epoch {state.epoch + 1} are zero; an epoch "
                "does not use the rows of a shard beyond the last full batch."
            )


def cut(
    segments: Iterator[Segment], batch_size: int, first: int, intervals: Collection[int]
) -> Iterator[Segment]:
    """Yield segments, cut after each multiple of one of the `intervals`: numbers of batches, at least one.

    `first` batches of the epoch are done.
    """
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


# ------------------------------------------------- rows of an epoch that arrive in blocks: batches run on across blocks


_MOST_SAMPLED = 256  # blocks of which targets are sampled


class _Batcher:
    """Cuts the blocks of an epoch into segments of whole batches, from the batch `first` on.

    Batches run on across blocks. At least one row waits until the next block is there, so that the last
    segment is known to be the last.
    """

    def __init__(self, state: TrainingState, batch_size: int, first: int, order: Order) -> None:
        self._state = state
        self._batch_size = batch_size
        self._first_row = first * batch_size
        self._order = order
        self.n_rows = 0  # of the blocks so far
        # Copies of rows that wait for the rest of their batch, and their positions in their block.
        self._waiting: list[tuple[EncodedRows, NDArray[np.int64]]] = []
        # Of the rows of the latest segment.
        self._origin: tuple[NDArray[np.int64], NDArray[np.int64]] | int = 0

    def add(self, block: EncodedRows) -> Iterator[Segment]:
        """Yield the segments that are complete with a block: a batch that waits for rows, and batches of this block."""
        size, start, n_rows = self._batch_size, self.n_rows, block.n_rows
        self.n_rows += n_rows
        if max(start, self._first_row) >= self.n_rows:  # no row is to be used
            return
        row_index = self._order.part(self._state, block.number, n_rows)
        row_index = row_index[max(self._first_row - start, 0) :]
        missing = -start % size  # rows of the batch that waits
        if self._waiting and missing < len(row_index):
            self._wait(block, row_index[:missing])
            yield self._joined(start + missing, False)
            row_index = row_index[missing:]
        n_ready = (len(row_index) - 1) // size * size
        if n_ready and not self._waiting:
            self._origin = block.number
            targets = scaled_targets(block.targets, self._state)
            yield Segment(block._replace(targets=targets), row_index[:n_ready], False, start)
            row_index = row_index[n_ready:]
        self._wait(block, row_index)

    def rest(self) -> Iterator[Segment]:
        """Yield the last segment of the epoch, unless no rows are to be used."""
        if self._waiting:
            yield self._joined(self.n_rows, True)

    def place(self, row: int) -> tuple[int, int]:
        """Return the block of a row of the latest segment, and the row in this block."""
        if isinstance(self._origin, int):
            return self._origin, row
        blocks, row_index = self._origin
        return int(blocks[row]), int(row_index[row])

    def _wait(self, block: EncodedRows, row_index: NDArray[np.int64]) -> None:
        self._waiting.append((block.take(row_index), row_index))

    def _joined(self, end: int, is_last: bool) -> Segment:
        """Return the batch of the waiting rows, which ends before the row `end` of the source."""
        parts, positions = zip(*self._waiting, strict=True)
        self._waiting.clear()
        blocks = np.repeat([part.number for part in parts], [part.n_rows for part in parts])
        self._origin = blocks, np.concatenate(positions)
        rows = EncodedRows.joined(parts)
        rows = rows._replace(targets=scaled_targets(rows.targets, self._state))
        return Segment(rows, None, is_last, end - rows.n_rows)


class Blocks:
    """The blocks of a source, and what the passes over them have found of its rows so far.

    `end_pass` is called after each complete pass.
    """

    def __init__(
        self, n_rows: int, open: Callable[[], Reader[EncodedRows]], end_pass: Callable[[], None]
    ) -> None:
        self.n_rows = n_rows  # of a pass; 0 if it is not known
        self.open, self._end_pass = open, end_pass
        self.batcher: _Batcher | None = None  # of the latest pass that trains
        self._sampled: list[tuple[AnyArray, NDArray[np.float64]]] = []  # targets and weights
        self._every = 1  # of how many blocks one is sampled
        self._is_sampled = False  # whether a pass that trains is complete

    def sample(self, block: EncodedRows) -> None:
        """Keep some targets of a block, while the first pass is read: of all blocks, or of each second, fourth, ..."""
        if self._is_sampled or block.number % self._every or not block.n_rows:
            return
        row_index = sample(block.n_rows)
        targets = block.targets[row_index]
        weight = np.ones(len(targets)) if block.weight is None else block.weight[row_index]
        self._sampled.append((targets.copy(), weight * (block.n_rows / len(targets))))
        if len(self._sampled) == _MOST_SAMPLED:
            self._sampled, self._every = self._sampled[::2], 2 * self._every

    def sampled_targets(self) -> tuple[AnyArray, NDArray[np.float64]] | None:
        """Return some targets of all blocks, with weights that count the rows for which they stand."""
        if not self._is_sampled:
            return None
        targets, weight = (np.concatenate(parts) for parts in zip(*self._sampled, strict=True))
        return targets, weight

    def end(self, n_rows: int, when: str = "") -> None:
        """End a pass with its number of rows; raises ValueError if it differs from that of the first pass."""
        if not n_rows or self.n_rows not in (0, n_rows):
            expected = f", but {self.n_rows} were expected" if self.n_rows else ""
            hint = "" if n_rows else " A function must return a new iterator at each call."
            raise ValueError(f"source yielded {n_rows} rows{when}{expected}.{hint}")
        self.n_rows = n_rows
        self._is_sampled = bool(self._sampled)
        self._end_pass()


@dataclass(frozen=True, eq=False)
class StreamData(Data):
    """Rows that a source yields in blocks, once per epoch; `rows` are those of the first block.

    Without shuffling, the batches are those of the concatenated blocks. Otherwise the rows of each block are shuffled;
    the source decides about the order of the blocks.
    """

    blocks: Blocks = field(kw_only=True)

    is_whole: ClassVar[bool] = False

    @property
    def n_all_rows(self) -> int:
        """Number of rows of a pass; 0 if it is not known."""
        return self.blocks.n_rows

    def segments(
        self, state: TrainingState, n_rows: int, batch_size: int, first: int, end_batch: int | None
    ) -> Segments:
        """Yield the batches from `first` to the end of the source, in segments of at most one block."""
        assert end_batch is None
        blocks, reader = self.blocks, self.blocks.open()
        blocks.batcher = batcher = _Batcher(state, batch_size, first, self.order)
        try:
            for block in reader:
                blocks.sample(block)
                if 0 < n_rows < batcher.n_rows + block.n_rows:
                    # Learning rates are planned for that number.
                    raise ValueError(
                        f"source yielded more rows in epoch {state.epoch + 1} than the "
                        f"{n_rows} that were expected."
                    )
                yield from batcher.add(block)
                del block
            blocks.end(batcher.n_rows, f" in epoch {state.epoch + 1}")
            state.n_rows = batcher.n_rows
            yield from batcher.rest()
        finally:
            reader.close()

    def sampled_targets(self) -> tuple[AnyArray, NDArray[np.float64]] | None:
        """Return some targets of all blocks, and their weights; None before the end of the first pass."""
        return self.blocks.sampled_targets()

    def first_error(
        self, error: NonFiniteInputError, dtype: np.dtype[Any], *, validation: bool = False
    ) -> NonFiniteInputError:
        """Return the error with the block, and the row in the block."""
        if validation:
            return super().first_error(error, dtype, validation=True)
        assert self.blocks.batcher is not None
        block, row = self.blocks.batcher.place(error.row)
        name = name_of_column(self.names, error.column)
        return NonFiniteInputError(error.found, row, error.column, column_name=name, block=block)

    def learn_scales(
        self, state: TrainingState, y_scale: str | None
    ) -> tuple[InputScale | None, TargetScale | None]:
        """Return the scales of inputs and targets, from a pass over the source, which also counts its rows."""
        scale = self.scale_to_learn
        if scale is None and y_scale is None:
            return None, None
        inputs, targets = self._moments()
        state.n_rows = self.n_all_rows
        input_scale = target_scale = None
        if scale is not None:
            input_scale = scale_of_moments(scale, inputs, isinstance(self.rows.X, CSR))
        if y_scale is not None:
            target_scale = standard_scale(targets, state.params.dtype)
        return input_scale, target_scale

    def _moments(self) -> tuple[Moments, Moments]:
        """Return the moments of inputs and targets of all rows."""
        inputs, targets, n_rows = Moments(), Moments(), 0
        reader = self.blocks.open()
        try:
            for block in reader:
                add_block(inputs, targets, block)
                n_rows += block.n_rows
        finally:
            reader.close()
        self.blocks.end(n_rows)
        return inputs, targets


def add_block(inputs: Moments, targets: Moments, block: EncodedRows) -> None:
    """Add the rows of a block, which may have none, to the moments of inputs and targets."""
    y = block.targets
    inputs.add(block.X, block.weight)
    targets.add(y[:, np.newaxis] if y.ndim == 1 else y, block.weight)


def scaled_targets(targets: AnyArray, state: TrainingState) -> AnyArray:
    """Return the targets as training sees them."""
    if state.target_scale is None:
        return targets
    return state.target_scale.apply(targets)
