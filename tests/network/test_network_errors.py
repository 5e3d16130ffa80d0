"""Errors of Network: each message names the argument, what was expected and what came; nothing changes."""

import numpy as np
import pytest
from helpers import assert_same_bits
from small_network import DENSE, METHODS, WITH_TARGETS, X, Y, call

from cmlp import Network
from cmlp.exceptions import StatusError

INF, NAN = np.inf, np.nan


def assert_message_contains(error, *fragments):
    """Check that a one-line message contains all the fragments."""
    message = str(error)
    for fragment in fragments:
        assert fragment in message, f"{fragment!r} not in {message!r}"
    assert "\n" not in message


# ---------------------------------------------------------------- construction

# Keywords that replace those of a valid call, and fragments of the message.
BAD_DESCRIPTIONS = [
    ({"sizes": "abc"}, "sizes must be 2 to 64 positive integers", "'abc'"),
    ({"sizes": 5}, "sizes must be", "5"),
    ({"sizes": None}, "sizes must be", "None"),
    ({"sizes": []}, "sizes must be", "[]"),
    ({"sizes": [3]}, "sizes must be", "[3]"),
    ({"sizes": [3, 0]}, "sizes must be", "[3, 0]"),
    ({"sizes": [3, -1]}, "sizes must be", "[3, -1]"),
    ({"sizes": [3, 2.5]}, "sizes must be", "[3, 2.5]"),
    ({"sizes": [3, "4"]}, "sizes must be", "[3, '4']"),
    ({"sizes": [3, INF]}, "sizes must be", "[3, inf]"),
    ({"sizes": [3, [4]]}, "sizes must be", "[3, [4]]"),
    ({"sizes": [3, 2**31]}, "sizes must be", "2147483648"),
    ({"sizes": [3, 10**400, 2]}, "sizes must be", "[3, 1000"),
    ({"sizes": [3, None, 2]}, "sizes must be", "None"),
    ({"activation": "softmax"}, "activation must be a str among", "'tanh'", "'softmax'"),
    ({"activation": "exp"}, "activation must be a str among", "'tanh'", "'exp'"),
    ({"activation": None}, "activation", "None"),
    ({"activation": 5}, "activation", "5"),
    ({"activation": ["relu", "relu"]}, "activation", "1 hidden layer", "['relu', 'relu']"),
    ({"activation": [None]}, "activation must be a str among", "None"),
    ({"output": "relu"}, "output must be a str among", "'softmax'", "'relu'"),
    ({"output": "sotfmax"}, "output must be a str among", "'softmax'", "'sotfmax'"),
    ({"output": None}, "output must be a str among", "None"),
    ({"loss": "mse"}, "loss must be a str among", "'squared_error'", "'mse'"),
    ({"loss": None}, "loss must be a str among", "None"),
    ({"output": "identity"}, "loss", "'log_loss'", "output", "'identity'", "squared_error"),
    ({"output": "exp"}, "loss", "'log_loss'", "output", "'exp'", "poisson"),
    ({"loss": "poisson"}, "loss", "'poisson'", "output", "'softmax'"),
    ({"dtype": "float16"}, "dtype must be", "float32", "float64", "float16"),
    ({"dtype": "int32"}, "dtype must be", "float32", "float64", "int32"),
    ({"dtype": "float"[::-1]}, "dtype must be", "float32", "float64", "taolf"),
    ({"dtype": 5}, "dtype must be", "float32", "float64", "5"),
    ({"dtype": ">f8"}, "dtype must be", "float32", "float64", ">f8"),
    ({"input_scale": 0}, "input_scale must be a float in the range (0.0, inf)", "0"),
    ({"sizes": (3, 4, 1)}, "output='softmax' needs at least 2 outputs", "[3, 4, 1]"),
    ({"input_scale": -1}, "input_scale must be", "-1"),
    ({"input_scale": NAN}, "input_scale must be", "nan"),
    ({"input_scale": INF}, "input_scale must be", "inf"),
    ({"input_scale": "x"}, "input_scale must be", "'x'"),
    ({"input_scale": None}, "input_scale must be", "None"),
    ({"input_scale": [1, 2]}, "input_scale must have two vectors of the same length", "[(), ()]"),
    ({"input_scale": [1, 2, 3]}, "input_scale must be", "[1, 2, 3]"),
    ({"random_state": "seed"}, "random_state must be", "'seed'"),
    ({"random_state": 1.5}, "random_state must be", "1.5"),
    ({"random_state": -1}, "random_state must be", "-1"),
    ({"random_state": 2**32}, "random_state must be", "4294967296"),
    ({"n_threads": 0}, "n_threads must be an int in the range [1, inf) or None", "0"),
    ({"n_threads": -1}, "n_threads must be", "-1"),
    ({"n_threads": 1.5}, "n_threads must be", "1.5"),
    ({"n_threads": "2"}, "n_threads must be", "'2'"),
    ({"n_threads": True}, "n_threads must be", "True"),
]


