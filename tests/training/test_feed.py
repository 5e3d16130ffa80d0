"""Rows of an epoch in pieces: memory-mapped arrays without copies, and ``shuffle="blocks"``."""

import os
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import digest, labels, run_python, uniform
from row_orders import order_of, order_of_trainer

from cmlp import MLPClassifier, MLPRegressor, Network, Trainer

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer", "ignore:The training loss")

X, Y = uniform(0, 150, 5), labels(1, 150, 3)
SMALL = {
    "max_iter": 3,
    "tol": 0,
    "n_iter_no_change": float("inf"),
    "random_state": 0,
    "batch_size": 16,
}


def model(**parameters):
    return MLPClassifier((6,), **{**SMALL, "shuffle": "blocks", "block_size": 10, **parameters})


def blocks_of(n_rows, block_size, batch_size, **parameters):
    """Return the order of the rows of an epoch."""
    return order_of(
        n_rows, shuffle="blocks", block_size=block_size, batch_size=batch_size, **parameters
    )


@pytest.mark.parametrize(
    "n_rows, block_size, batch_size", [(1000, 10, 16), (1003, 10, 7), (37, 50, 8), (500, 3, 90)]
)
def test_blocks_use_every_row_once(n_rows, block_size, batch_size):
    batch_size = min(batch_size, n_rows)
    order = blocks_of(n_rows, block_size, batch_size)
    assert sorted(order.tolist()) == list(range(n_rows))
    assert (blocks_of(n_rows, block_size, batch_size, random_state=6) != order).any()


def test_rows_of_a_window_come_from_eight_blocks():
    order = blocks_of(1000, 10, 16)
    assert all(len(set((order[row : row + 80] // 10).tolist())) == 8 for row in range(0, 960, 80))
    assert (np.diff(order[:80]) != 1).any()
    assert digest(order.astype(float)) == "64729c9acf8ea7ea"


def test_order_of_blocks_does_not_depend_on_the_batch_size_or_on_a_break():
    whole = blocks_of(1003, 10, 16)
    np.testing.assert_array_equal(blocks_of(1003, 10, 200), whole)
    parameters = {"shuffle": "blocks", "block_size": 10, "batch_size": 16, "max_iter": 2}
    whole = order_of_trainer(1003, **parameters)
    assert len(whole) == 2006 and (whole[:1003] != whole[1003:]).any()
    for n_batches in (1, 17, 40):
        np.testing.assert_array_equal(order_of_trainer(1003, n_batches, **parameters), whole)


def test_blocks_of_a_validation_split_are_blocks_of_the_sorted_training_rows():
    order = blocks_of(1000, 10, 16, early_stopping=True, validation_fraction=0.5)[:500]
    training, positions = np.unique(order, return_inverse=True)
    whole = order_of(1000, batch_size=16, early_stopping=True, validation_fraction=0.5)
    np.testing.assert_array_equal(training, np.unique(whole[:500]))
    assert all(
        len(set((positions[row : row + 80] // 10).tolist())) == 8 for row in range(0, 480, 80)
    )


@pytest.mark.filterwarnings("ignore:.* has no effect with this")  # block_size of other orders
def test_block_shuffling_keeps_no_order_of_all_rows():
    peaks = []

    def begin(trainer):
        tracemalloc.start()

    def end(trainer):
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    for shuffle in (True, "blocks"):
        settings = {
            "shuffle": shuffle,
            "block_size": 100,
            "max_iter": 1,
            "batch_size": 5000,
            "random_state": 0,
        }
        callback = SimpleNamespace(on_fit_begin=begin, on_epoch_end=end)
        MLPRegressor(hidden_layer_sizes=(2,), **settings, callbacks=[callback]).fit(
            uniform(0, 100_000, 1), uniform(1, 100_000)
        )
    assert peaks[0] > 800_000 > 4 * peaks[1]


@pytest.mark.filterwarnings("ignore:.* has no effect with this")  # block_size of other orders
def test_block_shuffling_depends_on_the_seed_and_the_block_size():
    first = model().fit(X, Y).coefs_[0].copy()
    np.testing.assert_array_equal(model().fit(X, Y).coefs_[0], first)
    for other in ({"random_state": 1}, {"block_size": 11}, {"shuffle": True}):
        assert (model(**other).fit(X, Y).coefs_[0] != first).any()


@pytest.mark.parametrize(
    "params", [{}, {"early_stopping": True}, {"solver": "sgd", "dropout": 0.3}]
)
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


@pytest.mark.parametrize("shuffle, weighted", [(True, True), (False, False), ("blocks", True)])
@pytest.mark.filterwarnings("ignore:.* has no effect with this")  # block_size of other orders
def test_an_epoch_of_many_rows_has_the_bits_of_one_call_of_the_core(shuffle, weighted):
    """The trainer passes at most 2**20 rows at a time, and stops after every fourth batch for the callback."""
    n = 1_100_000
    rows, y = (
        (np.arange(n) % 251).astype(np.uint8).reshape(-1, 1),
        (np.arange(n) % 7 < 3).astype(int),
    )
    weight = np.where(np.arange(n) < 500_000, 0.0, 1.5) if weighted else None
    settings = {
        "batch_size": 100_000,
        "shuffle": shuffle,
        "block_size": 10_000,
        "max_iter": 1,
        "random_state": 0,
    }
    nets = [
        Network([1, 3, 2], "tanh", input_scale=0.01, dtype="float64", random_state=0)
        for _ in range(2)
    ]
    callback = SimpleNamespace(every_batches=4, on_batches_end=lambda trainer: None)
    trainer = Trainer(nets[0], **settings, alpha=0.1, dropout=0.2, callbacks=[callback]).run(
        rows, y, weight
    )
    order = order_of_trainer(n, dropout=0.2, **settings)
    assert len(np.unique(order)) == len(order) == n
    whole = nets[1].train_epoch(
        rows,
        y,
        100_000,
        nets[1].optimizer("adam", learning_rate=0.001),
        order=order,
        gradient_norm=True,
        sample_weight=weight,
        alpha=0.1,
        dropout=0.2,
        dropout_seed=trainer.state.dropout_seed,
    )
    np.testing.assert_array_equal(nets[0].params, nets[1].params)
    assert trainer.last_epoch.loss == whole.loss
    assert trainer.last_epoch.gradient_norm == whole.gradient_norm


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
@pytest.mark.parametrize(
    "dtype, shuffle", [("uint8", True), ("float32", "blocks"), ("float64", True)]
)
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
