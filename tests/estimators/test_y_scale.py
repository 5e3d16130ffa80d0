"""Scaled targets: like a StandardScaler or RobustScaler around the regressor, with weights and losses in y's unit."""

import pickle
import warnings

import numpy as np
import pytest
from estimator_cases import flat
from internals import state_of
from sklearn.compose import TransformedTargetRegressor
from sklearn.preprocessing import RobustScaler, StandardScaler

import cmlp
from cmlp import MLPRegressor

# Most fits here stop at max_iter on purpose.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer", "ignore:lbfgs failed to converge"
)

rng = np.random.RandomState(0)
X = rng.standard_normal((80, 3))
PRICES = 180000 + 80000 * X[:, 0]
TWO = np.stack([PRICES, 3 - 0.002 * X[:, 1] ** 2], axis=1)
WEIGHT = rng.uniform(0.1, 3, 80)


def scale_of(model):
    return state_of(model).target_scale


def small(**params):
    rate = {} if params.get("solver") == "lbfgs" else {"learning_rate_init": 0.02}
    params = {"hidden_layer_sizes": (6,), "max_iter": 8, "random_state": 1, **rate, **params}
    return MLPRegressor(**params)


def standardized(y, weight=None):
    """Return standardized targets; the sums are added one row after the other, as `fit` adds them."""
    weight, difference = np.ones(len(y)) if weight is None else weight, y - y[0]
    products = np.cumsum([weight * difference, weight * difference * difference], axis=1)[:, -1]
    mean, squares = products / np.cumsum(weight)[-1]
    return (y - (y[0] + mean)) * (1 / np.sqrt(squares - mean * mean))


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("y", [PRICES, TWO], ids=["one output", "two outputs"])
def test_predictions_are_those_of_a_target_transformer(y, solver):
    theirs = TransformedTargetRegressor(small(solver=solver), transformer=StandardScaler()).fit(
        X, y
    )
    model = small(solver=solver, y_scale="standard").fit(X, y)
    np.testing.assert_allclose(model.predict(X), theirs.predict(X), rtol=1e-9)
    np.testing.assert_allclose(model.coefs_[0], theirs.regressor_.coefs_[0], rtol=1e-9)
    np.testing.assert_allclose(model.score(X, y), theirs.score(X, y), rtol=1e-9)


@pytest.mark.parametrize("y", [PRICES, TWO], ids=["one output", "two outputs"])
def test_robust_scale_is_that_of_a_robust_scaler(y):
    theirs = TransformedTargetRegressor(small(), transformer=RobustScaler()).fit(X, y)
    model = small(y_scale="robust").fit(X, y)
    np.testing.assert_allclose(model.predict(X), theirs.predict(X), rtol=1e-9)
    model = small(y_scale="robust", loss="absolute_error", solver="lbfgs", alpha=0).fit(X, PRICES)
    np.testing.assert_allclose(model.loss_, np.abs(model.predict(X) - PRICES).mean(), rtol=1e-9)


def test_robust_scale_ignores_a_far_target():
    y = X[:, 0] + X[:, 1]
    far = y.copy()
    far[17] = 1e9
    options = {"loss": "absolute_error", "learning_rate_init": 0.01, "max_iter": 300}
    with warnings.catch_warnings():
        warnings.simplefilter("error", cmlp.exceptions.UselessModelWarning)
        model = small(y_scale="robust", **options).fit(X, far)
    assert model.score(np.delete(X, 17, axis=0), np.delete(y, 17)) > 0.9
    other = small(y_scale="standard", **options)
    with pytest.warns(cmlp.exceptions.UselessModelWarning):
        other.fit(X, far)
    assert other.score(np.delete(X, 17, axis=0), np.delete(y, 17)) < 0


def test_robust_scale_uses_the_weights():
    weight = np.repeat([0.0, 1.0, 3.0], [20, 40, 20])
    kept = scale_of(small(y_scale="robust").fit(X, PRICES, weight))
    values = np.sort(np.concatenate([PRICES[20:60], *[PRICES[60:]] * 3]))
    assert kept.shift == values[49] and 1 / kept.factor == pytest.approx(
        values[74] - values[24], rel=1e-12
    )


