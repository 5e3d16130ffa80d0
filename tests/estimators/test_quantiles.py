"""Several quantiles in one regressor: losses, sorted predictions, scores, state and files."""

import pickle

import numpy as np
import pytest
from helpers import assert_same_bits
from internals import state_of
from sklearn.metrics import d2_pinball_score, mean_pinball_loss

import cmlp
from cmlp import MLPRegressor, Network, Trainer

# Most fits here stop at max_iter on purpose.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer", "ignore:lbfgs failed to converge"
)

QUANTILES = [0.1, 0.5, 0.9]
rng = np.random.RandomState(0)
X = rng.uniform(-2, 2, (200, 3))
Y = X[:, 0] ** 2 + (1 + np.abs(X[:, 1])) * rng.standard_normal(200)
WEIGHT = rng.uniform(0.1, 3, 200)


def small(**params):
    rate = {} if params.get("solver") == "lbfgs" else {"learning_rate_init": 0.02}
    params = {"hidden_layer_sizes": (8,), "max_iter": 10, "random_state": 1, **rate, **params}
    return MLPRegressor("quantile", quantile=QUANTILES, **params)


def crossing(dtype="float64", n=3):
    """A network without hidden layers whose outputs are in every order, and rows."""
    weights = np.random.RandomState(2).standard_normal((3, n)).astype(dtype)
    quantiles = QUANTILES if n == 3 else np.arange(1, n + 1) / (n + 1)
    net = Network([3, n], output="identity", loss="quantile", loss_parameter=quantiles, dtype=dtype)
    net.weights[0][...], net.biases[0][...] = weights, 0
    return net


def pinball_in_numpy(y, predicted):
    d = predicted - y[:, None]
    p = np.array(QUANTILES)
    return np.where(d > 0, (1 - p) * d, -p * d)


@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-12), ("float32", 1e-6)])
def test_cost_is_the_sum_of_the_pinball_losses(dtype, tolerance):
    net, targets = crossing(dtype), np.repeat(Y[:, None], 3, axis=1)
    raw = net.activations(X)[-1].astype(float)
    expected = pinball_in_numpy(Y, raw).sum(axis=1).mean()
    theirs = sum(mean_pinball_loss(Y, raw[:, j], alpha=p) for j, p in enumerate(QUANTILES))
    np.testing.assert_allclose([net.cost(X, targets), theirs], expected, rtol=tolerance)


def test_gradient_is_that_of_finite_differences():
    net = Network(
        [3, 5, 3],
        "tanh",
        output="identity",
        loss="quantile",
        dtype="float64",
        random_state=0,
        loss_parameter=QUANTILES,
    )
    targets = np.repeat(Y[:, None], 3, axis=1)
    gradient = net.gradient(X, targets, sample_weight=WEIGHT).flat
    differences = []
    for i in range(net.n_params):
        costs = []
        for step in (1e-6, -2e-6):
            net.params[i] += step
            costs.append(net.cost(X, targets, sample_weight=WEIGHT))
        net.params[i] += 1e-6
        differences.append((costs[0] - costs[1]) / 2e-6)
    np.testing.assert_allclose(gradient, differences, atol=1e-8)
    wanted = net.explain_step(X, targets).layers[-1].output_changes
    raw = net.activations(X)[-1]
    assert (wanted == np.where(raw > targets, np.array(QUANTILES) - 1, QUANTILES)).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [2, 3, 7, 16, 33, 100])
