"""Checks of what describes a network and its training.

Each error names the argument, what came and what was expected.
"""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import DTypeLike

HIDDEN = ("identity", "logistic", "tanh", "relu")
OUTPUTS = ("softmax", "logistic", "identity", "exp")
# The losses that go with each output activation.
LOSSES = {
    "softmax": ("log_loss", "squared_error"),
    "logistic": ("log_loss", "squared_error"),
    "identity": ("squared_error",),
    "exp": ("poisson", "squared_error"),
}


def one_of(value: object, names: Collection[str], argument: str) -> str:
    """Return a name that is among those allowed."""
    if not isinstance(value, str) or value not in names:
        raise ValueError(f"{argument} must be one of {', '.join(map(repr, names))}, got {value!r}")
    return value


def checked_sizes(sizes: Sequence[int]) -> list[int]:
    """Return layer sizes as a list of ints."""
    try:
        checked = [int(n) for n in sizes]
        whole = all(n == m and 0 < n < 2**31 for n, m in zip(checked, sizes, strict=True))
    except (TypeError, ValueError, OverflowError):
        checked, whole = [], False
    if not whole or not 2 <= len(checked) <= 64:
        raise ValueError(f"sizes must be 2 to 64 positive integers below 2**31, input first, got {sizes!r}")
    return checked


def hidden_activations(activation: str | Sequence[str], n_hidden: int) -> list[str]:
    """Return one name for each hidden layer."""
    if isinstance(activation, list | tuple):
        if len(activation) != n_hidden:
            raise ValueError(
                "activation must name one activation or one for each of the "
                f"{n_hidden} hidden layers, got {activation!r}"
            )
        return [one_of(name, HIDDEN, "activation") for name in activation]
    return [one_of(activation, HIDDEN, "activation")] * n_hidden


def checked_output(output: str, loss: str) -> tuple[str, str]:
    """Return an output activation and a loss that go together."""
    one_of(output, OUTPUTS, "output")
    one_of(loss, sorted({name for names in LOSSES.values() for name in names}), "loss")
    if loss not in LOSSES[output]:
        raise ValueError(
            f"loss must be one of {', '.join(map(repr, LOSSES[output]))} with output={output!r}, got {loss!r}"
        )
    return output, loss


def checked_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    """Return float32 or float64 as a dtype."""
    try:
        checked = np.dtype(dtype)
    except TypeError:
        checked = None
    if checked not in (np.float32, np.float64):
        raise ValueError(f"dtype must be float32 or float64, got {dtype!r}")
    return checked


def is_finite(value: object) -> bool:
    """Whether a value is a real number that a float can hold."""
    try:
        return isinstance(value, (float, int, Real)) and math.isfinite(value)  # floats first: at once
    except OverflowError:  # an int beyond all floats
        return False


def checked_scale(scale: float) -> float:
    """Return the factor of the inputs as a float."""
    if not is_finite(scale) or scale == 0:
        raise ValueError(f"input_scale must be a finite number other than 0, got {scale!r}")
    return float(scale)


def checked_threads(n_threads: int | None) -> int | None:
    """Return the largest number of threads, None for as many as the work is worth."""
    if n_threads is None:
        return None
    if isinstance(n_threads, bool) or not isinstance(n_threads, Integral) or n_threads < 1:
        raise ValueError(f"n_threads must be None or a positive integer, got {n_threads!r}")
    return int(n_threads)


def checked_batch_size(batch_size: int) -> int:
    """Return the rows of a batch as an int that the core can hold."""
    whole = isinstance(batch_size, Integral) and not isinstance(batch_size, bool)
    if not whole or not 0 < batch_size < 2**63:
        raise ValueError(f"batch_size must be a positive integer, got {batch_size!r}")
    return int(batch_size)


def checked_rate(rate: float) -> float:
    """Return the learning rate as a float."""
    if not is_finite(rate) or rate < 0:
        raise ValueError(f"learning_rate must be a finite number, 0 or more, got {rate!r}")
    return float(rate)
