"""Network: results worked by hand and compared with NumPy, parameters and views, training, copies."""

import copy
import pickle

import numpy as np
import pytest
import reference
from helpers import (
    DTYPES,
    HIDDEN,
    OUTPUTS,
    assert_close,
    assert_same_bits,
    inputs,
    labels,
    layers,
    net_and_params,
    targets,
    uniform,
)
from internals import model_of
from sklearn.neural_network import MLPClassifier as SklearnMLPClassifier

from cmlp import MLPClassifier, Network, Optimizer, Trainer
from cmlp.exceptions import DivergenceError

# ---------------------------------------------------------------- worked by hand


@pytest.fixture(params=["float32", "float64"])
def by_hand(request):
    """Two inputs, two relu units, one identity output. All numbers below are exact in binary."""
    net = Network([2, 2, 1], "relu", output="identity", loss="squared_error", dtype=request.param)
    net.weights[0][...] = [[1.0, -1.0], [0.5, 0.25]]
    net.biases[0][...] = [0.5, 0.0]
    net.weights[1][...] = [[2.0], [4.0]]
    net.biases[1][...] = [-1.0]
    return net


ROW, TARGET = np.array([[1.0, 2.0]]), np.array([[1.0]])


def test_forward_by_hand(by_hand):
    # z = (1*1 + 2*0.5 + 0.5,  1*-1 + 2*0.25 + 0) = (2.5, -0.5);  relu gives (2.5, 0)
    # output: 2.5*2 + 0*4 - 1 = 4
    given, hidden, output = by_hand.activations(ROW)
    np.testing.assert_array_equal(given, [[1, 2]])
    np.testing.assert_array_equal(hidden, [[2.5, 0]])
    np.testing.assert_array_equal(output, [[4]])
    np.testing.assert_array_equal(by_hand.forward(ROW), [[4]])


def test_cost_by_hand(by_hand):
    assert by_hand.cost(ROW, TARGET) == (4 - 1) ** 2
    # The mean of two rows: the output of the second row is 2*(0+0+0.5) - 1 = 0, which equals its
    # target.
    assert by_hand.cost([[1, 2], [0, 0]], [[1], [0]]) == 9 / 2


def test_gradient_by_hand(by_hand):
    # d cost / d output = 2 (4 - 1) = 6; multiplied by the weights (2, 4) that gives (12, 24).
    # The second hidden unit is inactive, so its delta is 0.
    gradient = by_hand.gradient(ROW, TARGET)
    np.testing.assert_array_equal(gradient.weights[1], [[2.5 * 6], [0]])
    np.testing.assert_array_equal(gradient.biases[1], [6])
    np.testing.assert_array_equal(gradient.weights[0], [[1 * 12, 0], [2 * 12, 0]])
    np.testing.assert_array_equal(gradient.biases[0], [12, 0])
    np.testing.assert_array_equal(gradient.flat, [12, 0, 24, 0, 12, 0, 15, 0, 6])
    assert all(np.shares_memory(w, gradient.flat) for w in gradient.weights)
    assert gradient.norm == pytest.approx(np.sqrt(12**2 + 24**2 + 12**2 + 15**2 + 6**2))
    np.testing.assert_array_equal(by_hand.input_gradient(ROW, TARGET), [[12 * 1, 12 * 0.5]])


def test_step_by_hand(by_hand):
    assert by_hand.step(ROW, TARGET, 0.125) == 9  # the cost before the step
    np.testing.assert_array_equal(by_hand.weights[0], [[1 - 1.5, -1], [0.5 - 3, 0.25]])
    np.testing.assert_array_equal(by_hand.biases[0], [0.5 - 1.5, 0])
    np.testing.assert_array_equal(by_hand.weights[1], [[2 - 15 / 8], [4]])
    np.testing.assert_array_equal(by_hand.biases[1], [-1 - 0.75])