def test_each_output_has_the_bits_of_a_network_with_one_quantile(n, dtype):
    """Without hidden layers the outputs do not influence each other."""
    net = crossing(dtype, n)
    alone = [
        Network([3, 1], output="identity", loss="quantile", loss_parameter=p, dtype=dtype)
        for p in net.loss_parameter
    ]
    for j, single in enumerate(alone):
        single.weights[0][...], single.biases[0][...] = net.weights[0][:, j : j + 1], 0
        single.train_epoch(X, Y[:, None], 64, 0.1)
    net.train_epoch(X, np.broadcast_to(Y[:, None], (200, n)), 64, 0.1)
    assert_same_bits(
        net.weights[0], np.concatenate([single.weights[0] for single in alone], axis=1)
    )
    assert_same_bits(net.biases[0], np.concatenate([single.biases[0] for single in alone]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [2, 3, 100])
def test_predictions_never_cross(n, dtype):
    net = crossing(dtype, n)
    rows = np.random.RandomState(3).standard_normal((3000, 3)).astype(dtype)
    raw = net.activations(rows)[-1]
    assert (np.diff(raw) < 0).any(axis=1).mean() > 0.4
    assert_same_bits(net.forward(rows), np.sort(raw, axis=1))
    assert_same_bits(net.forward(rows[:2]), np.sort(raw[:2], axis=1))
    assert_same_bits(net.forward(rows[1:2].astype("float64").tolist()), np.sort(raw[1:2], axis=1))
    assert (net.weighted_sums(rows)[-1] == raw).all()


def test_regressor_predicts_a_column_for_each_quantile():
    model = small(max_iter=300, hidden_layer_sizes=(20,), n_iter_no_change=50).fit(X, Y)
    predicted = model.predict(X)
    assert predicted.shape == (200, 3) and (np.diff(predicted) >= 0).all()
    np.testing.assert_allclose((Y[:, None] <= predicted).mean(axis=0), QUANTILES, atol=0.08)
    assert model.n_outputs_ == 3 and model.predict(X[0:1]).shape == (1, 3)
    gradients = model.gradients(X, Y)
    assert len(gradients.weights) == 2 and model.input_gradient(X, Y).shape == X.shape


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("y", [Y, Y.round()], ids=["distinct", "ties"])
def test_score_is_the_mean_of_the_d2_scores(y, weight):
    model = small().fit(X, y)
    scores = [
        d2_pinball_score(y, model.predict(X)[:, j], alpha=p, sample_weight=weight)
        for j, p in enumerate(QUANTILES)
    ]
    np.testing.assert_allclose(model.score(X, y, weight), np.mean(scores), rtol=1e-12)


def test_score_of_constant_targets():
    net = Network(
        [3, 3], output="identity", loss="quantile", loss_parameter=QUANTILES, dtype="float64"
    )
    model = MLPRegressor.from_arrays(
        [np.zeros((3, 3))], [np.ones(3)], loss="quantile", quantile=QUANTILES
    )
    assert model.score(X, np.ones(200)) == 1 and model.score(X, np.zeros(200)) == 0
    with pytest.warns(match="D\\^2 score is not well-defined"):
        assert np.isnan(model.score(X[:1], Y[:1]))
    assert net.loss_parameter == tuple(QUANTILES)


def test_early_stopping_keeps_the_best_score():
    model = small(early_stopping=True, max_iter=30).fit(X, Y)
    held = state_of(model).held_out_index
    expected = max(model.validation_scores_)
    assert model.best_validation_score_ == expected
    np.testing.assert_allclose(model.score(X[held], Y[held]), expected, rtol=1e-12)
    own = small(max_iter=5).fit(X, Y, X_val=X[:50], y_val=Y[:50])
    np.testing.assert_allclose(
        own.history_["validation_score"][-1], own.score(X[:50], Y[:50]), rtol=1e-12
    )


def test_trainer_of_a_network_scores_quantiles():
    net, targets = crossing(), np.repeat(Y[:, None], 3, axis=1)
    trainer = Trainer(net, max_iter=3, early_stopping=True, random_state=0).run(X, targets)
    held = trainer.state.held_out_index
    scores = [
        d2_pinball_score(Y[held], net.forward(X[held])[:, j], alpha=p)
        for j, p in enumerate(QUANTILES)
    ]
    np.testing.assert_allclose(max(trainer.validation_scores), np.mean(scores), rtol=1e-12)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_y_scale_reports_losses_in_the_unit_of_y(solver):
    y = 1000 + 50 * Y
    model = small(y_scale="standard", solver=solver, alpha=0, max_iter=40).fit(X, y)
    plain = small(solver=solver, alpha=0, max_iter=40).fit(X, (y - y.mean()) * (1 / y.std()))
    np.testing.assert_allclose(model.loss_, plain.loss_ * y.std(), rtol=1e-9)
    np.testing.assert_allclose(model.predict(X), plain.predict(X) * y.std() + y.mean(), rtol=1e-9)


def test_files_pickles_and_parameters(tmp_path):
    model = small().fit(X, Y)
    model.save(tmp_path / "model.cmlp", include_training_state=True)
    loaded, unpickled = cmlp.load(tmp_path / "model.cmlp"), pickle.loads(pickle.dumps(model))
    assert (
        b'"loss":"quantile:3fb999999999999a,3fe0000000000000,'
        in (tmp_path / "model.cmlp").read_bytes()
    )
    for twin in (loaded, unpickled):
        assert twin.quantile == QUANTILES
        assert_same_bits(twin.predict(X), model.predict(X))
        assert_same_bits(
            twin.partial_fit(X, Y).predict(X),
            pickle.loads(pickle.dumps(model)).partial_fit(X, Y).predict(X),
        )
    model.network_.save(tmp_path / "network.cmlp")
    network = cmlp.load(tmp_path / "network.cmlp")
    assert network.loss_parameter == tuple(QUANTILES)
    assert_same_bits(network.forward(X), model.predict(X))


def test_a_single_quantile_keeps_version_1_of_the_file(tmp_path):
    MLPRegressor("quantile", quantile=0.9, max_iter=1).fit(X, Y).save(tmp_path / "model.cmlp")
    assert b'"cmlp":"1"' in (tmp_path / "model.cmlp").read_bytes()


def test_warm_start_and_resume_continue(tmp_path):
    settings = {"n_iter_no_change": float("inf"), "tol": 0}
    whole = small(**settings).fit(X, Y)
    half = small(max_iter=5, **settings).fit(X, Y)
    half.save(tmp_path / "half.cmlp", include_training_state=True)
    resumed = cmlp.load(tmp_path / "half.cmlp").set_params(max_iter=10).fit(X, Y, resume=True)
    assert_same_bits(resumed.predict(X), whole.predict(X))
    warm = small(warm_start=True, **settings).fit(X, Y)
    for quantile in ([0.1, 0.4, 0.9], [0.1, 0.9]):
        with pytest.raises(ValueError, match=r"was fitted with quantile=\(0.1, 0.5, 0.9\)"):
            warm.set_params(quantile=quantile).fit(X, Y)
    assert_same_bits(warm.set_params(quantile=QUANTILES).predict(X), whole.predict(X))


@pytest.mark.parametrize(
    "quantile",
    [
        [0.5],
        [0.5, 0.1],
        [0.1, 0.1],
        [0, 0.5],
        [0.5, 1],
        [0.1, None],
        [[0.1, 0.2]],
        [0.1, np.nan],
        "0.5",
    ],
)
def test_invalid_quantiles(quantile):
    with pytest.raises(
        ValueError, match=r"'quantile' parameter of MLPRegressor must be a float .* ascending"
    ):
        MLPRegressor("quantile", quantile=quantile).fit(X, Y)


def test_invalid_arguments():
    model = small().fit(X, Y)
    two = np.stack([Y, Y], axis=1)
    for call in (model.fit, model.score, model.partial_fit, model.gradients):
        with pytest.raises(
            ValueError, match="y must have one column with several quantiles, got 2"
        ):
            call(X, two)
    with pytest.raises(ValueError, match="needs loss='quantile'"):
        MLPRegressor(quantile=QUANTILES).fit(X, Y)
    with pytest.raises(ValueError, match="for each of the 2 outputs, got 3"):
        Network([3, 2], output="identity", loss="quantile", loss_parameter=QUANTILES)
    with pytest.raises(ValueError, match="loss_parameter must be"):
        Network([3, 3], output="identity", loss="huber", loss_parameter=QUANTILES)


@pytest.mark.parametrize("y_scale", [None, "standard"])
def test_blocks_of_rows_give_the_bits_of_a_fit(y_scale):
    settings = {"shuffle": False, "y_scale": y_scale, "batch_size": 50}
    blocks = [(X[a : a + 70], Y[a : a + 70]) for a in range(0, 200, 70)]
    model = small(**settings).fit_batches(lambda: iter(blocks))
    whole = small(**settings).fit(X, Y)
    if y_scale is None:
        assert_same_bits(model.predict(X), whole.predict(X))
    np.testing.assert_allclose(model.predict(X), whole.predict(X), rtol=1e-9)
