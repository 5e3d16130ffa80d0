"""`_core.Random` draws what `numpy.random.RandomState` does, to the bit, so that a seed means what it does there."""

import numpy as np
import pytest

from cmlp import _core

SEEDS = [0, 1, 42, 2**32 - 1]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 31, 32, 33, 623, 624, 625, 1000, 4096, 4097, 60_000])
def test_a_permutation_is_that_of_numpy(seed, n):
    ours, theirs = _core.Random(seed), np.random.RandomState(seed)
    for _ in range(3):  # each goes on where the one before ended
        order = ours.permutation(n)
        assert order.dtype == np.int64
        np.testing.assert_array_equal(order, theirs.permutation(n))


@pytest.mark.parametrize("seed", SEEDS)
def test_kinds_of_draws_take_turns(seed):
    ours, theirs = _core.Random(seed), np.random.RandomState(seed)
    for n in (3, 700, 12, 0, 2000):
        np.testing.assert_array_equal(ours.random_sample((n, 3)), theirs.random_sample((n, 3)))
        np.testing.assert_array_equal(ours.permutation(n), theirs.permutation(n))


def test_a_permutation_of_values_leaves_them_as_they_were():
    values = np.array([7, -1, 5, 2**40, 5])
    ours, theirs = _core.Random(3), np.random.RandomState(3)
    np.testing.assert_array_equal(ours.permutation(values), theirs.permutation(values))
    np.testing.assert_array_equal(values, [7, -1, 5, 2**40, 5])
    assert ours.permutation([]).shape == (0,)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_has_32_bits(seed):
    with pytest.raises(OverflowError):
        _core.Random(seed)
