"""Build and run tests/consumers/golden/golden.c, which trains networks and prints their hash.

Usage: ``python tools/golden_program.py``. Needs setuptools, which finds the compiler for Python extensions, its
optimization level, and the variables CC and CFLAGS.
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
# -std=gnu11: with -std=c11, GCC on s390x keeps excess precision.
UNIX_FLAGS = ["-std=gnu11", "-ffp-contract=off"]
MSVC_FLAGS = ["/std:c11", "/fp:precise"]


def sources() -> list[str]:
    """Return the program and all core sources, relative to the root."""
    core = sorted((ROOT / "src/cmlp/core").rglob("*.c"))
    return [
        "tests/consumers/golden/golden.c",
        *(path.relative_to(ROOT).as_posix() for path in core),
    ]


def main() -> None:
    """Compile into a temporary folder and run the program."""
    compiler = new_compiler()
    customize_compiler(compiler)
    msvc = compiler.compiler_type == "msvc"
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        objects = compiler.compile(
            sources(),
            folder,
            include_dirs=["include"],
            extra_preargs=MSVC_FLAGS if msvc else UNIX_FLAGS,
        )
        system = [] if msvc else ["-pthread"]
        compiler.link_executable(objects, "golden", output_dir=folder, extra_postargs=system)
        sys.stdout.flush()
        subprocess.run([Path(folder, compiler.executable_filename("golden"))], check=True)


if __name__ == "__main__":
    main()
