"""Rows of an epoch in pieces: memory-mapped arrays without copies, and ``shuffle="blocks"``."""

import os

import numpy as np
import pytest
from helpers import labels, net_and_params, run_python, uniform

from cmlp import MLPClassifier, MLPRegressor, Network, Trainer, _core
from cmlp.training import feed
from cmlp.training.feed import BlockFeed, seeded
from cmlp.training.history import History
from cmlp.training.state import TrainingState
from cmlp.training.task import Data, Task

X, Y = uniform(0, 150, 5), labels(1, 150, 3)
SMALL = {"max_iter": 3, "tol": 0, "n_iter_no_change": float("inf"), "random_state": 0, "batch_size": 16}


def model(**parameters):
    return MLPClassifier((6,), **{**SMALL, "shuffle": "blocks", "block_size": 10, **parameters})


def orders_of(n_rows, block_size, batch_size, seed=5, first=0, last=None, order=None):
    """Return the rows of each piece of an epoch, and which piece is the last of the epoch."""
    state = TrainingState(np.zeros(1), History())
    state.shuffle_seed, state.order = seed, order
    data = Data(np.zeros((n_rows, 1)), None, 1.0)
    blocks = BlockFeed(Task(np.zeros(n_rows), None), data, n_rows if order is None else len(order), block_size)
    pieces = list(blocks.pieces(state, batch_size, first, last))
    return [piece.order for piece in pieces], [piece.is_last for piece in pieces]


@pytest.mark.parametrize("n_rows, block_size, batch_size", [(1000, 10, 16), (1003, 10, 7), (37, 50, 8), (500, 3, 90)])
def test_blocks_use_every_row_once_and_in_whole_batches(n_rows, block_size, batch_size):
    orders, last = orders_of(n_rows, block_size, batch_size)
    assert sorted(np.concatenate(orders).tolist()) == list(range(n_rows))
    assert all(len(order) % batch_size == 0 for order in orders[:-1])
    assert last == [False] * (len(last) - 1) + [True]
    assert max(map(len, orders)) < 8 * block_size + batch_size  # one window, and the rows that waited
    other = np.concatenate(orders_of(n_rows, block_size, batch_size, seed=6)[0])
    assert (other != np.concatenate(orders)).any()


