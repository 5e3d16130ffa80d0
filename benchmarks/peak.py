"""The processor's own limit: fused multiply-adds a second, measured by a C program of few lines.

It is compiled where it runs (``cc`` or what CC names), for this very processor.
"""

import os
import shlex
import shutil
import subprocess
import tempfile
from itertools import pairwise
from pathlib import Path

# Twelve independent chains of the widest vectors: more than latency x units, fewer than registers.
PROGRAM = r"""
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <time.h>
#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif
#define CHAINS 12
#define STEPS 2000000L
typedef float vector __attribute__((vector_size(BYTES)));

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(void)
{
    double best = 0;
    volatile float source = 0.999f;
    for (int round = 0; round < 20; round++) {
        vector x = {0}, a[CHAINS];
        x += source;
        for (int c = 0; c < CHAINS; c++) a[c] = x + (float)c;
        double start = now();
        for (long i = 0; i < STEPS; i++) {
            for (int c = 0; c < CHAINS; c++) a[c] = a[c] * x + x;
        }
        double seconds = now() - start;
        for (int c = 0; c < CHAINS; c++) source = a[c][0] > 0 ? source : 0;
        double rate = 2.0 * CHAINS * STEPS * (BYTES / sizeof(float)) / seconds;
        if (rate > best) best = rate;
    }
    printf("%.6e\n", best);
    return 0;
}
"""
FLAGS = ["-std=gnu11", "-O3", "-march=native", "-ffp-contract=fast"]


def flops():
    """Return float32 operations a second of one processor, None where there is no compiler."""
    compiler = shlex.split(os.environ.get("CC", "cc"))
    if not shutil.which(compiler[0]):
        return None
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder, "peak.c"), Path(folder, "peak")
        source.write_text(PROGRAM, encoding="ascii")
        done = subprocess.run([*compiler, *FLAGS, str(source), "-o", str(program)], check=False)
        if done.returncode:
            return None
        return float(subprocess.run([program], capture_output=True, check=True).stdout)


def per_row(sizes):
    """Operations to train on one row: forward, deltas (not of the input), gradient."""
    products = [a * b for a, b in pairwise(sizes)]
    return 2 * (3 * sum(products) - products[0])
