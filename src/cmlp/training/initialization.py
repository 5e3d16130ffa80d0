"""Initial weights and biases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp import _core
from cmlp.constraints import canonical
from cmlp.inputs.blocks import empty_block

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from cmlp.training.random import Draws

_PIECE = 2**18  # numbers drawn at a time: a few milliseconds


def initialization(hidden: Sequence[str], activation: str | Iterable[str]) -> list[str]:
    """Return for each layer the activation by which its first weights are drawn.

    Parameters
    ----------
    hidden : sequence of str
        Activations of the hidden layers.
    activation : str or iterable of str
        What the user gave. The output layer starts like the last hidden one, without hidden layers by this name.
    """
    named = canonical(activation) if isinstance(activation, str) else "identity"
    return [*hidden, hidden[-1] if hidden else named]


def initial_params(net: _core.Net, rng: Draws, activations: Sequence[str]) -> NDArray[Any]:
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
        factor = _core.ACTIVATIONS[activation].init_factor
        bound = np.sqrt(factor / sum(weights.shape))
        for tensor in (weights.reshape(-1), biases):
            # In pieces, so that Ctrl-C is noticed in between and the float64 numbers need little memory.
            for start in range(0, tensor.size, _PIECE):
                piece = tensor[start : start + _PIECE]
                piece[...] = -bound + 2 * bound * rng.random_sample(piece.shape)
    return params
