"""Many rows in one call take no more instructions than one by one, also without an instruction for multiply-adds."""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from c_build import COMPILER, FLAGS, ROOT, needs_compiler, run

from cmlp import MLPClassifier, TabularRegressor

N = 100
pytestmark = [
    pytest.mark.slow,
    pytest.mark.full,
    needs_compiler,
    pytest.mark.skipif(not shutil.which("valgrind"), reason="needs valgrind"),
]


@pytest.fixture(scope="module")
def program():
    """The program of many_rows.c with the library's generic kernels alone."""
    with tempfile.TemporaryDirectory() as folder:
        single, target = Path(folder, "cmlp.c"), Path(folder, "many_rows")
        run(sys.executable, ROOT / "tools/make_single_file.py", single)
        parts = ["-DCMLP_BUILD_TRAINING=0", "-DCMLP_BUILD_THREADS=0", "-DCMLP_BUILD_ISA=1"]
        source = ROOT / "tests/support/many_rows.c"
        options = [*FLAGS, *parts, "-I", folder, "-I", ROOT / "include"]
        run(COMPILER, "-O2", *options, source, single, "-lm", "-o", target)
        yield target


def table(n_numbers, n_categories):
    """Return a table with four networks of 128-128 units, and its rows."""
    rng = np.random.RandomState(0)
    X = np.c_[rng.standard_normal((N, n_numbers)), rng.randint(0, 6, (N, n_categories))]
    categorical = range(n_numbers, n_numbers + n_categories)
    model = TabularRegressor(
        n_estimators=4,
        hidden_layer_sizes=(128, 128),
        n_epochs=1,
        random_state=0,
        categorical_features=[*categorical],
    )
    return model.fit(X, X.sum(axis=1)), X


def digits(dtype):
    rng = np.random.RandomState(0)
    X = (rng.randint(0, 17, (N, 64)) * rng.randint(0, 2, (N, 64))).astype(dtype)
    model = MLPClassifier((16,), max_iter=1, random_state=0)
    return model.fit(X, rng.randint(0, 10, N)), X


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "fitted",
    [
        pytest.param(lambda: table(10, 2), id="table"),
        pytest.param(lambda: table(6, 0), id="6 columns"),
        pytest.param(lambda: digits(np.float32), id="64-16-10"),
        pytest.param(lambda: digits(np.uint8), id="64-16-10, bytes"),
    ],
)
def test_a_batch_takes_no_more_instructions_than_its_rows(program, tmp_path, fitted):
    model, X = fitted()
    model.save(tmp_path / "model.cmlp")
    X.tofile(tmp_path / "rows")
    none = instructions(program, tmp_path, 0, 1, X.dtype)
    one_by_one = instructions(program, tmp_path, N, 1, X.dtype)
    together = instructions(program, tmp_path, N, N, X.dtype)
    assert together[1] == one_by_one[1]
    assert together[0] - none[0] <= 1.02 * (one_by_one[0] - none[0])


def instructions(program, folder, n, each, dtype):
    """Return the instructions of the program for n rows, and the hash that it prints."""
    tool = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    command = [*tool, program, folder / "model.cmlp", folder / "rows", n, each]
    done = subprocess.run(
        [*map(str, command), *["bytes"] * (dtype == np.uint8)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    count = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)[1]
    return int(count.replace(",", "")), done.stdout
