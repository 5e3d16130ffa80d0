"""Random number generators: NumPy's RandomState, and the core's, which gives the same numbers for the same seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmlp import _core, constraints

if TYPE_CHECKING:
    from typing import TypeAlias

    Generator: TypeAlias = np.random.RandomState | _core.Random


def random_state(seed: int | np.random.RandomState | None) -> Generator:
    """Return a generator for the user's `random_state`; it gives the same numbers as scikit-learn's.

    An int creates a new generator at every call, so each fit and partial_fit uses the same random numbers. A
    RandomState is returned as it is. None gives NumPy's global RandomState.
    """
    constraints.network_argument("random_state", seed)
    if seed is None:
        return np.random.mtrand._rand
    return seed if isinstance(seed, np.random.RandomState) else _core.Random(int(seed))


def stored_generator(generator: Generator) -> _core.Random:
    """Return a generator of the core in the same state as `generator`, for storing it.

    Raises
    ------
    ValueError
        If `generator` is a RandomState whose bit generator is not MT19937.
    """
    if isinstance(generator, _core.Random):
        return generator
    state = generator.get_state(legacy=False)
    if state["bit_generator"] != "MT19937":
        raise ValueError(
            f"random_state must use the bit generator MT19937 to store a training, got {state['bit_generator']}"
        )
    words = state["state"]
    return _core.restored_random({"version": _core.STATE_VERSION, "key": words["key"], "position": int(words["pos"])})
