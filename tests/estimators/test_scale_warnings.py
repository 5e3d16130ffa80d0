"""Advice about large inputs and targets, where training does not succeed."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse
from helpers import peak_memory
from optional import package

from cmlp import MLPClassifier, MLPRegressor, Network
from cmlp.exceptions import ConvergenceWarning, DivergenceError, UselessModelWarning

X = np.random.RandomState(0).standard_normal((300, 3))
LARGE = X * [1, 3000, 1]
LABELS = np.arange(300) % 3
PRICES = 180000 + 80000 * X[:, 0]


def messages_of(model, X, y):
    """Return the messages of a fit; `tests/training/test_useless.py` tests those of UselessModelWarning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    return [str(one.message) for one in caught if one.category is not UselessModelWarning]


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_convergence_warning_has_the_advice_and_is_unchanged_without(solver):
    model = MLPRegressor(solver=solver, max_iter=2, random_state=0)
    (plain,) = messages_of(model, X, X[:, 0])
    (advice,) = messages_of(model, LARGE, 1e4 + X[:, 0])
    assert plain.endswith(
        "hasn't converged yet." if solver == "adam" else "modules/preprocessing.html"
    )
    assert " X has values of the order of 3e+03 in column 1: st" in advice.replace("\n", " ")
    assert advice.endswith(" y has values of the order of 1e+04: y_scale='standard' helps.")
    with pytest.warns(ConvergenceWarning):
        model.fit(LARGE, X[:, 0])


@pytest.mark.parametrize("loss", ["poisson", "gamma", "tweedie"])
def test_large_targets_of_exponential_outputs_have_advice_too(loss):
    (message,) = messages_of(MLPRegressor(loss=loss, max_iter=2, random_state=0), X, 1e7 + X[:, 0])
    assert message.endswith(" y has values of the order of 1e+07: dividing y by its mean helps.")


def test_divergence_has_the_advice():
    with pytest.raises(
        DivergenceError,
        match=r"usually helps\. X has values of .* in column 1: .*y_scale='standard' h",
    ):
        MLPRegressor(solver="sgd", random_state=0).fit(LARGE, PRICES)


def test_columns_have_the_names_of_a_data_frame_and_at_most_five_are_named():
    frame = package("pandas").DataFrame(
        np.full((20, 7), 5e4) * np.arange(7), columns=list("abcdefg")
    )
    (message,) = messages_of(MLPClassifier((3,), max_iter=2, random_state=0), frame, LABELS[:20])
    assert message.endswith("X has values of the order of 3e+05 in the columns 'b', 'c', 'd', 'e', 'f' and 1 others: "
                            "standardizing X (input_scale='standard' of an estimator) helps.")  # fmt: skip


@pytest.mark.parametrize(
    ("values", "scale", "is_large"),
    [
        ([10.0], 1.0, False),
        ([11.0, 0.0, 0.0], 1.0, False),
        ([-11.0], 1.0, True),
        ([22.0], 0.5, True),
    ],
)
def test_column_is_large_by_its_root_mean_square(values, scale, is_large):
    rows = np.resize(values, (300, 1))
    model = MLPClassifier((3,), max_iter=2, random_state=0, input_scale=scale)
    (message,) = messages_of(model, rows, LABELS)
    assert ("X has values of the order of 1e+01 in column 0" in message) == is_large


@pytest.mark.parametrize(
    "form", [np.asarray, scipy.sparse.csr_matrix, lambda X: X.astype(np.float32)]
)
def test_every_form_of_rows_is_judged_with_its_scale(form):
    model = MLPClassifier((3,), max_iter=2, random_state=0, dtype="float64")
    assert "3e+03 in column 1" in messages_of(model, form(LARGE), LABELS)[0]
    assert "order" not in messages_of(model.set_params(input_scale=1e-3), form(LARGE), LABELS)[0]


def test_bytes_are_told_about_their_scale():
    pixels = np.full((50, 2), 200, np.uint8)
    messages = messages_of(MLPClassifier((3,), max_iter=2, random_state=0), pixels, LABELS[:50])
    assert messages[-1].endswith("in the columns 0, 1: input_scale=1/255 helps.")


def test_advice_reads_few_rows():
    """Reading all of them would copy 8 MB."""
    rows, labels = np.full((40_000, 50), 3e3, np.float32), np.arange(40_000) % 3
    model = MLPClassifier((3,), max_iter=1, random_state=0, shuffle=False, dtype="float32")
    with pytest.warns(ConvergenceWarning, match="3e.03 in the columns 0, 1, 2, 3, 4 and 45 others"):
        assert peak_memory(lambda: model.fit(rows, labels)) < 2_000_000


@pytest.mark.parametrize("index", [2**31 - 1, -5])
def test_indices_that_another_thread_changes_do_no_harm(index):
    """The rows of a sparse matrix are not copied."""
    rows = scipy.sparse.csr_matrix(LARGE)

    def change(trainer):
        rows.indices[:2] = index

    callback = SimpleNamespace(on_epoch_end=change)
    (message,) = messages_of(
        MLPClassifier((3,), max_iter=1, random_state=0, callbacks=[callback]), rows, LABELS
    )
    assert "X has values of the order of 3e+03 in the columns " in message


def test_network_fit_gives_the_advice_without_names_of_estimators():
    net = Network([3, 4, 1], "relu", output="identity", loss="squared_error", random_state=0)
    with pytest.warns(
        ConvergenceWarning, match=r"y has values of the order of 2e\+05: standardizing y helps\."
    ):
        net.fit(X, PRICES[:, None], max_iter=2)
