"""Rows of an epoch that arrive in blocks: batches run on across blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._data.scale import Moments, sample
from cmlp._data.sparse import CSR, stacked, taken
from cmlp._train.feed import Feed, Piece, seeded
from cmlp.exceptions import NonFiniteInputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from cmlp._data.passes import Reader
    from cmlp._train.feed import Pieces
    from cmlp._train.state import TrainingState


_MOST_SAMPLED = 256  # blocks of which targets are sampled


class Block(NamedTuple):
    """Converted rows of one block; `number` counts the blocks of a pass."""

    X: NDArray[Any] | CSR
    targets: NDArray[Any]
    weight: NDArray[np.float64] | None
    number: int


class _Rows(NamedTuple):
    """Copied rows that wait for the rest of their batch, with the block and the row from which each of them comes."""

    X: NDArray[Any] | CSR
    targets: NDArray[Any]
    weight: NDArray[np.float64] | None
    blocks: NDArray[np.int64]
    rows: NDArray[np.int64]


class StreamFeed(Feed):
    """Rows that a source yields in blocks, once per epoch; `names` are those of the columns, for messages.

    Without shuffling, the batches are those of the concatenated blocks. Otherwise the rows of each block are shuffled;
    the source decides about the order of the blocks. The number of rows of a pass is 0 if it is not known.
    """

    def __init__(
        self, open_reader: Callable[[], Reader[Block]], n_rows: int, shuffle: bool, names: NDArray[Any] | None = None
    ) -> None:
        self._open_reader, self.n_rows, self.shuffle, self._names = open_reader, n_rows, shuffle, names
        self._origin: tuple[NDArray[np.int64], NDArray[np.int64]] | int = 0  # of the rows of the latest piece
        self._sampled: list[tuple[NDArray[Any], NDArray[np.float64]]] = []  # targets and weights, of one pass
        self._every: int | None = 1  # of how many blocks one is sampled; None after the pass

    def pieces(self, state: TrainingState, batch_size: int, first: int, last: int | None) -> Pieces:
        """Yield the batches from `first` to the end of the source, in pieces of at most one block.

        At least one row waits until the next block is there, so that the last piece is known to be the last.
        """
        assert last is None
        reader, n_rows = self._open_reader(), 0
        waiting: list[_Rows] = []
        n_waiting = 0
        try:
            for block in reader:
                self._sample(block)
                begin = max(first * batch_size - n_rows, 0)
                order = seeded(state.shuffle_seed, block.number).permutation(len(block.X)) if self.shuffle else None
                start, n_rows = n_rows, n_rows + len(block.X)
                if 0 < self.n_rows < n_rows:  # learning rates are planned for that number
                    raise ValueError(
                        f"source yielded more rows in epoch {state.epoch + 1} than the {self.n_rows} that "
                        "were expected."
                    )
                end = len(block.X)
                if begin >= end:
                    continue
                if n_waiting and n_waiting + end - begin > batch_size:
                    middle = begin + batch_size - n_waiting
                    waiting.append(_copied(block, order, begin, middle))
                    yield self._joined(waiting, state, start + middle, False)
                    begin, waiting, n_waiting = middle, [], 0
                whole = begin + max(0, end - begin - 1) // batch_size * batch_size if not n_waiting else begin
                if whole > begin:
                    yield self._in_place(block, state, order, begin, whole, start)
                waiting.append(_copied(block, order, whole, end))
                n_waiting += end - whole
                del block
            self._count(n_rows, f" in epoch {state.epoch + 1}")
            state.n_rows = n_rows
            self._every = None
            if n_waiting:
                yield self._joined(waiting, state, n_rows, True)
        finally:
            reader.close()

    def _sample(self, block: Block) -> None:
        """Keep some targets of a block, while the first pass is read: of all blocks, or of each second, fourth, ..."""
        if self._every is None or block.number % self._every or not len(block.X):
            return
        rows = sample(len(block.X))
        targets = block.targets[rows]
        weight = np.ones(len(targets)) if block.weight is None else block.weight[rows]
        self._sampled.append((targets.copy(), weight * (len(block.X) / len(targets))))
        if len(self._sampled) == _MOST_SAMPLED:
            self._sampled, self._every = self._sampled[::2], 2 * self._every

    def sampled_targets(self) -> tuple[NDArray[Any], NDArray[np.float64]] | None:
        """Return some targets of all blocks, with weights that count the rows for which they stand."""
        if self._every is not None:  # no pass is complete
            return None
        targets, weight = (np.concatenate(parts) for parts in zip(*self._sampled, strict=True))
        return targets, weight

    def _in_place(
        self, block: Block, state: TrainingState, order: NDArray[np.int64] | None, begin: int, end: int, start: int
    ) -> Piece:
        """Return whole batches of a block whose first row is the row `start` of the source."""
        self._origin = block.number
        used = order[begin:end] if order is not None else None if end - begin == len(block.X) else np.arange(begin, end)
        return Piece(block.X, scaled_targets(block.targets, state), block.weight, used, False, start)

    def _joined(self, parts: list[_Rows], state: TrainingState, end: int, is_last: bool) -> Piece:
        """Return the batch of waiting rows, which ends before the row `end` of the source."""
        X = stacked([part.X for part in parts])
        targets, blocks, rows = (np.concatenate([part[i] for part in parts]) for i in (1, 3, 4))
        weight = None if parts[0].weight is None else np.concatenate([part.weight for part in parts])
        self._origin = blocks, rows
        return Piece(X, scaled_targets(targets, state), weight, None, is_last, end - len(targets))

    def _count(self, n_rows: int, when: str) -> None:
        """Store the number of rows of a pass; raises ValueError if it differs from that of the first pass."""
        if not n_rows or self.n_rows not in (0, n_rows):
            expected = f", but {self.n_rows} were expected" if self.n_rows else ""
            hint = "" if n_rows else " A function must return a new iterator at each call."
            raise ValueError(f"source yielded {n_rows} rows{when}{expected}.{hint}")
        self.n_rows = n_rows

    def first_error(self, error: NonFiniteInputError, dtype: np.dtype[Any]) -> Exception:
        """Return the error with the block, and the row in the block."""
        origin, row, column = self._origin, error.row, error.column
        block = origin if isinstance(origin, int) else int(origin[0][row])
        row = row if isinstance(origin, int) else int(origin[1][row])
        shown = column if self._names is None else repr(str(self._names[column]))
        what = str(error).partition(" at row")[0]
        return NonFiniteInputError(f"{what} at row {row}, column {shown} of block {block}.", row, column)

    def moments(self) -> tuple[Moments, Moments]:
        """Return the moments of inputs and targets, from a pass over the source; it also counts the rows."""
        inputs, targets, n_rows = Moments(), Moments(), 0
        reader = self._open_reader()
        try:
            for block in reader:
                add_block(inputs, targets, block)
                n_rows += len(block.X)
        finally:
            reader.close()
        self._count(n_rows, "")
        return inputs, targets


def add_block(inputs: Moments, targets: Moments, block: Block) -> None:
    """Add the rows of a block, which may have none, to the moments of inputs and targets."""
    y = block.targets
    inputs.add(block.X, block.weight)
    targets.add(y[:, np.newaxis] if y.ndim == 1 else y, block.weight)


def _copied(block: Block, order: NDArray[np.int64] | None, begin: int, end: int) -> _Rows:
    rows = np.arange(begin, end) if order is None else order[begin:end]
    weight = None if block.weight is None else block.weight[rows]
    return _Rows(taken(block.X, rows), block.targets[rows], weight, np.full(len(rows), block.number), rows)


def scaled_targets(targets: NDArray[Any], state: TrainingState) -> NDArray[Any]:
    """Return the targets as training sees them."""
    return targets if state.target_scale is None else state.target_scale.apply(targets)
