"""Parameters of activations and losses, penalties per layer, clipping, dropout, weighted sums and deltas."""

import numpy as np
import pytest
import reference
from helpers import (
    DTYPES,
    HIDDEN,
    OUTPUTS,
    SOLVERS,
    assert_close,
    assert_same_bits,
    inputs,
    labels,
    layers,
    net_and_params,
    parameter_of,
    targets,
    uniform,
)

from cmlp import Network
from cmlp._bridge import _core

SIZES, ROWS = (9, 8, 7, 4), 50
ALPHAS, RATES = [0.3, 0.0, 1.2], [0.25, 0.5]


def problem(dtype, hidden="gelu"):
    net, params = net_and_params(SIZES, layers(4, hidden, "softmax"), "log_loss", dtype)
    return net, params, inputs(1, ROWS, SIZES[0], dtype), labels(2, ROWS, SIZES[-1])


# ------------------------------------------------------------------------------------------- parameters


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [name for name, row in _core.ACTIVATIONS.items() if row.parameter])
def test_activation_parameters_match_numpy(name, dtype):
    net = _core.Net(SIZES, [name, name, "softmax"], "log_loss", dtype, [0.7, 0, 0])
    twin = reference.Network(SIZES, net.activations, net.loss, parameters=[0.7, 0, 0])
    params = uniform(0, net.n_params).astype(dtype)
    X, Y = inputs(1, ROWS, SIZES[0], dtype), labels(2, ROWS, SIZES[-1])
    assert net.activation_parameters == (0.7, _core.ACTIVATIONS[name].parameter, 0)
    assert_close(net.forward(params, X), twin.forward(params, X)[-1], dtype)
    assert_close(net.gradient(params, X, Y)[0], twin.gradient(params, X, Y), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("output", "loss"), [pair for pair in OUTPUTS if _core.LOSSES[pair[1]].parameter]
)
def test_loss_parameter_matches_numpy(output, loss, dtype):
    p = parameter_of(loss)
    net = _core.Net((6, 5, 3), ["tanh", output], loss, dtype, None, p)
    twin = reference.Network((6, 5, 3), ["tanh", output], loss, loss_parameter=p)
    params = uniform(0, net.n_params).astype(dtype)
    X, Y = inputs(1, ROWS, 6, dtype), targets(2, ROWS, 3, output, loss, dtype)
    assert_close(net.cost(params, X, Y), twin.cost(params, X, Y), dtype)
    assert_close(net.gradient(params, X, Y)[0], twin.gradient(params, X, Y), dtype)


