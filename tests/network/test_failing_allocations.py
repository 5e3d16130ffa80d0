"""If any allocation of Python or NumPy fails while a network is created, MemoryError is raised."""

import subprocess
import sys

import pytest
from optional import package

# CPython 3.12 and 3.13 release the code of a nested function twice if the function cannot be allocated (MAKE_FUNCTION),
# so the sweep first adds references to all such code. Without them the interpreter uses freed memory.
SWEEP = """
import ctypes
import gc
import types
import _testcapi
import numpy as np
import cmlp
def call():
    cmlp.Network([4, 3, 2], dtype=DTYPE, random_state=0)
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
failures = since = 0
for n in range(1, 1000):
    try:
        _testcapi.set_nomemory(n, n + 1)
        try:
            call()
        finally:
            _testcapi.remove_mem_hooks()
    except MemoryError:
        failures, since = failures + 1, 0
    else:
        since += 1
        if since == 20:
            break
print(failures)
"""


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_failing_allocation_raises_memory_error(dtype):
    package("_testcapi")
    code = SWEEP.replace("DTYPE", repr(dtype))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    assert int(done.stdout) > 50
