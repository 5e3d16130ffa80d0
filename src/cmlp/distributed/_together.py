"""Training by several processes together: each computes a part of every batch, and all have the same model.

Every process has a part of the rows. The processes tell each other what they need of these before they train.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from cmlp._bridge import _core
from cmlp._data.arrays import CSR, StoredRows, section
from cmlp._data.checks import Door, Opened, as_numbers
from cmlp._data.checksums import BLOCK, RowHash, block_checksums, leaf
from cmlp._data.labels import distinct, kind_of_labels
from cmlp._estimators.fit import train_and_store
from cmlp._estimators.fitted import run_locked
from cmlp._estimators.network_fit import NetworkFit
from cmlp._estimators.sources import Arrays
from cmlp._process.signals import deliver
from cmlp._process.warnings import warn
from cmlp._train.callbacks import Deadline
from cmlp._train.engine import Engine
from cmlp._train.parameters import JOINT_FIT, PARAMETERS
from cmlp._train.random import is_storable, stored_generator
from cmlp._train.same_data import arrays_of, described, digests_of, keep_or_compare_digests
from cmlp._train.split import CHUNK, shard_sizes
from cmlp.distributed._workers import Workers

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Mapping, Sequence
    from typing import NoReturn

    from numpy.typing import NDArray

    from cmlp._data.checksums import Digests
    from cmlp._train.feed import Piece
    from cmlp._train.job import TrainingJob
    from cmlp._train.random import Generator as RandomNumbers
    from cmlp._train.same_data import Groups
    from cmlp._train.split import Shards


def fit_together(
    estimator: Any,
    rows: Arrays,
    validation: tuple[Any, Any, Any],
    comm: Any,
    *,
    shards: Shards | None,
    local: bool,
    resume: bool,
) -> None:
    """Do the same as `cmlp._estimators.fit_network.fit_network`, together with the other processes of `comm`."""
    workers = Workers(comm)

    def fit_with_others() -> None:
        fit, options = workers.together(partial(_request, estimator, validation, shards, resume, local))
        workers.compare({name: str(value) for name, value in options.items()})
        _for_this_worker(fit, workers)
        source = rows
        if options["local"]:
            source = stored = StoredArrays(rows, fit.door()._replace(width=None), shards, workers)
            fit.shards = stored.shards
        with estimator._followers(*rows.given) as followers:
            _run(fit, source, workers, followers)

    workers.run(partial(run_locked, estimator, fit_with_others))


def _request(
    estimator: Any, validation: tuple[Any, Any, Any], shards: Shards | None, resume: bool, local: bool
) -> tuple[NetworkFit, dict[str, bool]]:
    """Return the request of this worker, and what decides which messages the workers exchange."""
    fit = NetworkFit.of(estimator, validation, call=JOINT_FIT, shards=shards, resume=resume)
    options = {"local": local, "resume": resume, "warm_start": fit.options.warm_start}
    return fit, {name: bool(value) for name, value in options.items()}


def _for_this_worker(fit: NetworkFit, workers: Workers) -> None:
    """Give a call the seed of all workers, this worker's share of the threads, and lines of worker 0."""
    options, changes = fit.options, {"n_threads": workers.threads(fit.options.n_threads)}
    if options.provenance and fit.estimator.random_state is None:
        changes["random_state"] = int(workers.of_first(np.array([options.random_state], np.int64))[0])
    if workers.rank:
        changes["verbose"] = False
    fit.options = options.replace(**changes)


def _run(fit: NetworkFit, source: Arrays, workers: Workers, followers: Sequence[Any]) -> None:
    """Compare with the other workers what is trained on what, train, and store the model."""
    workers.together(partial(fit.prepare, source, partial(JointEngine, workers=workers)))
    run = fit.run
    assert run.has_epochs
    run.deadline = Deadline(None)  # which the engines end together
    batch_size = run.engine.batch_size
    known = "None" if fit.labels is None else _shown(fit.labels.classes.tolist())
    workers.compare({"classes": known, "batch size": str(batch_size), **_description(run.job)})
    workers.together(partial(_warn_of_idle, workers, batch_size))
    _keep_or_compare(run.job, workers)
    train_and_store(fit, followers, judges=not workers.rank)  # worker 0 warns of a useless model


class JointEngine(Engine):
    """Trains each batch together with other workers, which meet before each call of the core and after each epoch.

    Only worker 0 looks at the clock. The deadline of the run ends once all workers know that the time is over.
    """

    def __init__(self, job: TrainingJob, workers: Workers) -> None:
        super().__init__(job)
        self._workers = workers
        self._limit = Deadline(None if workers.rank else job.options.max_time)
        self._intervals: tuple[int, ...] | None = None  # those of the callbacks of all workers
        if workers.size > 1:
            self.workers = workers

    def begin_epoch(self) -> None:
        """Begin an epoch, the first one once all workers are there."""
        if self._intervals is None:
            self._workers.settle()
        super().begin_epoch()

    def pieces(self, n_epochs: float, last: int | None, intervals: Collection[int]) -> Generator[Piece, None, None]:
        """Yield pieces of one epoch, which end where an interval of any worker ends."""
        if self._intervals is None:
            self._intervals = self._workers.union(set(intervals))
        return super().pieces(1, last, self._intervals)

    def train(self, piece: Piece, deadline: Deadline) -> None:
        """Train a piece, which all workers do, or none."""
        self._workers.settle()
        super().train(piece, self._limit)

    def between_batches(self, deadline: Deadline) -> None:
        """Meet the other workers."""
        self.agree(deadline)
        super().between_batches(deadline)

    def agree(self, deadline: Deadline) -> None:
        """Stop if one of the workers stops, or worker 0 is late; raise an exception if their states differ."""
        deliver()
        state, late = self.job.state, self._limit.has_come()
        state.stopped, is_over = self._workers.settle(stops=state.stopped, late=late, checksum=state.digest())
        if is_over:
            deadline.end()