def test_rows_of_a_window_come_from_eight_blocks():
    order = np.concatenate(orders_of(1000, 10, 16)[0])
    assert all(len(set((order[row : row + 80] // 10).tolist())) == 8 for row in range(0, 960, 80))
    assert (np.diff(order[:80]) != 1).any()


def test_order_of_blocks_does_not_depend_on_the_batch_size_or_on_a_break():
    whole = np.concatenate(orders_of(1003, 10, 16)[0])
    np.testing.assert_array_equal(np.concatenate(orders_of(1003, 10, 200)[0]), whole)
    for middle in (1, 17, 40):
        parts = orders_of(1003, 10, 16, last=middle)[0] + orders_of(1003, 10, 16, first=middle)[0]
        np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_blocks_of_a_validation_split_are_blocks_of_the_sorted_training_rows():
    training = np.arange(0, 1000, 2)
    order = np.concatenate(orders_of(1000, 10, 16, order=training)[0])
    np.testing.assert_array_equal(np.sort(order), training)
    fitted = model(early_stopping=True).fit(X, Y)
    assert (np.diff(fitted._model.state.order) > 0).all()


def test_block_shuffling_depends_on_the_seed_and_the_block_size():
    first = model().fit(X, Y).coefs_[0].copy()
    np.testing.assert_array_equal(model().fit(X, Y).coefs_[0], first)
    for other in ({"random_state": 1}, {"block_size": 11}, {"shuffle": True}):
        assert (model(**other).fit(X, Y).coefs_[0] != first).any()
    assert model().fit(X, Y)._model.state.order is None  # no order of all rows is kept


@pytest.mark.parametrize("params", [{}, {"early_stopping": True}, {"solver": "sgd", "dropout": 0.3}])
def test_block_shuffling_resumes_with_the_same_bits(tmp_path, params):
    import cmlp

    whole = model(max_iter=4, **params).fit(X, Y)
    half = model(max_iter=2, **params).fit(X, Y)
    half.save(tmp_path / "half.cmlp", include_training_state=True)
    resumed = cmlp.load(tmp_path / "half.cmlp").set_params(max_iter=4).fit(X, Y, resume=True)
    np.testing.assert_array_equal(resumed.coefs_[0], whole.coefs_[0])
    assert resumed.loss_curve_ == whole.loss_curve_


def test_block_shuffling_pauses_in_the_middle_of_an_epoch():
    def trainer():
        return Trainer(Network([5, 4, 3], random_state=0), shuffle="blocks", block_size=10, **SMALL)

    whole, paused = trainer().run(X, Y), trainer()
    while not paused.finished:
        paused.run(X, Y, n_batches=3)
    np.testing.assert_array_equal(paused.state.params, whole.state.params)
    assert paused.loss_curve == whole.loss_curve


@pytest.mark.parametrize("shuffle", [True, False, "blocks"])
@pytest.mark.parametrize("weighted", [False, True])
def test_pieces_of_an_epoch_give_the_bits_of_the_whole(monkeypatch, shuffle, weighted):
    weight = np.where(np.arange(150) < 40, 0.0, 1.5) if weighted else None
    params = {"shuffle": shuffle, "dropout": 0.2, "alpha": 0.1}
    whole = model(**params).fit(X, Y, weight)
    monkeypatch.setattr(feed, "_ROWS_AT_A_TIME", 32)
    pieces = model(**params).fit(X, Y, weight)
    np.testing.assert_array_equal(pieces.coefs_[0], whole.coefs_[0])
    assert pieces.history_["loss"] == whole.history_["loss"]
    assert pieces.history_["gradient_norm"] == whole.history_["gradient_norm"]


def test_an_epoch_in_several_calls_of_the_core_continues_its_sums():
    results = []
    for cuts in ([150], [32, 96, 150]):
        net, params = net_and_params([5, 4, 3], ["tanh", "softmax"], "log_loss", np.float64)
        optimizer, sums, start = _core.Optimizer(net, "adam", learning_rate=0.01), np.zeros(4), 0
        for stop in cuts:
            rows = slice(start, stop)
            keywords = {"batch_size": 16, "alpha": 0.1, "continues": True, "want_norm": stop == 150}
            cost = net.train_epoch(params, X[rows], Y[rows], optimizer, sums=sums, **keywords)[0]
            start = stop
        results.append((params.tolist(), sums.tolist(), cost))
    assert results[0] == results[1]


def test_random_shuffles_in_place_like_a_permutation():
    order = seeded(3, 0).permutation(1000)
    shuffled, fields = order.copy(), {}
    generator = seeded(4, 0)
    generator.shuffle_and_store(shuffled, fields, {"batch": 0})
    np.testing.assert_array_equal(shuffled, order[seeded(4, 0).permutation(1000)])
    assert fields["batch"] == 0
    np.testing.assert_array_equal(generator.permutation(9), seeded(4, 0).permutation(9))  # it has not changed itself
    assert (fields["generator"].permutation(9) != generator.permutation(9)).any()
    for wrong in (order[::2], order.astype(np.int32), order.reshape(10, -1)):
        with pytest.raises(ValueError, match="order must be a contiguous writeable 1-D array of int64"):
            generator.shuffle_and_store(wrong, {}, {})


def test_a_copy_of_a_training_keeps_its_order_while_the_original_trains_on():
    trainer = Trainer(Network([5, 4, 3], random_state=0), **SMALL)
    trainer.run(X, Y, n_batches=12)
    twin = trainer.state.copy()
    kept = twin.order.copy()
    trainer.run(X, Y)
    np.testing.assert_array_equal(twin.order, kept)


@pytest.mark.parametrize(
    "params, message",
    [({"shuffle": "block"}, "'shuffle' parameter"), ({"block_size": 0}, "'block_size' parameter")],
)
def test_wrong_parameters_of_block_shuffling(params, message):
    with pytest.raises(ValueError, match=message):
        model(**params).fit(X, Y)


MEASURE = """
import gc, threading, time, warnings
import numpy as np
from pathlib import Path
from cmlp import MLPClassifier
warnings.simplefilter("ignore")

def anonymous():
    text = Path("/proc/self/status").read_text()
    return 1024 * int(text.split("RssAnon:")[1].split()[0])

n, path, dtype, shuffle = 2_000_000, {path!r}, {dtype!r}, {shuffle!r}
file = np.memmap(path, dtype, "w+", shape=(n, 4))
file[:] = np.arange(4 * n, dtype=np.int64).reshape(n, 4) % 97
file.flush()
del file
X, y = np.memmap(path, dtype, "r", shape=(n, 4)), np.arange(n) % 10
model = MLPClassifier((4,), input_scale=1 / 255, batch_size=5000, max_iter=2, shuffle=shuffle, random_state=0)
model.fit(X[:9000], y[:9000])
gc.collect()
before, peak, done = anonymous(), [0], []

def watch():
    while not done:
        peak.append(max(peak.pop(), anonymous()))
        time.sleep(0.0005)

watcher = threading.Thread(target=watch)
watcher.start()
model.fit(X, y)
done.append(1)
watcher.join()
print(peak[0] - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="reads Linux's resident memory")
@pytest.mark.parametrize("dtype, shuffle", [("uint8", True), ("float32", "blocks"), ("float64", True)])
def test_fit_of_a_memory_mapped_file_copies_nothing(tmp_path, dtype, shuffle):
    done = run_python(MEASURE.format(path=str(tmp_path / "rows.bin"), dtype=dtype, shuffle=shuffle))
    assert int(done.stdout) < 16 * 2**20 + 12 * 2_000_000


def test_fit_of_a_memory_mapped_file_gives_the_bits_of_the_array(tmp_path):
    for dtype in (np.uint8, np.float32, np.float64):
        path = tmp_path / f"{np.dtype(dtype)}.bin"
        values = (100 * uniform(2, 150, 5, low=0)).astype(dtype)
        values.tofile(path)
        mapped = np.memmap(path, dtype, "r", shape=values.shape)
        for kind, y in ((MLPClassifier, Y), (MLPRegressor, Y / 2)):
            fitted = [
                kind(hidden_layer_sizes=(4,), input_scale=0.01, **SMALL).fit(rows, y).coefs_[0]
                for rows in (mapped, values)
            ]
            np.testing.assert_array_equal(*fitted)
