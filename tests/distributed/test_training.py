"""Training in rounds on a Dask cluster: the same bits for any workers and parts, checkpoints, averages."""

import os
import signal

import numpy as np
import pytest
from estimator_cases import flat
from helpers import assert_same_bits
from optional import package

import cmlp

distributed = package("distributed")

RNG = np.random.default_rng(0)
SETTLED = {"tol": 0, "n_iter_no_change": float("inf")}  # trains for max_iter epochs
X = RNG.normal(size=(430, 5)).astype(np.float32)
LABELS = np.array(["no", "perhaps", "yes"])[np.argmax(X[:, :3], axis=1)]
Y = np.stack([X @ [1, 2, 0, -1, 0.5], X[:, 0] ** 2], axis=1).astype(np.float32)
WEIGHT = RNG.random(430)


def classifier(**params):
    return cmlp.MLPClassifier(**{"hidden_layer_sizes": (8,), "max_iter": 4, "random_state": 0, **SETTLED, **params})


def regressor(**params):
    return cmlp.MLPRegressor(**{"hidden_layer_sizes": (8,), "max_iter": 4, "random_state": 0, **SETTLED, **params})


def parts(*ends, y=LABELS, rows=X):
    starts = [0, *ends]
    return [(rows[i:j], y[i:j]) for i, j in zip(starts, [*ends, len(rows)], strict=True)]


def equal(one, other):
    assert_same_bits(flat(one), flat(other))
    assert one.loss_curve_ == other.loss_curve_ and one.n_iter_ == other.n_iter_


@pytest.fixture(scope="module")
def expected(threads):
    return cmlp.distributed.fit(classifier(), parts(), shards=4, client=threads)


# The same bits


@pytest.mark.slow
@pytest.mark.parametrize(("n_workers", "processes"), [(1, True), (2, True), (4, False)])
def test_any_number_of_workers_gives_the_same_bits(expected, n_workers, processes):
    options = {
        "n_workers": n_workers,
        "processes": processes,
        "threads_per_worker": 1,
        "dashboard_address": "127.0.0.1:0",
        "set_as_default": False,
    }
    with distributed.Client(**options) as client:
        equal(cmlp.distributed.fit(classifier(), parts(100, 300), shards=4, client=client), expected)


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_of_a_round_changes_no_bit(tmp_path, threads):
    caller, marker = os.getpid(), tmp_path / "killed"

    def rate(step, n_steps):
        if os.getpid() != caller and step > 10 and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return 0.01

    model = classifier(learning_rate=rate, batch_size=40)
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "set_as_default": False}
    with distributed.Client(silence_logs=50, **options) as client:
        killed = cmlp.distributed.fit(model, parts(), shards=4, client=client)
    assert marker.exists()
    equal(
        killed, cmlp.distributed.fit(classifier(learning_rate=rate, batch_size=40), parts(), shards=4, client=threads)
    )


def test_parts_of_any_sizes_give_the_same_bits(expected, threads):
    for cut in (parts(215), parts(1, 1, 2, 429), parts(*range(50, 430, 50))):
        equal(cmlp.distributed.fit(classifier(), cut, shards=4, client=threads), expected)


def test_arrays_and_delayed_parts_give_the_same_bits(expected, threads):
    da, delayed = package("dask.array"), package("dask").delayed
    rows, labels = da.from_array(X, chunks=(100, 2)), da.from_array(LABELS, chunks=77)
    equal(cmlp.distributed.fit(classifier(), rows, labels, shards=4, client=threads), expected)
    unknown = rows[rows[:, 0] > -np.inf], labels[rows.rechunk((77, -1))[:, 0] > -np.inf]
    with pytest.raises(ValueError, match=r"y must have as many parts as X \(5\), got 6"):
        cmlp.distributed.fit(classifier(), *unknown, client=threads)
    whole = [delayed(lambda pair: pair, pure=False)(pair) for pair in parts(200)]
    equal(cmlp.distributed.fit(classifier(), whole, shards=4, client=threads), expected)
    lists = [delayed(X[:9]), X[9:]], [LABELS[:9], delayed(LABELS[9:])]
    equal(cmlp.distributed.fit(classifier(), *lists, shards=4, client=threads), expected)


