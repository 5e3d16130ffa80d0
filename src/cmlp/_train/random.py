"""Random number generators: NumPy's RandomState, and the core's, which gives the same numbers for the same seed."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from cmlp._bridge import _core
from cmlp._parameters.entries import network_argument
from cmlp.exceptions import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    Generator: TypeAlias = np.random.RandomState | _core.Random
    Bits: TypeAlias = _core.Random | Mapping[str, object]


def checked_generator(random_state: object) -> Generator:
    """Return a generator for an argument of the user; raises InvalidParameterError if it is invalid."""
    return generator_of(network_argument("random_state", random_state))


def generator_of(random_state: int | np.random.RandomState | None) -> Generator:
    """Return a generator for a valid `random_state`; it gives the same numbers as scikit-learn's.

    An int creates a new generator at every call, so each fit and partial_fit uses the same random numbers. A
    RandomState is returned as it is. None gives NumPy's global RandomState.
    """
    if random_state is None:
        return np.random.mtrand._rand
    return _core.Random(random_state) if isinstance(random_state, int) else random_state


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


def bits_of(generator: np.random.RandomState) -> Bits:
    """Return the state of the bits from which a generator draws, to set it back: fast for an MT19937."""
    return stored_generator(generator) if is_storable(generator) else generator._bit_generator.state


def set_bits(generator: np.random.RandomState, bits: Bits) -> None:
    """Set a generator back to a state that `bits_of` has returned."""
    if isinstance(bits, _core.Random):
        fields = bits.get_state()
        words = {"key": fields["key"], "pos": fields["position"]}
        bits = {"bit_generator": "MT19937", "state": words}
    generator._bit_generator.state = bits


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
