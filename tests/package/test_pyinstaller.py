"""A program that PyInstaller makes with the hook of the package has all that the package reads at run time."""

import importlib.metadata
import importlib.util
import sys
from pathlib import Path

import pytest
from c_build import run

import cmlp

PROGRAM = """
import cmlp
from cmlp.__main__ import main

X, y, *_ = cmlp.datasets.load_digits28()
X, y = (X / 255).astype("float32"), y % 2
model = cmlp.MLPClassifier((8,), max_time=1, random_state=0).fit(X, y)
model.save("digits.cmlp")
model.to_c("digits.h")
model.to_c("digits8.h", int8=True, calibrate=X)
model.to_c("digits", project="arduino")
table = cmlp.TabularClassifier(max_time=1, random_state=0).fit(X[:500, 300:310], y[:500])
table.to_c("table.h")
table.to_html("table.html")
assert main(["info", "digits.cmlp"]) == 0
"""
# PyInstaller takes minutes to collect these, which the program does not use.
UNUSED = [
    "IPython",
    "dask",
    "distributed",
    "matplotlib",
    "onnx",
    "pandas",
    "polars",
    "pyarrow",
    "river",
    "scipy",
    "sklearn",
    "skl2onnx",
]
MADE = ["digits.cmlp", "digits.h", "digits8.h", "digits", "table.h", "table.html"]


def hook_options():
    """Return the options with which PyInstaller finds the hook of a source tree that is not installed."""
    found = importlib.metadata.entry_points(group="pyinstaller40")
    if any(point.value.startswith("cmlp.") for point in found):
        return []
    return ["--additional-hooks-dir", Path(cmlp.__file__).with_name("_pyinstaller")]


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("PyInstaller"), reason="needs PyInstaller")
def test_program_of_pyinstaller_fits_saves_and_exports(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    command = [sys.executable, "-m", "PyInstaller", "--log-level=WARN", *hook_options()]
    without = [f"--exclude-module={name}" for name in UNUSED]
    run(*command, *without, "program.py", cwd=tmp_path)
    results = tmp_path / "results"
    results.mkdir()
    run(tmp_path / "dist/program/program", cwd=results)
    assert not (tmp_path / "dist/program/_internal/torch").exists()
    assert {path.name for path in results.iterdir()} == {*MADE}
