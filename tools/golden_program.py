"""Build the program that trains networks and prints their hash, with this platform's compiler, and run it.

Usage: ``python tools/golden_program.py``, where setuptools is installed: it knows the compiler that makes extensions,
its optimisation, and the variables CC and CFLAGS.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import setuptools  # noqa: F401  (brings distutils, which Python 3.12 dropped)

# isort: split
from distutils.ccompiler import new_compiler
from distutils.sysconfig import customize_compiler

ROOT = Path(__file__).resolve().parents[1]
# On s390x GCC takes -std=c11 for leave to keep excess precision.
UNIX_FLAGS = ["-std=gnu11", "-ffp-contract=off"]
MSVC_FLAGS = ["/std:c11", "/fp:precise"]


def sources() -> list[str]:
    """Return the program and the whole core, relative to the root."""
    core = sorted((ROOT / "src/cmlp/core").rglob("*.c"))
    return ["tests/consumers/golden/golden.c", *(path.relative_to(ROOT).as_posix() for path in core)]


def main() -> None:
    """Compile into a temporary folder and run what comes out."""
    compiler = new_compiler()
    customize_compiler(compiler)
    msvc = compiler.compiler_type == "msvc"
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        objects = compiler.compile(
            sources(), folder, include_dirs=["include"], extra_preargs=MSVC_FLAGS if msvc else UNIX_FLAGS
        )
        system = [] if msvc else ["-pthread"]
        compiler.link_executable(objects, "golden", output_dir=folder, extra_postargs=system)
        sys.stdout.flush()
        subprocess.run([Path(folder, compiler.executable_filename("golden"))], check=True)


if __name__ == "__main__":
    main()
