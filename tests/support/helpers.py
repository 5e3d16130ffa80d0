"""Shared by the test modules: small data sets, comparisons, digests, and runs in a new Python process."""

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from c_models import extension

import cmlp
from cmlp._bridge import _core

DTYPES = [np.float32, np.float64]
HIDDEN = [name for name, row in _core.ACTIVATIONS.items() if row.hidden]
# Every allowed pair of output activation and loss.
OUTPUTS = [(output, loss) for loss, row in _core.LOSSES.items() for output in row.outputs]
# The allowed losses of each output activation.
LOSSES = {
    output: sorted(loss for other, loss in OUTPUTS if other == output)
    for output in sorted({o for o, _ in OUTPUTS})
}
SOLVERS = {
    "sgd": {"learning_rate": 0.05},
    "momentum": {"learning_rate": 0.05, "momentum": 0.9},
    "nesterov": {"learning_rate": 0.05, "momentum": 0.9},
    "adam": {"learning_rate": 0.01},
    "adamw": {"learning_rate": 0.01, "weight_decay": 0.2},
}
# Of tests that draw their cases anew in each run.
SEED = int(os.environ.get("CMLP_SEED", time.time_ns() % 2**32))
ISAS = ["generic", "avx2", "avx512", "neon"]


def parameter_of(loss, above=0.3):
    """Return a parameter of a loss, which is as far above the lowest one; None if it has none."""
    row = _core.LOSSES[loss]
    return row.lower_limit + above if row.parameter else None


def uniform(seed, *shape, low=-1.0, high=1.0):
    """Return random numbers that are the same with every NumPy on every machine."""
    return low + (high - low) * np.random.RandomState(seed).random_sample(shape)


def labels(seed, n, n_classes):
    return (np.random.RandomState(seed).random_sample(n) * n_classes).astype(np.int64)


def inputs(seed, n, width, dtype):
    """Return rows of numbers between -1 and 1 that float32 represents exactly."""
    return uniform(seed, n, width).astype(np.float32).astype(dtype)


def targets(seed, n, width, output, loss, dtype):
    """Return dense targets suitable for a loss: probabilities, bits, counts, positive or arbitrary numbers."""
    values = uniform(seed, n, width, low=0.0)
    if loss == "gamma":
        return (0.1 + values).astype(dtype)
    if loss == "poisson":
        return np.floor(3 * values).astype(dtype)
    if loss == "tweedie":
        return np.where(values < 0.4, 0, values).astype(np.float32).astype(dtype)
    if output == "softmax":
        return (values / values.sum(axis=1, keepdims=True)).astype(dtype)
    if loss in ("log_loss", "focal", "label_smoothing"):
        return (values > 0.5).astype(dtype)
    return values.astype(np.float32).astype(dtype)


def layers(n_layers, hidden, output):
    """Return the activations of all layers after the input."""
    return [hidden] * (n_layers - 2) + [output]


def net_and_params(sizes, activations, loss, dtype, seed=0):
    net = _core.Net(sizes, activations, loss, dtype)
    params = uniform(seed, net.n_params, low=-0.7, high=0.7).astype(np.float32).astype(dtype)
    return net, params


def digest(*arrays):
    """Return a hash of arrays' bits, independent of the byte order. All NaNs count as equal."""
    sha = hashlib.sha256()
    for array in map(np.asarray, arrays):
        array = np.where(np.isnan(array), np.array(np.nan, array.dtype), array)
        sha.update(array.astype(array.dtype.newbyteorder("<")).tobytes())
    return sha.hexdigest()[:16]


def assert_same_bits(actual, expected, message=""):
    __tracebackhide__ = True
    assert actual.dtype == expected.dtype and actual.shape == expected.shape, message
    bits = f"u{actual.dtype.itemsize}"
    ours, theirs = (np.ascontiguousarray(a).view(bits) for a in (actual, expected))
    np.testing.assert_array_equal(ours, theirs, err_msg=message)


def assert_close(actual, expected, dtype, tolerance=None):
    """Check equality up to rounding, relative to the largest element of the tensor."""
    __tracebackhide__ = True
    if tolerance is None:
        tolerance = 1e-5 if np.dtype(dtype) == np.float32 else 1e-12
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    assert actual.shape == expected.shape
    scale = max(float(np.abs(expected).max(initial=0)), 1e-30)
    error = float(np.abs(actual - expected).max(initial=0))
    assert error <= tolerance * scale, f"error is {error / scale:.2e} of the largest element"


def peak_memory(call):
    """Return the most bytes that a call held at once, workspaces included."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def python_calls(call):
    """Return how many functions of the package's Python code are called."""
    names = []

    def count(frame, event, _):
        if event == "call" and frame.f_globals.get("__name__", "").startswith("cmlp."):
            names.append(frame.f_code.co_name)

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        call()
    finally:
        sys.setprofile(before)
    return len(names)


def wait_for_threads(name):
    """Wait until no thread is alive whose name begins so: one that has done its work is so for a moment."""
    end = time.monotonic() + 10
    while any(thread.name.startswith(name) for thread in threading.enumerate()):
        assert time.monotonic() < end
        time.sleep(0.01)


def imported(path):
    """Return a Python file outside the package as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# The time limit of a process, in seconds, turns a deadlock into a failure. It is long enough for a loaded machine.
DEADLOCK = 600


def run_python(code, *arguments, isa=None, tuning=None, check=True):
    """Run code in a new Python process that can import the support modules; return the finished process."""
    path = [str(Path(__file__).parent), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path))}
    if isa is not None:
        env["CMLP_ISA"] = isa
    if tuning is not None:
        env["CMLP_TUNING"] = tuning
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=DEADLOCK)
    if check:
        assert done.returncode == 0, f"exit status {done.returncode}\n{done.stderr}"
    return done


def json_from_python(code, *arguments, isa=None, tuning=None):
    """Run code in a new Python process; return its output, parsed as JSON."""
    return json.loads(run_python(code, *arguments, isa=isa, tuning=tuning).stdout)


def skip_unless_available(isa):
    """Skip the test if this processor does not have the instruction set."""
    available = cmlp.cpu_info()["available"]
    if isa not in available:
        pytest.skip(f"{isa} is not available here ({', '.join(available)} are)")


def model_in_c(path):
    """Return a model file as C programs see it."""
    return extension().Model(path.read_bytes())


def core_accepts(file):
    """Return whether the C library accepts the head of a model file, and its length."""
    try:
        return _core.model_file_info(file[: _core.model_head_size(file[:8])])[0] == len(file)
    except cmlp.exceptions.ModelFormatError:
        return False
