"""Random number generators: NumPy's RandomState, and the core's, which gives the same numbers for the same seed."""

from __future__ import annotations

import os
import sys
import threading
from functools import cache
from operator import methodcaller
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._bridge import _core
from cmlp._train.parameters import network_argument
from cmlp.exceptions import InvalidParameterError

if TYPE_CHECKING:
    from typing import TypeAlias

    Generator: TypeAlias = np.random.RandomState | _core.Random


def random_state(seed: int | np.random.RandomState | None) -> Generator:
    """Return a generator for the user's `random_state`; it gives the same numbers as scikit-learn's.

    An int creates a new generator at every call, so each fit and partial_fit uses the same random numbers. A
    RandomState is returned as it is. None gives NumPy's global RandomState.
    """
    checked: int | np.random.RandomState = network_argument("random_state", seed)
    if seed is None:
        with _importing:
            return np.random.mtrand._rand
    return _core.Random(checked) if isinstance(checked, int) else checked


def draw_seed(generator: Generator) -> int:
    """Draw a seed below 2**32, by one double, so that all generators give the same."""
    return int(2**32 * float(generator.random_sample()))


def is_storable(generator: Generator) -> bool:
    """Return whether `stored_generator` can store a generator: whether its algorithm is MT19937."""
    return (
        isinstance(generator, _core.Random) or type(generator._bit_generator).__name__ == "MT19937"
    )


def stored_generator(generator: Generator) -> _core.Random:
    """Return a generator of the core in the same state, for storing it; ValueError unless its algorithm is MT19937."""
    if isinstance(generator, _core.Random):
        return generator
    if type(generator._bit_generator) is np.random.MT19937 and _has_known_memory():
        return _core.random_in_memory(generator._bit_generator)
    return _described_generator(generator)


@cache
def _has_known_memory() -> bool:
    """Return whether NumPy's MT19937 has its state in memory as the core reads it."""
    generator = np.random.RandomState(0)
    return _core.random_in_memory(generator._bit_generator) == _described_generator(generator)


def _described_generator(generator: np.random.RandomState) -> _core.Random:
    """Return the generator that NumPy's description of the state describes; ValueError if it is not MT19937."""
    state = generator.get_state(legacy=False)
    if state["bit_generator"] != "MT19937":
        raise InvalidParameterError(
            "random_state must use the bit generator MT19937 to store training state, got "
            f"{state['bit_generator']}.",
            parameter="random_state",
            value=generator,
        )
    words = state["state"]
    return _core.restored_random(
        {"version": _core.STATE_VERSION, "key": words["key"], "position": int(words["pos"])}
    )


# Held while numpy.random is imported: NumPy imports it at its first use.
_importing = threading.RLock()


class _ForkLocks(threading.local):
    """Holds the lock of NumPy's global RandomState, and the lock of its import, while this thread forks.

    A draw holds the first lock without the GIL. If another thread forked meanwhile, its child would have a locked lock
    without the thread that unlocks it, and would hang at its first draw.
    """

    def __init__(self) -> None:
        self._held: list[Any] = []

    def take(self) -> None:
        """Take the locks; the first one only if numpy.random is imported."""
        self._take(_importing)
        generator = getattr(sys.modules.get("numpy.random.mtrand"), "_rand", None)
        lock = getattr(getattr(generator, "_bit_generator", None), "lock", None)
        if lock is not None:
            self._take(lock)

    def _take(self, lock: Any) -> None:
        # In one call, because Ctrl-C between taking and storing the lock would leave it locked.
        self._held.extend(filter(_acquire, (lock,)))

    def give_back(self) -> None:
        """Release what `take` has taken."""
        # The outer call to list runs no bytecode in between either.
        list(map(_release, map(self._held.pop, range(len(self._held) - 1, -1, -1))))


# Random numbers and the import take milliseconds. The limit of 10 s prevents a deadlock if other
# code keeps the lock.
_acquire, _release = methodcaller("acquire", timeout=10), methodcaller("release")

if hasattr(os, "register_at_fork"):
    _fork_locks = _ForkLocks()
    os.register_at_fork(before=_fork_locks.take)
    for _ in range(2):  # in case Ctrl-C interrupts the first call
        os.register_at_fork(
            after_in_parent=_fork_locks.give_back, after_in_child=_fork_locks.give_back
        )