def test_log_loss_by_hand():
    # With all parameters 0, logistic units give 1/2 and softmax gives four equal probabilities.
    net = Network([3, 2, 4], dtype="float64")
    net.params[:] = 0
    X, Y = [[1, 2, 3], [4, 5, 6]], [0, 2]
    np.testing.assert_array_equal(net.forward(X), np.full((2, 4), 0.25))
    assert net.cost(X, Y) == np.log(4)
    # delta = p - y, averaged over two rows of different classes
    gradient = net.gradient(X, Y)
    np.testing.assert_array_equal(gradient.biases[1], [-0.25, 0.25, -0.25, 0.25])
    np.testing.assert_array_equal(gradient.weights[1], [gradient.biases[1] / 2] * 2)


def test_logistic_outputs_by_hand():
    # Each output is an independent binary question; a probability of 1/2 costs ln 2.
    net = Network([1, 3], output="logistic", dtype="float64")
    net.params[:] = 0
    assert net.cost([[1.0]], [[1, 0, 1]]) == pytest.approx(3 * np.log(2), rel=1e-15)
    np.testing.assert_array_equal(net.gradient([[1.0]], [[1, 0, 1]]).biases[0], [-0.5, 0.5, -0.5])


# ---------------------------------------------------------------- against plain NumPy


@pytest.mark.sampled(4)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("output", "loss"), OUTPUTS)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_every_tensor_matches_numpy(hidden, output, loss, dtype):
    """Compares activations, cost, gradients, and deltas (the bias gradients of a single row)."""
    sizes = (150, 21, 17, 5)
    net, params = net_and_params(sizes, layers(4, hidden, output), loss, dtype, seed=1)
    params *= dtype(0.3)
    twin = reference.Network(sizes, net.activations, loss)
    exact = params.astype(np.float64)
    X, Y = inputs(2, 33, 150, dtype), targets(3, 33, 5, output, loss, dtype)
    for ours, theirs in zip(net.activations_of(params, X), twin.forward(exact, X)[1:], strict=True):
        assert_close(ours, theirs, dtype)
    assert_close(net.forward(params, X), twin.forward(exact, X)[-1], dtype)
    gradient, cost = net.gradient(params, X, Y)
    assert_close(cost, twin.cost(exact, X, Y), dtype)
    assert net.cost(params, X, Y) == cost
    assert_tensors_close(net, gradient, twin.gradient(exact, X, Y), dtype)
    assert_close(net.input_gradient(params, X, Y), twin.input_gradient(exact, X, Y), dtype)
    delta, _ = net.gradient(params, X[:1], Y[:1])
    assert_tensors_close(net, delta, twin.gradient(exact, X[:1], Y[:1]), dtype)


def assert_tensors_close(net, block, expected, dtype):
    """Compare tensor by tensor, so that errors in small tensors are not hidden by large ones."""
    for ours, theirs in zip(net.views(block), net.views(expected), strict=True):
        for a, b in zip(ours, theirs, strict=True):
            assert_close(a, b, dtype, 2e-5 if dtype == np.float32 else 1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 127, 128, 129, 256, 257, 700])
def test_batches_of_every_length_match_numpy(n, dtype):
    """Covers the edges of row chunks (128) and batch tiles (256)."""
    sizes = (9, 7, 4)
    net, params = net_and_params(sizes, ["tanh", "softmax"], "log_loss", dtype)
    twin = reference.Network(sizes, net.activations, net.loss)
    X, Y, weight = inputs(1, n, 9, dtype), labels(2, n, 4), uniform(3, n, low=0.0)
    keywords = {"alpha": 0.3, "loss_scale": 0.5}
    gradient, cost = net.gradient(params, X, Y, sample_weight=weight, **keywords)
    exact = params.astype(np.float64)
    expected = twin.gradient(exact, X, Y, weight=weight, **keywords)
    assert_tensors_close(net, gradient, expected, dtype)
    assert_close(cost, twin.cost(exact, X, Y, weight=weight, **keywords), dtype)