@pytest.mark.parametrize(
    ("keywords", *["first", "rest"]),
    [(keywords, first, rest) for keywords, first, *rest in BAD_DESCRIPTIONS],
    ids=[str(case[0]) for case in BAD_DESCRIPTIONS],
)
def test_bad_description_raises(keywords, first, rest):
    with pytest.raises((ValueError, TypeError)) as caught:
        Network(**{"sizes": (3, 4, 2), **keywords})
    assert_message_contains(caught.value, first, *rest)


def test_network_too_large_for_memory_raises():
    with pytest.raises(MemoryError):
        Network([2**31 - 1, 2**31 - 1, 2**31 - 1])


# ---------------------------------------------------------------- methods


BAD_ROWS = {
    "one row as a vector": (X[0], "X must be a 2-D array", "(3,)", "reshape(1, -1)"),
    "three axes": (X[None], "X must be a 2-D array", "(1, 6, 3)"),
    "a number": (5.0, "X must be a 2-D array", "got float"),
    "too few columns": (X[:, :2], "X must have 3 columns", "(6, 2)"),
    "too many columns": (np.ones((6, 4)), "X must have 3 columns", "(6, 4)"),
    "no columns": (np.ones((6, 0)), "X must have 3 columns", "(6, 0)"),
    "ragged": ([[1, 2, 3], [4, 5]], "X", "rectangular"),
    "text": (
        np.full((6, 3), "a"),
        "X cannot be converted to numbers",
        "could not convert string to float",
    ),
    "complex": (X + 0j, "Complex data not supported"),
    "a word": ([[1, 2, 3], [4, "v", 6]], "'v'", "(row 1, column 1)", "TabularClassifier"),
    "objects": (np.full((6, 3), {}, object), "X cannot be converted to numbers", "'dict'"),
    "dicts": ([{"a": 1.0}] * 6, "X is a list of dicts. Pass a data frame"),
    "None": (np.full((6, 3), None), "Input X contains NaN at row 0, column 0"),
    "masked": (np.ma.masked_array(X, X == X[0, 0]), "X must not have masked entries"),
    "dates": (np.zeros((6, 3), "M8[D]"), "X must hold real numbers", "datetime64"),
    "nothing": (None, "X must be a 2-D array of shape (n, 3), got NoneType"),
}
BAD_TARGETS = {
    "too few": (Y[:5], "X and y must have the same number of rows", "6", "5"),
    "too few dense": (DENSE[:5], "X and y must have the same number of rows", "6", "5"),
    "too many": (np.append(Y, 0), "X and y must have the same number of rows, got 6 and 7"),
    "too many dense": (np.ones((7, 2)), "X and y must have the same number of rows, got 6 and 7"),
    "too few columns": (DENSE[:, :1], "y must", "2", "(6, 1)"),
    "three axes": (DENSE[None], "y must", "(1, 6, 2)"),
    "class too large": (Y + 1, "y must be class indices from 0 to 1", "2"),
    "negative class": (Y - 1, "y must be class indices from 0 to 1", "-1"),
    "huge class": (Y.astype(np.uint64) + 2**32, "y must be class indices from 0 to 1"),
    "floats": (Y.astype(float), "y must be class indices", "float64"),
    "text": (np.full(6, "a"), "y must be class indices", "<U1"),
    "dense text": (
        np.full((6, 2), "a"),
        "y cannot be converted to numbers",
        "could not convert string to float",
    ),
    "complex": (DENSE + 0j, "Complex data not supported"),
    "a number": (1, "y must be a 2-D array of shape (n, 2), got int"),
    "nothing": (None, "y must be a 2-D array of shape (n, 2), got NoneType"),
    "none at all": ([], "X and y must have the same number of rows, got 6 and 0"),
    "masked": (np.ma.masked_array(Y, Y == Y[0]), "y must not have masked entries"),
    "ragged": ([[1, 0], [1]], "y", "rectangular"),
}


def named(cases):
    return pytest.mark.parametrize("case", cases.values(), ids=cases.keys())


def test_numbers_as_text_and_objects_are_converted_as_in_the_estimators(net):
    rows = np.round(4 * X) / 4  # exact in every type
    expected = net.forward(rows.astype(float))
    for kind in (str, object, np.float16, np.longdouble, ">f4"):
        np.testing.assert_array_equal(net.forward(rows.astype(kind)), expected)
    np.testing.assert_array_equal(net.forward(rows.astype(str).tolist()), expected)


