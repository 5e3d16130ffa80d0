"""Training in rounds on a Dask cluster: its parts of the rows are checked, converted once, and joined to shards."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._data.arrays import is_sparse, section, stacked
from cmlp._data.checks import positive_integer
from cmlp._data.labels import kind_of_labels, labels_of, mixes_text
from cmlp._data.scale import Moments
from cmlp._estimators.fit_network import train_network
from cmlp._estimators.fitted import copy_with, locked
from cmlp._estimators.kinds_of_call import FIT_IN_ROUNDS
from cmlp._estimators.loading import load as load_model
from cmlp._estimators.network_fit import NetworkFit
from cmlp._estimators.resuming import fit_to_resume
from cmlp._estimators.sources import BlockFormat, RowSource, naming_row, unpacked
from cmlp._train.split import given_shards, shard_sizes
from cmlp.distributed._averaging import Rounds, train_shard, with_moments
from cmlp.distributed._cluster import cluster_of, import_of_dask, parts_of
from cmlp.exceptions import InvalidParameterError, Message, Setting, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from cmlp._data.checks import Door, Opened
    from cmlp._estimators.fitted import Fitted
    from cmlp._estimators.targets import NetworkTargetEncoding
    from cmlp._train.feed import Block
    from cmlp._train.job import TrainingJob
    from cmlp._train.split import Shards
    from cmlp._train.training_options import TrainingOptions
    from cmlp._train.training_run import AllMoments
    from cmlp.distributed._averaging import Job, Trained
    from cmlp.distributed._cluster import Cluster


_MOST_SHARDS_FOR_EPOCHS = 4  # with more shards, one round per epoch costs accuracy
_ROUNDS = 8  # per epoch, with more shards


@locked
def fit_in_rounds(
    model: Any,
    rows: tuple[Any, Any, Any],
    validation: tuple[Any, Any, Any],
    shards: Shards,
    rounds: int | None,
    client: Any,
    checkpoint: str | os.PathLike[str] | None,
) -> None:
    """Train an estimator in rounds; see `cmlp.distributed.fit`."""
    import_of_dask("distributed")
    given = given_shards(shards)
    n_shards = given if isinstance(given, int) else len(given)
    n_rounds = 1 if n_shards <= _MOST_SHARDS_FOR_EPOCHS else _ROUNDS
    if rounds is not None:
        n_rounds = positive_integer("rounds", rounds, " or None")
    if checkpoint is not None and not isinstance(checkpoint, (str, os.PathLike)):
        raise wrong("a path or None", checkpoint=checkpoint)
    with cluster_of(client) as cluster:
        fit = NetworkFit.of(model, validation, call=FIT_IN_ROUNDS)
        options = fit.options
        division = {"shards": given if isinstance(given, int) else list(given), "rounds": n_rounds}
        if checkpoint is not None:
            if os.path.exists(checkpoint):
                fit.previous, fit.resume = _stored(model, options, checkpoint, division), True
            callbacks = [*(options.callbacks or []), _Saver(checkpoint)]
            fit.options = options.replace(callbacks=callbacks)
        source = Parts(cluster, parts_of(*rows), fit.door()._replace(width=None, may_be_empty=True), division)
        fit.classes = source.classes
        with model._followers(*source.given) as followers:
            train_network(fit, source, followers)


class Parts(RowSource):
    """The parts of rows on a cluster, which are joined to shards; `division` has the shards and their rounds."""

    def __init__(self, cluster: Cluster, delayed: list[Any], door: Door, division: Mapping[str, Any]) -> None:
        submit, given = cluster.submit, cluster.compute(delayed)
        parts = [submit(open_part, part, i, door) for i, part in enumerate(given)]
        summaries = list(
            cluster.results(
                [
                    submit(summary_of_part, *pair, i, door.labels)
                    for i, pair in enumerate(zip(given, parts, strict=True))
                ]
            )
        )
        sizes_of_parts = [one.n_rows for one in summaries]
        n_rows, n_rounds = sum(sizes_of_parts), division["rounds"]
        if not n_rows:
            raise ValueError("X must have at least one row, got none.")
        sizes = shard_sizes(division["shards"], n_rows)
        most = max(_ROUNDS, min(sizes))
        if n_rounds > most:
            problem = "<rounds> must be at most {} for {} rows in {} shards, got {}."
            raise ValueError(Message(problem, most, n_rows, len(sizes), n_rounds, rounds=n_rounds))
        self.given = next(one.first for one in summaries if one.first is not None)
        self.classes = all_classes(summaries)
        self.fixed_for_resume, self._door = division, door
        self._shards = DaskShards(cluster, parts, sizes_of_parts, sizes)

    def open(self, door: Door) -> Opened:
        """Return the first row."""
        self._first = door._replace(may_be_empty=True).open(*self.given)
        return self._first

    def survey(self, job: TrainingJob, encoding: NetworkTargetEncoding, learns: str) -> tuple[int, AllMoments | None]:
        """Return the number of rows of all shards, and if a scale is learned, their moments."""
        self._shards.convert(BlockFormat.of(self._door, "part", self._first, encoding, job.state.params.dtype))
        return sum(self._shards.sizes), self._shards.moments() if learns else None

    def engine(self, job: TrainingJob) -> Rounds:
        """Return the engine that lets the workers of the cluster train."""
        return Rounds(job, self._shards, self.fixed_for_resume["rounds"])


class _Saver:
    """A callback that writes the model with its training state to a file, before the first and after each round."""

    every_batches = 1  # a round counts as a batch

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = path

    def _save(self, trainer: Any) -> None:
        """Write the file. Before training, what cannot be stored raises its error."""
        trainer.save(self._path)

    on_fit_begin = on_batches_end = on_epoch_end = _save


def _stored(model: Any, options: TrainingOptions, path: Any, numbers: dict[str, Any]) -> Fitted:
    """Return the fit in a checkpoint; raises ValueError if training cannot continue from it."""
    loaded: Any = load_model(path)
    if type(loaded) is not type(model):
        names = type(model).__name__, type(loaded).__name__
        raise ValueError(Message("<checkpoint> must be a file of {}, but has {}.", *names, checkpoint=path))
    stored = fit_to_resume(copy_with(model, loaded._fitted), options, in_rounds=True)
    kept = stored.state.resume_check.parameters or {}
    for name, now in numbers.items():
        if kept.get(name) != now:
            before, new = Setting(name, kept.get(name)), Setting(name, now)
            problem = "The checkpoint has <before>, so <new> is not possible."
            raise InvalidParameterError(problem, before=before, new=new, about=new)
    return stored


class PartSummary(NamedTuple):
    """What the caller needs to know of a part."""

    n_rows: int
    first: tuple[Any, Any, Any] | None  # the first row, as the user has it; None without rows
    classes: NDArray[Any] | None  # labels, or columns of multilabel targets; None for a regressor


def open_part(part: Any, index: int, door: Door) -> Opened:
    """Return a part with converted rows; raises ValueError or TypeError that names it, and the row if it can."""
    X, y, weight = unpacked(part, index, "part")
    with naming_row("part", index, y):
        return door.targets(door.rows(X), y, weight, warn_of_column=False)


def summary_of_part(part: Any, opened: Opened, index: int, labels: bool) -> PartSummary:
    """Return the summary of a part; raises ValueError or TypeError that names it if it does not have labels."""
    y = opened.y
    if not len(y):
        return PartSummary(0, None, None)
    classes = None
    if labels:
        with naming_row("part", index, y):
            classes = np.arange(y.shape[1]) if kind_of_labels(y) == "multilabel" else labels_of(y).classes
    first = [None if value is None else _first_row(value) for value in unpacked(part, index, "part")]
    return PartSummary(len(y), (first[0], first[1], first[2]), classes)


def _first_row(value: Any) -> Any:
    if hasattr(value, "iloc"):
        return value.iloc[:1]
    return value.tocsr()[:1] if is_sparse(value) else value[:1]


def all_classes(summaries: Sequence[PartSummary]) -> NDArray[Any] | None:
    """Return the sorted classes of all parts; None for a regressor."""
    found = [(index, one.classes) for index, one in enumerate(summaries) if one.classes is not None]
    if not found:
        return None
    (begin, first), *others = found
    for index, classes in others:
        if mixes_text(classes, first):
            kinds = ["text" if labels.dtype.kind in "OUT" else "numbers" for labels in (classes, first)]
            raise ValueError(f"In part {index}: y has {kinds[0]}, but {kinds[1]} in part {begin}.")
    return labels_of(np.concatenate([classes for _, classes in found])).classes


class DaskShards:
    """Shards of rows on the workers of a cluster: consecutive rows of opened parts.

    They depend on the rows of all parts together, and not on how the parts are cut. The workers keep them between the
    rounds. If a worker ends, Dask computes its shards again from the parts.
    """

    def __init__(
        self, cluster: Cluster, parts: Sequence[Any], sizes_of_parts: Sequence[int], sizes: tuple[int, ...]
    ) -> None:
        self.cluster, self.sizes = cluster, sizes
        self._parts, self._offsets = parts, np.cumsum([0, *sizes_of_parts]).tolist()
        self._bounds = np.cumsum([0, *sizes]).tolist()

    def convert(self, block_format: BlockFormat) -> None:
        """Encode all parts, and join them to shards; raises the error of the first part that cannot be converted."""
        submit, offsets = self.cluster.submit, self._offsets
        blocks = {
            index: submit(_encoded, block_format, part, index)
            for index, part in enumerate(self._parts)
            if offsets[index] < offsets[index + 1]
        }
        self._shards = []
        slots: Sequence[str | None] = self.cluster.slots() or [
            None
        ]  # Dask trains a shard where it is: the shards are spread evenly
        for number, (begin, end) in enumerate(zip(self._bounds, self._bounds[1:], strict=False)):
            used = [index for index in blocks if offsets[index] < end and offsets[index + 1] > begin]
            sections = [(max(begin - offsets[i], 0), min(end, offsets[i + 1]) - offsets[i]) for i in used]
            near = slots[number % len(slots)]
            self._shards.append(submit(_joined, number, [blocks[index] for index in used], sections, near=near))
        for checked in (blocks.values(), self._shards):
            for _ in self.cluster.results([submit(_accepted, block) for block in checked]):
                pass
        self._parts = []

    def moments(self) -> tuple[Moments, Moments]:
        """Return the moments of inputs and targets, added in the order of the rows."""
        total = (Moments(), Moments())
        for shard in self._shards:
            total = self.cluster.submit(with_moments, total, shard)
        (result,) = self.cluster.results([total])
        return result  # type: ignore[no-any-return]

    def train(self, job: Job) -> Iterator[Trained]:
        """Train all shards for a round; yield the results in the order of the shards."""
        shared = self.cluster.submit(_accepted_job, job)
        names = [f"shard {i}, whose first row is the row {begin} of X" for i, begin in enumerate(self._bounds[:-1])]
        futures = [
            self.cluster.submit(train_shard, shared, shard, place=place)
            for shard, place in zip(self._shards, names, strict=True)
        ]
        return self.cluster.results(futures)


def _encoded(block_format: BlockFormat, part: Opened, index: int) -> Block:
    with naming_row("part", index, part.y, block_format.encoding.labels):
        return block_format.encoded(part, index)


def _joined(number: int, blocks: list[Block], sections: list[tuple[int, int]]) -> Block:
    """Return the shard with sections of blocks."""
    if len(blocks) == 1 and sections[0] == (0, len(blocks[0].X)):
        return blocks[0]._replace(number=number)
    X = stacked([section(block.X, *rows) for block, rows in zip(blocks, sections, strict=True)])
    targets = np.concatenate([block.targets[slice(*rows)] for block, rows in zip(blocks, sections, strict=True)])
    weights = [block.weight[slice(*r)] for block, r in zip(blocks, sections, strict=True) if block.weight is not None]
    return blocks[0]._replace(X=X, targets=targets, weight=np.concatenate(weights) if weights else None, number=number)


def _accepted(block: Block) -> None:
    """Return nothing: an error of a block takes the place of this result."""


def _accepted_job(job: Job) -> Job:
    return job