def _warn_of_idle(workers: Workers, batch_size: int) -> None:
    """Warn on worker 0 if a batch is too small for all workers; a filter can make the warning an exception."""
    n_chunks = -(-batch_size // CHUNK)
    if workers.size > n_chunks and not workers.rank:
        warn(
            f"A batch of {batch_size} rows has {n_chunks} chunks of {CHUNK} rows, so {n_chunks} of the "
            f"{workers.size} workers compute and the others wait. Use a larger batch_size or fewer workers."
        )


# ------------------------------------------------------------------------------- what must be the same on all workers


def _description(job: TrainingJob) -> dict[str, str]:
    """Return the description of a fit: texts, for large things checksums, by the name that messages show."""
    net, data, state = job.net, job.data, job.state
    own = PARAMETERS.names("Trainer", "own_per_worker")
    options = {name: _shown(value) for name, value in job.options.of_trainer().items() if name not in own}
    order, validation = _checksum(state.order), _checksum(state.held_out_rows)
    return {
        "version of cmlp": _core.__version__,
        "number of features": str(data.X.shape[1]),
        "number of rows": str(state.n_rows),
        "layer sizes": str(net.sizes),
        "activations": f"{net.activations} {net.activation_parameters}",
        "loss": f"{_shown(net.loss)} {net.loss_parameter}",
        "dtype": str(net.dtype),
        **options,
        "shards": str(data.shards),
        "feature names": "None" if data.names is None else str(data.names.tolist()),
        "arrays": described(data),
        "input scale": _shown(data.input_scale),
        "completed epochs and batches": f"{state.epoch} {state.batch}",
        "random_state": _random_numbers(state.generator, state.dropout_seed),
        "initial parameters (checksum; random_state must be an int)": _checksum(state.params),
        "optimizer": _shown(state.stepping().optimizer.get_state()),
        "order of the rows (checksum)": f"{order} {validation}",
    }


def _shown(value: Any) -> str:
    """Return a short text that is the same for equal values; arrays have their checksum, functions their name."""
    if isinstance(value, np.ndarray):
        return _checksum(value)
    if isinstance(value, dict):
        return ", ".join(f"{name}={_shown(entry)}" for name, entry in value.items())
    if isinstance(value, (tuple, list)):
        return f"({', '.join(map(_shown, value))})"
    return getattr(value, "__qualname__", None) or repr(value)


def _checksum(array: NDArray[Any] | None) -> str:
    """Return the CRC-32 of an array."""
    return "None" if array is None else f"{crc32(np.ascontiguousarray(array)):08x}"


def _random_numbers(generator: RandomNumbers | None, dropout_seed: int) -> str:
    """Return a text for the random numbers that follow."""
    if generator is None or not is_storable(generator):
        return f"{type(generator).__name__} {dropout_seed}"
    return f"{_shown(stored_generator(generator).get_state())} {dropout_seed}"


def _keep_or_compare(job: TrainingJob, workers: Workers) -> None:
    """Compare the data with those of the other workers, and with those of the call that is resumed; keep checksums."""
    digests = workers.together(partial(digests_of, job))
    _require_those_of_worker_0(arrays_of(job.data), digests, workers)
    workers.together(partial(keep_or_compare_digests, job, digests))


def _require_those_of_worker_0(groups: Groups, digests: Digests, workers: Workers) -> None:
    """Raise ValueError unless all workers have the same checksums; those of other rows become those of all rows."""
    rows = groups["rows"]["X"]
    if isinstance(rows, StoredRows):
        sums = digests["rows"][1]
        sums[:] = np.sum(workers.gather_array(sums), axis=0, dtype=np.uint64)
    own = np.concatenate([sums for _, sums in digests.values()])
    different = own != workers.of_first(own)
    ranks = [int(text) for text in workers.gather(str(different.argmax() if different.any() else -1))]
    rank = next((rank for rank, place in enumerate(ranks) if place >= 0), None)
    if rank is None:
        return
    place = ranks[rank]
    for group, (kinds, sums) in digests.items():
        if place < len(sums):
            _refuse_block(groups[group], kinds, place, rank, workers)
        place -= len(sums)


def _refuse_block(
    arrays: Mapping[str, Any], kinds: Mapping[str, str], block: int, rank: int, workers: Workers
) -> NoReturn:
    """Raise ValueError on every worker, which names the first row of a block that differs on worker `rank`."""
    begin = block * BLOCK
    found = []
    for name, array in arrays.items():
        end = min(begin + BLOCK, array.shape[0])
        own = block_checksums([section(array, begin, end)], [kinds[name]], size=1)
        different = own != workers.of_first(own)
        if different.any():
            found.append((int(different.argmax()), name))
    row, name = min(found, default=(0, ""))
    text = f"row {begin + row} of {name} on worker {rank} differs from that on worker 0"
    raise ValueError(f"All workers must have the same data, but {workers.gather(text)[rank]}.")


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
    opened = door._replace(may_be_empty=True).targets(rows, y, weight)
    n_rows = len(opened.y)
    if door.labels:
        kind_of_labels(opened.y)
    else:
        opened = opened._replace(y=as_numbers(opened.y))
    return opened, shard_sizes((n_rows,) if shards is None else shards, n_rows)


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
