"""Training by several processes together: each computes a part of every batch, and all have the same model.

Every process has a part of the rows. The processes tell each other what they need of these before they train.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn
from zlib import crc32

import numpy as np

from cmlp._bridge import _core
from cmlp._data.arrays import section
from cmlp._data.checksums import BLOCK, Digests, block_checksums
from cmlp._fit.fit import run_fit
from cmlp._fit.fit_network import network_call, recorder_of
from cmlp._fit.fitted import run_locked
from cmlp._fit.prepare_network import checks_of, prepare_network
from cmlp._parameters.entries import JOINT_FIT, PARAMETERS
from cmlp._process.warnings import warn
from cmlp._train.random import is_storable, stored_generator
from cmlp._train.same_data import arrays_of, describe_arrays, digests_of, keep_or_compare_digests
from cmlp._train.split import CHUNK
from cmlp.distributed._local_arrays import LocalArrays
from cmlp.distributed._team import Together
from cmlp.distributed._workers import Workers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cmlp._data.array_types import AnyArray, GivenRows
    from cmlp._fit.call import FitCall
    from cmlp._fit.sources import Arrays, RowSource
    from cmlp._parameters.options import NetworkOptions
    from cmlp._train.random import Generator as RandomNumbers
    from cmlp._train.same_data import RowSets
    from cmlp._train.training import Training


def fit_together(
    estimator: Any,
    rows: Arrays,
    validation: GivenRows,
    comm: object,
    *,
    local: bool,
    resume: bool,
    timeout: float | None,
) -> None:
    """Do the same as `fit_network`, together with the other processes of `comm`."""
    workers = Workers(comm, timeout)

    def fit_with_others() -> None:
        call, choices = workers.together(partial(_make_call, estimator, validation, resume, local))
        workers.compare({name: str(value) for name, value in choices.items()})
        call = _adapted_to_worker(call, workers)
        source: RowSource = rows
        rows.team = Together(workers)
        if choices["local"]:
            source = LocalArrays(rows, checks_of(call)._replace(width=None), workers)
        with estimator._extra_callbacks(*rows.given) as extra:
            _train_with_others(call, source, workers, extra)

    workers.run(partial(run_locked, estimator, fit_with_others))


def _make_call(
    estimator: Any, validation: GivenRows, resume: bool, local: bool
) -> tuple[FitCall[NetworkOptions], dict[str, bool]]:
    """Return the call of this worker, and what decides which messages the workers exchange."""
    call = network_call(estimator, JOINT_FIT, validation, resume=resume)
    choices = {"local": local, "resume": resume, "warm_start": call.options.warm_start}
    return call, {name: bool(value) for name, value in choices.items()}


def _adapted_to_worker(call: FitCall[NetworkOptions], workers: Workers) -> FitCall[NetworkOptions]:
    """Return a call with the seed of all workers, this worker's share of the threads, and lines of worker 0."""
    options = replace(call.options, n_threads=workers.share_threads(call.options.n_threads))
    if options.provenance and call.estimator._parameters()["random_state"] is None:
        seed = workers.receive_first(np.array([options.random_state], np.int64))[0]
        options = replace(options, random_state=int(seed))
    if workers.rank:
        options = replace(options, verbose=False)
    return replace(call, options=options)


def _train_with_others(
    call: FitCall[NetworkOptions],
    source: RowSource,
    workers: Workers,
    extra_callbacks: Sequence[object],
) -> None:
    """Compare with the other workers what is trained on what, train, and store the model."""
    fit = workers.together(partial(prepare_network, call, source))
    training = fit.training
    batch_size = training.batch_size
    known = "None" if fit.labels is None else _shown(fit.labels.classes.tolist())
    workers.compare({"classes": known, "batch size": str(batch_size), **_description(training)})
    workers.together(partial(_warn_of_idle, workers, batch_size))
    _keep_or_compare(training, workers, source)
    # Worker 0 warns of a useless model.
    run_fit(fit, extra_callbacks, recorder_of(fit), warns=not workers.rank)


