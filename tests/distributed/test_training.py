"""Training on a Dask cluster: bit-identical to `fit_batches` on the blocks, whatever happens to the cluster."""

import os
import signal

import numpy as np
import pytest
from estimator_cases import flat
from helpers import assert_same_bits, wait_for_threads
from optional import package

import cmlp

distributed = package("distributed")

RNG = np.random.default_rng(0)
SETTLED = {"tol": 0, "n_iter_no_change": float("inf")}  # trains for max_iter epochs
X = RNG.normal(size=(430, 5)).astype(np.float32)
LABELS = np.array(["no", "perhaps", "yes"])[np.argmax(X[:, :3], axis=1)]
Y = np.stack([X @ [1, 2, 0, -1, 0.5], X[:, 0] ** 2], axis=1).astype(np.float32)
WEIGHT = RNG.random(430)
CLASSES = ["no", "perhaps", "yes"]


def classifier(**params):
    return cmlp.MLPClassifier(
        **{"hidden_layer_sizes": (8,), "max_iter": 4, "random_state": 0, **SETTLED, **params}
    )


def regressor(**params):
    return cmlp.MLPRegressor(
        **{"hidden_layer_sizes": (8,), "max_iter": 4, "random_state": 0, **SETTLED, **params}
    )


def blocks(*ends, y=LABELS, rows=X):
    starts = [0, *ends]
    return [(rows[i:j], y[i:j]) for i, j in zip(starts, [*ends, len(rows)], strict=True)]


def equal(one, other):
    assert_same_bits(flat(one), flat(other))
    assert one.loss_curve_ == other.loss_curve_ and one.n_iter_ == other.n_iter_


@pytest.fixture(scope="module")
def expected():
    return classifier().fit_batches(blocks(100, 300), classes=CLASSES)


def client_of(**options):
    return distributed.Client(
        dashboard_address="127.0.0.1:0", set_as_default=False, threads_per_worker=1, **options
    )


# The same bits


@pytest.mark.slow
@pytest.mark.parametrize(("n_workers", "processes"), [(1, True), (2, True), (4, False)])
def test_any_number_of_workers_gives_the_bits_of_fit_batches(expected, n_workers, processes):
    with client_of(n_workers=n_workers, processes=processes) as client:
        equal(cmlp.distributed.fit(classifier(), blocks(100, 300), client=client), expected)


@pytest.mark.slow
def test_a_worker_that_is_killed_changes_no_bit(expected):
    delayed = package("dask").delayed
    lazy = [delayed(lambda pair: pair, pure=False)(pair) for pair in blocks(100, 300)]

    class Killer:
        def on_epoch_end(self, trainer):
            if trainer.state.epoch == 2:
                os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)

    with client_of(n_workers=2, silence_logs=50) as client:
        equal(cmlp.distributed.fit(classifier(callbacks=[Killer()]), lazy, client=client), expected)


def test_arrays_and_delayed_blocks_give_the_same_bits(expected, threads):
    da, delayed = package("dask.array"), package("dask").delayed
    rows, labels = (
        da.from_array(X, chunks=((100, 200, 130), (2, 2, 1))),
        da.from_array(LABELS, chunks=77),
    )
    equal(cmlp.distributed.fit(classifier(), rows, labels, client=threads), expected)
    unknown = rows[rows[:, 0] > -np.inf], labels[rows.rechunk((77, -1))[:, 0] > -np.inf]
    with pytest.raises(ValueError, match=r"y must have as many blocks as X \(3\), got 6"):
        cmlp.distributed.fit(classifier(), *unknown, client=threads)
    whole = [delayed(lambda pair: pair, pure=False)(pair) for pair in blocks(100, 300)]
    equal(cmlp.distributed.fit(classifier(), whole, client=threads), expected)
    lists = (
        [X[:100], delayed(X[100:300]), X[300:]],
        [LABELS[:100], LABELS[100:300], delayed(LABELS[300:])],
    )
    equal(cmlp.distributed.fit(classifier(), *lists, client=threads), expected)


def test_data_frames_give_names_and_the_same_bits(threads):
    dd, pandas = package("dask.dataframe"), package("pandas")
    frame = pandas.DataFrame(X, columns=list("abcde")).assign(label=LABELS)
    lazy = dd.from_pandas(frame, npartitions=3)
    model = cmlp.distributed.fit(classifier(), lazy[list("abcde")], lazy["label"], client=threads)
    assert model.feature_names_in_.tolist() == list("abcde")
    ends = np.cumsum(lazy.map_partitions(len).compute())[:-1]
    equal(model, classifier().fit_batches(blocks(*ends), classes=CLASSES))
    filtered = lazy.loc[200:]  # the first partition becomes empty
    cmlp.distributed.fit(classifier(), filtered[list("abcde")], filtered["label"], client=threads)


