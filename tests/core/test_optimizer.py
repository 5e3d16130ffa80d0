"""Optimizers and epochs: update formulas, state, learning rates, resuming, and the reported costs."""

import copy
import pickle

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
    targets,
    uniform,
)

from cmlp._bridge import _core
from cmlp._process.signals import TimeLimitReached

SIZES = (9, 8, 7, 4)


def problem(dtype, n=50, hidden="tanh"):
    net, params = net_and_params(SIZES, layers(4, hidden, "softmax"), "log_loss", dtype)
    return net, params, inputs(1, n, SIZES[0], dtype), labels(2, n, SIZES[-1])


# ---------------------------------------------------------------- against plain NumPy


@pytest.mark.sampled(4)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("kind", SOLVERS)
def test_parameters_after_three_epochs_match_numpy(kind, hidden, dtype):
    net, params, X, Y = problem(dtype, hidden=hidden)
    weight = uniform(3, len(X), low=0.0, high=3.0)
    order = np.argsort(uniform(4, len(X)), kind="stable")
    twin = reference.Network(SIZES, net.activations, net.loss)
    expected = params.astype(np.float64)
    ours = _core.Optimizer(net, kind, **SOLVERS[kind])
    theirs = reference.Optimizer(net.n_params, kind, is_weight=twin.is_weight(), **SOLVERS[kind])
    keywords = {"batch_size": 12, "order": order, "alpha": 0.2}
    tolerance = 1e-4 if dtype == np.float32 else 1e-11
    for _ in range(3):
        cost, penalty, _, batches = net.train_epoch(
            params, X, Y, ours, sample_weight=weight, **keywords
        )
        expected_costs = reference.train_epoch(
            twin, expected, X, Y, theirs, weight=weight, **keywords
        )
        for a, b in zip(net.views(params), net.views(expected), strict=True):
            for tensor, expected_tensor in zip(a, b, strict=True):
                assert_close(tensor, expected_tensor, dtype, tolerance)
        assert (cost, penalty) == pytest.approx(expected_costs, rel=tolerance)
        assert batches == 5


@pytest.mark.sampled(2)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("output", "loss"), OUTPUTS)
def test_training_with_every_loss_matches_numpy(output, loss, dtype):
    net, params = net_and_params((6, 5, 3), ["logistic", output], loss, dtype)
    X, Y = inputs(1, 300, 6, dtype), targets(2, 300, 3, output, loss, dtype)
    twin = reference.Network(net.sizes, net.activations, loss)
    expected = params.astype(np.float64)
    ours = _core.Optimizer(net, "nesterov", learning_rate=0.02, momentum=0.8)
    theirs = reference.Optimizer(net.n_params, "nesterov", learning_rate=0.02, momentum=0.8)
    for _ in range(2):
        cost = net.train_epoch(params, X, Y, ours, batch_size=270, loss_scale=0.5)[0]
        expected_cost, _ = reference.train_epoch(
            twin, expected, X, Y, theirs, batch_size=270, loss_scale=0.5
        )
        assert_close(params, expected, dtype)
        assert_close(cost, expected_cost, dtype)


# ---------------------------------------------------------------- steps and state


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("alpha", [0, 0.3])
@pytest.mark.parametrize("kind", SOLVERS)
def test_epoch_has_the_bits_of_separate_steps(kind, alpha, dtype):
    """An epoch fuses gradient and update; gradient() followed by step() must give the same bits."""
    net, params, X, Y = problem(dtype, n=300)
    whole = _core.Optimizer(net, kind, **SOLVERS[kind])
    single = _core.Optimizer(net, kind, **SOLVERS[kind])
    stepped = params.copy()
    for batch_size in (70, 300):
        epoch = net.train_epoch(params, X, Y, whole, batch_size=batch_size, alpha=alpha)
        costs, sizes = [], []
        for i in range(0, 300, batch_size):
            rows = slice(i, i + batch_size)
            gradient, cost = net.gradient(stepped, X[rows], Y[rows], alpha=alpha)
            _core.step(net, stepped, gradient, single)
            costs.append(cost)
            sizes.append(len(X[rows]))
        assert_same_bits(params, stepped)
        assert_same_bits(whole.state, single.state)
        assert whole.n_steps == single.n_steps
        assert epoch[0] + epoch[1] == pytest.approx(np.average(costs, weights=sizes), rel=1e-14)


