"""The machine's own limits: a case's multiply-adds, or a case's bytes, with nothing else to do.

C functions of few lines, compiled where they run (by ``cc`` or what CC names) for this very
processor, take their turns like any peer.
"""

import ctypes
import itertools
import os
import shlex
import subprocess
import tempfile
from pathlib import Path

import numpy as np

# Independent chains of the widest vectors: more than latency x units, fewer than registers.
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
ARCHITECTURE = {"avx2": "haswell"}  # by the case's instruction set; else the one it runs on
BUFFER, ALIGNMENT = 256 << 20, 64  # more than any cache holds; what the widest vectors want


def version():
    return "limits: float32"


def compiled(case):
    """Return the probes as a library."""
    compiler = shlex.split(os.environ.get("CC", "cc"))
    architecture = ARCHITECTURE.get(case.get("isa"), "native")
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "limit.c"), Path(folder, "limit.so")
        source.write_text(SOURCE, encoding="ascii")
        try:
            subprocess.run([*compiler, *FLAGS, f"-march={architecture}", source, "-o", library], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise ImportError(str(error), name="a C compiler") from error
        return ctypes.CDLL(str(library))


def operations(case):
    """Operations of the case's rows: forward; in training also deltas (not of the input) and gradient."""
    products = [a * b for a, b in itertools.pairwise(case["sizes"])]
    trained = 3 * sum(products) - products[0]
    return 2 * case["rows"] * (trained if "batch" in case else sum(products))


def bytes_read(case):
    """Bytes of the rows: read once they must be, all else may stay in the caches."""
    return case["rows"] * case["sizes"][0] * np.dtype(case.get("dtype", "float32")).itemsize


def multiply_adds(case):
    """As many operations as the case has."""
    library = compiled(case)
    library.multiply_adds.argtypes, library.multiply_adds.restype = [ctypes.c_float, ctypes.c_long], ctypes.c_float
    steps = operations(case) / ctypes.c_long.in_dll(library, "operations_of_a_step").value
    return lambda: library.multiply_adds(0.999, round(steps))


def memory(case):
    """As many bytes as the case has, from a buffer that is gone through again and again."""
    library = compiled(case)
    library.read_memory.argtypes, library.read_memory.restype = [ctypes.c_void_p, ctypes.c_long], ctypes.c_float
    size = ctypes.c_long.in_dll(library, "bytes_of_a_step").value
    steps = -(-bytes_read(case) // size)
    turns = max(1, BUFFER // (steps * size))
    buffer = np.ones(turns * steps * size + ALIGNMENT, np.uint8)
    buffer = buffer[-buffer.ctypes.data % ALIGNMENT :]
    starts = itertools.cycle(range(0, turns * steps * size, steps * size))
    return lambda: library.read_memory(buffer.ctypes.data + next(starts), steps)