def test_sparse_blocks_give_the_bits_of_dense_ones(threads):
    sparse = package("scipy.sparse")
    rows = np.where(np.abs(X) > 1, X, 0)
    cut = [(sparse.csr_array(some), labels) for some, labels in blocks(33, 200, rows=rows)]
    dense = cmlp.distributed.fit(classifier(), blocks(33, 200, rows=rows), client=threads)
    equal(cmlp.distributed.fit(classifier(), cut, client=threads), dense)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {
            "solver": "sgd",
            "learning_rate": "adaptive",
            "n_iter_no_change": 1,
            "tol": 1.0,
            "max_iter": 20,
        },
        {
            "solver": "adamw",
            "weight_decay": 0.1,
            "learning_rate": "one_cycle",
            "warmup": 7,
            "dropout": 0.2,
        },
        {"input_scale": "standard", "alpha": [0.1, 0.2], "batch_size": 60},
    ],
)
def test_without_shuffling_blocks_of_any_sizes_give_the_bits_of_fit(threads, params):
    params = {"shuffle": False, **params}
    alone = classifier(**params).fit(X, LABELS)
    for cut in (blocks(215), blocks(1, 1, 2, 429)):
        equal(cmlp.distributed.fit(classifier(**params), cut, client=threads), alone)


def test_weighted_targets_with_a_scale_have_the_bits_of_fit(threads):
    params = {"shuffle": False, "y_scale": "standard"}
    alone = regressor(**params).fit(X, Y, WEIGHT)
    arguments = [X[:99], X[99:]], [Y[:99], Y[99:]], [WEIGHT[:99], WEIGHT[99:]]
    equal(cmlp.distributed.fit(regressor(**params), *arguments, client=threads), alone)


# As a fitted estimator


def test_model_is_fitted_like_after_fit(threads):
    order = np.argsort(LABELS)  # every block misses a class
    model = classifier(max_iter=30, batch_size=60, learning_rate_init=0.01)
    cmlp.distributed.fit(model, blocks(100, 250, rows=X[order], y=LABELS[order]), client=threads)
    assert model.classes_.tolist() == CLASSES
    assert (model.n_features_in_, model.n_iter_, model.t_) == (5, 30, 30 * 430)
    assert len(model.loss_curve_) == len(model.history_["seconds"]) == 30


def test_multilabel_targets_keep_their_columns(threads):
    targets = (X[:, :2] > 0).astype(int)
    model = cmlp.distributed.fit(classifier(), blocks(215, y=targets), client=threads)
    assert model.predict(X[:3]).shape == (3, 2)


def test_early_stopping_validation_and_callbacks_work(threads):
    epochs = []

    class Watch:
        def on_epoch_end(self, trainer):
            epochs.append(trainer.last_epoch.number)
            if len(epochs) == 3:
                trainer.stop()

    model = classifier(early_stopping=True, callbacks=[Watch()])
    cmlp.distributed.fit(model, blocks(), X_val=X[:50], y_val=LABELS[:50], client=threads)
    assert epochs == [1, 2, 3] and len(model.validation_scores_) == 3
    assert model.best_validation_score_ == max(model.validation_scores_)


def test_warm_start_continues_with_the_known_classes(threads):
    model = classifier(warm_start=True)
    cmlp.distributed.fit(model, blocks(), client=threads)
    few = LABELS != "yes"
    cmlp.distributed.fit(model, blocks(rows=X[few], y=LABELS[few]), client=threads)
    assert len(model.loss_curve_) == 8 and model.classes_.tolist() == CLASSES


def test_without_a_client_threads_of_this_process_make_the_blocks(expected):
    equal(cmlp.distributed.fit(classifier(), blocks(100, 300)), expected)
    with pytest.raises(ValueError, match=r"[Nn]o client"):
        distributed.default_client()


# Interruptions


def test_checkpoint_and_resume_give_the_same_bits(tmp_path, threads, expected):
    path = tmp_path / "state.cmlp"

    class Fails:
        every_batches = 1

        def on_batches_end(self, trainer):
            if trainer.state.epoch == 1:
                raise RuntimeError("the caller ends")

    callbacks = [cmlp.callbacks.Checkpoint(path, every_batches=1), Fails()]
    model = classifier(callbacks=callbacks)
    with pytest.raises(RuntimeError, match="the caller ends"):
        cmlp.distributed.fit(model, blocks(100, 300), client=threads)
    assert not hasattr(model, "coefs_")
    equal(
        cmlp.distributed.fit(cmlp.load(path), blocks(100, 300), client=threads, resume=True),
        expected,
    )


def test_ctrl_c_keeps_complete_epochs_and_ends_the_fetching(threads, expected):
    class Interrupts:
        def on_epoch_end(self, trainer):
            if trainer.state.epoch == 2:
                raise KeyboardInterrupt

    model = classifier(callbacks=[Interrupts()])
    with pytest.raises(KeyboardInterrupt):
        cmlp.distributed.fit(model, blocks(100, 300), client=threads)
    assert model.n_iter_ == 2
    wait_for_threads("cmlp-fetch")
    equal(
        cmlp.distributed.fit(
            model.set_params(callbacks=None), blocks(100, 300), client=threads, resume=True
        ),
        expected,
    )


def test_few_blocks_are_in_memory_at_the_same_time(threads, monkeypatch):
    """Blocks are fetched while earlier ones train, but only a few: counted where they are asked for."""
    asked, ahead = [], []
    gather = threads.gather

    def counted(futures, **options):
        if not isinstance(futures, list):
            asked.append(futures)
        return gather(futures, **options)

    class Counts:
        every_batches = 1

        def on_batches_end(self, trainer):
            ahead.append(len(asked) - trainer.state.batch)

    monkeypatch.setattr(threads, "gather", counted)
    model = classifier(max_iter=1, batch_size=20, callbacks=[Counts()])
    cmlp.distributed.fit(model, blocks(*range(20, 430, 20)), client=threads)
    assert len(asked) == 22 and max(ahead) <= 5
