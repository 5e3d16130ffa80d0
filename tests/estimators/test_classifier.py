"""MLPClassifier: learning, the parameters beyond scikit-learn's, the preset, and predictions."""

import re
import warnings

import numpy as np
import pytest
import reference
from estimator_cases import blobs, flat, small
from sklearn.base import clone

from cmlp import MLPClassifier, MLPRegressor, Network, TabularClassifier, TabularRegressor

# Most fits here stop at max_iter on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")


# Learning


def test_fit_learns_exclusive_or():
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
    y = ["same", "different", "different", "same"]
    model = MLPClassifier((8,), "tanh", random_state=0, learning_rate_init=0.1, max_iter=200)
    assert list(model.fit(X, y).predict(X)) == y
    assert model.score(X, y) == 1.0


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("loss", ["log_loss", "squared_error"])
def test_fit_separates_blobs(loss, solver):
    X, y = blobs()
    model = small(solver=solver, loss=loss, max_iter=60, learning_rate_init=0.05).fit(X, y)
    assert model.score(X, y) > 0.95


def test_multilabel_predictions_have_one_column_per_label():
    X, y = blobs(4)
    Y = np.stack([y % 2, y // 2, y == 3], axis=1)
    model = small(max_iter=80, learning_rate_init=0.05).fit(X, Y)
    assert model.predict(X).shape == Y.shape
    assert model.score(X, Y) > 0.95
    assert model.out_activation_ == "logistic"
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])


def test_single_class_is_always_predicted():
    X, _ = blobs()
    model = small().fit(X, np.full(len(X), "only"))
    assert set(model.predict(X)) == {"only"}
    assert model.predict_proba(X).shape == (len(X), 2)


@pytest.mark.parametrize("n_rows, n_features", [(1, 4), (2, 1), (3, 1)])
def test_fit_on_one_to_three_rows(n_rows, n_features):
    X = np.arange(n_rows * n_features, dtype=float).reshape(n_rows, n_features)
    model = small(batch_size=1).fit(X, np.arange(n_rows))
    assert model.predict(X).shape == (n_rows,)


@pytest.mark.parametrize("sizes", [(), (1,), (4097,), (2,) * 20])
def test_fit_with_unusual_layer_sizes(sizes):
    X, y = blobs()
    model = small(hidden_layer_sizes=sizes, max_iter=2).fit(X, y)
    assert [w.shape[1] for w in model.coefs_] == [*sizes, 3]
    assert model.n_layers_ == len(sizes) + 2
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)


def test_rows_of_zero_weight_are_ignored():
    X, y = blobs()
    wrong = (y + 1) % 3
    weight = np.repeat([1.0, 0.0], len(X))
    both = small(max_iter=60, learning_rate_init=0.05)
    both.fit(np.concatenate([X, X]), np.concatenate([y, wrong]), weight)
    assert both.score(X, y) > 0.95
    assert both.score(np.concatenate([X, X]), np.concatenate([y, wrong]), weight) > 0.95


# Compared with the reference network


def reference_run(
    sizes,
    activations,
    loss,
    X,
    Y,
    *,
    epochs,
    kind="adam",
    rate=0.02,
    alpha=1e-4,
    batch_size=30,
    seed=1,
    clip=0.0,
    start="relu",
):
    """Fit in plain NumPy with the same random numbers. Returns the parameters and the loss curve."""
    rng = np.random.RandomState(seed)
    network = reference.Network(sizes, activations, loss)
    params = network.init_params(rng, start)
    optimizer = reference.Optimizer(network.n_params, kind, learning_rate=rate)
    costs = reference.train(
        network,
        params,
        X,
        Y,
        optimizer,
        rng,
        epochs=epochs,
        batch_size=batch_size,
        alpha=alpha,
        clip=clip,
    )
    return params, [cost + penalty for cost, penalty in costs]


@pytest.mark.parametrize("names", [["tanh", "logistic"], ["logistic", "relu"], ["identity"] * 2])
def test_each_hidden_layer_can_have_its_own_activation(names):
    X, y = blobs()
    model = small(hidden_layer_sizes=(6, 5), activation=names, batch_size=30, max_iter=10)
    model.fit(X, y)
    params, curve = reference_run(
        (4, 6, 5, 3), (*names, "softmax"), "log_loss", X, y, epochs=10, clip=2**-52
    )
    np.testing.assert_allclose(flat(model), params, rtol=0, atol=1e-9)
    np.testing.assert_allclose(model.loss_curve_, curve, rtol=1e-10)


def test_list_of_equal_activations_equals_a_single_name():
    X, y = blobs()
    one = small(hidden_layer_sizes=(6, 5), activation="tanh").fit(X, y)
    two = small(hidden_layer_sizes=(6, 5), activation=["tanh", "tanh"]).fit(X, y)
    np.testing.assert_array_equal(flat(one), flat(two))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_squared_error_is_the_sum_over_the_outputs(n_classes):
    X, y = blobs(n_classes)
    Y = y[:, None] if n_classes == 2 else np.eye(3)[y]
    model = small(loss="squared_error", activation="tanh", batch_size=30, max_iter=10).fit(X, y)
    assert model.out_activation_ == "logistic"
    params, curve = reference_run(
        (4, 8, Y.shape[1]), ("tanh", "logistic"), "squared_error", X, Y, epochs=10
    )
    np.testing.assert_allclose(flat(model), params, rtol=0, atol=1e-9)
    np.testing.assert_allclose(model.loss_curve_, curve, rtol=1e-10)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_of_a_squared_error_network_sum_to_one(n_classes):
    X, y = blobs(n_classes)
    model = small(loss="squared_error").fit(X, y)
    probabilities = model.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(model.classes_[probabilities.argmax(axis=1)], model.predict(X))


