"""Validation splits and shuffles use the same random numbers as scikit-learn."""

import numpy as np
import pytest
from row_orders import order_of
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.utils import check_random_state, shuffle

import cmlp
from cmlp import MLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer", "ignore:The training loss")
N_WEIGHTS = 2  # drawn before the split and the orders: a weight and a bias


def same_state(one, other):
    return one.random_sample() == other.random_sample()


@pytest.mark.parametrize("seed", [None, 0, np.uint32(2**32 - 1), np.random.RandomState(3)])
def test_shuffles_match_scikit_learn(seed):
    n_rows, n_epochs = 17, 5
    if isinstance(seed, int | np.integer):
        theirs = check_random_state(seed)
    else:  # the estimator takes random numbers from the caller's generator
        theirs = np.random.RandomState()
        theirs.set_state(check_random_state(seed).get_state())
    theirs.random_sample(N_WEIGHTS)
    rows, expected = np.arange(n_rows), []
    for _ in range(n_epochs):
        rows = shuffle(rows, random_state=theirs)
        expected.append(rows)
    for _ in range(
        1 + isinstance(seed, int | np.integer)
    ):  # an int gives the same numbers at every call
        order = order_of(n_rows, random_state=seed, max_iter=n_epochs)
        np.testing.assert_array_equal(order, np.concatenate(expected))
    if not isinstance(seed, int | np.integer):
        assert same_state(check_random_state(seed), theirs)


@pytest.mark.parametrize("n_rows", [20, 21, 57, 200])
@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5, 0.77])
def test_plain_split_matches_scikit_learn(n_rows, fraction):
    ours, theirs = np.random.RandomState(n_rows), np.random.RandomState(n_rows)
    theirs.random_sample(N_WEIGHTS)
    training, _ = train_test_split(np.arange(n_rows), test_size=fraction, random_state=theirs)
    settings = {"early_stopping": True, "validation_fraction": fraction, "shuffle": False}
    order = order_of(n_rows, random_state=ours, **settings)[: len(training)]
    np.testing.assert_array_equal(order, training)
    assert same_state(ours, theirs)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("share", [0.1, 0.5])
def test_stratified_split_matches_scikit_learn(seed, share):
    """Ties between groups are broken at random."""
    n_rows = 40 + seed % 5
    X = np.random.RandomState(seed + 200).standard_normal((n_rows, 3))
    groups = (np.random.RandomState(seed + 100).random_sample(n_rows) < share).astype(np.uint8)
    groups[:4] = [0, 0, 1, 1]
    settings = {
        "early_stopping": True,
        "validation_fraction": 0.25,
        "max_iter": 2,
        "learning_rate_init": 0.1,
    }
    generators = [np.random.RandomState(seed) for _ in range(2)]
    ours, theirs = (
        kind((), random_state=generator, **settings).fit(X, groups)
        for kind, generator in zip((MLPClassifier, TheirClassifier), generators, strict=True)
    )
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], rtol=1e-10)
    assert ours.validation_scores_ == theirs.validation_scores_
    assert same_state(*generators)


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
    with pytest.raises(ValueError, match=message) as caught:
        order_of(n_rows, early_stopping=True, validation_fraction=fraction)
    assert isinstance(caught.value, cmlp.exceptions.InvalidParameterError) == (
        fraction == 0
    )  # whatever the rows are


@pytest.mark.parametrize(
    ("y", "fraction", "message"),
    [
        ([0] * 19 + [1], 0.2, "least populated classes in y have only 1 member"),
        (["zero", "zero", "zero", "one"], 0.1, r"too few members are: \['one'\]"),
        ([0, 0, 1, 1], 0.7, "train_size = 1 should be greater or equal"),
    ],
)
def test_stratified_split_of_small_groups_raises(y, fraction, message):
    model = MLPClassifier((), early_stopping=True, validation_fraction=fraction)
    with pytest.raises(ValueError, match=message):
        model.fit(np.zeros((len(y), 1)), y)


def test_single_class_can_be_split():
    model = MLPClassifier(
        (), early_stopping=True, validation_fraction=0.3, max_iter=1, random_state=0
    )
    assert model.fit(np.zeros((10, 1)), np.zeros(10, int)).t_ == 7
