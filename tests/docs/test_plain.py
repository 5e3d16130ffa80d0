"""The network in plain NumPy (docs/plain.py) and the core compute the same."""

from pathlib import Path

import numpy as np
import pytest
from helpers import imported

from cmlp import Network
from cmlp.datasets import load_digits28

SOURCE = Path(__file__).parents[2] / "docs/plain.py"
if not SOURCE.exists():
    pytest.skip("docs/plain.py is in the source tree only", allow_module_level=True)


@pytest.fixture(scope="module")
def plain():
    return imported(SOURCE)


@pytest.fixture
def network():
    """The network of the story in double precision, after one epoch of training."""
    net = Network(
        [784, 16, 16, 10],
        "logistic",
        output="logistic",
        loss="squared_error",
        dtype="float64",
        random_state=0,
    )
    X, y, *_ = load_digits28()
    net.train_epoch(X / 255, y, 10, 1.5)
    return net


@pytest.fixture(scope="module")
def batch():
    X, y, *_ = load_digits28()
    return X[:20] / 255, y[:20]


def copies(net):
    return [w.copy() for w in net.weights], [b.copy() for b in net.biases]


def test_initial_parameters_are_the_same_for_the_same_seed(plain):
    net = Network(
        [784, 16, 16, 10],
        "logistic",
        output="logistic",
        loss="squared_error",
        dtype="float64",
        random_state=3,
    )
    weights, biases = plain.initialize(seed=3)
    for mine, core in zip([*weights, *biases], [*net.weights, *net.biases], strict=True):
        np.testing.assert_allclose(mine, core, rtol=1e-12, atol=1e-15)


def test_activations_and_cost_agree(plain, network, batch):
    weights, biases = copies(network)
    for mine, core in zip(
        plain.forward(batch[0], weights, biases), network.activations(batch[0]), strict=True
    ):
        np.testing.assert_allclose(mine, core, rtol=1e-12)
    assert plain.cost(*batch, weights, biases) == pytest.approx(network.cost(*batch), rel=1e-12)


def test_gradients_agree(plain, network, batch):
    d_weights, d_biases = plain.gradient(*batch, *copies(network))
    core = network.gradient(*batch)
    largest = np.abs(core.flat).max()
    for mine, expected in zip([*d_weights, *d_biases], [*core.weights, *core.biases], strict=True):
        np.testing.assert_allclose(mine, expected, atol=1e-12 * largest, rtol=0)


def test_epoch_gives_the_same_parameters(plain, network, batch):
    weights, biases = copies(network)
    order = np.random.RandomState(0).permutation(20)
    plain.train_epoch(*batch, weights, biases, 6, 1.5, order)
    network.train_epoch(*batch, 6, 1.5, order=order)
    for mine, core in zip([*weights, *biases], [*network.weights, *network.biases], strict=True):
        np.testing.assert_allclose(mine, core, rtol=1e-10, atol=1e-13)