@pytest.mark.parametrize("clip", [0, 1e-7, 1e-3])
@pytest.mark.parametrize("output", ["softmax", "logistic"])
def test_reported_log_loss_can_be_clipped(output, clip):
    """scikit-learn clips probabilities before it reports the log loss; cmlp clips only if `clip` is given."""
    net, params = net_and_params((4, 3), [output], "log_loss", np.float64)
    params *= 20
    X, Y = inputs(1, 50, 4, np.float64), targets(2, 50, 3, output, "log_loss", np.float64)
    twin = reference.Network((4, 3), [output], "log_loss")
    cost = net.cost(params, X, Y, clip=clip)
    assert cost == pytest.approx(twin.cost(params, X, Y, clip=clip), rel=1e-9)
    assert (cost != net.cost(params, X, Y)) == (clip > 0)


def test_confident_error_has_a_finite_exact_cost():
    net = Network([1, 2], dtype="float32")
    net.weights[0][...] = [[500, -500]]
    net.biases[0][...] = 0
    assert net.forward([[1.0]])[0, 1] == 0
    assert net.cost([[1.0]], [1]) == 1000


# ---------------------------------------------------------------- parameters and views


def test_digit_network_has_13002_parameters():
    net = Network([784, 16, 16, 10])
    assert net.n_params == len(net.params) == 13002
    assert [w.shape for w in net.weights] == [(784, 16), (16, 16), (16, 10)]
    assert [b.shape for b in net.biases] == [(16,), (16,), (10,)]
    assert net.params.dtype == np.float32
    assert repr(net) == (
        "Network(784-16-16-10: logistic, logistic, softmax; log_loss, float32, 13002 parameters)"
    )