@named(BAD_ROWS)
@pytest.mark.parametrize("method", METHODS)
def test_bad_rows_raise(net, method, case):
    wrong, *fragments = case
    with pytest.raises((ValueError, TypeError)) as caught:
        call(net, method, wrong)
    assert_message_contains(caught.value, *fragments)


@named(BAD_TARGETS)
@pytest.mark.parametrize("method", WITH_TARGETS)
def test_bad_targets_raise(net, method, case):
    wrong, *fragments = case
    with pytest.raises((ValueError, TypeError)) as caught:
        call(net, method, X, wrong)
    assert_message_contains(caught.value, *fragments)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "list"])
@pytest.mark.parametrize(
    "output, loss, value, message",
    [
        ("exp", "poisson", -2, "y must not be negative with loss='poisson', got -2"),
        ("exp", "tweedie", -2, "y must not be negative with loss='tweedie', got -2"),
        ("exp", "gamma", -2, "y must be positive with loss='gamma', got -2"),
        ("exp", "gamma", 0, "y must be positive with loss='gamma', got 0"),
        ("logistic", "log_loss", -1, "y must be from 0 to 1 with loss='log_loss', got -1"),
        ("softmax", "log_loss", 2, "y must be from 0 to 1 with loss='log_loss', got 2"),
        ("logistic", "focal", 2, "y must be from 0 to 1 with loss='focal', got 2"),
        (
            "softmax",
            "label_smoothing",
            -1,
            "y must be from 0 to 1 with loss='label_smoothing', got -1",
        ),
    ],
)
@pytest.mark.parametrize("method", WITH_TARGETS)
def test_targets_out_of_the_range_of_the_loss_raise(method, output, loss, value, message, dtype):
    net = Network([3, 4, 2], output=output, loss=loss, random_state=0)
    before, wrong = net.params.copy(), np.ones((6, 2))
    wrong[4, 1] = value
    with pytest.raises(StatusError) as caught:
        call(net, method, X, wrong.tolist() if dtype == "list" else wrong.astype(dtype))
    assert_message_contains(caught.value, message, "at row 4, column 1")
    assert caught.value.status == "CMLP_ERROR_TARGET"
    assert_same_bits(net.params, before)
    wrong[4, 1] = NAN
    with pytest.raises(StatusError, match="contains NaN at row 4, column 1"):
        call(net, method, X, wrong)
    call(net, method, X, np.full((6, 2), 1e-30 if loss == "gamma" else 0))
    call(net, method, X, np.full((6, 2), 0.3))
    other = Network([3, 4, 2], output="identity", loss="squared_error", random_state=0)
    call(other, method, X, -np.ones((6, 2)))


@pytest.mark.parametrize(
    "output, loss, value", [("exp", "poisson", -1), ("logistic", "log_loss", 1.5)]
)
def test_rows_of_weight_zero_have_targets_in_the_range_of_the_loss(output, loss, value):
    net = Network([3, 4, 2], output=output, loss=loss, random_state=0)
    wrong, weight = np.full((6, 2), 0.5), np.ones(6)
    wrong[2, 0], weight[2] = value, 0
    for method in (
        net.cost,
        net.gradient,
        lambda *given, **keywords: net.train_epoch(*given, 2, 0.1, **keywords),
    ):
        with pytest.raises(StatusError, match=f"got {value} at row 2, column 0"):
            method(X, wrong, sample_weight=weight)


def test_an_epoch_ends_before_the_batch_with_a_target_out_of_range():
    ours, theirs = (Network([3, 4, 1], output="logistic", random_state=0) for _ in range(2))
    y = (Y[:, None] > 0).astype(float)
    theirs.train_epoch(X[:4], y[:4], 2, 0.1)
    y[5] = -1
    with pytest.raises(StatusError, match="got -1 at row 5, column 0"):
        ours.train_epoch(X, y, 2, 0.1)
    assert_same_bits(ours.params, theirs.params)


def test_targets_count_as_the_network_rounds_them():
    narrow, wide = (
        Network([3, 1], output="logistic", dtype=dtype, random_state=0)
        for dtype in ("float32", "float64")
    )
    above = np.full((6, 1), 1 + 2.0**-52)
    narrow.cost(X, above)
    with pytest.raises(
        StatusError, match=r"y must be from 0 to 1 with .*, got 1\.0000000000000002 at row 0"
    ):
        wide.cost(X, above)
    gamma = Network([3, 1], output="exp", loss="gamma", random_state=0)
    with pytest.raises(StatusError, match="got 1e-300, which is 0 in float32, at row 0, column 0"):
        gamma.cost(X, np.full((6, 1), 1e-300))


