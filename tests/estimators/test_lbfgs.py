"""The solver "lbfgs": scikit-learn's numbers, attributes and warnings; limits, interruptions, divergence."""

import warnings

import numpy as np
import pytest
import scipy.sparse
from estimator_cases import blobs, flat
from helpers import run_python
from parity import call_both
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.preprocessing import StandardScaler

import cmlp
from cmlp import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore:lbfgs failed to converge")


def scaled(dataset):
    X, y = dataset(return_X_y=True)
    return StandardScaler().fit_transform(X), y


ALL_DIGITS, ALL_LABELS = load_digits(return_X_y=True)
ALL_DIGITS = ALL_DIGITS / 16
DIGITS, LABELS = ALL_DIGITS[:600], ALL_LABELS[:600]
CANCER, BENIGN = scaled(load_breast_cancer)
DIABETES, PROGRESS = scaled(load_diabetes)
PROGRESS = PROGRESS / 100
# Ours, theirs, X, y, parameters.
PROBLEMS = {
    "digits, relu": (MLPClassifier, TheirClassifier, DIGITS, LABELS, {}),
    "digits, two layers of tanh": (
        MLPClassifier, TheirClassifier, DIGITS, LABELS, {"hidden_layer_sizes": (50, 50), "activation": "tanh"},
    ),
    "digits, logistic": (
        MLPClassifier, TheirClassifier, DIGITS, LABELS, {"hidden_layer_sizes": 16, "activation": "logistic"},
    ),
    "two classes": (MLPClassifier, TheirClassifier, CANCER, BENIGN, {}),
    "multilabel": (
        MLPClassifier, TheirClassifier, ALL_DIGITS, np.stack([ALL_LABELS > 4, ALL_LABELS % 2 == 0], axis=1).astype(int),
        {"hidden_layer_sizes": 20, "activation": "tanh"},
    ),
    "squared error": (MLPRegressor, TheirRegressor, DIABETES, PROGRESS, {}),
    "two outputs": (
        MLPRegressor, TheirRegressor, DIABETES, np.stack([PROGRESS, PROGRESS[::-1]], axis=1),
        {"hidden_layer_sizes": 20, "activation": "tanh"},
    ),
    "poisson": (
        MLPRegressor, TheirRegressor, DIABETES, PROGRESS,
        {"hidden_layer_sizes": 20, "activation": "tanh", "loss": "poisson"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    "weighted", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["", "weights"]
)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_weights_after_20_iterations_equal_sklearn(problem, weighted):
    ours, theirs, X, y, params = PROBLEMS[problem]
    # Rounding errors grow with the iterations: reordering the rows changes scikit-learn's own
    # results by up to 6e-13.
    weight = np.random.RandomState(2).uniform(0.1, 2, len(X)) if weighted else None
    params = {"solver": "lbfgs", "random_state": 1, "max_iter": 20, **params}
    ours, theirs = ours(**params), theirs(**params)
    call_both(ours, theirs, "fit", X, y, weight)
    expected = flat(theirs)
    assert np.abs(flat(ours) - expected).max() <= 1e-12 * np.abs(expected).max()
    assert ours.n_iter_ == theirs.n_iter_ == 20
    np.testing.assert_allclose(ours.loss_, theirs.loss_, rtol=1e-10, atol=1e-14)


def test_converged_fit_does_not_warn():
    model = MLPClassifier((4,), solver="lbfgs", random_state=0, max_iter=1000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(*blobs())
    assert 0 < model.n_iter_ < 1000 and model.score(*blobs()) == 1


@pytest.mark.filterwarnings("ignore:.* has no effect with this")  # early_stopping
def test_fitted_attributes_equal_those_of_sklearn():
    X, y = blobs()
    for early_stopping in (False, True):
        params = {
            "solver": "lbfgs",
            "random_state": 0,
            "max_iter": 5,
            "early_stopping": early_stopping,
        }
        ours, theirs = (cls((4,), **params).fit(X, y) for cls in (MLPClassifier, TheirClassifier))
        names = {
            name
            for model in (ours, theirs)
            for name in dir(model)
            if name.endswith("_") and name[0] != "_"
        }
        assert {name for name in names if hasattr(ours, name)} - {
            "network_",
            "n_params_",
            "input_scale_",
        } == {n for n in names if hasattr(theirs, n)}
        assert ours.t_ == theirs.t_ == 0
        np.testing.assert_allclose(flat(ours), flat(theirs), rtol=1e-9)  # no rows are held out


def test_warm_starts_continue_as_in_sklearn():
    X, y = blobs()
    params = {"solver": "lbfgs", "random_state": 0, "max_iter": 3, "warm_start": True}
    ours, theirs = (cls((4,), **params) for cls in (MLPClassifier, TheirClassifier))
    for _ in range(3):
        call_both(ours, theirs, "fit", X, y)
        np.testing.assert_allclose(flat(ours), flat(theirs), rtol=1e-10)
        assert ours.n_iter_ == theirs.n_iter_ == 3


def test_warm_start_after_another_solver():
    X, y = blobs()
    model = MLPClassifier(
        (4,), random_state=0, max_iter=3, warm_start=True, tol=0, n_iter_no_change=np.inf
    ).fit(X, y)
    loss = model.loss_
    model.set_params(solver="lbfgs", n_iter_no_change=10).fit(X, y)
    assert model.loss_ < loss and len(model.loss_curve_) == 3
    model.set_params(solver="adam", n_iter_no_change=np.inf).fit(X, y)
    assert len(model.loss_curve_) == 6


def test_float32_stays_float32_and_near_sklearn():
    X = DIGITS.astype(np.float32)
    params = {"solver": "lbfgs", "random_state": 1, "max_iter": 5}
    ours, theirs = (cls(**params).fit(X, LABELS) for cls in (MLPClassifier, TheirClassifier))
    assert ours.coefs_[0].dtype == np.float32
    assert np.abs(flat(ours) - flat(theirs)).max() <= 1e-5 * np.abs(flat(theirs)).max()


def test_sparse_rows_and_any_number_of_threads_give_the_same_bits():
    params = {"solver": "lbfgs", "random_state": 1, "max_iter": 5}
    expected = flat(MLPClassifier(**params, n_threads=1).fit(DIGITS, LABELS))
    for X, n_threads in ((scipy.sparse.csr_array(DIGITS), 1), (DIGITS, 4)):
        np.testing.assert_array_equal(
            flat(MLPClassifier(**params, n_threads=n_threads).fit(X, LABELS)), expected
        )


def test_max_fun_limits_the_evaluations():
    ours, theirs = (
        cls((4,), solver="lbfgs", max_fun=4, random_state=0)
        for cls in (MLPClassifier, TheirClassifier)
    )
    call_both(ours, theirs, "fit", *blobs())
    assert ours.n_iter_ == theirs.n_iter_ <= 4


def test_partial_fit_does_not_exist():
    model = MLPClassifier(solver="lbfgs")
    assert not hasattr(model, "partial_fit") and hasattr(MLPClassifier, "partial_fit")
    with pytest.raises(
        AttributeError, match="partial_fit is only available for stochastic optimizers"
    ):
        model.partial_fit(*blobs())
    assert hasattr(model.set_params(solver="sgd"), "partial_fit")


def test_verbose_prints_a_line_for_each_iteration(capsys):
    MLPClassifier((4,), solver="lbfgs", random_state=0, max_iter=3, verbose=True).fit(*blobs())
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(", loss = ")[0] for line in lines] == [
        "Iteration 1",
        "Iteration 2",
        "Iteration 3",
    ]


def test_without_scipy_the_error_names_the_extra():
    run_python(
        "import sys; sys.modules['scipy'] = None\n"
        "import cmlp\n"
        "model = cmlp.MLPClassifier(solver='lbfgs')\n"
        "try: model.fit([[0.0], [1.0]], [0, 1])\n"
        "except ImportError as error: assert 'cmlp[scipy]' in str(error), error\n"
        "else: raise AssertionError\n"
        "assert not hasattr(model, 'coefs_')"
    )


def test_other_solvers_do_not_load_scipy():
    run_python(
        "import sys, warnings, cmlp; warnings.simplefilter('ignore')\n"
        "cmlp.MLPClassifier(max_iter=2).fit([[0.0], [1.0]], [0, 1]).predict([[0.0]])\n"
        "assert 'scipy' not in sys.modules"
    )


# Interruptions and divergence


class Interrupts:
    """A replacement of sys.stdout that raises KeyboardInterrupt after the third line."""

    def __init__(self):
        self.n_lines = 0

    def write(self, text):
        self.n_lines += text.count("\n")
        if self.n_lines == 3:
            raise KeyboardInterrupt

    def flush(self):
        pass


def test_ctrl_c_keeps_the_completed_iterations(monkeypatch):
    X, y = blobs()
    params = {"solver": "lbfgs", "random_state": 0}
    model = MLPClassifier((4,), verbose=True, **params)
    monkeypatch.setattr("sys.stdout", Interrupts())
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    monkeypatch.undo()
    assert model.n_iter_ == 3
    np.testing.assert_array_equal(
        flat(model), flat(MLPClassifier((4,), max_iter=3, **params).fit(X, y))
    )


def test_ctrl_c_during_first_evaluation_keeps_the_previous_model():
    X, y = blobs()
    model = MLPRegressor(hidden_layer_sizes=(4,), solver="lbfgs", random_state=0).fit(X, y)
    before, calls = flat(model), []

    def interrupted(y, output):
        calls.append(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.set_params(loss=interrupted).fit(X, y)
    assert calls == [1]
    np.testing.assert_array_equal(flat(model), before)  # no iteration was complete


@pytest.mark.parametrize("size, seed", [(30, 4), (30, 8), (100, 4), (300, 2)])
def test_line_search_recovers_from_infinite_cost(size, seed):
    """exp overflows in at least one step of the line search; the fit still runs all iterations."""
    X = size * np.random.RandomState(0).standard_normal((60, 5))
    y = np.floor(5 * np.random.RandomState(1).random_sample(60))
    model = MLPRegressor("poisson", (5,), solver="lbfgs", random_state=seed, max_iter=30).fit(X, y)
    assert model.n_iter_ == 30
    first = MLPRegressor("poisson", (5,), solver="lbfgs", random_state=seed, max_iter=1).fit(X, y)
    assert model.loss_ < first.loss_


def test_fit_without_any_finite_step_keeps_the_initial_parameters():
    X = 300 * np.random.RandomState(0).standard_normal((60, 5))
    y = np.floor(5 * np.random.RandomState(1).random_sample(60))
    model = MLPRegressor("poisson", (5,), solver="lbfgs", random_state=1, max_iter=30)
    with pytest.warns(ConvergenceWarning, match=r"converge after 0 iteration\(s\) .*:\n"):
        model.fit(X, y)
    assert np.isfinite(flat(model)).all() and np.isfinite(model.loss_)


def test_divergence_at_the_starting_point_keeps_the_previous_model():
    X, y = blobs()
    model = MLPRegressor(hidden_layer_sizes=(4,), solver="lbfgs", random_state=0, max_iter=3).fit(
        X, y
    )
    before = flat(model)
    with pytest.raises(
        cmlp.exceptions.DivergenceError, match="at the starting point of solver 'lbfgs'"
    ):
        model.fit(1e200 * X, y)
    np.testing.assert_array_equal(flat(model), before)
    with pytest.raises(cmlp.exceptions.NonFiniteInputError):
        model.fit(np.full((20, 4), np.nan), np.arange(20.0))


def test_penalties_of_layers_are_part_of_the_loss_of_several_outputs():
    X, _ = blobs()
    y = X[:, :2]
    model = MLPRegressor(
        hidden_layer_sizes=(3,), solver="lbfgs", max_iter=3, alpha=[0.1, 0.3], random_state=0
    )
    model.fit(X, y)
    squares = [float(np.vdot(weights, weights)) for weights in model.coefs_]
    penalty = (0.1 * squares[0] + 0.3 * squares[1]) / 2 / len(X)
    assert model.loss_ == pytest.approx(np.square(model.predict(X) - y).mean() / 2 + penalty)
