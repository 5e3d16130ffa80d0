"""Advice about large inputs and targets, where training does not succeed."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse
from helpers import peak_memory
from optional import package

from cmlp import DivergenceError, MLPClassifier, MLPRegressor, Network
from cmlp.exceptions import ConvergenceWarning

X = np.random.RandomState(0).standard_normal((300, 3))
LARGE = X * [1, 3000, 1]
LABELS = np.arange(300) % 3
PRICES = 180000 + 80000 * X[:, 0]


def messages_of(model, X, y, weight=None):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y, weight)
    return [str(warning.message) for warning in caught]


def test_regression_that_ends_no_better_than_the_mean_says_what_helps():
    (message,) = messages_of(MLPRegressor(early_stopping=True, random_state=0), X, PRICES)
    loss, of_mean = message.split("The training loss, ")[1].split(", that of")[0].split(", is no better than ")
    np.testing.assert_allclose(float(of_mean), PRICES.var() / 2, rtol=0.1)
    assert float(loss) > float(of_mean)
    assert message.endswith(" y has values of the order of 2e+05: y_scale='standard' helps.")
    assert messages_of(MLPRegressor(early_stopping=True, random_state=0, y_scale="standard"), X, PRICES) == []


def test_classification_that_ends_no_better_than_the_mean_names_the_column():
    model = MLPClassifier((5,), max_iter=50, n_iter_no_change=1, tol=1.0, random_state=0)
    (message,) = messages_of(model, LARGE, LABELS)
    np.testing.assert_allclose(float(message.split("than ")[1].split(",")[0]), np.log(3), rtol=1e-2)
    advice = "in column 1: standardizing X (input_scale='standard' of an estimator) helps."
    assert message.endswith(f"mean. X has values of the order of 3e+03 {advice}")


def test_trainings_with_a_use_say_nothing():
    y = (LARGE[:, 1] > 0).astype(int)  # large, but learned
    assert messages_of(MLPClassifier((5,), max_iter=60, n_iter_no_change=1, tol=0.1, random_state=0), LARGE, y) == []
    noise = np.random.RandomState(1).randint(0, 3, 300)  # not learned, but not large
    assert messages_of(MLPClassifier((), max_iter=30, n_iter_no_change=1, tol=1.0, random_state=0), X, noise) == []


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_convergence_warning_has_the_advice_and_is_unchanged_without(solver):
    model = MLPRegressor(solver=solver, max_iter=2, random_state=0)
    (plain,) = messages_of(model, X, X[:, 0])
    (advice,) = messages_of(model, LARGE, 1e4 + X[:, 0])
    assert plain.endswith("hasn't converged yet." if solver == "adam" else "modules/preprocessing.html")
    assert " X has values of the order of 3e+03 in column 1: st" in advice.replace("\n", " ")
    assert advice.endswith(" y has values of the order of 1e+04: y_scale='standard' helps.")
    with pytest.warns(ConvergenceWarning):
        model.fit(LARGE, X[:, 0])


def test_divergence_has_the_advice():
    with pytest.raises(
        DivergenceError, match=r"usually helps\. X has values of .* in column 1: .*y_scale='standard' h"
    ):
        MLPRegressor(solver="sgd", random_state=0).fit(LARGE, PRICES)


def test_columns_have_the_names_of_a_data_frame_and_at_most_five_are_named():
    frame = package("pandas").DataFrame(np.full((20, 7), 5e4) * np.arange(7), columns=list("abcdefg"))
    (message,) = messages_of(MLPClassifier((3,), max_iter=2, random_state=0), frame, LABELS[:20])
    assert message.endswith("X has values of the order of 3e+05 in the columns 'b', 'c', 'd', 'e', 'f' and 1 others: "
                            "standardizing X (input_scale='standard' of an estimator) helps.")  # fmt: skip


@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_matrix, lambda X: X.astype(np.float32)])
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
    (message,) = messages_of(MLPClassifier((3,), max_iter=1, random_state=0, callbacks=[callback]), rows, LABELS)
    assert "X has values of the order of 3e+03 in the columns " in message


def test_network_fit_gives_the_advice_without_names_of_estimators():
    net = Network([3, 4, 1], "relu", output="identity", loss="squared_error", random_state=0)
    with pytest.warns(ConvergenceWarning, match=r"y has values of the order of 2e\+05: standardizing y helps\."):
        net.fit(X, PRICES[:, None], max_iter=2)


# The loss of a model that predicts the mean


def loss_of_mean(model, y, weight=None, **arguments):
    """Return the loss that the warning reports for a model that predicts the mean."""
    model.set_params(learning_rate_init=1e-12, max_iter=1, tol=0, n_iter_no_change=np.inf, **arguments)
    model.random_state, model.solver = 0, "sgd"
    (message,) = messages_of(model, 10 * LARGE, y, weight)
    return float(message.split("is no better than ")[1].split(", that of predicting the mean")[0])


@pytest.mark.parametrize("weighted", [False, True])
def test_loss_of_the_mean_agrees_with_formulas(weighted):
    """The message has three digits."""
    weight = np.linspace(0.1, 2, 300) if weighted else None
    shares = np.bincount(LABELS**2, weight) / (300 if weight is None else weight.sum())
    shares = shares[shares > 0]
    np.testing.assert_allclose(
        loss_of_mean(MLPClassifier((3,)), LABELS, weight), -(shares * np.log(shares)).sum(), rtol=5e-3
    )

    y = np.stack([PRICES, X[:, 1]], axis=1) / 1e5
    mean = np.average(y, axis=0, weights=weight)
    squares = np.average((y - mean) ** 2, axis=0, weights=weight).mean() / 2
    np.testing.assert_allclose(loss_of_mean(MLPRegressor(hidden_layer_sizes=(3,)), y, weight), squares, rtol=5e-3)

    share = np.average(LABELS == 1, weights=weight)
    expected = -share * np.log(share) - (1 - share) * np.log(1 - share)
    np.testing.assert_allclose(loss_of_mean(MLPClassifier((3,)), LABELS == 1, weight), expected, rtol=5e-3)


def test_nothing_is_better_than_the_mean_of_a_single_class():
    """A model of the mean would have infinite weights."""
    model = MLPClassifier((3,), learning_rate_init=1e-12, max_iter=1, tol=0, n_iter_no_change=np.inf, random_state=0)
    assert messages_of(model, LARGE, np.ones(300)) == []


def test_loss_of_the_mean_is_of_the_training_rows():
    model = MLPRegressor("absolute_error", (3,), early_stopping=True, validation_fraction=0.9)
    weight = np.where(np.arange(300) % 2, 1.0, 0.0)
    losses = [loss_of_mean(model, PRICES / scale, weight) * scale for scale in (1.0, 10.0)]
    order = model._model.state.order
    y = PRICES[order]
    expected = np.average(np.abs(y - np.average(y, weights=weight[order])), weights=weight[order])
    np.testing.assert_allclose(losses, expected, rtol=5e-3)
