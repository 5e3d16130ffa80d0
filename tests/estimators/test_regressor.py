"""MLPRegressor: learning, targets, the reported loss, and the score."""

import copy
import pickle

import numpy as np
import pytest
import reference
from estimator_cases import flat

from cmlp import MLPRegressor

# Most fits here stop at max_iter on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")


def curve(n_rows=90, n_outputs=1, seed=0):
    """Return rows and smooth functions of them."""
    X = np.random.RandomState(seed).uniform(-1, 1, (n_rows, 3))
    Y = np.stack([np.sin((k + 1) * X[:, 0]) + X[:, 1] * X[:, 2] for k in range(n_outputs)], axis=1)
    return X, Y[:, 0] if n_outputs == 1 else Y


def small(**params):
    params = {"hidden_layer_sizes": (8,), "max_iter": 15, "random_state": 1, **params}
    return MLPRegressor(**{"learning_rate_init": 0.02, "activation": "tanh", **params})


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_fit_learns_a_curve(n_outputs):
    X, y = curve(n_outputs=n_outputs)
    model = small(max_iter=400, batch_size=30, hidden_layer_sizes=(20,)).fit(X, y)
    assert model.predict(X).shape == y.shape
    assert model.score(X, y) > 0.95


def test_linear_model_finds_a_linear_function():
    X, _ = curve()
    model = small(hidden_layer_sizes=(), max_iter=1500, tol=0, n_iter_no_change=np.inf)
    model.fit(X, 2 * X[:, 0] - X[:, 1] + 0.5)
    np.testing.assert_allclose(model.coefs_[0].ravel(), [2, -1, 0], atol=1e-2)
    np.testing.assert_allclose(model.intercepts_[0], [0.5], atol=1e-2)


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_training_uses_half_the_sum_and_reports_half_the_mean_over_outputs(n_outputs):
    X, y = curve(n_outputs=n_outputs)
    Y, rng = y.reshape(len(X), -1), np.random.RandomState(1)
    network = reference.Network((3, 8, n_outputs), ("tanh", "identity"), "squared_error")
    params = network.init_params(rng)
    optimizer = reference.Optimizer(network.n_params, "adam", learning_rate=0.02)
    costs = reference.train(
        network,
        params,
        X,
        Y,
        optimizer,
        rng,
        epochs=12,
        batch_size=40,
        alpha=0.5,
        loss_scale=0.5,
    )
    model = small(max_iter=12, batch_size=40, alpha=0.5).fit(X, y)
    np.testing.assert_allclose(flat(model), params, rtol=0, atol=1e-9)
    reported = [cost / n_outputs + penalty for cost, penalty in costs]
    np.testing.assert_allclose(model.loss_curve_, reported, rtol=1e-10)


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_poisson_predictions_are_positive_and_the_cost_is_a_sum(n_outputs):
    X, y = curve(n_outputs=n_outputs)
    y = np.random.RandomState(5).poisson(np.exp(y)).astype(float)
    Y, rng = y.reshape(len(X), -1), np.random.RandomState(1)
    network = reference.Network((3, 8, n_outputs), ("tanh", "exp"), "poisson")
    params = network.init_params(rng)
    optimizer = reference.Optimizer(network.n_params, "adam", learning_rate=0.02)
    costs = reference.train(
        network, params, X, Y, optimizer, rng, epochs=12, batch_size=40, alpha=1e-4
    )
    model = small(max_iter=12, batch_size=40, loss="poisson").fit(X, y)
    assert model.out_activation_ == "exp"
    assert (model.predict(X) > 0).all()
    np.testing.assert_allclose(flat(model), params, rtol=0, atol=1e-9)
    np.testing.assert_allclose(model.loss_curve_, [sum(pair) for pair in costs], rtol=1e-10)


def test_each_hidden_layer_can_have_its_own_activation():
    X, y = curve()
    params = {"hidden_layer_sizes": (60, 50), "activation": ["logistic", "relu"]}
    model = small(**params).fit(X, y)
    start = small(**params, max_iter=1, solver="sgd").set_params(learning_rate_init=1e-300)
    start.fit(X, y)
    # The initial bound of a logistic layer uses a factor of 2; all other layers use 6.
    bounds = [np.sqrt(2 / 63), np.sqrt(6 / 110), np.sqrt(6 / 51)]
    for W, bound in zip(start.coefs_, bounds, strict=True):
        assert 0.9 * bound < np.abs(W).max() <= bound
    assert model.score(X, y) > start.score(X, y)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "float16", "float32", "object"])
def test_targets_of_every_numeric_type_are_accepted(dtype):
    X, y = curve()
    y = (y > 0).astype(dtype)
    model = small().fit(X, y)
    np.testing.assert_array_equal(flat(model), flat(small().fit(X, y.astype(float))))
    assert model.predict(X).dtype == np.float64
    assert model.score(X, y) == model.score(X, y.astype(float))


