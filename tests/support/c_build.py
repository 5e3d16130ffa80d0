"""Compiles the C sources with the installed C compiler, once per set of flags, for tests of the result."""

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "src/cmlp/core"
HEADER = ROOT / "include/cmlp.h"
HEADERS = [
    HEADER.with_name(f"{name}.h") for name in ("cmlp", "cmlp_table", "cmlp_workers", "cmlp_explain")
]
# The flags of setup.py without the optimization level.
FLAGS = ["-std=gnu11", "-ffp-contract=off", "-fno-math-errno", "-fvisibility=hidden"]
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-pedantic"]
# For programs and for a shared library alike, so that the core is compiled once. CMake and setup.py
# use -O3.
SHARED = ("-O1", "-fPIC", "-DCMLP_BUILD")
UNOPTIMIZED = (
    "-O0",
    *SHARED[1:],
    "-DCMLP_BUILD_ISA=1",
)  # of plain C alone, where a compiler has most to decide
COMPILER = None if sys.platform == "win32" else shutil.which(os.environ.get("CC", "cc"))

in_source_tree = pytest.mark.skipif(
    not CORE.exists(), reason="the C sources are in the source tree only"
)
needs_compiler = pytest.mark.skipif(
    not CORE.exists() or not COMPILER, reason="needs the C sources and a C compiler called cc"
)


def compiles_core(test):
    """Mark a test that compiles the whole core, which takes half a minute."""
    return pytest.mark.slow(needs_compiler(test))


def core_sources():
    return sorted(CORE.rglob("*.c"))


def run(*command, **keywords):
    """Run a command and return its output. If it fails, the assertion shows the output."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, **keywords)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


@functools.cache
def _directory():
    return tempfile.TemporaryDirectory(prefix="cmlp-c-")


def compiled(sources, *flags):
    """Compile sources to object files, with one process per CPU."""
    folder = Path(tempfile.mkdtemp(dir=_directory().name))
    objects = [folder / f"{i}-{source.stem}.o" for i, source in enumerate(sources)]

    def compile_one(source, target):
        run(COMPILER, *FLAGS, *flags, "-c", source, "-o", target)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(compile_one, sources, objects))
    return objects


@functools.cache
def core_objects(*flags):
    """Compile the whole core, once per set of flags."""
    return compiled(core_sources(), *flags)


def linked(name, objects, *flags):
    """Link an executable."""
    target = Path(tempfile.mkdtemp(dir=_directory().name)) / name
    run(COMPILER, *objects, *flags, "-pthread", "-lm", "-o", target)
    return target
