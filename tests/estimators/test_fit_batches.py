"""`fit_batches`: training on rows that a source yields in blocks."""

import signal
import threading
import time
import warnings

import numpy as np
import pytest
from helpers import labels, uniform, wait_for_threads
from internals import state_of

import cmlp
from cmlp import MLPClassifier, MLPRegressor
from cmlp.callbacks import EarlyStopping
from cmlp.exceptions import NonFiniteInputError

N = 1030
X, Y = uniform(0, N, 5), labels(1, N, 3)
NUMBERS = X @ np.arange(1.0, 6) + 3
WEIGHT = uniform(2, N, low=0.0, high=2.0) * (
    np.arange(N) % 450 > 220
)  # batches and blocks without weight
FIT = {
    "max_iter": 3,
    "tol": 0,
    "n_iter_no_change": float("inf"),
    "random_state": 0,
    "shuffle": False,
}


def blocks(size, *arrays):
    return [tuple(array[i : i + size] for array in arrays) for i in range(0, len(arrays[0]), size)]


def classifier(**parameters):
    return MLPClassifier((6,), **{**FIT, **parameters})


def regressor(**parameters):
    return MLPRegressor(hidden_layer_sizes=(6,), **{**FIT, **parameters})


def outcome(model):
    curves = {name: values for name, values in model.history_.items() if name != "seconds"}
    return (
        [tensor.tolist() for tensor in (*model.coefs_, *model.intercepts_)],
        repr(curves),
        model.t_,
    )


def assert_same(actual, expected):
    for one, other in zip(outcome(actual), outcome(expected), strict=True):
        assert one == other


# ------------------------------------------------------------------------------------------------ bit-identical to fit

CASES = {
    "defaults": {},
    "float32": {"dtype": "float32", "batch_size": 64},
    "dropout": {"dropout": 0.3, "batch_size": 32, "solver": "sgd"},
    "small batches": {"batch_size": 7},
    "one batch": {"batch_size": N},
    "learned scale": {"input_scale": "standard"},
    "range": {"input_scale": "minmax"},
    "penalty": {"alpha": 0.1, "batch_size": 100},
}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("size", [1, 100, 1000])
@pytest.mark.parametrize("params", CASES.values(), ids=CASES)
def test_blocks_give_the_bits_of_fit(params, size):
    model = classifier(**params).fit_batches(blocks(size, X, Y), classes=[0, 1, 2])
    expected = classifier(**params).fit(X, Y)
    assert_same(model, expected)
    assert model.input_scale_ == expected.input_scale_


@pytest.mark.parametrize("size", [1, 64, 1000])
@pytest.mark.parametrize(
    "params", [{}, {"class_weight": {0: 1.0, 1: 2.0, 2: 0.5}}, {"input_scale": "standard"}]
)
def test_blocks_with_weights_give_the_bits_of_fit(params, size):
    model = classifier(batch_size=50, **params)
    assert_same(
        model.fit_batches(blocks(size, X, Y, WEIGHT), classes=[0, 1, 2]),
        classifier(batch_size=50, **params).fit(X, Y, WEIGHT),
    )


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "params", [{}, {"y_scale": "standard"}, {"loss": "huber"}, {"batch_size": 33}]
)
@pytest.mark.parametrize("size", [1, 100, 1000])
def test_regression_on_blocks_gives_the_bits_of_fit(params, size):
    assert_same(
        regressor(**params).fit_batches(blocks(size, X, NUMBERS)),
        regressor(**params).fit(X, NUMBERS),
    )