def test_params_are_one_block_of_weights_and_biases():
    net = Network([2, 3, 1], output="identity", loss="squared_error")
    net.params[:] = range(13)
    np.testing.assert_array_equal(net.weights[0], [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(net.biases[0], [6, 7, 8])
    np.testing.assert_array_equal(net.weights[1], [[9], [10], [11]])
    np.testing.assert_array_equal(net.biases[1], [12])


def test_writing_to_a_view_changes_the_network():
    net = Network([2, 2], output="identity", loss="squared_error", random_state=0)
    net.weights[0][...] = np.eye(2)
    net.biases[0][...] = [10, 20]
    np.testing.assert_array_equal(net.forward([[1, 2]]), [[11, 22]])
    net.params[:] = 0
    np.testing.assert_array_equal(net.forward([[1, 2]]), [[0, 0]])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ["logistic", "relu", ["tanh", "logistic"]])
def test_initial_parameters_match_scikit_learn(activation, dtype):
    net = Network([9, 8, 7, 3], activation, dtype=dtype, random_state=42)
    twin = reference.Network(net.sizes, (*net.activation, net.output), "log_loss", dtype)
    assert_same_bits(net.params, twin.init_params(np.random.RandomState(42)))
    same = Network([9, 8, 7, 3], activation, dtype=dtype, random_state=np.random.RandomState(42))
    assert_same_bits(same.params, net.params)


@pytest.mark.parametrize("activation", ["logistic", "relu"])
def test_activation_sets_the_initial_bound_without_hidden_layers_as_in_scikit_learn(activation):
    X, y = inputs(0, 30, 9, np.float64), labels(1, 30, 3)
    frozen = {
        "solver": "sgd",
        "learning_rate_init": 1e-300,
        "alpha": 0,
        "max_iter": 1,
        "random_state": 42,
    }
    net = Network([9, 3], activation, dtype="float64", random_state=42)
    for estimator in (MLPClassifier, SklearnMLPClassifier):
        model = estimator((), activation, **frozen).partial_fit(X, y, classes=np.arange(3))
        assert_close(model.coefs_[0], net.weights[0], np.float64)
        assert_close(model.intercepts_[0], net.biases[0], np.float64)


def test_without_a_seed_networks_differ():
    assert (Network([5, 5]).params != Network([5, 5]).params).any()


def test_each_hidden_layer_can_have_its_own_activation():
    net = Network(
        [1, 1, 1, 1], ["relu", "tanh"], output="identity", loss="squared_error", dtype="float64"
    )
    net.params[:] = [2, 0] * 3
    assert_close(net.activations([[0.5]])[2], [[np.tanh(2)]], np.float64)
    np.testing.assert_array_equal(net.activations([[-0.5]])[1], [[0]])


# ---------------------------------------------------------------- passes and steps


def test_forward_writes_into_out():
    net = Network([3, 4, 2], random_state=0)
    X = inputs(0, 5, 3, np.float32)
    out = np.full((5, 2), np.nan, np.float32)
    assert net.forward(X, out) is out
    assert_same_bits(out, net.forward(X))


def test_every_method_applies_input_scale():
    pixels = (uniform(0, 6, 4, low=0, high=256)).astype(np.uint8)
    Y = labels(1, 6, 3)
    scaled = Network([4, 5, 3], dtype="float64", input_scale=0.25, random_state=0)
    plain = Network([4, 5, 3], dtype="float64", random_state=0)
    X = pixels * 0.25
    for ours, theirs in zip(scaled.activations(pixels), plain.activations(X), strict=True):
        assert_same_bits(ours, theirs)
    assert scaled.cost(pixels, Y) == plain.cost(X, Y)
    assert_same_bits(scaled.gradient(pixels, Y).flat, plain.gradient(X, Y).flat)
    # The gradient is for the unscaled input: the chain rule multiplies by the scale.
    assert_same_bits(scaled.input_gradient(pixels, Y), 0.25 * plain.input_gradient(X, Y))
    assert scaled.train_epoch(pixels, Y, 2, 0.1).loss == plain.train_epoch(X, Y, 2, 0.1).loss
    assert_same_bits(scaled.params, plain.params)


@pytest.mark.parametrize("dtype", DTYPES)
def test_epoch_is_one_step_per_batch(dtype):
    net = Network([6, 5, 3], "tanh", dtype=dtype, random_state=3)
    twin = copy.copy(net)
    X, Y = inputs(1, 25, 6, dtype), labels(2, 25, 3)
    cost = net.train_epoch(X, Y, batch_size=10, optimizer=0.5).loss
    costs = [twin.step(X[i : i + 10], Y[i : i + 10], 0.5) for i in (0, 10, 20)]
    assert_same_bits(net.params, twin.params)
    assert cost == pytest.approx(np.average(costs, weights=[10, 10, 5]), rel=1e-14)


def test_step_descends_along_the_gradient():
    net = Network([6, 5, 3], dtype="float64", random_state=3)
    X, Y = inputs(1, 25, 6, np.float64), labels(2, 25, 3)
    expected = net.params - 0.5 * net.gradient(X, Y).flat
    before = net.cost(X, Y)
    assert net.step(X, Y, 0.5) == before
    assert_close(net.params, expected, np.float64, 1e-15)
    assert net.cost(X, Y) < before


def test_forward_and_cost_read_the_rows_of_an_order():
    X, y, net = inputs(1, 9, 3, np.float32), labels(2, 9, 2), Network([3, 4, 2], random_state=0)
    order = [7, 2, 2, 0]
    assert_same_bits(net.forward(X, order=order), net.forward(X[order]))
    assert net.cost(X, y, order=order) == net.cost(X[order], y[order])
    with pytest.raises(ValueError, match="order must be row indices from 0 to 8"):
        net.forward(X, order=[9])


def test_optimizers_show_their_state():
    assert repr(Network([3, 2]).optimizer("adam", learning_rate=0.01)) == (
        "Optimizer('adam', learning_rate=0.01, n_steps=0)"
    )


def test_order_selects_rows():
    order = np.array([4, 4, 0, 19, 7, 7, 1])
    X, Y = inputs(1, 20, 6, np.float32), labels(2, 20, 3)
    ours, theirs = (Network([6, 5, 3], random_state=3) for _ in range(2))
    assert (
        ours.train_epoch(X, Y, 3, 0.5, order=order).loss
        == theirs.train_epoch(X[order], Y[order], 3, 0.5).loss
    )
    assert_same_bits(ours.params, theirs.params)


def test_training_learns_exclusive_or():
    X, Y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), [0, 1, 1, 0]
    net = Network([2, 8, 2], "tanh", random_state=1)
    costs = [net.train_epoch(X, Y, 4, 0.5).loss for _ in range(500)]
    assert costs[-1] < 0.05 < costs[0]
    np.testing.assert_array_equal(net.forward(X).argmax(axis=1), Y)