@pytest.mark.parametrize("loss", ["focal", "label_smoothing"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_class_indices_equal_one_hot_targets(loss, dtype):
    net, params = net_and_params((6, 5, 3), ["tanh", "softmax"], loss, dtype)
    X, Y = inputs(1, ROWS, 6, dtype), labels(2, ROWS, 3)
    ours, theirs = net.gradient(params, X, Y), net.gradient(params, X, np.eye(3)[Y])
    assert_same_bits(ours[0], theirs[0])
    assert ours[1] == theirs[1]


@pytest.mark.parametrize(("loss", "parameter"), [("focal", 1e-9), ("label_smoothing", 1e-9)])
@pytest.mark.parametrize("output", ["softmax", "logistic"])
def test_losses_tend_to_the_log_loss(loss, parameter, output):
    X, Y = inputs(1, ROWS, 6, np.float64), labels(2, ROWS, 3)
    plain, params = net_and_params((6, 5, 3), ["tanh", output], "log_loss", np.float64)
    net = _core.Net((6, 5, 3), ["tanh", output], loss, np.float64, None, parameter)
    assert net.cost(params, X, Y) == pytest.approx(plain.cost(params, X, Y), rel=1e-7)
    np.testing.assert_allclose(
        net.gradient(params, X, Y)[0], plain.gradient(params, X, Y)[0], atol=1e-7
    )


def test_focal_loss_of_extreme_logits_is_finite():
    for output in ("softmax", "logistic"):
        net = _core.Net((2, 2), [output], "focal", np.float32, None, 0.5)
        params = np.array([80, -80, -80, 80, 0, 0], np.float32)
        gradient, cost = net.gradient(params, np.eye(2), [0, 1])
        assert abs(cost) < 1e-6 and np.isfinite(gradient).all()
        gradient, cost = net.gradient(params, np.eye(2), [1, 0])
        assert cost > 79 and np.isfinite(gradient).all()


# ------------------------------------------------------------------------------------------------- steps


STEPS = {
    "alphas": {"alphas": ALPHAS},
    "dropout": {"dropout": RATES, "dropout_seed": 7},
    "both": {"alphas": ALPHAS, "dropout": RATES, "dropout_seed": 7},
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("max_norm", [0.0, 0.05])
@pytest.mark.parametrize("objective", STEPS.values(), ids=STEPS.keys())
@pytest.mark.parametrize("kind", SOLVERS)
def test_training_matches_numpy(kind, objective, max_norm, dtype):
    net, params, X, Y = problem(dtype)
    order = np.argsort(uniform(4, ROWS), kind="stable")
    twin = reference.Network(SIZES, net.activations, net.loss)
    expected = params.astype(np.float64)
    ours = _core.Optimizer(net, kind, max_norm=max_norm, **SOLVERS[kind])
    theirs = reference.Optimizer(
        net.n_params, kind, max_norm=max_norm, is_weight=twin.is_weight(), **SOLVERS[kind]
    )
    given = {"alpha" if name == "alphas" else name: value for name, value in objective.items()}
    for _ in range(2):
        cost, penalty, _, _ = net.train_epoch(
            params, X, Y, ours, batch_size=12, order=order, **objective
        )
        costs = reference.train_epoch(
            twin, expected, X, Y, theirs, batch_size=12, order=order, **given
        )
        tolerance = 2e-4 if dtype == np.float32 else 1e-10
        np.testing.assert_allclose(params, expected, rtol=tolerance, atol=tolerance)
        assert (cost, penalty) == pytest.approx(costs, rel=tolerance)


@pytest.mark.parametrize("kind", SOLVERS)
def test_a_step_along_the_gradient_has_the_bits_of_training(kind):
    net, params, X, Y = problem(np.float32)
    alone = params.copy()
    fused = _core.Optimizer(net, kind, max_norm=0.05, **SOLVERS[kind])
    single = _core.Optimizer(net, kind, max_norm=0.05, **SOLVERS[kind])
    objective = {"alphas": ALPHAS, "dropout": RATES, "dropout_seed": 3}
    for step in range(3):
        net.train_epoch(params, X, Y, fused, batch_size=ROWS, **objective)
        gradient, _ = net.gradient(alone, X, Y, dropout_step=step, **objective)
        _core.step(net, alone, gradient, single)
        assert_same_bits(params, alone)


def test_equal_alphas_equal_one_alpha():
    net, params, X, Y = problem(np.float32)
    assert_same_bits(
        net.gradient(params, X, Y, alphas=[0.4] * 3)[0], net.gradient(params, X, Y, alpha=0.4)[0]
    )


def test_the_clipped_step_has_the_length_of_max_norm():
    net, params, X, Y = problem(np.float64)
    before = params.copy()
    optimizer = _core.Optimizer(net, "sgd", learning_rate=1, max_norm=0.01)
    norm = net.train_epoch(params, X, Y, optimizer, batch_size=ROWS, wants_norm=True)[2]
    assert norm == pytest.approx(np.linalg.norm(net.gradient(before, X, Y)[0])) and norm > 0.01
    assert np.linalg.norm(params - before) == pytest.approx(0.01)


def test_adamw_without_gradient_decays_weights_alone():
    net, params, _, _ = problem(np.float64)
    before = params.copy()
    optimizer = _core.Optimizer(net, "adamw", learning_rate=0.1, weight_decay=0.5)
    _core.step(net, params, np.zeros_like(params), optimizer)
    is_weight = reference.Network(SIZES, net.activations, net.loss).is_weight()
    np.testing.assert_allclose(params, before * (1 - 0.05 * is_weight), rtol=1e-15)


# ----------------------------------------------------------------------------------------------- dropout


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ((0, 0, 0, 0), (0, 0), (0x5F6FB709, 0x0D893F64, 0x4F121F81, 0x4F730A48)),
        ((2**32 - 1,) * 4, (2**32 - 1,) * 2, (0x5207DDC2, 0x45165E59, 0x4D8EE751, 0x8C52F662)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0x4DFCCABA, 0x190A87F0, 0xC47362BA, 0xB6B5242A),
        ),
    ],
)
def test_reference_generator_has_the_known_answers(counter, key, words):
    """The answers that the authors of Philox publish for seven rounds."""
    assert reference.philox(counter, key) == words


