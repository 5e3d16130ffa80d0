"""Pickles of the bridge's objects: named fields that are checked when they are loaded."""

import copy
import pickle

import numpy as np
import pytest

from cmlp._bridge import _core

HYPERPARAMETERS = {"learning_rate": 0.1, "momentum": 0.9}


def trained(kind="adam", dtype=np.float32):
    net = _core.Net((3, 4, 2), ["relu", "softmax"], "log_loss", dtype)
    params = np.linspace(-1, 1, net.n_params).astype(dtype)
    optimizer = _core.Optimizer(net, kind, **HYPERPARAMETERS)
    train(net, params, optimizer)
    return net, params, optimizer


def train(net, params, optimizer):
    X = np.linspace(0, 1, 30).reshape(10, 3)
    net.train_epoch(params, X, np.arange(10) % 2, optimizer, batch_size=4)


@pytest.mark.parametrize("kind", ["sgd", "momentum", "nesterov", "adam"])
@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))], ids=["copy", "pickle"]
)
def test_optimizer_continues_with_the_same_bits(kind, duplicate):
    net, params, optimizer = trained(kind)
    twin, other = duplicate(optimizer), params.copy()
    for p, o in ((params, optimizer), (other, twin)):
        train(net, p, o)
    np.testing.assert_array_equal(params, other)
    np.testing.assert_array_equal(optimizer.state, twin.state)
    assert twin.n_steps == optimizer.n_steps == 6


def test_moments_in_another_byte_order_are_converted():
    net, params, optimizer = trained()
    fields = optimizer.get_state()
    fields["state"] = fields["state"].astype(">f4")
    twin, other = _core.restored(fields), params.copy()
    assert twin.state.dtype.isnative
    train(net, params, optimizer)
    train(net, other, twin)
    np.testing.assert_array_equal(params, other)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"version": 0}, "another version of cmlp"),
        ({"version": None}, "another version of cmlp"),
        ({"solver": "newton"}, "solver must be one of"),
        ({"solver": None}, "solver must be one of"),
        ({"n_steps": "3"}, "an optimizer has invalid fields: TypeError"),
        ({"n_steps": 2**70}, "an optimizer has invalid fields: OverflowError"),
        ({"beta_1": None}, "an optimizer has invalid fields: TypeError"),
        ({"state": None}, "must be a 1-D array of dtype float32 or float64"),
        ({"state": np.full(5, None)}, "must be a 1-D array of dtype float32 or float64"),
        ({"state": np.zeros((2, 2))}, "must be a 1-D array of dtype float32 or float64"),
        ({"state": np.zeros(4, int)}, "must be a 1-D array of dtype float32 or float64"),
    ],
)
def test_damaged_optimizer_raises(changes, message):
    _, _, optimizer = trained()
    with pytest.raises(ValueError, match=message):
        _core.restored({**optimizer.get_state(), **changes})


@pytest.mark.parametrize(
    "state", [np.zeros(5, np.float32), np.zeros(52, np.float64), np.zeros(104, np.float64)]
)
def test_state_that_does_not_fit_the_network_raises(state):
    net, params, optimizer = trained()
    before = params.copy()
    assert optimizer.state.shape == (52,)
    other = _core.restored({**optimizer.get_state(), "state": state})
    with pytest.raises(ValueError, match="must have 52 values of dtype float32"):
        train(net, params, other)
    with pytest.raises(ValueError, match="must have 52 values of dtype float32"):
        _core.step(net, params, params, other)
    np.testing.assert_array_equal(params, before)


def test_random_state_equals_that_of_numpy():
    ours, theirs = _core.Random(7), np.random.RandomState(7)
    for n in (5, 700):
        ours.random_sample((n,)), theirs.random_sample(n)
        name, key, position, *_ = theirs.get_state()
        state = ours.get_state()
        assert name == "MT19937" and state["position"] == position
        np.testing.assert_array_equal(state["key"], key)


def test_random_continues_after_a_pickle():
    ours = _core.Random(7)
    ours.permutation(1000)
    twin = pickle.loads(pickle.dumps(ours))
    np.testing.assert_array_equal(ours.permutation(2000), twin.permutation(2000))


@pytest.mark.parametrize(
    "changes",
    [{"version": 2}, {"key": np.zeros(623, np.uint32)}, {"key": np.zeros(624)}, {"key": None}, {"position": 625},
     {"position": -1}, {"position": 1.5}],
)  # fmt: skip
def test_damaged_random_state_raises(changes):
    with pytest.raises(ValueError, match="random state"):
        _core.restored_random({**_core.Random(7).get_state(), **changes})