def test_data_frames_give_names_and_the_same_bits(expected, threads):
    dd, pandas = package("dask.dataframe"), package("pandas")
    frame = pandas.DataFrame(X, columns=list("abcde")).assign(label=LABELS)
    lazy = dd.from_pandas(frame, npartitions=3)
    model = cmlp.distributed.fit(classifier(), lazy[list("abcde")], lazy["label"], shards=4, client=threads)
    assert model.feature_names_in_.tolist() == list("abcde")
    equal(model, expected)
    filtered = lazy.loc[200:]  # the first partition becomes empty
    cmlp.distributed.fit(classifier(), filtered[list("abcde")], filtered["label"], shards=4, client=threads)


def test_sparse_parts_give_the_bits_of_dense_ones(threads):
    sparse = package("scipy.sparse")
    rows = np.where(np.abs(X) > 1, X, 0)
    cut = [(sparse.csr_array(some), labels) for some, labels in parts(33, 200, rows=rows)]
    dense = cmlp.distributed.fit(classifier(), parts(rows=rows), shards=3, client=threads)
    equal(cmlp.distributed.fit(classifier(), cut, shards=3, client=threads), dense)


# One shard is plain training


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"solver": "sgd", "learning_rate": "adaptive", "n_iter_no_change": 1, "tol": 1.0, "max_iter": 20},
        {"solver": "sgd", "learning_rate": "invscaling", "momentum": 0.0},
        {"solver": "adamw", "weight_decay": 0.1, "learning_rate": "one_cycle", "warmup": 7, "dropout": 0.2},
        {"input_scale": "standard", "alpha": [0.1, 0.2], "batch_size": 60},
    ],
)
def test_one_shard_without_shuffling_has_the_bits_of_fit(threads, params):
    params = {"shuffle": False, **params}
    alone = classifier(**params).fit(X, LABELS)
    equal(cmlp.distributed.fit(classifier(**params), parts(100), shards=1, rounds=1, client=threads), alone)
    several = cmlp.distributed.fit(classifier(**params), parts(100), shards=1, rounds=3, client=threads)
    assert_same_bits(flat(several), flat(alone))
    np.testing.assert_allclose(several.loss_curve_, alone.loss_curve_)


def test_one_shard_of_weighted_targets_with_a_scale_has_the_bits_of_fit(threads):
    params = {"shuffle": False, "y_scale": "standard"}
    alone = regressor(**params).fit(X, Y, WEIGHT)
    arguments = [X[:99], X[99:]], [Y[:99], Y[99:]], [WEIGHT[:99], WEIGHT[99:]]
    equal(cmlp.distributed.fit(regressor(**params), *arguments, shards=1, client=threads), alone)


def test_parameters_are_the_average_of_the_shards(threads):
    """One step of SGD with half a batch of the same rows in both shards, and with a whole batch."""
    params = {"shuffle": False, "solver": "sgd", "momentum": 0.0, "max_iter": 1, "alpha": 0.0}
    rows, labels = X[:40], LABELS[:40]
    both = [(rows, labels), (X[40:80], LABELS[40:80])]
    model = cmlp.distributed.fit(classifier(batch_size=80, **params), both, shards=2, client=threads)
    first, second = (classifier(batch_size=40, **params) for _ in both)
    mean = sum(flat(one.fit(*part)).astype(float) for one, part in zip((first, second), both, strict=True)) / 2
    assert_same_bits(flat(model), mean.astype(np.float32))


def test_zero_weight_rows_count_for_nothing(threads):
    """A shard without weight keeps the parameters, and the others' optimizer counts the steps."""
    weight = np.where(np.arange(430) < 215, 0.0, 1.0)
    model = cmlp.distributed.fit(classifier(), [X], [LABELS], [weight], shards=2, client=threads)
    assert np.isfinite(model.loss_curve_).all() and model.loss_curve_[-1] < model.loss_curve_[0]


