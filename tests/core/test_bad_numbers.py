"""NaN and infinity in the data, and divergence: detected, located, and reported as different errors."""

import pickle

import numpy as np
import pytest
from helpers import assert_same_bits, inputs, labels
from small_network import DENSE, METHODS, WITH_TARGETS, X, Y, call

import cmlp
from cmlp import Network
from cmlp.exceptions import DivergenceError, NonFiniteInputError, StatusError

INF, NAN = np.inf, np.nan


# ---------------------------------------------------------------- numbers in the data

WORDS = {"NaN": NAN, "infinity": INF, "-infinity": -INF}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("word", "value"), WORDS.items())
def test_non_finite_input_is_reported_with_row_and_column(net, word, value, method):
    for row, column in [(0, 0), (0, 2), (3, 1), (5, 0), (5, 2)]:
        wrong = X.copy()
        wrong[row, column] = value
        with pytest.raises(NonFiniteInputError) as caught:
            call(net, method, wrong)
        assert str(caught.value).startswith(f"Input X contains {word.lstrip('-')}")
        assert str(caught.value).endswith(f" at row {row}, column {column}.")
        assert (caught.value.row, caught.value.column) == (row, column)
        assert caught.value.status == "CMLP_ERROR_INPUT"


@pytest.mark.parametrize("method", METHODS)
def test_first_non_finite_input_is_reported(net, method):
    wrong = X.copy()
    wrong[4, 1] = wrong[2, 2] = wrong[2, 1] = NAN
    with pytest.raises(NonFiniteInputError, match="NaN at row 2, column 1"):
        call(net, method, wrong)


@pytest.mark.parametrize("n_threads", [1, 2, 7])
@pytest.mark.parametrize("method", ["forward", "cost", "gradient", "input_gradient", "train_epoch"])
def test_non_finite_input_is_found_among_many_rows(method, n_threads):
    many, classes = inputs(1, 1000, 200, np.float32), labels(2, 1000, 10)
    network = Network([200, 40, 10], random_state=0, n_threads=n_threads)
    for row in (0, 127, 128, 255, 256, 700, 999):
        wrong = many.copy()
        wrong[row, 150] = wrong[999, 199] = NAN
        column = 150
        with pytest.raises(NonFiniteInputError, match=f"row {row}, column {column}"):
            call(network, method, wrong, classes)


def test_reported_row_is_the_row_of_the_data_not_of_the_order(net):
    wrong = X.copy()
    wrong[4, 1] = NAN
    with pytest.raises(NonFiniteInputError, match="row 4, column 1"):
        net.train_epoch(wrong, Y, 6, 0.1, order=[0, 1, 4, 2])


def test_rows_outside_the_order_are_not_checked():
    wrong = X.copy()
    wrong[4, 1] = NAN
    Network([3, 4, 2], random_state=0).train_epoch(wrong, Y, 6, 0.1, order=[0, 1, 2, 3, 5])


def test_input_too_large_for_float32_is_reported(net):
    wrong = X.astype(np.float64)
    wrong[1, 2] = 1e39
    with pytest.raises(NonFiniteInputError, match=r"too large.* at row 1, column 2"):
        net.forward(wrong)
    Network([3, 4, 2], dtype="float64", random_state=0).forward(wrong)


def test_input_too_large_after_scaling_is_reported():
    scaled = Network([3, 4, 2], input_scale=1e30, random_state=0)
    with pytest.raises(NonFiniteInputError, match=r"too large.* at row 0, column 0"):
        scaled.forward(np.full((2, 3), 1e10, np.float32))


def test_parameters_keep_the_batches_before_a_bad_one():
    """The parameters are those after the last complete batch."""
    wrong, order = X.copy(), [0, 1, 2, 3, 4, 5]
    wrong[4, 1] = NAN
    ours, theirs = (Network([3, 4, 2], random_state=0) for _ in range(2))
    with pytest.raises(NonFiniteInputError):
        ours.train_epoch(wrong, Y, 2, 0.1, order=order)
    theirs.train_epoch(X[:4], Y[:4], 2, 0.1)
    assert_same_bits(ours.params, theirs.params)


@pytest.mark.parametrize("method", WITH_TARGETS)
@pytest.mark.parametrize(("word", "value"), WORDS.items())
def test_non_finite_targets_are_reported_with_row_and_column(net, word, value, method):
    wrong = DENSE.copy()
    wrong[3, 1] = value
    with pytest.raises(StatusError) as caught:
        call(net, method, X, wrong)
    assert str(caught.value).startswith(f"Input y contains {word.lstrip('-')}")
    assert str(caught.value).endswith(" at row 3, column 1.")
    assert caught.value.status == "CMLP_ERROR_TARGET"


# ---------------------------------------------------------------- divergence


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_divergence_raises_without_warnings(dtype):
    """pytest turns every warning of this suite into an error."""
    network = Network(
        [3, 4, 2], "identity", output="identity", loss="squared_error", dtype=dtype, random_state=0
    )
    with pytest.raises(DivergenceError) as caught:
        for _ in range(2000):
            network.train_epoch(X, DENSE, 2, 1e3)
    first = "Solver produced non-finite parameter weights. The input data may contain large values"
    assert str(caught.value).startswith(first)
    assert caught.value.status == "CMLP_ERROR_DIVERGED"
    assert isinstance(caught.value, ValueError)


def test_network_with_nan_parameters_raises_divergence_error():
    network = Network([3, 4, 2], random_state=0)
    network.params[5] = NAN
    for method in ("cost", "gradient", "step", "train_epoch"):
        with pytest.raises(DivergenceError):
            call(network, method, X)
    assert np.isnan(network.forward(X)).any()  # prediction returns NaN instead of raising


@pytest.mark.parametrize(
    "error",
    [
        NonFiniteInputError("NaN", 3, 7, argument="X_val", column_name="b"),
        DivergenceError("Solver produced non-finite parameter weights."),
        StatusError("no", "CMLP_ERROR_ROWS"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_errors_can_be_pickled(error):
    twin = pickle.loads(pickle.dumps(error))
    assert type(twin) is type(error)
    assert str(twin) == str(error)
    assert vars(twin) == vars(error)


def test_the_errors_of_cmlp_have_a_base_class():
    for name in cmlp.exceptions.__all__:
        kind = getattr(cmlp.exceptions, name)
        assert name not in dir(cmlp)  # each name once
        assert issubclass(kind, cmlp.exceptions.CmlpError) == name.endswith("Error")
    with pytest.raises(cmlp.exceptions.CmlpError) as caught:
        cmlp.MLPClassifier().predict(X)
    assert isinstance(caught.value, (cmlp.exceptions.NotFittedError, ValueError, AttributeError))
    with pytest.raises(cmlp.exceptions.CmlpError):
        cmlp.MLPClassifier(alpha=-1).fit(X, [0] * len(X))