@pytest.mark.parametrize("step", [0, 5, 2**32 + 7])
@pytest.mark.parametrize("row", [0, 3, 2**32 + 11])
def test_dropout_mask_is_that_of_the_reference(step, row):
    """A network that hands its input's dropped units to the output, one weight each."""
    width = 150  # two blocks of 64 units and a part
    net = _core.Net((1, width, width), ["identity", "identity"], "squared_error", np.float64)
    params = np.zeros(net.n_params)
    (_, last), (bias, _) = net.views(params)
    bias[...], last[...] = 1, np.eye(width)
    keywords = {"dropout": [0.4], "dropout_seed": 12, "dropout_step": step, "dropout_row": row}
    deltas = net.deltas(params, np.zeros((1, 1)), np.zeros((1, width)), **keywords)
    expected = reference.dropout_mask(12, step, 0, row, width, 0.4)
    np.testing.assert_allclose(deltas[-1][0] / 2, expected, rtol=1e-15)
    assert set(expected) == {0, 1 / 0.6}


@pytest.mark.parametrize("hidden", HIDDEN)
def test_gradient_with_dropout_equals_differences_of_the_cost(hidden):
    net, params, X, Y = problem(np.float64, hidden)
    keywords = {"dropout": RATES, "dropout_seed": 3, "dropout_step": 4}
    gradient, _ = net.gradient(params, X, Y, **keywords)
    for seed in range(4):
        direction = uniform(seed, params.size)
        above, below = (net.cost(params + h * direction, X, Y, **keywords) for h in (1e-6, -1e-6))
        assert direction @ gradient == pytest.approx((above - below) / 2e-6, rel=1e-6, abs=1e-7)


def test_dropout_keeps_the_share_and_the_mean():
    net = _core.Net((1, 400, 1), ["identity", "identity"], "squared_error", np.float64)
    params = np.zeros(net.n_params)
    (_, last), (bias, _) = net.views(params)
    bias[...], last[...] = 1, 1 / 400
    delta = (
        net.deltas(params, np.zeros((500, 1)), np.zeros((500, 1)), dropout=[0.3], dropout_seed=1)[
            -1
        ]
        / 2
    )
    assert delta.mean() == pytest.approx(1, abs=0.005)


@pytest.mark.parametrize("dtype", DTYPES)
def test_dropout_does_not_depend_on_threads_or_split(dtype):
    sizes = (40, 70, 50, 6)
    net, params = net_and_params(sizes, layers(4, "silu", "softmax"), "log_loss", dtype)
    X, Y = inputs(1, 700, 40, dtype), labels(2, 700, 6)
    keywords = {"dropout": [0.3, 0.6], "dropout_seed": 9, "dropout_step": 2}
    whole = net.deltas(params, X, Y, n_threads=1, **keywords)
    for ours, theirs in zip(net.deltas(params, X, Y, n_threads=3, **keywords), whole, strict=True):
        assert_same_bits(ours, theirs)
    part = net.deltas(params, X[300:], Y[300:], dropout_row=300, **keywords)
    for ours, theirs in zip(part, whole, strict=True):
        assert_same_bits(ours, theirs[300:])
    results = []
    for n_threads in (1, 2, 4):
        trained, optimizer = (
            params.copy(),
            _core.Optimizer(net, "adamw", learning_rate=0.01, max_norm=0.1),
        )
        net.train_epoch(
            trained,
            X,
            Y,
            optimizer,
            batch_size=300,
            n_threads=n_threads,
            dropout=[0.3, 0.6],
            alphas=ALPHAS,
        )
        results.append(trained)
    assert_same_bits(results[0], results[1])
    assert_same_bits(results[0], results[2])


def test_rates_of_zero_drop_nothing():
    net, params, X, Y = problem(np.float32)
    assert_same_bits(net.gradient(params, X, Y, dropout=[0, 0])[0], net.gradient(params, X, Y)[0])