@pytest.mark.parametrize("kind", SOLVERS)
def test_reporting_the_gradient_norm_changes_nothing_else(kind):
    net, params, X, Y = problem(np.float32)
    other = params.copy()
    ours, theirs = (_core.Optimizer(net, kind, **SOLVERS[kind]) for _ in range(2))
    before = net.train_epoch(params, X, Y, ours, batch_size=49, alpha=0.1, wants_norm=True)
    plain = net.train_epoch(other, X, Y, theirs, batch_size=49, alpha=0.1)
    assert_same_bits(params, other)
    assert before[0] == plain[0]
    assert np.isnan(plain[2])
    # The norm is that of the last batch (here only the last row), before its step.
    net, params, X, Y = problem(np.float32)
    net.train_epoch(
        params,
        X[:49],
        Y[:49],
        _core.Optimizer(net, kind, **SOLVERS[kind]),
        batch_size=49,
        alpha=0.1,
    )
    last, _ = net.gradient(params, X[49:], Y[49:], alpha=0.1)
    assert before[2] == pytest.approx(np.linalg.norm(last.astype(np.float64)), rel=1e-12)


@pytest.mark.parametrize(
    "twin_of",
    [copy.copy, copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))],
    ids=["copy", "deepcopy", "pickle"],
)
@pytest.mark.parametrize("kind", SOLVERS)
def test_copied_optimizer_continues_like_the_original(kind, twin_of):
    net, params, X, Y = problem(np.float32)
    original = _core.Optimizer(net, kind, **SOLVERS[kind])
    net.train_epoch(params, X, Y, original, batch_size=7)
    twin, other = twin_of(original), params.copy()
    assert (twin.solver, twin.n_steps) == (original.solver, original.n_steps)
    assert twin.learning_rate == original.learning_rate
    net.train_epoch(params, X, Y, original, batch_size=7)
    net.train_epoch(other, X, Y, twin, batch_size=7)
    assert_same_bits(other, params)
    assert_same_bits(twin.state, original.state)


def test_net_can_be_pickled():
    net, params, X, _ = problem(np.float64)
    twin = pickle.loads(pickle.dumps(net))
    assert (twin.sizes, twin.activations, twin.loss) == (net.sizes, net.activations, net.loss)
    assert_same_bits(twin.forward(params, X), net.forward(params, X))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["momentum", "nesterov", "adam"])
def test_optimizer_state_never_becomes_subnormal(kind, dtype):
    """With zero gradients the moments decay; they are flushed to 0 before they become subnormal, which is slow."""
    net, params, _, _ = problem(dtype)
    gradient = uniform(1, net.n_params).astype(dtype)
    optimizer = _core.Optimizer(net, kind, **SOLVERS[kind])
    _core.step(net, params, gradient * dtype(1e-10), optimizer)
    n_moments = len(optimizer.state) // net.n_params * net.n_params
    assert np.count_nonzero(optimizer.state) == n_moments
    tiny = np.finfo(dtype).tiny
    for _ in range(8000):
        _core.step(net, params, np.zeros_like(params), optimizer)
        state = np.abs(optimizer.state[optimizer.state != 0])
        assert state.min(initial=1) >= tiny
        if not state.size:
            break
    assert not np.signbit(optimizer.state).any()
    if kind != "adam":  # beta_2 makes the second moment decay slowly
        assert not state.size


# ---------------------------------------------------------------- epochs


def test_learning_rate_can_change_between_epochs():
    net, params, X, Y = problem(np.float64)
    other = params.copy()
    optimizer = _core.Optimizer(net, "sgd", learning_rate=0.5)
    optimizer.learning_rate = 0.125
    assert optimizer.learning_rate == 0.125
    net.train_epoch(params, X, Y, optimizer, batch_size=10)
    net.train_epoch(other, X, Y, _core.Optimizer(net, "sgd", learning_rate=0.125), batch_size=10)
    assert_same_bits(params, other)


@pytest.mark.parametrize("kind", SOLVERS)
def test_each_batch_can_have_its_own_learning_rate(kind):
    net, params, X, Y = problem(np.float32)
    other, rates = params.copy(), [0.1, 0.3, 0.0, 0.05]
    ours, theirs = (_core.Optimizer(net, kind, **SOLVERS[kind]) for _ in range(2))
    net.train_epoch(params, X, Y, ours, batch_size=15, rates=rates)
    for i, rate in enumerate(rates):
        theirs.learning_rate = rate
        rows = slice(15 * i, 15 * i + 15)
        net.train_epoch(other, X[rows], Y[rows], theirs, batch_size=15)
    assert_same_bits(params, other)
    assert ours.learning_rate == SOLVERS[kind]["learning_rate"]


