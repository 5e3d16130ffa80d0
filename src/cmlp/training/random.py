"""Random draws: NumPy's generators, and the core's, which draws the same from a seed."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np

from cmlp import _core

if TYPE_CHECKING:
    from typing import TypeAlias

    Draws: TypeAlias = np.random.RandomState | _core.Random


def random_state(seed: int | np.random.RandomState | None) -> Draws:
    """Return what draws as scikit-learn does for a seed.

    An int makes a new one at every call, so each fit and partial_fit of an estimator repeats the same draws; a
    RandomState goes on from where it is; None is NumPy's global one.
    """
    if seed is None:
        return np.random.mtrand._rand
    if isinstance(seed, np.random.RandomState):
        return seed
    if isinstance(seed, Integral) and 0 <= seed < 2**32:
        return _core.Random(int(seed))
    raise ValueError(f"random_state must be None, an integer from 0 to 2**32 - 1 or a numpy RandomState, got {seed!r}")
