"""Random numbers: NumPy's generators, and the core's, which draws the same from a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmlp import _core, constraints

if TYPE_CHECKING:
    from typing import TypeAlias

    Draws: TypeAlias = np.random.RandomState | _core.Random


def random_state(seed: int | np.random.RandomState | None) -> Draws:
    """Return a generator that draws as scikit-learn does for a seed.

    An int makes a new one at every call, so each fit and partial_fit of an estimator repeats the same draws; a
    RandomState goes on from where it is; None is NumPy's global one.
    """
    constraints.network_argument("random_state", seed)
    if seed is None:
        return np.random.mtrand._rand
    return seed if isinstance(seed, np.random.RandomState) else _core.Random(int(seed))


def stored_generator(generator: Draws) -> _core.Random:
    """Return a generator that can be pickled and draws what this one would draw next.

    Raises
    ------
    ValueError
        If it is a RandomState of another bit generator than MT19937.
    """
    if isinstance(generator, _core.Random):
        return generator
    state = generator.get_state(legacy=False)
    if state["bit_generator"] != "MT19937":
        raise ValueError(
            f"random_state must use the bit generator MT19937 for a training to be stored, got {state['bit_generator']}"
        )
    words = state["state"]
    return _core.restored_random({"version": _core.STATE_VERSION, "key": words["key"], "position": int(words["pos"])})
