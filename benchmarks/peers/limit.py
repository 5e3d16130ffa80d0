"""The limits of the machine: the multiply-adds of a case alone, or reading the bytes of a case alone.

Short C functions, compiled for this processor by ``cc`` or the compiler that CC names, are timed like any peer.
"""

import ctypes
import itertools
import os
import shlex
import subprocess
import tempfile
from pathlib import Path

import numpy as np

# Independent chains of the widest vectors: more than latency times units, fewer than registers.
SOURCE = r"""
#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif
#define CHAINS 12
typedef float vector __attribute__((vector_size(BYTES)));

const long operations_of_a_step = 2 * CHAINS * (BYTES / sizeof(float));
const long bytes_of_a_step = CHAINS * BYTES;

static float total(const vector *a)
{
    vector sum = {0};
    for (int c = 0; c < CHAINS; c++) sum += a[c];
    return sum[0];
}

float multiply_adds(float x, long steps)
{
    vector factor = {0}, a[CHAINS];
    factor += x;
    for (int c = 0; c < CHAINS; c++) a[c] = factor + (float)c;
    for (long i = 0; i < steps; i++)
        for (int c = 0; c < CHAINS; c++) a[c] = a[c] * factor + factor;
    return total(a);
}

float read_memory(const vector *from, long steps)
{
    vector a[CHAINS] = {{0}};
    for (long i = 0; i < steps; i++, from += CHAINS)
        for (int c = 0; c < CHAINS; c++) a[c] += from[c];
    return total(a);
}
"""
FLAGS = ["-std=gnu11", "-O3", "-ffp-contract=fast", "-shared", "-fPIC"]
ARCHITECTURE = {"avx2": "haswell"}  # for the instruction set of a case; "native" for all others
BUFFER, ALIGNMENT = 256 << 20, 64  # bytes: larger than any cache; the size of the widest vector


def version():
    return "limits: float32"


def compiled(case):
    """Return the probes as a loaded library."""
    compiler = shlex.split(os.environ.get("CC", "cc"))
    architecture = ARCHITECTURE.get(case.get("isa"), "native")
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "limit.c"), Path(folder, "limit.so")
        source.write_text(SOURCE, encoding="ascii")
        try:
            subprocess.run(
                [*compiler, *FLAGS, f"-march={architecture}", source, "-o", library], check=True
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise ImportError(str(error), name="a C compiler") from error
        return declared(ctypes.CDLL(str(library)))


def declared(library):
    """Declare the argument and result types of the probes."""
    library.multiply_adds.argtypes, library.multiply_adds.restype = (
        [ctypes.c_float, ctypes.c_long],
        ctypes.c_float,
    )
    library.read_memory.argtypes, library.read_memory.restype = (
        [ctypes.c_void_p, ctypes.c_long],
        ctypes.c_float,
    )
    return library


def operations(case):
    """Return the operations of a case: the forward pass; in training also gradient and deltas, but for the input's."""
    products = [a * b for a, b in itertools.pairwise(case["sizes"])]
    trained = 3 * sum(products) - products[0]
    return 2 * case["rows"] * (trained if "batch" in case else sum(products))


def bytes_read(case):
    """Return the bytes of the rows: every pass reads them from memory; all else may stay in the caches."""
    return case["rows"] * case["sizes"][0] * np.dtype(case.get("dtype", "float32")).itemsize


def multiply_adds(case):
    """Return a call with as many multiply-adds as the case has."""
    library = compiled(case)
    steps = operations(case) / ctypes.c_long.in_dll(library, "operations_of_a_step").value
    return lambda: library.multiply_adds(0.999, round(steps))


def memory(case):
    """Return a call that reads as many bytes as the case has, each time the next part of a large buffer."""
    library = compiled(case)
    size = ctypes.c_long.in_dll(library, "bytes_of_a_step").value
    steps = -(-bytes_read(case) // size)
    turns = max(1, BUFFER // (steps * size))
    buffer = np.ones(turns * steps * size + ALIGNMENT, np.uint8)
    buffer = buffer[-buffer.ctypes.data % ALIGNMENT :]
    starts = itertools.cycle(range(0, turns * steps * size, steps * size))
    return lambda: library.read_memory(buffer.ctypes.data + next(starts), steps)
