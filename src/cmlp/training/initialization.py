"""Initial weights and biases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp.inputs.blocks import empty_block

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmlp import _core
    from cmlp.training.random import Draws


def initial_params(net: _core.Net, rng: Draws, activations: Sequence[str | Sequence[str]]) -> NDArray[Any]:
    """Draw a block of parameters as scikit-learn does.

    Parameters
    ----------
    net : cmlp._core.Net
    rng : numpy.random.RandomState or cmlp._core.Random
        Only ``random_sample`` is called: its values are the same on every platform.
    activations : sequence of str
        Per layer: a logistic layer's bound is ``sqrt(2 / (n_in + n_out))``, others' ``sqrt(6 / ...)``.

    Notes
    -----
    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
    """
    params = empty_block(net.n_params, net.dtype)
    for weights, biases, activation in zip(*net.views(params), activations, strict=True):
        factor = 2.0 if activation == "logistic" else 6.0
        bound = np.sqrt(factor / sum(weights.shape))
        for tensor in (weights, biases):
            tensor[...] = -bound + 2 * bound * rng.random_sample(tensor.shape)
    return params
