"""With the same seed, cmlp and scikit-learn compute the same numbers up to rounding.

Both libraries fit every case in float64 for at most 20 epochs. The tests compare the weights (1e-6 absolute), the loss
curve (1e-8 relative), all other fitted attributes, the warnings, and the predictions.
"""

import inspect

import numpy as np
import pytest
from parity import assert_same, call_both, pair
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor

from cmlp import MLPClassifier, MLPRegressor

N_ROWS, N_FEATURES = 90, 5


def _problems():
    rng = np.random.RandomState(7)
    X = rng.standard_normal((N_ROWS, N_FEATURES))
    signal = X @ rng.standard_normal((N_FEATURES, 3)) + 0.3 * rng.standard_normal((N_ROWS, 3))
    return {
        "binary": (X, (signal[:, 0] > 0.2).astype(int)),
        "binary text": (X, np.where(signal[:, 0] > 0.2, "yes", "no")),
        "multiclass": (X, signal.argmax(axis=1)),
        "multiclass text": (X, np.array(["c", "a", "b"])[signal.argmax(axis=1)]),
        "multilabel": (X, (signal > 0).astype(int)),
        "one class": (X, np.zeros(N_ROWS, dtype=int)),
        "regression": (X, signal[:, 0]),
        "multi-output": (X, signal),
        "poisson": (X, rng.poisson(np.exp(0.3 * signal[:, 0])).astype(float)),
        "poisson multi-output": (X, rng.poisson(np.exp(0.3 * signal)).astype(float)),
    }


PROBLEMS = _problems()
MAIN = ["binary", "multiclass", "multilabel", "multi-output", "poisson"]
WEIGHTS = np.random.RandomState(8).randint(0, 4, N_ROWS) / 2 + 0.01

SOLVERS = {
    "sgd": {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.1},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False, "learning_rate_init": 0.02},
    "nesterov": {"solver": "sgd", "learning_rate_init": 0.02},
    "adam": {"solver": "adam", "learning_rate_init": 0.01},
}


def fit_and_compare(problem, weight=None, **params):
    X, y = PROBLEMS[problem]
    ours, theirs = pair(problem, **params)
    call_both(ours, theirs, "fit", X, y, sample_weight=weight)
    assert_same(ours, theirs, X, y, weight)
    return ours


@pytest.mark.sampled(4)
@pytest.mark.parametrize("problem", MAIN)
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("solver", SOLVERS)
def test_solver_by_activation(solver, activation, problem):
    fit_and_compare(problem, activation=activation, **SOLVERS[solver])


@pytest.mark.parametrize("problem", PROBLEMS)
def test_every_problem_with_defaults(problem):
    fit_and_compare(problem, hidden_layer_sizes=(100,), batch_size="auto")


@pytest.mark.sampled(4)
@pytest.mark.parametrize("problem", MAIN)
@pytest.mark.parametrize("batch_size", [1, 7, 32, 45, 90, 91, 1000, "auto"])
def test_batch_size(batch_size, problem):
    fit_and_compare(problem, batch_size=batch_size)


@pytest.mark.parametrize("problem", MAIN)
@pytest.mark.parametrize("sizes", [(), 4, [9], (1,), (3, 4, 5, 6, 7)])
def test_layer_sizes(sizes, problem):
    fit_and_compare(problem, hidden_layer_sizes=sizes, activation="tanh")


@pytest.mark.parametrize("activation", ["logistic", "relu"])
def test_activation_sets_the_initial_bound_of_a_linear_model(activation):
    # Without a hidden layer the activation is not applied, but it still sets the bound of the
    # initial weights.
    fit_and_compare("binary", hidden_layer_sizes=(), activation=activation, max_iter=1)


@pytest.mark.parametrize("problem", MAIN)
@pytest.mark.parametrize("solver", SOLVERS)
def test_sample_weights(solver, problem):
    fit_and_compare(problem, weight=WEIGHTS, **SOLVERS[solver])


@pytest.mark.parametrize("weight", [2.5, WEIGHTS.astype(np.float32), WEIGHTS.tolist()])
def test_sample_weights_of_other_types(weight):
    X, y = PROBLEMS["multiclass"]
    ours, theirs = pair("multiclass")
    call_both(ours, theirs, "fit", X, y, sample_weight=weight)
    assert_same(ours, theirs, X, y)


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("weight", [None, WEIGHTS], ids=["unweighted", "weighted"])
def test_early_stopping(weight, problem):
    fit_and_compare(
        problem, weight=weight, early_stopping=True, validation_fraction=0.25, n_iter_no_change=4
    )