def test_output_of_all_zeros_gives_uniform_probabilities():
    X, y = blobs()
    model = small(loss="squared_error").fit(X, y)
    model.coefs_ = [np.zeros_like(w) for w in model.coefs_]
    model.intercepts_ = [np.zeros(8), np.full(3, -1e4)]
    np.testing.assert_allclose(model.predict_proba(X), 1 / 3)
    single = small(loss="squared_error").fit(X.astype(np.float32), y)
    assert (
        single.predict_proba(X).dtype == np.float32
    )  # of the weights, also for normalized outputs


def test_network_and_estimator_start_from_the_same_weights():
    X, y = blobs()
    model = small(hidden_layer_sizes=(6, 5), activation=["tanh", "logistic"], max_iter=1)
    model.set_params(learning_rate_init=1e-300, solver="sgd").fit(X, y)
    network = Network(
        [4, 6, 5, 3], activation=["tanh", "logistic"], dtype="float64", random_state=1
    )
    np.testing.assert_array_equal(flat(model), network.params)


# Presets


STORY = {
    "hidden_layer_sizes": (16, 16),
    "activation": "logistic",
    "loss": "squared_error",
    "solver": "sgd",
    "momentum": 0.0,
    "batch_size": 10,
    "learning_rate_init": 1.5,
    "alpha": 0.0,
    "max_iter": 30,
    "tol": 0.0,
    "n_iter_no_change": np.inf,
    "input_scale": 1 / 255,
}


def test_preset_has_explicit_parameters():
    model = MLPClassifier.from_preset("3b1b", random_state=1)
    assert model.get_params() == MLPClassifier(random_state=1, **STORY).get_params()
    assert (
        eval(repr(model), {"MLPClassifier": MLPClassifier, "inf": np.inf}).get_params()
        == model.get_params()
    )
    assert clone(model).get_params() == model.get_params()


PRESETS = re.findall('"(.*?)"', re.search("name : {(.*?)}", MLPClassifier.from_preset.__doc__)[1])


@pytest.mark.parametrize("kind", [MLPRegressor, TabularClassifier, TabularRegressor])
def test_other_estimators_have_no_presets(kind):
    with pytest.raises(ValueError, match=f"There are no presets for {kind.__name__}"):
        kind.from_preset("fast")


@pytest.mark.parametrize("name", PRESETS)
def test_preset_trains(name):
    X, y = blobs()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = MLPClassifier.from_preset(name, random_state=1, batch_size=5, input_scale=1).fit(
            X, y
        )
    assert model.n_iter_ == model.max_iter
    assert model.score(X, y) > 0.9


def test_override_of_a_preset_holds_even_where_it_is_the_default():
    """A value equal to the constructor's default cannot be told from one that was not given."""
    defaults = MLPClassifier().get_params()
    overrides = {
        name: defaults[name] for name in ("activation", "alpha", "solver", "hidden_layer_sizes")
    }
    model = MLPClassifier.from_preset("3b1b", **overrides)
    assert {name: getattr(model, name) for name in overrides} == overrides
    assert model.batch_size == 10


def test_preset_names_are_documented():
    with pytest.raises(
        ValueError, match=re.escape(", ".join(f"'{name}'" for name in PRESETS) + ", got")
    ):
        MLPClassifier.from_preset("unknown")


def test_preset_is_no_parameter():
    with pytest.raises(TypeError, match="preset"):
        MLPClassifier(preset="3b1b")
    assert "preset" not in MLPClassifier().get_params()


def test_preset_of_a_subclass_is_of_its_class():
    class Mine(MLPClassifier):
        pass

    assert type(Mine.from_preset("fast")) is Mine


def test_unknown_preset_is_refused():
    with pytest.raises(ValueError, match="one of the presets '3b1b', 'fast', got 'alexnet'"):
        MLPClassifier.from_preset("alexnet")
    with pytest.raises(ValueError, match="no presets for MLPRegressor"):
        MLPRegressor.from_preset("3b1b")
    with pytest.raises(TypeError, match="layers"):
        MLPClassifier.from_preset("3b1b", layers=3)


# Predictions


def test_predictions_for_no_rows_are_empty():
    model = small().fit(*blobs())
    empty = np.empty((0, 4))
    assert model.predict(empty).shape == (0,)
    assert model.predict_proba(empty).shape == (0, 3)
    assert model.predict_log_proba(empty).shape == (0, 3)


def test_row_has_the_same_prediction_alone_and_in_a_batch():
    X, y = blobs()
    model = small().fit(X, y)
    alone = np.concatenate([model.predict_proba(row[None]) for row in X])
    np.testing.assert_array_equal(alone, model.predict_proba(X))


def test_log_of_probability_zero_does_not_warn():
    X, y = blobs(2)
    model = small().fit(X, y)
    model.intercepts_[-1][...] = 1e4
    np.testing.assert_array_equal(model.predict_log_proba(X), [[-np.inf, 0.0]] * len(X))