# --------------------------------------------------------------------------------------- looking inside


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_weighted_sums_and_deltas_match_numpy(hidden, dtype):
    net = Network(SIZES, hidden, dtype=dtype, random_state=0)
    twin = reference.Network(SIZES, [hidden, hidden, "softmax"], "log_loss")
    X, Y = inputs(1, ROWS, SIZES[0], dtype), labels(2, ROWS, SIZES[-1])
    weight = uniform(3, ROWS, low=0.0, high=2.0)
    for ours, theirs in zip(net.weighted_sums(X), twin.sums(net.params, X), strict=True):
        assert_close(ours, theirs, dtype)
    ours, theirs = (
        net.deltas(X, Y, sample_weight=weight),
        twin.deltas(net.params, X, Y, weight=weight),
    )
    for one, other in zip(ours, theirs, strict=True):
        assert one.dtype == dtype
        assert_close(one, other, dtype)
    gradient = net.gradient(X, Y)
    for delta, biases in zip(net.deltas(X, Y), gradient.biases, strict=True):
        assert_close(delta.astype(np.float64).mean(axis=0), biases, dtype)


# ------------------------------------------------------------------------------------- through `Network`


def test_network_passes_everything_on():
    net = Network(SIZES, ["elu", "leaky_relu"], activation_parameter=[0.5, 0], loss="focal", loss_parameter=1.5,
                  dtype="float64", random_state=0)  # fmt: skip
    core = _core.Net(
        SIZES, ["elu", "leaky_relu", "softmax"], "focal", np.float64, [0.5, 0.01, 0], 1.5
    )
    X, Y = inputs(1, ROWS, SIZES[0], np.float64), labels(2, ROWS, SIZES[-1])
    objective = {"alpha": ALPHAS, "dropout": 0.3, "dropout_seed": 5, "dropout_step": 2}
    plain = {"alphas": ALPHAS, "dropout": [0.3, 0.3], "dropout_seed": 5, "dropout_step": 2}
    expected, cost = core.gradient(net.params, X, Y, **plain)
    assert_same_bits(net.gradient(X, Y, **objective).flat, expected)
    assert net.cost(X, Y, **objective) == cost
    optimizer = net.optimizer("adamw", learning_rate=0.1, weight_decay=0.2, max_grad_norm=0.5)
    twin, params = (
        _core.Optimizer(core, "adamw", learning_rate=0.1, weight_decay=0.2, max_norm=0.5),
        net.params.copy(),
    )
    net.train_epoch(X, Y, 20, optimizer, alpha=0.1, dropout=[0.1, 0.2])
    core.train_epoch(params, X, Y, twin, batch_size=20, alpha=0.1, dropout=[0.1, 0.2])
    assert_same_bits(net.params, params)


WRONG = [
    ({"alpha": -1}, "alpha"),
    ({"alpha": [1, 2]}, "alpha"),
    ({"dropout": 1}, "dropout"),
    ({"dropout": [0.1]}, "dropout"),
    ({"dropout_seed": -1}, "dropout_seed"),
    ({"dropout_step": 0.5}, "dropout_step"),
    ({"dropuot": 0.5}, "dropuot"),
]


@pytest.mark.parametrize(("wrong", "name"), WRONG)
def test_bad_objective_raises(wrong, name):
    with pytest.raises((ValueError, TypeError), match=name):
        Network(SIZES).cost(np.zeros((2, 9)), [0, 1], **wrong)


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"activation": "relu", "activation_parameter": 0.1}, "activation_parameter"),
        ({"activation": "elu", "activation_parameter": -0.1}, "activation_parameter"),
        (
            {"activation": ["elu", "tanh"], "activation_parameter": [0.1, 0.1]},
            "activation_parameter",
        ),
        ({"loss_parameter": 1}, "loss_parameter"),
        ({"loss": "focal", "loss_parameter": 0}, "loss_parameter"),
        ({"loss": "label_smoothing", "loss_parameter": 1}, "loss_parameter"),
        ({"loss": "gamma"}, "loss"),
    ],
)
def test_bad_parameters_raise(wrong, name):
    with pytest.raises(ValueError, match=name):
        Network(SIZES, **wrong)


@pytest.mark.parametrize(
    "wrong", [{"weight_decay": -1}, {"max_grad_norm": 0}, {"max_grad_norm": float("nan")}]
)
def test_bad_optimizer_raises(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Network(SIZES).optimizer("adamw", learning_rate=0.1, **wrong)