def test_divergence_names_the_shard(threads):
    rows = np.where(np.arange(430)[:, None] < 300, X, X * 1e30)
    message = r"^In shard 2, whose first row is the row 286 of X: Solver produced non-finite"
    model = classifier(solver="sgd", learning_rate_init=0.1)
    with pytest.raises(cmlp.DivergenceError, match=message):
        cmlp.distributed.fit(model, parts(rows=rows), shards=3, client=threads)


# As a fitted estimator


def test_model_is_fitted_like_after_fit(threads):
    sorted_rows = np.argsort(LABELS)  # every shard misses a class
    rows, labels = X[sorted_rows], LABELS[sorted_rows]
    model = classifier(max_iter=30, batch_size=60, learning_rate_init=0.01)
    model = cmlp.distributed.fit(model, parts(100, rows=rows, y=labels), shards=5, rounds=1, client=threads)
    assert model.classes_.tolist() == ["no", "perhaps", "yes"]
    assert (model.n_features_in_, model.n_iter_, model.t_) == (5, 30, 30 * 430)
    assert len(model.loss_curve_) == len(model.history_["seconds"]) == 30
    assert model.score(X, LABELS) > 0.8


def test_four_shards_are_as_accurate_as_one_worker(threads):
    rows, digits, X_test, y_test = cmlp.datasets.load_digits28()
    params = {"hidden_layer_sizes": (32,), "max_iter": 10, "input_scale": 1 / 255}
    alone = classifier(**params).fit(rows, digits)
    model = cmlp.distributed.fit(classifier(**params), parts(1000, rows=rows, y=digits), shards=4, client=threads)
    assert model.score(X_test, y_test) > alone.score(X_test, y_test) - 0.01


def test_early_stopping_validation_and_callbacks_work(threads):
    epochs = []

    class Watch:
        def on_epoch_end(self, trainer):
            epochs.append(trainer.last_epoch.number)
            if len(epochs) == 3:
                trainer.stop()

    model = classifier(early_stopping=True, callbacks=[Watch()])
    cmlp.distributed.fit(model, parts(), shards=2, X_val=X[:50], y_val=LABELS[:50], client=threads)
    assert epochs == [1, 2, 3] and len(model.validation_scores_) == 3
    assert model.best_validation_score_ == max(model.validation_scores_)


def test_warm_start_continues(threads):
    model = classifier(warm_start=True)
    cmlp.distributed.fit(model, parts(), shards=2, client=threads)
    cmlp.distributed.fit(model, parts(), shards=2, client=threads)
    assert len(model.loss_curve_) == 8 and model.loss_curve_[4] < model.loss_curve_[0]


def test_without_a_client_threads_of_this_process_train():
    equal(
        cmlp.distributed.fit(classifier(), parts(), shards=2), cmlp.distributed.fit(classifier(), parts(99), shards=2)
    )
    with pytest.raises(ValueError, match=r"[Nn]o client"):
        distributed.default_client()


# Checkpoints


class StopAfter:
    def __init__(self, n):
        self.n = n

    def on_epoch_end(self, trainer):
        if trainer.state.epoch == self.n:
            raise RuntimeError("the caller ends")


