"""The initial parameters of a network: random numbers, or the weights and biases that a user gives."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cmlp._bridge import _core
from cmlp._bridge.blocks import empty_block, given_params

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmlp._data.array_types import Floats
    from cmlp._train.random import Generator

_FACTORS = {"he": 6, "lecun": 3}
_CHUNK = 2**18  # random numbers per call of the generator, which takes a few milliseconds


def initial_params(
    net: _core.Net,
    rng: Generator,
    activations: Sequence[str],
    initialization: str | Sequence[object] = "glorot",
) -> Floats:
    """Return a block of initial parameters; with "glorot" the same random numbers as scikit-learn's for the same seed.

    Only the method ``random_sample`` of the generator is called: its values are the same on every
    platform. An `initialization` that is no name is a pair of lists of arrays. Random weights are
    uniform in ``(-bound, bound)``:

    - "glorot": ``bound = sqrt(factor / (n_in + n_out))`` for weights and biases; the factor is 2
      for "logistic" and 6 for other activations (Glorot and Bengio 2010).
    - "he": ``bound = sqrt(6 / n_in)``, and biases of 0 (He, Zhang, Ren and Sun 2015).
    - "lecun": ``bound = sqrt(3 / n_in)``, and biases of 0 (LeCun, Bottou, Orr and Müller 1998).
    """
    if not isinstance(initialization, str):
        coefs, intercepts = initialization[0], initialization[1]
        return given_params(
            net,
            coefs,
            intercepts,
            ("the coefs of initialization", "the intercepts of initialization"),
        )
    params = empty_block(net.n_params, net.dtype)
    for weights, biases, activation in zip(*net.views(params), activations, strict=True):
        if initialization == "glorot":
            factor = _core.ACTIVATIONS[activation].init_factor
            # With NumPy's scalars, a failing allocation can crash.
            bound = math.sqrt(factor / sum(weights.shape))
            _fill_uniformly(weights.reshape(-1), bound, rng)
            _fill_uniformly(biases, bound, rng)
        else:
            _fill_uniformly(
                weights.reshape(-1), math.sqrt(_FACTORS[initialization] / weights.shape[0]), rng
            )
            biases[:] = 0
    return params


def _fill_uniformly(tensor: Floats, bound: float, rng: Generator) -> None:
    """Fill a flat array with uniform numbers from -bound to bound, in chunks so that Ctrl-C takes effect within ms."""
    for start in range(0, tensor.size, _CHUNK):
        chunk = tensor[start : start + _CHUNK]
        chunk[...] = -bound + 2 * bound * rng.random_sample(chunk.shape)
