"""`_core.Random` gives the same random numbers as `numpy.random.RandomState` with the same seed."""

import numpy as np
import pytest

from cmlp._bridge import _core

SEEDS = [0, 1, 42, 2**32 - 1]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "n", [0, 1, 2, 3, 4, 5, 31, 32, 33, 623, 624, 625, 1000, 4096, 4097, 60_000]
)
def test_permutation_matches_numpy(seed, n):
    ours, theirs = _core.Random(seed), np.random.RandomState(seed)
    for _ in range(3):  # each call continues the stream
        order = ours.permutation(n)
        assert order.dtype == np.int64
        np.testing.assert_array_equal(order, theirs.permutation(n))


@pytest.mark.parametrize("seed", SEEDS)
def test_samples_and_permutations_can_alternate(seed):
    ours, theirs = _core.Random(seed), np.random.RandomState(seed)
    for n in (3, 700, 12, 0, 2000):
        np.testing.assert_array_equal(ours.random_sample((n, 3)), theirs.random_sample((n, 3)))
        np.testing.assert_array_equal(ours.permutation(n), theirs.permutation(n))


def test_permutation_of_values_does_not_change_them():
    values = np.array([7, -1, 5, 2**40, 5])
    ours, theirs = _core.Random(3), np.random.RandomState(3)
    np.testing.assert_array_equal(ours.permutation(values), theirs.permutation(values))
    np.testing.assert_array_equal(values, [7, -1, 5, 2**40, 5])
    assert ours.permutation([]).shape == (0,)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seed_outside_32_bits_raises(seed):
    with pytest.raises(OverflowError):
        _core.Random(seed)


def test_a_generator_of_numpy_is_read_from_memory():
    theirs = np.random.RandomState(3)
    for n in (0, 1, 623, 624, 1000):
        theirs.random_sample(n)
        ours = _core.random_in_memory(theirs._bit_generator)
        state = theirs.get_state(legacy=False)["state"]
        np.testing.assert_array_equal(ours.get_state()["key"], state["key"])
        assert ours.get_state()["position"] == state["pos"]
        assert ours == _core.random_in_memory(theirs._bit_generator) == ours.copy()
    ours.random_sample()
    assert ours != _core.random_in_memory(theirs._bit_generator)
    assert ours != _core.Random(3) and ours != 3


@pytest.mark.parametrize(
    "other",
    [None, 3, np.random.PCG64(1), np.random.RandomState(3)],
    ids=["None", "number", "PCG64", "RandomState"],
)
def test_nothing_else_is_read_from_memory(other):
    with pytest.raises(TypeError, match=r"must be a numpy\.random\.MT19937, got"):
        _core.random_in_memory(other)


def test_a_position_outside_the_words_raises():
    theirs = np.random.RandomState(3)
    state = theirs.get_state(legacy=False)
    state["state"]["pos"] = 700

    def read():
        theirs.set_state(state)  # which newer versions of NumPy refuse
        return _core.random_in_memory(theirs._bit_generator)

    with pytest.raises(ValueError, match=r"position .*624"):
        read()