@pytest.mark.parametrize("others, spread", [([2.0, 4.0, 9.0], 4.0), ([], 1.0)])
def test_robust_scale_of_mostly_equal_targets(others, spread):
    """Their interquartile range is 0: the median distance of the others counts, and the factor is 1 without any."""
    y = np.zeros(80)
    y[: len(others)] = others
    scale = scale_of(small(y_scale="robust").fit(X, y))
    assert scale.shift == 0 and 1 / scale.factor == spread


def test_changed_kind_of_scale(tmp_path):
    """A warm start learns the new scale; a call of `partial_fit` continues with the old one, so it is refused."""
    model = small(y_scale="standard", warm_start=True).fit(X, PRICES)
    model.set_params(y_scale="robust").fit(X, PRICES)
    assert scale_of(model).shift == np.median(PRICES)
    model.save(tmp_path / "model", include_training_state=True)
    for fitted in (model, pickle.loads(pickle.dumps(model)), cmlp.load(tmp_path / "model")):
        with pytest.raises(
            ValueError,
            match="fitted with y_scale='robust', so training cannot continue with 'standard'",
        ):
            fitted.set_params(y_scale="standard").partial_fit(X, PRICES)
        assert scale_of(fitted.set_params(y_scale="robust").partial_fit(X, PRICES)).kind == "robust"


def test_partial_fit_without_the_scale_of_a_model_without_optimizer():
    """The model predicts y itself, and nothing of its scale is left to apply."""
    model = small(solver="lbfgs", y_scale="standard").fit(X, PRICES)
    before = model.predict(X)
    model.set_params(solver="sgd", learning_rate_init=1e-30, y_scale=None).partial_fit(X, PRICES)
    np.testing.assert_allclose(model.predict(X), before, rtol=1e-6)


@pytest.mark.filterwarnings("ignore:The training loss")
def test_the_example_of_a_price_is_learned():
    X = np.random.RandomState(1).standard_normal((300, 3))
    y = 180000 + 80000 * X[:, 0]
    model = MLPRegressor(early_stopping=True, random_state=0, y_scale="standard").fit(X, y)
    assert model.score(X, y) > 0.98 > 0 > model.set_params(y_scale=None).fit(X, y).score(X, y)


@pytest.mark.parametrize(
    "loss, power",
    [("squared_error", 2), ("huber", 2), ("absolute_error", 1), ("quantile", 1)],
)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.filterwarnings("ignore:.* has no effect with this")  # settings of all cases
def test_losses_and_tol_are_in_the_unit_of_y(loss, power, solver):
    unit = PRICES.std() ** power
    plain = small(loss=loss, solver=solver, alpha=0, max_iter=30, n_iter_no_change=2, tol=0.1).fit(
        X, standardized(PRICES)
    )
    model = plain.__class__(**plain.get_params()).set_params(y_scale="standard").fit(X, PRICES)
    assert model.n_iter_ == plain.n_iter_ and (solver == "lbfgs" or model.n_iter_ < 30)
    np.testing.assert_allclose(model.loss_, plain.loss_ * unit, rtol=1e-12)
    if solver == "adam":
        np.testing.assert_allclose(
            model.loss_curve_, np.multiply(plain.loss_curve_, unit), rtol=1e-12
        )
        np.testing.assert_allclose(model.best_loss_, plain.best_loss_ * unit, rtol=1e-12)
    if loss == "squared_error" and solver == "lbfgs":
        np.testing.assert_allclose(
            model.loss_, np.mean((model.predict(X) - PRICES) ** 2) / 2, rtol=1e-9
        )


@pytest.mark.filterwarnings("ignore:.* has no effect with this")  # settings of all cases
def test_scale_uses_the_weights():
    plain = small().fit(X, standardized(PRICES, WEIGHT), WEIGHT)
    model = small(y_scale="standard").fit(X, PRICES, WEIGHT)
    np.testing.assert_array_equal(model.coefs_[0], plain.coefs_[0])