@pytest.mark.parametrize("problem", MAIN)
def test_early_stopping_without_shuffling_trains_on_permuted_rows(problem):
    fit_and_compare(problem, early_stopping=True, validation_fraction=0.3, shuffle=False)


@pytest.mark.parametrize("problem", MAIN)
def test_no_shuffling(problem):
    fit_and_compare(problem, shuffle=False)


@pytest.mark.parametrize("problem", MAIN)
@pytest.mark.parametrize("alpha", [0.0, 1.0, 30.0])
def test_penalty(alpha, problem):
    fit_and_compare(problem, weight=WEIGHTS, alpha=alpha)


@pytest.mark.parametrize("problem", ["binary", "multi-output"])
@pytest.mark.parametrize("power_t", [0.0, 0.3, 1.0])
def test_inverse_scaling(power_t, problem):
    params = {**SOLVERS["nesterov"], "learning_rate_init": 0.1, "power_t": power_t}
    fit_and_compare(problem, learning_rate="invscaling", **params)


@pytest.mark.parametrize("problem", ["binary", "multi-output"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_adaptive_learning_rate_decreases_until_training_stops(early_stopping, problem):
    params = {**SOLVERS["momentum"], "learning_rate_init": 1e-3, "tol": 1.0}
    ours = fit_and_compare(
        problem,
        learning_rate="adaptive",
        n_iter_no_change=1,
        early_stopping=early_stopping,
        **params,
    )
    assert ours.n_iter_ < 20


@pytest.mark.parametrize("learning_rate", ["invscaling", "adaptive"])
def test_adam_ignores_the_schedule(learning_rate):
    fit_and_compare("binary", learning_rate=learning_rate, tol=0.1, n_iter_no_change=1)


@pytest.mark.parametrize("problem", MAIN)
def test_training_stops_at_the_same_epoch(problem):
    ours = fit_and_compare(problem, tol=0.2, n_iter_no_change=2, learning_rate_init=0.03)
    assert ours.n_iter_ < 20


def test_adam_with_other_decays():
    fit_and_compare("multiclass", beta_1=0.5, beta_2=0.9, epsilon=1e-3)


@pytest.mark.parametrize("problem", ["binary", "multiclass", "multilabel"])
def test_loss_of_confident_errors_is_clipped(problem):
    X, y = PROBLEMS[problem]
    ours, theirs = pair(problem, max_iter=3, activation="identity")
    call_both(ours, theirs, "fit", 1e4 * X, y)
    assert ours.loss_curve_[0] > 10
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-8)


@pytest.mark.parametrize("problem", MAIN)
@pytest.mark.parametrize("solver", SOLVERS)
def test_warm_start_continues_with_a_new_optimizer(solver, problem):
    X, y = PROBLEMS[problem]
    ours, theirs = pair(problem, warm_start=True, **{**SOLVERS[solver], "max_iter": 7})
    for _ in range(3):
        call_both(ours, theirs, "fit", X, y)
        assert_same(ours, theirs, X, y)
    assert ours.n_iter_ == 7 and len(ours.loss_curve_) == 21


@pytest.mark.parametrize("problem", MAIN)
def test_warm_start_with_early_stopping(problem):
    X, y = PROBLEMS[problem]
    params = {"early_stopping": True, "validation_fraction": 0.2, "n_iter_no_change": 2}
    ours, theirs = pair(problem, warm_start=True, max_iter=6, **params)
    for _ in range(3):
        call_both(ours, theirs, "fit", X, y)
        assert_same(ours, theirs, X, y)


@pytest.mark.parametrize("problem", MAIN)
def test_warm_start_remembers_epochs_without_improvement(problem):
    X, y = PROBLEMS[problem]
    ours, theirs = pair(problem, warm_start=True, max_iter=2, tol=5.0, n_iter_no_change=3)
    for _ in range(4):
        call_both(ours, theirs, "fit", X, y)
        assert_same(ours, theirs, X, y)


@pytest.mark.parametrize("problem", MAIN)
@pytest.mark.parametrize("solver", SOLVERS)
def test_partial_fit(solver, problem):
    X, y = PROBLEMS[problem]
    ours, theirs = pair(problem, **SOLVERS[solver])
    first = {"classes": np.unique(y)} if hasattr(ours, "predict_proba") else {}
    if problem == "multilabel":
        first = {"classes": np.arange(3)}
    for epoch in range(6):
        chunk = slice(0, 50) if epoch % 2 else slice(40, None)
        call_both(ours, theirs, "partial_fit", X[chunk], y[chunk], **(first if not epoch else {}))
        assert_same(ours, theirs, X, y)


def test_partial_fit_with_weights_and_schedule():
    X, y = PROBLEMS["regression"]
    params = {**SOLVERS["nesterov"], "learning_rate": "invscaling", "learning_rate_init": 0.5}
    ours, theirs = pair("regression", **params)
    for _ in range(5):
        call_both(ours, theirs, "partial_fit", X, y, sample_weight=WEIGHTS)
    assert_same(ours, theirs, X, y, WEIGHTS)


def test_partial_fit_divides_an_adaptive_rate():
    X, y = PROBLEMS["binary"]
    params = {**SOLVERS["sgd"], "learning_rate": "adaptive", "tol": 1.0, "n_iter_no_change": 1}
    ours, theirs = pair("binary", **params)
    for _ in range(12):
        call_both(ours, theirs, "partial_fit", X, y, classes=[0, 1])
    assert_same(ours, theirs, X, y)


@pytest.mark.parametrize("solver", SOLVERS)
def test_partial_fit_after_fit_continues_with_its_optimizer(solver):
    X, y = PROBLEMS["multiclass"]
    ours, theirs = pair("multiclass", **SOLVERS[solver])
    call_both(ours, theirs, "fit", X, y)
    call_both(ours, theirs, "partial_fit", X[:50], y[:50])
    call_both(ours, theirs, "partial_fit", X[50:], y[50:])
    assert_same(ours, theirs, X, y)


def test_random_state_instance_is_used_in_the_same_order():
    X, y = PROBLEMS["binary"]
    generators = np.random.RandomState(5), np.random.RandomState(5)
    ours, theirs = pair("binary", early_stopping=True, validation_fraction=0.3)
    ours.set_params(random_state=generators[0])
    theirs.set_params(random_state=generators[1])
    for _ in range(2):
        call_both(ours, theirs, "fit", X, y)
        assert_same(ours, theirs, X, y)
    assert generators[0].random_sample() == generators[1].random_sample()


def test_without_a_seed_numpys_global_generator_is_used():
    X, y = PROBLEMS["multiclass"]
    ours, theirs = pair("multiclass", random_state=None, tol=1.0, max_iter=40)
    for estimator in (theirs, ours):
        np.random.seed(11)
        estimator.fit(X, y)
    assert_same(ours, theirs, X, y)


@pytest.mark.parametrize("problem", MAIN)
def test_float32_follows_float32(problem):
    # Rounding differs between the libraries and grows with training: a few epochs, wider bounds.
    X, y = PROBLEMS[problem]
    ours, theirs = pair(problem, max_iter=5, activation="tanh", learning_rate_init=1e-3)
    call_both(ours, theirs, "fit", X.astype(np.float32), y)
    for mine, other in zip(ours.coefs_, theirs.coefs_, strict=True):
        assert mine.dtype == other.dtype == np.float32
        np.testing.assert_allclose(mine, other, atol=1e-4)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-4)


