"""Training together with other processes: what must be the same on all of them, and what they agree on."""

from __future__ import annotations

import math
import time
from functools import partial
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from cmlp import _core, hyperparameters
from cmlp.exceptions import warn
from cmlp.training.random import is_storable, stored_generator
from cmlp.training.same_data import described
from cmlp.workers import CHUNK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from numpy.typing import NDArray

    from cmlp.training.loop import Training
    from cmlp.training.random import Generator
    from cmlp.workers import Workers


def join(training: Training, workers: Workers, description: Mapping[str, str]) -> None:
    """Let a training be one of several processes, all of which must have the same training.

    Parameters
    ----------
    training : Training
    workers : Workers
    description : dict of str to str
        What the workers compare besides the training itself.

    Raises
    ------
    ValueError
        On every worker, if the trainings differ.
    """
    workers.compare({**description, **describe(training)})
    training.workers, training.objective["workers"] = workers, workers
    if training.n_threads is None:
        training.n_threads = training.objective["n_threads"] = workers.threads()
    if workers.rank:  # worker 0 prints, and decides when the time is up
        training.every, training.deadline = 0, math.inf
    n_chunks = -(-training.batch_size // CHUNK)

    def report() -> None:
        if workers.size > n_chunks and not workers.rank:
            warn(
                f"A batch of {training.batch_size} rows has {n_chunks} chunks of {CHUNK} rows, so {n_chunks} of the "
                f"{workers.size} workers compute and the others wait. Use a larger batch_size or fewer workers."
            )

    workers.together(report)  # a filter can make the warning an exception


def advance_together(training: Training, at_once: bool) -> None:
    """Train an epoch and call the observers. If this fails on one worker or if it stops, all workers do."""
    _act_together(training, partial(training.advance_observed, at_once))


def report_together(training: Training, batch: int) -> None:
    """Call the observers after `batch` batches of an epoch. If one fails on one worker, all workers raise."""

    def report() -> None:
        for observer in training.observers:
            observer.batches_end(batch)

    try:
        _act_together(training, report)
    except BaseException:
        training.workers.broken = True  # all workers have raised
        raise


def common_intervals(training: Training) -> tuple[int, ...]:
    """Return the intervals of the observers of all workers, which must interrupt the epoch after the same batches."""
    intervals = {interval for observer in training.observers for interval in observer.intervals}
    if training.workers.size > 1:
        texts = training.workers.gather(" ".join(map(str, intervals)))
        intervals = {int(number) for text in texts for number in text.split()}
    return tuple(sorted(intervals))


def _act_together(training: Training, action: Callable[[], object]) -> None:
    """Call a function on every worker. If it fails or stops training on one, it does so on all."""
    state, workers, error = training.state, training.workers, None
    if workers.size == 1:
        action()
        return
    try:
        action()
        workers.raise_noted()
    except BaseException as raised:
        error = raised
    history = state.history
    scores = (None if not history.validation_scores else history.validation_scores.last(), history.stale)
    numbers = (state.epoch, state.batch, training.optimizer.learning_rate, *scores)
    late = time.monotonic() >= training.deadline
    total = crc32(repr(numbers).encode(), crc32(state.params))
    state.stopped = workers.settle(error, stops=state.stopped, late=late, checksum=total)


def describe(training: Training) -> dict[str, str]:
    """Return the description of a training: texts by the name of what they tell, which messages show.

    Large things have a checksum.
    """
    net, state, data, optimizer = training.net, training.state, training.data, training.optimizer
    own = hyperparameters.TABLE.names("Trainer", "own_per_worker")
    settings = {name: shown(value) for name, value in vars(training.settings).items() if name not in own}
    order, validation = checksum(state.order), checksum(state.validation)
    return {
        "version of cmlp": _core.__version__,
        "number of features": str(data.X.shape[1]),
        "number of rows": str(state.n_rows),
        "layer sizes": str(net.sizes),
        "activations": f"{net.activations} {net.activation_parameters}",
        "loss": f"{shown(net.loss)} {net.loss_parameter}",
        "dtype": str(net.dtype),
        "batch size": str(training.batch_size),
        **settings,
        "shards": str(data.shards),
        "feature names": "None" if data.names is None else str(data.names.tolist()),
        "arrays": described(training),
        "input scale": shown(data.input_scale),
        "completed epochs and batches": f"{state.epoch} {state.batch}",
        "random_state": _random_numbers(state.generator, state.dropout_seed),
        "initial parameters (checksum; random_state must be an int)": checksum(state.params),
        "optimizer": shown(optimizer.get_state()),
        "order of the rows (checksum)": f"{order} {validation}",
    }


def shown(value: Any) -> str:
    """Return a short text that is the same for equal values; arrays have their checksum, functions their name."""
    if isinstance(value, np.ndarray):
        return checksum(value)
    if isinstance(value, dict):
        return ", ".join(f"{name}={shown(entry)}" for name, entry in value.items())
    if isinstance(value, (tuple, list)):
        return f"({', '.join(map(shown, value))})"
    return getattr(value, "__qualname__", None) or repr(value)


def checksum(array: NDArray[Any] | None) -> str:
    """Return the CRC-32 of an array."""
    return "None" if array is None else f"{crc32(np.ascontiguousarray(array)):08x}"


def _random_numbers(generator: Generator | None, dropout_seed: int) -> str:
    """Return a text for the random numbers that follow."""
    if generator is None or not is_storable(generator):
        return f"{type(generator).__name__} {dropout_seed}"
    return f"{shown(stored_generator(generator).get_state())} {dropout_seed}"
