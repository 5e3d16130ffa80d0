"""The processor's own limit: the same number of fused multiply-adds with nothing else to do.

A C function of few lines, compiled where it runs (by ``cc`` or what CC names) for this very
processor, takes its turns like any peer.
"""

import ctypes
import os
import shlex
import subprocess
import tempfile
from itertools import pairwise
from pathlib import Path

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

float run(float x, long steps)
{
    vector factor = {0}, a[CHAINS], sum = {0};
    factor += x;
    for (int c = 0; c < CHAINS; c++) a[c] = factor + (float)c;
    for (long i = 0; i < steps; i++)
        for (int c = 0; c < CHAINS; c++) a[c] = a[c] * factor + factor;
    for (int c = 0; c < CHAINS; c++) sum += a[c];
    return sum[0];
}
"""
FLAGS = ["-std=gnu11", "-O3", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC"]


def version():
    return "fused multiply-adds, float32"


def compiled():
    """Return the probe as a library."""
    compiler = shlex.split(os.environ.get("CC", "cc"))
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "limit.c"), Path(folder, "limit.so")
        source.write_text(SOURCE, encoding="ascii")
        try:
            subprocess.run([*compiler, *FLAGS, source, "-o", library], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise ImportError(str(error), name="a C compiler") from error
        return ctypes.CDLL(str(library))


def operations(sizes):
    """Operations to train on one row: forward, deltas (not of the input), gradient."""
    products = [a * b for a, b in pairwise(sizes)]
    return 2 * (3 * sum(products) - products[0])


def train(case):
    """As many operations as an epoch has."""
    library = compiled()
    library.run.argtypes, library.run.restype = [ctypes.c_float, ctypes.c_long], ctypes.c_float
    of_a_step = ctypes.c_long.in_dll(library, "operations_of_a_step").value
    steps = case["rows"] * operations(case["sizes"]) // of_a_step
    return lambda: library.run(0.999, steps)
