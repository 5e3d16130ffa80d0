"""Rows in shards: ``fit(X, y, shards=[...])`` on one process."""

from copy import copy
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import digest, labels, uniform
from row_orders import order_of
from worker_cases import digest as model_digest

import cmlp
from cmlp import MLPClassifier, MLPRegressor, Network
from cmlp.exceptions import InvalidParameterError

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer", "ignore:The training loss")

SIZES = (300, 130, 470)
X, Y = uniform(0, 900, 5), labels(1, 900, 3)
KEPT = {
    "max_iter": 4,
    "tol": 0,
    "n_iter_no_change": float("inf"),
    "random_state": 0,
    "batch_size": 384,
}


def model(**parameters):
    return MLPClassifier((6,), **{**KEPT, **parameters})


def order_of_shards(sizes, batch_size=384, **parameters):
    """Return the order of the rows of an epoch."""
    return order_of(sum(sizes), {"shards": sizes}, batch_size=batch_size, **parameters)


def test_each_batch_has_the_same_number_of_rows_of_every_shard_in_order():
    batches = order_of_shards((500, 300, 600)).reshape(
        2, 3, 128
    )  # the shard of 300 rows has two full shares
    for shard, (begin, end) in enumerate([(0, 500), (500, 800), (800, 1400)]):
        own = batches[:, shard].ravel()
        assert own.min() >= begin and own.max() < end and len(set(own.tolist())) == 256


def test_order_of_a_shard_depends_on_its_number_the_epoch_and_no_other_shard():
    batches = order_of_shards((500, 300, 600)).reshape(2, 3, 128)
    others = order_of_shards((400, 300, 800)).reshape(2, 3, 128)
    np.testing.assert_array_equal(batches[:, 1] - 500, others[:, 1] - 400)
    equal = order_of_shards((300, 300, 300)).reshape(2, 3, 128) - 300 * np.arange(3).reshape(
        1, 3, 1
    )
    assert (equal[:, 0] != equal[:, 1]).any() and (equal[:, 1] != equal[:, 2]).any()
    epochs = order_of_shards((500, 300, 600), max_iter=2).reshape(2, 2, 3, 128)
    np.testing.assert_array_equal(epochs[0], batches)
    assert (epochs[1] != epochs[0]).any()
    assert (order_of_shards((500, 300, 600), random_state=8) != batches.ravel()).any()
    assert digest(batches.astype(float)) == "748bb9b854b4a8e6"


def test_an_epoch_of_many_rows_is_that_of_one_call_of_the_core():
    """The trainer passes at most 2**20 rows at a time, and stops after every third batch for the callback."""
    n, sizes = 1_400_000, (700_000, 700_000)
    pixels, y = (
        (np.arange(n) % 251).astype(np.uint8).reshape(-1, 1),
        (np.arange(n) % 7 < 3).astype(float),
    )
    settings = {"batch_size": 256_000, "max_iter": 1, "random_state": 0, "hidden_layer_sizes": (3,)}
    callback = SimpleNamespace(every_batches=3, on_batches_end=lambda trainer: None)
    fitted = MLPRegressor(
        **settings, alpha=0.0, input_scale=0.01, dtype="float64", callbacks=[callback]
    )
    initial = (
        copy(fitted)
        .set_params(learning_rate_init=1e-300)
        .fit(pixels, y, shards=sizes)
        .network_.params
    )
    fitted.fit(pixels, y, shards=sizes)
    net = Network(
        [1, 3, 1],
        "relu",
        output="identity",
        loss="squared_error",
        input_scale=0.01,
        dtype="float64",
    )
    net.params[:] = initial
    order = order_of_shards(sizes, **settings)
    assert len(np.unique(order)) == len(order) == 1_280_000
    net.train_epoch(
        pixels, y.reshape(-1, 1), 256_000, net.optimizer("adam", learning_rate=0.001), order=order
    )
    np.testing.assert_allclose(fitted.network_.params, net.params, rtol=1e-7)


def test_an_epoch_counts_the_rows_of_full_batches_only():
    fitted = model(max_iter=2).fit(X, Y, shards=SIZES)
    assert fitted.t_ == 2 * 384  # the shard of 130 rows has one share of 128


def test_rows_that_an_epoch_leaves_out_are_used_in_another_one():
    seen = [
        set(rows[256:].tolist()) for rows in order_of_shards(SIZES, max_iter=30).reshape(30, 384)
    ]
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
    with pytest.raises(
        ValueError, match="pass the same X, y, sample_weight, validation data and shards"
    ):
        half.fit(X, Y, resume=True)
    assert model_digest(half.fit(X, Y, resume=True, shards=SIZES)) == model_digest(whole)


class Interrupts:
    """Ctrl-C after the second batch of the second epoch."""

    every_batches = 2

    def on_batches_end(self, trainer):
        if trainer.state.epoch == 1:
            raise KeyboardInterrupt


def test_shards_resume_in_the_middle_of_an_epoch():
    sizes = (450, 450)
    whole, paused = (
        model(batch_size=256).fit(X, Y, shards=sizes),
        model(batch_size=256, callbacks=[Interrupts()]),
    )
    with pytest.raises(KeyboardInterrupt):
        paused.fit(X, Y, shards=sizes)
    assert paused.n_iter_ == 1
    paused.set_params(callbacks=None).fit(X, Y, resume=True, shards=sizes)
    assert model_digest(paused) == model_digest(whole)


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
        (
            SIZES,
            {"batch_size": "auto"},
            "With 3 shards, batch_size must be .* got 'auto'; the next one is 384.",
        ),
        (
            SIZES,
            {"batch_size": 768},
            r"A batch of 768 rows takes 256 rows of each shard, but shards\[1\] has 130.",
        ),
        (SIZES, {"shuffle": False}, "shards needs shuffle=True, got False."),
        (SIZES, {"shuffle": "blocks"}, "shards needs shuffle=True, got 'blocks'."),
        (
            SIZES,
            {"solver": "lbfgs"},
            "shards needs batches, but solver='lbfgs' has none: use another solver.",
        ),
        (
            SIZES,
            {"early_stopping": True},
            "early_stopping with shards needs validation rows of your own",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:.* has no effect with this")  # batch_size with "lbfgs"
def test_invalid_shards_raise_an_error_and_keep_the_model(shards, parameters, message):
    fitted = model(max_iter=1, batch_size=100).fit(X, Y)
    before = model_digest(fitted)
    with pytest.raises(ValueError, match=message):
        fitted.set_params(**{**KEPT, **parameters}).fit(X, Y, shards=shards)
    assert model_digest(fitted) == before


def test_error_about_shards_has_the_parameter_that_was_given():
    with pytest.raises(InvalidParameterError) as caught:
        model(shuffle="blocks").fit(X, Y, shards=SIZES)
    assert (caught.value.parameter, caught.value.value) == ("shuffle", "blocks")
