"""Targets far from 0 in float32: a fit that would lose them is refused or warns, and float64 keeps them."""

import warnings

import numpy as np
import pytest
from estimator_cases import flat
from optional import package

import cmlp
from cmlp import MLPRegressor, Network, TabularRegressor, Trainer

pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer", "ignore:lbfgs failed", "ignore:The training loss"
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 3)).astype(np.float32)
NEAR = 60 * X[:, 0].astype(np.float64)
SECONDS = 1.7e9 + NEAR
REFUSED = r"y_scale='standard' needs dtype='float64' for this y: column 0 has the mean 1.7e\+09 .* multiples of 128"
WARNED = r"y has the mean 1.7e\+09 .* in column 0, but a float32 network computes with multiples of 128 there"


def small(**params):
    rate = {} if params.get("solver") == "lbfgs" else {"learning_rate_init": 0.05}
    return MLPRegressor(
        **{"hidden_layer_sizes": (6,), "max_iter": 60, "random_state": 0, **rate, **params}
    )


def blocks(y):
    return [(X[i : i + 40], y[i : i + 40]) for i in range(0, 120, 40)]


def on_dask(model, y):
    package("distributed")
    return cmlp.distributed.fit(model, blocks(y))


FITS = {
    "fit": lambda model, y: model.fit(X, y),
    "early stopping": lambda model, y: model.set_params(early_stopping=True).fit(X, y),
    "own validation data": lambda model, y: model.fit(X, y, X_val=X[:9], y_val=y[:9]),
    "weights": lambda model, y: model.fit(X, y, sample_weight=np.linspace(0.1, 1, 120)),
    "lbfgs": lambda model, y: model.set_params(solver="lbfgs", learning_rate_init=0.001).fit(X, y),
    "partial_fit": lambda model, y: model.partial_fit(X, y),
    "fit_batches": lambda model, y: model.fit_batches(lambda: iter(blocks(y))),
    "fit_many": lambda model, y: cmlp.fit_many([model], X, y),
    "learning rates": lambda model, y: cmlp.find_learning_rate(model, X, y),
    "dask": on_dask,
}


@pytest.mark.parametrize("name", FITS)
def test_scaled_targets_that_float32_cannot_hold_are_refused(name):
    model = small(y_scale="standard")
    with pytest.raises(ValueError, match=REFUSED):
        FITS[name](model, SECONDS)
    assert not hasattr(model, "coefs_")
    FITS[name](small(y_scale="standard", dtype="float64", max_iter=2), SECONDS)
    FITS[name](small(y_scale="standard", max_iter=2), NEAR)


def test_error_names_the_column_and_keeps_the_model():
    model = small(y_scale="standard").fit(X, np.stack([NEAR, NEAR], axis=1))
    before = flat(model)
    with pytest.raises(
        ValueError, match=r"column 1 has the mean 1.7e\+09 and the standard deviation 68.2"
    ):
        model.fit(X, np.stack([NEAR, SECONDS], axis=1))
    np.testing.assert_array_equal(flat(model), before)


@pytest.mark.parametrize("shift, spread", [(1e40, 1e39), (0.0, 1e40), (0.0, 1e-46)])
def test_targets_out_of_the_range_of_float32_are_refused(shift, spread):
    with pytest.raises(ValueError, match="needs dtype='float64'"):
        small(y_scale="standard").fit(X, shift + spread * NEAR)


@pytest.mark.parametrize("power", range(7, 17))
def test_targets_of_every_offset_are_refused(power):
    y = 10.0**power + np.rint(X[:, 0]).astype(np.float64)
    assert np.ptp(y)
    with pytest.raises(ValueError, match="needs dtype='float64'"):
        small(y_scale="standard", dtype="float32").fit(X, y)


def test_one_target_that_differs_in_the_last_bit_is_refused():
    y = np.full(120, 0.3)
    small(y_scale="standard", max_iter=2).fit(X, y)
    y[5] = np.nextafter(0.3, 1)
    with pytest.raises(ValueError, match="needs dtype='float64'"):
        small(y_scale="standard", max_iter=2).fit(X, y)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.filterwarnings("ignore:.* has no effect with this")  # "lbfgs" does not shuffle
