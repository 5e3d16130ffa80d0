"""Parameter blocks: flat arrays, aligned to cache lines, of all weights and biases; what is read from pickles.

Pickles have the version of their format, so that those of another one raise an error that says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cmlp._bridge._core import Net, address_of
from cmlp._data.array_types import AnyArray, DTypeLike, Floats
from cmlp._data.arrays import rectangular

# Version of the pickles that this package writes. A new field does not need another one: a pickle without it is
# loaded as a file without it.
PICKLE_VERSION = 1
_CACHE_LINE = 64  # bytes


def empty_block(n: int, dtype: DTypeLike) -> AnyArray:
    """Return an uninitialized array of n elements, aligned to a cache line.

    NumPy does not align its memory to cache lines, and unaligned weights slow down a one-row prediction by a sixth.
    """
    memory = np.empty(n * np.dtype(dtype).itemsize + _CACHE_LINE, np.uint8)
    # frombuffer makes the returned block the base of its views. With slicing, their base would be
    # `memory`.
    return np.frombuffer(memory.data, dtype, n, -address_of(memory) % _CACHE_LINE)


def block_copy(block: Floats) -> Floats:
    """Return a copy that is aligned to a cache line."""
    copy = empty_block(len(block), block.dtype)
    copy[...] = block
    return copy


def loaded_block(block: AnyArray) -> AnyArray:
    """Return an unpickled block aligned to a cache line; a memory map stays as it is, because processes share it."""
    private = type(block) is np.ndarray and block.flags.writeable
    return block_copy(block) if private and address_of(block) % _CACHE_LINE else block


def given_params(net: Net, coefs: Any, intercepts: Any, names: tuple[str, str]) -> Floats:
    """Return a block with given weights and biases, a list of arrays each; errors call the lists by these names."""
    params = empty_block(net.n_params, net.dtype)
    for name, views, value in zip(names, net.views(params), (coefs, intercepts), strict=True):
        fill_tensors(views, value, name)
    if not np.isfinite(params).all():
        raise ValueError(f"{names[0]} and {names[1]} must contain finite numbers.")
    return params


def fill_tensors(views: Sequence[Floats], value: Any, name: str) -> None:
    """Copy a list of arrays into views of a parameter block."""
    tensors = [
        rectangular(tensor, name) for tensor in (value if hasattr(value, "__iter__") else [None])
    ]
    if any(tensor.dtype.kind not in "buif" for tensor in tensors):
        raise TypeError(f"{name} must be a list of arrays of real numbers, one for each layer.")
    if [tensor.shape for tensor in tensors] != [view.shape for view in views]:
        raise ValueError(
            f"{name} must have arrays of the shapes {[view.shape for view in views]}, "
            f"got {[tensor.shape for tensor in tensors]}."
        )
    for view, tensor in zip(views, tensors, strict=True):
        view[...] = tensor


def output_layer(net: Net, params: Floats) -> tuple[Floats, Floats, Floats]:
    """Return views of the output layer in a parameter block: the whole layer, its weights and its biases."""
    n_in, n_out = net.sizes[-2:]
    layer = params[len(params) - (n_in + 1) * n_out :]
    return layer, layer[: n_in * n_out].reshape(n_in, n_out), layer[n_in * n_out :]


def check_params(params: AnyArray, net: Net) -> None:
    """Raise ValueError unless a parameter block has the network's size and dtype."""
    if params.shape != (net.n_params,) or params.dtype != net.dtype:
        raise ValueError(
            f"The parameters must be {net.n_params} values of dtype {net.dtype}, got an array of "
            f"shape {params.shape} and dtype {params.dtype}."
        )


def native(block: object, dtypes: tuple[type, ...], name: str) -> AnyArray:
    """Return an unpickled 1-D array in native byte order; raises ValueError if it has another dtype or shape.

    An array in native byte order is returned without a copy, because its memory may be shared between processes.
    """
    expected = tuple(map(np.dtype, dtypes))
    if (
        not isinstance(block, np.ndarray)
        or block.ndim != 1
        or block.dtype.newbyteorder("=") not in expected
    ):
        given = (
            f"{block.ndim}-D of dtype {block.dtype}"
            if isinstance(block, np.ndarray)
            else type(block).__name__
        )
        names = " or ".join(map(str, expected))
        raise ValueError(f"{name} must be a 1-D array of {names}, got {given}.")
    return block if block.dtype.isnative else block.astype(block.dtype.newbyteorder("="))


def check_version(fields: Mapping[str, object], what: str) -> None:
    """Raise ValueError if a pickle has a different version of the format."""
    if fields.get("version") != PICKLE_VERSION:
        raise ValueError(
            f"This {what} was pickled by another version of cmlp and cannot be loaded: train it "
            "again, or unpickle it with the version that wrote it."
        )