def _warn_of_idle(workers: Workers, batch_size: int) -> None:
    """Warn on worker 0 if a batch is too small for all workers; a filter can make the warning an exception."""
    n_chunks = -(-batch_size // CHUNK)
    if workers.size > n_chunks and not workers.rank:
        warn(
            f"A batch of {batch_size} rows has {n_chunks} chunks of {CHUNK} rows, so {n_chunks} of "
            f"the {workers.size} workers compute and the others wait. Use a larger batch_size or "
            "fewer workers."
        )


# ------------------------------------------------------------------------------- what must be the same on all workers


def _description(training: Training) -> dict[str, str]:
    """Return the description of a fit: texts, for large things checksums, by the name that messages show."""
    net, data, state = training.net, training.data, training.state
    own = PARAMETERS.names("Trainer", "own_per_worker")
    options = {
        name: _shown(value)
        for name, value in training.options.of_trainer().items()
        if name not in own
    }
    order = _checksum_of_array(state.order)
    if state.order is None and state.generator_before_order is not None:
        order = _random_numbers(state.generator_before_order, 0)
    validation = _checksum_of_array(state.held_out_index)
    scale, names = data.input_scale, data.names
    return {
        "version of cmlp": _core.__version__,
        "number of features": str(data.rows.X.shape[1]),
        "number of rows": str(state.n_rows),
        "layer sizes": str(net.sizes),
        "activations": f"{net.activations} {net.activation_parameters}",
        "loss": f"{_shown(net.loss)} {net.loss_parameter}",
        "dtype": str(net.dtype),
        **options,
        "shards": str(data.order.shards),
        "feature names": "None" if names is None else str(names.tolist()),
        "arrays": describe_arrays(training),
        "input scale": _shown(scale),
        "completed epochs and batches": f"{state.epoch} {state.batch}",
        "random_state": _random_numbers(state.generator, state.dropout_seed),
        "initial parameters (checksum; random_state must be an int)": _checksum_of_array(
            state.params
        ),
        "optimizer": _shown(state.stepping()[0].get_state()),
        "order of the rows (checksum)": f"{order} {validation}",
    }


def _shown(value: Any) -> str:
    """Return a short text that is the same for equal values; arrays have their checksum, functions their name."""
    if isinstance(value, np.ndarray):
        return _checksum_of_array(value)
    if isinstance(value, dict):
        return ", ".join(f"{name}={_shown(entry)}" for name, entry in value.items())
    if isinstance(value, (tuple, list)):
        return f"({', '.join(map(_shown, value))})"
    return getattr(value, "__qualname__", None) or repr(value)


def _checksum_of_array(array: AnyArray | None) -> str:
    """Return the CRC-32 of an array."""
    return "None" if array is None else f"{crc32(np.ascontiguousarray(array)):08x}"


def _random_numbers(generator: RandomNumbers | None, dropout_seed: int) -> str:
    """Return a text for the random numbers that follow."""
    if generator is None or not is_storable(generator):
        return f"{type(generator).__name__} {dropout_seed}"
    return f"{_shown(stored_generator(generator).get_state())} {dropout_seed}"


def _keep_or_compare(training: Training, workers: Workers, source: RowSource) -> None:
    """Compare the data with those of the other workers, and with those of the call that is resumed; keep checksums."""
    if isinstance(source, LocalArrays):
        digests = workers.together(
            partial(digests_of, training, source.part.first_row, source.part.all_rows)
        )
        sums = digests["rows"][1]
        sums[:] = np.sum(workers.gather_array(sums), axis=0, dtype=np.uint64)
    else:
        digests = workers.together(partial(digests_of, training))
    _require_those_of_worker_0(arrays_of(training.data), digests, workers)
    workers.together(partial(keep_or_compare_digests, training, digests))


def _require_those_of_worker_0(row_sets: RowSets, digests: Digests, workers: Workers) -> None:
    """Raise ValueError unless all workers have the same checksums."""
    own = np.concatenate([sums for _, sums in digests.values()])
    different = own != workers.receive_first(own)
    ranks = [
        int(text) for text in workers.gather(str(different.argmax() if different.any() else -1))
    ]
    rank = next((rank for rank, place in enumerate(ranks) if place >= 0), None)
    if rank is None:
        return
    place = ranks[rank]
    for row_set, (kinds, sums) in digests.items():
        if place < len(sums):
            _refuse_block(row_sets[row_set], kinds, place, rank, workers)
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
        different = own != workers.receive_first(own)
        if different.any():
            found.append((int(different.argmax()), name))
    row, name = min(found, default=(0, ""))
    text = f"row {begin + row} of {name} on worker {rank} differs from that on worker 0"
    raise ValueError(f"All workers must have the same data, but {workers.gather(text)[rank]}.")