@pytest.mark.parametrize("rounds", [1, 3])
def test_checkpoint_resumes_to_the_same_bits(tmp_path, threads, rounds, monkeypatch):
    path = tmp_path / "state.cmlp"
    params = {"max_iter": 6, "solver": "sgd", "learning_rate_init": 0.1, "batch_size": 40}
    keywords = {"shards": 3, "rounds": rounds, "client": threads, "checkpoint": path}
    alone = cmlp.distributed.fit(classifier(**params), parts(), shards=3, rounds=rounds, client=threads)
    save, calls = cmlp.MLPClassifier.save, []

    def fails(model, *args, **kwargs):
        save(model, *args, **kwargs)
        calls.append(model.n_iter_)
        if len(calls) == 5:
            raise RuntimeError("the caller ends")

    monkeypatch.setattr(cmlp.MLPClassifier, "save", fails)
    model = classifier(**params)
    with pytest.raises(RuntimeError, match="the caller ends"):
        cmlp.distributed.fit(model, parts(), **keywords)
    assert not hasattr(model, "coefs_")
    assert cmlp.load(path).n_iter_ == calls[-1] == 4 // rounds
    with pytest.raises(cmlp.InvalidParameterError, match="The checkpoint has shards=3, so shards=4 is not possible"):
        cmlp.distributed.fit(model, parts(), **{**keywords, "shards": 4})
    with pytest.raises(ValueError, match="continues a fit with batch_size=40, so batch_size=50"):
        cmlp.distributed.fit(classifier(**{**params, "batch_size": 50}), parts(), **keywords)
    with pytest.raises(ValueError, match="The data differ from those"):
        cmlp.distributed.fit(model, parts(rows=X[::-1]), **keywords)
    equal(cmlp.distributed.fit(model, parts(7), **keywords), alone)
    equal(cmlp.distributed.fit(classifier(**params), parts(7), **keywords), alone)  # it is complete


class Interrupting:
    """A callback that has Ctrl-C end the first epoch."""

    every_batches = 1

    def on_batches_end(self, trainer):
        raise KeyboardInterrupt


def test_checkpoint_is_continued_even_if_the_model_has_an_interrupted_fit(tmp_path, threads):
    keywords = {"shards": 3, "client": threads, "checkpoint": tmp_path / "state.cmlp"}
    cmlp.distributed.fit(classifier(max_iter=2), parts(), **keywords)
    model = classifier(max_iter=4, callbacks=[Interrupting()])
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, LABELS)
    longer = cmlp.distributed.fit(model.set_params(callbacks=None), parts(), **keywords)
    equal(longer, cmlp.distributed.fit(classifier(max_iter=4), parts(), shards=3, client=threads))


def test_hook_is_called_between_the_rounds_of_an_epoch(tmp_path, threads):
    path = str(tmp_path / "{epoch}-{batch}.cmlp")
    save = cmlp.callbacks.Checkpoint(path, every=9, every_batches=2)
    cmlp.distributed.fit(classifier(max_iter=2, callbacks=[save]), parts(), shards=3, rounds=4, client=threads)
    assert sorted(file.stem for file in tmp_path.iterdir()) == ["0-2", "1-2", "2-0"]


def test_only_distributed_fit_continues_a_training_in_rounds(tmp_path, threads):
    model = cmlp.distributed.fit(classifier(max_iter=2), parts(), shards=3, client=threads)
    X, y = parts(1)[0][:2]
    with pytest.raises(ValueError, match="cannot continue a fit of cmlp"):
        model.fit(X, y, resume=True)
    with pytest.raises(ValueError, match="cannot continue a fit of cmlp"):
        model.fit_batches([(X, y)], classes=model.classes_, resume=True)
    model.save(tmp_path / "state.cmlp", include_training_state=True)
    keywords = {"shards": 3, "client": threads, "checkpoint": tmp_path / "state.cmlp"}
    longer = cmlp.distributed.fit(classifier(max_iter=4), parts(), **keywords)
    equal(longer, cmlp.distributed.fit(classifier(max_iter=4), parts(), shards=3, client=threads))


def test_checkpoint_that_cannot_be_written_fails_before_training(tmp_path, threads):
    with pytest.raises(OSError, match="missing"):
        cmlp.distributed.fit(classifier(), parts(), client=threads, checkpoint=tmp_path / "missing" / "state.cmlp")
    with pytest.raises(TypeError, match="random_state"):
        params = {"random_state": np.random.RandomState(0)}
        cmlp.distributed.fit(classifier(**params), parts(), client=threads, checkpoint=tmp_path / "state.cmlp")
