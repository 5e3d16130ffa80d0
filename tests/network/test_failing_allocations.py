"""If any allocation of Python or NumPy fails: MemoryError for a network, and an estimator and its file stay whole."""

import subprocess
import sys

import pytest
from optional import package

# Two defects of CPython would end the interpreter. 3.12 and 3.13 release the code of a nested
# function twice if the function cannot be allocated (MAKE_FUNCTION), so the sweep first adds
# references to all such code. 3.11 crashes in `for key, value in a_dict.items()` if the pair cannot
# be allocated (dictiter_new), so the sweep first fills the list of free pairs.
SWEEP = """
import ctypes
import gc
import types
import _testcapi
call()
def keep_nested(code):
    for nested in code.co_consts:
        if isinstance(nested, types.CodeType):
            for _ in range(10):
                ctypes.pythonapi.Py_IncRef(ctypes.py_object(nested))
            keep_nested(nested)
for function in gc.get_objects():
    if isinstance(function, types.FunctionType):
        keep_nested(function.__code__)
gc.disable()  # it would empty the list
failures = since = 0
for n in range(1, 5000):
    pairs = [(n, i) for i in range(1000)]
    del pairs
    try:
        _testcapi.set_nomemory(n, n + 1)
        try:
            call()
        finally:
            _testcapi.remove_mem_hooks()
    except ERRORS:
        failures, since = failures + 1, 0
        check()
    else:
        since += 1
        if since == 50:
            break
print(failures)
"""
NETWORK = """
import cmlp
ERRORS = MemoryError
def call():
    cmlp.Network([4, 3, 2], dtype=DTYPE, random_state=0)
def check():
    pass
"""
# CPython and NumPy replace some of the errors, for example by a SystemError. The model learns,
# because NumPy crashes in some of the functions by which a model that has not learned is compared
# with a constant.
ESTIMATOR = """
import sys
import warnings
from pathlib import Path
import numpy as np
import cmlp
warnings.simplefilter("ignore")
ERRORS = Exception
X, path = np.arange(40.0).reshape(20, 2) % 7, Path(sys.argv[1])
Y, ROWS = np.digitize(X[:, 0], [2, 5]), X.tolist()
model = cmlp.MLPClassifier((3,), max_iter=20, learning_rate_init=0.1, random_state=0).fit(X, Y)
model.save(path)
expected, stored = model.predict_proba(X), path.read_bytes()
def call():
    CALL
def check():
    assert (model.predict_proba(X) == expected).all() and path.read_bytes() == stored
    assert [file.name for file in path.parent.iterdir()] == [path.name]
"""


def failures(setup, *arguments):
    """Let each allocation of a call fail once, in another process; return how many calls have raised."""
    package("_testcapi")
    code = setup + SWEEP
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]
    return int(done.stdout)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_failing_allocation_raises_memory_error(dtype):
    assert failures(NETWORK.replace("DTYPE", repr(dtype))) > 50


@pytest.mark.slow
@pytest.mark.parametrize(
    ("call", "least"),
    [
        ("model.fit(X, Y)", 300),
        ("model.predict_proba(ROWS)", 30),
        ("model.save(path)", 300),
        ("cmlp.load(path)", 300),
    ],
    ids=["fit", "predict", "save", "load"],
)
def test_failing_allocation_keeps_the_estimator_and_its_file(tmp_path, call, least):
    assert failures(ESTIMATOR.replace("CALL", call), str(tmp_path / "model.cmlp")) >= least