def test_an_offset_of_standardized_targets_changes_no_bit_of_the_training(solver):
    """The differences are exact, and so is the mean."""
    y = np.where(np.arange(120) % 2, 32.0, -32.0)
    params = {"y_scale": "standard", "dtype": "float64", "solver": solver, "shuffle": False}
    with_offset, without = (small(**params).fit(X, offset + y) for offset in (2.0**57, 0.0))
    np.testing.assert_array_equal(with_offset.coefs_[0], without.coefs_[0])


@pytest.mark.parametrize(
    "y",
    [
        np.full(120, 1.7e9),
        np.full(120, 1e15 + 0.3),
        np.full(120, 0.1),
        1e6 + NEAR,
        2000 + X[:, 0],
        1.7e9 + 1e4 * NEAR,
    ],
)
def test_targets_that_float32_holds_are_learned(y):
    model = small(y_scale="standard", early_stopping=True).fit(X, y)
    if np.ptp(y):
        held = model.best_validation_score_
        assert held > 0.9 and abs(model.score(X, y) - held) < 0.1


def test_score_of_validation_rows_is_that_of_the_predictions():
    y = 1e6 + NEAR
    model = small(y_scale="standard", early_stopping=True).fit(X, y, X_val=X[:30], y_val=y[:30])
    assert model.best_validation_score_ == pytest.approx(model.score(X[:30], y[:30]), abs=2e-3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tables_predict_in_float64(dtype):
    for offset in (1.7e9, 1e12, 1e15, 1e16):
        y = offset + NEAR
        model = TabularRegressor(n_estimators=2, random_state=0).fit(X.astype(dtype), y)
        assert model.score(X.astype(dtype), y) > 0.9


# ------------------------------------------------------------------------------------------------------ without a scale


def test_targets_that_are_lost_without_a_scale_warn():
    for name in ("fit", "partial_fit", "fit_batches", "lbfgs"):
        with pytest.warns(UserWarning, match=WARNED):
            FITS[name](small(max_iter=2), SECONDS)
    net = Network([3, 4, 1], output="identity", loss="squared_error", random_state=0)
    with pytest.warns(UserWarning, match=WARNED):
        Trainer(net, max_iter=2).run(X, SECONDS[:, None])


WITHOUT_WARNING = {
    "float64": (SECONDS, {"dtype": "float64"}),
    "a large spread": (1.7e9 + 1e6 * NEAR, {}),
    "float32 targets": (SECONDS.astype(np.float32), {}),
    "exact numbers": (1.7e9 // 128 * 128 + 128.0 * (X[:, 0] > 0), {}),
    "equal numbers": (np.full(120, 1.7e9), {}),
    "equal numbers that float32 rounds": (np.full(120, 0.1), {}),
    "not far from 0": (NEAR, {}),
    "whole numbers": (16_000_000.0 + (X[:, 0] > 0), {}),
}


@pytest.mark.parametrize("name", WITHOUT_WARNING)
def test_targets_that_are_not_lost_do_not_warn(name):
    y, params = WITHOUT_WARNING[name]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        small(max_iter=2, **params).fit(X, y)
    assert not [one for one in caught if "computes with" in str(one.message)]


def test_rows_of_weight_0_neither_warn_nor_prevent_the_warning():
    y, weight = np.where(np.arange(120) < 60, SECONDS, 0.0), np.repeat([1.0, 0.0], 60)
    with pytest.warns(UserWarning, match=WARNED):
        small(max_iter=2).fit(X, np.where(weight > 0, SECONDS, SECONDS + 1), sample_weight=weight)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        small(max_iter=2).fit(X, np.where(weight > 0, NEAR, y + SECONDS), sample_weight=weight)
    assert not [one for one in caught if "computes with" in str(one.message)]