def test_memory_layout_of_targets_does_not_change_the_model():
    X, Y = curve(n_outputs=3)
    plain = small().fit(X, Y)
    wide = np.zeros((len(Y), 6))
    wide[:, ::2] = Y
    for other in (np.asfortranarray(Y), wide[:, ::2], Y[::-1].copy()[::-1], Y.tolist()):
        np.testing.assert_array_equal(flat(small().fit(X, other)), flat(plain))


def test_column_target_is_flattened_with_a_warning():
    X, y = curve()
    model = small()
    with pytest.warns(UserWarning, match="A column-vector y was passed") as caught:
        model.fit(X, y[:, None])
    assert caught[0].filename == __file__
    assert model.predict(X).shape == y.shape


def test_integer_sample_weights_equal_repeated_rows():
    X, y = curve()
    params = {"shuffle": False, "alpha": 0.0}
    twice = small(**params, batch_size=130)
    twice.fit(np.concatenate([X, X[:40]]), np.concatenate([y, y[:40]]))
    weighted = small(**params, batch_size=90)
    weighted.fit(X, y, np.repeat([2.0, 1.0], [40, 50]))
    np.testing.assert_allclose(flat(twice), flat(weighted), rtol=0, atol=1e-9)


def test_score_is_the_coefficient_of_determination():
    X, Y = curve(n_outputs=2)
    model = small().fit(X, Y)
    weight = np.arange(1.0, 91.0)
    share = 1 - (weight[:, None] * (Y - model.predict(X)) ** 2).sum(axis=0) / (
        weight[:, None] * (Y - np.average(Y, axis=0, weights=weight)) ** 2
    ).sum(axis=0)
    assert model.score(X, Y, weight) == pytest.approx(share.mean(), rel=1e-12)


def test_score_of_a_constant_target_is_one_if_exact_and_zero_otherwise():
    X, y = curve()
    model = small(hidden_layer_sizes=()).fit(X, y)
    model.coefs_ = [np.zeros((3, 1))]
    model.intercepts_ = [np.array([2.0])]
    assert model.score(X, np.full(90, 2.0)) == 1.0
    assert model.score(X, np.full(90, 3.0)) == 0.0


def test_score_of_overflowing_errors_is_minus_infinity():
    X, y = curve()
    model = small().fit(X, y)
    model.intercepts_[-1][...] = 1e200
    assert model.score(X, y) == -np.inf


def test_score_of_one_row_is_nan_with_a_warning():
    X, y = curve()
    model = small().fit(X, y)
    with pytest.warns(UserWarning, match="not well-defined with less than two samples"):
        assert np.isnan(model.score(X[:1], y[:1]))


def test_early_stopping_keeps_the_best_weights():
    X, y = curve()
    params = {"early_stopping": True, "validation_fraction": 0.3, "learning_rate_init": 0.3}
    model = small(max_iter=100, n_iter_no_change=8, tol=1e-3, **params).fit(X, y)
    best = int(np.argmax(model.validation_scores_))
    assert best + 1 < model.n_iter_ < 100
    shorter = small(max_iter=best + 1, n_iter_no_change=8, tol=1e-3, **params).fit(X, y)
    np.testing.assert_array_equal(flat(model), flat(shorter))


def test_predictions_for_no_rows_are_empty():
    assert small().fit(*curve()).predict(np.empty((0, 3))).shape == (0,)
    assert small().fit(*curve(n_outputs=2)).predict(np.empty((0, 3))).shape == (0, 2)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copy_predicts_and_trains_like_the_original(duplicate):
    X, y = curve()
    sgd = {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.2}
    model = small(**sgd, tol=0, n_iter_no_change=np.inf).fit(X, y)
    twin = duplicate(model)
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))
    for _ in range(3):
        twin.partial_fit(X, y)
        model.partial_fit(X, y)
    np.testing.assert_array_equal(flat(twin), flat(model))
    assert twin.t_ == model.t_ == 18 * len(X)


def test_loss_is_the_first_positional_parameter():
    assert MLPRegressor("poisson", (3,), "tanh").loss == "poisson"
    assert repr(MLPRegressor("poisson")) == "MLPRegressor(loss='poisson')"
    with pytest.raises(TypeError):
        MLPRegressor("poisson", (3,), "tanh", "sgd")


def test_large_targets_in_float32_do_not_diverge():
    X, y = curve()
    model = small(max_iter=2).fit(X.astype(np.float32), 1e15 * y)
    assert np.isfinite(model.loss_curve_).all()


def test_the_score_of_one_row_is_not_defined():
    X, y = curve()
    model = small().fit(X, y)
    with pytest.warns(
        UserWarning, match="R.2 score is not well-defined with less than two samples"
    ):
        assert np.isnan(model.score(X[:1], y[:1]))