@pytest.mark.parametrize("kind", SOLVERS)
def test_epoch_can_be_resumed_at_a_batch(kind):
    net, params, X, Y = problem(np.float32)
    other = params.copy()
    ours, theirs = (_core.Optimizer(net, kind, **SOLVERS[kind]) for _ in range(2))
    assert net.train_epoch(params, X, Y, ours, batch_size=15, rates=[0.1, 0.2, 0.3, 0.4])[3] == 4
    first = net.train_epoch(other, X[:30], Y[:30], theirs, batch_size=15, rates=[0.1, 0.2])
    rest = net.train_epoch(
        other, X, Y, theirs, batch_size=15, rates=[0.3, 0.4], order=np.arange(30, len(X))
    )
    assert (first[3], rest[3]) == (2, 2)
    assert_same_bits(params, other)


@pytest.mark.parametrize(
    "epochs",
    [
        np.zeros(6),
        np.zeros((0, 6)),
        np.zeros((1, 5)),
        np.zeros((1, 6), np.float32),
        np.full((1, 6), np.nan),
    ],
)
def test_epochs_must_be_rows_of_six_doubles(epochs):
    net, params, X, Y = problem(np.float32)
    with pytest.raises(
        ValueError,
        match=r"epochs must be rows of 6 values of dtype float64|epoch->before->rows_done",
    ):
        net.train_epoch(
            params, X, Y, _core.Optimizer(net, "adam", learning_rate=0.1), epochs, batch_size=15
        )


@pytest.mark.parametrize("method", ["train_epoch", "forward", "cost", "gradient"])
def test_long_call_ends_after_its_time(method):
    net = _core.Net((200, 500, 2), ("relu", "softmax"), "log_loss", np.dtype("f4"))
    params, X, Y = (
        np.zeros(net.n_params, np.float32),
        np.zeros((2000, 200), np.float32),
        np.zeros(2000, np.int64),
    )
    arguments = {
        "forward": [],
        "train_epoch": [Y, _core.Optimizer(net, "adam", learning_rate=0.1)],
    }.get(method, [Y])
    keywords = {"batch_size": 200} if method == "train_epoch" else {}
    with pytest.raises(TimeLimitReached):
        getattr(net, method)(params, X, *arguments, **keywords, seconds=0.0)
    getattr(net, method)(params, X, *arguments, **keywords, seconds=1e9)


@pytest.mark.parametrize("kind", SOLVERS)
def test_batch_with_zero_weights_is_skipped(kind):
    """Momentum does not move the parameters, and Adam does not count a step."""
    net, params, X, Y = problem(np.float32, n=30)
    weight = np.r_[np.ones(10), np.zeros(10), np.ones(10)]
    other = params.copy()
    ours, theirs = (_core.Optimizer(net, kind, **SOLVERS[kind]) for _ in range(2))
    epoch = net.train_epoch(params, X, Y, ours, batch_size=10, sample_weight=weight, alpha=0.1)
    assert (epoch[3], ours.n_steps) == (2, 2)
    kept = np.r_[:10, 20:30]
    expected = net.train_epoch(other, X[kept], Y[kept], theirs, batch_size=10, alpha=0.1)
    assert_same_bits(params, other)
    assert epoch[:2] == expected[:2]


def test_integer_sample_weights_equal_repeated_rows():
    net, params, X, Y = problem(np.float64, n=20)
    times = np.floor(uniform(3, 20, low=0.0, high=4.0)).astype(int)
    gradient, cost = net.gradient(params, X, Y, sample_weight=times, alpha=0.1)
    rows = np.repeat(np.arange(20), times)
    expected, expected_cost = net.gradient(params, X[rows], Y[rows], alpha=0.1)
    assert_close(gradient, expected, np.float64)
    assert cost == pytest.approx(expected_cost, rel=1e-13)


def test_order_selects_rows_targets_and_weights():
    net, params, X, Y = problem(np.float32)
    order, weight = labels(3, 33, len(X)), uniform(4, len(X), low=0.0)
    keywords = {"alpha": 0.1, "loss_scale": 0.5}
    ours = net.gradient(params, X, Y, order=order, sample_weight=weight, **keywords)
    theirs = net.gradient(params, X[order], Y[order], sample_weight=weight[order], **keywords)
    assert_same_bits(ours[0], theirs[0])
    assert (
        ours[1]
        == theirs[1]
        == net.cost(params, X, Y, order=order, sample_weight=weight, **keywords)
    )
    assert_same_bits(net.forward(params, X, order=order), net.forward(params, X[order]))


@pytest.mark.parametrize("kind", SOLVERS)
def test_epoch_with_a_rate_of_zero_counts_its_steps(kind):
    net, params, X, Y = problem(np.float32)
    optimizer, before = _core.Optimizer(net, kind, **SOLVERS[kind]), params.copy()
    optimizer.learning_rate = 0
    net.train_epoch(params, X, Y, optimizer, batch_size=15)
    assert_same_bits(params, before)
    assert optimizer.n_steps == 4
