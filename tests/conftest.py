"""Fixtures that several test modules use."""

import gc

import numpy as np
import pytest
from helpers import assert_same_bits

from cmlp import Network


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """Run the whole suite on all processors if pytest-xdist is installed; ``-n 0`` or a path runs in one process."""
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS and not config.option.usepdb
    is_worker = hasattr(
        config, "workerinput"
    )  # workers get the hook too, and must not start workers of their own
    if whole and not is_worker and getattr(config.option, "numprocesses", 0) is None:
        config.option.numprocesses = "auto"


@pytest.fixture(autouse=True)
def seeded():
    """Without a random_state, networks draw from NumPy's global generator: each test begins with the same numbers."""
    np.random.seed(0)


@pytest.fixture
def net():
    """A network of 3, 4 and 2 units. The fixture checks that the test does not change its parameters."""
    network = Network([3, 4, 2], random_state=0)
    before = network.params.copy()
    yield network
    assert_same_bits(network.params, before)


@pytest.fixture
def no_lost_signals():
    """Remove the callbacks of the garbage collector: Python ignores what a signal handler raises in one of them.

    hypothesis has such a callback. One Ctrl-C in some hundred came in it, so that a test's fit did not end.
    """
    callbacks = gc.callbacks[:]
    gc.callbacks.clear()
    yield
    gc.callbacks[:] = callbacks