@pytest.mark.parametrize("wrong", [[0, 1, 0, 1, 1, 0], [0] * 6, [0.5] * 6], ids=str)
@pytest.mark.parametrize("method", WITH_TARGETS)
def test_flat_targets_for_one_output_raise(method, wrong):
    """Class indices are meaningless with a single output, so flat targets are probably numbers."""
    net = Network([3, 4, 1], output="logistic", random_state=0)
    with pytest.raises(ValueError) as caught:
        call(net, method, X, wrong)
    assert_message_contains(caught.value, "y must have shape (n, 1)", "(6,)", "y.reshape(-1, 1)")


@pytest.mark.parametrize("method", WITH_TARGETS)
def test_class_indices_with_gamma_loss_raise(method):
    """A class index means 0 for the other outputs, which the loss does not allow."""
    net = Network([3, 4, 2], output="exp", loss="gamma", random_state=0)
    with pytest.raises(ValueError, match="y must be positive with loss='gamma'"):
        call(net, method, X, [0, 1, 0, 1, 1, 0])


BAD_OUTPUTS = {
    "rows": (np.empty((5, 2), np.float32), "(6, 2)", "(5, 2)"),
    "columns": (np.empty((6, 3), np.float32), "(6, 2)", "(6, 3)"),
    "type": (np.empty((6, 2)), "float32", "float64"),
    "by columns": (np.empty((6, 2), np.float32, order="F"), "contiguous"),
    "with gaps": (np.empty((6, 4), np.float32)[:, ::2], "contiguous"),
    "read-only": (np.broadcast_to(np.float32(0), (6, 2)), "writeable"),
    "big-endian": (np.empty((6, 2), ">f4"), "float32"),
    "a list": ([[0.0] * 2] * 6, "list"),
}


@named(BAD_OUTPUTS)
def test_bad_out_raises(net, case):
    wrong, *fragments = case
    with pytest.raises(ValueError) as caught:
        net.forward(X, wrong)
    assert_message_contains(caught.value, "out must be", *fragments)


BAD_TRAINING = [
    ({"batch_size": 0}, "batch_size must be", "0"),
    ({"batch_size": -1}, "batch_size must be", "-1"),
    ({"batch_size": 2.5}, "batch_size must be", "2.5"),
    ({"batch_size": "10"}, "batch_size must be", "'10'"),
    ({"batch_size": None}, "batch_size must be", "None"),
    ({"batch_size": 2**70}, "batch_size must be", str(2**70)),
    ({"optimizer": -0.1}, "learning_rate must be", "-0.1"),
    ({"optimizer": NAN}, "learning_rate must be", "nan"),
    ({"optimizer": INF}, "learning_rate must be", "inf"),
    ({"optimizer": "0.1"}, "learning_rate must be", "'0.1'"),
    ({"optimizer": None}, "learning_rate must be", "None"),
    ({"order": [0, 6]}, "order must be row indices from 0 to 5", "6"),
    ({"order": [-1, 0]}, "order must be row indices from 0 to 5", "-1"),
    ({"order": [0.0, 1.0]}, "order must be a 1-D array of integers", "float64"),
    ({"order": [True] * 6}, "order must be a 1-D array of integers", "bool"),
    ({"order": [[0, 1]]}, "order must be a 1-D array of integers", "(1, 2)"),
    ({"order": 3}, "order must be a 1-D array of integers", "()"),
    ({"order": "all"}, "order must be a 1-D array of integers"),
]


@pytest.mark.parametrize("case", BAD_TRAINING, ids=[str(c[0]) for c in BAD_TRAINING])
def test_bad_training_arguments_raise(net, case):
    wrong, *fragments = case
    with pytest.raises((ValueError, TypeError)) as caught:
        net.train_epoch(X, Y, **{"batch_size": 4, "optimizer": 0.1, **wrong})
    assert_message_contains(caught.value, *fragments)
    if "learning_rate" in wrong:
        with pytest.raises((ValueError, TypeError)) as caught:
            net.step(X, Y, **wrong)
        assert_message_contains(caught.value, *fragments)


def test_assigning_params_copies_into_the_block():
    """Existing views stay valid, because the block is never replaced."""
    net = Network([3, 4, 2], random_state=0)
    values = np.arange(net.n_params)
    net.params = values
    np.testing.assert_array_equal(net.weights[0].ravel(), values[:12])
    for wrong in (values[:-1], "text", np.ones((2, 13))):
        with pytest.raises(ValueError, match=r"params must .*26"):
            net.params = wrong
    with pytest.raises(TypeError):
        net.weights[0] = np.zeros((3, 4))
    with pytest.raises(AttributeError):
        net.weights = []
