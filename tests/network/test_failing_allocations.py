"""If any allocation of Python or NumPy fails while a network is created, MemoryError is raised."""

import subprocess
import sys

import pytest
from optional import package

SWEEP = """
import _testcapi
import numpy as np
import cmlp
def call():
    cmlp.Network([4, 3, 2], dtype=DTYPE, random_state=0)
call()
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
