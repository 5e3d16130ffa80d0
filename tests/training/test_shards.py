"""Rows in shards: ``fit(X, y, shards=[...])`` on one process."""

import numpy as np
import pytest
from helpers import labels, uniform
from worker_cases import digest

import cmlp
from cmlp import MLPClassifier
from cmlp.training import feed
from cmlp.training.feed import ShardFeed, seeded
from cmlp.training.history import History
from cmlp.training.state import TrainingState
from cmlp.training.task import Data, Task

SIZES = (300, 130, 470)
X, Y = uniform(0, 900, 5), labels(1, 900, 3)
KEPT = {"max_iter": 4, "tol": 0, "n_iter_no_change": float("inf"), "random_state": 0, "batch_size": 384}


def model(**parameters):
    return MLPClassifier((6,), **{**KEPT, **parameters})


def order_of(sizes, batch_size, seed=5, first=0, last=None):
    """Return the rows of an epoch's batches from `first` to `last`."""
    state = TrainingState(np.zeros(1), History())
    state.shuffle_seed, n_rows = seed, sum(sizes)
    shards = ShardFeed(Task(np.zeros(n_rows), None), Data(np.zeros((n_rows, 1)), None, 1.0, shards=sizes), batch_size)
    return np.concatenate([piece.order for piece in shards.pieces(state, batch_size, first, last)])


def test_each_batch_has_the_same_number_of_rows_of_every_shard_in_order():
    order = order_of((50, 31, 200), 30)
    batches = order.reshape(3, 3, 10)  # the shard of 31 rows has three full shares
    for shard, (begin, end) in enumerate([(0, 50), (50, 81), (81, 281)]):
        own = batches[:, shard].ravel()
        assert own.min() >= begin and own.max() < end and len(set(own.tolist())) == 30


def test_order_of_a_shard_depends_on_its_number_the_epoch_and_no_other_shard():
    batches = order_of((50, 31, 200), 30, seed=7).reshape(3, 3, 10)
    for shard, (begin, size) in enumerate([(0, 50), (50, 31), (81, 200)]):
        np.testing.assert_array_equal(batches[:, shard].ravel(), begin + seeded(7, shard).permutation(size)[:30])
    assert (order_of((50, 31, 200), 30, seed=8) != batches.ravel()).any()


@pytest.mark.parametrize("rows_at_a_time", [1, 70, 10**6])
def test_pieces_and_breaks_do_not_change_the_order(monkeypatch, rows_at_a_time):
    whole = order_of((50, 61, 200), 30)
    monkeypatch.setattr(feed, "_ROWS_AT_A_TIME", rows_at_a_time)
    np.testing.assert_array_equal(order_of((50, 61, 200), 30), whole)
    parts = [order_of((50, 61, 200), 30, last=2), order_of((50, 61, 200), 30, first=2)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_an_epoch_counts_the_rows_of_full_batches_only():
    fitted = model(max_iter=2).fit(X, Y, shards=SIZES)
    assert fitted.t_ == 2 * 384  # the shard of 130 rows has one share of 128


def test_rows_that_an_epoch_leaves_out_are_used_in_another_one():
    seen = [set(order_of(SIZES, 384, seed)[256:].tolist()) for seed in range(30)]
    assert set.union(*seen) == set(range(430, 900)) and all(len(rows) == 128 for rows in seen)


def test_one_shard_with_all_rows_learns():
    y = (X[:, 0] > 0).astype(int)
    fitted = model(batch_size=128, max_iter=60, learning_rate_init=0.05).fit(X, y, shards=[900])
    assert fitted.score(X, y) > 0.95


@pytest.mark.parametrize("params", [{}, {"solver": "sgd", "dropout": 0.3}])
def test_shards_resume_with_the_same_bits(tmp_path, params):
    whole = model(**params).fit(X, Y, shards=SIZES)
    half = model(**params, max_iter=2).fit(X, Y, shards=SIZES)
    half.save(tmp_path / "half.cmlp", include_training_state=True)
    half = cmlp.load(tmp_path / "half.cmlp").set_params(max_iter=4)
    with pytest.raises(ValueError, match="pass the same X, y, sample_weight, validation data and shards"):
        half.fit(X, Y, resume=True)
    assert digest(half.fit(X, Y, resume=True, shards=SIZES)) == digest(whole)


def test_shards_resume_in_the_middle_of_an_epoch(monkeypatch):
    monkeypatch.setattr(feed, "_ROWS_AT_A_TIME", 1)
    sizes, pieces = (450, 450), ShardFeed.pieces
    whole = model(batch_size=256).fit(X, Y, shards=sizes)

    def interrupted(self, state, batch_size, first, last):
        for number, piece in enumerate(pieces(self, state, batch_size, first, last)):
            if state.epoch == 1 and number == 2:
                raise KeyboardInterrupt
            yield piece

    paused = model(batch_size=256)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(ShardFeed, "pieces", interrupted)
        paused.fit(X, Y, shards=sizes)
    assert paused._model.state.batch == 2
    assert digest(paused.fit(X, Y, resume=True, shards=sizes)) == digest(whole)


def test_early_stopping_uses_own_validation_rows():
    fitted = model(early_stopping=True).fit(X, Y, X_val=X[:100], y_val=Y[:100], shards=SIZES)
    assert len(fitted.validation_scores_) == 4


def test_epoch_whose_rows_have_no_weight_raises_an_error():
    weight = np.zeros(900)
    weight[500] = 1
    with pytest.raises(ValueError, match=r"The sample weights of all rows of epoch \d+ are zero"):
        model(max_iter=100).fit(X, Y, weight, shards=SIZES)


@pytest.mark.parametrize(
    ("shards", "parameters", "message"),
    [
        (0, {}, "shards must be a positive integer or a sequence of them, got 0."),
        (True, {}, "shards must be a positive integer or a sequence of them, got True."),
        (10**6, {}, "shards must be at most the number of rows"),
        ([], {}, "shards must be a positive integer or a sequence of them, got "),
        ([900.0], {}, "shards must be a positive integer or a sequence of them"),
        ([1000, -100], {}, "shards must be a positive integer or a sequence of them"),
        ("9", {}, "shards must be a positive integer or a sequence of them, got '9'."),
        ([300, 130], {}, "shards must have the sum 900, the number of rows of X, got 430."),
        (
            SIZES,
            {"batch_size": 400},
            "must be a multiple of 384 .128 rows of each shard., got 400; the next one is 768.",
        ),
        (SIZES, {"batch_size": "auto"}, "With 3 shards, batch_size must be .* got 'auto'; the next one is 384."),
        (SIZES, {"batch_size": 768}, r"A batch of 768 rows takes 256 rows of each shard, but shards\[1\] has 130."),
        (SIZES, {"shuffle": False}, "shards needs shuffle=True, got False."),
        (SIZES, {"shuffle": "blocks"}, "shards needs shuffle=True, got 'blocks'."),
        (SIZES, {"solver": "lbfgs"}, "shards needs batches, but solver='lbfgs' has none: use another solver."),
        (SIZES, {"early_stopping": True}, "early_stopping with shards needs validation rows of your own"),
    ],
)
def test_invalid_shards_raise_an_error_and_keep_the_model(shards, parameters, message):
    fitted = model(max_iter=1, batch_size=100).fit(X, Y)
    before = digest(fitted)
    with pytest.raises(ValueError, match=message):
        fitted.set_params(**{**KEPT, **parameters}).fit(X, Y, shards=shards)
    assert digest(fitted) == before
