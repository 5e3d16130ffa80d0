"""Training together with other processes: what must be the same on all of them, and what they agree on."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from cmlp import _core
from cmlp._parameters import hyperparameters
from cmlp._training.random import is_storable, stored_generator
from cmlp._training.same_data import described
from cmlp._workers import CHUNK
from cmlp.exceptions import warn

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from cmlp._training.job import TrainingJob
    from cmlp._training.random import Generator


def join(job: TrainingJob, batch_size: int, classes: NDArray[Any] | None) -> None:
    """Compare arguments of training, and a classifier's classes, between the workers; ValueError on every worker."""
    workers = job.workers
    if workers.size == 1:
        return
    known = "None" if classes is None else shown(classes.tolist())
    workers.compare({"classes": known, "batch size": str(batch_size), **describe(job)})
    n_chunks = -(-batch_size // CHUNK)

    def report() -> None:
        if workers.size > n_chunks and not workers.rank:
            warn(
                f"A batch of {batch_size} rows has {n_chunks} chunks of {CHUNK} rows, so {n_chunks} of the "
                f"{workers.size} workers compute and the others wait. Use a larger batch_size or fewer workers."
            )

    workers.together(report)  # a filter can make the warning an exception


def describe(job: TrainingJob) -> dict[str, str]:
    """Return the description of a fit: texts, for large things checksums, by the name that messages show."""
    net, data, state = job.net, job.data, job.state
    own = hyperparameters.TABLE.names("Trainer", "own_per_worker")
    options = {name: shown(value) for name, value in vars(job.options).items() if name not in own}
    order, validation = checksum(state.order), checksum(state.validation)
    return {
        "version of cmlp": _core.__version__,
        "number of features": str(data.X.shape[1]),
        "number of rows": str(state.n_rows),
        "layer sizes": str(net.sizes),
        "activations": f"{net.activations} {net.activation_parameters}",
        "loss": f"{shown(net.loss)} {net.loss_parameter}",
        "dtype": str(net.dtype),
        **options,
        "shards": str(data.shards),
        "feature names": "None" if data.names is None else str(data.names.tolist()),
        "arrays": described(job),
        "input scale": shown(data.input_scale),
        "completed epochs and batches": f"{state.epoch} {state.batch}",
        "random_state": _random_numbers(state.generator, state.dropout_seed),
        "initial parameters (checksum; random_state must be an int)": checksum(state.params),
        "optimizer": shown(state.stepping()[0].get_state()),
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