@pytest.mark.parametrize("y_scale", ["standard", "robust"])
@pytest.mark.filterwarnings("ignore:.* has no effect with this")
def test_scale_uses_the_training_rows_only(y_scale):
    options = {"early_stopping": True, "validation_fraction": 0.3, "y_scale": y_scale}
    model = small(**options).fit(X, PRICES)
    rows = scale_of(model).shift
    changed = PRICES.copy()
    held = np.random.RandomState(1)
    held.random_sample(3 * 6 + 6 + 6 + 1)  # the initial parameters
    validation = held.permutation(80)[:24]
    changed[validation] += 1e6
    np.testing.assert_array_equal(scale_of(small(**options).fit(X, changed)).shift, rows)
    assert scale_of(small(**{**options, "early_stopping": False}).fit(X, changed)).shift != rows


@pytest.mark.parametrize("value", [0.0, 0.1, -3e200, 5e-324])
def test_constant_column_gets_the_factor_1(value):
    Y = np.stack([PRICES, np.full(80, value)], axis=1)
    scale = scale_of(small(y_scale="standard").fit(X, Y))
    assert scale.factor[1] == 1 and scale.factor[0] != 1
    assert scale.shift[1] == value


def test_own_validation_data_are_scored_in_the_unit_of_y():
    held, truth = X[:30] + 0.1, PRICES[:30]
    for options in ({}, {"early_stopping": True, "scoring": "neg_mean_squared_error"}):
        model = small(y_scale="standard", **options).fit(X, PRICES, X_val=held, y_val=truth)
        error = np.mean((model.predict(held) - truth) ** 2)
        if options:
            np.testing.assert_allclose(model.best_validation_score_, -error, rtol=1e-9)
        else:
            np.testing.assert_allclose(model.history_["validation_loss"][-1], error / 2, rtol=1e-9)


# Continued training


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_partial_fit_has_the_bits_of_training_on_standardized_targets(dtype, tmp_path):
    """The unfolded output layer is kept: computing it from the folded one is not exact."""
    plain, model, loaded = (
        small(dtype=dtype, y_scale=scale) for scale in (None, "standard", "standard")
    )
    scaled = standardized(PRICES)
    for _ in range(6):
        plain.partial_fit(X, scaled)
        model.partial_fit(X, PRICES)
        loaded.partial_fit(X, PRICES)
        loaded.save(tmp_path / "model", include_training_state=True)
        loaded = pickle.loads(pickle.dumps(cmlp.load(tmp_path / "model")))
        for trained in (model, loaded):
            np.testing.assert_array_equal(trained.coefs_[0], plain.coefs_[0])
            np.testing.assert_array_equal(scale_of(trained).layer, flat(plain)[-7:])
        assert flat(loaded).tobytes() == flat(model).tobytes()


def test_warm_start_keeps_the_scale_and_continues_from_changed_weights():
    model = small(y_scale="standard", warm_start=True).fit(X, PRICES)
    scale = scale_of(model)
    model.fit(X, PRICES * 2)
    assert scale_of(model).shift == scale.shift
    model.coefs_[1][...] = 0
    model.intercepts_[1][...] = 250000
    model.set_params(learning_rate_init=1e-300).fit(X, PRICES)
    np.testing.assert_allclose(model.predict(X), 250000, rtol=1e-12)


def test_training_continues_without_a_training_state(tmp_path):
    model = small(y_scale="standard", max_iter=100).fit(X, PRICES)
    model.save(tmp_path / "model")
    loaded = cmlp.load(tmp_path / "model")
    assert loaded.predict(X).tobytes() == model.predict(X).tobytes()
    before = loaded.score(X, PRICES)
    loaded.partial_fit(X, PRICES)
    assert abs(loaded.score(X, PRICES) - before) < 0.1