def test_other_rows_give_the_bits_of_fit():
    scipy_sparse = pytest.importorskip("scipy.sparse")
    several = np.c_[NUMBERS, -NUMBERS]
    assert_same(regressor().fit_batches(blocks(90, X, several)), regressor().fit(X, several))
    images = (X * 100 + 100).astype(np.uint8)
    found = classifier(input_scale=0.01).fit_batches(blocks(90, images, Y), classes=[0, 1, 2])
    assert_same(found, classifier(input_scale=0.01).fit(images, Y))
    sparse = scipy_sparse.csr_matrix(np.where(X > 0.5, X, 0))
    parts = [(sparse[i : i + 90], Y[i : i + 90]) for i in range(0, N, 90)]
    assert_same(classifier().fit_batches(parts, classes=[0, 1, 2]), classifier().fit(sparse, Y))
    texts = np.array(["a", "b", "c"])[Y]
    model = classifier().fit_batches(blocks(90, X, texts), classes=["a", "b", "c"])
    assert_same(model, classifier().fit(X, texts))
    assert set(model.predict(X[:50])) <= {"a", "b", "c"}
    bits = np.c_[Y == 0, X[:, 0] > 0].astype(int)
    assert_same(
        classifier().fit_batches(blocks(90, X, bits), classes=[0, 1]), classifier().fit(X, bits)
    )


