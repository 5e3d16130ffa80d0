"""Validation splits and shuffles use the same random numbers as scikit-learn."""

import numpy as np
import pytest
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state, shuffle

from cmlp.training.random import random_state
from cmlp.training.split import plain_split, proportional_counts, shuffled, split_sizes, stratified_split


def same_state(one, other):
    return one.random_sample() == other.random_sample()


@pytest.mark.parametrize("seed", [None, 0, np.uint32(2**32 - 1), np.random.RandomState(3)])
def test_random_state_matches_check_random_state(seed):
    ours, theirs = random_state(seed), check_random_state(seed)
    if isinstance(seed, int | np.integer):
        assert ours is not random_state(seed)
        assert same_state(ours, theirs)
    else:
        assert ours is theirs


@pytest.mark.parametrize("n_rows", [20, 21, 57, 200])
@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5, 0.77])
def test_plain_split_matches_scikit_learn(n_rows, fraction):
    ours, theirs = np.random.RandomState(n_rows), np.random.RandomState(n_rows)
    expected = train_test_split(np.arange(n_rows), test_size=fraction, random_state=theirs)
    training, validation = plain_split(n_rows, fraction, ours)
    np.testing.assert_array_equal(training, expected[0])
    np.testing.assert_array_equal(validation, expected[1])
    assert same_state(ours, theirs)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("share", [0.1, 0.5])
def test_stratified_split_matches_scikit_learn(seed, share):
    n_rows = 40 + seed % 5
    groups = (np.random.RandomState(seed + 100).random_sample(n_rows) < share).astype(np.uint8)
    groups[:4] = [0, 0, 1, 1]
    ours, theirs = np.random.RandomState(seed), np.random.RandomState(seed)
    expected = train_test_split(np.arange(n_rows), test_size=0.25, random_state=theirs, stratify=groups)
    training, validation = stratified_split(groups, 0.25, ours)
    np.testing.assert_array_equal(training, expected[0])
    np.testing.assert_array_equal(validation, expected[1])
    assert same_state(ours, theirs)


def test_ties_between_groups_are_broken_at_random():
    # Of two groups of 5, three rows are taken: a random group gives two rows.
    counts = np.array([5, 5])
    taken = {tuple(proportional_counts(counts, 3, np.random.RandomState(s))) for s in range(20)}
    assert taken == {(1, 2), (2, 1)}


def test_single_group_can_be_split():
    training, validation = stratified_split(np.zeros(10, np.uint8), 0.3, np.random.RandomState(0))
    assert sorted([*training, *validation]) == list(range(10))
    assert len(validation) == 3


def test_splits_are_int64_row_indices():
    for part in plain_split(30, 0.2, np.random.RandomState(0)):
        assert part.dtype == np.int64
    for part in stratified_split(np.arange(30) % 2, 0.2, np.random.RandomState(0)):
        assert part.dtype == np.int64


def test_successive_shuffles_match_scikit_learn():
    ours, theirs = np.random.RandomState(4), np.random.RandomState(4)
    order, expected = None, np.arange(17)
    for _ in range(5):
        order = shuffled(order, 17, ours)
        expected = shuffle(expected, random_state=theirs)
        np.testing.assert_array_equal(order, expected)


@pytest.mark.parametrize(
    "n_rows, fraction, message",
    [
        (100, 0.0, r"should be a float in the \(0, 1\) range"),
        (1, 0.5, "train set will be empty"),
        (10, 0.95, "train set will be empty"),
        (10, 0.1, "The validation set is too small"),
    ],
)
def test_split_with_too_few_rows_raises(n_rows, fraction, message):
    with pytest.raises(ValueError, match=message):
        split_sizes(n_rows, fraction)


def test_stratified_split_of_small_groups_raises():
    rng = np.random.RandomState(0)
    with pytest.raises(ValueError, match="least populated classes in y have only 1 member"):
        stratified_split(np.array([0] * 19 + [1]), 0.2, rng)
    with pytest.raises(ValueError, match=r"too few members are: \['one'\]"):
        stratified_split(np.array([0, 0, 0, 1]), 0.1, rng, np.array(["zero", "one"]))
    with pytest.raises(ValueError, match="train_size = 1 should be greater or equal"):
        stratified_split(np.array([0, 0, 1, 1]), 0.7, rng)