# ---------------------------------------------------------------- pickling, copying


twins = pytest.mark.parametrize(
    "twin_of",
    [copy.copy, copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))],
    ids=["copy", "deepcopy", "pickle"],
)


@twins
def test_parameters_are_aligned_to_a_cache_line(twin_of):
    """Alignment is for speed. NumPy alone would align one array in four by chance."""
    nets = [Network([784, n, 10]) for n in range(10, 18)]
    for net in [*nets, *map(twin_of, nets)]:
        assert net.params.ctypes.data % 64 == 0
        assert net.weights[0].base is net.biases[1].base is net.params


def test_unpickling_with_buffers_does_not_copy_parameters():
    net = Network([784, 16, 10])
    buffers = []
    data = pickle.dumps(net, protocol=5, buffer_callback=buffers.append)
    memory = bytes(1) * 4 + net.params.tobytes()
    twin = pickle.loads(data, buffers=[memoryview(memory)[4:]])
    assert len(buffers) == 1 and not twin.params.flags.writeable
    assert_same_bits(twin.params, net.params)
    assert np.shares_memory(twin.params, np.frombuffer(memory, np.uint8))


@twins
@pytest.mark.parametrize("dtype", DTYPES)
def test_copy_has_the_same_bits_and_is_independent(twin_of, dtype):
    net = Network([6, 5, 3], "relu", dtype=dtype, input_scale=0.5, random_state=0, n_threads=1)
    X, Y = inputs(1, 20, 6, dtype), labels(2, 20, 3)
    net.train_epoch(X, Y, 5, 0.1)
    twin = twin_of(net)
    assert_same_bits(twin.params, net.params)
    assert_same_bits(twin.forward(X), net.forward(X))
    assert repr(twin) == repr(net)
    before = net.params.copy()
    assert np.shares_memory(twin.weights[0], twin.params)
    twin.train_epoch(X, Y, 5, 0.1)
    assert_same_bits(net.params, before)
    net.train_epoch(X, Y, 5, 0.1)
    assert_same_bits(net.params, twin.params)


# Positions in the parameter vector


def test_index_names_every_parameter():
    net = Network([3, 4, 2], dtype="float64", random_state=0)
    for k in range(net.n_params):
        layer, source, target = net.index(k)
        place = net.biases[layer][target] if source is None else net.weights[layer][source, target]
        assert place == net.params[k]
        net.params[k] += 1
        assert (
            net.biases[layer][target] if source is None else net.weights[layer][source, target]
        ) == net.params[k]
    assert net.index(0) == (0, 0, 0) and net.index(np.int64(12)) == (0, None, 0)
    assert net.index(13)._asdict() == {"layer": 0, "source": None, "target": 1}
    assert net.index(net.n_params - 1) == (1, None, 1)


@pytest.mark.parametrize("k", [-1, 26, 10**30])
def test_index_outside_the_parameters_raises(k):
    with pytest.raises(IndexError, match=f"k must be from 0 to 25, got {k}"):
        Network([3, 4, 2]).index(k)


