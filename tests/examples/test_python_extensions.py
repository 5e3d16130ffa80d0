"""The examples of Python extensions: built, run, and compared with Python's own predictions."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from c_build import COMPILER, ROOT, needs_compiler
from optional import package

import cmlp
from cmlp.datasets import load_digits28

EXAMPLES = ROOT / "examples/python"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not EXAMPLES.exists(), reason="the examples are in the source tree"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A copy of the examples with a model file."""
    path = tmp_path_factory.mktemp("examples") / "python"
    shutil.copytree(EXAMPLES, path)
    run(path, "train.py", "digits.cmlp")
    return path


@pytest.fixture(scope="module")
def accuracy(folder):
    """What each example must print: Python's accuracy."""
    *_, X_test, y_test = load_digits28()
    score = cmlp.load(folder / "digits.cmlp").score(X_test, y_test)
    assert score > 0.85
    return f"{score}\n"


def run(folder, *command):
    """Run Python in a folder; return its output. The package is found as where this test has found it."""
    # Without optimization, extensions compile in a third of the time.
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(cmlp.__file__).parents[1]),
        "CFLAGS": "-O0",
        "CXXFLAGS": "-O0",
    }
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_ctypes(folder, accuracy):
    assert run(folder, "ctypes_predict.py", "digits.cmlp") == accuracy


def test_ctypes_reports_a_damaged_file(folder, tmp_path):
    content = np.fromfile(folder / "digits.cmlp", np.uint8)
    content[len(content) // 2] ^= 1
    content.tofile(tmp_path / "damaged.cmlp")
    code = f"import ctypes_predict; ctypes_predict.Model({str(tmp_path / 'damaged.cmlp')!r})"
    with pytest.raises(AssertionError, match="ValueError: the checksum of the data does not match"):
        run(folder, "-c", code)


def test_numba(folder, accuracy):
    package("numba")
    assert run(folder, "numba_predict.py", "../python/digits.cmlp") == accuracy


@needs_compiler
def test_cython(folder, accuracy):
    package("Cython"), package("setuptools")
    run(folder / "cython", "setup.py", "build_ext", "--inplace")
    assert run(folder / "cython", "main.py", "../digits.cmlp") == accuracy


@pytest.mark.skipif(
    not COMPILER or not shutil.which("c++"), reason="needs a C++ compiler called c++"
)
def test_pybind11(folder, accuracy):
    package("pybind11"), package("setuptools")
    run(folder / "pybind11", "setup.py", "build_ext", "--inplace")
    assert run(folder / "pybind11", "main.py", "../digits.cmlp") == accuracy