@pytest.mark.parametrize("dtype", [int, np.int8, np.uint8, np.float32])
def test_types_of_regression_targets(dtype):
    X, y = PROBLEMS["regression"]
    y = np.abs(y * 3).round().astype(dtype)
    ours, theirs = pair("regression")
    call_both(ours, theirs, "fit", X, y)
    assert_same(ours, theirs, X, y)


def test_parameters_defaults_and_their_order_are_sklearns():
    for ours, theirs in ((MLPClassifier, TheirClassifier), (MLPRegressor, TheirRegressor)):
        mine, other = (
            [(p.name, p.kind, p.default) for p in inspect.signature(cls).parameters.values()]
            for cls in (ours, theirs)
        )
        assert mine[: len(other)] == other
        assert {kind for _, kind, _ in mine[len(other) :]} == {inspect.Parameter.KEYWORD_ONLY}
    for method in ("fit", "partial_fit", "predict", "predict_proba", "predict_log_proba", "score"):
        mine, other = getattr(MLPClassifier, method), getattr(TheirClassifier, method)
        mine, other = (
            list(inspect.signature(function).parameters.values()) for function in (mine, other)
        )
        assert [p.name for p in mine[: len(other)]] == [p.name for p in other]
        assert method == "fit" or len(mine) == len(other)
        assert {p.kind for p in mine[len(other) :]} <= {inspect.Parameter.KEYWORD_ONLY}