@pytest.mark.parametrize("k", [1.0, "1", None])
def test_index_needs_an_integer(k):
    with pytest.raises(TypeError):
        Network([3, 4, 2]).index(k)


# Training with an optimizer


@pytest.mark.parametrize("kind", ["sgd", "momentum", "nesterov", "adam"])
def test_train_epoch_trains_with_the_optimizer(kind):
    X, Y = inputs(1, 20, 3, np.float64), labels(2, 20, 2)
    net, twin = (Network([3, 4, 2], dtype="float64", random_state=0) for _ in range(2))
    optimizer = net.optimizer(kind, learning_rate=0.1, momentum=0.5)
    other = Optimizer(model_of(twin).net, kind, learning_rate=0.1, momentum=0.5)
    order = np.arange(20)[::-1]
    for rates in (None, np.linspace(0.1, 0.3, 4)):
        epoch = net.train_epoch(
            X, Y, 5, optimizer, order=order, learning_rates=rates, gradient_norm=True
        )
        expected = model_of(twin).net.train_epoch(
            twin.params, X, Y, other, batch_size=5, order=order, rates=rates, wants_norm=True
        )  # fmt: skip
        assert epoch == expected and epoch.batches == 4 and epoch.gradient_norm > 0
    assert_same_bits(net.params, twin.params)
    assert optimizer.n_steps == 8
    assert np.isnan(net.train_epoch(X, Y, 5, optimizer).gradient_norm)


def test_epoch_reports_the_loss_as_a_trainer_does():
    X, y = inputs(1, 20, 3, np.float64), labels(2, 20, 2)
    nets = [Network([3, 4, 2], dtype="float64", random_state=0) for _ in range(2)]
    epoch = nets[0].train_epoch(X, y, 20, 0.1, alpha=0.5)
    assert 0 < epoch.penalty < epoch.loss
    trainer = Trainer(
        nets[1], solver="sgd", learning_rate_init=0.1, alpha=0.5, batch_size=20, shuffle=False
    )
    assert next(trainer.epochs(X, y)).loss == pytest.approx(epoch.loss, rel=1e-12)


@pytest.mark.parametrize(
    ("output", "loss", "n_outputs"),
    [("softmax", "log_loss", 3), ("logistic", "log_loss", 1), ("logistic", "squared_error", 4)],
)
def test_predict_returns_classes(output, loss, n_outputs):
    net = Network([3, 4, n_outputs], output=output, loss=loss, random_state=0)
    net.biases[-1][:] = 0
    X = uniform(3, 40, 3) * 9
    outputs = net(X)
    assert_same_bits(outputs, net.forward(X))
    expected = [int(row[0] > 0.5) if n_outputs == 1 else int(np.argmax(row)) for row in outputs]
    assert net.predict(X).tolist() == expected and len(set(expected)) > 1


def test_predict_returns_numbers():
    X = uniform(3, 5, 3)
    flat, wide = (
        Network([3, n], output="identity", loss="squared_error", random_state=0) for n in (1, 2)
    )
    assert_same_bits(flat.predict(X), flat.forward(X)[:, 0])
    assert_same_bits(wide.predict(X), wide.forward(X))


def test_only_sizes_and_activation_are_positional():
    assert Network([3, 4, 2], "relu").activation == ("relu",)
    with pytest.raises(TypeError, match="positional"):
        Network([3, 4, 2], "relu", "softmax")


@pytest.mark.parametrize("kind", ["momentum", "nesterov"])
def test_momentum_is_0_9_by_default(kind):
    X, Y = inputs(1, 20, 3, np.float64), labels(2, 20, 2)
    results = []
    for given in ({}, {"momentum": 0.9}, {"momentum": 0.0}):
        net = Network([3, 4, 2], dtype="float64", random_state=0)
        net.train_epoch(X, Y, 5, net.optimizer(kind, learning_rate=0.1, **given))
        results.append(net.params)
    assert_same_bits(results[0], results[1])
    assert (results[0] != results[2]).any()


