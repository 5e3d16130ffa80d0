"""Fixtures that more than one file uses."""

import pytest
from helpers import assert_same_bits

from cmlp import Network


@pytest.fixture
def net():
    """A network of 3, 4 and 2 units whose parameters a test must leave as they were."""
    network = Network([3, 4, 2], random_state=0)
    before = network.params.copy()
    yield network
    assert_same_bits(network.params, before)
