"""Fixtures: the C library in one file, and compiled."""

import shutil
import sys
from pathlib import Path

import pytest
from c_build import COMPILER, CORE, ROOT, run

import cmlp


@pytest.fixture(scope="session")
def single_file(tmp_path_factory):
    """Return cmlp.c, with cmlp.h beside it: of the source tree, or of the installed package."""
    path = tmp_path_factory.mktemp("single") / "cmlp.c"
    for header in Path(cmlp.get_include()).glob("*.h*"):
        shutil.copy(header, path.parent)
    if CORE.exists():
        run(sys.executable, ROOT / "tools/make_single_file.py", path)
    else:
        shutil.copy(cmlp.get_source(), path)
    return path


@pytest.fixture(scope="session")
def single_object(single_file):
    """Return the compiled library, with one instruction set, to save time."""
    target = single_file.with_suffix(".o")
    run(COMPILER, "-std=gnu11", "-O1", "-DCMLP_BUILD_ISA=1", "-c", single_file, "-o", target)
    return target