@pytest.mark.parametrize(
    "name, value",
    [
        ("momentum", -3),
        ("momentum", 1.5),
        ("beta_1", 1),
        ("beta_2", -0.1),
        ("epsilon", 0),
        ("epsilon", np.nan),
    ],
)
def test_invalid_hyperparameters_of_an_optimizer_raise_at_once(name, value):
    with pytest.raises(ValueError, match=f"{name} must be a float in the range .*, got {value}"):
        Network([3, 4, 2]).optimizer("adam", learning_rate=0.1, **{name: value})


def test_parameters_after_divergence_are_as_documented():
    """Not restored if all costs were finite; those before the batch if its cost was not."""
    X, Y = np.ones((2, 1)), np.ones((2, 1))
    net = Network([1, 1], "identity", output="identity", loss="squared_error", random_state=0)
    with pytest.raises(DivergenceError):
        net.train_epoch(1e20 * X, 1e20 * Y, 2, 1e30)
    assert np.isfinite(net.params).all()
    with pytest.raises(DivergenceError):
        net.train_epoch(1e15 * X, Y, 2, 1e30)
    assert not np.isfinite(net.params).all()


def test_gradient_norm_is_that_of_the_last_batch():
    X, Y = inputs(1, 20, 3, np.float64), labels(2, 20, 2)
    net = Network([3, 4, 2], dtype="float64", random_state=0)
    expected = net.gradient(X, Y).norm
    epoch = net.train_epoch(X, Y, 20, net.optimizer(learning_rate=0.1), gradient_norm=True)
    assert epoch.gradient_norm == pytest.approx(expected, rel=1e-12)


def test_optimizer_of_another_network_is_refused():
    X, Y = inputs(1, 20, 3, np.float64), labels(2, 20, 2)
    other = Network([3, 5, 2]).optimizer("adam", learning_rate=0.1)
    with pytest.raises(ValueError, match="optimizer state must have"):
        Network([3, 4, 2]).train_epoch(X, Y, 5, other)
    for rate in (-1, np.nan, "fast"):
        with pytest.raises(ValueError, match="learning_rate must be a float in the range"):
            Network([3, 4, 2]).optimizer(learning_rate=rate)


# Synonyms and pickles


def test_sigmoid_is_a_synonym_of_logistic():
    X = inputs(1, 20, 3, np.float32)
    for ours, theirs in (("logistic", "sigmoid"), (["logistic", "tanh"], ["sigmoid", "tanh"])):
        net = Network([3, 4, 5, 2], ours, output="logistic", random_state=0)
        twin = Network([3, 4, 5, 2], theirs, output="sigmoid", random_state=0)
        assert repr(twin) == repr(net)
        assert_same_bits(twin.params, net.params)
        assert_same_bits(twin.forward(X), net.forward(X))
    assert_same_bits(
        Network([3, 2], "sigmoid", random_state=0).params, Network([3, 2], random_state=0).params
    )


def test_pickle_of_another_version_or_with_other_parameters_is_refused():
    net = Network([3, 4, 2])
    fields = net.__getstate__()
    former = {name: value for name, value in fields.items() if name != "version"}
    for damaged, message in (
        (former, "network was pickled by another version"),
        ({**fields, "_params": net.params[:-1]}, "must be 26 values of dtype float32"),
        ({**fields, "_params": net.params.astype(float)}, "must be 26 values of dtype float32"),
        (
            {**fields, "_params": np.full(26, None)},
            "network is damaged: params must be a 1-D array of float32 or float64",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            Network.__new__(Network).__setstate__(damaged)
    swapped = Network.__new__(Network)
    swapped.__setstate__({**fields, "_params": net.params.astype(net.params.dtype.newbyteorder())})
    assert_same_bits(swapped.params, net.params)
