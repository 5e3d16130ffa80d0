"""Rows of which each process has a part: `LocalArrays`, the source, and `LocalData`, its rows of an epoch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cmlp._data.arrays import CSR
from cmlp._data.checks import CheckedRows, InputChecks, as_numbers, named_column
from cmlp._data.checksums import BLOCK, RowHash, hash_of_array, leaf
from cmlp._data.encoded_rows import EncodedRows
from cmlp._data.labels import distinct, kind_of_labels
from cmlp._data.row_labels import warn_of_other_order
from cmlp._data.scale import InputScale, Moments, scale_of_moments
from cmlp._data.weights import weights_of_rows
from cmlp._fit.sources import Arrays, RowSource, is_single
from cmlp._train.data import Data
from cmlp._train.split import shard_sizes
from cmlp._train.target_scale import TargetScale, learned_target_scale
from cmlp.distributed._team import Together
from cmlp.distributed._workers import Part, Workers
from cmlp.exceptions import InvalidParameterError, NonFiniteInputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmlp._data.array_types import AnyArray, FloatType, NDArray
    from cmlp._fit.targets import TargetEncoding
    from cmlp._parameters.options import TrainingOptions
    from cmlp._train.state import TrainingState
    from cmlp._train.training import Training

# Of labels, by the kind of dtype; else numbers.
_KINDS = {
    "O": "text",
    "U": "text",
    "M": "dates",
    "m": "durations",
}


class LocalArrays(RowSource):
    """The rows of this process, with the targets and weights of all processes, which exchange them.

    `source` has the rows and the shards (None for one) of this process; the attribute `shards` has the sizes of all.
    Raises ValueError on every worker if the rows do not fit together.
    """

    has_all_targets = True

    def __init__(self, source: Arrays, checks: InputChecks, workers: Workers) -> None:
        self.given = source.given
        self.is_whole = workers.size == 1
        self._workers = workers
        self.team = Together(workers)
        rows, sizes = workers.together(partial(_checked_part, source, checks))
        y, weight = rows.y, rows.weight
        workers.compare(
            {
                "number of features": str(rows.X.shape[1]),
                "dtype of X": f"{rows.X.dtype} ({rows.auto_dtype})",
                "feature names": "None" if rows.names is None else str(rows.names.tolist()),
                "kind of labels in y": _KINDS.get(y.dtype.kind, "numbers"),
                "number of outputs in y": str(y.shape[1:]),
                "kind of sample_weight": "None" if weight is None else "one per row",
            }
        )
        targets = _gather_targets(y, workers)
        weights = None if weight is None else np.concatenate(workers.gather_array(weight))
        shards_of_all = workers.gather_array(np.array(sizes, np.int64))
        self.shards = tuple(np.concatenate(shards_of_all).tolist())
        self.part = Part(
            first_row=sum(map(len, targets[: workers.rank])),
            all_rows=sum(map(len, targets)),
            first_shard=sum(map(len, shards_of_all[: workers.rank])),
            n_shards=len(sizes),
            n_all_shards=len(self.shards),
        )
        self._rows = rows._replace(y=np.concatenate(targets), weight=weights)

    def open(self, checks: InputChecks) -> CheckedRows:
        """Return the rows of this process with the targets and the weights of all processes."""
        rows = checks.recheck(self._rows)
        if rows.weight is not None and not rows.weight.any():
            raise ValueError("Sample weights must contain at least one non-zero number.")
        return rows

    def data(
        self, data: Data, options: TrainingOptions, state: TrainingState, encoding: TargetEncoding
    ) -> Data:
        """Return the rows of this process with their targets and weights, which batches of all processes have."""
        if data.scale_to_learn == "robust":
            raise InvalidParameterError(
                "input_scale='robust' needs all rows for the quartiles, which no process has with "
                "local=True: use 'standard', 'minmax' or (shift, factor).",
                parameter="input_scale",
                value="robust",
            )
        rows = self._encoded = data.rows
        if self.is_whole:
            return data
        self._workers.part = self.part
        own = slice(self.part.first_row, self.part.first_row + rows.n_rows)
        own_rows = EncodedRows(rows.X, rows.targets[own], weights_of_rows(rows.weight, own))
        data = replace(data, rows=own_rows)
        return LocalData(**vars(data), every=rows, scaled=rows, workers=self._workers)

    def begin_hashes(self, training: Training) -> Callable[[], dict[str, str]]:
        """Hash the rows of all processes."""
        X = RowHash("X", is_single(training))
        self._hash_inputs(X, training.data.rows.X)
        found = {"X": X.hexdigest()}
        for name, array in (("y", self._encoded.targets), ("sample_weight", self._encoded.weight)):
            if array is not None:
                found[name] = hash_of_array(name, array)
        return lambda: found

    def _hash_inputs(self, hashed: RowHash, own: Any) -> None:
        """Add the inputs of all processes: each hashes the blocks that begin with one of its rows."""
        # They belong to a block of a process before.
        head = min(len(own), -self.part.first_row % BLOCK)
        following = self._workers.gather_array(own[:head])[self._workers.rank + 1 :]
        rest = own[head:]
        found = b""
        for begin in range(0, len(rest), BLOCK):
            block = rest[begin : begin + BLOCK]
            if len(block) < BLOCK:
                block = np.concatenate([block, *following])[:BLOCK]
            found += leaf(block, hashed.single)
        leaves = self._workers.gather_array(np.frombuffer(found, np.uint8))
        hashed.add_leaves(
            b"".join(part.tobytes() for part in leaves), (self.part.all_rows, own.shape[1])
        )


@dataclass(frozen=True, eq=False)
class LocalData(Data):
    """The rows of this process, in the order of the shards of all processes."""

    every: EncodedRows = field(kw_only=True)  # the rows, with the targets of all processes
    scaled: EncodedRows = field(kw_only=True)  # the same, with standardized targets
    workers: Workers = field(kw_only=True)

    is_whole: ClassVar[bool] = False

    @property
    def n_all_rows(self) -> int:
        """Number of rows of all processes."""
        return len(self.every.targets)

    def learn_scales(
        self, state: TrainingState, y_scale: str | None
    ) -> tuple[InputScale | None, TargetScale | None]:
        """Return the scales of the inputs and targets of all processes, which learn them together."""
        self.workers.settle()  # none has failed, so that all exchange the next messages
        scale = self.scale_to_learn
        self.workers.compare({"input_scale": str(scale)})
        rows, inputs, targets = self.every, None, None
        if y_scale is not None:
            targets = learned_target_scale(
                y_scale, rows.targets, rows.weight, None, state.params.dtype
            )
        if scale is not None:
            inputs = scale_of_moments(scale, self._moments_of_all())
        return inputs, targets

    def _moments_of_all(self) -> Moments:
        """Return the moments of the inputs of all processes: each adds its rows to the moments of those before."""
        own, moments = self.rows, Moments()
        for rank in range(self.workers.size):
            if rank == self.workers.rank:
                moments.add(own.X, own.weight)
            numbers = moments.to_array(own.X.shape[1])
            moments = Moments.from_array(self.workers.receive_from(numbers, rank))
        return moments

    @property
    def rows_of_batches(self) -> EncodedRows:
        """The rows of this process, with the targets of all processes."""
        return self.scaled

    def standardized(self, scale: TargetScale) -> Self:
        """Return the data with standardized targets, also those of the other processes."""
        scaled = self.every._replace(targets=scale.apply(self.every.targets))
        return replace(super().standardized(scale), scaled=scaled)

    def first_error(
        self, error: NonFiniteInputError, dtype: FloatType, *, validation: bool = False
    ) -> NonFiniteInputError:
        """Return the core's error: the rows before may be elsewhere."""
        if validation:
            return super().first_error(error, dtype, validation=True)
        return named_column(error, self.names)

    def sampled_targets(self) -> tuple[AnyArray, NDArray[np.float64] | None]:
        """Return the targets of all processes, and their weights."""
        return self.every.targets, self.every.weight


def _checked_part(source: Arrays, checks: InputChecks) -> tuple[CheckedRows, tuple[int, ...]]:
    """Return the rows of one process, and the sizes of its shards."""
    (X, y, weight), shards = source.given, source.shards
    warn_of_other_order(X=X, y=y, sample_weight=weight)
    rows = checks.check_inputs(X)
    if isinstance(rows.X, CSR):
        raise ValueError("local=True needs dense rows, got a sparse X.")
    rows = checks._replace(may_be_empty=True).add_targets(rows, y, weight)
    n_rows = len(rows.y)
    if checks.labels:
        kind_of_labels(rows.y)
    else:
        rows = rows._replace(y=as_numbers(rows.y))
    return rows, shard_sizes((n_rows,) if shards is None else shards, n_rows)


def _gather_targets(targets: AnyArray, workers: Workers) -> list[AnyArray]:
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
