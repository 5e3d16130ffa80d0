"""The warning for bytes without a scale and for a scale that was applied twice."""

import warnings

import numpy as np
import pytest

from cmlp import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
RANDOM = np.random.RandomState(0)
BYTES = RANDOM.randint(0, 256, (60, 10)).astype(np.uint8)
Y = np.arange(60) % 2


def fitted(X, estimator=MLPClassifier, **parameters):
    return estimator(hidden_layer_sizes=3, max_iter=1, **parameters).fit(X, Y)


def messages(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return [str(w.message) for w in caught if str(w.message).startswith("The largest input")]


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_bytes_without_a_scale(estimator):
    (message,) = messages(lambda: fitted(BYTES, estimator))
    assert message.startswith(
        "The largest input times input_scale is 255 * 1 = 255 (in the first 60 rows)."
    )
    assert "You probably mean bytes scaled to 0..1: input_scale=1/255" in message


@pytest.mark.parametrize(
    "X", [BYTES / 255, (BYTES > 99), (BYTES > 99).astype(np.uint8), -BYTES / np.float32(255)]
)
def test_a_scale_for_numbers_that_are_scaled_already(X):
    (message,) = messages(lambda: fitted(X, input_scale=1 / 255))
    assert "= 0.00392157 (in the first 60 rows)" in message
    assert "You probably mean input_scale=1, because the inputs are already scaled" in message


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_number_is_told_even_if_it_is_below_1(sign):
    (message,) = messages(lambda: fitted(sign * (BYTES / 510), input_scale=1 / 255))
    assert message.startswith(
        "The largest input times input_scale is 0.5 * 0.00392157 = 0.00196078"
    )


PLAUSIBLE = {
    "scaled bytes": (BYTES, 1 / 255),
    "bytes scaled to 0..2": (BYTES, 2 / 255),
    "counts in bytes": (BYTES % 17, 1),
    "standardized": (RANDOM.standard_normal((60, 10)), 1),
    "large floats": (BYTES * 1000.0, 1),
    "small floats": (BYTES * 1e-9, 1),
    "bool": (BYTES > 99, 1),
    "zeros": (np.zeros((60, 10)), 1 / 255),
    "floats up to 255": (BYTES * 1.0, 1 / 255),
}


@pytest.mark.parametrize(("X", "scale"), PLAUSIBLE.values(), ids=PLAUSIBLE)
def test_plausible_inputs_cause_no_warning(X, scale):
    assert messages(lambda: fitted(X, input_scale=scale)) == []


def test_sparse_rows_are_checked_too():
    sparse = pytest.importorskip("scipy.sparse")
    assert len(messages(lambda: fitted(sparse.csr_array(BYTES)))) == 1
    assert len(messages(lambda: fitted(sparse.csc_array(BYTES / 255), input_scale=1 / 255))) == 1
    assert messages(lambda: fitted(sparse.csr_array(BYTES), input_scale=1 / 255)) == []
    assert messages(lambda: fitted(sparse.csr_array((60, 10)), input_scale=1 / 255)) == []


def test_one_warning_per_fit_and_one_for_all_partial_fits():
    model = MLPClassifier(3, max_iter=3)
    assert len(messages(lambda: model.fit(BYTES, Y))) == 1
    assert len(messages(lambda: model.fit(BYTES, Y))) == 1
    model = MLPClassifier(3)
    assert len(messages(lambda: model.partial_fit(BYTES, Y, classes=[0, 1]))) == 1
    assert messages(lambda: model.partial_fit(BYTES, Y)) == []


def test_only_the_first_rows_are_read():
    X = np.zeros((60 * 5, 10), np.uint8)
    X[200:] = 255
    y = np.arange(len(X)) % 2
    assert messages(lambda: MLPClassifier(3, max_iter=1).fit(X, y)) == []


@pytest.mark.filterwarnings("ignore:.*not finite")
def test_inputs_that_are_not_finite_are_the_cores_to_report():
    X = BYTES / 255
    X[3, 4] = np.inf
    with pytest.raises(ValueError, match="row 3, column 4"):
        fitted(X, input_scale=1 / 255)
    X[3, 4] = np.nan
    with pytest.raises(ValueError, match="row 3, column 4"):
        fitted(X, input_scale=1 / 255)
