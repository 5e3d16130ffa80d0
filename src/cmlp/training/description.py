"""What must be the same on all processes that train together, as texts that they compare."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from cmlp import _core
from cmlp.training.random import is_storable, stored_generator

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from cmlp.training.loop import Training
    from cmlp.training.random import Generator

_OWN = {"callbacks", "max_time", "verbose"}  # settings that may differ between workers


def describe(training: Training) -> dict[str, str]:
    """Return the description of a training: texts by the name of what they tell, which messages show.

    Large things have a checksum.
    """
    net, state, data, optimizer = training.net, training.state, training.data, training.optimizer
    settings = {name: shown(value) for name, value in training.settings._asdict().items() if name not in _OWN}
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
        "data (checksum)": str(data.checksum(training.task.targets)),
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
