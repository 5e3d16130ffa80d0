"""Fixtures that several test modules use."""

import argparse
import gc
import hashlib
import signal
import subprocess

import numpy as np
import pytest
from helpers import assert_same_bits
from internals import leave_out_checks_that_raise

import cmlp
from cmlp import Network


def sample_size(text):
    """Return N of the option --sample."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"N must be a positive integer, got {text!r}")
    return int(text)


def pytest_addoption(parser):
    group = parser.getgroup("sample", "samples of parametrized tests")
    group.addoption(
        "--sample",
        type=sample_size,
        metavar="N",
        help="of each test's cases, run the first and about one in N of the others, chosen by a hash of the seed and "
        "the case's name, and cases that are named by their ids; 1 runs all. The default is the N of a test's "
        "marker sampled(N), and all cases of a test without the marker.",
    )
    group.addoption(
        "--sample-tests",
        type=sample_size,
        metavar="N",
        default=1,
        help="run about one in N of the tests, chosen by a hash of the seed and the test's name",
    )
    group.addoption(
        "--sample-seed",
        metavar="SEED",
        help="choose the cases of the run whose header printed this seed. The default is the hash of the commit's "
        "tree, and outside a repository cmlp's version.",
    )
    parser.addoption(
        "--failures",
        metavar="FILE",
        help="append the name of each test that fails to a file at once",
    )


class Failures:
    """Appends the name of each test that fails to a file, while the other tests still run."""

    def __init__(self, file):
        self.file = file

    def pytest_runtest_logreport(self, report):
        if report.failed:
            with open(self.file, "a", encoding="utf-8") as stream:
                stream.write(f"failed: {report.nodeid}\n")


def pytest_configure(config):
    """Set the seed of the sample, which workers of pytest-xdist receive as an option. Faulty checks end tests."""
    if config.option.sample_seed is None:
        config.option.sample_seed = tree_hash(config.rootpath) or cmlp.__version__
    if config.option.failures and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Failures(config.option.failures))
    leave_out_checks_that_raise(())
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell ignores Ctrl-C in what it starts in the background, and programs that tests start inherit that.
        signal.signal(signal.SIGINT, signal.default_int_handler)


def tree_hash(folder):
    """Return the hash of the tree of the folder's commit, or None outside a repository and without git."""
    command = ["git", "-C", str(folder), "rev-parse", "--short=12", "HEAD^{tree}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def pytest_report_header(config):
    n, seed = config.option.sample, config.option.sample_seed
    if n == config.option.sample_tests == 1:
        return "all cases of each test"
    tests = config.option.sample_tests
    of = "each test" if tests == 1 else f"about one in {tests} tests"
    what = "by the marker sampled" if n is None else f"about one in {n}"
    return f"cases of {of}: {what}; --sample-seed={seed} repeats them, --sample 1 runs all"


def pytest_collection_finish():
    """Keep the collected tests out of later searches for cycles, some of which tests start."""
    gc.freeze()


def is_drawn(seed, name, n):
    """Return whether a name is among about one in n."""
    drawn = hashlib.sha256(f"{seed} {name}".encode()).digest()
    return int.from_bytes(drawn[:8]) % n == 0


@pytest.hookimpl(trylast=True)  # after -k and -m
def pytest_collection_modifyitems(config, items):
    """Deselect the cases that are not in the sample."""
    seed, one_in = config.option.sample_seed, config.option.sample_tests
    named = {argument.partition("::")[2] for argument in config.args if "[" in argument}
    seen, kept, deselected = set(), [], []
    for item in items:
        test = item.nodeid.split("[")[0]
        marker = item.get_closest_marker("sampled")
        n = config.option.sample or (marker.args[0] if marker else 1)
        is_kept = item.nodeid.partition("::")[2] in named or (
            is_drawn(seed, test, one_in) and (test not in seen or is_drawn(seed, item.nodeid, n))
        )
        seen.add(test)
        (kept if is_kept else deselected).append(item)
    if deselected:
        config.hook.pytest_deselected(items=deselected)
        items[:] = kept


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