def test_validation_stopping_and_planned_rates_are_those_of_fit():
    held = {"X_val": X[:100], "y_val": Y[:100]}
    for params in (
        {"early_stopping": True, "max_iter": 20, "n_iter_no_change": 2, "tol": 0.1},
        {"scoring": "loss"},
        {"learning_rate": "one_cycle", "solver": "sgd"},
        {"learning_rate": "cosine", "warmup": 4},
        {"callbacks": [EarlyStopping("loss", patience=1, min_delta=10)], "max_iter": 20},
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = classifier(**params).fit_batches(
                blocks(90, X, Y), classes=[0, 1, 2], n_rows=N, **held
            )
            expected = classifier(**params).fit(X, Y, **held)
        assert_same(model, expected)
        assert model.n_iter_ == expected.n_iter_


@pytest.mark.parametrize("size", [100, 250, 500])
def test_the_last_batch_is_known_if_blocks_end_with_a_batch(size):
    model = classifier(batch_size=100).fit_batches(
        blocks(size, X[:1000], Y[:1000]), classes=[0, 1, 2]
    )
    assert_same(model, classifier(batch_size=100).fit(X[:1000], Y[:1000]))
    assert np.isfinite(model.history_["gradient_norm"]).all()


@pytest.mark.parametrize(
    "class_weight", [None, {0: 1, 1: 5, 2: 0.5}], ids=["no class weights", "class weights"]
)
@pytest.mark.parametrize("first", [0, 1])
def test_blocks_without_weights_beside_blocks_with_weights_are_refused(class_weight, first):
    source = [(X[:100], Y[:100]), (X[100:200], Y[100:200], np.ones(100))]
    source = [*source[first:], *source[:first]]
    with pytest.raises(
        ValueError, match="In block 1: Either all blocks must have sample weights, or none"
    ):
        classifier(class_weight=class_weight).fit_batches(source, classes=[0, 1, 2])


@pytest.mark.parametrize("weight", [[], [WEIGHT]], ids=["no weights", "weights"])
def test_class_weights_of_blocks_are_those_of_fit(weight):
    params = {"class_weight": {0: 1, 1: 5, 2: 0.5}, "early_stopping": True}
    held = {"X_val": X[:80], "y_val": Y[:80]}
    model = classifier(**params).fit_batches(blocks(90, X, Y, *weight), classes=[0, 1, 2], **held)
    assert_same(model, classifier(**params).fit(X, Y, *weight, **held))


def test_empty_blocks_are_skipped():
    empty = (X[:0], Y[:0])
    source = [empty, *blocks(100, X, Y)[:4], empty, *blocks(100, X, Y)[4:], empty]
    assert_same(classifier().fit_batches(source, classes=[0, 1, 2]), classifier().fit(X, Y))


@pytest.mark.parametrize(
    "params", [{"input_scale": "standard"}, {"input_scale": "minmax"}, {"y_scale": "standard"}]
)
@pytest.mark.parametrize(
    "targets", [NUMBERS, np.c_[NUMBERS, -NUMBERS]], ids=["one output", "two outputs"]
)
def test_empty_blocks_are_skipped_while_scales_are_learned(params, targets):
    empty = (X[:0], targets[:0])
    source = [empty, *blocks(100, X, targets), empty]
    assert_same(regressor(**params).fit_batches(source), regressor(**params).fit(X, targets))
    params = {"input_scale": params.get("input_scale", 1.0)}
    source = [(X[:0], Y[:0]), *blocks(100, X, Y), (X[:0], Y[:0])]
    assert_same(
        classifier(**params).fit_batches(source, classes=[0, 1, 2]), classifier(**params).fit(X, Y)
    )


@pytest.mark.sampled(2)
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("size", [1, 25, 50, 75, 100, 170])
def test_sparse_blocks_give_the_bits_of_dense_ones(size, shuffle):
    """Also if exactly one whole batch waits for the next block, and if a block has no rows or no values."""
    csr_array = pytest.importorskip("scipy.sparse").csr_array
    dense = np.where(X > 0.5, X, 0)
    dense[100:200] = 0
    rows = blocks(size, dense, Y)
    rows.insert(2, (dense[:0], Y[:0]))
    params = {"batch_size": 50, "shuffle": shuffle, "input_scale": (np.zeros(5), np.full(5, 0.5))}
    found = classifier(**params).fit_batches(
        [(csr_array(x), y) for x, y in rows], classes=[0, 1, 2]
    )
    assert_same(found, classifier(**params).fit_batches(rows, classes=[0, 1, 2]))


def test_the_number_of_rows_can_be_one_of_numpy():
    params = {"learning_rate": "one_cycle"}
    found = classifier(**params).fit_batches(
        blocks(90, X, Y), classes=[0, 1, 2], n_rows=np.int64(N)
    )
    assert_same(found, classifier(**params).fit(X, Y))
    for wrong in (0, 2.0, True, np.float64(3)):
        with pytest.raises(ValueError, match="n_rows must be a positive integer or None, got"):
            classifier().fit_batches(blocks(90, X, Y), classes=[0, 1, 2], n_rows=wrong)


def test_a_weight_that_the_dtype_cannot_hold_is_named_with_its_block():
    weight = np.ones(N)
    weight[207] = 1e-40
    message = r"In block 2: sample_weight .* to 8.50706e\+37, for float32, got 1e-40 in row 7\."
    with pytest.raises(ValueError, match=message):
        classifier(dtype="float32").fit_batches(blocks(100, X, Y, weight), classes=[0, 1, 2])
    classifier().fit_batches(blocks(100, X, Y, weight), classes=[0, 1, 2])


# ------------------------------------------------------------------------------------------------------- shuffling


def test_shuffling_stays_in_the_blocks_and_depends_on_the_seed():
    source = blocks(300, X, Y)
    fitted = [
        classifier(shuffle=True, random_state=seed).fit_batches(source, classes=[0, 1, 2])
        for seed in (0, 0, 1)
    ]
    assert_same(fitted[0], fitted[1])
    plain = classifier().fit_batches(source, classes=[0, 1, 2])
    assert len({repr(outcome(model)[0]) for model in (*fitted, plain)}) == 3
    ones = classifier(shuffle=True).fit_batches(
        blocks(1, X, Y), classes=[0, 1, 2]
    )  # nothing to shuffle
    assert ones.loss_curve_ != fitted[0].loss_curve_


def test_every_row_is_used_once_per_epoch():
    """A linear model without bias on rows of the unit matrix: each row changes one weight, so all are seen."""
    rows = np.eye(60)
    model = MLPRegressor(
        hidden_layer_sizes=(), solver="sgd", batch_size=7, momentum=0, alpha=0, learning_rate_init=0.1, random_state=0,
        max_iter=1, initialization=([np.zeros((60, 1))], [np.zeros(1)]), tol=0, n_iter_no_change=float("inf"),
    )  # fmt: skip
    model.fit_batches(blocks(11, rows, np.ones(60)))
    assert (model.coefs_[0] > 0.005).all()


# ---------------------------------------------------------------------------------------------------------- sources


def test_a_function_is_called_once_per_pass():
    calls = []

    def source():
        calls.append(1)
        return iter(blocks(100, X, Y))

    classifier().fit_batches(source, classes=[0, 1, 2])
    assert len(calls) == 3
    classifier(input_scale="standard").fit_batches(source, classes=[0, 1, 2])
    assert len(calls) == 3 + 1 + 3


def test_a_generator_can_be_read_once():
    assert_same(
        classifier(max_iter=1).fit_batches(
            (block for block in blocks(100, X, Y)), classes=[0, 1, 2]
        ),
        classifier(max_iter=1).fit(X, Y),
    )
    for params in ({}, {"max_iter": 1, "input_scale": "standard"}):
        with pytest.raises(
            ValueError, match=r"source is an iterator.*fit_batches\(lambda: read_blocks\(path\)\)"
        ):
            classifier(**params).fit_batches(iter(blocks(100, X, Y)), classes=[0, 1, 2])


def test_the_next_block_is_read_while_this_one_is_used():
    reading, taken = threading.Event(), []

    def source():
        yield X[:500], Y[:500]
        taken.append(threading.current_thread())
        reading.set()
        yield X[500:], Y[500:]

    class Slow:
        def on_fit_begin(self, trainer):
            assert not reading.wait(0.2)  # the first block came without the thread

        def on_epoch_end(self, trainer):
            assert reading.is_set()

    classifier(max_iter=1, callbacks=[Slow()]).fit_batches(source, classes=[0, 1, 2])
    assert taken[0] is not threading.main_thread()
    assert not taken[0].is_alive()


def test_blocks_are_not_read_further_ahead_than_one():
    read = []

    def source():
        for i, block in enumerate(blocks(200, X, Y)):
            read.append(i)
            yield block

    class Slow:
        every_batches = 1

        def on_batches_end(self, trainer):
            time.sleep(0.05)  # the thread would read on
            block = (trainer.state.batch - 1) // 2
            assert len(read) <= block + 3

    classifier(max_iter=1, batch_size=100, callbacks=[Slow()]).fit_batches(
        source, classes=[0, 1, 2]
    )
    assert len(read) == 6


# ----------------------------------------------------------------------------------------------------------- errors


def with_value(column, row, value, array=X):
    changed = np.array(array)
    changed[(row, column) if changed.ndim == 2 else row] = value
    return changed


BAD = {
    "width": ([(X[:100], Y[:100]), (X[100:, :4], Y[100:])], "In block 1: X has 4 features"),
    "type": (
        [(X[:100], Y[:100]), (X[100:].astype("f4"), Y[100:])],
        "In block 1: X is float32, but float64 in the fir",
    ),
    "label": (
        blocks(100, X, with_value(0, 317, 9, Y)),
        "In block 3, row 17: `y` has classes not in",
    ),
    "lengths": (
        [(X[:100], Y[:100]), (X[100:], Y[:100])],
        "In block 1: Found input variables with inconsistent",
    ),
    "nan": (
        blocks(100, with_value(2, 317, np.nan), Y),
        "contains NaN at row 17, column 2 of block 3",
    ),
    "nan among waiting rows": (
        blocks(9, with_value(2, 40, np.nan), Y),
        "contains NaN at row 4, column 2 of block 4",
    ),
    "weights": (
        [(X[:100], Y[:100]), (X[100:], Y[100:], WEIGHT[100:])],
        "In block 1: Either all blocks must have",
    ),
    "no pair": (
        [(X[:100], Y[:100]), X[100:]],
        r"Block 1 must be \(X, y\) or \(X, y, sample_weight\), got ndarray",
    ),
    "no block": ([], "source yielded no rows"),
}


@pytest.mark.parametrize("source, message", BAD.values(), ids=BAD)
def test_an_error_names_block_and_row_and_leaves_the_model(source, message):
    model = classifier().fit(X, Y)
    before = outcome(model)
    with pytest.raises(ValueError, match=message) as caught:
        model.fit_batches(source, classes=[0, 1, 2])
    assert ("NaN" in message) == isinstance(caught.value, NonFiniteInputError)
    assert outcome(model) == before
    wait_for_threads("cmlp-reader")


def test_an_error_names_rows_of_shuffled_blocks():
    with pytest.raises(NonFiniteInputError, match="at row 17, column 2 of block 3"):
        classifier(shuffle=True).fit_batches(
            blocks(100, with_value(2, 317, np.nan), Y), classes=[0, 1, 2]
        )
    with pytest.raises(ValueError, match=r"In block 2: Input y contains NaN at row 5\."):
        regressor().fit_batches(blocks(100, X, with_value(0, 205, np.nan, NUMBERS)))


def test_the_median_of_y_needs_all_rows():
    with pytest.raises(
        ValueError,
        match="y_scale='robust' needs all rows for the quartiles, which fit_batches does n",
    ):
        regressor(y_scale="robust").fit_batches(blocks(100, X, NUMBERS))


@pytest.mark.parametrize(
    "params, arguments, message",
    [
        ({}, {"classes": None}, "classes must be passed to fit_batches"),
        ({"early_stopping": True}, {}, "early_stopping=True needs X_val and y_val"),
        (
            {"learning_rate": "cosine"},
            {},
            "learning_rate='cosine' needs the number of batches: pass n_rows=",
        ),
        ({"warmup": 0.1}, {}, "warmup=0.1 needs the number of batches"),
        ({"input_scale": "robust"}, {}, "input_scale='robust' needs all rows"),
        ({"class_weight": "balanced"}, {}, "class_weight='balanced' needs all labels"),
        ({"solver": "lbfgs"}, {}, "fit_batches needs batches, but solver='lbfgs'"),
        ({}, {"n_rows": 0}, "n_rows must be a positive integer or None, got 0"),
        ({}, {"n_rows": 7}, "source yielded more rows in epoch 1 than the 7 that were expected"),
        (
            {"learning_rate": "cosine"},
            {"n_rows": 20},
            "source yielded more rows in epoch 1 than the 20 that were",
        ),
        ({}, {"n_rows": 10**6}, f"source yielded {N} rows in epoch 1, but 1000000 were expected"),
    ],
)
def test_what_needs_all_rows_is_refused(params, arguments, message):
    with pytest.raises(ValueError, match=message):
        classifier(**params).fit_batches(blocks(100, X, Y), **{"classes": [0, 1, 2], **arguments})


def test_sources_that_are_not_read_again():
    iterator = iter(blocks(100, X, Y))
    with pytest.raises(
        ValueError,
        match=r"source yielded 0 rows in epoch 2, .* A function must return a new iterator",
    ):
        classifier().fit_batches(lambda: iterator, classes=[0, 1, 2])
    with pytest.raises(
        TypeError, match=r"source\(\) must return an iterable of blocks \(X, y\), got NoneType."
    ):
        classifier().fit_batches(lambda: None, classes=[0, 1, 2])
    with pytest.raises(TypeError, match=r"source must be an iterable of blocks .* got int"):
        classifier().fit_batches(3, classes=[0, 1, 2])


def test_an_exception_of_the_source_is_raised_and_closes_it():
    closed = []

    def source():
        try:
            yield X[:100], Y[:100]
            raise OSError("the disk is gone")
        finally:
            closed.append(1)

    with pytest.raises(OSError, match="the disk is gone"):
        classifier().fit_batches(source, classes=[0, 1, 2])
    assert closed == [1]
    with pytest.raises(ValueError, match="In block 1"):
        classifier().fit_batches(lambda: (block for block in BAD["width"][0]), classes=[0, 1, 2])


# -------------------------------------------------------------------------------------------- pause and continue


@pytest.mark.skipif(not hasattr(signal, "raise_signal"), reason="needs signals")
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("at", [1, 4, 13, 17])
def test_ctrl_c_leaves_no_thread_and_the_call_continues_with_the_same_bits(at, shuffle):
    count = []

    def source():
        for block in blocks(100, X, Y):
            count.append(1)
            if len(count) == at:
                signal.raise_signal(signal.SIGINT)
            yield block

    params = {"shuffle": shuffle, "batch_size": 30}
    whole = classifier(**params).fit_batches(blocks(100, X, Y), classes=[0, 1, 2])
    model = classifier(**params)
    with pytest.raises(KeyboardInterrupt):
        model.fit_batches(source, classes=[0, 1, 2])
    wait_for_threads("cmlp-reader")
    if at > 1:  # the first block is read before training begins
        model.fit_batches(blocks(100, X, Y), classes=[0, 1, 2], resume=True)
        assert_same(model, whole)


def test_a_finished_call_continues_and_checks_the_first_row(tmp_path):
    source = blocks(100, X, Y)
    model = classifier(max_iter=2).fit_batches(source, classes=[0, 1, 2])
    model.save(tmp_path / "half.cmlp", include_training_state=True)
    loaded = cmlp.load(tmp_path / "half.cmlp").set_params(max_iter=4)
    loaded.fit_batches(blocks(7, X, Y), resume=True)  # other blocks, the same rows
    assert_same(loaded, classifier(max_iter=4).fit(X, Y))
    with pytest.raises(ValueError, match="The data differ"):
        model.set_params(max_iter=4).fit_batches(blocks(100, X + 1, Y), resume=True)
    with pytest.raises(ValueError, match="were expected"):
        model.fit_batches(blocks(100, X, Y)[:-1], resume=True)


def test_max_time_ends_between_blocks():
    def source():
        while True:
            yield X[:200], Y[:200]

    model = classifier(max_time=0.2, batch_size=50).fit_batches(source, classes=[0, 1, 2])
    assert model.n_iter_ == 0 and state_of(model).batch > 0


def test_a_warm_start_continues():
    model = classifier(warm_start=True, max_iter=2).fit_batches(
        blocks(100, X, Y), classes=[0, 1, 2]
    )
    expected = classifier(warm_start=True, max_iter=2).fit(X, Y)
    assert_same(model.fit_batches(blocks(50, X, Y)), expected.fit(X, Y))


def test_column_names_are_those_of_the_first_block():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcde"))
    parts = [(frame[i : i + 200], Y[i : i + 200]) for i in range(0, N, 200)]
    model = classifier().fit_batches(parts, classes=[0, 1, 2])
    assert_same(model, classifier().fit(frame, Y))
    assert model.feature_names_in_.tolist() == list("abcde")
    with pytest.raises(ValueError, match="In block 1: The columns must have the names"):
        classifier().fit_batches(
            [parts[0], (parts[1][0][list("bacde")], parts[1][1])], classes=[0, 1, 2]
        )


class Counted:
    """Rows that count how often they are converted."""

    def __init__(self, rows):
        self.rows, self.shape, self.n_reads = rows, rows.shape, 0

    def __array__(self, dtype=None, copy=None):
        self.n_reads += 1
        return self.rows


@pytest.mark.parametrize("input_scale", [1, "standard"])
def test_each_block_is_converted_once_per_pass(input_scale):
    rows = [Counted(X[start : start + 400]) for start in range(0, N, 400)]
    source = [(block, Y[i * 400 :][:400]) for i, block in enumerate(rows)]
    classifier(max_iter=2, input_scale=input_scale).fit_batches(source, classes=range(3))
    n_passes = 2 if input_scale == 1 else 3
    assert [block.n_reads for block in rows] == [n_passes] * 3


@pytest.mark.parametrize("train", ["fit_batches", "partial_fit"])
@pytest.mark.parametrize("loss, value", [("poisson", -1), ("gamma", 0), ("tweedie", -1)])
def test_targets_out_of_the_range_of_the_loss_are_named(train, loss, value):
    y = np.ones(N)
    y[205] = value
    model = regressor(loss=loss).partial_fit(X, np.ones(N))
    before = outcome(model)
    problem = f"y must .* with loss='{loss}', got {value} at row"
    if train == "fit_batches":
        with pytest.raises(ValueError, match=f"^In block 2: {problem} 5, column 0"):
            model.fit_batches(blocks(100, X, y))
    else:
        with pytest.raises(ValueError, match=f"^{problem} 205, column 0"):
            model.partial_fit(X, y)
    assert outcome(model) == before