def test_given_and_assigned_weights_are_in_the_unit_of_y():
    fitted = small(y_scale="standard", max_iter=100).fit(X, PRICES)
    given = small(
        y_scale="standard", max_iter=1, initialization=(fitted.coefs_, fitted.intercepts_)
    )
    given.set_params(learning_rate_init=1e-300).fit(X, PRICES)
    np.testing.assert_allclose(given.predict(X), fitted.predict(X), rtol=1e-12)
    assigned = small(y_scale="standard", warm_start=True, learning_rate_init=1e-300)
    assigned.coefs_, assigned.intercepts_ = list(fitted.coefs_), list(fitted.intercepts_)
    np.testing.assert_allclose(assigned.fit(X, PRICES).predict(X), fitted.predict(X), rtol=1e-12)


def test_network_and_exports_predict_in_the_unit_of_y(tmp_path):
    model = small(y_scale="standard").fit(X, TWO)
    expected = model.predict(X)
    np.testing.assert_array_equal(model.network_.forward(X), expected)
    np.testing.assert_allclose(model.to_sklearn().predict(X), expected, rtol=1e-12)
    model.network_.save(tmp_path / "network")
    np.testing.assert_array_equal(cmlp.load(tmp_path / "network").forward(X), expected)
    network = model.network_
    model.partial_fit(X, TWO)
    assert model.network_ is network
    np.testing.assert_array_equal(network.forward(X), model.predict(X))


def test_failed_partial_fit_keeps_model_and_scale():
    model = small(y_scale="standard").fit(X, PRICES)
    before, layer = flat(model), scale_of(model).layer.copy()
    with pytest.raises(cmlp.exceptions.DivergenceError):
        model.set_params(learning_rate_init=1e308, solver="sgd").partial_fit(X, PRICES * 1e300)
    np.testing.assert_array_equal(flat(model), before)
    np.testing.assert_array_equal(scale_of(model).layer, layer)


# Errors


def test_wrong_values_raise():
    for loss in ("poisson", "gamma", "tweedie"):
        with pytest.raises(
            ValueError, match=f"y_scale='standard' needs identity outputs, got loss='{loss}'"
        ):
            small(loss=loss, y_scale="standard").fit(X, PRICES)
    with pytest.raises(
        ValueError,
        match=r"y_scale='robust' needs dtype='float64' .* has the median 1.7e\+09 and the interq",
    ):
        small(y_scale="robust").fit(X.astype(np.float32), 1.7e9 + X[:, 0])
    with pytest.raises(ValueError, match="'y_scale' parameter of MLPRegressor must be a str among"):
        small(y_scale="minmax").fit(X, PRICES)
    model = small(y_scale="standard").fit(X, PRICES).set_params(y_scale=None)
    with pytest.raises(
        ValueError, match="fitted with y_scale='standard', so training cannot continue with None"
    ):
        model.partial_fit(X, PRICES)


@pytest.mark.parametrize(
    "change",
    [
        {"shift": np.zeros(2)},
        {"shift": None},
        {"factor": np.zeros(1)},
        {"factor": np.array([np.nan])},
        {"layer": np.zeros(3)},
        {"layer": "x"},
    ],
)
def test_damaged_scales_are_rejected(change):
    state = small(y_scale="standard").fit(X, PRICES).__getstate__()
    (fields,) = state["_result"]["states"]
    fields.update({f"training.target_{name}": value for name, value in change.items()})
    with pytest.raises(ValueError, match="The training state is damaged"):
        MLPRegressor().__setstate__(state)


@pytest.mark.parametrize("unit", [1e200, 1e-200])
def test_targets_whose_squares_are_not_finite_or_zero_are_refused(unit):
    """With a loss that has the unit of y itself, they are learned."""
    y = unit * np.sin(np.arange(60.0))
    rows = np.arange(60.0)[:, None]
    params = {"hidden_layer_sizes": (4,), "y_scale": "standard", "max_iter": 2, "random_state": 0}
    with pytest.raises(
        ValueError, match=r"y must have a spread whose square is a finite positive number"
    ):
        MLPRegressor(**params).fit(rows, y)
    losses = [
        MLPRegressor(**params, loss="absolute_error").fit(rows, z).loss_ / scale
        for z, scale in ((y, unit), (y / unit, 1.0))
    ]
    assert losses[0] == pytest.approx(losses[1])
