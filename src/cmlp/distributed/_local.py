"""Rows of which every process has a part: what the processes tell each other before they train together."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.arrays import CSR, StoredRows
from cmlp._data.checks import Door, Opened, as_numbers
from cmlp._data.checksums import BLOCK, RowHash, leaf
from cmlp._data.labels import distinct, kind_of_labels
from cmlp._estimators.sources import Arrays
from cmlp._train.split import sizes_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmlp._train.split import Shards
    from cmlp.distributed._workers import Workers


_KINDS = {"O": "text", "U": "text", "M": "dates", "m": "durations"}  # of labels, by the kind of dtype; else numbers


class StoredArrays(Arrays):
    """The rows of all processes, of which only those of this process are in its memory.

    The processes exchange the targets and weights. `source` and the argument `shards` (None for one) are those of this
    process, the attribute `shards` has the sizes of all. Raises ValueError on every worker if the rows do not fit
    together.
    """

    def __init__(self, source: Arrays, door: Door, shards: Shards | None, workers: Workers) -> None:
        self.given, self._workers = source.given, workers
        (rows, y, weight), sizes = workers.together(partial(_part, source, door, shards))
        X, auto_dtype, names = rows
        workers.compare(
            {
                "number of features": str(X.shape[1]),
                "dtype of X": f"{X.dtype} ({auto_dtype})",
                "feature names": "None" if names is None else str(names.tolist()),
                "kind of labels in y": _KINDS.get(y.dtype.kind, "numbers"),
                "number of outputs in y": str(y.shape[1:]),
                "kind of sample_weight": "None" if weight is None else "one per row",
                "number of shards": str(len(sizes)),
            }
        )
        targets = _gather_targets(y, workers)
        weights = None if weight is None else np.concatenate(workers.gather_array(weight))
        self.shards = tuple(np.concatenate(workers.gather_array(np.array(sizes, np.int64))).tolist())
        if workers.size > 1:
            X = StoredRows(X, sum(map(len, targets[: workers.rank])), sum(map(len, targets)))
        self._opened = Opened(rows._replace(X=X), np.concatenate(targets), weights)

    def open(self, door: Door) -> Opened:
        """Return the rows, the targets and the weights of all processes."""
        opened = door.let_in(self._opened)
        if opened.weight is not None and not opened.weight.any():
            raise ValueError("Sample weights must contain at least one non-zero number.")
        return opened

    def add_to_hash(self, hashed: RowHash, array: Any) -> None:
        """Add an array of the rows of all processes."""
        if isinstance(array, StoredRows):
            _add_stored(hashed, array, self._workers)
        else:
            hashed.add(array)


def _add_stored(hashed: RowHash, rows: StoredRows, workers: Workers) -> None:
    """Add the rows of all workers: each computes the hashes of the blocks that begin with one of its rows."""
    stored = rows.stored
    head = min(len(stored), -rows.first % BLOCK)  # they belong to a block of a worker before
    following = workers.gather_array(stored[:head])[workers.rank + 1 :]
    own, found = stored[head:], b""
    for begin in range(0, len(own), BLOCK):
        block = own[begin : begin + BLOCK]
        if len(block) < BLOCK:
            block = np.concatenate([block, *following])[:BLOCK]
        found += leaf(block, hashed.single)
    leaves = workers.gather_array(np.frombuffer(found, np.uint8))
    hashed.add_leaves(b"".join(part.tobytes() for part in leaves), rows.shape)


def _part(source: Arrays, door: Door, shards: Shards | None) -> tuple[Opened, tuple[int, ...]]:
    """Return the rows of one process, and the sizes of its shards."""
    X, y, weight = source.given
    rows = door.rows(X)
    if isinstance(rows.X, CSR):
        raise ValueError("local=True needs dense rows, got a sparse X.")
    opened = door._replace(partial=True).targets(rows, y, weight)
    n_rows = len(opened.y)
    if door.labels:
        kind_of_labels(opened.y)
    else:
        opened = opened._replace(y=as_numbers(opened.y))
    return opened, sizes_of((n_rows,) if shards is None else shards, n_rows)


def _gather_targets(targets: NDArray[Any], workers: Workers) -> list[NDArray[Any]]:
    """Return the targets of all workers, by rank; of texts, the workers exchange the distinct ones and their indices.

    An array of a fixed width would have the width of the longest text in every row, and drop NUL characters at its end.
    """
    if targets.dtype.kind not in "OU":
        return workers.gather_array(targets)
    import json  # few programs need it

    texts, indices = distinct(targets)
    sent = workers.gather(json.dumps([targets.dtype.kind, texts.tolist()], ensure_ascii=False))
    whole = (np.array(texts, kind) for kind, texts in map(json.loads, sent))
    return [texts[index] for texts, index in zip(whole, workers.gather_array(indices), strict=True)]
